/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as a client sees them: status line, headers, body, trailers. */
#include "tests/gateway/fixture.h"

#include <sluice/status.h>

#include "gateway/reply.h"

static const struct sluice_abortion local_shutdown = {
    .kind = SLUICE_ABORTION_LOCAL_SHUTDOWN,
    .outcome = SLUICE_LOCAL_SHUTDOWN,
};
static const struct sluice_abortion remote_shutdown = {
    .kind = SLUICE_ABORTION_REMOTE_SHUTDOWN,
    .outcome = SLUICE_REMOTE_SHUTDOWN,
};
static const struct sluice_abortion unauthenticated = {
    .kind = SLUICE_ABORTION_REMOTE_FAILURE,
    .outcome = SLUICE_REMOTE_FAILURE,
    .has_code = true,
    .code = SLUICE_CODE_UNAUTHENTICATED,
};

static enum MHD_Result
queue(struct MHD_Connection *mhd, void *arg)
{
    struct gw_exchange *x = arg;

    x->mhd = mhd;
    return gw_reply_queue(x);
}

/* What the client sees of the answer that is ready. */
static const struct http_answer *
seen_by(struct fixture *f, const char *verb)
{
    char text[100];

    snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: h\r\n\r\n", verb);
    http_ask(text, queue, f->x, &f->answer);
    assert_true(f->answer.was_handled);
    return &f->answer;
}

static const struct http_answer *
seen(struct fixture *f)
{
    return seen_by(f, "GET");
}

