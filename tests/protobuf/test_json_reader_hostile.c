/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader against broken texts, limits and short memory: whatever
 * comes, and however it is cut, it ends in the same result or the same error.
 */
#include "tests/memory.h"
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Texts -------------------------------------------------------------- */

/* Between them they have a token of every kind. */
static const struct {
    const char *type;
    const char *text;
} texts[] = {
    { "M",
        "{\"i\":-12,\"l\":\"7\",\"s\":\"a\\n\\u00e9\xc3\xa9\\ud83d\\ude01\","
        "\"b\":\"AQI=\",\"r\":[1,2e1],\"m\":{\"5\":\"x\"},\"e\":\"RED\","
        "\"x\":0,\"p\":null}" },
    { "M",
        "{\"t\":\"1970-01-01T00:00:01.5Z\",\"v\":{\"a\":[1,\"x\",null,true,"
        "{\"b\":{}}],\"c\":-0.5e-3}}" },
    { "Scalars",
        "{\"fDouble\":1.25,\"fFloat\":\"NaN\",\"fBool\":true,"
        "\"fUint64\":\"18446744073709551615\",\"fSint32\":-1,"
        "\"fFixed32\":1,\"fEnum\":3}" },
    { "Maps",
        "{\"byString\":{\"a\":\"b\",\"\\u0063\":\"\"},\"byBool\":"
        "{\"true\":1},\"byInt64\":{\"-1\":{\"name\":\"q\"}}}" },
    { "WellKnown",
        "{\"any\":{\"weight\":1,\"name\":\"n\",\"@type\":"
        "\"x/tests.reader.Tree\",\"left\":{}},\"mask\":\"a,bC\"}" },
    { "WellKnown",
        "{\"any\":{\"value\":{\"value\":\"1.5s\",\"@type\":"
        "\"x/google.protobuf.Duration\"},\"@type\":"
        "\"x/google.protobuf.Any\"},\"wInt32\":4,\"oNull\":null}" },
    { "tests.reader2.Loose",
        "{\"inner\":{\"a\":1},\"[tests.reader2.extra]\":5,\"item\":[{}]}" },
};

#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

/* ---- Broken in every way ------------------------------------------------ */

static void
a_text_that_stops_anywhere_is_refused(void **state)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct kit *kit = *state;
        size_t len = strlen(texts[i].text);

        assert_int_equal(kit_read_all(kit, texts[i].type, texts[i].text, len),
            PB_OK);
        for (size_t n = 0; n < len; n++)
            assert_int_equal(kit_read_all(kit, texts[i].type, texts[i].text, n),
                PB_ESYNTAX);
    }
}

/* Calls the reader with one byte replaced, put in or taken out. */
static void
break_everywhere(struct kit *kit, const char *type, const char *text,
    const char *bytes, size_t n_bytes)
{
    size_t len = strlen(text);
    char broken[512];

    assert_true(len + 1 < sizeof(broken));
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < n_bytes; i++) {
            memcpy(broken, text, len);
            broken[at] = bytes[i];
            kit_read_some(kit, type, broken, len);
            memcpy(broken + at + 1, text + at, len - at);
            kit_read_some(kit, type, broken, len + 1);
        }
        memcpy(broken, text, at);
        memcpy(broken + at, text + at + 1, len - at - 1);
        kit_read_some(kit, type, broken, len - 1);
    }
}

static void
a_broken_byte_has_the_same_effect_however_the_text_is_cut(void **state)
{
    static const char bytes[] = "\"\\{}[]:,0-.e u@\n\x01\x80\xc3";
    struct kit *kit = *state;

    for (size_t i = 0; i < N_TEXTS; i++)
        break_everywhere(kit, texts[i].type, texts[i].text, bytes,
            sizeof(bytes));
}

static void
a_broken_byte_in_what_is_skipped_too(void **state)
{
    static const char bytes[] = "\"\\}],0e\x80";
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    for (size_t i = 0; i < N_TEXTS; i++)
        break_everywhere(kit, "Names", texts[i].text, bytes, sizeof(bytes));
}

