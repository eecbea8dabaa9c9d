/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_thread.c - crossing to a loop's thread, the thread that turns
 * a loop, and the pool of threads that may block.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <uv.h>

#include <sluice/thread.h>

#include "rpc/check.h"

/* ---- Crossing, and the thread of a loop --------------------------------------- */

static int
open_thread(void **state)
{
    struct sluice_loop_thread *t;

    assert_int_equal(sluice_loop_thread_new(&t), SLUICE_OK);
    *state = t;
    return 0;
}

static int
close_thread(void **state)
{
    struct sluice_loop_thread *t = *state;

    sluice_loop_thread_free(&t);
    assert_null(t);
    return 0;
}

struct visit {
    struct sluice_loop *loop;
    unsigned n;
    bool was_current;
    bool sigpipe_was_blocked;
    enum sluice_err err;
    uv_thread_t thread;
};

static void
visit(void *arg)
{
    struct visit *v = arg;
    sigset_t blocked;

    v->n++;
    v->was_current = sluice_loop_is_current(v->loop);
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    v->sigpipe_was_blocked = sigismember(&blocked, SIGPIPE) == 1;
    v->thread = uv_thread_self();
}

static void
a_call_runs_on_the_loops_thread_and_returns_afterwards(void **state)
{
    struct visit v = { .loop = sluice_loop_thread_loop(*state) };
    uv_thread_t self = uv_thread_self();

    assert_int_equal(sluice_loop_call(v.loop, visit, &v), SLUICE_OK);
    assert_int_equal(v.n, 1);
    assert_true(v.was_current);
    assert_false(uv_thread_equal(&v.thread, &self));
    assert_false(sluice_loop_is_current(v.loop));
}

static void
sigpipe_is_blocked_on_the_thread_of_a_loop(void **state)
{
    struct visit v = { .loop = sluice_loop_thread_loop(*state) };

    assert_int_equal(sluice_loop_call(v.loop, visit, &v), SLUICE_OK);
    assert_true(v.sigpipe_was_blocked);
}

static void
visit_again(void *arg)
{
    struct visit *v = arg;

    v->err = sluice_loop_call(v->loop, visit, v);
}

static void
a_call_on_the_loops_thread_itself_is_refused(void **state)
{
    struct visit v = { .loop = sluice_loop_thread_loop(*state) };

    assert_int_equal(sluice_loop_call(v.loop, visit_again, &v), SLUICE_OK);
    assert_int_equal(v.err, SLUICE_ETHREAD);
    assert_int_equal(v.n, 0);
}

#define CALLERS 8u
#define CALLS 200u

static void
call_often(void *arg)
{
    struct visit *v = arg;
    unsigned i;

    for (i = 0; i < CALLS; i++) {
        v->err = sluice_loop_call(v->loop, visit, v);
        assert(v->err == SLUICE_OK);
    }
}

static void
many_threads_may_call_at_once(void **state)
{
    struct visit visits[CALLERS] = { 0 };
    uv_thread_t threads[CALLERS];
    unsigned i;

    for (i = 0; i < CALLERS; i++) {
        visits[i].loop = sluice_loop_thread_loop(*state);
        assert_int_equal(uv_thread_create(&threads[i], call_often, &visits[i]),
            0);
    }
    for (i = 0; i < CALLERS; i++) {
        uv_thread_join(&threads[i]);
        assert_int_equal(visits[i].n, CALLS);
    }
}

static void
call_once(void *arg)
{
    struct visit *v = arg;

    v->err = sluice_loop_call(v->loop, visit, v);
}

static void
stay(uv_idle_t *handle)
{
    (void)handle; /* a loop with nothing to do would not turn at all */
}

