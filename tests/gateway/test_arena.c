/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of one exchange. The pool is wrapped: takes are counted, and fail
 * when told to. */
#include "gateway/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static unsigned takes;
static unsigned gives;
static bool is_short;

void *__real_sluice_pool_take(struct sluice_pool *pool, size_t size);
void *__wrap_sluice_pool_take(struct sluice_pool *pool, size_t size);
void __real_sluice_pool_give(struct sluice_pool *pool, void *p, size_t size);
void __wrap_sluice_pool_give(struct sluice_pool *pool, void *p, size_t size);

void *
__wrap_sluice_pool_take(struct sluice_pool *pool, size_t size)
{
    takes++;
    return is_short ? NULL : __real_sluice_pool_take(pool, size);
}

void
__wrap_sluice_pool_give(struct sluice_pool *pool, void *p, size_t size)
{
    gives++;
    __real_sluice_pool_give(pool, p, size);
}

struct fixture {
    struct sluice_pool *pool;
    struct gw_arena arena;
};

static int
setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    assert_non_null(f);
    f->pool = sluice_pool_new();
    assert_non_null(f->pool);
    gw_arena_init(&f->arena, f->pool);
    takes = 0;
    gives = 0;
    is_short = false;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    gw_arena_reset(&f->arena);
    assert_int_equal(takes, gives);
    sluice_pool_free(&f->pool);
    free(f);
    return 0;
}

static void *
take(struct fixture *f, size_t size)
{
    uint8_t *p = gw_arena_take(&f->arena, size);

    assert_non_null(p);
    memset(p, 0xa5, size);
    return p;
}

/* ------------------------------------------------------------------- tests */

static void
the_first_half_kilobyte_needs_no_pool(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < GW_ARENA_FIRST / 128; i++)
        take(f, 128);
    assert_int_equal(takes, 0);
    take(f, 1);
    assert_int_equal(takes, 1);
}

static void
every_piece_is_aligned_for_any_type(void **state)
{
    struct fixture *f = *state;

    for (size_t size = 0; size < 600; size += 7)
        assert_int_equal((uintptr_t)take(f, size) % 16, 0);
    assert_int_equal((uintptr_t)take(f, 20000) % 16, 0);
}

static void
pieces_do_not_overlap(void **state)
{
    struct fixture *f = *state;
    uint8_t *pieces[200];

    for (unsigned i = 0; i < 200; i++) {
        pieces[i] = take(f, 1 + i);
        memset(pieces[i], (int)i, 1 + i);
    }
    for (unsigned i = 0; i < 200; i++)
        for (unsigned j = 0; j <= i; j++)
            assert_int_equal(pieces[i][j], i);
}

static void
small_pieces_share_a_block_of_the_pool(void **state)
{
    struct fixture *f = *state;

    take(f, GW_ARENA_FIRST);
    for (unsigned i = 0; i < 15; i++)
        take(f, 128);
    assert_int_equal(takes, 1);
}

static void
a_large_piece_gets_a_block_of_its_size(void **state)
{
    struct fixture *f = *state;

    take(f, 100000);
    assert_int_equal(takes, 1);
}

static void
reset_gives_all_back_and_starts_anew(void **state)
{
    struct fixture *f = *state;
    void *first = take(f, 100);

    take(f, 5000);
    take(f, 50000);
    gw_arena_reset(&f->arena);
    assert_int_equal(takes, 2);
    assert_int_equal(gives, 2);
    assert_ptr_equal(take(f, 100), first);
}

static void
a_copy_ends_with_nul_and_keeps_what_is_inside(void **state)
{
    struct fixture *f = *state;
    char *s = gw_arena_copy(&f->arena, "ab\0cd and more", 5);

    assert_memory_equal(s, "ab\0cd", 6);
}

static void
a_copy_of_nothing_is_an_empty_string(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(gw_arena_copy(&f->arena, NULL, 0), "");
}

static void
short_memory_is_NULL_and_harms_nothing(void **state)
{
    struct fixture *f = *state;
    char *before = gw_arena_copy(&f->arena, "before", 6);

    is_short = true;
    assert_null(gw_arena_take(&f->arena, 5000));
    assert_null(gw_arena_copy(&f->arena, before, 5000));
    assert_string_equal(gw_arena_copy(&f->arena, "small", 5), "small");
    is_short = false;
    take(f, 5000);
    assert_string_equal(before, "before");
    takes -= 2; /* those that failed need no giving back */
}

static void
an_impossible_size_is_NULL_without_asking_the_pool(void **state)
{
    struct fixture *f = *state;

    assert_null(gw_arena_take(&f->arena, SIZE_MAX));
    assert_null(gw_arena_take(&f->arena, SIZE_MAX - 15));
    assert_null(gw_arena_take(&f->arena, SIZE_MAX / 2 + 1));
    assert_int_equal(takes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_half_kilobyte_needs_no_pool),
        TEST(every_piece_is_aligned_for_any_type),
        TEST(pieces_do_not_overlap),
        TEST(small_pieces_share_a_block_of_the_pool),
        TEST(a_large_piece_gets_a_block_of_its_size),
        TEST(reset_gives_all_back_and_starts_anew),
        TEST(a_copy_ends_with_nul_and_keeps_what_is_inside),
        TEST(a_copy_of_nothing_is_an_empty_string),
        TEST(short_memory_is_NULL_and_harms_nothing),
        TEST(an_impossible_size_is_NULL_without_asking_the_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
