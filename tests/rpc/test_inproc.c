/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_inproc.c - the link within a process: what it hands over,
 * when, and to whom.
 */
#include "tests/rpc/base_world.h"

static void
nothing_is_delivered_within_the_call_that_sends(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    assert_int_equal(sluice_end_operate(w->invoking, &i, &w->invoker.op),
        SLUICE_OK);
    assert_int_equal(w->serviced, 0);
    settle(w);
    pass(w->pool, w->invoker.op, "m pone");
    heard(&w->service, "");
    pass(w->pool, w->service.op, "m ptwo");
    heard(&w->invoker, "");
    settle(w);
    heard(&w->service, "m pone");
    heard(&w->invoker, "m ptwo");
}

struct sent {
    const struct sluice_metadata *initial;
    const struct sluice_bytes *payload;
    const struct sluice_metadata *terminal;
    unsigned seen;
};

static enum sluice_reply
check_identity(void *arg, const struct sluice_values *v)
{
    struct sent *sent = arg;

    assert_ptr_equal(v->initial_metadata, sent->initial);
    assert_ptr_equal(v->payload, sent->payload);
    assert_ptr_equal(v->completion->terminal_metadata, sent->terminal);
    release_values(v);
    sent->seen++;
    return SLUICE_REPLY_OK;
}

static void
the_very_same_objects_arrive(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);
    struct sent sent = { .seen = 0 };
    struct sluice_completion c = { .has_code = false };
    struct sluice_values v = { .completion = &c };

    i.subscription = sluice_full_subscription(check_identity, &sent);
    invoke_with(w, &i, "");
    v.initial_metadata = sluice_metadata_new(w->pool);
    v.payload = sluice_bytes_copy(NULL, "same", 4);
    c.terminal_metadata = sluice_metadata_new(NULL);
    sent.initial = v.initial_metadata;
    sent.payload = v.payload;
    sent.terminal = c.terminal_metadata;
    sluice_operation_advance(w->service.op, &v);
    settle(w);
    assert_int_equal(sent.seen, 1);
}

static void
operations_do_not_mix(void **state)
{
    struct world *w = *state;
    struct party another;
    struct sluice_invocation i;
    struct sluice_operation *first_service, *op;

    invoke(w, "pfirst");
    first_service = w->service.op;
    heard(&w->service, "pfirst");
    sluice_operation_cancel(first_service);
    settle(w);

    party_init(&another, w);
    i = full_invocation(&another);
    assert_int_equal(sluice_end_operate(w->invoking, &i, &op), SLUICE_OK);
    pass(w->pool, op, "psecond c");
    settle(w);
    heard(&w->service, "psecond c");
    pass(w->pool, w->service.op, "panswer c");
    settle(w);
    heard(&another, "panswer c");
    ended(&w->invoker, SLUICE_CANCELLED);
    assert_int_equal(sluice_operation_outcome(op)->kind, SLUICE_COMPLETED);
    sluice_operation_unref(&op);
}

static void
an_abort_takes_the_place_of_what_is_under_way(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    pass(w->pool, w->service.op, "m pone");
    sluice_operation_fail(w->service.op);
    settle(w);
    heard(&w->invoker, "");
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
}

static void
what_was_sent_before_the_end_still_arrives(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    i.subscription = sluice_none_subscription();
    invoke_with(w, &i, "m pone c5:bye");
    ended(&w->invoker, SLUICE_COMPLETED);
    heard(&w->service, "m pone c5:bye");
    say(w, &w->service, "m ptwo c");
    ended(&w->service, SLUICE_COMPLETED);
}

/* A service that breaks the order ends with a reception failure at the other
 * side's End; here the defect is the invoker's own loss of memory, played by a
 * reception failure that the service's End finds. */
static void
a_side_that_leaves_silently_is_reported(void **state)
{
    struct world *w = *state;
    struct sluice_ticket t = { .allowance = -1 };

    invoke(w, "");
    sluice_operation_deliver(w->service.op, &t);
    settle(w);
    ended(&w->service, SLUICE_RECEPTION_FAILURE);
    ended(&w->invoker, SLUICE_RECEPTION_FAILURE);
}

/* Each side answers each payload with one: no call may nest in another. */
static void
answer(struct party *p, const struct sluice_values *values)
{
    struct world *w = p->react_arg;

    if (values->payload == NULL || p->log[0] == '\0')
        return;
    p->log[0] = '\0';
    if (++w->serviced < 2000)
        pass(w->pool, p->op, "pagain +1");
    else
        sluice_operation_cancel(p->op);
}

static void
a_long_exchange_needs_no_deep_stack(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->service.react = w->invoker.react = answer;
    w->service.react_arg = w->invoker.react_arg = w;
    say(w, &w->invoker, "pfirst +1");
    run_to_the_end(w);
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_CANCELLED);
    assert_int_equal(w->serviced, 2000);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_delivered_within_the_call_that_sends),
        TEST(the_very_same_objects_arrive),
        TEST(operations_do_not_mix),
        TEST(an_abort_takes_the_place_of_what_is_under_way),
        TEST(what_was_sent_before_the_end_still_arrives),
        TEST(a_side_that_leaves_silently_is_reported),
        TEST(a_long_exchange_needs_no_deep_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
