/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what two Ends, their customers and their links do to one another
 * in any order: operations invoked, served, advanced, cancelled, failed and
 * expired, handles kept and dropped, Ends stopped and started, memory short,
 * tickets of any kind delivered by a far end that keeps no rule. customer.h and
 * scripted.h know what must come of each act; in the end everything must have
 * been told and be gone.
 */
#include <assert.h>

#include "rpc/check.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/crowd.h"
#include "tests/fuzz/scripted.h"
#include "tests/fuzz/shortage.h"

#define CUSTOMER_GROUP "customer"
#define MAX_TURNS 2000 /* to come to rest; each has up to 32 rounds of tasks */
#define MAXIMUM_TIMEOUT (200 * SLUICE_MS)

struct side {
    struct world *world;
    struct sluice_end *end;
    struct sluice_servicer servicer;
    uint64_t begun;  /* operations known to have begun */
    bool serves_all; /* from the other side, too: there may be more */
    unsigned stops_asked;
    unsigned stops_told;
    unsigned idles_asked;
    unsigned idles_told;
};

struct world {
    struct fuzz_crowd crowd;
    struct side sides[2];
    struct sluice_link *inproc; /* to the second side; NULL: not used */
    struct fuzz_scripted scripted;
};

static struct fuzz_input *
input(struct world *w)
{
    return &w->crowd.watch.in;
}

static struct side *
choose_side(struct world *w)
{
    return &w->sides[fuzz_below(input(w), 2)];
}

/* ------------------------------------------------------------- serving */

/* Who invoked: by the method, the address of its speaker. */
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
    struct fuzz_crowd *crowd = &side->world->crowd;
    struct fuzz_customer *c = fuzz_crowd_add(crowd, side->end, false);

    if (c == NULL)
        return SLUICE_REPLY_NO_SUCH_METHOD;
    meet(c, group, method);
    c->due_ns = sluice_loop_now(crowd->loop) +
        (uint64_t)(MAXIMUM_TIMEOUT + 2 * SLUICE_MS);
    return fuzz_crowd_serve(c, op, subscription, no_such_method);
}

/* ---------------------------------------------------------------- acts */

static void
operate(struct world *w)
{
    struct sluice_invocation i = { .group = sluice_str(CUSTOMER_GROUP) };
    struct side *side = choose_side(w);

    if (fuzz_crowd_operate(&w->crowd, side->end, &i))
        side->begun++;
}

static void
on_stopped(void *arg)
{
    struct side *side = arg;

    assert(!side->world->crowd.watch.is_within_call);
    side->stops_told++;
    assert(side->stops_told <= side->stops_asked);
}

/* Without grace, all that run have ended when the call returns. */
static void
check_all_over(const struct side *side)
{
    const struct fuzz_crowd *crowd = &side->world->crowd;
    const struct fuzz_customer *c;

    for (c = crowd->customer; c < crowd->customer + crowd->customers; c++)
        assert(
            c->end != side->end || c->op == NULL || fuzz_customer_is_over(c));
}

static void
stop_within(struct side *side, int64_t grace_ns)
{
    struct fuzz_watch *watch = &side->world->crowd.watch;
    enum sluice_err err;

    watch->is_within_call = true;
    err = sluice_end_stop(side->end, grace_ns, on_stopped, side);
    watch->is_within_call = false;
    if (err != SLUICE_OK) {
        assert(err == SLUICE_ENOMEM && fuzz_shortages() > 0);
        return;
    }
    side->stops_asked++;
    if (grace_ns <= 0)
        check_all_over(side);
}

static void
stop(struct world *w)
{
    struct side *side = choose_side(w);

    stop_within(side, fuzz_choose_duration(input(w)));
}

static void
start(struct world *w)
{
    enum sluice_err err = sluice_end_start(choose_side(w)->end);

    assert(err == SLUICE_OK || err == SLUICE_ESTATE ||
        (err == SLUICE_ENOMEM && fuzz_shortages() > 0));
}

static void
on_idle(void *arg)
{
    struct side *side = arg;

    assert(!side->world->crowd.watch.is_within_call);
    side->idles_told++;
    assert(side->idles_told <= side->idles_asked);
}

