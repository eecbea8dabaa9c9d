/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered: how each end of an RPC becomes HTTP (docs/design.md,
 * section 6), row by row, and which answer stays. */
#include "tests/gateway/fixture.h"

#include <sluice/status.h>

#include "gateway/reply.h"

#define RETRY_INFO_URL "type.googleapis.com/google.rpc.RetryInfo"

/* A Status of code 14 or 8 with a RetryInfo of 1.5 s. */
#define STATUS_AND_RETRY(code)                    \
    "\x08" code "\x1a\x36\x0a\x28" RETRY_INFO_URL \
    "\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01"

static const char *
body_of(const struct gw_exchange *x)
{
    static const char none[] = "(none)";
    const struct sluice_bytes *b = x->reply.body;
    char *text;

    if (b == NULL)
        return none;
    text = gw_arena_copy((struct gw_arena *)&x->arena,
        (const char *)sluice_bytes_data(b), sluice_bytes_size(b));
    assert_non_null(text);
    return text;
}

/* An error without details. */
static void
assert_error(const struct gw_exchange *x, unsigned http, int code,
    const char *message)
{
    char expected[5000];

    snprintf(expected, sizeof expected,
        "{\"code\":%d,\"message\":\"%s\",\"details\":[]}", code, message);
    assert_true(x->reply.is_ready);
    assert_int_equal(x->reply.status, http);
    assert_int_equal(x->reply.code, code);
    assert_string_equal(x->reply.content_type, "application/json");
    assert_string_equal(body_of(x), expected);
}

/* ------------------------------------------------------------------ abortions */

struct row {
    struct sluice_abortion abortion;
    unsigned http;
    int code;
    unsigned retry_after;
    bool close;
    const char *outcome;
    const char *message;
};

/* clang-format off */
#define NO_CODE(k, o) { .kind = SLUICE_ABORTION_##k, .outcome = SLUICE_##o }
#define CODE(k, o, c, text) \
    { .kind = SLUICE_ABORTION_##k, .outcome = SLUICE_##o, .has_code = true, \
        .code = (c), .details = { text, sizeof text - 1 } }
/* clang-format on */

static void
check_rows(struct fixture *f, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows[i];

        fixture_renew(f);
        gw_reply_abortion(f->x, &row->abortion);
        print_message("row %zu: %s, code %d\n", i, row->outcome,
            row->abortion.has_code ? row->abortion.code : -1);
        assert_error(f->x, row->http, row->code, row->message);
        assert_int_equal(f->x->reply.retry_after, row->retry_after);
        assert_int_equal(f->x->reply.close, row->close);
        assert_string_equal(f->x->reply.outcome, row->outcome);
        assert_null(f->x->reply.allow);
    }
}

#define CHECK(f, rows) check_rows(f, rows, sizeof rows / sizeof *rows)

static void
a_cancelled_call_is_499(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(CANCELLED, CANCELLED), 499, 1, 0, false, "cancelled",
            "the call was cancelled" },
        { CODE(CANCELLED, CANCELLED, 1, "client quit"), 499, 1, 0, false,
            "cancelled", "client quit" },
    };

    CHECK(*state, rows);
}

static void
an_expired_call_is_504(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(EXPIRED, EXPIRED), 504, 4, 0, false, "expired",
            "the deadline was exceeded" },
        { CODE(EXPIRED, EXPIRED, 4, "too slow"), 504, 4, 0, false, "expired",
            "too slow" },
    };

    CHECK(*state, rows);
}

static void
our_shutdown_is_503_retry_elsewhere_and_close(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(LOCAL_SHUTDOWN, LOCAL_SHUTDOWN), 503, 14, 1, true,
            "local shutdown", "the gateway is shutting down" },
        { CODE(LOCAL_SHUTDOWN, LOCAL_SHUTDOWN, 14, "x"), 503, 14, 1, true,
            "local shutdown", "the gateway is shutting down" },
    };

    CHECK(*state, rows);
}

static void
their_shutdown_is_503_and_retry(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(REMOTE_SHUTDOWN, REMOTE_SHUTDOWN), 503, 14, 1, false,
            "remote shutdown", "the backend is shutting down" },
        { CODE(REMOTE_SHUTDOWN, REMOTE_SHUTDOWN, 14, "come back later"), 503,
            14, 1, false, "remote shutdown", "come back later" },
    };

    CHECK(*state, rows);
}

