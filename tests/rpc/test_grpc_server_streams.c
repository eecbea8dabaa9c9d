/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_streams.c - how calls to a gRPC server end before
 * their time, and who holds back whom.
 */
#include "tests/rpc/bad_client.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 65535u

/* ---------------------------------------------------------------- resets */

/* A call that has reached its method, reset. */
static void
reset_with(struct bad_scene *s, uint32_t code, enum sluice_outcome_kind kind)
{
    bad_client_call(&s->c, 1, "silent", NULL, false);
    serving_until_called(&s->s, 1);
    bad_client_rst(&s->c, 1, code);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, kind), 1);
    bad_client_works(&s->c, 3); /* and nothing else was sent */
}

static void
cancel_cancels(void **state)
{
    reset_with(*state, NGHTTP2_CANCEL, SLUICE_CANCELLED);
}

static void
no_error_is_a_shutdown(void **state)
{
    reset_with(*state, NGHTTP2_NO_ERROR, SLUICE_REMOTE_SHUTDOWN);
}

static void
internal_error_is_a_failure_there(void **state)
{
    reset_with(*state, NGHTTP2_INTERNAL_ERROR, SLUICE_REMOTE_FAILURE);
}

static void
any_other_reset_is_a_failure_of_the_network(void **state)
{
    reset_with(*state, NGHTTP2_PROTOCOL_ERROR, SLUICE_RECEPTION_FAILURE);
}

static void
an_unheard_of_reset_is_one_too(void **state)
{
    reset_with(*state, 0xdeadbeef, SLUICE_RECEPTION_FAILURE);
}

static void
a_cancel_when_the_time_is_up_is_an_expiry(void **state)
{
    struct bad_scene *s = *state;
    uint64_t due;

    bad_client_call(&s->c, 1, "silent", "| grpc-timeout=1m", false);
    while (s->s.calls == 0)
        (void)uv_run(s->s.uv, UV_RUN_NOWAIT);
    due = uv_hrtime() + (uint64_t)(2 * SLUICE_MS);
    while (uv_hrtime() < due)
        continue;
    bad_client_rst(&s->c, 1, NGHTTP2_CANCEL);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_EXPIRED), 1);
}

static void
a_call_reset_at_once_never_was_one(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "echo", NULL, false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_rst(&s->c, 1, NGHTTP2_CANCEL);
    bad_client_works(&s->c, 3);
    assert_int_equal(s->s.calls, 1);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_CANCELLED), 0);
}

static void
a_reset_behind_the_answer_changes_nothing(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "hang_up", NULL, false);
    bad_client_message(&s->c, 1, "x", false);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "x");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
    bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    bad_client_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    bad_client_works(&s->c, 3);
    serving_until_over(&s->s, 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 2);
}

static void
what_comes_behind_the_answer_is_dropped(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "fail", NULL, false);
    bad_client_message(&s->c, 1, "9", false);
    bad_client_message(&s->c, 1, "more", false);
    bad_client_await_end(&s->c, 1, "grpc-status: 9", NULL);
    bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    bad_client_message(&s->c, 1, "late", true);
    bad_client_works(&s->c, 3);
}

static void
a_lost_connection_ends_its_calls(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_call(&s->c, 3, "hold", NULL, false);
    bad_client_message(&s->c, 3, "x", true);
    serving_until_called(&s->s, 2);
    bad_client_close(&s->c);
    serving_until_over(&s->s, 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_RECEPTION_FAILURE), 2);
    assert_int_equal(sluice_grpc_server_connections(s->s.server), 0);
}

/* -------------------------------------------------- ends of the service's */

static void
a_defect_of_the_service_is_unknown(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "crash", NULL, false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_await_end(&s->c, 1, "grpc-status: 2",
        "grpc-message: the service failed");
}

static void
a_service_that_cancels_says_so(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "give_up", NULL, false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_await_end(&s->c, 1, "grpc-status: 1", NULL);
}

static void
an_expired_call_is_answered(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "silent", "| grpc-timeout=1m", false);
    bad_client_await_end(&s->c, 1, "grpc-status: 4", NULL);
    bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_EXPIRED), 1);
}

static void
an_end_that_stops_answers_its_calls(void **state)
{
    struct bad_scene *s = *state;

    bad_client_call(&s->c, 1, "greet", NULL, false);
    bad_client_await_head(&s->c, 1);
    serving_stop(&s->s);
    bad_client_await_end(&s->c, 1, "grpc-status: 14", NULL);
    bad_client_await_rst(&s->c, 1, NGHTTP2_NO_ERROR);
    bad_client_call(&s->c, 3, "echo", NULL, false);
    bad_client_message(&s->c, 3, "x", true);
    bad_client_await_end(&s->c, 3, "grpc-status: 14", ":status: 200");
}

