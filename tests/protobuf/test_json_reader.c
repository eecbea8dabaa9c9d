/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: names, arrays, maps, oneofs, null, and the text. */
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Names -------------------------------------------------------------- */

static void
fields_are_known_by_both_names(void **state)
{
    gives(state, "Names", "{\"fooBar\":\"a\"}", "0a 01 61");
    gives(state, "Names", "{\"foo_bar\":\"a\"}", "0a 01 61");
    gives(state, "Names", "{\"Foo\":\"a\"}", "12 01 61");
    gives(state, "Names", "{\"_foo\":\"a\"}", "12 01 61");
    gives(state, "Names", "{\"FIELDNAME11\":\"a\"}", "1a 01 61");
    gives(state, "Names", "{\"FIELD_NAME11\":\"a\"}", "1a 01 61");
    gives(state, "Names", "{\"field0Name6\":\"a\"}", "22 01 61");
    gives(state, "Names", "{\"foo\\u0042ar\":\"a\"}", "0a 01 61");
}

static void
a_json_name_wins_over_the_proto_name_of_another_field(void **state)
{
    gives(state, "Names", "{\"title\":\"a\"}", "42 01 61");
    gives(state, "Names", "{\"heading\":\"a\"}", "3a 01 61");
    gives(state, "Names", "{\"heading_text\":\"a\"}", "42 01 61");
}

static void
names_have_no_other_spelling(void **state)
{
    refuses(state, "Names", "{\"FooBar\":\"a\"}", PB_EUNKNOWN);
    refuses(state, "Names", "{\"foo\":\"a\"}", PB_EUNKNOWN);
    refuses(state, "Names", "{\"foo-bar\":\"a\"}", PB_EUNKNOWN);
    refuses(state, "Names", "{\"fooBar\\u0000\":\"a\"}", PB_EUNKNOWN);
    refuses(state, "Names", "{\"\":\"a\"}", PB_EUNKNOWN);
}

static void
fields_may_come_in_any_order(void **state)
{
    gives(state, "M", "{\"p\":1,\"i\":2,\"e\":1,\"l\":3,\"x\":4}",
        "50 01 08 02 38 01 10 03 40 04");
}

static void
an_unknown_field_is_refused_with_the_nearest_name(void **state)
{
    const struct kit *kit = *state;

    refuses_at(state, "Names", "{\"headin\":\"a\"}", PB_EUNKNOWN, 2, "headin");
    refuses_saying(state, "Names", "{\"headin\":1}",
        "tests.reader.Names has no field \"headin\"; the nearest is "
        "\"heading\"");
    refuses_at(state, "Tree", "{\"left\":{\"zz\":null}}", PB_EUNKNOWN, 10,
        "left.zz");
    assert_string_equal(kit->error.message,
        "tests.reader.Tree has no field \"zz\"");
}

static void
unknown_fields_are_skipped_on_request(void **state)
{
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    gives(state, "M",
        "{\"zz\":{\"a\":[1,\"x\\n\",{\"b\":[]},null,true,-1.5e3],\"a\":{}},"
        "\"i\":1,\"qq\":\"\",\"rr\":[],\"[none.such]\":1,\"@type\":\"x\"}",
        "08 01");
    refuses(state, "M", "{\"zz\":{\"a\":}}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":01}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":[1,]}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":\"\\ud800\"}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":\"\xff\"}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":{1:2}}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":tru}", PB_ESYNTAX);
    refuses(state, "M", "{\"zz\":[}", PB_ESYNTAX);
}

static void
unknown_enum_names_are_skipped_on_request(void **state)
{
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    gives(state, "M", "{\"e\":\"BLUE\",\"i\":1}", "08 01");
    gives(state, "Repeated", "{\"rEnum\":[\"RED\",\"BLUE\",\"GREEN\"]}",
        "62 02 01 02");
    gives(state, "Repeated", "{\"rEnum\":[\"BLUE\"]}", "");
    gives(state, "Maps", "{\"colors\":{\"a\":\"BLUE\",\"b\":\"RED\"}}",
        "72 05 0a 01 62 10 01");
    gives(state, "Maps", "{\"colors\":{\"b\":\"RED\",\"a\":\"BLUE\"}}",
        "72 05 0a 01 62 10 01");
}

