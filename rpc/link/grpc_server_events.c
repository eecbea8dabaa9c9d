/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_events.c - what nghttp2 reports: frames become events
 * of calls and notes in the connection. Nothing here writes, reads, closes or
 * runs foreign code, so nghttp2 is never entered twice.
 */
#include "config.h"
#include "rpc/link/grpc_server_conn.h"

#include "rpc/check.h"
#include "rpc/link/grpc_memory.h"
#include "rpc/link/grpc_server.h"

/* At once, beyond those of all streams that there may be. */
#define RESETS_BURST 1000u
#define WINDOWS_BURST 1000u
#define WINDOWS_PER_STREAM 8u
#define MOST_STREAMS (1u << 24) /* more are never there at once */

static struct rpc_grpc_conn *
conn_of(void *arg)
{
    struct rpc_grpc_conn *conn = arg;

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    return conn;
}

/* What comes for one stream mostly comes in a row: the last call found is
 * looked at first. */
static struct rpc_grpc_served *
call_of(struct rpc_grpc_conn *conn, int32_t stream_id)
{
    if (conn->recent == NULL || conn->recent->stream_id != stream_id)
        conn->recent =
            nghttp2_session_get_stream_user_data(conn->wire.h2, stream_id);
    return conn->recent;
}

/* Ends the connection, if there is an offence. */
static int
judge(struct rpc_grpc_conn *conn, const char *offence)
{
    if (offence == NULL)
        return 0;
    conn->offence = offence;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static uint64_t
now(const struct rpc_grpc_conn *conn)
{
    return sluice_loop_now(conn->server->loop);
}

static int
on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);

    (void)h2;
    return judge(conn,
        rpc_grpc_guard_frame(&conn->guard, &conn->server->shared.limits, hd,
            now(conn)));
}

/* nghttp2 answers it with a reset. That of a call counts when it is sent. */
static int
on_invalid_frame(nghttp2_session *h2, const nghttp2_frame *frame, int error,
    void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);

    (void)h2;
    (void)error;
    if (call_of(conn, frame->hd.stream_id) != NULL)
        return 0;
    return judge(conn,
        rpc_grpc_guard_wrong(&conn->guard, &conn->server->shared.limits,
            now(conn)));
}

static int
on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    int32_t stream_id = frame->hd.stream_id;
    struct rpc_grpc_served *call;

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    call = rpc_grpc_served_new(conn->server, conn, stream_id);
    if (call == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    TAILQ_INSERT_TAIL(&conn->calls, call, link);
    conn->active++;
    conn->last_stream = stream_id;
    return nghttp2_session_set_stream_user_data(h2, stream_id, call);
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    struct rpc_grpc_served *call = call_of(conn, frame->hd.stream_id);

    (void)h2;
    (void)flags;
    if (call != NULL && !rpc_grpc_served_field(call, name, value))
        return judge(conn, "too_many_headers");
    return 0;
}

/* nghttp2 opens a window when half of it has been given back: until then it
 * need not hear of each piece. */
static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t stream_id,
    const uint8_t *data, size_t len, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    struct rpc_grpc_served *call = call_of(conn, stream_id);

    (void)flags;
    conn->consumed += len;
    if (conn->consumed >= RPC_GRPC_CONN_WINDOW / 2) {
        if (nghttp2_session_consume_connection(h2, conn->consumed) != 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        conn->consumed = 0;
    }
    if (call != NULL)
        rpc_grpc_served_data(call, data, len);
    return 0;
}

static void
on_stream_frame(struct rpc_grpc_served *call, const nghttp2_frame *frame)
{
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        call->reset_by_peer = true;
    if (frame->hd.type == NGHTTP2_HEADERS)
        rpc_grpc_served_end_block(call);
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        rpc_grpc_served_close(call);
}

static void
on_connection_frame(struct rpc_grpc_conn *conn, const nghttp2_frame *frame)
{
    bool is_ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;

    if (frame->hd.type == NGHTTP2_SETTINGS && !is_ack)
        conn->has_settings = true;
    if (frame->hd.type == NGHTTP2_PING && is_ack &&
        memcmp(frame->ping.opaque_data, RPC_GRPC_PARTING_PING,
            sizeof(frame->ping.opaque_data)) == 0)
        conn->has_parted = true;
}

/* DATA with nothing but padding in it. */
static bool
is_hollow(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_DATA && frame->hd.length > 0 &&
        frame->hd.length == frame->data.padlen &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0;
}

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    struct rpc_grpc_served *call;

    (void)h2;
    if (frame->hd.stream_id == 0) {
        on_connection_frame(conn, frame);
        return 0;
    }
    if (is_hollow(frame))
        return judge(conn, rpc_grpc_guard_empty(&conn->guard, now(conn)));
    call = call_of(conn, frame->hd.stream_id);
    if (call != NULL)
        on_stream_frame(call, frame);
    return 0;
}

