/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_echo.c - servicers that send back what they get, and
 * invokers with every kind of subscription.
 */
#include <stdlib.h>

#include "tests/rpc/base_world.h"

#define STREAM_LENGTH 100

struct echo {
    struct sluice_operation *op;
    struct sluice_loop *loop;
    struct world *w;
    bool is_async;
    bool has_ended;
    struct sluice_termination_callback on_ended;
};

static void
on_ended(struct sluice_termination_callback *cb,
    const struct sluice_outcome *outcome)
{
    struct echo *e =
        (struct echo *)((char *)cb - offsetof(struct echo, on_ended));

    (void)outcome;
    e->has_ended = true;
}

/* A copy of values with its own completion, for a thread to come back with. */
struct parcel {
    struct echo *echo;
    struct sluice_values values;
    struct sluice_completion completion;
};

static void
send_parcel(void *arg)
{
    struct parcel *p = arg;

    if (p->echo->has_ended)
        release_values(&p->values);
    else
        sluice_operation_advance(p->echo->op, &p->values);
    free(p);
}

static enum sluice_reply
send_back(void *arg, const struct sluice_values *v)
{
    struct echo *e = arg;
    struct sluice_values values = *v;
    struct parcel *p;

    values.allowance = values.payload != NULL ? 1 : 0;
    if (!e->is_async) {
        sluice_operation_advance(e->op, &values);
        return SLUICE_REPLY_OK;
    }
    p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->echo = e;
    p->values = values;
    if (v->completion != NULL) {
        p->completion = *v->completion;
        p->values.completion = &p->completion;
    }
    from_a_thread(e->w, send_parcel, p);
    return SLUICE_REPLY_OK;
}

struct echo_world {
    struct world w;
    struct echo echo;
    bool is_idle;
};

static enum sluice_reply
serve_echo(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct world *w =
        (struct world *)((char *)self - offsetof(struct world, servicer));
    struct echo *e = &((struct echo_world *)w)->echo;

    (void)group;
    (void)method;
    (void)no_such_method;
    e->op = op;
    e->w = w;
    e->on_ended.run = on_ended;
    sluice_operation_add_termination_callback(op, &e->on_ended);
    *subscription = sluice_full_subscription(send_back, e);
    return SLUICE_REPLY_OK;
}

static int
setup_over(void **state, enum join_kind over)
{
    struct echo_world *ew = calloc(1, sizeof(*ew));

    assert_non_null(ew);
    world_init(&ew->w, over);
    ew->w.servicer.service = serve_echo;
    *state = ew;
    return 0;
}

static int
setup(void **state)
{
    return setup_over(state, IN_PROCESS);
}

static int
setup_grpc(void **state)
{
    return setup_over(state, OVER_UNIX);
}

static void
on_idle(void *arg)
{
    ((struct echo_world *)arg)->is_idle = true;
}

static void
wait_for_idle(struct echo_world *ew, struct sluice_end *end)
{
    ew->is_idle = false;
    assert_int_equal(sluice_end_add_idle_action(end, on_idle, ew), SLUICE_OK);
    run_until(&ew->w, &ew->is_idle);
}

static void
fire_and_forget_completes_without_the_service(void **state)
{
    struct echo_world *ew = *state;
    struct sluice_invocation i = full_invocation(&ew->w.invoker);
    struct sluice_completion c = { 0 };

    i.subscription = sluice_none_subscription();
    i.first.completion = &c;
    assert_int_equal(sluice_end_operate(ew->w.invoking, &i, &ew->w.invoker.op),
        SLUICE_OK);
    wait_for_idle(ew, ew->w.invoking);
    stat_is(ew->w.invoking, SLUICE_COMPLETED, 1);
    settle(&ew->w);
    wait_for_idle(ew, ew->w.serving);
    stat_is(ew->w.serving, SLUICE_COMPLETED, 1);
}

