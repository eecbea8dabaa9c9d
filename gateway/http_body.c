/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/http_body.c - see http_body.h. */
#include "gateway/http_body.h"

#include <sluice/status.h>

#include "gateway/call.h"
#include "gateway/list.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/worker.h"
#include "routes/http_body.h"
#include "routes/message.h"

/* An answer's head shares the connection's memory with the request's. */
#define TYPE_MAX_BYTES 256u

/* ---------------------------------------------------------------- requests */

struct route_http_body
gw_http_body_of(const struct gw_request *r)
{
    return (struct route_http_body){ .type = r->content_type.ptr,
        .type_len = r->content_type.len };
}

size_t
gw_http_body_piece(const struct route_binding *b, struct route_http_body body,
    size_t bound, size_t max)
{
    size_t size, excess;

    if (body.len > GW_HTTP_BODY_PIECE)
        body.len = GW_HTTP_BODY_PIECE;
    /* With the data its lengths shrink: there may be room for more than what
     * is left of it, but always for a byte if there is any. */
    while ((size = route_http_body_size(b, &body) + bound) > max) {
        if (body.len <= 1)
            return 0;
        excess = size - max;
        body.len = excess < body.len ? body.len - excess : 1;
    }
    return body.len;
}

static void
reply_over_limit(struct gw_exchange *x)
{
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
        GW_MESSAGE_OVER_LIMIT, x->message.pb.max);
    x->reply.close = true;
}

/* The body cannot become a message. */
static void
refuse(struct gw_exchange *x, enum pb_err err)
{
    if (err == PB_EFULL)
        reply_over_limit(x);
    else
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    gw_call_give_up(x);
}

/* The length is known before the first byte unless the body is chunked; then
 * the head may turn out shorter than the room that it has. */
void
gw_http_body_begin(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    struct route_http_body body = gw_http_body_of(r);

    x->is_pieced = route_is_pieced(x->binding, x->bound.pb.len);
    if (x->rpc->method->client_streaming)
        return;
    body.len = r->is_chunked ? x->message.pb.max : (size_t)r->content_length;
    if (!r->is_chunked &&
        route_http_body_size(x->binding, &body) + x->bound.pb.len >
            x->message.pb.max) {
        reply_over_limit(x);
        return;
    }
    gw_buffer_leave_front(&x->message,
        route_http_body_head_size(x->binding, &body));
}

/* Room for everything at once: what comes late takes no memory yet, as the
 * kernel gives pages when they are written. */
static void
expect_all(struct gw_exchange *x)
{
    struct route_http_body body = gw_http_body_of(&x->request);

    if (x->message.bytes != NULL || x->request.is_chunked)
        return;
    body.len = (size_t)x->request.content_length;
    gw_buffer_expect(&x->message,
        route_http_body_size(x->binding, &body) + x->bound.pb.len);
}

/* What the next message of a request stream has besides data: only the first
 * one has anything. */
static struct route_http_body
next_body(const struct gw_exchange *x)
{
    if (x->n_values == 0)
        return gw_http_body_of(&x->request);
    return (struct route_http_body){ 0 };
}

static size_t
bound_size(const struct gw_exchange *x)
{
    return x->n_values == 0 ? x->bound.pb.len : 0;
}

static size_t
piece_size(const struct gw_exchange *x, size_t len)
{
    struct route_http_body body = next_body(x);

    body.len = len;
    return gw_http_body_piece(x->binding, body, bound_size(x),
        x->message.pb.max);
}

/* One message of a request stream. */
static void
send_piece(struct gw_exchange *x, const char *data, size_t len)
{
    struct route_http_body body = next_body(x);
    struct sluice_bytes *message;
    enum pb_err err;

    body.data = (const uint8_t *)data;
    body.len = len;
    gw_buffer_expect(&x->message,
        route_http_body_size(x->binding, &body) + bound_size(x));
    err = route_http_body_put(x->binding, &body, &x->message.pb);
    if (err != PB_OK) {
        refuse(x, err);
        return;
    }
    message = gw_rest_take_message(x);
    x->n_values++;
    if (message != NULL)
        gw_call_request(x, message);
    else
        gw_call_give_up(x);
}

static size_t
take_stream(struct gw_exchange *x, const char *data, size_t len)
{
    size_t at = 0;

    while (at < len && !gw_exchange_is_answered(x)) {
        size_t n;

        if (!gw_call_has_room(x))
            return at;
        n = piece_size(x, len - at);
        if (n == 0)
            refuse(x, PB_EFULL);
        else
            send_piece(x, data + at, n);
        at += n;
    }
    return len;
}

