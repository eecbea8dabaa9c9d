/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/address.h - where the gateway listens: "host:port", "[v6]:port" or
 * "unix:/path", parsed once.
 */
#ifndef GW_ADDRESS_H
#define GW_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct gw_address {
    struct sockaddr_storage storage;
    socklen_t len;
    char text[128]; /* as written */
};

/* host must be a numeric address, "localhost" or empty (every address). NULL
 * when good, else what is wrong. */
const char *gw_address_parse(struct gw_address *a, const char *text);

/* The peer's address without its port; "unix" for a local one. out has 64
 * bytes. */
void gw_address_host(const struct sockaddr *sa, char *out);

/* "listening on http://127.0.0.1:8080" on stderr, with the port in use. */
void gw_address_print(const struct gw_address *a);

/* Removes the file of a unix socket that is closed: another process may listen
 * on the path by now, and keeps it. */
void gw_address_cleanup(const struct gw_address *a);

/* False and errno when somebody else listens there already: SO_REUSEPORT lets
 * gw_address_listen() succeed beside another process of the same user. Unix
 * sockets and port 0 are always free. */
bool gw_address_is_free(const struct gw_address *a);

/* A listening, non-blocking socket with SO_REUSEPORT. -1 and errno. A unix
 * socket takes the place of one that a process left behind, not of one that is
 * listened on, nor of another file. */
int gw_address_listen(const struct gw_address *a);

#endif
