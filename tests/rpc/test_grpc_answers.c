/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_answers.c - what a backend may answer, and what it had
 * better not: statuses, framing and metadata, each with its outcome.
 */
#include "tests/rpc/grpc_scene.h"

#include <string.h>

/* ------------------------------------------------------------- good ones */

static void
a_correct_answer_completes(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    assert_int_equal(s->call.payloads, 1);
    assert_int_equal(s->call.completions, 1);
    assert_non_null(s->call.initial);
    scene_close(s);
}

static void
trailers_only_with_status_0_completes_without_a_message(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; headers end | :status=200 | content-type="
              "application/grpc | grpc-status=0; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 0);
    scene_close(s);
}

static void
informational_responses_are_skipped(void **state)
{
    scene_play(*state,
        HELLO "wait end; headers | :status=103 | link=a; "
              "headers | :status=100; ok; message pong; status 0; hold",
        SLUICE_COMPLETED, 0);
}

static void
a_reset_after_the_trailers_changes_nothing(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; ok; message pong; status 0; rst 0; " SERVE,
        SLUICE_COMPLETED, 0, 1);
}

static void
a_prefix_may_be_split_across_frames(void **state)
{
    scene_hear_pong(*state,
        HELLO "wait end; ok; data 00; data 0000; data 00 04 70; "
              "data; data 6f6e67; status 0; hold");
}

static void
padding_is_not_payload(void **state)
{
    scene_hear_pong(*state,
        HELLO "wait end; ok; "
              "frame 0 8 1 03 00 00000004 706f6e67 000000; status 0; hold");
}

static void
a_content_type_may_have_parameters(void **state)
{
    scene_play(*state,
        HELLO "wait end; headers | :status=200 | content-type="
              "application/grpc;charset=utf-8; message pong; status 0; hold",
        SLUICE_COMPLETED, 0);
}

/* --------------------------------------------------------------- statuses */

static void
a_status_of_the_peer_is_a_remote_failure(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO
        "wait end; headers end | :status=200 | content-type="
        "application/grpc | grpc-status=5 | grpc-message=no%20such %C3%A9 %zz"
        "%0d%0aSet-Cookie: x | grpc-status-details-bin=CAU | extra=1 | "
        "connection-id=7; " SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, SLUICE_CODE_NOT_FOUND);
    assert_string_equal(s->call.details,
        "no such \xc3\xa9 %zz\r\nSet-Cookie: x");
    assert_memory_equal(sluice_metadata_find(s->call.terminal,
                            sluice_str("grpc-status-details-bin"))
                            .ptr,
        "\x08\x05", 2);
    assert_int_equal(sluice_metadata_count(s->call.terminal), 3);
    scene_close(s);
}

static void
a_long_message_is_cut_and_its_status_kept(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; headers end | :status=200 | content-type="
              "application/grpc | grpc-status=5 | grpc-message*40000=x; " SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, SLUICE_CODE_NOT_FOUND);
    assert_int_equal(strspn(s->call.details, "x"), sizeof s->call.details - 1);
    scene_close(s);
}

static void
statuses_with_a_meaning_of_their_own_have_their_own_outcomes(void **state)
{
    scene_play(*state, HELLO "wait end; ok; status 1; hold", SLUICE_CANCELLED,
        1);
    scene_play(*state, HELLO "wait end; ok; status 4; hold", SLUICE_EXPIRED, 4);
    scene_play(*state, HELLO "wait end; ok; status 12; hold",
        SLUICE_LOCAL_FAILURE, 12);
    scene_play(*state, HELLO "wait end; ok; status 14; hold",
        SLUICE_REMOTE_SHUTDOWN, 14);
}

static void
a_status_without_a_name_stays_as_it_is(void **state)
{
#define STATUS(s) HELLO "wait end; ok; headers end | grpc-status=" s "; hold"
    scene_play(*state, STATUS("17"), SLUICE_REMOTE_FAILURE, 17);
    scene_play(*state, STATUS("999999999"), SLUICE_REMOTE_FAILURE, 999999999);
}

static void
a_status_that_is_no_number_is_unknown(void **state)
{
    scene_play(*state, STATUS("-1"), SLUICE_REMOTE_FAILURE, 2);
    scene_play(*state, STATUS("abc"), SLUICE_REMOTE_FAILURE, 2);
    scene_play(*state, STATUS("99999999999999999999"), SLUICE_REMOTE_FAILURE,
        2);
    scene_play(*state, STATUS(""), SLUICE_REMOTE_FAILURE, 2);
    scene_play(*state, STATUS("00"), SLUICE_COMPLETED, 0);
    scene_play(*state, STATUS("5 | grpc-status=0"), SLUICE_REMOTE_FAILURE, 5);
    scene_play(*state, STATUS("0 | grpc-status=5"), SLUICE_REMOTE_FAILURE, 5);
}

