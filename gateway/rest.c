/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rest.c - see rest.h. */
#include "gateway/rest.h"

#include <stdio.h>

#include <sluice/status.h>

#include "gateway/accept.h"
#include "gateway/bad_type.h"
#include "gateway/call.h"
#include "gateway/http_body.h"
#include "gateway/raw.h"
#include "gateway/reply.h"
#include "gateway/rest_forms.h"
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

/* Where a returning client wants to go on: the route file says which field that
 * fills. */
static bool
bind_last_event(struct gw_exchange *x)
{
    struct sluice_str id = x->request.last_event_id;
    struct pb_error error;

    pb_error_clear(&error);
    if (x->rpc->last_event_id == NULL || id.len == 0 ||
        pb_text_to_wire(x->rpc->last_event_id, &x->rpc->json.options, id.ptr,
            id.len, &x->bound.pb, &error) == PB_OK)
        return true;
    snprintf(error.path, sizeof error.path, "Last-Event-ID");
    error.line = 0;
    gw_reply_bad_input(x, "header", &error);
    return false;
}

static bool
bind_target(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    struct pb_error error;

    pb_error_clear(&error);
    gw_buffer_init(&x->bound, x->worker->pool, GW_BOUND_MAX_BYTES);
    if ((x->binding->n_variables == 0 && r->query_len == 0) ||
        route_bind(&x->worker->match, r->target, r->query, r->query_len,
            &x->asked, &x->bound.pb, &error) == PB_OK)
        return bind_last_event(x);
    error.line = 0;
    gw_reply_bad_input(x, "path or query", &error);
    return false;
}

static bool
takes_json(const struct gw_exchange *x)
{
    return !x->rpc->is_raw && !route_takes_http_body(x->binding);
}

/* Room for the message: JSON is seldom smaller than its wire format. What comes
 * late takes no memory yet, as the kernel gives pages when they are written. */
static void
expect_message(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    size_t max = config_of(x)->max_request_message;

    gw_buffer_init(&x->message, x->worker->pool, max);
    if (route_takes_http_body(x->binding))
        return;
    if (r->has_content_length && r->content_length <= max)
        gw_buffer_expect(&x->message,
            (size_t)r->content_length + x->bound.pb.len + 16);
}

/* A PATCH that brings no mask: its body is read once more, for its keys. */
static void
expect_mask(struct gw_exchange *x)
{
    x->wants_mask = route_mask_is_wanted(x->binding, x->request.verb,
        x->bound.pb.data, x->bound.pb.len);
    if (x->wants_mask)
        gw_buffer_init(&x->text, x->worker->pool,
            config_of(x)->max_request_message);
}

static bool
check_body_headers(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    size_t max = config_of(x)->max_request_message;

    if (route_takes_http_body(x->binding))
        gw_request_check_content_type(&x->request);
    if (r->bad_header != NULL) {
        gw_reply_bad_header(x);
        return false;
    }
    if (!gw_request_has_body(r))
        return true;
    if (r->is_coded) {
        gw_bad_type_refuse_coding(x);
        return false;
    }
    if (takes_json(x) && gw_request_media(r) != GW_MEDIA_JSON) {
        gw_bad_type_refuse(x, gw_bad_type_json(x->rpc));
        return false;
    }
    if (r->has_content_length && r->content_length > max &&
        !x->rpc->method->client_streaming) {
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_BODY_OVER_LIMIT, max);
        x->reply.close = true;
        return false;
    }
    return true;
}

static const struct gw_intake intake_json;
static const struct gw_intake intake_stream;
static const struct gw_intake intake_nothing;

static bool
take_reader(struct gw_exchange *x)
{
    x->reader = gw_worker_reader_take(x->worker);
    if (x->reader == NULL)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    return x->reader != NULL;
}

/* What the route takes. */
static void
choose_intake(struct gw_exchange *x)
{
    if (x->rpc->is_raw) {
        x->intake = &gw_intake_raw;
        return;
    }
    if (route_takes_http_body(x->binding)) {
        x->intake = &gw_intake_http_body;
        gw_http_body_begin(x);
        return;
    }
    if (x->binding->body == ROUTE_BODY_NONE) {
        x->intake = &intake_nothing;
        return;
    }
    gw_values_init(&x->values, !route_body_may_be_array(x->binding));
    if (x->rpc->method->client_streaming)
        x->intake = &intake_stream;
    else if (take_reader(x))
        x->intake = &intake_json;
}

static const struct gw_form *
choose_stream_form(const struct gw_exchange *x)
{
    switch (gw_accept_stream(x->request.accept)) {
    case GW_STREAM_NDJSON:
        break;
    case GW_STREAM_ARRAY:
        return &gw_form_array;
    case GW_STREAM_SSE:
        return &gw_form_sse;
    }
    return &gw_form_ndjson;
}

