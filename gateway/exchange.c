/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/exchange.c - see exchange.h.
 *
 * MHD calls gw_exchange_on_request() once for the head, once per piece of the
 * body, once at its end, and again after each resume; the state tells which of
 * these it is.
 */
#include "gateway/exchange.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include <sluice/status.h>

#include "gateway/connection.h"
#include "gateway/early.h"
#include "gateway/front.h"
#include "gateway/pulse.h"
#include "gateway/reply.h"
#include "gateway/shard.h"
#include "gateway/watch.h"
#include "gateway/websocket.h"
#include "gateway/worker.h"
#include "rpc/pool.h"

#define MAGIC 0x45786368u

/* As many are kept for the next ones; beyond them they are free()d. */
#define IDLE_MAX 512u

#define TO(s) (1u << GW_X_##s)

static_assert(offsetof(struct gw_exchange, arena) == 0,
    "take() clears what stands behind it");

/* The states reachable from each. */
static const unsigned may_enter[] = {
    [GW_X_HEAD] = TO(READING) | TO(REPLYING) | TO(CLOSED),
    [GW_X_READING] = TO(CALLING) | TO(REPLYING) | TO(CLOSED),
    [GW_X_CALLING] = TO(REPLYING) | TO(CLOSED),
    [GW_X_REPLYING] = TO(CLOSED),
    [GW_X_CLOSED] = 0,
};

static void
check(const struct gw_exchange *x)
{
    assert(x->magic == MAGIC);
}

void
gw_exchange_enter(struct gw_exchange *x, enum gw_exchange_state state)
{
    assert((may_enter[x->state] & (1u << state)) != 0);
    x->state = state;
}

/* --------------------------------------------------------------- life and end */

static struct gw_exchange *
take(struct gw_worker *w)
{
    struct gw_exchange *x = w->idle_exchanges;

    if (x != NULL) {
        w->idle_exchanges = x->next_idle;
        w->n_idle_exchanges--;
    } else {
        x = malloc(sizeof *x);
    }
    if (x == NULL)
        return NULL;
    /* The arena, the largest part, needs no clearing. */
    memset((char *)x + sizeof x->arena, 0, sizeof *x - sizeof x->arena);
    gw_arena_init(&x->arena, w->pool);
    x->magic = MAGIC;
    x->worker = w;
    x->started_ns = sluice_loop_now(w->loop);
    x->form = &gw_form_json;
    gw_pulse_init(x);
    w->n_exchanges++;
    return x;
}

/* What was needed to make the requests, when the last one is with the call, or
 * none will be: the call has its own references, also while it goes on. */
static void
give_request_back(struct gw_exchange *x)
{
    if (x->reader != NULL)
        gw_worker_reader_give(x->worker, &x->reader);
    sluice_metadata_unref(&x->request.metadata);
    sluice_bytes_unref(&x->payload);
    gw_buffer_fini(&x->bound);
    gw_buffer_fini(&x->message);
    gw_buffer_fini(&x->text);
    x->is_request_over = true;
}

static void
release(struct gw_exchange *x)
{
    struct gw_worker *w = x->worker;

    assert(x->state == GW_X_CLOSED && !x->is_calling && !x->is_suspended);
    assert(x->watch == NULL);
    if (x->websocket != NULL)
        gw_websocket_free(&x->websocket);
    if (!x->is_request_over)
        give_request_back(x);
    if (x->call != NULL)
        sluice_call_unref(&x->call);
    sluice_metadata_unref(&x->initial_metadata);
    sluice_metadata_unref(&x->terminal_metadata);
    sluice_bytes_unref(&x->response);
    sluice_bytes_unref(&x->reply.body);
    gw_buffer_fini(&x->out);
    if (x->is_told)
        gw_buffer_fini(&x->early);
    gw_arena_reset(&x->arena);
    x->magic = 0;
    if (RPC_POOL_KEEPS && w->n_idle_exchanges < IDLE_MAX) {
        x->next_idle = w->idle_exchanges;
        w->idle_exchanges = x;
        w->n_idle_exchanges++;
    } else {
        free(x);
    }
    w->n_exchanges--;
    gw_worker_check_drained(w);
}

