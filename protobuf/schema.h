/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/schema.h - message types as tables, compiled once from
 * FileDescriptorSets and immutable from then on.
 *
 * Covers proto2, proto3 and editions 2023/2024 (features resolved to flags),
 * proto3 optional, oneofs, maps, groups and DELIMITED, extensions, and the
 * well-known types, which are built in: a set need not carry them. MessageSet
 * types can be declared; reading or writing the JSON of one is refused. Source
 * of the rules: google/protobuf/descriptor.proto, and what protoc refuses.
 *
 * Ownership   A schema owns every table and string reachable from it.
 * Thread      Any, once built. Reference counting is the owner's (a snapshot).
 */
#ifndef PB_SCHEMA_H
#define PB_SCHEMA_H

#include "protobuf/buf.h"

struct pb_schema;
struct pb_message;
struct pb_enum;

/* descriptor.proto's FieldDescriptorProto.Type numbers. */
enum pb_type {
    PB_DOUBLE = 1,
    PB_FLOAT,
    PB_INT64,
    PB_UINT64,
    PB_INT32,
    PB_FIXED64,
    PB_FIXED32,
    PB_BOOL,
    PB_STRING,
    PB_GROUP,
    PB_MESSAGE,
    PB_BYTES,
    PB_UINT32,
    PB_ENUM,
    PB_SFIXED32,
    PB_SFIXED64,
    PB_SINT32,
    PB_SINT64
};

enum pb_wire {
    PB_WIRE_VARINT = 0,
    PB_WIRE_I64 = 1,
    PB_WIRE_LEN = 2,
    PB_WIRE_SGROUP = 3,
    PB_WIRE_EGROUP = 4,
    PB_WIRE_I32 = 5
};

/* Which well-known JSON form a message has. */
enum pb_wkt {
    PB_WKT_NONE,
    PB_WKT_ANY,
    PB_WKT_TIMESTAMP,
    PB_WKT_DURATION,
    PB_WKT_FIELD_MASK,
    PB_WKT_STRUCT,
    PB_WKT_VALUE,
    PB_WKT_LIST_VALUE,
    PB_WKT_DOUBLE_VALUE,
    PB_WKT_FLOAT_VALUE,
    PB_WKT_INT64_VALUE,
    PB_WKT_UINT64_VALUE,
    PB_WKT_INT32_VALUE,
    PB_WKT_UINT32_VALUE,
    PB_WKT_BOOL_VALUE,
    PB_WKT_STRING_VALUE,
    PB_WKT_BYTES_VALUE,
    PB_WKT_EMPTY,    /* ordinary in JSON; named for those who ask */
    PB_WKT_HTTP_BODY /* google.api.HttpBody, if of its known shape; likewise */
};

#define PB_FIELD_KEY_ROOM 17 /* two blocks, one byte apart: block.h */

struct pb_field {
    const char *name;      /* proto name; "[pkg.ext]" for an extension */
    const char *json_name; /* UTF-8 without controls; may need quoting */
    const char *key;       /* ,"jsonName": of at least PB_FIELD_KEY_ROOM bytes
                              that may be read; NULL: not quoted so simply */
    uint16_t name_len;
    uint16_t json_name_len;
    uint16_t key_len;
    uint32_t number;
    uint8_t type;    /* enum pb_type; PB_GROUP also for DELIMITED */
    uint8_t wire;    /* enum pb_wire of one element */
    uint8_t tag_len; /* encoded tag of one element */
    uint8_t tag[5];
    uint8_t packed_tag_len; /* the LEN tag; equals tag for LEN types */
    uint8_t packed_tag[5];
    bool is_repeated; /* also true for maps */
    bool is_map;
    bool is_packed;    /* how a writer packs; readers take both */
    bool has_presence; /* explicit presence: emitted iff set */
    bool is_required;
    bool verify_utf8;
    bool is_extension;
    int16_t oneof;  /* index in the message's real oneofs, or -1 */
    uint16_t index; /* position in message->fields (not extension) */
    const struct pb_message *message; /* MESSAGE, GROUP, maps (the entry) */
    const struct pb_enum *enumeration;
    const struct pb_message *parent; /* or the extendee */
};

struct pb_message {
    const char *full_name; /* no leading dot */
    uint16_t full_name_len;
    uint8_t wkt; /* enum pb_wkt */
    bool is_map_entry;
    bool is_message_set;
    bool has_required; /* itself; not through submessages */
    uint16_t n_fields;
    uint16_t n_oneofs;             /* real ones */
    const struct pb_field *fields; /* by ascending number */
    const char *const *oneof_names;
    const struct pb_schema *schema;
    const void *index; /* private: number and name lookup */
};

struct pb_enum_value {
    const char *name;
    uint16_t name_len;
    int32_t number;
};