/* ---- Limits ------------------------------------------------------------- */

static void
a_message_may_be_exactly_as_long_as_its_limit(void **state)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct kit *kit = *state;
        const char *text = texts[i].text;
        bool keeps_text = strstr(text, "@type") != NULL; /* of an Any */
        size_t exact;

        kit->max = 64 << 20;
        assert_int_equal(kit_read(kit, texts[i].type, text, strlen(text), 0, 1),
            PB_OK);
        exact = kit->wire.len;
        for (kit->max = 0; kit->max < exact; kit->max++) {
            enum pb_err err =
                kit_read_all(kit, texts[i].type, text, strlen(text));

            if (err != PB_ELIMIT || !keeps_text)
                assert_int_equal(err, PB_EFULL);
        }
        if (!keeps_text)
            assert_int_equal(kit_read_all(kit, texts[i].type, text,
                                 strlen(text)),
                PB_OK);
    }
}

static void
a_string_as_long_as_the_limit_is_taken_whole_and_in_pieces(void **state)
{
    struct kit *kit = *state;
    char text[400];
    int n = snprintf(text, sizeof(text), "{\"s\":\"%0300d\"}", 0);

    kit->max = 303;
    assert_int_equal(kit_read_all(kit, "M", text, (size_t)n), PB_OK);
    kit->max = 302;
    assert_int_equal(kit_read_all(kit, "M", text, (size_t)n), PB_EFULL);
    text[6] = 'b'; /* "s" to "b": bytes need three quarters */
    text[2] = 'b';
    kit->max = 228;
    assert_int_equal(kit_read_all(kit, "M", text, (size_t)n), PB_OK);
    kit->max = 227;
    assert_int_equal(kit_read_all(kit, "M", text, (size_t)n), PB_EFULL);
}

/* {"v":[[[...]]]}: n containers in all. */
static size_t
nest(char *text, size_t n, bool closed)
{
    size_t len = 5;

    memcpy(text, "{\"v\":", 5);
    for (size_t i = 1; i < n; i++)
        text[len++] = '[';
    for (size_t i = 1; i < n && closed; i++)
        text[len++] = ']';
    if (closed)
        text[len++] = '}';
    return len;
}

static void
nesting_is_limited_to_100_unless_said_otherwise(void **state)
{
    struct kit *kit = *state;
    char text[1024];

    assert_int_equal(kit_read_all(kit, "M", text, nest(text, 100, true)),
        PB_OK);
    assert_int_equal(kit_read_all(kit, "M", text, nest(text, 101, true)),
        PB_ELIMIT);
    assert_int_equal(kit->error.column, 5 + 100);
    kit->options.max_depth = 3;
    assert_int_equal(kit_read_all(kit, "M", text, nest(text, 3, true)), PB_OK);
    assert_int_equal(kit_read_all(kit, "M", text, nest(text, 4, true)),
        PB_ELIMIT);
    kit->options.max_depth = 400;
    assert_int_equal(kit_read_all(kit, "M", text, nest(text, 400, true)),
        PB_OK);
}

/* The text has exactly n fields, elements and entries: n may be taken, and with
 * n - 1 the last one is refused, in that column. */
static void
has_elements(void **state, const char *type, const char *text, unsigned n,
    unsigned column)
{
    struct kit *kit = *state;

    kit->options.max_elements = n;
    assert_int_equal(kit_read_all(kit, type, text, strlen(text)), PB_OK);
    kit->options.max_elements = n - 1;
    assert_int_equal(kit_read_all(kit, type, text, strlen(text)), PB_EMANY);
    assert_int_equal(kit->error.column, column);
}

