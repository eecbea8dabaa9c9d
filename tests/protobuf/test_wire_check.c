/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser of the binary format has to refuse is found. */
#include "tests/protobuf/writer_fixture.h"

#include "protobuf/wire_check.h"

static enum pb_err
check(struct writer_fixture *x, const char *type, const char *text,
    unsigned depth)
{
    x->wire.len = 0;
    put_wire(&x->wire, text);
    return pb_wire_check(fixture_message(x, type), x->wire.data, x->wire.len,
        depth, &x->error);
}

static void
passes(struct writer_fixture *x, const char *type, const char *text)
{
    assert_int_equal(check(x, type, text, 0), PB_OK);
}

static void
fails(struct writer_fixture *x, const char *type, const char *text,
    enum pb_err kind, size_t offset, const char *path)
{
    assert_int_equal(check(x, type, text, 0), kind);
    assert_int_equal(x->error.kind, kind);
    assert_int_equal(x->error.offset, offset);
    assert_string_equal(x->error.path, path);
}

static void
well_formed_messages_pass(void **state)
{
    passes(*state, "2.Old", "");
    passes(*state, "2.Old", "#1 =42 #2 =99 #4:2 { =1 =-1 } #4 =3");
    passes(*state, "2.Old", "#6:3 #1 =1 #4:3 #1 =2 #4:4 #6:4");
    passes(*state, "2.Old", "#101:2 { #1 =5 } #150:2 { 'a' }");
    passes(*state, "2.Old", "#11:2 { #1 =5 #2 =1 }");
    passes(*state, "2.WithSet", "#2:2 { #1:3 #2 =1 #3:2 { } #1:4 }");
}

static void
what_the_schema_does_not_have_is_skipped(void **state)
{
    passes(*state, "2.Old", "#999 =1 #998:2 { ff } #997:3 #5 =1 #997:4");
    passes(*state, "2.Old", "#1:5 01 02 03 04");
    passes(*state, "2.Old", "#1:2 { ff ff }");
    passes(*state, "2.Old", "#6:2 { ff } #7:2 { ff }");
    fails(*state, "2.Old", "#998:2 05 01", PB_ESYNTAX, 2, "");
}

static void
broken_records_are_found_where_they_are(void **state)
{
    fails(*state, "2.Old", "00", PB_ESYNTAX, 0, "");
    fails(*state, "2.Old", "#1 80", PB_ESYNTAX, 1, "number");
    fails(*state, "2.Old", "#1 =1 #13:2 05 61", PB_ESYNTAX, 3, "text");
    fails(*state, "2.Old", "#4:2 { 80 }", PB_ESYNTAX, 1, "packed");
    fails(*state, "2.Old", "#101:2 { #12:2 { #1 } }", PB_ESYNTAX, 6,
        "[sluice.test.writer2.nested].strict.id");
}

static void
says(struct writer_fixture *x, const char *text, const char *why)
{
    assert_int_equal(check(x, "2.Old", text, 0), PB_ESYNTAX);
    assert_string_equal(x->error.message, why);
}

static void
what_is_broken_is_said(void **state)
{
    says(*state, "80", "broken wire format: a tag that is cut short");
    says(*state, "00", "broken wire format: a tag that is none");
    says(*state, "#1 80", "broken wire format: a varint that is cut short");
    says(*state, "#1 ff ff ff ff ff ff ff ff ff ff 01",
        "broken wire format: a varint of more than 10 bytes");
    says(*state, "#13:2 05 61",
        "broken wire format: a length that goes past the end");
    says(*state, "#4:2 { 80 }",
        "broken wire format: packed values, the last of them cut short");
    says(*state, "#999:5 01", "broken wire format: a number that is cut short");
    says(*state, "#6:3 #1 =1", "broken wire format: a group that does not end");
    says(*state, "#6:4",
        "broken wire format: an end of a group that was not begun");
}

static void
groups_have_to_match(void **state)
{
    fails(*state, "2.Old", "#6:4", PB_ESYNTAX, 0, "");
    fails(*state, "2.Old", "#6:3 #1 =1", PB_ESYNTAX, 3, "inner");
    fails(*state, "2.Old", "#6:3 #7:4", PB_ESYNTAX, 1, "inner");
    fails(*state, "2.Old", "#101:2 { #6:3 } #6:4", PB_ESYNTAX, 4,
        "[sluice.test.writer2.nested].inner");
    fails(*state, "2.Old", "#999:3 #998:4", PB_ESYNTAX, 2, "");
}

static void
text_has_to_be_utf8_where_the_schema_says_so(void **state)
{
    passes(*state, "2.Old", "#13:2 { ff }");
    passes(*state, "google.protobuf.StringValue", "#1:2 { c3 a9 }");
    fails(*state, "google.protobuf.StringValue", "#1:2 { 61 ff }", PB_EVALUE, 2,
        "value");
    fails(*state, "google.protobuf.Struct", "#1:2 { #1:2 { c3 } }", PB_EVALUE,
        4, "fields.key");
}

static void
nesting_is_bounded(void **state)
{
    struct writer_fixture *x = *state;

    assert_int_equal(check(x, "2.Old", "#101:2 { }", 2), PB_OK);
    assert_int_equal(check(x, "2.Old", "#101:2 { }", 1), PB_ELIMIT);
    assert_int_equal(check(x, "2.Old", "#6:3 #6:4", 1), PB_ELIMIT);
    assert_int_equal(check(x, "2.Old", "#999:3 #998:3 #998:4 #999:4", 3),
        PB_OK);
    assert_int_equal(check(x, "2.Old", "#999:3 #998:3 #998:4 #999:4", 2),
        PB_ESYNTAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(well_formed_messages_pass),
        writer_test(what_the_schema_does_not_have_is_skipped),
        writer_test(broken_records_are_found_where_they_are),
        writer_test(what_is_broken_is_said),
        writer_test(groups_have_to_match),
        writer_test(text_has_to_be_utf8_where_the_schema_says_so),
        writer_test(nesting_is_bounded),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
