/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_service.c - what a servicer may answer, and what reaches
 * its customers before and after it has.
 */
#include "tests/rpc/base_world.h"

static void
the_servicer_is_asked_once_for_group_and_method(void **state)
{
    struct world *w = *state;

    invoke(w, "m");
    say(w, &w->invoker, "pone");
    assert_int_equal(w->serviced, 1);
    assert_string_equal(w->asked_for, "group/method");
}

static void
empty_names_arrive_as_empty_names(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    i.group = sluice_str("");
    i.method = sluice_str(NULL);
    invoke_with(w, &i, "");
    assert_string_equal(w->asked_for, "/");
}

static void
a_servicer_that_fails(void **state)
{
    struct world *w = *state;

    w->service_reply = SLUICE_REPLY_FAILED;
    invoke(w, "m pone c");
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
    ended(&w->service, SLUICE_LOCAL_FAILURE);
    assert_int_equal(w->service.contexts, 0);
    heard(&w->service, "");
}

static void
a_servicer_that_gives_up_an_active_operation(void **state)
{
    struct world *w = *state;

    w->service_reply = SLUICE_REPLY_ABANDONED;
    invoke(w, "");
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
    ended(&w->service, SLUICE_LOCAL_FAILURE);
}

static void
cancel(struct world *w, struct sluice_operation *op)
{
    (void)w;
    sluice_operation_cancel(op);
}

static void
a_servicer_that_gives_up_what_it_cancelled(void **state)
{
    struct world *w = *state;

    w->on_service = cancel;
    w->service_reply = SLUICE_REPLY_ABANDONED;
    invoke(w, "m pone c");
    ended(&w->invoker, SLUICE_CANCELLED);
    ended(&w->service, SLUICE_CANCELLED);
    heard(&w->service, "");
}

static void
a_callback_in_a_subscription_is_called_even_if_all_was_over(void **state)
{
    struct world *w = *state;

    w->on_service = cancel;
    w->service_kind = SLUICE_SUBSCRIPTION_TERMINATION_ONLY;
    invoke(w, "m pone c");
    ended(&w->service, SLUICE_CANCELLED);
}

static void
no_such_method_is_a_defect_of_the_invoker(void **state)
{
    struct world *w = *state;

    w->service_reply = SLUICE_REPLY_NO_SUCH_METHOD;
    w->no_such_method.has_code = true;
    w->no_such_method.code = 12;
    w->no_such_method.details = sluice_str("there is no method");
    invoke(w, "m pone c");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    assert_true(w->invoker.has_code);
    assert_int_equal(w->invoker.code, 12);
    assert_string_equal(w->invoker.details, "there is no method");
    ended(&w->service, SLUICE_REMOTE_FAILURE);
    assert_int_equal(w->service.code, 12);
    assert_string_equal(w->service.details, "there is no method");
}

static void
no_such_method_need_not_say_more(void **state)
{
    struct world *w = *state;

    w->service_reply = SLUICE_REPLY_NO_SUCH_METHOD;
    invoke(w, "");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    was_told(&w->invoker, SLUICE_REMOTE_FAILURE);
}

static void
answer(struct world *w, struct sluice_operation *op)
{
    pass(w->pool, op, "m pearly");
}

static void
a_servicer_may_answer_before_it_returns(void **state)
{
    struct world *w = *state;

    w->on_service = answer;
    invoke(w, "c");
    heard(&w->invoker, "m pearly");
    say(w, &w->service, "c");
    heard(&w->invoker, "c");
    ended(&w->service, SLUICE_COMPLETED);
}

/* ------------------------------------------------------ subscriptions */

static enum sluice_reply
serve_nonsense(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    (void)self;
    (void)group;
    (void)method;
    (void)op;
    (void)no_such_method;
    *subscription = sluice_full_subscription(NULL, NULL);
    return SLUICE_REPLY_OK;
}

