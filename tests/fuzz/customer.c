/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/customer.c - what may be said and heard, and what must come of
 * what is done.
 */
#include "tests/fuzz/customer.h"

#include <assert.h>

#include "rpc/check.h"
#include "tests/fuzz/shortage.h"

/* -------------------------------------------------------- being called */

void
fuzz_customer_enter(struct fuzz_customer *c)
{
    assert(!c->watch->is_within_call && !c->is_called);
    c->is_called = true;
    c->watch->depth++;
}

static void
react(struct fuzz_customer *c)
{
    if (c->reacts)
        c->watch->react(c->watch);
}

enum sluice_reply
fuzz_customer_leave(struct fuzz_customer *c)
{
    react(c);
    assert(c->is_called);
    c->is_called = false;
    c->watch->depth--;
    if (c->good_replies == 0)
        return c->reply;
    c->good_replies--;
    return SLUICE_REPLY_OK;
}

/* No customer is called about an operation that has terminated, but to be told
 * so. */
static void
enter_active(struct fuzz_customer *c)
{
    fuzz_customer_enter(c);
    assert(!fuzz_customer_is_over(c));
}

/* What the other side may have granted: for what is not wanted, and dropped,
 * the library grants anew. */
static void
check_allowance(struct fuzz_customer *c, int allowance)
{
    int64_t most = INT64_MAX;

    assert(allowance >= 0);
    if (allowance == 0)
        return;
    assert(!c->says.said_completion);
    c->announced += allowance;
    if (c->hears != NULL && !c->watch->is_wire)
        most = c->hears->granted + c->says.payloads;
    assert(c->announced <= most);
}

/* Over a wire there is always some. What an invoker says too late to send ends
 * its operation. */
static void
check_metadata(const struct fuzz_customer *c, const struct sluice_metadata *md)
{
    if (c->hears == NULL)
        return;
    if (c->watch->is_wire && sluice_metadata_count(md) == 0)
        assert(!c->hears->said_metadata || fuzz_customer_is_over(c->peer));
    else
        fuzz_check_metadata(c->hears, md);
}

/* A request ends when its answer does. */
static void
check_wire_completion(const struct fuzz_customer *c,
    const struct sluice_completion *said)
{
    if (!c->is_invoker && c->says.said_completion)
        return;
    assert(c->hears->said_completion && c->payloads == c->hears->payloads);
    if (!c->is_invoker)
        return;
    assert(said->has_code && said->code == 0 && c->hears->code == 0);
    if (said->message.len > 0)
        assert(sluice_str_equal(said->message, sluice_str("0")));
}

/* The invoker may be content with the service's completion and have the library
 * say one for it. */
static void
check_completion(struct fuzz_customer *c, const struct sluice_completion *said)
{
    assert(!c->heard_completion);
    c->heard_completion = true;
    c->has_code = said->has_code;
    c->code = said->code;
    if (c->hears == NULL)
        return;
    if (c->watch->is_wire) {
        check_wire_completion(c, said);
        return;
    }
    if (c->peer != NULL && c->peer->is_invoker &&
        fuzz_customer_is_over(c->peer)) {
        if (!said->has_code)
            return;
    }
    fuzz_check_completion(c->hears, said);
    assert(c->payloads == c->hears->payloads);
}

static void
check_values(struct fuzz_customer *c, const struct sluice_values *v)
{
    assert(v->initial_metadata != NULL || v->payload != NULL ||
        v->completion != NULL || v->allowance > 0);
    check_allowance(c, v->allowance);
    if (v->initial_metadata != NULL) {
        assert(!c->heard_metadata && c->payloads == 0 && !c->heard_completion);
        c->heard_metadata = true;
        check_metadata(c, v->initial_metadata);
    }
    if (v->payload != NULL) {
        assert(!c->heard_completion && c->payloads < 1 + c->says.granted);
        if (c->hears != NULL)
            fuzz_check_payload(c->hears, c->payloads, v->payload);
        c->payloads++;
    }
    if (v->completion != NULL)
        check_completion(c, v->completion);
}

static enum sluice_reply
on_advance(void *arg, const struct sluice_values *v)
{
    struct fuzz_customer *c = arg;

    enter_active(c);
    assert(c->subscription.kind == SLUICE_SUBSCRIPTION_FULL);
    check_values(c, v);
    fuzz_release(v);
    return fuzz_customer_leave(c);
}

static enum sluice_reply
on_context(void *arg, void *context)
{
    struct fuzz_customer *c = arg;

    enter_active(c);
    c->contexts++;
    assert(c->contexts == 1);
    if (c->watch->on_context != NULL)
        c->watch->on_context(c->watch->arg, context);
    return fuzz_customer_leave(c);
}

static void
on_allowance(void *arg, int allowance)
{
    struct fuzz_customer *c = arg;

    enter_active(c);
    assert(allowance > 0);
    check_allowance(c, allowance);
    (void)fuzz_customer_leave(c);
}

