/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_listen.c - addresses that a server listens on.
 */
#include "rpc/link/grpc_server.h"

#include "rpc/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024
#define AGAIN (100 * SLUICE_MS)

struct rpc_grpc_listener {
    struct sluice_grpc_server *server;
    TAILQ_ENTRY(rpc_grpc_listener) link;
    struct rpc_grpc_socket *socket;
    struct sockaddr_storage address;
    unsigned port;
    struct sluice_timer again; /* while memory is short */
};

static bool
is_unix(const struct rpc_grpc_listener *l)
{
    return l->address.ss_family == AF_UNIX;
}

/* ------------------------------------------------------------- addresses */

static enum sluice_err
refuse(const char **why, enum sluice_err err, const char *text)
{
    *why = text;
    return err;
}

static enum sluice_err
parse_unix(struct rpc_grpc_listener *l, struct sluice_str path,
    const char **why)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&l->address;

    if (path.len == 0)
        return refuse(why, SLUICE_EINVAL, "a path is missing after unix:");
    if (path.len >= sizeof(un->sun_path))
        return refuse(why, SLUICE_EINVAL,
            "the path of the unix socket is too long");
    if (memchr(path.ptr, '\0', path.len) != NULL)
        return refuse(why, SLUICE_EINVAL, "the path contains a NUL");
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.ptr, path.len);
    return SLUICE_OK;
}

static enum sluice_err
parse_port(struct sluice_str text, int *port, const char **why)
{
    static const char not_one[] = "the port must be 0 to 65535";
    size_t i;

    *port = 0;
    if (text.len == 0 || text.len > 5)
        return refuse(why, SLUICE_EINVAL, not_one);
    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return refuse(why, SLUICE_EINVAL, not_one);
        *port = *port * 10 + (text.ptr[i] - '0');
    }
    if (*port > 65535)
        return refuse(why, SLUICE_EINVAL, not_one);
    return SLUICE_OK;
}

/* A host as text that the system's functions can read. */
static enum sluice_err
parse_host(struct rpc_grpc_listener *l, struct sluice_str host,
    bool is_bracketed, int port, const char **why)
{
    char text[INET6_ADDRSTRLEN + 32];
    int rc;

    if (host.len == 0 || host.len >= sizeof(text))
        return refuse(why, SLUICE_EINVAL, "not an address or \"localhost\"");
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (strlen(text) != host.len)
        return refuse(why, SLUICE_EINVAL, "the address contains a NUL");
    if (is_bracketed)
        rc = uv_ip6_addr(text, port, (struct sockaddr_in6 *)&l->address);
    else if (strcmp(text, "localhost") == 0)
        rc = uv_ip4_addr("127.0.0.1", port, (struct sockaddr_in *)&l->address);
    else
        rc = uv_ip4_addr(text, port, (struct sockaddr_in *)&l->address);
    if (rc != 0)
        return refuse(why, SLUICE_EINVAL,
            is_bracketed ? "not an IPv6 address"
                         : "not an IPv4 address or \"localhost\"");
    return SLUICE_OK;
}

/* "host:port" or "[address]:port" */
static enum sluice_err
parse_tcp(struct rpc_grpc_listener *l, struct sluice_str text, const char **why)
{
    bool is_bracketed = text.len > 0 && text.ptr[0] == '[';
    struct sluice_str host;
    enum sluice_err err;
    size_t colon;
    int port;

    for (colon = text.len; colon > 0 && text.ptr[colon - 1] != ':'; colon--)
        continue;
    if (colon == 0)
        return refuse(why, SLUICE_EINVAL,
            "expected host:port, [address]:port or unix:/path");
    host = sluice_str_n(text.ptr, colon - 1);
    err = parse_port(sluice_str_n(text.ptr + colon, text.len - colon), &port,
        why);
    if (err != SLUICE_OK)
        return err;
    if (is_bracketed) {
        if (host.len < 2 || host.ptr[host.len - 1] != ']')
            return refuse(why, SLUICE_EINVAL, "\"[\" without \"]\"");
        host = sluice_str_n(host.ptr + 1, host.len - 2);
    }
    return parse_host(l, host, is_bracketed, port, why);
}

static enum sluice_err
parse(struct rpc_grpc_listener *l, struct sluice_str text, const char **why)
{
    static const char unix_[] = "unix:";
    size_t n = sizeof(unix_) - 1;

    if (text.ptr != NULL && text.len >= n && memcmp(text.ptr, unix_, n) == 0)
        return parse_unix(l, sluice_str_n(text.ptr + n, text.len - n), why);
    return parse_tcp(l, text, why);
}

/* ------------------------------------------------------------- listening */

