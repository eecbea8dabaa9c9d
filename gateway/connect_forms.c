/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/connect_forms.c - answers of Connect: a bare message or the JSON of
 * an error; in streams envelopes, the last of which says how it went.
 */
#include "gateway/connect.h"

#include <sluice/status.h>

#include "gateway/codec.h"
#include "gateway/metadata_out.h"
#include "gateway/reply.h"
#include "gateway/rpc_intake.h"
#include "gateway/worker.h"
#include "rpc/link/grpc_coding.h"

#define END_OF_STREAM 0x02u

/* Answers under this size are not worth compressing. */
#define LEAST_COMPRESSED 256u

/* ------------------------------------------------------------ unary answers */

static const char *
unary_type(const struct gw_exchange *x)
{
    return x->wire.codec == GW_CODEC_JSON ? "application/json"
                                          : "application/proto";
}

/* Smaller if the client takes that and it is worth it: true. */
static bool
compress(struct gw_exchange *x, struct sluice_bytes **bytes)
{
    struct rpc_grpc_coder *coder;
    struct sluice_bytes *packed;

    if (!x->wire.takes_gzip || sluice_bytes_size(*bytes) < LEAST_COMPRESSED)
        return false;
    coder = gw_worker_coder(x->worker);
    packed = coder == NULL
        ? NULL
        : rpc_grpc_deflate(coder, x->worker->pool, SLUICE_GRPC_GZIP,
              sluice_bytes_data(*bytes), sluice_bytes_size(*bytes));
    if (packed == NULL)
        return false;
    sluice_bytes_unref(bytes);
    *bytes = packed;
    return true;
}

/* A protobuf message needs no copy. */
static enum pb_err
reply_unary(struct gw_exchange *x, struct pb_error *error)
{
    struct sluice_bytes *body = NULL;
    enum pb_err err = PB_OK;

    if (x->wire.codec == GW_CODEC_PROTO) {
        body = x->response;
        x->response = NULL;
    } else {
        err = gw_codec_put(x, GW_CODEC_JSON, x->response, &x->out.pb, error);
        if (err == PB_OK)
            body = gw_buffer_take(&x->out);
    }
    if (body == NULL)
        return err == PB_OK ? PB_ENOMEM : err;
    if (compress(x, &body))
        x->reply.encoding = "gzip";
    gw_reply_ok(x, body);
    x->reply.content_type = unary_type(x);
    return PB_OK;
}

/* A 404 of a method that there is would be the service's. */
static bool
is_of_http(const struct gw_exchange *x, unsigned http)
{
    return gw_front_is_of_http(http) || (http == 404 && x->rpc == NULL);
}

/* The status of HTTP follows from the code alone. */
static void
fail_unary(struct gw_exchange *x, const struct gw_status *status)
{
    unsigned http = is_of_http(x, status->http)
        ? status->http
        : sluice_code_http_status(status->code);
    struct gw_buffer b;

    gw_buffer_init(&b, x->worker->pool, GW_ERROR_MAX_BYTES);
    if (gw_connect_put_error(x, status, &b.pb) != PB_OK)
        b.pb.len = 0; /* the HTTP status still says what happened */
    gw_reply_failed(x, http, "application/json", &b);
}

const struct gw_form gw_connect_form_unary = {
    .type = unary_type,
    .reply = reply_unary,
    .fail = fail_unary,
};

/* -------------------------------------------------------- answers in envelopes */

static const char *
stream_type(const struct gw_exchange *x)
{
    return x->wire.codec == GW_CODEC_JSON ? "application/connect+json"
                                          : "application/connect+proto";
}

static enum pb_err
put_envelope(struct pb_buf *out, unsigned flags, const void *p, size_t len)
{
    uint8_t head[GW_ENVELOPE_HEAD];
    enum pb_err err;

    gw_envelope_write(head, (uint8_t)flags, (uint32_t)len);
    err = pb_buf_put(out, head, sizeof head);
    return err == PB_OK ? pb_buf_put(out, p, len) : err;
}

