/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a route set: annotations and rules, selectors, timeouts, and every
 * mistake that only the schema shows.
 */
#include "routes/arena.h"
#include "routes/build.h"
#include "tests/memory.h"
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define TYPES "upstreams: {u: {target: 'h:1', schema: types.pb}}\n"

static struct route_set *
good(const char *yaml)
{
    struct route_problems problems;
    struct route_set *set = build_set(yaml, &problems);
    char shown[4096];

    if (set == NULL)
        fail_msg("%s", show_problems(&problems, shown, sizeof shown));
    route_problems_fini(&problems);
    return set;
}

static void
bad(const char *yaml, const char *expected)
{
    struct route_problems problems;
    char shown[4096];

    assert_null(build_set(yaml, &problems));
    assert_string_equal(show_problems(&problems, shown, sizeof shown),
        expected);
}

/* "VERB TEMPLATE Method" of each binding, one a line. */
static void
lists(const struct route_set *set, const char *expected)
{
    char shown[4096] = "";
    size_t n = 0;

    for (size_t i = 0; i < set->n_bindings; i++) {
        const struct route_binding *b = &set->bindings[i];

        n += (size_t)snprintf(shown + n, sizeof shown - n, "%s %s %s%s\n",
            b->verb, b->template_text, b->rpc->name,
            b->is_auto ? " (auto)" : "");
    }
    assert_string_equal(shown, expected);
}

static const struct route_rpc *
rpc(const struct route_set *set, const char *full_name)
{
    for (size_t i = 0; i < set->n_rpcs; i++) {
        if (strcmp(set->rpcs[i].method->full_name, full_name) == 0)
            return &set->rpcs[i];
    }
    fail_msg("no %s", full_name);
    return NULL;
}

/* ---- Rules -------------------------------------------------------------- */

static void
annotations_make_routes_and_every_method_has_its_own(void **state)
{
    struct route_set *set = good(TYPES "services: [{name: t.v1.Annotated}]\n");

    (void)state;
    lists(set,
        "GET /v1/m/{id} Get\n"
        "GET /v1/u/{name}/m/{id} Get\n"
        "PURGE /v1/m/{id} Get\n"
        "POST /t.v1.Annotated/Get Get (auto)\n"
        "POST /t.v1.Annotated/Plain Plain (auto)\n"
        "PUT /v1/m/{id} Put\n"
        "POST /t.v1.Annotated/Put Put (auto)\n");
    assert_string_equal(set->bindings[0].response_field->name, "book");
    assert_int_equal(set->bindings[2].body, ROUTE_BODY_ALL);
    assert_int_equal(set->bindings[3].body, ROUTE_BODY_ALL);
    assert_int_equal(set->bindings[5].body, ROUTE_BODY_FIELD);
    assert_int_equal(set->bindings[0].place.line, 2);
    assert_string_equal(rpc(set, "t.v1.Annotated.Get")->group,
        "t.v1.Annotated");
    assert_int_equal(rpc(set, "t.v1.Annotated.Get")->place.line, 2);
    gives(set, "GET", "/v1/u/me/m/5", NULL, "name:\"me\" id:\"5\"");
    gives(set, "POST", "/t.v1.Annotated/Plain", "{\"id\":\"1\"}", "id:\"1\"");
    gives(set, "GET", "/t.v1.Annotated/Plain", NULL, "405 POST");
    route_set_free(&set);
    assert_null(set);
}

static void
a_rule_replaces_the_annotation(void **state)
{
    struct route_set *set = good(TYPES
        "services: [{name: t.v1.Annotated}]\n"
        "http: {rules: [{selector: t.v1.Annotated.Get, get: '/x/{id}'}]}\n");

    (void)state;
    gives(set, "GET", "/x/5", NULL, "id:\"5\"");
    gives(set, "GET", "/v1/m/5", NULL, "405 PUT");
    gives(set, "GET", "/v1/u/me/m/5", NULL, "404");
    route_set_free(&set);
}

