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
 *             field or null), responseBody (a field or null); absent without;
 *             takesBytes, givesBytes: true where the body, or the answer, is
 *             bytes as they are and not JSON, else absent; isRaw: true where
 *             messages are bytes as a whole, else absent
 *   path      of each variable: name, value, field
 *   query     of each parameter: name, value, field (null: ignored)
 *   near      of each route that is near but loses, the nearest first: method,
 *             template, rpc, why
 *   answer    status, code, message, and perhaps allow, field, description;
 *             absent if the call would be made
 *   messages  of each request message its ProtoJSON, as a string; "null" if
 *             it has none. Bytes of a request stream come in messages that are
 *             as large as they can be. A raw message is an object: bytes, how
 *             many there are, and base64
 */
#ifndef GW_EXPLAIN_H
#define GW_EXPLAIN_H

#include <jansson.h>

#include <sluice/api.h>

#include "routes/table.h"

/* A request. A body that is absent (ptr is NULL) is an empty one, as in HTTP. */
struct gw_question {
    const char *verb;
    const char *target;
    struct sluice_str content_type; /* ptr is NULL: no such header */
    struct sluice_str body;
};

/* *is_called: there is a route and the call would be made. NULL when memory is
 * short. */
json_t *gw_explain(const struct route_set *set, const struct gw_question *q,
    bool *is_called);

#endif
