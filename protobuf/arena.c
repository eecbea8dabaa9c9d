/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocation from chunks that double in size. An allocation that is large
 * for the next chunk gets one of its own.
 */
#include "protobuf/arena.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CHUNK_BYTES_FIRST = 4096,
    CHUNK_BYTES_LAST = 1 << 20,
};

struct pb_arena_chunk {
    struct pb_arena_chunk *next;
    max_align_t bytes[];
};

void
pb_arena_init(struct pb_arena *a, size_t max)
{
    *a = (struct pb_arena){ .chunk_bytes = CHUNK_BYTES_FIRST, .max = max };
}

void
pb_arena_fini(struct pb_arena *a)
{
    while (a->chunks != NULL) {
        struct pb_arena_chunk *next = a->chunks->next;

        free(a->chunks);
        a->chunks = next;
    }
    pb_arena_init(a, a->max);
}

/* size > 0. */
static uint8_t *
new_chunk(struct pb_arena *a, size_t size)
{
    struct pb_arena_chunk *c;

    if (size > a->max || sizeof *c > a->max - size ||
        a->total > a->max - size - sizeof *c) {
        a->is_over = true;
        return NULL;
    }
    c = malloc(sizeof *c + size);
    if (c == NULL)
        return NULL;
    a->total += sizeof *c + size;
    c->next = a->chunks;
    a->chunks = c;
    return (uint8_t *)c->bytes;
}

/* align is a power of two. */
static void *
take(struct pb_arena *a, size_t size, size_t align)
{
    size_t skip = (size_t)(-(uintptr_t)a->at & (align - 1));
    size_t room = (size_t)(a->end - a->at);
    uint8_t *p;

    if (room >= skip && room - skip >= size) {
        p = a->at + skip;
        a->at = p + size;
        return p;
    }
    if (size > a->chunk_bytes / 4)
        return new_chunk(a, size);

    p = new_chunk(a, a->chunk_bytes);
    if (p == NULL)
        return NULL;
    a->at = p + size;
    a->end = p + a->chunk_bytes;
    if (a->chunk_bytes < CHUNK_BYTES_LAST)
        a->chunk_bytes *= 2;
    return p;
}

void *
pb_arena_array(struct pb_arena *a, size_t count, size_t size)
{
    void *p;

    assert(size > 0);
    if (count > SIZE_MAX / size) {
        a->is_over = true;
        return NULL;
    }
    /* Nothing at all still has an address, for callers that test for NULL. */
    p = take(a, count > 0 ? count * size : 1, _Alignof(max_align_t));
    if (p != NULL)
        memset(p, 0, count * size);
    return p;
}

char *
pb_arena_text(struct pb_arena *a, const char *text, size_t len)
{
    char *p;

    assert(len < SIZE_MAX);
    p = take(a, len + 1, 1);
    if (p == NULL)
        return NULL;
    if (len > 0)
        memcpy(p, text, len);
    p[len] = '\0';
    return p;
}

enum pb_err
pb_arena_error(const struct pb_arena *a, struct pb_error *e)
{
    if (a->is_over)
        return pb_error_set(e, PB_ELIMIT,
            "the descriptors need more than %zu MiB of memory", a->max >> 20);
    return pb_error_set(e, PB_ENOMEM, "out of memory");
}
