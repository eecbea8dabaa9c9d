/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_session.h - one HTTP/2 connection of a client: an nghttp2
 * session on a connected socket.
 *
 * Ownership   The session owns socket and nghttp2 session. It closes itself
 *             when the connection breaks, or when it drains and its last
 *             stream is gone; the client is told before (grpc_client.h).
 * Thread      The loop's thread. Nothing here delivers to operations.
 */
#ifndef RPC_LINK_GRPC_SESSION_H
#define RPC_LINK_GRPC_SESSION_H

#include "rpc/link/grpc_call.h"
#include "rpc/link/grpc_dial.h"
#include "rpc/link/grpc_wire.h"

struct rpc_grpc_session;

/* Takes the socket in any case. NULL: memory is short. */
struct rpc_grpc_session *rpc_grpc_session_new(struct sluice_grpc_client *client,
    struct rpc_grpc_socket *socket);

/* Says goodbye and closes. Calls that still have a stream lose it. */
void rpc_grpc_session_close(struct rpc_grpc_session *session);

/* How many more streams the peer allows; 0 while draining. */
size_t rpc_grpc_session_slots(const struct rpc_grpc_session *session);

/* Gives the call a stream; there must be a slot. SLUICE_ESTATE: none can be
 * had here after all. SLUICE_ELIMIT: too much metadata. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_session_submit(
    struct rpc_grpc_session *session, struct rpc_grpc_call *call);

/* Writes at the end of this turn. */
void rpc_grpc_session_wake(struct rpc_grpc_session *session);

/* For a call with a stream. Where memory is too short to reset one, the session
 * closes, soon: that is told without. SLUICE_ENOMEM: the stream is of no use any
 * more. */
void rpc_grpc_session_reset(struct rpc_grpc_session *session, int32_t stream_id,
    uint32_t error_code);
SLUICE_MUST_USE enum sluice_err rpc_grpc_session_resume(
    struct rpc_grpc_session *session, int32_t stream_id);
SLUICE_MUST_USE enum sluice_err rpc_grpc_session_consume(
    struct rpc_grpc_session *session, int32_t stream_id, size_t len);
/* Half of its window was given back: more of it, if that is what it lacks. */
void rpc_grpc_session_widen(struct rpc_grpc_session *session,
    struct rpc_grpc_call *call);

/* The callbacks and options that all sessions of a client share. */
struct rpc_grpc_session_shared;
struct rpc_grpc_session_shared *rpc_grpc_session_shared_new(
    struct sluice_pool *pool);
void rpc_grpc_session_shared_free(struct rpc_grpc_session_shared **shared);

#endif
