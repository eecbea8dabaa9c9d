/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/connect.c - see connect.h. */
#include "gateway/connect.h"

#include <stdio.h>
#include <strings.h>

#include <sluice/status.h>

#include "gateway/call.h"
#include "gateway/codec.h"
#include "gateway/metadata_out.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/rpc_intake.h"
#include "gateway/worker.h"
#include "rpc/link/grpc_coding.h"

#define END_OF_STREAM 0x02u

/* Answers under this size are not worth compressing. */
#define LEAST_COMPRESSED 256u

static const struct gw_intake intake_unary;
static const struct gw_intake intake_get;
static const struct gw_intake intake_stream;
static const struct gw_form form_unary;
static const struct gw_form form_streaming; /* one response, in an envelope */
static const struct gw_form form_stream;

/* ----------------------------------------------------------------- the head */

static bool
is_media(struct sluice_str type, const char *name)
{
    size_t len = strlen(name);

    while (type.len > 0 && (type.ptr[0] == ' ' || type.ptr[0] == '\t')) {
        type.ptr++;
        type.len--;
    }
    return type.len >= len && strncasecmp(type.ptr, name, len) == 0 &&
        (type.len == len || strchr("; \t", type.ptr[len]) != NULL);
}

static bool
refuse_type(struct gw_exchange *x, const char *expected)
{
    gw_reply_error(x, 415, SLUICE_CODE_INVALID_ARGUMENT, "content-type",
        "expected content-type %s", expected);
    return false;
}

/* The codec that the content type names behind prefix. */
static bool
read_codec(struct gw_exchange *x, const char *prefix, const char *expected)
{
    struct sluice_str type = x->request.content_type;
    char name[32];

    snprintf(name, sizeof name, "%sjson", prefix);
    x->wire.codec = GW_CODEC_JSON;
    if (is_media(type, name))
        return true;
    snprintf(name, sizeof name, "%sproto", prefix);
    x->wire.codec = GW_CODEC_PROTO;
    return is_media(type, name) || refuse_type(x, expected);
}

static bool
check_version(struct gw_exchange *x)
{
    struct sluice_str version = x->request.connect_version;

    if (version.len == 0 || sluice_str_equal(version, sluice_str("1")))
        return true;
    gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "version",
        "expected connect-protocol-version 1");
    return false;
}

static bool
is_streaming(const struct gw_exchange *x)
{
    const struct pb_method *m = x->rpc->method;

    return m->client_streaming || m->server_streaming;
}

static void
begin_post(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;

    if (is_streaming(x)) {
        refuse_type(x,
            "application/connect+json or application/connect+proto, as the "
            "method streams");
        return;
    }
    if (!read_codec(x, "application/", "application/json or application/proto"))
        return;
    x->intake = &intake_unary;
    if (!gw_rpc_read_coding(x, "content-encoding", &x->wire.coding))
        return;
    gw_rpc_expect_request(x);
    if (r->has_content_length && r->content_length <= 64 * 1024)
        gw_buffer_expect(&x->message, (size_t)r->content_length);
}

static void
begin_get(struct gw_exchange *x)
{
    if (is_streaming(x) || x->rpc->method->idempotency != PB_NO_SIDE_EFFECTS) {
        gw_reply_error(x, 405, SLUICE_CODE_UNIMPLEMENTED, "method",
            "the method is not declared to have no side effects");
        x->reply.allow = "POST";
        return;
    }
    if (gw_request_has_body(&x->request)) {
        refuse_type(x, "none, and no body, in a GET");
        return;
    }
    x->intake = &intake_get;
    gw_connect_read_query(x);
}

static void
begin(struct gw_exchange *x)
{
    x->wire.takes_gzip =
        gw_request_list_has(x->request.accept_encoding, "gzip");
    if (!check_version(x))
        return;
    if (gw_connect_is_get(&x->request))
        begin_get(x);
    else
        begin_post(x);
}

static void
begin_stream(struct gw_exchange *x)
{
    const char *takes = MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND,
        "connect-accept-encoding");

    x->wire.takes_gzip =
        takes != NULL && gw_request_list_has(sluice_str(takes), "gzip");
    if (!is_streaming(x)) {
        refuse_type(x,
            "application/json or application/proto, as the method does not "
            "stream");
        return;
    }
    if (!read_codec(x, "application/connect+",
            "application/connect+json or application/connect+proto"))
        return;
    x->intake = &intake_stream;
    x->form = x->rpc->method->server_streaming ? &form_stream : &form_streaming;
    if (check_version(x) &&
        gw_rpc_read_coding(x, "connect-content-encoding", &x->wire.coding))
        gw_rpc_intake_begin(x);
}

/* ----------------------------------------------------------------- requests */

