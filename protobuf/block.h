/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/block.h - text 16 bytes at a time: with SSE2, which every x86-64
 * has, and in plain C for the others. Both give the same results; the plain
 * ones are always there, so that a test can compare.
 *
 * Special bytes are those that a JSON string does not hold as they are, or that
 * are not ASCII: controls, the quote, the backslash, and 0x80 and up. All other
 * bytes are plain.
 */
#ifndef PB_BLOCK_H
#define PB_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PB_BLOCK 16

#define PB_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline bool
pb_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* ---- In words -------------------------------------------------------------- */

/* Bit 7 of each byte of v that is special. Nothing is carried from one byte to
 * the next, as bit 7 is left out of the sums. */
static inline uint64_t
pb_word_special(uint64_t v)
{
    uint64_t low = v & PB_EACH(0x7f);
    uint64_t not_control = low + PB_EACH(0x80 - 0x20);
    uint64_t not_quote = (low ^ PB_EACH('"')) + PB_EACH(0x7f);
    uint64_t not_slash = (low ^ PB_EACH('\\')) + PB_EACH(0x7f);

    return (~(not_control & not_quote & not_slash) | v) & PB_EACH(0x80);
}

/* Bit 7 of each byte of v as one bit, the lowest for the first byte. */
static inline unsigned
pb_word_gather(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    /* the product gathers the eight bits in its highest byte */
    v = (v & PB_EACH(0x80)) >> 7;
    return (unsigned)(v * UINT64_C(0x0102040810204080) >> 56);
}

/* A bit for each special byte of the 16 at p, the lowest for the first. */
static inline unsigned
pb_block_special_plainly(const void *p)
{
    unsigned found = 0;

    for (unsigned i = 0; i < 2; i++) {
        uint64_t v;

        memcpy(&v, (const uint8_t *)p + 8 * i, sizeof v);
        found |= pb_word_gather(pb_word_special(v)) << (8 * i);
    }
    return found;
}

static inline bool
pb_words_are_plain_plainly(uint64_t a, uint64_t b)
{
    return (pb_word_special(a) | pb_word_special(b)) == 0;
}

/* Bytes that end the text of a JSON string, or an escape must stand for: those
 * that are special and ASCII. */
static inline unsigned
pb_block_stops_plainly(const void *p)
{
    unsigned stops = 0;

    for (unsigned i = 0; i < 2; i++) {
        uint64_t v;

        memcpy(&v, (const uint8_t *)p + 8 * i, sizeof v);
        stops |= pb_word_gather(pb_word_special(v) & ~v) << (8 * i);
    }
    return stops;
}

/* A bit for each byte that is not ASCII. */
static inline unsigned
pb_block_wide_plainly(const void *p)
{
    uint64_t v[2];

    memcpy(v, p, sizeof v);
    return pb_word_gather(v[0]) | pb_word_gather(v[1]) << 8;
}

/* A bit for each byte in which the 16 at a and at b are alike. */
static inline unsigned
pb_block_same_plainly(const void *a, const void *b)
{
    unsigned same = 0;

    for (unsigned i = 0; i < 2; i++) {
        uint64_t v, w;

        memcpy(&v, (const uint8_t *)a + 8 * i, sizeof v);
        memcpy(&w, (const uint8_t *)b + 8 * i, sizeof w);
        v ^= w;
        same |= pb_word_gather(~(((v & PB_EACH(0x7f)) + PB_EACH(0x7f)) | v))
            << (8 * i);
    }
    return same;
}

/* ---- In vectors ------------------------------------------------------------ */

#ifdef __SSE2__

static inline unsigned
pb_vector_special(__m128i v)
{
    /* signed: controls and everything above 0x7f are below 0x20 */
    __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(low, _mm_or_si128(quote, slash)));
}

static inline unsigned
pb_block_special(const void *p)
{
    return pb_vector_special(_mm_loadu_si128((const __m128i *)p));
}

static inline unsigned
pb_block_stops(const void *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(low, _mm_or_si128(quote, slash)));
}

static inline unsigned
pb_block_wide(const void *p)
{
    return (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)p));
}

static inline unsigned
pb_block_same(const void *a, const void *b)
{
    return (unsigned)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a),
            _mm_loadu_si128((const __m128i *)b)));
}

/* Whether all 16 bytes of the two words are plain. */
static inline bool
pb_words_are_plain(uint64_t a, uint64_t b)
{
    return pb_vector_special(_mm_set_epi64x((long long)a, (long long)b)) == 0;
}

#else

static inline unsigned
pb_block_special(const void *p)
{
    return pb_block_special_plainly(p);
}

static inline unsigned
pb_block_stops(const void *p)
{
    return pb_block_stops_plainly(p);
}

static inline unsigned
pb_block_wide(const void *p)
{
    return pb_block_wide_plainly(p);
}

static inline unsigned
pb_block_same(const void *a, const void *b)
{
    return pb_block_same_plainly(a, b);
}

static inline bool
pb_words_are_plain(uint64_t a, uint64_t b)
{
    return pb_words_are_plain_plainly(a, b);
}

#endif

/* ---- With either ------------------------------------------------------------ */

/* Copies 16 bytes, whatever they are; says how many of them come before the
 * first special one. */
static inline unsigned
pb_block_copy(void *to, const void *from)
{
    unsigned special = pb_block_special(from);

    memcpy(to, from, PB_BLOCK);
    return special == 0 ? PB_BLOCK : (unsigned)__builtin_ctz(special);
}

/* Whether from[0..n) is what stands at p, where `left` bytes may be read; a
 * block of from may be read, whatever n is. */
static inline bool
pb_block_stands(const char *p, size_t left, const char *from, size_t n)
{
    if (n <= PB_BLOCK && left >= PB_BLOCK)
        return (~pb_block_same(p, from) & ((1u << n) - 1)) == 0;
    if (left < n)
        return false;
    if (n <= PB_BLOCK || n > 2 * PB_BLOCK)
        return memcmp(p, from, n) == 0;
    return (pb_block_same(p, from) &
               pb_block_same(p + n - PB_BLOCK, from + n - PB_BLOCK)) == 0xffff;
}

/* Copies from[0..n); both sides have at least a block. */
static inline void
pb_block_move(uint8_t *to, const char *from, size_t n)
{
    if (n > 2 * PB_BLOCK) {
        memcpy(to, from, n);
        return;
    }
    memcpy(to, from, PB_BLOCK);
    if (n > PB_BLOCK)
        memcpy(to + n - PB_BLOCK, from + n - PB_BLOCK, PB_BLOCK);
}

#endif
