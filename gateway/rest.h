/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest.h - the REST/JSON front protocol: routes by google.api.http,
 * JSON bodies, whole JSON answers for unary responses and a form by Accept for
 * streams.
 *
 * A request stream is JSON values one after the other (NDJSON or merely
 * concatenated) or the elements of one array; each goes upstream as it is
 * complete, and the client is held back when the service has granted nothing
 * more. Path and query apply to the first message.
 */
#ifndef GW_REST_H
#define GW_REST_H

#include "gateway/exchange.h"

/* Wire format that path and query may become. */
#define GW_BOUND_MAX_BYTES (256u * 1024)

/* Why a body is refused; the first two with max_request_message. */
#define GW_BODY_OVER_LIMIT "the body is over the limit of %zu bytes"
#define GW_MESSAGE_OVER_LIMIT \
    "the request message is over the limit of %zu bytes"
#define GW_BAD_HEADER "invalid header %s: %s"
#define GW_NO_BODY_TAKEN "this route takes no body"

/* ---- For protocols that take the same messages --------------------------- */

/* Takes what path and query say of the first message. False: it was wrong, and
 * the answer is ready. */
bool gw_rest_bind(struct gw_exchange *x);

/* Sets x->reader on a JSON value that the binding's body stands for. */
void gw_rest_start_value(struct gw_exchange *x);

/* The message in x->message with what path and query give, for upstream; NULL:
 * the answer, an error, is ready. */
struct sluice_bytes *gw_rest_take_message(struct gw_exchange *x);

#endif