static size_t
take_unary(struct gw_exchange *x, const char *data, size_t len)
{
    enum pb_err err = pb_buf_put(&x->message.pb, data, len);

    if (err == PB_EFULL)
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_BODY_OVER_LIMIT, x->message.pb.max);
    else if (err != PB_OK)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    return len;
}

/* What is empty was not compressed. */
static void
end_unary(struct gw_exchange *x)
{
    bool is_empty = x->message.pb.len == 0;
    struct sluice_bytes *message = gw_buffer_take(&x->message);

    if (message == NULL)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    else
        message = gw_codec_request(x, x->wire.codec,
            is_empty ? SLUICE_GRPC_IDENTITY : x->wire.coding, message);
    if (message != NULL)
        gw_call_start(x, message);
}

static const struct gw_intake intake_unary = {
    .body = take_unary,
    .end = end_unary,
};

static size_t
take_nothing(struct gw_exchange *x, const char *data, size_t len)
{
    (void)x;
    (void)data;
    return len;
}

static void
end_get(struct gw_exchange *x)
{
    struct sluice_bytes *payload = x->payload;

    x->payload = NULL;
    gw_call_start(x, payload);
}

static const struct gw_intake intake_get = {
    .body = take_nothing,
    .end = end_get,
};

static size_t
take_envelopes(struct gw_exchange *x, const char *data, size_t len)
{
    return gw_rpc_intake_body(x, data, len, true);
}

static void
end_envelopes(struct gw_exchange *x)
{
    gw_rpc_intake_end(x, false);
}

static const struct gw_intake intake_stream = {
    .body = take_envelopes,
    .end = end_envelopes,
};

/* ------------------------------------------------------------ unary answers */

static const char *
unary_type(const struct gw_exchange *x)
{
    return x->wire.codec == GW_CODEC_JSON ? "application/json"
                                          : "application/proto";
}

/* Smaller if the client takes that and it is worth it: true. */
static bool
compress(struct gw_exchange *x, struct sluice_bytes **bytes)
{
    struct rpc_grpc_coder *coder;
    struct sluice_bytes *packed;

    if (!x->wire.takes_gzip || sluice_bytes_size(*bytes) < LEAST_COMPRESSED)
        return false;
    coder = gw_worker_coder(x->worker);
    packed = coder == NULL
        ? NULL
        : rpc_grpc_deflate(coder, x->worker->pool, SLUICE_GRPC_GZIP,
              sluice_bytes_data(*bytes), sluice_bytes_size(*bytes));
    if (packed == NULL)
        return false;
    sluice_bytes_unref(bytes);
    *bytes = packed;
    return true;
}

/* A protobuf message needs no copy. */
static enum pb_err
reply_unary(struct gw_exchange *x, struct pb_error *error)
{
    struct sluice_bytes *body = NULL;
    enum pb_err err = PB_OK;

    if (x->wire.codec == GW_CODEC_PROTO) {
        body = x->response;
        x->response = NULL;
    } else {
        err = gw_codec_put(x, GW_CODEC_JSON, x->response, &x->out.pb, error);
        if (err == PB_OK)
            body = gw_buffer_take(&x->out);
    }
    if (body == NULL)
        return err == PB_OK ? PB_ENOMEM : err;
    x->reply.encoding = compress(x, &body) ? "gzip" : NULL;
    gw_reply_ok(x, body);
    x->reply.content_type = unary_type(x);
    return PB_OK;
}

/* No RPC, or none of Connect: what HTTP says. */
static bool
is_of_http(unsigned http)
{
    return http == 404 || http == 405 || http == 415 || http == 417 ||
        http == 431 || http == 505;
}

/* The status of HTTP follows from the code alone. */
static void
fail_unary(struct gw_exchange *x, const struct gw_status *status)
{
    unsigned http = is_of_http(status->http)
        ? status->http
        : sluice_code_http_status(status->code);
    struct gw_buffer b;

    gw_buffer_init(&b, x->worker->pool, GW_ERROR_MAX_BYTES);
    if (gw_connect_put_error(x, status, &b.pb) != PB_OK)
        b.pb.len = 0; /* the HTTP status still says what happened */
    gw_reply_failed(x, http, "application/json", &b);
}

static const struct gw_form form_unary = {
    .type = unary_type,
    .reply = reply_unary,
    .fail = fail_unary,
};

const struct gw_front gw_front_connect = {
    .name = "connect",
    .is_rpc = true,
    .initial_prefix = "",
    .terminal_prefix = "Trailer-",
    .form = &form_unary,
    .begin = begin,
};

/* -------------------------------------------------------- answers in envelopes */

static const char *
stream_type(const struct gw_exchange *x)
{
    return x->wire.codec == GW_CODEC_JSON ? "application/connect+json"
                                          : "application/connect+proto";
}

