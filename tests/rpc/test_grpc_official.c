/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_official.c - the gRPC link against the official gRPC
 * library (tests/rpc/grpc_server.py): what it sends we read, and the reverse.
 */
#include "tests/rpc/grpc_world.h"

#include "rpc/link/grpc_call.h"
#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_session_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct scene {
    pid_t server;
    int server_input;
    unsigned port;
    char socket_path[64];
    struct grpc_world w;
    struct grpc_call call;
};

static void __attribute__((noreturn))
become_server(const char *address, const char *option)
{
    char script[1024];
    const char *top = getenv("top_srcdir");
    const char *python = getenv("PYTHON3");

    (void)snprintf(script, sizeof(script), "%s/tests/rpc/grpc_server.py",
        top != NULL ? top : "..");
    (void)unsetenv("LD_PRELOAD");
    (void)execlp(python != NULL ? python : "/usr/bin/python3", "python3",
        script, address, option, (char *)NULL);
    perror("python3");
    _exit(127);
}

static void
start_server(struct scene *s, const char *address, const char *option)
{
    int in[2];
    int out[2];
    char line[32] = "";
    FILE *f;

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    s->server = fork();
    assert_true(s->server >= 0);
    if (s->server == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(in[1]);
        (void)close(out[0]);
        become_server(address, option);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    s->server_input = in[1];
    f = fdopen(out[0], "r");
    assert_non_null(f);
    if (fgets(line, sizeof(line), f) == NULL)
        fail_msg("the server did not start; python3-grpcio is needed");
    (void)fclose(f);
    s->port = (unsigned)strtoul(line, NULL, 10);
}

static void
stop_server(struct scene *s)
{
    int status;

    (void)close(s->server_input);
    assert_int_equal(waitpid(s->server, &status, 0), s->server);
}

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    *state = s;
    start_server(s, "127.0.0.1:0", NULL);
    grpc_world_open(&s->w, s->port, NULL);
    grpc_call_init(&s->call, &s->w);
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);
    stop_server(s);
    test_free(s);
    return 0;
}

static void
call(struct scene *s, const char *method, const char *payload)
{
    grpc_call_start(&s->call, method, payload, true);
    grpc_call_await(&s->call);
}

static void
again(struct scene *s)
{
    grpc_call_fini(&s->call);
    grpc_call_init(&s->call, &s->w);
}

/* ---------------------------------------------------------------- unary */

static void
a_unary_call_is_answered(void **state)
{
    struct scene *s = *state;

    call(s, "echo", "hello");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "hello");
    again(s);
    call(s, "echo", "");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 1);
    assert_int_equal(s->call.bytes, 0);
}

static void
metadata_travels_both_ways(void **state)
{
    static const char bytes[] = { 0, 1, (char)0xff, ',', 10 };
    struct scene *s = *state;
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    struct sluice_metadata *lists[2];
    struct sluice_metadatum m;
    int i;

    (void)!sluice_metadata_add(md, sluice_str("x-text"), sluice_str("a, b"));
    (void)!sluice_metadata_add(md, sluice_str("x-text"), sluice_str("c"));
    (void)!sluice_metadata_add(md, sluice_str("x-some-bin"),
        sluice_str_n(bytes, sizeof(bytes)));
    (void)!sluice_metadata_add(md, sluice_str("x-empty"), sluice_str(""));
    s->call.metadata = md;
    call(s, "metadata", "x");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    lists[0] = s->call.initial;
    lists[1] = s->call.terminal;
    for (i = 0; i < 2; i++) {
        assert_int_equal(sluice_metadata_count(lists[i]), 4);
        m = sluice_metadata_at(lists[i], 0);
        assert_true(sluice_str_equal(m.value, sluice_str("a, b")));
        assert_true(sluice_str_equal(sluice_metadata_find(lists[i],
                                         sluice_str("x-some-bin")),
            sluice_str_n(bytes, sizeof(bytes))));
        assert_int_equal(
            sluice_metadata_find(lists[i], sluice_str("x-empty")).len, 0);
    }
}

static void
reserved_metadata_does_not_arrive(void **state)
{
    static const char *const names[] = { "te", "connection", "content-type",
        "grpc-timeout", "grpc-foo", ":path", "upgrade" };
    struct scene *s = *state;
    size_t i;

    s->call.metadata = sluice_metadata_new(NULL);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)!sluice_metadata_add(s->call.metadata, sluice_str(names[i]),
            sluice_str("smuggled"));
    (void)!sluice_metadata_add(s->call.metadata, sluice_str("ok"),
        sluice_str("1"));
    call(s, "names", "x");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_null(strstr(s->call.text, "smuggled"));
    assert_non_null(strstr(s->call.text, "ok='1'"));
}

