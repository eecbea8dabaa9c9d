/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of methods: those of json:, by default and for one, and the masks of
 * updates.
 */
#include "tests/routes/support.h"

#include "routes/json_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

/* ---- json: -------------------------------------------------------------- */

static const struct route_rpc *
rpc(const struct route_set *set, const char *name)
{
    for (size_t i = 0; i < set->n_rpcs; i++)
        if (strcmp(set->rpcs[i].name, name) == 0)
            return &set->rpcs[i];
    fail_msg("no %s", name);
    return NULL;
}

/* "key=value ..." of what was given */
static void
options_are(const struct route_set *set, const char *name, const char *expected)
{
    struct route_json_entry list[ROUTE_JSON_KEYS_MAX];
    size_t n = route_json_list(&rpc(set, name)->json, list), len = 0;
    char shown[512] = "";

    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(shown + len, sizeof shown - len, "%s%s=%u",
            i > 0 ? " " : "", list[i].key, list[i].value);
    assert_string_equal(shown, expected);
}

#define RULES RULE("One", "get: /one")

static void
a_method_has_the_options_of_the_file(void **state)
{
    struct route_set *set = set_with_rules(
        RULES "json: {emit_defaults: true, max_depth: 7, pretty: false}\n");

    (void)state;
    options_are(set, "Two", "emit_defaults=1 pretty=0 max_depth=7");
    assert_true(rpc(set, "Two")->json.options.emit_defaults);
    assert_int_equal(rpc(set, "Two")->json.options.max_depth, 7);
    route_set_free(&set);
}

static void
without_options_a_method_has_none(void **state)
{
    struct route_set *set = set_with_rules(RULES);

    (void)state;
    options_are(set, "Two", "");
    assert_false(rpc(set, "Two")->json.options.emit_defaults);
    assert_int_equal(rpc(set, "Two")->json.options.max_depth, 0);
    assert_true(rpc(set, "Two")->fills_mask);
    route_set_free(&set);
}

static void
a_methods_own_options_replace_those_of_the_file_key_by_key(void **state)
{
    struct route_set *set = set_with_rules(RULES
        "json: {emit_defaults: true, proto_names: true, max_depth: 7}\n"
        "methods:\n"
        "- {selector: t.v1.Bare.*, json: {emit_defaults: false}}\n"
        "- {selector: t.v1.Bare.Two, json: {max_depth: 8, pretty: true}}\n");

    (void)state;
    options_are(set, "One", "emit_defaults=0 proto_names=1 max_depth=7");
    options_are(set, "Two",
        "emit_defaults=0 proto_names=1 pretty=1 max_depth=8");
    assert_false(rpc(set, "Two")->json.options.emit_defaults);
    assert_true(rpc(set, "Two")->json.options.pretty);
    route_set_free(&set);
}

static void
of_several_entries_the_later_one_wins_key_by_key(void **state)
{
    struct route_set *set = set_with_rules(
        RULES "methods:\n"
              "- {selector: t.v1.Bare.One, json: {enum_numbers: true, pretty: "
              "true}}\n"
              "- {selector: 't.v1.Bare.*', json: {enum_numbers: false}, "
              "update_mask: off}\n"
              "- {selector: 't.v1.Bare.Two, t.v1.Bare.Three', "
              "json: {ignore_unknown: true}, update_mask: auto}\n");

    (void)state;
    options_are(set, "One", "enum_numbers=0 pretty=1");
    options_are(set, "Three", "enum_numbers=0 ignore_unknown=1");
    assert_false(rpc(set, "One")->fills_mask);
    assert_true(rpc(set, "Three")->fills_mask);
    route_set_free(&set);
}

static void
every_key_may_be_a_methods_own(void **state)
{
    struct route_set *set = set_with_rules(
        RULES "methods: [{selector: '*', json: {emit_defaults: true,\n"
              "  proto_names: true, enum_numbers: true, int64_numbers: true,\n"
              "  ignore_unknown: true, pretty: true, pretty_on_request: true,\n"
              "  max_depth: 1000}}]\n");
    const struct pb_json_options *o = &rpc(set, "One")->json.options;

    (void)state;
    assert_true(o->emit_defaults && o->proto_names && o->enum_numbers &&
        o->int64_numbers && o->ignore_unknown && o->pretty);
    assert_int_equal(o->max_depth, 1000);
    assert_true(rpc(set, "One")->json.pretty_on_request);
    route_set_free(&set);
}

static void
mistakes_in_a_methods_options_are_reported(void **state)
{
    struct route_problems problems;
    char shown[2048];

    (void)state;
    assert_null(build_set("upstreams: {u: {target: 'h:1', schema: types.pb}}\n"
                          "services: [{name: t.v1.Bare}]\n"
                          "methods:\n"
                          "- selector: '*'\n"
                          "  json: {emit_default: true, pretty: 1,\n"
                          "    max_depth: 0}\n"
                          "- selector: '*'\n"
                          "  json: true\n"
                          "  update_mask: on\n",
        &problems));
    assert_string_equal(show_problems(&problems, shown, sizeof shown),
        "5: json has no key \"emit_default\"; did you mean \"emit_defaults\"?\n"
        "5: pretty: expected true or false, found the number 1\n"
        "6: max_depth: expected a whole number from 1 to 1000, found the number 0\n"
        "8: json: expected a map, found true\n"
        "9: update_mask: expected auto or off, found \"on\"");
}

