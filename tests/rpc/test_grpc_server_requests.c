/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_requests.c - what a gRPC server makes of requests,
 * frame by frame, and what it answers.
 */
#include "tests/rpc/bad_client.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---------------------------------------------------------- well-formed */

static void
a_unary_call_is_three_frames(void **state)
{
    struct bad_scene *s = *state;

    bad_client_works(&s->c, 1);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 1);
    assert_false(bad_client_is_ready(&s->c));
}

static void
a_failure_before_the_first_message_is_one_block(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "fail", NULL, false);
    bad_client_message(&s->c, 1, "5 not here", true);
    bad_client_await_end(&s->c, 1, "grpc-status: 5", ":status: 200");
    assert_true(bad_client_has(&s->c, "grpc-message: not here"));
    assert_true(bad_client_has(&s->c, "content-type: application/grpc"));
    assert_true(bad_client_has(&s->c, "x-why: asked"));
    assert_true(bad_client_has(&s->c, "grpc-status-details-bin: CAUA/w"));
}

static void
headers_wait_for_the_first_message(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "chat", NULL, false);
    serving_until_called(&s->s, 1);
    serving_idle(&s->s);
    bad_client_message(&s->c, 1, "a", false);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "a");
    bad_client_data(&s->c, 1, NULL, 0, true);
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

static void
initial_metadata_does_not_wait(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "greet", "| x-a=1", false);
    bad_client_await_head(&s->c, 1);
    assert_true(bad_client_has(&s->c, "x-a: 1"));
    bad_client_data(&s->c, 1, NULL, 0, true);
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

static void
a_request_may_end_with_its_headers(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "total", NULL, true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "0 0");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

static void
a_request_may_end_with_trailers(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "total", NULL, false);
    bad_client_message(&s->c, 1, "abc", false);
    bad_client_headers(&s->c, 1, "| x-trailer=1", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "1 3");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);

    bad_client_call(&s->c, 3, "names", "| x-a=1", false);
    bad_client_message(&s->c, 3, "", false);
    bad_client_headers(&s->c, 3, "| x-trailer=1", true);
    bad_client_await_head(&s->c, 3);
    bad_client_await_message(&s->c, 3, "x-a=1\n");
}

static void
frames_and_messages_need_not_match(void **state)
{
    static const char wire[] = "\0\0\0\0\1a\0\0\0\0\0\0\0\0\0\3bcd";
    struct bad_scene *s = *state;
    size_t i;

    bad_client_call(&s->c, 1, "total", NULL, false);
    bad_client_data(&s->c, 1, wire, sizeof(wire) - 1, true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "3 4");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);

    bad_client_call(&s->c, 3, "total", NULL, false);
    for (i = 0; i < sizeof(wire) - 1; i++) {
        bad_client_data(&s->c, 3, wire + i, 1, false);
        (void)uv_run(s->s.uv, UV_RUN_NOWAIT);
    }
    bad_client_data(&s->c, 3, NULL, 0, true);
    bad_client_await_head(&s->c, 3);
    bad_client_await_message(&s->c, 3, "3 4");
    bad_client_await_end(&s->c, 3, "grpc-status: 0", NULL);
}

static void
padding_is_no_content(void **state)
{
    static const char padded[] = "\4\0\0\0\0\2hi\0\0\0\0";
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "echo", NULL, false);
    bad_client_frame(&s->c, BAD_DATA, 8 | BAD_END_STREAM, 1, padded,
        sizeof(padded) - 1);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "hi");
}

static void
te_may_be_missing_and_the_type_may_say_more(void **state)
{
    struct bad_scene *s = *state;

    bad_client_headers(&s->c, 1,
        "| :method=POST | :scheme=http | :path=/test.Server/echo | "
        "host=there | content-type=application/grpc+proto;charset=utf-8",
        false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "x");
}

/* ------------------------------------------------------------- refusals */

