/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/metadata.h - what the rest of rpc/ needs of metadata beyond
 * sluice/metadata.h.
 */
#ifndef RPC_METADATA_H
#define RPC_METADATA_H

#include <sluice/metadata.h>

/* A list without entries, the same one for everybody: for what was sent and
 * says nothing. Holding it is free, also from many threads. */
struct sluice_metadata *rpc_metadata_empty(void);

/* sluice_metadata_unref() for where there mostly is none: an operation comes by
 * a dozen such places. */
static inline void
rpc_metadata_drop(struct sluice_metadata **md)
{
    if (*md != NULL)
        sluice_metadata_unref(md);
}

#endif
