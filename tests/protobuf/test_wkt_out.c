/* SPDX-License-Identifier: Apache-2.0 */
/* The well-known types that have a JSON form of their own. */
#include "tests/protobuf/writer_fixture.h"

#include <stdio.h>

#define PB "google.protobuf."
#define URL "'type.googleapis.com/"

/* ---- Times --------------------------------------------------------------- */

static void
a_timestamp_is_rfc_3339_in_utc(void **state)
{
    writes(*state, PB "Timestamp", "", "\"1970-01-01T00:00:00Z\"");
    writes(*state, PB "Timestamp", "#1 =951782399", "\"2000-02-28T23:59:59Z\"");
    writes(*state, PB "Timestamp", "#1 =951782400", "\"2000-02-29T00:00:00Z\"");
    writes(*state, PB "Timestamp", "#1 =951868800", "\"2000-03-01T00:00:00Z\"");
    writes(*state, PB "Timestamp", "#1 =-2203891201",
        "\"1900-02-28T23:59:59Z\"");
    writes(*state, PB "Timestamp", "#1 =-2203891200",
        "\"1900-03-01T00:00:00Z\"");
    writes(*state, PB "Timestamp", "#1 =63108020 #2 =21000000",
        "\"1972-01-01T10:00:20.021Z\"");
    writes(*state, PB "Timestamp", "#1 =-1 #2 =999999999",
        "\"1969-12-31T23:59:59.999999999Z\"");
    writes(*state, PB "Timestamp", "#1 =-62135596800",
        "\"0001-01-01T00:00:00Z\"");
    writes(*state, PB "Timestamp", "#1 =253402300799 #2 =999999999",
        "\"9999-12-31T23:59:59.999999999Z\"");
    writes(*state, PB "Timestamp", "#1 =1709210096",
        "\"2024-02-29T12:34:56Z\"");
    writes(*state, PB "Timestamp", "#1 =1735689599",
        "\"2024-12-31T23:59:59Z\"");
}

static void
fractions_have_as_many_digits_as_needed_by_threes(void **state)
{
    writes(*state, PB "Timestamp", "#2 =1",
        "\"1970-01-01T00:00:00.000000001Z\"");
    writes(*state, PB "Timestamp", "#2 =1000",
        "\"1970-01-01T00:00:00.000001Z\"");
    writes(*state, PB "Timestamp", "#2 =500000000",
        "\"1970-01-01T00:00:00.500Z\"");
    writes(*state, PB "Timestamp", "#2 =123456000",
        "\"1970-01-01T00:00:00.123456Z\"");
}

static void
a_timestamp_out_of_range_is_refused(void **state)
{
    refuses(*state, PB "Timestamp", "#1 =-62135596801", PB_EVALUE, "",
        "-62135596801");
    refuses(*state, PB "Timestamp", "#1 =253402300800", PB_EVALUE, "", NULL);
    refuses(*state, PB "Timestamp", "#1 =-9223372036854775808", PB_EVALUE, "",
        NULL);
    refuses(*state, PB "Timestamp", "#2 =-1", PB_EVALUE, "", "nanos");
    refuses(*state, PB "Timestamp", "#2 =1000000000", PB_EVALUE, "", NULL);
    refuses(*state, "All", "#102:2 {} #102:2 { #2 =-1 }", PB_EVALUE, "rTime[1]",
        NULL);
}

static void
a_duration_is_seconds_with_an_s(void **state)
{
    writes(*state, PB "Duration", "", "\"0s\"");
    writes(*state, PB "Duration", "#1 =1", "\"1s\"");
    writes(*state, PB "Duration", "#1 =1 #2 =10000000", "\"1.010s\"");
    writes(*state, PB "Duration", "#2 =-500000000", "\"-0.500s\"");
    writes(*state, PB "Duration", "#1 =-1 #2 =-500000000", "\"-1.500s\"");
    writes(*state, PB "Duration", "#2 =1", "\"0.000000001s\"");
    writes(*state, PB "Duration", "#1 =315576000000 #2 =999999999",
        "\"315576000000.999999999s\"");
    writes(*state, PB "Duration", "#1 =-315576000000", "\"-315576000000s\"");
}

