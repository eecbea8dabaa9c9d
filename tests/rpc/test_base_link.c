/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_link.c - an End and a link that a script plays: which
 * tickets go out, and what becomes of those that come in, however wrong.
 */
#include "tests/rpc/base_world.h"

/* Logs what the End asks of it: open(...), send(...), close. */
struct script {
    struct sluice_link link;
    struct world w;
    struct sluice_operation *op; /* of the accepted or opened operation */
    enum sluice_err open_result;
    enum sluice_err send_result;
    char log[4096];
};

static const char *const terminations[] = {
    [SLUICE_TERMINATION_CANCELLATION] = "cancellation",
    [SLUICE_TERMINATION_EXPIRATION] = "expiration",
    [SLUICE_TERMINATION_SHUTDOWN] = "shutdown",
    [SLUICE_TERMINATION_RECEPTION_FAILURE] = "reception failure",
    [SLUICE_TERMINATION_TRANSMISSION_FAILURE] = "transmission failure",
    [SLUICE_TERMINATION_LOCAL_FAILURE] = "local failure",
    [SLUICE_TERMINATION_REMOTE_FAILURE] = "remote failure",
};

/* Writes a ticket down as words and gives its references up. */
static void
log_ticket(struct script *s, const char *verb, struct sluice_ticket *t)
{
    struct sluice_completion c = { .terminal_metadata = t->terminal_metadata,
        .has_code = t->has_code,
        .code = t->code,
        .message = t->message };
    struct sluice_values v = { .initial_metadata = t->initial_metadata,
        .payload = t->payload,
        .allowance = t->allowance };
    char words[1024] = "";

    if (t->termination == SLUICE_TERMINATION_COMPLETION)
        v.completion = &c;
    log_words(words, sizeof(words), &v);
    if (t->termination > SLUICE_TERMINATION_COMPLETION)
        log_text(words, sizeof(words), "%s", terminations[t->termination]);
    if (t->termination > SLUICE_TERMINATION_COMPLETION && t->has_code)
        log_text(words, sizeof(words), " %d:%.*s", (int)t->code,
            (int)t->message.len, t->message.ptr);
    if (t->has_timeout && verb[0] == 's')
        log_text(words, sizeof(words), "timeout %d s",
            (int)(t->timeout_ns / SLUICE_SECOND));
    log_text(s->log, sizeof(s->log), "%s(%s) ", verb, words);
    release_values(&v);
    if (v.completion == NULL)
        sluice_metadata_unref(&t->terminal_metadata);
}

static enum sluice_err
script_open(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *first, void **transport)
{
    struct script *s = (struct script *)link;

    s->op = op;
    *transport = s;
    log_ticket(s, "open", first);
    return s->open_result;
}

static enum sluice_err
script_send(void *transport, struct sluice_ticket *ticket)
{
    struct script *s = transport;

    log_ticket(s, "send", ticket);
    return s->send_result;
}

static void
script_close(void *transport)
{
    struct script *s = transport;

    log_text(s->log, sizeof(s->log), "close ");
}

static const struct sluice_link_ops script_ops = {
    .open = script_open,
    .send = script_send,
    .close = script_close,
};

static int
setup(void **state)
{
    static struct script s;
    const struct sluice_end_options options = {
        .maximum_timeout_ns = 100 * SLUICE_SECOND,
    };

    memset(&s, 0, sizeof(s));
    s.link.ops = &script_ops;
    world_init_stopped(&s.w, IN_PROCESS, &options);
    sluice_end_join(s.w.invoking, &s.link);
    world_start(&s.w);
    *state = &s;
    return 0;
}

static int
teardown(void **state)
{
    world_fini(&((struct script *)*state)->w);
    return 0;
}

/* What the End has asked of the link since the last time. */
static void
asked(struct script *s, const char *log)
{
    char with_space[4200];

    snprintf(with_space, sizeof(with_space), "%s%s", log,
        *log == '\0' ? "" : " ");
    assert_string_equal(s->log, with_space);
    s->log[0] = '\0';
}

