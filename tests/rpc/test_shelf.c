/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_shelf.c - large storage between two uses. free() is wrapped:
 * what the shelf gives up is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rpc/shelf.h"

#define SIZE ((size_t)100 * 1024)

static unsigned freed;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
    freed++;
    __real_free(p);
}

/* New storage, put on the shelf. */
static void *
give(struct rpc_shelf *shelf, size_t size)
{
    void *p = malloc(size);

    assert_non_null(p);
    rpc_shelf_give(shelf, p, size);
    return p;
}

static int
setup(void **state)
{
    static struct rpc_shelf shelf;

    shelf = (struct rpc_shelf){ 0 };
    freed = 0;
    *state = &shelf;
    return 0;
}

static int
teardown(void **state)
{
    rpc_shelf_clear(*state);
    return 0;
}

static void
the_latest_of_a_size_is_taken_first(void **state)
{
    struct rpc_shelf *shelf = *state;
    void *first = give(shelf, SIZE);
    void *other = give(shelf, 2 * SIZE);
    void *latest = give(shelf, SIZE);

    assert_ptr_equal(rpc_shelf_take(shelf, SIZE), latest);
    assert_ptr_equal(rpc_shelf_take(shelf, SIZE), first);
    assert_null(rpc_shelf_take(shelf, SIZE));
    assert_ptr_equal(rpc_shelf_take(shelf, 2 * SIZE), other);
    assert_true(rpc_shelf_is_empty(shelf));
    assert_int_equal(shelf->bytes, 0);
    assert_int_equal(freed, 0);
    free(first);
    free(other);
    free(latest);
}

static void
storage_of_another_size_is_not_taken(void **state)
{
    struct rpc_shelf *shelf = *state;

    give(shelf, SIZE);
    assert_null(rpc_shelf_take(shelf, SIZE - 1));
    assert_null(rpc_shelf_take(shelf, SIZE + 1));
    assert_false(rpc_shelf_is_empty(shelf));
}

static void
the_oldest_makes_room_for_bytes(void **state)
{
    struct rpc_shelf *shelf = *state;
    void *second;

    give(shelf, RPC_SHELF_BYTES / 2);
    second = give(shelf, RPC_SHELF_BYTES / 2);
    assert_int_equal(freed, 0);
    give(shelf, SIZE);
    assert_int_equal(freed, 1);
    assert_in_range(shelf->bytes, 0, RPC_SHELF_BYTES);
    assert_ptr_equal(rpc_shelf_take(shelf, RPC_SHELF_BYTES / 2), second);
    free(second);
}

static void
the_oldest_makes_room_for_pieces(void **state)
{
    struct rpc_shelf *shelf = *state;

    for (size_t i = 0; i < RPC_SHELF_SLOTS; i++)
        give(shelf, SIZE + i);
    assert_int_equal(freed, 0);
    give(shelf, SIZE - 1);
    assert_int_equal(freed, 1);
    assert_null(rpc_shelf_take(shelf, SIZE));
    assert_int_equal(shelf->count, RPC_SHELF_SLOTS);
}

static void
what_is_larger_than_the_shelf_is_not_kept(void **state)
{
    struct rpc_shelf *shelf = *state;

    give(shelf, SIZE);
    give(shelf, RPC_SHELF_BYTES + 1);
    assert_int_equal(freed, 1);
    assert_int_equal(shelf->bytes, SIZE);
}

static void
the_second_sweep_frees_what_nobody_took(void **state)
{
    struct rpc_shelf *shelf = *state;
    void *used;

    give(shelf, 2 * SIZE);
    give(shelf, SIZE);
    rpc_shelf_sweep(shelf);
    assert_int_equal(freed, 0);
    used = rpc_shelf_take(shelf, SIZE);
    rpc_shelf_give(shelf, used, SIZE);
    rpc_shelf_sweep(shelf);
    assert_int_equal(freed, 1);
    assert_int_equal(shelf->bytes, SIZE);
    rpc_shelf_sweep(shelf);
    assert_int_equal(freed, 2);
    assert_true(rpc_shelf_is_empty(shelf));
}

/* The younger of two is fresh and used all the time: the older one goes. */
static void
what_makes_room_is_not_swept_again(void **state)
{
    struct rpc_shelf *shelf = *state;

    give(shelf, RPC_SHELF_BYTES);
    rpc_shelf_sweep(shelf);
    give(shelf, SIZE);
    assert_int_equal(freed, 1);
    rpc_shelf_sweep(shelf);
    assert_int_equal(freed, 1);
    assert_int_equal(shelf->bytes, SIZE);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(the_latest_of_a_size_is_taken_first),
        T(storage_of_another_size_is_not_taken),
        T(the_oldest_makes_room_for_bytes),
        T(the_oldest_makes_room_for_pieces),
        T(what_is_larger_than_the_shelf_is_not_kept),
        T(the_second_sweep_frees_what_nobody_took),
        T(what_makes_room_is_not_swept_again),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
