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
#include "gateway/bad_type.h"
#include "gateway/call.h"
#include "gateway/connection.h"
#include "gateway/cors.h"
#include "gateway/front.h"
#include "gateway/metadata_out.h"
#include "gateway/page.h"
#include "gateway/status_wire.h"
#include "gateway/websocket.h"
#include "gateway/worker.h"
#include "routes/percent.h"

#define MESSAGE_MAX_BYTES 4096u
#define OWN_RETRY_SECONDS 1u
#define RETRY_MAX_SECONDS 86400

/* The first answer that is ready stays. */
static bool
is_settled(const struct gw_exchange *x)
{
    return x->reply.is_ready && !x->reply.is_stream;
}

static void
set_status(struct gw_exchange *x, const char *outcome,
    const struct gw_status *status)
{
    if (is_settled(x))
        return;
    x->reply.code = status->code;
    x->reply.outcome = outcome;
    if (x->reply.is_stream)
        gw_metadata_out_keep_message(x, status->message);
    x->form->fail(x, status);
}

void
gw_reply_failed(struct gw_exchange *x, unsigned http, const char *content_type,
    struct gw_buffer *b, enum pb_err err)
{
    sluice_bytes_unref(&x->reply.body);
    if (err != PB_OK)
        b->pb.len = 0;
    if (err != PB_ENOMEM)
        x->reply.body = gw_buffer_take(b);
    gw_buffer_fini(b);
    x->reply.is_lost = x->reply.body == NULL;
    if (x->reply.is_stream)
        return;
    x->reply.status = http;
    x->reply.content_type = content_type;
    x->reply.is_ready = true;
}

void
gw_reply_error(struct gw_exchange *x, unsigned http, int code,
    const char *outcome, const char *format, ...)
{
    char text[512];
    struct gw_status status = { .code = code, .http = http };
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    status.message = sluice_str(text);
    set_status(x, outcome, &status);
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
    status.http = bad.status;
    status.message = sluice_str(bad.message);
    status.field = sluice_str(bad.field);
    status.description = sluice_str(bad.description);
    set_status(x, "bad request", &status);
}

void
gw_reply_bad_header(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    char quoted[ROUTE_QUOTE_MAX];
    struct pb_error error;
    struct pb_error name;

    pb_error_set(&name, PB_EVALUE, "%s", r->bad_header); /* printable */
    pb_error_set(&error, PB_EVALUE, "%s, found \"%s\"", r->bad_reason,
        route_quote(r->bad_value.ptr, r->bad_value.len, quoted));
    memcpy(error.path, name.message, sizeof error.path);
    gw_reply_bad_input(x, "header", &error);
}

void
gw_reply_bad_field(struct gw_exchange *x, unsigned http, const char *outcome,
    const char *field, const char *description)
{
    const struct gw_status status = {
        .code = SLUICE_CODE_INVALID_ARGUMENT,
        .http = http,
        .message = sluice_str(description),
        .field = sluice_str(field),
        .description = sluice_str(description),
    };

    set_status(x, outcome, &status);
}

/* -------------------------------------------------- what the RPC came to */

/* The one value of that name; absent when there are several, none of which can
 * be relied upon. */
static struct sluice_str
find_only(const struct sluice_metadata *md, const char *name)
{
    struct sluice_str found = sluice_str_n(NULL, 0);
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);

    for (size_t i = 0; i < n; i++) {
        struct sluice_metadatum m = sluice_metadata_at(md, i);

        if (!sluice_str_equal(m.name, sluice_str(name)))
            continue;
        if (found.ptr != NULL)
            return sluice_str_n(NULL, 0);
        found = m.value;
    }
    return found;
}

/* grpc-status-details-bin counts only when it says the same code. Its message
 * stands in for a grpc-message that is not there. */
static void
take_details(struct gw_status *status, const struct sluice_metadata *terminal,
    int code)
{
    struct sluice_str details = find_only(terminal, "grpc-status-details-bin");
    struct sluice_str message;
    int32_t said;

    if (details.ptr == NULL || !gw_status_read(details, &said, &message) ||
        said != code)
        return;
    status->details = details;
    if (status->message.len == 0 && message.len > 0)
        status->message = message;
}

/* grpc-retry-pushback-ms (gRFC A6). False: it says not to come again, which
 * anything but a number does. */
