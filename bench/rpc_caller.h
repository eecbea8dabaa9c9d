/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/rpc_caller.h - keeps 100 unary event calls of 100 bytes in flight
 * through a stub until the meter is over.
 */
#ifndef BENCH_RPC_CALLER_H
#define BENCH_RPC_CALLER_H

#include <sluice/face.h>

#include "bench/meter.h"

struct rpc_caller;

struct rpc_caller_slot {
    struct rpc_caller *caller;
    struct sluice_call *call;
    bool has_response;
};

struct rpc_caller {
    struct sluice_end *end;
    struct sluice_stub *stub;
    struct sluice_pool *pool;
    struct meter meter;
    uint8_t message[BENCH_MESSAGE_BYTES];
    struct rpc_caller_slot slots[BENCH_CONCURRENCY];
    size_t in_flight;
    void (*on_over)(void *arg); /* the End has stopped */
    void *arg;
};

/* The End must be joined, and not started. argc and argv go to the meter. */
void rpc_caller_init(struct rpc_caller *caller, struct sluice_end *end,
    int argc, char **argv);

/* Starts the End and the calls; stops the End after the last one. */
void rpc_caller_start(struct rpc_caller *caller, void (*on_over)(void *arg),
    void *arg);

/* Prints what was measured, and releases all but the End. */
void rpc_caller_fini(struct rpc_caller *caller);

#endif
