/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it UTF-8? With vectors, 16 bytes are looked at together with the three
 * before each of them: those say whether it has to be a continuation, and the
 * one before it whether it has to lie in a part of the range (Unicode, table
 * 3-7). Only a block in which something is wrong is looked at byte by byte.
 */
#include "protobuf/utf8.h"

#include "protobuf/block.h"

size_t
pb_utf8_prefix_plainly(const void *text, size_t n)
{
    const char *p = text, *end = p + n;

    while (p < end) {
        int len = pb_utf8_sequence(p, end);

        if (len <= 0)
            break;
        p += len;
    }
    return (size_t)(p - (const char *)text);
}

#ifdef __SSE2__

static inline __m128i
load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline __m128i
each(unsigned byte)
{
    return _mm_set1_epi8((char)byte);
}

/* Where last is that byte, v is to be refused if `is` is set. */
static inline __m128i
after(__m128i last, unsigned byte, __m128i is)
{
    return _mm_and_si128(_mm_cmpeq_epi8(last, each(byte)), is);
}

/* Is there anything wrong in v, given the bytes 1, 2 and 3 places before each of
 * its own? A character that v cuts is left to the next block. */
static inline bool
is_wrong(__m128i v, __m128i before1, __m128i before2, __m128i before3)
{
    /* signed: 0x80 is the least; continuations are those below 0xc0 */
    __m128i is_continuation = _mm_cmplt_epi8(v, each(0xc0));
    __m128i must_not = _mm_cmpeq_epi8(_mm_setzero_si128(),
        _mm_or_si128(_mm_subs_epu8(before1, each(0xbf)),
            _mm_or_si128(_mm_subs_epu8(before2, each(0xdf)),
                _mm_subs_epu8(before3, each(0xef)))));
    __m128i misplaced = _mm_cmpeq_epi8(is_continuation, must_not);
    __m128i no_lead =
        _mm_or_si128(_mm_cmpeq_epi8(_mm_and_si128(v, each(0xfe)), each(0xc0)),
            _mm_cmpeq_epi8(_mm_max_epu8(v, each(0xf5)), v));
    __m128i out_of_part =
        _mm_or_si128(_mm_or_si128(after(before1, 0xe0,
                                      _mm_cmplt_epi8(v, each(0xa0))),
                         after(before1, 0xed, _mm_cmpgt_epi8(v, each(0x9f)))),
            _mm_or_si128(after(before1, 0xf0, _mm_cmplt_epi8(v, each(0x90))),
                after(before1, 0xf4, _mm_cmpgt_epi8(v, each(0x8f)))));

    return _mm_movemask_epi8(_mm_or_si128(misplaced,
               _mm_or_si128(no_lead, out_of_part))) != 0;
}

static inline bool
is_block_wrong(const uint8_t *p)
{
    return is_wrong(load(p), load(p - 1), load(p - 2), load(p - 3));
}

static inline bool
is_first_block_wrong(const uint8_t *p)
{
    __m128i v = load(p);

    return is_wrong(v, _mm_slli_si128(v, 1), _mm_slli_si128(v, 2),
        _mm_slli_si128(v, 3));
}

size_t
pb_utf8_prefix(const void *text, size_t n)
{
    const uint8_t *p = text;
    size_t at = 0; /* of the block in hand: what is before it is well formed */

    if (n < PB_BLOCK + 3)
        return pb_utf8_prefix_plainly(text, n);
    if (!is_first_block_wrong(p)) {
        for (at = PB_BLOCK; n - at >= PB_BLOCK; at += PB_BLOCK)
            if (is_block_wrong(p + at))
                break;
        if (n - at < PB_BLOCK && !is_block_wrong(p + n - PB_BLOCK))
            return n - pb_utf8_cut(p, p + n);
        at -= pb_utf8_cut(p, p + at);
    }
    return at + pb_utf8_prefix_plainly(p + at, n - at);
}

#else

size_t
pb_utf8_prefix(const void *text, size_t n)
{
    return pb_utf8_prefix_plainly(text, n);
}

#endif
