/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_emission.c - what a customer may pass to advance, what
 * becomes of it when it is misuse, and how far allowance lets it go.
 */
#include "tests/rpc/base_world.h"

/* ------------------------------------------------------------- misuse */

/* After the first words, the second ones are misuse, by either side. */
static void
is_misuse(const char *first, const char *second)
{
    struct world w;

    world_init(&w);
    invoke(&w, first);
    say(&w, &w.invoker, second);
    ended(&w.invoker, SLUICE_LOCAL_FAILURE);
    ended(&w.service, SLUICE_REMOTE_FAILURE);
    assert_false(w.invoker.has_code);
    world_fini(&w);

    world_init(&w);
    invoke(&w, "");
    say(&w, &w.invoker, first);
    say(&w, &w.invoker, second);
    ended(&w.invoker, SLUICE_LOCAL_FAILURE);
    ended(&w.service, SLUICE_REMOTE_FAILURE);
    world_fini(&w);

    world_init(&w);
    invoke(&w, "");
    say(&w, &w.service, first);
    say(&w, &w.service, second);
    ended(&w.service, SLUICE_LOCAL_FAILURE);
    ended(&w.invoker, SLUICE_REMOTE_FAILURE);
    world_fini(&w);
}

static void
a_second_initial_metadata_is_misuse(void **state)
{
    (void)state;
    is_misuse("m", "m");
}

static void
initial_metadata_after_a_payload_is_misuse(void **state)
{
    (void)state;
    is_misuse("pone", "m");
}

static void
a_negative_allowance_is_misuse(void **state)
{
    (void)state;
    is_misuse("m", "+-1");
}

/* On the service side a completion ends nothing while the invoker goes on; on
 * the invocation side neither. */
static void
initial_metadata_after_the_completion_is_misuse(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    invoke(&w, "c");
    say(&w, &w.invoker, "m");
    ended(&w.invoker, SLUICE_LOCAL_FAILURE);
    ended(&w.service, SLUICE_REMOTE_FAILURE);
    world_fini(&w);
}

static void
a_payload_after_the_completion_is_misuse(void **state)
{
    struct world *w = *state;

    invoke(w, "c");
    say(w, &w->invoker, "plate");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    ended(&w->service, SLUICE_REMOTE_FAILURE);
}

static void
a_second_completion_is_misuse(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->invoker, "c");
    say(w, &w->invoker, "c");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    ended(&w->service, SLUICE_REMOTE_FAILURE);
}

/* The service's completion reaches the invoker a turn later, so both of its
 * calls happen while the operation is active. */
static void
a_service_that_completes_twice_is_misuse(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    pass(w->pool, w->service.op, "c");
    pass(w->pool, w->service.op, "c");
    settle(w);
    ended(&w->service, SLUICE_LOCAL_FAILURE);
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
}

static void
nothing_of_a_call_with_misuse_is_sent(void **state)
{
    struct world *w = *state;

    invoke(w, "m");
    heard(&w->service, "m");
    say(w, &w->invoker, "m pnever c");
    heard(&w->service, "");
}

static void
misuse_in_operate_ends_the_operation_and_asks_nobody(void **state)
{
    struct world *w = *state;

    invoke(w, "m pone c +-1");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    assert_int_equal(w->serviced, 0);
}

static void
advance_on_a_terminated_operation_does_nothing(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    sluice_operation_cancel(w->invoker.op);
    say(w, &w->invoker, "m pone c +1");
    say(w, &w->invoker, "m p c +-1");
    ended(&w->invoker, SLUICE_CANCELLED);
    heard(&w->service, "");
}

/* -------------------------------------------------------------- legal */

static void
everything_at_once_is_legal(void **state)
{
    struct world *w = *state;

    invoke(w, "m pone c +1");
    heard(&w->service, "m pone c +1");
    say(w, &w->service, "m ptwo c");
    heard(&w->invoker, "m ptwo c");
    ended(&w->invoker, SLUICE_COMPLETED);
    ended(&w->service, SLUICE_COMPLETED);
}

static void
an_empty_call_does_nothing(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->invoker, "");
    assert_int_equal(w->serviced, 1);
    heard(&w->service, "");
    assert_int_equal(w->invoker.outcome, STILL_ACTIVE);
}

static void
initial_metadata_with_the_first_payload_is_legal(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->invoker, "m pone");
    heard(&w->service, "m pone");
}

static void
allowance_after_the_own_completion_is_legal(void **state)
{
    struct world *w = *state;

    invoke(w, "c");
    say(w, &w->invoker, "+2");
    heard(&w->service, "c | +2");
    say(w, &w->service, "pone");
    say(w, &w->service, "ptwo");
    say(w, &w->service, "pthree");
    heard(&w->invoker, "pone | ptwo | pthree");
}

/* ---------------------------------------------------- empty and absent */

static void
an_empty_payload_alone_arrives(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->invoker, "p");
    heard(&w->service, "p");
}

static void
empty_metadata_alone_arrives(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->service, "m");
    heard(&w->invoker, "m");
}

static void
a_completion_without_members_arrives(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->invoker, "c");
    heard(&w->service, "c");
}

static void
an_empty_message_is_not_an_absent_one(void **state)
{
    struct world *w = *state;

    invoke(w, "c");
    heard(&w->service, "c");
    say(w, &w->service, "c0:");
    heard(&w->invoker, "c0:");
    assert_string_equal(w->service.details, "(absent)");
    assert_string_equal(w->invoker.details, "");
}