static void
the_last_rule_of_a_selector_wins(void **state)
{
    struct route_set *set = set_with_rules(
        RULE("One", "get: /a") RULE("One", "get: /b") RULE("Two", "get: /a"));

    (void)state;
    gives(set, "GET", "/b", NULL, "");
    lists(set,
        "GET /b One\n"
        "POST /t.v1.Bare/One One (auto)\n"
        "POST /t.v1.Bare/Three Three (auto)\n"
        "GET /a Two\n"
        "POST /t.v1.Bare/Two Two (auto)\n");
    route_set_free(&set);
}

static void
a_selector_may_list_methods(void **state)
{
    struct route_problems problems;
    struct route_set *set;

    (void)state;
    set = build_set(TYPES
        "services: [{name: t.v1.Bare}]\n"
        "http: {rules: [{selector: 't.v1.*', get: /a},\n"
        "  {selector: 't.v1.Bare.One, t.v1.Bare.Two', get: /b},\n"
        "  {selector: t.v1.Bare.One, get: /c}]}\n",
        &problems);
    assert_non_null(set);
    lists(set,
        "GET /c One\n"
        "POST /t.v1.Bare/One One (auto)\n"
        "GET /a Three\n"
        "POST /t.v1.Bare/Three Three (auto)\n"
        "GET /b Two\n"
        "POST /t.v1.Bare/Two Two (auto)\n");
    route_set_free(&set);
    route_problems_fini(&problems);
}

static void
the_automatic_route_may_be_written_down(void **state)
{
    struct route_set *set =
        set_with_rules(RULE("One", "post: /t.v1.Bare/One, body: book"));

    (void)state;
    lists(set,
        "POST /t.v1.Bare/One One\n"
        "POST /t.v1.Bare/Three Three (auto)\n"
        "POST /t.v1.Bare/Two Two (auto)\n");
    route_set_free(&set);
}

static void
the_automatic_route_of_another_method_may_not(void **state)
{
    (void)state;
    bad(TYPES
        "services: [{name: t.v1.Bare}]\n"
        "http: {rules: [\n"
        "  {selector: t.v1.Bare.Two, post: /t.v1.Bare/One, body: '*'}]}\n",
        "4: POST /t.v1.Bare/One of t.v1.Bare.Two is the same route as POST "
        "/t.v1.Bare/One of t.v1.Bare.One (f:2)");
}

/* ---- Services ----------------------------------------------------------- */

static void
services_may_be_taken_by_pattern(void **state)
{
    struct route_set *set =
        good("upstreams:\n"
             "  a: {target: 'h:1', schema: types.pb}\n"
             "  b: {target: 'h:2', schema: [groups.pb, types.pb]}\n"
             "services:\n"
             "- {name: '*', upstream: b}\n"
             "- {name: t.v1.Bare, upstream: a}\n");

    (void)state;
    assert_int_equal(set->n_rpcs, 7);
    assert_int_equal(rpc(set, "t.v1.Bare.One")->upstream, 0);
    assert_int_equal(rpc(set, "t.v1.Annotated.Get")->upstream, 1);
    assert_int_equal(rpc(set, "t.v2.Groups.Call")->upstream, 1);
    route_set_free(&set);
}

static void
unknown_and_repeated_services_are_reported(void **state)
{
    (void)state;
    bad(TYPES "services:\n"
              "- name: t.v1.Baer\n"
              "- name: x.*\n"
              "- name: t.v1.Bare\n"
              "- name: t.v1.Bare\n"
              "- name: t.v1.*\n",
        "3: there is no service \"t.v1.Baer\" in the schema of upstream "
        "\"u\"; did you mean \"t.v1.Bare\"?\n"
        "4: there is no service \"x.*\" in the schema of upstream \"u\"\n"
        "6: service \"t.v1.Bare\" is given twice, first in line 5");
    bad("upstreams:\n"
        "  a: {target: 'h:1', schema: types.pb}\n"
        "  b: {target: 'h:2', schema: types.pb}\n"
        "services:\n"
        "- {name: t.v1.Ba*, upstream: b}\n",
        "5: name: expected pkg.Service, pkg.* or *, found \"t.v1.Ba*\"");
    bad("upstreams:\n"
        "  a: {target: 'h:1', schema: groups.pb}\n"
        "  b: {target: 'h:2', schema: groups.pb}\n"
        "services:\n"
        "- {name: '*', upstream: b}\n"
        "- {name: t.v2.*, upstream: a}\n",
        "6: service \"t.v2.Groups\" is given twice, first in line 5");
}

