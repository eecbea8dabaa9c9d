/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/http_body.h - google.api.HttpBody: a message that stands for a body as
 * it is, some bytes and their content type.
 *
 * Where the body of a binding is such a message, or the one that its answer
 * shows, nothing is JSON: the HTTP body is the field data, byte for byte. The
 * wire format around the data is so small that the data itself never moves:
 * before it stands a head, whose size depends on the size of the data and which
 * can be written last, and after it, for a field that is coded as a group, its
 * end.
 */
#ifndef ROUTE_HTTP_BODY_H
#define ROUTE_HTTP_BODY_H

#include "routes/table.h"

/* The number of its field data. */
#define ROUTE_HTTP_BODY_DATA 2u

/* What an HttpBody holds; the bytes are somebody else's. */
struct route_http_body {
    const char *type; /* content_type */
    size_t type_len;  /* 0: there is none */
    const uint8_t *data;
    size_t len;
};

/* True if the body of a request is the data of an HttpBody: of the whole
 * request message, or of its field. */
bool route_takes_http_body(const struct route_binding *b);

/* True if the answer is the data of an HttpBody: the response, or the field
 * that response_body names. */
bool route_gives_http_body(const struct route_binding *b);

/* ---- Requests ------------------------------------------------------------ */

/* What stands before the data of body, and how much that is. With more data it
 * is never less. */
size_t route_http_body_head_size(const struct route_binding *b,
    const struct route_http_body *body);
void route_http_body_write_head(const struct route_binding *b,
    const struct route_http_body *body, uint8_t *head);

/* What stands after the data. Fails as out does. */
enum pb_err route_http_body_put_end(const struct route_binding *b,
    struct pb_buf *out);

/* Head, data and end together. */
size_t route_http_body_size(const struct route_binding *b,
    const struct route_http_body *body);

/* The same in one, for data that is all there. */
enum pb_err route_http_body_put(const struct route_binding *b,
    const struct route_http_body *body, struct pb_buf *out);

/* True if a path variable gives a field inside of the field that is the body:
 * pb_wire_unite() has to put them together. */
bool route_binds_in_http_body(const struct route_binding *b);

/* ---- Responses ----------------------------------------------------------- */

/* Finds the HttpBody of a response; body points into wire. As in every message
 * the last value of a field counts, and pieces of a submessage are one. What is
 * not there is empty. PB_ESYNTAX: broken wire format. */
enum pb_err route_http_body_read(const struct route_binding *b,
    const uint8_t *wire, size_t len, struct route_http_body *body);

#endif
