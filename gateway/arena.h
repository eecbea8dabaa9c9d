/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/arena.h - memory that lives as long as one exchange: taken in small
 * pieces, given back in one step.
 *
 * The first block is part of the exchange, so an ordinary request takes nothing
 * from the pool. Further blocks come from the worker's pool.
 */
#ifndef GW_ARENA_H
#define GW_ARENA_H

#include <sluice/bytes.h>

#define GW_ARENA_FIRST 512u

struct gw_arena_block;

struct gw_arena {
    _Alignas(16) uint8_t first[GW_ARENA_FIRST];
    struct sluice_pool *pool;
    uint8_t *at;
    uint8_t *end;
    struct gw_arena_block *blocks;
};

void gw_arena_init(struct gw_arena *a, struct sluice_pool *pool);

/* Gives everything back; the arena is as after init. */
void gw_arena_reset(struct gw_arena *a);

/* size bytes aligned for any type, uninitialised. NULL when memory is short. */
void *gw_arena_take(struct gw_arena *a, size_t size);

/* A NUL-terminated copy. NULL when memory is short. */
char *gw_arena_copy(struct gw_arena *a, const char *s, size_t len);

#endif