struct pb_enum {
    const char *full_name;
    bool is_closed;
    bool is_null_value;     /* google.protobuf.NullValue */
    int32_t default_number; /* first declared value */
    uint32_t n_values;
    const struct pb_enum_value *values; /* in order of declaration */
    const void *index;                  /* private */
};

enum pb_idempotency {
    PB_IDEMPOTENCY_UNKNOWN,
    PB_NO_SIDE_EFFECTS,
    PB_IDEMPOTENT
};

struct pb_method {
    const char *name;
    const char *full_name; /* pkg.Service.Method */
    const struct pb_service *service;
    const struct pb_message *input;
    const struct pb_message *output;
    bool client_streaming;
    bool server_streaming;
    uint8_t idempotency;      /* enum pb_idempotency */
    const uint8_t *http_rule; /* serialized google.api.HttpRule of extension
                                  72295728 (merged if repeated), or NULL */
    size_t http_rule_len;
};

struct pb_service {
    const char *full_name;
    uint32_t n_methods;
    const struct pb_method *methods;
};

/* ---- Building ----------------------------------------------------------- */

struct pb_schema_builder;

/* NULL when memory is short. */
struct pb_schema_builder *pb_schema_builder_new(void);
void pb_schema_builder_free(struct pb_schema_builder **b);

/* Adds a serialized FileDescriptorSet; files in any order. The same file twice
 * is fine, even if it differs in comments and options that mean nothing here.
 * A file of the user replaces the built-in one of its name or its types.
 * Hostile bytes are refused with an error, whatever they are: truncated, nested
 * over 100, in all over 64 MiB, 1,000,000 elements or 512 MiB of memory. set is
 * copied. Errors name the file inside the set. After an error part of the set
 * may have been added. */
enum pb_err pb_schema_builder_add_set(struct pb_schema_builder *b,
    const uint8_t *set, size_t len, struct pb_error *error);

/* Adds one serialized FileDescriptorProto. */
enum pb_err pb_schema_builder_add_file(struct pb_schema_builder *b,
    const uint8_t *file, size_t len, struct pb_error *error);

/* Resolves everything. On PB_OK *schema is the caller's; else it is NULL.
 * Either way the builder may be given more and build again. A missing import,
 * an unresolved type, duplicate symbols, bad numbers, unsupported editions and
 * so on are errors naming file and element. */
enum pb_err pb_schema_builder_build(struct pb_schema_builder *b,
    struct pb_schema **schema, struct pb_error *error);

void pb_schema_free(struct pb_schema **schema);

/* ---- Asking ------------------------------------------------------------- */

/* Names without a leading dot. NULL when there is none. A built-in message that
 * the user's files, replacing ours, do not have is found too; its schema is one
 * of built-in types alone. */
const struct pb_message *pb_schema_message(const struct pb_schema *s,
    const char *full_name, size_t len);
const struct pb_service *pb_schema_service(const struct pb_schema *s,
    const char *full_name, size_t len);
/* name is pkg.Service.Method. */
const struct pb_method *pb_schema_method(const struct pb_schema *s,
    const char *full_name, size_t len);
uint32_t pb_schema_n_services(const struct pb_schema *s);
const struct pb_service *pb_schema_service_at(const struct pb_schema *s,
    uint32_t i);

/* How many requests and responses: "unary-stream" and the like. */
const char *pb_method_cardinality_name(const struct pb_method *m);

/* Does not find extensions. hint: try this index first (the field after the
 * last one found is the likely next); pass 0 when unknown. */
const struct pb_field *pb_message_field_by_number(const struct pb_message *m,
    uint32_t number, unsigned hint);
/* By JSON name or proto name (JSON names win); not extensions. */
const struct pb_field *pb_message_field_by_name(const struct pb_message *m,
    const char *name, size_t len);
/* By extended message and number; or by full name without brackets. */
const struct pb_field *pb_schema_extension_by_number(
    const struct pb_message *extendee, uint32_t number);
const struct pb_field *pb_schema_extension_by_name(
    const struct pb_message *extendee, const char *full_name, size_t len);

/* For error texts: the declared name nearest to the given one by edit
 * distance, or NULL when none is near (distance <= 1/3 of the length). */
const char *pb_message_nearest_field(const struct pb_message *m,
    const char *name, size_t len);

const struct pb_enum_value *pb_enum_value_by_number(const struct pb_enum *e,
    int32_t number);
const struct pb_enum_value *pb_enum_value_by_name(const struct pb_enum *e,
    const char *name, size_t len);

/* A schema with nothing but the built-in types (well-known types,
 * google.rpc.Status and its error details, google.api.HttpBody): made by a
 * builder that nothing was added to. Every schema contains these; what the
 * user's files say of one of them goes before. */

#endif
