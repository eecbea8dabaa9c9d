/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_request.c - builds request headers.
 */
#include "rpc/link/grpc_request.h"

#include "rpc/check.h"
#include "rpc/link/grpc_coding.h"
#include "rpc/metadata.h"
#include "rpc/printable.h"

#define PATH_FIELD 2 /* behind :method and :scheme */

enum sluice_err
rpc_grpc_request_init(struct rpc_grpc_request *req, struct sluice_pool *pool,
    struct sluice_str group, struct sluice_str method)
{
    char *p;

    if (group.len == 0 || method.len == 0 ||
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
    return rpc_is_printable(req->path, req->path_len, '!') ? SLUICE_OK
                                                           : SLUICE_EINVAL;
}

void
rpc_grpc_request_base_init(struct rpc_grpc_request_base *base,
    struct sluice_str authority, struct sluice_str user_agent)
{
    struct rpc_grpc_fields f = { .nv = base->nv };

    memset(base, 0, sizeof(*base));
    rpc_grpc_fields_add_constant(&f, ":method", "POST");
    rpc_grpc_fields_add_constant(&f, ":scheme", "http");
    assert(f.count == PATH_FIELD);
    rpc_grpc_fields_add_constant(&f, ":path", "");
    rpc_grpc_fields_add(&f, sluice_str(":authority"), authority, 0);
    rpc_grpc_fields_add_constant(&f, "te", "trailers");
    rpc_grpc_fields_add_constant(&f, "content-type", "application/grpc");
    rpc_grpc_fields_add_constant(&f, "grpc-accept-encoding",
        RPC_GRPC_ACCEPTED_CODINGS);
    rpc_grpc_fields_add(&f, sluice_str("user-agent"), user_agent, 0);
    assert(f.count == RPC_GRPC_REQUEST_BASE);
    base->size = f.size;
    base->authority = authority;
}

/* To three digits: then calls with the same timeout mostly have the same text,
 * which goes into the compression table. Up by less than a hundredth: whoever
 * waits cancels when its own time is over. */
static void
round_up(struct rpc_grpc_timeout *t, int64_t ns)
{
    uint64_t unit = 1;
    uint64_t to;

    while ((uint64_t)ns / 1000 >= unit)
        unit *= 10;
    to = ((uint64_t)ns + unit - 1) / unit * unit;
    t->to_ns = to > INT64_MAX ? INT64_MAX : (int64_t)to;
    /* What is less than a hundred units has smaller ones. */
    t->from_ns = (int64_t)(to - (to == 100 * unit ? 1 : unit));
}

/* Most calls have as much time as the one before. */
static void
find_text(struct rpc_grpc_timeout *t, int64_t ns)
{
    if (ns > t->from_ns && ns <= t->to_ns)
        return;
    round_up(t, ns);
    t->len = sluice_grpc_timeout_format(t->to_ns, t->text);
}

enum sluice_err
rpc_grpc_request_fields(struct rpc_grpc_request *req, struct sluice_pool *pool,
    struct rpc_grpc_request_base *base, int64_t timeout_ns,
    nghttp2_nv fields[RPC_GRPC_FIELDS], size_t *count, size_t *size)
{
    struct rpc_grpc_fields f = { fields, RPC_GRPC_REQUEST_BASE,
        base->size + req->path_len, &base->recent };
    enum sluice_err err = SLUICE_OK;

    memcpy(fields, base->nv, sizeof(base->nv));
    fields[PATH_FIELD].value = (uint8_t *)req->path;
    fields[PATH_FIELD].valuelen = req->path_len;
    if (timeout_ns != SLUICE_NO_TIMEOUT) {
        find_text(&base->timeout, timeout_ns > 0 ? timeout_ns : 1);
        memcpy(req->timeout, base->timeout.text, sizeof(req->timeout));
        rpc_grpc_fields_add(&f, sluice_str("grpc-timeout"),
            sluice_str_n(req->timeout, base->timeout.len),
            NGHTTP2_NV_FLAG_NONE);
    }
    if (req->coding != SLUICE_GRPC_IDENTITY)
        rpc_grpc_fields_add(&f, sluice_str("grpc-encoding"),
            rpc_grpc_coding_name(req->coding), 0);
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
    rpc_metadata_drop(&req->metadata);
    rpc_metadata_drop(&req->more_metadata);
    rpc_grpc_text_drop(&req->binary, pool);
    rpc_grpc_text_drop(&req->more_binary, pool);
    if (req->path != NULL && req->path != req->short_path)
        sluice_pool_give(pool, req->path, req->path_len);
    req->path = NULL;
}
