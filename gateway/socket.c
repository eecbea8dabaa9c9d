/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/socket.c - see socket.h. */
#include "gateway/socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Bytes that are waiting, or that none are, but may come. */
static bool
is_peer_there(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

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
