/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_call.c - calls from threads that may block: how they
 * start in each style, what they bring, and what a Call can be asked.
 */
#include "tests/rpc/thread_scene.h"

#include <stdio.h>

#define HOUR (3600 * SLUICE_SECOND)

static const struct sluice_call_options plain = { .timeout_ns = LONG_TIME };

/* ---- Blocking -------------------------------------------------------------------- */

static enum sluice_err
block(struct scene *s, const char *method, struct sluice_bytes **response)
{
    return sluice_stub_blocking_unary_unary(s->stub, GROUP, sluice_str(method),
        bytes_of("ping"), &plain, response, &s->r);
}

static void
a_blocking_call_returns_the_response(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    assert_int_equal(block(s, "Echo", &response), SLUICE_OK);
    assert_bytes(response, "ping");
    assert_false(sluice_rendezvous_is_active(s->r));
    assert_null(sluice_rendezvous_abortion(s->r));
}

static void
a_blocking_call_need_not_give_a_call(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    int i;

    for (i = 0; i < 2; i++) {
        assert_int_equal(sluice_stub_blocking_unary_unary(s->stub, GROUP,
                             sluice_str("Echo"), bytes_of("x"), &plain,
                             &response, NULL),
            SLUICE_OK);
        assert_bytes(response, "x");
    }
    assert_int_equal(sluice_stub_blocking_unary_unary(s->stub, GROUP,
                         sluice_str("FailUU"), bytes_of("x"), &plain, &response,
                         NULL),
        SLUICE_EABORTED);
    assert_null(response);
}

static void
a_blocking_call_draws_its_requests_from_the_iterator(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    struct source source;

    source_init(&source, 5, SLUICE_EEND);
    assert_int_equal(sluice_stub_blocking_stream_unary(s->stub, GROUP,
                         sluice_str("Join"), &source.iterator, &plain,
                         &response, &s->r),
        SLUICE_OK);
    assert_bytes(response, "01234");
    uv_sem_wait(&source.closed);
    source_fini(&source);
}

static void
a_blocking_call_that_fails_says_why(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    assert_int_equal(block(s, "FailUU", &response), SLUICE_EABORTED);
    assert_null(response);
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_FAILURE);
}

