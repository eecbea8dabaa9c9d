/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Route files: what every key becomes, and what is said about every mistake.
 */
#include "routes/scalar.h"
#include "routes/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* What a file needs at least. */
#define BASE                                                     \
    "upstreams: {lib: {target: \"dns:///h:1\", schema: l.pb}}\n" \
    "services: [{name: p.S}]\n"

static struct route_config *
parse(const char *text, bool is_json, struct route_problems *problems)
{
    route_problems_init(problems);
    return route_config_parse(text, strlen(text), is_json, "f", problems);
}

static struct route_config *
good(const char *text)
{
    struct route_problems problems;
    struct route_config *c = parse(text, false, &problems);

    if (c == NULL)
        fail_msg("line %u: %s", problems.items[0].line,
            problems.items[0].message);
    assert_true(route_problems_none(&problems));
    route_problems_fini(&problems);
    return c;
}

/* expected: "line: message" of each problem, joined by line ends. */
static void
bad_text(const char *text, bool is_json, const char *expected)
{
    struct route_problems problems;
    struct route_config *c = parse(text, is_json, &problems);
    char shown[4096] = "";
    size_t n = 0;

    assert_null(c);
    for (size_t i = 0; i < problems.count; i++) {
        assert_string_equal(problems.items[i].file, "f");
        n += (size_t)snprintf(shown + n, sizeof shown - n, "%s%u: %s",
            i > 0 ? "\n" : "", problems.items[i].line,
            problems.items[i].message);
    }
    assert_string_equal(shown, expected);
    route_problems_fini(&problems);
}

static void
bad(const char *text, const char *expected)
{
    bad_text(text, false, expected);
}

/* ---- Everything --------------------------------------------------------- */

static const char everything[] =
    "# a comment\n"
    "listen: [\"127.0.0.1:8080\", '[::1]:0', unix:/run/s.sock]\n"
    "workers: 3\n"
    "upstreams:\n"
    "  one:\n"
    "    target: dns:///127.0.0.1:50051\n"
    "    schema: [a.pb, b/c.pb]\n"
    "    connect_timeout: 500ms\n"
    "    keepalive: {time: 2s, timeout: 1s, permitted: true}\n"
    "    max_stream_window: 64KiB\n"
    "    service_config:\n"
    "      loadBalancingConfig: [{pick_first: {}}]\n"
    "      methodConfig:\n"
    "      - name: [{service: p.S, method: A}, {service: p.S}]\n"
    "        timeout: 2.5s\n"
    "        waitForReady: true\n"
    "      - name: [{}]\n"
    "        timeout: \"10s\"\n"
    "        retryPolicy: {maxAttempts: 3}\n"
    "  two: {target: [\"inproc:x\"], schema: reflection}\n"
    "services:\n"
    "  - {name: p.S, upstream: one}\n"
    "  - name: q.*\n"
    "    upstream: two\n"
    "http:\n"
    "  fully_decode_reserved_expansion: true\n"
    "  rules:\n"
    "  - selector: p.S.A\n"
    "    get: /v1/{name=shelves/*}\n"
    "    response_body: book\n"
    "    additional_bindings:\n"
    "    - post: /v1/alt:do\n"
    "      body: \"*\"\n"
    "    - custom: {kind: PURGE, path: /v1/alt}\n"
    "  - selector: p.S.B, q.*\n"
    "    custom: {kind: '*', path: /w}\n"
    "methods:\n"
    "  - selector: p.S.*\n"
    "    timeout: 5s\n"
    "    max_timeout: 2m\n"
    "    update_mask: off\n"
    "    json: {pretty: false, max_depth: 7}\n"
    "json: {emit_defaults: true, proto_names: true, enum_numbers: true,\n"
    "  int64_numbers: true, ignore_unknown: true, pretty: true,\n"
    "  max_depth: 50, pretty_on_request: true}\n"
    "limits: {max_request_message: 1MiB, max_response_message: 2000,\n"
    "  max_header_bytes: 16KiB, max_connections: 77, max_elements: 5000}\n"
    "timeouts: {header: 1s, body: 2s, idle: 3s, grace: 0s,\n"
    "  ping: 4s, pong: 5s, stream_head: 6s, heartbeat: 7s}\n"
    "access_log: off\n"
    "metadata:\n"
    "  allow_request: [X-Tenant, accept-language]\n"
    "  allow_response: Location\n"
    "errors: {style: google, debug_info: true}\n"
    "connect: {require_version: true}\n"
    "websocket: {origins: [https://a.example, '*']}\n";

