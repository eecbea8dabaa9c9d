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

#define PARTING_TIMEOUT (5 * SLUICE_SECOND)
#define LINGER (1 * SLUICE_SECOND)

#define FRAME_HEAD 9u
#define GOAWAY_HEAD 8u /* last stream and code, before the text */

static struct rpc_grpc_conn *
conn_of(struct rpc_grpc_wire *wire)
{
    struct rpc_grpc_conn *conn =
        RPC_CONTAINER_OF(wire, struct rpc_grpc_conn, wire);

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    return conn;
}

/* ---------------------------------------------------------------- states */

#define TO(s) (1u << RPC_GRPC_CONN_##s)

/* States reachable from each. */
static const unsigned may_enter[] = {
    [RPC_GRPC_CONN_GREETING] =
        TO(SERVING) | TO(PARTING) | TO(LINGERING) | TO(CLOSED),
    [RPC_GRPC_CONN_SERVING] = TO(PARTING) | TO(LINGERING) | TO(CLOSED),
    [RPC_GRPC_CONN_PARTING] = TO(LEAVING) | TO(LINGERING) | TO(CLOSED),
    [RPC_GRPC_CONN_LEAVING] = TO(LINGERING) | TO(CLOSED),
    [RPC_GRPC_CONN_LINGERING] = TO(CLOSED),
    [RPC_GRPC_CONN_CLOSED] = 0,
};

static void
enter(struct rpc_grpc_conn *conn, enum rpc_grpc_conn_state state)
{
    assert((may_enter[conn->state] & 1u << state) != 0);
    conn->state = state;
    sluice_timer_stop(conn->server->loop, &conn->timer);
}

static void
start_timer(struct rpc_grpc_conn *conn, int64_t timeout_ns)
{
    struct sluice_loop *loop = conn->server->loop;

    if (timeout_ns != SLUICE_NO_TIMEOUT)
        sluice_timer_start(loop, &conn->timer,
            sluice_loop_now(loop) + (uint64_t)timeout_ns);
}

/* --------------------------------------------------------------- closing */

