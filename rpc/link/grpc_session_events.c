/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_session_events.c - what nghttp2 reports: frames become events
 * of calls and notes in the session. Nothing here writes, reads, closes or
 * runs foreign code, so nghttp2 is never entered twice.
 */
#include "rpc/link/grpc_session_private.h"

#include "rpc/check.h"
#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_memory.h"

#include <stdlib.h>

/* What comes for one stream mostly comes in a row: the last call found is
 * looked at first. */
static struct rpc_grpc_call *
call_of(struct rpc_grpc_session *s, int32_t stream_id)
{
    if (s->recent == NULL || s->recent->stream_id != stream_id)
        s->recent = nghttp2_session_get_stream_user_data(s->wire.h2, stream_id);
    return s->recent;
}

static int
on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_session *s = arg;
    struct rpc_grpc_call *call = call_of(s, frame->hd.stream_id);

    (void)h2;
    s->must_look |= rpc_grpc_keepalive_got_message(&s->keepalive);
    if (call != NULL)
        rpc_grpc_stream_begin_block(call);
    return 0;
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
    void *arg)
{
    struct rpc_grpc_call *call = call_of(arg, frame->hd.stream_id);
    struct sluice_metadatum field = {
        .name = sluice_str_n((const char *)name, name_len),
        .value = sluice_str_n((const char *)value, value_len),
    };

    (void)h2;
    (void)flags;
    if (call != NULL)
        rpc_grpc_stream_field(call, &field);
    return 0;
}

/* nghttp2 opens a window when half of it has been given back: until then it
 * need not hear of each piece. */
static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t stream_id,
    const uint8_t *data, size_t len, void *arg)
{
    struct rpc_grpc_session *s = arg;
    struct rpc_grpc_call *call = call_of(s, stream_id);

    (void)flags;
    s->must_look |= rpc_grpc_keepalive_got_message(&s->keepalive);
    s->consumed += len;
    if (s->consumed >= RPC_GRPC_CONNECTION_WINDOW / 2) {
        if (nghttp2_session_consume_connection(h2, s->consumed) != 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        s->consumed = 0;
    }
    if (call != NULL)
        rpc_grpc_stream_data(call, data, len);
    return 0;
}

static void
on_stream_frame(struct rpc_grpc_call *call, const nghttp2_frame *frame)
{
    bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    if (frame->hd.type == NGHTTP2_HEADERS)
        rpc_grpc_stream_end_block(call, is_last);
    else if (frame->hd.type == NGHTTP2_DATA && is_last)
        rpc_grpc_stream_cut(call);
    else if (frame->hd.type == NGHTTP2_RST_STREAM)
        call->reset_by_peer = true;
}

/* About our PINGs ("Client-side Keepalive", gRFC A8). */
static bool
is_complaint(const nghttp2_goaway *goaway)
{
    return goaway->error_code == NGHTTP2_ENHANCE_YOUR_CALM &&
        sluice_str_equal(sluice_str_n((const char *)goaway->opaque_data,
                             goaway->opaque_data_len),
            sluice_str("too_many_pings"));
}

static bool
is_trip_answer(const nghttp2_frame *frame)
{
    return (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 &&
        memcmp(frame->ping.opaque_data, RPC_GRPC_TRIP_PING,
            sizeof(frame->ping.opaque_data)) == 0;
}

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_session *s = arg;
    struct rpc_grpc_call *call;

    (void)h2;
    RPC_CHECK(s, RPC_GRPC_SESSION_MAGIC);
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
            s->has_settings = true;
            s->has_free_slots = true; /* the limit may have grown */
        } else {
            rpc_grpc_path_saw(&s->path, s->began_ns,
                sluice_loop_now(s->client->loop));
        }
        break;
    case NGHTTP2_PING:
        if (is_trip_answer(frame))
            rpc_grpc_path_answered(&s->path, sluice_loop_now(s->client->loop));
        break;
    case NGHTTP2_GOAWAY:
        s->must_drain = true;
        if (is_complaint(&frame->goaway))
            rpc_grpc_keepalive_slow_down(&s->client->keepalive);
        break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
    case NGHTTP2_RST_STREAM:
        call = call_of(s, frame->hd.stream_id);
        if (call != NULL)
            on_stream_frame(call, frame);
        break;
    default:
        break;
    }
    return 0;
}

