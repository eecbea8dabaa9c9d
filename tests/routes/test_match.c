/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching: which template wins, what its segments cover, what is refused, and
 * that no path can make it slow. Bindings here are only templates with names.
 */
#include "routes/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define BINDINGS_MAX 8192

/* A table and the bindings in it. */
struct routes {
    struct route_table *table;
    struct route_binding *bindings;
    size_t n;
};

/* Appends more to a text that has room bytes in all. */
static void
extend(char *text, size_t room, const char *more)
{
    size_t len = strlen(text);

    assert_true(
        (size_t)snprintf(text + len, room - len, "%s", more) < room - len);
}

static int
set_up(void **state)
{
    struct routes *r = calloc(1, sizeof *r);

    r->table = route_table_new();
    r->bindings = calloc(BINDINGS_MAX, sizeof *r->bindings);
    *state = r;
    return r->table == NULL || r->bindings == NULL;
}

static int
tear_down(void **state)
{
    struct routes *r = *state;

    route_table_free(&r->table);
    free(r->bindings);
    free(r);
    return 0;
}

static enum pb_err
add(struct routes *r, const char *verb, const char *path)
{
    struct route_template t;
    struct route_binding *b = &r->bindings[r->n];
    const struct route_binding *other;
    enum pb_err err;

    assert_true(r->n < BINDINGS_MAX);
    assert_int_equal(route_template_parse(path, strlen(path), &t, NULL), PB_OK);
    b->verb = verb;
    b->template_text = path;
    b->n_segments = t.n_segments;
    b->star_star = t.star_star;
    err = route_table_add(r->table, &t, b, &other);
    if (err == PB_OK)
        r->n++;
    return err;
}

static void
has(struct routes *r, const char *verb, const char *path)
{
    assert_int_equal(add(r, verb, path), PB_OK);
}

static enum route_result
look(struct routes *r, const char *verb, const char *path)
{
    struct route_match m;

    return route_table_match(r->table, verb, strlen(verb), path, strlen(path),
        &m, NULL);
}

static void
finds(struct routes *r, const char *verb, const char *path,
    const char *expected)
{
    struct route_match m;
    enum route_result result;

    result = route_table_match(r->table, verb, strlen(verb), path, strlen(path),
        &m, NULL);
    if (result != ROUTE_FOUND)
        fail_msg("%s: no match but %d", path, (int)result);
    assert_string_equal(m.binding->template_text, expected);
}

/* The segments that were captured, joined by "|". */
static void
captures(struct routes *r, const char *path, const char *expected)
{
    struct route_match m;
    char shown[512] = "";
    size_t n = 0;

    assert_int_equal(route_table_match(r->table, "GET", 3, path, strlen(path),
                         &m, NULL),
        ROUTE_FOUND);
    for (unsigned i = 0; i < m.n_segments; i++)
        n += (size_t)snprintf(shown + n, sizeof shown - n, "%s%.*s",
            i > 0 ? "|" : "", (int)m.segments[i].len, path + m.segments[i].at);
    assert_string_equal(shown, expected);
}

static void
misses(struct routes *r, const char *path)
{
    if (look(r, "GET", path) != ROUTE_NOT_FOUND)
        fail_msg("%s: not \"not found\"", path);
}

static void
is_bad(struct routes *r, const char *path)
{
    if (look(r, "GET", path) != ROUTE_BAD_PATH)
        fail_msg("%s: not \"bad path\"", path);
}

static void
is_bad_at(const char *path, size_t at)
{
    if (route_path_fault(path, strlen(path)) != at)
        fail_msg("%s: not bad at %zu", path, at);
}

static void
allows(struct routes *r, const char *verb, const char *path,
    const char *expected)
{
    struct route_match m;
    char allow[ROUTE_ALLOW_MAX];

    assert_int_equal(route_table_match(r->table, verb, strlen(verb), path,
                         strlen(path), &m, allow),
        ROUTE_WRONG_METHOD);
    assert_string_equal(allow, expected);
}

/* ---- Precedence --------------------------------------------------------- */

static void
a_literal_wins_over_a_variable(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/books/{id}");
    has(r, "GET", "/v1/books/new");
    finds(r, "GET", "/v1/books/new", "/v1/books/new");
    finds(r, "GET", "/v1/books/old", "/v1/books/{id}");
}

