/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_abort.c - RPCs that do not complete: every kind of
 * abortion, on both sides, told exactly once.
 */
#include "tests/rpc/face_stock.h"

static const struct {
    enum sluice_cardinality cardinality;
    const char *holding;
    const char *failing;
    const char *request;
} kinds[] = {
    { SLUICE_UNARY_UNARY, "HoldUU", "FailUU", "x" },
    { SLUICE_UNARY_STREAM, "HoldUS", "FailUS", "x" },
    { SLUICE_STREAM_UNARY, "HoldSU", "FailSU", NULL },
    { SLUICE_STREAM_STREAM, "HoldSS", "FailSS", NULL },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Ready for another RPC. */
static void
forget(struct stock *s)
{
    run_until_idle(&s->f);
    sluice_servicer_context_unref(&s->held);
    observer_fini(&s->o);
    observe(&s->o);
    s->n_calls = s->n_requests = s->n_terminates = s->n_terminated = 0;
}

static void
hold(struct stock *s, size_t kind)
{
    call_method(&s->f, &s->o, kinds[kind].cardinality, kinds[kind].holding,
        kinds[kind].request);
    run_until(&s->f, &s->n_calls);
}

/* ---- From the invocation side --------------------------------------------- */

static void
cancelling_aborts_both_sides(void **state)
{
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < N_KINDS; i++) {
        hold(s, i);
        sluice_call_cancel(s->o.call);
        sluice_call_cancel(s->o.call);
        run_until_idle(&s->f);
        assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
        assert_int_equal(s->o.abortion.outcome, SLUICE_CANCELLED);
        assert_false(s->o.abortion.has_code);
        assert_int_equal(s->n_terminated, 1);
        assert_int_equal(s->n_terminates, 0);
        assert_false(sluice_servicer_context_is_active(s->held));
        forget(s);
    }
}

static void
cancelling_at_once_aborts_too(void **state)
{
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < N_KINDS; i++) {
        call_method(&s->f, &s->o, kinds[i].cardinality, kinds[i].holding,
            kinds[i].request);
        sluice_call_cancel(s->o.call);
        assert_int_equal(s->o.n_ends, 0);
        run_until_idle(&s->f);
        assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
        assert_int_equal(s->o.n_metadata, 0);
        forget(s);
    }
}

static void
a_timeout_aborts_both_sides(void **state)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < N_KINDS; i++) {
        call_with(&s->f, &s->o, kinds[i].cardinality, kinds[i].holding,
            kinds[i].request, &options);
        run_until_idle(&s->f);
        assert_aborted(&s->o, SLUICE_ABORTION_EXPIRED);
        assert_int_equal(s->n_terminated, s->n_calls);
        forget(s);
    }
}

static void
a_timeout_of_nothing_expires_but_not_inside_the_call(void **state)
{
    struct sluice_call_options options = { .timeout_ns = 0 };
    struct stock *s = *state;

    call_with(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "x", &options);
    assert_int_equal(s->o.n_ends, 0);
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_EXPIRED);
}

static void
cancel_from_response(struct observer *o)
{
    sluice_call_cancel(o->call);
}

static void
nothing_but_the_abortion_follows_a_cancel_in_a_callback(void **state)
{
    struct stock *s = *state;

    s->o.on_response = cancel_from_response;
    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "Count", "1000");
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
    assert_int_equal(s->o.n_responses, 1);
}

static void
cancelling_a_unary_call_with_its_only_response_aborts_it(void **state)
{
    struct stock *s = *state;

    s->o.on_response = cancel_from_response;
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
}

static void
a_receiver_that_fails_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    s->o.reply = SLUICE_REPLY_FAILED;
    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "Count", "1000");
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_int_equal(s->o.n_responses, 1);
    assert_int_equal(s->o.abortion.outcome, SLUICE_LOCAL_FAILURE);
}

static void
stopping_the_invoker_is_a_local_shutdown(void **state)
{
    struct stock *s = *state;

    hold(s, 0);
    assert_int_equal(sluice_end_stop(s->f.invoker, 0, NULL, NULL), SLUICE_OK);
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

/* ---- From the service side ------------------------------------------------ */

static void
a_method_that_fails_is_a_remote_failure(void **state)
{
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < N_KINDS; i++) {
        call_method(&s->f, &s->o, kinds[i].cardinality, kinds[i].failing,
            kinds[i].request);
        if (kinds[i].request == NULL)
            sluice_call_consume(s->o.call, bytes_of("x"));
        run_until_idle(&s->f);
        assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
        assert_told(&s->f, &s->o, SLUICE_LOCAL_FAILURE);
        forget(s);
    }
}