static void
every_key_is_read(void **state)
{
    struct route_config *c = good(everything);
    const struct route_upstream *u = c->upstreams;
    const struct pb_json_options *json = &c->json.options;

    (void)state;
    assert_string_equal(c->file, "f");
    assert_int_equal(c->n_listen, 3);
    assert_string_equal(c->listen[1], "[::1]:0");
    assert_int_equal(c->workers, 3);
    assert_int_equal(c->n_upstreams, 2);
    assert_string_equal(u[0].name, "one");
    assert_int_equal(u[0].place.line, 5);
    assert_string_equal(u[0].targets[0], "dns:///127.0.0.1:50051");
    assert_int_equal(u[0].schema_kind, ROUTE_SCHEMA_FILES);
    assert_int_equal(u[0].n_schemas, 2);
    assert_string_equal(u[0].schemas[1], "b/c.pb");
    assert_true(u[0].connect_timeout_ns == 500 * 1000000);
    assert_true(u[0].keepalive_ns == 2 * INT64_C(1000000000));
    assert_true(u[0].keepalive_timeout_ns == INT64_C(1000000000));
    assert_true(u[0].keepalive_is_permitted);
    assert_int_equal(u[0].max_stream_window, 64 * 1024);
    assert_int_equal(u[1].max_stream_window, 16 * 1024 * 1024);
    assert_true(u[1].connect_timeout_ns == 5 * INT64_C(1000000000));
    assert_true(u[1].keepalive_ns == 20 * INT64_C(1000000000));
    assert_true(u[1].keepalive_timeout_ns == 10 * INT64_C(1000000000));
    assert_false(u[1].keepalive_is_permitted);
    assert_int_equal(u[0].n_method_configs, 3);
    assert_string_equal(u[0].method_configs[0].service, "");
    assert_true(u[0].method_configs[0].timeout_ns == 10000000000);
    assert_string_equal(u[0].method_configs[2].method, "A");
    assert_true(u[0].method_configs[2].timeout_ns == 2500000000);
    assert_string_equal(u[1].targets[0], "inproc:x");
    assert_int_equal(u[1].schema_kind, ROUTE_SCHEMA_REFLECTION);
    assert_int_equal(c->n_services, 2);
    assert_string_equal(c->services[1].name, "q.*");
    assert_string_equal(c->services[1].upstream, "two");
    assert_true(json->emit_defaults && json->proto_names &&
        json->enum_numbers && json->int64_numbers && json->ignore_unknown &&
        json->pretty && c->json.pretty_on_request);
    assert_int_equal(json->max_depth, 50);
    assert_int_equal(c->max_request_message, 1024 * 1024);
    assert_int_equal(c->max_response_message, 2000);
    assert_int_equal(c->max_header_bytes, 16 * 1024);
    assert_int_equal(c->max_connections, 77);
    assert_int_equal(c->json.options.max_elements, 5000);
    assert_true(c->errors_are_google && c->errors_show_debug);
    assert_true(c->connect_requires_version);
    assert_true(c->header_timeout_ns == 1000000000);
    assert_true(c->body_timeout_ns == 2000000000);
    assert_true(c->idle_timeout_ns == 3000000000);
    assert_true(c->shutdown_grace_ns == 0);
    assert_true(c->ping_ns == 4000000000 && c->pong_timeout_ns == 5000000000);
    assert_true(c->stream_head_ns == 6000000000);
    assert_true(c->heartbeat_ns == 7000000000);
    assert_int_equal(c->n_websocket_origins, 2);
    assert_string_equal(c->websocket_origins[0], "https://a.example");
    assert_string_equal(c->access_log, "off");
    assert_int_equal(c->n_metadata_in, 2);
    assert_string_equal(c->metadata_in[0], "x-tenant");
    assert_string_equal(c->metadata_out[0], "location");
    route_config_free(&c);
    assert_null(c);
}

static void
rules_are_read(void **state)
{
    struct route_config *c = good(everything);
    const struct route_rule *rule = c->rules;

    (void)state;
    assert_true(c->fully_decode_reserved_expansion);
    assert_int_equal(c->n_rules, 2);
    assert_string_equal(rule[0].selector, "p.S.A");
    assert_int_equal(rule[0].place.line, 28);
    assert_string_equal(rule[0].verb, "GET");
    assert_string_equal(rule[0].path, "/v1/{name=shelves/*}");
    assert_null(rule[0].body);
    assert_string_equal(rule[0].response_body, "book");
    assert_int_equal(rule[0].n_additional, 2);
    assert_string_equal(rule[0].additional[0].verb, "POST");
    assert_string_equal(rule[0].additional[0].body, "*");
    assert_null(rule[0].additional[0].selector);
    assert_string_equal(rule[0].additional[1].verb, "PURGE");
    assert_string_equal(rule[0].additional[1].path, "/v1/alt");
    assert_string_equal(rule[1].selector, "p.S.B, q.*");
    assert_string_equal(rule[1].verb, "*");
    assert_int_equal(c->n_methods, 1);
    assert_string_equal(c->methods[0].selector, "p.S.*");
    assert_true(c->methods[0].timeout_ns == 5000000000);
    assert_true(c->methods[0].max_timeout_ns == 120000000000);
    route_config_free(&c);
}

