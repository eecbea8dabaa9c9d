/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/build.h - a route set in the making, for routes/set.c and its
 * helpers. Everything goes on after a problem, so that all are found.
 */
#ifndef ROUTE_BUILD_H
#define ROUTE_BUILD_H

#include "routes/tree.h"

struct route_builder {
    const struct route_config *config;
    struct route_problems *problems;
    struct route_set *set;
    struct route_arena *arena; /* the set's */
    struct route_rpc *rpcs;    /* by full name */
    size_t n_rpcs;
    const struct route_rule **rules; /* per RPC: the one in force, or NULL */
    struct route_binding *bindings;
    size_t n_bindings;
    bool has_gaps; /* what seems not to exist may be in what is missing */
    /* What selectors name in full; nothing without an upstream to have it. */
    struct pb_service *named;
    size_t n_named;
    struct pb_method *named_methods;
    size_t n_named_methods;
};

void route_build_out_of_memory(struct route_builder *b);

/* set_rpcs.c: fills rpcs from services, with their timeouts. */
void route_build_rpcs(struct route_builder *b);

/* The RPCs that a pattern of a selector names: the indices [*first, *end). */
void route_build_select(const struct route_builder *b, const char *pattern,
    size_t len, size_t *first, size_t *end);

/* Reports a pattern that names nothing, with what may have been meant; not if
 * its service may be among what is missing. */
void route_build_unknown(struct route_builder *b,
    const struct route_place *place, const char *pattern, size_t len);

/* set_raw.c: fills named. False when memory is short. */
bool route_build_named(struct route_builder *b);

/* Reports an entry of services, of an upstream without a schema, that takes
 * nothing of what is named. */
void route_build_unnamed(struct route_builder *b,
    const struct route_service *entry);

/* Makes an RPC of a named method one of bytes. */
void route_build_raw(struct route_builder *b, struct route_rpc *rpc);

/* The options that only such an RPC has. */
void route_build_raw_options(struct route_builder *b, struct route_rpc *rpc,
    const struct route_method_options *o);

/* annotation.c: a serialized google.api.HttpRule. False, with a sentence in
 * *why, if it is broken or memory is short. */
bool route_rule_from_wire(struct route_arena *arena, const uint8_t *wire,
    size_t len, const struct route_place *place, struct route_rule *rule,
    const char **why);

/* resolve.c: a rule (or an additional binding) applied to an RPC. False if
 * there was a problem, which is reported. */
bool route_resolve(struct route_builder *b, const struct route_rpc *rpc,
    const struct route_rule *rule, struct route_template *tmpl,
    struct route_binding *binding);

#endif
