/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_stock.c - a service with each cardinality in each mood.
 */
#include "tests/rpc/face_stock.h"

#include <stdio.h>

/* ---- Methods that answer -------------------------------------------------- */

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct stock *s = self;

    s->n_calls++;
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static void
count_on(void *arg, int n)
{
    struct stock *s = arg;
    char text[16];

    (void)n;
    if (s->held == NULL)
        return; /* closing */
    while (s->n_sent < s->n_to_send &&
        sluice_servicer_context_response_budget(s->held) > 0) {
        snprintf(text, sizeof(text), "%u", s->n_sent++);
        sluice_servicer_context_consume(s->held, bytes_of(text));
    }
    if (s->n_sent == s->n_to_send)
        sluice_servicer_context_terminate(s->held);
}

static enum sluice_reply
count(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct stock *s = self;
    char text[16] = { 0 };

    s->n_calls++;
    memcpy(text, sluice_bytes_data(request), sluice_bytes_size(request));
    sluice_bytes_unref(&request);
    s->n_to_send = (unsigned)strtoul(text, NULL, 10);
    s->held = sluice_servicer_context_ref(ctx);
    sluice_servicer_context_on_allowance(ctx, count_on, s);
    count_on(s, 0);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
join_one(void *arg, struct sluice_bytes *request)
{
    struct stock *s = arg;

    s->n_requests++;
    strncat(s->joined, (const char *)sluice_bytes_data(request),
        sluice_bytes_size(request));
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
join_end(void *arg)
{
    struct stock *s = arg;

    s->n_terminates++;
    sluice_servicer_context_respond(s->held, bytes_of(s->joined));
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
join(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct stock *s = self;

    s->n_calls++;
    s->held = sluice_servicer_context_ref(ctx);
    *requests =
        (struct sluice_request_consumer){ join_one, join_end, s, false };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_one(void *arg, struct sluice_bytes *request)
{
    struct stock *s = arg;

    s->n_requests++;
    sluice_servicer_context_consume(s->held, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_end(void *arg)
{
    struct stock *s = arg;

    s->n_terminates++;
    sluice_servicer_context_terminate(s->held);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_all(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct stock *s = self;

    s->n_calls++;
    s->held = sluice_servicer_context_ref(ctx);
    *requests =
        (struct sluice_request_consumer){ echo_one, echo_end, s, false };
    return SLUICE_REPLY_OK;
}

/* ---- Methods that do not -------------------------------------------------- */

static void
on_termination(void *arg)
{
    struct stock *s = arg;

    s->n_terminated++;
}

static void
hold(struct stock *s, struct sluice_servicer_context *ctx)
{
    s->n_calls++;
    s->held = sluice_servicer_context_ref(ctx);
    sluice_servicer_context_on_termination(ctx, on_termination, s);
}

static enum sluice_reply
hold_unary(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    sluice_bytes_unref(&request);
    hold(self, ctx);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hold_one(void *arg, struct sluice_bytes *request)
{
    struct stock *s = arg;

    s->n_requests++;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hold_end(void *arg)
{
    struct stock *s = arg;

    s->n_terminates++;
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hold_stream(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    hold(self, ctx);
    *requests =
        (struct sluice_request_consumer){ hold_one, hold_end, self, false };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
fail_unary(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct stock *s = self;

    (void)ctx;
    s->n_calls++;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
fail_one(void *arg, struct sluice_bytes *request)
{
    (void)arg;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
fail_stream(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct stock *s = self;

    (void)ctx;
    s->n_calls++;
    *requests =
        (struct sluice_request_consumer){ fail_one, hold_end, self, false };
    return SLUICE_REPLY_OK;
}

/* ---- The stock ------------------------------------------------------------ */

static void
add_methods(struct sluice_face_servicer *servicer, struct stock *s)
{
    add_unary(servicer, "Echo", SLUICE_UNARY_UNARY, echo, s);
    add_unary(servicer, "Count", SLUICE_UNARY_STREAM, count, s);
    add_stream(servicer, "Join", SLUICE_STREAM_UNARY, join, s);
    add_stream(servicer, "EchoAll", SLUICE_STREAM_STREAM, echo_all, s);
    add_unary(servicer, "HoldUU", SLUICE_UNARY_UNARY, hold_unary, s);
    add_unary(servicer, "HoldUS", SLUICE_UNARY_STREAM, hold_unary, s);
    add_stream(servicer, "HoldSU", SLUICE_STREAM_UNARY, hold_stream, s);
    add_stream(servicer, "HoldSS", SLUICE_STREAM_STREAM, hold_stream, s);
    add_unary(servicer, "FailUU", SLUICE_UNARY_UNARY, fail_unary, s);
    add_unary(servicer, "FailUS", SLUICE_UNARY_STREAM, fail_unary, s);
    add_stream(servicer, "FailSU", SLUICE_STREAM_UNARY, fail_stream, s);
    add_stream(servicer, "FailSS", SLUICE_STREAM_STREAM, fail_stream, s);
}

static int
open_over(void **state, enum join_kind over)
{
    struct stock *s = calloc(1, sizeof(*s));
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();

    assert_non_null(s);
    assert_non_null(servicer);
    s->f.over = over;
    add_methods(servicer, s);
    fixture_open(&s->f, servicer, fixture_open_loop(&s->f));
    observe(&s->o);
    observe(&s->o2);
    *state = s;
    return 0;
}

int
open_stock(void **state)
{
    return open_over(state, IN_PROCESS);
}

int
open_grpc_stock(void **state)
{
    return open_over(state, OVER_TCP);
}

int
close_stock(void **state)
{
    struct stock *s = *state;

    sluice_servicer_context_unref(&s->held);
    observer_fini(&s->o);
    observer_fini(&s->o2);
    fixture_close(&s->f);
    free(s);
    return 0;
}
