/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: well-known types and google.protobuf.Any. */
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>

/* ---- Timestamp, Duration, FieldMask ------------------------------------- */

static void
timestamps_are_seconds_and_nanos(void **state)
{
    gives(state, "M", "{\"t\":\"1970-01-01T00:00:01.5Z\"}",
        "5a 08 08 01 10 80 ca b5 ee 01");
    gives(state, "M", "{\"t\":\"1970-01-01T00:00:00Z\"}", "5a 00");
    gives(state, "M", "{\"t\":\"1970-01-01T00:00:00.000000001Z\"}",
        "5a 02 10 01");
    gives(state, "M", "{\"t\":\"1969-12-31T23:59:59.999999999Z\"}",
        "5a 11 08 ff ff ff ff ff ff ff ff ff 01 10 ff 93 eb dc 03");
    gives(state, "M", "{\"t\":\"0001-01-01T00:00:00Z\"}",
        "5a 0b 08 80 92 b8 c3 98 fe ff ff ff 01");
    gives(state, "M", "{\"t\":\"9999-12-31T23:59:59Z\"}",
        "5a 07 08 ff 82 d1 ff af 07");
    gives(state, "M", "{\"t\":\"2000-02-29T12:00:00Z\"}",
        "5a 06 08 c0 e9 ee c5 03");
    same(state, "M", "{\"t\":\"1970-01-01T00:00:00-11:30\"}",
        "{\"t\":\"1970-01-01T11:30:00Z\"}");
    same(state, "M", "{\"t\":\"2024-03-01T01:00:00+02:00\"}",
        "{\"t\":\"2024-02-29T23:00:00.000Z\"}");
    same(state, "M", "{\"t\":\"2024\\u002d03-01T01:00:00\\u005A\"}",
        "{\"t\":\"2024-03-01T01:00:00Z\"}");
    gives(state, "M", "{\"t\":\"0001-01-01T00:00:00-00:01\"}",
        "5a 0b 08 bc 92 b8 c3 98 fe ff ff ff 01");
}

static void
other_ways_to_write_a_time_are_refused(void **state)
{
    static const char *const texts[] = { "", "1970-01-01",
        "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01t00:00:00Z",
        "1970-01-01T00:00:00z", "1970-01-01T00:00:00+0800",
        "1970-01-01T00:00:00+08", "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+08:60", "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z", "1970-01-01T00:00:00Zx",
        " 1970-01-01T00:00:00Z", "1970-1-01T00:00:00Z", "999-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z",
        "1970-04-31T00:00:00Z", "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T23:60:00Z", "1970-01-01T23:59:60Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "-001-01-01T00:00:00Z", "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:0\xc2\xb9Z" };
    char text[128];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"t\":\"%s\"}", texts[i]);
        refuses(state, "M", text, PB_EVALUE);
    }
    refuses(state, "M", "{\"t\":1}", PB_EVALUE);
    refuses(state, "M", "{\"t\":{}}", PB_EVALUE);
    refuses(state, "M", "{\"t\":{\"seconds\":1}}", PB_EVALUE);
}

static void
durations_are_seconds_and_nanos_of_one_sign(void **state)
{
    gives(state, "WellKnown", "{\"duration\":\"1.010s\"}",
        "12 07 08 01 10 80 ad e2 04");
    gives(state, "WellKnown", "{\"duration\":\"0s\"}", "12 00");
    gives(state, "WellKnown", "{\"duration\":\"-0s\"}", "12 00");
    gives(state, "WellKnown", "{\"duration\":\"-0.5s\"}",
        "12 0b 10 80 b6 ca 91 fe ff ff ff ff 01");
    gives(state, "WellKnown", "{\"duration\":\"-1.5s\"}",
        "12 16 08 ff ff ff ff ff ff ff ff ff 01 "
        "10 80 b6 ca 91 fe ff ff ff ff 01");
    gives(state, "WellKnown", "{\"duration\":\"315576000000s\"}",
        "12 07 08 80 bc ae ce 97 09");
    gives(state, "WellKnown", "{\"duration\":\"315576000000.999999999s\"}",
        "12 0d 08 80 bc ae ce 97 09 10 ff 93 eb dc 03");
    gives(state, "WellKnown", "{\"duration\":\"-315576000000.000s\"}",
        "12 0b 08 80 c4 d1 b1 e8 f6 ff ff ff 01");
}

