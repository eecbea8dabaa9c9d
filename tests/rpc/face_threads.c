/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_threads.c - two Ends on the thread of a loop, and what tests
 * do with them from other threads.
 */
#include "tests/rpc/face_threads.h"

#include <stdio.h>

/* ---- Methods -------------------------------------------------------------- */

static enum sluice_reply
call_uu(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct threads *t = self;

    atomic_fetch_add(&t->n_calls, 1);
    assert(*response == NULL);
    return t->does.uu(t, request, ctx, response);
}

static enum sluice_reply
call_us(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    struct threads *t = self;

    atomic_fetch_add(&t->n_calls, 1);
    assert(responses->next == NULL && responses->close == NULL);
    return t->does.us(t, request, ctx, responses);
}

static enum sluice_reply
call_su(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct threads *t = self;

    atomic_fetch_add(&t->n_calls, 1);
    assert(*response == NULL);
    return t->does.su(t, ctx, response);
}

static enum sluice_reply
call_ss(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    struct threads *t = self;

    atomic_fetch_add(&t->n_calls, 1);
    assert(responses->next == NULL && responses->close == NULL);
    return t->does.ss(t, ctx, responses);
}

static enum sluice_reply
call_event(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct threads *t = self;

    return t->does.event(t, request, ctx);
}

static enum sluice_reply
call_stream(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct threads *t = self;

    return t->does.stream(t, ctx, requests);
}

static void
add(struct threads *t, const char *name,
    struct sluice_method_implementation made)
{
    assert_int_equal(sluice_face_servicer_add(t->servicer, sluice_str("Group"),
                         sluice_str(name), &made),
        SLUICE_OK);
}

static void
add_methods(struct threads *t)
{
    add(t, "UU", sluice_unary_unary_inline(call_uu, t));
    add(t, "US", sluice_unary_stream_inline(call_us, t));
    add(t, "SU", sluice_stream_unary_inline(call_su, t));
    add(t, "SS", sluice_stream_stream_inline(call_ss, t));
    add(t, "Event", sluice_unary_unary_event(call_event, t));
    add(t, "EventStream", sluice_unary_stream_event(call_event, t));
    add(t, "StreamEvent", sluice_stream_stream_event(call_stream, t));
}

/* ---- The pair ------------------------------------------------------------- */

static void
cross(struct threads *t, void (*fn)(void *arg), void *arg)
{
    assert_int_equal(sluice_loop_call(t->loop, fn, arg), SLUICE_OK);
}

static void
make_ends(void *arg)
{
    struct threads *t = arg;
    struct sluice_end_options options = {
        .servicer = sluice_face_servicer_base(t->servicer),
    };
    enum sluice_err err;

    t->service = sluice_end_new(t->loop, &options);
    t->invoker = sluice_end_new(t->loop, NULL);
    t->link = sluice_inproc_link_new(t->service);
    sluice_end_join(t->invoker, t->link);
    err = sluice_end_start(t->service);
    assert(err == SLUICE_OK);
    err = sluice_end_start(t->invoker);
    assert(err == SLUICE_OK);
}

void
threads_open(struct threads *t, unsigned n_threads)
{
    assert_int_equal(sluice_loop_thread_new(&t->loop_thread), SLUICE_OK);
    t->loop = sluice_loop_thread_loop(t->loop_thread);
    assert_int_equal(sluice_thread_pool_new(n_threads, &t->service_pool),
        SLUICE_OK);
    assert_int_equal(sluice_thread_pool_new(4, &t->caller_pool), SLUICE_OK);
    assert_int_equal(uv_sem_init(&t->entered, 0), 0);
    assert_int_equal(uv_sem_init(&t->proceed, 0), 0);
    t->then = SLUICE_EEND;
    t->servicer = sluice_face_servicer_new();
    assert_non_null(t->servicer);
    sluice_face_servicer_set_thread_pool(t->servicer, t->service_pool);
    add_methods(t);
    cross(t, make_ends, t);
    t->stub = sluice_stub_new(t->invoker);
    assert_non_null(t->stub);
    sluice_stub_set_thread_pool(t->stub, t->caller_pool);
}

void
stop_end(struct threads *t, struct sluice_end *end)
{
    (void)t;
    assert_int_equal(sluice_end_stop_and_wait(end, 0), SLUICE_OK);
}

static void
free_ends(void *arg)
{
    struct threads *t = arg;

    sluice_end_free(&t->invoker);
    sluice_end_free(&t->service);
    sluice_inproc_link_free(&t->link);
}

/* Last of all on the loop: what its threads still post comes before. */
void
threads_close(struct threads *t)
{
    stop_end(t, t->invoker);
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->caller_pool);
    sluice_thread_pool_free(&t->service_pool);
    sluice_stub_free(&t->stub);
    cross(t, free_ends, t);
    sluice_face_servicer_free(&t->servicer);
    sluice_loop_thread_free(&t->loop_thread);
    uv_sem_destroy(&t->entered);
    uv_sem_destroy(&t->proceed);
}

int
open_threads(void **state)
{
    struct threads *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    threads_open(t, 4);
    *state = t;
    return 0;
}

int
close_threads(void **state)
{
    struct threads *t = *state;

    threads_close(t);
    free(t);
    return 0;
}

