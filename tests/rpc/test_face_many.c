/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_many.c - many RPCs at once, of every cardinality and
 * fate: each is told once, and the Ends' statistics add up.
 */
#include "tests/rpc/face_fixture.h"

#define MANY 200u
#define ECHOES 25u

/* ---- A service without a memory ------------------------------------------- */

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
refuse(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
ignore(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
mirror_one(void *arg, struct sluice_bytes *request)
{
    sluice_servicer_context_consume(arg, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
mirror_end(void *arg)
{
    sluice_servicer_context_terminate(arg);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
mirror(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    (void)self;
    *requests = (struct sluice_request_consumer){ .consume = mirror_one,
        .terminate = mirror_end,
        .arg = ctx };
    return SLUICE_REPLY_OK;
}

/* ---- Many ----------------------------------------------------------------- */

struct many {
    struct fixture f;
    unsigned n_done;
    struct observer observers[MANY];
};

static int
open_over(void **state, enum join_kind over)
{
    struct many *m = calloc(1, sizeof(*m));
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    size_t i;

    assert_non_null(m);
    assert_non_null(servicer);
    add_unary(servicer, "Echo", SLUICE_UNARY_UNARY, echo, NULL);
    add_unary(servicer, "Fail", SLUICE_UNARY_UNARY, refuse, NULL);
    add_unary(servicer, "Ignore", SLUICE_UNARY_STREAM, ignore, NULL);
    add_stream(servicer, "Mirror", SLUICE_STREAM_STREAM, mirror, NULL);
    m->f.over = over;
    fixture_open(&m->f, servicer, fixture_open_loop(&m->f));
    for (i = 0; i < MANY; i++)
        observe(&m->observers[i]);
    *state = m;
    return 0;
}

static int
open_many(void **state)
{
    return open_over(state, IN_PROCESS);
}

static int
open_grpc_many(void **state)
{
    return open_over(state, OVER_TCP);
}

static int
close_many(void **state)
{
    struct many *m = *state;
    size_t i;

    for (i = 0; i < MANY; i++)
        observer_fini(&m->observers[i]);
    fixture_close(&m->f);
    free(m);
    return 0;
}

static void
count_done(struct observer *o)
{
    struct many *m = o->arg;

    m->n_done++;
}

static void
some_of_many_may_be_waited_for(void **state)
{
    struct many *m = *state;
    char text[16];
    size_t i;

    for (i = 0; i < ECHOES; i++) {
        snprintf(text, sizeof(text), "%zu", i);
        m->observers[i].on_end = count_done;
        m->observers[i].arg = m;
        call_method(&m->f, &m->observers[i], SLUICE_UNARY_UNARY, "Echo", text);
    }
    while (m->n_done < ECHOES / 2)
        (void)uv_run(&m->f.uv, UV_RUN_ONCE);
    for (i = 0; i < ECHOES / 2; i++) {
        snprintf(text, sizeof(text), "%zu", i);
        assert_completed(&m->observers[i], SLUICE_CODE_OK);
        assert_response(&m->observers[i], 0, text);
    }
    run_until_idle(&m->f);
    assert_int_equal(m->n_done, ECHOES);
}

/* The fate of the ith RPC, by i modulo 5. */
static void
begin(struct many *m, size_t i)
{
    struct sluice_call_options soon = { .timeout_ns = SHORT_TIME };
    struct observer *o = &m->observers[i];

    switch (i % 5) {
    case 0:
        call_method(&m->f, o, SLUICE_UNARY_UNARY, "Echo", "x");
        break;
    case 1:
        call_method(&m->f, o, SLUICE_STREAM_STREAM, "Mirror", NULL);
        sluice_call_consume(o->call, bytes_of("y"));
        sluice_call_consume_and_terminate(o->call, bytes_of("z"));
        break;
    case 2:
        call_method(&m->f, o, SLUICE_UNARY_UNARY, "Fail", "x");
        break;
    case 3:
        call_with(&m->f, o, SLUICE_UNARY_STREAM, "Ignore", "x", &soon);
        break;
    default:
        call_method(&m->f, o, SLUICE_STREAM_STREAM, "Mirror", NULL);
        sluice_call_consume(o->call, bytes_of("y"));
        sluice_call_cancel(o->call);
        break;
    }
}

static void
assert_fate(const struct observer *o, size_t i)
{
    switch (i % 5) {
    case 0:
    case 1:
        assert_completed(o, SLUICE_CODE_OK);
        assert_int_equal(o->n_responses, 1 + i % 5);
        break;
    case 2:
        assert_aborted(o, SLUICE_ABORTION_REMOTE_FAILURE);
        break;
    case 3:
        assert_aborted(o, SLUICE_ABORTION_EXPIRED);
        break;
    default:
        assert_aborted(o, SLUICE_ABORTION_CANCELLED);
        break;
    }
}

static void
each_of_many_meets_its_own_fate(void **state)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS];
    struct many *m = *state;
    size_t i;

    for (i = 0; i < MANY; i++)
        begin(m, i);
    run_until_idle(&m->f);
    for (i = 0; i < MANY; i++)
        assert_fate(&m->observers[i], i);
    sluice_end_operation_stats(m->f.invoker, stats);
    assert_int_equal(stats[SLUICE_COMPLETED], MANY / 5 * 2);
    assert_int_equal(stats[SLUICE_REMOTE_FAILURE], MANY / 5);
    assert_int_equal(stats[SLUICE_EXPIRED], MANY / 5);
    assert_int_equal(stats[SLUICE_CANCELLED], MANY / 5);
}

static void
a_stop_ends_them_all(void **state)
{
    struct many *m = *state;
    size_t i;

    for (i = 0; i < MANY; i++)
        call_method(&m->f, &m->observers[i], SLUICE_UNARY_STREAM, "Ignore",
            "x");
    (void)uv_run(&m->f.uv, UV_RUN_NOWAIT);
    assert_int_equal(sluice_end_stop(m->f.invoker, 0, NULL, NULL), SLUICE_OK);
    run_until_idle(&m->f);
    for (i = 0; i < MANY; i++)
        assert_aborted(&m->observers[i], SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

#define MANY_TEST(t)                                           \
    cmocka_unit_test_setup_teardown(t, open_many, close_many), \
    {                                                          \
#t " (gRPC)", t, open_grpc_many, close_many, NULL      \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        MANY_TEST(some_of_many_may_be_waited_for),
        MANY_TEST(each_of_many_meets_its_own_fate),
        MANY_TEST(a_stop_ends_them_all),
    };

    return cmocka_run_group_tests_name("face, many", tests, NULL, NULL);
}
