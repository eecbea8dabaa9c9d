/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_inline.c - methods that run on a thread of their own:
 * what they are given, and how they answer or fail.
 *
 * What a method finds it notes, and the test asserts it when the RPC has ended.
 */
#include "tests/rpc/face_threads.h"

#define MANY 200u

/* ---- Well-behaved methods -------------------------------------------------- */

static enum sluice_reply
count(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)ctx;
    sluice_bytes_unref(&request);
    *responses = count_up(self);
    return SLUICE_REPLY_OK;
}

/* Answers how many requests came. */
static enum sluice_reply
number_of_requests(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct sluice_bytes *request;
    enum sluice_err err;
    unsigned n;

    (void)self;
    for (n = 0; (err = sluice_rendezvous_next(ctx, &request)) == SLUICE_OK; n++)
        sluice_bytes_unref(&request);
    if (err != SLUICE_EEND)
        return SLUICE_REPLY_ABANDONED;
    *response = bytes_of_number(n);
    return SLUICE_REPLY_OK;
}

static void
an_inline_method_answers_a_unary_call(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = echo;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "ping", NULL);
    assert_result(r, "ping");
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_streams_its_responses(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.us = count;
    t->n_to_produce = MANY;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    assert_int_equal(draw_all(r, &end), MANY);
    assert_int_equal(end, SLUICE_EEND);
    assert_int_equal(sluice_rendezvous_next(r, &(struct sluice_bytes *){ 0 }),
        SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_draws_its_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.su = number_of_requests;
    r = start_call(t, SLUICE_STREAM_UNARY, "SU", NULL, NULL);
    send_requests(r, MANY);
    assert_result(r, "200");
    sluice_rendezvous_unref(&r);
}

static void
a_stream_of_requests_may_be_empty(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.su = number_of_requests;
    r = start_call(t, SLUICE_STREAM_UNARY, "SU", NULL, NULL);
    send_requests(r, 0);
    assert_result(r, "0");
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_answers_request_by_request(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;
    char text[16];
    unsigned i;

    t->does.ss = mirror;
    r = start_call(t, SLUICE_STREAM_STREAM, "SS", NULL, NULL);
    for (i = 0; i < MANY; i++) {
        assert_int_equal(sluice_rendezvous_consume(r, bytes_of_number(i)),
            SLUICE_OK);
        snprintf(text, sizeof(text), "%u", i);
        assert_next(r, text);
    }
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    assert_int_equal(draw_all(r, &end), 0);
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static void
no_iterator_means_no_responses(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.us = count;
    t->n_to_produce = 0;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    assert_int_equal(draw_all(r, &end), 0);
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static enum sluice_reply
give_nothing(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self, (void)ctx, (void)responses;
    return SLUICE_REPLY_OK;
}

static void
a_method_without_an_iterator_completes(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.ss = give_nothing;
    r = start_call(t, SLUICE_STREAM_STREAM, "SS", NULL, NULL);
    assert_int_equal(draw_all(r, &end), 0);
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

/* ---- What a method is not open for ---------------------------------------- */

static enum sluice_reply
try_what_is_not_there(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct sluice_metadata *md;
    struct sluice_bytes *value;
    struct sluice_str text;
    int32_t code;
    bool has_code;
    unsigned n = 0;

    (void)self;
    n += sluice_rendezvous_next(ctx, &value) == SLUICE_ESTATE;
    n += sluice_rendezvous_consume(ctx, bytes_of("x")) == SLUICE_ESTATE;
    n += sluice_rendezvous_consume_and_terminate(ctx, bytes_of("x")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_terminate(ctx) == SLUICE_ESTATE;
    n += sluice_rendezvous_initial_metadata(ctx, &md) == SLUICE_ESTATE;
    n += sluice_rendezvous_terminal_metadata(ctx, &md) == SLUICE_ESTATE;
    n += sluice_rendezvous_code(ctx, &has_code, &code) == SLUICE_ESTATE;
    n += sluice_rendezvous_details(ctx, &text) == SLUICE_ESTATE;
    n += sluice_rendezvous_result(ctx, 0, &value) == SLUICE_ESTATE;
    sluice_bytes_unref(&request);
    *response = bytes_of_number(n);
    return SLUICE_REPLY_OK;
}

static void
a_unary_method_has_no_requests_to_draw_and_answers_by_returning(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = try_what_is_not_there;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_result(r, "9");
    sluice_rendezvous_unref(&r);
}

/* ---- Methods that fail ----------------------------------------------------- */

static enum sluice_reply
reply_as_asked(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;
    const enum sluice_reply *reply = t->arg;

    (void)ctx;
    *response = request; /* all the same */
    return *reply;
}

static void
a_method_that_does_not_say_ok_is_a_remote_failure(void **state)
{
    static const enum sluice_reply replies[] = { SLUICE_REPLY_FAILED,
        SLUICE_REPLY_ABANDONED, SLUICE_REPLY_NO_SUCH_METHOD };
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    size_t i;

    t->does.uu = reply_as_asked;
    for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        t->arg = (void *)(uintptr_t)&replies[i];
        r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
        assert_false(
            assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE)->has_code);
        sluice_rendezvous_unref(&r);
    }
}

static enum sluice_reply
fail_with_responses(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_iterator *responses)
{
    (void)ctx;
    sluice_bytes_unref(&request);
    *responses = count_up(self);
    return SLUICE_REPLY_FAILED;
}

static void
the_responses_of_a_method_that_fails_are_closed_and_not_drawn(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.us = fail_with_responses;
    t->n_to_produce = 3;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "x", NULL);
    assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
    sluice_rendezvous_unref(&r);
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_int_equal(atomic_load(&t->n_produced), 0);
    assert_int_equal(atomic_load(&t->n_closed), 1);
}

static void
responses_that_fail_midway_are_delivered_before_the_failure(void **state)
{
    static const enum sluice_err errors[] = { SLUICE_EINVAL, SLUICE_EABORTED,
        SLUICE_OK /* without a value */ };
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;
    size_t i;

    t->does.us = count;
    t->n_to_produce = 3;
    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        atomic_store(&t->n_produced, 0);
        t->then = errors[i];
        r = start_call(t, SLUICE_UNARY_STREAM, "US", "x", NULL);
        assert_int_equal(draw_all(r, &end), 3);
        assert_int_equal(end, SLUICE_EABORTED);
        assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
        sluice_rendezvous_unref(&r);
    }
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_int_equal(atomic_load(&t->n_closed), 3);
}

/* Sets the code in t->arg, and gives no response. */
static enum sluice_reply
say_a_code(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;
    const int32_t *code = t->arg;

    (void)response;
    sluice_bytes_unref(&request);
    if (code != NULL && sluice_rendezvous_set_code(ctx, *code) != SLUICE_OK)
        return SLUICE_REPLY_FAILED;
    return SLUICE_REPLY_OK;
}

static void
a_code_of_failure_needs_no_response(void **state)
{
    struct threads *t = *state;
    const struct sluice_abortion *abortion;
    struct sluice_rendezvous *r;
    int32_t code = SLUICE_CODE_NOT_FOUND;

    t->does.uu = say_a_code;
    t->arg = &code;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    abortion = assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(abortion->outcome, SLUICE_COMPLETED);
    assert_int_equal(abortion->code, SLUICE_CODE_NOT_FOUND);
    sluice_rendezvous_unref(&r);
}

static void
a_missing_response_without_a_code_of_failure_is_a_failure(void **state)
{
    struct threads *t = *state;
    const struct sluice_abortion *abortion;
    struct sluice_rendezvous *r;
    int32_t zero = 0;
    int i;

    t->does.uu = say_a_code;
    for (i = 0; i < 2; i++) {
        t->arg = i == 0 ? NULL : &zero;
        r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
        abortion = assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
        assert_int_equal(abortion->outcome, SLUICE_REMOTE_FAILURE);
        assert_false(abortion->has_code);
        sluice_rendezvous_unref(&r);
    }
}

static void
a_unary_method_without_its_request_is_a_remote_failure(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = echo;
    r = start_call(t, SLUICE_STREAM_UNARY, "UU", NULL, NULL);
    send_requests(r, 0);
    assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(atomic_load(&t->n_calls), 0);
    sluice_rendezvous_unref(&r);
}

static void
a_unary_method_is_called_once_with_the_first_of_two_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_iterator requests = count_up(t);
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_rendezvous *r;

    t->does.uu = wait_and_echo;
    t->n_to_produce = 2;
    assert_int_equal(sluice_stub_future_stream_unary(t->stub,
                         sluice_str("Group"), sluice_str("UU"), &requests,
                         &options, &r),
        SLUICE_OK);
    uv_sem_wait(&t->entered);
    uv_sem_post(&t->proceed);
    assert_result(r, "0");
    assert_int_equal(atomic_load(&t->n_calls), 1);
    sluice_rendezvous_unref(&r);
}

/* ---- Flow ------------------------------------------------------------------ */

static void
a_reader_that_stops_after_three_has_four_responses_produced(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    int i;

    t->does.us = count;
    t->n_to_produce = 1000;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    assert_next(r, "0");
    assert_next(r, "1");
    assert_next(r, "2");
    for (i = 0; i < 4; i++) /* three drawn, and one that waits to be */
        uv_sem_wait(&t->entered);
    sluice_rendezvous_cancel(r);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    sluice_rendezvous_unref(&r);
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_int_equal(atomic_load(&t->n_produced), 4);
    assert_int_equal(atomic_load(&t->n_closed), 1);
}

static void
a_method_runs_although_nobody_draws(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.us = count;
    t->n_to_produce = 1000;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    uv_sem_wait(&t->entered);
    sluice_rendezvous_cancel(r);
    sluice_rendezvous_unref(&r);
}

/* ---- Threads --------------------------------------------------------------- */

/* The service has let go of an RPC that was cancelled. */
static void
await_cancellation(struct threads *t)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    do
        end_stats(t, t->service, stats);
    while (stats[SLUICE_CANCELLED] == 0);
}

