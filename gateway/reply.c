/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/reply.c - see reply.h.
 *
 * An error's text is ours or, when the upstream answered with a status, the
 * upstream's; the texts that describe failures of the network are fixed ones,
 * so that no address gets out.
 */
#include "gateway/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include <sluice/grpc.h>
#include <sluice/status.h>

#include "gateway/bad_input.h"
#include "gateway/metadata_out.h"
#include "gateway/rest.h"
#include "gateway/status_json.h"
#include "gateway/websocket.h"
#include "gateway/worker.h"

/* Room for an error document: a message of 64 KiB may come from upstream; what
 * is longer is cut where it is taken. */
#define ERROR_MAX_BYTES (256u * 1024)
#define MESSAGE_MAX_BYTES 4096u
#define OWN_RETRY_SECONDS 1u

static const struct pb_schema *
schema_of(const struct gw_exchange *x)
{
    if (x->rpc != NULL)
        return x->rpc->method->input->schema;
    for (size_t i = 0; i < x->worker->set->config->n_upstreams; i++)
        if (x->worker->set->schemas[i] != NULL)
            return x->worker->set->schemas[i];
    return NULL;
}

/* The first answer that is ready stays. */
static bool
is_settled(const struct gw_exchange *x)
{
    return x->reply.is_ready && !x->reply.is_stream;
}

static void
set_status(struct gw_exchange *x, unsigned http, const char *outcome,
    const struct gw_status *status)
{
    struct gw_buffer b;

    if (is_settled(x))
        return;
    if (x->websocket != NULL && gw_websocket_is_open(x->websocket)) {
        gw_websocket_fail(x->websocket, outcome, status);
        return;
    }
    x->reply.code = status->code;
    x->reply.outcome = outcome;
    gw_buffer_init(&b, x->worker->pool, ERROR_MAX_BYTES);
    if (gw_status_to_json(x->worker->writer, schema_of(x), status,
            x->reply.is_stream, &b.pb) != PB_OK)
        b.pb.len = 0; /* the HTTP status still says what happened */
    sluice_bytes_unref(&x->reply.body);
    x->reply.body = gw_buffer_take(&b);
    gw_buffer_fini(&b);
    if (x->reply.is_stream)
        return;
    x->reply.status = http;
    x->reply.content_type = "application/json";
    x->reply.is_ready = true;
}

void
gw_reply_error(struct gw_exchange *x, unsigned http, int code,
    const char *outcome, const char *format, ...)
{
    char text[512];
    struct gw_status status = { .code = code };
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    status.message = sluice_str(text);
    set_status(x, http, outcome, &status);
}

void
gw_reply_bad_input(struct gw_exchange *x, const char *what,
    const struct pb_error *error)
{
    struct gw_bad_input bad;
    struct gw_status status = { 0 };

    gw_bad_input_say(&bad, what, error);
    if (bad.status == 500) {
        gw_reply_error(x, bad.status, bad.code, "memory", "%s", bad.message);
        return;
    }
    status.code = bad.code;
    status.message = sluice_str(bad.message);
    status.field = sluice_str(bad.field);
    status.description = sluice_str(bad.description);
    set_status(x, bad.status, "bad request", &status);
}

/* -------------------------------------------------- what the RPC came to */

/* grpc-status-details-bin counts only when it says the same code. */
static struct sluice_str
details_for(const struct sluice_metadata *terminal, int code)
{
    struct sluice_str details =
        sluice_metadata_find(terminal, sluice_str("grpc-status-details-bin"));
    int32_t said;

    if (details.ptr == NULL || !gw_status_code(details, &said) || said != code)
        return sluice_str_n(NULL, 0);
    return details;
}

/* "do not retry" (negative or unparsable) is 0 as well. */
static unsigned
pushback_seconds(const struct sluice_metadata *terminal)
{
    struct sluice_str v =
        sluice_metadata_find(terminal, sluice_str("grpc-retry-pushback-ms"));
    uint64_t ms = 0;

    if (v.ptr == NULL || v.len == 0 || v.len > 10)
        return 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9')
            return 0;
        ms = ms * 10 + (uint64_t)(v.ptr[i] - '0');
    }
    ms = (ms + 999) / 1000;
    return ms > 86400 ? 86400 : (unsigned)ms;
}

/* What the upstream says about when to come again; 0: nothing. */
static unsigned
retry_seconds(unsigned http, struct sluice_str details,
    const struct sluice_metadata *terminal)
{
    unsigned seconds = 0;

    if (http == 429 || http == 503 || http == 504)
        seconds = gw_status_retry_seconds(details);
    if (seconds == 0 && (http == 429 || http == 503))
        seconds = pushback_seconds(terminal);
    return seconds;
}