static void
a_blocking_call_of_an_unknown_method_is_a_local_failure(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    const struct sluice_abortion *abortion;

    assert_int_equal(block(s, "Nothing", &response), SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
    abortion = sluice_rendezvous_abortion(s->r);
    assert_true(abortion->has_code);
    assert_int_equal(abortion->code, SLUICE_CODE_UNIMPLEMENTED);
}

static void
a_blocking_call_expires(void **state)
{
    struct scene *s = *state;
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct sluice_bytes *response;

    assert_int_equal(sluice_stub_blocking_unary_unary(s->stub, GROUP,
                         sluice_str("HoldUU"), bytes_of("x"), &options,
                         &response, &s->r),
        SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_EXPIRED);
}

static void
a_blocking_call_that_the_service_cancels_has_aborted(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    help_when_called(s, cancel_held);
    assert_int_equal(block(s, "HoldUU", &response), SLUICE_EABORTED);
    assert_null(response);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
}

static void
a_blocking_call_ends_with_its_end(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    help_when_called(s, stop_invoker);
    assert_int_equal(block(s, "HoldUU", &response), SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

static void
a_blocking_call_ends_with_the_services_end(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    help_when_called(s, stop_service);
    assert_int_equal(block(s, "HoldUU", &response), SLUICE_EABORTED);
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_SHUTDOWN);
}

#define CALLERS 25u

struct caller {
    struct scene *s;
    uv_thread_t thread;
    char text[16];
    bool is_right;
};

static void
call_many(void *arg)
{
    struct caller *c = arg;
    struct sluice_bytes *response;
    enum sluice_err err;
    int i;

    c->is_right = true;
    for (i = 0; i < 10; i++) {
        err = sluice_stub_blocking_unary_unary(c->s->stub, GROUP,
            sluice_str("Echo"), bytes_of(c->text), &plain, &response, NULL);
        c->is_right = c->is_right && err == SLUICE_OK &&
            sluice_bytes_size(response) == strlen(c->text) &&
            memcmp(sluice_bytes_data(response), c->text, strlen(c->text)) == 0;
        sluice_bytes_unref(&response);
    }
}

static void
many_threads_may_call_at_once(void **state)
{
    struct scene *s = *state;
    struct caller callers[CALLERS] = { 0 };
    unsigned i;

    for (i = 0; i < CALLERS; i++) {
        callers[i].s = s;
        snprintf(callers[i].text, sizeof(callers[i].text), "caller %u", i);
        assert_int_equal(uv_thread_create(&callers[i].thread, call_many,
                             &callers[i]),
            0);
    }
    for (i = 0; i < CALLERS; i++) {
        uv_thread_join(&callers[i].thread);
        assert_true(callers[i].is_right);
    }
    assert_int_equal(ended_as(s, s->invoker, SLUICE_COMPLETED), 10 * CALLERS);
}

/* ---- What cannot start --------------------------------------------------------------- */

static void
a_call_on_a_stopped_end_is_refused(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response = NULL;
    struct source source;

    on_loop(s, stop_invoker);
    source_init(&source, 1, SLUICE_EEND);
    assert_int_equal(block(s, "Echo", &response), SLUICE_ESTATE);
    assert_null(response);
    assert_null(s->r);
    assert_int_equal(sluice_stub_future_stream_unary(s->stub, GROUP,
                         sluice_str("Join"), &source.iterator, &plain, &s->r),
        SLUICE_ESTATE);
    assert_null(s->r);
    assert_int_equal(atomic_load(&source.n_drawn), 0);
    source_fini(&source);
}

static void
a_call_without_options_is_refused(void **state)
{
    struct scene *s = *state;

    assert_int_equal(sluice_stub_future_unary_unary(s->stub, GROUP,
                         sluice_str("Echo"), bytes_of("x"), NULL, &s->r),
        SLUICE_EINVAL);
    assert_null(s->r);
}

static void
an_iterator_without_a_pool_is_refused_and_closed(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    struct source source;

    sluice_stub_set_thread_pool(s->stub, NULL);
    source_init(&source, 1, SLUICE_EEND);
    assert_int_equal(sluice_stub_blocking_stream_unary(s->stub, GROUP,
                         sluice_str("Join"), &source.iterator, &plain,
                         &response, &s->r),
        SLUICE_EINVAL);
    source_fini(&source);
}

static void
a_blocking_call_without_an_iterator_is_refused(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;

    assert_int_equal(sluice_stub_blocking_stream_unary(s->stub, GROUP,
                         sluice_str("Join"), NULL, &plain, &response, &s->r),
        SLUICE_EINVAL);
}

static void
an_iterator_without_next_is_refused_and_closed(void **state)
{
    struct scene *s = *state;
    struct source source;

    source_init(&source, 1, SLUICE_EEND);
    source.iterator.next = NULL;
    assert_int_equal(sluice_stub_inline_stream_stream(s->stub, GROUP,
                         sluice_str("EchoAll"), &source.iterator, &plain,
                         &s->r),
        SLUICE_EINVAL);
    source_fini(&source);
}

struct attempt {
    struct scene *s;
    struct source source;
    enum sluice_err errs[6];
};

/* What is given up is taken, else the leak checker would tell. */
static void
start_on_the_loop(void *arg)
{
    struct attempt *a = arg;
    struct sluice_stub *stub = a->s->stub;
    struct sluice_call_options options = plain;
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;

    options.metadata = metadata_of("a", "b");
    a->errs[0] = sluice_stub_blocking_unary_unary(stub, GROUP,
        sluice_str("Echo"), bytes_of("x"), &options, &response, &r);
    a->errs[1] = sluice_stub_blocking_stream_unary(stub, GROUP,
        sluice_str("Join"), &a->source.iterator, &plain, &response, &r);
    a->errs[2] = sluice_stub_future_unary_unary(stub, GROUP, sluice_str("Echo"),
        bytes_of("x"), &plain, &r);
    a->errs[3] = sluice_stub_future_stream_unary(stub, GROUP,
        sluice_str("Join"), NULL, &plain, &r);
    a->errs[4] = sluice_stub_inline_unary_stream(stub, GROUP,
        sluice_str("Count"), bytes_of("x"), &plain, &r);
    a->errs[5] = sluice_stub_inline_stream_stream(stub, GROUP,
        sluice_str("EchoAll"), NULL, &plain, &r);
}

static void
no_call_starts_on_the_loops_own_thread(void **state)
{
    struct scene *s = *state;
    struct attempt a = { .s = s };
    unsigned i;

    source_init(&a.source, 1, SLUICE_EEND);
    assert_int_equal(sluice_loop_call(s->loop, start_on_the_loop, &a),
        SLUICE_OK);
    for (i = 0; i < 6; i++)
        assert_int_equal(a.errs[i], SLUICE_ETHREAD);
    source_fini(&a.source);
}

/* ---- Multi-callables ------------------------------------------------------------------- */

static struct sluice_multi_callable *
callable(struct scene *s, enum sluice_cardinality cardinality,
    const char *method)
{
    struct sluice_multi_callable *m = sluice_stub_multi_callable(s->stub,
        cardinality, GROUP, sluice_str(method));

    assert_non_null(m);
    return m;
}

static void
a_multi_callable_has_the_styles_of_its_cardinality(void **state)
{
    struct scene *s = *state;
    struct sluice_multi_callable *uu = callable(s, SLUICE_UNARY_UNARY, "Echo");
    struct sluice_multi_callable *us =
        callable(s, SLUICE_UNARY_STREAM, "Count");
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;

    s->n_to_make = 2;
    assert_int_equal(sluice_multi_callable_blocking(uu, bytes_of("a"), NULL,
                         &plain, &response, NULL),
        SLUICE_OK);
    assert_bytes(response, "a");
    assert_int_equal(sluice_multi_callable_future(uu, bytes_of("b"), NULL,
                         &plain, &r),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    assert_bytes(response, "b");
    sluice_rendezvous_unref(&r);
    assert_int_equal(sluice_multi_callable_inline(us, bytes_of("c"), NULL,
                         &plain, &r),
        SLUICE_OK);
    assert_next(r, "0");
    assert_next(r, "1");
    assert_no_next(r, SLUICE_EEND);
    sluice_rendezvous_unref(&r);

    assert_int_equal(sluice_multi_callable_inline(uu, bytes_of("a"), NULL,
                         &plain, &r),
        SLUICE_EINVAL);
    assert_int_equal(sluice_multi_callable_future(us, bytes_of("a"), NULL,
                         &plain, &r),
        SLUICE_EINVAL);
    assert_int_equal(sluice_multi_callable_blocking(us, bytes_of("a"), NULL,
                         &plain, &response, NULL),
        SLUICE_EINVAL);
    sluice_multi_callable_free(&uu);
    sluice_multi_callable_free(&us);
}

static void
a_multi_callable_wants_the_requests_of_its_cardinality(void **state)
{
    struct scene *s = *state;
    struct sluice_multi_callable *uu = callable(s, SLUICE_UNARY_UNARY, "Echo");
    struct sluice_multi_callable *su = callable(s, SLUICE_STREAM_UNARY, "Join");
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;
    struct source source;

    source_init(&source, 2, SLUICE_EEND);
    assert_int_equal(sluice_multi_callable_future(uu, NULL, &source.iterator,
                         &plain, &r),
        SLUICE_EINVAL);
    source_fini(&source);
    assert_int_equal(sluice_multi_callable_future(uu, NULL, NULL, &plain, &r),
        SLUICE_EINVAL);
    assert_int_equal(sluice_multi_callable_future(su, bytes_of("x"), NULL,
                         &plain, &r),
        SLUICE_EINVAL);
    source_init(&source, 2, SLUICE_EEND);
    assert_int_equal(sluice_multi_callable_future(su, bytes_of("x"),
                         &source.iterator, &plain, &r),
        SLUICE_EINVAL);
    source_fini(&source);

    source_init(&source, 2, SLUICE_EEND);
    assert_int_equal(sluice_multi_callable_blocking(su, NULL, &source.iterator,
                         &plain, &response, NULL),
        SLUICE_OK);
    assert_bytes(response, "01");
    uv_sem_wait(&source.closed);
    source_fini(&source);
    sluice_multi_callable_free(&uu);
    sluice_multi_callable_free(&su);
}

/* ---- What a Call can be asked ------------------------------------------------------------ */

static void
answer_in_full(struct scene *s)
{
    struct sluice_servicer_context *ctx = s->held;
    enum sluice_err err;

    err = sluice_servicer_context_set_code(ctx, SLUICE_CODE_OK);
    assert(err == SLUICE_OK);
    err = sluice_servicer_context_set_details(ctx, sluice_str("well done"));
    assert(err == SLUICE_OK);
    err = sluice_servicer_context_set_terminal_metadata(ctx,
        metadata_of("t", "u"));
    assert(err == SLUICE_OK);
    answer_held(s);
}

static void
send_metadata(struct scene *s)
{
    enum sluice_err err;

    err = sluice_servicer_context_set_initial_metadata(s->held,
        metadata_of("i", "j"));
    assert(err == SLUICE_OK);
}

static void
assert_metadata(struct sluice_metadata *md, const char *name, const char *value)
{
    assert_non_null(md);
    assert_true(sluice_str_equal(sluice_metadata_find(md, sluice_str(name)),
        sluice_str(value)));
}

static void
initial_metadata_is_there_before_any_response(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    on_loop(s, send_metadata);
    assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md), SLUICE_OK);
    assert_metadata(md, "i", "j");
    assert_true(sluice_rendezvous_is_active(s->r));
    on_loop(s, answer_held);
    assert_completes(s->r);
}

static void
values_of_a_completion_are_there_at_the_end(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;
    struct sluice_str details;
    bool has_code;
    int32_t code;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    on_loop(s, answer_in_full);
    assert_int_equal(sluice_rendezvous_code(s->r, &has_code, &code), SLUICE_OK);
    assert_true(has_code);
    assert_int_equal(code, SLUICE_CODE_OK);
    assert_int_equal(sluice_rendezvous_details(s->r, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("well done")));
    assert_int_equal(sluice_rendezvous_terminal_metadata(s->r, &md), SLUICE_OK);
    assert_metadata(md, "t", "u");
    assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md), SLUICE_OK);
    assert_null(md);
}

