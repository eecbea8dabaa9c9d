/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_fates.c - how an RPC can end, as futures and errors tell
 * it: scenarios NT-14, NT-15 and NT-18.
 */
#include "tests/rpc/face_suite.h"

#define A_MOMENT (50 * SLUICE_MS)

/* ---- The service --------------------------------------------------------- */

/* Waits while the service is paused, then cancels. */
static enum sluice_reply
back_out(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct suite *s = self;

    (void)response;
    sluice_bytes_unref(&request);
    if (!come_by(&s->control))
        return SLUICE_REPLY_FAILED;
    (void)sluice_rendezvous_cancel(ctx);
    return SLUICE_REPLY_ABANDONED;
}

static enum sluice_reply
abandon(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    (void)self;
    (void)ctx;
    (void)response;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_ABANDONED;
}

static enum sluice_reply
say_nothing(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    (void)self;
    (void)ctx;
    (void)response;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
not_found(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    (void)self;
    (void)response;
    sluice_bytes_unref(&request);
    if (sluice_rendezvous_set_code(ctx, SLUICE_CODE_NOT_FOUND) != SLUICE_OK ||
        sluice_rendezvous_set_details(ctx, sluice_str("no such symbol")) !=
            SLUICE_OK)
        return SLUICE_REPLY_FAILED;
    return SLUICE_REPLY_OK;
}

static enum sluice_err
break_off(void *arg, struct sluice_bytes **value)
{
    struct suite *s = arg;

    if (s->serial == 3)
        return SLUICE_EINVAL;
    *value = trade_request(s->serial++);
    return SLUICE_OK;
}

/* Three responses, and a defect. */
static enum sluice_reply
begin_well(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_iterator *responses)
{
    (void)ctx;
    sluice_bytes_unref(&request);
    *responses = (struct sluice_iterator){ break_off, NULL, self };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
twice(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_servicer_context_respond(ctx, sluice_bytes_ref(request));
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static void
add_fates(struct suite *s)
{
    add_method(s, "BackOut", sluice_unary_unary_inline(back_out, s));
    add_method(s, "Abandon", sluice_unary_unary_inline(abandon, s));
    add_method(s, "SayNothing", sluice_unary_unary_inline(say_nothing, s));
    add_method(s, "NotFound", sluice_unary_unary_inline(not_found, s));
    add_method(s, "BeginWell", sluice_unary_stream_inline(begin_well, s));
    add_method(s, "Twice", sluice_unary_unary_event(twice, s));
}

static struct sluice_rendezvous *
ask(struct suite *s, const char *method, int64_t timeout_ns)
{
    const struct sluice_call_options options = { .timeout_ns = timeout_ns };
    struct sluice_rendezvous *r = NULL;

    assert_int_equal(sluice_stub_future_unary_unary(s->stub,
                         sluice_str("Stock"), sluice_str(method),
                         trade_request(1), &options, &r),
        SLUICE_OK);
    return r;
}

/* ---- Each kind of abortion, and its error -------------------------------- */

static void
is_aborted(struct sluice_rendezvous *r, const char *error)
{
    struct sluice_bytes *response = NULL;
    enum sluice_err err =
        sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response);

    assert_true(err == SLUICE_EABORTED || err == SLUICE_ECANCELLED);
    assert_null(response);
    assert_string_equal(sluice_abortion_error_name(
                            sluice_rendezvous_abortion(r)->kind),
        error);
}

static void
ends_in(struct suite *s, const char *method, const char *error)
{
    struct sluice_rendezvous *r = ask(s, method, NEVER);

    is_aborted(r, error);
    sluice_rendezvous_unref(&r);
}

static void
a_cancelled_rpc_is_a_cancellation_error(struct suite *s)
{
    struct sluice_rendezvous *r;

    pause_service(s);
    r = ask(s, "GetLastTradePrice", NEVER);
    await_waiting(s);
    (void)sluice_rendezvous_cancel(r);
    is_aborted(r, "CancellationError");
    resume_service(s);
    sluice_rendezvous_unref(&r);
    ends_in(s, "BackOut", "CancellationError");
}

static void
an_expired_rpc_is_an_expiration_error(struct suite *s)
{
    struct sluice_rendezvous *r;

    pause_service(s);
    r = ask(s, "GetLastTradePrice", SOON);
    is_aborted(r, "ExpirationError");
    resume_service(s);
    sluice_rendezvous_unref(&r);
}

static void
a_stop_here_is_a_local_shutdown_error(struct suite *s)
{
    struct sluice_rendezvous *r;

    pause_service(s);
    r = ask(s, "GetLastTradePrice", NEVER);
    await_waiting(s);
    stop_end(s->caller, 0);
    is_aborted(r, "LocalShutdownError");
    resume_service(s);
    sluice_rendezvous_unref(&r);
}

static void
a_stop_there_is_a_remote_shutdown_error(struct suite *s)
{
    struct sluice_rendezvous *r;

    pause_service(s);
    r = ask(s, "GetLastTradePrice", NEVER);
    await_waiting(s);
    stop_end(s->service, 0);
    is_aborted(r, "RemoteShutdownError");
    resume_service(s);
    sluice_rendezvous_unref(&r);
    ends_in(s, "GetLastTradePrice", "RemoteShutdownError");
}

static void
a_missing_method_is_a_local_error_with_its_code(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, "GetNothing", NEVER);
    const struct sluice_abortion *abortion;

    is_aborted(r, "LocalError");
    abortion = sluice_rendezvous_abortion(r);
    assert_true(abortion->has_code);
    assert_int_equal(abortion->code, SLUICE_CODE_UNIMPLEMENTED);
    sluice_rendezvous_unref(&r);
}

static void
a_defect_there_is_a_remote_error(struct suite *s)
{
    ends_in(s, "Abandon", "RemoteError");
    fail_service(s);
    ends_in(s, "GetLastTradePrice", "RemoteError");
}

static void
a_code_of_failure_is_a_remote_error_with_it(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, "NotFound", NEVER);
    const struct sluice_abortion *abortion;
    struct sluice_str details;
    bool has_code = false;
    int32_t code = -1;

    is_aborted(r, "RemoteError");
    abortion = sluice_rendezvous_abortion(r);
    assert_int_equal(abortion->code, SLUICE_CODE_NOT_FOUND);
    assert_true(
        sluice_str_equal(abortion->details, sluice_str("no such symbol")));
    assert_int_equal(sluice_rendezvous_code(r, &has_code, &code), SLUICE_OK);
    assert_true(has_code && code == SLUICE_CODE_NOT_FOUND);
    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("no such symbol")));
    sluice_rendezvous_unref(&r);
}

