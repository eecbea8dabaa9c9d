/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literals of every length, which are hashed by words: each is found where it
 * ends with its path, and the path with its memory.
 */
#include "routes/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define LONGEST 17

/* Of each length a segment and a verb, and a template for all else. */
struct routes {
    struct route_table *table;
    char texts[2 * LONGEST + 1][64];
    struct route_binding bindings[2 * LONGEST + 1];
    size_t n;
};

static const char letters[] = "abcdefghijklmnopq";

static void
add(struct routes *r, const char *before, size_t len)
{
    struct route_binding *b = &r->bindings[r->n];
    const struct route_binding *other;
    struct route_template t;
    char *text = r->texts[r->n++];

    (void)snprintf(text, sizeof r->texts[0], "%s%.*s", before, (int)len,
        letters);
    assert_int_equal(route_template_parse(text, strlen(text), &t, NULL), PB_OK);
    *b = (struct route_binding){ .verb = "GET",
        .template_text = text,
        .n_segments = t.n_segments };
    assert_int_equal(route_table_add(r->table, &t, b, &other), PB_OK);
}

static int
set_up(void **state)
{
    struct routes *r = calloc(1, sizeof *r);

    assert_non_null(r);
    r->table = route_table_new();
    assert_non_null(r->table);
    add(r, "/{rest}", 0);
    for (size_t len = 1; len <= LONGEST; len++) {
        add(r, "/", len);
        add(r, "/{rest}:", len);
    }
    *state = r;
    return 0;
}

static int
tear_down(void **state)
{
    struct routes *r = *state;

    route_table_free(&r->table);
    free(r);
    return 0;
}

/* The path in memory of exactly its size, for the address sanitizer. */
static void
finds(const struct routes *r, const char *path, size_t len,
    const char *expected)
{
    char *copy = malloc(len);
    struct route_match m;

    assert_non_null(copy);
    memcpy(copy, path, len);
    assert_int_equal(route_table_match(r->table, "GET", 3, copy, len, &m, NULL),
        ROUTE_FOUND);
    assert_string_equal(m.binding->template_text, expected);
    free(copy);
}

/* Each literal as it is, and with each of its bytes another one. */
static void
check(const struct routes *r, const char *before, const char *template)
{
    char path[64], expected[64];
    size_t from = strlen(before);

    for (size_t len = 1; len <= LONGEST; len++) {
        (void)snprintf(path, sizeof path, "%s%s", before, letters);
        (void)snprintf(expected, sizeof expected, "%s%.*s", template, (int)len,
            letters);
        finds(r, path, from + len, expected);
        for (size_t i = from; i < from + len; i++) {
            path[i] ^= 'a' ^ 'A';
            finds(r, path, from + len, "/{rest}");
            path[i] ^= 'a' ^ 'A';
        }
    }
}

static void
a_segment_of_any_length_is_found_at_the_end_of_memory(void **state)
{
    check(*state, "/", "/");
}

static void
a_verb_of_any_length_is_found_at_the_end_of_memory(void **state)
{
    check(*state, "/x:", "/{rest}:");
}

static void
an_empty_literal_is_no_symbol(void **state)
{
    const struct routes *r = *state;
    char *nothing = malloc(1);

    assert_non_null(nothing);
    assert_int_equal(route_symbol_find(r->table, nothing + 1, 0),
        ROUTE_NO_SYMBOL);
    free(nothing);
    finds(r, "/x:", 3, "/{rest}");
}

static void
short_words_of_one_length_differ_with_each_bit(void **state)
{
    (void)state;
    for (size_t len = 1; len < 8; len++) {
        char *text = malloc(len);
        uint64_t word;

        assert_non_null(text);
        memcpy(text, letters, len);
        word = route_short_word(text, len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            text[bit / 8] ^= (char)(1 << bit % 8);
            assert_true(route_short_word(text, len) != word);
            text[bit / 8] ^= (char)(1 << bit % 8);
        }
        free(text);
    }
}

#define IN_TABLE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TABLE(a_segment_of_any_length_is_found_at_the_end_of_memory),
        IN_TABLE(a_verb_of_any_length_is_found_at_the_end_of_memory),
        IN_TABLE(an_empty_literal_is_no_symbol),
        cmocka_unit_test(short_words_of_one_length_differ_with_each_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
