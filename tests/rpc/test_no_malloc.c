/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_no_malloc.c - once warm, a unary call takes nothing from the
 * heap: not its stub, not the link, not the service, and not nghttp2 on either
 * side. malloc and its like are replaced for the whole process, as glibc
 * provides for, so that libraries are counted too.
 */
#include "config.h"

#include <sluice/grpc.h>
#include <sluice/grpc_server.h>

#include "tests/rpc/face_fixture.h"

#include <stdio.h>

#define IN_FLIGHT 20u
#define WARM_UP 500u
#define CALLS 1000u
#define MESSAGE_BYTES 100u

static unsigned long allocations;

/* A sanitizer has its own malloc: the calls are made all the same. */
#ifndef SLUICE_SANITIZED
/* Libraries are to find these before libc's. */
#define EXPORTED __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

EXPORTED void *
malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

EXPORTED void *
calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

EXPORTED void *
realloc(void *p, size_t size)
{
    allocations++;
    return __libc_realloc(p, size);
}
#endif

/* ---- Both sides, on one loop ---------------------------------------------- */

struct scene {
    struct fixture f;
    bool has_metadata; /* both ways, at both ends */
    struct sluice_stub *stub;
    struct sluice_call *calls[IN_FLIGHT];
    unsigned started;
    unsigned completed;

    /* With a socket in between: */
    struct sluice_grpc_server *server;
    struct sluice_grpc_client *client;
    struct sluice_end *end;
    unsigned is_done; /* what was asked to stop or close last */
};

static void
note(void *arg)
{
    struct scene *s = arg;

    s->is_done = 1;
}

static struct sluice_metadata *
some_metadata(struct scene *s)
{
    struct sluice_metadata *md = sluice_metadata_new(s->f.pool);

    assert_non_null(md);
    assert_int_equal(sluice_metadata_add(md, sluice_str("name"),
                         sluice_str("value")),
        SLUICE_OK);
    assert_int_equal(sluice_metadata_add(md, sluice_str("name-bin"),
                         sluice_str("\1\2\3")),
        SLUICE_OK);
    return md;
}

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct scene *s = self;

    if (s->has_metadata) {
        assert_int_equal(sluice_servicer_context_set_initial_metadata(ctx,
                             some_metadata(s)),
            SLUICE_OK);
        assert_int_equal(sluice_servicer_context_set_terminal_metadata(ctx,
                             some_metadata(s)),
            SLUICE_OK);
    }
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();

    add_unary(servicer, "Echo", SLUICE_UNARY_UNARY, echo, s);
    fixture_open(&s->f, servicer, fixture_open_loop(&s->f));
    s->stub = s->f.stub;
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    fixture_close(&s->f);
    test_free(s);
    return 0;
}

static int
setup_linked(void **state)
{
    struct sluice_grpc_client_options options = { .max_waiting = 0 };
    struct scene *s;
    char target[64];

    setup(state);
    s = *state;
    assert_int_equal(sluice_grpc_server_new(s->f.loop, s->f.service, NULL,
                         &s->server),
        SLUICE_OK);
    assert_int_equal(sluice_grpc_server_listen(s->server,
                         sluice_str("127.0.0.1:0"), NULL),
        SLUICE_OK);
    snprintf(target, sizeof(target), "ipv4:127.0.0.1:%u",
        sluice_grpc_server_port(s->server, 0));
    options.target = sluice_str(target);
    assert_int_equal(sluice_grpc_client_new(s->f.loop, &options, &s->client),
        SLUICE_OK);
    s->end = sluice_end_new(s->f.loop, NULL);
    sluice_end_join(s->end, sluice_grpc_client_link(s->client));
    assert_int_equal(sluice_end_start(s->end), SLUICE_OK);
    s->stub = sluice_stub_new(s->end);
    return 0;
}

static void
wait_until_done(struct scene *s)
{
    run_until(&s->f, &s->is_done);
    s->is_done = 0;
}

static int
teardown_linked(void **state)
{
    struct scene *s = *state;

    assert_int_equal(sluice_end_stop(s->end, 0, note, s), SLUICE_OK);
    wait_until_done(s);
    sluice_stub_free(&s->stub);
    sluice_end_free(&s->end);
    sluice_grpc_client_close(&s->client, note, s);
    wait_until_done(s);
    assert_int_equal(sluice_end_stop(s->f.service, 0, note, s), SLUICE_OK);
    wait_until_done(s);
    sluice_grpc_server_close(&s->server, note, s);
    wait_until_done(s);
    return teardown(state);
}

/* ---- Calls ---------------------------------------------------------------- */

static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    (void)arg;
    sluice_metadata_unref(&metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    (void)arg;
    assert_int_equal(sluice_bytes_size(response), MESSAGE_BYTES);
    sluice_bytes_unref(&response);
    return SLUICE_REPLY_OK;
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct sluice_metadata *metadata = completion->terminal_metadata;
    struct scene *s = arg;

    sluice_metadata_unref(&metadata);
    s->completed++;
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    (void)arg;
    fail_msg("aborted: %s", sluice_abortion_kind_name(abortion->kind));
}

static void
start_call(struct scene *s, struct sluice_call **call)
{
    static const uint8_t message[MESSAGE_BYTES] = { 1, 2, 3 };
    struct sluice_receiver receiver = {
        .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .arg = s,
    };
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_bytes *request;

    if (s->has_metadata)
        options.metadata = some_metadata(s);
    request = sluice_bytes_copy(s->f.pool, message, sizeof(message));
    assert_int_equal(sluice_stub_event_unary_unary(s->stub,
                         sluice_str(s->f.group), sluice_str("Echo"), request,
                         &receiver, &options, call),
        SLUICE_OK);
    s->started++;
}

/* So many more calls, some at a time. */
static void
call(struct scene *s, unsigned n)
{
    unsigned end = s->started + n;
    unsigned i;

    while (s->started < end) {
        for (i = 0; i < IN_FLIGHT; i++)
            start_call(s, &s->calls[i]);
        while (s->completed < s->started)
            (void)uv_run(&s->f.uv, UV_RUN_ONCE);
        for (i = 0; i < IN_FLIGHT; i++)
            sluice_call_unref(&s->calls[i]);
    }
}

/* ---- The tests ------------------------------------------------------------ */

static void
calls_take_nothing(struct scene *s)
{
    unsigned long before = allocations;

    call(s, WARM_UP);
#ifndef SLUICE_SANITIZED
    assert_true(allocations > before); /* they are counted */
#endif
    before = allocations;
    call(s, CALLS);
    assert_int_equal(allocations - before, 0);
}

static void
unary_calls_in_process_take_nothing_from_the_heap(void **state)
{
    calls_take_nothing(*state);
}

static void
unary_calls_over_grpc_take_nothing_from_the_heap(void **state)
{
    calls_take_nothing(*state);
}

static void
nor_do_they_with_metadata_in_process(void **state)
{
    struct scene *s = *state;

    s->has_metadata = true;
    calls_take_nothing(s);
}

static void
nor_do_they_with_metadata_over_grpc(void **state)
{
    struct scene *s = *state;

    s->has_metadata = true;
    calls_take_nothing(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            unary_calls_in_process_take_nothing_from_the_heap, setup, teardown),
        cmocka_unit_test_setup_teardown(
            unary_calls_over_grpc_take_nothing_from_the_heap, setup_linked,
            teardown_linked),
        cmocka_unit_test_setup_teardown(nor_do_they_with_metadata_in_process,
            setup, teardown),
        cmocka_unit_test_setup_teardown(nor_do_they_with_metadata_over_grpc,
            setup_linked, teardown_linked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
