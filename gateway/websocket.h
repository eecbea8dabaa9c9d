/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket.h - one RPC over a WebSocket (docs/websocket.md).
 *
 * The exchange stays what it is: the owner of the request, of the RPC and of
 * the line in the access log. When MHD has sent the 101 the socket is driven
 * here, and MHD, for which the connection is suspended from then on, only keeps
 * it open. The end here is the end of the answer there: MHD then says that the
 * request is complete, and the exchange goes its usual way.
 *
 * Both directions are bounded. The next message is not read before the service
 * has granted it; no response is granted while more than a constant waits for
 * the client. Control frames are answered meanwhile, as far as they can be
 * reached.
 *
 * Thread      The worker's.
 */
#ifndef GW_WEBSOCKET_H
#define GW_WEBSOCKET_H

#include "gateway/exchange.h"
#include "gateway/status_json.h"

struct gw_websocket;

/* A good handshake for a known route: makes x->websocket, or the answer that
 * refuses it ready. */
void gw_websocket_begin(struct gw_exchange *x);

/* All else in the head is good, too: the answer is a 101. */
void gw_websocket_accept(struct gw_exchange *x);

/* Gives it to MHD. MHD_NO: the connection is to be closed. */
enum MHD_Result gw_websocket_queue(struct gw_exchange *x);

/* True from the 101 on: errors are told in frames. */
bool gw_websocket_is_open(const struct gw_websocket *ws);

/* Tells the client an error and closes; the first one counts. status is
 * borrowed. */
void gw_websocket_fail(struct gw_websocket *ws, const char *outcome,
    const struct gw_status *status);

/* The worker drains: one without an RPC is closed at once. */
void gw_websocket_drain(struct gw_websocket *ws);

/* With the exchange. *ws may be NULL. */
void gw_websocket_free(struct gw_websocket **ws);

#endif
