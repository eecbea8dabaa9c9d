/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/refusal.h - the access lines of requests that libmicrohttpd refuses
 * by itself, before there is an exchange.
 *
 * What MHD cannot parse it answers without asking us, or not at all, and
 * closes. From the request line on there is an exchange, and MHD tells its
 * status in the end. Before that MHD says what it does to somebody in a message
 * for its log only, and not to whom. But of a connection that never brought a
 * request the socket tells: if something was sent to it, it was refused; if
 * nothing was, and the peer is still there, MHD has ended it. So a message and
 * the end of such a connection make a line. Of others nothing can be told, nor
 * of one that lingers: their lines say remote="-".
 *
 * Every refusal has one line. When some in one turn differ in their statuses,
 * these may have changed places.
 */
#ifndef GW_REFUSAL_H
#define GW_REFUSAL_H

#include <stdarg.h>

struct gw_connection;
struct gw_worker;

#define GW_REFUSALS_MAX 64u

/* Of one MHD daemon. */
struct gw_refusals {
    struct gw_worker *worker;
    unsigned statuses[GW_REFUSALS_MAX]; /* without a line yet, oldest first;
                                           0: closed without an answer */
    unsigned n;
};

/* MHD's logger; cls is the refusals. */
void gw_refusals_on_message(void *cls, const char *format, va_list ap);

/* A refusal with this status is known to an exchange, which writes the line. */
void gw_refusals_take(struct gw_refusals *r, unsigned status);

/* MHD is about to close the connection's socket, and no request is on it. */
void gw_refusals_on_closed(struct gw_refusals *r,
    const struct gw_connection *c);

/* MHD has nothing left to do: refusals that no connection accounts for. */
void gw_refusals_settle(struct gw_refusals *r);

#endif