static void
trailers_without_a_status_are_unknown(void **state)
{
    scene_play(*state,
        HELLO "wait end; ok; message pong; headers end | x=y; hold",
        SLUICE_REMOTE_FAILURE, 2);
}

static void
an_answer_that_is_not_grpc_gets_the_code_of_its_http_status(void **state)
{
#define HTML(status)                            \
    HELLO "wait end; headers | :status=" status \
          " | content-type=text/html; data end 3c68746d6c3e; " SERVE
    scene_play_on(*state, HTML("404"), SLUICE_REMOTE_FAILURE, 12, 1);
    scene_play_on(*state, HTML("503"), SLUICE_REMOTE_FAILURE, 14, 1);
    scene_play_on(*state, HTML("502"), SLUICE_REMOTE_FAILURE, 14, 1);
    scene_play_on(*state, HTML("401"), SLUICE_REMOTE_FAILURE, 16, 1);
    scene_play_on(*state, HTML("200"), SLUICE_REMOTE_FAILURE, 2, 1);
    scene_play_on(*state, HELLO "wait end; headers end | :status=503; " SERVE,
        SLUICE_REMOTE_FAILURE, 14, 1);
}

static void
an_error_comes_after_the_messages_before_it(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; ok; message a; message b; message c; "
              "status 13; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, 13);
    assert_string_equal(s->call.text, "abc");
    assert_int_equal(s->call.payloads, 3);
    scene_close(s);
}

/* ---------------------------------------------------------------- framing */

static void
a_length_of_2_gib_is_refused_before_anything_is_allocated(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; data 00 7fffffff; " SERVE,
        SLUICE_LOCAL_FAILURE, SLUICE_CODE_RESOURCE_EXHAUSTED, 1);
}

static void
a_length_that_nobody_sends_is_broken_framing(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; data 00 ffffffff; " SERVE,
        SLUICE_LOCAL_FAILURE, SLUICE_CODE_INTERNAL, 1);
}

static void
a_message_of_the_limit_passes_and_one_byte_more_does_not(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_message = 1000 };

    scene_open(s,
        HELLO "wait end; ok; zeros 1000; status 0; "
              "wait end; ok; zeros 1001; status 0; hold",
        &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 1000);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_LOCAL_FAILURE, 8);
    assert_int_equal(s->next.payloads, 0);
    scene_close(s);
}

