/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/json_keys.h - the keys of json: in one table, for the route file (at
 * the top and for methods), for the command line, and for those who show what
 * is in force.
 */
#ifndef ROUTE_JSON_KEYS_H
#define ROUTE_JSON_KEYS_H

#include "routes/read.h"

/* json: of a table of keys; key->offset is that of a struct route_json. */
route_read_cb route_read_json;

/* What over gives replaces what under has, key by key. */
void route_json_overlay(struct route_json *under,
    const struct route_json *over);

/* The flag of that name; NULL: there is none. Of the keys, only max_depth is
 * not a flag. */
bool *route_json_flag(struct route_json *j, const char *key);

#define ROUTE_JSON_KEYS_MAX 16

struct route_json_entry {
    const char *key;
    bool is_flag;
    unsigned value; /* 0 or 1 of a flag */
};

/* The keys that were given, with what is in force; how many they are. */
size_t route_json_list(const struct route_json *j,
    struct route_json_entry list[ROUTE_JSON_KEYS_MAX]);

#endif
