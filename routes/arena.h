/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/arena.h - memory that is only added to and is released in one step:
 * what a configuration or a set of routes is made of.
 *
 * Ownership   Everything handed out lives until route_arena_free().
 * Errors      NULL means that memory is short; what was handed out before
 *             stays good.
 */
#ifndef ROUTE_ARENA_H
#define ROUTE_ARENA_H

#include <stddef.h>

struct route_arena;

/* NULL when memory is short. */
struct route_arena *route_arena_new(void);

/* Clears the pointer; accepts NULL in it. */
void route_arena_free(struct route_arena **arena);

/* Zeroed storage for n things of that size, aligned for any type. n may be 0:
 * the pointer is then not NULL and not to be read through. */
void *route_arena_array(struct route_arena *arena, size_t n, size_t size);

/* The same for one thing. */
void *route_arena_take(struct route_arena *arena, size_t size);

/* A copy of len bytes with a NUL after them. */
char *route_arena_text(struct route_arena *arena, const char *s, size_t len);

/* A formatted text. */
char *route_arena_format(struct route_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