/* ---- Mistakes ----------------------------------------------------------- */

static void
rules_are_checked_against_the_schema(void **state)
{
    (void)state;
    bad(TYPES
        "services: [{name: t.v1.Bare}]\n"
        "http: {rules: [\n"
        "{selector: t.v1.Bare.One,\n"
        " get: '/{nme}/{sub.x}/{id.x}/{sub}/{many.n}'},\n"
        "{selector: t.v1.Bare.Two, post: '/{sub.left}/{sub.right}',\n"
        "  body: bok, response_body: tags},\n"
        "{selector: t.v1.Bare.Three, post: '/{ts}/{ts.seconds}/{m}/{raw}',\n"
        "  additional_bindings: [\n"
        "  {post: '/{longName}/{long_name}', body: a},\n"
        "  {post: '/{id}', body: id},\n"
        "  {post: '/x/{oa}', body: ob}]}]}\n",
        "4: t.v1.Bare.One: /{nme}/{sub.x}/{id.x}/{sub}/{many.n}: there is no "
        "field \"nme\" in t.v1.M; did you mean \"name\"?\n"
        "4: t.v1.Bare.One: /{nme}/{sub.x}/{id.x}/{sub}/{many.n}: there is no "
        "field \"x\" in t.v1.Sub\n"
        "4: t.v1.Bare.One: /{nme}/{sub.x}/{id.x}/{sub}/{many.n}: \"id\" is "
        "not a message\n"
        "4: t.v1.Bare.One: /{nme}/{sub.x}/{id.x}/{sub}/{many.n}: expected a "
        "scalar, an enum, or a message that is written as one text, found "
        "\"sub\", a t.v1.Sub\n"
        "4: t.v1.Bare.One: /{nme}/{sub.x}/{id.x}/{sub}/{many.n}: \"many\" is "
        "repeated, which a path cannot give\n"
        "6: t.v1.Bare.Two: /{sub.left}/{sub.right}: \"sub.left\" and "
        "\"sub.right\" exclude each other: they belong to one oneof\n"
        "6: t.v1.Bare.Two: body: there is no field \"bok\" in t.v1.M; did you "
        "mean \"book\"?\n"
        "6: t.v1.Bare.Two: response_body: there is no field \"tags\" in "
        "t.v1.M; did you mean \"tag\"?\n"
        "8: t.v1.Bare.Three: /{ts}/{ts.seconds}/{m}/{raw}: \"m\" is a map, "
        "which a path cannot give\n"
        "8: t.v1.Bare.Three: /{ts}/{ts.seconds}/{m}/{raw}: expected a scalar, "
        "an enum, or a message that is written as one text, found \"raw\", a "
        "google.api.HttpBody\n"
        "8: t.v1.Bare.Three: /{ts}/{ts.seconds}/{m}/{raw}: \"ts\" and "
        "\"ts.seconds\" are the same field, or one is inside the other\n"
        "10: t.v1.Bare.Three: /{longName}/{long_name}: \"longName\" and "
        "\"long_name\" are the same field, or one is inside the other\n"
        "10: t.v1.Bare.Three: body: there is no field \"a\" in t.v1.M\n"
        "11: t.v1.Bare.Three: body: \"id\" is already given by the path\n"
        "12: t.v1.Bare.Three: body: \"ob\" excludes \"oa\" of the same oneof, "
        "which is in the path");
}