static void
a_duration_out_of_range_is_refused(void **state)
{
    refuses(*state, PB "Duration", "#1 =315576000001", PB_EVALUE, "", NULL);
    refuses(*state, PB "Duration", "#1 =-315576000001", PB_EVALUE, "", NULL);
    refuses(*state, PB "Duration", "#1 =-9223372036854775808", PB_EVALUE, "",
        NULL);
    refuses(*state, PB "Duration", "#2 =1000000000", PB_EVALUE, "", NULL);
    refuses(*state, PB "Duration", "#2 =-2147483648", PB_EVALUE, "", NULL);
    refuses(*state, PB "Duration", "#1 =1 #2 =-1", PB_EVALUE, "", "signs");
    refuses(*state, PB "Duration", "#1 =-1 #2 =1", PB_EVALUE, "", NULL);
}

static void
the_last_of_their_fields_counts_wherever_it_stands(void **state)
{
    writes(*state, PB "Duration", "#2 =5 #1 =9 #1 =1 #2 =500000000",
        "\"1.500s\"");
    writes(*state, PB "Duration", "#1 =1 #1:2 {'x'} #7 =5", "\"1s\"");
    writes(*state, "All", "#83:2 { #1 =1 } #83:2 { #2 =500000000 }",
        "{\"duration\":\"1.500s\"}");
    writes(*state, PB "Int32Value", "#1 =1 #2 =9 #1 =2", "2");
}

/* ---- Wrappers ------------------------------------------------------------ */

static void
wrappers_are_their_values(void **state)
{
    writes(*state, PB "DoubleValue", "#1:1 000000000000f83f", "1.5");
    writes(*state, PB "FloatValue", "#1:5 0000c07f", "\"NaN\"");
    writes(*state, PB "Int64Value", "#1 =-1", "\"-1\"");
    writes(*state, PB "UInt64Value", "#1 =7", "\"7\"");
    writes(*state, PB "Int32Value", "#1 =-1", "-1");
    writes(*state, PB "UInt32Value", "#1 =7", "7");
    writes(*state, PB "BoolValue", "#1 =1", "true");
    writes(*state, PB "StringValue", "#1:2 {'a\"'}", "\"a\\\"\"");
    writes(*state, PB "BytesValue", "#1:2 { 00 }", "\"AA==\"");
}

static void
a_wrapper_that_is_set_is_written_even_with_the_default(void **state)
{
    writes(*state, "All",
        "#90:2 {} #91:2 {} #92:2 {} #93:2 {} #94:2 {} #95:2 {} #96:2 {} "
        "#97:2 {} #98:2 {}",
        "{\"wDouble\":0,\"wFloat\":0,\"wInt64\":\"0\",\"wUint64\":\"0\","
        "\"wInt32\":0,\"wUint32\":0,\"wBool\":false,\"wString\":\"\","
        "\"wBytes\":\"\"}");
    writes(*state, "All", "#105:2 {} #105:2 { #1 =1 }", "{\"rwInt32\":[0,1]}");
    refuses(*state, "All", "#97:2 { #1:2 { ff } }", PB_EVALUE, "wString", NULL);
}

/* ---- FieldMask ----------------------------------------------------------- */

static void
a_field_mask_is_its_paths_in_lower_camel(void **state)
{
    writes(*state, PB "FieldMask", "", "\"\"");
    writes(*state, PB "FieldMask", "#1:2 {'a'} #1:2 {'foo_bar.b_az'}",
        "\"a,fooBar.bAz\"");
    writes(*state, PB "FieldMask", "#1:2 {'_foo'} #9 =1 #1:2 {'x1y'}",
        "\"Foo,x1y\"");
    writes(*state, PB "FieldMask", "#1:2 {'*'} #1:2 {'a\"b'}", "\"*,a\\\"b\"");
}

static void
a_path_that_would_not_read_back_is_refused(void **state)
{
    static const char *const paths[] = { "'fooBar'", "'foo__bar'", "'foo_1'",
        "'foo_'", "'foo_.bar'", "'a,b'", "", "'a' ff" };
    char text[64];

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        (void)snprintf(text, sizeof text, "#84:2 { #1:2 {'ok'} #1:2 {%s} }",
            paths[i]);
        refuses(*state, "All", text, PB_EVALUE, "mask", NULL);
    }
}

