/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous.h - the monitor in which threads that may block meet the
 * loop over one RPC, the same for both sides of it.
 *
 * What threads ask for is noted under the lock, and one task, the door, is
 * posted to the loop unless it is under way already; on the loop's thread it
 * does all that was noted by then, through a table of operations on the
 * sluice_call or sluice_servicer_context behind. What the loop's thread hears
 * of the RPC it notes under the lock, and wakes those who wait. Nothing is
 * allocated for a value on its way.
 *
 * The one rule that keeps threads off a loop that may be gone: the loop is
 * touched under the lock while the RPC is active, and else not at all. What an
 * ended RPC shows is the rendezvous's own.
 *
 * Ownership   Counted (atomic). From face_rendezvous_attach() to
 *             face_rendezvous_end() the loop half has a hold as well, and so
 *             has the door while it is posted.
 * Thread      Three kinds of functions, marked below: loop half (the loop's
 *             thread), any thread, and locked (any thread, lock held).
 */
#ifndef FACE_RENDEZVOUS_H
#define FACE_RENDEZVOUS_H

#include <stdatomic.h>

#include <sluice/face.h>
#include <uv.h>

#include "rpc/check.h"

#define FACE_RENDEZVOUS_MAGIC 0x72647673u

/* Values on their way to the loop's thread. */
#define FACE_OUTBOX 8u

/* What a servicer has set and the loop's thread has not passed on yet. */
struct face_settings {
    struct sluice_metadata *initial_metadata;
    struct sluice_metadata *terminal_metadata;
    bool has_code;
    int32_t code;
    char *details; /* malloc; NULL: absent */
    size_t details_len;
};

/* What a rendezvous does to its RPC, a sluice_call or a
 * sluice_servicer_context: on the loop's thread, without the lock. */
struct face_rendezvous_ops {
    size_t size; /* of the object that begins with struct sluice_rendezvous */

    /* The next value, NULL: none; is_last: and no more. Takes value. */
    void (*emit)(void *rpc, struct sluice_bytes *value, bool is_last);
    void (*allow)(void *rpc, int n);
    void (*cancel)(void *rpc);
    void (*fail)(void *rpc);
    /* Service side only, ahead of values set later: takes the metadata. */
    void (*apply)(void *rpc, const struct face_settings *settings);
    /* How many values may still be emitted. */
    int (*budget)(const void *rpc);
    int64_t (*time_remaining)(const void *rpc);
    /* SLUICE_OK as soon as it is known. */
    enum sluice_err (*protocol_context)(const void *rpc, void **context);
    /* Drops the hold that face_rendezvous_attach() took. */
    void (*release)(void *rpc);

    /* Locked: the RPC has ended, or more values may be sent than before; NULL:
     * nothing to do. Nobody else knows of the end yet. */
    void (*changed)(struct sluice_rendezvous *r);
    /* Any thread: the last hold is gone; NULL: nothing to do. */
    void (*fini)(struct sluice_rendezvous *r);
};

enum face_phase { FACE_ACTIVE, FACE_COMPLETED, FACE_ABORTED };

/* The end that a thread asked for. The first one counts. */
enum face_wish { FACE_NO_WISH, FACE_CANCEL, FACE_FAIL };

struct sluice_rendezvous {
    unsigned magic;
    atomic_uint holds;
    const struct face_rendezvous_ops *ops;
    struct sluice_loop *loop;
    void *rpc; /* loop half; NULL: not attached yet, or ended */

    /* Set between _new() and _attach(), constant then. */
    bool is_service;
    bool is_unary; /* one value comes; it counts when the RPC has completed */
    bool can_draw; /* sluice_rendezvous_next() is open to the customer */
    bool can_emit; /* sluice_rendezvous_consume() and so on, likewise */

    uv_mutex_t lock;
    uv_cond_t changed; /* anything below that somebody could wait for */

    /* ---- Under the lock: what the loop half has heard */
    enum face_phase phase;
    bool has_metadata;                /* it is known what metadata there is */
    struct sluice_metadata *metadata; /* the other side's initial one */
    struct sluice_bytes *value;       /* came, and was not drawn; if is_unary:
                                         the response, kept */
    bool is_drawn;                    /* value was, if is_unary */
    bool has_all;                     /* no more values will come */
    int budget;                       /* values that may still be sent */
    bool has_context;
    void *context;        /* the link's; while active */
    uint64_t deadline_ns; /* of uv_hrtime(); UINT64_MAX: none */

