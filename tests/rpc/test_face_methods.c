/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_methods.c - methods by other ways than their own name in
 * the table: multi-methods on the service side, dynamic stubs on the other.
 */
#include "tests/rpc/face_stock.h"

/* ---- A multi-method ------------------------------------------------------- */

/*
 * Of group "Many"; what it does is its method's name:
 *   Echo     answers each request with it, and the end with the end
 *   First    answers the first request and completes
 *   Now      answers before it returns, without any request
 *   Ration   answers through its rendezvous, by the hand of the test
 *   Deny     has no such method; so has every other name and group
 *   CancelAndDeny, Fail, Abandon, Careless (gives no consumer)
 */
struct many {
    struct stock *s;
    unsigned n_calls;
    unsigned n_requests;
    unsigned n_terminates;
    unsigned n_terminated;
    struct sluice_metadata *metadata; /* borrowed: to be compared */
    struct sluice_servicer_context *ctx;
    struct sluice_rendezvous *r; /* of Ration; held */
};

static enum sluice_reply
echo_one(void *arg, struct sluice_bytes *request)
{
    struct many *m = arg;

    m->n_requests++;
    sluice_servicer_context_consume(m->ctx, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
first_one(void *arg, struct sluice_bytes *request)
{
    struct many *m = arg;

    m->n_requests++;
    sluice_servicer_context_respond(m->ctx, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
drop_one(void *arg, struct sluice_bytes *request)
{
    struct many *m = arg;

    m->n_requests++;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_end(void *arg)
{
    struct many *m = arg;

    m->n_terminates++;
    sluice_servicer_context_terminate(m->ctx);
    return SLUICE_REPLY_OK;
}

static void
on_termination(void *arg)
{
    struct many *m = arg;

    m->n_terminated++;
}

static enum sluice_reply
act(struct many *m, struct sluice_str method,
    struct sluice_request_consumer *requests)
{
    *requests =
        (struct sluice_request_consumer){ echo_one, echo_end, m, false };
    if (sluice_str_equal(method, sluice_str("Echo")))
        return SLUICE_REPLY_OK;
    if (sluice_str_equal(method, sluice_str("First"))) {
        requests->consume = first_one;
        return SLUICE_REPLY_OK;
    }
    if (sluice_str_equal(method, sluice_str("Now"))) {
        requests->consume = drop_one;
        sluice_servicer_context_respond(m->ctx, bytes_of("now"));
        return SLUICE_REPLY_OK;
    }
    if (sluice_str_equal(method, sluice_str("Ration")))
        return sluice_servicer_context_rendezvous(m->ctx, &m->r) == SLUICE_OK
            ? SLUICE_REPLY_OK
            : SLUICE_REPLY_FAILED;
    if (sluice_str_equal(method, sluice_str("Careless"))) {
        requests->terminate = NULL;
        return SLUICE_REPLY_OK;
    }
    if (sluice_str_equal(method, sluice_str("Fail")))
        return SLUICE_REPLY_FAILED;
    if (sluice_str_equal(method, sluice_str("Abandon")))
        return SLUICE_REPLY_ABANDONED;
    if (sluice_str_equal(method, sluice_str("CancelAndDeny")))
        sluice_servicer_context_cancel(m->ctx);
    return SLUICE_REPLY_NO_SUCH_METHOD;
}

static enum sluice_reply
serve_many(void *self, struct sluice_str group, struct sluice_str method,
    struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct many *m = self;

    m->n_calls++;
    m->metadata = sluice_servicer_context_invocation_metadata(ctx);
    sluice_servicer_context_unref(&m->ctx);
    m->ctx = sluice_servicer_context_ref(ctx);
    sluice_servicer_context_on_termination(ctx, on_termination, m);
    if (!sluice_str_equal(group, sluice_str("Many")) &&
        !sluice_str_equal(group, sluice_str("Group")))
        return SLUICE_REPLY_NO_SUCH_METHOD;
    return act(m, method, requests);
}

static int
open_many(void **state)
{
    struct sluice_multi_method_implementation made = { .service = serve_many };
    struct many *m = calloc(1, sizeof(*m));

    assert_non_null(m);
    open_stock((void **)&m->s);
    made.self = m;
    assert_int_equal(sluice_face_servicer_set_multi_method(m->s->f.servicer,
                         &made),
        SLUICE_OK);
    m->s->f.group = "Many";
    *state = m;
    return 0;
}

static int
close_many(void **state)
{
    struct many *m = *state;
    void *s = m->s;

    sluice_servicer_context_unref(&m->ctx);
    close_stock(&s);
    free(m);
    return 0;
}

static void
end(struct many *m)
{
    run_until_idle(&m->s->f);
}

static void
a_multi_method_serves_every_cardinality(void **state)
{
    static const struct {
        enum sluice_cardinality cardinality;
        const char *method;
        bool is_streaming;
    } table[] = {
        { SLUICE_UNARY_UNARY, "Echo", false },
        { SLUICE_UNARY_STREAM, "Echo", false },
        { SLUICE_STREAM_UNARY, "First", true },
        { SLUICE_STREAM_STREAM, "Echo", true },
    };
    struct many *m = *state;
    struct observer *o = &m->s->o;
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        call_method(&m->s->f, o, table[i].cardinality, table[i].method,
            table[i].is_streaming ? NULL : "ping");
        if (table[i].is_streaming)
            sluice_call_consume_and_terminate(o->call, bytes_of("ping"));
        end(m);
        assert_completed(o, SLUICE_CODE_OK);
        assert_int_equal(o->n_responses, 1);
        assert_response(o, 0, "ping");
        assert_int_equal(m->n_calls, i + 1);
        assert_int_equal(m->n_terminated, i + 1);
        observer_fini(o);
        observe(o);
    }
}

static void
a_multi_method_gets_all_requests_and_their_end(void **state)
{
    struct many *m = *state;
    struct observer *o = &m->s->o;
    int i;

    call_method(&m->s->f, o, SLUICE_STREAM_STREAM, "Echo", NULL);
    for (i = 0; i < 20; i++)
        sluice_call_consume(o->call, bytes_of("ping"));
    sluice_call_terminate(o->call);
    end(m);
    assert_completed(o, SLUICE_CODE_OK);
    assert_int_equal(m->n_requests, 20);
    assert_int_equal(m->n_terminates, 1);
    assert_int_equal(o->n_responses, 20);
}

static void
a_method_with_its_own_implementation_is_preferred(void **state)
{
    struct many *m = *state;

    m->s->f.group = "Group";
    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    end(m);
    assert_completed(&m->s->o, SLUICE_CODE_OK);
    assert_int_equal(m->n_calls, 0);
    assert_int_equal(m->s->n_calls, 1);
}

static void
the_same_name_in_another_group_is_the_multi_methods(void **state)
{
    struct many *m = *state;

    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    end(m);
    assert_completed(&m->s->o, SLUICE_CODE_OK);
    assert_int_equal(m->n_calls, 1);
    assert_int_equal(m->s->n_calls, 0);
}

static void
assert_unknown(struct many *m)
{
    struct observer *o = &m->s->o;
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    end(m);
    assert_aborted(o, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_true(o->abortion.has_code);
    assert_int_equal(o->abortion.code, SLUICE_CODE_UNIMPLEMENTED);
    assert_string_equal(o->text, "no such method");
    sluice_end_operation_stats(m->s->f.service, stats);
    assert_int_equal(stats[SLUICE_REMOTE_FAILURE], 1);
}

static void
a_method_that_a_multi_method_denies_does_not_exist(void **state)
{
    struct many *m = *state;

    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "Deny", "x");
    assert_unknown(m);
    assert_int_equal(m->n_calls, 1);
    assert_int_equal(m->n_terminated, 1);
    assert_int_equal(m->n_requests, 0);
}

static void
a_denied_stream_of_requests_does_not_exist_either(void **state)
{
    struct many *m = *state;

    call_method(&m->s->f, &m->s->o, SLUICE_STREAM_STREAM, "Deny", NULL);
    assert_unknown(m);
}

static void
a_group_that_a_multi_method_denies_does_not_exist(void **state)
{
    struct many *m = *state;

    m->s->f.group = "Other";
    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "Echo", "x");
    assert_unknown(m);
}

static void
a_multi_method_may_answer_before_it_returns(void **state)
{
    struct many *m = *state;

    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "Now", "x");
    end(m);
    assert_completed(&m->s->o, SLUICE_CODE_OK);
    assert_response(&m->s->o, 0, "now");
}

static void
a_multi_method_knows_the_invocation_metadata_when_called(void **state)
{
    static const char *const requests[] = { "x", NULL };
    struct many *m = *state;
    int i;

    for (i = 0; i < 2; i++) {
        struct sluice_metadata *md = metadata_of("who", "me");
        struct sluice_call_options options = { LONG_TIME, md, NULL };

        call_with(&m->s->f, &m->s->o,
            i == 0 ? SLUICE_UNARY_UNARY : SLUICE_STREAM_STREAM, "Now",
            requests[i], &options);
        end(m);
        assert_ptr_equal(m->metadata, md);
        assert_ptr_equal(sluice_servicer_context_invocation_metadata(m->ctx),
            md);
        observer_fini(&m->s->o);
        observe(&m->s->o);
    }
}

static void
without_metadata_a_multi_method_is_told_none(void **state)
{
    struct many *m = *state;

    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "Now", "x");
    end(m);
    assert_int_equal(m->n_calls, 1);
    assert_null(m->metadata);
}

static void
a_multi_method_that_fails_is_a_remote_failure(void **state)
{
    static const char *const names[] = { "Fail", "Abandon", "Careless" };
    struct many *m = *state;
    int i;

    for (i = 0; i < 3; i++) {
        call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, names[i], "x");
        end(m);
        assert_aborted(&m->s->o, SLUICE_ABORTION_REMOTE_FAILURE);
        assert_false(m->s->o.abortion.has_code);
        assert_int_equal(m->n_terminated, i + 1);
        observer_fini(&m->s->o);
        observe(&m->s->o);
    }
}

