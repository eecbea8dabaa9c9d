/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what two Ends, their customers and their links do to one another
 * in any order: operations invoked, served, advanced, cancelled, failed and
 * expired, handles kept and dropped, Ends stopped and started, tickets of any
 * kind delivered by a far end that keeps no rule. customer.h and scripted.h
 * know what must come of each act; in the end everything must have been told
 * and be gone.
 */
#include <assert.h>
#include <stdlib.h>

#include <uv.h>

#include "rpc/check.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/customer.h"
#include "tests/fuzz/scripted.h"
#include "tests/fuzz/shortage.h"

#define CUSTOMERS 40
#define CUSTOMER_GROUP "customer"
#define MAX_TURNS 2000 /* to come to rest; each has up to 32 rounds of tasks */

struct side {
    struct world *world;
    struct sluice_end *end;
    struct sluice_servicer servicer;
    int64_t maximum_timeout_ns;
    uint64_t begun;  /* operations known to have begun */
    bool serves_all; /* by its link to the other side, some unknown to us */
    unsigned stops_asked;
    unsigned stops_told;
    unsigned idles_asked;
    unsigned idles_told;
};

struct world {
    struct fuzz_watch watch;
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct side sides[2];
    struct sluice_link *inproc; /* to the second side; NULL: not used */
    struct fuzz_scripted scripted;
    size_t customers;
    struct fuzz_customer customer[CUSTOMERS];
};

static const int64_t durations[] = { 0, -5, SLUICE_MS, 10 * SLUICE_MS,
    100 * SLUICE_MS, SLUICE_SECOND, 3000 * SLUICE_SECOND, SLUICE_NO_TIMEOUT };

static int64_t
choose_duration(struct world *w)
{
    return durations[fuzz_below(&w->watch.in, 8)];
}

static struct side *
choose_side(struct world *w)
{
    return &w->sides[fuzz_below(&w->watch.in, 2)];
}

static struct fuzz_customer *
choose_customer(struct world *w)
{
    unsigned n = fuzz_byte(&w->watch.in);

    return w->customers == 0 ? NULL : &w->customer[n % w->customers];
}

static struct fuzz_customer *
customer_new(struct world *w, struct side *side, bool is_invoker)
{
    struct fuzz_customer *c;

    if (w->customers == CUSTOMERS)
        return NULL;
    c = &w->customer[w->customers++];
    fuzz_customer_init(c, &w->watch, is_invoker);
    c->end = side->end;
    return c;
}

/* ------------------------------------------------------------- serving */

/* Who invoked: by the method, its address. */
static void
meet(struct fuzz_customer *c, struct sluice_str group, struct sluice_str method)
{
    struct fuzz_speaker *speaker;
    struct fuzz_customer *invoker;

    assert(method.len == sizeof(speaker));
    memcpy(&speaker, method.ptr, sizeof(speaker));
    c->hears = speaker;
    if (sluice_str_equal(group, sluice_str(FUZZ_SCRIPTED_GROUP)))
        return;
    assert(sluice_str_equal(group, sluice_str(CUSTOMER_GROUP)));
    invoker = RPC_CONTAINER_OF(speaker, struct fuzz_customer, says);
    assert(invoker->peer == NULL);
    c->peer = invoker;
    invoker->peer = c;
    invoker->hears = &c->says;
}

static enum sluice_reply
on_service(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct side *side = RPC_CONTAINER_OF(self, struct side, servicer);
    struct fuzz_customer *c = customer_new(side->world, side, false);
    enum sluice_reply reply;

    if (c == NULL)
        return SLUICE_REPLY_NO_SUCH_METHOD;
    meet(c, group, method);
    c->due_ns = sluice_loop_now(side->world->loop) +
        (uint64_t)(side->maximum_timeout_ns + 2 * SLUICE_MS);
    fuzz_customer_begin(c, op, true);
    fuzz_customer_enter(c);
    *subscription = c->subscription;
    no_such_method->has_code = true;
    no_such_method->code = 12;
    reply = fuzz_customer_leave(c);
    if (reply == SLUICE_REPLY_OK && c->is_subscription_valid)
        fuzz_customer_subscribed(c);
    return reply;
}

