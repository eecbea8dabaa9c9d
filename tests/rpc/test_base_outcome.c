/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_outcome.c - how operations end: who learns what, once.
 */
#include "tests/rpc/base_world.h"

/* -------------------------------------------------------- completion */

static void
each_side_completes_with_what_the_other_said(void **state)
{
    struct world *w = *state;

    invoke(w, "c3:invoker's");
    say(w, &w->service, "c5:service's");
    ended(&w->invoker, SLUICE_COMPLETED);
    assert_true(w->invoker.has_code);
    assert_int_equal(w->invoker.code, 5);
    assert_string_equal(w->invoker.details, "service's");
    ended(&w->service, SLUICE_COMPLETED);
    assert_int_equal(w->service.code, 3);
    assert_string_equal(w->service.details, "invoker's");
}

static void
a_service_that_completes_early_does_not_linger(void **state)
{
    struct world *w = *state;

    invoke(w, "pone");
    pass(w->pool, w->invoker.op, "pqueued c9:queued");
    say(w, &w->service, "c");
    ended(&w->invoker, SLUICE_COMPLETED);
    ended(&w->service, SLUICE_COMPLETED);
    heard(&w->service, "pone | c");
    assert_false(w->service.has_code);
}

static void
an_invoker_need_not_complete(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->service, "panswer c");
    ended(&w->invoker, SLUICE_COMPLETED);
    ended(&w->service, SLUICE_COMPLETED);
    stat_is(w->invoking, SLUICE_COMPLETED, 1);
    stat_is(w->serving, SLUICE_COMPLETED, 1);
}

static void
a_service_is_done_when_its_completion_is_handed_over(void **state)
{
    struct world *w = *state;

    invoke(w, "c");
    pass(w->pool, w->service.op, "p1 c"); /* p1 goes, so c goes with it */
    assert_non_null(sluice_operation_outcome(w->service.op));
    settle(w);
    ended(&w->invoker, SLUICE_COMPLETED);
}

static void
a_completion_behind_queued_payloads_completes_nothing_yet(void **state)
{
    struct world *w = *state;

    invoke(w, "c");
    pass(w->pool, w->service.op, "p1");
    pass(w->pool, w->service.op, "p2");
    pass(w->pool, w->service.op, "c");
    pass(w->pool, w->service.op, "+1");
    settle(w);
    assert_int_equal(w->service.outcome, STILL_ACTIVE);
    heard(&w->invoker, "p1");
    say(w, &w->invoker, "+1");
    heard(&w->invoker, "p2 c");
    ended(&w->service, SLUICE_COMPLETED);
}

/* ------------------------------------------------------------- aborts */

static void
the_invoker_cancels(void **state)
{
    struct world *w = *state;

    invoke(w, "m pone");
    sluice_operation_cancel(w->invoker.op);
    settle(w);
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_CANCELLED);
    carries_nothing(&w->invoker);
    was_told(&w->service, SLUICE_CANCELLED);
    stat_is(w->invoking, SLUICE_CANCELLED, 1);
    stat_is(w->serving, SLUICE_CANCELLED, 1);
}

static void
the_service_cancels(void **state)
{
    struct world *w = *state;

    invoke(w, "m pone");
    sluice_operation_cancel(w->service.op);
    settle(w);
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_CANCELLED);
    was_told(&w->invoker, SLUICE_CANCELLED);
    carries_nothing(&w->service);
}

static void
the_invoker_fails(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    sluice_operation_fail(w->invoker.op);
    settle(w);
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    ended(&w->service, SLUICE_REMOTE_FAILURE);
    carries_nothing(&w->invoker);
    was_told(&w->service, SLUICE_LOCAL_FAILURE);
}

static void
a_defective_operator_of_the_service(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->service.reply = SLUICE_REPLY_FAILED;
    say(w, &w->invoker, "pone");
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
    ended(&w->service, SLUICE_LOCAL_FAILURE);
    was_told(&w->invoker, SLUICE_LOCAL_FAILURE);
    carries_nothing(&w->service);
}

static void
a_defective_operator_of_the_invoker(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->invoker.reply = SLUICE_REPLY_FAILED;
    say(w, &w->service, "pone");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    ended(&w->service, SLUICE_REMOTE_FAILURE);
}

static void
giving_up_an_active_operation_is_a_failure(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->invoker.reply = SLUICE_REPLY_ABANDONED;
    say(w, &w->service, "pone");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
}

