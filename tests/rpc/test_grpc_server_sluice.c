/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_sluice.c - our own client and our own server, two
 * Ends with the gRPC link between them: whatever happens on one side is seen
 * as base.h says on the other.
 */
#include "tests/rpc/grpc_world.h"
#include "tests/rpc/serving.h"

#include <stdio.h>
#include <string.h>

struct scene {
    struct grpc_world w;
    struct serving s;
    struct grpc_call call;
    char path[64];
};

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));
    struct sluice_grpc_client_options o = { .max_waiting = 0 };
    const char *why;

    *state = s;
    (void)snprintf(s->path, sizeof(s->path), "unix:/tmp/sluice-pair-%d",
        (int)uv_os_getpid());
    o.target = sluice_str(s->path);
    grpc_world_open(&s->w, 0, &o);
    serving_open_on(&s->s, s->w.loop, "test.Bad", NULL);
    assert_int_equal(sluice_grpc_server_listen(s->s.server, sluice_str(s->path),
                         &why),
        SLUICE_OK);
    grpc_call_init(&s->call, &s->w);
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    grpc_call_fini(&s->call);
    serving_close(&s->s);
    grpc_world_close(&s->w);
    test_free(s);
    return 0;
}

/* What both sides make of the call's end. */
static void
ended(struct scene *s, enum sluice_outcome_kind there,
    enum sluice_outcome_kind here)
{
    grpc_call_await(&s->call);
    serving_until_over(&s->s, 1);
    assert_string_equal(sluice_outcome_kind_name(s->call.kind),
        sluice_outcome_kind_name(there));
    assert_int_equal(serving_ended(&s->s, here), 1);
}

static void
a_unary_call_completes_on_both_sides(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "echo", "hello", true);
    ended(s, SLUICE_COMPLETED, SLUICE_COMPLETED);
    assert_string_equal(s->call.text, "hello");
}

static void
a_stream_is_held_back_by_its_reader(void **state)
{
    struct scene *s = *state;

    s->call.grants_nothing = true;
    grpc_call_start(&s->call, "count", "1000 10000", true);
    grpc_call_await_payloads(&s->call, 1);
    grpc_world_idle(&s->w);
    assert_true(s->s.sent < 20);
    assert_int_equal(s->call.payloads, 1);
    grpc_call_grant(&s->call, 1000);
    ended(s, SLUICE_COMPLETED, SLUICE_COMPLETED);
    assert_int_equal(s->call.payloads, 1000);
    assert_int_equal(s->call.bytes, 10000000);
}

static void
a_sender_is_held_back_by_the_service(void **state)
{
    static char text[10001];
    struct scene *s = *state;
    size_t sent;

    memset(text, 't', sizeof(text) - 1);
    grpc_call_start(&s->call, "silent", NULL, false);
    for (sent = 0; sent < 50; sent++)
        grpc_call_send(&s->call, text, sizeof(text) - 1, false);
    serving_until_called(&s->s, 1);
    grpc_world_idle(&s->w);
    assert_int_equal(s->s.requests, 1);
    assert_true(s->call.allowance < 0); /* most of them wait */
    sluice_operation_cancel(s->call.op);
    ended(s, SLUICE_CANCELLED, SLUICE_CANCELLED);
}

static void
messages_go_back_and_forth(void **state)
{
    struct scene *s = *state;
    size_t i;

    grpc_call_start(&s->call, "chat", NULL, false);
    for (i = 0; i < 100; i++) {
        grpc_call_await_allowance(&s->call);
        grpc_call_send(&s->call, "x", 1, false);
        grpc_call_await_payloads(&s->call, i + 1);
    }
    grpc_call_complete(&s->call);
    ended(s, SLUICE_COMPLETED, SLUICE_COMPLETED);
}

static void
a_caller_may_cancel(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "hold", "x", true);
    serving_until_called(&s->s, 1);
    sluice_operation_cancel(s->call.op);
    ended(s, SLUICE_CANCELLED, SLUICE_CANCELLED);
}

static void
a_service_may_cancel(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "give_up", "x", true);
    ended(s, SLUICE_CANCELLED, SLUICE_CANCELLED);
}

