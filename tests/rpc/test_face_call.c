/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_call.c - the invocation side: RPCs that complete, in
 * every cardinality, and the flow of requests and responses.
 */
#include "tests/rpc/face_stock.h"

/* ---- Success -------------------------------------------------------------- */

static void
a_unary_call_gets_one_response_and_completes(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "ping");
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.n_responses, 1);
    assert_response(&s->o, 0, "ping");
}

static void
a_server_stream_brings_every_response_in_order(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "Count", "200");
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.n_responses, 200);
    assert_response(&s->o, 0, "0");
    assert_response(&s->o, 199, "199");
}

static void
a_server_stream_may_be_empty(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "Count", "0");
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.n_metadata, 1);
    assert_int_equal(s->o.n_responses, 0);
}

static void
a_client_stream_is_answered_after_its_end(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Join", NULL);
    sluice_call_consume(s->o.call, bytes_of("a"));
    sluice_call_consume(s->o.call, bytes_of("b"));
    sluice_call_consume_and_terminate(s->o.call, bytes_of("c"));
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.n_responses, 1);
    assert_response(&s->o, 0, "abc");
    assert_int_equal(s->n_terminates, 1);
}

static void
a_client_stream_may_be_empty(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Join", NULL);
    sluice_call_terminate(s->o.call);
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_response(&s->o, 0, "");
}

static void
both_streams_flow_at_once(void **state)
{
    struct stock *s = *state;
    char text[16];
    unsigned i;

    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "EchoAll", NULL);
    for (i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "%u", i);
        sluice_call_consume(s->o.call, bytes_of(text));
    }
    sluice_call_terminate(s->o.call);
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.n_responses, 200);
    assert_response(&s->o, 123, "123");
}

static void
start_second(struct observer *o)
{
    struct stock *s = o->arg;

    call_method(&s->f, &s->o2, SLUICE_UNARY_UNARY, "Echo", "second");
}

static void
an_rpc_may_start_another_when_it_completes(void **state)
{
    struct stock *s = *state;

    s->o.on_end = start_second;
    s->o.arg = s;
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "first");
    run_until(&s->f, &s->o2.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_completed(&s->o2, SLUICE_CODE_OK);
    assert_response(&s->o2, 0, "second");
}

static void
rpcs_run_side_by_side(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "one");
    call_method(&s->f, &s->o2, SLUICE_UNARY_UNARY, "Echo", "two");
    run_until_idle(&s->f);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_completed(&s->o2, SLUICE_CODE_OK);
    assert_response(&s->o, 0, "one");
    assert_response(&s->o2, 0, "two");
}

static void
a_multi_callable_is_called_many_times(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct stock *s = *state;
    struct sluice_multi_callable *echo;

    echo = sluice_stub_multi_callable(s->f.stub, SLUICE_UNARY_UNARY,
        sluice_str("Group"), sluice_str("Echo"));
    assert_non_null(echo);
    assert_int_equal(sluice_multi_callable_event(echo, bytes_of("x"),
                         &s->o.receiver, &options, &s->o.call),
        SLUICE_OK);
    assert_int_equal(sluice_multi_callable_event(echo, bytes_of("y"),
                         &s->o2.receiver, &options, &s->o2.call),
        SLUICE_OK);
    sluice_multi_callable_free(&echo);
    run_until_idle(&s->f);
    assert_response(&s->o, 0, "x");
    assert_response(&s->o2, 0, "y");
}

/* ---- Order and holds ------------------------------------------------------ */

static void
no_callback_runs_inside_the_call_that_starts_the_rpc(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "ping");
    assert_int_equal(s->o.n_metadata + s->o.n_responses + s->o.n_ends, 0);
    assert_true(sluice_call_is_active(s->o.call));
    run_until(&s->f, &s->o.n_ends);
}

static void
an_rpc_goes_on_when_nobody_holds_its_call(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "ping");
    sluice_call_unref(&s->o.call);
    assert_null(s->o.call);
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
}

