/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_conn.c - decides how long a connection lives, and hands
 * its calls' answers to nghttp2. What nghttp2 calls back with is in
 * grpc_server_events.c; those callbacks only note things down, and settle()
 * acts on the notes when nghttp2 has returned.
 */
#include "rpc/link/grpc_server_conn.h"

#include "rpc/check.h"
#include "rpc/link/grpc_server.h"

#include <stdlib.h>

/* Kept free of the 64 KiB that nghttp2 refuses to exceed. */
#define MAX_BLOCK (60u * 1024)

/* Given back on receipt, so that no stream holds up another one; what a stream
 * may hold is bounded by its own window. */
#define CONNECTION_WINDOW (4 * 1024 * 1024)

static struct rpc_grpc_conn *
conn_of(struct rpc_grpc_wire *wire)
{
    struct rpc_grpc_conn *conn =
        RPC_CONTAINER_OF(wire, struct rpc_grpc_conn, wire);

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    return conn;
}

/* ------------------------------------------------------------- closing */

static void
conn_free(struct rpc_grpc_conn *conn)
{
    nghttp2_session_del(conn->wire.h2);
    conn->magic = 0;
    free(conn);
}

static void
on_closed(void *arg)
{
    struct rpc_grpc_conn *conn = arg;

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    conn_free(conn);
}

static void
close_now(struct rpc_grpc_conn *conn)
{
    struct rpc_grpc_served *call;

    if (conn->wire.socket == NULL)
        return;
    rpc_grpc_wire_close(&conn->wire, on_closed, conn);
    while ((call = TAILQ_FIRST(&conn->calls)) != NULL) {
        TAILQ_REMOVE(&conn->calls, call, link);
        conn->active--;
        rpc_grpc_served_lost(call);
    }
    rpc_grpc_server_conn_gone(conn->server, conn);
}

void
rpc_grpc_conn_close(struct rpc_grpc_conn *conn)
{
    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    if (nghttp2_session_terminate_session(conn->wire.h2, NGHTTP2_NO_ERROR) == 0)
        rpc_grpc_wire_flush(&conn->wire);
    close_now(conn);
}

void
rpc_grpc_conn_drain(struct rpc_grpc_conn *conn)
{
    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    (void)nghttp2_submit_goaway(conn->wire.h2, NGHTTP2_FLAG_NONE,
        nghttp2_session_get_last_proc_stream_id(conn->wire.h2), 0, NULL, 0);
    rpc_grpc_wire_wake(&conn->wire);
}

/* -------------------------------------------------------- the wire's side */

static void
on_heard(struct rpc_grpc_wire *wire)
{
    (void)wire;
}

static void
on_gather(struct rpc_grpc_wire *wire)
{
    (void)wire;
}

/* Acts on what the callbacks noted. The connection may be closed after this. */
static void
on_settle(struct rpc_grpc_wire *wire)
{
    struct rpc_grpc_conn *conn = conn_of(wire);
    bool wants_write = nghttp2_session_want_write(wire->h2) != 0;

    if (!wants_write && !rpc_grpc_wire_is_writing(wire) &&
        !nghttp2_session_want_read(wire->h2))
        close_now(conn);
    else if (wants_write)
        rpc_grpc_wire_wake(wire);
}

static void
on_lost(struct rpc_grpc_wire *wire, enum rpc_grpc_loss loss, int error)
{
    (void)loss;
    (void)error;
    close_now(conn_of(wire));
}

static const struct rpc_grpc_wire_events wire_events = { on_heard, on_gather,
    on_settle, on_lost };

/* --------------------------------------------------------------- answers */

size_t
rpc_grpc_conn_max_block(const struct rpc_grpc_conn *conn)
{
    uint32_t theirs = nghttp2_session_get_remote_settings(conn->wire.h2,
        NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);

    return theirs < MAX_BLOCK ? theirs : MAX_BLOCK;
}

