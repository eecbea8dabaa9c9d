/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings on their way out. Nearly all bytes of nearly all strings need only a
 * copy, so the search for those that need more is joined with the copying and
 * goes 16 bytes at a time, escapes and all. Blocks overlap at the
 * end of a text rather than ending in single bytes.
 */
#include "protobuf/json_sink.h"
#include "protobuf/json.h"
#include "protobuf/utf8.h"

#include <math.h>

/* ---- Room ---------------------------------------------------------------- */

static void
open_room(struct pb_sink *s)
{
    s->p = s->end = NULL;
    if (s->buf->data != NULL) {
        s->p = s->buf->data + s->buf->len;
        s->end = s->buf->data + s->buf->cap;
    }
}

static void
close_room(struct pb_sink *s)
{
    if (s->p != NULL)
        s->buf->len = (size_t)(s->p - s->buf->data);
}

/* False when there is none; the room is then closed for good. */
static bool
find_room(struct pb_sink *s)
{
    if (s->err != PB_OK)
        return false;
    close_room(s);
    s->err = pb_buf_reserve(s->buf, 1);
    open_room(s);
    if (s->err != PB_OK)
        s->end = s->p;
    return s->err == PB_OK;
}

void
pb_sink_init(struct pb_sink *s, struct pb_buf *buf)
{
    s->buf = buf;
    s->err = PB_OK;
    open_room(s);
}

enum pb_err
pb_sink_finish(struct pb_sink *s)
{
    close_room(s);
    return s->err;
}

void
pb_sink_put_slow(struct pb_sink *s, const void *bytes, size_t n)
{
    const uint8_t *from = bytes;

    while (n > 0) {
        size_t part = pb_sink_room(s);

        if (part == 0 && !find_room(s))
            return;
        part = pb_sink_room(s);
        if (part > n)
            part = n;
        memcpy(s->p, from, part);
        s->p += part;
        from += part;
        n -= part;
    }
}

/* ---- Plain text ---------------------------------------------------------- */

static size_t
plain_copy_bytes(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t i = 0;

    while (i < n && pb_is_plain(from[i])) {
        to[i] = from[i];
        i++;
    }
    return i;
}

static inline size_t
plain_copy(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t i = 0;

    if (n <= PB_BLOCK)
        return pb_plain_copy_short(to, from, n) ? n
                                                : plain_copy_bytes(to, from, n);

    for (; n - i > PB_BLOCK; i += PB_BLOCK) {
        unsigned plain = pb_block_copy(to + i, from + i);

        if (plain < PB_BLOCK)
            return i + plain;
    }
    i = n - PB_BLOCK; /* again some that are known to be plain */
    return i + pb_block_copy(to + i, from + i);
}

size_t
pb_plain_copy(uint8_t *to, const uint8_t *from, size_t n)
{
    return plain_copy(to, from, n);
}

/* Copies a text that is probably plain. Returns how much of it certainly is. */
static inline size_t
copy_probably_plain(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t i = 0;

    if (n <= PB_BLOCK)
        return pb_plain_copy_short(to, from, n) ? n : 0;
    for (; n - i > PB_BLOCK; i += PB_BLOCK) {
        memcpy(to + i, from + i, PB_BLOCK);
        if (pb_block_special(from + i) != 0)
            return i;
    }
    memcpy(to + n - PB_BLOCK, from + n - PB_BLOCK, PB_BLOCK);
    return pb_block_special(from + n - PB_BLOCK) == 0 ? n : i;
}

/* ---- UTF-8 and escapes --------------------------------------------------- */

/* What stands for c, a control, a quote or a backslash. Writes 8 bytes. */
static inline uint8_t *
escape(uint8_t *to, uint8_t c)
{
#define S(letter)           \
    {                       \
        { '\\', letter }, 2 \
    }
#define U(high, low)                          \
    {                                         \
        { '\\', 'u', '0', '0', high, low }, 6 \
    }
    static const struct {
        char text[7];
        uint8_t len;
    } escapes['\\' + 1] = {
        /* clang-format off */
        U('0', '0'), U('0', '1'), U('0', '2'), U('0', '3'),
        U('0', '4'), U('0', '5'), U('0', '6'), U('0', '7'),
        S('b'), S('t'), S('n'), U('0', 'b'),
        S('f'), S('r'), U('0', 'e'), U('0', 'f'),
        U('1', '0'), U('1', '1'), U('1', '2'), U('1', '3'),
        U('1', '4'), U('1', '5'), U('1', '6'), U('1', '7'),
        U('1', '8'), U('1', '9'), U('1', 'a'), U('1', 'b'),
        U('1', 'c'), U('1', 'd'), U('1', 'e'), U('1', 'f'),
        ['"'] = S('"'), ['\\'] = S('\\'),
        /* clang-format on */
    };
#undef S
#undef U

    memcpy(to, &escapes[c], 8);
    return to + escapes[c].len;
}

/* What a round of copy_blocks may write: an escape may begin in the last byte of
 * a block. */
