/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_misbehaviour.c - backends that break rules, hang up or
 * go away: each ends what it must, with the right outcome, and nothing else.
 */
#include "tests/rpc/bad_backend.h"
#include "tests/rpc/grpc_world.h"

#include <string.h>

/* Goes before any script that plays a connection that works. */
#define HELLO "wait preface; settings; ack; "
#define SERVE "label; wait end; ok; message pong; status 0; again"
#define GOODBYE "hold"

struct scene {
    struct bad_backend *backend;
    struct grpc_world w;
    struct grpc_call call;
    struct grpc_call next;
};

static int
setup(void **state)
{
    *state = test_calloc(1, sizeof(struct scene));
    return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
    test_free(*state);
    return 0;
}

static void
open_with(struct scene *s, const char *script,
    const struct sluice_grpc_client_options *options)
{
    s->backend = bad_backend_start(script);
    grpc_world_open(&s->w, bad_backend_port(s->backend), options);
    grpc_call_init(&s->call, &s->w);
    grpc_call_init(&s->next, &s->w);
}

static void
close_scene(struct scene *s)
{
    grpc_call_fini(&s->call);
    grpc_call_fini(&s->next);
    grpc_world_close(&s->w);
    bad_backend_stop(&s->backend);
}

/* A unary call against a script, its outcome, and no more. */
static void
play(struct scene *s, const char *script, enum sluice_outcome_kind kind,
    int32_t code)
{
    open_with(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, kind, code);
    close_scene(s);
}

/* The same, after which a second call must work: on the same connection if it
 * is one connection's script, on a new one if it is two. */
static void
play_and_go_on(struct scene *s, const char *script,
    enum sluice_outcome_kind kind, int32_t code, unsigned connections)
{
    open_with(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, kind, code);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_string_equal(s->next.text, "pong");
    assert_int_equal(bad_backend_connections(s->backend), connections);
    close_scene(s);
}

/* ------------------------------------------------------------- good ones */

static void
a_correct_answer_completes(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    assert_int_equal(s->call.payloads, 1);
    assert_int_equal(s->call.completions, 1);
    assert_non_null(s->call.initial);
    close_scene(s);
}

static void
trailers_only_with_status_0_completes_without_a_message(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; headers end | :status=200 | content-type="
        "application/grpc | grpc-status=0; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 0);
    close_scene(s);
}

static void
informational_responses_are_skipped(void **state)
{
    play(*state, HELLO "wait end; headers | :status=103 | link=a; "
        "headers | :status=100; ok; message pong; status 0; hold",
        SLUICE_COMPLETED, 0);
}

static void
a_reset_after_the_trailers_changes_nothing(void **state)
{
    play_and_go_on(*state, HELLO
        "wait end; ok; message pong; status 0; rst 0; " SERVE,
        SLUICE_COMPLETED, 0, 1);
}

static void
a_prefix_may_be_split_across_frames(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; data 00; data 0000; data 00 04 70; "
        "data; data 6f6e67; status 0; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    close_scene(s);
}

static void
padding_is_not_payload(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; "
        "frame 0 8 1 03 00 00000004 706f6e67 000000; status 0; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    close_scene(s);
}

static void
a_content_type_may_have_parameters(void **state)
{
    play(*state, HELLO "wait end; headers | :status=200 | content-type="
        "application/grpc;charset=utf-8; message pong; status 0; hold",
        SLUICE_COMPLETED, 0);
}

/* --------------------------------------------------------------- statuses */

static void
a_status_of_the_peer_is_a_remote_failure(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; headers end | :status=200 | content-type="
        "application/grpc | grpc-status=5 | grpc-message=no%20such %C3%A9 %zz"
        "%0d%0aSet-Cookie: x | grpc-status-details-bin=CAU | extra=1 | "
        "connection-id=7; " SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, SLUICE_CODE_NOT_FOUND);
    assert_string_equal(s->call.details,
        "no such \xc3\xa9 %zz\r\nSet-Cookie: x");
    assert_memory_equal(sluice_metadata_find(s->call.terminal,
        sluice_str("grpc-status-details-bin")).ptr, "\x08\x05", 2);
    assert_int_equal(sluice_metadata_count(s->call.terminal), 3);
    close_scene(s);
}

