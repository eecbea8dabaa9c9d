/* SPDX-License-Identifier: Apache-2.0 */
/* Path variables and query parameters: text to wire format. */
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>

/* The result, or the error, is in kit. */
static enum pb_err
convert(struct kit *kit, const char *message, const char *field,
    const char *text, size_t len)
{
    kit->wire.len = 0;
    return pb_text_to_wire(kit_field(kit, message, field), &kit->options, text,
        len, &kit->wire, &kit->error);
}

static void
is(void **state, const char *message, const char *field, const char *text,
    const char *hex)
{
    struct kit *kit = *state;
    char found[512] = "";
    size_t n = 0;

    if (convert(kit, message, field, text, strlen(text)) != PB_OK)
        fail_msg("%s=%s: %s", field, text, kit->error.message);
    for (size_t i = 0; i < kit->wire.len; i++)
        n += (size_t)snprintf(found + n, sizeof(found) - n, "%s%02x",
            i > 0 ? " " : "", kit->wire.data[i]);
    assert_string_equal(found, hex);
}

static void
is_refused_as(void **state, enum pb_err kind, const char *message,
    const char *field, const char *text)
{
    struct kit *kit = *state;
    enum pb_err err = convert(kit, message, field, text, strlen(text));

    if (err == PB_OK)
        fail_msg("%s=%s is taken", field, text);
    assert_int_equal(err, kind);
    assert_int_equal(kit->error.kind, kind);
    assert_int_not_equal(kit->error.message[0], '\0');
    assert_int_equal(kit->wire.len, 0);
}

static void
is_refused(void **state, const char *message, const char *field,
    const char *text)
{
    is_refused_as(state, PB_EVALUE, message, field, text);
}

static void
is_unknown(void **state, const char *message, const char *field,
    const char *text)
{
    is_refused_as(state, PB_EUNKNOWN, message, field, text);
}

static void
strings_are_taken_as_they_are(void **state)
{
    struct kit *kit = *state;

    is(state, "Scalars", "fString", "a b", "4a 03 61 20 62");
    is(state, "Scalars", "fString", "", "4a 00");
    is(state, "Scalars", "fString", "\"\\n", "4a 03 22 5c 6e");
    is(state, "Scalars", "fString", "\xc3\xa9", "4a 02 c3 a9");
    assert_int_equal(convert(kit, "Scalars", "fString", "a\0b", 3), PB_OK);
    assert_memory_equal(kit->wire.data,
        "\x4a\x03"
        "a\0b",
        5);
    is_refused(state, "Scalars", "fString", "\xff");
    is_refused(state, "Scalars", "fString", "a\xc3");
    is_refused(state, "Scalars", "fString", "\xed\xa0\x80");
}

static void
bytes_are_base64(void **state)
{
    is(state, "Scalars", "fBytes", "AQI=", "52 02 01 02");
    is(state, "Scalars", "fBytes", "-_", "52 01 fb");
    is(state, "Scalars", "fBytes", "", "52 00");
    is_refused(state, "Scalars", "fBytes", "A");
    is_refused(state, "Scalars", "fBytes", "AA=");
    is_refused(state, "Scalars", "fBytes", "AA A");
}

static void
integers_are_decimal_and_in_range(void **state)
{
    is(state, "Scalars", "fInt32", "5", "28 05");
    is(state, "Scalars", "fInt32", "-1", "28 ff ff ff ff ff ff ff ff ff 01");
    is(state, "Scalars", "fInt32", "0", "28 00");
    is(state, "Scalars", "fInt32", "007", "28 07");
    is(state, "Scalars", "fInt32", "-0", "28 00");
    is(state, "Scalars", "fSint64", "-9223372036854775808",
        "80 01 ff ff ff ff ff ff ff ff ff 01");
    is(state, "Scalars", "fUint64", "18446744073709551615",
        "20 ff ff ff ff ff ff ff ff ff 01");
    is(state, "Scalars", "fFixed32", "1", "3d 01 00 00 00");
    is(state, "Scalars", "fSfixed64", "-2", "71 fe ff ff ff ff ff ff ff");
    is_refused(state, "Scalars", "fInt32", "2147483648");
    is_refused(state, "Scalars", "fInt32", "-2147483649");
    is_refused(state, "Scalars", "fUint32", "-1");
    is_refused(state, "Scalars", "fUint64", "18446744073709551616");
    is_refused(state, "Scalars", "fUint64",
        "100000000000000000000000000000000000000000000000000");
    is_refused(state, "Scalars", "fInt32", "");
    is_refused(state, "Scalars", "fInt32", "-");
    is_refused(state, "Scalars", "fInt32", "1e2");
    is_refused(state, "Scalars", "fInt32", "1.0");
    is_refused(state, "Scalars", "fInt32", "+1");
    is_refused(state, "Scalars", "fInt32", " 1");
    is_refused(state, "Scalars", "fInt32", "0x1");
    is_refused(state, "Scalars", "fInt32", "1,2");
}