void
gw_exchange_free_idle(struct gw_worker *w)
{
    while (w->idle_exchanges != NULL) {
        struct gw_exchange *x = w->idle_exchanges;

        w->idle_exchanges = x->next_idle;
        free(x);
    }
}

/* We have ended the connection before the client had all of the answer, if
 * there was one. */
static void
tell_cut(struct gw_access_line *line, const struct gw_exchange *x)
{
    bool is_shutdown = strcmp(x->connection->cut, "local shutdown") == 0;

    line->outcome = x->connection->cut;
    line->code =
        is_shutdown ? SLUICE_CODE_UNAVAILABLE : SLUICE_CODE_DEADLINE_EXCEEDED;
    if (!x->reply.is_ready)
        line->status = is_shutdown ? 0 : 408;
}

static void
write_access_line(struct gw_exchange *x)
{
    struct gw_access_line line = {
        .status = x->reply.status,
        .verb = x->request.verb == NULL ? "-" : x->request.verb,
        .path = x->request.target,
        .path_len = x->request.path_len,
        .group = x->rpc == NULL ? NULL : x->rpc->group,
        .method = x->rpc == NULL ? NULL : x->rpc->name,
        .outcome = x->reply.outcome,
        .code = x->reply.code,
        .bytes_in = x->bytes_in,
        .bytes_out = x->bytes_out,
        .duration_ns =
            (int64_t)(sluice_loop_now(x->worker->loop) - x->started_ns),
        .remote = x->connection->remote,
    };

    if (x->connection->cut != NULL) {
        tell_cut(&line, x);
    } else if (x->reply.is_lost) {
        line.outcome = "memory";
    } else if (x->is_client_gone || line.outcome == NULL) {
        line.status = 499;
        line.outcome = "client gone";
        line.code = SLUICE_CODE_CANCELLED;
    }
    gw_access_log_write(&x->worker->access, &line);
}

void *
gw_exchange_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct gw_shard *s = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct gw_connection *c = info->socket_context;
    struct gw_exchange *x = take(s->worker);
    size_t len = strlen(target);
    char *copy;

    c->has_brought_request = true;
    if (x == NULL)
        return NULL;
    x->connection = c;
    c->exchange = x;
    x->mhd = mhd;
    copy = gw_arena_copy(&x->arena, target, len);
    if (copy == NULL) {
        x->state = GW_X_CLOSED;
        c->exchange = NULL;
        release(x);
        return NULL;
    }
    gw_request_set_target(&x->request, copy, len);
    if (c->phase == GW_PHASE_IDLE)
        gw_connection_enter(c, GW_PHASE_HEAD);
    return x;
}

/* MHD may have found the rest of the head, or the framing of the body, so bad
 * that it answered by itself. */
static bool
was_refused(struct gw_exchange *x)
{
    const union MHD_ConnectionInfo *info;

    if (x->state != GW_X_HEAD && x->state != GW_X_READING)
        return false;
    info = MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info == NULL)
        return false;
    x->reply.status = info->http_status;
    x->reply.code = -1;
    x->reply.outcome = x->state == GW_X_HEAD ? "bad head" : "bad body";
    gw_refusals_take(&x->connection->shard->refusals, info->http_status);
    return true;
}

/* A client that leaves within its head has asked for nothing. */
static void
log_end(struct gw_exchange *x, enum MHD_RequestTerminationCode code)
{
    bool is_refused = was_refused(x);

    if (!is_refused && code != MHD_REQUEST_TERMINATED_COMPLETED_OK &&
        !x->is_out_broken && !x->is_told && !x->reply.is_lost &&
        !(x->state == GW_X_REPLYING && !x->reply.is_stream))
        x->is_client_gone = true;
    if (gw_access_log_is_on(&x->worker->access) &&
        (x->state != GW_X_HEAD || is_refused ||
            x->connection->has_unlogged_408))
        write_access_line(x);
    x->connection->has_unlogged_408 = false;
}

