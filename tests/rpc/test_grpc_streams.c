/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_streams.c - what goes on between the first byte of a call
 * and its last: windows, allowances, half-closing, cancelling.
 */
#include "tests/rpc/grpc_scene.h"

#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_session_private.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- sending */

static void
each_payload_that_went_out_grants_the_next(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message pong; status 0; hold", NULL);
    grpc_call_start(&s->call, "Call", NULL, false);
    assert_int_equal(s->call.allowance, 1);
    grpc_call_send(&s->call, "one", 3, false);
    grpc_call_await_allowance(&s->call);
    grpc_call_send(&s->call, "", 0, false);
    grpc_call_await_allowance(&s->call);
    grpc_call_send(&s->call, "three", 5, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_bytes(s->backend), 8 + 5 + 10);
    scene_close(s);
}

static void
a_stream_may_end_without_a_payload(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO SERVE, NULL);
    grpc_call_start(&s->call, "Call", NULL, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_bytes(s->backend), 0);
    scene_close(s);
}

static void
a_stream_may_end_after_its_last_payload_went_out(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO SERVE, NULL);
    grpc_call_start(&s->call, "Call", "x", false);
    grpc_call_await_allowance(&s->call);
    grpc_call_complete(&s->call);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_bytes(s->backend), 6);
    scene_close(s);
}

static void
messages_flow_both_ways_in_turn(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait data; ok; message a; wait data; message b; "
              "wait end; status 0; hold",
        NULL);
    grpc_call_start(&s->call, "Call", "x", false);
    grpc_call_await_payloads(&s->call, 1);
    assert_int_equal(s->call.allowance, 1);
    grpc_call_send(&s->call, "y", 1, false);
    grpc_call_await_payloads(&s->call, 2);
    grpc_call_complete(&s->call);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "ab");
    scene_close(s);
}

static void
a_payload_waits_for_the_peers_window(void **state)
{
    struct scene *s = *state;
    char *big = test_calloc(1, 100000);

    scene_open(s,
        "wait preface; settings 4=10; ack; wait request; "
        "repeat 10 window 1 3; window 1 1000000; window 0 1000000; wait end; "
        "ok; status 0; hold",
        NULL);
    grpc_call_start(&s->call, "Call", NULL, false);
    grpc_call_send(&s->call, big, 100000, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_bytes(s->backend), 100005);
    test_free(big);
    scene_close(s);
}

static void
a_window_may_shrink_to_nothing_and_reopen(void **state)
{
    struct scene *s = *state;
    char *big = test_calloc(1, 60000);

    scene_open(s,
        "wait preface; settings 4=100; ack; wait request; "
        "settings 4=0; wait ack; settings 4=50; wait ack; settings 4=100000; "
        "wait end; ok; status 0; hold",
        NULL);
    grpc_call_start(&s->call, "Call", NULL, false);
    grpc_call_send(&s->call, big, 60000, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_bytes(s->backend), 60005);
    test_free(big);
    scene_close(s);
}

static void
a_payload_that_waits_for_the_window_grants_nothing(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        "wait preface; settings 4=4; ack; wait request; ping; "
        "wait pong; hold",
        NULL);
    grpc_call_start(&s->call, "Call", "more than four", false);
    grpc_world_idle(&s->w);
    assert_int_equal(s->call.allowance, 0);
    sluice_operation_cancel(s->call.op);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_CANCELLED);
    scene_close(s);
}

static void
a_backend_that_never_reads_stops_its_call_only(void **state)
{
    struct scene *s = *state;
    size_t size = 64u << 20;
    char *big = calloc(1, size);

    /* Windows of 2 GiB, and nobody at the other end of the socket. */
    scene_open(s,
        "wait preface; settings 4=2147483647; "
        "window 0 2147418112; stall",
        NULL);
    assert_non_null(big);
    s->call.timeout_ns = 200 * SLUICE_MS;
    grpc_call_start(&s->call, "Call", NULL, false);
    grpc_call_send(&s->call, big, size, true);
    free(big);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    scene_close(s);
}

static void
metadata_may_follow_within_the_turn_but_not_later(void **state)
{
    struct scene *s = *state;
    struct sluice_values v = { .allowance = 0 };

    scene_open(s, HELLO "wait end; ok; echo; status 0; hold", NULL);
    grpc_call_start(&s->call, "Call", NULL, false);
    v.initial_metadata = sluice_metadata_new(NULL);
    (void)!sluice_metadata_add(v.initial_metadata, sluice_str("late"),
        sluice_str("yes"));
    sluice_operation_advance(s->call.op, &v);
    grpc_call_complete(&s->call);
    grpc_call_await(&s->call);
    assert_non_null(strstr(s->call.text, "late: yes\n"));

    grpc_call_start(&s->next, "Call", NULL, false);
    grpc_world_idle(&s->w);
    v.initial_metadata = sluice_metadata_new(NULL);
    sluice_operation_advance(s->next.op, &v);
    grpc_call_await(&s->next);
    assert_int_equal(s->next.kind, SLUICE_TRANSMISSION_FAILURE);
    scene_close(s);
}

