/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/utf8.h - UTF-8 for readers of text that comes in pieces: like
 * pb_utf8_next(), but a character that the end cuts is told from a broken one.
 */
#ifndef PB_UTF8_H
#define PB_UTF8_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Length of the well-formed character at p < end, 1..4; 0: there is none; -1:
 * end cuts one that is well formed so far. */
static inline int
pb_utf8_sequence(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    unsigned char low = 0x80, high = 0xbf;
    int n;

    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    if (c < 0xe0 && end - p >= 2)
        return ((unsigned char)p[1] & 0xc0) == 0x80 ? 2 : 0;
    n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (c == 0xe0)
        low = 0xa0;
    else if (c == 0xed)
        high = 0x9f;
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f;
    for (int i = 1; i < n; i++) {
        unsigned char d;

        if (p + i == end)
            return -1;
        d = (unsigned char)p[i];
        if (d < low || d > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return n;
}

/* Length of the well-formed character of 2 to 4 bytes at p, where 4 bytes may be
 * read; 0: there is none. Bits of all bytes are looked at together. */
static inline unsigned
pb_utf8_wide(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    v = le32toh(v);
    if ((v & 0xc0e0) == 0x80c0)
        return (v & 0x1e) != 0 ? 2 : 0; /* C0 and C1 would be ASCII */
    if ((v & 0xc0c0f0) == 0x8080e0) {
        v &= 0x200f; /* of E0 only the upper half, of ED the lower */
        return v != 0 && v != 0x200d ? 3 : 0;
    }
    if ((v & 0xc0c0c0f8) != 0x808080f0)
        return 0;
    /* the plane, from 1 to 16, has bits in the first two bytes */
    return (v & 0x3007) != 0 && ((v & 4) == 0 || (v & 0x3003) == 0) ? 4 : 0;
}

/* How much of p[0..n) is well formed, up to the last whole character. */
size_t pb_utf8_prefix(const void *p, size_t n);
/* The same without vectors, for a test. */
size_t pb_utf8_prefix_plainly(const void *p, size_t n);

/* How many of the bytes before end, and not before begin, are the beginning of a
 * character that goes on: 0 to 3. */
static inline unsigned
pb_utf8_cut(const void *begin, const void *end)
{
    const uint8_t *p = end;
    size_t most = (size_t)(p - (const uint8_t *)begin);

    for (unsigned n = 1; n <= 3 && n <= most; n++) {
        if (p[-(int)n] >= 0xc0) /* its character has at least so many bytes: */
            return p[-(int)n] >= (n == 1 ? 0xc0 : n == 2 ? 0xe0 : 0xf0) ? n : 0;
        if (p[-(int)n] < 0x80)
            return 0;
    }
    return 0;
}

/* Writes the code point c, no surrogate, at most U+10FFFF. Returns 1..4. */
static inline unsigned
pb_utf8_write(char to[4], unsigned c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

#endif
