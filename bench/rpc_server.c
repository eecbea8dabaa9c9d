/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/rpc_server.c - the framework as a server: gRPC server, End, servicer,
 * and one event method that answers with the request's own bytes. What
 * bench/backend.c does without a framework.
 *
 *   rpc_server     prints the port it listens on; SIGTERM ends it
 */
#include <signal.h>
#include <stdio.h>

#include <sluice/face.h>
#include <sluice/grpc_server.h>

#include "bench/meter.h"

struct program {
    uv_loop_t uv;
    uv_signal_t term;
    struct sluice_loop *loop;
    struct sluice_face_servicer *servicer;
    struct sluice_end *end;
    struct sluice_grpc_server *server;
};

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static void
on_closed(void *arg)
{
    struct program *p = arg;

    sluice_end_free(&p->end);
    sluice_face_servicer_free(&p->servicer);
    sluice_loop_close(&p->loop, NULL, NULL);
}

static void
on_stopped(void *arg)
{
    struct program *p = arg;

    sluice_grpc_server_close(&p->server, on_closed, p);
}

static void
on_term(uv_signal_t *handle, int number)
{
    struct program *p = handle->data;

    (void)number;
    uv_close((uv_handle_t *)handle, NULL);
    if (sluice_end_stop(p->end, 0, on_stopped, p) != SLUICE_OK)
        bench_fail("the End cannot be stopped");
}

static void
serve(struct program *p)
{
    struct sluice_method_implementation method =
        sluice_unary_unary_event(echo, p);
    struct sluice_end_options options = { .servicer = NULL };

    p->servicer = sluice_face_servicer_new();
    if (p->servicer == NULL ||
        sluice_face_servicer_add(p->servicer, sluice_str(BENCH_GROUP),
            sluice_str(BENCH_METHOD), &method) != SLUICE_OK)
        bench_fail("memory is short");
    options.servicer = sluice_face_servicer_base(p->servicer);
    p->end = sluice_end_new(p->loop, &options);
    if (p->end == NULL || sluice_end_start(p->end) != SLUICE_OK ||
        sluice_grpc_server_new(p->loop, p->end, NULL, &p->server) != SLUICE_OK)
        bench_fail("memory is short");
    if (sluice_grpc_server_listen(p->server, sluice_str("127.0.0.1:0"), NULL) !=
        SLUICE_OK)
        bench_fail("the server cannot listen");
    printf("%u\n", sluice_grpc_server_port(p->server, 0));
    fflush(stdout);
}

int
main(void)
{
    struct program p = { .loop = NULL };

    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&p.uv);
    p.loop = sluice_loop_new(&p.uv);
    if (p.loop == NULL)
        bench_fail("memory is short");
    serve(&p);
    uv_signal_init(&p.uv, &p.term);
    p.term.data = &p;
    uv_signal_start(&p.term, on_term, SIGTERM);
    uv_run(&p.uv, UV_RUN_DEFAULT);
    return uv_loop_close(&p.uv) == 0 ? 0 : 1;
}