/* Whoever made the loop counts as its thread until it turns. */
static void
a_call_waits_until_the_loop_runs(void **state)
{
    struct visit v = { 0 };
    uv_thread_t thread;
    uv_idle_t idle;
    uv_loop_t uv;

    (void)state;
    assert_int_equal(uv_loop_init(&uv), 0);
    uv_idle_init(&uv, &idle);
    uv_idle_start(&idle, stay);
    v.loop = sluice_loop_new(&uv);
    assert_int_equal(uv_thread_create(&thread, call_once, &v), 0);
    while (v.n == 0)
        uv_run(&uv, UV_RUN_NOWAIT);
    uv_thread_join(&thread);
    assert_int_equal(v.err, SLUICE_OK);
    uv_close((uv_handle_t *)&idle, NULL);
    sluice_loop_close(&v.loop, NULL, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&uv), 0);
}

struct chain {
    struct sluice_task task;
    struct sluice_timer timer;
    struct sluice_loop *loop;
    unsigned left;
    atomic_uint n;
};

static void
on_timer(struct sluice_timer *timer)
{
    struct chain *c = RPC_CONTAINER_OF(timer, struct chain, timer);

    atomic_fetch_add(&c->n, 1);
}

static void
on_link(struct sluice_task *task)
{
    struct chain *c = RPC_CONTAINER_OF(task, struct chain, task);

    atomic_fetch_add(&c->n, 1);
    if (--c->left > 0)
        sluice_loop_defer(c->loop, task);
    else
        sluice_timer_start(c->loop, &c->timer, sluice_loop_now(c->loop));
}

static void
begin_chain(void *arg)
{
    struct chain *c = arg;

    sluice_loop_defer(c->loop, &c->task);
}

static void
a_loops_thread_ends_when_what_runs_there_has_ended(void **state)
{
    struct sluice_loop_thread *t;
    struct chain c = { .task = { .run = on_link }, .left = 100 };

    (void)state;
    assert_int_equal(sluice_loop_thread_new(&t), SLUICE_OK);
    c.timer.expire = on_timer;
    c.loop = sluice_loop_thread_loop(t);
    assert_int_equal(sluice_loop_call(c.loop, begin_chain, &c), SLUICE_OK);
    sluice_loop_thread_free(&t);
    assert_int_equal(atomic_load(&c.n), 101);
}

static void
freeing_no_thread_does_nothing(void **state)
{
    struct sluice_loop_thread *t = NULL;
    struct sluice_thread_pool *pool = NULL;

    (void)state;
    sluice_loop_thread_free(&t);
    sluice_thread_pool_free(&pool);
}

/* ---- The pool -------------------------------------------------------------------- */

struct job {
    struct sluice_work work;
    struct line *line;
    unsigned number;
    unsigned left; /* submissions of itself to come */
};

struct line {
    struct sluice_thread_pool *pool;
    uv_mutex_t lock;
    unsigned order[64]; /* what ran */
    unsigned n_ran;
    atomic_uint n_meeting;
    uv_barrier_t meeting;
};

static void
open_line(struct line *line, unsigned n_threads)
{
    memset(line, 0, sizeof(*line));
    assert_int_equal(uv_mutex_init(&line->lock), 0);
    assert_int_equal(sluice_thread_pool_new(n_threads, &line->pool), SLUICE_OK);
}

static void
close_line(struct line *line)
{
    sluice_thread_pool_free(&line->pool);
    assert_null(line->pool);
    uv_mutex_destroy(&line->lock);
}

static void
run_job(struct sluice_work *work)
{
    struct job *j = RPC_CONTAINER_OF(work, struct job, work);
    struct line *line = j->line;

    uv_mutex_lock(&line->lock);
    line->order[line->n_ran++ % 64] = j->number;
    uv_mutex_unlock(&line->lock);
    if (j->left > 0) {
        j->left--;
        sluice_thread_pool_submit(line->pool, work); /* ours again already */
    }
}

static void
work_runs_in_order_of_submission(void **state)
{
    struct job jobs[64] = { 0 };
    struct line line;
    unsigned i;

    (void)state;
    open_line(&line, 1);
    for (i = 0; i < 64; i++) {
        jobs[i] = (struct job){ { .run = run_job }, &line, i, 0 };
        sluice_thread_pool_submit(line.pool, &jobs[i].work);
    }
    close_line(&line);
    assert_int_equal(line.n_ran, 64);
    for (i = 0; i < 64; i++)
        assert_int_equal(line.order[i], i);
}

