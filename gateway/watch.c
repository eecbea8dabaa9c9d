/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/watch.c - see watch.h. */
#include "gateway/watch.h"

#include <poll.h>
#include <stddef.h>

#include "gateway/connection.h"
#include "gateway/exchange.h"
#include "gateway/socket.h"
#include "gateway/worker.h"

/* A watch costs half a dozen system calls. A busy gateway must not spend them
 * on calls that only wait their turn, and a leaver is to be noticed within
 * 100 ms: this much, and what a reset needs to come back. */
#define PATIENCE_NS (40 * SLUICE_MS)
#define AGAIN_NS (1 * SLUICE_SECOND)

/* A peer that has closed answers what it is sent with a reset. */
#define ANSWER_NS (60 * SLUICE_MS)

static struct gw_connection *
of_timer(struct sluice_timer *timer)
{
    return (struct gw_connection *)((char *)timer -
        offsetof(struct gw_connection, watch_timer));
}

/* Most calls are over long before, and the next one waits as long: a timer that
 * goes off early is left alone, and asks then. */
static void
start_timer(struct gw_exchange *x, int64_t ns)
{
    struct gw_connection *c = x->connection;
    struct sluice_timer *timer = &c->watch_timer;

    c->watch_due_ns = sluice_loop_now(c->worker->loop) + (uint64_t)ns;
    if (!sluice_timer_is_running(timer) || timer->due_ns > c->watch_due_ns)
        sluice_timer_start(c->worker->loop, timer, c->watch_due_ns);
}

static void
on_closed(uv_handle_t *handle)
{
    struct sluice_pool *pool = handle->data;

    sluice_pool_give(pool, handle, sizeof(uv_poll_t));
}

static void
stop_polling(struct gw_exchange *x)
{
    if (x->watch == NULL)
        return;
    uv_poll_stop(x->watch);
    x->watch->data = x->worker->pool;
    uv_close((uv_handle_t *)x->watch, on_closed);
    x->watch = NULL;
}

static void
client_is_gone(struct gw_exchange *x)
{
    gw_watch_stop(x);
    if (!x->is_suspended && !x->is_calling)
        return; /* it may still take what is left */
    x->is_client_gone = true;
    if (!x->is_suspended)
        gw_connection_shut(x->connection, NULL);
    if (x->is_calling)
        sluice_call_cancel(x->call);
    else
        gw_exchange_wake(x);
}

static bool
is_told(const struct gw_exchange *x, short events)
{
    return (gw_socket_events(x->connection->fd, events) &
               (events | POLLHUP | POLLERR)) != 0;
}

static bool
is_reset(const struct gw_exchange *x)
{
    return is_told(x, 0);
}

/* False: it is gone. Where there is no room it has earlier answers to take. */
static bool
probe(const struct gw_exchange *x)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    ssize_t n = gw_socket_send(x->connection->fd, text, sizeof text - 1);

    return n == 0 || n == (ssize_t)(sizeof text - 1);
}

/* False: memory or descriptors are short. */
static bool
poll_for(struct gw_exchange *x, int events, uv_poll_cb on_event)
{
    struct sluice_pool *pool = x->worker->pool;
    uv_poll_t *watch = sluice_pool_take(pool, sizeof *watch);

    if (watch == NULL)
        return false;
    if (uv_poll_init(&x->worker->uv, watch, x->connection->fd) != 0) {
        sluice_pool_give(pool, watch, sizeof *watch);
        return false;
    }
    watch->data = x;
    x->watch = watch;
    uv_poll_start(watch, events, on_event);
    return true;
}

/* Urgent data, which nobody sends, would be told again and again. */
static void
on_reset(uv_poll_t *poll, int status, int events)
{
    struct gw_exchange *x = poll->data;

    (void)status;
    (void)events;
    stop_polling(x);
    if (is_reset(x))
        client_is_gone(x);
}

/* A reset is told whatever is asked for: so the least is, once the end is
 * known, which would be told for ever. */
static bool
poll_for_reset(struct gw_exchange *x)
{
    return poll_for(x, UV_PRIORITIZED, on_reset);
}

static void
see_end(struct gw_exchange *x)
{
    if (x->state == GW_X_REPLYING || x->is_http10 || is_reset(x) || !probe(x)) {
        client_is_gone(x);
        return;
    }
    x->is_probed = true;
    (void)poll_for_reset(x); /* else the next probe tells */
    start_timer(x, ANSWER_NS);
}

static void
on_end(uv_poll_t *poll, int status, int events)
{
    struct gw_exchange *x = poll->data;

    (void)status;
    (void)events;
    stop_polling(x);
    see_end(x);
}

/* Without memory for a watch. */
static void
look_for_end(struct gw_exchange *x)
{
    if (is_told(x, POLLRDHUP))
        see_end(x);
    else
        start_timer(x, AGAIN_NS);
}

/* Who has finished sending may still leave, and the kernel learns that only
 * when something is written. Inside an answer nothing can be but the answer. */
static void
look_again(struct gw_exchange *x)
{
    bool may_probe = x->state != GW_X_REPLYING;

    if ((x->watch != NULL || !poll_for_reset(x)) && may_probe && !probe(x)) {
        client_is_gone(x);
        return;
    }
    if (may_probe)
        start_timer(x, AGAIN_NS);
}

static void
look(struct gw_exchange *x)
{
    if (x->is_probed) {
        x->is_probed = false;
        x->is_half_closed = true;
        start_timer(x, AGAIN_NS);
    } else if (x->is_half_closed) {
        look_again(x);
    } else if (!poll_for(x, UV_DISCONNECT, on_end)) {
        look_for_end(x);
    }
}

static void
on_timer(struct sluice_timer *timer)
{
    struct gw_connection *c = of_timer(timer);
    uint64_t due = c->watch_due_ns;

    if (due == 0)
        return;
    if (sluice_loop_now(c->worker->loop) < due) {
        sluice_timer_start(c->worker->loop, timer, due);
        return;
    }
    c->watch_due_ns = 0;
    look(c->exchange);
}

void
gw_watch_init(struct gw_connection *c)
{
    c->watch_timer = (struct sluice_timer){ .expire = on_timer };
}

void
gw_watch_fini(struct gw_connection *c)
{
    sluice_timer_stop(c->worker->loop, &c->watch_timer);
}

void
gw_watch_start(struct gw_exchange *x)
{
    stop_polling(x);
    x->is_probed = false;
    start_timer(x, PATIENCE_NS);
}

void
gw_watch_stop(struct gw_exchange *x)
{
    x->connection->watch_due_ns = 0;
    stop_polling(x);
}

void
gw_watch_head(struct gw_exchange *x)
{
    if (!x->is_http10 && is_told(x, POLLRDHUP))
        x->is_half_closed = true;
}
