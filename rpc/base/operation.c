/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/operation.c - life and end of an operation, and what its handles
 * can do.
 *
 * Termination is decided at once and told later: the other side by a ticket,
 * the callbacks and the End by one deferred task.
 */
#include "rpc/base/operation.h"

#include <limits.h>

#include "rpc/base/end.h"
#include "rpc/check.h"
#include "rpc/metadata.h"

/* -------------------------------------------------------- life, text */

struct sluice_operation *
rpc_operation_new(struct sluice_end *end, size_t names_len)
{
    struct sluice_operation *op;
    size_t size = sizeof(*op) + names_len;

    op = sluice_pool_take(end->pool, size);
    if (op == NULL)
        return NULL;
    memset(op, 0, size);
    op->magic = RPC_OPERATION_MAGIC;
    op->refs = 1;
    op->state = RPC_OPERATION_ACTIVE;
    op->size = size;
    op->end = end;
    op->pool = end->pool;
    op->last_callback = &op->callbacks;
    rpc_emission_init(op);
    rpc_ingestion_init(op);
    return op;
}

bool
rpc_text_set(struct sluice_operation *op, struct rpc_text *text,
    struct sluice_str s)
{
    char *copy = NULL;

    if (s.ptr != NULL) {
        copy = sluice_pool_take(op->pool, s.len + 1);
        if (copy != NULL)
            memcpy(copy, s.ptr, s.len);
    }
    if (text->ptr != NULL)
        sluice_pool_give(op->pool, text->ptr, text->len + 1);
    text->ptr = copy;
    text->len = copy != NULL ? s.len : 0;
    return copy != NULL || s.ptr == NULL;
}

struct sluice_operation *
sluice_operation_ref(struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    assert(op->refs < UINT_MAX);
    op->refs++;
    return op;
}

static void
give_storage(struct sluice_operation *op)
{
    rpc_metadata_drop(&op->outcome.initial_metadata);
    rpc_metadata_drop(&op->outcome.terminal_metadata);
    rpc_text_drop(op, &op->text);
    op->magic = 0;
    sluice_pool_give(op->pool, op, op->size);
}

void
rpc_operation_discard(struct sluice_operation **op_p)
{
    struct sluice_operation *op = *op_p;

    if (op == NULL)
        return;
    assert(op->refs == 1 && !op->out.is_open);
    *op_p = NULL;
    rpc_ingestion_clear(op);
    give_storage(op);
}

void
sluice_operation_unref(struct sluice_operation **op_p)
{
    struct sluice_operation *op = *op_p;

    if (op == NULL)
        return;
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    *op_p = NULL;
    assert(op->refs > 0);
    if (--op->refs > 0)
        return;
    assert(op->state == RPC_OPERATION_LEFT);
    give_storage(op);
}

/* ------------------------------------------------------- termination */

/* Callbacks, then the End, then our own hold on the storage. */
static void
leave(struct sluice_task *task)
{
    struct sluice_operation *op =
        RPC_CONTAINER_OF(task, struct sluice_operation, task);
    struct sluice_termination_callback *cb;

    assert(op->state == RPC_OPERATION_TERMINATED);
    while ((cb = op->callbacks) != NULL) {
        op->callbacks = cb->next;
        cb->next = NULL;
        cb->run(cb, &op->outcome);
    }
    if (op->out.is_open)
        op->link_ops->close(op->transport);
    op->state = RPC_OPERATION_LEFT;
    rpc_end_remove(op->end, op, op->outcome.kind);
    sluice_operation_unref(&op);
}

/* How the other side is told; NONE where it is not. */
static enum sluice_termination
termination_of(enum sluice_outcome_kind kind)
{
    switch (kind) {
    case SLUICE_CANCELLED:
        return SLUICE_TERMINATION_CANCELLATION;
    case SLUICE_EXPIRED:
        return SLUICE_TERMINATION_EXPIRATION;
    case SLUICE_LOCAL_SHUTDOWN:
        return SLUICE_TERMINATION_SHUTDOWN;
    case SLUICE_LOCAL_FAILURE:
        return SLUICE_TERMINATION_LOCAL_FAILURE;
    case SLUICE_REMOTE_FAILURE:
        return SLUICE_TERMINATION_REMOTE_FAILURE;
    case SLUICE_COMPLETED:
    case SLUICE_REMOTE_SHUTDOWN:
    case SLUICE_RECEPTION_FAILURE:
    case SLUICE_TRANSMISSION_FAILURE:
        break;
    }
    return SLUICE_TERMINATION_NONE;
}

static void
set_outcome(struct sluice_operation *op, enum sluice_outcome_kind kind,
    const struct rpc_reason *reason)
{
    struct sluice_outcome *outcome = &op->outcome;

    outcome->kind = kind;
    if (reason == NULL)
        return;
    outcome->has_code = reason->has_code;
    outcome->code = reason->code;
    outcome->initial_metadata = reason->initial_metadata;
    outcome->terminal_metadata = reason->terminal_metadata;
    /* Without memory the details are lost, but not the outcome. */
    rpc_text_set(op, &op->text, reason->details);
    outcome->details = sluice_str_n(op->text.ptr, op->text.len);
}