/* As it goes out before it is compressed, if it is. */
static enum pb_err
write_message(struct gw_exchange *x, const struct sluice_bytes *response,
    struct sluice_bytes **message, struct pb_error *error)
{
    struct gw_buffer b;
    enum pb_err err;

    gw_buffer_init(&b, x->worker->pool, x->out.pb.max);
    err = gw_codec_put(x, x->wire.codec, response, &b.pb, error);
    *message = err == PB_OK ? gw_buffer_take(&b) : NULL;
    gw_buffer_fini(&b);
    return err == PB_OK && *message == NULL ? PB_ENOMEM : err;
}

static enum pb_err
put_packed(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct sluice_bytes *message;
    enum pb_err err = write_message(x, response, &message, error);
    unsigned flags;

    if (err != PB_OK)
        return err;
    flags = compress(x, &message) ? GW_COMPRESSED : 0;
    err = put_envelope(&x->out.pb, flags, sluice_bytes_data(message),
        sluice_bytes_size(message));
    sluice_bytes_unref(&message);
    return err;
}

static enum pb_err
put_response(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct pb_buf *out = &x->out.pb;
    size_t at = out->len;
    enum pb_err err;

    if (x->wire.takes_gzip)
        return put_packed(x, response, error);
    err = put_envelope(out, 0, NULL, 0);
    if (err == PB_OK)
        err = gw_codec_put(x, x->wire.codec, response, out, error);
    if (err == PB_OK)
        gw_envelope_write(out->data + at, 0,
            (uint32_t)(out->len - at - GW_ENVELOPE_HEAD));
    return err;
}

static enum pb_err
put_text(struct pb_buf *out, const char *text)
{
    return pb_buf_put(out, text, strlen(text));
}

/* {"error": {...}, "metadata": {...}}, each only if there is any. */
static enum pb_err
put_end_json(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *out)
{
    enum pb_err err = put_text(out, "{");

    if (err == PB_OK && status != NULL) {
        err = put_text(out, "\"error\":");
        if (err == PB_OK)
            err = gw_connect_put_error(x, status, out);
    }
    if (err == PB_OK && gw_metadata_out_has_any(x->terminal_metadata)) {
        err =
            put_text(out, status != NULL ? ",\"metadata\":" : "\"metadata\":");
        if (err == PB_OK)
            err = gw_metadata_out_json(x->terminal_metadata, out);
    }
    return err == PB_OK ? put_text(out, "}") : err;
}

static enum pb_err
put_end(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *out)
{
    size_t at = out->len;
    enum pb_err err = put_envelope(out, END_OF_STREAM, NULL, 0);

    if (err == PB_OK)
        err = put_end_json(x, status, out);
    if (err == PB_OK)
        gw_envelope_write(out->data + at, END_OF_STREAM,
            (uint32_t)(out->len - at - GW_ENVELOPE_HEAD));
    return err;
}

static enum pb_err
finish(struct gw_exchange *x)
{
    return put_end(x, NULL, &x->out.pb);
}

static void
fail_stream(struct gw_exchange *x, const struct gw_status *status)
{
    struct gw_buffer b;

    if (!x->reply.is_stream && is_of_http(x, status->http)) {
        fail_unary(x, status);
        return;
    }
    gw_buffer_init(&b, x->worker->pool, GW_ERROR_MAX_BYTES);
    if (put_end(x, status, &b.pb) != PB_OK)
        b.pb.len = 0; /* a body without an end is a failure, too */
    gw_reply_failed(x, 200, stream_type(x), &b);
}

const struct gw_form gw_connect_form_streaming = {
    .type = stream_type,
    .put = put_response,
    .finish = finish,
    .fail = fail_stream,
};

const struct gw_form gw_connect_form_stream = {
    .is_stream = true,
    .type = stream_type,
    .put = put_response,
    .finish = finish,
    .fail = fail_stream,
};
