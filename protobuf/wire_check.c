/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/wire_check.c - see wire_check.h. One walk over the records; what is
 * a message by the schema is walked into, everything else is skipped.
 */
#include "protobuf/wire_check.h"

#include <assert.h>
#include <stdio.h>

#include "protobuf/wire.h"

enum {
    DEPTH = 100,
    DEPTH_MAX = 1000,
    NO_GROUP = 0, /* no field has this number */
};

struct checker {
    const uint8_t *wire;
    struct pb_error *error;
    enum pb_err err;
    unsigned depth; /* levels that may still be entered */
};

static const uint8_t *
fail(struct checker *c, enum pb_err kind, const uint8_t *at, const char *what)
{
    c->err = pb_error_set(c->error, kind, "%s", what);
    if (c->error != NULL)
        c->error->offset = (size_t)(at - c->wire);
    return NULL;
}

static const uint8_t *
broken(struct checker *c, const uint8_t *at, const char *why)
{
    c->err = pb_error_set(c->error, PB_ESYNTAX, "broken wire format: %s", why);
    if (c->error != NULL)
        c->error->offset = (size_t)(at - c->wire);
    return NULL;
}

/* On the way out of an error: name.rest, cut between characters. */
static void
prepend(struct checker *c, const struct pb_field *f)
{
    static const char cut[] = "...";
    char rest[sizeof c->error->path];
    size_t at = sizeof rest - sizeof cut;
    char *path;

    if (c->error == NULL)
        return;
    path = c->error->path;
    memcpy(rest, path, sizeof rest);
    if (snprintf(path, sizeof rest, "%.*s%s%s",
            (int)(f->is_extension ? f->name_len : f->json_name_len),
            f->is_extension ? f->name : f->json_name,
            rest[0] != '\0' ? "." : "", rest) < (int)sizeof rest)
        return;
    while (at > 0 && ((uint8_t)path[at] & 0xc0) == 0x80)
        at--;
    memcpy(path + at, cut, sizeof cut);
}

static const struct pb_field *
find_field(const struct pb_message *m, uint32_t number)
{
    const struct pb_field *f = pb_message_field_by_number(m, number, 0);

    return f != NULL ? f : pb_schema_extension_by_number(m, number);
}

/* ---- Values that are no messages ---------------------------------------- */

static bool
is_utf8(const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        uint32_t code;
        size_t n = pb_utf8_next(p, end, &code);

        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

static bool
is_packed_well(const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    while (p != NULL && p < end)
        p = pb_skip(p, end, f->number, f->wire, 0);
    return p != NULL;
}

/* ---- Messages ----------------------------------------------------------- */

static const uint8_t *check_level(struct checker *c, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end, uint32_t group);

static const uint8_t *
check_len(struct checker *c, const struct pb_field *f, const uint8_t *p,
    const uint8_t *end)
{
    const uint8_t *at = p;
    size_t n;

    p = pb_len_read(p, end, &n);
    if (p == NULL)
        return broken(c, at, pb_value_fault(PB_WIRE_LEN, at, end));
    end = p + n;
    if (f->wire == PB_WIRE_SGROUP)
        return end;
    if (f->wire != PB_WIRE_LEN)
        return !f->is_repeated || is_packed_well(f, p, end)
            ? end
            : broken(c, at, "packed values, the last of them cut short");
    if (f->type == PB_STRING && f->verify_utf8 && !is_utf8(p, end))
        return fail(c, PB_EVALUE, p, "a text that is not UTF-8");
    if (f->message != NULL)
        return check_level(c, f->message, p, end, NO_GROUP);
    return end;
}

/* From after a tag to after its value. A value of a wire type that is not the
 * field's is an unknown field. */
static const uint8_t *
check_value(struct checker *c, const struct pb_message *m, uint32_t number,
    unsigned wire, const uint8_t *p, const uint8_t *end)
{
    const struct pb_field *f = find_field(m, number);
    const uint8_t *at = p;

    if (f != NULL && wire == PB_WIRE_LEN)
        p = check_len(c, f, p, end);
    else if (f != NULL && wire == PB_WIRE_SGROUP && f->wire == PB_WIRE_SGROUP)
        p = check_level(c, f->message, p, end, number);
    else if ((p = pb_skip(p, end, number, wire, c->depth)) == NULL)
        (void)broken(c, at, pb_value_fault(wire, at, end));
    if (p == NULL && f != NULL)
        prepend(c, f);
    return p;
}

/* The fields of a message up to end, or those of a group and its end tag.
 * Returns the byte after them. */
static const uint8_t *
check_level(struct checker *c, const struct pb_message *m, const uint8_t *p,
    const uint8_t *end, uint32_t group)
{
    if (c->depth == 0)
        return fail(c, PB_ELIMIT, p, "messages nest too deeply");
    c->depth--;
    while (p < end) {
        const uint8_t *at = p;
        uint32_t number;
        unsigned wire;

        p = pb_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return broken(c, at, pb_tag_fault(at, end));
        if (wire == PB_WIRE_EGROUP) {
            c->depth++;
            return number == group
                ? p
                : broken(c, at, pb_value_fault(wire, p, end));
        }
        p = check_value(c, m, number, wire, p, end);
        if (p == NULL)
            return NULL;
    }
    c->depth++;
    return group == NO_GROUP ? p : broken(c, p, "a group that does not end");
}

enum pb_err
pb_wire_check(const struct pb_message *message, const uint8_t *wire, size_t len,
    unsigned max_depth, struct pb_error *error)
{
    static const uint8_t nothing[1];
    struct checker c = { .wire = wire != NULL ? wire : nothing,
        .error = error,
        .depth = max_depth != 0 ? max_depth : DEPTH };

    if (c.depth > DEPTH_MAX)
        c.depth = DEPTH_MAX;
    (void)check_level(&c, message, c.wire, c.wire + len, NO_GROUP);
    return c.err;
}
