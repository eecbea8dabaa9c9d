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

#define HURRY_NS (500 * SLUICE_MS)
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

/* The peer has sent its last byte, and MHD has read all of them. */
static bool
is_ended(const struct gw_connection *c)
{
    char byte;

    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void
start_timer(struct gw_connection *c)
{
    uint64_t due = c->deadline_ns;

    if (c->look_ns > 0 && c->look_ns < due)
        due = c->look_ns;
    sluice_timer_start(c->worker->loop, &c->timer, due);
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
    if (is_ended(c)) {
        gw_connection_shut(c, NULL);
        return;
    }
    c->look_ns = c->phase == GW_PHASE_IDLE ? 0 : now + NEXT_LOOK_NS;
    start_timer(c);
}

static void
on_expire(struct sluice_timer *timer)
{
    struct gw_connection *c = (struct gw_connection *)((char *)timer -
        offsetof(struct gw_connection, timer));
    uint64_t now = sluice_loop_now(c->worker->loop);

    if (c->phase == GW_PHASE_SENDING)
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
        .next = w->connections,
        .is_surplus = w->n_connections >= w->shared->max_connections,
        .timer = { .expire = on_expire },
    };
    gw_address_host(sa, c->remote);
    if (c->next != NULL)
        c->next->prev = c;
    w->connections = c;
    w->n_connections++;
    gw_connection_enter(c, GW_PHASE_HEAD);
    return c;
}

bool
gw_connection_take(struct gw_connection *c)
{
    int on = 1;
    int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);

    assert(c->holders == GW_HELD_BY_MHD);
    if (fd < 0)
        return false;
    /* MHD has turned it off, to push out what it sent. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->fd = fd;
    c->owns_fd = true;
    c->holders |= GW_HELD_BY_WEBSOCKET;
    return true;
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
    sluice_timer_stop(w->loop, &c->timer);
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
    struct sluice_loop *loop = c->worker->loop;
    uint64_t now = sluice_loop_now(loop);
    int64_t limit;

    c->phase = phase;
    c->entered_ns = now;
    c->unsent = -1;
    c->has_sent = false;
    c->is_hurried = false;
    limit = phase_limit(c);
    if (limit == 0) {
        sluice_timer_stop(loop, &c->timer);
        return;
    }
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
