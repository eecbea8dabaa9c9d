/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/played_call.h - the RPC of an exchange without a service: the
 * functions of gateway/call.h that requests go through are wrapped. What came of
 * a client's bytes can so be compared with what came of them in other pieces. A
 * target is linked with fuzz_played_call_link.
 *
 * It takes no more, now and then, as the input says; of one exchange at a time.
 */
#ifndef TESTS_FUZZ_PLAYED_CALL_H
#define TESTS_FUZZ_PLAYED_CALL_H

#include "gateway/exchange.h"
#include "tests/fuzz/input.h"
#include "tests/gateway/fixture.h"

/* What came of one exchange. */
struct played_end {
    unsigned n_payloads;
    uint64_t hash; /* of the payloads, with their lengths */
    int code;      /* of the error; 0: none */
    bool is_ended; /* the service got all of it */
};

/* The fixture of all runs, with a new exchange. more is what its route file has
 * besides; at the first call. */
struct fixture *played_call_fixture(const char *more);

/* A new RPC, which is to begin. cuts says where the client's bytes are cut, and
 * when there is room; empty: nowhere, and always. */
void played_call_begin(struct fuzz_input cuts);

/* How many of the client's bytes come next; left > 0. */
size_t played_call_cut(size_t left);

/* So far; the exchange's answer is ready if it has one. */
struct played_end played_call_end(const struct gw_exchange *x);

bool played_end_is_same(struct played_end a, struct played_end b);

/* Who hears of the responses; NULL: it has not begun, or nobody does. Lives as
 * long as the exchange. */
const struct sluice_receiver *played_call_receiver(void);

/* True once after it has taken no more: now it does. */
bool played_call_has_made_room(void);

/* FNV-1a, of whatever else is to be compared. */
#define PLAYED_HASH 0xcbf29ce484222325u
uint64_t played_hash(uint64_t hash, const void *p, size_t n);

#endif
