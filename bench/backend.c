/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/backend.c - a gRPC server that costs next to nothing, so that what is
 * measured is the proxy in front of it: nghttp2 on one libuv loop, bytes in,
 * the same bytes out. bench/backend_call.c tells what some methods answer
 * instead; bench/bench.proto describes them all.
 *
 *   backend [PORT [WINDOW]]
 *
 * prints the port it listens on; ends on SIGTERM, status 0. WINDOW is that of a
 * stream, 1 MiB if nothing is said.
 *
 * Peers hang up in the middle of streams: each load ends so, and nginx has a
 * connection for each request. A broken pipe is one peer's end, not ours.
 */
#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bench/backend_call.h"

#define INPUT_BYTES (64u * 1024)
#define OUT_BYTES (64u * 1024)
#define FRAME_MOST (17u * 1024) /* more than any one HTTP/2 frame of ours */
#define BACKLOG 1024

struct backend {
    uv_loop_t loop;
    uv_tcp_t server;
    uv_signal_t term;
    uint32_t window;
    uint8_t input[INPUT_BYTES];
    struct backend_messages messages;
};

struct peer {
    struct backend *backend;
    uv_tcp_t tcp;
    uv_prepare_t flush; /* runs once after something has happened */
    uv_write_t write;
    nghttp2_session *session;
    struct backend_calls calls; /* nghttp2 does not close them itself */
    int n_open;
    bool is_writing; /* out belongs to write */
    uint8_t out[OUT_BYTES];
};

static struct backend_call *
call_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ------------------------------------------------------------------- nghttp2 */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
    void *arg)
{
    struct peer *p = arg;
    struct backend_call *c;

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    c = backend_call_new(&p->calls);
    if (c == NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
        c);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
    struct backend_call *c = call_of(session, frame->hd.stream_id);

    (void)flags;
    (void)arg;
    if (c != NULL && name_len == 5 && memcmp(name, ":path", 5) == 0)
        backend_call_take_path(c, value, value_len);
    return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t len, void *arg)
{
    struct backend_call *c = call_of(session, id);

    (void)flags;
    (void)arg;
    if (c != NULL && !backend_call_take_body(c, data, len))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct peer *p = arg;
    bool is_headers = frame->hd.type == NGHTTP2_HEADERS;
    bool is_head = is_headers && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    struct backend_call *c;

    if (!is_headers && frame->hd.type != NGHTTP2_DATA)
        return 0;
    c = call_of(session, frame->hd.stream_id);
    if (c != NULL && backend_call_is_due(c, is_head, is_end) &&
        backend_call_answer(c, session, frame->hd.stream_id,
            &p->backend->messages) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct backend_call *c = call_of(session, id);

    (void)code;
    (void)arg;
    if (c != NULL)
        backend_call_free(c);
    return 0;
}

static int
make_session(struct peer *p)
{
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 10000 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, p->backend->window },
    };
    nghttp2_session_callbacks *cb;
    int err = nghttp2_session_callbacks_new(&cb);

    if (err != 0)
        return err;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb,
        on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    err = nghttp2_session_server_new(&p->session, cb, p);
    nghttp2_session_callbacks_del(cb);
    if (err != 0)
        return err;
    err = nghttp2_submit_settings(p->session, NGHTTP2_FLAG_NONE, settings, 2);
    if (err != 0)
        return err;
    return nghttp2_session_set_local_window_size(p->session, NGHTTP2_FLAG_NONE,
        0, 1 << 26);
}

/* ------------------------------------------------------------------ one peer */

static void
on_peer_closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;

    if (--p->n_open > 0)
        return;
    nghttp2_session_del(p->session);
    while (p->calls.first != NULL)
        backend_call_free(p->calls.first);
    free(p);
}

static bool
is_closing(const struct peer *p)
{
    return uv_is_closing((const uv_handle_t *)&p->tcp);
}

static void
close_peer(struct peer *p)
{
    if (is_closing(p))
        return;
    uv_close((uv_handle_t *)&p->tcp, on_peer_closed);
    uv_close((uv_handle_t *)&p->flush, on_peer_closed);
}

static void on_flush(uv_prepare_t *handle);

/* Thousands of peers may be silent: none of them costs a turn of the loop. */
static void
flush_later(struct peer *p)
{
    if (!is_closing(p))
        uv_prepare_start(&p->flush, on_flush);
}

static void
on_written(uv_write_t *write, int status)
{
    struct peer *p = write->data;

    p->is_writing = false;
    if (status < 0)
        close_peer(p);
    flush_later(p);
}