static void
the_same_route_twice_is_reported_with_both_places(void **state)
{
    (void)state;
    bad(TYPES "services: [{name: t.v1.Bare}]\n"
              "http: {rules: [\n"
              "{selector: t.v1.Bare.One, get: '/v1/{id}/x'},\n"
              "{selector: t.v1.Bare.Three, put: '/v1/{id}/x'},\n"
              "{selector: t.v1.Bare.Two, get: '/v1/{name}/%78'}]}\n",
        "6: GET /v1/{name}/%78 of t.v1.Bare.Two is the same route as GET "
        "/v1/{id}/x of t.v1.Bare.One (f:4)");
}

static void
unknown_selectors_are_reported(void **state)
{
    (void)state;
    bad(TYPES "services: [{name: t.v1.Bare}]\n"
              "http: {rules: [\n"
              "{selector: t.v1.Bare.Oen, get: /a},\n"
              "{selector: t.v1.Annotated.Get, get: /b},\n"
              "{selector: x.*, get: /c},\n"
              "{selector: x.y.z, get: /d}]}\n"
              "methods:\n"
              "- {selector: t.v1.Bare, timeout: 1s}\n"
              "- {selector: t.v1.Bare.Tree, timeout: 1s}\n"
              "- {selector: '*', timeout: 1s}\n",
        "4: there is no method \"t.v1.Bare.Oen\"; did you mean \"One\"?\n"
        "5: the service of method \"t.v1.Annotated.Get\" is not in services\n"
        "6: there is no method \"x.*\"\n"
        "7: there is no method \"x.y.z\"\n"
        "9: there is no method \"t.v1.Bare\"\n"
        "10: there is no method \"t.v1.Bare.Tree\"; did you mean \"Three\"?");
}

static void
schemas_that_cannot_be_had_are_reported(void **state)
{
    (void)state;
    bad("upstreams:\n"
        "  a: {target: 'h:1', schema: [types.pb, gone.pb, lost.pb]}\n"
        "services: [{name: t.v1.Bare, upstream: a}]\n",
        "2: upstream \"a\": there is no gone.pb\n"
        "2: upstream \"a\": there is no lost.pb");
}

static void
what_a_missing_schema_may_have_is_not_missed(void **state)
{
    (void)state;
    bad("upstreams:\n"
        "  a: {target: 'h:1', schema: gone.pb}\n"
        "  b: {target: 'h:1', schema: types.pb}\n"
        "services:\n"
        "- {name: x.S, upstream: a}\n"
        "- {name: t.v1.Bare, upstream: b}\n"
        "http: {rules: [\n"
        "{selector: x.S.Method, get: /a},\n"
        "{selector: t.v1.Bare.Oen, get: /b}]}\n"
        "methods: [{selector: x.*, timeout: 1s}]\n",
        "2: upstream \"a\": there is no gone.pb\n"
        "9: there is no method \"t.v1.Bare.Oen\"; did you mean \"One\"?");
}

/* ---- Mistakes of both kinds --------------------------------------------- */

static void
mistakes_of_the_file_do_not_hide_those_that_the_schema_shows(void **state)
{
    (void)state;
    bad("wrokers: 2\n" TYPES
        "services: [{name: t.v1.Bare}, {name: t.v1.Annotatd}]\n"
        "limits: {max_header_bytes: much}\n"
        "http: {rules: [\n"
        "{selector: t.v1.Bare.One, get: '/a/{'},\n"
        "{selector: t.v1.Bare.Two, get: '/b/{nope}'}]}\n"
        "methods: [{selector: t.v1.Bare.Tree, timeout: 1}]\n",
        "1: a route file has no key \"wrokers\"; did you mean \"workers\"?\n"
        "3: there is no service \"t.v1.Annotatd\" in the schema of upstream "
        "\"u\"; did you mean \"t.v1.Annotated\"?\n"
        "4: max_header_bytes: expected from 1024 to 1048576, perhaps with a "
        "unit as in 64KiB, found \"much\"\n"
        "6: get: path \"/a/{\", column 5: expected a field name, found the "
        "end\n"
        "7: t.v1.Bare.Two: /b/{nope}: there is no field \"nope\" in t.v1.M\n"
        "8: timeout: expected a duration from 0.001s to 31536000s, such as 5s "
        "or 100ms, found the number 1\n"
        "8: there is no method \"t.v1.Bare.Tree\"; did you mean \"Three\"?");
}