static void
refused(struct bad_scene *s, uint32_t stream, const char *fields,
    const char *http_status, const char *grpc_status)
{
    bad_client_headers(&s->c, stream, fields, false);
    bad_client_await_end(&s->c, stream, http_status, grpc_status);
    bad_client_await_rst(&s->c, stream, NGHTTP2_NO_ERROR);
    assert_int_equal(s->s.calls, 0);
}

#define HEAD "| :scheme=http | :authority=there | te=trailers "
#define TYPE "| content-type=application/grpc "

static void
only_post_will_do(void **state)
{
    struct bad_scene *s = *state;

    refused(s, 1, "| :method=GET | :path=/test.Server/echo" HEAD TYPE,
        ":status: 405", "grpc-status: 13");
    assert_true(bad_client_has(&s->c, "allow: POST"));
}

static void
only_the_type_of_grpc_will_do(void **state)
{
    struct bad_scene *s = *state;

    refused(s, 1,
        "| :method=POST | :path=/test.Server/echo" HEAD
        "| content-type=application/grpc-web",
        ":status: 415", "grpc-status: 3");
    refused(s, 3, "| :method=POST | :path=/test.Server/echo" HEAD,
        ":status: 415", "grpc-status: 3");
}

static void
a_path_names_group_and_method(void **state)
{
    static const char *const paths[] = { "/", "/echo", "/test.Server/",
        "//echo", "*" };
    struct bad_scene *s = *state;
    char fields[256];
    uint32_t i;

    for (i = 0; i < 4; i++) {
        (void)snprintf(fields, sizeof(fields),
            "| :method=POST | :path=%s" HEAD TYPE, paths[i]);
        refused(s, 1 + 2 * i, fields, ":status: 200", "grpc-status: 12");
    }
}

static void
groups_may_have_slashes(void **state)
{
    struct bad_scene *s = *state;

    bad_client_headers(&s->c, 1, "| :method=POST | :path=/a/b/c" HEAD TYPE,
        true);
    bad_client_await_end(&s->c, 1, ":status: 200", "grpc-status: 12");
    assert_int_equal(serving_ended(&s->s, SLUICE_REMOTE_FAILURE), 1);
}

static void
a_malformed_timeout_is_refused(void **state)
{
    static const char *const bad[] = { "S", "-1S", "1.5S", "123456789m", "10s",
        "10 S" };
    struct bad_scene *s = *state;
    char fields[256];
    uint32_t i;

    for (i = 0; i < 6; i++) {
        (void)snprintf(fields, sizeof(fields),
            "| :method=POST | :path=/test.Server/echo" HEAD TYPE
            "| grpc-timeout=%s",
            bad[i]);
        refused(s, 1 + 2 * i, fields, ":status: 200", "grpc-status: 13");
    }
}

static void
no_time_is_too_little(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "hold", "| grpc-timeout=0n", false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_await_end(&s->c, 1, "grpc-status: 4", NULL);
}

static void
binary_metadata_must_be_base64(void **state)
{
    struct bad_scene *s = *state;

    refused(s, 1,
        "| :method=POST | :path=/test.Server/echo" HEAD TYPE "| x-bin=!!!",
        ":status: 200", "grpc-status: 13");
    bad_client_works(&s->c, 3);
}

static void
an_unknown_coding_is_refused_with_the_known_ones(void **state)
{
    struct bad_scene *s = *state;

    refused(s, 1,
        "| :method=POST | :path=/test.Server/echo" HEAD TYPE
        "| grpc-encoding=snappy",
        ":status: 200", "grpc-status: 12");
    assert_true(
        bad_client_has(&s->c, "grpc-accept-encoding: identity,deflate,gzip"));
}

