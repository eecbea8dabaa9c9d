/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_call.c - the side of a call that faces the base layer:
 * the link's entries, and the task that accepts and delivers.
 */
#include "rpc/link/grpc_server_call.h"

#include "rpc/check.h"
#include "rpc/link/grpc_server.h"
#include "rpc/metadata.h"

#include <sluice/status.h>

#include <limits.h>

#define SERVED_MAGIC 0x67727376u

/* ---------------------------------------------------------- lifecycle */

static void on_task(struct sluice_task *task);

struct rpc_grpc_served *
rpc_grpc_served_new(struct sluice_grpc_server *server,
    struct rpc_grpc_conn *conn, int32_t stream_id)
{
    struct rpc_grpc_served *call =
        sluice_pool_take(server->pool, sizeof(*call));

    if (call == NULL)
        return NULL;
    memset(call, 0, sizeof(*call));
    call->magic = SERVED_MAGIC;
    call->server = server;
    server->call_count++;
    call->conn = conn;
    call->stream_id = stream_id;
    call->task.run = on_task;
    call->allowance = 1; /* the first payload of a direction is free */
    return call;
}

static void
drop_input(struct rpc_grpc_served *call)
{
    sluice_bytes_unref(&call->message);
    rpc_grpc_reader_fini(&call->reader, call->server->pool);
    rpc_grpc_server_request_fini(&call->request);
}

static void
served_free(struct rpc_grpc_served *call)
{
    struct sluice_pool *pool = call->server->pool;

    sluice_task_cancel(&call->task);
    drop_input(call);
    rpc_grpc_context_fini(&call->context);
    rpc_grpc_writer_fini(&call->writer);
    rpc_grpc_answer_fini(&call->answer, pool);
    call->server->call_count--;
    call->magic = 0;
    sluice_pool_give(pool, call, sizeof(*call));
}

void
rpc_grpc_served_settle(struct rpc_grpc_served *call)
{
    RPC_CHECK(call, SERVED_MAGIC);
    if (call->op == NULL && call->conn == NULL && !call->is_delivering)
        served_free(call);
}

void
rpc_grpc_served_wake(struct rpc_grpc_served *call)
{
    if (!call->is_over)
        sluice_loop_defer(call->server->loop, &call->task);
}

void
rpc_grpc_served_end(struct rpc_grpc_served *call,
    struct rpc_grpc_verdict verdict)
{
    call->is_deaf = true;
    sluice_bytes_unref(&call->message);
    rpc_grpc_reader_fini(&call->reader, call->server->pool);
    if (call->op == NULL)
        call->is_over = true;
    if (call->verdict.termination == SLUICE_TERMINATION_NONE)
        call->verdict = verdict;
    rpc_grpc_served_wake(call);
}

/* ---------------------------------------------------------- delivering */

/* Whether the operation is to hear now that the request has ended: behind all
 * messages of it, or when the service does not wait for them any more. */
static bool
end_is_due(struct rpc_grpc_served *call)
{
    if (call->has_completed)
        return false;
    if (call->answering >= RPC_GRPC_ENDING)
        return true;
    return call->has_closed &&
        !rpc_grpc_reader_has_news(&call->reader, &call->server->reading);
}

static void
fail_truncated(struct rpc_grpc_served *call)
{
    static const char text[] = "the request ends in a message";
    struct rpc_grpc_verdict verdict = { SLUICE_TERMINATION_RECEPTION_FAILURE,
        SLUICE_CODE_INTERNAL, text };

    rpc_grpc_served_finish(call, verdict.code, sluice_str(text), false);
    rpc_grpc_served_end(call, verdict);
}

/* Gathers the values of the request that can be delivered now. */
static void
take_values(struct rpc_grpc_served *call, struct sluice_ticket *ticket)
{
    if (!call->is_deaf)
        rpc_grpc_served_take_held(call);
    if (end_is_due(call)) {
        if (!call->is_deaf && rpc_grpc_reader_is_within(&call->reader))
            fail_truncated(call);
        else
            ticket->termination = SLUICE_TERMINATION_COMPLETION;
        call->has_completed = true;
    }
    ticket->payload = call->message;
    call->message = NULL;
}

