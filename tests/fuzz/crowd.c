/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/crowd.c - customers by the dozen.
 */
#include "tests/fuzz/crowd.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "rpc/check.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/shortage.h"

/* How late a timer may be, when time passes in steps. */
#define LATE_NS ((uint64_t)(2 * SLUICE_MS))

#define MAX_TURNS 1000 /* until somebody has set a flag */

/* ------------------------------------------------------------- turning */

bool
fuzz_crowd_turn(struct fuzz_crowd *crowd)
{
    fuzz_clock_step(0);
    return uv_run(&crowd->uv, UV_RUN_NOWAIT) != 0;
}

void
fuzz_crowd_turn_until(struct fuzz_crowd *crowd, const bool *flag)
{
    unsigned turns = 0;

    while (!*flag) {
        turns++;
        assert(turns < MAX_TURNS);
        (void)fuzz_crowd_turn(crowd);
    }
}

void
fuzz_crowd_check_rest(const struct fuzz_crowd *crowd)
{
    size_t i;

    for (i = 0; i < crowd->customers; i++)
        fuzz_customer_check_rest(&crowd->customer[i]);
}

void
fuzz_crowd_check_codes(const struct fuzz_crowd *crowd)
{
    const struct fuzz_customer *c = crowd->customer;

    for (; c < crowd->customer + crowd->customers; c++) {
        if (c->has_ended && c->kind == SLUICE_RECEPTION_FAILURE)
            assert(c->outcome_has_code);
    }
}

/* ----------------------------------------------------------- beginning */

struct fuzz_customer *
fuzz_crowd_add(struct fuzz_crowd *crowd, struct sluice_end *end,
    bool is_invoker)
{
    struct fuzz_customer *c;

    if (crowd->customers == FUZZ_CUSTOMERS)
        return NULL;
    c = &crowd->customer[crowd->customers++];
    fuzz_customer_init(c, &crowd->watch, is_invoker);
    c->end = end;
    return c;
}

/* When it must have ended. */
static uint64_t
due(struct fuzz_crowd *crowd, int64_t timeout)
{
    uint64_t now = sluice_loop_now(crowd->loop);

    if (timeout == SLUICE_NO_TIMEOUT)
        return UINT64_MAX;
    return now + (uint64_t)(timeout > 0 ? timeout : 0) + LATE_NS;
}

bool
fuzz_crowd_operate(struct fuzz_crowd *crowd, struct sluice_end *end,
    struct sluice_invocation *i)
{
    struct fuzz_customer *c = fuzz_crowd_add(crowd, end, true);
    const struct fuzz_speaker *speaker = c != NULL ? &c->says : NULL;
    unsigned shortages = fuzz_shortages();
    struct sluice_operation *op;
    struct fuzz_values v;
    enum sluice_err err;
    bool is_legal;

    if (c == NULL)
        return false;
    if (i->method.ptr == NULL)
        i->method = sluice_str_n((const char *)&speaker, sizeof(speaker));
    i->subscription = c->subscription;
    i->timeout_ns = fuzz_choose_duration(&crowd->watch.in);
    fuzz_choose_values(&c->says, &v);
    i->first = v.values;
    is_legal = fuzz_may_pass(&c->says, &v.values);
    if (is_legal)
        fuzz_note(&c->says, &v.values);
    crowd->watch.is_within_call = true;
    err = sluice_end_operate(end, i, &op);
    crowd->watch.is_within_call = false;
    fuzz_scribble(&v);

    assert((err == SLUICE_EINVAL) == !c->is_subscription_valid);
    assert(err != SLUICE_ENOMEM || fuzz_shortages() != shortages);
    assert((op != NULL) == (err == SLUICE_OK));
    if (op == NULL)
        return false;
    if (!is_legal)
        assert(sluice_operation_outcome(op)->kind == SLUICE_LOCAL_FAILURE);
    c->due_ns = due(crowd, i->timeout_ns);
    fuzz_customer_begin(c, op, false);
    return true;
}

enum sluice_reply
fuzz_crowd_serve(struct fuzz_customer *c, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    enum sluice_reply reply;

    fuzz_customer_begin(c, op, true);
    fuzz_customer_enter(c);
    *subscription = c->subscription;
    no_such_method->has_code = true;
    no_such_method->code = 12;
    no_such_method->details = sluice_str("none such");
    reply = fuzz_customer_leave(c);
    if (reply == SLUICE_REPLY_OK && c->is_subscription_valid)
        fuzz_customer_subscribed(c);
    return reply;
}

/* -------------------------------------------------------------- acting */

