/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, presence and options, for messages in order. */
#include "tests/protobuf/writer_fixture.h"

#include <stdlib.h>

/* ---- Scalars ------------------------------------------------------------- */

static void
an_empty_message_is_an_empty_object(void **state)
{
    writes(*state, "All", "", "{}");
}

static void
numbers_of_32_bits_are_numbers(void **state)
{
    writes(*state, "All", "#3 =150", "{\"fInt32\":150}");
    writes(*state, "All", "#3 =-1", "{\"fInt32\":-1}");
    writes(*state, "All", "#3 =-2147483648", "{\"fInt32\":-2147483648}");
    writes(*state, "All", "#5 =4294967295", "{\"fUint32\":4294967295}");
    writes(*state, "All", "#7 =1", "{\"fSint32\":-1}");
    writes(*state, "All", "#7 =4294967295", "{\"fSint32\":-2147483648}");
    writes(*state, "All", "#9:5 ffffffff", "{\"fFixed32\":4294967295}");
    writes(*state, "All", "#11:5 ffffffff", "{\"fSfixed32\":-1}");
}

static void
numbers_of_64_bits_are_strings(void **state)
{
    writes(*state, "All", "#4 =-1", "{\"fInt64\":\"-1\"}");
    writes(*state, "All", "#4 =-9223372036854775808",
        "{\"fInt64\":\"-9223372036854775808\"}");
    writes(*state, "All", "#6 =18446744073709551615",
        "{\"fUint64\":\"18446744073709551615\"}");
    writes(*state, "All", "#8 =18446744073709551615",
        "{\"fSint64\":\"-9223372036854775808\"}");
    writes(*state, "All", "#10:1 0100000000000080",
        "{\"fFixed64\":\"9223372036854775809\"}");
    writes(*state, "All", "#12:1 ffffffffffffffff", "{\"fSfixed64\":\"-1\"}");
}

static void
bits_beyond_the_32_of_a_field_are_cut_off(void **state)
{
    writes(*state, "All", "#3 =4294967297", "{\"fInt32\":1}");
    writes(*state, "All", "#3 =4294967296", "{}");
    writes(*state, "All", "#5 =8589934599", "{\"fUint32\":7}");
    writes(*state, "All", "#16 =4294967297", "{\"fColor\":\"RED\"}");
}

static void
any_varint_but_zero_is_true(void **state)
{
    writes(*state, "All", "#13 =1", "{\"fBool\":true}");
    writes(*state, "All", "#13 =4294967296", "{\"fBool\":true}");
    writes(*state, "All", "#13 80 00", "{}");
    writes(*state, "All", "#43 =0", "{\"oBool\":false}");
}

static void
floating_point_is_shortest_and_names_what_is_no_number(void **state)
{
    writes(*state, "All", "#1:1 9a9999999999b93f", "{\"fDouble\":0.1}");
    writes(*state, "All", "#2:5 cdcccc3d", "{\"fFloat\":0.1}");
    writes(*state, "All", "#1:1 0000000000000080", "{\"fDouble\":-0.0}");
    writes(*state, "All", "#2:5 00000080", "{\"fFloat\":-0.0}");
    writes(*state, "All", "#1:1 000000000000f07f",
        "{\"fDouble\":\"Infinity\"}");
    writes(*state, "All", "#1:1 000000000000f0ff",
        "{\"fDouble\":\"-Infinity\"}");
    writes(*state, "All", "#1:1 010000000000f0ff", "{\"fDouble\":\"NaN\"}");
    writes(*state, "All", "#2:5 0000807f", "{\"fFloat\":\"Infinity\"}");
    writes(*state, "All", "#2:5 000080ff", "{\"fFloat\":\"-Infinity\"}");
    writes(*state, "All", "#2:5 0000c0ff", "{\"fFloat\":\"NaN\"}");
}

static void
strings_and_bytes_are_strings(void **state)
{
    writes(*state, "All", "#14:2 { 'caf' c3 a9 22 }",
        "{\"fString\":\"caf\xc3\xa9\\\"\"}");
    writes(*state, "All", "#15:2 { 01 02 }", "{\"fBytes\":\"AQI=\"}");
}

