/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/listener.c - see listener.h. */
#include "gateway/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sluice/status.h>

#include "gateway/address.h"
#include "gateway/connection.h"
#include "gateway/early.h"
#include "gateway/shard.h"
#include "gateway/worker.h"

#define BATCH 64
#define REST_NS (100 * SLUICE_MS)

static void on_readable(uv_poll_t *poll, int status, int events);

/* Not even its request can be waited for. */
static void
refuse(struct gw_worker *w, int fd, const struct sockaddr *sa)
{
    const struct gw_status status = {
        .code = SLUICE_CODE_UNAVAILABLE,
        .http = MHD_HTTP_SERVICE_UNAVAILABLE,
        .message = sluice_str(GW_TOO_MANY_CONNECTIONS),
    };
    char remote[64];
    const struct gw_access_line line = {
        .status = status.http,
        .verb = "-",
        .path = "-",
        .path_len = 1,
        .outcome = "connections",
        .code = status.code,
        .remote = remote,
    };

    gw_address_host(sa, remote);
    (void)gw_early_refuse(w, fd, &status);
    gw_access_log_write(&w->access, &line);
    close(fd);
}

static void
on_rested(struct sluice_timer *timer)
{
    struct gw_listener *l = (struct gw_listener *)((char *)timer -
        offsetof(struct gw_listener, rest));

    if (l->is_open)
        uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void
take_rest(struct gw_listener *l)
{
    uv_poll_stop(&l->poll);
    sluice_timer_start(l->worker->loop, &l->rest,
        sluice_loop_now(l->worker->loop) + REST_NS);
}

static bool
is_passing(int err)
{
    return err == EINTR || err == ECONNABORTED || err == EPROTO ||
        err == ENETDOWN || err == EHOSTUNREACH || err == ENETUNREACH;
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct gw_listener *l = poll->data;
    struct gw_worker *w = l->worker;

    (void)status;
    (void)events;
    for (int i = 0; i < BATCH && l->is_open; i++) {
        struct sockaddr_storage sa = { 0 };
        socklen_t len = sizeof sa;
        int on = 1;
        int fd = accept4(l->fd, (struct sockaddr *)&sa, &len,
            SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && is_passing(errno))
            continue;
        if (fd < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                take_rest(l);
            return;
        }
        if (w->n_connections >=
            w->shared->max_connections + w->shared->max_surplus) {
            refuse(w, fd, (struct sockaddr *)&sa);
            continue;
        }
        if (sa.ss_family != AF_UNIX)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        gw_shard_add(gw_shard_for_new(w), fd, (struct sockaddr *)&sa, len);
    }
}

bool
gw_listener_init(struct gw_listener *l, struct gw_worker *w, int fd)
{
    *l = (struct gw_listener){
        .worker = w,
        .fd = fd,
        .rest = { .expire = on_rested },
    };
    if (uv_poll_init(&w->uv, &l->poll, fd) != 0) {
        close(fd);
        return false;
    }
    l->is_open = true;
    l->poll.data = l;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    return true;
}

static void
on_closed(uv_handle_t *handle)
{
    (void)handle;
}

void
gw_listener_close(struct gw_listener *l)
{
    if (!l->is_open)
        return;
    on_readable(&l->poll, 0, 0); /* who has connected is still answered */
    l->is_open = false;
    sluice_timer_stop(l->worker->loop, &l->rest);
    uv_poll_stop(&l->poll);
    uv_close((uv_handle_t *)&l->poll, on_closed);
    close(l->fd);
}
