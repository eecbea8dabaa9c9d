/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/context.c - the service side of one RPC, in event style: the base
 * operator that calls the method and its consumer of requests, and the context
 * by which the method answers.
 *
 * A method is called when its invoker's metadata is known: with the request if
 * that is unary, else with the first thing that arrives, or a moment after
 * servicing began when the first ticket brought nothing. So a method that
 * talks first need not wait for a request.
 */
#include "rpc/face/context.h"

#include "rpc/face/call.h"
#include "rpc/face/rpc.h"

#define CONTEXT_MAGIC 0x63747874u

struct sluice_servicer_context {
    struct face_rpc rpc;
    const struct sluice_method_implementation *method;
    struct sluice_task call_task; /* calls a stream-request method */
    struct sluice_request_consumer requests;
    bool is_called; /* the method has been */
    bool has_sent_metadata;
    bool has_responded; /* metadata would come too late */
    bool has_completed; /* nothing more goes out */
    bool has_terminal_metadata;
    bool has_code;
    int32_t code;
    struct sluice_str details; /* ours, from the pool; absent: none */
    struct sluice_metadata *terminal_metadata; /* to be sent */
    void (*on_allowance)(void *arg, int n);
    void *on_allowance_arg;
    void (*on_termination)(void *arg);
    void *on_termination_arg;
};

/* ---- Calling the method --------------------------------------------------- */

/* Only a servicer may say that there is no such method. */
static enum sluice_reply
plain(enum sluice_reply reply)
{
    return reply == SLUICE_REPLY_NO_SUCH_METHOD ? SLUICE_REPLY_FAILED : reply;
}

static enum sluice_reply
call_with_consumer(struct sluice_servicer_context *ctx)
{
    const struct sluice_method_implementation *method = ctx->method;
    sluice_stream_event_cb *behavior;
    enum sluice_reply reply;

    ctx->is_called = true;
    behavior = method->cardinality == SLUICE_STREAM_UNARY
        ? method->stream_unary_event
        : method->stream_stream_event;
    reply = plain(behavior(method->self, ctx, &ctx->requests));
    if (reply == SLUICE_REPLY_OK &&
        (ctx->requests.consume == NULL || ctx->requests.terminate == NULL))
        return SLUICE_REPLY_FAILED; /* no consumer was given */
    return reply;
}

static void
on_call_task(struct sluice_task *task)
{
    struct sluice_servicer_context *ctx =
        RPC_CONTAINER_OF(task, struct sluice_servicer_context, call_task);

    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (face_rpc_is_active(&ctx->rpc) &&
        call_with_consumer(ctx) != SLUICE_REPLY_OK)
        sluice_operation_fail(ctx->rpc.op);
}

/* The first request is the one; an invoker without any has not called the
 * method at all. */
static enum sluice_reply
take_only_request(struct sluice_servicer_context *ctx,
    struct sluice_bytes *request)
{
    const struct sluice_method_implementation *method = ctx->method;
    sluice_unary_event_cb *behavior;

    if (ctx->is_called) {
        sluice_bytes_unref(&request);
        return SLUICE_REPLY_OK;
    }
    if (request == NULL)
        return ctx->rpc.has_completion ? SLUICE_REPLY_FAILED : SLUICE_REPLY_OK;
    ctx->is_called = true;
    behavior = method->cardinality == SLUICE_UNARY_UNARY
        ? method->unary_unary_event
        : method->unary_stream_event;
    return plain(behavior(method->self, request, ctx));
}

static enum sluice_reply
consume(struct sluice_servicer_context *ctx, struct sluice_bytes *request)
{
    struct sluice_values values = { .allowance = 1 };
    enum sluice_reply reply;

    reply = plain(ctx->requests.consume(ctx->requests.arg, request));
    if (reply == SLUICE_REPLY_OK && !ctx->requests.manual_allowance &&
        !ctx->rpc.has_completion)
        sluice_operation_advance(ctx->rpc.op, &values);
    return reply;
}

/* The customer's code may end the RPC at each step; nothing follows then. */
static enum sluice_reply
take_next_request(struct sluice_servicer_context *ctx,
    struct sluice_bytes *request)
{
    enum sluice_reply reply = SLUICE_REPLY_OK;

    if (!ctx->is_called) {
        sluice_task_cancel(&ctx->call_task);
        reply = call_with_consumer(ctx);
    }
    if (request != NULL) {
        if (reply == SLUICE_REPLY_OK && face_rpc_is_active(&ctx->rpc))
            reply = consume(ctx, request);
        else
            sluice_bytes_unref(&request);
    }
    if (ctx->rpc.has_completion && reply == SLUICE_REPLY_OK &&
        face_rpc_is_active(&ctx->rpc))
        reply = plain(ctx->requests.terminate(ctx->requests.arg));
    return reply;
}

