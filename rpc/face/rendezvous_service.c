/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_service.c - a rendezvous over a servicer context, and
 * what only a service does with one: what goes along with its answer.
 *
 * Whether a value may still be set is decided in the thread that sets it, so
 * that the error is its own; the value itself goes through the door, ahead of
 * responses and of the completion that are emitted later.
 */
#include "rpc/face/rendezvous_service.h"

#include <stdlib.h>

/* ---- What the context is told ---------------------------------------------- */

static void
emit(void *rpc, struct sluice_bytes *value, bool is_last)
{
    if (value == NULL)
        sluice_servicer_context_terminate(rpc);
    else if (is_last)
        sluice_servicer_context_respond(rpc, value);
    else
        sluice_servicer_context_consume(rpc, value);
}

static void
allow(void *rpc, int n)
{
    sluice_servicer_context_allow(rpc, n);
}

static void
cancel(void *rpc)
{
    sluice_servicer_context_cancel(rpc);
}

static void
fail(void *rpc)
{
    struct sluice_servicer_context *ctx = rpc;

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    sluice_operation_fail(ctx->rpc.op);
}

/* What the method has set through its context in the meantime stays; details
 * that there is no memory for are lost. */
static void
apply(void *rpc, const struct face_settings *settings)
{
    enum sluice_err err = SLUICE_OK;

    if (settings->initial_metadata != NULL)
        err = sluice_servicer_context_set_initial_metadata(rpc,
            settings->initial_metadata);
    if (settings->terminal_metadata != NULL)
        err = sluice_servicer_context_set_terminal_metadata(rpc,
            settings->terminal_metadata);
    if (settings->has_code)
        err = sluice_servicer_context_set_code(rpc, settings->code);
    if (settings->details != NULL)
        err = sluice_servicer_context_set_details(rpc,
            sluice_str_n(settings->details, settings->details_len));
    (void)err;
}

static int
budget(const void *rpc)
{
    return sluice_servicer_context_response_budget(rpc);
}

static int64_t
time_remaining(const void *rpc)
{
    return sluice_servicer_context_time_remaining(rpc);
}

static enum sluice_err
protocol_context(const void *rpc, void **context)
{
    *context = sluice_servicer_context_protocol_context(rpc);
    return SLUICE_OK;
}

static void
release(void *rpc)
{
    struct sluice_servicer_context *ctx = rpc;

    sluice_servicer_context_unref(&ctx);
}

static void
fini(struct sluice_rendezvous *r)
{
    struct face_servicing *s = RPC_CONTAINER_OF(r, struct face_servicing, r);

    sluice_bytes_unref(&s->request);
}

static const struct face_rendezvous_ops ops = {
    .size = sizeof(struct face_servicing),
    .emit = emit,
    .allow = allow,
    .cancel = cancel,
    .fail = fail,
    .apply = apply,
    .budget = budget,
    .time_remaining = time_remaining,
    .protocol_context = protocol_context,
    .release = release,
    .fini = fini,
};

/* ---- Beginning and end ------------------------------------------------------ */

/* What the method has done through its context so far. */
static void
copy_state(struct face_servicing *s, const struct sluice_servicer_context *ctx)
{
    s->has_initial_metadata = ctx->has_sent_metadata;
    s->has_terminal_metadata = ctx->has_terminal_metadata;
    s->has_code = ctx->has_code;
    s->has_details = ctx->details.ptr != NULL;
    s->code = ctx->code;
    s->r.has_emitted = ctx->has_responded;
    s->r.has_emitted_last = ctx->has_completed;
}

struct face_servicing *
face_servicing_new(struct sluice_servicer_context *ctx,
    const struct face_inline *method)
{
    struct sluice_metadata *metadata = ctx->rpc.initial_metadata;
    struct face_servicing *s;
    struct sluice_rendezvous *r;

    assert(ctx->rendezvous == NULL && !ctx->rpc.has_ended);

    r = face_rendezvous_new(&ops, ctx->rpc.loop);
    if (r == NULL)
        return NULL;
    s = RPC_CONTAINER_OF(r, struct face_servicing, r);
    s->method = method;
    r->is_service = true;
    r->can_draw = method != NULL && !ctx->has_unary_request;
    r->can_emit = method == NULL;
    copy_state(s, ctx);
    ctx->rendezvous = r;
    face_rendezvous_attach(r, sluice_servicer_context_ref(ctx));
    /* A method is called when it is known whether there is any. */
    face_rendezvous_hear_metadata(r,
        metadata != NULL ? sluice_metadata_ref(metadata) : NULL);
    return s;
}

void
face_servicing_hear_late_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata)
{
    face_rendezvous_lock(r);
    if (r->metadata == NULL)
        r->metadata = sluice_metadata_ref(metadata);
    face_rendezvous_unlock(r);
}

