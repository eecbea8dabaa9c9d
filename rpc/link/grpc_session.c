/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_session.c - decides when a connection has had its time, and
 * asks nghttp2 for what calls want of it. What nghttp2 calls back with is in
 * grpc_session_events.c; those callbacks only note things down, and settle()
 * acts on the notes when nghttp2 has returned.
 */
#include "rpc/link/grpc_session_private.h"

#include "rpc/check.h"
#include "rpc/link/grpc_client.h"

#include <stdlib.h>

/* Kept free of the 64 KiB that nghttp2 refuses to exceed. */
#define MAX_BLOCK (60u * 1024)

/* Backends take many resets in a short time for an attack and hang up on all
 * calls: nghttp2 servers after 1000 with 33 a second more, others likewise. A
 * connection that has used up half of that takes no new calls. */
#define RESETS_BURST 500u
#define RESETS_PER_SECOND 16u

/* ------------------------------------------------------------- closing */

static void
session_free(struct rpc_grpc_session *s)
{
    nghttp2_session_del(s->wire.h2);
    sluice_bytes_unref(&s->peer);
    s->magic = 0;
    free(s);
}

static void
on_closed(void *arg)
{
    struct rpc_grpc_session *s = arg;

    RPC_CHECK(s, RPC_GRPC_SESSION_MAGIC);
    session_free(s);
}

/* What befalls the call when its connection goes away. */
static struct rpc_grpc_end
end_of(const struct rpc_grpc_session *s)
{
    if (s->is_short)
        return rpc_grpc_end_short();
    return s->is_broken ? rpc_grpc_end_broken() : rpc_grpc_end_lost();
}

static void
close_now(struct rpc_grpc_session *s)
{
    struct rpc_grpc_call *call;
    struct rpc_grpc_calls calls;

    if (s->wire.socket == NULL)
        return;
    sluice_timer_stop(s->client->loop, &s->keepalive_timer);
    rpc_grpc_wire_close(&s->wire, on_closed, s);
    TAILQ_INIT(&calls);
    TAILQ_CONCAT(&calls, &s->calls, link);
    s->active = 0;
    TAILQ_REMOVE(&s->client->sessions, s, link);
    rpc_grpc_client_session_gone(s->client, s, s->last_sent > 0, s->is_short);
    /* Last to first: those that are sent again keep their order. Memory that is
     * short here would be so again. */
    while ((call = TAILQ_LAST(&calls, rpc_grpc_calls)) != NULL) {
        TAILQ_REMOVE(&calls, call, link);
        rpc_grpc_stream_gone(call,
            s->is_short || call->stream_id <= s->last_sent, false, end_of(s));
    }
}

void
rpc_grpc_session_close(struct rpc_grpc_session *s)
{
    RPC_CHECK(s, RPC_GRPC_SESSION_MAGIC);
    s->is_draining = true;
    if (nghttp2_session_terminate_session(s->wire.h2, NGHTTP2_NO_ERROR) == 0)
        rpc_grpc_wire_flush(&s->wire);
    close_now(s);
}

/* ------------------------------------------------------------- keepalive */

static bool
is_watched(const struct rpc_grpc_session *s)
{
    return s->client->keepalive.time_ns > 0 &&
        (s->active > 0 || s->client->keepalive_without_calls);
}

static void
look(struct rpc_grpc_session *s)
{
    uint64_t now = sluice_loop_now(s->client->loop);
    uint64_t again;

    switch (rpc_grpc_keepalive_look(&s->keepalive, now, &again)) {
    case RPC_GRPC_KEEPALIVE_WAIT:
        break;
    case RPC_GRPC_KEEPALIVE_PING:
        if (nghttp2_submit_ping(s->wire.h2, NGHTTP2_FLAG_NONE, NULL) != 0)
            rpc_grpc_keepalive_heard(&s->keepalive, now); /* another time */
        rpc_grpc_session_wake(s);
        break;
    case RPC_GRPC_KEEPALIVE_LOST:
        close_now(s);
        return;
    }
    sluice_timer_start(s->client->loop, &s->keepalive_timer, again);
}

