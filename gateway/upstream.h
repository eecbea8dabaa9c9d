/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/upstream.h - one upstream as one worker sees it: an End joined to a
 * gRPC client link or to an in-process service, and the stub on top.
 */
#ifndef GW_UPSTREAM_H
#define GW_UPSTREAM_H

#include <sluice/face.h>
#include <sluice/grpc_server.h>

#include "gateway/worker.h"

struct gw_upstream {
    struct gw_worker *worker;
    const struct route_upstream *config;
    struct sluice_end *end;
    struct sluice_stub *stub;
    struct sluice_grpc_client *client; /* NULL when in process */
    struct sluice_link *inproc_link;   /* NULL over gRPC */
    struct sluice_end *service_end;
    struct sluice_face_servicer *servicer;
    const struct gw_inproc *inproc;
    struct sluice_grpc_server *grpc; /* offers service_end; NULL: nobody does */
    bool awaits_idle;
    unsigned n_stopping;
};

/* Checks a target as written in a route file. NULL when it is good, else what
 * is wrong with it. */
const char *gw_upstream_check_target(const char *target,
    const struct gw_inproc *inprocs, size_t n_inprocs);

/* On failure false and a message in why (256 bytes); it is stopped and finished
 * all the same. */
bool gw_upstream_init(struct gw_upstream *u, struct gw_worker *w,
    const struct route_upstream *config, char *why);

/* As gw_worker_grpc_address(). */
bool gw_upstream_grpc_address(const struct gw_upstream *u, char *out);

/* Takes no more gRPC clients. */
void gw_upstream_drain(struct gw_upstream *u);

/* Whether no gRPC client is being served. If one is, the worker will be asked
 * again (gw_worker_check_drained()). */
bool gw_upstream_is_idle(struct gw_upstream *u);

/* Ends what runs with LOCAL_SHUTDOWN at once, then closes the connection; the
 * worker's n_stopping_upstreams goes down by one when all is gone. */
void gw_upstream_stop(struct gw_upstream *u);

/* After stop. */
void gw_upstream_fini(struct gw_upstream *u);

#endif