static void
other_ways_to_write_a_duration_are_refused(void **state)
{
    static const char *const texts[] = { "", "s", "1", "1m", " 1s", "1s ",
        "1 s", "+1s", ".5s", "1.s", "1.1234567890s", "315576000001s",
        "-315576000001s", "99999999999999999999999s", "--1s", "1e3s", "-s",
        "-.5s", "1.-5s", "0x1s" };
    char text[128];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"duration\":\"%s\"}", texts[i]);
        refuses(state, "WellKnown", text, PB_EVALUE);
    }
    refuses(state, "WellKnown", "{\"duration\":1}", PB_EVALUE);
}

static void
field_masks_are_written_in_snake_case(void **state)
{
    gives(state, "WellKnown", "{\"mask\":\"a,fooBar.b\"}",
        "1a 0e 0a 01 61 0a 09 66 6f 6f 5f 62 61 72 2e 62");
    gives(state, "WellKnown", "{\"mask\":\"\"}", "1a 00");
    gives(state, "WellKnown", "{\"mask\":\"a1B2\"}",
        "1a 07 0a 05 61 31 5f 62 32");
}

static void
field_masks_that_would_not_come_back_are_refused(void **state)
{
    static const char *const texts[] = { "foo_bar", "a,", ",a", "a,,b", ",",
        ".", "a.", ".a", "a..b", "a b", "a, b", "1a", "a.1", "a-b", "a*",
        "\xc3\xa9" };
    char text[128];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        (void)snprintf(text, sizeof(text), "{\"mask\":\"%s\"}", texts[i]);
        refuses(state, "WellKnown", text, PB_EVALUE);
    }
    refuses(state, "WellKnown", "{\"mask\":[\"a\"]}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"mask\":{\"paths\":[]}}", PB_EVALUE);
}

/* ---- Wrappers ----------------------------------------------------------- */

static void
wrappers_are_their_value(void **state)
{
    gives(state, "WellKnown", "{\"wInt32\":0}", "62 00");
    gives(state, "WellKnown", "{\"wInt32\":5}", "62 02 08 05");
    gives(state, "WellKnown", "{\"wInt32\":\"5\"}", "62 02 08 05");
    gives(state, "WellKnown", "{\"wInt64\":\"-1\"}",
        "52 0b 08 ff ff ff ff ff ff ff ff ff 01");
    gives(state, "WellKnown", "{\"wUint64\":1,\"wUint32\":2}",
        "5a 02 08 01 6a 02 08 02");
    gives(state, "WellKnown", "{\"wBool\":true}", "72 02 08 01");
    gives(state, "WellKnown", "{\"wBool\":false}", "72 00");
    gives(state, "WellKnown", "{\"wString\":\"a\\n\"}", "7a 04 0a 02 61 0a");
    gives(state, "WellKnown", "{\"wString\":\"\"}", "7a 00");
    gives(state, "WellKnown", "{\"wBytes\":\"AQI=\"}", "82 01 04 0a 02 01 02");
    gives(state, "WellKnown", "{\"wFloat\":1.5}", "4a 05 0d 00 00 c0 3f");
    gives(state, "WellKnown", "{\"wDouble\":\"NaN\"}",
        "42 09 09 00 00 00 00 00 00 f8 7f");
    gives(state, "WellKnown", "{\"wInt32s\":[1,0]}", "b2 01 02 08 01 b2 01 00");
    gives(state, "WellKnown", "{\"wInt32\":null}", "");
    refuses(state, "WellKnown", "{\"wInt32\":\"x\"}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"wInt32\":{}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"wInt32\":{\"value\":1}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"wInt32\":true}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"wBool\":\"true\"}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"wString\":1}", PB_EVALUE);
    refuses_saying(state, "WellKnown", "{\"wUint32\":-1}",
        "expected a uint32, found -1, which is out of range");
}