/* ---- Struct, Value, ListValue -------------------------------------------- */

static void
a_value_is_any_json(void **state)
{
    writes(*state, PB "Value", "#1 =0", "null");
    writes(*state, PB "Value", "#1 =5", "null");
    writes(*state, PB "Value", "#2:1 000000000000f03f", "1");
    writes(*state, PB "Value", "#2:1 0000000000000080", "-0.0");
    writes(*state, PB "Value", "#3:2 {'1'}", "\"1\"");
    writes(*state, PB "Value", "#4 =0", "false");
    writes(*state, PB "Value", "#5:2 {}", "{}");
    writes(*state, PB "Value", "#6:2 {}", "[]");
    writes(*state, PB "Value", "#9 =1 #4 =1 #10 =1", "true");
}

static void
a_value_without_json_is_refused(void **state)
{
    refuses(*state, PB "Value", "", PB_EVALUE, "", "holds nothing");
    refuses(*state, PB "Value", "#7 =1", PB_EVALUE, "", NULL);
    refuses(*state, PB "Value", "#2 =1", PB_EVALUE, "", NULL);
    refuses(*state, PB "Value", "#2:1 000000000000f87f", PB_EVALUE, "", "nan");
    refuses(*state, PB "Value", "#2:1 000000000000f07f", PB_EVALUE, "", "inf");
    refuses(*state, "All", "#103:2 { #4 =1 } #103:2 {}", PB_EVALUE, "rValue[1]",
        NULL);
    refuses(*state, "All",
        "#85:2 { #1:2 { #1:2 {'k'} #2:2 { #6:2 { #1:2 { #1 =0 } #1:2 {} } } } }",
        PB_EVALUE, "struct[\"k\"][1]", NULL);
}

static void
structs_and_lists_nest(void **state)
{
    writes(*state, PB "Struct",
        "#1:2 { #1:2 {'a'} #2:2 { #6:2 { #1:2 { #1 =0 } "
        "#1:2 { #5:2 { #1:2 { #1:2 {'b'} #2:2 { #3:2 {'c'} } } } } } } }",
        "{\"a\":[null,{\"b\":\"c\"}]}");
    writes(*state, PB "Struct",
        "#1:2 { #1:2 {'a'} #2:2 { #4 =1 } } #1:2 { #1:2 {'a'} #2:2 { #4 =0 } }",
        "{\"a\":false}");
    writes(*state, PB "ListValue", "#1:2 { #4 =1 } #2 =7 #1:2 { #4 =0 }",
        "[true,false]");
    writes(*state, "All", "#71:2 { #1:2 {'x'} #2:2 { #4 =1 } }",
        "{\"mStringValue\":{\"x\":true}}");
}

static void
of_a_values_kinds_the_last_one_counts(void **state)
{
    writes(*state, PB "Value", "#4 =1 #3:2 {'x'}", "\"x\"");
    writes(*state, PB "Value", "#3:2 {'x'} #4 =1", "true");
    writes(*state, PB "Value",
        "#6:2 { #1:2 { #4 =1 } } #6:2 { #1:2 { #4 =0 } }", "[true,false]");
    writes(*state, PB "Value",
        "#6:2 { #1:2 { #4 =1 } } #4 =1 #6:2 { #1:2 { #4 =0 } }", "[false]");
    writes(*state, "All",
        "#87:2 { #1:2 { #4 =1 } } #3 =1 #87:2 { #1:2 { #4 =0 } }",
        "{\"fInt32\":1,\"list\":[true,false]}");
}

static void
a_null_value_is_null(void **state)
{
    writes(*state, "All", "#88 =0", "{}");
    writes(*state, "All", "#55 =0", "{\"cNull\":null}");
    writes(*state, "All", "#104 =0 #104:2 { 00 07 }",
        "{\"rNull\":[null,null,null]}");
    ((struct writer_fixture *)*state)->options.emit_defaults = true;
    writes_field(*state, "All", "null", "", "null");
}

/* ---- Any ----------------------------------------------------------------- */

