/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_trades_event.c - the trading service in event style: all on
 * the loop's thread, which a method that is paused must not block. It answers
 * when the service goes on.
 */
#include "tests/rpc/face_suite.h"

/* One RPC; released when it has terminated, and is not deferred any more. */
struct rpc {
    struct deferral deferral;
    struct suite *s;
    struct sluice_servicer_context *ctx;
    struct trade trade; /* SU: the highest so far */
    unsigned n_requests;
    bool is_deferred;
    bool has_terminated;
};

static void
rpc_settle(struct rpc *rpc)
{
    if (rpc->is_deferred || !rpc->has_terminated)
        return;
    sluice_servicer_context_unref(&rpc->ctx);
    free(rpc);
}

static void
on_termination(void *arg)
{
    struct rpc *rpc = arg;

    rpc->has_terminated = true;
    rpc_settle(rpc);
}

static struct rpc *
rpc_new(struct suite *s, struct sluice_servicer_context *ctx)
{
    struct rpc *rpc = calloc(1, sizeof(*rpc));

    assert(rpc != NULL);
    rpc->s = s;
    rpc->ctx = sluice_servicer_context_ref(ctx);
    sluice_servicer_context_on_termination(ctx, on_termination, rpc);
    return rpc;
}

/* ---- Unary requests ------------------------------------------------------ */

/* Now, or when the service goes on: whoever is gone by then gets nothing. */
static enum sluice_reply
answer(struct rpc *rpc, void (*go_on)(struct deferral *self))
{
    bool is_paused;

    rpc->deferral.go_on = go_on;
    if (come_by_later(&rpc->s->control, &rpc->deferral, &is_paused)) {
        go_on(&rpc->deferral);
        return SLUICE_REPLY_OK;
    }
    rpc->is_deferred = is_paused;
    return is_paused ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static void
answer_price(struct deferral *self)
{
    struct rpc *rpc = RPC_CONTAINER_OF(self, struct rpc, deferral);

    rpc->is_deferred = false;
    if (sluice_servicer_context_is_active(rpc->ctx))
        sluice_servicer_context_respond(rpc->ctx, trade_reply(&rpc->trade, 0));
    rpc_settle(rpc);
}

static enum sluice_reply
price(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct rpc *rpc = rpc_new(self, ctx);

    rpc->trade = trade_of(request);
    return answer(rpc, answer_price);
}

static void
answer_watch(struct deferral *self)
{
    struct rpc *rpc = RPC_CONTAINER_OF(self, struct rpc, deferral);
    unsigned i;

    rpc->is_deferred = false;
    for (i = 0; i < rpc->trade.n; i++)
        sluice_servicer_context_consume(rpc->ctx, trade_reply(&rpc->trade, i));
    sluice_servicer_context_terminate(rpc->ctx);
    rpc_settle(rpc);
}

static enum sluice_reply
watch(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct rpc *rpc = rpc_new(self, ctx);

    rpc->trade = trade_of(request);
    return answer(rpc, answer_watch);
}

/* ---- Streams of requests; these are never paused ------------------------- */

static enum sluice_reply
highest_one(void *arg, struct sluice_bytes *request)
{
    struct rpc *rpc = arg;
    struct trade t = trade_of(request);

    if (!come_by(&rpc->s->control))
        return SLUICE_REPLY_FAILED;
    if (rpc->n_requests++ == 0 || t.price > rpc->trade.price)
        rpc->trade = t;
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
highest_end(void *arg)
{
    struct rpc *rpc = arg;

    if (!come_by(&rpc->s->control) || rpc->n_requests == 0)
        return SLUICE_REPLY_FAILED;
    sluice_servicer_context_respond(rpc->ctx, trade_reply(&rpc->trade, 0));
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
highest(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    *requests = (struct sluice_request_consumer){ highest_one, highest_end,
        rpc_new(self, ctx), false };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
multiple_one(void *arg, struct sluice_bytes *request)
{
    struct rpc *rpc = arg;
    struct trade t = trade_of(request);

    if (!come_by(&rpc->s->control))
        return SLUICE_REPLY_FAILED;
    sluice_servicer_context_consume(rpc->ctx, trade_reply(&t, 0));
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
multiple_end(void *arg)
{
    struct rpc *rpc = arg;

    if (!come_by(&rpc->s->control))
        return SLUICE_REPLY_FAILED;
    sluice_servicer_context_terminate(rpc->ctx);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
multiple(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    *requests = (struct sluice_request_consumer){ multiple_one, multiple_end,
        rpc_new(self, ctx), false };
    return SLUICE_REPLY_OK;
}

void
add_event_trades(struct suite *s)
{
    add_method(s, "GetLastTradePrice", sluice_unary_unary_event(price, s));
    add_method(s, "WatchFutureTrades", sluice_unary_stream_event(watch, s));
    add_method(s, "GetHighestTradePrice",
        sluice_stream_unary_event(highest, s));
    add_method(s, "GetLastTradePriceMultiple",
        sluice_stream_stream_event(multiple, s));
}
