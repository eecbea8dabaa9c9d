/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/routes/support.h - route sets from a few lines, and what a request
 * becomes under them, in words.
 */
#ifndef TEST_ROUTES_SUPPORT_H
#define TEST_ROUTES_SUPPORT_H

#include "routes/table.h"

/* Gives types.pb, groups.pb and bodies.pb, which are built into the test. */
route_schema_source_cb embedded_schema;

/* A set from a whole route file; NULL and the problems if there are any. */
struct route_set *build_set(const char *yaml, struct route_problems *problems);

/* A set whose only service is t.v1.Bare, under these items of http.rules
 * (flow style, one a line). The test fails if there is a problem. */
struct route_set *set_with_rules(const char *rules);

/* As the teardown of a test whose state is a set. */
int free_set(void **state);

/* "line: message" of each problem, joined by line ends; frees them. */
const char *show_problems(struct route_problems *problems, char *out,
    size_t room);

/* One rule of t.v1.Bare.One, .Two or .Three as an item for set_with_rules(). */
#define RULE(method, keys) " - {selector: t.v1.Bare." method ", " keys "}\n"

/* The request message that METHOD TARGET gives, body first if there is one, as
 * records in the order of the wire: id:"42" sub{n:5}. A body that is an
 * HttpBody is of type image/png. Or what went wrong:
 * "404", "405 GET, HEAD", "400" (a bad path), "PATH: MESSAGE" (route_bind). */
const char *request(const struct route_set *set, const char *method,
    const char *target, const char *body, char *out, size_t room);

/* Checks what PATCH TARGET gives with the mask that is filled from its body. */
void updates(const struct route_set *set, const char *target, const char *body,
    const char *expected);

/* Checks what a request gives. */
void gives(const struct route_set *set, const char *method, const char *target,
    const char *body, const char *expected);

#endif
