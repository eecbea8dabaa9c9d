/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_stream.c - the side of a call that faces HTTP/2: the
 * fields and bytes of one stream, in and out.
 *
 * Coming in, window is given back only for bytes that went into a message the
 * operation has allowance for; the others are held, and the window bounds how
 * many there can be.
 */
#include "rpc/link/grpc_server_call.h"

#include "rpc/check.h"
#include "rpc/link/grpc_server.h"

#include <sluice/status.h>

/* -------------------------------------------------------------- going out */

enum sluice_err
rpc_grpc_served_begin(struct rpc_grpc_served *call)
{
    nghttp2_nv nv[RPC_GRPC_FIELDS];
    struct rpc_grpc_fields f = { .nv = nv };
    enum sluice_err err;

    err = rpc_grpc_answer_head(&call->answer, call->server->pool,
        rpc_grpc_conn_max_block(call->conn), &f);
    if (err != SLUICE_OK)
        return err;
    call->answering = RPC_GRPC_TALKING;
    rpc_grpc_conn_respond(call->conn, call, &f, true);
    return SLUICE_OK;
}

/* Head and trailers in one block. */
static void
answer_alone(struct rpc_grpc_served *call, const char *http_status)
{
    nghttp2_nv nv[RPC_GRPC_FIELDS];
    struct rpc_grpc_fields f = { .nv = nv };

    rpc_grpc_answer_alone(http_status, &f);
    rpc_grpc_answer_trailers(&call->answer, call->server->pool,
        rpc_grpc_conn_max_block(call->conn), &f);
    call->answering = RPC_GRPC_ENDED;
    rpc_grpc_conn_respond(call->conn, call, &f, false);
}

static void
put_trailers(struct rpc_grpc_served *call)
{
    nghttp2_nv nv[RPC_GRPC_FIELDS];
    struct rpc_grpc_fields f = { .nv = nv };

    rpc_grpc_answer_trailers(&call->answer, call->server->pool,
        rpc_grpc_conn_max_block(call->conn), &f);
    call->answering = RPC_GRPC_ENDED;
    rpc_grpc_conn_trailers(call->conn, call->stream_id, &f);
}

void
rpc_grpc_served_resume(struct rpc_grpc_served *call)
{
    if (!call->is_deferred)
        return;
    call->is_deferred = false;
    rpc_grpc_conn_resume(call->conn, call->stream_id);
}

void
rpc_grpc_served_finish(struct rpc_grpc_served *call, int32_t code,
    struct sluice_str message, bool must_finish)
{
    if (call->conn == NULL || call->answering >= RPC_GRPC_ENDING)
        return;
    rpc_grpc_answer_set_status(&call->answer, call->server->pool, code,
        message);
    if (!must_finish && !rpc_grpc_writer_has_begun(&call->writer))
        rpc_grpc_writer_fini(&call->writer);
    if (rpc_grpc_writer_left(&call->writer) > 0)
        call->answering = RPC_GRPC_ENDING;
    else if (call->answering == RPC_GRPC_SILENT)
        answer_alone(call, "200");
    else
        put_trailers(call);
}

ssize_t
rpc_grpc_served_offer(struct rpc_grpc_served *call, size_t room,
    uint32_t *flags)
{
    size_t left = rpc_grpc_writer_left(&call->writer);
    size_t n = rpc_grpc_writer_offer(&call->writer, room);

    if (n == 0) {
        call->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (n == left && call->answering == RPC_GRPC_ENDING) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        put_trailers(call);
    }
    return (ssize_t)n;
}

void
rpc_grpc_served_copy(struct rpc_grpc_served *call, uint8_t *out, size_t len)
{
    if (!rpc_grpc_writer_copy(&call->writer, out, len))
        return;
    rpc_grpc_writer_fini(&call->writer);
    if (call->answering == RPC_GRPC_TALKING) {
        call->has_grant = true;
        rpc_grpc_served_wake(call);
    } else if (call->answering == RPC_GRPC_ENDING) {
        /* The frame had been promised when the status came. */
        put_trailers(call);
    }
}

