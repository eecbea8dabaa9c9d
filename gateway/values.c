/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/values.c - see values.h. */
#include "gateway/values.h"

#include <assert.h>
#include <string.h>

void
gw_values_init(struct gw_values *v, bool may_be_array)
{
    *v = (struct gw_values){ .may_be_array = may_be_array, .now.line = 1 };
}

void
gw_values_taken(struct gw_values *v, const char *data, size_t len)
{
    const char *p = data;
    const char *end = data + len;

    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p++;
        v->now.line++;
        v->now.line_start = v->now.offset + (size_t)(p - data);
    }
    v->now.offset += len;
}

static void
set_place(const struct gw_values *v, struct pb_error *error)
{
    error->offset = v->now.offset;
    error->line = v->now.line;
    error->column = (unsigned)(v->now.offset - v->now.line_start) + 1;
}

static enum gw_values_next
wrong(const struct gw_values *v, const char *expected, char found,
    struct pb_error *error)
{
    unsigned char c = (unsigned char)found;

    if (c > 0x20 && c < 0x7f)
        pb_error_set(error, PB_ESYNTAX, "expected %s, found '%c'", expected, c);
    else
        pb_error_set(error, PB_ESYNTAX, "expected %s, found the byte 0x%02x",
            expected, c);
    set_place(v, error);
    return GW_VALUES_WRONG;
}

static enum gw_values_next
begin_value(struct gw_values *v)
{
    v->value = v->now;
    return GW_VALUES_VALUE;
}

/* A byte that is not white space. MORE: it has been taken. */
static enum gw_values_next
see(struct gw_values *v, char c, struct pb_error *error)
{
    switch (v->state) {
    case GW_VALUES_START:
        if (c == '[' && v->may_be_array) {
            v->state = GW_VALUES_FIRST;
            return GW_VALUES_MORE;
        }
        v->state = GW_VALUES_PLAIN;
        return begin_value(v);
    case GW_VALUES_PLAIN:
        return begin_value(v);
    case GW_VALUES_FIRST:
        if (c != ']')
            return begin_value(v);
        v->state = GW_VALUES_END;
        return GW_VALUES_MORE;
    case GW_VALUES_ELEMENT:
        return c == ']' ? wrong(v, "a value", c, error) : begin_value(v);
    case GW_VALUES_AFTER:
        if (c != ',' && c != ']')
            return wrong(v, "',' or ']'", c, error);
        v->state = c == ',' ? GW_VALUES_ELEMENT : GW_VALUES_END;
        return GW_VALUES_MORE;
    case GW_VALUES_END:
        break;
    }
    return wrong(v, "the end of the text", c, error);
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

enum gw_values_next
gw_values_next(struct gw_values *v, const char *data, size_t len, size_t *used,
    struct pb_error *error)
{
    enum gw_values_next next = GW_VALUES_MORE;

    *used = 0;
    while (next == GW_VALUES_MORE && *used < len) {
        const char *c = data + *used;

        if (!is_space(*c))
            next = see(v, *c, error);
        if (next == GW_VALUES_MORE) {
            gw_values_taken(v, c, 1);
            ++*used;
        }
    }
    return next;
}

void
gw_values_ended(struct gw_values *v)
{
    assert(v->state != GW_VALUES_START && v->state != GW_VALUES_END);
    if (v->state != GW_VALUES_PLAIN)
        v->state = GW_VALUES_AFTER;
}

bool
gw_values_finish(const struct gw_values *v, struct pb_error *error)
{
    const char *expected = "',' or ']'";

    switch (v->state) {
    case GW_VALUES_START:
    case GW_VALUES_PLAIN:
    case GW_VALUES_END:
        return true;
    case GW_VALUES_FIRST:
        expected = "a value or ']'";
        break;
    case GW_VALUES_ELEMENT:
        expected = "a value";
        break;
    case GW_VALUES_AFTER:
        break;
    }
    pb_error_set(error, PB_ESYNTAX, "expected %s, found the end of the text",
        expected);
    set_place(v, error);
    return false;
}

void
gw_values_set_right(const struct gw_values *v, struct pb_error *error)
{
    if (error->line == 0)
        return;
    if (error->line == 1)
        error->column += (unsigned)(v->value.offset - v->value.line_start);
    error->line += v->value.line - 1;
    error->offset += v->value.offset;
}
