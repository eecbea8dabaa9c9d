/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of upstreams without a schema: which there are, and what their rules
 * may say. */
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

/* Both kinds of upstreams; line 1 to 4. */
#define TOP                                                     \
    "upstreams:\n"                                              \
    "  raw: {target: 'h:1', schema: none,"                      \
    " service_config: {methodConfig: [{name: [{service: a.S}]," \
    " timeout: 3s}]}}\n"                                        \
    "  typed: {target: 'h:1', schema: types.pb}\n"

static struct route_set *
good(const char *rest)
{
    struct route_problems problems;
    struct route_set *set;
    char yaml[4096], shown[2048];

    snprintf(yaml, sizeof yaml, TOP "%s", rest);
    set = build_set(yaml, &problems);
    if (set == NULL)
        fail_msg("%s", show_problems(&problems, shown, sizeof shown));
    route_problems_fini(&problems);
    return set;
}

static void
bad(const char *rest, const char *expected)
{
    struct route_problems problems;
    char yaml[4096], shown[2048];

    snprintf(yaml, sizeof yaml, TOP "%s", rest);
    assert_null(build_set(yaml, &problems));
    assert_string_equal(show_problems(&problems, shown, sizeof shown),
        expected);
}

/* "full.Name cardinality" of each method, one a line; raw ones have a star. */
static void
methods_are(const struct route_set *set, const char *expected)
{
    char shown[2048] = "";
    size_t n = 0;

    for (size_t i = 0; i < set->n_rpcs; i++)
        n += (size_t)snprintf(shown + n, sizeof shown - n, "%s%s%s %s",
            i > 0 ? "\n" : "", set->rpcs[i].is_raw ? "*" : "",
            set->rpcs[i].method->full_name,
            pb_method_cardinality_name(set->rpcs[i].method));
    assert_string_equal(shown, expected);
}

/* Checks which method METHOD PATH leads to, and that it takes the body. */
static void
leads(const struct route_set *set, const char *verb, const char *path,
    const char *expected)
{
    struct route_match m;

    assert_int_equal(route_table_match(set->table, verb, strlen(verb), path,
                         strlen(path), &m, NULL),
        ROUTE_FOUND);
    assert_string_equal(m.binding->rpc->method->full_name, expected);
    assert_int_equal(m.binding->body, ROUTE_BODY_ALL);
}

static void
methods_are_those_that_http_and_methods_name(void **state)
{
    struct route_set *set =
        good("services: [{name: a.S, upstream: raw}]\n"
             "http: {rules: [{selector: 'a.S.Put, a.S.Get', put: '/p'},\n"
             " {selector: a.S.Put, get: '/g'}, "
             "{selector: a.S.Get, get: '/h'}]}\n"
             "methods: [{selector: a.S.Watch, cardinality: unary-stream},\n"
             " {selector: a.S.Get, timeout: 1s}]\n");

    (void)state;
    methods_are(set,
        "*a.S.Get unary-unary\n*a.S.Put unary-unary\n*a.S.Watch unary-stream");
    leads(set, "POST", "/a.S/Watch", "a.S.Watch");
    route_set_free(&set);
}

static void
each_cardinality_has_a_name(void **state)
{
    struct route_set *set =
        good("services: [{name: a.S, upstream: raw}]\n"
             "methods: [{selector: a.S.A, cardinality: unary-unary},\n"
             " {selector: a.S.B, cardinality: unary-stream},\n"
             " {selector: a.S.C, cardinality: stream-unary},\n"
             " {selector: a.S.D, cardinality: stream-stream}]\n");

    (void)state;
    methods_are(set,
        "*a.S.A unary-unary\n*a.S.B unary-stream\n"
        "*a.S.C stream-unary\n*a.S.D stream-stream");
    route_set_free(&set);
}

static void
later_entries_win_and_patterns_count(void **state)
{
    struct route_set *set = good(
        "services: [{name: a.S, upstream: raw}]\n"
        "methods: [{selector: 'a.S.A, a.S.B', content_type: a/b},\n"
        " {selector: a.S.*, cardinality: stream-stream},\n"
        " {selector: a.S.B, cardinality: stream-unary, content_type: c/d}]\n");

    (void)state;
    methods_are(set, "*a.S.A stream-stream\n*a.S.B stream-unary");
    assert_string_equal(set->rpcs[0].content_type, "a/b");
    assert_string_equal(set->rpcs[1].content_type, "c/d");
    route_set_free(&set);
}

