/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/value.c - the tree of a route file, and words about it.
 */
#include "routes/value.h"
#include "routes/arena.h"
#include "routes/percent.h"

#include <stdio.h>
#include <stdlib.h>

struct route_value *
route_value_new(struct route_arena *arena, enum route_value_kind kind,
    unsigned line)
{
    struct route_value *v = route_arena_take(arena, sizeof *v);

    if (v != NULL) {
        v->kind = kind;
        v->line = line;
    }
    return v;
}

void
route_value_append(struct route_value *parent, struct route_value *child)
{
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    parent->count++;
}

/* ---- Duplicate keys ----------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
    const struct route_value *x = *(const struct route_value *const *)a;
    const struct route_value *y = *(const struct route_value *const *)b;
    int order = strcmp(x->key, y->key);

    return order != 0
        ? order
        : (x->key_line > y->key_line) - (x->key_line < y->key_line);
}

bool
route_value_check_keys(const struct route_value *map, const char *file,
    struct route_problems *problems)
{
    const struct route_value **members;
    char quoted[ROUTE_QUOTE_MAX];
    size_t n = 0;

    if (map->count < 2)
        return true;
    members = reallocarray(NULL, map->count, sizeof(*members));
    if (members == NULL)
        return false;
    for (const struct route_value *v = map->first; v != NULL; v = v->next)
        members[n++] = v;
    qsort(members, n, sizeof(*members), by_key);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(members[i]->key, members[i - 1]->key) == 0)
            route_problems_add(problems, file, members[i]->key_line,
                "key \"%s\" is given twice, first in line %u",
                route_quote(members[i]->key, strlen(members[i]->key), quoted),
                members[i - 1]->key_line);
    }
    free(members);
    return true;
}

/* ---- Words -------------------------------------------------------------- */

const char *
route_value_describe(const struct route_value *v, char out[ROUTE_FOUND_MAX])
{
    char quoted[ROUTE_QUOTE_MAX];

    switch (v->kind) {
    case ROUTE_VALUE_NULL:
        return "nothing";
    case ROUTE_VALUE_BOOL:
        return v->is_true ? "true" : "false";
    case ROUTE_VALUE_INTEGER:
    case ROUTE_VALUE_REAL:
        snprintf(out, ROUTE_FOUND_MAX, "the number %s",
            route_quote(v->text, v->len, quoted));
        return out;
    case ROUTE_VALUE_TEXT:
        snprintf(out, ROUTE_FOUND_MAX, "\"%s\"",
            route_quote(v->text, v->len, quoted));
        return out;
    case ROUTE_VALUE_LIST:
        return "a list";
    case ROUTE_VALUE_MAP:
        return "a map";
    }
    return "";
}

#define NEAR_MAX 128 /* longer names have no neighbours */

/* Levenshtein's distance, one row at a time. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[NEAR_MAX + 1];

    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; i < a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t best = diagonal + (a[i] != b[j]);

            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j + 1] + 1 < best)
                best = row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[b_len];
}

const char *
route_nearest(const char *key, const char *const *names, size_t n)
{
    size_t key_len = strlen(key);
    size_t best = SIZE_MAX;
    const char *nearest = NULL;

    if (key_len > NEAR_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);
        size_t d;

        if (len > NEAR_MAX)
            continue;
        d = distance(key, key_len, names[i], len);
        if (d < best && d <= (key_len > len ? key_len : len) / 3 + 1) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
