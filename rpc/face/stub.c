/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/stub.c - the ways to name a method: by (group, method) on a generic
 * stub, or once in a multi-callable. Every way leads to face_call_new(); those
 * of threads do so in rendezvous_stub.c.
 */
#include <stdlib.h>

#include "rpc/face/call.h"
#include "rpc/face/stub.h"

struct sluice_stub *
sluice_stub_new(struct sluice_end *end)
{
    struct sluice_stub *stub = calloc(1, sizeof(*stub));

    if (stub != NULL)
        stub->end = end;
    return stub;
}

void
sluice_stub_free(struct sluice_stub **stub)
{
    free(*stub);
    *stub = NULL;
}

void
sluice_stub_set_thread_pool(struct sluice_stub *stub,
    struct sluice_thread_pool *pool)
{
    stub->pool = pool;
}

/* ---- Generic stub --------------------------------------------------------- */

enum sluice_err
sluice_stub_event_unary_unary(struct sluice_stub *stub, struct sluice_str group,
    struct sluice_str method, struct sluice_bytes *request,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call)
{
    struct face_call_start start = { stub->end, SLUICE_UNARY_UNARY, group,
        method, request };

    return face_call_new(&start, receiver, options, call);
}

enum sluice_err
sluice_stub_event_unary_stream(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call)
{
    struct face_call_start start = { stub->end, SLUICE_UNARY_STREAM, group,
        method, request };

    return face_call_new(&start, receiver, options, call);
}

enum sluice_err
sluice_stub_event_stream_unary(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call)
{
    struct face_call_start start = { stub->end, SLUICE_STREAM_UNARY, group,
        method, NULL };

    return face_call_new(&start, receiver, options, call);
}

enum sluice_err
sluice_stub_event_stream_stream(struct sluice_stub *stub,
    struct sluice_str group, struct sluice_str method,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call)
{
    struct face_call_start start = { stub->end, SLUICE_STREAM_STREAM, group,
        method, NULL };

    return face_call_new(&start, receiver, options, call);
}

/* ---- Multi-callables ------------------------------------------------------ */

static struct sluice_str
copy_name(char *to, struct sluice_str name)
{
    if (name.len > 0)
        memcpy(to, name.ptr, name.len);
    return sluice_str_n(to, name.len);
}

struct sluice_multi_callable *
sluice_stub_multi_callable(struct sluice_stub *stub,
    enum sluice_cardinality cardinality, struct sluice_str group,
    struct sluice_str method)
{
    struct sluice_multi_callable *callable;
    size_t room, size;

    if (__builtin_add_overflow(group.len, method.len, &room) ||
        __builtin_add_overflow(room, sizeof(*callable), &size))
        return NULL;
    callable = malloc(size);
    if (callable == NULL)
        return NULL;

    callable->end = stub->end;
    callable->pool = stub->pool;
    callable->cardinality = cardinality;
    callable->group = copy_name(callable->names, group);
    callable->method = copy_name(callable->names + group.len, method);
    return callable;
}

void
sluice_multi_callable_free(struct sluice_multi_callable **callable)
{
    free(*callable);
    *callable = NULL;
}

enum sluice_err
sluice_multi_callable_event(struct sluice_multi_callable *callable,
    struct sluice_bytes *request, const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call)
{
    struct face_call_start start = { callable->end, callable->cardinality,
        callable->group, callable->method, request };

    return face_call_new(&start, receiver, options, call);
}
