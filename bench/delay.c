/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/delay.c - a long way between two programs of one machine: a relay that
 * passes on every byte so many milliseconds after it came, each way, and takes
 * whatever comes meanwhile. What is under way is kept in memory; so a window of
 * TCP is never what limits it, only those of the protocol above.
 *
 *   delay PORT MS [MBIT]   to that port of 127.0.0.1; MBIT: no more a second,
 *                          each way; prints the port it listens on; ends on
 *                          SIGTERM, status 0
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define PIECE_BYTES (64u * 1024)
#define BACKLOG 1024

struct relay {
    uv_loop_t loop;
    uv_tcp_t server;
    uv_signal_t term;
    struct sockaddr_in target;
    uint64_t delay_ns;
    double ns_per_byte; /* 0: no limit */
};

struct piece {
    struct piece *next;
    uint64_t due_ns;
    uv_write_t write;
    size_t len; /* 0: the end */
    char data[];
};

/* One direction: from is read, to is written. */
struct way {
    struct pair *pair;
    uv_tcp_t *from;
    uv_tcp_t *to;
    uv_timer_t timer;
    uv_shutdown_t shutdown;
    struct piece *first;
    struct piece **last;
    uint64_t free_ns; /* when the line will have carried all before */
};

struct pair {
    struct relay *relay;
    uv_tcp_t near;
    uv_tcp_t far;
    uv_connect_t connect;
    struct way there;
    struct way back;
    unsigned handles;
    bool is_closing;
};

/* ---- Ending --------------------------------------------------------------- */

static void
drop_pieces(struct way *w)
{
    struct piece *p = w->first;

    while (p != NULL) {
        struct piece *next = p->next;

        free(p);
        p = next;
    }
}

static void
on_closed(uv_handle_t *handle)
{
    struct pair *pair = handle->data;

    if (--pair->handles > 0)
        return;
    drop_pieces(&pair->there);
    drop_pieces(&pair->back);
    free(pair);
}

static void
close_pair(struct pair *pair)
{
    if (pair->is_closing)
        return;
    pair->is_closing = true;
    uv_close((uv_handle_t *)&pair->near, on_closed);
    uv_close((uv_handle_t *)&pair->far, on_closed);
    uv_close((uv_handle_t *)&pair->there.timer, on_closed);
    uv_close((uv_handle_t *)&pair->back.timer, on_closed);
}

/* ---- Passing on ----------------------------------------------------------- */

static void
on_written(uv_write_t *write, int status)
{
    struct piece *p = write->data;
    struct pair *pair = write->handle->data;

    free(p);
    if (status < 0)
        close_pair(pair);
}

static void
on_shut(uv_shutdown_t *shutdown, int status)
{
    struct way *w = shutdown->data;
    bool is_over = w->pair->there.free_ns == UINT64_MAX &&
        w->pair->back.free_ns == UINT64_MAX;

    if (status < 0 || is_over)
        close_pair(w->pair);
}

static void
pass(struct way *w, struct piece *p)
{
    uv_buf_t buf = uv_buf_init(p->data, (unsigned)p->len);
    int err;

    if (p->len == 0) {
        free(p);
        w->free_ns = UINT64_MAX;
        w->shutdown.data = w;
        err = uv_shutdown(&w->shutdown, (uv_stream_t *)w->to, on_shut);
    } else {
        p->write.data = p;
        err = uv_write(&p->write, (uv_stream_t *)w->to, &buf, 1, on_written);
        if (err != 0)
            free(p);
    }
    if (err != 0)
        close_pair(w->pair);
}

static void
on_due(uv_timer_t *timer)
{
    struct pair *pair = timer->data;
    struct way *w = timer == &pair->there.timer ? &pair->there : &pair->back;
    uint64_t now = uv_hrtime();

    while (w->first != NULL && w->first->due_ns <= now && !pair->is_closing) {
        struct piece *p = w->first;

        w->first = p->next;
        if (w->first == NULL)
            w->last = &w->first;
        pass(w, p);
    }
    if (w->first != NULL && !pair->is_closing)
        uv_timer_start(timer, on_due, (w->first->due_ns - now) / 1000000 + 1,
            0);
}

static void
put_off(struct way *w, struct piece *p)
{
    const struct relay *r = w->pair->relay;
    uint64_t now = uv_hrtime();

    if (w->free_ns < now)
        w->free_ns = now;
    w->free_ns += (uint64_t)((double)p->len * r->ns_per_byte);
    p->due_ns = w->free_ns + r->delay_ns;
    p->next = NULL;
    *w->last = p;
    w->last = &p->next;
    if (!uv_is_active((uv_handle_t *)&w->timer))
        uv_timer_start(&w->timer, on_due, r->delay_ns / 1000000, 0);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct piece *p = malloc(sizeof *p + PIECE_BYTES);

    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(p != NULL ? p->data : NULL, p != NULL ? PIECE_BYTES : 0);
}

