/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_request.c - reads request headers. Path and authority
 * stay where nghttp2 has them, which for what repeats is its compression table.
 */
#include "rpc/link/grpc_server_request.h"

#include "rpc/check.h"
#include "rpc/link/grpc_fields.h"
#include "rpc/link/grpc_metadata.h"

#include <sluice/grpc.h>
#include <sluice/status.h>

/* A list this many times as long as it may be is not worth an answer. */
#define ENDLESS 64

static struct sluice_str
text_of(nghttp2_rcbuf *buf)
{
    nghttp2_vec v = nghttp2_rcbuf_get_buf(buf);

    return sluice_str_n((const char *)v.base, v.len);
}

/* ---------------------------------------------------------------- fields */

typedef enum rpc_grpc_fault take_cb(struct rpc_grpc_server_request *req,
    nghttp2_rcbuf *value);

static void
keep(nghttp2_rcbuf **kept, nghttp2_rcbuf *value)
{
    if (*kept != NULL)
        return; /* of several, the first */
    nghttp2_rcbuf_incref(value);
    *kept = value;
}

static enum rpc_grpc_fault
take_method(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    req->is_post = sluice_str_equal(text_of(value), sluice_str("POST"));
    return RPC_GRPC_FAULT_NONE;
}

static enum rpc_grpc_fault
take_path(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    keep(&req->path, value);
    return RPC_GRPC_FAULT_NONE;
}

/* :authority comes first when there is both. */
static enum rpc_grpc_fault
take_authority(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    keep(&req->authority, value);
    return RPC_GRPC_FAULT_NONE;
}

static enum rpc_grpc_fault
take_type(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    req->is_grpc = rpc_grpc_is_grpc_type(text_of(value));
    return RPC_GRPC_FAULT_NONE;
}

static enum rpc_grpc_fault
take_timeout(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    req->has_timeout = true;
    if (sluice_grpc_timeout_parse(text_of(value), &req->timeout_ns) !=
        SLUICE_OK)
        return RPC_GRPC_FAULT_TIMEOUT;
    return RPC_GRPC_FAULT_NONE;
}

static enum rpc_grpc_fault
take_coding(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    if (rpc_grpc_coding_parse(text_of(value), &req->coding) != SLUICE_OK)
        return RPC_GRPC_FAULT_CODING;
    return RPC_GRPC_FAULT_NONE;
}

static enum rpc_grpc_fault
take_accepted(struct rpc_grpc_server_request *req, nghttp2_rcbuf *value)
{
    req->accepted |= rpc_grpc_codings_parse(text_of(value));
    return RPC_GRPC_FAULT_NONE;
}

#define NAME(s)          \
    {                    \
        s, sizeof(s) - 1 \
    }

static const struct {
    struct sluice_str name;
    take_cb *take;
} fields[] = { { NAME(":method"), take_method }, { NAME(":path"), take_path },
    { NAME(":authority"), take_authority }, { NAME("host"), take_authority },
    { NAME("content-type"), take_type }, { NAME("grpc-timeout"), take_timeout },
    { NAME("grpc-encoding"), take_coding },
    { NAME("grpc-accept-encoding"), take_accepted } };

static enum rpc_grpc_fault
take_metadata(struct rpc_grpc_server_request *req, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str value)
{
    if (rpc_grpc_name_is_reserved(name))
        return RPC_GRPC_FAULT_NONE;
    if (req->metadata == NULL)
        req->metadata = sluice_metadata_new(pool);
    if (req->metadata == NULL)
        return RPC_GRPC_FAULT_MEMORY;
    switch (rpc_grpc_metadata_receive(req->metadata, pool, name, value)) {
    case SLUICE_OK:
        return RPC_GRPC_FAULT_NONE;
    case SLUICE_EINVAL:
        return RPC_GRPC_FAULT_BINARY;
    default:
        return RPC_GRPC_FAULT_MEMORY;
    }
}

static enum rpc_grpc_fault
take_field(struct rpc_grpc_server_request *req, struct sluice_pool *pool,
    struct sluice_str name, nghttp2_rcbuf *value)
{
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (sluice_str_equal(fields[i].name, name))
            return fields[i].take(req, value);
    return take_metadata(req, pool, name, text_of(value));
}

void
rpc_grpc_server_request_field(struct rpc_grpc_server_request *req,
    struct sluice_pool *pool, size_t max_size, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value)
{
    struct sluice_str n = text_of(name);
    struct sluice_str v = text_of(value);
    enum rpc_grpc_fault fault;

