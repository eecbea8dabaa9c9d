/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_request.h - the header block of a call as a server gets
 * it: takes fields one by one, says what is asked for, or what is wrong with
 * it. HTTP/2's own rules have been checked by nghttp2.
 *
 * Ownership   The struct is the caller's; memory comes from the pool, which
 *             must be the same for all calls on one request.
 */
#ifndef RPC_LINK_GRPC_SERVER_REQUEST_H
#define RPC_LINK_GRPC_SERVER_REQUEST_H

#include "rpc/link/grpc_coding.h"

#include <sluice/metadata.h>

#include <nghttp2/nghttp2.h>

/* What is wrong with a request. */
enum rpc_grpc_fault {
    RPC_GRPC_FAULT_NONE,
    RPC_GRPC_FAULT_METHOD, /* not POST */
    RPC_GRPC_FAULT_TYPE,   /* not application/grpc */
    RPC_GRPC_FAULT_PATH,   /* not /group/method */
    RPC_GRPC_FAULT_TIMEOUT,
    RPC_GRPC_FAULT_BINARY, /* a "-bin" value that is not base64 */
    RPC_GRPC_FAULT_CODING, /* messages in a coding that is not known here */
    /* From here on the rest of the block is not looked at: */
    RPC_GRPC_FAULT_MEMORY,
    RPC_GRPC_FAULT_SIZE,   /* too much of it */
    RPC_GRPC_FAULT_ENDLESS /* very much too much of it */
};

struct rpc_grpc_server_request {
    size_t size;   /* of what has come so far */
    size_t more;   /* of it when merged values have been split */
    bool is_whole; /* what still comes is trailers, which gRPC has none of */
    nghttp2_rcbuf *path;
    nghttp2_rcbuf *authority; /* NULL: none */
    bool is_post;
    bool is_grpc;
    bool has_timeout;
    int64_t timeout_ns;
    enum sluice_grpc_coding coding;   /* of the messages that follow */
    unsigned accepted;                /* set of codings for the answer */
    struct sluice_metadata *metadata; /* NULL: none was sent */
    enum rpc_grpc_fault fault;        /* of a field */
};

/* One field, also of trailers; zero-initialised is ready for the first. All may
 * have max_size bytes. */
void rpc_grpc_server_request_field(struct rpc_grpc_server_request *req,
    struct sluice_pool *pool, size_t max_size, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value);

/* The head is whole: what is wrong with it. */
enum rpc_grpc_fault rpc_grpc_server_request_check(
    struct rpc_grpc_server_request *req);

/* Of a request without a fault; borrowed from it. */
void rpc_grpc_server_request_names(const struct rpc_grpc_server_request *req,
    struct sluice_str *group, struct sluice_str *method);
struct sluice_str rpc_grpc_server_request_authority(
    const struct rpc_grpc_server_request *req);

/* How a fault is answered; text is constant. */
struct rpc_grpc_refusal {
    const char *http_status;
    int32_t code;
    const char *text;
};
struct rpc_grpc_refusal rpc_grpc_refusal_of(enum rpc_grpc_fault fault);

void rpc_grpc_server_request_fini(struct rpc_grpc_server_request *req);

#endif
