/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_bytes.c - pools, payload bytes, metadata and status codes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include <sluice/metadata.h>
#include <sluice/status.h>

#include "rpc/metadata.h"
#include "rpc/pool.h"
#include "tests/memory.h"

/* ---------------------------------------------------------------- pool */

static void
storage_is_usable_to_its_last_byte(void **state)
{
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 96, 97, 128, 129, 192,
        193, 1000, 4096, 65535, 65536, 65537, 1000000 };
    struct sluice_pool *pool = sluice_pool_new();
    void *first[17], *second[17];
    size_t i;

    (void)state;
    assert_non_null(pool);
    for (i = 0; i < 17; i++) {
        first[i] = sluice_pool_take(pool, sizes[i]);
        second[i] = sluice_pool_take(pool, sizes[i]);
        assert_non_null(first[i]);
        assert_non_null(second[i]);
        memset(first[i], 1, sizes[i]);
        memset(second[i], 2, sizes[i]);
    }
    for (i = 0; i < 17; i++) {
        assert_int_equal(((unsigned char *)first[i])[0],
            sizes[i] > 0 ? 1 : ((unsigned char *)first[i])[0]);
        sluice_pool_give(pool, first[i], sizes[i]);
        sluice_pool_give(pool, second[i], sizes[i]);
    }
    sluice_pool_free(&pool);
    assert_null(pool);
}

/* Given back with all its room, storage must find the class it came from. */
static void
storage_has_a_third_of_slack_at_most(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    size_t size, room;

    (void)state;
    assert_non_null(pool);
    for (size = 65; size <= 200000; size++) {
        room = rpc_pool_usable(pool, size);
        assert_true(room >= size);
        assert_true((room - size) * 3 < room);
        assert_int_equal(rpc_pool_usable(pool, room), room);
    }
    sluice_pool_free(&pool);
}

static void
large_storage_is_used_again(void **state)
{
    static const size_t sizes[] = { 70000, 100000, 1000000, 4200000 };
    struct sluice_pool *pool = sluice_pool_new();
    struct sluice_bytes *b;
    size_t i;

    (void)state;
    assert_non_null(pool);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        b = sluice_bytes_new(pool, sizes[i]);
        sluice_bytes_unref(&b);
        assert_int_equal(rpc_pool_wants_sweep(pool), RPC_POOL_KEEPS);
        memory_count();
        b = sluice_bytes_new(pool, sizes[i] - 1000);
        assert_int_equal(memory_suffices().calls, RPC_POOL_KEEPS ? 0 : 1);
        sluice_bytes_unref(&b);
    }
    rpc_pool_sweep(pool);
    rpc_pool_sweep(pool);
    assert_false(rpc_pool_wants_sweep(pool));
    sluice_pool_free(&pool);
}

/* So many at once, and given back. */
static void
burst(struct sluice_pool *pool, size_t size, unsigned n)
{
    static void *taken[4096];
    unsigned i;

    assert_in_range(n, 1, 4096);
    for (i = 0; i < n; i++) {
        taken[i] = sluice_pool_take(pool, size);
        assert_non_null(taken[i]);
    }
    for (i = 0; i < n; i++)
        sluice_pool_give(pool, taken[i], size);
}

/* 80 x 20480 are 1.6 MiB: more than what stays, less than what may. */
static void
a_burst_of_pages_is_kept_until_the_sweep(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    unsigned kept = RPC_POOL_KEEPS ? 12 : 0;

    (void)state;
    assert_non_null(pool);
    burst(pool, 20480, 80);
    assert_int_equal(rpc_pool_wants_sweep(pool), RPC_POOL_KEEPS);
    memory_count();
    burst(pool, 20480, 80);
    assert_int_equal(memory_suffices().calls, RPC_POOL_KEEPS ? 0 : 80);
    rpc_pool_sweep(pool);
    assert_false(rpc_pool_wants_sweep(pool));
    memory_count();
    burst(pool, 20480, 80);
    assert_int_equal(memory_suffices().calls, 80 - kept);
    sluice_pool_free(&pool);
}

static void
a_burst_of_small_storage_leaves_no_surplus(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();

    (void)state;
    assert_non_null(pool);
    burst(pool, 2048, 4096);
    assert_false(rpc_pool_wants_sweep(pool));
    sluice_pool_free(&pool);
}

