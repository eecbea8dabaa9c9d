/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/rpc_inproc.c - what a call between two Ends in one process costs: stub,
 * End, in-process link, the other End, servicer, method, and back.
 *
 *   rpc_inproc [COUNT [WARM-UP]]
 */
#include <sluice/link.h>

#include "bench/rpc_caller.h"

struct program {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_face_servicer *servicer;
    struct sluice_end *service;
    struct sluice_link *link;
    struct sluice_end *end;
    struct rpc_caller caller;
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
on_service_stopped(void *arg)
{
    struct program *p = arg;

    rpc_caller_fini(&p->caller);
    sluice_end_free(&p->end);
    sluice_inproc_link_free(&p->link);
    sluice_end_free(&p->service);
    sluice_face_servicer_free(&p->servicer);
    sluice_loop_close(&p->loop, NULL, NULL);
}

static void
on_over(void *arg)
{
    struct program *p = arg;

    if (sluice_end_stop(p->service, 0, on_service_stopped, p) != SLUICE_OK)
        bench_fail("the service cannot be stopped");
}

static void
make_service(struct program *p)
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
    p->service = sluice_end_new(p->loop, &options);
    if (p->service == NULL || sluice_end_start(p->service) != SLUICE_OK)
        bench_fail("memory is short");
}

int
main(int argc, char **argv)
{
    struct program p = { .loop = NULL };

    uv_loop_init(&p.uv);
    p.loop = sluice_loop_new(&p.uv);
    p.end = p.loop != NULL ? sluice_end_new(p.loop, NULL) : NULL;
    if (p.end == NULL)
        bench_fail("memory is short");
    make_service(&p);
    p.link = sluice_inproc_link_new(p.service);
    if (p.link == NULL)
        bench_fail("memory is short");
    sluice_end_join(p.end, p.link);
    rpc_caller_init(&p.caller, p.end, argc - 1, argv + 1);
    rpc_caller_start(&p.caller, on_over, &p);
    uv_run(&p.uv, UV_RUN_DEFAULT);
    return uv_loop_close(&p.uv) == 0 ? 0 : 1;
}
