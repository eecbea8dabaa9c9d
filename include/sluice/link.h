/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/link.h - what carries operations between Ends: the contract between
 * the base layer and a transport (in process, gRPC, or one of your own).
 *
 * The two sides speak in tickets. A link delivers the tickets of one direction
 * of one operation in order and once, or reports a failure; sequence numbers
 * are therefore not needed.
 *
 * Thread      The loop thread of the End, both ways.
 * Re-entrancy A link never delivers from inside open, send or close: it
 *             defers with sluice_loop_defer().
 */
#ifndef SLUICE_LINK_H
#define SLUICE_LINK_H

#include <sluice/base.h>

/* COMPLETION half-closes a direction, the rest abort the operation. A failure
 * is named from the side that sends the ticket: its local failure is the remote
 * failure of the side that receives it, and the reverse. */
enum sluice_termination {
    SLUICE_TERMINATION_NONE,
    SLUICE_TERMINATION_COMPLETION,
    SLUICE_TERMINATION_CANCELLATION,
    SLUICE_TERMINATION_EXPIRATION,
    SLUICE_TERMINATION_SHUTDOWN,
    SLUICE_TERMINATION_RECEPTION_FAILURE,
    SLUICE_TERMINATION_TRANSMISSION_FAILURE,
    SLUICE_TERMINATION_LOCAL_FAILURE,
    SLUICE_TERMINATION_REMOTE_FAILURE
};

/* Absent members are NULL, 0 or NONE. References in a ticket are handed over
 * with it; strings are borrowed for the call. A received abort may carry
 * initial and terminal metadata: they become visible in the Outcome and at the
 * face layer. */
struct sluice_ticket {
    struct sluice_str group;  /* first ticket of the invoker only */
    struct sluice_str method; /* first ticket of the invoker only */
    enum sluice_subscription_kind subscription; /* as group and method */
    bool has_timeout;
    int64_t timeout_ns; /* total, from the operation's start */
    int allowance;
    struct sluice_metadata *initial_metadata;
    struct sluice_bytes *payload;
    enum sluice_termination termination;
    struct sluice_metadata *terminal_metadata;
    bool has_code;
    int32_t code;
    struct sluice_str message;
    void *protocol; /* options on the way out, a context on the way in */
};

struct sluice_link_ops {
    /* A new operation leaves. On SLUICE_OK *transport is the link's own state
     * for it. On failure the operation ends with TRANSMISSION_FAILURE. Takes
     * the references in first either way. */
    enum sluice_err (*open)(struct sluice_link *link,
        struct sluice_operation *op, struct sluice_ticket *first,
        void **transport);

    /* A later ticket of that operation. After a ticket that aborts, only close
     * follows. Takes the references in it. On failure the operation ends with
     * TRANSMISSION_FAILURE, unless it has ended already. */
    enum sluice_err (*send)(void *transport, struct sluice_ticket *ticket);

    /* The operation has left its End: transport is the link's to free, and
     * nothing may be delivered for it any more. Exactly once per open or
     * accept. What was handed to send still goes out. */
    void (*close)(void *transport);
};

/* Embedded at the start of every link. */
struct sluice_link {
    const struct sluice_link_ops *ops;
};

/* A ticket of the other side for op. Takes its references. Ignored once op has
 * terminated. Wrong order or a payload beyond the allowance ends the operation
 * with RECEPTION_FAILURE. Customer code may run inside. */
SLUICE_API void sluice_operation_deliver(struct sluice_operation *op,
    struct sluice_ticket *ticket);

/* A new operation arrives: its first ticket, to be serviced by end. The link's
 * ops carry the answers for transport. On SLUICE_OK *op is borrowed until
 * close. SLUICE_ESTATE: stopped, stopping or without a servicer; the link then
 * answers SHUTDOWN. SLUICE_EINVAL: no ticket that may begin an operation.
 * SLUICE_ENOMEM. Takes the references either way. The servicer runs later, from the loop,
 * never inside this call. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_end_accept(
    struct sluice_end *end, struct sluice_link *link, void *transport,
    struct sluice_ticket *first, struct sluice_operation **op);

/* In process: a link whose other side is service, an End on the same loop.
 * Tickets arrive in a later task, their metadata and payload by reference. Both
 * Ends must be stopped before it is freed. NULL when memory is short. */
SLUICE_API struct sluice_link *sluice_inproc_link_new(
    struct sluice_end *service);
SLUICE_API void sluice_inproc_link_free(struct sluice_link **link);

#endif
