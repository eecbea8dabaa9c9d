/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_framing.h - length-prefixed messages out of the bytes of one
 * stream ("gRPC over HTTP/2": Length-Prefixed-Message). No I/O.
 *
 * Bytes either go into the message being assembled (feed) or are kept as they
 * came until somebody wants the next message (hold). A message's length is
 * checked before memory is taken for it, and memory grows with what has really
 * arrived, never with what was announced. A compressed message is inflated when
 * all of it has arrived.
 *
 * Ownership   The struct is the caller's; memory comes from the pool of its
 *             reading, which must be the same for all calls on one reader.
 */
#ifndef RPC_LINK_GRPC_FRAMING_H
#define RPC_LINK_GRPC_FRAMING_H

#include "rpc/link/grpc_coding.h"

#define RPC_GRPC_PREFIX 5      /* flag and length before each message */
#define RPC_GRPC_COMPRESSED 1u /* the flag */

/* What all readers of a client or a server have in common. */
struct rpc_grpc_reading {
    struct sluice_pool *pool;
    struct rpc_grpc_coder *coder;
    size_t max_message; /* inflated; at most UINT32_MAX */
};

struct rpc_grpc_reader {
    enum sluice_grpc_coding coding; /* of the peer's grpc-encoding */
    bool has_unknown_coding;        /* one that we do not know */
    uint8_t prefix[RPC_GRPC_PREFIX];
    size_t have;                  /* of prefix */
    struct sluice_bytes *partial; /* its size is what has arrived */
    uint8_t *held;
    size_t held_from;
    size_t held_to;
    size_t held_room;
};

enum rpc_grpc_read {
    RPC_GRPC_READ_MORE,       /* all bytes taken, no message yet */
    RPC_GRPC_READ_MESSAGE,    /* *message is set; bytes may be left */
    RPC_GRPC_READ_TOO_LARGE,  /* longer than max_message */
    RPC_GRPC_READ_IMPOSSIBLE, /* and longer than anybody sends: INT32_MAX */
    RPC_GRPC_READ_COMPRESSED, /* flag 1, but no coding has been named */
    RPC_GRPC_READ_UNKNOWN,    /* flag 1, and the coding is not known */
    RPC_GRPC_READ_CORRUPT,    /* flag 1, and cannot be inflated */
    RPC_GRPC_READ_MALFORMED,  /* any other flag */
    RPC_GRPC_READ_NO_MEMORY
};

/* Zero-initialised is ready; coding may be set before the first byte. */
void rpc_grpc_reader_fini(struct rpc_grpc_reader *r, struct sluice_pool *pool);

/* Takes bytes up to the end of one message, moving *data and *len on. Nothing
 * may be held. Gives *message. After an error only fini may follow. */
enum rpc_grpc_read rpc_grpc_reader_feed(struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading, const uint8_t **data, size_t *len,
    struct sluice_bytes **message);

/* Keeps a copy of all bytes behind those held already. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_reader_hold(struct rpc_grpc_reader *r,
    struct sluice_pool *pool, const uint8_t *data, size_t len);

/* The same as feed, with the held bytes; *taken is how many it took. */
enum rpc_grpc_read rpc_grpc_reader_feed_held(struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading, size_t *taken,
    struct sluice_bytes **message);

static inline bool
rpc_grpc_reader_is_holding(const struct rpc_grpc_reader *r)
{
    return r->held_to > r->held_from;
}

/* Whether feeding what is held would end in anything but MORE. */
bool rpc_grpc_reader_has_news(const struct rpc_grpc_reader *r,
    const struct rpc_grpc_reading *reading);

/* Whether the bytes so far end within a message. */
static inline bool
rpc_grpc_reader_is_within(const struct rpc_grpc_reader *r)
{
    return r->have > 0 || rpc_grpc_reader_is_holding(r);
}

/* Writes the prefix of a message of size bytes, at most UINT32_MAX. */
void rpc_grpc_write_prefix(uint8_t out[RPC_GRPC_PREFIX], bool is_compressed,
    size_t size);

#endif