/* ---- Twice -------------------------------------------------------------- */

static void
a_field_given_twice_is_refused(void **state)
{
    refuses_at(state, "M", "{\"i\":1,\"i\":1}", PB_EDUPLICATE, 8, "i");
    refuses(state, "M", "{\"i\":null,\"i\":1}", PB_EDUPLICATE);
    refuses(state, "M", "{\"r\":[],\"r\":[]}", PB_EDUPLICATE);
    refuses(state, "M", "{\"m\":{},\"m\":{}}", PB_EDUPLICATE);
    refuses(state, "Names", "{\"fooBar\":\"\",\"foo_bar\":\"\"}",
        PB_EDUPLICATE);
    gives(state, "Repeated", "{\"rTree\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
        "92 01 03 0a 01 61 92 01 03 0a 01 61");
}

static void
two_fields_of_a_oneof_are_refused(void **state)
{
    refuses_at(state, "M", "{\"x\":1,\"y\":\"\"}", PB_EDUPLICATE, 12, "y");
    gives(state, "M", "{\"x\":null,\"y\":\"a\"}", "4a 01 61");
    gives(state, "M", "{\"y\":\"a\",\"x\":null}", "4a 01 61");
    refuses(state, "WellKnown", "{\"oNull\":null,\"oString\":\"\"}",
        PB_EDUPLICATE);
    refuses(state, "WellKnown", "{\"oString\":\"\",\"oValue\":null}",
        PB_EDUPLICATE);
    gives(state, "WellKnown", "{\"oWrapped\":null,\"oString\":\"\"}",
        "d2 01 00");
}

static void
messages_with_many_fields_remember_them_all(void **state)
{
    gives(state, "Wide", "{\"f1\":1,\"f64\":1,\"f65\":1,\"f67\":1}",
        "08 01 80 04 01 88 04 01 98 04 01");
    refuses(state, "Wide", "{\"f65\":1,\"f66\":1,\"f65\":1}", PB_EDUPLICATE);
    refuses(state, "Wide", "{\"f67\":1,\"f68\":1}", PB_EDUPLICATE);
    refuses(state, "Wide", "{\"f64\":1,\"f66\":2,\"f64\":1}", PB_EDUPLICATE);
    gives(state, "Wide",
        "{\"f66\":1,\"again\":{\"f66\":1,\"again\":{\"f68\":2}},\"f67\":1}",
        "90 04 01 aa 04 09 90 04 01 aa 04 03 a0 04 02 98 04 01");
    refuses(state, "Wide", "{\"f66\":1,\"again\":{\"f66\":1},\"f66\":1}",
        PB_EDUPLICATE);
}

/* ---- Presence and null -------------------------------------------------- */

static void
presence_decides_whether_a_default_is_written(void **state)
{
    gives(state, "M", "{\"i\":0}", "");
    gives(state, "M", "{\"x\":0}", "40 00");
    gives(state, "M", "{\"y\":\"\"}", "4a 00");
    gives(state, "M", "{\"p\":0}", "50 00");
    gives(state, "tests.reader2.Loose", "{\"number\":0,\"text\":\"\"}",
        "08 00 12 00");
    gives(state, "Tree", "{\"left\":{}}", "12 00");
    gives(state, "Repeated", "{\"rInt32\":[0],\"rString\":[\"\"]}",
        "2a 01 00 4a 00");
    gives(state, "Maps", "{\"byInt32\":{\"0\":0}}", "1a 04 08 00 10 00");
}

static void
null_is_absence(void **state)
{
    gives(state, "M",
        "{\"i\":null,\"s\":null,\"b\":null,\"r\":null,\"m\":null,\"e\":null,"
        "\"x\":null,\"p\":null,\"t\":null}",
        "");
    gives(state, "Tree", "{\"left\":null,\"children\":null}", "");
    gives(state, "WellKnown", "{\"wInt32\":null,\"values\":null}", "");
}

static void
null_is_no_element_and_no_map_value(void **state)
{
    refuses_at(state, "M", "{\"r\":[1,null]}", PB_EVALUE, 9, "r[1]");
    refuses(state, "Repeated", "{\"rString\":[null]}", PB_EVALUE);
    refuses(state, "Repeated", "{\"rTree\":[null]}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"wInt32s\":[null]}", PB_EVALUE);
    refuses_at(state, "M", "{\"m\":{\"1\":null}}", PB_EVALUE, 11, "m[1]");
    refuses(state, "M", "null", PB_EVALUE);
}

