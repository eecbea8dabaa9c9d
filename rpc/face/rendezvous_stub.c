/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_stub.c - the ways to begin an RPC from a thread that may
 * block: by style and cardinality on a generic stub, or by style through a
 * multi-callable. Every way leads to face_rendezvous_start().
 */
#include "rpc/face/rendezvous_call.h"
#include "rpc/face/stub.h"

/* Begins, and waits for the end. */
static enum sluice_err
block(const struct face_invocation_start *start, struct sluice_bytes **response,
    struct sluice_rendezvous **rendezvous)
{
    struct sluice_rendezvous *r;
    enum sluice_err err;

    *response = NULL;
    err = face_rendezvous_start(start, &r);
    if (err == SLUICE_OK)
        err = face_rendezvous_draw(r, response);
    if (rendezvous != NULL)
        *rendezvous = r;
    else
        sluice_rendezvous_unref(&r);
    return err;
}

/* ---- Generic stub ------------------------------------------------------------------ */

static struct face_invocation_start
on_stub(const struct sluice_stub *stub, enum sluice_cardinality cardinality,
    enum face_invocation_style style, struct sluice_str group,
    struct sluice_str method)
{
    return (struct face_invocation_start){
        .call = { .end = stub->end,
            .cardinality = cardinality,
            .group = group,
            .method = method },
        .style = style,
        .pool = stub->pool,
    };
}

enum sluice_err
sluice_stub_blocking_unary_unary(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_call_options *options,
    struct sluice_bytes **response, struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_stub(stub, SLUICE_UNARY_UNARY, FACE_BLOCKING, group, method);

    start.call.request = request;
    start.options = options;
    return block(&start, response, rendezvous);
}

enum sluice_err
sluice_stub_blocking_stream_unary(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options, struct sluice_bytes **response,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_stub(stub, SLUICE_STREAM_UNARY, FACE_BLOCKING, group, method);

    start.requests = requests;
    start.options = options;
    return block(&start, response, rendezvous);
}

enum sluice_err
sluice_stub_future_unary_unary(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_stub(stub, SLUICE_UNARY_UNARY, FACE_FUTURE, group, method);

    start.call.request = request;
    start.options = options;
    return face_rendezvous_start(&start, rendezvous);
}

enum sluice_err
sluice_stub_future_stream_unary(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_stub(stub, SLUICE_STREAM_UNARY, FACE_FUTURE, group, method);

    start.requests = requests;
    start.options = options;
    return face_rendezvous_start(&start, rendezvous);
}

enum sluice_err
sluice_stub_inline_unary_stream(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_stub(stub, SLUICE_UNARY_STREAM, FACE_INLINE, group, method);

    start.call.request = request;
    start.options = options;
    return face_rendezvous_start(&start, rendezvous);
}

enum sluice_err
sluice_stub_inline_stream_stream(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_stub(stub, SLUICE_STREAM_STREAM, FACE_INLINE, group, method);

    start.requests = requests;
    start.options = options;
    return face_rendezvous_start(&start, rendezvous);
}

/* ---- Multi-callables --------------------------------------------------------------- */

static struct face_invocation_start
on_callable(const struct sluice_multi_callable *callable,
    enum face_invocation_style style, struct sluice_bytes *request,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options)
{
    return (struct face_invocation_start){
        .call = { callable->end, callable->cardinality, callable->group,
            callable->method, request },
        .style = style,
        .requests = requests,
        .pool = callable->pool,
        .options = options,
    };
}

enum sluice_err
sluice_multi_callable_blocking(struct sluice_multi_callable *callable,
    struct sluice_bytes *request, const struct sluice_iterator *requests,
    const struct sluice_call_options *options, struct sluice_bytes **response,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_callable(callable, FACE_BLOCKING, request, requests, options);

    return block(&start, response, rendezvous);
}

enum sluice_err
sluice_multi_callable_future(struct sluice_multi_callable *callable,
    struct sluice_bytes *request, const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_callable(callable, FACE_FUTURE, request, requests, options);

    return face_rendezvous_start(&start, rendezvous);
}

enum sluice_err
sluice_multi_callable_inline(struct sluice_multi_callable *callable,
    struct sluice_bytes *request, const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous)
{
    struct face_invocation_start start =
        on_callable(callable, FACE_INLINE, request, requests, options);

    return face_rendezvous_start(&start, rendezvous);
}
