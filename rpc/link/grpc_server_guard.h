/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_guard.h - how much of what costs a server more than its
 * sender one connection may send: resets, PINGs, SETTINGS, frames without
 * content. A well-meaning client comes nowhere near; who does not mean well is
 * found out before it hurts. No I/O and no clock: the time is an argument.
 */
#ifndef RPC_LINK_GRPC_SERVER_GUARD_H
#define RPC_LINK_GRPC_SERVER_GUARD_H

#include "rpc/link/grpc_bucket.h"

#include <nghttp2/nghttp2.h>

struct rpc_grpc_guard {
    struct rpc_grpc_bucket resets;
    struct rpc_grpc_bucket idle; /* frames that move nothing */
    struct rpc_grpc_bucket windows;
    bool has_pinged; /* since we sent something of a call */
    uint64_t pinged_ns;
    unsigned strikes;
};

/* What a server allows. */
struct rpc_grpc_guard_limits {
    unsigned resets;  /* at once */
    unsigned windows; /* the same */
    int64_t min_ping_interval_ns;
};

/* A frame begins to arrive. NULL: fine; else what there is too much of, a
 * constant word for GOAWAY. */
const char *rpc_grpc_guard_frame(struct rpc_grpc_guard *g,
    const struct rpc_grpc_guard_limits *limits, const nghttp2_frame_hd *hd,
    uint64_t now_ns);

/* A frame turned out to be empty, or to be wrong. */
const char *rpc_grpc_guard_empty(struct rpc_grpc_guard *g, uint64_t now_ns);
const char *rpc_grpc_guard_wrong(struct rpc_grpc_guard *g,
    const struct rpc_grpc_guard_limits *limits, uint64_t now_ns);

/* HEADERS or DATA were sent. */
void rpc_grpc_guard_sent(struct rpc_grpc_guard *g);

#endif