/* ---- Arrays and maps ---------------------------------------------------- */

static void
repeated_scalars_are_packed_as_the_field_says(void **state)
{
    gives(state, "M", "{\"r\":[3,270]}", "2a 03 03 8e 02");
    gives(state, "Repeated", "{\"rInt32\":[3,270,86942]}",
        "2a 06 03 8e 02 9e a7 05");
    gives(state, "Repeated", "{\"rLoose\":[3,270]}", "88 01 03 88 01 8e 02");
    gives(state, "Repeated", "{\"rBool\":[true,false]}", "42 02 01 00");
    gives(state, "Repeated", "{\"rFixed32\":[1,\"2\"]}",
        "3a 08 01 00 00 00 02 00 00 00");
    gives(state, "Repeated", "{\"rDouble\":[1,\"NaN\"]}",
        "0a 10 00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 f8 7f");
    gives(state, "Repeated", "{\"rInt32\":[],\"rString\":[]}", "");
    gives(state, "tests.reader2.Loose", "{\"numbers\":[1,2]}", "18 01 18 02");
    gives(state, "tests.reader2.Loose", "{\"packed\":[1,2]}", "22 02 01 02");
}

static void
an_array_needs_brackets_and_no_more_than_one_pair(void **state)
{
    refuses(state, "M", "{\"r\":1}", PB_EVALUE);
    refuses(state, "M", "{\"r\":\"1\"}", PB_EVALUE);
    refuses(state, "M", "{\"r\":{}}", PB_EVALUE);
    refuses(state, "M", "{\"r\":true}", PB_EVALUE);
    refuses(state, "M", "{\"r\":[[1]]}", PB_EVALUE);
    refuses(state, "M", "{\"r\":[{}]}", PB_EVALUE);
    refuses(state, "Repeated", "{\"rTree\":{}}", PB_EVALUE);
    refuses(state, "M", "{\"m\":[]}", PB_EVALUE);
    refuses(state, "M", "{\"m\":\"a\"}", PB_EVALUE);
}

static void
map_entries_have_their_key_first(void **state)
{
    gives(state, "M", "{\"m\":{\"5\":\"a\"}}", "32 05 08 05 12 01 61");
    gives(state, "Maps", "{\"byString\":{\"a\":\"b\",\"\":\"\"}}",
        "0a 06 0a 01 61 12 01 62 0a 04 0a 00 12 00");
    gives(state, "Maps", "{\"byString\":{\"\\u0061\\n\":\"b\"}}",
        "0a 07 0a 02 61 0a 12 01 62");
    gives(state, "Maps", "{\"byBool\":{\"true\":1,\"false\":2}}",
        "12 04 08 01 10 01 12 04 08 00 10 02");
    gives(state, "Maps", "{\"byInt64\":{\"-1\":{\"name\":\"a\"}}}",
        "22 10 08 ff ff ff ff ff ff ff ff ff 01 12 03 0a 01 61");
    gives(state, "Maps", "{\"bySint32\":{\"-1\":\"RED\"}}",
        "3a 04 08 01 10 01");
    gives(state, "Maps", "{\"bySfixed64\":{\"1\":\"\"}}",
        "62 0b 09 01 00 00 00 00 00 00 00 12 00");
}

static void
map_keys_have_to_fit_their_type(void **state)
{
    refuses_at(state, "M", "{\"m\":{\"a\":\"x\"}}", PB_EVALUE, 7, "m");
    refuses(state, "M", "{\"m\":{\"2147483648\":\"x\"}}", PB_EVALUE);
    refuses(state, "M", "{\"m\":{\"\":\"x\"}}", PB_EVALUE);
    refuses(state, "M", "{\"m\":{\" 1\":\"x\"}}", PB_EVALUE);
    refuses(state, "M", "{\"m\":{1:\"x\"}}", PB_ESYNTAX);
    refuses(state, "M", "{\"m\":{\"1.5\":\"x\"}}", PB_EVALUE);
    refuses(state, "Maps", "{\"byBool\":{\"1\":1}}", PB_EVALUE);
    refuses(state, "Maps", "{\"byBool\":{\"True\":1}}", PB_EVALUE);
    refuses(state, "Maps", "{\"byUint32\":{\"-1\":\"\"}}", PB_EVALUE);
}