static void
see_activity(struct observer *o)
{
    *(bool *)o->arg = sluice_call_is_active(o->call);
}

static void
an_rpc_is_inactive_when_it_is_told_complete(void **state)
{
    struct stock *s = *state;
    bool was_active = true;

    s->o.on_end = see_activity;
    s->o.arg = &was_active;
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "ping");
    run_until(&s->f, &s->o.n_ends);
    assert_false(was_active);
    assert_int_equal(sluice_call_time_remaining(s->o.call), 0);
}

static void
time_remaining_starts_at_the_timeout(void **state)
{
    struct stock *s = *state;
    int64_t left;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "");
    left = sluice_call_time_remaining(s->o.call);
    assert_true(left > 0 && left <= LONG_TIME);
}

/* ---- Metadata ------------------------------------------------------------- */

static void
absent_metadata_is_told_as_null(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Echo", "ping");
    run_until(&s->f, &s->o.n_ends);
    assert_int_equal(s->o.n_metadata, 1);
    assert_no_metadata(&s->f, s->o.metadata);
    assert_no_metadata(&s->f, s->o.completion.terminal_metadata);
    assert_int_equal(s->o.completion.has_code, is_grpc(s->f.over));
    assert_null(s->o.completion.message.ptr);
}

static void
initial_metadata_arrives_before_any_response(void **state)
{
    struct stock *s = *state;
    struct sluice_metadata *md = metadata_of("colour", "blue");

    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "HoldUS", "");
    run_until(&s->f, &s->n_calls);
    assert_int_equal(s->o.n_metadata, 0);
    assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                         sluice_metadata_ref(md)),
        SLUICE_OK);
    run_until(&s->f, &s->o.n_metadata);
    assert_int_equal(s->o.n_responses + s->o.n_ends, 0);
    assert_metadata(&s->f, s->o.metadata, md);
    sluice_metadata_unref(&md);
}

/* ---- Flow of responses ---------------------------------------------------- */

static void
a_reader_that_grants_nothing_gets_one_response(void **state)
{
    struct stock *s = *state;

    s->o.receiver.manual_allowance = true;
    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "Count", "1000");
    run_until(&s->f, &s->o.n_responses);
    call_method(&s->f, &s->o2, SLUICE_UNARY_UNARY, "Echo", "later");
    run_until(&s->f, &s->o2.n_ends);
    assert_int_equal(s->o.n_responses, 1);
    if (!is_grpc(s->f.over))
        assert_int_equal(s->n_sent, 1);
}

static void
a_reader_gets_as_many_responses_as_it_grants(void **state)
{
    struct stock *s = *state;

    s->o.receiver.manual_allowance = true;
    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "Count", "1000");
    run_until(&s->f, &s->o.n_responses);
    sluice_call_allow(s->o.call, 2);
    call_method(&s->f, &s->o2, SLUICE_UNARY_UNARY, "Echo", "later");
    run_until(&s->f, &s->o2.n_ends);
    assert_int_equal(s->o.n_responses, 3);
    if (!is_grpc(s->f.over))
        assert_int_equal(s->n_sent, 3);

    sluice_call_allow(s->o.call, 997);
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.n_responses, 1000);
}

static void
a_unary_response_needs_no_grant(void **state)
{
    struct stock *s = *state;

    s->o.receiver.manual_allowance = true;
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "");
    run_until(&s->f, &s->n_calls);
    sluice_servicer_context_consume(s->held, bytes_of("late"));
    run_until(&s->f, &s->o.n_responses);
    sluice_servicer_context_terminate(s->held);
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
}

static void
a_negative_grant_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "HoldUS", "");
    sluice_call_allow(s->o.call, -1);
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
}

/* ---- Flow of requests ----------------------------------------------------- */

