/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/emission.c - from the local customer's values to tickets.
 *
 * Payloads pass through a queue and leave it one per ticket while the budget
 * lasts. All else goes with the next ticket, whatever the budget; only the
 * completion stays behind the last payload.
 */
#include "rpc/base/end.h"
#include "rpc/base/operation.h"
#include "rpc/metadata.h"

void
rpc_emission_init(struct sluice_operation *op)
{
    op->out.budget = 1;
    rpc_fifo_init(&op->out.queue);
}

void
rpc_values_release(const struct sluice_values *values)
{
    struct sluice_metadata *initial = values->initial_metadata, *terminal;
    struct sluice_bytes *payload = values->payload;

    rpc_metadata_drop(&initial);
    sluice_bytes_unref(&payload);
    if (values->completion != NULL) {
        terminal = values->completion->terminal_metadata;
        rpc_metadata_drop(&terminal);
    }
}

/* ----------------------------------------------------------- sending */

static bool
is_empty(const struct sluice_ticket *t)
{
    return t->initial_metadata == NULL && t->payload == NULL &&
        t->allowance == 0 && !t->has_timeout &&
        t->termination == SLUICE_TERMINATION_NONE;
}

/* The members that only the invoker's first ticket has. */
static void
fill_first(struct sluice_operation *op, struct sluice_ticket *t)
{
    const struct sluice_invocation *opening = op->out.opening;

    t->subscription = op->subscription.kind;
    t->group = opening->group;
    t->method = opening->method;
    t->protocol = opening->protocol_options;
    if (op->timeout_ns != SLUICE_NO_TIMEOUT) {
        t->has_timeout = true;
        t->timeout_ns = op->timeout_ns;
    }
}

/* An invoker without interest gets nothing but allowance; in its place, each
 * payload is granted anew here. */
static void
keep_grant_only(struct sluice_operation *op, struct sluice_ticket *t)
{
    struct sluice_ticket grant = { .allowance = t->allowance };

    if (t->payload != NULL) {
        rpc_add_budget(&op->out.budget, 1);
        rpc_ingestion_announce_later(op, 1);
    }
    rpc_ticket_release(t);
    *t = grant;
}

/* Takes the ticket's references. */
static void
send_ticket(struct sluice_operation *op, struct sluice_ticket *t)
{
    enum sluice_err err = SLUICE_OK;

    if (op->out.is_mute)
        keep_grant_only(op, t);
    if (op->link_ops == NULL) {
        rpc_ticket_release(t);
    } else if (!op->out.is_open) {
        fill_first(op, t);
        err = op->link_ops->open(op->end->link, op, t, &op->transport);
        op->out.is_open = err == SLUICE_OK;
    } else if (!op->out.is_mute || t->allowance > 0) {
        err = op->link_ops->send(op->transport, t);
    }
    if (err != SLUICE_OK)
        rpc_operation_terminate(op, SLUICE_TRANSMISSION_FAILURE,
            RPC_TELL_NOBODY, NULL);
}

static void
attach_completion(struct sluice_operation *op, struct sluice_ticket *t)
{
    struct sluice_completion *c = &op->out.completion;

    op->out.is_done = true;
    t->termination = SLUICE_TERMINATION_COMPLETION;
    t->terminal_metadata = c->terminal_metadata;
    t->has_code = c->has_code;
    t->code = c->code;
    t->message = c->message;
    c->terminal_metadata = NULL;
}

/* Adds to t what can go with it. False if that leaves nothing to send. */
static bool
fill_ticket(struct sluice_operation *op, struct sluice_ticket *t)
{
    struct rpc_emission *out = &op->out;

    if (out->budget > 0 && out->queue.count > 0) {
        t->payload = rpc_fifo_pop(&out->queue);
        out->budget--;
    }
    if (out->has_completion && !out->is_done && out->queue.count == 0)
        attach_completion(op, t);
    if (out->owes_timeout) {
        out->owes_timeout = false;
        t->has_timeout = true;
        t->timeout_ns = op->timeout_ns;
    }
    return out->opening != NULL || !is_empty(t);
}