static void
a_long_message_is_cut_and_its_status_kept(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; headers end | :status=200 | content-type="
        "application/grpc | grpc-status=5 | grpc-message*40000=x; " SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, SLUICE_CODE_NOT_FOUND);
    assert_int_equal(strspn(s->call.details, "x"),
        sizeof s->call.details - 1);
    close_scene(s);
}

static void
statuses_with_a_meaning_of_their_own_have_their_own_outcomes(void **state)
{
    play(*state, HELLO "wait end; ok; status 1; hold", SLUICE_CANCELLED, 1);
    play(*state, HELLO "wait end; ok; status 4; hold", SLUICE_EXPIRED, 4);
    play(*state, HELLO "wait end; ok; status 12; hold", SLUICE_LOCAL_FAILURE,
        12);
    play(*state, HELLO "wait end; ok; status 14; hold",
        SLUICE_REMOTE_FAILURE, 14);
}

static void
a_status_that_is_no_code_is_unknown(void **state)
{
#define STATUS(s) \
    HELLO "wait end; ok; headers end | grpc-status=" s "; hold"
    play(*state, STATUS("17"), SLUICE_REMOTE_FAILURE, 2);
    play(*state, STATUS("-1"), SLUICE_REMOTE_FAILURE, 2);
    play(*state, STATUS("abc"), SLUICE_REMOTE_FAILURE, 2);
    play(*state, STATUS("99999999999999999999"), SLUICE_REMOTE_FAILURE, 2);
    play(*state, STATUS(""), SLUICE_REMOTE_FAILURE, 2);
    play(*state, STATUS("00"), SLUICE_COMPLETED, 0);
    play(*state, STATUS("5 | grpc-status=0"), SLUICE_REMOTE_FAILURE, 5);
    play(*state, STATUS("0 | grpc-status=5"), SLUICE_REMOTE_FAILURE, 5);
}

static void
trailers_without_a_status_are_unknown(void **state)
{
    play(*state, HELLO "wait end; ok; message pong; headers end | x=y; hold",
        SLUICE_REMOTE_FAILURE, 2);
}

static void
an_answer_that_is_not_grpc_gets_the_code_of_its_http_status(void **state)
{
#define HTML(status) HELLO "wait end; headers | :status=" status \
    " | content-type=text/html; data end 3c68746d6c3e; " SERVE
    play_and_go_on(*state, HTML("404"), SLUICE_REMOTE_FAILURE, 12, 1);
    play_and_go_on(*state, HTML("503"), SLUICE_REMOTE_FAILURE, 14, 1);
    play_and_go_on(*state, HTML("502"), SLUICE_REMOTE_FAILURE, 14, 1);
    play_and_go_on(*state, HTML("401"), SLUICE_REMOTE_FAILURE, 16, 1);
    play_and_go_on(*state, HTML("200"), SLUICE_REMOTE_FAILURE, 2, 1);
    play_and_go_on(*state, HELLO "wait end; headers end | :status=503; " SERVE,
        SLUICE_REMOTE_FAILURE, 14, 1);
}

static void
an_error_comes_after_the_messages_before_it(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; message a; message b; message c; "
        "status 13; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, 13);
    assert_string_equal(s->call.text, "abc");
    assert_int_equal(s->call.payloads, 3);
    close_scene(s);
}

/* ---------------------------------------------------------------- framing */

static void
a_length_of_4_gib_is_refused_before_anything_is_allocated(void **state)
{
    play_and_go_on(*state, HELLO "wait end; ok; data 00 ffffffff; " SERVE,
        SLUICE_LOCAL_FAILURE, SLUICE_CODE_RESOURCE_EXHAUSTED, 1);
}

static void
a_message_of_the_limit_passes_and_one_byte_more_does_not(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_message = 1000 };

    open_with(s, HELLO "wait end; ok; zeros 1000; status 0; "
        "wait end; ok; zeros 1001; status 0; hold", &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 1000);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_LOCAL_FAILURE, 8);
    assert_int_equal(s->next.payloads, 0);
    close_scene(s);
}

