/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rpc_intake.c - see rpc_intake.h. */
#include "gateway/rpc_intake.h"

#include <sluice/status.h>

#include "gateway/call.h"
#include "gateway/codec.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/worker.h"
#include "rpc/link/grpc_coding.h"

void
gw_rpc_expect_request(struct gw_exchange *x)
{
    gw_buffer_init(&x->message, x->worker->pool,
        x->worker->set->config->max_request_message);
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

bool
gw_rpc_read_coding(struct gw_exchange *x, enum sluice_grpc_coding *coding)
{
    const char *header = x->front->encoding;
    const char *value =
        MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, header);

    *coding = SLUICE_GRPC_IDENTITY;
    if (value == NULL || value[0] == '\0' ||
        rpc_grpc_coding_parse(sluice_str(value), coding) == SLUICE_OK)
        return true;
    gw_reply_error(x, 501, SLUICE_CODE_UNIMPLEMENTED, "compression",
        "%s: expected gzip, deflate or identity", header);
    x->reply.lists_codings = true;
    return false;
}

/* Why a message cannot be taken, by its head; NULL: it can. */
static const char *
fault_of(const struct gw_exchange *x, unsigned flags, int *code)
{
    *code = SLUICE_CODE_INVALID_ARGUMENT;
    if (flags > GW_COMPRESSED)
        return "a message has flags that a request cannot have";
    *code = SLUICE_CODE_INTERNAL;
    if (flags == GW_COMPRESSED && x->wire.coding == SLUICE_GRPC_IDENTITY)
        return "a message is compressed, but no header says how";
    *code = SLUICE_CODE_UNIMPLEMENTED;
    if (x->n_values > 0 && !x->rpc->method->client_streaming)
        return "the method takes one request message, found more";
    return NULL;
}

/* The payload of the message that is whole; NULL: the answer is ready. */
static struct sluice_bytes *
take_payload(struct gw_exchange *x)
{
    unsigned flags = gw_envelope_flags(&x->wire.in);
    struct sluice_bytes *message;
    const char *fault;
    int code;

    fault = fault_of(x, flags, &code);
    gw_envelope_next(&x->wire.in);
    if (fault != NULL) {
        gw_rpc_intake_refuse(x, 400, code, fault);
        return NULL;
    }
    message = gw_buffer_take(&x->message);
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
    struct sluice_bytes *payload = take_payload(x);

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
    int code;
    const char *fault = fault_of(x, gw_envelope_flags(&x->wire.in), &code);

    if (fault != NULL) {
        gw_rpc_intake_refuse(x, 400, code, fault);
        return;
    }
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
        case GW_ENVELOPE_MORE:
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
