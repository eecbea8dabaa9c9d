/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/message.h - the request message of a binding, put together from the
 * body and from what path and query gave (route_bind).
 *
 * The wire format of the body comes first and that of path and query after it,
 * so that these win; of a request stream they belong to the first message. In
 * order: route_body_start() or route_body_put_empty(), the fields that
 * route_bind() gave, the mask if route_mask_is_wanted(), then what
 * route_binds_inside() and route_is_pieced() ask for.
 */
#ifndef ROUTE_MESSAGE_H
#define ROUTE_MESSAGE_H

#include "routes/table.h"

/* Starts r on a JSON value that the binding's body stands for; it takes one. */
void route_body_start(const struct route_binding *b, struct pb_json_reader *r,
    const struct pb_json_options *options, struct pb_buf *out);

/* True if that value may be an array: of a repeated field, a ListValue or a
 * Value. */
bool route_body_may_be_array(const struct route_binding *b);

/* A body that is not there is an empty message: nothing, or for `body: field`
 * that field, set and empty. Fails as out does. */
enum pb_err route_body_put_empty(const struct route_binding *b,
    struct pb_buf *out);

/* True if path or query may give fields of submessages that stand elsewhere in
 * the message as well: pb_wire_unite() then puts them together. */
bool route_binds_inside(const struct route_binding *b, const char *query,
    size_t query_len);

/* True if no single reader sees every required field of a message with a body,
 * of which path and query give bound_len bytes: readers allow missing ones
 * (pb_json_reader_allow_missing) and route_message_check() asks in the end. */
bool route_is_pieced(const struct route_binding *b, size_t bound_len);

/* True for a PATCH whose mask is to be filled from the keys of its body: bound
 * is the wire format of path and query, which do not give one. */
bool route_mask_is_wanted(const struct route_binding *b, const char *verb,
    const uint8_t *bound, size_t len);

/* Appends that mask; nothing if the body gives no field. text is the body, or
 * more of it, which has been accepted by the reader of route_body_start().
 * PB_EFULL or PB_ENOMEM; out is then as it was. */
enum pb_err route_mask_put(const struct route_binding *b, const char *text,
    size_t len, struct pb_buf *out);

/* PB_EVALUE, naming it, if a required field of the whole message is missing. */
enum pb_err route_message_check(struct pb_json_writer *w,
    const struct pb_message *message, const uint8_t *wire, size_t len,
    struct pb_error *error);

#endif
