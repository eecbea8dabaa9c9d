/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/schema_raw.h - descriptors as they were written, still unchecked:
 * descriptor.proto's messages with only what a schema is made from.
 *
 * Read straight from the wire by a table per message. A general decoder would
 * do, were it not for strangers: this one knows groups (legal in options that
 * we do not know), keeps the length of a name with a NUL in it, takes every
 * byte from an arena with a limit, and counts how deep it is.
 *
 * Options messages are flattened into what they are options of. Texts point
 * into the bytes that were read. Lists are linked in the order of the file.
 */
#ifndef PB_SCHEMA_RAW_H
#define PB_SCHEMA_RAW_H

#include "protobuf/arena.h"

struct pb_text {
    const char *p; /* NULL: absent */
    size_t n;
};

static inline struct pb_text
pb_text(const char *p)
{
    return (struct pb_text){ p, strlen(p) };
}

static inline bool
pb_text_equals(struct pb_text a, struct pb_text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct pb_raw_list {
    void *first; /* every element begins with a pointer to the next */
    void *last;
    uint32_t count;
};

struct pb_raw_int {
    int32_t value;
    bool is_set;
};

/* google.protobuf.FeatureSet, as numbers; 0: not said (here or further out). */
struct pb_features {
    int32_t presence;
    int32_t enum_type;
    int32_t repeated_encoding;
    int32_t utf8;
    int32_t message_encoding;
    int32_t json_format;
};

struct pb_raw_name {
    struct pb_raw_name *next;
    struct pb_text text;
};

struct pb_raw_range {
    struct pb_raw_range *next;
    int32_t start;
    int32_t end;
};

struct pb_raw_field {
    struct pb_raw_field *next;
    struct pb_text name;
    struct pb_text extendee;
    struct pb_text type_name;
    struct pb_text json_name;
    struct pb_raw_int oneof;
    struct pb_raw_int packed;
    int32_t number;
    int32_t label;
    int32_t type; /* 0: absent, to be told from type_name */
    bool is_proto3_optional;
    struct pb_features features;
};

struct pb_raw_oneof {
    struct pb_raw_oneof *next;
    struct pb_text name;
    struct pb_features features;
};

struct pb_raw_value {
    struct pb_raw_value *next;
    struct pb_text name;
    int32_t number;
};

struct pb_raw_enum {
    struct pb_raw_enum *next;
    struct pb_text name;
    struct pb_raw_list values;
    struct pb_raw_list reserved_ranges; /* the end is inside */
    struct pb_raw_list reserved_names;
    bool allows_alias;
    struct pb_features features;
};

struct pb_raw_message {
    struct pb_raw_message *next;
    struct pb_text name;
    struct pb_raw_list fields;
    struct pb_raw_list extensions;
    struct pb_raw_list messages;
    struct pb_raw_list enums;
    struct pb_raw_list oneofs;
    struct pb_raw_list extension_ranges;
    struct pb_raw_list reserved_ranges; /* the end is outside */
    struct pb_raw_list reserved_names;
    bool is_message_set;
    bool is_map_entry;
    bool has_legacy_json_conflicts;
    struct pb_features features;
};

struct pb_raw_method {
    struct pb_raw_method *next;
    struct pb_text name;
    struct pb_text input;
    struct pb_text output;
    struct pb_raw_list http_rules;
    int32_t idempotency;
    bool client_streaming;
    bool server_streaming;
};

struct pb_raw_service {
    struct pb_raw_service *next;
    struct pb_text name;
    struct pb_raw_list methods;
};

struct pb_raw_file {
    struct pb_raw_file *next;
    struct pb_text bytes; /* all of it */
    struct pb_text name;
    struct pb_text package;
    struct pb_text syntax;
    struct pb_raw_list imports;
    struct pb_raw_list messages;
    struct pb_raw_list enums;
    struct pb_raw_list services;
    struct pb_raw_list extensions;
    int32_t edition_number;
    struct pb_features features;

    /* The builder's */
    bool is_builtin;
    bool is_dropped; /* built in, and somebody else declares the same */
    bool is_visited;
    bool is_open; /* being visited: meeting it again closes a cycle */
    struct pb_raw_name *next_import;
    struct pb_raw_file *importer;
    int32_t edition; /* proto2 and proto3 have one, too */
    struct pb_features resolved;
};

/* Appends an element, whose first member is the pointer to the next. */
void pb_raw_append(struct pb_raw_list *list, void *element);

/* How much may be read into one arena: fields, messages, values, names... */
#define PB_RAW_ELEMENTS_MAX 1000000

/* Reads one FileDescriptorProto. file->bytes stays borrowed. *elements counts
 * over all files. Errors name the file when it has a name before them. */
enum pb_err pb_raw_read_file(struct pb_arena *a, const uint8_t *p, size_t len,
    uint32_t *elements, struct pb_raw_file **file, struct pb_error *error);

/* True when all that is read here is the same in both. They may still differ in
 * comments and in options that mean nothing to a schema. */
bool pb_raw_is_same_file(const struct pb_raw_file *a,
    const struct pb_raw_file *b);

#endif
