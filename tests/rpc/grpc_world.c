/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/grpc_world.c - see the header. The watchdog is generous: it is
 * there to name the test that hangs, not to measure.
 */
#include "tests/rpc/grpc_world.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define WATCHDOG_MS 60000

static void
on_stopped(void *arg)
{
    *(bool *)arg = true;
}

void
grpc_world_open(struct grpc_world *w, unsigned port,
    const struct sluice_grpc_client_options *options)
{
    struct sluice_grpc_client_options o = { .max_message = 0 };
    char target[64];

    (void)signal(SIGPIPE, SIG_IGN);
    memset(w, 0, sizeof(*w));
    if (options != NULL)
        o = *options;
    (void)snprintf(target, sizeof(target), "ipv4:127.0.0.1:%u", port);
    if (o.target.ptr == NULL)
        o.target = sluice_str(target);
    assert_int_equal(uv_loop_init(&w->uv), 0);
    w->loop = sluice_loop_new(&w->uv);
    assert_non_null(w->loop);
    w->end = sluice_end_new(w->loop, NULL);
    assert_non_null(w->end);
    assert_int_equal(sluice_grpc_client_new(w->loop, &o, &w->client),
        SLUICE_OK);
    sluice_end_join(w->end, sluice_grpc_client_link(w->client));
    assert_int_equal(sluice_end_start(w->end), SLUICE_OK);
}

static bool
is_set(void *arg)
{
    return *(bool *)arg;
}

void
grpc_world_close(struct grpc_world *w)
{
    assert_int_equal(sluice_end_stop(w->end, 0, on_stopped, &w->is_stopped),
        SLUICE_OK);
    grpc_world_until(w, is_set, &w->is_stopped);
    sluice_grpc_client_close(&w->client, on_stopped, &w->is_client_closed);
    assert_null(w->client);
    assert_false(w->is_client_closed);
    grpc_world_until(w, is_set, &w->is_client_closed);
    sluice_end_free(&w->end);
    sluice_loop_close(&w->loop, NULL, NULL);
    assert_int_equal(uv_run(&w->uv, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->uv), 0);
}

static void
on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing came of it within a minute");
}

static void
close_timer(uv_timer_t *timer, uv_loop_t *uv)
{
    uv_close((uv_handle_t *)timer, NULL);
    while (uv_is_closing((uv_handle_t *)timer) &&
        uv_is_active((uv_handle_t *)timer))
        uv_run(uv, UV_RUN_NOWAIT);
    uv_run(uv, UV_RUN_NOWAIT);
}

void
grpc_world_until(struct grpc_world *w, bool (*is_true)(void *arg), void *arg)
{
    uv_timer_t watchdog;

    if (is_true(arg))
        return;
    (void)uv_timer_init(&w->uv, &watchdog);
    (void)uv_timer_start(&watchdog, on_watchdog, WATCHDOG_MS, 0);
    while (!is_true(arg))
        (void)uv_run(&w->uv, UV_RUN_ONCE);
    close_timer(&watchdog, &w->uv);
}

