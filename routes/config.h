/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/config.h - a route file as a checked structure (docs/route-files.md),
 * still without schemas: names are names, templates are text.
 *
 * JSON and YAML give the same tree and go through one validator. Every mistake
 * is reported, not only the first, each with file, line, what was found and
 * what was expected.
 *
 * Ownership   A config owns its strings, in one arena.
 * I/O         route_config_load() reads one file; nothing else here does.
 */
#ifndef ROUTE_CONFIG_H
#define ROUTE_CONFIG_H

#include "protobuf/json.h"

struct route_arena; /* routes/arena.h: bump allocation, freed in one step */

struct route_problem {
    const char *file;
    unsigned line; /* 0: the whole file */
    const char *message;
};

/* Collects problems; the texts live in it. At most 1000 are kept; what comes
 * after, or finds memory short, is counted in dropped. */
struct route_problems {
    struct route_problem *items;
    size_t count;
    size_t dropped;
    bool is_short; /* some of them for want of memory */
    struct route_arena *arena;
};
void route_problems_init(struct route_problems *p);
void route_problems_fini(struct route_problems *p);
void route_problems_add(struct route_problems *p, const char *file,
    unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* By file and line; what was found first stays first within a line. */
void route_problems_sort(struct route_problems *p);

/* True if nothing has been added. */
static inline bool
route_problems_none(const struct route_problems *p)
{
    return p->count == 0 && p->dropped == 0;
}

static inline size_t
route_problems_total(const struct route_problems *p)
{
    return p->count + p->dropped;
}

/* Where a thing stands, for messages about it later. */
struct route_place {
    const char *file;
    unsigned line;
};

enum route_schema_kind {
    ROUTE_SCHEMA_FILES,
    ROUTE_SCHEMA_REFLECTION,
    ROUTE_SCHEMA_NONE
};

/* One name of one methodConfig entry of a gRPC service config. */
struct route_method_config {
    struct route_place place;
    const char *service; /* "": every method of the upstream */
    const char *method;  /* "": every method of the service */
    int64_t timeout_ns;  /* -1: not given */
};

/*
 * An upstream's service_config is gRPC service config JSON. Of it,
 * methodConfig's name and timeout have effect. As a gRPC client does with what
 * it does not implement, everything else that gRPC defines (load balancing,
 * retries, hedging, message sizes, health checks, wait-for-ready) is accepted
 * if it is of the right JSON type and then has no effect. What gRPC does not
 * define is a load error, because it is a slip.
 */
struct route_upstream {
    struct route_place place;
    const char *name;
    const char *const *targets; /* one, in this version */
    size_t n_targets;
    enum route_schema_kind schema_kind;
    const char *const *schemas; /* paths as written; relative to the file */
    size_t n_schemas;
    const struct route_method_config *method_configs;
    size_t n_method_configs;
    int64_t connect_timeout_ns;   /* default 5 s */
    int64_t keepalive_ns;         /* of silence, default 20 s; 0: no PINGs */
    int64_t keepalive_timeout_ns; /* default 10 s */
    bool keepalive_is_permitted;  /* by the backend, as often as that */
    size_t max_stream_window;     /* default 16 MiB */
};

struct route_service {
    struct route_place place;
    const char *name;     /* full name; or pkg.* or *: every service below */
    const char *upstream; /* name of an upstream, which exists */
};

/* One google.api.HttpRule as written; pattern and path split apart. */
struct route_rule {
    struct route_place place;
    const char *selector; /* patterns, comma-separated; NULL in an
                                  additional binding or annotation */
    const char *verb;     /* "GET", a custom kind, or "*" */
    const char *path;
    const char *body;          /* NULL: omitted */
    const char *response_body; /* NULL: omitted */
    const struct route_rule *additional;
    size_t n_additional;
    bool is_flawed; /* of a draft: only the selector can be relied upon */
};

/* json: at the top or of a method, with a bit for each key that was given
 * (routes/json_keys.h). */
struct route_json {
    struct pb_json_options options;
    bool pretty_on_request; /* a client may ask: $prettyPrint, Accept */
    unsigned given;
};

/* Bits of a cardinality: requests, responses stream. */
#define ROUTE_STREAM_IN 1
#define ROUTE_STREAM_OUT 2

/* methods: what HttpRule has no word for. -1 / NULL: not given. */
struct route_method_options {
    struct route_place place;
    const char *selector; /* patterns, comma-separated: pkg.Svc.Method,
                                  pkg.Svc.*, or * */
    int64_t timeout_ns;
    int64_t max_timeout_ns;
    int8_t fills_mask; /* update_mask: auto is 1, off 0 */
    /* For methods without a schema only: ROUTE_STREAM_IN and _OUT, and what
     * their answers are. */
    int8_t cardinality;
    const char *content_type;
    /* sse: names of fields, of the response and of the request. */
    const char *sse_id_field;
    const char *sse_last_event_id;
    int64_t sse_retry_ns;
    struct route_json json; /* over the configuration's own */
};

/* cors: which pages of other origins a browser may let call us. */
struct route_cors {
    bool is_on;                 /* there is such a key */
    const char *const *origins; /* "*", or as browsers write them; the leftmost
                                 * label of a host may be "*" */
    size_t n_origins;
    bool takes_any_origin;
    const char *const *methods; /* none: those that routes have */
    size_t n_methods;
    const char *const *headers; /* besides those that clients have anyway */
    size_t n_headers;
    bool takes_any_header;
    const char *const *expose; /* besides those that answers have */
    size_t n_expose;
    int64_t max_age_ns; /* default 2 h */
    bool takes_credentials;
    /* All that as values of headers: lists, seconds. */
    const char *allow_methods;
    const char *allow_headers;
    const char *expose_headers;
    const char *max_age;
};

struct route_config {
    const char *file;
    const char *const *listen;
    size_t n_listen;      /* 0: the default, 127.0.0.1:8080 */
    unsigned listen_line; /* of the file */
    unsigned workers;     /* 0: one per core */
    const struct route_upstream *upstreams;
    size_t n_upstreams;
    const struct route_service *services;
    size_t n_services;
    const struct route_rule *rules;
    size_t n_rules;
    bool fully_decode_reserved_expansion;
    const struct route_method_options *methods;
    size_t n_methods;
    struct route_json json;
    size_t max_request_message;  /* default 4 MiB */
    size_t max_response_message; /* default 4 MiB */
    size_t max_header_bytes;     /* default 8 KiB */
    unsigned max_connections;    /* default 10000 in all */
    int64_t header_timeout_ns;   /* default 10 s, from accept or last answer */
    int64_t body_timeout_ns;     /* default 30 s */
    int64_t idle_timeout_ns;     /* keep-alive, default 75 s */
    int64_t send_timeout_ns;     /* a client that takes nothing, default 60 s */
    int64_t shutdown_grace_ns;   /* default 10 s */
    int64_t stream_head_ns;  /* of a stream without a message, default 1 s */
    int64_t heartbeat_ns;    /* of idle server-sent events, default 15 s */
    int64_t ping_ns;         /* a WebSocket's silence before, default 30 s */
    int64_t pong_timeout_ns; /* and after, default 10 s */
    const char *access_log;  /* a path, "-" for stderr (default), "off" */
    /* metadata: extra header names let in, and response metadata names passed
     * without a prefix; lower case. */
    const char *const *metadata_in;
    size_t n_metadata_in;
    const char *const *metadata_out;
    size_t n_metadata_out;
    struct route_cors cors;
    /* Pages of these may open a WebSocket; "*": of any. */
    const char *const *websocket_origins;
    size_t n_websocket_origins;
    bool connect_requires_version; /* of its clients, for each request */
    bool errors_show_debug; /* google.rpc.DebugInfo goes out to clients */
    bool errors_are_google; /* AIP-193's shape, not google.rpc.Status */
    bool is_flawed; /* a draft with mistakes, good for finding more of them */
    bool has_gaps;  /* services or schemas with mistakes have been left out */
    struct route_arena *arena;
};

/* Reads and checks a route file; a name ending in .json is JSON, else YAML.
 * NULL when there was any problem (all of them are in problems, sorted).
 * Templates and selectors are already checked for syntax. */
struct route_config *route_config_load(const char *path,
    struct route_problems *problems);

/* The same from memory; file is the name used in messages and for resolving
 * relative schema paths. text is not kept. */
struct route_config *route_config_parse(const char *text, size_t len,
    bool is_json, const char *file, struct route_problems *problems);

/* Like route_config_load() and route_config_parse(), but mistakes do not end it:
 * what they are in is left out or marked, so that route_set_build() can look
 * for mistakes in the rest. NULL if there is nothing to go on with. */
struct route_config *route_config_load_draft(const char *path,
    struct route_problems *problems);
struct route_config *route_config_draft(const char *text, size_t len,
    bool is_json, const char *file, struct route_problems *problems);

void route_config_free(struct route_config **config);

#endif