    /* ---- Under the lock: what threads have asked for */
    struct sluice_task door;
    bool is_posted;   /* the door is, and has a hold */
    bool has_emitted; /* a value or the end of them */
    bool has_emitted_last;
    bool owes_last;    /* after the outbox */
    bool is_cancelled; /* this side asked first */
    enum face_wish wish;
    int owed_allowance;
    struct face_settings settings;
    struct sluice_bytes *outbox[FACE_OUTBOX]; /* a ring */
    unsigned outbox_first;
    unsigned outbox_count;
    struct sluice_abortion_callback *abortion_callbacks;
    struct sluice_done_callback *done_callbacks;

    /* ---- Once ended; constant then */
    struct sluice_abortion abortion;           /* if aborted: ours */
    struct sluice_metadata *terminal_metadata; /* of the completion */
    bool has_code;
    int32_t code;
    struct sluice_str details;   /* malloc; also the Abortion's */
    struct sluice_str traceback; /* malloc, when asked for; under the lock */
};

/* ---- Life ----------------------------------------------------------------- */

/* Zeroed, with one hold. Any thread. NULL when memory is short. */
struct sluice_rendezvous *face_rendezvous_new(
    const struct face_rendezvous_ops *ops, struct sluice_loop *loop);

/* Loop half: rpc's hold is taken. */
void face_rendezvous_attach(struct sluice_rendezvous *r, void *rpc);

/* ---- Loop half: what happens to the RPC ------------------------------------ */

/* The other side's initial metadata, taken; NULL: it is known that none comes.
 * Only the first call counts. */
void face_rendezvous_hear_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata);

/* A value, taken. Of a stream the one before must have been drawn. */
void face_rendezvous_hear_value(struct sluice_rendezvous *r,
    struct sluice_bytes *value);

/* There will be no more values. */
void face_rendezvous_hear_all(struct sluice_rendezvous *r);

/* Something else, such as allowance or the protocol context: all of the above
 * look at what the RPC's own functions tell, and this does nothing but look. */
void face_rendezvous_look(struct sluice_rendezvous *r);

/* How it ended. */
struct face_end {
    const struct sluice_abortion *abortion;     /* copied; NULL: completed */
    const struct sluice_completion *completion; /* if completed; NULL: as if all
                                     were absent. Terminal metadata is taken */
};

/* Last of all and once: lets go of rpc, wakes everybody, runs the callbacks. */
void face_rendezvous_end(struct sluice_rendezvous *r,
    const struct face_end *end);

/* ---- Any thread ------------------------------------------------------------ */

/* The body of consume, terminate and consume_and_terminate; value is taken and
 * may be NULL if is_last. Does not ask can_emit. SLUICE_OK, SLUICE_ETHREAD. */
SLUICE_MUST_USE enum sluice_err face_rendezvous_emit(
    struct sluice_rendezvous *r, struct sluice_bytes *value, bool is_last);

/* Waits until a value could be emitted at once, or nothing can be any more.
 * SLUICE_OK; SLUICE_ESTATE: the RPC or this side's stream has ended;
 * SLUICE_ETHREAD. */
SLUICE_MUST_USE enum sluice_err face_rendezvous_await_room(
    struct sluice_rendezvous *r);

/* The body of sluice_rendezvous_next(). Does not ask can_draw. */
SLUICE_MUST_USE enum sluice_err face_rendezvous_draw(
    struct sluice_rendezvous *r, struct sluice_bytes **value);

/* Ends the RPC with LOCAL_FAILURE, after what was emitted before. */
void face_rendezvous_fail(struct sluice_rendezvous *r);

/* The other side's initial metadata, as sluice_rendezvous_initial_metadata()
 * and sluice_rendezvous_invocation_metadata(). */
SLUICE_MUST_USE enum sluice_err face_rendezvous_await_metadata(
    struct sluice_rendezvous *r, struct sluice_metadata **metadata);

/* ---- Locked ---------------------------------------------------------------- */

static inline void
face_rendezvous_lock(struct sluice_rendezvous *r)
{
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    uv_mutex_lock(&r->lock);
}

static inline void
face_rendezvous_unlock(struct sluice_rendezvous *r)
{
    uv_mutex_unlock(&r->lock);
}

/* Has the loop's thread do what was noted. The RPC must be active. */
void face_rendezvous_knock(struct sluice_rendezvous *r);

/* Has the loop's thread end the RPC, after all that was noted before; the first
 * wish counts. Nothing happens once it has ended. */
void face_rendezvous_wish(struct sluice_rendezvous *r, enum face_wish wish);

#define FACE_FOREVER UINT64_MAX

/* Waits for a change of an active RPC: SLUICE_OK, something may have changed;
 * SLUICE_ETIMEDOUT, until_ns of uv_hrtime() has passed; SLUICE_ETHREAD, this
 * thread must not wait. */
SLUICE_MUST_USE enum sluice_err face_rendezvous_wait(
    struct sluice_rendezvous *r, uint64_t until_ns);

#endif
