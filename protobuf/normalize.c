/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/normalize.c - see normalize.h.
 *
 * The records of a level are listed as numbers that sort: the field's number in
 * the upper half, where the record begins in the lower one. After sorting, the
 * records of a field are neighbours in their old order. Lists of all levels
 * under work stand in one array used as a stack, which so never has more than two
 * entries for a record. Merging two messages is joining their bytes.
 */
#include "protobuf/normalize.h"

#include <stdlib.h>

#include "protobuf/wire.h"

#define LENGTH_ROOM 10u
#define UNKNOWN (UINT64_C(1) << 29) /* above every field number */
#define VOID UINT64_MAX             /* after everything that is written */

enum { SKIP_DEPTH = 1000, LIST_FIRST = 64 };

struct normalizer {
    uint64_t *list;
    size_t n;
    size_t cap;
    struct pb_buf *out;
};

struct level {
    const struct pb_message *message;
    const uint8_t *p;
    const uint8_t *end;
};

struct record {
    const struct pb_field *field; /* NULL: unknown */
    const uint8_t *at;
    const uint8_t *payload;
    const uint8_t *end;
    unsigned wire;
};

static enum pb_err write_level(struct normalizer *z, const struct level *l);

/* ---- Reading ------------------------------------------------------------- */

static bool
is_of_field(const struct pb_field *f, unsigned wire)
{
    return wire == f->wire ||
        (wire == PB_WIRE_LEN && f->is_repeated && f->wire != PB_WIRE_SGROUP);
}

/* A number that a closed enum does not have is an unknown field. */
static bool
is_stray(const struct pb_field *f, uint64_t v)
{
    return f->type == PB_ENUM && f->enumeration->is_closed &&
        pb_enum_value_by_number(f->enumeration, (int32_t)v) == NULL;
}

static bool
is_stray_record(const struct pb_field *f, const struct record *r)
{
    uint64_t v;

    return f->type == PB_ENUM && r->wire == PB_WIRE_VARINT &&
        pb_varint_read(r->payload, r->end, &v) != NULL && is_stray(f, v);
}

/* False at a break. */
static bool
read_record(const struct level *l, const uint8_t *p, struct record *r)
{
    const struct pb_field *f;
    uint32_t number;

    r->at = p;
    r->payload = pb_tag_read(p, l->end, &number, &r->wire);
    if (r->payload == NULL)
        return false;
    r->end = pb_skip(r->payload, l->end, number, r->wire, SKIP_DEPTH);
    if (r->end == NULL)
        return false;
    f = pb_message_field_by_number(l->message, number, 0);
    if (f == NULL)
        f = pb_schema_extension_by_number(l->message, number);
    if (f != NULL && (!is_of_field(f, r->wire) || is_stray_record(f, r)))
        f = NULL;
    r->field = f;
    return true;
}

/* What is between the header and the end of a LEN record or a group. */
static bool
body_of(const struct record *r, struct level *body)
{
    const uint8_t *p = r->payload;
    size_t len;

    body->message = r->field->message;
    if (r->wire == PB_WIRE_LEN) {
        body->p = pb_len_read(p, r->end, &len);
        body->end = r->end;
        return body->p != NULL;
    }
    body->p = p;
    for (;;) {
        uint32_t number;
        unsigned wire;

        body->end = p;
        p = pb_tag_read(p, r->end, &number, &wire);
        if (p == NULL || wire == PB_WIRE_EGROUP)
            return p != NULL;
        p = pb_skip(p, r->end, number, wire, SKIP_DEPTH);
        if (p == NULL)
            return false;
    }
}

/* ---- Lists --------------------------------------------------------------- */

static enum pb_err
push(struct normalizer *z, uint64_t upper, size_t lower)
{
    if (z->n == z->cap) {
        size_t cap = z->cap != 0 ? 2 * z->cap : LIST_FIRST;
        uint64_t *list = reallocarray(z->list, cap, sizeof *list);

        if (list == NULL)
            return PB_ENOMEM;
        z->list = list;
        z->cap = cap;
    }
    z->list[z->n++] = upper << 32 | lower;
    return PB_OK;
}