static void
a_failure_brings_its_code_message_and_details(void **state)
{
    struct scene *s = *state;
    struct sluice_str details;

    call(s, "fail",
        "5 no such b\xc3\xbc"
        "cher\t100%\r\n");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, 5);
    assert_string_equal(s->call.details,
        "no such b\xc3\xbc"
        "cher\t100%\r\n");
    details = sluice_metadata_find(s->call.terminal,
        sluice_str("grpc-status-details-bin"));
    assert_int_equal(details.len, 4);
    assert_memory_equal(details.ptr, "\x08\x05\x00\xff", 4);
    assert_true(sluice_str_equal(sluice_metadata_find(s->call.terminal,
                                     sluice_str("x-why")),
        sluice_str("asked")));
}

static void
every_code_has_its_outcome(void **state)
{
    struct scene *s = *state;
    enum sluice_outcome_kind kind;
    char request[16];
    int code;

    for (code = 1; code <= 16; code++) {
        again(s);
        (void)snprintf(request, sizeof(request), "%d x", code);
        call(s, "fail", request);
        kind = code == 1 ? SLUICE_CANCELLED
            : code == 4  ? SLUICE_EXPIRED
            : code == 12 ? SLUICE_LOCAL_FAILURE
            : code == 14 ? SLUICE_REMOTE_SHUTDOWN
                         : SLUICE_REMOTE_FAILURE;
        grpc_call_ended(&s->call, kind, code);
        assert_string_equal(s->call.details, "x");
    }
}

static void
an_unknown_method_is_a_local_failure(void **state)
{
    struct scene *s = *state;

    call(s, "no_such_method", "x");
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 12);
}

static void
the_deadline_reaches_the_server(void **state)
{
    struct scene *s = *state;
    long ms;

    s->call.timeout_ns = 1000 * SLUICE_SECOND;
    call(s, "deadline", "x");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    ms = strtol(s->call.text, NULL, 10);
    assert_true(ms > 900000 && ms <= 1000001);
}

static void
an_expired_call_ends_at_the_server_too(void **state)
{
    struct scene *s = *state;

    s->call.timeout_ns = SLUICE_SECOND; /* enough to get there */
    call(s, "sleep", "x");
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
    again(s);
    call(s, "cancellations", "1");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
}

static void
a_cancelled_stream_ends_at_the_server_too(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "slow_stream", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    sluice_operation_cancel(s->call.op);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_CANCELLED);
    again(s);
    call(s, "cancellations", "1");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
}

/* -------------------------------------------------------------- streaming */

static void
a_server_stream_arrives_in_order_and_whole(void **state)
{
    struct scene *s = *state;

    call(s, "count", "1000 8");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.payloads, 1000);
    assert_memory_equal(s->call.text + 999 * 8, "00000999", 8);
    again(s);
    call(s, "count", "200 100000");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 20000000);
}

static void
a_failed_stream_gives_its_messages_first(void **state)
{
    struct scene *s = *state;

    call(s, "fail_after", "3");
    grpc_call_ended(&s->call, SLUICE_REMOTE_FAILURE, 15);
    assert_string_equal(s->call.text, "012");
    assert_string_equal(s->call.details, "that was all");
}

static void
a_client_stream_arrives_whole(void **state)
{
    struct scene *s = *state;
    char *piece = test_calloc(1, 100000);
    int i;

    grpc_call_start(&s->call, "total", NULL, false);
    for (i = 0; i < 100; i++) {
        grpc_call_await_allowance(&s->call);
        grpc_call_send(&s->call, piece, 100000 - (size_t)i, i == 99);
    }
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "100 9995050");
    test_free(piece);
}

static void
a_conversation_goes_in_lockstep(void **state)
{
    struct scene *s = *state;
    size_t i;

    grpc_call_start(&s->call, "chat", NULL, false);
    for (i = 0; i < 100; i++) {
        grpc_call_await_allowance(&s->call);
        grpc_call_send(&s->call, "ping", 4, false);
        grpc_call_await_payloads(&s->call, i + 1);
    }
    grpc_call_complete(&s->call);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 400);
}

static void
a_server_may_end_a_conversation_early(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "hang_up", "last word", false);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "last word");
    again(s);
    call(s, "echo", "still there");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
}