/* Sends what can go now; metadata (taken) and allowance with the first. */
static void
flush(struct sluice_operation *op, struct sluice_metadata *metadata,
    int allowance)
{
    struct sluice_ticket t = { .initial_metadata = metadata,
        .allowance = allowance };

    while (fill_ticket(op, &t)) {
        send_ticket(op, &t);
        if (op->out.queue.count == 0 || op->out.budget == 0 ||
            !rpc_operation_is_active(op))
            break;
        memset(&t, 0, sizeof(t));
    }
}

/* ----------------------------------------------------------- advance */

/* Why the local customer may not pass this next; NULL: it may. */
static const char *
misuse(const struct rpc_emission *out, const struct sluice_values *v)
{
    if (v->initial_metadata != NULL && out->has_metadata)
        return "advance: a second initial metadata";
    if (v->initial_metadata != NULL &&
        (out->has_payload || out->has_completion))
        return "advance: initial metadata after a payload or the completion";
    if (v->payload != NULL && out->has_completion)
        return "advance: a payload after the completion";
    if (v->completion != NULL && out->has_completion)
        return "advance: a second completion";
    if (v->allowance < 0)
        return "advance: a negative allowance";
    return NULL;
}

/* A completion that must wait outlives the call its message is lent for. */
static bool
keep_completion(struct sluice_operation *op, const struct sluice_completion *c)
{
    struct rpc_emission *out = &op->out;

    out->has_completion = true;
    out->completion = *c;
    if ((int64_t)out->queue.count <= out->budget)
        return true;
    if (!rpc_text_set(op, &out->message, c->message))
        return false;
    out->completion.message = sluice_str_n(out->message.ptr, out->message.len);
    return true;
}

/* Takes payload and completion in. False when memory is short. */
static bool
keep(struct sluice_operation *op, const struct sluice_values *v)
{
    struct rpc_emission *out = &op->out;

    out->has_metadata |= v->initial_metadata != NULL;
    if (v->payload != NULL) {
        out->has_payload = true;
        if (!rpc_fifo_push(&out->queue, op->pool, v->payload)) {
            rpc_values_release(v);
            return false;
        }
    }
    if (v->completion != NULL && !keep_completion(op, v->completion)) {
        struct sluice_values rest = { .initial_metadata = v->initial_metadata };

        rpc_values_release(&rest);
        return false;
    }
    return true;
}

void
rpc_emission_advance(struct sluice_operation *op, const struct sluice_values *v)
{
    const char *why = misuse(&op->out, v);
    int allowance = v->allowance;

    if (why != NULL)
        rpc_values_release(v);
    else if (!keep(op, v))
        why = "advance: memory is short";
    if (why != NULL) {
        rpc_operation_fail(op, why);
        return;
    }

    if (op->in.has_completion)
        allowance = 0; /* nothing more can come */
    rpc_add_budget(&op->in.budget, allowance);
    flush(op, v->initial_metadata, allowance);
    rpc_operation_complete_if_done(op);
}

void
rpc_emission_allow(struct sluice_operation *op, int n)
{
    rpc_add_budget(&op->out.budget, n);
    flush(op, NULL, 0);
    rpc_operation_complete_if_done(op);
}

void
rpc_emission_grant(struct sluice_operation *op, int n)
{
    rpc_add_budget(&op->in.budget, n);
    flush(op, NULL, n);
}

/* ---------------------------------------------------------- the end */

void
rpc_emission_send_last(struct sluice_operation *op,
    enum sluice_termination termination, const struct rpc_reason *reason)
{
    struct sluice_ticket t = { .termination = termination };

    if (!op->out.is_open || op->out.is_mute)
        return;
    if (reason != NULL) {
        t.has_code = reason->has_code;
        t.code = reason->code;
        t.message = reason->details;
    }
    /* The outcome is known: a failure to tell it changes nothing. */
    (void)op->link_ops->send(op->transport, &t);
}

void
rpc_emission_clear(struct sluice_operation *op)
{
    rpc_fifo_clear(&op->out.queue, op->pool);
    rpc_metadata_drop(&op->out.completion.terminal_metadata);
    rpc_text_drop(op, &op->out.message);
}
