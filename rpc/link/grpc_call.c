/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_call.c - the side of a call that faces the base layer: the
 * link's three entries, and the task that delivers.
 */
#include "rpc/link/grpc_call.h"

#include "rpc/bytes.h"
#include "rpc/check.h"
#include "rpc/link/grpc_client.h"
#include "rpc/metadata.h"

#include <limits.h>

#define CALL_MAGIC 0x67726370u

/* ---------------------------------------------------------- lifecycle */

static void on_task(struct sluice_task *task);
static void on_deadline(struct sluice_timer *timer);

static struct rpc_grpc_call *
call_new(struct sluice_grpc_client *client, struct sluice_operation *op)
{
    struct rpc_grpc_call *call = sluice_pool_take(client->pool, sizeof(*call));

    if (call == NULL)
        return NULL;
    memset(call, 0, offsetof(struct rpc_grpc_call, request.short_path));
    call->magic = CALL_MAGIC;
    call->client = client;
    call->op = op;
    call->task.run = on_task;
    call->deadline.expire = on_deadline;
    call->deadline_ns = UINT64_MAX;
    call->is_replayable = true;
    call->allowance = 1; /* the first payload of a direction is free */
    call->accepted = UINT_MAX;
    return call;
}

static void
drop_contents(struct rpc_grpc_call *call)
{
    struct sluice_pool *pool = call->client->pool;

    rpc_bytes_drop(&call->message);
    rpc_metadata_drop(&call->initial);
    rpc_grpc_reader_fini(&call->reader, pool);
    rpc_grpc_response_fini(&call->response, pool);
}

static void
call_free(struct rpc_grpc_call *call)
{
    struct sluice_pool *pool = call->client->pool;

    sluice_task_cancel(&call->task);
    if (call->is_forgotten)
        sluice_timer_stop(call->client->loop, &call->deadline);
    drop_contents(call);
    rpc_grpc_writer_fini(&call->writer);
    rpc_grpc_request_fini(&call->request, pool);
    rpc_grpc_context_fini(&call->context);
    call->magic = 0;
    sluice_pool_give(pool, call, sizeof(*call));
}

void
rpc_grpc_call_settle(struct rpc_grpc_call *call)
{
    RPC_CHECK(call, CALL_MAGIC);
    if (call->op == NULL && call->place == RPC_GRPC_NOWHERE &&
        !call->is_delivering)
        call_free(call);
}

void
rpc_grpc_call_wake(struct rpc_grpc_call *call)
{
    if (call->op != NULL && !call->is_over)
        sluice_loop_defer(call->client->loop, &call->task);
}

void
rpc_grpc_call_end(struct rpc_grpc_call *call, struct rpc_grpc_end end)
{
    if (call->end.termination == SLUICE_TERMINATION_NONE)
        call->end = end;
    rpc_grpc_call_wake(call);
    rpc_grpc_call_settle(call);
}

int64_t
rpc_grpc_call_time_remaining(const struct rpc_grpc_call *call)
{
    uint64_t now;

    if (call->deadline_ns == UINT64_MAX)
        return SLUICE_NO_TIMEOUT;
    now = sluice_loop_now(call->client->loop);
    return now < call->deadline_ns ? (int64_t)(call->deadline_ns - now) : 0;
}

/* ---------------------------------------------------------- delivering */

/* Whether nothing that was received comes before the end any more. */
static bool
end_is_due(struct rpc_grpc_call *call)
{
    if (call->end.termination == SLUICE_TERMINATION_NONE)
        return false;
    if (!rpc_grpc_reader_is_holding(&call->reader) ||
        !rpc_grpc_reader_has_news(&call->reader, &call->client->reading))
        return true;
    return call->allowance == 0 && !call->end_is_in_order;
}

static void
add_end(struct rpc_grpc_call *call, struct sluice_ticket *ticket)
{
    if (call->end.termination == SLUICE_TERMINATION_COMPLETION &&
        rpc_grpc_reader_is_within(&call->reader))
        call->end = rpc_grpc_end_malformed("the stream ends in a message");
    ticket->termination = call->end.termination;
    ticket->has_code = true;
    ticket->code = call->end.code;
    ticket->message = call->end.text;
    ticket->terminal_metadata =
        rpc_grpc_response_take_metadata(&call->response);
    call->is_over = true;
}

/* Gathers what can be delivered now. false: nothing. */
static bool
next_ticket(struct rpc_grpc_call *call, struct sluice_ticket *ticket)
{
    bool is_abort;

    if (call->is_over)
        return false;
    memset(ticket, 0, sizeof(*ticket));
    if (call->context.magic == RPC_GRPC_CONTEXT_MAGIC)
        ticket->protocol = &call->context;
    rpc_grpc_stream_take_held(call);
    if (call->has_grant) {
        ticket->allowance = 1;
        call->has_grant = false;
    }
    ticket->initial_metadata = call->initial;
    call->initial = NULL;
    ticket->payload = call->message;
    call->message = NULL;

    /* An abort would overtake what travels with it. */
    is_abort = call->end.termination != SLUICE_TERMINATION_COMPLETION;
    if (!(is_abort && ticket->payload != NULL) && end_is_due(call))
        add_end(call, ticket);
    return ticket->allowance > 0 || ticket->initial_metadata != NULL ||
        ticket->payload != NULL ||
        ticket->termination != SLUICE_TERMINATION_NONE;
}

