/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/schema_internal.h - what the files of the schema builder share.
 *
 * Building goes in passes over flat lists of items, one item per message,
 * enum, service and scope with extensions:
 *
 *   schema_build    collects files, orders the passes, checks imports
 *   schema_features syntax and editions: what holds where
 *   schema_declare  a symbol for every name, an item for every type; names
 *                   are in schema_symbol
 *   schema_link     messages, extensions and services with their types; one
 *                   field is in schema_field
 *   schema_check    numbers, ranges, map entries, well-known shapes
 *   schema_index    the tables that look-ups use, made of schema_table's
 *
 * Memory      The builder's arena holds raw descriptors, items and symbols;
 *             the schema's arena holds what stays. No pointer leads from the
 *             second to the first.
 * Hashing     Seeded by an address, which a descriptor's author cannot know.
 */
#ifndef PB_SCHEMA_INTERNAL_H
#define PB_SCHEMA_INTERNAL_H

#include "protobuf/schema.h"
#include "protobuf/schema_raw.h"

enum {
    PB_FULL_NAME_MAX = 1000,
    PB_PACKAGE_PARTS_MAX = 50,
    PB_FIELDS_MAX = 65000, /* of one message; pb_field.index is 16 bits */
    PB_ONEOFS_MAX = 32000,
    PB_NUMBER_MAX = 536870911, /* 2^29 - 1 */
    PB_EDITION_PROTO2 = 998,
    PB_EDITION_PROTO3 = 999,
    PB_EDITION_2023 = 1000,
    PB_EDITION_2024 = 1001,
};

/* Values of google.protobuf.FeatureSet. */
enum {
    PB_PRESENCE_EXPLICIT = 1,
    PB_PRESENCE_IMPLICIT = 2,
    PB_PRESENCE_LEGACY_REQUIRED = 3,
    PB_ENUM_OPEN = 1,
    PB_ENUM_CLOSED = 2,
    PB_REPEATED_PACKED = 1,
    PB_REPEATED_EXPANDED = 2,
    PB_UTF8_VERIFY = 2,
    PB_UTF8_NONE = 3,
    PB_ENCODING_LENGTH_PREFIXED = 1,
    PB_ENCODING_DELIMITED = 2,
    PB_JSON_ALLOW = 1,
    PB_JSON_LEGACY_BEST_EFFORT = 2,
};

/* ---- Hash tables -------------------------------------------------------- */

enum pb_kind {
    PB_KIND_PACKAGE,
    PB_KIND_MESSAGE,
    PB_KIND_ENUM,
    PB_KIND_VALUE,
    PB_KIND_FIELD,
    PB_KIND_EXTENSION,
    PB_KIND_ONEOF,
    PB_KIND_SERVICE,
    PB_KIND_METHOD,
    PB_KIND_FILE,
};

struct pb_slot {
    const void *item; /* NULL: free */
    uint32_t hash;
    uint32_t kind;
};

/* Of anything: whoever asks compares. At most half full. */
struct pb_table {
    struct pb_slot *slots;
    uint32_t mask;
    uint32_t count;
};

/* Room for count items in all. false: see pb_arena_error(). */
bool pb_table_reserve(struct pb_table *t, struct pb_arena *a, uint32_t count);
bool pb_table_put(struct pb_table *t, struct pb_arena *a, uint64_t hash,
    enum pb_kind kind, const void *item);
/* The slots of one hash, one after the other: *at begins as the hash. */
const struct pb_slot *pb_table_next(const struct pb_table *t, uint64_t hash,
    uint32_t *at);

/* Small and dense, for the names of one message or enum: slots are an entry's
 * number + 1 in the low bits and bits of its hash above; 0 is free. */
struct pb_names {
    uint32_t *slots;
    uint32_t mask;       /* of positions */
    uint32_t entry_mask; /* of the low bits */
};

#define PB_NO_ENTRY UINT32_MAX

/* For n names whose entries are at most max_entry. false: see
 * pb_arena_error(). */
bool pb_names_init(struct pb_names *names, struct pb_arena *a, uint32_t n,
    uint32_t max_entry);
void pb_names_add(struct pb_names *names, uint64_t hash, uint32_t entry);

static inline uint32_t
pb_names_next(const struct pb_names *n, uint64_t hash, uint32_t *at)
{
    uint32_t slot;

    while ((slot = n->slots[*at & n->mask]) != 0) {
        ++*at;
        if (((slot ^ (uint32_t)(hash >> 32)) & ~n->entry_mask) == 0)
            return (slot & n->entry_mask) - 1;
    }
    return PB_NO_ENTRY;
}

uint64_t pb_hash(uint64_t seed, const char *p, size_t n);

/* ---- The schema --------------------------------------------------------- */

struct pb_schema {
    struct pb_arena arena;
    uint64_t seed;
    struct pb_table names;      /* messages, services, methods, extensions */
    struct pb_table extensions; /* by extendee and number */
    struct pb_service *services;
    uint32_t n_services;
    struct pb_schema *spare; /* built-in types that are not here, or NULL */
};

/* pb_message.index */
struct pb_message_index {
    struct pb_names names;  /* entry: field << 1 | is a proto name */
    uint32_t n_direct;      /* numbers below: direct[number] */
    const uint16_t *direct; /* a field's index, or UINT16_MAX */
};

/* pb_enum.index. by_number is sorted, or, when numbers are dense, direct:
 * by_number[number - first] is a value's index or PB_NO_ENTRY. */
struct pb_enum_index {
    struct pb_names names; /* entry: value */
    uint64_t seed;
    bool is_direct;
    int32_t first;
    uint32_t n;
    const uint32_t *by_number;
};

uint64_t pb_extension_hash(const struct pb_schema *s,
    const struct pb_message *extendee, uint32_t number);

