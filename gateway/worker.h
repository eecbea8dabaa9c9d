/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/worker.h - one thread: its libuv loop, its listeners, its MHD daemons
 * (shards), its own connections to every upstream, its exchanges.
 *
 * Workers share nothing but the immutable route set, so there are no locks on
 * the path of a request. A worker is told to drain through its loop's door.
 *
 * Thread      gw_worker_new(), _start(), _drain() and _join() are the main
 *             thread's; everything else is the worker's own.
 */
#ifndef GW_WORKER_H
#define GW_WORKER_H

#include <sluice/face.h>

#include <microhttpd.h>
#include <pthread.h>
#include <uv.h>

#include "gateway/log.h"
#include "routes/table.h"

struct gw_exchange;
struct gw_page;
struct gw_connection;
struct gw_shard;
struct gw_listener;
struct gw_upstream;
struct rpc_grpc_coder;

/* An in-process service that an "inproc:NAME" target leads to: one servicer per
 * worker, made on the worker's thread. */
struct gw_inproc {
    const char *name;
    struct sluice_face_servicer *(
        *servicer_new)(void *arg, struct sluice_loop *loop);
    void (*servicer_free)(struct sluice_face_servicer **servicer);
    void *arg;
};

/* Pages that are built in: page.h. */
struct gw_pages {
    const struct gw_page *page;
    size_t n;
};

/* What all workers share; immutable while they run. */
struct gw_shared {
    const struct route_set *set;
    size_t n_addresses;
    const struct gw_inproc *inprocs;
    size_t n_inprocs;
    struct gw_pages pages;
    const char *grpc; /* see server.h; the first worker's business */
    int access_fd;
    unsigned n_workers;
    size_t max_connections; /* per worker */
    size_t max_surplus;     /* over that, for a moment: connection.h */
};

#define GW_SHARDS_MAX 64u

struct gw_worker {
    const struct gw_shared *shared;
    const struct route_set *set;
    unsigned index;
    pthread_t thread;
    bool is_running;

    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_pool *pool;
    struct gw_access_log access;

    struct gw_listener *listeners; /* array of n_addresses */
    size_t n_listeners;            /* so far */
    struct gw_shard *shards[GW_SHARDS_MAX];
    unsigned n_shards;
    struct gw_connection *connections; /* every open one */
    size_t n_connections;

    struct gw_upstream *upstreams;            /* one per configured one */
    size_t n_upstreams;                       /* so far */
    struct sluice_multi_callable **callables; /* one per RPC, made when used */

    /* Recycled, so that the steady state allocates nothing. */
    struct gw_exchange *idle_exchanges;
    unsigned n_idle_exchanges;
    struct route_match match; /* of the request whose head is being read */
    struct pb_json_reader **idle_readers;
    unsigned n_idle_readers;
    struct pb_json_writer *writer;
    struct rpc_grpc_coder *coder; /* NULL until a client compresses */

    size_t n_exchanges; /* not finished yet */
    bool is_draining;
    bool is_stopping;
    unsigned n_stopping_upstreams;
    struct sluice_task drain_task;
    uv_sem_t drain_began;
    struct sluice_timer drain_timer;
    struct sluice_task stop_task;
};

/* fds are its listening sockets, one per address; taken, also on failure, when
 * the result is NULL and why (256 bytes) says what happened. shared must
 * outlive the worker. */
struct gw_worker *gw_worker_new(const struct gw_shared *shared, unsigned index,
    const int *fds, char *why);

/* Runs it in its own thread. */
bool gw_worker_start(struct gw_worker *w);

/* Stops accepting, finishes what runs within the configured grace, then ends
 * the thread. Once. */
void gw_worker_drain(struct gw_worker *w);
/* Waits until it drains: every answer from now on says Connection: close. */
void gw_worker_await_drain(struct gw_worker *w);

/* The address at which it serves gRPC clients, with the port in use; false if
 * it does not. out has 128 bytes. Before it is started. */
bool gw_worker_grpc_address(const struct gw_worker *w, char *out);

void gw_worker_join(struct gw_worker *w);

/* After join. One that was never started is drained here, in this thread. */
void gw_worker_free(struct gw_worker **w);

/* ---- For the worker's own parts -------------------------------------------- */

/* The callable for one RPC of the set. NULL when memory is short. */
struct sluice_multi_callable *gw_worker_callable(struct gw_worker *w,
    const struct route_rpc *rpc);

/* What packs and unpacks the messages of clients. NULL when memory is short. */
struct rpc_grpc_coder *gw_worker_coder(struct gw_worker *w);

struct pb_json_reader *gw_worker_reader_take(struct gw_worker *w);
void gw_worker_reader_give(struct gw_worker *w, struct pb_json_reader **r);

/* An exchange or a connection has ended: a draining worker may be done. */
void gw_worker_check_drained(struct gw_worker *w);

#endif