/* ---- Masks -------------------------------------------------------------- */

static struct route_set *
book_set(const char *more)
{
    char rules[1024];

    snprintf(rules, sizeof rules, "%s%s",
        RULE("One",
            "patch: '/v1/{book.name=b/*}', body: book, additional_bindings: "
            "[{post: '/v1/{book.name=b/*}', body: book}, "
            "{patch: /all, body: '*'}, {patch: /sub, body: sub}, "
            "{patch: '/m/{mask}', body: sub}, {patch: /many, body: many}, "
            "{patch: /none}, {patch: /value, body: value}, "
            "{patch: /mask, body: mask}, "
            "{custom: {kind: '*', path: /any}, body: sub}]"),
        more);
    return set_with_rules(rules);
}

static int
set_up(void **state)
{
    *state = book_set("");
    return 0;
}

static int
tear_down(void **state)
{
    struct route_set *set = *state;

    route_set_free(&set);
    return 0;
}

static void
the_keys_of_the_body_fill_a_mask_that_is_absent(void **state)
{
    updates(*state, "/v1/b/1", "{\"year\":1,\"title\":\"T\"}",
        "book{year:1 title:\"T\"} book{name:\"b/1\"} "
        "mask{paths:\"year\" paths:\"title\"}");
    updates(*state, "/sub?id=1", "{\"deeper\":{\"n\":1,\"wide\":{}}}",
        "sub{deeper{n:1 wide{}}} id:\"1\" "
        "mask{paths:\"deeper.n\" paths:\"deeper.wide\"}");
    updates(*state, "/any", "{\"n\":null}", "sub{} mask{paths:\"n\"}");
}

static void
a_body_without_keys_leaves_the_mask_unset(void **state)
{
    updates(*state, "/sub", "{}", "sub{}");
    updates(*state, "/sub", "null", "");
    updates(*state, "/sub", NULL, "sub{}");
}

static void
a_mask_that_is_given_stays(void **state)
{
    updates(*state, "/sub?mask=n", "{\"s\":\"a\"}",
        "sub{s:\"a\"} mask{paths:\"n\"}");
    updates(*state, "/sub?mask.paths=n", "{\"s\":\"a\"}",
        "sub{s:\"a\"} mask{paths:\"n\"}");
    updates(*state, "/m/n?id=4", "{\"s\":\"a\"}",
        "sub{s:\"a\"} mask{paths:\"n\"} id:\"4\"");
}

static void
only_a_body_that_is_one_message_fills_a_mask(void **state)
{
    updates(*state, "/all", "{\"id\":\"a\"}", "id:\"a\"");
    updates(*state, "/many", "[{\"n\":1}]", "many{n:1}");
    updates(*state, "/none", NULL, "");
    updates(*state, "/value", "1", "value{number_value:1}");
    updates(*state, "/mask", "\"s\"", "mask{paths:\"s\"}");
}

static void
a_method_may_go_without_its_mask(void **state)
{
    struct route_set *set =
        book_set("methods: [{selector: '*', update_mask: off}]\n");

    (void)state;
    updates(set, "/sub", "{\"n\":1}", "sub{n:1}");
    route_set_free(&set);
}

static void
only_patch_fills_a_mask(void **state)
{
    const struct route_set *set = *state;
    size_t n = 0;

    for (size_t i = 0; i < set->n_bindings; i++) {
        const struct route_binding *b = &set->bindings[i];

        if (b->mask_field == NULL)
            continue;
        n++;
        assert_string_equal(b->mask_field->name, "mask");
        assert_int_equal(b->body, ROUTE_BODY_FIELD);
        assert_string_not_equal(b->verb, "POST");
    }
    assert_int_equal(n, 4); /* book, sub, m, any */
}

#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_has_the_options_of_the_file),
        cmocka_unit_test(without_options_a_method_has_none),
        cmocka_unit_test(
            a_methods_own_options_replace_those_of_the_file_key_by_key),
        cmocka_unit_test(of_several_entries_the_later_one_wins_key_by_key),
        cmocka_unit_test(every_key_may_be_a_methods_own),
        cmocka_unit_test(mistakes_in_a_methods_options_are_reported),
        WITH_SET(the_keys_of_the_body_fill_a_mask_that_is_absent),
        WITH_SET(a_body_without_keys_leaves_the_mask_unset),
        WITH_SET(a_mask_that_is_given_stays),
        WITH_SET(only_a_body_that_is_one_message_fills_a_mask),
        WITH_SET(only_patch_fills_a_mask),
        cmocka_unit_test(a_method_may_go_without_its_mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
