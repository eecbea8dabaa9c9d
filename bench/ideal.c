/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/ideal.c - the least that a gateway can cost: libmicrohttpd, libuv and
 * nghttp2 with nothing between them. A request's body is the message, whatever
 * it is, the message that comes back is the answer's body. No routes, no
 * transcoding, no limits, no deadlines, no errors but 502; one connection to
 * the backend. What Sluice costs is to be seen beside it.
 *
 *   ideal PORT BACKEND-PORT      on 127.0.0.1; ends on SIGTERM
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define PREFIX 5u
#define IN_BYTES (64u * 1024)
#define OUT_BYTES (64u * 1024)
#define FRAME_ROOM (16384u + 64) /* the largest thing nghttp2 hands out */
#define POOL_BYTES (8u * 1024)
#define WINDOW (1 << 26)
#define FIELDS 6u

struct message {
    uint8_t *bytes; /* with its gRPC prefix */
    size_t len;
    size_t cap;
};

/* One request; kept for the next one when it is over. */
struct call {
    struct call *next_spare;
    struct MHD_Connection *connection;
    bool is_asked;
    bool is_answered;
    struct message request;
    struct message answer;
    size_t sent;
};

struct ideal {
    uv_loop_t uv;
    uv_tcp_t backend;
    uv_connect_t connecting;
    uv_write_t write;
    uv_poll_t poll;
    uv_prepare_t turn;
    uv_signal_t term;
    nghttp2_session *h2;
    nghttp2_nv fields[FIELDS];
    char authority[32];
    struct MHD_Daemon *mhd;
    struct call *spare;
    bool must_run; /* MHD has something to do */
    bool is_writing;
    uint8_t in[IN_BYTES];
    uint8_t out[OUT_BYTES];
};

static _Noreturn void
die(const char *why)
{
    fprintf(stderr, "ideal: %s\n", why);
    exit(1);
}

/* ------------------------------------------------------------------ calls */

static struct call *
call_take(struct ideal *p)
{
    struct call *c = p->spare;

    if (c == NULL)
        c = calloc(1, sizeof *c);
    else
        p->spare = c->next_spare;
    if (c == NULL)
        die("memory is short");
    c->is_asked = false;
    c->is_answered = false;
    c->request.len = 0;
    c->answer.len = 0;
    c->sent = 0;
    return c;
}

static void
call_give_back(struct ideal *p, struct call *c)
{
    c->next_spare = p->spare;
    p->spare = c;
}

static void
append(struct message *m, const void *data, size_t len)
{
    if (m->cap - m->len < len) {
        m->cap = (m->len + len) * 2;
        m->bytes = realloc(m->bytes, m->cap);
        if (m->bytes == NULL)
            die("memory is short");
    }
    memcpy(m->bytes + m->len, data, len);
    m->len += len;
}

/* ---------------------------------------------------------------- nghttp2 */

