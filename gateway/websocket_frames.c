/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/websocket_frames.c - see websocket_frames.h. */
#include "gateway/websocket_frames.h"

#include <assert.h>

#include <wslay/wslay.h>

#include "protobuf/utf8.h"

#define HEADER_MAX 10u

/* ---- From the client ------------------------------------------------------ */

static void
keep_tail(struct gw_ws_frames *f, const uint8_t *data, size_t len)
{
    size_t fresh = len < GW_WS_HEAD_MAX ? len : GW_WS_HEAD_MAX;

    memmove(f->tail, f->tail + fresh, GW_WS_HEAD_MAX - fresh);
    memcpy(f->tail + GW_WS_HEAD_MAX - fresh, data + len - fresh, fresh);
}

static ssize_t
on_recv(uint8_t *buf, size_t len, int flags, void *arg)
{
    struct gw_ws_frames *f = arg;
    ssize_t n = f->read(f->arg, buf, len);

    (void)flags;
    if (n <= 0)
        return -1;
    f->n_inside += (size_t)n;
    keep_tail(f, buf, (size_t)n);
    return n;
}

void
gw_ws_frames_init(struct gw_ws_frames *f, size_t max_message,
    gw_ws_read_cb *read, void *arg)
{
    *f = (struct gw_ws_frames){
        .max_message = max_message,
        .read = read,
        .arg = arg,
    };
}

static bool
prepare(struct gw_ws_frames *f)
{
    const struct wslay_frame_callbacks callbacks = {
        .recv_callback = on_recv,
    };

    return f->wslay != NULL ||
        wslay_frame_context_init(&f->wslay, &callbacks, f) == 0;
}

void
gw_ws_frames_fini(struct gw_ws_frames *f)
{
    if (f->wslay != NULL)
        wslay_frame_context_free(f->wslay);
    f->wslay = NULL;
}

void
gw_ws_frames_rest(struct gw_ws_frames *f)
{
    if (f->n_inside == 0 && !f->in_frame)
        gw_ws_frames_fini(f);
}

static enum gw_ws_what
wrong(struct gw_ws_event *event, uint16_t code, const char *why)
{
    event->code = code;
    event->why = why;
    return GW_WS_BROKEN;
}

static enum gw_ws_what
broken(struct gw_ws_frames *f, struct gw_ws_event *event, uint16_t code,
    const char *why)
{
    f->is_over = true;
    return wrong(event, code, why);
}

static bool
is_control(uint8_t opcode)
{
    return opcode >= WSLAY_CONNECTION_CLOSE;
}

static bool
is_known(uint8_t opcode)
{
    return opcode <= WSLAY_BINARY_FRAME ||
        (opcode >= WSLAY_CONNECTION_CLOSE && opcode <= WSLAY_PONG);
}

/* What is wrong with a frame's header; NULL: nothing. */
static const char *
check_header(const struct gw_ws_frames *f, const struct wslay_frame_iocb *frame)
{
    if (!frame->mask)
        return "a frame of a client must be masked";
    if (frame->rsv != WSLAY_RSV_NONE)
        return "a reserved bit is set";
    if (!is_known(frame->opcode))
        return "the opcode is reserved";
    if (is_control(frame->opcode))
        return NULL;
    if (f->in_message && frame->opcode != WSLAY_CONTINUATION_FRAME)
        return "a message begins within another";
    if (!f->in_message && frame->opcode == WSLAY_CONTINUATION_FRAME)
        return "a continuation continues nothing";
    return NULL;
}

/* What a data frame announces comes on top of what its message has. */
static bool
is_over_limit(const struct gw_ws_frames *f,
    const struct wslay_frame_iocb *frame)
{
    uint64_t before =
        frame->opcode == WSLAY_CONTINUATION_FRAME ? f->n_message : 0;

    return !is_control(frame->opcode) &&
        frame->payload_length > f->max_message - before;
}

static enum gw_ws_what
judge(struct gw_ws_frames *f, const struct wslay_frame_iocb *frame,
    struct gw_ws_event *event)
{
    const char *why = check_header(f, frame);

    if (why != NULL)
        return broken(f, event, GW_WS_PROTOCOL_ERROR, why);
    if (is_over_limit(f, frame))
        return broken(f, event, GW_WS_TOO_BIG, "the message is over the limit");
    return GW_WS_MORE;
}

/* wslay tells of a header with the first piece of its payload. Before that all
 * that it has is the header, as far as it has come. */
