/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_wire.h - carries bytes between a connected socket and an
 * nghttp2 session. What connections of a client and of a server have in common;
 * it knows neither.
 *
 * Ownership   Embedded in a connection, which owns the nghttp2 session and may
 *             free both when close has reported. The buffers are borrowed and
 *             may serve any number of wires of one loop.
 * Thread      The loop's thread.
 * Output      What a turn produces is gathered and written once, from a late
 *             task. When the socket is full, what it did not take is kept, and
 *             nghttp2 is not asked for more.
 */
#ifndef RPC_LINK_GRPC_WIRE_H
#define RPC_LINK_GRPC_WIRE_H

#include "rpc/link/grpc_socket.h"

#include <nghttp2/nghttp2.h>

#define RPC_GRPC_INPUT (64u * 1024)
#define RPC_GRPC_OUTPUT (128u * 1024)

struct rpc_grpc_buffers {
    uint8_t *input;  /* RPC_GRPC_INPUT bytes */
    uint8_t *output; /* RPC_GRPC_OUTPUT bytes */
};
SLUICE_MUST_USE enum sluice_err rpc_grpc_buffers_init(
    struct rpc_grpc_buffers *buffers);
void rpc_grpc_buffers_fini(struct rpc_grpc_buffers *buffers);

struct rpc_grpc_wire;

/* Why a wire is of no use any more. */
enum rpc_grpc_loss {
    RPC_GRPC_LOSS_SOCKET, /* the peer has gone, or the network */
    RPC_GRPC_LOSS_PEER,   /* nghttp2 refuses what the peer sent */
    RPC_GRPC_LOSS_SELF    /* memory is short */
};

/* None of these is called from within a function of the wire's but flush. */
struct rpc_grpc_wire_events {
    /* Something was read; nghttp2 has not seen it yet. */
    void (*heard)(struct rpc_grpc_wire *wire);
    /* Frames are about to be written: the moment to submit some. */
    void (*gather)(struct rpc_grpc_wire *wire);
    /* nghttp2 has read or written. May close the wire. */
    void (*settle)(struct rpc_grpc_wire *wire);
    /* Must close the wire. error: of nghttp2, or 0. */
    void (
        *lost)(struct rpc_grpc_wire *wire, enum rpc_grpc_loss loss, int error);
};

struct rpc_grpc_wire {
    const struct rpc_grpc_wire_events *events;
    struct sluice_loop *loop;
    const struct rpc_grpc_buffers *buffers;
    struct rpc_grpc_socket *socket; /* NULL: closed */
    nghttp2_session *h2;

    /* Private */
    bool is_done; /* nghttp2 is not asked any more */
    struct sluice_task flush;
    size_t out_len; /* in buffers->output, while it is being filled */
    bool out_is_full;
    bool is_writing;
    uv_write_t write;
    uint8_t *unsent;
    size_t unsent_len;
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* Starts to read and takes the socket; nghttp2's session must be there, with
 * the wire's owner as user data or not. SLUICE_ESTATE: the socket is the
 * caller's still. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_wire_start(struct rpc_grpc_wire *wire,
    struct sluice_loop *loop, const struct rpc_grpc_buffers *buffers,
    const struct rpc_grpc_wire_events *events, struct rpc_grpc_socket *socket);

/* Writes at the end of this turn. */
void rpc_grpc_wire_wake(struct rpc_grpc_wire *wire);

/* Writes now. The wire may be closed after this. */
void rpc_grpc_wire_flush(struct rpc_grpc_wire *wire);

/* For the send_data callback: puts the frame's head and returns where its len
 * bytes go. NULL: there is no room now; the callback says WOULDBLOCK. */
uint8_t *rpc_grpc_wire_begin_data(struct rpc_grpc_wire *wire,
    const uint8_t *frame_head, size_t len);

/* Asks nghttp2 for nothing more and tells it nothing; what is read is dropped
 * until the wire is closed. */
void rpc_grpc_wire_finish(struct rpc_grpc_wire *wire);

/* Some output waits for the socket. */
bool rpc_grpc_wire_is_writing(const struct rpc_grpc_wire *wire);

/* Closes the socket; on_closed(arg) when nothing refers to the wire any more.
 * Only once. */
void rpc_grpc_wire_close(struct rpc_grpc_wire *wire,
    void (*on_closed)(void *arg), void *arg);

#endif