static void
floating_point_is_as_in_json(void **state)
{
    is(state, "Scalars", "fDouble", "1.5e0", "09 00 00 00 00 00 00 f8 3f");
    is(state, "Scalars", "fDouble", "-Infinity", "09 00 00 00 00 00 00 f0 ff");
    is(state, "Scalars", "fDouble", "-0", "09 00 00 00 00 00 00 00 80");
    is(state, "Scalars", "fFloat", "NaN", "15 00 00 c0 7f");
    is(state, "Scalars", "fFloat", "0", "15 00 00 00 00");
    is_refused(state, "Scalars", "fDouble", "1e309");
    is_refused(state, "Scalars", "fFloat", "3.5e38");
    is_refused(state, "Scalars", "fDouble", "inf");
    is_refused(state, "Scalars", "fDouble", "");
    is_refused(state, "Scalars", "fDouble", "1x");
    is_refused(state, "Scalars", "fDouble", "0x1p3");
}

static void
booleans_are_the_words_of_query_strings(void **state)
{
    static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
    static const char *const no[] = { "false", "0", "f", "F", "FALSE",
        "False" };

    for (size_t i = 0; i < 6; i++) {
        is(state, "Scalars", "fBool", yes[i], "40 01");
        is(state, "Scalars", "fBool", no[i], "40 00");
    }
    is_refused(state, "Scalars", "fBool", "");
    is_refused(state, "Scalars", "fBool", "yes");
    is_refused(state, "Scalars", "fBool", "tRUE");
    is_refused(state, "Scalars", "fBool", "2");
}

static void
enums_are_known_names_and_numbers(void **state)
{
    is(state, "Scalars", "fEnum", "GREEN", "60 02");
    is(state, "Scalars", "fEnum", "2", "60 02");
    is(state, "Scalars", "fEnum", "NONE", "60 00");
    is(state, "Scalars", "fEnum", "-7", "60 f9 ff ff ff ff ff ff ff ff 01");
    is_unknown(state, "Scalars", "fEnum", "green");
    is_unknown(state, "Scalars", "fEnum", "3");
    is_unknown(state, "Scalars", "fEnum", "4294967298");
    is_unknown(state, "Scalars", "fEnum", "2.0");
    is_unknown(state, "Scalars", "fEnum", "");
}

static void
a_repeated_field_gets_one_element(void **state)
{
    is(state, "Repeated", "rInt32", "5", "28 05");
    is(state, "Repeated", "rString", "a,b", "4a 03 61 2c 62");
    is(state, "Repeated", "rLoose", "0", "88 01 00");
    is(state, "WellKnown", "timestamps", "1970-01-01T00:00:01Z",
        "9a 01 04 08 01 10 00");
    is_refused(state, "Repeated", "rInt32", "[1]");
    is_refused(state, "Repeated", "rTree", "{}");
}

static void
times_are_written_with_their_zeros(void **state)
{
    is(state, "WellKnown", "timestamp", "1970-01-01T00:00:01.5Z",
        "0a 08 08 01 10 80 ca b5 ee 01");
    is(state, "WellKnown", "timestamp", "1970-01-01T00:00:00Z",
        "0a 04 08 00 10 00");
    is(state, "WellKnown", "duration", "3s", "12 04 08 03 10 00");
    is_refused(state, "WellKnown", "timestamp", "1970-01-01");
    is_refused(state, "WellKnown", "timestamp", "");
    is_refused(state, "WellKnown", "duration", "1h");
    is_refused(state, "WellKnown", "duration", "3");
}

static void
field_masks_may_be_in_camel_or_snake_case(void **state)
{
    is(state, "WellKnown", "mask", "a,fooBar.b",
        "1a 0e 0a 01 61 0a 09 66 6f 6f 5f 62 61 72 2e 62");
    is(state, "WellKnown", "mask", "a,foo_bar.b",
        "1a 0e 0a 01 61 0a 09 66 6f 6f 5f 62 61 72 2e 62");
    is(state, "WellKnown", "mask", "", "1a 00");
    is_refused(state, "WellKnown", "mask", "a,,b");
    is_refused(state, "WellKnown", "mask", "a b");
}

static void
wrappers_are_their_value_and_written_with_it(void **state)
{
    is(state, "WellKnown", "wInt32", "5", "62 02 08 05");
    is(state, "WellKnown", "wInt32", "0", "62 02 08 00");
    is(state, "WellKnown", "wString", "", "7a 02 0a 00");
    is(state, "WellKnown", "wBool", "true", "72 02 08 01");
    is(state, "WellKnown", "wBytes", "AQ", "82 01 03 0a 01 01");
    is(state, "WellKnown", "wDouble", "1", "42 09 09 00 00 00 00 00 00 f0 3f");
    is_refused(state, "WellKnown", "wInt32", "");
    is_refused(state, "WellKnown", "wInt32", "null");
    is_refused(state, "WellKnown", "wUint32", "-1");
}