/* ---- Value, Struct, ListValue, NullValue, Empty ------------------------- */

static void
a_value_may_be_anything(void **state)
{
    gives(state, "M", "{\"v\":null}", "62 02 08 00");
    gives(state, "M", "{\"v\":1.5}", "62 09 11 00 00 00 00 00 00 f8 3f");
    gives(state, "M", "{\"v\":0}", "62 09 11 00 00 00 00 00 00 00 00");
    gives(state, "M", "{\"v\":\"a\"}", "62 03 1a 01 61");
    gives(state, "M", "{\"v\":\"\"}", "62 02 1a 00");
    gives(state, "M", "{\"v\":\"1\"}", "62 03 1a 01 31");
    gives(state, "M", "{\"v\":\"\\u0031\"}", "62 03 1a 01 31");
    gives(state, "M", "{\"v\":\"NaN\"}", "62 05 1a 03 4e 61 4e");
    gives(state, "M", "{\"v\":true}", "62 02 20 01");
    gives(state, "M", "{\"v\":false}", "62 02 20 00");
    gives(state, "M", "{\"v\":{}}", "62 02 2a 00");
    gives(state, "M", "{\"v\":[]}", "62 02 32 00");
    gives(state, "M", "{\"v\":[[null],{}]}",
        "62 0e 32 0c 0a 06 32 04 0a 02 08 00 0a 02 2a 00");
    refuses(state, "M", "{\"v\":1e309}", PB_EVALUE);
    refuses(state, "M", "{\"v\":nope}", PB_ESYNTAX);
}

static void
structs_and_lists_take_their_own_kind_only(void **state)
{
    gives(state, "WellKnown", "{\"struct\":{\"a\":1}}",
        "22 10 0a 0e 0a 01 61 12 09 11 00 00 00 00 00 00 f0 3f");
    gives(state, "WellKnown", "{\"struct\":{}}", "22 00");
    gives(state, "WellKnown", "{\"list\":[true]}", "32 04 0a 02 20 01");
    gives(state, "WellKnown", "{\"list\":[]}", "32 00");
    gives(state, "WellKnown", "{\"struct\":null,\"list\":null}", "");
    refuses(state, "WellKnown", "{\"struct\":[]}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"struct\":\"a\"}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"struct\":1}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"list\":{}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"list\":1}", PB_EVALUE);
    refuses_at(state, "WellKnown", "{\"struct\":{\"a\":1,\"a\":2}}",
        PB_EDUPLICATE, 18, "struct[\"a\"]");
}

static void
values_may_be_repeated_and_mapped(void **state)
{
    gives(state, "WellKnown", "{\"values\":[null,1,[]]}",
        "a2 01 02 08 00 a2 01 09 11 00 00 00 00 00 00 f0 3f a2 01 02 32 00");
    gives(state, "Maps", "{\"values\":{\"a\":null}}",
        "6a 07 0a 01 61 12 02 08 00");
    refuses(state, "WellKnown", "{\"values\":1}", PB_EVALUE);
}

static void
the_null_enum_is_null(void **state)
{
    gives(state, "WellKnown", "{\"null\":null}", "");
    gives(state, "WellKnown", "{\"null\":\"NULL_VALUE\"}", "");
    gives(state, "WellKnown", "{\"null\":0}", "");
    gives(state, "WellKnown", "{\"oNull\":null}", "c0 01 00");
    gives(state, "WellKnown", "{\"oNull\":\"NULL_VALUE\"}", "c0 01 00");
    gives(state, "WellKnown", "{\"nulls\":[null,null]}", "aa 01 02 00 00");
    gives(state, "WellKnown", "{\"oValue\":null}", "ca 01 02 08 00");
    refuses(state, "WellKnown", "{\"null\":\"x\"}", PB_EUNKNOWN);
    refuses(state, "WellKnown", "{\"null\":true}", PB_EVALUE);
}

