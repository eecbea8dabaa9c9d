/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_framing.h - length-prefixed messages out of the bytes of one
 * stream ("gRPC over HTTP/2": Length-Prefixed-Message). No I/O.
 *
 * Bytes either go into the message being assembled (feed) or are kept as they
 * came until somebody wants the next message (hold). A message's length is
 * checked before memory is taken for it, and memory grows with what has really
 * arrived, never with what was announced.
 *
 * Ownership   The struct is the caller's; memory comes from the pool, which
 *             must be the same for all calls on one reader.
 */
#ifndef RPC_LINK_GRPC_FRAMING_H
#define RPC_LINK_GRPC_FRAMING_H

#include <sluice/bytes.h>

#define RPC_GRPC_PREFIX 5 /* flag and length before each message */

struct rpc_grpc_reader {
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
    RPC_GRPC_READ_COMPRESSED, /* flag 1: no coding has been agreed */
    RPC_GRPC_READ_MALFORMED,  /* any other flag */
    RPC_GRPC_READ_NO_MEMORY
};

/* Zero-initialised is ready, too. */
void rpc_grpc_reader_fini(struct rpc_grpc_reader *r, struct sluice_pool *pool);

/* Takes bytes up to the end of one message, moving *data and *len on. Nothing
 * may be held. Gives *message. After an error only fini may follow. */
enum rpc_grpc_read rpc_grpc_reader_feed(struct rpc_grpc_reader *r,
    struct sluice_pool *pool, size_t max_message, const uint8_t **data,
    size_t *len, struct sluice_bytes **message);

/* Keeps a copy of all bytes behind those held already. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_reader_hold(struct rpc_grpc_reader *r,
    struct sluice_pool *pool, const uint8_t *data, size_t len);

/* The same as feed, with the held bytes; *taken is how many it took. */
enum rpc_grpc_read rpc_grpc_reader_feed_held(struct rpc_grpc_reader *r,
    struct sluice_pool *pool, size_t max_message, size_t *taken,
    struct sluice_bytes **message);

bool rpc_grpc_reader_is_holding(const struct rpc_grpc_reader *r);

/* Whether feeding what is held would end in anything but MORE. */
bool rpc_grpc_reader_has_news(const struct rpc_grpc_reader *r,
    size_t max_message);

/* Whether the bytes so far end within a message. */
bool rpc_grpc_reader_is_within(const struct rpc_grpc_reader *r);

#endif
