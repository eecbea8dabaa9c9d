/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/call.h - the RPC of an exchange: its start, its requests, what
 * comes back and how that reaches the client, in the form the exchange has.
 */
#ifndef GW_CALL_H
#define GW_CALL_H

#include "gateway/exchange.h"

/* Starts the RPC; request is taken, NULL for a request stream. A failure makes
 * the answer ready. */
void gw_call_start(struct gw_exchange *x, struct sluice_bytes *request);

/* The same with another receiver, whose arg is x's. Who receives tells the
 * exchange of the end (gw_exchange_called()). */
void gw_call_start_for(struct gw_exchange *x, struct sluice_bytes *request,
    const struct sluice_receiver *receiver);

/* A response cannot be written: makes that the answer. */
void gw_call_unshowable(struct gw_exchange *x, enum pb_err err);

/* One message of a request stream. Taken. Small ones may come ahead of what the
 * RPC asks for as long as there is room for them. */
void gw_call_request(struct gw_exchange *x, struct sluice_bytes *request);
bool gw_call_has_room(const struct gw_exchange *x);
/* All that came ahead has gone; who had no room is best let on now. */
bool gw_call_is_waited_for(const struct gw_exchange *x);
void gw_call_half_close(struct gw_exchange *x);

/* The request is wrong, and the answer to that is ready: it stays, and the RPC,
 * if there is one, is cancelled. */
void gw_call_give_up(struct gw_exchange *x);

/* While the exchange waits (pulse.h): the head of a stream goes out; service and
 * client no longer wait for each other; or a heartbeat of its form. */
void gw_call_show_head(struct gw_exchange *x);
void gw_call_disentangle(struct gw_exchange *x);
void gw_call_beat(struct gw_exchange *x);

/* While the exchange waits: what a stream can do without as long as nothing
 * happens is given back. */
void gw_call_rest(struct gw_exchange *x);

/* MHD wants bytes of a stream: how many were put in buf; 0: none now, the
 * exchange waits; or MHD_CONTENT_READER_END_OF_STREAM. */
ssize_t gw_call_read(struct gw_exchange *x, char *buf, size_t max);

#endif
