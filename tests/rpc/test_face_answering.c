/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_answering.c - event style methods whose answers come from
 * other threads, through the rendezvous of their context.
 *
 * The method keeps the rendezvous and says so; the test's own thread answers.
 */
#include "tests/rpc/face_threads.h"

struct kept {
    struct sluice_rendezvous *r;
    struct sluice_servicer_context *ctx;
    unsigned n_requests; /* given to the consumer; loop thread */
    uv_sem_t is_requested;
    uv_sem_t is_over; /* on_termination */
};

static int
open_kept(void **state)
{
    struct kept *k = calloc(1, sizeof(*k));
    struct threads *t;

    assert_non_null(k);
    open_threads(state);
    t = *state;
    t->arg = k;
    assert_int_equal(uv_sem_init(&k->is_requested, 0), 0);
    assert_int_equal(uv_sem_init(&k->is_over, 0), 0);
    return 0;
}

static void
let_go(void *arg)
{
    struct kept *k = arg;

    sluice_servicer_context_unref(&k->ctx);
}

static int
close_kept(void **state)
{
    struct threads *t = *state;
    struct kept *k = t->arg;

    sluice_rendezvous_unref(&k->r);
    assert_int_equal(sluice_loop_call(t->loop, let_go, k), SLUICE_OK);
    close_threads(state);
    uv_sem_destroy(&k->is_requested);
    uv_sem_destroy(&k->is_over);
    free(k);
    return 0;
}

static void
on_termination(void *arg)
{
    struct kept *k = arg;

    uv_sem_post(&k->is_over);
}

static bool
keep(struct threads *t, struct sluice_servicer_context *ctx)
{
    struct kept *k = t->arg;

    if (sluice_servicer_context_rendezvous(ctx, &k->r) != SLUICE_OK)
        return false;
    k->ctx = sluice_servicer_context_ref(ctx);
    sluice_servicer_context_on_termination(ctx, on_termination, k);
    uv_sem_post(&t->entered);
    return true;
}