static void
a_string_that_is_not_utf8_is_refused(void **state)
{
    refuses(*state, "All", "#14:2 { 'ab' ff }", PB_EVALUE, "fString",
        "not UTF-8");
    assert_int_equal(((struct writer_fixture *)*state)->error.offset, 4);
    refuses(*state, "All", "#14:2 { ed a0 80 }", PB_EVALUE, "fString", NULL);
    refuses(*state, "All", "#34:2 {} #34:2 { 80 }", PB_EVALUE, "rString[1]",
        NULL);
    /* proto2 does not ask for it on the wire, but JSON has no other text */
    refuses(*state, "2.Old", "#13:2 { ff }", PB_EVALUE, "text", NULL);
}

static void
enums_are_names_and_unknown_numbers_are_numbers(void **state)
{
    writes(*state, "All", "#16 =2", "{\"fColor\":\"GREEN\"}");
    writes(*state, "All", "#16 =-7", "{\"fColor\":\"BLUE\"}");
    writes(*state, "All", "#16 =77", "{\"fColor\":77}");
    writes(*state, "All", "#44 =0", "{\"oColor\":\"COLOR_UNSPECIFIED\"}");
}

static void
a_closed_enum_has_no_unknown_numbers(void **state)
{
    writes(*state, "2.Old", "#2 =3", "{\"size\":\"SMALL\"}");
    writes(*state, "2.Old", "#2 =77", "{}");
    writes(*state, "2.Old", "#2 =5 #2 =77", "{\"size\":\"LARGE\"}");
    writes(*state, "2.Old", "#3 =77 #3 =3 #3 =78 #3 =-1",
        "{\"sizes\":[\"SMALL\",\"HUGE\"]}");
    writes(*state, "2.Old", "#3:2 { =77 =5 }", "{\"sizes\":[\"LARGE\"]}");
    writes(*state, "2.Old", "#3 =77", "{}");
    writes(*state, "2.Old", "#8 =1 #9 =77", "{\"pickInt\":1}");
    writes(*state, "2.Old", "#11:2 { #1 =1 #2 =1 } #11:2 { #1 =1 #2 =9 }",
        "{\"closedByNumber\":{\"1\":\"ONE\"}}");
    writes(*state, "2.Old", "#11:2 { #1 =1 #2 =9 }", "{}");
}

/* ---- Presence ------------------------------------------------------------ */

static void
defaults_without_presence_are_left_out(void **state)
{
    writes(*state, "All",
        "#1:1 0000000000000000 #2:5 00000000 #3 =0 #4 =0 #5 =0 #6 =0 #7 =0 "
        "#8 =0 #9:5 00000000 #10:1 0000000000000000 #11:5 00000000 "
        "#12:1 0000000000000000 #13 =0 #14:2 {} #15:2 {} #16 =0",
        "{}");
}

static void
defaults_with_presence_are_written(void **state)
{
    writes(*state, "All", "#17:2 {}", "{\"child\":{}}");
    writes(*state, "All", "#41 =0 #42:2 {} #43 =0 #44 =0",
        "{\"oInt32\":0,\"oString\":\"\",\"oBool\":false,"
        "\"oColor\":\"COLOR_UNSPECIFIED\"}");
    writes(*state, "All", "#51 =0", "{\"cInt32\":0}");
    writes(*state, "All", "#53:2 {}", "{\"cAll\":{}}");
    writes(*state, "2.Old", "#1 =0 #13:2 {}", "{\"number\":0,\"text\":\"\"}");
}

static void
a_message_set_is_refused_where_there_is_one(void **state)
{
    writes(*state, "2.WithSet", "#1 =7", "{\"number\":7}");
    refuses(*state, "2.WithSet", "#2:2 { }", PB_EVALUE, "set",
        "sluice.test.writer2.Set is a MessageSet");
    refuses(*state, "2.Set", "", PB_EVALUE, "", "MessageSet");
    writes(*state, "2.InSet", "#25:2 { 'a' }", "{\"s\":\"a\"}");
}

static void
required_fields_must_be_there(void **state)
{
    writes(*state, "2.Strict", "#1 =5 #3:2 {}", "{\"id\":5,\"name\":\"\"}");
    writes(*state, "2.Strict", "#1 =5 #2:2 {'n'} #3:2 {'x'}",
        "{\"id\":5,\"note\":\"n\",\"name\":\"x\"}");
    refuses(*state, "2.Strict", "", PB_EVALUE, "id",
        "expected the required field \"id\", found none");
    refuses(*state, "2.Strict", "#1 =5", PB_EVALUE, "name", "\"name\"");
    refuses(*state, "2.Strict", "#3:2 {}", PB_EVALUE, "id", "\"id\"");
    refuses(*state, "2.Old", "#12:2 { #1 =1 #3:2 {} #4:2 { #1 =1 } }",
        PB_EVALUE, "strict.next.name", "\"name\"");
}

