/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_inline_memory.c - inline methods when memory is short. On
 * the loop's thread runs nothing but the framework; there one allocation after
 * the other fails.
 */
#include "tests/memory.h"
#include "tests/rpc/face_threads.h"

/* ---- A method that does everything ----------------------------------------- */

/* What cannot be set is not, when the RPC has ended already. */
static void
say(struct sluice_rendezvous *ctx)
{
    enum sluice_err err;

    err = sluice_rendezvous_set_initial_metadata(ctx, metadata_of("i", "1"));
    assert(err == SLUICE_OK || err == SLUICE_ESTATE);
    err = sluice_rendezvous_set_details(ctx, sluice_str("fine"));
    assert(err == SLUICE_OK || err == SLUICE_ESTATE);
}

static enum sluice_reply
answer_unary(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    (void)self;
    say(ctx);
    *response = request;
    return SLUICE_REPLY_OK;
}

static enum sluice_err
draw(void *arg, struct sluice_bytes **value)
{
    return sluice_rendezvous_next(arg, value);
}

static enum sluice_reply
answer_each(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self;
    say(ctx);
    responses->next = draw;
    responses->arg = ctx;
    return SLUICE_REPLY_OK;
}

static void
take_aim(void *arg)
{
    (void)arg;
    memory_only_this_thread();
}

/* ---- Shortage -------------------------------------------------------------- */

/* However it goes, it ends, and a stream of responses with what it brought. */
static bool
call_unary(struct threads *t, unsigned long nth)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct sluice_bytes *request = bytes_of("x"), *response = NULL;
    enum sluice_err err;

    memory_fail_nth(nth);
    err = sluice_stub_blocking_unary_unary(t->stub, sluice_str("Group"),
        sluice_str("UU"), request, &options, &response, NULL);
    assert_true(
        err == SLUICE_OK || err == SLUICE_EABORTED || err == SLUICE_ENOMEM);
    assert_int_equal(response != NULL, err == SLUICE_OK);
    sluice_bytes_unref(&response);
    return memory_suffices().refused > 0;
}

static bool
call_stream(struct threads *t, unsigned long nth)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct sluice_rendezvous *r = NULL;
    enum sluice_err err, end = SLUICE_EEND;

    memory_fail_nth(nth);
    err = sluice_stub_inline_stream_stream(t->stub, sluice_str("Group"),
        sluice_str("SS"), NULL, &options, &r);
    assert_true(err == SLUICE_OK || err == SLUICE_ENOMEM);
    if (err == SLUICE_OK) {
        assert_int_equal(sluice_rendezvous_consume_and_terminate(r,
                             bytes_of_number(0)),
            SLUICE_OK);
        assert_true(draw_all(r, &end) <= 1);
    }
    assert_true(end == SLUICE_EEND || end == SLUICE_EABORTED);
    sluice_rendezvous_unref(&r);
    return memory_suffices().refused > 0;
}

static void
an_inline_rpc_survives_the_failure_of_any_allocation(void **state)
{
    struct threads *t = *state;
    unsigned long nth;

    t->does.uu = answer_unary;
    t->does.ss = answer_each;
    assert_int_equal(sluice_loop_call(t->loop, take_aim, NULL), SLUICE_OK);
    for (nth = 1; call_unary(t, nth); nth++)
        continue;
    assert_true(nth > 1);
    for (nth = 1; call_stream(t, nth); nth++)
        continue;
    assert_true(nth > 1);
}

/* ---- What is made by the test's own thread ---------------------------------- */

static void
a_method_that_cannot_be_added_leaves_nothing_behind(void **state)
{
    struct sluice_method_implementation made =
        sluice_unary_unary_inline(answer_unary, NULL);
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    struct threads *t = *state;
    enum sluice_err err;
    unsigned long nth;

    sluice_face_servicer_set_thread_pool(servicer, t->service_pool);
    memory_only_this_thread();
    for (nth = 1;; nth++) {
        memory_fail_nth(nth);
        err = sluice_face_servicer_add(servicer, sluice_str("Group"),
            sluice_str("UU"), &made);
        if (memory_suffices().refused == 0)
            break;
        assert_int_equal(err, SLUICE_ENOMEM);
    }
    assert_int_equal(err, SLUICE_OK);
    assert_true(nth > 2); /* its names, and what it runs on */
    sluice_face_servicer_free(&servicer);
}

static void
a_dynamic_stub_that_cannot_be_made_is_null(void **state)
{
    static const struct sluice_dynamic_method methods[] = {
        { { "UU", 2 }, SLUICE_UNARY_UNARY },
        { { "SS", 2 }, SLUICE_STREAM_STREAM },
    };
    struct threads *t = *state;
    struct sluice_dynamic_stub *stub;
    enum sluice_err err;
    unsigned long nth;

    memory_only_this_thread();
    for (nth = 1;; nth++) {
        memory_fail_nth(nth);
        err = sluice_dynamic_stub_new(t->invoker, sluice_str("Group"), methods,
            2, &stub);
        if (memory_suffices().refused == 0)
            break;
        assert_int_equal(err, SLUICE_ENOMEM);
        assert_null(stub);
    }
    assert_int_equal(err, SLUICE_OK);
    assert_int_equal(nth, 4);
    sluice_dynamic_stub_free(&stub);
}

static enum sluice_reply
keep(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct threads *t = self;
    struct sluice_rendezvous *r;
    enum sluice_err *err = t->arg;

    sluice_bytes_unref(&request);
    memory_only_this_thread();
    memory_fail_nth(1);
    err[0] = sluice_servicer_context_rendezvous(ctx, &r);
    assert(r == NULL);
    err[1] = sluice_servicer_context_rendezvous(ctx, &r);
    if (err[1] != SLUICE_OK)
        return SLUICE_REPLY_FAILED;
    memory_fail_nth(1);
    err[2] = sluice_rendezvous_set_details(r, sluice_str("fine"));
    err[3] = sluice_rendezvous_set_details(r, sluice_str("fine"));
    err[4] = sluice_rendezvous_consume_and_terminate(r, bytes_of("y"));
    sluice_rendezvous_unref(&r);
    return SLUICE_REPLY_OK;
}

static void
what_there_is_no_memory_for_may_be_tried_again(void **state)
{
    enum sluice_err err[5] = { SLUICE_OK };
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.event = keep;
    t->arg = err;
    r = start_call(t, SLUICE_UNARY_UNARY, "Event", "x", NULL);
    assert_result(r, "y");
    assert_int_equal(err[0], SLUICE_ENOMEM);
    assert_int_equal(err[1], SLUICE_OK);
    assert_int_equal(err[2], SLUICE_ENOMEM);
    assert_int_equal(err[3], SLUICE_OK);
    assert_int_equal(err[4], SLUICE_OK);
    sluice_rendezvous_unref(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREADS_TEST(an_inline_rpc_survives_the_failure_of_any_allocation),
        THREADS_TEST(a_method_that_cannot_be_added_leaves_nothing_behind),
        THREADS_TEST(a_dynamic_stub_that_cannot_be_made_is_null),
        THREADS_TEST(what_there_is_no_memory_for_may_be_tried_again),
    };

    return cmocka_run_group_tests_name("face, memory of inline methods", tests,
        NULL, NULL);
}
