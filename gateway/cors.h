/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/cors.h - which pages of other origins may call (the Fetch standard's
 * CORS protocol): off, unless the route file has cors:.
 *
 * It guards users against foreign pages and not us against callers: a request of
 * an origin that is not allowed is answered as ever, and the browser keeps the
 * answer from the page. Only the question before a request, the preflight, is
 * refused, by 403, which is the same to a browser and clearer to people.
 */
#ifndef GW_CORS_H
#define GW_CORS_H

#include "gateway/exchange.h"

/* Whether a page of that origin may read our answers. */
bool gw_cors_allows(const struct route_cors *cors, struct sluice_str origin);

/* Whether the request is the question and no request: it is never passed on.
 * Without cors: there is no such thing. */
bool gw_cors_is_preflight(const struct route_cors *cors,
    const struct gw_request *r);

/* Adds what the browser is told, to any answer; after all other headers, for it
 * names those that the page may read. false: memory is short. */
bool gw_cors_headers(struct gw_exchange *x, struct MHD_Response *response);

#endif
