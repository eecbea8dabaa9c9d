/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/connection.c - see connection.h. */
#include "gateway/connection.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sluice/status.h>

#include "gateway/address.h"
#include "gateway/call.h"
#include "gateway/early.h"
#include "gateway/reply.h"
#include "gateway/shard.h"
#include "gateway/socket.h"
#include "gateway/watch.h"
#include "gateway/websocket.h"
#include "gateway/worker.h"

/* libmicrohttpd 1.0.10 on epoll overlooks a peer's end that arrives together
 * with its last bytes. So its end is looked for so long after each piece of a
 * body; and in any phase now and then, as there are bytes of which we do not
 * hear. */
#define LOOK_NS (50 * SLUICE_MS)
#define NEXT_LOOK_NS SLUICE_SECOND

/* How long a new connection may take for its first request while we drain. */
#define LAST_CHANCE_NS (200 * SLUICE_MS)

/* How long one that is not to stay may take to ask. */
#define SURPLUS_NS SLUICE_SECOND

#define NEVER UINT64_MAX

#define HURRY_NS (500 * SLUICE_MS)

/* An answer that MHD does not send waits for room so long at a time. */
#define ROOM_NS (10 * SLUICE_MS)
#define LINGER_NS (2 * SLUICE_SECOND)

/* A body that comes slower than this does not earn more time. */
#define MIN_BODY_BYTES_PER_SECOND 1024

#define TOO_SLOW "the request took too long"

void
gw_connection_shut(struct gw_connection *c, const char *why)
{
    if (c->cut == NULL)
        c->cut = why;
    shutdown(c->fd, SHUT_RDWR);
}

/* MHD has nothing of its own to write while a head arrives. false: it has closed
 * its side already. */
static bool
refuse_head(struct gw_connection *c)
{
    const struct gw_status status = {
        .code = SLUICE_CODE_DEADLINE_EXCEEDED,
        .http = MHD_HTTP_REQUEST_TIMEOUT,
        .message = sluice_str(TOO_SLOW),
    };

    return gw_early_refuse(c->worker, c->fd, &status);
}

/* A body that did not come in time: the answer is that of its protocol. False:
 * it has begun, as a stream that waits for the body to end, and its own end is
 * still to come. */
static bool
refuse_body(struct gw_exchange *x)
{
    gw_reply_error(x, MHD_HTTP_REQUEST_TIMEOUT, SLUICE_CODE_DEADLINE_EXCEEDED,
        "timeout", TOO_SLOW);
    gw_call_give_up(x);
    return gw_early_is_due(x);
}

static void
time_is_up(struct gw_connection *c)
{
    struct gw_exchange *x = c->exchange;

    if (x != NULL && c->phase == GW_PHASE_BODY && !c->is_hurried &&
        !gw_exchange_is_answered(x) && !refuse_body(x)) {
        gw_connection_hurry(c);
        return;
    }
    if (x != NULL && gw_early_is_due(x) && gw_early_answer(x))
        return;
    if (x != NULL && x->is_told) {
        gw_connection_shut(c, NULL);
        return;
    }
    if (c->phase == GW_PHASE_HEAD)
        c->has_unlogged_408 = refuse_head(c);
    gw_connection_shut(c, "timeout");
}

/* When there is something to do if nothing happens; NEVER: while an exchange has
 * its own deadlines. */
static uint64_t
due_ns(const struct gw_connection *c)
{
    return c->look_ns > 0 && c->look_ns < c->deadline_ns ? c->look_ns
                                                         : c->deadline_ns;
}

/* A busy connection changes its phase five times for a request: a timer that
 * goes off early is left alone, and asks then. */
static void
start_timer(struct gw_connection *c)
{
    if (!sluice_timer_is_running(&c->timer) || c->timer.due_ns > due_ns(c))
        sluice_timer_start(c->worker->loop, &c->timer, due_ns(c));
}

