/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_end.h - how a call ended, in the words of the base layer. The
 * table is the one in sluice/grpc.h; terminations are tickets of the other
 * side, so LOCAL_FAILURE here is what the invoker sees as REMOTE_FAILURE.
 */
#ifndef RPC_LINK_GRPC_END_H
#define RPC_LINK_GRPC_END_H

#include <sluice/link.h>

struct rpc_grpc_end {
    enum sluice_termination termination; /* NONE: not ended */
    int32_t code;
    struct sluice_str text; /* constant, or as long as the response lives */
};

/* A grpc-status that the peer sent, also one that is no canonical code. */
struct rpc_grpc_end rpc_grpc_end_status(int32_t status,
    struct sluice_str message);

/* An HTTP answer without one. */
struct rpc_grpc_end rpc_grpc_end_http(unsigned http_status);

/* RST_STREAM with an HTTP/2 error code. */
struct rpc_grpc_end rpc_grpc_end_reset(uint32_t error_code);

/* What arrived whole is not an answer of gRPC; text is constant. */
struct rpc_grpc_end rpc_grpc_end_malformed(const char *text);

/* The peer broke the rules of HTTP/2. */
struct rpc_grpc_end rpc_grpc_end_broken(void);

struct rpc_grpc_end rpc_grpc_end_exhausted(const char *text);
struct rpc_grpc_end rpc_grpc_end_lost(void);

/* Memory is short here. */
struct rpc_grpc_end rpc_grpc_end_short(void);
struct rpc_grpc_end rpc_grpc_end_refused(void);

/* Nothing was sent. */
struct rpc_grpc_end rpc_grpc_end_unreachable(const char *text);

#endif
