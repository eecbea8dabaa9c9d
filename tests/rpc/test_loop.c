/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_loop.c - tasks, timers and the door, on a real libuv loop;
 * and the wheel below the timers, with a clock of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <uv.h>

#include <sluice/loop.h>

#include "rpc/pool.h"
#include "rpc/wheel.h"

struct rig {
    uv_loop_t uv;
    struct sluice_loop *loop;
    char order[512]; /* what ran, in order */
};

static int
setup(void **state)
{
    struct rig *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    assert_int_equal(uv_loop_init(&r->uv), 0);
    r->loop = sluice_loop_new(&r->uv);
    assert_non_null(r->loop);
    *state = r;
    return 0;
}

static void
set_flag(void *arg)
{
    *(bool *)arg = true;
}

static int
teardown(void **state)
{
    struct rig *r = *state;
    bool closed = false;

    sluice_loop_close(&r->loop, set_flag, &closed);
    assert_null(r->loop);
    assert_false(closed);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_true(closed);
    assert_int_equal(uv_loop_close(&r->uv), 0);
    free(r);
    return 0;
}

static void
append(char *order, char name)
{
    size_t len = strlen(order);

    order[len] = name;
    order[len + 1] = '\0';
}

/* --------------------------------------------------------------- tasks */

struct job {
    struct sluice_task task;
    struct rig *r;
    char name;
    struct job *next;      /* deferred by this one */
    struct job *next_late; /* the same, late */
    struct job *cancels;
};

static void
do_job(struct sluice_task *task)
{
    struct job *j = (struct job *)task;

    assert_false(sluice_task_is_queued(task));
    append(j->r->order, j->name);
    if (j->next != NULL)
        sluice_loop_defer(j->r->loop, &j->next->task);
    if (j->next_late != NULL)
        sluice_loop_defer_late(j->r->loop, &j->next_late->task);
    if (j->cancels != NULL)
        sluice_task_cancel(&j->cancels->task);
}

static struct job
job(struct rig *r, char name)
{
    struct job j = { .task = { .run = do_job }, .r = r, .name = name };

    return j;
}

static void
deferred_tasks_run_later_in_order(void **state)
{
    struct rig *r = *state;
    struct job a = job(r, 'a'), b = job(r, 'b');

    sluice_loop_defer(r->loop, &a.task);
    sluice_loop_defer(r->loop, &b.task);
    sluice_loop_defer(r->loop, &a.task); /* stays where it is */
    assert_true(sluice_task_is_queued(&a.task));
    assert_string_equal(r->order, "");
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "ab");
}

static void
late_tasks_run_after_all_deferred_ones(void **state)
{
    struct rig *r = *state;
    struct job a = job(r, 'a'), b = job(r, 'b'), c = job(r, 'c');
    struct job z = job(r, 'z'), d = job(r, 'd'), y = job(r, 'y');

    sluice_loop_defer_late(r->loop, &z.task);
    sluice_loop_defer(r->loop, &a.task);
    a.next = &b;
    b.next = &c;
    z.next = &d; /* a late task's deferred ones run still in this turn */
    z.next_late = &y;
    uv_run(&r->uv, UV_RUN_NOWAIT);
    assert_string_equal(r->order, "abczdy");
}

static void
a_cancelled_task_does_not_run(void **state)
{
    struct rig *r = *state;
    struct job a = job(r, 'a'), b = job(r, 'b'), c = job(r, 'c');

    sluice_task_cancel(&a.task);
    sluice_loop_defer(r->loop, &a.task);
    sluice_loop_defer(r->loop, &b.task);
    sluice_loop_defer(r->loop, &c.task);
    sluice_task_cancel(&a.task);
    assert_false(sluice_task_is_queued(&a.task));
    b.cancels = &c; /* in the round that runs already */
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "b");
}

static void
count_poll(uv_idle_t *handle)
{
    ++*(int *)handle->data;
}

struct endless {
    struct sluice_task task;
    struct sluice_loop *loop;
    int runs;
};

static void
run_for_ever(struct sluice_task *task)
{
    struct endless *e = (struct endless *)task;

    e->runs++;
    if (e->runs < 1000)
        sluice_loop_defer(e->loop, task);
}

