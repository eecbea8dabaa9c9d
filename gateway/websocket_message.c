/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_message.c - what a client's messages mean: the metadata that
 * may come first, requests in JSON or protobuf, and the empty text message that
 * ends them. They are read as they arrive, into the request that goes upstream.
 */
#include "gateway/websocket_private.h"

#include <stdio.h>

#include <sluice/status.h>

#include "gateway/bad_input.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "protobuf/wire_check.h"
#include "routes/message.h"

#define METADATA_MAX_BYTES ((size_t)16 * 1024)

#define MIN_BYTES_PER_SECOND 1024

static void
refuse(struct gw_websocket *ws, const char *why)
{
    gw_reply_error(ws->x, 400, SLUICE_CODE_INVALID_ARGUMENT, "bad request",
        "%s", why);
}

static void
refuse_input(struct gw_websocket *ws, const struct pb_error *error)
{
    if (error->kind == PB_EFULL)
        gw_ws_violate(ws, GW_WS_TOO_BIG, "the message is over the limit");
    else
        gw_reply_bad_input(ws->x, "message", error);
}

/* Bytes have no lines to say where it is. */
static void
refuse_binary(struct gw_websocket *ws, struct pb_error *error)
{
    size_t len = strlen(error->message);

    snprintf(error->message + len, sizeof error->message - len, ", at byte %zu",
        error->offset);
    refuse_input(ws, error);
}

static void
refuse_for_memory(struct gw_websocket *ws)
{
    gw_reply_error(ws->x, 500, SLUICE_CODE_INTERNAL, "memory",
        "memory is short");
}

static void
forget_value(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;

    if (x->reader != NULL)
        gw_worker_reader_give(x->worker, &x->reader);
    x->in_value = false;
}

/* ---- The first bytes of one ------------------------------------------------- */

/* Whether a message with something in it has a place here. */
static bool
may_begin(struct gw_websocket *ws)
{
    const struct gw_exchange *x = ws->x;

    if (ws->form == (ws->is_text ? GW_WS_PROTO : GW_WS_JSON)) {
        gw_ws_violate(ws, GW_WS_UNSUPPORTED,
            x->rpc->is_raw    ? "the method takes binary messages"
                : ws->is_text ? "sluice.proto takes binary messages"
                              : "sluice.json takes text messages");
        return false;
    }
    if (!ws->is_complete)
        return true;
    refuse(ws,
        x->binding->body == ROUTE_BODY_NONE ? "this route takes no messages"
            : x->rpc->method->client_streaming
            ? "a message after the end of the requests"
            : "a second message, where the method takes one");
    return false;
}

static bool
begin_value(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;

    if (!may_begin(ws))
        return false;
    ws->request_due_ns = 0;
    if (!ws->is_text)
        return true;
    x->reader = gw_worker_reader_take(x->worker);
    if (x->reader == NULL) {
        refuse_for_memory(ws);
        return false;
    }
    gw_rest_start_value(x);
    return true;
}

/* ---- Pieces ------------------------------------------------------------------ */

static void
take_text(struct gw_websocket *ws, const char *text, size_t len)
{
    struct gw_exchange *x = ws->x;
    struct pb_error error;
    enum pb_json_state state = PB_JSON_DONE;
    size_t used = 0;

    if (!ws->is_value_done)
        state = pb_json_reader_feed(x->reader, text, len, &used, &error);
    if (state == PB_JSON_DONE) {
        ws->is_value_done = true;
        state = pb_json_reader_rest(x->reader, text + used, len - used, &error);
    }
    if (state == PB_JSON_ERROR)
        refuse_input(ws, &error);
}

static void
append(struct gw_websocket *ws, const uint8_t *data, size_t len)
{
    switch (pb_buf_put(&ws->x->message.pb, data, len)) {
    case PB_OK:
        break;
    case PB_EFULL:
        gw_ws_violate(ws, GW_WS_TOO_BIG, "the message is over the limit");
        break;
    default:
        refuse_for_memory(ws);
        break;
    }
}

/* ---- Ends ---------------------------------------------------------------------- */

