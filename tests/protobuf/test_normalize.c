/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message comes out as one that has parsed it writes it. realloc and
 * reallocarray are wrapped: after fuse calls they fail.
 */
#include "tests/protobuf/writer_fixture.h"

#include <stdlib.h>

#include "protobuf/normalize.h"

void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static int fuse = -1; /* negative: never */

static bool
may_allocate(void)
{
    if (fuse > 0)
        fuse--;
    return fuse != 0;
}

void *
__wrap_realloc(void *p, size_t n)
{
    return may_allocate() ? __real_realloc(p, n) : NULL;
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return may_allocate() ? __real_reallocarray(p, n, size) : NULL;
}

static void
normalizes(struct writer_fixture *x, const char *type, const char *text,
    const char *expected)
{
    struct pb_buf wanted;

    pb_buf_init_heap(&wanted, SIZE_MAX);
    put_wire(&wanted, expected);
    x->wire.len = 0;
    x->out.len = 0;
    put_wire(&x->wire, text);
    assert_int_equal(pb_wire_normalize(fixture_message(x, type), x->wire.data,
                         x->wire.len, &x->out, &x->error),
        PB_OK);
    assert_int_equal(x->out.len, wanted.len);
    if (wanted.len > 0)
        assert_memory_equal(x->out.data, wanted.data, wanted.len);
    pb_buf_fini_heap(&wanted);
}

static void
what_is_normal_stays_as_it_is(void **state)
{
    normalizes(*state, "All", "", "");
    normalizes(*state, "All", "#3 =1 #13 =1 #14:2 { 'a' } #23:2 { =1 =2 }",
        "#3 =1 #13 =1 #14:2 { 'a' } #23:2 { =1 =2 }");
    normalizes(*state, "2.Old", "#1 =0 #6:3 #1 =1 #6:4 #101:2 { #1 =5 }",
        "#1 =0 #6:3 #1 =1 #6:4 #101:2 { #1 =5 }");
}

static void
fields_are_in_the_order_of_their_numbers(void **state)
{
    normalizes(*state, "All", "#14:2 { 'a' } #3 =1 #1:1 0000000000000840",
        "#1:1 0000000000000840 #3 =1 #14:2 { 'a' }");
    normalizes(*state, "2.Old", "#300 =1 #100 =2 #5 =3 #5 =4 #1 =5",
        "#1 =5 #5 =3 #5 =4 #100 =2 #300 =1");
}

static void
of_scalars_the_last_one_counts(void **state)
{
    normalizes(*state, "All", "#3 =1 #14:2 { 'a' } #3 =2 #14:2 { 'b' } #3 =3",
        "#3 =3 #14:2 { 'b' }");
    normalizes(*state, "All", "#3 =1 #3 =0", "");
}

static void
defaults_without_presence_are_left_out(void **state)
{
    normalizes(*state, "All",
        "#1:1 0000000000000000 #2:5 00000000 #3 =0 #7 =0 #9:5 00000000 #13 =0 "
        "#14:2 { } #15:2 { } #16 =0",
        "");
    normalizes(*state, "All", "#41 =0 #42:2 { } #51 =0",
        "#41 =0 #42:2 { } #51 =0");
    normalizes(*state, "All", "#17:2 { #3 =0 } #37:2 { }",
        "#17:2 { } #37:2 { }");
    normalizes(*state, "All", "#1:1 0000000000000080", "#1:1 0000000000000080");
}

static void
numbers_take_their_shortest_form(void **state)
{
    normalizes(*state, "All", "#3 818000 #4 818000 #5 818000",
        "#3 =1 #4 =1 #5 =1");
    normalizes(*state, "All", "#3 ffffffff0f #5 ffffffffffffffffff01",
        "#3 =-1 #5 ffffffff0f");
    normalizes(*state, "All", "#3 8080808010 #13 8080808010", "#13 =1");
    normalizes(*state, "All", "#7 8280808010 #16 ffffffff0f", "#7 =2 #16 =-1");
    normalizes(*state, "All", "988000 =1 #14:2 8100 'a'",
        "#3 =1 #14:2 { 'a' }");
}

