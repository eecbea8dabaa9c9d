/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_frames.c - raw HTTP/2 frames over a blocking socket. Header
 * blocks are plain literals on the way out; nghttp2 reads those that come in.
 */
#include "tests/rpc/bad_frames.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void
bad_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("bad backend: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    abort();
}

const char *
bad_skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* --------------------------------------------------------------- writing */

/* false: the peer has gone. */
bool
bad_wire_put(struct bad_wire *w, const void *data, size_t len)
{
    const uint8_t *p = data;
    ssize_t n;

    while (len > 0) {
        n = send(w->fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool
bad_wire_put_head(struct bad_wire *w, uint32_t length, unsigned type,
    unsigned flags, uint32_t stream)
{
    uint8_t head[9] = { (uint8_t)(length >> 16), (uint8_t)(length >> 8),
        (uint8_t)length, (uint8_t)type, (uint8_t)flags, (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };

    return bad_wire_put(w, head, sizeof(head));
}

/* One write for the whole frame: small ones must not trickle. */
bool
bad_wire_put_frame(struct bad_wire *w, unsigned type, unsigned flags,
    uint32_t stream, const void *data, size_t len)
{
    uint8_t whole[9 + 65536] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8),
        (uint8_t)len, (uint8_t)type, (uint8_t)flags, (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };

    if (len > 65536)
        bad_die("a frame of %zu bytes", len);
    if (len > 0)
        memcpy(whole + 9, data, len);
    return bad_wire_put(w, whole, 9 + len);
}

size_t
bad_store32(uint8_t *out, uint32_t v)
{
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
    return 4;
}

/* --------------------------------------------------------------- headers */

/* An HPACK integer with a prefix of 7 bits. */
static size_t
put_length(uint8_t *out, size_t v)
{
    size_t n = 0;

    if (v < 127) {
        out[n++] = (uint8_t)v;
        return n;
    }
    out[n++] = 127;
    for (v -= 127; v >= 128; v >>= 7)
        out[n++] = (uint8_t)(v | 128);
    out[n++] = (uint8_t)v;
    return n;
}

/* A literal field, never indexed, not Huffman coded. */
static size_t
put_field(uint8_t *out, const char *name, size_t name_len, const char *value,
    size_t value_len)
{
    size_t n = 0;

    out[n++] = 0;
    n += put_length(out + n, name_len);
    memcpy(out + n, name, name_len);
    n += name_len;
    n += put_length(out + n, value_len);
    memcpy(out + n, value, value_len);
    return n + value_len;
}

/* "| name=value | name=value"; "name*N=c" is N times the character c. */
static size_t
put_fields(const char *s, uint8_t *out, size_t room)
{
    const char *end;
    const char *equals;
    char *filler;
    size_t n = 0;
    size_t len;

    for (s = strchr(s, '|'); s != NULL; s = strchr(s, '|')) {
        s = bad_skip_blanks(s + 1);
        end = s + strcspn(s, "|");
        while (end > s && end[-1] == ' ')
            end--;
        equals = memchr(s + 1, '=', (size_t)(end - s) - 1);
        if (equals == NULL || n + (size_t)(end - s) + 16 > room)
            bad_die("bad fields: %s", s);
        if (memchr(s, '*', (size_t)(equals - s)) != NULL) {
            len = strtoul((char *)memchr(s, '*', (size_t)(equals - s)) + 1,
                NULL, 10);
            filler = malloc(len);
            if (filler == NULL || n + len + 64 > room)
                bad_die("too long: %s", s);
            memset(filler, equals[1], len);
            n += put_field(out + n, s,
                (size_t)((char *)memchr(s, '*', (size_t)(equals - s)) - s),
                filler, len);
            free(filler);
        } else {
            n += put_field(out + n, s, (size_t)(equals - s), equals + 1,
                (size_t)(end - equals) - 1);
        }
        s = end;
    }
    return n;
}

bool
bad_wire_put_headers(struct bad_wire *w, const char *args, bool is_last)
{
    uint8_t block[65536] = { 0 };
    size_t len = put_fields(args, block, sizeof(block));
    size_t first = len < BAD_MAX_FRAME ? len : BAD_MAX_FRAME;
    size_t at;
    size_t n;
    unsigned end = is_last ? BAD_END_STREAM : 0;

    if (!bad_wire_put_frame(w, BAD_HEADERS,
            end | (first == len ? BAD_END_HEADERS : 0), w->stream, block,
            first))
        return false;
    for (at = first; at < len; at += n) {
        n = len - at < BAD_MAX_FRAME ? len - at : BAD_MAX_FRAME;
        if (!bad_wire_put_frame(w, BAD_CONTINUATION,
                at + n == len ? BAD_END_HEADERS : 0, w->stream, block + at, n))
            return false;
    }
    return true;
}

static void
note_request(struct bad_wire *w, const uint8_t *in, size_t len, bool is_end)
{
    nghttp2_nv nv;
    ssize_t used;
    int flags;
    int n;

    for (;;) {
        used =
            nghttp2_hd_inflate_hd2(w->inflater, &nv, &flags, in, len, is_end);
        if (used < 0)
            bad_die("the request's header block is broken");
        in += used;
        len -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            n = snprintf(w->block + w->block_len,
                sizeof(w->block) - w->block_len, "%.*s: %.*s\n",
                (int)nv.namelen, (char *)nv.name, (int)nv.valuelen,
                (char *)nv.value);
            if ((size_t)n < sizeof(w->block) - w->block_len)
                w->block_len += (size_t)n;
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            nghttp2_hd_inflate_end_headers(w->inflater);
        if (flags & NGHTTP2_HD_INFLATE_FINAL ||
            (!(flags & NGHTTP2_HD_INFLATE_EMIT) && len == 0))
            return;
    }
}

/* --------------------------------------------------------------- reading */

static bool
get(struct bad_wire *w, void *out, size_t len)
{
    uint8_t *p = out;
    ssize_t n;

    while (len > 0) {
        n = recv(w->fd, p, len, 0);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool
bad_wire_get_preface(struct bad_wire *w)
{
    char preface[NGHTTP2_CLIENT_MAGIC_LEN];

    if (w->has_preface)
        return true;
    if (!get(w, preface, sizeof(preface)))
        return false;
    if (memcmp(preface, NGHTTP2_CLIENT_MAGIC, sizeof(preface)) != 0)
        bad_die("the client's preface is wrong");
    w->has_preface = true;
    return true;
}

bool
bad_wire_get_frame(struct bad_wire *w, struct bad_frame *f)
{
    uint8_t head[9];

    if (!bad_wire_get_preface(w) || !get(w, head, sizeof(head)))
        return false;
    f->length = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    f->type = head[3];
    f->flags = head[4];
    f->stream = (uint32_t)(head[5] & 127) << 24 | (uint32_t)head[6] << 16 |
        (uint32_t)head[7] << 8 | head[8];
    if (f->length > BAD_MAX_FRAME)
        bad_die("the client sent a frame of %u bytes", f->length);
    if (!get(w, w->payload, f->length))
        return false;
    if (f->type == BAD_HEADERS)
        w->block_len = 0;
    if (f->type == BAD_HEADERS || f->type == BAD_CONTINUATION)
        note_request(w, w->payload, f->length,
            (f->flags & BAD_END_HEADERS) != 0);
    return true;
}
