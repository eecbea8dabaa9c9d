/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/template.h - the path templates of google.api.http
 * (google/api/http.proto, "Path template syntax"), parsed into segments.
 *
 * Beyond the grammar: literals may follow "**"; a field may be bound once; the
 * verb of a template that ends with "}" or "*" begins at the first ":" after
 * it, otherwise at the last ":" of the last segment; a literal that no request
 * could ever equal (a dot segment) is refused.
 */
#ifndef ROUTE_TEMPLATE_H
#define ROUTE_TEMPLATE_H

#include "protobuf/buf.h"

#define ROUTE_MAX_SEGMENTS 64
#define ROUTE_MAX_VARIABLES 32
#define ROUTE_MAX_LITERAL 255 /* bytes of one literal or verb */

enum route_segment_kind { ROUTE_LITERAL, ROUTE_STAR, ROUTE_STAR_STAR };

struct route_segment {
    enum route_segment_kind kind;
    const char *text; /* of a literal, as written: escapes are kept */
    size_t len;
};

struct route_variable {
    const char *field_path; /* "book.name" */
    size_t len;
    unsigned first; /* index of its first segment */
    unsigned count; /* number of its segments */
    bool is_multi;  /* more than one segment, or any ** */
};

/* Points into the text that was parsed. */
struct route_template {
    unsigned n_segments;
    unsigned n_variables;
    int star_star; /* index of the "**" segment; -1: none */
    struct route_segment segments[ROUTE_MAX_SEGMENTS];
    struct route_variable variables[ROUTE_MAX_VARIABLES];
    const char *verb; /* without the colon; NULL: none */
    size_t verb_len;
};

/* PB_OK, or PB_ESYNTAX / PB_ELIMIT with column and what was expected. */
enum pb_err route_template_parse(const char *text, size_t len,
    struct route_template *t, struct pb_error *error);

#endif
