/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in disorder: what comes twice, in pieces or too late. */
#include "tests/protobuf/writer_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Order --------------------------------------------------------------- */

static void
fields_are_written_in_the_order_of_their_numbers(void **state)
{
    writes(*state, "All", "#5 =5 #4 =4 #3 =3",
        "{\"fInt32\":3,\"fInt64\":\"4\",\"fUint32\":5}");
    writes(*state, "All", "#536870911 =1 #3 =3",
        "{\"fInt32\":3,\"other \\\"name\\\"\":1}");
    writes(*state, "2.Old", "#300 =3 #100 =1 #1 =2",
        "{\"number\":2,\"[sluice.test.writer2.plain]\":1,\"after\":3}");
}

static void
elements_keep_their_order(void **state)
{
    writes(*state, "All", "#23 =1 #3 =9 #23 =2 #23:2 { 03 } #4 =1 #23 =4",
        "{\"fInt32\":9,\"fInt64\":\"1\",\"rInt32\":[1,2,3,4]}");
    writes(*state, "All", "#37:2 { #3 =1 } #3 =9 #37:2 { #3 =2 }",
        "{\"fInt32\":9,\"children\":[{\"fInt32\":1},{\"fInt32\":2}]}");
    writes(*state, "2.Old", "#7:3 #1 =1 #7:4 #1 =5 #7:3 #1 =2 #7:4",
        "{\"number\":5,\"item\":[{\"x\":1},{\"x\":2}]}");
}

/* An unknown field between two elements must not make two arrays. */
static void
unknown_fields_between_elements_do_no_harm(void **state)
{
    writes(*state, "All", "#23 =1 #18 =0 #23 =2", "{\"rInt32\":[1,2]}");
    writes(*state, "All", "#23 =1 #3000 =0 #23 =2", "{\"rInt32\":[1,2]}");
    writes(*state, "All", "#23 =1 #18 =0 #3000 =0 #18 =0 #24 =2",
        "{\"rInt32\":[1],\"rInt64\":[\"2\"]}");
    writes(*state, "2.Old", "#5 =1 #17 =0 #5 =2 #17 =0 #3 =3 #17 =0 #3 =5",
        "{\"sizes\":[\"SMALL\",\"LARGE\"],\"unpacked\":[1,2]}");
    writes(*state, "All", "#61:2 { #1:2 {'a'} } #18 =0 #61:2 { #1:2 {'b'} }",
        "{\"mStringString\":{\"a\":\"\",\"b\":\"\"}}");
}

/* ---- Last one wins ------------------------------------------------------- */

static void
of_equal_scalars_the_last_one_counts(void **state)
{
    writes(*state, "All", "#3 =1 #3 =2", "{\"fInt32\":2}");
    writes(*state, "All", "#3 =1 #4 =7 #3 =2",
        "{\"fInt32\":2,\"fInt64\":\"7\"}");
    writes(*state, "All", "#3 =1 #3 =0", "{}");
    writes(*state, "All", "#14:2 {'first'} #14:2 {'x'}", "{\"fString\":\"x\"}");
    writes(*state, "All", "#3 =1 #3:2 {'q'}", "{\"fInt32\":1}");
    writes(*state, "All", "#41 =1 #41 =0", "{\"oInt32\":0}");
}

static void
pieces_of_a_submessage_are_merged(void **state)
{
    writes(*state, "All", "#17:2 { #3 =1 } #17:2 { #4 =2 }",
        "{\"child\":{\"fInt32\":1,\"fInt64\":\"2\"}}");
    writes(*state, "All", "#17:2 { #3 =1 } #18 =1 #17:2 {} #17:2 { #3 =2 }",
        "{\"child\":{\"fInt32\":2}}");
    writes(*state, "All",
        "#17:2 { #23 =1 #61:2 { #1:2 {'a'} #2:2 {'1'} } } #3 =1 "
        "#17:2 { #23 =2 #61:2 { #1:2 {'a'} #2:2 {'2'} } }",
        "{\"fInt32\":1,\"child\":{\"rInt32\":[1,2],"
        "\"mStringString\":{\"a\":\"2\"}}}");
    writes(*state, "2.Old", "#6:3 #1 =1 #6:4 #6:3 #2:2 {'a'} #6:4",
        "{\"inner\":{\"x\":1,\"s\":\"a\"}}");
    writes(*state, "2.Old",
        "#6:3 #4:3 #1 =1 #4:4 b480 00 #1 =5 #6:3 #1 =7 #4:3 #4:4 #6:4",
        "{\"number\":5,\"inner\":{\"x\":7,\"deeper\":{\"y\":1}}}");
}