static void
giving_nothing_is_nothing(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();

    (void)state;
    sluice_pool_give(pool, NULL, 64);
    sluice_pool_free(&pool);
    sluice_pool_free(&pool);
}

static void
storage_outlives_its_pool(void **state)
{
    struct sluice_pool *pool = sluice_pool_new(), *freed = pool;
    struct sluice_bytes *b = sluice_bytes_copy(pool, "abc", 3);
    struct sluice_metadata *md = sluice_metadata_new(pool);
    void *object = sluice_pool_take(pool, 100);

    (void)state;
    sluice_pool_free(&pool);
    assert_memory_equal(sluice_bytes_data(b), "abc", 3);
    sluice_bytes_unref(&b);
    sluice_pool_give(freed, object, 100);
    assert_int_equal(sluice_metadata_count(md), 0);
    sluice_metadata_unref(&md);
}

#define BLOCKS 1000

struct heap {
    struct sluice_bytes *blocks[BLOCKS];
    struct sluice_metadata *lists[BLOCKS];
};

static void *
drop_all(void *arg)
{
    struct heap *h = arg;
    size_t i;

    for (i = 0; i < BLOCKS; i++) {
        sluice_bytes_unref(&h->blocks[i]);
        sluice_metadata_unref(&h->lists[i]);
    }
    return NULL;
}

static void
fill(struct heap *h, struct sluice_pool *pool)
{
    size_t i;

    for (i = 0; i < BLOCKS; i++) {
        h->blocks[i] = sluice_bytes_copy(pool, &i, sizeof(i));
        h->lists[i] = sluice_metadata_new(pool);
        assert_non_null(h->blocks[i]);
        assert_non_null(h->lists[i]);
    }
}

static void
another_thread_may_drop_while_the_owner_takes(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    struct heap *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
    pthread_t thread;
    int round;

    (void)state;
    fill(a, pool);
    for (round = 0; round < 10; round++) {
        struct heap *swap = a;

        assert_int_equal(pthread_create(&thread, NULL, drop_all, a), 0);
        fill(b, pool);
        assert_int_equal(pthread_join(thread, NULL), 0);
        a = b;
        b = swap;
    }
    drop_all(a);
    sluice_pool_free(&pool);
    free(a);
    free(b);
}

