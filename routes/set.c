/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/set.c - building a route set: schemas, then RPCs, then the rule of
 * each (a rule of the file replaces the annotation, the last one wins), then
 * bindings and the tree. It goes on after problems, to find all of them.
 */
#include "routes/build.h"
#include "routes/arena.h"
#include "routes/read.h"
#include "routes/scalar.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SCHEMA_BYTES ((size_t)64 * 1024 * 1024)

void
route_build_out_of_memory(struct route_builder *b)
{
    route_problems_add(b->problems, b->config->file, 0, "memory is short");
}

/* ---- Schemas ------------------------------------------------------------ */

bool
route_schema_from_file(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    const char *slash = strrchr(config->file, '/');
    const char *reason;
    char *path;
    int n;

    (void)arg;
    if (upstream->schema_kind == ROUTE_SCHEMA_REFLECTION) {
        snprintf(why, ROUTE_WHY_MAX,
            "schema reflection is not available for "
            "route files: give a descriptor set");
        return false;
    }
    if (name[0] == '/' || slash == NULL)
        n = asprintf(&path, "%s", name);
    else
        n = asprintf(&path, "%.*s/%s", (int)(slash - config->file),
            config->file, name);
    if (n < 0) {
        snprintf(why, ROUTE_WHY_MAX, "memory is short");
        return false;
    }
    *data = (uint8_t *)route_file_read(path, MAX_SCHEMA_BYTES, len, &reason);
    if (*data == NULL)
        snprintf(why, ROUTE_WHY_MAX, "%.160s cannot be read: %.60s", path,
            reason);
    free(path);
    return *data != NULL;
}

static void
schema_problem(struct route_builder *b, const struct route_upstream *u,
    const char *name, const struct pb_error *error)
{
    route_problems_add(b->problems, u->place.file, u->place.line,
        "upstream \"%s\": schema %s: %s", u->name, name, error->message);
}

/* Adds one file or the answer of reflection. */
static bool
add_schema(struct route_builder *b, const struct route_upstream *u,
    const char *name, route_schema_source_cb *source, void *arg,
    struct pb_schema_builder *sb)
{
    char why[ROUTE_WHY_MAX] = "it cannot be had";
    struct pb_error error = { .message = "memory is short" };
    uint8_t *data = NULL;
    size_t len = 0;
    enum pb_err err;

    if (!source(arg, b->config, u, name, &data, &len, why)) {
        route_problems_add(b->problems, u->place.file, u->place.line,
            "upstream \"%s\": %s", u->name, why);
        return false;
    }
    err = pb_schema_builder_add_set(sb, data, len, &error);
    free(data);
    if (err != PB_OK)
        schema_problem(b, u, name, &error);
    return err == PB_OK;
}

/* Without one there are still the built-in types: errors have details. */
static void
load_schema(struct route_builder *b, const struct route_upstream *u,
    route_schema_source_cb *source, void *arg, struct pb_schema **schema)
{
    struct pb_schema_builder *sb = pb_schema_builder_new();
    struct pb_error error = { .message = "memory is short" };
    bool ok = u->schema_kind != ROUTE_SCHEMA_FILES || u->n_schemas > 0;

    if (sb == NULL) {
        route_build_out_of_memory(b);
        return;
    }
    if (u->schema_kind == ROUTE_SCHEMA_REFLECTION && u->n_targets > 0) {
        ok = add_schema(b, u, u->targets[0], source, arg, sb);
    }
    for (size_t i = 0; i < u->n_schemas; i++)
        ok = add_schema(b, u, u->schemas[i], source, arg, sb) && ok;
    if (ok && pb_schema_builder_build(sb, schema, &error) != PB_OK)
        schema_problem(b, u, "as a whole", &error);
    pb_schema_builder_free(&sb);
}

/* ---- Rules -------------------------------------------------------------- */