/* ---------------------------------------------------------------- acts */

/* When its time is up, given or by default. */
static uint64_t
due(struct world *w, int64_t timeout)
{
    uint64_t start = sluice_loop_now(w->loop);

    if (timeout == SLUICE_NO_TIMEOUT)
        return UINT64_MAX;
    return start + (uint64_t)(timeout > 0 ? timeout : 0) +
        (uint64_t)(2 * SLUICE_MS);
}

static void
operate(struct world *w)
{
    struct side *side = choose_side(w);
    struct fuzz_customer *c = customer_new(w, side, true);
    const struct fuzz_speaker *speaker;
    struct sluice_invocation i = { .group = sluice_str(CUSTOMER_GROUP) };
    unsigned shortages = fuzz_shortages();
    struct sluice_operation *op;
    struct fuzz_values v;
    enum sluice_err err;
    bool is_legal;

    if (c == NULL)
        return;
    speaker = &c->says;
    i.method = sluice_str_n((const char *)&speaker, sizeof(speaker));
    i.subscription = c->subscription;
    i.timeout_ns = choose_duration(w);
    fuzz_choose_values(&c->says, &v);
    i.first = v.values;
    is_legal = fuzz_may_pass(&c->says, &v.values);
    if (is_legal)
        fuzz_note(&c->says, &v.values);
    w->watch.is_within_call = true;
    err = sluice_end_operate(side->end, &i, &op);
    w->watch.is_within_call = false;
    fuzz_scribble(&v);
    assert((err == SLUICE_EINVAL) == !c->is_subscription_valid);
    assert((op != NULL) == (err == SLUICE_OK));
    assert(err != SLUICE_ENOMEM || fuzz_shortages() != shortages);
    if (op == NULL)
        return;
    side->begun++;
    c->due_ns = due(w, i.timeout_ns);
    if (!is_legal)
        assert(sluice_operation_outcome(op)->kind == SLUICE_LOCAL_FAILURE);
    fuzz_customer_begin(c, op, false);
}

static void
customer_acts(struct world *w, void (*act)(struct fuzz_customer *c))
{
    struct fuzz_customer *c = choose_customer(w);

    if (c != NULL && fuzz_customer_can_act(c))
        act(c);
}

static void
advance(struct world *w)
{
    customer_acts(w, fuzz_customer_advance);
}

static void
cancel(struct world *w)
{
    customer_acts(w, fuzz_customer_cancel);
}

static void
fail(struct world *w)
{
    customer_acts(w, fuzz_customer_fail);
}

static void
listen_more(struct world *w)
{
    customer_acts(w, fuzz_customer_listen);
}

static void
hold(struct world *w)
{
    customer_acts(w, fuzz_customer_ref);
}

static void
let_go(struct world *w)
{
    customer_acts(w, fuzz_customer_unref);
}

static void
on_stopped(void *arg)
{
    struct side *side = arg;

    assert(!side->world->watch.is_within_call);
    side->stops_told++;
    assert(side->stops_told <= side->stops_asked);
}

static void
stop_within(struct side *side, int64_t grace_ns)
{
    struct world *w = side->world;
    enum sluice_err err;
    size_t i;

    w->watch.is_within_call = true;
    err = sluice_end_stop(side->end, grace_ns, on_stopped, side);
    w->watch.is_within_call = false;
    if (err != SLUICE_OK) {
        assert(err == SLUICE_ENOMEM && fuzz_shortages() > 0);
        return;
    }
    side->stops_asked++;
    for (i = 0; i < w->customers && grace_ns <= 0; i++)
        assert(w->customer[i].end != side->end || w->customer[i].op == NULL ||
            fuzz_customer_is_over(&w->customer[i]));
}

