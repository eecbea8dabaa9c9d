/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/fifo.h - the payloads that wait in one direction. The first ones
 * need no memory of their own, and no call: that is all a unary operation has.
 *
 * Ownership   The struct is the caller's and stays where it is. Payloads in it
 *             are the queue's; its memory comes from the pool, which must be
 *             the same for all calls.
 */
#ifndef RPC_BASE_FIFO_H
#define RPC_BASE_FIFO_H

#include <sluice/bytes.h>

#define RPC_FIFO_FIRST 2u /* a power of two, as every capacity */

struct rpc_fifo {
    struct sluice_bytes **ring; /* first, or from the pool */
    size_t capacity;
    size_t head;
    size_t count;
    struct sluice_bytes *first[RPC_FIFO_FIRST];
};

static inline void
rpc_fifo_init(struct rpc_fifo *fifo)
{
    fifo->ring = fifo->first;
    fifo->capacity = RPC_FIFO_FIRST;
    fifo->head = 0;
    fifo->count = 0;
}

/* Doubles the capacity. False when memory is short. */
bool rpc_fifo_grow(struct rpc_fifo *fifo, struct sluice_pool *pool);

/* Takes the payload unless memory is short (false). */
static inline bool
rpc_fifo_push(struct rpc_fifo *fifo, struct sluice_pool *pool,
    struct sluice_bytes *payload)
{
    if (fifo->count == fifo->capacity && !rpc_fifo_grow(fifo, pool))
        return false;
    fifo->ring[(fifo->head + fifo->count++) & (fifo->capacity - 1)] = payload;
    return true;
}

/* The oldest, given to the caller; NULL when empty. */
static inline struct sluice_bytes *
rpc_fifo_pop(struct rpc_fifo *fifo)
{
    struct sluice_bytes *payload;

    if (fifo->count == 0)
        return NULL;
    payload = fifo->ring[fifo->head];
    fifo->head = (fifo->head + 1) & (fifo->capacity - 1);
    fifo->count--;
    return payload;
}

/* Drops all payloads and gives the memory back. */
void rpc_fifo_empty(struct rpc_fifo *fifo, struct sluice_pool *pool);

/* The same, at no cost when there is nothing. */
static inline void
rpc_fifo_clear(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    if (fifo->count > 0 || fifo->ring != fifo->first)
        rpc_fifo_empty(fifo, pool);
}

#endif