static void
defaults_are_as_documented(void **state)
{
    struct route_config *c = good(BASE);

    (void)state;
    assert_int_equal(c->n_listen, 0);
    assert_int_equal(c->workers, 0);
    assert_int_equal(c->max_request_message, 4 * 1024 * 1024);
    assert_int_equal(c->max_response_message, 4 * 1024 * 1024);
    assert_int_equal(c->max_header_bytes, 8 * 1024);
    assert_int_equal(c->max_connections, 10000);
    assert_int_equal(c->json.options.max_elements, 1000000);
    assert_false(c->errors_are_google || c->errors_show_debug);
    assert_true(c->header_timeout_ns == 10000000000);
    assert_true(c->body_timeout_ns == 30000000000);
    assert_true(c->idle_timeout_ns == 75000000000);
    assert_true(c->shutdown_grace_ns == 10000000000);
    assert_true(c->stream_head_ns == 1000000000);
    assert_true(c->heartbeat_ns == 15000000000);
    assert_true(c->ping_ns == 30000000000);
    assert_true(c->pong_timeout_ns == 10000000000);
    assert_false(c->cors.is_on || c->connect_requires_version);
    assert_int_equal(c->n_websocket_origins, 0);
    assert_string_equal(c->access_log, "-");
    assert_false(c->json.options.emit_defaults);
    assert_int_equal(c->json.options.max_depth, 0);
    assert_string_equal(c->services[0].upstream, "lib");
    route_config_free(&c);
}

static void
json_and_yaml_give_the_same(void **state)
{
    static const char text[] =
        "{\n"
        "  \"upstreams\": {\n"
        "    \"l\\u0069b\": {\"target\": \"unix:/x\",\n"
        "      \"schema\": \"l.pb\"}},\n"
        "  \"services\": [ {\"name\": \"p.S\"} ],\n"
        "  \"workers\": 2,\n"
        "  \"listen\": \"[::]:0\",\n"
        "  \"http\": {\"fullyDecodeReservedExpansion\": true, \"rules\":\n"
        "    [{\"selector\": \"p.S.A\", \"get\": \"/{a}\",\n"
        "      \"responseBody\": \"b\",\n"
        "      \"additionalBindings\": [\n"
        "        {\"put\": \"/x\"}]}]}\n"
        "}\n";
    struct route_problems problems;
    struct route_config *c = parse(text, true, &problems);

    (void)state;
    assert_non_null(c);
    assert_string_equal(c->upstreams[0].name, "lib");
    assert_int_equal(c->upstreams[0].place.line, 3);
    assert_int_equal(c->workers, 2);
    assert_true(c->fully_decode_reserved_expansion);
    assert_int_equal(c->rules[0].place.line, 9);
    assert_int_equal(c->rules[0].additional[0].place.line, 12);
    assert_string_equal(c->rules[0].response_body, "b");
    route_config_free(&c);
    route_problems_fini(&problems);
}

static void
a_google_service_file_can_be_pasted(void **state)
{
    struct route_config *c;

    (void)state;
    c = good("type: google.api.Service\nconfig_version: 3\n" BASE);
    route_config_free(&c);
    bad("type: x\nconfig_version: a\n" BASE,
        "1: type: expected google.api.Service, found \"x\"\n"
        "2: config_version: expected a whole number, found \"a\"");
}

/* ---- Mistakes ----------------------------------------------------------- */

static void
all_mistakes_are_reported_in_order(void **state)
{
    (void)state;
    bad("workers: -1\n"
        "listne: x\n"
        "limits: {max_request_message: 5GB, pi: 3}\n"
        "upstreams:\n"
        "  a: {target: nowhere, schema: x.pb}\n"
        "  b: {schema: x.pb}\n"
        "services:\n"
        "  - name: p..S\n"
        "    upstream: c\n",
        "1: workers: expected a whole number from 0 to 256, "
        "found the number -1\n"
        "2: a route file has no key \"listne\"; did you mean \"listen\"?\n"
        "3: max_request_message: expected from 1 to 1073741824, perhaps with "
        "a unit as in 64KiB, found \"5GB\"\n"
        "3: limits has no key \"pi\"\n"
        "5: target: expected dns:///host:port, ipv4:a.b.c.d:port, "
        "ipv6:[::]:port, unix:path, inproc:NAME or host:port, "
        "found \"nowhere\"\n"
        "6: an upstream needs a key \"target\"\n"
        "8: name: expected pkg.Service, pkg.* or *, found \"p..S\"\n"
        "8: there is no upstream \"c\"; did you mean \"a\"?");
}