static void
values_that_were_not_sent_are_absent(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md = (void *)1;
    struct sluice_str details;
    bool has_code;
    int32_t code;

    s->r = future_unary(s, "Echo", "x");
    assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md), SLUICE_OK);
    assert_null(md);
    assert_int_equal(sluice_rendezvous_code(s->r, &has_code, &code), SLUICE_OK);
    assert_false(has_code);
    assert_int_equal(sluice_rendezvous_details(s->r, &details), SLUICE_OK);
    assert_null(details.ptr);
    md = (void *)1;
    assert_int_equal(sluice_rendezvous_terminal_metadata(s->r, &md), SLUICE_OK);
    assert_null(md);
}

static void
after_an_abort_a_call_shows_what_the_abortion_has(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion;
    struct sluice_bytes *response;
    struct sluice_metadata *md;
    struct sluice_str details;
    bool has_code;
    int32_t code;

    assert_int_equal(block(s, "Refuse", &response), SLUICE_EABORTED);
    abortion = sluice_rendezvous_abortion(s->r);
    assert_int_equal(abortion->kind, SLUICE_ABORTION_REMOTE_FAILURE);
    assert_int_equal(abortion->outcome, SLUICE_COMPLETED);
    assert_int_equal(abortion->code, SLUICE_CODE_NOT_FOUND);
    assert_metadata(abortion->initial_metadata, "i", "j");
    assert_metadata(abortion->terminal_metadata, "a", "z");

    assert_int_equal(sluice_rendezvous_code(s->r, &has_code, &code), SLUICE_OK);
    assert_true(has_code);
    assert_int_equal(code, SLUICE_CODE_NOT_FOUND);
    assert_int_equal(sluice_rendezvous_details(s->r, &details), SLUICE_OK);
    assert_ptr_equal(details.ptr, abortion->details.ptr);
    assert_true(sluice_str_equal(details, sluice_str("no such book")));
    assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md), SLUICE_OK);
    assert_ptr_equal(md, abortion->initial_metadata);
    assert_int_equal(sluice_rendezvous_terminal_metadata(s->r, &md), SLUICE_OK);
    assert_ptr_equal(md, abortion->terminal_metadata);
}

