/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/arena.c - bump allocation from a chain of blocks. A request larger
 * than a block gets a block of its own behind the one being filled.
 */
#include "routes/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 * 1024)
#define ALIGNMENT alignof(max_align_t)

struct block {
    struct block *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) unsigned char data[];
};

struct route_arena {
    struct block *blocks; /* the first is being filled */
};

static struct block *
block_new(size_t cap)
{
    struct block *b;

    if (cap > SIZE_MAX - sizeof *b)
        return NULL;
    b = calloc(1, sizeof *b + cap);
    if (b != NULL)
        b->cap = cap;
    return b;
}

struct route_arena *
route_arena_new(void)
{
    return calloc(1, sizeof(struct route_arena));
}

void
route_arena_free(struct route_arena **arena)
{
    if (*arena == NULL)
        return;
    for (struct block *b = (*arena)->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(*arena);
    *arena = NULL;
}

void *
route_arena_take(struct route_arena *arena, size_t size)
{
    struct block *b = arena->blocks;
    void *p;

    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (b == NULL || b->cap - b->used < size) {
        bool is_large = size > BLOCK_BYTES / 4;

        b = block_new(is_large ? size : BLOCK_BYTES);
        if (b == NULL)
            return NULL;
        if (is_large && arena->blocks != NULL) {
            b->next = arena->blocks->next;
            arena->blocks->next = b;
        } else {
            b->next = arena->blocks;
            arena->blocks = b;
        }
    }
    p = b->data + b->used;
    b->used += size;
    return p;
}

void *
route_arena_array(struct route_arena *arena, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return route_arena_take(arena, bytes);
}

char *
route_arena_text(struct route_arena *arena, const char *s, size_t len)
{
    char *copy;

    if (len == SIZE_MAX)
        return NULL;
    copy = route_arena_take(arena, len + 1);
    if (copy != NULL && len > 0)
        memcpy(copy, s, len);
    return copy;
}

char *
route_arena_format(struct route_arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return NULL;
    text = route_arena_take(arena, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}
