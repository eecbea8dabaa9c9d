/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_emission.c - what a customer may pass to advance, what
 * becomes of it when it is misuse, and how far allowance lets it go.
 */
#include "tests/rpc/base_world.h"

/* ------------------------------------------------------------- misuse */

/* After the first words, the second ones are misuse, whoever says them. */
struct misuse {
    const char *name;
    const char *first;
    const char *second;
};

static const struct misuse misuses[] = {
    { "a second initial metadata", "m", "m" },
    { "initial metadata after a payload", "pone", "m" },
    { "initial metadata after the completion", "c", "m" },
    { "a payload after the completion", "c", "plate" },
    { "a second completion", "c", "c" },
    { "a negative allowance", "", "+-1" },
    { "the most negative allowance", "", "+-2147483648" },
};

enum culprit { INVOKER_AT_ONCE, INVOKER, SERVICE, CULPRITS };

static const char *const culprits[] = {
    [INVOKER_AT_ONCE] = "by the invoker, the first in operate",
    [INVOKER] = "by the invoker",
    [SERVICE] = "by the service",
};

struct misuse_case {
    const struct misuse *misuse;
    enum culprit culprit;
    enum join_kind over;
    char name[128];
};

/* Both in one turn: the other side cannot have answered in between. */
static void
misuse(struct world *w, struct party *p, const struct misuse_case *c)
{
    pass(w->pool, p->op, c->misuse->first);
    pass(w->pool, p->op, c->misuse->second);
    settle(w);
}

/* A completion that has gone over gRPC ends the invoker all the same. */
static void
was_the_culprit(struct party *culprit, struct party *other,
    const struct misuse_case *c)
{
    ended(culprit, SLUICE_LOCAL_FAILURE);
    carries_nothing(culprit);
    if (is_grpc(c->over) && other->is_invoker && c->misuse->first[0] == 'c') {
        ended(other, SLUICE_COMPLETED);
        return;
    }
    ended(other, SLUICE_REMOTE_FAILURE);
    was_told(other, SLUICE_LOCAL_FAILURE);
}

static void
misuse_is_a_local_failure(void **state)
{
    const struct misuse_case *c = *state;
    struct world w;

    world_init(&w, c->over);
    invoke(&w, c->culprit == INVOKER_AT_ONCE ? c->misuse->first : "");
    if (c->culprit == INVOKER_AT_ONCE)
        say(&w, &w.invoker, c->misuse->second);
    else
        misuse(&w, c->culprit == SERVICE ? &w.service : &w.invoker, c);
    if (c->culprit == SERVICE)
        was_the_culprit(&w.service, &w.invoker, c);
    else
        was_the_culprit(&w.invoker, &w.service, c);
    world_fini(&w);
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
    say(w, &w->service, "e");
    heard(&w->invoker, "e");
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
    struct world *w = *state;

    invoke(w, "m");
    w->service.react = answer_within;
    w->service.react_arg = w;
    say(w, &w->invoker, "pask c");
    heard(&w->invoker, "m pyes | c");
    ended(&w->invoker, SLUICE_COMPLETED);
    ended(&w->service, SLUICE_COMPLETED);
}

#define MISUSES (sizeof(misuses) / sizeof(misuses[0]) * CULPRITS * 2)

/* The invoker's metadata cannot come later over gRPC. */
static bool
is_possible(const struct misuse_case *c)
{
    return !(is_grpc(c->over) && c->culprit == INVOKER &&
        c->misuse->first[0] == 'm');
}

static void
misuse_case_init(struct misuse_case *c, unsigned number)
{
    c->over = number % 2 == 0 ? IN_PROCESS : OVER_UNIX;
    c->culprit = (enum culprit)(number / 2 % CULPRITS);
    c->misuse = &misuses[number / 2 / CULPRITS];
    snprintf(c->name, sizeof(c->name), "%s %s is misuse (%s)", c->misuse->name,
        culprits[c->culprit], is_grpc(c->over) ? "gRPC" : "in process");
}

static int
run_misuses(void)
{
    static struct misuse_case cases[MISUSES];
    static struct CMUnitTest tests[MISUSES];
    unsigned i, n = 0;

    for (i = 0; i < MISUSES; i++) {
        misuse_case_init(&cases[n], i);
        if (!is_possible(&cases[n]))
            continue;
        tests[n].name = cases[n].name;
        tests[n].test_func = misuse_is_a_local_failure;
        tests[n].initial_state = &cases[n];
        n++;
    }
    return _cmocka_run_group_tests("misuse", tests, n, NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(nothing_of_a_call_with_misuse_is_sent),
        OVER_BOTH(misuse_in_operate_ends_the_operation_and_asks_nobody),
        OVER_BOTH(advance_on_a_terminated_operation_does_nothing),
        OVER_BOTH(everything_at_once_is_legal),
        OVER_BOTH(an_empty_call_does_nothing),
        IN_PROCESS_ONLY(initial_metadata_with_the_first_payload_is_legal),
        OVER_BOTH(allowance_after_the_own_completion_is_legal),
        OVER_BOTH(an_empty_payload_alone_arrives),
        IN_PROCESS_ONLY(empty_metadata_alone_arrives),
        OVER_BOTH(a_completion_without_members_arrives),
        IN_PROCESS_ONLY(an_empty_message_is_not_an_absent_one),
        OVER_BOTH(one_payload_goes_without_any_grant),
        OVER_BOTH(each_grant_releases_as_many_payloads_as_it_says),
        OVER_BOTH(grants_add_up),
        OVER_BOTH(a_payload_in_operate_uses_up_the_first_allowance),
        OVER_BOTH(metadata_and_grants_need_no_allowance),
        OVER_BOTH(a_sender_hears_of_no_grant_after_its_completion),
        IN_PROCESS_ONLY(the_send_budget_says_what_goes_without_queueing),
        IN_PROCESS_ONLY(grants_beyond_all_numbers_do_not_overflow),
        OVER_BOTH(a_customer_may_advance_inside_its_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + run_misuses();
}
