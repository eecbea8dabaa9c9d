/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/early.h - an answer while the body of its request is still coming.
 *
 * MHD takes an answer before a body or after it, not between; and who waits for
 * the rest of a body may wait for ever. So such an answer is written to the
 * socket here, where MHD has nothing of its own to write. Our side is
 * closed then, and what still comes is thrown away for a moment: a socket that
 * is closed over bytes nobody has read would be reset, and the answer with it.
 *
 * Where not even a head has come, or nobody is to read one, the answer is a bare
 * Status: which protocol would be spoken nobody knows.
 *
 * Thread      The worker's.
 */
#ifndef GW_EARLY_H
#define GW_EARLY_H

#include "gateway/exchange.h"
#include "gateway/status_json.h"

/* An answer is ready, the body is not complete, and no such answer went out. */
bool gw_early_is_due(const struct gw_exchange *x);

/* Sends it, or begins to: then the connection's timer goes on with it. False:
 * the client does not take it, so there is nothing to wait for. */
bool gw_early_answer(struct gw_exchange *x);

/* It waits for room in the socket. */
bool gw_early_is_on_its_way(const struct gw_exchange *x);
bool gw_early_go_on(struct gw_exchange *x); /* the same result */

/* Sends a Status to who has no exchange; the connection is to be closed. False:
 * the client does not take it. */
bool gw_early_refuse(struct gw_worker *w, int fd,
    const struct gw_status *status);

#endif
