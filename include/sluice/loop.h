/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/loop.h - the thread an End lives on: deferred work, timers, the pool,
 * and the one door through which other threads come in. It rides on a libuv
 * loop that the caller owns and runs.
 *
 * A turn is one pass of the libuv loop. Deferred tasks run later in the same
 * turn, outside of whatever call queued them; late tasks run after every
 * deferred one, right before the loop sleeps: that is where output gathered
 * during the turn is written once. Tasks that go on queueing tasks get a
 * bounded number of rounds in a turn; then libuv has its, without sleeping.
 *
 * Thread      The thread that runs the libuv loop, for everything but
 *             sluice_loop_post() and sluice_loop_is_current(). The thread that
 *             calls sluice_loop_new() is taken as that thread until the loop
 *             first turns; whoever turns it first has it, and the pool, from
 *             then on.
 * Liveness    A queued task and a running timer keep uv_run() going, as libuv's
 *             own would. A loop with neither does not, even while other threads
 *             may still post.
 */
#ifndef SLUICE_LOOP_H
#define SLUICE_LOOP_H

#include <sluice/bytes.h>

struct uv_loop_s;
struct sluice_loop;

/* Intrusive: embed it, set run (and recover your object from the pointer).
 * Zero-initialised is idle. The memory is yours again when run is called or
 * sluice_task_cancel() has returned. */
struct sluice_task {
    void (*run)(struct sluice_task *task);
    struct sluice_task *next; /* private */
    struct sluice_task *prev; /* private */
};

/* Intrusive; zero-initialised is idle. expire is called once per start. */
struct sluice_timer {
    void (*expire)(struct sluice_timer *timer);
    uint64_t due_ns; /* private from here on */
    struct sluice_timer *next;
    struct sluice_timer **link; /* what points here; NULL: idle */
    unsigned slot;
};

/* uv must outlive the loop. NULL when memory or descriptors are short. */
SLUICE_API struct sluice_loop *sluice_loop_new(struct uv_loop_s *uv);

/* Ends it: closes its libuv handles, which takes one more turn of uv; then
 * on_closed(arg), which may be NULL. No timer may be running, and no thread may
 * post any more; what was posted or queued before runs first, inside this call.
 * *loop becomes NULL. What its pool gave out stays valid. */
SLUICE_API void sluice_loop_close(struct sluice_loop **loop,
    void (*on_closed)(void *arg), void *arg);

SLUICE_API struct uv_loop_s *sluice_loop_uv(struct sluice_loop *loop);
SLUICE_API struct sluice_pool *sluice_loop_pool(struct sluice_loop *loop);

/* Monotonic, refreshed at least once per turn. */
SLUICE_API uint64_t sluice_loop_now(struct sluice_loop *loop);

/* Queues the task for this turn. A task that is queued already stays where it
 * is. */
SLUICE_API void sluice_loop_defer(struct sluice_loop *loop,
    struct sluice_task *task);
SLUICE_API void sluice_loop_defer_late(struct sluice_loop *loop,
    struct sluice_task *task);

/* Takes a queued task out; nothing happens if it is idle. */
SLUICE_API void sluice_task_cancel(struct sluice_task *task);
SLUICE_API bool sluice_task_is_queued(const struct sluice_task *task);

/* The door: runs the task on the loop's thread, soon; the tasks of one thread
 * in their order. Any thread. The task must be idle and not be cancelled. */
SLUICE_API void sluice_loop_post(struct sluice_loop *loop,
    struct sluice_task *task);

SLUICE_API bool sluice_loop_is_current(const struct sluice_loop *loop);

/* Calls expire when sluice_loop_now() has reached due_ns: never early, never
 * within this call, and on an idle loop at most 2 ms late (1 ms for the wheel's
 * tick, 1 ms for libuv's). Starting a running timer moves it. */
SLUICE_API void sluice_timer_start(struct sluice_loop *loop,
    struct sluice_timer *timer, uint64_t due_ns);
SLUICE_API void sluice_timer_stop(struct sluice_loop *loop,
    struct sluice_timer *timer);
SLUICE_API bool sluice_timer_is_running(const struct sluice_timer *timer);

#endif
