/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields a JSON object gives, as the paths of a FieldMask. */
#include "protobuf/json_paths.h"
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "protobuf/wire.h"

/* The paths in out, each with a space before it. */
static void
show_paths(const struct pb_buf *out, char *shown, size_t room)
{
    const uint8_t *p = out->data, *end;
    size_t n = 0;

    shown[0] = '\0';
    if (out->len == 0)
        return;
    for (end = p + out->len; p < end;) {
        size_t len;

        assert_int_equal(*p, 0x0a);
        p = pb_len_read(p + 1, end, &len);
        assert_non_null(p);
        n += (size_t)snprintf(shown + n, room - n, " %.*s", (int)len,
            (const char *)p);
        assert_true(n < room);
        p += len;
    }
}

/* Looks at a copy that ends where the text ends. */
static enum pb_err
find_paths(const struct kit *kit, const char *type, const char *text,
    size_t len, struct pb_buf *out)
{
    char *copy = malloc(len > 0 ? len : 1);
    enum pb_err err;

    assert_non_null(copy);
    memcpy(copy, text, len);
    err = pb_json_paths(kit_message(kit, type), &kit->options, copy, len, out);
    free(copy);
    return err;
}

/* A text that a reader accepts has these paths. */
static void
has(void **state, const char *type, const char *text, const char *expected)
{
    struct kit *kit = *state;
    char shown[4096];
    struct pb_buf out;

    assert_int_equal(kit_read_some(kit, type, text, strlen(text)), PB_OK);
    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(find_paths(kit, type, text, strlen(text), &out), PB_OK);
    show_paths(&out, shown, sizeof shown);
    assert_string_equal(shown, expected);
    pb_buf_fini_heap(&out);
}

/* ---- Leaves -------------------------------------------------------------- */

static void
each_key_is_a_path_in_the_order_of_the_text(void **state)
{
    has(state, "Tree", "{\"weight\":1,\"name\":\"a\"}", " weight name");
    has(state, "Tree", " {\n\t\"name\" : \"a\" ,\r\n \"weight\" :1 } ",
        " name weight");
}

static void
an_empty_object_has_none(void **state)
{
    has(state, "Tree", "{}", "");
    has(state, "Tree", " { } ", "");
}

static void
paths_are_written_as_in_the_proto(void **state)
{
    has(state, "Scalars", "{\"fDouble\":1,\"f_float\":2}", " f_double f_float");
    has(state, "Names",
        "{\"fooBar\":\"\",\"heading\":\"\",\"title\":\"\",\"Foo\":\"\","
        "\"FIELDNAME11\":\"\"}",
        " foo_bar title heading_text _foo FIELD_NAME11");
}

static void
null_gives_the_path(void **state)
{
    has(state, "Tree", "{\"name\":null,\"left\":null,\"children\":null}",
        " name left children");
}

static void
defaults_give_the_path(void **state)
{
    has(state, "M", "{\"i\":0,\"s\":\"\",\"e\":\"NONE\",\"r\":[],\"m\":{}}",
        " i s e r m");
}

static void
repeated_fields_and_maps_are_leaves(void **state)
{
    has(state, "Tree", "{\"children\":[{\"name\":\"a\"},{\"left\":{}}]}",
        " children");
    has(state, "Maps", "{\"byInt64\":{\"1\":{\"name\":\"a\"}}}", " by_int64");
}

static void
well_known_types_are_leaves(void **state)
{
    has(state, "WellKnown",
        "{\"timestamp\":\"1970-01-01T00:00:00Z\",\"struct\":{\"a\":{\"b\":1}},"
        "\"value\":{\"name\":2},\"list\":[{}],\"wString\":\"s\",\"any\":"
        "{\"@type\":\"x/tests.reader.Tree\",\"name\":\"a\"},\"mask\":\"a\","
        "\"null\":null,\"oValue\":null}",
        " timestamp struct value list w_string any mask null o_value");
}

static void
any_text_may_stand_in_a_value(void **state)
{
    has(state, "M",
        "{\"s\":\"}],\\\"{\\\\\",\"v\":[\"]\",{\"}\":-1.5e3},true,[[]]],"
        "\"i\":1}",
        " s v i");
    has(state, "M", "{\"s\":\"\xc3\xa9\xf0\x9f\x98\x81\\u00e9\"}", " s");
}

