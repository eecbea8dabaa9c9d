/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: numbers, booleans, enums, strings and bytes. */
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Scalars ------------------------------------------------------------ */

static void
integers_may_have_any_integral_form(void **state)
{
    gives(state, "M", "{\"i\":1e2}", "08 64");
    gives(state, "M", "{\"i\":100}", "08 64");
    gives(state, "M", "{\"i\":1.0E+2}", "08 64");
    gives(state, "M", "{\"i\":100.000}", "08 64");
    gives(state, "M", "{\"i\":10000e-2}", "08 64");
    gives(state, "M", "{\"i\":2.147483647e9}", "08 ff ff ff ff 07");
    gives(state, "M", "{\"i\":\"7\",\"l\":\"-1\"}",
        "08 07 10 ff ff ff ff ff ff ff ff ff 01");
    gives(state, "M", "{\"i\":\"1e2\"}", "08 64");
    gives(state, "M", "{\"i\":\"\\u0031\\u0032\"}", "08 0c");
    gives(state, "M", "{\"i\":-0}", "");
    gives(state, "M", "{\"i\":0e99999}", "");
    gives(state, "M", "{\"i\":0.0}", "");
}

static void
integers_keep_all_their_digits(void **state)
{
    gives(state, "M", "{\"l\":9223372036854775807}",
        "10 ff ff ff ff ff ff ff ff 7f");
    gives(state, "M", "{\"l\":-9223372036854775808}",
        "10 80 80 80 80 80 80 80 80 80 01");
    gives(state, "M", "{\"l\":9007199254740993}", "10 81 80 80 80 80 80 80 10");
    gives(state, "Scalars", "{\"fUint64\":\"18446744073709551615\"}",
        "20 ff ff ff ff ff ff ff ff ff 01");
    gives(state, "Scalars", "{\"fUint64\":1844674407370955161.5e1}",
        "20 ff ff ff ff ff ff ff ff ff 01");
    gives(state, "Scalars", "{\"fUint64\":18446744073709551615000e-3}",
        "20 ff ff ff ff ff ff ff ff ff 01");
}

static void
every_type_of_number_has_its_wire_format(void **state)
{
    gives(state, "Scalars", "{\"fInt32\":-1}",
        "28 ff ff ff ff ff ff ff ff ff 01");
    gives(state, "Scalars", "{\"fFixed64\":1}", "31 01 00 00 00 00 00 00 00");
    gives(state, "Scalars", "{\"fFixed32\":4294967295}", "3d ff ff ff ff");
    gives(state, "Scalars", "{\"fUint32\":4294967295}", "58 ff ff ff ff 0f");
    gives(state, "Scalars", "{\"fSfixed32\":-2147483648}", "6d 00 00 00 80");
    gives(state, "Scalars", "{\"fSfixed64\":-2}", "71 fe ff ff ff ff ff ff ff");
    gives(state, "Scalars", "{\"fSint32\":-2147483648}", "78 ff ff ff ff 0f");
    gives(state, "Scalars", "{\"fSint32\":1}", "78 02");
    gives(state, "Scalars", "{\"fSint64\":\"-9223372036854775808\"}",
        "80 01 ff ff ff ff ff ff ff ff ff 01");
    gives(state, "Scalars", "{\"fBool\":true}", "40 01");
    gives(state, "Scalars", "{\"fBool\":false}", "");
    gives(state, "Scalars", "{\"fDouble\":1}", "09 00 00 00 00 00 00 f0 3f");
    gives(state, "Scalars", "{\"fFloat\":-1.5}", "15 00 00 c0 bf");
}

static void
integers_out_of_range_are_refused(void **state)
{
    static const char *const texts[] = { "{\"fInt32\":2147483648}",
        "{\"fInt32\":-2147483649}", "{\"fInt32\":\"4294967296\"}",
        "{\"fInt32\":1e10}", "{\"fInt32\":1e536870000}",
        "{\"fInt32\":1e99999999999999999999}", "{\"fUint32\":-1}",
        "{\"fUint32\":4294967296}", "{\"fUint32\":\"-1\"}",
        "{\"fInt64\":9223372036854775808}", "{\"fInt64\":-9223372036854775809}",
        "{\"fUint64\":18446744073709551616}", "{\"fUint64\":-1}",
        "{\"fUint64\":99999999999999999999}", "{\"fFixed64\":-5}",
        "{\"fFixed32\":4294967296}", "{\"fSfixed32\":2147483648}",
        "{\"fSint32\":-2147483649}", "{\"fSint64\":9223372036854775808}",
        "{\"fEnum\":2147483648}", "{\"fEnum\":1099511627776}" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "Scalars", texts[i], PB_EVALUE);
}