static void
repeated_numbers_are_packed_as_the_schema_says(void **state)
{
    normalizes(*state, "All", "#23 =1 #23:2 { =2 8300 } #23:2 { } #23 =0",
        "#23:2 { =1 =2 =3 =0 }");
    normalizes(*state, "All", "#25:2 { =1 =2 } #25 =3", "#25 =1 #25 =2 #25 =3");
    normalizes(*state, "All", "#29:5 01000000 #29:2 { 02000000 03000000 }",
        "#29:2 { 01000000 02000000 03000000 }");
    normalizes(*state, "2.Old", "#5:2 { =1 =2 } #4 =3 #4 =4",
        "#4:2 { =3 =4 } #5 =1 #5 =2");
    normalizes(*state, "2.Old", "#103 =1", "#103:2 { =1 }");
    normalizes(*state, "All", "#23:2 { } #25:2 { }", "");
}

static void
a_packed_field_may_be_long(void **state)
{
    char text[2048] = "#23:2 {";
    char expected[2048] = "#23:2 {";

    for (int i = 0; i < 200; i++) {
        strncat(text, " 8100", sizeof text - strlen(text) - 1);
        strncat(expected, " 01", sizeof expected - strlen(expected) - 1);
    }
    strncat(text, " }", sizeof text - strlen(text) - 1);
    strncat(expected, " }", sizeof expected - strlen(expected) - 1);
    normalizes(*state, "All", text, expected);
}

static void
submessages_are_merged_at_every_depth(void **state)
{
    normalizes(*state, "All",
        "#17:2 { #17:2 { #3 =1 } #37:2 { } } #3 =9 "
        "#17:2 { #17:2 { #4 =2 #3 =3 } #37:2 { #3 =1 } }",
        "#3 =9 #17:2 { #17:2 { #3 =3 #4 =2 } #37:2 { } #37:2 { #3 =1 } }");
    normalizes(*state, "All", "#17:2 { } #17:2 { }", "#17:2 { }");
    normalizes(*state, "2.Old", "#6:3 #2:2 { 'a' } #6:4 #6:3 #1 =1 #6:4",
        "#6:3 #1 =1 #2:2 { 'a' } #6:4");
    normalizes(*state, "2.Old", "#7:3 #1 =1 #7:4 #7:3 #2 =2 #7:4",
        "#7:3 #1 =1 #7:4 #7:3 #2 =2 #7:4");
    normalizes(*state, "2.Old", "#101:2 { #4 =1 } #101:2 { #4 =2 }",
        "#101:2 { #4:2 { =1 =2 } }");
}

static void
a_group_ends_where_its_own_end_is(void **state)
{
    normalizes(*state, "2.Old", "#6:3 #4:3 #1 =1 #4:4 #1 =2 b48000 #4 =1",
        "#4:2 { =1 } #6:3 #1 =2 #4:3 #1 =1 #4:4 #6:4");
}

static void
of_a_oneof_the_last_member_counts(void **state)
{
    normalizes(*state, "All", "#51 =1 #52:2 { 'a' }", "#52:2 { 'a' }");
    normalizes(*state, "All", "#52:2 { 'a' } #51 =1 #51 =2", "#51 =2");
    /* Merged again only since the other one */
    normalizes(*state, "All",
        "#53:2 { #3 =1 } #51 =7 #53:2 { #4 =2 } #53:2 { #5 =3 }",
        "#53:2 { #4 =2 #5 =3 }");
    normalizes(*state, "Pairs",
        "#2 =1 #1:2 { 'a' } #70000:2 { } #1000:2 { } #1:2 { 'b' }",
        "#1:2 { 'b' } #70000:2 { }");
}

static void
what_the_schema_does_not_have_comes_last_in_its_order(void **state)
{
    normalizes(*state, "2.Old", "#999 =1 #998:2 { ff } #1 =1 #997:3 #997:4",
        "#1 =1 #999 =1 #998:2 { ff } #997:3 #997:4");
    normalizes(*state, "2.Old", "#1:5 01020304 #7:2 { ff } #1 =8",
        "#1 =8 #1:5 01020304 #7:2 { ff }");
    normalizes(*state, "All", "#17:2 { #999 =1 } #17:2 { #3 =1 }",
        "#17:2 { #3 =1 #999 =1 }");
}

