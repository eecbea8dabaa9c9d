/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/connect.c - see connect.h. */
#include "gateway/connect.h"

#include <sluice/status.h>

#include "gateway/bad_type.h"
#include "gateway/call.h"
#include "gateway/codec.h"
#include "gateway/header_list.h"
#include "gateway/list.h"
#include "gateway/media_type.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/rpc_intake.h"
#include "gateway/worker.h"

static const struct gw_intake intake_unary;
static const struct gw_intake intake_get;
static const struct gw_intake intake_stream;

/* ----------------------------------------------------------------- the head */

/* What is said of the codec by one of the two types. */
static bool
read_codec(struct gw_exchange *x, const char *json, const char *proto)
{
    struct sluice_str type = x->request.content_type;

    x->wire.codec =
        gw_media_type_is(type, json) ? GW_CODEC_JSON : GW_CODEC_PROTO;
    return x->wire.codec == GW_CODEC_JSON || gw_media_type_is(type, proto);
}

static bool
read_stream_codec(struct gw_exchange *x)
{
    return read_codec(x, "application/connect+json",
        "application/connect+proto");
}

/* A GET says it in its query, if at all. */
static bool
check_version(struct gw_exchange *x)
{
    struct sluice_str version = x->request.connect_version;
    bool is_needed = x->worker->set->config->connect_requires_version &&
        !gw_connect_is_get(&x->request);

    if (sluice_str_equal(version, sluice_str("1")) ||
        (version.ptr == NULL && !is_needed))
        return true;
    gw_request_bad(&x->request, "Connect-Protocol-Version", "expected 1",
        version);
    gw_reply_bad_header(x);
    return false;
}

static bool
is_streaming(const struct gw_exchange *x)
{
    const struct pb_method *m = x->rpc->method;

    return m->client_streaming || m->server_streaming;
}

/* A body that is known to be too long need not come. */
static bool
check_length(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;

    if (!r->has_content_length || r->content_length <= x->message.pb.max)
        return true;
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
        GW_BODY_OVER_LIMIT, x->message.pb.max);
    x->reply.close = true;
    return false;
}

static void
begin_post(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;

    if (is_streaming(x)) {
        gw_bad_type_refuse(x,
            "application/connect+json or application/connect+proto, as the "
            "method streams");
        return;
    }
    if (!read_codec(x, "application/json", "application/proto") ||
        !gw_media_type_is_utf8(r->content_type)) {
        gw_bad_type_refuse(x, "application/json in UTF-8 or application/proto");
        return;
    }
    x->intake = &intake_unary;
    gw_rpc_expect_request(x);
    if (gw_codec_check(x, x->wire.codec) &&
        gw_rpc_read_coding(x, &x->wire.coding) && check_length(x) &&
        r->has_content_length)
        gw_buffer_expect(&x->message, (size_t)r->content_length);
}

bool
gw_connect_takes_get(const struct route_rpc *rpc)
{
    const struct pb_method *m = rpc->method;

    return !m->client_streaming && !m->server_streaming &&
        m->idempotency == PB_NO_SIDE_EFFECTS;
}

static void
begin_get(struct gw_exchange *x)
{
    if (!gw_connect_takes_get(x->rpc)) {
        gw_reply_error(x, 405, SLUICE_CODE_UNIMPLEMENTED, "method",
            "the method is not declared to have no side effects");
        x->reply.allow = "POST";
        return;
    }
    if (gw_request_has_body(&x->request)) {
        gw_reply_error(x, 415, SLUICE_CODE_INVALID_ARGUMENT, "content-type",
            "expected no body in a GET");
        return;
    }
    x->intake = &intake_get;
    x->reply.varies = MHD_HTTP_HEADER_ACCEPT_ENCODING; /* it may be kept */
    gw_connect_read_query(x);
}

static void
look(struct gw_exchange *x)
{
    x->wire.takes_gzip = gw_list_takes(x->request.accept_encoding, "gzip");
}

