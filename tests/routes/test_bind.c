/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path variables and query parameters to fields: every kind of field, every
 * way to get it wrong, every limit.
 */
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROUTES                                         \
    RULE("One", "get: /q")                             \
    RULE("Two",                                        \
        "get: '/p/{id}/{sub.deeper.n}/{oa}', "         \
        "additional_bindings: [{get: '/ts/{ts}'}, "    \
        "{get: '/w/{wrapped}/{took}'}, "               \
        "{get: '/multi/{name=*/*}/{id}'}, "            \
        "{get: '/v/{value}'}]")                        \
    RULE("Three",                                      \
        "post: '/b/{sub.s}', body: book, "             \
        "additional_bindings: [{post: /o, body: oc}, " \
        "{post: /all, body: '*'}]")

static int
set_up(void **state)
{
    *state = set_with_rules(ROUTES);
    return 0;
}

/* GET /q?QUERY */
static void
query(void **state, const char *text, const char *expected)
{
    char target[4096];

    snprintf(target, sizeof target, "/q?%s", text);
    gives(*state, "GET", target, NULL, expected);
}

static void
get(void **state, const char *target, const char *expected)
{
    gives(*state, "GET", target, NULL, expected);
}

/* ---- Paths -------------------------------------------------------------- */

static void
path_variables_set_fields_at_any_depth(void **state)
{
    get(state, "/p/a/7/o", "id:\"a\" sub{deeper{n:7}} oa:\"o\"");
}

static void
well_known_types_come_as_text(void **state)
{
    get(state, "/ts/1970-01-01T00:00:01Z", "ts{seconds:1 nanos:0}");
    get(state, "/w/a%2Fb/1.5s",
        "wrapped{value:\"a/b\"} took{seconds:1 nanos:500000000}");
    get(state, "/v/5", "value{number_value:5}");
    get(state, "/v/%22x%22", "value{string_value:\"x\"}");
}

static void
every_variable_is_decoded_by_its_own_rule(void **state)
{
    get(state, "/multi/a%2Fb/%20/c%2Fd%20", "name:\"a%2Fb/ \" id:\"c/d \"");
}

static void
an_encoded_slash_does_not_split(void **state)
{
    get(state, "/p/a%2Fb%2fc/7/o", "id:\"a/b/c\" sub{deeper{n:7}} oa:\"o\"");
}

static void
a_path_variable_must_be_utf8(void **state)
{
    get(state, "/p/%C3%A9/7/o", "id:\"\xc3\xa9\" sub{deeper{n:7}} oa:\"o\"");
    get(state, "/p/%ED%A0%80/7/o",
        "id: expected UTF-8, found \"\\xED\\xA0\\x80\"");
    get(state, "/p/%C0%80/7/o", "id: expected UTF-8, found \"\\xC0\\x80\"");
}

static void
an_error_in_the_path_names_the_variable(void **state)
{
    get(state, "/p/a/x/o", "sub.deeper.n: expected an int32, found \"x\"");
}

static void
a_long_path_variable_is_refused(void **state)
{
    struct route_set *set = *state;
    size_t len = ROUTE_MAX_QUERY + 100;
    char *path = malloc(len);
    struct route_match match;
    struct pb_error error;
    struct pb_buf out;

    assert_non_null(path);
    memset(path, 'a', len);
    memcpy(path, "/multi/", 7);
    memcpy(path + len - 4, "/x/b", 4);
    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(route_table_match(set->table, "GET", 3, path, len, &match,
                         NULL),
        ROUTE_FOUND);
    assert_int_equal(route_bind(&match, path, NULL, 0, NULL, &out, &error),
        PB_ELIMIT);
    assert_string_equal(error.path, "name");
    pb_buf_fini_heap(&out);
    free(path);
}

/* ---- Names -------------------------------------------------------------- */

static void
both_names_of_a_field_are_accepted(void **state)
{
    query(state, "long_name=1", "long_name:1");
    query(state, "longName=1", "long_name:1");
    query(state, "longName=1&long_name=2",
        "longName: expected one value, found another");
}

