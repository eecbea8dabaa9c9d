/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/fifo.c - a ring of payloads that doubles when it is full.
 */
#include "rpc/base/fifo.h"

#include "rpc/check.h"

static struct sluice_bytes **
ring_of(struct rpc_fifo *fifo)
{
    return fifo->ring != NULL ? fifo->ring : fifo->first;
}

void
rpc_fifo_init(struct rpc_fifo *fifo)
{
    fifo->ring = NULL;
    fifo->capacity = RPC_FIFO_FIRST;
    fifo->head = 0;
    fifo->count = 0;
}

static void
give_ring(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    if (fifo->ring != NULL)
        sluice_pool_give(pool, fifo->ring,
            fifo->capacity * sizeof(fifo->ring[0]));
}

static bool
grow(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    struct sluice_bytes **old = ring_of(fifo), **ring;
    size_t i;

    if (fifo->capacity > SIZE_MAX / (2 * sizeof(ring[0])))
        return false;
    ring = sluice_pool_take(pool, 2 * fifo->capacity * sizeof(ring[0]));
    if (ring == NULL)
        return false;
    for (i = 0; i < fifo->count; i++)
        ring[i] = old[(fifo->head + i) & (fifo->capacity - 1)];
    give_ring(fifo, pool);
    fifo->ring = ring;
    fifo->capacity *= 2;
    fifo->head = 0;
    return true;
}

bool
rpc_fifo_push(struct rpc_fifo *fifo, struct sluice_pool *pool,
    struct sluice_bytes *payload)
{
    size_t tail;

    if (fifo->count == fifo->capacity && !grow(fifo, pool))
        return false;
    tail = (fifo->head + fifo->count) & (fifo->capacity - 1);
    ring_of(fifo)[tail] = payload;
    fifo->count++;
    return true;
}

struct sluice_bytes *
rpc_fifo_pop(struct rpc_fifo *fifo)
{
    struct sluice_bytes *payload;

    if (fifo->count == 0)
        return NULL;
    payload = ring_of(fifo)[fifo->head];
    fifo->head = (fifo->head + 1) & (fifo->capacity - 1);
    fifo->count--;
    return payload;
}

void
rpc_fifo_clear(struct rpc_fifo *fifo, struct sluice_pool *pool)
{
    struct sluice_bytes *payload;

    while ((payload = rpc_fifo_pop(fifo)) != NULL)
        sluice_bytes_unref(&payload);
    give_ring(fifo, pool);
    rpc_fifo_init(fifo);
}
