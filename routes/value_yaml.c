/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/value_yaml.c - YAML route files, from libyaml's events. Plain scalars
 * mean what YAML 1.2's core schema says (true, false, null, numbers), so "off"
 * and "no" are texts. Anchors, aliases and tags are refused: no route file
 * needs them, and a few lines of them can stand for gigabytes.
 */
#include "routes/value.h"
#include "routes/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; freed by the next */
    bool has_event;
    const char *text;
    const char *file;
    struct route_arena *arena;
    struct route_problems *problems;
};

static unsigned
line_of(const struct reader *r)
{
    return (unsigned)r->event.start_mark.line + 1;
}

static void
out_of_memory(struct reader *r)
{
    route_problems_add(r->problems, r->file, 0, "memory is short");
}

/* Where the parser stopped. Bytes that are no text come without a line. */
static unsigned
line_of_error(const struct reader *r)
{
    unsigned line = 1;

    if (r->parser.error != YAML_READER_ERROR)
        return (unsigned)r->parser.problem_mark.line + 1;
    for (size_t i = 0; i < r->parser.problem_offset; i++)
        line += r->text[i] == '\n';
    return line;
}

/* Moves on to the next event; false after a syntax error, which is reported. */
static bool
advance(struct reader *r)
{
    const yaml_parser_t *y = &r->parser;

    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = yaml_parser_parse(&r->parser, &r->event) != 0;
    if (r->has_event)
        return true;
    if (y->error == YAML_MEMORY_ERROR)
        out_of_memory(r);
    else
        route_problems_add(r->problems, r->file, line_of_error(r),
            "not valid YAML: %s%s%s", y->context != NULL ? y->context : "",
            y->context != NULL ? ", " : "",
            y->problem != NULL ? y->problem : "unreadable");
    return false;
}

/* ---- Scalars ------------------------------------------------------------ */

static bool
is_one_of(const char *s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(s, *words) == 0)
            return true;
    }
    return false;
}

static bool
is_number(const char *s, bool *is_integer)
{
    size_t n_digits = 0;

    *is_integer = true;
    if (*s == '-' || *s == '+')
        s++;
    for (; (*s >= '0' && *s <= '9') || *s == '.'; s++) {
        if (*s == '.' && !*is_integer)
            return false;
        if (*s == '.')
            *is_integer = false;
        else
            n_digits++;
    }
    if (n_digits > 0 && (*s == 'e' || *s == 'E')) {
        *is_integer = false;
        s++;
        if (*s == '-' || *s == '+')
            s++;
        for (n_digits = 0; *s >= '0' && *s <= '9'; s++)
            n_digits++;
    }
    return n_digits > 0 && *s == '\0';
}

static void
resolve_plain(struct route_value *v)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
        NULL };
    static const char *const trues[] = { "true", "True", "TRUE", NULL };
    static const char *const falses[] = { "false", "False", "FALSE", NULL };
    bool is_integer;

    if (is_one_of(v->text, nulls)) {
        v->kind = ROUTE_VALUE_NULL;
    } else if (is_one_of(v->text, trues) || is_one_of(v->text, falses)) {
        v->kind = ROUTE_VALUE_BOOL;
        v->is_true = is_one_of(v->text, trues);
    } else if (is_number(v->text, &is_integer)) {
        v->kind = ROUTE_VALUE_REAL;
        errno = 0;
        if (is_integer) {
            v->integer = strtoll(v->text, NULL, 10);
            if (errno == 0)
                v->kind = ROUTE_VALUE_INTEGER;
        }
    }
}

/* A copy of the scalar event's text; NULL if it cannot be had. */
static const char *
scalar_text(struct reader *r, size_t *len)
{
    const char *text = (const char *)r->event.data.scalar.value;
    const char *copy;

    *len = r->event.data.scalar.length;
    if (memchr(text, '\0', *len) != NULL) {
        route_problems_add(r->problems, r->file, line_of(r),
            "a text with a NUL character");
        return NULL;
    }
    copy = route_arena_text(r->arena, text, *len);
    if (copy == NULL)
        out_of_memory(r);
    return copy;
}

static bool
read_scalar(struct reader *r, struct route_value *v)
{
    v->text = scalar_text(r, &v->len);
    if (v->text == NULL)
        return false;
    if (r->event.data.scalar.plain_implicit)
        resolve_plain(v);
    return true;
}

/* ---- Containers --------------------------------------------------------- */

static const char *
anchor_of(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)e->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)e->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return (const char *)e->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

static const char *
tag_of(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return (const char *)e->data.mapping_start.tag;
    default:
        return NULL;
    }
}