/* ------------------------------------------------------------- the end */

/* What a completed operation has gone through. */
static void
check_completed(const struct fuzz_customer *c,
    const struct sluice_outcome *outcome)
{
    bool is_full = c->subscription.kind == SLUICE_SUBSCRIPTION_FULL;

    if (is_full) {
        assert(c->heard_completion);
        assert(outcome->has_code == c->has_code && outcome->code == c->code);
    }
    if (!is_full || !c->is_invoker)
        assert(c->says.said_completion);
}

static void
end(struct fuzz_customer *c, const struct sluice_outcome *outcome)
{
    if (c->has_ended) {
        assert(outcome->kind == c->kind);
        return;
    }
    c->has_ended = true;
    c->kind = outcome->kind;
    c->outcome_has_code = outcome->has_code;
    assert((unsigned)c->kind < SLUICE_OUTCOME_KINDS);
    if (c->kind == SLUICE_COMPLETED)
        check_completed(c, outcome);
}

static void
on_terminated(struct sluice_termination_callback *self,
    const struct sluice_outcome *outcome)
{
    struct fuzz_callback *cb =
        RPC_CONTAINER_OF(self, struct fuzz_callback, base);
    struct fuzz_customer *c = cb->owner;

    fuzz_customer_enter(c);
    assert(sluice_operation_outcome(c->op) == outcome);
    assert(cb->place == c->told && c->told < c->registered);
    c->told++;
    end(c, outcome);
    (void)fuzz_customer_leave(c);
}

void
fuzz_customer_listen(struct fuzz_customer *c)
{
    struct fuzz_callback *cb = &c->callbacks[c->listening];
    const struct sluice_outcome *outcome;

    if (c->listening == FUZZ_CALLBACKS)
        return;
    cb->place = c->registered;
    outcome = sluice_operation_add_termination_callback(c->op, &cb->base);
    assert(outcome == sluice_operation_outcome(c->op));
    if (outcome == NULL) {
        c->listening++;
        c->registered++;
    }
    if (outcome != NULL && c->registered == 0)
        end(c, outcome); /* nobody else tells */
}

/* ------------------------------------------------------------ its life */

static void
choose_kind(struct fuzz_customer *c, unsigned n)
{
    struct sluice_subscription *s = &c->subscription;

    if (n < 10) {
        *s = sluice_full_subscription(on_advance, c);
        s->protocol_receiver.context = n % 2 == 0 ? on_context : NULL;
        s->protocol_receiver.arg = c;
        return;
    }
    if (n < 12)
        *s = sluice_termination_only_subscription(&c->subscribed.base);
    else
        *s = sluice_none_subscription();
    s->allowance = n % 2 == 0 ? on_allowance : NULL;
    s->allowance_arg = c;
    if (n < 14)
        return;
    c->is_subscription_valid = false;
    if (n == 14)
        s->termination = &c->subscribed.base;
    else
        s->kind = SLUICE_SUBSCRIPTION_FULL;
}

static void
choose_reply(struct fuzz_customer *c, unsigned n)
{
    static const enum sluice_reply replies[] = { SLUICE_REPLY_ABANDONED,
        SLUICE_REPLY_FAILED, SLUICE_REPLY_NO_SUCH_METHOD };

    if (n < 3)
        c->reply = replies[n];
}

static void
init_callback(struct fuzz_customer *c, struct fuzz_callback *cb)
{
    cb->base.run = on_terminated;
    cb->owner = c;
}

void
fuzz_customer_init(struct fuzz_customer *c, struct fuzz_watch *watch,
    bool is_invoker)
{
    unsigned how = fuzz_byte(&watch->in);
    unsigned i;

    memset(c, 0, sizeof(*c));
    c->watch = watch;
    c->says.watch = watch;
    c->is_invoker = is_invoker;
    c->due_ns = UINT64_MAX;
    for (i = 0; i < FUZZ_CALLBACKS; i++)
        init_callback(c, &c->callbacks[i]);
    init_callback(c, &c->subscribed);
    c->is_subscription_valid = true;
    choose_kind(c, how & 15);
    c->reacts = (how & 16) != 0;
    c->good_replies = how >> 5 & 3;
    if ((how & 128) != 0)
        choose_reply(c, fuzz_below(&watch->in, 4));
}

void
fuzz_customer_subscribed(struct fuzz_customer *c)
{
    if (c->subscription.kind == SLUICE_SUBSCRIPTION_TERMINATION_ONLY)
        c->subscribed.place = c->registered++;
}

void
fuzz_customer_begin(struct fuzz_customer *c, struct sluice_operation *op,
    bool is_lent)
{
    c->op = op;
    c->is_lent = is_lent;
    c->holds = is_lent ? 0 : 1;
    if (c->is_invoker)
        fuzz_customer_subscribed(c);
    fuzz_customer_listen(c);
}