static void
numbers_that_a_closed_enum_does_not_have_are_unknown(void **state)
{
    normalizes(*state, "2.Old", "#2 =3 #2 =99 #1 =1", "#1 =1 #2 =3 #2 =99");
    normalizes(*state, "2.Old", "#8 =1 #9 =99", "#8 =1 #9 =99");
    normalizes(*state, "All", "#16 =99 #3 =1", "#3 =1 #16 =99");
    normalizes(*state, "2.Old", "#3:2 { =3 =98 =5 =99 } #3 =97 #1 =1",
        "#1 =1 #3 =3 #3 =5 #3 =98 #3 =99 #3 =97");
    normalizes(*state, "2.Old", "#11:2 { #2 =9 #1 =1 }",
        "#11:2 { #1 =1 #2 =9 }");
}

static void
entries_of_maps_keep_their_order(void **state)
{
    normalizes(*state, "All",
        "#62:2 { #2 =5 #1 =2 } #3 =1 #62:2 { #1 =1 #2 =0 } #62:2 { #1 =2 }",
        "#3 =1 #62:2 { #1 =2 #2 =5 } #62:2 { #1 =1 } #62:2 { #1 =2 }");
}

static void
a_message_set_keeps_its_items(void **state)
{
    normalizes(*state, "2.WithSet",
        "#2:2 { #1:3 #2 =4 #3:2 { ff } #1:4 } #1 =1",
        "#1 =1 #2:2 { #1:3 #2 =4 #3:2 { ff } #1:4 }");
}

static void
an_output_that_is_full_is_an_error(void **state)
{
    struct writer_fixture *x = *state;
    uint8_t bytes[6];

    x->wire.len = 0;
    put_wire(&x->wire, "#17:2 { #3 =1 } #14:2 { 'abc' }");
    for (size_t room = 0; room < sizeof bytes; room++) {
        struct pb_buf out = { .data = bytes, .cap = room, .max = room };

        assert_int_equal(pb_wire_normalize(fixture_message(x, "All"),
                             x->wire.data, x->wire.len, &out, &x->error),
            PB_EFULL);
        assert_int_equal(x->error.kind, PB_EFULL);
    }
}

static void
short_memory_is_an_error_and_no_more(void **state)
{
    struct writer_fixture *x = *state;
    enum pb_err err = PB_ENOMEM;
    int n;

    x->wire.len = 0;
    for (int i = 0; i < 40; i++)
        put_wire(&x->wire, "#23 =1 #17:2 { #51 =1 #14:2 { 'abc' } }");
    for (n = 1; err != PB_OK; n++) {
        struct pb_buf out;

        pb_buf_init_heap(&out, 1 << 20);
        fuse = n;
        err = pb_wire_normalize(fixture_message(x, "All"), x->wire.data,
            x->wire.len, &out, &x->error);
        fuse = -1;
        pb_buf_fini_heap(&out);
        if (err != PB_OK)
            assert_int_equal(err, PB_ENOMEM);
    }
    /* The list twice, the joined submessage, the output */
    assert_in_range(n, 5, 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(what_is_normal_stays_as_it_is),
        writer_test(fields_are_in_the_order_of_their_numbers),
        writer_test(of_scalars_the_last_one_counts),
        writer_test(defaults_without_presence_are_left_out),
        writer_test(numbers_take_their_shortest_form),
        writer_test(repeated_numbers_are_packed_as_the_schema_says),
        writer_test(a_packed_field_may_be_long),
        writer_test(submessages_are_merged_at_every_depth),
        writer_test(a_group_ends_where_its_own_end_is),
        writer_test(of_a_oneof_the_last_member_counts),
        writer_test(what_the_schema_does_not_have_comes_last_in_its_order),
        writer_test(numbers_that_a_closed_enum_does_not_have_are_unknown),
        writer_test(entries_of_maps_keep_their_order),
        writer_test(a_message_set_keeps_its_items),
        writer_test(an_output_that_is_full_is_an_error),
        writer_test(short_memory_is_an_error_and_no_more),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
