/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/service.c - the service side of one RPC: the base operator that
 * calls the method and its consumer of requests.
 *
 * A method is called when its invoker's metadata is known: with the request if
 * that is unary, else with the first thing that arrives, or a moment after
 * servicing began when the first ticket brought nothing. So a method that
 * talks first need not wait for a request. A multi-method is called while the
 * base layer still asks for the servicer, so that it can deny the name.
 */
#include "rpc/face/call.h"
#include "rpc/face/context.h"
#include "rpc/face/rendezvous_service.h"

/* ---- Calling the method --------------------------------------------------- */

/* Only a servicer may say that there is no such method. */
static enum sluice_reply
plain(enum sluice_reply reply)
{
    return reply == SLUICE_REPLY_NO_SUCH_METHOD ? SLUICE_REPLY_FAILED : reply;
}

/* FAILED when the method has not given any. */
static enum sluice_reply
check_consumer(const struct sluice_servicer_context *ctx)
{
    const struct sluice_request_consumer *requests = &ctx->requests;

    return requests->consume != NULL && requests->terminate != NULL
        ? SLUICE_REPLY_OK
        : SLUICE_REPLY_FAILED;
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
    return reply == SLUICE_REPLY_OK ? check_consumer(ctx) : reply;
}

static void
on_call_task(struct sluice_task *task)
{
    struct sluice_servicer_context *ctx =
        RPC_CONTAINER_OF(task, struct sluice_servicer_context, call_task);

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
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
    if (ctx->rendezvous != NULL)
        face_servicing_hear_late_metadata(ctx->rendezvous, metadata);
}

static void
tell_allowance(struct sluice_servicer_context *ctx, int n)
{
    if (ctx->rendezvous != NULL)
        face_rendezvous_look(ctx->rendezvous);
    if (ctx->on_allowance != NULL)
        ctx->on_allowance(ctx->on_allowance_arg, n);
}

static enum sluice_reply
on_advance(void *arg, const struct sluice_values *values)
{
    struct sluice_servicer_context *ctx = arg;

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);

    if (values->initial_metadata != NULL)
        keep_metadata(ctx, values->initial_metadata);
    if (values->completion != NULL)
        face_rpc_keep_completion(&ctx->rpc, values->completion);
    if (values->allowance > 0)
        tell_allowance(ctx, values->allowance);

    if (ctx->has_unary_request)
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
    if (ctx->rendezvous != NULL)
        face_servicing_end(ctx);
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
        sluice_pool_give(rpc->pool, (char *)(uintptr_t)ctx->details.ptr,
            ctx->details.len + 1);
}

static const struct face_rpc_class context_class = {
    .magic = FACE_CONTEXT_MAGIC,
    .size = sizeof(struct sluice_servicer_context),
    .ended = on_ended,
    .fini = fini,
};

/* A context for op. NULL when memory is short. */
static struct sluice_servicer_context *
begin(struct sluice_operation *op, struct sluice_subscription *subscription)
{
    struct sluice_loop *loop = sluice_end_loop(sluice_operation_end(op));
    struct sluice_metadata *metadata = sluice_operation_waiting_metadata(op);
    struct face_rpc *rpc = face_rpc_new(&context_class, loop);
    struct sluice_servicer_context *ctx;

    if (rpc == NULL)
        return NULL;
    ctx = RPC_CONTAINER_OF(rpc, struct sluice_servicer_context, rpc);
    if (metadata != NULL)
        keep_metadata(ctx, sluice_metadata_ref(metadata));
    ctx->call_task.run = on_call_task;
    face_rpc_attach(rpc, sluice_operation_ref(op));
    *subscription = sluice_full_subscription(on_advance, ctx);
    return ctx;
}

enum sluice_reply
face_service_begin(const struct sluice_method_implementation *method,
    struct sluice_operation *op, struct sluice_subscription *subscription)
{
    struct sluice_servicer_context *ctx;

    if (sluice_operation_outcome(op) != NULL)
        return SLUICE_REPLY_ABANDONED;
    ctx = begin(op, subscription);
    if (ctx == NULL)
        return SLUICE_REPLY_FAILED;
    ctx->method = method;
    ctx->has_unary_request = face_has_unary_request(method->cardinality);
    if (!ctx->has_unary_request)
        sluice_loop_defer(ctx->rpc.loop, &ctx->call_task);
    return SLUICE_REPLY_OK;
}

/* Whatever it replies, the base layer ends op accordingly, and ctx with it. */
enum sluice_reply
face_service_begin_multi(const struct sluice_multi_method_implementation *multi,
    struct sluice_str group, struct sluice_str method,
    struct sluice_operation *op, struct sluice_subscription *subscription)
{
    struct sluice_servicer_context *ctx;
    enum sluice_reply reply;

    if (sluice_operation_outcome(op) != NULL)
        return SLUICE_REPLY_ABANDONED;
    ctx = begin(op, subscription);
    if (ctx == NULL)
        return SLUICE_REPLY_FAILED;
    ctx->is_called = true;
    reply = multi->service(multi->self, group, method, ctx, &ctx->requests);
    return reply == SLUICE_REPLY_OK ? check_consumer(ctx) : reply;
}
