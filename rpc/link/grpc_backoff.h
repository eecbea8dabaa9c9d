/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_backoff.h - how long to leave a failing backend alone ("gRPC
 * Connection Backoff Protocol"). Pure arithmetic: the seed of its jitter is an
 * argument and it reads no clock.
 */
#ifndef RPC_LINK_GRPC_BACKOFF_H
#define RPC_LINK_GRPC_BACKOFF_H

#include <stdint.h>

struct rpc_grpc_backoff {
    int64_t initial_ns;
    int64_t max_ns;
    int64_t next_ns;
    uint64_t random;
};

/* 0 < initial_ns <= max_ns. Equal seeds give equal delays. */
void rpc_grpc_backoff_init(struct rpc_grpc_backoff *b, int64_t initial_ns,
    int64_t max_ns, uint64_t seed);

/* The delay from the start of the attempt that failed to the next one: initial
 * at first, then 1.6 times as long each time up to max, give or take 20 %. */
int64_t rpc_grpc_backoff_next(struct rpc_grpc_backoff *b);

/* The backend has proven itself. */
void rpc_grpc_backoff_reset(struct rpc_grpc_backoff *b);

#endif
