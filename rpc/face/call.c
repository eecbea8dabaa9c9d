/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/call.c - the invocation side of one RPC, in event style: the base
 * operator that turns what arrives into calls of the receiver, and the
 * consumer of requests.
 *
 * The completion is kept when it arrives and told when the operation has
 * terminated, so that a receiver that cancels at the last moment still hears
 * of one end only. Responses are passed on as they come, also a unary one:
 * that there was one, and only one, is known at the end.
 */
#include "rpc/face/call.h"

#include <sluice/status.h>

#include "rpc/face/rpc.h"

#define CALL_MAGIC 0x63616c6cu

struct sluice_call {
    struct face_rpc rpc;
    enum sluice_cardinality cardinality;
    unsigned n_responses;   /* counted up to 2, for unary responses */
    bool has_sent_requests; /* nothing more goes out */
    bool has_told_metadata; /* receiver.initial_metadata() has run */
    bool has_context;
    void *protocol_context; /* the link's, once has_context */
    struct sluice_receiver receiver;
    void (*on_context)(void *arg); /* of the receiver; may be NULL */
};

/* ---- What arrives --------------------------------------------------------- */

static void
grant(struct sluice_call *call, int n)
{
    struct sluice_values values = { .allowance = n };

    sluice_operation_advance(call->rpc.op, &values);
}

/* First of all, and with NULL as soon as it is known that none will come. */
static void
tell_metadata(struct sluice_call *call, struct sluice_metadata *metadata)
{
    if (call->has_told_metadata) {
        sluice_metadata_unref(&metadata);
        return;
    }
    call->has_told_metadata = true;
    if (metadata != NULL)
        call->rpc.initial_metadata = sluice_metadata_ref(metadata);
    call->receiver.initial_metadata(call->receiver.arg, metadata);
}

/* A second response to a unary method is not for the receiver. Unless the
 * service says in the same breath how the RPC ended, that is the end. */
static enum sluice_reply
drop_surplus(struct sluice_call *call, struct sluice_bytes *response)
{
    call->n_responses = 2;
    sluice_bytes_unref(&response);
    if (!call->rpc.has_completion)
        sluice_operation_fail(call->rpc.op);
    return SLUICE_REPLY_OK;
}

/* One more may come: of a stream, the next; of a unary method, the one too
 * many that would otherwise hold back the completion behind it. */
static void
grant_next(struct sluice_call *call)
{
    if (call->rpc.has_completion)
        return;
    if (face_has_unary_response(call->cardinality) ||
        !call->receiver.manual_allowance)
        grant(call, 1);
}

static enum sluice_reply
take_response(struct sluice_call *call, struct sluice_bytes *response)
{
    enum sluice_reply reply;

    if (!face_rpc_is_active(&call->rpc)) { /* ended from within a callback */
        sluice_bytes_unref(&response);
        return SLUICE_REPLY_OK;
    }
    if (face_has_unary_response(call->cardinality)) {
        if (call->n_responses > 0)
            return drop_surplus(call, response);
        call->n_responses = 1;
    }
    reply = call->receiver.response(call->receiver.arg, response);
    if (reply == SLUICE_REPLY_OK)
        grant_next(call);
    return reply;
}

