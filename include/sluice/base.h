/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/base.h - the base layer: operations between two Ends.
 *
 * An operation exchanges, in each direction: at most one initial metadata, any
 * number of payloads, at most one completion; and grants of allowance, the
 * number of further payloads the other side may send. Each direction starts
 * with an implicit allowance of exactly one payload. Payloads beyond the
 * allowance wait, without limit; all else but a completion behind them goes at
 * once. rpc/base/design.md has the rules in full.
 *
 * Ownership   Every function and callback that passes a payload, metadata or
 *             completion "takes" or "gives" the references in it, whatever is
 *             returned and also when the operation has terminated.
 * Thread      The loop thread of the End, for every function and callback:
 *             starting, changing or ending anything from another thread is
 *             stopped by an assertion. Other threads come in by
 *             sluice_loop_call() or sluice_loop_post(). When the loop has been
 *             closed, what is still held of an operation shows its outcome, and
 *             may be dropped.
 * Callbacks   Never run before the call that leads to them has returned,
 *             never overlap for one operation, and none runs after the
 *             operation's termination callbacks.
 * Errors      Misuse of advance (a second completion and so on) returns
 *             nothing: it terminates the operation with LOCAL_FAILURE.
 */
#ifndef SLUICE_BASE_H
#define SLUICE_BASE_H

#include <sluice/loop.h>
#include <sluice/metadata.h>

struct sluice_end;
struct sluice_link;
struct sluice_operation;

/* How an operation can end, seen from one side. */
enum sluice_outcome_kind {
    SLUICE_COMPLETED,
    SLUICE_CANCELLED,
    SLUICE_EXPIRED,
    SLUICE_LOCAL_SHUTDOWN,
    SLUICE_REMOTE_SHUTDOWN,
    SLUICE_RECEPTION_FAILURE,
    SLUICE_TRANSMISSION_FAILURE,
    SLUICE_LOCAL_FAILURE,
    SLUICE_REMOTE_FAILURE
};
#define SLUICE_OUTCOME_KINDS 9

/* "local shutdown" and so on; never NULL. */
SLUICE_API const char *sluice_outcome_kind_name(enum sluice_outcome_kind kind);

/* Borrowed from the operation: valid while a handle to it is held, and during
 * the callback it is passed to. */
struct sluice_outcome {
    enum sluice_outcome_kind kind;
    bool has_code;
    int32_t code;
    struct sluice_str details; /* absent when none was provided */
    /* What the other side sent in the very ticket that aborted: a gRPC peer's
     * trailers come with every status. NULL when none. */
    struct sluice_metadata *initial_metadata;
    struct sluice_metadata *terminal_metadata;
};

/* All members absent is still a completion. message is borrowed for the
 * call it is passed in; terminal_metadata is taken or given. */
struct sluice_completion {
    struct sluice_metadata *terminal_metadata;
    bool has_code;
    int32_t code;
    struct sluice_str message;
};

/* The arguments of advance. NULL and 0 mean "not present"; a negative allowance
 * is misuse. */
struct sluice_values {
    struct sluice_metadata *initial_metadata;
    struct sluice_bytes *payload;
    const struct sluice_completion *completion;
    int allowance;
};

/* What customer code says. */
enum sluice_reply {
    SLUICE_REPLY_OK,
    SLUICE_REPLY_ABANDONED,     /* no reason to go on; while the operation is
                               active, as good as FAILED */
    SLUICE_REPLY_FAILED,        /* a defect; becomes LOCAL_FAILURE */
    SLUICE_REPLY_NO_SUCH_METHOD /* from a servicer only */
};

/* Customer code that accepts values of the other side: any mix in one call.
 * Gives all references in values. May call back into the operation. */
typedef enum sluice_reply sluice_advance_cb(void *arg,
    const struct sluice_values *values);
struct sluice_operator {
    sluice_advance_cb *advance;
    void *arg;
};

/* Called at most once per operation. protocol_context is the link's own and may
 * be NULL. */
