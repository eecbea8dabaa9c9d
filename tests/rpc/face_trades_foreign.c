/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_trades_foreign.c - the trading service in event style,
 * answered by threads of the test's own. A defect there is nobody's business:
 * the RPC looks like one that is never answered.
 */
#include "tests/rpc/face_suite.h"

/* A queue that a thread works off, in order, one value at a time. */
struct rpc {
    struct sluice_work work;
    struct suite *s;
    struct sluice_rendezvous *r;
    void (*one)(struct rpc *rpc, const struct trade *t);
    void (*end)(struct rpc *rpc);
    struct trade best;
    unsigned n_requests;

    uv_mutex_t lock;
    struct sluice_bytes *requests[N_TRADES];
    unsigned n_taken;
    unsigned n_given;
    bool is_complete; /* no more requests */
    bool has_ended;   /* end() has been called */
    bool is_working;
    bool has_terminated;
};

static void
rpc_free(struct rpc *rpc)
{
    while (rpc->n_taken < rpc->n_given)
        sluice_bytes_unref(&rpc->requests[rpc->n_taken++]);
    sluice_rendezvous_unref(&rpc->r);
    uv_mutex_destroy(&rpc->lock);
    free(rpc);
}

/* The next thing to do; false: none, and nobody works any more. */
static bool
take(struct rpc *rpc, struct sluice_bytes **request, bool *is_free)
{
    bool has_work = true;

    *request = NULL;
    uv_mutex_lock(&rpc->lock);
    if (rpc->n_taken < rpc->n_given)
        *request = rpc->requests[rpc->n_taken++];
    else if (rpc->is_complete && !rpc->has_ended)
        rpc->has_ended = true;
    else
        has_work = rpc->is_working = false;
    *is_free = !has_work && rpc->has_terminated;
    uv_mutex_unlock(&rpc->lock);
    return has_work;
}

static void
on_thread(struct sluice_work *work)
{
    struct rpc *rpc = RPC_CONTAINER_OF(work, struct rpc, work);
    struct sluice_bytes *request;
    struct trade t;
    bool is_free;

    while (take(rpc, &request, &is_free)) {
        if (request != NULL)
            t = trade_of(request);
        if (!come_by(&rpc->s->control))
            continue;
        if (request != NULL)
            rpc->one(rpc, &t);
        else
            rpc->end(rpc);
    }
    if (is_free)
        rpc_free(rpc);
}

/* With the lock. */
static void
work_on(struct rpc *rpc)
{
    if (rpc->is_working)
        return;
    rpc->is_working = true;
    sluice_thread_pool_submit(rpc->s->foreign, &rpc->work);
}

static enum sluice_reply
consume(void *arg, struct sluice_bytes *request)
{
    struct rpc *rpc = arg;

    uv_mutex_lock(&rpc->lock);
    assert(rpc->n_given < N_TRADES);
    rpc->requests[rpc->n_given++] = request;
    work_on(rpc);
    uv_mutex_unlock(&rpc->lock);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
terminate(void *arg)
{
    struct rpc *rpc = arg;

    uv_mutex_lock(&rpc->lock);
    rpc->is_complete = true;
    work_on(rpc);
    uv_mutex_unlock(&rpc->lock);
    return SLUICE_REPLY_OK;
}

static void
on_termination(void *arg)
{
    struct rpc *rpc = arg;
    bool is_free;

    uv_mutex_lock(&rpc->lock);
    rpc->has_terminated = true;
    is_free = !rpc->is_working;
    uv_mutex_unlock(&rpc->lock);
    if (is_free)
        rpc_free(rpc);
}

static struct rpc *
rpc_new(struct suite *s, struct sluice_servicer_context *ctx,
    void (*one)(struct rpc *rpc, const struct trade *t),
    void (*end)(struct rpc *rpc))
{
    struct rpc *rpc = calloc(1, sizeof(*rpc));
    int failed;

    assert(rpc != NULL);
    failed = uv_mutex_init(&rpc->lock);
    assert(!failed);
    rpc->work.run = on_thread;
    rpc->s = s;
    rpc->one = one;
    rpc->end = end;
    if (sluice_servicer_context_rendezvous(ctx, &rpc->r) != SLUICE_OK)
        abort();
    sluice_servicer_context_on_termination(ctx, on_termination, rpc);
    return rpc;
}

/* ---- The methods --------------------------------------------------------- */

static void
must(enum sluice_err err)
{
    assert(err == SLUICE_OK);
}

static void
nothing(struct rpc *rpc)
{
    (void)rpc;
}

static void
price_one(struct rpc *rpc, const struct trade *t)
{
    if (sluice_rendezvous_is_active(rpc->r))
        must(
            sluice_rendezvous_consume_and_terminate(rpc->r, trade_reply(t, 0)));
}

static void
watch_one(struct rpc *rpc, const struct trade *t)
{
    unsigned i;

    for (i = 0; i < t->n && sluice_rendezvous_is_active(rpc->r); i++)
        must(sluice_rendezvous_consume(rpc->r, trade_reply(t, i)));
    must(sluice_rendezvous_terminate(rpc->r));
}

static void
highest_one(struct rpc *rpc, const struct trade *t)
{
    if (rpc->n_requests++ == 0 || t->price > rpc->best.price)
        rpc->best = *t;
}

static void
highest_end(struct rpc *rpc)
{
    if (rpc->n_requests > 0)
        must(sluice_rendezvous_consume_and_terminate(rpc->r,
            trade_reply(&rpc->best, 0)));
}

static void
multiple_one(struct rpc *rpc, const struct trade *t)
{
    must(sluice_rendezvous_consume(rpc->r, trade_reply(t, 0)));
}

static void
multiple_end(struct rpc *rpc)
{
    must(sluice_rendezvous_terminate(rpc->r));
}

static enum sluice_reply
price(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    return consume(rpc_new(self, ctx, price_one, nothing), request);
}

static enum sluice_reply
watch(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    return consume(rpc_new(self, ctx, watch_one, nothing), request);
}

static enum sluice_reply
highest(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    *requests = (struct sluice_request_consumer){ consume, terminate,
        rpc_new(self, ctx, highest_one, highest_end), false };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
multiple(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    *requests = (struct sluice_request_consumer){ consume, terminate,
        rpc_new(self, ctx, multiple_one, multiple_end), false };
    return SLUICE_REPLY_OK;
}

void
add_foreign_trades(struct suite *s)
{
    add_method(s, "GetLastTradePrice", sluice_unary_unary_event(price, s));
    add_method(s, "WatchFutureTrades", sluice_unary_stream_event(watch, s));
    add_method(s, "GetHighestTradePrice",
        sluice_stream_unary_event(highest, s));
    add_method(s, "GetLastTradePriceMultiple",
        sluice_stream_stream_event(multiple, s));
}
