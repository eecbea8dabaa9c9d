/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal text to wire bits.
 *
 * A number is read into its sign, its digits and a power of ten. Integers come
 * from the digits alone. For floating point up to 19 digits fit 64 bits. Their
 * product with 10^k to 128 bits has an error so small that it hardly ever matters
 * to the rounding: only where it lies next to the middle between two neighbours
 * (D. Lemire, "Number Parsing at a Gigabyte per Second", shows how seldom that
 * is). Then, while the power of five fits 64 bits too, the quotient or product
 * is exact in 128 bits. What is left goes to strtod in the C locale: more digits,
 * denormals, the middle itself.
 */
#include "protobuf/number_in.h"

#include <assert.h>
#include <endian.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "protobuf/block.h"
#include "protobuf/power10.h"
#include "protobuf/wire.h"

#define MAX_DIGITS 19       /* decimal digits that always fit 64 bits */
#define MAX_POWER_OF_5 27   /* 5^27 < 2^64 */
#define EXPONENT_CAP 100000 /* far outside of every type */

/* A number as it stands in the text: value = digits * 10^exponent, where digits
 * are those before the point and those after it, read as one integer. */
struct decimal {
    bool is_negative;
    const char *whole;
    const char *fraction;
    size_t n_whole;
    size_t n_fraction;
    uint64_t head; /* the digits; worthless if there are too many */
    int exponent;
};

/* How wide a floating point type is, and where its exponents end. */
struct float_shape {
    unsigned fraction_bits;
    int max_exponent;
    int bias;
};

static const struct float_shape shape_of_double = { 52, 1023, 1023 };
static const struct float_shape shape_of_float = { 23, 127, 127 };

static bool
is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Reads [eE][+-]?[0-9]+ at p, saturating. Returns the byte after it or NULL. */
static const char *
read_exponent(const char *p, const char *end, int *exponent)
{
    bool is_negative = false;
    int value = 0;

    p++;
    if (p < end && (*p == '+' || *p == '-'))
        is_negative = *p++ == '-';
    if (p == end || !is_digit(*p))
        return NULL;
    for (; p < end && is_digit(*p); p++)
        if (value < EXPONENT_CAP)
            value = value * 10 + (*p - '0');
    *exponent = is_negative ? -value : value;
    return p;
}

/* Eight digits, the first one in the lowest byte, as a number: pairs are joined,
 * then pairs of those, then both halves. */
static inline uint64_t
join_digits(uint64_t v)
{
    v = (v & PB_EACH(0x0f)) * (10 * 256 + 1) >> 8;
    v = (v & UINT64_C(0x00ff00ff00ff00ff)) * (100 * 65536 + 1) >> 16;
    return (v & UINT64_C(0x0000ffff0000ffff)) *
        (10000 * (UINT64_C(1) << 32) + 1) >>
        32;
}

static inline bool
are_digits(uint64_t v)
{
    return (((v + PB_EACH(6)) >> 4 | v) & PB_EACH(0x0f) << 4) == PB_EACH(0x30);
}

static inline const char *
read_digits(const char *p, const char *end, uint64_t *value)
{
    uint64_t v = *value;

    for (; p < end && is_digit(*p); p++)
        v = v * 10 + (uint64_t)(*p - '0');
    *value = v;
    return p;
}

/* The same, where there may be many. */
static const char *
read_fraction(const char *p, const char *end, uint64_t *value)
{
    uint64_t v = *value;

    for (; end - p >= 8; p += 8) {
        uint64_t eight;

        memcpy(&eight, p, sizeof(eight));
        eight = le64toh(eight);
        if (!are_digits(eight))
            break;
        v = v * 100000000 + join_digits(eight);
    }
    *value = v;
    return read_digits(p, end, value);
}

/* Reads a JSON number at p as far as it goes. Returns the byte after it, or
 * NULL: there is none. */
static const char *
read_decimal(struct decimal *d, const char *p, const char *end)
{
    int exponent = 0;

    d->is_negative = p < end && *p == '-';
    p += d->is_negative;
    d->head = 0;
    d->whole = p;
    p = read_digits(p, end, &d->head);
    d->n_whole = (size_t)(p - d->whole);
    if (d->n_whole == 0 || (*d->whole == '0' && d->n_whole > 1))
        return NULL;
    d->fraction = p;
    d->n_fraction = 0;
    if (p < end && *p == '.') {
        d->fraction = ++p;
        p = read_fraction(p, end, &d->head);
        d->n_fraction = (size_t)(p - d->fraction);
        if (d->n_fraction == 0)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = read_exponent(p, end, &exponent);
        if (p == NULL)
            return NULL;
    }
    d->exponent = exponent - (int)d->n_fraction;
    return p;
}