int64_t
fuzz_choose_duration(struct fuzz_input *in)
{
    static const int64_t durations[] = { 0, -5, SLUICE_MS, 10 * SLUICE_MS,
        100 * SLUICE_MS, SLUICE_SECOND, 3000 * SLUICE_SECOND,
        SLUICE_NO_TIMEOUT };

    return durations[fuzz_below(in, 8)];
}

static void
pass_time(struct fuzz_input *in)
{
    static const int64_t steps[] = { 0, SLUICE_MS / 2, SLUICE_MS, 3 * SLUICE_MS,
        10 * SLUICE_MS, 200 * SLUICE_MS, SLUICE_SECOND, 4000 * SLUICE_SECOND };

    fuzz_clock_step((uint64_t)steps[fuzz_below(in, 8)]);
}

static void (*const deeds[])(struct fuzz_customer *c) = {
    fuzz_customer_advance,
    fuzz_customer_advance,
    fuzz_customer_advance,
    fuzz_customer_advance,
    fuzz_customer_cancel,
    fuzz_customer_fail,
    fuzz_customer_listen,
    fuzz_customer_ref,
    fuzz_customer_unref,
};
#define DEEDS (sizeof(deeds) / sizeof(deeds[0]))

/* Somebody does something about his operation, if he can. */
static void
act_as_customer(struct fuzz_crowd *crowd, size_t n)
{
    unsigned who = fuzz_byte(&crowd->watch.in);
    struct fuzz_customer *c;

    if (crowd->customers == 0)
        return;
    c = &crowd->customer[who % crowd->customers];
    if (fuzz_customer_can_act(c))
        deeds[n](c);
    if (fuzz_customer_can_act(c))
        fuzz_customer_look(c);
}

static void
act(struct fuzz_crowd *crowd)
{
    struct fuzz_input *in = &crowd->watch.in;
    size_t n = fuzz_below(in, (unsigned)(DEEDS + crowd->n_acts));
    const struct fuzz_act *chosen;

    if (n < DEEDS) {
        act_as_customer(crowd, n);
        return;
    }
    chosen = &crowd->acts[n - DEEDS];
    if (!chosen->is_for_anybody && crowd->watch.depth > 0)
        return;
    if (chosen->run != NULL)
        chosen->run(crowd->world);
    else
        pass_time(in);
}

static void
react(struct fuzz_watch *watch)
{
    struct fuzz_crowd *crowd =
        RPC_CONTAINER_OF(watch, struct fuzz_crowd, watch);
    unsigned n = fuzz_below(&watch->in, 4);

    while (n-- > 0)
        act(crowd);
}

/* ---------------------------------------------------------------- life */

static void
crowd_open(struct fuzz_crowd *crowd, const uint8_t *data, size_t size,
    struct world *w)
{
    int rc;

    fuzz_clock_reset();
    (void)signal(SIGPIPE, SIG_IGN); /* as users of libuv must */
    crowd->world = w;
    crowd->watch.in.at = data;
    crowd->watch.in.left = size;
    crowd->watch.scale = 1;
    crowd->watch.react = react;
    crowd->watch.arg = w;
    rc = uv_loop_init(&crowd->uv);
    assert(rc == 0);
    crowd->loop = sluice_loop_new(&crowd->uv);
    assert(crowd->loop != NULL);
    crowd->watch.loop = crowd->loop;
}

static void
live(struct fuzz_crowd *crowd)
{
    crowd->acts = fuzz_play.acts;
    crowd->n_acts = fuzz_play.n_acts;
    while (!fuzz_has_ended(&crowd->watch.in))
        act(crowd);
    fuzz_shortage_end();
}

static void
crowd_close(struct fuzz_crowd *crowd)
{
    struct fuzz_customer *c;
    int rc;

    sluice_loop_close(&crowd->loop, NULL, NULL);
    (void)uv_run(&crowd->uv, UV_RUN_DEFAULT);
    rc = uv_loop_close(&crowd->uv);
    assert(rc == 0);
    for (c = crowd->customer; c < crowd->customer + crowd->customers; c++) {
        assert(c->op == NULL || (c->has_ended && c->told == c->registered));
        while (c->holds > 0) {
            fuzz_customer_look(c);
            fuzz_customer_unref(c);
        }
    }
    assert(crowd->watch.payloads == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *w = calloc(1, fuzz_play.size);
    struct fuzz_crowd *crowd = (struct fuzz_crowd *)w;

    assert(w != NULL);
    crowd_open(crowd, data, size, w);
    fuzz_play.open(w);
    live(crowd);
    fuzz_play.close(w);
    crowd_close(crowd);
    free(w);
    return 0;
}