/* What it gives. */
static const struct gw_form *
choose_form(struct gw_exchange *x)
{
    bool is_stream = x->rpc->method->server_streaming;

    if (x->rpc->is_raw)
        return is_stream ? &gw_form_raw_stream : &gw_form_raw;
    if (route_gives_http_body(x->binding))
        return is_stream ? &gw_form_http_body_stream : &gw_form_http_body;
    if (is_stream || x->rpc->json.pretty_on_request)
        x->reply.varies = MHD_HTTP_HEADER_ACCEPT;
    return is_stream ? choose_stream_form(x) : &gw_form_json;
}

bool
gw_rest_bind(struct gw_exchange *x)
{
    if (!bind_target(x))
        return false;
    expect_message(x);
    return true;
}

static void
begin(struct gw_exchange *x)
{
    if (!check_body_headers(x) || !gw_rest_bind(x))
        return;
    expect_mask(x);
    choose_intake(x);
    if (x->reply.is_ready)
        return;
    x->form = choose_form(x);
    if (x->rpc->method->client_streaming)
        gw_call_start(x, NULL);
}

const struct gw_front gw_front_rest = {
    .name = "rest",
    .initial_prefix = "Grpc-Metadata-",
    .terminal_prefix = "Grpc-Trailer-",
    .form = &gw_form_json,
    .begin = begin,
};

/* ----------------------------------------------------------------- the body */