static void
on_keepalive_timer(struct sluice_timer *timer)
{
    struct rpc_grpc_session *s =
        RPC_CONTAINER_OF(timer, struct rpc_grpc_session, keepalive_timer);

    RPC_CHECK(s, RPC_GRPC_SESSION_MAGIC);
    if (s->keepalive.is_asking || is_watched(s))
        look(s);
}

/* To be called when there may be a reason to; there is none for stopping, the
 * timer just is not started again. */
static void
watch(struct rpc_grpc_session *s)
{
    if (!sluice_timer_is_running(&s->keepalive_timer) && is_watched(s))
        look(s);
}

static void
note_sign_of_life(struct rpc_grpc_session *s)
{
    rpc_grpc_keepalive_heard(&s->keepalive, sluice_loop_now(s->client->loop));
    if (s->keepalive.is_asking)
        look(s); /* at the clock for the next question */
}

/* --------------------------------------------------------------- settling */

static void
drain(struct rpc_grpc_session *s)
{
    if (s->is_draining)
        return;
    s->is_draining = true;
    rpc_grpc_client_session_drains(s->client, s, s->last_sent > 0);
}

/* Acts on what the callbacks noted. The session may be closed after this. */
static void
settle(struct rpc_grpc_session *s)
{
    bool wants_write;

    if (s->wire.socket == NULL)
        return;
    if (s->is_short) {
        close_now(s);
        return;
    }
    if (s->has_settings && !s->is_ready) {
        s->is_ready = true;
        watch(s);
        if (!s->is_draining)
            rpc_grpc_client_session_ready(s->client, s);
    }
    if (s->must_look && is_watched(s))
        look(s);
    s->must_look = false;
    /* Also when stream ids have run out, or nghttp2 is about to hang up. */
    if (s->must_drain ||
        (s->is_ready && !nghttp2_session_check_request_allowed(s->wire.h2)))
        drain(s);
    wants_write = nghttp2_session_want_write(s->wire.h2) != 0;
    if (!wants_write && !rpc_grpc_wire_is_writing(&s->wire) &&
        !nghttp2_session_want_read(s->wire.h2))
        close_now(s);
    else if (s->is_draining && s->active == 0)
        rpc_grpc_session_close(s);
    else if (wants_write || s->has_free_slots)
        rpc_grpc_session_wake(s);
    s->has_free_slots = false;
}

/* -------------------------------------------------------- the wire's side */

static struct rpc_grpc_session *
session_of(struct rpc_grpc_wire *wire)
{
    struct rpc_grpc_session *s =
        RPC_CONTAINER_OF(wire, struct rpc_grpc_session, wire);

    RPC_CHECK(s, RPC_GRPC_SESSION_MAGIC);
    return s;
}

static void
on_heard(struct rpc_grpc_wire *wire)
{
    note_sign_of_life(session_of(wire));
}

static void
on_gather(struct rpc_grpc_wire *wire)
{
    struct rpc_grpc_session *s = session_of(wire);

    rpc_grpc_client_pump(s->client, s);
}

static void
on_settle(struct rpc_grpc_wire *wire)
{
    settle(session_of(wire));
}

static void
on_lost(struct rpc_grpc_wire *wire, enum rpc_grpc_loss loss, int error)
{
    struct rpc_grpc_session *s = session_of(wire);

    /* Our callbacks fail for lack of memory only. */
    if (loss == RPC_GRPC_LOSS_SELF || error == NGHTTP2_ERR_NOMEM ||
        error == NGHTTP2_ERR_CALLBACK_FAILURE)
        s->is_short = true;
    else if (loss == RPC_GRPC_LOSS_PEER)
        s->is_broken = true;
    close_now(s);
}