static void
one_call_carries_the_whole_echo(void **state)
{
    struct echo_world *ew = *state;
    struct world *w = &ew->w;

    ew->echo.is_async = true;
    invoke(w, "pall c");
    wait_for_idle(ew, w->invoking);
    wait_for_idle(ew, w->serving);
    heard(&w->invoker, "pall c");
    stat_is(w->invoking, SLUICE_COMPLETED, 1);
    stat_is(w->serving, SLUICE_COMPLETED, 1);
}

static void
a_hundred_payloads_come_back_in_order(void **state)
{
    struct echo_world *ew = *state;
    struct world *w = &ew->w;
    char word[16], all[2048] = "";
    int i;

    invoke(w, "");
    for (i = 0; i < STREAM_LENGTH; i++) {
        snprintf(word, sizeof(word), "p%d +1", i);
        say(w, &w->invoker, word);
        log_text(all, sizeof(all), "p%d +1 | ", i);
    }
    say(w, &w->invoker, "c");
    log_text(all, sizeof(all), "c");
    wait_for_idle(ew, w->invoking);
    wait_for_idle(ew, w->serving);
    heard(&w->invoker, all);
    stat_is(w->invoking, SLUICE_COMPLETED, 1);
    stat_is(w->serving, SLUICE_COMPLETED, 1);
}

static void
an_operation_cancelled_at_once_reaches_nobody(void **state)
{
    struct echo_world *ew = *state;
    struct world *w = &ew->w;
    struct sluice_invocation i = full_invocation(&w->invoker);

    ew->echo.is_async = true;
    assert_int_equal(sluice_end_operate(w->invoking, &i, &w->invoker.op),
        SLUICE_OK);
    sluice_operation_cancel(w->invoker.op);
    wait_for_idle(ew, w->invoking);
    wait_for_idle(ew, w->serving);
    heard(&w->invoker, "");
    stat_is(w->invoking, SLUICE_CANCELLED, 1);
    stat_is(w->serving, SLUICE_CANCELLED, 0);
}

static void
whoever_only_waits_for_the_end_hears_of_expiration(void **state)
{
    struct echo_world *ew = *state;
    struct world *w = &ew->w;
    struct sluice_invocation i = full_invocation(&w->invoker);
    uint64_t begin = uv_hrtime();

    i.subscription =
        sluice_termination_only_subscription(&w->invoker.on_terminated);
    i.timeout_ns = 20 * SLUICE_MS;
    invoke_with(w, &i, "pone");
    wait_for_idle(ew, w->invoking);
    ended(&w->invoker, SLUICE_EXPIRED);
    assert_true(uv_hrtime() - begin >= (uint64_t)i.timeout_ns);
    wait_for_idle(ew, w->serving);
    stat_is(w->invoking, SLUICE_EXPIRED, 1);
    expired_there(w);
}

/* Sends as long as the other side takes it, then completes. */
struct firehose {
    struct world w;
    int left;
};

static enum sluice_reply
gush(struct firehose *f)
{
    struct sluice_operation *op = f->w.service.op;

    while (f->left > 0 && sluice_operation_send_budget(op) > 0) {
        f->left--;
        pass(f->w.pool, op, f->left == 0 ? "plast c" : "pmore");
    }
    return SLUICE_REPLY_OK;
}

static void
on_values(struct party *p, const struct sluice_values *values)
{
    (void)values;
    gush(p->react_arg);
}

static void
on_service(struct world *w, struct sluice_operation *op)
{
    (void)op;
    w->service.react = on_values;
    w->service.react_arg = w;
}

static void
two_hundred_unwanted_payloads_stall_nobody(enum sluice_subscription_kind kind,
    enum join_kind over)
{
    struct firehose f;
    struct sluice_invocation i;