static void
time_runs_out_for_both(void **state)
{
    struct scene *s = *state;

    s->call.timeout_ns = SLUICE_SECOND;
    grpc_call_start(&s->call, "hold", "x", true);
    serving_until_called(&s->s, 1);
    grpc_call_await(&s->call);
    serving_until_over(&s->s, 1);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    /* The caller's EXPIRED travels as a cancellation, and may be faster than
     * the clock here. */
    assert_int_equal(serving_ended(&s->s, SLUICE_EXPIRED) +
            serving_ended(&s->s, SLUICE_CANCELLED),
        1);
}

static void
a_defect_here_is_a_failure_there(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "crash", "x", true);
    ended(s, SLUICE_REMOTE_FAILURE, SLUICE_LOCAL_FAILURE);
    assert_int_equal(s->call.code, SLUICE_CODE_UNKNOWN);
}

static void
a_defect_there_is_a_failure_here(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "hold", "x", true);
    serving_until_called(&s->s, 1);
    sluice_operation_fail(s->call.op);
    ended(s, SLUICE_LOCAL_FAILURE, SLUICE_REMOTE_FAILURE);
}

static void
a_method_that_does_not_exist_is_the_callers_defect(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "no_such_method", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, SLUICE_CODE_UNIMPLEMENTED);
    assert_int_equal(serving_ended(&s->s, SLUICE_REMOTE_FAILURE), 1);
}

static void
a_service_that_stops_is_a_shutdown_there(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "hold", "x", true);
    serving_until_called(&s->s, 1);
    serving_stop(&s->s);
    ended(s, SLUICE_REMOTE_SHUTDOWN, SLUICE_LOCAL_SHUTDOWN);
}

static void
a_caller_that_stops_is_a_shutdown_here(void **state)
{
    struct scene *s = *state;
    bool is_stopped = false;

    grpc_call_start(&s->call, "hold", "x", true);
    serving_until_called(&s->s, 1);
    assert_int_equal(sluice_end_stop(s->w.end, 0, serving_set, &is_stopped),
        SLUICE_OK);
    grpc_world_until(&s->w, serving_is_set, &is_stopped);
    ended(s, SLUICE_LOCAL_SHUTDOWN, SLUICE_REMOTE_SHUTDOWN);
}

static void
a_status_of_failure_completes_here(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "fail", "5 no such book", true);
    ended(s, SLUICE_REMOTE_FAILURE, SLUICE_COMPLETED);
    assert_int_equal(s->call.code, SLUICE_CODE_NOT_FOUND);
    assert_string_equal(s->call.details, "no such book");
    assert_int_equal(sluice_metadata_count(s->call.terminal), 2);
}

static void
a_service_may_end_before_its_caller(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "hang_up", NULL, false);
    grpc_call_send(&s->call, "only", 4, false);
    ended(s, SLUICE_COMPLETED, SLUICE_COMPLETED);
    assert_string_equal(s->call.text, "only");
}

static void
a_graceful_stop_loses_nothing(void **state)
{
    struct scene *s = *state;
    bool is_stopped = false;

    grpc_call_start(&s->call, "chat", NULL, false);
    grpc_call_send(&s->call, "a", 1, false);
    grpc_call_await_payloads(&s->call, 1);
    sluice_grpc_server_drain(s->s.server);
    assert_int_equal(sluice_end_stop(s->s.end, 20 * SLUICE_SECOND, serving_set,
                         &is_stopped),
        SLUICE_OK);
    grpc_world_idle(&s->w);
    assert_false(is_stopped);
    grpc_call_send(&s->call, "b", 1, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "ab");
    grpc_world_until(&s->w, serving_is_set, &is_stopped);
    serving_until_gone(&s->s);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_unary_call_completes_on_both_sides),
        T(a_stream_is_held_back_by_its_reader),
        T(a_sender_is_held_back_by_the_service),
        T(messages_go_back_and_forth),
        T(a_caller_may_cancel),
        T(a_service_may_cancel),
        T(time_runs_out_for_both),
        T(a_defect_here_is_a_failure_there),
        T(a_defect_there_is_a_failure_here),
        T(a_method_that_does_not_exist_is_the_callers_defect),
        T(a_service_that_stops_is_a_shutdown_there),
        T(a_caller_that_stops_is_a_shutdown_here),
        T(a_status_of_failure_completes_here),
        T(a_service_may_end_before_its_caller),
        T(a_graceful_stop_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
