/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/value_json.c - JSON route files. jansson parses and judges the text
 * but keeps no lines. So the text, now known to be valid, is gone through once
 * more alongside jansson's tree, which keeps the order of members: counting
 * line ends up to each value is all that is left to do.
 */
#include "routes/value.h"
#include "routes/arena.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

struct reader {
    const char *p; /* in the text; it ends with a closing bracket or so */
    const char *end;
    unsigned line;
    const char *file;
    struct route_arena *arena;
    struct route_problems *problems;
};

static void
skip_space(struct reader *r)
{
    for (; r->p < r->end; r->p++) {
        if (*r->p == '\n')
            r->line++;
        else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r')
            return;
    }
}

static void
skip_string(struct reader *r)
{
    for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
        if (*r->p == '\\')
            r->p++;
    }
    r->p++;
}

/* A number, true, false or null. */
static void
skip_word(struct reader *r)
{
    while (r->p < r->end && strchr(" \t\r\n,]}", *r->p) == NULL)
        r->p++;
}

static void
out_of_memory(struct reader *r)
{
    route_problems_add(r->problems, r->file, 0, "memory is short");
}

static struct route_value *read_value(struct reader *r, json_t *j,
    unsigned depth);

static bool
read_members(struct reader *r, json_t *j, struct route_value *map,
    unsigned depth)
{
    const char *key;
    json_t *member;

    json_object_foreach(j, key, member)
    {
        struct route_value *v;
        unsigned key_line;

        r->p++; /* "{" or "," */
        skip_space(r);
        key_line = r->line;
        skip_string(r);
        skip_space(r);
        r->p++; /* ":" */
        v = read_value(r, member, depth);
        if (v == NULL)
            return false;
        v->key = route_arena_text(r->arena, key, strlen(key));
        v->key_line = key_line;
        if (v->key == NULL) {
            out_of_memory(r);
            return false;
        }
        route_value_append(map, v);
        skip_space(r);
    }
    return true;
}

static bool
read_elements(struct reader *r, json_t *j, struct route_value *list,
    unsigned depth)
{
    size_t i;
    json_t *element;

    json_array_foreach(j, i, element)
    {
        struct route_value *v;

        r->p++; /* "[" or "," */
        v = read_value(r, element, depth);
        if (v == NULL)
            return false;
        route_value_append(list, v);
        skip_space(r);
    }
    return true;
}

/* The brackets of an empty container, or the last one of another. */
static void
skip_close(struct reader *r, bool is_empty)
{
    if (is_empty) {
        r->p++;
        skip_space(r);
    }
    r->p++;
}

static bool
read_container(struct reader *r, json_t *j, struct route_value *v,
    unsigned depth)
{
    bool ok;

    if (depth == ROUTE_MAX_FILE_DEPTH) {
        route_problems_add(r->problems, r->file, r->line,
            "nested more than %d deep", ROUTE_MAX_FILE_DEPTH);
        return false;
    }
    ok = json_is_object(j) ? read_members(r, j, v, depth + 1)
                           : read_elements(r, j, v, depth + 1);
    if (ok)
        skip_close(r, v->count == 0);
    return ok;
}

static bool
read_scalar(struct reader *r, json_t *j, struct route_value *v)
{
    const char *from = r->p;

    if (json_is_string(j)) {
        skip_string(r);
        v->len = json_string_length(j);
        v->text = route_arena_text(r->arena, json_string_value(j), v->len);
    } else {
        skip_word(r);
        v->len = (size_t)(r->p - from);
        v->text = route_arena_text(r->arena, from, v->len);
        v->is_true = json_is_true(j);
        v->integer = json_is_integer(j) ? json_integer_value(j) : 0;
    }
    if (v->text == NULL)
        out_of_memory(r);
    return v->text != NULL;
}

static enum route_value_kind
kind_of(const json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return ROUTE_VALUE_MAP;
    case JSON_ARRAY:
        return ROUTE_VALUE_LIST;
    case JSON_STRING:
        return ROUTE_VALUE_TEXT;
    case JSON_INTEGER:
        return ROUTE_VALUE_INTEGER;
    case JSON_REAL:
        return ROUTE_VALUE_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return ROUTE_VALUE_BOOL;
    case JSON_NULL:
        break;
    }
    return ROUTE_VALUE_NULL;
}

static struct route_value *
read_value(struct reader *r, json_t *j, unsigned depth)
{
    struct route_value *v;
    bool ok;

    skip_space(r);
    v = route_value_new(r->arena, kind_of(j), r->line);
    if (v == NULL) {
        out_of_memory(r);
        return NULL;
    }
    ok = json_is_object(j) || json_is_array(j) ? read_container(r, j, v, depth)
                                               : read_scalar(r, j, v);
    return ok ? v : NULL;
}

struct route_value *
route_value_read_json(const char *text, size_t len, const char *file,
    struct route_arena *arena, struct route_problems *problems)
{
    struct reader r = { text, text + len, 1, file, arena, problems };
    struct route_value *root;
    json_error_t error;
    json_t *j;

    if (len > ROUTE_MAX_FILE) {
        route_problems_add(problems, file, 0, "larger than 4 MiB");
        return NULL;
    }
    errno = 0;
    j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    /* jansson 2.14 calls it an invalid token, or leaves a byte out of a text and
     * says nothing. */
    if (errno == ENOMEM) {
        json_decref(j);
        out_of_memory(&r);
        return NULL;
    }
    if (j == NULL) {
        route_problems_add(problems, file,
            error.line > 0 ? (unsigned)error.line : 0, "not valid JSON: %s",
            error.text);
        return NULL;
    }
    root = read_value(&r, j, 0);
    json_decref(j);
    return root;
}
