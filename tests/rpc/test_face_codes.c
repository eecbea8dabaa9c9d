/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_codes.c - what a caller learns of a service's answer: a
 * code of failure is an abortion, and what was sent can be asked for; also the
 * link's context of an RPC, on both sides.
 */
#include "tests/rpc/face_stock.h"

static const struct {
    enum sluice_cardinality cardinality;
    const char *method;
    const char *request;
} holders[] = {
    { SLUICE_UNARY_UNARY, "HoldUU", "x" },
    { SLUICE_UNARY_STREAM, "HoldUS", "x" },
    { SLUICE_STREAM_UNARY, "HoldSU", NULL },
    { SLUICE_STREAM_STREAM, "HoldSS", NULL },
};
#define N_HOLDERS (sizeof(holders) / sizeof(holders[0]))

static void
hold(struct stock *s, size_t i)
{
    call_method(&s->f, &s->o, holders[i].cardinality, holders[i].method,
        holders[i].request);
    run_until(&s->f, &s->n_calls);
}

/* Ready for another RPC. */
static void
forget(struct stock *s)
{
    run_until_idle(&s->f);
    sluice_servicer_context_unref(&s->held);
    observer_fini(&s->o);
    observe(&s->o);
    s->n_calls = 0;
}

/* What is terminated with the next answer. */
static void
set_end(struct stock *s, int32_t code, const char *details)
{
    assert_int_equal(sluice_servicer_context_set_code(s->held, code),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_details(s->held,
                         sluice_str(details)),
        SLUICE_OK);
    assert_int_equal(sluice_servicer_context_set_terminal_metadata(s->held,
                         metadata_of("t", "2")),
        SLUICE_OK);
}

static void
assert_value(const struct sluice_metadata *md, const char *name,
    const char *value)
{
    assert_true(sluice_str_equal(sluice_metadata_find(md, sluice_str(name)),
        sluice_str(value)));
}

/* ---- Codes of failure ----------------------------------------------------- */

static void
each_code_of_failure_aborts_with_its_kind(void **state)
{
    struct stock *s = *state;
    int32_t code;
    size_t i;

    for (i = 0; i < N_HOLDERS; i++)
        for (code = 1; code <= 16; code++) {
            hold(s, i);
            set_end(s, code, "because");
            sluice_servicer_context_terminate(s->held);
            run_until(&s->f, &s->o.n_ends);
            assert_failed_with(&s->f, &s->o, code);
            assert_string_equal(s->o.text, "because");
            assert_value(s->o.abortion.terminal_metadata, "t", "2");
            forget(s);
        }
}

static void
a_code_outside_of_the_known_ones_is_a_remote_failure(void **state)
{
    struct stock *s = *state;

    hold(s, 0);
    set_end(s, -7, "odd");
    sluice_servicer_context_terminate(s->held);
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(s->o.abortion.code, -7);
}

static void
responses_before_a_code_of_failure_are_delivered(void **state)
{
    struct stock *s = *state;

    hold(s, 1);
    assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                         metadata_of("i", "1")),
        SLUICE_OK);
    sluice_servicer_context_consume(s->held, bytes_of("one"));
    sluice_servicer_context_consume(s->held, bytes_of("two"));
    set_end(s, SLUICE_CODE_DATA_LOSS, "that was it");
    sluice_servicer_context_terminate(s->held);
    run_until(&s->f, &s->o.n_ends);
    assert_int_equal(s->o.n_responses, 2);
    assert_failed_with(&s->f, &s->o, SLUICE_CODE_DATA_LOSS);
    assert_value(s->o.abortion.initial_metadata, "i", "1");
}

struct listener {
    struct sluice_abortion_callback cb;
    unsigned n;
};

static void
on_abortion(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct listener *l = RPC_CONTAINER_OF(self, struct listener, cb);

    assert_int_equal(abortion->code, SLUICE_CODE_NOT_FOUND);
    l->n++;
}

static void
a_code_of_failure_runs_the_abortion_callbacks_of_the_caller_only(void **state)
{
    struct listener caller = { .cb.run = on_abortion };
    struct listener service = { .cb.run = on_abortion };
    struct stock *s = *state;

    hold(s, 0);
    assert_null(sluice_call_add_abortion_callback(s->o.call, &caller.cb));
    assert_null(
        sluice_servicer_context_add_abortion_callback(s->held, &service.cb));
    set_end(s, SLUICE_CODE_NOT_FOUND, "no");
    sluice_servicer_context_terminate(s->held);
    run_until_idle(&s->f);
    assert_int_equal(caller.n, 1);
    assert_int_equal(service.n, 0);
}

