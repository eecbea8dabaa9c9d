/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_connections.c - how connections to a gRPC server
 * begin and end, and where it listens.
 */
#include "tests/rpc/bad_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ALL_STREAMS 0x7fffffffu
#define A_MOMENT (20 * SLUICE_MS)

struct scene {
    struct serving s;
    struct bad_client c;
    struct bad_client other;
    char folder[64];
    char path[128];
};

static int
open_with(void **state, const struct sluice_grpc_server_options *options)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    *state = s;
    serving_open(&s->s, options);
    return 0;
}

static int
setup(void **state)
{
    return open_with(state, NULL);
}

#define SETUP(name, ...)                                       \
    static int setup_for_##name(void **state)                  \
    {                                                          \
        struct sluice_grpc_server_options o = { __VA_ARGS__ }; \
                                                               \
        return open_with(state, &o);                           \
    }

SETUP(handshake, .handshake_timeout_ns = A_MOMENT)
SETUP(idleness, .idle_timeout_ns = A_MOMENT)
SETUP(silence, .keepalive_time_ns = A_MOMENT, .keepalive_timeout_ns = A_MOMENT)
SETUP(two, .max_connections = 2)

static int
teardown(void **state)
{
    struct scene *s = *state;

    bad_client_close(&s->c);
    bad_client_close(&s->other);
    serving_close(&s->s);
    if (s->path[0] != '\0')
        (void)unlink(s->path);
    if (s->folder[0] != '\0')
        (void)rmdir(s->folder);
    test_free(s);
    return 0;
}

/* -------------------------------------------------------------- greeting */

static void
the_server_speaks_first(void **state)
{
    struct scene *s = *state;

    bad_client_connect(&s->c, &s->s);
    do {
        serving_until(&s->s, bad_client_is_ready, &s->c);
        assert_true(bad_wire_get_frame(&s->c.wire, &s->c.frame));
    } while (s->c.frame.type == BAD_WINDOW_UPDATE);
    assert_int_equal(s->c.frame.type, BAD_SETTINGS);
    assert_int_equal(s->c.frame.flags, 0);
    assert_int_equal(s->c.frame.length, 18);
    assert_int_equal(bad_client_number(&s->c, 2), 1000);
    assert_int_equal(bad_client_number(&s->c, 8), 65535);
    assert_int_equal(bad_client_number(&s->c, 14), 16384);
}

static void
who_does_not_speak_http2_is_turned_away(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: there\r\n\r\n";
    struct scene *s = *state;

    bad_client_connect(&s->c, &s->s);
    assert_int_equal(write(s->c.wire.fd, request, sizeof(request) - 1),
        sizeof(request) - 1);
    bad_client_await_goaway(&s->c, NGHTTP2_PROTOCOL_ERROR, "");
    bad_client_await_close(&s->c);
    bad_client_close(&s->c);
    serving_until_gone(&s->s);
}

static void
who_says_nothing_is_not_waited_for(void **state)
{
    struct scene *s = *state;

    bad_client_connect(&s->c, &s->s);
    bad_client_await_close(&s->c);
    serving_until_gone(&s->s);
}

static void
who_says_half_is_not_waited_for(void **state)
{
    struct scene *s = *state;

    bad_client_connect(&s->c, &s->s);
    bad_client_preface(&s->c);
    bad_client_await_close(&s->c);
    serving_until_gone(&s->s);
}

static void
who_has_greeted_may_take_its_time(void **state)
{
    struct scene *s = *state;

    bad_client_open(&s->c, &s->s);
    serving_idle(&s->s);
    bad_client_works(&s->c, 1);
}

/* ------------------------------------------------------------ life's ends */

static void
await_first_goodbye(struct scene *s)
{
    bad_client_await(&s->c, BAD_GOAWAY, 0);
    assert_int_equal(bad_client_number(&s->c, 0), ALL_STREAMS);
    assert_int_equal(bad_client_number(&s->c, 4), NGHTTP2_NO_ERROR);
    bad_client_await(&s->c, BAD_PING, 0);
    assert_int_equal(s->c.frame.flags, 0);
}