static void
merging_goes_all_the_way_down(void **state)
{
    writes(*state, "All",
        "#17:2 { #17:2 { #17:2 { #3 =1 } } } #17:2 { #17:2 { #17:2 { #4 =2 } } }"
        "#17:2 { #3 =3 #17:2 { #3 =4 } }",
        "{\"child\":{\"fInt32\":3,\"child\":{\"fInt32\":4,"
        "\"child\":{\"fInt32\":1,\"fInt64\":\"2\"}}}}");
    writes(*state, "All",
        "#37:2 { #17:2 { #4 =1 #3 =2 } #3 =9 #17:2 { #5 =3 } } #3 =1 "
        "#37:2 { #4 =1 #3 =2 }",
        "{\"fInt32\":1,\"children\":[{\"fInt32\":9,\"child\":{\"fInt32\":2,"
        "\"fInt64\":\"1\",\"fUint32\":3}},"
        "{\"fInt32\":2,\"fInt64\":\"1\"}]}");
}

static void
pieces_of_a_required_field_fill_each_other_in(void **state)
{
    writes(*state, "2.Old", "#12:2 { #1 =1 } #1 =3 #12:2 { #3:2 {'n'} }",
        "{\"number\":3,\"strict\":{\"id\":1,\"name\":\"n\"}}");
}

/* ---- Oneofs -------------------------------------------------------------- */

static void
of_a_oneof_the_last_member_counts(void **state)
{
    writes(*state, "All", "#51 =1 #52:2 {'a'}", "{\"cString\":\"a\"}");
    writes(*state, "All", "#52:2 {'a'} #51 =1", "{\"cInt32\":1}");
    writes(*state, "All", "#51 =1 #52:2 {} #51 =2", "{\"cInt32\":2}");
    writes(*state, "Pairs", "#1:2 {'a'} #2 =5 #1000:2 {} #70000:2 {}",
        "{\"b\":{},\"d\":{}}");
    writes(*state, "Pairs", "#70000:2 {} #1000:2 {} #2 =5 #1:2 {'a'}",
        "{\"a\":\"a\",\"c\":5}");
    writes(*state, "2.Old", "#10:3 #1 =1 #10:4 #9 =3",
        "{\"pickSize\":\"SMALL\"}");
}

static void
a_oneof_message_merges_only_since_it_was_chosen(void **state)
{
    writes(*state, "All", "#53:2 { #3 =1 } #53:2 { #4 =2 }",
        "{\"cAll\":{\"fInt32\":1,\"fInt64\":\"2\"}}");
    writes(*state, "All", "#53:2 { #3 =1 } #51 =7 #53:2 { #4 =2 }",
        "{\"cAll\":{\"fInt64\":\"2\"}}");
    writes(*state, "All",
        "#53:2 { #3 =1 } #51 =7 #53:2 { #4 =2 } #3 =9 #53:2 { #5 =3 }",
        "{\"fInt32\":9,\"cAll\":{\"fInt64\":\"2\",\"fUint32\":3}}");
    writes(*state, "2.Old",
        "#10:3 #1 =1 #10:4 #8 =5 #10:3 #2 =2 #10:4 #10:3 #1 =3 #10:4",
        "{\"pickgroup\":{\"z\":3,\"zz\":2}}");
}

static void
a_member_of_another_wire_type_does_not_choose(void **state)
{
    writes(*state, "All", "#51 =1 #52 =5", "{\"cInt32\":1}");
    writes(*state, "All", "#51 =1 #53:3 #53:4", "{\"cInt32\":1}");
}

/* ---- Maps ---------------------------------------------------------------- */

