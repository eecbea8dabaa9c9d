/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/join.h - what joins two Ends: the link within a process, or a gRPC
 * client link, a socket and a gRPC server. Scenarios are played over each, so
 * this is also the place that says how far the links may differ.
 *
 * Over gRPC
 *   grants      are not told. The link takes a message when there is room for
 *               it and announces one more, which may be the first that is
 *               heard; the receiver's own grants count there as they do in
 *               process. A service is done when its link has taken all.
 *   calls       What one ticket carries in process may arrive in several calls,
 *               in the same order.
 *   metadata    An empty list and none are the same. Only names that gRPC
 *               allows; a client says who it is.
 *   invocation  Its metadata goes with operate() or not at all. Its completion
 *               has no members. That it has no interest is not told.
 *   service     Its completion always has a code: 0 if it gave none; an empty
 *               message is none. A code of failure is an abort at the invoker.
 *               What it says in the same turn cannot take it back.
 *   aborts      An outcome that the other side has caused has a code,
 *               join_code_of_...(), and a text.
 *   time        A service's maximum is not told; its EXPIRED is. An invoker's
 *               EXPIRED arrives as a cancellation: EXPIRED there, or CANCELLED
 *               when it was faster than the service's own clock.
 */
#ifndef TESTS_RPC_JOIN_H
#define TESTS_RPC_JOIN_H

#include <sluice/grpc_server.h>
#include <sluice/link.h>

enum join_kind {
    IN_PROCESS, /* both Ends on one loop */
    OVER_UNIX,  /* what was written is there: the loop can be run dry */
    OVER_TCP    /* 127.0.0.1, any port */
};

struct join {
    enum join_kind kind;
    struct sluice_end *serving;
    struct sluice_link *link; /* for the invoking End */
    struct sluice_grpc_server *server;
    struct sluice_grpc_client *client;
    char address[128];
};

static inline bool
is_grpc(enum join_kind kind)
{
    return kind != IN_PROCESS;
}

/* Listens for serving, on its loop's thread. */
void join_serve(struct join *j, enum join_kind kind,
    struct sluice_end *serving);
/* Joins invoking to it, on invoking's loop's thread; after join_serve(). */
void join_invoke(struct join *j, struct sluice_end *invoking);

/* The reverse, once the Ends have stopped: join_leave() on the thread of the
 * invoking End, then join_close() on that of the serving one. on_closed(arg)
 * runs once, at the latest when the loop has turned for it. */
void join_leave(struct join *j, void (*on_closed)(void *arg), void *arg);
void join_close(struct join *j, void (*on_closed)(void *arg), void *arg);

/* The code with which the end of one side, the service or the invoker, reaches
 * the other one over gRPC. */
int32_t join_code_of_service(enum sluice_outcome_kind service);
int32_t join_code_of_invoker(enum sluice_outcome_kind invoker);

/* Rewrites words of base_world.h as both links have to deliver them: without
 * grants, borders between calls and what does not travel. */
void join_words(enum join_kind kind, bool is_invoker, const char *words,
    char *out, size_t size);

#endif