static void
the_remaining_time_goes_with_the_request(void **state)
{
    struct scene *s = *state;
    const char *text;
    int64_t ns;

    scene_open(s, HELLO "label; wait end; ok; echo; status 0; again", NULL);
    s->call.timeout_ns = 3600 * SLUICE_SECOND;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    text = strstr(s->call.text, "\ngrpc-timeout: ");
    assert_non_null(text);
    text += strlen("\ngrpc-timeout: ");
    assert_int_equal(
        sluice_grpc_timeout_parse(sluice_str_n(text, strcspn(text, "\n")), &ns),
        SLUICE_OK);
    assert_true(ns > 3000 * SLUICE_SECOND && ns <= 3600 * SLUICE_SECOND);
    s->next.timeout_ns = SLUICE_NO_TIMEOUT;
    grpc_call_start(&s->next, "Call", "x", true);
    grpc_call_await(&s->next);
    assert_null(strstr(s->next.text, "grpc-timeout"));
    scene_close(s);
}

static void
a_group_or_method_that_cannot_be_in_a_path_is_refused(void **state)
{
    static const char *const bad[] = { "", "a b", "a/b", "a\nb", "\xc3\xa9" };
    struct scene *s = *state;
    size_t i;

    scene_open(s, HELLO SERVE, NULL);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        grpc_call_init(&s->call, &s->w);
        grpc_call_start(&s->call, bad[i], "x", true);
        grpc_call_await(&s->call);
        assert_int_equal(s->call.kind, SLUICE_TRANSMISSION_FAILURE);
        grpc_call_fini(&s->call);
    }
    assert_int_equal(bad_backend_connections(s->backend), 0);
    scene_close(s);
}

static void
a_long_method_name_is_sent_whole(void **state)
{
    struct scene *s = *state;
    char name[301];

    memset(name, 'm', 300);
    name[300] = '\0';
    scene_open(s, HELLO "wait end; ok; echo; status 0; hold", NULL);
    grpc_call_start(&s->call, name, "x", true);
    grpc_call_await(&s->call);
    assert_non_null(strstr(s->call.text, name));
    scene_close(s);
}

/* -------------------------------------------------------------- receiving */

static void
a_reader_that_grants_nothing_gets_one_message_and_holds_the_rest(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; ok; zeros 20000; zeros 20000; zeros 20000; "
              "wait window; zeros 20000; status 0; hold",
        NULL);
    s->call.grants_nothing = true;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    grpc_world_idle(&s->w);
    assert_int_equal(s->call.payloads, 1);
    grpc_call_grant(&s->call, 1);
    grpc_call_await_payloads(&s->call, 2);
    grpc_world_idle(&s->w);
    assert_int_equal(s->call.payloads, 2);
    grpc_call_grant(&s->call, 5);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 4);
    assert_int_equal(s->call.bytes, 80000);
    scene_close(s);
}

static void
a_status_waits_behind_messages_that_are_not_wanted_yet(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message a; message b; status 9; hold",
        NULL);
    s->call.grants_nothing = true;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    grpc_world_idle(&s->w);
    assert_int_equal(s->call.terminations, 0);
    grpc_call_grant(&s->call, 1);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, 9);
    assert_string_equal(s->call.text, "ab");
    scene_close(s);
}

static void
a_reset_does_not_wait_behind_messages(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message a; message b; rst 2; hold",
        NULL);
    s->call.grants_nothing = true;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 13);
    assert_string_equal(s->call.text, "a");
    scene_close(s);
}

static void
a_slow_reader_does_not_hold_up_its_neighbour(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; ok; zeros 30000; zeros 30000; wait end; ok; "
              "message pong; status 0; hold",
        NULL);
    s->call.grants_nothing = true;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 1);
    scene_close(s);
}

static void
many_small_messages_in_one_frame_arrive_one_by_one(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait end; ok; repeat 5000 message 1234567; status 0; "
              "hold",
        NULL);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 5000);
    assert_int_equal(s->call.bytes, 35000);
    scene_close(s);
}

static void
initial_metadata_comes_before_the_first_message(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait request; headers | :status=200 | content-type="
              "application/grpc | a=b; wait end; message pong; status 0; hold",
        NULL);
    grpc_call_start(&s->call, "Call", "x", false);
    grpc_call_await_initial(&s->call);
    assert_int_equal(s->call.payloads, 0);
    assert_int_equal(sluice_metadata_count(s->call.initial), 1);
    grpc_call_complete(&s->call);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    scene_close(s);
}

static void
an_early_answer_completes_and_resets_without_error(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        HELLO "wait request; ok; message pong; status 0; wait rst; " SERVE,
        NULL);
    grpc_call_start(&s->call, "Call", "x", false);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_resets(s->backend), 1);
    assert_int_equal(bad_backend_last_reset(s->backend), 0);
    scene_close(s);
}

/* -------------------------------------------------------------- cancelling */

static void
cancelling_resets_the_stream(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message a; wait rst; " SERVE, NULL);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    sluice_operation_cancel(s->call.op);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_CANCELLED);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_last_reset(s->backend), 8);
    scene_close(s);
}

