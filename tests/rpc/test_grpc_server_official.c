/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_official.c - the gRPC server against the official
 * gRPC library (tests/rpc/grpc_client.py): what it asks we answer.
 */
#include "tests/rpc/serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scene {
    struct serving s;
    char address[128];
    uv_process_t client;
    uv_pipe_t to_client;
    uv_pipe_t from_client;
    uv_write_t write;
    char said[256]; /* all that the client has said */
    size_t said_len;
    unsigned open_handles;
    bool has_exited;
    int64_t status;
    int signal;
};

static int
open_with(void **state, const struct sluice_grpc_server_options *options)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    *state = s;
    serving_open(&s->s, options);
    (void)snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", s->s.port);
    return 0;
}

static int
setup(void **state)
{
    return open_with(state, NULL);
}

static int
setup_for_large(void **state)
{
    struct sluice_grpc_server_options o = { .max_message = 32u << 20 };

    return open_with(state, &o);
}

static int
setup_for_small(void **state)
{
    struct sluice_grpc_server_options o = { .max_message = 64u << 10 };

    return open_with(state, &o);
}

static int
setup_for_many(void **state)
{
    struct sluice_grpc_server_options o = { .max_concurrent_streams = 100 };

    return open_with(state, &o);
}

static int
setup_for_pings(void **state)
{
    struct sluice_grpc_server_options o = { .min_ping_interval_ns =
                                                10 * SLUICE_MS };

    return open_with(state, &o);
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    serving_close(&s->s);
    test_free(s);
    return 0;
}

/* ------------------------------------------------------------ the client */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct scene *s = handle->data;

    s->open_handles--;
}

static void
on_exit_of_client(uv_process_t *process, int64_t status, int sig)
{
    struct scene *s = process->data;

    s->status = status;
    s->signal = sig;
    uv_close((uv_handle_t *)process, on_handle_closed);
    uv_close((uv_handle_t *)&s->to_client, on_handle_closed);
    uv_close((uv_handle_t *)&s->from_client, on_handle_closed);
    s->has_exited = true;
}

static void
on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct scene *s = handle->data;

    (void)suggested;
    *buf = uv_buf_init(s->said + s->said_len,
        (unsigned)(sizeof(s->said) - 1 - s->said_len));
}

static void
on_said(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct scene *s = stream->data;

    (void)buf;
    if (n > 0)
        s->said_len += (size_t)n;
}

static void
open_pipe(struct scene *s, uv_pipe_t *pipe)
{
    assert_int_equal(uv_pipe_init(s->s.uv, pipe, 0), 0);
    pipe->data = s;
}

static void
start(struct scene *s, const char *name)
{
    const char *top = getenv("top_srcdir");
    const char *python = getenv("PYTHON3");
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
            .data.stream = (uv_stream_t *)&s->to_client },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
            .data.stream = (uv_stream_t *)&s->from_client },
        { .flags = UV_INHERIT_FD, .data.fd = 2 }
    };
    uv_process_options_t o = { .exit_cb = on_exit_of_client };
    char program[] = "python3";
    char script[1024];
    char scene[64];
    char *args[] = { program, script, s->address, scene, NULL };

    (void)snprintf(script, sizeof(script), "%s/tests/rpc/grpc_client.py",
        top != NULL ? top : "..");
    (void)snprintf(scene, sizeof(scene), "%s", name);
    (void)unsetenv("LD_PRELOAD");
    o.file = python != NULL ? python : "/usr/bin/python3";
    o.args = args;
    o.stdio = stdio;
    o.stdio_count = 3;
    open_pipe(s, &s->to_client);
    open_pipe(s, &s->from_client);
    s->client.data = s;
    s->open_handles = 3;
    if (uv_spawn(s->s.uv, &s->client, &o) != 0)
        fail_msg("the client did not start; python3-grpcio is needed");
    assert_int_equal(uv_read_start((uv_stream_t *)&s->from_client, on_room,
                         on_said),
        0);
}

static bool
has_said_something(void *arg)
{
    struct scene *s = arg;

    return s->has_exited || memchr(s->said, '\n', s->said_len) != NULL;
}

/* The client says a line. */
static void
await_line(struct scene *s, const char *line)
{
    serving_until(&s->s, has_said_something, s);
    assert_false(s->has_exited);
    s->said[s->said_len - 1] = '\0';
    assert_string_equal(s->said, line);
    s->said_len = 0;
}