static void
what_belongs_to_a_connection_resets_the_stream(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "echo", "| connection=close", false);
    bad_client_await_rst(&s->c, 1, NGHTTP2_PROTOCOL_ERROR);
    bad_client_call(&s->c, 3, "echo", "| transfer-encoding=chunked", false);
    bad_client_await_rst(&s->c, 3, NGHTTP2_PROTOCOL_ERROR);
    bad_client_call(&s->c, 5, "echo", "| te=gzip", false);
    bad_client_await_rst(&s->c, 5, NGHTTP2_PROTOCOL_ERROR);
    bad_client_call(&s->c, 7, "echo", "| Upper=case", false);
    bad_client_await_rst(&s->c, 7, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(s->s.calls, 0);
    bad_client_works(&s->c, 9);
}

static void
too_much_metadata_ends_its_call_alone(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "echo", "| x-a*17000=a", false);
    bad_client_await_end(&s->c, 1, "grpc-status: 8", NULL);
    bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    assert_int_equal(s->s.calls, 0);
    bad_client_call(&s->c, 3, "echo", "| x-a*15000=a", false);
    bad_client_message(&s->c, 3, "x", true);
    bad_client_await_head(&s->c, 3);
}

/* Each comma would cost a copy of the name: 9 MB for 6 kB. */
static void
merged_binary_values_count_as_many(void **state)
{
    struct bad_scene *s = *state;
    char more[8192] = "| ";
    size_t at = 2;

    memset(more + at, 'n', 3000);
    at += 3000;
    memcpy(more + at, "-bin*3000=,", sizeof("-bin*3000=,"));
    bad_client_call(&s->c, 1, "echo", more, false);
    bad_client_await_end(&s->c, 1, "grpc-status: 8", NULL);
    bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    bad_client_call(&s->c, 3, "echo", "| x-bin*300=,", false);
    bad_client_message(&s->c, 3, "x", true);
    bad_client_await_head(&s->c, 3);
}

/* ------------------------------------------------------------- messages */

/* The data of a stream call that has had one good message. */
static void
broken_by(struct bad_scene *s, const char *more, const void *data, size_t len,
    bool is_last, const char *status)
{
    bad_client_call(&s->c, 1, "total", more, false);
    bad_client_message(&s->c, 1, "good", false);
    serving_until_called(&s->s, 1);
    bad_client_data(&s->c, 1, data, len, is_last);
    bad_client_await_end(&s->c, 1, status, NULL);
    if (!is_last)
        bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_RECEPTION_FAILURE), 1);
    bad_client_works(&s->c, 3);
}

static void
an_unknown_flag_ends_the_call(void **state)
{
    broken_by(*state, NULL, "\7\0\0\0\1x", 6, false, "grpc-status: 13");
}

static void
a_compressed_message_needs_a_coding(void **state)
{
    broken_by(*state, NULL, "\1\0\0\0\1x", 6, false, "grpc-status: 13");
}

static void
identity_is_no_coding(void **state)
{
    broken_by(*state, "| grpc-encoding=identity", "\1\0\0\0\1x", 6, false,
        "grpc-status: 13");
}

static void
a_damaged_message_ends_the_call(void **state)
{
    broken_by(*state, "| grpc-encoding=gzip", "\1\0\0\0\4xxxx", 9, false,
        "grpc-status: 13");
}

static void
a_request_must_not_end_in_a_message(void **state)
{
    broken_by(*state, NULL, "\0\0\0\0\4xxx", 8, true, "grpc-status: 13");
}

static void
a_request_must_not_end_in_a_prefix(void **state)
{
    broken_by(*state, NULL, "\0\0\0", 3, true, "grpc-status: 13");
}

static void
an_announced_length_costs_no_memory(void **state)
{
    broken_by(*state, NULL, "\0\x7f\xff\xff\xff", 5, false, "grpc-status: 8");
}

static void
a_length_that_nobody_sends_is_broken_framing(void **state)
{
    broken_by(*state, NULL, "\0\xff\xff\xff\xff", 5, false, "grpc-status: 13");
}