/* With what path and query give, to the service. */
static void
send_message(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;
    struct sluice_bytes *message = gw_rest_take_message(x);

    x->n_values++;
    if (message != NULL)
        gw_ws_call_request(ws, message);
}

static void
end_text(struct gw_websocket *ws)
{
    struct pb_error error;

    if (!ws->is_value_done &&
        pb_json_reader_finish(ws->x->reader, &error) != PB_JSON_DONE) {
        refuse_input(ws, &error);
        return;
    }
    forget_value(ws);
    send_message(ws);
}

static void
end_binary(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;
    const struct pb_buf *wire = &x->message.pb;
    struct pb_error error;

    if (!x->rpc->is_raw &&
        pb_wire_check(x->rpc->method->input, wire->data, wire->len,
            x->rpc->json.options.max_depth, &error) != PB_OK)
        refuse_binary(ws, &error);
    else
        send_message(ws);
}

/* An empty text message: no more requests. Where there has to be one it is an
 * empty message, as an empty body is. */
static void
end_requests(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;

    if (ws->is_complete)
        return;
    if (x->rpc->method->client_streaming) {
        ws->is_complete = true;
        gw_ws_call_half_close(ws);
        return;
    }
    ws->request_due_ns = 0;
    x->is_pieced |= x->rpc->method->input->has_required;
    if (route_body_put_empty(x->binding, &x->message.pb) != PB_OK)
        refuse_for_memory(ws);
    else
        send_message(ws);
}

/* ---- Metadata ------------------------------------------------------------------- */

static void
take_metadata(struct gw_websocket *ws, const struct gw_ws_event *piece)
{
    struct pb_buf *text = &ws->x->message.pb;

    if (!piece->is_text) {
        gw_ws_violate(ws, GW_WS_UNSUPPORTED, "metadata is a text message");
        return;
    }
    if (piece->len > METADATA_MAX_BYTES - text->len) {
        gw_ws_violate(ws, GW_WS_TOO_BIG, "the metadata is over the limit");
        return;
    }
    append(ws, piece->data, piece->len);
    if (!piece->is_last || ws->state != GW_WS_OPEN)
        return;
    ws->wants_metadata = false;
    ws->request_due_ns = 0;
    if (!gw_ws_metadata_take(ws, (const char *)text->data, text->len))
        return;
    text->len = 0;
    gw_ws_call_open(ws);
}

/* ---- Time -------------------------------------------------------------------- */

/* A steady sender of a large message gets more time, a trickle does not. */
static void
keep_time(struct gw_websocket *ws, const struct gw_ws_event *piece)
{
    if (piece->is_last)
        ws->message_due_ns = 0;
    else if (ws->message_due_ns == 0)
        ws->message_due_ns =
            gw_ws_now(ws) + (uint64_t)gw_ws_config(ws)->body_timeout_ns;
    else
        ws->message_due_ns +=
            piece->len * (SLUICE_SECOND / MIN_BYTES_PER_SECOND);
}

/* ---- All of it -------------------------------------------------------------------- */

static void
begin_message(struct gw_websocket *ws, const struct gw_ws_event *piece)
{
    ws->is_text = piece->is_text;
    ws->has_bytes = false;
    ws->is_value_done = false;
    if (!ws->has_form_out) {
        ws->has_form_out = true;
        ws->is_binary_out = !piece->is_text;
    }
}

static void
end_message(struct gw_websocket *ws)
{
    if (ws->is_text && !ws->has_bytes)
        end_requests(ws);
    else if (ws->is_text)
        end_text(ws);
    else if (ws->has_bytes || may_begin(ws))
        end_binary(ws);
}

void
gw_ws_message_take(struct gw_websocket *ws, const struct gw_ws_event *piece)
{
    keep_time(ws, piece);
    if (ws->wants_metadata) {
        take_metadata(ws, piece);
        return;
    }
    if (piece->is_first)
        begin_message(ws, piece);
    if (piece->len > 0) {
        if (!ws->has_bytes && !begin_value(ws))
            return;
        ws->has_bytes = true;
        if (ws->is_text)
            take_text(ws, (const char *)piece->data, piece->len);
        else
            append(ws, piece->data, piece->len);
    }
    if (piece->is_last && ws->state == GW_WS_OPEN)
        end_message(ws);
}
