/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/raw.c - see raw.h. */
#include "gateway/raw.h"

#include <sluice/status.h>

#include "gateway/call.h"
#include "gateway/http_body.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/worker.h"

/* ---------------------------------------------------------------- requests */

size_t
gw_raw_piece(size_t len, size_t max)
{
    if (len > GW_HTTP_BODY_PIECE)
        len = GW_HTTP_BODY_PIECE;
    return len < max ? len : max;
}

static void
refuse(struct gw_exchange *x, enum pb_err err)
{
    if (err == PB_EFULL) {
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_BODY_OVER_LIMIT, x->message.pb.max);
        x->reply.close = true;
    } else {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    }
    gw_call_give_up(x);
}

static void
send_piece(struct gw_exchange *x, const char *data, size_t len)
{
    struct sluice_bytes *message =
        sluice_bytes_copy(x->worker->pool, data, len);

    if (message != NULL)
        gw_call_request(x, message);
    else
        refuse(x, PB_ENOMEM);
}

static size_t
take_stream(struct gw_exchange *x, const char *data, size_t len)
{
    size_t at = 0;

    while (at < len && !gw_exchange_is_answered(x)) {
        size_t n = gw_raw_piece(len - at, x->message.pb.max);

        if (!gw_call_has_room(x))
            return at;
        send_piece(x, data + at, n);
        at += n;
    }
    return len;
}

static size_t
take(struct gw_exchange *x, const char *data, size_t len)
{
    const struct gw_request *r = &x->request;
    enum pb_err err;

    if (x->rpc->method->client_streaming)
        return take_stream(x, data, len);
    /* What comes late takes no memory yet, as the kernel gives pages when they
     * are written. */
    if (x->message.bytes == NULL && !r->is_chunked)
        gw_buffer_expect(&x->message, (size_t)r->content_length);
    err = pb_buf_put(&x->message.pb, data, len);
    if (err != PB_OK)
        refuse(x, err);
    return len;
}

static void
end(struct gw_exchange *x)
{
    struct sluice_bytes *message;

    if (x->rpc->method->client_streaming) {
        gw_call_half_close(x);
        return;
    }
    message = gw_buffer_take(&x->message);
    if (message != NULL)
        gw_call_start(x, message);
    else
        refuse(x, PB_ENOMEM);
}

const struct gw_intake gw_intake_raw = {
    .body = take,
    .end = end,
};

/* --------------------------------------------------------------- responses */

static const char *
type(const struct gw_exchange *x)
{
    return x->rpc->content_type != NULL ? x->rpc->content_type
                                        : GW_HTTP_BODY_TYPE;
}

static enum pb_err
reply(struct gw_exchange *x, struct pb_error *error)
{
    (void)error;
    gw_reply_ok(x, x->response);
    x->response = NULL;
    x->reply.content_type = type(x);
    return PB_OK;
}

static enum pb_err
put(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    (void)error;
    return pb_buf_put(&x->out.pb, sluice_bytes_data(response),
        sluice_bytes_size(response));
}

const struct gw_form gw_form_raw = {
    .type = type,
    .reply = reply,
    .fail = gw_http_body_fail,
};

const struct gw_form gw_form_raw_stream = {
    .is_stream = true,
    .breaks = true,
    .type = type,
    .put = put,
    .fail = gw_http_body_fail,
};
