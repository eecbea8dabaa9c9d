/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/loop.c - deferred work, timers and the door, on a libuv loop.
 *
 * libuv calls, in each turn: timers, idle, prepare, then it sleeps in poll,
 * then check. Deferred tasks run in check, for what input and posts caused,
 * and in prepare, for what timers caused; late tasks in prepare, last of all.
 *
 * Our handles are unreferenced, except while there is something to do: the
 * idle handle runs exactly while a task is queued, which also keeps poll from
 * sleeping when a run of tasks was cut short; the clock counts while a timer
 * runs. libuv runs no timer within on_prepare, and computes how long to sleep
 * after it: so what is started there is in time.
 */
#include <sluice/loop.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <uv.h>

#include "rpc/check.h"
#include "rpc/pool.h"
#include "rpc/wheel.h"

#define LOOP_MAGIC 0x6c6f6f70u
#define NS_PER_TICK 1000000u

/* How long large storage that nobody wants is kept: up to twice this. */
#define SWEEP_MS 2000u

/* How often tasks may queue further tasks before libuv gets its turn. */
#define MAX_ROUNDS 32u

struct sluice_loop {
    unsigned magic;
    _Atomic(const void *) thread;
    bool has_turned;
    bool is_busy; /* the idle handle runs */
    bool is_now_stale;
    uint64_t now;
    struct uv_loop_s *uv;
    struct sluice_pool *pool;

    struct sluice_task deferred; /* heads of circular lists */
    struct sluice_task late;
    struct sluice_task round; /* what is being run, and left of it */

    struct rpc_wheel wheel;
    uint64_t armed_tick; /* what the clock is set to */

    _Atomic(struct sluice_task *) posted; /* newest first */
    atomic_uint posting; /* threads inside sluice_loop_post() */

    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t clock;
    uv_timer_t sweep;
    bool is_sweeping; /* the timer runs */
    uv_async_t door;
    unsigned open_handles;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* ------------------------------------------------------------- tasks */

static void
list_init(struct sluice_task *head)
{
    head->next = head;
    head->prev = head;
}

static bool
list_is_empty(const struct sluice_task *head)
{
    return head->next == head;
}

static void
list_append(struct sluice_task *head, struct sluice_task *task)
{
    task->next = head;
    task->prev = head->prev;
    head->prev->next = task;
    head->prev = task;
}

static void
on_idle(uv_idle_t *handle)
{
    (void)handle; /* that it runs is all */
}

static void
queue(struct sluice_loop *loop, struct sluice_task *head,
    struct sluice_task *task)
{
    int err;

    RPC_CHECK(loop, LOOP_MAGIC);
    assert(task->run != NULL);
    if (task->next != NULL)
        return;
    list_append(head, task);
    if (!loop->is_busy) {
        loop->is_busy = true;
        err = uv_idle_start(&loop->idle, on_idle);
        assert(err == 0);
    }
}

void
sluice_loop_defer(struct sluice_loop *loop, struct sluice_task *task)
{
    queue(loop, &loop->deferred, task);
}

void
sluice_loop_defer_late(struct sluice_loop *loop, struct sluice_task *task)
{
    queue(loop, &loop->late, task);
}

void
sluice_task_cancel(struct sluice_task *task)
{
    if (task->next == NULL)
        return;
    task->prev->next = task->next;
    task->next->prev = task->prev;
    task->next = NULL;
    task->prev = NULL;
}

bool
sluice_task_is_queued(const struct sluice_task *task)
{
    return task->next != NULL;
}

static void
finish_round(struct sluice_loop *loop)
{
    struct sluice_task *task;

    while (!list_is_empty(&loop->round)) {
        task = loop->round.next;
        sluice_task_cancel(task);
        task->run(task);
    }
}

/* Runs what is queued now. What these tasks queue waits for the next round. */
static void
run_round(struct sluice_loop *loop, struct sluice_task *head)
{
    struct sluice_task *round = &loop->round;

    assert(list_is_empty(round));
    if (list_is_empty(head))
        return;
    *round = *head;
    round->next->prev = round;
    round->prev->next = round;
    list_init(head);
    finish_round(loop);
}

static void
stop_being_busy(struct sluice_loop *loop)
{
    if (!loop->is_busy || !list_is_empty(&loop->deferred) ||
        !list_is_empty(&loop->late))
        return;
    loop->is_busy = false;
    uv_idle_stop(&loop->idle);
}

/* ------------------------------------------------------------- turns */

static void
enter_turn(struct sluice_loop *loop)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    loop->is_now_stale = true;
    if (loop->has_turned)
        return;
    loop->has_turned = true;
    atomic_store(&loop->thread, rpc_thread_self());
    rpc_pool_adopt(loop->pool);
}