/* In place of what was known of it before it was delivered. */
static void
keep_metadata(struct sluice_servicer_context *ctx,
    struct sluice_metadata *metadata)
{
    sluice_metadata_unref(&ctx->rpc.initial_metadata);
    ctx->rpc.initial_metadata = metadata;
}

static enum sluice_reply
on_advance(void *arg, const struct sluice_values *values)
{
    struct sluice_servicer_context *ctx = arg;

    FACE_CHECK(ctx, CONTEXT_MAGIC);

    if (values->initial_metadata != NULL)
        keep_metadata(ctx, values->initial_metadata);
    if (values->completion != NULL) {
        face_rpc_keep_completion(&ctx->rpc, values->completion);
    }
    if (values->allowance > 0 && ctx->on_allowance != NULL)
        ctx->on_allowance(ctx->on_allowance_arg, values->allowance);

    if (face_has_unary_request(ctx->method->cardinality))
        return take_only_request(ctx, values->payload);
    if (values->payload == NULL && values->completion == NULL &&
        values->initial_metadata == NULL)
        return SLUICE_REPLY_OK; /* an allowance alone calls for nothing */
    return take_next_request(ctx, values->payload);
}

/* ---- Life ----------------------------------------------------------------- */

static void
on_ended(struct face_rpc *rpc, const struct sluice_outcome *outcome)
{
    struct sluice_servicer_context *ctx =
        RPC_CONTAINER_OF(rpc, struct sluice_servicer_context, rpc);

    sluice_task_cancel(&ctx->call_task);
    if (outcome->kind != SLUICE_COMPLETED) {
        face_rpc_set_aborted(rpc, outcome);
        face_rpc_announce_abortion(rpc);
    }
    if (ctx->on_termination != NULL)
        ctx->on_termination(ctx->on_termination_arg);
    face_rpc_unref(rpc);
}

static void
fini(struct face_rpc *rpc)
{
    struct sluice_servicer_context *ctx =
        RPC_CONTAINER_OF(rpc, struct sluice_servicer_context, rpc);

    sluice_metadata_unref(&ctx->terminal_metadata);
    if (ctx->details.ptr != NULL)
        sluice_pool_give(sluice_loop_pool(rpc->loop),
            (char *)(uintptr_t)ctx->details.ptr, ctx->details.len + 1);
}

static const struct face_rpc_class context_class = {
    .magic = CONTEXT_MAGIC,
    .size = sizeof(struct sluice_servicer_context),
    .ended = on_ended,
    .fini = fini,
};

enum sluice_reply
face_context_service(const struct sluice_method_implementation *method,
    struct sluice_operation *op, struct sluice_subscription *subscription)
{
    struct sluice_loop *loop = sluice_end_loop(sluice_operation_end(op));
    struct sluice_metadata *metadata = sluice_operation_waiting_metadata(op);
    struct sluice_servicer_context *ctx;
    struct face_rpc *rpc;

    if (sluice_operation_outcome(op) != NULL)
        return SLUICE_REPLY_ABANDONED;
    rpc = face_rpc_new(&context_class, loop);
    if (rpc == NULL)
        return SLUICE_REPLY_FAILED;

    ctx = RPC_CONTAINER_OF(rpc, struct sluice_servicer_context, rpc);
    if (metadata != NULL)
        keep_metadata(ctx, sluice_metadata_ref(metadata));
    ctx->method = method;
    ctx->call_task.run = on_call_task;
    if (!face_has_unary_request(method->cardinality))
        sluice_loop_defer(loop, &ctx->call_task);
    face_rpc_attach(rpc, sluice_operation_ref(op));
    *subscription = sluice_full_subscription(on_advance, ctx);
    return SLUICE_REPLY_OK;
}

/* ---- The context of an RPC ------------------------------------------------ */

bool
sluice_servicer_context_is_active(const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    return face_rpc_is_active(&ctx->rpc);
}

int64_t
sluice_servicer_context_time_remaining(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    return sluice_operation_time_remaining(ctx->rpc.op);
}

void
sluice_servicer_context_cancel(struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    sluice_operation_cancel(ctx->rpc.op);
}

const struct sluice_abortion *
sluice_servicer_context_add_abortion_callback(
    struct sluice_servicer_context *ctx, struct sluice_abortion_callback *cb)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    return face_rpc_add_abortion_callback(&ctx->rpc, cb);
}

void
sluice_servicer_context_on_termination(struct sluice_servicer_context *ctx,
    void (*on_termination)(void *arg), void *arg)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    ctx->on_termination = on_termination;
    ctx->on_termination_arg = arg;
}

struct sluice_metadata *
sluice_servicer_context_invocation_metadata(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    return ctx->rpc.initial_metadata;
}

void *
sluice_servicer_context_protocol_context(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    return sluice_operation_protocol_context(ctx->rpc.op);
}

/* ---- What goes along with the answer -------------------------------------- */