static int
ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Nearly always it is in order. */
static void
sort(struct normalizer *z, size_t first)
{
    for (size_t i = first + 1; i < z->n; i++)
        if (z->list[i] < z->list[i - 1]) {
            qsort(z->list + first, z->n - first, sizeof *z->list, ascending);
            return;
        }
}

/* Whether the record is packed and has a number that its enum has not: then it
 * is listed among the unknown ones too. */
static bool
has_strays(const struct record *r)
{
    const struct pb_field *f = r->field;
    const uint8_t *p;
    size_t len;
    uint64_t v;

    if (f == NULL || f->type != PB_ENUM || r->wire != PB_WIRE_LEN)
        return false;
    p = pb_len_read(r->payload, r->end, &len);
    while (p != NULL && p < r->end) {
        p = pb_varint_read(p, r->end, &v);
        if (p != NULL && is_stray(f, v))
            return true;
    }
    return false;
}

static enum pb_err
list_records(struct normalizer *z, const struct level *l)
{
    const uint8_t *p = l->p;

    while (p < l->end) {
        struct record r;
        enum pb_err err;

        if (!read_record(l, p, &r))
            return PB_ESYNTAX;
        err = push(z, r.field != NULL ? r.field->number : UNKNOWN,
            (size_t)(p - l->p));
        if (err == PB_OK && has_strays(&r))
            err = push(z, UNKNOWN, (size_t)(p - l->p));
        if (err != PB_OK)
            return err;
        p = r.end;
    }
    return PB_OK;
}

static const struct pb_field *
listed_field(const struct level *l, uint64_t entry)
{
    return pb_message_field_by_number(l->message, (uint32_t)(entry >> 32), 0);
}

/* Of the records of one oneof, whose places in the list are [i, n) of it, only
 * those at the end that are of one member count. */
static void
void_other_members(struct normalizer *z, size_t first, size_t i, size_t n)
{
    uint64_t live = 0;
    bool is_over = false;

    while (n-- > i) {
        uint64_t *entry = &z->list[first + (uint32_t)z->list[n]];

        if (live == 0)
            live = *entry >> 32;
        is_over = is_over || *entry >> 32 != live;
        if (is_over)
            *entry = VOID;
    }
}

static enum pb_err
settle_oneofs(struct normalizer *z, const struct level *l, size_t first)
{
    size_t end = z->n;

    if (l->message->n_oneofs == 0)
        return PB_OK;
    for (size_t i = first; i < end; i++) {
        const struct pb_field *f = listed_field(l, z->list[i]);
        enum pb_err err = PB_OK;

        if (f != NULL && f->oneof >= 0)
            err = push(z, (uint64_t)f->oneof, i - first);
        if (err != PB_OK)
            return err;
    }
    sort(z, end);
    for (size_t i = end, next; i < z->n; i = next) {
        for (next = i + 1; next < z->n; next++)
            if (z->list[next] >> 32 != z->list[i] >> 32)
                break;
        void_other_members(z, first, i, next);
    }
    z->n = end;
    return PB_OK;
}

/* ---- Lengths that are known afterwards ----------------------------------- */

/* Leaves room for the length of something about as long as guess. */
static enum pb_err
begin_length(struct pb_buf *out, size_t guess, size_t *at)
{
    enum pb_err err = pb_buf_reserve(out, LENGTH_ROOM);

    *at = out->len + pb_varint_size(guess);
    if (err == PB_OK)
        out->len = *at;
    return err;
}

/* What lies from at on is complete. */
static enum pb_err
end_length(struct pb_buf *out, size_t guess, size_t at)
{
    size_t len = out->len - at;
    size_t start = at - pb_varint_size(guess);
    size_t to = start + pb_varint_size(len);

    if (to != at) {
        if (pb_buf_reserve(out, LENGTH_ROOM) != PB_OK)
            return pb_buf_reserve(out, LENGTH_ROOM);
        memmove(out->data + to, out->data + at, len);
        out->len = to + len;
    }
    pb_varint_write(out->data + start, len);
    return PB_OK;
}

/* ---- Scalars ------------------------------------------------------------- */

static uint64_t
shortest(const struct pb_field *f, uint64_t v)
{
    switch (f->type) {
    case PB_INT32:
    case PB_ENUM:
        return (uint64_t)(int64_t)(int32_t)v;
    case PB_UINT32:
    case PB_SINT32:
        return (uint32_t)v;
    case PB_BOOL:
        return v != 0;
    default:
        return v;
    }
}