static void
a_code_of_failure_is_a_completed_operation_in_the_statistics(void **state)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS];
    struct stock *s = *state;

    hold(s, 0);
    set_end(s, SLUICE_CODE_NOT_FOUND, "no");
    sluice_servicer_context_terminate(s->held);
    run_until_idle(&s->f);
    sluice_end_operation_stats(s->f.invoker, stats);
    assert_int_equal(stats[SLUICE_COMPLETED], 1);
}

/* ---- What a call can be asked --------------------------------------------- */

static void
assert_nothing_is_known_but(const struct sluice_call *call,
    enum sluice_err initial)
{
    struct sluice_metadata *md;
    struct sluice_str text;
    int32_t code;
    bool has_code;

    assert_int_equal(sluice_call_initial_metadata(call, &md), initial);
    assert_int_equal(sluice_call_terminal_metadata(call, &md), SLUICE_ESTATE);
    assert_int_equal(sluice_call_code(call, &has_code, &code), SLUICE_ESTATE);
    assert_int_equal(sluice_call_details(call, &text), SLUICE_ESTATE);
}

static void
assert_end_is(const struct sluice_call *call, int32_t expected_code,
    const char *details)
{
    struct sluice_metadata *md = NULL;
    struct sluice_str text;
    int32_t code = -1;
    bool has_code = false;

    assert_int_equal(sluice_call_terminal_metadata(call, &md), SLUICE_OK);
    assert_value(md, "t", "2");
    assert_int_equal(sluice_call_code(call, &has_code, &code), SLUICE_OK);
    assert_true(has_code);
    assert_int_equal(code, expected_code);
    assert_int_equal(sluice_call_details(call, &text), SLUICE_OK);
    assert_true(sluice_str_equal(text, sluice_str(details)));
}

static void
assert_end_is_absent(const struct sluice_call *call)
{
    struct sluice_metadata *md = (struct sluice_metadata *)1;
    struct sluice_str text = sluice_str("x");
    bool has_code = true;
    int32_t code;

    assert_int_equal(sluice_call_terminal_metadata(call, &md), SLUICE_OK);
    assert_null(md);
    assert_int_equal(sluice_call_code(call, &has_code, &code), SLUICE_OK);
    assert_false(has_code);
    assert_int_equal(sluice_call_details(call, &text), SLUICE_OK);
    assert_null(text.ptr);
}

static void
initial_metadata_is_known_when_the_service_has_sent_it(void **state)
{
    struct sluice_metadata *md = NULL;
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < N_HOLDERS; i++) {
        hold(s, i);
        assert_nothing_is_known_but(s->o.call, SLUICE_ESTATE);
        assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                             metadata_of("i", "1")),
            SLUICE_OK);
        run_until(&s->f, &s->o.n_metadata);
        assert_nothing_is_known_but(s->o.call, SLUICE_OK);
        assert_int_equal(sluice_call_initial_metadata(s->o.call, &md),
            SLUICE_OK);
        assert_value(md, "i", "1");
        sluice_call_cancel(s->o.call);
        forget(s);
    }
}

static void
initial_metadata_is_known_to_be_absent_with_the_first_response(void **state)
{
    struct sluice_metadata *md = (struct sluice_metadata *)1;
    struct stock *s = *state;

    hold(s, 3);
    sluice_servicer_context_consume(s->held, bytes_of("first"));
    run_until(&s->f, &s->o.n_responses);
    assert_nothing_is_known_but(s->o.call, SLUICE_OK);
    assert_int_equal(sluice_call_initial_metadata(s->o.call, &md), SLUICE_OK);
    assert_no_metadata(&s->f, md);
}

static void
the_end_is_known_after_completion(void **state)
{
    struct sluice_metadata *md = NULL;
    struct stock *s = *state;
    size_t i;

    for (i = 0; i < N_HOLDERS; i++) {
        hold(s, i);
        assert_int_equal(sluice_servicer_context_set_initial_metadata(s->held,
                             metadata_of("i", "1")),
            SLUICE_OK);
        set_end(s, 0, "fine");
        sluice_servicer_context_respond(s->held, bytes_of("y"));
        run_until(&s->f, &s->o.n_ends);
        assert_completed(&s->o, 0);
        assert_end_is(s->o.call, 0, "fine");
        assert_int_equal(sluice_call_initial_metadata(s->o.call, &md),
            SLUICE_OK);
        assert_value(md, "i", "1");
        forget(s);
    }
}

