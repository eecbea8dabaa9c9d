/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/set_rpcs.c - from the services of a configuration to its RPCs, sorted
 * by full name: a selector is then a range, pkg.Service.* as well as a name.
 */
#include "routes/build.h"
#include "routes/arena.h"
#include "routes/json_keys.h"
#include "routes/scalar.h"

#include <stdlib.h>

/* A service that some entry of services: asks for. */
struct candidate {
    const struct pb_service *service;
    const struct route_service *entry;
    unsigned upstream;
    bool is_exact;
};

struct candidates {
    struct candidate *items;
    size_t n, cap;
};

/* ---- Services ----------------------------------------------------------- */

static bool
add_candidate(struct candidates *list, struct candidate c)
{
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        struct candidate *grown;

        grown = reallocarray(list->items, cap, sizeof *grown);
        if (grown == NULL)
            return false;
        list->items = grown;
        list->cap = cap;
    }
    list->items[list->n++] = c;
    return true;
}

static void
unknown_service(struct route_builder *b, const struct route_service *entry,
    const struct pb_schema *schema)
{
    uint32_t n = pb_schema_n_services(schema);
    const char **names = calloc(n == 0 ? 1 : n, sizeof(*names));
    const char *nearest = NULL;

    if (names != NULL) {
        for (uint32_t i = 0; i < n; i++)
            names[i] = pb_schema_service_at(schema, i)->full_name;
        nearest = route_nearest(entry->name, names, n);
        free(names);
    }
    route_problems_add(b->problems, entry->place.file, entry->place.line,
        "there is no service \"%s\" in the schema of upstream \"%s\"%s%s%s",
        entry->name, entry->upstream,
        nearest != NULL ? "; did you mean \"" : "",
        nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

/* True if the name matches "*" or begins with the "pkg." of "pkg.*". */
static bool
matches(const char *pattern, size_t len, const char *name)
{
    return strncmp(name, pattern, len - 1) == 0;
}

/* What selectors name is there. */
static bool
find_raw_services(struct route_builder *b, struct candidate c,
    struct candidates *list)
{
    const char *name = c.entry->name;
    size_t len = strlen(name), n_before = list->n;

    c.is_exact = name[len - 1] != '*';
    for (size_t i = 0; i < b->n_named; i++) {
        c.service = &b->named[i];
        if ((c.is_exact ? strcmp(name, c.service->full_name) == 0
                        : matches(name, len, c.service->full_name)) &&
            !add_candidate(list, c))
            return false;
    }
    if (list->n == n_before)
        route_build_unnamed(b, c.entry);
    return true;
}

static bool
find_services(struct route_builder *b, const struct route_service *entry,
    unsigned upstream, struct candidates *list)
{
    const struct pb_schema *schema = b->set->schemas[upstream];
    struct candidate c = { NULL, entry, upstream, true };
    size_t len = strlen(entry->name), n_before = list->n;

    if (schema == NULL)
        return true; /* a problem already */
    if (b->config->upstreams[upstream].schema_kind == ROUTE_SCHEMA_NONE)
        return find_raw_services(b, c, list);
    if (entry->name[len - 1] != '*') {
        c.service = pb_schema_service(schema, entry->name, len);
        if (c.service == NULL) {
            unknown_service(b, entry, schema);
            return true;
        }
        return add_candidate(list, c);
    }
    c.is_exact = false;
    for (uint32_t i = 0; i < pb_schema_n_services(schema); i++) {
        c.service = pb_schema_service_at(schema, i);
        if (matches(entry->name, len, c.service->full_name) &&
            !add_candidate(list, c))
            return false;
    }
    if (list->n == n_before)
        unknown_service(b, entry, schema);
    return true;
}

/* By name; what was asked for by name comes before what a pattern took. */
static int
by_service(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    int order = strcmp(x->service->full_name, y->service->full_name);

    if (order == 0)
        order = (int)y->is_exact - (int)x->is_exact;
    if (order == 0)
        order = (x->entry > y->entry) - (x->entry < y->entry);
    return order;
}

/* Keeps one candidate per service. */
static void
settle(struct route_builder *b, struct candidates *list)
{
    size_t n = 0;

    if (list->n > 1)
        qsort(list->items, list->n, sizeof *list->items, by_service);
    for (size_t i = 0; i < list->n; i++) {
        const struct candidate *c = &list->items[i];
        const struct candidate *last = n > 0 ? &list->items[n - 1] : NULL;

        if (last == NULL ||
            strcmp(last->service->full_name, c->service->full_name) != 0)
            list->items[n++] = *c;
        else if (c->is_exact ||
            (!last->is_exact && last->upstream != c->upstream))
            route_problems_add(b->problems, c->entry->place.file,
                c->entry->place.line,
                "service \"%s\" is given twice, first in line %u",
                c->service->full_name, last->entry->place.line);
    }
    list->n = n;
}

/* ---- Timeouts ----------------------------------------------------------- */

static int
compare_names(const struct route_method_config *m, const char *service,
    const char *method)
{
    int order = strcmp(m->service, service);

    return order != 0 ? order : strcmp(m->method, method);
}

static const struct route_method_config *
find_config(const struct route_upstream *u, const char *service,
    const char *method)
{
    size_t low = 0, high = u->n_method_configs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct route_method_config *m = &u->method_configs[middle];
        int order = compare_names(m, service, method);

        if (order == 0)
            return m;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* gRPC's rule: the entry for the method, else for the service, else for all;
 * one entry counts, whatever it says. */
static int64_t
timeout_of(const struct route_upstream *u, const struct route_rpc *rpc)
{
    const struct route_method_config *m;

    m = find_config(u, rpc->group, rpc->name);
    if (m == NULL)
        m = find_config(u, rpc->group, "");
    if (m == NULL)
        m = find_config(u, "", "");
    return m == NULL ? -1 : m->timeout_ns;
}

static bool
is_for_raw(const struct route_method_options *o)
{
    return o->cardinality >= 0 || o->content_type != NULL;
}

static void
reject_raw_options(struct route_builder *b,
    const struct route_method_options *o, const struct route_rpc *rpc)
{
    route_problems_add(b->problems, o->place.file, o->place.line,
        "%s is only for methods of upstreams with schema none, found %s",
        o->cardinality >= 0 ? "cardinality" : "content_type",
        rpc->method->full_name);
}

/* A field that is one short text: nothing repeated, no message. */
static const struct pb_field *
plain_field(struct route_builder *b, const struct route_method_options *o,
    const struct pb_message *message, const char *name)
{
    const struct pb_field *f =
        pb_message_field_by_name(message, name, strlen(name));

    if (f != NULL && !f->is_repeated && f->message == NULL)
        return f;
    route_problems_add(b->problems, o->place.file, o->place.line,
        f == NULL ? "sse: %s has no field \"%s\""
                  : "sse: expected a scalar field, found %s.%s",
        message->full_name, name);
    return NULL;
}

static void
apply_sse(struct route_builder *b, const struct route_method_options *o,
    struct route_rpc *rpc)
{
    const struct pb_method *m = rpc->method;

    if (o->sse_id_field == NULL && o->sse_last_event_id == NULL &&
        o->sse_retry_ns < 0)
        return;
    if (rpc->is_raw) {
        route_problems_add(b->problems, o->place.file, o->place.line,
            "sse: %s has no schema, and its answers are bytes", m->full_name);
        return;
    }
    if (!m->server_streaming) {
        route_problems_add(b->problems, o->place.file, o->place.line,
            "sse: %s is no server stream", m->full_name);
        return;
    }
    if (o->sse_id_field != NULL)
        rpc->event_id = plain_field(b, o, m->output, o->sse_id_field);
    if (o->sse_last_event_id != NULL)
        rpc->last_event_id = plain_field(b, o, m->input, o->sse_last_event_id);
    if (o->sse_retry_ns >= 0)
        rpc->retry_ns = o->sse_retry_ns;
}

static void
apply(struct route_builder *b, const struct route_method_options *o,
    struct route_rpc *rpc)
{
    if (o->timeout_ns >= 0)
        rpc->timeout_ns = o->timeout_ns;
    if (o->max_timeout_ns >= 0)
        rpc->max_timeout_ns = o->max_timeout_ns;
    if (o->fills_mask >= 0)
        rpc->fills_mask = o->fills_mask > 0;
    route_json_overlay(&rpc->json, &o->json);
    if (rpc->is_raw)
        route_build_raw_options(b, rpc, o);
    apply_sse(b, o, rpc);
}

static void
apply_options(struct route_builder *b)
{
    for (size_t i = 0; i < b->config->n_methods; i++) {
        const struct route_method_options *o = &b->config->methods[i];
        const char *cursor = o->selector, *pattern;
        const struct route_rpc *wrong = NULL; /* one is told */
        size_t len;

        while (cursor != NULL && route_selector_next(&cursor, &pattern, &len)) {
            size_t first, end;

            route_build_select(b, pattern, len, &first, &end);
            if (first == end)
                route_build_unknown(b, &o->place, pattern, len);
            for (; first < end; first++) {
                apply(b, o, &b->rpcs[first]);
                if (wrong == NULL && !b->rpcs[first].is_raw)
                    wrong = &b->rpcs[first];
            }
        }
        if (wrong != NULL && is_for_raw(o))
            reject_raw_options(b, o, wrong);
    }
}

/* ---- RPCs --------------------------------------------------------------- */

static int
by_full_name(const void *a, const void *b)
{
    const struct route_rpc *x = a;
    const struct route_rpc *y = b;

    return strcmp(x->method->full_name, y->method->full_name);
}

static bool
make_rpcs(struct route_builder *b, const struct candidates *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++)
        n += list->items[i].service->n_methods;
    b->rpcs = route_arena_array(b->arena, n, sizeof *b->rpcs);
    if (b->rpcs == NULL)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        const struct candidate *c = &list->items[i];
        const struct route_upstream *u = &b->config->upstreams[c->upstream];

        for (uint32_t k = 0; k < c->service->n_methods; k++) {
            struct route_rpc *rpc = &b->rpcs[b->n_rpcs++];

            rpc->method = &c->service->methods[k];
            rpc->upstream = c->upstream;
            rpc->group = c->service->full_name;
            rpc->name = rpc->method->name;
            rpc->place = c->entry->place;
            rpc->timeout_ns = timeout_of(u, rpc);
            rpc->max_timeout_ns = -1;
            rpc->retry_ns = -1;
            rpc->json = b->config->json;
            rpc->fills_mask = true;
            if (u->schema_kind == ROUTE_SCHEMA_NONE)
                route_build_raw(b, rpc);
        }
    }
    if (b->n_rpcs > 1)
        qsort(b->rpcs, b->n_rpcs, sizeof *b->rpcs, by_full_name);
    return true;
}

void
route_build_rpcs(struct route_builder *b)
{
    struct candidates list = { NULL, 0, 0 };
    bool ok = route_build_named(b);

    for (size_t i = 0; ok && i < b->config->n_services; i++) {
        const struct route_service *entry = &b->config->services[i];
        unsigned u = 0;

        while (strcmp(b->config->upstreams[u].name, entry->upstream) != 0)
            u++; /* config.c has checked that there is one */
        ok = find_services(b, entry, u, &list);
    }
    if (ok) {
        settle(b, &list);
        ok = make_rpcs(b, &list);
    }
    free(list.items);
    if (ok)
        apply_options(b);
    else
        route_build_out_of_memory(b);
}

/* ---- Selectors ---------------------------------------------------------- */

/* The first RPC whose name is not before the len bytes of prefix. */
static size_t
lower_bound(const struct route_builder *b, const char *prefix, size_t len)
{
    size_t low = 0, high = b->n_rpcs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strncmp(b->rpcs[middle].method->full_name, prefix, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void
route_build_select(const struct route_builder *b, const char *pattern,
    size_t len, size_t *first, size_t *end)
{
    bool is_pattern = pattern[len - 1] == '*';

    if (is_pattern)
        len--;
    *first = *end = lower_bound(b, pattern, len);
    while (*end < b->n_rpcs) {
        const char *name = b->rpcs[*end].method->full_name;

        if (strncmp(name, pattern, len) != 0 ||
            (!is_pattern && name[len] != '\0'))
            break;
        ++*end;
    }
}

/* True if some schema has it, though no service of the file covers it. */
static bool
is_in_a_schema(const struct route_builder *b, const char *name, size_t len)
{
    for (size_t i = 0; i < b->config->n_upstreams; i++) {
        const struct pb_schema *s = b->set->schemas[i];

        if (s != NULL && pb_schema_method(s, name, len) != NULL)
            return true;
    }
    return false;
}

/* The length of the "pkg.Service." that it begins with. */
static size_t
service_length(const char *pattern, size_t len)
{
    const char *dot = memrchr(pattern, '.', len);

    return dot != NULL ? (size_t)(dot - pattern) + 1 : 0;
}

static bool
is_service_there(const struct route_builder *b, const char *pattern, size_t len)
{
    size_t service_len = service_length(pattern, len);
    size_t first = lower_bound(b, pattern, service_len);

    return first < b->n_rpcs &&
        strncmp(b->rpcs[first].method->full_name, pattern, service_len) == 0;
}

static const char *
nearest_method(const struct route_builder *b, const char *pattern, size_t len)
{
    size_t service_len = service_length(pattern, len);
    char *wanted = strndup(pattern + service_len, len - service_len);
    const char **names = NULL;
    const char *nearest = NULL;
    size_t first = lower_bound(b, pattern, service_len), n = 0;

    while (first + n < b->n_rpcs &&
        strncmp(b->rpcs[first + n].method->full_name, pattern, service_len) ==
            0)
        n++;
    if (n > 0)
        names = calloc(n, sizeof(*names));
    if (names != NULL && wanted != NULL) {
        for (size_t i = 0; i < n; i++)
            names[i] = b->rpcs[first + i].name;
        nearest = route_nearest(wanted, names, n);
    }
    free(names);
    free(wanted);
    return nearest;
}

void
route_build_unknown(struct route_builder *b, const struct route_place *place,
    const char *pattern, size_t len)
{
    const char *nearest;

    if (b->has_gaps && !is_service_there(b, pattern, len))
        return;
    if (is_in_a_schema(b, pattern, len)) {
        route_problems_add(b->problems, place->file, place->line,
            "the service of method \"%.*s\" is not in services", (int)len,
            pattern);
        return;
    }
    nearest = nearest_method(b, pattern, len);
    route_problems_add(b->problems, place->file, place->line,
        "there is no method \"%.*s\"%s%s%s", (int)len, pattern,
        nearest != NULL ? "; did you mean \"" : "",
        nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}