bool
pb_number_is_valid(const char *text, size_t len)
{
    struct decimal d;

    return len <= PB_NUMBER_MAX &&
        read_decimal(&d, text, text + len) == text + len;
}

/* Appends a digit to value once a digit comes that is not zero; until then it
 * counts the zeros. False: more than 64 bits. */
static bool
append_digit(uint64_t *value, int *n_zeros, char digit)
{
    uint64_t v = *value;

    if (digit == '0') {
        *n_zeros += v != 0;
        return true;
    }
    for (; *n_zeros >= 0; --*n_zeros)
        if (__builtin_mul_overflow(v, 10u, &v))
            return false;
    *n_zeros = 0;
    return !__builtin_add_overflow(v, (uint64_t)(digit - '0'), value);
}

/* The magnitude as an integer of 64 bits. Zeros at the end go into the exponent
 * first, as do those the exponent stands for. */
static enum pb_number_fault
decimal_to_integer(const struct decimal *d, uint64_t *value)
{
    uint64_t v = 0;
    int exponent = d->exponent;
    int n_zeros = 0;

    for (size_t i = 0; i < d->n_whole; i++)
        if (!append_digit(&v, &n_zeros, d->whole[i]))
            return PB_NUMBER_RANGE;
    for (size_t i = 0; i < d->n_fraction; i++)
        if (!append_digit(&v, &n_zeros, d->fraction[i]))
            return PB_NUMBER_RANGE;
    *value = v;
    if (v == 0)
        return PB_NUMBER_OK;
    exponent += n_zeros;
    if (exponent < 0)
        return PB_NUMBER_FRACTION;
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(v, 10u, &v))
            return PB_NUMBER_RANGE; /* at the latest after 20 rounds */
    *value = v;
    return PB_NUMBER_OK;
}

/* Largest magnitudes of the integer types, positive and negative. */
static enum pb_number_fault
check_range(enum pb_type type, bool is_negative, uint64_t magnitude)
{
    uint64_t limit;

    switch (type) {
    case PB_UINT32:
    case PB_FIXED32:
        limit = is_negative ? 0 : UINT32_MAX;
        break;
    case PB_UINT64:
    case PB_FIXED64:
        limit = is_negative ? 0 : UINT64_MAX;
        break;
    case PB_INT64:
    case PB_SINT64:
    case PB_SFIXED64:
        limit = (uint64_t)INT64_MAX + is_negative;
        break;
    default:
        limit = (uint64_t)INT32_MAX + is_negative;
        break;
    }
    return magnitude <= limit ? PB_NUMBER_OK : PB_NUMBER_RANGE;
}

enum pb_number_fault
pb_wide_to_bits(enum pb_type type, bool is_negative, uint64_t magnitude,
    uint64_t *bits)
{
    uint64_t v = is_negative ? 0 - magnitude : magnitude;

    if (type == PB_SINT32 || type == PB_SINT64)
        v = (v << 1) ^ (0 - (v >> 63));
    *bits = v;
    return check_range(type, is_negative, magnitude);
}

/* significand * 2^exponent, the significand with its top bit set and is_inexact
 * telling of anything below it, rounded to nearest, ties to even. */
static enum pb_number_fault
round_to_bits(const struct float_shape *shape, uint64_t significand,
    int exponent, bool is_inexact, uint64_t *bits)
{
    unsigned cut = 63 - shape->fraction_bits;
    uint64_t kept = significand >> cut;
    uint64_t rest = significand & ((UINT64_C(1) << cut) - 1);
    uint64_t half = UINT64_C(1) << (cut - 1);
    int unit = exponent + 63;

    if (rest > half || (rest == half && (is_inexact || (kept & 1))))
        kept++;
    if (kept >> (shape->fraction_bits + 1)) {
        kept >>= 1;
        unit++;
    }
    if (unit > shape->max_exponent)
        return PB_NUMBER_RANGE;
    kept &= (UINT64_C(1) << shape->fraction_bits) - 1;
    *bits = (uint64_t)(unit + shape->bias) << shape->fraction_bits | kept;
    return PB_NUMBER_OK;
}

