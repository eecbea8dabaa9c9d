/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/bad_type.h - 415: a body of a type, or in a coding, that is not taken
 * where it was sent, and what would be taken there (RFC 9110 section 15.5.16;
 * Accept-Post of the Linked Data Platform, Accept-Patch of RFC 5789).
 */
#ifndef GW_BAD_TYPE_H
#define GW_BAD_TYPE_H

#include "gateway/exchange.h"

/* What a body of REST has to be, where it is JSON. */
const char *gw_bad_type_json(const struct route_rpc *rpc);

#define GW_BAD_TYPE_MAX 512

/* "expected content-type EXPECTED, found ...", for x's answer and for who asks
 * what it would be; returns text. */
const char *gw_bad_type_say(const char *expected, struct sluice_str found,
    char text[GW_BAD_TYPE_MAX]);

/* Makes the answer. The route is known. */
void gw_bad_type_refuse(struct gw_exchange *x, const char *expected);

/* The same of a body of REST that is compressed. */
void gw_bad_type_refuse_coding(struct gw_exchange *x);

/* Adds what would be taken to such an answer, and nothing to others. False:
 * memory is short. */
bool gw_bad_type_headers(struct gw_exchange *x, struct MHD_Response *response);

#endif