static void
an_rpc_that_ends_before_its_turn_calls_no_method(void **state)
{
    struct threads t = { .n_to_produce = 0 };
    struct sluice_rendezvous *first, *second, *third;

    (void)state;
    threads_open(&t, 1);
    t.does.uu = wait_and_echo;
    first = start_call(&t, SLUICE_UNARY_UNARY, "UU", "first", NULL);
    uv_sem_wait(&t.entered); /* the only thread */
    second = start_call(&t, SLUICE_UNARY_UNARY, "UU", "second", NULL);
    sluice_rendezvous_cancel(second);
    await_cancellation(&t);
    third = start_call(&t, SLUICE_UNARY_UNARY, "UU", "third", NULL);
    uv_sem_post(&t.proceed);
    uv_sem_post(&t.proceed);
    assert_result(first, "first");
    assert_result(third, "third");
    assert_int_equal(atomic_load(&t.n_calls), 2);
    sluice_rendezvous_unref(&first);
    sluice_rendezvous_unref(&second);
    sluice_rendezvous_unref(&third);
    threads_close(&t);
}

static void
an_inline_method_needs_a_thread_pool(void **state)
{
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    struct sluice_method_implementation made =
        sluice_unary_unary_inline(echo, NULL);
    struct threads *t = *state;

    assert_int_equal(sluice_face_servicer_add(servicer, sluice_str("Group"),
                         sluice_str("UU"), &made),
        SLUICE_EINVAL);
    sluice_face_servicer_set_thread_pool(servicer, t->service_pool);
    assert_int_equal(sluice_face_servicer_add(servicer, sluice_str("Group"),
                         sluice_str("UU"), &made),
        SLUICE_OK);
    assert_int_equal(sluice_face_servicer_add(servicer, sluice_str("Group"),
                         sluice_str("UU"), &made),
        SLUICE_EINVAL);
    sluice_face_servicer_free(&servicer);
}

