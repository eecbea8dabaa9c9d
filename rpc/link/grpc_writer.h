/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_writer.h - messages on their way out, prefixes and bytes. They
 * are copied once: from where they lie into the buffer that is written. Only
 * what follows before that has happened is gathered first, in one block, so
 * that many small messages share a frame.
 */
#ifndef RPC_LINK_GRPC_WRITER_H
#define RPC_LINK_GRPC_WRITER_H

#include "rpc/link/grpc_framing.h"

struct rpc_grpc_writer {
    struct sluice_bytes *payload; /* NULL: nothing to send */
    bool is_compressed;
    size_t first;    /* size of its prefix and its bytes; 0: nothing */
    size_t size;     /* of that and of what has been gathered behind it */
    size_t sent;     /* of that */
    size_t promised; /* to a frame that is not filled yet */
    struct sluice_bytes *gathered;
};

/* Takes *payload and sets it to NULL on SLUICE_OK; it is compressed if that
 * makes it smaller. SLUICE_ELIMIT: longer than a prefix can say. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_writer_take(struct rpc_grpc_writer *w,
    const struct rpc_grpc_reading *shared, enum sluice_grpc_coding coding,
    struct sluice_bytes **payload);

/* How many bytes are left to send. */
static inline size_t
rpc_grpc_writer_left(const struct rpc_grpc_writer *w)
{
    return w->size - w->sent;
}

/* Whether the peer has got, or will get, a part of what there is: then it must
 * get the rest. */
bool rpc_grpc_writer_has_begun(const struct rpc_grpc_writer *w);

/* Promises at most room bytes to a frame; returns how many. */
size_t rpc_grpc_writer_offer(struct rpc_grpc_writer *w, size_t room);

/* Fills the frame with what was promised. True: that was all there is; it stays,
 * for a rewind, until the next message or fini. */
bool rpc_grpc_writer_copy(struct rpc_grpc_writer *w, uint8_t *out, size_t len);

/* Sends what is there once more, from its first byte. */
void rpc_grpc_writer_rewind(struct rpc_grpc_writer *w);

/* Drops all of it. */
void rpc_grpc_writer_fini(struct rpc_grpc_writer *w);

#endif
