/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/listener.h - one listening socket of one worker: accepts in bounded
 * batches, refuses far beyond the connection limit, and rests for a moment when the
 * process has run out of descriptors instead of spinning.
 */
#ifndef GW_LISTENER_H
#define GW_LISTENER_H

#include <stdbool.h>
#include <uv.h>

#include <sluice/loop.h>

struct gw_worker;

struct gw_listener {
    struct gw_worker *worker;
    int fd;
    bool is_open;
    uv_poll_t poll;
    struct sluice_timer rest;
};

/* Takes fd. false when libuv refuses it (fd is closed then). */
bool gw_listener_init(struct gw_listener *l, struct gw_worker *w, int fd);

/* Idempotent. The handle is gone after the next turn of the loop. */
void gw_listener_close(struct gw_listener *l);

#endif