static void
on_task(struct sluice_task *task)
{
    struct rpc_grpc_call *call =
        RPC_CONTAINER_OF(task, struct rpc_grpc_call, task);
    struct sluice_ticket ticket;

    RPC_CHECK(call, CALL_MAGIC);
    call->is_delivering = true;
    while (call->op != NULL && next_ticket(call, &ticket))
        sluice_operation_deliver(call->op, &ticket);
    call->is_delivering = false;
    rpc_grpc_call_settle(call);
}

/* ------------------------------------------------------ the link's side */

static void
release_ticket(struct sluice_ticket *ticket)
{
    rpc_metadata_drop(&ticket->initial_metadata);
    rpc_metadata_drop(&ticket->terminal_metadata);
    rpc_bytes_drop(&ticket->payload);
}

static bool
is_abort(const struct sluice_ticket *ticket)
{
    return ticket->termination != SLUICE_TERMINATION_NONE &&
        ticket->termination != SLUICE_TERMINATION_COMPLETION;
}

static void
resume(struct rpc_grpc_call *call)
{
    if (call->place != RPC_GRPC_STREAM || !call->is_deferred || call->was_reset)
        return;
    call->is_deferred = false;
    if (rpc_grpc_session_resume(call->session, call->stream_id) != SLUICE_OK)
        rpc_grpc_stream_fail(call, rpc_grpc_end_short());
}

static enum sluice_err
take_payload(struct rpc_grpc_call *call, struct sluice_ticket *ticket)
{
    bool is_accepted =
        (call->accepted & RPC_GRPC_CODING_BIT(call->coding)) != 0;

    if (call->is_half_closing)
        return SLUICE_ESTATE;
    call->owes_grant = true;
    return rpc_grpc_writer_take(&call->writer, &call->client->reading,
        is_accepted ? call->coding : SLUICE_GRPC_IDENTITY, &ticket->payload);
}

static void
add_allowance(struct rpc_grpc_call *call, int allowance)
{
    if (allowance <= 0)
        return;
    if (__builtin_add_overflow(call->allowance, allowance, &call->allowance))
        call->allowance = INT_MAX;
    if (rpc_grpc_reader_is_holding(&call->reader))
        rpc_grpc_call_wake(call);
}

/* The values of a ticket; what is left in it is the caller's to release. */
static enum sluice_err
take_values(struct rpc_grpc_call *call, struct sluice_ticket *ticket)
{
    enum sluice_err err;

    if (ticket->initial_metadata != NULL) {
        if (call->place == RPC_GRPC_STREAM || call->request.metadata != NULL)
            return SLUICE_ESTATE; /* HEADERS have been made */
        call->request.metadata = ticket->initial_metadata;
        ticket->initial_metadata = NULL;
    }
    if (ticket->payload != NULL) {
        err = take_payload(call, ticket);
        if (err != SLUICE_OK)
            return err;
    }
    if (ticket->termination == SLUICE_TERMINATION_COMPLETION)
        call->is_half_closing = true;
    rpc_grpc_stream_grant(call);
    add_allowance(call, ticket->allowance);
    return SLUICE_OK;
}

static void
take_deadline(struct rpc_grpc_call *call, const struct sluice_ticket *first)
{
    call->is_forgotten = first->subscription == SLUICE_SUBSCRIPTION_NONE;
    if (first->has_timeout && first->timeout_ns != SLUICE_NO_TIMEOUT)
        call->deadline_ns = sluice_loop_now(call->client->loop) +
            (uint64_t)(first->timeout_ns > 0 ? first->timeout_ns : 0);
}

enum sluice_err
rpc_grpc_call_set_coding(struct sluice_grpc_context *context,
    enum sluice_grpc_coding coding)
{
    struct rpc_grpc_call *call =
        RPC_CONTAINER_OF(context, struct rpc_grpc_call, context);

    RPC_CHECK(call, CALL_MAGIC);
    /* The request's head has been sent, and names one coding at most. */
    if (coding != SLUICE_GRPC_IDENTITY && coding != call->request.coding)
        return SLUICE_ESTATE;
    if ((call->accepted & RPC_GRPC_CODING_BIT(coding)) == 0)
        return SLUICE_ENOTFOUND;
    call->coding = coding;
    return SLUICE_OK;
}

