/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket.h - one RPC over a WebSocket (docs/websocket.md).
 *
 * The exchange stays what it is: the owner of the request, of the RPC and of
 * the line in the access log. When MHD has sent the 101 the socket is driven
 * here, by a descriptor of our own, and MHD closes its one: it would keep 9 KiB
 * for every WebSocket, and walk over all of them whenever it resumes another
 * connection. MHD then says that the request is complete, which counts for
 * nothing any more: the exchange ends when the WebSocket does.
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

struct gw_websocket;

/* Gives the 101 to MHD. MHD_NO: the connection is to be closed. */
enum MHD_Result gw_websocket_queue(struct gw_exchange *x);

/* The worker drains: one without an RPC is closed at once. */
void gw_websocket_drain(struct gw_websocket *ws);

/* With the exchange. *ws may be NULL. */
void gw_websocket_free(struct gw_websocket **ws);

#endif
