/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/unite.c - see unite.h.
 *
 * A message under work is a list of pieces of the input, never copied together:
 * joining a submessage means making the list of its pieces and going on with
 * that. Lists stand in one array used as a stack.
 */
#include "protobuf/unite.h"

#include "protobuf/wire.h"

#define PIECES_MAX 256u
#define DEPTH_MAX 64u
#define LENGTH_ROOM 10u

struct piece {
    const uint8_t *data;
    size_t len;
};

struct unite {
    struct piece pieces[PIECES_MAX];
    unsigned n_pieces;
    struct pb_buf *out;
};

struct record {
    uint32_t number;
    unsigned wire;
    const uint8_t *start; /* of the tag */
    const uint8_t *end;
    struct piece content; /* LEN only */
};

static enum pb_err unite(struct unite *u, const struct pb_message *m,
    unsigned first, unsigned count, unsigned depth);

/* The record at p; false at a break. */
static bool
read_record(const uint8_t *p, const uint8_t *end, struct record *r)
{
    r->start = p;
    p = pb_tag_read(p, end, &r->number, &r->wire);
    if (p == NULL)
        return false;
    if (r->wire == PB_WIRE_LEN) {
        r->content.data = pb_len_read(p, end, &r->content.len);
        if (r->content.data == NULL)
            return false;
        r->end = r->content.data + r->content.len;
        return true;
    }
    r->end = pb_skip(p, end, r->number, r->wire, 100);
    return r->end != NULL;
}

static const struct pb_field *
singular_message(const struct pb_message *m, const struct record *r)
{
    const struct pb_field *f;

    if (r->wire != PB_WIRE_LEN)
        return NULL;
    f = pb_message_field_by_number(m, r->number, 0);
    return f != NULL && f->type == PB_MESSAGE && !f->is_repeated ? f : NULL;
}

/* Puts the pieces of field number, from the record on, on the stack. Returns
 * how many; 0: too many. */
static unsigned
gather(struct unite *u, const struct record *from, unsigned first,
    unsigned count, unsigned at)
{
    unsigned base = u->n_pieces;
    const uint8_t *p = from->start;

    for (unsigned i = at; i < first + count; i++) {
        const uint8_t *end = u->pieces[i].data + u->pieces[i].len;
        struct record r;

        if (i != at)
            p = u->pieces[i].data;
        for (; p < end && read_record(p, end, &r); p = r.end) {
            if (r.number != from->number || r.wire != PB_WIRE_LEN)
                continue;
            if (u->n_pieces == PIECES_MAX) {
                u->n_pieces = base;
                return 0;
            }
            u->pieces[u->n_pieces++] = r.content;
        }
    }
    return u->n_pieces - base;
}

/* True when the field has a record before this one. */
static bool
was_before(const struct unite *u, const struct record *this, unsigned first,
    unsigned at)
{
    for (unsigned i = first; i <= at; i++) {
        const uint8_t *p = u->pieces[i].data;
        const uint8_t *end = i == at ? this->start : p + u->pieces[i].len;
        struct record r;

        for (; p < end && read_record(p, end, &r); p = r.end)
            if (r.number == this->number && r.wire == PB_WIRE_LEN)
                return true;
    }
    return false;
}

static enum pb_err
put_record(struct unite *u, const struct record *r)
{
    return pb_buf_put(u->out, r->start, (size_t)(r->end - r->start));
}

/* The length is known only after: it is put before the content then. */
static enum pb_err
put_joined(struct unite *u, const struct pb_field *f, unsigned first,
    unsigned count, unsigned depth)
{
    struct pb_buf *out = u->out;
    enum pb_err err = pb_buf_put(out, f->tag, f->tag_len);
    size_t at = out->len;
    size_t len;
    size_t prefix;

    if (err == PB_OK)
        err = unite(u, f->message, first, count, depth + 1);
    if (err != PB_OK)
        return err;
    len = out->len - at;
    prefix = pb_varint_size(len);
    err = pb_buf_reserve(out, LENGTH_ROOM);
    if (err != PB_OK)
        return err;
    memmove(out->data + at + prefix, out->data + at, len);
    pb_varint_write(out->data + at, len);
    out->len += prefix;
    return PB_OK;
}

static enum pb_err
unite_record(struct unite *u, const struct pb_message *m,
    const struct record *r, unsigned first, unsigned count, unsigned at,
    unsigned depth)
{
    const struct pb_field *f = singular_message(m, r);
    unsigned base = u->n_pieces;
    unsigned n;
    enum pb_err err;

    if (f == NULL || depth >= DEPTH_MAX)
        return put_record(u, r);
    if (was_before(u, r, first, at))
        return PB_OK; /* it went with the first one */
    n = gather(u, r, first, count, at);
    if (n == 0)
        return PB_ELIMIT;
    err = n == 1 ? put_record(u, r) : put_joined(u, f, base, n, depth);
    u->n_pieces = base;
    return err;
}

static enum pb_err
unite(struct unite *u, const struct pb_message *m, unsigned first,
    unsigned count, unsigned depth)
{
    for (unsigned i = first; i < first + count; i++) {
        const uint8_t *p = u->pieces[i].data;
        const uint8_t *end = p + u->pieces[i].len;

        while (p < end) {
            struct record r;
            enum pb_err err;

            if (!read_record(p, end, &r))
                return PB_ESYNTAX;
            err = unite_record(u, m, &r, first, count, i, depth);
            if (err != PB_OK)
                return err;
            p = r.end;
        }
    }
    return PB_OK;
}

enum pb_err
pb_wire_unite(const struct pb_message *message, const uint8_t *wire, size_t len,
    struct pb_buf *out)
{
    struct unite u = { .n_pieces = 1, .out = out };
    size_t before = out->len;
    enum pb_err err;

    u.pieces[0] = (struct piece){ wire, len };
    err = unite(&u, message, 0, 1, 0);
    if (err != PB_ELIMIT)
        return err;
    out->len = before; /* too scattered: as it is */
    return pb_buf_put(out, wire, len);
}
