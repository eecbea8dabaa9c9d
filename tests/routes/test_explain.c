/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why near routes are not the one.
 */
#include "routes/explain.h"
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static int
set_up(void **state)
{
    *state = set_with_rules(RULE("One", "get: /v1/books/new") RULE("Two",
        "get: '/v1/books/{id}', additional_bindings: "
        "[{put: '/v1/books/{id}', body: '*'}, "
        "{post: '/v1/books/{id}:lend', body: '*'}, "
        "{custom: {kind: '*', path: /v1/books/new}}]") RULE("Three",
        "get: '/v1/{name=**}', additional_bindings: "
        "[{get: '/v1/{name=**}/x/meta'}, {get: '/v1/%62'}]") "json: {ignore_unknown: true, pretty_on_request: true}\n");
    return 0;
}

/* "VERB TEMPLATE: WHY" of the nearest max routes, one a line. */
static void
explains(void **state, const char *verb, const char *path, size_t max,
    const char *expected)
{
    struct route_near near[16];
    char shown[4096] = "";
    size_t n = 0, n_near;

    n_near = route_explain(*state, verb, strlen(verb), path, strlen(path), near,
        max);
    assert_true(n_near <= max);
    for (size_t i = 0; i < n_near; i++) {
        if (i > 0)
            assert_true(near[i].rank <= near[i - 1].rank);
        n += (size_t)snprintf(shown + n, sizeof shown - n, "%s %s: %s\n",
            near[i].binding->verb, near[i].binding->template_text, near[i].why);
    }
    assert_string_equal(shown, expected);
}

static void
what_lost_to_a_more_special_route_says_to_which(void **state)
{
    explains(state, "GET", "/v1/books/new", 4,
        "GET /v1/{name=**}: GET /v1/books/new is more special: segment 2 is "
        "a literal there, \"**\" here\n"
        "GET /v1/books/{id}: GET /v1/books/new is more special: segment 3 is "
        "a literal there, \"*\" here\n"
        "* /v1/books/new: GET /v1/books/new is for the very method\n"
        "PUT /v1/books/{id}: it is for PUT\n");
}

static void
another_verb_is_named(void **state)
{
    explains(state, "GET", "/v1/books/7:lend", 4,
        "POST /v1/books/{id}:lend: it is for POST\n"
        "GET /v1/{name=**}: the path has the verb \":lend\"\n"
        "GET /v1/books/{id}: the path has the verb \":lend\"\n"
        "PUT /v1/books/{id}: the path has the verb \":lend\"\n");
    explains(state, "POST", "/v1/books/7", 4,
        "GET /v1/{name=**}: it is for GET\n"
        "GET /v1/books/{id}: it is for GET\n"
        "PUT /v1/books/{id}: it is for PUT\n"
        "POST /v1/books/{id}:lend: the path does not have the verb "
        "\":lend\"\n");
}

static void
the_first_segment_that_differs_is_named(void **state)
{
    explains(state, "GET", "/v1/bocks/new/x", 16,
        "GET /v1/books/new: segment 2 is \"bocks\", not \"books\"\n"
        "GET /v1/{name=**}/x/meta: segment 3 is \"new\", not \"x\"\n"
        "GET /v1/%62: segment 2 is \"bocks\", not \"%62\"\n"
        "GET /v1/books/{id}: segment 2 is \"bocks\", not \"books\"\n"
        "PUT /v1/books/{id}: segment 2 is \"bocks\", not \"books\"\n"
        "POST /v1/books/{id}:lend: segment 2 is \"bocks\", not \"books\"\n"
        "* /v1/books/new: segment 2 is \"bocks\", not \"books\"\n");
}

static void
a_path_too_long_or_short_is_named(void **state)
{
    explains(state, "GET", "/v1/books/new/x", 4,
        "GET /v1/books/new: the path goes on after segment 3\n"
        "GET /v1/books/{id}: the path goes on after segment 3\n"
        "PUT /v1/books/{id}: the path goes on after segment 3\n"
        "POST /v1/books/{id}:lend: the path goes on after segment 3\n");
    explains(state, "GET", "/v1/books/", 2,
        "GET /v1/books/new: the path ends before segment 3\n"
        "GET /v1/books/{id}: the path ends before segment 3\n");
    explains(state, "PUT", "/v1/b", 4,
        "GET /v1/{name=**}: it is for GET\n"
        "GET /v1/%62: it is for GET\n"
        "GET /v1/books/new: segment 2 is \"b\", not \"books\"\n"
        "GET /v1/{name=**}/x/meta: the path is too short for what follows "
        "\"**\"\n");
}

static void
what_has_nothing_in_common_is_not_near(void **state)
{
    explains(state, "GET", "/v2/books", 16, "");
    explains(state, "GET", "/", 16, "");
}