static void
mistakes_about_errors_and_elements_are_reported(void **state)
{
    struct route_config *c = good(BASE "errors: {style: status}\n"
                                       "limits: {max_elements: 1000000000}\n");

    (void)state;
    assert_false(c->errors_are_google);
    route_config_free(&c);
    bad(BASE "errors: {style: rest, debug_info: yes, debug: 1}\n"
             "limits: {max_elements: 0}\n",
        "3: style: expected status or google, found \"rest\"\n"
        "3: debug_info: expected true or false, found \"yes\"\n"
        "3: errors has no key \"debug\"\n"
        "4: max_elements: expected a whole number from 1 to 1000000000, "
        "found the number 0");
    bad(BASE "errors: google\n", "3: errors: expected a map, found \"google\"");
}

static void
cors_is_put_together_from_the_whole_file(void **state)
{
    struct route_config *c = good(
        BASE "cors: {origins: https://a.example, methods: [GET, SUBSCRIBE],\n"
             "  headers: X-A, expose: [X-B, X-C], max_age: 1.5s}\n"
             "metadata: {allow_request: X-Tenant}\n");

    (void)state;
    assert_true(c->cors.is_on);
    assert_false(c->cors.takes_any_origin);
    assert_string_equal(c->cors.allow_methods, "GET, SUBSCRIBE");
    assert_non_null(strstr(c->cors.allow_headers, "X-Grpc-Web, "));
    assert_non_null(strstr(c->cors.allow_headers, ", x-tenant, X-A"));
    assert_string_equal(c->cors.expose_headers,
        "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, X-B, X-C");
    assert_string_equal(c->cors.max_age, "1");
    route_config_free(&c);
    c = good(BASE);
    assert_false(c->cors.is_on);
    route_config_free(&c);
    c = good(BASE "cors: {origins: ['*', 'http://[::1]:81', "
                  "'app-x://a:80', 'https://*.b.c:1']}\n");
    assert_true(c->cors.takes_any_origin);
    assert_string_equal(c->cors.allow_methods,
        "GET, HEAD, POST, PUT, PATCH, DELETE");
    assert_string_equal(c->cors.max_age, "7200");
    route_config_free(&c);
}

static void
mistakes_about_cors_are_reported(void **state)
{
    static const char *const origins[] = { "null", "a.example", "https://",
        "https://a/", "https://A.example", "https://*", "https://a.*.b",
        "https://*a.b", "https://*.*.b", "://a", "https://a b", "https://:80",
        "https://*.", "https://a:443", "http://[::1]:80" };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        char expected[300];

        snprintf(text, sizeof text, BASE "cors: {origins: ['%s']}\n",
            origins[i]);
        snprintf(expected, sizeof expected,
            "3: origins: expected *, or an origin as browsers write it, such "
            "as https://example.com or https://*.example.com, found \"%s\"",
            origins[i]);
        bad(text, expected);
    }
    bad(BASE "cors: {origins: '*', credentials: true}\n",
        "3: cors: credentials need origins by name, not \"*\"");
    bad(BASE "cors: {}\n", "3: cors needs a key \"origins\"");
    bad(BASE "cors: {origins: [], methods: a b, headers: 'x:', expose: '*',\n"
             "  max_age: 2d}\n",
        "3: origins: expected an origin, found an empty list\n"
        "3: methods: expected an HTTP method, found \"a b\"\n"
        "3: headers: expected * or the name of a header, found \"x:\"\n"
        "3: expose: expected the name of a header, found \"*\"\n"
        "4: max_age: expected a duration from 0s to 86400s, such as 5s or "
        "100ms, found \"2d\"");
}

static void
wrong_kinds_are_named(void **state)
{
    (void)state;
    bad("upstreams: []\nservices: {}\nhttp: 5\njson: yes\nmethods: x\n"
        "access_log: [a]\nmetadata:\ntimeouts: 1.5\n",
        "1: upstreams: expected a map, found a list\n"
        "2: services: expected a list, found a map\n"
        "3: http: expected a map, found the number 5\n"
        "4: json: expected a map, found \"yes\"\n"
        "5: methods: expected a list, found \"x\"\n"
        "6: access_log: expected a text, found a list\n"
        "7: metadata: expected a map, found nothing\n"
        "8: timeouts: expected a map, found the number 1.5");
    bad(BASE "json: {pretty: 1, proto_names: \"true\"}\nworkers: true\n"
             "listen: []\nlimits: {max_connections: 1KiB}\n",
        "3: pretty: expected true or false, found the number 1\n"
        "3: proto_names: expected true or false, found \"true\"\n"
        "4: workers: expected a whole number from 0 to 256, found true\n"
        "5: listen: expected an address, found an empty list\n"
        "6: max_connections: expected a whole number from 1 to 1000000, found "
        "\"1KiB\"");
}

