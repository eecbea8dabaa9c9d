/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_trades_inline.c - the trading service in inline style: each
 * method runs on a thread of the pool and may block it.
 */
#include "tests/rpc/face_suite.h"

static enum sluice_reply
price(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct suite *s = self;
    struct trade t = trade_of(request);

    if (!come_by(&s->control))
        return SLUICE_REPLY_FAILED;
    if (!sluice_rendezvous_is_active(ctx))
        return SLUICE_REPLY_ABANDONED;
    *response = trade_reply(&t, 0);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
highest(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct suite *s = self;
    struct sluice_bytes *request;
    struct trade t, best = { .n = 0 };
    enum sluice_err err;
    unsigned n = 0;

    while ((err = sluice_rendezvous_next(ctx, &request)) == SLUICE_OK) {
        t = trade_of(request);
        if (!come_by(&s->control))
            return SLUICE_REPLY_FAILED;
        if (n++ == 0 || t.price > best.price)
            best = t;
    }
    if (err != SLUICE_EEND)
        return SLUICE_REPLY_ABANDONED;
    if (!come_by(&s->control) || n == 0)
        return SLUICE_REPLY_FAILED;
    *response = trade_reply(&best, 0);
    return SLUICE_REPLY_OK;
}

/* ---- Streams of responses ------------------------------------------------ */

struct stream {
    struct suite *s;
    struct sluice_rendezvous *r;
    struct trade trade;
    unsigned n_sent;
};

static void
stream_close(void *arg)
{
    struct stream *st = arg;

    sluice_rendezvous_unref(&st->r);
    free(st);
}

static void
stream_open(struct suite *s, struct sluice_rendezvous *ctx,
    const struct trade *t, struct sluice_iterator *responses)
{
    struct stream *st = calloc(1, sizeof(*st));

    assert(st != NULL);
    st->s = s;
    st->r = sluice_rendezvous_ref(ctx);
    if (t != NULL)
        st->trade = *t;
    responses->close = stream_close;
    responses->arg = st;
}

static enum sluice_err
next_price(void *arg, struct sluice_bytes **value)
{
    struct stream *st = arg;

    if (st->n_sent == st->trade.n)
        return SLUICE_EEND;
    if (!come_by(&st->s->control))
        return SLUICE_EINVAL;
    if (!sluice_rendezvous_is_active(st->r))
        return SLUICE_EABORTED;
    *value = trade_reply(&st->trade, st->n_sent++);
    return SLUICE_OK;
}

static enum sluice_reply
watch(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    struct trade t = trade_of(request);

    stream_open(self, ctx, &t, responses);
    responses->next = next_price;
    return SLUICE_REPLY_OK;
}

/* Draws a request for each response. */
static enum sluice_err
next_answer(void *arg, struct sluice_bytes **value)
{
    struct stream *st = arg;
    struct sluice_bytes *request;
    enum sluice_err err = sluice_rendezvous_next(st->r, &request);

    if (err == SLUICE_EABORTED)
        return err;
    if (err == SLUICE_OK)
        st->trade = trade_of(request);
    if (!come_by(&st->s->control))
        return SLUICE_EINVAL;
    if (err == SLUICE_OK)
        *value = trade_reply(&st->trade, 0);
    return err;
}

static enum sluice_reply
multiple(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    stream_open(self, ctx, NULL, responses);
    responses->next = next_answer;
    return SLUICE_REPLY_OK;
}

void
add_inline_trades(struct suite *s)
{
    add_method(s, "GetLastTradePrice", sluice_unary_unary_inline(price, s));
    add_method(s, "WatchFutureTrades", sluice_unary_stream_inline(watch, s));
    add_method(s, "GetHighestTradePrice",
        sluice_stream_unary_inline(highest, s));
    add_method(s, "GetLastTradePriceMultiple",
        sluice_stream_stream_inline(multiple, s));
}
