/* SPDX-License-Identifier: Apache-2.0 */
/* Connect without a client: a request in a query, and how failures look.
 * sluice_bytes_new() is wrapped, and fails when told to. */
#include "tests/gateway/fixture.h"

#include <sluice/status.h>

#include "gateway/connect.h"
#include "gateway/reply.h"

#define RETRY \
    "\x1a\x30\n\x28type.googleapis.com/google.rpc.RetryInfo\x12\4\n\2\x08\x1e"

static long blocks_left = -1; /* -1: no end */

struct sluice_bytes *__real_sluice_bytes_new(struct sluice_pool *pool,
    size_t size);
struct sluice_bytes *__wrap_sluice_bytes_new(struct sluice_pool *pool,
    size_t size);

struct sluice_bytes *
__wrap_sluice_bytes_new(struct sluice_pool *pool, size_t size)
{
    if (blocks_left == 0)
        return NULL;
    if (blocks_left > 0)
        blocks_left--;
    return __real_sluice_bytes_new(pool, size);
}

/* ------------------------------------------------------------------ queries */

static struct gw_exchange *
ask(struct fixture *f, const char *query)
{
    struct gw_exchange *x;

    sluice_bytes_unref(&f->x->payload);
    fixture_renew(f);
    x = f->x;
    x->request.verb = "GET";
    x->request.verb_len = 3;
    x->request.query = query;
    x->request.query_len = strlen(query);
    x->front = &gw_front_connect;
    x->form = x->front->form;
    assert_true(gw_connect_is_get(&x->request));
    gw_connect_read_query(x);
    assert_true(x->reply.is_ready == (x->payload == NULL));
    return x;
}

static void
assert_payload(struct fixture *f, const char *query, const char *expected)
{
    struct gw_exchange *x = ask(f, query);

    if (x->payload == NULL)
        fail_msg("%s: refused", query);
    assert_int_equal(sluice_bytes_size(x->payload), strlen(expected));
    assert_memory_equal(sluice_bytes_data(x->payload), expected,
        strlen(expected));
    sluice_bytes_unref(&x->payload);
}

static void
assert_refused(struct fixture *f, const char *query, unsigned http, int code)
{
    struct gw_exchange *x = ask(f, query);

    if (x->payload != NULL)
        fail_msg("%s: taken", query);
    assert_int_equal(x->reply.status, http);
    assert_int_equal(x->reply.code, code);
}

static void
a_query_is_of_Connect_by_its_parameters(void **state)
{
    static const char *const yes[] = { "connect=v1", "connect=", "a&connect=2",
        "encoding=x&message=", "message=&a=b&encoding=" };
    static const char *const no[] = { "connect", "connection=v1", "encoding=a",
        "message=a", "x=connect=v1", "" };
    struct gw_request r = { .verb = "GET", .verb_len = 3 };

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        r.query = yes[i];
        r.query_len = strlen(yes[i]);
        assert_true(gw_connect_is_get(&r));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        r.query = no[i];
        r.query_len = strlen(no[i]);
        assert_false(gw_connect_is_get(&r));
    }
    r = (struct gw_request){ .verb = "PUT",
        .verb_len = 3,
        .query = "connect=v1",
        .query_len = 10 };
    assert_false(gw_connect_is_get(&r));
}

static void
a_message_is_percent_encoded_or_base64(void **state)
{
    struct fixture *f = *state;

    assert_payload(f, "connect=v1&encoding=proto&message=%0A%03a+b", "\n\3a b");
    assert_payload(f, "connect=v1&encoding=proto&base64=1&message=CgN-fn4",
        "\n\3~~~");
    assert_payload(f, "message=CgN-fn4%3D&base64=1&encoding=proto", "\n\3~~~");
    assert_payload(f,
        "connect=v1&encoding=proto&base64=1&message=CgN+fn4=", "\n\3~~~");
    assert_payload(f,
        "connect=v1&encoding=json&message=%7B%22name%22:%22a"
        "%22%7D",
        "\n\1a");
    assert_payload(f, "connect=v1&encoding=proto&base64=0&message=CgN", "CgN");
    assert_payload(f, "connect=v1&encoding=proto&message=", "");
    assert_payload(f,
        "connect=v1&encoding=proto&compression=gzip&message=", "");
}

static void
of_repeated_parameters_the_first_counts(void **state)
{
    assert_payload(*state,
        "connect=v1&encoding=proto&encoding=xml&message=a"
        "&message=b&connect=v2",
        "a");
}