static void
a_file_needs_upstreams_and_services(void **state)
{
    (void)state;
    bad("workers: 1\n",
        "1: a route file needs a key \"upstreams\"\n"
        "1: a route file needs a key \"services\"");
    bad("", "1: a route file: expected a map, found nothing");
    bad("[]", "1: a route file: expected a map, found a list");
}

static void
with_several_upstreams_a_service_names_its_own(void **state)
{
    (void)state;
    bad("upstreams:\n"
        "  a: {target: 'h:1', schema: x}\n"
        "  b: {target: 'h:2', schema: x}\n"
        "services: [{name: p.S}]\n",
        "4: a service needs a key \"upstream\" when there are several");
}

static void
an_upstream_has_one_target(void **state)
{
    (void)state;
    bad("upstreams: {a: {target: ['h:1', 'h:2'], schema: x}}\n"
        "services: [{name: p.S}]\n",
        "1: target: expected one target: an upstream has one address in this "
        "version, found a list");
}

static void
rules_are_checked(void **state)
{
    (void)state;
    bad(BASE "http:\n"
             "  rules:\n"
             "  - selector: p.S.A\n"
             "    get: /v1//m\n"
             "  - get: /a\n"
             "  - selector: p.*.A\n"
             "    get: /a\n"
             "    post: /b\n"
             "  - selector: p.S.B\n"
             "  - selector: p.S.C\n"
             "    get: /c\n"
             "    bodi: x\n"
             "    body: a.b\n"
             "    response_body: \"*\"\n"
             "    additional_bindings:\n"
             "    - selector: p.S.D\n"
             "      get: /d\n"
             "      additional_bindings: []\n"
             "    - {}\n"
             "  - selector: p.S.E\n"
             "    custom: {kind: A B, path: x}\n"
             "  - selector: p.S.F\n"
             "    custom: {}\n"
             "  - 5\n",
        "6: get: path \"/v1//m\", column 5: expected a segment, found \"/\"\n"
        "7: a rule needs a key \"selector\"\n"
        "8: selector: expected pkg.Service.Method, pkg.Service.* or *, "
        "separated by commas, found \"p.*.A\"\n"
        "8: a rule: expected one of get, put, post, delete, patch and custom, "
        "found several\n"
        "11: a rule: expected one of get, put, post, delete, patch and "
        "custom, found none\n"
        "14: a rule has no key \"bodi\"; did you mean \"body\"?\n"
        "15: body: expected \"*\" or the name of a top-level field, "
        "found \"a.b\"\n"
        "16: response_body: expected the name of a top-level field, "
        "found \"*\"\n"
        "18: an additional binding has no selector of its own: it takes that "
        "of its rule\n"
        "20: additional bindings cannot have additional bindings\n"
        "21: an additional binding: expected one of get, put, post, delete, "
        "patch and custom, found none\n"
        "23: kind: expected an HTTP method of at most 32 characters, or "
        "\"*\", found \"A B\"\n"
        "23: path: path \"x\", column 1: expected \"/\", found \"x\"\n"
        "25: custom needs a key \"kind\"\n"
        "25: custom needs a key \"path\"\n"
        "26: a rule: expected a map, found the number 5");
}

static void
both_spellings_of_a_key_are_one_key(void **state)
{
    (void)state;
    bad(BASE "http: {rules: [{selector: p.S.A, get: /a,\n"
             "  response_body: a, responseBody: b}]}\n",
        "4: a rule has both \"response_body\" and \"responseBody\"");
}

static void
methods_are_checked(void **state)
{
    (void)state;
    bad(BASE "methods:\n"
             "- timeout: 5s\n"
             "- {selector: p.S.A, timeout: 5}\n"
             "- {selector: p.S.A, timeout: 5s, max_timeout: 1s}\n"
             "- {selector: p.S.A, timeout: 0s}\n",
        "4: a method needs a key \"selector\"\n"
        "5: timeout: expected a duration from 0.001s to 31536000s, such as "
        "5s or 100ms, found the number 5\n"
        "6: timeout is longer than max_timeout\n"
        "7: timeout: expected a duration from 0.001s to 31536000s, such as "
        "5s or 100ms, found \"0s\"");
}

static void
how_long_one_waits_for_a_backend_is_checked(void **state)
{
    (void)state;
    bad("services: [{name: p.S, upstream: a}]\n"
        "upstreams:\n"
        "  a: {target: 'h:1', schema: x, connect_timeout: 0s,\n"
        "    keepalive: {time: 9.9s, timeout: 0s}}\n"
        "  b: {target: 'h:1', schema: x, keepalive: 20s}\n"
        "  c: {target: 'h:1', schema: x,\n"
        "    keepalive: {time: 1s, permitted: maybe, interval: 1s}}\n",
        "3: connect_timeout: expected a duration from 0.001s to 86400s, such "
        "as 5s or 100ms, found \"0s\"\n"
        "4: timeout: expected a duration from 0.001s to 86400s, such "
        "as 5s or 100ms, found \"0s\"\n"
        "4: keepalive: a time of less than 10s needs \"permitted: true\"\n"
        "5: keepalive: expected a map, found \"20s\"\n"
        "7: permitted: expected true or false, found \"maybe\"\n"
        "7: keepalive has no key \"interval\"\n"
        "7: keepalive: a time of less than 10s needs \"permitted: true\"");
}

