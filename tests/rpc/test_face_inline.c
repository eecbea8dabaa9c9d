/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_inline.c - methods that run on a thread of their own: what
 * they are given, how they answer, and what becomes of them when the RPC ends.
 *
 * What a method finds it notes, and the test asserts it when the RPC has ended.
 */
#include "tests/rpc/face_threads.h"

#define MANY 200u

/* ---- Well-behaved methods -------------------------------------------------- */

static enum sluice_reply
echo(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    (void)self, (void)ctx;
    *response = request;
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
count(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)ctx;
    sluice_bytes_unref(&request);
    *responses = count_up(self);
    return SLUICE_REPLY_OK;
}

/* Answers how many requests came. */
static enum sluice_reply
number_of_requests(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct sluice_bytes *request;
    enum sluice_err err;
    unsigned n;

    (void)self;
    for (n = 0; (err = sluice_rendezvous_next(ctx, &request)) == SLUICE_OK; n++)
        sluice_bytes_unref(&request);
    if (err != SLUICE_EEND)
        return SLUICE_REPLY_ABANDONED;
    *response = number_bytes(n);
    return SLUICE_REPLY_OK;
}

/* Each request is a response: the one iterator on top of the other. */
static enum sluice_err
mirror_next(void *arg, struct sluice_bytes **value)
{
    return sluice_rendezvous_next(arg, value);
}

static enum sluice_reply
mirror(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self;
    responses->next = mirror_next;
    responses->arg = ctx;
    return SLUICE_REPLY_OK;
}

