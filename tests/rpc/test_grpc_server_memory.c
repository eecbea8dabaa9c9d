/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_server_memory.c - the gRPC server when memory is short,
 * and how little of it it asks for; nghttp2's is that of malloc, too.
 */
#include "tests/memory.h"
#include "tests/rpc/bad_client.h"
#include "tests/rpc/memory_nghttp2.h"

#include "rpc/link/grpc_server.h"
#include "rpc/pool.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
    struct serving s;
    struct bad_client c;
    nghttp2_mem mem;
};

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    memory_suffices();
    memory_nghttp2_init(&s->mem);
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    test_free(*state);
    return 0;
}

/* Calls of all kinds, on streams 1 to 9. */
static void
talk(struct bad_client *c)
{
    bad_client_call(c, 1, "metadata", "| x-a=1 | x-b-bin=AQI", false);
    bad_client_message(c, 1, "one", true);
    bad_client_call(c, 3, "chat", "| grpc-timeout=5S", false);
    bad_client_message(c, 3, "to", false);
    bad_client_message(c, 3, "and fro", false);
    bad_client_data(c, 3, NULL, 0, true);
    bad_client_call(c, 5, "fail", NULL, false);
    bad_client_message(c, 5, "7 a reason", true);
    bad_client_call(c, 7, "squeeze", "| grpc-accept-encoding=gzip", false);
    bad_client_message(c, 7,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        true);
    bad_client_call(c, 9, "count", NULL, false);
    bad_client_message(c, 9, "10 5000", true);
}

/* Reads until all have ended, one way or another. */
static void
listen_to(struct bad_client *c)
{
    unsigned ended = 0;

    while (ended < 5 && bad_client_next(c)) {
        if (c->frame.type == BAD_GOAWAY)
            return;
        if (c->frame.type == BAD_RST_STREAM ||
            (c->frame.type == BAD_HEADERS &&
                (c->frame.flags & BAD_END_STREAM) != 0))
            ended++;
    }
}

static bool
has_no_calls(void *arg)
{
    return sluice_end_active(((struct serving *)arg)->end) == 0;
}

/* Whether memory ran short within the talk. */
static bool
talk_with_denied(struct scene *s, void (*run_short)(unsigned long nth),
    unsigned long n)
{
    struct sluice_grpc_server_options o = { .max_message = 1 << 20 };
    bool was_denied;

    serving_open(&s->s, &o);
    s->s.server->shared.mem = &s->mem;
    run_short(n);
    if (bad_client_try(&s->c, &s->s)) {
        bad_client_greet(&s->c);
        talk(&s->c);
        listen_to(&s->c);
    }
    serving_until(&s->s, has_no_calls, &s->s);
    was_denied = memory_suffices().refused > 0;
    bad_client_close(&s->c);
    serving_close(&s->s);
    return was_denied;
}

static void
each_allocation_in_turn_may_fail(void **state)
{
    struct scene *s = *state;
    unsigned long n = 1;

    while (talk_with_denied(s, memory_fail_nth, n))
        n++;
    assert_true(n > 50);
}

static void
memory_may_run_out_for_good(void **state)
{
    struct scene *s = *state;
    unsigned long n = 1;

    while (talk_with_denied(s, memory_fail_from, n))
        n++;
    assert_true(n > 50);
}

static void
a_server_is_made_whole_or_not_at_all(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_server *server = NULL;
    enum sluice_err err = SLUICE_ENOMEM;
    bool is_closed = false;
    const char *why;
    unsigned long n;

    serving_open(&s->s, NULL);
    for (n = 1; err != SLUICE_OK; n++) {
        memory_fail_nth(n);
        err = sluice_grpc_server_new(s->s.loop, s->s.end, NULL, &server);
        assert_true(err == SLUICE_OK || (err == SLUICE_ENOMEM && !server));
    }
    assert_true(n > 4);
    err = SLUICE_ENOMEM;
    for (n = 1; err != SLUICE_OK; n++) {
        memory_fail_nth(n);
        err =
            sluice_grpc_server_listen(server, sluice_str("127.0.0.1:0"), &why);
        assert_true(err == SLUICE_OK || err == SLUICE_ENOMEM);
    }
    assert_true(n > 2);
    memory_suffices();
    sluice_grpc_server_close(&server, serving_set, &is_closed);
    serving_until(&s->s, serving_is_set, &is_closed);
    serving_close(&s->s);
}

static int
connect_to(unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static bool
has_been_denied(void *arg)
{
    (void)arg;
    return memory_so_far().refused > 0;
}

static bool
has_two_connections(void *arg)
{
    return sluice_grpc_server_connections(arg) == 2;
}

static void
a_listener_short_of_memory_goes_on_later(void **state)
{
    struct scene *s = *state;
    int fds[2];

    serving_open(&s->s, NULL);
    memory_fail_nth(1);
    fds[0] = connect_to(s->s.port);
    serving_until(&s->s, has_been_denied, NULL);
    memory_suffices();
    fds[1] = connect_to(s->s.port);
    serving_until(&s->s, has_two_connections, s->s.server);
    (void)close(fds[0]);
    (void)close(fds[1]);
    serving_close(&s->s);
}

static void
a_unary_call_allocates_nothing_once_warm(void **state)
{
    struct scene *s = *state;
    uint32_t i;

    serving_open(&s->s, NULL);
    bad_client_open(&s->c, &s->s);
    for (i = 0; i < 20; i++)
        bad_client_works(&s->c, 1 + 2 * i);
    memory_count();
    for (; i < 220; i++)
        bad_client_works(&s->c, 1 + 2 * i);
    if (RPC_POOL_KEEPS)
        assert_int_equal(memory_so_far().calls, 0);
    bad_client_close(&s->c);
    serving_close(&s->s);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_allocation_in_turn_may_fail),
        T(memory_may_run_out_for_good),
        T(a_server_is_made_whole_or_not_at_all),
        T(a_listener_short_of_memory_goes_on_later),
        T(a_unary_call_allocates_nothing_once_warm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
