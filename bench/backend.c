/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/backend.c - a gRPC server that costs next to nothing, so that what is
 * measured is the proxy in front of it: nghttp2 on one libuv loop, bytes in,
 * the same bytes out. A path that ends in "/Stream" answers with 1,000 messages
 * of 100 bytes instead.
 *
 *   backend [PORT]     prints the port it listens on
 */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define OUT_BYTES (64u * 1024)
#define STREAM_MESSAGES 1000u
#define STREAM_MESSAGE_BYTES 100u
#define FRAME_BYTES (5u + STREAM_MESSAGE_BYTES)

struct peer {
    uv_tcp_t tcp;
    uv_prepare_t flush;
    nghttp2_session *session;
    int n_open;
};

struct call {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t at;
    size_t total; /* bytes to send in all */
    int is_stream;
};

struct output {
    uv_write_t write;
    size_t len;
    uint8_t data[OUT_BYTES];
};

static uint8_t input[64 * 1024];
static uint8_t stream_frame[FRAME_BYTES];

/* ------------------------------------------------------------------ one call */

static struct call *
call_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static size_t
copy_out(struct call *c, uint8_t *buf, size_t room)
{
    size_t n = c->total - c->at < room ? c->total - c->at : room;

    if (!c->is_stream) {
        if (n > 0)
            memcpy(buf, c->data + c->at, n);
    } else {
        for (size_t i = 0; i < n; i++)
            buf[i] = stream_frame[(c->at + i) % FRAME_BYTES];
    }
    c->at += n;
    return n;
}

static ssize_t
on_read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    static const nghttp2_nv trailers[] = {
        { (uint8_t *)"grpc-status", (uint8_t *)"0", 11, 1,
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE },
    };
    struct call *c = source->ptr;
    size_t n = copy_out(c, buf, room);

    (void)arg;
    if (c->at == c->total) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, trailers, 1);
    }
    return (ssize_t)n;
}

static void
answer(nghttp2_session *session, int32_t id)
{
    static const nghttp2_nv head[] = {
        { (uint8_t *)":status", (uint8_t *)"200", 7, 3,
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE },
        { (uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16,
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE },
    };
    struct call *c = call_of(session, id);
    nghttp2_data_provider body = { .read_callback = on_read_body };

    body.source.ptr = c;
    c->total = c->is_stream ? (size_t)STREAM_MESSAGES * FRAME_BYTES : c->len;
    nghttp2_submit_response(session, id, head, 2, &body);
}

/* -------------------------------------------------------------------- nghttp2 */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
    void *arg)
{
    (void)arg;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
            calloc(1, sizeof(struct call)));
    return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
    struct call *c = call_of(session, frame->hd.stream_id);

    (void)flags;
    (void)arg;
    if (c != NULL && name_len == 5 && memcmp(name, ":path", 5) == 0)
        c->is_stream =
            value_len >= 7 && memcmp(value + value_len - 7, "/Stream", 7) == 0;
    return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t len, void *arg)
{
    struct call *c = call_of(session, id);

    (void)flags;
    (void)arg;
    if (c == NULL)
        return 0;
    if (c->cap - c->len < len) {
        size_t cap = (c->len + len) * 2;
        uint8_t *grown = realloc(c->data, cap);

        if (grown == NULL)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        c->data = grown;
        c->cap = cap;
    }
    memcpy(c->data + c->len, data, len);
    c->len += len;
    return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)arg;
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        call_of(session, frame->hd.stream_id) != NULL)
        answer(session, frame->hd.stream_id);
    return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct call *c = call_of(session, id);

    (void)code;
    (void)arg;
    if (c != NULL)
        free(c->data);
    free(c);
    return 0;
}

static nghttp2_session *
new_session(struct peer *p)
{
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 10000 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20 },
    };
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session = NULL;

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
        on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
        on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_server_new(&session, callbacks, p);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
        1 << 24);
    return session;
}

/* ---------------------------------------------------------------------- libuv */

static void
on_peer_closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;

    if (--p->n_open > 0)
        return;
    nghttp2_session_del(p->session);
    free(p);
}

static void
close_peer(struct peer *p)
{
    if (uv_is_closing((uv_handle_t *)&p->tcp))
        return;
    uv_close((uv_handle_t *)&p->tcp, on_peer_closed);
    uv_close((uv_handle_t *)&p->flush, on_peer_closed);
}

static void
on_written(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

static void
send_output(struct peer *p, struct output *out)
{
    uv_buf_t buf = uv_buf_init((char *)out->data, (unsigned)out->len);
    int n = uv_try_write((uv_stream_t *)&p->tcp, &buf, 1);

    if (n == (int)out->len) {
        free(out);
        return;
    }
    if (n > 0) {
        buf.base += n;
        buf.len -= (size_t)n;
    }
    if (uv_write(&out->write, (uv_stream_t *)&p->tcp, &buf, 1, on_written) != 0)
        free(out);
}

static void
on_flush(uv_prepare_t *handle)
{
    struct peer *p = handle->data;

    while (nghttp2_session_want_write(p->session) &&
        uv_stream_get_write_queue_size((uv_stream_t *)&p->tcp) == 0) {
        struct output *out = malloc(sizeof *out);

        out->len = 0;
        while (OUT_BYTES - out->len > 17 * 1024) {
            const uint8_t *data;
            ssize_t n = nghttp2_session_mem_send(p->session, &data);

            if (n <= 0)
                break;
            memcpy(out->data + out->len, data, (size_t)n);
            out->len += (size_t)n;
        }
        if (out->len == 0) {
            free(out);
            break;
        }
        send_output(p, out);
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init((char *)input, sizeof input);
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
}

static void
on_connection(uv_stream_t *server, int status)
{
    struct peer *p = calloc(1, sizeof *p);

    if (status < 0 || p == NULL)
        exit(1);
    uv_tcp_init(server->loop, &p->tcp);
    uv_prepare_init(server->loop, &p->flush);
    p->n_open = 2;
    p->tcp.data = p;
    p->flush.data = p;
    p->session = new_session(p);
    if (uv_accept(server, (uv_stream_t *)&p->tcp) != 0) {
        close_peer(p);
        return;
    }
    uv_tcp_nodelay(&p->tcp, 1);
    uv_prepare_start(&p->flush, on_flush);
    uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
}

/* Item{name: "x...", number: 7} of 100 bytes, framed. */
static void
make_stream_frame(void)
{
    uint8_t *m = stream_frame + 5;

    stream_frame[4] = STREAM_MESSAGE_BYTES;
    m[0] = 0x0a;
    m[1] = STREAM_MESSAGE_BYTES - 4;
    memset(m + 2, 'x', STREAM_MESSAGE_BYTES - 4);
    m[STREAM_MESSAGE_BYTES - 2] = 0x10;
    m[STREAM_MESSAGE_BYTES - 1] = 7;
}

int
main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t server;
    struct sockaddr_in addr;
    int len = sizeof addr;

    make_stream_frame();
    uv_ip4_addr("127.0.0.1", (int)strtol(argc > 1 ? argv[1] : "0", NULL, 10),
        &addr);
    uv_tcp_init(loop, &server);
    if (uv_tcp_bind(&server, (struct sockaddr *)&addr, 0) != 0 ||
        uv_listen((uv_stream_t *)&server, 128, on_connection) != 0) {
        fprintf(stderr, "backend: cannot listen\n");
        return 1;
    }
    uv_tcp_getsockname(&server, (struct sockaddr *)&addr, &len);
    printf("%d\n", ntohs(addr.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
