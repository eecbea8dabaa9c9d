/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers to text. Integers go two digits at a time. Floating point is the
 * Schubfach method (R. Giulietti, "The Schubfach way to render doubles"): with
 * the number as c * 2^q, one multiplication by a power of ten moves it and the
 * two borders of its rounding interval to where the shortest decimal is found
 * among four candidates.
 *
 * The method wants 10^k to 126 bits, rounded up. power10.h has it to 128 and
 * errs upwards by at most 3 units of the last, less than one of the 126th bit.
 */
#include "protobuf/number_out.h"
#include "protobuf/power10.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    DIGITS_MAX = 20,
    FRACTION_MAX = 16, /* of the 17 digits of a double */
    PLAIN_MIN = -6,    /* 1e-6 is written plainly, */
    PLAIN_END = 21,    /* 1e21 is not */
};

/* digits * 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

static const char pairs[] = "0001020304050607080910111213141516171819"
                            "2021222324252627282930313233343536373839"
                            "4041424344454647484950515253545556575859"
                            "6061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static const uint64_t powers10[DIGITS_MAX] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* ---- Integers ------------------------------------------------------------ */

static unsigned
count_digits(uint64_t v)
{
    /* 1233 / 4096 is log10(2), from below */
    unsigned n = ((64u - (unsigned)__builtin_clzll(v | 1)) * 1233) >> 12;

    return n + (v >= powers10[n]) + (v == 0);
}

static inline void
put_pair(uint8_t *to, unsigned v)
{
    memcpy(to, &pairs[2 * v], 2);
}

static inline void
put_8_digits(uint8_t *to, uint32_t v)
{
    uint32_t high = v / 10000, low = v % 10000;

    put_pair(to, high / 100);
    put_pair(to + 2, high % 100);
    put_pair(to + 4, low / 100);
    put_pair(to + 6, low % 100);
}

/* Writes v backwards so that it ends before `end`. */
static void
put_digits(uint8_t *end, uint64_t v, unsigned digits)
{
    /* 64 bits only as long as it takes */
    for (; digits > 9; digits -= 8) {
        end -= 8;
        put_8_digits(end, (uint32_t)(v % 100000000));
        v /= 100000000;
    }
    for (uint32_t low = (uint32_t)v; digits > 0; low /= 100) {
        if (digits == 1) {
            end[-1] = (uint8_t)('0' + low % 10);
            break;
        }
        end -= 2;
        digits -= 2;
        put_pair(end, low % 100);
    }
}

uint8_t *
pb_u64_format(uint8_t *to, uint64_t v)
{
    unsigned digits;

    if (v < 10) {
        *to = (uint8_t)('0' + v);
        return to + 1;
    }
    digits = count_digits(v);
    put_digits(to + digits, v, digits);
    return to + digits;
}

uint8_t *
pb_i64_format(uint8_t *to, int64_t v)
{
    if (v >= 0)
        return pb_u64_format(to, (uint64_t)v);
    *to = '-';
    return pb_u64_format(to + 1, 0 - (uint64_t)v);
}

uint8_t *
pb_u32_format_fixed(uint8_t *to, uint32_t v, unsigned digits)
{
    if (digits == 2) {
        put_pair(to, v);
        return to + 2;
    }
    put_digits(to + digits, v, digits);
    return to + digits;
}

/* ---- Shortest decimals --------------------------------------------------- */

/* floor(g * c / 2^128) whose last bit is also set when a fraction was lost. A
 * fraction of one unit may be the error of g and counts as none. */
static uint64_t
scale_to_odd(struct pb_u128 g, uint64_t c)
{
    struct pb_u128 high = pb_multiply_high(g, c);

    return high.hi | (high.lo > 1);
}

/* The shortest decimal in the rounding interval of c * 2^q. is_pow2: c is the
 * least of its binade, so that the neighbour below is half as far. */
static struct decimal
shortest(uint64_t c, int q, bool is_pow2)
{
    /* floor(log10(2^q)), of 3/4 * 2^q when the interval is narrower */
    int k = (q * 1262611 - (is_pow2 ? 524031 : 0)) >> 22;
    int h = q + pb_log2_of_pow10(-k) + 1;
    struct pb_u128 g = pb_pow10(-k);
    uint64_t is_odd = c & 1;
    uint64_t lower = scale_to_odd(g, (4 * c - 2 + is_pow2) << h) + is_odd;
    uint64_t upper = scale_to_odd(g, (4 * c + 2) << h) - is_odd;
    uint64_t value = scale_to_odd(g, (4 * c) << h);
    uint64_t s = value / 4;
    bool down, up;

    /* one digit less, if exactly one such decimal lies inside */
    if (s >= 10) {
        uint64_t tens = s / 10;

        down = lower <= 40 * tens;
        up = 40 * tens + 40 <= upper;
        if (down != up)
            return (struct decimal){ tens + up, k + 1 };
    }
    down = lower <= 4 * s;
    up = 4 * s + 4 <= upper;
    if (down == up) /* both or none: the nearer, of two as near the even */
        up = value > 4 * s + 2 || (value == 4 * s + 2 && (s & 1) != 0);
    return (struct decimal){ s + up, k };
}