static void
on_moment(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

void
grpc_world_idle(struct grpc_world *w)
{
    uv_timer_t timer;
    bool is_over = false;

    (void)uv_timer_init(&w->uv, &timer);
    timer.data = &is_over;
    (void)uv_timer_start(&timer, on_moment, 50, 0);
    while (!is_over)
        (void)uv_run(&w->uv, UV_RUN_ONCE);
    close_timer(&timer, &w->uv);
}

/* ---------------------------------------------------------------- calls */

static void
take_payload(struct grpc_call *c, struct sluice_bytes *payload)
{
    size_t size = sluice_bytes_size(payload);
    size_t room = sizeof(c->text) - 1 -
        (c->bytes < sizeof(c->text) - 1 ? c->bytes : sizeof(c->text) - 1);
    size_t n = size < room ? size : room;

    if (n > 0)
        memcpy(c->text + c->bytes, sluice_bytes_data(payload), n);
    c->bytes += size;
    c->payloads++;
    sluice_bytes_unref(&payload);
}

static enum sluice_reply
on_values(void *arg, const struct sluice_values *v)
{
    struct grpc_call *c = arg;

    assert_int_equal(c->terminations, 0);
    c->allowance += v->allowance;
    if (v->initial_metadata != NULL) {
        assert_null(c->initial);
        assert_int_equal(c->payloads, 0);
        c->initial = v->initial_metadata;
    }
    if (v->payload != NULL) {
        assert_int_equal(c->completions, 0);
        take_payload(c, v->payload);
        if (!c->grants_nothing)
            grpc_call_grant(c, 1);
    }
    if (v->completion != NULL) {
        c->completions++;
        c->terminal = v->completion->terminal_metadata;
    }
    return SLUICE_REPLY_OK;
}

static void
on_terminated(struct sluice_termination_callback *self,
    const struct sluice_outcome *outcome)
{
    struct grpc_call *c = (struct grpc_call *)((char *)self -
        offsetof(struct grpc_call, termination));
    size_t n = outcome->details.len;

    c->terminations++;
    c->kind = outcome->kind;
    c->has_code = outcome->has_code;
    c->code = outcome->code;
    if (n >= sizeof(c->details))
        n = sizeof(c->details) - 1;
    if (n > 0)
        memcpy(c->details, outcome->details.ptr, n);
    if (c->terminal == NULL && outcome->terminal_metadata != NULL)
        c->terminal = sluice_metadata_ref(outcome->terminal_metadata);
}

void
grpc_call_init(struct grpc_call *c, struct grpc_world *w)
{
    memset(c, 0, sizeof(*c));
    c->w = w;
    c->timeout_ns = 20 * SLUICE_SECOND;
    c->termination.run = on_terminated;
}

void
grpc_call_fini(struct grpc_call *c)
{
    sluice_operation_unref(&c->op);
    sluice_metadata_unref(&c->initial);
    sluice_metadata_unref(&c->terminal);
}

static enum sluice_reply
on_context(void *arg, void *context)
{
    struct grpc_call *c = arg;

    assert_null(c->context);
    assert_non_null(context);
    assert_true(c->payloads == 0 && c->initial == NULL);
    c->context = context;
    return SLUICE_REPLY_OK;
}

static enum sluice_err
start(struct grpc_call *c, const char *method, struct sluice_bytes *payload,
    bool completes)
{
    struct sluice_completion completion = { .has_code = false };
    struct sluice_invocation i = { .group = sluice_str("test.Bad"),
        .method = sluice_str(method),
        .subscription = sluice_full_subscription(on_values, c),
        .timeout_ns = c->timeout_ns,
        .protocol_options = &c->options };
    const struct sluice_outcome *outcome;
    enum sluice_err err;

    i.subscription.protocol_receiver.context = on_context;
    i.subscription.protocol_receiver.arg = c;
    if (c->wants_nothing)
        i.subscription = sluice_none_subscription();
    i.first.initial_metadata = c->metadata;
    c->metadata = NULL;
    i.first.payload = payload;
    if (completes)
        i.first.completion = &completion;
    c->allowance = payload == NULL;
    err = sluice_end_operate(c->w->end, &i, &c->op);
    if (err != SLUICE_OK)
        return err;
    outcome = sluice_operation_add_termination_callback(c->op, &c->termination);
    if (outcome != NULL)
        on_terminated(&c->termination, outcome);
    return SLUICE_OK;
}

void
grpc_call_start(struct grpc_call *c, const char *method, const char *payload,
    bool completes)
{
    struct sluice_bytes *bytes = NULL;

    if (payload != NULL)
        bytes = sluice_bytes_copy(sluice_loop_pool(c->w->loop), payload,
            strlen(payload));
    assert_int_equal(start(c, method, bytes, completes), SLUICE_OK);
}

bool
grpc_call_try(struct grpc_call *c, const char *method, const char *payload)
{
    struct sluice_bytes *bytes = sluice_bytes_copy(sluice_loop_pool(c->w->loop),
        payload, strlen(payload));

    if (bytes == NULL) {
        sluice_metadata_unref(&c->metadata);
        return false;
    }
    return start(c, method, bytes, true) == SLUICE_OK;
}

void
grpc_call_send(struct grpc_call *c, const void *payload, size_t len,
    bool completes)
{
    struct sluice_completion completion = { .has_code = false };
    struct sluice_values v = { .allowance = 0 };

    v.payload = sluice_bytes_copy(sluice_loop_pool(c->w->loop), payload, len);
    if (completes)
        v.completion = &completion;
    c->allowance--;
    sluice_operation_advance(c->op, &v);
}

void
grpc_call_complete(struct grpc_call *c)
{
    struct sluice_completion completion = { .has_code = false };
    struct sluice_values v = { .completion = &completion };

    sluice_operation_advance(c->op, &v);
}

void
grpc_call_grant(struct grpc_call *c, int n)
{
    struct sluice_values v = { .allowance = n };

    sluice_operation_advance(c->op, &v);
}

struct awaited {
    struct grpc_call *c;
    size_t payloads;
};

static bool
has_ended(void *arg)
{
    return ((struct awaited *)arg)->c->terminations > 0;
}

static bool
has_payloads(void *arg)
{
    struct awaited *a = arg;

    return a->c->payloads >= a->payloads || a->c->terminations > 0;
}

static bool
has_allowance(void *arg)
{
    struct awaited *a = arg;

    return a->c->allowance > 0 || a->c->terminations > 0;
}

static bool
has_initial(void *arg)
{
    struct awaited *a = arg;

    return a->c->initial != NULL || a->c->terminations > 0;
}

void
grpc_call_await(struct grpc_call *c)
{
    struct awaited a = { c, 0 };

    grpc_world_until(c->w, has_ended, &a);
    assert_int_equal(c->terminations, 1);
}

void
grpc_call_await_payloads(struct grpc_call *c, size_t n)
{
    struct awaited a = { c, n };

    grpc_world_until(c->w, has_payloads, &a);
    assert_int_equal(c->payloads, n);
}

void
grpc_call_await_allowance(struct grpc_call *c)
{
    struct awaited a = { c, 0 };

    grpc_world_until(c->w, has_allowance, &a);
    assert_true(c->allowance > 0);
}

void
grpc_call_await_initial(struct grpc_call *c)
{
    struct awaited a = { c, 0 };

    grpc_world_until(c->w, has_initial, &a);
    assert_non_null(c->initial);
}

void
grpc_call_unary(struct grpc_call *c, struct grpc_world *w, const char *method)
{
    grpc_call_init(c, w);
    grpc_call_start(c, method, "x", true);
    grpc_call_await(c);
}

void
grpc_call_ended(const struct grpc_call *c, enum sluice_outcome_kind kind,
    int32_t code)
{
    assert_string_equal(sluice_outcome_kind_name(c->kind),
        sluice_outcome_kind_name(kind));
    assert_true(c->has_code);
    assert_int_equal(c->code, code);
}