static void
a_service_config_is_checked(void **state)
{
    (void)state;
    bad("services: [{name: p.S}]\n"
        "upstreams: {a: {target: 'h:1', schema: x, service_config: {\n"
        "  loadBalancingConfig: 1, loadBalancingPolicy: 2,\n"
        "  retryThrottling: 3, healthCheckConfig: [],\n"
        "  methodConfg: [],\n"
        "  methodConfig: [{name: [{service: a b}], timeout: x},\n"
        "    {name: [{method: M}]},\n"
        "    {name: [{service: p.S}, {service: p.S}], waitForReady: 1},\n"
        "    {name: [{service: p.S}], maxRequestMessageBytes: {}},\n"
        "    {retryPolicy: [], retries: 1}]}}}\n",
        "3: loadBalancingConfig: expected a list, found the number 1\n"
        "3: loadBalancingPolicy: expected a text, found the number 2\n"
        "4: retryThrottling: expected a map, found the number 3\n"
        "4: healthCheckConfig: expected a map, found a list\n"
        "5: service_config has no key \"methodConfg\"; did you mean "
        "\"methodConfig\"?\n"
        "6: service: expected a name, found \"a b\"\n"
        "6: timeout: expected a duration from 0s to 31536000s, such as 5s "
        "or 100ms, found \"x\"\n"
        "7: a name with a method needs a service\n"
        "8: waitForReady: expected true or false, found the number 1\n"
        "8: the name \"p.S/\" is given twice, first in line 8\n"
        "9: maxRequestMessageBytes: expected a whole number, found a map\n"
        "9: the name \"p.S/\" is given twice, first in line 8\n"
        "10: retryPolicy: expected a map, found a list\n"
        "10: a methodConfig has no key \"retries\"");
}

static void
origins_of_websockets_are_those_of_cors(void **state)
{
    (void)state;
    bad(BASE "websocket:\n"
             "  origins: [https://*.a.example, http://a:1, 'null']\n",
        "4: origins: expected *, or an origin as browsers write it, such as "
        "https://example.com or https://*.example.com, found \"null\"");
}

static void
headers_that_frame_or_belong_to_a_hop_are_refused(void **state)
{
    (void)state;
    bad(BASE "metadata:\n"
             "  allow_request: [Connection, grpc-timeout, ':path', TE]\n"
             "  allow_response: [content-length, x-ok, 5]\n",
        "4: allow_request: expected a header name, neither hop-by-hop nor "
        "grpc-*, found \"Connection\"\n"
        "4: allow_request: expected a header name, neither hop-by-hop nor "
        "grpc-*, found \"grpc-timeout\"\n"
        "4: allow_request: expected a header name, neither hop-by-hop nor "
        "grpc-*, found \":path\"\n"
        "4: allow_request: expected a header name, neither hop-by-hop nor "
        "grpc-*, found \"TE\"\n"
        "5: allow_response: expected a header name, neither hop-by-hop nor "
        "grpc-*, found \"content-length\"\n"
        "5: allow_response: expected a header name, neither hop-by-hop nor "
        "grpc-*, found the number 5");
}

/* ---- Text that is no file ----------------------------------------------- */

static void
keys_given_twice_are_reported(void **state)
{
    (void)state;
    bad("a: 1\nb: {x: 1, y: 2,\n  x: 3}\na: 2\n",
        "3: key \"x\" is given twice, first in line 2\n"
        "4: key \"a\" is given twice, first in line 1");
    bad_text("{\"a\": 1,\n\"a\": 2}", true,
        "2: not valid JSON: duplicate object key near '\"a\"'");
}

static void
broken_text_is_reported_with_its_line(void **state)
{
    (void)state;
    bad("a: 1\nb: [1, 2\nc: 3\n",
        "3: not valid YAML: while parsing a flow sequence, did not find "
        "expected ',' or ']'");
    bad("a: 1\nb: \"\xff\"\n",
        "2: not valid YAML: invalid leading UTF-8 octet");
    bad_text("{\n\"a\": }", true,
        "2: not valid JSON: unexpected token near '}'");
    bad_text("", true, "1: not valid JSON: unexpected token near end of file");
}

static void
anchors_aliases_and_tags_are_refused(void **state)
{
    (void)state;
    bad("a: &x 1\n",
        "1: YAML anchors and aliases are not supported: write the value out");
    bad("a: 1\nb: *x\n",
        "2: YAML anchors and aliases are not supported: write the value out");
    bad("a: !!str 1\n",
        "1: YAML tags are not supported: put the text in quotes");
    bad("a: 1\n? [x]\n: 2\n", "2: expected a name as key, found a list or map");
}