void
gw_rest_start_value(struct gw_exchange *x)
{
    const struct pb_json_options *options = &x->rpc->json.options;

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
    if (error->kind == PB_EFULL)
        reply_message_over_limit(x);
    else
        gw_reply_bad_input(x, "body", error);
    x->reply.close |= error->kind == PB_EFULL || error->kind == PB_EMANY;
    gw_call_give_up(x);
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

/* Path and query come after the body's own fields: the later one wins. Then the
 * mask that an update by PATCH goes without. */
static enum pb_err
add_bound(struct gw_exchange *x)
{
    bool is_inside;
    enum pb_err err;

    if (x->n_values > 0 || (x->bound.pb.len == 0 && !x->wants_mask))
        return PB_OK;
    is_inside =
        route_binds_inside(x->binding, x->request.query, x->request.query_len);
    /* Bytes that were sent as they are take no part in this. */
    if (is_inside && route_takes_http_body(x->binding) &&
        !route_binds_in_http_body(x->binding))
        return pb_wire_unite(x->rpc->method->input, x->bound.pb.data,
            x->bound.pb.len, &x->message.pb);
    err = pb_buf_put(&x->message.pb, x->bound.pb.data, x->bound.pb.len);
    if (err == PB_OK && x->wants_mask)
        err = route_mask_put(x->binding, (const char *)x->text.pb.data,
            x->text.pb.len, &x->message.pb);
    return err == PB_OK && is_inside ? unite_message(x) : err;
}

static bool
check_required(struct gw_exchange *x)
{
    struct pb_error error;

    pb_error_clear(&error);
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

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

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
    struct pb_error error;

    pb_error_clear(&error);
    if (pb_json_reader_rest(x->reader, data, len, &error) == PB_JSON_ERROR)
        reply_bad_body(x, &error);
    return len;
}

static void
finish_value(struct gw_exchange *x)
{
    x->in_value = false;
    x->n_values++;
}

/* A piece of the value, or of what stands after it. */
static size_t
take_piece(struct gw_exchange *x, const char *data, size_t len)
{
    struct pb_error error;
    size_t used = 0;

    pb_error_clear(&error);
    if (!x->in_value && x->n_values > 0)
        return take_rest(x, data, len);
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

static bool
keep_text(struct gw_exchange *x, const char *data, size_t len)
{
    if (pb_buf_put(&x->text.pb, data, len) == PB_OK)
        return true;
    gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory", "memory is short");
    return false;
}

static size_t
take_json(struct gw_exchange *x, const char *data, size_t len)
{
    size_t at = 0;

    if (is_over_limit(x, len))
        return len;
    if (x->wants_mask && !keep_text(x, data, len))
        return len;
    while (at < len && !gw_exchange_is_answered(x))
        at += take_piece(x, data + at, len - at);
    return len;
}

static bool
finish_last_value(struct gw_exchange *x, struct pb_error *error)
{
    if (!x->in_value)
        return true;
    if (pb_json_reader_is_blank(x->reader)) {
        x->in_value = false; /* an empty body is an empty message */
        return true;
    }
    if (pb_json_reader_finish(x->reader, error) != PB_JSON_DONE)
        return false;
    finish_value(x);
    return true;
}

/* The one request of a unary call. */
static void
start_call(struct gw_exchange *x)
{
    struct sluice_bytes *message;

    if (x->n_values == 0) /* a limit of some bytes is never met here */
        (void)route_body_put_empty(x->binding, &x->message.pb);
    x->is_pieced |= x->n_values == 0 && x->rpc->method->input->has_required;
    x->n_values = 0; /* the bound fields belong to this one */
    message = gw_rest_take_message(x);
    if (message != NULL)
        gw_call_start(x, message);
}

static void
end_json(struct gw_exchange *x)
{
    struct pb_error error;

    pb_error_clear(&error);
    if (finish_last_value(x, &error))
        start_call(x);
    else
        reply_bad_body(x, &error);
    gw_worker_reader_give(x->worker, &x->reader);
}

static const struct gw_intake intake_json = {
    .body = take_json,
    .end = end_json,
};

/* ------------------------------------------------------------ request streams */

static void
finish_message(struct gw_exchange *x)
{
    struct sluice_bytes *message;

    x->in_value = false;
    gw_values_ended(&x->values);
    message = gw_rest_take_message(x);
    x->n_values++;
    if (message != NULL)
        gw_call_request(x, message);
    else
        gw_call_give_up(x);
}

static void
reply_bad_value(struct gw_exchange *x, struct pb_error *error)
{
    gw_values_set_right(&x->values, error);
    reply_bad_body(x, error);
}

/* What stands before a value. Stops at its first byte. */
static size_t
take_between(struct gw_exchange *x, const char *data, size_t len)
{
    struct pb_error error;
    size_t used;

    pb_error_clear(&error);
    if (gw_values_next(&x->values, data, len, &used, &error) != GW_VALUES_WRONG)
        return used;
    reply_bad_body(x, &error);
    return len;
}

static size_t
take_value(struct gw_exchange *x, const char *data, size_t len)
{
    struct pb_error error;
    size_t used = 0;

    pb_error_clear(&error);
    if (x->n_values == 0 && x->wants_mask && !keep_text(x, data, len))
        return len;
    switch (pb_json_reader_feed(x->reader, data, len, &used, &error)) {
    case PB_JSON_MORE:
        gw_values_taken(&x->values, data, len);
        return len;
    case PB_JSON_DONE:
        gw_values_taken(&x->values, data, used);
        finish_message(x);
        return used;
    case PB_JSON_ERROR:
        reply_bad_value(x, &error);
        break;
    }
    return len;
}

/* A value begins when there is room for the message that it becomes. The first
 * one has it when the call starts. */
static size_t
take_values(struct gw_exchange *x, const char *data, size_t len)
{
    size_t at = 0;

    while (at < len && !gw_exchange_is_answered(x)) {
        if (x->in_value) {
            at += take_value(x, data + at, len - at);
            continue;
        }
        at += take_between(x, data + at, len - at);
        if (at == len)
            break;
        if (x->n_values > 0 && !gw_call_has_room(x))
            return at;
        if (x->reader == NULL && !take_reader(x)) {
            gw_call_give_up(x);
            break;
        }
        gw_rest_start_value(x);
    }
    return len;
}

static void
give_reader(struct gw_exchange *x)
{
    if (x->reader != NULL)
        gw_worker_reader_give(x->worker, &x->reader);
}

/* Between two values the client may be silent for long, and the reader is of
 * use to others. */
static size_t
take_stream(struct gw_exchange *x, const char *data, size_t len)
{
    size_t used = take_values(x, data, len);

    if (!x->in_value)
        give_reader(x);
    return used;
}

static void
end_stream(struct gw_exchange *x)
{
    struct pb_error error;

    pb_error_clear(&error);
    if (x->in_value &&
        pb_json_reader_finish(x->reader, &error) != PB_JSON_DONE) {
        reply_bad_value(x, &error);
    } else {
        if (x->in_value)
            finish_message(x);
        if (!gw_values_finish(&x->values, &error))
            reply_bad_body(x, &error);
        else if (!gw_exchange_is_answered(x))
            gw_call_half_close(x);
    }
    give_reader(x);
}

static const struct gw_intake intake_stream = {
    .body = take_stream,
    .end = end_stream,
};

/* ------------------------------------------------------------------ no body */

static size_t
take_nothing(struct gw_exchange *x, const char *data, size_t len)
{
    if (is_over_limit(x, len))
        return len;
    if (skip_space(data, len) < len)
        gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "body",
            GW_NO_BODY_TAKEN);
    return len;
}

static void
end_nothing(struct gw_exchange *x)
{
    if (x->rpc->method->client_streaming)
        gw_call_half_close(x);
    else
        start_call(x);
}

static const struct gw_intake intake_nothing = {
    .body = take_nothing,
    .end = end_nothing,
};
