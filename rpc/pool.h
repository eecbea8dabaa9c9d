/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/pool.h - what the rest of rpc/ needs of a pool beyond sluice/bytes.h.
 */
#ifndef RPC_POOL_H
#define RPC_POOL_H

#include <sluice/bytes.h>

/* Whether what is given back is kept for the next who takes. Not under the
 * address sanitizer, which sees a use after free only if free() is called; nor
 * where a test says so, to see all that is asked for. */
#if !defined(RPC_POOL_KEEPS) && defined(__SANITIZE_ADDRESS__)
#define RPC_POOL_KEEPS 0
#elif !defined(RPC_POOL_KEEPS) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RPC_POOL_KEEPS 0
#endif
#endif
#ifndef RPC_POOL_KEEPS
#define RPC_POOL_KEEPS 1
#endif

/* A value that differs from that of every other living thread; never NULL. */
const void *rpc_thread_self(void);

/* Makes the calling thread the owner. The former one must be done with it. */
void rpc_pool_adopt(struct sluice_pool *pool);

/* Takes in what other threads gave back. Owner thread. */
void rpc_pool_drain(struct sluice_pool *pool);

/* Whether more is kept than is kept at rest: large storage, or many pages of
 * one size. A sweep gives back to the system what of it is too much, large
 * storage if nobody took it since the last sweep. Owner thread. */
bool rpc_pool_wants_sweep(const struct sluice_pool *pool);
void rpc_pool_sweep(struct sluice_pool *pool);

/* How many bytes sluice_pool_take(size) really provides; giving them back with
 * this size is the same. pool may be NULL. */
size_t rpc_pool_usable(const struct sluice_pool *pool, size_t size);

#endif
