/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_bucket.h - a token bucket: so many at once, so many more each
 * second. No clock inside: the time is an argument.
 */
#ifndef RPC_LINK_GRPC_BUCKET_H
#define RPC_LINK_GRPC_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is full. */
struct rpc_grpc_bucket {
    unsigned taken;
    uint64_t since_ns;
};

/* Takes n tokens; false when there are not so many. */
bool rpc_grpc_bucket_take(struct rpc_grpc_bucket *b, uint64_t now_ns,
    unsigned n, unsigned burst, unsigned per_second);

/* Gives n tokens back. */
void rpc_grpc_bucket_give(struct rpc_grpc_bucket *b, unsigned n);

#endif