static void
what_is_no_integer_is_refused(void **state)
{
    static const char *const texts[] = { "{\"i\":1.5}", "{\"i\":0.5}",
        "{\"i\":1e-1}", "{\"i\":\"1.5\"}", "{\"i\":\"\"}", "{\"i\":\" 1\"}",
        "{\"i\":\"1 \"}", "{\"i\":\"12abc\"}", "{\"i\":\"3x3\"}",
        "{\"i\":\"12,34\"}", "{\"i\":\"+1\"}", "{\"i\":\"01\"}",
        "{\"i\":\"0x1\"}", "{\"i\":\"1.\"}", "{\"i\":\"-\"}", "{\"i\":\"NaN\"}",
        "{\"i\":true}", "{\"i\":false}", "{\"i\":{}}", "{\"i\":[]}",
        "{\"i\":\"1\\u0000\"}" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "M", texts[i], PB_EVALUE);
}

static void
numbers_that_json_does_not_know_are_refused(void **state)
{
    static const char *const texts[] = { "{\"i\":+1}", "{\"i\":01}",
        "{\"i\":-01}", "{\"i\":00}", "{\"i\":1.}", "{\"i\":.5}", "{\"i\":1e}",
        "{\"i\":1e+}", "{\"i\":-}", "{\"i\":--1}", "{\"i\":1-1}",
        "{\"i\":1.2.3}", "{\"i\":1e2e3}", "{\"i\":0x10}", "{\"i\":NaN}",
        "{\"i\":Infinity}", "{\"i\":-Infinity}", "{\"i\":1_0}", "{\"i\":1 2}" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "M", texts[i], PB_ESYNTAX);
}

static void
floating_point_takes_the_three_words_and_quoted_numbers(void **state)
{
    gives(state, "Scalars", "{\"fDouble\":\"NaN\"}",
        "09 00 00 00 00 00 00 f8 7f");
    gives(state, "Scalars", "{\"fDouble\":\"-Infinity\"}",
        "09 00 00 00 00 00 00 f0 ff");
    gives(state, "Scalars", "{\"fFloat\":\"Infinity\"}", "15 00 00 80 7f");
    gives(state, "Scalars", "{\"fFloat\":\"NaN\"}", "15 00 00 c0 7f");
    gives(state, "Scalars", "{\"fDouble\":\"1.5e0\"}",
        "09 00 00 00 00 00 00 f8 3f");
    gives(state, "Scalars", "{\"fDouble\":-0}", "09 00 00 00 00 00 00 00 80");
    gives(state, "Scalars", "{\"fDouble\":-0.0,\"fFloat\":-0e5}",
        "09 00 00 00 00 00 00 00 80 15 00 00 00 80");
    refuses(state, "Scalars", "{\"fDouble\":\"inf\"}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fDouble\":\"nan\"}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fDouble\":\"\"}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fDouble\":true}", PB_EVALUE);
}

static void
floating_point_overflow_is_refused_and_underflow_is_not(void **state)
{
    gives(state, "Scalars", "{\"fDouble\":1.7976931348623157e308}",
        "09 ff ff ff ff ff ff ef 7f");
    gives(state, "Scalars", "{\"fDouble\":4.9e-324}",
        "09 01 00 00 00 00 00 00 00");
    gives(state, "Scalars", "{\"fDouble\":1e-999999}", "");
    gives(state, "Scalars", "{\"fFloat\":3.4028235e38}", "15 ff ff 7f 7f");
    gives(state, "Scalars", "{\"fFloat\":3.40282356e38}", "15 ff ff 7f 7f");
    gives(state, "Scalars", "{\"fFloat\":1.4e-45}", "15 01 00 00 00");
    refuses(state, "Scalars", "{\"fDouble\":1.89769e308}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fDouble\":-1e309}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fDouble\":1e999999}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fFloat\":3.502823e38}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fFloat\":\"-3.5e38\"}", PB_EVALUE);
    refuses(state, "Scalars", "{\"fFloat\":1e39}", PB_EVALUE);
}