static void
a_malformed_subscription_of_the_servicer_is_a_failure(void **state)
{
    struct world *w = *state;

    w->servicer.service = serve_nonsense;
    invoke(w, "");
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
    stat_is(w->serving, SLUICE_LOCAL_FAILURE, 1);
}

static void
is_malformed(struct world *w, struct sluice_subscription subscription)
{
    struct sluice_invocation i = full_invocation(&w->invoker);
    struct words words;

    i.subscription = subscription;
    read_words(w->pool, "m pone c", &words);
    i.first = words.values;
    assert_int_equal(sluice_end_operate(w->invoking, &i, &w->invoker.op),
        SLUICE_EINVAL);
    assert_null(w->invoker.op);
    assert_int_equal(sluice_end_active(w->invoking), 0);
}

static void
told(void *arg, int allowance)
{
    (void)arg;
    (void)allowance;
}

static void
malformed_subscriptions_are_rejected(void **state)
{
    struct world *w = *state;
    struct sluice_subscription full, end, none;
    struct sluice_termination_callback cb = { .run = NULL };

    full = sluice_full_subscription(party_advance, &w->invoker);
    end = sluice_termination_only_subscription(&w->invoker.on_terminated);
    none = sluice_none_subscription();

    is_malformed(w, sluice_full_subscription(NULL, NULL));
    full.allowance = told;
    is_malformed(w, full);
    full.allowance = NULL;
    full.termination = &w->invoker.on_terminated;
    is_malformed(w, full);

    is_malformed(w, sluice_termination_only_subscription(NULL));
    is_malformed(w, sluice_termination_only_subscription(&cb));
    end.operator.advance = party_advance;
    is_malformed(w, end);

    none.operator.advance = party_advance;
    is_malformed(w, none);
    none.operator.advance = NULL;
    none.protocol_receiver.context = party_context;
    is_malformed(w, none);
    none.protocol_receiver.context = NULL;
    none.termination = &w->invoker.on_terminated;
    is_malformed(w, none);
    none.termination = NULL;
    none.kind = (enum sluice_subscription_kind)7;
    is_malformed(w, none);
}

/* -------------------------------------------------- protocol receivers */

static void
each_protocol_receiver_is_called_once(void **state)
{
    struct world *w = *state;

    invoke(w, "m");
    assert_int_equal(w->service.contexts, 1);
    assert_int_equal(w->invoker.contexts, 0);
    say(w, &w->service, "m");
    assert_int_equal(w->invoker.contexts, 1);
    say(w, &w->invoker, "pone c");
    say(w, &w->service, "pone c");
    assert_int_equal(w->service.contexts, 1);
    assert_int_equal(w->invoker.contexts, 1);
}

static void
no_context_comes_with_an_abort(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    sluice_operation_cancel(w->service.op);
    settle(w);
    ended(&w->invoker, SLUICE_CANCELLED);
    assert_int_equal(w->invoker.contexts, 0);
}

static void
let_the_receiver_fail(struct world *w, struct sluice_operation *op)
{
    (void)op;
    w->service.context_reply = SLUICE_REPLY_FAILED;
}

static void
a_protocol_receiver_of_the_service_that_fails(void **state)
{
    struct world *w = *state;

    w->on_service = let_the_receiver_fail;
    invoke(w, "m pone");
    ended(&w->service, SLUICE_LOCAL_FAILURE);
    ended(&w->invoker, SLUICE_REMOTE_FAILURE);
    assert_int_equal(w->service.contexts, 1);
    if (!is_grpc(w->join.kind))
        assert_int_equal(w->invoker.contexts, 0);
}

static void
a_protocol_receiver_that_fails(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    w->invoker.context_reply = SLUICE_REPLY_FAILED;
    say(w, &w->service, "m pone");
    ended(&w->invoker, SLUICE_LOCAL_FAILURE);
    ended(&w->service, SLUICE_REMOTE_FAILURE);
    heard(&w->invoker, "");
}

