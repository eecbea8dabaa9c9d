/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/connect.h - the Connect protocol, version 1: unary calls as bare
 * messages by POST, or by GET for methods without side effects; streams in
 * envelopes (connectrpc.com, "Connect Protocol").
 */
#ifndef GW_CONNECT_H
#define GW_CONNECT_H

#include "gateway/front.h"

/* A GET with the parameter connect, or with both encoding and message. */
bool gw_connect_is_get(const struct gw_request *r);

/* Whether a GET may bring a request of this method. */
bool gw_connect_takes_get(const struct route_rpc *rpc);

/* ---- Its parts -------------------------------------------------------------- */

/* connect_forms.c: unary, one response of a request stream, and a stream. */
extern const struct gw_form gw_connect_form_unary;
extern const struct gw_form gw_connect_form_streaming;
extern const struct gw_form gw_connect_form_stream;

/* connect_get.c: the request that a query holds, as x->payload; or the
 * answer. */
void gw_connect_read_query(struct gw_exchange *x);

/* connect_error.c: appends the JSON of a failure. */
enum pb_err gw_connect_put_error(struct gw_exchange *x,
    const struct gw_status *status, struct pb_buf *out);

#endif
