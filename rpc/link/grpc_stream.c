/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_stream.c - the side of a call that faces HTTP/2: bytes of one
 * stream, in and out.
 *
 * Coming in, window is given back only for bytes that went into a message the
 * operation has allowance for; the others are held, and the window bounds how
 * many there can be.
 */
#include "rpc/link/grpc_call.h"

#include "rpc/check.h"
#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_window.h"
#include "rpc/metadata.h"

/* While less than this waits to be sent, another message may come: dozens of
 * small ones share a frame, and a peer that does not read costs little. */
#define WAITING_MAX 4096u

/* -------------------------------------------------------------- ending */

static bool
has_ended(const struct rpc_grpc_call *call)
{
    return call->op == NULL || call->is_over ||
        call->end.termination != SLUICE_TERMINATION_NONE;
}

static void
reset(struct rpc_grpc_call *call, uint32_t error_code)
{
    if (call->place != RPC_GRPC_STREAM || call->was_reset)
        return;
    call->was_reset = true;
    rpc_grpc_session_reset(call->session, call->stream_id, error_code);
}

void
rpc_grpc_stream_fail(struct rpc_grpc_call *call, struct rpc_grpc_end end)
{
    reset(call, NGHTTP2_CANCEL);
    rpc_grpc_reader_fini(&call->reader, call->client->pool);
    call->end_is_in_order = false;
    call->end = end; /* also if it had ended well, behind what is held */
    rpc_grpc_call_wake(call);
}

/* The peer is done. If we are not, nobody reads what we still send. */
static void
end_in_order(struct rpc_grpc_call *call, struct rpc_grpc_end end)
{
    if (!call->has_half_closed)
        reset(call, NGHTTP2_NO_ERROR);
    call->end_is_in_order = true;
    rpc_grpc_call_end(call, end);
}

/* ------------------------------------------------------------- headers */

void
rpc_grpc_stream_begin_block(struct rpc_grpc_call *call)
{
    if (has_ended(call))
        call->is_replayable = false; /* it has been answered */
    else
        rpc_grpc_response_begin(&call->response);
}

void
rpc_grpc_stream_field(struct rpc_grpc_call *call,
    const struct sluice_metadatum *field)
{
    struct sluice_grpc_client *client = call->client;

    if (has_ended(call))
        return;
    if (!rpc_grpc_response_field(&call->response, client->pool,
            client->max_metadata, field))
        rpc_grpc_stream_fail(call, rpc_grpc_response_fault(&call->response));
}

/* From here on the call is the peer's: it cannot be sent a second time, and
 * what it takes for that need not be kept while the answer lasts. */
static void
forget_replay(struct rpc_grpc_call *call)
{
    call->is_replayable = false;
    rpc_grpc_request_fini(&call->request, call->client->pool);
    if (rpc_grpc_writer_left(&call->writer) == 0)
        rpc_grpc_writer_fini(&call->writer);
}

static void
take_head(struct rpc_grpc_call *call)
{
    struct rpc_grpc_end end;

    forget_replay(call);
    if (!rpc_grpc_response_head(&call->response, &end)) {
        rpc_grpc_stream_fail(call, end);
        return;
    }
    call->reader.coding = call->response.coding;
    call->reader.has_unknown_coding = call->response.has_unknown_coding;
    if (call->response.accepted != 0)
        call->accepted = call->response.accepted;
    call->initial = rpc_grpc_response_take_metadata(&call->response);
    if (call->initial == NULL)
        call->initial = rpc_metadata_empty();
    rpc_grpc_call_wake(call);
}

void
rpc_grpc_stream_end_block(struct rpc_grpc_call *call, bool is_last)
{
    if (has_ended(call) || rpc_grpc_response_is_informational(&call->response))
        return;
    if (is_last)
        end_in_order(call, rpc_grpc_response_end(&call->response));
    else
        take_head(call);
}

/* ---------------------------------------------------------------- data */

/* Gives window back, a good deal of it at a time. */
static void
consume(struct rpc_grpc_call *call, size_t len)
{
    call->consumed += len;
    if (call->place != RPC_GRPC_STREAM || call->consumed == 0 ||
        call->consumed < rpc_grpc_window_step(call->window))
        return;
    len = call->consumed;
    call->consumed = 0;
    if (rpc_grpc_session_consume(call->session, call->stream_id, len) !=
        SLUICE_OK) {
        if (!has_ended(call))
            rpc_grpc_stream_fail(call, rpc_grpc_end_short());
        return;
    }
    call->used += len;
    if (call->used < call->window / 2)
        return;
    call->used = 0;
    rpc_grpc_session_widen(call->session, call);
}

/* Acts on what the reader found. */
static void
on_read(struct rpc_grpc_call *call, enum rpc_grpc_read result)
{
    switch (result) {
    case RPC_GRPC_READ_MORE:
        break;
    case RPC_GRPC_READ_MESSAGE:
        call->allowance--;
        rpc_grpc_call_wake(call);
        break;
    case RPC_GRPC_READ_TOO_LARGE:
        rpc_grpc_stream_fail(call,
            rpc_grpc_end_exhausted("a message is larger than the limit"));
        break;
    case RPC_GRPC_READ_IMPOSSIBLE:
        rpc_grpc_stream_fail(call,
            rpc_grpc_end_malformed("a message has an impossible length"));
        break;
    case RPC_GRPC_READ_COMPRESSED:
        rpc_grpc_stream_fail(call,
            rpc_grpc_end_malformed("a message is compressed, unasked"));
        break;
    case RPC_GRPC_READ_UNKNOWN:
        rpc_grpc_stream_fail(call,
            rpc_grpc_end_malformed("a message is compressed in an unknown "
                                   "way"));
        break;
    case RPC_GRPC_READ_CORRUPT:
        rpc_grpc_stream_fail(call,
            rpc_grpc_end_malformed("a compressed message is damaged"));
        break;
    case RPC_GRPC_READ_MALFORMED:
        rpc_grpc_stream_fail(call,
            rpc_grpc_end_malformed("a message has an unknown flag"));
        break;
    case RPC_GRPC_READ_NO_MEMORY:
        rpc_grpc_stream_fail(call, rpc_grpc_end_short());
        break;
    }
}

