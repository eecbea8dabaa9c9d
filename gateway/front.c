/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/front.c - see front.h. */
#include "gateway/front.h"

#include <stdio.h>
#include <strings.h>

#include <sluice/status.h>

#include "gateway/admit.h"
#include "gateway/connect.h"
#include "gateway/connection.h"
#include "gateway/cors.h"
#include "gateway/list.h"
#include "gateway/media_type.h"
#include "gateway/page.h"
#include "gateway/reply.h"
#include "gateway/worker.h"

/* ---------------------------------------------------------------- which one */

static bool
begins_with(struct sluice_str s, const char *text)
{
    size_t len = strlen(text);

    return s.len >= len && strncasecmp(s.ptr, text, len) == 0;
}

/* Which of Connect's a content type or the version header speak of. NULL:
 * neither. */
static const struct gw_front *
connect_of(const struct gw_request *r)
{
    if (begins_with(r->content_type, "application/connect+"))
        return &gw_front_connect_stream;
    if (r->connect_version.ptr != NULL ||
        gw_media_type_is(r->content_type, "application/proto"))
        return &gw_front_connect;
    return NULL;
}

static const struct gw_front *
choose(const struct gw_request *r)
{
    bool is_post = gw_request_is(r, "POST");

    if (r->is_websocket)
        return &gw_front_websocket;
    if (is_post && begins_with(r->content_type, "application/grpc-web"))
        return &gw_front_grpc_web;
    if (is_post && connect_of(r) != NULL)
        return connect_of(r);
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

bool
gw_front_is_of_http(unsigned status)
{
    return status == 405 || status == 415 || status == 417 || status == 431 ||
        status == 505;
}

/* ----------------------------------------------------------------- the head */

static void
reply_refused(struct gw_exchange *x, const struct gw_admission *a)
{
    if (a->is_bad_path)
        gw_reply_bad_input(x, "path", &a->error);
    else
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
    }
    return !x->reply.is_ready;
}

static bool
check_gateway(struct gw_exchange *x)
{
    if (x->worker->is_draining)
        gw_reply_shutdown(x);
    else if (x->connection->is_surplus)
        gw_reply_overload(x);
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

/* As a POST, where RPCs are at home. */
static enum gw_admit
admit_post(struct gw_exchange *x, struct gw_admission *admission)
{
    struct gw_request r = { .verb = "POST", .verb_len = 4 };

    gw_request_set_target(&r, x->request.target, x->request.target_len);
    return gw_admit_target(x->worker->set, &r, &x->worker->match, admission);
}

/* An RPC may also be brought by a GET. Where a resource is, REST is spoken: it
 * may well take bytes of such a type, or have parameters of such names. */
static enum gw_admit
admit(struct gw_exchange *x, struct gw_admission *admission)
{
    const struct route_set *set = x->worker->set;
    enum gw_admit found;

    if (x->front->is_rpc) {
        found = admit_post(x, admission);
        if (found == GW_ADMIT_ROUTE
                ? x->worker->match.binding->is_auto
                : found != GW_ADMIT_REFUSED || admission->status != 405)
            return found;
        speak(x, &gw_front_rest);
    }
    return gw_admit_target(set, &x->request, &x->worker->match, admission);
}

/* The path of a method, /pkg.Service/Method, which this request's own method
 * does not fit. NULL: another path. */
static const struct route_rpc *
find_method(struct gw_exchange *x)
{
    struct gw_admission unused;

    if (x->front->is_rpc || x->request.is_websocket ||
        admit_post(x, &unused) != GW_ADMIT_ROUTE ||
        !x->worker->match.binding->is_auto)
        return NULL;
    return x->worker->match.binding->rpc;
}

/* Clients of Connect are answered as they expect it. */
static void
refuse_verb(struct gw_exchange *x, const struct route_rpc *rpc,
    const struct gw_admission *a)
{
    const struct gw_front *front = connect_of(&x->request);
    size_t room = strlen(a->allow) + sizeof "GET, ";
    char *allow;

    if (front != NULL)
        speak(x, front);
    reply_refused(x, a);
    if (!gw_connect_takes_get(rpc) || gw_list_has(sluice_str(a->allow), "GET"))
        return;
    allow = gw_arena_take(&x->arena, room);
    if (allow != NULL)
        snprintf(allow, room, "GET, %s", a->allow);
    x->reply.allow = allow;
}

/* A GET of a method that takes one is Connect's, whatever its query lacks. */
static bool
settle_refusal(struct gw_exchange *x, const struct gw_admission *a)
{
    const struct route_rpc *rpc = a->status == 405 ? find_method(x) : NULL;

    if (rpc != NULL && gw_request_is(&x->request, "GET") &&
        gw_connect_takes_get(rpc)) {
        speak(x, &gw_front_connect);
        return true;
    }
    if (rpc != NULL)
        refuse_verb(x, rpc, a);
    else if (x->front->is_rpc && a->status == 404)
        refuse_no_method(x);
    else if (a->status != 404 || !gw_page_answer(x))
        reply_refused(x, a);
    return false;
}

static void
take_route(struct gw_exchange *x)
{
    x->binding = x->worker->match.binding;
    x->rpc = x->binding->rpc;
}

static bool
find_route(struct gw_exchange *x)
{
    struct gw_admission admission;

    switch (admit(x, &admission)) {
    case GW_ADMIT_ROUTE:
        take_route(x);
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
        if (!settle_refusal(x, &admission))
            break;
        take_route(x);
        return true;
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
    if (check_head(x) && !is_preflight(x) && check_gateway(x) &&
        find_route(x) && check_headers(x))
        x->front->begin(x);
}