static struct sluice_ticket
ticket_of(struct script *s, const char *text, struct words *words)
{
    struct sluice_ticket t = { .allowance = 0 };

    read_words(s->w.pool, text, words);
    t.initial_metadata = words->values.initial_metadata;
    t.payload = words->values.payload;
    t.allowance = words->values.allowance;
    if (words->values.completion == NULL)
        return t;
    t.termination = SLUICE_TERMINATION_COMPLETION;
    t.has_code = words->completion.has_code;
    t.code = words->completion.code;
    t.message = words->completion.message;
    return t;
}

/* deliver() without a turn of the loop. */
static void
hand_over(struct script *s, const char *text)
{
    struct words words;
    struct sluice_ticket t = ticket_of(s, text, &words);

    sluice_operation_deliver(s->op, &t);
}

static void
deliver(struct script *s, const char *text)
{
    hand_over(s, text);
    settle(&s->w);
}

static void
deliver_abort(struct script *s, enum sluice_termination termination)
{
    struct sluice_ticket t = { .termination = termination };

    sluice_operation_deliver(s->op, &t);
    settle(&s->w);
}

static enum sluice_err
accept_ticket(struct script *s, const char *text, struct sluice_ticket *like)
{
    struct words words;
    struct sluice_ticket t = ticket_of(s, text, &words);
    enum sluice_err err;

    t.group = sluice_str("group");
    t.method = sluice_str("method");
    t.subscription = like->subscription;
    t.has_timeout = like->has_timeout;
    t.timeout_ns = like->timeout_ns;
    if (like->termination != SLUICE_TERMINATION_NONE)
        t.termination = like->termination;
    err = sluice_end_accept(s->w.serving, &s->link, s, &t, &s->op);
    assert_int_equal(s->w.serviced, 0);
    return err;
}

/* An operation arrives and the servicer is asked. */
static void
arrive(struct script *s, const char *text)
{
    struct sluice_ticket like = { .subscription = SLUICE_SUBSCRIPTION_FULL,
        .has_timeout = true,
        .timeout_ns = 50 * SLUICE_SECOND };

    assert_int_equal(accept_ticket(s, text, &like), SLUICE_OK);
    settle(&s->w);
}

/* ------------------------------------------------------------ going out */

static void
values_of_one_call_share_a_ticket(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "m pone c2:two +3");
    asked(s, "open(m pone c2:two +3)");
}

static void
an_operation_without_values_still_opens(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "");
    asked(s, "open()");
}

static enum sluice_err
check_opening(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *t, void **transport)
{
    struct script *s = (struct script *)link;

    assert_true(sluice_str_equal(t->group, sluice_str("group")));
    assert_true(sluice_str_equal(t->method, sluice_str("method")));
    assert_int_equal(t->subscription, SLUICE_SUBSCRIPTION_FULL);
    assert_true(t->has_timeout);
    assert_int_equal(t->timeout_ns, LONG_TIMEOUT);
    assert_ptr_equal(t->protocol, &s->w);
    *transport = s;
    s->op = op;
    return SLUICE_OK;
}

static void
the_first_ticket_says_what_and_how_long(void **state)
{
    static const struct sluice_link_ops ops = { .open = check_opening,
        .send = script_send,
        .close = script_close };
    struct script *s = *state;
    struct sluice_invocation i = full_invocation(&s->w.invoker);

    s->link.ops = &ops;
    i.protocol_options = &s->w;
    invoke_with(&s->w, &i, "");
    assert_non_null(s->op);
}

static void
payloads_travel_one_per_ticket(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "p1");
    pass(s->w.pool, s->op, "p2");
    pass(s->w.pool, s->op, "p3 c");
    asked(s, "open(p1)");
    deliver(s, "+9");
    asked(s, "send(p2) send(p3 c)");
}

static void
a_completion_keeps_its_message_while_it_waits(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "p1");
    pass(s->w.pool, s->op, "p2 c7:kept");
    pass(s->w.pool, s->op, "+1");
    asked(s, "open(p1) send(+1)");
    deliver(s, "+1");
    asked(s, "send(p2 c7:kept)");
}

