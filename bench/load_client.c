/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/load_client.c - sends one request again and again.
 *
 * One thread, one epoll. Sockets are registered once, edge-triggered, for both
 * directions: a request costs a write, a read and a share of an epoll_wait.
 */
#include "bench/load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES (256u * 1024)
#define EVENTS 256
#define LATENCIES_MOST (1u << 22)
#define PATIENCE_NS 10000000000u /* for what is in flight at the end */
#define OPENING_MOST 64u         /* of streams that are held */
#define SOURCES 200u             /* addresses that churn comes from */

struct connection {
    int fd; /* -1: none */
    unsigned n_opened;
    bool is_connecting;
    bool is_busy; /* with a request */
    bool is_held;
    size_t sent;
    uint64_t due_ns;
    struct load_answer answer;
};

struct client {
    const struct load_plan *plan;
    struct load_result *result;
    int epoll;
    int timer;
    uint64_t start_ns;
    uint64_t stop_ns;
    uint64_t n_begun;
    unsigned n_busy;
    unsigned n_held;
    unsigned next_source;
    bool is_stopping;
    bool is_failed;
    struct connection *connections;
    struct connection **idle; /* a stack; with a rate only */
    unsigned n_idle;
    char input[INPUT_BYTES];
};

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
explain(struct client *l, const char *what, const char *why)
{
    if (l->result->why[0] == '\0')
        snprintf(l->result->why, sizeof l->result->why, "%s: %s", what, why);
}

static void
fail(struct client *l, const char *what)
{
    explain(l, what, strerror(errno));
    l->is_failed = true;
}

/* ------------------------------------------------------------ connections */

/* One address has some 28,000 ports, and each stays taken for a while. */
static void
vary_source(struct client *l, int fd)
{
    struct sockaddr_in source = { .sin_family = AF_INET };
    int one = 1;

    source.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + 1 + l->next_source++ % SOURCES);
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    (void)bind(fd, (struct sockaddr *)&source, sizeof source);
}

