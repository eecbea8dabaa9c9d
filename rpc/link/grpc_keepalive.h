/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_keepalive.h - when a silent connection is asked whether it is
 * still there, and when it is given up ("gRPC Keepalive User Guide"). Pure
 * arithmetic: it reads no clock and owns no timer.
 *
 * Servers count PINGs that come sooner than they permit, by default within five
 * minutes of each other, and hang up at the third; what they send of a call
 * resets the count. So a polite asker asks three times in a silence, which
 * costs two of the three, and then only as often as all permit.
 */
#ifndef RPC_LINK_GRPC_KEEPALIVE_H
#define RPC_LINK_GRPC_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

struct rpc_grpc_keepalive_options {
    int64_t time_ns;    /* of silence before a PING; 0: never */
    int64_t timeout_ns; /* for its answer */
    bool is_polite;
};

struct rpc_grpc_keepalive {
    const struct rpc_grpc_keepalive_options *options;
    uint64_t heard_ns; /* when something arrived last */
    uint64_t asked_ns;
    bool has_heard; /* since it was asked */
    bool is_asking;
    bool is_in_doubt; /* the answer is late */
    unsigned asked;   /* PINGs since the last HEADERS or DATA */
};

/* options are borrowed, and may change. */
void rpc_grpc_keepalive_init(struct rpc_grpc_keepalive *k,
    const struct rpc_grpc_keepalive_options *options, uint64_t now_ns);

/* Bytes have arrived. */
void rpc_grpc_keepalive_heard(struct rpc_grpc_keepalive *k, uint64_t now_ns);

/* HEADERS or DATA have. True: look again, you were told to look late. */
bool rpc_grpc_keepalive_got_message(struct rpc_grpc_keepalive *k);

enum rpc_grpc_keepalive_act {
    RPC_GRPC_KEEPALIVE_WAIT,
    RPC_GRPC_KEEPALIVE_PING, /* send one */
    RPC_GRPC_KEEPALIVE_LOST  /* give it up */
};

/* What to do now, and in *again_ns when to look again. Before a connection is
 * LOST there is one more look at a later time, between which and this one what
 * has arrived must be read: a process that was stopped itself finds the answer
 * there. */
enum rpc_grpc_keepalive_act rpc_grpc_keepalive_look(
    struct rpc_grpc_keepalive *k, uint64_t now_ns, uint64_t *again_ns);

/* The peer has complained: half as often from now on. */
void rpc_grpc_keepalive_slow_down(struct rpc_grpc_keepalive_options *options);

#endif
