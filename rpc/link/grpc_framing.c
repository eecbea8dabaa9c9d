/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_framing.c - assembles length-prefixed messages. A short
 * message gets its block at once; a long one starts with 64 KiB and gets four
 * times as much whenever that is full, so that an announced length costs its
 * sender a quarter of it before it costs us the memory.
 */
#include "rpc/link/grpc_framing.h"

#include "rpc/bytes.h"
#include "rpc/check.h"

#define FIRST_STEP (64u * 1024)
#define GROWTH 4u
#define HELD_STEP 1024u

static size_t
min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
announced(const uint8_t *prefix)
{
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 |
        (size_t)prefix[3] << 8 | prefix[4];
}

/* A message that compresses badly grows by its wrapper and some bytes for each
 * block; one that grows by more is not worth waiting for. */
static size_t
max_compressed(size_t max_message)
{
    return max_message + max_message / 8 + 1024;
}

/* The prefix has 32 bits for the length, but implementations of gRPC send no
 * more than INT32_MAX, nor does protobuf write more: a longer one is no large
 * message but broken framing. */
static enum rpc_grpc_read
check_prefix(const struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading, const uint8_t *prefix)
{
    size_t limit = reading->max_message;
    size_t length = announced(prefix);

    if (prefix[0] > RPC_GRPC_COMPRESSED)
        return RPC_GRPC_READ_MALFORMED;
    if (prefix[0] == RPC_GRPC_COMPRESSED) {
        if (r->has_unknown_coding)
            return RPC_GRPC_READ_UNKNOWN;
        if (r->coding == SLUICE_GRPC_IDENTITY)
            return RPC_GRPC_READ_COMPRESSED;
        limit = max_compressed(limit);
    }
    if (length <= limit)
        return RPC_GRPC_READ_MORE;
    return length > INT32_MAX ? RPC_GRPC_READ_IMPOSSIBLE
                              : RPC_GRPC_READ_TOO_LARGE;
}

/* Mostly all of it is there. */
static bool
begin_body(struct rpc_grpc_reader *r, struct sluice_pool *pool,
    const uint8_t **data, size_t *len)
{
    size_t length = announced(r->prefix);

    if (*len >= length) {
        r->partial = sluice_bytes_copy(pool, *data, length);
        *data += length;
        *len -= length;
        return r->partial != NULL;
    }
    r->partial = sluice_bytes_new(pool, min_size(length, FIRST_STEP));
    if (r->partial == NULL)
        return false;
    sluice_bytes_set_size(r->partial, 0);
    return true;
}

static enum rpc_grpc_read
read_prefix(struct rpc_grpc_reader *r, const struct rpc_grpc_reading *reading,
    const uint8_t **data, size_t *len)
{
    enum rpc_grpc_read result;
    size_t n = min_size(*len, RPC_GRPC_PREFIX - r->have);

    memcpy(r->prefix + r->have, *data, n);
    r->have += n;
    *data += n;
    *len -= n;
    if (r->have < RPC_GRPC_PREFIX)
        return RPC_GRPC_READ_MORE;
    result = check_prefix(r, reading, r->prefix);
    if (result != RPC_GRPC_READ_MORE)
        return result;
    return begin_body(r, reading->pool, data, len) ? RPC_GRPC_READ_MORE
                                                   : RPC_GRPC_READ_NO_MEMORY;
}

/* Makes room for one byte at least of the partial message. */
static bool
grow(struct rpc_grpc_reader *r, struct sluice_pool *pool, size_t length)
{
    struct sluice_bytes *larger;
    size_t size = sluice_bytes_size(r->partial);

    larger = sluice_bytes_new(pool, min_size(length, GROWTH * size));
    if (larger == NULL)
        return false;
    memcpy(sluice_bytes_fill(larger), sluice_bytes_data(r->partial), size);
    sluice_bytes_set_size(larger, size);
    sluice_bytes_unref(&r->partial);
    r->partial = larger;
    return true;
}

static enum rpc_grpc_read
read_body(struct rpc_grpc_reader *r, struct sluice_pool *pool,
    const uint8_t **data, size_t *len)
{
    size_t length = announced(r->prefix);
    size_t size = sluice_bytes_size(r->partial);
    size_t n;

    while (size<length && * len> 0) {
        if (size == sluice_bytes_capacity(r->partial) && !grow(r, pool, length))
            return RPC_GRPC_READ_NO_MEMORY;
        n = min_size(*len, length - size);
        n = min_size(n, sluice_bytes_capacity(r->partial) - size);
        memcpy(sluice_bytes_fill(r->partial) + size, *data, n);
        size += n;
        sluice_bytes_set_size(r->partial, size);
        *data += n;
        *len -= n;
    }
    return size == length ? RPC_GRPC_READ_MESSAGE : RPC_GRPC_READ_MORE;
}

/* Gives the message that is whole. */
static enum rpc_grpc_read
finish(struct rpc_grpc_reader *r, const struct rpc_grpc_reading *reading,
    struct sluice_bytes **message)
{
    enum sluice_err err;