static void
a_number_may_be_long_but_not_endless(void **state)
{
    struct kit *kit = *state;
    char text[4096];
    int n = snprintf(text, sizeof(text), "{\"fDouble\":0.%01000d1e1001}", 0);

    assert_int_equal(kit_read_some(kit, "Scalars", text, (size_t)n), PB_OK);
    assert_int_equal(kit->wire.len, 9);
    n = snprintf(text, sizeof(text), "{\"fDouble\":0.%02100d}", 0);
    assert_int_equal(kit_read_some(kit, "Scalars", text, (size_t)n), PB_ELIMIT);
    n = snprintf(text, sizeof(text), "{\"none\":0.%02100d}", 0);
    kit->options.ignore_unknown = true;
    assert_int_equal(kit_read_some(kit, "Scalars", text, (size_t)n), PB_ELIMIT);
}

static void
booleans_are_true_and_false_only(void **state)
{
    static const char *const texts[] = { "{\"fBool\":\"true\"}",
        "{\"fBool\":0}", "{\"fBool\":1}", "{\"fBool\":{}}", "{\"fBool\":[]}" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "Scalars", texts[i], PB_EVALUE);
    refuses(state, "Scalars", "{\"fBool\":True}", PB_ESYNTAX);
    refuses(state, "Scalars", "{\"fBool\":truth}", PB_ESYNTAX);
    refuses(state, "Scalars", "{\"fBool\":nul}", PB_ESYNTAX);
}

static void
enums_are_names_or_numbers(void **state)
{
    gives(state, "M", "{\"e\":\"RED\"}", "38 01");
    gives(state, "M", "{\"e\":\"SCARLET\"}", "38 01");
    gives(state, "M", "{\"e\":2}", "38 02");
    gives(state, "M", "{\"e\":2.0}", "38 02");
    gives(state, "M", "{\"e\":\"2\"}", "38 02");
    gives(state, "M", "{\"e\":99}", "38 63");
    gives(state, "M", "{\"e\":\"NONE\"}", "");
    gives(state, "M", "{\"e\":\"DEEP\"}", "38 f9 ff ff ff ff ff ff ff ff 01");
    gives(state, "M", "{\"e\":\"GR\\u0045EN\"}", "38 02");
    refuses(state, "M", "{\"e\":\"red\"}", PB_EUNKNOWN);
    refuses(state, "M", "{\"e\":\"\"}", PB_EUNKNOWN);
    refuses(state, "M", "{\"e\":\"RED \"}", PB_EUNKNOWN);
    refuses(state, "M", "{\"e\":1.5}", PB_EVALUE);
    refuses(state, "M", "{\"e\":true}", PB_EVALUE);
    refuses(state, "M", "{\"e\":[]}", PB_EVALUE);
}

static void
closed_enums_take_unknown_numbers_too(void **state)
{
    gives(state, "tests.reader2.Loose", "{\"closed\":\"SECOND\"}", "38 05");
    gives(state, "tests.reader2.Loose", "{\"closed\":4}", "38 04");
    refuses(state, "tests.reader2.Loose", "{\"closed\":\"THIRD\"}",
        PB_EUNKNOWN);
}

/* ---- Strings and bytes -------------------------------------------------- */

