/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/context.c - the context of an RPC: what its method learns and asks
 * for, and how it answers. Terminal values are kept until the completion goes.
 */
#include "rpc/face/context.h"

/* ---- The context of an RPC ------------------------------------------------ */

bool
sluice_servicer_context_is_active(const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    return face_rpc_is_active(&ctx->rpc);
}

int64_t
sluice_servicer_context_time_remaining(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    return sluice_operation_time_remaining(ctx->rpc.op);
}

void
sluice_servicer_context_cancel(struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    sluice_operation_cancel(ctx->rpc.op);
}

const struct sluice_abortion *
sluice_servicer_context_add_abortion_callback(
    struct sluice_servicer_context *ctx, struct sluice_abortion_callback *cb)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    return face_rpc_add_abortion_callback(&ctx->rpc, cb);
}

void
sluice_servicer_context_on_termination(struct sluice_servicer_context *ctx,
    void (*on_termination)(void *arg), void *arg)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    ctx->on_termination = on_termination;
    ctx->on_termination_arg = arg;
}

struct sluice_metadata *
sluice_servicer_context_invocation_metadata(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    return ctx->rpc.initial_metadata;
}

void *
sluice_servicer_context_protocol_context(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
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

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
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
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
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
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
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

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    if (ctx->details.ptr != NULL || is_too_late(ctx))
        return SLUICE_ESTATE;
    if (details.ptr == NULL)
        return SLUICE_EINVAL;
    /* one byte more than the text, so that an empty one is not absent */
    copy = sluice_pool_take(ctx->rpc.pool, details.len + 1);
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

    if (is_last) {
        completion = take_completion(ctx);
        values.completion = &completion;
    }
    ctx->has_responded = true;
    sluice_operation_advance(ctx->rpc.op, &values);
}

/* Without memory for a response the RPC cannot go on as if it were there. */
static void
answer_or_fail(struct sluice_servicer_context *ctx,
    struct sluice_bytes *response, bool is_last)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    if (response != NULL)
        answer(ctx, response, is_last);
    else
        sluice_operation_fail(ctx->rpc.op);
}

void
sluice_servicer_context_respond(struct sluice_servicer_context *ctx,
    struct sluice_bytes *response)
{
    answer_or_fail(ctx, response, true);
}

void
sluice_servicer_context_consume(struct sluice_servicer_context *ctx,
    struct sluice_bytes *response)
{
    answer_or_fail(ctx, response, false);
}

void
sluice_servicer_context_terminate(struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    if (!ctx->has_completed) /* idempotent */
        answer(ctx, NULL, true);
}

int
sluice_servicer_context_response_budget(
    const struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    return sluice_operation_send_budget(ctx->rpc.op);
}

void
sluice_servicer_context_on_allowance(struct sluice_servicer_context *ctx,
    void (*on_allowance)(void *arg, int n), void *arg)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    ctx->on_allowance = on_allowance;
    ctx->on_allowance_arg = arg;
}

void
sluice_servicer_context_allow(struct sluice_servicer_context *ctx, int n)
{
    struct sluice_values values = { .allowance = n };

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    if (!ctx->rpc.has_completion)
        sluice_operation_advance(ctx->rpc.op, &values);
}

struct sluice_servicer_context *
sluice_servicer_context_ref(struct sluice_servicer_context *ctx)
{
    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    face_rpc_ref(&ctx->rpc);
    return ctx;
}

void
sluice_servicer_context_unref(struct sluice_servicer_context **ctx)
{
    if (*ctx == NULL)
        return;
    FACE_CHECK(*ctx, FACE_CONTEXT_MAGIC);
    face_rpc_unref(&(*ctx)->rpc);
    *ctx = NULL;
}
