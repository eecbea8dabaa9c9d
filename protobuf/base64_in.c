/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 decoding. Sixteen characters at a time by SSE2, where there is that:
 * which of five ranges a character lies in tells what to add to it. Then, or
 * elsewhere, whole quads go through a table of six-bit values; a character that
 * is none has bit 7 set, which one test per quad finds. Everything unusual is
 * done by single characters.
 */
#include "protobuf/base64_in.h"

#include <endian.h>
#if defined(__SSE2__) && defined(__x86_64__)
#include <emmintrin.h>
#endif

#define NONE 0x80

/* Six-bit values of both alphabets; 0x80: not a base64 character. */
#define ROW8(x) \
    (x), (x) + 1, (x) + 2, (x) + 3, (x) + 4, (x) + 5, (x) + 6, (x) + 7
#define NONE8 NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE
#define NONE32 NONE8, NONE8, NONE8, NONE8

/* clang-format off */
static const uint8_t six_bits[256] = {
    NONE32,
    NONE8, NONE, NONE, NONE, 62, NONE, 62, NONE, 63,      /* + - / */
    ROW8(52), 60, 61, NONE, NONE, NONE, NONE, NONE, NONE, /* 0..9 */
    NONE, 0, 1, 2, 3, 4, 5, 6, ROW8(7), ROW8(15),         /* A..W */
    23, 24, 25, NONE, NONE, NONE, NONE, 63,               /* X Y Z _ */
    NONE, 26, 27, 28, 29, 30, 31, 32, ROW8(33), ROW8(41), /* a..w */
    49, 50, 51, NONE, NONE, NONE, NONE, NONE,             /* x y z */
    NONE32, NONE32, NONE32, NONE32
};
/* clang-format on */

/* Four characters as 24 bits; more than that: not all of them are base64. */
static inline uint32_t
quad(const uint8_t *p)
{
    uint32_t a = six_bits[p[0]], b = six_bits[p[1]];
    uint32_t c = six_bits[p[2]], d = six_bits[p[3]];

    return a << 18 | b << 12 | c << 6 | d | ((a | b | c | d) & NONE) << 24;
}

static inline void
put_quad(uint8_t *to, uint32_t bits)
{
    to[0] = (uint8_t)(bits >> 16);
    to[1] = (uint8_t)(bits >> 8);
    to[2] = (uint8_t)bits;
}

#if defined(__SSE2__) && defined(__x86_64__)

/* Where c lies from first to last, c + shift; elsewhere 0. What is not ASCII is
 * below zero. */
static inline __m128i
shift_range(__m128i c, char first, char last, int shift)
{
    __m128i is_in = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8(first - 1)),
        _mm_cmplt_epi8(c, _mm_set1_epi8(last + 1)));

    return _mm_and_si128(is_in, _mm_add_epi8(c, _mm_set1_epi8((char)shift)));
}

/* Where c is one of two, that value; elsewhere 0. */
static inline __m128i
set_either(__m128i c, char one, char other, char value)
{
    return _mm_and_si128(_mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8(one)),
                             _mm_cmpeq_epi8(c, _mm_set1_epi8(other))),
        _mm_set1_epi8(value));
}

/* Two lanes of 32 bits that hold 24 as 6 bytes and 2 zeros. */
static inline void
put_lanes(uint8_t *to, uint64_t lanes)
{
    uint64_t bits = lanes << 40 | lanes >> 32 << 16;

    bits = htobe64(bits);
    memcpy(to, &bits, sizeof(bits));
}

/* Sixteen characters to twelve bytes and two more, which mean nothing. False:
 * not all of them are base64. */
static inline bool
decode_block(uint8_t *to, const uint8_t *from)
{
    __m128i c = _mm_loadu_si128((const __m128i *)(const void *)from);
    /* all values plus one, so that 0 is left for what is none */
    __m128i v = _mm_or_si128(_mm_or_si128(shift_range(c, 'A', 'Z', 1 - 'A'),
                                 shift_range(c, 'a', 'z', 27 - 'a')),
        _mm_or_si128(shift_range(c, '0', '9', 53 - '0'),
            _mm_or_si128(set_either(c, '+', '-', 63),
                set_either(c, '/', '_', 64))));

    if (_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) != 0)
        return false;
    v = _mm_sub_epi8(v, _mm_set1_epi8(1));
    /* 16 bits: the first of two characters is the low byte */
    v = _mm_or_si128(_mm_slli_epi16(_mm_and_si128(v, _mm_set1_epi16(0xff)), 6),
        _mm_srli_epi16(v, 8));
    v = _mm_madd_epi16(v, _mm_set1_epi32(1 << 16 | 1 << 12));
    put_lanes(to, (uint64_t)_mm_cvtsi128_si64(v));
    put_lanes(to + 6, (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(v, v)));
    return true;
}

