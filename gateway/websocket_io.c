/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_io.c - the socket of a WebSocket: what comes, what goes, and
 * when neither is asked for. The bytes that come are websocket_receive.c's.
 */
#include "gateway/websocket_private.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/connection.h"

/* What one client may send before the others have their turn. */
#define TURN_BYTES ((size_t)64 * 1024)

/* JSON text may be larger than the message it shows: base64, escapes, names. */
#define TEXT_PER_BYTE 16u

/* ---- What waits for the client -------------------------------------------- */

size_t
gw_ws_waiting(const struct gw_websocket *ws)
{
    return ws->x->out.pb.len - ws->x->out_at;
}

struct pb_buf *
gw_ws_out(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;
    size_t left = gw_ws_waiting(ws);

    if (x->out.pool == NULL)
        gw_buffer_init(&x->out, x->worker->pool,
            gw_ws_config(ws)->max_response_message * TEXT_PER_BYTE +
                GW_WS_OUT_FULL);
    /* What was sent goes before the buffer would grow. */
    if (x->out_at > 0 && left > 0)
        memmove(x->out.pb.data, x->out.pb.data + x->out_at, left);
    x->out.pb.len = left;
    x->out_at = 0;
    return &x->out.pb;
}

/* Silent WebSockets are many: their buffers go. */
static void
drop_out(struct gw_websocket *ws)
{
    gw_buffer_fini(&ws->x->out);
    ws->x->out = (struct gw_buffer){ .pool = NULL };
    ws->x->out_at = 0;
}

/* ---- Polling ---------------------------------------------------------------- */

static void read_on(struct gw_websocket *ws);
static void write_on(struct gw_websocket *ws);

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    struct gw_websocket *ws = poll->data;

    if (status < 0) {
        gw_ws_gone(ws);
        return;
    }
    if ((events & UV_WRITABLE) != 0)
        write_on(ws);
    if (ws->state == GW_WS_CLOSED)
        return;
    if ((events & UV_READABLE) != 0)
        read_on(ws);
    else if ((events & UV_DISCONNECT) != 0)
        gw_ws_gone(ws); /* it is not being read from, or has been to the end */
}

void
gw_ws_repoll(struct gw_websocket *ws)
{
    int events = 0;

    if (ws->state == GW_WS_CLOSED)
        return;
    if (!ws->is_at_end)
        events |= UV_DISCONNECT;
    if (!ws->is_at_end && (!ws->is_held || gw_ws_has_room_ahead(ws)))
        events |= UV_READABLE;
    if (ws->is_blocked)
        events |= UV_WRITABLE;
    if (events == ws->polled)
        return;
    ws->polled = events;
    if (events == 0)
        uv_poll_stop(ws->poll);
    else
        uv_poll_start(ws->poll, events, on_poll);
}

static void
on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

bool
gw_ws_io_start(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;
    uv_poll_t *poll = malloc(sizeof *poll);

    if (poll == NULL)
        return false;
    if (uv_poll_init(&x->worker->uv, poll, x->connection->fd) != 0) {
        free(poll);
        return false;
    }
    poll->data = ws;
    ws->poll = poll;
    gw_ws_repoll(ws);
    return true;
}

void
gw_ws_io_stop(struct gw_websocket *ws)
{
    sluice_task_cancel(&ws->read_task);
    sluice_task_cancel(&ws->write_task);
    if (ws->poll == NULL)
        return;
    uv_poll_stop(ws->poll);
    uv_close((uv_handle_t *)ws->poll, on_poll_closed);
    ws->poll = NULL;
}

/* Whether it takes what it is sent is looked at while it does not say so. */
static void
enter_phase(struct gw_websocket *ws)
{
    struct gw_connection *c = ws->x->connection;
    enum gw_phase phase = ws->is_blocked || ws->pinged_ns != 0
        ? GW_PHASE_SENDING
        : GW_PHASE_WORKING;

    if (c->phase != phase)
        gw_connection_enter(c, phase);
}

/* ---- From the client ------------------------------------------------------ */

static void
answer_ping(struct gw_websocket *ws, const uint8_t *payload, size_t len)
{
    if (gw_ws_waiting(ws) < GW_WS_OUT_FULL) {
        if (gw_ws_frame_put(gw_ws_out(ws), GW_WS_OP_PONG, payload, len) !=
            PB_OK)
            gw_ws_gone(ws);
        else
            gw_ws_write_soon(ws);
        return;
    }
    ws->has_pong = true;
    ws->n_pong = (uint8_t)len;
    memcpy(ws->pong, payload, len);
}

static void
take_ping(struct gw_websocket *ws, const struct gw_ws_event *event)
{
    if (ws->seen.n_pings > 0)
        ws->seen.n_pings--;
    if (ws->n_pongs_ahead > 0)
        ws->n_pongs_ahead--;
    else if (ws->state == GW_WS_OPEN)
        answer_ping(ws, event->data, event->len);
}

static void
take_close(struct gw_websocket *ws, const struct gw_ws_event *event)
{
    ws->has_client_closed = true;
    if (ws->state == GW_WS_OPEN) {
        ws->x->is_client_gone = true;
        gw_ws_close(ws, event->code, sluice_str(""));
    } else if (gw_ws_waiting(ws) == 0) {
        gw_ws_finish(ws);
    }
}

