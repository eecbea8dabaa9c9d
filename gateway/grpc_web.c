/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/grpc_web.c - gRPC-Web (grpc/grpc, PROTOCOL-WEB): messages in
 * envelopes as gRPC has them, and after them one more that holds the trailers,
 * since browsers show no other. In text mode all of it is base64.
 *
 * An RPC that fails is still 200: clients look at the trailers. Requests that
 * are no RPC (another method, another content type, a head that is too large)
 * get their HTTP status and the JSON document of REST.
 */
#include "gateway/front.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include <sluice/grpc.h>
#include <sluice/status.h>

#include "gateway/bad_type.h"
#include "gateway/call.h"
#include "gateway/codec.h"
#include "gateway/list.h"
#include "gateway/media_type.h"
#include "gateway/metadata_out.h"
#include "gateway/reply.h"
#include "gateway/rpc_intake.h"
#include "gateway/status_wire.h"
#include "gateway/worker.h"
#include "routes/percent.h"

#define TRAILERS 0x80u

/* Text that is decoded at once. What is in it of further messages is queued
 * even though the service takes none now. */
#define PIECE 3072u

/* ----------------------------------------------------------------- the head */

/* Takes text off the front of s, in any case. */
static bool
skip(struct sluice_str *s, const char *text)
{
    size_t len = strlen(text);

    if (s->len < len || strncasecmp(s->ptr, text, len) != 0)
        return false;
    s->ptr += len;
    s->len -= len;
    return true;
}

static bool
is_end(struct sluice_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    return s.len == 0 || s.ptr[0] == ';';
}

/* False: of the family, but none that is known. */
static bool
read_type(struct sluice_str type, struct gw_rpc_wire *wire)
{
    (void)skip(&type, "application/grpc-web");
    wire->is_text_in = skip(&type, "-text");
    wire->codec = GW_CODEC_PROTO;
    if (skip(&type, "+json"))
        wire->codec = GW_CODEC_JSON;
    else
        (void)skip(&type, "+proto");
    return is_end(type);
}

/* Text, when Accept names it or leaves it open and the request was text. */
static bool
wants_text(const struct gw_request *r, bool is_text_in)
{
    if (gw_list_has(r->accept, "application/grpc-web-text") ||
        gw_list_has(r->accept, "application/grpc-web-text+proto") ||
        gw_list_has(r->accept, "application/grpc-web-text+json"))
        return true;
    return is_text_in && (r->accept.len == 0 || gw_list_has(r->accept, "*/*"));
}

static const struct gw_intake intake;
static const struct gw_form form;
static const struct gw_form stream_form;

static void
look(struct gw_exchange *x)
{
    (void)read_type(x->request.content_type, &x->wire);
    x->wire.is_text_out = wants_text(&x->request, x->wire.is_text_in);
}

static void
begin(struct gw_exchange *x)
{
    struct gw_rpc_wire *wire = &x->wire;

    if (!gw_media_type_is_utf8(x->request.content_type) ||
        !read_type(x->request.content_type, wire)) {
        gw_bad_type_refuse(x,
            "application/grpc-web or application/grpc-web-text, "
            "alone or with +proto or +json");
        return;
    }
    x->intake = &intake;
    x->form = x->rpc->method->server_streaming ? &stream_form : &form;
    if (gw_codec_check(x, wire->codec) && gw_rpc_read_coding(x, &wire->coding))
        gw_rpc_intake_begin(x);
}

/* ----------------------------------------------------------------- requests */

/* At the character at, offset bytes into the body. */
static void
refuse_text(struct gw_exchange *x, const char *at, uint64_t offset)
{
    char found[ROUTE_QUOTE_MAX];

    gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "body",
        "the body is not base64: found \"%s\" at byte %" PRIu64,
        route_quote(at, 1, found), offset);
    gw_call_give_up(x);
}

static size_t
read_text(struct gw_exchange *x, const char *data, size_t len)
{
    uint8_t piece[PIECE];
    size_t at = 0;

    while (at < len && !gw_exchange_is_answered(x)) {
        size_t used, n;
        bool is_good;

        if (x->rpc->method->client_streaming && !gw_call_has_room(x))
            return at;
        is_good = gw_text_frames_feed(&x->wire.text, data + at, len - at, &used,
            piece, sizeof piece, &n);
        at += used;
        (void)gw_rpc_intake_body(x, (const char *)piece, n, false);
        if (!is_good && !gw_exchange_is_answered(x))
            refuse_text(x, data + at, x->bytes_in + at);
    }
    return len;
}

static size_t
body(struct gw_exchange *x, const char *data, size_t len)
{
    if (x->wire.is_text_in)
        return read_text(x, data, len);
    return gw_rpc_intake_body(x, data, len, true);
}

static void
end(struct gw_exchange *x)
{
    gw_rpc_intake_end(x,
        x->wire.is_text_in && !gw_text_frames_is_whole(&x->wire.text));
}

static const struct gw_intake intake = {
    .body = body,
    .end = end,
};

/* ---------------------------------------------------------------- responses */

/* Makes a frame of what was appended to b from at on, five bytes of room
 * first. */
static void
close_frame(struct pb_buf *b, size_t at, uint8_t flags)
{
    gw_envelope_write(b->data + at, flags,
        (uint32_t)(b->len - at - GW_ENVELOPE_HEAD));
}

static enum pb_err
open_frame(struct pb_buf *b, size_t *at)
{
    static const uint8_t room[GW_ENVELOPE_HEAD] = { 0 };

    *at = b->len;
    return pb_buf_put(b, room, sizeof room);
}

