/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_call.c - the RPC of a WebSocket: responses become messages
 * as they come, its end becomes a Close.
 */
#include "gateway/websocket_private.h"

#include <sluice/status.h>

#include "gateway/call.h"
#include "gateway/reply.h"
#include "gateway/rest.h"

/* ---- Responses ---------------------------------------------------------------- */

static enum pb_err
put_text(struct gw_websocket *ws, const struct sluice_bytes *message,
    struct pb_buf *out)
{
    struct gw_exchange *x = ws->x;
    const struct pb_field *field = x->binding->response_field;
    struct pb_json_options options = x->rpc->json.options;
    const uint8_t *wire = sluice_bytes_data(message);
    size_t len = sluice_bytes_size(message);
    struct pb_error error;

    options.pretty = false;
    if (field != NULL)
        return pb_wire_field_to_json(x->worker->writer, field, &options, wire,
            len, out, &error);
    return pb_wire_to_json(x->worker->writer, x->rpc->method->output, &options,
        wire, len, out, &error);
}

static enum pb_err
put_message(struct gw_websocket *ws, const struct sluice_bytes *message,
    struct pb_buf *out)
{
    size_t at;
    enum pb_err err;

    if (ws->is_binary_out)
        return gw_ws_frame_put(out, GW_WS_OP_BINARY, sluice_bytes_data(message),
            sluice_bytes_size(message));
    err = gw_ws_frame_open(out, &at);
    if (err == PB_OK)
        err = put_text(ws, message, out);
    if (err == PB_OK)
        gw_ws_frame_shut(out, at, GW_WS_OP_TEXT);
    return err;
}

/* What was begun of a message that cannot be shown is taken back. */
static bool
add_message(struct gw_websocket *ws, const struct sluice_bytes *message)
{
    struct pb_buf *out = gw_ws_out(ws);
    size_t before = out->len;
    enum pb_err err = put_message(ws, message, out);

    if (err == PB_OK) {
        gw_ws_write_soon(ws);
        return true;
    }
    out->len = before;
    gw_call_unshowable(ws->x, err);
    return false;
}

static enum sluice_reply
take_streamed(struct gw_websocket *ws, const struct sluice_bytes *message)
{
    if (!add_message(ws, message))
        return SLUICE_REPLY_FAILED;
    if (gw_ws_waiting(ws) < GW_WS_OUT_FULL)
        sluice_call_allow(ws->x->call, 1);
    else
        ws->owes_allowance = true;
    return SLUICE_REPLY_OK;
}

void
gw_ws_call_written(struct gw_websocket *ws)
{
    if (!ws->owes_allowance || gw_ws_waiting(ws) > GW_WS_OUT_LOW)
        return;
    ws->owes_allowance = false;
    if (ws->x->is_calling)
        sluice_call_allow(ws->x->call, 1);
}

/* ---- What comes back ------------------------------------------------------------ */

/* NULL: nobody listens any more. */
static struct gw_websocket *
listener(struct gw_exchange *x)
{
    struct gw_websocket *ws = x->websocket;

    return x->state != GW_X_CLOSED && ws->state == GW_WS_OPEN ? ws : NULL;
}

/* There are no headers to show it in. */
static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    struct gw_websocket *ws = listener(arg);

    if (ws != NULL)
        gw_ws_metadata_show(ws, metadata);
    sluice_metadata_unref(&metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    struct gw_exchange *x = arg;
    struct gw_websocket *ws = listener(x);
    enum sluice_reply reply = SLUICE_REPLY_OK;

    if (ws == NULL) {
        reply = SLUICE_REPLY_ABANDONED;
    } else if (x->rpc->method->server_streaming) {
        reply = take_streamed(ws, response);
    } else {
        /* It counts when the service has said that all went well. */
        sluice_bytes_unref(&x->response);
        x->response = response;
        response = NULL;
    }
    sluice_bytes_unref(&response);
    return reply;
}

/* With code 0, or none: anything else is an abortion. */
static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct gw_exchange *x = arg;
    struct gw_websocket *ws = listener(x);

    x->terminal_metadata = completion->terminal_metadata;
    gw_exchange_called(x); /* which may have been all that x waited for */
    if (ws != NULL &&
        (x->rpc->method->server_streaming || add_message(ws, x->response)))
        gw_ws_complete(ws);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    struct gw_exchange *x = arg;
    struct gw_websocket *ws = listener(x);

    if (abortion->initial_metadata != NULL)
        x->initial_metadata = sluice_metadata_ref(abortion->initial_metadata);
    if (abortion->terminal_metadata != NULL)
        x->terminal_metadata = sluice_metadata_ref(abortion->terminal_metadata);
    gw_exchange_called(x);
    if (ws != NULL)
        gw_reply_abortion(x, abortion);
}

/* The service takes a request more. */
static void
on_allowance(void *arg, int n)
{
    struct gw_exchange *x = arg;
    struct gw_websocket *ws = listener(x);

    (void)n;
    if (ws != NULL && ws->is_held)
        gw_ws_read_soon(ws);
}

/* ---- Requests --------------------------------------------------------------------- */

static void
start(struct gw_websocket *ws, struct sluice_bytes *request)
{
    const struct sluice_receiver receiver = {
        .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .allowance = on_allowance,
        .arg = ws->x,
        .manual_allowance = true,
    };

    gw_call_start_for(ws->x, request, &receiver);
}

void
gw_ws_call_request(struct gw_websocket *ws, struct sluice_bytes *request)
{
    if (ws->x->rpc->method->client_streaming) {
        gw_call_request(ws->x, request);
        return;
    }
    ws->is_complete = true;
    start(ws, request);
}

/* One at a time: what a held client sends is looked at for its end, and the less
 * is ahead of that the better. */
bool
gw_ws_call_has_room(const struct gw_websocket *ws)
{
    return ws->is_complete || !ws->x->rpc->method->client_streaming ||
        gw_call_is_waited_for(ws->x);
}

void
gw_ws_call_half_close(struct gw_websocket *ws)
{
    gw_call_half_close(ws->x);
}

/* All that the service is to get is in path and query. */
static void
send_target(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;
    struct sluice_bytes *message;

    x->is_pieced |= x->rpc->method->input->has_required;
    message = gw_rest_take_message(x);
    x->n_values++;
    if (message == NULL)
        return;
    gw_ws_call_request(ws, message);
    if (x->rpc->method->client_streaming)
        gw_call_half_close(x);
    ws->is_complete = true;
}

void
gw_ws_call_open(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;

    if (x->rpc->method->client_streaming)
        start(ws, NULL);
    else if (x->binding->body != ROUTE_BODY_NONE)
        gw_ws_await_message(ws);
    if (x->binding->body == ROUTE_BODY_NONE && ws->state == GW_WS_OPEN)
        send_target(ws);
}
