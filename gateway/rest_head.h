/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_head.h - what the head of a request decides by itself: its
 * route, or the answer.
 */
#ifndef GW_REST_HEAD_H
#define GW_REST_HEAD_H

#include "gateway/exchange.h"

/* Sets match, binding and rpc. False: the answer is ready. */
bool gw_rest_head(struct gw_exchange *x);

#endif