static void
stop(struct world *w)
{
    struct side *side = choose_side(w);

    stop_within(side, choose_duration(w));
}

static void
start(struct world *w)
{
    enum sluice_err err = sluice_end_start(choose_side(w)->end);

    assert(err == SLUICE_OK || err == SLUICE_ESTATE);
}

static void
on_idle(void *arg)
{
    struct side *side = arg;

    assert(!side->world->watch.is_within_call);
    side->idles_told++;
    assert(side->idles_told <= side->idles_asked);
}

static void
wait_idle(struct world *w)
{
    struct side *side = choose_side(w);

    w->watch.is_within_call = true;
    if (sluice_end_add_idle_action(side->end, on_idle, side) == SLUICE_OK)
        side->idles_asked++;
    w->watch.is_within_call = false;
}

static void
begin_scripted(struct world *w)
{
    struct side *side = choose_side(w);

    if (fuzz_scripted_begin(&w->scripted, side->end))
        side->begun++;
}

static void
break_link(struct world *w)
{
    w->scripted.may_fail = true;
    w->scripted.good_tickets = fuzz_below(&w->watch.in, 4);
}

static void
run_short(struct world *w)
{
    fuzz_shortage_after(fuzz_below(&w->watch.in, 8));
}

/* -------------------------------------------------- acts of the outside */

static void
deliver(struct world *w)
{
    unsigned n = fuzz_byte(&w->watch.in);
    struct fuzz_wire *wire;

    if (w->scripted.wires == 0)
        return;
    wire = &w->scripted.wire[n % w->scripted.wires];
    if (wire->op != NULL)
        fuzz_wire_deliver(wire);
}

/* Whether there is more to do. */
static bool
turn(struct world *w)
{
    fuzz_clock_step(0);
    return uv_run(&w->uv, UV_RUN_NOWAIT) != 0;
}

static void
turn_once(struct world *w)
{
    (void)turn(w);
}

static void
settle(struct world *w)
{
    unsigned turns = 0;
    size_t i;

    while (turn(w)) {
        turns++;
        assert(turns < MAX_TURNS);
    }
    for (i = 0; i < w->customers; i++)
        fuzz_customer_check_rest(&w->customer[i]);
}

static void
pass_time(struct world *w)
{
    static const int64_t steps[] = { 0, SLUICE_MS / 2, SLUICE_MS, 3 * SLUICE_MS,
        10 * SLUICE_MS, 200 * SLUICE_MS, SLUICE_SECOND, 4000 * SLUICE_SECOND };

    fuzz_clock_step((uint64_t)steps[fuzz_below(&w->watch.in, 8)]);
}

static const struct {
    void (*run)(struct world *w);
    bool is_for_anybody; /* or for the outside only */
} acts[] = {
    { operate, true },
    { advance, true },
    { advance, true },
    { advance, true },
    { cancel, true },
    { fail, true },
    { listen_more, true },
    { hold, true },
    { let_go, true },
    { stop, true },
    { start, true },
    { wait_idle, true },
    { begin_scripted, true },
    { break_link, true },
    { run_short, true },
    { deliver, true },
    { deliver, true },
    { turn_once, false },
    { settle, false },
    { settle, false },
    { pass_time, false },
};

static void
act(struct world *w)
{
    unsigned n = fuzz_below(&w->watch.in, sizeof(acts) / sizeof(acts[0]));
    struct fuzz_customer *c = choose_customer(w);

    if (acts[n].is_for_anybody || w->watch.depth == 0)
        acts[n].run(w);
    if (c != NULL && fuzz_customer_can_act(c))
        fuzz_customer_look(c);
}

/* Within a customer's code. */
static void
react(void *arg)
{
    struct world *w = arg;
    unsigned n = fuzz_below(&w->watch.in, 4);

    while (n-- > 0)
        act(w);
}

/* ---------------------------------------------------------------- life */