static const char *
body_seen(const struct http_answer *a)
{
    const char *end = strstr(a->text, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void
assert_status(const struct http_answer *a, unsigned status)
{
    char line[32];

    snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
    if (strncmp(a->text, line, strlen(line)) != 0)
        fail_msg("not %u: %s", status, a->text);
}

static void
an_error_is_JSON_with_a_length(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_error(f->x, 404, 5, "no route", "nothing here");
    a = seen(f);
    assert_status(a, 404);
    assert_has(a, "Content-Type: application/json");
    assert_has(a, "Content-Length: 48");
    assert_string_equal(body_seen(a),
        "{\"code\":5,\"message\":\"nothing here\",\"details\":[]}");
    assert_has_no(a, "Connection");
    assert_has_no(a, "Retry-After");
    assert_has_no(a, "Allow");
    assert_has_no(a, "WWW-Authenticate");
    assert_int_equal(f->x->state, GW_X_REPLYING);
    assert_int_equal(f->x->bytes_out, 48);
}

static void
a_good_answer_is_its_body(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_ok(f->x, sluice_bytes_copy(f->worker->pool, "{\"a\":1}", 7));
    a = seen(f);
    assert_status(a, 200);
    assert_has(a, "Content-Type: application/json");
    assert_string_equal(body_seen(a), "{\"a\":1}");
    assert_int_equal(f->x->reply.code, 0);
    assert_string_equal(f->x->reply.outcome, "ok");
}

static void
HEAD_gets_the_length_and_no_body(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_ok(f->x, sluice_bytes_copy(f->worker->pool, "{\"a\":1}", 7));
    a = seen_by(f, "HEAD");
    assert_has(a, "Content-Length: 7");
    assert_string_equal(body_seen(a), "");
}

static void
our_shutdown_closes_the_connection(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_abortion(f->x, &local_shutdown);
    a = seen(f);
    assert_status(a, 503);
    assert_has(a, "Connection: close");
    assert_has(a, "Retry-After: 1");
}

static void
their_shutdown_keeps_the_connection(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_abortion(f->x, &remote_shutdown);
    a = seen(f);
    assert_status(a, 503);
    assert_has(a, "Retry-After: 1");
    assert_has_no(a, "Connection");
}

static void
a_draining_worker_closes_every_connection(void **state)
{
    struct fixture *f = *state;

    f->worker->is_draining = true;
    gw_reply_ok(f->x, sluice_bytes_copy(f->worker->pool, "{}", 2));
    assert_has(seen(f), "Connection: close");
    f->worker->is_draining = false;
}

static void
a_401_names_a_scheme(void **state)
{
    struct fixture *f = *state;

    gw_reply_abortion(f->x, &unauthenticated);
    assert_has(seen(f), "WWW-Authenticate: Bearer");
}

static void
a_426_offers_the_version_that_is_spoken(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_error(f->x, 426, SLUICE_CODE_INVALID_ARGUMENT, "websocket", "no");
    f->x->reply.offers_websocket = true;
    f->x->reply.close = true;
    a = seen(f);
    assert_has(a, "Upgrade: websocket");
    assert_has(a, "Sec-WebSocket-Version: 13");
    assert_has(a, "Connection: close, Upgrade");
}

static void
a_405_says_what_is_allowed(void **state)
{
    struct fixture *f = *state;

    gw_reply_error(f->x, 405, 12, "method", "no");
    f->x->reply.allow = "GET, HEAD";
    assert_has(seen(f), "Allow: GET, HEAD");
}

static void
metadata_comes_with_the_answer(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    f->x->initial_metadata = metadata_of("i", "1", NULL);
    f->x->terminal_metadata = metadata_of("t", "2", NULL);
    gw_reply_error(f->x, 404, 5, "remote failure", "no");
    a = seen(f);
    assert_has(a, "Grpc-Metadata-i: 1");
    assert_has(a, "Grpc-Trailer-t: 2");
}

static void
a_stream_is_chunked_and_ends(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_buffer_init(&f->x->out, f->worker->pool, 1000);
    assert_int_equal(pb_buf_put(&f->x->out.pb, "{}\n", 3), PB_OK);
    f->x->is_out_ended = true;
    gw_reply_stream(f->x, "application/x-ndjson");
    a = seen(f);
    assert_status(a, 200);
    assert_has(a, "Content-Type: application/x-ndjson");
    assert_has(a, "Transfer-Encoding: chunked");
    assert_has_no(a, "Content-Length");
    assert_string_equal(body_seen(a), "3\r\n{}\n\r\n0\r\n\r\n");
    assert_int_equal(f->x->bytes_out, 3);
}

static void
the_status_of_a_stream_is_in_its_trailers(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    f->x->request.wants_trailers = true;
    f->x->terminal_metadata = metadata_of("t", "2", NULL);
    f->x->is_out_ended = true;
    gw_reply_stream(f->x, "application/x-ndjson");
    a = seen(f);
    assert_has(a, "Trailer: grpc-status, grpc-message");
    assert_non_null(strstr(body_seen(a), "0\r\ngrpc-status: 0\r\n"));
    assert_has(a, "Grpc-Trailer-t: 2");
}

static void
a_stream_that_fails_before_its_head_is_still_no_retry(void **state)
{
    struct fixture *f = *state;
    const struct http_answer *a;

    gw_reply_stream(f->x, "application/x-ndjson");
    gw_reply_abortion(f->x, &remote_shutdown);
    f->x->is_out_ended = true;
    a = seen(f);
    assert_status(a, 200);
    assert_has_no(a, "Retry-After");
}

static void
a_client_that_is_gone_gets_nothing(void **state)
{
    struct fixture *f = *state;

    gw_reply_error(f->x, 404, 5, "no route", "no");
    f->x->is_client_gone = true;
    assert_int_equal(seen(f)->len, 0);
    assert_int_equal(f->x->state, GW_X_HEAD);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_error_is_JSON_with_a_length),
        TEST(a_good_answer_is_its_body),
        TEST(HEAD_gets_the_length_and_no_body),
        TEST(our_shutdown_closes_the_connection),
        TEST(their_shutdown_keeps_the_connection),
        TEST(a_draining_worker_closes_every_connection),
        TEST(a_401_names_a_scheme),
        TEST(a_426_offers_the_version_that_is_spoken),
        TEST(a_405_says_what_is_allowed),
        TEST(metadata_comes_with_the_answer),
        TEST(a_stream_is_chunked_and_ends),
        TEST(the_status_of_a_stream_is_in_its_trailers),
        TEST(a_stream_that_fails_before_its_head_is_still_no_retry),
        TEST(a_client_that_is_gone_gets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
