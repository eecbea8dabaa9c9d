/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/bare.c - the exchange of rpc_link.c written on nghttp2 and libuv with
 * nothing in between: the same header fields, message and number of calls in
 * flight on one connection. It is what the framework is measured against, so
 * it does as little as a correct client can: no allocation of its own, requests
 * copied once, straight into the one buffer that a turn writes, answers checked
 * as they arrive, nghttp2 asked for nothing twice.
 *
 *   bare PORT [COUNT [WARM-UP]]
 */
#include "config.h"

#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/meter.h"

#define PREFIX 5u
#define BODY_BYTES (PREFIX + BENCH_MESSAGE_BYTES)
#define FRAME_HEAD 9u
#define FRAME_ROOM (16384u + 64) /* the largest thing nghttp2 hands out */
#define OUT_BYTES (64u * 1024)
#define IN_BYTES (64u * 1024)
#define WINDOW (4 * 1024 * 1024)
#define FIELDS 9u

struct program;

struct call {
    struct program *program;
    uint8_t answer[BODY_BYTES];
    size_t have;
    bool has_head;
    bool has_status;
};

struct program {
    uv_loop_t uv;
    uv_tcp_t tcp;
    uv_connect_t connecting;
    uv_prepare_t flush;
    nghttp2_session *h2;
    nghttp2_nv fields[FIELDS];
    uint8_t body[BODY_BYTES];
    char authority[64];
    struct meter meter;
    struct call calls[BENCH_CONCURRENCY];
    size_t in_flight;
    struct call *recent;
    int32_t recent_id;
    size_t consumed; /* of the connection's window; a stream's suffices */
    size_t out_len;
    uint8_t out[OUT_BYTES];
    uint8_t in[IN_BYTES];
};

/* ----------------------------------------------------------- one call */

static ssize_t
on_offer(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)h2;
    (void)id;
    (void)buf;
    (void)source;
    (void)arg;
    if (room < BODY_BYTES)
        bench_fail("the peer's window is too small for this");
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY | NGHTTP2_DATA_FLAG_EOF;
    return BODY_BYTES;
}

static int
on_send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *head,
    size_t len, nghttp2_data_source *source, void *arg)
{
    struct program *p = arg;
    uint8_t *out = p->out + p->out_len;

    (void)h2;
    (void)frame;
    (void)source;
    if (p->out_len + FRAME_HEAD + len + FRAME_ROOM > OUT_BYTES)
        return NGHTTP2_ERR_WOULDBLOCK;
    memcpy(out, head, FRAME_HEAD);
    memcpy(out + FRAME_HEAD, p->body, len);
    p->out_len += FRAME_HEAD + len;
    return 0;
}

static void
start_call(struct call *c)
{
    nghttp2_data_provider body = { .read_callback = on_offer };
    struct program *p = c->program;

    c->have = 0;
    c->has_head = false;
    c->has_status = false;
    p->in_flight++;
    if (nghttp2_submit_request(p->h2, NULL, p->fields, FIELDS, &body, c) < 0)
        bench_fail("a call cannot be started");
}

/* Of what comes for one stream in a row, only the first is looked up. */
static struct call *
call_of(struct program *p, int32_t id)
{
    if (p->recent_id != id)
        p->recent = nghttp2_session_get_stream_user_data(p->h2, id);
    p->recent_id = id;
    return p->recent;
}

#define IS(text, text_len, expected)       \
    ((text_len) == sizeof(expected) - 1 && \
        memcmp(text, expected, sizeof(expected) - 1) == 0)

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
    void *arg)
{
    struct call *c = call_of(arg, frame->hd.stream_id);

    (void)h2;
    (void)flags;
    if (IS(name, name_len, "content-type"))
        c->has_head = IS(value, value_len, "application/grpc");
    else if (IS(name, name_len, "grpc-status"))
        c->has_status = IS(value, value_len, "0");
    else if (IS(name, name_len, ":status") && !IS(value, value_len, "200"))
        bench_fail("an answer is not 200");
    return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *arg)
{
    struct program *p = arg;
    struct call *c = call_of(p, id);

    (void)flags;
    p->consumed += len;
    if (p->consumed >= WINDOW / 2) {
        nghttp2_session_consume_connection(h2, p->consumed);
        p->consumed = 0;
    }
    if (len > BODY_BYTES - c->have)
        bench_fail("an answer is too long");
    memcpy(c->answer + c->have, data, len);
    c->have += len;
    return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *arg)
{
    struct program *p = arg;
    struct call *c = call_of(p, id);

    if (error != 0 || !c->has_head || !c->has_status || c->have != BODY_BYTES ||
        c->answer[0] != 0 || c->answer[PREFIX - 1] != BENCH_MESSAGE_BYTES)
        bench_fail("an answer is not what was asked for");
    p->in_flight--;
    meter_tick(&p->meter);
    if (!meter_is_over(&p->meter))
        start_call(c);
    else if (p->in_flight == 0)
        nghttp2_session_terminate_session(h2, NGHTTP2_NO_ERROR);
    return 0;
}

/* -------------------------------------------------------- the session */

