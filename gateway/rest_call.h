/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_call.h - the RPC of a REST/JSON exchange: its start, what comes
 * back, and the text that makes of it.
 */
#ifndef GW_REST_CALL_H
#define GW_REST_CALL_H

#include "gateway/exchange.h"

/* Starts the RPC; request is taken, NULL for a request stream. A failure makes
 * the answer ready. */
void gw_rest_call_start(struct gw_exchange *x, struct sluice_bytes *request);

/* The same with another receiver, whose arg is x's. Who receives tells the
 * exchange of the end (gw_exchange_called()). */
void gw_rest_call_start_for(struct gw_exchange *x, struct sluice_bytes *request,
    const struct sluice_receiver *receiver);

/* A response cannot be made JSON: makes that the answer. */
void gw_rest_call_unshowable(struct gw_exchange *x, enum pb_err err);

/* One message of a request stream. Taken. */
void gw_rest_call_request(struct gw_exchange *x, struct sluice_bytes *request);
bool gw_rest_call_has_room(const struct gw_exchange *x);
void gw_rest_call_half_close(struct gw_exchange *x);

#endif
