/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/pool.c - storage that is used over and over by one thread.
 *
 * Free storage waits in a list per size class; four classes per doubling, so at
 * most a fifth of it is slack. What is larger than the largest class waits on a
 * shelf, not for long (shelf.h); its sizes go by the same steps. Nor does what
 * a class of pages has over its limit wait long: a busy time needs much of it
 * again and again. The owner thread takes and gives without atomic
 * operations. Any other thread that gives pushes onto one lock-free list,
 * which the owner takes over whole.
 *
 * A pool that was freed while storage was still out is an orphan: it has no
 * owner, storage goes straight back to free(), and the last one takes the pool
 * itself along.
 */
#include "rpc/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "rpc/check.h"
#include "rpc/shelf.h"

#define POOL_MAGIC 0x706f6f6cu

#define SMALLEST 64u
#define LARGEST 65536u
#define CLASSES 41u       /* 64, 80, 96, 112, 128, 160, ... 65536 */
#define UNCLASSED CLASSES /* larger: a class that keeps nothing, but a shelf */

/* What the lists of one class may hold on to; and how many times that between
 * two sweeps, if it is one of those that are pages. */
#define CACHE_BYTES (RPC_POOL_KEEPS ? (size_t)256 * 1024 : (size_t)0)
#define SURPLUS 8u
#define SURPLUS_FROM 4096u

/* Lies over storage that is on its way back. */
struct chunk {
    struct chunk *next;
    size_t size;
};

struct class {
    struct chunk *free;
    unsigned cached; /* as many are in free */
    unsigned limit;  /* and may be */
};

struct sluice_pool {
    unsigned magic;
    _Atomic(const void *) owner; /* NULL: an orphan */
    size_t out;                  /* taken and not back; the owner counts */
    struct class classes[CLASSES + 1];
    struct rpc_shelf shelf;
    bool has_surplus; /* a class is over its limit */

    _Atomic(struct chunk *) returned; /* pushed by other threads */
    atomic_llong orphans; /* what is out of an orphan, once it is one */
};

/* The end of `returned` once there is no owner to take it over. */
static struct chunk *const no_owner = (struct chunk *)-1;

const void *
rpc_thread_self(void)
{
    static _Thread_local const char self;

    return &self;
}

#define SMALL_STEP 16u
#define SMALL_MAX 1024u

/* Classes of sizes up to SMALL_MAX, by steps: most are as small. */
static const uint8_t small_classes[SMALL_MAX / SMALL_STEP + 1] = { 0, 0, 0, 0,
    0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11,
    11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 13, 13, 13, 13, 14, 14, 14, 14, 14,
    14, 14, 14, 15, 15, 15, 15, 15, 15, 15, 15, 16, 16, 16, 16, 16, 16, 16,
    16 };

/* Four classes per doubling: which one is in the three highest bits of size -
 * 1, and where they are. */
static unsigned
large_class(size_t size)
{
    unsigned log2;

    if (size > LARGEST)
        return UNCLASSED;
    log2 = 63u - (unsigned)__builtin_clzll((unsigned long long)size - 1);
    return 4 * log2 + (unsigned)((size - 1) >> (log2 - 2)) - 27u;
}

static unsigned
class_of(size_t size)
{
    if (size > SMALL_MAX)
        return large_class(size);
    return small_classes[(size + SMALL_STEP - 1) / SMALL_STEP];
}

static size_t
class_size(unsigned class)
{
    return (size_t)(SMALLEST + class % 4 * (SMALLEST / 4)) << class / 4;
}

/* The next of four steps per doubling, for what is larger than any class. */
static size_t
shelf_size(size_t size)
{
    size_t step = (size_t)1
        << (61u - (unsigned)__builtin_clzll((uint64_t)size - 1));

    return size > RPC_SHELF_BYTES ? size : (size + step - 1) & ~(step - 1);
}

size_t
rpc_pool_usable(const struct sluice_pool *pool, size_t size)
{
    unsigned class = class_of(size);

    /* Exact sizes let the sanitizer see every overrun. */
    if (pool == NULL || CACHE_BYTES == 0)
        return size < sizeof(struct chunk) ? sizeof(struct chunk) : size;
    return class == UNCLASSED ? shelf_size(size) : class_size(class);
}

struct sluice_pool *
sluice_pool_new(void)
{
    struct sluice_pool *pool = calloc(1, sizeof(*pool));
    unsigned i;

    if (pool == NULL)
        return NULL;
    for (i = 0; i < CLASSES; i++)
        pool->classes[i].limit = (unsigned)(CACHE_BYTES / class_size(i));
    pool->magic = POOL_MAGIC;
    atomic_init(&pool->owner, rpc_thread_self());
    atomic_init(&pool->returned, NULL);
    atomic_init(&pool->orphans, 0);
    return pool;
}

void
rpc_pool_adopt(struct sluice_pool *pool)
{
    RPC_CHECK(pool, POOL_MAGIC);
    atomic_store(&pool->owner, rpc_thread_self());
}

static bool
is_owner(const struct sluice_pool *pool)
{
    return atomic_load_explicit(&pool->owner, memory_order_relaxed) ==
        rpc_thread_self();
}

static inline void
push(struct class *c, struct chunk *chunk)
{
    chunk->next = c->free;
    c->free = chunk;
    c->cached++;
}