static void
open_conversations(struct scene *s, struct grpc_call *calls, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        grpc_call_init(&calls[i], &s->w);
        calls[i].timeout_ns = 50 * SLUICE_SECOND;
        grpc_call_start(&calls[i], "chat", "one", false);
    }
    for (i = 0; i < n; i++)
        grpc_call_await_payloads(&calls[i], 1);
}

static void
end_conversations(struct grpc_call *calls, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        grpc_call_send(&calls[i], "two", 3, true);
    for (i = 0; i < n; i++) {
        grpc_call_await(&calls[i]);
        grpc_call_ended(&calls[i], SLUICE_COMPLETED, 0);
        assert_string_equal(calls[i].text, "onetwo");
        grpc_call_fini(&calls[i]);
    }
}

#define MANY 1000

static void
a_thousand_conversations_share_the_connection(void **state)
{
    struct scene *s = *state;
    struct grpc_call *calls = calloc(MANY, sizeof(*calls));

    assert_non_null(calls);
    open_conversations(s, calls, MANY);
    assert_int_equal(s->w.client->session->active, MANY);
    end_conversations(calls, MANY);
    free(calls);
}

static void
large_messages_travel_side_by_side(void **state)
{
    struct scene *s = *state;
    struct grpc_call *calls = calloc(20, sizeof(*calls));
    char *big = calloc(1, 3000000);
    size_t i;

    assert_non_null(calls);
    assert_non_null(big);
    for (i = 0; i < 20; i++) {
        grpc_call_init(&calls[i], &s->w);
        grpc_call_start(&calls[i], "echo", NULL, false);
        grpc_call_send(&calls[i], big, 3000000 - i, true);
    }
    for (i = 0; i < 20; i++) {
        grpc_call_await(&calls[i]);
        grpc_call_ended(&calls[i], SLUICE_COMPLETED, 0);
        assert_int_equal(calls[i].bytes, 3000000 - i);
        grpc_call_fini(&calls[i]);
    }
    free(calls);
    free(big);
}

/* ------------------------------------------------------------- compression */

/* What the answers of an active call are encoded in. */
static enum sluice_grpc_coding
coding_of(const struct grpc_call *c)
{
    const char *context = (const char *)c->context;

    return ((const struct rpc_grpc_call *)(context -
                offsetof(struct rpc_grpc_call, context)))
        ->reader.coding;
}

static char *
long_text(size_t size)
{
    char *text = malloc(size + 1);
    size_t i;

    assert_non_null(text);
    for (i = 0; i < size; i++)
        text[i] = (char)('a' + (i / 7 + i / 1000) % 26);
    text[size] = '\0';
    return text;
}

static void
speaks(struct scene *s, const char *method, enum sluice_grpc_coding coding)
{
    static const size_t sizes[] = { 0, 1, 30, 1000, 65535, 3000000 };
    char *text;
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        text = long_text(sizes[i]);
        again(s);
        s->call.options.coding = coding;
        call(s, method, text);
        grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
        assert_int_equal(s->call.bytes, sizes[i]);
        assert_memory_equal(s->call.text, text,
            sizes[i] < 65535 ? sizes[i] : 65535);
        free(text);
    }
}

static void
every_coding_is_understood_both_ways(void **state)
{
    static const char *const methods[] = { "echo", "gzip_echo",
        "deflate_echo" };
    size_t i;
    int coding;

    for (i = 0; i < 3; i++)
        for (coding = 0; coding < 3; coding++)
            speaks(*state, methods[i], (enum sluice_grpc_coding)coding);
}

static void
a_compressed_conversation_goes_in_lockstep(void **state)
{
    struct scene *s = *state;
    char *text = long_text(1000);
    size_t i;

    s->call.options.coding = SLUICE_GRPC_DEFLATE;
    grpc_call_start(&s->call, "gzip_chat", NULL, false);
    for (i = 0; i < 100; i++) {
        grpc_call_await_allowance(&s->call);
        grpc_call_send(&s->call, text, 10 * i, false);
        grpc_call_await_payloads(&s->call, i + 1);
    }
    assert_int_equal(coding_of(&s->call), SLUICE_GRPC_GZIP);
    grpc_call_complete(&s->call);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 10 * 99 * 100 / 2);
    free(text);
}

/* ------------------------------------------------------------------ limits */

static void
sixteen_mebibytes_are_refused_unless_allowed(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_message = 16u << 20 };

    call(s, "zeros", "16777216");
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    assert_int_equal(s->call.payloads, 0);
    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);

    grpc_world_open(&s->w, s->port, &o);
    grpc_call_init(&s->call, &s->w);
    call(s, "zeros", "16777216");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 16777216);
    again(s);
    call(s, "zeros", "16777217");
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
}

