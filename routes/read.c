/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read.c - the readers that any table of keys can use.
 */
#include "routes/read.h"
#include "routes/arena.h"
#include "routes/percent.h"
#include "routes/scalar.h"

#include <inttypes.h>
#include <stdio.h>

#define KEYS_MAX 32 /* in a table: one bit each */

void
route_read_out_of_memory(struct route_reader *r)
{
    route_problems_add(r->problems, r->file, 0, "memory is short");
}

void
route_read_expected(struct route_reader *r, const char *key,
    const struct route_value *v, const char *expected)
{
    char found[ROUTE_FOUND_MAX];

    route_problems_add(r->problems, r->file, v->line,
        "%s: expected %s, found %s", key, expected,
        route_value_describe(v, found));
}

/* ---- Maps --------------------------------------------------------------- */

static void
report_unknown(struct route_reader *r, const struct route_value *member,
    const char *what, const struct route_key *keys, size_t n_keys)
{
    const char *names[KEYS_MAX * 2];
    char quoted[ROUTE_QUOTE_MAX];
    const char *nearest;
    size_t n = 0;

    for (size_t i = 0; i < n_keys; i++) {
        names[n++] = keys[i].name;
        if (keys[i].alias != NULL)
            names[n++] = keys[i].alias;
    }
    route_quote(member->key, strlen(member->key), quoted);
    nearest = route_nearest(member->key, names, n);
    if (nearest != NULL)
        route_problems_add(r->problems, r->file, member->key_line,
            "%s has no key \"%s\"; did you mean \"%s\"?", what, quoted,
            nearest);
    else
        route_problems_add(r->problems, r->file, member->key_line,
            "%s has no key \"%s\"", what, quoted);
}

static size_t
find_key(const struct route_key *keys, size_t n_keys, const char *name)
{
    size_t i;

    for (i = 0; i < n_keys; i++) {
        if (strcmp(keys[i].name, name) == 0 ||
            (keys[i].alias != NULL && strcmp(keys[i].alias, name) == 0))
            break;
    }
    return i;
}

bool
route_read_map(struct route_reader *r, const struct route_value *v,
    const char *what, const struct route_key *keys, size_t n_keys, void *into)
{
    uint32_t seen = 0;

    if (v->kind != ROUTE_VALUE_MAP) {
        route_read_expected(r, what, v, "a map");
        return false;
    }
    for (const struct route_value *m = v->first; m != NULL; m = m->next) {
        size_t i = find_key(keys, n_keys, m->key);

        if (i == n_keys) {
            report_unknown(r, m, what, keys, n_keys);
            continue;
        }
        if ((seen >> i & 1) != 0)
            route_problems_add(r->problems, r->file, m->key_line,
                "%s has both \"%s\" and \"%s\"", what, keys[i].name,
                keys[i].alias);
        seen |= UINT32_C(1) << i;
        if (keys[i].read != NULL)
            keys[i].read(r, &keys[i], m, into);
    }
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].is_required && (seen >> i & 1) == 0)
            route_problems_add(r->problems, r->file, v->line,
                "%s needs a key \"%s\"", what, keys[i].name);
    }
    return true;
}

/* ---- Scalars ------------------------------------------------------------ */

static void *
member(const struct route_key *key, void *into)
{
    return (char *)into + key->offset;
}

void
route_read_bool(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    if (v->kind == ROUTE_VALUE_BOOL)
        *(bool *)member(key, into) = v->is_true;
    else
        route_read_expected(r, key->name, v, "true or false");
}

void
route_read_unsigned(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    char expected[80];

    if (v->kind == ROUTE_VALUE_INTEGER && v->integer >= key->min &&
        v->integer <= key->max) {
        *(unsigned *)member(key, into) = (unsigned)v->integer;
        return;
    }
    snprintf(expected, sizeof expected,
        "a whole number from %" PRId64 " to %" PRId64, key->min, key->max);
    route_read_expected(r, key->name, v, expected);
}

void
route_read_size(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    char expected[120];
    int64_t size = 0;
    bool ok = false;

    if (v->kind == ROUTE_VALUE_INTEGER) {
        size = v->integer;
        ok = true;
    } else if (v->kind == ROUTE_VALUE_TEXT) {
        ok = route_parse_size(v->text, &size);
    }
    if (ok && size >= key->min && size <= key->max) {
        *(size_t *)member(key, into) = (size_t)size;
        return;
    }
    snprintf(expected, sizeof expected,
        "from %" PRId64 " to %" PRId64 ", perhaps with a unit as in 64KiB",
        key->min, key->max);
    route_read_expected(r, key->name, v, expected);
}

void
route_read_duration(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    char expected[120];
    int64_t ns;

    if (v->kind == ROUTE_VALUE_TEXT && route_parse_duration(v->text, &ns) &&
        ns >= key->min && ns <= key->max) {
        *(int64_t *)member(key, into) = ns;
        return;
    }
    snprintf(expected, sizeof expected,
        "a duration from %.9gs to %.9gs, such as 5s or 100ms",
        (double)key->min / 1e9, (double)key->max / 1e9);
    route_read_expected(r, key->name, v, expected);
}

void
route_read_text(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    const char *copy;

    if (v->kind != ROUTE_VALUE_TEXT || v->len == 0) {
        route_read_expected(r, key->name, v, "a text");
        return;
    }
    copy = route_arena_text(r->arena, v->text, v->len);
    if (copy == NULL)
        route_read_out_of_memory(r);
    else
        *(const char **)member(key, into) = copy;
}

/* ---- Lists -------------------------------------------------------------- */

void
route_read_texts(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, bool (*is_valid)(const char *text),
    const char *expected, const char *const **items, size_t *n)
{
    const struct route_value *one = v->kind == ROUTE_VALUE_LIST ? v->first : v;
    size_t count = v->kind == ROUTE_VALUE_LIST ? v->count : 1;
    const char **list = route_arena_array(r->arena, count, sizeof *list);
    size_t n_list = 0;

    for (; list != NULL && one != NULL; one = one->next) {
        if (one->kind != ROUTE_VALUE_TEXT || !is_valid(one->text)) {
            route_read_expected(r, key->name, one, expected);
        } else {
            list[n_list] = route_arena_text(r->arena, one->text, one->len);
            if (list[n_list++] == NULL)
                list = NULL;
        }
        if (one == v)
            break; /* its next is not of this list */
    }
    if (list == NULL) {
        route_read_out_of_memory(r);
        return;
    }
    *items = list;
    *n = n_list;
}

bool
route_read_some(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, const char *expected)
{
    if (v->kind != ROUTE_VALUE_LIST || v->count > 0)
        return true;
    route_problems_add(r->problems, r->file, v->line,
        "%s: expected %s, found an empty list", key->name, expected);
    return false;
}

void *
route_read_array(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, enum route_value_kind kind, size_t size)
{
    void *array;

    if (v->kind != kind) {
        route_read_expected(r, key->name, v,
            kind == ROUTE_VALUE_LIST ? "a list" : "a map");
        return NULL;
    }
    array = route_arena_array(r->arena, v->count, size);
    if (array == NULL)
        route_read_out_of_memory(r);
    return array;
}
