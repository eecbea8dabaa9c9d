/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/power10.h - powers of ten for reading and writing floating point.
 *
 * 10^k is kept to 128 bits for every 27th k; the others come from those by one
 * multiplication by a power of five, which fits 64 bits.
 */
#ifndef PB_POWER10_H
#define PB_POWER10_H

#include <stdint.h>

/* The range of pb_pow10. */
#define PB_POW10_MIN (-346)
#define PB_POW10_MAX 328
#define PB_POW10_STEP 27
#define PB_POW10_ANCHORS 25

struct pb_u128 {
    uint64_t hi, lo;
};

/* 5^0 to 5^27. */
extern const uint64_t pb_powers_of_5[PB_POW10_STEP + 1];
/* 10^k for each 27th k from PB_POW10_MIN, scaled to [2^127, 2^128), rounded
 * up. */
extern const struct pb_u128 pb_pow10_anchors[PB_POW10_ANCHORS];

static inline struct pb_u128
pb_multiply(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)a * b;

    return (struct pb_u128){ (uint64_t)(p >> 64), (uint64_t)p };
#else
    uint64_t al = (uint32_t)a, ah = a >> 32;
    uint64_t bl = (uint32_t)b, bh = b >> 32;
    uint64_t low = al * bl;
    uint64_t mid = ah * bl + (low >> 32);
    uint64_t mid2 = al * bh + (uint32_t)mid;

    return (struct pb_u128){
        ah * bh + (mid >> 32) + (mid2 >> 32),
        mid2 << 32 | (uint32_t)low,
    };
#endif
}

/* The upper 128 of the 192 bits of g * c. */
static inline struct pb_u128
pb_multiply_high(struct pb_u128 g, uint64_t c)
{
    struct pb_u128 high = pb_multiply(g.hi, c);
    uint64_t carry = pb_multiply(g.lo, c).hi;

    high.lo += carry;
    high.hi += high.lo < carry;
    return high;
}

/* floor(log2(10^k)), |k| <= 1233 */
static inline int
pb_log2_of_pow10(int k)
{
    return (k * 1741647) >> 19;
}

/* 10^k, scaled to [2^127, 2^128), at most 3 units too great. */
static inline struct pb_u128
pb_pow10(int k)
{
    int i = (k - PB_POW10_MIN) / PB_POW10_STEP;
    int base = PB_POW10_MIN + i * PB_POW10_STEP;
    struct pb_u128 a = pb_pow10_anchors[i], high, low;
    int shift;

    if (k == base)
        return a;
    high = pb_multiply(a.hi, pb_powers_of_5[k - base]);
    low = pb_multiply(a.lo, pb_powers_of_5[k - base]);
    high.lo += low.hi;
    high.hi += high.lo < low.hi;

    /* what 5^(k - base) has more than an integral power of two: 2 to 61 bits */
    shift = pb_log2_of_pow10(k) - pb_log2_of_pow10(base) - (k - base);
    a.hi = high.hi << (64 - shift) | high.lo >> shift;
    a.lo = high.lo << (64 - shift) | low.lo >> shift;
    a.lo++;
    a.hi += a.lo == 0;
    return a;
}

#endif