/* ---------------------------------------------------------------- headers */

bool
rpc_grpc_served_field(struct rpc_grpc_served *call, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value)
{
    rpc_grpc_server_request_field(&call->request, call->server->pool,
        call->server->options.max_metadata, name, value);
    return call->request.fault != RPC_GRPC_FAULT_ENDLESS;
}

void
rpc_grpc_served_end_block(struct rpc_grpc_served *call)
{
    struct rpc_grpc_refusal refusal;
    enum rpc_grpc_fault fault;

    if (call->request.is_whole)
        return;
    fault = rpc_grpc_server_request_check(&call->request);
    if (fault == RPC_GRPC_FAULT_NONE) {
        call->is_asked = true;
        call->reader.coding = call->request.coding;
        rpc_grpc_served_wake(call);
        return;
    }
    refusal = rpc_grpc_refusal_of(fault);
    call->is_over = true;
    call->is_deaf = true;
    rpc_grpc_answer_set_status(&call->answer, call->server->pool, refusal.code,
        sluice_str(refusal.text));
    answer_alone(call, refusal.http_status);
}

/* ------------------------------------------------------------------- data */

/* What the caller sent is wrong: it hears so, and the operation ends. */
static void
fail(struct rpc_grpc_served *call, int32_t code, const char *text)
{
    struct rpc_grpc_verdict verdict = { SLUICE_TERMINATION_RECEPTION_FAILURE,
        code, text };

    rpc_grpc_served_finish(call, code, sluice_str(text), false);
    rpc_grpc_served_end(call, verdict);
}

/* Gives window back, half a window at a time: nghttp2 would not tell the peer
 * of less. */
static void
consume(struct rpc_grpc_served *call, size_t len)
{
    call->consumed += len;
    if (call->conn == NULL || call->consumed == 0 ||
        call->consumed < call->server->options.initial_window / 2)
        return;
    len = call->consumed;
    call->consumed = 0;
    rpc_grpc_conn_consume(call->conn, call->stream_id, len);
}

/* Acts on what the reader found. */
static void
on_read(struct rpc_grpc_served *call, enum rpc_grpc_read result)
{
    switch (result) {
    case RPC_GRPC_READ_MORE:
        break;
    case RPC_GRPC_READ_MESSAGE:
        call->allowance--;
        rpc_grpc_served_wake(call);
        break;
    case RPC_GRPC_READ_TOO_LARGE:
        fail(call, SLUICE_CODE_RESOURCE_EXHAUSTED,
            "a message is larger than the limit");
        break;
    case RPC_GRPC_READ_IMPOSSIBLE:
        fail(call, SLUICE_CODE_INTERNAL, "a message has an impossible length");
        break;
    case RPC_GRPC_READ_COMPRESSED:
        fail(call, SLUICE_CODE_INTERNAL,
            "a message is compressed without a grpc-encoding");
        break;
    case RPC_GRPC_READ_CORRUPT:
        fail(call, SLUICE_CODE_INTERNAL, "a compressed message is damaged");
        break;
    case RPC_GRPC_READ_UNKNOWN: /* it was refused by the head */
    case RPC_GRPC_READ_MALFORMED:
        fail(call, SLUICE_CODE_INTERNAL, "a message has an unknown flag");
        break;
    case RPC_GRPC_READ_NO_MEMORY:
        fail(call, SLUICE_CODE_RESOURCE_EXHAUSTED, "memory is short");
        break;
    }
}