static void
tasks_that_breed_let_libuv_have_its_turn(void **state)
{
    struct rig *r = *state;
    struct endless e = { { .run = run_for_ever }, r->loop, 0 };
    struct job late = job(r, 'l');
    uv_idle_t idle;
    int turns = 0;

    idle.data = &turns;
    uv_idle_init(&r->uv, &idle);
    uv_idle_start(&idle, count_poll);
    sluice_loop_defer(r->loop, &e.task);
    sluice_loop_defer_late(r->loop, &late.task);
    uv_run(&r->uv, UV_RUN_NOWAIT);
    assert_true(e.runs < 1000);
    assert_string_equal(r->order, "l"); /* output is not held back */
    uv_idle_stop(&idle);
    uv_close((uv_handle_t *)&idle, NULL);
    uv_run(&r->uv, UV_RUN_DEFAULT); /* would sleep for ever if not busy */
    assert_int_equal(e.runs, 1000);
}

static void
an_idle_loop_keeps_libuv_from_nothing(void **state)
{
    struct rig *r = *state;

    assert_int_equal(uv_run(&r->uv, UV_RUN_DEFAULT), 0);
    assert_false(uv_loop_alive(&r->uv));
}

/* -------------------------------------------------------------- timers */

struct alarm {
    struct sluice_timer timer;
    struct rig *r;
    char name;
    unsigned expired;
    uint64_t due;
    struct alarm *stops;
    struct alarm *starts;
};

static void
on_alarm(struct sluice_timer *timer)
{
    struct alarm *a = (struct alarm *)timer;

    assert_false(sluice_timer_is_running(timer));
    assert_true(sluice_loop_now(a->r->loop) >= a->due);
    a->expired++;
    append(a->r->order, a->name);
    if (a->stops != NULL)
        sluice_timer_stop(a->r->loop, &a->stops->timer);
    if (a->starts != NULL)
        sluice_timer_start(a->r->loop, &a->starts->timer, a->starts->due);
}

static struct alarm
alarm_in(struct rig *r, char name, int64_t ms)
{
    struct alarm a = { .timer = { .expire = on_alarm }, .r = r, .name = name };

    a.due = sluice_loop_now(r->loop) + (uint64_t)(ms * SLUICE_MS);
    return a;
}

static void
start(struct alarm *a)
{
    sluice_timer_start(a->r->loop, &a->timer, a->due);
    assert_true(sluice_timer_is_running(&a->timer));
}

static void
timers_expire_in_the_order_they_are_due(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 7), b = alarm_in(r, 'b', 2);
    struct alarm c = alarm_in(r, 'c', 4);

    start(&a);
    start(&b);
    start(&c);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "bca");
    assert_int_equal(a.expired + b.expired + c.expired, 3);
}

static void
a_timer_due_in_the_past_expires_later_all_the_same(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 0), b = alarm_in(r, 'b', 0);

    a.due = 0;
    start(&a);
    start(&b);
    assert_int_equal(a.expired, 0);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "ab");
}

static void
a_stopped_timer_does_not_expire(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 1), b = alarm_in(r, 'b', 3);

    start(&a);
    start(&b);
    sluice_timer_stop(r->loop, &a.timer);
    assert_false(sluice_timer_is_running(&a.timer));
    sluice_timer_stop(r->loop, &a.timer);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "b");
}

static void
starting_a_running_timer_moves_it(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 1), b = alarm_in(r, 'b', 3);

    start(&a);
    start(&b);
    a.due = b.due + (uint64_t)(3 * SLUICE_MS);
    start(&a);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "ba");
    assert_int_equal(a.expired, 1);
}

static void
an_earlier_timer_is_not_late_because_of_a_later_one(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 3000000), b = alarm_in(r, 'b', 1);

    start(&a);
    uv_run(&r->uv, UV_RUN_NOWAIT);
    start(&b);
    while (b.expired == 0)
        uv_run(&r->uv, UV_RUN_ONCE);
    sluice_timer_stop(r->loop, &a.timer);
}

static void
timers_may_stop_and_start_one_another(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 1), b = alarm_in(r, 'b', 1);
    struct alarm c = alarm_in(r, 'c', 2);

    b.due = a.due;
    a.stops = &b; /* due at the same moment */
    a.starts = &c;
    start(&a);
    start(&b);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "ac");
}

static void
a_running_timer_keeps_libuv_going_and_a_stopped_one_does_not(void **state)
{
    struct rig *r = *state;
    struct alarm a = alarm_in(r, 'a', 3000000);

    start(&a);
    assert_true(uv_loop_alive(&r->uv));
    sluice_timer_stop(r->loop, &a.timer);
    assert_false(uv_loop_alive(&r->uv));
}

