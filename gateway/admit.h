/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/admit.h - what the request line alone decides: a route, or an answer.
 * For the front end, and for those who ask what it would do.
 */
#ifndef GW_ADMIT_H
#define GW_ADMIT_H

#include "gateway/request.h"
#include "routes/table.h"

enum gw_admit {
    GW_ADMIT_ROUTE,
    GW_ADMIT_OPTIONS, /* "OPTIONS *": 204 */
    GW_ADMIT_HEALTH,  /* /healthz, which no route claims */
    GW_ADMIT_REFUSED
};

/* The answer to what is refused. */
struct gw_admission {
    unsigned status; /* of HTTP */
    int code;
    const char *outcome; /* for the log */
    const char *message;
    char allow[ROUTE_ALLOW_MAX]; /* Allow; "": none */
    bool is_bad_path;            /* error says where; message is general */
    struct pb_error error;
};

/* False for methods that are answered before anything else is looked at. */
bool gw_admit_verb(const char *verb, size_t len, struct gw_admission *a);

/* Fills match for GW_ADMIT_ROUTE, a for GW_ADMIT_REFUSED. Of the request only
 * the verb and the target are asked for. */
enum gw_admit gw_admit_target(const struct route_set *set,
    const struct gw_request *r, struct route_match *match,
    struct gw_admission *a);

#endif