typedef enum sluice_reply sluice_protocol_context_cb(void *arg,
    void *protocol_context);
struct sluice_protocol_receiver {
    sluice_protocol_context_cb *context; /* NULL: not interested */
    void *arg;
};

/* Intrusive: the storage is the caller's until run has been called. */
struct sluice_termination_callback {
    void (*run)(struct sluice_termination_callback *self,
        const struct sluice_outcome *outcome);
    struct sluice_termination_callback *next; /* private */
};

enum sluice_subscription_kind {
    SLUICE_SUBSCRIPTION_NONE,
    SLUICE_SUBSCRIPTION_TERMINATION_ONLY,
    SLUICE_SUBSCRIPTION_FULL
};

/* A member that the kind does not use must be NULL: FULL has an operator and
 * may have a protocol receiver, TERMINATION_ONLY has a termination callback.
 * For NONE and TERMINATION_ONLY, allowance (optional) is told how many more
 * payloads may be sent; what arrives is dropped and granted anew. */
struct sluice_subscription {
    enum sluice_subscription_kind kind;
    struct sluice_operator operator;
    struct sluice_protocol_receiver protocol_receiver;
    struct sluice_termination_callback *termination;
    void (*allowance)(void *arg, int allowance);
    void *allowance_arg;
};

/* The three makers. */
SLUICE_API struct sluice_subscription sluice_full_subscription(
    sluice_advance_cb *advance, void *arg);
SLUICE_API struct sluice_subscription sluice_termination_only_subscription(
    struct sluice_termination_callback *termination);
SLUICE_API struct sluice_subscription sluice_none_subscription(void);

/* Filled by a servicer that returns SLUICE_REPLY_NO_SUCH_METHOD; both sides get
 * it in their outcome. details must be static or live as long as the servicer;
 * it is copied. */
struct sluice_no_such_method {
    bool has_code;
    int32_t code;
    struct sluice_str details;
};

/* Called once per serviced operation with no customer call running. On
 * SLUICE_REPLY_OK *subscription has been filled. op is borrowed: take a hold
 * with sluice_operation_ref() to keep it. It may be advanced, cancelled, failed
 * and listened to already during the call. */
struct sluice_servicer {
    enum sluice_reply (*service)(struct sluice_servicer *self,
        struct sluice_str group, struct sluice_str method,
        struct sluice_operation *op, struct sluice_subscription *subscription,
        struct sluice_no_such_method *no_such_method);
};

struct sluice_end_options {
    struct sluice_servicer *servicer; /* NULL: invokes only */
    int64_t default_timeout_ns; /* where the invoker gave none; 0: 300 s */
    int64_t maximum_timeout_ns; /* caps both; 0: 24 h */
    /* Optional: told why an operation of this End ends with LOCAL_FAILURE, or
     * with RECEPTION_FAILURE for a ticket out of order, as in "advance: a
     * second completion". For a log: it runs inside the call in which that was
     * found, and must not call into the End or its operations. text is
     * constant. */
    void (*log)(void *log_arg, const struct sluice_operation *op,
        const char *text);
    void *log_arg;
};

/* options may be NULL. The loop and the servicer must outlive the End. NULL
 * when memory is short. */
SLUICE_API struct sluice_end *sluice_end_new(struct sluice_loop *loop,
    const struct sluice_end_options *options);

/* The End must be stopped. Clears the pointer; accepts NULL in it. Operation
 * handles still held stay valid. */
SLUICE_API void sluice_end_free(struct sluice_end **end);

SLUICE_API struct sluice_loop *sluice_end_loop(struct sluice_end *end);

/* Where invoked operations go. NULL: a black hole. Before start. */
SLUICE_API void sluice_end_join(struct sluice_end *end,
    struct sluice_link *link);