/* Prices and measures have up to three decimals, and that is found out faster:
 * of all decimals with 15 digits or less at most one reads back as v. */
static bool
is_short(double v, struct decimal *d)
{
    double thousandths = v * 1000;

    if (!(thousandths < 1e15))
        return false;
    *d = (struct decimal){ (uint64_t)(thousandths + 0.5), -3 };
    /* mostly far from it, which is known without a division */
    return d->digits != 0 &&
        fabs((double)d->digits - thousandths) <= thousandths * 0x1p-52 &&
        (double)d->digits / 1000 == v;
}

/* c * 2^q with c of at most `bits` bits; an integer needs no search. */
static struct decimal
decimal_of(uint64_t c, int q, int bits, bool is_pow2)
{
    if (q <= 0 && q > -bits && (c & ((UINT64_C(1) << -q) - 1)) == 0)
        return (struct decimal){ c >> -q, 0 };
    return shortest(c, q, is_pow2);
}

static struct decimal
strip_zeros(struct decimal d)
{
    if (d.digits % 100000000 == 0) {
        d.digits /= 100000000;
        d.exponent += 8;
    }
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/* ---- Their text ---------------------------------------------------------- */

/* d.ddd with its point after the first digit, then the exponent. */
static uint8_t *
format_exponent(uint8_t *to, struct decimal d, unsigned digits)
{
    int exponent = d.exponent + (int)digits - 1;

    put_digits(to + 1 + digits, d.digits, digits);
    to[0] = to[1];
    to[1] = '.';
    to += digits == 1 ? 1 : digits + 1;
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    return pb_u64_format(to, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

static uint8_t *
format_plain(uint8_t *to, struct decimal d, unsigned digits)
{
    unsigned point; /* digits before it */

    if (d.exponent >= 0) {
        put_digits(to + digits, d.digits, digits);
        memset(to + digits, '0', (size_t)d.exponent);
        return to + digits + d.exponent;
    }
    if (digits > (unsigned)-d.exponent) {
        uint8_t fraction[FRACTION_MAX];

        point = digits - (unsigned)-d.exponent;
        put_digits(to + digits, d.digits, digits);
        memcpy(fraction, to + point, sizeof fraction); /* or less */
        memcpy(to + point + 1, fraction, sizeof fraction);
        to[point] = '.';
        return to + 1 + digits;
    }
    memset(to, '0', 2 + (unsigned)-d.exponent - digits);
    to[1] = '.';
    to += 2 + -d.exponent;
    put_digits(to, d.digits, digits);
    return to;
}

static uint8_t *
format_decimal(uint8_t *to, struct decimal d)
{
    unsigned digits;
    int leading; /* exponent of the first digit */

    d = strip_zeros(d);
    digits = count_digits(d.digits);
    leading = d.exponent + (int)digits - 1;
    if (leading < PLAIN_MIN || leading >= PLAIN_END)
        return format_exponent(to, d, digits);
    return format_plain(to, d, digits);
}

/* -0 would be an integer to some, Python among them, and lose its sign. */
static uint8_t *
format_zero(uint8_t *to, bool is_negative)
{
    const char *text = is_negative ? "-0.0" : "0";
    size_t n = strlen(text);

    memcpy(to, text, n);
    return to + n;
}

uint8_t *
pb_double_format(uint8_t *to, double v)
{
    uint64_t bits, fraction;
    struct decimal d;
    int biased;

    memcpy(&bits, &v, sizeof bits);
    fraction = bits & ((UINT64_C(1) << 52) - 1);
    biased = (int)(bits >> 52 & 0x7ff);
    if (biased == 0 && fraction == 0)
        return format_zero(to, bits >> 63);
    if (bits >> 63)
        *to++ = '-';
    if (is_short(fabs(v), &d))
        return format_decimal(to, d);
    if (biased == 0)
        return format_decimal(to, shortest(fraction, -1074, false));
    return format_decimal(to,
        decimal_of(fraction | UINT64_C(1) << 52, biased - 1075, 53,
            fraction == 0 && biased > 1));
}

uint8_t *
pb_float_format(uint8_t *to, float v)
{
    uint32_t bits, fraction;
    int biased;

    memcpy(&bits, &v, sizeof bits);
    fraction = bits & ((UINT32_C(1) << 23) - 1);
    biased = (int)(bits >> 23 & 0xff);
    if (biased == 0 && fraction == 0)
        return format_zero(to, bits >> 31);
    if (bits >> 31)
        *to++ = '-';
    if (biased == 0)
        return format_decimal(to, shortest(fraction, -149, false));
    return format_decimal(to,
        decimal_of(fraction | UINT32_C(1) << 23, biased - 150, 24,
            fraction == 0 && biased > 1));
}