static void
side_open(struct world *w, struct side *side, struct sluice_link *link)
{
    struct sluice_end_options options = { .servicer = &side->servicer };
    enum sluice_err err;

    side->world = w;
    side->servicer.service = on_service;
    side->maximum_timeout_ns = 200 * SLUICE_MS;
    options.default_timeout_ns = 20 * SLUICE_MS;
    options.maximum_timeout_ns = side->maximum_timeout_ns;
    if (fuzz_below(&w->watch.in, 16) == 1)
        options.servicer = NULL;
    side->end = sluice_end_new(w->loop, &options);
    assert(side->end != NULL);
    sluice_end_join(side->end, link);
    err = sluice_end_start(side->end);
    assert(err == SLUICE_OK);
}

static void
world_open(struct world *w)
{
    unsigned kind;
    int rc;

    fuzz_clock_reset();
    w->watch.react = react;
    w->watch.arg = w;
    rc = uv_loop_init(&w->uv);
    assert(rc == 0);
    w->loop = sluice_loop_new(&w->uv);
    assert(w->loop != NULL);
    w->watch.loop = w->loop;
    fuzz_scripted_init(&w->scripted, &w->watch);
    kind = fuzz_below(&w->watch.in, 8);
    side_open(w, &w->sides[1], kind == 1 ? NULL : &w->scripted.link);
    if (kind >= 4) {
        w->inproc = sluice_inproc_link_new(w->sides[1].end);
        assert(w->inproc != NULL);
        w->sides[1].serves_all = true;
        side_open(w, &w->sides[0], w->inproc);
    } else {
        side_open(w, &w->sides[0], kind == 0 ? NULL : &w->scripted.link);
    }
}

static void
check_stats(const struct side *side)
{
    const struct world *w = side->world;
    uint64_t stats[SLUICE_OUTCOME_KINDS], sum = 0;
    size_t i;

    sluice_end_operation_stats(side->end, stats);
    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        sum += stats[i];
    assert(sum == side->begun || (side->serves_all && sum > side->begun));
    for (i = 0; i < w->customers; i++) {
        const struct fuzz_customer *c = &w->customer[i];

        if (c->end != side->end || c->op == NULL)
            continue;
        assert(c->has_ended && c->told == c->registered);
        assert(stats[c->kind] > 0);
        stats[c->kind]--;
    }
}

static void
stop_both(struct world *w)
{
    struct side *side;

    for (side = w->sides; side < w->sides + 2; side++)
        stop_within(side, 5 * SLUICE_MS);
    settle(w);
    fuzz_clock_step(20 * SLUICE_MS);
    settle(w);
    for (side = w->sides; side < w->sides + 2; side++) {
        assert(sluice_end_active(side->end) == 0);
        assert(side->stops_told == side->stops_asked);
        assert(side->idles_told == side->idles_asked);
        check_stats(side);
    }
}

static void
world_close(struct world *w)
{
    size_t i;
    int rc;

    w->watch.in.left = 0; /* nobody reacts any more */
    fuzz_shortage_end();
    stop_both(w);
    sluice_inproc_link_free(&w->inproc);
    sluice_end_free(&w->sides[0].end);
    sluice_end_free(&w->sides[1].end);
    sluice_loop_close(&w->loop, NULL, NULL);
    (void)uv_run(&w->uv, UV_RUN_DEFAULT);
    rc = uv_loop_close(&w->uv);
    assert(rc == 0);
    for (i = 0; i < w->scripted.wires; i++)
        assert(w->scripted.wire[i].op == NULL);
    for (i = 0; i < w->customers; i++) {
        while (w->customer[i].holds > 0) {
            fuzz_customer_look(&w->customer[i]);
            fuzz_customer_unref(&w->customer[i]);
        }
    }
    assert(w->watch.payloads == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *w = calloc(1, sizeof(*w));

    assert(w != NULL);
    w->watch.in.at = data;
    w->watch.in.left = size;
    world_open(w);
    while (!fuzz_has_ended(&w->watch.in))
        act(w);
    world_close(w);
    free(w);
    return 0;
}