static struct piece *
piece_of(const uv_buf_t *buf)
{
    return buf->base == NULL
        ? NULL
        : (struct piece *)(buf->base - offsetof(struct piece, data));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pair *pair = stream->data;
    struct way *w =
        stream == (uv_stream_t *)&pair->near ? &pair->there : &pair->back;
    struct piece *p = piece_of(buf);
    struct piece *fit;

    if (n == 0 || (n < 0 && n != UV_EOF) || p == NULL) {
        free(p);
        if (n != 0)
            close_pair(pair);
        return;
    }
    p->len = n > 0 ? (size_t)n : 0;
    fit = realloc(p, sizeof *p + p->len);
    put_off(w, fit != NULL ? fit : p);
}

/* ---- Both ends ------------------------------------------------------------ */

static void
on_connected(uv_connect_t *connect, int status)
{
    struct pair *pair = connect->data;

    if (pair->is_closing)
        return;
    if (status < 0 || uv_tcp_nodelay(&pair->near, 1) != 0 ||
        uv_tcp_nodelay(&pair->far, 1) != 0 ||
        uv_read_start((uv_stream_t *)&pair->near, on_alloc, on_read) != 0 ||
        uv_read_start((uv_stream_t *)&pair->far, on_alloc, on_read) != 0)
        close_pair(pair);
}

static void
way_init(struct way *w, struct pair *pair, uv_tcp_t *from, uv_tcp_t *to)
{
    w->pair = pair;
    w->from = from;
    w->to = to;
    w->last = &w->first;
    uv_timer_init(&pair->relay->loop, &w->timer);
    w->timer.data = pair;
    pair->handles++;
}

static void
on_connection(uv_stream_t *server, int status)
{
    struct relay *r = server->loop->data;
    struct pair *pair = calloc(1, sizeof *pair);

    if (status < 0 || pair == NULL) {
        fprintf(stderr, "delay: cannot accept\n");
        exit(1);
    }
    pair->relay = r;
    uv_tcp_init(&r->loop, &pair->near);
    uv_tcp_init(&r->loop, &pair->far);
    pair->near.data = pair->far.data = pair->connect.data = pair;
    pair->handles = 2;
    way_init(&pair->there, pair, &pair->near, &pair->far);
    way_init(&pair->back, pair, &pair->far, &pair->near);
    if (uv_accept(server, (uv_stream_t *)&pair->near) != 0 ||
        uv_tcp_connect(&pair->connect, &pair->far,
            (struct sockaddr *)&r->target, on_connected) != 0)
        close_pair(pair);
}

static void
on_term(uv_signal_t *handle, int signum)
{
    (void)handle;
    (void)signum;
    exit(0);
}

/* Returns the port, or a negative error of libuv. */
static int
start(struct relay *r)
{
    struct sockaddr_in addr;
    int len = sizeof addr;
    int err;

    uv_tcp_init(&r->loop, &r->server);
    uv_signal_init(&r->loop, &r->term);
    uv_ip4_addr("127.0.0.1", 0, &addr);
    err = uv_tcp_bind(&r->server, (struct sockaddr *)&addr, 0);
    if (err == 0)
        err = uv_listen((uv_stream_t *)&r->server, BACKLOG, on_connection);
    if (err == 0)
        err = uv_signal_start(&r->term, on_term, SIGTERM);
    if (err == 0)
        err = uv_tcp_getsockname(&r->server, (struct sockaddr *)&addr, &len);
    return err == 0 ? ntohs(addr.sin_port) : err;
}

int
main(int argc, char **argv)
{
    struct relay *r = calloc(1, sizeof *r);
    double mbit = argc > 3 ? strtod(argv[3], NULL) : 0;
    int port;

    if (argc < 3) {
        fprintf(stderr, "usage: delay PORT MS [MBIT]\n");
        return 2;
    }
    if (r == NULL || uv_loop_init(&r->loop) != 0)
        return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    r->loop.data = r;
    r->delay_ns = strtoull(argv[2], NULL, 10) * 1000000;
    r->ns_per_byte = mbit > 0 ? 8000 / mbit : 0;
    uv_ip4_addr("127.0.0.1", (int)strtol(argv[1], NULL, 10), &r->target);
    port = start(r);
    if (port < 0) {
        fprintf(stderr, "delay: cannot listen: %s\n", uv_strerror(port));
        return 1;
    }
    printf("%d\n", port);
    fflush(stdout);
    return uv_run(&r->loop, UV_RUN_DEFAULT);
}