static void
open_connection(struct client *l, struct connection *c)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct epoll_event event = { .events =
                                     EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = c };
    int one = 1;

    to.sin_port = htons((uint16_t)l->plan->port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->is_connecting = true;
    c->n_opened++;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        fail(l, "socket");
        return;
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (l->plan->is_churn)
        vary_source(l, c->fd);
    if ((connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
            errno != EINPROGRESS) ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        fail(l, "connect");
}

static void
close_connection(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* ---------------------------------------------------------------- requests */

static void broken(struct client *l, struct connection *c, const char *why);

static void
send_more(struct client *l, struct connection *c)
{
    while (c->sent < l->plan->request_len) {
        ssize_t n = send(c->fd, l->plan->request + c->sent,
            l->plan->request_len - c->sent, MSG_NOSIGNAL);

        if (n < 0) {
            /* What was said before it closed may still be readable. */
            if (errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
                broken(l, c, strerror(errno));
            return;
        }
        c->sent += (size_t)n;
    }
}

static void
begin(struct client *l, struct connection *c, uint64_t due_ns)
{
    c->is_busy = true;
    c->sent = 0;
    c->due_ns = due_ns;
    load_answer_begin(&c->answer, l->plan->expected);
    l->n_begun++;
    l->n_busy++;
    if (c->fd < 0)
        open_connection(l, c);
    else if (!c->is_connecting)
        send_more(l, c);
}

static bool
is_over(const struct client *l)
{
    return l->is_stopping ||
        (l->plan->n_requests > 0 && l->n_begun >= l->plan->n_requests);
}

/* When the n-th request falls due. */
static uint64_t
due(const struct client *l, uint64_t n)
{
    return l->start_ns + (uint64_t)((double)n * 1e9 / l->plan->rate);
}

/* The connection has nothing to do. */
static void
next(struct client *l, struct connection *c, uint64_t now)
{
    if (is_over(l) || l->plan->is_hold)
        return;
    if (l->plan->rate == 0)
        begin(l, c, now);
    else if (due(l, l->n_begun) <= now)
        begin(l, c, due(l, l->n_begun));
    else
        l->idle[l->n_idle++] = c;
}

static void
set_timer(struct client *l)
{
    uint64_t at = due(l, l->n_begun);
    struct itimerspec when = { .it_value = {
                                   .tv_sec = (time_t)(at / 1000000000u),
                                   .tv_nsec = (long)(at % 1000000000u),
                               } };

    if (timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
        fail(l, "timerfd");
}

/* Without a connection to spare they wait for next(). */
static void
begin_due(struct client *l)
{
    uint64_t now = now_ns();

    while (l->n_idle > 0 && !is_over(l) && due(l, l->n_begun) <= now)
        begin(l, l->idle[--l->n_idle], due(l, l->n_begun));
    if (l->n_idle > 0 && !is_over(l))
        set_timer(l);
}

/* ----------------------------------------------------------------- answers */

static void
end_request(struct client *l, struct connection *c)
{
    l->result->status = c->answer.status;
    l->result->grpc_status = c->answer.grpc_status;
    l->n_busy -= c->is_busy ? 1 : 0;
    c->is_busy = false;
}

static void
right(struct client *l, struct connection *c)
{
    struct load_result *r = l->result;
    uint64_t now = now_ns();

    end_request(l, c);
    r->n_right++;
    if (r->n_latencies < LATENCIES_MOST)
        r->latencies_us[r->n_latencies++] =
            (uint32_t)((now - c->due_ns) / 1000);
    if (c->answer.closes || l->plan->is_churn)
        close_connection(c);
    next(l, c, now);
}

static void
wrong(struct client *l, struct connection *c)
{
    char text[128];

    snprintf(text, sizeof text, "%s (status %d, grpc-status %d, %zu bytes)",
        c->answer.why, c->answer.status, c->answer.grpc_status,
        c->answer.body_len);
    explain(l, "a wrong answer", text);
    l->result->n_wrong++;
    end_request(l, c);
    close_connection(c);
    next(l, c, now_ns());
}

/* A proxy may close a connection that is idle, or that it tires of. */
static void
broken(struct client *l, struct connection *c, const char *why)
{
    close_connection(c);
    if (!c->is_busy)
        return;
    explain(l, "a connection broke", why);
    l->result->n_broken++;
    end_request(l, c);
    next(l, c, now_ns());
}

static void
at_end(struct client *l, struct connection *c)
{
    if (c->is_busy && load_answer_end(&c->answer) == LOAD_DONE) {
        c->answer.closes = true;
        right(l, c);
    } else {
        broken(l, c, "closed before the answer's end");
    }
}

static void
note_held(struct client *l, struct connection *c)
{
    if (!l->plan->is_hold || c->is_held ||
        c->answer.body_len != l->plan->expected->body_len)
        return;
    c->is_held = true;
    l->n_held++;
    if (l->n_held == l->plan->n_connections) {
        printf("held=%u\n", l->n_held);
        fflush(stdout);
    }
}

static void
take(struct client *l, struct connection *c, size_t len)
{
    size_t used = len;

    if (!c->is_busy) {
        c->answer.why = "more than was asked for";
        wrong(l, c);
        return;
    }
    switch (load_answer_feed(&c->answer, l->input, &used)) {
    case LOAD_MORE:
        note_held(l, c);
        break;
    case LOAD_DONE:
        if (used < len) {
            c->answer.why = "more than an answer";
            wrong(l, c);
        } else {
            right(l, c);
        }
        break;
    case LOAD_WRONG:
        wrong(l, c);
        break;
    }
}

static void
receive(struct client *l, struct connection *c, bool is_ending)
{
    ssize_t n;
    unsigned opened = c->n_opened;

    do {
        n = recv(c->fd, l->input, INPUT_BYTES, 0);
        if (n > 0)
            take(l, c, (size_t)n);
        else if (n == 0)
            at_end(l, c);
        else if (errno != EAGAIN)
            broken(l, c, strerror(errno));
        /* A short read has emptied the socket, if this is still the same. */
    } while (c->fd >= 0 && c->n_opened == opened && n > 0 &&
        (n == INPUT_BYTES || is_ending));
}

/* ------------------------------------------------------------------- loop */

static void
on_socket(struct client *l, struct connection *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if ((events & EPOLLOUT) != 0 && c->is_connecting) {
        c->is_connecting = false;
        if (c->is_busy)
            send_more(l, c);
    } else if ((events & EPOLLOUT) != 0 && c->is_busy) {
        send_more(l, c);
    }
    if (c->fd >= 0 &&
        (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        receive(l, c, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static void
begin_holding(struct client *l)
{
    while (l->n_begun < l->plan->n_connections &&
        l->n_begun < l->n_held + OPENING_MOST && !l->is_failed)
        begin(l, &l->connections[l->n_begun], now_ns());
}

/* Standard input has ended. */
static void
stop_holding(struct client *l)
{
    for (unsigned i = 0; i < l->plan->n_connections; i++) {
        struct connection *c = &l->connections[i];

        l->result->n_right += c->is_held && c->fd >= 0;
        close_connection(c);
    }
    l->n_busy = 0;
    l->is_stopping = true;
}

static void
begin_all(struct client *l)
{
    uint64_t now = now_ns();

    l->start_ns = now;
    l->stop_ns = now + (uint64_t)(l->plan->seconds * 1e9);
    for (unsigned i = 0; i < l->plan->n_connections; i++) {
        l->connections[i].fd = -1;
        l->connections[i].answer.copy = l->plan->copy;
    }
    if (l->plan->is_hold) {
        begin_holding(l);
        return;
    }
    for (unsigned i = 0; i < l->plan->n_connections; i++)
        next(l, &l->connections[i], now);
    if (l->plan->rate > 0)
        begin_due(l);
}

static void
wait_once(struct client *l)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(l->epoll, events, EVENTS, 100);

    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &l->timer)
            begin_due(l);
        else if (events[i].data.ptr == &l->epoll)
            stop_holding(l);
        else
            on_socket(l, events[i].data.ptr, events[i].events);
    }
    if (l->plan->is_hold && !l->is_stopping)
        begin_holding(l);
}

static void
run(struct client *l)
{
    uint64_t now = now_ns();

    begin_all(l);
    while (
        !l->is_failed && (l->n_busy > 0 || (!is_over(l) && now < l->stop_ns))) {
        wait_once(l);
        now = now_ns();
        if (now >= l->stop_ns && !l->is_stopping && !l->plan->is_hold) {
            l->is_stopping = true;
            l->result->seconds = (double)(now - l->start_ns) / 1e9;
        }
        if (l->is_stopping && now > l->stop_ns + PATIENCE_NS) {
            explain(l, "no answer", "within 10 s");
            l->result->n_broken += l->n_busy;
            break;
        }
    }
    if (l->result->seconds == 0)
        l->result->seconds = (double)(now - l->start_ns) / 1e9;
}

static bool
set_up(struct client *l)
{
    struct epoll_event on_timer = { .events = EPOLLIN | EPOLLET,
        .data.ptr = &l->timer };
    struct epoll_event on_input = { .events = EPOLLIN, .data.ptr = &l->epoll };

    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    l->connections = calloc(l->plan->n_connections, sizeof *l->connections);
    l->idle = calloc(l->plan->n_connections, sizeof(struct connection *));
    l->result->latencies_us = malloc(LATENCIES_MOST * sizeof(uint32_t));
    return l->epoll >= 0 && l->timer >= 0 && l->connections != NULL &&
        l->idle != NULL && l->result->latencies_us != NULL &&
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->timer, &on_timer) == 0 &&
        (!l->plan->is_hold ||
            epoll_ctl(l->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &on_input) == 0);
}

bool
load_run(const struct load_plan *plan, struct load_result *result)
{
    struct client *l = calloc(1, sizeof *l);
    bool ok = false;

    memset(result, 0, sizeof *result);
    if (l == NULL)
        return false;
    l->plan = plan;
    l->result = result;
    if (set_up(l))
        run(l);
    else
        fail(l, "the load generator");
    ok = !l->is_failed;
    for (unsigned i = 0; l->connections != NULL && i < plan->n_connections; i++)
        close_connection(&l->connections[i]);
    close(l->epoll);
    close(l->timer);
    free(l->connections);
    free(l->idle);
    free(l);
    return ok;
}