static void
a_flawed_rule_hides_neither_its_selector_nor_its_additional_bindings(
    void **state)
{
    (void)state;
    bad(TYPES "services: [{name: t.v1.Bare}]\n"
              "http: {rules: [\n"
              "{selector: t.v1.Bare.One, gte: /a,\n"
              "  additional_bindings: [{get: '/{nope}'},\n"
              "    {get: a}, {get: /c}]},\n"
              "{selector: t.v1.Bare.Oen, get: a},\n"
              "7,\n"
              "{selector: t.v1.Bare.Two, get: /c,\n"
              "  additional_bindings: [{get: a}]}]}\n",
        "4: a rule has no key \"gte\"; did you mean \"get\"?\n"
        "4: a rule: expected one of get, put, post, delete, patch and custom, "
        "found none\n"
        "5: t.v1.Bare.One: /{nope}: there is no field \"nope\" in t.v1.M\n"
        "6: get: path \"a\", column 1: expected \"/\", found \"a\"\n"
        "7: get: path \"a\", column 1: expected \"/\", found \"a\"\n"
        "7: there is no method \"t.v1.Bare.Oen\"; did you mean \"One\"?\n"
        "8: a rule: expected a map, found the number 7\n"
        "9: GET /c of t.v1.Bare.Two is the same route as GET /c of "
        "t.v1.Bare.One (f:6)\n"
        "10: get: path \"a\", column 1: expected \"/\", found \"a\"");
}

static void
what_a_flawed_entry_may_have_meant_is_not_missed(void **state)
{
    (void)state;
    bad("upstreams:\n"
        "  a: {target: 7, schema: [types.pb, 8]}\n"
        "  b: {schema: types.pb}\n"
        "services:\n"
        "- {name: t.v1.Bare, upstream: a}\n"
        "- {name: [], upstream: b}\n"
        "- {name: x.T, upstream: c}\n"
        "http: {rules: [\n"
        "{selector: t.v1.Bare.One, get: /a},\n"
        "{selector: x.T.M, get: /b},\n"
        "{selector: 9, get: /c}]}\n"
        "methods: [{timeout: 1s}, {selector: t.v1.Annotated.*}]\n",
        "2: target: expected dns:///host:port, ipv4:a.b.c.d:port, "
        "ipv6:[::]:port, unix:path, inproc:NAME or host:port, found the number "
        "7\n"
        "2: schema: expected a file with a FileDescriptorSet, reflection or "
        "none, found the number 8\n"
        "3: an upstream needs a key \"target\"\n"
        "6: name: expected a text, found a list\n"
        "7: there is no upstream \"c\"; did you mean \"a\"?\n"
        "11: selector: expected pkg.Service.Method, pkg.Service.* or *, "
        "separated by commas, found the number 9\n"
        "12: a method needs a key \"selector\"");
}

static bool
gives_junk(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    (void)arg;
    (void)config;
    (void)upstream;
    (void)name;
    (void)why;
    *len = 5;
    *data = malloc(*len);
    assert_non_null(*data);
    memset(*data, 0xff, *len);
    return true;
}

static void
a_schema_that_is_none_is_reported(void **state)
{
    struct route_problems problems;
    static const char yaml[] = TYPES "services: [{name: t.v1.Bare}]\n";
    struct route_config *c;

    (void)state;
    route_problems_init(&problems);
    c = route_config_parse(yaml, sizeof yaml - 1, false, "f", &problems);
    assert_null(route_set_build(&c, gives_junk, NULL, &problems));
    assert_null(c);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].line, 1);
    assert_non_null(
        strstr(problems.items[0].message, "upstream \"u\": schema types.pb: "));
    route_problems_fini(&problems);
}

