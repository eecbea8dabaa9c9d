/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server.c - the server side of the gRPC link: its options, its
 * listeners and its connections.
 */
#include "rpc/link/grpc_server.h"

#include "rpc/check.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_MAGIC 0x67727373u

static const struct sluice_grpc_server_options defaults = {
    .max_message = 4u * 1024 * 1024,
    .max_metadata = 16u * 1024,
    .max_concurrent_streams = 1000,
    .initial_window = 65535,
    .max_connections = 10000,
    .handshake_timeout_ns = 20 * SLUICE_SECOND,
    .idle_timeout_ns = SLUICE_NO_TIMEOUT,
    .keepalive_time_ns = 7200 * SLUICE_SECOND,
    .keepalive_timeout_ns = 20 * SLUICE_SECOND,
    .min_ping_interval_ns = 10 * SLUICE_SECOND,
};

static bool
is_usable(const struct sluice_grpc_server_options *o)
{
    return o->max_message <= UINT32_MAX && o->initial_window <= INT32_MAX &&
        o->handshake_timeout_ns >= 0 && o->idle_timeout_ns >= 0 &&
        o->keepalive_time_ns >= 0 && o->keepalive_timeout_ns >= 0 &&
        o->min_ping_interval_ns >= 0;
}

static void
take_options(struct sluice_grpc_server_options *to,
    const struct sluice_grpc_server_options *o)
{
    *to = *o;
#define DEFAULT(name)  \
    if (to->name == 0) \
    to->name = defaults.name
    DEFAULT(max_message);
    DEFAULT(max_metadata);
    DEFAULT(max_concurrent_streams);
    DEFAULT(initial_window);
    DEFAULT(max_connections);
    DEFAULT(handshake_timeout_ns);
    DEFAULT(idle_timeout_ns);
    DEFAULT(keepalive_time_ns);
    DEFAULT(keepalive_timeout_ns);
    DEFAULT(min_ping_interval_ns);
#undef DEFAULT
}

/* ---------------------------------------------------------- connections */

void
rpc_grpc_server_connected(struct sluice_grpc_server *server,
    struct rpc_grpc_socket *socket)
{
    struct rpc_grpc_conn *conn;

    RPC_CHECK(server, SERVER_MAGIC);
    if (server->is_draining ||
        server->conn_count >= server->options.max_connections) {
        rpc_grpc_socket_close(&socket, NULL, NULL);
        return;
    }
    if (socket->uv.handle.type == UV_TCP)
        rpc_grpc_socket_tune(socket);
    conn = rpc_grpc_conn_new(server, socket);
    if (conn == NULL)
        return;
    TAILQ_INSERT_TAIL(&server->conns, conn, link);
    server->conn_count++;
}

void
rpc_grpc_server_conn_gone(struct sluice_grpc_server *server,
    struct rpc_grpc_conn *conn)
{
    TAILQ_REMOVE(&server->conns, conn, link);
    server->conn_count--;
}

static bool
is_unix_socket(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);

    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
        a.ss_family == AF_UNIX;
}

static bool
is_connected_stream(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    int type = 0;
    socklen_t type_len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
        type == SOCK_STREAM &&
        getpeername(fd, (struct sockaddr *)&a, &len) == 0;
}

static enum sluice_err
adopt(struct sluice_grpc_server *server, int fd,
    struct rpc_grpc_socket **socket)
{
    bool is_unix = is_unix_socket(fd);
    int rc;

    if (!is_connected_stream(fd))
        return SLUICE_EINVAL;
    if (server->is_draining)
        return SLUICE_ESTATE;
    if (server->conn_count >= server->options.max_connections)
        return SLUICE_ELIMIT;
    *socket = rpc_grpc_socket_new(server->loop, is_unix, &server->hold);
    if (*socket == NULL)
        return SLUICE_ENOMEM;
    rc = is_unix ? uv_pipe_open(&(*socket)->uv.pipe, fd)
                 : uv_tcp_open(&(*socket)->uv.tcp, fd);
    if (rc == 0)
        return SLUICE_OK;
    rpc_grpc_socket_close(socket, NULL, NULL);
    return SLUICE_EINVAL;
}

enum sluice_err
sluice_grpc_server_accept(struct sluice_grpc_server *server, int fd)
{
    struct rpc_grpc_socket *socket = NULL;
    size_t before = server->conn_count;
    enum sluice_err err;

    RPC_CHECK(server, SERVER_MAGIC);
    err = adopt(server, fd, &socket);
    if (err != SLUICE_OK) {
        (void)close(fd);
        return err;
    }
    rpc_grpc_server_connected(server, socket);
    return server->conn_count > before ? SLUICE_OK : SLUICE_ENOMEM;
}

