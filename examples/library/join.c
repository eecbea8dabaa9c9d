/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/join.c - messages inside messages, in one piece.
 *
 * The parts of a message stay where they are, as a list of spans; what is in
 * them is copied once, and lists of spans within them are made for the
 * messages inside. The depth is that of the types, which do not contain
 * themselves.
 */
#include "examples/library/join.h"

#include <assert.h>
#include <string.h>

#define MAX_PARTS 64u
/* A length is written with this many bytes, be it short or long, before it is
 * known. */
#define LENGTH_BYTES 3u

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5
};

struct span {
    const uint8_t *at;
    const uint8_t *end;
};

struct parts {
    struct span spans[MAX_PARTS];
    size_t n;
};

struct field {
    uint32_t number;
    unsigned wire_type;
    struct span whole;   /* with its tag */
    struct span content; /* without tag and length */
};

/* ---- Reading -------------------------------------------------------------- */

static bool
read_varint(struct span *s, uint64_t *v)
{
    unsigned shift;

    *v = 0;
    for (shift = 0; shift < 70 && s->at < s->end; shift += 7) {
        if (shift < 64)
            *v |= (uint64_t)(*s->at & 0x7f) << shift;
        if (*s->at++ < 0x80)
            return true;
    }
    return false;
}

static bool
skip(struct span *s, uint64_t n)
{
    if (n > (uint64_t)(s->end - s->at))
        return false;
    s->at += n;
    return true;
}

/* Takes the next field off the front of s. False: there is none that could be
 * one. Groups are none. */
static bool
next_field(struct span *s, struct field *f)
{
    uint64_t tag, v;
    bool is_there;

    f->whole = *s;
    if (!read_varint(s, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->wire_type = tag & 7;
    f->content = *s;
    switch (f->wire_type) {
    case WIRE_VARINT:
        is_there = read_varint(s, &v);
        break;
    case WIRE_FIXED64:
        is_there = skip(s, 8);
        break;
    case WIRE_FIXED32:
        is_there = skip(s, 4);
        break;
    case WIRE_BYTES:
        is_there = read_varint(s, &v);
        f->content = *s;
        is_there = is_there && skip(s, v);
        break;
    default:
        return false;
    }
    f->whole.end = s->at;
    f->content.end = s->at;
    return is_there;
}

static bool
is_singular_message(const ProtobufCFieldDescriptor *field)
{
    return field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE &&
        field->label != PROTOBUF_C_LABEL_REPEATED;
}

static bool
is_part(const ProtobufCMessageDescriptor *type, const struct field *f)
{
    return f->wire_type == WIRE_BYTES &&
        is_singular_message(
            protobuf_c_message_descriptor_get_field(type, f->number));
}

/* All that parts have of the message in field number. They are known to be
 * made of fields. False: it is too much. */
static bool
gather(const struct parts *parts, uint32_t number, struct parts *inner)
{
    struct span rest;
    struct field f;
    size_t i;

    inner->n = 0;
    for (i = 0; i < parts->n; i++) {
        rest = parts->spans[i];
        while (rest.at < rest.end && next_field(&rest, &f)) {
            if (f.number != number || f.wire_type != WIRE_BYTES)
                continue;
            if (inner->n == MAX_PARTS)
                return false;
            inner->spans[inner->n++] = f.content;
        }
    }
    return true;
}

/* ---- Writing -------------------------------------------------------------- */

/* Both return the end of what they wrote, or NULL. */
static uint8_t *
copy_plain(const ProtobufCMessageDescriptor *type, const struct parts *parts,
    uint8_t *out)
{
    struct span rest;
    struct field f;
    size_t i, len;

    for (i = 0; i < parts->n; i++) {
        rest = parts->spans[i];
        while (rest.at < rest.end) {
            if (!next_field(&rest, &f))
                return NULL;
            if (is_part(type, &f))
                continue;
            len = (size_t)(f.whole.end - f.whole.at);
            memcpy(out, f.whole.at, len);
            out += len;
        }
    }
    return out;
}

static uint8_t *
write_header(uint8_t *out, uint32_t number, size_t len)
{
    unsigned i;

    assert(number < 16 && len < 1u << 7 * LENGTH_BYTES);
    *out++ = (uint8_t)(number << 3 | WIRE_BYTES);
    for (i = 1; i < LENGTH_BYTES; i++, len >>= 7)
        *out++ = (uint8_t)(len & 0x7f) | 0x80;
    *out++ = (uint8_t)len;
    return out;
}

static uint8_t *
write_message(const ProtobufCMessageDescriptor *type, const struct parts *parts,
    uint8_t *out)
{
    const ProtobufCFieldDescriptor *field;
    struct parts inner;
    uint8_t *content;
    unsigned i;

    out = copy_plain(type, parts, out);
    for (i = 0; i < type->n_fields && out != NULL; i++) {
        field = &type->fields[i];
        if (!is_singular_message(field))
            continue;
        if (!gather(parts, field->id, &inner))
            return NULL;
        if (inner.n == 0)
            continue;
        content = out + 1 + LENGTH_BYTES;
        content = write_message(field->descriptor, &inner, content);
        if (content == NULL)
            return NULL;
        (void)write_header(out, field->id,
            (size_t)(content - out) - 1 - LENGTH_BYTES);
        out = content;
    }
    return out;
}

/* ---- The join ------------------------------------------------------------- */

bool
library_join_is_needed(const ProtobufCMessageDescriptor *type)
{
    unsigned i;

    for (i = 0; i < type->n_fields; i++)
        if (is_singular_message(&type->fields[i]))
            return true;
    return false;
}

size_t
library_join(const ProtobufCMessageDescriptor *type, const uint8_t *in,
    size_t len, uint8_t *out)
{
    struct parts whole = { .spans = { { in, in + len } }, .n = 1 };
    uint8_t *end;

    assert(len < 1u << 7 * LENGTH_BYTES);
    end = write_message(type, &whole, out);
    return end != NULL ? (size_t)(end - out) : SIZE_MAX;
}
