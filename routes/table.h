/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/table.h - every route of a configuration: built once, matched many
 * times, never changed.
 *
 * Matching (docs/route-files.md, Templates): the raw path is split first and
 * decoded after; a literal wins over "*", "*" over "**", with backtracking; the
 * order of declaration never matters. The cost does not depend on the number of
 * routes.
 *
 * Thread      Any, once built.
 */
#ifndef ROUTE_TABLE_H
#define ROUTE_TABLE_H

#include "routes/config.h"
#include "routes/template.h"

/* One RPC that routes lead to, with its effective settings. */
struct route_rpc {
    const struct pb_method *method;
    unsigned upstream;        /* index into the config's upstreams */
    const char *group;        /* pkg.Service */
    const char *name;         /* Method */
    struct route_place place; /* the entry of services that it is from */
    int64_t timeout_ns;       /* -1: nobody says */
    int64_t max_timeout_ns;   /* -1: none */
    struct route_json json;
    /* Of server-sent events: the field of the response that is an event's id,
     * that of the request which a returning client's last id fills (NULL: none),
     * and when it is to return (-1: nobody says). */
    const struct pb_field *event_id;
    const struct pb_field *last_event_id;
    int64_t retry_ns;
    bool fills_mask; /* of its PATCH bindings: see mask_field */
    /* Messages are bytes, as its upstream has no schema: those of method have
     * no fields, and nothing is to be read or written by them. */
    bool is_raw;
    const char *content_type; /* of raw answers; NULL: the usual one */
};

enum route_body { ROUTE_BODY_NONE, ROUTE_BODY_ALL, ROUTE_BODY_FIELD };

/* A path variable resolved against the request message. */
struct route_bound_variable {
    const char *name;                   /* "book.name", as in the template */
    const struct pb_field *const *path; /* outermost first */
    unsigned depth;                     /* length of path */
    unsigned first, count;              /* segments, as in the template */
    bool is_multi;
};

struct route_binding {
    const struct route_rpc *rpc;
    const char *verb; /* "GET", ..., custom kind, "*" */
    const char *template_text;
    struct route_place place;          /* where it was declared */
    enum route_body body;              /* ROUTE_BODY_ALL if the RPC is raw */
    const struct pb_field *body_field; /* ROUTE_BODY_FIELD */
    const struct pb_field *response_field; /* NULL: the whole message */
    /* The FieldMask that a PATCH without one gets from the keys of its body;
     * NULL: none does. */
    const struct pb_field *mask_field;
    const struct route_bound_variable *variables;
    unsigned n_variables;
    unsigned n_segments; /* of the template */
    int star_star;       /* index of its "**" segment; -1: none */
    bool fully_decode;   /* fully_decode_reserved_expansion */
    bool is_auto;        /* POST /pkg.Service/Method, made by us */
    bool is_annotation;  /* from the schema; place is its service's */
};

struct route_table;

/* What matching found. Captures point into the path that was matched. */
struct route_match {
    const struct route_binding *binding;
    unsigned n_segments;
    struct {
        uint32_t at, len;
    } segments[ROUTE_MAX_SEGMENTS];
    /* By template position: a "**" covers from its at to its at + len. */
};

enum route_result {
    ROUTE_FOUND,
    ROUTE_NOT_FOUND,    /* no template fits */
    ROUTE_WRONG_METHOD, /* fits under other methods: see allow */
    ROUTE_BAD_PATH      /* malformed percent-encoding, %00, raw byte that is
                           not printable ASCII, '#', '?', or no leading '/' */
};

/* Where a path is bad, for ROUTE_BAD_PATH: the first byte that cannot stand
 * there, or the '%' of a bad escape. len: nowhere. */
size_t route_path_fault(const char *path, size_t len);

#define ROUTE_ALLOW_MAX 128