static void
a_dynamic_stub_calls_blocking_with_an_iterator(void **state)
{
    static const struct sluice_dynamic_method methods[] = {
        { { "SU", 2 }, SLUICE_STREAM_UNARY },
    };
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_multi_callable *callable;
    struct sluice_dynamic_stub *stub;
    struct sluice_bytes *response;
    struct threads *t = *state;
    struct sluice_iterator requests = count_up(t);

    t->does.su = number_of_requests;
    t->n_to_produce = 20;
    assert_int_equal(sluice_dynamic_stub_new(t->invoker, sluice_str("Group"),
                         methods, 1, &stub),
        SLUICE_OK);
    sluice_dynamic_stub_set_thread_pool(stub, t->caller_pool);
    assert_int_equal(sluice_dynamic_stub_find(stub, sluice_str("SU"),
                         &callable),
        SLUICE_OK);
    assert_int_equal(sluice_multi_callable_blocking(callable, NULL, &requests,
                         &options, &response, NULL),
        SLUICE_OK);
    assert_int_equal(sluice_bytes_size(response), 2);
    assert_memory_equal(sluice_bytes_data(response), "20", 2);
    sluice_bytes_unref(&response);
    sluice_dynamic_stub_free(&stub);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREADS_TEST(an_inline_method_answers_a_unary_call),
        THREADS_TEST(an_inline_method_streams_its_responses),
        THREADS_TEST(an_inline_method_draws_its_requests),
        THREADS_TEST(a_stream_of_requests_may_be_empty),
        THREADS_TEST(an_inline_method_answers_request_by_request),
        THREADS_TEST(no_iterator_means_no_responses),
        THREADS_TEST(a_method_without_an_iterator_completes),
        THREADS_TEST(
            a_unary_method_has_no_requests_to_draw_and_answers_by_returning),
        THREADS_TEST(a_method_that_does_not_say_ok_is_a_remote_failure),
        THREADS_TEST(
            the_responses_of_a_method_that_fails_are_closed_and_not_drawn),
        THREADS_TEST(
            responses_that_fail_midway_are_delivered_before_the_failure),
        THREADS_TEST(a_code_of_failure_needs_no_response),
        THREADS_TEST(a_missing_response_without_a_code_of_failure_is_a_failure),
        THREADS_TEST(a_unary_method_without_its_request_is_a_remote_failure),
        THREADS_TEST(
            a_unary_method_is_called_once_with_the_first_of_two_requests),
        THREADS_TEST(
            a_reader_that_stops_after_three_has_four_responses_produced),
        THREADS_TEST(a_method_runs_although_nobody_draws),
        cmocka_unit_test(an_rpc_that_ends_before_its_turn_calls_no_method),
        THREADS_TEST(an_inline_method_needs_a_thread_pool),
        THREADS_TEST(a_dynamic_stub_calls_blocking_with_an_iterator),
    };

    return cmocka_run_group_tests_name("face, inline methods", tests, NULL,
        NULL);
}
