/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/arena.c - see arena.h. */
#include "gateway/arena.h"

#include <string.h>

#define BLOCK_BYTES 2048u
#define ALIGN 16u

struct gw_arena_block {
    _Alignas(ALIGN) struct gw_arena_block *next;
    size_t size; /* as taken from the pool */
};

void
gw_arena_init(struct gw_arena *a, struct sluice_pool *pool)
{
    a->pool = pool;
    a->at = a->first;
    a->end = a->first + sizeof a->first;
    a->blocks = NULL;
}

void
gw_arena_reset(struct gw_arena *a)
{
    while (a->blocks != NULL) {
        struct gw_arena_block *b = a->blocks;

        a->blocks = b->next;
        sluice_pool_give(a->pool, b, b->size);
    }
    gw_arena_init(a, a->pool);
}

static bool
add_block(struct gw_arena *a, size_t need)
{
    size_t size = sizeof(struct gw_arena_block) + need;
    struct gw_arena_block *b;

    if (size < BLOCK_BYTES)
        size = BLOCK_BYTES;
    b = sluice_pool_take(a->pool, size);
    if (b == NULL)
        return false;
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    a->at = (uint8_t *)(b + 1);
    a->end = (uint8_t *)b + size;
    return true;
}

void *
gw_arena_take(struct gw_arena *a, size_t size)
{
    void *p;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if ((size_t)(a->end - a->at) < size && !add_block(a, size))
        return NULL;
    p = a->at;
    a->at += size;
    return p;
}

char *
gw_arena_copy(struct gw_arena *a, const char *s, size_t len)
{
    char *p = gw_arena_take(a, len + 1);

    if (p != NULL) {
        if (len > 0)
            memcpy(p, s, len);
        p[len] = '\0';
    }
    return p;
}
