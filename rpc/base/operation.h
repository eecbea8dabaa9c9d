/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/operation.h - one operation, seen from one of its two Ends.
 *
 * An operation is active until its first terminating event and terminated from
 * then on; there is no third answer. Each part of it is a file:
 *
 *   emission    what the local customer passes to advance: its order is
 *               checked, then tickets are made, as far as allowance reaches
 *   reception   tickets of the other side: their order is checked, then their
 *               values are stored
 *   ingestion   stored values go to the local customer, one call at a time
 *   expiration  the one timer
 *   operation   life, termination and what customers ask for
 *
 * Ownership   An operation is held by its End until it has left it, and by
 *             whoever has a handle.
 */
#ifndef RPC_BASE_OPERATION_H
#define RPC_BASE_OPERATION_H

#include <sluice/link.h>

#include "rpc/base/fifo.h"

#define RPC_OPERATION_MAGIC 0x6f706572u

enum rpc_operation_state {
    RPC_OPERATION_ACTIVE,     /* waits for either side, or for its timer */
    RPC_OPERATION_TERMINATED, /* callbacks are due, in a deferred task */
    RPC_OPERATION_LEFT        /* the End has forgotten it */
};

/* A copy of text, in the pool. */
struct rpc_text {
    char *ptr; /* NULL: absent */
    size_t len;
};

/* What goes out. */
struct rpc_emission {
    bool has_metadata; /* passed by the customer, in this or earlier calls */
    bool has_payload;
    bool has_completion;
    bool is_open;          /* the link knows the operation */
    bool is_mute;          /* the invoker wants nothing: only grants go out */
    bool is_done;          /* the completion is with the link */
    bool owes_timeout;     /* the other side's timeout was capped: tell it */
    int64_t budget;        /* payloads that the other side still takes */
    struct rpc_fifo queue; /* payloads beyond that */
    struct sluice_completion completion;     /* waits behind them */
    struct rpc_text message;                 /* of completion */
    const struct sluice_invocation *opening; /* during operate only */
};

/* What comes in. */
struct rpc_ingestion {
    bool has_ticket;   /* invocation side: the service has answered */
    bool has_metadata; /* arrived, in this or earlier tickets */
    bool has_payload;
    bool has_completion;
    bool is_ready;     /* the customer's subscription is known */
    bool is_calling;   /* a customer call runs */
    bool is_done;      /* the completion was delivered, and the call is over */
    bool owes_context; /* the protocol receiver is still to be called */
    bool owes_completion;
    int64_t budget;    /* payloads that the other side may still send */
    int64_t allowance; /* granted by the other side, not yet announced */
    void *protocol;
    struct sluice_metadata *metadata; /* these three wait to be delivered */
    struct sluice_completion completion;
    struct rpc_fifo queue;
};

/* What is looked at together lies together: with many operations in flight,
 * each line of memory is a cache miss. */
struct sluice_operation {
    unsigned magic;
    unsigned refs;
    enum rpc_operation_state state;
    bool is_invocation;
    struct sluice_end *end;
    struct sluice_pool *pool;
    const struct sluice_link_ops *link_ops; /* NULL: a black hole */
    void *transport;
    struct sluice_termination_callback *callbacks;
    struct sluice_termination_callback **last_callback;

    struct sluice_operation *next; /* in the End's list */
    struct sluice_operation *prev;
    struct sluice_task task; /* the servicer's call or the end of no time,
                                later the callbacks */
    size_t size;             /* of this storage */
    uint64_t start_ns;
    int64_t limit_ns;   /* what the other side cannot exceed */
    int64_t timeout_ns; /* SLUICE_NO_TIMEOUT: unlimited */
    struct sluice_timer timer;

    struct rpc_ingestion in;
    struct rpc_text text; /* the other side's message, or our details */
    struct sluice_outcome outcome;
    struct sluice_subscription subscription;
    struct rpc_emission out;

    size_t group_len; /* service side: both names, one after the other */
    size_t method_len;
    char names[];
};

/* Who learns of a termination. */
enum rpc_tell { RPC_TELL_OTHER_SIDE, RPC_TELL_NOBODY };

/* What an outcome carries beyond its kind. */
struct rpc_reason {
    bool has_code;
    int32_t code;
    struct sluice_str details;                 /* copied */
    struct sluice_metadata *initial_metadata;  /* taken */
    struct sluice_metadata *terminal_metadata; /* taken */
};