static void
reflection_needs_a_source_that_has_it(void **state)
{
    static const char yaml[] =
        "upstreams: {u: {target: 'h:1', schema: reflection}}\n"
        "services: [{name: '*'}]\n";
    struct route_problems problems;
    struct route_config *c;
    char shown[512];

    (void)state;
    route_problems_init(&problems);
    c = route_config_parse(yaml, sizeof yaml - 1, false, "f", &problems);
    assert_null(route_set_build(&c, route_schema_from_file, NULL, &problems));
    assert_string_equal(show_problems(&problems, shown, sizeof shown),
        "1: upstream \"u\": schema reflection is not available for route "
        "files: give a descriptor set");
}

/* Has reflection: by way of the target. */
static bool
reflects(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    assert_int_equal(upstream->schema_kind, ROUTE_SCHEMA_REFLECTION);
    assert_string_equal(name, "h:1");
    return embedded_schema(arg, config, upstream, "types.pb", data, len, why);
}

static void
what_reflection_delivers_is_used(void **state)
{
    static const char yaml[] =
        "upstreams: {u: {target: 'h:1', schema: reflection}}\n"
        "services: [{name: '*'}]\n";
    struct route_problems problems;
    struct route_config *c;
    struct route_set *set;

    (void)state;
    route_problems_init(&problems);
    c = route_config_parse(yaml, sizeof yaml - 1, false, "f", &problems);
    set = route_set_build(&c, reflects, NULL, &problems);
    assert_non_null(set);
    assert_int_equal(set->n_rpcs, 6);
    route_set_free(&set);
    route_problems_fini(&problems);
}

static void
schema_files_are_looked_for_beside_the_route_file(void **state)
{
    char folder[] = "/tmp/test_set_XXXXXX";
    struct route_upstream u = { .schema_kind = ROUTE_SCHEMA_FILES };
    struct route_config c = { 0 };
    char path[64], route_file[64], why[ROUTE_WHY_MAX], expected[256];
    uint8_t *data;
    size_t len;
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.pb", folder);
    snprintf(route_file, sizeof route_file, "%s/routes.yaml", folder);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("abc", f);
    fclose(f);
    c.file = route_file;
    assert_true(route_schema_from_file(NULL, &c, &u, "x.pb", &data, &len, why));
    assert_int_equal(len, 3);
    assert_memory_equal(data, "abc", 3);
    free(data);
    c.file = "elsewhere/routes.yaml";
    assert_true(route_schema_from_file(NULL, &c, &u, path, &data, &len, why));
    free(data);
    assert_false(
        route_schema_from_file(NULL, &c, &u, "x.pb", &data, &len, why));
    snprintf(expected, sizeof expected,
        "elsewhere/x.pb cannot be read: No such file or directory");
    assert_string_equal(why, expected);
    unlink(path);
    rmdir(folder);
}

/* ---- Timeouts ----------------------------------------------------------- */

static void
timeouts_come_from_the_nearest_place(void **state)
{
    struct route_set *set = good(
        "upstreams:\n"
        "  u:\n"
        "    target: h:1\n"
        "    schema: types.pb\n"
        "    service_config: {methodConfig: [\n"
        "      {name: [{}], timeout: 1s},\n"
        "      {name: [{service: t.v1.Bare}], timeout: 2s},\n"
        "      {name: [{service: t.v1.Bare, method: Two},\n"
        "              {service: t.v1.Bare, method: Three}], timeout: 3s},\n"
        "      {name: [{service: t.v1.Annotated, method: Put}]}]}\n"
        "services: [{name: '*'}]\n"
        "methods:\n"
        "- {selector: t.v1.Bare.*, max_timeout: 9s}\n"
        "- {selector: t.v1.Bare.Three, timeout: 4s}\n"
        "- {selector: 't.v1.Bare.Two,t.v1.Bare.Three', max_timeout: 8s}\n");

    (void)state;
    assert_true(rpc(set, "t.v1.Annotated.Get")->timeout_ns == 1000000000);
    assert_true(rpc(set, "t.v1.Annotated.Put")->timeout_ns == -1);
    assert_true(rpc(set, "t.v1.Annotated.Get")->max_timeout_ns == -1);
    assert_true(rpc(set, "t.v1.Bare.One")->timeout_ns == 2000000000);
    assert_true(rpc(set, "t.v1.Bare.One")->max_timeout_ns == 9000000000);
    assert_true(rpc(set, "t.v1.Bare.Two")->timeout_ns == 3000000000);
    assert_true(rpc(set, "t.v1.Bare.Two")->max_timeout_ns == 8000000000);
    assert_true(rpc(set, "t.v1.Bare.Three")->timeout_ns == 4000000000);
    route_set_free(&set);
}