static const struct rpc_grpc_wire_events wire_events = { on_heard, on_gather,
    on_settle, on_lost };

void
rpc_grpc_session_wake(struct rpc_grpc_session *s)
{
    rpc_grpc_wire_wake(&s->wire);
}

/* --------------------------------------------------------------- streams */

size_t
rpc_grpc_session_slots(const struct rpc_grpc_session *s)
{
    uint32_t allowed;

    if (s->is_draining || !s->is_ready || s->must_drain || s->is_short ||
        !nghttp2_session_check_request_allowed(s->wire.h2))
        return 0;
    allowed = nghttp2_session_get_remote_settings(s->wire.h2,
        NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return allowed > s->active ? allowed - s->active : 0;
}

static ssize_t
on_offer(nghttp2_session *h2, int32_t stream_id, uint8_t *buf, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    bool is_last;
    size_t n;

    (void)h2;
    (void)stream_id;
    (void)buf;
    (void)arg;
    n = rpc_grpc_stream_offer(source->ptr, room, &is_last);
    if (n == 0 && !is_last)
        return NGHTTP2_ERR_DEFERRED;
    if (n > 0)
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (is_last)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static uint32_t
max_block(const struct rpc_grpc_session *s)
{
    uint32_t theirs = nghttp2_session_get_remote_settings(s->wire.h2,
        NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);

    return theirs < MAX_BLOCK ? theirs : MAX_BLOCK;
}

enum sluice_err
rpc_grpc_session_submit(struct rpc_grpc_session *s, struct rpc_grpc_call *call)
{
    nghttp2_data_provider body = { { .ptr = call }, on_offer };
    nghttp2_nv fields[RPC_GRPC_FIELDS];
    enum sluice_err err;
    size_t count;
    size_t size;
    int32_t id;

    err = rpc_grpc_request_fields(&call->request, s->client->pool,
        &s->client->request, rpc_grpc_call_time_remaining(call), fields, &count,
        &size);
    if (err != SLUICE_OK)
        return err;
    if (size > max_block(s))
        return SLUICE_ELIMIT;
    id = nghttp2_submit_request(s->wire.h2, NULL, fields, count, &body, call);
    if (id < 0)
        return id == NGHTTP2_ERR_NOMEM ? SLUICE_ENOMEM : SLUICE_ESTATE;
    TAILQ_INSERT_TAIL(&s->calls, call, link);
    s->active++;
    watch(s);
    rpc_grpc_stream_opened(call, s, id, s->peer);
    return SLUICE_OK;
}

void
rpc_grpc_session_reset(struct rpc_grpc_session *s, int32_t stream_id,
    uint32_t error_code)
{
    if (nghttp2_submit_rst_stream(s->wire.h2, NGHTTP2_FLAG_NONE, stream_id,
            error_code) != 0)
        s->is_short = true; /* that it closes is told without memory */
    if (!rpc_grpc_bucket_take(&s->resets, sluice_loop_now(s->client->loop), 1,
            RESETS_BURST, RESETS_PER_SECOND))
        s->must_drain = true;
    rpc_grpc_session_wake(s);
}

enum sluice_err
rpc_grpc_session_resume(struct rpc_grpc_session *s, int32_t stream_id)
{
    if (nghttp2_session_resume_data(s->wire.h2, stream_id) != 0)
        return SLUICE_ENOMEM;
    rpc_grpc_session_wake(s);
    return SLUICE_OK;
}

enum sluice_err
rpc_grpc_session_consume(struct rpc_grpc_session *s, int32_t stream_id,
    size_t len)
{
    nghttp2_session *h2 = s->wire.h2;
    int32_t before =
        nghttp2_session_get_stream_effective_recv_data_length(h2, stream_id);
    int error = nghttp2_session_consume_stream(h2, stream_id, len);
    int32_t after =
        nghttp2_session_get_stream_effective_recv_data_length(h2, stream_id);

    /* nghttp2 waits for half of the window, which is long if that is large. */
    if (error == 0 && after == before && before >= (int32_t)len)
        error = nghttp2_submit_window_update(h2, NGHTTP2_FLAG_NONE, stream_id,
            (int32_t)len);
    if (error != 0)
        return SLUICE_ENOMEM;
    if (nghttp2_session_want_write(s->wire.h2))
        rpc_grpc_session_wake(s);
    return SLUICE_OK;
}

void
rpc_grpc_session_set_window(struct rpc_grpc_session *s,
    struct rpc_grpc_call *call, uint32_t window)
{
    if (window == call->window)
        return;
    call->window = window;
    if (nghttp2_session_set_local_window_size(s->wire.h2, NGHTTP2_FLAG_NONE,
            call->stream_id, (int32_t)window) != 0)
        rpc_grpc_stream_fail(call, rpc_grpc_end_short());
    rpc_grpc_session_wake(s);
}

void
rpc_grpc_session_widen(struct rpc_grpc_session *s, struct rpc_grpc_call *call)
{
    uint64_t now = sluice_loop_now(s->client->loop);
    uint64_t elapsed = now - call->half_ns;
    uint32_t window;
    bool must_ask;

    call->half_ns = now;
    window = rpc_grpc_path_widen(&s->path, call->window, elapsed, &must_ask);
    rpc_grpc_session_set_window(s, call, window);
    if (!must_ask)
        return;
    if (nghttp2_submit_ping(s->wire.h2, NGHTTP2_FLAG_NONE,
            (const uint8_t *)RPC_GRPC_TRIP_PING) == 0)
        rpc_grpc_path_asked(&s->path, now);
    rpc_grpc_session_wake(s);
}

/* -------------------------------------------------------------- starting */

static int
submit_settings(struct rpc_grpc_session *s)
{
    struct sluice_grpc_client *client = s->client;
    nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, client->initial_window },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
            client->max_metadata < UINT32_MAX ? (uint32_t)client->max_metadata
                                              : UINT32_MAX } };

    if (nghttp2_submit_settings(s->wire.h2, NGHTTP2_FLAG_NONE, settings,
            sizeof(settings) / sizeof(settings[0])) != 0)
        return -1;
    return nghttp2_session_set_local_window_size(s->wire.h2, NGHTTP2_FLAG_NONE,
        0, RPC_GRPC_CONNECTION_WINDOW);
}

