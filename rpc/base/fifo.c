/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/fifo.c - a ring of payloads that doubles when it is full.
 */
#include "rpc/base/fifo.h"

static void
give_ring(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    if (fifo->ring != fifo->first)
        sluice_pool_give(pool, fifo->ring,
            fifo->capacity * sizeof(fifo->ring[0]));
}

bool
rpc_fifo_grow(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    struct sluice_bytes **ring;
    size_t i;

    if (fifo->capacity > SIZE_MAX / (2 * sizeof(ring[0])))
        return false;
    ring = sluice_pool_take(pool, 2 * fifo->capacity * sizeof(ring[0]));
    if (ring == NULL)
        return false;
    for (i = 0; i < fifo->count; i++)
        ring[i] = fifo->ring[(fifo->head + i) & (fifo->capacity - 1)];
    give_ring(fifo, pool);
    fifo->ring = ring;
    fifo->capacity *= 2;
    fifo->head = 0;
    return true;
}

void
rpc_fifo_empty(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    struct sluice_bytes *payload;

    while ((payload = rpc_fifo_pop(fifo)) != NULL)
        sluice_bytes_unref(&payload);
    give_ring(fifo, pool);
    rpc_fifo_init(fifo);
}