static void
a_map_key_given_twice_is_refused(void **state)
{
    refuses_at(state, "Maps", "{\"byString\":{\"a\":\"\",\"a\":\"\"}}",
        PB_EDUPLICATE, 21, "byString[\"a\"]");
    refuses(state, "Maps", "{\"byString\":{\"a\":\"\",\"\\u0061\":\"\"}}",
        PB_EDUPLICATE);
    refuses_at(state, "Maps", "{\"byInt32\":{\"1\":1,\"-3\":0,\"1e0\":2}}",
        PB_EDUPLICATE, 26, "byInt32[1]");
    refuses(state, "Maps", "{\"byBool\":{\"true\":1,\"true\":1}}",
        PB_EDUPLICATE);
    gives(state, "Maps", "{\"byString\":{\"a\":\"\",\"aa\":\"\"}}",
        "0a 05 0a 01 61 12 00 0a 06 0a 02 61 61 12 00");
}

/* {"byString":{"k0":"...","k1":...}}; the value is as long as room says. */
static size_t
write_map(char *text, size_t cap, const char *field, unsigned n, unsigned room,
    unsigned repeated)
{
    size_t len = (size_t)snprintf(text, cap, "{\"%s\":{", field);

    for (unsigned i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, cap - len, "%s\"%u\":\"%*s\"",
            i > 0 ? "," : "", i == n - 1 ? repeated : i, (int)room, "");
    len += (size_t)snprintf(text + len, cap - len, "}}");
    assert_true(len < cap);
    return len;
}

static void
map_keys_are_told_apart_however_many_there_are(void **state)
{
    static const char *const fields[] = { "byString", "bySfixed32" };
    struct kit *kit = *state;
    size_t cap = 4 << 20;
    char *text = malloc(cap);

    assert_non_null(text);
    for (unsigned n = 2; n < 100000; n += n / 3 + 1) {
        unsigned room = n < 10000 ? n % 7 * 30 : 1;

        for (unsigned i = 0; i < 2; i++) {
            size_t len = write_map(text, cap, fields[i], n, room, n);

            assert_int_equal(kit_read(kit, "Maps", text, len, 0, len), PB_OK);
            len = write_map(text, cap, fields[i], n, room, n / 2 - 1);
            assert_int_equal(kit_read(kit, "Maps", text, len, 0, len),
                PB_EDUPLICATE);
        }
    }
    free(text);
}

static void
maps_within_maps_keep_their_keys_apart(void **state)
{
    gives(state, "Maps",
        "{\"values\":{\"a\":{\"a\":{\"a\":1},\"b\":2},\"b\":{\"a\":3}}}",
        "6a 30 0a 01 61 12 2b 2a 29 0a 17 0a 01 61 12 12 2a 10 0a 0e 0a 01 61 "
        "12 09 11 00 00 00 00 00 00 f0 3f "
        "0a 0e 0a 01 62 12 09 11 00 00 00 00 00 00 00 40 "
        "6a 17 0a 01 62 12 12 2a 10 0a 0e 0a 01 61 12 09 11 "
        "00 00 00 00 00 00 08 40");
}

/* ---- Groups, extensions, required --------------------------------------- */

static void
groups_are_objects(void **state)
{
    gives(state, "tests.reader2.Loose", "{\"inner\":{\"a\":1}}", "2b 08 01 2c");
    gives(state, "tests.reader2.Loose", "{\"inner\":{}}", "2b 2c");
    gives(state, "tests.reader2.Loose",
        "{\"item\":[{\"key\":\"a\"},{}],\"inner\":{\"deeper\":{\"number\":1}}}",
        "83 01 0a 01 61 84 01 83 01 84 01 2b 12 02 08 01 2c");
    refuses(state, "tests.reader2.Loose", "{\"inner\":1}", PB_EVALUE);
}

