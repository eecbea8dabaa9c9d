/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_memory.c - the gRPC link when memory is short, and how
 * little of it it asks for; nghttp2's is that of malloc, too.
 */
#include "tests/memory.h"
#include "tests/rpc/bad_backend.h"
#include "tests/rpc/grpc_world.h"
#include "tests/rpc/memory_nghttp2.h"

#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_session_private.h"
#include "rpc/pool.h"

#include <stdlib.h>
#include <string.h>

/* 300 times the letter a. */
#define PACKED_SIZE 300
#define PACKED                              \
    "data 01 00000019 1f8b0800000000000203" \
    "4b4c1c05c40200091997892c010000; "

#define GZIP_HEAD                                             \
    "headers | :status=200 | content-type=application/grpc |" \
    " grpc-encoding=gzip "

#define SCRIPT                                                              \
    "wait preface; settings; ack; label; wait end; " GZIP_HEAD              \
    "| a=1 | b-bin=AQI; message one; zeros 100000; " PACKED "message two; " \
    "headers end | grpc-status=0 | grpc-message=fine | c=2; again"

struct scene {
    struct bad_backend *backend;
    struct grpc_world w;
    struct grpc_call calls[3];
    nghttp2_mem mem;
};

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    memory_suffices();
    memory_only_this_thread(); /* the backend has its own */
    memory_nghttp2_init(&s->mem);
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    test_free(*state);
    return 0;
}

static void
fill(char *text, size_t size)
{
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
}

/* A call with all that may go along, started if memory allows. */
static void
start_call(struct grpc_call *c, struct grpc_world *w)
{
    struct sluice_metadata *md;
    struct sluice_metadata *more;
    char text[1000];

    grpc_call_init(c, w);
    c->timeout_ns = 5 * SLUICE_SECOND;
    memory_exempt_begin(); /* the customer's own */
    md = sluice_metadata_new(NULL);
    assert_int_equal(sluice_metadata_add(md, sluice_str("a"), sluice_str("1")),
        SLUICE_OK);
    assert_int_equal(sluice_metadata_add(md, sluice_str("b-bin"),
                         sluice_str("2")),
        SLUICE_OK);
    more = sluice_metadata_new(NULL);
    assert_int_equal(sluice_metadata_add(more, sluice_str("c-bin"),
                         sluice_str("3")),
        SLUICE_OK);
    fill(text, sizeof(text));
    memory_exempt_end();
    c->metadata = md;
    c->options.metadata = more;
    c->options.coding = SLUICE_GRPC_GZIP;
    if (!grpc_call_try(c, "Call", text))
        c->terminations = 1;
    sluice_metadata_unref(&more);
}

static void
converse(struct scene *s)
{
    size_t i;

    for (i = 0; i < 3; i++)
        start_call(&s->calls[i], &s->w);
    for (i = 0; i < 3; i++) {
        grpc_call_await(&s->calls[i]);
        assert_true(s->calls[i].op == NULL ||
            s->calls[i].kind != SLUICE_COMPLETED ||
            s->calls[i].bytes == 100006 + PACKED_SIZE);
        /* It is not the backend's fault. */
        assert_int_not_equal(s->calls[i].kind, SLUICE_RECEPTION_FAILURE);
    }
    assert_int_not_equal(sluice_grpc_client_state(s->w.client),
        SLUICE_GRPC_TRANSIENT_FAILURE);
    for (i = 0; i < 3; i++)
        grpc_call_fini(&s->calls[i]);
}

/* Whether memory ran short within the talk. */
static bool
talk_with_denied(struct scene *s, unsigned long n)
{
    struct sluice_grpc_client_options o = { .initial_window = 1u << 20 };
    bool was_denied;

    s->backend = bad_backend_start(SCRIPT);
    grpc_world_open(&s->w, bad_backend_port(s->backend), &o);
    s->w.client->shared->mem = &s->mem;
    memory_fail_nth(n);
    converse(s);
    was_denied = memory_suffices().refused > 0;
    grpc_world_close(&s->w);
    bad_backend_stop(&s->backend);
    return was_denied;
}

static void
each_allocation_in_turn_may_fail(void **state)
{
    struct scene *s = *state;
    unsigned long n = 1;

    while (talk_with_denied(s, n))
        n++;
    assert_true(n > 50);
}

static void
a_client_is_made_whole_or_not_at_all(void **state)
{
    struct sluice_grpc_client_options o = { .target = sluice_str("a:1") };
    struct scene *s = *state;
    struct sluice_grpc_client *client = NULL;
    enum sluice_err err = SLUICE_ENOMEM;
    unsigned long n;

    s->backend = bad_backend_start(SCRIPT);
    grpc_world_open(&s->w, bad_backend_port(s->backend), NULL);
    for (n = 1; err != SLUICE_OK; n++) {
        memory_fail_nth(n);
        err = sluice_grpc_client_new(s->w.loop, &o, &client);
        assert_true(err == SLUICE_OK || (err == SLUICE_ENOMEM && !client));
    }
    memory_suffices();
    assert_true(n > 4);
    sluice_grpc_client_close(&client, NULL, NULL);
    grpc_world_idle(&s->w);
    grpc_world_close(&s->w);
    bad_backend_stop(&s->backend);
}

static void
call_once(struct scene *s, enum sluice_grpc_coding coding, const char *text)
{
    struct grpc_call *c = &s->calls[0];

    grpc_call_init(c, &s->w);
    c->options.coding = coding;
    grpc_call_start(c, "Call", text, true);
    grpc_call_await(c);
    grpc_call_ended(c, SLUICE_COMPLETED, 0);
    grpc_call_fini(c);
}

static void
allocates_nothing(struct scene *s, enum sluice_grpc_coding coding,
    const char *script)
{
    char text[200]; /* the backend opens no window */
    int i;

    fill(text, sizeof(text));
    s->backend = bad_backend_start(script);
    grpc_world_open(&s->w, bad_backend_port(s->backend), NULL);
    for (i = 0; i < 20; i++)
        call_once(s, coding, text);
    memory_count();
    for (i = 0; i < 200; i++)
        call_once(s, coding, text);
    if (RPC_POOL_KEEPS)
        assert_int_equal(memory_so_far().calls, 0);
    grpc_world_close(&s->w);
    bad_backend_stop(&s->backend);
}

static void
a_unary_call_allocates_nothing_once_warm(void **state)
{
    allocates_nothing(*state, SLUICE_GRPC_IDENTITY,
        "wait preface; settings; ack; label; "
        "wait end; ok; message pong; status 0; again");
}

static void
a_compressed_call_allocates_nothing_either(void **state)
{
    allocates_nothing(*state, SLUICE_GRPC_GZIP,
        "wait preface; settings; ack; label; wait end; " GZIP_HEAD "; " PACKED
        "status 0; again");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_allocation_in_turn_may_fail),
        T(a_client_is_made_whole_or_not_at_all),
        T(a_unary_call_allocates_nothing_once_warm),
        T(a_compressed_call_allocates_nothing_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