static void
an_any_is_its_message_with_a_type(void **state)
{
    writes(*state, PB "Any",
        "#1:2 { " URL "sluice.test.writer.Publisher' } "
        "#2:2 { #1:2 {'n'} #3 =5 }",
        "{\"@type\":\"type.googleapis.com/sluice.test.writer.Publisher\","
        "\"name\":\"n\",\"founded\":5}");
    writes(*state, PB "Any",
        "#2:2 { #3 =5 #1:2 {'n'} } "
        "#1:2 { 'a/b/sluice.test.writer.Publisher' }",
        "{\"@type\":\"a/b/sluice.test.writer.Publisher\","
        "\"name\":\"n\",\"founded\":5}");
    writes(*state, PB "Any", "#1:2 { " URL "google.protobuf.Empty' }",
        "{\"@type\":\"type.googleapis.com/google.protobuf.Empty\"}");
    writes(*state, PB "Any", "#1:2 { '/sluice.test.writer.All' } #2:2 {}",
        "{\"@type\":\"/sluice.test.writer.All\"}");
}

static void
an_any_of_a_well_known_type_has_a_value(void **state)
{
    writes(*state, PB "Any",
        "#1:2 { " URL "google.protobuf.Duration' } #2:2 { #1 =3 }",
        "{\"@type\":\"type.googleapis.com/google.protobuf.Duration\","
        "\"value\":\"3s\"}");
    writes(*state, PB "Any",
        "#1:2 { '/google.protobuf.Int32Value' } #2:2 { #1 =3 }",
        "{\"@type\":\"/google.protobuf.Int32Value\",\"value\":3}");
    writes(*state, PB "Any", "#1:2 { '/google.protobuf.Struct' }",
        "{\"@type\":\"/google.protobuf.Struct\",\"value\":{}}");
    writes(*state, PB "Any", "#1:2 { '/google.protobuf.Value' } #2:2 { #1 =0 }",
        "{\"@type\":\"/google.protobuf.Value\",\"value\":null}");
    writes(*state, PB "Any", "#1:2 { '/google.protobuf.FieldMask' }",
        "{\"@type\":\"/google.protobuf.FieldMask\",\"value\":\"\"}");
    writes(*state, PB "Any",
        "#1:2 { '/google.protobuf.Any' } #2:2 { "
        "#1:2 { '/google.protobuf.Any' } #2:2 { "
        "#1:2 { '/google.protobuf.BoolValue' } } }",
        "{\"@type\":\"/google.protobuf.Any\",\"value\":{"
        "\"@type\":\"/google.protobuf.Any\",\"value\":{"
        "\"@type\":\"/google.protobuf.BoolValue\",\"value\":false}}}");
    writes(*state, PB "Any", "#1:2 { '/google.protobuf.Any' }",
        "{\"@type\":\"/google.protobuf.Any\",\"value\":{}}");
}

static void
an_any_with_nothing_is_an_empty_object(void **state)
{
    writes(*state, PB "Any", "", "{}");
    writes(*state, "All", "#81:2 {} #101:2 {}", "{\"any\":{},\"rAny\":[{}]}");
}

static void
an_any_that_cannot_be_resolved_is_refused(void **state)
{
    refuses(*state, PB "Any", "#2:2 { 08 01 }", PB_EVALUE, "", "type URL");
    refuses(*state, PB "Any", "#1:2 { 'sluice.test.writer.All' }", PB_EVALUE,
        "", "no \"/\"");
    refuses(*state, "All", "#101:2 {} #101:2 { #1:2 { 'a/no.Such' } }",
        PB_EUNKNOWN, "rAny[1]", "no.Such");
    refuses(*state, PB "Any", "#1:2 { 'a/' }", PB_EUNKNOWN, "", NULL);
    refuses(*state, PB "Any", "#1:2 { ff '/sluice.test.writer.All' }",
        PB_EVALUE, "", "UTF-8");
}