struct rpc_grpc_session *
rpc_grpc_session_new(struct sluice_grpc_client *client,
    struct rpc_grpc_socket *socket)
{
    struct rpc_grpc_session *s = calloc(1, sizeof(*s));

    if (s == NULL)
        goto out;
    s->magic = RPC_GRPC_SESSION_MAGIC;
    s->client = client;
    s->keepalive_timer.expire = on_keepalive_timer;
    s->path.most = client->max_window;
    s->began_ns = sluice_loop_now(client->loop);
    rpc_grpc_keepalive_init(&s->keepalive, &client->keepalive,
        sluice_loop_now(client->loop));
    TAILQ_INIT(&s->calls);
    s->peer = rpc_grpc_peer_new(client->pool, &socket->uv.stream);
    if (s->peer == NULL)
        goto out;
    if (nghttp2_session_client_new3(&s->wire.h2, client->shared->callbacks, s,
            client->shared->option, client->shared->mem) != 0)
        goto out;
    if (submit_settings(s) != 0)
        goto out;
    if (rpc_grpc_wire_start(&s->wire, client->loop, &client->buffers,
            &wire_events, socket) != SLUICE_OK)
        goto out;
    TAILQ_INSERT_TAIL(&client->sessions, s, link);
    rpc_grpc_session_wake(s);
    return s;

out:
    rpc_grpc_socket_close(&socket, NULL, NULL);
    if (s != NULL)
        session_free(s);
    return NULL;
}