static void
names_are_decoded(void **state)
{
    query(state, "sub%2En=1", "sub{n:1}");
    query(state, "%73ub.n=1", "sub{n:1}");
    query(state, "m%5Bk%5D=v", "m{key:\"k\" value:\"v\"}");
}

static void
nested_fields_come_by_path(void **state)
{
    query(state, "sub.deeper.deeper.n=1", "sub{deeper{deeper{n:1}}}");
}

static void
unknown_names_come_with_the_nearest_field(void **state)
{
    query(state, "longNam=1",
        "longNam: there is no field \"longNam\" in t.v1.M; did you mean "
        "\"longName\"?");
    query(state, "sub.deper.n=1",
        "sub.deper.n: there is no field \"deper\" in t.v1.Sub; did you mean "
        "\"deeper\"?");
    query(state, "xyzzy=1", "xyzzy: there is no field \"xyzzy\" in t.v1.M");
    query(state, "$alt=json", "$alt: there is no field \"$alt\" in t.v1.M");
    query(state, "=1", ": expected a field of t.v1.M, found no name");
    query(state, "sub..n=1",
        "sub..n: expected a field of t.v1.Sub, found no name");
    query(state, "sub.=1", "sub: expected a field of t.v1.Sub, found no name");
    query(state, ".=1", ".: expected a field of t.v1.M, found no name");
}

static void
unknown_names_are_quoted_printably(void **state)
{
    query(state, "%1B%00%FF=1",
        "\\x1B\\x00\\xFF: there is no field \"\\x1B\\x00\\xFF\" in t.v1.M");
}

/* For a set of its own. */
static void
query_of(struct route_set **set, const char *text, const char *expected)
{
    query((void **)set, text, expected);
}

static void
unknown_names_may_be_ignored(void **state)
{
    struct route_set *set =
        set_with_rules(ROUTES "json: {ignore_unknown: true}\n");

    (void)state;
    query_of(&set, "zzz=1&id=2&sub.zzz=3&$alt=x", "id:\"2\"");
    query_of(&set, "id=2&id=3", "id: expected one value, found another");
    query_of(&set, "rev=x", "rev: expected an int64, found \"x\"");
    route_set_free(&set);
}

static void
unknown_values_of_an_enum_may_be_ignored(void **state)
{
    struct route_set *set =
        set_with_rules(ROUTES "json: {ignore_unknown: true}\n");
    struct route_set *strict = set_with_rules(ROUTES);

    (void)state;
    query_of(&set, "kind=C&id=2&moreKinds=B&moreKinds=Z&moreKinds=0",
        "id:\"2\" more_kinds:1 more_kinds:0");
    query_of(&set, "kinds[1]=C&kinds[-7]=B", "kinds{key:-7 value:1}");
    query_of(&set, "kind=C&kind=B", "kind: expected one value, found another");
    query_of(&strict, "kind=C",
        "kind: expected a value of enum t.v1.Kind, found \"C\"");
    route_set_free(&set);
    route_set_free(&strict);
}

static void
unknown_names_may_be_ignored_for_one_method(void **state)
{
    struct route_set *set = set_with_rules(ROUTES
        "json: {ignore_unknown: true}\n"
        "methods: [{selector: t.v1.Bare.One, json: {ignore_unknown: false}}]"
        "\n");

    (void)state;
    query_of(&set, "zzz=1", "zzz: there is no field \"zzz\" in t.v1.M");
    gives(set, "GET", "/v/1?zzz=1", NULL, "value{number_value:1}");
    route_set_free(&set);
}

/* ---- System parameters -------------------------------------------------- */

#define PRETTY ROUTES "json: {pretty_on_request: true}\n"

/* What a query asks for, of which nothing becomes a field. */
static enum route_pretty
pretty_asked(const struct route_set *set, const char *verb, const char *path,
    const char *text)
{
    struct route_match match;
    struct route_asked asked;
    struct pb_buf out;

    assert_int_equal(route_table_match(set->table, verb, strlen(verb), path,
                         strlen(path), &match, NULL),
        ROUTE_FOUND);
    pb_buf_init_heap(&out, 1 << 16);
    assert_int_equal(route_bind(&match, path, text, strlen(text), &asked, &out,
                         NULL),
        PB_OK);
    assert_int_equal(out.len, 0);
    pb_buf_fini_heap(&out);
    return asked.pretty;
}

