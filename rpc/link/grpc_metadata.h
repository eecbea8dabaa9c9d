/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_metadata.h - which header names are metadata, and which are
 * gRPC's or HTTP's own ("gRPC over HTTP/2": Requests and Responses).
 */
#ifndef RPC_LINK_GRPC_METADATA_H
#define RPC_LINK_GRPC_METADATA_H

#include <sluice/metadata.h>

/* True for names that never travel as metadata, in either direction. */
bool rpc_grpc_name_is_reserved(struct sluice_str name);

/* True for "-bin" names. */
static inline bool
rpc_grpc_name_is_binary(struct sluice_str name)
{
    return name.len > 4 && memcmp(name.ptr + name.len - 4, "-bin", 4) == 0;
}

/* True for the content type "application/grpc", alone or followed by '+' or
 * ';'. */
bool rpc_grpc_is_grpc_type(struct sluice_str value);

/* s without blanks at its ends. */
struct sluice_str rpc_grpc_trim(struct sluice_str s);

/* How many values a received header brings: a binary one may be several, merged
 * with commas. Each of them takes a copy of the name, so each counts as a field
 * where received metadata is limited. */
static inline size_t
rpc_grpc_value_count(struct sluice_str name, struct sluice_str value)
{
    size_t count = 1;
    size_t i;

    if (rpc_grpc_name_is_binary(name))
        for (i = 0; i < value.len; i++)
            count += value.ptr[i] == ',';
    return count;
}

/* Appends a received header: drops what is reserved or cannot be metadata,
 * splits and decodes binary values. SLUICE_EINVAL: undecodable. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_metadata_receive(
    struct sluice_metadata *md, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str value);

#endif
