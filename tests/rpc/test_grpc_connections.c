/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_connections.c - who gets a stream and when, and how a
 * client comes to its connection.
 */
#include "tests/rpc/grpc_scene.h"

#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_session_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---------------------------------------------------------------- queueing */

#define CALLS 10

static void
calls_beyond_the_peers_limit_wait_their_turn(void **state)
{
    struct scene *s = *state;
    struct grpc_call *calls = test_calloc(CALLS, sizeof(*calls));
    int i;

    scene_open(s, "wait preface; settings 3=1; ack; " SERVE, NULL);
    for (i = 0; i < CALLS; i++) {
        grpc_call_init(&calls[i], &s->w);
        grpc_call_start(&calls[i], "Call", "x", true);
    }
    for (i = 0; i < CALLS; i++) {
        grpc_call_await(&calls[i]);
        grpc_call_ended(&calls[i], SLUICE_COMPLETED, 0);
        grpc_call_fini(&calls[i]);
    }
    assert_int_equal(bad_backend_connections(s->backend), 1);
    test_free(calls);
    scene_close(s);
}

static void
a_limit_of_no_streams_may_be_lifted(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        "wait preface; settings 3=0; ack; wait ack; ping; wait pong;"
        " settings 3=1; " SERVE,
        NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    scene_close(s);
}

static void
the_queue_is_bounded(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_waiting = 1 };

    scene_open(s, "wait preface; settings 3=0; ack; hold", &o);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_start(&s->next, "Call", "x", true);
    grpc_call_await(&s->next);
    grpc_call_ended(&s->next, SLUICE_TRANSMISSION_FAILURE, 14);
    assert_int_equal(s->call.terminations, 0);
    scene_close(s);
}

static void
a_full_queue_does_not_count_free_streams(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .max_waiting = 1 };
    struct grpc_call *calls = test_calloc(CALLS, sizeof(*calls));
    int i;

    scene_open(s, HELLO "label; wait request; ok; status 0; again", &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    for (i = 0; i < CALLS; i++) {
        grpc_call_init(&calls[i], &s->w);
        grpc_call_start(&calls[i], "Call", "x", true);
    }
    for (i = 0; i < CALLS; i++) {
        grpc_call_await(&calls[i]);
        grpc_call_ended(&calls[i], SLUICE_COMPLETED, 0);
        grpc_call_fini(&calls[i]);
    }
    test_free(calls);
    scene_close(s);
}

static void
when_stream_ids_run_out_a_new_connection_serves(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO SERVE, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(nghttp2_session_set_next_stream_id(
                         s->w.client->session->wire.h2, INT32_MAX),
        0);
    grpc_call_fini(&s->call);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 1);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 2);
    scene_close(s);
}

static void
calls_in_the_queue_survive_a_lost_connection(void **state)
{
    struct scene *s = *state;

    scene_open(s,
        "wait preface; settings 3=1; ack; wait end; connection; " HELLO SERVE,
        NULL);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_start(&s->next, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 14);
    grpc_call_await(&s->next);
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    scene_close(s);
}

/* --------------------------------------------------------------- connecting */

static void
reaches_in_time(struct scene *s, const char *host, int64_t timeout_ns)
{
    struct sluice_grpc_client_options o = { .connect_timeout_ns = timeout_ns };
    char target[128];

    s->backend = bad_backend_start(HELLO SERVE);
    (void)snprintf(target, sizeof(target), "%s:%u", host,
        bad_backend_port(s->backend));
    o.target = sluice_str(target);
    grpc_world_open(&s->w, 0, &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);
    bad_backend_stop(&s->backend);
}

static void
reaches(struct scene *s, const char *host)
{
    reaches_in_time(s, host, 0);
}

static void
a_name_or_a_number_is_reached(void **state)
{
    reaches(*state, "dns:///localhost");
    reaches(*state, "127.0.0.1");
    reaches(*state, "localhost");
    reaches(*state, "ipv4:127.0.0.1");
}