static void
metadata_of_a_call_reaches_the_method(void **state)
{
    struct scene *s = *state;
    struct sluice_call_options options = plain;
    struct sluice_metadata *md;

    options.metadata = metadata_of("from", "caller");
    assert_int_equal(sluice_stub_future_unary_unary(s->stub, GROUP,
                         sluice_str("HoldUU"), bytes_of("x"), &options, &s->r),
        SLUICE_OK);
    uv_sem_wait(&s->called);
    /* constant while it is held, and it is until the scene ends */
    md = sluice_servicer_context_invocation_metadata(s->held);
    assert_metadata(md, "from", "caller");
}

static void
time_runs_until_the_end_and_is_0_then(void **state)
{
    struct scene *s = *state;
    int64_t before, later;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    before = sluice_rendezvous_time_remaining(s->r);
    later = sluice_rendezvous_time_remaining(s->r);
    assert_true(before <= LONG_TIME && before > LONG_TIME / 2);
    assert_true(later <= before);
    on_loop(s, answer_held);
    assert_completes(s->r);
    assert_int_equal(sluice_rendezvous_time_remaining(s->r), 0);
}

static void
time_without_a_timeout_is_without_end(void **state)
{
    struct scene *s = *state;
    struct sluice_call_options options = { .timeout_ns = SLUICE_NO_TIMEOUT };

    assert_int_equal(sluice_stub_future_unary_unary(s->stub, GROUP,
                         sluice_str("HoldUU"), bytes_of("x"), &options, &s->r),
        SLUICE_OK);
    uv_sem_wait(&s->called);
    assert_int_equal(sluice_rendezvous_time_remaining(s->r), SLUICE_NO_TIMEOUT);
    on_loop(s, answer_held);
    assert_completes(s->r);
}

