/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_events.c - what nghttp2 reports: frames become events
 * of calls and notes in the connection. Nothing here writes, reads, closes or
 * runs foreign code, so nghttp2 is never entered twice.
 */
#include "rpc/link/grpc_server_conn.h"

#include "rpc/check.h"
#include "rpc/link/grpc_server.h"

static struct rpc_grpc_served *
call_of(nghttp2_session *h2, int32_t stream_id)
{
    return nghttp2_session_get_stream_user_data(h2, stream_id);
}

static struct rpc_grpc_conn *
conn_of(void *arg)
{
    struct rpc_grpc_conn *conn = arg;

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    return conn;
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
    return nghttp2_session_set_stream_user_data(h2, stream_id, call);
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
    struct rpc_grpc_served *call = call_of(h2, frame->hd.stream_id);

    (void)flags;
    (void)arg;
    if (call != NULL && !rpc_grpc_served_field(call, name, value))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t stream_id,
    const uint8_t *data, size_t len, void *arg)
{
    struct rpc_grpc_served *call = call_of(h2, stream_id);

    (void)flags;
    (void)arg;
    if (nghttp2_session_consume_connection(h2, len) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
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

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_served *call;

    (void)arg;
    if (frame->hd.stream_id == 0)
        return 0;
    call = call_of(h2, frame->hd.stream_id);
    if (call != NULL)
        on_stream_frame(call, frame);
    return 0;
}

/* The answer is whole. If the request is not, nobody reads the rest of it. */
static int
on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    struct rpc_grpc_served *call;

    if (frame->hd.type != NGHTTP2_HEADERS ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    call = call_of(h2, frame->hd.stream_id);
    if (call != NULL && !call->has_closed)
        rpc_grpc_conn_reset(conn, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream_id, uint32_t error_code,
    void *arg)
{
    struct rpc_grpc_conn *conn = conn_of(arg);
    struct rpc_grpc_served *call = call_of(h2, stream_id);

    if (call == NULL)
        return 0;
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
    nghttp2_session_callbacks_set_on_begin_headers_callback(c,
        on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(c, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
}

enum sluice_err
rpc_grpc_conn_shared_init(struct rpc_grpc_conn_shared *shared)
{
    if (nghttp2_session_callbacks_new(&shared->callbacks) != 0 ||
        nghttp2_option_new(&shared->option) != 0)
        return SLUICE_ENOMEM;
    set_callbacks(shared->callbacks);
    nghttp2_option_set_no_auto_window_update(shared->option, 1);
    nghttp2_option_set_no_closed_streams(shared->option, 1);
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
