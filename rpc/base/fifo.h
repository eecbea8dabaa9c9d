/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/fifo.h - payloads that wait, oldest first. The first two need no
 * memory: a unary operation never has more.
 */
#ifndef RPC_BASE_FIFO_H
#define RPC_BASE_FIFO_H

#include <sluice/bytes.h>

#define RPC_FIFO_FIRST 2u /* a power of two, as every capacity */

struct rpc_fifo {
    struct sluice_bytes **ring; /* NULL: first */
    size_t capacity;
    size_t head;
    size_t count;
    struct sluice_bytes *first[RPC_FIFO_FIRST];
};

void rpc_fifo_init(struct rpc_fifo *fifo);

/* Takes the payload unless memory is short (false). */
bool rpc_fifo_push(struct rpc_fifo *fifo, struct sluice_pool *pool,
    struct sluice_bytes *payload);

/* The oldest, given to the caller; NULL when empty. */
struct sluice_bytes *rpc_fifo_pop(struct rpc_fifo *fifo);

/* Drops all payloads and gives the memory back. */
void rpc_fifo_clear(struct rpc_fifo *fifo, struct sluice_pool *pool);

#endif
