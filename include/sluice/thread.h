/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/thread.h - threads for programs that are not built around a libuv
 * loop: a thread that runs a loop, a pool of threads that may block, and the
 * call that crosses from one to the other.
 */
#ifndef SLUICE_THREAD_H
#define SLUICE_THREAD_H

#include <sluice/loop.h>

struct sluice_end;

/* ---- Crossing ------------------------------------------------------------ */

/* Runs fn(arg) on the loop's thread and returns when it has returned. This is
 * how another thread uses what is for the loop's thread alone: Ends, links,
 * event style calls. Any thread but the loop's: SLUICE_ETHREAD, and fn does
 * not run. The loop must be running, or run later. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_loop_call(
    struct sluice_loop *loop, void (*fn)(void *arg), void *arg);

/* Stops an End as sluice_end_stop() does, and returns when its last operation
 * is gone and it has stopped. Any thread but the loop's: SLUICE_ETHREAD.
 * SLUICE_ENOMEM: nothing has been asked. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_end_stop_and_wait(
    struct sluice_end *end, int64_t grace_ns);

/* ---- A thread that runs a loop ------------------------------------------- */

struct sluice_loop_thread;

/* Starts a thread with a libuv loop and a sluice_loop of its own, which turns
 * until sluice_loop_thread_free(). SIGPIPE is blocked in it. SLUICE_ENOMEM:
 * memory, descriptors or threads are short. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_loop_thread_new(
    struct sluice_loop_thread **thread);

/* Valid until sluice_loop_thread_free(). */
SLUICE_API struct sluice_loop *sluice_loop_thread_loop(
    struct sluice_loop_thread *thread);

/* Ends the thread and waits for that. Before, everything on the loop must have
 * ended: Ends stopped and freed, links closed. Any thread but the loop's.
 * Clears the pointer; accepts NULL in it. */
SLUICE_API void sluice_loop_thread_free(struct sluice_loop_thread **thread);

/* ---- A pool of threads that may block ------------------------------------ */

struct sluice_thread_pool;

/* Intrusive; zero-initialised is idle. The memory is the owner's again when
 * run is called. */
struct sluice_work {
    void (*run)(struct sluice_work *work);
    struct sluice_work *next; /* private */
};

/* n_threads: 1 to 1024, all started at once; SLUICE_EINVAL outside of that.
 * SLUICE_ENOMEM: memory or threads are short.
 *
 * How many? Each inline method in progress takes one thread for as long as it
 * runs, each request iterator one while a request is drawn from it (not while
 * the service is slow to take them). A pool that serves both a caller and the
 * service it calls needs more threads than RPCs that may wait for one another;
 * 8 do for a small server. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_thread_pool_new(
    unsigned n_threads, struct sluice_thread_pool **pool);

SLUICE_API unsigned sluice_thread_pool_size(
    const struct sluice_thread_pool *pool);

/* Runs work on one of the threads, in order of submission; never fails, never
 * blocks. Any thread, also one of the pool's. */
SLUICE_API void sluice_thread_pool_submit(struct sluice_thread_pool *pool,
    struct sluice_work *work);

/* Runs what was submitted, waits for it, ends the threads. Not on a thread of
 * the pool, nor on a loop's thread that its work waits for. Clears the pointer,
 * last of all; accepts NULL in it. */
SLUICE_API void sluice_thread_pool_free(struct sluice_thread_pool **pool);

#endif