static void
map_keys_are_strings(void **state)
{
    writes(*state, "All", "#61:2 { #1:2 { 'a' 0a } #2:2 {'v'} }",
        "{\"mStringString\":{\"a\\n\":\"v\"}}");
    writes(*state, "All", "#62:2 { #1 =-5 #2 =7 }",
        "{\"mInt32Int32\":{\"-5\":7}}");
    writes(*state, "All", "#63:2 { #1 =-5 #2:2 {'x'} }",
        "{\"mInt64String\":{\"-5\":\"x\"}}");
    writes(*state, "All", "#64:2 { #1 =4294967295 #2 =1 }",
        "{\"mUint32Bool\":{\"4294967295\":true}}");
    writes(*state, "All", "#65:2 { #1 =18446744073709551615 }",
        "{\"mUint64Double\":{\"18446744073709551615\":0}}");
    writes(*state, "All", "#66:2 { #1 =1 #2 =2 } #67:2 { #1 =1 #2:2 { 00 } }",
        "{\"mSint32Sint32\":{\"-1\":1},\"mSint64Bytes\":{\"-1\":\"AA==\"}}");
    writes(*state, "All", "#68:2 { #1:5 07000000 #2 =1 }",
        "{\"mFixed32Color\":{\"7\":\"RED\"}}");
    writes(*state, "All", "#69:2 { #1 =1 #2:2 { #3 =1 } } #69:2 {}",
        "{\"mBoolAll\":{\"true\":{\"fInt32\":1},\"false\":{}}}");
}

static void
a_missing_key_or_value_is_the_default(void **state)
{
    writes(*state, "All", "#61:2 {}", "{\"mStringString\":{\"\":\"\"}}");
    writes(*state, "All", "#62:2 { #2 =5 }", "{\"mInt32Int32\":{\"0\":5}}");
    writes(*state, "All", "#62:2 { #1 =5 }", "{\"mInt32Int32\":{\"5\":0}}");
    writes(*state, "All", "#70:2 { #1:2 {'a'} }",
        "{\"mStringAll\":{\"a\":{}}}");
    writes(*state, "All", "#72:2 { #1:2 {'a'} }",
        "{\"mStringTime\":{\"a\":\"1970-01-01T00:00:00Z\"}}");
    writes(*state, "All", "#68:2 { #1:5 07000000 }",
        "{\"mFixed32Color\":{\"7\":\"COLOR_UNSPECIFIED\"}}");
    refuses(*state, "All", "#71:2 { #1:2 {'a'} }", PB_EVALUE,
        "mStringValue[\"a\"]", "holds nothing");
}

static void
of_equal_keys_the_last_one_counts(void **state)
{
    writes(*state, "All",
        "#61:2 { #1:2 {'a'} #2:2 {'1'} } #61:2 { #1:2 {'b'} #2:2 {'2'} } "
        "#61:2 { #1:2 {'a'} #2:2 {'3'} }",
        "{\"mStringString\":{\"b\":\"2\",\"a\":\"3\"}}");
    writes(*state, "All", "#62:2 { #1 =1 #2 =1 } #62:2 { #1 =4294967297 }",
        "{\"mInt32Int32\":{\"1\":0}}");
    writes(*state, "All", "#64:2 {} #64:2 { #1 =0 #2 =1 }",
        "{\"mUint32Bool\":{\"0\":true}}");
    /* values of equal keys do not merge */
    writes(*state, "All",
        "#70:2 { #1:2 {'a'} #2:2 { #3 =1 } } "
        "#70:2 { #1:2 {'a'} #2:2 { #4 =1 } }",
        "{\"mStringAll\":{\"a\":{\"fInt64\":\"1\"}}}");
    writes(*state, "All", "#69:2 { #1 =2 } #69:2 { #1 =1 #2:2 { #3 =1 } }",
        "{\"mBoolAll\":{\"true\":{\"fInt32\":1}}}");
}

static void
entries_in_disorder_are_read_all_the_same(void **state)
{
    writes(*state, "All", "#61:2 { #2:2 {'v'} #1:2 {'k'} }",
        "{\"mStringString\":{\"k\":\"v\"}}");
    writes(*state, "All", "#61:2 { #1:2 {'x'} #2:2 {'v'} #1:2 {'k'} #9 =1 }",
        "{\"mStringString\":{\"k\":\"v\"}}");
    writes(*state, "All", "#61:2 { 8a 00 {'k'} #3 =1 #2 =5 #2:2 {'v'} }",
        "{\"mStringString\":{\"k\":\"v\"}}");
    /* values of one entry do merge */
    writes(*state, "All", "#70:2 { #2:2 { #3 =1 } #1:2 {'k'} #2:2 { #4 =1 } }",
        "{\"mStringAll\":{\"k\":{\"fInt32\":1,\"fInt64\":\"1\"}}}");
}

