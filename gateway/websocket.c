/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/websocket.c - see websocket.h. */
#include "gateway/websocket_private.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

#include <sluice/status.h>

#include "gateway/connection.h"
#include "gateway/front.h"
#include "gateway/origin.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/shard.h"
#include "routes/percent.h"

/* For the client's Close after ours. */
#define CLOSING_NS (2 * SLUICE_SECOND)

#define TO(s) (1u << GW_WS_##s)

/* The states reachable from each. */
static const unsigned may_enter[] = {
    [GW_WS_WAITING] = TO(OPEN),
    [GW_WS_OPEN] = TO(CLOSING) | TO(CLOSED),
    [GW_WS_CLOSING] = TO(CLOSED),
    [GW_WS_CLOSED] = 0,
};

static void
enter(struct gw_websocket *ws, enum gw_ws_state state)
{
    assert((may_enter[ws->state] & (1u << state)) != 0);
    ws->state = state;
}

/* ---- Failures ----------------------------------------------------------------- */

static uint16_t
close_code(const struct gw_reply *r)
{
    if (strcmp(r->outcome, "local shutdown") == 0)
        return GW_WS_GOING_AWAY;
    return (uint16_t)(GW_WS_STATUS + r->code);
}

static enum pb_err
put_status(struct gw_websocket *ws, const struct gw_status *status,
    struct pb_buf *out)
{
    struct gw_exchange *x = ws->x;
    const struct gw_status_form form = {
        .shows_debug = gw_ws_config(ws)->errors_show_debug,
        .with_type = true,
    };
    enum pb_err err = gw_status_to_json(x->worker->writer,
        x->rpc->method->input->schema, status, &form, out);

    if (err == PB_OK && ws->shows_metadata)
        err = gw_ws_metadata_put(out, x->terminal_metadata);
    return err;
}

/* The last message. Without memory the Close has to do. */
static void
tell_status(struct gw_websocket *ws, const struct gw_status *status)
{
    struct pb_buf *out = gw_ws_out(ws);
    size_t before = out->len;
    size_t at;

    if (gw_ws_frame_open(out, &at) == PB_OK &&
        put_status(ws, status, out) == PB_OK)
        gw_ws_frame_shut(out, at, GW_WS_OP_TEXT);
    else
        out->len = before;
}

/* The Status, and a Close that shows its code to who does not look at it. */
static void
tell_failure(struct gw_websocket *ws, const struct gw_status *status)
{
    gw_ws_metadata_show(ws, ws->x->initial_metadata);
    if (ws->state != GW_WS_OPEN)
        return;
    tell_status(ws, status);
    gw_ws_close(ws, close_code(&ws->x->reply), status->message);
}

void
gw_ws_complete(struct gw_websocket *ws)
{
    const struct gw_status ok = { .message = sluice_str("") };

    if (ws->state != GW_WS_OPEN)
        return;
    if (ws->shows_metadata)
        tell_status(ws, &ok);
    gw_ws_close(ws, GW_WS_NORMAL, sluice_str(""));
}

/* ---- The handshake -------------------------------------------------------- */

static bool
is_origin_allowed(const struct gw_exchange *x)
{
    const struct gw_request *r = &x->request;
    const struct route_config *config = x->worker->set->config;

    if (r->origin.ptr == NULL)
        return true; /* no browser */
    return gw_origin_is_listed(r->origin, config->websocket_origins,
               config->n_websocket_origins) ||
        gw_origin_is_same(r->origin, r->host);
}

static enum gw_ws_form
form_of(const struct gw_exchange *x)
{
    const struct gw_subprotocol *p = x->request.handshake.subprotocol;

    return p == NULL ? GW_WS_AS_ASKED : p->form;
}

#define BAD_HANDSHAKE "invalid WebSocket handshake: "

static void
refuse(struct gw_exchange *x, const char *why)
{
    gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "websocket",
        BAD_HANDSHAKE "%s", why);
}

static void
refuse_field(struct gw_exchange *x, const struct gw_handshake_fault *fault)
{
    char quoted[ROUTE_QUOTE_MAX];
    char text[ROUTE_QUOTE_MAX + 128];

    if (fault->found.ptr == NULL)
        snprintf(text, sizeof text, BAD_HANDSHAKE "%s: %s", fault->field,
            fault->expected);
    else
        snprintf(text, sizeof text, BAD_HANDSHAKE "%s: %s, found \"%s\"",
            fault->field, fault->expected,
            route_quote(fault->found.ptr, fault->found.len, quoted));
    gw_reply_bad_field(x, fault->status, "websocket", fault->field, text);
    x->reply.offers_websocket = fault->status == 426;
}