static void
terminate(struct sluice_operation *op)
{
    op->state = RPC_OPERATION_TERMINATED;
    rpc_expiration_stop(op);
    rpc_emission_clear(op);
    rpc_ingestion_clear(op);
    op->task.run = leave;
    sluice_loop_defer(op->end->loop, &op->task);
}

void
rpc_operation_terminate(struct sluice_operation *op,
    enum sluice_outcome_kind kind, enum rpc_tell tell,
    const struct rpc_reason *reason)
{
    enum sluice_termination termination = termination_of(kind);

    if (!rpc_operation_is_active(op))
        return;
    set_outcome(op, kind, reason);
    terminate(op);
    if (tell == RPC_TELL_OTHER_SIDE && termination != SLUICE_TERMINATION_NONE)
        rpc_emission_send_last(op, termination, reason);
}

void
rpc_operation_log(struct sluice_operation *op, const char *text)
{
    struct sluice_end *end = op->end;

    if (rpc_operation_is_active(op) && end->log != NULL)
        end->log(end->log_arg, op, text);
}

void
rpc_operation_fail(struct sluice_operation *op, const char *why)
{
    rpc_operation_log(op, why);
    rpc_operation_terminate(op, SLUICE_LOCAL_FAILURE, RPC_TELL_OTHER_SIDE,
        NULL);
}

/* What the subscription of this side asks for. */
static bool
is_done(const struct sluice_operation *op)
{
    if (!op->is_invocation)
        return op->out.is_done && op->in.is_done;
    switch (op->subscription.kind) {
    case SLUICE_SUBSCRIPTION_NONE:
        return op->out.is_done;
    case SLUICE_SUBSCRIPTION_TERMINATION_ONLY:
        return op->out.is_done && op->in.is_done;
    case SLUICE_SUBSCRIPTION_FULL:
        break;
    }
    return op->in.is_done;
}

void
rpc_operation_complete_if_done(struct sluice_operation *op)
{
    if (!rpc_operation_is_active(op) || !is_done(op))
        return;
    op->outcome.kind = SLUICE_COMPLETED;
    if (op->in.is_done) {
        op->outcome.has_code = op->in.completion.has_code;
        op->outcome.code = op->in.completion.code;
        op->outcome.details = op->in.completion.message;
    }
    terminate(op);
    /* A service that completed early waits for us to say that we have, too. */
    if (!op->out.is_done)
        rpc_emission_send_last(op, SLUICE_TERMINATION_COMPLETION, NULL);
}

/* ----------------------------------------------------------- handles */

/* Another thread would race with the loop's. Once terminated there may be no
 * loop any more. */
static void
check_thread(const struct sluice_operation *op)
{
    assert(
        !rpc_operation_is_active(op) || sluice_loop_is_current(op->end->loop));
}

void
sluice_operation_advance(struct sluice_operation *op,
    const struct sluice_values *values)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    check_thread(op);
    if (rpc_operation_is_active(op))
        rpc_emission_advance(op, values);
    else
        rpc_values_release(values);
}

struct sluice_metadata *
sluice_operation_waiting_metadata(const struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    return op->in.metadata;
}

void *
sluice_operation_protocol_context(const struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    return rpc_operation_is_active(op) ? op->in.protocol : NULL;
}

const struct sluice_outcome *
sluice_operation_outcome(const struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    return rpc_operation_is_active(op) ? NULL : &op->outcome;
}

void
rpc_operation_listen(struct sluice_operation *op,
    struct sluice_termination_callback *cb)
{
    if (cb == NULL)
        return;
    assert(cb->run != NULL && op->state != RPC_OPERATION_LEFT);
    cb->next = NULL;
    *op->last_callback = cb;
    op->last_callback = &cb->next;
}

const struct sluice_outcome *
sluice_operation_add_termination_callback(struct sluice_operation *op,
    struct sluice_termination_callback *cb)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    check_thread(op);
    if (!rpc_operation_is_active(op))
        return &op->outcome;
    rpc_operation_listen(op, cb);
    return NULL;
}

int64_t
sluice_operation_time_remaining(const struct sluice_operation *op)
{
    uint64_t elapsed;

    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    if (!rpc_operation_is_active(op))
        return 0;
    if (op->timeout_ns == SLUICE_NO_TIMEOUT)
        return SLUICE_NO_TIMEOUT;
    elapsed = sluice_loop_now(op->end->loop) - op->start_ns;
    if (op->timeout_ns <= 0 || elapsed >= (uint64_t)op->timeout_ns)
        return 0;
    return op->timeout_ns - (int64_t)elapsed;
}

void
sluice_operation_cancel(struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    check_thread(op);
    rpc_operation_terminate(op, SLUICE_CANCELLED, RPC_TELL_OTHER_SIDE, NULL);
}

void
sluice_operation_fail(struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    check_thread(op);
    rpc_operation_fail(op, "fail was called");
}

int
sluice_operation_send_budget(const struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    return op->out.budget > INT_MAX ? INT_MAX : (int)op->out.budget;
}

struct sluice_end *
sluice_operation_end(const struct sluice_operation *op)
{
    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    return op->end;
}
