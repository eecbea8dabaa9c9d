/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/pretty.h - whether a client wants its answer with line breaks and
 * indentation, where the route file lets it say (pretty_on_request).
 */
#ifndef GW_PRETTY_H
#define GW_PRETTY_H

#include <sluice/metadata.h>

#include "routes/table.h"

/* $prettyPrint of the query decides. Else the first JSON type of the Accept
 * header that says something: "application/json; pretty=true", or
 * "application/json+pretty". Else by_default. */
bool gw_pretty(const struct route_asked *asked, struct sluice_str accept,
    bool by_default);

#endif