static void
an_unasked_compression_is_a_local_failure(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; data 01 00000001 00; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    scene_play_on(*state, HELLO "wait end; ok; data 07 00000001 00; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
a_stream_that_ends_within_a_message_is_a_local_failure(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; data 00 0000; status 0; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    scene_play_on(*state,
        HELLO "wait end; ok; data 00 00000009 00; "
              "status 0; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    scene_play_on(*state,
        HELLO "wait end; ok; message pong; data 00; "
              "status 0; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
a_failure_status_is_kept_though_a_message_is_cut(void **state)
{
    scene_play(*state,
        HELLO "wait end; ok; data 00 00000009 00; status 7; hold",
        SLUICE_REMOTE_FAILURE, 7);
}

static void
a_stream_without_trailers_is_a_local_failure(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; data end 00 00000001 78; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
two_messages_reach_whoever_grants_them(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message a; message b; status 0; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 2);
    scene_close(s);
}

/* --------------------------------------------------------------- metadata */

static void
too_much_metadata_fails_its_call_only(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; headers | :status=200 | "
              "content-type=application/grpc | x*17000=y; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    scene_play_on(*state,
        HELLO "wait end; ok; message pong; "
              "headers end | grpc-status=0 | x*17000=y; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    scene_play_on(*state,
        HELLO "wait end; ok; message pong; "
              "headers end | grpc-status=0 | name-bin*1000=,; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
binary_metadata_that_is_not_base64_fails_its_call_only(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; headers | :status=200 | "
              "content-type=application/grpc | x-bin=!!!; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
unreadable_status_details_are_dropped(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; ok; headers end | grpc-status=5 |"
              " grpc-status-details-bin=!!!; " SERVE,
        SLUICE_REMOTE_FAILURE, 5, 1);
}

static void
binary_metadata_is_split_at_commas(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;

    scene_open(s,
        HELLO "wait end; headers | :status=200 | content-type="
              "application/grpc | x-bin=AQI, /w== | x-bin= | y=1 | y=2; "
              "message pong; status 0; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    md = s->call.initial;
    assert_int_equal(sluice_metadata_count(md), 5);
    assert_int_equal(sluice_metadata_at(md, 0).value.len, 2);
    assert_memory_equal(sluice_metadata_at(md, 0).value.ptr, "\1\2", 2);
    assert_int_equal(sluice_metadata_at(md, 1).value.len, 1);
    assert_memory_equal(sluice_metadata_at(md, 1).value.ptr, "\xff", 1);
    assert_int_equal(sluice_metadata_at(md, 2).value.len, 0);
    assert_memory_equal(sluice_metadata_at(md, 4).value.ptr, "2", 1);
    scene_close(s);
}

static void
reserved_names_of_the_peer_are_dropped(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO
        "wait end; ok; message pong; headers end | "
        "grpc-status=0 | grpc-encoding=identity | grpc-what=x | te=trailers |"
        " set-cookie=a | user-agent=b; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(sluice_metadata_count(s->call.terminal), 1);
    scene_close(s);
}

static void
reserved_names_of_the_customer_are_not_sent(void **state)
{
    static const char *const names[] = { ":path", "te", "content-type",
        "grpc-timeout", "grpc-status", "grpc-x", "connection", "user-agent",
        "keep-alive", "transfer-encoding", "upgrade", "host", "content-length",
        "proxy-connection", "UPPER", "sp ace", "" };
    struct scene *s = *state;
    size_t i;

    scene_open(s, HELLO "wait end; ok; echo; status 0; hold", NULL);
    s->call.timeout_ns = SLUICE_NO_TIMEOUT;
    s->call.metadata = sluice_metadata_new(NULL);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)!sluice_metadata_add(s->call.metadata, sluice_str(names[i]),
            sluice_str("no"));
    (void)!sluice_metadata_add(s->call.metadata, sluice_str("bad"),
        sluice_str("a\r\nb"));
    (void)!sluice_metadata_add(s->call.metadata, sluice_str("good"),
        sluice_str(" yes "));
    (void)!sluice_metadata_add(s->call.metadata, sluice_str("b-bin"),
        sluice_str_n("\0\377", 2));
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_null(strstr(s->call.text, "no\n"));
    assert_null(strstr(s->call.text, "bad"));
    assert_non_null(strstr(s->call.text, ":path: /test.Bad/Call\n"));
    assert_non_null(strstr(s->call.text, "te: trailers\n"));
    assert_non_null(strstr(s->call.text, "content-type: application/grpc\n"));
    assert_non_null(strstr(s->call.text, "good: yes\n"));
    assert_non_null(strstr(s->call.text, "b-bin: AP8\n"));
    assert_non_null(strstr(s->call.text, "user-agent: grpc-c-sluice/"));
    assert_non_null(strstr(s->call.text, ":authority: 127.0.0.1:"));
    scene_close(s);
}

static void
a_request_with_too_much_metadata_is_not_sent(void **state)
{
    struct scene *s = *state;
    static char big[70000];
    size_t i;

    scene_open(s, HELLO SERVE, NULL);
    memset(big, 'x', sizeof(big));
    s->call.metadata = sluice_metadata_new(NULL);
    assert_int_equal(sluice_metadata_add(s->call.metadata, sluice_str("big"),
                         sluice_str_n(big, sizeof(big))),
        SLUICE_OK);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    grpc_call_fini(&s->call);

    grpc_call_init(&s->call, &s->w);
    s->call.metadata = sluice_metadata_new(NULL);
    for (i = 0; i < 300; i++)
        assert_int_equal(sluice_metadata_add(s->call.metadata,
                             sluice_str("many"), sluice_str("x")),
            SLUICE_OK);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_correct_answer_completes),
        SCENE(trailers_only_with_status_0_completes_without_a_message),
        SCENE(informational_responses_are_skipped),
        SCENE(a_reset_after_the_trailers_changes_nothing),
        SCENE(a_prefix_may_be_split_across_frames),
        SCENE(padding_is_not_payload),
        SCENE(a_content_type_may_have_parameters),
        SCENE(a_status_of_the_peer_is_a_remote_failure),
        SCENE(a_long_message_is_cut_and_its_status_kept),
        SCENE(statuses_with_a_meaning_of_their_own_have_their_own_outcomes),
        SCENE(a_status_without_a_name_stays_as_it_is),
        SCENE(a_status_that_is_no_number_is_unknown),
        SCENE(trailers_without_a_status_are_unknown),
        SCENE(an_answer_that_is_not_grpc_gets_the_code_of_its_http_status),
        SCENE(an_error_comes_after_the_messages_before_it),
        SCENE(a_length_of_2_gib_is_refused_before_anything_is_allocated),
        SCENE(a_length_that_nobody_sends_is_broken_framing),
        SCENE(a_message_of_the_limit_passes_and_one_byte_more_does_not),
        SCENE(an_unasked_compression_is_a_local_failure),
        SCENE(a_stream_that_ends_within_a_message_is_a_local_failure),
        SCENE(a_failure_status_is_kept_though_a_message_is_cut),
        SCENE(a_stream_without_trailers_is_a_local_failure),
        SCENE(two_messages_reach_whoever_grants_them),
        SCENE(too_much_metadata_fails_its_call_only),
        SCENE(binary_metadata_that_is_not_base64_fails_its_call_only),
        SCENE(unreadable_status_details_are_dropped),
        SCENE(binary_metadata_is_split_at_commas),
        SCENE(reserved_names_of_the_peer_are_dropped),
        SCENE(reserved_names_of_the_customer_are_not_sent),
        SCENE(a_request_with_too_much_metadata_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