static void
elements_are_limited_on_demand(void **state)
{
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    has_elements(state, "M", "{\"i\":1,\"s\":\"\"}", 2, 12);
    has_elements(state, "M", "{\"r\":[1,2,3]}", 4, 11);
    has_elements(state, "Repeated", "{\"rDouble\":[1.5,2e3,\"NaN\",4]}", 5, 27);
    has_elements(state, "Repeated", "{\"rString\":[\"a\",\"b\",\"c\"]}", 4, 21);
    has_elements(state, "Repeated", "{\"rBool\":[true,false]}", 3, 16);
    has_elements(state, "Repeated", "{\"rBytes\":[\"AA==\",\"\"]}", 3, 19);
    has_elements(state, "Repeated", "{\"rTree\":[{},{},{}]}", 4, 17);
    has_elements(state, "Maps", "{\"byInt32\":{\"1\":1,\"2\":2}}", 3, 23);
    has_elements(state, "Maps", "{\"byString\":{\"1\":\"\",\"2\":\"\"}}", 3,
        25);
    has_elements(state, "Tree", "{\"left\":{\"left\":{}}}", 2, 17);
    has_elements(state, "Tree", "{\"zz\":[{},[1,\"x\",null]]}", 6, 18);
    has_elements(state, "WellKnown", "{\"list\":[[],[],[[]]]}", 5, 17);
    has_elements(state, "WellKnown", "{\"value\":[1,\"a\",true]}", 4, 17);
    has_elements(state, "WellKnown", "{\"wInt64\":\"5\",\"value\":null}", 2,
        23);
}

static void
what_an_Any_keeps_until_its_type_counts_twice(void **state)
{
    has_elements(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/tests.reader.Tree\",\"left\":{}}}", 3, 46);
    has_elements(state, "WellKnown",
        "{\"any\":{\"left\":{},\"@type\":\"x/tests.reader.Tree\"}}", 4, 16);
}

static void
the_limit_on_elements_is_told_with_its_place(void **state)
{
    struct kit *kit = *state;

    kit->options.max_elements = 3;
    refuses_at(state, "M", "{\"r\":[1,2,3]}", PB_EMANY, 11, "r[2]");
    assert_string_equal(kit->error.message,
        "expected at most 3 fields and elements in one message, found more");
}

static void
nesting_counts_in_messages_maps_and_what_is_skipped(void **state)
{
    struct kit *kit = *state;

    kit->options.max_depth = 3;
    kit->options.ignore_unknown = true;
    gives(state, "Tree", "{\"left\":{\"left\":{}}}", "12 02 12 00");
    refuses(state, "Tree", "{\"left\":{\"left\":{\"left\":{}}}}", PB_ELIMIT);
    refuses(state, "Tree", "{\"children\":[{\"children\":[]}]}", PB_ELIMIT);
    refuses(state, "Maps", "{\"byInt64\":{\"1\":{\"left\":{}}}}", PB_ELIMIT);
    gives(state, "Tree", "{\"zz\":[{}],\"yy\":{\"a\":[]}}", "");
    refuses(state, "Tree", "{\"zz\":[[{}]]}", PB_ELIMIT);
    refuses(state, "WellKnown",
        "{\"any\":{\"value\":{\"value\":{},"
        "\"@type\":\"x/google.protobuf.Any\"},"
        "\"@type\":\"x/google.protobuf.Any\"}}",
        PB_ELIMIT);
}

static void
a_million_brackets_are_refused_at_the_hundredth(void **state)
{
    struct kit *kit = *state;
    size_t n = 1000000;
    char *text = malloc(n + 16);

    assert_non_null(text);
    assert_int_equal(kit_read(kit, "M", text, nest(text, n, false), 0, n + 16),
        PB_ELIMIT);
    assert_int_equal(kit->error.offset, 5 + 99);
    free(text);
}

static void
names_and_values_have_a_longest(void **state)
{
    struct kit *kit = *state;
    size_t room = 70000;
    char *text = malloc(room);
    int n = snprintf(text, room, "{\"%065535d\":1}", 0);

    assert_int_equal(kit_read_some(kit, "M", text, (size_t)n), PB_EUNKNOWN);
    n = snprintf(text, room, "{\"%065536d\":1}", 0);
    assert_int_equal(kit_read_some(kit, "M", text, (size_t)n), PB_ELIMIT);
    n = snprintf(text, room, "{\"e\":\"%065536d\"}", 0);
    assert_int_equal(kit_read_some(kit, "M", text, (size_t)n), PB_ELIMIT);
    n = snprintf(text, room, "{\"e\":\"\\n%065535d\"}", 0);
    assert_int_equal(kit_read_some(kit, "M", text, (size_t)n), PB_ELIMIT);
    kit->options.ignore_unknown = true;
    n = snprintf(text, room, "{\"zz\":{\"%066000d\":\"%0100d\"}}", 0, 0);
    assert_int_equal(kit_read_some(kit, "M", text, (size_t)n), PB_OK);
    free(text);
}