static size_t
take(struct gw_exchange *x, const char *data, size_t len)
{
    enum pb_err err;

    if (x->rpc->method->client_streaming)
        return take_stream(x, data, len);
    expect_all(x);
    err = pb_buf_put(&x->message.pb, data, len);
    if (err != PB_OK)
        refuse(x, err);
    return len;
}

static enum pb_err
finish_message(struct gw_exchange *x)
{
    struct route_http_body body = gw_http_body_of(&x->request);
    enum pb_err err;

    body.len = x->message.pb.len;
    err = gw_buffer_prepend(&x->message,
        route_http_body_head_size(x->binding, &body));
    if (err != PB_OK)
        return err;
    route_http_body_write_head(x->binding, &body, x->message.pb.data);
    return route_http_body_put_end(x->binding, &x->message.pb);
}

static void
end_unary(struct gw_exchange *x)
{
    struct sluice_bytes *message;
    enum pb_err err = finish_message(x);

    if (err != PB_OK) {
        refuse(x, err);
        return;
    }
    message = gw_rest_take_message(x);
    if (message != NULL)
        gw_call_start(x, message);
}

static void
end(struct gw_exchange *x)
{
    if (!x->rpc->method->client_streaming) {
        end_unary(x);
        return;
    }
    if (x->n_values == 0)
        send_piece(x, NULL, 0);
    if (!gw_exchange_is_answered(x))
        gw_call_half_close(x);
}

const struct gw_intake gw_intake_http_body = {
    .body = take,
    .end = end,
};

/* ----------------------------------------------------------------- answers */

/* The value of a header, which an upstream must not break out of (RFC 9110
 * section 5.5). NULL, and the answer is ready, if it cannot be one. */
static const char *
type_of(struct gw_exchange *x, const struct route_http_body *body)
{
    struct sluice_str type =
        gw_list_trim(sluice_str_n(body->type, body->type_len));
    bool is_good = type.len <= TYPE_MAX_BYTES;
    const char *copy;

    if (type.len == 0)
        return GW_HTTP_BODY_TYPE;
    for (size_t i = 0; is_good && i < type.len; i++)
        is_good =
            (type.ptr[i] >= ' ' && type.ptr[i] < 0x7f) || type.ptr[i] == '\t';
    if (!is_good) {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "transcoding",
            "the backend's answer has an invalid content type");
        return NULL;
    }
    copy = gw_arena_copy(&x->arena, type.ptr, type.len);
    if (copy == NULL)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    return copy;
}

static enum pb_err
reply(struct gw_exchange *x, struct pb_error *error)
{
    const uint8_t *wire = sluice_bytes_data(x->response);
    size_t size = sluice_bytes_size(x->response);
    struct route_http_body body;
    enum pb_err err = route_http_body_read(x->binding, wire, size, &body);
    const char *type;

    (void)error;
    if (err != PB_OK)
        return err;
    type = type_of(x, &body);
    if (type == NULL)
        return PB_OK; /* the answer is ready, another one */
    gw_reply_ok(x, x->response);
    x->response = NULL;
    x->reply.content_type = type;
    x->reply.body_skip = body.len == 0 ? 0 : (size_t)(body.data - wire);
    x->reply.body_drop = size - x->reply.body_skip - body.len;
    return PB_OK;
}

static enum pb_err
put(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct route_http_body body;
    enum pb_err err = route_http_body_read(x->binding,
        sluice_bytes_data(response), sluice_bytes_size(response), &body);

    (void)error;
    if (err != PB_OK)
        return err;
    if (x->out_type == NULL)
        x->out_type = type_of(x, &body);
    if (x->out_type == NULL)
        return PB_EVALUE; /* the answer is ready */
    return pb_buf_put(&x->out.pb, body.data, body.len);
}

static const char *
type(const struct gw_exchange *x)
{
    return x->out_type != NULL ? x->out_type : GW_HTTP_BODY_TYPE;
}

/* In JSON; but what comes too late for that has no place among bytes that are
 * not ours. */
void
gw_http_body_fail(struct gw_exchange *x, const struct gw_status *status)
{
    struct gw_buffer nothing;

    if (!x->reply.is_stream) {
        gw_form_json.fail(x, status);
        return;
    }
    gw_buffer_init(&nothing, x->worker->pool, 0);
    gw_reply_failed(x, status->http, NULL, &nothing, PB_OK);
}

const struct gw_form gw_form_http_body = {
    .type = type,
    .reply = reply,
    .fail = gw_http_body_fail,
};

const struct gw_form gw_form_http_body_stream = {
    .is_stream = true,
    .starts_with_response = true,
    .breaks = true,
    .type = type,
    .put = put,
    .fail = gw_http_body_fail,
};
