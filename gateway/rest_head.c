/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rest_head.c - see rest_head.h. */
#include "gateway/rest_head.h"

#include <sluice/status.h>

#include "gateway/admit.h"
#include "gateway/http_body.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/websocket.h"
#include "gateway/worker.h"
#include "routes/http_body.h"

static void
reply_refused(struct gw_exchange *x, const struct gw_admission *a)
{
    gw_reply_error(x, a->status, a->code, a->outcome, "%s", a->message);
    if (a->allow[0] != '\0')
        x->reply.allow = gw_arena_copy(&x->arena, a->allow, strlen(a->allow));
}

static bool
check_head(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;

    struct gw_admission admission;

    if (!gw_admit_verb(r->verb, r->verb_len, &admission)) {
        reply_refused(x, &admission);
        x->reply.close = true; /* what follows may be for a tunnel */
    } else if (r->n_headers > GW_MAX_HEADERS) {
        gw_reply_error(x, 431, SLUICE_CODE_RESOURCE_EXHAUSTED, "headers",
            "more than %u header fields", GW_MAX_HEADERS);
        x->reply.close = true;
    } else if (r->has_bad_expect) {
        gw_reply_error(x, 417, SLUICE_CODE_INVALID_ARGUMENT, "expect",
            "only 100-continue can be expected");
    } else if (x->worker->is_draining) {
        gw_reply_error(x, 503, SLUICE_CODE_UNAVAILABLE, "local shutdown",
            "the gateway is shutting down");
        x->reply.retry_after = 1;
        x->reply.close = true;
    }
    return !x->reply.is_ready;
}

static void
reply_health(struct gw_exchange *x)
{
    static const char text[] = "{\"status\":\"SERVING\"}\n";

    gw_reply_ok(x, sluice_bytes_copy(x->worker->pool, text, sizeof text - 1));
    x->reply.outcome = "health";
}

static bool
find_route(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    struct gw_admission admission;

    switch (gw_admit_target(x->worker->set, r, &x->match, &admission)) {
    case GW_ADMIT_ROUTE:
        x->binding = x->match.binding;
        x->rpc = x->binding->rpc;
        return true;
    case GW_ADMIT_OPTIONS:
        gw_reply_ok(x, NULL);
        x->reply.status = 204;
        x->reply.content_type = NULL;
        break;
    case GW_ADMIT_HEALTH:
        reply_health(x);
        break;
    case GW_ADMIT_REFUSED:
        reply_refused(x, &admission);
        break;
    }
    return false;
}

/* A route that a WebSocket is asked for. */
static bool
check_upgrade(struct gw_exchange *x)
{
    const struct gw_handshake *h = &x->request.handshake;
    const char *why;
    unsigned status;

    if (!x->request.is_websocket)
        return true;
    why = gw_handshake_check(h, x->request.verb, &status);
    if (why == NULL) {
        gw_websocket_begin(x);
        return !x->reply.is_ready;
    }
    gw_reply_error(x, status, SLUICE_CODE_INVALID_ARGUMENT, "websocket",
        "invalid WebSocket handshake: %s", why);
    x->reply.offers_websocket = status == 426;
    return false;
}

static bool
check_body_headers(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    size_t max = x->worker->set->config->max_request_message;

    if (r->bad_header != NULL) {
        gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "header",
            "invalid header %s: %s", r->bad_header, r->bad_reason);
        return false;
    }
    if (!gw_http_body_is_typed(x->binding, r)) {
        gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "header",
            GW_HTTP_BODY_BAD_TYPE);
        return false;
    }
    if (!gw_request_has_body(r))
        return true;
    if (r->is_coded) {
        gw_reply_error(x, 415, SLUICE_CODE_UNIMPLEMENTED, "content-encoding",
            "the body's content-encoding is not supported");
        return false;
    }
    if (!route_takes_http_body(x->binding) &&
        gw_request_media(r) != GW_MEDIA_JSON) {
        gw_reply_error(x, 415, SLUICE_CODE_INVALID_ARGUMENT, "content-type",
            GW_NO_JSON_TYPE,
            (int)(r->content_type.len < 100 ? r->content_type.len : 100),
            r->content_type.ptr);
        return false;
    }
    if (r->has_content_length && r->content_length > max &&
        !x->rpc->method->client_streaming) {
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_BODY_OVER_LIMIT, max);
        x->reply.close = true;
        return false;
    }
    return true;
}

bool
gw_rest_head(struct gw_exchange *x)
{
    /* RFC 9110 section 7.8: in HTTP/1.0 Upgrade means nothing. */
    x->request.is_websocket = x->request.handshake.is_wanted && !x->is_http10;
    return check_head(x) && find_route(x) && check_upgrade(x) &&
        check_body_headers(x);
}