/* Gathers what can be delivered now. false: nothing. */
static bool
next_ticket(struct rpc_grpc_served *call, struct sluice_ticket *ticket)
{
    memset(ticket, 0, sizeof(*ticket));
    if (call->is_over)
        return false;
    if (call->verdict.termination == SLUICE_TERMINATION_NONE)
        take_values(call, ticket);
    if (call->verdict.termination != SLUICE_TERMINATION_NONE) {
        ticket->termination = call->verdict.termination;
        ticket->has_code = true;
        ticket->code = call->verdict.code;
        ticket->message = sluice_str(call->verdict.text);
        call->is_over = true;
        return true;
    }
    if (call->has_grant) {
        ticket->allowance = 1;
        call->has_grant = false;
    }
    return ticket->allowance > 0 || ticket->payload != NULL ||
        ticket->termination != SLUICE_TERMINATION_NONE;
}

/* The End does not take it. */
static void
refuse(struct rpc_grpc_served *call, enum sluice_err err)
{
    if (err == SLUICE_ENOMEM)
        rpc_grpc_served_finish(call, SLUICE_CODE_RESOURCE_EXHAUSTED,
            sluice_str("memory is short"), false);
    else
        rpc_grpc_served_finish(call, SLUICE_CODE_UNAVAILABLE,
            sluice_str("the server is shutting down"), false);
    call->is_over = true;
    call->is_deaf = true;
    drop_input(call);
}

/* The head names one coding for all messages; each may do without. */
static enum sluice_err
set_coding(struct sluice_grpc_context *context, enum sluice_grpc_coding coding)
{
    struct rpc_grpc_served *call =
        RPC_CONTAINER_OF(context, struct rpc_grpc_served, context);
    unsigned accepted =
        call->request.accepted | RPC_GRPC_CODING_BIT(SLUICE_GRPC_IDENTITY);

    RPC_CHECK(call, SERVED_MAGIC);
    if (coding > SLUICE_GRPC_DEFLATE)
        return SLUICE_EINVAL;
    if (call->answering != RPC_GRPC_SILENT && coding != SLUICE_GRPC_IDENTITY &&
        coding != call->answer.coding)
        return SLUICE_ESTATE;
    if ((accepted & RPC_GRPC_CODING_BIT(coding)) == 0)
        return SLUICE_ENOTFOUND;
    call->coding = coding;
    if (call->answering == RPC_GRPC_SILENT)
        call->answer.coding = coding;
    return SLUICE_OK;
}

/* Makes an operation of what has arrived so far. */
static void
accept_call(struct rpc_grpc_served *call)
{
    struct rpc_grpc_server_request *request = &call->request;
    struct sluice_ticket first;
    enum sluice_err err;

    memset(&first, 0, sizeof(first));
    take_values(call, &first);
    if (call->is_over)
        return; /* truncated: it never was a call */
    rpc_grpc_server_request_names(request, &first.group, &first.method);
    rpc_grpc_context_init(&call->context, call->conn->peer,
        rpc_grpc_server_request_authority(request), set_coding);
    first.protocol = &call->context;
    first.subscription = SLUICE_SUBSCRIPTION_FULL;
    first.has_timeout = request->has_timeout;
    first.timeout_ns = request->timeout_ns;
    first.initial_metadata = request->metadata;
    request->metadata = NULL;
    if (first.initial_metadata == NULL)
        first.initial_metadata = rpc_metadata_empty();
    err = sluice_end_accept(call->server->end, &call->server->link, call,
        &first, &call->op);
    if (err != SLUICE_OK)
        refuse(call, err);
}

static void
on_task(struct sluice_task *task)
{
    struct rpc_grpc_served *call =
        RPC_CONTAINER_OF(task, struct rpc_grpc_served, task);
    struct sluice_ticket ticket;

    RPC_CHECK(call, SERVED_MAGIC);
    call->is_delivering = true;
    if (call->op == NULL && !call->is_over)
        accept_call(call);
    while (call->op != NULL && next_ticket(call, &ticket))
        sluice_operation_deliver(call->op, &ticket);
    call->is_delivering = false;
    rpc_grpc_served_settle(call);
}

/* ------------------------------------------------------ the link's side */

static void
release_ticket(struct sluice_ticket *ticket)
{
    sluice_metadata_unref(&ticket->initial_metadata);
    sluice_metadata_unref(&ticket->terminal_metadata);
    sluice_bytes_unref(&ticket->payload);
}