static void
a_denial_after_a_cancellation_leaves_it_cancelled(void **state)
{
    struct many *m = *state;

    call_method(&m->s->f, &m->s->o, SLUICE_UNARY_UNARY, "CancelAndDeny", "x");
    end(m);
    assert_aborted(&m->s->o, SLUICE_ABORTION_CANCELLED);
}

/* Responses that the rendezvous takes before it would have to wait. */
static unsigned
consume_all_there_is_room_for(struct sluice_rendezvous *r)
{
    unsigned n = 0;

    while (n < 100 && sluice_rendezvous_consume(r, bytes_of("x")) == SLUICE_OK)
        n++;
    return n;
}

/* What was granted before the method was asked for is announced to it after. */
static void
a_rendezvous_of_a_multi_method_counts_each_grant_once(void **state)
{
    struct many *m = *state;
    struct fixture *f = &m->s->f;
    struct observer *o = &m->s->o;
    unsigned n;

    f->group = "Many";
    o->receiver.manual_allowance = true;
    call_method(f, o, SLUICE_STREAM_STREAM, "Ration", NULL);
    sluice_call_allow(o->call, 5);
    run_until(f, &m->n_calls);
    n = consume_all_there_is_room_for(m->r);
    while (o->n_responses < 6) {
        (void)uv_run(&f->uv, UV_RUN_ONCE);
        n += consume_all_there_is_room_for(m->r);
    }
    assert_int_equal(n, 6);
    sluice_call_cancel(o->call);
    run_until(f, &o->n_ends);
    sluice_rendezvous_unref(&m->r);
}