static void
sixteen_mebibytes_go_both_ways(void **state)
{
    struct sluice_grpc_client_options o = { .max_message = 16u << 20 };
    struct scene *s = *state;
    char *big = long_text(16u << 20);
    int coding;

    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);
    grpc_world_open(&s->w, s->port, &o);
    grpc_call_init(&s->call, &s->w);
    for (coding = 0; coding < 3; coding++) {
        again(s);
        s->call.options.coding = (enum sluice_grpc_coding)coding;
        call(s, coding == SLUICE_GRPC_IDENTITY ? "echo" : "gzip_echo", big);
        grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
        assert_int_equal(s->call.bytes, 16u << 20);
    }
    free(big);
}

/* What the limit counts has been inflated. */
static void
the_limit_is_the_same_for_compressed_messages(void **state)
{
    struct scene *s = *state;
    char *big = long_text((4u << 20) + 1);

    s->call.options.coding = SLUICE_GRPC_GZIP;
    call(s, "gzip_echo", big);
    grpc_call_ended(&s->call, SLUICE_LOCAL_FAILURE, 8);
    again(s);
    big[4u << 20] = '\0';
    s->call.options.coding = SLUICE_GRPC_GZIP;
    call(s, "gzip_echo", big);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(s->call.bytes, 4u << 20);
    free(big);
}

static void
windows_of_any_size_carry_any_message(void **state)
{
    static const uint32_t windows[] = { 1, 100, 65535, 1u << 20, INT32_MAX };
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_message = 0 };
    size_t i;

    for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        grpc_call_fini(&s->call);
        grpc_world_close(&s->w);
        o.initial_window = windows[i];
        grpc_world_open(&s->w, s->port, &o);
        grpc_call_init(&s->call, &s->w);
        call(s, "zeros", windows[i] == 1 ? "300" : "314159");
        grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
        assert_int_equal(s->call.bytes, windows[i] == 1 ? 300 : 314159);
    }
}

/* calls at once, of which the server takes so many at a time. */
static void
serves_at_a_time(struct scene *s, const char *option, size_t n)
{
    struct grpc_call *calls = calloc(n, sizeof(*calls));
    size_t i;

    assert_non_null(calls);
    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);
    stop_server(s);
    start_server(s, "127.0.0.1:0", option);
    grpc_world_open(&s->w, s->port, NULL);
    for (i = 0; i < n; i++) {
        grpc_call_init(&calls[i], &s->w);
        grpc_call_start(&calls[i], "echo", "x", true);
    }
    for (i = 0; i < n; i++) {
        grpc_call_await(&calls[i]);
        grpc_call_ended(&calls[i], SLUICE_COMPLETED, 0);
        grpc_call_fini(&calls[i]);
    }
    grpc_call_init(&s->call, &s->w);
    free(calls);
}

static void
calls_beyond_the_servers_limit_wait_their_turn(void **state)
{
    serves_at_a_time(*state, "grpc.max_concurrent_streams=1", 10);
    serves_at_a_time(*state, "grpc.max_concurrent_streams=100", 1000);
}

/* ------------------------------------------------------------- connections */

static void
a_unix_socket_serves_as_well(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_message = 0 };
    char address[96];

    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);
    stop_server(s);
    (void)snprintf(s->socket_path, sizeof(s->socket_path),
        "/tmp/sluice-test-%ld.sock", (long)getpid());
    (void)snprintf(address, sizeof(address), "unix:%s", s->socket_path);
    start_server(s, address, NULL);
    o.target = sluice_str(address);
    grpc_world_open(&s->w, 0, &o);
    grpc_call_init(&s->call, &s->w);
    call(s, "echo", "local");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "local");
    (void)unlink(s->socket_path);
}

static bool
has_left(void *arg)
{
    return sluice_grpc_client_state(arg) == SLUICE_GRPC_IDLE;
}

static void
a_restart_of_the_server_fails_no_call(void **state)
{
    struct scene *s = *state;
    int i;
    int round;

    for (round = 0; round < 3; round++) {
        again(s);
        call(s, "restart", "x");
        grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
        grpc_world_until(&s->w, has_left, s->w.client);
        for (i = 0; i < 100; i++) {
            again(s);
            call(s, "echo", "x");
            grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
        }
    }
}

#define SOME 50