/* What comes last, however it ended. */
static void
close_exchange(struct gw_exchange *x, enum MHD_RequestTerminationCode code)
{
    gw_watch_stop(x);
    gw_pulse_stop(x);
    log_end(x, code);
    gw_exchange_enter(x, GW_X_CLOSED);
    x->mhd = NULL;
    x->mhd_response = NULL;
    x->connection->exchange = NULL;
    x->connection = NULL;
    if (x->is_calling)
        sluice_call_cancel(x->call); /* its final callback releases us */
    else
        release(x);
}

void
gw_exchange_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
    enum MHD_RequestTerminationCode code)
{
    struct gw_exchange *x = *context;
    struct gw_connection *c;

    (void)cls;
    (void)mhd;
    if (x == NULL)
        return;
    *context = NULL;
    check(x);
    x->is_suspended = false;
    c = x->connection;
    if ((c->holders & GW_HELD_BY_WEBSOCKET) != 0)
        return; /* which goes on without MHD */
    close_exchange(x, code);
    gw_connection_enter(c, GW_PHASE_IDLE);
    if (c->worker->is_draining)
        gw_connection_close_if_idle(c);
}

void
gw_exchange_end_websocket(struct gw_exchange *x)
{
    struct gw_connection *c = x->connection;

    check(x);
    close_exchange(x, MHD_REQUEST_TERMINATED_COMPLETED_OK);
    gw_connection_let_go(&c, GW_HELD_BY_WEBSOCKET);
}

bool
gw_exchange_is_answered(const struct gw_exchange *x)
{
    return x->reply.is_ready &&
        (!x->reply.is_stream || x->is_out_ended || x->is_refused);
}

/* ------------------------------------------------------------------ suspension */

void
gw_exchange_wait(struct gw_exchange *x)
{
    assert(!x->is_suspended);
    MHD_suspend_connection(x->mhd);
    x->is_suspended = true;
    x->is_waking = false;
    x->connection->shard->n_suspended++;
    gw_watch_start(x);
    gw_pulse_start(x);
}

void
gw_exchange_wake(struct gw_exchange *x)
{
    if (!x->is_suspended || x->is_waking)
        return;
    x->is_waking = true;
    gw_watch_stop(x);
    x->connection->shard->n_suspended--;
    MHD_resume_connection(x->mhd);
    gw_shard_wake(x->connection->shard);
}

/* --------------------------------------------------------------------- the RPC */

void
gw_exchange_calling(struct gw_exchange *x, struct sluice_call *call)
{
    x->call = call;
    x->is_calling = true;
}

/* Of a call that is over nobody needs the rest of the requests. */
static void
hurry(struct gw_exchange *x)
{
    if (x->call != NULL && !x->is_calling && gw_early_is_due(x))
        gw_connection_hurry(x->connection);
}

void
gw_exchange_called(struct gw_exchange *x)
{
    check(x);
    assert(x->is_calling);
    x->is_calling = false;
    if (x->state == GW_X_CLOSED) {
        release(x);
        return;
    }
    gw_exchange_wake(x);
    hurry(x);
}

/* ---------------------------------------------------------------- MHD's request */

static enum MHD_Result
answer(struct gw_exchange *x)
{
    gw_connection_enter(x->connection, GW_PHASE_SENDING);
    gw_pulse_stop(x);
    x->sent_ns = sluice_loop_now(x->worker->loop);
    if (x->reply.is_stream)
        gw_watch_head(x);
    return gw_reply_queue(x);
}