    req->size += n.len + v.len + RPC_GRPC_FIELD_OVERHEAD;
    req->more +=
        (rpc_grpc_value_count(n, v) - 1) * (n.len + RPC_GRPC_FIELD_OVERHEAD);
    if (req->size / ENDLESS > max_size)
        fault = RPC_GRPC_FAULT_ENDLESS;
    else if (req->size + req->more > max_size)
        fault = RPC_GRPC_FAULT_SIZE;
    else if (req->is_whole)
        fault = RPC_GRPC_FAULT_NONE;
    else
        fault = take_field(req, pool, n, value);
    if (req->fault == RPC_GRPC_FAULT_NONE || fault >= RPC_GRPC_FAULT_MEMORY)
        req->fault = fault;
}

/* ----------------------------------------------------------- the whole */

/* Where the last slash of "/group/method" is; 0 if the path is not one. */
static size_t
last_slash(struct sluice_str path)
{
    size_t at;

    if (path.len < 4 || path.ptr[0] != '/' || path.ptr[path.len - 1] == '/')
        return 0;
    for (at = path.len - 1; path.ptr[at] != '/'; at--)
        continue;
    return at >= 2 ? at : 0;
}

enum rpc_grpc_fault
rpc_grpc_server_request_check(struct rpc_grpc_server_request *req)
{
    req->is_whole = true;
    if (req->fault >= RPC_GRPC_FAULT_MEMORY)
        return req->fault;
    if (!req->is_post)
        return RPC_GRPC_FAULT_METHOD;
    if (!req->is_grpc)
        return RPC_GRPC_FAULT_TYPE;
    if (req->fault != RPC_GRPC_FAULT_NONE)
        return req->fault;
    if (req->path == NULL || last_slash(text_of(req->path)) == 0)
        return RPC_GRPC_FAULT_PATH;
    return RPC_GRPC_FAULT_NONE;
}

void
rpc_grpc_server_request_names(const struct rpc_grpc_server_request *req,
    struct sluice_str *group, struct sluice_str *method)
{
    struct sluice_str path = text_of(req->path);
    size_t slash = last_slash(path);

    assert(slash > 0);
    *group = sluice_str_n(path.ptr + 1, slash - 1);
    *method = sluice_str_n(path.ptr + slash + 1, path.len - slash - 1);
}

struct sluice_str
rpc_grpc_server_request_authority(const struct rpc_grpc_server_request *req)
{
    return req->authority != NULL ? text_of(req->authority) : sluice_str("");
}

struct rpc_grpc_refusal
rpc_grpc_refusal_of(enum rpc_grpc_fault fault)
{
    static const struct rpc_grpc_refusal refusals[] = {
        [RPC_GRPC_FAULT_METHOD] = { "405", SLUICE_CODE_INTERNAL,
            "the method must be POST" },
        [RPC_GRPC_FAULT_TYPE] = { "415", SLUICE_CODE_INVALID_ARGUMENT,
            "the content type must be application/grpc" },
        [RPC_GRPC_FAULT_PATH] = { "200", SLUICE_CODE_UNIMPLEMENTED,
            "the path must be /service/method" },
        [RPC_GRPC_FAULT_TIMEOUT] = { "200", SLUICE_CODE_INTERNAL,
            "grpc-timeout is malformed" },
        [RPC_GRPC_FAULT_BINARY] = { "200", SLUICE_CODE_INTERNAL,
            "binary metadata is not base64" },
        [RPC_GRPC_FAULT_CODING] = { "200", SLUICE_CODE_UNIMPLEMENTED,
            "messages in this grpc-encoding cannot be read" },
        [RPC_GRPC_FAULT_SIZE] = { "200", SLUICE_CODE_RESOURCE_EXHAUSTED,
            "the request has too much metadata" },
        [RPC_GRPC_FAULT_MEMORY] = { "200", SLUICE_CODE_RESOURCE_EXHAUSTED,
            "memory is short" },
    };

    assert(fault != RPC_GRPC_FAULT_NONE && fault != RPC_GRPC_FAULT_ENDLESS);
    return refusals[fault];
}

static void
drop(nghttp2_rcbuf **buf)
{
    if (*buf != NULL)
        nghttp2_rcbuf_decref(*buf);
    *buf = NULL;
}

void
rpc_grpc_server_request_fini(struct rpc_grpc_server_request *req)
{
    sluice_metadata_unref(&req->metadata);
    drop(&req->path);
    drop(&req->authority);
}
