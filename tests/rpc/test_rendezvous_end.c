/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_end.c - what is left when an RPC, its End or the
 * loop is gone, and threads that are still busy with it while it goes.
 */
#include "tests/rpc/thread_scene.h"

#include <stdio.h>

static const struct sluice_call_options plain = { .timeout_ns = LONG_TIME };

/* ---- Holds ----------------------------------------------------------------------------- */

static void
dropping_the_last_hold_does_not_end_the_rpc(void **state)
{
    struct scene *s = *state;
    struct sluice_rendezvous *r;

    r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    sluice_rendezvous_unref(&r);
    assert_null(r);
    sluice_rendezvous_unref(&r);
    on_loop(s, answer_held);
    uv_sem_wait(&s->terminated);
    end_scene(s);
    assert_int_equal(s->n_ended[SLUICE_COMPLETED], 1);
}

struct parting {
    struct sluice_done_callback done;
    struct sluice_rendezvous *r;
    uv_sem_t has_run;
};

static void
part(struct sluice_done_callback *self, struct sluice_rendezvous *r)
{
    struct parting *p = RPC_CONTAINER_OF(self, struct parting, done);

    assert(r == p->r);
    sluice_rendezvous_unref(&p->r);
    uv_sem_post(&p->has_run);
}

static void
a_done_callback_may_drop_the_last_hold(void **state)
{
    struct scene *s = *state;
    struct parting p = { .done = { .run = part } };

    assert_int_equal(uv_sem_init(&p.has_run, 0), 0);
    p.r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    sluice_rendezvous_add_done_callback(p.r, &p.done);
    on_loop(s, answer_held);
    uv_sem_wait(&p.has_run);
    uv_sem_destroy(&p.has_run);
}

/* ---- What outlives the loop -------------------------------------------------------------- */

static void
assert_all_else_is_harmless(struct sluice_rendezvous *r)
{
    void *context;
    int i;

    assert_false(sluice_rendezvous_cancel(r));
    assert_false(sluice_rendezvous_cancelled(r));
    assert_false(sluice_rendezvous_is_active(r));
    assert_true(sluice_rendezvous_done(r));
    assert_int_equal(sluice_rendezvous_time_remaining(r), 0);
    assert_int_not_equal(sluice_rendezvous_protocol_context(r, &context),
        SLUICE_OK);
    for (i = 0; i < 20; i++)
        (void)!sluice_rendezvous_consume(r, bytes_of("x"));
    (void)!sluice_rendezvous_terminate(r);
}

static void
a_completed_rpc_outlives_its_loop(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;
    struct sluice_bytes *response;

    s->r = future_unary(s, "Echo", "kept");
    assert_completes(s->r);
    end_scene(s);
    assert_all_else_is_harmless(s->r);
    assert_int_equal(sluice_rendezvous_result(s->r, 0, &response), SLUICE_OK);
    assert_bytes(response, "kept");
    assert_next(s->r, "kept");
    assert_no_next(s->r, SLUICE_EEND);
    assert_int_equal(sluice_rendezvous_terminal_metadata(s->r, &md), SLUICE_OK);
    assert_null(md);
}

static void
a_refused_rpc_outlives_its_loop(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion;
    struct sluice_str text;

    s->r = future_unary(s, "Refuse", "x");
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_FAILURE);
    end_scene(s);
    assert_all_else_is_harmless(s->r);
    abortion = sluice_rendezvous_abortion(s->r);
    assert_true(
        sluice_str_equal(abortion->details, sluice_str("no such book")));
    assert_true(
        sluice_str_equal(sluice_metadata_find(abortion->terminal_metadata,
                             sluice_str("a")),
            sluice_str("z")));
    assert_true(
        sluice_str_equal(sluice_metadata_find(abortion->initial_metadata,
                             sluice_str("i")),
            sluice_str("j")));
    assert_int_equal(sluice_rendezvous_traceback(s->r, 0, &text), SLUICE_OK);
    assert_non_null(text.ptr);
}

static void
an_rpc_that_the_end_of_all_aborts_outlives_it(void **state)
{
    struct scene *s = *state;

    s->r = inline_stream(s, "HoldSS", NULL);
    end_scene(s);
    assert_all_else_is_harmless(s->r);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
    assert_no_next(s->r, SLUICE_EABORTED);
}

/* ---- While all goes ------------------------------------------------------------------------ */

#define USERS 4u

struct user {
    struct sluice_rendezvous *r;
    uv_thread_t thread;
    unsigned number;
};

/* Uses the RPC until it has ended, and a little longer. */
static void
use(void *arg)
{
    struct user *u = arg;
    struct sluice_bytes *value;
    enum sluice_err err = SLUICE_OK;
    int left = 3;

    while (left > 0) {
        if (!sluice_rendezvous_is_active(u->r))
            left--;
        if (u->number == 0) {
            err = sluice_rendezvous_next(u->r, &value);
            sluice_bytes_unref(&value);
        } else if (u->number == 1) {
            err = sluice_rendezvous_consume(u->r, bytes_of("x"));
        } else if (u->number == 2) {
            assert(sluice_rendezvous_time_remaining(u->r) >= 0);
        } else {
            (void)sluice_rendezvous_abortion(u->r);
        }
        assert(err == SLUICE_OK || err == SLUICE_EABORTED);
    }
    sluice_rendezvous_unref(&u->r);
}