static enum MHD_Result
begin(struct gw_exchange *x, const char *verb, const char *version)
{
    bool is_http11 = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;

    x->request.verb = verb;
    x->request.verb_len = strlen(verb);
    x->is_head = gw_request_is(&x->request, "HEAD");
    x->is_http10 = !is_http11 && strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    if (!is_http11 && !x->is_http10) {
        gw_reply_error(x, 505, SLUICE_CODE_INVALID_ARGUMENT, "version",
            "only HTTP/1.0 and HTTP/1.1 are spoken here");
        x->reply.close = true;
    } else if (!gw_request_read_headers(&x->request, x->mhd,
                   x->worker->set->config, &x->arena, x->connection->remote)) {
        gw_front_choose(x);
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    } else {
        gw_front_begin(x);
    }
    if (x->request.handshake.is_wanted)
        x->reply.close = true; /* what follows may be frames */
    /* Answering before a body spares it from being sent, at the price of the
     * connection; without a body MHD calls once more, and both are kept. */
    if (x->reply.is_ready && gw_request_has_body(&x->request))
        return answer(x);
    gw_exchange_enter(x, GW_X_READING);
    gw_connection_enter(x->connection,
        gw_request_has_body(&x->request) ? GW_PHASE_BODY : GW_PHASE_WORKING);
    return MHD_YES;
}

static enum MHD_Result
read_body(struct gw_exchange *x, const char *data, size_t *len)
{
    size_t used =
        gw_exchange_is_answered(x) ? *len : x->intake->body(x, data, *len);

    x->bytes_in += used;
    *len -= used;
    if (*len > 0) {
        gw_connection_enter(x->connection, GW_PHASE_WORKING);
        gw_exchange_wait(x);
        return MHD_YES;
    }
    if (gw_exchange_is_answered(x))
        x->swallowed += used;
    if (x->connection->phase == GW_PHASE_WORKING)
        gw_connection_enter(x->connection, GW_PHASE_BODY);
    gw_connection_progress(x->connection, used);
    hurry(x);
    /* As much as a good body may have; then the answer has to come between. */
    if (x->swallowed > x->worker->set->config->max_request_message &&
        gw_early_is_due(x) && !gw_early_answer(x))
        return MHD_NO;
    return MHD_YES;
}

static enum MHD_Result
end_body(struct gw_exchange *x)
{
    if (gw_early_is_on_its_way(x)) {
        gw_exchange_wait(x);
        gw_watch_stop(x); /* what it sends would come between */
        gw_pulse_stop(x);
        return MHD_YES;
    }
    if (x->is_told)
        return MHD_NO;
    gw_connection_enter(x->connection, GW_PHASE_WORKING);
    if (!x->is_body_complete) {
        x->is_body_complete = true;
        if (!gw_exchange_is_answered(x)) {
            x->intake->end(x);
            if (x->websocket == NULL) /* its requests are still to come */
                give_request_back(x);
        }
    }
    if (x->reply.is_ready)
        return answer(x);
    gw_exchange_enter(x, GW_X_CALLING);
    gw_exchange_wait(x);
    return MHD_YES;
}

static enum MHD_Result
go_on_calling(struct gw_exchange *x)
{
    if (x->reply.is_ready)
        return answer(x);
    gw_exchange_wait(x);
    return MHD_YES;
}

enum MHD_Result
gw_exchange_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
    const char *verb, const char *version, const char *upload,
    size_t *upload_size, void **context)
{
    struct gw_exchange *x = *context;

    (void)cls;
    (void)mhd;
    (void)url;
    if (x == NULL)
        return MHD_NO; /* memory was short when the target came */
    check(x);
    x->is_suspended = false;
    x->is_waking = false;
    switch (x->state) {
    case GW_X_HEAD:
        return begin(x, verb, version);
    case GW_X_READING:
        if (*upload_size > 0)
            return read_body(x, upload, upload_size);
        return end_body(x);
    case GW_X_CALLING:
        return go_on_calling(x);
    case GW_X_REPLYING:
    case GW_X_CLOSED:
        break;
    }
    return MHD_NO;
}
