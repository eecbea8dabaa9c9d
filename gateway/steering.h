/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/steering.h - the headers of a request that steer the gateway, rather
 * than go to the service: what the body is, how the answer is to look, how long
 * it may take.
 */
#ifndef GW_STEERING_H
#define GW_STEERING_H

#include "gateway/request.h"

/* Reads one header into r; those that are lists may come in several lines.
 * false: it is none of them, or one that may be metadata as well. */
bool gw_steering_read(struct gw_request *r, struct sluice_str name,
    struct sluice_str value);

/* What gw_steering_read() would return. */
bool gw_steering_is(struct sluice_str name);

/* One more limit of time, as "X-Server-Timeout: SECONDS" would give it. An
 * error is in bad_header, under name. */
void gw_steering_limit_time(struct gw_request *r, const char *name,
    struct sluice_str seconds);

#endif