static void
services_inside_of_others_stay_apart(void **state)
{
    struct route_set *set = good(
        "services: [{name: a.*, upstream: raw}]\n"
        "methods: [{selector: 'a.S.A, a.S.D, a.S.C.X, a.S.C.Y, a.SC.X'}]\n");

    (void)state;
    methods_are(set,
        "*a.S.A unary-unary\n*a.S.C.X unary-unary\n*a.S.C.Y unary-unary\n"
        "*a.S.D unary-unary\n*a.SC.X unary-unary");
    leads(set, "POST", "/a.S/D", "a.S.D");
    leads(set, "POST", "/a.S.C/Y", "a.S.C.Y");
    route_set_free(&set);
}

static void
typed_and_raw_services_stand_side_by_side(void **state)
{
    struct route_set *set =
        good("services: [{name: t.v1.Bare, upstream: typed},\n"
             " {name: '*', upstream: raw}]\n"
             "http: {rules: [{selector: t.v1.Bare.One, get: /one},\n"
             " {selector: x.S.M, post: /m}]}\n");

    (void)state;
    methods_are(set,
        "t.v1.Bare.One unary-unary\nt.v1.Bare.Three unary-unary\n"
        "t.v1.Bare.Two unary-unary\n*x.S.M unary-unary");
    route_set_free(&set);
}

static void
rules_bind_any_method_with_any_variables(void **state)
{
    struct route_set *set = good(
        "services: [{name: a.S, upstream: raw}]\n"
        "http: {rules: [{selector: a.S.M, put: '/v1/{x.y=k/*}/**', body: '*',\n"
        " additional_bindings: [{get: '/v1/{z}', body: '*'},\n"
        "  {custom: {kind: REPORT, path: /r}}]}]}\n");

    (void)state;
    leads(set, "PUT", "/v1/k/1/2/3", "a.S.M");
    leads(set, "GET", "/v1/k", "a.S.M");
    leads(set, "REPORT", "/r", "a.S.M");
    leads(set, "POST", "/a.S/M", "a.S.M");
    route_set_free(&set);
}

static void
a_query_is_refused(void **state)
{
    struct route_set *set = good("services: [{name: a.S, upstream: raw}]\n"
                                 "methods: [{selector: a.S.M}]\n");

    (void)state;
    gives(set, "POST", "/a.S/M?x=1", NULL,
        "x: expected no query, as the request is bytes without fields");
    route_set_free(&set);
}

static void
a_query_may_be_passed_over(void **state)
{
    struct route_set *set = good("services: [{name: a.S, upstream: raw}]\n"
                                 "methods: [{selector: a.S.M}]\n"
                                 "json: {ignore_unknown: true}\n");

    (void)state;
    gives(set, "POST", "/a.S/M?x=1", NULL, "");
    route_set_free(&set);
}

static void
timeouts_hold(void **state)
{
    struct route_set *set =
        good("services: [{name: a.S, upstream: raw}]\n"
             "methods: [{selector: 'a.S.A, a.S.B'},\n"
             " {selector: a.S.B, timeout: 1s, max_timeout: 2s}]\n");

    (void)state;
    assert_int_equal(set->rpcs[0].timeout_ns, INT64_C(3000000000));
    assert_int_equal(set->rpcs[1].timeout_ns, INT64_C(1000000000));
    assert_int_equal(set->rpcs[1].max_timeout_ns, INT64_C(2000000000));
    route_set_free(&set);
}

static void
a_service_without_a_named_method_is_reported(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw},\n {name: b.*, upstream: raw},\n"
        " {name: c.S, upstream: raw}]\n"
        "methods: [{selector: c.S.M}, {selector: c.S.*}]\n",
        "4: no method of \"a.S\" is known: upstream \"raw\" has no schema, and "
        "neither http nor methods names one in full\n"
        "5: no method of \"b.*\" is known: upstream \"raw\" has no schema, and "
        "neither http nor methods names one in full");
}

static void
a_method_of_no_service_is_reported(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw}]\n"
        "methods: [{selector: a.S.M}, {selector: Lone},\n"
        " {selector: a.T.M}, {selector: b.*}]\n",
        "5: there is no method \"Lone\"\n"
        "6: there is no method \"a.T.M\"\n"
        "6: there is no method \"b.*\"");
}

static void
fields_are_refused(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw}]\n"
        "http: {rules: [\n"
        "{selector: a.S.M, post: /m, body: book},\n"
        "{selector: a.S.N, post: /n, response_body: book}]}\n",
        "6: a.S.M: body: expected \"*\" or none, as upstream \"raw\" has no "
        "schema, found \"book\"\n"
        "7: a.S.N: response_body: expected none, as upstream \"raw\" has no "
        "schema, found \"book\"");
}