/* ---- Futures ------------------------------------------------------------- */

static void
a_result_may_be_waited_for_a_while(struct suite *s)
{
    struct sluice_bytes *response = NULL;
    struct sluice_rendezvous *r;

    pause_service(s);
    r = ask(s, "GetLastTradePrice", NEVER);
    assert_int_equal(sluice_rendezvous_result(r, 0, &response),
        SLUICE_ETIMEDOUT);
    assert_int_equal(sluice_rendezvous_result(r, A_MOMENT, &response),
        SLUICE_ETIMEDOUT);
    assert_null(response);
    assert_true(sluice_rendezvous_running(r));
    assert_false(sluice_rendezvous_done(r));
    resume_service(s);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    assert_trade(response, 1, 0);
    assert_false(sluice_rendezvous_running(r));
    assert_true(sluice_rendezvous_done(r));
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
}

struct record {
    struct sluice_done_callback cb;
    uv_thread_t thread;
    unsigned n_calls;
};

static void
on_done(struct sluice_done_callback *self, struct sluice_rendezvous *r)
{
    struct record *rec = RPC_CONTAINER_OF(self, struct record, cb);

    (void)r;
    rec->n_calls++;
    rec->thread = uv_thread_self();
}

static void
a_callback_that_comes_late_runs_at_once_and_here(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, "GetLastTradePrice", NEVER);
    struct record rec = { .cb = { .run = on_done } };
    uv_thread_t here = uv_thread_self();
    struct sluice_bytes *response;

    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    sluice_bytes_unref(&response);
    sluice_rendezvous_add_done_callback(r, &rec.cb);
    assert_int_equal(rec.n_calls, 1);
    assert_true(uv_thread_equal(&rec.thread, &here));
    sluice_rendezvous_unref(&r);
}

static void
what_the_service_cancels_was_not_cancelled_here(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, "BackOut", NEVER);
    struct sluice_bytes *response;

    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_ECANCELLED);
    assert_false(sluice_rendezvous_cancelled(r));
    sluice_rendezvous_unref(&r);
}

static void
cancelling_a_completed_rpc_changes_nothing(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, "GetLastTradePrice", NEVER);
    struct sluice_bytes *response = NULL;
    unsigned i;

    for (i = 0; i < 2; i++) {
        assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT,
                             &response),
            SLUICE_OK);
        assert_trade(response, 1, 0);
        sluice_bytes_unref(&response);
        assert_false(sluice_rendezvous_cancel(r));
        assert_false(sluice_rendezvous_cancelled(r));
    }
    sluice_rendezvous_unref(&r);
}

/* ---- Services that do not do their duty ---------------------------------- */

/* A stub calls a unary method as if it took a stream. */
static struct sluice_rendezvous *
ask_with_stream(struct suite *s, unsigned n)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct sluice_rendezvous *r = NULL;
    unsigned i;

    assert_int_equal(sluice_stub_future_stream_unary(s->stub,
                         sluice_str("Stock"), sluice_str("GetLastTradePrice"),
                         NULL, &options, &r),
        SLUICE_OK);
    for (i = 0; i < n; i++)
        assert_int_equal(sluice_rendezvous_consume(r, trade_request(i)),
            SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    return r;
}

