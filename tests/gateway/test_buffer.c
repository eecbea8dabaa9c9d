/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer whose bytes become a payload. sluice_bytes_new() is wrapped:
 * blocks are counted, are larger than asked for, as those of a pool may be, and
 * fail when told to. */
#include "gateway/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static unsigned blocks;
static bool is_short;

struct sluice_bytes *__real_sluice_bytes_new(struct sluice_pool *pool,
    size_t size);
struct sluice_bytes *__wrap_sluice_bytes_new(struct sluice_pool *pool,
    size_t size);

struct sluice_bytes *
__wrap_sluice_bytes_new(struct sluice_pool *pool, size_t size)
{
    struct sluice_bytes *b;

    blocks++;
    if (is_short)
        return NULL;
    b = __real_sluice_bytes_new(pool, size + 40);
    sluice_bytes_set_size(b, size);
    return b;
}

struct fixture {
    struct sluice_pool *pool;
    struct gw_buffer b;
};

static int
setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    assert_non_null(f);
    f->pool = sluice_pool_new();
    assert_non_null(f->pool);
    gw_buffer_init(&f->b, f->pool, 100000);
    blocks = 0;
    is_short = false;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    gw_buffer_fini(&f->b);
    sluice_pool_free(&f->pool);
    free(f);
    return 0;
}

static void
set_limit(struct fixture *f, size_t max)
{
    gw_buffer_fini(&f->b);
    gw_buffer_init(&f->b, f->pool, max);
}

/* Byte i is what pattern(i) says. */
static uint8_t
pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static enum pb_err
put(struct fixture *f, size_t n)
{
    enum pb_err err = PB_OK;

    while (n-- > 0 && err == PB_OK) {
        uint8_t c = pattern(f->b.pb.len);

        err = pb_buf_put(&f->b.pb, &c, 1);
    }
    return err;
}

static void
assert_taken(struct fixture *f, size_t size)
{
    struct sluice_bytes *taken = gw_buffer_take(&f->b);

    assert_non_null(taken);
    assert_int_equal(sluice_bytes_size(taken), size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(sluice_bytes_data(taken)[i], pattern(i));
    sluice_bytes_unref(&taken);
}

/* ------------------------------------------------------------------- tests */

static void
a_buffer_that_nobody_writes_to_allocates_nothing(void **state)
{
    struct fixture *f = *state;

    gw_buffer_fini(&f->b);
    assert_int_equal(blocks, 0);
}

static void
growing_keeps_what_was_written(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(f, 50000), PB_OK);
    assert_taken(f, 50000);
}

static void
growing_is_by_doubling(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(f, 60000), PB_OK);
    assert_in_range(blocks, 1, 9);
}

static void
one_write_may_be_much_larger_than_a_doubling(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[90000];

    assert_int_equal(put(f, 10), PB_OK);
    assert_int_equal(pb_buf_put(&f->b.pb, zeros, sizeof zeros), PB_OK);
    assert_int_equal(f->b.pb.len, 90010);
    assert_int_equal(blocks, 2);
}

static void
the_limit_is_exact(void **state)
{
    static const size_t limits[] = { 1, 10, 100, 479, 480, 481, 1000, 70000 };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        set_limit(f, limits[i]);
        assert_int_equal(put(f, limits[i]), PB_OK);
        assert_int_equal(put(f, 1), PB_EFULL);
        assert_int_equal(f->b.pb.len, limits[i]);
        assert_taken(f, limits[i]);
    }
}

static void
the_limit_is_exact_for_one_large_write(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[1001];

    set_limit(f, 1000);
    assert_int_equal(pb_buf_put(&f->b.pb, zeros, 1001), PB_EFULL);
    assert_int_equal(f->b.pb.len, 0);
    assert_int_equal(pb_buf_put(&f->b.pb, zeros, 1000), PB_OK);
}

static void
the_limit_holds_after_expect(void **state)
{
    struct fixture *f = *state;

    set_limit(f, 100);
    gw_buffer_expect(&f->b, 5000);
    assert_int_equal(put(f, 100), PB_OK);
    assert_int_equal(put(f, 1), PB_EFULL);
}