static void
on_connection(uv_stream_t *stream, int status)
{
    struct rpc_grpc_listener *l = stream->data;
    struct sluice_grpc_server *server = l->server;
    struct rpc_grpc_socket *socket;

    if (status != 0)
        return; /* libuv tries again */
    socket = rpc_grpc_socket_new(server->loop, is_unix(l), &server->hold);
    if (socket == NULL) {
        /* libuv reports no other connection until this one is accepted. */
        sluice_timer_start(server->loop, &l->again,
            sluice_loop_now(server->loop) + (uint64_t)AGAIN);
        return;
    }
    if (uv_accept(stream, &socket->uv.stream) != 0)
        rpc_grpc_socket_close(&socket, NULL, NULL);
    else
        rpc_grpc_server_connected(server, socket);
}

static void
on_again(struct sluice_timer *timer)
{
    struct rpc_grpc_listener *l =
        RPC_CONTAINER_OF(timer, struct rpc_grpc_listener, again);

    on_connection(&l->socket->uv.stream, 0);
}

/* Whether a socket file is there that nobody listens on. */
static bool
is_stale(const struct sockaddr_un *un)
{
    struct stat st;
    bool is_refused;
    int fd;

    if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    is_refused = connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
        errno == ECONNREFUSED;
    (void)close(fd);
    return is_refused;
}

static int
bind_to(struct rpc_grpc_listener *l)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&l->address;

    if (!is_unix(l))
        return uv_tcp_bind(&l->socket->uv.tcp,
            (const struct sockaddr *)&l->address, 0);
    if (is_stale(un))
        (void)unlink(un->sun_path);
    return uv_pipe_bind(&l->socket->uv.pipe, un->sun_path);
}

static const char *
reason_of(int error)
{
    switch (error) {
    case UV_EADDRINUSE:
        return "the address is in use";
    case UV_EADDRNOTAVAIL:
        return "the address is not one of this machine";
    case UV_EACCES:
        return "the system does not permit it";
    case UV_ENOENT:
        return "the folder of the unix socket does not exist";
    default:
        return "the system refused";
    }
}

static void
note_port(struct rpc_grpc_listener *l)
{
    struct sockaddr_storage a;
    int len = sizeof(a);

    if (is_unix(l) ||
        uv_tcp_getsockname(&l->socket->uv.tcp, (struct sockaddr *)&a, &len) !=
            0)
        return;
    if (a.ss_family == AF_INET6)
        l->port = ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
    else
        l->port = ntohs(((struct sockaddr_in *)&a)->sin_port);
}

static void
on_socket_closed(void *arg)
{
    free(arg);
}

enum sluice_err
rpc_grpc_listener_new(struct sluice_grpc_server *server,
    struct sluice_str address, const char **why)
{
    struct rpc_grpc_listener *l = calloc(1, sizeof(*l));
    enum sluice_err err = SLUICE_ENOMEM;
    int rc;

    *why = "memory is short";
    if (l == NULL)
        return err;
    l->server = server;
    l->again.expire = on_again;
    err = parse(l, address, why);
    if (err == SLUICE_OK) {
        l->socket =
            rpc_grpc_socket_new(server->loop, is_unix(l), &server->hold);
        if (l->socket == NULL)
            err = refuse(why, SLUICE_ENOMEM, "memory is short");
    }
    if (err != SLUICE_OK) {
        free(l);
        return err;
    }
    l->socket->uv.handle.data = l;
    rc = bind_to(l);
    if (rc == 0)
        rc = uv_listen(&l->socket->uv.stream, BACKLOG, on_connection);
    if (rc != 0) {
        rpc_grpc_socket_close(&l->socket, on_socket_closed, l);
        return refuse(why, SLUICE_ESTATE, reason_of(rc));
    }
    note_port(l);
    TAILQ_INSERT_TAIL(&server->listeners, l, link);
    return SLUICE_OK;
}

unsigned
rpc_grpc_listeners_port(const struct rpc_grpc_listeners *listeners, size_t i)
{
    const struct rpc_grpc_listener *l;

    TAILQ_FOREACH(l, listeners, link)
    if (i-- == 0)
        return l->port;
    return 0;
}

/* libuv removes the file of a unix socket. */
void
rpc_grpc_listeners_close(struct rpc_grpc_listeners *listeners)
{
    struct rpc_grpc_listener *l;

    while ((l = TAILQ_FIRST(listeners)) != NULL) {
        TAILQ_REMOVE(listeners, l, link);
        sluice_timer_stop(l->server->loop, &l->again);
        rpc_grpc_socket_close(&l->socket, on_socket_closed, l);
    }
}
