/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/wire.h - varints, tags and bounded reading of the binary format
 * ("Encoding" of protobuf.dev).
 */
#ifndef PB_WIRE_H
#define PB_WIRE_H

#include "protobuf/buf.h"

/* Bytes a varint of v takes, 1..10. */
static inline size_t
pb_varint_size(uint64_t v)
{
    return (size_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}

/* Writes v at p (10 bytes of room); returns the byte after it. */
static inline uint8_t *
pb_varint_write(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* Reads a varint from [p, end). Returns the byte after it, or NULL when it is
 * truncated or longer than 10 bytes. */
static inline const uint8_t *
pb_varint_read(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    uint64_t x = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t b;

        if (p == end)
            return NULL;
        b = *p++;
        x |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *v = x;
            return p;
        }
    }
    return NULL;
}

/* Appends a varint. */
enum pb_err pb_put_varint(struct pb_buf *b, uint64_t v);

/* Reads a tag: field number 1..2^29-1 and wire type 0..5 or NULL. */
const uint8_t *pb_tag_read(const uint8_t *p, const uint8_t *end,
    uint32_t *number, unsigned *wire);

/* Skips one value of that wire type (a whole group for SGROUP, nested at most
 * depth groups). NULL when broken. */
const uint8_t *pb_skip(const uint8_t *p, const uint8_t *end, uint32_t number,
    unsigned wire, unsigned depth);

/* Reads a LEN prefix and checks that the bytes are there. Returns the first
 * of them or NULL. */
const uint8_t *pb_len_read(const uint8_t *p, const uint8_t *end, size_t *len);

/* What is wrong, for an error: with a tag that pb_tag_read() does not take, and
 * with a value after its tag that pb_skip() does not. Constant. */
const char *pb_tag_fault(const uint8_t *p, const uint8_t *end);
const char *pb_value_fault(unsigned wire, const uint8_t *p, const uint8_t *end);

#endif
