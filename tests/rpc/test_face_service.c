/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_service.c - the service side: the context of an RPC, how
 * a method answers, what a unary answer must be, and the table of methods.
 */
#include "tests/rpc/face_stock.h"

/* A unary RPC that the service holds. */
static void
hold_unary(struct stock *s)
{
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "x");
    run_until(&s->f, &s->n_calls);
}

static void
end(struct stock *s)
{
    run_until(&s->f, &s->o.n_ends);
}

/* ---- Metadata, code, details ---------------------------------------------- */

static void
the_method_sees_the_invocation_metadata(void **state)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_metadata *md = metadata_of("who", "me");
    struct stock *s = *state;

    options.metadata = sluice_metadata_ref(md);
    call_with(&s->f, &s->o, SLUICE_STREAM_STREAM, "HoldSS", NULL, &options);
    run_until(&s->f, &s->n_calls);
    assert_metadata(&s->f, sluice_servicer_context_invocation_metadata(s->held),
        md);
    sluice_metadata_unref(&md);
}

static void
absent_invocation_metadata_is_null(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_no_metadata(&s->f,
        sluice_servicer_context_invocation_metadata(s->held));
}

static void
a_stream_method_is_called_before_any_request(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "HoldSS", NULL);
    run_until(&s->f, &s->n_calls);
    sluice_servicer_context_consume(s->held, bytes_of("hello"));
    run_until(&s->f, &s->o.n_responses);
    assert_response(&s->o, 0, "hello");
    assert_int_equal(s->n_requests, 0);
}

static void
everything_that_a_service_says_arrives(void **state)
{
    struct stock *s = *state;
    struct sluice_servicer_context *ctx;

    hold_unary(s);
    ctx = s->held;
    assert_int_equal(sluice_servicer_context_set_initial_metadata(ctx,
                         metadata_of("a", "1")),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(ctx,
                         metadata_of("b", "2")),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_code(ctx, 0), SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_details(ctx,
                         sluice_str("fine")),
        SLUICE_OK);
    sluice_servicer_context_respond(ctx, bytes_of("y"));
    end(s);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_true(s->o.completion.has_code);
    assert_string_equal(s->o.text, "fine");
    assert_true(
        sluice_str_equal(sluice_metadata_find(s->o.metadata, sluice_str("a")),
            sluice_str("1")));
    assert_true(
        sluice_str_equal(sluice_metadata_find(s->o.completion.terminal_metadata,
                             sluice_str("b")),
            sluice_str("2")));
}

static void
empty_details_are_not_absent(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_int_equal(sluice_servicer_context_set_details(s->held,
                         sluice_str("")),
        SLUICE_OK);
    sluice_servicer_context_respond(s->held, bytes_of("y"));
    end(s);
    assert_non_null(s->o.completion.message.ptr);
    assert_int_equal(s->o.completion.message.len, 0);
}

static void
each_value_is_set_once(void **state)
{
    struct stock *s = *state;
    struct sluice_servicer_context *ctx;

    hold_unary(s);
    ctx = s->held;
    assert_int_equal(sluice_servicer_context_set_initial_metadata(ctx,
                         metadata_of("a", "1")),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_initial_metadata(ctx,
                         metadata_of("a", "2")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(ctx,
                         metadata_of("a", "1")),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(ctx,
                         metadata_of("a", "2")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_servicer_context_set_code(ctx, 0), SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_code(ctx, 1), SLUICE_ESTATE);
    assert_int_equal(sluice_servicer_context_set_details(ctx,
                         sluice_str("one")),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_details(ctx,
                         sluice_str("two")),
        SLUICE_ESTATE);
    sluice_servicer_context_respond(ctx, bytes_of("y"));
    end(s);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_string_equal(s->o.text, "one");
}

static void
initial_metadata_after_a_response_is_refused_and_harmless(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "HoldUS", "x");
    run_until(&s->f, &s->n_calls);
    sluice_servicer_context_consume(s->held, bytes_of("y"));
    assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                         metadata_of("late", "1")),
        SLUICE_ESTATE);
    sluice_servicer_context_terminate(s->held);
    end(s);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_no_metadata(&s->f, s->o.metadata);
}

static void
nothing_can_be_set_after_the_completion(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    sluice_servicer_context_respond(s->held, bytes_of("y"));
    assert_int_equal(sluice_servicer_context_set_code(s->held, 1),
        SLUICE_ESTATE);
    assert_int_equal(sluice_servicer_context_set_details(s->held,
                         sluice_str("late")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(s->held,
                         metadata_of("late", "1")),
        SLUICE_ESTATE);
    end(s);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->o.completion.has_code, is_grpc(s->f.over));
}

