/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/install/consumer.c - a program as a user of libsluice writes it, with
 * nothing but what is installed: two Ends in this process, one unary RPC.
 * `make installcheck` builds and runs it.
 */
#include <sluice/base.h>
#include <sluice/face.h>
#include <sluice/link.h>
#include <sluice/loop.h>
#include <sluice/status.h>

#include <stdio.h>
#include <string.h>
#include <uv.h>

static const char greeting[] = "hello";

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

/* ---- The caller ----------------------------------------------------------- */

struct caller {
    bool has_ended;
    bool has_echo;
    bool is_complete;
};

static void
on_metadata(void *arg, struct sluice_metadata *metadata)
{
    (void)arg;
    sluice_metadata_unref(&metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    struct caller *caller = arg;

    caller->has_echo = sluice_bytes_size(response) == strlen(greeting) &&
        memcmp(sluice_bytes_data(response), greeting, strlen(greeting)) == 0;
    sluice_bytes_unref(&response);
    return SLUICE_REPLY_OK;
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct caller *caller = arg;
    struct sluice_metadata *metadata = completion->terminal_metadata;

    sluice_metadata_unref(&metadata);
    caller->is_complete = true;
    caller->has_ended = true;
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    struct caller *caller = arg;

    fprintf(stderr, "consumer: %s\n",
        sluice_abortion_kind_name(abortion->kind));
    caller->has_ended = true;
}

static enum sluice_err
greet(struct sluice_stub *stub, struct sluice_pool *pool, struct caller *caller)
{
    const struct sluice_receiver receiver = {
        .initial_metadata = on_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .arg = caller,
    };
    const struct sluice_call_options options = {
        .timeout_ns = 10 * SLUICE_SECOND,
    };
    struct sluice_call *call = NULL;
    enum sluice_err err;

    err = sluice_stub_event_unary_unary(stub, sluice_str("Greeter"),
        sluice_str("Echo"), sluice_bytes_copy(pool, greeting, strlen(greeting)),
        &receiver, &options, &call);
    if (err == SLUICE_OK)
        sluice_call_unref(&call);
    return err;
}

/* ---- The pair ------------------------------------------------------------- */

static void
run_until(uv_loop_t *uv, const bool *flag)
{
    while (!*flag)
        uv_run(uv, UV_RUN_ONCE);
}

static void
on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static void
stop(struct sluice_end *end, uv_loop_t *uv)
{
    bool has_stopped = false;

    if (sluice_end_stop(end, 0, on_stopped, &has_stopped) == SLUICE_OK)
        run_until(uv, &has_stopped);
}

static enum sluice_err
run(struct sluice_loop *loop, uv_loop_t *uv,
    struct sluice_face_servicer *servicer, struct caller *caller)
{
    const struct sluice_end_options options = {
        .servicer = sluice_face_servicer_base(servicer),
    };
    struct sluice_end *service = sluice_end_new(loop, &options);
    struct sluice_end *invoker = sluice_end_new(loop, NULL);
    struct sluice_link *link = sluice_inproc_link_new(service);
    struct sluice_stub *stub;
    enum sluice_err err;

    sluice_end_join(invoker, link);
    stub = sluice_stub_new(invoker);
    err = sluice_end_start(service);
    if (err == SLUICE_OK)
        err = sluice_end_start(invoker);
    if (err == SLUICE_OK)
        err = greet(stub, sluice_loop_pool(loop), caller);
    if (err == SLUICE_OK)
        run_until(uv, &caller->has_ended);

    stop(invoker, uv);
    stop(service, uv);
    sluice_stub_free(&stub);
    sluice_end_free(&invoker);
    sluice_end_free(&service);
    sluice_inproc_link_free(&link);
    return err;
}

int
main(void)
{
    const struct sluice_method_implementation method =
        sluice_unary_unary_event(echo, NULL);
    struct caller caller = { 0 };
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    struct sluice_loop *loop;
    enum sluice_err err;
    uv_loop_t uv;

    if (servicer == NULL || uv_loop_init(&uv) != 0)
        return 1;
    loop = sluice_loop_new(&uv);
    if (loop == NULL)
        return 1;
    err = sluice_face_servicer_add(servicer, sluice_str("Greeter"),
        sluice_str("Echo"), &method);
    if (err == SLUICE_OK)
        err = run(loop, &uv, servicer, &caller);
    sluice_face_servicer_free(&servicer);
    sluice_loop_close(&loop, NULL, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    uv_loop_close(&uv);
    if (err != SLUICE_OK)
        fprintf(stderr, "consumer: %s\n", sluice_err_text(err));
    return caller.has_echo && caller.is_complete ? 0 : 1;
}