struct counting {
    struct sluice_end *end;
    uint64_t *stats;
};

static void
count(void *arg)
{
    struct counting *c = arg;

    sluice_end_operation_stats(c->end, c->stats);
}

void
end_stats(struct threads *t, struct sluice_end *end,
    uint64_t stats[SLUICE_OUTCOME_KINDS])
{
    struct counting c = { end, stats };

    cross(t, count, &c);
}

/* ---- Calls ---------------------------------------------------------------- */

struct sluice_rendezvous *
start_call(struct threads *t, enum sluice_cardinality cardinality,
    const char *method, const char *request, struct sluice_metadata *metadata)
{
    struct sluice_call_options options = { LONG_TIME, metadata, NULL };
    struct sluice_str g = sluice_str("Group"), m = sluice_str(method);
    struct sluice_bytes *b = request != NULL ? bytes_of(request) : NULL;
    struct sluice_rendezvous *r = NULL;
    enum sluice_err err = SLUICE_EINVAL;

    switch (cardinality) {
    case SLUICE_UNARY_UNARY:
        err = sluice_stub_future_unary_unary(t->stub, g, m, b, &options, &r);
        break;
    case SLUICE_UNARY_STREAM:
        err = sluice_stub_inline_unary_stream(t->stub, g, m, b, &options, &r);
        break;
    case SLUICE_STREAM_UNARY:
        err =
            sluice_stub_future_stream_unary(t->stub, g, m, NULL, &options, &r);
        break;
    case SLUICE_STREAM_STREAM:
        err =
            sluice_stub_inline_stream_stream(t->stub, g, m, NULL, &options, &r);
        break;
    }
    assert_int_equal(err, SLUICE_OK);
    return r;
}

void
send_requests(struct sluice_rendezvous *r, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++)
        assert_int_equal(sluice_rendezvous_consume(r, bytes_of_number(i)),
            SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
}

static bool
says(struct sluice_bytes *b, const char *text)
{
    bool is_equal = sluice_bytes_size(b) == strlen(text) &&
        memcmp(sluice_bytes_data(b), text, strlen(text)) == 0;

    sluice_bytes_unref(&b);
    return is_equal;
}

void
assert_next(struct sluice_rendezvous *r, const char *text)
{
    struct sluice_bytes *value;

    assert_int_equal(sluice_rendezvous_next(r, &value), SLUICE_OK);
    assert_true(says(value, text));
}

unsigned
draw_all(struct sluice_rendezvous *r, enum sluice_err *end)
{
    struct sluice_bytes *value;
    char text[16];
    unsigned n;

    for (n = 0; (*end = sluice_rendezvous_next(r, &value)) == SLUICE_OK; n++) {
        snprintf(text, sizeof(text), "%u", n);
        assert_true(says(value, text));
    }
    return n;
}

void
assert_result(struct sluice_rendezvous *r, const char *text)
{
    struct sluice_bytes *response;

    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    assert_true(says(response, text));
}

const struct sluice_abortion *
assert_abortion(struct sluice_rendezvous *r, enum sluice_abortion_kind kind)
{
    const struct sluice_abortion *abortion;
    struct sluice_metadata *md;

    /* known at the end of the RPC only */
    assert_int_equal(sluice_rendezvous_terminal_metadata(r, &md), SLUICE_OK);
    abortion = sluice_rendezvous_abortion(r);
    assert_non_null(abortion);
    assert_string_equal(sluice_abortion_kind_name(abortion->kind),
        sluice_abortion_kind_name(kind));
    return abortion;
}

/* ---- Behaviours ----------------------------------------------------------- */

static enum sluice_err
count_next(void *arg, struct sluice_bytes **value)
{
    struct threads *t = arg;
    unsigned i = atomic_load(&t->n_produced);

    assert(*value == NULL);
    if (i == t->n_to_produce)
        return t->then;
    *value = bytes_of_number(i);
    atomic_fetch_add(&t->n_produced, 1);
    uv_sem_post(&t->entered);
    return SLUICE_OK;
}

static void
count_close(void *arg)
{
    struct threads *t = arg;

    atomic_fetch_add(&t->n_closed, 1);
}

struct sluice_iterator
count_up(struct threads *t)
{
    struct sluice_iterator it = { count_next, count_close, t };

    return it;
}

enum sluice_reply
echo(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    (void)self, (void)ctx;
    *response = request;
    return SLUICE_REPLY_OK;
}

enum sluice_reply
wait_and_echo(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct threads *t = self;

    uv_sem_post(&t->entered);
    uv_sem_wait(&t->proceed);
    return echo(self, request, ctx, response);
}

/* The one iterator on top of the other. */
static enum sluice_err
mirror_next(void *arg, struct sluice_bytes **value)
{
    return sluice_rendezvous_next(arg, value);
}

enum sluice_reply
mirror(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self;
    responses->next = mirror_next;
    responses->arg = ctx;
    return SLUICE_REPLY_OK;
}

/* ---- Values --------------------------------------------------------------- */

bool
metadata_has(const struct sluice_metadata *md, const char *name,
    const char *value)
{
    return sluice_str_equal(sluice_metadata_find(md, sluice_str(name)),
        sluice_str(value));
}