static enum gw_ws_what
look_at_header(struct gw_ws_frames *f, struct gw_ws_event *event)
{
    const uint8_t *head = f->tail + GW_WS_HEAD_MAX - f->n_inside;
    struct wslay_frame_iocb frame = { 0 };
    unsigned short_length;
    size_t n;

    assert(f->n_inside <= GW_WS_HEAD_MAX);
    if (f->n_inside < 2)
        return GW_WS_MORE;
    frame.rsv = (uint8_t)(head[0] >> 4 & 7);
    frame.opcode = (uint8_t)(head[0] & 15);
    frame.mask = (uint8_t)(head[1] >> 7);
    short_length = head[1] & 127;
    n = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
    if (n == 0)
        frame.payload_length = short_length;
    else if (f->n_inside >= 2 + n)
        for (size_t i = 0; i < n; i++)
            frame.payload_length = frame.payload_length << 8 | head[2 + i];
    return judge(f, &frame, event);
}

static void
begin_message(struct gw_ws_frames *f, bool is_text)
{
    f->in_message = true;
    f->is_text = is_text;
    f->is_started = false;
    f->n_message = 0;
    f->n_cut = 0;
}

/* As a client has to write it. */
static size_t
header_size(uint64_t len)
{
    return 2 + (len < 126 ? 0u : len <= UINT16_MAX ? 2u : 8u) + 4;
}

/* The first piece of a frame tells its header as well. */
static enum gw_ws_what
begin_frame(struct gw_ws_frames *f, const struct wslay_frame_iocb *frame,
    struct gw_ws_event *event)
{
    enum gw_ws_what what = judge(f, frame, event);

    if (what != GW_WS_MORE)
        return what;
    f->in_frame = true;
    f->n_inside -= header_size(frame->payload_length);
    f->n_left = frame->payload_length;
    f->n_control = 0;
    if (is_control(frame->opcode))
        return GW_WS_MORE;
    if (frame->opcode != WSLAY_CONTINUATION_FRAME)
        begin_message(f, frame->opcode == WSLAY_TEXT_FRAME);
    f->n_message += frame->payload_length;
    return GW_WS_MORE;
}

/* ---- Text is UTF-8 -------------------------------------------------------- */

/* Goes on with the character that the last piece was cut in. */
static bool
finish_character(struct gw_ws_frames *f, const char **p, const char *end)
{
    while (f->n_cut > 0 && *p < end) {
        int n;

        f->cut[f->n_cut++] = *(*p)++;
        n = pb_utf8_sequence(f->cut, f->cut + f->n_cut);
        if (n == 0)
            return false;
        if (n > 0)
            f->n_cut = 0;
    }
    return true;
}

static const char *
skip_ascii(const char *p, const char *end)
{
    uint64_t word;

    while (end - p >= (ptrdiff_t)sizeof word) {
        memcpy(&word, p, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
        p += sizeof word;
    }
    return p;
}

static bool
check_text(struct gw_ws_frames *f, const uint8_t *data, size_t len)
{
    const char *p = (const char *)data;
    const char *end = p + len;

    if (!finish_character(f, &p, end))
        return false;
    while (p < end) {
        int n;

        p = skip_ascii(p, end);
        if (p == end)
            break;
        n = pb_utf8_sequence(p, end);
        if (n == 0)
            return false;
        if (n < 0) {
            f->n_cut = (uint8_t)(end - p);
            memcpy(f->cut, p, f->n_cut);
            break;
        }
        p += n;
    }
    return true;
}

static bool
is_text(const uint8_t *data, size_t len)
{
    struct gw_ws_frames f = { 0 };

    return check_text(&f, data, len) && f.n_cut == 0;
}

/* ---- Frames as they end --------------------------------------------------- */

/* RFC 6455 section 7.4: those that may stand in a Close. */
static bool
is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
        (code >= 3000 && code <= 4999);
}

enum gw_ws_what
gw_ws_close_read(const uint8_t *payload, size_t len, struct gw_ws_event *event)
{
    unsigned code;

    *event = (struct gw_ws_event){ .code = GW_WS_NO_CODE };
    if (len == 0)
        return GW_WS_CLOSE;
    if (len == 1)
        return wrong(event, GW_WS_PROTOCOL_ERROR, "half a code in Close");
    code = (unsigned)payload[0] << 8 | payload[1];
    if (!is_close_code(code))
        return wrong(event, GW_WS_PROTOCOL_ERROR,
            "this code must not stand in Close");
    if (!is_text(payload + 2, len - 2))
        return wrong(event, GW_WS_BAD_TEXT, "the reason of Close is not UTF-8");
    event->code = (uint16_t)code;
    event->data = payload + 2;
    event->len = len - 2;
    return GW_WS_CLOSE;
}

static enum gw_ws_what
take_control(struct gw_ws_frames *f, const struct wslay_frame_iocb *frame,
    struct gw_ws_event *event)
{
    assert(f->n_control + frame->data_length <= sizeof f->control);
    if (frame->data_length > 0)
        memcpy(f->control + f->n_control, frame->data, frame->data_length);
    f->n_control += (uint8_t)frame->data_length;
    if (f->in_frame)
        return GW_WS_MORE;
    if (frame->opcode == WSLAY_CONNECTION_CLOSE) {
        f->is_over = true;
        return gw_ws_close_read(f->control, f->n_control, event);
    }
    event->data = f->control;
    event->len = f->n_control;
    return frame->opcode == WSLAY_PING ? GW_WS_PING : GW_WS_PONG;
}