static void
an_inline_method_answers_a_unary_call(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = echo;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "ping", NULL);
    assert_result(r, "ping");
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_streams_its_responses(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.us = count;
    t->n_to_produce = MANY;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    assert_int_equal(draw_all(r, &end), MANY);
    assert_int_equal(end, SLUICE_EEND);
    assert_int_equal(sluice_rendezvous_next(r, &(struct sluice_bytes *){ 0 }),
        SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_draws_its_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.su = number_of_requests;
    r = start_call(t, SLUICE_STREAM_UNARY, "SU", NULL, NULL);
    send_requests(r, MANY);
    assert_result(r, "200");
    sluice_rendezvous_unref(&r);
}

static void
a_stream_of_requests_may_be_empty(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.su = number_of_requests;
    r = start_call(t, SLUICE_STREAM_UNARY, "SU", NULL, NULL);
    send_requests(r, 0);
    assert_result(r, "0");
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_answers_request_by_request(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;
    char text[16];
    unsigned i;

    t->does.ss = mirror;
    r = start_call(t, SLUICE_STREAM_STREAM, "SS", NULL, NULL);
    for (i = 0; i < MANY; i++) {
        assert_int_equal(sluice_rendezvous_consume(r, number_bytes(i)),
            SLUICE_OK);
        snprintf(text, sizeof(text), "%u", i);
        assert_next(r, text);
    }
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    assert_int_equal(draw_all(r, &end), 0);
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static void
no_iterator_means_no_responses(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.us = count;
    t->n_to_produce = 0;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    assert_int_equal(draw_all(r, &end), 0);
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static enum sluice_reply
give_nothing(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self, (void)ctx, (void)responses;
    return SLUICE_REPLY_OK;
}

static void
a_method_without_an_iterator_completes(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;

    t->does.ss = give_nothing;
    r = start_call(t, SLUICE_STREAM_STREAM, "SS", NULL, NULL);
    assert_int_equal(draw_all(r, &end), 0);
    assert_int_equal(end, SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

/* ---- What a method is not open for ---------------------------------------- */

static enum sluice_reply
try_what_is_not_there(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct sluice_metadata *md;
    struct sluice_bytes *value;
    struct sluice_str text;
    int32_t code;
    bool has_code;
    unsigned n = 0;

    (void)self;
    n += sluice_rendezvous_next(ctx, &value) == SLUICE_ESTATE;
    n += sluice_rendezvous_consume(ctx, text_bytes("x")) == SLUICE_ESTATE;
    n += sluice_rendezvous_consume_and_terminate(ctx, text_bytes("x")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_terminate(ctx) == SLUICE_ESTATE;
    n += sluice_rendezvous_initial_metadata(ctx, &md) == SLUICE_ESTATE;
    n += sluice_rendezvous_terminal_metadata(ctx, &md) == SLUICE_ESTATE;
    n += sluice_rendezvous_code(ctx, &has_code, &code) == SLUICE_ESTATE;
    n += sluice_rendezvous_details(ctx, &text) == SLUICE_ESTATE;
    n += sluice_rendezvous_result(ctx, 0, &value) == SLUICE_ESTATE;
    sluice_bytes_unref(&request);
    *response = number_bytes(n);
    return SLUICE_REPLY_OK;
}

static void
a_unary_method_has_no_requests_to_draw_and_answers_by_returning(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = try_what_is_not_there;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_result(r, "9");
    sluice_rendezvous_unref(&r);
}

/* ---- Methods that fail ----------------------------------------------------- */

static enum sluice_reply
reply_as_asked(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;
    const enum sluice_reply *reply = t->arg;

    (void)ctx;
    *response = request; /* all the same */
    return *reply;
}

static void
a_method_that_does_not_say_ok_is_a_remote_failure(void **state)
{
    static const enum sluice_reply replies[] = { SLUICE_REPLY_FAILED,
        SLUICE_REPLY_ABANDONED, SLUICE_REPLY_NO_SUCH_METHOD };
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    size_t i;

    t->does.uu = reply_as_asked;
    for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        t->arg = (void *)(uintptr_t)&replies[i];
        r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
        assert_false(
            assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE)->has_code);
        sluice_rendezvous_unref(&r);
    }
}

static enum sluice_reply
fail_with_responses(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_iterator *responses)
{
    (void)ctx;
    sluice_bytes_unref(&request);
    *responses = count_up(self);
    return SLUICE_REPLY_FAILED;
}

static void
the_responses_of_a_method_that_fails_are_closed_and_not_drawn(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.us = fail_with_responses;
    t->n_to_produce = 3;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "x", NULL);
    assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
    sluice_rendezvous_unref(&r);
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_int_equal(atomic_load(&t->n_produced), 0);
    assert_int_equal(atomic_load(&t->n_closed), 1);
}

static void
responses_that_fail_midway_are_delivered_before_the_failure(void **state)
{
    static const enum sluice_err errors[] = { SLUICE_EINVAL, SLUICE_EABORTED,
        SLUICE_OK /* without a value */ };
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    enum sluice_err end;
    size_t i;

    t->does.us = count;
    t->n_to_produce = 3;
    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        atomic_store(&t->n_produced, 0);
        t->then = errors[i];
        r = start_call(t, SLUICE_UNARY_STREAM, "US", "x", NULL);
        assert_int_equal(draw_all(r, &end), 3);
        assert_int_equal(end, SLUICE_EABORTED);
        assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
        sluice_rendezvous_unref(&r);
    }
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_int_equal(atomic_load(&t->n_closed), 3);
}

/* Sets the code in t->arg, and gives no response. */
static enum sluice_reply
say_a_code(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;
    const int32_t *code = t->arg;

    (void)response;
    sluice_bytes_unref(&request);
    if (code != NULL && sluice_rendezvous_set_code(ctx, *code) != SLUICE_OK)
        return SLUICE_REPLY_FAILED;
    return SLUICE_REPLY_OK;
}

static void
a_code_of_failure_needs_no_response(void **state)
{
    struct threads *t = *state;
    const struct sluice_abortion *abortion;
    struct sluice_rendezvous *r;
    int32_t code = SLUICE_CODE_NOT_FOUND;

    t->does.uu = say_a_code;
    t->arg = &code;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    abortion = assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(abortion->outcome, SLUICE_COMPLETED);
    assert_int_equal(abortion->code, SLUICE_CODE_NOT_FOUND);
    sluice_rendezvous_unref(&r);
}

static void
a_missing_response_without_a_code_of_failure_is_a_failure(void **state)
{
    struct threads *t = *state;
    const struct sluice_abortion *abortion;
    struct sluice_rendezvous *r;
    int32_t zero = 0;
    int i;

    t->does.uu = say_a_code;
    for (i = 0; i < 2; i++) {
        t->arg = i == 0 ? NULL : &zero;
        r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
        abortion = assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
        assert_int_equal(abortion->outcome, SLUICE_REMOTE_FAILURE);
        assert_false(abortion->has_code);
        sluice_rendezvous_unref(&r);
    }
}

static void
a_unary_method_without_its_request_is_a_remote_failure(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = echo;
    r = start_call(t, SLUICE_STREAM_UNARY, "UU", NULL, NULL);
    send_requests(r, 0);
    assert_abortion(r, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(atomic_load(&t->n_calls), 0);
    sluice_rendezvous_unref(&r);
}

static enum sluice_reply
wait_and_echo(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;

    (void)ctx;
    uv_sem_post(&t->entered);
    uv_sem_wait(&t->proceed);
    *response = request;
    return SLUICE_REPLY_OK;
}

static void
a_unary_method_is_called_once_with_the_first_of_two_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_iterator requests = count_up(t);
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_rendezvous *r;

    t->does.uu = wait_and_echo;
    t->n_to_produce = 2;
    assert_int_equal(sluice_stub_future_stream_unary(t->stub,
                         sluice_str("Group"), sluice_str("UU"), &requests,
                         &options, &r),
        SLUICE_OK);
    uv_sem_wait(&t->entered);
    uv_sem_post(&t->proceed);
    assert_result(r, "0");
    assert_int_equal(atomic_load(&t->n_calls), 1);
    sluice_rendezvous_unref(&r);
}

/* ---- What goes along ------------------------------------------------------- */

/* Everything there is to say but the responses; false if any was refused. */
static bool
say_everything(struct threads *t, struct sluice_rendezvous *ctx)
{
    struct sluice_metadata *invocation;
    unsigned n = 0;

    n += sluice_rendezvous_set_initial_metadata(ctx, one_metadatum("i", "1")) ==
        SLUICE_OK;
    /* The caller has this before any response. */
    uv_sem_wait(&t->proceed);
    n += sluice_rendezvous_set_terminal_metadata(ctx,
             one_metadatum("t", "2")) == SLUICE_OK;
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
    *response = number_bytes(0);
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
            forms[i].request, one_metadatum("who", "me"));
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
    struct sluice_metadata *md = one_metadatum("not", "touched");
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
        .initial_metadata = one_metadatum("who", "me"),
        .payload = text_bytes("x"),
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
    *response = number_bytes(n);
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
    n += sluice_rendezvous_set_initial_metadata(r, one_metadatum("a", "1")) ==
        SLUICE_OK;
    n += sluice_rendezvous_set_initial_metadata(r, one_metadatum("a", "2")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_set_terminal_metadata(r, one_metadatum("t", "2")) ==
        SLUICE_OK;
    n += sluice_rendezvous_set_terminal_metadata(r, one_metadatum("t", "3")) ==
        SLUICE_ESTATE;
    n += sluice_rendezvous_set_code(r, 0) == SLUICE_OK;
    n += sluice_rendezvous_set_code(r, 5) == SLUICE_ESTATE;
    n += sluice_rendezvous_set_details(r, sluice_str("fine")) == SLUICE_OK;
    n += sluice_rendezvous_set_details(r, sluice_str("late")) == SLUICE_ESTATE;
    sluice_bytes_unref(&request);
    *response = number_bytes(n);
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
                         one_metadatum("a", "1")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_terminal_metadata(r,
                         one_metadatum("a", "1")),
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
        *value = number_bytes(0);
        return SLUICE_OK;
    }
    if (sluice_rendezvous_set_initial_metadata(ctx, one_metadatum("a", "1")) !=
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
    *response = number_bytes(n);
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

/* ---- Ends that a method does not choose ------------------------------------ */

/* What a method found when its RPC had ended under it. */
struct finding {
    struct sluice_abortion_callback cb;
    unsigned n_abortions; /* told to cb, on the loop's thread */
    enum sluice_abortion_kind kind;
    uv_sem_t is_told;
    enum sluice_err drawn;
    bool was_active;
    bool is_active;
    bool is_harmless; /* what was set afterwards was refused */
    int64_t remaining;
    enum sluice_abortion_kind found;
};

static void
on_abortion(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct finding *f = RPC_CONTAINER_OF(self, struct finding, cb);

    f->n_abortions++;
    f->kind = abortion->kind;
    uv_sem_post(&f->is_told);
}

static void
look_after_the_end(struct finding *f, struct sluice_rendezvous *ctx)
{
    const struct sluice_abortion *abortion = sluice_rendezvous_abortion(ctx);

    f->is_active = sluice_rendezvous_is_active(ctx);
    f->remaining = sluice_rendezvous_time_remaining(ctx);
    if (abortion != NULL)
        f->found = abortion->kind;
    f->is_harmless = sluice_rendezvous_set_code(ctx, 1) == SLUICE_ESTATE &&
        sluice_rendezvous_set_details(ctx, sluice_str("")) == SLUICE_ESTATE &&
        sluice_rendezvous_set_initial_metadata(ctx, one_metadatum("a", "1")) ==
            SLUICE_ESTATE &&
        sluice_rendezvous_set_terminal_metadata(ctx, one_metadatum("a", "1")) ==
            SLUICE_ESTATE;
    sluice_rendezvous_cancel(ctx);
}

/* Draws a request, which comes or does not. */
static enum sluice_reply
be_interrupted(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct threads *t = self;
    struct finding *f = t->arg;
    struct sluice_bytes *request;

    f->cb.run = on_abortion;
    f->was_active =
        sluice_rendezvous_add_abortion_callback(ctx, &f->cb) == NULL;
    uv_sem_post(&t->entered);
    f->drawn = sluice_rendezvous_next(ctx, &request);
    look_after_the_end(f, ctx);
    *response = number_bytes(1); /* dropped */
    uv_sem_wait(&f->is_told);
    return SLUICE_REPLY_OK;
}

static void
begin_to_interrupt(struct threads *t, struct finding *f,
    struct sluice_rendezvous **r)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(uv_sem_init(&f->is_told, 0), 0);
    t->arg = f;
    t->does.su = be_interrupted;
    *r = start_call(t, SLUICE_STREAM_UNARY, "SU", NULL, NULL);
    uv_sem_wait(&t->entered);
}

/* Waits for the method to return. */
static void
assert_interrupted(struct threads *t, struct finding *f,
    enum sluice_abortion_kind kind)
{
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_true(f->was_active);
    assert_int_equal(f->n_abortions, 1);
    assert_int_equal(f->kind, kind);
    assert_int_equal(f->drawn, SLUICE_EABORTED);
    assert_false(f->is_active);
    assert_int_equal(f->remaining, 0);
    assert_int_equal(f->found, kind);
    assert_true(f->is_harmless);
    uv_sem_destroy(&f->is_told);
}

static void
a_caller_that_cancels_ends_the_drawing_of_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct finding f;

    begin_to_interrupt(t, &f, &r);
    sluice_rendezvous_cancel(r);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    sluice_rendezvous_unref(&r);
    assert_interrupted(t, &f, SLUICE_ABORTION_CANCELLED);
}

static void
a_stop_of_the_service_ends_the_drawing_of_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct finding f;

    begin_to_interrupt(t, &f, &r);
    stop_end(t, t->service);
    assert_abortion(r, SLUICE_ABORTION_REMOTE_SHUTDOWN);
    sluice_rendezvous_unref(&r);
    assert_interrupted(t, &f, SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

static void
a_stop_of_the_invoker_ends_the_drawing_of_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct finding f;

    begin_to_interrupt(t, &f, &r);
    stop_end(t, t->invoker);
    assert_abortion(r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
    sluice_rendezvous_unref(&r);
    assert_interrupted(t, &f, SLUICE_ABORTION_REMOTE_SHUTDOWN);
}

static enum sluice_reply
cancel_itself(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    (void)self;
    sluice_rendezvous_cancel(ctx);
    *response = request;
    return SLUICE_REPLY_OK;
}

static void
a_service_that_cancels_is_a_cancellation_at_the_caller(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = cancel_itself;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    assert_false(sluice_rendezvous_cancelled(r));
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_that_does_not_answer_in_time_is_an_expiration(void **state)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct threads *t = *state;
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;

    t->does.uu = wait_and_echo;
    assert_int_equal(sluice_stub_blocking_unary_unary(t->stub,
                         sluice_str("Group"), sluice_str("UU"), text_bytes("x"),
                         &options, &response, &r),
        SLUICE_EABORTED);
    assert_abortion(r, SLUICE_ABORTION_EXPIRED);
    sluice_rendezvous_unref(&r);
    uv_sem_post(&t->proceed); /* if it was called at all */
}

/* ---- Flow ------------------------------------------------------------------ */

static void
a_reader_that_stops_after_three_has_four_responses_produced(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    int i;

    t->does.us = count;
    t->n_to_produce = 1000;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    assert_next(r, "0");
    assert_next(r, "1");
    assert_next(r, "2");
    for (i = 0; i < 4; i++) /* three drawn, and one that waits to be */
        uv_sem_wait(&t->entered);
    sluice_rendezvous_cancel(r);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    sluice_rendezvous_unref(&r);
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_int_equal(atomic_load(&t->n_produced), 4);
    assert_int_equal(atomic_load(&t->n_closed), 1);
}

static void
a_method_runs_although_nobody_draws(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.us = count;
    t->n_to_produce = 1000;
    r = start_call(t, SLUICE_UNARY_STREAM, "US", "go", NULL);
    uv_sem_wait(&t->entered);
    sluice_rendezvous_cancel(r);
    sluice_rendezvous_unref(&r);
}

/* ---- Threads --------------------------------------------------------------- */

/* The service has let go of an RPC that was cancelled. */
static void
await_cancellation(struct threads *t)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    do
        end_stats(t, t->service, stats);
    while (stats[SLUICE_CANCELLED] == 0);
}

static void
an_rpc_that_ends_before_its_turn_calls_no_method(void **state)
{
    struct threads t = { .n_to_produce = 0 };
    struct sluice_rendezvous *first, *second, *third;

    (void)state;
    threads_open(&t, 1);
    t.does.uu = wait_and_echo;
    first = start_call(&t, SLUICE_UNARY_UNARY, "UU", "first", NULL);
    uv_sem_wait(&t.entered); /* the only thread */
    second = start_call(&t, SLUICE_UNARY_UNARY, "UU", "second", NULL);
    sluice_rendezvous_cancel(second);
    await_cancellation(&t);
    third = start_call(&t, SLUICE_UNARY_UNARY, "UU", "third", NULL);
    uv_sem_post(&t.proceed);
    uv_sem_post(&t.proceed);
    assert_result(first, "first");
    assert_result(third, "third");
    assert_int_equal(atomic_load(&t.n_calls), 2);
    sluice_rendezvous_unref(&first);
    sluice_rendezvous_unref(&second);
    sluice_rendezvous_unref(&third);
    threads_close(&t);
}

static void
an_inline_method_needs_a_thread_pool(void **state)
{
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    struct sluice_method_implementation made =
        sluice_unary_unary_inline(echo, NULL);
    struct threads *t = *state;

    assert_int_equal(sluice_face_servicer_add(servicer, sluice_str("Group"),
                         sluice_str("UU"), &made),
        SLUICE_EINVAL);
    sluice_face_servicer_set_thread_pool(servicer, t->service_pool);
    assert_int_equal(sluice_face_servicer_add(servicer, sluice_str("Group"),
                         sluice_str("UU"), &made),
        SLUICE_OK);
    assert_int_equal(sluice_face_servicer_add(servicer, sluice_str("Group"),
                         sluice_str("UU"), &made),
        SLUICE_EINVAL);
    sluice_face_servicer_free(&servicer);
}

static void
a_dynamic_stub_calls_blocking_with_an_iterator(void **state)
{
    static const struct sluice_dynamic_method methods[] = {
        { { "SU", 2 }, SLUICE_STREAM_UNARY },
    };
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_multi_callable *callable;
    struct sluice_dynamic_stub *stub;
    struct sluice_bytes *response;
    struct threads *t = *state;
    struct sluice_iterator requests = count_up(t);

    t->does.su = number_of_requests;
    t->n_to_produce = 20;
    assert_int_equal(sluice_dynamic_stub_new(t->invoker, sluice_str("Group"),
                         methods, 1, &stub),
        SLUICE_OK);
    sluice_dynamic_stub_set_thread_pool(stub, t->caller_pool);
    assert_int_equal(sluice_dynamic_stub_find(stub, sluice_str("SU"),
                         &callable),
        SLUICE_OK);
    assert_int_equal(sluice_multi_callable_blocking(callable, NULL, &requests,
                         &options, &response, NULL),
        SLUICE_OK);
    assert_int_equal(sluice_bytes_size(response), 2);
    assert_memory_equal(sluice_bytes_data(response), "20", 2);
    sluice_bytes_unref(&response);
    sluice_dynamic_stub_free(&stub);
}

#define THREADS_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_threads, close_threads)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREADS_TEST(an_inline_method_answers_a_unary_call),
        THREADS_TEST(an_inline_method_streams_its_responses),
        THREADS_TEST(an_inline_method_draws_its_requests),
        THREADS_TEST(a_stream_of_requests_may_be_empty),
        THREADS_TEST(an_inline_method_answers_request_by_request),
        THREADS_TEST(no_iterator_means_no_responses),
        THREADS_TEST(a_method_without_an_iterator_completes),
        THREADS_TEST(
            a_unary_method_has_no_requests_to_draw_and_answers_by_returning),
        THREADS_TEST(a_method_that_does_not_say_ok_is_a_remote_failure),
        THREADS_TEST(
            the_responses_of_a_method_that_fails_are_closed_and_not_drawn),
        THREADS_TEST(
            responses_that_fail_midway_are_delivered_before_the_failure),
        THREADS_TEST(a_code_of_failure_needs_no_response),
        THREADS_TEST(a_missing_response_without_a_code_of_failure_is_a_failure),
        THREADS_TEST(a_unary_method_without_its_request_is_a_remote_failure),
        THREADS_TEST(
            a_unary_method_is_called_once_with_the_first_of_two_requests),
        THREADS_TEST(all_that_a_method_says_arrives_and_metadata_at_once),
        THREADS_TEST(
            a_stream_method_need_not_wait_for_metadata_that_does_not_come),
        THREADS_TEST(metadata_that_comes_late_is_known_with_the_first_request),
        THREADS_TEST(each_value_is_set_once_and_a_second_time_is_harmless),
        THREADS_TEST(the_caller_has_nothing_to_set),
        THREADS_TEST(initial_metadata_after_a_response_is_refused_and_harmless),
        THREADS_TEST(a_method_sees_the_state_of_its_rpc),
        THREADS_TEST(a_caller_that_cancels_ends_the_drawing_of_requests),
        THREADS_TEST(a_stop_of_the_service_ends_the_drawing_of_requests),
        THREADS_TEST(a_stop_of_the_invoker_ends_the_drawing_of_requests),
        THREADS_TEST(a_service_that_cancels_is_a_cancellation_at_the_caller),
        THREADS_TEST(
            an_inline_method_that_does_not_answer_in_time_is_an_expiration),
        THREADS_TEST(
            a_reader_that_stops_after_three_has_four_responses_produced),
        THREADS_TEST(a_method_runs_although_nobody_draws),
        cmocka_unit_test(an_rpc_that_ends_before_its_turn_calls_no_method),
        THREADS_TEST(an_inline_method_needs_a_thread_pool),
        THREADS_TEST(a_dynamic_stub_calls_blocking_with_an_iterator),
    };

    return cmocka_run_group_tests_name("face, inline methods", tests, NULL,
        NULL);
}
