/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_backoff.c - exponential backoff with jitter. The first delay
 * has none, as in other gRPC clients.
 */
#include "rpc/link/grpc_backoff.h"

#include <assert.h>

void
rpc_grpc_backoff_init(struct rpc_grpc_backoff *b, int64_t initial_ns,
    int64_t max_ns, uint64_t seed)
{
    assert(initial_ns > 0 && initial_ns <= max_ns);
    b->initial_ns = initial_ns;
    b->max_ns = max_ns;
    b->next_ns = 0;
    b->random = seed | 1; /* xorshift must not start at 0 */
}

static uint64_t
random_next(struct rpc_grpc_backoff *b)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random;
}

int64_t
rpc_grpc_backoff_next(struct rpc_grpc_backoff *b)
{
    int64_t fifth;

    if (b->next_ns == 0) {
        b->next_ns = b->initial_ns;
        return b->initial_ns;
    }
    if (b->next_ns > b->max_ns / 8 * 5)
        b->next_ns = b->max_ns;
    else
        b->next_ns = b->next_ns / 5 * 8;
    fifth = b->next_ns / 5;
    return b->next_ns - fifth +
        (int64_t)(random_next(b) % (uint64_t)(2 * fifth + 1));
}

void
rpc_grpc_backoff_reset(struct rpc_grpc_backoff *b)
{
    b->next_ns = 0;
}
