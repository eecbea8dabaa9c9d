/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/wheel.h - running timers by due tick (1 ms). No clock inside: the time
 * is an argument. Starting and stopping a timer takes constant time.
 */
#ifndef RPC_WHEEL_H
#define RPC_WHEEL_H

#include <sluice/loop.h>

#define RPC_WHEEL_LEVELS 8u /* of 64 slots: 48 bits, all of a uint64_t in ns */
#define RPC_WHEEL_SLOTS 64u
#define RPC_WHEEL_NEVER UINT64_MAX

struct rpc_wheel {
    uint64_t tick;     /* everything due up to here has expired */
    uint64_t earliest; /* what is due before this waits for this */
    size_t count;      /* running timers */
    struct sluice_timer *expiring;
    uint64_t occupied[RPC_WHEEL_LEVELS]; /* one bit per slot with a timer */
    struct sluice_timer *slots[RPC_WHEEL_LEVELS * RPC_WHEEL_SLOTS];
};

void rpc_wheel_init(struct rpc_wheel *wheel, uint64_t tick);

/* The timer must be idle. Returns the tick it will expire at, the first one
 * that is not before due_ns. */
uint64_t rpc_wheel_start(struct rpc_wheel *wheel, struct sluice_timer *timer);

/* The timer must be running. */
void rpc_wheel_stop(struct rpc_wheel *wheel, struct sluice_timer *timer);

/* Expires what is due at tick or before. The callbacks may start and stop any
 * timer; one that is due at once waits for the next call. */
void rpc_wheel_advance(struct rpc_wheel *wheel, uint64_t tick);

/* No timer is due before the tick returned; RPC_WHEEL_NEVER without any. */
uint64_t rpc_wheel_next(const struct rpc_wheel *wheel);

#endif