static void
the_clock_never_goes_back(void **state)
{
    struct rig *r = *state;
    uint64_t before = 0, now;
    int i;

    for (i = 0; i < 100; i++) {
        now = sluice_loop_now(r->loop);
        assert_true(now >= before);
        before = now;
        uv_run(&r->uv, UV_RUN_NOWAIT);
    }
}

/* --------------------------------------------------------------- wheel */

#define TIMERS 2000u

struct trial {
    struct rpc_wheel wheel;
    struct sluice_timer timers[TIMERS];
    uint64_t due[TIMERS]; /* as started, in ticks */
    uint64_t now;
    unsigned expired;
};

static struct trial *trial; /* of the test that runs; timers have no arg */

static void
on_trial(struct sluice_timer *timer)
{
    size_t i = (size_t)(timer - trial->timers);

    assert_true(trial->due[i] <= trial->now);
    assert_int_not_equal(trial->due[i], 0);
    trial->due[i] = 0;
    trial->expired++;
}

static void
start_trial(size_t i, uint64_t ticks)
{
    trial->due[i] = trial->now + ticks;
    trial->timers[i].expire = on_trial;
    trial->timers[i].due_ns = trial->due[i] * 1000000;
    assert_int_equal(rpc_wheel_start(&trial->wheel, &trial->timers[i]),
        trial->due[i]);
}

static uint64_t
earliest_due(void)
{
    uint64_t earliest = RPC_WHEEL_NEVER;
    size_t i;

    for (i = 0; i < TIMERS; i++) {
        if (trial->due[i] != 0 && trial->due[i] < earliest)
            earliest = trial->due[i];
    }
    return earliest;
}

/* Whatever the distances, every timer expires at its tick: when time goes
 * from one tick rpc_wheel_next() names to the next, nothing is overslept. */
static void
the_wheel_expires_all_at_their_tick(void **state)
{
    unsigned seed = 12345;
    size_t i, stopped = 0;

    (void)state;
    trial = calloc(1, sizeof(*trial));
    assert_non_null(trial);
    trial->now = 987654321;
    rpc_wheel_init(&trial->wheel, trial->now);
    for (i = 0; i < TIMERS; i++)
        start_trial(i, 1 + ((uint64_t)rand_r(&seed) >> (rand_r(&seed) % 31)));
    for (i = 0; i < TIMERS; i += 7) {
        rpc_wheel_stop(&trial->wheel, &trial->timers[i]);
        trial->due[i] = 0;
        stopped++;
    }
    while (rpc_wheel_next(&trial->wheel) != RPC_WHEEL_NEVER) {
        uint64_t next = rpc_wheel_next(&trial->wheel);

        assert_true(next >= trial->now);
        assert_true(next <= earliest_due());
        trial->now = next;
        rpc_wheel_advance(&trial->wheel, trial->now);
        assert_true(earliest_due() > trial->now);
    }
    assert_int_equal(trial->expired + stopped, TIMERS);
    assert_int_equal(trial->wheel.count, 0);
    free(trial);
}

static void
the_wheel_catches_up_after_a_long_sleep(void **state)
{
    size_t i;

    (void)state;
    trial = calloc(1, sizeof(*trial));
    assert_non_null(trial);
    trial->now = 63;
    rpc_wheel_init(&trial->wheel, trial->now);
    for (i = 0; i < TIMERS; i++)
        start_trial(i, 1 + i * i);
    trial->now = 10000000;
    rpc_wheel_advance(&trial->wheel, trial->now);
    assert_int_equal(trial->expired, TIMERS);
    assert_int_equal(rpc_wheel_next(&trial->wheel), RPC_WHEEL_NEVER);
    free(trial);
}

static void
a_wheel_forgets_what_was_stopped(void **state)
{
    (void)state;
    trial = calloc(1, sizeof(*trial));
    assert_non_null(trial);
    rpc_wheel_init(&trial->wheel, 0);
    start_trial(0, 3);
    start_trial(1, 3);
    start_trial(2, 5000);
    rpc_wheel_stop(&trial->wheel, &trial->timers[0]);
    assert_int_equal(rpc_wheel_next(&trial->wheel), 3);
    rpc_wheel_stop(&trial->wheel, &trial->timers[1]);
    assert_true(rpc_wheel_next(&trial->wheel) > 3);
    rpc_wheel_stop(&trial->wheel, &trial->timers[2]);
    assert_true(rpc_wheel_next(&trial->wheel) == RPC_WHEEL_NEVER);
    free(trial);
}

