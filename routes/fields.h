/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/fields.h - paths of fields (book.author.name) inside a message: what
 * may be set from a text, which paths exclude each other, and how a value at
 * the end of one is put on the wire.
 */
#ifndef ROUTE_FIELDS_H
#define ROUTE_FIELDS_H

#include "routes/explain.h"

/* True if one element of the field can be written as one text: scalars, enums,
 * string-like well-known types. Not maps. */
bool route_field_takes_text(const struct pb_field *f);

/* True if a path may go on below the field: a singular message. */
bool route_field_has_children(const struct pb_field *f);

enum route_overlap {
    ROUTE_APART,
    ROUTE_SAME,   /* the same field */
    ROUTE_WITHIN, /* one lies inside the other */
    ROUTE_ONE_OF  /* they go through two members of one oneof */
};
enum route_overlap route_fields_overlap(const struct pb_field *const *a,
    size_t a_depth, const struct pb_field *const *b, size_t b_depth);

/* What was appended to out since start becomes the content of the message
 * field at path[depth - 1], that the content of the one before, and so on.
 * depth is at most ROUTE_MAX_FIELD_DEPTH. */
enum pb_err route_fields_wrap(struct pb_buf *out, size_t start,
    const struct pb_field *const *path, size_t depth);

/* The field that an error is about, in JSON names and as the JSON reader spells
 * it (book.authors, counts["a"], byNumber[1]). rest is what the client wrote
 * behind the path, of a name that leads nowhere. What the error has as its path
 * already lies below the field and stays. at: where in the input. */
struct route_blamed {
    const struct pb_field *const *path;
    size_t depth;
    const char *map_key; /* NULL: none */
    size_t map_key_len;
    const char *rest;
    size_t rest_len;
    size_t at;
};
void route_fields_blame(const struct route_blamed *b, struct pb_error *error);

/* The binding's query parameters, after its path variables
 * (route_bind_telling). */
enum pb_err route_bind_query(const struct route_binding *b, const char *query,
    size_t len, struct route_asked *asked, struct pb_buf *out,
    struct pb_error *error, route_given_cb *on_given, void *arg);

#endif
