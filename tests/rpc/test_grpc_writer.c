/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_writer.c - messages on their way into frames.
 */
#include "rpc/link/grpc_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROOM 65536u

struct fixture {
    struct rpc_grpc_reading shared;
    struct rpc_grpc_writer writer;
    uint8_t out[ROOM];
    size_t len;
};

static int
setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    f->shared.pool = sluice_pool_new();
    f->shared.coder = rpc_grpc_coder_new();
    *state = f;
    return f->shared.pool == NULL || f->shared.coder == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    rpc_grpc_writer_fini(&f->writer);
    rpc_grpc_coder_free(&f->shared.coder);
    sluice_pool_free(&f->shared.pool);
    test_free(f);
    return 0;
}

static void
give(struct fixture *f, enum sluice_grpc_coding coding, size_t len, char with)
{
    struct sluice_bytes *b = sluice_bytes_new(f->shared.pool, len);

    assert_non_null(b);
    memset(sluice_bytes_fill(b), with, len);
    assert_int_equal(rpc_grpc_writer_take(&f->writer, &f->shared, coding, &b),
        SLUICE_OK);
    assert_null(b);
}

static void
give_plain(struct fixture *f, size_t len, char with)
{
    give(f, SLUICE_GRPC_IDENTITY, len, with);
}

/* One frame of at most room bytes. True: that was all. */
static bool
frame(struct fixture *f, size_t room)
{
    size_t n = rpc_grpc_writer_offer(&f->writer, room);
    bool is_all;

    assert_true(n <= room && n <= ROOM - f->len);
    is_all = rpc_grpc_writer_copy(&f->writer, f->out + f->len, n);
    f->len += n;
    return is_all;
}

/* The next message in what went out; returns where it ends. */
static size_t
assert_message(const struct fixture *f, size_t at, size_t len, char with)
{
    uint8_t prefix[RPC_GRPC_PREFIX];

    rpc_grpc_write_prefix(prefix, false, len);
    assert_true(at + RPC_GRPC_PREFIX + len <= f->len);
    assert_memory_equal(f->out + at, prefix, sizeof(prefix));
    at += sizeof(prefix);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(f->out[at + i], with);
    return at + len;
}

static void
messages_that_wait_share_a_frame(void **state)
{
    struct fixture *f = *state;
    size_t at;

    give_plain(f, 10, 'a');
    give_plain(f, 0, 'b');
    give_plain(f, 300, 'c');
    assert_int_equal(rpc_grpc_writer_left(&f->writer), 15 + 5 + 305);
    assert_true(frame(f, 16384));

    at = assert_message(f, 0, 10, 'a');
    at = assert_message(f, at, 0, 'b');
    assert_int_equal(assert_message(f, at, 300, 'c'), f->len);
    assert_int_equal(rpc_grpc_writer_left(&f->writer), 0);
}

static void
frames_may_end_anywhere(void **state)
{
    struct fixture *f = *state;

    for (size_t room = 1; room < 40; room++) {
        size_t at;

        f->len = 0;
        give_plain(f, 7, 'a');
        give_plain(f, 9, 'b');
        give_plain(f, 1, 'c');
        while (!frame(f, room))
            ;
        at = assert_message(f, 0, 7, 'a');
        at = assert_message(f, at, 9, 'b');
        assert_int_equal(assert_message(f, at, 1, 'c'), f->len);
    }
}

static void
a_message_may_come_while_others_are_half_out(void **state)
{
    struct fixture *f = *state;
    size_t at;

    give_plain(f, 10, 'a');
    give_plain(f, 10, 'b');
    assert_false(frame(f, 17));
    give_plain(f, 10, 'c');
    assert_true(frame(f, 100));

    at = assert_message(f, 0, 10, 'a');
    at = assert_message(f, at, 10, 'b');
    assert_int_equal(assert_message(f, at, 10, 'c'), f->len);
}

static void
what_is_gathered_may_outgrow_its_block(void **state)
{
    struct fixture *f = *state;
    size_t at = 0;

    give_plain(f, 1, 'a');
    for (char c = 'b'; c < 'l'; c++)
        give_plain(f, 5000, c);
    while (!frame(f, 16384))
        ;

    at = assert_message(f, at, 1, 'a');
    for (char c = 'b'; c < 'l'; c++)
        at = assert_message(f, at, 5000, c);
    assert_int_equal(at, f->len);
}

static void
a_rewind_sends_all_of_it_again(void **state)
{
    struct fixture *f = *state;
    size_t at;

    give_plain(f, 10, 'a');
    give_plain(f, 10, 'b');
    assert_false(frame(f, 20));
    rpc_grpc_writer_rewind(&f->writer);
    f->len = 0;
    assert_true(frame(f, 100));

    at = assert_message(f, 0, 10, 'a');
    assert_int_equal(assert_message(f, at, 10, 'b'), f->len);
}

static void
what_follows_a_sent_message_replaces_it(void **state)
{
    struct fixture *f = *state;

    give_plain(f, 10, 'a');
    assert_true(frame(f, 100));
    give_plain(f, 20, 'b');
    f->len = 0;
    assert_true(frame(f, 100));
    assert_int_equal(assert_message(f, 0, 20, 'b'), f->len);
}

static void
each_message_says_whether_it_is_compressed(void **state)
{
    struct fixture *f = *state;
    size_t second = RPC_GRPC_PREFIX + 1000;

    give_plain(f, 1000, 'a');
    give(f, SLUICE_GRPC_GZIP, 1000, 'b');
    assert_true(frame(f, 16384));
    (void)assert_message(f, 0, 1000, 'a');
    assert_int_equal(f->out[second], 1);
    assert_true(f->len - second < 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(messages_that_wait_share_a_frame),
        TEST(frames_may_end_anywhere),
        TEST(a_message_may_come_while_others_are_half_out),
        TEST(what_is_gathered_may_outgrow_its_block),
        TEST(a_rewind_sends_all_of_it_again),
        TEST(what_follows_a_sent_message_replaces_it),
        TEST(each_message_says_whether_it_is_compressed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
