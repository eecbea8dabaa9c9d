/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/rpc_link.c - what a call over the gRPC link costs its caller: stub,
 * End, link, one connection to a server in another process.
 *
 *   rpc_link PORT [COUNT [WARM-UP]]
 */
#include <signal.h>
#include <stdio.h>

#include <sluice/grpc.h>

#include "bench/rpc_caller.h"

struct program {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_end *end;
    struct sluice_grpc_client *client;
    struct rpc_caller caller;
};

static void
on_client_closed(void *arg)
{
    struct program *p = arg;

    sluice_loop_close(&p->loop, NULL, NULL);
}

static void
on_over(void *arg)
{
    struct program *p = arg;

    rpc_caller_fini(&p->caller);
    sluice_end_free(&p->end);
    sluice_grpc_client_close(&p->client, on_client_closed, p);
}

static void
connect_client(struct program *p, const char *port)
{
    struct sluice_grpc_client_options options = { .max_waiting = 0 };
    char target[64];

    snprintf(target, sizeof target, "ipv4:127.0.0.1:%s", port);
    options.target = sluice_str(target);
    if (sluice_grpc_client_new(p->loop, &options, &p->client) != SLUICE_OK)
        bench_fail("usage: rpc_link PORT [COUNT [WARM-UP]]");
    sluice_end_join(p->end, sluice_grpc_client_link(p->client));
}

int
main(int argc, char **argv)
{
    struct program p = { .loop = NULL };

    if (argc < 2)
        bench_fail("usage: rpc_link PORT [COUNT [WARM-UP]]");
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&p.uv);
    p.loop = sluice_loop_new(&p.uv);
    p.end = p.loop != NULL ? sluice_end_new(p.loop, NULL) : NULL;
    if (p.end == NULL)
        bench_fail("memory is short");
    connect_client(&p, argv[1]);
    rpc_caller_init(&p.caller, p.end, argc - 2, argv + 2);
    rpc_caller_start(&p.caller, on_over, &p);
    uv_run(&p.uv, UV_RUN_DEFAULT);
    return uv_loop_close(&p.uv) == 0 ? 0 : 1;
}