/* head * 10^power by exact arithmetic; |power| <= MAX_POWER_OF_5, head > 0. */
static enum pb_number_fault
scale_exactly(const struct float_shape *shape, uint64_t head, int power,
    uint64_t *bits)
{
    uint64_t five = pb_powers_of_5[power < 0 ? -power : power];
    int shift = __builtin_clzll(head);
    int five_shift = __builtin_clzll(five);
    unsigned __int128 wide;
    uint64_t quotient;

    head <<= shift;
    five <<= five_shift;
    if (power >= 0) {
        int exponent = power - shift - five_shift + 64;

        wide = (unsigned __int128)head * five;
        if (!(wide >> 127)) {
            wide <<= 1;
            exponent--;
        }
        return round_to_bits(shape, (uint64_t)(wide >> 64), exponent,
            (uint64_t)wide != 0, bits);
    }
    /* head / five lies in (1/2, 2): make the quotient fill 64 bits. */
    if (head >= five) {
        wide = (unsigned __int128)head << 63;
        power += 1;
    } else {
        wide = (unsigned __int128)head << 64;
    }
    quotient = (uint64_t)(wide / five);
    return round_to_bits(shape, quotient, power - 64 - shift + five_shift,
        quotient * five != (uint64_t)wide, bits);
}

/* The same with 10^power as near as 128 bits are. False: the result depends on
 * what they do not tell. */
static bool
scale_nearly(const struct float_shape *shape, uint64_t head, int power,
    uint64_t *bits)
{
    int shift = __builtin_clzll(head);
    int exponent = pb_log2_of_pow10(power) + 1 - shift;
    uint64_t half = UINT64_C(1) << (62 - shape->fraction_bits);
    struct pb_u128 product = pb_multiply_high(pb_pow10(power), head << shift);
    uint64_t rest;

    if (!(product.hi >> 63)) {
        product.hi = product.hi << 1 | product.lo >> 63;
        product.lo <<= 1;
        exponent--;
    }
    /* The true product is less than 8 below this one, or less than 2 above. */
    rest = product.hi & (2 * half - 1);
    if ((rest == half && product.lo <= 8) ||
        (rest == half - 1 && product.lo >= UINT64_MAX - 2))
        return false;
    if (exponent + 63 < 1 - shape->bias)
        return false;
    return round_to_bits(shape, product.hi, exponent, true, bits) ==
        PB_NUMBER_OK;
}

