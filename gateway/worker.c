/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/worker.c - see worker.h.
 *
 * The end of a worker, step by step: no more accepting and idle connections
 * closed; what runs may finish within the grace; then every RPC ends with
 * LOCAL_SHUTDOWN and its answer still goes out; then whoever is still connected
 * is cut off; then upstreams, daemons and the loop are closed.
 */
#include "gateway/worker.h"

#include <assert.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/connection.h"
#include "gateway/exchange.h"
#include "gateway/listener.h"
#include "gateway/shard.h"
#include "gateway/upstream.h"
#include "rpc/link/grpc_coding.h"
#include "rpc/pool.h"

#define IDLE_READERS_MAX 64u
#define LAST_ANSWERS_NS SLUICE_SECOND

/* ------------------------------------------------------------------- the end */

static void
free_callables(struct gw_worker *w)
{
    for (size_t i = 0; w->callables != NULL && i < w->set->n_rpcs; i++)
        if (w->callables[i] != NULL)
            sluice_multi_callable_free(&w->callables[i]);
}

/* Nothing is in flight any more: the loop runs out of handles after this. */
static void
on_stop_task(struct sluice_task *task)
{
    struct gw_worker *w = (struct gw_worker *)((char *)task -
        offsetof(struct gw_worker, stop_task));

    sluice_timer_stop(w->loop, &w->drain_timer);
    free_callables(w);
    for (size_t i = 0; i < w->n_upstreams; i++)
        gw_upstream_fini(&w->upstreams[i]);
    for (unsigned i = 0; i < w->n_shards; i++)
        gw_shard_close(&w->shards[i]);
    w->n_shards = 0;
    gw_access_log_fini(&w->access);
    sluice_loop_close(&w->loop, NULL, NULL);
}

static void
stop_upstreams(struct gw_worker *w)
{
    if (w->is_stopping)
        return;
    w->is_stopping = true;
    w->n_stopping_upstreams = (unsigned)w->n_upstreams;
    for (size_t i = 0; i < w->n_upstreams; i++)
        gw_upstream_stop(&w->upstreams[i]);
}

void
gw_worker_check_drained(struct gw_worker *w)
{
    if (!w->is_draining || w->n_connections > 0 || w->n_exchanges > 0)
        return;
    for (size_t i = 0; i < w->n_upstreams && !w->is_stopping; i++)
        if (!gw_upstream_is_idle(&w->upstreams[i]))
            return;
    stop_upstreams(w);
    if (w->n_stopping_upstreams == 0)
        sluice_loop_defer(w->loop, &w->stop_task);
}

static void
on_cut_off(struct sluice_timer *timer)
{
    struct gw_worker *w = (struct gw_worker *)((char *)timer -
        offsetof(struct gw_worker, drain_timer));

    for (struct gw_connection *c = w->connections; c != NULL; c = c->next)
        gw_connection_stop(c);
    gw_worker_check_drained(w);
}

static void
on_grace_over(struct sluice_timer *timer)
{
    struct gw_worker *w = (struct gw_worker *)((char *)timer -
        offsetof(struct gw_worker, drain_timer));

    stop_upstreams(w);
    timer->expire = on_cut_off;
    sluice_timer_start(w->loop, timer,
        sluice_loop_now(w->loop) + LAST_ANSWERS_NS);
}

static void
on_drain_task(struct sluice_task *task)
{
    struct gw_worker *w = (struct gw_worker *)((char *)task -
        offsetof(struct gw_worker, drain_task));
    struct gw_connection *c;
    struct gw_connection *next;

    w->is_draining = true;
    for (size_t i = 0; i < w->n_listeners; i++)
        gw_listener_close(&w->listeners[i]);
    for (c = w->connections; c != NULL; c = next) {
        next = c->next;
        gw_connection_close_if_idle(c);
    }
    for (size_t i = 0; i < w->n_upstreams; i++)
        gw_upstream_drain(&w->upstreams[i]);
    w->drain_timer.expire = on_grace_over;
    sluice_timer_start(w->loop, &w->drain_timer,
        sluice_loop_now(w->loop) + (uint64_t)w->set->config->shutdown_grace_ns);
    uv_sem_post(&w->drain_began);
    gw_worker_check_drained(w);
}

/* ----------------------------------------------------------------- the thread */

static void *
run(void *arg)
{
    struct gw_worker *w = arg;

    uv_run(&w->uv, UV_RUN_DEFAULT);
    return NULL;
}

