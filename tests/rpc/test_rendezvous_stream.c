/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_stream.c - streams of responses drawn, and streams
 * of requests consumed: order, back-pressure, ends.
 */
#include "tests/rpc/thread_scene.h"

#include <stdio.h>

static const struct sluice_call_options hasty = { .timeout_ns = SHORT_TIME };

static void
consume(struct sluice_rendezvous *r, const char *text)
{
    assert_int_equal(sluice_rendezvous_consume(r, bytes_of(text)), SLUICE_OK);
}

/* ---- Drawing -------------------------------------------------------------------------- */

static void
responses_are_drawn_in_order_to_their_end(void **state)
{
    struct scene *s = *state;
    char text[16];
    unsigned i;

    s->n_to_make = 200;
    s->r = inline_unary(s, "Count", "x");
    for (i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "%u", i);
        assert_next(s->r, text);
    }
    assert_no_next(s->r, SLUICE_EEND);
    assert_completes(s->r);
    assert_no_next(s->r, SLUICE_EEND);
}

/* One response lies here, undrawn; none is made before the next one is asked
 * for, and so at most one more than were drawn. */
static void
a_service_is_one_response_ahead_of_its_reader(void **state)
{
    struct scene *s = *state;
    char text[16];
    unsigned i;

    s->n_to_make = 1000;
    s->r = inline_unary(s, "Count", "x");
    for (i = 0; i < 3; i++) {
        assert_true(atomic_load(&s->n_made) <= i + 1);
        snprintf(text, sizeof(text), "%u", i);
        assert_next(s->r, text);
    }
    (void)sluice_rendezvous_cancel(s->r);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
    end_scene(s);
    assert_true(atomic_load(&s->n_made) >= 3);
    assert_true(atomic_load(&s->n_made) <= 4);
}

static void
respond_once(struct scene *s)
{
    sluice_servicer_context_consume(s->held, bytes_of("one"));
}

static void
an_abort_outruns_a_response_that_waits(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;

    s->r = inline_unary(s, "HoldUS", "x");
    uv_sem_wait(&s->called);
    on_loop(s, respond_once);
    /* known with the response, so that one is here */
    assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md), SLUICE_OK);
    on_loop(s, cancel_held);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
    assert_no_next(s->r, SLUICE_EABORTED);
}

/* Whether the loop knows of it yet or not. */
static void
nothing_is_drawn_once_this_side_has_cancelled(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;
    int i;

    for (i = 0; i < 20; i++) {
        s->r = inline_unary(s, "HoldUS", "x");
        uv_sem_wait(&s->called);
        on_loop(s, respond_once);
        assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md),
            SLUICE_OK);
        (void)sluice_rendezvous_cancel(s->r);
        assert_no_next(s->r, SLUICE_EABORTED);
        uv_sem_wait(&s->terminated);
        sluice_rendezvous_unref(&s->r);
        on_loop(s, let_go);
    }
}

static void
complete_after_one(struct scene *s)
{
    sluice_servicer_context_respond(s->held, bytes_of("last"));
}

static void
a_response_that_waits_outlives_completion(void **state)
{
    struct scene *s = *state;

    s->r = inline_unary(s, "HoldUS", "x");
    uv_sem_wait(&s->called);
    on_loop(s, complete_after_one);
    assert_completes(s->r);
    (void)sluice_rendezvous_cancel(s->r);
    assert_next(s->r, "last");
    assert_no_next(s->r, SLUICE_EEND);
}

static void
a_reader_that_is_blocked_wakes_for_a_response(void **state)
{
    struct scene *s = *state;

    s->r = inline_unary(s, "HoldUS", "x");
    help_when_called(s, respond_once);
    assert_next(s->r, "one");
}

/* ---- Ends of a reader that is blocked ------------------------------------------------------- */

struct reader {
    struct sluice_rendezvous *r;
    uv_thread_t thread;
    uv_sem_t is_there;
    enum sluice_err errs[2];
};

static void
read_twice(void *arg)
{
    struct reader *reader = arg;
    struct sluice_bytes *value;
    int i;

    uv_sem_post(&reader->is_there);
    for (i = 0; i < 2; i++) {
        reader->errs[i] = sluice_rendezvous_next(reader->r, &value);
        sluice_bytes_unref(&value);
    }
}