static void
an_end_that_says_nothing_is_known_to_be_absent(void **state)
{
    struct sluice_metadata *md = (struct sluice_metadata *)1;
    struct stock *s = *state;

    hold(s, 0);
    sluice_servicer_context_respond(s->held, bytes_of("y"));
    run_until(&s->f, &s->o.n_ends);
    assert_end_is_absent(s->o.call);
    assert_int_equal(sluice_call_initial_metadata(s->o.call, &md), SLUICE_OK);
    assert_null(md);
}

static void
the_end_is_known_after_a_code_of_failure(void **state)
{
    struct stock *s = *state;

    hold(s, 0);
    set_end(s, SLUICE_CODE_ABORTED, "try again");
    sluice_servicer_context_terminate(s->held);
    run_until(&s->f, &s->o.n_ends);
    assert_end_is(s->o.call, SLUICE_CODE_ABORTED, "try again");
}

static void
the_end_is_known_to_be_absent_after_a_cancellation(void **state)
{
    struct sluice_metadata *md = (struct sluice_metadata *)1;
    struct stock *s = *state;

    hold(s, 0);
    sluice_call_cancel(s->o.call);
    run_until(&s->f, &s->o.n_ends);
    assert_end_is_absent(s->o.call);
    assert_int_equal(sluice_call_initial_metadata(s->o.call, &md), SLUICE_OK);
    assert_null(md);
}

static void
the_end_of_an_abortion_is_what_the_abortion_has(void **state)
{
    struct sluice_str text;
    struct stock *s = *state;
    bool has_code = false;
    int32_t code = -1;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "Nothing", "x");
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_LOCAL_FAILURE);
    assert_int_equal(sluice_call_code(s->o.call, &has_code, &code), SLUICE_OK);
    assert_true(has_code);
    assert_int_equal(code, SLUICE_CODE_UNIMPLEMENTED);
    assert_int_equal(sluice_call_details(s->o.call, &text), SLUICE_OK);
    assert_true(sluice_str_equal(text, s->o.abortion.details));
}

static void
ask_in_response(struct observer *o)
{
    assert_end_is(o->call, 0, "fine");
    sluice_call_cancel(o->call);
    assert_end_is(o->call, 0, "fine");
}

static void
the_end_is_known_with_the_response_that_it_came_with(void **state)
{
    struct stock *s = *state;

    hold(s, 0);
    s->o.on_response = ask_in_response;
    set_end(s, 0, "fine");
    sluice_servicer_context_respond(s->held, bytes_of("y"));
    run_until(&s->f, &s->o.n_ends);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
    assert_int_equal(s->o.n_responses, 1);
}

/* ---- The link's context --------------------------------------------------- */

/* A link to nobody: the test plays the other side. */
struct peer {
    struct sluice_link link;
    struct sluice_operation *op;
};

static void
release(struct sluice_ticket *t)
{
    sluice_metadata_unref(&t->initial_metadata);
    sluice_bytes_unref(&t->payload);
    sluice_metadata_unref(&t->terminal_metadata);
}

static enum sluice_err
peer_open(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *first, void **transport)
{
    struct peer *p = RPC_CONTAINER_OF(link, struct peer, link);

    release(first);
    p->op = op;
    *transport = p;
    return SLUICE_OK;
}

static enum sluice_err
peer_send(void *transport, struct sluice_ticket *ticket)
{
    (void)transport;
    release(ticket);
    return SLUICE_OK;
}

static void
peer_close(void *transport)
{
    struct peer *p = transport;

    p->op = NULL;
}

static const struct sluice_link_ops peer_ops = { peer_open, peer_send,
    peer_close };

/* The invoker's RPCs go to p instead of the service. */
static void
rejoin(struct stock *s, struct peer *p)
{
    p->link.ops = &peer_ops;
    assert_int_equal(sluice_end_stop(s->f.invoker, 0, NULL, NULL), SLUICE_OK);
    sluice_end_join(s->f.invoker, &p->link);
    assert_int_equal(sluice_end_start(s->f.invoker), SLUICE_OK);
}