static void
a_service_that_cancels_is_a_cancellation_at_the_caller(void **state)
{
    struct stock *s = *state;

    hold(s, 0);
    sluice_servicer_context_cancel(s->held);
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
}

static void
stopping_the_service_is_a_remote_shutdown(void **state)
{
    struct stock *s = *state;

    hold(s, 1);
    assert_int_equal(sluice_end_stop(s->f.service, 0, NULL, NULL), SLUICE_OK);
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_SHUTDOWN);
}

static void
an_unknown_method_is_a_local_failure_with_a_code(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Nothing", "x");
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_true(s->o.abortion.has_code);
    assert_int_equal(s->o.abortion.code, SLUICE_CODE_UNIMPLEMENTED);
    assert_string_equal(s->o.text, "no such method");
}

static void
a_known_method_of_another_group_is_unknown(void **state)
{
    struct stock *s = *state;

    s->f.group = "Other";
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_int_equal(s->o.abortion.code, SLUICE_CODE_UNIMPLEMENTED);
}

static void
a_unary_method_without_its_request_is_a_remote_failure(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Echo", NULL);
    sluice_call_terminate(s->o.call);
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(s->n_calls, 0);
}

static void
a_unary_method_is_called_with_the_first_of_two_requests(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Echo", NULL);
    sluice_call_consume(s->o.call, bytes_of("one"));
    sluice_call_consume_and_terminate(s->o.call, bytes_of("two"));
    run_until_idle(&s->f);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_response(&s->o, 0, "one");
    assert_int_equal(s->n_calls, 1);
}

/* ---- What an abortion carries --------------------------------------------- */

static void
an_abortion_carries_the_initial_metadata_received(void **state)
{
    struct stock *s = *state;
    struct sluice_metadata *md = metadata_of("colour", "blue");

    hold(s, 0);
    assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                         sluice_metadata_ref(md)),
        SLUICE_OK);
    run_until(&s->f, &s->o.n_metadata);
    sluice_call_cancel(s->o.call);
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
    assert_metadata(&s->f, s->o.abortion.initial_metadata, md);
    assert_null(s->o.abortion.terminal_metadata);
    sluice_metadata_unref(&md);
}

static void
the_service_sees_the_metadata_of_the_aborted_call(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_abortion_callback unused = { .run = NULL };
    const struct sluice_abortion *abortion;
    struct stock *s = *state;

    options.metadata = metadata_of("who", "me");
    call_with(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "x", &options);
    run_until(&s->f, &s->n_calls);
    sluice_call_cancel(s->o.call);
    run_until_idle(&s->f);
    abortion = sluice_servicer_context_add_abortion_callback(s->held, &unused);
    assert_non_null(abortion);
    assert_int_equal(abortion->kind, SLUICE_ABORTION_CANCELLED);
    assert_true(
        sluice_str_equal(sluice_metadata_find(abortion->initial_metadata,
                             sluice_str("who")),
            sluice_str("me")));
}

/* ---- Abortion callbacks --------------------------------------------------- */

struct listener {
    struct sluice_abortion_callback cb;
    struct observer *o;
    unsigned *turn;
    unsigned ran_at;     /* 1: first */
    bool was_before_end; /* of the receiver */
    enum sluice_abortion_kind kind;
};

static void
on_abortion(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct listener *l = RPC_CONTAINER_OF(self, struct listener, cb);

    l->ran_at = ++*l->turn;
    l->was_before_end = l->o->n_ends == 0;
    l->kind = abortion->kind;
}

static void
abortion_callbacks_run_once_in_order_and_before_the_end(void **state)
{
    struct stock *s = *state;
    unsigned turn = 0;
    struct listener a = { { .run = on_abortion }, .o = &s->o, .turn = &turn };
    struct listener b = a;

    hold(s, 0);
    assert_null(sluice_call_add_abortion_callback(s->o.call, &a.cb));
    assert_null(sluice_call_add_abortion_callback(s->o.call, &b.cb));
    sluice_call_cancel(s->o.call);
    run_until_idle(&s->f);
    assert_int_equal(a.ran_at, 1);
    assert_int_equal(b.ran_at, 2);
    assert_true(a.was_before_end && b.was_before_end);
    assert_int_equal(a.kind, SLUICE_ABORTION_CANCELLED);
}