static void
cancel_within(struct party *p, const struct sluice_values *values)
{
    (void)values;
    sluice_operation_cancel(p->op);
    sluice_operation_fail(p->op);
}

static void
giving_up_a_cancelled_operation_changes_nothing(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->invoker.react = cancel_within;
    w->invoker.reply = SLUICE_REPLY_ABANDONED;
    say(w, &w->service, "pone");
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_CANCELLED);
}

static void
a_failure_in_the_call_with_the_last_value_is_not_completion(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->invoker.reply = SLUICE_REPLY_FAILED;
    say(w, &w->service, "pone c");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
}

static void
values_sent_before_an_abort_may_get_lost(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    pass(w->pool, w->invoker.op, "m plost");
    sluice_operation_cancel(w->invoker.op);
    settle(w);
    heard(&w->service, "");
    ended(&w->service, SLUICE_CANCELLED);
}

/* ---------------------------------------------------- first event wins */

static void
cancel_after_completion_does_nothing(void **state)
{
    struct world *w = *state;

    invoke(w, "c");
    say(w, &w->service, "c");
    sluice_operation_cancel(w->invoker.op);
    sluice_operation_fail(w->invoker.op);
    settle(w);
    assert_int_equal(sluice_operation_outcome(w->invoker.op)->kind,
        SLUICE_COMPLETED);
    stat_is(w->invoking, SLUICE_COMPLETED, 1);
}

static void
the_first_of_two_events_wins(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    sluice_operation_cancel(w->invoker.op);
    sluice_operation_fail(w->invoker.op);
    sluice_operation_fail(w->service.op); /* before the ticket arrives */
    settle(w);
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_LOCAL_FAILURE);
}

static void
cancel_from_thread(void *arg)
{
    struct party *p = arg;

    sluice_operation_cancel(p->op);
}

static void
fail_from_thread(void *arg)
{
    struct party *p = arg;

    sluice_operation_fail(p->op);
}

static void
a_hundred_threads_cancel_once(void **state)
{
    struct world *w = *state;
    int i;

    invoke(w, "");
    for (i = 0; i < 100; i++)
        from_a_thread(w, cancel_from_thread, &w->invoker);
    run_to_the_end(w);
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_CANCELLED);
    stat_is(w->invoking, SLUICE_CANCELLED, 1);
    stat_is(w->serving, SLUICE_CANCELLED, 1);
}

/* Whoever comes first wins; whoever it is, each side has one outcome, and the
 * two fit. */
static void
of_a_hundred_racing_ends_there_is_one(void **state)
{
    struct world *w = *state;
    const struct sluice_outcome *outcome;
    int i;

    invoke(w, "");
    for (i = 0; i < 100; i++)
        from_a_thread(w, i % 2 == 0 ? cancel_from_thread : fail_from_thread,
            &w->invoker);
    run_to_the_end(w);
    outcome = sluice_operation_outcome(w->invoker.op);
    ended(&w->invoker, outcome->kind);
    stat_is(w->invoking, outcome->kind, 1);
    if (outcome->kind == SLUICE_CANCELLED) {
        ended(&w->service, SLUICE_CANCELLED);
        stat_is(w->serving, SLUICE_CANCELLED, 1);
    } else {
        ended(&w->invoker, SLUICE_LOCAL_FAILURE);
        ended(&w->service, SLUICE_REMOTE_FAILURE);
        stat_is(w->serving, SLUICE_REMOTE_FAILURE, 1);
    }
}

/* ---------------------------------------------------------- callbacks */

struct listener {
    struct sluice_termination_callback cb;
    struct sluice_operation *op;
    struct listener *another; /* registered inside the call */
    char name;
    char *order;
};

static void
on_end(struct sluice_termination_callback *cb,
    const struct sluice_outcome *outcome)
{
    struct listener *l = (struct listener *)cb;
    size_t len = strlen(l->order);

    l->order[len] = l->name;
    l->order[len + 1] = '\0';
    assert_ptr_equal(sluice_operation_outcome(l->op), outcome);
    assert_int_equal(sluice_operation_time_remaining(l->op), 0);
    if (l->another != NULL)
        assert_ptr_equal(sluice_operation_add_termination_callback(l->op,
                             &l->another->cb),
            outcome);
}

