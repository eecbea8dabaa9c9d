/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_request.c - builds request headers.
 */
#include "rpc/link/grpc_request.h"

#include "rpc/check.h"
#include "rpc/link/grpc_coding.h"

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

enum sluice_err
rpc_grpc_request_fields(struct rpc_grpc_request *req, struct sluice_pool *pool,
    const struct rpc_grpc_request_base *base, int64_t timeout_ns,
    nghttp2_nv fields[RPC_GRPC_FIELDS], size_t *count, size_t *size)
{
    struct rpc_grpc_fields f = { fields, 0, 0 };
    enum sluice_err err = SLUICE_OK;
    size_t len;

    rpc_grpc_fields_add_constant(&f, ":method", "POST");
    rpc_grpc_fields_add_constant(&f, ":scheme", "http");
    rpc_grpc_fields_add(&f, sluice_str(":path"),
        sluice_str_n(req->path, req->path_len), 0);
    rpc_grpc_fields_add(&f, sluice_str(":authority"), base->authority, 0);
    rpc_grpc_fields_add_constant(&f, "te", "trailers");
    if (timeout_ns != SLUICE_NO_TIMEOUT) {
        len = sluice_grpc_timeout_format(timeout_ns > 0 ? timeout_ns : 1,
            req->timeout);
        rpc_grpc_fields_add(&f, sluice_str("grpc-timeout"),
            sluice_str_n(req->timeout, len), NGHTTP2_NV_FLAG_NO_INDEX);
    }
    rpc_grpc_fields_add_constant(&f, "content-type", "application/grpc");
    if (req->coding != SLUICE_GRPC_IDENTITY)
        rpc_grpc_fields_add(&f, sluice_str("grpc-encoding"),
            rpc_grpc_coding_name(req->coding), 0);
    rpc_grpc_fields_add_constant(&f, "grpc-accept-encoding",
        RPC_GRPC_ACCEPTED_CODINGS);
    rpc_grpc_fields_add(&f, sluice_str("user-agent"), base->user_agent, 0);
    if (req->metadata != NULL)
        err =
            rpc_grpc_fields_add_metadata(&f, req->metadata, pool, &req->binary);
    if (err == SLUICE_OK && req->more_metadata != NULL)
        err = rpc_grpc_fields_add_metadata(&f, req->more_metadata, pool,
            &req->more_binary);
    *count = f.count;
    *size = f.size;
    return err;
}

void
rpc_grpc_request_fini(struct rpc_grpc_request *req, struct sluice_pool *pool)
{
    sluice_metadata_unref(&req->metadata);
    sluice_metadata_unref(&req->more_metadata);
    rpc_grpc_text_drop(&req->binary, pool);
    rpc_grpc_text_drop(&req->more_binary, pool);
    if (req->path != NULL && req->path != req->short_path)
        sluice_pool_give(pool, req->path, req->path_len);
    req->path = NULL;
}