size_t
sluice_grpc_server_connections(const struct sluice_grpc_server *server)
{
    RPC_CHECK(server, SERVER_MAGIC);
    return server->conn_count;
}

/* ------------------------------------------------------------ listening */

enum sluice_err
sluice_grpc_server_listen(struct sluice_grpc_server *server,
    struct sluice_str address, const char **why)
{
    const char *unwanted;

    RPC_CHECK(server, SERVER_MAGIC);
    if (why == NULL)
        why = &unwanted;
    *why = "the server is being drained";
    if (server->is_draining)
        return SLUICE_ESTATE;
    return rpc_grpc_listener_new(server, address, why);
}

unsigned
sluice_grpc_server_port(const struct sluice_grpc_server *server, size_t i)
{
    return rpc_grpc_listeners_port(&server->listeners, i);
}

static void
stop_listening(struct sluice_grpc_server *server)
{
    rpc_grpc_listeners_close(&server->listeners);
}

void
sluice_grpc_server_drain(struct sluice_grpc_server *server)
{
    struct rpc_grpc_conn *conn;
    struct rpc_grpc_conn *next;

    RPC_CHECK(server, SERVER_MAGIC);
    stop_listening(server);
    if (server->is_draining)
        return;
    server->is_draining = true;
    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, link);
        rpc_grpc_conn_drain(conn);
    }
}

/* ---------------------------------------------------------- life's ends */

static void
server_free(struct sluice_grpc_server *s)
{
    rpc_grpc_conn_shared_fini(&s->shared);
    rpc_grpc_buffers_fini(&s->buffers);
    rpc_grpc_coder_free(&s->reading.coder);
    s->magic = 0;
    free(s);
}

static void
on_hold_free(struct rpc_grpc_hold *hold)
{
    struct sluice_grpc_server *server =
        RPC_CONTAINER_OF(hold, struct sluice_grpc_server, hold);
    void (*on_closed)(void *arg) = server->on_closed;
    void *arg = server->on_closed_arg;

    RPC_CHECK(server, SERVER_MAGIC);
    server_free(server);
    if (on_closed != NULL)
        on_closed(arg);
}

/* Runs after the call of close has returned. */
static void
on_close_task(struct sluice_task *task)
{
    struct sluice_grpc_server *server =
        RPC_CONTAINER_OF(task, struct sluice_grpc_server, closed);

    assert(server->call_count == 0); /* the End must have stopped */
    rpc_grpc_hold_drop(&server->hold);
}

enum sluice_err
sluice_grpc_server_new(struct sluice_loop *loop, struct sluice_end *end,
    const struct sluice_grpc_server_options *options,
    struct sluice_grpc_server **server)
{
    struct sluice_grpc_server *s;

    *server = NULL;
    if (options == NULL)
        options = &defaults;
    if (!is_usable(options))
        return SLUICE_EINVAL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return SLUICE_ENOMEM;
    s->link.ops = &rpc_grpc_served_ops;
    s->magic = SERVER_MAGIC;
    s->loop = loop;
    s->pool = sluice_loop_pool(loop);
    s->end = end;
    s->closed.run = on_close_task;
    s->hold.on_free = on_hold_free;
    TAILQ_INIT(&s->listeners);
    TAILQ_INIT(&s->conns);
    take_options(&s->options, options);
    s->reading.pool = s->pool;
    s->reading.max_message = s->options.max_message;
    s->reading.coder = rpc_grpc_coder_new();
    if (s->reading.coder == NULL ||
        rpc_grpc_buffers_init(&s->buffers) != SLUICE_OK ||
        rpc_grpc_conn_shared_init(&s->shared, s->pool, &s->options) !=
            SLUICE_OK) {
        server_free(s);
        return SLUICE_ENOMEM;
    }
    rpc_grpc_hold_take(&s->hold);
    *server = s;
    return SLUICE_OK;
}

void
sluice_grpc_server_close(struct sluice_grpc_server **server,
    void (*on_closed)(void *arg), void *arg)
{
    struct sluice_grpc_server *s = *server;

    if (s == NULL)
        return;
    RPC_CHECK(s, SERVER_MAGIC);
    *server = NULL;
    s->on_closed = on_closed;
    s->on_closed_arg = arg;
    stop_listening(s);
    while (!TAILQ_EMPTY(&s->conns))
        rpc_grpc_conn_close(TAILQ_FIRST(&s->conns));
    sluice_loop_defer(s->loop, &s->closed);
}