static void
start_reader(struct reader *reader, struct sluice_rendezvous *r)
{
    memset(reader, 0, sizeof(*reader));
    reader->r = r;
    assert_int_equal(uv_sem_init(&reader->is_there, 0), 0);
    assert_int_equal(uv_thread_create(&reader->thread, read_twice, reader), 0);
    uv_sem_wait(&reader->is_there);
}

static void
assert_reader_is_aborted(struct reader *reader)
{
    uv_thread_join(&reader->thread);
    assert_int_equal(reader->errs[0], SLUICE_EABORTED);
    assert_int_equal(reader->errs[1], SLUICE_EABORTED);
    uv_sem_destroy(&reader->is_there);
}

static void
a_reader_that_is_blocked_is_released_by_cancellation(void **state)
{
    struct scene *s = *state;
    struct reader reader;

    s->r = inline_unary(s, "HoldUS", "x");
    uv_sem_wait(&s->called);
    start_reader(&reader, s->r);
    (void)sluice_rendezvous_cancel(s->r);
    assert_reader_is_aborted(&reader);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
}

static void
a_reader_that_is_blocked_is_released_by_the_stop_of_its_end(void **state)
{
    struct scene *s = *state;
    struct reader reader;

    s->r = inline_unary(s, "HoldUS", "x");
    uv_sem_wait(&s->called);
    start_reader(&reader, s->r);
    on_loop(s, stop_invoker);
    assert_reader_is_aborted(&reader);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

static void
a_reader_that_is_blocked_is_released_by_expiry(void **state)
{
    struct scene *s = *state;

    assert_int_equal(sluice_stub_inline_unary_stream(s->stub, GROUP,
                         sluice_str("HoldUS"), bytes_of("x"), &hasty, &s->r),
        SLUICE_OK);
    assert_no_next(s->r, SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_EXPIRED);
}

static void
a_reader_that_is_blocked_is_released_by_a_failure_there(void **state)
{
    struct scene *s = *state;

    s->r = inline_stream(s, "FailSS", NULL);
    consume(s->r, "x");
    assert_no_next(s->r, SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_FAILURE);
}

/* ---- Consuming --------------------------------------------------------------------------------- */

static void
requests_are_consumed_in_order_to_their_end(void **state)
{
    struct scene *s = *state;
    char text[16];
    unsigned i;

    s->r = inline_stream(s, "EchoAll", NULL);
    for (i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "%u", i);
        consume(s->r, text);
        assert_next(s->r, text);
    }
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
    assert_no_next(s->r, SLUICE_EEND);
    assert_completes(s->r);
}

