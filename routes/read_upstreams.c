/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read_upstreams.c - upstreams: of a route file: where backends are, what
 * is known of their methods, and how long one waits for them.
 */
#include "routes/config.h"
#include "routes/arena.h"
#include "routes/read.h"
#include "routes/scalar.h"

#define SECOND_NS INT64_C(1000000000)
#define MS_NS (SECOND_NS / 1000)
#define DAY_NS (24 * 3600 * SECOND_NS)
#define COUNT(a) (sizeof(a) / sizeof *(a))

#define LEAST_WINDOW (INT64_C(64) * 1024)
#define MOST_WINDOW (INT64_C(16) * 1024 * 1024)

/* gRPC clients do not ask more often than that, whatever they are told. */
#define LEAST_UNASKED_NS (10 * SECOND_NS)

static void
read_target(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_upstream *u = into;

    if (v->kind == ROUTE_VALUE_LIST && v->count != 1) {
        route_read_expected(r, key->name, v,
            "one target: an upstream has one address in this version");
        return;
    }
    route_read_texts(r, key, v, route_is_target,
        "dns:///host:port, ipv4:a.b.c.d:port, ipv6:[::]:port, unix:path, "
        "inproc:NAME or host:port",
        &u->targets, &u->n_targets);
}

static bool
is_text(const char *text)
{
    return *text != '\0';
}

static void
read_schema(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_upstream *u = into;
    size_t n_before = route_problems_total(r->problems);

    if (v->kind == ROUTE_VALUE_LIST && v->count == 0) {
        route_read_expected(r, key->name, v, "a file");
        return;
    }
    if (v->kind == ROUTE_VALUE_TEXT && strcmp(v->text, "reflection") == 0)
        u->schema_kind = ROUTE_SCHEMA_REFLECTION;
    else if (v->kind == ROUTE_VALUE_TEXT && strcmp(v->text, "none") == 0)
        u->schema_kind = ROUTE_SCHEMA_NONE;
    else
        route_read_texts(r, key, v, is_text,
            "a file with a FileDescriptorSet, reflection or none", &u->schemas,
            &u->n_schemas);
    if (route_problems_total(r->problems) != n_before)
        u->n_schemas = 0; /* half a schema would seem to lack things */
}

#define DURATION(key, member, least)                                     \
    {                                                                    \
        .name = key, .read = route_read_duration, .min = (least),        \
        .max = DAY_NS, .offset = offsetof(struct route_upstream, member) \
    }

static void
read_keepalive(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        DURATION("time", keepalive_ns, 0),
        DURATION("timeout", keepalive_timeout_ns, MS_NS),
        { .name = "permitted",
            .read = route_read_bool,
            .offset = offsetof(struct route_upstream, keepalive_is_permitted) },
    };
    struct route_upstream *u = into;

    route_read_map(r, v, key->name, keys, COUNT(keys), u);
    if (u->keepalive_ns > 0 && u->keepalive_ns < LEAST_UNASKED_NS &&
        !u->keepalive_is_permitted)
        route_problems_add(r->problems, r->file, v->line,
            "keepalive: a time of less than 10s needs \"permitted: true\"");
}

static const struct route_key upstream_keys[] = {
    { .name = "target", .read = read_target, .is_required = true },
    { .name = "schema", .read = read_schema, .is_required = true },
    { .name = "service_config",
        .alias = "serviceConfig",
        .read = route_read_service_config },
    DURATION("connect_timeout", connect_timeout_ns, MS_NS),
    { .name = "keepalive", .read = read_keepalive },
    { .name = "max_stream_window",
        .read = route_read_size,
        .min = LEAST_WINDOW,
        .max = MOST_WINDOW,
        .offset = offsetof(struct route_upstream, max_stream_window) },
};

void
route_read_upstreams(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;
    struct route_upstream *list;

    list = route_read_array(r, key, v, ROUTE_VALUE_MAP, sizeof *list);
    if (list == NULL)
        return;
    for (const struct route_value *m = v->first; m != NULL; m = m->next) {
        struct route_upstream *u = &list[c->n_upstreams++];

        u->place.file = r->file;
        u->place.line = m->key_line;
        u->name = m->key;
        u->connect_timeout_ns = 5 * SECOND_NS;
        u->keepalive_ns = 20 * SECOND_NS;
        u->keepalive_timeout_ns = 10 * SECOND_NS;
        u->max_stream_window = MOST_WINDOW;
        route_read_map(r, m, "an upstream", upstream_keys, COUNT(upstream_keys),
            u);
    }
    c->upstreams = list;
}
