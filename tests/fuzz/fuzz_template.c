/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a path template. One that parses must match the path that is
 * made from it by filling in its wildcards, and cover it as it says.
 */
#include "routes/tree.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    char s[ROUTE_MAX_SEGMENTS * (ROUTE_MAX_LITERAL + 1) + 300];
    size_t len;
};

static void
append(struct text *t, const char *s, size_t len)
{
    assert(len <= sizeof t->s - t->len);
    memcpy(t->s + t->len, s, len);
    t->len += len;
}

static void
fill_in(const struct route_template *t, struct text *path)
{
    for (unsigned i = 0; i < t->n_segments; i++) {
        const struct route_segment *s = &t->segments[i];

        append(path, "/", 1);
        if (s->kind == ROUTE_LITERAL)
            append(path, s->text, s->len);
        else
            append(path, "~y/~z", s->kind == ROUTE_STAR ? 2 : 5);
    }
    if (t->n_segments == 0)
        append(path, "/", 1);
    if (t->verb != NULL) {
        append(path, ":", 1);
        append(path, t->verb, t->verb_len);
    }
}

static void
check_segments(const struct route_template *t, const struct route_match *m,
    const struct text *path)
{
    assert(m->n_segments == t->n_segments);
    for (unsigned i = 0; i < t->n_segments; i++) {
        const struct route_segment *s = &t->segments[i];
        const char *found = path->s + m->segments[i].at;
        size_t len = m->segments[i].len;

        assert(m->segments[i].at + len <= path->len);
        if (s->kind == ROUTE_LITERAL)
            assert(len == s->len && memcmp(found, s->text, len) == 0);
        else if (s->kind == ROUTE_STAR)
            assert(len == 2 && memcmp(found, "~y", 2) == 0);
        else
            assert(len == 5 && memcmp(found, "~y/~z", 5) == 0);
    }
}

static void
check_variables(const struct route_template *t)
{
    for (unsigned i = 0; i < t->n_variables; i++) {
        const struct route_variable *v = &t->variables[i];

        assert(v->len > 0 && v->count > 0);
        assert(v->first + v->count <= t->n_segments);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text path;
    struct route_binding b = { .verb = "GET" };
    const struct route_binding *other;
    struct route_table *table;
    struct route_template t;
    struct route_match m;
    struct pb_error error = { .kind = PB_OK };

    if (route_template_parse((const char *)data, size, &t, &error) != PB_OK) {
        assert(error.kind != PB_OK && error.message[0] != '\0');
        assert(error.column >= 1 && error.column <= size + 1);
        return 0;
    }
    check_variables(&t);
    b.n_segments = t.n_segments;
    b.star_star = t.star_star;
    table = route_table_new();
    if (table == NULL || route_table_add(table, &t, &b, &other) != PB_OK)
        __builtin_trap();
    assert(route_table_add(table, &t, &b, &other) == PB_EDUPLICATE);
    path.len = 0;
    fill_in(&t, &path);
    assert(route_table_match(table, "GET", 3, path.s, path.len, &m, NULL) ==
        ROUTE_FOUND);
    check_segments(&t, &m, &path);
    route_table_free(&table);
    return 0;
}