static void
extensions_are_named_in_brackets(void **state)
{
    gives(state, "tests.reader2.Loose", "{\"[tests.reader2.extra]\":5}",
        "a0 06 05");
    gives(state, "tests.reader2.Loose",
        "{\"[tests.reader2.Loose.scoped]\":\"a\"}", "aa 06 01 61");
    gives(state, "tests.reader2.Loose",
        "{\"[tests.reader2.extras]\":[1],\"[tests.reader2.nested]\":"
        "{\"[tests.reader2.extra]\":1,\"[tests.reader2.another]\":2},"
        "\"[tests.reader2.another]\":0}",
        "b0 06 01 ba 06 06 a0 06 01 c0 06 02 c0 06 00");
    refuses_at(state, "tests.reader2.Loose",
        "{\"[tests.reader2.nested]\":{\"[tests.reader2.extra]\":\"x\"}}",
        PB_EVALUE, 52, "[tests.reader2.nested][tests.reader2.extra]");
    refuses(state, "tests.reader2.Loose", "{\"[tests.reader2.foreign]\":5}",
        PB_EUNKNOWN);
    refuses(state, "tests.reader2.Loose", "{\"[tests.reader2.none]\":5}",
        PB_EUNKNOWN);
    refuses(state, "tests.reader2.Loose", "{\"[]\":5}", PB_EUNKNOWN);
    refuses(state, "tests.reader2.Loose",
        "{\"[tests.reader2.extra]\":5,\"[tests.reader2.another]\":5,"
        "\"[tests.reader2.extra]\":5}",
        PB_EDUPLICATE);
}

static void
a_message_set_is_refused_where_there_is_one(void **state)
{
    gives(state, "tests.reader2.WithSet", "{\"number\":1,\"set\":null}",
        "08 01");
    refuses(state, "tests.reader2.WithSet", "{\"set\":{}}", PB_EVALUE);
    refuses_saying(state, "tests.reader2.WithSet", "{\"set\":{}}",
        "tests.reader2.Set is a MessageSet, which is not supported");
    refuses(state, "tests.reader2.Set", "{}", PB_EVALUE);
    gives(state, "tests.reader2.InSet", "{\"s\":\"a\"}", "ca 01 01 61");
}

static void
required_fields_are_required(void **state)
{
    gives(state, "tests.reader2.Strict",
        "{\"name\":\"\",\"id\":0,\"flag\":false}", "12 00 08 00 2a 00");
    refuses_at(state, "tests.reader2.Strict", "{\"id\":1,\"flag\":true}",
        PB_EVALUE, 20, "name");
    refuses_at(state, "tests.reader2.Strict",
        "{\"id\":1,\"name\":\"\",\"flag\":true,\"next\":{\"name\":\"\"}}",
        PB_EVALUE, 48, "next.id");
    refuses(state, "tests.reader2.Strict",
        "{\"id\":null,\"name\":\"\",\"flag\":true}", PB_EVALUE);
    gives(state, "tests.reader2.Loose",
        "{\"any\":{\"@type\":\"x/tests.reader2.Strict\",\"id\":1}}",
        "4a 1c 0a 16 78 2f 74 65 73 74 73 2e 72 65 61 64 65 72 32 2e 53 74 72 "
        "69 63 74 12 02 08 01");
}

static void
required_fields_may_be_missing_at_any_depth_where_that_is_allowed(void **state)
{
    static const char text[] = "{\"id\":null,\"next\":{\"name\":\"\"}}";
    static const uint8_t wire[] = { 0x1a, 2, 0x12, 0 };
    struct kit *kit = *state;

    pb_json_reader_start(kit->reader, kit_message(kit, "tests.reader2.Strict"),
        &kit->options, &kit->wire);
    pb_json_reader_allow_missing(kit->reader);
    assert_int_equal(pb_json_reader_feed(kit->reader, text, sizeof text - 1,
                         NULL, &kit->error),
        PB_JSON_DONE);
    assert_int_equal(kit->wire.len, sizeof wire);
    assert_memory_equal(kit->wire.data, wire, sizeof wire);
    refuses(state, "tests.reader2.Strict", text, PB_EVALUE); /* not for ever */
}

/* ---- The text ----------------------------------------------------------- */

