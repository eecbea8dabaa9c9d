/* SPDX-License-Identifier: Apache-2.0 */
/* What an explanation says of a request; that it says what the gateway does is
 * for the scenario of that name. */
#include "gateway/explain.h"
#include "tests/memory.h"
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RULES                                                          \
    RULE("One", "put: '/v1/m/{id}', body: book, response_body: sub")   \
    RULE("Two",                                                        \
        "get: '/v1/m/{id}', additional_bindings: [{post: '/v1/n/{id}'" \
        ", body: '*'}, {patch: '/v1/{book.name=b/*}', body: book}]")

static int
set_up(void **state)
{
    *state = set_with_rules(RULES);
    return 0;
}

/* Without a content type. body may be NULL. */
static json_t *
explain(const struct route_set *set, const char *verb, const char *target,
    const char *body, bool *is_called)
{
    struct gw_question q = { .verb = verb, .target = target };

    if (body != NULL)
        q.body = sluice_str(body);
    return gw_explain(set, &q, is_called);
}

/* The part of the explanation at key, as JSON; "" if there is none. */
static void
shows(void **state, const char *verb, const char *target, const char *body,
    const char *key, const char *expected)
{
    bool is_called;
    json_t *doc = explain(*state, verb, target, body, &is_called);
    const json_t *part;
    char *shown;

    assert_non_null(doc);
    assert_int_equal(is_called, json_object_get(doc, "answer") == NULL);
    part = json_object_get(doc, key);
    shown = part == NULL ? strdup("")
                         : json_dumps(part, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(shown);
    assert_string_equal(shown, expected);
    free(shown);
    json_decref(doc);
}

/* The message of a request that gives one. */
static void
makes(void **state, const char *verb, const char *target, const char *body,
    const char *expected)
{
    bool is_called;
    json_t *doc = explain(*state, verb, target, body, &is_called);
    const json_t *messages = json_object_get(doc, "messages");

    assert_true(is_called);
    assert_int_equal(json_array_size(messages), 1);
    assert_string_equal(json_string_value(json_array_get(messages, 0)),
        expected);
    json_decref(doc);
}

static void
the_binding_says_where_it_was_declared_and_where_it_leads(void **state)
{
    shows(state, "PUT", "/v1/m/7", NULL, "binding",
        "{\"method\":\"PUT\",\"template\":\"/v1/m/{id}\",\"declared\":\"rule\","
        "\"file\":\"f\",\"line\":5,\"rpc\":\"t.v1.Bare.One\","
        "\"cardinality\":\"unary-unary\",\"upstream\":\"u\","
        "\"targets\":[\"h:1\"],\"body\":\"book\",\"responseBody\":\"sub\"}");
    shows(state, "POST", "/t.v1.Bare/Three", NULL, "binding",
        "{\"method\":\"POST\",\"template\":\"/t.v1.Bare/Three\","
        "\"declared\":\"automatic\",\"file\":\"f\",\"line\":2,"
        "\"rpc\":\"t.v1.Bare.Three\",\"cardinality\":\"unary-unary\","
        "\"upstream\":\"u\",\"targets\":[\"h:1\"],\"body\":\"*\","
        "\"responseBody\":null}");
}

static void
path_and_query_say_which_field_they_give(void **state)
{
    const char *target = "/v1/m/a%2Fb?sub.n=5&m[k]=v+w";

    shows(state, "GET", target, NULL, "path",
        "[{\"name\":\"id\",\"value\":\"a/b\",\"field\":\"id\"}]");
    shows(state, "GET", target, NULL, "query",
        "[{\"name\":\"sub.n\",\"value\":\"5\",\"field\":\"sub.n\"},"
        "{\"name\":\"m[k]\",\"value\":\"v w\",\"field\":\"m[k]\"}]");
}

static void
the_message_has_path_query_and_body(void **state)
{
    makes(state, "GET", "/v1/m/7?rev=3", NULL, "{\"id\":\"7\",\"rev\":\"3\"}");
    makes(state, "PUT", "/v1/m/7?rev=3", "{\"title\":\"T\"}",
        "{\"id\":\"7\",\"rev\":\"3\",\"book\":{\"title\":\"T\"}}");
    makes(state, "POST", "/v1/n/7", " {\"id\":\"8\",\"on\":true}\n",
        "{\"id\":\"7\",\"on\":true}");
    makes(state, "PATCH", "/v1/b/1", "{\"title\":\"T\"}",
        "{\"book\":{\"name\":\"b/1\",\"title\":\"T\"},\"mask\":\"title\"}");
}

static void
a_mask_that_the_body_fills_is_said(void **state)
{
    shows(state, "PATCH", "/v1/b/1", "{\"title\":\"T\"}", "filledMask",
        "\"mask\"");
    shows(state, "PATCH", "/v1/b/1?mask=year", "{\"title\":\"T\"}",
        "filledMask", "");
    shows(state, "PATCH", "/v1/b/1", "{}", "filledMask", "");
}

static void
the_options_of_a_method_are_shown(void **state)
{
    struct route_set *set =
        set_with_rules(RULES "json: {max_depth: 9}\n"
                             "methods: [{selector: t.v1.Bare.Two, "
                             "json: {emit_defaults: true}}]\n");
    struct gw_question question = { .verb = "GET", .target = "/v1/m/7" };
    bool is_called;
    json_t *doc = gw_explain(set, &question, &is_called);
    const json_t *options =
        json_object_get(json_object_get(doc, "binding"), "json");
    char *text = json_dumps(options, JSON_COMPACT);

    (void)state;
    assert_string_equal(text, "{\"emit_defaults\":true,\"max_depth\":9}");
    free(text);
    json_decref(doc);
    route_set_free(&set);
}

static void
an_empty_body_is_an_empty_message(void **state)
{
    makes(state, "PUT", "/v1/m/7", NULL, "{\"id\":\"7\",\"book\":{}}");
    makes(state, "PUT", "/v1/m/7", " \n", "{\"id\":\"7\",\"book\":{}}");
    makes(state, "POST", "/v1/n/7", "", "{\"id\":\"7\"}");
}

/* The messages of a request with a body of bytes, and whether it is called. */
static void
makes_of_bytes(struct route_set *set, const char *target, const char *type,
    struct sluice_str body, const char *expected)
{
    struct gw_question q = { .verb = "POST", .target = target, .body = body };
    bool is_called;
    json_t *doc;
    char *shown;

    if (type != NULL)
        q.content_type = sluice_str(type);
    doc = gw_explain(set, &q, &is_called);
    assert_non_null(doc);
    assert_int_equal(is_called, expected[0] == '[');
    shown = json_dumps(json_object_get(doc, is_called ? "messages" : "answer"),
        JSON_COMPACT);
    assert_non_null(shown);
    if (is_called)
        assert_string_equal(shown, expected);
    else if (strstr(shown, expected) == NULL)
        fail_msg("no %s in %s", expected, shown);
    free(shown);
    json_decref(doc);
}

static void
a_body_of_bytes_is_the_data_of_the_message(void **state)
{
    struct route_set *set = set_with_rules(
        RULE("One", "post: '/up/{id}', body: raw, response_body: raw"));
    struct route_set *before = *state;

    makes_of_bytes(set, "/up/3", "image/png", sluice_str_n("\0{", 2),
        "[\"{\\\"id\\\":\\\"3\\\",\\\"raw\\\":{\\\"contentType\\\":"
        "\\\"image/png\\\",\\\"data\\\":\\\"AHs=\\\"}}\"]");
    makes_of_bytes(set, "/up/3", NULL, sluice_str_n(NULL, 0),
        "[\"{\\\"id\\\":\\\"3\\\",\\\"raw\\\":{}}\"]");
    makes_of_bytes(set, "/up/3", "a/\xff", sluice_str("x"),
        "\"message\":\"invalid header Content-Type: expected printable UTF-8\"");
    set->config->max_request_message = 8;
    makes_of_bytes(set, "/up/3", NULL, sluice_str("x"),
        "[\"{\\\"id\\\":\\\"3\\\",\\\"raw\\\":{\\\"data\\\":"
        "\\\"eA==\\\"}}\"]");
    makes_of_bytes(set, "/up/3", NULL, sluice_str("xy"), "\"status\":413");
    *state = set;
    shows(state, "POST", "/up/3", NULL, "binding",
        "{\"method\":\"POST\",\"template\":\"/up/{id}\","
        "\"declared\":\"rule\",\"file\":\"f\",\"line\":5,"
        "\"rpc\":\"t.v1.Bare.One\",\"cardinality\":\"unary-unary\","
        "\"upstream\":\"u\",\"targets\":[\"h:1\"],\"body\":\"raw\","
        "\"responseBody\":\"raw\",\"takesBytes\":true,"
        "\"givesBytes\":true}");
    *state = before;
    route_set_free(&set);
}

static void
bytes_of_a_stream_come_in_pieces(void **state)
{
    struct route_problems problems;
    struct route_set *set =
        build_set("upstreams: {u: {target: 'h:1', schema: bodies.pb}}\n"
                  "services: [{name: t.v3.Files}]\n"
                  "http: {rules: [{selector: t.v3.Files.Send,"
                  " post: '/s/{name}', body: raw}]}\n",
            &problems);

    (void)state;
    assert_non_null(set);
    route_problems_fini(&problems);
    set->config->max_request_message = 8;
    makes_of_bytes(set, "/s/n", NULL, sluice_str("abcdefg"),
        "[\"{\\\"name\\\":\\\"n\\\",\\\"raw\\\":{\\\"data\\\":"
        "\\\"YQ==\\\"}}\",\"{\\\"raw\\\":{\\\"data\\\":\\\"YmNkZQ==\\\"}}"
        "\",\"{\\\"raw\\\":{\\\"data\\\":\\\"Zmc=\\\"}}\"]");
    makes_of_bytes(set, "/s/n", NULL, sluice_str_n(NULL, 0),
        "[\"{\\\"name\\\":\\\"n\\\",\\\"raw\\\":{}}\"]");
    makes_of_bytes(set, "/s/long", NULL, sluice_str("a"), "\"status\":413");
    route_set_free(&set);
}

static void
required_fields_beside_bytes_come_from_path_and_query(void **state)
{
    struct route_problems problems;
    struct route_set *set =
        build_set("upstreams: {u: {target: 'h:1', schema: bodies.pb}}\n"
                  "services: [{name: t.v3.Files}]\n"
                  "http: {rules: [{selector: t.v3.Files.PutSealed,"
                  " post: '/s/{name}', body: file}]}\n",
            &problems);

    (void)state;
    assert_non_null(set);
    route_problems_fini(&problems);
    makes_of_bytes(set, "/s/n?number=5", NULL, sluice_str_n("\xff", 1),
        "[\"{\\\"name\\\":\\\"n\\\",\\\"file\\\":{\\\"data\\\":"
        "\\\"/w==\\\"},\\\"number\\\":5}\"]");
    makes_of_bytes(set, "/s/n", NULL, sluice_str_n("\xff", 1),
        "number: expected the required field \\\"number\\\", found none");
    route_set_free(&set);
}

static void
a_content_type_that_is_no_JSON_is_refused(void **state)
{
    makes_of_bytes(*state, "/v1/n/7", "text/xml", sluice_str("{}"),
        "expected content-type application/json in UTF-8, found "
        "\\\"text/xml\\\"");
    makes_of_bytes(*state, "/v1/n/7", "text/xml", sluice_str_n(NULL, 0),
        "[\"{\\\"id\\\":\\\"7\\\"}\"]");
    makes_of_bytes(*state, "/v1/n/7", "application/json", sluice_str("{}"),
        "[\"{\\\"id\\\":\\\"7\\\"}\"]");
}

static void
near_routes_say_why_they_lose(void **state)
{
    shows(state, "GET", "/v1/m/7", NULL, "near",
        "[{\"method\":\"PUT\",\"template\":\"/v1/m/{id}\","
        "\"rpc\":\"t.v1.Bare.One\",\"why\":\"it is for PUT\"},"
        "{\"method\":\"POST\",\"template\":\"/v1/n/{id}\","
        "\"rpc\":\"t.v1.Bare.Two\","
        "\"why\":\"segment 2 is \\\"m\\\", not \\\"n\\\"\"},"
        "{\"method\":\"PATCH\",\"template\":\"/v1/{book.name=b/*}\","
        "\"rpc\":\"t.v1.Bare.Two\","
        "\"why\":\"segment 2 is \\\"m\\\", not \\\"b\\\"\"}]");
}

static void
what_no_route_takes_has_the_answer_that_is_given(void **state)
{
    shows(state, "GET", "/nope", NULL, "answer",
        "{\"status\":404,\"code\":\"NOT_FOUND\","
        "\"message\":\"no route matches this path\"}");
    shows(state, "DELETE", "/v1/m/7", NULL, "answer",
        "{\"status\":405,\"code\":\"UNIMPLEMENTED\","
        "\"message\":\"this path does not allow this method\","
        "\"allow\":\"GET, HEAD, PUT\"}");
    shows(state, "CONNECT", "/v1/m/7", NULL, "answer",
        "{\"status\":501,\"code\":\"UNIMPLEMENTED\","
        "\"message\":\"the gateway makes no tunnels\"}");
    shows(state, "G ET", "/v1/m/7", NULL, "answer",
        "{\"status\":400,\"code\":\"INVALID_ARGUMENT\","
        "\"message\":\"the method is not a token\"}");
    shows(state, "OPTIONS", "*", NULL, "answer",
        "{\"status\":204,\"code\":\"OK\","
        "\"message\":\"the gateway answers by itself\"}");
    shows(state, "GET", "/healthz", NULL, "answer",
        "{\"status\":200,\"code\":\"OK\",\"message\":\"no route claims this "
        "path: the gateway tells its health\"}");
}

static void
refused_input_names_field_and_place(void **state)
{
    shows(state, "GET", "/v1/m/7?rev=x", NULL, "answer",
        "{\"status\":400,\"code\":\"INVALID_ARGUMENT\",\"message\":"
        "\"invalid path or query: rev: expected an int64, found \\\"x\\\"\","
        "\"field\":\"rev\","
        "\"description\":\"expected an int64, found \\\"x\\\"\"}");
    shows(state, "PUT", "/v1/m/7", "{\"year\":1,\n\"year\":2}", "answer",
        "{\"status\":400,\"code\":\"INVALID_ARGUMENT\",\"message\":"
        "\"invalid body: book.year: expected each field once, found it again (line 2, column 1, byte "
        "11)\",\"field\":\"book.year\","
        "\"description\":\"expected each field once, found it again (line 2, column 1, byte 11)\"}");
    shows(state, "GET", "/v1/m/7", "{}", "answer",
        "{\"status\":400,\"code\":\"INVALID_ARGUMENT\","
        "\"message\":\"this route takes no body\"}");
    shows(state, "PUT", "/v1/m/7", "{", "messages", "[]");
    shows(state, "PUT", "/v1/m/7", "{} {}", "messages", "[]");
}

static void
text_that_is_not_UTF_8_is_shown_with_replacements(void **state)
{
    shows(state, "GET", "/v1/m/a%FFb", NULL, "path",
        "[{\"name\":\"id\",\"value\":\"a\xef\xbf\xbd"
        "b\",\"field\":\"id\"}]");
    shows(state, "GET", "/v1/m/\xff", NULL, "target", "\"/v1/m/\xef\xbf\xbd\"");
}

static void
a_message_over_the_limit_is_refused(void **state)
{
    struct route_set *set = *state;

    set->config->max_request_message = 16;
    shows(state, "GET", "/v1/m/0123456789abcdef", NULL, "answer",
        "{\"status\":413,\"code\":\"RESOURCE_EXHAUSTED\",\"message\":"
        "\"the request message is over the limit of 16 bytes\"}");
    shows(state, "PUT", "/v1/m/7", "{\"title\":\"long\"}    ", "answer",
        "{\"status\":413,\"code\":\"RESOURCE_EXHAUSTED\",\"message\":"
        "\"the body is over the limit of 16 bytes\"}");
}

static int
set_up_raw(void **state)
{
    struct route_problems problems;

    *state = build_set("upstreams: {u: {target: 'h:1', schema: none}}\n"
                       "services: [{name: r.S}]\n"
                       "limits: {max_request_message: 4}\n"
                       "methods: [{selector: r.S.One},\n"
                       " {selector: r.S.Many, cardinality: stream-unary}]\n",
        &problems);
    route_problems_fini(&problems);
    return *state == NULL;
}

static void
a_message_without_a_schema_is_its_bytes(void **state)
{
    makes(state, "POST", "/r.S/One", "", "{\"bytes\":0,\"base64\":\"\"}");
    makes(state, "POST", "/r.S/One", "a", "{\"bytes\":1,\"base64\":\"YQ==\"}");
    makes(state, "POST", "/r.S/One", "{~~\n",
        "{\"bytes\":4,\"base64\":\"e35+Cg==\"}");
    shows(state, "POST", "/r.S/One", "12345", "messages", "[]");
    shows(state, "POST", "/r.S/Many", NULL, "messages", "[]");
    shows(state, "POST", "/r.S/Many", "12345", "messages",
        "[\"{\\\"bytes\\\":4,\\\"base64\\\":\\\"MTIzNA==\\\"}\","
        "\"{\\\"bytes\\\":1,\\\"base64\\\":\\\"NQ==\\\"}\"]");
}

static void
without_memory_bytes_are_not_explained(void **state)
{
    json_t *doc = NULL;

    json_set_alloc_funcs(malloc, free);
    for (unsigned long n = 1; doc == NULL; n++) {
        bool is_called;

        memory_fail_from(n);
        doc = explain(*state, "POST", "/r.S/One", "a", &is_called);
        memory_suffices();
        assert_true(doc != NULL || !is_called);
    }
    json_decref(doc);
}

/* jansson is not ours, but its memory is counted too. */
static void
without_memory_there_is_no_explanation(void **state)
{
    static const struct {
        const char *verb, *target, *body;
    } asked[] = {
        { "PUT", "/v1/m/7?rev=3&sub.n=%35&m[k]=v", "{\"title\":\"T\"}" },
        { "PATCH", "/v1/b/1", "{\"title\":\"T\"}" },
        { "GET", "/v1/m/7?rev=x", NULL },
        { "DELETE", "/v1/m/%FF", NULL },
    };

    json_set_alloc_funcs(malloc, free);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        json_t *doc = NULL;
        unsigned long n;

        for (n = 1; doc == NULL; n++) {
            bool is_called;

            memory_fail_from(n);
            doc = explain(*state, asked[i].verb, asked[i].target, asked[i].body,
                &is_called);
            memory_suffices();
        }
        assert_true(n > 21);
        json_decref(doc);
    }
}

