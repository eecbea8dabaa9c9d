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

#endif