static void
a_refused_path_has_nothing_near(void **state)
{
    explains(state, "GET", "/v1/books/%", 16, "");
    explains(state, "GET", "/v1//books", 16, "");
    explains(state, "GET", "/v1/../books", 16, "");
    explains(state, "GET", "", 16, "");
}

static void
at_most_as_many_as_asked_for_are_told(void **state)
{
    explains(state, "GET", "/v1/books/new", 0, "");
    explains(state, "GET", "/v1/books/new", 1,
        "GET /v1/{name=**}: GET /v1/books/new is more special: segment 2 is "
        "a literal there, \"**\" here\n");
}

static void
on_given(void *arg, const struct route_given *given)
{
    char *shown = arg;
    size_t n = strlen(shown);

    snprintf(shown + n, 1024 - n, "%s %.*s=%.*s>",
        given->is_variable ? "path" : "query", (int)given->name_len,
        given->name, (int)given->len, given->text);
    for (size_t i = 0; i < given->depth; i++) {
        n = strlen(shown);
        snprintf(shown + n, 1024 - n, "%s%s", i > 0 ? "." : "",
            given->path[i]->name);
    }
    n = strlen(shown);
    if (given->is_system)
        snprintf(shown + n, 1024 - n, "the gateway\n");
    else if (given->is_unknown_value)
        snprintf(shown + n, 1024 - n, ", unknown\n");
    else if (given->map_key != NULL)
        snprintf(shown + n, 1024 - n, "[%.*s]\n", (int)given->map_key_len,
            given->map_key);
    else
        snprintf(shown + n, 1024 - n, "\n");
}

/* What GET PATH?QUERY is told to give; result is what binding it comes to. */
static void
tells(void **state, const char *path, const char *query, enum pb_err result,
    const char *expected)
{
    const struct route_set *set = *state;
    struct route_match match;
    struct pb_buf out;
    char shown[1024] = "";

    assert_int_equal(route_table_match(set->table, "GET", 3, path, strlen(path),
                         &match, NULL),
        ROUTE_FOUND);
    pb_buf_init_heap(&out, 1 << 16);
    assert_int_equal(route_bind_telling(&match, path, query, strlen(query),
                         NULL, &out, NULL, on_given, shown),
        result);
    pb_buf_fini_heap(&out);
    assert_string_equal(shown, expected);
}

static void
what_path_and_query_give_is_told_decoded_and_in_order(void **state)
{
    tells(state, "/v1/books/a%20b",
        "sub.s=c+d&m%5Bk%5D=v&tag=1&tag=2&longName=3", PB_OK,
        "path id=a b>id\n"
        "query sub.s=c d>sub.s\n"
        "query m[k]=v>m[k]\n"
        "query tag=1>tag\n"
        "query tag=2>tag\n"
        "query longName=3>long_name\n");
}

static void
an_ignored_parameter_goes_nowhere(void **state)
{
    tells(state, "/v1/books/1", "sub.nope=%31&rev=2", PB_OK,
        "path id=1>id\n"
        "query sub.nope=1>\n"
        "query rev=2>rev\n");
}

static void
a_value_that_the_enum_does_not_have_is_told_as_one(void **state)
{
    tells(state, "/v1/books/1", "kind=NOPE&rev=2", PB_OK,
        "path id=1>id\n"
        "query kind=NOPE>kind, unknown\n"
        "query rev=2>rev\n");
}

static void
a_parameter_for_the_gateway_is_told_as_one(void **state)
{
    tells(state, "/v1/books/1", "%24prettyPrint=1", PB_OK,
        "path id=1>id\n"
        "query $prettyPrint=1>the gateway\n");
}

static void
the_one_whose_text_is_refused_is_the_last_one_told(void **state)
{
    tells(state, "/v1/books/1", "rev=2&f=x&on=true", PB_EVALUE,
        "path id=1>id\n"
        "query rev=2>rev\n"
        "query f=x>f\n");
    tells(state, "/v1/books/%ff", "rev=2", PB_EVALUE, "path id=\xff>id\n");
}

#define WITH_SET(f) cmocka_unit_test_setup_teardown(f, set_up, free_set)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SET(what_lost_to_a_more_special_route_says_to_which),
        WITH_SET(another_verb_is_named),
        WITH_SET(the_first_segment_that_differs_is_named),
        WITH_SET(a_path_too_long_or_short_is_named),
        WITH_SET(what_has_nothing_in_common_is_not_near),
        WITH_SET(a_refused_path_has_nothing_near),
        WITH_SET(at_most_as_many_as_asked_for_are_told),
        WITH_SET(what_path_and_query_give_is_told_decoded_and_in_order),
        WITH_SET(an_ignored_parameter_goes_nowhere),
        WITH_SET(a_value_that_the_enum_does_not_have_is_told_as_one),
        WITH_SET(a_parameter_for_the_gateway_is_told_as_one),
        WITH_SET(the_one_whose_text_is_refused_is_the_last_one_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