static void
await_last_goodbye(struct scene *s, uint32_t last)
{
    bad_client_await(&s->c, BAD_GOAWAY, 0);
    assert_int_equal(bad_client_number(&s->c, 0), last);
    assert_int_equal(bad_client_number(&s->c, 4), NGHTTP2_NO_ERROR);
}

static void
draining_says_goodbye_twice(void **state)
{
    struct scene *s = *state;
    uint8_t ping[8];

    bad_client_open(&s->c, &s->s);
    bad_client_call(&s->c, 1, "chat", NULL, false);
    serving_until_called(&s->s, 1);
    sluice_grpc_server_drain(s->s.server);
    await_first_goodbye(s);
    memcpy(ping, s->c.wire.payload, sizeof(ping));

    /* What was on its way is served still. */
    bad_client_works(&s->c, 3);
    bad_client_ping(&s->c, true, ping);
    await_last_goodbye(s, 3);

    /* What comes too late is not; what goes on goes on. */
    bad_client_call(&s->c, 5, "echo", NULL, false);
    bad_client_message(&s->c, 5, "late", true);
    bad_client_message(&s->c, 1, "still here", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "still here");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
    assert_false(bad_client_next(&s->c));
    assert_int_equal(s->s.calls, 2);
    bad_client_close(&s->c);
    serving_until_gone(&s->s);
}

static void
draining_an_idle_connection_closes_it(void **state)
{
    struct scene *s = *state;

    bad_client_open(&s->c, &s->s);
    bad_client_works(&s->c, 1);
    sluice_grpc_server_drain(s->s.server);
    sluice_grpc_server_drain(s->s.server);
    await_first_goodbye(s);
    bad_client_ping(&s->c, true, s->c.wire.payload);
    await_last_goodbye(s, 1);
    assert_false(bad_client_next(&s->c));
    bad_client_close(&s->c);
    serving_until_gone(&s->s);
}

