/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal text to wire bits.
 *
 * A number is read once into its sign, its significant digits and a power of
 * ten. Integers come from the digits alone. For floating point the first 19
 * digits fit 64 bits, and while the power of ten is small enough for its power
 * of five to fit 64 bits too, the quotient or product is exact in 128 bits and
 * needs one rounding. What is left (about one number in a million) goes to
 * strtod in the C locale.
 */
#include "protobuf/number_in.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "protobuf/wire.h"

#define MAX_DIGITS 19       /* decimal digits that always fit 64 bits */
#define MAX_POWER_OF_5 27   /* 5^27 < 2^64 */
#define EXPONENT_CAP 100000 /* far outside of every type */

struct decimal {
    bool is_negative;
    bool is_cut;       /* digits beyond the 19th that are not zero */
    const char *first; /* the first digit that is not zero */
    const char *last;  /* the last one; NULL: the number is zero */
    uint64_t head;     /* the first 19 significant digits */
    int head_exponent; /* value = head * 10^head_exponent, unless is_cut */
    int exponent;      /* value = all digits as an integer * 10^exponent */
};

static const uint64_t powers_of_5[MAX_POWER_OF_5 + 1] = {
    1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u,
    9765625u, 48828125u, 244140625u, 1220703125u, 6103515625u, 30517578125u,
    152587890625u, 762939453125u, 3814697265625u, 19073486328125u,
    95367431640625u, 476837158203125u, 2384185791015625u, 11920928955078125u,
    59604644775390625u, 298023223876953125u, 1490116119384765625u,
    7450580596923828125u
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

/* Notes one digit; point counts the digits after the decimal point so far. */
static void
take_digit(struct decimal *d, const char *p, unsigned *n_significant)
{
    unsigned digit = (unsigned)(*p - '0');

    if (digit != 0) {
        if (d->first == NULL)
            d->first = p;
        d->last = p;
    }
    if (d->first == NULL)
        return;
    if (*n_significant < MAX_DIGITS)
        d->head = d->head * 10 + digit;
    else if (digit != 0)
        d->is_cut = true;
    ++*n_significant;
}

/* Reads a JSON number that fills [p, end). False: it is none. */
static bool
read_decimal(struct decimal *d, const char *p, const char *end)
{
    unsigned n_significant = 0;
    int n_after_point = 0;
    int exponent = 0;

    memset(d, 0, sizeof(*d));
    if (p < end && *p == '-') {
        d->is_negative = true;
        p++;
    }
    if (p == end || !is_digit(*p))
        return false;
    if (*p == '0' && p + 1 < end && is_digit(p[1]))
        return false;
    for (; p < end && is_digit(*p); p++)
        take_digit(d, p, &n_significant);
    if (p < end && *p == '.') {
        if (++p == end || !is_digit(*p))
            return false;
        for (; p < end && is_digit(*p); p++, n_after_point++)
            take_digit(d, p, &n_significant);
    }
    if (p < end && (*p == 'e' || *p == 'E'))
        p = read_exponent(p, end, &exponent);
    d->exponent = exponent - n_after_point;
    d->head_exponent = d->exponent;
    if (n_significant > MAX_DIGITS)
        d->head_exponent += (int)(n_significant - MAX_DIGITS);
    return p == end;
}

bool
pb_number_is_valid(const char *text, size_t len)
{
    struct decimal d;

    return len <= PB_NUMBER_MAX && read_decimal(&d, text, text + len);
}

/* The magnitude as an integer of 64 bits: drops zeros at the end of the digits
 * into the exponent, then appends the zeros that the exponent stands for. */
static enum pb_number_fault
decimal_to_integer(const struct decimal *d, const char *end, uint64_t *value)
{
    uint64_t v = 0;
    int exponent = d->exponent;
    const char *p;

    *value = 0;
    if (d->last == NULL)
        return PB_NUMBER_OK;
    for (p = d->last + 1; p < end && (is_digit(*p) || *p == '.'); p++)
        exponent += *p != '.';
    if (exponent < 0)
        return PB_NUMBER_FRACTION;
    for (p = d->first; p <= d->last; p++) {
        if (*p == '.')
            continue;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return PB_NUMBER_RANGE;
    }
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
pb_integer_to_bits(enum pb_type type, bool is_negative, uint64_t magnitude,
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
    uint64_t five = powers_of_5[power < 0 ? -power : power];
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

static enum pb_number_fault
decimal_to_float(enum pb_type type, const struct decimal *d, const char *text,
    size_t len, uint64_t *bits)
{
    const struct float_shape *shape =
        type == PB_FLOAT ? &shape_of_float : &shape_of_double;
    unsigned sign_at = type == PB_FLOAT ? 31 : 63;
    enum pb_number_fault fault = PB_NUMBER_OK;

    *bits = 0;
    if (d->head != 0) {
        if (d->is_cut || d->head_exponent > MAX_POWER_OF_5 ||
            d->head_exponent < -MAX_POWER_OF_5)
            return convert_slowly(type, text, len, bits);
        fault = scale_exactly(shape, d->head, d->head_exponent, bits);
    }
    *bits |= (uint64_t)d->is_negative << sign_at;
    return fault;
}

enum pb_number_fault
pb_number_to_bits(enum pb_type type, const char *text, size_t len,
    uint64_t *bits)
{
    enum pb_number_fault fault;
    struct decimal d;
    uint64_t magnitude;

    if (len == 0 || len > PB_NUMBER_MAX)
        return PB_NUMBER_SYNTAX;
    if (type == PB_FLOAT || type == PB_DOUBLE) {
        if (!read_decimal(&d, text, text + len))
            return PB_NUMBER_SYNTAX;
        return decimal_to_float(type, &d, text, len, bits);
    }
    if (!read_decimal(&d, text, text + len))
        return PB_NUMBER_SYNTAX;
    fault = decimal_to_integer(&d, text + len, &magnitude);
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
        *bits = type == PB_FLOAT ? specials[i].as_float
                                 : specials[i].as_double;
        return true;
    }
    return false;
}

const char *
pb_type_noun(enum pb_type type)
{
    static const char *const nouns[] = {
        [PB_DOUBLE] = "a double", [PB_FLOAT] = "a float",
        [PB_INT64] = "an int64", [PB_UINT64] = "a uint64",
        [PB_INT32] = "an int32", [PB_FIXED64] = "a fixed64",
        [PB_FIXED32] = "a fixed32", [PB_BOOL] = "true or false",
        [PB_STRING] = "a string", [PB_GROUP] = "an object",
        [PB_MESSAGE] = "an object", [PB_BYTES] = "a string of base64",
        [PB_UINT32] = "a uint32", [PB_ENUM] = "an enum value",
        [PB_SFIXED32] = "an sfixed32", [PB_SFIXED64] = "an sfixed64",
        [PB_SINT32] = "an sint32", [PB_SINT64] = "an sint64"
    };

    assert(type >= PB_DOUBLE && type <= PB_SINT64);
    return nouns[type];
}

enum pb_err
pb_put_scalar(struct pb_buf *out, enum pb_wire wire, uint64_t bits)
{
    uint8_t bytes[10];
    size_t n = 0;

    if (wire == PB_WIRE_VARINT)
        n = (size_t)(pb_varint_write(bytes, bits) - bytes);
    else
        for (size_t width = wire == PB_WIRE_I32 ? 4 : 8; n < width; n++)
            bytes[n] = (uint8_t)(bits >> (8 * n));
    return pb_buf_put(out, bytes, n);
}
