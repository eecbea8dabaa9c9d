/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worked examples of transcoding, each under its number, with the choices that
 * are ours (docs/route-files.md): unknown or bound query parameters are
 * errors, the path wins over the body.
 */
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

struct example {
    const char *rules;
    const char *method;
    const char *target;
    const char *body;
    const char *result;
};

#define ID RULE("One", "get: '/v1/m/{id}'")
#define SHELF RULE("One", "get: '/v1/{name=shelves/*/books/*}'")
#define LIST RULE("One", "get: /v1/m")
#define PUT RULE("One", "put: '/v1/m/{id}', body: book")
#define POST RULE("One", "post: '/v1/m/{id}', body: '*'")
#define STARS                 \
    RULE("One", "get: '/**'") \
    RULE("Two", "get: '/a/*'") RULE("Three", "get: /a/b")

static const struct example examples[] = {
    [1] = { ID, "GET", "/v1/m/42", NULL, "id:\"42\"" },
    [2] = { ID, "GET", "/v1/m/", NULL, "404" },
    [3] = { ID, "GET", "/v1/m/a/b", NULL, "404" },
    [4] = { ID, "GET", "/v1/m/a%2Fb", NULL, "id:\"a/b\"" },
    [5] = { ID, "GET", "/v1/m/a+b%20c", NULL, "id:\"a+b c\"" },
    [6] = { ID, "GET", "/v1/m/x:y", NULL, "id:\"x:y\"" },
    [7] = { ID, "GET", "/v1/m/%E8%B0%B7", NULL, "id:\"\xe8\xb0\xb7\"" },
    [8] = { ID, "GET", "/v1/m/%FF", NULL,
        "id: expected UTF-8, found \"\\xFF\"" },
    [9] = { ID, "GET", "/v1/m/%4", NULL, "400" },
    [10] = { ID, "POST", "/v1/m/42", NULL, "405 GET, HEAD" },
    [11] = { SHELF, "GET", "/v1/shelves/1/books/2", NULL,
        "name:\"shelves/1/books/2\"" },
    [12] = { SHELF, "GET", "/v1/shelves/1/books", NULL, "404" },
    [13] = { SHELF, "GET", "/v1/shelves/a%20b/books/c%2Fd", NULL,
        "name:\"shelves/a b/books/c%2Fd\"" },
    [14] = { SHELF " fully_decode_reserved_expansion: true\n", "GET",
        "/v1/shelves/a%3Ab/books/c%2Fd", NULL,
        "name:\"shelves/a:b/books/c%2Fd\"" },
    [15] = { SHELF, "GET", "/v1/shelves/a%3Ab/books/1", NULL,
        "name:\"shelves/a%3Ab/books/1\"" },
    [16] = { RULE("One", "get: '/f/{name=**}'"), "GET", "/f", NULL,
        "name:\"\"" },
    [17] = { RULE("One", "get: '/f/{name=**}'"), "GET", "/f/a/b/c", NULL,
        "name:\"a/b/c\"" },
    [18] = { RULE("One", "get: '/f/{name=**}'"), "GET", "/f/a/", NULL,
        "name:\"a\"" },
    [19] = { RULE("One", "get: '/f/{name=**}/meta'"), "GET", "/f/a/b/meta",
        NULL, "name:\"a/b\"" },
    [20] = { RULE("One", "get: '/f/{name=x/**}:tail'"), "GET", "/f/x/y:tail",
        NULL, "name:\"x/y\"" },
    /* 21, 22 and 24 need more than one request */
    [23] = { RULE("One", "post: '/v1/{id}:cancel', body: '*'"), "POST",
        "/v1/9:cancel", "{}", "id:\"9\"" },
    [25] = { RULE("One", "get: '/v1/{id}:a:b'"), "GET", "/v1/9:a:b", NULL,
        "id:\"9\"" },
    [26] = { LIST, "GET", "/v1/m?rev=2&sub.s=foo&sub.n=-1", NULL,
        "rev:2 sub{s:\"foo\"} sub{n:-1}" },
    [27] = { LIST, "GET", "/v1/m?tag=a&tag=b%2Cc", NULL,
        "tag:\"a\" tag:\"b,c\"" },
    /* 28 needs more than one request */
    [29] = { LIST, "GET", "/v1/m?rev=9223372036854775808", NULL,
        "rev: expected an int64, found \"9223372036854775808\", which is out "
        "of range" },
    [30] = { LIST, "GET", "/v1/m?rev=1e2", NULL,
        "rev: expected an int64, found \"1e2\"" },
    [31] = { LIST, "GET", "/v1/m?on=true&on=false", NULL,
        "on: expected one value, found another" },
    [32] = { LIST, "GET", "/v1/m?oa=x&ob=1", NULL,
        "ob: expected one field of the oneof \"o\", found \"oa\" as well" },
    [33] = { LIST, "GET", "/v1/m?opt=", NULL, "opt:\"\"" },
    [34] = { LIST, "GET", "/v1/m?zzz=1", NULL,
        "zzz: there is no field \"zzz\" in t.v1.M" },
    [35] = { LIST, "GET", "/v1/m?b=AQI%3D", NULL, "b:0102" },
    [36] = { LIST, "GET", "/v1/m?ts=2024-01-02T03:04:05.5Z", NULL,
        "ts{seconds:1704164645 nanos:500000000}" },
    [37] = { LIST, "GET", "/v1/m?sub=x", NULL,
        "sub: expected a field inside \"sub\", which is a message, found no name of one" },
    [38] = { LIST, "GET", "/v1/m?sub.r=1&sub.r=2", NULL, "sub{r:1} sub{r:2}" },
    [39] = { LIST, "GET", "/v1/m?m[k]=v", NULL, "m{key:\"k\" value:\"v\"}" },
    [40] = { LIST, "GET", "/v1/m?name=a+b%2Bc", NULL, "name:\"a b+c\"" },
    [41] = { PUT, "PUT", "/v1/m/7?rev=3", "{\"title\":\"T\",\"year\":1}",
        "book{title:\"T\" year:1} id:\"7\" rev:3" },
    [42] = { PUT, "PUT", "/v1/m/7?book.title=Z", "{}",
        "book.title: expected in the body, found in the query" },
    [43] = { PUT, "PUT", "/v1/m/7", NULL, "book{} id:\"7\"" },
    [44] = { RULE("One", "post: /v1/m, body: '*'"), "POST", "/v1/m",
        "{\"id\":\"1\",\"tag\":[\"a\"]}", "id:\"1\" tag:\"a\"" },
    [45] = { POST, "POST", "/v1/m/1", "{\"id\":\"2\"}",
        "id:\"2\" id:\"1\"" }, /* the later one wins */
    [46] = { POST, "POST", "/v1/m/1?rev=5", "{}",
        "rev: expected in the body, which is the whole request, found in the query" },
    [47] = { RULE("One", "patch: '/v1/{book.name=b/*}', body: book"), "PATCH",
        "/v1/b/1", "{\"title\":\"T\"}",
        "book{title:\"T\"} book{name:\"b/1\"}" },
    /* 48 to 52 need more than a request */
    [53] = { RULE("One", "custom: {kind: HEAD, path: /v1/m}"), "HEAD", "/v1/m",
        NULL, "" },
    [54] = { RULE("One", "custom: {kind: '*', path: '/w/{name=**}'}"),
        "PROPFIND", "/w/a", NULL, "name:\"a\"" },
    [55] = { RULE("One",
                 "get: '/v1/m/{id}', additional_bindings: "
                 "[{get: '/v1/u/{name}/m/{id}'}]"),
        "GET", "/v1/u/me/m/5", NULL, "name:\"me\" id:\"5\"" },
    [56] = { RULE("One", "get: '/v1/m/{rev}'"), "GET", "/v1/m/abc", NULL,
        "rev: expected an int64, found \"abc\"" },
    [57] = { RULE("One", "get: '/v1/m/{kind}'"), "GET", "/v1/m/B", NULL,
        "kind:1" },
    [58] = { RULE("One", "get: '/v1/m/{sub.n}'"), "GET", "/v1/m/5?sub.s=q",
        NULL, "sub{n:5} sub{s:\"q\"}" },
    [59] = { ID, "GET", "/v1/m/5?id=6", NULL,
        "id: expected in the path only, found in the query as well" },
    /* 60 and 61 do not load */
    [62] = { RULE("One", "delete: '/v1/m/{id}'"), "DELETE", "/v1/m/5", NULL,
        "id:\"5\"" },
};