static void
pretty_output_is_asked_for_by_a_system_parameter(void **state)
{
    static const char *const yes[] = { "$prettyPrint",
        "$prettyPrint=", "$prettyPrint=true", "$prettyPrint=1",
        "%24prettyPrint", "%24pretty%50rint=tr%75e", "&&$prettyPrint&" };
    struct route_set *set = set_with_rules(PRETTY);

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_int_equal(pretty_asked(set, "GET", "/q", yes[i]),
            ROUTE_PRETTY_YES);
    assert_int_equal(pretty_asked(set, "GET", "/q", "$prettyPrint=false"),
        ROUTE_PRETTY_NO);
    assert_int_equal(pretty_asked(set, "GET", "/q", "$prettyPrint=0"),
        ROUTE_PRETTY_NO);
    assert_int_equal(pretty_asked(set, "GET", "/q", ""), ROUTE_PRETTY_UNASKED);
    assert_int_equal(pretty_asked(set, "POST", "/all", "$prettyPrint"),
        ROUTE_PRETTY_YES);
    route_set_free(&set);
}

static void
a_system_parameter_goes_with_fields(void **state)
{
    struct route_set *set = set_with_rules(PRETTY);

    (void)state;
    query_of(&set, "id=2&$prettyPrint&rev=3", "id:\"2\" rev:3");
    query_of(&set, "$prettyPrint=1&$alt=json",
        "$alt: there is no field \"$alt\" in t.v1.M");
    route_set_free(&set);
}

static void
a_system_parameter_has_one_value(void **state)
{
    struct route_set *set = set_with_rules(PRETTY);

    (void)state;
    query_of(&set, "$prettyPrint=maybe",
        "$prettyPrint: expected true or false, found \"maybe\"");
    query_of(&set, "$prettyPrint&$prettyPrint=false",
        "$prettyPrint: given twice");
    route_set_free(&set);
}

static void
a_system_parameter_that_is_not_enabled_is_unknown(void **state)
{
    query(state, "$prettyPrint=true",
        "$prettyPrint: there is no field \"$prettyPrint\" in t.v1.M");
    query(state, "%24prettyPrint",
        "$prettyPrint: there is no field \"$prettyPrint\" in t.v1.M");
    gives(*state, "POST", "/all?$prettyPrint", "{}",
        "$prettyPrint: there is no field \"$prettyPrint\" in t.v1.M");
}

static void
a_name_does_not_go_through_scalars_or_lists(void **state)
{
    query(state, "id.x=1", "id.x: there is no field inside \"id\"");
    query(state, "many.n=1",
        "many.n: there is no field inside \"many\", which is repeated");
    query(state, "m.k=1",
        "m.k: there is no field inside \"m\", which is repeated");
    query(state, "tag[0]=1", "tag[0]: found [key], but \"tag\" is not a map");
    query(state, "tag[]=1", "tag[]: found [key], but \"tag\" is not a map");
    query(state, "many=1",
        "many: \"many\" is a list of messages, which a query cannot give");
    query(state, "raw=1",
        "raw: expected a field inside \"raw\", which is a message, found no name of one");
}

/* ---- Values ------------------------------------------------------------- */

static void
a_plus_is_a_space_and_an_escape_a_plus(void **state)
{
    query(state, "id=a+b%2Bc%20d", "id:\"a b+c d\"");
}

static void
nothing_is_a_value_for_texts_only(void **state)
{
    query(state, "id=", "id:\"\"");
    query(state, "id", "id:\"\"");
    query(state, "b=", "b:");
    query(state, "rev=", "rev: expected an int64, found \"\"");
    query(state, "on", "on: expected true or false, found \"\"");
}

static void
a_value_may_hold_equals_signs_and_nuls(void **state)
{
    query(state, "id=a=b==", "id:\"a=b==\"");
    query(state, "id=a%00b", "id:\"a\\0b\"");
}

static void
empty_parameters_are_skipped(void **state)
{
    query(state, "&&id=1&&rev=2&", "id:\"1\" rev:2");
    query(state, "&", "");
    query(state, "", "");
}

