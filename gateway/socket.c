/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/socket.c - see socket.h. */
#include "gateway/socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

ssize_t
gw_socket_send(int fd, const void *data, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t n = send(fd, (const char *)data + at, len - at,
            MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
            at += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)at;
}

/* As recv() of one byte, which stays there. */
static ssize_t
peek(int fd)
{
    char byte;
    ssize_t n;

    do {
        n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
}

bool
gw_socket_is_at_end(int fd)
{
    return peek(fd) == 0;
}

short
gw_socket_events(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    int n;

    do {
        n = poll(&p, 1, 0);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? p.revents : 0;
}

/* Bytes that are waiting, or that none are, but may come. */
static bool
is_peer_there(int fd)
{
    ssize_t n = peek(fd);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

enum gw_socket_past
gw_socket_past(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    bool is_tcp = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
        len >= offsetof(struct tcp_info, tcpi_bytes_sent) +
                sizeof info.tcpi_bytes_sent;

    if (is_tcp && info.tcpi_bytes_sent > 0)
        return GW_SOCKET_ANSWERED;
    if (!is_peer_there(fd))
        return GW_SOCKET_ENDED_THERE;
    return is_tcp ? GW_SOCKET_UNANSWERED : GW_SOCKET_ENDED_HERE;
}
