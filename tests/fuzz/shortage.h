/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/shortage.h - memory that runs short when a fuzz target says so:
 * that of the pools, as libsluice itself takes it. A target is linked with
 * fuzz_shortage_link.
 */
#ifndef TESTS_FUZZ_SHORTAGE_H
#define TESTS_FUZZ_SHORTAGE_H

#include <sluice/bytes.h>

/* After so many times more, one gets nothing. */
void fuzz_shortage_after(unsigned times);

/* No more of them; forgets those there were. */
void fuzz_shortage_end(void);

/* How often one got nothing. */
unsigned fuzz_shortages(void);

/* What libsluice calls in place of its own. */
void *__wrap_sluice_pool_take(struct sluice_pool *pool, size_t size);

#endif