static void
what_is_wrong_with_a_query_is_said(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, "connect=v2&encoding=proto&message=", 400, 3);
    assert_refused(f, "connect=v1&message=", 400, 3);
    assert_refused(f, "connect=v1&encoding=proto", 400, 3);
    assert_refused(f, "connect=v1&encoding=proto&message", 400, 3);
    assert_refused(f, "connect=v1&encoding=xml&message=", 415, 3);
    assert_refused(f, "connect=v1&encoding=proto&message=%4", 400, 3);
    assert_refused(f, "connect=v1&encoding=json&message=", 400, 3);
    assert_refused(f, "connect=v1&encoding=proto&base64=1&message=A", 400, 3);
    assert_refused(f, "connect=v1&encoding=proto&base64=1&message=A%00AA", 400,
        3);
    assert_refused(f, "connect=v1&encoding=proto&compression=br&message=a", 501,
        12);
    assert_true(f->x->reply.lists_codings);
    assert_refused(f, "connect=v1&encoding=proto&compression=gzip&message=a",
        400, 3);
}

static void
memory_that_is_short_is_an_internal_error(void **state)
{
    static const char *const queries[] = {
        "connect=v1&encoding=proto&message=a",
        "connect=v1&encoding=proto&base64=1&message=YQ",
        "connect=v1&encoding=json&message=%7B%22name%22:%22a%22%7D",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct gw_exchange *x;

        for (long n = 0;; n++) {
            blocks_left = n;
            x = ask(f, queries[i]);
            blocks_left = -1;
            if (x->payload != NULL)
                break;
            assert_int_equal(x->reply.code, SLUICE_CODE_INTERNAL);
            assert_int_equal(x->reply.status, 500);
        }
        sluice_bytes_unref(&x->payload);
    }
}

/* ----------------------------------------------------------------- failures */

static void
assert_error(struct fixture *f, const struct gw_status *status,
    const char *expected)
{
    struct gw_buffer b;

    gw_buffer_init(&b, f->worker->pool, GW_ERROR_MAX_BYTES);
    assert_int_equal(gw_connect_put_error(f->x, status, &b.pb), PB_OK);
    assert_int_equal(pb_buf_put(&b.pb, "", 1), PB_OK);
    assert_string_equal((const char *)b.pb.data, expected);
    gw_buffer_fini(&b);
}

static void
a_code_has_its_name(void **state)
{
    static const char *const names[] = { "canceled", "unknown",
        "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
        "permission_denied", "resource_exhausted", "failed_precondition",
        "aborted", "out_of_range", "unimplemented", "internal", "unavailable",
        "data_loss", "unauthenticated" };
    char expected[100];

    for (int code = -1; code <= 18; code++) {
        const struct gw_status status = { .code = code,
            .message = sluice_str("n\"o") };

        snprintf(expected, sizeof expected,
            "{\"code\":\"%s\",\"message\":\"n\\\"o\"}",
            code >= 1 && code <= 16 ? names[code - 1] : "unknown");
        assert_error(*state, &status, expected);
    }
}

static void
details_have_their_bytes_and_if_known_their_JSON(void **state)
{
    static const char details[] = RETRY "\x1a\x0c\n\6acme/B\x12\2\xff\xfe"
                                        "\x1a\6\n\4bare";
    const struct gw_status status = {
        .code = 14,
        .message = sluice_str("no"),
        .details = sluice_str_n(details, sizeof details - 1),
    };

    assert_error(*state, &status,
        "{\"code\":\"unavailable\",\"message\":\"no\",\"details\":["
        "{\"type\":\"google.rpc.RetryInfo\",\"value\":\"CgIIHg\","
        "\"debug\":{\"retryDelay\":\"30s\"}},"
        "{\"type\":\"B\",\"value\":\"//4\"},{\"type\":\"bare\",\"value\":\"\"}]}");
}

static void
a_detail_that_its_type_cannot_read_has_no_JSON(void **state)
{
    static const char details[] =
        "\x1a\x2d\n\x28type.googleapis.com/google.rpc.RetryInfo\x12\1\n";
    const struct gw_status status = { .code = 5,
        .message = sluice_str(""),
        .details = sluice_str_n(details, sizeof details - 1) };

    assert_error(*state, &status,
        "{\"code\":\"not_found\",\"message\":\"\",\"details\":["
        "{\"type\":\"google.rpc.RetryInfo\",\"value\":\"Cg\"}]}");
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_of_Connect_by_its_parameters),
        TEST(a_message_is_percent_encoded_or_base64),
        TEST(of_repeated_parameters_the_first_counts),
        TEST(what_is_wrong_with_a_query_is_said),
        TEST(memory_that_is_short_is_an_internal_error),
        TEST(a_code_has_its_name),
        TEST(details_have_their_bytes_and_if_known_their_JSON),
        TEST(a_detail_that_its_type_cannot_read_has_no_JSON),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
