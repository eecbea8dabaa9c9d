/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/address.c - see address.h. */
#include "gateway/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/log.h"

#define BACKLOG 1024

#define KEEPALIVE_IDLE_SECONDS 60
#define KEEPALIVE_INTERVAL_SECONDS 10
#define KEEPALIVE_PROBES 3

static const char *
parse_unix(struct gw_address *a, const char *path)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&a->storage;

    if (path[0] == '\0')
        return "a path is missing after unix:";
    if (strlen(path) >= sizeof un->sun_path)
        return "the path of the unix socket is too long";
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path) + 1);
    a->len = sizeof *un;
    return NULL;
}

static bool
parse_port(const char *text, in_port_t *port)
{
    char *end;
    unsigned long v;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    v = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || v > 65535)
        return false;
    *port = htons((in_port_t)v);
    return true;
}

static const char *
parse_v6(struct gw_address *a, const char *text)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->storage;
    const char *close = strchr(text, ']');
    char host[INET6_ADDRSTRLEN];
    size_t len;

    if (close == NULL || close[1] != ':')
        return "expected [address]:port";
    len = (size_t)(close - text) - 1;
    if (len >= sizeof host)
        return "not an IPv6 address";
    memcpy(host, text + 1, len);
    host[len] = '\0';
    in6->sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
        return "not an IPv6 address";
    if (!parse_port(close + 2, &in6->sin6_port))
        return "expected a port from 0 to 65535";
    a->len = sizeof *in6;
    return NULL;
}

static const char *
parse_v4(struct gw_address *a, const char *text)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&a->storage;
    const char *colon = strrchr(text, ':');
    char host[64];
    size_t len;

    if (colon == NULL)
        return "expected host:port, [v6]:port or unix:/path";
    len = (size_t)(colon - text);
    if (len >= sizeof host)
        return "not an IPv4 address";
    memcpy(host, text, len);
    host[len] = '\0';
    if (len == 0)
        memcpy(host, "0.0.0.0", sizeof "0.0.0.0");
    else if (strcmp(host, "localhost") == 0)
        memcpy(host, "127.0.0.1", sizeof "127.0.0.1");
    in->sin_family = AF_INET;
    if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
        return "expected a numeric address or localhost";
    if (!parse_port(colon + 1, &in->sin_port))
        return "expected a port from 0 to 65535";
    a->len = sizeof *in;
    return NULL;
}

const char *
gw_address_parse(struct gw_address *a, const char *text)
{
    *a = (struct gw_address){ 0 };
    if (strlen(text) >= sizeof a->text)
        return "an address of under 128 characters was expected";
    memcpy(a->text, text, strlen(text) + 1);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(a, text + 5);
    if (text[0] == '[')
        return parse_v6(a, text);
    return parse_v4(a, text);
}

void
gw_address_host(const struct sockaddr *sa, char *out)
{
    const void *addr = NULL;

    if (sa->sa_family == AF_INET)
        addr = &((const struct sockaddr_in *)sa)->sin_addr;
    else if (sa->sa_family == AF_INET6)
        addr = &((const struct sockaddr_in6 *)sa)->sin6_addr;
    if (addr == NULL || inet_ntop(sa->sa_family, addr, out, 64) == NULL)
        memcpy(out, "unix", 5);
}

static unsigned
port_of(const struct gw_address *a)
{
    if (a->storage.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&a->storage)->sin_port);
    return ntohs(((const struct sockaddr_in6 *)&a->storage)->sin6_port);
}

void
gw_address_print(const struct gw_address *a)
{
    char host[64];

    if (a->storage.ss_family == AF_UNIX) {
        gw_log("listening on %s", a->text);
        return;
    }
    gw_address_host((const struct sockaddr *)&a->storage, host);
    gw_log(a->storage.ss_family == AF_INET6 ? "listening on http://[%s]:%u"
                                            : "listening on http://%s:%u",
        host, port_of(a));
}

static bool
is_listened_on(const struct gw_address *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_refused = fd >= 0 &&
        connect(fd, (const struct sockaddr *)&a->storage, a->len) < 0 &&
        errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return !is_refused;
}

/* A socket file left by a process that is gone is in the way; one that lives
 * stays, and anything that is not a socket. */
static void
remove_stale_socket(const struct gw_address *a)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&a->storage;
    struct stat st;

    if (a->storage.ss_family == AF_UNIX && stat(un->sun_path, &st) == 0 &&
        S_ISSOCK(st.st_mode) && !is_listened_on(a))
        unlink(un->sun_path);
}

void
gw_address_cleanup(const struct gw_address *a)
{
    remove_stale_socket(a);
}

static void
set_options(int fd, const struct gw_address *a)
{
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->storage.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
}

/* Accepted sockets have these from the listening one. A client that vanished
 * without a word, its machine or the way to it gone, is noticed on a connection
 * that is silent on both sides, and what it waited for is cancelled. */
static void
ask_silent_peers(int fd)
{
    int on = 1;
    int idle = KEEPALIVE_IDLE_SECONDS;
    int interval = KEEPALIVE_INTERVAL_SECONDS;
    int probes = KEEPALIVE_PROBES;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

bool
gw_address_is_free(const struct gw_address *a)
{
    bool is_free;
    int saved;
    int fd;

    if (a->storage.ss_family == AF_UNIX || port_of(a) == 0)
        return true;
    fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    set_options(fd, a);
    is_free = bind(fd, (const struct sockaddr *)&a->storage, a->len) == 0;
    saved = errno;
    close(fd);
    errno = saved;
    return is_free;
}

int
gw_address_listen(const struct gw_address *a)
{
    int fd = socket(a->storage.ss_family,
        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int saved;

    if (fd < 0)
        return -1;
    if (a->storage.ss_family != AF_UNIX) {
        set_options(fd, a);
        ask_silent_peers(fd);
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
            goto out;
    }
    remove_stale_socket(a);
    if (bind(fd, (const struct sockaddr *)&a->storage, a->len) < 0 ||
        listen(fd, BACKLOG) < 0)
        goto out;
    return fd;

out:
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}
