/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_invoke.c - the three ways to invoke a method of the trading
 * service: with names, by a callable, by a look-up.
 */
#include "tests/rpc/face_suite.h"

const char *
method_name(enum sluice_cardinality cardinality)
{
    static const char *const names[] = {
        [SLUICE_UNARY_UNARY] = "GetLastTradePrice",
        [SLUICE_UNARY_STREAM] = "WatchFutureTrades",
        [SLUICE_STREAM_UNARY] = "GetHighestTradePrice",
        [SLUICE_STREAM_STREAM] = "GetLastTradePriceMultiple",
    };

    return names[cardinality];
}

/* On any thread: a failure ends the program. */
static struct sluice_multi_callable *
callable(struct suite *s, enum sluice_cardinality cardinality)
{
    struct sluice_multi_callable *found;

    if (s->invoker == MULTI_CALLABLE)
        return s->callables[cardinality];
    if (sluice_dynamic_stub_find(s->dynamic,
            sluice_str(method_name(cardinality)), &found) != SLUICE_OK)
        abort();
    assert(sluice_multi_callable_cardinality(found) == cardinality);
    return found;
}

enum sluice_err
invoke_blocking(struct suite *s, struct sluice_bytes *request,
    const struct sluice_iterator *requests, int64_t timeout_ns,
    struct sluice_bytes **response, struct sluice_rendezvous **r)
{
    const struct sluice_call_options options = { .timeout_ns = timeout_ns };
    enum sluice_cardinality cardinality =
        request != NULL ? SLUICE_UNARY_UNARY : SLUICE_STREAM_UNARY;
    struct sluice_str g = sluice_str("Stock");
    struct sluice_str m = sluice_str(method_name(cardinality));

    if (s->invoker != GENERIC)
        return sluice_multi_callable_blocking(callable(s, cardinality), request,
            requests, &options, response, r);
    if (request != NULL)
        return sluice_stub_blocking_unary_unary(s->stub, g, m, request,
            &options, response, r);
    return sluice_stub_blocking_stream_unary(s->stub, g, m, requests, &options,
        response, r);
}

static enum sluice_err
begin_generic(struct suite *s, enum sluice_cardinality cardinality,
    struct sluice_bytes *request, const struct sluice_iterator *requests,
    const struct sluice_call_options *options, struct sluice_rendezvous **r)
{
    struct sluice_str g = sluice_str("Stock");
    struct sluice_str m = sluice_str(method_name(cardinality));

    switch (cardinality) {
    case SLUICE_UNARY_UNARY:
        return sluice_stub_future_unary_unary(s->stub, g, m, request, options,
            r);
    case SLUICE_UNARY_STREAM:
        return sluice_stub_inline_unary_stream(s->stub, g, m, request, options,
            r);
    case SLUICE_STREAM_UNARY:
        return sluice_stub_future_stream_unary(s->stub, g, m, requests, options,
            r);
    case SLUICE_STREAM_STREAM:
        return sluice_stub_inline_stream_stream(s->stub, g, m, requests,
            options, r);
    }
    return SLUICE_EINVAL;
}

static bool
has_unary_response(enum sluice_cardinality cardinality)
{
    return cardinality == SLUICE_UNARY_UNARY ||
        cardinality == SLUICE_STREAM_UNARY;
}

struct sluice_rendezvous *
begin(struct suite *s, enum sluice_cardinality cardinality,
    struct sluice_bytes *request, const struct sluice_iterator *requests,
    int64_t timeout_ns)
{
    const struct sluice_call_options options = { .timeout_ns = timeout_ns };
    struct sluice_rendezvous *r = NULL;
    enum sluice_err err;

    if (s->invoker == GENERIC)
        err = begin_generic(s, cardinality, request, requests, &options, &r);
    else if (has_unary_response(cardinality))
        err = sluice_multi_callable_future(callable(s, cardinality), request,
            requests, &options, &r);
    else
        err = sluice_multi_callable_inline(callable(s, cardinality), request,
            requests, &options, &r);
    assert_int_equal(err, SLUICE_OK);
    assert_non_null(r);
    return r;
}

static enum sluice_err
begin_event_generic(struct suite *s, enum sluice_cardinality cardinality,
    struct sluice_bytes *request, const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call)
{
    struct sluice_str g = sluice_str("Stock");
    struct sluice_str m = sluice_str(method_name(cardinality));

    switch (cardinality) {
    case SLUICE_UNARY_UNARY:
        return sluice_stub_event_unary_unary(s->stub, g, m, request, receiver,
            options, call);
    case SLUICE_UNARY_STREAM:
        return sluice_stub_event_unary_stream(s->stub, g, m, request, receiver,
            options, call);
    case SLUICE_STREAM_UNARY:
        return sluice_stub_event_stream_unary(s->stub, g, m, receiver, options,
            call);
    case SLUICE_STREAM_STREAM:
        return sluice_stub_event_stream_stream(s->stub, g, m, receiver, options,
            call);
    }
    return SLUICE_EINVAL;
}

struct sluice_call *
begin_event(struct suite *s, enum sluice_cardinality cardinality,
    struct sluice_bytes *request, const struct sluice_receiver *receiver,
    int64_t timeout_ns)
{
    const struct sluice_call_options options = { .timeout_ns = timeout_ns };
    struct sluice_call *call = NULL;
    enum sluice_err err;

    if (s->invoker == GENERIC)
        err = begin_event_generic(s, cardinality, request, receiver, &options,
            &call);
    else
        err = sluice_multi_callable_event(callable(s, cardinality), request,
            receiver, &options, &call);
    assert(err == SLUICE_OK && call != NULL);
    return call;
}