static void
what_was_answered_last_is_still_written(void **state)
{
    struct bad_scene *s = *state;
    bool is_closed = false;

    bad_client_call(&s->c, 1, "hold", NULL, false);
    bad_client_message(&s->c, 1, "x", true);
    serving_until_called(&s->s, 1);
    serving_stop(&s->s);
    sluice_grpc_server_close(&s->s.server, serving_set, &is_closed);
    serving_until(&s->s, serving_is_set, &is_closed);
    bad_client_await_end(&s->c, 1, "grpc-status: 14", NULL);
    bad_client_await_goaway(&s->c, NGHTTP2_NO_ERROR, "");
    bad_client_await_close(&s->c);
}

/* -------------------------------------------------------------- metadata */

static void
details_are_cut_to_what_fits(void **state)
{
    struct bad_scene *s = *state;
    char request[8193];

    memset(request, 'd', sizeof(request) - 1);
    memcpy(request, "5 ", 2);
    request[sizeof(request) - 1] = '\0';
    bad_client_setting(&s->c, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1000);
    bad_client_call(&s->c, 1, "fail", NULL, false);
    bad_client_message(&s->c, 1, request, true);
    bad_client_await_end(&s->c, 1, "grpc-status: 5", NULL);
    assert_true(s->c.frame.length < 1000);
    assert_non_null(strstr(s->c.wire.block, "grpc-message: ddd"));
    assert_null(strstr(s->c.wire.block, "x-why"));
    memcpy(request, "5 \u20ac", 5);
    bad_client_call(&s->c, 3, "fail", NULL, false);
    bad_client_message(&s->c, 3, request, true);
    bad_client_await_end(&s->c, 3, "grpc-status: 5", NULL);
    assert_non_null(strstr(s->c.wire.block, "grpc-message: %E2%82%ACddd"));
}

static void
metadata_that_does_not_fit_fails_the_call(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 1000);
    bad_client_call(&s->c, 1, "metadata", "| x-a*2000=a", false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_await_end(&s->c, 1, "grpc-status: 8", NULL);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_TRANSMISSION_FAILURE), 1);
    bad_client_works(&s->c, 3);
}

/* ---------------------------------------------------------- flow control */

static void
nobody_gets_window_for_what_nobody_wants(void **state)
{
    static uint8_t zeros[16384];
    struct bad_scene *s = *state;
    size_t left;
    size_t n;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_message(&s->c, 1, "the first is free", false);
    for (left = WINDOW - 22; left > 0; left -= n) {
        n = left < sizeof(zeros) ? left : sizeof(zeros);
        bad_client_data(&s->c, 1, zeros, n, false);
    }
    bad_client_works(&s->c, 3); /* all that has been read */
    serving_idle(&s->s);
    while (bad_client_is_ready(&s->c)) {
        assert_true(bad_client_next(&s->c));
        assert_int_equal(s->c.frame.type, BAD_WINDOW_UPDATE);
        assert_true(bad_client_number(&s->c, 0) <= 22);
    }
    assert_int_equal(s->s.requests, 1);
}

static void
one_byte_more_than_the_window_resets_the_stream(void **state)
{
    static uint8_t zeros[16384];
    struct bad_scene *s = *state;
    unsigned i;

    bad_client_call(&s->c, 1, "silent", NULL, false);
    bad_client_message(&s->c, 1, "", false);
    for (i = 0; i < 4; i++)
        bad_client_data(&s->c, 1, zeros, sizeof(zeros), false);
    bad_client_await_rst(&s->c, 1, NGHTTP2_FLOW_CONTROL_ERROR);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_RECEPTION_FAILURE), 1);
    bad_client_works(&s->c, 3);
}

static void
a_reader_that_wants_more_gets_window(void **state)
{
    static uint8_t zeros[16384];
    struct bad_scene *s = *state;
    uint32_t given = 0;
    unsigned i;

    bad_client_call(&s->c, 1, "total", NULL, false);
    for (i = 0; i < 16384 / 5 * 3; i++)
        bad_client_data(&s->c, 1, zeros, 5, false);
    while (given < 16384) {
        bad_client_await(&s->c, BAD_WINDOW_UPDATE, 1);
        given += bad_client_number(&s->c, 0);
    }
    bad_client_rst(&s->c, 1, NGHTTP2_CANCEL);
}

static void
messages_go_as_the_callers_window_opens(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 8);
    bad_client_call(&s->c, 1, "echo", NULL, false);
    bad_client_message(&s->c, 1, "0123456789", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await(&s->c, BAD_DATA, 1);
    assert_int_equal(s->c.frame.length, 8);
    serving_idle(&s->s);
    assert_false(bad_client_is_ready(&s->c));
    bad_client_window(&s->c, 1, 3);
    bad_client_await(&s->c, BAD_DATA, 1);
    assert_int_equal(s->c.frame.length, 3);
    bad_client_window(&s->c, 1, 100);
    bad_client_await(&s->c, BAD_DATA, 1);
    assert_int_equal(s->c.frame.length, 4);
    assert_memory_equal(s->c.wire.payload, "6789", 4);
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

static void
a_status_needs_no_window(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 6);
    bad_client_call(&s->c, 1, "chat", NULL, false);
    bad_client_message(&s->c, 1, "x", false);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "x");
    bad_client_data(&s->c, 1, NULL, 0, true);
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