#define WITH_SET(f) cmocka_unit_test_setup_teardown(f, set_up, free_set)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SET(the_binding_says_where_it_was_declared_and_where_it_leads),
        WITH_SET(path_and_query_say_which_field_they_give),
        WITH_SET(the_message_has_path_query_and_body),
        WITH_SET(a_mask_that_the_body_fills_is_said),
        cmocka_unit_test(the_options_of_a_method_are_shown),
        WITH_SET(an_empty_body_is_an_empty_message),
        WITH_SET(a_body_of_bytes_is_the_data_of_the_message),
        WITH_SET(bytes_of_a_stream_come_in_pieces),
        WITH_SET(required_fields_beside_bytes_come_from_path_and_query),
        WITH_SET(a_content_type_that_is_no_JSON_is_refused),
        WITH_SET(near_routes_say_why_they_lose),
        WITH_SET(what_no_route_takes_has_the_answer_that_is_given),
        WITH_SET(refused_input_names_field_and_place),
        WITH_SET(text_that_is_not_UTF_8_is_shown_with_replacements),
        WITH_SET(a_message_over_the_limit_is_refused),
        cmocka_unit_test_setup_teardown(a_message_without_a_schema_is_its_bytes,
            set_up_raw, free_set),
        cmocka_unit_test_setup_teardown(without_memory_bytes_are_not_explained,
            set_up_raw, free_set),
        WITH_SET(without_memory_there_is_no_explanation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
