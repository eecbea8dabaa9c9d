/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_time.c - how long a WebSocket may be silent, take for a
 * message, or make us wait for its Close. One timer, for what comes next.
 */
#include "gateway/websocket_private.h"

#include <stddef.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <sluice/status.h>

#include "gateway/connection.h"
#include "gateway/reply.h"

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return b != 0 && b < a ? b : a;
}

/* When something is to be looked at; UINT64_MAX: never. */
static uint64_t
next_due(const struct gw_websocket *ws)
{
    const struct route_config *config = gw_ws_config(ws);
    uint64_t due;

    if (ws->state == GW_WS_CLOSING)
        return earlier(UINT64_MAX, ws->closing_due_ns);
    due = ws->pinged_ns != 0 ? ws->pinged_ns + (uint64_t)config->pong_timeout_ns
                             : ws->heard_ns + (uint64_t)config->ping_ns;
    due = earlier(due, ws->message_due_ns);
    return earlier(due, ws->request_due_ns);
}

void
gw_ws_reschedule(struct gw_websocket *ws)
{
    uint64_t due;

    if (!gw_ws_is_open(ws))
        return;
    due = next_due(ws);
    /* One that comes too early looks, and goes on. */
    if (due == UINT64_MAX)
        sluice_timer_stop(ws->x->worker->loop, &ws->timer);
    else if (!sluice_timer_is_running(&ws->timer) || due < ws->timer.due_ns)
        sluice_timer_start(ws->x->worker->loop, &ws->timer, due);
}

void
gw_ws_await_message(struct gw_websocket *ws)
{
    ws->request_due_ns =
        gw_ws_now(ws) + (uint64_t)gw_ws_config(ws)->idle_timeout_ns;
}

static bool
is_quiet(const struct gw_websocket *ws, uint64_t now)
{
    return now >= ws->told_ns + (uint64_t)gw_ws_config(ws)->ping_ns;
}

/* Bytes that the client's system has not taken yet. */
static int
count_unsent(const struct gw_websocket *ws)
{
    int unsent = 0;

    (void)ioctl(ws->x->connection->fd, SIOCOUTQ, &unsent);
    return unsent;
}

static void
await_pong(struct gw_websocket *ws, uint64_t now)
{
    ws->is_quiet = is_quiet(ws, now);
    ws->unsent = count_unsent(ws);
    ws->pinged_ns = now;
}

static void
ping(struct gw_websocket *ws, uint64_t now)
{
    if (gw_ws_frame_put(gw_ws_out(ws), GW_WS_OP_PING, NULL, 0) != PB_OK) {
        gw_ws_gone(ws);
        return;
    }
    await_pong(ws, now);
    gw_ws_write_soon(ws);
}

/* A client that has been sent nothing else has no reason to be late with its
 * pong. One that has may still be busy with that, and its pong may lie behind a
 * message that is held: then it is enough that it takes what it is sent, which
 * the connection sees to until it is heard again. */
static void
miss_pong(struct gw_websocket *ws, uint64_t now)
{
    bool is_busy =
        ws->is_held || ws->is_blocked || count_unsent(ws) < ws->unsent;

    if (ws->is_quiet && !is_busy)
        gw_ws_gone(ws);
    else
        await_pong(ws, now);
}

static void
look_at_silence(struct gw_websocket *ws, uint64_t now)
{
    const struct route_config *config = gw_ws_config(ws);

    if (ws->pinged_ns != 0) {
        if (now >= ws->pinged_ns + (uint64_t)config->pong_timeout_ns)
            miss_pong(ws, now);
    } else if (now >= ws->heard_ns + (uint64_t)config->ping_ns) {
        if (ws->is_blocked)
            ws->heard_ns = now; /* it is being waited for already */
        else
            ping(ws, now);
    }
}

void
gw_ws_on_timer(struct sluice_timer *timer)
{
    struct gw_websocket *ws = (struct gw_websocket *)((char *)timer -
        offsetof(struct gw_websocket, timer));
    uint64_t now = gw_ws_now(ws);

    if (ws->state == GW_WS_CLOSING) {
        if (ws->closing_due_ns != 0 && now >= ws->closing_due_ns)
            gw_ws_finish(ws);
    } else if (ws->message_due_ns != 0 && now >= ws->message_due_ns) {
        gw_reply_error(ws->x, 408, SLUICE_CODE_DEADLINE_EXCEEDED, "timeout",
            "the message took too long");
    } else if (ws->request_due_ns != 0 && now >= ws->request_due_ns) {
        gw_reply_error(ws->x, 408, SLUICE_CODE_DEADLINE_EXCEEDED, "timeout",
            "no request has come");
    } else {
        look_at_silence(ws, now);
    }
    gw_ws_reschedule(ws);
}