static void
a_limit_of_zero_takes_nothing(void **state)
{
    struct fixture *f = *state;

    set_limit(f, 0);
    gw_buffer_expect(&f->b, 100);
    assert_int_equal(put(f, 1), PB_EFULL);
    assert_taken(f, 0);
}

static void
what_was_expected_needs_one_block(void **state)
{
    struct fixture *f = *state;

    gw_buffer_expect(&f->b, 20000);
    assert_int_equal(put(f, 20000), PB_OK);
    assert_int_equal(blocks, 1);
}

static void
expecting_more_later_keeps_what_was_written(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(f, 300), PB_OK);
    gw_buffer_expect(&f->b, 9000);
    assert_int_equal(blocks, 2);
    assert_int_equal(put(f, 8700), PB_OK);
    assert_int_equal(blocks, 2);
    assert_taken(f, 9000);
}

static void
expecting_less_than_there_is_does_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(f, 300), PB_OK);
    gw_buffer_expect(&f->b, 10);
    assert_int_equal(blocks, 1);
    assert_taken(f, 300);
}

static void
taking_is_without_a_copy(void **state)
{
    struct fixture *f = *state;
    struct sluice_bytes *taken;
    const uint8_t *at;

    assert_int_equal(put(f, 100), PB_OK);
    at = f->b.pb.data;
    taken = gw_buffer_take(&f->b);
    assert_ptr_equal(sluice_bytes_data(taken), at);
    assert_int_equal(blocks, 1);
    sluice_bytes_unref(&taken);
}

static void
taking_leaves_an_empty_buffer_that_can_be_used_again(void **state)
{
    struct fixture *f = *state;
    struct sluice_bytes *first;

    set_limit(f, 200);
    assert_int_equal(put(f, 200), PB_OK);
    first = gw_buffer_take(&f->b);
    assert_int_equal(f->b.pb.len, 0);
    assert_int_equal(f->b.pb.cap, 0);
    assert_int_equal(put(f, 200), PB_OK);
    assert_int_equal(put(f, 1), PB_EFULL);
    assert_int_equal(sluice_bytes_size(first), 200);
    assert_int_equal(sluice_bytes_data(first)[199], pattern(199));
    assert_taken(f, 200);
    sluice_bytes_unref(&first);
}

static void
taking_from_an_empty_buffer_gives_no_bytes(void **state)
{
    struct fixture *f = *state;

    assert_taken(f, 0);
}

static void
room_in_front_is_for_what_is_known_last(void **state)
{
    struct fixture *f = *state;
    struct sluice_bytes *taken;
    const uint8_t *at;

    gw_buffer_leave_front(&f->b, 8);
    assert_int_equal(put(f, 600), PB_OK); /* grows on the way */
    at = f->b.pb.data;
    assert_int_equal(gw_buffer_prepend(&f->b, 5), PB_OK);
    assert_ptr_equal(f->b.pb.data, at - 5);
    assert_int_equal(f->b.pb.len, 605);
    memcpy(f->b.pb.data, "front", 5);
    taken = gw_buffer_take(&f->b);
    assert_int_equal(sluice_bytes_size(taken), 605);
    assert_memory_equal(sluice_bytes_data(taken), "front", 5);
    for (size_t i = 0; i < 600; i++)
        assert_int_equal(sluice_bytes_data(taken)[5 + i], pattern(i));
    sluice_bytes_unref(&taken);
    assert_int_equal(put(f, 1), PB_OK); /* and no room any more */
    assert_taken(f, 1);
}

