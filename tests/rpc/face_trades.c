/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_trades.c - what every form of the trading service shares: the
 * control that pauses it and makes it fail, requests and replies.
 */
#include "tests/rpc/face_suite.h"
#include "tests/rpc/values.h"

#include <stdio.h>

/* ---- Control ------------------------------------------------------------- */

bool
come_by(struct control *c)
{
    bool fails;

    uv_mutex_lock(&c->lock);
    c->waiting++;
    uv_cond_broadcast(&c->changed);
    while (!c->fails && c->is_paused)
        uv_cond_wait(&c->changed, &c->lock);
    c->waiting--;
    fails = c->fails;
    uv_mutex_unlock(&c->lock);
    return !fails;
}

bool
come_by_later(struct control *c, struct deferral *d, bool *is_paused)
{
    bool fails;

    uv_mutex_lock(&c->lock);
    fails = c->fails;
    *is_paused = !fails && c->is_paused;
    if (*is_paused) {
        d->next = c->deferred;
        c->deferred = d;
        c->waiting++;
        uv_cond_broadcast(&c->changed);
    }
    uv_mutex_unlock(&c->lock);
    return !fails && !*is_paused;
}

static void
set(struct suite *s, bool fails, bool is_paused)
{
    struct control *c = &s->control;

    uv_mutex_lock(&c->lock);
    c->fails = fails;
    c->is_paused = is_paused;
    uv_cond_broadcast(&c->changed);
    uv_mutex_unlock(&c->lock);
}

void
pause_service(struct suite *s)
{
    set(s, false, true);
}

void
fail_service(struct suite *s)
{
    set(s, true, false);
}

static void
run_deferred(void *arg)
{
    struct control *c = arg;
    struct deferral *d, *next;

    uv_mutex_lock(&c->lock);
    d = c->deferred;
    c->deferred = NULL;
    uv_mutex_unlock(&c->lock);
    for (; d != NULL; d = next) {
        next = d->next;
        d->go_on(d);
    }
}

void
resume_service(struct suite *s)
{
    set(s, false, false);
    on_loop(s->serving_loop, run_deferred, &s->control);
}

void
await_waiting(struct suite *s)
{
    struct control *c = &s->control;

    uv_mutex_lock(&c->lock);
    while (c->waiting == 0)
        uv_cond_wait(&c->changed, &c->lock);
    uv_mutex_unlock(&c->lock);
}

/* ---- Trades -------------------------------------------------------------- */

static unsigned
price_of(const char *symbol)
{
    unsigned hash = 2166136261u;

    for (; *symbol != '\0'; symbol++)
        hash = (hash ^ (unsigned char)*symbol) * 16777619u;
    return hash % 4096;
}

static void
write_symbol(char symbol[32], unsigned serial)
{
    snprintf(symbol, 32, "test-symbol:%03u", serial);
}

struct sluice_bytes *
trade_request(unsigned serial)
{
    char symbol[32], text[64];

    write_symbol(symbol, serial);
    snprintf(text, sizeof(text), "%s %u", symbol, N_TRADES);
    return bytes_of(text);
}

struct trade
trade_of(struct sluice_bytes *request)
{
    char text[64] = "";
    struct trade t;

    assert(sluice_bytes_size(request) < sizeof(text));
    memcpy(text, sluice_bytes_data(request), sluice_bytes_size(request));
    sluice_bytes_unref(&request);
    if (sscanf(text, "%31s %u", t.symbol, &t.n) != 2)
        abort();
    t.price = price_of(t.symbol);
    return t;
}

struct sluice_bytes *
trade_reply(const struct trade *t, unsigned plus)
{
    char text[64];

    snprintf(text, sizeof(text), "%s %u", t->symbol, t->price + plus);
    return bytes_of(text);
}

void
assert_trade(struct sluice_bytes *reply, unsigned serial, unsigned plus)
{
    char symbol[32], text[64];

    write_symbol(symbol, serial);
    snprintf(text, sizeof(text), "%s %u", symbol, price_of(symbol) + plus);
    assert_non_null(reply);
    assert_int_equal(sluice_bytes_size(reply), strlen(text));
    assert_memory_equal(sluice_bytes_data(reply), text, strlen(text));
}

void
assert_highest(struct sluice_bytes *reply, unsigned first, unsigned n)
{
    unsigned i, price, best = first, highest = 0;
    char symbol[32];

    for (i = 0; i < n; i++) {
        write_symbol(symbol, first + i);
        price = price_of(symbol);
        if (i == 0 || price > highest) {
            highest = price;
            best = first + i;
        }
    }
    assert_trade(reply, best, 0);
}

/* ---- Iterators of requests ----------------------------------------------- */

static enum sluice_err
source_next(void *arg, struct sluice_bytes **value)
{
    struct source *f = arg;
    enum sluice_err err = SLUICE_EEND;

    uv_mutex_lock(&f->lock);
    f->drawn++;
    uv_cond_broadcast(&f->changed);
    while (f->is_paused)
        uv_cond_wait(&f->changed, &f->lock);
    if (f->left > 0) {
        f->left--;
        *value = trade_request(f->next++);
        err = SLUICE_OK;
    }
    uv_mutex_unlock(&f->lock);
    return err;
}

static void
source_close(void *arg)
{
    struct source *f = arg;

    uv_mutex_lock(&f->lock);
    assert(!f->is_closed);
    f->is_closed = true;
    uv_cond_broadcast(&f->changed);
    uv_mutex_unlock(&f->lock);
}

void
source_init(struct source *f, struct suite *s, unsigned n)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(uv_mutex_init(&f->lock), 0);
    assert_int_equal(uv_cond_init(&f->changed), 0);
    f->next = s->serial;
    f->left = n;
    s->serial += n;
}

static void
source_set(struct source *f, bool is_paused)
{
    uv_mutex_lock(&f->lock);
    f->is_paused = is_paused;
    uv_cond_broadcast(&f->changed);
    uv_mutex_unlock(&f->lock);
}

void
source_pause(struct source *f)
{
    source_set(f, true);
}

void
source_resume(struct source *f)
{
    source_set(f, false);
}

unsigned
source_drawn(struct source *f)
{
    unsigned drawn;

    uv_mutex_lock(&f->lock);
    drawn = f->drawn;
    uv_mutex_unlock(&f->lock);
    return drawn;
}

void
source_fini(struct source *f)
{
    uv_mutex_lock(&f->lock);
    while (!f->is_closed)
        uv_cond_wait(&f->changed, &f->lock);
    uv_mutex_unlock(&f->lock);
    uv_cond_destroy(&f->changed);
    uv_mutex_destroy(&f->lock);
}

struct sluice_iterator
source_iterator(struct source *f)
{
    return (struct sluice_iterator){ source_next, source_close, f };
}