/* ----------------------------------------------------------- timeouts */

static void
a_service_caps_the_timeout_and_tells_the_invoker(void **state)
{
    const struct sluice_end_options options = {
        .default_timeout_ns = 10 * SLUICE_SECOND,
        .maximum_timeout_ns = 20 * SLUICE_SECOND,
    };
    struct world w;

    (void)state;
    world_init_stopped(&w, IN_PROCESS, &options);
    world_start(&w);
    invoke(&w, "");
    assert_true(
        sluice_operation_time_remaining(w.service.op) <= 20 * SLUICE_SECOND);
    assert_true(
        sluice_operation_time_remaining(w.service.op) > 10 * SLUICE_SECOND);
    assert_true(
        sluice_operation_time_remaining(w.invoker.op) <= 20 * SLUICE_SECOND);
    heard(&w.invoker, "");
    world_fini(&w);
}

static void
a_service_without_a_timeout_takes_the_default(void **state)
{
    const struct sluice_end_options options = {
        .default_timeout_ns = 10 * SLUICE_SECOND,
        .maximum_timeout_ns = 20 * SLUICE_SECOND,
    };
    struct sluice_invocation i;
    struct world w;

    (void)state;
    world_init_stopped(&w, IN_PROCESS, &options);
    world_start(&w);
    i = full_invocation(&w.invoker);
    i.timeout_ns = SLUICE_NO_TIMEOUT;
    invoke_with(&w, &i, "");
    assert_true(
        sluice_operation_time_remaining(w.service.op) <= 10 * SLUICE_SECOND);
    world_fini(&w);
}

static void
a_service_leaves_a_short_timeout_alone(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    i.timeout_ns = 30 * SLUICE_SECOND;
    invoke_with(w, &i, "");
    assert_true(
        sluice_operation_time_remaining(w->service.op) <= 30 * SLUICE_SECOND);
}

/* ---- What waits for the servicer's decision -------------------------------- */

static void
see_what_waits(struct world *w, struct sluice_operation *op)
{
    w->service.react_arg = sluice_operation_waiting_metadata(op);
    assert_int_equal(sluice_operation_protocol_context(op) != NULL,
        is_grpc(w->join.kind) && sluice_operation_outcome(op) == NULL);
}

static void
metadata_waits_for_the_servicer_until_it_is_delivered(void **state)
{
    struct world *w = *state;

    w->on_service = see_what_waits;
    invoke(w, "m pone");
    assert_non_null(w->service.react_arg);
    heard(&w->service, "m pone");
    assert_null(sluice_operation_waiting_metadata(w->service.op));
}

static void
no_metadata_waits_when_none_was_sent(void **state)
{
    struct world *w = *state;

    w->on_service = see_what_waits;
    invoke(w, "pone");
    assert_null(w->service.react_arg);
}

static void
cancel_and_see_what_waits(struct world *w, struct sluice_operation *op)
{
    sluice_operation_cancel(op);
    see_what_waits(w, op);
}

static void
nothing_waits_in_an_operation_that_has_terminated(void **state)
{
    struct world *w = *state;

    w->on_service = cancel_and_see_what_waits;
    invoke(w, "m pone");
    assert_null(w->service.react_arg);
    ended(&w->service, SLUICE_CANCELLED);
}

/* ---- The log -------------------------------------------------------------- */

struct logged {
    unsigned n_lines;
    const struct sluice_operation *op;
    const char *text;
};

static void
on_line(void *log_arg, const struct sluice_operation *op, const char *text)
{
    struct logged *l = log_arg;

    l->n_lines++;
    l->op = op;
    l->text = text;
}

/* The serving End of a world logs. */
static void
open_logged(struct world *w, struct logged *l)
{
    struct sluice_end_options options = { .log = on_line, .log_arg = l };

    memset(l, 0, sizeof(*l));
    world_init_stopped(w, IN_PROCESS, &options);
    world_start(w);
}