static void
room_in_front_counts_for_the_limit_when_it_is_used(void **state)
{
    struct fixture *f = *state;

    set_limit(f, 10);
    gw_buffer_leave_front(&f->b, 20);
    assert_int_equal(put(f, 6), PB_OK);
    assert_int_equal(gw_buffer_prepend(&f->b, 5), PB_EFULL);
    assert_int_equal(gw_buffer_prepend(&f->b, 3), PB_OK);
    assert_int_equal(pb_buf_put(&f->b.pb, "xy", 2), PB_EFULL);
    assert_int_equal(pb_buf_put(&f->b.pb, "x", 1), PB_OK);
    assert_int_equal(gw_buffer_prepend(&f->b, 1), PB_EFULL);
    assert_int_equal(f->b.pb.len, 10);
}

static void
what_was_expected_needs_one_block_behind_room_in_front(void **state)
{
    struct fixture *f = *state;

    gw_buffer_leave_front(&f->b, 30);
    gw_buffer_expect(&f->b, 20030);
    assert_int_equal(put(f, 20000), PB_OK);
    assert_int_equal(gw_buffer_prepend(&f->b, 30), PB_OK);
    assert_int_equal(blocks, 1);
}

static void
growing_after_the_front_was_used_keeps_both(void **state)
{
    struct fixture *f = *state;
    struct sluice_bytes *taken;

    gw_buffer_leave_front(&f->b, 7);
    assert_int_equal(put(f, 100), PB_OK);
    assert_int_equal(gw_buffer_prepend(&f->b, 5), PB_OK);
    memcpy(f->b.pb.data, "front", 5);
    gw_buffer_expect(&f->b, 5000);
    assert_int_equal(blocks, 2);
    taken = gw_buffer_take(&f->b);
    assert_int_equal(sluice_bytes_size(taken), 105);
    assert_memory_equal(sluice_bytes_data(taken), "front", 5);
    assert_int_equal(sluice_bytes_data(taken)[104], pattern(99));
    sluice_bytes_unref(&taken);
}

static void
only_a_front_may_be_all_there_is(void **state)
{
    struct fixture *f = *state;
    struct sluice_bytes *taken;

    gw_buffer_leave_front(&f->b, 5);
    is_short = true;
    assert_int_equal(gw_buffer_prepend(&f->b, 5), PB_ENOMEM);
    is_short = false;
    assert_int_equal(gw_buffer_prepend(&f->b, 0), PB_OK);
    assert_int_equal(gw_buffer_prepend(&f->b, 5), PB_OK);
    memcpy(f->b.pb.data, "front", 5);
    taken = gw_buffer_take(&f->b);
    assert_int_equal(sluice_bytes_size(taken), 5);
    assert_memory_equal(sluice_bytes_data(taken), "front", 5);
    sluice_bytes_unref(&taken);
}

static void
short_memory_keeps_what_was_written(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[5000];

    assert_int_equal(put(f, 100), PB_OK);
    is_short = true;
    assert_int_equal(pb_buf_put(&f->b.pb, zeros, sizeof zeros), PB_ENOMEM);
    gw_buffer_expect(&f->b, 5000);
    assert_taken(f, 100);
    assert_null(gw_buffer_take(&f->b));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_buffer_that_nobody_writes_to_allocates_nothing),
        TEST(growing_keeps_what_was_written),
        TEST(growing_is_by_doubling),
        TEST(one_write_may_be_much_larger_than_a_doubling),
        TEST(the_limit_is_exact),
        TEST(the_limit_is_exact_for_one_large_write),
        TEST(the_limit_holds_after_expect),
        TEST(a_limit_of_zero_takes_nothing),
        TEST(what_was_expected_needs_one_block),
        TEST(expecting_more_later_keeps_what_was_written),
        TEST(expecting_less_than_there_is_does_nothing),
        TEST(taking_is_without_a_copy),
        TEST(taking_leaves_an_empty_buffer_that_can_be_used_again),
        TEST(taking_from_an_empty_buffer_gives_no_bytes),
        TEST(room_in_front_is_for_what_is_known_last),
        TEST(room_in_front_counts_for_the_limit_when_it_is_used),
        TEST(what_was_expected_needs_one_block_behind_room_in_front),
        TEST(growing_after_the_front_was_used_keeps_both),
        TEST(only_a_front_may_be_all_there_is),
        TEST(short_memory_keeps_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