static void
an_abortion_callback_is_not_called_on_completion(void **state)
{
    struct stock *s = *state;
    unsigned turn = 0;
    struct listener a = { { .run = on_abortion }, .o = &s->o, .turn = &turn };

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    assert_null(sluice_call_add_abortion_callback(s->o.call, &a.cb));
    run_until_idle(&s->f);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(turn, 0);
    assert_null(sluice_call_add_abortion_callback(s->o.call, &a.cb));
}

static void
an_abortion_callback_that_comes_late_is_told_at_once(void **state)
{
    struct stock *s = *state;
    unsigned turn = 0;
    struct listener a = { { .run = on_abortion }, .o = &s->o, .turn = &turn };
    const struct sluice_abortion *abortion;

    hold(s, 0);
    sluice_call_cancel(s->o.call);
    run_until_idle(&s->f);
    abortion = sluice_call_add_abortion_callback(s->o.call, &a.cb);
    assert_non_null(abortion);
    assert_int_equal(abortion->kind, SLUICE_ABORTION_CANCELLED);
    assert_int_equal(turn, 0);
}

static void
service_side_abortion_callbacks_run_before_on_termination(void **state)
{
    struct stock *s = *state;
    unsigned turn = 0;
    struct listener a = { { .run = on_abortion }, .o = &s->o, .turn = &turn };

    hold(s, 2);
    assert_null(sluice_servicer_context_add_abortion_callback(s->held, &a.cb));
    sluice_call_cancel(s->o.call);
    run_until(&s->f, &s->n_terminated);
    assert_int_equal(turn, 1);
    run_until_idle(&s->f);
    assert_int_equal(s->n_terminated, 1);
}

/* ---- A link that fails ---------------------------------------------------- */

struct broken_link {
    struct sluice_link link;
    enum sluice_err open_result;
    struct sluice_operation *op;
};

static enum sluice_err
broken_open(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *first, void **transport)
{
    struct broken_link *b = RPC_CONTAINER_OF(link, struct broken_link, link);

    sluice_metadata_unref(&first->initial_metadata);
    sluice_bytes_unref(&first->payload);
    b->op = op;
    *transport = b;
    return b->open_result;
}

static enum sluice_err
broken_send(void *transport, struct sluice_ticket *ticket)
{
    (void)transport;
    sluice_metadata_unref(&ticket->initial_metadata);
    sluice_bytes_unref(&ticket->payload);
    sluice_metadata_unref(&ticket->terminal_metadata);
    return SLUICE_OK;
}

static void
broken_close(void *transport)
{
    struct broken_link *b = transport;

    b->op = NULL;
}

static const struct sluice_link_ops broken_ops = { broken_open, broken_send,
    broken_close };

/* A fixture whose invoker is joined to b instead of the service. */
static void
rejoin(struct stock *s, struct broken_link *b)
{
    assert_int_equal(sluice_end_stop(s->f.invoker, 0, NULL, NULL), SLUICE_OK);
    run_until_idle(&s->f);
    b->link.ops = &broken_ops;
    sluice_end_join(s->f.invoker, &b->link);
    assert_int_equal(sluice_end_start(s->f.invoker), SLUICE_OK);
}

static void
a_link_that_cannot_open_is_a_network_failure_told_later(void **state)
{
    struct stock *s = *state;
    struct broken_link b = { .open_result = SLUICE_ENOMEM };

    rejoin(s, &b);
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    assert_int_equal(s->o.n_ends, 0);
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_NETWORK_FAILURE);
    assert_int_equal(s->o.abortion.outcome, SLUICE_TRANSMISSION_FAILURE);
    assert_int_equal(s->o.n_metadata, 0);
}

/* Delivers a termination and returns with the call ended. */
static void
end_by_ticket(struct stock *s, struct sluice_ticket *ticket)
{
    struct broken_link b = { .open_result = SLUICE_OK };

    rejoin(s, &b);
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    assert_non_null(b.op);
    sluice_operation_deliver(b.op, ticket);
    run_until_idle(&s->f);
}