static bool
read_pushback(struct sluice_str v, int *seconds)
{
    uint64_t ms = 0;

    if (v.len == 0 || v.len > 10)
        return false;
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9')
            return false;
        ms = ms * 10 + (uint64_t)(v.ptr[i] - '0');
    }
    ms = (ms + 999) / 1000;
    *seconds = ms > RETRY_MAX_SECONDS ? RETRY_MAX_SECONDS : (int)ms;
    return true;
}

/* What the upstream says about when to come again: 0 is at once, or never; -1:
 * nothing. */
static int
retry_seconds(unsigned http, struct sluice_str details,
    const struct sluice_metadata *terminal)
{
    struct sluice_str pushback =
        sluice_metadata_find(terminal, sluice_str("grpc-retry-pushback-ms"));
    int seconds = -1;
    int pushed = -1;

    if (pushback.ptr != NULL && !read_pushback(pushback, &pushed))
        return 0;
    if (http == 429 || http == 503 || http == 504)
        seconds = gw_status_retry_seconds(details);
    if (seconds <= 0 && pushed >= 0 && (http == 429 || http == 503))
        seconds = pushed;
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

/* A status the upstream itself answered with: passed on as it is; text is for
 * one that says nothing. False: it does not say when to come again either. */
static bool
reply_upstream_status(struct gw_exchange *x, const char *outcome, int code,
    const struct sluice_abortion *a, const char *text)
{
    bool is_named = sluice_code_name(code) != NULL;
    struct gw_status status = {
        .code = is_named ? code : SLUICE_CODE_UNKNOWN,
        .said = is_named || code < 0 ? 0 : code,
        .http = sluice_code_http_status(code),
        .message = a->details,
    };
    int seconds;

    take_details(&status, a->terminal_metadata, code);
    if (status.message.ptr == NULL)
        status.message = sluice_str(text);
    status.message = cut_message(status.message);
    set_status(x, outcome, &status);
    seconds = retry_seconds(status.http, status.details, a->terminal_metadata);
    x->reply.retry_after = seconds > 0 ? (unsigned)seconds : 0;
    return seconds >= 0;
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
        (void)reply_upstream_status(x, "local failure", a->code, a, "");
}

/* An end that has a code is the backend's own answer. False: it does not say
 * when to come again. */
static bool
reply_ended(struct gw_exchange *x, const struct sluice_abortion *a,
    const char *outcome, int code, const char *text)
{
    if (a->has_code)
        return reply_upstream_status(x, outcome, a->code, a, text);
    gw_reply_error(x, sluice_code_http_status(code), code, outcome, "%s", text);
    return false;
}

/* A service that answers itself says when to come again, or not to. */
static void
reply_remote_shutdown(struct gw_exchange *x, const struct sluice_abortion *a)
{
    bool says_when = reply_ended(x, a, "remote shutdown",
        SLUICE_CODE_UNAVAILABLE, "the backend is shutting down");

    if (!says_when && a->outcome != SLUICE_COMPLETED)
        x->reply.retry_after = OWN_RETRY_SECONDS;
}

/* Another time, on another connection. */
static void
send_away(struct gw_exchange *x, const char *outcome, const char *message)
{
    gw_reply_error(x, 503, SLUICE_CODE_UNAVAILABLE, outcome, "%s", message);
    x->reply.retry_after = OWN_RETRY_SECONDS;
    x->reply.close = true;
}

void
gw_reply_shutdown(struct gw_exchange *x)
{
    send_away(x, "local shutdown", "the gateway is shutting down");
}

void
gw_reply_overload(struct gw_exchange *x)
{
    send_away(x, "connections", GW_TOO_MANY_CONNECTIONS);
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
        (void)reply_ended(x, a, "cancelled", SLUICE_CODE_CANCELLED,
            "the call was cancelled");
        break;
    case SLUICE_ABORTION_EXPIRED:
        (void)reply_ended(x, a, "expired", SLUICE_CODE_DEADLINE_EXCEEDED,
            "the deadline was exceeded");
        break;
    case SLUICE_ABORTION_LOCAL_SHUTDOWN:
        gw_reply_shutdown(x);
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
        (void)reply_upstream_status(x, "remote failure",
            a->has_code ? a->code : SLUICE_CODE_UNKNOWN, a, "backend error");
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
    return gw_call_read(arg, buf, max);
}

static size_t
body_size(const struct gw_exchange *x)
{
    const struct gw_reply *r = &x->reply;

    return sluice_bytes_size(r->body) - r->body_skip - r->body_drop;
}

/* Chunks are made in MHD's pool; a buffer of its own is for streams that are
 * not cut into any. */
#define BUFFER_HTTP10 4096u

static struct MHD_Response *
make_response(struct gw_exchange *x)
{
    struct MHD_Response *response;
    struct sluice_bytes *body = x->reply.body;

    if (x->reply.is_stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
            x->is_http10 ? BUFFER_HTTP10 : 1, on_read, x, NULL);
    if (body == NULL)
        return MHD_create_response_empty(MHD_RF_NONE);
    response =
        MHD_create_response_from_buffer_with_free_callback_cls(body_size(x),
            sluice_bytes_data(body) + x->reply.body_skip, release_body, body);
    if (response != NULL)
        x->reply.body = NULL; /* MHD's now */
    return response;
}

bool
gw_reply_sends_body(const struct gw_exchange *x)
{
    return !x->is_head && x->reply.status != MHD_HTTP_NO_CONTENT &&
        x->reply.status != MHD_HTTP_NOT_MODIFIED;
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

/* A cache would keep what is going on from who asks next; nginx, unless it is
 * told, gathers an answer before it passes it on. */
static bool
add_live(struct MHD_Response *response)
{
    return add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache") &&
        add(response, "X-Accel-Buffering", "no");
}

/* RFC 9110 section 15.5.2: a 401 has one; the service's own, where the route
 * file lets it through, says more. */
static bool
add_challenge(struct MHD_Response *response)
{
    static const char name[] = MHD_HTTP_HEADER_WWW_AUTHENTICATE;

    return MHD_get_response_header(response, name) != NULL ||
        add(response, name, "Bearer");
}

static bool
add_codings(const struct gw_exchange *x, struct MHD_Response *response)
{
    const struct gw_front *front = x->front;
    const struct gw_reply *r = &x->reply;

    if (front == NULL || front->encoding == NULL)
        return true;
    return add(response, front->encoding, r->encoding) &&
        add(response, front->accepts, r->lists_codings ? GW_CODINGS : NULL);
}

bool
gw_reply_add_headers(struct gw_exchange *x, struct MHD_Response *response)
{
    struct gw_reply *r = &x->reply;
    bool is_last =
        r->close || x->connection->is_surplus || x->worker->is_draining;
    char number[16];
    const char *retry_after = NULL;

    if (r->retry_after > 0 && r->status >= 400) {
        snprintf(number, sizeof number, "%u", r->retry_after);
        retry_after = number;
    }
    return add(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->content_type) &&
        add(response, MHD_HTTP_HEADER_ALLOW, r->allow) &&
        gw_bad_type_headers(x, response) && add_codings(x, response) &&
        add(response, MHD_HTTP_HEADER_VARY, r->varies) &&
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, retry_after) &&
        (!r->is_stream || !x->form->is_live || add_live(response)) &&
        (!r->offers_websocket || offer_websocket(response)) &&
        add(response, MHD_HTTP_HEADER_CONNECTION, is_last ? "close" : NULL) &&
        (r->page == NULL || gw_page_headers(r->page, response)) &&
        gw_metadata_out_headers(x, response) &&
        (r->status != 401 || add_challenge(response)) &&
        gw_cors_headers(x, response);
}

enum MHD_Result
gw_reply_queue(struct gw_exchange *x)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    assert(x->reply.is_ready);
    if (x->is_client_gone || x->reply.is_lost)
        return MHD_NO;
    if (x->reply.status == MHD_HTTP_SWITCHING_PROTOCOLS)
        return gw_websocket_queue(x);
    if (x->reply.body != NULL && gw_reply_sends_body(x))
        x->bytes_out = body_size(x);
    response = make_response(x);
    if (response == NULL || !gw_reply_add_headers(x, response)) {
        if (response != NULL)
            MHD_destroy_response(response);
        x->reply.is_lost = true;
        return MHD_NO;
    }
    gw_exchange_enter(x, GW_X_REPLYING);
    x->mhd_response = response;
    result = MHD_queue_response(x->mhd, x->reply.status, response);
    MHD_destroy_response(response); /* MHD holds its own */
    x->reply.is_lost = result != MHD_YES;
    return result;
}
