/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/scripted.h - a link whose far end is the fuzzer: it delivers any
 * tickets, in order or not, and begins operations; what the Ends send it is
 * checked against the rules of tickets (link.h).
 */
#ifndef TESTS_FUZZ_SCRIPTED_H
#define TESTS_FUZZ_SCRIPTED_H

#include "tests/fuzz/speaker.h"

#define FUZZ_WIRES 24

/* One operation on the link. */
struct fuzz_wire {
    struct fuzz_scripted *link;
    struct sluice_operation *op; /* NULL: closed, or never accepted */
    struct fuzz_speaker says;    /* the far end */
    unsigned deliveries;
    bool is_mute; /* the far end wants nothing but grants */

    /* What the End sent */
    bool sent_metadata;
    bool sent_payload;
    bool sent_completion;
    bool sent_abort;
    bool has_lost; /* a ticket was not taken */
    int64_t payloads;
    int64_t granted;
};

struct fuzz_scripted {
    struct sluice_link link; /* first: what Ends know */
    struct fuzz_watch *watch;
    unsigned good_tickets; /* before one is not taken */
    bool may_fail;
    size_t wires;
    struct fuzz_wire wire[FUZZ_WIRES];
};

void fuzz_scripted_init(struct fuzz_scripted *s, struct fuzz_watch *watch);

/* Delivers a ticket to the wire's operation. */
void fuzz_wire_deliver(struct fuzz_wire *w);

/* Begins an operation at end, if that accepts it. Its method is the address of
 * the far end's speaker. */
#define FUZZ_SCRIPTED_GROUP "scripted"
bool fuzz_scripted_begin(struct fuzz_scripted *s, struct sluice_end *end);

#endif