/* ---- operation.c -------------------------------------------------------- */

/* An active operation, held by the caller, that its End does not know yet.
 * names_len: room for group and method. NULL when memory is short. */
struct sluice_operation *rpc_operation_new(struct sluice_end *end,
    size_t names_len);

/* Undoes rpc_operation_new() and what was stored since, before the End or the
 * link know of it. *op may be NULL. */
void rpc_operation_discard(struct sluice_operation **op);

/* cb (may be NULL) runs when the termination is told. */
void rpc_operation_listen(struct sluice_operation *op,
    struct sluice_termination_callback *cb);

/* The first terminating event wins; all later ones do nothing. reason may be
 * NULL. */
void rpc_operation_terminate(struct sluice_operation *op,
    enum sluice_outcome_kind kind, enum rpc_tell tell,
    const struct rpc_reason *reason);

/* Terminates with LOCAL_FAILURE, and logs why. */
void rpc_operation_fail(struct sluice_operation *op, const char *why);

/* For the End's log, while the operation is active. */
void rpc_operation_log(struct sluice_operation *op, const char *text);

/* Terminates with COMPLETED if both directions have done what this side's
 * subscription asks for. */
void rpc_operation_complete_if_done(struct sluice_operation *op);

static inline bool
rpc_operation_is_active(const struct sluice_operation *op)
{
    return op->state == RPC_OPERATION_ACTIVE;
}

/* Budgets never overflow, whatever is granted. */
static inline void
rpc_add_budget(int64_t *budget, int n)
{
    *budget = *budget > INT64_MAX - n ? INT64_MAX : *budget + n;
}

/* Replaces a text by a copy of s. False when memory is short: it is absent
 * then. */
bool rpc_text_set(struct sluice_operation *op, struct rpc_text *text,
    struct sluice_str s);

static inline void
rpc_text_drop(struct sluice_operation *op, struct rpc_text *text)
{
    if (text->ptr != NULL)
        rpc_text_set(op, text, sluice_str_n(NULL, 0));
}

/* ---- subscription.c ----------------------------------------------------- */

bool rpc_subscription_is_valid(const struct sluice_subscription *s);

/* ---- emission.c --------------------------------------------------------- */

void rpc_emission_init(struct sluice_operation *op);

/* The body of advance, also for the values given to operate. */
void rpc_emission_advance(struct sluice_operation *op,
    const struct sluice_values *values);

/* The other side takes n more payloads: what waited for that goes out. */
void rpc_emission_allow(struct sluice_operation *op, int n);

/* Grants the other side n payloads (0: none) and sends what else can go. */
void rpc_emission_grant(struct sluice_operation *op, int n);

/* The last ticket of a direction or of the operation, ahead of what waits. */
void rpc_emission_send_last(struct sluice_operation *op,
    enum sluice_termination termination, const struct rpc_reason *reason);

/* Drops what still waits. */
void rpc_emission_clear(struct sluice_operation *op);

void rpc_values_release(const struct sluice_values *values);

/* ---- reception.c -------------------------------------------------------- */

/* Why this ticket may not come next; NULL: it may. */
const char *rpc_reception_disorder(const struct sluice_operation *op,
    const struct sluice_ticket *ticket);

/* Stores the values of a ticket that is in order. False when memory is short;
 * the references are gone either way. */
bool rpc_reception_store(struct sluice_operation *op,
    struct sluice_ticket *ticket);

void rpc_ticket_release(struct sluice_ticket *ticket);

/* ---- ingestion.c -------------------------------------------------------- */

void rpc_ingestion_init(struct sluice_operation *op);

/* The servicer's call, as op->task. */
void rpc_ingestion_service(struct sluice_task *task);

/* Delivers all there is, unless a customer call is running: then that one's
 * runner does it afterwards. */
void rpc_ingestion_run(struct sluice_operation *op);

/* n more payloads may be sent: the local customer hears of it, later. */
void rpc_ingestion_announce_later(struct sluice_operation *op, int n);

/* Drops what was not delivered. */
void rpc_ingestion_clear(struct sluice_operation *op);

/* ---- expiration.c ------------------------------------------------------- */

/* Starts the clock. */
void rpc_expiration_start(struct sluice_operation *op, int64_t timeout_ns,
    int64_t limit_ns);

/* A new total, capped by the limit. */
void rpc_expiration_change(struct sluice_operation *op, int64_t timeout_ns);

void rpc_expiration_stop(struct sluice_operation *op);

#endif