static void
there_is_one_multi_method_and_it_has_a_service(void **state)
{
    struct sluice_multi_method_implementation made = { .service = NULL };
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();

    (void)state;
    assert_int_equal(sluice_face_servicer_set_multi_method(servicer, &made),
        SLUICE_EINVAL);
    made.service = serve_many;
    assert_int_equal(sluice_face_servicer_set_multi_method(servicer, &made),
        SLUICE_OK);
    assert_int_equal(sluice_face_servicer_set_multi_method(servicer, &made),
        SLUICE_EINVAL);
    sluice_face_servicer_free(&servicer);
}

/* ---- Dynamic stubs -------------------------------------------------------- */

static const struct sluice_dynamic_method methods[] = {
    { { "Join", 4 }, SLUICE_STREAM_UNARY },
    { { "Echo", 4 }, SLUICE_UNARY_UNARY },
    { { "EchoAll", 7 }, SLUICE_STREAM_STREAM },
    { { "Count", 5 }, SLUICE_UNARY_STREAM },
    { { "", 0 }, SLUICE_UNARY_UNARY },
};
#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

static struct sluice_dynamic_stub *
open_dynamic(struct stock *s)
{
    struct sluice_dynamic_stub *stub;

    assert_int_equal(sluice_dynamic_stub_new(s->f.invoker, sluice_str("Group"),
                         methods, N_METHODS, &stub),
        SLUICE_OK);
    return stub;
}