static void
a_drained_server_takes_no_connections(void **state)
{
    struct scene *s = *state;
    const char *why = NULL;
    int fds[2];

    sluice_grpc_server_drain(s->s.server);
    assert_int_equal(sluice_grpc_server_port(s->s.server, 0), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(sluice_grpc_server_accept(s->s.server, fds[1]),
        SLUICE_ESTATE);
    assert_int_equal(read(fds[0], fds, 1), 0);
    (void)close(fds[0]);
    assert_int_equal(sluice_grpc_server_listen(s->s.server,
                         sluice_str("127.0.0.1:0"), &why),
        SLUICE_ESTATE);
    assert_non_null(why);
}

static void
an_idle_connection_is_sent_away(void **state)
{
    struct scene *s = *state;

    bad_client_open(&s->c, &s->s);
    bad_client_call(&s->c, 1, "chat", NULL, false);
    serving_idle(&s->s); /* more than a moment */
    bad_client_message(&s->c, 1, "not idle", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "not idle");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
    await_first_goodbye(s);
    bad_client_ping(&s->c, true, s->c.wire.payload);
    await_last_goodbye(s, 1);
    assert_int_equal(s->c.frame.length, 8 + 8);
    assert_memory_equal(s->c.wire.payload + 8, "max_idle", 8);
    assert_false(bad_client_next(&s->c));
}

static void
a_client_that_leaves_is_let_go(void **state)
{
    struct scene *s = *state;

    bad_client_open(&s->c, &s->s);
    bad_client_call(&s->c, 1, "chat", NULL, false);
    bad_client_frame(&s->c, BAD_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    bad_client_message(&s->c, 1, "one more", true);
    bad_client_await_head(&s->c, 1);
    bad_client_await_message(&s->c, 1, "one more");
    bad_client_await_end(&s->c, 1, "grpc-status: 0", NULL);
    assert_false(bad_client_next(&s->c));
    bad_client_close(&s->c);
    serving_until_gone(&s->s);
}

static void
a_silent_client_is_asked_and_may_answer(void **state)
{
    struct scene *s = *state;
    unsigned i;

    bad_client_open(&s->c, &s->s);
    for (i = 0; i < 3; i++) {
        bad_client_await(&s->c, BAD_PING, 0);
        bad_client_ping(&s->c, true, s->c.wire.payload);
    }
    bad_client_works(&s->c, 1);
}

static void
a_silent_client_that_does_not_answer_is_lost(void **state)
{
    struct scene *s = *state;

    bad_client_open(&s->c, &s->s);
    bad_client_call(&s->c, 1, "silent", NULL, false);
    serving_until_over(&s->s, 1);
    assert_int_equal(serving_ended(&s->s, SLUICE_RECEPTION_FAILURE), 1);
    serving_until_gone(&s->s);
}

/* Also while the peer holds all our bytes back. */
static void
closing_does_not_wait_for_a_client_that_does_not_read(void **state)
{
    struct scene *s = *state;

    bad_client_open(&s->c, &s->s);
    bad_client_setting(&s->c, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30);
    bad_client_window(&s->c, 0, 1 << 30);
    bad_client_call(&s->c, 1, "zeros", NULL, false);
    bad_client_message(&s->c, 1, "4000000", true);
    serving_until_over(&s->s, 1);
}

/* ---------------------------------------------------------------- limits */

static void
connections_beyond_the_limit_are_closed(void **state)
{
    struct scene *s = *state;
    struct sockaddr_in a = { .sin_family = AF_INET };
    int fds[2];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte;

    bad_client_open(&s->c, &s->s);
    bad_client_open(&s->other, &s->s);
    assert_int_equal(sluice_grpc_server_connections(s->s.server), 2);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(sluice_grpc_server_accept(s->s.server, fds[1]),
        SLUICE_ELIMIT);
    assert_int_equal(read(fds[0], &byte, 1), 0);
    (void)close(fds[0]);

    a.sin_port = htons((uint16_t)s->s.port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    serving_idle(&s->s);
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
    (void)close(fd);

    bad_client_works(&s->c, 1);
    bad_client_close(&s->other);
    while (sluice_grpc_server_connections(s->s.server) == 2)
        (void)uv_run(s->s.uv, UV_RUN_ONCE);
    bad_client_open(&s->other, &s->s);
    bad_client_works(&s->other, 1);
}

static void
only_connected_stream_sockets_are_accepted(void **state)
{
    struct scene *s = *state;
    int fds[2];
    int fd = open("/dev/null", O_RDWR);

    assert_int_equal(sluice_grpc_server_accept(s->s.server, fd), SLUICE_EINVAL);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
    assert_int_equal(sluice_grpc_server_accept(s->s.server, fds[1]),
        SLUICE_EINVAL);
    (void)close(fds[0]);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(sluice_grpc_server_accept(s->s.server, fd), SLUICE_EINVAL);
}

static void
options_are_checked(void **state)
{
    struct sluice_grpc_server_options bad[] = {
        { .max_message = (size_t)UINT32_MAX + 1 },
        { .initial_window = UINT32_MAX },
        { .handshake_timeout_ns = -1 },
        { .idle_timeout_ns = -1 },
        { .keepalive_time_ns = -1 },
        { .keepalive_timeout_ns = -1 },
        { .min_ping_interval_ns = -1 },
    };
    struct scene *s = *state;
    struct sluice_grpc_server *server;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(sluice_grpc_server_new(s->s.loop, s->s.end, &bad[i],
                             &server),
            SLUICE_EINVAL);
        assert_null(server);
    }
    sluice_grpc_server_close(&server, NULL, NULL);
}

/* ------------------------------------------------------------- listening */

static enum sluice_err
listen_on(struct scene *s, const char *address, const char **why)
{
    return sluice_grpc_server_listen(s->s.server, sluice_str(address), why);
}

static void
addresses_are_checked(void **state)
{
    static const char *const bad[] = { "", "127.0.0.1", ":1",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1:-1",
        "example.org:1", "::1:1", "[::1:1", "[]:1", "[127.0.0.1]:1",
        "unix:", "127.0.0.1:1 ", "127.0.0.1:000001", "300.0.0.1:1" };
    struct scene *s = *state;
    char path[256];
    const char *why;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        assert_int_equal(listen_on(s, bad[i], &why), SLUICE_EINVAL);
        assert_non_null(why);
        assert_int_equal(listen_on(s, bad[i], NULL), SLUICE_EINVAL);
    }
    memset(path, 'p', sizeof(path));
    memcpy(path, "unix:/", 6);
    assert_int_equal(sluice_grpc_server_listen(s->s.server,
                         sluice_str_n(path, 5 + 108), &why),
        SLUICE_EINVAL);
    assert_int_equal(sluice_grpc_server_listen(s->s.server,
                         sluice_str_n("unix:/a\0b", 9), &why),
        SLUICE_EINVAL);
    assert_int_equal(sluice_grpc_server_listen(s->s.server,
                         sluice_str_n("127.0.0.1\0:1", 12), &why),
        SLUICE_EINVAL);
    assert_int_equal(sluice_grpc_server_port(s->s.server, 1), 0);
}

static void
any_number_of_addresses_will_do(void **state)
{
    struct scene *s = *state;
    char taken[32];
    const char *why;

    assert_int_equal(listen_on(s, "localhost:0", &why), SLUICE_OK);
    assert_int_equal(listen_on(s, "[::1]:0", &why), SLUICE_OK);
    assert_true(sluice_grpc_server_port(s->s.server, 1) > 0);
    assert_true(sluice_grpc_server_port(s->s.server, 2) > 0);
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", s->s.port);
    assert_int_equal(listen_on(s, taken, &why), SLUICE_ESTATE);
    assert_string_equal(why, "the address is in use");
    assert_int_equal(listen_on(s, "192.0.2.1:0", &why), SLUICE_ESTATE);
    assert_int_equal(listen_on(s, "unix:/no/such/folder/x", &why),
        SLUICE_ESTATE);
    assert_int_equal(sluice_grpc_server_port(s->s.server, 3), 0);
}

static void
make_path(struct scene *s)
{
    (void)snprintf(s->folder, sizeof(s->folder), "/tmp/sluice-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof(s->path), "%s/socket", s->folder);
}

/* A socket file with nobody behind it. */
static void
leave_stale_socket(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(strlen(path) < sizeof(un.sun_path));
    memcpy(un.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    (void)close(fd);
}

static void
a_dead_unix_socket_is_replaced_and_a_live_one_is_not(void **state)
{
    struct scene *s = *state;
    char address[160];
    struct stat st;
    const char *why;

    make_path(s);
    leave_stale_socket(s->path);
    (void)snprintf(address, sizeof(address), "unix:%s", s->path);
    assert_int_equal(listen_on(s, address, &why), SLUICE_OK);
    assert_int_equal(sluice_grpc_server_port(s->s.server, 1), 0);
    assert_int_equal(listen_on(s, address, &why), SLUICE_ESTATE);
    sluice_grpc_server_drain(s->s.server);
    assert_int_equal(stat(s->path, &st), -1);
}

static void
a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct scene *s = *state;
    char address[160];
    struct stat st;
    const char *why;
    int fd;

    make_path(s);
    fd = open(s->path, O_CREAT | O_WRONLY, 0600);
    (void)close(fd);
    (void)snprintf(address, sizeof(address), "unix:%s", s->path);
    assert_int_equal(listen_on(s, address, &why), SLUICE_ESTATE);
    assert_int_equal(stat(s->path, &st), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WITH(how, name) \
    cmocka_unit_test_setup_teardown(name, setup_for_##how, teardown)
    const struct CMUnitTest tests[] = {
        T(the_server_speaks_first),
        T(who_does_not_speak_http2_is_turned_away),
        WITH(handshake, who_says_nothing_is_not_waited_for),
        WITH(handshake, who_says_half_is_not_waited_for),
        WITH(handshake, who_has_greeted_may_take_its_time),
        T(draining_says_goodbye_twice),
        T(draining_an_idle_connection_closes_it),
        T(a_drained_server_takes_no_connections),
        WITH(idleness, an_idle_connection_is_sent_away),
        T(a_client_that_leaves_is_let_go),
        WITH(silence, a_silent_client_is_asked_and_may_answer),
        WITH(silence, a_silent_client_that_does_not_answer_is_lost),
        T(closing_does_not_wait_for_a_client_that_does_not_read),
        WITH(two, connections_beyond_the_limit_are_closed),
        T(only_connected_stream_sockets_are_accepted),
        T(options_are_checked),
        T(addresses_are_checked),
        T(any_number_of_addresses_will_do),
        T(a_dead_unix_socket_is_replaced_and_a_live_one_is_not),
        T(a_file_that_is_no_socket_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