/* Fills out with whole frames. Returns the length, or an error of nghttp2. */
static ssize_t
fill_output(struct peer *p)
{
    size_t len = 0;

    while (OUT_BYTES - len >= FRAME_MOST) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(p->session, &data);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        assert((size_t)n <= OUT_BYTES - len);
        memcpy(p->out + len, data, (size_t)n);
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static void
send_output(struct peer *p, size_t len)
{
    uv_stream_t *stream = (uv_stream_t *)&p->tcp;
    uv_buf_t buf = uv_buf_init((char *)p->out, (unsigned)len);
    int n = uv_try_write(stream, &buf, 1);

    if (n == (int)len)
        return;
    if (n < 0 && n != UV_EAGAIN) {
        close_peer(p);
        return;
    }
    if (n > 0) {
        buf.base += n;
        buf.len -= (size_t)n;
    }
    if (uv_write(&p->write, stream, &buf, 1, on_written) == 0)
        p->is_writing = true;
    else
        close_peer(p);
}

static void
on_flush(uv_prepare_t *handle)
{
    struct peer *p = handle->data;

    uv_prepare_stop(handle);
    while (!p->is_writing && !is_closing(p)) {
        ssize_t len = fill_output(p);

        if (len == 0)
            break;
        if (len > 0)
            send_output(p, (size_t)len);
        else
            close_peer(p);
    }
    if (!p->is_writing && !nghttp2_session_want_read(p->session) &&
        !nghttp2_session_want_write(p->session))
        close_peer(p);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct peer *p = handle->data;

    (void)suggested;
    *buf = uv_buf_init((char *)p->backend->input, INPUT_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct peer *p = stream->data;

    if (n < 0 ||
        (n > 0 &&
            nghttp2_session_mem_recv(p->session, (uint8_t *)buf->base,
                (size_t)n) < 0))
        close_peer(p);
    flush_later(p);
}

/* --------------------------------------------------------------- the backend */

static void
on_connection(uv_stream_t *server, int status)
{
    struct peer *p = calloc(1, sizeof *p);

    if (status < 0 || p == NULL) {
        fprintf(stderr, "backend: cannot accept\n");
        exit(1);
    }
    p->backend = server->loop->data;
    uv_tcp_init(server->loop, &p->tcp);
    uv_prepare_init(server->loop, &p->flush);
    p->n_open = 2;
    p->tcp.data = p;
    p->flush.data = p;
    p->write.data = p;
    if (uv_accept(server, (uv_stream_t *)&p->tcp) != 0 ||
        make_session(p) != 0 || uv_tcp_nodelay(&p->tcp, 1) != 0 ||
        uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read) != 0)
        close_peer(p);
    flush_later(p);
}

/* Only handles of peers have data. */
static void
close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (handle->data != NULL)
        close_peer(handle->data);
    else
        uv_close(handle, NULL);
}

static void
on_term(uv_signal_t *handle, int signum)
{
    (void)signum;
    uv_walk(handle->loop, close_handle, NULL);
}

/* Returns the port, or a negative error of libuv. */
static int
start(struct backend *b, int port)
{
    struct sockaddr_in addr;
    int len = sizeof addr;
    int err;

    uv_tcp_init(&b->loop, &b->server);
    uv_signal_init(&b->loop, &b->term);
    uv_ip4_addr("127.0.0.1", port, &addr);
    err = uv_tcp_bind(&b->server, (struct sockaddr *)&addr, 0);
    if (err == 0)
        err = uv_listen((uv_stream_t *)&b->server, BACKLOG, on_connection);
    if (err == 0)
        err = uv_signal_start(&b->term, on_term, SIGTERM);
    if (err == 0)
        err = uv_tcp_getsockname(&b->server, (struct sockaddr *)&addr, &len);
    return err == 0 ? ntohs(addr.sin_port) : err;
}

int
main(int argc, char **argv)
{
    struct backend *b = calloc(1, sizeof *b);
    int port = (int)strtol(argc > 1 ? argv[1] : "0", NULL, 10);

    if (b == NULL || uv_loop_init(&b->loop) != 0 ||
        !backend_messages_init(&b->messages))
        return 1;
    b->window = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1 << 20;
    (void)signal(SIGPIPE, SIG_IGN);
    b->loop.data = b;
    port = start(b, port);
    if (port < 0) {
        fprintf(stderr, "backend: cannot listen: %s\n", uv_strerror(port));
        return 1;
    }
    printf("%d\n", port);
    fflush(stdout);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&b->loop) != 0)
        return 1;
    backend_messages_fini(&b->messages);
    free(b);
    return 0;
}