static enum pb_err
put_envelope(struct pb_buf *out, unsigned flags, const void *p, size_t len)
{
    uint8_t head[GW_ENVELOPE_HEAD];
    enum pb_err err;

    gw_envelope_write(head, (uint8_t)flags, (uint32_t)len);
    err = pb_buf_put(out, head, sizeof head);
    return err == PB_OK ? pb_buf_put(out, p, len) : err;
}

/* As it goes out before it is compressed, if it is. */
static enum pb_err
write_message(struct gw_exchange *x, const struct sluice_bytes *response,
    struct sluice_bytes **message, struct pb_error *error)
{
    struct gw_buffer b;
    enum pb_err err;

    gw_buffer_init(&b, x->worker->pool, x->out.pb.max);
    err = gw_codec_put(x, x->wire.codec, response, &b.pb, error);
    *message = err == PB_OK ? gw_buffer_take(&b) : NULL;
    gw_buffer_fini(&b);
    return err == PB_OK && *message == NULL ? PB_ENOMEM : err;
}

static enum pb_err
put_packed(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct sluice_bytes *message;
    enum pb_err err = write_message(x, response, &message, error);
    unsigned flags;

    if (err != PB_OK)
        return err;
    flags = compress(x, &message) ? GW_COMPRESSED : 0;
    err = put_envelope(&x->out.pb, flags, sluice_bytes_data(message),
        sluice_bytes_size(message));
    sluice_bytes_unref(&message);
    return err;
}

static enum pb_err
put_response(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct pb_buf *out = &x->out.pb;
    size_t at = out->len;
    enum pb_err err;

    if (x->wire.takes_gzip)
        return put_packed(x, response, error);
    err = put_envelope(out, 0, NULL, 0);
    if (err == PB_OK)
        err = gw_codec_put(x, x->wire.codec, response, out, error);
    if (err == PB_OK)
        gw_envelope_write(out->data + at, 0,
            (uint32_t)(out->len - at - GW_ENVELOPE_HEAD));
    return err;
}

/* {"error": {...}, "metadata": {...}}, each only if there is any. */
static enum pb_err
put_end(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *out)
{
    size_t at = out->len, bare;
    enum pb_err err = put_envelope(out, END_OF_STREAM, "{", 1);

    bare = out->len;
    if (err == PB_OK && status != NULL) {
        err = pb_buf_put(out, "\"error\":", 8);
        if (err == PB_OK)
            err = gw_connect_put_error(x, status, out);
    }
    if (err == PB_OK && gw_metadata_out_fits(x) &&
        gw_metadata_out_has_any(x->terminal_metadata)) {
        err = pb_buf_put(out, ",\"metadata\":" + (out->len == bare),
            12 - (out->len == bare));
        if (err == PB_OK)
            err = gw_metadata_out_json(x->terminal_metadata, out);
    }
    if (err == PB_OK)
        err = pb_buf_put(out, "}", 1);
    if (err == PB_OK)
        gw_envelope_write(out->data + at, END_OF_STREAM,
            (uint32_t)(out->len - at - GW_ENVELOPE_HEAD));
    return err;
}

static enum pb_err
finish(struct gw_exchange *x)
{
    return put_end(x, NULL, &x->out.pb);
}

static enum pb_err
reply_streaming(struct gw_exchange *x, struct pb_error *error)
{
    enum pb_err err = put_response(x, x->response, error);
    struct sluice_bytes *whole;

    if (err == PB_OK)
        err = finish(x);
    if (err != PB_OK)
        return err;
    whole = gw_buffer_take(&x->out);
    if (whole == NULL)
        return PB_ENOMEM;
    gw_reply_ok(x, whole);
    x->reply.content_type = stream_type(x);
    return PB_OK;
}

static void
fail_stream(struct gw_exchange *x, const struct gw_status *status)
{
    struct gw_buffer b;

    if (!x->reply.is_stream && is_of_http(status->http)) {
        fail_unary(x, status);
        return;
    }
    gw_buffer_init(&b, x->worker->pool, GW_ERROR_MAX_BYTES);
    if (put_end(x, status, &b.pb) != PB_OK)
        b.pb.len = 0; /* a body without an end is a failure, too */
    gw_reply_failed(x, 200, stream_type(x), &b);
}

static const struct gw_form form_streaming = {
    .type = stream_type,
    .reply = reply_streaming,
    .fail = fail_stream,
};

static const struct gw_form form_stream = {
    .is_stream = true,
    .type = stream_type,
    .put = put_response,
    .finish = finish,
    .fail = fail_stream,
};

const struct gw_front gw_front_connect_stream = {
    .name = "connect",
    .is_rpc = true,
    .initial_prefix = "",
    .form = &form_streaming,
    .begin = begin_stream,
};
