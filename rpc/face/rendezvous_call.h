/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_call.h - the invocation side of a rendezvous: how one
 * begins, and how the requests of an iterator get into it.
 */
#ifndef FACE_RENDEZVOUS_CALL_H
#define FACE_RENDEZVOUS_CALL_H

#include "rpc/face/call.h"
#include "rpc/face/rendezvous.h"

/* Draws an iterator on a pool, and is on one of its threads only while a
 * request may be drawn: it parks when there is no allowance. */
struct face_pump {
    enum face_pump_state {
        FACE_PUMP_NONE,    /* no iterator */
        FACE_PUMP_RUNNING, /* on a thread of the pool, or queued for one */
        FACE_PUMP_PARKED,  /* waits for allowance, or for the end */
        FACE_PUMP_CLOSED
    } state; /* under the rendezvous' lock */
    struct sluice_work work;
    struct sluice_thread_pool *pool;
    struct sluice_iterator requests;
};

struct face_invocation {
    struct sluice_rendezvous r; /* first */
    struct face_pump pump;
};

enum face_invocation_style { FACE_BLOCKING, FACE_FUTURE, FACE_INLINE };

/* pool may be NULL if requests is. */
struct face_invocation_start {
    struct face_call_start call;
    enum face_invocation_style style;
    const struct sluice_iterator *requests;
    struct sluice_thread_pool *pool;
    const struct sluice_call_options *options;
};

/* Begins an RPC on the loop's thread. Takes what the public functions take, on
 * success and else; *r holds a reference, or is NULL on an error. */
SLUICE_MUST_USE enum sluice_err face_rendezvous_start(
    const struct face_invocation_start *start, struct sluice_rendezvous **r);

/* ---- rendezvous_requests.c -------------------------------------------------- */

/* Before the RPC begins. The iterator is copied and not drawn yet. */
void face_pump_init(struct face_invocation *x, struct sluice_thread_pool *pool,
    const struct sluice_iterator *requests);

/* The RPC has begun: draws. Nothing happens without an iterator. */
void face_pump_start(struct face_invocation *x);

/* Locked: allowance may have come; the RPC may have ended. */
void face_pump_wake(struct face_invocation *x);

/* Closes an iterator, NULL or not. */
void face_iterator_close(const struct sluice_iterator *iterator);

#endif