static void
a_backend_that_cannot_be_reached_is_503_and_retry(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(NETWORK_FAILURE, TRANSMISSION_FAILURE), 503, 14, 1, false,
            "network failure", "the backend cannot be reached" },
        { CODE(NETWORK_FAILURE, TRANSMISSION_FAILURE, 14,
              "10.0.0.1:50051: connection refused"),
            503, 14, 1, false, "network failure",
            "the backend cannot be reached" },
    };

    CHECK(*state, rows);
}

static void
a_connection_that_breaks_during_the_call_is_502(void **state)
{
    static const char broke[] =
        "the connection to the backend broke during the call";
    const struct row rows[] = {
        { NO_CODE(NETWORK_FAILURE, RECEPTION_FAILURE), 502, 14, 0, false,
            "network failure", broke },
        { CODE(NETWORK_FAILURE, RECEPTION_FAILURE, 14, "10.0.0.1: EOF"), 502,
            14, 0, false, "network failure", broke },
        { CODE(NETWORK_FAILURE, RECEPTION_FAILURE, 2, "reset"), 502, 14, 0,
            false, "network failure", broke },
    };

    CHECK(*state, rows);
}

static void
a_backend_that_breaks_off_its_answer_is_502_and_INTERNAL(void **state)
{
    static const struct row rows[] = {
        { CODE(NETWORK_FAILURE, RECEPTION_FAILURE, 13, "bad frame"), 502, 13, 0,
            false, "network failure", "the backend broke off its answer" },
    };

    CHECK(*state, rows);
}

static void
a_reset_that_has_a_meaning_has_its_status(void **state)
{
    static const struct row rows[] = {
        { CODE(NETWORK_FAILURE, RECEPTION_FAILURE, 8, "calm"), 429, 8, 0, false,
            "network failure", "the backend ended the call" },
        { CODE(NETWORK_FAILURE, RECEPTION_FAILURE, 7, "tls"), 403, 7, 0, false,
            "network failure", "the backend ended the call" },
    };

    CHECK(*state, rows);
}

static void
a_failure_of_ours_is_500_or_the_status_of_its_code(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(LOCAL_FAILURE, LOCAL_FAILURE), 500, 13, 0, false,
            "local failure", "internal gateway error" },
        { CODE(LOCAL_FAILURE, LOCAL_FAILURE, 12, "no such method"), 501, 12, 0,
            false, "local failure", "no such method" },
        { CODE(LOCAL_FAILURE, LOCAL_FAILURE, 13, "twice"), 500, 13, 0, false,
            "local failure", "twice" },
        { CODE(LOCAL_FAILURE, LOCAL_FAILURE, 3, "odd"), 400, 3, 0, false,
            "local failure", "odd" },
    };

    CHECK(*state, rows);
}

static void
an_answer_over_our_limit_is_500_not_the_clients_fault(void **state)
{
    static const struct row rows[] = {
        { CODE(LOCAL_FAILURE, LOCAL_FAILURE, 8, "5000000 bytes"), 500, 8, 0,
            false, "local failure", "the backend's answer is over the limit" },
    };

    CHECK(*state, rows);
}

static void
a_failure_of_theirs_has_the_status_of_its_code(void **state)
{
    static const unsigned http[] = { [1] = 499,
        [2] = 500,
        [3] = 400,
        [4] = 504,
        [5] = 404,
        [6] = 409,
        [7] = 403,
        [8] = 429,
        [9] = 400,
        [10] = 409,
        [11] = 400,
        [12] = 501,
        [13] = 500,
        [14] = 503,
        [15] = 500,
        [16] = 401 };
    struct fixture *f = *state;

    for (int code = 1; code <= 16; code++) {
        struct sluice_abortion a =
            CODE(REMOTE_FAILURE, REMOTE_FAILURE, code, "they said");

        fixture_renew(f);
        gw_reply_abortion(f->x, &a);
        assert_error(f->x, http[code], code, "they said");
        assert_int_equal(f->x->reply.retry_after, 0);
        assert_false(f->x->reply.close);
        assert_string_equal(f->x->reply.outcome, "remote failure");
    }
}

