/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/shard.c - see shard.h. */
#include "gateway/shard.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/connection.h"
#include "gateway/exchange.h"
#include "gateway/worker.h"

/* How many suspended connections make a walk too long: 10 instructions and a
 * cache line or two for each, which a lone client's request of 50,000 shall not
 * feel. Who has not sent its request yet may wait on a stream soon: clients that
 * come all at once are not to be found in one shard later. */
#define SUSPENDED_PER_SHARD 128u
#define CONNECTIONS_PER_SHARD 256u

/* Runs of one daemon per task; what is left goes on after the others had their
 * turn. */
#define ROUNDS 8

static size_t
keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
    /* Decoding by NUL-terminated strings loses %00 and %2F: we decode
     * ourselves, later, by length. */
    (void)cls;
    (void)connection;
    return strlen(s);
}

static void
on_connection(void *cls, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct gw_shard *s = cls;

    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = s->arriving;
        s->arriving = NULL;
        s->n_connections++;
    } else {
        struct gw_connection *c = *socket_context;

        *socket_context = NULL;
        if (!c->owns_fd)
            gw_refusals_on_closed(&s->refusals, c);
        s->n_connections--;
        gw_connection_let_go(&c, GW_HELD_BY_MHD);
    }
}

static void
run(struct gw_shard *s)
{
    for (int i = 0; i < ROUNDS; i++) {
        MHD_UNSIGNED_LONG_LONG ms;

        MHD_run(s->daemon);
        if (MHD_get_timeout(s->daemon, &ms) != MHD_YES) {
            sluice_timer_stop(s->worker->loop, &s->run_timer);
            gw_refusals_settle(&s->refusals);
            return;
        }
        if (ms > 0) {
            sluice_timer_start(s->worker->loop, &s->run_timer,
                sluice_loop_now(s->worker->loop) + ms * (uint64_t)SLUICE_MS);
            gw_refusals_settle(&s->refusals);
            return;
        }
    }
    /* Sockets inside are edge-triggered: nothing else would wake us. */
    sluice_loop_defer(s->worker->loop, &s->run_task);
}

static void
on_run_task(struct sluice_task *task)
{
    run((
        struct gw_shard *)((char *)task - offsetof(struct gw_shard, run_task)));
}

static void
on_run_timer(struct sluice_timer *timer)
{
    run((struct gw_shard *)((char *)timer -
        offsetof(struct gw_shard, run_timer)));
}

static void
on_epoll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    gw_shard_wake(poll->data);
}

static struct MHD_Daemon *
start_daemon(struct gw_shard *s)
{
    const struct route_config *config = s->worker->set->config;
    struct MHD_OptionItem options[] = {
        { MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)gw_refusals_on_message,
            &s->refusals },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT,
            (intptr_t)config->max_header_bytes, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, 1 << 30, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL },
        { MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL },
        { MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL },
        { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)gw_exchange_on_target, s },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)gw_exchange_on_completed, s },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s },
        { MHD_OPTION_END, 0, NULL },
    };

    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_NO_THREAD_SAFETY | MHD_ALLOW_SUSPEND_RESUME |
            MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG,
        0, NULL, NULL, gw_exchange_on_request, s, MHD_OPTION_ARRAY, options,
        MHD_OPTION_END);
}

struct gw_shard *
gw_shard_new(struct gw_worker *w)
{
    struct gw_shard *s = calloc(1, sizeof *s);
    const union MHD_DaemonInfo *info;

    if (s == NULL)
        return NULL;
    s->worker = w;
    s->refusals.worker = w;
    s->run_task.run = on_run_task;
    s->run_timer.expire = on_run_timer;
    s->daemon = start_daemon(s);
    if (s->daemon == NULL)
        goto out;
    info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(&w->uv, &s->poll, info->epoll_fd) != 0)
        goto out;
    s->poll.data = s;
    uv_poll_start(&s->poll, UV_READABLE, on_epoll);
    return s;

out:
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    free(s);
    return NULL;
}

static void
on_poll_closed(uv_handle_t *handle)
{
    struct gw_shard *s = handle->data;

    MHD_stop_daemon(s->daemon); /* closes the descriptor that was polled */
    free(s);
}

void
gw_shard_close(struct gw_shard **sp)
{
    struct gw_shard *s = *sp;

    *sp = NULL;
    assert(s->n_suspended == 0);
    sluice_task_cancel(&s->run_task);
    sluice_timer_stop(s->worker->loop, &s->run_timer);
    uv_close((uv_handle_t *)&s->poll, on_poll_closed);
}

void
gw_shard_wake(struct gw_shard *s)
{
    sluice_loop_defer(s->worker->loop, &s->run_task);
}

static bool
is_full(const struct gw_shard *s)
{
    return s->n_suspended >= SUSPENDED_PER_SHARD ||
        s->n_connections >= CONNECTIONS_PER_SHARD;
}

struct gw_shard *
gw_shard_for_new(struct gw_worker *w)
{
    struct gw_shard *best = w->shards[0];

    for (unsigned i = 0; i < w->n_shards; i++) {
        if (!is_full(w->shards[i]))
            return w->shards[i];
        if (w->shards[i]->n_suspended < best->n_suspended)
            best = w->shards[i];
    }
    if (w->n_shards < GW_SHARDS_MAX) {
        struct gw_shard *s = gw_shard_new(w);

        if (s != NULL) {
            w->shards[w->n_shards++] = s;
            return s;
        }
    }
    return best;
}

void
gw_shard_add(struct gw_shard *s, int fd, const struct sockaddr *sa,
    socklen_t len)
{
    struct gw_connection *c = gw_connection_new(s, fd, sa);

    if (c == NULL) {
        close(fd);
        return;
    }
    s->arriving = c;
    if (MHD_add_connection(s->daemon, fd, sa, len) != MHD_YES) {
        /* MHD has closed fd. The notice came if arriving was taken. */
        if (s->arriving != NULL) {
            s->arriving = NULL;
            gw_connection_let_go(&c, GW_HELD_BY_MHD);
        }
        return;
    }
    gw_shard_wake(s);
}