bool
fuzz_customer_is_over(const struct fuzz_customer *c)
{
    return c->has_ended ||
        (c->op != NULL && sluice_operation_outcome(c->op) != NULL);
}

bool
fuzz_customer_can_act(const struct fuzz_customer *c)
{
    return c->op != NULL && (c->holds > 0 || (c->is_lent && !c->has_ended));
}

/* --------------------------------------------------------------- acts */

static void
ended_as(const struct fuzz_customer *c, enum sluice_outcome_kind kind)
{
    const struct sluice_outcome *outcome = sluice_operation_outcome(c->op);

    assert(outcome != NULL && outcome->kind == kind);
}

/* Of two ends the first one counts. */
static void
end_by(struct fuzz_customer *c, void (*act)(struct sluice_operation *op),
    enum sluice_outcome_kind kind)
{
    const struct sluice_outcome *before = sluice_operation_outcome(c->op);

    if (before != NULL)
        kind = before->kind;
    c->watch->is_within_call = true;
    act(c->op);
    c->watch->is_within_call = false;
    ended_as(c, kind);
}

void
fuzz_customer_cancel(struct fuzz_customer *c)
{
    end_by(c, sluice_operation_cancel, SLUICE_CANCELLED);
}

void
fuzz_customer_fail(struct fuzz_customer *c)
{
    end_by(c, sluice_operation_fail, SLUICE_LOCAL_FAILURE);
}

void
fuzz_customer_advance(struct fuzz_customer *c)
{
    const struct sluice_outcome *before = sluice_operation_outcome(c->op);
    enum sluice_outcome_kind kind =
        before != NULL ? before->kind : SLUICE_LOCAL_FAILURE;
    unsigned shortages = fuzz_shortages();
    const struct sluice_outcome *after;
    struct fuzz_values v;
    bool is_legal;

    fuzz_choose_values(&c->says, &v);
    is_legal = fuzz_may_pass(&c->says, &v.values);
    if (is_legal && before == NULL)
        fuzz_note(&c->says, &v.values);
    c->watch->is_within_call = true;
    sluice_operation_advance(c->op, &v.values);
    c->watch->is_within_call = false;
    fuzz_scribble(&v);

    after = sluice_operation_outcome(c->op);
    if (before != NULL || !is_legal)
        ended_as(c, kind);
    else if (after != NULL && fuzz_shortages() == shortages)
        assert(after->kind == SLUICE_COMPLETED ||
            after->kind == SLUICE_TRANSMISSION_FAILURE);
}

void
fuzz_customer_look(const struct fuzz_customer *c)
{
    const struct sluice_outcome *outcome = sluice_operation_outcome(c->op);
    int64_t left = sluice_operation_time_remaining(c->op);

    assert(left >= 0 && (outcome == NULL || left == 0));
    assert(sluice_operation_send_budget(c->op) >= 0);
    if (c->has_ended)
        assert(outcome != NULL && outcome->kind == c->kind);
    if (outcome == NULL || outcome->details.ptr == NULL)
        return;
    assert(memchr(outcome->details.ptr, '\0', outcome->details.len) == NULL);
}

void
fuzz_customer_ref(struct fuzz_customer *c)
{
    if (sluice_operation_ref(c->op) == c->op)
        c->holds++;
}

void
fuzz_customer_unref(struct fuzz_customer *c)
{
    struct sluice_operation *op = c->op;

    if (c->holds == 0)
        return;
    c->holds--;
    sluice_operation_unref(&op);
    assert(op == NULL);
}

/* ------------------------------------------------------------- at rest */

/* A service does not outlive its invoker, who has told it. */
static void
check_peer(const struct fuzz_customer *c)
{
    if (c->watch->is_wire && !c->is_invoker && c->peer != NULL &&
        c->peer->subscription.kind != SLUICE_SUBSCRIPTION_NONE &&
        fuzz_customer_is_over(c->peer))
        assert(c->has_ended);
}

static void
check_deliveries(const struct fuzz_customer *c, const struct fuzz_speaker *said,
    bool is_exact)
{
    int64_t most = c->says.granted + 1;

    assert(c->payloads == (said->payloads < most ? said->payloads : most));
    if (is_exact && !c->says.said_completion)
        assert(c->announced == said->granted);
}

void
fuzz_customer_check_rest(const struct fuzz_customer *c)
{
    const struct fuzz_customer *peer = c->peer;

    assert(!c->is_called);
    if (c->op == NULL)
        return;
    assert(c->told == (c->has_ended ? c->registered : 0));
    assert(c->has_ended || sluice_loop_now(c->watch->loop) < c->due_ns);
    check_peer(c);
    if (c->has_ended || peer == NULL || peer->has_ended ||
        c->subscription.kind != SLUICE_SUBSCRIPTION_FULL)
        return;
    check_deliveries(c, &peer->says,
        !c->watch->is_wire &&
            peer->subscription.kind == SLUICE_SUBSCRIPTION_FULL);
}