/* Its class is full, or it has none. */
__attribute__((noinline)) static void
give_up(struct sluice_pool *pool, struct chunk *chunk, size_t size)
{
    struct class *c = &pool->classes[class_of(size)];

    if (CACHE_BYTES > 0 && size > LARGEST) {
        rpc_shelf_give(&pool->shelf, chunk, rpc_pool_usable(pool, size));
    } else if (size >= SURPLUS_FROM && c->cached < SURPLUS * c->limit) {
        pool->has_surplus = true;
        push(c, chunk);
    } else {
        free(chunk);
    }
}

/* Back into its class if that has room for it. */
static inline void
keep_or_free(struct sluice_pool *pool, struct chunk *chunk, size_t size)
{
    struct class *c = &pool->classes[class_of(size)];

    assert(pool->out > 0);
    pool->out--;
    if (c->cached >= c->limit)
        give_up(pool, chunk, size);
    else
        push(c, chunk);
}

static void
take_over(struct sluice_pool *pool, struct chunk *chunk)
{
    struct chunk *next;

    for (; chunk != NULL; chunk = next) {
        next = chunk->next;
        keep_or_free(pool, chunk, chunk->size);
    }
}

void
rpc_pool_drain(struct sluice_pool *pool)
{
    if (atomic_load_explicit(&pool->returned, memory_order_relaxed) == NULL)
        return;
    take_over(pool,
        atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire));
}

bool
rpc_pool_wants_sweep(const struct sluice_pool *pool)
{
    return pool->has_surplus || !rpc_shelf_is_empty(&pool->shelf);
}

/* Frees until so many are left. */
static void
cut(struct class *c, unsigned limit)
{
    struct chunk *chunk;

    while (c->cached > limit) {
        chunk = c->free;
        c->free = chunk->next;
        c->cached--;
        free(chunk);
    }
}

void
rpc_pool_sweep(struct sluice_pool *pool)
{
    unsigned i;

    RPC_CHECK(pool, POOL_MAGIC);
    rpc_shelf_sweep(&pool->shelf);
    for (i = 0; pool->has_surplus && i < CLASSES; i++)
        cut(&pool->classes[i], pool->classes[i].limit);
    pool->has_surplus = false;
}

static void
release_pool(struct sluice_pool *pool)
{
    pool->magic = 0;
    free(pool);
}

void
sluice_pool_free(struct sluice_pool **pool_p)
{
    struct sluice_pool *pool = *pool_p;
    long long out;
    unsigned i;

    if (pool == NULL)
        return;
    RPC_CHECK(pool, POOL_MAGIC);
    *pool_p = NULL;

    atomic_store(&pool->owner, NULL);
    take_over(pool, atomic_exchange(&pool->returned, no_owner));
    for (i = 0; i < CLASSES; i++)
        cut(&pool->classes[i], 0);
    rpc_shelf_clear(&pool->shelf);

    /* Whoever makes the sum zero is the last. It is below zero until we add
     * our part, if others have given back meanwhile. */
    out = (long long)pool->out;
    if (atomic_fetch_add(&pool->orphans, out) + out == 0)
        release_pool(pool);
}

/* The class has nothing left, unless other threads gave something back. Kept
 * out of the way of those that do not come here. */
__attribute__((noinline)) static void *
take_anew(struct sluice_pool *pool, size_t size)
{
    struct class *c = &pool->classes[class_of(size)];
    struct chunk *chunk;

    rpc_pool_drain(pool);
    chunk = c->free;
    if (chunk != NULL) {
        c->free = chunk->next;
        c->cached--;
    } else {
        size = rpc_pool_usable(pool, size);
        if (size > LARGEST)
            chunk = rpc_shelf_take(&pool->shelf, size);
        if (chunk == NULL)
            chunk = malloc(size);
    }
    if (chunk != NULL)
        pool->out++;
    return chunk;
}

void *
sluice_pool_take(struct sluice_pool *pool, size_t size)
{
    struct chunk *chunk;
    struct class *c;

    if (pool == NULL)
        return malloc(rpc_pool_usable(NULL, size));
    assert(is_owner(pool)); /* which nothing but a living pool can be */

    c = &pool->classes[class_of(size)];
    chunk = c->free;
    if (chunk == NULL)
        return take_anew(pool, size);
    c->free = chunk->next;
    /* Where many are out, the next one has long left the caches. */
    __builtin_prefetch(c->free);
    c->cached--;
    pool->out++;
    return chunk;
}

/* From a thread that does not own the pool, or to one that nobody owns. */
__attribute__((noinline)) static void
give_back(struct sluice_pool *pool, struct chunk *chunk, size_t size)
{
    struct chunk *head;

    RPC_CHECK(pool, POOL_MAGIC);
    head = atomic_load_explicit(&pool->returned, memory_order_acquire);
    chunk->size = size;
    do {
        if (head == no_owner) {
            free(chunk);
            if (atomic_fetch_sub(&pool->orphans, 1) == 1)
                release_pool(pool);
            return;
        }
        chunk->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&pool->returned, &head,
        chunk, memory_order_release, memory_order_acquire));
}

void
sluice_pool_give(struct sluice_pool *pool, void *p, size_t size)
{
    if (p == NULL)
        return;
    if (pool == NULL)
        free(p);
    else if (is_owner(pool))
        keep_or_free(pool, p, size);
    else
        give_back(pool, p, size);
}
