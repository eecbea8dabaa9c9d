/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_window.c - when a stream's window grows, and how far.
 */
#include "rpc/link/grpc_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS ((uint64_t)1000000)
#define KIB 1024u
#define MIB (1024u * KIB)
#define FIRST (64 * KIB)

static struct rpc_grpc_path
path_of(uint64_t trip_ms)
{
    struct rpc_grpc_path path = { .most = RPC_GRPC_WINDOW_MOST };

    if (trip_ms > 0)
        rpc_grpc_path_saw(&path, 1000 * MS, (1000 + trip_ms) * MS);
    return path;
}

/* The question is asked and answered. */
static void
ask(struct rpc_grpc_path *path, uint64_t trip_ms)
{
    rpc_grpc_path_asked(path, 5000 * MS);
    rpc_grpc_path_answered(path, (5000 + trip_ms) * MS);
}

static uint32_t
widen(struct rpc_grpc_path *path, uint32_t window, uint64_t elapsed_ms)
{
    bool must_ask;

    return rpc_grpc_path_widen(path, window, elapsed_ms * MS, &must_ask);
}

static bool
wants_to_ask(struct rpc_grpc_path *path, uint32_t window)
{
    bool must_ask;

    (void)rpc_grpc_path_widen(path, window, 0, &must_ask);
    return must_ask;
}

static void
a_near_peer_gets_a_quarter_of_a_mebibyte(void **state)
{
    struct rpc_grpc_path path = path_of(0);

    (void)state;
    assert_int_equal(widen(&path, FIRST, 1), 256 * KIB);
    assert_int_equal(widen(&path, 256 * KIB, 0), 256 * KIB);
    assert_false(wants_to_ask(&path, 256 * KIB));
}

static void
a_slow_reader_keeps_what_it_has(void **state)
{
    struct rpc_grpc_path path = path_of(50);

    (void)state;
    assert_int_equal(widen(&path, FIRST, 102), FIRST);
    assert_int_equal(widen(&path, FIRST, 100), 256 * KIB);
}

static void
a_far_peer_is_asked_before_each_step(void **state)
{
    struct rpc_grpc_path path = path_of(100);

    (void)state;
    assert_true(wants_to_ask(&path, 256 * KIB));
    assert_int_equal(widen(&path, 256 * KIB, 10), 256 * KIB);
    rpc_grpc_path_asked(&path, 5000 * MS);
    assert_false(wants_to_ask(&path, 256 * KIB));
    rpc_grpc_path_answered(&path, 5100 * MS);
    assert_int_equal(widen(&path, 256 * KIB, 10), 2 * MIB);
    assert_int_equal(widen(&path, 2 * MIB, 10), 2 * MIB);
    ask(&path, 100);
    assert_int_equal(widen(&path, 2 * MIB, 10), 16 * MIB);
    ask(&path, 100);
    assert_int_equal(widen(&path, 16 * MIB, 10), 16 * MIB);
    assert_false(wants_to_ask(&path, 16 * MIB));
}

static void
a_window_is_what_a_line_of_that_length_holds(void **state)
{
    struct rpc_grpc_path path = path_of(3);

    (void)state;
    ask(&path, 3);
    assert_int_equal(widen(&path, 256 * KIB, 0), 768 * KIB);
}

/* The first answer was late; it was not the way that took so long. */
static void
the_shortest_trip_counts(void **state)
{
    struct rpc_grpc_path path = path_of(100);

    (void)state;
    assert_true(wants_to_ask(&path, 256 * KIB));
    ask(&path, 1);
    assert_int_equal(widen(&path, 256 * KIB, 0), 256 * KIB);
    ask(&path, 100);
    assert_int_equal(widen(&path, 256 * KIB, 0), 256 * KIB);
}

static void
an_answer_that_nobody_asked_for_counts_for_nothing(void **state)
{
    struct rpc_grpc_path path = path_of(100);

    (void)state;
    rpc_grpc_path_answered(&path, 5000 * MS);
    assert_false(path.is_fresh);
    assert_true(path.trip_ns == 100 * MS);
}

static void
all_streams_together_have_a_bound(void **state)
{
    struct rpc_grpc_path path = path_of(100);
    size_t sum = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        ask(&path, 100);
        sum += widen(&path, 8 * MIB, 0) - 8 * MIB;
    }
    assert_int_equal(sum, RPC_GRPC_WINDOWS_LENT);
    assert_int_equal(widen(&path, FIRST, 0), FIRST);
    rpc_grpc_path_give_back(&path, FIRST, 1 * MIB);
    assert_int_equal(widen(&path, FIRST, 0), 512 * KIB);
}

static void
later_streams_begin_with_what_was_learnt(void **state)
{
    struct rpc_grpc_path path = path_of(100);

    (void)state;
    assert_int_equal(rpc_grpc_path_begin(&path, FIRST), FIRST);
    assert_int_equal(widen(&path, FIRST, 0), 256 * KIB);
    assert_int_equal(rpc_grpc_path_begin(&path, FIRST), FIRST);
    ask(&path, 100);
    assert_int_equal(widen(&path, 128 * KIB, 0), 1 * MIB);
    assert_int_equal(rpc_grpc_path_begin(&path, FIRST), 1 * MIB);
}

static void
streams_that_begin_leave_most_to_others(void **state)
{
    struct rpc_grpc_path path = { .learnt = 16 * MIB };
    uint32_t before = rpc_grpc_path_begin(&path, FIRST);

    (void)state;
    assert_int_equal(before, FIRST + 2 * MIB);
    for (int i = 0; i < 1000; i++) {
        uint32_t window = rpc_grpc_path_begin(&path, FIRST);

        assert_true(window <= before);
        before = window;
    }
    assert_int_equal(before, FIRST);
    assert_true(path.lent < RPC_GRPC_WINDOWS_LENT);
}

static void
whoever_bounds_a_stream_is_heard(void **state)
{
    struct rpc_grpc_path path = path_of(100);

    (void)state;
    path.most = 65536;
    ask(&path, 100);
    assert_int_equal(widen(&path, 65535, 0), 65535);
    path.most = 1 * MIB;
    assert_int_equal(widen(&path, 65535, 0), 8 * 65535);
    path.most = 100 * KIB;
    assert_int_equal(widen(&path, 65535, 0), 100 * KIB);
    assert_false(wants_to_ask(&path, 100 * KIB));
}

static void
much_of_a_large_window_is_not_kept_back(void **state)
{
    (void)state;
    assert_int_equal(rpc_grpc_window_step(1), 0);
    assert_int_equal(rpc_grpc_window_step(65535), 32767);
    assert_int_equal(rpc_grpc_window_step(512 * KIB), 256 * KIB);
    assert_int_equal(rpc_grpc_window_step(16 * MIB), 256 * KIB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_near_peer_gets_a_quarter_of_a_mebibyte),
        cmocka_unit_test(a_slow_reader_keeps_what_it_has),
        cmocka_unit_test(a_far_peer_is_asked_before_each_step),
        cmocka_unit_test(a_window_is_what_a_line_of_that_length_holds),
        cmocka_unit_test(the_shortest_trip_counts),
        cmocka_unit_test(an_answer_that_nobody_asked_for_counts_for_nothing),
        cmocka_unit_test(all_streams_together_have_a_bound),
        cmocka_unit_test(later_streams_begin_with_what_was_learnt),
        cmocka_unit_test(streams_that_begin_leave_most_to_others),
        cmocka_unit_test(whoever_bounds_a_stream_is_heard),
        cmocka_unit_test(much_of_a_large_window_is_not_kept_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