/* At most MESSAGE_MAX_BYTES, and no piece of a character at the end. */
static struct sluice_str
cut_message(struct sluice_str s)
{
    if (s.len <= MESSAGE_MAX_BYTES)
        return s;
    s.len = MESSAGE_MAX_BYTES;
    while (s.len > MESSAGE_MAX_BYTES - 4 &&
        ((unsigned char)s.ptr[s.len] & 0xc0) == 0x80)
        s.len--;
    return s;
}

/* A status the upstream itself answered with: passed on as it is. */
static void
reply_upstream_status(struct gw_exchange *x, const char *outcome, int code,
    struct sluice_str message, const struct sluice_metadata *terminal)
{
    struct gw_status status = { .message = message };
    unsigned http = sluice_code_http_status(code);

    status.code = sluice_code_name(code) == NULL ? SLUICE_CODE_UNKNOWN : code;
    if (status.message.ptr == NULL)
        status.message = sluice_str("");
    status.message = cut_message(status.message);
    status.details = details_for(terminal, code);
    set_status(x, http, outcome, &status);
    x->reply.retry_after = retry_seconds(http, status.details, terminal);
}

static void
reply_network_failure(struct gw_exchange *x, const struct sluice_abortion *a)
{
    if (a->outcome == SLUICE_TRANSMISSION_FAILURE) {
        gw_reply_error(x, 503, SLUICE_CODE_UNAVAILABLE, "network failure",
            "the backend cannot be reached");
        x->reply.retry_after = OWN_RETRY_SECONDS;
    } else if (a->has_code && a->code == SLUICE_CODE_INTERNAL) {
        gw_reply_error(x, 502, SLUICE_CODE_INTERNAL, "network failure",
            "the backend broke off its answer");
    } else if (a->has_code && a->code != SLUICE_CODE_UNAVAILABLE &&
        a->code != SLUICE_CODE_UNKNOWN) {
        gw_reply_error(x, sluice_code_http_status(a->code), a->code,
            "network failure", "the backend ended the call");
    } else {
        gw_reply_error(x, 502, SLUICE_CODE_UNAVAILABLE, "network failure",
            "the connection to the backend broke during the call");
    }
}

/* A code made here by a limit or an unknown method has its own status. */
static void
reply_local_failure(struct gw_exchange *x, const struct sluice_abortion *a)
{
    if (!a->has_code)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "local failure",
            "internal gateway error");
    else if (a->code == SLUICE_CODE_RESOURCE_EXHAUSTED)
        gw_reply_error(x, 500, SLUICE_CODE_RESOURCE_EXHAUSTED, "local failure",
            "the backend's answer is over the limit");
    else
        reply_upstream_status(x, "local failure", a->code, a->details,
            a->terminal_metadata);
}

/* An end that has a code is the backend's own answer. */
static void
reply_ended(struct gw_exchange *x, const struct sluice_abortion *a,
    const char *outcome, int code, const char *text)
{
    if (a->has_code)
        reply_upstream_status(x, outcome, a->code,
            a->details.ptr == NULL ? sluice_str(text) : a->details,
            a->terminal_metadata);
    else
        gw_reply_error(x, sluice_code_http_status(code), code, outcome, "%s",
            text);
}

/* A service that answers itself says when to come again, or not to. */
static void
reply_remote_shutdown(struct gw_exchange *x, const struct sluice_abortion *a)
{
    struct sluice_str pushback = sluice_metadata_find(a->terminal_metadata,
        sluice_str("grpc-retry-pushback-ms"));

    reply_ended(x, a, "remote shutdown", SLUICE_CODE_UNAVAILABLE,
        "the backend is shutting down");
    if (x->reply.retry_after == 0 && a->outcome != SLUICE_COMPLETED &&
        pushback.ptr == NULL)
        x->reply.retry_after = OWN_RETRY_SECONDS;
}

void
gw_reply_abortion(struct gw_exchange *x, const struct sluice_abortion *a)
{
    if (is_settled(x))
        return; /* an error of our own led to the abort */
    if (a->has_code && a->code == SLUICE_CODE_OK) {
        /* A contradiction, which must not become a 200. */
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL,
            sluice_abortion_kind_name(a->kind), "internal gateway error");
        return;
    }
    switch (a->kind) {
    case SLUICE_ABORTION_CANCELLED:
        reply_ended(x, a, "cancelled", SLUICE_CODE_CANCELLED,
            "the call was cancelled");
        break;
    case SLUICE_ABORTION_EXPIRED:
        reply_ended(x, a, "expired", SLUICE_CODE_DEADLINE_EXCEEDED,
            "the deadline was exceeded");
        break;
    case SLUICE_ABORTION_LOCAL_SHUTDOWN:
        gw_reply_error(x, 503, SLUICE_CODE_UNAVAILABLE, "local shutdown",
            "the gateway is shutting down");
        x->reply.retry_after = OWN_RETRY_SECONDS;
        x->reply.close = true;
        break;
    case SLUICE_ABORTION_REMOTE_SHUTDOWN:
        reply_remote_shutdown(x, a);
        break;
    case SLUICE_ABORTION_NETWORK_FAILURE:
        reply_network_failure(x, a);
        break;
    case SLUICE_ABORTION_LOCAL_FAILURE:
        reply_local_failure(x, a);
        break;
    case SLUICE_ABORTION_REMOTE_FAILURE:
        reply_upstream_status(x, "remote failure",
            a->has_code ? a->code : SLUICE_CODE_UNKNOWN,
            a->details.ptr == NULL ? sluice_str("backend error") : a->details,
            a->terminal_metadata);
        break;
    }
}

