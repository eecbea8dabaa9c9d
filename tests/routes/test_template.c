/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path templates: what is one, what it means, and where the mistake is in what
 * is none.
 */
#include "routes/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

/* Writes "lit/ * / ** :verb name[first,count]!" without the blanks; the "!" is
 * for a variable that is multi. */
static void
show(const struct route_template *t, char *out, size_t room)
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < t->n_segments; i++) {
        const struct route_segment *s = &t->segments[i];

        if (s->kind == ROUTE_LITERAL)
            n += (size_t)snprintf(out + n, room - n, "/%.*s", (int)s->len,
                s->text);
        else
            n += (size_t)snprintf(out + n, room - n, "/%s",
                s->kind == ROUTE_STAR ? "*" : "**");
    }
    if (t->verb != NULL)
        n += (size_t)snprintf(out + n, room - n, ":%.*s", (int)t->verb_len,
            t->verb);
    for (unsigned i = 0; i < t->n_variables; i++) {
        const struct route_variable *v = &t->variables[i];

        n += (size_t)snprintf(out + n, room - n, " %.*s[%u,%u]%s", (int)v->len,
            v->field_path, v->first, v->count, v->is_multi ? "!" : "");
    }
}

static void
means(const char *text, const char *expected)
{
    struct route_template t;
    struct pb_error error;
    char shown[4096];

    if (route_template_parse(text, strlen(text), &t, &error) != PB_OK)
        fail_msg("%s: column %u: %s", text, error.column, error.message);
    show(&t, shown, sizeof shown);
    assert_string_equal(shown, expected);
}

static void
fails_at(const char *text, unsigned column, const char *message)
{
    struct route_template t;
    struct pb_error error;

    assert_int_equal(route_template_parse(text, strlen(text), &t, &error),
        PB_ESYNTAX);
    assert_int_equal(error.kind, PB_ESYNTAX);
    assert_string_equal(error.message, message);
    assert_int_equal(error.column, column);
}

static void
a_slash_alone_has_no_segments(void **state)
{
    (void)state;
    means("/", "");
}

static void
literals_and_wildcards_are_segments(void **state)
{
    (void)state;
    means("/v1/books", "/v1/books");
    means("/v1/*/x/**", "/v1/*/x/**");
    means("/a-b.c_d~e!$&'()+,;=@", "/a-b.c_d~e!$&'()+,;=@");
}

static void
a_variable_without_segments_is_one_star(void **state)
{
    (void)state;
    means("/v1/{id}", "/v1/* id[1,1]");
    means("/v1/{id=*}", "/v1/* id[1,1]");
}

static void
a_variable_may_span_segments(void **state)
{
    (void)state;
    means("/v1/{name=shelves/*/books/*}", "/v1/shelves/*/books/* name[1,4]!");
    means("/{a=x}/{b.c_d.e=y/**}", "/x/y/** a[0,1] b.c_d.e[1,2]!");
    means("/f/{name=**}", "/f/** name[1,1]!");
}

static void
literals_may_follow_star_star(void **state)
{
    (void)state;
    means("/f/{name=**}/meta", "/f/**/meta name[1,1]!");
    means("/f/{name=a/**/b}/{x=c}", "/f/a/**/b/c name[1,3]! x[4,1]");
}

static void
the_last_colon_of_a_literal_begins_the_verb(void **state)
{
    (void)state;
    means("/v1/books:list", "/v1/books:list");
    means("/v1/a:b:c", "/v1/a:b:c");
    means("/v1/a:b/c", "/v1/a:b/c");
}

static void
the_first_colon_after_a_variable_begins_the_verb(void **state)
{
    struct route_template t;
    const char *text = "/v1/{id}:a:b";

    (void)state;
    means("/v1/{id}:cancel", "/v1/*:cancel id[1,1]");
    means("/v1/*:cancel", "/v1/*:cancel");
    means("/f/{name=x/**}:tail", "/f/x/**:tail name[1,2]!");
    assert_int_equal(route_template_parse(text, strlen(text), &t, NULL), PB_OK);
    assert_int_equal(t.verb_len, 3);
    assert_memory_equal(t.verb, "a:b", 3);
}

static void
the_verb_of_a_literal_is_not_part_of_it(void **state)
{
    struct route_template t;
    const char *text = "/v1/a:b:c";

    (void)state;
    assert_int_equal(route_template_parse(text, strlen(text), &t, NULL), PB_OK);
    assert_int_equal(t.segments[1].len, 3);
    assert_int_equal(t.verb_len, 1);
}

static void
escapes_are_part_of_literals(void **state)
{
    (void)state;
    means("/a%20b/%C3%A9:%41", "/a%20b/%C3%A9:%41");
    fails_at("/a%2", 3, "expected \"/\", \":\" or the end, found \"%\"");
    fails_at("/a%zz", 3, "expected \"/\", \":\" or the end, found \"%\"");
    fails_at("/a/%00", 4, "expected a segment, found \"%\"");
}