static void
every_example_gives_its_result(void **state)
{
    unsigned n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *x = &examples[i];
        struct route_set *set;
        char shown[1024];

        if (x->rules == NULL)
            continue;
        set = set_with_rules(x->rules);
        request(set, x->method, x->target, x->body, shown, sizeof shown);
        if (strcmp(shown, x->result) != 0)
            fail_msg("example %zu gives %s", i, shown);
        route_set_free(&set);
        n++;
    }
    assert_int_equal(n, 51);
}

static void
finds(const struct route_set *set, const char *method, const char *path,
    const char *rpc)
{
    struct route_match match;

    assert_int_equal(route_table_match(set->table, method, strlen(method), path,
                         strlen(path), &match, NULL),
        ROUTE_FOUND);
    assert_string_equal(match.binding->rpc->name, rpc);
}

static void
example_21_the_most_special_of_three_wins(void **state)
{
    struct route_set *set = set_with_rules(STARS);

    (void)state;
    finds(set, "GET", "/a/b", "Three");
    finds(set, "GET", "/a/c", "Two");
    finds(set, "GET", "/a/b/c", "One");
    route_set_free(&set);
}

static void
example_22_a_literal_branch_is_preferred_and_left_again(void **state)
{
    struct route_set *set = set_with_rules(
        RULE("One", "get: '/a/{id}/c'") RULE("Two", "get: '/a/b/{name}'"));

    (void)state;
    gives(set, "GET", "/a/b/c", NULL, "name:\"c\"");
    gives(set, "GET", "/a/b2/c", NULL, "id:\"b2\"");
    route_set_free(&set);
}