static void
required_fields_inside_an_any_are_not_asked_for(void **state)
{
    writes(*state, "2.Old",
        "#14:2 { #1:2 { 'x/sluice.test.writer2.Strict' } #2:2 { #1 =1 } }",
        "{\"any\":{\"@type\":\"x/sluice.test.writer2.Strict\",\"id\":1}}");
}

/* ---- Repeated ------------------------------------------------------------ */

static void
packed_and_single_elements_may_be_mixed(void **state)
{
    writes(*state, "All", "#23:2 { 03 8e02 9ea705 }",
        "{\"rInt32\":[3,270,86942]}");
    writes(*state, "All", "#23 =3 #23:2 { 04 05 } #23:2 {} #23 =6",
        "{\"rInt32\":[3,4,5,6]}");
    writes(*state, "All", "#25:2 { 01 02 } #25 =3", "{\"rUint32\":[1,2,3]}");
    writes(*state, "All", "#21:2 { 000000000000f03f 0000000000000040 }",
        "{\"rDouble\":[1,2]}");
    writes(*state, "All", "#33:2 { 00 01 }", "{\"rBool\":[false,true]}");
    writes(*state, "All", "#23:2 {}", "{}");
}

static void
repeated_texts_and_messages_are_arrays(void **state)
{
    writes(*state, "All", "#34:2 {'a'} #34:2 {} #35:2 { 00 }",
        "{\"rString\":[\"a\",\"\"],\"rBytes\":[\"AA==\"]}");
    writes(*state, "All", "#37:2 { #3 =1 } #37:2 {} #37:2 { #37:2 {} }",
        "{\"children\":[{\"fInt32\":1},{},{\"children\":[{}]}]}");
    writes(*state, "All", "#36 =1 #36 =0 #36 =9",
        "{\"rColor\":[\"RED\",\"COLOR_UNSPECIFIED\",9]}");
}

/* ---- Groups, extensions, unknown fields ---------------------------------- */

static void
groups_are_objects(void **state)
{
    writes(*state, "2.Old", "#6:3 #1 =1 #2:2 {'a'} #6:4",
        "{\"inner\":{\"x\":1,\"s\":\"a\"}}");
    writes(*state, "2.Old", "#6:3 #6:4 #7:3 #1 =1 #7:4 #7:3 #2 =2 #2 =3 #7:4",
        "{\"inner\":{},\"item\":[{\"x\":1},{\"r\":[2,3]}]}");
    writes(*state, "2.Old", "#6:3 #4:3 #1 =5 #4:4 #6:4 #300 =1",
        "{\"inner\":{\"deeper\":{\"y\":5}},\"after\":1}");
    writes(*state, "2.Old", "#6:3 #1 =1 b4 80 00",
        "{\"inner\":{\"x\":1}}"); /* an end tag longer than it needs to be */
}

static void
extensions_have_their_names_in_brackets(void **state)
{
    writes(*state, "2.Old", "#100 =5 #300 =1",
        "{\"[sluice.test.writer2.plain]\":5,\"after\":1}");
    writes(*state, "2.Old", "#101:2 { #1 =1 } #102 =3",
        "{\"[sluice.test.writer2.nested]\":{\"number\":1},"
        "\"[sluice.test.writer2.Scope.scoped]\":\"SMALL\"}");
    writes(*state, "2.Old", "#103:2 { 01 02 } #103 =3 #150:2 {'a'}",
        "{\"[sluice.test.writer2.Scope.packed]\":[1,2,3],"
        "\"[sluice.test.writer2.many]\":[\"a\"]}");
    refuses(*state, "2.Old", "#101:2 { #13:2 { ff } }", PB_EVALUE,
        "[sluice.test.writer2.nested].text", NULL);
}