static void
a_grant_after_the_other_completion_is_not_sent(void **state)
{
    struct script *s = *state;

    arrive(s, "pone c");
    say(&s->w, &s->w.service, "+4");
    asked(s, "");
    say(&s->w, &s->w.service, "m +4");
    asked(s, "send(m)");
}

static void
cancelling_sends_one_bare_ticket(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "p1");
    pass(s->w.pool, s->op, "p2 c");
    sluice_operation_cancel(s->op);
    asked(s, "open(p1) send(cancellation)");
    settle(&s->w);
    asked(s, "close");
}

static void
a_missing_method_is_told_with_code_and_details(void **state)
{
    struct script *s = *state;

    s->w.service_reply = SLUICE_REPLY_NO_SUCH_METHOD;
    s->w.no_such_method.has_code = true;
    s->w.no_such_method.code = 12;
    s->w.no_such_method.details = sluice_str("nothing here");
    arrive(s, "m");
    asked(s, "send(remote failure 12:nothing here) close");
}

static void
an_early_completion_is_answered_by_an_empty_one(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "p1");
    pass(s->w.pool, s->op, "pdropped c3:dropped");
    asked(s, "open(p1)");
    deliver(s, "c0");
    asked(s, "send(c) close");
    ended(&s->w.invoker, SLUICE_COMPLETED);
}

static void
nothing_follows_the_end(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "c");
    deliver(s, "m pone c");
    ended(&s->w.invoker, SLUICE_COMPLETED);
    asked(s, "open(c) close");
    say(&s->w, &s->w.invoker, "+1");
    sluice_operation_cancel(s->w.invoker.op);
    settle(&s->w);
    asked(s, "");
}

/* ------------------------------------------------------- failing links */

static void
a_link_that_cannot_open(void **state)
{
    struct script *s = *state;

    s->open_result = SLUICE_ENOMEM;
    invoke(&s->w, "m pone c");
    ended(&s->w.invoker, SLUICE_TRANSMISSION_FAILURE);
    asked(s, "open(m pone c)");
}

static void
a_link_that_cannot_send(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "m");
    s->send_result = SLUICE_ENOMEM;
    say(&s->w, &s->w.invoker, "pone");
    ended(&s->w.invoker, SLUICE_TRANSMISSION_FAILURE);
    asked(s, "open(m) send(pone) close");
}

static void
a_link_that_cannot_send_what_was_released(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "p1");
    pass(s->w.pool, s->op, "p2");
    pass(s->w.pool, s->op, "p3 c");
    s->send_result = SLUICE_ENOMEM;
    deliver(s, "pfrom +5");
    ended(&s->w.invoker, SLUICE_TRANSMISSION_FAILURE);
    asked(s, "open(p1) send(p2) close");
    heard(&s->w.invoker, "");
}

/* ------------------------------------------------------------ coming in */

static void
is_out_of_order(struct script *s, const char *ticket)
{
    s->log[0] = '\0';
    deliver(s, ticket);
    ended(&s->w.invoker, SLUICE_RECEPTION_FAILURE);
    asked(s, "close");
}

static void
a_second_initial_metadata_is_a_reception_failure(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "");
    deliver(s, "m");
    is_out_of_order(s, "m");
}

static void
initial_metadata_after_a_payload_is_a_reception_failure(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "");
    deliver(s, "pone");
    is_out_of_order(s, "m");
}

static void
a_payload_beyond_the_allowance_is_a_reception_failure(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "+1");
    deliver(s, "p1");
    deliver(s, "p2");
    heard(&s->w.invoker, "p1 | p2");
    is_out_of_order(s, "p3");
}

static void
a_negative_allowance_is_a_reception_failure(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "");
    is_out_of_order(s, "+-1");
}

static void
a_ticket_after_the_completion_of_an_invoker(void **state)
{
    struct script *s = *state;

    arrive(s, "m pone c");
    deliver(s, "+3");
    heard(&s->w.service, "m pone c | +3");
    assert_int_equal(s->w.service.outcome, STILL_ACTIVE);
    deliver(s, "ptwo");
    ended(&s->w.service, SLUICE_RECEPTION_FAILURE);
    asked(s, "close");
}