static void
was_logged(const struct logged *l, const char *text)
{
    assert_int_equal(l->n_lines, 1);
    assert_string_equal(l->text, text);
}

static void
misuse_is_logged_with_its_rule(void **state)
{
    struct logged l;
    struct world w;

    (void)state;
    open_logged(&w, &l);
    invoke(&w, "");
    pass(w.pool, w.service.op, "pone c");
    pass(w.pool, w.service.op, "c");
    was_logged(&l, "advance: a second completion");
    assert_ptr_equal(l.op, w.service.op);
    settle(&w);
    ended(&w.service, SLUICE_LOCAL_FAILURE);
    world_fini(&w);
}

static void
answer_failed(struct world *w, struct sluice_operation *op)
{
    (void)op;
    w->service.reply = SLUICE_REPLY_FAILED;
}

static void
a_customer_that_fails_is_logged(void **state)
{
    struct logged l;
    struct world w;

    (void)state;
    open_logged(&w, &l);
    w.on_service = answer_failed;
    invoke(&w, "pone");
    was_logged(&l, "the operator failed");
    world_fini(&w);
}

static void
a_servicer_that_fails_is_logged(void **state)
{
    struct logged l;
    struct world w;

    (void)state;
    open_logged(&w, &l);
    w.service_reply = SLUICE_REPLY_FAILED;
    invoke(&w, "");
    was_logged(&l, "the servicer failed");
    world_fini(&w);
}

/* Nor what the other side does, nor what has ended already. */
static void
what_is_no_defect_is_not_logged(void **state)
{
    struct logged l;
    struct world w;

    (void)state;
    open_logged(&w, &l);
    w.service_reply = SLUICE_REPLY_ABANDONED;
    w.on_service = cancel;
    invoke(&w, "pone c");
    ended(&w.service, SLUICE_CANCELLED);
    assert_int_equal(l.n_lines, 0);
    world_fini(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(the_servicer_is_asked_once_for_group_and_method),
        IN_PROCESS_ONLY(empty_names_arrive_as_empty_names),
        OVER_BOTH(a_servicer_that_fails),
        OVER_BOTH(a_servicer_that_gives_up_an_active_operation),
        OVER_BOTH(a_servicer_that_gives_up_what_it_cancelled),
        OVER_BOTH(a_callback_in_a_subscription_is_called_even_if_all_was_over),
        OVER_BOTH(no_such_method_is_a_defect_of_the_invoker),
        OVER_BOTH(no_such_method_need_not_say_more),
        OVER_BOTH(a_servicer_may_answer_before_it_returns),
        OVER_BOTH(a_malformed_subscription_of_the_servicer_is_a_failure),
        IN_PROCESS_ONLY(malformed_subscriptions_are_rejected),
        OVER_BOTH(each_protocol_receiver_is_called_once),
        OVER_BOTH(no_context_comes_with_an_abort),
        OVER_BOTH(a_protocol_receiver_of_the_service_that_fails),
        OVER_BOTH(a_protocol_receiver_that_fails),
        cmocka_unit_test(a_service_caps_the_timeout_and_tells_the_invoker),
        cmocka_unit_test(a_service_without_a_timeout_takes_the_default),
        OVER_BOTH(a_service_leaves_a_short_timeout_alone),
        OVER_BOTH(metadata_waits_for_the_servicer_until_it_is_delivered),
        IN_PROCESS_ONLY(no_metadata_waits_when_none_was_sent),
        OVER_BOTH(nothing_waits_in_an_operation_that_has_terminated),
        cmocka_unit_test(misuse_is_logged_with_its_rule),
        cmocka_unit_test(a_customer_that_fails_is_logged),
        cmocka_unit_test(a_servicer_that_fails_is_logged),
        cmocka_unit_test(what_is_no_defect_is_not_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
