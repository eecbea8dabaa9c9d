/* SPDX-License-Identifier: Apache-2.0 */
/* rpc/shelf.c - see shelf.h. */
#include "rpc/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "rpc/check.h"

/* Takes a slot out of the row. */
static void *
pick(struct rpc_shelf *shelf, unsigned i)
{
    void *storage = shelf->slots[i].storage;

    shelf->bytes -= shelf->slots[i].size;
    shelf->count--;
    if (i < shelf->stale)
        shelf->stale--;
    memmove(shelf->slots + i, shelf->slots + i + 1,
        (shelf->count - i) * sizeof(*shelf->slots));
    return storage;
}

void *
rpc_shelf_take(struct rpc_shelf *shelf, size_t size)
{
    unsigned i;

    for (i = shelf->count; i-- > 0;)
        if (shelf->slots[i].size == size)
            return pick(shelf, i);
    return NULL;
}

void
rpc_shelf_give(struct rpc_shelf *shelf, void *storage, size_t size)
{
    if (size > RPC_SHELF_BYTES) {
        free(storage);
        return;
    }
    while (shelf->count == RPC_SHELF_SLOTS ||
        size > RPC_SHELF_BYTES - shelf->bytes)
        free(pick(shelf, 0));
    shelf->slots[shelf->count++] = (struct rpc_shelf_slot){ storage, size };
    shelf->bytes += size;
}

void
rpc_shelf_sweep(struct rpc_shelf *shelf)
{
    while (shelf->stale > 0)
        free(pick(shelf, 0));
    shelf->stale = shelf->count;
}

void
rpc_shelf_clear(struct rpc_shelf *shelf)
{
    while (shelf->count > 0)
        free(pick(shelf, 0));
}