static void
strings_are_copied_with_their_escapes_resolved(void **state)
{
    gives(state, "M", "{\"s\":\"abc\"}", "1a 03 61 62 63");
    gives(state, "M", "{\"s\":\"\"}", "");
    gives(state, "M", "{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "1a 08 22 5c 2f 08 0c 0a 0d 09");
    gives(state, "M", "{\"s\":\"a\\u0000b\"}", "1a 03 61 00 62");
    gives(state, "M", "{\"s\":\"\\u00e9\\u20AC\"}", "1a 05 c3 a9 e2 82 ac");
    gives(state, "M", "{\"s\":\"\\ud83d\\ude01\"}", "1a 04 f0 9f 98 81");
    gives(state, "M", "{\"s\":\"\\uD83D\\uDE01x\"}", "1a 05 f0 9f 98 81 78");
    gives(state, "M", "{\"s\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x81\"}",
        "1a 09 c3 a9 e2 82 ac f0 9f 98 81");
    gives(state, "M", "{\"s\":\"\x7f\"}", "1a 01 7f");
}

static void
broken_strings_are_refused(void **state)
{
    static const char *const texts[] = { "{\"s\":\"\\ud83d\"}",
        "{\"s\":\"\\ud83dx\"}", "{\"s\":\"\\ud83d\\n\"}",
        "{\"s\":\"\\ud83d\\u0041\"}", "{\"s\":\"\\ude01\"}",
        "{\"s\":\"\\ude01\\ud83d\"}", "{\"s\":\"\\ud83d\\ud83d\\ude01\"}",
        "{\"s\":\"\\U0041\"}", "{\"s\":\"\\'\"}", "{\"s\":\"\\x41\"}",
        "{\"s\":\"\\u12G4\"}", "{\"s\":\"\\u12\"}", "{\"s\":\"a\nb\"}",
        "{\"s\":\"a\tb\"}", "{\"s\":\"\x1f\"}", "{\"s\":'a'}",
        "{\"s\":\"\x80\"}", "{\"s\":\"\xc3\"}", "{\"s\":\"\xc3(\"}",
        "{\"s\":\"\xc0\x80\"}", "{\"s\":\"\xe0\x80\x80\"}",
        "{\"s\":\"\xed\xa0\x80\"}", "{\"s\":\"\xf4\x90\x80\x80\"}",
        "{\"s\":\"\xf8\x88\x80\x80\x80\"}", "{\"s\":\"\xf0\x9f\x98\"}",
        "{\"s\":\"\xff\"}", "{\"s\":\"abc" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "M", texts[i], PB_ESYNTAX);
}

static void
strings_are_not_numbers(void **state)
{
    refuses(state, "M", "{\"s\":1}", PB_EVALUE);
    refuses(state, "M", "{\"s\":true}", PB_EVALUE);
    refuses(state, "M", "{\"s\":{}}", PB_EVALUE);
    refuses(state, "M", "{\"s\":[\"a\"]}", PB_EVALUE);
}

static void
bytes_take_both_alphabets_with_or_without_padding(void **state)
{
    gives(state, "M", "{\"b\":\"AQI\"}", "22 02 01 02");
    gives(state, "M", "{\"b\":\"AQI=\"}", "22 02 01 02");
    gives(state, "M", "{\"b\":\"AQ==\"}", "22 01 01");
    gives(state, "M", "{\"b\":\"AQ\"}", "22 01 01");
    gives(state, "M", "{\"b\":\"AQID\"}", "22 03 01 02 03");
    gives(state, "M", "{\"b\":\"-_\"}", "22 01 fb");
    gives(state, "M", "{\"b\":\"+/\"}", "22 01 fb");
    gives(state, "M", "{\"b\":\"+\\/+\\/\"}", "22 03 fb ff bf");
    gives(state, "M", "{\"b\":\"\\u0041Q\"}", "22 01 01");
    gives(state, "M", "{\"b\":\"-_-_+/+/AAAA\"}",
        "22 09 fb ff bf fb ff bf 00 00 00");
    gives(state, "M", "{\"b\":\"\"}", "");
}

static void
what_is_no_base64_is_refused(void **state)
{
    static const char *const texts[] = { "{\"b\":\"A\"}", "{\"b\":\"AAAAA\"}",
        "{\"b\":\"A===\"}", "{\"b\":\"AA=\"}", "{\"b\":\"AA===\"}",
        "{\"b\":\"AAA==\"}", "{\"b\":\"AAAA=\"}", "{\"b\":\"=\"}",
        "{\"b\":\"AA==AA==\"}", "{\"b\":\"AA=A\"}", "{\"b\":\"AAA=A\"}",
        "{\"b\":\"A A\"}", "{\"b\":\"AA\\n\"}", "{\"b\":\"AAA!\"}",
        "{\"b\":\"AAA\xc3\xa9\"}", "{\"b\":\"AAAAAAAAAAAAAAAA.AAA\"}",
        "{\"b\":1}", "{\"b\":[1]}" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "M", texts[i], PB_EVALUE);
}

/* n letters, of which the last may be another text that means tail. The output
 * has exactly the room it needs, or more. */
static void
check_short_string(struct kit *kit, size_t n, const char *last,
    const char *tail)
{
    char wanted[64];
    char text[64];
    int len;
    size_t size;

    len = snprintf(text, sizeof(text), "{\"s\":\"%.*s%s\",\"i\":1}", (int)n,
        "abcdefghijklmnopqrstuvwxyz0123456789", last);
    size = n + strlen(tail);
    (void)snprintf(wanted, sizeof(wanted), "%.*s%s", (int)n,
        "abcdefghijklmnopqrstuvwxyz0123456789", tail);
    kit->max = (size == 0 ? 0 : size + 2) + 2;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kit_read_all(kit, "M", text, (size_t)len), PB_OK);
        assert_int_equal(kit->wire.len, (size == 0 ? 0 : size + 2) + 2);
        if (size > 0) {
            assert_int_equal(kit->wire.data[1], size);
            assert_memory_equal(kit->wire.data + 2, wanted, size);
        }
        kit->max = 64 << 20;
    }
}