static void
an_address_that_refuses_is_passed_over(void **state)
{
    reaches(*state, "ipv4:127.0.0.1:1,127.0.0.1");
    reaches(*state, "ipv6:[::1]:1,[::ffff:127.0.0.1]");
}

/* A listener whose queue of connections is full: the kernel drops what asks for
 * another one. */
struct hole {
    int listener;
    int filler;
    unsigned port;
};

static void
hole_open(struct hole *h)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t len = sizeof(address);

    h->listener = socket(AF_INET, SOCK_STREAM, 0);
    h->filler = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(h->listener, any, len), 0);
    assert_int_equal(listen(h->listener, 0), 0);
    assert_int_equal(getsockname(h->listener, any, &len), 0);
    assert_int_equal(connect(h->filler, any, len), 0);
    h->port = ntohs(address.sin_port);
}

static void
an_address_that_says_nothing_leaves_half_of_the_time(void **state)
{
    struct hole h;
    char host[64];

    hole_open(&h);
    (void)snprintf(host, sizeof(host), "ipv4:127.0.0.1:%u,127.0.0.1", h.port);
    reaches_in_time(*state, host, 400 * SLUICE_MS);
    close(h.filler);
    close(h.listener);
}

static void
does_not_reach(struct scene *s, const char *target)
{
    struct sluice_grpc_client_options o = { .target = sluice_str(target) };

    grpc_world_open(&s->w, 0, &o);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_TRANSMISSION_FAILURE, 14);
    grpc_call_fini(&s->call);
    grpc_world_close(&s->w);
}

static void
a_name_that_does_not_exist_is_unreachable(void **state)
{
    does_not_reach(*state, "dns:///no.such.invalid:1");
}

static void
a_unix_socket_that_is_not_there_is_unreachable(void **state)
{
    does_not_reach(*state, "unix:no/such/socket");
}

static void
a_client_may_be_closed_in_every_phase_of_connecting(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .target = sluice_str(
                                                "dns:///localhost:1") };
    int turns;
    int i;

    for (turns = 0; turns < 8; turns++) {
        scene_open(s, turns % 2 ? HELLO SERVE : "stall", turns > 3 ? &o : NULL);
        grpc_call_start(&s->call, "Call", "x", true);
        for (i = 0; i < turns % 4; i++)
            (void)uv_run(&s->w.uv, UV_RUN_NOWAIT);
        scene_close(s);
    }
}

static void
bad_options_are_refused(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client *client;
    struct sluice_grpc_client_options o = { .target = sluice_str("a:1") };

    scene_open(s, HELLO SERVE, NULL);
    o.initial_window = 0x80000000u;
    assert_int_equal(sluice_grpc_client_new(s->w.loop, &o, &client),
        SLUICE_EINVAL);
    o.initial_window = 0;
    o.authority = sluice_str("a\r\nb");
    assert_int_equal(sluice_grpc_client_new(s->w.loop, &o, &client),
        SLUICE_EINVAL);
    o.authority = sluice_str(NULL);
    o.target = sluice_str("a:b");
    assert_int_equal(sluice_grpc_client_new(s->w.loop, &o, &client),
        SLUICE_EINVAL);
    assert_null(client);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(calls_beyond_the_peers_limit_wait_their_turn),
        SCENE(a_limit_of_no_streams_may_be_lifted),
        SCENE(the_queue_is_bounded),
        SCENE(a_full_queue_does_not_count_free_streams),
        SCENE(when_stream_ids_run_out_a_new_connection_serves),
        SCENE(calls_in_the_queue_survive_a_lost_connection),
        SCENE(a_name_or_a_number_is_reached),
        SCENE(an_address_that_refuses_is_passed_over),
        SCENE(an_address_that_says_nothing_leaves_half_of_the_time),
        SCENE(a_name_that_does_not_exist_is_unreachable),
        SCENE(a_unix_socket_that_is_not_there_is_unreachable),
        SCENE(a_client_may_be_closed_in_every_phase_of_connecting),
        SCENE(bad_options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