static void
on_check(uv_check_t *handle)
{
    struct sluice_loop *loop = handle->data;
    unsigned rounds;

    enter_turn(loop);
    for (rounds = 0; rounds < MAX_ROUNDS && !list_is_empty(&loop->deferred);
         rounds++)
        run_round(loop, &loop->deferred);
    stop_being_busy(loop);
    loop->is_now_stale = true;
}

static void
on_sweep(uv_timer_t *handle)
{
    struct sluice_loop *loop = handle->data;

    enter_turn(loop);
    loop->is_sweeping = false;
    rpc_pool_sweep(loop->pool);
}

/* As long as there is something to sweep. It keeps no loop from ending. */
static void
sweep_later(struct sluice_loop *loop)
{
    if (loop->is_sweeping || !rpc_pool_wants_sweep(loop->pool))
        return;
    loop->is_sweeping = true;
    uv_timer_start(&loop->sweep, on_sweep, SWEEP_MS, 0);
}

static void
on_prepare(uv_prepare_t *handle)
{
    struct sluice_loop *loop = handle->data;
    unsigned rounds = 0;

    enter_turn(loop);
    do {
        while (!list_is_empty(&loop->deferred) && rounds++ < MAX_ROUNDS)
            run_round(loop, &loop->deferred);
        run_round(loop, &loop->late);
        stop_being_busy(loop);
    } while (loop->is_busy && rounds++ < MAX_ROUNDS);
    rpc_pool_drain(loop->pool);
    sweep_later(loop);
    loop->is_now_stale = true;
}

/* ------------------------------------------------------------ timers */

uint64_t
sluice_loop_now(struct sluice_loop *loop)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    if (loop->is_now_stale) {
        loop->is_now_stale = false;
        loop->now = uv_hrtime();
    }
    return loop->now;
}

static void on_clock(uv_timer_t *handle);

/* uv_now() counts the same milliseconds as our ticks. */
static void
arm(struct sluice_loop *loop, uint64_t tick)
{
    uint64_t now;
    int err;

    if (tick >= loop->armed_tick)
        return;
    loop->armed_tick = tick;
    now = uv_now(loop->uv);
    err =
        uv_timer_start(&loop->clock, on_clock, tick > now ? tick - now : 0, 0);
    assert(err == 0);
}

static void
on_clock(uv_timer_t *handle)
{
    struct sluice_loop *loop = handle->data;

    enter_turn(loop);
    loop->armed_tick = RPC_WHEEL_NEVER;
    rpc_wheel_advance(&loop->wheel, sluice_loop_now(loop) / NS_PER_TICK);
    arm(loop, rpc_wheel_next(&loop->wheel));
    if (loop->wheel.count == 0)
        uv_unref((uv_handle_t *)&loop->clock);
}

void
sluice_timer_start(struct sluice_loop *loop, struct sluice_timer *timer,
    uint64_t due_ns)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    assert(timer->expire != NULL);
    if (timer->link != NULL)
        rpc_wheel_stop(&loop->wheel, timer);
    if (loop->wheel.count == 0)
        uv_ref((uv_handle_t *)&loop->clock);
    timer->due_ns = due_ns;
    arm(loop, rpc_wheel_start(&loop->wheel, timer));
}

void
sluice_timer_stop(struct sluice_loop *loop, struct sluice_timer *timer)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    if (timer->link == NULL)
        return;
    rpc_wheel_stop(&loop->wheel, timer);
    if (loop->wheel.count == 0)
        uv_unref((uv_handle_t *)&loop->clock);
}

bool
sluice_timer_is_running(const struct sluice_timer *timer)
{
    return timer->link != NULL;
}

/* ---------------------------------------------------------- the door */

static void
take_posted(struct sluice_loop *loop)
{
    struct sluice_task *task, *next, *oldest = NULL;

    task = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    for (; task != NULL; task = next) {
        next = task->next;
        task->next = oldest;
        oldest = task;
    }
    for (task = oldest; task != NULL; task = next) {
        next = task->next;
        task->next = NULL;
        sluice_loop_defer(loop, task);
    }
}

static void
on_door(uv_async_t *handle)
{
    struct sluice_loop *loop = handle->data;

    enter_turn(loop);
    take_posted(loop);
}

void
sluice_loop_post(struct sluice_loop *loop, struct sluice_task *task)
{
    struct sluice_task *head;
    int err;

    RPC_CHECK(loop, LOOP_MAGIC);
    assert(task->run != NULL && task->next == NULL);
    atomic_fetch_add_explicit(&loop->posting, 1, memory_order_relaxed);
    head = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do {
        task->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &head, task,
        memory_order_release, memory_order_relaxed));

    /* From here on the task may have run already, and the loop be closing. */
    if (head == NULL) {
        err = uv_async_send(&loop->door);
        assert(err == 0);
    }
    atomic_fetch_sub_explicit(&loop->posting, 1, memory_order_release);
}

