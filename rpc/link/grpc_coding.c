/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_coding.c - see the header. zlib keeps its states between
 * messages; it is told by a reset that the next one begins.
 */
#include "rpc/link/grpc_coding.h"

#include "rpc/check.h"
#include "rpc/link/grpc_metadata.h"

#include <limits.h>
#include <stdlib.h>

#include <zlib.h>

#define CODER_MAGIC 0x67727a63u

#define WINDOW_BITS 15
#define GZIP_WRAPPER 16 /* added to the bits: gzip's head and tail */
#define MEMORY_LEVEL 8

/* The loop waits for it: what more effort saves in bytes is little. */
#define LEVEL Z_BEST_SPEED

#define FIRST_ROOM 512u
#define GROWTH 4u

#define CODINGS 3

struct deflater {
    bool is_ready;
    z_stream z;
};

struct rpc_grpc_coder {
    unsigned magic;
    bool can_inflate;
    z_stream inflater;
    struct deflater deflaters[CODINGS]; /* by coding; identity needs none */
};

static const char *const names[CODINGS] = {
    [SLUICE_GRPC_IDENTITY] = "identity",
    [SLUICE_GRPC_GZIP] = "gzip",
    [SLUICE_GRPC_DEFLATE] = "deflate",
};

/* --------------------------------------------------------------- zlib */

static void *
allocate(void *arg, unsigned n, unsigned size)
{
    size_t bytes;

    (void)arg;
    if (__builtin_mul_overflow((size_t)n, (size_t)size, &bytes))
        return NULL;
    return malloc(bytes);
}

static void
release(void *arg, void *p)
{
    (void)arg;
    free(p);
}

static int
window_bits(enum sluice_grpc_coding coding)
{
    return coding == SLUICE_GRPC_GZIP ? WINDOW_BITS + GZIP_WRAPPER
                                      : WINDOW_BITS;
}

struct rpc_grpc_coder *
rpc_grpc_coder_new(void)
{
    struct rpc_grpc_coder *c = calloc(1, sizeof(*c));

    if (c != NULL)
        c->magic = CODER_MAGIC;
    return c;
}

void
rpc_grpc_coder_free(struct rpc_grpc_coder **coder)
{
    struct rpc_grpc_coder *c = *coder;
    size_t i;

    if (c == NULL)
        return;
    RPC_CHECK(c, CODER_MAGIC);
    *coder = NULL;
    if (c->can_inflate)
        (void)inflateEnd(&c->inflater);
    for (i = 0; i < CODINGS; i++)
        if (c->deflaters[i].is_ready)
            (void)deflateEnd(&c->deflaters[i].z);
    c->magic = 0;
    free(c);
}

/* NULL: memory is short. */
static z_stream *
inflater_for(struct rpc_grpc_coder *c, enum sluice_grpc_coding coding)
{
    z_stream *z = &c->inflater;

    if (c->can_inflate)
        return inflateReset2(z, window_bits(coding)) == Z_OK ? z : NULL;
    z->zalloc = allocate;
    z->zfree = release;
    if (inflateInit2(z, window_bits(coding)) != Z_OK)
        return NULL;
    c->can_inflate = true;
    return z;
}