static void
a_map_may_be_split(void **state)
{
    writes(*state, "All",
        "#62:2 { #1 =1 } #3 =5 #62:2 { #1 =2 } #62:2 { #1 =1 #2 =7 }",
        "{\"fInt32\":5,\"mInt32Int32\":{\"2\":0,\"1\":7}}");
}

/* n entries, with keys that begin anew after `distinct`. */
static void
put_entries(struct pb_buf *b, bool strings, unsigned n, unsigned distinct)
{
    char text[96];

    for (unsigned i = 0; i < n; i++) {
        unsigned key = i % distinct * 7919;

        if (strings)
            (void)snprintf(text, sizeof text,
                "#61:2 { #1:2 { 'a rather long key %u' } #2:2 { '%u' } }", key,
                i);
        else
            (void)snprintf(text, sizeof text, "#62:2 { #1 =%u #2 =%u }", key,
                i);
        put_wire(b, text);
    }
}

static void
put_expected(struct pb_buf *b, bool strings, unsigned n, unsigned distinct)
{
    char text[96];
    unsigned first = n > distinct ? n - distinct : 0;
    int len;

    len = snprintf(text, sizeof text, "{\"%s\":{",
        strings ? "mStringString" : "mInt32Int32");
    assert_int_equal(pb_buf_put(b, text, (size_t)len), PB_OK);
    for (unsigned i = first; i < n; i++) {
        unsigned key = i % distinct * 7919;

        len = snprintf(text, sizeof text,
            strings ? "%s\"a rather long key %u\":\"%u\"" : "%s\"%u\":%u",
            i > first ? "," : "", key, i);
        assert_int_equal(pb_buf_put(b, text, (size_t)len), PB_OK);
    }
    assert_int_equal(pb_buf_put(b, "}}", 3), PB_OK);
}

static void
large_maps_are_searched_for_equal_keys_too(void **state)
{
    static const unsigned counts[] = { 15, 16, 17, 18, 33, 100, 3000 };
    struct writer_fixture *x = *state;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (unsigned kind = 0; kind < 6; kind++) {
            unsigned n = counts[i];
            unsigned distinct = kind < 2 ? n : kind < 4 ? n / 2 + 1 : 3;
            struct pb_buf wire, json;

            pb_buf_init_heap(&wire, 1 << 24);
            pb_buf_init_heap(&json, 1 << 24);
            put_entries(&wire, kind % 2 == 0, n, distinct);
            put_expected(&json, kind % 2 == 0, n, distinct);
            x->out.len = 0;
            assert_int_equal(pb_wire_to_json(x->writer,
                                 fixture_message(x, "All"), &x->options,
                                 wire.data, wire.len, &x->out, &x->error),
                PB_OK);
            assert_int_equal(pb_buf_put(&x->out, "", 1), PB_OK);
            assert_string_equal((const char *)x->out.data,
                (const char *)json.data);
            pb_buf_fini_heap(&wire);
            pb_buf_fini_heap(&json);
        }
    }
}

static void
equal_keys_in_maps_within_maps_are_found(void **state)
{
    writes(*state, "All",
        "#70:2 { #1:2 {'a'} #2:2 { "
        "  #62:2 { #1 =1 #2 =1 } #62:2 { #1 =1 #2 =2 } #62:2 { #1 =2 } } } "
        "#70:2 { #1:2 {'b'} #2:2 { #3 =1 } } "
        "#70:2 { #1:2 {'b'} #2:2 { "
        "  #62:2 { #1 =1 #2 =1 } #62:2 { #1 =1 #2 =3 } } } "
        "#70:2 { #1:2 {'a'} } #70:2 { #1:2 {'c'} #2:2 { "
        "  #62:2 { #1 =5 #2 =1 } #62:2 { #1 =5 #2 =4 } } } ",
        "{\"mStringAll\":{\"b\":{\"mInt32Int32\":{\"1\":3}},\"a\":{},"
        "\"c\":{\"mInt32Int32\":{\"5\":4}}}}");
}