static void
tell(struct scene *s, const char *line)
{
    uv_buf_t buf = uv_buf_init((char *)line, (unsigned)strlen(line));

    assert_int_equal(uv_write(&s->write, (uv_stream_t *)&s->to_client, &buf, 1,
                         NULL),
        0);
}

static bool
has_gone(void *arg)
{
    struct scene *s = arg;

    return s->has_exited && s->open_handles == 0;
}

static void
await_exit(struct scene *s)
{
    serving_until(&s->s, has_gone, s);
    assert_int_equal(s->status, 0);
    assert_int_equal(s->signal, 0);
}

/* A scene of the script, from its start to its end. */
static void
play(struct scene *s, const char *name)
{
    start(s, name);
    await_exit(s);
}

static void
all_completed(struct scene *s, size_t calls)
{
    serving_until_over(&s->s, calls);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), calls);
}

/* ----------------------------------------------------------------- calls */

static void
a_unary_call_is_answered(void **state)
{
    struct scene *s = *state;

    play(s, "unary");
    all_completed(s, 2);
}

static void
all_cardinalities_work(void **state)
{
    struct scene *s = *state;

    play(s, "cardinalities");
    all_completed(s, 5);
}

static void
messages_go_back_and_forth(void **state)
{
    struct scene *s = *state;

    play(s, "ping_pong");
    all_completed(s, 1);
}

static void
initial_metadata_goes_ahead_of_all_messages(void **state)
{
    struct scene *s = *state;

    play(s, "greeting");
    all_completed(s, 1);
}

static void
metadata_travels_both_ways(void **state)
{
    struct scene *s = *state;

    play(s, "metadata");
    all_completed(s, 1);
}

static void
headers_of_the_protocol_are_no_metadata(void **state)
{
    struct scene *s = *state;

    play(s, "reserved_names");
    all_completed(s, 1);
}

static void
every_status_arrives_with_its_details(void **state)
{
    struct scene *s = *state;

    play(s, "statuses");
    serving_until_over(&s->s, 20);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 19);
    assert_int_equal(serving_ended(&s->s, SLUICE_LOCAL_FAILURE), 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_REMOTE_FAILURE), 2);
}

static void
deadlines_are_kept_on_both_sides(void **state)
{
    struct scene *s = *state;

    play(s, "deadlines");
    serving_until_over(&s->s, 4);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_EXPIRED) +
            serving_ended(&s->s, SLUICE_CANCELLED),
        2);
}

static void
a_cancelled_call_ends_here_too(void **state)
{
    struct scene *s = *state;

    play(s, "cancelling");
    serving_until_over(&s->s, s->s.calls);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_CANCELLED), s->s.calls - 1);
}

static void
a_service_may_cancel(void **state)
{
    struct scene *s = *state;

    play(s, "cancelled_by_service");
    serving_until_over(&s->s, 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_CANCELLED), 1);
}

static void
a_service_may_end_before_its_caller(void **state)
{
    struct scene *s = *state;

    play(s, "hang_up");
    all_completed(s, 1);
}

static void
the_service_knows_who_calls(void **state)
{
    struct scene *s = *state;

    play(s, "peers");
    all_completed(s, 1);
}

/* ----------------------------------------------------------------- sizes */

static void
messages_of_16_MiB_pass(void **state)
{
    struct scene *s = *state;

    play(s, "large");
    all_completed(s, 3);
}

static void
a_message_over_the_limit_ends_its_call_alone(void **state)
{
    struct scene *s = *state;

    play(s, "too_large");
    serving_until_over(&s->s, 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 2);
}

static void
messages_are_compressed_both_ways(void **state)
{
    struct scene *s = *state;

    play(s, "compressed");
    all_completed(s, 7);
    assert_int_equal(s->s.coding_err, SLUICE_OK);
}

/* ------------------------------------------------------------------ many */

static void
a_thousand_calls_share_a_connection(void **state)
{
    struct scene *s = *state;

    start(s, "many");
    await_line(s, "all there");
    assert_int_equal(s->s.calls, 1000);
    assert_int_equal(sluice_end_active(s->s.end), 1000);
    assert_int_equal(sluice_grpc_server_connections(s->s.server), 1);
    tell(s, "go on\n");
    await_exit(s);
    all_completed(s, 1000);
}

