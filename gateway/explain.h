/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/explain.h - what the gateway would make of a request: the route, what
 * every part of the request gives, and the messages, up to the call that is not
 * made. The rules are those that serve: admit.h, routes/table.h,
 * routes/message.h.
 *
 * An explanation is a JSON object:
 *   method, target
 *   binding   method, template, declared ("annotation", "rule", "automatic"),
 *             file, line, rpc, cardinality, upstream, targets, body ("*", a
 *             field or null), responseBody (a field or null); absent without
 *   path      of each variable: name, value, field
 *   query     of each parameter: name, value, field (null: ignored)
 *   near      of each route that is near but loses, the nearest first: method,
 *             template, rpc, why
 *   answer    status, code, message, and perhaps allow, field, description;
 *             absent if the call would be made
 *   messages  of each request message its ProtoJSON, as a string; "null" if
 *             it has none
 */
#ifndef GW_EXPLAIN_H
#define GW_EXPLAIN_H

#include <jansson.h>

#include <sluice/api.h>

#include "routes/table.h"

/* A body that is absent (ptr is NULL) is an empty one, as in HTTP. *is_called:
 * there is a route and the call would be made. NULL when memory is short. */
json_t *gw_explain(const struct route_set *set, const char *verb,
    const char *target, struct sluice_str body, bool *is_called);

#endif