static void
again(struct sluice_timer *timer)
{
    trial->expired++;
    timer->due_ns = 0;
    rpc_wheel_start(&trial->wheel, timer);
}

static void
a_timer_that_starts_itself_expires_once_per_advance(void **state)
{
    uint64_t tick;

    (void)state;
    trial = calloc(1, sizeof(*trial));
    assert_non_null(trial);
    rpc_wheel_init(&trial->wheel, 100);
    trial->timers[0].expire = again;
    rpc_wheel_start(&trial->wheel, &trial->timers[0]);
    for (tick = 101; tick < 400; tick += 9)
        rpc_wheel_advance(&trial->wheel, tick);
    assert_int_equal(trial->expired, 34);
    rpc_wheel_stop(&trial->wheel, &trial->timers[0]);
    free(trial);
}

static void
the_wheel_reaches_the_end_of_time(void **state)
{
    (void)state;
    trial = calloc(1, sizeof(*trial));
    assert_non_null(trial);
    rpc_wheel_init(&trial->wheel, 5);
    trial->timers[0].expire = on_trial;
    trial->timers[0].due_ns = UINT64_MAX;
    trial->due[0] = rpc_wheel_start(&trial->wheel, &trial->timers[0]);
    assert_int_equal(trial->due[0], UINT64_MAX / 1000000 + 1);
    trial->now = UINT64_MAX / 1000000;
    rpc_wheel_advance(&trial->wheel, trial->now);
    assert_int_equal(trial->expired, 0);
    trial->now++;
    rpc_wheel_advance(&trial->wheel, trial->now);
    assert_int_equal(trial->expired, 1);
    free(trial);
}

/* ------------------------------------------------------------ the door */

#define POSTS 200
#define THREADS 4

struct poster {
    uv_thread_t thread;
    struct rig *r;
    struct parcel {
        struct sluice_task task;
        struct poster *from;
        int number;
    } parcels[POSTS];
    int next;  /* expected */
    int *left; /* of all threads */
};

static void
receive(struct sluice_task *task)
{
    struct parcel *p = (struct parcel *)task;

    assert_true(sluice_loop_is_current(p->from->r->loop));
    assert_int_equal(p->number, p->from->next);
    p->from->next++;
    --*p->from->left;
}

static void
post_all(void *arg)
{
    struct poster *p = arg;
    int i;

    if (sluice_loop_is_current(p->r->loop))
        abort();
    for (i = 0; i < POSTS; i++) {
        p->parcels[i].task.run = receive;
        p->parcels[i].from = p;
        p->parcels[i].number = i;
        sluice_loop_post(p->r->loop, &p->parcels[i].task);
    }
}

static void
what_threads_post_runs_on_the_loop_in_each_ones_order(void **state)
{
    struct rig *r = *state;
    struct poster *posters = calloc(THREADS, sizeof(*posters));
    int i, left = THREADS * POSTS;

    assert_non_null(posters);
    for (i = 0; i < THREADS; i++) {
        posters[i].r = r;
        posters[i].left = &left;
        assert_int_equal(uv_thread_create(&posters[i].thread, post_all,
                             &posters[i]),
            0);
    }
    {
        struct alarm a = alarm_in(r, 'a', 3000000);

        start(&a); /* the door alone keeps nothing going */
        while (left > 0)
            uv_run(&r->uv, UV_RUN_ONCE);
        sluice_timer_stop(r->loop, &a.timer);
    }
    for (i = 0; i < THREADS; i++)
        uv_thread_join(&posters[i].thread);
    free(posters);
}

static void
the_loops_own_thread_may_post(void **state)
{
    struct rig *r = *state;
    struct job a = job(r, 'a'), b = job(r, 'b');
    struct alarm stay = alarm_in(r, 's', 3000000);

    start(&stay);
    sluice_loop_post(r->loop, &a.task);
    sluice_loop_post(r->loop, &b.task);
    while (strlen(r->order) < 2)
        uv_run(&r->uv, UV_RUN_ONCE);
    assert_string_equal(r->order, "ab");
    sluice_timer_stop(r->loop, &stay.timer);
}