static void
a_failure_of_theirs_without_a_known_code_is_500_and_UNKNOWN(void **state)
{
    static const struct row rows[] = {
        { NO_CODE(REMOTE_FAILURE, REMOTE_FAILURE), 500, 2, 0, false,
            "remote failure", "backend error" },
        { CODE(REMOTE_FAILURE, REMOTE_FAILURE, 17, "x"), 500, 2, 0, false,
            "remote failure", "x" },
        { CODE(REMOTE_FAILURE, REMOTE_FAILURE, 42, "x"), 500, 2, 0, false,
            "remote failure", "x" },
        { CODE(REMOTE_FAILURE, REMOTE_FAILURE, -1, "x"), 500, 2, 0, false,
            "remote failure", "x" },
    };

    CHECK(*state, rows);
}

static void
a_failure_with_code_0_is_a_contradiction(void **state)
{
    static const char text[] = "internal gateway error";
    const struct row rows[] = {
        { CODE(CANCELLED, CANCELLED, 0, "x"), 500, 13, 0, false, "cancelled",
            text },
        { CODE(EXPIRED, EXPIRED, 0, "x"), 500, 13, 0, false, "expired", text },
        { CODE(NETWORK_FAILURE, RECEPTION_FAILURE, 0, "x"), 500, 13, 0, false,
            "network failure", text },
        { CODE(LOCAL_FAILURE, LOCAL_FAILURE, 0, "x"), 500, 13, 0, false,
            "local failure", text },
        { CODE(REMOTE_FAILURE, REMOTE_FAILURE, 0, "x"), 500, 13, 0, false,
            "remote failure", text },
    };

    CHECK(*state, rows);
}

/* --------------------------------------------------- what an upstream answers */

/* A completion with a code of failure. Takes terminal. */
static struct gw_exchange *
completes(struct fixture *f, int32_t code, const char *message,
    struct sluice_metadata *terminal)
{
    struct sluice_abortion abortion = {
        .kind = sluice_abortion_kind_of_code(code),
        .outcome = SLUICE_COMPLETED,
        .terminal_metadata = terminal,
        .has_code = true,
        .code = code,
        .details = sluice_str(message),
    };

    fixture_renew(f);
    gw_reply_abortion(f->x, &abortion);
    sluice_metadata_unref(&terminal);
    return f->x;
}

static void
a_completion_with_a_code_is_their_failure(void **state)
{
    assert_error(completes(*state, 5, "no such book", NULL), 404, 5,
        "no such book");
    assert_error(completes(*state, 42, "odd", NULL), 500, 2, "odd");
}

static void
a_completion_with_a_code_is_answered_with_what_it_says(void **state)
{
    static const unsigned http[] = { 200, 499, 500, 400, 504, 404, 409, 403,
        429, 400, 409, 400, 501, 500, 503, 500, 401 };

    for (int code = 1; code <= 16; code++)
        assert_error(completes(*state, code, "they said", NULL), http[code],
            code, "they said");
}

static void
an_absent_message_says_that_the_backend_failed(void **state)
{
    assert_error(completes(*state, 5, NULL, NULL), 404, 5, "backend error");
    assert_error(completes(*state, 14, NULL, NULL), 503, 14,
        "the backend is shutting down");
}

static void
a_very_long_message_is_cut(void **state)
{
    char message[10000];
    char expected[4200];

    memset(message, 'm', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    snprintf(expected, sizeof expected, "%.4096s", message);
    assert_error(completes(*state, 5, message, NULL), 404, 5, expected);
}

static void
a_message_is_never_cut_within_a_character(void **state)
{
    static const char *const ends[] = { "\xc3\xa9", "\xe2\x82\xac",
        "\xf0\x9f\x98\x81" };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char message[4200];
        size_t kept = 4096 - strlen(ends[i]) + 1;

        memset(message, 'm', kept);
        snprintf(message + kept, sizeof message - kept, "%s and more", ends[i]);
        completes(*state, 5, message, NULL);
        message[kept] = '\0';
        assert_error(((struct fixture *)*state)->x, 404, 5, message);
    }
}

static void
details_are_shown(void **state)
{
    struct gw_exchange *x = completes(*state, 14, "busy",
        metadata_of("grpc-status-details-bin", STATUS_AND_RETRY("\x0e"), NULL));

    assert_string_equal(body_of(x),
        "{\"code\":14,\"message\":\"busy\",\"details\":[{\"@type\":"
        "\"" RETRY_INFO_URL "\",\"retryDelay\":\"1.500s\"}]}");
}

