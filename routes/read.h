/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read.h - reading a route file's values into structs, by tables of
 * keys. A reader never stops at a mistake: it reports it, leaves the default
 * in place and goes on.
 */
#ifndef ROUTE_READ_H
#define ROUTE_READ_H

#include "routes/value.h"

struct route_reader {
    struct route_config *config;
    struct route_problems *problems;
    const char *file;
    struct route_arena *arena;
};

struct route_key;

/* Reads one value; into is the struct that the table is about. */
typedef void route_read_cb(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into);

struct route_key {
    const char *name;
    const char *alias;   /* lowerCamelCase of a protobuf name, or NULL */
    route_read_cb *read; /* NULL: taken, without effect */
    size_t offset;       /* of the member that read fills */
    int64_t min, max;    /* of numbers */
    bool is_required;
};

/* Reads a map by a table. what is the thing in words: "an upstream". Unknown,
 * repeated and missing keys are reported. False if v is not a map. */
bool route_read_map(struct route_reader *r, const struct route_value *v,
    const char *what, const struct route_key *keys, size_t n_keys, void *into);

/* "KEY: expected EXPECTED, found ..." */
void route_read_expected(struct route_reader *r, const char *key,
    const struct route_value *v, const char *expected);
void route_read_out_of_memory(struct route_reader *r);

/* bool, unsigned, size_t (a size), int64_t (a duration; min and max in ns),
 * const char * (a text that is not empty). */
route_read_cb route_read_bool;
route_read_cb route_read_unsigned;
route_read_cb route_read_size;
route_read_cb route_read_duration;
route_read_cb route_read_text;

/* A text or a list of texts, each of which is_valid() accepts. */
void route_read_texts(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, bool (*is_valid)(const char *text),
    const char *expected, const char *const **items, size_t *n);

/* The same of origins: "*", or as browsers write them; the leftmost label of a
 * host may be "*". */
void route_read_origins(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, const char *const **origins, size_t *n);

/* False, reported, if v is a list without anything in it. */
bool route_read_some(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, const char *expected);

/* An array for one item per member of a list or map; NULL, reported, if v is
 * not of that kind or memory is short. */
void *route_read_array(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, enum route_value_kind kind, size_t size);

/* upstreams: of config.c's table. */
route_read_cb route_read_upstreams;
/* http: of config.c's table (google.api.Http). */
route_read_cb route_read_http;
/* cors: of config.c's table; and, after the whole file, what it comes to. */
route_read_cb route_read_cors;
void route_settle_cors(struct route_reader *r);
/* service_config: of an upstream. */
route_read_cb route_read_service_config;

/* The bytes of a file, malloc'd, at most max; NULL and why it cannot be had. */
char *route_file_read(const char *path, size_t max, size_t *len,
    const char **why);

#endif