static void
example_24_a_known_verb_is_cut_for_every_method(void **state)
{
    struct route_set *set = set_with_rules(RULE("One",
        "post: '/v1/{id}:cancel', body: '*'") RULE("Two", "get: '/v1/{id}'"));

    (void)state;
    gives(set, "GET", "/v1/9:cancel", NULL, "405 POST");
    route_set_free(&set);
}

static void
example_28_enum_values_come_by_name_or_number(void **state)
{
    struct route_set *set = set_with_rules(LIST);

    (void)state;
    gives(set, "GET", "/v1/m?kind=B", NULL, "kind:1");
    gives(set, "GET", "/v1/m?kind=1", NULL, "kind:1");
    gives(set, "GET", "/v1/m?kind=C", NULL,
        "kind: expected a value of enum t.v1.Kind, found \"C\"");
    route_set_free(&set);
}

static void
example_35_bytes_come_in_both_alphabets(void **state)
{
    struct route_set *set = set_with_rules(LIST);

    (void)state;
    gives(set, "GET", "/v1/m?b=-_8", NULL, "b:FBFF");
    gives(set, "GET", "/v1/m?b=%2B/8", NULL, "b:FBFF");
    route_set_free(&set);
}

static void
examples_48_and_49_are_the_json_readers(void **state)
{
    struct route_set *set =
        set_with_rules(RULE("One", "patch: '/v1/{book.name=b/*}', body: book")
                RULE("Two", "post: /v1/m, body: '*'"));
    char shown[512];

    (void)state;
    request(set, "PATCH", "/v1/b/1", "{\"tittle\":\"T\"}", shown, sizeof shown);
    assert_non_null(strstr(shown, "tittle"));
    assert_null(strstr(shown, "book{"));
    request(set, "POST", "/v1/m", "[1]", shown, sizeof shown);
    assert_non_null(strstr(shown, "expected"));
    request(set, "POST", "/v1/m", "{\"rev\":\"x\"}", shown, sizeof shown);
    assert_non_null(strstr(shown, "rev: expected an int64"));
    request(set, "POST", "/v1/m", "{", shown, sizeof shown);
    assert_non_null(strstr(shown, "expected"));
    route_set_free(&set);
}

static const struct route_binding *
find(const struct route_set *set, const char *method, const char *path)
{
    struct route_match match;

    assert_int_equal(route_table_match(set->table, method, strlen(method), path,
                         strlen(path), &match, NULL),
        ROUTE_FOUND);
    return match.binding;
}

