/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/arena.h - memory that is given back in one step: the tables of a
 * schema, and what a builder needs while it makes them.
 *
 * All memory is zeroed. There is a limit on the total, because a few bytes of
 * a descriptor can ask for many of ours.
 */
#ifndef PB_ARENA_H
#define PB_ARENA_H

#include "protobuf/buf.h"

struct pb_arena_chunk;

struct pb_arena {
    struct pb_arena_chunk *chunks;
    uint8_t *at; /* free bytes of the newest chunk: [at, end) */
    uint8_t *end;
    size_t chunk_bytes; /* size of the next one */
    size_t total;       /* taken from the heap */
    size_t max;
    bool is_over; /* an allocation failed because of max */
};

void pb_arena_init(struct pb_arena *a, size_t max);
void pb_arena_fini(struct pb_arena *a);

/* count elements of size bytes, aligned for anything. NULL: see
 * pb_arena_error(). */
void *pb_arena_array(struct pb_arena *a, size_t count, size_t size);

/* A NUL-terminated copy. */
char *pb_arena_text(struct pb_arena *a, const char *text, size_t len);

/* Why the last allocation failed: PB_ELIMIT or PB_ENOMEM. */
enum pb_err pb_arena_error(const struct pb_arena *a, struct pb_error *e);

#endif
