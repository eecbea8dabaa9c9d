/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_inline_values.c - what inline methods say and hear besides
 * messages: metadata, code, details, the state of their RPC.
 *
 * What a method finds it notes, and the test asserts it when the RPC has ended.
 */
#include "tests/rpc/face_threads.h"

/* ---- What goes along ------------------------------------------------------- */

/* Everything there is to say but the responses; false if any was refused. */
static bool
say_everything(struct threads *t, struct sluice_rendezvous *ctx)
{
    struct sluice_metadata *invocation;
    unsigned n = 0;

    n += sluice_rendezvous_set_initial_metadata(ctx, metadata_of("i", "1")) ==
        SLUICE_OK;
    /* The caller has this before any response. */
    uv_sem_wait(&t->proceed);
    n += sluice_rendezvous_set_terminal_metadata(ctx, metadata_of("t", "2")) ==
        SLUICE_OK;
    n += sluice_rendezvous_set_code(ctx, 0) == SLUICE_OK;
    n += sluice_rendezvous_set_details(ctx, sluice_str("fine")) == SLUICE_OK;
    n += sluice_rendezvous_invocation_metadata(ctx, &invocation) == SLUICE_OK &&
        metadata_has(invocation, "who", "me");
    return n == 5;
}

static enum sluice_reply
say_uu(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    *response = request;
    return say_everything(self, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static enum sluice_reply
say_us(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    sluice_bytes_unref(&request);
    *responses = count_up(self);
    return say_everything(self, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static enum sluice_reply
say_su(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    *response = bytes_of_number(0);
    return say_everything(self, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static enum sluice_reply
say_ss(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    *responses = count_up(self);
    return say_everything(self, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static const struct {
    enum sluice_cardinality cardinality;
    const char *method;
    const char *request;
} forms[] = {
    { SLUICE_UNARY_UNARY, "UU", "0" },
    { SLUICE_UNARY_STREAM, "US", "0" },
    { SLUICE_STREAM_UNARY, "SU", NULL },
    { SLUICE_STREAM_STREAM, "SS", NULL },
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static void
assert_everything_said(struct sluice_rendezvous *r)
{
    struct sluice_metadata *md;
    struct sluice_str details;
    int32_t code = -1;
    bool has_code;

    assert_int_equal(sluice_rendezvous_terminal_metadata(r, &md), SLUICE_OK);
    assert_true(metadata_has(md, "t", "2"));
    assert_int_equal(sluice_rendezvous_code(r, &has_code, &code), SLUICE_OK);
    assert_true(has_code);
    assert_int_equal(code, 0);
    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("fine")));
    assert_null(sluice_rendezvous_abortion(r));
}

static void
all_that_a_method_says_arrives_and_metadata_at_once(void **state)
{
    struct threads *t = *state;
    struct sluice_metadata *md;
    struct sluice_rendezvous *r;
    size_t i;

    t->does = (struct behaviors){ say_uu, say_us, say_su, say_ss, NULL, NULL };
    t->n_to_produce = 1;
    for (i = 0; i < N_FORMS; i++) {
        atomic_store(&t->n_produced, 0);
        r = start_call(t, forms[i].cardinality, forms[i].method,
            forms[i].request, metadata_of("who", "me"));
        assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
        assert_true(metadata_has(md, "i", "1"));
        assert_true(sluice_rendezvous_is_active(r));
        uv_sem_post(&t->proceed);
        if (forms[i].request == NULL)
            send_requests(r, 0);
        assert_next(r, "0");
        assert_everything_said(r);
        sluice_rendezvous_unref(&r);
    }
}

static enum sluice_reply
ask_for_metadata(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    struct sluice_metadata *md = metadata_of("not", "touched");
    struct sluice_metadata *found = md;

    (void)self;
    (void)responses;
    if (sluice_rendezvous_invocation_metadata(ctx, &found) != SLUICE_OK)
        found = md;
    sluice_metadata_unref(&md);
    return found == NULL ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static void
a_stream_method_need_not_wait_for_metadata_that_does_not_come(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.ss = ask_for_metadata;
    r = start_call(t, SLUICE_STREAM_STREAM, "SS", NULL, NULL);
    assert_int_equal(draw_all(r, &end), 0); /* no request was sent */
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

/* An invoker of the base layer, which may send its metadata when it likes. */
struct base_invoker {
    struct threads *t;
    struct sluice_operation *op;
    struct sluice_termination_callback on_end;
    enum sluice_outcome_kind outcome;
    uv_sem_t has_ended;
};

static enum sluice_reply
drop_values(void *arg, const struct sluice_values *values)
{
    struct sluice_metadata *metadata = values->initial_metadata;
    struct sluice_bytes *payload = values->payload;

    (void)arg;
    sluice_metadata_unref(&metadata);
    sluice_bytes_unref(&payload);
    return SLUICE_REPLY_OK;
}

static void
on_end(struct sluice_termination_callback *self,
    const struct sluice_outcome *outcome)
{
    struct base_invoker *b =
        RPC_CONTAINER_OF(self, struct base_invoker, on_end);

    b->outcome = outcome->kind;
    sluice_operation_unref(&b->op);
    uv_sem_post(&b->has_ended);
}

static void
operate(void *arg)
{
    struct base_invoker *b = arg;
    struct sluice_invocation invocation = {
        .group = sluice_str("Group"),
        .method = sluice_str("SU"),
        .subscription = sluice_full_subscription(drop_values, b),
        .timeout_ns = LONG_TIME,
    };
    enum sluice_err err =
        sluice_end_operate(b->t->invoker, &invocation, &b->op);

    assert(err == SLUICE_OK);
    b->on_end.run = on_end;
    (void)sluice_operation_add_termination_callback(b->op, &b->on_end);
}

static void
send_metadata_and_request(void *arg)
{
    static const struct sluice_completion nothing_more = { 0 };
    struct base_invoker *b = arg;
    struct sluice_values values = {
        .initial_metadata = metadata_of("who", "me"),
        .payload = bytes_of("x"),
        .completion = &nothing_more,
    };

    sluice_operation_advance(b->op, &values);
}

static enum sluice_reply
ask_before_and_after_the_first_request(void *self,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;
    struct sluice_metadata *before = NULL, *after = NULL;
    struct sluice_bytes *request = NULL;
    unsigned n = 0;

    n += sluice_rendezvous_invocation_metadata(ctx, &before) == SLUICE_OK;
    uv_sem_post(&t->entered);
    n += sluice_rendezvous_next(ctx, &request) == SLUICE_OK;
    n += sluice_rendezvous_invocation_metadata(ctx, &after) == SLUICE_OK;
    n += before == NULL && metadata_has(after, "who", "me");
    sluice_bytes_unref(&request);
    *response = bytes_of_number(n);
    return n == 4 ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static void
metadata_that_comes_late_is_known_with_the_first_request(void **state)
{
    struct threads *t = *state;
    struct base_invoker b = { .t = t };

    t->does.su = ask_before_and_after_the_first_request;
    assert_int_equal(uv_sem_init(&b.has_ended, 0), 0);
    assert_int_equal(sluice_loop_call(t->loop, operate, &b), SLUICE_OK);
    uv_sem_wait(&t->entered);
    assert_int_equal(sluice_loop_call(t->loop, send_metadata_and_request, &b),
        SLUICE_OK);
    uv_sem_wait(&b.has_ended);
    assert_int_equal(b.outcome, SLUICE_COMPLETED);
    uv_sem_destroy(&b.has_ended);
}

static enum sluice_reply
set_everything_twice(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct sluice_rendezvous *r = ctx;
    unsigned n = 0;

    (void)self;
    n += sluice_rendezvous_set_initial_metadata(r, NULL) == SLUICE_EINVAL;
    n += sluice_rendezvous_set_terminal_metadata(r, NULL) == SLUICE_EINVAL;
    n += sluice_rendezvous_set_details(r, sluice_str(NULL)) == SLUICE_EINVAL;
    n += sluice_rendezvous_set_initial_metadata(r, metadata_of("a", "1")) ==
        SLUICE_OK;
    n += sluice_rendezvous_set_initial_metadata(r, metadata_of("a", "2")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_set_terminal_metadata(r, metadata_of("t", "2")) ==
        SLUICE_OK;
    n += sluice_rendezvous_set_terminal_metadata(r, metadata_of("t", "3")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_set_code(r, 0) == SLUICE_OK;
    n += sluice_rendezvous_set_code(r, 5) == SLUICE_ESTATE;
    n += sluice_rendezvous_set_details(r, sluice_str("fine")) == SLUICE_OK;
    n += sluice_rendezvous_set_details(r, sluice_str("late")) == SLUICE_ESTATE;
    sluice_bytes_unref(&request);
    *response = bytes_of_number(n);
    return SLUICE_REPLY_OK;
}

static void
each_value_is_set_once_and_a_second_time_is_harmless(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = set_everything_twice;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_result(r, "11");
    assert_everything_said(r);
    sluice_rendezvous_unref(&r);
}

static void
the_caller_has_nothing_to_set(void **state)
{
    struct threads *t = *state;
    struct sluice_metadata *md;
    struct sluice_rendezvous *r;

    t->does.uu = echo;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_int_equal(sluice_rendezvous_set_initial_metadata(r,
                         metadata_of("a", "1")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_terminal_metadata(r,
                         metadata_of("a", "1")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_code(r, 0), SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_details(r, sluice_str("")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_invocation_metadata(r, &md),
        SLUICE_ESTATE);
    assert_result(r, "x");
    sluice_rendezvous_unref(&r);
}

/* A second response's time: initial metadata comes too late, code does not. */
static enum sluice_err
late_next(void *arg, struct sluice_bytes **value)
{
    struct sluice_rendezvous *ctx = arg;

    if (sluice_rendezvous_set_code(ctx, 0) == SLUICE_OK) { /* the first */
        *value = bytes_of_number(0);
        return SLUICE_OK;
    }
    if (sluice_rendezvous_set_initial_metadata(ctx, metadata_of("a", "1")) !=
            SLUICE_ESTATE ||
        sluice_rendezvous_set_details(ctx, sluice_str("fine")) != SLUICE_OK)
        return SLUICE_EINVAL;
    return SLUICE_EEND;
}

static enum sluice_reply
set_late(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self;
    responses->next = late_next;
    responses->arg = ctx;
    return SLUICE_REPLY_OK;
}

static void
initial_metadata_after_a_response_is_refused_and_harmless(void **state)
{
    struct threads *t = *state;
    struct sluice_str details;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.ss = set_late;
    r = start_call(t, SLUICE_STREAM_STREAM, "SS", NULL, NULL);
    assert_int_equal(draw_all(r, &end), 1);
    assert_int_equal(end, SLUICE_EEND);
    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("fine")));
    sluice_rendezvous_unref(&r);
}

static enum sluice_reply
look_around(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    int64_t remaining = sluice_rendezvous_time_remaining(ctx);
    void *context = self;
    unsigned n = 0;

    n += sluice_rendezvous_is_active(ctx);
    n += remaining > 0 && remaining <= LONG_TIME;
    n += sluice_rendezvous_protocol_context(ctx, &context) == SLUICE_OK &&
        context == NULL; /* both Ends are in one process */
    n += sluice_rendezvous_abortion(ctx) == NULL;
    sluice_bytes_unref(&request);
    *response = bytes_of_number(n);
    return SLUICE_REPLY_OK;
}

static void
a_method_sees_the_state_of_its_rpc(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = look_around;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_result(r, "4");
    sluice_rendezvous_unref(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREADS_TEST(all_that_a_method_says_arrives_and_metadata_at_once),
        THREADS_TEST(
            a_stream_method_need_not_wait_for_metadata_that_does_not_come),
        THREADS_TEST(metadata_that_comes_late_is_known_with_the_first_request),
        THREADS_TEST(each_value_is_set_once_and_a_second_time_is_harmless),
        THREADS_TEST(the_caller_has_nothing_to_set),
        THREADS_TEST(initial_metadata_after_a_response_is_refused_and_harmless),
        THREADS_TEST(a_method_sees_the_state_of_its_rpc),
    };

    return cmocka_run_group_tests_name("face, values of inline methods", tests,
        NULL, NULL);
}