/* The end of requests needs no room. */
static bool
has_room(const struct gw_websocket *ws, const struct gw_ws_event *event)
{
    bool is_empty = event->is_text && event->is_last && event->len == 0;

    return is_empty || gw_ws_call_has_room(ws);
}

static void
take_piece(struct gw_websocket *ws, const struct gw_ws_event *event)
{
    if (ws->state != GW_WS_OPEN)
        return;
    if (event->is_first && !has_room(ws, event)) {
        ws->is_held = true;
        ws->held = *event;
        return;
    }
    gw_ws_message_take(ws, event);
}

/* False: nothing more can be taken now. */
static bool
take_next(struct gw_websocket *ws)
{
    struct gw_ws_event event;

    if (ws->is_held) {
        event = ws->held;
        ws->is_held = false;
        take_piece(ws, &event);
        return !ws->is_held;
    }
    switch (gw_ws_frames_next(&ws->frames, &event)) {
    case GW_WS_MORE:
        return false;
    case GW_WS_DATA:
        take_piece(ws, &event);
        break;
    case GW_WS_PING:
        take_ping(ws, &event);
        break;
    case GW_WS_PONG:
        break;
    case GW_WS_CLOSE:
        take_close(ws, &event);
        break;
    case GW_WS_BROKEN:
        gw_ws_violate(ws, event.code, event.why);
        break;
    }
    return !ws->is_held;
}

/* The service is not asked for what is no message of it. Of several pings the
 * newest counts. */
static void
heed_ahead(struct gw_websocket *ws)
{
    const struct gw_ws_ahead *seen = &ws->seen;
    const struct gw_ws_event end = { .code = seen->code };

    if (ws->state != GW_WS_OPEN)
        return;
    if (seen->has_close) {
        take_close(ws, &end);
    } else if (seen->n_pings > ws->n_pongs_ahead) {
        ws->n_pongs_ahead = seen->n_pings;
        answer_ping(ws, seen->ping, seen->n_ping);
    }
}

/* The client sends no more: without a Close it has vanished. */
static void
take_end(struct gw_websocket *ws)
{
    if (ws->state == GW_WS_OPEN || gw_ws_waiting(ws) == 0)
        gw_ws_gone(ws);
}

static void
read_on(struct gw_websocket *ws)
{
    ws->turn = TURN_BYTES;
    while (ws->state != GW_WS_CLOSED && !ws->is_deaf && take_next(ws))
        ;
    if (ws->is_held) {
        gw_ws_look_ahead(ws);
        heed_ahead(ws);
    }
    if (ws->state != GW_WS_CLOSED && ws->is_deaf)
        gw_ws_discard(ws);
    if (ws->state != GW_WS_CLOSED && ws->is_at_end)
        take_end(ws);
    if (ws->state == GW_WS_CLOSED)
        return;
    if (!ws->is_held)
        gw_ws_frames_rest(&ws->frames);
    enter_phase(ws);
    gw_ws_reschedule(ws);
    gw_ws_repoll(ws);
}

static void
on_read_task(struct sluice_task *task)
{
    read_on((struct gw_websocket *)((char *)task -
        offsetof(struct gw_websocket, read_task)));
}

void
gw_ws_read_soon(struct gw_websocket *ws)
{
    if (ws->state == GW_WS_CLOSED)
        return;
    ws->read_task.run = on_read_task;
    sluice_loop_defer(ws->x->worker->loop, &ws->read_task);
}

/* ---- To the client -------------------------------------------------------- */

/* False: the socket takes no more now, or never. */
static bool
send_some(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;
    ssize_t n = send(x->connection->fd, x->out.pb.data + x->out_at,
        gw_ws_waiting(ws), MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0) {
        if (errno == EINTR)
            return true;
        ws->is_blocked = errno == EAGAIN;
        if (!ws->is_blocked)
            gw_ws_gone(ws);
        return false;
    }
    x->out_at += (size_t)n;
    x->bytes_out += (uint64_t)n;
    ws->told_ns = gw_ws_now(ws);
    x->connection->has_sent = true;
    return true;
}

static void
put_pong(struct gw_websocket *ws)
{
    if (!ws->has_pong || ws->state != GW_WS_OPEN ||
        gw_ws_waiting(ws) >= GW_WS_OUT_FULL)
        return;
    ws->has_pong = false;
    if (gw_ws_frame_put(gw_ws_out(ws), GW_WS_OP_PONG, ws->pong, ws->n_pong) !=
        PB_OK)
        gw_ws_gone(ws);
}

static void
write_on(struct gw_websocket *ws)
{
    ws->is_blocked = false;
    put_pong(ws);
    while (ws->state != GW_WS_CLOSED && gw_ws_waiting(ws) > 0 && send_some(ws))
        put_pong(ws);
    if (ws->state == GW_WS_CLOSED)
        return;
    if (gw_ws_waiting(ws) == 0) {
        drop_out(ws);
        gw_ws_sent(ws);
    }
    if (ws->state == GW_WS_CLOSED)
        return;
    enter_phase(ws);
    gw_ws_call_written(ws);
    gw_ws_repoll(ws);
}

static void
on_write_task(struct sluice_task *task)
{
    write_on((struct gw_websocket *)((char *)task -
        offsetof(struct gw_websocket, write_task)));
}

void
gw_ws_write_soon(struct gw_websocket *ws)
{
    ws->write_task.run = on_write_task;
    if (!ws->is_blocked && ws->state != GW_WS_CLOSED)
        sluice_loop_defer_late(ws->x->worker->loop, &ws->write_task);
}
