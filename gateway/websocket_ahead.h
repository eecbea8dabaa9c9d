/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_ahead.h - the pings and the Close in bytes of a client whose
 * turn has not come: a message before them waits until the service takes it,
 * and they must not. No I/O.
 *
 * All bytes pass by here as they arrive, so that it is known where frames
 * begin. Payloads of data are skipped. What breaks the protocol ends the search
 * and is told of when its turn comes (websocket_frames.h).
 */
#ifndef GW_WEBSOCKET_AHEAD_H
#define GW_WEBSOCKET_AHEAD_H

#include "gateway/websocket_frames.h"

/* Zero-initialised: nothing has come. */
struct gw_ws_ahead {
    bool is_lost;     /* it made no sense */
    bool has_close;   /* nothing counts after it */
    uint16_t code;    /* of the Close */
    unsigned n_pings; /* for the reader to count down as their turn comes */
    uint64_t n_left;  /* of the payload that is passing */
    uint8_t n_head;
    uint8_t n_control;
    uint8_t n_ping; /* of the newest ping's payload */
    uint8_t head[GW_WS_HEAD_MAX];
    uint8_t control[GW_WS_CONTROL_MAX];
    uint8_t ping[GW_WS_CONTROL_MAX];
};

/* These bytes came. */
void gw_ws_ahead_feed(struct gw_ws_ahead *a, const uint8_t *data, size_t len);

#endif
