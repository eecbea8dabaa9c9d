/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/upstream.c - see upstream.h. */
#include "gateway/upstream.h"

#include <stdio.h>

#define INPROC "inproc:"

/* Calls that come meanwhile fail, so a backend that was away, for however long,
 * is used again within two seconds of its return: jitter makes 1.5 s of the
 * longest wait, and connecting takes its time, too. */
#define LEAST_BACKOFF (200 * SLUICE_MS)
#define MOST_BACKOFF (1250 * SLUICE_MS)

static const struct gw_inproc *
find_inproc(const char *target, const struct gw_inproc *inprocs, size_t n)
{
    const char *name = target + sizeof INPROC - 1;

    for (size_t i = 0; i < n; i++)
        if (strcmp(inprocs[i].name, name) == 0)
            return &inprocs[i];
    return NULL;
}

static bool
is_inproc(const char *target)
{
    return strncmp(target, INPROC, sizeof INPROC - 1) == 0;
}

const char *
gw_upstream_check_target(const char *target, const struct gw_inproc *inprocs,
    size_t n_inprocs)
{
    const char *why = NULL;

    if (is_inproc(target))
        return find_inproc(target, inprocs, n_inprocs) != NULL
            ? NULL
            : "no service of that name is built in";
    return sluice_grpc_target_check(sluice_str(target), &why) == SLUICE_OK
        ? NULL
        : why;
}

/* One worker serves gRPC clients: it is the demo's. */
static bool
offer(struct gw_upstream *u, char *why)
{
    struct gw_worker *w = u->worker;
    const char *text = "memory is short";

    if (w->index != 0 || w->shared->grpc == NULL)
        return true;
    if (sluice_grpc_server_new(w->loop, u->service_end, NULL, &u->grpc) ==
            SLUICE_OK &&
        sluice_grpc_server_listen(u->grpc, sluice_str(w->shared->grpc),
            &text) == SLUICE_OK)
        return true;
    snprintf(why, 256, "cannot serve gRPC on %s: %s", w->shared->grpc, text);
    return false;
}

static bool
init_inproc(struct gw_upstream *u, char *why)
{
    struct gw_worker *w = u->worker;
    struct sluice_end_options options = { 0 };

    u->inproc = find_inproc(u->config->targets[0], w->shared->inprocs,
        w->shared->n_inprocs);
    if (u->inproc == NULL)
        return false;
    u->servicer = u->inproc->servicer_new(u->inproc->arg, w->loop);
    if (u->servicer == NULL)
        return false;
    options.servicer = sluice_face_servicer_base(u->servicer);
    u->service_end = sluice_end_new(w->loop, &options);
    if (u->service_end == NULL)
        return false;
    u->inproc_link = sluice_inproc_link_new(u->service_end);
    if (u->inproc_link == NULL)
        return false;
    sluice_end_join(u->end, u->inproc_link);
    return sluice_end_start(u->service_end) == SLUICE_OK && offer(u, why);
}

static bool
init_grpc(struct gw_upstream *u)
{
    const struct route_config *config = u->worker->set->config;
    struct sluice_grpc_client_options options = {
        .target = sluice_str(u->config->targets[0]),
        .max_message = config->max_response_message,
        .max_window = (uint32_t)u->config->max_stream_window,
        .connect_timeout_ns = u->config->connect_timeout_ns,
        .initial_backoff_ns = LEAST_BACKOFF,
        .max_backoff_ns = MOST_BACKOFF,
        .keepalive_time_ns = u->config->keepalive_ns,
        .keepalive_timeout_ns = u->config->keepalive_timeout_ns,
        .keepalive_is_permitted = u->config->keepalive_is_permitted,
    };

    if (sluice_grpc_client_new(u->worker->loop, &options, &u->client) !=
        SLUICE_OK)
        return false;
    sluice_end_join(u->end, sluice_grpc_client_link(u->client));
    return true;
}

bool
gw_upstream_init(struct gw_upstream *u, struct gw_worker *w,
    const struct route_upstream *config, char *why)
{
    bool is_ready;

    *u = (struct gw_upstream){ .worker = w, .config = config };
    snprintf(why, 256, "upstream %s: memory is short", config->name);
    u->end = sluice_end_new(w->loop, NULL);
    is_ready = u->end != NULL &&
        (is_inproc(config->targets[0]) ? init_inproc(u, why) : init_grpc(u));
    if (is_ready)
        u->stub = sluice_stub_new(u->end);
    return u->stub != NULL && sluice_end_start(u->end) == SLUICE_OK;
}

static void
on_closed(void *arg)
{
    struct gw_upstream *u = arg;

    u->worker->n_stopping_upstreams--;
    gw_worker_check_drained(u->worker);
}

/* Both Ends have stopped: nothing uses the link any more. */
static void
on_stopped(void *arg)
{
    struct gw_upstream *u = arg;

    if (--u->n_stopping > 0)
        return;
    if (u->client != NULL)
        sluice_grpc_client_close(&u->client, on_closed, u);
    else if (u->grpc != NULL)
        sluice_grpc_server_close(&u->grpc, on_closed, u);
    else
        on_closed(u);
}

static void
stop_end(struct gw_upstream *u, struct sluice_end *end)
{
    if (end == NULL || sluice_end_stop(end, 0, on_stopped, u) != SLUICE_OK)
        on_stopped(u);
}

bool
gw_upstream_grpc_address(const struct gw_upstream *u, char *out)
{
    const char *text = u->worker->shared->grpc;
    const char *colon;
    unsigned port;

    if (u->grpc == NULL)
        return false;
    port = sluice_grpc_server_port(u->grpc, 0);
    colon = strrchr(text, ':');
    if (port == 0 || colon == NULL)
        snprintf(out, 128, "%s", text);
    else
        snprintf(out, 128, "%.*s:%u", (int)(colon - text), text, port);
    return true;
}

void
gw_upstream_drain(struct gw_upstream *u)
{
    if (u->grpc != NULL)
        sluice_grpc_server_drain(u->grpc);
}

static void
on_idle(void *arg)
{
    struct gw_upstream *u = arg;

    u->awaits_idle = false;
    gw_worker_check_drained(u->worker);
}

bool
gw_upstream_is_idle(struct gw_upstream *u)
{
    if (u->grpc == NULL || sluice_end_active(u->service_end) == 0)
        return true;
    if (!u->awaits_idle)
        u->awaits_idle =
            sluice_end_add_idle_action(u->service_end, on_idle, u) == SLUICE_OK;
    return !u->awaits_idle; /* memory is short: nobody would ask again */
}

void
gw_upstream_stop(struct gw_upstream *u)
{
    u->n_stopping = 2;
    stop_end(u, u->end);
    stop_end(u, u->service_end);
}

void
gw_upstream_fini(struct gw_upstream *u)
{
    sluice_stub_free(&u->stub);
    if (u->end != NULL)
        sluice_end_free(&u->end);
    if (u->inproc_link != NULL)
        sluice_inproc_link_free(&u->inproc_link);
    if (u->service_end != NULL)
        sluice_end_free(&u->service_end);
    if (u->servicer != NULL)
        u->inproc->servicer_free(&u->servicer);
}