static void
each_termination_of_the_other_side_has_its_kind(void **state)
{
    static const struct {
        enum sluice_termination termination;
        enum sluice_abortion_kind kind;
    } table[] = {
        { SLUICE_TERMINATION_CANCELLATION, SLUICE_ABORTION_CANCELLED },
        { SLUICE_TERMINATION_EXPIRATION, SLUICE_ABORTION_EXPIRED },
        { SLUICE_TERMINATION_SHUTDOWN, SLUICE_ABORTION_REMOTE_SHUTDOWN },
        { SLUICE_TERMINATION_RECEPTION_FAILURE,
            SLUICE_ABORTION_NETWORK_FAILURE },
        { SLUICE_TERMINATION_TRANSMISSION_FAILURE,
            SLUICE_ABORTION_NETWORK_FAILURE },
        { SLUICE_TERMINATION_LOCAL_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        { SLUICE_TERMINATION_REMOTE_FAILURE, SLUICE_ABORTION_LOCAL_FAILURE },
    };
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sluice_ticket t = { .termination = table[i].termination };

        end_by_ticket(s, &t);
        assert_aborted(&s->o, table[i].kind);
        forget(s);
    }
}

static void
an_abortion_carries_what_came_with_it(void **state)
{
    struct stock *s = *state;
    struct sluice_metadata *terminal = metadata_of("why", "so");
    struct sluice_ticket t = {
        .termination = SLUICE_TERMINATION_LOCAL_FAILURE,
        .terminal_metadata = terminal,
        .has_code = true,
        .code = SLUICE_CODE_UNAVAILABLE,
        .message = sluice_str("try later"),
    };

    end_by_ticket(s, &t);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(s->o.abortion.code, SLUICE_CODE_UNAVAILABLE);
    assert_string_equal(s->o.text, "try later");
    assert_ptr_equal(s->o.abortion.terminal_metadata, terminal);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STOCK_OVER_BOTH(cancelling_aborts_both_sides),
        STOCK_OVER_BOTH(cancelling_at_once_aborts_too),
        STOCK_OVER_BOTH(a_timeout_aborts_both_sides),
        STOCK_OVER_BOTH(a_timeout_of_nothing_expires_but_not_inside_the_call),
        STOCK_OVER_BOTH(
            nothing_but_the_abortion_follows_a_cancel_in_a_callback),
        STOCK_OVER_BOTH(
            cancelling_a_unary_call_with_its_only_response_aborts_it),
        STOCK_OVER_BOTH(a_receiver_that_fails_is_a_local_failure),
        STOCK_OVER_BOTH(stopping_the_invoker_is_a_local_shutdown),
        STOCK_OVER_BOTH(a_method_that_fails_is_a_remote_failure),
        STOCK_OVER_BOTH(a_service_that_cancels_is_a_cancellation_at_the_caller),
        STOCK_OVER_BOTH(stopping_the_service_is_a_remote_shutdown),
        STOCK_OVER_BOTH(an_unknown_method_is_a_local_failure_with_a_code),
        STOCK_OVER_BOTH(a_known_method_of_another_group_is_unknown),
        STOCK_OVER_BOTH(a_unary_method_without_its_request_is_a_remote_failure),
        STOCK_OVER_BOTH(
            a_unary_method_is_called_with_the_first_of_two_requests),
        STOCK_OVER_BOTH(an_abortion_carries_the_initial_metadata_received),
        STOCK_OVER_BOTH(the_service_sees_the_metadata_of_the_aborted_call),
        STOCK_OVER_BOTH(
            abortion_callbacks_run_once_in_order_and_before_the_end),
        STOCK_OVER_BOTH(an_abortion_callback_is_not_called_on_completion),
        STOCK_OVER_BOTH(an_abortion_callback_that_comes_late_is_told_at_once),
        STOCK_OVER_BOTH(
            service_side_abortion_callbacks_run_before_on_termination),
        STOCK_OVER_BOTH(
            a_link_that_cannot_open_is_a_network_failure_told_later),
        STOCK_OVER_BOTH(each_termination_of_the_other_side_has_its_kind),
        STOCK_OVER_BOTH(an_abortion_carries_what_came_with_it),
    };

    return cmocka_run_group_tests_name("face, abortions", tests, NULL, NULL);
}
