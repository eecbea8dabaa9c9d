/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_client.h - the client side of the gRPC link as its parts see
 * it: what they share, and what they tell it.
 */
#ifndef RPC_LINK_GRPC_CLIENT_H
#define RPC_LINK_GRPC_CLIENT_H

#include "rpc/link/grpc_backoff.h"
#include "rpc/link/grpc_call.h"
#include "rpc/link/grpc_dial.h"
#include "rpc/link/grpc_keepalive.h"
#include "rpc/link/grpc_session.h"
#include "rpc/link/grpc_window.h"

struct sluice_grpc_client {
    struct sluice_link link; /* first: the base layer knows only this */
    unsigned magic;
    struct sluice_loop *loop;
    struct sluice_pool *pool;

    /* Options */
    struct rpc_grpc_target target;
    struct rpc_grpc_request_base request; /* into texts */
    char *texts;
    size_t max_metadata;
    size_t max_waiting;
    uint32_t initial_window;
    uint32_t max_window;
    int64_t connect_timeout_ns;
    struct rpc_grpc_keepalive_options keepalive;
    bool keepalive_without_calls;

    /* Connecting */
    enum sluice_grpc_state state;
    struct rpc_grpc_backoff backoff;
    struct sluice_timer timer; /* the attempt's end, or the backoff's */
    uint64_t attempt_began_ns;
    struct rpc_grpc_dial *dial;
    struct rpc_grpc_session *session;        /* being set up, or in use */
    TAILQ_HEAD(, rpc_grpc_session) sessions; /* with those that drain */

    struct rpc_grpc_calls waiting;
    size_t waiting_count;

    /* Shared by sessions and calls */
    struct rpc_grpc_session_shared *shared;
    struct rpc_grpc_reading reading;
    struct rpc_grpc_buffers buffers;

    /* Closing */
    struct rpc_grpc_hold hold;
    struct sluice_task closed;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* From calls: wants a stream; does not any more. SLUICE_ELIMIT when too many
 * wait; SLUICE_ESTATE when the client is closed. A call that waited before goes
 * to the front. Ends the call, later, when no connection can be had. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_client_enqueue(
    struct sluice_grpc_client *client, struct rpc_grpc_call *call);
void rpc_grpc_client_enqueue_again(struct sluice_grpc_client *client,
    struct rpc_grpc_call *call);
void rpc_grpc_client_dequeue(struct sluice_grpc_client *client,
    struct rpc_grpc_call *call);

/* From sessions: gives waiting calls streams of session, as many as it has. */
void rpc_grpc_client_pump(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session);

/* From sessions: the peer has proven to speak HTTP/2; the session takes no new
 * streams any more; it is closed, and its calls hear of it next. was_used: it
 * has had streams. is_short: of memory, and for no other reason. */
void rpc_grpc_client_session_ready(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session);
void rpc_grpc_client_session_drains(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session, bool was_used);
void rpc_grpc_client_session_gone(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session, bool was_used, bool is_short);

#endif