static void
another_thread_may_drop_while_the_pool_goes(void **state)
{
    struct heap *h = calloc(1, sizeof(*h));
    struct sluice_pool *pool;
    pthread_t thread;
    int round;

    (void)state;
    for (round = 0; round < 20; round++) {
        pool = sluice_pool_new();
        fill(h, pool);
        assert_int_equal(pthread_create(&thread, NULL, drop_all, h), 0);
        sluice_pool_free(&pool);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    free(h);
}

static void *
drop_shared(void *arg)
{
    struct sluice_bytes **b = arg;

    sluice_bytes_unref(b);
    return NULL;
}

static void
two_threads_share_bytes(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    struct sluice_bytes *b, *shared;
    pthread_t thread;
    int round;

    (void)state;
    for (round = 0; round < 100; round++) {
        b = sluice_bytes_copy(pool, "shared", 6);
        shared = sluice_bytes_ref(b);
        assert_int_equal(pthread_create(&thread, NULL, drop_shared, &shared),
            0);
        sluice_bytes_unref(&b);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_null(shared);
    }
    sluice_pool_free(&pool);
}

/* --------------------------------------------------------------- bytes */

static void
bytes_are_filled_and_then_read(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    struct sluice_bytes *b = sluice_bytes_new(pool, 100);

    (void)state;
    assert_int_equal(sluice_bytes_size(b), 100);
    assert_true(sluice_bytes_capacity(b) >= 100);
    memset(sluice_bytes_fill(b), 7, sluice_bytes_capacity(b));
    sluice_bytes_set_size(b, 3);
    assert_int_equal(sluice_bytes_size(b), 3);
    assert_memory_equal(sluice_bytes_data(b), "\7\7\7", 3);
    sluice_bytes_set_size(b, sluice_bytes_capacity(b));
    sluice_bytes_unref(&b);
    assert_null(b);
    sluice_bytes_unref(&b);
    sluice_pool_free(&pool);
}

static void
bytes_need_no_pool(void **state)
{
    struct sluice_bytes *b = sluice_bytes_copy(NULL, "x", 1);
    struct sluice_bytes *empty = sluice_bytes_copy(NULL, NULL, 0);

    (void)state;
    assert_memory_equal(sluice_bytes_data(b), "x", 1);
    assert_int_equal(sluice_bytes_size(empty), 0);
    sluice_bytes_unref(&b);
    sluice_bytes_unref(&empty);
}

static void
the_headroom_lies_directly_before_the_data(void **state)
{
    struct sluice_bytes *b = sluice_bytes_copy(NULL, "data", 4), *other;
    uint8_t *room = sluice_bytes_headroom(b);

    (void)state;
    assert_ptr_equal(room + SLUICE_BYTES_HEADROOM, sluice_bytes_data(b));
    memset(room, 9, SLUICE_BYTES_HEADROOM);
    assert_memory_equal(sluice_bytes_data(b), "data", 4);
    other = sluice_bytes_ref(b);
    assert_null(sluice_bytes_headroom(b));
    sluice_bytes_unref(&other);
    assert_ptr_equal(sluice_bytes_headroom(b), room);
    sluice_bytes_unref(&b);
}

static void
what_is_skipped_is_no_longer_data(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    struct sluice_bytes *b = sluice_bytes_copy(pool, "0123456789", 10);
    const uint8_t *data = sluice_bytes_data(b);
    size_t capacity = sluice_bytes_capacity(b);

    (void)state;
    sluice_bytes_skip(b, 3);
    assert_ptr_equal(sluice_bytes_data(b), data + 3);
    assert_ptr_equal(sluice_bytes_fill(b), data + 3);
    assert_int_equal(sluice_bytes_size(b), 7);
    assert_int_equal(sluice_bytes_capacity(b), capacity - 3);
    assert_ptr_equal(sluice_bytes_headroom(b), data + 3 - 16);
    sluice_bytes_skip(b, 7);
    assert_int_equal(sluice_bytes_size(b), 0);
    sluice_bytes_unref(&b);

    /* Given back whole, or the pool would tell. */
    b = sluice_bytes_new(pool, 10);
    assert_int_equal(sluice_bytes_capacity(b), capacity);
    sluice_bytes_unref(&b);
    sluice_pool_free(&pool);
}

static void
count(void *arg)
{
    ++*(int *)arg;
}

static void
wrapped_bytes_are_released_once_by_the_last_holder(void **state)
{
    static const char text[] = "elsewhere";
    int released = 0;
    struct sluice_bytes *b = sluice_bytes_wrap(text, 9, count, &released);
    struct sluice_bytes *other = sluice_bytes_ref(b);

    (void)state;
    assert_ptr_equal(sluice_bytes_data(b), text);
    assert_int_equal(sluice_bytes_size(b), 9);
    assert_null(sluice_bytes_headroom(other));
    sluice_bytes_unref(&b);
    assert_int_equal(released, 0);
    sluice_bytes_unref(&other);
    assert_int_equal(released, 1);

    b = sluice_bytes_wrap(text, 9, NULL, NULL);
    sluice_bytes_unref(&b);
}

static void
impossible_sizes_are_refused(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();

    (void)state;
    assert_null(sluice_bytes_new(pool, SIZE_MAX));
    assert_null(sluice_bytes_new(NULL, SIZE_MAX - 8));
    sluice_pool_free(&pool);
}

/* ------------------------------------------------------------ metadata */

static void
add(struct sluice_metadata *md, const char *name, const char *value)
{
    assert_int_equal(sluice_metadata_add(md, sluice_str(name),
                         sluice_str(value)),
        SLUICE_OK);
}

static void
is(struct sluice_str s, const char *text)
{
    assert_true(sluice_str_equal(s, sluice_str(text)));
}

static void
metadata_keeps_order_and_duplicates(void **state)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);

    (void)state;
    add(md, "b", "1");
    add(md, "a", "");
    add(md, "b", "2");
    assert_int_equal(sluice_metadata_count(md), 3);
    is(sluice_metadata_at(md, 0).name, "b");
    is(sluice_metadata_at(md, 0).value, "1");
    is(sluice_metadata_at(md, 1).name, "a");
    is(sluice_metadata_at(md, 1).value, "");
    is(sluice_metadata_at(md, 2).value, "2");
    is(sluice_metadata_find(md, sluice_str("b")), "1");
    assert_non_null(sluice_metadata_find(md, sluice_str("a")).ptr);
    assert_null(sluice_metadata_find(md, sluice_str("c")).ptr);
    assert_null(sluice_metadata_find(NULL, sluice_str("c")).ptr);
    sluice_metadata_unref(&md);
    assert_null(md);
    sluice_metadata_unref(&md);
}