static void
a_window_of_nothing_holds_the_service_back(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    bad_client_call(&s->c, 1, "count", NULL, false);
    bad_client_message(&s->c, 1, "1000 1000", true);
    bad_client_await_head(&s->c, 1);
    serving_idle(&s->s);
    assert_int_equal(s->s.sent, 1);
    bad_client_window(&s->c, 1, 1005);
    bad_client_await(&s->c, BAD_DATA, 1);
    serving_idle(&s->s);
    assert_int_equal(s->s.sent, 2);
    bad_client_rst(&s->c, 1, NGHTTP2_CANCEL);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_CANCELLED), 1);
}

static void
a_message_that_has_begun_is_finished_before_the_status(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100);
    bad_client_call(&s->c, 1, "count", "| grpc-timeout=50m", false);
    bad_client_message(&s->c, 1, "10 1000", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await(&s->c, BAD_DATA, 1);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_EXPIRED), 1);
    bad_client_window(&s->c, 1, 10000);
    bad_client_await(&s->c, BAD_DATA, 1);
    assert_int_equal(s->c.frame.length, 905);
    bad_client_await_end(&s->c, 1, "grpc-status: 4", NULL);
}

static void
a_message_that_has_not_begun_is_dropped_for_the_status(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    bad_client_call(&s->c, 1, "count", "| grpc-timeout=50m", false);
    bad_client_message(&s->c, 1, "10 1000", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_end(&s->c, 1, "grpc-status: 4", NULL);
}

static void
a_last_message_waits_for_window_after_its_call_is_over(void **state)
{
    struct bad_scene *s = *state;

    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    bad_client_call(&s->c, 1, "echo", NULL, false);
    bad_client_message(&s->c, 1, "x", true);
    bad_client_await_head(&s->c, 1);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 1);
    bad_client_window(&s->c, 1, 100);
    bad_client_await_message(&s->c, 1, "x");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
}

/* Output has stopped between a frame's head and its bytes, wherever that is
 * among so many. */
static void
a_status_follows_a_message_that_waits_for_the_socket(void **state)
{
    static char text[8193];
    struct bad_scene *s = *state;
    unsigned ended = 0;
    uint32_t i;

    memset(text, 't', sizeof(text) - 1);
    bad_client_window(&s->c, 0, 1 << 24);
    for (i = 0; i < 100; i++) {
        bad_client_call(&s->c, 1 + 2 * i, "chat", NULL, false);
        bad_client_message(&s->c, 1 + 2 * i, text, false);
    }
    serving_until_called(&s->s, 100);
    serving_idle(&s->s);
    for (i = 0; i < 100; i++)
        bad_client_data(&s->c, 1 + 2 * i, NULL, 0, true);
    serving_until_over(&s->s, 100);
    while (ended < 100) {
        assert_true(bad_client_next(&s->c));
        ended += s->c.frame.type == BAD_HEADERS &&
            (s->c.frame.flags & BAD_END_STREAM) != 0;
    }
}

int
main(void)
{
#define T(name) \
    cmocka_unit_test_setup_teardown(name, bad_scene_open, bad_scene_close)
    const struct CMUnitTest tests[] = {
        T(cancel_cancels),
        T(no_error_is_a_shutdown),
        T(internal_error_is_a_failure_there),
        T(any_other_reset_is_a_failure_of_the_network),
        T(an_unheard_of_reset_is_one_too),
        T(a_cancel_when_the_time_is_up_is_an_expiry),
        T(a_call_reset_at_once_never_was_one),
        T(a_reset_behind_the_answer_changes_nothing),
        T(what_comes_behind_the_answer_is_dropped),
        T(a_lost_connection_ends_its_calls),
        T(a_defect_of_the_service_is_unknown),
        T(a_service_that_cancels_says_so),
        T(an_expired_call_is_answered),
        T(an_end_that_stops_answers_its_calls),
        T(what_was_answered_last_is_still_written),
        T(details_are_cut_to_what_fits),
        T(metadata_that_does_not_fit_fails_the_call),
        T(nobody_gets_window_for_what_nobody_wants),
        T(one_byte_more_than_the_window_resets_the_stream),
        T(a_reader_that_wants_more_gets_window),
        T(messages_go_as_the_callers_window_opens),
        T(a_status_needs_no_window),
        T(a_window_of_nothing_holds_the_service_back),
        T(a_message_that_has_begun_is_finished_before_the_status),
        T(a_message_that_has_not_begun_is_dropped_for_the_status),
        T(a_last_message_waits_for_window_after_its_call_is_over),
        T(a_status_follows_a_message_that_waits_for_the_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