void
gw_reply_ok(struct gw_exchange *x, struct sluice_bytes *body)
{
    x->reply.status = 200;
    x->reply.code = 0;
    x->reply.outcome = "ok";
    x->reply.content_type = "application/json";
    x->reply.body = body;
    x->reply.is_ready = true;
}

void
gw_reply_stream(struct gw_exchange *x, const char *content_type)
{
    x->reply.status = 200;
    x->reply.code = 0;
    x->reply.outcome = "ok";
    x->reply.content_type = content_type;
    x->reply.is_stream = true;
    x->reply.is_ready = true;
}

void
gw_reply_late_error(struct gw_exchange *x, struct pb_buf *out)
{
    if (x->reply.body == NULL)
        return;
    if (pb_buf_put(out, sluice_bytes_data(x->reply.body),
            sluice_bytes_size(x->reply.body)) == PB_OK)
        (void)pb_buf_put(out, "\n", 1);
    sluice_bytes_unref(&x->reply.body);
}

/* ------------------------------------------------------------------- to MHD */

static void
release_body(void *arg)
{
    struct sluice_bytes *b = arg;

    sluice_bytes_unref(&b);
}

static ssize_t
on_read(void *arg, uint64_t at, char *buf, size_t max)
{
    (void)at;
    return gw_rest_read(arg, buf, max);
}

static size_t
body_size(const struct gw_exchange *x)
{
    const struct gw_reply *r = &x->reply;

    return sluice_bytes_size(r->body) - r->body_skip - r->body_drop;
}

static struct MHD_Response *
make_response(struct gw_exchange *x)
{
    struct MHD_Response *response;
    struct sluice_bytes *body = x->reply.body;

    if (x->reply.is_stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096,
            on_read, x, NULL);
    if (body == NULL)
        return MHD_create_response_empty(MHD_RF_NONE);
    response =
        MHD_create_response_from_buffer_with_free_callback_cls(body_size(x),
            sluice_bytes_data(body) + x->reply.body_skip, release_body, body);
    if (response != NULL)
        x->reply.body = NULL; /* MHD's now */
    return response;
}

/* A value of NULL: no such header. */
static bool
add(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL ||
        MHD_add_response_header(response, name, value) == MHD_YES;
}

/* RFC 9110 section 7.8: Upgrade comes with the option of that name. */
static bool
offer_websocket(struct MHD_Response *response)
{
    return add(response, MHD_HTTP_HEADER_UPGRADE, "websocket") &&
        add(response, MHD_HTTP_HEADER_CONNECTION, "Upgrade") &&
        add(response, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION,
            GW_WEBSOCKET_VERSION);
}

static bool
add_headers(struct gw_exchange *x, struct MHD_Response *response)
{
    struct gw_reply *r = &x->reply;
    bool is_last = r->close || x->worker->is_draining;
    char number[16];
    const char *retry_after = NULL;

    if (r->retry_after > 0 && !r->is_stream) {
        snprintf(number, sizeof number, "%u", r->retry_after);
        retry_after = number;
    }
    return add(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->content_type) &&
        add(response, MHD_HTTP_HEADER_ALLOW, r->allow) &&
        add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
            r->status == 401 ? "Bearer" : NULL) &&
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, retry_after) &&
        (!r->offers_websocket || offer_websocket(response)) &&
        add(response, MHD_HTTP_HEADER_CONNECTION, is_last ? "close" : NULL) &&
        gw_metadata_out_headers(x, response);
}

enum MHD_Result
gw_reply_queue(struct gw_exchange *x)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    assert(x->reply.is_ready);
    if (x->is_client_gone)
        return MHD_NO;
    if (x->reply.status == MHD_HTTP_SWITCHING_PROTOCOLS)
        return gw_websocket_queue(x);
    if (x->reply.body != NULL)
        x->bytes_out = body_size(x);
    response = make_response(x);
    if (response == NULL || !add_headers(x, response)) {
        if (response != NULL)
            MHD_destroy_response(response);
        return MHD_NO;
    }
    gw_exchange_enter(x, GW_X_REPLYING);
    x->mhd_response = response;
    result = MHD_queue_response(x->mhd, x->reply.status, response);
    MHD_destroy_response(response); /* MHD holds its own */
    return result;
}
