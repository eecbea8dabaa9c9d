/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_receive.c - the bytes of a WebSocket's client, in their
 * order: those that were looked at before their turn, those that MHD had read
 * with the handshake, those on the socket.
 *
 * While a message waits for the service, what is behind it is received all the
 * same, up to a constant. So a Close there cancels the RPC at once, a ping is
 * answered, and a client that left is noticed.
 */
#include "gateway/websocket_private.h"

#include <errno.h>
#include <sys/socket.h>

#include "gateway/connection.h"

#define PIECE 4096u

static size_t
ahead_left(const struct gw_websocket *ws)
{
    return ws->ahead.pb.len - ws->ahead_at;
}

bool
gw_ws_has_room_ahead(const struct gw_websocket *ws)
{
    return ahead_left(ws) < GW_WS_AHEAD_MAX;
}

/* Held messages are few, and held for a while: their buffers go. */
static void
drop_ahead(struct gw_websocket *ws)
{
    gw_buffer_fini(&ws->ahead);
    ws->ahead_at = 0;
}

static ssize_t
take_ahead(struct gw_websocket *ws, uint8_t *buf, size_t len)
{
    size_t n = ahead_left(ws) < len ? ahead_left(ws) : len;

    memcpy(buf, ws->ahead.pb.data + ws->ahead_at, n);
    ws->ahead_at += n;
    if (ahead_left(ws) == 0)
        drop_ahead(ws);
    return (ssize_t)n;
}

static ssize_t
take_early(struct gw_websocket *ws, uint8_t *buf, size_t len)
{
    size_t n = ws->n_early < len ? ws->n_early : len;

    memcpy(buf, ws->early, n);
    ws->early += n;
    ws->n_early -= n;
    return (ssize_t)n;
}

/* What nobody has seen yet. */
static ssize_t
take_new(struct gw_websocket *ws, uint8_t *buf, size_t len)
{
    ssize_t n;

    if (ws->n_early > 0) {
        n = take_early(ws, buf, len);
    } else {
        if (ws->turn == 0 || ws->is_at_end)
            return -1;
        n = recv(ws->x->connection->fd, buf, len, MSG_DONTWAIT);
        if (n < 0) {
            ws->is_at_end = errno != EAGAIN && errno != EINTR;
            return -1;
        }
        ws->is_at_end = n == 0;
        ws->turn -= (size_t)n < ws->turn ? (size_t)n : ws->turn;
    }
    if (n > 0) {
        ws->heard_ns = gw_ws_now(ws);
        gw_ws_ahead_feed(&ws->seen, buf, (size_t)n);
    }
    ws->pinged_ns = 0;
    ws->x->bytes_in += (uint64_t)n;
    return n;
}

ssize_t
gw_ws_receive(void *arg, uint8_t *buf, size_t len)
{
    struct gw_websocket *ws = arg;

    return ahead_left(ws) > 0 ? take_ahead(ws, buf, len)
                              : take_new(ws, buf, len);
}

/* What had its turn goes first. */
static void
compact_ahead(struct gw_websocket *ws)
{
    struct pb_buf *ahead = &ws->ahead.pb;

    if (ws->ahead_at == 0)
        return;
    ahead->len -= ws->ahead_at;
    memmove(ahead->data, ahead->data + ws->ahead_at, ahead->len);
    ws->ahead_at = 0;
}

void
gw_ws_look_ahead(struct gw_websocket *ws)
{
    struct pb_buf *ahead = &ws->ahead.pb;
    ssize_t n = 1;

    compact_ahead(ws);
    while (n > 0 && gw_ws_has_room_ahead(ws)) {
        size_t room = GW_WS_AHEAD_MAX - ahead->len;

        if (room > PIECE)
            room = PIECE;
        if (pb_buf_reserve(ahead, room) != PB_OK) {
            gw_ws_violate(ws, GW_WS_INTERNAL_ERROR, "memory is short");
            return;
        }
        n = take_new(ws, ahead->data + ahead->len, room);
        if (n > 0)
            ahead->len += (size_t)n;
    }
    if (ahead->len == 0)
        drop_ahead(ws);
}

void
gw_ws_discard(struct gw_websocket *ws)
{
    uint8_t buf[PIECE];

    while (gw_ws_receive(ws, buf, sizeof buf) > 0)
        ;
}