/* path is the raw target up to, not including, '?'. verb is the request method,
 * case-sensitive; HEAD falls back to GET. allow (room for ROUTE_ALLOW_MAX
 * bytes, NUL-terminated; filled for ROUTE_WRONG_METHOD; may be NULL) is the
 * Allow header's value.
 *
 * One trailing "/" is ignored; otherwise a path with an empty segment matches
 * nothing, nor does one with a dot segment (".", "..", either followed by ";",
 * written plainly or escaped). "*" takes one segment, which is not empty; "**"
 * takes any number. If the last segment ends in ":" and a verb that some
 * template has, only templates with that verb match. Uses about 2 KiB of
 * stack. */
enum route_result route_table_match(const struct route_table *t,
    const char *verb, size_t verb_len, const char *path, size_t path_len,
    struct route_match *match, char *allow);

/* For protocols that have no method of their own: whatever route takes the
 * path. That of GET, if there is one anywhere for this path; else the most
 * special template, of several methods there POST, or the first by name. */
enum route_result route_table_match_any(const struct route_table *t,
    const char *path, size_t path_len, struct route_match *match);

/* Limits on a query. */
#define ROUTE_MAX_QUERY ((size_t)64 * 1024) /* bytes, also of a path variable */
#define ROUTE_MAX_PARAMETERS 1000
#define ROUTE_MAX_FIELD_DEPTH 32 /* a.b.c is 3 */

/* What a query asks of the gateway itself, by system parameters. Each is looked
 * for if the options of the RPC say so, else it is unknown as any other. */
enum route_pretty { ROUTE_PRETTY_UNASKED, ROUTE_PRETTY_NO, ROUTE_PRETTY_YES };
struct route_asked {
    enum route_pretty pretty; /* $prettyPrint */
};

/* Appends the fields of the path variables and then of the query (raw, without
 * '?', may be NULL) to out as wire format: appended after the body's own bytes
 * they win over it by the merge rules. Errors name the parameter
 * in path. PB_EUNKNOWN: an unknown parameter, with the nearest field; with
 * ignore_unknown of the RPC such a parameter is skipped instead.
 * PB_EDUPLICATE: given twice, two members of one oneof, or bound already by
 * the path or the body. After an error out is as it was. Allocates nothing
 * itself (out->grow and pb_text_to_wire() may); has up to 100 KiB on the stack
 * if there is a query, 64 KiB if a path variable is escaped, of which only as
 * much is touched as there is text. *asked (may be NULL) is filled. */
enum pb_err route_bind(const struct route_match *match, const char *path,
    const char *query, size_t query_len, struct route_asked *asked,
    struct pb_buf *out, struct pb_error *error);

/* ---- Building ----------------------------------------------------------- */

/* Everything a configuration leads to. */
struct route_set {
    struct route_config *config;
    struct pb_schema **schemas;   /* one per upstream */
    const struct route_rpc *rpcs; /* sorted by full name */
    size_t n_rpcs;
    const struct route_binding *bindings; /* for listing, in display order */
    size_t n_bindings;
    struct route_table *table;
    struct route_arena *arena;
};

/* Gets the bytes of one schema of an upstream: *data is malloc'd for the
 * caller. On failure false and why (room for 256) says what happened. name is
 * a file as written in the route file or, when upstream->schema_kind is
 * ROUTE_SCHEMA_REFLECTION, the first target. The default reads the file,
 * relative to the route file, and has no reflection. */
typedef bool route_schema_source_cb(void *arg,
    const struct route_config *config, const struct route_upstream *upstream,
    const char *name, uint8_t **data, size_t *len, char *why);
bool route_schema_from_file(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why);
#define ROUTE_WHY_MAX 256

/* Takes *config (and clears it) whatever happens. Loads schemas, expands
 * selectors, resolves annotations and rules, checks fields, finds duplicate and
 * shadowed routes. NULL when there was any problem. */
struct route_set *route_set_build(struct route_config **config,
    route_schema_source_cb *source, void *arg, struct route_problems *problems);
void route_set_free(struct route_set **set);

#endif
