/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a request stream: one after the other, or in one array. Values
 * are letters here: 'v' goes on one, 'e' ends one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/values.h"

struct walk {
    struct gw_values v;
    bool in_value;
    bool is_wrong;
    char out[200]; /* the values, each with a '.' behind it */
    struct pb_error error;
};

static void
put(struct walk *w, char c)
{
    size_t len = strlen(w->out);

    assert_true(len + 1 < sizeof w->out);
    w->out[len] = c;
    w->out[len + 1] = '\0';
}

static void
feed(struct walk *w, const char *text, size_t len)
{
    size_t at = 0;
    size_t used;

    while (at < len && !w->is_wrong) {
        if (w->in_value) {
            gw_values_taken(&w->v, text + at, 1);
            put(w, text[at]);
            if (text[at++] != 'e')
                continue;
            gw_values_ended(&w->v);
            put(w, '.');
            w->in_value = false;
            continue;
        }
        switch (gw_values_next(&w->v, text + at, len - at, &used, &w->error)) {
        case GW_VALUES_MORE:
            assert_int_equal(used, len - at);
            break;
        case GW_VALUES_VALUE:
            w->in_value = true;
            break;
        case GW_VALUES_WRONG:
            w->is_wrong = true;
            break;
        }
        at += used;
    }
}

/* In two pieces, cut everywhere. */
static void
walk_as(bool may_be_array, const char *text,
    void (*see)(struct walk *w, const char *expected), const char *expected)
{
    size_t len = strlen(text);

    for (size_t cut = 0; cut <= len; cut++) {
        struct walk w = { .in_value = false };

        gw_values_init(&w.v, may_be_array);
        feed(&w, text, cut);
        feed(&w, text + cut, len - cut);
        if (!w.is_wrong)
            w.is_wrong = !gw_values_finish(&w.v, &w.error);
        see(&w, expected);
    }
}

static void
see_values(struct walk *w, const char *expected)
{
    if (w->is_wrong)
        fail_msg("%s", w->error.message);
    assert_string_equal(w->out, expected);
}

static void
see_error(struct walk *w, const char *expected)
{
    char text[400];

    assert_true(w->is_wrong);
    snprintf(text, sizeof text, "%u:%u:%zu %s", w->error.line, w->error.column,
        w->error.offset, w->error.message);
    assert_string_equal(text, expected);
}

static void
gives(const char *text, const char *values)
{
    walk_as(true, text, see_values, values);
}

static void
is_wrong(const char *text, const char *error)
{
    walk_as(true, text, see_error, error);
}

static void
values_come_one_after_the_other(void **state)
{
    (void)state;
    gives("", "");
    gives(" \n", "");
    gives("ve", "ve.");
    gives(" ve\nvve\r\n\t e e", "ve.vve.e.e.");
    gives("eee", "e.e.e.");
}

static void
or_as_elements_of_an_array(void **state)
{
    (void)state;
    gives("[]", "");
    gives(" [\n] \n", "");
    gives("[ve]", "ve.");
    gives(" [ ve ,\nvve,e ]\n", "ve.vve.e.");
}

static void
where_values_may_be_arrays_they_are_not_taken_apart(void **state)
{
    (void)state;
    walk_as(false, "[e [,e", see_values, "[e.[,e.");
}

static void
a_bracket_after_the_first_value_is_a_values(void **state)
{
    (void)state;
    gives("e [e", "e.[e.");
}

static void
separators_are_strict(void **state)
{
    (void)state;
    is_wrong("[e,]", "1:4:3 expected a value, found ']'");
    is_wrong("[e\n e]", "2:2:4 expected ',' or ']', found 'e'");
    is_wrong("[e}", "1:3:2 expected ',' or ']', found '}'");
    is_wrong("[]\n\n,", "3:1:4 expected the end of the text, found ','");
    is_wrong("[e]e", "1:4:3 expected the end of the text, found 'e'");
    is_wrong("[e\x01", "1:3:2 expected ',' or ']', found the byte 0x01");
}

static void
an_array_has_an_end(void **state)
{
    (void)state;
    is_wrong(" [", "1:3:2 expected a value or ']', found the end of the text");
    is_wrong("[e,\n", "2:1:4 expected a value, found the end of the text");
    is_wrong("[e", "1:3:2 expected ',' or ']', found the end of the text");
}

static void
places_count_from_the_beginning_of_the_text(void **state)
{
    struct walk w = { .in_value = false };
    struct pb_error error = { .line = 1, .column = 3, .offset = 2 };

    (void)state;
    gw_values_init(&w.v, true);
    feed(&w, "[\n  v\ne, vv", 11);
    gw_values_set_right(&w.v, &error);
    assert_int_equal(error.line, 3);
    assert_int_equal(error.column, 4 + 2);
    assert_int_equal(error.offset, 9 + 2);
    error = (struct pb_error){ .line = 2, .column = 3, .offset = 7 };
    gw_values_set_right(&w.v, &error);
    assert_int_equal(error.line, 4);
    assert_int_equal(error.column, 3);
    assert_int_equal(error.offset, 9 + 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_one_after_the_other),
        cmocka_unit_test(or_as_elements_of_an_array),
        cmocka_unit_test(where_values_may_be_arrays_they_are_not_taken_apart),
        cmocka_unit_test(a_bracket_after_the_first_value_is_a_values),
        cmocka_unit_test(separators_are_strict),
        cmocka_unit_test(an_array_has_an_end),
        cmocka_unit_test(places_count_from_the_beginning_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