static void
nothing_can_be_set_after_an_abortion(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    sluice_call_cancel(s->o.call);
    run_until_idle(&s->f);
    assert_int_equal(sluice_servicer_context_set_code(s->held, 1),
        SLUICE_ESTATE);
    assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                         metadata_of("late", "1")),
        SLUICE_ESTATE);
}

static void
absent_values_are_refused(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                         NULL),
        SLUICE_EINVAL);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(s->held,
                         NULL),
        SLUICE_EINVAL);
    assert_int_equal(sluice_servicer_context_set_details(s->held,
                         sluice_str(NULL)),
        SLUICE_EINVAL);
}

/* ---- Answers -------------------------------------------------------------- */

static void
a_code_of_failure_without_a_response_aborts_the_rpc(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_int_equal(sluice_servicer_context_set_code(s->held,
                         SLUICE_CODE_NOT_FOUND),
        SLUICE_OK);
    sluice_servicer_context_terminate(s->held);
    end(s);
    assert_failed_with(&s->f, &s->o, SLUICE_CODE_NOT_FOUND);
    assert_int_equal(s->o.n_responses, 0);
}

static void
assert_cardinality_broken(const struct stock *s, const char *text)
{
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_true(s->o.abortion.has_code);
    assert_int_equal(s->o.abortion.code, SLUICE_CODE_INTERNAL);
    assert_string_equal(s->o.text, text);
}

static void
a_unary_answer_without_a_response_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(s->held,
                         metadata_of("t", "1")),
        SLUICE_OK);
    sluice_servicer_context_terminate(s->held);
    end(s);
    assert_cardinality_broken(s, "the service completed without a response");
    assert_int_equal(s->o.abortion.outcome, SLUICE_COMPLETED);
    assert_true(
        sluice_str_equal(sluice_metadata_find(s->o.abortion.terminal_metadata,
                             sluice_str("t")),
            sluice_str("1")));
}

static void
a_code_of_zero_does_not_excuse_a_missing_response(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_int_equal(sluice_servicer_context_set_code(s->held, 0), SLUICE_OK);
    sluice_servicer_context_terminate(s->held);
    end(s);
    assert_cardinality_broken(s, "the service completed without a response");
}

static void
a_unary_answer_with_two_responses_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    sluice_servicer_context_consume(s->held, bytes_of("one"));
    sluice_servicer_context_respond(s->held, bytes_of("two"));
    end(s);
    assert_cardinality_broken(s, "the service sent more than one response");
    assert_int_equal(s->o.n_responses, 1);
}

static void
an_endless_answer_to_a_unary_call_ends_at_its_second_response(void **state)
{
    struct stock *s = *state;
    int i;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "x");
    run_until(&s->f, &s->n_calls);
    for (i = 0; i < 3; i++)
        sluice_servicer_context_consume(s->held, bytes_of("more"));
    run_until_idle(&s->f);
    assert_cardinality_broken(s, "the service sent more than one response");
    assert_int_equal(s->o.n_responses, 1);
    assert_int_equal(s->n_terminated, 1);
}

static void
a_code_of_failure_after_two_responses_is_passed_on(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    sluice_servicer_context_consume(s->held, bytes_of("one"));
    sluice_servicer_context_consume(s->held, bytes_of("two"));
    assert_int_equal(sluice_servicer_context_set_code(s->held,
                         SLUICE_CODE_DATA_LOSS),
        SLUICE_OK);
    sluice_servicer_context_terminate(s->held);
    end(s);
    assert_failed_with(&s->f, &s->o, SLUICE_CODE_DATA_LOSS);
    assert_int_equal(s->o.n_responses, 1);
}

/* What sluice_bytes_new() gives when memory is short. */
static void
a_missing_response_is_a_local_failure(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    sluice_servicer_context_respond(s->held, NULL);
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
    sluice_servicer_context_consume(s->held, NULL); /* harmless then */
}

static void
answering_after_the_end_is_harmless(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    sluice_call_cancel(s->o.call);
    run_until_idle(&s->f);
    sluice_servicer_context_consume(s->held, bytes_of("late"));
    sluice_servicer_context_respond(s->held, bytes_of("late"));
    sluice_servicer_context_terminate(s->held);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
}

static void
terminating_a_stream_twice_is_harmless(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "HoldUS", "x");
    run_until(&s->f, &s->n_calls);
    sluice_servicer_context_terminate(s->held);
    sluice_servicer_context_terminate(s->held);
    end(s);
    assert_completed(&s->o, SLUICE_CODE_OK);
}