static void
conn_free(struct rpc_grpc_conn *conn)
{
    nghttp2_session_del(conn->wire.h2);
    sluice_bytes_unref(&conn->peer);
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
lose_calls(struct rpc_grpc_conn *conn)
{
    struct rpc_grpc_served *call;

    while ((call = TAILQ_FIRST(&conn->calls)) != NULL) {
        TAILQ_REMOVE(&conn->calls, call, link);
        conn->active--;
        rpc_grpc_served_lost(call);
    }
}

static void
close_now(struct rpc_grpc_conn *conn)
{
    if (conn->state == RPC_GRPC_CONN_CLOSED)
        return;
    enter(conn, RPC_GRPC_CONN_CLOSED);
    sluice_timer_stop(conn->server->loop, &conn->keepalive_timer);
    rpc_grpc_wire_close(&conn->wire, on_closed, conn);
    lose_calls(conn);
    rpc_grpc_server_conn_gone(conn->server, conn);
}

static void
on_shut_down(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status; /* reading tells */
}

/* Shuts our side and waits for the client to do the same: closing with its
 * bytes unread could cost it our last ones. */
static void
linger(struct rpc_grpc_conn *conn)
{
    if (conn->state >= RPC_GRPC_CONN_LINGERING)
        return;
    enter(conn, RPC_GRPC_CONN_LINGERING);
    sluice_timer_stop(conn->server->loop, &conn->keepalive_timer);
    rpc_grpc_wire_finish(&conn->wire);
    lose_calls(conn);
    start_timer(conn, LINGER);
    if (uv_shutdown(&conn->shutdown, &conn->wire.socket->uv.stream,
            on_shut_down) != 0)
        close_now(conn);
}

static void
put32(uint8_t *out, uint32_t v)
{
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
}

/* GOAWAY, when nghttp2 is past sending one. */
static void
say_goodbye(struct rpc_grpc_conn *conn, uint32_t error_code, const char *text)
{
    uint8_t frame[FRAME_HEAD + GOAWAY_HEAD + 64] = { 0 };
    size_t len = strlen(text);
    uv_buf_t buf;

    assert(len <= sizeof(frame) - FRAME_HEAD - GOAWAY_HEAD);
    frame[2] = (uint8_t)(GOAWAY_HEAD + len);
    frame[3] = NGHTTP2_GOAWAY;
    put32(frame + FRAME_HEAD, (uint32_t)conn->last_stream);
    put32(frame + FRAME_HEAD + 4, error_code);
    memcpy(frame + FRAME_HEAD + GOAWAY_HEAD, text, len);
    buf =
        uv_buf_init((char *)frame, (unsigned)(FRAME_HEAD + GOAWAY_HEAD + len));
    (void)uv_try_write(&conn->wire.socket->uv.stream, &buf, 1);
}

/* The client has done what ends a connection. */
static void
give_up(struct rpc_grpc_conn *conn, int error)
{
    uint32_t code = NGHTTP2_ENHANCE_YOUR_CALM;
    const char *text = conn->offence != NULL ? conn->offence : "";

    if (error == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
        code = NGHTTP2_PROTOCOL_ERROR;
    else if (error == NGHTTP2_ERR_NOMEM || conn->is_failing)
        code = NGHTTP2_INTERNAL_ERROR;
    if (!rpc_grpc_wire_is_writing(&conn->wire))
        say_goodbye(conn, code, text);
    linger(conn);
}

void
rpc_grpc_conn_close(struct rpc_grpc_conn *conn)
{
    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    if (conn->state < RPC_GRPC_CONN_LINGERING) {
        rpc_grpc_wire_flush(&conn->wire);
        if (conn->wire.socket != NULL &&
            nghttp2_session_terminate_session(conn->wire.h2,
                NGHTTP2_NO_ERROR) == 0)
            rpc_grpc_wire_flush(&conn->wire);
    }
    close_now(conn);
}

/* -------------------------------------------------------------- draining */

/* RFC 9113, 6.8: first all streams may still come, then, when the client must
 * have heard, none above the last that has. */
static void
part(struct rpc_grpc_conn *conn, const char *why)
{
    if (conn->state > RPC_GRPC_CONN_SERVING)
        return;
    enter(conn, RPC_GRPC_CONN_PARTING);
    conn->farewell = why;
    start_timer(conn, PARTING_TIMEOUT);
    if (nghttp2_submit_shutdown_notice(conn->wire.h2) != 0)
        conn->is_failing = true;
    rpc_grpc_wire_wake(&conn->wire);
}

static void
leave(struct rpc_grpc_conn *conn)
{
    enter(conn, RPC_GRPC_CONN_LEAVING);
    if (nghttp2_submit_goaway(conn->wire.h2, NGHTTP2_FLAG_NONE,
            nghttp2_session_get_last_proc_stream_id(conn->wire.h2),
            NGHTTP2_NO_ERROR, (const uint8_t *)conn->farewell,
            strlen(conn->farewell)) != 0)
        conn->is_failing = true;
    rpc_grpc_wire_wake(&conn->wire);
}

void
rpc_grpc_conn_drain(struct rpc_grpc_conn *conn)
{
    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    part(conn, "");
}

static void
on_timer(struct sluice_timer *timer)
{
    struct rpc_grpc_conn *conn =
        RPC_CONTAINER_OF(timer, struct rpc_grpc_conn, timer);

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    switch (conn->state) {
    case RPC_GRPC_CONN_GREETING:
        rpc_grpc_conn_close(conn);
        break;
    case RPC_GRPC_CONN_SERVING:
        part(conn, "max_idle");
        break;
    case RPC_GRPC_CONN_PARTING:
        leave(conn); /* no answer is one, too */
        break;
    case RPC_GRPC_CONN_LINGERING:
        close_now(conn);
        break;
    case RPC_GRPC_CONN_LEAVING:
    case RPC_GRPC_CONN_CLOSED:
        assert(!"a timer runs that nobody has started");
    }
}

/* ------------------------------------------------------------- keepalive */

static void
look(struct rpc_grpc_conn *conn)
{
    struct sluice_loop *loop = conn->server->loop;
    uint64_t again;

    switch (rpc_grpc_keepalive_look(&conn->keepalive, sluice_loop_now(loop),
        &again)) {
    case RPC_GRPC_KEEPALIVE_WAIT:
        break;
    case RPC_GRPC_KEEPALIVE_PING:
        if (nghttp2_submit_ping(conn->wire.h2, NGHTTP2_FLAG_NONE, NULL) != 0)
            conn->is_failing = true;
        rpc_grpc_wire_wake(&conn->wire);
        break;
    case RPC_GRPC_KEEPALIVE_LOST:
        close_now(conn);
        return;
    }
    sluice_timer_start(loop, &conn->keepalive_timer, again);
}

static void
on_keepalive_timer(struct sluice_timer *timer)
{
    struct rpc_grpc_conn *conn =
        RPC_CONTAINER_OF(timer, struct rpc_grpc_conn, keepalive_timer);

    RPC_CHECK(conn, RPC_GRPC_CONN_MAGIC);
    look(conn);
}

/* -------------------------------------------------------- the wire's side */

static void
on_heard(struct rpc_grpc_wire *wire)
{
    rpc_grpc_keepalive_heard(&conn_of(wire)->keepalive,
        sluice_loop_now(wire->loop));
}

static void
on_gather(struct rpc_grpc_wire *wire)
{
    (void)wire; /* calls have submitted theirs */
}

/* Whoever has no stream is idle. */
static void
watch_idleness(struct rpc_grpc_conn *conn)
{
    if (conn->state != RPC_GRPC_CONN_SERVING)
        return;
    if (conn->active > 0)
        sluice_timer_stop(conn->server->loop, &conn->timer);
    else if (!sluice_timer_is_running(&conn->timer))
        start_timer(conn, conn->server->options.idle_timeout_ns);
}

/* Acts on what the callbacks noted. The connection may be closed after this. */
static void
on_settle(struct rpc_grpc_wire *wire)
{
    struct rpc_grpc_conn *conn = conn_of(wire);

    if (conn->state >= RPC_GRPC_CONN_LINGERING)
        return;
    if (conn->is_failing) {
        give_up(conn, NGHTTP2_ERR_NOMEM);
        return;
    }
    if (conn->offence != NULL) {
        give_up(conn, 0);
        return;
    }
    if (conn->has_settings && conn->state == RPC_GRPC_CONN_GREETING)
        enter(conn, RPC_GRPC_CONN_SERVING);
    if (conn->has_parted && conn->state == RPC_GRPC_CONN_PARTING)
        leave(conn);
    watch_idleness(conn);
    if (nghttp2_session_want_write(wire->h2))
        rpc_grpc_wire_wake(wire);
    else if (!rpc_grpc_wire_is_writing(wire) &&
        !nghttp2_session_want_read(wire->h2))
        linger(conn);
}

static void
on_lost(struct rpc_grpc_wire *wire, enum rpc_grpc_loss loss, int error)
{
    struct rpc_grpc_conn *conn = conn_of(wire);

    if (loss == RPC_GRPC_LOSS_PEER)
        give_up(conn, error);
    else
        close_now(conn);
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
        NGHTTP2_FLAG_NONE, 0, RPC_GRPC_CONN_WINDOW);
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
    conn->timer.expire = on_timer;
    conn->keepalive_timer.expire = on_keepalive_timer;
    TAILQ_INIT(&conn->calls);
    conn->peer = rpc_grpc_peer_new(server->pool, &socket->uv.stream);
    if (conn->peer == NULL)
        goto out;
    if (nghttp2_session_server_new3(&conn->wire.h2, server->shared.callbacks,
            conn, server->shared.option, server->shared.mem) != 0)
        goto out;
    if (submit_settings(conn) != 0)
        goto out;
    if (rpc_grpc_wire_start(&conn->wire, server->loop, &server->buffers,
            &wire_events, socket) != SLUICE_OK)
        goto out;
    rpc_grpc_keepalive_init(&conn->keepalive, &server->shared.keepalive,
        sluice_loop_now(server->loop));
    look(conn);
    start_timer(conn, server->options.handshake_timeout_ns);
    rpc_grpc_wire_wake(&conn->wire);
    return conn;

out:
    rpc_grpc_socket_close(&socket, NULL, NULL);
    if (conn != NULL)
        conn_free(conn);
    return NULL;
}