/* ---- The builder -------------------------------------------------------- */

struct pb_range {
    int64_t start;
    int64_t end; /* outside */
    bool is_extension;
};

/* A message, enum or service being built, or a scope with extensions. */
struct pb_item {
    struct pb_item *next;
    const void *raw; /* pb_raw_message ...; extensions: pb_raw_list */
    void *built;     /* pb_message ...; extensions: pb_field[] */
    struct pb_raw_file *file;
    struct pb_text name; /* full; extensions: of the scope */
    struct pb_features features;
    struct pb_range *ranges; /* messages: sorted */
    size_t n_ranges;
};

struct pb_symbol {
    struct pb_text scope;
    struct pb_text leaf;
    const struct pb_raw_file *file;
    enum pb_kind kind;
    struct pb_item *item; /* of messages, enums, services */
};

struct pb_schema_builder {
    struct pb_arena arena;
    uint64_t seed;
    uint32_t elements;
    size_t bytes; /* added so far */
    struct pb_raw_list builtins;
    struct pb_raw_list files;
    struct pb_table files_by_name;

    /* One run of build */
    struct pb_schema *schema;
    struct pb_error *error;
    struct pb_table symbols;
    struct pb_raw_list messages; /* of pb_item */
    struct pb_raw_list enums;
    struct pb_raw_list services;
    struct pb_raw_list extensions;
    uint32_t n_methods;
    uint32_t n_extensions;
};

/* Sets "FILE: KIND SCOPE.LEAF: what" and returns kind. */
enum pb_err pb_build_fail(const struct pb_schema_builder *b, enum pb_err err,
    const struct pb_raw_file *file, enum pb_kind kind, struct pb_text scope,
    struct pb_text leaf, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* Memory is short, in one arena or the other. */
enum pb_err pb_build_no_room(const struct pb_schema_builder *b);

/* For printf's "%.*s": the end of it, if it is long. */
#define PB_SHOWN(text)                           \
    (int)((text).n > 80 ? 80 : (text).n),        \
        (text).n > 80 ? (text).p + (text).n - 80 \
        : (text).n    ? (text).p                 \
                      : ""

/* ---- The passes --------------------------------------------------------- */

/* What holds in a file of that syntax or edition. */
enum pb_err pb_features_of_file(struct pb_schema_builder *b,
    struct pb_raw_file *file);
/* own over outer; own counts in files with editions only. */
enum pb_err pb_features_merge(struct pb_schema_builder *b,
    const struct pb_raw_file *file, struct pb_text element,
    const struct pb_features *outer, const struct pb_features *own,
    struct pb_features *merged);

enum pb_err pb_declare_file(struct pb_schema_builder *b,
    struct pb_raw_file *file);
/* Drops a built-in file when somebody else declared a name of it. */
void pb_drop_if_declared(struct pb_schema_builder *b, struct pb_raw_file *file);
/* Checks that leaf is an identifier, new in its scope, and notes it. item: of
 * messages, enums and services. */
enum pb_err pb_declare(struct pb_schema_builder *b,
    const struct pb_raw_file *file, enum pb_kind kind, struct pb_text scope,
    struct pb_text leaf, struct pb_item *item);
const struct pb_symbol *pb_find(const struct pb_schema_builder *b,
    struct pb_text scope, struct pb_text leaf);
/* A type as seen from inside scope, or NULL. */
const struct pb_symbol *pb_resolve(const struct pb_schema_builder *b,
    struct pb_text scope, struct pb_text name);

/* Where a raw field stands. */
struct pb_place {
    struct pb_schema_builder *b;
    const struct pb_item *item; /* the message, or the extensions' scope */
    const struct pb_raw_field *raw;
    struct pb_features features; /* the field's own */
    bool is_extension;
};

#define PB_FIELD_FAIL(place, err, ...)                             \
    pb_build_fail((place)->b, err, (place)->item->file,            \
        (place)->is_extension ? PB_KIND_EXTENSION : PB_KIND_FIELD, \
        (place)->item->name, (place)->raw->name, __VA_ARGS__)

/* Everything but the names, the parent and the oneof. outer: the features of
 * what the field is in. */
enum pb_err pb_link_field(struct pb_place *at, const struct pb_features *outer,
    struct pb_field *f);
/* lowerCamelCase in to, which has room for the name. */
struct pb_text pb_derive_json_name(struct pb_text name, char *to);
enum pb_err pb_name_field(const struct pb_place *at, struct pb_field *f);
/* As [pkg.ext]. */
enum pb_err pb_name_extension(const struct pb_place *at, struct pb_field *f);

enum pb_err pb_link_message(struct pb_schema_builder *b, struct pb_item *item);
enum pb_err pb_link_extensions(struct pb_schema_builder *b,
    struct pb_item *item);
enum pb_err pb_link_service(struct pb_schema_builder *b, struct pb_item *item);

/* Sorts and checks a message's ranges, then its fields against them. */
enum pb_err pb_check_numbers(struct pb_schema_builder *b, struct pb_item *item);
/* The extension range that holds number, or the reserved one; NULL: none. */
const struct pb_range *pb_range_of(const struct pb_item *item, int64_t number);
enum pb_err pb_check_map_entry(struct pb_schema_builder *b,
    struct pb_item *item);
enum pb_err pb_check_enum(struct pb_schema_builder *b, struct pb_item *item);
/* A well-known type from outside must be what ours is. */
enum pb_err pb_check_well_known(struct pb_schema_builder *b,
    struct pb_item *item);

enum pb_err pb_index_message(struct pb_schema_builder *b, struct pb_item *item);
enum pb_err pb_index_enum(struct pb_schema_builder *b, struct pb_item *item);
enum pb_err pb_index_schema(struct pb_schema_builder *b);

#endif