static void
empty_is_an_ordinary_message(void **state)
{
    gives(state, "WellKnown", "{\"empty\":{}}", "92 01 00");
    refuses(state, "WellKnown", "{\"empty\":{\"a\":1}}", PB_EUNKNOWN);
    refuses(state, "WellKnown", "{\"empty\":[]}", PB_EVALUE);
}

static void
well_known_types_may_be_the_whole_text(void **state)
{
    gives(state, "google.protobuf.Timestamp", "\"1970-01-01T00:00:01Z\"",
        "08 01");
    gives(state, "google.protobuf.Duration", " \"1s\" ", "08 01");
    gives(state, "google.protobuf.FieldMask", "\"aB\"", "0a 03 61 5f 62");
    gives(state, "google.protobuf.Int32Value", "15", "08 0f");
    gives(state, "google.protobuf.Int32Value", " 15 ", "08 0f");
    gives(state, "google.protobuf.StringValue", "\"\\n\"", "0a 01 0a");
    gives(state, "google.protobuf.Value", "null", "08 00");
    gives(state, "google.protobuf.Value", "true", "20 01");
    gives(state, "google.protobuf.Value", "-0.5", "11 00 00 00 00 00 00 e0 bf");
    gives(state, "google.protobuf.Value", "[1]",
        "32 0b 0a 09 11 00 00 00 00 00 00 f0 3f");
    gives(state, "google.protobuf.ListValue", "[true]", "0a 02 20 01");
    gives(state, "google.protobuf.Struct", "{\"a\":true}",
        "0a 07 0a 01 61 12 02 20 01");
    gives(state, "google.protobuf.Empty", "{}", "");
    gives(state, "google.protobuf.Any",
        "{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\"}",
        "0a 1a 78 2f 67 6f 6f 67 6c 65 2e 70 72 6f 74 6f 62 75 66 2e 44 75 72 "
        "61 74 69 6f 6e 12 02 08 01");
    refuses(state, "google.protobuf.Int32Value", "null", PB_EVALUE);
    refuses(state, "google.protobuf.Timestamp", "null", PB_EVALUE);
    refuses(state, "google.protobuf.Empty", "null", PB_EVALUE);
}

/* ---- Any ---------------------------------------------------------------- */

#define TYPE "\"@type\":\"x/tests.reader.Tree\""

static void
the_type_of_an_any_may_come_anywhere(void **state)
{
    gives(state, "WellKnown", "{\"any\":{" TYPE "}}",
        "8a 01 15 0a 13 78 2f 74 65 73 74 73 2e 72 65 61 64 65 72 2e 54 72 "
        "65 65");
    gives(state, "WellKnown", "{\"any\":{" TYPE ",\"weight\":3}}",
        "8a 01 19 0a 13 78 2f 74 65 73 74 73 2e 72 65 61 64 65 72 2e 54 72 "
        "65 65 12 02 28 03");
    same(state, "WellKnown",
        "{\"any\":{" TYPE ",\"weight\":3,\"name\":\"a\",\"left\":{}}}",
        "{\"any\":{\"weight\":3,\"name\":\"a\",\"left\":{}," TYPE "}}");
    same(state, "WellKnown",
        "{\"any\":{" TYPE ",\"weight\":3,\"name\":\"a\",\"left\":{}}}",
        "{ \"any\" :\n { \"weight\" : 3 , " TYPE
        " ,\n \"name\" : \"\\u0061\" , "
        "\"left\" : { } } }");
    same(state, "WellKnown",
        "{\"any\":{\"\\u0040type\":\"x\\/tests.reader.Tree\",\"weight\":12}}",
        "{\"any\":{\"weight\":12," TYPE "}}");
}