void
face_servicing_end(struct sluice_servicer_context *ctx)
{
    struct face_end end = {
        .abortion = ctx->rpc.is_aborted ? &ctx->rpc.abortion : NULL,
    };
    struct sluice_rendezvous *r = ctx->rendezvous;

    assert(ctx->rpc.has_ended);

    ctx->rendezvous = NULL;
    face_rendezvous_end(r, &end);
}

enum sluice_err
sluice_servicer_context_rendezvous(struct sluice_servicer_context *ctx,
    struct sluice_rendezvous **r)
{
    struct face_servicing *s;

    FACE_CHECK(ctx, FACE_CONTEXT_MAGIC);
    *r = NULL;
    if (ctx->rpc.has_ended)
        return SLUICE_ESTATE;
    if (ctx->rendezvous != NULL) {
        *r = sluice_rendezvous_ref(ctx->rendezvous);
        return SLUICE_OK;
    }
    s = face_servicing_new(ctx, NULL);
    if (s == NULL)
        return SLUICE_ENOMEM;
    *r = &s->r;
    return SLUICE_OK;
}

/* ---- What goes along with the answer ---------------------------------------- */

bool
face_servicing_has_failed(struct face_servicing *s)
{
    bool has_failed;

    face_rendezvous_lock(&s->r);
    has_failed = s->has_code && s->code != SLUICE_CODE_OK;
    face_rendezvous_unlock(&s->r);
    return has_failed;
}

/* NULL on the invocation side. */
static struct face_servicing *
servicing_of(struct sluice_rendezvous *r)
{
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    return r->is_service ? RPC_CONTAINER_OF(r, struct face_servicing, r) : NULL;
}

/* Locked. Terminal values wait for the completion. */
static bool
is_too_late(const struct face_servicing *s)
{
    return s->r.phase != FACE_ACTIVE || s->r.has_emitted_last;
}

enum sluice_err
sluice_rendezvous_invocation_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata **metadata)
{
    *metadata = NULL;
    if (servicing_of(r) == NULL)
        return SLUICE_ESTATE;
    return face_rendezvous_await_metadata(r, metadata);
}

enum sluice_err
sluice_rendezvous_set_initial_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata)
{
    struct face_servicing *s = servicing_of(r);
    enum sluice_err err = SLUICE_ESTATE;

    if (metadata == NULL)
        return SLUICE_EINVAL;
    face_rendezvous_lock(r);
    if (s != NULL && !s->has_initial_metadata && !r->has_emitted &&
        !is_too_late(s)) {
        s->has_initial_metadata = true;
        r->settings.initial_metadata = metadata;
        metadata = NULL;
        err = SLUICE_OK;
        face_rendezvous_knock(r); /* it is sent at once */
    }
    face_rendezvous_unlock(r);
    sluice_metadata_unref(&metadata);
    return err;
}

enum sluice_err
sluice_rendezvous_set_terminal_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata)
{
    struct face_servicing *s = servicing_of(r);
    enum sluice_err err = SLUICE_ESTATE;

    if (metadata == NULL)
        return SLUICE_EINVAL;
    face_rendezvous_lock(r);
    if (s != NULL && !s->has_terminal_metadata && !is_too_late(s)) {
        s->has_terminal_metadata = true;
        r->settings.terminal_metadata = metadata;
        metadata = NULL;
        err = SLUICE_OK;
    }
    face_rendezvous_unlock(r);
    sluice_metadata_unref(&metadata);
    return err;
}

enum sluice_err
sluice_rendezvous_set_code(struct sluice_rendezvous *r, int32_t code)
{
    struct face_servicing *s = servicing_of(r);
    enum sluice_err err = SLUICE_ESTATE;

    face_rendezvous_lock(r);
    if (s != NULL && !s->has_code && !is_too_late(s)) {
        s->has_code = r->settings.has_code = true;
        s->code = r->settings.code = code;
        err = SLUICE_OK;
    }
    face_rendezvous_unlock(r);
    return err;
}

enum sluice_err
sluice_rendezvous_set_details(struct sluice_rendezvous *r,
    struct sluice_str details)
{
    struct face_servicing *s = servicing_of(r);
    enum sluice_err err = SLUICE_ESTATE;
    char *copy;

    if (details.ptr == NULL)
        return SLUICE_EINVAL;
    copy = malloc(details.len + 1); /* so that an empty one is not absent */
    if (copy == NULL)
        return SLUICE_ENOMEM;
    memcpy(copy, details.ptr, details.len);
    face_rendezvous_lock(r);
    if (s != NULL && !s->has_details && !is_too_late(s)) {
        s->has_details = true;
        r->settings.details = copy;
        r->settings.details_len = details.len;
        copy = NULL;
        err = SLUICE_OK;
    }
    face_rendezvous_unlock(r);
    free(copy);
    return err;
}