static void
take_annotations(struct route_builder *b)
{
    for (size_t i = 0; i < b->n_rpcs; i++) {
        const struct route_rpc *rpc = &b->rpcs[i];
        const struct pb_method *m = rpc->method;
        struct route_rule *rule;
        const char *why;

        if (m->http_rule == NULL || b->rules[i] != NULL)
            continue;
        rule = route_arena_take(b->arena, sizeof *rule);
        if (rule == NULL) {
            route_build_out_of_memory(b);
            return;
        }
        if (route_rule_from_wire(b->arena, m->http_rule, m->http_rule_len,
                &rpc->place, rule, &why))
            b->rules[i] = rule;
        else
            route_problems_add(b->problems, rpc->place.file, rpc->place.line,
                "%s: its google.api.http option: %s", m->full_name, why);
    }
}

static void
take_rules(struct route_builder *b)
{
    for (size_t i = 0; i < b->config->n_rules; i++) {
        const struct route_rule *rule = &b->config->rules[i];
        const char *cursor = rule->selector, *pattern;
        size_t len;

        while (cursor != NULL && route_selector_next(&cursor, &pattern, &len)) {
            size_t first, end;

            route_build_select(b, pattern, len, &first, &end);
            if (first == end)
                route_build_unknown(b, &rule->place, pattern, len);
            for (; first < end; first++)
                b->rules[first] = rule;
        }
    }
}

/* ---- Bindings ----------------------------------------------------------- */

static size_t
count_bindings(const struct route_builder *b)
{
    size_t n = b->n_rpcs; /* POST /pkg.Service/Method */

    for (size_t i = 0; i < b->n_rpcs; i++)
        n += b->rules[i] == NULL ? 0 : 1 + b->rules[i]->n_additional;
    return n;
}

/* other->place may be the same: of two routes that we make ourselves. */
static void
duplicate(struct route_builder *b, const struct route_binding *one,
    const struct route_binding *other)
{
    const struct route_place *place;

    place = one->is_auto ? &other->place : &one->place;
    route_problems_add(b->problems, place->file, place->line,
        "%s %s of %s is the same route as %s %s of %s (%s:%u)", one->verb,
        one->template_text, one->rpc->method->full_name, other->verb,
        other->template_text, other->rpc->method->full_name, other->place.file,
        other->place.line);
}

/* Puts the binding at the end of the list into the tree. */
static void
keep_binding(struct route_builder *b, const struct route_template *tmpl)
{
    struct route_binding *binding = &b->bindings[b->n_bindings];
    const struct route_binding *other = NULL;

    switch (route_table_add(b->set->table, tmpl, binding, &other)) {
    case PB_OK:
        b->n_bindings++;
        break;
    case PB_EDUPLICATE:
        /* An explicit route may be the automatic one of the same method. */
        if (!binding->is_auto || binding->rpc != other->rpc)
            duplicate(b, binding, other);
        break;
    case PB_ELIMIT:
        route_problems_add(b->problems, binding->place.file,
            binding->place.line, "more than %d different HTTP methods",
            ROUTE_METHODS_MAX - 1);
        break;
    default:
        route_build_out_of_memory(b);
        break;
    }
}

static void
bind_one(struct route_builder *b, const struct route_rpc *rpc,
    const struct route_rule *rule, bool is_annotation)
{
    struct route_template tmpl;

    if (rule->is_flawed ||
        !route_resolve(b, rpc, rule, &tmpl, &b->bindings[b->n_bindings]))
        return;
    b->bindings[b->n_bindings].is_annotation = is_annotation;
    keep_binding(b, &tmpl);
}

static void
bind_rule(struct route_builder *b, const struct route_rpc *rpc,
    const struct route_rule *rule)
{
    bool is_annotation = rule->selector == NULL;

    bind_one(b, rpc, rule, is_annotation);
    for (size_t i = 0; i < rule->n_additional; i++)
        bind_one(b, rpc, &rule->additional[i], is_annotation);
}

