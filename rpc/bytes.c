/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/bytes.c - payload bytes.
 *
 * A block of our own is one piece of storage: head, headroom, data. Wrapped
 * bytes are a head that points elsewhere. Dropping the only reference costs no
 * atomic read-modify-write: with a count of one nobody else can raise it.
 */
#include <sluice/bytes.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "rpc/check.h"
#include "rpc/pool.h"

#define BYTES_MAGIC 0x62797465u

struct sluice_bytes {
    unsigned magic;
    atomic_uint refs;
    struct sluice_pool *pool; /* NULL: malloc */
    const uint8_t *data;
    size_t size;
    size_t capacity;            /* of a block's data */
    void (*release)(void *arg); /* not NULL: wrapped */
    void *release_arg;
};

struct block {
    struct sluice_bytes head;
    uint8_t headroom[SLUICE_BYTES_HEADROOM];
    uint8_t data[];
};

static struct block *
block_of(struct sluice_bytes *b)
{
    assert(b->release == NULL);
    return RPC_CONTAINER_OF(b, struct block, head);
}

/* How far into the block its data begins. */
static size_t
skipped(const struct block *block)
{
    return (size_t)(block->head.data - block->data);
}

static bool
is_shared(const struct sluice_bytes *b)
{
    return atomic_load_explicit(&b->refs, memory_order_acquire) != 1;
}

static void
release_nothing(void *arg)
{
    (void)arg;
}

struct sluice_bytes *
sluice_bytes_new(struct sluice_pool *pool, size_t size)
{
    struct block *block;
    size_t room;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    room = rpc_pool_usable(pool, sizeof(*block) + size);
    block = sluice_pool_take(pool, room);
    if (block == NULL)
        return NULL;

    block->head.magic = BYTES_MAGIC;
    atomic_init(&block->head.refs, 1);
    block->head.pool = pool;
    block->head.data = block->data;
    block->head.size = size;
    block->head.capacity = room - sizeof(*block);
    block->head.release = NULL;
    block->head.release_arg = NULL;
    return &block->head;
}

struct sluice_bytes *
sluice_bytes_copy(struct sluice_pool *pool, const void *data, size_t size)
{
    struct sluice_bytes *b = sluice_bytes_new(pool, size);

    if (b != NULL && size > 0)
        memcpy(block_of(b)->data, data, size);
    return b;
}

struct sluice_bytes *
sluice_bytes_wrap(const void *data, size_t size, void (*release)(void *arg),
    void *arg)
{
    struct sluice_bytes *b = malloc(sizeof(*b));

    if (b == NULL)
        return NULL;
    b->magic = BYTES_MAGIC;
    atomic_init(&b->refs, 1);
    b->pool = NULL;
    b->data = data;
    b->size = size;
    b->capacity = 0;
    b->release = release != NULL ? release : release_nothing;
    b->release_arg = arg;
    return b;
}

struct sluice_bytes *
sluice_bytes_ref(struct sluice_bytes *b)
{
    unsigned before;

    RPC_CHECK(b, BYTES_MAGIC);
    before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT32_MAX);
    return b;
}

static void
destroy(struct sluice_bytes *b)
{
    b->magic = 0;
    if (b->release == NULL) {
        sluice_pool_give(b->pool, b,
            sizeof(struct block) + skipped(block_of(b)) + b->capacity);
        return;
    }
    b->release(b->release_arg);
    free(b);
}

void
sluice_bytes_unref(struct sluice_bytes **b_p)
{
    struct sluice_bytes *b = *b_p;

    if (b == NULL)
        return;
    RPC_CHECK(b, BYTES_MAGIC);
    *b_p = NULL;
    if (!is_shared(b) ||
        atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
        destroy(b);
}

const uint8_t *
sluice_bytes_data(const struct sluice_bytes *b)
{
    RPC_CHECK(b, BYTES_MAGIC);
    return b->data;
}

size_t
sluice_bytes_size(const struct sluice_bytes *b)
{
    RPC_CHECK(b, BYTES_MAGIC);
    return b->size;
}

uint8_t *
sluice_bytes_fill(struct sluice_bytes *b)
{
    RPC_CHECK(b, BYTES_MAGIC);
    assert(!is_shared(b));
    return block_of(b)->data + skipped(block_of(b));
}

size_t
sluice_bytes_capacity(const struct sluice_bytes *b)
{
    RPC_CHECK(b, BYTES_MAGIC);
    return b->capacity;
}

void
sluice_bytes_set_size(struct sluice_bytes *b, size_t size)
{
    RPC_CHECK(b, BYTES_MAGIC);
    assert(!is_shared(b));
    assert(size <= b->capacity);
    b->size = size;
}

void
sluice_bytes_skip(struct sluice_bytes *b, size_t n)
{
    RPC_CHECK(b, BYTES_MAGIC);
    assert(!is_shared(b));
    assert(b->release == NULL && n <= b->size);
    b->data += n;
    b->size -= n;
    b->capacity -= n;
}

uint8_t *
sluice_bytes_headroom(struct sluice_bytes *b)
{
    RPC_CHECK(b, BYTES_MAGIC);
    if (b->release != NULL || is_shared(b))
        return NULL;
    return (uint8_t *)b + offsetof(struct block, headroom) +
        skipped(block_of(b));
}