static void
begin(struct gw_exchange *x)
{
    if (!check_version(x))
        return;
    if (gw_request_is(&x->request, "GET"))
        begin_get(x);
    else
        begin_post(x);
}

static void
look_at_stream(struct gw_exchange *x)
{
    struct sluice_str takes;

    /* Without memory to join its lines, none is taken. */
    x->wire.takes_gzip =
        gw_header_list(x->mhd, &x->arena, "connect-accept-encoding", &takes) &&
        gw_list_takes(takes, "gzip");
    (void)read_stream_codec(x);
}

static void
begin_stream(struct gw_exchange *x)
{
    if (!is_streaming(x)) {
        gw_bad_type_refuse(x,
            "application/json or application/proto, as the method does not "
            "stream");
        return;
    }
    if (!read_stream_codec(x) ||
        !gw_media_type_is_utf8(x->request.content_type)) {
        gw_bad_type_refuse(x,
            "application/connect+json in UTF-8 or application/connect+proto");
        return;
    }
    x->intake = &intake_stream;
    x->reply.encoding = x->wire.takes_gzip ? "gzip" : NULL;
    x->form = x->rpc->method->server_streaming ? &gw_connect_form_stream
                                               : &gw_connect_form_streaming;
    if (check_version(x) && gw_codec_check(x, x->wire.codec) &&
        gw_rpc_read_coding(x, &x->wire.coding))
        gw_rpc_intake_begin(x);
}

/* ----------------------------------------------------------------- requests */

static size_t
take_unary(struct gw_exchange *x, const char *data, size_t len)
{
    enum pb_err err = pb_buf_put(&x->message.pb, data, len);

    if (err == PB_EFULL)
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_BODY_OVER_LIMIT, x->message.pb.max);
    else if (err != PB_OK)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    return len;
}

/* What is empty was not compressed. */
static void
end_unary(struct gw_exchange *x)
{
    bool is_empty = x->message.pb.len == 0;
    struct sluice_bytes *message = gw_buffer_take(&x->message);

    if (message == NULL)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    else
        message = gw_codec_request(x, x->wire.codec,
            is_empty ? SLUICE_GRPC_IDENTITY : x->wire.coding, message);
    if (message != NULL)
        gw_call_start(x, message);
}

static const struct gw_intake intake_unary = {
    .body = take_unary,
    .end = end_unary,
};

static size_t
take_nothing(struct gw_exchange *x, const char *data, size_t len)
{
    (void)x;
    (void)data;
    return len;
}

static void
end_get(struct gw_exchange *x)
{
    struct sluice_bytes *payload = x->payload;

    x->payload = NULL;
    gw_call_start(x, payload);
}

static const struct gw_intake intake_get = {
    .body = take_nothing,
    .end = end_get,
};

static size_t
take_envelopes(struct gw_exchange *x, const char *data, size_t len)
{
    return gw_rpc_intake_body(x, data, len, true);
}

static void
end_envelopes(struct gw_exchange *x)
{
    gw_rpc_intake_end(x, false);
}

static const struct gw_intake intake_stream = {
    .body = take_envelopes,
    .end = end_envelopes,
};

/* ---------------------------------------------------------------- protocols */

const struct gw_front gw_front_connect = {
    .name = "connect",
    .is_rpc = true,
    .initial_prefix = "",
    .terminal_prefix = "Trailer-",
    .encoding = "Content-Encoding",
    .accepts = "Accept-Encoding",
    .look = look,
    .form = &gw_connect_form_unary,
    .begin = begin,
};

const struct gw_front gw_front_connect_stream = {
    .name = "connect",
    .is_rpc = true,
    .initial_prefix = "",
    .encoding = "Connect-Content-Encoding",
    .accepts = "Connect-Accept-Encoding",
    .look = look_at_stream,
    .form = &gw_connect_form_streaming,
    .begin = begin_stream,
};
