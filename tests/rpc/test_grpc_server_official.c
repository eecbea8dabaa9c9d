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
    uv_process_t client;
    bool has_exited;
    int64_t status;
    int signal;
};

static int
setup(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));

    *state = s;
    serving_open(&s->s, NULL);
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    serving_close(&s->s);
    test_free(s);
    return 0;
}

static void
on_exit_of_client(uv_process_t *process, int64_t status, int sig)
{
    struct scene *s = process->data;

    s->status = status;
    s->signal = sig;
    uv_close((uv_handle_t *)process, NULL);
    s->has_exited = true;
}

static void
start_client(struct scene *s, const char *address, const char *name)
{
    const char *top = getenv("top_srcdir");
    const char *python = getenv("PYTHON3");
    uv_stdio_container_t stdio[3] = { { .flags = UV_IGNORE },
        { .flags = UV_INHERIT_FD, .data.fd = 2 },
        { .flags = UV_INHERIT_FD, .data.fd = 2 } };
    uv_process_options_t o = { .exit_cb = on_exit_of_client };
    char name_of_program[] = "python3";
    char script[1024];
    char *args[] = { name_of_program, script, (char *)address, (char *)name,
        NULL };

    (void)snprintf(script, sizeof(script), "%s/tests/rpc/grpc_client.py",
        top != NULL ? top : "..");
    (void)unsetenv("LD_PRELOAD");
    o.file = python != NULL ? python : "/usr/bin/python3";
    o.args = args;
    o.stdio = stdio;
    o.stdio_count = 3;
    s->has_exited = false;
    s->client.data = s;
    assert_int_equal(uv_spawn(&s->s.uv, &s->client, &o), 0);
}

static bool
has_exited(void *arg)
{
    return ((struct scene *)arg)->has_exited;
}

static void
await_client(struct scene *s)
{
    serving_until(&s->s, has_exited, s);
    assert_int_equal(s->status, 0);
    assert_int_equal(s->signal, 0);
}

/* A scene of the script, from its start to its end. */
static void
play(struct scene *s, const char *name)
{
    char address[64];

    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", s->s.port);
    start_client(s, address, name);
    await_client(s);
}

static void
a_unary_call_is_answered(void **state)
{
    struct scene *s = *state;

    play(s, "unary");
    assert_int_equal(s->s.calls, 2);
    assert_int_equal(serving_ended(&s->s, SLUICE_COMPLETED), 2);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_unary_call_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