static void
callbacks_run_once_each_in_order(void **state)
{
    struct world *w = *state;
    char order[8] = "";
    struct listener d = { { .run = on_end }, NULL, NULL, 'd', order };
    struct listener a = { { .run = on_end }, NULL, NULL, 'a', order };
    struct listener b = { { .run = on_end }, NULL, &d, 'b', order };
    struct listener c = { { .run = on_end }, NULL, NULL, 'c', order };

    invoke(w, "");
    a.op = b.op = c.op = d.op = w->invoker.op;
    sluice_operation_add_termination_callback(w->invoker.op, &a.cb);
    sluice_operation_add_termination_callback(w->invoker.op, &b.cb);
    sluice_operation_add_termination_callback(w->invoker.op, &c.cb);
    sluice_operation_cancel(w->invoker.op);
    assert_string_equal(order, "");
    settle(w);
    assert_string_equal(order, "abc");
}

static void
a_callback_registered_too_late_gets_the_outcome_instead(void **state)
{
    struct world *w = *state;
    char order[8] = "";
    struct listener late = { { .run = on_end }, NULL, NULL, 'l', order };

    invoke(w, "");
    sluice_operation_cancel(w->invoker.op);
    late.op = w->invoker.op;
    assert_ptr_equal(sluice_operation_add_termination_callback(w->invoker.op,
                         &late.cb),
        sluice_operation_outcome(w->invoker.op));
    settle(w);
    assert_string_equal(order, "");
}

static void
advance_and_cancel_inside_a_callback_are_harmless(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->service.react = cancel_within;
    say(w, &w->invoker, "pone");
    ended(&w->service, SLUICE_CANCELLED);
    ended(&w->invoker, SLUICE_CANCELLED);
    was_told(&w->invoker, SLUICE_CANCELLED);
}

static void
a_handle_outlives_the_operation(void **state)
{
    struct world *w = *state;
    struct words words;

    invoke(w, "");
    sluice_operation_cancel(w->invoker.op);
    settle(w);
    assert_int_equal(sluice_end_active(w->invoking), 0);
    assert_int_equal(sluice_operation_outcome(w->invoker.op)->kind,
        SLUICE_CANCELLED);
    read_words(w->pool, "m p c", &words);
    sluice_operation_advance(w->invoker.op, &words.values);
    sluice_operation_cancel(w->invoker.op);
}

static void
a_handle_outlives_its_end_and_its_loop(void **state)
{
    struct sluice_operation *op;
    struct words words;
    struct world w;

    (void)state;
    world_init(&w, IN_PROCESS);
    invoke(&w, "m");
    op = sluice_operation_ref(w.invoker.op);
    sluice_operation_cancel(op);
    world_fini(&w);
    assert_int_equal(sluice_operation_outcome(op)->kind, SLUICE_CANCELLED);
    assert_int_equal(sluice_operation_time_remaining(op), 0);
    read_words(NULL, "m p c", &words);
    sluice_operation_advance(op, &words.values);
    sluice_operation_fail(op);
    sluice_operation_unref(&op);
}

static void
an_operation_lives_on_without_a_handle(void **state)
{
    struct world *w = *state;

    invoke(w, "pone c");
    sluice_operation_unref(&w->invoker.op);
    assert_null(w->invoker.op);
    say(w, &w->service, "pyes c");
    heard(&w->invoker, "pyes c");
    ended(&w->invoker, SLUICE_COMPLETED);
}

/* --------------------------------------------------------------- time */

static void
both_sides_expire(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    i.timeout_ns = SLUICE_MS;
    invoke_with(w, &i, "pone");
    run_to_the_end(w);
    ended(&w->invoker, SLUICE_EXPIRED);
    stat_is(w->invoking, SLUICE_EXPIRED, 1);
}

static void
no_time_at_all_expires_but_not_within_operate(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);
    const int64_t timeouts[] = { 0, -1, INT64_MIN };
    size_t n;

    for (n = 0; n < 3; n++) {
        i.timeout_ns = timeouts[n];
        assert_int_equal(sluice_end_operate(w->invoking, &i, &w->invoker.op),
            SLUICE_OK);
        assert_null(sluice_operation_outcome(w->invoker.op));
        assert_int_equal(sluice_operation_time_remaining(w->invoker.op), 0);
        run_to_the_end(w);
        assert_int_equal(sluice_operation_outcome(w->invoker.op)->kind,
            SLUICE_EXPIRED);
        sluice_operation_unref(&w->invoker.op);
    }
}