static void
a_bomb_is_defused(void **state)
{
    static uint8_t packed[5 + 65536];
    struct bad_scene *s = *state;
    uLongf len = sizeof(packed) - 5;
    size_t size = 16u << 20;
    uint8_t *zeros = calloc(1, size);
    size_t at;
    size_t n;

    assert_non_null(zeros);
    assert_int_equal(compress2(packed + 5, &len, zeros, size, 9), Z_OK);
    free(zeros);
    packed[0] = 1;
    (void)bad_store32(packed + 1, (uint32_t)len);
    bad_client_call(&s->c, 1, "echo", "| grpc-encoding=deflate", false);
    for (at = 0; at < 5 + len; at += n) {
        n = 5 + len - at < 16384 ? 5 + len - at : 16384;
        bad_client_data(&s->c, 1, packed + at, n, false);
    }
    bad_client_await_end(&s->c, 1, "grpc-status: 8", NULL);
    assert_int_equal(s->s.calls, 0);
}

static void
what_ends_in_its_first_message_never_was_a_call(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "echo", NULL, false);
    bad_client_data(&s->c, 1, "\0\0\0\0\4xxx", 8, true);
    bad_client_await_end(&s->c, 1, "grpc-status: 13", NULL);
    assert_int_equal(s->s.calls, 0);
    assert_int_equal(sluice_end_active(s->s.end), 0);
}

static void
answers_are_compressed_when_the_caller_takes_it(void **state)
{
    struct bad_scene *s = *state;
    char text[2001];

    memset(text, 'z', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    bad_client_call(&s->c, 1, "squeeze",
        "| grpc-accept-encoding=identity, gzip", false);
    bad_client_message(&s->c, 1, text, true);
    bad_client_await_head(&s->c, 1);
    assert_true(bad_client_has(&s->c, "grpc-encoding: gzip"));
    bad_client_await(&s->c, BAD_DATA, 1);
    assert_int_equal(s->c.wire.payload[0], 1);
    assert_true(s->c.frame.length < 200);

    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
    bad_client_call(&s->c, 3, "squeeze", "| grpc-accept-encoding=deflate",
        false);
    bad_client_message(&s->c, 3, text, true);
    bad_client_await_head(&s->c, 3);
    assert_false(bad_client_has(&s->c, "grpc-encoding: gzip"));
    bad_client_await_message(&s->c, 3, text);
    assert_int_equal(s->s.coding_err, SLUICE_ENOTFOUND);
}

int
main(void)
{
#define T(name) \
    cmocka_unit_test_setup_teardown(name, bad_scene_open, bad_scene_close)
    const struct CMUnitTest tests[] = {
        T(a_unary_call_is_three_frames),
        T(a_failure_before_the_first_message_is_one_block),
        T(headers_wait_for_the_first_message),
        T(initial_metadata_does_not_wait),
        T(a_request_may_end_with_its_headers),
        T(a_request_may_end_with_trailers),
        T(frames_and_messages_need_not_match),
        T(padding_is_no_content),
        T(te_may_be_missing_and_the_type_may_say_more),
        T(only_post_will_do),
        T(only_the_type_of_grpc_will_do),
        T(a_path_names_group_and_method),
        T(groups_may_have_slashes),
        T(a_malformed_timeout_is_refused),
        T(no_time_is_too_little),
        T(binary_metadata_must_be_base64),
        T(an_unknown_coding_is_refused_with_the_known_ones),
        T(what_belongs_to_a_connection_resets_the_stream),
        T(too_much_metadata_ends_its_call_alone),
        T(merged_binary_values_count_as_many),
        T(an_unknown_flag_ends_the_call),
        T(a_compressed_message_needs_a_coding),
        T(identity_is_no_coding),
        T(a_damaged_message_ends_the_call),
        T(a_request_must_not_end_in_a_message),
        T(a_request_must_not_end_in_a_prefix),
        T(an_announced_length_costs_no_memory),
        T(a_length_that_nobody_sends_is_broken_framing),
        T(a_bomb_is_defused),
        T(what_ends_in_its_first_message_never_was_a_call),
        T(answers_are_compressed_when_the_caller_takes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
