/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/socket.h - what is done on the sockets of MHD's clients behind its
 * back, without ever waiting: a look, and the few answers that it cannot give.
 * Interrupted calls are made again. A file of its own, because the kernel's
 * struct tcp_info and libc's have one name.
 */
#ifndef GW_SOCKET_H
#define GW_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Sends what the socket takes now; how much that was, -1 when it is broken. */
ssize_t gw_socket_send(int fd, const void *data, size_t len);

/* The peer has sent its last byte, and all of them were read. */
bool gw_socket_is_at_end(int fd);

/* Which of these events of poll() are there now, and POLLERR and POLLHUP. */
short gw_socket_events(int fd, short events);

/* Of a connection that has ended, as far as its socket tells. */
enum gw_socket_past {
    GW_SOCKET_ANSWERED,    /* something was sent to the peer */
    GW_SOCKET_UNANSWERED,  /* nothing was, and the peer would still listen */
    GW_SOCKET_ENDED_HERE,  /* not TCP: the peer is still there */
    GW_SOCKET_ENDED_THERE, /* the peer has gone or said its last */
};

/* fd is still open here; what it could still be read is left there. */
enum gw_socket_past gw_socket_past(int fd);

#endif
