/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the frames of a WebSocket client. What comes out is the same
 * however they are cut, and whatever rests there are: the same whole messages,
 * and the same end. Text is UTF-8, nothing is over its limit. Who looks ahead
 * finds the pings and the Close that are met later.
 */
#include "gateway/websocket_ahead.h"

#include <assert.h>
#include <stdlib.h>

#include "protobuf/utf8.h"
#include "tests/fuzz/input.h"

#define MAX_MESSAGE 5000u

struct client {
    const uint8_t *at;
    size_t left;
    size_t open;  /* of left, what may be read now */
    size_t piece; /* how much is opened at a time */
    struct pb_buf heard;
    size_t n_message; /* of the message that is arriving */
    unsigned n_pings;
    bool is_closed;
};

static ssize_t
on_read(void *arg, uint8_t *buf, size_t len)
{
    struct client *c = arg;
    size_t n = c->open < len ? c->open : len;

    if (n > 0)
        memcpy(buf, c->at, n);
    c->at += n;
    c->left -= n;
    c->open -= n;
    return (ssize_t)n;
}

static void
note(struct client *c, uint8_t what, const void *data, size_t len)
{
    enum pb_err err = pb_buf_put(&c->heard, &what, 1);

    assert(err == PB_OK);
    err = pb_buf_put(&c->heard, data, len);
    assert(err == PB_OK);
}

static void
check_text(const uint8_t *data, size_t len)
{
    assert(pb_utf8_prefix_plainly(data, len) == len);
}

/* A message stands in heard while it arrives; one that never ends is taken out
 * again, as where it stopped depends on the cuts. */
static void
take_piece(struct client *c, const struct gw_ws_event *e)
{
    enum pb_err err;

    if (e->is_first)
        c->n_message = 0;
    assert(e->is_first || c->n_message <= MAX_MESSAGE);
    err = pb_buf_put(&c->heard, e->data, e->len);
    assert(err == PB_OK);
    c->n_message += e->len;
    assert(c->n_message <= MAX_MESSAGE);
    if (!e->is_last)
        return;
    if (e->is_text && c->n_message > 0)
        check_text(c->heard.data + c->heard.len - c->n_message, c->n_message);
    note(c, e->is_text ? 't' : 'b', NULL, 0);
    c->n_message = 0;
}

/* A control frame within a message: noted apart, so that messages stay whole. */
static void
take_control(struct client *c, struct pb_buf *control, uint8_t what,
    const struct gw_ws_event *e)
{
    struct pb_buf messages = c->heard;

    assert(e->len <= GW_WS_CONTROL_MAX);
    c->heard = *control;
    note(c, what, e->data, e->len);
    *control = c->heard;
    c->heard = messages;
}

/* False: there is an end. */
static bool
hear(struct client *c, struct gw_ws_frames *f, struct pb_buf *control,
    uint16_t *code)
{
    struct gw_ws_event e;

    for (;;) {
        switch (gw_ws_frames_next(f, &e)) {
        case GW_WS_MORE:
            return true;
        case GW_WS_DATA:
            take_piece(c, &e);
            break;
        case GW_WS_PING:
            c->n_pings++;
            take_control(c, control, 'i', &e);
            break;
        case GW_WS_PONG:
            take_control(c, control, 'o', &e);
            break;
        case GW_WS_CLOSE:
            take_control(c, control, 'c', &e);
            if (e.len > 0)
                check_text(e.data, e.len);
            c->is_closed = true;
            *code = e.code;
            return false;
        case GW_WS_BROKEN:
            assert(e.why != NULL);
            *code = e.code;
            return false;
        }
    }
}

static uint16_t
run(struct client *c, struct pb_buf *control)
{
    struct gw_ws_frames f;
    struct gw_ws_event e;
    uint16_t code = 0;

    gw_ws_frames_init(&f, MAX_MESSAGE, on_read, c);
    do {
        c->open = c->piece < c->left ? c->piece : c->left;
        if (!hear(c, &f, control, &code)) {
            assert(gw_ws_frames_next(&f, &e) == GW_WS_MORE);
            break;
        }
        assert(c->open == 0);
        gw_ws_frames_rest(&f);
    } while (c->left > 0);
    c->heard.len -= c->n_message;
    gw_ws_frames_fini(&f);
    return code;
}

static void
check_equal(const struct pb_buf *a, const struct pb_buf *b)
{
    assert(a->len == b->len);
    assert(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Where the reader found nothing wrong. */
static void
check_ahead(const struct client *met, uint16_t code, const uint8_t *data,
    size_t size, size_t piece)
{
    struct gw_ws_ahead seen = { 0 };

    for (size_t at = 0; at < size; at += piece)
        gw_ws_ahead_feed(&seen, data + at,
            size - at < piece ? size - at : piece);
    if (!met->is_closed && (code != 0 || seen.is_lost))
        return; /* a header is judged with the first byte behind it */
    assert(seen.has_close == met->is_closed);
    assert(!seen.has_close || seen.code == code);
    assert(seen.n_pings == met->n_pings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client whole = { .at = data, .left = size, .piece = SIZE_MAX };
    struct client cut = { .at = data, .left = size, .piece = 1 };
    struct pb_buf controls[2];
    uint16_t code;

    if (size > 0)
        cut.piece = 1 + data[size - 1] % 9u;
    pb_buf_init_heap(&whole.heard, SIZE_MAX);
    pb_buf_init_heap(&cut.heard, SIZE_MAX);
    pb_buf_init_heap(&controls[0], SIZE_MAX);
    pb_buf_init_heap(&controls[1], SIZE_MAX);
    code = run(&whole, &controls[0]);
    if (run(&cut, &controls[1]) != code)
        abort();
    check_equal(&whole.heard, &cut.heard);
    check_equal(&controls[0], &controls[1]);
    check_ahead(&whole, code, data, size, size);
    check_ahead(&cut, code, data, size, cut.piece);
    pb_buf_fini_heap(&whole.heard);
    pb_buf_fini_heap(&cut.heard);
    pb_buf_fini_heap(&controls[0]);
    pb_buf_fini_heap(&controls[1]);
    return 0;
}