static void
requests_beyond_the_allowance_wait_and_are_announced(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "EchoAll", NULL);
    assert_int_equal(sluice_call_request_budget(s->o.call), 1);
    sluice_call_consume(s->o.call, bytes_of("a"));
    assert_int_equal(sluice_call_request_budget(s->o.call), 0);
    sluice_call_consume(s->o.call, bytes_of("b"));
    run_until(&s->f, &s->o.n_responses);
    while (s->o.n_responses < 2)
        (void)uv_run(&s->f.uv, UV_RUN_ONCE);
    while (s->o.n_allowed < 2)
        (void)uv_run(&s->f.uv, UV_RUN_ONCE);
    assert_int_equal(sluice_call_request_budget(s->o.call), 1);
    sluice_call_terminate(s->o.call);
    run_until(&s->f, &s->o.n_ends);
    assert_completed(&s->o, SLUICE_CODE_OK);
}

static void
terminating_twice_is_harmless(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Join", NULL);
    sluice_call_terminate(s->o.call);
    sluice_call_terminate(s->o.call);
    run_until(&s->f, &s->o.n_ends);
    sluice_call_terminate(s->o.call);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->n_terminates, 1);
}

static void
a_request_after_the_end_of_requests_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "HoldSU", NULL);
    sluice_call_terminate(s->o.call);
    sluice_call_consume(s->o.call, bytes_of("late"));
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
}

static void
a_second_request_of_a_unary_call_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "one");
    sluice_call_consume(s->o.call, bytes_of("two"));
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
}

static void
requests_after_the_rpc_has_ended_are_dropped(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "EchoAll", NULL);
    sluice_call_cancel(s->o.call);
    sluice_call_consume(s->o.call, bytes_of("late"));
    run_until(&s->f, &s->o.n_ends);
    sluice_call_consume_and_terminate(s->o.call, bytes_of("later still"));
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
}

/* ---- Refusals ------------------------------------------------------------- */

static void
a_receiver_must_have_its_four_callbacks(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct stock *s = *state;

    options.metadata = metadata_of("a", "b");
    s->o.receiver.abortion = NULL;
    assert_int_equal(sluice_stub_event_unary_unary(s->f.stub,
                         sluice_str("Group"), sluice_str("Echo"), bytes_of("x"),
                         &s->o.receiver, &options, &s->o.call),
        SLUICE_EINVAL);
    assert_null(s->o.call);
}

static void
a_request_must_fit_the_cardinality(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct stock *s = *state;
    struct sluice_multi_callable *join;

    join = sluice_stub_multi_callable(s->f.stub, SLUICE_STREAM_UNARY,
        sluice_str("Group"), sluice_str("Join"));
    assert_int_equal(sluice_multi_callable_event(join, bytes_of("x"),
                         &s->o.receiver, &options, &s->o.call),
        SLUICE_EINVAL);
    sluice_multi_callable_free(&join);
    assert_int_equal(sluice_stub_event_unary_unary(s->f.stub,
                         sluice_str("Group"), sluice_str("Echo"), NULL,
                         &s->o.receiver, &options, &s->o.call),
        SLUICE_EINVAL);
}

static void
a_stopped_end_refuses_calls(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct stock *s = *state;

    assert_int_equal(sluice_end_stop(s->f.invoker, 0, NULL, NULL), SLUICE_OK);
    assert_int_equal(sluice_stub_event_unary_unary(s->f.stub,
                         sluice_str("Group"), sluice_str("Echo"), bytes_of("x"),
                         &s->o.receiver, &options, &s->o.call),
        SLUICE_ESTATE);
    assert_int_equal(s->o.n_ends, 0);
}

static void
a_call_that_does_not_start_is_null(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct stock *s = *state;
    struct sluice_call *call = (struct sluice_call *)(void *)s;

    assert_int_equal(sluice_stub_event_unary_unary(s->f.stub,
                         sluice_str("Group"), sluice_str("Echo"), NULL,
                         &s->o.receiver, &options, &call),
        SLUICE_EINVAL);
    assert_null(call);
}

