/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/serving.c - the service and its methods:
 *
 *   echo      unary    the request
 *   metadata  unary    sends back what begins with x-, first and last
 *   names     unary    all metadata as text, a line each
 *   fail      unary    "CODE TEXT": ends like that, with details
 *   crash     unary    has a defect
 *   give_up   unary    cancels itself
 *   squeeze   unary    the request, in the coding that the caller takes
 *   peer      unary    the caller's address, a blank and what it called
 *   hold      unary    never answers
 *   gate      unary    the request, when the gate is open
 *   deadline  unary    milliseconds left
 *   zeros     unary    "N": so many bytes
 *   count     server   "N SIZE": so many messages of that size
 *   total     client   "N SIZE" of all requests
 *   chat      both     each request, back; as fast as they are read
 *   hang_up   both     the first request, then ends
 *   silent    both     never grants anything, never answers
 *   greet     both     sends metadata at once, then as chat
 */
#include "tests/rpc/serving.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCHDOG_MS 60000
#define IDLE_MS 50

/* One call of a method that needs to remember something. */
struct visit {
    struct serving *s;
    struct sluice_servicer_context *ctx; /* held */
    unsigned long count;
    unsigned long size;
    unsigned long sent;
};

/* --------------------------------------------------------------- helpers */

/* NULL stands for memory that is short, here and below. */
static enum sluice_reply
answer(struct sluice_servicer_context *ctx, struct sluice_bytes *response)
{
    if (response == NULL)
        return SLUICE_REPLY_FAILED;
    sluice_servicer_context_respond(ctx, response);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
answer_text(struct serving *s, struct sluice_servicer_context *ctx,
    const char *text, size_t len)
{
    return answer(ctx, sluice_bytes_copy(sluice_loop_pool(s->loop), text, len));
}

/* The request as text. Takes it. */
static void
text_of(struct sluice_bytes *request, char *out, size_t room)
{
    size_t len = sluice_bytes_size(request);

    assert_true(len < room);
    memcpy(out, sluice_bytes_data(request), len);
    out[len] = '\0';
    sluice_bytes_unref(&request);
}

static void
on_over(void *arg)
{
    ((struct serving *)arg)->over++;
}

static void
arrive(struct serving *s, struct sluice_servicer_context *ctx)
{
    s->calls++;
    sluice_servicer_context_on_termination(ctx, on_over, s);
}

static void
on_visit_over(void *arg)
{
    struct visit *v = arg;

    v->s->over++;
    sluice_servicer_context_unref(&v->ctx);
    free(v);
}

static struct visit *
visit(struct serving *s, struct sluice_servicer_context *ctx)
{
    struct visit *v = calloc(1, sizeof(*v));

    s->calls++;
    if (v == NULL)
        return NULL;
    v->s = s;
    v->ctx = sluice_servicer_context_ref(ctx);
    sluice_servicer_context_on_termination(ctx, on_visit_over, v);
    return v;
}

/* ----------------------------------------------------------------- unary */

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    arrive(self, ctx);
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static struct sluice_metadata *
own_metadata(const struct sluice_servicer_context *ctx)
{
    struct sluice_metadata *all =
        sluice_servicer_context_invocation_metadata(ctx);
    struct sluice_metadata *own = sluice_metadata_new(NULL);
    struct sluice_metadatum m;
    size_t i;

    for (i = 0; i < sluice_metadata_count(all) && own != NULL; i++) {
        m = sluice_metadata_at(all, i);
        if (m.name.len > 2 && memcmp(m.name.ptr, "x-", 2) == 0 &&
            sluice_metadata_add(own, m.name, m.value) != SLUICE_OK)
            sluice_metadata_unref(&own);
    }
    return own;
}

static enum sluice_reply
metadata(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    arrive(self, ctx);
    (void)!sluice_servicer_context_set_initial_metadata(ctx, own_metadata(ctx));
    (void)!sluice_servicer_context_set_terminal_metadata(ctx,
        own_metadata(ctx));
    return answer(ctx, request);
}

static enum sluice_reply
names(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct sluice_metadata *all =
        sluice_servicer_context_invocation_metadata(ctx);
    struct sluice_metadatum m;
    char text[4096];
    size_t len = 0;
    size_t i;

    arrive(self, ctx);
    sluice_bytes_unref(&request);
    for (i = 0; i < sluice_metadata_count(all); i++) {
        m = sluice_metadata_at(all, i);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s=%.*s\n",
            (int)m.name.len, m.name.ptr, (int)m.value.len, m.value.ptr);
        assert_true(len < sizeof(text));
    }
    return answer_text(self, ctx, text, len);
}

