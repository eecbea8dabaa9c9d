/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_abuse.c - clients that do not mean well. Each is
 * sent away, with a word why, and another one that is connected all the while
 * does not notice.
 */
#include "tests/rpc/bad_client.h"

#include <string.h>

#define MANY 20000u

struct scene {
    struct serving s;
    struct bad_client c;
    struct bad_client other;
};

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    *state = s;
    serving_open(&s->s, NULL);
    bad_client_open(&s->c, &s->s);
    bad_client_open(&s->other, &s->s);
    bad_client_works(&s->other, 1);
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    bad_client_close(&s->c);
    bad_client_close(&s->other);
    serving_close(&s->s);
    test_free(s);
    return 0;
}

/* The offender is sent away, nobody else. */
static void
sent_away(struct scene *s, const char *why)
{
    bad_client_await_goaway(&s->c, NGHTTP2_ENHANCE_YOUR_CALM, why);
    bad_client_await_close(&s->c);
    bad_client_works(&s->other, 3);
    assert_int_equal(sluice_end_active(s->s.end), 0);
}

static void
resets_in_quick_succession_send_away(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    for (i = 0; i < 3000; i++) {
        bad_client_call(&s->c, 1 + 2 * i, "hold", NULL, false);
        bad_client_message(&s->c, 1 + 2 * i, "x", true);
        bad_client_rst(&s->c, 1 + 2 * i, NGHTTP2_CANCEL);
    }
    sent_away(s, "too_many_resets");
    assert_true(s->s.calls < 2000);
}

static void
all_calls_at_once_may_be_cancelled(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    for (i = 0; i < 1000; i++)
        bad_client_call(&s->c, 1 + 2 * i, "silent", NULL, false);
    serving_until_called(&s->s, 1001);
    for (i = 0; i < 1000; i++)
        bad_client_rst(&s->c, 1 + 2 * i, NGHTTP2_CANCEL);
    serving_until_over(&s->s, 1001);
    assert_int_equal(serving_ended(&s->s, SLUICE_CANCELLED), 1000);
    bad_client_works(&s->c, 2001);
}

static void
requests_that_are_no_http_send_away(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    for (i = 0; i < 3000; i++)
        bad_client_call(&s->c, 1 + 2 * i, "echo", "| connection=close", true);
    sent_away(s, "too_many_errors");
}

/* Each has become a call by the time nghttp2 resets it. */
static void
requests_that_break_their_word_send_away(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    for (i = 0; i < 3000; i++) {
        bad_client_call(&s->c, 1 + 2 * i, "hold", "| content-length=6", false);
        bad_client_message(&s->c, 1 + 2 * i, "x", false);
        if (i % 100 == 0)
            (void)uv_run(s->s.uv, UV_RUN_NOWAIT);
        bad_client_data(&s->c, 1 + 2 * i, "more", 4, false);
    }
    sent_away(s, "too_many_errors");
    assert_true(s->s.calls < 2500);
}

static void
settings_without_end_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_flood(&s->c, MANY, BAD_SETTINGS, 0, 0, NULL, 0);
    sent_away(s, "too_many_settings");
}

static void
pings_without_end_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_flood(&s->c, 3, BAD_PING, 0, 0, "12345678", 8);
    serving_idle(&s->s);
    bad_client_await(&s->c, BAD_PING, 0);
    bad_client_await(&s->c, BAD_PING, 0);
    bad_client_await(&s->c, BAD_PING, 0);
    assert_false(bad_client_is_ready(&s->c));
    bad_client_flood(&s->c, MANY, BAD_PING, 0, 0, "12345678", 8);
    sent_away(s, "too_many_pings");
}

static void
answers_make_good_for_pings(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    for (i = 0; i < 20; i++) {
        bad_client_ping(&s->c, false, "12345678");
        bad_client_await(&s->c, BAD_PING, 0);
        bad_client_works(&s->c, 1 + 2 * i);
    }
}

static void
answers_to_no_ping_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_flood(&s->c, MANY, BAD_PING, BAD_ACK, 0, "12345678", 8);
    sent_away(s, "too_many_pings");
}

static void
empty_frames_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_flood(&s->c, MANY, BAD_DATA, 0, 1, NULL, 0);
    sent_away(s, "too_many_empty_frames");
}

static void
frames_of_padding_send_away(void **state)
{
    static const uint8_t padding[256] = { 255 };
    struct scene *s = *state;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_flood(&s->c, MANY, BAD_DATA, 8, 1, padding, sizeof(padding));
    sent_away(s, "too_many_empty_frames");
}

static void
priorities_without_end_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_flood(&s->c, MANY, 2, 0, 1, "\0\0\0\0\1", 5);
    sent_away(s, "too_many_frames");
}

static void
unknown_frames_are_ignored(void **state)
{
    struct scene *s = *state;

    bad_client_flood(&s->c, MANY, 200, 0, 0, "what", 4);
    bad_client_works(&s->c, 1);
}

/* As the official clients do it, one after the other or all at once. */
static void
streams_may_open_their_windows(void **state)
{
    struct scene *s = *state;
    uint32_t stream;
    unsigned i;

    for (stream = 1; stream < 3000; stream += 2) {
        bad_client_call(&s->c, stream, "silent", NULL, false);
        for (i = 0; i < 8; i++)
            bad_client_window(&s->c, stream, 1);
        bad_client_rst(&s->c, stream, NGHTTP2_CANCEL);
    }
    for (stream = 3001; stream < 4900; stream += 2)
        bad_client_call(&s->c, stream, "silent", NULL, false);
    for (i = 0; i < 8; i++)
        for (stream = 3001; stream < 4900; stream += 2)
            bad_client_window(&s->c, stream, 1);
    bad_client_works(&s->c, 5001);
}

