/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_misbehaviour.c - backends that reset, hang up, go away or
 * break HTTP/2: each ends what it must, with the right outcome, and no more.
 */
#include "tests/rpc/grpc_scene.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <zlib.h>

/* ----------------------------------------------------------------- resets */

static void
a_reset_has_the_outcome_of_its_code(void **state)
{
#define RESET(code) HELLO "wait end; rst " code "; " SERVE
    struct scene *s = *state;

    scene_play_on(s, RESET("0"), SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s, RESET("1"), SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s, RESET("2"), SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s, RESET("8"), SLUICE_CANCELLED, 1, 1);
    scene_play_on(s, RESET("11"), SLUICE_RECEPTION_FAILURE, 8, 1);
    scene_play_on(s, RESET("12"), SLUICE_RECEPTION_FAILURE, 7, 1);
    scene_play_on(s, RESET("4919"), SLUICE_RECEPTION_FAILURE, 2, 1);
}

static void
a_reset_after_the_head_ends_the_call(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; rst 2; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
}

static void
a_reset_within_a_message_ends_the_call(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; ok; data 00 00000009 0102; rst 2; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
}

static void
a_message_before_a_reset_is_delivered(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message pong; rst 2; " SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 13);
    assert_string_equal(s->call.text, "pong");
    scene_close(s);
}

static void
a_refused_stream_is_sent_again_once(void **state)
{
    scene_hear_pong(*state, HELLO "wait end; rst 7; " SERVE);
    scene_play_on(*state, HELLO "wait end; rst 7; wait end; rst 7; " SERVE,
        SLUICE_REMOTE_SHUTDOWN, 14, 1);
}

static void
a_refusal_after_the_head_is_not_sent_again(void **state)
{
    scene_play_on(*state, HELLO "wait end; ok; rst 7; " SERVE,
        SLUICE_REMOTE_SHUTDOWN, 14, 1);
}

/* ----------------------------------------------------------------- GOAWAY */

static void
goaway_moves_later_calls_to_a_new_connection(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; goaway 1 0; ok; message pong; "
              "status 0; hold; connection; " HELLO SERVE,
        SLUICE_COMPLETED, 0, 2);
}

static void
a_graceful_goaway_lets_calls_finish(void **state)
{
    scene_play_on(*state,
        HELLO "wait end; goaway 2147483647 0; ping; "
              "wait pong; goaway 1 0; ok; message pong; status 0; hold; "
              "connection; " HELLO SERVE,
        SLUICE_COMPLETED, 0, 2);
}

static void
a_call_above_the_last_stream_is_sent_again_unseen(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; goaway 0 0; hold; connection; " HELLO SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    assert_int_equal(bad_backend_connections(s->backend), 2);
    scene_close(s);
}

static void
a_call_refused_twice_by_goaway_fails(void **state)
{
    scene_play(*state, HELLO "wait end; goaway 0 0; hold",
        SLUICE_REMOTE_SHUTDOWN, 14);
}

static void
a_backend_that_only_says_goaway_is_left_alone(void **state)
{
    struct scene *s = *state;

    scene_open(s, "wait preface; cork; settings; goaway 0 0; uncork; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    assert_int_equal(sluice_grpc_client_state(s->w.client),
        SLUICE_GRPC_TRANSIENT_FAILURE);
    scene_close(s);
}

/* ------------------------------------------------------------ connections */

static void
a_lost_connection_ends_its_calls_and_is_made_again(void **state)
{
    scene_play_on(*state, HELLO "wait end; connection; " HELLO SERVE,
        SLUICE_RECEPTION_FAILURE, 14, 2);
    scene_play_on(*state, HELLO "wait end; reset; connection; " HELLO SERVE,
        SLUICE_RECEPTION_FAILURE, 14, 2);
    scene_play_on(*state,
        HELLO "wait end; ok; shut; hold; connection; " HELLO SERVE,
        SLUICE_RECEPTION_FAILURE, 14, 2);
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

    scene_open(s, "reset; connection; " HELLO SERVE, &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    grpc_world_until(&s->w, is_idle, s->w.client);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(sluice_grpc_client_state(s->w.client), SLUICE_GRPC_READY);
    scene_close(s);
}

static void
a_backend_that_never_sends_settings_times_out(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .connect_timeout_ns =
                                                30 * SLUICE_MS };

    scene_open(s, "stall", &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    scene_close(s);
}

static void
a_backend_that_speaks_http_1_is_no_backend(void **state)
{
    scene_play(*state,
        "wait preface; raw 485454502f312e3120343030204261640d0a0d0a",
        SLUICE_TRANSMISSION_FAILURE, 14);
}

static void
a_call_expires_when_the_backend_never_answers(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait rst; " SERVE, NULL);
    s->call.timeout_ns = 30 * SLUICE_MS;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_resets(s->backend), 1);
    assert_int_equal(bad_backend_last_reset(s->backend), 8);
    scene_close(s);
}

static void
a_call_expires_while_it_waits_for_a_connection(void **state)
{
    struct scene *s = *state;

    scene_open(s, "stall", NULL);
    s->call.timeout_ns = 20 * SLUICE_MS;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    scene_close(s);
}

/* ------------------------------------------------------------- HTTP/2 abuse */