static bool
check_handshake(struct gw_exchange *x)
{
    struct gw_handshake_fault fault;

    if (!gw_handshake_check(&x->request.handshake, x->request.verb, &fault)) {
        if (fault.field == NULL)
            refuse(x, fault.expected);
        else
            refuse_field(x, &fault);
        return false;
    }
    if (gw_request_has_body(&x->request)) {
        refuse(x, "there must be no body");
        return false;
    }
    if (x->rpc->is_raw && form_of(x) == GW_WS_JSON) {
        gw_reply_bad_field(x, 400, "websocket", "Sec-WebSocket-Protocol",
            BAD_HANDSHAKE "the method has no schema to make messages of JSON");
        return false;
    }
    if (!is_origin_allowed(x)) {
        gw_reply_error(x, 403, SLUICE_CODE_PERMISSION_DENIED, "origin",
            "pages of this origin may not open a WebSocket here");
        return false;
    }
    return true;
}

static void
open_websocket(struct gw_exchange *x)
{
    const struct gw_subprotocol *p = x->request.handshake.subprotocol;
    struct gw_websocket *ws;

    if (!gw_connection_prepare(x->connection)) {
        gw_reply_overload(x);
        return;
    }
    ws = sluice_pool_take(x->worker->pool, sizeof *ws);
    if (ws == NULL) {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
        return;
    }
    *ws =
        (struct gw_websocket){ .x = x, .timer = { .expire = gw_ws_on_timer } };
    ws->form = x->rpc->is_raw ? GW_WS_PROTO : form_of(x);
    ws->wants_metadata = p != NULL && p->has_metadata;
    ws->has_form_out = ws->form != GW_WS_AS_ASKED;
    ws->is_binary_out = ws->form == GW_WS_PROTO;
    gw_ws_frames_init(&ws->frames, gw_ws_config(ws)->max_request_message,
        gw_ws_receive, ws);
    gw_buffer_init(&ws->ahead, x->worker->pool, GW_WS_AHEAD_MAX);
    x->websocket = ws;
}

/* ---- A front protocol ------------------------------------------------------- */

/* There is no body: frames come after the 101. */
static size_t
take_body(struct gw_exchange *x, const char *data, size_t len)
{
    (void)x;
    (void)data;
    return len;
}

static void
accept_handshake(struct gw_exchange *x)
{
    gw_reply_stream(x, NULL);
    x->reply.status = MHD_HTTP_SWITCHING_PROTOCOLS;
}

static const struct gw_intake intake = {
    .body = take_body,
    .end = accept_handshake,
};

/* Up to the 101 all is HTTP. */
static void
fail(struct gw_exchange *x, const struct gw_status *status)
{
    if (x->websocket != NULL && gw_ws_is_open(x->websocket))
        tell_failure(x->websocket, status);
    else
        gw_form_json.fail(x, status);
}

static const struct gw_form form = { .fail = fail };
static const struct gw_form form_stream = { .is_stream = true, .fail = fail };

static void
begin(struct gw_exchange *x)
{
    x->intake = &intake;
    x->form = x->rpc->method->server_streaming ? &form_stream : &form;
    if (check_handshake(x) && gw_rest_bind(x))
        open_websocket(x);
}

const struct gw_front gw_front_websocket = {
    .name = "websocket",
    .form = &form,
    .begin = begin,
};

/* ---- The hand-over -------------------------------------------------------- */

static bool
keep_early(struct gw_websocket *ws, const char *data, size_t len)
{
    uint8_t *copy;

    if (len == 0)
        return true;
    copy = gw_arena_take(&ws->x->arena, len);
    if (copy == NULL)
        return false;
    memcpy(copy, data, len);
    ws->early = copy;
    ws->n_early = len;
    return true;
}

static void
on_upgrade(void *cls, struct MHD_Connection *mhd, void *context,
    const char *early, size_t n_early, MHD_socket fd,
    struct MHD_UpgradeResponseHandle *upgrade)
{
    struct gw_exchange *x = cls;
    struct gw_websocket *ws = x->websocket;
    struct gw_connection *c = x->connection;

    (void)mhd;
    (void)context;
    assert(fd == c->fd);
    gw_connection_take(c);
    gw_request_forget_head(&x->request);
    MHD_upgrade_action(upgrade, MHD_UPGRADE_ACTION_CLOSE);
    gw_shard_wake(c->shard);
    enter(ws, GW_WS_OPEN);
    ws->heard_ns = ws->told_ns = gw_ws_now(ws);
    c->websocket = ws;
    gw_connection_enter(c, GW_PHASE_WORKING);
    if (!keep_early(ws, early, n_early) || !gw_ws_io_start(ws)) {
        gw_ws_gone(ws);
        return;
    }
    if (ws->wants_metadata)
        gw_ws_await_message(ws);
    else
        gw_ws_call_open(ws);
    if (x->worker->is_draining)
        gw_websocket_drain(ws);
    gw_ws_read_soon(ws); /* what came early; and the time begins */
}