static enum gw_ws_what
take_data(struct gw_ws_frames *f, const struct wslay_frame_iocb *frame,
    struct gw_ws_event *event)
{
    event->data = frame->data;
    event->len = frame->data_length;
    event->is_text = f->is_text;
    event->is_first = !f->is_started;
    event->is_last = !f->in_frame && frame->fin;
    if (f->is_text &&
        (!check_text(f, event->data, event->len) ||
            (event->is_last && f->n_cut > 0)))
        return broken(f, event, GW_WS_BAD_TEXT, "the text is not UTF-8");
    f->is_started = true;
    f->in_message = !event->is_last;
    return GW_WS_DATA;
}

enum gw_ws_what
gw_ws_frames_next(struct gw_ws_frames *f, struct gw_ws_event *event)
{
    enum gw_ws_what what = GW_WS_MORE;

    *event = (struct gw_ws_event){ .data = NULL };
    if (!f->is_over && !prepare(f))
        return broken(f, event, GW_WS_INTERNAL_ERROR, "memory is short");
    while (what == GW_WS_MORE && !f->is_over) {
        struct wslay_frame_iocb frame;
        ssize_t n = wslay_frame_recv(f->wslay, &frame);

        if (n == WSLAY_ERR_WANT_READ)
            return f->in_frame ? GW_WS_MORE : look_at_header(f, event);
        if (n < 0)
            return broken(f, event, GW_WS_PROTOCOL_ERROR,
                "the length of a frame is wrong, or a control frame is in "
                "fragments");
        if (!f->in_frame) {
            what = begin_frame(f, &frame, event);
            if (what != GW_WS_MORE)
                break;
        }
        f->n_left -= frame.data_length;
        f->n_inside -= frame.data_length;
        f->in_frame = f->n_left > 0;
        what = is_control(frame.opcode) ? take_control(f, &frame, event)
                                        : take_data(f, &frame, event);
    }
    return what;
}

/* ---- To the client -------------------------------------------------------- */

static size_t
make_header(uint8_t header[HEADER_MAX], enum gw_ws_opcode opcode, uint64_t len)
{
    unsigned n = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;

    header[0] = (uint8_t)(0x80u | opcode); /* one frame is the message */
    header[1] = n == 0 ? (uint8_t)len : n == 2 ? 126 : 127;
    for (unsigned i = 0; i < n; i++)
        header[2 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
    return 2 + n;
}

enum pb_err
gw_ws_frame_open(struct pb_buf *out, size_t *at)
{
    enum pb_err err = pb_buf_reserve(out, HEADER_MAX);

    *at = out->len;
    if (err == PB_OK)
        out->len += HEADER_MAX;
    return err;
}

void
gw_ws_frame_shut(struct pb_buf *out, size_t at, enum gw_ws_opcode opcode)
{
    uint8_t header[HEADER_MAX];
    size_t len = out->len - at - HEADER_MAX;
    size_t n = make_header(header, opcode, len);
    uint8_t *p = out->data + at;

    memmove(p + n, p + HEADER_MAX, len);
    memcpy(p, header, n);
    out->len -= HEADER_MAX - n;
}

enum pb_err
gw_ws_frame_put(struct pb_buf *out, enum gw_ws_opcode opcode,
    const void *payload, size_t len)
{
    uint8_t header[HEADER_MAX];
    size_t n = make_header(header, opcode, len);
    enum pb_err err = pb_buf_reserve(out, n + len);

    if (err == PB_OK)
        err = pb_buf_put(out, header, n);
    return err == PB_OK ? pb_buf_put(out, payload, len) : err;
}

/* Characters of text into room bytes. */
static size_t
put_reason(char *to, size_t room, struct sluice_str text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const char *p = text.len > 0 ? text.ptr : "";
    const char *end = p + text.len;
    size_t used = 0;

    while (p < end) {
        int found = pb_utf8_sequence(p, end);
        size_t n = found > 0 ? (size_t)found : sizeof replacement - 1;

        if (n > room - used)
            break;
        memcpy(to + used, found > 0 ? p : replacement, n);
        used += n;
        p += found > 0 ? found : 1;
    }
    return used;
}

enum pb_err
gw_ws_close_put(struct pb_buf *out, uint16_t code, struct sluice_str reason)
{
    uint8_t payload[GW_WS_CONTROL_MAX];
    size_t n;

    if (code == GW_WS_NO_CODE)
        return gw_ws_frame_put(out, GW_WS_OP_CLOSE, NULL, 0);
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    n = put_reason((char *)payload + 2, GW_WS_REASON_MAX, reason);
    return gw_ws_frame_put(out, GW_WS_OP_CLOSE, payload, n + 2);
}
