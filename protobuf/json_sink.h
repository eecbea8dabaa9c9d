/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_sink.h - a cursor over a pb_buf, and the JSON texts that have
 * no structure: strings, base64, numbers.
 *
 * The buffer may be a drained one of any size: bytes that were written are
 * never looked at again, and never more than one byte of room is asked for.
 * What needs more at once is made in `stage` and leaves in pieces.
 *
 * Errors      Sticky: after the first one the rest is dropped. Ask err at
 *             times, and what pb_sink_finish returns at the end.
 */
#ifndef PB_JSON_SINK_H
#define PB_JSON_SINK_H

#include "protobuf/block.h"
#include "protobuf/buf.h"
#include "protobuf/number_out.h"

enum { PB_SINK_STAGE = 64 };

struct pb_sink {
    uint8_t *p;   /* next byte */
    uint8_t *end; /* of the room */
    struct pb_buf *buf;
    enum pb_err err;
    uint8_t stage[PB_SINK_STAGE];
};

/* While a sink is in use, the buffer's len is behind; finish brings it up. */
void pb_sink_init(struct pb_sink *s, struct pb_buf *buf);
enum pb_err pb_sink_finish(struct pb_sink *s);

/* What the room could not take. */
void pb_sink_put_slow(struct pb_sink *s, const void *bytes, size_t n);

static inline size_t
pb_sink_room(const struct pb_sink *s)
{
    return (size_t)(s->end - s->p);
}

static inline void
pb_sink_put(struct pb_sink *s, const void *bytes, size_t n)
{
    if (pb_sink_room(s) < n) {
        pb_sink_put_slow(s, bytes, n);
        return;
    }
    memcpy(s->p, bytes, n);
    s->p += n;
}

static inline void
pb_sink_char(struct pb_sink *s, char c)
{
    if (s->p < s->end)
        *s->p++ = (uint8_t)c;
    else
        pb_sink_put_slow(s, &c, 1);
}

/* A place for up to n bytes, n <= PB_SINK_STAGE; to be followed by
 * pb_sink_to with that place and the byte after what was written there. */
static inline uint8_t *
pb_sink_at(struct pb_sink *s, size_t n)
{
    return pb_sink_room(s) >= n ? s->p : s->stage;
}

static inline void
pb_sink_to(struct pb_sink *s, const uint8_t *place, uint8_t *after)
{
    if (place == s->p)
        s->p = after;
    else
        pb_sink_put_slow(s, place, (size_t)(after - place));
}

/* n bytes of UTF-8, escaped; with and without the quotes around. Returns NULL,
 * or the first byte of text that is not UTF-8 (what is before it is written).
 */
const uint8_t *pb_sink_string(struct pb_sink *s, const uint8_t *text, size_t n);
const uint8_t *pb_sink_text(struct pb_sink *s, const uint8_t *text, size_t n);

/* Base64, standard alphabet, padded, with its quotes. */
void pb_sink_base64(struct pb_sink *s, const uint8_t *bytes, size_t n);

/* NaN and infinities as the strings that ProtoJSON has for them. */
void pb_sink_double(struct pb_sink *s, double v);
void pb_sink_float(struct pb_sink *s, float v);

static inline void
pb_sink_i64(struct pb_sink *s, int64_t v)
{
    uint8_t *at = pb_sink_at(s, PB_NUMBER_MAX);

    pb_sink_to(s, at, pb_i64_format(at, v));
}

static inline void
pb_sink_u64(struct pb_sink *s, uint64_t v)
{
    uint8_t *at = pb_sink_at(s, PB_NUMBER_MAX);

    pb_sink_to(s, at, pb_u64_format(at, v));
}

/* ---- Plain text: what JSON takes as it is, and ASCII --------------------- */

/* Copies the longest beginning of from[0..n) that is plain; returns its
 * length. Touches nothing outside to[0..n). */
size_t pb_plain_copy(uint8_t *to, const uint8_t *from, size_t n);

/* Copies from[0..n), n <= 16, by two words that may overlap. False: not all
 * of it is plain, and what lies at `to`
 * is undefined. */
static inline bool
pb_plain_copy_short(uint8_t *to, const uint8_t *from, size_t n)
{
    uint64_t a8, b8;
    uint32_t a4, b4;

    if (n >= 8) {
        memcpy(&a8, from, 8);
        memcpy(&b8, from + n - 8, 8);
        if (!pb_words_are_plain(a8, b8))
            return false;
        memcpy(to, &a8, 8);
        memcpy(to + n - 8, &b8, 8);
    } else if (n >= 4) {
        memcpy(&a4, from, 4);
        memcpy(&b4, from + n - 4, 4);
        a8 = (uint64_t)b4 << 32 | a4;
        if (!pb_words_are_plain(a8, a8))
            return false;
        memcpy(to, &a4, 4);
        memcpy(to + n - 4, &b4, 4);
    } else {
        for (size_t i = 0; i < n; i++) {
            if (!pb_is_plain(from[i]))
                return false;
            to[i] = from[i];
        }
    }
    return true;
}

#endif