static ssize_t
on_offer(nghttp2_session *h2, int32_t stream_id, uint8_t *buf, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)h2;
    (void)stream_id;
    (void)buf;
    (void)arg;
    return rpc_grpc_served_offer(source->ptr, room, flags);
}

void
rpc_grpc_conn_respond(struct rpc_grpc_conn *conn, struct rpc_grpc_served *call,
    const struct rpc_grpc_fields *f, bool has_body)
{
    nghttp2_data_provider body = { { .ptr = call }, on_offer };

    if (nghttp2_submit_response(conn->wire.h2, call->stream_id, f->nv, f->count,
            has_body ? &body : NULL) != 0)
        rpc_grpc_conn_reset(conn, call->stream_id, NGHTTP2_INTERNAL_ERROR);
    rpc_grpc_wire_wake(&conn->wire);
}

void
rpc_grpc_conn_trailers(struct rpc_grpc_conn *conn, int32_t stream_id,
    const struct rpc_grpc_fields *f)
{
    if (nghttp2_submit_trailer(conn->wire.h2, stream_id, f->nv, f->count) != 0)
        rpc_grpc_conn_reset(conn, stream_id, NGHTTP2_INTERNAL_ERROR);
    rpc_grpc_wire_wake(&conn->wire);
}

void
rpc_grpc_conn_reset(struct rpc_grpc_conn *conn, int32_t stream_id,
    uint32_t error_code)
{
    if (nghttp2_submit_rst_stream(conn->wire.h2, NGHTTP2_FLAG_NONE, stream_id,
            error_code) != 0)
        conn->is_failing = true; /* memory is short */
    rpc_grpc_wire_wake(&conn->wire);
}

void
rpc_grpc_conn_resume(struct rpc_grpc_conn *conn, int32_t stream_id)
{
    if (nghttp2_session_resume_data(conn->wire.h2, stream_id) != 0)
        rpc_grpc_conn_reset(conn, stream_id, NGHTTP2_INTERNAL_ERROR);
    rpc_grpc_wire_wake(&conn->wire);
}

void
rpc_grpc_conn_consume(struct rpc_grpc_conn *conn, int32_t stream_id, size_t len)
{
    if (nghttp2_session_consume_stream(conn->wire.h2, stream_id, len) != 0)
        rpc_grpc_conn_reset(conn, stream_id, NGHTTP2_INTERNAL_ERROR);
    if (nghttp2_session_want_write(conn->wire.h2))
        rpc_grpc_wire_wake(&conn->wire);
}

/* -------------------------------------------------------------- starting */

static int
submit_settings(struct rpc_grpc_conn *conn)
{
    const struct sluice_grpc_server_options *o = &conn->server->options;
    nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, o->max_concurrent_streams },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, o->initial_window },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
            o->max_metadata < UINT32_MAX ? (uint32_t)o->max_metadata
                                         : UINT32_MAX }
    };

    if (nghttp2_submit_settings(conn->wire.h2, NGHTTP2_FLAG_NONE, settings,
            sizeof(settings) / sizeof(settings[0])) != 0)
        return -1;
    return nghttp2_session_set_local_window_size(conn->wire.h2,
        NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
}

struct rpc_grpc_conn *
rpc_grpc_conn_new(struct sluice_grpc_server *server,
    struct rpc_grpc_socket *socket)
{
    struct rpc_grpc_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL)
        goto out;
    conn->magic = RPC_GRPC_CONN_MAGIC;
    conn->server = server;
    TAILQ_INIT(&conn->calls);
    if (nghttp2_session_server_new3(&conn->wire.h2, server->shared.callbacks,
            conn, server->shared.option, server->shared.mem) != 0)
        goto out;
    if (submit_settings(conn) != 0)
        goto out;
    if (rpc_grpc_wire_start(&conn->wire, server->loop, &server->buffers,
            &wire_events, socket) != SLUICE_OK)
        goto out;
    rpc_grpc_wire_wake(&conn->wire);
    return conn;

out:
    rpc_grpc_socket_close(&socket, NULL, NULL);
    if (conn != NULL)
        conn_free(conn);
    return NULL;
}
