/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_future.c - the Future: results and their times,
 * cancellation, and the callbacks of an end.
 */
#include "tests/rpc/thread_scene.h"

#include <stdio.h>

#define AT_ONCE 0

/* ---- Results --------------------------------------------------------------------- */

static void
assert_result(struct sluice_rendezvous *r, const char *text)
{
    struct sluice_bytes *response;

    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    assert_bytes(response, text);
}

static void
assert_no_result(struct sluice_rendezvous *r, int64_t timeout_ns,
    enum sluice_err err)
{
    struct sluice_bytes *response = (void *)1;

    assert_int_equal(sluice_rendezvous_result(r, timeout_ns, &response), err);
    assert_null(response);
}

static void
a_result_is_there_again_and_again(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion = (void *)1;
    struct sluice_str traceback;

    s->r = future_unary(s, "Echo", "ping");
    assert_result(s->r, "ping");
    assert_result(s->r, "ping");
    assert_next(s->r, "ping"); /* the iterator is another view of it */
    assert_no_next(s->r, SLUICE_EEND);
    assert_result(s->r, "ping");
    assert_int_equal(sluice_rendezvous_exception(s->r, AT_ONCE, &abortion),
        SLUICE_OK);
    assert_null(abortion);
    assert_int_equal(sluice_rendezvous_traceback(s->r, AT_ONCE, &traceback),
        SLUICE_OK);
    assert_null(traceback.ptr);
}

static void
a_result_that_is_not_there_in_time_does_not_harm_the_rpc(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion;
    struct sluice_str traceback;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    assert_no_result(s->r, AT_ONCE, SLUICE_ETIMEDOUT);
    assert_no_result(s->r, -1, SLUICE_ETIMEDOUT);
    assert_no_result(s->r, SHORT_TIME, SLUICE_ETIMEDOUT);
    assert_int_equal(sluice_rendezvous_exception(s->r, SHORT_TIME, &abortion),
        SLUICE_ETIMEDOUT);
    assert_int_equal(sluice_rendezvous_traceback(s->r, SHORT_TIME, &traceback),
        SLUICE_ETIMEDOUT);
    on_loop(s, answer_held);
    assert_result(s->r, "done");
}

static void
waiting_does_not_end_before_its_time(void **state)
{
    struct scene *s = *state;
    uint64_t began = uv_hrtime();

    s->r = future_unary(s, "HoldUU", "x");
    assert_no_result(s->r, 4 * SHORT_TIME, SLUICE_ETIMEDOUT);
    assert_true(uv_hrtime() - began >= (uint64_t)(4 * SHORT_TIME));
}

static void
a_result_with_a_long_timeout_comes_when_it_is_there(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    s->r = future_unary(s, "HoldUU", "x");
    help_when_called(s, answer_held);
    assert_int_equal(sluice_rendezvous_result(s->r, LONG_TIME, &response),
        SLUICE_OK);
    assert_bytes(response, "done");
}

static void
a_failure_is_a_value_and_a_text(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion;
    struct sluice_str text, again;

    s->r = future_unary(s, "Refuse", "x");
    assert_no_result(s->r, SLUICE_NO_TIMEOUT, SLUICE_EABORTED);
    assert_no_result(s->r, SLUICE_NO_TIMEOUT, SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_exception(s->r, AT_ONCE, &abortion),
        SLUICE_OK);
    assert_ptr_equal(abortion, sluice_rendezvous_abortion(s->r));
    assert_int_equal(sluice_rendezvous_traceback(s->r, AT_ONCE, &text),
        SLUICE_OK);
    assert_true(sluice_str_equal(text,
        sluice_str("RemoteError(code=5, details=\"no such book\")")));
    assert_int_equal(sluice_rendezvous_traceback(s->r, AT_ONCE, &again),
        SLUICE_OK);
    assert_ptr_equal(again.ptr, text.ptr);
    assert_no_next(s->r, SLUICE_EABORTED);
}

static void
running_and_done_are_complements(void **state)
{
    struct scene *s = *state;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    assert_true(sluice_rendezvous_running(s->r));
    assert_false(sluice_rendezvous_done(s->r));
    on_loop(s, answer_held);
    assert_completes(s->r);
    assert_false(sluice_rendezvous_running(s->r));
    assert_true(sluice_rendezvous_done(s->r));
}

