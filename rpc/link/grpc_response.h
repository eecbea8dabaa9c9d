/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_response.h - what a backend answers besides its messages: a
 * head and trailers, or both in one block (Trailers-Only). Takes header fields
 * one by one, says what they mean.
 *
 * Ownership   The struct is the caller's; memory comes from the pool, which
 *             must be the same for all calls on one response.
 */
#ifndef RPC_LINK_GRPC_RESPONSE_H
#define RPC_LINK_GRPC_RESPONSE_H

#include "rpc/link/grpc_end.h"

#include <sluice/grpc.h>

struct rpc_grpc_response {
    /* Of the block that is being received or was received last: */
    size_t size;
    unsigned http_status; /* 0: none */
    bool is_grpc;         /* by its content type */
    bool has_status;
    int32_t status;
    enum sluice_grpc_coding coding; /* by grpc-encoding */
    bool has_unknown_coding;
    unsigned accepted;                /* by grpc-accept-encoding; 0: none */
    struct sluice_metadata *metadata; /* NULL: none was sent */
    enum sluice_err fault;            /* EINVAL, ELIMIT or ENOMEM */

    bool has_head;
    char *message; /* of the status, decoded; NULL: none */
    size_t message_len;
    size_t message_room;
};

/* A block begins; zero-initialised is ready for the first. */
void rpc_grpc_response_begin(struct rpc_grpc_response *r);

/* One field of the block, of max_size in all. false: see fault; the call has
 * failed. */
bool rpc_grpc_response_field(struct rpc_grpc_response *r,
    struct sluice_pool *pool, size_t max_size,
    const struct sluice_metadatum *field);

/* True for the blocks of 1xx, which are skipped. */
bool rpc_grpc_response_is_informational(const struct rpc_grpc_response *r);

/* The block is whole and it is the head: whether messages may follow. If not,
 * *end says how the call ended. */
bool rpc_grpc_response_head(struct rpc_grpc_response *r,
    struct rpc_grpc_end *end);

/* The block is whole and the last one. */
struct rpc_grpc_end rpc_grpc_response_end(const struct rpc_grpc_response *r);

/* What a fault ends the call with. */
struct rpc_grpc_end rpc_grpc_response_fault(const struct rpc_grpc_response *r);

/* Gives the block's metadata; NULL: none. */
struct sluice_metadata *rpc_grpc_response_take_metadata(
    struct rpc_grpc_response *r);

void rpc_grpc_response_fini(struct rpc_grpc_response *r,
    struct sluice_pool *pool);

#endif