static bool
add(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL ||
        MHD_add_response_header(response, name, value) == MHD_YES;
}

enum MHD_Result
gw_websocket_queue(struct gw_exchange *x)
{
    const struct gw_handshake *h = &x->request.handshake;
    const char *protocol = h->subprotocol == NULL ? NULL : h->subprotocol->name;
    char accept[GW_WEBSOCKET_ACCEPT_LEN + 1];
    struct MHD_Response *response =
        MHD_create_response_for_upgrade(on_upgrade, x);
    enum MHD_Result result = MHD_NO;

    x->reply.is_lost = response == NULL;
    if (response == NULL)
        return MHD_NO;
    gw_handshake_accept(h->key, accept);
    if (add(response, MHD_HTTP_HEADER_UPGRADE, "websocket") &&
        add(response, MHD_HTTP_HEADER_SEC_WEBSOCKET_ACCEPT, accept) &&
        add(response, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL, protocol)) {
        gw_exchange_enter(x, GW_X_REPLYING);
        result = MHD_queue_response(x->mhd, x->reply.status, response);
    }
    MHD_destroy_response(response); /* MHD holds its own */
    x->reply.is_lost = result != MHD_YES;
    return result;
}

/* ---- The end -------------------------------------------------------------- */

static void
cancel_call(struct gw_websocket *ws)
{
    if (ws->x->is_calling)
        sluice_call_cancel(ws->x->call);
}

static void
on_end_task(struct sluice_task *task)
{
    struct gw_websocket *ws = (struct gw_websocket *)((char *)task -
        offsetof(struct gw_websocket, end_task));

    gw_exchange_end_websocket(ws->x);
}

/* Who calls still looks at it; so the end itself comes later. */
void
gw_ws_finish(struct gw_websocket *ws)
{
    struct gw_exchange *x = ws->x;

    enter(ws, GW_WS_CLOSED);
    sluice_timer_stop(x->worker->loop, &ws->timer);
    gw_ws_io_stop(ws);
    x->connection->websocket = NULL;
    cancel_call(ws);
    ws->end_task.run = on_end_task;
    sluice_loop_defer(x->worker->loop, &ws->end_task);
}

void
gw_ws_gone(struct gw_websocket *ws)
{
    if (ws->state == GW_WS_OPEN)
        ws->x->is_client_gone = true;
    gw_ws_finish(ws);
}

void
gw_ws_close(struct gw_websocket *ws, uint16_t code, struct sluice_str reason)
{
    struct gw_exchange *x = ws->x;

    if (ws->state != GW_WS_OPEN)
        return;
    enter(ws, GW_WS_CLOSING);
    ws->is_held = false;
    cancel_call(ws);
    if (x->reader != NULL)
        gw_worker_reader_give(x->worker, &x->reader);
    if (gw_ws_close_put(gw_ws_out(ws), code, reason) != PB_OK) {
        gw_ws_finish(ws);
        return;
    }
    gw_ws_write_soon(ws);
    gw_ws_read_soon(ws); /* the client's Close may lie behind what was held */
}

void
gw_ws_sent(struct gw_websocket *ws)
{
    if (ws->state != GW_WS_CLOSING)
        return;
    if (ws->has_client_closed || ws->is_at_end) {
        gw_ws_finish(ws);
        return;
    }
    if (ws->is_deaf)
        shutdown(ws->x->connection->fd, SHUT_WR);
    ws->closing_due_ns = gw_ws_now(ws) + CLOSING_NS;
    gw_ws_reschedule(ws);
}

void
gw_ws_violate(struct gw_websocket *ws, uint16_t code, const char *why)
{
    struct gw_reply *r = &ws->x->reply;

    ws->is_deaf = true;
    if (ws->state != GW_WS_OPEN)
        return;
    r->outcome = "websocket";
    r->code = code == GW_WS_TOO_BIG    ? SLUICE_CODE_RESOURCE_EXHAUSTED
        : code == GW_WS_INTERNAL_ERROR ? SLUICE_CODE_INTERNAL
                                       : SLUICE_CODE_INVALID_ARGUMENT;
    gw_ws_close(ws, code, sluice_str(why));
}

void
gw_websocket_drain(struct gw_websocket *ws)
{
    if (ws->state == GW_WS_OPEN && !ws->x->is_calling)
        gw_reply_shutdown(ws->x);
}

void
gw_websocket_free(struct gw_websocket **wsp)
{
    struct gw_websocket *ws = *wsp;

    if (ws == NULL)
        return;
    *wsp = NULL;
    assert(!gw_ws_is_open(ws));
    gw_ws_frames_fini(&ws->frames);
    gw_buffer_fini(&ws->ahead);
    sluice_pool_give(ws->x->worker->pool, ws, sizeof *ws);
}