static void
well_known_types_in_an_any_have_a_value(void **state)
{
#define OF(t) "{\"any\":{\"@type\":\"x/google.protobuf." t "\",\"value\":"
#define LATE(t) ",\"@type\":\"x/google.protobuf." t "\"}}"
    same(state, "WellKnown", OF("Duration") "\"3.1s\"}}",
        "{\"any\":{\"value\":\"3.1s\"" LATE("Duration"));
    same(state, "WellKnown", OF("Timestamp") "\"2020-01-01T00:00:00Z\"}}",
        "{\"any\":{\"value\":\"2020-01-01T00:00:00Z\"" LATE("Timestamp"));
    same(state, "WellKnown", OF("Int32Value") "12}}",
        "{\"any\":{\"value\":12" LATE("Int32Value"));
    same(state, "WellKnown", OF("Value") "null}}",
        "{\"any\":{\"value\":null" LATE("Value"));
    same(state, "WellKnown", OF("Struct") "{\"a\":[1]}}}",
        "{\"any\":{\"value\":{\"a\":[1]}" LATE("Struct"));
    same(state, "WellKnown", OF("ListValue") "[1,{}]}}",
        "{\"any\":{\"value\":[1,{}]" LATE("ListValue"));
    same(state, "WellKnown", OF("FieldMask") "\"a,bC\"}}",
        "{\"any\":{\"value\":\"a,bC\"" LATE("FieldMask"));
    same(state, "WellKnown", OF("BytesValue") "\"AQ\"}}",
        "{\"any\":{\"value\":\"AQ\"" LATE("BytesValue"));
    gives(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/google.protobuf.Empty\"}}",
        "8a 01 19 0a 17 78 2f 67 6f 6f 67 6c 65 2e 70 72 6f 74 6f 62 75 66 2e "
        "45 6d 70 74 79");
    refuses(state, "WellKnown", OF("Duration") "3}}", PB_EVALUE);
    refuses(state, "WellKnown", OF("Duration") "\"3s\",\"value\":\"3s\"}}",
        PB_EDUPLICATE);
    refuses(state, "WellKnown", OF("Duration") "\"3s\",\"nanos\":1}}",
        PB_EUNKNOWN);
    refuses(state, "WellKnown", OF("Int32Value") "null}}", PB_EVALUE);
    refuses(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/google.protobuf.Duration\"}}", PB_EVALUE);
    refuses(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/google.protobuf.Duration\",\"seconds\":1}}",
        PB_EUNKNOWN);
    refuses(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/google.protobuf.Empty\",\"value\":{}}}",
        PB_EUNKNOWN);
#undef OF
#undef LATE
}

static void
anys_may_be_nested(void **state)
{
#define ANY "\"@type\":\"x/google.protobuf.Any\""
    same(state, "WellKnown",
        "{\"any\":{" ANY ",\"value\":{" TYPE ",\"weight\":1}}}",
        "{\"any\":{\"value\":{\"weight\":1," TYPE "}," ANY "}}");
    same(state, "WellKnown",
        "{\"any\":{" ANY ",\"value\":{" ANY ",\"value\":{" TYPE
        ",\"name\":\"ab\",\"left\":{\"weight\":4}}}}}",
        "{\"any\":{\"value\":{\"value\":{\"name\":\"ab\"," TYPE
        ",\"left\":{\"weight\":4}}," ANY "}," ANY "}}");
    gives(state, "WellKnown", "{\"any\":{" ANY ",\"value\":{}}}",
        "8a 01 17 0a 15 78 2f 67 6f 6f 67 6c 65 2e 70 72 6f 74 6f 62 75 66 2e "
        "41 6e 79");
    same(state, "WellKnown",
        "{\"anys\":[{" TYPE ",\"weight\":1},{" TYPE ",\"weight\":2}]}",
        "{\"anys\":[{\"weight\":1," TYPE "},{\"weight\":2," TYPE "}]}");
    same(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/tests.reader.WellKnown\",\"anys\":"
        "[{" TYPE ",\"weight\":1}],\"any\":{" TYPE ",\"name\":\"z\"}}}",
        "{\"any\":{\"anys\":[{\"weight\":1," TYPE
        "}],\"any\":{\"name\":\"z\"," TYPE
        "},\"@type\":\"x/tests.reader.WellKnown\"}}");
}

