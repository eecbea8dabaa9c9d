/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/connect_get.c - a unary request in a query ("Unary-Get-Request"):
 * encoding and message, and how the message is written. Other parameters mean
 * nothing; of one that is repeated the first counts.
 */
#include "gateway/connect.h"

#include <sluice/status.h>

#include "gateway/codec.h"
#include "gateway/reply.h"
#include "gateway/worker.h"
#include "protobuf/base64_in.h"
#include "routes/percent.h"
#include "rpc/link/grpc_coding.h"

/* The value of a parameter as it stands in the query; ptr is NULL: it does
 * not. Names of the protocol need no escapes, and have none. */
static struct sluice_str
parameter(const struct gw_request *r, const char *name)
{
    const char *at = r->query_len > 0 ? r->query : "";
    const char *end = at + r->query_len;
    size_t len = strlen(name);

    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp == NULL ? end : amp;

        if ((size_t)(stop - at) > len && memcmp(at, name, len) == 0 &&
            at[len] == '=')
            return sluice_str_n(at + len + 1, (size_t)(stop - at) - len - 1);
        at = amp == NULL ? end : amp + 1;
    }
    return sluice_str_n(NULL, 0);
}

static bool
is(struct sluice_str s, const char *text)
{
    return s.ptr != NULL && sluice_str_equal(s, sluice_str(text));
}

bool
gw_connect_is_get(const struct gw_request *r)
{
    if (r->query_len == 0 || !gw_request_is(r, "GET"))
        return false;
    return parameter(r, "connect").ptr != NULL ||
        (parameter(r, "encoding").ptr != NULL &&
            parameter(r, "message").ptr != NULL);
}

static void
refuse(struct gw_exchange *x, const char *name, unsigned http,
    const char *message)
{
    gw_reply_bad_field(x, http, "query", name, message);
}

static void
refuse_for_memory(struct gw_exchange *x)
{
    gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory", "memory is short");
}

/* Both alphabets, padded or not; '+' came as a space. */
static struct sluice_bytes *
decode_base64(struct gw_exchange *x, const char *text, size_t len)
{
    struct pb_base64 state = { 0 };
    struct gw_buffer out;
    struct sluice_bytes *bytes = NULL;
    size_t at;
    enum pb_err err;

    gw_buffer_init(&out, x->worker->pool, len);
    err = pb_base64_feed(&state, text, len, &out.pb, &at);
    if (err == PB_OK)
        err = pb_base64_finish(&state, &out.pb);
    if (err == PB_OK)
        bytes = gw_buffer_take(&out);
    gw_buffer_fini(&out);
    if (err == PB_EVALUE)
        refuse(x, "message", 400, "the parameter message is not base64");
    else if (bytes == NULL)
        refuse_for_memory(x);
    return bytes;
}

static struct sluice_bytes *
decode_message(struct gw_exchange *x, struct sluice_str value)
{
    bool is_base64 = is(parameter(&x->request, "base64"), "1");
    struct sluice_bytes *bytes;
    char *text;
    size_t len;

    if (!route_is_well_encoded(value.ptr, value.len)) {
        refuse(x, "message", 400,
            "the parameter message is not well percent-encoded");
        return NULL;
    }
    text = gw_arena_take(&x->arena, value.len + 1);
    if (text == NULL) {
        refuse_for_memory(x);
        return NULL;
    }
    len = route_percent_decode(value.ptr, value.len, ROUTE_DECODE_FORM, text);
    for (size_t i = 0; is_base64 && i < len; i++)
        if (text[i] == ' ')
            text[i] = '+';
    if (is_base64)
        return decode_base64(x, text, len);
    bytes = sluice_bytes_copy(x->worker->pool, text, len);
    if (bytes == NULL)
        refuse_for_memory(x);
    return bytes;
}

/* Who says which version means this one. */
static bool
check_version(struct gw_exchange *x)
{
    struct sluice_str version = parameter(&x->request, "connect");

    if (is(version, "v1") ||
        (version.ptr == NULL &&
            !x->worker->set->config->connect_requires_version))
        return true;
    refuse(x, "connect", 400, "expected the parameter connect to be v1");
    return false;
}

/* The codec and the coding of the message. */
static bool
read_how(struct gw_exchange *x)
{
    struct sluice_str encoding = parameter(&x->request, "encoding");
    struct sluice_str compression = parameter(&x->request, "compression");

    x->wire.coding = SLUICE_GRPC_IDENTITY;
    if (is(encoding, "json")) {
        x->wire.codec = GW_CODEC_JSON;
    } else if (is(encoding, "proto")) {
        x->wire.codec = GW_CODEC_PROTO;
    } else {
        refuse(x, "encoding", encoding.ptr == NULL ? 400 : 415,
            "expected the parameter encoding to be json or proto");
        return false;
    }
    if (compression.len > 0 &&
        rpc_grpc_coding_parse(compression, &x->wire.coding) != SLUICE_OK) {
        gw_reply_error(x, 501, SLUICE_CODE_UNIMPLEMENTED, "query",
            "expected the parameter compression to be gzip, deflate or "
            "identity");
        x->reply.lists_codings = true;
        return false;
    }
    return true;
}

void
gw_connect_read_query(struct gw_exchange *x)
{
    struct sluice_str value = parameter(&x->request, "message");
    struct sluice_bytes *message;

    if (!check_version(x) || !read_how(x))
        return;
    if (value.ptr == NULL) {
        refuse(x, "message", 400, "expected a parameter message");
        return;
    }
    message = decode_message(x, value);
    if (message != NULL)
        x->payload = gw_codec_request(x, x->wire.codec,
            sluice_bytes_size(message) == 0 ? SLUICE_GRPC_IDENTITY
                                            : x->wire.coding,
            message);
}
