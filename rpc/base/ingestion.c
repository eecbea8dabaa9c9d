/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/ingestion.c - calls to the local customer.
 *
 * An operation has one runner at a time. It goes on until nothing is left that
 * may be delivered; whatever arrives during one of its calls, it sees after it.
 */
#include <limits.h>

#include "rpc/base/end.h"
#include "rpc/base/operation.h"
#include "rpc/check.h"
#include "rpc/metadata.h"

void
rpc_ingestion_init(struct sluice_operation *op)
{
    op->in.budget = 1;
    rpc_fifo_init(&op->in.queue);
}

void
rpc_ingestion_clear(struct sluice_operation *op)
{
    rpc_metadata_drop(&op->in.metadata);
    rpc_fifo_clear(&op->in.queue, op->pool);
    rpc_metadata_drop(&op->in.completion.terminal_metadata);
}

/* ---------------------------------------------------------- one call */

/* Grants not yet announced; none once this side has completed. */
static int
take_allowance(struct sluice_operation *op)
{
    int64_t n = op->in.allowance;

    if (op->out.has_completion)
        n = op->in.allowance = 0;
    if (n > INT_MAX)
        n = INT_MAX;
    op->in.allowance -= n;
    return (int)n;
}

/* What one call can carry. False if there is nothing. The references in v and
 * c are the caller's. */
static bool
take_values(struct sluice_operation *op, struct sluice_values *v,
    struct sluice_completion *c)
{
    struct rpc_ingestion *in = &op->in;

    v->initial_metadata = in->metadata;
    in->metadata = NULL;
    v->payload = rpc_fifo_pop(&in->queue);
    v->completion = NULL;
    if (in->owes_completion && in->queue.count == 0) {
        in->owes_completion = false;
        *c = in->completion;
        in->completion.terminal_metadata = NULL;
        v->completion = c;
    }
    v->allowance = take_allowance(op);
    return v->initial_metadata != NULL || v->payload != NULL ||
        v->completion != NULL || v->allowance > 0;
}

/* For a customer who wants no values. What it drops, it grants anew. */
static void
discard(struct sluice_operation *op, const struct sluice_values *v)
{
    bool had_payload = v->payload != NULL;

    rpc_values_release(v);
    if (v->allowance > 0 && op->subscription.allowance != NULL)
        op->subscription.allowance(op->subscription.allowance_arg,
            v->allowance);
    if (had_payload && !op->in.has_completion && rpc_operation_is_active(op))
        rpc_emission_grant(op, 1);
}

static enum sluice_reply
call_customer(struct sluice_operation *op, const struct sluice_values *v)
{
    const struct sluice_subscription *s = &op->subscription;

    if (s->kind == SLUICE_SUBSCRIPTION_FULL)
        return s->operator.advance(s->operator.arg, v);
    discard(op, v);
    return SLUICE_REPLY_OK;
}

static void
call_protocol_receiver(struct sluice_operation *op)
{
    const struct sluice_protocol_receiver *receiver =
        &op->subscription.protocol_receiver;

    op->in.owes_context = false;
    if (receiver->context == NULL)
        return;
    if (receiver->context(receiver->arg, op->in.protocol) != SLUICE_REPLY_OK)
        rpc_operation_fail(op, "the protocol receiver failed");
}

/* -------------------------------------------------------- the runner */

static void
run(struct sluice_operation *op)
{
    struct sluice_completion completion;
    struct sluice_values values;

    if (op->in.owes_context)
        call_protocol_receiver(op);
    while (rpc_operation_is_active(op)) {
        if (!take_values(op, &values, &completion))
            break;
        if (call_customer(op, &values) != SLUICE_REPLY_OK)
            rpc_operation_fail(op, "the operator failed");
        if (values.completion != NULL)
            op->in.is_done = true;
    }
}

void
rpc_ingestion_run(struct sluice_operation *op)
{
    if (!op->in.is_ready || op->in.is_calling || !rpc_operation_is_active(op))
        return;
    op->in.is_calling = true;
    run(op);
    op->in.is_calling = false;
    rpc_operation_complete_if_done(op);
}

static void
run_as_task(struct sluice_task *task)
{
    rpc_ingestion_run(RPC_CONTAINER_OF(task, struct sluice_operation, task));
}

void
rpc_ingestion_announce_later(struct sluice_operation *op, int n)
{
    rpc_add_budget(&op->in.allowance, n);
    op->task.run = run_as_task;
    sluice_loop_defer(op->end->loop, &op->task);
}

/* ------------------------------------------------------ the servicer */

static enum sluice_reply
ask_servicer(struct sluice_operation *op, struct rpc_reason *reason)
{
    struct sluice_servicer *servicer = op->end->servicer;
    struct sluice_no_such_method none = { .has_code = false };
    enum sluice_reply reply;

    reply = servicer->service(servicer, sluice_str_n(op->names, op->group_len),
        sluice_str_n(op->names + op->group_len, op->method_len), op,
        &op->subscription, &none);
    reason->has_code = none.has_code;
    reason->code = none.code;
    reason->details = none.details;
    return reply;
}

void
rpc_ingestion_service(struct sluice_task *task)
{
    struct sluice_operation *op =
        RPC_CONTAINER_OF(task, struct sluice_operation, task);
    struct rpc_reason reason = { .has_code = false };
    enum sluice_reply reply;

    op->in.is_calling = true;
    reply = ask_servicer(op, &reason);
    op->in.is_calling = false;

    if (reply == SLUICE_REPLY_NO_SUCH_METHOD) {
        rpc_operation_terminate(op, SLUICE_REMOTE_FAILURE, RPC_TELL_OTHER_SIDE,
            &reason);
        return;
    }
    if (reply != SLUICE_REPLY_OK) {
        rpc_operation_fail(op, "the servicer failed");
        return;
    }
    if (!rpc_subscription_is_valid(&op->subscription)) {
        rpc_operation_fail(op, "the servicer's subscription is not valid");
        return;
    }
    rpc_operation_listen(op, op->subscription.termination);
    if (!rpc_operation_is_active(op))
        return;
    op->in.is_ready = true;
    op->in.owes_context = true;
    rpc_emission_grant(op, 0); /* a capped timeout may have to be told */
    rpc_ingestion_run(op);
}
