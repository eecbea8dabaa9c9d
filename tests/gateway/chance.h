/* SPDX-License-Identifier: Apache-2.0 */
/* tests/gateway/chance.h - chance that a seed repeats (splitmix64, Steele, Lea
 * and Flood, 2014). */
#ifndef TESTS_GATEWAY_CHANCE_H
#define TESTS_GATEWAY_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

/* 0 to n - 1; n > 0. */
static inline unsigned
chance_below(struct chance *c, unsigned n)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((z ^ (z >> 31)) % n);
}

/* Once in n times. */
static inline bool
chance_once_in(struct chance *c, unsigned n)
{
    return chance_below(c, n) == 0;
}

#endif
