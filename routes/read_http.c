/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read_http.c - http: of a route file, which is google.api.Http as
 * people have it in their service configurations, under either spelling of its
 * names.
 */
#include "routes/read.h"
#include "routes/arena.h"
#include "routes/percent.h"
#include "routes/scalar.h"
#include "routes/template.h"

#include <stdio.h>

/* A rule while its keys come in. */
struct draft {
    struct route_rule rule;
    unsigned n_patterns;
    size_t n_apart; /* problems of its additional bindings */
    bool is_additional;
    bool has_selector;
};

static route_read_cb read_pattern, read_custom, read_selector, read_body,
    read_response_body, read_additional;

static const struct route_key rule_keys[] = {
    { .name = "selector", .read = read_selector },
    { .name = "get", .read = read_pattern },
    { .name = "put", .read = read_pattern },
    { .name = "post", .read = read_pattern },
    { .name = "delete", .read = read_pattern },
    { .name = "patch", .read = read_pattern },
    { .name = "custom", .read = read_custom },
    { .name = "body", .read = read_body },
    { .name = "response_body",
        .alias = "responseBody",
        .read = read_response_body },
    { .name = "additional_bindings",
        .alias = "additionalBindings",
        .read = read_additional },
};

/* ---- Patterns ----------------------------------------------------------- */

static void
check_template(struct route_reader *r, const char *key,
    const struct route_value *v)
{
    struct route_template tmpl;
    struct pb_error error;
    char quoted[ROUTE_QUOTE_MAX];

    if (route_template_parse(v->text, v->len, &tmpl, &error) != PB_OK)
        route_problems_add(r->problems, r->file, v->line,
            "%s: path \"%s\", column %u: %s", key,
            route_quote(v->text, v->len, quoted), error.column, error.message);
}

static void
read_path(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, struct draft *d)
{
    if (v->kind != ROUTE_VALUE_TEXT) {
        route_read_expected(r, key->name, v, "a path template");
        return;
    }
    check_template(r, key->name, v);
    d->rule.path = route_arena_text(r->arena, v->text, v->len);
    if (d->rule.path == NULL)
        route_read_out_of_memory(r);
}

static void
read_pattern(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const char *const verbs[][2] = {
        { "get", "GET" },
        { "put", "PUT" },
        { "post", "POST" },
        { "delete", "DELETE" },
        { "patch", "PATCH" },
    };
    struct draft *d = into;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i][0], key->name) == 0)
            d->rule.verb = verbs[i][1];
    }
    d->n_patterns++;
    read_path(r, key, v, d);
}

static void
read_kind(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct draft *d = into;

    if (v->kind != ROUTE_VALUE_TEXT || !route_is_token(v->text) || v->len > 32)
        route_read_expected(r, key->name, v,
            "an HTTP method of at most 32 characters, or \"*\"");
    else
        route_read_text(r, key, v, &d->rule);
}

static void
read_custom_path(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    read_path(r, key, v, into);
}

static void
read_custom(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "kind",
            .read = read_kind,
            .is_required = true,
            .offset = offsetof(struct route_rule, verb) },
        { .name = "path", .read = read_custom_path, .is_required = true },
    };

    ((struct draft *)into)->n_patterns++;
    route_read_map(r, v, key->name, keys, sizeof keys / sizeof *keys, into);
}

/* ---- The other keys ----------------------------------------------------- */

static void
read_selector(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key as_text = { .name = "selector",
        .offset = offsetof(struct route_rule, selector) };
    struct draft *d = into;

    d->has_selector = true;
    if (d->is_additional)
        route_problems_add(r->problems, r->file, v->key_line,
            "an additional binding has no selector of its own: "
            "it takes that of its rule");
    else if (v->kind != ROUTE_VALUE_TEXT || !route_is_selector(v->text))
        route_read_expected(r, key->name, v,
            "pkg.Service.Method, pkg.Service.* or *, separated by commas");
    else
        route_read_text(r, &as_text, v, &d->rule);
}

/* A body is "*" or a name; an empty text is as good as none (proto3). */
static void
read_field_name(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, bool may_be_all, const char **name)
{
    if (v->kind == ROUTE_VALUE_TEXT && v->len == 0)
        return;
    if (v->kind != ROUTE_VALUE_TEXT ||
        !((may_be_all && strcmp(v->text, "*") == 0) ||
            (route_is_full_name(v->text, v->len) &&
                strchr(v->text, '.') == NULL))) {
        route_read_expected(r, key->name, v,
            may_be_all ? "\"*\" or the name of a top-level field"
                       : "the name of a top-level field");
        return;
    }
    *name = route_arena_text(r->arena, v->text, v->len);
    if (*name == NULL)
        route_read_out_of_memory(r);
}

static void
read_body(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    read_field_name(r, key, v, true, &((struct draft *)into)->rule.body);
}

static void
read_response_body(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    read_field_name(r, key, v, false,
        &((struct draft *)into)->rule.response_body);
}

/* ---- Rules -------------------------------------------------------------- */

static void
read_rule(struct route_reader *r, const struct route_value *v,
    bool is_additional, struct route_rule *rule)
{
    const char *what = is_additional ? "an additional binding" : "a rule";
    struct draft d = { .is_additional = is_additional };
    size_t n_before = route_problems_total(r->problems);

    rule->is_flawed = true; /* unless all goes well */
    d.rule.place.file = r->file;
    d.rule.place.line = v->line;
    if (!route_read_map(r, v, what, rule_keys,
            sizeof rule_keys / sizeof *rule_keys, &d))
        return;
    if (d.n_patterns != 1)
        route_problems_add(r->problems, r->file, v->line,
            "%s: expected one of get, put, post, delete, patch and custom, "
            "found %s",
            what, d.n_patterns == 0 ? "none" : "several");
    if (!is_additional && !d.has_selector)
        route_problems_add(r->problems, r->file, v->line,
            "a rule needs a key \"selector\"");
    d.rule.is_flawed = route_problems_total(r->problems) - n_before > d.n_apart;
    *rule = d.rule;
}

static void
read_additional(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct draft *d = into;
    size_t n_before = route_problems_total(r->problems);
    struct route_rule *rules;

    if (d->is_additional) {
        route_problems_add(r->problems, r->file, v->key_line,
            "additional bindings cannot have additional bindings");
        return;
    }
    rules = route_read_array(r, key, v, ROUTE_VALUE_LIST, sizeof *rules);
    if (rules == NULL)
        return;
    for (const struct route_value *e = v->first; e != NULL; e = e->next)
        read_rule(r, e, true, &rules[d->rule.n_additional++]);
    d->rule.additional = rules;
    d->n_apart = route_problems_total(r->problems) - n_before;
}

static void
read_rules(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;
    struct route_rule *rules;

    rules = route_read_array(r, key, v, ROUTE_VALUE_LIST, sizeof *rules);
    if (rules == NULL)
        return;
    for (const struct route_value *e = v->first; e != NULL; e = e->next)
        read_rule(r, e, false, &rules[c->n_rules++]);
    c->rules = rules;
}

void
route_read_http(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "rules", .read = read_rules },
        { .name = "fully_decode_reserved_expansion",
            .alias = "fullyDecodeReservedExpansion",
            .read = route_read_bool,
            .offset = offsetof(struct route_config,
                fully_decode_reserved_expansion) },
    };

    route_read_map(r, v, key->name, keys, sizeof keys / sizeof *keys, into);
}
