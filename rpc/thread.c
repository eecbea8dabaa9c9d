/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/thread.c - crossing to a loop's thread, and a thread that turns a loop.
 *
 * The thread's loop is kept turning by one referenced handle, whose closing is
 * the order to end; what else still runs on the loop then runs to its end.
 */
#include <sluice/thread.h>

#include <signal.h>
#include <stdlib.h>

#include <sluice/base.h>
#include <uv.h>

#include "rpc/check.h"

#define LOOP_THREAD_MAGIC 0x6c746872u

/* ---- Crossing -------------------------------------------------------------- */

/* On the stack of the thread that waits. */
struct crossing {
    struct sluice_task task;
    void (*fn)(void *arg);
    void *arg;
    uv_sem_t has_returned;
};

static void
cross(struct sluice_task *task)
{
    struct crossing *c = RPC_CONTAINER_OF(task, struct crossing, task);

    c->fn(c->arg);
    uv_sem_post(&c->has_returned);
}

enum sluice_err
sluice_loop_call(struct sluice_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct crossing c = { .task = { .run = cross }, .fn = fn, .arg = arg };
    int err;

    if (sluice_loop_is_current(loop))
        return SLUICE_ETHREAD;
    err = uv_sem_init(&c.has_returned, 0);
    assert(err == 0); /* fails for values out of range only */
    sluice_loop_post(loop, &c.task);
    uv_sem_wait(&c.has_returned);
    uv_sem_destroy(&c.has_returned);
    return SLUICE_OK;
}

/* On the stack of the thread that waits, likewise. */
struct stopping {
    struct sluice_end *end;
    int64_t grace_ns;
    enum sluice_err err;
    uv_sem_t has_stopped;
};

static void
on_stopped(void *arg)
{
    struct stopping *s = arg;

    uv_sem_post(&s->has_stopped);
}

static void
stop_end(void *arg)
{
    struct stopping *s = arg;

    s->err = sluice_end_stop(s->end, s->grace_ns, on_stopped, s);
}

enum sluice_err
sluice_end_stop_and_wait(struct sluice_end *end, int64_t grace_ns)
{
    struct stopping s = { .end = end, .grace_ns = grace_ns };
    enum sluice_err err;
    int failed;

    failed = uv_sem_init(&s.has_stopped, 0);
    assert(failed == 0); /* as above */
    err = sluice_loop_call(sluice_end_loop(end), stop_end, &s);
    if (err == SLUICE_OK)
        err = s.err;
    if (err == SLUICE_OK)
        uv_sem_wait(&s.has_stopped);
    uv_sem_destroy(&s.has_stopped);
    return err;
}

/* ---- A thread that turns a loop --------------------------------------------- */

struct sluice_loop_thread {
    unsigned magic;
    uv_thread_t id;
    uv_loop_t uv;
    uv_async_t stop;
    struct sluice_loop *loop;
    uv_sem_t has_begun;
    bool is_up; /* read once it has begun */
};

static void
on_stop(uv_async_t *stop)
{
    uv_close((uv_handle_t *)stop, NULL);
}

/* On the thread itself, so that the loop is that thread's from the first. */
static bool
open_loop(struct sluice_loop_thread *t)
{
    if (uv_loop_init(&t->uv) != 0)
        return false;
    if (uv_async_init(&t->uv, &t->stop, on_stop) != 0)
        goto out;
    t->loop = sluice_loop_new(&t->uv);
    if (t->loop != NULL)
        return true;
    uv_close((uv_handle_t *)&t->stop, NULL);
    (void)uv_run(&t->uv, UV_RUN_DEFAULT);

out:
    (void)uv_loop_close(&t->uv);
    return false;
}

static void
turn(struct sluice_loop_thread *t)
{
    int err;

    (void)uv_run(&t->uv, UV_RUN_DEFAULT); /* until on_stop() and all is done */
    sluice_loop_close(&t->loop, NULL, NULL);
    (void)uv_run(&t->uv, UV_RUN_DEFAULT);
    err = uv_loop_close(&t->uv);
    assert(err == 0);
}

/* A peer that is gone is an error of writing, not the end of the program. */
static void
block_sigpipe(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void
on_thread(void *arg)
{
    struct sluice_loop_thread *t = arg;
    bool is_up;

    block_sigpipe();
    is_up = t->is_up = open_loop(t);
    uv_sem_post(&t->has_begun);
    if (is_up)
        turn(t);
}

enum sluice_err
sluice_loop_thread_new(struct sluice_loop_thread **thread)
{
    struct sluice_loop_thread *t = calloc(1, sizeof(*t));

    *thread = NULL;
    if (t == NULL)
        return SLUICE_ENOMEM;
    if (uv_sem_init(&t->has_begun, 0) != 0)
        goto out;
    if (uv_thread_create(&t->id, on_thread, t) != 0)
        goto out_sem;
    uv_sem_wait(&t->has_begun);
    if (!t->is_up) {
        uv_thread_join(&t->id);
        goto out_sem;
    }
    uv_sem_destroy(&t->has_begun);
    t->magic = LOOP_THREAD_MAGIC;
    *thread = t;
    return SLUICE_OK;

out_sem:
    uv_sem_destroy(&t->has_begun);
out:
    free(t);
    return SLUICE_ENOMEM;
}

struct sluice_loop *
sluice_loop_thread_loop(struct sluice_loop_thread *thread)
{
    RPC_CHECK(thread, LOOP_THREAD_MAGIC);
    return thread->loop;
}

void
sluice_loop_thread_free(struct sluice_loop_thread **thread)
{
    struct sluice_loop_thread *t = *thread;

    if (t == NULL)
        return;
    RPC_CHECK(t, LOOP_THREAD_MAGIC);
    assert(!sluice_loop_is_current(t->loop));
    *thread = NULL;
    uv_async_send(&t->stop);
    uv_thread_join(&t->id);
    t->magic = 0;
    free(t);
}