static void
the_context_between_ends_in_one_process_is_null(void **state)
{
    struct scene *s = *state;
    void *context = s;

    s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    on_loop(s, send_metadata);
    assert_int_equal(sluice_rendezvous_protocol_context(s->r, &context),
        SLUICE_OK);
    assert_null(context);
    on_loop(s, answer_held);
    assert_completes(s->r);
    context = s;
    assert_int_equal(sluice_rendezvous_protocol_context(s->r, &context),
        SLUICE_ESTATE);
    assert_null(context);
}

/* All that the service has sent then is its own, shorter timeout. */
static void
the_context_and_a_shortened_timeout_are_known_at_once(void **state)
{
    struct scene *s = *state;
    struct sluice_call_options options = { .timeout_ns = 48 * HOUR };
    void *context = s;

    assert_int_equal(sluice_stub_future_unary_unary(s->stub, GROUP,
                         sluice_str("HoldUU"), bytes_of("x"), &options, &s->r),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_protocol_context(s->r, &context),
        SLUICE_OK);
    assert_null(context);
    assert_in_range(sluice_rendezvous_time_remaining(s->r), 23 * HOUR,
        24 * HOUR);
}

static void
waiting_for_the_context_ends_with_the_rpc(void **state)
{
    struct scene *s = *state;
    void *context;

    s->r = future_unary(s, "HoldUU", "x");
    help_when_called(s, cancel_held);
    assert_int_equal(sluice_rendezvous_protocol_context(s->r, &context),
        SLUICE_EABORTED);
}

static void
waiting_for_initial_metadata_ends_with_the_rpc(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;

    s->r = future_unary(s, "HoldUU", "x");
    help_when_called(s, cancel_held);
    assert_int_equal(sluice_rendezvous_initial_metadata(s->r, &md), SLUICE_OK);
    assert_null(md);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
}