static bool
is_default(const struct pb_field *f, const struct record *r)
{
    uint64_t v = 0;

    if (f->wire == PB_WIRE_VARINT)
        (void)pb_varint_read(r->payload, r->end, &v);
    else if (f->wire == PB_WIRE_LEN)
        (void)pb_varint_read(r->payload, r->end, &v); /* its length */
    else
        memcpy(&v, r->payload, (size_t)(r->end - r->payload));
    return shortest(f, v) == 0;
}

/* Writes the value from p to after. */
static enum pb_err
write_value(struct normalizer *z, const struct pb_field *f, const uint8_t *p,
    const uint8_t *after)
{
    enum pb_err err;
    uint64_t v = 0;

    if (f->wire != PB_WIRE_VARINT && f->wire != PB_WIRE_LEN)
        return pb_buf_put(z->out, p, (size_t)(after - p));
    p = pb_varint_read(p, after, &v);
    err = pb_put_varint(z->out, shortest(f, v));
    if (err == PB_OK && f->wire == PB_WIRE_LEN)
        err = pb_buf_put(z->out, p, (size_t)(after - p));
    return err;
}

enum form { TAGGED, PACKED, STRAYS };

/* Writes the values of a record: with their tags, or without, or, with their
 * tags, those that an enum does not have. */
static enum pb_err
write_values(struct normalizer *z, const struct record *r, enum form form)
{
    const struct pb_field *f = r->field;
    const uint8_t *p = r->payload;
    enum pb_err err = PB_OK;
    size_t len;

    if (r->wire != f->wire)
        p = pb_len_read(p, r->end, &len);
    while (err == PB_OK && p != NULL && p < r->end) {
        const uint8_t *value = p;
        uint64_t v = 0;

        p = pb_skip(p, r->end, f->number, f->wire, 0);
        if (p == NULL)
            break;
        if (f->type == PB_ENUM)
            (void)pb_varint_read(value, p, &v);
        if (is_stray(f, v) != (form == STRAYS))
            continue;
        if (form != PACKED)
            err = pb_buf_put(z->out, f->tag, f->tag_len);
        if (err == PB_OK)
            err = write_value(z, f, value, p);
    }
    return p != NULL ? err : PB_ESYNTAX;
}

/* ---- The records of one field -------------------------------------------- */

/* Those in [i, end) of the list. */
struct run {
    const struct level *level;
    size_t i;
    size_t end;
};

static bool
next_record(const struct normalizer *z, struct run *run, struct record *r)
{
    uint32_t offset;

    if (run->i == run->end)
        return false;
    offset = (uint32_t)z->list[run->i++];
    return read_record(run->level, run->level->p + offset, r);
}

static enum pb_err
write_unknown(struct normalizer *z, struct run run)
{
    enum pb_err err = PB_OK;
    struct record r;

    while (err == PB_OK && next_record(z, &run, &r))
        err = r.field == NULL ? pb_buf_put(z->out, r.at, (size_t)(r.end - r.at))
                              : write_values(z, &r, STRAYS);
    return err;
}

/* Repeated ones; of a singular one the last record is the run. */
static enum pb_err
write_unpacked(struct normalizer *z, struct run run)
{
    enum pb_err err = PB_OK;
    struct record r;

    while (err == PB_OK && next_record(z, &run, &r))
        if (r.field->is_repeated || r.field->has_presence ||
            !is_default(r.field, &r))
            err = write_values(z, &r, TAGGED);
    return err;
}

static enum pb_err
write_packed(struct normalizer *z, const struct pb_field *f, struct run run)
{
    size_t start = z->out->len;
    size_t guess = run.end - run.i;
    size_t at = 0;
    enum pb_err err = pb_buf_put(z->out, f->packed_tag, f->packed_tag_len);
    struct record r;

    if (err == PB_OK)
        err = begin_length(z->out, guess, &at);
    while (err == PB_OK && next_record(z, &run, &r))
        err = write_values(z, &r, PACKED);
    if (err != PB_OK)
        return err;
    if (z->out->len == at) {
        z->out->len = start; /* empty blocks only */
        return PB_OK;
    }
    return end_length(z->out, guess, at);
}