static void
the_last_request_may_come_with_the_end(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    s->r = future_stream(s, "Join", NULL);
    consume(s->r, "a");
    consume(s->r, "b");
    assert_int_equal(sluice_rendezvous_consume_and_terminate(s->r,
                         bytes_of("c")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(s->r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_bytes(response, "abc");
}

static void
an_end_without_requests_is_one(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    s->r = future_stream(s, "Join", NULL);
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(s->r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_bytes(response, "");
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
}

static void
a_request_after_the_end_is_a_local_failure(void **state)
{
    struct scene *s = *state;

    s->r = inline_stream(s, "HoldSS", NULL);
    uv_sem_wait(&s->called);
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
    consume(s->r, "x");
    assert_no_next(s->r, SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_int_equal(ended_as(s, s->service, SLUICE_REMOTE_FAILURE), 1);
}

static void
a_second_last_request_is_a_local_failure(void **state)
{
    struct scene *s = *state;

    s->r = inline_stream(s, "HoldSS", NULL);
    uv_sem_wait(&s->called);
    assert_int_equal(sluice_rendezvous_consume_and_terminate(s->r,
                         bytes_of("x")),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_consume_and_terminate(s->r,
                         bytes_of("x")),
        SLUICE_OK);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
}

static void
requests_after_the_rpc_are_dropped_in_silence(void **state)
{
    struct scene *s = *state;
    int i;

    s->r = inline_stream(s, "FailSS", NULL);
    consume(s->r, "x");
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_FAILURE);
    for (i = 0; i < 20; i++)
        consume(s->r, "x");
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
}

static void
a_request_that_is_unary_or_drawn_is_not_for_the_caller(void **state)
{
    struct scene *s = *state;
    struct source source;

    source_init(&source, 1, SLUICE_EEND);
    s->r = inline_stream(s, "EchoAll", &source.iterator);
    assert_int_equal(sluice_rendezvous_consume(s->r, bytes_of("x")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_ESTATE);
    assert_next(s->r, "0");
    assert_no_next(s->r, SLUICE_EEND);
    sluice_rendezvous_unref(&s->r);
    uv_sem_wait(&source.closed);
    source_fini(&source);
    on_loop(s, let_go);
    s->r = future_unary(s, "HoldUU", "x");
    assert_int_equal(sluice_rendezvous_consume_and_terminate(s->r,
                         bytes_of("x")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_consume(s->r, NULL), SLUICE_EINVAL);
}

/* ---- Back-pressure ------------------------------------------------------------------------------- */

/* The first request goes at once, the second one waits for the service. */
struct writer {
    struct sluice_rendezvous *r;
    uv_thread_t thread;
    uv_sem_t is_there;
    atomic_uint n_consumed;
    unsigned n;
    enum sluice_err err;
};

static void
write_all(void *arg)
{
    struct writer *w = arg;
    unsigned i;

    for (i = 0; i < w->n && w->err == SLUICE_OK; i++) {
        if (i == 1)
            uv_sem_post(&w->is_there);
        w->err = sluice_rendezvous_consume(w->r, bytes_of("x"));
        atomic_fetch_add(&w->n_consumed, 1);
    }
}

static void
start_writer(struct writer *w, struct sluice_rendezvous *r, unsigned n)
{
    memset(w, 0, sizeof(*w));
    w->r = r;
    w->n = n;
    assert_int_equal(uv_sem_init(&w->is_there, 0), 0);
    assert_int_equal(uv_thread_create(&w->thread, write_all, w), 0);
    uv_sem_wait(&w->is_there);
}

static void
assert_writer_is_released(struct writer *w)
{
    uv_thread_join(&w->thread);
    assert_int_equal(w->err, SLUICE_OK);
    assert_int_equal(atomic_load(&w->n_consumed), w->n);
    uv_sem_destroy(&w->is_there);
}

static void
a_request_waits_for_allowance(void **state)
{
    struct scene *s = *state;
    struct writer w;
    unsigned i;

    s->r = inline_stream(s, "HoldSS", NULL);
    start_writer(&w, s->r, 20);
    for (i = 0; i < 20; i++) {
        uv_sem_wait(&s->requested);
        /* this one has come, and another one only when it is allowed */
        assert_int_equal(atomic_load(&s->n_requests), i + 1);
        assert_true(atomic_load(&w.n_consumed) <= i + 1);
        on_loop(s, allow_one);
    }
    assert_writer_is_released(&w);
}

static void
allow_many(struct scene *s)
{
    sluice_servicer_context_allow(s->held, 1000);
}

/* More than the rendezvous itself keeps. */
static void
a_great_allowance_lets_many_requests_through(void **state)
{
    struct scene *s = *state;
    struct writer w;
    unsigned i;

    s->r = inline_stream(s, "HoldSS", NULL);
    uv_sem_wait(&s->called);
    on_loop(s, allow_many);
    start_writer(&w, s->r, 1001);
    for (i = 0; i < 1001; i++)
        uv_sem_wait(&s->requested);
    assert_writer_is_released(&w);
}

static void
a_writer_that_is_blocked_is_released_by_cancellation(void **state)
{
    struct scene *s = *state;
    struct writer w;

    s->r = inline_stream(s, "HoldSS", NULL);
    start_writer(&w, s->r, 5);
    (void)sluice_rendezvous_cancel(s->r);
    assert_writer_is_released(&w);
}

static void
a_writer_that_is_blocked_is_released_by_the_stop_of_its_end(void **state)
{
    struct scene *s = *state;
    struct writer w;

    s->r = inline_stream(s, "HoldSS", NULL);
    start_writer(&w, s->r, 5);
    on_loop(s, stop_invoker);
    assert_writer_is_released(&w);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

static void
a_writer_that_is_blocked_is_released_by_expiry(void **state)
{
    struct scene *s = *state;
    struct writer w;

    assert_int_equal(sluice_stub_inline_stream_stream(s->stub, GROUP,
                         sluice_str("HoldSS"), NULL, &hasty, &s->r),
        SLUICE_OK);
    start_writer(&w, s->r, 5);
    assert_writer_is_released(&w);
    assert_aborts(s->r, SLUICE_ABORTION_EXPIRED);
}

static void
a_writer_that_is_blocked_is_released_by_early_completion(void **state)
{
    struct scene *s = *state;
    struct writer w;

    s->r = inline_stream(s, "HoldSS", NULL);
    start_writer(&w, s->r, 5);
    uv_sem_wait(&s->called);
    on_loop(s, answer_held);
    assert_next(s->r, "done");
    assert_no_next(s->r, SLUICE_EEND);
    assert_writer_is_released(&w);
    assert_completes(s->r);
}

/* It comes after the end, then, whenever it was begun. */
static void
a_writer_that_is_blocked_is_released_by_an_end_from_elsewhere(void **state)
{
    struct scene *s = *state;
    struct writer w;

    s->r = inline_stream(s, "HoldSS", NULL);
    start_writer(&w, s->r, 2);
    uv_sem_wait(&s->requested); /* the first one; no other news comes */
    assert_int_equal(sluice_rendezvous_terminate(s->r), SLUICE_OK);
    assert_writer_is_released(&w);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
}

struct consumption {
    struct sluice_rendezvous *r;
    enum sluice_err errs[2];
};

static void
consume_twice(void *arg)
{
    struct consumption *c = arg;

    c->errs[0] = sluice_rendezvous_consume(c->r, bytes_of("a"));
    c->errs[1] = sluice_rendezvous_consume(c->r, bytes_of("b"));
}

static void
on_the_loops_thread_only_a_request_that_must_wait_is_refused(void **state)
{
    struct scene *s = *state;
    struct consumption c = { 0 };

    c.r = s->r = inline_stream(s, "HoldSS", NULL);
    assert_int_equal(sluice_loop_call(s->loop, consume_twice, &c), SLUICE_OK);
    assert_int_equal(c.errs[0], SLUICE_OK);
    assert_int_equal(c.errs[1], SLUICE_ETHREAD);
    uv_sem_wait(&s->requested);
}

#define SCENE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_scene, close_scene)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(responses_are_drawn_in_order_to_their_end),
        SCENE_TEST(a_service_is_one_response_ahead_of_its_reader),
        SCENE_TEST(an_abort_outruns_a_response_that_waits),
        SCENE_TEST(nothing_is_drawn_once_this_side_has_cancelled),
        SCENE_TEST(a_response_that_waits_outlives_completion),
        SCENE_TEST(a_reader_that_is_blocked_wakes_for_a_response),
        SCENE_TEST(a_reader_that_is_blocked_is_released_by_cancellation),
        SCENE_TEST(a_reader_that_is_blocked_is_released_by_the_stop_of_its_end),
        SCENE_TEST(a_reader_that_is_blocked_is_released_by_expiry),
        SCENE_TEST(a_reader_that_is_blocked_is_released_by_a_failure_there),
        SCENE_TEST(requests_are_consumed_in_order_to_their_end),
        SCENE_TEST(the_last_request_may_come_with_the_end),
        SCENE_TEST(an_end_without_requests_is_one),
        SCENE_TEST(a_request_after_the_end_is_a_local_failure),
        SCENE_TEST(a_second_last_request_is_a_local_failure),
        SCENE_TEST(requests_after_the_rpc_are_dropped_in_silence),
        SCENE_TEST(a_request_that_is_unary_or_drawn_is_not_for_the_caller),
        SCENE_TEST(a_request_waits_for_allowance),
        SCENE_TEST(a_great_allowance_lets_many_requests_through),
        SCENE_TEST(a_writer_that_is_blocked_is_released_by_cancellation),
        SCENE_TEST(a_writer_that_is_blocked_is_released_by_the_stop_of_its_end),
        SCENE_TEST(a_writer_that_is_blocked_is_released_by_expiry),
        SCENE_TEST(a_writer_that_is_blocked_is_released_by_early_completion),
        SCENE_TEST(
            a_writer_that_is_blocked_is_released_by_an_end_from_elsewhere),
        SCENE_TEST(
            on_the_loops_thread_only_a_request_that_must_wait_is_refused),
    };

    return cmocka_run_group_tests_name("rendezvous, streams", tests, NULL,
        NULL);
}
