/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_request.h - the header block of a request. Nothing is copied
 * on the way to nghttp2: names and values point into constants, the metadata,
 * and the texts kept here.
 *
 * Ownership   The struct is the caller's and must stay where it is until the
 *             block has been sent; memory comes from the pool, which must be
 *             the same for all calls on one request.
 */
#ifndef RPC_LINK_GRPC_REQUEST_H
#define RPC_LINK_GRPC_REQUEST_H

#include "rpc/link/grpc_fields.h"

#include <sluice/grpc.h>

struct rpc_grpc_request {
    struct sluice_metadata *metadata;      /* owned; may be NULL */
    struct sluice_metadata *more_metadata; /* likewise; goes behind it */
    enum sluice_grpc_coding coding;        /* of its messages */
    char *path;                            /* short, or from the pool */
    size_t path_len;
    struct rpc_grpc_text binary; /* the base64 texts of the metadata */
    struct rpc_grpc_text more_binary;
    char timeout[12];
    char short_path[128]; /* last, and not zeroed */
};

/* Timeouts that have the same text, above from_ns and up to to_ns. */
struct rpc_grpc_timeout {
    int64_t from_ns;
    int64_t to_ns;
    char text[12];
    size_t len;
};

/* What the requests of a client have in common: the first fields, one of them
 * :path, empty; and what the last ones had. */
#define RPC_GRPC_REQUEST_BASE 8
struct rpc_grpc_request_base {
    nghttp2_nv nv[RPC_GRPC_REQUEST_BASE];
    size_t size;
    struct sluice_str authority;
    struct rpc_grpc_timeout timeout;
    struct rpc_grpc_recent recent;
};

/* The texts must stay where they are. */
void rpc_grpc_request_base_init(struct rpc_grpc_request_base *base,
    struct sluice_str authority, struct sluice_str user_agent);

/* Makes :path. SLUICE_EINVAL: group or method cannot be in one. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_request_init(
    struct rpc_grpc_request *req, struct sluice_pool *pool,
    struct sluice_str group, struct sluice_str method);

/* Fills fields; *size becomes the block's size as HTTP/2 counts it. timeout_ns
 * may be SLUICE_NO_TIMEOUT. SLUICE_ELIMIT: more than RPC_GRPC_FIELDS. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_request_fields(
    struct rpc_grpc_request *req, struct sluice_pool *pool,
    struct rpc_grpc_request_base *base, int64_t timeout_ns,
    nghttp2_nv fields[RPC_GRPC_FIELDS], size_t *count, size_t *size);

void rpc_grpc_request_fini(struct rpc_grpc_request *req,
    struct sluice_pool *pool);

#endif
