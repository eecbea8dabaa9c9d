/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/peer.h - the other end of a link's socket: what it writes is
 * chosen by the input and may be cut anywhere, what it reads is checked as far
 * as the rules do not depend on what it wrote.
 *
 * Of what is read: SETTINGS first; whole frames of a legal size; nothing on a
 * stream after its END_STREAM or RST_STREAM; header blocks that can be decoded;
 * of a server's, the first on a stream has the only :status, and the last one
 * the only grpc-status, unless the :status is not 200.
 */
#ifndef TESTS_FUZZ_PEER_H
#define TESTS_FUZZ_PEER_H

#include <nghttp2/nghttp2.h>

#include "tests/fuzz/frames.h"

#define FUZZ_STREAMS 64 /* by number / 2 */

struct fuzz_stream {
    uint32_t number; /* where several share a place */
    bool has_head;
    bool is_ok; /* its :status is 200 */
    bool has_ended;
};

struct fuzz_peer {
    int fd; /* < 0: closed */
    bool is_server;
    const struct fuzz_vocabulary *words;
    struct fuzz_bytes out;
    size_t sent; /* of out */

    /* Reading */
    size_t preface; /* bytes of it still to come */
    size_t have;
    uint8_t frame[9 + 16384];
    bool has_begun;
    bool is_in_block;
    struct fuzz_stream *block_of;
    unsigned statuses; /* of HTTP, in the block */
    unsigned grpc_statuses;
    nghttp2_hd_inflater *inflater;
    struct fuzz_stream stream[FUZZ_STREAMS]; /* the last: of any above */
};

/* Takes the socket, which is made non-blocking. is_server: this peer is one. */
void fuzz_peer_open(struct fuzz_peer *p, int fd, bool is_server);

/* Adds some frames to what it writes, and writes all or a part of it, as far as
 * the socket takes it. */
void fuzz_peer_speak(struct fuzz_peer *p, struct fuzz_input *in);

void fuzz_peer_write(struct fuzz_peer *p, size_t most);

/* Reads all there is. */
void fuzz_peer_read(struct fuzz_peer *p);

/* Says no more, but reads. */
void fuzz_peer_shut(struct fuzz_peer *p);

void fuzz_peer_close(struct fuzz_peer *p);

#endif
