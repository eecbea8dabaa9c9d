/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_writer.c - see the header.
 */
#include "rpc/link/grpc_writer.h"

#include "rpc/bytes.h"
#include "rpc/check.h"

static size_t
min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Room at first: what is let in ahead (grpc_stream.c), and the last of that. */
#define GATHERED 6000u

/* The message that nothing has to wait for. */
static void
put_first(struct rpc_grpc_writer *w, struct sluice_bytes **payload,
    bool is_compressed)
{
    rpc_grpc_writer_fini(w);
    w->payload = *payload;
    w->is_compressed = is_compressed;
    w->first = RPC_GRPC_PREFIX + sluice_bytes_size(w->payload);
    w->size = w->first;
    *payload = NULL;
}

/* What was gathered moves to a larger block if it has to. */
static uint8_t *
room_behind(struct rpc_grpc_writer *w, struct sluice_pool *pool, size_t need)
{
    size_t len = w->size - w->first;
    size_t want = len + need > GATHERED ? len + need : GATHERED;
    struct sluice_bytes *larger;

    if (w->gathered == NULL ||
        sluice_bytes_capacity(w->gathered) - len < need) {
        larger = sluice_bytes_new(pool, want);
        if (larger == NULL)
            return NULL;
        if (len > 0)
            memcpy(sluice_bytes_fill(larger), sluice_bytes_data(w->gathered),
                len);
        rpc_bytes_drop(&w->gathered);
        w->gathered = larger;
    }
    return sluice_bytes_fill(w->gathered) + len;
}

static enum sluice_err
put_behind(struct rpc_grpc_writer *w, struct sluice_pool *pool,
    struct sluice_bytes **payload, bool is_compressed)
{
    size_t size = sluice_bytes_size(*payload);
    uint8_t *to = room_behind(w, pool, RPC_GRPC_PREFIX + size);

    if (to == NULL)
        return SLUICE_ENOMEM;
    rpc_grpc_write_prefix(to, is_compressed, size);
    if (size > 0)
        memcpy(to + RPC_GRPC_PREFIX, sluice_bytes_data(*payload), size);
    w->size += RPC_GRPC_PREFIX + size;
    sluice_bytes_unref(payload);
    return SLUICE_OK;
}

enum sluice_err
rpc_grpc_writer_take(struct rpc_grpc_writer *w,
    const struct rpc_grpc_reading *shared, enum sluice_grpc_coding coding,
    struct sluice_bytes **payload)
{
    struct sluice_bytes *smaller = NULL;

    if (sluice_bytes_size(*payload) > UINT32_MAX)
        return SLUICE_ELIMIT;
    if (coding != SLUICE_GRPC_IDENTITY)
        smaller = rpc_grpc_deflate(shared->coder, shared->pool, coding,
            sluice_bytes_data(*payload), sluice_bytes_size(*payload));
    if (smaller != NULL) {
        sluice_bytes_unref(payload);
        *payload = smaller;
    }
    if (rpc_grpc_writer_left(w) > 0)
        return put_behind(w, shared->pool, payload, smaller != NULL);
    put_first(w, payload, smaller != NULL);
    return SLUICE_OK;
}

bool
rpc_grpc_writer_has_begun(const struct rpc_grpc_writer *w)
{
    return w->payload != NULL && (w->sent > 0 || w->promised > 0);
}

size_t
rpc_grpc_writer_offer(struct rpc_grpc_writer *w, size_t room)
{
    w->promised = min_size(rpc_grpc_writer_left(w), room);
    return w->promised;
}

/* Copies of the first message what is asked for, or all; returns how much. */
static size_t
copy_first(struct rpc_grpc_writer *w, uint8_t *out, size_t len)
{
    uint8_t prefix[RPC_GRPC_PREFIX];
    size_t at = w->sent;
    size_t n = 0;

    if (at == 0 && len >= RPC_GRPC_PREFIX) {
        rpc_grpc_write_prefix(out, w->is_compressed,
            w->first - RPC_GRPC_PREFIX);
        n = at = RPC_GRPC_PREFIX;
    } else if (at < RPC_GRPC_PREFIX) { /* in pieces */
        rpc_grpc_write_prefix(prefix, w->is_compressed,
            w->first - RPC_GRPC_PREFIX);
        n = min_size(len, RPC_GRPC_PREFIX - at);
        memcpy(out, prefix + at, n);
        at += n;
    }
    len = min_size(len - n, w->first - at);
    if (len > 0)
        memcpy(out + n, sluice_bytes_data(w->payload) + at - RPC_GRPC_PREFIX,
            len);
    return n + len;
}

bool
rpc_grpc_writer_copy(struct rpc_grpc_writer *w, uint8_t *out, size_t len)
{
    size_t n = 0;

    assert(len == w->promised);
    w->promised = 0;
    if (w->sent < w->first)
        n = copy_first(w, out, len);
    w->sent += n;
    if (n < len) {
        memcpy(out + n, sluice_bytes_data(w->gathered) + w->sent - w->first,
            len - n);
        w->sent += len - n;
    }
    return w->sent == w->size;
}

void
rpc_grpc_writer_rewind(struct rpc_grpc_writer *w)
{
    w->sent = 0;
    w->promised = 0;
}

void
rpc_grpc_writer_fini(struct rpc_grpc_writer *w)
{
    rpc_bytes_drop(&w->payload);
    rpc_bytes_drop(&w->gathered);
    w->first = 0;
    w->size = 0;
    w->sent = 0;
    w->promised = 0;
}
