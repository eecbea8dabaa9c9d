/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/reception.c - tickets of the other side.
 *
 * The link keeps them in order; what they carry must be in order too. A ticket
 * that aborts acts at once, ahead of anything that still waits to be delivered.
 */
#include "rpc/base/operation.h"
#include "rpc/bytes.h"
#include "rpc/check.h"
#include "rpc/metadata.h"

void
rpc_ticket_release(struct sluice_ticket *t)
{
    rpc_metadata_drop(&t->initial_metadata);
    rpc_bytes_drop(&t->payload);
    rpc_metadata_drop(&t->terminal_metadata);
}

/* What a termination means at the side that receives it. What failed locally
 * over there failed remotely here, and the reverse. */
static enum sluice_outcome_kind
outcome_of(enum sluice_termination termination)
{
    switch (termination) {
    case SLUICE_TERMINATION_NONE:
    case SLUICE_TERMINATION_COMPLETION:
        break;
    case SLUICE_TERMINATION_CANCELLATION:
        return SLUICE_CANCELLED;
    case SLUICE_TERMINATION_EXPIRATION:
        return SLUICE_EXPIRED;
    case SLUICE_TERMINATION_SHUTDOWN:
        return SLUICE_REMOTE_SHUTDOWN;
    case SLUICE_TERMINATION_RECEPTION_FAILURE:
        return SLUICE_RECEPTION_FAILURE;
    case SLUICE_TERMINATION_TRANSMISSION_FAILURE:
        return SLUICE_TRANSMISSION_FAILURE;
    case SLUICE_TERMINATION_LOCAL_FAILURE:
        return SLUICE_REMOTE_FAILURE;
    case SLUICE_TERMINATION_REMOTE_FAILURE:
        return SLUICE_LOCAL_FAILURE;
    }
    return SLUICE_COMPLETED;
}

const char *
rpc_reception_disorder(const struct sluice_operation *op,
    const struct sluice_ticket *t)
{
    const struct rpc_ingestion *in = &op->in;
    bool completes = t->termination == SLUICE_TERMINATION_COMPLETION;

    if (in->has_completion &&
        (t->initial_metadata != NULL || t->payload != NULL || completes))
        return "received: values after the completion";
    if (t->initial_metadata != NULL && in->has_metadata)
        return "received: a second initial metadata";
    if (t->initial_metadata != NULL && in->has_payload)
        return "received: initial metadata after a payload";
    if (t->payload != NULL && in->budget < 1)
        return "received: a payload beyond the allowance";
    if (t->allowance < 0)
        return "received: a negative allowance";
    return NULL;
}

static bool
store_completion(struct sluice_operation *op, struct sluice_ticket *t)
{
    struct sluice_completion *c = &op->in.completion;

    op->in.has_completion = true;
    op->in.owes_completion = true;
    c->terminal_metadata = t->terminal_metadata;
    t->terminal_metadata = NULL;
    c->has_code = t->has_code;
    c->code = t->code;
    if (t->message.ptr == NULL)
        return true; /* nor has there been one */
    if (!rpc_text_set(op, &op->text, t->message))
        return false;
    c->message = sluice_str_n(op->text.ptr, op->text.len);
    return true;
}

bool
rpc_reception_store(struct sluice_operation *op, struct sluice_ticket *t)
{
    struct rpc_ingestion *in = &op->in;
    bool has_memory = true;

    if (t->initial_metadata != NULL) {
        in->has_metadata = true;
        in->metadata = t->initial_metadata;
        t->initial_metadata = NULL;
    }
    if (t->payload != NULL) {
        in->has_payload = true;
        in->budget--;
        has_memory = rpc_fifo_push(&in->queue, op->pool, t->payload);
        if (has_memory)
            t->payload = NULL;
    }
    if (t->termination == SLUICE_TERMINATION_COMPLETION)
        has_memory = store_completion(op, t) && has_memory;
    rpc_ticket_release(t);
    return has_memory;
}

static void
abort_by_ticket(struct sluice_operation *op, struct sluice_ticket *t)
{
    struct rpc_reason reason = {
        .has_code = t->has_code,
        .code = t->code,
        .details = t->message,
        .initial_metadata = t->initial_metadata,
        .terminal_metadata = t->terminal_metadata,
    };

    t->initial_metadata = NULL;
    t->terminal_metadata = NULL;
    rpc_ticket_release(t);
    rpc_operation_terminate(op, outcome_of(t->termination), RPC_TELL_NOBODY,
        &reason);
}

/* A ticket in order: first all is stored, then everybody acts. */
static void
process(struct sluice_operation *op, struct sluice_ticket *t)
{
    if (op->is_invocation && !op->in.has_ticket) {
        op->in.has_ticket = true;
        op->in.owes_context = true;
        op->in.protocol = t->protocol;
    }
    if (t->has_timeout)
        rpc_expiration_change(op, t->timeout_ns);
    if (!rpc_reception_store(op, t)) {
        rpc_operation_fail(op, "received: memory is short");
        return;
    }
    rpc_add_budget(&op->in.allowance, t->allowance);
    if (t->allowance > 0 || op->out.owes_timeout)
        rpc_emission_allow(op, t->allowance);
    rpc_ingestion_run(op);
}

void
sluice_operation_deliver(struct sluice_operation *op, struct sluice_ticket *t)
{
    const char *disorder;

    RPC_CHECK(op, RPC_OPERATION_MAGIC);
    if (!rpc_operation_is_active(op)) {
        rpc_ticket_release(t);
    } else if (t->termination > SLUICE_TERMINATION_COMPLETION) {
        abort_by_ticket(op, t);
    } else if ((disorder = rpc_reception_disorder(op, t)) != NULL) {
        rpc_ticket_release(t);
        rpc_operation_log(op, disorder);
        rpc_operation_terminate(op, SLUICE_RECEPTION_FAILURE, RPC_TELL_NOBODY,
            NULL);
    } else {
        process(op, t);
    }
}