static void
unknown_fields_are_passed_over(void **state)
{
    writes(*state, "All",
        "#18 =1 #19:2 {'xyz'} #20:5 00000000 "
        "#3000:1 0000000000000000",
        "{}");
    writes(*state, "All", "#3 =1 #200:3 #1 =1 #2:3 #2:4 #200:4 #300 =1",
        "{\"fInt32\":1}");
    writes(*state, "2.Old", "#1 =1 #199 =5 #300 =2",
        "{\"number\":1,\"after\":2}");
}

static void
a_field_of_another_wire_type_is_unknown(void **state)
{
    writes(*state, "All", "#3:2 {'abc'} #4 =1", "{\"fInt64\":\"1\"}");
    writes(*state, "All", "#14 =5 #34 =7 #37 =1", "{}");
    writes(*state, "All", "#17:3 #17:4", "{}");
    writes(*state, "2.Old", "#6:2 { #1 =1 }", "{}");
    writes(*state, "All", "#23 =1 #23:5 00000000 #23 =2", "{\"rInt32\":[1,2]}");
    writes(*state, "All", "#61 =1", "{}");
}

/* ---- Options ------------------------------------------------------------- */

static void
proto_names_are_written_on_request(void **state)
{
    struct writer_fixture *x = *state;

    x->options.proto_names = true;
    writes(x, "All", "#3 =1 #17:2 { #4 =1 } #536870911 =1",
        "{\"f_int32\":1,\"child\":{\"f_int64\":\"1\"},\"renamed\":1}");
    writes(x, "2.Old", "#6:3 #6:4 #100 =5",
        "{\"inner\":{},\"[sluice.test.writer2.plain]\":5}");
}

static void
a_json_name_is_escaped(void **state)
{
    writes(*state, "All", "#536870911 =1", "{\"other \\\"name\\\"\":1}");
}

static void
enums_are_numbers_on_request(void **state)
{
    struct writer_fixture *x = *state;

    x->options.enum_numbers = true;
    writes(x, "All", "#16 =2 #36 =-7 #55 =0",
        "{\"fColor\":2,\"rColor\":[-7],\"cNull\":null}");
}

static void
wide_integers_are_numbers_on_request(void **state)
{
    struct writer_fixture *x = *state;

    x->options.int64_numbers = true;
    writes(x, "All",
        "#4 =-5 #24:2 { 01 } #63:2 { #1 =7 #2:2 {} } #92:2 { #1 =9 }",
        "{\"fInt64\":-5,\"rInt64\":[1],\"mInt64String\":{\"7\":\"\"},"
        "\"wInt64\":9}");
}

static void
defaults_are_written_on_request_in_the_order_of_fields(void **state)
{
    struct writer_fixture *x = *state;

    x->options.emit_defaults = true;
    writes(x, "Publisher", "", "{\"name\":\"\",\"city\":\"\",\"founded\":0}");
    writes(x, "Publisher", "#2:2 {'B'}",
        "{\"name\":\"\",\"city\":\"B\",\"founded\":0}");
    writes(x, "Publisher", "#1:2 {} #3 =0",
        "{\"name\":\"\",\"city\":\"\",\"founded\":0}");
    writes(x, "Book", "#8:2 { #3 =1900 } #11 =1",
        "{\"name\":\"\",\"title\":\"\",\"authors\":[],\"pages\":0,"
        "\"price\":0,\"available\":false,\"publisher\":{\"name\":\"\","
        "\"city\":\"\",\"founded\":1900},\"labels\":{},\"copiesSold\":\"0\","
        "\"color\":\"RED\",\"cover\":\"\"}");
}

static void
no_default_is_made_up_for_fields_with_presence(void **state)
{
    struct writer_fixture *x = *state;

    x->options.emit_defaults = true;
    writes(x, "Pairs", "", "{\"last\":0}");
    writes(x, "Pairs", "#1:2 {}", "{\"a\":\"\",\"last\":0}");
    writes(x, "2.Strict", "#1 =0 #3:2 {}", "{\"id\":0,\"name\":\"\"}");
    writes(x, "2.Old", "#100 =1",
        "{\"sizes\":[],\"packed\":[],\"unpacked\":[],\"item\":[],"
        "\"closedByNumber\":{},\"[sluice.test.writer2.plain]\":1}");
    /* repeated, with nothing in it that counts */
    writes(x, "2.Old", "#3 =77 #5:2 {} #300 =1",
        "{\"sizes\":[],\"packed\":[],\"unpacked\":[],\"item\":[],"
        "\"closedByNumber\":{},\"after\":1}");
}