/* ---- Short memory ------------------------------------------------------- */

/* A fresh reader and buffer, with what grows failing from the nth time on. */
static enum pb_err
read_with(struct kit *kit, size_t i, unsigned long n, size_t piece)
{
    enum pb_err err;

    pb_json_reader_free(&kit->reader);
    kit->reader = pb_json_reader_new();
    assert_non_null(kit->reader);
    memory_fail_from(n);
    err = kit_read(kit, texts[i].type, texts[i].text, strlen(texts[i].text), 0,
        piece);
    memory_suffices();
    return err;
}

static void
every_allocation_may_fail(void **state)
{
    struct kit *kit = *state;

    for (size_t i = 0; i < N_TEXTS; i++) {
        for (size_t piece = 1; piece < 1000; piece += 998) {
            unsigned long n = 1;

            for (; read_with(kit, i, n, piece) != PB_OK; n++) {
                assert_int_equal(kit->error.kind, PB_ENOMEM);
                assert_string_equal(kit->error.message, "out of memory");
            }
            assert_true(n > 1);
        }
    }
}

static void
a_reader_is_of_use_again_after_an_error(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        refuses(state, "WellKnown", "{\"any\":{\"a\":{\"b\":[1,\"x",
            PB_ESYNTAX);
        refuses(state, "Maps", "{\"byString\":{\"a\":\"\",\"b\":1}}",
            PB_EVALUE);
        gives(state, "M", "{\"i\":1}", "08 01");
    }
}

static void
a_refused_value_stays_refused(void **state)
{
    struct kit *kit = *state;
    size_t used = 7;

    pb_json_reader_start(kit->reader, kit_message(kit, "M"), &kit->options,
        &kit->wire);
    assert_int_equal(pb_json_reader_feed(kit->reader, "{]", 2, &used,
                         &kit->error),
        PB_JSON_ERROR);
    assert_int_equal(pb_json_reader_feed(kit->reader, "}", 1, &used,
                         &kit->error),
        PB_JSON_ERROR);
    assert_int_equal(used, 0);
    assert_int_equal(kit->error.kind, PB_ESYNTAX);
    assert_int_equal(pb_json_reader_finish(kit->reader, NULL), PB_JSON_ERROR);
}

/* ---- The stream around a value ------------------------------------------ */

static void
a_value_ends_where_it_ends_and_leaves_the_rest(void **state)
{
    struct kit *kit = *state;
    static const char text[] = " {\"i\":1}\n{\"i\":2}";
    size_t used;

    pb_json_reader_start(kit->reader, kit_message(kit, "M"), &kit->options,
        &kit->wire);
    assert_true(pb_json_reader_is_blank(kit->reader));
    assert_int_equal(pb_json_reader_feed(kit->reader, text, 1, &used,
                         &kit->error),
        PB_JSON_MORE);
    assert_true(pb_json_reader_is_blank(kit->reader));
    assert_int_equal(pb_json_reader_feed(kit->reader, text + 1,
                         strlen(text) - 1, &used, &kit->error),
        PB_JSON_DONE);
    assert_int_equal(used, 7);
    assert_false(pb_json_reader_is_blank(kit->reader));
    assert_int_equal(pb_json_reader_feed(kit->reader, text + 8, 8, &used,
                         &kit->error),
        PB_JSON_DONE);
    assert_int_equal(used, 0);
    assert_int_equal(pb_json_reader_finish(kit->reader, &kit->error),
        PB_JSON_DONE);
    assert_int_equal(kit->wire.len, 2);
}