/* In text mode frames are made apart, and become one chunk each. */
static struct pb_buf *
frames_of(struct gw_exchange *x, struct gw_buffer *apart, struct pb_buf *out)
{
    if (!x->wire.is_text_out)
        return out;
    gw_buffer_init(apart, x->worker->pool, out->max);
    return &apart->pb;
}

static enum pb_err
add_text(struct gw_exchange *x, struct gw_buffer *apart, struct pb_buf *out,
    enum pb_err err)
{
    if (!x->wire.is_text_out)
        return err;
    if (err == PB_OK)
        err = gw_text_frames_put(out, apart->pb.data, apart->pb.len);
    gw_buffer_fini(apart);
    return err;
}

static enum pb_err
put_response(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct gw_buffer apart;
    struct pb_buf *b = frames_of(x, &apart, &x->out.pb);
    size_t at;
    enum pb_err err = open_frame(b, &at);

    if (err == PB_OK)
        err = gw_codec_put(x, x->wire.codec, response, b, error);
    if (err == PB_OK)
        close_frame(b, at, 0);
    return add_text(x, &apart, &x->out.pb, err);
}

static enum pb_err
put_line(struct pb_buf *b, const char *name, const char *value, size_t len)
{
    enum pb_err err = pb_buf_put(b, name, strlen(name));

    if (err == PB_OK)
        err = pb_buf_put(b, ": ", 2);
    if (err == PB_OK)
        err = pb_buf_put(b, value, len);
    return err == PB_OK ? pb_buf_put(b, "\r\n", 2) : err;
}

/* grpc-message; a client would choke on what is not well encoded. */
static enum pb_err
put_message(struct pb_buf *b, struct sluice_str message)
{
    size_t size = sluice_grpc_message_encode(message.ptr, message.len, NULL);
    enum pb_err err;

    if (size == 0)
        return PB_OK;
    err = pb_buf_put(b, "grpc-message: ", 14);
    if (err == PB_OK)
        err = pb_buf_reserve(b, size + 2);
    if (err != PB_OK)
        return err;
    b->len += sluice_grpc_message_encode(message.ptr, message.len,
        (char *)b->data + b->len);
    return pb_buf_put(b, "\r\n", 2);
}

/* grpc-status-details-bin, when there are any. */
static enum pb_err
put_details(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *b)
{
    struct gw_buffer wire;
    enum pb_err err;

    gw_buffer_init(&wire, x->worker->pool, GW_ERROR_MAX_BYTES);
    err = gw_status_to_wire(status, x->worker->set->config->errors_show_debug,
        &wire.pb);
    if (err == PB_OK && wire.pb.len > 0) {
        err = pb_buf_put(b, "grpc-status-details-bin: ", 25);
        if (err == PB_OK)
            err = pb_buf_reserve(b, wire.pb.len / 3 * 4 + 8);
        if (err == PB_OK) {
            b->len += sluice_base64_encode(wire.pb.data, wire.pb.len,
                (char *)b->data + b->len);
            err = pb_buf_put(b, "\r\n", 2);
        }
    }
    gw_buffer_fini(&wire);
    return err;
}

static enum pb_err
put_status(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *b)
{
    char code[16];
    int n = snprintf(code, sizeof code, "%d", gw_status_number(status));
    enum pb_err err = put_line(b, "grpc-status", code, (size_t)n);

    if (err == PB_OK)
        err = put_message(b, status->message);
    if (err == PB_OK)
        err = put_details(x, status, b);
    if (err == PB_OK)
        err = gw_metadata_out_lines(x->terminal_metadata, b);
    return err;
}

/* The last frame. */
static enum pb_err
put_trailers(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *out)
{
    struct gw_buffer apart;
    struct pb_buf *b = frames_of(x, &apart, out);
    size_t at;
    enum pb_err err = open_frame(b, &at);

    if (err == PB_OK)
        err = put_status(x, status, b);
    if (err == PB_OK)
        close_frame(b, at, TRAILERS);
    return add_text(x, &apart, out, err);
}

/* ------------------------------------------------------------------ answers */

static const char *
type(const struct gw_exchange *x)
{
    if (x->wire.codec == GW_CODEC_JSON)
        return x->wire.is_text_out ? "application/grpc-web-text+json"
                                   : "application/grpc-web+json";
    return x->wire.is_text_out ? "application/grpc-web-text+proto"
                               : "application/grpc-web+proto";
}

static enum pb_err
finish(struct gw_exchange *x)
{
    const struct gw_status ok = { .code = SLUICE_CODE_OK };

    return put_trailers(x, &ok, &x->out.pb);
}

static void
fail(struct gw_exchange *x, const struct gw_status *status)
{
    struct gw_buffer b;

    if (!x->reply.is_stream && gw_front_is_of_http(status->http)) {
        gw_form_json.fail(x, status);
        return;
    }
    gw_buffer_init(&b, x->worker->pool, GW_ERROR_MAX_BYTES);
    if (put_trailers(x, status, &b.pb) != PB_OK)
        b.pb.len = 0; /* a body without trailers is a failure, too */
    gw_reply_failed(x, 200, type(x), &b);
}

static const struct gw_form form = {
    .type = type,
    .put = put_response,
    .finish = finish,
    .fail = fail,
};

static const struct gw_form stream_form = {
    .is_stream = true,
    .type = type,
    .put = put_response,
    .finish = finish,
    .fail = fail,
};

const struct gw_front gw_front_grpc_web = {
    .name = "grpc-web",
    .is_rpc = true,
    .initial_prefix = "",
    .encoding = "Grpc-Encoding",
    .accepts = "Grpc-Accept-Encoding",
    .look = look,
    .form = &form,
    .begin = begin,
};