static void
a_stream_of_responses_has_no_result(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion;
    struct sluice_str text;

    s->r = inline_unary(s, "HoldUS", "x");
    assert_no_result(s->r, SLUICE_NO_TIMEOUT, SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_exception(s->r, AT_ONCE, &abortion),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_traceback(s->r, AT_ONCE, &text),
        SLUICE_ESTATE);
}

static void
surplus(struct scene *s)
{
    sluice_servicer_context_consume(s->held, bytes_of("one"));
    sluice_servicer_context_respond(s->held, bytes_of("two"));
}

static void
nothing(struct scene *s)
{
    sluice_servicer_context_terminate(s->held);
}

static void
assert_breach(struct scene *s, void (*answer)(struct scene *s))
{
    const struct sluice_abortion *abortion;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    on_loop(s, answer);
    assert_no_result(s->r, SLUICE_NO_TIMEOUT, SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
    abortion = sluice_rendezvous_abortion(s->r);
    assert_int_equal(abortion->code, SLUICE_CODE_INTERNAL);
}

static void
a_second_response_is_no_result(void **state)
{
    assert_breach(*state, surplus);
}

static void
completion_without_a_response_is_no_result(void **state)
{
    assert_breach(*state, nothing);
}

/* ---- Cancellation ------------------------------------------------------------------ */

static void
assert_ecancelled(struct sluice_rendezvous *r)
{
    const struct sluice_abortion *abortion = (void *)1;
    struct sluice_str traceback;

    assert_no_result(r, SLUICE_NO_TIMEOUT, SLUICE_ECANCELLED);
    assert_int_equal(sluice_rendezvous_exception(r, AT_ONCE, &abortion),
        SLUICE_ECANCELLED);
    assert_null(abortion);
    assert_int_equal(sluice_rendezvous_traceback(r, AT_ONCE, &traceback),
        SLUICE_ECANCELLED);
    assert_null(traceback.ptr);
    assert_aborts(r, SLUICE_ABORTION_CANCELLED);
}

static void
a_future_can_be_cancelled(void **state)
{
    struct scene *s = *state;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    assert_false(sluice_rendezvous_cancelled(s->r));
    assert_false(sluice_rendezvous_cancel(s->r));
    assert_false(sluice_rendezvous_cancel(s->r));
    assert_true(sluice_rendezvous_cancelled(s->r));
    assert_ecancelled(s->r);
    uv_sem_wait(&s->terminated); /* the service has heard, too */
}

static void
a_cancellation_by_the_service_is_none_of_ours(void **state)
{
    struct scene *s = *state;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    on_loop(s, cancel_held);
    assert_ecancelled(s->r);
    assert_false(sluice_rendezvous_cancelled(s->r));
    assert_false(sluice_rendezvous_cancel(s->r));
    assert_false(sluice_rendezvous_cancelled(s->r));
}

static void
cancelling_after_completion_changes_nothing(void **state)
{
    struct scene *s = *state;

    s->r = future_unary(s, "Echo", "ping");
    assert_result(s->r, "ping");
    assert_false(sluice_rendezvous_cancel(s->r));
    assert_false(sluice_rendezvous_cancelled(s->r));
    assert_result(s->r, "ping");
}

#define RACERS 8u

struct racer {
    struct sluice_rendezvous *r;
    uv_thread_t thread;
};

static void
race(void *arg)
{
    struct racer *racer = arg;

    (void)sluice_rendezvous_cancel(racer->r);
    sluice_rendezvous_unref(&racer->r);
}

static void
many_cancellations_are_one(void **state)
{
    struct scene *s = *state;
    struct racer racers[RACERS];
    unsigned i;

    s->r = future_unary(s, "HoldUU", "x");
    for (i = 0; i < RACERS; i++) {
        racers[i].r = sluice_rendezvous_ref(s->r);
        assert_int_equal(uv_thread_create(&racers[i].thread, race, &racers[i]),
            0);
    }
    for (i = 0; i < RACERS; i++)
        uv_thread_join(&racers[i].thread);
    assert_ecancelled(s->r);
    assert_int_equal(ended_as(s, s->invoker, SLUICE_CANCELLED), 1);
}

/* ---- Callbacks ----------------------------------------------------------------------- */

struct record {
    struct sluice_done_callback done;
    struct sluice_abortion_callback abortion;
    struct scene *s;
    struct sluice_rendezvous *r; /* given to done */
    const struct sluice_abortion *given;
    unsigned n_done;
    unsigned n_aborted;
    unsigned number; /* when it ran, of all */
    unsigned *clock;
    bool was_done;
    bool was_on_loop;
    uv_sem_t has_run;
};

static void
on_done(struct sluice_done_callback *self, struct sluice_rendezvous *r)
{
    struct record *record = RPC_CONTAINER_OF(self, struct record, done);

    record->r = r;
    record->n_done++;
    record->number = (*record->clock)++;
    record->was_done = sluice_rendezvous_done(r);
    record->was_on_loop = sluice_loop_is_current(record->s->loop);
    uv_sem_post(&record->has_run);
}

static void
on_abortion(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct record *record = RPC_CONTAINER_OF(self, struct record, abortion);

    record->given = abortion;
    record->n_aborted++;
    record->number = (*record->clock)++;
    record->was_on_loop = sluice_loop_is_current(record->s->loop);
    uv_sem_post(&record->has_run);
}

static void
record_init(struct record *record, struct scene *s, unsigned *clock)
{
    memset(record, 0, sizeof(*record));
    record->done.run = on_done;
    record->abortion.run = on_abortion;
    record->s = s;
    record->clock = clock;
    assert_int_equal(uv_sem_init(&record->has_run, 0), 0);
}

static void
done_callbacks_run_on_the_loop_in_order(void **state)
{
    struct scene *s = *state;
    struct record records[3];
    unsigned i, clock = 0;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    for (i = 0; i < 3; i++) {
        record_init(&records[i], s, &clock);
        sluice_rendezvous_add_done_callback(s->r, &records[i].done);
    }
    on_loop(s, answer_held);
    for (i = 0; i < 3; i++) {
        uv_sem_wait(&records[i].has_run);
        assert_int_equal(records[i].n_done, 1);
        assert_ptr_equal(records[i].r, s->r);
        assert_int_equal(records[i].number, i);
        assert_true(records[i].was_done);
        assert_true(records[i].was_on_loop);
        uv_sem_destroy(&records[i].has_run);
    }
}

static void
a_done_callback_that_comes_late_runs_at_once_and_here(void **state)
{
    struct scene *s = *state;
    struct record record;
    unsigned clock = 0;

    record_init(&record, s, &clock);
    s->r = future_unary(s, "Echo", "x");
    assert_completes(s->r);
    sluice_rendezvous_add_done_callback(s->r, &record.done);
    assert_int_equal(record.n_done, 1);
    assert_ptr_equal(record.r, s->r);
    assert_false(record.was_on_loop);
    uv_sem_destroy(&record.has_run);
}

static void
done_callbacks_run_however_the_rpc_ends(void **state)
{
    struct scene *s = *state;
    struct record record;
    unsigned clock = 0;

    record_init(&record, s, &clock);
    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    sluice_rendezvous_add_done_callback(s->r, &record.done);
    on_loop(s, stop_service);
    uv_sem_wait(&record.has_run);
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_SHUTDOWN);
    uv_sem_destroy(&record.has_run);
}