static void
the_links_context_is_known_with_the_first_thing_that_arrives(void **state)
{
    struct peer p = { .op = NULL };
    struct sluice_ticket first = { .allowance = 1, .protocol = &p };
    struct stock *s = *state;
    void *context = NULL;

    rejoin(s, &p);
    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "Any", NULL);
    assert_int_equal(sluice_call_protocol_context(s->o.call, &context),
        SLUICE_ESTATE);
    sluice_operation_deliver(p.op, &first);
    assert_int_equal(sluice_call_protocol_context(s->o.call, &context),
        SLUICE_OK);
    assert_ptr_equal(context, &p);

    sluice_call_cancel(s->o.call);
    assert_int_equal(sluice_call_protocol_context(s->o.call, &context),
        SLUICE_ESTATE);
    run_until_idle(&s->f);
}

static void
an_rpc_that_aborts_first_never_has_a_context(void **state)
{
    struct peer p = { .op = NULL };
    struct sluice_ticket first = {
        .termination = SLUICE_TERMINATION_CANCELLATION,
        .protocol = &p,
    };
    struct stock *s = *state;
    void *context;

    rejoin(s, &p);
    call_method(&s->f, &s->o, SLUICE_STREAM_STREAM, "Any", NULL);
    sluice_operation_deliver(p.op, &first);
    assert_int_equal(sluice_call_protocol_context(s->o.call, &context),
        SLUICE_ESTATE);
    run_until_idle(&s->f);
    assert_aborted(&s->o, SLUICE_ABORTION_CANCELLED);
}

static void
between_ends_in_one_process_the_context_is_null(void **state)
{
    struct stock *s = *state;
    void *context = s;

    hold(s, 1);
    assert_null(sluice_servicer_context_protocol_context(s->held));
    sluice_servicer_context_consume(s->held, bytes_of("y"));
    run_until(&s->f, &s->o.n_responses);
    assert_int_equal(sluice_call_protocol_context(s->o.call, &context),
        SLUICE_OK);
    assert_null(context);
}

static void
a_method_knows_the_links_context(void **state)
{
    struct peer p = { .link.ops = &peer_ops };
    struct sluice_ticket first = {
        .group = sluice_str("Group"),
        .method = sluice_str("HoldSS"),
        .subscription = SLUICE_SUBSCRIPTION_FULL,
        .protocol = &p,
    };
    struct stock *s = *state;

    assert_int_equal(sluice_end_accept(s->f.service, &p.link, &p, &first,
                         &p.op),
        SLUICE_OK);
    run_until(&s->f, &s->n_calls);
    assert_ptr_equal(sluice_servicer_context_protocol_context(s->held), &p);
    sluice_servicer_context_cancel(s->held);
    assert_null(sluice_servicer_context_protocol_context(s->held));
    run_until_idle(&s->f); /* p is on the stack */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STOCK_OVER_BOTH(each_code_of_failure_aborts_with_its_kind),
        STOCK_TEST(a_code_outside_of_the_known_ones_is_a_remote_failure),
        STOCK_OVER_BOTH(responses_before_a_code_of_failure_are_delivered),
        STOCK_OVER_BOTH(
            a_code_of_failure_runs_the_abortion_callbacks_of_the_caller_only),
        STOCK_TEST(
            a_code_of_failure_is_a_completed_operation_in_the_statistics),
        STOCK_OVER_BOTH(initial_metadata_is_known_when_the_service_has_sent_it),
        STOCK_OVER_BOTH(
            initial_metadata_is_known_to_be_absent_with_the_first_response),
        STOCK_OVER_BOTH(the_end_is_known_after_completion),
        STOCK_TEST(an_end_that_says_nothing_is_known_to_be_absent),
        STOCK_OVER_BOTH(the_end_is_known_after_a_code_of_failure),
        STOCK_OVER_BOTH(the_end_is_known_to_be_absent_after_a_cancellation),
        STOCK_OVER_BOTH(the_end_of_an_abortion_is_what_the_abortion_has),
        STOCK_OVER_BOTH(the_end_is_known_with_the_response_that_it_came_with),
        STOCK_OVER_BOTH(
            the_links_context_is_known_with_the_first_thing_that_arrives),
        STOCK_OVER_BOTH(an_rpc_that_aborts_first_never_has_a_context),
        STOCK_TEST(between_ends_in_one_process_the_context_is_null),
        STOCK_OVER_BOTH(a_method_knows_the_links_context),
    };

    return cmocka_run_group_tests_name("face, codes", tests, NULL, NULL);
}