static void
add_field(struct program *p, size_t i, const char *name, const char *value,
    uint8_t flags)
{
    p->fields[i] = (nghttp2_nv){
        .name = (uint8_t *)name,
        .namelen = strlen(name),
        .value = (uint8_t *)value,
        .valuelen = strlen(value),
        .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE |
            flags,
    };
}

/* What rpc/link/grpc_request.c sends for rpc_link.c. */
static void
make_request(struct program *p, const char *port)
{
    snprintf(p->authority, sizeof p->authority, "127.0.0.1:%s", port);
    add_field(p, 0, ":method", "POST", 0);
    add_field(p, 1, ":scheme", "http", 0);
    add_field(p, 2, ":path", "/" BENCH_GROUP "/" BENCH_METHOD, 0);
    add_field(p, 3, ":authority", p->authority, 0);
    add_field(p, 4, "te", "trailers", 0);
    add_field(p, 5, "grpc-timeout", "20000000u", NGHTTP2_NV_FLAG_NO_INDEX);
    add_field(p, 6, "content-type", "application/grpc", 0);
    add_field(p, 7, "grpc-accept-encoding", "gzip, deflate, identity", 0);
    add_field(p, 8, "user-agent", "grpc-c-sluice/" PACKAGE_VERSION, 0);
    memset(p->body, 'x', sizeof p->body);
    memset(p->body, 0, PREFIX);
    p->body[PREFIX - 1] = BENCH_MESSAGE_BYTES;
}

static void
make_session(struct program *p)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
    };
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
        on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
        on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_no_auto_window_update(option, 1);
    if (nghttp2_session_client_new2(&p->h2, callbacks, p, option) != 0)
        bench_fail("memory is short");
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(p->h2, NGHTTP2_FLAG_NONE, settings, 1);
    nghttp2_session_set_local_window_size(p->h2, NGHTTP2_FLAG_NONE, 0, WINDOW);
}

/* --------------------------------------------------------- the socket */

static void
finish(struct program *p)
{
    uv_close((uv_handle_t *)&p->tcp, NULL);
    uv_close((uv_handle_t *)&p->flush, NULL);
    meter_print(&p->meter);
    meter_close(&p->meter);
}

/* A buffer as full as it gets; false: there was nothing. */
static bool
gather(struct program *p)
{
    const uint8_t *frame;
    ssize_t n;

    p->out_len = 0;
    while (OUT_BYTES - p->out_len >= FRAME_ROOM) {
        n = nghttp2_session_mem_send(p->h2, &frame);
        if (n < 0)
            bench_fail("nghttp2 has nothing more to send");
        if (n == 0)
            break;
        memcpy(p->out + p->out_len, frame, (size_t)n);
        p->out_len += (size_t)n;
    }
    return p->out_len > 0;
}

/* 100 calls never fill the socket. */
static void
on_flush(uv_prepare_t *handle)
{
    struct program *p = handle->data;
    uv_buf_t buf;

    while (gather(p)) {
        buf = uv_buf_init((char *)p->out, (unsigned)p->out_len);
        if (uv_try_write((uv_stream_t *)&p->tcp, &buf, 1) != (int)p->out_len)
            bench_fail("the socket does not take a turn's requests");
    }
    if (meter_is_over(&p->meter) && p->in_flight == 0)
        finish(p);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct program *p = handle->data;

    (void)suggested;
    *buf = uv_buf_init((char *)p->in, IN_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct program *p = stream->data;

    if (n < 0 ||
        nghttp2_session_mem_recv(p->h2, (const uint8_t *)buf->base,
            (size_t)n) != n)
        bench_fail("the connection broke");
}

static void
on_connected(uv_connect_t *connecting, int status)
{
    struct program *p = connecting->handle->data;
    size_t i;

    if (status != 0)
        bench_fail("nothing listens there");
    uv_tcp_nodelay(&p->tcp, 1);
    for (i = 0; i < BENCH_CONCURRENCY; i++) {
        p->calls[i].program = p;
        start_call(&p->calls[i]);
    }
    uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
    uv_prepare_start(&p->flush, on_flush);
}

int
main(int argc, char **argv)
{
    struct program *p = calloc(1, sizeof *p);
    struct sockaddr_in address;

    if (argc < 2)
        bench_fail("usage: bare PORT [COUNT [WARM-UP]]");
    if (p == NULL)
        bench_fail("memory is short");
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&p->uv);
    uv_tcp_init(&p->uv, &p->tcp);
    uv_prepare_init(&p->uv, &p->flush);
    p->tcp.data = p;
    p->flush.data = p;
    meter_init(&p->meter, &p->uv, argc - 2, argv + 2);
    make_request(p, argv[1]);
    make_session(p);
    uv_ip4_addr("127.0.0.1", (int)strtol(argv[1], NULL, 10), &address);
    uv_tcp_connect(&p->connecting, &p->tcp, (struct sockaddr *)&address,
        on_connected);
    uv_run(&p->uv, UV_RUN_DEFAULT);
    nghttp2_session_del(p->h2);
    uv_loop_close(&p->uv);
    free(p);
    return 0;
}