static void
one_call_after_the_other_works(void **state)
{
    struct scene *s = *state;

    play(s, "soak");
    all_completed(s, 2000);
}

static void
calls_beyond_the_limit_of_streams_wait_for_their_turn(void **state)
{
    struct scene *s = *state;

    start(s, "queued");
    serving_until_called(&s->s, 100);
    serving_idle(&s->s);
    assert_int_equal(s->s.calls, 100);
    serving_open_gate(&s->s);
    await_exit(s);
    all_completed(s, 300);
}

static void
callers_on_many_threads_work(void **state)
{
    struct scene *s = *state;

    play(s, "threads");
    all_completed(s, 1600);
}

static void
a_slow_reader_holds_the_service_back(void **state)
{
    struct scene *s = *state;

    start(s, "slow_reader");
    await_line(s, "reading no more");
    serving_idle(&s->s);
    assert_true(s->s.sent < 50000);
    tell(s, "go on\n");
    await_exit(s);
    all_completed(s, 1);
}

/* -------------------------------------------------------------- the ends */

static void
a_drained_server_lets_calls_finish(void **state)
{
    struct scene *s = *state;

    start(s, "drain");
    await_line(s, "talking");
    sluice_grpc_server_drain(s->s.server);
    tell(s, "drained\n");
    await_exit(s);
    all_completed(s, 1);
    serving_until_gone(&s->s);
}

static void
a_stopping_end_tells_its_callers(void **state)
{
    struct scene *s = *state;

    start(s, "shutdown");
    await_line(s, "held");
    serving_until_called(&s->s, 1);
    serving_stop(&s->s);
    await_exit(s);
    assert_int_equal(serving_ended(&s->s, SLUICE_LOCAL_SHUTDOWN), 1);
}

static void
pings_are_answered(void **state)
{
    struct scene *s = *state;

    play(s, "keepalive");
    all_completed(s, 1);
}

static void
a_caller_that_vanishes_leaves_nothing_behind(void **state)
{
    struct scene *s = *state;

    start(s, "leave");
    await_line(s, "leaving");
    serving_until_called(&s->s, 2);
    tell(s, "go\n");
    await_exit(s);
    serving_until_over(&s->s, 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_RECEPTION_FAILURE), 2);
    serving_until_gone(&s->s);
}

static void
a_unix_socket_serves_as_well(void **state)
{
    struct scene *s = *state;
    char path[64];
    const char *why = NULL;

    (void)snprintf(path, sizeof(path), "/tmp/sluice-test-%d.sock",
        (int)uv_os_getpid());
    (void)snprintf(s->address, sizeof(s->address), "unix:%s", path);
    assert_int_equal(sluice_grpc_server_listen(s->s.server,
                         sluice_str(s->address), &why),
        SLUICE_OK);
    play(s, "peers");
    all_completed(s, 1);
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WITH(how, name) \
    cmocka_unit_test_setup_teardown(name, setup_for_##how, teardown)
    const struct CMUnitTest tests[] = {
        T(a_unary_call_is_answered),
        T(all_cardinalities_work),
        T(messages_go_back_and_forth),
        T(initial_metadata_goes_ahead_of_all_messages),
        T(metadata_travels_both_ways),
        T(headers_of_the_protocol_are_no_metadata),
        T(every_status_arrives_with_its_details),
        T(deadlines_are_kept_on_both_sides),
        T(a_cancelled_call_ends_here_too),
        T(a_service_may_cancel),
        T(a_service_may_end_before_its_caller),
        T(the_service_knows_who_calls),
        WITH(large, messages_of_16_MiB_pass),
        WITH(small, a_message_over_the_limit_ends_its_call_alone),
        T(messages_are_compressed_both_ways),
        T(a_thousand_calls_share_a_connection),
        T(one_call_after_the_other_works),
        WITH(many, calls_beyond_the_limit_of_streams_wait_for_their_turn),
        T(callers_on_many_threads_work),
        T(a_slow_reader_holds_the_service_back),
        T(a_drained_server_lets_calls_finish),
        T(a_stopping_end_tells_its_callers),
        WITH(pings, pings_are_answered),
        T(a_caller_that_vanishes_leaves_nothing_behind),
        T(a_unix_socket_serves_as_well),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