    world_init(&f.w, over);
    f.left = 200;
    f.w.on_service = on_service;
    i = full_invocation(&f.w.invoker);
    i.subscription = kind == SLUICE_SUBSCRIPTION_NONE
        ? sluice_none_subscription()
        : sluice_termination_only_subscription(&f.w.invoker.on_terminated);
    invoke_with(&f.w, &i, "pgo c");
    run_to_the_end(&f.w);
    ended(&f.w.invoker, SLUICE_COMPLETED);
    ended(&f.w.service, SLUICE_COMPLETED);
    assert_int_equal(f.left, 0);
    world_fini(&f.w);
}

static void
an_invoker_without_interest_stalls_no_service(void **state)
{
    struct echo_world *ew = *state;

    two_hundred_unwanted_payloads_stall_nobody(SLUICE_SUBSCRIPTION_NONE,
        ew->w.join.kind);
}

static void
an_invoker_who_waits_for_the_end_stalls_no_service(void **state)
{
    struct echo_world *ew = *state;

    two_hundred_unwanted_payloads_stall_nobody(
        SLUICE_SUBSCRIPTION_TERMINATION_ONLY, ew->w.join.kind);
}

static void
add_up(void *arg, int allowance)
{
    *(int *)arg += allowance;
}

static void
an_invoker_without_operator_is_told_its_allowance(void **state)
{
    struct world w;
    struct sluice_invocation i;
    int granted = 0;

    (void)state;
    world_init(&w, IN_PROCESS);
    i = full_invocation(&w.invoker);
    i.subscription = sluice_none_subscription();
    i.subscription.allowance = add_up;
    i.subscription.allowance_arg = &granted;
    invoke_with(&w, &i, "p1");
    say(&w, &w.service, "+3");
    assert_int_equal(granted, 3);
    say(&w, &w.invoker, "p2 c");
    ended(&w.invoker, SLUICE_COMPLETED);
    heard(&w.service, "p1 | p2 c");
    world_fini(&w);
}

/* Of a service that wants nothing, the same holds the other way round. */
static void
a_service_without_interest_stalls_no_invoker(void **state)
{
    struct world w;
    int i;

    (void)state;
    world_init(&w, IN_PROCESS);
    w.service_kind = SLUICE_SUBSCRIPTION_NONE;
    invoke(&w, "");
    for (i = 0; i < 200; i++) {
        assert_int_equal(sluice_operation_send_budget(w.invoker.op), 1);
        say(&w, &w.invoker, "pmore");
    }
    say(&w, &w.invoker, "c");
    w.invoker.log[0] = '\0';
    say(&w, &w.service, "c");
    heard(&w.invoker, "c");
    ended(&w.service, SLUICE_COMPLETED);
    heard(&w.service, "");
    world_fini(&w);
}

static void
a_service_may_wait_for_the_end_only(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, IN_PROCESS);
    w.service_kind = SLUICE_SUBSCRIPTION_TERMINATION_ONLY;
    invoke(&w, "m pone c");
    say(&w, &w.service, "c");
    ended(&w.service, SLUICE_COMPLETED);
    ended(&w.invoker, SLUICE_COMPLETED);
    world_fini(&w);
}

#define TEST(name)                                                \
    cmocka_unit_test_setup_teardown(name, setup, teardown_world), \
    {                                                             \
#name " (gRPC)", name, setup_grpc, teardown_world, NULL   \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fire_and_forget_completes_without_the_service),
        TEST(one_call_carries_the_whole_echo),
        TEST(a_hundred_payloads_come_back_in_order),
        TEST(an_operation_cancelled_at_once_reaches_nobody),
        TEST(whoever_only_waits_for_the_end_hears_of_expiration),
        TEST(an_invoker_without_interest_stalls_no_service),
        TEST(an_invoker_who_waits_for_the_end_stalls_no_service),
        cmocka_unit_test(an_invoker_without_operator_is_told_its_allowance),
        cmocka_unit_test(a_service_without_interest_stalls_no_invoker),
        cmocka_unit_test(a_service_may_wait_for_the_end_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
