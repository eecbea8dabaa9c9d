/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_witness.h - a receiver that tells another thread what it has
 * been told. Its callbacks run on the loop's thread; once witness_await() has
 * returned, all it has recorded may be read.
 */
#ifndef TESTS_RPC_FACE_WITNESS_H
#define TESTS_RPC_FACE_WITNESS_H

#include "tests/rpc/face_suite.h"

struct witness {
    uv_mutex_t lock;
    uv_cond_t changed;
    struct suite *s;
    struct sluice_receiver receiver;
    struct sluice_call *call; /* held */
    unsigned n_metadata;
    unsigned n_responses;
    unsigned n_ends;
    bool is_in_order;
    bool is_completed;
    enum sluice_abortion_kind kind;
    struct sluice_bytes *responses[N_TRADES];
    void (*on_end)(struct witness *w);
    void *arg;
};

/* An RPC in event style: what its caller does in one turn of the loop. */
struct act {
    enum sluice_cardinality cardinality;
    int64_t timeout_ns;
    unsigned n_requests; /* of a stream */
    bool terminates;
    bool cancels;
};

void witness_init(struct witness *w, struct suite *s);
void witness_fini(struct witness *w);

/* Begins an RPC of the trading service with the requests from first on. */
void witness_begin(struct witness *w, const struct act *act, unsigned first);
/* The same on the loop's thread already. */
void witness_begin_here(struct witness *w, const struct act *act,
    unsigned first);

void witness_await(struct witness *w);
void assert_witnessed_completion(const struct witness *w, unsigned n_responses);
void assert_witnessed_abortion(const struct witness *w,
    enum sluice_abortion_kind kind);

#endif
