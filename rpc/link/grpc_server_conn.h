/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_conn.h - one HTTP/2 connection of a server: an nghttp2
 * session on a wire, its streams, and how long it may live.
 *
 * Ownership   The connection owns socket and nghttp2 session. It closes itself
 *             when it breaks, or when it drains and its last stream is gone;
 *             the server is told (grpc_server.h).
 * Thread      The loop's thread. Nothing here delivers to operations.
 */
#ifndef RPC_LINK_GRPC_SERVER_CONN_H
#define RPC_LINK_GRPC_SERVER_CONN_H

#include "rpc/link/grpc_keepalive.h"
#include "rpc/link/grpc_server_call.h"
#include "rpc/link/grpc_server_guard.h"
#include "rpc/link/grpc_wire.h"

#include <sluice/grpc_server.h>

#define RPC_GRPC_CONN_MAGIC 0x67726376u

/* What a PING of ours carries, to know its answer: 8 bytes. */
#define RPC_GRPC_PARTING_PING "parting"

enum rpc_grpc_conn_state {
    RPC_GRPC_CONN_GREETING, /* waits for the client's preface and SETTINGS */
    RPC_GRPC_CONN_SERVING,
    RPC_GRPC_CONN_PARTING,   /* the client has been told to go elsewhere; its
                                answer to a PING says when it has heard */
    RPC_GRPC_CONN_LEAVING,   /* takes no calls; waits for the last to end */
    RPC_GRPC_CONN_LINGERING, /* all is said; waits for the client to close */
    RPC_GRPC_CONN_CLOSED     /* waits for libuv to let go of the socket */
};

/* Given back on receipt, so that no stream holds up another one; what a stream
 * may hold is bounded by its own window. */
#define RPC_GRPC_CONN_WINDOW (4 * 1024 * 1024)

struct rpc_grpc_conn {
    unsigned magic;
    struct sluice_grpc_server *server;
    TAILQ_ENTRY(rpc_grpc_conn) link; /* in the server's list */
    enum rpc_grpc_conn_state state;
    struct sluice_timer timer; /* of the state */
    struct rpc_grpc_wire wire;
    uv_shutdown_t shutdown;
    struct sluice_bytes *peer;         /* its address, as text */
    struct rpc_grpc_served_list calls; /* those with a stream */
    size_t active;                     /* how many */
    int32_t last_stream;               /* that a call was made of */
    struct rpc_grpc_served *recent;    /* had the last event; NULL: none, or
                                          gone */
    size_t consumed;                   /* of the window, to be given back */
    const char *farewell;              /* why it parts */

    /* Notes of the callbacks */
    bool has_settings;   /* the client's first */
    bool has_parted;     /* the PING's answer came */
    bool is_failing;     /* memory is short: gives up */
    const char *offence; /* what there is too much of; NULL: nothing */

    struct rpc_grpc_guard guard;
    struct rpc_grpc_keepalive keepalive;
    struct sluice_timer keepalive_timer;
};

/* Takes the connected socket in any case. NULL: memory is short. */
struct rpc_grpc_conn *rpc_grpc_conn_new(struct sluice_grpc_server *server,
    struct rpc_grpc_socket *socket);

/* Tells the client to go elsewhere; closes when its last call has ended. */
void rpc_grpc_conn_drain(struct rpc_grpc_conn *conn);

/* Says what is to say, if the socket takes it at once, and closes. */
void rpc_grpc_conn_close(struct rpc_grpc_conn *conn);

/* ---- for calls with a stream --------------------------------------------- */

/* The largest header block that the peer takes, and nghttp2. */
size_t rpc_grpc_conn_max_block(const struct rpc_grpc_conn *conn);

/* nghttp2_submit_response(), _submit_trailer(), _submit_rst_stream() and so on;
 * what cannot be done for lack of memory resets the stream, or ends the
 * connection. has_body: messages and trailers follow. */
void rpc_grpc_conn_respond(struct rpc_grpc_conn *conn,
    struct rpc_grpc_served *call, const struct rpc_grpc_fields *f,
    bool has_body);
void rpc_grpc_conn_trailers(struct rpc_grpc_conn *conn, int32_t stream_id,
    const struct rpc_grpc_fields *f);
void rpc_grpc_conn_reset(struct rpc_grpc_conn *conn, int32_t stream_id,
    uint32_t error_code);
void rpc_grpc_conn_resume(struct rpc_grpc_conn *conn, int32_t stream_id);
void rpc_grpc_conn_consume(struct rpc_grpc_conn *conn, int32_t stream_id,
    size_t len);

/* ---- shared by all connections of a server ------------------------------- */

struct rpc_grpc_conn_shared {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    nghttp2_mem pooled;
    nghttp2_mem *mem; /* pooled; tests make memory short here */
    struct rpc_grpc_guard_limits limits;
    struct rpc_grpc_keepalive_options keepalive;
};
SLUICE_MUST_USE enum sluice_err rpc_grpc_conn_shared_init(
    struct rpc_grpc_conn_shared *shared, struct sluice_pool *pool,
    const struct sluice_grpc_server_options *options);
void rpc_grpc_conn_shared_fini(struct rpc_grpc_conn_shared *shared);

#endif
