/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/explain.h - why a route is not the one for a request, in words: for
 * people who ask, not for the request path.
 */
#ifndef ROUTE_EXPLAIN_H
#define ROUTE_EXPLAIN_H

#include "routes/table.h"

/* A route that is near to a request but not the one. */
struct route_near {
    const struct route_binding *binding;
    unsigned rank;           /* higher is nearer */
    char why[ROUTE_WHY_MAX]; /* "segment 2 is \"m\", not \"books\"" */
};

/* Fills near with the nearest routes of the set, at most max, the nearest
 * first, and returns how many there are. The route that matches is not among
 * them. None when the path itself is refused (ROUTE_BAD_PATH, or empty and dot
 * segments). */
size_t route_explain(const struct route_set *set, const char *verb,
    size_t verb_len, const char *path, size_t path_len, struct route_near *near,
    size_t max);

/* What a path variable or a query parameter gives. Texts are decoded. */
struct route_given {
    bool is_variable;
    const char *name; /* as in the template, or in the query */
    size_t name_len;
    const char *text;
    size_t len;
    const struct pb_field *const *path; /* where it goes, outermost first */
    size_t depth;                       /* 0: no field, see is_system */
    bool is_system;        /* for the gateway; else unknown, and ignored */
    bool is_unknown_value; /* the field's enum does not have it */
    const char *map_key;   /* of path's last field; NULL: not a map's */
    size_t map_key_len;
};

/* Nothing in given lives longer than the call. */
typedef void route_given_cb(void *arg, const struct route_given *given);

/* route_bind() that tells on_given of each variable and parameter whose name is
 * good; the one that is refused for its text is the last one told. on_given may
 * be NULL. */
enum pb_err route_bind_telling(const struct route_match *match,
    const char *path, const char *query, size_t query_len,
    struct route_asked *asked, struct pb_buf *out, struct pb_error *error,
    route_given_cb *on_given, void *arg);

#endif
