/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server.h - the server side of the gRPC link as its parts see
 * it: what they share, and what they tell it.
 */
#ifndef RPC_LINK_GRPC_SERVER_H
#define RPC_LINK_GRPC_SERVER_H

#include "rpc/link/grpc_server_conn.h"

#include <sluice/grpc_server.h>

struct rpc_grpc_listener;

struct sluice_grpc_server {
    struct sluice_link link; /* first: what operations know of it */
    unsigned magic;
    struct sluice_loop *loop;
    struct sluice_pool *pool;
    struct sluice_end *end;
    struct sluice_grpc_server_options options; /* no zeros */

    TAILQ_HEAD(rpc_grpc_listeners, rpc_grpc_listener) listeners;
    TAILQ_HEAD(rpc_grpc_conns, rpc_grpc_conn) conns;
    size_t conn_count;
    size_t call_count; /* that exist, in whatever state */
    bool is_draining;

    /* Shared by connections and calls */
    struct rpc_grpc_conn_shared shared;
    struct rpc_grpc_buffers buffers;
    struct rpc_grpc_reading reading;

    /* Closing */
    struct rpc_grpc_hold hold;
    struct sluice_task closed;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* From listeners: a socket of the kernel's. Closed when there are too many. */
void rpc_grpc_server_connected(struct sluice_grpc_server *server,
    struct rpc_grpc_socket *socket);

/* From connections: it is closed. */
void rpc_grpc_server_conn_gone(struct sluice_grpc_server *server,
    struct rpc_grpc_conn *conn);

/* ---- grpc_server_listen.c ------------------------------------------------ */

SLUICE_MUST_USE enum sluice_err rpc_grpc_listener_new(
    struct sluice_grpc_server *server, struct sluice_str address,
    const char **why);

/* The TCP port of the i-th; 0 for a unix socket, or if there is none. */
unsigned rpc_grpc_listeners_port(const struct rpc_grpc_listeners *listeners,
    size_t i);

/* Ends listening on all. */
void rpc_grpc_listeners_close(struct rpc_grpc_listeners *listeners);

#endif