/* The task of a post may close the loop while the poster is still inside. */
struct farewell {
    struct sluice_task task;
    uv_loop_t uv;
    struct sluice_loop *loop;
};

static void
close_loop(struct sluice_task *task)
{
    struct farewell *f = (struct farewell *)task;

    sluice_loop_close(&f->loop, NULL, NULL);
}

static void
post_farewell(void *arg)
{
    struct farewell *f = arg;

    sluice_loop_post(f->loop, &f->task);
}

static void
keep_going(uv_idle_t *handle)
{
    struct farewell *f = handle->data;

    if (f->loop == NULL)
        uv_close((uv_handle_t *)handle, NULL);
}

static void
a_posted_task_may_close_the_loop(void **state)
{
    struct farewell f;
    uv_thread_t thread;
    uv_idle_t idle;
    int round;

    (void)state;
    for (round = 0; round < 50; round++) {
        memset(&f, 0, sizeof(f));
        f.task.run = close_loop;
        assert_int_equal(uv_loop_init(&f.uv), 0);
        f.loop = sluice_loop_new(&f.uv);
        idle.data = &f;
        uv_idle_init(&f.uv, &idle);
        uv_idle_start(&idle, keep_going);
        assert_int_equal(uv_thread_create(&thread, post_farewell, &f), 0);
        uv_run(&f.uv, UV_RUN_DEFAULT);
        uv_thread_join(&thread);
        assert_int_equal(uv_loop_close(&f.uv), 0);
    }
}

/* A thread may have come to the door just before it was shut. */
struct latecomer {
    struct rig *r;
    struct job *first;
    struct job *second;
};

static void
come_late(void *arg)
{
    struct latecomer *l = arg;

    sluice_loop_post(l->r->loop, &l->first->task);
    sluice_loop_post(l->r->loop, &l->second->task);
}

static void
what_was_posted_before_the_close_runs_in_it(void **state)
{
    struct rig *r = *state;
    struct job a = job(r, 'a'), b = job(r, 'b'), c = job(r, 'c');
    struct latecomer l = { r, &a, &b };
    uv_thread_t thread;

    b.next_late = &c;
    assert_int_equal(uv_thread_create(&thread, come_late, &l), 0);
    uv_thread_join(&thread);
    sluice_loop_close(&r->loop, NULL, NULL);
    assert_string_equal(r->order, "abc");
    uv_run(&r->uv, UV_RUN_DEFAULT);
    r->loop = sluice_loop_new(&r->uv);
}

/* Closes the loop from the midst of a round of tasks. */
struct closer {
    struct sluice_task task;
    struct rig *r;
};

static void
close_amid(struct sluice_task *task)
{
    struct rig *r = ((struct closer *)task)->r;

    sluice_loop_close(&r->loop, NULL, NULL);
    append(r->order, '|');
}

static void
what_is_queued_behind_the_close_runs_in_it(void **state)
{
    struct rig *r = *state;
    struct job a = job(r, 'a'), b = job(r, 'b'), c = job(r, 'c');
    struct closer closer = { .task = { .run = close_amid }, .r = r };

    b.next = &c;
    sluice_loop_defer(r->loop, &a.task);
    sluice_loop_defer(r->loop, &closer.task);
    sluice_loop_defer(r->loop, &b.task);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_string_equal(r->order, "abc|");
    r->loop = sluice_loop_new(&r->uv);
}

/* A loop made here may be run by another thread, which then owns its pool. */
struct worker {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_task task;
    struct sluice_bytes *made;
};

static void
work(struct sluice_task *task)
{
    struct worker *w =
        (struct worker *)((char *)task - offsetof(struct worker, task));

    assert_true(sluice_loop_is_current(w->loop));
    sluice_bytes_unref(&w->made);
    w->made = sluice_bytes_copy(sluice_loop_pool(w->loop), "new", 3);
    sluice_loop_close(&w->loop, NULL, NULL);
}

static void
run_worker(void *arg)
{
    struct worker *w = arg;

    uv_run(&w->uv, UV_RUN_DEFAULT);
}