static void
short_strings_are_copied_to_their_last_byte(void **state)
{
    for (size_t n = 0; n <= 36; n++) {
        check_short_string(*state, n, "", "");
        check_short_string(*state, n, "\\n", "\n");
        check_short_string(*state, n, "\xc3\xa9", "\xc3\xa9");
    }
}

/* A string of n characters, in pieces of all kinds, with escapes or without. */
static void
check_long_string(struct kit *kit, size_t n, bool escape)
{
    char *text = malloc(n + 32);
    size_t len;

    assert_non_null(text);
    len = (size_t)snprintf(text, n + 32, "{\"s\":\"%s%*s\"}",
        escape ? "\\n" : "n", (int)n - 1, "x");
    assert_int_equal(kit_read_some(kit, "M", text, len), PB_OK);
    assert_true(kit->wire.len > n);
    assert_int_equal(kit->wire.data[kit->wire.len - n], escape ? '\n' : 'n');
    assert_int_equal(kit->wire.data[kit->wire.len - 1], 'x');
    free(text);
}

static void
lengths_of_strings_have_their_shortest_form(void **state)
{
    static const size_t lens[] = { 2, 126, 127, 128, 129, 16383, 16384, 70000 };

    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct kit *kit = *state;
        size_t prefix = lens[i] < 128 ? 1 : lens[i] < 16384 ? 2 : 3;

        check_long_string(kit, lens[i], false);
        assert_int_equal(kit->wire.len, 1 + prefix + lens[i]);
        check_long_string(kit, lens[i], true);
        assert_int_equal(kit->wire.len, 1 + prefix + lens[i]);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(integers_may_have_any_integral_form),
        TEST(integers_keep_all_their_digits),
        TEST(every_type_of_number_has_its_wire_format),
        TEST(integers_out_of_range_are_refused),
        TEST(what_is_no_integer_is_refused),
        TEST(numbers_that_json_does_not_know_are_refused),
        TEST(floating_point_takes_the_three_words_and_quoted_numbers),
        TEST(floating_point_overflow_is_refused_and_underflow_is_not),
        TEST(a_number_may_be_long_but_not_endless),
        TEST(booleans_are_true_and_false_only),
        TEST(enums_are_names_or_numbers),
        TEST(closed_enums_take_unknown_numbers_too),
        TEST(strings_are_copied_with_their_escapes_resolved),
        TEST(broken_strings_are_refused),
        TEST(strings_are_not_numbers),
        TEST(bytes_take_both_alphabets_with_or_without_padding),
        TEST(what_is_no_base64_is_refused),
        TEST(short_strings_are_copied_to_their_last_byte),
        TEST(lengths_of_strings_have_their_shortest_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
