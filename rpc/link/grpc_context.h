/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_context.h - the protocol context of a call, embedded in the
 * call of either side (sluice/grpc.h: what customers can ask it).
 *
 * Ownership   The call's. The peer's text belongs to all calls of a connection.
 * Thread      The loop's thread.
 */
#ifndef RPC_LINK_GRPC_CONTEXT_H
#define RPC_LINK_GRPC_CONTEXT_H

#include <sluice/bytes.h>
#include <sluice/grpc.h>

#include <uv.h>

#define RPC_GRPC_CONTEXT_MAGIC 0x67727874u

struct sluice_grpc_context {
    unsigned magic;
    struct sluice_bytes *peer;   /* its text; owned */
    struct sluice_str authority; /* lives as long as the call */
    enum sluice_err (*set_coding)(struct sluice_grpc_context *context,
        enum sluice_grpc_coding coding);
};

/* Takes a reference to peer; authority is borrowed. */
void rpc_grpc_context_init(struct sluice_grpc_context *context,
    struct sluice_bytes *peer, struct sluice_str authority,
    enum sluice_err (*set_coding)(struct sluice_grpc_context *context,
        enum sluice_grpc_coding coding));

/* Zero-initialised is fine, too. */
void rpc_grpc_context_fini(struct sluice_grpc_context *context);

/* The text for the other end of a connected socket. NULL: memory is short. */
struct sluice_bytes *rpc_grpc_peer_new(struct sluice_pool *pool,
    const uv_stream_t *stream);

/* The same for an address of len bytes. */
struct sluice_bytes *rpc_grpc_address_text(struct sluice_pool *pool,
    const struct sockaddr *address, size_t len);

#endif
