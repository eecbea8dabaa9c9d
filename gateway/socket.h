/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/socket.h - what only the kernel knows about a connection. A file of
 * its own, because the kernel's struct tcp_info and libc's have one name.
 */
#ifndef GW_SOCKET_H
#define GW_SOCKET_H

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
