/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/bytes.h - payload bytes: one counted block, filled once and then
 * only read, and the pool such blocks come from.
 *
 * Ownership   sluice_bytes_new() gives the caller one reference. Passing bytes
 *             to a function documented as "takes" hands that reference over,
 *             whatever the function returns. Whoever is handed bytes by a
 *             callback documented as "gives" owns a reference.
 * Thread      Any thread may hold, ref and unref. A block returns to its pool
 *             from any thread. Filling is for the one holder of the only
 *             reference.
 */
#ifndef SLUICE_BYTES_H
#define SLUICE_BYTES_H

#include <sluice/api.h>

struct sluice_bytes;
struct sluice_pool;

/* Free room that every block made by sluice_bytes_new() has in front of its
 * data, so that a link can put its framing before a payload without a copy. */
#define SLUICE_BYTES_HEADROOM 16u

/* A pool keeps freed blocks in size classes for its owner, the thread that made
 * it, and hands them out again without malloc; of each class only so much that
 * a burst does not stay for ever. Of blocks over 64 KiB it keeps 16 MiB at most,
 * and only while they are wanted again within seconds, if it is the pool of a
 * sluice_loop that runs. NULL when memory is short. */
SLUICE_API struct sluice_pool *sluice_pool_new(void);

/* Gives up the owner's hold; blocks still out keep what they need alive and
 * are released when their last reference goes. Accepts a NULL pointer. */
SLUICE_API void sluice_pool_free(struct sluice_pool **pool);

/* Raw storage from the pool for a framework object (with pool NULL from malloc);
 * NULL when memory is short. Owner thread only. */
SLUICE_API void *sluice_pool_take(struct sluice_pool *pool, size_t size);

/* Gives storage of sluice_pool_take() back, also after sluice_pool_free(); size
 * as taken. Any thread. p may be NULL. */
SLUICE_API void sluice_pool_give(struct sluice_pool *pool, void *p,
    size_t size);

/* A block of at least size bytes, contents undefined, to be filled by the
 * caller. pool may be NULL (plain malloc); otherwise the pool's owner thread.
 * NULL when memory is short. */
SLUICE_API struct sluice_bytes *sluice_bytes_new(struct sluice_pool *pool,
    size_t size);

/* The same, filled with a copy of data. */
SLUICE_API struct sluice_bytes *sluice_bytes_copy(struct sluice_pool *pool,
    const void *data, size_t size);

/* Bytes that stay where they are; release(arg) runs once, on the thread that
 * drops the last reference. NULL when memory is short (release does not run
 * then). */
SLUICE_API struct sluice_bytes *sluice_bytes_wrap(const void *data, size_t size,
    void (*release)(void *arg), void *arg);

SLUICE_API struct sluice_bytes *sluice_bytes_ref(struct sluice_bytes *b);

/* Drops the caller's reference and clears its pointer; *b may be NULL. */
SLUICE_API void sluice_bytes_unref(struct sluice_bytes **b);

SLUICE_API const uint8_t *sluice_bytes_data(const struct sluice_bytes *b);
SLUICE_API size_t sluice_bytes_size(const struct sluice_bytes *b);

/* For filling: the only holder's writable view, and how much fits in all. Not
 * for wrapped bytes. */
SLUICE_API uint8_t *sluice_bytes_fill(struct sluice_bytes *b);
SLUICE_API size_t sluice_bytes_capacity(const struct sluice_bytes *b);

/* Sets the size, at most the capacity; the only holder, while filling. */
SLUICE_API void sluice_bytes_set_size(struct sluice_bytes *b, size_t size);

/* Drops the first n bytes, at most the size: the data begins after them, and
 * the capacity is so much less. The only holder, while filling; not for wrapped
 * bytes. For who learns last what has to stand first. */
SLUICE_API void sluice_bytes_skip(struct sluice_bytes *b, size_t n);

/* The headroom bytes directly before the data, or NULL if b has none (wrapped)
 * or is shared by more than one holder. At most SLUICE_BYTES_HEADROOM. */
SLUICE_API uint8_t *sluice_bytes_headroom(struct sluice_bytes *b);

#endif