static struct sluice_metadata *
details(void)
{
    static const char bytes[] = { 8, 5, 0, (char)0xff };
    struct sluice_metadata *md = sluice_metadata_new(NULL);

    if (md != NULL &&
        (sluice_metadata_add(md, sluice_str("grpc-status-details-bin"),
             sluice_str_n(bytes, sizeof(bytes))) != SLUICE_OK ||
            sluice_metadata_add(md, sluice_str("x-why"), sluice_str("asked")) !=
                SLUICE_OK))
        sluice_metadata_unref(&md);
    return md;
}

static enum sluice_reply
fail_as_asked(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    char text[32768];
    char *end;

    arrive(self, ctx);
    text_of(request, text, sizeof(text));
    (void)!sluice_servicer_context_set_terminal_metadata(ctx, details());
    (void)!sluice_servicer_context_set_code(ctx,
        (int32_t)strtol(text, &end, 10));
    if (*end == ' ')
        (void)!sluice_servicer_context_set_details(ctx, sluice_str(end + 1));
    sluice_servicer_context_terminate(ctx);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
crash(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    arrive(self, ctx);
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
give_up(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    arrive(self, ctx);
    sluice_bytes_unref(&request);
    sluice_servicer_context_cancel(ctx);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
squeeze(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct sluice_grpc_context *context =
        sluice_servicer_context_protocol_context(ctx);
    struct serving *s = self;

    arrive(s, ctx);
    assert_int_equal(sluice_grpc_context_set_coding(context,
                         (enum sluice_grpc_coding)77),
        SLUICE_EINVAL);
    s->coding_err = sluice_grpc_context_set_coding(context, s->coding);
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
peer(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    const struct sluice_grpc_context *context =
        sluice_servicer_context_protocol_context(ctx);
    struct sluice_str from = sluice_grpc_context_peer(context);
    struct sluice_str to = sluice_grpc_context_authority(context);
    char text[512];
    int n = snprintf(text, sizeof(text), "%.*s %.*s", (int)from.len, from.ptr,
        (int)to.len, to.ptr);

    arrive(self, ctx);
    sluice_bytes_unref(&request);
    return answer_text(self, ctx, text, (size_t)n);
}

static enum sluice_reply
hold(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    arrive(self, ctx);
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
gate(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct serving *s = self;

    if (s->gate_is_open)
        return echo(s, request, ctx);
    assert_true(s->held_count < SERVING_HELD);
    s->held[s->held_count] = sluice_servicer_context_ref(ctx);
    s->kept[s->held_count++] = request;
    arrive(s, ctx);
    return SLUICE_REPLY_OK;
}

void
serving_open_gate(struct serving *s)
{
    s->gate_is_open = true;
    while (s->held_count > 0) {
        s->held_count--;
        sluice_servicer_context_respond(s->held[s->held_count],
            s->kept[s->held_count]);
        sluice_servicer_context_unref(&s->held[s->held_count]);
    }
}

static enum sluice_reply
deadline(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%lld",
        (long long)(sluice_servicer_context_time_remaining(ctx) / SLUICE_MS));

    arrive(self, ctx);
    sluice_bytes_unref(&request);
    return answer_text(self, ctx, text, (size_t)n);
}

static struct sluice_bytes *
zeros_of(struct serving *s, size_t size)
{
    struct sluice_bytes *b = sluice_bytes_new(sluice_loop_pool(s->loop), size);

    if (b == NULL)
        return NULL;
    if (size > 0)
        memset(sluice_bytes_fill(b), 0, size);
    sluice_bytes_set_size(b, size);
    return b;
}

static enum sluice_reply
zeros(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    char text[32];

    arrive(self, ctx);
    text_of(request, text, sizeof(text));
    return answer(ctx, zeros_of(self, strtoul(text, NULL, 10)));
}

/* --------------------------------------------------------------- streams */

static void
count_on(void *arg, int n)
{
    struct visit *v = arg;
    struct sluice_bytes *b;

    (void)n;
    while (v->sent < v->count &&
        sluice_servicer_context_response_budget(v->ctx) > 0) {
        b = zeros_of(v->s, v->size);
        if (b == NULL) {
            sluice_servicer_context_cancel(v->ctx);
            return;
        }
        v->sent++;
        v->s->sent++;
        sluice_servicer_context_consume(v->ctx, b);
    }
    if (v->sent == v->count)
        sluice_servicer_context_terminate(v->ctx);
}

static enum sluice_reply
count(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct visit *v = visit(self, ctx);
    char text[64];
    char *end;

    text_of(request, text, sizeof(text));
    if (v == NULL)
        return SLUICE_REPLY_FAILED;
    v->count = strtoul(text, &end, 10);
    v->size = strtoul(end, NULL, 10);
    sluice_servicer_context_on_allowance(ctx, count_on, v);
    count_on(v, 0);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
add_up(void *arg, struct sluice_bytes *request)
{
    struct visit *v = arg;

    v->s->requests++;
    v->count++;
    v->size += sluice_bytes_size(request);
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
sum_up(void *arg)
{
    struct visit *v = arg;
    char text[64];
    int n = snprintf(text, sizeof(text), "%lu %lu", v->count, v->size);

    return answer_text(v->s, v->ctx, text, (size_t)n);
}

static enum sluice_reply
total(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct visit *v = visit(self, ctx);

    *requests = (struct sluice_request_consumer){ add_up, sum_up, v, false };
    return v != NULL ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

/* A request is granted for each response that has left. */
static void
grant(void *arg, int n)
{
    struct visit *v = arg;

    sluice_servicer_context_allow(v->ctx, n);
}

static enum sluice_reply
send_back(void *arg, struct sluice_bytes *request)
{
    struct visit *v = arg;

    v->s->requests++;
    sluice_servicer_context_consume(v->ctx, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
end_chat(void *arg)
{
    struct visit *v = arg;

    sluice_servicer_context_terminate(v->ctx);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
chat(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct visit *v = visit(self, ctx);

    if (v == NULL)
        return SLUICE_REPLY_FAILED;
    sluice_servicer_context_on_allowance(ctx, grant, v);
    *requests =
        (struct sluice_request_consumer){ send_back, end_chat, v, true };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
greet(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    (void)!sluice_servicer_context_set_initial_metadata(ctx, own_metadata(ctx));
    return chat(self, ctx, requests);
}

static enum sluice_reply
send_back_once(void *arg, struct sluice_bytes *request)
{
    struct visit *v = arg;

    v->s->requests++;
    sluice_servicer_context_respond(v->ctx, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
do_nothing(void *arg)
{
    (void)arg;
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hang_up(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct visit *v = visit(self, ctx);

    *requests = (struct sluice_request_consumer){ send_back_once, do_nothing, v,
        false };
    return v != NULL ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static enum sluice_reply
swallow(void *arg, struct sluice_bytes *request)
{
    struct visit *v = arg;

    v->s->requests++;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
silent(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct visit *v = visit(self, ctx);

    *requests =
        (struct sluice_request_consumer){ swallow, do_nothing, v, true };
    return v != NULL ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

/* ----------------------------------------------------------------- world */

static void
add(struct serving *s, const char *name,
    struct sluice_method_implementation method)
{
    assert_int_equal(sluice_face_servicer_add(s->servicer, sluice_str(s->group),
                         sluice_str(name), &method),
        SLUICE_OK);
}

static void
add_methods(struct serving *s)
{
    add(s, "echo", sluice_unary_unary_event(echo, s));
    add(s, "metadata", sluice_unary_unary_event(metadata, s));
    add(s, "names", sluice_unary_unary_event(names, s));
    add(s, "fail", sluice_unary_unary_event(fail_as_asked, s));
    add(s, "crash", sluice_unary_unary_event(crash, s));
    add(s, "give_up", sluice_unary_unary_event(give_up, s));
    add(s, "squeeze", sluice_unary_unary_event(squeeze, s));
    add(s, "peer", sluice_unary_unary_event(peer, s));
    add(s, "hold", sluice_unary_unary_event(hold, s));
    add(s, "gate", sluice_unary_unary_event(gate, s));
    add(s, "deadline", sluice_unary_unary_event(deadline, s));
    add(s, "zeros", sluice_unary_unary_event(zeros, s));
    add(s, "count", sluice_unary_stream_event(count, s));
    add(s, "total", sluice_stream_unary_event(total, s));
    add(s, "chat", sluice_stream_stream_event(chat, s));
    add(s, "hang_up", sluice_stream_stream_event(hang_up, s));
    add(s, "silent", sluice_stream_stream_event(silent, s));
    add(s, "greet", sluice_stream_stream_event(greet, s));
}

static void
open_all(struct serving *s, const struct sluice_grpc_server_options *options)
{
    struct sluice_end_options end = { .default_timeout_ns = 0 };
    const char *why = NULL;

    (void)signal(SIGPIPE, SIG_IGN);
    s->uv = sluice_loop_uv(s->loop);
    s->coding = SLUICE_GRPC_GZIP;
    s->servicer = sluice_face_servicer_new();
    assert_non_null(s->servicer);
    add_methods(s);
    end.servicer = sluice_face_servicer_base(s->servicer);
    s->end = sluice_end_new(s->loop, &end);
    assert_non_null(s->end);
    assert_int_equal(sluice_end_start(s->end), SLUICE_OK);
    assert_int_equal(sluice_grpc_server_new(s->loop, s->end, options,
                         &s->server),
        SLUICE_OK);
    assert_int_equal(sluice_grpc_server_listen(s->server,
                         sluice_str("127.0.0.1:0"), &why),
        SLUICE_OK);
    s->port = sluice_grpc_server_port(s->server, 0);
    assert_true(s->port > 0);
}

void
serving_open_on(struct serving *s, struct sluice_loop *loop, const char *group,
    const struct sluice_grpc_server_options *options)
{
    memset(s, 0, sizeof(*s));
    s->is_guest = true;
    s->loop = loop;
    s->group = group;
    open_all(s, options);
}

void
serving_open(struct serving *s,
    const struct sluice_grpc_server_options *options)
{
    memset(s, 0, sizeof(*s));
    s->group = "test.Server";
    assert_int_equal(uv_loop_init(&s->own_uv), 0);
    s->loop = sluice_loop_new(&s->own_uv);
    assert_non_null(s->loop);
    open_all(s, options);
}

void
serving_set(void *arg)
{
    *(bool *)arg = true;
}

bool
serving_is_set(void *arg)
{
    return *(bool *)arg;
}

void
serving_stop(struct serving *s)
{
    serving_open_gate(s);
    s->is_stopped = false;
    assert_int_equal(sluice_end_stop(s->end, 0, serving_set, &s->is_stopped),
        SLUICE_OK);
    serving_until(s, serving_is_set, &s->is_stopped);
}

void
serving_close(struct serving *s)
{
    serving_stop(s);
    if (s->server != NULL) {
        sluice_grpc_server_close(&s->server, serving_set, &s->is_closed);
        assert_null(s->server);
        assert_false(s->is_closed);
        serving_until(s, serving_is_set, &s->is_closed);
    }
    sluice_end_free(&s->end);
    sluice_face_servicer_free(&s->servicer);
    if (s->is_guest)
        return;
    sluice_loop_close(&s->loop, NULL, NULL);
    assert_int_equal(uv_run(s->uv, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(s->uv), 0);
}

static void
on_watchdog(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void
on_timer_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

/* Runs the loop until then, or for so long; true: until then. */
static bool
run_until(struct serving *s, bool (*is_true)(void *arg), void *arg,
    uint64_t timeout_ms)
{
    uv_timer_t timer;
    bool is_late = false;
    bool is_closed = false;

    (void)uv_timer_init(s->uv, &timer);
    timer.data = &is_late;
    (void)uv_timer_start(&timer, on_watchdog, timeout_ms, 0);
    while (!is_true(arg) && !is_late)
        (void)uv_run(s->uv, UV_RUN_ONCE);
    timer.data = &is_closed;
    uv_close((uv_handle_t *)&timer, on_timer_closed);
    while (!is_closed)
        (void)uv_run(s->uv, UV_RUN_NOWAIT);
    return !is_late;
}

void
serving_until(struct serving *s, bool (*is_true)(void *arg), void *arg)
{
    if (!run_until(s, is_true, arg, WATCHDOG_MS))
        fail_msg("nothing came of it within a minute");
}

static bool
is_never(void *arg)
{
    (void)arg;
    return false;
}

void
serving_idle(struct serving *s)
{
    (void)run_until(s, is_never, NULL, IDLE_MS);
}

static bool
is_alone(void *arg)
{
    struct serving *s = arg;

    return sluice_grpc_server_connections(s->server) == 0;
}

void
serving_until_gone(struct serving *s)
{
    serving_until(s, is_alone, s);
}

struct awaited {
    struct serving *s;
    size_t calls;
};

static bool
are_over(void *arg)
{
    struct awaited *a = arg;

    return a->s->over >= a->calls && sluice_end_active(a->s->end) == 0;
}

void
serving_until_over(struct serving *s, size_t calls)
{
    struct awaited a = { s, calls };

    serving_until(s, are_over, &a);
    assert_int_equal(s->over, calls);
}

static bool
are_there(void *arg)
{
    struct awaited *a = arg;

    return a->s->calls >= a->calls;
}

void
serving_until_called(struct serving *s, size_t calls)
{
    struct awaited a = { s, calls };

    serving_until(s, are_there, &a);
    assert_int_equal(s->calls, calls);
}

uint64_t
serving_ended(const struct serving *s, enum sluice_outcome_kind kind)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    sluice_end_operation_stats(s->end, stats);
    return stats[kind];
}