static void
an_abortion_callback_gets_the_abortion_before_done_does(void **state)
{
    struct scene *s = *state;
    struct record record, last;
    unsigned clock = 0;

    record_init(&record, s, &clock);
    record_init(&last, s, &clock);
    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    sluice_rendezvous_add_done_callback(s->r, &last.done);
    assert_null(
        sluice_rendezvous_add_abortion_callback(s->r, &record.abortion));
    on_loop(s, cancel_held);
    uv_sem_wait(&record.has_run);
    uv_sem_wait(&last.has_run);
    assert_int_equal(record.n_aborted, 1);
    assert_true(record.was_on_loop);
    assert_ptr_equal(record.given, sluice_rendezvous_abortion(s->r));
    assert_true(record.number < last.number);
    uv_sem_destroy(&record.has_run);
    uv_sem_destroy(&last.has_run);
}

static void
an_abortion_callback_that_comes_late_is_answered_instead(void **state)
{
    struct scene *s = *state;
    struct record record;
    unsigned clock = 0;

    record_init(&record, s, &clock);
    s->r = future_unary(s, "FailUU", "x");
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_ptr_equal(sluice_rendezvous_add_abortion_callback(s->r,
                         &record.abortion),
        sluice_rendezvous_abortion(s->r));
    assert_int_equal(record.n_aborted, 0);
    uv_sem_destroy(&record.has_run);
}

