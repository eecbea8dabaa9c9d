/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_random.c - backends that do anything at all, in any
 * order, and customers who start, send, grant and cancel at any time. Whatever
 * happens, each call ends exactly once and nothing is left behind.
 *
 * The seeds are fixed; SEED and ROUNDS in the environment try others.
 */
#include "tests/rpc/grpc_scene.h"

#include "rpc/link/grpc_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CALLS 6

#define GZIP_HEAD                                             \
    "headers | :status=200 | content-type=application/grpc |" \
    " grpc-accept-encoding=identity | grpc-encoding="
/* 300 times the letter a, as gzip. */
#define PACKED                              \
    "data 01 00000019 1f8b0800000000000203" \
    "4b4c1c05c40200091997892c010000"

static const char *const commands[] = {
    "ok",
    GZIP_HEAD "gzip",
    GZIP_HEAD "gzip; " PACKED "; " PACKED,
    GZIP_HEAD "deflate; " PACKED,
    GZIP_HEAD "snappy; " PACKED,
    PACKED,
    "data 01 00000019 1f8b08; data 00000000000002034b4c1c05c40200091997892c",
    "wait ping; pong",
    "goaway 1 11 too_many_pings",
    "message a",
    "message bb",
    "repeat 50 message zz",
    "zeros 20000",
    "zeros 70000",
    "echo",
    "status 0",
    "status 5",
    "data 00",
    "data 00000000",
    "data 01 00000001 41",
    "data end 00 00000000",
    "frame 0 8 1 03 00 00000004 706f6e67 000000",
    "headers | :status=100",
    "headers | :status=503 | content-type=text/html",
    "headers end | :status=200 | content-type=application/grpc | x=y",
    "headers end | :status=200 | grpc-status=14",
    "headers | x*20000=y",
    "rst 0",
    "rst 2",
    "rst 7",
    "rst 8",
    "goaway 0 0",
    "goaway 1 0",
    "goaway 3 0",
    "goaway 2147483647 0",
    "ping",
    "window 0 100",
    "window 1 100",
    "settings 4=0",
    "settings 4=100000",
    "settings 3=0",
    "settings 3=1",
    "settings 3=100",
    "stream 1",
    "stream 3",
    "stream 5",
    "wait request",
    "wait data",
    "wait end",
    "wait rst",
    "ack",
    "cork",
    "uncork",
    "shut",
    "reset",
    "hold",
    "connection",
    "connection; wait preface; settings; ack",
    "connection; wait preface; cork; settings",
};

static unsigned
below(unsigned *seed, unsigned n)
{
    return (unsigned)rand_r(seed) % n;
}

static void
write_script(char *script, size_t room, unsigned *seed)
{
    unsigned n = 1 + below(seed, 12);
    size_t len = (size_t)snprintf(script, room, HELLO "wait request");

    while (n-- > 0)
        len += (size_t)snprintf(script + len, room - len, "; %s",
            commands[below(seed, sizeof(commands) / sizeof(commands[0]))]);
    (void)snprintf(script + len, room - len, "; hold%s",
        below(seed, 2) ? "; connection; " HELLO SERVE : "");
}

static void
start_somehow(struct grpc_call *c, struct grpc_world *w, unsigned *seed)
{
    unsigned turns = below(seed, 4);

    grpc_call_init(c, w);
    c->timeout_ns = (5 + below(seed, 40)) * SLUICE_MS;
    c->grants_nothing = below(seed, 3) == 0;
    c->wants_nothing = below(seed, 5) == 0;
    c->options.coding = (enum sluice_grpc_coding)below(seed, 3);
    c->options.wait_for_ready = below(seed, 3) == 0;
    grpc_call_start(c, "M",
        below(seed, 2) ? "hello, hello, hello, hello, hello" : NULL,
        below(seed, 2));
    while (turns-- > 0)
        (void)uv_run(&w->uv, UV_RUN_NOWAIT);
    if (below(seed, 8) == 0)
        sluice_operation_cancel(c->op);
    if (c->allowance > 0 && c->terminations == 0 && below(seed, 4) == 0)
        grpc_call_send(c, "more", 4, false);
}

static void
play_round(unsigned seed)
{
    struct grpc_call *calls = test_calloc(MAX_CALLS, sizeof(*calls));
    struct sluice_grpc_client_options o = { .max_message = 60000,
        .initial_backoff_ns = SLUICE_MS };
    struct scene s = { .backend = NULL };
    char script[4096];
    unsigned n;
    unsigned i;
    bool is_cut_short;

    write_script(script, sizeof(script), &seed);
    if (below(&seed, 3) == 0)
        o.initial_window = 1 + below(&seed, 100000);
    if (below(&seed, 4) == 0)
        o.max_waiting = 2;
    if (below(&seed, 3) == 0)
        o.keepalive_time_ns = 10 * SLUICE_SECOND;
    o.keepalive_without_calls = below(&seed, 2);
    o.keepalive_is_permitted = below(&seed, 2);
    n = 1 + below(&seed, MAX_CALLS);
    is_cut_short = below(&seed, 6) == 0;
    scene_open(&s, script, &o);
    if (o.keepalive_time_ns != 0) {
        s.w.client->keepalive.time_ns = 1 + below(&seed, 5) * SLUICE_MS;
        s.w.client->keepalive.timeout_ns = 1 + below(&seed, 20) * SLUICE_MS;
    }
    for (i = 0; i < n; i++)
        start_somehow(&calls[i], &s.w, &seed);
    for (i = 0; i < n && !is_cut_short; i++) {
        if (calls[i].terminations == 0 && below(&seed, 3) == 0)
            grpc_call_grant(&calls[i], 1);
        grpc_call_await(&calls[i]);
    }
    scene_close(&s);
    for (i = 0; i < n; i++) {
        assert_int_equal(calls[i].terminations, 1);
        grpc_call_fini(&calls[i]);
    }
    test_free(calls);
}

static unsigned
from_environment(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 10);
}

static void
every_call_ends_once_whatever_the_backend_does(void **state)
{
    unsigned seed = from_environment("SEED", 1);
    unsigned rounds = from_environment("ROUNDS", 150);
    unsigned i;

    (void)state;
    for (i = 0; i < rounds; i++)
        play_round(seed + i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_ends_once_whatever_the_backend_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
