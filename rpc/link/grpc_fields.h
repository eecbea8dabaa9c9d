/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_fields.h - header blocks on their way out, on either side.
 * Nothing is copied: names and values point to where they lie, which must stay
 * until nghttp2 has sent or dropped the block.
 */
#ifndef RPC_LINK_GRPC_FIELDS_H
#define RPC_LINK_GRPC_FIELDS_H

#include <sluice/metadata.h>

#include <nghttp2/nghttp2.h>

#define RPC_GRPC_FIELD_OVERHEAD 32 /* of each, as HTTP/2 counts */
#define RPC_GRPC_FIELDS 256 /* of a block; one that has more is refused */

/* What a client's requests lately said of their senders; all zero: nothing. Each
 * value has one place that it may be in. A new connection takes over what was
 * said on the one before. */
#define RPC_GRPC_RECENT 8
struct rpc_grpc_recent {
    uint64_t hashes[RPC_GRPC_RECENT];
};

/* A block while it is being built. */
struct rpc_grpc_fields {
    nghttp2_nv *nv; /* RPC_GRPC_FIELDS of them */
    size_t count;
    size_t size;                    /* as HTTP/2 counts it */
    struct rpc_grpc_recent *recent; /* NULL: no metadata is indexed */
};

/* Text made for a block, from the pool; all zero: none. */
struct rpc_grpc_text {
    char *ptr;
    size_t room;
};

/* flags: NGHTTP2_NV_FLAG_NO_INDEX or NONE. There must be room. */
void rpc_grpc_fields_add(struct rpc_grpc_fields *f, struct sluice_str name,
    struct sluice_str value, uint8_t flags);
void rpc_grpc_fields_add_constant(struct rpc_grpc_fields *f, const char *name,
    const char *value);

/* What may travel of md; *binary gets the base64 texts, in place of those it
 * had. SLUICE_ELIMIT: too many fields. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_fields_add_metadata(
    struct rpc_grpc_fields *f, const struct sluice_metadata *md,
    struct sluice_pool *pool, struct rpc_grpc_text *binary);

/* Takes room for size bytes, in place of what it had. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_text_take(struct rpc_grpc_text *text,
    struct sluice_pool *pool, size_t size);
void rpc_grpc_text_drop(struct rpc_grpc_text *text, struct sluice_pool *pool);

#endif