void
rpc_grpc_stream_data(struct rpc_grpc_call *call, const uint8_t *data,
    size_t len)
{
    struct sluice_grpc_client *client = call->client;
    enum rpc_grpc_read result;
    size_t before = len;

    if (has_ended(call)) {
        consume(call, len);
        return;
    }
    while (len > 0 && call->allowance > 0 && call->message == NULL &&
        !rpc_grpc_reader_is_holding(&call->reader)) {
        result = rpc_grpc_reader_feed(&call->reader, &client->reading, &data,
            &len, &call->message);
        on_read(call, result);
        if (has_ended(call))
            return;
    }
    consume(call, before - len);
    if (len > 0 && !has_ended(call) &&
        rpc_grpc_reader_hold(&call->reader, client->pool, data, len) !=
            SLUICE_OK)
        rpc_grpc_stream_fail(call, rpc_grpc_end_short());
}

void
rpc_grpc_stream_take_held(struct rpc_grpc_call *call)
{
    struct sluice_grpc_client *client = call->client;
    enum rpc_grpc_read result;
    size_t taken;

    while (call->allowance > 0 && call->message == NULL &&
        rpc_grpc_reader_is_holding(&call->reader)) {
        result = rpc_grpc_reader_feed_held(&call->reader, &client->reading,
            &taken, &call->message);
        consume(call, taken);
        on_read(call, result);
    }
}

void
rpc_grpc_stream_cut(struct rpc_grpc_call *call)
{
    if (!has_ended(call))
        end_in_order(call,
            rpc_grpc_end_malformed("the stream ends without a status"));
}

/* ---------------------------------------------------------- going away */

static bool
is_untouched(const struct rpc_grpc_call *call)
{
    return !call->response.has_head && call->response.size == 0 &&
        call->is_replayable;
}

void
rpc_grpc_stream_gone(struct rpc_grpc_call *call, bool was_sent,
    bool was_refused, struct rpc_grpc_end end)
{
    call->place = RPC_GRPC_NOWHERE;
    call->session = NULL;
    call->stream_id = -1;
    call->is_deferred = false;
    if (has_ended(call) && !rpc_grpc_call_goes_on(call)) {
        rpc_grpc_call_settle(call);
        return;
    }
    /* Transparent retries (gRFC A6): what never left may be sent as often as
     * it takes; what the peer says it has not looked at, once more. */
    if (is_untouched(call) &&
        (!was_sent || (was_refused && !call->was_replayed))) {
        call->was_replayed |= was_sent;
        rpc_grpc_writer_rewind(&call->writer);
        call->has_half_closed = false;
        call->reset_by_peer = false;
        rpc_grpc_client_enqueue_again(call->client, call);
        return;
    }
    call->end_is_in_order = false;
    rpc_grpc_call_end(call, end);
}

/* -------------------------------------------------------------- sending */

void
rpc_grpc_stream_opened(struct rpc_grpc_call *call,
    struct rpc_grpc_session *session, int32_t stream_id,
    struct sluice_bytes *peer)
{
    call->place = RPC_GRPC_STREAM;
    call->session = session;
    call->stream_id = stream_id;
    call->consumed = 0;
    call->used = 0;
    call->window = call->client->initial_window;
    call->half_ns = sluice_loop_now(call->client->loop);
    /* Of an earlier stream, nothing has been delivered. */
    rpc_grpc_context_fini(&call->context);
    rpc_grpc_context_init(&call->context, peer, call->client->request.authority,
        rpc_grpc_call_set_coding);
}

size_t
rpc_grpc_stream_offer(struct rpc_grpc_call *call, size_t room, bool *is_last)
{
    size_t left = rpc_grpc_writer_left(&call->writer);
    size_t len = rpc_grpc_writer_offer(&call->writer, room);

    *is_last = len == left && call->is_half_closing;
    call->has_half_closed = *is_last;
    call->is_deferred = len == 0 && !*is_last;
    return len;
}

/* Nothing follows the one message that may have to be sent a second time. */
void
rpc_grpc_stream_grant(struct rpc_grpc_call *call)
{
    if (!call->owes_grant || call->is_half_closing || call->is_replayable ||
        rpc_grpc_writer_left(&call->writer) >= WAITING_MAX)
        return;
    call->owes_grant = false;
    call->has_grant = true;
    rpc_grpc_call_wake(call);
}

/* The last message is kept for a replay until the peer answers; of others the
 * next is asked for instead. */
void
rpc_grpc_stream_copy(struct rpc_grpc_call *call, uint8_t *out, size_t len)
{
    bool is_all = rpc_grpc_writer_copy(&call->writer, out, len);

    if (is_all && !call->is_half_closing)
        call->is_replayable = false;
    rpc_grpc_stream_grant(call);
    if (is_all && !call->is_replayable)
        rpc_grpc_writer_fini(&call->writer);
}