static int64_t
header_limit(const struct gw_connection *c)
{
    int64_t limit = c->worker->set->config->header_timeout_ns;

    return c->is_surplus && limit > SURPLUS_NS ? SURPLUS_NS : limit;
}

static int64_t
phase_limit(const struct gw_connection *c)
{
    const struct route_config *config = c->worker->set->config;

    switch (c->phase) {
    case GW_PHASE_HEAD:
        return header_limit(c);
    case GW_PHASE_BODY:
        return config->body_timeout_ns;
    case GW_PHASE_IDLE:
        return config->idle_timeout_ns;
    case GW_PHASE_SENDING:
        return config->send_timeout_ns;
    case GW_PHASE_WORKING:
        break;
    }
    return 0;
}

/* The client takes what it is sent, or there is nothing to take. */
static bool
is_taking(struct gw_connection *c)
{
    int before = c->unsent;

    if (ioctl(c->fd, SIOCOUTQ, &c->unsent) != 0 || c->unsent == 0)
        return true;
    return before < 0 || c->unsent < before || c->has_sent;
}

static void
look_at_sending(struct gw_connection *c, uint64_t now)
{
    if (!is_taking(c)) {
        time_is_up(c);
        return;
    }
    c->has_sent = false;
    c->deadline_ns = now + (uint64_t)phase_limit(c);
    start_timer(c);
}

/* What lasts has to be looked at again; but between two requests MHD hears of an
 * end that comes alone. */
static void
look_for_end(struct gw_connection *c, uint64_t now)
{
    if (gw_socket_is_at_end(c->fd)) {
        gw_connection_shut(c, NULL);
        return;
    }
    c->look_ns = c->phase == GW_PHASE_IDLE ? 0 : now + NEXT_LOOK_NS;
    start_timer(c);
}

static void
send_on(struct gw_connection *c, uint64_t now)
{
    struct gw_exchange *x = c->exchange;

    if (now < c->deadline_ns && gw_early_go_on(x))
        return;
    gw_connection_shut(c, "timeout");
    gw_exchange_wake(x);
}

static void
on_expire(struct sluice_timer *timer)
{
    struct gw_connection *c = (struct gw_connection *)((char *)timer -
        offsetof(struct gw_connection, timer));
    uint64_t now = sluice_loop_now(c->worker->loop);

    if (due_ns(c) == NEVER)
        return;
    if (now < due_ns(c))
        start_timer(c);
    else if (c->exchange != NULL && gw_early_is_on_its_way(c->exchange))
        send_on(c, now);
    else if (c->phase == GW_PHASE_SENDING)
        look_at_sending(c, now);
    else if (now >= c->deadline_ns)
        time_is_up(c);
    else
        look_for_end(c, now);
}

struct gw_connection *
gw_connection_new(struct gw_shard *shard, int fd, const struct sockaddr *sa)
{
    struct gw_worker *w = shard->worker;
    struct gw_connection *c = sluice_pool_take(w->pool, sizeof *c);

    if (c == NULL)
        return NULL;
    *c = (struct gw_connection){
        .holders = GW_HELD_BY_MHD,
        .worker = w,
        .shard = shard,
        .fd = fd,
        .spare = -1,
        .next = w->connections,
        .is_surplus = w->n_connections >= w->shared->max_connections,
        .timer = { .expire = on_expire },
    };
    gw_watch_init(c);
    gw_address_host(sa, c->remote);
    if (c->next != NULL)
        c->next->prev = c;
    w->connections = c;
    w->n_connections++;
    gw_connection_enter(c, GW_PHASE_HEAD);
    return c;
}

bool
gw_connection_prepare(struct gw_connection *c)
{
    if (c->spare < 0)
        c->spare = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    return c->spare >= 0;
}

