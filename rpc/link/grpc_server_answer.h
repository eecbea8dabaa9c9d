/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_answer.h - what a service answers besides its messages:
 * a head and trailers, or both in one block (Trailers-Only).
 *
 * Ownership   The struct is the caller's and must stay where it is until the
 *             blocks have been sent; memory comes from the pool, which must be
 *             the same for all calls on one answer.
 */
#ifndef RPC_LINK_GRPC_SERVER_ANSWER_H
#define RPC_LINK_GRPC_SERVER_ANSWER_H

#include "rpc/link/grpc_coding.h"
#include "rpc/link/grpc_fields.h"

struct rpc_grpc_answer {
    /* Set by the caller; metadata is owned, NULL: none */
    enum sluice_grpc_coding coding; /* of its messages */
    struct sluice_metadata *initial;
    struct sluice_metadata *terminal;

    char code[12];
    size_t code_len;
    size_t message_len;
    struct rpc_grpc_text message; /* percent-encoded */
    struct rpc_grpc_text initial_binary;
    struct rpc_grpc_text terminal_binary;
};

/* The head of an answer with messages. max_size: of the block as HTTP/2 counts
 * it. SLUICE_ELIMIT: the metadata does not fit. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_answer_head(
    struct rpc_grpc_answer *answer, struct sluice_pool *pool, size_t max_size,
    struct rpc_grpc_fields *f);

/* The status for the trailers; message is copied, and left out when memory is
 * short. */
void rpc_grpc_answer_set_status(struct rpc_grpc_answer *answer,
    struct sluice_pool *pool, int32_t code, struct sluice_str message);

/* The trailers, behind what is in f already. Metadata that does not fit is
 * left out; a good status becomes RESOURCE_EXHAUSTED then. */
void rpc_grpc_answer_trailers(struct rpc_grpc_answer *answer,
    struct sluice_pool *pool, size_t max_size, struct rpc_grpc_fields *f);

/* What comes before the trailers in a block of Trailers-Only. http_status is
 * constant. */
void rpc_grpc_answer_alone(const char *http_status, struct rpc_grpc_fields *f);

void rpc_grpc_answer_fini(struct rpc_grpc_answer *answer,
    struct sluice_pool *pool);

#endif