/* ---- Nesting -------------------------------------------------------------- */

static void
a_path_goes_down_to_its_leaf(void **state)
{
    has(state, "Tree",
        "{\"left\":{\"name\":\"a\",\"right\":{\"weight\":1,\"left\":null}},"
        "\"name\":\"b\"}",
        " left.name left.right.weight left.right.left name");
}

static void
an_empty_message_is_its_own_path(void **state)
{
    has(state, "Tree", "{\"left\":{},\"right\":{\"left\":{ }}}",
        " left right.left");
    has(state, "WellKnown", "{\"empty\":{},\"oTree\":{\"weight\":1}}",
        " empty o_tree.weight");
}

static void
groups_are_messages(void **state)
{
    has(state, "tests.reader2.Loose", "{\"inner\":{\"a\":1},\"item\":[{}]}",
        " inner.a item");
}

static void
depth_is_that_of_the_reader(void **state)
{
    struct kit *kit = *state;
    char text[20000], shown[8000];
    size_t n = 0;
    struct pb_buf out;

    kit->options.max_depth = 1000;
    for (unsigned i = 0; i < 1000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "{%s",
            i < 999 ? "\"left\":" : "");
    for (unsigned i = 0; i < 1000; i++)
        text[n++] = '}';
    text[n] = '\0';
    assert_int_equal(kit_read(kit, "Tree", text, n, n, n), PB_OK);
    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(find_paths(kit, "Tree", text, n, &out), PB_OK);
    show_paths(&out, shown, sizeof shown);
    assert_int_equal(strlen(shown), 999 * 5);
    pb_buf_fini_heap(&out);
}

static void
over_a_thousand_objects_are_over_the_limit(void **state)
{
    struct kit *kit = *state;
    char text[20000];
    size_t n = 0;
    struct pb_buf out;

    for (unsigned i = 0; i < 1001; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "{\"left\":");
    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(find_paths(kit, "Tree", text, n, &out), PB_ELIMIT);
    pb_buf_fini_heap(&out);
}

/* ---- Names ---------------------------------------------------------------- */

static void
names_may_be_escaped(void **state)
{
    has(state, "Tree", "{\"n\\u0061me\":\"a\",\"\\u006c\\u0065ft\":{}}",
        " name left");
    has(state, "Tree", "{\"\\u0072ight\":{\"w\\u0065ight\":\"\\u0031\"}}",
        " right.weight");
}

static void
unknown_names_do_not_count(void **state)
{
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    has(state, "Tree",
        "{\"zzz\":{\"name\":[1,\"}\"]},\"name\":\"a\",\"\\ud83d\\ude01\":1,"
        "\"\\b\\f\\n\\r\\t\\\"\\\\\\/\":null}",
        " name");
    has(state, "Tree", "{\"left\":{\"zzz\":1}}", " left");
    has(state, "Tree", "{\"zzz\":1}", "");
}

static void
unknown_values_of_enums_do_not_count(void **state)
{
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    has(state, "M", "{\"e\":\"PURPLE\",\"i\":1}", " i");
    has(state, "M", "{\"e\":\"GR\\u0045EN\"}", " e");
    has(state, "M", "{\"e\":\"2\"}", " e");
    has(state, "M", "{\"e\":77}", " e");
    has(state, "M", "{\"e\":null}", " e");
    has(state, "Repeated", "{\"rEnum\":[\"PURPLE\"]}", " r_enum");
}

static void
what_a_mask_cannot_name_leaves_no_mask(void **state)
{
    has(state, "tests.reader2.Loose",
        "{\"number\":1,\"[tests.reader2.extra]\":1,\"text\":\"a\"}", "");
    has(state, "tests.reader2.Loose", "{\"[tests.reader2.nested]\":{}}", "");
}