/* When the answer is whole and the request is not, nobody reads the rest. */
static void
on_headers_sent(struct rpc_grpc_conn *conn, const nghttp2_frame *frame)
{
    int32_t stream_id = frame->hd.stream_id;
    struct rpc_grpc_served *call = call_of(conn, stream_id);

    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && call != NULL &&
        !call->has_closed)
        rpc_grpc_conn_reset(conn, stream_id, NGHTTP2_NO_ERROR);
}

static int
on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);

    if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
        rpc_grpc_guard_sent(&conn->guard);
    if (frame->hd.type == NGHTTP2_HEADERS)
        on_headers_sent(conn, frame);
    /* Only now, since nghttp2 prefers PINGs to what it has got before. */
    if (frame->hd.type == NGHTTP2_GOAWAY &&
        conn->state == RPC_GRPC_CONN_PARTING &&
        nghttp2_submit_ping(h2, NGHTTP2_FLAG_NONE,
            (const uint8_t *)RPC_GRPC_PARTING_PING) != 0)
        conn->is_failing = true;
    return 0;
}

/* Whether nghttp2 has reset a stream for what came on it; of some reasons, such
 * as a wrong content-length, nothing else is heard. */
static bool
was_wrong(const struct rpc_grpc_served *call, uint32_t error_code)
{
    return !call->reset_by_peer &&
        (error_code == NGHTTP2_PROTOCOL_ERROR ||
            error_code == NGHTTP2_FLOW_CONTROL_ERROR ||
            error_code == NGHTTP2_STREAM_CLOSED);
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream_id, uint32_t error_code,
    void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    struct rpc_grpc_served *call = call_of(conn, stream_id);

    (void)h2;
    conn->recent = NULL;
    if (call == NULL)
        return 0;
    if (conn->offence == NULL && was_wrong(call, error_code))
        conn->offence = rpc_grpc_guard_wrong(&conn->guard,
            &conn->server->shared.limits, now(conn));
    TAILQ_REMOVE(&conn->calls, call, link);
    conn->active--;
    rpc_grpc_served_reset(call, error_code);
    return 0;
}

/* A DATA frame without a copy in nghttp2: head and bytes straight into the
 * output buffer. */
static int
on_send_data(nghttp2_session *h2, nghttp2_frame *frame,
    const uint8_t *frame_head, size_t len, nghttp2_data_source *source,
    void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    uint8_t *out;

    (void)h2;
    assert(frame->data.padlen == 0); /* nobody asked for padding */
    out = rpc_grpc_wire_begin_data(&conn->wire, frame_head, len);
    if (out == NULL)
        return NGHTTP2_ERR_WOULDBLOCK;
    rpc_grpc_served_copy(source->ptr, out, len);
    return 0;
}

static void
set_callbacks(nghttp2_session_callbacks *c)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c,
        on_invalid_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c,
        on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(c, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
}

static void
set_options(struct rpc_grpc_conn_shared *shared)
{
    nghttp2_option_set_no_auto_window_update(shared->option, 1);
    nghttp2_option_set_no_closed_streams(shared->option, 1);
#ifdef HAVE_NGHTTP2_OPTION_SET_STREAM_RESET_RATE_LIMIT
    /* Our own limit must be the one that is met. */
    nghttp2_option_set_stream_reset_rate_limit(shared->option, UINT32_MAX,
        UINT32_MAX);
#endif
}

enum sluice_err
rpc_grpc_conn_shared_init(struct rpc_grpc_conn_shared *shared,
    struct sluice_pool *pool, const struct sluice_grpc_server_options *options)
{
    uint32_t streams = options->max_concurrent_streams;

    if (streams > MOST_STREAMS)
        streams = MOST_STREAMS;
    shared->limits.resets = RESETS_BURST + streams;
    shared->limits.windows = WINDOWS_BURST + WINDOWS_PER_STREAM * streams;
    shared->limits.min_ping_interval_ns = options->min_ping_interval_ns;
    shared->keepalive.time_ns = options->keepalive_time_ns;
    shared->keepalive.timeout_ns = options->keepalive_timeout_ns;
    if (nghttp2_session_callbacks_new(&shared->callbacks) != 0 ||
        nghttp2_option_new(&shared->option) != 0)
        return SLUICE_ENOMEM;
    rpc_grpc_memory_init(&shared->pooled, pool);
    shared->mem = &shared->pooled;
    set_callbacks(shared->callbacks);
    set_options(shared);
    return SLUICE_OK;
}

void
rpc_grpc_conn_shared_fini(struct rpc_grpc_conn_shared *shared)
{
    nghttp2_session_callbacks_del(shared->callbacks);
    nghttp2_option_del(shared->option);
    shared->callbacks = NULL;
    shared->option = NULL;
}
