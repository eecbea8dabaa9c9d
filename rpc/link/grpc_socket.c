/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_socket.c - sockets, and what waits for them to be gone.
 */
#include "rpc/link/grpc_socket.h"

#include "rpc/check.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define KEEPALIVE_S 60
#define USER_TIMEOUT_MS 20000u /* unacknowledged bytes end the connection */

void
rpc_grpc_hold_take(struct rpc_grpc_hold *hold)
{
    hold->count++;
}

void
rpc_grpc_hold_drop(struct rpc_grpc_hold *hold)
{
    assert(hold->count > 0);
    if (--hold->count == 0)
        hold->on_free(hold);
}

struct rpc_grpc_socket *
rpc_grpc_socket_new(struct sluice_loop *loop, bool is_unix,
    struct rpc_grpc_hold *hold)
{
    struct rpc_grpc_socket *s = calloc(1, sizeof(*s));
    struct uv_loop_s *uv = sluice_loop_uv(loop);
    int rc;

    if (s == NULL)
        return NULL;
    if (is_unix)
        rc = uv_pipe_init(uv, &s->uv.pipe, 0);
    else
        rc = uv_tcp_init(uv, &s->uv.tcp);
    if (rc != 0) {
        free(s);
        return NULL;
    }
    s->hold = hold;
    rpc_grpc_hold_take(hold);
    return s;
}

/* Failure to set these costs only what they are for. */
void
rpc_grpc_socket_tune(struct rpc_grpc_socket *s)
{
    unsigned user_timeout = USER_TIMEOUT_MS;
    uv_os_fd_t fd;

    (void)uv_tcp_nodelay(&s->uv.tcp, 1);
    (void)uv_tcp_keepalive(&s->uv.tcp, 1, KEEPALIVE_S);
    if (uv_fileno(&s->uv.handle, &fd) == 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout,
            sizeof(user_timeout));
}

static void
on_closed(uv_handle_t *handle)
{
    struct rpc_grpc_socket *socket =
        RPC_CONTAINER_OF(handle, struct rpc_grpc_socket, uv.handle);
    struct rpc_grpc_hold *hold = socket->hold;

    if (socket->on_closed != NULL)
        socket->on_closed(socket->on_closed_arg);
    free(socket);
    rpc_grpc_hold_drop(hold);
}

void
rpc_grpc_socket_close(struct rpc_grpc_socket **socket,
    void (*closed)(void *arg), void *arg)
{
    struct rpc_grpc_socket *s = *socket;

    *socket = NULL;
    s->dial = NULL;
    s->on_closed = closed;
    s->on_closed_arg = arg;
    uv_close(&s->uv.handle, on_closed);
}