static enum sluice_err
take_options(struct rpc_grpc_call *call,
    const struct sluice_grpc_call_options *options)
{
    if (options == NULL)
        return SLUICE_OK;
    if (options->coding > SLUICE_GRPC_DEFLATE)
        return SLUICE_EINVAL;
    call->coding = options->coding;
    call->request.coding = options->coding;
    call->waits_for_ready = options->wait_for_ready;
    if (options->metadata != NULL)
        call->request.more_metadata = sluice_metadata_ref(options->metadata);
    return SLUICE_OK;
}

static enum sluice_err
link_open(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *first, void **transport)
{
    struct sluice_grpc_client *client =
        RPC_CONTAINER_OF(link, struct sluice_grpc_client, link);
    struct rpc_grpc_call *call = call_new(client, op);
    enum sluice_err err = SLUICE_ENOMEM;

    if (call == NULL)
        goto out;
    err = rpc_grpc_request_init(&call->request, client->pool, first->group,
        first->method);
    if (err != SLUICE_OK)
        goto out;
    take_deadline(call, first);
    err = take_options(call, first->protocol);
    if (err != SLUICE_OK)
        goto out;
    err = take_values(call, first);
    if (err != SLUICE_OK)
        goto out;
    err = rpc_grpc_client_enqueue(client, call);
    if (err != SLUICE_OK)
        goto out;
    *transport = call;

out:
    release_ticket(first);
    if (err != SLUICE_OK && call != NULL)
        call_free(call);
    return err;
}

/* What the peer hears of an abort here. */
static uint32_t
reset_code(enum sluice_termination termination)
{
    switch (termination) {
    case SLUICE_TERMINATION_SHUTDOWN:
        return NGHTTP2_NO_ERROR;
    case SLUICE_TERMINATION_LOCAL_FAILURE:
        return NGHTTP2_INTERNAL_ERROR;
    case SLUICE_TERMINATION_NONE:
    case SLUICE_TERMINATION_COMPLETION:
    case SLUICE_TERMINATION_CANCELLATION:
    case SLUICE_TERMINATION_EXPIRATION:
    case SLUICE_TERMINATION_RECEPTION_FAILURE:
    case SLUICE_TERMINATION_TRANSMISSION_FAILURE:
    case SLUICE_TERMINATION_REMOTE_FAILURE:
        break;
    }
    return NGHTTP2_CANCEL;
}

/* Leaves the queue, or resets the stream; what was to be sent is dropped. */
static void
abandon(struct rpc_grpc_call *call, uint32_t error_code)
{
    if (call->place == RPC_GRPC_WAITING)
        rpc_grpc_client_dequeue(call->client, call);
    else if (call->place == RPC_GRPC_STREAM && !call->was_reset) {
        call->was_reset = true;
        rpc_grpc_session_reset(call->session, call->stream_id, error_code);
    }
}

static enum sluice_err
link_send(void *transport, struct sluice_ticket *ticket)
{
    struct rpc_grpc_call *call = transport;
    enum sluice_err err = SLUICE_OK;

    RPC_CHECK(call, CALL_MAGIC);
    assert(call->op != NULL);
    if (call->place == RPC_GRPC_NOWHERE)
        add_allowance(call, ticket->allowance); /* too late for the rest */
    else if (!is_abort(ticket))
        err = take_values(call, ticket);
    if (err != SLUICE_OK || is_abort(ticket)) {
        call->is_over = true;
        abandon(call, reset_code(ticket->termination));
    } else {
        resume(call);
    }
    release_ticket(ticket);
    return err;
}

bool
rpc_grpc_call_goes_on(const struct rpc_grpc_call *call)
{
    return call->is_forgotten && call->is_half_closing && !call->is_over &&
        call->end.termination == SLUICE_TERMINATION_NONE;
}

static void
on_deadline(struct sluice_timer *timer)
{
    struct rpc_grpc_call *call =
        RPC_CONTAINER_OF(timer, struct rpc_grpc_call, deadline);

    RPC_CHECK(call, CALL_MAGIC);
    abandon(call, NGHTTP2_CANCEL);
    rpc_grpc_call_settle(call);
}

static void
link_close(void *transport)
{
    struct rpc_grpc_call *call = transport;
    bool has_answer;

    RPC_CHECK(call, CALL_MAGIC);
    has_answer =
        call->is_over && call->end.termination == SLUICE_TERMINATION_COMPLETION;
    if (!rpc_grpc_call_goes_on(call))
        abandon(call, has_answer ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
    else if (call->deadline_ns != UINT64_MAX)
        sluice_timer_start(call->client->loop, &call->deadline,
            call->deadline_ns);
    call->op = NULL;
    sluice_task_cancel(&call->task);
    if (call->place != RPC_GRPC_NOWHERE)
        drop_contents(call); /* the rest is still needed */
    rpc_grpc_call_settle(call);
}

const struct sluice_link_ops rpc_grpc_call_ops = { link_open, link_send,
    link_close };
