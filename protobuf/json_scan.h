/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_scan.h - where the plain text of a JSON string ends: a quote,
 * a backslash, a control character or what is not ASCII. 16 bytes at a time
 * with SSE2, 8 in a word elsewhere.
 */
#ifndef PB_JSON_SCAN_H
#define PB_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define PB_LOW_BITS UINT64_C(0x0101010101010101)
#define PB_HIGH_BITS UINT64_C(0x8080808080808080)

static inline bool
pb_is_special(unsigned char c)
{
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
}

#if defined(__SSE2__)

#define PB_SCAN_BLOCK 16

/* A bit for each special byte of the block. */
static inline unsigned
pb_special_in_block(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    /* Signed: what is not ASCII is below zero. */
    __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));

    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(low, _mm_or_si128(quote, slash)));
}

static inline unsigned
pb_first_in_block(unsigned found)
{
    return (unsigned)__builtin_ctz(found);
}

#else

#define PB_SCAN_BLOCK 8

/* The high bit of each byte that is special. Borrows may mark a byte behind a
 * marked one, never one before it; so only the first mark counts. */
static inline uint64_t
pb_special_in_block(const char *p)
{
    uint64_t v, quote, slash;

    memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    quote = v ^ (PB_LOW_BITS * '"');
    slash = v ^ (PB_LOW_BITS * '\\');
    return (v | (v - PB_LOW_BITS * 0x20) | (quote - PB_LOW_BITS) |
               (slash - PB_LOW_BITS)) &
        PB_HIGH_BITS;
}

static inline unsigned
pb_first_in_block(uint64_t found)
{
    return (unsigned)__builtin_ctzll(found) / 8;
}

#endif

/* The first special byte from p on, or end. */
static inline const char *
pb_skip_plain(const char *p, const char *end)
{
    for (; end - p >= PB_SCAN_BLOCK; p += PB_SCAN_BLOCK) {
        __typeof__(pb_special_in_block(p)) found = pb_special_in_block(p);

        if (found != 0)
            return p + pb_first_in_block(found);
    }
    while (p < end && !pb_is_special((unsigned char)*p))
        p++;
    return p;
}

/* The closing quote of a string from p on that is plain up to it, if it lies in
 * the first block: most names. NULL: look further. */
static inline const char *
pb_find_near_quote(const char *p, const char *end)
{
    __typeof__(pb_special_in_block(p)) found;

    if (end - p < PB_SCAN_BLOCK)
        return NULL;
    found = pb_special_in_block(p);
    if (found == 0)
        return NULL;
    p += pb_first_in_block(found);
    return *p == '"' ? p : NULL;
}

/* Copies a text that pb_find_near_quote() measured; both sides have room for a
 * block. */
static inline void
pb_copy_block(void *to, const char *from)
{
    memcpy(to, from, PB_SCAN_BLOCK);
}

#undef PB_LOW_BITS
#undef PB_HIGH_BITS

#endif