static void
windows_in_crumbs_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_flood(&s->c, MANY, BAD_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
    sent_away(s, "too_many_window_updates");
}

static void
a_reader_may_open_its_window_often(void **state)
{
    struct scene *s = *state;
    unsigned i;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    bad_client_call(&s->c, 1, "count", NULL, false);
    bad_client_message(&s->c, 1, "5000 1", true);
    bad_client_await_head(&s->c, 1);
    for (i = 0; i < 5000; i++) {
        bad_client_window(&s->c, 1, 6);
        bad_client_window(&s->c, 0, 6);
        bad_client_await(&s->c, BAD_DATA, 1);
    }
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

static void
headers_without_end_send_away(void **state)
{
    struct scene *s = *state;

    bad_client_frame(&s->c, BAD_HEADERS, 0, 1, "\x83", 1);
    bad_client_flood(&s->c, MANY, BAD_CONTINUATION, 0, 1, "\x83", 1);
    sent_away(s, "");
}

static void
headers_in_some_pieces_are_fine(void **state)
{
    static const uint8_t block[] = "\x83\x86\0\5:path\x12/test.Server/total"
                                   "\0\12:authority\5there"
                                   "\0\14content-type\20application/grpc";
    struct scene *s = *state;
    size_t len = sizeof(block) - 1;
    size_t at;

    bad_client_frame(&s->c, BAD_HEADERS, BAD_END_STREAM, 1, block, 10);
    for (at = 10; at < len - 20; at += 20)
        bad_client_frame(&s->c, BAD_CONTINUATION, 0, 1, block + at, 20);
    bad_client_frame(&s->c, BAD_CONTINUATION, BAD_END_HEADERS, 1, block + at,
        len - at);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "0 0");
}

/* One entry of the compression table, again and again. */
static void
a_header_bomb_sends_away(void **state)
{
    static uint8_t block[16384];
    struct scene *s = *state;
    size_t n = 0;

    block[n++] = 0x40; /* a literal that is kept: x: 4000 bytes */
    block[n++] = 1;
    block[n++] = 'x';
    block[n++] = 127;
    block[n++] = 0xa1; /* 4000 - 127, in sevens */
    block[n++] = 0x1e;
    memset(block + n, 'y', 4000);
    n += 4000;
    memset(block + n, 0x80 | 62, sizeof(block) - n); /* that entry */
    bad_client_frame(&s->c, BAD_HEADERS, BAD_END_HEADERS, 1, block,
        sizeof(block));
    sent_away(s, "too_many_headers");
}

static void
streams_beyond_the_limit_are_an_offence(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    for (i = 0; i < 1001; i++)
        bad_client_call(&s->c, 1 + 2 * i, "silent", NULL, false);
    bad_client_await_goaway(&s->c, NGHTTP2_PROTOCOL_ERROR,
        "request HEADERS: max concurrent streams exceeded");
    bad_client_await_close(&s->c);
    serving_until_over(&s->s, s->s.calls);
    bad_client_works(&s->other, 3);
}

static void
frames_out_of_order_are_an_offence(void **state)
{
    struct scene *s = *state;

    bad_client_message(&s->c, 1, "x", true);
    do
        assert_true(bad_client_next(&s->c));
    while (s->c.frame.type != BAD_GOAWAY);
    assert_int_equal(bad_client_number(&s->c, 4), NGHTTP2_PROTOCOL_ERROR);
    bad_client_await_close(&s->c);
    bad_client_works(&s->other, 3);
}

static void
a_frame_that_is_too_long_is_an_offence(void **state)
{
    static uint8_t zeros[16385];
    struct scene *s = *state;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_data(&s->c, 1, zeros, sizeof(zeros), false);
    do
        assert_true(bad_client_next(&s->c));
    while (s->c.frame.type != BAD_GOAWAY);
    assert_int_equal(bad_client_number(&s->c, 4), NGHTTP2_FRAME_SIZE_ERROR);
    bad_client_await_close(&s->c);
    serving_until_over(&s->s, s->s.calls);
    bad_client_works(&s->other, 3);
}

/* What is asked and never read costs no more than its streams. */
static void
a_client_that_does_not_read_stops_itself(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30);
    bad_client_window(&s->c, 0, 1 << 30);
    for (i = 0; i < 900; i++) {
        bad_client_call(&s->c, 1 + 2 * i, "zeros", NULL, false);
        bad_client_message(&s->c, 1 + 2 * i, "100000", true);
    }
    serving_until_called(&s->s, 901);
    serving_idle(&s->s);
    bad_client_works(&s->other, 3);
    bad_client_await_head(&s->c, 1);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(resets_in_quick_succession_send_away),
        T(all_calls_at_once_may_be_cancelled),
        T(requests_that_are_no_http_send_away),
        T(requests_that_break_their_word_send_away),
        T(settings_without_end_send_away),
        T(pings_without_end_send_away),
        T(answers_make_good_for_pings),
        T(answers_to_no_ping_send_away),
        T(empty_frames_send_away),
        T(frames_of_padding_send_away),
        T(priorities_without_end_send_away),
        T(unknown_frames_are_ignored),
        T(streams_may_open_their_windows),
        T(windows_in_crumbs_send_away),
        T(a_reader_may_open_its_window_often),
        T(headers_without_end_send_away),
        T(headers_in_some_pieces_are_fine),
        T(a_header_bomb_sends_away),
        T(streams_beyond_the_limit_are_an_offence),
        T(frames_out_of_order_are_an_offence),
        T(a_frame_that_is_too_long_is_an_offence),
        T(a_client_that_does_not_read_stops_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