static void
tickets_for_a_terminated_operation_are_ignored(void **state)
{
    struct script *s = *state;
    struct words words;
    struct sluice_ticket t;

    invoke(&s->w, "");
    sluice_operation_cancel(s->op);
    t = ticket_of(s, "m pone c +1", &words);
    sluice_operation_deliver(s->op, &t);
    settle(&s->w);
    heard(&s->w.invoker, "");
    ended(&s->w.invoker, SLUICE_CANCELLED);
}

static void
becomes(struct script *s, enum sluice_termination termination,
    enum sluice_outcome_kind kind)
{
    sluice_operation_unref(&s->w.invoker.op);
    party_init(&s->w.invoker, &s->w);
    s->log[0] = '\0';
    invoke(&s->w, "m");
    deliver_abort(s, termination);
    ended(&s->w.invoker, kind);
    asked(s, "open(m) close");
}

static void
each_abort_has_its_outcome_and_no_answer(void **state)
{
    struct script *s = *state;

    becomes(s, SLUICE_TERMINATION_CANCELLATION, SLUICE_CANCELLED);
    becomes(s, SLUICE_TERMINATION_EXPIRATION, SLUICE_EXPIRED);
    becomes(s, SLUICE_TERMINATION_SHUTDOWN, SLUICE_REMOTE_SHUTDOWN);
    becomes(s, SLUICE_TERMINATION_RECEPTION_FAILURE, SLUICE_RECEPTION_FAILURE);
    becomes(s, SLUICE_TERMINATION_TRANSMISSION_FAILURE,
        SLUICE_TRANSMISSION_FAILURE);
    becomes(s, SLUICE_TERMINATION_LOCAL_FAILURE, SLUICE_REMOTE_FAILURE);
    becomes(s, SLUICE_TERMINATION_REMOTE_FAILURE, SLUICE_LOCAL_FAILURE);
}

static void
an_abort_brings_code_details_and_metadata(void **state)
{
    struct script *s = *state;
    struct sluice_metadata *initial = sluice_metadata_new(s->w.pool);
    struct sluice_metadata *terminal = sluice_metadata_new(s->w.pool);
    struct sluice_ticket t = { .termination = SLUICE_TERMINATION_LOCAL_FAILURE,
        .has_code = true,
        .code = 9,
        .message = sluice_str("no"),
        .initial_metadata = initial,
        .terminal_metadata = terminal };
    const struct sluice_outcome *outcome;

    invoke(&s->w, "");
    sluice_operation_deliver(s->op, &t);
    outcome = sluice_operation_outcome(s->w.invoker.op);
    assert_int_equal(outcome->kind, SLUICE_REMOTE_FAILURE);
    assert_true(outcome->has_code);
    assert_int_equal(outcome->code, 9);
    assert_true(sluice_str_equal(outcome->details, sluice_str("no")));
    assert_ptr_equal(outcome->initial_metadata, initial);
    assert_ptr_equal(outcome->terminal_metadata, terminal);
}

static void
an_abort_overtakes_what_waits_for_the_servicer(void **state)
{
    struct script *s = *state;
    struct sluice_ticket like = { .subscription = SLUICE_SUBSCRIPTION_FULL };
    struct sluice_ticket t = { .termination = SLUICE_TERMINATION_CANCELLATION };

    assert_int_equal(accept_ticket(s, "m pone c", &like), SLUICE_OK);
    sluice_operation_deliver(s->op, &t);
    settle(&s->w);
    assert_int_equal(s->w.serviced, 0);
    stat_is(s->w.serving, SLUICE_CANCELLED, 1);
    asked(s, "close");
}

