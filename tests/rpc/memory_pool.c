/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/memory_pool.c - pools under the regime of tests/memory.h: to take
 * from one is a turn among the calls that may fail, and what the pool then asks
 * malloc for is exempt. So is what is taken without a pool: the test's own.
 *
 * A program lists this file among its sources and has $(memory_pool_link) in
 * its flags; there is nothing to include.
 */
#include <sluice/bytes.h>

#include "tests/memory.h"

void *__real_sluice_pool_take(struct sluice_pool *pool, size_t size);
void *__wrap_sluice_pool_take(struct sluice_pool *pool, size_t size);

void *
__wrap_sluice_pool_take(struct sluice_pool *pool, size_t size)
{
    void *p;

    if (pool != NULL && memory_is_refused())
        return NULL;
    memory_exempt_begin();
    p = __real_sluice_pool_take(pool, size);
    memory_exempt_end();
    return p;
}
