/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/reply.h - making up answers: errors as google.rpc.Status in JSON, the
 * tables that turn Abortions into HTTP (docs/design.md section 6), metadata
 * into headers, and the hand-over to MHD.
 */
#ifndef GW_REPLY_H
#define GW_REPLY_H

#include "gateway/exchange.h"

/* An error of the gateway's own. The first answer that is ready stays. outcome
 * is for the log: what refused, in one word or two. */
void gw_reply_error(struct gw_exchange *x, unsigned http, int code,
    const char *outcome, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Bad input, with a BadRequest detail naming the field, and the place in the
 * body when there is one. what is "body", "path or query", or a header. */
void gw_reply_bad_input(struct gw_exchange *x, const char *what,
    const struct pb_error *error);

/* The same of the header that the request was found to be wrong in. */
void gw_reply_bad_header(struct gw_exchange *x);

/* The same, with a status of HTTP of its own. */
void gw_reply_bad_field(struct gw_exchange *x, unsigned http,
    const char *outcome, const char *field, const char *description);

/* The RPC ended otherwise than by completing with code 0. */
void gw_reply_abortion(struct gw_exchange *x,
    const struct sluice_abortion *abortion);

/* We are going to stop, and it cannot be finished. */
void gw_reply_shutdown(struct gw_exchange *x);

/* There are more connections than there may be, or can be, and this is one too
 * many. */
void gw_reply_overload(struct gw_exchange *x);

/* 200 with a whole body. Takes body. */
void gw_reply_ok(struct gw_exchange *x, struct sluice_bytes *body);

/* 200 with a chunked body that x->out feeds. */
void gw_reply_stream(struct gw_exchange *x, const char *content_type);

/* For forms (front.h): what b has is the answer to a failure; or, when a stream
 * has begun, what closes it, and http and content_type are of no account. Takes
 * what is in b. err: what came of writing it. Where memory was short for that,
 * the client is told by the end of its connection; of what was too long it gets
 * nothing but the HTTP status. */
void gw_reply_failed(struct gw_exchange *x, unsigned http,
    const char *content_type, struct gw_buffer *b, enum pb_err err);

/* Room for an error document: a message of some KiB and details may come from
 * upstream; what is longer is cut where it is taken. */
#define GW_ERROR_MAX_BYTES (256u * 1024)

/* The headers of the answer, and of its metadata. False: memory is short. */
bool gw_reply_add_headers(struct gw_exchange *x, struct MHD_Response *response);

/* Whether its body goes out behind its head: not to HEAD, and not with a status
 * that has none (RFC 9110 sections 9.3.2, 15.3.5, 15.4.5). */
bool gw_reply_sends_body(const struct gw_exchange *x);

/* Gives the answer to MHD. MHD_NO: the connection is to be closed. */
enum MHD_Result gw_reply_queue(struct gw_exchange *x);

#endif