/* What the caller hears of an operation that was aborted here. */
static void
answer_abort(struct rpc_grpc_served *call, const struct sluice_ticket *ticket)
{
    int32_t code = SLUICE_CODE_UNKNOWN;
    const char *text = "the service failed";

    switch (ticket->termination) {
    case SLUICE_TERMINATION_CANCELLATION:
        code = SLUICE_CODE_CANCELLED;
        text = "the service cancelled the call";
        break;
    case SLUICE_TERMINATION_EXPIRATION:
        code = SLUICE_CODE_DEADLINE_EXCEEDED;
        text = "the time for the call is over";
        break;
    case SLUICE_TERMINATION_SHUTDOWN:
        code = SLUICE_CODE_UNAVAILABLE;
        text = "the server is shutting down";
        break;
    case SLUICE_TERMINATION_REMOTE_FAILURE:
        code = SLUICE_CODE_UNIMPLEMENTED;
        text = "there is no such method";
        break;
    case SLUICE_TERMINATION_NONE:
    case SLUICE_TERMINATION_COMPLETION:
    case SLUICE_TERMINATION_RECEPTION_FAILURE:
    case SLUICE_TERMINATION_TRANSMISSION_FAILURE:
    case SLUICE_TERMINATION_LOCAL_FAILURE:
        break;
    }
    rpc_grpc_served_finish(call, ticket->has_code ? ticket->code : code,
        ticket->message.ptr != NULL ? ticket->message : sluice_str(text),
        false);
    call->is_over = true;
    call->is_deaf = true;
}

static void
complete(struct rpc_grpc_served *call, struct sluice_ticket *ticket)
{
    call->answer.terminal = ticket->terminal_metadata;
    ticket->terminal_metadata = NULL;
    rpc_grpc_served_finish(call, ticket->has_code ? ticket->code : 0,
        ticket->message, true);
    if (!call->has_completed) {
        call->is_deaf = true;
        sluice_bytes_unref(&call->message);
        rpc_grpc_reader_fini(&call->reader, call->server->pool);
        rpc_grpc_served_wake(call);
    }
}

static void
add_allowance(struct rpc_grpc_served *call, int allowance)
{
    if (allowance <= 0)
        return;
    if (__builtin_add_overflow(call->allowance, allowance, &call->allowance))
        call->allowance = INT_MAX;
    if (rpc_grpc_reader_is_holding(&call->reader))
        rpc_grpc_served_wake(call);
}

/* The values of a ticket; what is left in it is the caller's to release. */
static enum sluice_err
take_answer(struct rpc_grpc_served *call, struct sluice_ticket *ticket)
{
    enum sluice_err err = SLUICE_OK;

    if (ticket->initial_metadata != NULL) {
        call->answer.initial = ticket->initial_metadata;
        ticket->initial_metadata = NULL;
        err = rpc_grpc_served_begin(call);
    }
    if (err == SLUICE_OK && ticket->payload != NULL) {
        err = rpc_grpc_writer_take(&call->writer, &call->server->reading,
            call->coding, &ticket->payload);
        if (err == SLUICE_OK && call->answering == RPC_GRPC_SILENT)
            err = rpc_grpc_served_begin(call);
        if (err == SLUICE_OK)
            rpc_grpc_served_resume(call);
    }
    if (err != SLUICE_OK)
        rpc_grpc_served_finish(call, SLUICE_CODE_RESOURCE_EXHAUSTED,
            sluice_str(err == SLUICE_ENOMEM
                    ? "memory is short"
                    : "the answer has too much metadata"),
            false);
    else if (ticket->termination == SLUICE_TERMINATION_COMPLETION)
        complete(call, ticket);
    add_allowance(call, ticket->allowance);
    return err;
}

static enum sluice_err
link_send(void *transport, struct sluice_ticket *ticket)
{
    struct rpc_grpc_served *call = transport;
    enum sluice_err err = SLUICE_OK;

    RPC_CHECK(call, SERVED_MAGIC);
    if (ticket->termination > SLUICE_TERMINATION_COMPLETION)
        answer_abort(call, ticket);
    else if (call->conn != NULL && call->answering < RPC_GRPC_ENDING)
        err = take_answer(call, ticket);
    release_ticket(ticket);
    return err;
}

static void
link_close(void *transport)
{
    struct rpc_grpc_served *call = transport;

    RPC_CHECK(call, SERVED_MAGIC);
    /* It ended without a word for the caller. */
    rpc_grpc_served_finish(call, SLUICE_CODE_INTERNAL,
        sluice_str("the call failed in the server"), false);
    call->op = NULL;
    call->is_over = true;
    call->is_deaf = true;
    sluice_task_cancel(&call->task);
    drop_input(call);
    rpc_grpc_served_settle(call);
}

const struct sluice_link_ops rpc_grpc_served_ops = { NULL, link_send,
    link_close };