static void
a_number_at_the_top_ends_at_the_byte_after_it(void **state)
{
    struct kit *kit = *state;
    const struct pb_message *m =
        kit_message(kit, "google.protobuf.UInt32Value");
    size_t used;

    pb_json_reader_start(kit->reader, m, &kit->options, &kit->wire);
    assert_int_equal(pb_json_reader_feed(kit->reader, "12", 2, &used,
                         &kit->error),
        PB_JSON_MORE);
    assert_int_equal(pb_json_reader_feed(kit->reader, "3,4", 3, &used,
                         &kit->error),
        PB_JSON_DONE);
    assert_int_equal(used, 1);
    assert_memory_equal(kit->wire.data, "\x08\x7b", 2);
    pb_json_reader_start(kit->reader, m, &kit->options, &kit->wire);
    assert_int_equal(pb_json_reader_feed(kit->reader, "7", 1, NULL,
                         &kit->error),
        PB_JSON_MORE);
    assert_int_equal(pb_json_reader_finish(kit->reader, &kit->error),
        PB_JSON_DONE);
    assert_memory_equal(kit->wire.data + 2, "\x08\x07", 2);
}

static void
what_stood_in_the_buffer_before_stays(void **state)
{
    struct kit *kit = *state;
    static const char text[] = "{\"left\":{\"name\":\"abc\"}}";

    assert_int_equal(pb_buf_put(&kit->wire, "before", 6), PB_OK);
    assert_int_equal(pb_json_to_wire(kit->reader, kit_message(kit, "Tree"),
                         &kit->options, text, strlen(text), &kit->wire,
                         &kit->error),
        PB_OK);
    assert_int_equal(kit->wire.len, 13);
    assert_memory_equal(kit->wire.data,
        "before\x12\x05\x0a\x03"
        "abc",
        13);
}

/* Reads byte by byte and takes away what is settled after each. */
static void
drain(struct kit *kit, const char *type, const char *text, struct pb_buf *to)
{
    size_t used;

    pb_json_reader_start(kit->reader, kit_message(kit, type), &kit->options,
        &kit->wire);
    for (size_t i = 0; i < strlen(text); i++) {
        enum pb_json_state s =
            pb_json_reader_feed(kit->reader, text + i, 1, &used, &kit->error);
        size_t n = pb_json_reader_settled(kit->reader);

        if (s == PB_JSON_ERROR)
            fail_msg("%s", kit->error.message);
        assert_true(n <= kit->wire.len);
        assert_int_equal(pb_buf_put(to, kit->wire.data, n), PB_OK);
        if (n > 0)
            memmove(kit->wire.data, kit->wire.data + n, kit->wire.len - n);
        kit->wire.len -= n;
        pb_json_reader_shifted(kit->reader, n);
    }
}

static void
settled_bytes_may_be_taken_away(void **state)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct kit *kit = *state;
        struct pb_buf drained;
        const char *text = texts[i].text;

        pb_buf_init_heap(&drained, 1 << 20);
        kit->wire.len = 0;
        drain(kit, texts[i].type, text, &drained);
        assert_int_equal(kit->wire.len, 0);
        assert_int_equal(kit_read(kit, texts[i].type, text, strlen(text), 0,
                             4096),
            PB_OK);
        assert_int_equal(drained.len, kit->wire.len);
        assert_memory_equal(drained.data, kit->wire.data, drained.len);
        pb_buf_fini_heap(&drained);
    }
}

static void
elements_of_a_long_list_settle_one_by_one(void **state)
{
    struct kit *kit = *state;
    static const char text[] = "{\"rString\":[\"abc\",\"def\",\"g";
    size_t used;

    pb_json_reader_start(kit->reader, kit_message(kit, "Repeated"),
        &kit->options, &kit->wire);
    assert_int_equal(pb_json_reader_feed(kit->reader, text, strlen(text), &used,
                         &kit->error),
        PB_JSON_MORE);
    assert_int_equal(pb_json_reader_settled(kit->reader), 10);
}

/* ---- One field ---------------------------------------------------------- */