static ssize_t
on_read_request(nghttp2_session *h2, int32_t id, uint8_t *buf, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct call *c = source->ptr;
    size_t left = c->request.len - c->sent;
    size_t n = left < room ? left : room;

    (void)h2;
    (void)id;
    (void)arg;
    memcpy(buf, c->request.bytes + c->sent, n);
    c->sent += n;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void
ask(struct ideal *p, struct call *c)
{
    nghttp2_data_provider body = { .read_callback = on_read_request };
    size_t len = c->request.len - PREFIX;

    for (int i = 0; i < 4; i++)
        c->request.bytes[1 + i] = (uint8_t)(len >> (24 - 8 * i));
    body.source.ptr = c;
    if (nghttp2_submit_request(p->h2, NULL, p->fields, FIELDS, &body, c) < 0)
        die("nghttp2 takes no more requests");
    c->is_asked = true;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *arg)
{
    struct call *c = nghttp2_session_get_stream_user_data(h2, id);

    (void)flags;
    (void)arg;
    append(&c->answer, data, len);
    return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *arg)
{
    struct call *c = nghttp2_session_get_stream_user_data(h2, id);
    struct ideal *p = arg;

    (void)error;
    c->is_answered = true;
    MHD_resume_connection(c->connection);
    p->must_run = true;
    return 0;
}

static void
set_field(struct ideal *p, size_t i, const char *name, const char *value)
{
    p->fields[i] = (nghttp2_nv){
        .name = (uint8_t *)name,
        .namelen = strlen(name),
        .value = (uint8_t *)value,
        .valuelen = strlen(value),
        .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE,
    };
}

static void
make_session(struct ideal *p, int port)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW },
    };
    nghttp2_session_callbacks *cb;
    nghttp2_option *option;

    snprintf(p->authority, sizeof p->authority, "127.0.0.1:%d", port);
    set_field(p, 0, ":method", "POST");
    set_field(p, 1, ":scheme", "http");
    set_field(p, 2, ":path", "/sluice.bench.v1.Bench/Echo");
    set_field(p, 3, ":authority", p->authority);
    set_field(p, 4, "te", "trailers");
    set_field(p, 5, "content-type", "application/grpc");

    if (nghttp2_session_callbacks_new(&cb) != 0 ||
        nghttp2_option_new(&option) != 0)
        die("memory is short");
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_option_set_no_closed_streams(option, 1);
    if (nghttp2_session_client_new2(&p->h2, cb, p, option) != 0 ||
        nghttp2_submit_settings(p->h2, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        nghttp2_session_set_local_window_size(p->h2, NGHTTP2_FLAG_NONE, 0,
            WINDOW) != 0)
        die("no HTTP/2 session");
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(cb);
}

/* ----------------------------------------------------------- libmicrohttpd */