static void
metadata_grows_as_needed(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    struct sluice_metadata *md = sluice_metadata_new(pool);
    char name[16], value[512];
    size_t i;

    (void)state;
    for (i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "n%zu", i);
        memset(value, 'a' + (int)(i % 26), sizeof(value));
        assert_int_equal(sluice_metadata_add(md, sluice_str(name),
                             sluice_str_n(value, i % 512)),
            SLUICE_OK);
    }
    assert_int_equal(sluice_metadata_count(md), 2000);
    for (i = 0; i < 2000; i++) {
        struct sluice_metadatum m = sluice_metadata_at(md, i);

        snprintf(name, sizeof(name), "n%zu", i);
        memset(value, 'a' + (int)(i % 26), sizeof(value));
        is(m.name, name);
        assert_int_equal(m.value.len, i % 512);
        assert_memory_equal(m.value.ptr, value, i % 512);
    }
    sluice_metadata_unref(&md);
    sluice_pool_free(&pool);
}

static void
a_list_may_take_from_itself(void **state)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    struct sluice_metadatum m;
    int i;

    (void)state;
    add(md, "name", "value");
    for (i = 0; i < 100; i++) {
        m = sluice_metadata_at(md, 0);
        assert_int_equal(sluice_metadata_add(md, m.name, m.value), SLUICE_OK);
    }
    for (i = 0; i <= 100; i++) {
        is(sluice_metadata_at(md, (size_t)i).name, "name");
        is(sluice_metadata_at(md, (size_t)i).value, "value");
    }
    sluice_metadata_unref(&md);
}

static void
metadata_holds_any_bytes(void **state)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);

    (void)state;
    assert_int_equal(sluice_metadata_add(md, sluice_str("x-bin"),
                         sluice_str_n("\0\xff\n", 3)),
        SLUICE_OK);
    assert_int_equal(sluice_metadata_at(md, 0).value.len, 3);
    assert_memory_equal(sluice_metadata_at(md, 0).value.ptr, "\0\xff\n", 3);
    assert_int_equal(sluice_metadata_add(md, sluice_str(""), sluice_str("v")),
        SLUICE_EINVAL);
    assert_int_equal(sluice_metadata_add(md, sluice_str(NULL), sluice_str("v")),
        SLUICE_EINVAL);
    assert_int_equal(sluice_metadata_add(md, sluice_str("n"),
                         sluice_str_n("", SIZE_MAX)),
        SLUICE_ELIMIT);
    assert_int_equal(sluice_metadata_count(md), 1);
    sluice_metadata_unref(&md);
}

static void
shared_metadata_lives_until_its_last_holder(void **state)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL), *other;

    (void)state;
    add(md, "a", "1");
    other = sluice_metadata_ref(md);
    assert_ptr_equal(other, md);
    sluice_metadata_unref(&md);
    is(sluice_metadata_find(other, sluice_str("a")), "1");
    sluice_metadata_unref(&other);
}

static void
the_empty_list_is_for_everybody(void **state)
{
    struct sluice_metadata *md = rpc_metadata_empty();
    struct sluice_metadata *held = sluice_metadata_ref(md);

    (void)state;
    assert_int_equal(sluice_metadata_count(held), 0);
    assert_null(sluice_metadata_find(held, sluice_str("a")).ptr);
    sluice_metadata_unref(&held);
    assert_null(held);
    sluice_metadata_unref(&md);
    assert_null(md);
    md = rpc_metadata_empty();
    assert_int_equal(sluice_metadata_count(md), 0);
}