static void
what_is_no_template_is_refused_with_its_place(void **state)
{
    (void)state;
    fails_at("", 1, "expected \"/\", found the end");
    fails_at("a/b", 1, "expected \"/\", found \"a\"");
    fails_at("//", 2, "expected a segment, found \"/\"");
    fails_at("/a//b", 4, "expected a segment, found \"/\"");
    fails_at("/v1//m", 5, "expected a segment, found \"/\"");
    fails_at("/a/", 4, "expected a segment, found the end");
    fails_at("/{a", 4, "expected \"=\", \".\" or \"}\", found the end");
    fails_at("/{a=}", 5, "expected a segment, found \"}\"");
    fails_at("/{=x}", 3, "expected a field name, found \"=\"");
    fails_at("/{a.b.}", 7, "expected a field name, found \"}\"");
    fails_at("/{1a}", 3, "expected a field name, found \"1\"");
    fails_at("/{}", 3, "expected a field name, found \"}\"");
    fails_at("/{a=x/}", 7, "expected a segment, found \"}\"");
    fails_at("/a:", 4, "expected a verb, found the end");
    fails_at("/:a", 2, "expected a segment, found \":\"");
    fails_at("/{a}:", 6, "expected a verb, found the end");
    fails_at("/a{x}", 3, "expected \"/\", \":\" or the end, found \"{\"");
    fails_at("/{x}a", 5, "expected \"/\", \":\" or the end, found \"a\"");
    fails_at("/a*", 3, "expected \"/\", \":\" or the end, found \"*\"");
    fails_at("/***", 4, "expected \"/\", \":\" or the end, found \"*\"");
    fails_at("/a:b/", 6, "expected a segment, found the end");
    fails_at("/a:b{x}", 5, "expected the end, found \"{\"");
    fails_at("/a b", 3, "expected \"/\", \":\" or the end, found \" \"");
    fails_at("/a?b", 3, "expected \"/\", \":\" or the end, found \"?\"");
    fails_at("/\xc3\xa9", 2, "expected a segment, found \"\xc3\xa9\"");
}

static void
variables_do_not_nest(void **state)
{
    (void)state;
    fails_at("/{a={b}}", 5,
        "expected a segment, found a variable inside a variable");
}

static void
only_literals_follow_star_star(void **state)
{
    static const char message[] =
        "expected a literal: only literals may follow \"**\"";

    (void)state;
    fails_at("/a/**/*", 7, message);
    fails_at("/**/**", 5, message);
    fails_at("/{a=**}/{b}", 9, message);
    fails_at("/{a=**/*}", 8, message);
}

static void
a_field_is_bound_once(void **state)
{
    (void)state;
    fails_at("/{a}/{b}/{a=x}", 11,
        "expected another field: this one is bound already");
}

static void
dot_segments_are_refused_in_any_spelling(void **state)
{
    static const char message[] =
        "expected a segment, found a dot segment, which never matches";

    (void)state;
    fails_at("/a/../b", 4, message);
    fails_at("/.", 2, message);
    fails_at("/%2e%2E/b", 2, message);
    fails_at("/{a=./x}", 5, message);
    fails_at("/a/..;v=1", 4, message);
    fails_at("/a/.%3B", 4, message);
    means("/.../.a", "/.../.a");
}

static void
a_template_has_at_most_64_segments_and_32_variables(void **state)
{
    char text[512] = "";
    struct route_template t;
    struct pb_error error;
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "/a");
    assert_int_equal(route_template_parse(text, n, &t, &error), PB_OK);
    n += (size_t)snprintf(text + n, sizeof text - n, "/b");
    assert_int_equal(route_template_parse(text, n, &t, &error), PB_ELIMIT);
    assert_int_equal(error.column, 130);
    assert_string_equal(error.message, "more than 64 segments");

    n = 0;
    for (unsigned i = 0; i < 32; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "/{v%u}", i);
    assert_int_equal(route_template_parse(text, n, &t, &error), PB_OK);
    n += (size_t)snprintf(text + n, sizeof text - n, "/{w}");
    assert_int_equal(route_template_parse(text, n, &t, &error), PB_ELIMIT);
    assert_string_equal(error.message, "more than 32 variables");
}

static void
a_literal_has_at_most_255_bytes(void **state)
{
    char text[258];
    struct route_template t;

    (void)state;
    memset(text, 'a', sizeof text);
    text[0] = '/';
    assert_int_equal(route_template_parse(text, 256, &t, NULL), PB_OK);
    assert_int_equal(route_template_parse(text, 257, &t, NULL), PB_ELIMIT);
}

static void
a_nul_is_not_the_end(void **state)
{
    struct route_template t;
    struct pb_error error;

    (void)state;
    assert_int_equal(route_template_parse("/a\0/b", 5, &t, &error), PB_ESYNTAX);
    assert_int_equal(error.column, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slash_alone_has_no_segments),
        cmocka_unit_test(literals_and_wildcards_are_segments),
        cmocka_unit_test(a_variable_without_segments_is_one_star),
        cmocka_unit_test(a_variable_may_span_segments),
        cmocka_unit_test(literals_may_follow_star_star),
        cmocka_unit_test(the_last_colon_of_a_literal_begins_the_verb),
        cmocka_unit_test(the_first_colon_after_a_variable_begins_the_verb),
        cmocka_unit_test(the_verb_of_a_literal_is_not_part_of_it),
        cmocka_unit_test(escapes_are_part_of_literals),
        cmocka_unit_test(what_is_no_template_is_refused_with_its_place),
        cmocka_unit_test(variables_do_not_nest),
        cmocka_unit_test(only_literals_follow_star_star),
        cmocka_unit_test(a_field_is_bound_once),
        cmocka_unit_test(dot_segments_are_refused_in_any_spelling),
        cmocka_unit_test(a_template_has_at_most_64_segments_and_32_variables),
        cmocka_unit_test(a_literal_has_at_most_255_bytes),
        cmocka_unit_test(a_nul_is_not_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
