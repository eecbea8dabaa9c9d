/* SPDX-License-Identifier: Apache-2.0 */
/* Varints, tags and skipping, at their edges. */
#include "protobuf/schema.h"
#include "protobuf/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define BYTES(...) \
    (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* A copy on the heap, so that a read over the end is seen. */
static uint8_t *
exactly(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, p, n);
    return copy;
}

static void
varints_of_every_length_survive(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++) {
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t v = (UINT64_C(1) << shift) + (uint64_t)delta;
            uint64_t back;
            uint8_t bytes[10];
            uint8_t *end = pb_varint_write(bytes, v);

            assert_int_equal(end - bytes, pb_varint_size(v));
            assert_ptr_equal(pb_varint_read(bytes, end, &back), end);
            assert_true(back == v);
        }
    }
}

static void
a_buffer_takes_varints(void **state)
{
    struct pb_buf b;

    (void)state;
    pb_buf_init_heap(&b, 12);
    assert_int_equal(pb_put_varint(&b, 150), PB_OK);
    assert_int_equal(pb_put_varint(&b, UINT64_MAX), PB_OK);
    assert_int_equal(pb_put_varint(&b, 0), PB_EFULL);
    assert_int_equal(b.len, 12);
    assert_memory_equal(b.data,
        "\x96\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
    pb_buf_fini_heap(&b);
}

static bool
varint_is_whole(const uint8_t *p, size_t n)
{
    uint8_t *copy = exactly(p, n);
    uint64_t v;
    bool is_whole = pb_varint_read(copy, copy + n, &v) != NULL;

    free(copy);
    return is_whole;
}

static void
a_varint_ends_within_ten_bytes(void **state)
{
    uint8_t bytes[11];

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    bytes[9] = 1;
    assert_true(varint_is_whole(bytes, 10));
    bytes[9] = 0xff;
    bytes[10] = 1;
    assert_false(varint_is_whole(bytes, 11));
    assert_false(varint_is_whole(bytes, 3));
    assert_false(varint_is_whole(bytes, 0));
}

static bool
tag_is(const uint8_t *p, size_t n, uint32_t number, unsigned wire)
{
    uint8_t *copy = exactly(p, n);
    uint32_t got_number = 0;
    unsigned got_wire = 9;
    const uint8_t *next = pb_tag_read(copy, copy + n, &got_number, &got_wire);
    bool is_it = next == copy + n && got_number == number && got_wire == wire;

    free(copy);
    return is_it;
}

static bool
tag_is_broken(const uint8_t *p, size_t n)
{
    uint32_t number;
    unsigned wire;

    return pb_tag_read(p, p + n, &number, &wire) == NULL;
}

static void
tags_have_a_number_and_a_wire_type(void **state)
{
    (void)state;
    assert_true(tag_is(BYTES(0x08), 1, PB_WIRE_VARINT));
    assert_true(tag_is(BYTES(0x7d), 15, PB_WIRE_I32));
    assert_true(
        tag_is(BYTES(0xfa, 0xff, 0xff, 0xff, 0x0f), 536870911, PB_WIRE_LEN));
    assert_true(tag_is(BYTES(0x88, 0x00), 1, PB_WIRE_VARINT));
}

static void
tags_that_no_field_can_have_are_broken(void **state)
{
    (void)state;
    assert_true(tag_is_broken(BYTES(0x02))); /* number 0 */
    assert_true(tag_is_broken(BYTES(0x0e))); /* wire 6 */
    assert_true(tag_is_broken(BYTES(0x0f))); /* wire 7 */
    assert_true(tag_is_broken(BYTES(0x88))); /* cut */
    assert_true(tag_is_broken(BYTES(0xfa, 0xff, 0xff, 0xff, 0x1f)));
    assert_true(tag_is_broken(BYTES(0x88, 0x80, 0x80, 0x80, 0x80, 0x00)));
}

/* Bytes that skipping takes, or -1. */
static ptrdiff_t
skipped(const uint8_t *p, size_t n, uint32_t number, unsigned wire,
    unsigned depth)
{
    uint8_t *copy = exactly(p, n);
    const uint8_t *next = pb_skip(copy, copy + n, number, wire, depth);
    ptrdiff_t taken = next == NULL ? -1 : next - copy;

    free(copy);
    return taken;
}

static void
values_are_skipped_whole_or_not_at_all(void **state)
{
    static const uint8_t bytes[] = { 0x03, 1, 2, 3, 4, 5, 6, 7, 8 };

    (void)state;
    assert_int_equal(skipped(bytes, 9, 1, PB_WIRE_VARINT, 0), 1);
    assert_int_equal(skipped(bytes, 9, 1, PB_WIRE_I64, 0), 8);
    assert_int_equal(skipped(bytes, 7, 1, PB_WIRE_I64, 0), -1);
    assert_int_equal(skipped(bytes, 9, 1, PB_WIRE_I32, 0), 4);
    assert_int_equal(skipped(bytes, 3, 1, PB_WIRE_I32, 0), -1);
    assert_int_equal(skipped(bytes, 9, 1, PB_WIRE_LEN, 0), 4);
    assert_int_equal(skipped(bytes, 3, 1, PB_WIRE_LEN, 0), -1);
    assert_int_equal(skipped(bytes, 9, 1, 6, 0), -1);
}

static void
a_length_over_two_gigabytes_is_broken(void **state)
{
    (void)state;
    assert_int_equal(skipped(BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0x01),
                         1, PB_WIRE_LEN, 0),
        -1);
}

static void
a_group_ends_with_its_own_number(void **state)
{
    (void)state;
    /* group 2 { 1: 5 } */
    assert_int_equal(skipped(BYTES(0x08, 0x05, 0x14, 0xff), 2, PB_WIRE_SGROUP,
                         1),
        3);
    assert_int_equal(skipped(BYTES(0x08, 0x05, 0x1c), 2, PB_WIRE_SGROUP, 1),
        -1);
    assert_int_equal(skipped(BYTES(0x08, 0x05), 2, PB_WIRE_SGROUP, 1), -1);
    assert_int_equal(skipped(BYTES(0x14), 2, PB_WIRE_EGROUP, 1), -1);
}

static void
groups_nest_as_deep_as_was_said(void **state)
{
    uint8_t bytes[200];

    (void)state;
    memset(bytes, 0x13, 100);
    memset(bytes + 100, 0x14, 100);
    assert_int_equal(skipped(bytes + 1, 199, 2, PB_WIRE_SGROUP, 100), 199);
    assert_int_equal(skipped(bytes + 1, 199, 2, PB_WIRE_SGROUP, 99), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_of_every_length_survive),
        cmocka_unit_test(a_buffer_takes_varints),
        cmocka_unit_test(a_varint_ends_within_ten_bytes),
        cmocka_unit_test(tags_have_a_number_and_a_wire_type),
        cmocka_unit_test(tags_that_no_field_can_have_are_broken),
        cmocka_unit_test(values_are_skipped_whole_or_not_at_all),
        cmocka_unit_test(a_length_over_two_gigabytes_is_broken),
        cmocka_unit_test(a_group_ends_with_its_own_number),
        cmocka_unit_test(groups_nest_as_deep_as_was_said),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