static void
names_and_values_that_may_travel(void **state)
{
    (void)state;
    assert_true(sluice_metadata_name_is_valid(sluice_str("a-z_0.9-bin")));
    assert_false(sluice_metadata_name_is_valid(sluice_str("")));
    assert_false(sluice_metadata_name_is_valid(sluice_str("Upper")));
    assert_false(sluice_metadata_name_is_valid(sluice_str("a b")));
    assert_false(sluice_metadata_name_is_valid(sluice_str(":path")));
    assert_false(sluice_metadata_name_is_valid(sluice_str_n("a\0", 2)));
    assert_true(sluice_metadata_value_is_valid(sluice_str("a"),
        sluice_str(" ~printable")));
    assert_true(
        sluice_metadata_value_is_valid(sluice_str("a"), sluice_str("")));
    assert_false(
        sluice_metadata_value_is_valid(sluice_str("a"), sluice_str("line\n")));
    assert_false(
        sluice_metadata_value_is_valid(sluice_str("a"), sluice_str("\x7f")));
    assert_false(sluice_metadata_value_is_valid(sluice_str("a"),
        sluice_str("\xc3\xa9")));
    assert_true(sluice_metadata_value_is_valid(sluice_str("a-bin"),
        sluice_str_n("\0\xff", 2)));
    assert_false(
        sluice_metadata_value_is_valid(sluice_str("-bin"), sluice_str("\n")));
}

static void
every_byte_of_a_name_and_of_a_value_counts(void **state)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyz0123456789_-.";
    char text[21];

    (void)state;
    for (size_t len = 1; len < sizeof(text); len++) {
        memset(text, 'a', sizeof(text));
        for (int c = 0; c < 256; c++) {
            struct sluice_str s = sluice_str_n(text, len);

            text[len / 2] = (char)c;
            assert_int_equal(sluice_metadata_name_is_valid(s),
                c != 0 && strchr(names, c) != NULL);
            assert_int_equal(sluice_metadata_value_is_valid(sluice_str("a"), s),
                c >= 0x20 && c <= 0x7e);
        }
    }
}

static void
everything_says_when_memory_is_short(void **state)
{
    struct sluice_pool *pool = sluice_pool_new();
    struct sluice_metadata *md = sluice_metadata_new(pool);
    char text[1000] = { 0 };
    int released = 0;

    (void)state;
    add(md, "a", "1");
    memory_fail_from(1);
    assert_null(sluice_pool_new());
    assert_null(sluice_pool_take(pool, 1));
    assert_null(sluice_pool_take(pool, 100000));
    assert_null(sluice_bytes_new(pool, 1));
    assert_null(sluice_bytes_new(NULL, 1));
    assert_null(sluice_bytes_copy(pool, "x", 1));
    assert_null(sluice_bytes_wrap("x", 1, count, &released));
    assert_null(sluice_metadata_new(pool));
    assert_int_equal(sluice_metadata_add(md, sluice_str("b"),
                         sluice_str_n(text, sizeof(text))),
        SLUICE_ENOMEM);
    memory_suffices();
    assert_int_equal(released, 0);
    assert_int_equal(sluice_metadata_count(md), 1);
    is(sluice_metadata_find(md, sluice_str("a")), "1");
    sluice_metadata_unref(&md);
    sluice_pool_free(&pool);
}

/* -------------------------------------------------------------- status */

static void
codes_have_names_and_http_statuses(void **state)
{
    static const struct {
        const char *name;
        unsigned http;
    } codes[] = { { "OK", 200 }, { "CANCELLED", 499 }, { "UNKNOWN", 500 },
        { "INVALID_ARGUMENT", 400 }, { "DEADLINE_EXCEEDED", 504 },
        { "NOT_FOUND", 404 }, { "ALREADY_EXISTS", 409 },
        { "PERMISSION_DENIED", 403 }, { "RESOURCE_EXHAUSTED", 429 },
        { "FAILED_PRECONDITION", 400 }, { "ABORTED", 409 },
        { "OUT_OF_RANGE", 400 }, { "UNIMPLEMENTED", 501 }, { "INTERNAL", 500 },
        { "UNAVAILABLE", 503 }, { "DATA_LOSS", 500 },
        { "UNAUTHENTICATED", 401 } };
    int i;

    (void)state;
    for (i = 0; i <= 16; i++) {
        assert_string_equal(sluice_code_name(i), codes[i].name);
        assert_int_equal(sluice_code_http_status(i), codes[i].http);
    }
    assert_null(sluice_code_name(-1));
    assert_null(sluice_code_name(17));
    assert_int_equal(sluice_code_http_status(-1), 500);
    assert_int_equal(sluice_code_http_status(17), 500);
}

