/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_call.c - a rendezvous over a call: its loop half is the
 * receiver of an event style call, which it begins by crossing to the loop.
 */
#include "rpc/face/rendezvous_call.h"

/* ---- What the call tells -------------------------------------------------------- */

static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    face_rendezvous_hear_metadata(arg, metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    face_rendezvous_hear_value(arg, response);
    return SLUICE_REPLY_OK;
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct face_end end = { .completion = completion };

    face_rendezvous_end(arg, &end);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    struct face_end end = { .abortion = abortion };

    face_rendezvous_end(arg, &end);
}

static void
on_allowance(void *arg, int n)
{
    (void)n;
    face_rendezvous_look(arg);
}

static void
on_context(void *arg)
{
    face_rendezvous_look(arg);
}

/* ---- What it is told ------------------------------------------------------------- */

static void
emit(void *rpc, struct sluice_bytes *value, bool is_last)
{
    if (value == NULL)
        sluice_call_terminate(rpc);
    else if (is_last)
        sluice_call_consume_and_terminate(rpc, value);
    else
        sluice_call_consume(rpc, value);
}

static void
allow(void *rpc, int n)
{
    sluice_call_allow(rpc, n);
}

static void
cancel(void *rpc)
{
    sluice_call_cancel(rpc);
}

static void
fail(void *rpc)
{
    face_call_fail(rpc);
}

static int
budget(const void *rpc)
{
    return sluice_call_request_budget(rpc);
}

static int64_t
time_remaining(const void *rpc)
{
    return sluice_call_time_remaining(rpc);
}

static enum sluice_err
protocol_context(const void *rpc, void **context)
{
    return sluice_call_protocol_context(rpc, context);
}

static void
release(void *rpc)
{
    struct sluice_call *call = rpc;

    sluice_call_unref(&call);
}

static void
on_room_or_end(struct sluice_rendezvous *r)
{
    face_pump_wake(RPC_CONTAINER_OF(r, struct face_invocation, r));
}

static const struct face_rendezvous_ops ops = {
    .size = sizeof(struct face_invocation),
    .emit = emit,
    .allow = allow,
    .cancel = cancel,
    .fail = fail,
    .budget = budget,
    .time_remaining = time_remaining,
    .protocol_context = protocol_context,
    .release = release,
    .changed = on_room_or_end,
};

/* ---- The start ------------------------------------------------------------------- */

struct crossing {
    const struct face_invocation_start *start;
    struct sluice_rendezvous *r;
    enum sluice_err err;
};

/* On the loop's thread; takes the request and the metadata in every case. */
static void
begin(void *arg)
{
    struct crossing *c = arg;
    struct sluice_receiver receiver = {
        .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .allowance = on_allowance,
        .arg = c->r,
        .manual_allowance = true,
    };
    struct sluice_call *call = NULL;

    c->err =
        face_call_new(&c->start->call, &receiver, c->start->options, &call);
    if (c->err != SLUICE_OK)
        return;
    face_call_on_context(call, on_context);
    face_rendezvous_attach(c->r, call);
}

static struct face_invocation *
new_invocation(const struct face_invocation_start *start)
{
    enum sluice_cardinality cardinality = start->call.cardinality;
    struct sluice_rendezvous *r;
    struct face_invocation *x;

    r = face_rendezvous_new(&ops, sluice_end_loop(start->call.end));
    if (r == NULL)
        return NULL;
    x = RPC_CONTAINER_OF(r, struct face_invocation, r);
    r->is_unary = face_has_unary_response(cardinality);
    r->can_draw = true;
    r->can_emit =
        !face_has_unary_request(cardinality) && start->requests == NULL;
    face_pump_init(x, start->pool, start->requests);
    return x;
}

static bool
has_right_requests(const struct face_invocation_start *start)
{
    const struct sluice_iterator *requests = start->requests;

    if (face_has_unary_request(start->call.cardinality))
        return start->call.request != NULL && requests == NULL;
    if (start->call.request != NULL)
        return false;
    if (requests == NULL) /* a caller that is blocked could not bring any */
        return start->style != FACE_BLOCKING;
    return requests->next != NULL && start->pool != NULL;
}

static bool
is_valid(const struct face_invocation_start *start)
{
    bool is_unary = face_has_unary_response(start->call.cardinality);

    return start->options != NULL &&
        is_unary == (start->style != FACE_INLINE) && has_right_requests(start);
}

static enum sluice_err
refuse(const struct face_invocation_start *start, enum sluice_err err)
{
    struct sluice_bytes *request = start->call.request;
    struct sluice_metadata *metadata = NULL;

    if (start->options != NULL)
        metadata = start->options->metadata;
    sluice_bytes_unref(&request);
    sluice_metadata_unref(&metadata);
    face_iterator_close(start->requests);
    return err;
}

enum sluice_err
face_rendezvous_start(const struct face_invocation_start *start,
    struct sluice_rendezvous **r)
{
    struct sluice_loop *loop = sluice_end_loop(start->call.end);
    struct crossing c = { .start = start };
    struct face_invocation *x;
    enum sluice_err err;

    *r = NULL;
    if (!is_valid(start))
        return refuse(start, SLUICE_EINVAL);
    if (sluice_loop_is_current(loop))
        return refuse(start, SLUICE_ETHREAD);
    x = new_invocation(start);
    if (x == NULL)
        return refuse(start, SLUICE_ENOMEM);

    c.r = &x->r;
    err = sluice_loop_call(loop, begin, &c);
    assert(err == SLUICE_OK);
    if (c.err != SLUICE_OK) {
        face_iterator_close(start->requests);
        sluice_rendezvous_unref(&c.r);
        return c.err;
    }
    face_pump_start(x);
    *r = c.r;
    return SLUICE_OK;
}
