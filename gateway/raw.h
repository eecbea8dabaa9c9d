/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/raw.h - RPCs without a schema (route_rpc.is_raw): the body is the
 * payload and the payload the answer, byte for byte.
 *
 * A unary request is the whole body. Of a request stream each piece that
 * arrives is a message, sent when the service takes it; an empty body is a
 * stream without messages. A response stream is all messages in a row, and just
 * breaks when it fails, for there is no room in it for a Status.
 */
#ifndef GW_RAW_H
#define GW_RAW_H

#include "gateway/front.h"

/* How much of len bytes goes into one message of a request stream, where none
 * may have more than max. */
size_t gw_raw_piece(size_t len, size_t max);

extern const struct gw_intake gw_intake_raw;
extern const struct gw_form gw_form_raw;
extern const struct gw_form gw_form_raw_stream;

#endif
