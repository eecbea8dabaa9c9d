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

enum sluice_err
rpc_grpc_writer_take(struct rpc_grpc_writer *w,
    const struct rpc_grpc_reading *shared, enum sluice_grpc_coding coding,
    struct sluice_bytes **payload)
{
    struct sluice_bytes *smaller = NULL;

    if (rpc_grpc_writer_left(w) > 0)
        return SLUICE_ESTATE;
    if (sluice_bytes_size(*payload) > UINT32_MAX)
        return SLUICE_ELIMIT;
    if (coding != SLUICE_GRPC_IDENTITY)
        smaller = rpc_grpc_deflate(shared->coder, shared->pool, coding,
            sluice_bytes_data(*payload), sluice_bytes_size(*payload));
    w->is_compressed = smaller != NULL;
    if (smaller != NULL) {
        sluice_bytes_unref(payload);
        *payload = smaller;
    }
    rpc_grpc_writer_fini(w);
    w->payload = *payload;
    w->size = RPC_GRPC_PREFIX + sluice_bytes_size(w->payload);
    *payload = NULL;
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

bool
rpc_grpc_writer_copy(struct rpc_grpc_writer *w, uint8_t *out, size_t len)
{
    uint8_t prefix[RPC_GRPC_PREFIX];
    size_t n = 0;

    assert(len == w->promised);
    w->promised = 0;
    if (w->sent < RPC_GRPC_PREFIX) {
        rpc_grpc_write_prefix(prefix, w->is_compressed,
            w->size - RPC_GRPC_PREFIX);
        n = min_size(len, RPC_GRPC_PREFIX - w->sent);
        memcpy(out, prefix + w->sent, n);
        w->sent += n;
    }
    if (len > n) {
        memcpy(out + n,
            sluice_bytes_data(w->payload) + w->sent - RPC_GRPC_PREFIX, len - n);
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
    w->size = 0;
    w->sent = 0;
    w->promised = 0;
}
