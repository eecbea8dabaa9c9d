/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_session_private.h - what the two halves of a session share.
 */
#ifndef RPC_LINK_GRPC_SESSION_PRIVATE_H
#define RPC_LINK_GRPC_SESSION_PRIVATE_H

#include "rpc/link/grpc_bucket.h"
#include "rpc/link/grpc_keepalive.h"
#include "rpc/link/grpc_session.h"
#include "rpc/link/grpc_window.h"

#define RPC_GRPC_SESSION_MAGIC 0x67727073u

/* Given back on receipt, so that no stream holds up another one; what a stream
 * may hold is bounded by its own window. */
#define RPC_GRPC_CONNECTION_WINDOW (64 * 1024 * 1024)

/* Of PINGs that ask for the round trip; those of keepalive have zeros. */
#define RPC_GRPC_TRIP_PING "how far?"

struct rpc_grpc_session {
    unsigned magic;
    struct sluice_grpc_client *client;
    TAILQ_ENTRY(rpc_grpc_session) link; /* in the client's list */
    struct rpc_grpc_wire wire;          /* without a socket: closing */
    struct sluice_bytes *peer;          /* its address, as text */
    struct rpc_grpc_calls calls;        /* those with a stream */
    size_t active;
    int32_t last_sent;            /* stream whose HEADERS have left */
    struct rpc_grpc_call *recent; /* had the last event; NULL: none, or gone */
    size_t consumed;              /* of the connection's window, to be given
                                     back */

    /* Notes of the callbacks, and what came of them */
    bool has_settings; /* the peer's first */
    bool must_drain;   /* GOAWAY, or a reason of our own */
    bool has_free_slots;
    bool must_look; /* at the clock for the next PING */
    bool is_broken; /* the peer's fault */
    bool is_short;  /* of memory: of no use any more */
    bool is_ready;
    bool is_draining;

    struct rpc_grpc_keepalive keepalive;
    struct sluice_timer keepalive_timer; /* runs while somebody wants to know */

    struct rpc_grpc_path path;
    uint64_t began_ns; /* our SETTINGS have left since */

    struct rpc_grpc_bucket resets; /* of ours */
};

/* The window has been lent by the session's path. Ends the call where memory is
 * too short to say so. */
void rpc_grpc_session_set_window(struct rpc_grpc_session *session,
    struct rpc_grpc_call *call, uint32_t window);

struct rpc_grpc_session_shared {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    nghttp2_mem pooled;
    nghttp2_mem *mem; /* pooled; tests make memory short here */
};

#endif