static enum pb_err
write_group(struct normalizer *z, const struct pb_field *f,
    const struct level *body)
{
    enum pb_err err = pb_buf_put(z->out, f->tag, f->tag_len);

    if (err == PB_OK)
        err = write_level(z, body);
    if (err == PB_OK)
        err = pb_put_varint(z->out, (uint64_t)f->number << 3 | PB_WIRE_EGROUP);
    return err;
}

static enum pb_err
write_message(struct normalizer *z, const struct pb_field *f,
    const struct level *body)
{
    size_t guess = (size_t)(body->end - body->p);
    size_t at = 0;
    enum pb_err err;

    if (f->type == PB_GROUP)
        return write_group(z, f, body);
    err = pb_buf_put(z->out, f->tag, f->tag_len);
    if (err == PB_OK)
        err = begin_length(z->out, guess, &at);
    if (err == PB_OK)
        err = write_level(z, body);
    return err == PB_OK ? end_length(z->out, guess, at) : err;
}

static enum pb_err
write_messages(struct normalizer *z, const struct pb_field *f, struct run run)
{
    enum pb_err err = PB_OK;
    struct record r;

    while (err == PB_OK && next_record(z, &run, &r)) {
        struct level body;

        err = body_of(&r, &body) ? write_message(z, f, &body) : PB_ESYNTAX;
    }
    return err;
}

/* A singular submessage in several records. */
static enum pb_err
write_joined(struct normalizer *z, const struct pb_field *f, struct run run)
{
    enum pb_err err = PB_OK;
    struct pb_buf whole;
    struct record r;

    pb_buf_init_heap(&whole, SIZE_MAX);
    while (err == PB_OK && next_record(z, &run, &r)) {
        struct level body;

        err = !body_of(&r, &body)
            ? PB_ESYNTAX
            : pb_buf_put(&whole, body.p, (size_t)(body.end - body.p));
    }
    if (err == PB_OK)
        err = write_message(z, f,
            &(struct level){ f->message, whole.data,
                whole.data != NULL ? whole.data + whole.len : NULL });
    pb_buf_fini_heap(&whole);
    return err;
}

static enum pb_err
write_run(struct normalizer *z, struct run run)
{
    struct run head = run;
    const struct pb_field *f;
    struct record r;

    if (z->list[run.i] >> 32 == UNKNOWN)
        return write_unknown(z, run);
    if (!next_record(z, &head, &r))
        return PB_ESYNTAX;
    f = r.field;
    if (f->message != NULL)
        return f->is_repeated || run.end - run.i == 1
            ? write_messages(z, f, run)
            : write_joined(z, f, run);
    if (f->is_packed)
        return write_packed(z, f, run);
    if (!f->is_repeated)
        run.i = run.end - 1;
    return write_unpacked(z, run);
}

/* ---- Levels -------------------------------------------------------------- */

static enum pb_err
write_level(struct normalizer *z, const struct level *l)
{
    size_t first = z->n;
    enum pb_err err = list_records(z, l);
    size_t end;

    if (err == PB_OK)
        err = settle_oneofs(z, l, first);
    sort(z, first);
    end = z->n;
    for (size_t i = first; err == PB_OK && i < end;) {
        struct run run = { .level = l, .i = i };

        if (z->list[i] == VOID)
            break;
        while (i < end && z->list[i] >> 32 == z->list[run.i] >> 32)
            i++;
        run.end = i;
        err = write_run(z, run);
    }
    z->n = first;
    return err;
}

enum pb_err
pb_wire_normalize(const struct pb_message *message, const uint8_t *wire,
    size_t len, struct pb_buf *out, struct pb_error *error)
{
    struct normalizer z = { .out = out };
    enum pb_err err = PB_OK;

    if (len > 0)
        err = write_level(&z, &(struct level){ message, wire, wire + len });
    free(z.list);
    if (err == PB_OK)
        return PB_OK;
    return pb_error_set(error, err, "%s",
        err == PB_ENOMEM      ? "memory is short"
            : err == PB_EFULL ? "the message is too large"
                              : "broken wire format");
}