static enum MHD_Result
answer(struct call *c)
{
    bool is_whole = c->answer.len >= PREFIX;
    struct MHD_Response *r =
        MHD_create_response_from_buffer_static(is_whole ? c->answer.len - PREFIX
                                                        : 0,
            is_whole ? c->answer.bytes + PREFIX : NULL);
    enum MHD_Result result;

    if (r == NULL)
        return MHD_NO;
    MHD_add_response_header(r, "Content-Type", "application/json");
    result = MHD_queue_response(c->connection,
        is_whole ? MHD_HTTP_OK : MHD_HTTP_BAD_GATEWAY, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **context)
{
    static const uint8_t prefix[PREFIX];
    struct ideal *p = cls;
    struct call *c = *context;

    (void)url;
    (void)method;
    (void)version;
    if (c == NULL) {
        c = call_take(p);
        c->connection = connection;
        append(&c->request, prefix, PREFIX);
        *context = c;
    } else if (*len > 0) {
        append(&c->request, data, *len);
        *len = 0;
    } else if (c->is_answered) {
        return answer(c);
    } else if (!c->is_asked) {
        ask(p, c);
        MHD_suspend_connection(connection);
    }
    return MHD_YES;
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    if (*context != NULL)
        call_give_back(cls, *context);
    *context = NULL;
}

static void
start_daemon(struct ideal *p, int port)
{
    const union MHD_DaemonInfo *info;
    struct sockaddr_in at;

    uv_ip4_addr("127.0.0.1", port, &at);
    p->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_THREAD_SAFETY |
            MHD_ALLOW_SUSPEND_RESUME,
        0, NULL, NULL, on_request, p, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, 100000u, MHD_OPTION_LISTEN_BACKLOG_SIZE,
        1024u, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, p, MHD_OPTION_END);
    if (p->mhd == NULL)
        die("cannot listen");
    info = MHD_get_daemon_info(p->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (uv_poll_init(&p->uv, &p->poll, info->epoll_fd) != 0)
        die("cannot poll");
}

static void
run_daemon(struct ideal *p)
{
    MHD_UNSIGNED_LONG_LONG ms;

    p->must_run = false;
    do {
        MHD_run(p->mhd);
    } while (MHD_get_timeout(p->mhd, &ms) == MHD_YES && ms == 0);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct ideal *p = poll->data;

    (void)status;
    (void)events;
    p->must_run = true;
}

/* ------------------------------------------------------------- the backend */

static void
on_written(uv_write_t *write, int status)
{
    struct ideal *p = write->data;

    if (status < 0)
        die("the backend is gone");
    p->is_writing = false;
}

/* A buffer as full as it gets. */
static size_t
gather(struct ideal *p)
{
    size_t len = 0;

    while (OUT_BYTES - len >= FRAME_ROOM) {
        const uint8_t *frame;
        ssize_t n = nghttp2_session_mem_send(p->h2, &frame);

        if (n < 0)
            die("nghttp2 has nothing more to send");
        if (n == 0)
            break;
        memcpy(p->out + len, frame, (size_t)n);
        len += (size_t)n;
    }
    return len;
}

static void
flush(struct ideal *p)
{
    uv_stream_t *stream = (uv_stream_t *)&p->backend;

    while (!p->is_writing) {
        uv_buf_t buf = uv_buf_init((char *)p->out, (unsigned)gather(p));
        int n;

        if (buf.len == 0)
            return;
        n = uv_try_write(stream, &buf, 1);
        if (n == (int)buf.len)
            continue;
        if (n > 0) {
            buf.base += n;
            buf.len -= (size_t)n;
        }
        if (uv_write(&p->write, stream, &buf, 1, on_written) != 0)
            die("the backend is gone");
        p->is_writing = true;
    }
}

/* Before each wait: what has come in is acted upon, then one write. */
static void
on_turn(uv_prepare_t *turn)
{
    struct ideal *p = turn->data;

    if (p->must_run)
        run_daemon(p);
    flush(p);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct ideal *p = handle->data;

    (void)suggested;
    *buf = uv_buf_init((char *)p->in, IN_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct ideal *p = stream->data;

    if (n < 0 ||
        nghttp2_session_mem_recv(p->h2, (uint8_t *)buf->base, (size_t)n) != n)
        die("the backend is gone");
}

static void
on_connected(uv_connect_t *connecting, int status)
{
    struct ideal *p = connecting->handle->data;

    if (status != 0)
        die("no backend");
    uv_tcp_nodelay(&p->backend, 1);
    uv_read_start((uv_stream_t *)&p->backend, on_alloc, on_read);
    uv_prepare_start(&p->turn, on_turn);
    uv_poll_start(&p->poll, UV_READABLE, on_readable);
}

static void
on_term(uv_signal_t *term, int number)
{
    (void)number;
    uv_stop(term->loop);
}

/* -------------------------------------------------------------------- main */

static void
start_loop(struct ideal *p, int backend_port)
{
    struct sockaddr_in backend;

    uv_tcp_init(&p->uv, &p->backend);
    uv_prepare_init(&p->uv, &p->turn);
    uv_signal_init(&p->uv, &p->term);
    p->backend.data = p;
    p->turn.data = p;
    p->write.data = p;
    p->poll.data = p;
    uv_signal_start(&p->term, on_term, SIGTERM);
    uv_ip4_addr("127.0.0.1", backend_port, &backend);
    uv_tcp_connect(&p->connecting, &p->backend, (struct sockaddr *)&backend,
        on_connected);
}

int
main(int argc, char **argv)
{
    struct ideal *p = calloc(1, sizeof *p);
    int port, backend_port;

    if (argc != 3 || p == NULL || uv_loop_init(&p->uv) != 0)
        die("usage: ideal PORT BACKEND-PORT");
    (void)signal(SIGPIPE, SIG_IGN);
    port = (int)strtol(argv[1], NULL, 10);
    backend_port = (int)strtol(argv[2], NULL, 10);
    make_session(p, backend_port);
    start_daemon(p, port);
    start_loop(p, backend_port);
    uv_run(&p->uv, UV_RUN_DEFAULT);
    return 0; /* the system takes the rest: nothing here outlives a process */
}
