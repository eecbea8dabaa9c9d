/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/scripted.c - the far end of a link, played by the fuzzer.
 */
#include "tests/fuzz/scripted.h"

#include <assert.h>
#include <limits.h>

#include "rpc/check.h"
#include "tests/fuzz/shortage.h"

static void
release(struct sluice_ticket *t)
{
    sluice_metadata_unref(&t->initial_metadata);
    sluice_bytes_unref(&t->payload);
    sluice_metadata_unref(&t->terminal_metadata);
}

/* --------------------------------------------------------- what is sent */

static bool
is_abort(const struct sluice_ticket *t)
{
    return t->termination > SLUICE_TERMINATION_COMPLETION;
}

static void
check_first(const struct fuzz_wire *w, const struct sluice_ticket *t,
    bool is_first)
{
    assert((t->group.ptr != NULL) == is_first);
    assert((t->method.ptr != NULL) == is_first);
    assert(!w->sent_abort && t->allowance >= 0);
    if (!w->is_mute)
        return;
    assert(t->payload == NULL && t->initial_metadata == NULL);
    assert(t->termination == SLUICE_TERMINATION_NONE && t->allowance > 0);
}

/* A ticket of the End: its order, and whether the far end granted it. */
static void
check_ticket(struct fuzz_wire *w, const struct sluice_ticket *t)
{
    bool completes = t->termination == SLUICE_TERMINATION_COMPLETION;

    if (t->initial_metadata != NULL)
        assert(!w->sent_metadata && !w->sent_payload && !w->sent_completion);
    if (t->payload != NULL || completes)
        assert(!w->sent_completion);
    if (!completes && !is_abort(t))
        assert(t->terminal_metadata == NULL && t->message.ptr == NULL);
    w->sent_metadata |= t->initial_metadata != NULL;
    w->sent_payload |= t->payload != NULL;
    w->sent_completion |= completes;
    w->sent_abort |= is_abort(t);
    w->payloads += t->payload != NULL;
    w->granted += t->allowance;
    assert(w->payloads <= 1 + w->says.granted);
}

static enum sluice_err
take(struct fuzz_wire *w, struct sluice_ticket *t, bool is_first)
{
    struct fuzz_scripted *s = w->link;

    assert(!w->has_lost);
    check_first(w, t, is_first);
    check_ticket(w, t);
    release(t);
    if (s->may_fail && s->good_tickets == 0) {
        s->may_fail = false;
        w->has_lost = true;
        return SLUICE_ENOMEM;
    }
    if (s->may_fail)
        s->good_tickets--;
    return SLUICE_OK;
}

/* ------------------------------------------------------- the link's ops */

static struct fuzz_wire *
wire_new(struct fuzz_scripted *s, struct sluice_operation *op)
{
    struct fuzz_wire *w;

    if (s->wires == FUZZ_WIRES)
        return NULL;
    w = &s->wire[s->wires++];
    memset(w, 0, sizeof(*w));
    w->link = s;
    w->op = op;
    w->says.watch = s->watch;
    return w;
}

static enum sluice_err
scripted_open(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *first, void **transport)
{
    struct fuzz_scripted *s =
        RPC_CONTAINER_OF(link, struct fuzz_scripted, link);
    struct fuzz_wire *w = wire_new(s, op);
    enum sluice_err err;

    if (w == NULL) {
        release(first);
        return SLUICE_ELIMIT;
    }
    err = take(w, first, true);
    if (err != SLUICE_OK)
        w->op = NULL;
    *transport = w;
    return err;
}

static enum sluice_err
scripted_send(void *transport, struct sluice_ticket *ticket)
{
    struct fuzz_wire *w = transport;

    assert(w->op != NULL);
    return take(w, ticket, false);
}

static void
scripted_close(void *transport)
{
    struct fuzz_wire *w = transport;

    assert(w->op != NULL);
    assert(sluice_operation_outcome(w->op) != NULL);
    w->op = NULL;
}

static const struct sluice_link_ops ops = {
    .open = scripted_open,
    .send = scripted_send,
    .close = scripted_close,
};

void
fuzz_scripted_init(struct fuzz_scripted *s, struct fuzz_watch *watch)
{
    s->link.ops = &ops;
    s->watch = watch;
    s->wires = 0;
    s->may_fail = false;
}

/* ----------------------------------------------------- what it delivers */

/* Values as anybody chooses them, and what only tickets have. */
static void
choose_ticket(struct fuzz_wire *w, struct fuzz_values *v,
    struct sluice_ticket *t)
{
    static const int64_t timeouts[] = { 0, -1, SLUICE_MS, 5 * SLUICE_MS,
        SLUICE_SECOND, 1000 * SLUICE_SECOND, SLUICE_NO_TIMEOUT, INT64_MIN };
    struct fuzz_input *in = &w->says.watch->in;
    unsigned what = fuzz_byte(in);