    r->have = 0;
    if (r->prefix[0] != RPC_GRPC_COMPRESSED) {
        *message = r->partial;
        r->partial = NULL;
        return RPC_GRPC_READ_MESSAGE;
    }
    err = rpc_grpc_inflate(reading->coder, reading->pool, r->coding,
        sluice_bytes_data(r->partial), sluice_bytes_size(r->partial),
        reading->max_message, message);
    sluice_bytes_unref(&r->partial);
    switch (err) {
    case SLUICE_OK:
        return RPC_GRPC_READ_MESSAGE;
    case SLUICE_ELIMIT:
        return RPC_GRPC_READ_TOO_LARGE;
    case SLUICE_ENOMEM:
        return RPC_GRPC_READ_NO_MEMORY;
    default:
        return RPC_GRPC_READ_CORRUPT;
    }
}

enum rpc_grpc_read
rpc_grpc_reader_feed(struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading, const uint8_t **data, size_t *len,
    struct sluice_bytes **message)
{
    enum rpc_grpc_read result;

    *message = NULL;
    if (r->partial == NULL) {
        result = read_prefix(r, reading, data, len);
        if (result != RPC_GRPC_READ_MORE || r->partial == NULL)
            return result;
    }
    result = read_body(r, reading->pool, data, len);
    return result == RPC_GRPC_READ_MESSAGE ? finish(r, reading, message)
                                           : result;
}

static bool
make_room(struct rpc_grpc_reader *r, struct sluice_pool *pool, size_t len)
{
    size_t kept = r->held_to - r->held_from;
    size_t room = r->held_room == 0 ? HELD_STEP : r->held_room;
    uint8_t *held;

    /* Not for little room: what is held may be long, and moved each time. */
    if (r->held_from > 0 && r->held_from >= kept) {
        memmove(r->held, r->held + r->held_from, kept);
        r->held_from = 0;
        r->held_to = kept;
    }
    if (len <= r->held_room - r->held_to)
        return true;
    while (room < kept + len)
        room *= 2;
    held = sluice_pool_take(pool, room);
    if (held == NULL)
        return false;
    if (r->held != NULL) {
        memcpy(held, r->held + r->held_from, kept);
        sluice_pool_give(pool, r->held, r->held_room);
    }
    r->held = held;
    r->held_from = 0;
    r->held_to = kept;
    r->held_room = room;
    return true;
}

enum sluice_err
rpc_grpc_reader_hold(struct rpc_grpc_reader *r, struct sluice_pool *pool,
    const uint8_t *data, size_t len)
{
    if (len > r->held_room - r->held_to && !make_room(r, pool, len))
        return SLUICE_ENOMEM;
    memcpy(r->held + r->held_to, data, len);
    r->held_to += len;
    return SLUICE_OK;
}

static void
free_held(struct rpc_grpc_reader *r, struct sluice_pool *pool)
{
    if (r->held != NULL)
        sluice_pool_give(pool, r->held, r->held_room);
    r->held = NULL;
    r->held_from = 0;
    r->held_to = 0;
    r->held_room = 0;
}

enum rpc_grpc_read
rpc_grpc_reader_feed_held(struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading, size_t *taken,
    struct sluice_bytes **message)
{
    const uint8_t *data = r->held + r->held_from;
    size_t len = r->held_to - r->held_from;
    size_t before = len;
    enum rpc_grpc_read result;

    result = rpc_grpc_reader_feed(r, reading, &data, &len, message);
    *taken = before - len;
    r->held_from += *taken;
    if (len == 0)
        free_held(r, reading->pool);
    return result;
}

bool
rpc_grpc_reader_has_news(const struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading)
{
    uint8_t prefix[RPC_GRPC_PREFIX];
    size_t len = r->held_to - r->held_from;
    size_t missing = RPC_GRPC_PREFIX - r->have;

    if (r->partial != NULL)
        return len >= announced(r->prefix) - sluice_bytes_size(r->partial);
    if (len < missing)
        return false;
    memcpy(prefix, r->prefix, r->have);
    memcpy(prefix + r->have, r->held + r->held_from, missing);
    return check_prefix(r, reading, prefix) != RPC_GRPC_READ_MORE ||
        len - missing >= announced(prefix);
}

void
rpc_grpc_reader_fini(struct rpc_grpc_reader *r, struct sluice_pool *pool)
{
    rpc_bytes_drop(&r->partial);
    free_held(r, pool);
    r->have = 0;
}

void
rpc_grpc_write_prefix(uint8_t out[RPC_GRPC_PREFIX], bool is_compressed,
    size_t size)
{
    assert(size <= UINT32_MAX);
    out[0] = is_compressed ? RPC_GRPC_COMPRESSED : 0;
    out[1] = (uint8_t)(size >> 24);
    out[2] = (uint8_t)(size >> 16);
    out[3] = (uint8_t)(size >> 8);
    out[4] = (uint8_t)size;
}