static enum sluice_reply
on_advance(void *arg, const struct sluice_values *values)
{
    struct sluice_call *call = arg;

    FACE_CHECK(call, CALL_MAGIC);

    if (values->completion != NULL)
        face_rpc_keep_completion(&call->rpc, values->completion);
    if (values->initial_metadata != NULL || values->payload != NULL ||
        values->completion != NULL)
        tell_metadata(call, values->initial_metadata);
    if (values->allowance > 0 && call->receiver.allowance != NULL)
        call->receiver.allowance(call->receiver.arg, values->allowance);
    if (values->payload != NULL)
        return take_response(call, values->payload);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
on_protocol_context(void *arg, void *protocol_context)
{
    struct sluice_call *call = arg;

    FACE_CHECK(call, CALL_MAGIC);

    call->has_context = true;
    call->protocol_context = protocol_context;
    if (call->on_context != NULL)
        call->on_context(call->receiver.arg);
    return SLUICE_REPLY_OK;
}

/* ---- The end -------------------------------------------------------------- */

/* An answer with a code of failure is the service's own, whatever else
 * it sent; any other must have brought exactly one response. */
static bool
breaks_cardinality(const struct sluice_call *call,
    const struct sluice_outcome *outcome)
{
    if (!face_has_unary_response(call->cardinality))
        return false;
    if (outcome->kind == SLUICE_COMPLETED)
        return call->n_responses != 1 && !face_rpc_has_failed(outcome);
    return outcome->kind == SLUICE_LOCAL_FAILURE && call->n_responses > 1;
}

static void
complete(struct sluice_call *call)
{
    struct sluice_completion completion = call->rpc.completion;

    if (completion.terminal_metadata != NULL)
        sluice_metadata_ref(completion.terminal_metadata);
    call->receiver.complete(call->receiver.arg, &completion);
}

static void
abort_call(struct sluice_call *call, const struct sluice_outcome *outcome)
{
    struct face_rpc *rpc = &call->rpc;

    face_rpc_set_aborted(rpc, outcome);
    if (breaks_cardinality(call, outcome)) {
        rpc->abortion.has_code = true;
        rpc->abortion.code = SLUICE_CODE_INTERNAL;
        rpc->abortion.details = sluice_str(call->n_responses == 0
                ? "the service completed without a response"
                : "the service sent more than one response");
    }
    face_rpc_announce_abortion(rpc);
    call->receiver.abortion(call->receiver.arg, &rpc->abortion);
}

static void
on_ended(struct face_rpc *rpc, const struct sluice_outcome *outcome)
{
    struct sluice_call *call = RPC_CONTAINER_OF(rpc, struct sluice_call, rpc);

    if (outcome->kind == SLUICE_COMPLETED && !face_rpc_has_failed(outcome) &&
        !breaks_cardinality(call, outcome))
        complete(call);
    else
        abort_call(call, outcome);
    face_rpc_unref(rpc);
}

static void
fini(struct face_rpc *rpc)
{
    (void)rpc; /* owns nothing besides */
}

static const struct face_rpc_class call_class = {
    .magic = CALL_MAGIC,
    .size = sizeof(struct sluice_call),
    .ended = on_ended,
    .fini = fini,
};

/* ---- The start ------------------------------------------------------------ */

static bool
is_complete_receiver(const struct sluice_receiver *receiver)
{
    return receiver != NULL && receiver->initial_metadata != NULL &&
        receiver->response != NULL && receiver->complete != NULL &&
        receiver->abortion != NULL;
}

/* The base operation of a call. Takes the references in every case. */
static enum sluice_err
operate(struct sluice_call *call, const struct face_call_start *start,
    const struct sluice_call_options *options)
{
    static const struct sluice_completion nothing_more = { 0 };
    struct sluice_invocation invocation = {
        .group = start->group,
        .method = start->method,
        .subscription = sluice_full_subscription(on_advance, call),
        .timeout_ns = options->timeout_ns,
        .first = {
            .initial_metadata = options->metadata,
            .payload = start->request,
            .completion = start->request != NULL ? &nothing_more : NULL,
        },
        .protocol_options = options->protocol_options,
    };
    struct sluice_operation *op;
    enum sluice_err err;

    invocation.subscription.protocol_receiver =
        (struct sluice_protocol_receiver){ on_protocol_context, call };
    err = sluice_end_operate(start->end, &invocation, &op);
    if (err == SLUICE_OK)
        face_rpc_attach(&call->rpc, op);
    return err;
}

static enum sluice_err
refuse(const struct face_call_start *start,
    const struct sluice_call_options *options, enum sluice_err err)
{
    struct sluice_bytes *request = start->request;
    struct sluice_metadata *metadata = NULL;

    if (options != NULL)
        metadata = options->metadata;
    sluice_bytes_unref(&request);
    sluice_metadata_unref(&metadata);
    return err;
}

enum sluice_err
face_call_new(const struct face_call_start *start,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call_out)
{
    bool has_unary_request = face_has_unary_request(start->cardinality);
    struct sluice_loop *loop = sluice_end_loop(start->end);
    struct face_rpc *rpc;
    struct sluice_call *call;
    enum sluice_err err;

    *call_out = NULL;
    if (!is_complete_receiver(receiver) || options == NULL ||
        has_unary_request != (start->request != NULL))
        return refuse(start, options, SLUICE_EINVAL);
    if (!sluice_loop_is_current(loop))
        return refuse(start, options, SLUICE_ETHREAD);
    rpc = face_rpc_new(&call_class, loop);
    if (rpc == NULL)
        return refuse(start, options, SLUICE_ENOMEM);

    call = RPC_CONTAINER_OF(rpc, struct sluice_call, rpc);
    call->receiver = *receiver;
    call->cardinality = start->cardinality;
    call->has_sent_requests = has_unary_request;
    err = operate(call, start, options);
    if (err != SLUICE_OK) {
        face_rpc_unref(rpc);
        return err;
    }
    *call_out = sluice_call_ref(call);
    return SLUICE_OK;
}

/* ---- The call as a context ------------------------------------------------ */

bool
sluice_call_is_active(const struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    return face_rpc_is_active(&call->rpc);
}

int64_t
sluice_call_time_remaining(const struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    return sluice_operation_time_remaining(call->rpc.op);
}

void
sluice_call_cancel(struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    sluice_operation_cancel(call->rpc.op);
}

const struct sluice_abortion *
sluice_call_add_abortion_callback(struct sluice_call *call,
    struct sluice_abortion_callback *cb)
{
    FACE_CHECK(call, CALL_MAGIC);
    return face_rpc_add_abortion_callback(&call->rpc, cb);
}

/* ---- What the service has sent -------------------------------------------- */

enum sluice_err
sluice_call_initial_metadata(const struct sluice_call *call,
    struct sluice_metadata **metadata)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (call->rpc.is_aborted)
        *metadata = call->rpc.abortion.initial_metadata;
    else if (call->has_told_metadata)
        *metadata = call->rpc.initial_metadata;
    else
        return SLUICE_ESTATE;
    return SLUICE_OK;
}