static void
an_any_that_cannot_be_resolved_keeps_its_bytes_on_demand(void **state)
{
    struct writer_fixture *x = *state;

    x->options.raw_anys = true;
    writes(x, PB "Any", "#1:2 { 'a/no.Such' } #2:2 { 08 01 }",
        "{\"@type\":\"a/no.Such\",\"value\":\"CAE=\"}");
    writes(x, PB "Any", "#1:2 { 'sluice.test.writer.All' }",
        "{\"@type\":\"sluice.test.writer.All\",\"value\":\"\"}");
    writes(x, PB "Any", "#2:2 { ff }", "{\"@type\":\"\",\"value\":\"/w==\"}");
    writes(x, PB "Any", "", "{}");
    writes(x, "All", "#101:2 {} #101:2 { #1:2 { 'a/b' } }",
        "{\"rAny\":[{},{\"@type\":\"a/b\",\"value\":\"\"}]}");
    refuses(x, PB "Any", "#1:2 { ff '/b' }", PB_EVALUE, "", "UTF-8");
    refuses(x, PB "Any", "#1:2 { '/sluice.test.writer.All' } #2:2 { ff }",
        PB_ESYNTAX, "", NULL);
}

static void
an_any_of_the_hidden_type_shows_its_type_only(void **state)
{
    struct writer_fixture *x = *state;

    x->options.hidden = "sluice.test.writer.Publisher";
    writes(x, PB "Any",
        "#1:2 { 'a/sluice.test.writer.Publisher' } #2:2 { #1:2 {'n'} }",
        "{\"@type\":\"a/sluice.test.writer.Publisher\"}");
    writes(x, PB "Any", "#1:2 { 'sluice.test.writer.Publisher' } #2:2 { ff }",
        "{\"@type\":\"sluice.test.writer.Publisher\"}");
    refuses(x, PB "Any", "#1:2 { 'a/no.Such' }", PB_EUNKNOWN, "", NULL);
    x->options.raw_anys = true;
    writes(x, PB "Any",
        "#1:2 { 'a/no.Such' } #2:2 { 'x/sluice.test.writer.Publisher' }",
        "{\"@type\":\"a/no.Such\"}");
    writes(x, PB "Any", "#1:2 { 'a/no.Such' } #2:2 { 'x' }",
        "{\"@type\":\"a/no.Such\",\"value\":\"eA==\"}");
}

static void
errors_inside_an_any_are_errors(void **state)
{
    refuses(*state, "All",
        "#81:2 { #1:2 { '/sluice.test.writer.All' } #2:2 { 0f } }", PB_ESYNTAX,
        "any", NULL);
    refuses(*state, "All",
        "#81:2 { #1:2 { '/sluice.test.writer.All' } "
        "#2:2 { #17:2 { #14:2 { ff } } } }",
        PB_EVALUE, "any.child.fString", NULL);
    refuses(*state, "All",
        "#81:2 { #1:2 { '/google.protobuf.Duration' } "
        "#2:2 { #1 =1 #2 =-1 } }",
        PB_EVALUE, "any", "signs");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        writer_test(a_timestamp_is_rfc_3339_in_utc),
        writer_test(fractions_have_as_many_digits_as_needed_by_threes),
        writer_test(a_timestamp_out_of_range_is_refused),
        writer_test(a_duration_is_seconds_with_an_s),
        writer_test(a_duration_out_of_range_is_refused),
        writer_test(the_last_of_their_fields_counts_wherever_it_stands),
        writer_test(wrappers_are_their_values),
        writer_test(a_wrapper_that_is_set_is_written_even_with_the_default),
        writer_test(a_field_mask_is_its_paths_in_lower_camel),
        writer_test(a_path_that_would_not_read_back_is_refused),
        writer_test(a_value_is_any_json),
        writer_test(a_value_without_json_is_refused),
        writer_test(structs_and_lists_nest),
        writer_test(of_a_values_kinds_the_last_one_counts),
        writer_test(a_null_value_is_null),
        writer_test(an_any_is_its_message_with_a_type),
        writer_test(an_any_of_a_well_known_type_has_a_value),
        writer_test(an_any_with_nothing_is_an_empty_object),
        writer_test(an_any_that_cannot_be_resolved_is_refused),
        writer_test(an_any_that_cannot_be_resolved_keeps_its_bytes_on_demand),
        writer_test(an_any_of_the_hidden_type_shows_its_type_only),
        writer_test(errors_inside_an_any_are_errors),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