static struct sluice_multi_callable *
find(struct sluice_dynamic_stub *stub, const char *name)
{
    struct sluice_multi_callable *callable = NULL;

    assert_int_equal(sluice_dynamic_stub_find(stub, sluice_str(name),
                         &callable),
        SLUICE_OK);
    assert_non_null(callable);
    return callable;
}

static void
a_dynamic_stub_finds_the_callable_of_each_cardinality(void **state)
{
    struct sluice_dynamic_stub *stub = open_dynamic(*state);
    struct sluice_multi_callable *callable;
    size_t i;

    for (i = 0; i < N_METHODS; i++) {
        assert_int_equal(sluice_dynamic_stub_find(stub, methods[i].name,
                             &callable),
            SLUICE_OK);
        assert_int_equal(sluice_multi_callable_cardinality(callable),
            methods[i].cardinality);
    }
    sluice_dynamic_stub_free(&stub);
    assert_null(stub);
    sluice_dynamic_stub_free(&stub);
}

static void
a_name_that_was_not_declared_is_not_found_and_calls_nothing(void **state)
{
    static const char *const names[] = { "HoldUU", "Ech", "EchoA", "echo",
        "zzz" };
    struct stock *s = *state;
    struct sluice_dynamic_stub *stub = open_dynamic(s);
    struct sluice_multi_callable *callable;
    uint64_t stats[SLUICE_OUTCOME_KINDS];
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        callable = (struct sluice_multi_callable *)s;
        assert_int_equal(sluice_dynamic_stub_find(stub, sluice_str(names[i]),
                             &callable),
            SLUICE_ENOTFOUND);
        assert_null(callable);
    }
    run_until_idle(&s->f);
    sluice_end_operation_stats(s->f.invoker, stats);
    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        assert_int_equal(stats[i], 0);
    sluice_dynamic_stub_free(&stub);
}

static void
call_echo(struct stock *s, struct sluice_multi_callable *callable,
    struct observer *o)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };

    assert_int_equal(sluice_multi_callable_event(callable, bytes_of("ping"),
                         &o->receiver, &options, &o->call),
        SLUICE_OK);
    run_until(&s->f, &o->n_ends);
    assert_completed(o, SLUICE_CODE_OK);
    assert_response(o, 0, "ping");
}

static void
what_is_found_twice_is_equally_usable(void **state)
{
    struct stock *s = *state;
    struct sluice_dynamic_stub *stub = open_dynamic(s);

    call_echo(s, find(stub, "Echo"), &s->o);
    call_echo(s, find(stub, "Echo"), &s->o2);
    sluice_dynamic_stub_free(&stub);
}

static void
a_dynamic_stub_keeps_copies_of_its_names(void **state)
{
    struct stock *s = *state;
    char group[] = "Group", name[] = "Echo";
    struct sluice_dynamic_method method = {
        .name = sluice_str(name),
        .cardinality = SLUICE_UNARY_UNARY,
    };
    struct sluice_dynamic_stub *stub;

    assert_int_equal(sluice_dynamic_stub_new(s->f.invoker, sluice_str(group),
                         &method, 1, &stub),
        SLUICE_OK);
    memset(group, '#', sizeof(group) - 1);
    memset(name, '#', sizeof(name) - 1);
    call_echo(s, find(stub, "Echo"), &s->o);
    sluice_dynamic_stub_free(&stub);
}

static void
a_dynamic_stub_refuses_twins_and_unknown_cardinalities(void **state)
{
    struct sluice_dynamic_method twins[] = { methods[0], methods[1],
        methods[0] };
    struct stock *s = *state;
    struct sluice_dynamic_stub *stub;

    assert_int_equal(sluice_dynamic_stub_new(s->f.invoker, sluice_str("Group"),
                         twins, 3, &stub),
        SLUICE_EINVAL);
    assert_null(stub);
    twins[2].name = sluice_str("Third");
    twins[2].cardinality = (enum sluice_cardinality)4;
    assert_int_equal(sluice_dynamic_stub_new(s->f.invoker, sluice_str("Group"),
                         twins, 3, &stub),
        SLUICE_EINVAL);
    assert_null(stub);
}