static void
a_peer_can_shorten_the_time_but_not_lengthen_it(void **state)
{
    struct script *s = *state;
    struct sluice_ticket t = { .has_timeout = true };

    invoke(&s->w, "");
    asked(s, "open()");
    t.timeout_ns = 10 * SLUICE_SECOND;
    sluice_operation_deliver(s->op, &t);
    assert_true(sluice_operation_time_remaining(s->op) <= 10 * SLUICE_SECOND);
    asked(s, "");
    t.timeout_ns = 9999 * SLUICE_SECOND;
    sluice_operation_deliver(s->op, &t);
    assert_true(sluice_operation_time_remaining(s->op) <= LONG_TIMEOUT);
    asked(s, "send(timeout 3000 s)");
    t.timeout_ns = 0;
    sluice_operation_deliver(s->op, &t);
    run_to_the_end(&s->w);
    ended(&s->w.invoker, SLUICE_EXPIRED);
}

/* ------------------------------------------------------ one at a time */

/* Reacts to its first call by receiving more. */
static void
receive_within(struct party *p, const struct sluice_values *values)
{
    struct script *s = p->react_arg;

    (void)values;
    p->react = NULL;
    hand_over(s, "p2 +1");
    hand_over(s, "p3");
    hand_over(s, "c4:last +2");
}

static void
what_arrives_during_a_call_comes_after_it_in_order(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "+5");
    s->w.invoker.react = receive_within;
    s->w.invoker.react_arg = s;
    deliver(s, "m p1");
    heard(&s->w.invoker, "m p1 | p2 +3 | p3 c4:last");
    ended(&s->w.invoker, SLUICE_COMPLETED);
}

static void
receive_too_much_within(struct party *p, const struct sluice_values *values)
{
    struct script *s = p->react_arg;

    (void)values;
    p->react = NULL;
    hand_over(s, "c");
    hand_over(s, "c");
    assert_int_equal(sluice_operation_outcome(s->op)->kind,
        SLUICE_RECEPTION_FAILURE);
}

static void
a_completion_that_waits_admits_no_second_one(void **state)
{
    struct script *s = *state;

    invoke(&s->w, "");
    s->w.invoker.react = receive_too_much_within;
    s->w.invoker.react_arg = s;
    deliver(s, "m");
    heard(&s->w.invoker, "m");
    ended(&s->w.invoker, SLUICE_RECEPTION_FAILURE);
}

static void
receive_in_the_servicer(struct world *w, struct sluice_operation *op)
{
    struct script *s =
        (struct script *)((char *)w - offsetof(struct script, w));

    assert_ptr_equal(op, s->op);
    hand_over(s, "pone");
    hand_over(s, "c4");
    heard(&w->service, "");
}

static void
what_arrives_while_the_servicer_runs_comes_merged_after_it(void **state)
{
    struct script *s = *state;

    s->w.on_service = receive_in_the_servicer;
    arrive(s, "m");
    heard(&s->w.service, "m pone c4");
}

static void
be_aborted_in_the_servicer(struct world *w, struct sluice_operation *op)
{
    struct sluice_ticket t = { .termination = SLUICE_TERMINATION_EXPIRATION };

    (void)w;
    sluice_operation_deliver(op, &t);
}

static void
a_servicer_that_returns_after_the_end_is_not_called_again(void **state)
{
    struct script *s = *state;

    s->w.on_service = be_aborted_in_the_servicer;
    arrive(s, "m pone c");
    ended(&s->w.service, SLUICE_EXPIRED);
    heard(&s->w.service, "");
    assert_int_equal(s->w.service.contexts, 0);
}

/* ------------------------------------------------------------ accepting */

static void
an_accepted_operation_is_serviced_later(void **state)
{
    struct script *s = *state;

    arrive(s, "m pone c");
    assert_int_equal(s->w.serviced, 1);
    heard(&s->w.service, "m pone c");
    say(&s->w, &s->w.service, "m ptwo c");
    asked(s, "send(m ptwo c) close");
    ended(&s->w.service, SLUICE_COMPLETED);
}

static void
a_capped_timeout_is_told_with_the_first_answer(void **state)
{
    struct script *s = *state;
    struct sluice_ticket like = { .subscription = SLUICE_SUBSCRIPTION_FULL,
        .has_timeout = true,
        .timeout_ns = 5000 * SLUICE_SECOND };

    assert_int_equal(accept_ticket(s, "", &like), SLUICE_OK);
    asked(s, "");
    settle(&s->w);
    asked(s, "send(timeout 100 s)");
}

