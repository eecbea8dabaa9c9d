/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/watch.h - noticing that the client of a long call has gone.
 *
 * MHD does not look at a suspended connection, nor whether one that it cannot
 * write to has ended. When a call has been pending for 40 ms its socket is
 * watched for the peer's end. Calls of everyday never get that far, not even in
 * a gateway that has all it can do: a watch costs several system calls.
 *
 * A peer that has closed and one that has merely finished sending (shutdown of
 * one direction) look the same: both sent a FIN. Only a written byte tells them
 * apart: a closed socket answers it with a reset. So an unanswered request is
 * probed with an interim "100 Continue", which every HTTP/1.1 client skips; again
 * and again, since who bears it may leave later. A stream that begins after the
 * FIN is probed by its own head and messages. On one that had begun before, and
 * for HTTP/1.0, a FIN counts as gone.
 */
#ifndef GW_WATCH_H
#define GW_WATCH_H

struct gw_connection;
struct gw_exchange;

/* The timer is the connection's, and serves one exchange after the other. */
void gw_watch_init(struct gw_connection *c);
void gw_watch_fini(struct gw_connection *c);

/* Nothing is to be written until the call goes on (the connection was
 * suspended), or nothing can be, as the client takes nothing; and the end of
 * that. */
void gw_watch_start(struct gw_exchange *x);
void gw_watch_stop(struct gw_exchange *x);

/* A stream is about to begin: its client may have finished sending by now. */
void gw_watch_head(struct gw_exchange *x);

#endif