/* False, with the problem, for the parts of YAML that are not taken. */
static bool
is_taken(struct reader *r)
{
    const char *what = NULL;

    if (r->event.type == YAML_ALIAS_EVENT || anchor_of(&r->event) != NULL)
        what = "YAML anchors and aliases are not supported: "
               "write the value out";
    else if (tag_of(&r->event) != NULL)
        what = "YAML tags are not supported: put the text in quotes";
    if (what != NULL)
        route_problems_add(r->problems, r->file, line_of(r), "%s", what);
    return what == NULL;
}

static struct route_value *read_value(struct reader *r, unsigned depth);

static bool
read_elements(struct reader *r, struct route_value *list, unsigned depth)
{
    while (advance(r)) {
        struct route_value *v;

        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        v = read_value(r, depth);
        if (v == NULL)
            return false;
        route_value_append(list, v);
    }
    return false;
}

static bool
read_members(struct reader *r, struct route_value *map, unsigned depth)
{
    while (advance(r)) {
        unsigned key_line = line_of(r);
        struct route_value *v;
        const char *key;
        size_t len;

        if (r->event.type == YAML_MAPPING_END_EVENT) {
            if (route_value_check_keys(map, r->file, r->problems))
                return true;
            out_of_memory(r);
            return false;
        }
        if (!is_taken(r))
            return false;
        if (r->event.type != YAML_SCALAR_EVENT) {
            route_problems_add(r->problems, r->file, key_line,
                "expected a name as key, found a list or map");
            return false;
        }
        key = scalar_text(r, &len);
        if (key == NULL || !advance(r))
            return false;
        v = read_value(r, depth);
        if (v == NULL)
            return false;
        v->key = key;
        v->key_line = key_line;
        route_value_append(map, v);
    }
    return false;
}

static struct route_value *
read_container(struct reader *r, unsigned depth)
{
    bool is_map = r->event.type == YAML_MAPPING_START_EVENT;
    struct route_value *v;
    bool ok;

    if (depth == ROUTE_MAX_FILE_DEPTH) {
        route_problems_add(r->problems, r->file, line_of(r),
            "nested more than %d deep", ROUTE_MAX_FILE_DEPTH);
        return NULL;
    }
    v = route_value_new(r->arena, is_map ? ROUTE_VALUE_MAP : ROUTE_VALUE_LIST,
        line_of(r));
    if (v == NULL) {
        out_of_memory(r);
        return NULL;
    }
    ok =
        is_map ? read_members(r, v, depth + 1) : read_elements(r, v, depth + 1);
    return ok ? v : NULL;
}

/* The value that begins with the current event. */
static struct route_value *
read_value(struct reader *r, unsigned depth)
{
    struct route_value *v;

    if (!is_taken(r))
        return NULL;
    if (r->event.type != YAML_SCALAR_EVENT)
        return read_container(r, depth);
    v = route_value_new(r->arena, ROUTE_VALUE_TEXT, line_of(r));
    if (v == NULL)
        out_of_memory(r);
    return v != NULL && read_scalar(r, v) ? v : NULL;
}

/* ---- Documents ---------------------------------------------------------- */

/* Stream start, document start, the value, document end, stream end. */
static struct route_value *
read_document(struct reader *r)
{
    struct route_value *root;

    if (!advance(r) || !advance(r))
        return NULL;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return route_value_new(r->arena, ROUTE_VALUE_NULL, 1);
    if (!advance(r))
        return NULL;
    root = read_value(r, 0);
    if (root == NULL || !advance(r) || !advance(r))
        return NULL;
    if (r->event.type != YAML_STREAM_END_EVENT) {
        route_problems_add(r->problems, r->file, line_of(r),
            "expected the end, found a second YAML document");
        return NULL;
    }
    return root;
}

struct route_value *
route_value_read_yaml(const char *text, size_t len, const char *file,
    struct route_arena *arena, struct route_problems *problems)
{
    struct reader r = { .text = text,
        .file = file,
        .arena = arena,
        .problems = problems };
    size_t n_before = problems->count + problems->dropped;
    struct route_value *root;

    if (len > ROUTE_MAX_FILE) {
        route_problems_add(problems, file, 0, "larger than 4 MiB");
        return NULL;
    }
    if (yaml_parser_initialize(&r.parser) == 0) {
        out_of_memory(&r);
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    root = read_document(&r);
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (root == NULL && problems->count + problems->dropped == n_before)
        out_of_memory(&r);
    return problems->count + problems->dropped == n_before ? root : NULL;
}