static void
responding_early_to_a_stream_of_requests_ends_both_sides(void **state)
{
    struct stock *s = *state;

    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "HoldSU", NULL);
    run_until(&s->f, &s->n_calls);
    sluice_servicer_context_respond(s->held, bytes_of("enough"));
    run_until_idle(&s->f);
    assert_completed(&s->o, SLUICE_CODE_OK);
    assert_int_equal(s->n_terminated, 1);
}

static void
on_termination_runs_on_completion_too(void **state)
{
    struct stock *s = *state;

    hold_unary(s);
    assert_int_equal(s->n_terminated, 0);
    sluice_servicer_context_respond(s->held, bytes_of("y"));
    run_until_idle(&s->f);
    assert_int_equal(s->n_terminated, 1);
    assert_false(sluice_servicer_context_is_active(s->held));
    assert_int_equal(sluice_servicer_context_time_remaining(s->held), 0);
}

/* ---- Flow ----------------------------------------------------------------- */

static void
responses_beyond_the_allowance_wait(void **state)
{
    struct stock *s = *state;

    s->o.receiver.manual_allowance = true;
    call_method(&s->f, &s->o, SLUICE_UNARY_STREAM, "HoldUS", "x");
    run_until(&s->f, &s->n_calls);
    assert_int_equal(sluice_servicer_context_response_budget(s->held), 1);
    sluice_servicer_context_consume(s->held, bytes_of("one"));
    sluice_servicer_context_consume(s->held, bytes_of("two"));
    assert_int_equal(sluice_servicer_context_response_budget(s->held), 0);
    sluice_servicer_context_terminate(s->held);
    run_until(&s->f, &s->o.n_responses);
    assert_int_equal(s->o.n_responses, 1);
    sluice_call_allow(s->o.call, 1);
    end(s);
    assert_int_equal(s->o.n_responses, 2);
    assert_completed(&s->o, SLUICE_CODE_OK);
}

/* A stream method that grants by hand. */
static enum sluice_reply
take(void *arg, struct sluice_bytes *request)
{
    struct stock *s = arg;

    s->n_requests++;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
done(void *arg)
{
    struct stock *s = arg;

    s->n_terminates++;
    sluice_servicer_context_terminate(s->held);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
grant_by_hand(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct stock *s = self;

    s->n_calls++;
    s->held = sluice_servicer_context_ref(ctx);
    *requests = (struct sluice_request_consumer){ take, done, s, true };
    return SLUICE_REPLY_OK;
}

static void
a_method_that_grants_by_hand_gets_what_it_grants(void **state)
{
    struct stock *s = *state;
    int i;

    add_stream(s->f.servicer, "ByHand", SLUICE_STREAM_STREAM, grant_by_hand, s);
    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "ByHand", NULL);
    for (i = 0; i < 5; i++)
        sluice_call_consume(s->o.call, bytes_of("r"));
    sluice_call_terminate(s->o.call);
    run_until(&s->f, &s->n_requests);
    call_method(&s->f, &s->o2, SLUICE_UNARY_UNARY, "Echo", "later");
    run_until(&s->f, &s->o2.n_ends);
    assert_int_equal(s->n_requests, 1);

    sluice_servicer_context_allow(s->held, 3);
    sluice_servicer_context_allow(s->held, 1);
    end(s);
    assert_int_equal(s->n_requests, 5);
    assert_int_equal(s->n_terminates, 1);
    assert_completed(&s->o, SLUICE_CODE_OK);
}

/* ---- Defective methods ---------------------------------------------------- */

static enum sluice_reply
give_no_consumer(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    (void)self;
    (void)ctx;
    (void)requests;
    return SLUICE_REPLY_OK;
}

static void
a_stream_method_without_a_consumer_is_a_remote_failure(void **state)
{
    struct stock *s = *state;

    add_stream(s->f.servicer, "Careless", SLUICE_STREAM_UNARY, give_no_consumer,
        NULL);
    call_method(&s->f, &s->o, SLUICE_STREAM_UNARY, "Careless", NULL);
    end(s);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
}

static enum sluice_reply
deny(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_NO_SUCH_METHOD;
}

static void
a_method_cannot_deny_its_own_existence(void **state)
{
    struct stock *s = *state;

    add_unary(s->f.servicer, "Deny", SLUICE_UNARY_UNARY, deny, NULL);
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Deny", "x");
    end(s);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
}

static enum sluice_reply
cancel_and_abandon(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_bytes_unref(&request);
    sluice_servicer_context_cancel(ctx);
    return SLUICE_REPLY_ABANDONED;
}

static void
abandoning_a_cancelled_rpc_leaves_it_cancelled(void **state)
{
    struct stock *s = *state;

    add_unary(s->f.servicer, "GiveUp", SLUICE_UNARY_UNARY, cancel_and_abandon,
        NULL);
    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "GiveUp", "x");
    end(s);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
}

/* ---- The table ------------------------------------------------------------ */

