/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/thread_pool.c - threads that may block, and one queue for them.
 *
 * Work is intrusive, so submitting it can neither fail nor block for longer
 * than the queue's lock is held.
 */
#include <sluice/thread.h>

#include <stdlib.h>

#include <uv.h>

#include "rpc/check.h"

#define THREAD_POOL_MAGIC 0x7470706cu
#define MAX_THREADS 1024u

struct sluice_thread_pool {
    unsigned magic;
    uv_mutex_t lock;
    uv_cond_t has_work;
    struct sluice_work *first; /* a queue; under the lock */
    struct sluice_work **last;
    bool is_ending;
    unsigned n_threads;
    uv_thread_t threads[];
};

/* The next work; NULL: there is none and will be none. */
static struct sluice_work *
await_work(struct sluice_thread_pool *pool)
{
    struct sluice_work *work;

    uv_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->is_ending)
        uv_cond_wait(&pool->has_work, &pool->lock);
    work = pool->first;
    if (work != NULL) {
        pool->first = work->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        work->next = NULL;
    }
    uv_mutex_unlock(&pool->lock);
    return work;
}

static void
on_thread(void *arg)
{
    struct sluice_thread_pool *pool = arg;
    struct sluice_work *work;

    while ((work = await_work(pool)) != NULL)
        work->run(work);
}

void
sluice_thread_pool_submit(struct sluice_thread_pool *pool,
    struct sluice_work *work)
{
    RPC_CHECK(pool, THREAD_POOL_MAGIC);
    assert(work->run != NULL && work->next == NULL);
    uv_mutex_lock(&pool->lock);
    *pool->last = work;
    pool->last = &work->next;
    uv_cond_signal(&pool->has_work);
    uv_mutex_unlock(&pool->lock);
}

/* ---- Life -------------------------------------------------------------------- */

static struct sluice_thread_pool *
new_pool(unsigned n_threads)
{
    struct sluice_thread_pool *pool;

    pool = calloc(1, sizeof(*pool) + n_threads * sizeof(pool->threads[0]));
    if (pool == NULL)
        return NULL;
    if (uv_mutex_init(&pool->lock) != 0)
        goto out;
    if (uv_cond_init(&pool->has_work) != 0) {
        uv_mutex_destroy(&pool->lock);
        goto out;
    }
    pool->last = &pool->first;
    pool->magic = THREAD_POOL_MAGIC;
    return pool;

out:
    free(pool);
    return NULL;
}

enum sluice_err
sluice_thread_pool_new(unsigned n_threads, struct sluice_thread_pool **pool_out)
{
    struct sluice_thread_pool *pool;

    *pool_out = NULL;
    if (n_threads < 1 || n_threads > MAX_THREADS)
        return SLUICE_EINVAL;
    pool = new_pool(n_threads);
    if (pool == NULL)
        return SLUICE_ENOMEM;
    while (pool->n_threads < n_threads) {
        if (uv_thread_create(&pool->threads[pool->n_threads], on_thread,
                pool) != 0) {
            sluice_thread_pool_free(&pool);
            return SLUICE_ENOMEM;
        }
        pool->n_threads++;
    }
    *pool_out = pool;
    return SLUICE_OK;
}

unsigned
sluice_thread_pool_size(const struct sluice_thread_pool *pool)
{
    RPC_CHECK(pool, THREAD_POOL_MAGIC);
    return pool->n_threads;
}

void
sluice_thread_pool_free(struct sluice_thread_pool **pool_p)
{
    struct sluice_thread_pool *pool = *pool_p;
    unsigned i;

    if (pool == NULL)
        return;
    RPC_CHECK(pool, THREAD_POOL_MAGIC);
    uv_mutex_lock(&pool->lock);
    pool->is_ending = true;
    uv_cond_broadcast(&pool->has_work);
    uv_mutex_unlock(&pool->lock);
    for (i = 0; i < pool->n_threads; i++)
        uv_thread_join(&pool->threads[i]);
    assert(pool->first == NULL);
    uv_cond_destroy(&pool->has_work);
    uv_mutex_destroy(&pool->lock);
    pool->magic = 0;
    free(pool);
    *pool_p = NULL; /* work may have read it until now */
}
