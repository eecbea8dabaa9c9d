/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/server.h - the running program: listening sockets, workers, signals.
 */
#ifndef GW_SERVER_H
#define GW_SERVER_H

#include "gateway/worker.h"

struct gw_server_options {
    const struct route_set *set;     /* must outlive the call */
    const struct gw_inproc *inprocs; /* what "inproc:NAME" targets lead to */
    size_t n_inprocs;
    struct gw_pages pages; /* that are built in */
    const char *listen;    /* instead of the configured; or NULL */
    const char *grpc;      /* address at which the built-in services are offered
                           to gRPC clients; or NULL */
};

/* Serves until SIGTERM or SIGINT, then drains. The exit status: 0 after an
 * orderly end, 1 when it could not start (messages on stderr). A second signal
 * ends at once. */
int gw_server_run(const struct gw_server_options *options);

/* Checks what only the gateway can: targets and listening addresses. */
void gw_server_check(const struct route_config *config,
    const struct gw_inproc *inprocs, size_t n_inprocs,
    struct route_problems *problems);

#endif