/* SLUICE_ESTATE unless the End is stopped. SLUICE_ENOMEM. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_end_start(
    struct sluice_end *end);

/* on_stopped(arg) runs once, later, when the last operation is gone
 * and the End has stopped; at least one deferral later even if it was stopped.
 * grace_ns <= 0 terminates what runs now. May be called again while stopping:
 * the earliest deadline wins. on_stopped may be NULL. SLUICE_ENOMEM: nothing
 * has been asked; not the first time since a start. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_end_stop(
    struct sluice_end *end, int64_t grace_ns, void (*on_stopped)(void *arg),
    void *arg);

struct sluice_invocation {
    struct sluice_str group;  /* copied */
    struct sluice_str method; /* copied */
    struct sluice_subscription subscription;
    int64_t timeout_ns;         /* total; <= 0 expires at once, asynchronously;
                           SLUICE_NO_TIMEOUT: the service's default counts */
    struct sluice_values first; /* counts as the first advance */
    void *protocol_options;     /* the link's own; borrowed for the call */
};

/* On SLUICE_OK *op holds a reference for the caller, to be dropped with
 * sluice_operation_unref(). SLUICE_ESTATE: not started or stopping.
 * SLUICE_EINVAL: the subscription's members do not fit its kind. SLUICE_ENOMEM.
 * *op is NULL on an error. Takes the references in first in every case. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_end_operate(
    struct sluice_end *end, const struct sluice_invocation *invocation,
    struct sluice_operation **op);

/* Terminated operations by kind, since the End was made. */
SLUICE_API void sluice_end_operation_stats(const struct sluice_end *end,
    uint64_t stats[SLUICE_OUTCOME_KINDS]);

/* Operations that have not left the End yet. */
SLUICE_API size_t sluice_end_active(const struct sluice_end *end);

/* action(arg) runs once when no operation is left, never inside this
 * call. SLUICE_ESTATE on a stopped End. SLUICE_ENOMEM. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_end_add_idle_action(
    struct sluice_end *end, void (*action)(void *arg), void *arg);

/* Takes the references. values may be reused after the call. */
SLUICE_API void sluice_operation_advance(struct sluice_operation *op,
    const struct sluice_values *values);

/* The other side's initial metadata if it has arrived but has not been delivered
 * to the local customer yet; borrowed until it is. NULL otherwise. For a
 * servicer that chooses by it. */
SLUICE_API struct sluice_metadata *sluice_operation_waiting_metadata(
    const struct sluice_operation *op);

/* What the protocol receiver is told, for a servicer that needs it earlier.
 * NULL: none, not known yet, or the operation has terminated. */
SLUICE_API void *sluice_operation_protocol_context(
    const struct sluice_operation *op);

/* NULL while active. */
SLUICE_API const struct sluice_outcome *sluice_operation_outcome(
    const struct sluice_operation *op);

/* NULL: registered. Otherwise the outcome, and cb will not be called. */
SLUICE_API const struct sluice_outcome *
sluice_operation_add_termination_callback(struct sluice_operation *op,
    struct sluice_termination_callback *cb);

/* Nanoseconds; 0 once terminated; SLUICE_NO_TIMEOUT if unlimited. */
SLUICE_API int64_t sluice_operation_time_remaining(
    const struct sluice_operation *op);

/* Ends it with CANCELLED, or LOCAL_FAILURE: a defect that the customer has found
 * in itself. Idempotent; nothing happens once terminated. */
SLUICE_API void sluice_operation_cancel(struct sluice_operation *op);
SLUICE_API void sluice_operation_fail(struct sluice_operation *op);

/* How many payloads may still be passed to advance before they queue up: the
 * other side's allowance less what was passed. Never negative. */
SLUICE_API int sluice_operation_send_budget(const struct sluice_operation *op);

/* Valid while the End is. */
SLUICE_API struct sluice_end *sluice_operation_end(
    const struct sluice_operation *op);
SLUICE_API struct sluice_operation *sluice_operation_ref(
    struct sluice_operation *op);
/* Drops a hold; does not end the operation. Clears the pointer. */
SLUICE_API void sluice_operation_unref(struct sluice_operation **op);

#endif