static void
repeated_fields_keep_the_order(void **state)
{
    query(state, "tag=b&id=x&tag=a&tag=b",
        "tag:\"b\" id:\"x\" tag:\"a\" tag:\"b\"");
    query(state, "moreKinds=B&moreKinds=0", "more_kinds:1 more_kinds:0");
    query(state, "numbers=1&numbers=0", "numbers{value:1} numbers{value:0}");
}

static void
maps_of_scalars_come_by_key(void **state)
{
    query(state, "m[a]=1&m[b.c]=2&m[]=3",
        "m{key:\"a\" value:\"1\"} m{key:\"b.c\" value:\"2\"} "
        "m{key:\"\" value:\"3\"}");
    query(state, "kinds[-7]=B", "kinds{key:-7 value:1}");
    query(state, "kinds[x]=B", "kinds[x]: expected an int32, found \"x\"");
    query(state, "kinds[1]=C",
        "kinds[1]: expected a value of enum t.v1.Kind, found \"C\"");
    query(state, "m[a]=1&m[a]=2",
        "m[\"a\"]: expected one value, found another for this key");
    query(state, "kinds[7]=A&kinds[07]=B",
        "kinds[07]: expected one value, found another for this key");
    query(state, "m[]]=1", "m{key:\"]\" value:\"1\"}");
    query(state, "m[%C3%A9]=1", "m{key:\"\xc3\xa9\" value:\"1\"}");
}

static void
a_message_is_given_whole_or_in_parts(void **state)
{
    query(state, "ts=2024-01-02T03:04:05Z&ts.nanos=1",
        "ts.nanos: \"ts\" is already given whole");
    query(state, "ts.seconds=1&ts.nanos=1&ts=2024-01-02T03:04:05Z",
        "ts: expected one value, found another");
    query(state, "ts.seconds=1&ts.nanos=2", "ts{seconds:1} ts{nanos:2}");
    query(state, "value=1&value.stringValue=a",
        "value.stringValue: \"value\" is already given whole");
}

static void
maps_are_not_set_otherwise(void **state)
{
    query(state, "m=1", "m: expected m[key], as it is a map, found no key");
    query(state, "m[a=1", "m[a: expected m[key], found no \"]\" at the end");
    query(state, "m[=1", "m[: expected m[key], found no \"]\" at the end");
    query(state, "m[a]b=1",
        "m[a]b: expected m[key], found no \"]\" at the end");
    query(state, "subs[a]=1",
        "subs[a]: \"subs\" is a map of messages, which a query cannot give");
    query(state, "subs[a].n=1",
        "subs[a].n: \"subs\" is a map of messages, which a query cannot give");
    query(state, "m[%FF]=1",
        "m[\"\\xFF\"]: expected a key in UTF-8, found \"\\xFF\"");
}

static void
well_known_types_are_values(void **state)
{
    query(state, "took=1.5s&wrapped=x&mask=a,fooBar.c",
        "took{seconds:1 nanos:500000000} wrapped{value:\"x\"} "
        "mask{paths:\"a\" paths:\"foo_bar.c\"}");
    query(state, "value=%7B%22a%22:1%7D",
        "value{struct_value{fields{key:\"a\" value{number_value:1}}}}");
    query(state, "ts.seconds=5", "ts{seconds:5}");
}

#define RAW(byte, at)                                                    \
    "id: expected printable ASCII, all else percent-encoded, found the " \
    "byte " byte " at byte " at " of the query"
#define ESCAPE(field, found, at)                                          \
    field ": expected two hexadecimal digits after \"%\", found \"" found \
          "\" at byte " at " of the query"

static void
a_query_must_be_encoded(void **state)
{
    query(state, "id=\xc3\xa9", RAW("0xc3", "3"));
    query(state, "id=a b", RAW("0x20", "4"));
    query(state, "id=a\x7f", RAW("0x7f", "4"));
    query(state, "id=a\x01", RAW("0x01", "4"));
    query(state, "id=a#b", RAW("0x23", "4"));
    query(state, "id=%", ESCAPE("id", "%", "3"));
    query(state, "id=%2", ESCAPE("id", "%2", "3"));
    query(state, "id=%zz", ESCAPE("id", "%zz", "3"));
    query(state, "%=1", ESCAPE("", "%=1", "0"));
    query(state, "a=b&c%41%=%zz", ESCAPE("c%41", "%=%", "8"));
}