/* Terminal values wait for the completion. */
static bool
is_too_late(const struct sluice_servicer_context *ctx)
{
    return ctx->has_completed || !face_rpc_is_active(&ctx->rpc);
}

enum sluice_err
sluice_servicer_context_set_initial_metadata(
    struct sluice_servicer_context *ctx, struct sluice_metadata *metadata)
{
    struct sluice_values values = { .initial_metadata = metadata };

    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (metadata == NULL)
        return SLUICE_EINVAL;
    if (ctx->has_sent_metadata || ctx->has_responded || is_too_late(ctx)) {
        sluice_metadata_unref(&metadata);
        return SLUICE_ESTATE;
    }
    ctx->has_sent_metadata = true;
    sluice_operation_advance(ctx->rpc.op, &values);
    return SLUICE_OK;
}

enum sluice_err
sluice_servicer_context_set_terminal_metadata(
    struct sluice_servicer_context *ctx, struct sluice_metadata *metadata)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (metadata == NULL)
        return SLUICE_EINVAL;
    if (ctx->has_terminal_metadata || is_too_late(ctx)) {
        sluice_metadata_unref(&metadata);
        return SLUICE_ESTATE;
    }
    ctx->has_terminal_metadata = true;
    ctx->terminal_metadata = metadata;
    return SLUICE_OK;
}

enum sluice_err
sluice_servicer_context_set_code(struct sluice_servicer_context *ctx,
    int32_t code)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (ctx->has_code || is_too_late(ctx))
        return SLUICE_ESTATE;
    ctx->has_code = true;
    ctx->code = code;
    return SLUICE_OK;
}

enum sluice_err
sluice_servicer_context_set_details(struct sluice_servicer_context *ctx,
    struct sluice_str details)
{
    char *copy;

    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (ctx->details.ptr != NULL || is_too_late(ctx))
        return SLUICE_ESTATE;
    if (details.ptr == NULL)
        return SLUICE_EINVAL;
    /* one byte more than the text, so that an empty one is not absent */
    copy = sluice_pool_take(sluice_loop_pool(ctx->rpc.loop), details.len + 1);
    if (copy == NULL)
        return SLUICE_ENOMEM;
    memcpy(copy, details.ptr, details.len);
    copy[details.len] = '\0';
    ctx->details = sluice_str_n(copy, details.len);
    return SLUICE_OK;
}

/* ---- The answer ----------------------------------------------------------- */

/* Moves the terminal metadata out; the text stays ours. */
static struct sluice_completion
take_completion(struct sluice_servicer_context *ctx)
{
    struct sluice_completion completion = {
        .terminal_metadata = ctx->terminal_metadata,
        .has_code = ctx->has_code,
        .code = ctx->code,
        .message = ctx->details,
    };

    ctx->terminal_metadata = NULL;
    ctx->has_completed = true;
    return completion;
}

static void
answer(struct sluice_servicer_context *ctx, struct sluice_bytes *response,
    bool is_last)
{
    struct sluice_completion completion;
    struct sluice_values values = { .payload = response };

    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (is_last) {
        completion = take_completion(ctx);
        values.completion = &completion;
    }
    ctx->has_responded = true;
    sluice_operation_advance(ctx->rpc.op, &values);
}

void
sluice_servicer_context_respond(struct sluice_servicer_context *ctx,
    struct sluice_bytes *response)
{
    answer(ctx, response, true);
}

void
sluice_servicer_context_consume(struct sluice_servicer_context *ctx,
    struct sluice_bytes *response)
{
    answer(ctx, response, false);
}

void
sluice_servicer_context_terminate(struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (!ctx->has_completed) /* idempotent */
        answer(ctx, NULL, true);
}

int
sluice_servicer_context_response_budget(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    return sluice_operation_send_budget(ctx->rpc.op);
}

void
sluice_servicer_context_on_allowance(struct sluice_servicer_context *ctx,
    void (*on_allowance)(void *arg, int n), void *arg)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    ctx->on_allowance = on_allowance;
    ctx->on_allowance_arg = arg;
}

void
sluice_servicer_context_allow(struct sluice_servicer_context *ctx, int n)
{
    struct sluice_values values = { .allowance = n };

    FACE_CHECK(ctx, CONTEXT_MAGIC);
    if (!ctx->rpc.has_completion)
        sluice_operation_advance(ctx->rpc.op, &values);
}

struct sluice_servicer_context *
sluice_servicer_context_ref(struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, CONTEXT_MAGIC);
    face_rpc_ref(&ctx->rpc);
    return ctx;
}

void
sluice_servicer_context_unref(struct sluice_servicer_context **ctx)
{
    if (*ctx == NULL)
        return;
    FACE_CHECK(*ctx, CONTEXT_MAGIC);
    face_rpc_unref(&(*ctx)->rpc);
    *ctx = NULL;
}
