/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_target.h - where a gRPC client connects, read from a target
 * name ("gRPC Name Resolution"). Text in, plain values out; no look-ups.
 */
#ifndef RPC_LINK_GRPC_TARGET_H
#define RPC_LINK_GRPC_TARGET_H

#include <sluice/api.h>

#include <netinet/in.h>
#include <sys/un.h>

#define RPC_GRPC_TARGET_ADDRESSES 16
#define RPC_GRPC_TARGET_HOST 253

enum rpc_grpc_target_kind {
    RPC_GRPC_TARGET_DNS,     /* host and port, to be looked up */
    RPC_GRPC_TARGET_ADDRESS, /* address[], tried in order */
    RPC_GRPC_TARGET_UNIX     /* path */
};

struct rpc_grpc_target {
    enum rpc_grpc_target_kind kind;
    char host[RPC_GRPC_TARGET_HOST + 1];
    char port[6];
    size_t addresses;
    struct sockaddr_in6 address[RPC_GRPC_TARGET_ADDRESSES]; /* or _in */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char authority[RPC_GRPC_TARGET_HOST + 16]; /* what :authority defaults to */
};

/* *why is a constant text, set on SLUICE_EINVAL. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_target_parse(
    struct rpc_grpc_target *target, struct sluice_str text, const char **why);

#endif