static void
a_call_cancelled_in_its_first_turn_never_leaves(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO SERVE, NULL);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_start(&s->call, "Call", "x", true);
    sluice_operation_cancel(s->call.op);
    grpc_call_await(&s->call);
    grpc_world_idle(&s->w);
    assert_int_equal(bad_backend_requests(s->backend), 1);
    scene_close(s);
}

static void
a_call_cancelled_before_the_connection_is_up_never_leaves(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO SERVE, NULL);
    grpc_call_start(&s->call, "Call", "x", true);
    sluice_operation_cancel(s->call.op);
    grpc_call_await(&s->call);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_requests(s->backend), 1);
    scene_close(s);
}

static void
many_cancellations_move_on_to_a_new_connection(void **state)
{
    struct scene *s = *state;
    int i;

    scene_open(s, HELLO "label; wait request; ok; wait rst; again", NULL);
    for (i = 0; i < 510; i++) {
        grpc_call_init(&s->call, &s->w);
        grpc_call_start(&s->call, "Call", "x", true);
        grpc_call_await_initial(&s->call);
        sluice_operation_cancel(s->call.op);
        grpc_call_await(&s->call);
        grpc_call_fini(&s->call);
    }
    assert_int_equal(bad_backend_connections(s->backend), 2);
    scene_close(s);
}

static bool
has_served(void *arg)
{
    const struct sluice_grpc_client *client = arg;

    return client->session != NULL && client->session->last_sent > 0 &&
        client->session->active == 0;
}

static bool
has_stream(void *arg)
{
    return ((struct sluice_grpc_client *)arg)->session->active > 0;
}

static void
an_operation_without_a_subscription_still_goes_out(void **state)
{
    struct scene *s = *state;
    struct sluice_completion completion = { .has_code = false };
    struct sluice_invocation i = { .group = sluice_str("test.Bad"),
        .method = sluice_str("Forget"),
        .subscription = sluice_none_subscription(),
        .timeout_ns = 10 * SLUICE_SECOND };

    scene_open(s, HELLO SERVE, NULL);
    i.first.payload = sluice_bytes_copy(NULL, "forget", 6);
    i.first.completion = &completion;
    assert_int_equal(sluice_end_operate(s->w.end, &i, &s->call.op), SLUICE_OK);
    grpc_world_until(&s->w, has_served, s->w.client);
    assert_int_equal(bad_backend_requests(s->backend), 1);
    assert_int_equal(bad_backend_bytes(s->backend), 11);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_resets(s->backend), 0);
    scene_close(s);
}

static void
a_forgotten_operation_is_reset_at_its_deadline(void **state)
{
    struct scene *s = *state;
    struct sluice_completion completion = { .has_code = false };
    struct sluice_invocation i = { .group = sluice_str("test.Bad"),
        .method = sluice_str("Forget"),
        .subscription = sluice_none_subscription(),
        .timeout_ns = 30 * SLUICE_MS };

    scene_open(s, HELLO "wait end; ok; status 0; wait end; hold", NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_fini(&s->call);
    i.first.completion = &completion;
    assert_int_equal(sluice_end_operate(s->w.end, &i, &s->call.op), SLUICE_OK);
    grpc_world_until(&s->w, has_stream, s->w.client);
    grpc_world_until(&s->w, has_served, s->w.client);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(each_payload_that_went_out_grants_the_next),
        SCENE(a_stream_may_end_without_a_payload),
        SCENE(a_stream_may_end_after_its_last_payload_went_out),
        SCENE(messages_flow_both_ways_in_turn),
        SCENE(a_payload_waits_for_the_peers_window),
        SCENE(a_window_may_shrink_to_nothing_and_reopen),
        SCENE(a_payload_that_waits_for_the_window_grants_nothing),
        SCENE(a_backend_that_never_reads_stops_its_call_only),
        SCENE(metadata_may_follow_within_the_turn_but_not_later),
        SCENE(the_remaining_time_goes_with_the_request),
        SCENE(a_group_or_method_that_cannot_be_in_a_path_is_refused),
        SCENE(a_long_method_name_is_sent_whole),
        SCENE(a_reader_that_grants_nothing_gets_one_message_and_holds_the_rest),
        SCENE(a_status_waits_behind_messages_that_are_not_wanted_yet),
        SCENE(a_reset_does_not_wait_behind_messages),
        SCENE(a_slow_reader_does_not_hold_up_its_neighbour),
        SCENE(many_small_messages_in_one_frame_arrive_one_by_one),
        SCENE(initial_metadata_comes_before_the_first_message),
        SCENE(an_early_answer_completes_and_resets_without_error),
        SCENE(cancelling_resets_the_stream),
        SCENE(a_call_cancelled_in_its_first_turn_never_leaves),
        SCENE(a_call_cancelled_before_the_connection_is_up_never_leaves),
        SCENE(many_cancellations_move_on_to_a_new_connection),
        SCENE(an_operation_without_a_subscription_still_goes_out),
        SCENE(a_forgotten_operation_is_reset_at_its_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