static void
a_pool_that_is_freed_runs_what_was_submitted_first(void **state)
{
    struct line line;
    struct job j = { { .run = run_job }, &line, 7, 500 };

    (void)state;
    open_line(&line, 3);
    sluice_thread_pool_submit(line.pool, &j.work);
    close_line(&line);
    assert_int_equal(line.n_ran, 501);
}

static void
meet(struct sluice_work *work)
{
    struct job *j = RPC_CONTAINER_OF(work, struct job, work);

    uv_barrier_wait(&j->line->meeting);
    atomic_fetch_add(&j->line->n_meeting, 1);
}

/* Nobody gets past the barrier before all threads are there. */
static void
as_many_run_at_once_as_there_are_threads(void **state)
{
    struct job jobs[16] = { 0 };
    struct line line;
    unsigned i;

    (void)state;
    open_line(&line, 16);
    assert_int_equal(sluice_thread_pool_size(line.pool), 16);
    assert_int_equal(uv_barrier_init(&line.meeting, 16), 0);
    for (i = 0; i < 16; i++) {
        jobs[i] = (struct job){ { .run = meet }, &line, i, 0 };
        sluice_thread_pool_submit(line.pool, &jobs[i].work);
    }
    close_line(&line);
    assert_int_equal(atomic_load(&line.n_meeting), 16);
    uv_barrier_destroy(&line.meeting);
}

static void
submit_often(void *arg)
{
    struct job *jobs = arg;
    unsigned i;

    for (i = 0; i < CALLS; i++)
        sluice_thread_pool_submit(jobs[i].line->pool, &jobs[i].work);
}

static void
any_thread_may_submit(void **state)
{
    struct job *jobs = calloc((size_t)CALLERS * CALLS, sizeof(*jobs));
    uv_thread_t threads[CALLERS];
    struct line line;
    unsigned i;

    (void)state;
    assert_non_null(jobs);
    open_line(&line, 4);
    for (i = 0; i < CALLERS * CALLS; i++)
        jobs[i] = (struct job){ { .run = run_job }, &line, i, 1 };
    for (i = 0; i < CALLERS; i++)
        assert_int_equal(uv_thread_create(&threads[i], submit_often,
                             &jobs[(size_t)i * CALLS]),
            0);
    for (i = 0; i < CALLERS; i++)
        uv_thread_join(&threads[i]);
    close_line(&line);
    assert_int_equal(line.n_ran, 2 * CALLERS * CALLS);
    free(jobs);
}

static void
a_pool_has_between_1_and_1024_threads(void **state)
{
    struct sluice_thread_pool *pool = (void *)1;

    (void)state;
    assert_int_equal(sluice_thread_pool_new(0, &pool), SLUICE_EINVAL);
    assert_null(pool);
    assert_int_equal(sluice_thread_pool_new(1025, &pool), SLUICE_EINVAL);
    assert_null(pool);
    assert_int_equal(sluice_thread_pool_new(1, &pool), SLUICE_OK);
    assert_int_equal(sluice_thread_pool_size(pool), 1);
    sluice_thread_pool_free(&pool);
}

#define THREAD_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_thread, close_thread)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREAD_TEST(a_call_runs_on_the_loops_thread_and_returns_afterwards),
        THREAD_TEST(sigpipe_is_blocked_on_the_thread_of_a_loop),
        THREAD_TEST(a_call_on_the_loops_thread_itself_is_refused),
        THREAD_TEST(many_threads_may_call_at_once),
        cmocka_unit_test(a_call_waits_until_the_loop_runs),
        cmocka_unit_test(a_loops_thread_ends_when_what_runs_there_has_ended),
        cmocka_unit_test(freeing_no_thread_does_nothing),
        cmocka_unit_test(work_runs_in_order_of_submission),
        cmocka_unit_test(a_pool_that_is_freed_runs_what_was_submitted_first),
        cmocka_unit_test(as_many_run_at_once_as_there_are_threads),
        cmocka_unit_test(any_thread_may_submit),
        cmocka_unit_test(a_pool_has_between_1_and_1024_threads),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
