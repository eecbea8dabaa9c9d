/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/front.c - see front.h. */
#include "gateway/front.h"

#include <strings.h>

#include <sluice/status.h>

#include "gateway/admit.h"
#include "gateway/connect.h"
#include "gateway/cors.h"
#include "gateway/media_type.h"
#include "gateway/page.h"
#include "gateway/reply.h"
#include "gateway/worker.h"

/* ---------------------------------------------------------------- which one */

static bool
is_post(const struct gw_request *r)
{
    return r->verb_len == 4 && memcmp(r->verb, "POST", 4) == 0;
}

static bool
begins_with(struct sluice_str s, const char *text)
{
    size_t len = strlen(text);

    return s.len >= len && strncasecmp(s.ptr, text, len) == 0;
}

static const struct gw_front *
choose(const struct gw_request *r)
{
    if (r->is_websocket)
        return &gw_front_websocket;
    if (is_post(r) && begins_with(r->content_type, "application/grpc-web"))
        return &gw_front_grpc_web;
    if (is_post(r) && begins_with(r->content_type, "application/connect+"))
        return &gw_front_connect_stream;
    if (is_post(r) &&
        (r->connect_version.len > 0 ||
            gw_media_type_is(r->content_type, "application/proto")))
        return &gw_front_connect;
    if (gw_connect_is_get(r))
        return &gw_front_connect;
    return &gw_front_rest;
}

static void
speak(struct gw_exchange *x, const struct gw_front *front)
{
    x->front = front;
    x->form = front->form;
    if (front->look != NULL)
        front->look(x);
}

/* ----------------------------------------------------------------- the head */

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

/* What a browser asks before a page of another origin may ask anything: about
 * every path alike, so that the real request has the real answer. */
static bool
is_preflight(struct gw_exchange *x)
{
    const struct route_cors *cors = &x->worker->set->config->cors;

    if (!gw_cors_is_preflight(cors, &x->request))
        return false;
    if (gw_cors_allows(cors, x->request.origin)) {
        gw_reply_ok(x, NULL);
        x->reply.status = 204;
        x->reply.content_type = NULL;
        x->reply.outcome = "preflight";
        x->reply.is_preflight = true;
    } else {
        gw_reply_error(x, 403, SLUICE_CODE_PERMISSION_DENIED, "preflight",
            "pages of this origin may not call the gateway");
    }
    return true;
}

static void
reply_health(struct gw_exchange *x)
{
    static const char text[] = "{\"status\":\"SERVING\"}\n";

    gw_reply_ok(x, sluice_bytes_copy(x->worker->pool, text, sizeof text - 1));
    x->reply.outcome = "health";
}

/* A protocol of RPCs knows methods by their names alone. */
static void
refuse_no_method(struct gw_exchange *x)
{
    gw_reply_error(x, 404, SLUICE_CODE_UNIMPLEMENTED, "no route",
        "there is no such method");
}

/* RPCs are at home at POST, also those that a GET brings. Where a resource is,
 * REST is spoken: it may well take bytes of such a type, or have parameters of
 * such names. */
static enum gw_admit
admit(struct gw_exchange *x, struct gw_admission *admission)
{
    const struct route_set *set = x->worker->set;
    struct gw_request r = { .verb = "POST", .verb_len = 4 };
    enum gw_admit found;

    if (x->front->is_rpc) {
        gw_request_set_target(&r, x->request.target, x->request.target_len);
        found = gw_admit_target(set, &r, &x->match, admission);
        if (found == GW_ADMIT_ROUTE
                ? x->match.binding->is_auto
                : found != GW_ADMIT_REFUSED || admission->status != 405)
            return found;
        speak(x, &gw_front_rest);
    }
    return gw_admit_target(set, &x->request, &x->match, admission);
}

static bool
find_route(struct gw_exchange *x)
{
    struct gw_admission admission;

    switch (admit(x, &admission)) {
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
        if (x->front->is_rpc && admission.status == 404)
            refuse_no_method(x);
        else if (admission.status != 404 || !gw_page_answer(x))
            reply_refused(x, &admission);
        break;
    }
    return false;
}

static bool
read_metadata(struct gw_exchange *x)
{
    if (!x->front->is_rpc ||
        gw_request_read_metadata(&x->request, x->mhd, x->worker->set->config,
            x->worker->pool))
        return true;
    gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory", "memory is short");
    return false;
}

static bool
check_headers(struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;

    if (!read_metadata(x))
        return false;
    if (r->bad_header == NULL)
        return true;
    gw_reply_bad_header(x);
    return false;
}

void
gw_front_begin(struct gw_exchange *x)
{
    /* RFC 9110 section 7.8: in HTTP/1.0 Upgrade means nothing. */
    x->request.is_websocket = x->request.handshake.is_wanted && !x->is_http10;
    speak(x, choose(&x->request));
    if (check_head(x) && !is_preflight(x) && find_route(x) && check_headers(x))
        x->front->begin(x);
}
