/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_memory.h - nghttp2's memory, from the loop's pool. nghttp2 asks
 * four times for each stream; this keeps malloc out of the steady state.
 *
 * Thread      The pool's owner.
 */
#ifndef RPC_LINK_GRPC_MEMORY_H
#define RPC_LINK_GRPC_MEMORY_H

#include <sluice/bytes.h>

#include <nghttp2/nghttp2.h>

/* pool must outlive every session that mem is given to. */
void rpc_grpc_memory_init(nghttp2_mem *mem, struct sluice_pool *pool);

#endif