/* The connection must go, the next one serve. */
static void
breaks_the_connection(struct scene *s, const char *abuse)
{
    char script[4096];

    (void)snprintf(script, sizeof(script),
        HELLO "wait end; %s; hold; connection; " HELLO SERVE, abuse);
    scene_open(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(s->call.kind, SLUICE_RECEPTION_FAILURE);
    assert_true(s->call.code == 13 || s->call.code == 14);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 2);
    scene_close(s);
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

    scene_play_on(s,
        HELLO "wait end; ok; message pong; headers | x=y; "
              "status 0; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s, HELLO "wait end; headers end | :status=100; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s,
        HELLO "wait end; headers | content-type="
              "application/grpc; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s, HELLO "wait end; window 1 2147483647; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
    scene_play_on(s,
        HELLO
        "wait end; headers | :status=200 | content-type="
        "application/grpc | content-length=3; message pong; status 0; " SERVE,
        SLUICE_RECEPTION_FAILURE, 13, 1);
}

static void
frames_after_the_end_are_ignored(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; ok; message pong; status 0; message more; "
              "status 5; " SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    scene_close(s);
}

static void
pings_are_answered_and_a_flood_ends_the_connection(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; repeat 50 ping; repeat 50 wait pong; ok; "
              "status 0; hold",
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_pongs(s->backend), 50);
    scene_close(s);

    /* It may be answered in full or cut short; both are fine, a hang not. */
    scene_open(s,
        HELLO "wait end; repeat 100000 ping; connection; " HELLO SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(s->call.kind, SLUICE_RECEPTION_FAILURE);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    scene_close(s);
}

static void
a_flood_of_settings_does_no_harm(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; repeat 20000 settings 3=100; connection; " HELLO SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(s->call.kind, SLUICE_RECEPTION_FAILURE);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    scene_close(s);
}

/* ------------------------------------------------------------ compression */

#define GZIP_ANSWER                           \
    HELLO "wait end; headers | :status=200 |" \
          " content-type=application/grpc | grpc-encoding=gzip; "

static void
damaged_messages_end_their_call_only(void **state)
{
    scene_play_on(*state, GZIP_ANSWER "data 01 00000005 0102030405; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
    scene_play_on(*state,
        GZIP_ANSWER
        "data 01 00000010 1f8b0800000000000003 cbcf4b05003d; " SERVE,
        SLUICE_LOCAL_FAILURE, 13, 1);
}

static void
to_hex(const uint8_t *data, size_t len, char *out)
{
    size_t i;

    for (i = 0; i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", data[i]);
}

/* A mebibyte of zeros as blocks that can follow themselves; returns their
 * length. */
static size_t
packed_mebibyte(uint8_t *out, size_t room)
{
    z_stream z = { .avail_out = (uInt)room };
    uint8_t *zeros = test_calloc(1, 1u << 20);

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, 0), Z_OK);
    z.next_out = out;
    z.next_in = zeros;
    z.avail_in = 1u << 20;
    assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
    assert_true(z.avail_out > 0);
    room -= z.avail_out;
    (void)deflateEnd(&z);
    test_free(zeros);
    return room;
}

static long
peak_kilobytes(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* One mebibyte that would inflate to a gibibyte; there is not even an end. */
static void
a_bomb_costs_no_more_than_the_limit(void **state)
{
    struct sluice_grpc_client_options o = { .initial_window = 4u << 20 };
    struct scene *s = *state;
    uint8_t block[2048];
    size_t len = packed_mebibyte(block, sizeof(block));
    char hex[2 * sizeof(block) + 1];
    char script[sizeof(hex) + 512];
    long before;

    to_hex(block, len, hex);
    (void)snprintf(script, sizeof(script),
        GZIP_ANSWER "data 01 %08zx 1f8b0800000000000003;"
                    " repeat 1024 data %s; " SERVE,
        10 + 1024 * len, hex);
    scene_open(s, script, &o);
    before = peak_kilobytes();
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    assert_int_equal(s->call.payloads, 0);
    assert_true(peak_kilobytes() - before < 64L * 1024);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 1);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_reset_has_the_outcome_of_its_code),
        SCENE(a_reset_after_the_head_ends_the_call),
        SCENE(a_reset_within_a_message_ends_the_call),
        SCENE(a_message_before_a_reset_is_delivered),
        SCENE(a_refused_stream_is_sent_again_once),
        SCENE(a_refusal_after_the_head_is_not_sent_again),
        SCENE(goaway_moves_later_calls_to_a_new_connection),
        SCENE(a_graceful_goaway_lets_calls_finish),
        SCENE(a_call_above_the_last_stream_is_sent_again_unseen),
        SCENE(a_call_refused_twice_by_goaway_fails),
        SCENE(a_backend_that_only_says_goaway_is_left_alone),
        SCENE(a_lost_connection_ends_its_calls_and_is_made_again),
        SCENE(a_refused_connection_fails_calls_until_the_backoff_is_over),
        SCENE(after_the_backoff_it_connects_again),
        SCENE(a_backend_that_never_sends_settings_times_out),
        SCENE(a_backend_that_speaks_http_1_is_no_backend),
        SCENE(a_call_expires_when_the_backend_never_answers),
        SCENE(a_call_expires_while_it_waits_for_a_connection),
        SCENE(broken_http2_ends_the_connection_and_no_more),
        SCENE(broken_streams_end_alone),
        SCENE(frames_after_the_end_are_ignored),
        SCENE(pings_are_answered_and_a_flood_ends_the_connection),
        SCENE(a_flood_of_settings_does_no_harm),
        SCENE(damaged_messages_end_their_call_only),
        SCENE(a_bomb_costs_no_more_than_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
