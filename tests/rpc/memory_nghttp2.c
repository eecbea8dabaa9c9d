/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/memory_nghttp2.c - nghttp2 under the regime of tests/memory.h.
 */
#include "tests/rpc/memory_nghttp2.h"

#include <stdlib.h>

static void *
take_by_malloc(size_t size, void *arg)
{
    (void)arg;
    return malloc(size);
}

static void *
take_by_calloc(size_t n, size_t size, void *arg)
{
    (void)arg;
    return calloc(n, size);
}

static void *
take_by_realloc(void *p, size_t size, void *arg)
{
    (void)arg;
    return realloc(p, size);
}

static void
give_back(void *p, void *arg)
{
    (void)arg;
    free(p);
}

void
memory_nghttp2_init(nghttp2_mem *mem)
{
    *mem = (nghttp2_mem){
        .malloc = take_by_malloc,
        .calloc = take_by_calloc,
        .realloc = take_by_realloc,
        .free = give_back,
    };
}