static void
example_50_the_body_may_be_an_http_body_field(void **state)
{
    struct route_set *set =
        set_with_rules(RULE("One", "post: '/up/{id}', body: raw"));
    const struct route_binding *b = find(set, "POST", "/up/3");

    (void)state;
    assert_int_equal(b->body, ROUTE_BODY_FIELD);
    assert_string_equal(b->body_field->name, "raw");
    assert_int_equal(b->body_field->message->wkt, PB_WKT_HTTP_BODY);
    gives(set, "POST", "/up/3", "\1\2",
        "raw{content_type:\"image/png\" data:0102} id:\"3\"");
    route_set_free(&set);
}

/* The answer to GET PATH when the RPC replies with the fields of this text. */
static void
answers(const struct route_set *set, const char *path, const char *reply,
    const char *expected)
{
    const struct route_binding *b = find(set, "GET", path);
    struct pb_json_reader *reader = pb_json_reader_new();
    struct pb_json_writer *writer = pb_json_writer_new();
    static const struct pb_json_options options;
    struct pb_buf wire, json;

    pb_buf_init_heap(&wire, 1 << 16);
    pb_buf_init_heap(&json, 1 << 16);
    assert_int_equal(pb_json_to_wire(reader, b->rpc->method->output, &options,
                         reply, strlen(reply), &wire, NULL),
        PB_OK);
    assert_int_equal(pb_wire_field_to_json(writer, b->response_field, NULL,
                         wire.data, wire.len, &json, NULL),
        PB_OK);
    assert_int_equal(json.len, strlen(expected));
    assert_memory_equal(json.data, expected, json.len);
    pb_buf_fini_heap(&wire);
    pb_buf_fini_heap(&json);
    pb_json_reader_free(&reader);
    pb_json_writer_free(&writer);
}

static void
examples_51_and_52_the_response_body_is_a_field(void **state)
{
    struct route_set *set =
        set_with_rules(RULE("One", "get: /v1/m, response_body: book")
                RULE("Two", "get: /v2/m, response_body: tag"));

    (void)state;
    answers(set, "/v1/m", "{\"book\":{\"title\":\"T\"}}", "{\"title\":\"T\"}");
    answers(set, "/v2/m", "{\"tag\":[\"a\"]}", "[\"a\"]");
    route_set_free(&set);
}

static void
example_57_an_enum_in_the_path_may_be_a_number(void **state)
{
    struct route_set *set = set_with_rules(RULE("One", "get: '/v1/m/{kind}'"));

    (void)state;
    gives(set, "GET", "/v1/m/1", NULL, "kind:1");
    route_set_free(&set);
}

static void
does_not_load(const char *rule, const char *expected)
{
    struct route_problems problems;
    char yaml[1024], shown[1024];

    snprintf(yaml, sizeof yaml,
        "upstreams: {u: {target: 'h:1', schema: types.pb}}\n"
        "services: [{name: t.v1.Bare}]\n"
        "http:\n rules:\n%s",
        rule);
    assert_null(build_set(yaml, &problems));
    assert_string_equal(show_problems(&problems, shown, sizeof shown),
        expected);
}

static void
example_60_an_empty_segment_does_not_load(void **state)
{
    (void)state;
    does_not_load(RULE("One", "get: /v1//m"),
        "5: get: path \"/v1//m\", column 5: expected a segment, found \"/\"");
}

static void
example_61_a_repeated_field_in_a_path_does_not_load(void **state)
{
    (void)state;
    does_not_load(RULE("One", "get: '/v1/{tag}'"),
        "5: t.v1.Bare.One: /v1/{tag}: \"tag\" is repeated, which a path "
        "cannot give");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_gives_its_result),
        cmocka_unit_test(example_21_the_most_special_of_three_wins),
        cmocka_unit_test(
            example_22_a_literal_branch_is_preferred_and_left_again),
        cmocka_unit_test(example_24_a_known_verb_is_cut_for_every_method),
        cmocka_unit_test(example_28_enum_values_come_by_name_or_number),
        cmocka_unit_test(example_35_bytes_come_in_both_alphabets),
        cmocka_unit_test(examples_48_and_49_are_the_json_readers),
        cmocka_unit_test(example_50_the_body_may_be_an_http_body_field),
        cmocka_unit_test(examples_51_and_52_the_response_body_is_a_field),
        cmocka_unit_test(example_57_an_enum_in_the_path_may_be_a_number),
        cmocka_unit_test(example_60_an_empty_segment_does_not_load),
        cmocka_unit_test(example_61_a_repeated_field_in_a_path_does_not_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
