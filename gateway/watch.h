/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/watch.h - noticing that the client of a long call has gone.
 *
 * MHD does not look at a suspended connection. When a call has been pending for
 * some milliseconds its socket is watched for the peer's end. Fast calls never
 * get that far: a watch costs two system calls.
 *
 * A peer that has closed and one that has merely finished sending (shutdown of
 * one direction) look the same: both sent a FIN. Only a written byte tells them
 * apart. So an unanswered request is probed with an interim "100 Continue",
 * which every HTTP/1.1 client skips: a closed socket answers with a reset. Who
 * bears it may leave later, so the probe is repeated. On a stream that has
 * begun, and for HTTP/1.0, a FIN counts as gone.
 */
#ifndef GW_WATCH_H
#define GW_WATCH_H

struct gw_exchange;

void gw_watch_init(struct gw_exchange *x);

/* The connection was suspended, and is going to be resumed. */
void gw_watch_start(struct gw_exchange *x);
void gw_watch_stop(struct gw_exchange *x);

#endif