/* nghttp2 ends the connection by itself when the peer is at fault; or when it
 * fails itself, which is for want of memory. */
static void
note_goodbye(struct rpc_grpc_session *s, uint32_t error_code)
{
    if (error_code == NGHTTP2_INTERNAL_ERROR)
        s->is_short = true;
    else if (error_code != NGHTTP2_NO_ERROR)
        s->is_broken = true;
}

/* To nghttp2 there is no stream before its HEADERS leave. */
static void
begin_stream(struct rpc_grpc_session *s, int32_t stream_id)
{
    struct rpc_grpc_call *call;

    s->last_sent = stream_id;
    if (s->path.learnt == 0)
        return;
    call = call_of(s, stream_id);
    if (call != NULL)
        rpc_grpc_session_set_window(s, call,
            rpc_grpc_path_begin(&s->path, call->window));
}

static int
on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct rpc_grpc_session *s = arg;

    (void)h2;
    if (frame->hd.type == NGHTTP2_HEADERS)
        begin_stream(s, frame->hd.stream_id);
    else if (frame->hd.type == NGHTTP2_GOAWAY)
        note_goodbye(s, frame->goaway.error_code);
    return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream_id, uint32_t error_code,
    void *arg)
{
    struct rpc_grpc_session *s = arg;
    struct rpc_grpc_call *call = call_of(s, stream_id);
    bool is_refused = error_code == NGHTTP2_REFUSED_STREAM;
    bool was_sent = stream_id <= s->last_sent;
    struct rpc_grpc_end end;

    (void)h2;
    s->recent = NULL;
    if (call == NULL)
        return 0;
    /* Unsent for another reason than GOAWAY, it would fail again. */
    if (!s->must_drain)
        was_sent = true;
    if (call->reset_by_peer || is_refused)
        end = rpc_grpc_end_reset(error_code);
    else if (error_code == NGHTTP2_INTERNAL_ERROR)
        end = rpc_grpc_end_short(); /* as with the connection */
    else
        end = rpc_grpc_end_broken();
    TAILQ_REMOVE(&s->calls, call, link);
    rpc_grpc_path_give_back(&s->path, s->client->initial_window, call->window);
    s->active--;
    s->has_free_slots = true;
    rpc_grpc_stream_gone(call, was_sent, is_refused, end);
    return 0;
}

/* A DATA frame without a copy in nghttp2: head and bytes straight into the
 * output buffer. */
static int
on_send_data(nghttp2_session *h2, nghttp2_frame *frame,
    const uint8_t *frame_head, size_t len, nghttp2_data_source *source,
    void *arg)
{
    struct rpc_grpc_session *s = arg;
    uint8_t *out;

    (void)h2;
    assert(frame->data.padlen == 0); /* nobody asked for padding */
    out = rpc_grpc_wire_begin_data(&s->wire, frame_head, len);
    if (out == NULL)
        return NGHTTP2_ERR_WOULDBLOCK;
    rpc_grpc_stream_copy(source->ptr, out, len);
    return 0;
}

static void
set_callbacks(nghttp2_session_callbacks *c)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(c,
        on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
}

struct rpc_grpc_session_shared *
rpc_grpc_session_shared_new(struct sluice_pool *pool)
{
    struct rpc_grpc_session_shared *shared = calloc(1, sizeof(*shared));

    if (shared == NULL)
        return NULL;
    if (nghttp2_session_callbacks_new(&shared->callbacks) != 0 ||
        nghttp2_option_new(&shared->option) != 0) {
        rpc_grpc_session_shared_free(&shared);
        return NULL;
    }
    rpc_grpc_memory_init(&shared->pooled, pool);
    shared->mem = &shared->pooled;
    set_callbacks(shared->callbacks);
    nghttp2_option_set_no_auto_window_update(shared->option, 1);
    nghttp2_option_set_no_closed_streams(shared->option, 1);
    return shared;
}

void
rpc_grpc_session_shared_free(struct rpc_grpc_session_shared **shared)
{
    if (*shared == NULL)
        return;
    nghttp2_session_callbacks_del((*shared)->callbacks);
    nghttp2_option_del((*shared)->option);
    free(*shared);
    *shared = NULL;
}
