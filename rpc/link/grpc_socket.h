/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_socket.h - a stream socket of a client or a server, TCP or
 * unix, and the count of what must vanish before its owner may.
 *
 * Ownership   A socket ends by close, which may take some turns of the loop; it
 *             counts in a hold that tells when the last one is gone.
 * Thread      The loop's thread.
 */
#ifndef RPC_LINK_GRPC_SOCKET_H
#define RPC_LINK_GRPC_SOCKET_H

#include <sluice/loop.h>

#include <uv.h>

/* Counts what must be gone before its owner may be freed. */
struct rpc_grpc_hold {
    size_t count;
    void (*on_free)(struct rpc_grpc_hold *hold);
};
void rpc_grpc_hold_take(struct rpc_grpc_hold *hold);
void rpc_grpc_hold_drop(struct rpc_grpc_hold *hold);

struct rpc_grpc_dial;

struct rpc_grpc_socket {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv; /* its data is the user's */
    uv_connect_t connect;
    struct rpc_grpc_dial *dial; /* while connecting */
    struct rpc_grpc_hold *hold;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* Not connected yet. NULL: memory is short. */
struct rpc_grpc_socket *rpc_grpc_socket_new(struct sluice_loop *loop,
    bool is_unix, struct rpc_grpc_hold *hold);

/* A peer that vanished without a word is noticed by TCP; small frames are not
 * kept back. Connected TCP sockets only. */
void rpc_grpc_socket_tune(struct rpc_grpc_socket *socket);

/* Closes and frees; on_closed(arg) then, which may be NULL. */
void rpc_grpc_socket_close(struct rpc_grpc_socket **socket,
    void (*on_closed)(void *arg), void *arg);

#endif
