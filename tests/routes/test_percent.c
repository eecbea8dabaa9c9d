/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent-encoding: what is decoded when, the one spelling of literals, UTF-8.
 */
#include "routes/percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
decodes(enum route_decode how, const char *text, const char *expected)
{
    char out[256];
    size_t n = route_percent_decode(text, strlen(text), how, out);

    assert_int_equal(n, strlen(expected));
    assert_memory_equal(out, expected, n);
}

static void
a_single_segment_is_decoded_whole(void **state)
{
    (void)state;
    decodes(ROUTE_DECODE_ALL, "a%2Fb%2fc%20d+e%25", "a/b/c d+e%");
}

static void
reserved_characters_stay_as_written(void **state)
{
    (void)state;
    decodes(ROUTE_DECODE_EXCEPT_RESERVED,
        "%20%21%23%24%26%27%28%29%2A%2b%2c%2f%3a%3B%3D%3F%40%5B%5d%7e%25",
        " %21%23%24%26%27%28%29%2A%2b%2c%2f%3a%3B%3D%3F%40%5B%5d~%");
}

static void
a_full_decoding_leaves_the_slash(void **state)
{
    (void)state;
    decodes(ROUTE_DECODE_EXCEPT_SLASH, "%3A%2F%2f%20+", ":%2F%2f +");
}

static void
a_plus_is_a_space_in_forms_only(void **state)
{
    (void)state;
    decodes(ROUTE_DECODE_FORM, "a+b%2Bc", "a b+c");
}

static void
a_decoded_nul_is_a_byte_like_others(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(route_percent_decode("a%00b", 5, ROUTE_DECODE_ALL, out),
        3);
    assert_memory_equal(out, "a\0b", 3);
}

static void
one_spelling(const char *text, const char *expected)
{
    char out[64];
    size_t n = route_normalise(text, strlen(text), out, sizeof out);

    assert_int_equal(n, strlen(expected));
    assert_memory_equal(out, expected, n);
}

static void
unreserved_escapes_become_their_characters(void **state)
{
    (void)state;
    one_spelling("%41%7a%2D%2e%5F%7E", "Az-._~");
    one_spelling("a%2fb%3a%c3%A9", "a%2Fb%3A%C3%A9");
}

static void
what_does_not_fit_is_reported_not_cut(void **state)
{
    char out[4];

    (void)state;
    assert_int_equal(route_normalise("abcd", 4, out, sizeof out), 4);
    assert_int_equal(route_normalise("abcde", 5, out, sizeof out), 5);
    assert_int_equal(route_normalise("ab%2F", 5, out, sizeof out), 5);
}

static void
well_encoded_is_printable_ascii_with_whole_escapes(void **state)
{
    (void)state;
    assert_true(route_is_well_encoded("", 0));
    assert_true(route_is_well_encoded("/a%2Fb~", 7));
    assert_false(route_is_well_encoded("%", 1));
    assert_false(route_is_well_encoded("%2", 2));
    assert_false(route_is_well_encoded("%zz", 3));
    assert_false(route_is_well_encoded("a b", 3));
    assert_false(route_is_well_encoded("a\x7f", 2));
    assert_false(route_is_well_encoded("\xc3\xa9", 2));
    assert_false(route_is_well_encoded("a\0b", 3));
}

static void
utf8_has_no_overlong_forms_surrogates_or_strays(void **state)
{
    static const char *const good[] = {
        "",
        "a",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
    };
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2z",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x90\x80",
        "\xff",
        "a\xe2\x28\xa1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(route_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(route_is_utf8(bad[i], strlen(bad[i])));
}

static void
quoted_text_is_printable_and_short(void **state)
{
    char out[ROUTE_QUOTE_MAX], text[200];

    (void)state;
    assert_string_equal(route_quote("a\x1b[2J\xff\xc3\xa9", 8, out),
        "a\\x1B[2J\\xFF\xc3\xa9");
    memset(text, 'x', sizeof text);
    route_quote(text, sizeof text, out);
    assert_true(strlen(out) < ROUTE_QUOTE_MAX);
    assert_string_equal(out + strlen(out) - 4, "x...");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_segment_is_decoded_whole),
        cmocka_unit_test(reserved_characters_stay_as_written),
        cmocka_unit_test(a_full_decoding_leaves_the_slash),
        cmocka_unit_test(a_plus_is_a_space_in_forms_only),
        cmocka_unit_test(a_decoded_nul_is_a_byte_like_others),
        cmocka_unit_test(unreserved_escapes_become_their_characters),
        cmocka_unit_test(what_does_not_fit_is_reported_not_cut),
        cmocka_unit_test(well_encoded_is_printable_ascii_with_whole_escapes),
        cmocka_unit_test(utf8_has_no_overlong_forms_surrogates_or_strays),
        cmocka_unit_test(quoted_text_is_printable_and_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
