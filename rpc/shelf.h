/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/shelf.h - large storage between two uses. From the system a megabyte is
 * 256 pages, each to be faulted in and cleared: more work than what a message
 * of that size needs otherwise. So what was used a moment ago is used again,
 * and what nobody has wanted for a while goes back.
 *
 * Ownership   The shelf owns what lies on it: storage of malloc().
 * Thread      That of its pool's owner.
 * Bounds      At most RPC_SHELF_BYTES in RPC_SHELF_SLOTS pieces; what lies
 *             there longest makes room.
 */
#ifndef RPC_SHELF_H
#define RPC_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#define RPC_SHELF_BYTES ((size_t)16 * 1024 * 1024)
#define RPC_SHELF_SLOTS 32u

/* Zero-initialised is empty. */
struct rpc_shelf {
    unsigned count;
    unsigned stale; /* of count, the first: they lay there at the last sweep */
    size_t bytes;
    struct rpc_shelf_slot {
        void *storage;
        size_t size;
    } slots[RPC_SHELF_SLOTS]; /* by age */
};

/* Storage of exactly this size, the latest; NULL when there is none. */
void *rpc_shelf_take(struct rpc_shelf *shelf, size_t size);

/* Puts it there, or frees it when it is larger than all of the shelf. */
void rpc_shelf_give(struct rpc_shelf *shelf, void *storage, size_t size);

/* Frees what has been lying there since the last sweep. */
void rpc_shelf_sweep(struct rpc_shelf *shelf);

/* Frees all of it. */
void rpc_shelf_clear(struct rpc_shelf *shelf);

static inline bool
rpc_shelf_is_empty(const struct rpc_shelf *shelf)
{
    return shelf->count == 0;
}

#endif
