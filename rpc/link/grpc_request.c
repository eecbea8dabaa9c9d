/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_request.c - builds request headers. Customer metadata goes out
 * as never indexed: its values differ from call to call, so a place in the
 * compression table would only push out what repeats, and secrets stay out of
 * it.
 */
#include "rpc/link/grpc_request.h"

#include "rpc/check.h"
#include "rpc/link/grpc_coding.h"
#include "rpc/link/grpc_metadata.h"

#define FIELD_OVERHEAD 32
#define NO_COPY (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)

/* The block while it is being built. */
struct block {
    nghttp2_nv *fields;
    size_t count;
    size_t size;
};

static bool
is_path_text(struct sluice_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f)
            return false;
    return s.len > 0;
}

enum sluice_err
rpc_grpc_request_init(struct rpc_grpc_request *req, struct sluice_pool *pool,
    struct sluice_str group, struct sluice_str method)
{
    char *p;

    if (!is_path_text(group) || !is_path_text(method) ||
        memchr(method.ptr, '/', method.len) != NULL)
        return SLUICE_EINVAL;
    req->path_len = group.len + method.len + 2;
    req->path = req->short_path;
    if (req->path_len > sizeof(req->short_path))
        req->path = sluice_pool_take(pool, req->path_len);
    if (req->path == NULL)
        return SLUICE_ENOMEM;
    p = req->path;
    *p++ = '/';
    memcpy(p, group.ptr, group.len);
    p += group.len;
    *p++ = '/';
    memcpy(p, method.ptr, method.len);
    return SLUICE_OK;
}

static void
add(struct block *b, struct sluice_str name, struct sluice_str value,
    uint8_t flags)
{
    nghttp2_nv *nv = &b->fields[b->count++];

    nv->name = (uint8_t *)name.ptr;
    nv->namelen = name.len;
    nv->value = (uint8_t *)value.ptr;
    nv->valuelen = value.len;
    nv->flags = NO_COPY | flags;
    b->size += name.len + value.len + FIELD_OVERHEAD;
}

static void
add_constant(struct block *b, const char *name, const char *value)
{
    add(b, sluice_str(name), sluice_str(value), 0);
}

static bool
may_travel(struct sluice_metadatum m)
{
    return !rpc_grpc_name_is_reserved(m.name) &&
        sluice_metadata_name_is_valid(m.name) &&
        sluice_metadata_value_is_valid(m.name, m.value);
}

static size_t
room_for_binary(const struct sluice_metadata *md)
{
    struct sluice_metadatum m;
    size_t room = 0;
    size_t i;

    for (i = 0; md != NULL && i < sluice_metadata_count(md); i++) {
        m = sluice_metadata_at(md, i);
        if (rpc_grpc_name_is_binary(m.name))
            room += m.value.len / 3 * 4 + 4;
    }
    return room;
}

static enum sluice_err
make_room_for_binary(struct rpc_grpc_request *req, struct sluice_pool *pool)
{
    size_t room =
        room_for_binary(req->metadata) + room_for_binary(req->more_metadata);

    if (room == 0)
        return SLUICE_OK;
    req->binary = sluice_pool_take(pool, room);
    if (req->binary == NULL)
        return SLUICE_ENOMEM;
    req->binary_room = room;
    return SLUICE_OK;
}

static void
drop_binary(struct rpc_grpc_request *req, struct sluice_pool *pool)
{
    if (req->binary != NULL)
        sluice_pool_give(pool, req->binary, req->binary_room);
    req->binary = NULL;
}

/* *text: where the next base64 text goes. */
static enum sluice_err
add_list(struct block *b, const struct sluice_metadata *md, char **text)
{
    struct sluice_metadatum m;
    size_t len;
    size_t i;

    for (i = 0; md != NULL && i < sluice_metadata_count(md); i++) {
        m = sluice_metadata_at(md, i);
        if (!may_travel(m))
            continue;
        if (b->count == RPC_GRPC_FIELDS)
            return SLUICE_ELIMIT;
        if (rpc_grpc_name_is_binary(m.name)) {
            len = sluice_base64_encode(m.value.ptr, m.value.len, *text);
            m.value = sluice_str_n(*text, len);
            *text += len;
        } else {
            m.value = rpc_grpc_trim(m.value);
        }
        add(b, m.name, m.value, NGHTTP2_NV_FLAG_NO_INDEX);
    }
    return SLUICE_OK;
}

static enum sluice_err
add_metadata(struct rpc_grpc_request *req, struct sluice_pool *pool,
    struct block *b)
{
    enum sluice_err err;
    char *text;

    drop_binary(req, pool);
    err = make_room_for_binary(req, pool);
    if (err != SLUICE_OK)
        return err;
    text = req->binary;
    err = add_list(b, req->metadata, &text);
    return err == SLUICE_OK ? add_list(b, req->more_metadata, &text) : err;
}

enum sluice_err
rpc_grpc_request_fields(struct rpc_grpc_request *req, struct sluice_pool *pool,
    const struct rpc_grpc_request_base *base, int64_t timeout_ns,
    nghttp2_nv fields[RPC_GRPC_FIELDS], size_t *count, size_t *size)
{
    struct block b = { fields, 0, 0 };
    enum sluice_err err;
    size_t len;

    add_constant(&b, ":method", "POST");
    add_constant(&b, ":scheme", "http");
    add(&b, sluice_str(":path"), sluice_str_n(req->path, req->path_len), 0);
    add(&b, sluice_str(":authority"), base->authority, 0);
    add_constant(&b, "te", "trailers");
    if (timeout_ns != SLUICE_NO_TIMEOUT) {
        len = sluice_grpc_timeout_format(timeout_ns > 0 ? timeout_ns : 1,
            req->timeout);
        add(&b, sluice_str("grpc-timeout"), sluice_str_n(req->timeout, len),
            NGHTTP2_NV_FLAG_NO_INDEX);
    }
    add_constant(&b, "content-type", "application/grpc");
    if (req->coding != SLUICE_GRPC_IDENTITY)
        add(&b, sluice_str("grpc-encoding"), rpc_grpc_coding_name(req->coding),
            0);
    add_constant(&b, "grpc-accept-encoding", RPC_GRPC_ACCEPTED_CODINGS);
    add(&b, sluice_str("user-agent"), base->user_agent, 0);
    err = add_metadata(req, pool, &b);
    *count = b.count;
    *size = b.size;
    return err;
}

void
rpc_grpc_request_fini(struct rpc_grpc_request *req, struct sluice_pool *pool)
{
    sluice_metadata_unref(&req->metadata);
    sluice_metadata_unref(&req->more_metadata);
    drop_binary(req, pool);
    if (req->path != NULL && req->path != req->short_path)
        sluice_pool_give(pool, req->path, req->path_len);
    req->path = NULL;
}