static void
templates_are_checked(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw}]\n"
        "http: {rules: [\n"
        "{selector: a.S.M, get: m},\n"
        "{selector: a.S.N, get: '/n/{x}'}, {selector: a.S.O, get: '/n/*'}]}\n",
        "6: get: path \"m\", column 1: expected \"/\", found \"m\"\n"
        "7: GET /n/* of a.S.O is the same route as GET /n/{x} of a.S.N (f:7)");
}

static void
what_a_schema_says_is_not_to_be_said_again(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw},\n"
        " {name: t.v1.Bare, upstream: typed}]\n"
        "methods: [{selector: a.S.M},\n"
        " {selector: t.v1.Bare.One, cardinality: unary-unary},\n"
        " {selector: '*', content_type: a/b},\n"
        " {selector: '*', timeout: 1s}]\n",
        "7: cardinality is only for methods of upstreams with schema none, "
        "found t.v1.Bare.One\n"
        "8: content_type is only for methods of upstreams with schema none, "
        "found t.v1.Bare.One");
}

static void
events_need_a_schema(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw}]\n"
        "methods:\n"
        "- {selector: a.S.M, cardinality: unary-stream, sse: {id_field: a}}\n"
        "- {selector: a.S.N, sse: {retry: 1s}}\n",
        "6: sse: a.S.M has no schema, and its answers are bytes\n"
        "7: sse: a.S.N has no schema, and its answers are bytes");
}

static void
wrong_words_are_reported(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw}]\n"
        "methods:\n"
        "- {selector: a.S.A, cardinality: unary}\n"
        "- {selector: a.S.B, cardinality: [unary-unary]}\n"
        "- {selector: a.S.C, content_type: text}\n"
        "- {selector: a.S.D, content_type: 1}\n"
        "- {selector: a.S.E, content_type: \"a/b\\r\\nc: d\"}\n"
        "- {selector: a.S.F, content_type: 'a/b, c'}\n"
        "- {selector: a.S.G, content_type: 'text/html; charset=utf-8'}\n",
        "6: cardinality: expected unary-unary, unary-stream, stream-unary or "
        "stream-stream, found \"unary\"\n"
        "7: cardinality: expected unary-unary, unary-stream, stream-unary or "
        "stream-stream, found a list\n"
        "8: content_type: expected a media type as in HTTP: type/subtype, "
        "perhaps with parameters, found \"text\"\n"
        "9: content_type: expected a media type as in HTTP: type/subtype, "
        "perhaps with parameters, found the number 1\n"
        "10: content_type: expected a media type as in HTTP: type/subtype, "
        "perhaps with parameters, found \"a/b\\x0D\\x0Ac: d\"\n"
        "11: content_type: expected a media type as in HTTP: type/subtype, "
        "perhaps with parameters, found \"a/b, c\"");
}

/* A method that only a flawed entry names is not missed. */
static void
a_mistake_hides_no_method(void **state)
{
    (void)state;
    bad("services: [{name: a.S, upstream: raw}]\n"
        "methods: [{selector: '-', timeout: 1s}, {selector: a.S.*}]\n",
        "5: selector: expected pkg.Service.Method, pkg.Service.* or *, "
        "separated by commas, found \"-\"");
}

static void
a_service_is_of_one_upstream(void **state)
{
    (void)state;
    bad("services: [{name: t.v1.Bare, upstream: raw},\n"
        " {name: t.v1.Bare, upstream: typed}]\n"
        "methods: [{selector: t.v1.Bare.One}]\n",
        "5: service \"t.v1.Bare\" is given twice, first in line 4");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_those_that_http_and_methods_name),
        cmocka_unit_test(each_cardinality_has_a_name),
        cmocka_unit_test(later_entries_win_and_patterns_count),
        cmocka_unit_test(services_inside_of_others_stay_apart),
        cmocka_unit_test(typed_and_raw_services_stand_side_by_side),
        cmocka_unit_test(rules_bind_any_method_with_any_variables),
        cmocka_unit_test(a_query_is_refused),
        cmocka_unit_test(a_query_may_be_passed_over),
        cmocka_unit_test(timeouts_hold),
        cmocka_unit_test(a_service_without_a_named_method_is_reported),
        cmocka_unit_test(a_method_of_no_service_is_reported),
        cmocka_unit_test(fields_are_refused),
        cmocka_unit_test(templates_are_checked),
        cmocka_unit_test(what_a_schema_says_is_not_to_be_said_again),
        cmocka_unit_test(events_need_a_schema),
        cmocka_unit_test(wrong_words_are_reported),
        cmocka_unit_test(a_mistake_hides_no_method),
        cmocka_unit_test(a_service_is_of_one_upstream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
