/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/value.h - what a route file says, before anyone asks whether it makes
 * sense: one tree for JSON and YAML, with the line of every value and key.
 *
 * Ownership   Everything is in the arena it was read into. Texts are UTF-8 and
 *             have no NUL inside.
 */
#ifndef ROUTE_VALUE_H
#define ROUTE_VALUE_H

#include "routes/config.h"

#define ROUTE_MAX_FILE ((size_t)4 * 1024 * 1024)
#define ROUTE_MAX_FILE_DEPTH 32

enum route_value_kind {
    ROUTE_VALUE_NULL,
    ROUTE_VALUE_BOOL,
    ROUTE_VALUE_INTEGER,
    ROUTE_VALUE_REAL, /* also an integer that does not fit; only its text */
    ROUTE_VALUE_TEXT,
    ROUTE_VALUE_LIST,
    ROUTE_VALUE_MAP
};

struct route_value {
    enum route_value_kind kind;
    unsigned line;
    const char *key; /* of a member of a map */
    unsigned key_line;
    bool is_true;     /* BOOL */
    int64_t integer;  /* INTEGER */
    const char *text; /* TEXT; and how a scalar was written */
    size_t len;
    struct route_value *first, *last; /* LIST, MAP: in order */
    struct route_value *next;
    size_t count;
};

/* Read a whole document. NULL when there was a problem, which is then in the
 * list: a syntax error (the first), or duplicate keys (all). */
struct route_value *route_value_read_json(const char *text, size_t len,
    const char *file, struct route_arena *arena,
    struct route_problems *problems);
struct route_value *route_value_read_yaml(const char *text, size_t len,
    const char *file, struct route_arena *arena,
    struct route_problems *problems);

/* For the readers. NULL when memory is short. */
struct route_value *route_value_new(struct route_arena *arena,
    enum route_value_kind kind, unsigned line);
void route_value_append(struct route_value *parent, struct route_value *child);

/* Reports every key that a map has twice. False when memory is short. */
bool route_value_check_keys(const struct route_value *map, const char *file,
    struct route_problems *problems);

#define ROUTE_FOUND_MAX 96

/* "the number 5", "a list", "\"abc\"": what a message says was found. */
const char *route_value_describe(const struct route_value *v,
    char out[ROUTE_FOUND_MAX]);

/* The name nearest to key by edit distance, if it is near (a third of its
 * length); else NULL. */
const char *route_nearest(const char *key, const char *const *names, size_t n);

#endif