static void
details_for_another_code_are_not_shown(void **state)
{
    struct gw_exchange *x = completes(*state, 5, "no",
        metadata_of("grpc-status-details-bin", STATUS_AND_RETRY("\x0e"), NULL));

    assert_error(x, 404, 5, "no");
}

static void
details_given_twice_are_not_shown(void **state)
{
    static const char bin[] = "grpc-status-details-bin";

    assert_error(completes(*state, 14, "busy",
                     metadata_of(bin, STATUS_AND_RETRY("\x0e"), bin,
                         STATUS_AND_RETRY("\x0e"), NULL)),
        503, 14, "busy");
}

static void
the_details_have_a_message_when_there_is_no_other(void **state)
{
    static const char bin[] = "grpc-status-details-bin";
    static const char status[] = "\x08\x05\x12\x03why";

    assert_error(completes(*state, 5, "", metadata_of(bin, status, NULL)), 404,
        5, "why");
    assert_error(completes(*state, 5, "no", metadata_of(bin, status, NULL)),
        404, 5, "no");
    assert_error(completes(*state, 9, "", metadata_of(bin, status, NULL)), 400,
        9, "");
}

static void
details_of_an_abortion_are_shown(void **state)
{
    struct fixture *f = *state;
    struct sluice_abortion a =
        CODE(REMOTE_FAILURE, REMOTE_FAILURE, 8, "slower");

    a.terminal_metadata =
        metadata_of("grpc-status-details-bin", STATUS_AND_RETRY("\x08"), NULL);
    gw_reply_abortion(f->x, &a);
    sluice_metadata_unref(&a.terminal_metadata);
    assert_int_equal(f->x->reply.status, 429);
    assert_int_equal(f->x->reply.retry_after, 2);
    assert_non_null(strstr(body_of(f->x), "RetryInfo"));
}

static void
retry_is_of(struct fixture *f, int32_t code, struct sluice_metadata *terminal,
    unsigned expected)
{
    assert_int_equal(completes(f, code, "", terminal)->reply.retry_after,
        expected);
}

static void
retry_after_is_their_RetryInfo_rounded_up(void **state)
{
    static const char bin[] = "grpc-status-details-bin";

    retry_is_of(*state, 14, metadata_of(bin, STATUS_AND_RETRY("\x0e"), NULL),
        2);
    retry_is_of(*state, 8, metadata_of(bin, STATUS_AND_RETRY("\x08"), NULL), 2);
    retry_is_of(*state, 4, metadata_of(bin, STATUS_AND_RETRY("\x04"), NULL), 2);
    retry_is_of(*state, 5, metadata_of(bin, STATUS_AND_RETRY("\x05"), NULL), 0);
}

static void
retry_after_is_else_their_pushback(void **state)
{
    static const struct {
        const char *ms;
        unsigned seconds;
    } pushbacks[] = {
        { "1", 1 },
        { "200", 1 },
        { "1000", 1 },
        { "1001", 2 },
        { "86400000", 86400 },
        { "86400001", 86400 },
        { "2147483647", 86400 },
        { "0", 0 },
        { "-1", 0 },
        { "", 0 },
        { "x", 0 },
        { "1x", 0 },
        { "1.5", 0 },
        { "99999999999999999999", 0 },
    };

    for (size_t i = 0; i < sizeof pushbacks / sizeof *pushbacks; i++)
        retry_is_of(*state, 14,
            metadata_of("grpc-retry-pushback-ms", pushbacks[i].ms, NULL),
            pushbacks[i].seconds);
    retry_is_of(*state, 8, metadata_of("grpc-retry-pushback-ms", "5000", NULL),
        5);
    retry_is_of(*state, 5, metadata_of("grpc-retry-pushback-ms", "5000", NULL),
        0);
}

static void
a_pushback_that_forbids_to_retry_is_heeded(void **state)
{
    struct fixture *f = *state;
    struct sluice_abortion a = CODE(REMOTE_SHUTDOWN, REMOTE_SHUTDOWN, 14, "no");

    a.terminal_metadata = metadata_of("grpc-retry-pushback-ms", "-1", NULL);
    gw_reply_abortion(f->x, &a);
    sluice_metadata_unref(&a.terminal_metadata);
    assert_error(f->x, 503, 14, "no");
    assert_int_equal(f->x->reply.retry_after, 0);
}