enum sluice_err
sluice_call_terminal_metadata(const struct sluice_call *call,
    struct sluice_metadata **metadata)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (call->rpc.is_aborted)
        *metadata = call->rpc.abortion.terminal_metadata;
    else if (call->rpc.has_completion)
        *metadata = call->rpc.completion.terminal_metadata;
    else
        return SLUICE_ESTATE;
    return SLUICE_OK;
}

enum sluice_err
sluice_call_code(const struct sluice_call *call, bool *has_code, int32_t *code)
{
    const struct face_rpc *rpc = &call->rpc;

    FACE_CHECK(call, CALL_MAGIC);
    if (!rpc->is_aborted && !rpc->has_completion)
        return SLUICE_ESTATE;
    *has_code =
        rpc->is_aborted ? rpc->abortion.has_code : rpc->completion.has_code;
    *code = rpc->is_aborted ? rpc->abortion.code : rpc->completion.code;
    return SLUICE_OK;
}

enum sluice_err
sluice_call_details(const struct sluice_call *call, struct sluice_str *details)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (call->rpc.is_aborted)
        *details = call->rpc.abortion.details;
    else if (call->rpc.has_completion)
        *details = call->rpc.completion.message;
    else
        return SLUICE_ESTATE;
    return SLUICE_OK;
}

enum sluice_err
sluice_call_protocol_context(const struct sluice_call *call,
    void **protocol_context)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (!call->has_context || !face_rpc_is_active(&call->rpc))
        return SLUICE_ESTATE;
    *protocol_context = call->protocol_context;
    return SLUICE_OK;
}

/* ---- Flow, and the call as a consumer of requests ------------------------- */

void
sluice_call_allow(struct sluice_call *call, int n)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (!call->rpc.has_completion)
        grant(call, n);
}

static void
emit(struct sluice_call *call, struct sluice_bytes *request, bool is_last)
{
    static const struct sluice_completion nothing_more = { 0 };
    struct sluice_values values = {
        .payload = request,
        .completion = is_last ? &nothing_more : NULL,
    };

    call->has_sent_requests |= is_last;
    sluice_operation_advance(call->rpc.op, &values);
}

/* Without memory for a request the RPC cannot go on as if it were there. */
static void
emit_or_fail(struct sluice_call *call, struct sluice_bytes *request,
    bool is_last)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (request != NULL)
        emit(call, request, is_last);
    else
        sluice_operation_fail(call->rpc.op);
}

void
sluice_call_consume(struct sluice_call *call, struct sluice_bytes *request)
{
    emit_or_fail(call, request, false);
}

void
sluice_call_terminate(struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    if (!call->has_sent_requests) /* idempotent */
        emit(call, NULL, true);
}

void
sluice_call_consume_and_terminate(struct sluice_call *call,
    struct sluice_bytes *request)
{
    emit_or_fail(call, request, true);
}

int
sluice_call_request_budget(const struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    return sluice_operation_send_budget(call->rpc.op);
}

void
face_call_on_context(struct sluice_call *call, void (*on_context)(void *arg))
{
    FACE_CHECK(call, CALL_MAGIC);
    call->on_context = on_context;
}

void
face_call_fail(struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    sluice_operation_fail(call->rpc.op);
}

/* ---- Holds ---------------------------------------------------------------- */

struct sluice_call *
sluice_call_ref(struct sluice_call *call)
{
    FACE_CHECK(call, CALL_MAGIC);
    face_rpc_ref(&call->rpc);
    return call;
}

void
sluice_call_unref(struct sluice_call **call)
{
    if (*call == NULL)
        return;
    FACE_CHECK(*call, CALL_MAGIC);
    face_rpc_unref(&(*call)->rpc);
    *call = NULL;
}
