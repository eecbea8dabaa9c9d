/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/bytes.h - what the rest of rpc/ needs of bytes beyond sluice/bytes.h.
 */
#ifndef RPC_BYTES_H
#define RPC_BYTES_H

#include <sluice/bytes.h>

/* sluice_bytes_unref() for where there mostly are none. */
static inline void
rpc_bytes_drop(struct sluice_bytes **b)
{
    if (*b != NULL)
        sluice_bytes_unref(b);
}

#endif