void
rpc_grpc_served_data(struct rpc_grpc_served *call, const uint8_t *data,
    size_t len)
{
    struct sluice_grpc_server *server = call->server;
    enum rpc_grpc_read result;
    size_t before = len;

    while (!call->is_deaf && len > 0 && call->allowance > 0 &&
        call->message == NULL && !rpc_grpc_reader_is_holding(&call->reader)) {
        result = rpc_grpc_reader_feed(&call->reader, &server->reading, &data,
            &len, &call->message);
        on_read(call, result);
    }
    if (call->is_deaf)
        return;
    consume(call, before - len);
    if (len > 0 &&
        rpc_grpc_reader_hold(&call->reader, server->pool, data, len) !=
            SLUICE_OK)
        fail(call, SLUICE_CODE_RESOURCE_EXHAUSTED, "memory is short");
}

void
rpc_grpc_served_take_held(struct rpc_grpc_served *call)
{
    struct sluice_grpc_server *server = call->server;
    enum rpc_grpc_read result;
    size_t taken;

    while (!call->is_deaf && call->allowance > 0 && call->message == NULL &&
        rpc_grpc_reader_is_holding(&call->reader)) {
        result = rpc_grpc_reader_feed_held(&call->reader, &server->reading,
            &taken, &call->message);
        consume(call, taken);
        on_read(call, result);
    }
}

void
rpc_grpc_served_close(struct rpc_grpc_served *call)
{
    call->has_closed = true;
    if (call->is_asked)
        rpc_grpc_served_wake(call);
}

/* ------------------------------------------------------------- going away */

static struct rpc_grpc_verdict
verdict_of_cancel(const struct rpc_grpc_served *call)
{
    struct rpc_grpc_verdict cancelled = { SLUICE_TERMINATION_CANCELLATION,
        SLUICE_CODE_CANCELLED, "the caller cancelled the call" };
    struct rpc_grpc_verdict expired = { SLUICE_TERMINATION_EXPIRATION,
        SLUICE_CODE_DEADLINE_EXCEEDED, "the time for the call is over" };

    if (call->op != NULL && sluice_operation_time_remaining(call->op) <= 0)
        return expired;
    return cancelled;
}

static struct rpc_grpc_verdict
verdict_of_reset(const struct rpc_grpc_served *call, uint32_t error_code)
{
    struct rpc_grpc_verdict left = { SLUICE_TERMINATION_SHUTDOWN,
        SLUICE_CODE_UNAVAILABLE, "the caller has left" };
    struct rpc_grpc_verdict failed = { SLUICE_TERMINATION_LOCAL_FAILURE,
        SLUICE_CODE_INTERNAL, "the caller failed" };
    struct rpc_grpc_verdict reset = { SLUICE_TERMINATION_RECEPTION_FAILURE,
        SLUICE_CODE_INTERNAL, "the caller reset the stream" };
    struct rpc_grpc_verdict broken = { SLUICE_TERMINATION_RECEPTION_FAILURE,
        SLUICE_CODE_INTERNAL, "the caller broke the rules of HTTP/2" };

    if (!call->reset_by_peer)
        return broken;
    switch (error_code) {
    case NGHTTP2_CANCEL:
        return verdict_of_cancel(call);
    case NGHTTP2_NO_ERROR:
        return left;
    case NGHTTP2_INTERNAL_ERROR:
        return failed;
    default:
        return reset;
    }
}

static void
leave(struct rpc_grpc_served *call, struct rpc_grpc_verdict verdict)
{
    call->conn = NULL;
    call->is_deferred = false;
    if (call->answering < RPC_GRPC_ENDING)
        rpc_grpc_served_end(call, verdict);
    rpc_grpc_served_settle(call);
}

void
rpc_grpc_served_reset(struct rpc_grpc_served *call, uint32_t error_code)
{
    leave(call, verdict_of_reset(call, error_code));
}

void
rpc_grpc_served_lost(struct rpc_grpc_served *call)
{
    struct rpc_grpc_verdict lost = { SLUICE_TERMINATION_RECEPTION_FAILURE,
        SLUICE_CODE_UNAVAILABLE, "the connection to the caller was lost" };

    leave(call, lost);
}