static void
white_space_may_stand_between_tokens(void **state)
{
    same(state, "M",
        " \t\r\n{ \n\"i\"\t:\r1 , \"r\" : [ 1 , 2 ] , \"m\" : { \"1\" : \"a\" }"
        " , \"t\" : null\n}",
        "{\"i\":1,\"r\":[1,2],\"m\":{\"1\":\"a\"}}");
    refuses(state, "M", "{\f}", PB_ESYNTAX);
    refuses(state, "M", "{\v}", PB_ESYNTAX);
    refuses(state, "M", "{\xc2\xa0}", PB_ESYNTAX);
}

static void
malformed_text_is_refused(void **state)
{
    static const char *const texts[] = { "", " ", "{", "}", "{\"i\"",
        "{\"i\":", "{\"i\":1", "{\"i\":1,", "{\"i\":1,}", "{,}", "{\"i\":1,,}",
        "{\"i\" 1}", "{\"i\":}", "{i:1}", "{'i':1}", "{\"i\":1]", "{\"r\":[1}",
        "{\"r\":[1,]}", "{\"r\":[,1]}", "{\"r\":[1 2]}", "{\"i\":1 \"l\":2}",
        "{\"i\"::1}", "{/**/}", "{//\n}", "\xef\xbb\xbf{}", "{\"i\":1;}",
        "{1:2}", "{null:1}", "{\"i\":undefined}", "{\"i\":'1'}", "\xff\xfe{\0}",
        "{\"i\":n}", "\0" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuses(state, "M", texts[i], PB_ESYNTAX);
    refuses(state, "M", "[]", PB_EVALUE);
    refuses(state, "M", "1", PB_EVALUE);
    refuses(state, "M", "\"a\"", PB_EVALUE);
    refuses(state, "M", "true", PB_EVALUE);
}

static void
nothing_may_follow_the_value_in_one_text(void **state)
{
    struct kit *kit = *state;
    static const char text[] = "{\"i\":1} \n ";
    static const char more[] = "{\"i\":1}\n {}";

    assert_int_equal(pb_json_to_wire(kit->reader, kit_message(kit, "M"),
                         &kit->options, text, strlen(text), &kit->wire,
                         &kit->error),
        PB_OK);
    assert_int_equal(kit->wire.len, 2);
    assert_int_equal(pb_json_to_wire(kit->reader, kit_message(kit, "M"),
                         &kit->options, more, strlen(more), &kit->wire,
                         &kit->error),
        PB_ESYNTAX);
    assert_int_equal(kit->error.line, 2);
    assert_int_equal(kit->error.column, 2);
    assert_int_equal(kit->error.offset, 9);
    assert_string_equal(kit->error.path, "");
}

static void
errors_tell_line_column_and_path(void **state)
{
    const struct kit *kit = *state;

    refuses(state, "Maps",
        "{\n  \"byInt64\": {\n    \"7\": {\"children\": [\n      {},\n"
        "      {\"weight\": \"x\"}\n    ]}\n  }\n}",
        PB_EVALUE);
    assert_int_equal(kit->error.line, 5);
    assert_int_equal(kit->error.column, 18);
    assert_string_equal(kit->error.path, "byInt64[7].children[1].weight");
    assert_string_equal(kit->error.message, "expected an int32, found \"x\"");
}

static void
errors_show_what_was_found_and_shorten_it(void **state)
{
    refuses_saying(state, "M", "{\"i\":1.5}",
        "expected an int32, found 1.5, which is not integral");
    refuses_saying(state, "M", "{\"i\":3000000000}",
        "expected an int32, found 3000000000, which is out of range");
    refuses_saying(state, "M", "{\"i\":\"a\\u0000\\\"\xc3\xa9\\n\"}",
        "expected an int32, found \"a\\u0000\\\"\xc3\xa9\\u000a\"");
    refuses_saying(state, "M",
        "{\"i\":\"0123456789012345678901234567890123456789\"}",
        "expected an int32, found \"01234567890123456789012345678901...\"");
    refuses_saying(state, "M", "{\"e\":\"BLUE\"}",
        "expected a value of enum tests.reader.Color, found \"BLUE\"");
    refuses_saying(state, "M", "{\"s\":tru}",
        "expected a value, found a word that is not true");
    refuses_saying(state, "M", "{\"i\":1,}",
        "expected a name in double quotes, found '}'");
    refuses_saying(state, "M", "{\"i\":\xff}",
        "expected a value, found the byte 0xff");
    refuses_saying(state, "M", "{\"r\":1}",
        "expected an array, found a number");
    refuses_saying(state, "M", "{\"t\":1}",
        "expected a timestamp such as \"1972-01-01T10:00:20.021Z\", "
        "found a number");
    refuses_saying(state, "M", "{\"b\":\"A!\"}",
        "expected base64, found \"!\"");
}

static void
errors_of_a_text_that_ends_tell_what_had_to_come(void **state)
{
#define END ", found the end of the text"
    refuses_saying(state, "M", " ", "expected a JSON value" END);
    refuses_saying(state, "M", "{", "expected a name or '}'" END);
    refuses_saying(state, "M", "{\"i\"", "expected ':'" END);
    refuses_saying(state, "M", "{\"i\":", "expected a value" END);
    refuses_saying(state, "M", "{\"i\":1",
        "expected ',' or '}' after a number" END);
    refuses_saying(state, "M", "{\"r\":[1",
        "expected ',' or ']' after a number" END);
    refuses_saying(state, "M", "{\"i\":1 ", "expected ',' or '}'" END);
    refuses_saying(state, "M", "{\"r\":[1 ", "expected ',' or ']'" END);
    refuses_saying(state, "M", "{\"r\":[", "expected a value or ']'" END);
    refuses_saying(state, "M", "{\"i\":1,", "expected a name" END);
    refuses_saying(state, "M", "{\"s\":\"",
        "expected the rest of a string" END);
    refuses_saying(state, "M", "{\"s\":nul", "expected null" END);
#undef END
}

static void
errors_say_what_was_expected(void **state)
{
    refuses_saying(state, "M", "{\"i\":01}",
        "expected a number as JSON writes it, found \"01\"");
    refuses_saying(state, "M", "{\"s\":\"\\x\"}",
        "expected one of \"\\/bfnrtu after the backslash, found 'x'");
    refuses_saying(state, "M", "{\"s\":\"\\u12\"}",
        "expected four hex digits after \\u, found '\"'");
    refuses_saying(state, "M", "{\"s\":\"\\ud800\"}",
        "expected both halves of a surrogate pair, found one");
    refuses_saying(state, "M", "{\"s\":\"\1\"}",
        "expected text, found the control character 0x01, which has to be "
        "escaped");
    refuses_saying(state, "M", "{\"s\":\"\xff\"}",
        "expected UTF-8, found a sequence of bytes that is none");
    refuses_saying(state, "M", "{\"i\":1,\"i\":2}",
        "expected each field once, found it again");
    refuses_saying(state, "M", "{\"m\":{\"1\":\"\",\"1\":\"\"}}",
        "expected each key once, found it again");
    refuses_saying(state, "M", "{\"x\":1,\"y\":\"\"}",
        "expected one field of the oneof \"choice\", found a second");
    refuses_saying(state, "WellKnown", "{\"any\":{\"@type\":\"x/no.Such\"}}",
        "expected a type of the schema, found \"no.Such\"");
    refuses_saying(state, "WellKnown", "{\"any\":{\"a\":1}}",
        "expected \"@type\" in an Any, found none");
    refuses_saying(state, "WellKnown", "{\"any\":{\"@type\":1}}",
        "expected the URL of a type in quotes, found '1'");
}

static void
keys_in_a_path_are_escaped(void **state)
{
    const struct kit *kit = *state;

    refuses(state, "Maps", "{\"values\":{\"a\\\"\\n\":nope}}", PB_ESYNTAX);
    assert_string_equal(kit->error.path, "values[\"a\\\"\\u000a\"]");
    refuses(state, "Maps", "{\"byBool\":{\"true\":\"x\"}}", PB_EVALUE);
    assert_string_equal(kit->error.path, "byBool[true]");
    refuses(state, "Maps", "{\"bySint64\":{\"-9223372036854775808\":1}}",
        PB_EVALUE);
    assert_string_equal(kit->error.path, "bySint64[-9223372036854775808]");
    refuses(state, "Maps", "{\"byFixed64\":{\"18446744073709551615\":1}}",
        PB_EVALUE);
    assert_string_equal(kit->error.path, "byFixed64[18446744073709551615]");
    refuses(state, "Maps", "{\"bySfixed32\":{\"-2\":1}}", PB_EVALUE);
    assert_string_equal(kit->error.path, "bySfixed32[-2]");
}

static void
bodies_longer_than_127_bytes_have_longer_lengths(void **state)
{
    struct kit *kit = *state;
    char text[1024];
    int n = snprintf(text, sizeof(text),
        "{\"left\":{\"left\":{\"name\":\"%0125d\"},\"weight\":1}}", 0);

    assert_int_equal(kit_read_all(kit, "Tree", text, (size_t)n), PB_OK);
    /* 12 84 01 (12 7f (0a 7d 125) 28 01) */
    assert_int_equal(kit->wire.len, 3 + 2 + 2 + 125 + 2);
    assert_memory_equal(kit->wire.data, "\x12\x83\x01\x12\x7f\x0a\x7d", 7);
    n = snprintf(text, sizeof(text),
        "{\"left\":{\"left\":{\"name\":\"%0126d\"},\"weight\":1}}", 0);
    assert_int_equal(kit_read_all(kit, "Tree", text, (size_t)n), PB_OK);
    assert_memory_equal(kit->wire.data, "\x12\x85\x01\x12\x80\x01\x0a\x7e", 8);
}

static void
strings_of_every_length_are_read_wherever_they_end(void **state)
{
    static const char *const tails[] = { "\"}", "\",\"i\":1}",
        "\",\"i\":1,\"r\":[2,3,4,5,6,7]}" };
    struct kit *kit = *state;
    char text[128] = "{\"s\":\"";

    for (size_t n = 1; n < 40; n++) {
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            memset(text + 6, 'a', n);
            (void)snprintf(text + 6 + n, sizeof(text) - 6 - n, "%s", tails[i]);
            assert_int_equal(kit_read_all(kit, "M", text, strlen(text)), PB_OK);
            assert_int_equal(kit->wire.data[0], 0x1a);
            assert_int_equal(kit->wire.data[1], n);
            assert_memory_equal(kit->wire.data + 2, text + 6, n);
            assert_int_equal(kit->wire.len, 2 + n + (i > 0) * 2 + (i > 1) * 8);
        }
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(fields_are_known_by_both_names),
        TEST(a_json_name_wins_over_the_proto_name_of_another_field),
        TEST(names_have_no_other_spelling),
        TEST(fields_may_come_in_any_order),
        TEST(an_unknown_field_is_refused_with_the_nearest_name),
        TEST(unknown_fields_are_skipped_on_request),
        TEST(unknown_enum_names_are_skipped_on_request),
        TEST(a_field_given_twice_is_refused),
        TEST(two_fields_of_a_oneof_are_refused),
        TEST(messages_with_many_fields_remember_them_all),
        TEST(presence_decides_whether_a_default_is_written),
        TEST(null_is_absence),
        TEST(null_is_no_element_and_no_map_value),
        TEST(repeated_scalars_are_packed_as_the_field_says),
        TEST(an_array_needs_brackets_and_no_more_than_one_pair),
        TEST(map_entries_have_their_key_first),
        TEST(map_keys_have_to_fit_their_type),
        TEST(a_map_key_given_twice_is_refused),
        TEST(map_keys_are_told_apart_however_many_there_are),
        TEST(maps_within_maps_keep_their_keys_apart),
        TEST(groups_are_objects),
        TEST(extensions_are_named_in_brackets),
        TEST(a_message_set_is_refused_where_there_is_one),
        TEST(required_fields_are_required),
        TEST(required_fields_may_be_missing_at_any_depth_where_that_is_allowed),
        TEST(white_space_may_stand_between_tokens),
        TEST(malformed_text_is_refused),
        TEST(nothing_may_follow_the_value_in_one_text),
        TEST(errors_tell_line_column_and_path),
        TEST(errors_show_what_was_found_and_shorten_it),
        TEST(errors_of_a_text_that_ends_tell_what_had_to_come),
        TEST(errors_say_what_was_expected),
        TEST(keys_in_a_path_are_escaped),
        TEST(bodies_longer_than_127_bytes_have_longer_lengths),
        TEST(strings_of_every_length_are_read_wherever_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
