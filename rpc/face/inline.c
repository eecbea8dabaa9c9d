/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/inline.c - methods that run on a thread of their own.
 *
 * To the loop an inline method is an event style one: called there, it makes a
 * rendezvous and leaves the rest to the pool. There the method runs, and when
 * it has returned its responses are drawn, one for each allowance. What ends
 * the RPC meanwhile is found out at the next step; nobody is interrupted.
 */
#include "rpc/face/inline.h"

#include "rpc/face/call.h"
#include "rpc/face/rendezvous_call.h"
#include "rpc/face/rendezvous_service.h"

/* ---- On a thread of the pool: the answer ------------------------------------- */

/* Errors of emit are for the loop's thread. */
static void
emit(struct face_servicing *s, struct sluice_bytes *response, bool is_last)
{
    enum sluice_err err = face_rendezvous_emit(&s->r, response, is_last);

    assert(err == SLUICE_OK);
}

/* An RPC that has ended does not notice a failure any more, and so it is all
 * the same why the method did not go through. */
static void
answer(struct face_servicing *s, enum sluice_reply reply,
    struct sluice_bytes *response)
{
    if (reply == SLUICE_REPLY_OK &&
        (response != NULL || face_servicing_has_failed(s))) {
        emit(s, response, true);
        return;
    }
    sluice_bytes_unref(&response);
    face_rendezvous_fail(&s->r);
}

/* One response; false when it was the last, or nobody waits for more. */
static bool
answer_next(struct face_servicing *s, const struct sluice_iterator *responses)
{
    struct sluice_bytes *response = NULL;
    enum sluice_err err;

    if (face_rendezvous_await_room(&s->r) != SLUICE_OK)
        return false; /* the RPC has ended */
    err = responses->next(responses->arg, &response);
    if (err == SLUICE_OK && response != NULL) {
        emit(s, response, false);
        return true;
    }
    sluice_bytes_unref(&response);
    if (err == SLUICE_EEND)
        emit(s, NULL, true);
    else
        face_rendezvous_fail(&s->r);
    return false;
}

static void
answer_all(struct face_servicing *s, enum sluice_reply reply,
    const struct sluice_iterator *responses)
{
    if (reply != SLUICE_REPLY_OK)
        face_rendezvous_fail(&s->r);
    else if (responses->next == NULL)
        emit(s, NULL, true);
    else
        while (answer_next(s, responses))
            continue;
    face_iterator_close(responses);
}

/* ---- On a thread of the pool: the method ------------------------------------- */

static struct sluice_bytes *
take_request(struct face_servicing *s)
{
    struct sluice_bytes *request = s->request;

    s->request = NULL;
    return request;
}

static void
call_method(struct face_servicing *s)
{
    const struct sluice_method_implementation *m = &s->method->method;
    struct sluice_iterator responses = { .next = NULL };
    struct sluice_bytes *response = NULL;
    enum sluice_reply reply;

    switch (m->cardinality) {
    case SLUICE_UNARY_UNARY:
        reply =
            m->unary_unary_inline(m->self, take_request(s), &s->r, &response);
        answer(s, reply, response);
        break;
    case SLUICE_UNARY_STREAM:
        reply =
            m->unary_stream_inline(m->self, take_request(s), &s->r, &responses);
        answer_all(s, reply, &responses);
        break;
    case SLUICE_STREAM_UNARY:
        reply = m->stream_unary_inline(m->self, &s->r, &response);
        answer(s, reply, response);
        break;
    case SLUICE_STREAM_STREAM:
        reply = m->stream_stream_inline(m->self, &s->r, &responses);
        answer_all(s, reply, &responses);
        break;
    }
}

/* An RPC that has ended before its turn came needs no method. */
static void
on_work(struct sluice_work *work)
{
    struct face_servicing *s =
        RPC_CONTAINER_OF(work, struct face_servicing, work);
    struct sluice_rendezvous *r = &s->r;

    if (sluice_rendezvous_is_active(r))
        call_method(s);
    sluice_rendezvous_unref(&r);
}

/* ---- On the loop's thread ---------------------------------------------------- */

/* Takes the request; the pool gets the reference of the new rendezvous. */
static struct face_servicing *
start(const struct face_inline *method, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct face_servicing *s = face_servicing_new(ctx, method);

    if (s == NULL) {
        sluice_bytes_unref(&request);
        return NULL;
    }
    s->request = request;
    s->work.run = on_work;
    sluice_thread_pool_submit(method->pool, &s->work);
    return s;
}

static enum sluice_reply
on_unary_call(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    return start(self, request, ctx) != NULL ? SLUICE_REPLY_OK
                                             : SLUICE_REPLY_FAILED;
}

/* Valid as long as the context: it is not called after the end. */
static enum sluice_reply
on_request(void *arg, struct sluice_bytes *request)
{
    struct sluice_servicer_context *ctx = arg;

    face_rendezvous_hear_value(ctx->rendezvous, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
on_last_request(void *arg)
{
    struct sluice_servicer_context *ctx = arg;

    face_rendezvous_hear_all(ctx->rendezvous);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
on_stream_call(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    if (start(self, NULL, ctx) == NULL)
        return SLUICE_REPLY_FAILED;
    *requests = (struct sluice_request_consumer){
        .consume = on_request,
        .terminate = on_last_request,
        .arg = ctx,
        .manual_allowance = true, /* each draw grants the next one */
    };
    return SLUICE_REPLY_OK;
}

struct sluice_method_implementation
face_inline_as_event(struct face_inline *method)
{
    switch (method->method.cardinality) {
    case SLUICE_UNARY_UNARY:
        return sluice_unary_unary_event(on_unary_call, method);
    case SLUICE_UNARY_STREAM:
        return sluice_unary_stream_event(on_unary_call, method);
    case SLUICE_STREAM_UNARY:
        return sluice_stream_unary_event(on_stream_call, method);
    case SLUICE_STREAM_STREAM:
        break;
    }
    return sluice_stream_stream_event(on_stream_call, method);
}