/* ---- Annotations as bytes ----------------------------------------------- */

static bool
read_rule(const char *bytes, size_t len, struct route_rule *rule,
    const char **why, struct route_arena **arena)
{
    static const struct route_place place = { "f", 3 };

    *arena = route_arena_new();
    assert_non_null(*arena);
    return route_rule_from_wire(*arena, (const uint8_t *)bytes, len, &place,
        rule, why);
}

static void
rule_is(const char *bytes, size_t len, const char *verb, const char *path,
    const char *body)
{
    struct route_arena *arena;
    struct route_rule rule;
    const char *why;

    assert_true(read_rule(bytes, len, &rule, &why, &arena));
    assert_string_equal(rule.verb, verb);
    assert_string_equal(rule.path, path);
    if (body == NULL)
        assert_null(rule.body);
    else
        assert_string_equal(rule.body, body);
    route_arena_free(&arena);
}

#define BYTES(s) s, sizeof(s) - 1

static void
of_several_patterns_the_last_counts(void **state)
{
    (void)state;
    rule_is(BYTES("\x12\x02/a\x22\x02/b"), "POST", "/b", NULL);
    rule_is(BYTES("\x12\x02/a\x42\x07\x0a\x01Q\x12\x02/c"), "Q", "/c", NULL);
    rule_is(BYTES("\x42\x03\x0a\x01Q\x42\x04\x12\x02/c"), "Q", "/c", NULL);
    rule_is(BYTES("\x42\x07\x0a\x01Q\x12\x02/c\x32\x02/d"), "PATCH", "/d",
        NULL);
}

static void
unknown_fields_and_empty_texts_mean_nothing(void **state)
{
    (void)state;
    rule_is(BYTES("\x0a\x01x\x10\x05\x12\x02/a\x3a\x00\xa2\x06\x01z"), "GET",
        "/a", NULL);
    rule_is(BYTES("\x3a\x01*\x9b\x06\x08\x01\x9c\x06\x2a\x02/a"), "DELETE",
        "/a", "*");
}

static void
broken(const char *bytes, size_t len, const char *expected)
{
    struct route_arena *arena;
    struct route_rule rule;
    const char *why;

    assert_false(read_rule(bytes, len, &rule, &why, &arena));
    assert_string_equal(why, expected);
    route_arena_free(&arena);
}

static void
broken_annotations_are_refused(void **state)
{
    static const char no_rule[] = "it is not a google.api.HttpRule";

    (void)state;
    broken(BYTES("\x12"), no_rule);
    broken(BYTES("\x12\x05/a"), no_rule);
    broken(BYTES("\x12\x02/\xff"), no_rule);
    broken(BYTES("\x12\x03/\0a"), no_rule);
    broken(BYTES("\x02"), no_rule);
    broken(BYTES("\x42\x02\x0a\x05"), no_rule);
    broken(BYTES("\x5a\x02\x12\x05"), no_rule);
    broken(BYTES("\x13\x13\x13"), no_rule);
    broken(BYTES("\x5a\x06\x12\x02/a\x5a\x00"),
        "additional bindings cannot have additional bindings");
}

