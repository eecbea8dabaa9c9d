/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/http_body.h - bodies that are not JSON: what a client sends becomes
 * the data of a google.api.HttpBody, what such a message holds becomes the
 * answer (routes/http_body.h says where).
 *
 * A unary request is put together around the data where that has arrived. Of a
 * request stream each piece that arrives is a message, sent when the service
 * takes it; the first has the content type and what path and query give, and is
 * sent even if no data comes at all. A unary answer is a part of the response's
 * own bytes. A response stream is all data in a row under the first message's
 * content type; when it fails it just breaks, for there is no room in it for a
 * Status.
 */
#ifndef GW_HTTP_BODY_H
#define GW_HTTP_BODY_H

#include "gateway/front.h"

/* What an HttpBody is that does not say. */
#define GW_HTTP_BODY_TYPE "application/octet-stream"

/* The most data in one message of a request stream. */
#define GW_HTTP_BODY_PIECE (64u * 1024)

/* What the head of r says of the body: its type, no data yet. */
struct route_http_body gw_http_body_of(const struct gw_request *r);

/* How much of len bytes goes into one message of a request stream, of at most
 * max bytes of which others take bound; 0: not even one. */
size_t gw_http_body_piece(const struct route_binding *b,
    struct route_http_body body, size_t bound, size_t max);

/* ---- For bindings that take one, or give one -------------------------------- */

/* Makes the exchange ready for gw_intake_http_body, or the answer. */
void gw_http_body_begin(struct gw_exchange *x);

/* A failure where bytes are given: JSON, or after the head of a stream nothing
 * at all. */
void gw_http_body_fail(struct gw_exchange *x, const struct gw_status *status);

extern const struct gw_intake gw_intake_http_body;
extern const struct gw_form gw_form_http_body;
extern const struct gw_form gw_form_http_body_stream;

#endif