static void
values_must_be_utf8(void **state)
{
    query(state, "id=%C3%A9", "id:\"\xc3\xa9\"");
    query(state, "id=%FF", "id: expected UTF-8, found \"\\xFF\"");
    query(state, "id=%C0%AF", "id: expected UTF-8, found \"\\xC0\\xAF\"");
    query(state, "id=%ED%A0%80",
        "id: expected UTF-8, found \"\\xED\\xA0\\x80\"");
    query(state, "tag=a&tag=%E2%82",
        "tag: expected UTF-8, found \"\\xE2\\x82\"");
}

/* ---- Once --------------------------------------------------------------- */

static void
a_singular_field_is_given_once(void **state)
{
    query(state, "id=1&id=1", "id: expected one value, found another");
    query(state, "sub.n=1&sub.deeper.n=2&sub.n=3",
        "sub.n: expected one value, found another");
    query(state, "sub.n=1&sub.deeper.n=2", "sub{n:1} sub{deeper{n:2}}");
}

static void
one_member_of_a_oneof_is_given(void **state)
{
    query(state, "oa=x&ob=1",
        "ob: expected one field of the oneof \"o\", found \"oa\" as well");
    query(state, "oc.n=1&oc.s=x", "oc{n:1} oc{s:\"x\"}");
    query(state, "oc.n=1&oa=x",
        "oa: expected one field of the oneof \"o\", found \"oc\" as well");
    query(state, "sub.left=1&sub.deeper.right=2",
        "sub{left:\"1\"} sub{deeper{right:\"2\"}}");
    query(state, "sub.left=1&sub.right=2",
        "sub.right: expected one field of the oneof \"choice\", found \"left\" as well");
}

static void
what_the_path_gives_is_not_given_again(void **state)
{
    get(state, "/p/a/7/o?rev=1", "id:\"a\" sub{deeper{n:7}} oa:\"o\" rev:1");
    get(state, "/p/a/7/o?id=b",
        "id: expected in the path only, found in the query as well");
    get(state, "/p/a/7/o?sub.deeper.n=1",
        "sub.deeper.n: expected in the path only, found in the query as well");
    get(state, "/p/a/7/o?sub.deeper.s=x",
        "id:\"a\" sub{deeper{n:7}} oa:\"o\" sub{deeper{s:\"x\"}}");
    get(state, "/p/a/7/o?ob=1",
        "ob: expected one field of the oneof \"o\", found \"oa\" as well, in the path");
    get(state, "/ts/1970-01-01T00:00:01Z?ts.nanos=1",
        "ts.nanos: expected in the path only, found in the query as well");
}

static void
what_the_body_gives_is_not_given_again(void **state)
{
    gives(*state, "POST", "/b/x?book.year=1", "{}",
        "book.year: expected in the body, found in the query");
    gives(*state, "POST", "/b/x?rev=1", "{\"year\":2}",
        "book{year:2} sub{s:\"x\"} rev:1");
    gives(*state, "POST", "/o?oa=1", "{\"n\":2}",
        "oa: expected one field of the oneof \"o\", found \"oc\" as well, in the body");
    gives(*state, "POST", "/t.v1.Bare/One?rev=1", "{}",
        "rev: expected in the body, which is the whole request, found in the query");
    gives(*state, "POST", "/t.v1.Bare/One?zzz=1", "{}",
        "zzz: there is no field \"zzz\" in t.v1.M");
}

static void
fields_of_one_type_are_told_apart_by_their_path(void **state)
{
    query(state, "sub.n=1&oc.n=2&sub.deeper.n=3&oc.deeper.n=4",
        "sub{n:1} oc{n:2} sub{deeper{n:3}} oc{deeper{n:4}}");
}

/* ---- Limits ------------------------------------------------------------- */

/* times * text, then last; as a query of GET /q. */
static enum pb_err
bind_many(void **state, const char *text, unsigned times, const char *last,
    struct pb_error *error)
{
    struct route_set *set = *state;
    size_t len = strlen(text), n = 0, last_len = strlen(last);
    char *big = malloc(len * times + last_len + 1);
    struct route_match match;
    struct pb_buf out;
    enum pb_err err;

