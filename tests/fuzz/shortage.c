/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/shortage.c - the wrapped function gets no context of ours: hence
 * the one static object.
 */
#include "tests/fuzz/shortage.h"

void *__real_sluice_pool_take(struct sluice_pool *pool, size_t size);

static struct {
    bool is_coming;
    unsigned times; /* until it comes */
    unsigned shortages;
} memory;

void
fuzz_shortage_after(unsigned times)
{
    memory.is_coming = true;
    memory.times = times;
}

void
fuzz_shortage_end(void)
{
    memory.is_coming = false;
    memory.shortages = 0;
}

unsigned
fuzz_shortages(void)
{
    return memory.shortages;
}

void *
__wrap_sluice_pool_take(struct sluice_pool *pool, size_t size)
{
    if (memory.is_coming && pool != NULL && memory.times-- == 0) {
        memory.is_coming = false;
        memory.shortages++;
        return NULL;
    }
    return __real_sluice_pool_take(pool, size);
}