static void
a_missing_request_is_a_remote_error(struct suite *s)
{
    struct sluice_rendezvous *r = ask_with_stream(s, 0);

    is_aborted(r, "RemoteError");
    sluice_rendezvous_unref(&r);
}

static void
of_two_requests_the_first_is_served(struct suite *s)
{
    struct sluice_rendezvous *r = ask_with_stream(s, 2);
    struct sluice_bytes *response = NULL;

    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    assert_trade(response, 0, 0);
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
}

/* A stub expects a stream of a method with one response, and the reverse. */
static void
one_response_is_a_stream_of_one(struct suite *s)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response = NULL;

    assert_int_equal(sluice_stub_inline_unary_stream(s->stub,
                         sluice_str("Stock"), sluice_str("GetLastTradePrice"),
                         trade_request(5), &options, &r),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_OK);
    assert_trade(response, 5, 0);
    sluice_bytes_unref(&response);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_EEND);
    sluice_rendezvous_unref(&r);
}

static void
a_stream_where_one_response_is_due_is_a_local_error(struct suite *s)
{
    ends_in(s, "WatchFutureTrades", "LocalError");
}

/* A method that leaves none, without a code of failure, has a defect. */
static void
a_missing_response_is_a_remote_error(struct suite *s)
{
    ends_in(s, "SayNothing", "RemoteError");
}

/* Over gRPC the first answer may have left by then. */
static void
a_second_answer_is_a_defect(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, "Twice", NEVER);
    struct sluice_bytes *response = NULL;
    enum sluice_err err =
        sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response);

    if (is_grpc(s->over) && err == SLUICE_OK)
        sluice_bytes_unref(&response);
    else
        is_aborted(r, "RemoteError");
    sluice_rendezvous_unref(&r);
}

/* The defect overtakes what has not been drawn. */
static void
a_stream_that_breaks_off_is_a_remote_error(struct suite *s)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response;
    enum sluice_err err;
    unsigned n = 0;

    assert_int_equal(sluice_stub_inline_unary_stream(s->stub,
                         sluice_str("Stock"), sluice_str("BeginWell"),
                         trade_request(1), &options, &r),
        SLUICE_OK);
    while ((err = sluice_rendezvous_next(r, &response)) == SLUICE_OK) {
        assert_int_equal(sluice_bytes_size(response), 19);
        n++;
        sluice_bytes_unref(&response);
    }
    assert_int_equal(err, SLUICE_EABORTED);
    assert_true(n <= 3);
    assert_int_equal(sluice_rendezvous_abortion(r)->kind,
        SLUICE_ABORTION_REMOTE_FAILURE);
    sluice_rendezvous_unref(&r);
}

static const struct suite_case cases[] = {
    { "a cancelled RPC is a CancellationError",
        a_cancelled_rpc_is_a_cancellation_error },
    { "an expired RPC is an ExpirationError",
        an_expired_rpc_is_an_expiration_error },
    { "a stop here is a LocalShutdownError",
        a_stop_here_is_a_local_shutdown_error },
    { "a stop there is a RemoteShutdownError",
        a_stop_there_is_a_remote_shutdown_error },
    { "a missing method is a LocalError with its code",
        a_missing_method_is_a_local_error_with_its_code },
    { "a defect there is a RemoteError", a_defect_there_is_a_remote_error },
    { "a code of failure is a RemoteError with it",
        a_code_of_failure_is_a_remote_error_with_it },
    { "a result may be waited for a while",
        a_result_may_be_waited_for_a_while },
    { "a callback that comes late runs at once and here",
        a_callback_that_comes_late_runs_at_once_and_here },
    { "what the service cancels was not cancelled here",
        what_the_service_cancels_was_not_cancelled_here },
    { "cancelling a completed RPC changes nothing",
        cancelling_a_completed_rpc_changes_nothing },
    { "a missing request is a RemoteError",
        a_missing_request_is_a_remote_error },
    { "of two requests the first is served",
        of_two_requests_the_first_is_served },
    { "one response is a stream of one", one_response_is_a_stream_of_one },
    { "a stream where one response is due is a LocalError",
        a_stream_where_one_response_is_due_is_a_local_error },
    { "a missing response is a RemoteError",
        a_missing_response_is_a_remote_error },
    { "a second answer is a defect", a_second_answer_is_a_defect },
    { "a stream that breaks off is a RemoteError",
        a_stream_that_breaks_off_is_a_remote_error },
};

int
main(void)
{
    return run_cases("fates", INLINE_SERVICE, add_fates, cases,
        sizeof(cases) / sizeof(cases[0]));
}
