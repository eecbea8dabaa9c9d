/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/pulse.h - what a stream sends when its service says nothing.
 *
 * The head of a stream goes out with the service's initial metadata or its
 * first message, so that a call that fails at once has its HTTP status. When
 * neither comes for a while the head goes alone: the client learns that it is
 * connected, and proxies on the way that there is an answer. After that a form
 * may have heartbeats, for those who take silence for death. A stream that has
 * been silent for a second gives back what it can do without until something is
 * said: most of those that are held for long say little.
 *
 * Responses of a conversation wait until the requests have ended, up to a bound.
 * A service that wants them read before it takes more is told that this is not
 * to be.
 */
#ifndef GW_PULSE_H
#define GW_PULSE_H

struct gw_exchange;

void gw_pulse_init(struct gw_exchange *x);

/* The connection was suspended. Nothing happens for what has no pulse. */
void gw_pulse_start(struct gw_exchange *x);

/* MHD is done with the exchange. */
void gw_pulse_stop(struct gw_exchange *x);

#endif