/* ---- Many fields --------------------------------------------------------- */

static void
every_field_backwards_is_every_field_in_order(void **state)
{
    struct writer_fixture *x = *state;
    const struct pb_message *m = fixture_message(x, "All");
    struct pb_buf wire;
    const char *p;

    pb_buf_init_heap(&wire, 1 << 20);
    for (unsigned i = m->n_fields; i-- > 0;) {
        char text[64];

        if (m->fields[i].type != PB_INT32 && m->fields[i].type != PB_STRING &&
            m->fields[i].type != PB_UINT64)
            continue;
        (void)snprintf(text, sizeof text,
            m->fields[i].type == PB_STRING ? "#%u:2 {'s'}" : "#%u =1",
            m->fields[i].number);
        put_wire(&wire, text);
    }
    x->out.len = 0;
    assert_int_equal(pb_wire_to_json(x->writer, m, &x->options, wire.data,
                         wire.len, &x->out, &x->error),
        PB_OK);
    assert_int_equal(pb_buf_put(&x->out, "", 1), PB_OK);
    p = (const char *)x->out.data;
    assert_string_equal(p,
        "{\"fInt32\":1,\"fUint64\":\"1\",\"fString\":\"s\",\"rInt32\":[1],"
        "\"rUint64\":[\"1\"],\"rString\":[\"s\"],\"oInt32\":1,"
        "\"oString\":\"s\",\"cInt32\":1,\"other \\\"name\\\"\":1}");
    pb_buf_fini_heap(&wire);
}

static void
what_is_overridden_has_to_be_well_formed_all_the_same(void **state)
{
    struct writer_fixture *x = *state;

    refuses(x, "All", "#14:2 { 'a' ff } #14:2 { 'a' }", PB_EVALUE, "fString",
        "not UTF-8");
    assert_int_equal(x->error.offset, 2);
    refuses(x, "All", "#53:2 { #14:2 { ff } } #51 =1", PB_EVALUE,
        "cAll.fString", "not UTF-8");
    refuses(x, "All", "#17:2 { #53:2 { #3 } #51 =1 }", PB_ESYNTAX,
        "child.cAll.fInt32", "broken");
    refuses(x, "All", "#61:2 { #2:2 { ff } } #61:2 { }", PB_EVALUE,
        "mStringString.value", "not UTF-8");
    refuses(x, "All", "#70:2 { #2:2 { #3 } } #70:2 { }", PB_ESYNTAX,
        "mStringAll.value.fInt32", "broken");
    /* each piece on its own, though joined they may pass for a message */
    refuses(x, "All", "#17:2 { #3 } #17:2 { #3 =1 }", PB_ESYNTAX,
        "child.fInt32", "broken");
    refuses(x, "google.protobuf.StringValue", "#1:2 { ff } #1:2 { 'a' }",
        PB_EVALUE, "value", "not UTF-8");
    /* proto2 does not ask for UTF-8, and JSON does not see what is dropped */
    writes(x, "2.Old", "#13:2 { ff } #13:2 { 'a' }", "{\"text\":\"a\"}");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        writer_test(fields_are_written_in_the_order_of_their_numbers),
        writer_test(elements_keep_their_order),
        writer_test(unknown_fields_between_elements_do_no_harm),
        writer_test(of_equal_scalars_the_last_one_counts),
        writer_test(pieces_of_a_submessage_are_merged),
        writer_test(merging_goes_all_the_way_down),
        writer_test(pieces_of_a_required_field_fill_each_other_in),
        writer_test(of_a_oneof_the_last_member_counts),
        writer_test(a_oneof_message_merges_only_since_it_was_chosen),
        writer_test(a_member_of_another_wire_type_does_not_choose),
        writer_test(map_keys_are_strings),
        writer_test(a_missing_key_or_value_is_the_default),
        writer_test(of_equal_keys_the_last_one_counts),
        writer_test(entries_in_disorder_are_read_all_the_same),
        writer_test(a_map_may_be_split),
        writer_test(large_maps_are_searched_for_equal_keys_too),
        writer_test(equal_keys_in_maps_within_maps_are_found),
        writer_test(what_is_overridden_has_to_be_well_formed_all_the_same),
        writer_test(every_field_backwards_is_every_field_in_order),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
