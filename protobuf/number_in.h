/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/number_in.h - decimal text to the bits that go on the wire, exactly:
 * integers by moving digits, never through a double; floating point rounded
 * once, half to even, to the width of the type.
 */
#ifndef PB_NUMBER_IN_H
#define PB_NUMBER_IN_H

#include "protobuf/schema.h"

/* Longer numbers are refused. The longest exact double has 1,077 characters. */
#define PB_NUMBER_MAX 2048

enum pb_number_fault {
    PB_NUMBER_OK = 0,
    PB_NUMBER_SYNTAX,   /* not a number as JSON writes it */
    PB_NUMBER_RANGE,    /* outside the type */
    PB_NUMBER_FRACTION, /* not integral, and the type is */
    PB_NUMBER_MEMORY
};

/* The text is exactly one JSON number. */
bool pb_number_is_valid(const char *text, size_t len);

/* A JSON number as a value of a numeric type or PB_ENUM (an int32): the value
 * of the varint (sign-extended or zigzag as the type says), or the 32 or 64
 * bits. text need not be terminated. */
enum pb_number_fault pb_number_to_bits(enum pb_type type, const char *text,
    size_t len, uint64_t *bits);

/* The same for an integer that has been read, of any size; not for floating
 * point. */
enum pb_number_fault pb_wide_to_bits(enum pb_type type, bool is_negative,
    uint64_t magnitude, uint64_t *bits);

/* The same, quick for those in the range of every type, which are most. */
static inline enum pb_number_fault
pb_integer_to_bits(enum pb_type type, bool is_negative, uint64_t magnitude,
    uint64_t *bits)
{
    if (is_negative || magnitude > INT32_MAX)
        return pb_wide_to_bits(type, is_negative, magnitude, bits);
    *bits = magnitude << (type == PB_SINT32 || type == PB_SINT64);
    return PB_NUMBER_OK;
}

/* Can c be part of a number? */
static inline bool
pb_is_in_number(char c)
{
    return (unsigned char)(c - '0') < 10 || c == '.' || c == '-' || c == 'e' ||
        c == 'E' || c == '+';
}

/* Reads up to 18 digits with an optional sign: nearly every integer. Returns
 * the byte after it, end perhaps; NULL: it is none or needs a closer look. */
static inline const char *
pb_integer_read(const char *p, const char *end, bool *is_negative,
    uint64_t *magnitude)
{
    uint64_t value = 0;
    const char *first;

    *is_negative = p < end && *p == '-';
    p += *is_negative;
    first = p;
    while (p < end && (unsigned char)(*p - '0') < 10)
        value = value * 10 + (uint64_t)(*p++ - '0');
    if (p == first || p - first > 18 || (*first == '0' && p - first > 1))
        return NULL;
    *magnitude = value;
    return p;
}

/* Reads the number at p as PB_FLOAT or PB_DOUBLE. Returns the byte after it,
 * which comes before end; NULL: it is none or needs a closer look. */
const char *pb_float_read(enum pb_type type, const char *p, const char *end,
    uint64_t *bits);

/* "NaN", "Infinity" and "-Infinity", for PB_FLOAT and PB_DOUBLE. */
bool pb_number_is_special(enum pb_type type, const char *text, size_t len,
    uint64_t *bits);

/* "an int32", "a double": for error messages. */
const char *pb_type_noun(enum pb_type type);

/* Appends a scalar's payload, no tag. */
enum pb_err pb_put_scalar(struct pb_buf *out, enum pb_wire wire, uint64_t bits);

#endif