static void
what_only_a_service_can_do_a_caller_cannot(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;

    s->r = future_unary(s, "Echo", "x");
    assert_int_equal(sluice_rendezvous_invocation_metadata(s->r, &md),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_initial_metadata(s->r,
                         metadata_of("a", "b")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_terminal_metadata(s->r,
                         metadata_of("a", "b")),
        SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_code(s->r, 0), SLUICE_ESTATE);
    assert_int_equal(sluice_rendezvous_set_details(s->r, sluice_str("x")),
        SLUICE_ESTATE);
}

/* ---- On the loop's own thread --------------------------------------------------------- */

struct questions {
    struct sluice_rendezvous *r;
    enum sluice_err errs[8];
    enum sluice_err at_once;
    bool is_active;
};

static void
ask(void *arg)
{
    struct questions *q = arg;
    const struct sluice_abortion *abortion;
    struct sluice_bytes *bytes;
    struct sluice_metadata *md;
    struct sluice_str text;
    void *context;
    bool has_code;
    int32_t code;

    q->is_active = sluice_rendezvous_is_active(q->r);
    q->errs[0] = sluice_rendezvous_initial_metadata(q->r, &md);
    q->errs[1] = sluice_rendezvous_terminal_metadata(q->r, &md);
    q->errs[2] = sluice_rendezvous_code(q->r, &has_code, &code);
    q->errs[3] = sluice_rendezvous_details(q->r, &text);
    q->errs[4] = sluice_rendezvous_result(q->r, SLUICE_NO_TIMEOUT, &bytes);
    sluice_bytes_unref(&bytes);
    q->errs[5] = sluice_rendezvous_exception(q->r, SLUICE_SECOND, &abortion);
    q->errs[6] = sluice_rendezvous_next(q->r, &bytes);
    sluice_bytes_unref(&bytes);
    q->errs[7] = sluice_rendezvous_protocol_context(q->r, &context);
    q->at_once = sluice_rendezvous_result(q->r, 0, &bytes);
    sluice_bytes_unref(&bytes);
}

static void
only_what_would_have_to_wait_is_refused_on_the_loops_thread(void **state)
{
    struct scene *s = *state;
    struct questions q = { 0 };
    unsigned i;

    q.r = s->r = future_unary(s, "HoldUU", "x");
    uv_sem_wait(&s->called);
    assert_int_equal(sluice_loop_call(s->loop, ask, &q), SLUICE_OK);
    assert_true(q.is_active);
    for (i = 0; i < 8; i++)
        assert_int_equal(q.errs[i], SLUICE_ETHREAD);
    assert_int_equal(q.at_once, SLUICE_ETIMEDOUT);

    on_loop(s, answer_held);
    assert_completes(s->r);
    assert_int_equal(sluice_loop_call(s->loop, ask, &q), SLUICE_OK);
    assert_false(q.is_active);
    for (i = 0; i < 7; i++)
        assert_int_equal(q.errs[i], SLUICE_OK);
    assert_int_equal(q.errs[7], SLUICE_ESTATE);
}

#define SCENE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_scene, close_scene)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_blocking_call_returns_the_response),
        SCENE_TEST(a_blocking_call_need_not_give_a_call),
        SCENE_TEST(a_blocking_call_draws_its_requests_from_the_iterator),
        SCENE_TEST(a_blocking_call_that_fails_says_why),
        SCENE_TEST(a_blocking_call_of_an_unknown_method_is_a_local_failure),
        SCENE_TEST(a_blocking_call_expires),
        SCENE_TEST(a_blocking_call_that_the_service_cancels_has_aborted),
        SCENE_TEST(a_blocking_call_ends_with_its_end),
        SCENE_TEST(a_blocking_call_ends_with_the_services_end),
        SCENE_TEST(many_threads_may_call_at_once),
        SCENE_TEST(a_call_on_a_stopped_end_is_refused),
        SCENE_TEST(a_call_without_options_is_refused),
        SCENE_TEST(an_iterator_without_a_pool_is_refused_and_closed),
        SCENE_TEST(a_blocking_call_without_an_iterator_is_refused),
        SCENE_TEST(an_iterator_without_next_is_refused_and_closed),
        SCENE_TEST(no_call_starts_on_the_loops_own_thread),
        SCENE_TEST(a_multi_callable_has_the_styles_of_its_cardinality),
        SCENE_TEST(a_multi_callable_wants_the_requests_of_its_cardinality),
        SCENE_TEST(initial_metadata_is_there_before_any_response),
        SCENE_TEST(values_of_a_completion_are_there_at_the_end),
        SCENE_TEST(values_that_were_not_sent_are_absent),
        SCENE_TEST(after_an_abort_a_call_shows_what_the_abortion_has),
        SCENE_TEST(metadata_of_a_call_reaches_the_method),
        SCENE_TEST(time_runs_until_the_end_and_is_0_then),
        SCENE_TEST(time_without_a_timeout_is_without_end),
        SCENE_TEST(the_context_between_ends_in_one_process_is_null),
        SCENE_TEST(the_context_and_a_shortened_timeout_are_known_at_once),
        SCENE_TEST(waiting_for_the_context_ends_with_the_rpc),
        SCENE_TEST(waiting_for_initial_metadata_ends_with_the_rpc),
        SCENE_TEST(what_only_a_service_can_do_a_caller_cannot),
        SCENE_TEST(only_what_would_have_to_wait_is_refused_on_the_loops_thread),
    };

    return cmocka_run_group_tests_name("rendezvous, calls", tests, NULL, NULL);
}