static void
one_document_is_expected(void **state)
{
    (void)state;
    bad("---\na: 1\n---\nb: 2\n",
        "3: expected the end, found a second YAML document");
}

static void
nuls_are_refused(void **state)
{
    (void)state;
    bad("a: \"x\\0y\"\n", "1: a text with a NUL character");
    bad("\"x\\0y\": 1\n", "1: a text with a NUL character");
    bad_text("{\"a\": \"\\u0000\"}", true,
        "1: not valid JSON: \\u0000 is not allowed without "
        "JSON_ALLOW_NUL near '\"\\u0000\"'");
}

static void
deep_nesting_is_refused(void **state)
{
    char text[4096];

    (void)state;
    memset(text, '[', 1000);
    text[1000] = '\0';
    bad(text, "1: nested more than 32 deep");
    memset(text + 1000, ']', 1000);
    text[2000] = '\0';
    bad_text(text, true, "1: nested more than 32 deep");
}

static void
large_files_are_refused(void **state)
{
    struct route_problems problems;
    size_t len = ROUTE_MAX_FILE + 1;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', len);
    route_problems_init(&problems);
    assert_null(route_config_parse(text, len, false, "f", &problems));
    assert_null(route_config_parse(text, len, true, "f", &problems));
    assert_int_equal(problems.count, 2);
    assert_string_equal(problems.items[0].message, "larger than 4 MiB");
    route_problems_fini(&problems);
    free(text);
}

static void
many_mistakes_are_counted(void **state)
{
    struct route_problems problems;
    static char text[200000];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 3000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "unknown-%u: 1\n", i);
    assert_null(parse(text, false, &problems));
    assert_int_equal(problems.count, 1000);
    assert_int_equal(problems.dropped, 3000 + 2 - 1000);
    route_problems_fini(&problems);
}

static void
what_is_quoted_is_printable(void **state)
{
    (void)state;
    bad("\"\\e[2J\\n\": 1\n" BASE,
        "1: a route file has no key \"\\x1B[2J\\x0A\"");
}

static void
a_file_that_is_not_there_is_reported(void **state)
{
    struct route_problems problems;

    (void)state;
    route_problems_init(&problems);
    assert_null(route_config_load("/nonexistent/x.yaml", &problems));
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].file, "/nonexistent/x.yaml");
    assert_string_equal(problems.items[0].message,
        "cannot be read: No such file or directory");
    route_problems_fini(&problems);
}

static void
the_name_of_a_file_says_what_is_in_it(void **state)
{
    char path[] = "/tmp/test_config_XXXXXX.json";
    struct route_problems problems;
    int fd = mkstemps(path, 5);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a: 1\n", 5), 5);
    close(fd);
    route_problems_init(&problems);
    assert_null(route_config_load(path, &problems));
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.items[0].message, "not valid JSON"));
    route_problems_fini(&problems);
    unlink(path);
}

/* ---- Texts inside ------------------------------------------------------- */

static void
durations_have_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good_ones[] = {
        { "5s", 5000000000 },
        { "0.5s", 500000000 },
        { "0.250s", 250000000 },
        { "1.000000001s", 1000000001 },
        { "0s", 0 },
        { "100ms", 100000000 },
        { "1.5ms", 1500000 },
        { "2m", 120000000000 },
        { "0.5h", 1800000000000 },
        { "9223372036s", 9223372036000000000 },
    };
    static const char *const bad_ones[] = {
        "",
        "s",
        "5",
        "5 s",
        " 5s",
        "5s ",
        "-5s",
        "+5s",
        ".5s",
        "5.s",
        "1.0000000001s",
        "5S",
        "5us",
        "1h2m",
        "9223372037s",
        "1e3s",
        "99999999999999999999s",
        "2562048h",
        "0x5s",
    };
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof good_ones / sizeof *good_ones; i++) {
        assert_true(route_parse_duration(good_ones[i].text, &ns));
        assert_true(ns == good_ones[i].ns);
    }
    for (size_t i = 0; i < sizeof bad_ones / sizeof *bad_ones; i++)
        assert_false(route_parse_duration(bad_ones[i], &ns));
}