/* Decodes blocks while all of it is base64 and there is room. Returns how many
 * characters it took. */
static size_t
decode_blocks(const uint8_t *p, size_t len, struct pb_buf *out)
{
    size_t i = 0;

    for (; len - i >= 16 && out->cap - out->len >= 14; i += 16) {
        if (!decode_block(out->data + out->len, p + i))
            break;
        out->len += 12;
    }
    return i;
}

#else

static size_t
decode_blocks(const uint8_t *p, size_t len, struct pb_buf *out)
{
    (void)p;
    (void)len;
    (void)out;
    return 0;
}

#endif

/* Decodes pairs of quads, then one, while all of it is base64 and there is
 * room. Returns how many characters it took. */
static size_t
decode_quads(const uint8_t *p, size_t len, struct pb_buf *out)
{
    size_t n = len / 4;
    size_t room = (out->cap - out->len) / 3;
    size_t i = 0;
    uint8_t *to;

    if (n > room)
        n = room;
    if (n == 0)
        return 0; /* a buffer without room may have no bytes at all */
    to = out->data + out->len;
    for (; i + 2 < n; i += 2, p += 8, to += 6) {
        uint32_t first = quad(p), second = quad(p + 4);
        uint64_t both = htobe64((uint64_t)first << 40 | (uint64_t)second << 16);

        if ((first | second) >> 24)
            break;
        memcpy(to, &both, sizeof(both)); /* two bytes more, overwritten next */
    }
    for (; i < n; i++, p += 4, to += 3) {
        uint32_t bits = quad(p);

        if (bits >> 24)
            break;
        put_quad(to, bits);
    }
    out->len += i * 3;
    return i * 4;
}

static enum pb_err
feed_padding(struct pb_base64 *b, struct pb_buf *out)
{
    if (b->n_chars < 2)
        return PB_EVALUE;
    b->n_padding++;
    return b->n_chars + b->n_padding < 4 ? PB_OK : pb_base64_finish(b, out);
}

static enum pb_err
feed_char(struct pb_base64 *b, uint8_t c, struct pb_buf *out)
{
    uint8_t bytes[3];

    if (b->is_closed)
        return PB_EVALUE;
    if (c == '=')
        return feed_padding(b, out);
    if (six_bits[c] == NONE || b->n_padding > 0)
        return PB_EVALUE;
    b->bits = b->bits << 6 | six_bits[c];
    if (++b->n_chars < 4)
        return PB_OK;
    for (unsigned i = 0; i < 3; i++)
        bytes[i] = (uint8_t)(b->bits >> (16 - 8 * i));
    b->bits = 0;
    b->n_chars = 0;
    return pb_buf_put(out, bytes, sizeof(bytes));
}

enum pb_err
pb_base64_feed(struct pb_base64 *b, const char *text, size_t len,
    struct pb_buf *out, size_t *at)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t i = 0;

    while (i < len) {
        enum pb_err err;

        if (b->n_chars == 0 && !b->is_closed) {
            i += decode_blocks(bytes + i, len - i, out);
            i += decode_quads(bytes + i, len - i, out);
        }
        if (i == len)
            break;
        err = feed_char(b, bytes[i], out);
        if (err != PB_OK) {
            *at = i;
            return err;
        }
        i++;
    }
    return PB_OK;
}

enum pb_err
pb_base64_finish(struct pb_base64 *b, struct pb_buf *out)
{
    uint8_t bytes[2];
    unsigned n = b->n_chars;
    uint32_t bits;

    if (b->is_closed || (n == 0 && b->n_padding == 0))
        return PB_OK;
    if (n < 2 || (b->n_padding > 0 && n + b->n_padding != 4))
        return PB_EVALUE;
    bits = b->bits << (6 * (4 - n));
    bytes[0] = (uint8_t)(bits >> 16);
    bytes[1] = (uint8_t)(bits >> 8);
    b->is_closed = true;
    return pb_buf_put(out, bytes, n - 1);
}

size_t
pb_base64_size(const char *text, size_t len)
{
    for (int i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++)
        len--;
    return len / 4 * 3 + (len % 4 > 1 ? len % 4 - 1 : 0);
}
