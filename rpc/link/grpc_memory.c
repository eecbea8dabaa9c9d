/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_memory.c - see the header. A pool wants to know the size of
 * what it is given back, and nghttp2 does not: it lies in front.
 */
#include "rpc/link/grpc_memory.h"

#include <stdalign.h>

#include "rpc/pool.h"

struct chunk {
    size_t size; /* of all of it */
    alignas(max_align_t) uint8_t data[];
};

static struct chunk *
chunk_of(void *p)
{
    return (struct chunk *)((uint8_t *)p - offsetof(struct chunk, data));
}

static void *
take(size_t size, void *arg)
{
    struct chunk *chunk;

    if (__builtin_add_overflow(size, sizeof(*chunk), &size))
        return NULL;
    chunk = sluice_pool_take(arg, size);
    if (chunk == NULL)
        return NULL;
    chunk->size = size;
    return chunk->data;
}

static void
give(void *p, void *arg)
{
    struct chunk *chunk;

    if (p == NULL)
        return;
    chunk = chunk_of(p);
    sluice_pool_give(arg, chunk, chunk->size);
}

static void *
take_zeroed(size_t count, size_t size, void *arg)
{
    void *p;

    if (__builtin_mul_overflow(count, size, &size))
        return NULL;
    p = take(size, arg);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

static void *
take_larger(void *p, size_t size, void *arg)
{
    size_t room;
    void *larger;

    if (p == NULL)
        return take(size, arg);
    room = chunk_of(p)->size - sizeof(struct chunk);
    if (size <= room)
        return p;
    larger = take(size, arg);
    if (larger == NULL)
        return NULL;
    memcpy(larger, p, room);
    give(p, arg);
    return larger;
}

void
rpc_grpc_memory_init(nghttp2_mem *mem, struct sluice_pool *pool)
{
    *mem = (nghttp2_mem){ pool, take, give, take_zeroed, take_larger };
}