static void
pretty_text_has_a_line_for_each_member(void **state)
{
    struct writer_fixture *x = *state;

    x->options.pretty = true;
    writes(x, "All", "", "{}");
    writes(x, "All",
        "#3 =1 #17:2 {} #23:2 { 01 02 } #37:2 { #34:2 {'a'} } "
        "#61:2 { #1:2 {'k'} #2:2 {'v'} } #85:2 {} #87:2 {}",
        "{\n"
        "  \"fInt32\": 1,\n"
        "  \"child\": {},\n"
        "  \"rInt32\": [\n"
        "    1,\n"
        "    2\n"
        "  ],\n"
        "  \"children\": [\n"
        "    {\n"
        "      \"rString\": [\n"
        "        \"a\"\n"
        "      ]\n"
        "    }\n"
        "  ],\n"
        "  \"mStringString\": {\n"
        "    \"k\": \"v\"\n"
        "  },\n"
        "  \"struct\": {},\n"
        "  \"list\": []\n"
        "}");
}

static void
no_options_are_the_default_ones(void **state)
{
    struct writer_fixture *x = *state;

    x->out.len = 0;
    assert_int_equal(pb_wire_to_json(x->writer, fixture_message(x, "All"), NULL,
                         (const uint8_t *)"\x18\x07", 2, &x->out, NULL),
        PB_OK);
    assert_memory_equal(x->out.data, "{\"fInt32\":7}", x->out.len);
}

/* ---- One field alone ----------------------------------------------------- */

static void
a_field_alone_is_its_value(void **state)
{
    struct writer_fixture *x = *state;

    writes_field(x, "All", "f_int32", "#3 =7 #4 =1", "7");
    writes_field(x, "All", "f_string", "#3 =7 #14:2 {'a'}", "\"a\"");
    writes_field(x, "All", "child", "#17:2 { #3 =1 }", "{\"fInt32\":1}");
    writes_field(x, "All", "r_int32", "#23:2 { 01 02 } #24 =1", "[1,2]");
    writes_field(x, "All", "children", "#37:2 {} #37:2 { #3 =1 }",
        "[{},{\"fInt32\":1}]");
    writes_field(x, "All", "m_string_string", "#61:2 { #1:2 {'a'} }",
        "{\"a\":\"\"}");
    writes_field(x, "All", "time", "#82:2 {}", "\"1970-01-01T00:00:00Z\"");
    writes_field(x, "2.Old", "inner", "#6:3 #1 =2 #6:4", "{\"x\":2}");
    writes_field(x, "All", "w_int32", "#94:2 {}", "0");
}

static void
a_field_alone_that_is_not_there_is_its_default(void **state)
{
    struct writer_fixture *x = *state;

    writes_field(x, "All", "f_int32", "", "0");
    writes_field(x, "All", "f_int32", "#4 =1", "0");
    writes_field(x, "All", "f_int32", "#3:2 {}", "0");
    writes_field(x, "All", "f_int64", "", "\"0\"");
    writes_field(x, "All", "f_double", "", "0");
    writes_field(x, "All", "f_float", "", "0");
    writes_field(x, "All", "f_bool", "", "false");
    writes_field(x, "All", "f_string", "", "\"\"");
    writes_field(x, "All", "f_bytes", "", "\"\"");
    writes_field(x, "All", "f_color", "", "\"COLOR_UNSPECIFIED\"");
    writes_field(x, "All", "child", "", "{}");
    writes_field(x, "All", "any", "", "{}");
    writes_field(x, "All", "struct", "", "{}");
    writes_field(x, "All", "list", "", "[]");
    writes_field(x, "All", "empty", "", "{}");
    writes_field(x, "All", "value", "", "null");
    writes_field(x, "All", "duration", "", "null");
    writes_field(x, "All", "w_int32", "", "null");
    writes_field(x, "2.Old", "strict", "", "{}");
    writes_field(x, "2.Old", "inner", "", "{}");
    writes_field(x, "All", "time", "", "null");
    writes_field(x, "All", "o_int32", "", "0");
    writes_field(x, "All", "r_int32", "", "[]");
    writes_field(x, "All", "r_int32", "#23:2 {}", "[]");
    writes_field(x, "All", "children", "", "[]");
    writes_field(x, "All", "m_string_string", "", "{}");
    writes_field(x, "2.Old", "size", "", "\"SMALL\"");
    writes_field(x, "2.Old", "size", "#2 =77", "\"SMALL\"");
    writes_field(x, "2.Old", "sizes", "#3 =77", "[]");
    writes_field(x, "2.Old", "closed_by_number", "#11:2 { #2 =9 }", "{}");
}