static void
wait_idle(struct world *w)
{
    struct side *side = choose_side(w);

    w->crowd.watch.is_within_call = true;
    if (sluice_end_add_idle_action(side->end, on_idle, side) == SLUICE_OK)
        side->idles_asked++;
    w->crowd.watch.is_within_call = false;
}

static void
begin_scripted(struct world *w)
{
    struct side *side = choose_side(w);

    if (fuzz_scripted_begin(&w->scripted, side->end))
        side->begun++;
}

static void
deliver(struct world *w)
{
    unsigned n = fuzz_byte(input(w));
    struct fuzz_wire *wire;

    if (w->scripted.wires == 0)
        return;
    wire = &w->scripted.wire[n % w->scripted.wires];
    if (wire->op != NULL)
        fuzz_wire_deliver(wire);
}

static void
break_link(struct world *w)
{
    w->scripted.may_fail = true;
    w->scripted.good_tickets = fuzz_below(input(w), 4);
}

static void
run_short(struct world *w)
{
    fuzz_shortage_after(fuzz_below(input(w), 8));
}

/* ------------------------------------------- acts outside of any call */

static void
turn(struct world *w)
{
    (void)fuzz_crowd_turn(&w->crowd);
}

static void
settle(struct world *w)
{
    unsigned turns = 0;

    while (fuzz_crowd_turn(&w->crowd)) {
        turns++;
        assert(turns < MAX_TURNS);
    }
    fuzz_crowd_check_rest(&w->crowd);
}

static const struct fuzz_act acts[] = {
    { operate, true }, { stop, true }, { start, true }, { wait_idle, true },
    { begin_scripted, true }, { deliver, true }, { deliver, true },
    { break_link, true }, { run_short, true }, { turn, false },
    { settle, false }, { settle, false }, { NULL, false }, /* time passes */
};

/* ---------------------------------------------------------------- life */

static void
side_open(struct world *w, struct side *side, struct sluice_link *link)
{
    struct sluice_end_options options = { .servicer = &side->servicer };
    enum sluice_err err;

    side->world = w;
    side->servicer.service = on_service;
    options.default_timeout_ns = 20 * SLUICE_MS;
    options.maximum_timeout_ns = MAXIMUM_TIMEOUT;
    if (fuzz_below(input(w), 16) == 1)
        options.servicer = NULL;
    side->end = sluice_end_new(w->crowd.loop, &options);
    assert(side->end != NULL);
    sluice_end_join(side->end, link);
    err = sluice_end_start(side->end);
    assert(err == SLUICE_OK);
}

static void
sides_open(struct world *w)
{
    unsigned kind = fuzz_below(input(w), 8);
    struct sluice_link *link = &w->scripted.link;

    fuzz_scripted_init(&w->scripted, &w->crowd.watch);
    side_open(w, &w->sides[1], kind == 1 ? NULL : link);
    if (kind >= 4) {
        w->inproc = sluice_inproc_link_new(w->sides[1].end);
        assert(w->inproc != NULL);
        w->sides[1].serves_all = true;
        link = w->inproc;
    }
    side_open(w, &w->sides[0], kind == 0 ? NULL : link);
}

static void
check_stats(const struct side *side)
{
    const struct fuzz_crowd *crowd = &side->world->crowd;
    uint64_t stats[SLUICE_OUTCOME_KINDS], sum = 0;
    const struct fuzz_customer *c;
    size_t i;

    sluice_end_operation_stats(side->end, stats);
    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        sum += stats[i];
    assert(sum == side->begun || (side->serves_all && sum > side->begun));
    for (c = crowd->customer; c < crowd->customer + crowd->customers; c++) {
        if (c->end != side->end || c->op == NULL)
            continue;
        assert(c->has_ended && stats[c->kind] > 0);
        stats[c->kind]--;
    }
}

static void
sides_close(struct world *w)
{
    struct side *side;
    size_t i;

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
    sluice_inproc_link_free(&w->inproc);
    for (side = w->sides; side < w->sides + 2; side++)
        sluice_end_free(&side->end);
    for (i = 0; i < w->scripted.wires; i++)
        assert(w->scripted.wire[i].op == NULL);
}

const struct fuzz_play fuzz_play = { sizeof(struct world), sides_open,
    sides_close, acts, sizeof(acts) / sizeof(acts[0]) };
