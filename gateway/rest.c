/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rest.c - see rest.h. */
#include "gateway/rest.h"

#include <sluice/status.h>

#include "gateway/http_body.h"
#include "gateway/reply.h"
#include "gateway/rest_call.h"
#include "gateway/rest_head.h"
#include "gateway/websocket.h"
#include "gateway/worker.h"
#include "protobuf/unite.h"
#include "routes/http_body.h"
#include "routes/message.h"

static const struct route_config *
config_of(const struct gw_exchange *x)
{
    return x->worker->set->config;
}

/* ----------------------------------------------------------------- the head */

static bool
bind_target(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    struct pb_error error = { 0 };
    enum pb_err err;

    gw_buffer_init(&x->bound, x->worker->pool, GW_BOUND_MAX_BYTES);
    if (x->binding->n_variables == 0 && r->query_len == 0)
        return true;
    err = route_bind(&x->match, r->target, r->query, r->query_len,
        &config_of(x)->json, &x->bound.pb, &error);
    if (err == PB_OK)
        return true;
    error.line = 0;
    gw_reply_bad_input(x, "path or query", &error);
    return false;
}

/* Room for the message: JSON is seldom smaller than its wire format. */
static void
expect_message(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    size_t max = config_of(x)->max_request_message;

    gw_buffer_init(&x->message, x->worker->pool, max);
    if (route_takes_http_body(x->binding))
        return;
    if (r->has_content_length && r->content_length <= 64 * 1024)
        gw_buffer_expect(&x->message,
            (size_t)r->content_length + x->bound.pb.len + 16);
}

void
gw_rest_begin(struct gw_exchange *x)
{
    if (!gw_rest_head(x) || !bind_target(x))
        return;
    expect_message(x);
    if (x->websocket != NULL) {
        gw_websocket_accept(x);
        return;
    }
    if (route_takes_http_body(x->binding)) {
        gw_http_body_begin(x);
        if (x->reply.is_ready)
            return;
    } else if (x->binding->body != ROUTE_BODY_NONE) {
        x->reader = gw_worker_reader_take(x->worker);
        if (x->reader == NULL) {
            gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
                "memory is short");
            return;
        }
    }
    if (x->rpc->method->client_streaming)
        gw_rest_call_start(x, NULL);
}

/* ----------------------------------------------------------------- the body */

void
gw_rest_start_value(struct gw_exchange *x)
{
    const struct pb_json_options *options = &config_of(x)->json;

    route_body_start(x->binding, x->reader, options, &x->message.pb);
    x->in_value = true;
    if (x->n_values == 0 && route_is_pieced(x->binding, x->bound.pb.len)) {
        pb_json_reader_allow_missing(x->reader);
        x->is_pieced = true;
    }
}

static void
reply_message_over_limit(struct gw_exchange *x)
{
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
        GW_MESSAGE_OVER_LIMIT, x->message.pb.max);
}

static void
reply_bad_body(struct gw_exchange *x, const struct pb_error *error)
{
    if (error->kind == PB_EFULL) {
        reply_message_over_limit(x);
        x->reply.close = true;
    } else {
        gw_reply_bad_input(x, "body", error);
    }
    x->is_refused = true;
    if (x->is_calling)
        sluice_call_cancel(x->call); /* the answer is known: it stays */
}

/* What path and query put inside submessages joins what is there. */
static enum pb_err
unite_message(struct gw_exchange *x)
{
    struct sluice_bytes *apart = gw_buffer_take(&x->message);
    enum pb_err err = PB_ENOMEM;

    if (apart != NULL) {
        gw_buffer_expect(&x->message, sluice_bytes_size(apart) + 16);
        err = pb_wire_unite(x->rpc->method->input, sluice_bytes_data(apart),
            sluice_bytes_size(apart), &x->message.pb);
    }
    sluice_bytes_unref(&apart);
    return err;
}

/* Path and query come after the body's own fields: the later one wins. */
static enum pb_err
add_bound(struct gw_exchange *x)
{
    bool is_inside;
    enum pb_err err;

    if (x->n_values > 0 || x->bound.pb.len == 0)
        return PB_OK;
    is_inside =
        route_binds_inside(x->binding, x->request.query, x->request.query_len);
    /* Bytes that were sent as they are take no part in this. */
    if (is_inside && route_takes_http_body(x->binding) &&
        !route_binds_in_http_body(x->binding))
        return pb_wire_unite(x->rpc->method->input, x->bound.pb.data,
            x->bound.pb.len, &x->message.pb);
    err = pb_buf_put(&x->message.pb, x->bound.pb.data, x->bound.pb.len);
    return err == PB_OK && is_inside ? unite_message(x) : err;
}