static void
a_dynamic_stub_may_have_no_methods(void **state)
{
    struct stock *s = *state;
    struct sluice_multi_callable *callable;
    struct sluice_dynamic_stub *stub;

    assert_int_equal(sluice_dynamic_stub_new(s->f.invoker, sluice_str("Group"),
                         NULL, 0, &stub),
        SLUICE_OK);
    assert_int_equal(sluice_dynamic_stub_find(stub, sluice_str("Echo"),
                         &callable),
        SLUICE_ENOTFOUND);
    sluice_dynamic_stub_free(&stub);
}

/* ---- The wrong cardinality ------------------------------------------------- */

/* What the caller believes, against what the method is. */
static void
a_call_of_the_wrong_cardinality_ends_in_a_defined_way(void **state)
{
    static const struct {
        enum sluice_cardinality cardinality;
        const char *method;
        const char *request;
        int expected; /* an abortion's kind; -1: completed */
    } table[] = {
        /* one request, one response: the same to any method */
        { SLUICE_UNARY_STREAM, "Echo", "x", -1 },
        { SLUICE_UNARY_UNARY, "EchoAll", "x", -1 },
        { SLUICE_UNARY_UNARY, "Join", "x", -1 },
        { SLUICE_UNARY_STREAM, "EchoAll", "x", -1 },
        /* three responses where one is due */
        { SLUICE_UNARY_UNARY, "Count", "3", SLUICE_ABORTION_LOCAL_FAILURE },
        /* no request where one is due */
        { SLUICE_STREAM_STREAM, "Echo", NULL, SLUICE_ABORTION_REMOTE_FAILURE },
        { SLUICE_STREAM_STREAM, "Count", NULL, SLUICE_ABORTION_REMOTE_FAILURE },
    };
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        call_method(&s->f, &s->o, table[i].cardinality, table[i].method,
            table[i].request);
        if (table[i].request == NULL)
            sluice_call_terminate(s->o.call);
        run_until_idle(&s->f);
        if (table[i].expected < 0)
            assert_completed(&s->o, SLUICE_CODE_OK);
        else
            assert_aborted(&s->o, (enum sluice_abortion_kind)table[i].expected);
        sluice_servicer_context_unref(&s->held);
        observer_fini(&s->o);
        observe(&s->o);
        s->n_sent = 0;
    }
}

#define MANY_TEST(t) cmocka_unit_test_setup_teardown(t, open_many, close_many)
int
main(void)
{
    const struct CMUnitTest tests[] = {
        MANY_TEST(a_multi_method_serves_every_cardinality),
        MANY_TEST(a_multi_method_gets_all_requests_and_their_end),
        MANY_TEST(a_method_with_its_own_implementation_is_preferred),
        MANY_TEST(the_same_name_in_another_group_is_the_multi_methods),
        MANY_TEST(a_method_that_a_multi_method_denies_does_not_exist),
        MANY_TEST(a_denied_stream_of_requests_does_not_exist_either),
        MANY_TEST(a_group_that_a_multi_method_denies_does_not_exist),
        MANY_TEST(a_multi_method_may_answer_before_it_returns),
        MANY_TEST(a_multi_method_knows_the_invocation_metadata_when_called),
        MANY_TEST(without_metadata_a_multi_method_is_told_none),
        MANY_TEST(a_multi_method_that_fails_is_a_remote_failure),
        MANY_TEST(a_denial_after_a_cancellation_leaves_it_cancelled),
        MANY_TEST(a_rendezvous_of_a_multi_method_counts_each_grant_once),
        cmocka_unit_test(there_is_one_multi_method_and_it_has_a_service),
        STOCK_OVER_BOTH(a_dynamic_stub_finds_the_callable_of_each_cardinality),
        STOCK_OVER_BOTH(
            a_name_that_was_not_declared_is_not_found_and_calls_nothing),
        STOCK_OVER_BOTH(what_is_found_twice_is_equally_usable),
        STOCK_OVER_BOTH(a_dynamic_stub_keeps_copies_of_its_names),
        STOCK_OVER_BOTH(a_dynamic_stub_refuses_twins_and_unknown_cardinalities),
        STOCK_OVER_BOTH(a_dynamic_stub_may_have_no_methods),
        STOCK_OVER_BOTH(a_call_of_the_wrong_cardinality_ends_in_a_defined_way),
    };

    return cmocka_run_group_tests_name("face, methods", tests, NULL, NULL);
}
