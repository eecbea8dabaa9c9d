/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/shard.h - one MHD daemon driven by the worker's loop.
 *
 * MHD walks every suspended connection of a daemon at each batch of resumes, so
 * a worker opens another daemon when the ones it has are full. A new connection
 * goes to the first that is not: those that are busy at the same time had best
 * be together, for a turn of the loop runs each of their daemons. The daemon's own
 * epoll descriptor is watched as one uv_poll_t; whatever needs a run (an event,
 * a resume, a new connection) queues one task, so a turn of the loop runs each
 * daemon once for all of it.
 */
#ifndef GW_SHARD_H
#define GW_SHARD_H

#include <microhttpd.h>
#include <uv.h>

#include <sluice/loop.h>

#include "gateway/refusal.h"

struct gw_worker;
struct gw_connection;

struct gw_shard {
    struct gw_worker *worker;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    struct sluice_task run_task;
    struct sluice_timer run_timer;  /* when MHD asks to be run by itself */
    struct gw_connection *arriving; /* during MHD_add_connection only */
    struct gw_refusals refusals;
    size_t n_suspended;
    size_t n_connections;
};

/* NULL when a daemon cannot be made (memory, descriptors). */
struct gw_shard *gw_shard_new(struct gw_worker *w);

/* No connection may be suspended. Closes what is open. The storage goes when
 * libuv has closed the handle. */
void gw_shard_close(struct gw_shard **shard);

/* Soon: one MHD_run, or more while MHD says there is work. */
void gw_shard_wake(struct gw_shard *s);

/* The shard for a new connection; opens another when all are full. */
struct gw_shard *gw_shard_for_new(struct gw_worker *w);

/* Gives an accepted socket to the shard. Takes fd. */
void gw_shard_add(struct gw_shard *s, int fd, const struct sockaddr *sa,
    socklen_t len);

#endif