    assert_non_null(big);
    for (unsigned i = 0; i < times; i++, n += len)
        memcpy(big + n, text, len);
    memcpy(big + n, last, last_len + 1);
    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(route_table_match(set->table, "GET", 3, "/q", 2, &match,
                         NULL),
        ROUTE_FOUND);
    err = route_bind(&match, "/q", big, n + last_len, NULL, &out, error);
    if (err != PB_OK)
        assert_int_equal(out.len, 0);
    pb_buf_fini_heap(&out);
    free(big);
    return err;
}

static void
a_query_has_at_most_1000_parameters(void **state)
{
    struct pb_error error;

    assert_int_equal(bind_many(state, "tag=a&", 999, "tag=b", &error), PB_OK);
    assert_int_equal(bind_many(state, "tag=a&", 1000, "tag=b", &error),
        PB_ELIMIT);
    assert_string_equal(error.message,
        "expected at most 1000 parameters, found 1001");
    assert_int_equal(bind_many(state, "tag=a&", 10000, "tag=b", &error),
        PB_ELIMIT);
}

static void
a_query_has_at_most_64_kib(void **state)
{
    struct pb_error error;

    assert_int_equal(bind_many(state, "b", 65533, "", &error), PB_ELIMIT);
    assert_string_equal(error.message,
        "expected a name of at most 1024 bytes, found 65533");
    assert_int_equal(bind_many(state, "&", 900, "id=%41", &error), PB_OK);
    assert_int_equal(bind_many(state, "b", 65537, "", &error), PB_ELIMIT);
    assert_string_equal(error.message,
        "expected a query of at most 64 KiB, found 65537 bytes");
}

static void
a_name_is_at_most_32_fields_deep(void **state)
{
    struct pb_error error;
    char name[512] = "sub";

    for (unsigned i = 0; i < 30; i++)
        strcat(name, ".deeper");
    strcat(name, ".n=1");
    assert_int_equal(bind_many(state, "", 0, name, &error), PB_OK);
    memcpy(name + strlen(name) - 4, ".deeper.n=1", 12);
    assert_int_equal(bind_many(state, "", 0, name, &error), PB_ELIMIT);
    assert_string_equal(error.message,
        "expected a name of at most 32 fields, found more");
    assert_int_equal(bind_many(state, "a.b.c.", 200, "n=1", &error), PB_ELIMIT);
}

static void
many_different_parameters_are_told_apart(void **state)
{
    struct pb_error error;
    static char text[32000];
    size_t n = 0;

    for (unsigned i = 0; i < 999; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "m[key%u]=v&", i);
    assert_int_equal(bind_many(state, text, 1, "rev=1", &error), PB_OK);
    assert_int_equal(bind_many(state, text, 1, "m[key500]=v", &error),
        PB_EDUPLICATE);
    assert_string_equal(error.path, "m[\"key500\"]");
}

/* Each of these is one field and one oneof, and there are 2^10 of them. */
static enum pb_err
bind_wide(void **state, unsigned times, struct pb_error *error)
{
    static char text[ROUTE_MAX_QUERY];
    size_t n = 0;

    for (unsigned i = 0; i < times; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "sub.");
        for (unsigned bit = 0; bit < 10; bit++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s.",
                (i >> bit & 1) != 0 ? "wide" : "deeper");
        n += (size_t)snprintf(text + n, sizeof text - n, "left=%u&", i);
    }
    return bind_many(state, text, 1, "", error);
}

static void
what_is_remembered_is_bounded(void **state)
{
    struct pb_error error;

    assert_int_equal(bind_wide(state, 760, &error), PB_OK);
    assert_int_equal(bind_wide(state, 780, &error), PB_ELIMIT);
    assert_string_equal(error.message,
        "expected at most 1536 fields and oneofs, found more");
}