static void
calls_outlive_the_servers_farewell(void **state)
{
    struct scene *s = *state;
    struct grpc_call *calls = calloc(SOME, sizeof(*calls));

    assert_non_null(calls);
    open_conversations(s, calls, SOME);
    call(s, "restart", "x");
    grpc_world_until(&s->w, has_left, s->w.client);
    again(s);
    call(s, "echo", "on the new connection");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    end_conversations(calls, SOME);
    free(calls);
}

/* ------------------------------------------------------------- keepalive */

/* A call that is answered once and then waits for a minute. A PING that crosses
 * the answer would count for the server and not for us: none goes before it. */
static void
begin_silence(struct scene *s, bool is_polite)
{
    struct rpc_grpc_keepalive_options *o = &s->w.client->keepalive;

    assert_int_equal(o->time_ns, 0);
    grpc_call_start(&s->call, "slow_stream", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    o->time_ns = 1 * SLUICE_MS;
    o->timeout_ns = 50 * SLUICE_SECOND;
    o->is_polite = is_polite;
    sluice_timer_start(s->w.loop, &s->w.client->session->keepalive_timer,
        sluice_loop_now(s->w.loop));
}

static bool
has_asked_enough(void *arg)
{
    const struct sluice_grpc_client *client = arg;
    const struct rpc_grpc_session *session = client->session;

    return session == NULL ||
        (session->keepalive.asked == 3 && !session->keepalive.is_asking);
}

static void
a_polite_client_is_not_sent_away(void **state)
{
    struct scene *s = *state;

    begin_silence(s, true);
    grpc_world_until(&s->w, has_asked_enough, s->w.client);
    grpc_world_idle(&s->w);
    assert_int_equal(s->call.terminations, 0);
    assert_int_equal(sluice_grpc_client_state(s->w.client), SLUICE_GRPC_READY);
}

static void
a_pushing_client_is_sent_away_and_slows_down(void **state)
{
    struct scene *s = *state;

    begin_silence(s, false);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.code, 14);
    assert_true(s->w.client->keepalive.time_ns == 2 * SLUICE_MS);
}

static void
a_server_that_has_stopped_is_lost(void **state)
{
    struct scene *s = *state;

    begin_silence(s, true);
    assert_int_equal(kill(s->server, SIGSTOP), 0);
    s->w.client->keepalive.timeout_ns = 20 * SLUICE_MS;
    (void)rpc_grpc_keepalive_got_message(&s->w.client->session->keepalive);
    sluice_timer_start(s->w.loop, &s->w.client->session->keepalive_timer,
        sluice_loop_now(s->w.loop));
    grpc_call_await(&s->call);
    assert_int_equal(kill(s->server, SIGCONT), 0);
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 14);
}

static void
a_killed_server_ends_calls_in_flight(void **state)
{
    struct scene *s = *state;

    grpc_call_start(&s->call, "slow_stream", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    assert_int_equal(kill(s->server, SIGKILL), 0);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 14);
    again(s);
    call(s, "echo", "x");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_unary_call_is_answered),
        T(metadata_travels_both_ways),
        T(reserved_metadata_does_not_arrive),
        T(a_failure_brings_its_code_message_and_details),
        T(every_code_has_its_outcome),
        T(an_unknown_method_is_a_local_failure),
        T(the_deadline_reaches_the_server),
        T(an_expired_call_ends_at_the_server_too),
        T(a_cancelled_stream_ends_at_the_server_too),
        T(a_server_stream_arrives_in_order_and_whole),
        T(a_failed_stream_gives_its_messages_first),
        T(a_client_stream_arrives_whole),
        T(a_conversation_goes_in_lockstep),
        T(a_server_may_end_a_conversation_early),
        T(a_thousand_conversations_share_the_connection),
        T(large_messages_travel_side_by_side),
        T(every_coding_is_understood_both_ways),
        T(a_compressed_conversation_goes_in_lockstep),
        T(sixteen_mebibytes_are_refused_unless_allowed),
        T(sixteen_mebibytes_go_both_ways),
        T(the_limit_is_the_same_for_compressed_messages),
        T(windows_of_any_size_carry_any_message),
        T(calls_beyond_the_servers_limit_wait_their_turn),
        T(a_unix_socket_serves_as_well),
        T(a_restart_of_the_server_fails_no_call),
        T(calls_outlive_the_servers_farewell),
        T(a_polite_client_is_not_sent_away),
        T(a_pushing_client_is_sent_away_and_slows_down),
        T(a_server_that_has_stopped_is_lost),
        T(a_killed_server_ends_calls_in_flight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