static void
a_default_timeout_is_not_told(void **state)
{
    struct script *s = *state;
    struct sluice_ticket like = { .subscription = SLUICE_SUBSCRIPTION_FULL };

    assert_int_equal(accept_ticket(s, "", &like), SLUICE_OK);
    settle(&s->w);
    asked(s, "");
    assert_true(sluice_operation_time_remaining(s->op) <= 100 * SLUICE_SECOND);
}

static void
an_abort_begins_nothing(void **state)
{
    struct script *s = *state;
    struct sluice_ticket like = { .termination =
                                      SLUICE_TERMINATION_CANCELLATION };

    assert_int_equal(accept_ticket(s, "m pone", &like), SLUICE_EINVAL);
    assert_null(s->op);
    assert_int_equal(sluice_end_active(s->w.serving), 0);
    asked(s, "");
}

static void
an_end_without_a_servicer_accepts_nothing(void **state)
{
    struct script *s = *state;
    struct words words;
    struct sluice_ticket t = ticket_of(s, "m pone c", &words);

    assert_int_equal(sluice_end_accept(s->w.invoking, &s->link, s, &t, &s->op),
        SLUICE_ESTATE);
    assert_null(s->op);
}

static void
an_invoker_without_interest_gets_grants_only(void **state)
{
    struct script *s = *state;
    struct sluice_ticket like = { .subscription = SLUICE_SUBSCRIPTION_NONE,
        .has_timeout = true,
        .timeout_ns = 5000 * SLUICE_SECOND };

    assert_int_equal(accept_ticket(s, "pone", &like), SLUICE_OK);
    settle(&s->w);
    say(&s->w, &s->w.service, "m pone");
    asked(s, "");
    say(&s->w, &s->w.service, "ptwo +1");
    asked(s, "send(+1)");
    heard(&s->w.service, "pone | +1 | +1");
    sluice_operation_cancel(s->op);
    settle(&s->w);
    asked(s, "close");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_of_one_call_share_a_ticket),
        TEST(an_operation_without_values_still_opens),
        TEST(the_first_ticket_says_what_and_how_long),
        TEST(payloads_travel_one_per_ticket),
        TEST(a_completion_keeps_its_message_while_it_waits),
        TEST(a_grant_after_the_other_completion_is_not_sent),
        TEST(cancelling_sends_one_bare_ticket),
        TEST(a_missing_method_is_told_with_code_and_details),
        TEST(an_early_completion_is_answered_by_an_empty_one),
        TEST(nothing_follows_the_end),
        TEST(a_link_that_cannot_open),
        TEST(a_link_that_cannot_send),
        TEST(a_link_that_cannot_send_what_was_released),
        TEST(a_second_initial_metadata_is_a_reception_failure),
        TEST(initial_metadata_after_a_payload_is_a_reception_failure),
        TEST(a_payload_beyond_the_allowance_is_a_reception_failure),
        TEST(a_negative_allowance_is_a_reception_failure),
        TEST(a_ticket_after_the_completion_of_an_invoker),
        TEST(tickets_for_a_terminated_operation_are_ignored),
        TEST(each_abort_has_its_outcome_and_no_answer),
        TEST(an_abort_brings_code_details_and_metadata),
        TEST(an_abort_overtakes_what_waits_for_the_servicer),
        TEST(a_peer_can_shorten_the_time_but_not_lengthen_it),
        TEST(what_arrives_during_a_call_comes_after_it_in_order),
        TEST(a_completion_that_waits_admits_no_second_one),
        TEST(what_arrives_while_the_servicer_runs_comes_merged_after_it),
        TEST(a_servicer_that_returns_after_the_end_is_not_called_again),
        TEST(an_accepted_operation_is_serviced_later),
        TEST(a_capped_timeout_is_told_with_the_first_answer),
        TEST(a_default_timeout_is_not_told),
        TEST(an_abort_begins_nothing),
        TEST(an_end_without_a_servicer_accepts_nothing),
        TEST(an_invoker_without_interest_gets_grants_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