#define COPY_ROOM (PB_BLOCK + 8)

/* Text that is UTF-8, as far as that goes by the block. since: from there up to p
 * it has been copied as it is, so that the last block may begin earlier. */
static const uint8_t *
copy_blocks(struct pb_sink *s, const uint8_t *p, const uint8_t *end,
    const uint8_t *since)
{
    uint8_t *to = s->p;

    while (p < end && s->end - to >= COPY_ROOM) {
        unsigned stops, n;

        if (end - p < PB_BLOCK) {
            const uint8_t *last = end - PB_BLOCK;

            if (last < since)
                break;
            to -= p - last;
            p = last;
        }
        stops = pb_block_stops(p);
        memcpy(to, p, PB_BLOCK);
        n = stops == 0 ? PB_BLOCK : (unsigned)__builtin_ctz(stops);
        p += n;
        to += n;
        if (stops != 0) {
            to = escape(to, *p++);
            since = p;
        }
    }
    s->p = to;
    return p;
}

/* The same byte by byte. */
static void
copy_bytes(struct pb_sink *s, const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++) {
        if (*p >= 0x80 || pb_is_plain(*p)) {
            pb_sink_char(s, (char)*p);
        } else {
            uint8_t *at = pb_sink_at(s, 8);

            pb_sink_to(s, at, escape(at, *p));
        }
    }
}

/* The rest of a text whose plain beginning has been copied. */
static const uint8_t *
put_rest(struct pb_sink *s, const uint8_t *text, size_t plain, size_t n)
{
    const uint8_t *p = text + plain;
    const uint8_t *end;

    end = p + pb_utf8_prefix(p, n - plain);
    for (const uint8_t *since = text; p < end && s->err == PB_OK; since = p) {
        size_t left;

        p = copy_blocks(s, p, end, since);
        left = (size_t)(end - p);
        if (left >= PB_BLOCK)
            left = 1; /* the room ends */
        copy_bytes(s, p, p + left);
        p += left;
    }
    return end < text + n ? end : NULL;
}

const uint8_t *
pb_sink_text(struct pb_sink *s, const uint8_t *text, size_t n)
{
    size_t room = pb_sink_room(s);
    size_t plain = plain_copy(s->p, text, n < room ? n : room);

    s->p += plain;
    return plain == n ? NULL : put_rest(s, text, plain, n);
}

/* What pb_sink_string does when the text is not all plain, or does not fit;
 * `plain` bytes of it are in their place. */
static const uint8_t *__attribute__((noinline))
put_string(struct pb_sink *s, const uint8_t *text, size_t plain, size_t n)
{
    const uint8_t *bad;

    pb_sink_char(s, '"');
    if (plain > 0) /* there may be no buffer at all */
        s->p += plain;
    bad = put_rest(s, text, plain, n);
    pb_sink_char(s, '"');
    return bad;
}

const uint8_t *
pb_sink_string(struct pb_sink *s, const uint8_t *text, size_t n)
{
    uint8_t *p = s->p;
    size_t plain;

    if (pb_sink_room(s) < n + 2)
        return put_string(s, text, 0, n);
    plain = copy_probably_plain(p + 1, text, n);
    if (plain < n)
        return put_string(s, text, plain, n);
    *p = '"';
    p += n + 1;
    *p = '"';
    s->p = p + 1;
    return NULL;
}

/* ---- Numbers ------------------------------------------------------------- */

void
pb_sink_double(struct pb_sink *s, double v)
{
    uint8_t *at;

    if (isnan(v)) {
        pb_sink_put(s, "\"NaN\"", 5);
    } else if (isinf(v)) {
        pb_sink_put(s, "\"-", v > 0 ? 1 : 2);
        pb_sink_put(s, "Infinity\"", 9);
    } else {
        at = pb_sink_at(s, PB_NUMBER_MAX);
        pb_sink_to(s, at, pb_double_format(at, v));
    }
}

void
pb_sink_float(struct pb_sink *s, float v)
{
    uint8_t *at;

    if (isnan(v) || isinf(v)) {
        pb_sink_double(s, (double)v);
        return;
    }
    at = pb_sink_at(s, PB_NUMBER_MAX);
    pb_sink_to(s, at, pb_float_format(at, v));
}

/* ---- Texts outside messages ---------------------------------------------- */

enum pb_err
pb_json_quote(struct pb_buf *out, const char *text, size_t len)
{
    struct pb_sink s;
    const uint8_t *p = (const uint8_t *)text;
    const uint8_t *end = p + len;

    pb_sink_init(&s, out);
    pb_sink_char(&s, '"');
    while (p < end && s.err == PB_OK) {
        p = pb_sink_text(&s, p, (size_t)(end - p));
        if (p == NULL)
            break;
        pb_sink_put(&s, "\xef\xbf\xbd", 3);
        p++;
    }
    pb_sink_char(&s, '"');
    return pb_sink_finish(&s);
}
