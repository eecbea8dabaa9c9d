/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rpc_intake.c - see rpc_intake.h. */
#include "gateway/rpc_intake.h"

#include <ctype.h>
#include <strings.h>

#include <sluice/status.h>

#include "gateway/call.h"
#include "gateway/codec.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/worker.h"
#include "rpc/link/grpc_coding.h"

#define CODING_MAX 16u /* letters of the name of one */

void
gw_rpc_expect_request(struct gw_exchange *x)
{
    gw_buffer_init(&x->message, x->worker->pool,
        x->worker->set->config->max_request_message);
}

/* A body that is too long for the one message need not come. Each of its bytes
 * may be a group of base64 by itself. */
static bool
check_length(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    uint64_t max = (uint64_t)x->message.pb.max + GW_ENVELOPE_HEAD;

    if (x->rpc->method->client_streaming || !r->has_content_length ||
        r->content_length <= (x->wire.is_text_in ? 4 * max : max))
        return true;
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
        GW_MESSAGE_OVER_LIMIT, x->message.pb.max);
    x->reply.close = true;
    return false;
}

void
gw_rpc_intake_begin(struct gw_exchange *x)
{
    if (x->request.is_coded) {
        gw_reply_error(x, 501, SLUICE_CODE_UNIMPLEMENTED, "compression",
            "content-encoding: expected none, as each message can be "
            "compressed by itself");
        return;
    }
    gw_envelope_init(&x->wire.in);
    gw_rpc_expect_request(x);
    if (!check_length(x))
        return;
    if (x->rpc->method->client_streaming)
        gw_call_start(x, NULL);
}

void
gw_rpc_intake_refuse(struct gw_exchange *x, unsigned http, int code,
    const char *message)
{
    gw_reply_error(x, http, code, "body", "%s", message);
    gw_call_give_up(x);
}

struct header {
    const char *name;
    struct sluice_str value; /* the first */
    unsigned n;              /* how many have something in them */
};

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t len)
{
    struct header *h = cls;

    (void)kind;
    if (len > 0 && name_len == strlen(h->name) &&
        strncasecmp(name, h->name, name_len) == 0 && h->n++ == 0)
        h->value = sluice_str_n(value, len);
    return MHD_YES;
}

/* Codings of HTTP are in any case (RFC 9110 section 8.4.1). */
static enum sluice_err
parse_coding(struct sluice_str value, enum sluice_grpc_coding *coding)
{
    char lower[CODING_MAX];

    if (value.len > sizeof lower)
        return SLUICE_ENOTFOUND;
    for (size_t i = 0; i < value.len; i++)
        lower[i] = (char)tolower((unsigned char)value.ptr[i]);
    return rpc_grpc_coding_parse(sluice_str_n(lower, value.len), coding);
}

bool
gw_rpc_read_coding(struct gw_exchange *x, enum sluice_grpc_coding *coding)
{
    const char *header = x->front->encoding;
    struct header found = { .name = header };

    *coding = SLUICE_GRPC_IDENTITY;
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, on_header, &found);
    if (found.n == 0 ||
        (found.n == 1 && parse_coding(found.value, coding) == SLUICE_OK))
        return true;
    gw_reply_error(x, 501, SLUICE_CODE_UNIMPLEMENTED, "compression",
        "%s: expected gzip, deflate or identity, once", header);
    x->reply.lists_codings = true;
    return false;
}

/* What is wrong with a message, by its head. False: it cannot be taken, and the
 * answer is ready. */
static bool
check_message(struct gw_exchange *x)
{
    unsigned flags = gw_envelope_flags(&x->wire.in);

    if (flags > GW_COMPRESSED)
        gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "body",
            "message %zu: expected the flags 0 or 1 in a request, found 0x%02x",
            x->n_values + 1, flags);
    else if (flags == GW_COMPRESSED && x->wire.coding == SLUICE_GRPC_IDENTITY)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "body",
            "message %zu is compressed, but %s does not say how",
            x->n_values + 1, x->front->encoding);
    else if (x->n_values > 0 && !x->rpc->method->client_streaming)
        gw_reply_error(x, 501, SLUICE_CODE_UNIMPLEMENTED, "body",
            "the method takes one request message, found more");
    else
        return true;
    gw_call_give_up(x);
    return false;
}

/* The payload of the message that is whole; NULL: the answer is ready. */
static struct sluice_bytes *
take_payload(struct gw_exchange *x)
{
    unsigned flags = gw_envelope_flags(&x->wire.in);
    struct sluice_bytes *message = gw_buffer_take(&x->message);

    gw_envelope_next(&x->wire.in);
    if (message == NULL)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    else
        message = gw_codec_request(x, x->wire.codec,
            flags == GW_COMPRESSED ? x->wire.coding : SLUICE_GRPC_IDENTITY,
            message);
    if (message == NULL)
        gw_call_give_up(x);
    return message;
}

static void
take_message(struct gw_exchange *x)
{
    struct sluice_bytes *payload;

    if (!check_message(x))
        return;
    payload = take_payload(x);
    if (payload == NULL)
        return;
    x->n_values++;
    if (x->rpc->method->client_streaming)
        gw_call_request(x, payload);
    else
        x->payload = payload;
}

/* What is no envelope at all rather shows in its flags. */
static void
refuse_length(struct gw_exchange *x)
{
    if (!check_message(x))
        return;
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
        GW_MESSAGE_OVER_LIMIT, x->message.pb.max);
    gw_call_give_up(x);
}

size_t
gw_rpc_intake_body(struct gw_exchange *x, const char *data, size_t len,
    bool may_wait)
{
    size_t at = 0;

    while (at < len && !gw_exchange_is_answered(x)) {
        size_t used;

        if (may_wait && gw_envelope_is_between(&x->wire.in) &&
            x->rpc->method->client_streaming && !gw_call_has_room(x))
            return at;
        switch (gw_envelope_feed(&x->wire.in, data + at, len - at, &x->message,
            &used)) {
        case GW_ENVELOPE_MORE: /* no need to wait for what is refused */
            if (gw_envelope_has_head(&x->wire.in))
                (void)check_message(x);
            break;
        case GW_ENVELOPE_MESSAGE:
            take_message(x);
            break;
        case GW_ENVELOPE_TOO_LONG:
            refuse_length(x);
            break;
        case GW_ENVELOPE_NO_MEMORY:
            gw_rpc_intake_refuse(x, 500, SLUICE_CODE_INTERNAL,
                "memory is short");
            break;
        }
        at += used;
    }
    return len;
}

void
gw_rpc_intake_end(struct gw_exchange *x, bool is_cut)
{
    struct sluice_bytes *payload = x->payload;

    if (is_cut || !gw_envelope_is_between(&x->wire.in)) {
        gw_rpc_intake_refuse(x, 400, SLUICE_CODE_INVALID_ARGUMENT,
            "the body ends within a message");
    } else if (x->rpc->method->client_streaming) {
        gw_call_half_close(x);
    } else if (payload == NULL) {
        gw_rpc_intake_refuse(x, 400, SLUICE_CODE_UNIMPLEMENTED,
            "the method takes one request message, found none");
    } else {
        x->payload = NULL;
        gw_call_start(x, payload);
    }
}