/* Whatever came to the door last, the loop waits for it before it goes. */
static void
threads_may_be_busy_while_the_loop_ends(void **state)
{
    struct user users[USERS];
    unsigned i, round;

    for (round = 0; round < 40; round++) {
        struct scene *s = *state;

        s->r = inline_stream(s, "EchoAll", NULL);
        for (i = 0; i < USERS; i++) {
            users[i].number = i;
            users[i].r = sluice_rendezvous_ref(s->r);
            assert_int_equal(uv_thread_create(&users[i].thread, use, &users[i]),
                0);
        }
        if (round % 2 == 1)
            (void)sluice_rendezvous_cancel(s->r);
        end_scene(s);
        for (i = 0; i < USERS; i++)
            uv_thread_join(&users[i].thread);
        (void)close_scene(state);
        (void)open_scene(state);
    }
}

/* ---- All at once ----------------------------------------------------------------------------- */

#define WORKERS 6u
#define RPCS 150u

struct worker {
    struct scene *s;
    uv_thread_t thread;
    unsigned number;
    unsigned n_started;
};

static const struct sluice_call_options hasty = { .timeout_ns = SHORT_TIME };

/* Each RPC ends in its own way, or on the way. */
static void
begin_and_end(struct worker *w, unsigned fate)
{
    struct sluice_stub *stub = w->s->stub;
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response = NULL;
    enum sluice_err err;

    switch (fate) {
    case 0:
        err = sluice_stub_blocking_unary_unary(stub, GROUP, sluice_str("Echo"),
            bytes_of("x"), &plain, &response, &r);
        assert(err == SLUICE_OK);
        break;
    case 1:
        err = sluice_stub_blocking_unary_unary(stub, GROUP,
            sluice_str("FailUU"), bytes_of("x"), &plain, &response, NULL);
        assert(err == SLUICE_EABORTED);
        break;
    case 2:
        err = sluice_stub_future_unary_unary(stub, GROUP, sluice_str("Echo"),
            bytes_of("x"), &plain, &r);
        assert(err == SLUICE_OK);
        (void)sluice_rendezvous_cancel(r);
        break;
    case 3:
        err = sluice_stub_future_stream_unary(stub, GROUP, sluice_str("Ignore"),
            NULL, &hasty, &r);
        assert(err == SLUICE_OK);
        err = sluice_rendezvous_consume(r, bytes_of("x"));
        assert(err == SLUICE_OK);
        break;
    case 4:
        err = sluice_stub_inline_stream_stream(stub, GROUP,
            sluice_str("FailSS"), NULL, &plain, &r);
        assert(err == SLUICE_OK);
        err = sluice_rendezvous_consume_and_terminate(r, bytes_of("x"));
        assert(err == SLUICE_OK);
        break;
    default:
        err = sluice_stub_blocking_unary_unary(stub, GROUP,
            sluice_str("Refuse"), bytes_of("x"), &plain, &response, &r);
        assert(err == SLUICE_EABORTED);
        break;
    }
    w->n_started++;
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
}

static void
work(void *arg)
{
    struct worker *w = arg;
    unsigned i;

    for (i = 0; i < RPCS; i++)
        begin_and_end(w, (i + w->number) % 6);
}

static void
rpcs_of_all_fates_add_up(void **state)
{
    struct scene *s = *state;
    struct worker workers[WORKERS] = { 0 };
    uint64_t started = 0, ended = 0;
    unsigned i;

    for (i = 0; i < WORKERS; i++) {
        workers[i].s = s;
        workers[i].number = i;
        assert_int_equal(uv_thread_create(&workers[i].thread, work,
                             &workers[i]),
            0);
    }
    for (i = 0; i < WORKERS; i++) {
        uv_thread_join(&workers[i].thread);
        started += workers[i].n_started;
    }
    end_scene(s);
    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        ended += s->n_ended[i];
    assert_int_equal(started, (uint64_t)WORKERS * RPCS);
    assert_int_equal(ended, started);
}

/* ---- Stopping ------------------------------------------------------------------------- */

static void
a_thread_may_stop_an_end_and_wait_for_that(void **state)
{
    struct scene *s = *state;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    assert_int_equal(sluice_end_stop_and_wait(s->invoker, SHORT_TIME),
        SLUICE_OK);
    assert_true(sluice_rendezvous_done(s->r));
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
    assert_int_equal(ended_as(s, s->invoker, SLUICE_LOCAL_SHUTDOWN), 1);
    assert_int_equal(sluice_end_stop_and_wait(s->invoker, 0), SLUICE_OK);
}

static void
stop_here(struct scene *s)
{
    assert(sluice_end_stop_and_wait(s->invoker, 0) == SLUICE_ETHREAD);
}

static void
the_loops_thread_cannot_wait_for_a_stop(void **state)
{
    struct scene *s = *state;

    on_loop(s, stop_here);
    s->r = future_unary(s, "Echo", "still here");
    assert_completes(s->r);
}

#define SCENE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_scene, close_scene)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(dropping_the_last_hold_does_not_end_the_rpc),
        SCENE_TEST(a_done_callback_may_drop_the_last_hold),
        SCENE_TEST(a_completed_rpc_outlives_its_loop),
        SCENE_TEST(a_refused_rpc_outlives_its_loop),
        SCENE_TEST(an_rpc_that_the_end_of_all_aborts_outlives_it),
        SCENE_TEST(threads_may_be_busy_while_the_loop_ends),
        SCENE_TEST(rpcs_of_all_fates_add_up),
        SCENE_TEST(a_thread_may_stop_an_end_and_wait_for_that),
        SCENE_TEST(the_loops_thread_cannot_wait_for_a_stop),
    };

    return cmocka_run_group_tests_name("rendezvous, ends", tests, NULL, NULL);
}