static void
a_pair_is_added_once(void **state)
{
    struct stock *s = *state;
    struct sluice_method_implementation m = sluice_unary_unary_event(deny, s);

    assert_int_equal(sluice_face_servicer_add(s->f.servicer,
                         sluice_str("Group"), sluice_str("Echo"), &m),
        SLUICE_EINVAL);
}

static void
an_implementation_must_have_its_behavior(void **state)
{
    struct stock *s = *state;
    struct sluice_method_implementation m = sluice_unary_unary_event(deny, s);

    m.cardinality = SLUICE_STREAM_UNARY;
    assert_int_equal(sluice_face_servicer_add(s->f.servicer,
                         sluice_str("Group"), sluice_str("Odd"), &m),
        SLUICE_EINVAL);
    m = sluice_stream_stream_event(NULL, s);
    assert_int_equal(sluice_face_servicer_add(s->f.servicer,
                         sluice_str("Group"), sluice_str("Odd"), &m),
        SLUICE_EINVAL);
}

static void
many_methods_are_all_found(void **state)
{
    struct stock *s = *state;
    struct observer o;
    char name[16];
    int i;

    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "Deny%d", i);
        add_unary(s->f.servicer, name, SLUICE_UNARY_UNARY, deny, NULL);
    }
    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "Deny%d", i);
        observe(&o);
        call_method(&s->f, &o, SLUICE_UNARY_UNARY, name, "x");
        run_until(&s->f, &o.n_ends);
        assert_aborted(&o, SLUICE_ABORTION_REMOTE_FAILURE);
        observer_fini(&o);
    }
}

static void
count_free(void *arg)
{
    ++*(unsigned *)arg;
}

static void
freeing_a_servicer_tells_its_owner(void **state)
{
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    unsigned n = 0;

    (void)state;
    sluice_face_servicer_on_free(servicer, count_free, &n);
    sluice_face_servicer_free(&servicer);
    assert_null(servicer);
    sluice_face_servicer_free(&servicer);
    assert_int_equal(n, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STOCK_OVER_BOTH(the_method_sees_the_invocation_metadata),
        STOCK_OVER_BOTH(absent_invocation_metadata_is_null),
        STOCK_OVER_BOTH(a_stream_method_is_called_before_any_request),
        STOCK_OVER_BOTH(everything_that_a_service_says_arrives),
        STOCK_TEST(empty_details_are_not_absent),
        STOCK_OVER_BOTH(each_value_is_set_once),
        STOCK_OVER_BOTH(
            initial_metadata_after_a_response_is_refused_and_harmless),
        STOCK_OVER_BOTH(nothing_can_be_set_after_the_completion),
        STOCK_OVER_BOTH(nothing_can_be_set_after_an_abortion),
        STOCK_OVER_BOTH(absent_values_are_refused),
        STOCK_OVER_BOTH(a_code_of_failure_without_a_response_aborts_the_rpc),
        STOCK_OVER_BOTH(a_unary_answer_without_a_response_is_a_local_failure),
        STOCK_OVER_BOTH(a_code_of_zero_does_not_excuse_a_missing_response),
        STOCK_OVER_BOTH(a_unary_answer_with_two_responses_is_a_local_failure),
        STOCK_OVER_BOTH(
            an_endless_answer_to_a_unary_call_ends_at_its_second_response),
        STOCK_TEST(a_code_of_failure_after_two_responses_is_passed_on),
        STOCK_OVER_BOTH(answering_after_the_end_is_harmless),
        STOCK_OVER_BOTH(a_missing_response_is_a_local_failure),
        STOCK_OVER_BOTH(terminating_a_stream_twice_is_harmless),
        STOCK_OVER_BOTH(
            responding_early_to_a_stream_of_requests_ends_both_sides),
        STOCK_OVER_BOTH(on_termination_runs_on_completion_too),
        STOCK_OVER_BOTH(responses_beyond_the_allowance_wait),
        STOCK_OVER_BOTH(a_method_that_grants_by_hand_gets_what_it_grants),
        STOCK_OVER_BOTH(a_stream_method_without_a_consumer_is_a_remote_failure),
        STOCK_OVER_BOTH(a_method_cannot_deny_its_own_existence),
        STOCK_OVER_BOTH(abandoning_a_cancelled_rpc_leaves_it_cancelled),
        STOCK_OVER_BOTH(a_pair_is_added_once),
        STOCK_OVER_BOTH(an_implementation_must_have_its_behavior),
        STOCK_OVER_BOTH(many_methods_are_all_found),
        cmocka_unit_test(freeing_a_servicer_tells_its_owner),
    };

    return cmocka_run_group_tests_name("face, services", tests, NULL, NULL);
}
