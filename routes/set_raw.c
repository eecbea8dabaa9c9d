/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/set_raw.c - the methods of upstreams without a schema. Nobody else
 * says which there are: those that the selectors of http and methods name in
 * full. They are made up as a schema would have them, with messages that have
 * no fields; the rest of the set then takes them as any other, and only who
 * reads or writes a message needs to know that it is bytes (route_rpc.is_raw).
 */
#include "routes/build.h"
#include "routes/arena.h"
#include "routes/scalar.h"

#include <stdlib.h>

#define NO_FIELDS "google.protobuf.Empty"

static bool
has_raw_upstream(const struct route_config *c)
{
    for (size_t i = 0; i < c->n_upstreams; i++)
        if (c->upstreams[i].schema_kind == ROUTE_SCHEMA_NONE)
            return true;
    return false;
}

/* ---- Names --------------------------------------------------------------- */

/* Takes the names of methods among the patterns of a selector into out, which
 * may be NULL, and returns how many there are. */
static size_t
take_names(struct route_builder *b, const char *selector, const char **out)
{
    const char *pattern;
    size_t len, n = 0;

    while (selector != NULL && route_selector_next(&selector, &pattern, &len)) {
        if (pattern[len - 1] == '*' || memchr(pattern, '.', len) == NULL)
            continue;
        if (out != NULL)
            out[n] = route_arena_text(b->arena, pattern, len);
        n++;
    }
    return n;
}

static size_t
take_all_names(struct route_builder *b, const char **out)
{
    const struct route_config *c = b->config;
    size_t n = 0;

    for (size_t i = 0; i < c->n_rules; i++)
        n += take_names(b, c->rules[i].selector, out == NULL ? NULL : out + n);
    for (size_t i = 0; i < c->n_methods; i++)
        n +=
            take_names(b, c->methods[i].selector, out == NULL ? NULL : out + n);
    return n;
}

static size_t
service_length(const char *name)
{
    return (size_t)(strrchr(name, '.') - name);
}

/* Methods of one service stand together: pkg.S.C.Get is not between pkg.S.A
 * and pkg.S.D. */
static int
by_service(const void *a, const void *b)
{
    const char *x = *(const char *const *)a;
    const char *y = *(const char *const *)b;
    size_t x_len = service_length(x), y_len = service_length(y);
    int order = strncmp(x, y, x_len < y_len ? x_len : y_len);

    if (order == 0)
        order = (x_len > y_len) - (x_len < y_len);
    return order != 0 ? order : strcmp(x + x_len, y + y_len);
}

/* Every name once. NULL when memory is short. */
static const char **
list_names(struct route_builder *b, size_t *n_names)
{
    size_t n = take_all_names(b, NULL), kept = 0;
    const char **names = route_arena_array(b->arena, n, sizeof(*names));

    if (names == NULL)
        return NULL;
    (void)take_all_names(b, names);
    for (size_t i = 0; i < n; i++)
        if (names[i] == NULL)
            return NULL;
    if (n > 1)
        qsort(names, n, sizeof(*names), by_service);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
            names[kept++] = names[i];
    *n_names = kept;
    return names;
}

/* ---- Services ------------------------------------------------------------ */

/* The service of the method that is about to be added. */
static struct pb_service *
service_of(struct route_builder *b, const char *name)
{
    size_t len = service_length(name);
    struct pb_service *s;

    if (b->n_named > 0) {
        s = &b->named[b->n_named - 1];
        if (strlen(s->full_name) == len &&
            strncmp(s->full_name, name, len) == 0)
            return s;
    }
    s = &b->named[b->n_named++];
    s->full_name = route_arena_text(b->arena, name, len);
    s->methods = &b->named_methods[b->n_named_methods];
    return s->full_name == NULL ? NULL : s;
}

bool
route_build_named(struct route_builder *b)
{
    const char **names;
    size_t n;

    if (!has_raw_upstream(b->config))
        return true;
    names = list_names(b, &n);
    if (names == NULL)
        return false;
    b->named = route_arena_array(b->arena, n, sizeof *b->named);
    b->named_methods = route_arena_array(b->arena, n, sizeof *b->named_methods);
    if (b->named == NULL || b->named_methods == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct pb_service *s = service_of(b, names[i]);
        struct pb_method *m = &b->named_methods[b->n_named_methods++];

        if (s == NULL)
            return false;
        s->n_methods++;
        m->full_name = names[i];
        m->name = strrchr(names[i], '.') + 1;
        m->service = s;
    }
    return true;
}

void
route_build_unnamed(struct route_builder *b, const struct route_service *entry)
{
    b->has_gaps = true; /* what is not named may be in what is missing */
    if (b->config->is_flawed)
        return;
    route_problems_add(b->problems, entry->place.file, entry->place.line,
        "no method of \"%s\" is known: upstream \"%s\" has no schema, and "
        "neither http nor methods names one in full",
        entry->name, entry->upstream);
}

/* ---- Methods ------------------------------------------------------------- */

/* The method as our own, to be changed. */
static struct pb_method *
own(const struct route_builder *b, const struct pb_method *m)
{
    return &b->named_methods[m - b->named_methods];
}

void
route_build_raw(struct route_builder *b, struct route_rpc *rpc)
{
    const struct pb_schema *built_in = b->set->schemas[rpc->upstream];
    struct pb_method *m = own(b, rpc->method);

    rpc->is_raw = true;
    m->input = m->output =
        pb_schema_message(built_in, NO_FIELDS, sizeof NO_FIELDS - 1);
}

void
route_build_raw_options(struct route_builder *b, struct route_rpc *rpc,
    const struct route_method_options *o)
{
    struct pb_method *m = own(b, rpc->method);

    if (o->cardinality >= 0) {
        m->client_streaming = (o->cardinality & ROUTE_STREAM_IN) != 0;
        m->server_streaming = (o->cardinality & ROUTE_STREAM_OUT) != 0;
    }
    if (o->content_type != NULL)
        rpc->content_type = o->content_type;
}