static void
http_statuses_without_a_grpc_status_have_codes(void **state)
{
    (void)state;
    assert_int_equal(sluice_code_from_http_status(200), SLUICE_CODE_UNKNOWN);
    assert_int_equal(sluice_code_from_http_status(400), SLUICE_CODE_INTERNAL);
    assert_int_equal(sluice_code_from_http_status(401),
        SLUICE_CODE_UNAUTHENTICATED);
    assert_int_equal(sluice_code_from_http_status(403),
        SLUICE_CODE_PERMISSION_DENIED);
    assert_int_equal(sluice_code_from_http_status(404),
        SLUICE_CODE_UNIMPLEMENTED);
    assert_int_equal(sluice_code_from_http_status(429),
        SLUICE_CODE_UNAVAILABLE);
    assert_int_equal(sluice_code_from_http_status(431), SLUICE_CODE_INTERNAL);
    assert_int_equal(sluice_code_from_http_status(500), SLUICE_CODE_UNKNOWN);
    assert_int_equal(sluice_code_from_http_status(502),
        SLUICE_CODE_UNAVAILABLE);
    assert_int_equal(sluice_code_from_http_status(503),
        SLUICE_CODE_UNAVAILABLE);
    assert_int_equal(sluice_code_from_http_status(504),
        SLUICE_CODE_UNAVAILABLE);
}

static void
every_error_has_a_text(void **state)
{
    int err, other;

    (void)state;
    for (err = SLUICE_OK; err <= SLUICE_ENOTFOUND; err++) {
        for (other = SLUICE_OK; other < err; other++)
            assert_string_not_equal(sluice_err_text((enum sluice_err)err),
                sluice_err_text((enum sluice_err)other));
    }
    assert_string_equal(sluice_err_text((enum sluice_err)99), "unknown error");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storage_is_usable_to_its_last_byte),
        cmocka_unit_test(storage_has_a_third_of_slack_at_most),
        cmocka_unit_test(large_storage_is_used_again),
        cmocka_unit_test(a_burst_of_pages_is_kept_until_the_sweep),
        cmocka_unit_test(a_burst_of_small_storage_leaves_no_surplus),
        cmocka_unit_test(giving_nothing_is_nothing),
        cmocka_unit_test(storage_outlives_its_pool),
        cmocka_unit_test(another_thread_may_drop_while_the_owner_takes),
        cmocka_unit_test(another_thread_may_drop_while_the_pool_goes),
        cmocka_unit_test(two_threads_share_bytes),
        cmocka_unit_test(bytes_are_filled_and_then_read),
        cmocka_unit_test(bytes_need_no_pool),
        cmocka_unit_test(the_headroom_lies_directly_before_the_data),
        cmocka_unit_test(what_is_skipped_is_no_longer_data),
        cmocka_unit_test(wrapped_bytes_are_released_once_by_the_last_holder),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(metadata_keeps_order_and_duplicates),
        cmocka_unit_test(metadata_grows_as_needed),
        cmocka_unit_test(a_list_may_take_from_itself),
        cmocka_unit_test(metadata_holds_any_bytes),
        cmocka_unit_test(shared_metadata_lives_until_its_last_holder),
        cmocka_unit_test(the_empty_list_is_for_everybody),
        cmocka_unit_test(names_and_values_that_may_travel),
        cmocka_unit_test(every_byte_of_a_name_and_of_a_value_counts),
        cmocka_unit_test(everything_says_when_memory_is_short),
        cmocka_unit_test(codes_have_names_and_http_statuses),
        cmocka_unit_test(http_statuses_without_a_grpc_status_have_codes),
        cmocka_unit_test(every_error_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