    fuzz_choose_values(&w->says, v);
    memset(t, 0, sizeof(*t));
    t->initial_metadata = v->values.initial_metadata;
    t->payload = v->values.payload;
    t->allowance = v->values.allowance;
    t->terminal_metadata = v->completion.terminal_metadata;
    t->has_code = v->completion.has_code;
    t->code = v->completion.code;
    t->message = v->completion.message;
    if (v->values.completion != NULL)
        t->termination = SLUICE_TERMINATION_COMPLETION;
    if ((what & 15) > SLUICE_TERMINATION_COMPLETION &&
        (what & 15) <= SLUICE_TERMINATION_REMOTE_FAILURE)
        t->termination = (enum sluice_termination)(what & 15);
    t->has_timeout = (what & 16) != 0;
    t->timeout_ns = t->has_timeout ? timeouts[what >> 5] : 0;
}

static enum sluice_outcome_kind
kind_of_abort(const struct sluice_ticket *t)
{
    static const enum sluice_outcome_kind kinds[] = {
        [SLUICE_TERMINATION_CANCELLATION] = SLUICE_CANCELLED,
        [SLUICE_TERMINATION_EXPIRATION] = SLUICE_EXPIRED,
        [SLUICE_TERMINATION_SHUTDOWN] = SLUICE_REMOTE_SHUTDOWN,
        [SLUICE_TERMINATION_RECEPTION_FAILURE] = SLUICE_RECEPTION_FAILURE,
        [SLUICE_TERMINATION_TRANSMISSION_FAILURE] = SLUICE_TRANSMISSION_FAILURE,
        [SLUICE_TERMINATION_LOCAL_FAILURE] = SLUICE_REMOTE_FAILURE,
        [SLUICE_TERMINATION_REMOTE_FAILURE] = SLUICE_LOCAL_FAILURE,
    };

    return kinds[t->termination];
}

static bool
is_in_order(const struct fuzz_wire *w, const struct fuzz_values *v)
{
    if (v->values.payload != NULL && w->says.payloads >= 1 + w->granted)
        return false;
    return fuzz_may_pass(&w->says, &v->values);
}

/* What the ticket must have made of an operation that was active. */
static void
check_delivered(const struct sluice_outcome *outcome,
    const struct sluice_ticket *t, bool was_in_order)
{
    if (is_abort(t)) {
        assert(outcome != NULL && outcome->kind == kind_of_abort(t));
        assert(outcome->has_code == t->has_code && outcome->code == t->code);
    } else if (!was_in_order) {
        assert(outcome != NULL && outcome->kind == SLUICE_RECEPTION_FAILURE);
    } else if (outcome != NULL) {
        assert(outcome->kind != SLUICE_RECEPTION_FAILURE);
        assert(outcome->kind != SLUICE_REMOTE_FAILURE);
        assert(outcome->kind != SLUICE_REMOTE_SHUTDOWN);
    }
}

void
fuzz_wire_deliver(struct fuzz_wire *w)
{
    struct sluice_operation *op = w->op;
    bool was_active = sluice_operation_outcome(op) == NULL, was_in_order;
    unsigned number = ++w->deliveries;
    struct sluice_ticket t, kept;
    struct fuzz_values v;

    choose_ticket(w, &v, &t);
    kept = t;
    was_in_order = is_in_order(w, &v);
    if (was_active && was_in_order && !is_abort(&t))
        fuzz_note(&w->says, &v.values);
    sluice_operation_deliver(op, &t);
    fuzz_scribble(&v);
    /* Customers that were called may have delivered, too. */
    if (was_active && w->deliveries == number)
        check_delivered(sluice_operation_outcome(op), &kept, was_in_order);
}

bool
fuzz_scripted_begin(struct fuzz_scripted *s, struct sluice_end *end)
{
    struct fuzz_wire *w = wire_new(s, NULL);
    const struct fuzz_speaker *speaker;
    struct fuzz_values v;
    unsigned shortages = fuzz_shortages();
    struct sluice_ticket t;
    enum sluice_err err;
    bool may_begin;

    if (w == NULL)
        return false;
    speaker = &w->says;
    choose_ticket(w, &v, &t);
    t.group = sluice_str(FUZZ_SCRIPTED_GROUP);
    t.method = sluice_str_n((const char *)&speaker, sizeof(speaker));
    t.subscription =
        (enum sluice_subscription_kind)fuzz_below(&s->watch->in, 3);
    w->is_mute = t.subscription == SLUICE_SUBSCRIPTION_NONE;
    may_begin = is_in_order(w, &v) && !is_abort(&t);
    if (may_begin)
        fuzz_note(&w->says, &v.values);
    s->watch->is_within_call = true;
    err = sluice_end_accept(end, &s->link, w, &t, &w->op);
    s->watch->is_within_call = false;
    fuzz_scribble(&v);
    assert(err == SLUICE_OK || err == SLUICE_EINVAL || err == SLUICE_ESTATE ||
        (err == SLUICE_ENOMEM && fuzz_shortages() != shortages));
    assert(may_begin || err != SLUICE_OK);
    assert(!may_begin || err != SLUICE_EINVAL);
    assert((w->op != NULL) == (err == SLUICE_OK));
    return err == SLUICE_OK;
}