void
gw_connection_take(struct gw_connection *c)
{
    int on = 1;

    assert(c->holders == GW_HELD_BY_MHD && c->spare >= 0);
    /* MHD has turned it off, to push out what it sent. */
    (void)setsockopt(c->spare, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->fd = c->spare;
    c->spare = -1;
    c->owns_fd = true;
    c->holders |= GW_HELD_BY_WEBSOCKET;
}

void
gw_connection_let_go(struct gw_connection **cp, enum gw_holder holder)
{
    struct gw_connection *c = *cp;
    struct gw_worker *w;

    if (c == NULL)
        return;
    *cp = NULL;
    assert((c->holders & holder) != 0);
    c->holders &= ~(unsigned)holder;
    if (c->holders != 0)
        return;
    w = c->worker;
    if (c->owns_fd)
        close(c->fd);
    if (c->spare >= 0)
        close(c->spare);
    sluice_timer_stop(w->loop, &c->timer);
    gw_watch_fini(c);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        w->connections = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    w->n_connections--;
    sluice_pool_give(w->pool, c, sizeof *c);
    gw_worker_check_drained(w);
}

void
gw_connection_enter(struct gw_connection *c, enum gw_phase phase)
{
    uint64_t now = sluice_loop_now(c->worker->loop);
    int64_t limit;

    c->phase = phase;
    c->entered_ns = now;
    c->unsent = -1;
    c->has_sent = false;
    c->is_hurried = false;
    limit = phase_limit(c);
    c->deadline_ns = NEVER;
    c->look_ns = 0;
    if (limit == 0)
        return;
    c->deadline_ns = now + (uint64_t)limit;
    c->look_ns = phase == GW_PHASE_SENDING ? 0 : now + LOOK_NS;
    start_timer(c);
}

void
gw_connection_progress(struct gw_connection *c, uint64_t bytes)
{
    uint64_t look_ns = sluice_loop_now(c->worker->loop) + LOOK_NS;

    if (c->phase != GW_PHASE_BODY)
        return;
    if (!c->is_hurried)
        c->deadline_ns += bytes * (SLUICE_SECOND / MIN_BODY_BYTES_PER_SECOND);
    if (look_ns < c->look_ns) {
        c->look_ns = look_ns;
        start_timer(c);
    }
}

static void
limit_phase(struct gw_connection *c, uint64_t ns)
{
    c->is_hurried = true;
    c->deadline_ns = sluice_loop_now(c->worker->loop) + ns;
    start_timer(c);
}

void
gw_connection_hurry(struct gw_connection *c)
{
    if (c->phase == GW_PHASE_BODY && !c->is_hurried)
        limit_phase(c, HURRY_NS);
}

void
gw_connection_await_room(struct gw_connection *c)
{
    c->look_ns = sluice_loop_now(c->worker->loop) + ROOM_NS;
    start_timer(c);
}

void
gw_connection_begin_answer(struct gw_connection *c)
{
    limit_phase(c, (uint64_t)c->worker->set->config->send_timeout_ns);
}

void
gw_connection_linger(struct gw_connection *c)
{
    shutdown(c->fd, SHUT_WR);
    limit_phase(c, LINGER_NS);
}

void
gw_connection_stop(struct gw_connection *c)
{
    struct gw_exchange *x = c->exchange;

    if (x != NULL && x->state == GW_X_READING && !x->is_body_complete &&
        !x->reply.is_ready)
        gw_reply_shutdown(x);
    if (x != NULL && gw_early_is_due(x))
        (void)gw_early_answer(x);
    gw_connection_shut(c, "local shutdown");
}

void
gw_connection_close_if_idle(struct gw_connection *c)
{
    uint64_t now = sluice_loop_now(c->worker->loop);

    if (c->websocket != NULL) {
        gw_websocket_drain(c->websocket);
    } else if (c->phase == GW_PHASE_IDLE) {
        gw_connection_shut(c, NULL);
    } else if (c->phase == GW_PHASE_HEAD) {
        c->phase = GW_PHASE_IDLE; /* a request makes it a head again */
        c->deadline_ns = now + LAST_CHANCE_NS;
        c->look_ns = 0;
        start_timer(c);
    }
}