static void
completion_is_no_abortion(void **state)
{
    struct scene *s = *state;
    struct record record, last;
    unsigned clock = 0;

    record_init(&record, s, &clock);
    record_init(&last, s, &clock);
    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    assert_null(
        sluice_rendezvous_add_abortion_callback(s->r, &record.abortion));
    sluice_rendezvous_add_done_callback(s->r, &last.done);
    on_loop(s, answer_held);
    uv_sem_wait(&last.has_run);
    assert_null(
        sluice_rendezvous_add_abortion_callback(s->r, &record.abortion));
    assert_int_equal(record.n_aborted, 0);
    uv_sem_destroy(&record.has_run);
    uv_sem_destroy(&last.has_run);
}

/* ---- From a callback -------------------------------------------------------------------- */

struct follow_up {
    struct sluice_done_callback done;
    struct sluice_bytes *response;
    enum sluice_err err;
    uv_sem_t has_run;
};

/* All of it is for any thread, the loop's too, once the RPC has ended. */
static void
follow_up(struct sluice_done_callback *self, struct sluice_rendezvous *r)
{
    struct follow_up *f = RPC_CONTAINER_OF(self, struct follow_up, done);

    (void)sluice_rendezvous_cancel(r);
    f->err = sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &f->response);
    uv_sem_post(&f->has_run);
}

static void
a_done_callback_may_take_the_result(void **state)
{
    struct scene *s = *state;
    struct follow_up f = { .done = { .run = follow_up } };

    assert_int_equal(uv_sem_init(&f.has_run, 0), 0);
    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    sluice_rendezvous_add_done_callback(s->r, &f.done);
    on_loop(s, answer_held);
    uv_sem_wait(&f.has_run);
    assert_int_equal(f.err, SLUICE_OK);
    assert_bytes(f.response, "done");
    uv_sem_destroy(&f.has_run);
}

static void
many_futures_may_run_at_once(void **state)
{
    struct scene *s = *state;
    struct sluice_rendezvous *futures[25];
    char text[16];
    unsigned i;

    for (i = 0; i < 25; i++) {
        snprintf(text, sizeof(text), "%u", i);
        futures[i] = future_unary(s, "Echo", text);
    }
    for (i = 25; i-- > 0;) {
        snprintf(text, sizeof(text), "%u", i);
        assert_result(futures[i], text);
        sluice_rendezvous_unref(&futures[i]);
    }
}

#define SCENE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_scene, close_scene)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_result_is_there_again_and_again),
        SCENE_TEST(a_result_that_is_not_there_in_time_does_not_harm_the_rpc),
        SCENE_TEST(waiting_does_not_end_before_its_time),
        SCENE_TEST(a_result_with_a_long_timeout_comes_when_it_is_there),
        SCENE_TEST(a_failure_is_a_value_and_a_text),
        SCENE_TEST(running_and_done_are_complements),
        SCENE_TEST(a_stream_of_responses_has_no_result),
        SCENE_TEST(a_second_response_is_no_result),
        SCENE_TEST(completion_without_a_response_is_no_result),
        SCENE_TEST(a_future_can_be_cancelled),
        SCENE_TEST(a_cancellation_by_the_service_is_none_of_ours),
        SCENE_TEST(cancelling_after_completion_changes_nothing),
        SCENE_TEST(many_cancellations_are_one),
        SCENE_TEST(done_callbacks_run_on_the_loop_in_order),
        SCENE_TEST(a_done_callback_that_comes_late_runs_at_once_and_here),
        SCENE_TEST(done_callbacks_run_however_the_rpc_ends),
        SCENE_TEST(an_abortion_callback_gets_the_abortion_before_done_does),
        SCENE_TEST(an_abortion_callback_that_comes_late_is_answered_instead),
        SCENE_TEST(completion_is_no_abortion),
        SCENE_TEST(a_done_callback_may_take_the_result),
        SCENE_TEST(many_futures_may_run_at_once),
    };

    return cmocka_run_group_tests_name("rendezvous, futures", tests, NULL,
        NULL);
}
