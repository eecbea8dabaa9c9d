/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading of the binary format. Nothing here trusts a length, and
 * NULL is the one way to say that the bytes are broken.
 */
#include "protobuf/wire.h"
#include "protobuf/schema.h"

enum {
    TAG_BYTES_MAX = 5,
    LEN_MAX = INT32_MAX,
};

enum pb_err
pb_put_varint(struct pb_buf *b, uint64_t v)
{
    enum pb_err err = pb_buf_reserve(b, pb_varint_size(v));

    if (err == PB_OK)
        b->len = (size_t)(pb_varint_write(b->data + b->len, v) - b->data);
    return err;
}

const uint8_t *
pb_tag_read(const uint8_t *p, const uint8_t *end, uint32_t *number,
    unsigned *wire)
{
    const uint8_t *next;
    uint64_t tag;

    next = pb_varint_read(p, end, &tag);
    if (next == NULL || next - p > TAG_BYTES_MAX || tag > UINT32_MAX)
        return NULL;
    if (tag >> 3 == 0 || (tag & 7) > PB_WIRE_I32)
        return NULL;
    *number = (uint32_t)(tag >> 3);
    *wire = (unsigned)(tag & 7);
    return next;
}

const uint8_t *
pb_len_read(const uint8_t *p, const uint8_t *end, size_t *len)
{
    uint64_t n;

    p = pb_varint_read(p, end, &n);
    if (p == NULL || n > LEN_MAX || n > (size_t)(end - p))
        return NULL;
    *len = (size_t)n;
    return p;
}

/* From after the start tag of a group to after its end tag. */
static const uint8_t *
skip_group(const uint8_t *p, const uint8_t *end, uint32_t number,
    unsigned depth)
{
    while (p != NULL) {
        uint32_t inner;
        unsigned wire;

        p = pb_tag_read(p, end, &inner, &wire);
        if (p == NULL)
            return NULL;
        if (wire == PB_WIRE_EGROUP)
            return inner == number ? p : NULL;
        p = pb_skip(p, end, inner, wire, depth);
    }
    return NULL;
}

const uint8_t *
pb_skip(const uint8_t *p, const uint8_t *end, uint32_t number, unsigned wire,
    unsigned depth)
{
    uint64_t ignored;
    size_t n;

    switch (wire) {
    case PB_WIRE_VARINT:
        return pb_varint_read(p, end, &ignored);
    case PB_WIRE_I64:
        return end - p >= 8 ? p + 8 : NULL;
    case PB_WIRE_LEN:
        p = pb_len_read(p, end, &n);
        return p == NULL ? NULL : p + n;
    case PB_WIRE_SGROUP:
        return depth == 0 ? NULL : skip_group(p, end, number, depth - 1);
    case PB_WIRE_I32:
        return end - p >= 4 ? p + 4 : NULL;
    default:
        return NULL;
    }
}

/* ---- Why ---------------------------------------------------------------- */

const char *
pb_tag_fault(const uint8_t *p, const uint8_t *end)
{
    uint64_t n;

    return pb_varint_read(p, end, &n) == NULL && end - p < 10
        ? "a tag that is cut short"
        : "a tag that is none";
}

const char *
pb_value_fault(unsigned wire, const uint8_t *p, const uint8_t *end)
{
    switch (wire) {
    case PB_WIRE_VARINT:
        return end - p < 10 ? "a varint that is cut short"
                            : "a varint of more than 10 bytes";
    case PB_WIRE_LEN:
        return "a length that goes past the end";
    case PB_WIRE_SGROUP:
        return "a group that does not end, or nests too deeply";
    case PB_WIRE_EGROUP:
        return "an end of a group that was not begun";
    default:
        return "a number that is cut short";
    }
}