static uint64_t
bits_of_double(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static uint64_t
bits_of_float(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

/* By the C library, for many digits and large exponents. */
static enum pb_number_fault
convert_slowly(enum pb_type type, const char *text, size_t len, uint64_t *bits)
{
    char copy[PB_NUMBER_MAX + 1];
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    bool is_finite;

    assert(len <= PB_NUMBER_MAX);
    if (c == (locale_t)0)
        return PB_NUMBER_MEMORY;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (type == PB_FLOAT) {
        float x = strtof_l(copy, NULL, c);

        is_finite = isfinite(x);
        *bits = bits_of_float(x);
    } else {
        double x = strtod_l(copy, NULL, c);

        is_finite = isfinite(x);
        *bits = bits_of_double(x);
    }
    freelocale(c);
    return is_finite ? PB_NUMBER_OK : PB_NUMBER_RANGE;
}

/* Do all digits fit head? Zeros in front do not count. */
static bool
is_head_whole(const struct decimal *d)
{
    size_t n = d->n_fraction;

    if (d->n_whole + n <= MAX_DIGITS)
        return true;
    if (*d->whole != '0')
        return false;
    for (const char *p = d->fraction; n > 0 && *p == '0'; n--)
        p++;
    return n <= MAX_DIGITS;
}

/* Whatever the C library is not needed for. False: it is, perhaps to find that
 * the number is out of range. */
static bool
decimal_to_float(enum pb_type type, const struct decimal *d, uint64_t *bits)
{
    bool is_float = type == PB_FLOAT;
    const struct float_shape *shape =
        is_float ? &shape_of_float : &shape_of_double;
    int power = d->exponent;

    if (!is_head_whole(d))
        return false;
    *bits = 0;
    if (d->head != 0 &&
        (power < PB_POW10_MIN || power > PB_POW10_MAX ||
            !scale_nearly(shape, d->head, power, bits)) &&
        (power < -MAX_POWER_OF_5 || power > MAX_POWER_OF_5 ||
            scale_exactly(shape, d->head, power, bits) != PB_NUMBER_OK))
        return false;
    *bits |= (uint64_t)d->is_negative << (is_float ? 31 : 63);
    return true;
}

const char *
pb_float_read(enum pb_type type, const char *p, const char *end, uint64_t *bits)
{
    struct decimal d;
    const char *q = read_decimal(&d, p, end);

    if (q == NULL || q == end || q - p > PB_NUMBER_MAX || pb_is_in_number(*q) ||
        !decimal_to_float(type, &d, bits))
        return NULL;
    return q;
}

enum pb_number_fault
pb_number_to_bits(enum pb_type type, const char *text, size_t len,
    uint64_t *bits)
{
    const char *end = text + len;
    enum pb_number_fault fault;
    struct decimal d;
    uint64_t magnitude;
    bool is_negative;

    if (len == 0 || len > PB_NUMBER_MAX)
        return PB_NUMBER_SYNTAX;
    if (type != PB_FLOAT && type != PB_DOUBLE &&
        pb_integer_read(text, end, &is_negative, &magnitude) == end)
        return pb_integer_to_bits(type, is_negative, magnitude, bits);
    if (read_decimal(&d, text, end) != end)
        return PB_NUMBER_SYNTAX;
    if (type == PB_FLOAT || type == PB_DOUBLE)
        return decimal_to_float(type, &d, bits)
            ? PB_NUMBER_OK
            : convert_slowly(type, text, len, bits);
    fault = decimal_to_integer(&d, &magnitude);
    if (fault != PB_NUMBER_OK)
        return fault;
    return pb_integer_to_bits(type, d.is_negative, magnitude, bits);
}

bool
pb_number_is_special(enum pb_type type, const char *text, size_t len,
    uint64_t *bits)
{
    static const struct {
        const char *text;
        uint32_t as_float;
        uint64_t as_double;
    } specials[] = {
        { "NaN", 0x7fc00000u, UINT64_C(0x7ff8000000000000) },
        { "Infinity", 0x7f800000u, UINT64_C(0x7ff0000000000000) },
        { "-Infinity", 0xff800000u, UINT64_C(0xfff0000000000000) },
    };

    if (type != PB_FLOAT && type != PB_DOUBLE)
        return false;
    for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
        if (strlen(specials[i].text) != len ||
            memcmp(specials[i].text, text, len) != 0)
            continue;
        *bits = type == PB_FLOAT ? specials[i].as_float : specials[i].as_double;
        return true;
    }
    return false;
}

const char *
pb_type_noun(enum pb_type type)
{
    static const char *const nouns[] = {
        [PB_DOUBLE] = "a double",
        [PB_FLOAT] = "a float",
        [PB_INT64] = "an int64",
        [PB_UINT64] = "a uint64",
        [PB_INT32] = "an int32",
        [PB_FIXED64] = "a fixed64",
        [PB_FIXED32] = "a fixed32",
        [PB_BOOL] = "true or false",
        [PB_STRING] = "a string",
        [PB_GROUP] = "an object",
        [PB_MESSAGE] = "an object",
        [PB_BYTES] = "a string of base64",
        [PB_UINT32] = "a uint32",
        [PB_ENUM] = "an enum value",
        [PB_SFIXED32] = "an sfixed32",
        [PB_SFIXED64] = "an sfixed64",
        [PB_SINT32] = "an sint32",
        [PB_SINT64] = "an sint64",
    };

    assert(type >= PB_DOUBLE && type <= PB_SINT64);
    return nouns[type];
}

enum pb_err
pb_put_scalar(struct pb_buf *out, enum pb_wire wire, uint64_t bits)
{
    uint8_t bytes[10];
    uint64_t little = htole64(bits); /* its first half, for 32 bits too */

    if (wire == PB_WIRE_VARINT)
        return pb_buf_put(out, bytes,
            (size_t)(pb_varint_write(bytes, bits) - bytes));
    return pb_buf_put(out, &little, wire == PB_WIRE_I32 ? 4 : 8);
}
