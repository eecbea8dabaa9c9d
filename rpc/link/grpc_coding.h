/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_coding.h - compressed messages ("gRPC Compression"): gzip and
 * deflate, which is the format of RFC 1950, by zlib. Bytes in, bytes out.
 *
 * A message is inflated in one go when all of it is there, and deflated when it
 * is handed over. So all calls of a client or a server share one coder: zlib's
 * states (40 KiB for inflating, 270 KiB for each coding sent) are made when
 * first needed and reused from then on.
 *
 * Memory for a message grows with what has really been inflated, and never
 * beyond the limit, whatever the ratio.
 *
 * Thread      The loop's thread.
 */
#ifndef RPC_LINK_GRPC_CODING_H
#define RPC_LINK_GRPC_CODING_H

#include <sluice/bytes.h>
#include <sluice/grpc.h>

struct rpc_grpc_coder;

/* NULL: memory is short. */
struct rpc_grpc_coder *rpc_grpc_coder_new(void);
void rpc_grpc_coder_free(struct rpc_grpc_coder **coder);

/* Gives the message in *out. coding is gzip or deflate. SLUICE_ELIMIT: it has
 * more than max_size bytes. SLUICE_EINVAL: it is damaged, cut off, or something
 * follows it. SLUICE_ENOMEM. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_inflate(struct rpc_grpc_coder *coder,
    struct sluice_pool *pool, enum sluice_grpc_coding coding,
    const uint8_t *data, size_t len, size_t max_size,
    struct sluice_bytes **out);

/* Gives the message compressed; NULL when it is to be sent as it is: because
 * that is no longer, or because memory is short. Any coding. */
struct sluice_bytes *rpc_grpc_deflate(struct rpc_grpc_coder *coder,
    struct sluice_pool *pool, enum sluice_grpc_coding coding,
    const uint8_t *data, size_t len);

/* -------------------------------------------------------------- headers */

/* Sets of codings: 1u << coding. */
#define RPC_GRPC_CODING_BIT(coding) (1u << (coding))

/* The value of our grpc-accept-encoding. */
#define RPC_GRPC_ACCEPTED_CODINGS "identity,deflate,gzip"

/* The value of grpc-encoding. */
struct sluice_str rpc_grpc_coding_name(enum sluice_grpc_coding coding);

/* Reads grpc-encoding. SLUICE_ENOTFOUND: a coding we do not know. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_coding_parse(struct sluice_str value,
    enum sluice_grpc_coding *coding);

/* Reads grpc-accept-encoding: the set of those that we know, too; identity is
 * always in it. Of several such headers, join the sets. */
unsigned rpc_grpc_codings_parse(struct sluice_str value);

#endif