static void
a_field_alone_is_merged_like_any_other(void **state)
{
    struct writer_fixture *x = *state;

    writes_field(x, "All", "f_int32", "#3 =7 #4 =1 #3 =8", "8");
    writes_field(x, "All", "child", "#17:2 { #3 =1 } #3 =5 #17:2 { #4 =2 }",
        "{\"fInt32\":1,\"fInt64\":\"2\"}");
    writes_field(x, "All", "c_int32", "#51 =7 #52:2 {}", "0");
    writes_field(x, "All", "r_int32", "#23 =1 #3 =7 #23 =2", "[1,2]");
}

static void
field_fails(struct writer_fixture *x, const char *message, const char *field,
    const char *text, enum pb_err kind, const char *path)
{
    struct pb_buf wire;

    pb_buf_init_heap(&wire, 1 << 10);
    put_wire(&wire, text);
    x->out.len = 0;
    assert_int_equal(pb_wire_field_to_json(x->writer,
                         fixture_field(x, message, field), &x->options,
                         wire.data, wire.len, &x->out, &x->error),
        kind);
    assert_string_equal(x->error.path, path);
    pb_buf_fini_heap(&wire);
}

static void
errors_in_a_field_alone_name_it(void **state)
{
    struct writer_fixture *x = *state;

    field_fails(x, "All", "f_string", "#14:2 { ff }", PB_EVALUE, "fString");
    assert_int_equal(x->error.offset, 2);
    field_fails(x, "All", "r_int32", "#23 =1 #23:2 { 80 }", PB_ESYNTAX,
        "rInt32");
    field_fails(x, "All", "children", "#37:2 {} #37:2 { #14:2 { ff } }",
        PB_EVALUE, "children[1].fString");
    field_fails(x, "All", "f_int32", "#14:2", PB_ESYNTAX, "");
    field_fails(x, "2.Strict", "id", "", PB_EVALUE, "id");
    assert_non_null(strstr(x->error.message, "required field \"id\""));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        writer_test(an_empty_message_is_an_empty_object),
        writer_test(numbers_of_32_bits_are_numbers),
        writer_test(numbers_of_64_bits_are_strings),
        writer_test(bits_beyond_the_32_of_a_field_are_cut_off),
        writer_test(any_varint_but_zero_is_true),
        writer_test(floating_point_is_shortest_and_names_what_is_no_number),
        writer_test(strings_and_bytes_are_strings),
        writer_test(a_string_that_is_not_utf8_is_refused),
        writer_test(enums_are_names_and_unknown_numbers_are_numbers),
        writer_test(a_closed_enum_has_no_unknown_numbers),
        writer_test(defaults_without_presence_are_left_out),
        writer_test(defaults_with_presence_are_written),
        writer_test(a_message_set_is_refused_where_there_is_one),
        writer_test(required_fields_must_be_there),
        writer_test(required_fields_inside_an_any_are_not_asked_for),
        writer_test(packed_and_single_elements_may_be_mixed),
        writer_test(repeated_texts_and_messages_are_arrays),
        writer_test(groups_are_objects),
        writer_test(extensions_have_their_names_in_brackets),
        writer_test(unknown_fields_are_passed_over),
        writer_test(a_field_of_another_wire_type_is_unknown),
        writer_test(proto_names_are_written_on_request),
        writer_test(a_json_name_is_escaped),
        writer_test(enums_are_numbers_on_request),
        writer_test(wide_integers_are_numbers_on_request),
        writer_test(defaults_are_written_on_request_in_the_order_of_fields),
        writer_test(no_default_is_made_up_for_fields_with_presence),
        writer_test(pretty_text_has_a_line_for_each_member),
        writer_test(no_options_are_the_default_ones),
        writer_test(a_field_alone_is_its_value),
        writer_test(a_field_alone_that_is_not_there_is_its_default),
        writer_test(a_field_alone_is_merged_like_any_other),
        writer_test(errors_in_a_field_alone_name_it),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