static z_stream *
deflater_for(struct rpc_grpc_coder *c, enum sluice_grpc_coding coding)
{
    struct deflater *d = &c->deflaters[coding];

    if (d->is_ready)
        return deflateReset(&d->z) == Z_OK ? &d->z : NULL;
    d->z.zalloc = allocate;
    d->z.zfree = release;
    if (deflateInit2(&d->z, LEVEL, Z_DEFLATED, window_bits(coding),
            MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    d->is_ready = true;
    return &d->z;
}

/* -------------------------------------------------------------- output */

static size_t
min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Points zlib at the free room behind what is there; at most limit bytes. */
static void
aim(z_stream *z, struct sluice_bytes *out, size_t limit)
{
    size_t size = sluice_bytes_size(out);
    size_t room = min_size(sluice_bytes_capacity(out), limit) - size;

    z->next_out = sluice_bytes_fill(out) + size;
    z->avail_out = (uInt)min_size(room, UINT_MAX);
}

static void
take_output(const z_stream *z, struct sluice_bytes *out)
{
    sluice_bytes_set_size(out, (size_t)(z->next_out - sluice_bytes_fill(out)));
}

/* Begins a block that may grow up to limit, at least 1. */
static struct sluice_bytes *
first_block(struct sluice_pool *pool, size_t room, size_t limit)
{
    struct sluice_bytes *out;

    if (room < FIRST_ROOM)
        room = FIRST_ROOM;
    out = sluice_bytes_new(pool, min_size(room, limit));
    if (out != NULL)
        sluice_bytes_set_size(out, 0);
    return out;
}

/* Sees to it that there is room for one byte at least; size < limit. */
static bool
make_room(struct sluice_bytes **out, struct sluice_pool *pool, size_t limit)
{
    struct sluice_bytes *larger;
    size_t size = sluice_bytes_size(*out);

    assert(size < limit);
    if (size < sluice_bytes_capacity(*out))
        return true;
    larger = sluice_bytes_new(pool, min_size(size * GROWTH, limit));
    if (larger == NULL)
        return false;
    memcpy(sluice_bytes_fill(larger), sluice_bytes_data(*out), size);
    sluice_bytes_set_size(larger, size);
    sluice_bytes_unref(out);
    *out = larger;
    return true;
}

/* ------------------------------------------------------------ inflating */

/* One step: SLUICE_OK when the message has ended, SLUICE_ESTATE when it goes
 * on. Z_FINISH, because then a message that fits into the first block is
 * inflated without a copy in zlib's window. */
static enum sluice_err
inflate_some(z_stream *z, enum sluice_grpc_coding coding,
    struct sluice_bytes *out, size_t limit)
{
    int rc;

    aim(z, out, limit);
    rc = inflate(z, Z_FINISH);
    take_output(z, out);
    if (rc == Z_STREAM_END && z->avail_in == 0)
        return SLUICE_OK;
    /* RFC 1952, 2.2: members follow each other. */
    if (rc == Z_STREAM_END && coding == SLUICE_GRPC_GZIP)
        return inflateReset(z) == Z_OK ? SLUICE_ESTATE : SLUICE_EINVAL;
    if (rc == Z_MEM_ERROR)
        return SLUICE_ENOMEM;
    if (rc == Z_BUF_ERROR && z->avail_out == 0)
        return SLUICE_ESTATE;
    return SLUICE_EINVAL;
}

static enum sluice_err
inflate_all(z_stream *z, struct sluice_pool *pool,
    enum sluice_grpc_coding coding, size_t max_size, struct sluice_bytes **out)
{
    size_t limit = max_size + 1; /* where the message is seen to be too long */
    enum sluice_err err;

    do {
        if (!make_room(out, pool, limit))
            return SLUICE_ENOMEM;
        err = inflate_some(z, coding, *out, limit);
        if (sluice_bytes_size(*out) == limit)
            return SLUICE_ELIMIT;
    } while (err == SLUICE_ESTATE);
    return err;
}

enum sluice_err
rpc_grpc_inflate(struct rpc_grpc_coder *coder, struct sluice_pool *pool,
    enum sluice_grpc_coding coding, const uint8_t *data, size_t len,
    size_t max_size, struct sluice_bytes **out)
{
    enum sluice_err err;
    z_stream *z;

    RPC_CHECK(coder, CODER_MAGIC);
    assert(coding != SLUICE_GRPC_IDENTITY);
    assert(len <= UINT32_MAX && max_size <= UINT32_MAX);
    *out = NULL;
    z = inflater_for(coder, coding);
    if (z == NULL)
        return SLUICE_ENOMEM;
    *out = first_block(pool, len * GROWTH, max_size + 1);
    if (*out == NULL)
        return SLUICE_ENOMEM;
    z->next_in = (Bytef *)data;
    z->avail_in = (uInt)len;
    err = inflate_all(z, pool, coding, max_size, out);
    if (err != SLUICE_OK)
        sluice_bytes_unref(out);
    return err;
}

/* ------------------------------------------------------------ deflating */

struct sluice_bytes *
rpc_grpc_deflate(struct rpc_grpc_coder *coder, struct sluice_pool *pool,
    enum sluice_grpc_coding coding, const uint8_t *data, size_t len)
{
    struct sluice_bytes *out = NULL;
    size_t limit = len - 1; /* the most that is worth it */
    int rc = Z_OK;
    z_stream *z;

    RPC_CHECK(coder, CODER_MAGIC);
    if (coding == SLUICE_GRPC_IDENTITY || len < 2 || len > UINT32_MAX)
        return NULL;
    z = deflater_for(coder, coding);
    if (z != NULL)
        out = first_block(pool, len / GROWTH, limit);
    if (out == NULL)
        return NULL;
    z->next_in = (Bytef *)data;
    z->avail_in = (uInt)len;
    while (rc == Z_OK && sluice_bytes_size(out) < limit &&
        make_room(&out, pool, limit)) {
        aim(z, out, limit);
        rc = deflate(z, Z_FINISH);
        take_output(z, out);
    }
    if (rc != Z_STREAM_END)
        sluice_bytes_unref(&out);
    return out;
}

/* -------------------------------------------------------------- headers */

struct sluice_str
rpc_grpc_coding_name(enum sluice_grpc_coding coding)
{
    return sluice_str(names[coding]);
}

enum sluice_err
rpc_grpc_coding_parse(struct sluice_str value, enum sluice_grpc_coding *coding)
{
    size_t i;

    for (i = 0; i < CODINGS; i++) {
        if (!sluice_str_equal(value, sluice_str(names[i])))
            continue;
        *coding = (enum sluice_grpc_coding)i;
        return SLUICE_OK;
    }
    return SLUICE_ENOTFOUND;
}

unsigned
rpc_grpc_codings_parse(struct sluice_str value)
{
    unsigned set = RPC_GRPC_CODING_BIT(SLUICE_GRPC_IDENTITY);
    enum sluice_grpc_coding coding;
    struct sluice_str one;
    const char *comma;

    while (value.len > 0) {
        comma = memchr(value.ptr, ',', value.len);
        one = value;
        if (comma != NULL)
            one.len = (size_t)(comma - value.ptr);
        if (rpc_grpc_coding_parse(rpc_grpc_trim(one), &coding) == SLUICE_OK)
            set |= RPC_GRPC_CODING_BIT(coding);
        value.ptr += one.len + (comma != NULL);
        value.len -= one.len + (comma != NULL);
    }
    return set;
}
