/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_bucket.c - see the header.
 */
#include "rpc/link/grpc_bucket.h"

#define NS_PER_S UINT64_C(1000000000)

void
rpc_grpc_bucket_give(struct rpc_grpc_bucket *b, unsigned n)
{
    b->taken = b->taken > n ? b->taken - n : 0;
}

bool
rpc_grpc_bucket_take(struct rpc_grpc_bucket *b, uint64_t now_ns, unsigned n,
    unsigned burst, unsigned per_second)
{
    uint64_t seconds = (now_ns - b->since_ns) / NS_PER_S;

    if (b->taken == 0 || seconds >= b->taken / per_second + 1) {
        b->taken = 0;
        b->since_ns = now_ns;
    } else if (seconds > 0) {
        rpc_grpc_bucket_give(b, (unsigned)seconds * per_second);
        b->since_ns += seconds * NS_PER_S;
    }
    if (n > burst - b->taken)
        return false;
    b->taken += n;
    return true;
}