bool
gw_worker_start(struct gw_worker *w)
{
    sigset_t all;
    sigset_t before;

    /* Signals are the main thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->is_running = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w->is_running;
}

void
gw_worker_drain(struct gw_worker *w)
{
    sluice_loop_post(w->loop, &w->drain_task);
}

void
gw_worker_await_drain(struct gw_worker *w)
{
    uv_sem_wait(&w->drain_began);
}

bool
gw_worker_grpc_address(const struct gw_worker *w, char *out)
{
    for (size_t i = 0; i < w->n_upstreams; i++)
        if (gw_upstream_grpc_address(&w->upstreams[i], out))
            return true;
    return false;
}

void
gw_worker_join(struct gw_worker *w)
{
    if (w->is_running)
        pthread_join(w->thread, NULL);
    w->is_running = false;
}

/* ------------------------------------------------------------------ the parts */

static bool
init_upstreams(struct gw_worker *w, char *why)
{
    const struct route_config *config = w->set->config;

    w->upstreams = calloc(config->n_upstreams + 1, sizeof *w->upstreams);
    w->callables = calloc(w->set->n_rpcs + 1, sizeof *w->callables);
    if (w->upstreams == NULL || w->callables == NULL)
        return false;
    while (w->n_upstreams < config->n_upstreams) {
        size_t i = w->n_upstreams++;

        if (!gw_upstream_init(&w->upstreams[i], w, &config->upstreams[i], why))
            return false;
    }
    return true;
}

static bool
init_front(struct gw_worker *w, const int *fds)
{
    w->shards[0] = gw_shard_new(w);
    if (w->shards[0] == NULL)
        return false;
    w->n_shards = 1;
    w->listeners = calloc(w->shared->n_addresses + 1, sizeof *w->listeners);
    if (w->listeners == NULL)
        return false;
    while (w->n_listeners < w->shared->n_addresses) {
        size_t i = w->n_listeners++;

        if (!gw_listener_init(&w->listeners[i], w, fds[i]))
            return false;
    }
    return true;
}

static bool
init_loop(struct gw_worker *w)
{
    w->loop = sluice_loop_new(&w->uv);
    if (w->loop == NULL)
        return false;
    w->pool = sluice_loop_pool(w->loop);
    gw_access_log_init(&w->access, w->loop, w->shared->access_fd);
    w->idle_readers = calloc(IDLE_READERS_MAX, sizeof *w->idle_readers);
    w->writer = pb_json_writer_new();
    return w->idle_readers != NULL && w->writer != NULL;
}

/* What even the end of a worker needs. */
static struct gw_worker *
make_empty(const struct gw_shared *shared, unsigned index)
{
    struct gw_worker *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->shared = shared;
    w->set = shared->set;
    w->index = index;
    w->drain_task.run = on_drain_task;
    w->stop_task.run = on_stop_task;
    if (uv_sem_init(&w->drain_began, 0) != 0)
        goto out;
    if (uv_loop_init(&w->uv) == 0)
        return w;
    uv_sem_destroy(&w->drain_began);

out:
    free(w);
    return NULL;
}

struct gw_worker *
gw_worker_new(const struct gw_shared *shared, unsigned index, const int *fds,
    char *why)
{
    struct gw_worker *w = make_empty(shared, index);
    size_t n_taken = 0;

    snprintf(why, 256, "memory or descriptors are short");
    if (w != NULL) {
        if (init_loop(w) && init_upstreams(w, why) && init_front(w, fds))
            return w;
        n_taken = w->n_listeners;
        gw_worker_free(&w);
    }
    for (size_t i = n_taken; i < shared->n_addresses; i++)
        close(fds[i]);
    return NULL;
}

void
gw_worker_free(struct gw_worker **wp)
{
    struct gw_worker *w = *wp;
    int left;

    *wp = NULL;
    if (w->loop != NULL) {
        sluice_loop_defer(w->loop, &w->drain_task);
        uv_run(&w->uv, UV_RUN_DEFAULT);
    }
    assert(w->n_exchanges == 0 && w->n_connections == 0);
    left = uv_loop_close(&w->uv);
    assert(left == 0);
    gw_exchange_free_idle(w);
    while (w->n_idle_readers > 0)
        pb_json_reader_free(&w->idle_readers[--w->n_idle_readers]);
    pb_json_writer_free(&w->writer);
    rpc_grpc_coder_free(&w->coder);
    uv_sem_destroy(&w->drain_began);
    free(w->idle_readers);
    free(w->callables);
    free(w->upstreams);
    free(w->listeners);
    free(w);
}

/* ------------------------------------------------------------ for the exchanges */

static struct sluice_multi_callable *
make_callable(struct gw_worker *w, const struct route_rpc *rpc)
{
    const struct pb_method *m = rpc->method;
    enum sluice_cardinality cardinality = m->client_streaming
        ? (m->server_streaming ? SLUICE_STREAM_STREAM : SLUICE_STREAM_UNARY)
        : (m->server_streaming ? SLUICE_UNARY_STREAM : SLUICE_UNARY_UNARY);

    return sluice_stub_multi_callable(w->upstreams[rpc->upstream].stub,
        cardinality, sluice_str(rpc->group), sluice_str(rpc->name));
}

struct sluice_multi_callable *
gw_worker_callable(struct gw_worker *w, const struct route_rpc *rpc)
{
    size_t i = (size_t)(rpc - w->set->rpcs);

    if (w->callables[i] == NULL)
        w->callables[i] = make_callable(w, rpc);
    return w->callables[i];
}

struct rpc_grpc_coder *
gw_worker_coder(struct gw_worker *w)
{
    if (w->coder == NULL)
        w->coder = rpc_grpc_coder_new();
    return w->coder;
}

struct pb_json_reader *
gw_worker_reader_take(struct gw_worker *w)
{
    if (w->n_idle_readers > 0)
        return w->idle_readers[--w->n_idle_readers];
    return pb_json_reader_new();
}

void
gw_worker_reader_give(struct gw_worker *w, struct pb_json_reader **r)
{
    if (RPC_POOL_KEEPS && w->n_idle_readers < IDLE_READERS_MAX)
        w->idle_readers[w->n_idle_readers++] = *r;
    else
        pb_json_reader_free(r);
    *r = NULL;
}