static void
an_empty_object_is_an_empty_any(void **state)
{
    gives(state, "WellKnown", "{\"any\":{}}", "8a 01 00");
    gives(state, "WellKnown", "{\"any\":null}", "");
    refuses(state, "WellKnown", "{\"any\":[]}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":\"x\"}", PB_EVALUE);
}

static void
an_any_needs_one_type_that_is_known(void **state)
{
    refuses(state, "WellKnown", "{\"any\":{\"weight\":1}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":{" TYPE "," TYPE "}}", PB_EDUPLICATE);
    refuses(state, "WellKnown", "{\"any\":{\"weight\":1," TYPE "," TYPE "}}",
        PB_EDUPLICATE);
    refuses(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/google.protobuf.Duration\","
        "\"@type\":\"a/b\"}}",
        PB_EDUPLICATE);
    refuses(state, "WellKnown", "{\"any\":{\"@type\":\"not_a_url\"}}",
        PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":{\"@type\":\"x/\"}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":{\"@type\":\"\"}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":{\"@type\":1}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":{\"@type\":null}}", PB_EVALUE);
    refuses(state, "WellKnown", "{\"any\":{\"@type\":{}}}", PB_EVALUE);
    refuses_at(state, "WellKnown", "{\"any\":{\"@type\":\"x/no.Such\"}}",
        PB_EUNKNOWN, 17, "any");
    refuses(state, "WellKnown",
        "{\"any\":{\"@type\":\"x/tests.reader.Maps.ByStringEntry\"}}",
        PB_EUNKNOWN);
}

static void
errors_in_the_members_of_an_any_are_found_where_they_are(void **state)
{
    const struct kit *kit = *state;

    refuses_at(state, "WellKnown", "{\"any\":{" TYPE ",\"weight\":\"x\"}}",
        PB_EVALUE, 48, "any.weight");
    refuses_at(state, "WellKnown", "{\"any\":{\"weight\":\"x\"," TYPE "}}",
        PB_EVALUE, 18, "any.weight");
    refuses_at(state, "WellKnown",
        "{\"any\":{\"weight\":1," TYPE ",\"left\":{\"weight\":\"x\"}}}",
        PB_EVALUE, 67, "any.left.weight");
    refuses_at(state, "WellKnown", "{\"any\":{\"weight\":1.5," TYPE "}}",
        PB_EVALUE, 18, "any.weight");
    refuses(state, "WellKnown",
        "{\"any\":{\n\"name\":\"a\",\n \"weight\":\n-x,\n" TYPE "}}",
        PB_ESYNTAX);
    assert_int_equal(kit->error.line, 4);
    refuses(state, "WellKnown",
        "{\"any\":{\n\"name\":\"a\",\n \"weight\":\n\"x\",\n" TYPE ",\n"
        "\"left\":null}}",
        PB_EVALUE);
    assert_int_equal(kit->error.line, 4);
    assert_int_equal(kit->error.column, 1);
    refuses(state, "WellKnown",
        "{\"any\":{\n\"name\":\"a\",\n" TYPE ",\n\"weight\":\n \"x\"}}",
        PB_EVALUE);
    assert_int_equal(kit->error.line, 5);
    assert_int_equal(kit->error.column, 2);
    refuses(state, "WellKnown",
        "{\"any\":{\"value\":{\n\"weight\":7.5,\n" TYPE "},\n" ANY "}}",
        PB_EVALUE);
    assert_int_equal(kit->error.line, 2);
    assert_int_equal(kit->error.column, 10);
    assert_string_equal(kit->error.path, "any.value.weight");
    refuses(state, "WellKnown",
        "{\"any\":{\"name\":\"a\"," TYPE ",\n\"name\":\"b\"}}", PB_EDUPLICATE);
    refuses(state, "WellKnown", "{\"any\":{\"zz\":[1,]," TYPE "}}", PB_ESYNTAX);
    refuses(state, "WellKnown", "{\"any\":{\"zz\":1," TYPE "}}", PB_EUNKNOWN);
}

/* n Anys, each the value of the next, with "@type" behind it. */
static size_t
nest_late(char *text, size_t room, unsigned n)
{
    size_t len = (size_t)snprintf(text, room, "{\"any\":");

    for (unsigned i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, room - len, "{\"value\":");
    len += (size_t)snprintf(text + len, room - len, "{}");
    for (unsigned i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, room - len, "," ANY "}");
    len += (size_t)snprintf(text + len, room - len, "}");
    assert_true(len < room);
    return len;
}

static void
anys_with_a_late_type_may_be_nested_sixteen_deep(void **state)
{
    struct kit *kit = *state;
    char text[8192];
    size_t len = nest_late(text, sizeof(text), 16);

    if (kit_read_all(kit, "WellKnown", text, len) != PB_OK)
        fail_msg("%s", kit->error.message);
    len = nest_late(text, sizeof(text), 17);
    assert_int_equal(kit_read_all(kit, "WellKnown", text, len), PB_ELIMIT);
}

static void
what_an_any_keeps_is_bounded_like_the_message(void **state)
{
    struct kit *kit = *state;
    char text[512];
    int n = snprintf(text, sizeof(text),
        "{\"any\":{\"name\":%200s\"a\"," TYPE "}}", "");

    kit->max = 200;
    assert_int_equal(kit_read_all(kit, "WellKnown", text, (size_t)n),
        PB_ELIMIT);
    kit->max = 400;
    assert_int_equal(kit_read_all(kit, "WellKnown", text, (size_t)n), PB_OK);
}

static void
unknown_members_of_an_any_are_skipped_on_request(void **state)
{
    struct kit *kit = *state;

    kit->options.ignore_unknown = true;
    same(state, "WellKnown",
        "{\"any\":{\"zz\":[{}],\"weight\":1," TYPE ",\"yy\":1}}",
        "{\"any\":{" TYPE ",\"weight\":1}}");
    same(state, "WellKnown",
        "{\"any\":{\"zz\":1,\"@type\":\"x/google.protobuf.Duration\","
        "\"value\":\"1s\",\"yy\":{}}}",
        "{\"any\":{\"@type\":\"x/google.protobuf.Duration\","
        "\"value\":\"1s\"}}");
    refuses(state, "WellKnown", "{\"any\":{\"@type\":\"x/no.Such\"}}",
        PB_EUNKNOWN);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(timestamps_are_seconds_and_nanos),
        TEST(other_ways_to_write_a_time_are_refused),
        TEST(durations_are_seconds_and_nanos_of_one_sign),
        TEST(other_ways_to_write_a_duration_are_refused),
        TEST(field_masks_are_written_in_snake_case),
        TEST(field_masks_that_would_not_come_back_are_refused),
        TEST(wrappers_are_their_value),
        TEST(a_value_may_be_anything),
        TEST(structs_and_lists_take_their_own_kind_only),
        TEST(values_may_be_repeated_and_mapped),
        TEST(the_null_enum_is_null),
        TEST(empty_is_an_ordinary_message),
        TEST(well_known_types_may_be_the_whole_text),
        TEST(the_type_of_an_any_may_come_anywhere),
        TEST(well_known_types_in_an_any_have_a_value),
        TEST(anys_may_be_nested),
        TEST(an_empty_object_is_an_empty_any),
        TEST(an_any_needs_one_type_that_is_known),
        TEST(errors_in_the_members_of_an_any_are_found_where_they_are),
        TEST(anys_with_a_late_type_may_be_nested_sixteen_deep),
        TEST(what_an_any_keeps_is_bounded_like_the_message),
        TEST(unknown_members_of_an_any_are_skipped_on_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