static void
what_is_no_object_has_no_paths(void **state)
{
    struct kit *kit = *state;
    static const char *const texts[] = { "", " ", "null", "[{\"name\":1}]",
        "\"name\"", "1" };
    struct pb_buf out;

    pb_buf_init_heap(&out, 1 << 20);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(find_paths(kit, "Tree", texts[i], strlen(texts[i]),
                             &out),
            PB_OK);
    assert_int_equal(pb_json_paths(kit_message(kit, "Tree"), NULL, NULL, 0,
                         &out),
        PB_OK);
    assert_int_equal(out.len, 0);
    pb_buf_fini_heap(&out);
}

/* ---- Trouble -------------------------------------------------------------- */

static void
a_full_buffer_is_left_as_it_was(void **state)
{
    struct kit *kit = *state;
    static const char text[] = "{\"left\":{\"name\":\"a\",\"weight\":1}}";
    struct pb_buf out;

    for (size_t room = 0; room < 24; room++) {
        pb_buf_init_heap(&out, 3 + room);
        assert_int_equal(pb_buf_put(&out, "abc", 3), PB_OK);
        assert_int_equal(find_paths(kit, "Tree", text, sizeof text - 1, &out),
            PB_EFULL);
        assert_int_equal(out.len, 3);
        pb_buf_fini_heap(&out);
    }
    pb_buf_init_heap(&out, 3 + 24);
    assert_int_equal(find_paths(kit, "Tree", text, sizeof text - 1, &out),
        PB_OK);
    assert_int_equal(out.len, 24);
    pb_buf_fini_heap(&out);
}

static void
a_text_that_breaks_off_is_an_error(void **state)
{
    struct kit *kit = *state;
    static const char text[] =
        "{\"left\":{\"n\\u0061me\":\"a\\n\",\"e\":[{},1]},\"weight\":12}";
    struct pb_buf out;

    pb_buf_init_heap(&out, 1 << 20);
    for (size_t n = 1; n < sizeof text - 1; n++) {
        assert_int_equal(find_paths(kit, "Tree", text, n, &out), PB_ESYNTAX);
        assert_int_equal(out.len, 0);
    }
    pb_buf_fini_heap(&out);
}

static void
what_no_reader_accepts_is_an_error_or_nothing(void **state)
{
    static const char *const broken[] = { "{\"name\" 1}", "{name:1}", "{]",
        "{\"name\":}", "{\"name\":]}", "{\"\\ud800\":1}", "{\"\\udc00\":1}",
        "{\"\\ud800\\u0041\":1}", "{\"\\ud800\\\\\":1}", "{\"\\uzzzz\":1}",
        "{\"\\u00\":1}", "{\"\\q\":1}", "{\"a\\", "{\"e\":\"\\q\"}" };
    struct kit *kit = *state;
    struct pb_buf out;

    kit->options.ignore_unknown = true;
    pb_buf_init_heap(&out, 1 << 20);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(find_paths(kit, "M", broken[i], strlen(broken[i]),
                             &out),
            PB_ESYNTAX);
        assert_int_equal(out.len, 0);
    }
    pb_buf_fini_heap(&out);
}

#define WITH_KIT(test) \
    cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(each_key_is_a_path_in_the_order_of_the_text),
        WITH_KIT(an_empty_object_has_none),
        WITH_KIT(paths_are_written_as_in_the_proto),
        WITH_KIT(null_gives_the_path),
        WITH_KIT(defaults_give_the_path),
        WITH_KIT(repeated_fields_and_maps_are_leaves),
        WITH_KIT(well_known_types_are_leaves),
        WITH_KIT(any_text_may_stand_in_a_value),
        WITH_KIT(a_path_goes_down_to_its_leaf),
        WITH_KIT(an_empty_message_is_its_own_path),
        WITH_KIT(groups_are_messages),
        WITH_KIT(depth_is_that_of_the_reader),
        WITH_KIT(over_a_thousand_objects_are_over_the_limit),
        WITH_KIT(names_may_be_escaped),
        WITH_KIT(unknown_names_do_not_count),
        WITH_KIT(unknown_values_of_enums_do_not_count),
        WITH_KIT(what_a_mask_cannot_name_leaves_no_mask),
        WITH_KIT(what_is_no_object_has_no_paths),
        WITH_KIT(a_full_buffer_is_left_as_it_was),
        WITH_KIT(a_text_that_breaks_off_is_an_error),
        WITH_KIT(what_no_reader_accepts_is_an_error_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