/* ------------------------------------------------------- flow control */

static void
send_five_and_complete(struct world *w)
{
    const char *const words[] = { "p1", "p2", "p3", "p4", "p5" };
    size_t i;

    for (i = 0; i < 5; i++)
        pass(w->pool, w->invoker.op, words[i]);
    pass(w->pool, w->invoker.op, "c7:seven");
    settle(w);
}

static void
one_payload_goes_without_any_grant(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    send_five_and_complete(w);
    heard(&w->service, "p1");
}

static void
each_grant_releases_as_many_payloads_as_it_says(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    send_five_and_complete(w);
    heard(&w->service, "p1");
    say(w, &w->service, "+1");
    heard(&w->service, "p2");
    say(w, &w->service, "+2");
    heard(&w->service, "p3 | p4");
    say(w, &w->service, "+5");
    heard(&w->service, "p5 c7:seven");
}

static void
grants_add_up(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    pass(w->pool, w->service.op, "+1");
    pass(w->pool, w->service.op, "+1");
    pass(w->pool, w->service.op, "+1");
    settle(w);
    heard(&w->invoker, "+1 | +1 | +1");
    send_five_and_complete(w);
    heard(&w->service, "p1 | p2 | p3 | p4");
}

static void
a_payload_in_operate_uses_up_the_first_allowance(void **state)
{
    struct world *w = *state;

    invoke(w, "p0");
    send_five_and_complete(w);
    heard(&w->service, "p0");
}

static void
metadata_and_grants_need_no_allowance(void **state)
{
    struct world *w = *state;

    invoke(w, "m p0");
    heard(&w->service, "m p0");
    pass(w->pool, w->invoker.op, "p1");
    pass(w->pool, w->invoker.op, "+3");
    settle(w);
    heard(&w->service, "+3");
}

static void
a_sender_hears_of_no_grant_after_its_completion(void **state)
{
    struct world *w = *state;

    invoke(w, "p0");
    pass(w->pool, w->invoker.op, "p1 c");
    settle(w);
    say(w, &w->service, "+1");
    heard(&w->service, "p0 | p1 c");
    heard(&w->invoker, "");
}

static void
the_send_budget_says_what_goes_without_queueing(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    assert_int_equal(sluice_operation_send_budget(w->invoker.op), 1);
    say(w, &w->invoker, "p1");
    assert_int_equal(sluice_operation_send_budget(w->invoker.op), 0);
    say(w, &w->invoker, "p2");
    assert_int_equal(sluice_operation_send_budget(w->invoker.op), 0);
    say(w, &w->service, "+3");
    assert_int_equal(sluice_operation_send_budget(w->invoker.op), 2);
}

static void
grants_beyond_all_numbers_do_not_overflow(void **state)
{
    struct world *w = *state;
    int i;

    invoke(w, "");
    for (i = 0; i < 5; i++)
        say(w, &w->service, "+2147483647");
    assert_int_equal(sluice_operation_send_budget(w->invoker.op), INT32_MAX);
    say(w, &w->invoker, "p1");
    heard(&w->service, "p1");
}

static void
answer_within(struct party *p, const struct sluice_values *values)
{
    struct world *w = p->react_arg;

    (void)values;
    p->react = NULL;
    pass(w->pool, p->op, "m pyes");
    pass(w->pool, p->op, "c");
}

static void
a_customer_may_advance_inside_its_callback(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    invoke(&w, "m");
    w.service.react = answer_within;
    w.service.react_arg = &w;
    say(&w, &w.invoker, "pask c");
    heard(&w.invoker, "m pyes | c");
    ended(&w.invoker, SLUICE_COMPLETED);
    ended(&w.service, SLUICE_COMPLETED);
    world_fini(&w);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_initial_metadata_is_misuse),
        cmocka_unit_test(initial_metadata_after_a_payload_is_misuse),
        cmocka_unit_test(a_negative_allowance_is_misuse),
        cmocka_unit_test(initial_metadata_after_the_completion_is_misuse),
        TEST(a_payload_after_the_completion_is_misuse),
        TEST(a_second_completion_is_misuse),
        TEST(a_service_that_completes_twice_is_misuse),
        TEST(nothing_of_a_call_with_misuse_is_sent),
        TEST(misuse_in_operate_ends_the_operation_and_asks_nobody),
        TEST(advance_on_a_terminated_operation_does_nothing),
        TEST(everything_at_once_is_legal),
        TEST(an_empty_call_does_nothing),
        TEST(initial_metadata_with_the_first_payload_is_legal),
        TEST(allowance_after_the_own_completion_is_legal),
        TEST(an_empty_payload_alone_arrives),
        TEST(empty_metadata_alone_arrives),
        TEST(a_completion_without_members_arrives),
        TEST(an_empty_message_is_not_an_absent_one),
        TEST(one_payload_goes_without_any_grant),
        TEST(each_grant_releases_as_many_payloads_as_it_says),
        TEST(grants_add_up),
        TEST(a_payload_in_operate_uses_up_the_first_allowance),
        TEST(metadata_and_grants_need_no_allowance),
        TEST(a_sender_hears_of_no_grant_after_its_completion),
        TEST(the_send_budget_says_what_goes_without_queueing),
        TEST(grants_beyond_all_numbers_do_not_overflow),
        cmocka_unit_test(a_customer_may_advance_inside_its_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