static enum pb_err
read_field(struct kit *kit, const char *message, const char *field,
    const char *text)
{
    enum pb_json_state s;
    size_t used;

    kit->wire.len = 0;
    pb_json_reader_start_field(kit->reader, kit_field(kit, message, field),
        &kit->options, &kit->wire);
    s = pb_json_reader_feed(kit->reader, text, strlen(text), &used,
        &kit->error);
    if (s == PB_JSON_MORE)
        s = pb_json_reader_finish(kit->reader, &kit->error);
    return s == PB_JSON_DONE ? PB_OK : kit->error.kind;
}

static void
is_field(struct kit *kit, const char *message, const char *field,
    const char *text, const char *wire, size_t len)
{
    if (read_field(kit, message, field, text) != PB_OK)
        fail_msg("%s: %s", text, kit->error.message);
    assert_int_equal(kit->wire.len, len);
    if (len > 0)
        assert_memory_equal(kit->wire.data, wire, len);
}

static void
the_value_of_one_field_is_written_with_its_tag(void **state)
{
    struct kit *kit = *state;

    is_field(kit, "M", "i", "5", "\x08\x05", 2);
    is_field(kit, "M", "s", "\"a\"",
        "\x1a\x01"
        "a",
        3);
    is_field(kit, "M", "r", "[1,2]", "\x2a\x02\x01\x02", 4);
    is_field(kit, "M", "m", "{\"5\":\"a\"}",
        "\x32\x05\x08\x05\x12\x01"
        "a",
        7);
    is_field(kit, "M", "x", "0", "\x40\x00", 2);
    is_field(kit, "Tree", "left", "{\"weight\":1}", "\x12\x02\x28\x01", 4);
    is_field(kit, "Tree", "children", "[{},{\"weight\":1}]",
        "\x22\x00\x22\x02\x28\x01", 6);
    is_field(kit, "Tree", "left", "null", "", 0);
    is_field(kit, "M", "v", "null", "\x62\x02\x08\x00", 4);
}

static void
errors_in_one_field_have_its_name_in_their_path(void **state)
{
    struct kit *kit = *state;

    assert_int_equal(read_field(kit, "Tree", "left", "[]"), PB_EVALUE);
    assert_string_equal(kit->error.path, "left");
    assert_int_equal(read_field(kit, "Tree", "children",
                         "[{},{\"weight\":{}}]"),
        PB_EVALUE);
    assert_string_equal(kit->error.path, "children[1].weight");
    assert_int_equal(read_field(kit, "M", "i", ""), PB_ESYNTAX);
    assert_int_equal(read_field(kit, "M", "r", "1"), PB_EVALUE);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_text_that_stops_anywhere_is_refused),
        TEST(a_broken_byte_has_the_same_effect_however_the_text_is_cut),
        TEST(a_broken_byte_in_what_is_skipped_too),
        TEST(a_message_may_be_exactly_as_long_as_its_limit),
        TEST(a_string_as_long_as_the_limit_is_taken_whole_and_in_pieces),
        TEST(nesting_is_limited_to_100_unless_said_otherwise),
        TEST(elements_are_limited_on_demand),
        TEST(what_an_Any_keeps_until_its_type_counts_twice),
        TEST(the_limit_on_elements_is_told_with_its_place),
        TEST(nesting_counts_in_messages_maps_and_what_is_skipped),
        TEST(a_million_brackets_are_refused_at_the_hundredth),
        TEST(names_and_values_have_a_longest),
        TEST(every_allocation_may_fail),
        TEST(a_reader_is_of_use_again_after_an_error),
        TEST(a_refused_value_stays_refused),
        TEST(a_value_ends_where_it_ends_and_leaves_the_rest),
        TEST(a_number_at_the_top_ends_at_the_byte_after_it),
        TEST(what_stood_in_the_buffer_before_stays),
        TEST(settled_bytes_may_be_taken_away),
        TEST(elements_of_a_long_list_settle_one_by_one),
        TEST(the_value_of_one_field_is_written_with_its_tag),
        TEST(errors_in_one_field_have_its_name_in_their_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