/* ------------------------------------------------------ life and rest */

static void
init_handle(struct sluice_loop *loop, uv_handle_t *handle, bool is_referenced)
{
    handle->data = loop;
    loop->open_handles++;
    if (!is_referenced)
        uv_unref(handle);
}

/* Only the door needs a descriptor and so can fail: it comes first. */
static int
init_handles(struct sluice_loop *loop)
{
    int err = uv_async_init(loop->uv, &loop->door, on_door);

    if (err != 0)
        return err;
    uv_prepare_init(loop->uv, &loop->prepare);
    uv_check_init(loop->uv, &loop->check);
    uv_idle_init(loop->uv, &loop->idle);
    uv_timer_init(loop->uv, &loop->clock);
    uv_timer_init(loop->uv, &loop->sweep);
    init_handle(loop, (uv_handle_t *)&loop->door, false);
    init_handle(loop, (uv_handle_t *)&loop->prepare, false);
    init_handle(loop, (uv_handle_t *)&loop->check, false);
    init_handle(loop, (uv_handle_t *)&loop->idle, true);
    init_handle(loop, (uv_handle_t *)&loop->clock, false);
    init_handle(loop, (uv_handle_t *)&loop->sweep, false);
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    return 0;
}

struct sluice_loop *
sluice_loop_new(struct uv_loop_s *uv)
{
    struct sluice_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return NULL;
    loop->pool = sluice_pool_new();
    if (loop->pool == NULL)
        goto out;
    loop->uv = uv;
    loop->magic = LOOP_MAGIC;
    loop->is_now_stale = true;
    loop->armed_tick = RPC_WHEEL_NEVER;
    atomic_init(&loop->thread, rpc_thread_self());
    list_init(&loop->deferred);
    list_init(&loop->late);
    list_init(&loop->round);
    rpc_wheel_init(&loop->wheel, sluice_loop_now(loop) / NS_PER_TICK);
    if (init_handles(loop) == 0)
        return loop;

out:
    sluice_pool_free(&loop->pool);
    free(loop);
    return NULL;
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct sluice_loop *loop = handle->data;
    void (*on_closed)(void *arg) = loop->on_closed;
    void *arg = loop->on_closed_arg;

    if (--loop->open_handles > 0)
        return;
    sluice_pool_free(&loop->pool);
    free(loop);
    if (on_closed != NULL)
        on_closed(arg);
}

/* The thread whose task led here may still be on its way out of it. */
static void
await_posters(struct sluice_loop *loop)
{
    while (atomic_load_explicit(&loop->posting, memory_order_acquire) > 0)
        sched_yield();
}

/* The rest of the round from which the close came, and what was queued since,
 * of other threads too. */
static void
run_out(struct sluice_loop *loop)
{
    do {
        finish_round(loop);
        take_posted(loop);
        run_round(loop, &loop->deferred);
        run_round(loop, &loop->late);
    } while (!list_is_empty(&loop->deferred) || !list_is_empty(&loop->late) ||
        atomic_load(&loop->posted) != NULL);
}

void
sluice_loop_close(struct sluice_loop **loop_p, void (*on_closed)(void *arg),
    void *arg)
{
    struct sluice_loop *loop = *loop_p;

    RPC_CHECK(loop, LOOP_MAGIC);
    await_posters(loop);
    run_out(loop);
    assert(loop->wheel.count == 0);
    *loop_p = NULL;

    loop->magic = 0;
    loop->on_closed = on_closed;
    loop->on_closed_arg = arg;
    uv_close((uv_handle_t *)&loop->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&loop->check, on_handle_closed);
    uv_close((uv_handle_t *)&loop->idle, on_handle_closed);
    uv_close((uv_handle_t *)&loop->clock, on_handle_closed);
    uv_close((uv_handle_t *)&loop->sweep, on_handle_closed);
    uv_close((uv_handle_t *)&loop->door, on_handle_closed);
}

struct uv_loop_s *
sluice_loop_uv(struct sluice_loop *loop)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    return loop->uv;
}

struct sluice_pool *
sluice_loop_pool(struct sluice_loop *loop)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    return loop->pool;
}

bool
sluice_loop_is_current(const struct sluice_loop *loop)
{
    RPC_CHECK(loop, LOOP_MAGIC);
    return atomic_load_explicit(&loop->thread, memory_order_relaxed) ==
        rpc_thread_self();
}