static enum sluice_reply
keep_it(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    sluice_bytes_unref(&request);
    return keep(self, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static enum sluice_reply
keep_request(void *arg, struct sluice_bytes *request)
{
    struct kept *k = arg;

    sluice_bytes_unref(&request);
    k->n_requests++;
    uv_sem_post(&k->is_requested);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
keep_end(void *arg)
{
    struct kept *k = arg;

    uv_sem_post(&k->is_requested);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
keep_stream(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct threads *t = self;

    *requests = (struct sluice_request_consumer){ keep_request, keep_end,
        t->arg, false };
    return keep(t, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

/* An RPC that waits for its answer; returns the caller's side. */
static struct sluice_rendezvous *
begin(struct threads *t, const char *method)
{
    struct sluice_rendezvous *r;

    t->does.event = keep_it;
    t->does.stream = keep_stream;
    if (strcmp(method, "StreamEvent") == 0)
        r = start_call(t, SLUICE_STREAM_STREAM, method, NULL, NULL);
    else if (strcmp(method, "EventStream") == 0)
        r = start_call(t, SLUICE_UNARY_STREAM, method, "x", NULL);
    else
        r = start_call(t, SLUICE_UNARY_UNARY, method, "x", NULL);
    uv_sem_wait(&t->entered);
    return r;
}

static struct sluice_rendezvous *
service_side(const struct threads *t)
{
    return ((struct kept *)t->arg)->r;
}

/* ---- Answers --------------------------------------------------------------- */

static void
another_thread_answers_a_unary_call(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "Event");

    assert_int_equal(sluice_rendezvous_consume_and_terminate(service_side(t),
                         bytes_of("later")),
        SLUICE_OK);
    assert_result(r, "later");
    sluice_rendezvous_unref(&r);
}

static void
what_another_thread_sets_goes_along(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "Event"), *s = service_side(t);
    struct sluice_metadata *md;

    assert_int_equal(sluice_rendezvous_set_initial_metadata(s,
                         metadata_of("i", "1")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
    assert_true(metadata_has(md, "i", "1"));
    assert_int_equal(sluice_rendezvous_set_terminal_metadata(s,
                         metadata_of("t", "2")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_set_code(s, SLUICE_CODE_ABORTED),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_set_details(s, sluice_str("why")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(s), SLUICE_OK);
    assert_int_equal(assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE)->code,
        SLUICE_CODE_ABORTED);
    assert_int_equal(sluice_rendezvous_terminal_metadata(r, &md), SLUICE_OK);
    assert_true(metadata_has(md, "t", "2"));
    sluice_rendezvous_unref(&r);
}

static void
after_the_completion_nothing_can_be_set(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "StreamEvent");
    struct sluice_rendezvous *s = service_side(t);

    assert_int_equal(sluice_rendezvous_terminate(s), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_set_initial_metadata(s,
                         metadata_of("i", "1")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_terminal_metadata(s,
                         metadata_of("t", "1")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_code(s, 0), SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_details(s, sluice_str("")),
        SLUICE_ESTATE);
    sluice_rendezvous_unref(&r);
}

/* On the loop's thread, where nothing has happened since. */
static void
answer_twice(void *arg)
{
    struct kept *k = arg;
    enum sluice_err err;

    err = sluice_rendezvous_consume_and_terminate(k->r, bytes_of("one"));
    assert(err == SLUICE_OK);
    err = sluice_rendezvous_consume_and_terminate(k->r, bytes_of("two"));
    assert(err == SLUICE_OK);
    err = sluice_rendezvous_terminate(k->r);
    assert(err == SLUICE_OK);
}

static void
answering_twice_leaves_the_caller_its_answer(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "Event");

    assert_int_equal(sluice_loop_call(t->loop, answer_twice, t->arg),
        SLUICE_OK);
    assert_result(r, "one");
    sluice_rendezvous_unref(&r);
}

static void
answering_after_the_end_is_harmless(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "Event"), *s = service_side(t);
    struct kept *k = t->arg;

    sluice_rendezvous_cancel(r);
    uv_sem_wait(&k->is_over);
    assert_false(sluice_rendezvous_is_active(s));
    assert_int_equal(sluice_rendezvous_consume(s, bytes_of("late")), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_consume_and_terminate(s,
                         bytes_of("late")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(s), SLUICE_OK);
    assert_int_equal(assert_abortion(r, SLUICE_ABORTION_CANCELLED)->outcome,
        SLUICE_CANCELLED);
    assert_int_equal(sluice_rendezvous_abortion(s)->kind,
        SLUICE_ABORTION_CANCELLED);
    sluice_rendezvous_unref(&r);
}

static void
a_call_that_is_never_answered_expires(void **state)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct threads *t = *state;
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;

    t->does.event = keep_it;
    assert_int_equal(sluice_stub_blocking_unary_unary(t->stub,
                         sluice_str("Group"), sluice_str("Event"),
                         bytes_of("x"), &options, &response, &r),
        SLUICE_EABORTED);
    assert_abortion(r, SLUICE_ABORTION_EXPIRED);
    sluice_rendezvous_unref(&r);
}

static void
another_thread_may_cancel(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "EventStream");
    struct sluice_bytes *value;

    sluice_rendezvous_cancel(service_side(t));
    assert_int_equal(sluice_rendezvous_next(r, &value), SLUICE_EABORTED);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    assert_false(sluice_rendezvous_cancelled(r));
    sluice_rendezvous_unref(&r);
}

/* ---- Streams --------------------------------------------------------------- */

static void
produce_200(void *arg)
{
    struct sluice_rendezvous *s = arg;
    enum sluice_err err;
    unsigned i;

    for (i = 0; i < 200; i++) {
        err = sluice_rendezvous_consume(s, bytes_of_number(i));
        assert(err == SLUICE_OK);
    }
    err = sluice_rendezvous_terminate(s);
    assert(err == SLUICE_OK);
}

static void
another_thread_streams_responses_as_they_are_drawn(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "EventStream");
    uv_thread_t producer;
    enum sluice_err end;

    assert_int_equal(uv_thread_create(&producer, produce_200, service_side(t)),
        0);
    assert_int_equal(draw_all(r, &end), 200);
    assert_int_equal(end, SLUICE_EEND);
    assert_int_equal(uv_thread_join(&producer), 0);
    sluice_rendezvous_unref(&r);
}

static void
a_producer_that_waits_for_allowance_is_released_by_the_end(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "EventStream");
    uv_thread_t producer;

    assert_int_equal(uv_thread_create(&producer, produce_200, service_side(t)),
        0);
    assert_next(r, "0");
    assert_next(r, "1");
    sluice_rendezvous_cancel(r);
    assert_int_equal(uv_thread_join(&producer), 0);
    sluice_rendezvous_unref(&r);
}

/* Waiting is for other threads. */
static void
try_to_wait(void *arg)
{
    struct kept *k = arg;
    enum sluice_err err;

    err = sluice_rendezvous_consume(k->r, bytes_of("fits"));
    assert(err == SLUICE_OK);
    err = sluice_rendezvous_consume(k->r, bytes_of("does not"));
    assert(err == SLUICE_ETHREAD);
}

static void
the_loops_thread_does_not_wait_for_allowance(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "EventStream");

    assert_int_equal(sluice_loop_call(t->loop, try_to_wait, t->arg), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(service_side(t)), SLUICE_OK);
    assert_next(r, "fits");
    assert_int_equal(sluice_rendezvous_next(r, &(struct sluice_bytes *){ 0 }),
        SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static void
requests_go_on_coming_to_the_method(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "StreamEvent");
    struct kept *k = t->arg;
    struct sluice_bytes *value;
    int i;

    send_requests(r, 3);
    for (i = 0; i < 4; i++) /* and the end */
        uv_sem_wait(&k->is_requested);
    assert_int_equal(k->n_requests, 3);
    assert_int_equal(sluice_rendezvous_next(k->r, &value), SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_consume_and_terminate(k->r,
                         bytes_of("three")),
        SLUICE_OK);
    assert_next(r, "three");
    sluice_rendezvous_unref(&r);
}

/* ---- The context and its rendezvous ----------------------------------------- */

static enum sluice_reply
answer_both_ways(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct sluice_rendezvous *r = NULL, *again = NULL;
    struct threads *t = self;
    unsigned *n_right = t->arg;
    unsigned n = 0;

    sluice_bytes_unref(&request);
    n += sluice_servicer_context_set_initial_metadata(ctx,
             metadata_of("i", "1")) == SLUICE_OK;
    n += sluice_servicer_context_set_code(ctx, 0) == SLUICE_OK;
    n += sluice_servicer_context_rendezvous(ctx, &r) == SLUICE_OK;
    n += sluice_servicer_context_rendezvous(ctx, &again) == SLUICE_OK;
    n += r == again;
    /* set before: through the context */
    n += sluice_rendezvous_set_initial_metadata(r, metadata_of("i", "2")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_set_code(r, 5) == SLUICE_ESTATE;
    n += sluice_rendezvous_set_details(r, sluice_str("fine")) == SLUICE_OK;
    n += sluice_rendezvous_consume_and_terminate(r, bytes_of("y")) == SLUICE_OK;
    *n_right = n;
    sluice_rendezvous_unref(&r);
    sluice_rendezvous_unref(&again);
    return SLUICE_REPLY_OK;
}

static void
a_context_has_one_rendezvous_that_knows_what_was_set(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct sluice_str details;
    void *kept = t->arg;
    unsigned n_right = 0;

    t->does.event = answer_both_ways;
    t->arg = &n_right;
    r = start_call(t, SLUICE_UNARY_UNARY, "Event", "x", NULL);
    assert_result(r, "y");
    assert_int_equal(n_right, 9);
    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("fine")));
    sluice_rendezvous_unref(&r);
    t->arg = kept;
}

struct attempt {
    struct kept *k;
    enum sluice_err err;
};

static void
ask_for_a_rendezvous(void *arg)
{
    struct attempt *a = arg;
    struct sluice_rendezvous *r;

    a->err = sluice_servicer_context_rendezvous(a->k->ctx, &r);
    assert((a->err == SLUICE_OK) == (r != NULL));
    sluice_rendezvous_unref(&r);
}

static void
an_rpc_that_has_ended_has_no_rendezvous_any_more(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r = begin(t, "Event");
    struct attempt a = { .k = t->arg };

    assert_int_equal(sluice_loop_call(t->loop, ask_for_a_rendezvous, &a),
        SLUICE_OK);
    assert_int_equal(a.err, SLUICE_OK);
    sluice_rendezvous_cancel(r);
    uv_sem_wait(&a.k->is_over);
    assert_int_equal(sluice_loop_call(t->loop, ask_for_a_rendezvous, &a),
        SLUICE_OK);
    assert_int_equal(a.err, SLUICE_ESTATE);
    sluice_rendezvous_unref(&r);
}

static void
the_rendezvous_outlives_ends_and_loop(void **state)
{
    struct threads t = { .n_to_produce = 0 };
    struct kept k = { .r = NULL };
    struct sluice_rendezvous *r;
    struct sluice_metadata *md;

    (void)state;
    threads_open(&t, 1);
    t.arg = &k;
    assert_int_equal(uv_sem_init(&k.is_over, 0), 0);
    r = begin(&t, "Event");
    stop_end(&t, t.service);
    assert_int_equal(sluice_loop_call(t.loop, let_go, &k), SLUICE_OK);
    threads_close(&t);
    assert_false(sluice_rendezvous_is_active(k.r));
    assert_int_equal(sluice_rendezvous_abortion(k.r)->kind,
        SLUICE_ABORTION_LOCAL_SHUTDOWN);
    assert_int_equal(sluice_rendezvous_consume(k.r, bytes_of("late")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_invocation_metadata(k.r, &md),
        SLUICE_OK);
    assert_null(md);
    sluice_rendezvous_unref(&k.r);
    sluice_rendezvous_unref(&r);
    uv_sem_destroy(&k.is_over);
}

#define KEPT_TEST(t) cmocka_unit_test_setup_teardown(t, open_kept, close_kept)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT_TEST(another_thread_answers_a_unary_call),
        KEPT_TEST(what_another_thread_sets_goes_along),
        KEPT_TEST(after_the_completion_nothing_can_be_set),
        KEPT_TEST(answering_twice_leaves_the_caller_its_answer),
        KEPT_TEST(answering_after_the_end_is_harmless),
        KEPT_TEST(a_call_that_is_never_answered_expires),
        KEPT_TEST(another_thread_may_cancel),
        KEPT_TEST(another_thread_streams_responses_as_they_are_drawn),
        KEPT_TEST(a_producer_that_waits_for_allowance_is_released_by_the_end),
        KEPT_TEST(the_loops_thread_does_not_wait_for_allowance),
        KEPT_TEST(requests_go_on_coming_to_the_method),
        KEPT_TEST(a_context_has_one_rendezvous_that_knows_what_was_set),
        KEPT_TEST(an_rpc_that_has_ended_has_no_rendezvous_any_more),
        cmocka_unit_test(the_rendezvous_outlives_ends_and_loop),
    };

    return cmocka_run_group_tests_name("face, answering", tests, NULL, NULL);
}
