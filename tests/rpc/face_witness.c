/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_witness.c - see the header.
 */
#include "tests/rpc/face_witness.h"

static void
on_metadata(void *arg, struct sluice_metadata *metadata)
{
    struct witness *w = arg;

    sluice_metadata_unref(&metadata);
    uv_mutex_lock(&w->lock);
    w->is_in_order &= w->n_metadata == 0 && w->n_ends == 0;
    w->n_metadata++;
    uv_mutex_unlock(&w->lock);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    struct witness *w = arg;

    uv_mutex_lock(&w->lock);
    assert(w->n_responses < N_TRADES);
    w->is_in_order &= w->n_metadata == 1 && w->n_ends == 0;
    w->responses[w->n_responses++] = response;
    uv_cond_broadcast(&w->changed);
    uv_mutex_unlock(&w->lock);
    return SLUICE_REPLY_OK;
}

/* on_end comes first: the test may be gone once it has been told. */
static void
end(struct witness *w, bool is_completed, enum sluice_abortion_kind kind)
{
    if (w->on_end != NULL)
        w->on_end(w);
    uv_mutex_lock(&w->lock);
    w->is_in_order &= w->n_ends == 0;
    w->n_ends++;
    w->is_completed = is_completed;
    w->kind = kind;
    uv_cond_broadcast(&w->changed);
    uv_mutex_unlock(&w->lock);
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct sluice_metadata *terminal = completion->terminal_metadata;
    struct witness *w = arg;

    sluice_metadata_unref(&terminal);
    end(w, true, SLUICE_ABORTION_CANCELLED);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    end(arg, false, abortion->kind);
}

void
witness_init(struct witness *w, struct suite *s)
{
    memset(w, 0, sizeof(*w));
    assert_int_equal(uv_mutex_init(&w->lock), 0);
    assert_int_equal(uv_cond_init(&w->changed), 0);
    w->s = s;
    w->is_in_order = true;
    w->receiver.initial_metadata = on_metadata;
    w->receiver.response = on_response;
    w->receiver.complete = on_complete;
    w->receiver.abortion = on_abortion;
    w->receiver.arg = w;
}

static void
let_go(void *arg)
{
    struct witness *w = arg;

    sluice_call_unref(&w->call);
}

void
witness_fini(struct witness *w)
{
    unsigned i;

    on_loop(w->s->invoking_loop, let_go, w);
    for (i = 0; i < w->n_responses; i++)
        sluice_bytes_unref(&w->responses[i]);
    uv_cond_destroy(&w->changed);
    uv_mutex_destroy(&w->lock);
}

/* ---- Beginning ----------------------------------------------------------- */

static bool
streams_requests(enum sluice_cardinality cardinality)
{
    return cardinality == SLUICE_STREAM_UNARY ||
        cardinality == SLUICE_STREAM_STREAM;
}

void
witness_begin_here(struct witness *w, const struct act *act, unsigned first)
{
    struct sluice_bytes *request =
        streams_requests(act->cardinality) ? NULL : trade_request(first);
    unsigned i;

    w->call = begin_event(w->s, act->cardinality, request, &w->receiver,
        act->timeout_ns);
    for (i = 0; i < act->n_requests; i++)
        sluice_call_consume(w->call, trade_request(first + i));
    if (act->terminates)
        sluice_call_terminate(w->call);
    if (act->cancels)
        sluice_call_cancel(w->call);
}

struct beginning {
    struct witness *w;
    const struct act *act;
    unsigned first;
};

static void
begin_it(void *arg)
{
    const struct beginning *b = arg;

    witness_begin_here(b->w, b->act, b->first);
}

void
witness_begin(struct witness *w, const struct act *act, unsigned first)
{
    struct beginning b = { w, act, first };

    on_loop(w->s->invoking_loop, begin_it, &b);
}

/* ---- What was told ------------------------------------------------------- */

void
witness_await(struct witness *w)
{
    uv_mutex_lock(&w->lock);
    while (w->n_ends == 0)
        uv_cond_wait(&w->changed, &w->lock);
    uv_mutex_unlock(&w->lock);
}

void
assert_witnessed_completion(const struct witness *w, unsigned n_responses)
{
    assert_true(w->is_in_order);
    assert_int_equal(w->n_ends, 1);
    assert_true(w->is_completed);
    assert_int_equal(w->n_metadata, 1);
    assert_int_equal(w->n_responses, n_responses);
}

void
assert_witnessed_abortion(const struct witness *w,
    enum sluice_abortion_kind kind)
{
    assert_true(w->is_in_order);
    assert_int_equal(w->n_ends, 1);
    assert_false(w->is_completed);
    assert_string_equal(sluice_abortion_kind_name(w->kind),
        sluice_abortion_kind_name(kind));
}
