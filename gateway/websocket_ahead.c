/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/websocket_ahead.c - see websocket_ahead.h. */
#include "gateway/websocket_ahead.h"

#define OPCODE 0x0fu
#define CONTROL 0x08u
#define RESERVED 0x70u
#define FIN 0x80u
#define MASKED 0x80u
#define LENGTH 0x7fu
#define MASK_LEN 4u

static unsigned
opcode_of(const struct gw_ws_ahead *a)
{
    return a->head[0] & OPCODE;
}

static bool
is_control(const struct gw_ws_ahead *a)
{
    return (opcode_of(a) & CONTROL) != 0;
}

/* Bytes that say how long the payload is, besides the second of the head. */
static size_t
length_size(const struct gw_ws_ahead *a)
{
    unsigned length = a->head[1] & LENGTH;

    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

static bool
has_head(const struct gw_ws_ahead *a)
{
    return a->n_head >= 2 && a->n_head == 2 + length_size(a) + MASK_LEN;
}

static bool
is_sound(const struct gw_ws_ahead *a)
{
    if ((a->head[1] & MASKED) == 0 || (a->head[0] & RESERVED) != 0)
        return false;
    if (is_control(a))
        return (a->head[0] & FIN) != 0 && length_size(a) == 0 &&
            opcode_of(a) <= GW_WS_OP_PONG;
    return opcode_of(a) <= GW_WS_OP_BINARY;
}

static void
end_frame(struct gw_ws_ahead *a)
{
    struct gw_ws_event event;

    if (opcode_of(a) == GW_WS_OP_PING) {
        a->n_pings++;
        a->n_ping = a->n_control;
        memcpy(a->ping, a->control, a->n_control);
    } else if (opcode_of(a) == GW_WS_OP_CLOSE) {
        a->has_close =
            gw_ws_close_read(a->control, a->n_control, &event) == GW_WS_CLOSE;
        a->is_lost = !a->has_close;
        a->code = event.code;
    }
    a->n_head = 0;
    a->n_control = 0;
}

static void
begin_payload(struct gw_ws_ahead *a)
{
    size_t n = length_size(a);

    a->is_lost = !is_sound(a);
    a->n_left = n == 0 ? a->head[1] & LENGTH : 0;
    for (size_t i = 0; i < n; i++)
        a->n_left = a->n_left << 8 | a->head[2 + i];
    if (a->n_left == 0 && !a->is_lost)
        end_frame(a);
}

static void
take_control(struct gw_ws_ahead *a, const uint8_t *data, size_t len)
{
    const uint8_t *mask = a->head + 2;

    for (size_t i = 0; i < len; i++, a->n_control++)
        a->control[a->n_control] = data[i] ^ mask[a->n_control % MASK_LEN];
}

static size_t
take_payload(struct gw_ws_ahead *a, const uint8_t *data, size_t len)
{
    if (len > a->n_left)
        len = (size_t)a->n_left;
    if (is_control(a))
        take_control(a, data, len);
    a->n_left -= len;
    if (a->n_left == 0)
        end_frame(a);
    return len;
}

void
gw_ws_ahead_feed(struct gw_ws_ahead *a, const uint8_t *data, size_t len)
{
    size_t at = 0;

    while (at < len && !a->is_lost && !a->has_close) {
        if (a->n_left > 0) {
            at += take_payload(a, data + at, len - at);
            continue;
        }
        a->head[a->n_head++] = data[at++];
        if (has_head(a))
            begin_payload(a);
    }
}