static void
sizes_may_have_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good_ones[] = {
        { "0", 0 },
        { "512", 512 },
        { "8KiB", 8192 },
        { "4MiB", 4194304 },
        { "1GiB", 1073741824 },
        { "2KB", 2000 },
        { "3MB", 3000000 },
        { "1 MiB", 1048576 },
        { "7B", 7 },
    };
    static const char *const bad_ones[] = {
        "",
        "KiB",
        "-1",
        "1.5MiB",
        "4mib",
        "4M",
        "1 ",
        "9223372036854775808",
        "9007199254740993KiB",
        "1  MiB",
    };
    int64_t bytes;

    (void)state;
    for (size_t i = 0; i < sizeof good_ones / sizeof *good_ones; i++) {
        assert_true(route_parse_size(good_ones[i].text, &bytes));
        assert_true(bytes == good_ones[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad_ones / sizeof *bad_ones; i++)
        assert_false(route_parse_size(bad_ones[i], &bytes));
}

static void
targets_are_grpc_targets(void **state)
{
    static const char *const good_ones[] = {
        "dns:///localhost:50051",
        "dns://8.8.8.8/h:1",
        "dns:h:1",
        "h.x:65535",
        "ipv4:127.0.0.1:80",
        "ipv6:[::1]:80",
        "[2001:db8::1]:443",
        "unix:/run/x",
        "unix:x",
        "unix:///run/x",
        "inproc:lib",
    };
    static const char *const bad_ones[] = {
        "",
        "h",
        "h:",
        "h:0",
        "h:65536",
        "h:1a",
        ":1",
        "dns:///",
        "dns://h:1",
        "dns:///h",
        "ipv4:h:1",
        "ipv4:1.2.3:1",
        "ipv6:::1:80",
        "ipv6:[x]:1",
        "unix:",
        "unix:///",
        "unix://x",
        "inproc:",
        "http://h:1",
        "h:1/x",
        "h h:1",
        "xds:///a:1",
        "[::1]",
        "[]:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good_ones / sizeof *good_ones; i++)
        assert_true(route_is_target(good_ones[i]));
    for (size_t i = 0; i < sizeof bad_ones / sizeof *bad_ones; i++)
        assert_false(route_is_target(bad_ones[i]));
}

static void
listen_addresses_may_have_port_0(void **state)
{
    (void)state;
    assert_true(route_is_listen_address("127.0.0.1:0"));
    assert_true(route_is_listen_address("[::]:8080"));
    assert_true(route_is_listen_address("unix:/run/x"));
    assert_false(route_is_listen_address("unix:"));
    assert_false(route_is_listen_address("8080"));
    assert_false(route_is_listen_address(":::8080"));
}

static void
a_star_is_a_whole_last_component(void **state)
{
    (void)state;
    assert_true(route_is_selector("*"));
    assert_true(route_is_selector("a.B.c"));
    assert_true(route_is_selector("a.*,b.C.d , e"));
    assert_false(route_is_selector(""));
    assert_false(route_is_selector("a.b*"));
    assert_false(route_is_selector("a.*.b"));
    assert_false(route_is_selector("a..b"));
    assert_false(route_is_selector(".a"));
    assert_false(route_is_selector("a,"));
    assert_false(route_is_selector("a b"));
    assert_false(route_is_selector("1a"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(json_and_yaml_give_the_same),
        cmocka_unit_test(a_google_service_file_can_be_pasted),
        cmocka_unit_test(all_mistakes_are_reported_in_order),
        cmocka_unit_test(mistakes_about_errors_and_elements_are_reported),
        cmocka_unit_test(cors_is_put_together_from_the_whole_file),
        cmocka_unit_test(mistakes_about_cors_are_reported),
        cmocka_unit_test(wrong_kinds_are_named),
        cmocka_unit_test(a_file_needs_upstreams_and_services),
        cmocka_unit_test(with_several_upstreams_a_service_names_its_own),
        cmocka_unit_test(an_upstream_has_one_target),
        cmocka_unit_test(rules_are_checked),
        cmocka_unit_test(both_spellings_of_a_key_are_one_key),
        cmocka_unit_test(methods_are_checked),
        cmocka_unit_test(how_long_one_waits_for_a_backend_is_checked),
        cmocka_unit_test(a_service_config_is_checked),
        cmocka_unit_test(origins_of_websockets_are_those_of_cors),
        cmocka_unit_test(headers_that_frame_or_belong_to_a_hop_are_refused),
        cmocka_unit_test(keys_given_twice_are_reported),
        cmocka_unit_test(broken_text_is_reported_with_its_line),
        cmocka_unit_test(anchors_aliases_and_tags_are_refused),
        cmocka_unit_test(one_document_is_expected),
        cmocka_unit_test(nuls_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(large_files_are_refused),
        cmocka_unit_test(many_mistakes_are_counted),
        cmocka_unit_test(what_is_quoted_is_printable),
        cmocka_unit_test(a_file_that_is_not_there_is_reported),
        cmocka_unit_test(the_name_of_a_file_says_what_is_in_it),
        cmocka_unit_test(durations_have_a_unit),
        cmocka_unit_test(sizes_may_have_a_unit),
        cmocka_unit_test(targets_are_grpc_targets),
        cmocka_unit_test(listen_addresses_may_have_port_0),
        cmocka_unit_test(a_star_is_a_whole_last_component),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