static void
values_structs_and_lists_are_json(void **state)
{
    struct kit *kit = *state;

    is(state, "WellKnown", "value", "{\"a\":true}",
        "2a 0b 2a 09 0a 07 0a 01 61 12 02 20 01");
    is(state, "WellKnown", "value", "null", "2a 02 08 00");
    is(state, "WellKnown", "oNull", "null", "c0 01 00");
    is_unknown(state, "WellKnown", "oNull", "nul");
    is(state, "WellKnown", "struct", "{}", "22 00");
    is(state, "WellKnown", "list", " [true] ", "32 04 0a 02 20 01");
    is_refused(state, "WellKnown", "struct", "[]");
    assert_int_equal(convert(kit, "WellKnown", "value", "{", 1), PB_ESYNTAX);
    assert_int_equal(convert(kit, "WellKnown", "value", "abc", 3), PB_ESYNTAX);
    assert_int_equal(kit->wire.len, 0);
}

static void
options_bound_what_is_json(void **state)
{
    struct kit *kit = *state;

    kit->options.max_depth = 2;
    is(state, "WellKnown", "list", "[[]]", "32 04 0a 02 32 00");
    assert_int_equal(convert(kit, "WellKnown", "list", "[[[]]]", 6), PB_ELIMIT);
    kit->options.max_elements = 2;
    assert_int_equal(convert(kit, "WellKnown", "list", "[1,2,3]", 7), PB_EMANY);
}

static void
messages_and_maps_are_refused(void **state)
{
    is_refused(state, "Tree", "left", "{}");
    is_refused(state, "Tree", "left", "");
    is_refused(state, "WellKnown", "any", "{}");
    is_refused(state, "WellKnown", "empty", "{}");
    is_refused(state, "Maps", "byString", "{}");
    is_refused(state, "tests.reader2.Loose", "inner", "{}");
}

static void
the_buffer_is_as_before_after_an_error(void **state)
{
    struct kit *kit = *state;
    const struct pb_field *f = kit_field(kit, "M", "s");

    assert_int_equal(pb_buf_put(&kit->wire, "xy", 2), PB_OK);
    assert_int_equal(pb_text_to_wire(f, &kit->options, "a\xff", 2, &kit->wire,
                         NULL),
        PB_EVALUE);
    assert_int_equal(kit->wire.len, 2);
    kit->wire.max = 5;
    kit->wire.cap = 5;
    assert_int_equal(pb_text_to_wire(f, &kit->options, "abcd", 4, &kit->wire,
                         &kit->error),
        PB_EFULL);
    assert_int_equal(kit->error.kind, PB_EFULL);
    assert_int_equal(kit->wire.len, 2);
    assert_int_equal(pb_text_to_wire(f, &kit->options, "a", 1, &kit->wire,
                         &kit->error),
        PB_OK);
    assert_memory_equal(kit->wire.data,
        "xy\x1a\x01"
        "a",
        5);
}

static void
the_message_says_what_was_expected(void **state)
{
    struct kit *kit = *state;

    assert_int_equal(convert(kit, "M", "i", "abc", 3), PB_EVALUE);
    assert_string_equal(kit->error.message, "expected an int32, found \"abc\"");
    assert_int_equal(convert(kit, "M", "i", "4294967296", 10), PB_EVALUE);
    assert_string_equal(kit->error.message,
        "expected an int32, found \"4294967296\", which is out of range");
    assert_int_equal(convert(kit, "M", "e", "x\n", 2), PB_EUNKNOWN);
    assert_string_equal(kit->error.message,
        "expected a value of enum tests.reader.Color, found \"x\\u000a\"");
    assert_int_equal(convert(kit, "Tree", "left", "x", 1), PB_EVALUE);
    assert_string_equal(kit->error.message,
        "a tests.reader.Tree cannot be given as text, only its fields can");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(strings_are_taken_as_they_are),
        TEST(bytes_are_base64),
        TEST(integers_are_decimal_and_in_range),
        TEST(floating_point_is_as_in_json),
        TEST(booleans_are_the_words_of_query_strings),
        TEST(enums_are_known_names_and_numbers),
        TEST(a_repeated_field_gets_one_element),
        TEST(times_are_written_with_their_zeros),
        TEST(field_masks_may_be_in_camel_or_snake_case),
        TEST(wrappers_are_their_value_and_written_with_it),
        TEST(values_structs_and_lists_are_json),
        TEST(options_bound_what_is_json),
        TEST(messages_and_maps_are_refused),
        TEST(the_buffer_is_as_before_after_an_error),
        TEST(the_message_says_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
