/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read_service_config.c - service_config: of an upstream, which is gRPC
 * service config JSON. What of it has effect, and what becomes of the rest, is
 * said at struct route_upstream.
 */
#include "routes/read.h"
#include "routes/arena.h"
#include "routes/scalar.h"

#include <stdlib.h>

#define MAX_TIMEOUT_NS (INT64_C(365) * 24 * 3600 * 1000000000)

/* ---- Parts without effect: only their type ------------------------------ */

static void
check_list(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_LIST)
        route_read_expected(r, key->name, v, "a list");
}

static void
check_map(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_MAP)
        route_read_expected(r, key->name, v, "a map");
}

static void
check_text(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_TEXT)
        route_read_expected(r, key->name, v, "a text");
}

static void
check_bool(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_BOOL)
        route_read_expected(r, key->name, v, "true or false");
}

static void
check_number(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_INTEGER && v->kind != ROUTE_VALUE_TEXT)
        route_read_expected(r, key->name, v, "a whole number");
}

/* ---- methodConfig ------------------------------------------------------- */

struct names {
    struct route_method_config *items;
    size_t n;
    int64_t timeout_ns;
};

static void
read_name_part(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    if (v->kind == ROUTE_VALUE_TEXT && v->len == 0)
        return; /* as good as none (proto3) */
    if (v->kind == ROUTE_VALUE_TEXT && !route_is_full_name(v->text, v->len))
        route_read_expected(r, key->name, v, "a name");
    else
        route_read_text(r, key, v, into);
}

static void
read_names(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "service",
            .read = read_name_part,
            .offset = offsetof(struct route_method_config, service) },
        { .name = "method",
            .read = read_name_part,
            .offset = offsetof(struct route_method_config, method) },
    };
    struct names *names = into;

    names->items =
        route_read_array(r, key, v, ROUTE_VALUE_LIST, sizeof *names->items);
    if (names->items == NULL)
        return;
    for (const struct route_value *e = v->first; e != NULL; e = e->next) {
        struct route_method_config *m = &names->items[names->n++];

        m->place.file = r->file;
        m->place.line = e->line;
        m->service = m->method = "";
        route_read_map(r, e, "a name", keys, sizeof keys / sizeof *keys, m);
        if (*m->service == '\0' && *m->method != '\0')
            route_problems_add(r->problems, r->file, e->line,
                "a name with a method needs a service");
    }
}

static int
by_name(const void *a, const void *b)
{
    const struct route_method_config *x = a;
    const struct route_method_config *y = b;
    int order = strcmp(x->service, y->service);

    if (order == 0)
        order = strcmp(x->method, y->method);
    return order != 0
        ? order
        : (x->place.line > y->place.line) - (x->place.line < y->place.line);
}

/* Sorts. gRPC refuses a service config that has a name twice. */
static void
check_names(struct route_reader *r, struct route_method_config *m, size_t n)
{
    if (n > 1)
        qsort(m, n, sizeof *m, by_name);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(m[i].service, m[i - 1].service) == 0 &&
            strcmp(m[i].method, m[i - 1].method) == 0)
            route_problems_add(r->problems, r->file, m[i].place.line,
                "the name \"%s/%s\" is given twice, first in line %u",
                m[i].service, m[i].method, m[i - 1].place.line);
    }
}

static void
read_method_config(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "name", .read = read_names },
        { .name = "timeout",
            .read = route_read_duration,
            .min = 0,
            .max = MAX_TIMEOUT_NS,
            .offset = offsetof(struct names, timeout_ns) },
        { .name = "waitForReady", .read = check_bool },
        { .name = "maxRequestMessageBytes", .read = check_number },
        { .name = "maxResponseMessageBytes", .read = check_number },
        { .name = "retryPolicy", .read = check_map },
        { .name = "hedgingPolicy", .read = check_map },
    };
    struct route_upstream *u = into;
    struct names *entries =
        route_read_array(r, key, v, ROUTE_VALUE_LIST, sizeof *entries);
    struct route_method_config *all;
    size_t n_entries = 0, n = 0;

    if (entries == NULL)
        return;
    for (const struct route_value *e = v->first; e != NULL; e = e->next) {
        struct names *names = &entries[n_entries++];

        names->timeout_ns = -1;
        route_read_map(r, e, "a methodConfig", keys, sizeof keys / sizeof *keys,
            names);
        n += names->n;
    }
    all = route_arena_array(r->arena, n, sizeof *all);
    if (all == NULL) {
        route_read_out_of_memory(r);
        return;
    }
    n = 0;
    for (size_t i = 0; i < n_entries; i++) {
        for (size_t k = 0; k < entries[i].n; k++) {
            all[n] = entries[i].items[k];
            all[n++].timeout_ns = entries[i].timeout_ns;
        }
    }
    check_names(r, all, n);
    u->method_configs = all;
    u->n_method_configs = n;
}

/* ---- The whole ---------------------------------------------------------- */

void
route_read_service_config(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "methodConfig", .read = read_method_config },
        { .name = "loadBalancingConfig", .read = check_list },
        { .name = "loadBalancingPolicy", .read = check_text },
        { .name = "retryThrottling", .read = check_map },
        { .name = "healthCheckConfig", .read = check_map },
    };

    route_read_map(r, v, key->name, keys, sizeof keys / sizeof *keys, into);
}