static void
an_unasked_compression_is_a_local_failure(void **state)
{
    play_and_go_on(*state, HELLO "wait end; ok; data 01 00000001 00; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    play_and_go_on(*state, HELLO "wait end; ok; data 07 00000001 00; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
a_stream_that_ends_within_a_message_is_a_local_failure(void **state)
{
    play_and_go_on(*state, HELLO "wait end; ok; data 00 0000; status 0; "
        SERVE, SLUICE_LOCAL_FAILURE, 13, 1);
    play_and_go_on(*state, HELLO "wait end; ok; data 00 00000009 00; "
        "status 0; " SERVE, SLUICE_LOCAL_FAILURE, 13, 1);
    play_and_go_on(*state, HELLO "wait end; ok; message pong; data 00; "
        "status 0; " SERVE, SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
a_failure_status_is_kept_though_a_message_is_cut(void **state)
{
    play(*state, HELLO "wait end; ok; data 00 00000009 00; status 7; hold",
        SLUICE_REMOTE_FAILURE, 7);
}

static void
a_stream_without_trailers_is_a_local_failure(void **state)
{
    play_and_go_on(*state, HELLO
        "wait end; ok; data end 00 00000001 78; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
two_messages_reach_whoever_grants_them(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; message a; message b; status 0; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 2);
    close_scene(s);
}

/* --------------------------------------------------------------- metadata */

static void
too_much_metadata_fails_its_call_only(void **state)
{
    play_and_go_on(*state, HELLO "wait end; headers | :status=200 | "
        "content-type=application/grpc | x*17000=y; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    play_and_go_on(*state, HELLO "wait end; ok; message pong; "
        "headers end | grpc-status=0 | x*17000=y; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
binary_metadata_that_is_not_base64_fails_its_call_only(void **state)
{
    play_and_go_on(*state, HELLO "wait end; headers | :status=200 | "
        "content-type=application/grpc | x-bin=!!!; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
unreadable_status_details_are_dropped(void **state)
{
    play_and_go_on(*state, HELLO "wait end; ok; headers end | grpc-status=5 |"
        " grpc-status-details-bin=!!!; " SERVE, SLUICE_REMOTE_FAILURE, 5, 1);
}

static void
binary_metadata_is_split_at_commas(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *md;

    open_with(s, HELLO "wait end; headers | :status=200 | content-type="
        "application/grpc | x-bin=AQI, /w== | x-bin= | y=1 | y=2; "
        "message pong; status 0; hold", NULL);
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
    close_scene(s);
}

static void
reserved_names_of_the_peer_are_dropped(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; message pong; headers end | "
        "grpc-status=0 | grpc-encoding=identity | grpc-what=x | te=trailers |"
        " set-cookie=a | user-agent=b; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(sluice_metadata_count(s->call.terminal), 1);
    close_scene(s);
}

static void
reserved_names_of_the_customer_are_not_sent(void **state)
{
    static const char *const names[] = { ":path", "te", "content-type",
        "grpc-timeout", "grpc-status", "grpc-x", "connection", "user-agent",
        "keep-alive", "transfer-encoding", "upgrade", "host",
        "content-length", "proxy-connection", "UPPER", "sp ace", "" };
    struct scene *s = *state;
    size_t i;

    open_with(s, HELLO "wait end; ok; echo; status 0; hold", NULL);
    s->call.timeout_ns = SLUICE_NO_TIMEOUT;
    s->call.metadata = sluice_metadata_new(NULL);
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
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
    close_scene(s);
}

static void
a_request_with_too_much_metadata_is_not_sent(void **state)
{
    struct scene *s = *state;
    static char big[70000];
    size_t i;

    open_with(s, HELLO SERVE, NULL);
    memset(big, 'x', sizeof big);
    s->call.metadata = sluice_metadata_new(NULL);
    assert_int_equal(sluice_metadata_add(s->call.metadata, sluice_str("big"),
        sluice_str_n(big, sizeof big)), SLUICE_OK);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    grpc_call_fini(&s->call);

    grpc_call_init(&s->call, &s->w);
    s->call.metadata = sluice_metadata_new(NULL);
    for (i = 0; i < 300; i++)
        assert_int_equal(sluice_metadata_add(s->call.metadata,
            sluice_str("many"), sluice_str("x")), SLUICE_OK);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    close_scene(s);
}

/* ----------------------------------------------------------------- resets */

static void
a_reset_has_the_outcome_of_its_code(void **state)
{
#define RESET(code) HELLO "wait end; rst " code "; " SERVE
    struct scene *s = *state;

    play_and_go_on(s, RESET("0"), SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, RESET("1"), SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, RESET("2"), SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, RESET("8"), SLUICE_CANCELLED, 1, 1);
    play_and_go_on(s, RESET("11"), SLUICE_RECEPTION_FAILURE, 8, 1);
    play_and_go_on(s, RESET("12"), SLUICE_RECEPTION_FAILURE, 7, 1);
    play_and_go_on(s, RESET("4919"), SLUICE_RECEPTION_FAILURE, 2, 1);
}

static void
a_reset_after_the_head_ends_the_call(void **state)
{
    play_and_go_on(*state, HELLO "wait end; ok; rst 2; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
}

static void
a_reset_within_a_message_ends_the_call(void **state)
{
    play_and_go_on(*state, HELLO
        "wait end; ok; data 00 00000009 0102; rst 2; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
}

static void
a_message_before_a_reset_is_delivered(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; message pong; rst 2; " SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 13);
    assert_string_equal(s->call.text, "pong");
    close_scene(s);
}

static void
a_refused_stream_is_sent_again_once(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; rst 7; " SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    close_scene(s);
    play_and_go_on(s, HELLO "wait end; rst 7; wait end; rst 7; " SERVE,
        SLUICE_REMOTE_SHUTDOWN, 14, 1);
}

static void
a_refusal_after_the_head_is_not_sent_again(void **state)
{
    play_and_go_on(*state, HELLO "wait end; ok; rst 7; " SERVE,
        SLUICE_REMOTE_SHUTDOWN, 14, 1);
}

/* ----------------------------------------------------------------- GOAWAY */

static void
goaway_moves_later_calls_to_a_new_connection(void **state)
{
    play_and_go_on(*state, HELLO "wait end; goaway 1 0; ok; message pong; "
        "status 0; hold; connection; " HELLO SERVE, SLUICE_COMPLETED, 0, 2);
}

static void
a_graceful_goaway_lets_calls_finish(void **state)
{
    play_and_go_on(*state, HELLO "wait end; goaway 2147483647 0; ping; "
        "wait pong; goaway 1 0; ok; message pong; status 0; hold; connection;"
        HELLO SERVE, SLUICE_COMPLETED, 0, 2);
}

static void
a_call_above_the_last_stream_is_sent_again_unseen(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; goaway 0 0; hold; connection; " HELLO SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    assert_int_equal(bad_backend_connections(s->backend), 2);
    close_scene(s);
}

static void
a_call_refused_twice_by_goaway_fails(void **state)
{
    play(*state, HELLO "wait end; goaway 0 0; hold", SLUICE_REMOTE_SHUTDOWN,
        14);
}

static void
a_backend_that_only_says_goaway_is_left_alone(void **state)
{
    struct scene *s = *state;

    open_with(s, "wait preface; cork; settings; goaway 0 0; uncork; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    assert_int_equal(sluice_grpc_client_state(s->w.client),
        SLUICE_GRPC_TRANSIENT_FAILURE);
    close_scene(s);
}

/* ------------------------------------------------------------ connections */

static void
a_lost_connection_ends_its_calls_and_is_made_again(void **state)
{
    play_and_go_on(*state, HELLO "wait end; connection; " HELLO SERVE,
        SLUICE_RECEPTION_FAILURE, 14, 2);
    play_and_go_on(*state, HELLO "wait end; reset; connection; " HELLO SERVE,
        SLUICE_RECEPTION_FAILURE, 14, 2);
    play_and_go_on(*state, HELLO "wait end; ok; shut; hold; connection; "
        HELLO SERVE, SLUICE_RECEPTION_FAILURE, 14, 2);
}

static void
a_refused_connection_fails_calls_until_the_backoff_is_over(void **state)
{
    struct scene *s = *state;
    unsigned port;

    s->backend = bad_backend_start("stall");
    port = bad_backend_port(s->backend);
    bad_backend_stop(&s->backend);
    grpc_world_open(&s->w, port, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    assert_int_equal(sluice_grpc_client_state(s->w.client),
        SLUICE_GRPC_TRANSIENT_FAILURE);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_TRANSMISSION_FAILURE, 14);
    grpc_call_fini(&s->call);
    grpc_call_fini(&s->next);
    grpc_world_close(&s->w);
}

static bool
is_idle(void *arg)
{
    return sluice_grpc_client_state(arg) == SLUICE_GRPC_IDLE;
}

static void
after_the_backoff_it_connects_again(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .initial_backoff_ns =
                                                20 * SLUICE_MS };

    open_with(s, "reset; connection; " HELLO SERVE, &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    grpc_world_until(&s->w, is_idle, s->w.client);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(sluice_grpc_client_state(s->w.client),
        SLUICE_GRPC_READY);
    close_scene(s);
}

static void
a_backend_that_never_sends_settings_times_out(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .connect_timeout_ns =
                                                30 * SLUICE_MS };

    open_with(s, "stall", &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    close_scene(s);
}

static void
a_backend_that_speaks_http_1_is_no_backend(void **state)
{
    play(*state, "wait preface; raw 485454502f312e3120343030204261640d0a0d0a",
        SLUICE_TRANSMISSION_FAILURE, 14);
}

static void
a_call_expires_when_the_backend_never_answers(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait rst; " SERVE, NULL);
    s->call.timeout_ns = 30 * SLUICE_MS;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_resets(s->backend), 1);
    assert_int_equal(bad_backend_last_reset(s->backend), 8);
    close_scene(s);
}

static void
a_call_expires_while_it_waits_for_a_connection(void **state)
{
    struct scene *s = *state;

    open_with(s, "stall", NULL);
    s->call.timeout_ns = 20 * SLUICE_MS;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    close_scene(s);
}

/* ------------------------------------------------------------- HTTP/2 abuse */

/* The connection must go, the next one serve. */
static void
breaks_the_connection(struct scene *s, const char *abuse)
{
    char script[4096];

    (void)snprintf(script, sizeof script,
        HELLO "wait end; %s; hold; connection; " HELLO SERVE, abuse);
    open_with(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(s->call.kind, SLUICE_RECEPTION_FAILURE);
    assert_true(s->call.code == 13 || s->call.code == 14);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 2);
    close_scene(s);
}

static void
broken_http2_ends_the_connection_and_no_more(void **state)
{
    struct scene *s = *state;

    breaks_the_connection(s, "head 16777215 0 0 1");
    breaks_the_connection(s, "frame 8 0 0 00000000");
    breaks_the_connection(s, "window 0 2147483647; window 0 2147483647");
    breaks_the_connection(s, "window 1 0");
    breaks_the_connection(s, "message too early");
    breaks_the_connection(s, "frame 5 4 1 00000002 88");
    breaks_the_connection(s, "settings 4=2147483648");
    breaks_the_connection(s, "frame 1 4 1 ff ff ff ff ff ff ff ff");
    breaks_the_connection(s, "frame 0 0 0 00");
    breaks_the_connection(s, "frame 9 4 1 88");
    breaks_the_connection(s, "frame 1 0 1 88; ping");
    breaks_the_connection(s, "frame 1 0 1 88; repeat 10000 frame 9 0 1");
}

/* The stream must go, the connection stay. */
static void
broken_streams_end_alone(void **state)
{
    struct scene *s = *state;

    play_and_go_on(s, HELLO "wait end; ok; message pong; headers | x=y; "
        "status 0; " SERVE, SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, HELLO "wait end; headers end | :status=100; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, HELLO "wait end; headers | content-type="
        "application/grpc; " SERVE, SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, HELLO "wait end; window 1 2147483647; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
    play_and_go_on(s, HELLO "wait end; headers | :status=200 | content-type="
        "application/grpc | content-length=3; message pong; status 0; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
}

static void
frames_after_the_end_are_ignored(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; ok; message pong; status 0; message more; "
        "status 5; " SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    close_scene(s);
}

static void
pings_are_answered_and_a_flood_ends_the_connection(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; repeat 50 ping; repeat 50 wait pong; ok; "
        "status 0; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_pongs(s->backend), 50);
    close_scene(s);

    /* It may be answered in full or cut short; both are fine, a hang not. */
    open_with(s, HELLO "wait end; repeat 100000 ping; connection; " HELLO
        SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(s->call.kind, SLUICE_RECEPTION_FAILURE);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    close_scene(s);
}

static void
a_flood_of_settings_does_no_harm(void **state)
{
    struct scene *s = *state;

    open_with(s, HELLO "wait end; repeat 20000 settings 3=100; connection; "
        HELLO SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(s->call.kind, SLUICE_RECEPTION_FAILURE);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    close_scene(s);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_correct_answer_completes),
        T(trailers_only_with_status_0_completes_without_a_message),
        T(informational_responses_are_skipped),
        T(a_reset_after_the_trailers_changes_nothing),
        T(a_prefix_may_be_split_across_frames),
        T(padding_is_not_payload),
        T(a_content_type_may_have_parameters),
        T(a_status_of_the_peer_is_a_remote_failure),
        T(a_long_message_is_cut_and_its_status_kept),
        T(statuses_with_a_meaning_of_their_own_have_their_own_outcomes),
        T(a_status_that_is_no_code_is_unknown),
        T(trailers_without_a_status_are_unknown),
        T(an_answer_that_is_not_grpc_gets_the_code_of_its_http_status),
        T(an_error_comes_after_the_messages_before_it),
        T(a_length_of_4_gib_is_refused_before_anything_is_allocated),
        T(a_message_of_the_limit_passes_and_one_byte_more_does_not),
        T(an_unasked_compression_is_a_local_failure),
        T(a_stream_that_ends_within_a_message_is_a_local_failure),
        T(a_failure_status_is_kept_though_a_message_is_cut),
        T(a_stream_without_trailers_is_a_local_failure),
        T(two_messages_reach_whoever_grants_them),
        T(too_much_metadata_fails_its_call_only),
        T(binary_metadata_that_is_not_base64_fails_its_call_only),
        T(unreadable_status_details_are_dropped),
        T(binary_metadata_is_split_at_commas),
        T(reserved_names_of_the_peer_are_dropped),
        T(reserved_names_of_the_customer_are_not_sent),
        T(a_request_with_too_much_metadata_is_not_sent),
        T(a_reset_has_the_outcome_of_its_code),
        T(a_reset_after_the_head_ends_the_call),
        T(a_reset_within_a_message_ends_the_call),
        T(a_message_before_a_reset_is_delivered),
        T(a_refused_stream_is_sent_again_once),
        T(a_refusal_after_the_head_is_not_sent_again),
        T(goaway_moves_later_calls_to_a_new_connection),
        T(a_graceful_goaway_lets_calls_finish),
        T(a_call_above_the_last_stream_is_sent_again_unseen),
        T(a_call_refused_twice_by_goaway_fails),
        T(a_backend_that_only_says_goaway_is_left_alone),
        T(a_lost_connection_ends_its_calls_and_is_made_again),
        T(a_refused_connection_fails_calls_until_the_backoff_is_over),
        T(after_the_backoff_it_connects_again),
        T(a_backend_that_never_sends_settings_times_out),
        T(a_backend_that_speaks_http_1_is_no_backend),
        T(a_call_expires_when_the_backend_never_answers),
        T(a_call_expires_while_it_waits_for_a_connection),
        T(broken_http2_ends_the_connection_and_no_more),
        T(broken_streams_end_alone),
        T(frames_after_the_end_are_ignored),
        T(pings_are_answered_and_a_flood_ends_the_connection),
        T(a_flood_of_settings_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
