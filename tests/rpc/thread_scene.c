/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/thread_scene.c - two Ends on the thread of a loop, and the methods
 * that serve there.
 */
#include "tests/rpc/thread_scene.h"

#include <stdio.h>

/* cmocka's own assertions are for the thread of the test: what runs on the
 * loop's uses assert(). */

/* ---- Values ----------------------------------------------------------------------- */

void
assert_bytes(struct sluice_bytes *bytes, const char *text)
{
    assert_non_null(bytes);
    assert_int_equal(sluice_bytes_size(bytes), strlen(text));
    assert_memory_equal(sluice_bytes_data(bytes), text, strlen(text));
    sluice_bytes_unref(&bytes);
}

/* ---- Methods that answer ------------------------------------------------------------ */

static enum sluice_reply
echo(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

/* Memory may be short: then it fails instead. */
static enum sluice_err
set_all(struct sluice_servicer_context *ctx)
{
    enum sluice_err err;

    err = sluice_servicer_context_set_initial_metadata(ctx,
        metadata_of("i", "j"));
    if (err == SLUICE_OK)
        err = sluice_servicer_context_set_code(ctx, SLUICE_CODE_NOT_FOUND);
    if (err == SLUICE_OK)
        err = sluice_servicer_context_set_details(ctx,
            sluice_str("no such book"));
    if (err == SLUICE_OK)
        err = sluice_servicer_context_set_terminal_metadata(ctx,
            metadata_of("a", "z"));
    return err;
}

static enum sluice_reply
refuse(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_bytes_unref(&request);
    if (set_all(ctx) != SLUICE_OK)
        return SLUICE_REPLY_FAILED;
    sluice_servicer_context_terminate(ctx);
    return SLUICE_REPLY_OK;
}

static void
hold(struct scene *s, struct sluice_servicer_context *ctx)
{
    assert(s->held == NULL);
    s->held = sluice_servicer_context_ref(ctx);
}

static void
on_count_allowance(void *arg, int n)
{
    struct scene *s = arg;

    (void)n;
    while (atomic_load(&s->n_made) < s->n_to_make &&
        sluice_servicer_context_response_budget(s->held) > 0)
        sluice_servicer_context_consume(s->held,
            bytes_of_number(atomic_fetch_add(&s->n_made, 1)));
    if (atomic_load(&s->n_made) == s->n_to_make)
        sluice_servicer_context_terminate(s->held);
}

static enum sluice_reply
count(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct scene *s = self;

    sluice_bytes_unref(&request);
    hold(s, ctx);
    sluice_servicer_context_on_allowance(ctx, on_count_allowance, s);
    on_count_allowance(s, 0);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
join_one(void *arg, struct sluice_bytes *request)
{
    struct scene *s = arg;

    atomic_fetch_add(&s->n_requests, 1);
    strncat(s->joined, (const char *)sluice_bytes_data(request),
        sluice_bytes_size(request));
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
join_end(void *arg)
{
    struct scene *s = arg;

    sluice_servicer_context_respond(s->held, bytes_of(s->joined));
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
join(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    hold(self, ctx);
    *requests =
        (struct sluice_request_consumer){ join_one, join_end, self, false };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_one(void *arg, struct sluice_bytes *request)
{
    struct scene *s = arg;

    sluice_servicer_context_consume(s->held, request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_end(void *arg)
{
    struct scene *s = arg;

    sluice_servicer_context_terminate(s->held);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
echo_all(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    hold(self, ctx);
    *requests =
        (struct sluice_request_consumer){ echo_one, echo_end, self, false };
    return SLUICE_REPLY_OK;
}

/* ---- Methods that do not -------------------------------------------------------------- */

static void
on_termination(void *arg)
{
    struct scene *s = arg;

    uv_sem_post(&s->terminated);
}

static void
hold_and_tell(struct scene *s, struct sluice_servicer_context *ctx)
{
    hold(s, ctx);
    sluice_servicer_context_on_termination(ctx, on_termination, s);
    uv_sem_post(&s->called);
}

static enum sluice_reply
hold_unary(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    sluice_bytes_unref(&request);
    hold_and_tell(self, ctx);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hold_one(void *arg, struct sluice_bytes *request)
{
    struct scene *s = arg;

    sluice_bytes_unref(&request);
    atomic_fetch_add(&s->n_requests, 1);
    uv_sem_post(&s->requested);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hold_end(void *arg)
{
    (void)arg;
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
hold_stream(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    hold_and_tell(self, ctx);
    *requests =
        (struct sluice_request_consumer){ hold_one, hold_end, self, true };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
ignore_one(void *arg, struct sluice_bytes *request)
{
    (void)arg;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
ignore(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    (void)ctx;
    *requests =
        (struct sluice_request_consumer){ ignore_one, hold_end, self, false };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
fail_unary(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
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
    (void)ctx;
    *requests =
        (struct sluice_request_consumer){ fail_one, hold_end, self, false };
    return SLUICE_REPLY_OK;
}

/* ---- The pair --------------------------------------------------------------------------- */

static void
add(struct scene *s, const char *name, struct sluice_method_implementation made)
{
    enum sluice_err err =
        sluice_face_servicer_add(s->servicer, GROUP, sluice_str(name), &made);

    assert(err == SLUICE_OK);
}

static void
add_methods(struct scene *s)
{
    add(s, "Echo", sluice_unary_unary_event(echo, s));
    add(s, "Refuse", sluice_unary_unary_event(refuse, s));
    add(s, "Count", sluice_unary_stream_event(count, s));
    add(s, "Join", sluice_stream_unary_event(join, s));
    add(s, "EchoAll", sluice_stream_stream_event(echo_all, s));
    add(s, "HoldUU", sluice_unary_unary_event(hold_unary, s));
    add(s, "HoldUS", sluice_unary_stream_event(hold_unary, s));
    add(s, "HoldSU", sluice_stream_unary_event(hold_stream, s));
    add(s, "HoldSS", sluice_stream_stream_event(hold_stream, s));
    add(s, "Ignore", sluice_stream_unary_event(ignore, s));
    add(s, "FailUU", sluice_unary_unary_event(fail_unary, s));
    add(s, "FailSS", sluice_stream_stream_event(fail_stream, s));
}

static void
open_ends(struct scene *s)
{
    struct sluice_end_options options = { 0 };
    enum sluice_err err;

    s->servicer = sluice_face_servicer_new();
    assert(s->servicer != NULL);
    add_methods(s);
    options.servicer = sluice_face_servicer_base(s->servicer);
    s->service = sluice_end_new(s->loop, &options);
    s->invoker = sluice_end_new(s->loop, NULL);
    s->link = sluice_inproc_link_new(s->service);
    s->stub = sluice_stub_new(s->invoker);
    assert(s->invoker != NULL && s->link != NULL && s->stub != NULL);
    sluice_stub_set_thread_pool(s->stub, s->pool);
    sluice_end_join(s->invoker, s->link);
    err = sluice_end_start(s->service);
    assert(err == SLUICE_OK);
    err = sluice_end_start(s->invoker);
    assert(err == SLUICE_OK);
}

struct crossing {
    struct scene *s;
    void (*fn)(struct scene *s);
};

static void
cross(void *arg)
{
    struct crossing *c = arg;

    c->fn(c->s);
}

void
on_loop(struct scene *s, void (*fn)(struct scene *s))
{
    struct crossing c = { s, fn };

    assert_int_equal(sluice_loop_call(s->loop, cross, &c), SLUICE_OK);
}

int
open_scene(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    assert_int_equal(uv_sem_init(&s->called, 0), 0);
    assert_int_equal(uv_sem_init(&s->requested, 0), 0);
    assert_int_equal(uv_sem_init(&s->terminated, 0), 0);
    assert_int_equal(sluice_thread_pool_new(2, &s->pool), SLUICE_OK);
    assert_int_equal(sluice_loop_thread_new(&s->thread), SLUICE_OK);
    s->loop = sluice_loop_thread_loop(s->thread);
    on_loop(s, open_ends);
    *state = s;
    return 0;
}

static void
close_ends(struct scene *s)
{
    sluice_servicer_context_unref(&s->held);
    sluice_end_operation_stats(s->invoker, s->n_ended);
    sluice_stub_free(&s->stub);
    sluice_end_free(&s->invoker);
    sluice_end_free(&s->service);
    sluice_inproc_link_free(&s->link);
    sluice_face_servicer_free(&s->servicer);
}

void
end_scene(struct scene *s)
{
    if (s->thread == NULL)
        return;
    assert_int_equal(sluice_end_stop_and_wait(s->invoker, 0), SLUICE_OK);
    assert_int_equal(sluice_end_stop_and_wait(s->service, 0), SLUICE_OK);
    on_loop(s, close_ends);
    sluice_loop_thread_free(&s->thread);
    s->loop = NULL;
}

int
close_scene(void **state)
{
    struct scene *s = *state;

    if (s->has_helper)
        uv_thread_join(&s->helper);
    end_scene(s);
    sluice_rendezvous_unref(&s->r);
    sluice_thread_pool_free(&s->pool);
    uv_sem_destroy(&s->called);
    uv_sem_destroy(&s->requested);
    uv_sem_destroy(&s->terminated);
    free(s);
    return 0;
}

static void
on_helper(void *arg)
{
    struct scene *s = arg;
    struct crossing c = { s, s->help };
    enum sluice_err err;

    uv_sem_wait(&s->called);
    err = sluice_loop_call(s->loop, cross, &c);
    assert(err == SLUICE_OK);
}

void
help_when_called(struct scene *s, void (*fn)(struct scene *s))
{
    assert_false(s->has_helper);
    s->has_helper = true;
    s->help = fn;
    assert_int_equal(uv_thread_create(&s->helper, on_helper, s), 0);
}

/* ---- On the loop's thread ----------------------------------------------------------------- */

void
answer_held(struct scene *s)
{
    sluice_servicer_context_respond(s->held, bytes_of("done"));
}

void
cancel_held(struct scene *s)
{
    sluice_servicer_context_cancel(s->held);
}

void
allow_one(struct scene *s)
{
    sluice_servicer_context_allow(s->held, 1);
}

void
let_go(struct scene *s)
{
    sluice_servicer_context_unref(&s->held);
}

void
stop_invoker(struct scene *s)
{
    enum sluice_err err = sluice_end_stop(s->invoker, 0, NULL, NULL);

    assert(err == SLUICE_OK);
}

void
stop_service(struct scene *s)
{
    enum sluice_err err = sluice_end_stop(s->service, 0, NULL, NULL);

    assert(err == SLUICE_OK);
}

struct counting {
    struct sluice_end *end;
    uint64_t stats[SLUICE_OUTCOME_KINDS];
};

static void
read_stats(void *arg)
{
    struct counting *c = arg;

    sluice_end_operation_stats(c->end, c->stats);
}

uint64_t
ended_as(struct scene *s, struct sluice_end *end, enum sluice_outcome_kind kind)
{
    struct counting c = { .end = end };

    assert_int_equal(sluice_loop_call(s->loop, read_stats, &c), SLUICE_OK);
    return c.stats[kind];
}

/* ---- Starting -------------------------------------------------------------------------------- */

static const struct sluice_call_options plain = { .timeout_ns = LONG_TIME };

struct sluice_rendezvous *
future_unary(struct scene *s, const char *method, const char *request)
{
    struct sluice_rendezvous *r;

    assert_int_equal(sluice_stub_future_unary_unary(s->stub, GROUP,
                         sluice_str(method), bytes_of(request), &plain, &r),
        SLUICE_OK);
    return r;
}

struct sluice_rendezvous *
future_stream(struct scene *s, const char *method,
    const struct sluice_iterator *requests)
{
    struct sluice_rendezvous *r;

    assert_int_equal(sluice_stub_future_stream_unary(s->stub, GROUP,
                         sluice_str(method), requests, &plain, &r),
        SLUICE_OK);
    return r;
}

struct sluice_rendezvous *
inline_unary(struct scene *s, const char *method, const char *request)
{
    struct sluice_rendezvous *r;

    assert_int_equal(sluice_stub_inline_unary_stream(s->stub, GROUP,
                         sluice_str(method), bytes_of(request), &plain, &r),
        SLUICE_OK);
    return r;
}

struct sluice_rendezvous *
inline_stream(struct scene *s, const char *method,
    const struct sluice_iterator *requests)
{
    struct sluice_rendezvous *r;

    assert_int_equal(sluice_stub_inline_stream_stream(s->stub, GROUP,
                         sluice_str(method), requests, &plain, &r),
        SLUICE_OK);
    return r;
}

void
assert_next(struct sluice_rendezvous *r, const char *text)
{
    struct sluice_bytes *value;

    assert_int_equal(sluice_rendezvous_next(r, &value), SLUICE_OK);
    assert_bytes(value, text);
}

void
assert_no_next(struct sluice_rendezvous *r, enum sluice_err err)
{
    struct sluice_bytes *value;
    int i;

    for (i = 0; i < 3; i++) {
        assert_int_equal(sluice_rendezvous_next(r, &value), err);
        assert_null(value);
    }
}

void
assert_completes(struct sluice_rendezvous *r)
{
    struct sluice_str details;

    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_null(sluice_rendezvous_abortion(r));
    assert_false(sluice_rendezvous_is_active(r));
}

void
assert_aborts(struct sluice_rendezvous *r, enum sluice_abortion_kind kind)
{
    const struct sluice_abortion *abortion;
    struct sluice_str details;

    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    abortion = sluice_rendezvous_abortion(r);
    assert_non_null(abortion);
    assert_int_equal(abortion->kind, kind);
}

/* ---- Iterators that count ------------------------------------------------------------------- */

static enum sluice_err
draw(void *arg, struct sluice_bytes **value)
{
    struct source *source = arg;
    enum sluice_err err = SLUICE_OK;
    unsigned i;

    assert(!atomic_exchange(&source->is_inside, true));
    i = atomic_fetch_add(&source->n_drawn, 1);
    uv_sem_post(&source->drawing);
    if (source->gate != NULL)
        uv_sem_wait(source->gate);
    if (i < source->n || source->end == SLUICE_OK)
        *value = bytes_of_number(i);
    else
        err = source->end;
    atomic_store(&source->is_inside, false);
    return err;
}

static void
on_close(void *arg)
{
    struct source *source = arg;

    assert(!atomic_load(&source->is_inside));
    atomic_fetch_add(&source->n_closed, 1);
    uv_sem_post(&source->closed);
}

void
source_init(struct source *source, unsigned n, enum sluice_err end)
{
    memset(source, 0, sizeof(*source));
    source->iterator = (struct sluice_iterator){ draw, on_close, source };
    source->n = n;
    source->end = end;
    assert_int_equal(uv_sem_init(&source->drawing, 0), 0);
    assert_int_equal(uv_sem_init(&source->closed, 0), 0);
}

void
source_fini(struct source *source)
{
    assert_int_equal(atomic_load(&source->n_closed), 1);
    uv_sem_destroy(&source->drawing);
    uv_sem_destroy(&source->closed);
}