static void
RetryInfo_wins_over_pushback(void **state)
{
    retry_is_of(*state, 14,
        metadata_of("grpc-retry-pushback-ms", "9000", "grpc-status-details-bin",
            STATUS_AND_RETRY("\x0e"), NULL),
        2);
}

static void
a_pushback_that_forbids_to_retry_wins_over_RetryInfo(void **state)
{
    retry_is_of(*state, 14,
        metadata_of("grpc-retry-pushback-ms", "-1", "grpc-status-details-bin",
            STATUS_AND_RETRY("\x0e"), NULL),
        0);
}

static void
without_a_hint_there_is_no_retry_after(void **state)
{
    retry_is_of(*state, 14, NULL, 0);
    retry_is_of(*state, 8, NULL, 0);
}

/* ---------------------------------------------------------------- bad input */

static void
bad_input_names_the_field_and_the_place(void **state)
{
    struct fixture *f = *state;
    struct pb_error error = {
        .kind = PB_EVALUE,
        .offset = 17,
        .line = 2,
        .column = 5,
        .path = "book.year",
        .message = "expected an int32, found \"x\"",
    };

    gw_reply_bad_input(f->x, "body", &error);
    assert_int_equal(f->x->reply.status, 400);
    assert_int_equal(f->x->reply.code, 3);
    assert_string_equal(body_of(f->x),
        "{\"code\":3,\"message\":\"invalid body: book.year: expected an "
        "int32, found \\\"x\\\" (line 2, column 5, byte 17)\",\"details\":[{"
        "\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","
        "\"fieldViolations\":[{\"field\":\"book.year\",\"description\":"
        "\"expected an int32, found \\\"x\\\" (line 2, column 5, byte 17)\""
        "}]}]}");
}

static void
bad_input_outside_a_body_has_no_place(void **state)
{
    struct fixture *f = *state;
    struct pb_error error = { .kind = PB_EUNKNOWN,
        .path = "yaer",
        .message = "no such field" };

    gw_reply_bad_input(f->x, "path or query", &error);
    assert_int_equal(f->x->reply.status, 400);
    assert_non_null(strstr(body_of(f->x),
        "\"message\":\"invalid path or query: yaer: no such field\""));
    assert_non_null(strstr(body_of(f->x), "\"field\":\"yaer\""));
}

static void
the_longest_error_there_can_be_is_told(void **state)
{
    struct fixture *f = *state;
    struct pb_error error = { .kind = PB_ESYNTAX,
        .offset = SIZE_MAX,
        .line = UINT32_MAX,
        .column = UINT32_MAX };

    memset(error.path, 'p', sizeof error.path - 1);
    memset(error.message, 'm', sizeof error.message - 1);
    gw_reply_bad_input(f->x, "body", &error);
    assert_int_equal(f->x->reply.status, 400);
    assert_non_null(strstr(body_of(f->x),
        "(line 4294967295, column 4294967295, byte 18446744073709551615)\"}"));
}

static void
short_memory_is_not_the_clients_fault(void **state)
{
    struct fixture *f = *state;
    struct pb_error error = { .kind = PB_ENOMEM, .message = "x" };

    gw_reply_bad_input(f->x, "body", &error);
    assert_error(f->x, 500, 13, "memory is short");
}

/* ------------------------------------------------------ the first answer stays */

static void
a_second_error_changes_nothing(void **state)
{
    struct fixture *f = *state;

    gw_reply_error(f->x, 404, 5, "no route", "no %s", "route");
    gw_reply_error(f->x, 500, 13, "memory", "later");
    assert_error(f->x, 404, 5, "no route");
    assert_string_equal(f->x->reply.outcome, "no route");
}

static void
an_abortion_after_an_error_changes_nothing(void **state)
{
    static const struct sluice_abortion abortions[] = {
        NO_CODE(CANCELLED, CANCELLED),
        NO_CODE(LOCAL_SHUTDOWN, LOCAL_SHUTDOWN),
        NO_CODE(REMOTE_SHUTDOWN, REMOTE_SHUTDOWN),
        NO_CODE(NETWORK_FAILURE, TRANSMISSION_FAILURE),
        CODE(REMOTE_FAILURE, REMOTE_FAILURE, 14, "x"),
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof abortions / sizeof *abortions; i++) {
        fixture_renew(f);
        gw_reply_error(f->x, 400, 3, "body", "bad");
        gw_reply_abortion(f->x, &abortions[i]);
        assert_error(f->x, 400, 3, "bad");
        assert_int_equal(f->x->reply.retry_after, 0);
        assert_false(f->x->reply.close);
    }
}