static void
bind_automatically(struct route_builder *b, const struct route_rpc *rpc)
{
    struct route_template tmpl;
    struct route_rule rule = { .place = rpc->place,
        .verb = "POST",
        .body = "*" };

    rule.path = route_arena_format(b->arena, "/%s/%s", rpc->group, rpc->name);
    if (rule.path == NULL) {
        route_build_out_of_memory(b);
        return;
    }
    if (!route_resolve(b, rpc, &rule, &tmpl, &b->bindings[b->n_bindings]))
        return;
    b->bindings[b->n_bindings].is_auto = true;
    keep_binding(b, &tmpl);
}

static void
bind_all(struct route_builder *b)
{
    /* One more: the last may be tried and dropped. */
    b->bindings =
        route_arena_array(b->arena, count_bindings(b) + 1, sizeof *b->bindings);
    if (b->bindings == NULL) {
        route_build_out_of_memory(b);
        return;
    }
    for (size_t i = 0; i < b->n_rpcs; i++) {
        if (b->rules[i] != NULL)
            bind_rule(b, &b->rpcs[i], b->rules[i]);
        bind_automatically(b, &b->rpcs[i]);
    }
}

/* ---- Public ------------------------------------------------------------- */

static void
build(struct route_builder *b, route_schema_source_cb *source, void *arg)
{
    b->has_gaps = b->config->has_gaps;
    for (size_t i = 0; i < b->config->n_upstreams; i++) {
        load_schema(b, &b->config->upstreams[i], source, arg,
            &b->set->schemas[i]);
        b->has_gaps |= b->set->schemas[i] == NULL;
    }
    route_build_rpcs(b);
    b->rules = route_arena_array(b->arena, b->n_rpcs, sizeof(*b->rules));
    if (b->rules == NULL) {
        route_build_out_of_memory(b);
        return;
    }
    take_rules(b);
    take_annotations(b);
    bind_all(b);
    b->set->rpcs = b->rpcs;
    b->set->n_rpcs = b->n_rpcs;
    b->set->bindings = b->bindings;
    b->set->n_bindings = b->n_bindings;
}

/* Takes *config in any case. NULL when memory is short. */
static struct route_set *
new_set(struct route_config **config)
{
    struct route_set *set = calloc(1, sizeof *set);

    if (set == NULL) {
        route_config_free(config);
        return NULL;
    }
    set->config = *config;
    *config = NULL;
    set->arena = route_arena_new();
    set->table = route_table_new();
    if (set->arena != NULL)
        set->schemas = route_arena_array(set->arena, set->config->n_upstreams,
            sizeof(*set->schemas));
    if (set->schemas == NULL || set->table == NULL)
        route_set_free(&set);
    return set;
}

struct route_set *
route_set_build(struct route_config **config, route_schema_source_cb *source,
    void *arg, struct route_problems *problems)
{
    size_t n_before = route_problems_total(problems);
    struct route_set *set = new_set(config);
    struct route_builder b = { .problems = problems, .set = set };

    if (set == NULL) {
        route_problems_add(problems, "", 0, "memory is short");
        return NULL;
    }
    b.config = set->config;
    b.arena = set->arena;
    build(&b, source, arg);
    if (route_problems_total(problems) != n_before)
        route_problems_sort(problems);
    if (route_problems_total(problems) != n_before || set->config->is_flawed)
        route_set_free(&set);
    return set;
}

void
route_set_free(struct route_set **set)
{
    struct route_set *s = *set;

    if (s == NULL)
        return;
    route_table_free(&s->table);
    if (s->schemas != NULL) {
        for (size_t i = 0; i < s->config->n_upstreams; i++)
            pb_schema_free(&s->schemas[i]);
    }
    route_arena_free(&s->arena);
    route_config_free(&s->config);
    free(s);
    *set = NULL;
}