static void
a_long_value_is_decoded_whole(void **state)
{
    struct route_set *set = *state;
    char *text = malloc(60000 + 8);
    struct route_match match;
    struct pb_error error;
    struct pb_buf out;

    assert_non_null(text);
    memcpy(text, "id=", 3);
    for (size_t i = 0; i < 20000; i++)
        memcpy(text + 3 + i * 3, "%61", 3);
    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(route_table_match(set->table, "GET", 3, "/q", 2, &match,
                         NULL),
        ROUTE_FOUND);
    assert_int_equal(route_bind(&match, "/q", text, 60003, NULL, &out, &error),
        PB_OK);
    assert_int_equal(out.len, 1 + 3 + 20000); /* tag, length, text */
    assert_int_equal(out.data[4], 'a');
    assert_int_equal(out.data[out.len - 1], 'a');
    pb_buf_fini_heap(&out);
    free(text);
}

static void
a_buffer_that_cannot_grow_is_an_error_and_stays_as_it_was(void **state)
{
    struct route_set *set = *state;
    static const char text[] = "sub.deeper.s=abc";
    uint8_t room[64];
    struct route_match match;
    struct pb_error error;

    assert_int_equal(route_table_match(set->table, "GET", 3, "/q", 2, &match,
                         NULL),
        ROUTE_FOUND);
    for (size_t cap = 0; cap < 16; cap++) {
        struct pb_buf out = { .data = room,
            .len = 3,
            .cap = 3 + cap,
            .max = sizeof room };
        enum pb_err err =
            route_bind(&match, "/q", text, sizeof text - 1, NULL, &out, &error);

        if (cap < 9) {
            assert_true(err == PB_ENOMEM || err == PB_EFULL);
            assert_int_equal(error.kind, err);
            assert_int_equal(out.len, 3);
        } else {
            assert_int_equal(err, PB_OK);
            assert_int_equal(out.len, 12);
        }
    }
}

static void
errors_may_go_unread(void **state)
{
    struct pb_error *none = NULL;

    assert_int_equal(bind_many(state, "", 0, "rev=x", none), PB_EVALUE);
    assert_int_equal(bind_many(state, "", 0, "zzz=x", none), PB_EUNKNOWN);
    assert_int_equal(bind_many(state, "", 0, "id=%ff", none), PB_EVALUE);
}

static void
an_error_within_a_JSON_value_says_where_it_is(void **state)
{
    query(state, "value=%7B%22a%22:%5B1,x%5D%7D",
        "value[\"a\"][1]: expected a value, found 'x' (line 1, column 9 of the "
        "value)");
}

static void
an_error_names_the_field_as_JSON_does(void **state)
{
    query(state, "more_kinds=Z",
        "moreKinds: expected a value of enum t.v1.Kind, found \"Z\"");
}

static void
an_error_says_where_in_the_query_it_is(void **state)
{
    struct pb_error error;

    assert_int_equal(bind_many(state, "", 0, "id=1&rev=x", &error), PB_EVALUE);
    assert_int_equal(error.offset, 5);
}

/* ---- Groups ------------------------------------------------------------- */

static void
a_path_may_go_through_groups(void **state)
{
    struct route_problems problems;
    struct route_set *set = build_set(
        "upstreams: {u: {target: 'h:1', schema: groups.pb}}\n"
        "services: [{name: t.v2.Groups}]\n"
        "http: {rules: [{selector: '*', get: '/g/{inner.innermost.n}'}]}\n",
        &problems);

    (void)state;
    assert_non_null(set);
    route_problems_fini(&problems);
    gives(set, "GET", "/g/5?inner.s=x&needed=y", NULL,
        "inner{innermost{n:5}} inner{s:\"x\"} needed:\"y\"");
    route_set_free(&set);
}