/* ------------------------------------------------------------------- streams */

/* Takes what closes the stream. */
static const char *
late_error(struct gw_exchange *x, char *text, size_t room)
{
    struct sluice_bytes *last = x->reply.body;

    text[0] = '\0';
    if (last != NULL)
        snprintf(text, room, "%.*s", (int)sluice_bytes_size(last),
            (const char *)sluice_bytes_data(last));
    sluice_bytes_unref(&x->reply.body);
    return text;
}

static void
an_error_after_the_head_is_a_line_of_the_stream(void **state)
{
    struct fixture *f = *state;
    struct sluice_abortion a = NO_CODE(EXPIRED, EXPIRED);
    char text[1000];

    gw_reply_stream(f->x, "application/x-ndjson");
    gw_reply_abortion(f->x, &a);
    assert_int_equal(f->x->reply.status, 200);
    assert_int_equal(f->x->reply.code, 4);
    assert_string_equal(f->x->reply.content_type, "application/x-ndjson");
    assert_string_equal(late_error(f->x, text, sizeof text),
        "{\"@type\":\"type.googleapis.com/google.rpc.Status\",\"code\":4,"
        "\"message\":\"the deadline was exceeded\",\"details\":[]}\n");
}

static void
a_late_error_is_told_once(void **state)
{
    struct fixture *f = *state;
    char text[1000];

    gw_reply_stream(f->x, "application/x-ndjson");
    gw_reply_error(f->x, 500, 13, "transcoding", "bad");
    late_error(f->x, text, sizeof text);
    assert_string_equal(late_error(f->x, text, sizeof text), "");
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cancelled_call_is_499),
        TEST(an_expired_call_is_504),
        TEST(our_shutdown_is_503_retry_elsewhere_and_close),
        TEST(their_shutdown_is_503_and_retry),
        TEST(a_backend_that_cannot_be_reached_is_503_and_retry),
        TEST(a_connection_that_breaks_during_the_call_is_502),
        TEST(a_backend_that_breaks_off_its_answer_is_502_and_INTERNAL),
        TEST(a_reset_that_has_a_meaning_has_its_status),
        TEST(a_failure_of_ours_is_500_or_the_status_of_its_code),
        TEST(an_answer_over_our_limit_is_500_not_the_clients_fault),
        TEST(a_failure_of_theirs_has_the_status_of_its_code),
        TEST(a_failure_of_theirs_without_a_known_code_is_500_and_UNKNOWN),
        TEST(a_failure_with_code_0_is_a_contradiction),
        TEST(a_completion_with_a_code_is_their_failure),
        TEST(a_completion_with_a_code_is_answered_with_what_it_says),
        TEST(an_absent_message_says_that_the_backend_failed),
        TEST(a_very_long_message_is_cut),
        TEST(a_message_is_never_cut_within_a_character),
        TEST(details_are_shown),
        TEST(details_for_another_code_are_not_shown),
        TEST(details_given_twice_are_not_shown),
        TEST(the_details_have_a_message_when_there_is_no_other),
        TEST(details_of_an_abortion_are_shown),
        TEST(retry_after_is_their_RetryInfo_rounded_up),
        TEST(retry_after_is_else_their_pushback),
        TEST(a_pushback_that_forbids_to_retry_is_heeded),
        TEST(RetryInfo_wins_over_pushback),
        TEST(a_pushback_that_forbids_to_retry_wins_over_RetryInfo),
        TEST(without_a_hint_there_is_no_retry_after),
        TEST(bad_input_names_the_field_and_the_place),
        TEST(bad_input_outside_a_body_has_no_place),
        TEST(the_longest_error_there_can_be_is_told),
        TEST(short_memory_is_not_the_clients_fault),
        TEST(a_second_error_changes_nothing),
        TEST(an_abortion_after_an_error_changes_nothing),
        TEST(an_error_after_the_head_is_a_line_of_the_stream),
        TEST(a_late_error_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
