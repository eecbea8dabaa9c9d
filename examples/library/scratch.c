/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/scratch.c - memory for one request's message.
 */
#include "examples/library/scratch.h"

#include <stddef.h>

static void *
take(void *arg, size_t size)
{
    struct library_scratch *scratch = arg;
    size_t align = _Alignof(max_align_t);
    size_t left = LIBRARY_SCRATCH_BYTES - scratch->used;
    void *p = scratch->bytes + scratch->used;

    if (size > left) {
        scratch->has_overflowed = true;
        return NULL;
    }
    size = (size + align - 1) / align * align;
    scratch->used += size < left ? size : left;
    return p;
}

static void
give(void *arg, void *p)
{
    (void)arg; /* goes with the rest */
    (void)p;
}

void
library_scratch_init(struct library_scratch *scratch)
{
    scratch->allocator.alloc = take;
    scratch->allocator.free = give;
    scratch->allocator.allocator_data = scratch;
    library_scratch_reset(scratch);
}

void
library_scratch_reset(struct library_scratch *scratch)
{
    scratch->used = 0;
    scratch->has_overflowed = false;
}