static void
answer_at_once(struct world *w, struct sluice_operation *op)
{
    pass(w->pool, op, "m panswer c");
}

static void
an_operation_without_time_asks_nobody(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    w->on_service = answer_at_once;
    i.timeout_ns = 0;
    invoke_with(w, &i, "m pask c");
    run_to_the_end(w);
    ended(&w->invoker, SLUICE_EXPIRED);
    heard(&w->invoker, "");
    assert_int_equal(w->serviced, 0);
}

static void
time_remaining_goes_down_to_nothing(void **state)
{
    struct world *w = *state;
    int64_t before, after;

    invoke(w, "");
    before = sluice_operation_time_remaining(w->invoker.op);
    assert_true(before > 0 && before <= LONG_TIMEOUT);
    do {
        uv_run(&w->uv, UV_RUN_NOWAIT);
        after = sluice_operation_time_remaining(w->invoker.op);
        assert_true(after <= before);
    } while (after == before);
    sluice_operation_cancel(w->invoker.op);
    assert_int_equal(sluice_operation_time_remaining(w->invoker.op), 0);
}

static void
an_unlimited_operation_has_unlimited_time(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    i.timeout_ns = SLUICE_NO_TIMEOUT;
    invoke_with(w, &i, "");
    assert_true(
        sluice_operation_time_remaining(w->invoker.op) == SLUICE_NO_TIMEOUT);
    assert_true(
        sluice_operation_time_remaining(w->service.op) <= 300 * SLUICE_SECOND);
}

static void
every_kind_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(sluice_outcome_kind_name(SLUICE_COMPLETED),
        "completed");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_CANCELLED),
        "cancelled");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_EXPIRED), "expired");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_LOCAL_SHUTDOWN),
        "local shutdown");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_REMOTE_SHUTDOWN),
        "remote shutdown");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_RECEPTION_FAILURE),
        "reception failure");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_TRANSMISSION_FAILURE),
        "transmission failure");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_LOCAL_FAILURE),
        "local failure");
    assert_string_equal(sluice_outcome_kind_name(SLUICE_REMOTE_FAILURE),
        "remote failure");
    assert_string_equal(sluice_outcome_kind_name((enum sluice_outcome_kind)99),
        "unknown");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PROCESS_ONLY(each_side_completes_with_what_the_other_said),
        OVER_BOTH(a_service_that_completes_early_does_not_linger),
        OVER_BOTH(an_invoker_need_not_complete),
        OVER_BOTH(a_service_is_done_when_its_completion_is_handed_over),
        IN_PROCESS_ONLY(
            a_completion_behind_queued_payloads_completes_nothing_yet),
        OVER_BOTH(the_invoker_cancels),
        OVER_BOTH(the_service_cancels),
        OVER_BOTH(the_invoker_fails),
        OVER_BOTH(a_defective_operator_of_the_service),
        OVER_BOTH(a_defective_operator_of_the_invoker),
        OVER_BOTH(giving_up_an_active_operation_is_a_failure),
        OVER_BOTH(giving_up_a_cancelled_operation_changes_nothing),
        OVER_BOTH(a_failure_in_the_call_with_the_last_value_is_not_completion),
        IN_PROCESS_ONLY(values_sent_before_an_abort_may_get_lost),
        OVER_BOTH(cancel_after_completion_does_nothing),
        OVER_BOTH(the_first_of_two_events_wins),
        OVER_BOTH(a_hundred_threads_cancel_once),
        OVER_BOTH(of_a_hundred_racing_ends_there_is_one),
        OVER_BOTH(callbacks_run_once_each_in_order),
        OVER_BOTH(a_callback_registered_too_late_gets_the_outcome_instead),
        OVER_BOTH(advance_and_cancel_inside_a_callback_are_harmless),
        OVER_BOTH(a_handle_outlives_the_operation),
        cmocka_unit_test(a_handle_outlives_its_end_and_its_loop),
        OVER_BOTH(an_operation_lives_on_without_a_handle),
        OVER_BOTH(both_sides_expire),
        OVER_BOTH(no_time_at_all_expires_but_not_within_operate),
        OVER_BOTH(an_operation_without_time_asks_nobody),
        OVER_BOTH(time_remaining_goes_down_to_nothing),
        OVER_BOTH(an_unlimited_operation_has_unlimited_time),
        cmocka_unit_test(every_kind_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