static void
a_loop_belongs_to_the_thread_that_runs_it(void **state)
{
    struct worker w = { .task = { .run = work } };
    uv_thread_t thread;

    (void)state;
    assert_int_equal(uv_loop_init(&w.uv), 0);
    w.loop = sluice_loop_new(&w.uv);
    assert_ptr_equal(sluice_loop_uv(w.loop), &w.uv);
    assert_true(sluice_loop_is_current(w.loop));
    w.made = sluice_bytes_copy(sluice_loop_pool(w.loop), "old", 3);
    sluice_loop_defer(w.loop, &w.task);
    assert_int_equal(uv_thread_create(&thread, run_worker, &w), 0);
    uv_thread_join(&thread);
    sluice_bytes_unref(&w.made);
    assert_int_equal(uv_loop_close(&w.uv), 0);
}

/* ------------------------------------------------------ large storage */

/* What a loop does in its own time it does now. */
static void
hurry(uv_handle_t *handle, void *arg)
{
    uv_timer_t *timer = (uv_timer_t *)handle;

    (void)arg;
    if (handle->type == UV_TIMER && uv_is_active(handle) && !uv_has_ref(handle))
        uv_timer_start(timer, timer->timer_cb, 0, 0);
}

static void
hurry_until_it_is_gone(uv_timer_t *timer)
{
    struct rig *r = timer->data;

    uv_walk(&r->uv, hurry, NULL);
    if (!rpc_pool_wants_sweep(sluice_loop_pool(r->loop)))
        uv_close((uv_handle_t *)timer, NULL);
}

static void
large_storage_that_nobody_wants_goes_back(void **state)
{
    struct rig *r = *state;
    struct sluice_pool *pool = sluice_loop_pool(r->loop);
    uv_timer_t often;

    sluice_pool_give(pool, sluice_pool_take(pool, 1000000), 1000000);
    assert_int_equal(rpc_pool_wants_sweep(pool), RPC_POOL_KEEPS);
    uv_timer_init(&r->uv, &often);
    often.data = r;
    uv_timer_start(&often, hurry_until_it_is_gone, 0, 1);
    uv_run(&r->uv, UV_RUN_DEFAULT);
    assert_false(rpc_pool_wants_sweep(pool));
}

static void
large_storage_keeps_no_loop_from_ending(void **state)
{
    struct rig *r = *state;
    struct sluice_pool *pool = sluice_loop_pool(r->loop);
    struct job a = { { .run = do_job }, r, 'a', NULL, NULL, NULL };

    sluice_pool_give(pool, sluice_pool_take(pool, 1000000), 1000000);
    sluice_loop_defer(r->loop, &a.task);
    assert_int_equal(uv_run(&r->uv, UV_RUN_DEFAULT), 0);
    assert_int_equal(rpc_pool_wants_sweep(pool), RPC_POOL_KEEPS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deferred_tasks_run_later_in_order),
        TEST(late_tasks_run_after_all_deferred_ones),
        TEST(a_cancelled_task_does_not_run),
        TEST(tasks_that_breed_let_libuv_have_its_turn),
        TEST(an_idle_loop_keeps_libuv_from_nothing),
        TEST(timers_expire_in_the_order_they_are_due),
        TEST(a_timer_due_in_the_past_expires_later_all_the_same),
        TEST(a_stopped_timer_does_not_expire),
        TEST(starting_a_running_timer_moves_it),
        TEST(an_earlier_timer_is_not_late_because_of_a_later_one),
        TEST(timers_may_stop_and_start_one_another),
        TEST(a_running_timer_keeps_libuv_going_and_a_stopped_one_does_not),
        TEST(the_clock_never_goes_back),
        cmocka_unit_test(the_wheel_expires_all_at_their_tick),
        cmocka_unit_test(the_wheel_catches_up_after_a_long_sleep),
        cmocka_unit_test(a_wheel_forgets_what_was_stopped),
        cmocka_unit_test(a_timer_that_starts_itself_expires_once_per_advance),
        cmocka_unit_test(the_wheel_reaches_the_end_of_time),
        TEST(what_threads_post_runs_on_the_loop_in_each_ones_order),
        TEST(the_loops_own_thread_may_post),
        cmocka_unit_test(a_posted_task_may_close_the_loop),
        TEST(what_was_posted_before_the_close_runs_in_it),
        TEST(what_is_queued_behind_the_close_runs_in_it),
        cmocka_unit_test(a_loop_belongs_to_the_thread_that_runs_it),
        TEST(large_storage_that_nobody_wants_goes_back),
        TEST(large_storage_keeps_no_loop_from_ending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