static void
one_star_wins_over_two(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/**");
    has(r, "GET", "/a/*");
    has(r, "GET", "/a/b");
    finds(r, "GET", "/a/b", "/a/b");
    finds(r, "GET", "/a/c", "/a/*");
    finds(r, "GET", "/a/b/c", "/**");
}

static void
the_order_of_declaration_does_not_matter(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/a/b");
    has(r, "GET", "/a/*");
    has(r, "GET", "/**");
    finds(r, "GET", "/a/b", "/a/b");
    finds(r, "GET", "/a/c", "/a/*");
    finds(r, "GET", "/a/b/c", "/**");
}

static void
a_dead_end_is_left_again(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/a/{id}/c");
    has(r, "GET", "/a/b/{name}");
    has(r, "GET", "/a/b/c/d");
    has(r, "GET", "/{x}/{y}/{z}/e");
    finds(r, "GET", "/a/b/c", "/a/b/{name}");
    finds(r, "GET", "/a/b2/c", "/a/{id}/c");
    finds(r, "GET", "/a/b/c/d", "/a/b/c/d");
    finds(r, "GET", "/a/b/c/e", "/{x}/{y}/{z}/e");
    misses(r, "/a/b/c/f");
}

static void
a_leaf_without_the_method_is_a_dead_end_too(void **state)
{
    struct routes *r = *state;

    has(r, "POST", "/a/b");
    has(r, "GET", "/a/{id}");
    finds(r, "GET", "/a/b", "/a/{id}");
    finds(r, "POST", "/a/b", "/a/b");
}

static void
the_longer_tail_wins(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/f/{name=**}");
    has(r, "GET", "/f/{name=**}/meta");
    has(r, "GET", "/f/{name=**}/x/meta");
    finds(r, "GET", "/f/a/meta", "/f/{name=**}/meta");
    finds(r, "GET", "/f/a/x/meta", "/f/{name=**}/x/meta");
    finds(r, "GET", "/f/x/meta", "/f/{name=**}/x/meta");
    finds(r, "GET", "/f/meta", "/f/{name=**}/meta");
    finds(r, "GET", "/f/meta/a", "/f/{name=**}");
}

/* ---- What segments cover ------------------------------------------------ */

static void
one_star_takes_exactly_one_segment(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/m/{id}");
    captures(r, "/v1/m/42", "v1|m|42");
    captures(r, "/v1/m/a%2Fb", "v1|m|a%2Fb");
    misses(r, "/v1/m");
    misses(r, "/v1/m/");
    misses(r, "/v1/m/a/b");
}

static void
two_stars_take_any_number(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/f/{name=**}");
    captures(r, "/f", "f|");
    captures(r, "/f/", "f|");
    captures(r, "/f/a", "f|a");
    captures(r, "/f/a/b/c", "f|a/b/c");
    captures(r, "/f/a/", "f|a");
    misses(r, "/g");
    misses(r, "/");
}

static void
two_stars_at_the_top_match_the_root(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/**");
    captures(r, "/", "");
    captures(r, "/a", "a");
    captures(r, "/a/b", "a/b");
}

static void
a_tail_is_cut_from_two_stars(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/f/{name=**}/x/meta");
    captures(r, "/f/a/b/x/meta", "f|a/b|x|meta");
    captures(r, "/f/x/meta", "f||x|meta");
    captures(r, "/f/x/meta/", "f||x|meta");
    misses(r, "/f/meta");
    misses(r, "/f/a/b/x/meta/c");
}

static void
the_root_template_matches_the_root_only(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/");
    finds(r, "GET", "/", "/");
    misses(r, "//");
    misses(r, "/a");
}

static void
one_trailing_slash_is_ignored(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/a");
    has(r, "GET", "/a/{id}");
    finds(r, "GET", "/a/", "/a");
    finds(r, "GET", "/a/1/", "/a/{id}");
    misses(r, "/a//");
    misses(r, "/a/1//");
}

static void
a_path_longer_than_any_template_can_match_two_stars(void **state)
{
    struct routes *r = *state;
    char path[8192];
    size_t n = 0;

    has(r, "GET", "/s/{name=**}");
    has(r, "GET", "/s/{name=**}/end/x");
    n = (size_t)snprintf(path, sizeof path, "/s");
    for (unsigned i = 0; i < 2000; i++)
        n += (size_t)snprintf(path + n, sizeof path - n, "/p");
    finds(r, "GET", path, "/s/{name=**}");
    snprintf(path + n, sizeof path - n, "/end/x");
    finds(r, "GET", path, "/s/{name=**}/end/x");
}

static void
templates_may_be_as_long_as_64_segments(void **state)
{
    struct routes *r = *state;
    static char literal[200], stars[400], path[200];
    size_t n = 0;

    for (unsigned i = 0; i < 64; i++) {
        n += 2;
        extend(literal, sizeof literal, "/a");
        extend(path, sizeof path, "/a");
    }
    for (unsigned i = 0; i < 63; i++)
        extend(stars, sizeof stars, "/*");
    extend(stars, sizeof stars, "/b");
    has(r, "GET", literal);
    has(r, "GET", stars);
    finds(r, "GET", path, literal);
    path[n - 1] = 'b';
    finds(r, "GET", path, stars);
    path[n - 1] = 'a';
    extend(path, sizeof path, "/a");
    misses(r, path);
}

/* ---- Spelling ----------------------------------------------------------- */

static void
unreserved_characters_match_their_escapes(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/books/%41bc");
    has(r, "GET", "/x:%67o");
    finds(r, "GET", "/books/Abc", "/books/%41bc");
    finds(r, "GET", "/b%6Foks/%41%62c", "/books/%41bc");
    finds(r, "GET", "/x:go", "/x:%67o");
    finds(r, "GET", "/x:%67%6f", "/x:%67o");
}

static void
reserved_characters_do_not_match_their_escapes(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/a+b");
    has(r, "GET", "/c%2fd");
    finds(r, "GET", "/a+b", "/a+b");
    misses(r, "/a%2Bb");
    finds(r, "GET", "/c%2Fd", "/c%2fd");
    finds(r, "GET", "/c%2fd", "/c%2fd");
    misses(r, "/c/d");
}

static void
literals_are_compared_whole(void **state)
{
    struct routes *r = *state;
    char path[2000];

    has(r, "GET", "/abc");
    misses(r, "/ab");
    misses(r, "/abcd");
    misses(r, "/ABC");
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    misses(r, path);
    memcpy(path + 600, "%2F", 3);
    misses(r, path);
}

/* ---- Verbs -------------------------------------------------------------- */

static void
a_colon_belongs_to_the_segment_when_no_template_has_the_verb(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/m/{id}");
    captures(r, "/v1/m/x:y", "v1|m|x:y");
    captures(r, "/v1/m/x:", "v1|m|x:");
}

static void
a_verb_that_some_template_has_is_cut(void **state)
{
    struct routes *r = *state;

    has(r, "POST", "/v1/{id}:cancel");
    has(r, "GET", "/v1/{id}");
    has(r, "GET", "/v2/{id}:run");
    finds(r, "POST", "/v1/9:cancel", "/v1/{id}:cancel");
    allows(r, "GET", "/v1/9:cancel", "POST");
    misses(r, "/v1/9:run");
    finds(r, "GET", "/v1/9:walk", "/v1/{id}");
    captures(r, "/v2/9:run", "v2|9");
    captures(r, "/v2/9:8:run", "v2|9:8");
    captures(r, "/v2/9:run/", "v2|9");
}

static void
a_verb_needs_something_before_it(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/{id}:run");
    has(r, "GET", "/v2:run");
    has(r, "GET", "/v3/{n=**}:run");
    misses(r, "/v1/:run");
    misses(r, "/v2/:run");
    misses(r, "/v3/:run");
    misses(r, "/:run");
    finds(r, "GET", "/v2:run", "/v2:run");
    captures(r, "/v3:run", "v3|");
    captures(r, "/v3/x/y:run", "v3|x/y");
}

static void
a_verb_may_have_colons_and_be_part_of_another(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/{id}:a:b");
    has(r, "GET", "/v1/{id}:b");
    has(r, "GET", "/w/x:y:b");
    finds(r, "GET", "/v1/9:a:b", "/v1/{id}:a:b");
    captures(r, "/v1/9:a:b", "v1|9");
    finds(r, "GET", "/v1/9:c:b", "/v1/{id}:b");
    captures(r, "/v1/9:c:b", "v1|9:c");
    finds(r, "GET", "/w/x:y:b", "/w/x:y:b");
}

static void
a_verb_is_no_segment_and_a_segment_no_verb(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/run");
    has(r, "GET", "/v1:go");
    misses(r, "/v1:run");
    misses(r, "/v1/go");
    finds(r, "GET", "/v1:go", "/v1:go");
}

static void
an_escaped_colon_begins_no_verb(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/{id}:run");
    has(r, "GET", "/v1/{id}");
    finds(r, "GET", "/v1/9%3Arun", "/v1/{id}");
}

static void
a_path_of_nothing_but_colons_is_only_a_path(void **state)
{
    struct routes *r = *state;
    char path[8001];

    has(r, "GET", "/{x}:a:b");
    has(r, "GET", "/{x}");
    memset(path, ':', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    finds(r, "GET", path, "/{x}");
}

/* ---- Methods ------------------------------------------------------------ */

static void
a_wrong_method_says_which_are_right(void **state)
{
    struct routes *r = *state;

    has(r, "PUT", "/m/{id}");
    has(r, "GET", "/m/{id}");
    has(r, "DELETE", "/m/7");
    has(r, "PUT", "/m/7");
    allows(r, "POST", "/m/42", "GET, HEAD, PUT");
    allows(r, "POST", "/m/7", "DELETE, GET, HEAD, PUT");
    allows(r, "get", "/m/42", "GET, HEAD, PUT");
    allows(r, "FOO", "/m/42", "GET, HEAD, PUT");
    allows(r, "", "/m/42", "GET, HEAD, PUT");
}

static void
the_list_of_methods_ends_before_its_room_does(void **state)
{
    struct routes *r = *state;
    static char names[60][16];
    struct route_match m;
    char allow[ROUTE_ALLOW_MAX];

    for (unsigned i = 0; i < 60; i++) {
        snprintf(names[i], sizeof names[i], "METHOD%u", i);
        has(r, names[i], "/m");
    }
    assert_int_equal(route_table_match(r->table, "GET", 3, "/m", 2, &m, allow),
        ROUTE_WRONG_METHOD);
    assert_true(strlen(allow) < ROUTE_ALLOW_MAX);
    assert_true(strlen(allow) > ROUTE_ALLOW_MAX - 16);
    finds(r, "METHOD59", "/m", "/m");
}

static void
there_are_at_most_63_methods(void **state)
{
    struct routes *r = *state;
    static char names[64][16];

    for (unsigned i = 0; i < 61; i++) {
        snprintf(names[i], sizeof names[i], "M%u", i);
        has(r, names[i], "/m");
    }
    assert_int_equal(add(r, "ONE-MORE", "/m"), PB_ELIMIT);
    has(r, "HEAD", "/m");
    finds(r, "M60", "/m", "/m");
}

static void
head_is_served_by_get_unless_it_has_its_own_route(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/a");
    has(r, "GET", "/b");
    has(r, "HEAD", "/b");
    has(r, "*", "/a");
    finds(r, "HEAD", "/a", "/a");
    assert_string_equal(r->bindings[0].verb, "GET");
    {
        struct route_match m;

        assert_int_equal(route_table_match(r->table, "HEAD", 4, "/a", 2, &m,
                             NULL),
            ROUTE_FOUND);
        assert_string_equal(m.binding->verb, "GET");
        assert_int_equal(route_table_match(r->table, "HEAD", 4, "/b", 2, &m,
                             NULL),
            ROUTE_FOUND);
        assert_string_equal(m.binding->verb, "HEAD");
    }
}

static void
the_kind_star_takes_every_method_that_has_no_route(void **state)
{
    struct routes *r = *state;
    struct route_match m;

    has(r, "*", "/w/{name=**}");
    has(r, "PUT", "/w/{name=**}");
    finds(r, "PROPFIND", "/w/a", "/w/{name=**}");
    captures(r, "/w/a", "w|a");
    assert_int_equal(route_table_match(r->table, "PUT", 3, "/w/a", 4, &m, NULL),
        ROUTE_FOUND);
    assert_string_equal(m.binding->verb, "PUT");
}

static void
a_custom_method_is_like_any_other(void **state)
{
    struct routes *r = *state;

    has(r, "HEAD", "/v1/m");
    finds(r, "HEAD", "/v1/m", "/v1/m");
    allows(r, "GET", "/v1/m", "HEAD");
}

/* ---- Duplicates --------------------------------------------------------- */

static void
the_same_shape_and_method_twice_is_refused(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/v1/{a}/x");
    assert_int_equal(add(r, "GET", "/v1/{b}/x"), PB_EDUPLICATE);
    assert_int_equal(add(r, "GET", "/v1/*/%78"), PB_EDUPLICATE);
    has(r, "POST", "/v1/{b}/x");
    has(r, "GET", "/v1/{b}/y");
    has(r, "GET", "/v1/{b=**}/x");
    assert_int_equal(add(r, "GET", "/v1/**/x"), PB_EDUPLICATE);
    has(r, "GET", "/v1/{a}/x:v");
    assert_int_equal(add(r, "GET", "/v1/{a}/x:%76"), PB_EDUPLICATE);
}

/* ---- Hostile paths ------------------------------------------------------ */

static void
malformed_escapes_are_a_bad_path(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/**");
    is_bad(r, "/a%");
    is_bad(r, "/a%4");
    is_bad(r, "/%zz/b");
    is_bad(r, "/%4g");
    is_bad(r, "/nowhere/%");
}

static void
an_encoded_nul_is_a_bad_path(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/**");
    is_bad(r, "/a%00b");
}

static void
raw_bytes_are_a_bad_path(void **state)
{
    struct routes *r = *state;
    struct route_match m;

    has(r, "GET", "/**");
    is_bad(r, "/a b");
    is_bad(r, "/a\tb");
    is_bad(r, "/a\x01");
    is_bad(r, "/a\x7f");
    is_bad(r, "/\xc3\xa9");
    is_bad(r, "/\xff");
    is_bad(r, "/a#b");
    is_bad(r, "/a?b");
    assert_int_equal(route_table_match(r->table, "GET", 3, "/a\0b", 4, &m,
                         NULL),
        ROUTE_BAD_PATH);
}

static void
where_a_path_is_bad_can_be_told(void **state)
{
    (void)state;
    is_bad_at("/v1/books/x%2Fy", strlen("/v1/books/x%2Fy"));
    is_bad_at("/", 1);
    is_bad_at("", 0);
    is_bad_at("v1", 0);
    is_bad_at("%2Fv1", 0);
    is_bad_at("/v1/%zz", 4);
    is_bad_at("/v1/%4", 4);
    is_bad_at("/v1/a%", 5);
    is_bad_at("/v1/a%00%zz", 5);
    is_bad_at("/v1/a b", 5);
    is_bad_at("/v1#a", 3);
    is_bad_at("/\xc3\xa9", 1);
}

static void
what_begins_without_a_slash_is_a_bad_path(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/**");
    is_bad(r, "");
    is_bad(r, "*");
    is_bad(r, "http://h/a");
}

static void
dot_segments_match_nothing(void **state)
{
    static const char *const paths[] = {
        "/a/../b",
        "/a/./b",
        "/..",
        "/.",
        "/a/..",
        "/a/../",
        "/%2e%2e/b",
        "/a/%2E./b",
        "/a/.%2e/b",
        "/a/%2e/b",
        "/..;x/b",
        "/.;x/b",
        "/a/..%3Bx/b",
        "/%2e%2e;/b",
    };
    struct routes *r = *state;

    has(r, "GET", "/**");
    has(r, "GET", "/b");
    has(r, "GET", "/{x}/{y}");
    has(r, "GET", "/{x}/{y}/{z}");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        misses(r, paths[i]);
    finds(r, "GET", "/.../b", "/{x}/{y}");
    finds(r, "GET", "/.a/..b", "/{x}/{y}");
    finds(r, "GET", "/a;..", "/**");
    finds(r, "GET", "/a%2F..%2Fb", "/**");
}

static void
empty_segments_match_nothing(void **state)
{
    struct routes *r = *state;

    has(r, "GET", "/**");
    has(r, "GET", "/a");
    misses(r, "//a");
    misses(r, "/a//b");
    misses(r, "//");
    misses(r, "/a//");
}

/* Every template of DEPTH segments, each "a" or a star, then "x": a path of
 * "a"s that ends otherwise fits all of them up to the last step. */
#define DEPTH 12

static void
backtracking_costs_no_more_than_the_tree_has_nodes(void **state)
{
    struct routes *r = *state;
    static char paths[1 << DEPTH][DEPTH * 2 + 3];
    char path[DEPTH * 2 + 3] = "";
    struct route_walk w;

    for (unsigned i = 0; i < 1u << DEPTH; i++) {
        for (unsigned d = 0; d < DEPTH; d++)
            extend(paths[i], sizeof paths[i], (i >> d & 1) != 0 ? "/*" : "/a");
        extend(paths[i], sizeof paths[i], "/x");
        has(r, "GET", paths[i]);
    }
    for (unsigned d = 0; d < DEPTH; d++)
        extend(path, sizeof path, "/a");
    extend(path, sizeof path, "/y");
    assert_int_equal(route_walk_run(&w, r->table, "GET", 3, path, strlen(path)),
        ROUTE_NOT_FOUND);
    assert_true(w.steps <= r->table->n_nodes);
    path[strlen(path) - 1] = 'x';
    assert_int_equal(route_walk_run(&w, r->table, "GET", 3, path, strlen(path)),
        ROUTE_FOUND);
    assert_true(w.steps == DEPTH + 2);
}

/* One template of 60 stars and one deep literal: were a node entered more than
 * once, this would be 2^30 steps. */
static void
few_routes_cost_few_steps_whatever_the_path(void **state)
{
    struct routes *r = *state;
    static char alternating[30 * 4 + 3], other[30 * 4 + 3];
    char path[30 * 4 + 3] = "";
    struct route_walk w;

    for (unsigned i = 0; i < 30; i++) {
        extend(alternating, sizeof alternating, "/a/*");
        extend(other, sizeof other, "/*/a");
        extend(path, sizeof path, "/a/a");
    }
    extend(alternating, sizeof alternating, "/x");
    extend(other, sizeof other, "/x");
    extend(path, sizeof path, "/y");
    has(r, "GET", alternating);
    has(r, "GET", other);
    has(r, "GET", "/**/z");
    assert_int_equal(route_walk_run(&w, r->table, "GET", 3, path, strlen(path)),
        ROUTE_NOT_FOUND);
    assert_true(w.steps <= r->table->n_nodes + 1);
}

static void
a_thousand_siblings_cost_one_step_each(void **state)
{
    struct routes *r = *state;
    static char paths[2000][32];
    struct route_walk w;

    for (unsigned i = 0; i < 2000; i++) {
        snprintf(paths[i], sizeof paths[i], "/v1/things%u/{id}:do%u", i, i);
        has(r, "GET", paths[i]);
    }
    for (unsigned i = 0; i < 2000; i++) {
        char path[48];

        snprintf(path, sizeof path, "/v1/things%u/7:do%u", i, i);
        assert_int_equal(route_walk_run(&w, r->table, "GET", 3, path,
                             strlen(path)),
            ROUTE_FOUND);
        assert_string_equal(w.found->template_text, paths[i]);
        assert_int_equal(w.steps, 4);
    }
    misses(r, "/v1/things1/7:do2");
    misses(r, "/v1/things2000/7:do1");
}

/* ------------------------------------------------------- whatever the method */

static void
any(struct routes *r, const char *path, const char *verb, const char *expected)
{
    struct route_match m;

    assert_int_equal(route_table_match_any(r->table, path, strlen(path), &m),
        ROUTE_FOUND);
    assert_string_equal(m.binding->verb, verb);
    assert_string_equal(m.binding->template_text, expected);
}

static void
any_method_is_GET_where_there_is_one(void **state)
{
    struct routes *r = *state;

    has(r, "POST", "/a/b");
    has(r, "GET", "/a/*");
    has(r, "*", "/c");
    has(r, "POST", "/c");
    any(r, "/a/b", "GET", "/a/*");
    any(r, "/c", "*", "/c");
}

static void
any_method_is_else_POST_or_the_first_by_name(void **state)
{
    struct routes *r = *state;

    has(r, "PUT", "/a");
    has(r, "POST", "/a");
    has(r, "DELETE", "/a");
    has(r, "PUT", "/b/*");
    has(r, "PATCH", "/b/*");
    has(r, "PUT", "/b/{x=**}");
    any(r, "/a", "POST", "/a");
    any(r, "/b/1", "PATCH", "/b/*");
    any(r, "/b/1/2", "PUT", "/b/{x=**}");
}

static void
any_method_captures_and_refuses_as_one_does(void **state)
{
    struct routes *r = *state;
    struct route_match m;

    has(r, "POST", "/v/{a}:go");
    assert_int_equal(route_table_match_any(r->table, "/v/x:go", 7, &m),
        ROUTE_FOUND);
    assert_int_equal(m.segments[1].at, 3);
    assert_int_equal(m.segments[1].len, 1);
    assert_int_equal(route_table_match_any(r->table, "/v/x", 4, &m),
        ROUTE_NOT_FOUND);
    assert_int_equal(route_table_match_any(r->table, "/v/%zz", 6, &m),
        ROUTE_BAD_PATH);
    assert_int_equal(route_table_match_any(r->table, "", 0, &m),
        ROUTE_BAD_PATH);
}

#define IN_TABLE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TABLE(a_literal_wins_over_a_variable),
        IN_TABLE(one_star_wins_over_two),
        IN_TABLE(the_order_of_declaration_does_not_matter),
        IN_TABLE(a_dead_end_is_left_again),
        IN_TABLE(a_leaf_without_the_method_is_a_dead_end_too),
        IN_TABLE(the_longer_tail_wins),
        IN_TABLE(one_star_takes_exactly_one_segment),
        IN_TABLE(two_stars_take_any_number),
        IN_TABLE(two_stars_at_the_top_match_the_root),
        IN_TABLE(a_tail_is_cut_from_two_stars),
        IN_TABLE(the_root_template_matches_the_root_only),
        IN_TABLE(one_trailing_slash_is_ignored),
        IN_TABLE(a_path_longer_than_any_template_can_match_two_stars),
        IN_TABLE(templates_may_be_as_long_as_64_segments),
        IN_TABLE(unreserved_characters_match_their_escapes),
        IN_TABLE(reserved_characters_do_not_match_their_escapes),
        IN_TABLE(literals_are_compared_whole),
        IN_TABLE(a_colon_belongs_to_the_segment_when_no_template_has_the_verb),
        IN_TABLE(a_verb_that_some_template_has_is_cut),
        IN_TABLE(a_verb_needs_something_before_it),
        IN_TABLE(a_verb_may_have_colons_and_be_part_of_another),
        IN_TABLE(a_verb_is_no_segment_and_a_segment_no_verb),
        IN_TABLE(an_escaped_colon_begins_no_verb),
        IN_TABLE(a_path_of_nothing_but_colons_is_only_a_path),
        IN_TABLE(a_wrong_method_says_which_are_right),
        IN_TABLE(the_list_of_methods_ends_before_its_room_does),
        IN_TABLE(there_are_at_most_63_methods),
        IN_TABLE(head_is_served_by_get_unless_it_has_its_own_route),
        IN_TABLE(the_kind_star_takes_every_method_that_has_no_route),
        IN_TABLE(a_custom_method_is_like_any_other),
        IN_TABLE(the_same_shape_and_method_twice_is_refused),
        IN_TABLE(malformed_escapes_are_a_bad_path),
        IN_TABLE(an_encoded_nul_is_a_bad_path),
        IN_TABLE(raw_bytes_are_a_bad_path),
        cmocka_unit_test(where_a_path_is_bad_can_be_told),
        IN_TABLE(what_begins_without_a_slash_is_a_bad_path),
        IN_TABLE(dot_segments_match_nothing),
        IN_TABLE(empty_segments_match_nothing),
        IN_TABLE(backtracking_costs_no_more_than_the_tree_has_nodes),
        IN_TABLE(few_routes_cost_few_steps_whatever_the_path),
        IN_TABLE(a_thousand_siblings_cost_one_step_each),
        IN_TABLE(any_method_is_GET_where_there_is_one),
        IN_TABLE(any_method_is_else_POST_or_the_first_by_name),
        IN_TABLE(any_method_captures_and_refuses_as_one_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