static bool
check_required(struct gw_exchange *x)
{
    struct pb_error error = { 0 };

    if (!x->is_pieced)
        return true;
    x->is_pieced = false;
    if (route_message_check(x->worker->writer, x->rpc->method->input,
            x->message.pb.data, x->message.pb.len, &error) == PB_OK)
        return true;
    gw_reply_bad_input(x, "request", &error);
    x->is_refused = true;
    return false;
}

struct sluice_bytes *
gw_rest_take_message(struct gw_exchange *x)
{
    struct sluice_bytes *message = NULL;
    enum pb_err err = add_bound(x);

    if (err == PB_EFULL) {
        reply_message_over_limit(x);
        return NULL;
    }
    if (err == PB_OK && !check_required(x))
        return NULL;
    if (err == PB_OK)
        message = gw_buffer_take(&x->message);
    if (message == NULL)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    return message;
}

static void
finish_value(struct gw_exchange *x)
{
    struct sluice_bytes *message;

    x->in_value = false;
    if (!x->rpc->method->client_streaming) {
        x->n_values++;
        return;
    }
    message = gw_rest_take_message(x);
    x->n_values++;
    if (message != NULL)
        gw_rest_call_request(x, message);
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Between the values of a request stream white space may stand. */
static size_t
skip_space(const char *data, size_t len)
{
    size_t n = 0;

    while (n < len && is_space(data[n]))
        n++;
    return n;
}

/* After the one value of a unary request only white space may come. */
static size_t
take_rest(struct gw_exchange *x, const char *data, size_t len)
{
    struct pb_error error = { 0 };

    if (pb_json_reader_rest(x->reader, data, len, &error) == PB_JSON_ERROR)
        reply_bad_body(x, &error);
    return len;
}

/* A piece of a value, or of what stands between or after values. */
static size_t
take_piece(struct gw_exchange *x, const char *data, size_t len)
{
    struct pb_error error = { 0 };
    size_t used = 0;

    if (!x->in_value && x->n_values > 0) {
        if (!x->rpc->method->client_streaming)
            return take_rest(x, data, len);
        used = skip_space(data, len);
        if (used > 0)
            return used;
    }
    if (!x->in_value)
        gw_rest_start_value(x);
    switch (pb_json_reader_feed(x->reader, data, len, &used, &error)) {
    case PB_JSON_MORE:
        return len;
    case PB_JSON_DONE:
        finish_value(x);
        return used;
    case PB_JSON_ERROR:
        reply_bad_body(x, &error);
        break;
    }
    return len;
}

static bool
is_over_limit(struct gw_exchange *x, size_t len)
{
    if (x->rpc->method->client_streaming ||
        x->bytes_in + len <= config_of(x)->max_request_message)
        return false;
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
        GW_BODY_OVER_LIMIT, config_of(x)->max_request_message);
    x->reply.close = true;
    return true;
}

size_t
gw_rest_body(struct gw_exchange *x, const char *data, size_t len)
{
    size_t at = 0;

    if (gw_exchange_is_answered(x) || is_over_limit(x, len))
        return len;
    if (x->binding->body == ROUTE_BODY_NONE) {
        while (at < len && is_space(data[at]))
            at++;
        if (at < len)
            gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "body",
                GW_NO_BODY_TAKEN);
        return len;
    }
    if (route_takes_http_body(x->binding))
        return gw_http_body_take(x, data, len);
    while (at < len && !gw_exchange_is_answered(x)) {
        if (!x->in_value && x->n_values > 0 &&
            x->rpc->method->client_streaming && !gw_rest_call_has_room(x))
            return at;
        at += take_piece(x, data + at, len - at);
    }
    return len;
}

static bool
finish_last_value(struct gw_exchange *x)
{
    struct pb_error error = { 0 };

    if (!x->in_value)
        return true;
    if (pb_json_reader_is_blank(x->reader)) {
        x->in_value = false; /* an empty body is an empty message */
        return true;
    }
    if (pb_json_reader_finish(x->reader, &error) == PB_JSON_DONE) {
        finish_value(x);
        return !gw_exchange_is_answered(x);
    }
    reply_bad_body(x, &error);
    return false;
}

void
gw_rest_end(struct gw_exchange *x)
{
    struct sluice_bytes *message;

    x->is_body_complete = true;
    if (gw_exchange_is_answered(x))
        return;
    if (route_takes_http_body(x->binding)) {
        gw_http_body_end(x);
        return;
    }
    if (!finish_last_value(x))
        goto out;
    if (x->rpc->method->client_streaming) {
        gw_rest_call_half_close(x);
    } else {
        if (x->n_values == 0) /* a limit of some bytes is never met here */
            (void)route_body_put_empty(x->binding, &x->message.pb);
        x->is_pieced |= x->n_values == 0 && x->rpc->method->input->has_required;
        x->n_values = 0; /* the bound fields belong to this one */
        message = gw_rest_take_message(x);
        if (message != NULL)
            gw_rest_call_start(x, message);
    }
out:
    if (x->reader != NULL)
        gw_worker_reader_give(x->worker, &x->reader);
}