/* What sluice_bytes_new() gives when memory is short. */
static void
a_missing_request_of_a_stream_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Join", NULL);
    sluice_call_consume_and_terminate(s->o.call, NULL);
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
    sluice_call_consume(s->o.call, NULL); /* harmless then */
}

static void
what_is_held_of_an_rpc_outlives_its_loop(void **state)
{
    struct stock *s;
    struct sluice_call *call;
    struct sluice_servicer_context *ctx;
    struct sluice_str details;

    open_stock(state);
    s = *state;
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "x");
    while (s->held == NULL)
        (void)uv_run(&s->f.uv, UV_RUN_ONCE);
    assert_int_equal(sluice_servicer_context_set_details(s->held,
                         sluice_str("enough")),
        SLUICE_OK);
    sluice_servicer_context_respond(s->held, bytes_of("y"));
    run_until(&s->f, &s->o.n_ends);
    call = sluice_call_ref(s->o.call);
    ctx = sluice_servicer_context_ref(s->held);
    close_stock(state);

    assert_false(sluice_call_is_active(call));
    assert_int_equal(sluice_call_details(call, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("enough")));
    sluice_call_unref(&call);
    sluice_servicer_context_unref(&ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STOCK_OVER_BOTH(a_unary_call_gets_one_response_and_completes),
        STOCK_OVER_BOTH(a_server_stream_brings_every_response_in_order),
        STOCK_OVER_BOTH(a_server_stream_may_be_empty),
        STOCK_OVER_BOTH(a_client_stream_is_answered_after_its_end),
        STOCK_OVER_BOTH(a_client_stream_may_be_empty),
        STOCK_OVER_BOTH(both_streams_flow_at_once),
        STOCK_OVER_BOTH(an_rpc_may_start_another_when_it_completes),
        STOCK_OVER_BOTH(rpcs_run_side_by_side),
        STOCK_OVER_BOTH(a_multi_callable_is_called_many_times),
        STOCK_OVER_BOTH(no_callback_runs_inside_the_call_that_starts_the_rpc),
        STOCK_OVER_BOTH(an_rpc_goes_on_when_nobody_holds_its_call),
        STOCK_OVER_BOTH(an_rpc_is_inactive_when_it_is_told_complete),
        STOCK_OVER_BOTH(time_remaining_starts_at_the_timeout),
        STOCK_OVER_BOTH(absent_metadata_is_told_as_null),
        STOCK_OVER_BOTH(initial_metadata_arrives_before_any_response),
        STOCK_OVER_BOTH(a_reader_that_grants_nothing_gets_one_response),
        STOCK_OVER_BOTH(a_reader_gets_as_many_responses_as_it_grants),
        STOCK_OVER_BOTH(a_unary_response_needs_no_grant),
        STOCK_OVER_BOTH(a_negative_grant_is_a_local_failure),
        STOCK_OVER_BOTH(requests_beyond_the_allowance_wait_and_are_announced),
        STOCK_OVER_BOTH(terminating_twice_is_harmless),
        STOCK_OVER_BOTH(a_request_after_the_end_of_requests_is_a_local_failure),
        STOCK_OVER_BOTH(a_second_request_of_a_unary_call_is_a_local_failure),
        STOCK_OVER_BOTH(requests_after_the_rpc_has_ended_are_dropped),
        STOCK_OVER_BOTH(a_receiver_must_have_its_four_callbacks),
        STOCK_OVER_BOTH(a_request_must_fit_the_cardinality),
        STOCK_OVER_BOTH(a_stopped_end_refuses_calls),
        STOCK_TEST(a_call_that_does_not_start_is_null),
        STOCK_OVER_BOTH(a_missing_request_of_a_stream_is_a_local_failure),
        cmocka_unit_test(what_is_held_of_an_rpc_outlives_its_loop),
    };

    return cmocka_run_group_tests_name("face, calls", tests, NULL, NULL);
}
