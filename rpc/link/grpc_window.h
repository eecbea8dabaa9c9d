/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_window.h - how much of a stream may be under way. That is what
 * one stream holds in memory when its reader stops, so a window is small at
 * first. It grows eightfold whenever half of it was used up within two round
 * trips: the reader was not what the stream waited for. Never beyond what two
 * gigabits a second come to in one round trip: so a near peer, however busy,
 * has 256 KiB at most, one at 64 ms 16 MiB. And all streams of a connection
 * together have no more than a bounded sum besides their first windows. Pure
 * arithmetic: it reads no clock and sends nothing.
 *
 * The round trip is the shortest that was seen: other times tell how busy the
 * peer is. So nothing far is granted without having asked again.
 */
#ifndef RPC_LINK_GRPC_WINDOW_H
#define RPC_LINK_GRPC_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all streams of a connection have over their first windows, at most. */
#define RPC_GRPC_WINDOWS_LENT (32u * 1024 * 1024)

#define RPC_GRPC_WINDOW_MOST (16u * 1024 * 1024)

/* A connection. */
struct rpc_grpc_path {
    uint32_t most;     /* for a stream */
    bool is_fresh;     /* asked and answered since a window has grown */
    uint64_t asked_ns; /* a question is under way since; 0: none */
    uint64_t trip_ns;  /* the shortest; 0: none was seen */
    uint32_t learnt;   /* the widest that a far peer's stream had; 0: none */
    size_t lent;
};

/* How much is given back at once: half a window, or less when it is large, lest
 * the peer wait for it. */
uint32_t rpc_grpc_window_step(uint32_t window);

/* What a stream is to begin with instead of its first window, which is lent
 * then: it need not learn what others have, but has only a share of the rest. */
uint32_t rpc_grpc_path_begin(struct rpc_grpc_path *path, uint32_t first);

/* A round trip that was seen: from asked_ns to now_ns. */
void rpc_grpc_path_saw(struct rpc_grpc_path *path, uint64_t asked_ns,
    uint64_t now_ns);

/* The question that rpc_grpc_path_widen() wanted has gone out; it was
 * answered. */
void rpc_grpc_path_asked(struct rpc_grpc_path *path, uint64_t now_ns);
void rpc_grpc_path_answered(struct rpc_grpc_path *path, uint64_t now_ns);

/* Half of a stream's window was used up and given back, elapsed_ns after the
 * half before. Returns the window that the stream is to have, which is lent
 * then. *must_ask: more might do, but not before the round trip was asked for
 * again. */
uint32_t rpc_grpc_path_widen(struct rpc_grpc_path *path, uint32_t window,
    uint64_t elapsed_ns, bool *must_ask);

/* A stream that began with the window first has ended. */
void rpc_grpc_path_give_back(struct rpc_grpc_path *path, uint32_t first,
    uint32_t window);

#endif