static void
an_extension_comes_by_its_name_in_brackets(void **state)
{
    struct route_problems problems;
    struct route_set *set =
        build_set("upstreams: {u: {target: 'h:1', schema: groups.pb}}\n"
                  "services: [{name: t.v2.Groups}]\n"
                  "http: {rules: [{selector: '*', get: /q}]}\n",
            &problems);

    (void)state;
    assert_non_null(set);
    route_problems_fini(&problems);
    query_of(&set, "[t.v2.number]=5&[t.v2.words]=a&%5Bt.v2.words%5D=b",
        "[t.v2.number]:5 [t.v2.words]:\"a\" [t.v2.words]:\"b\"");
    query_of(&set, "[t.v2.more].needed=x&[t.v2.more].[t.v2.number]=1",
        "[t.v2.more]{needed:\"x\"} [t.v2.more]{[t.v2.number]:1}");
    query_of(&set, "[t.v2.more].[t.v2.number]=x",
        "[t.v2.more].[t.v2.number]: expected an int32, found \"x\"");
    query_of(&set, "[t.v2.number]=5&[t.v2.number]=5",
        "[t.v2.number]: expected one value, found another");
    query_of(&set, "[t.v2.none]=5",
        "[t.v2.none]: there is no field \"[t.v2.none]\" in t.v2.G");
    query_of(&set, "[t.v2.number=5",
        "[t.v2.number: there is no field \"[t.v2.number\" in t.v2.G");
    query_of(&set, "[t.v2.number]x=5",
        "[t.v2.number]x: there is no field \"[t.v2.number]x\" in t.v2.G");
    query_of(&set, "[]=5", "[]: there is no field \"[]\" in t.v2.G");
    query_of(&set, "[t.v2.number][k]=5",
        "[t.v2.number][k]: found [key], but \"[t.v2.number]\" is not a map");
    route_set_free(&set);
}

#define BOUND(f) cmocka_unit_test_setup_teardown(f, set_up, free_set)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOUND(path_variables_set_fields_at_any_depth),
        BOUND(well_known_types_come_as_text),
        BOUND(every_variable_is_decoded_by_its_own_rule),
        BOUND(an_encoded_slash_does_not_split),
        BOUND(a_path_variable_must_be_utf8),
        BOUND(an_error_in_the_path_names_the_variable),
        BOUND(a_long_path_variable_is_refused),
        BOUND(both_names_of_a_field_are_accepted),
        BOUND(names_are_decoded),
        BOUND(nested_fields_come_by_path),
        BOUND(unknown_names_come_with_the_nearest_field),
        BOUND(unknown_names_are_quoted_printably),
        BOUND(unknown_names_may_be_ignored),
        BOUND(unknown_values_of_an_enum_may_be_ignored),
        BOUND(unknown_names_may_be_ignored_for_one_method),
        BOUND(pretty_output_is_asked_for_by_a_system_parameter),
        BOUND(a_system_parameter_goes_with_fields),
        BOUND(a_system_parameter_has_one_value),
        BOUND(a_system_parameter_that_is_not_enabled_is_unknown),
        BOUND(a_name_does_not_go_through_scalars_or_lists),
        BOUND(a_plus_is_a_space_and_an_escape_a_plus),
        BOUND(nothing_is_a_value_for_texts_only),
        BOUND(a_value_may_hold_equals_signs_and_nuls),
        BOUND(empty_parameters_are_skipped),
        BOUND(repeated_fields_keep_the_order),
        BOUND(maps_of_scalars_come_by_key),
        BOUND(a_message_is_given_whole_or_in_parts),
        BOUND(maps_are_not_set_otherwise),
        BOUND(well_known_types_are_values),
        BOUND(a_query_must_be_encoded),
        BOUND(values_must_be_utf8),
        BOUND(a_singular_field_is_given_once),
        BOUND(one_member_of_a_oneof_is_given),
        BOUND(what_the_path_gives_is_not_given_again),
        BOUND(what_the_body_gives_is_not_given_again),
        BOUND(fields_of_one_type_are_told_apart_by_their_path),
        BOUND(a_query_has_at_most_1000_parameters),
        BOUND(a_query_has_at_most_64_kib),
        BOUND(a_name_is_at_most_32_fields_deep),
        BOUND(many_different_parameters_are_told_apart),
        BOUND(what_is_remembered_is_bounded),
        BOUND(a_long_value_is_decoded_whole),
        BOUND(a_buffer_that_cannot_grow_is_an_error_and_stays_as_it_was),
        BOUND(errors_may_go_unread),
        BOUND(an_error_says_where_in_the_query_it_is),
        BOUND(an_error_within_a_JSON_value_says_where_it_is),
        BOUND(an_error_names_the_field_as_JSON_does),
        BOUND(a_path_may_go_through_groups),
        BOUND(an_extension_comes_by_its_name_in_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