/* ---- Memory ------------------------------------------------------------- */

/* The bytes must not come out of what is rationed. */
static bool
generous_source(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    bool ok;

    memory_exempt_begin();
    ok = embedded_schema(arg, config, upstream, name, data, len, why);
    memory_exempt_end();
    return ok;
}

static const char full_file[] =
    "upstreams: {u: {target: 'h:1', schema: types.pb, service_config: {\n"
    "  methodConfig: [{name: [{}, {service: t.v1.Bare}], timeout: 1s}]}},\n"
    "  raw: {target: 'h:1', schema: none}}\n"
    "services: [{name: '*', upstream: u}, {name: x.*, upstream: raw}]\n"
    "listen: ['h:1']\n"
    "metadata: {allow_request: [a, b]}\n"
    "methods: [{selector: '*', timeout: 1s},\n"
    "  {selector: x.y.Z, cardinality: stream-stream, content_type: a/b}]\n"
    "http: {rules: [{selector: t.v1.Bare.One, get: '/{id}:v',\n"
    "  additional_bindings: [{get: '/x/**/y'}]}]}\n";

/* One attempt, with nothing from the nth allocation on; true if it was enough. */
static bool
builds_without(unsigned long n)
{
    struct route_problems problems;
    struct route_config *c;
    struct route_set *set = NULL;

    route_problems_init(&problems);
    memory_fail_from(n);
    c = route_config_parse(full_file, sizeof full_file - 1, false, "f",
        &problems);
    if (c != NULL)
        set = route_set_build(&c, generous_source, NULL, &problems);
    memory_suffices();
    assert_null(c);
    if (set == NULL)
        assert_false(route_problems_none(&problems));
    else
        assert_true(route_problems_none(&problems));
    route_problems_fini(&problems);
    if (set == NULL)
        return false;
    route_set_free(&set);
    return true;
}

static void
every_failed_allocation_is_a_problem_and_no_leak(void **state)
{
    unsigned long n = 1;

    (void)state;
    while (!builds_without(n))
        n++;
    assert_true(n > 21); /* arenas and tables: few but large */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(annotations_make_routes_and_every_method_has_its_own),
        cmocka_unit_test(a_rule_replaces_the_annotation),
        cmocka_unit_test(the_last_rule_of_a_selector_wins),
        cmocka_unit_test(a_selector_may_list_methods),
        cmocka_unit_test(the_automatic_route_may_be_written_down),
        cmocka_unit_test(the_automatic_route_of_another_method_may_not),
        cmocka_unit_test(services_may_be_taken_by_pattern),
        cmocka_unit_test(unknown_and_repeated_services_are_reported),
        cmocka_unit_test(rules_are_checked_against_the_schema),
        cmocka_unit_test(the_same_route_twice_is_reported_with_both_places),
        cmocka_unit_test(unknown_selectors_are_reported),
        cmocka_unit_test(schemas_that_cannot_be_had_are_reported),
        cmocka_unit_test(what_a_missing_schema_may_have_is_not_missed),
        cmocka_unit_test(
            mistakes_of_the_file_do_not_hide_those_that_the_schema_shows),
        cmocka_unit_test(
            a_flawed_rule_hides_neither_its_selector_nor_its_additional_bindings),
        cmocka_unit_test(what_a_flawed_entry_may_have_meant_is_not_missed),
        cmocka_unit_test(a_schema_that_is_none_is_reported),
        cmocka_unit_test(reflection_needs_a_source_that_has_it),
        cmocka_unit_test(what_reflection_delivers_is_used),
        cmocka_unit_test(schema_files_are_looked_for_beside_the_route_file),
        cmocka_unit_test(timeouts_come_from_the_nearest_place),
        cmocka_unit_test(of_several_patterns_the_last_counts),
        cmocka_unit_test(unknown_fields_and_empty_texts_mean_nothing),
        cmocka_unit_test(broken_annotations_are_refused),
        cmocka_unit_test(every_failed_allocation_is_a_problem_and_no_leak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
