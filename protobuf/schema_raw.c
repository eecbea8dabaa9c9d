/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of descriptor.proto (specs: google/protobuf/descriptor.proto,
 * field numbers) and the reader that they drive. Fields that are not in a
 * table, or have another wire type, are skipped; repeated options merge because
 * they are read into the same place.
 */
#include "protobuf/schema_raw.h"
#include "protobuf/schema.h"
#include "protobuf/wire.h"

#include <assert.h>

enum {
    DEPTH_MAX = 100,
};

enum raw_kind {
    RAW_TEXT,
    RAW_INT,
    RAW_MAYBE_INT, /* a pb_raw_int */
    RAW_BOOL,
    RAW_PART,  /* a message that is flattened into this one */
    RAW_LIST,  /* messages in a list */
    RAW_TEXTS, /* strings in a list of pb_raw_name */
};

struct raw_shape;

struct raw_rule {
    uint32_t number;
    uint32_t offset;
    enum raw_kind kind;
    const struct raw_shape *sub;
};

struct raw_shape {
    const char *what;
    size_t size; /* 0: a part */
    const struct raw_rule *rules;
    size_t n_rules;
};

/* clang-format off */
#define AT(type, member) offsetof(struct type, member)
#define SHAPE(name, text, bytes)                                               \
    static const struct raw_shape name##_shape = { text, bytes, name##_rules,  \
        sizeof name##_rules / sizeof name##_rules[0] }

/* ---- Options ------------------------------------------------------------ */

static const struct raw_rule features_rules[] = {
    { 1, AT(pb_features, presence),          RAW_INT, NULL },
    { 2, AT(pb_features, enum_type),         RAW_INT, NULL },
    { 3, AT(pb_features, repeated_encoding), RAW_INT, NULL },
    { 4, AT(pb_features, utf8),              RAW_INT, NULL },
    { 5, AT(pb_features, message_encoding),  RAW_INT, NULL },
    { 6, AT(pb_features, json_format),       RAW_INT, NULL },
};
SHAPE(features, "FeatureSet", 0);

static const struct raw_rule file_options_rules[] = {
    { 50, AT(pb_raw_file, features), RAW_PART, &features_shape },
};
SHAPE(file_options, "FileOptions", 0);

static const struct raw_rule message_options_rules[] = {
    { 1,  AT(pb_raw_message, is_message_set),            RAW_BOOL, NULL },
    { 7,  AT(pb_raw_message, is_map_entry),              RAW_BOOL, NULL },
    { 11, AT(pb_raw_message, has_legacy_json_conflicts), RAW_BOOL, NULL },
    { 12, AT(pb_raw_message, features), RAW_PART, &features_shape },
};
SHAPE(message_options, "MessageOptions", 0);

static const struct raw_rule field_options_rules[] = {
    { 2,  AT(pb_raw_field, packed),   RAW_MAYBE_INT, NULL },
    { 21, AT(pb_raw_field, features), RAW_PART, &features_shape },
};
SHAPE(field_options, "FieldOptions", 0);

static const struct raw_rule oneof_options_rules[] = {
    { 1, AT(pb_raw_oneof, features), RAW_PART, &features_shape },
};
SHAPE(oneof_options, "OneofOptions", 0);

static const struct raw_rule enum_options_rules[] = {
    { 2, AT(pb_raw_enum, allows_alias), RAW_BOOL, NULL },
    { 7, AT(pb_raw_enum, features),     RAW_PART, &features_shape },
};
SHAPE(enum_options, "EnumOptions", 0);

static const struct raw_rule method_options_rules[] = {
    { 34,       AT(pb_raw_method, idempotency), RAW_INT,   NULL },
    { 72295728, AT(pb_raw_method, http_rules),  RAW_TEXTS, NULL },
};
SHAPE(method_options, "MethodOptions", 0);

/* ---- Descriptors -------------------------------------------------------- */

static const struct raw_rule range_rules[] = {
    { 1, AT(pb_raw_range, start), RAW_INT, NULL },
    { 2, AT(pb_raw_range, end),   RAW_INT, NULL },
};
SHAPE(range, "range", sizeof(struct pb_raw_range));

static const struct raw_rule field_rules[] = {
    { 1,  AT(pb_raw_field, name),               RAW_TEXT,      NULL },
    { 2,  AT(pb_raw_field, extendee),           RAW_TEXT,      NULL },
    { 3,  AT(pb_raw_field, number),             RAW_INT,       NULL },
    { 4,  AT(pb_raw_field, label),              RAW_INT,       NULL },
    { 5,  AT(pb_raw_field, type),               RAW_INT,       NULL },
    { 6,  AT(pb_raw_field, type_name),          RAW_TEXT,      NULL },
    { 8,  0,                                    RAW_PART,
        &field_options_shape },
    { 9,  AT(pb_raw_field, oneof),              RAW_MAYBE_INT, NULL },
    { 10, AT(pb_raw_field, json_name),          RAW_TEXT,      NULL },
    { 17, AT(pb_raw_field, is_proto3_optional), RAW_BOOL,      NULL },
};
SHAPE(field, "FieldDescriptorProto", sizeof(struct pb_raw_field));

static const struct raw_rule oneof_rules[] = {
    { 1, AT(pb_raw_oneof, name), RAW_TEXT, NULL },
    { 2, 0,                      RAW_PART, &oneof_options_shape },
};
SHAPE(oneof, "OneofDescriptorProto", sizeof(struct pb_raw_oneof));

static const struct raw_rule value_rules[] = {
    { 1, AT(pb_raw_value, name),   RAW_TEXT, NULL },
    { 2, AT(pb_raw_value, number), RAW_INT,  NULL },
};
SHAPE(value, "EnumValueDescriptorProto", sizeof(struct pb_raw_value));

static const struct raw_rule enum_rules[] = {
    { 1, AT(pb_raw_enum, name),            RAW_TEXT,  NULL },
    { 2, AT(pb_raw_enum, values),          RAW_LIST,  &value_shape },
    { 3, 0,                                RAW_PART,  &enum_options_shape },
    { 4, AT(pb_raw_enum, reserved_ranges), RAW_LIST,  &range_shape },
    { 5, AT(pb_raw_enum, reserved_names),  RAW_TEXTS, NULL },
};
SHAPE(enum, "EnumDescriptorProto", sizeof(struct pb_raw_enum));

static const struct raw_shape message_shape; /* holds itself */
static const struct raw_rule message_rules[] = {
    { 1,  AT(pb_raw_message, name),             RAW_TEXT,  NULL },
    { 2,  AT(pb_raw_message, fields),           RAW_LIST,  &field_shape },
    { 3,  AT(pb_raw_message, messages),         RAW_LIST,  &message_shape },
    { 4,  AT(pb_raw_message, enums),            RAW_LIST,  &enum_shape },
    { 5,  AT(pb_raw_message, extension_ranges), RAW_LIST,  &range_shape },
    { 6,  AT(pb_raw_message, extensions),       RAW_LIST,  &field_shape },
    { 7,  0,                                    RAW_PART,
        &message_options_shape },
    { 8,  AT(pb_raw_message, oneofs),           RAW_LIST,  &oneof_shape },
    { 9,  AT(pb_raw_message, reserved_ranges),  RAW_LIST,  &range_shape },
    { 10, AT(pb_raw_message, reserved_names),   RAW_TEXTS, NULL },
};
SHAPE(message, "DescriptorProto", sizeof(struct pb_raw_message));

static const struct raw_rule method_rules[] = {
    { 1, AT(pb_raw_method, name),             RAW_TEXT, NULL },
    { 2, AT(pb_raw_method, input),            RAW_TEXT, NULL },
    { 3, AT(pb_raw_method, output),           RAW_TEXT, NULL },
    { 4, 0,                                   RAW_PART, &method_options_shape },
    { 5, AT(pb_raw_method, client_streaming), RAW_BOOL, NULL },
    { 6, AT(pb_raw_method, server_streaming), RAW_BOOL, NULL },
};
SHAPE(method, "MethodDescriptorProto", sizeof(struct pb_raw_method));

static const struct raw_rule service_rules[] = {
    { 1, AT(pb_raw_service, name),    RAW_TEXT, NULL },
    { 2, AT(pb_raw_service, methods), RAW_LIST, &method_shape },
};
SHAPE(service, "ServiceDescriptorProto", sizeof(struct pb_raw_service));

static const struct raw_rule file_rules[] = {
    { 1,  AT(pb_raw_file, name),       RAW_TEXT,  NULL },
    { 2,  AT(pb_raw_file, package),    RAW_TEXT,  NULL },
    { 3,  AT(pb_raw_file, imports),    RAW_TEXTS, NULL },
    { 4,  AT(pb_raw_file, messages),   RAW_LIST,  &message_shape },
    { 5,  AT(pb_raw_file, enums),      RAW_LIST,  &enum_shape },
    { 6,  AT(pb_raw_file, services),   RAW_LIST,  &service_shape },
    { 7,  AT(pb_raw_file, extensions), RAW_LIST,  &field_shape },
    { 8,  0,                           RAW_PART,  &file_options_shape },
    { 12, AT(pb_raw_file, syntax),     RAW_TEXT,  NULL },
    { 14, AT(pb_raw_file, edition_number),    RAW_INT,   NULL },
};
SHAPE(file, "FileDescriptorProto", sizeof(struct pb_raw_file));
/* clang-format on */

/* ---- Reading ------------------------------------------------------------ */

struct reader {
    struct pb_arena *arena;
    struct pb_raw_file *file;
    uint32_t *elements;
    struct pb_error *error;
};

static enum pb_err read_shape(struct reader *r, const struct raw_shape *shape,
    void *into, struct pb_text bytes, unsigned depth);

static enum pb_err
fail(const struct reader *r, enum pb_err kind, const uint8_t *at,
    const struct raw_shape *shape, const char *what)
{
    const struct pb_text *name = &r->file->name;
    size_t offset = (size_t)((const char *)at - r->file->bytes.p);

    pb_error_set(r->error, kind, "%.*s%s%s at byte %zu of the file's %s",
        name->n < 100 ? (int)name->n : 100, name->n > 0 ? name->p : "",
        name->n > 0 ? ": " : "", what, offset, shape->what);
    if (r->error != NULL)
        r->error->offset = offset;
    return kind;
}

void
pb_raw_append(struct pb_raw_list *list, void *element)
{
    if (list->last == NULL)
        list->first = element;
    else
        memcpy(list->last, &element, sizeof element); /* its next */
    list->last = element;
    list->count++;
}

static void *
new_element(struct reader *r, struct pb_raw_list *list, size_t size)
{
    void *element;

    if (*r->elements >= PB_RAW_ELEMENTS_MAX)
        return NULL;
    ++*r->elements;
    element = pb_arena_array(r->arena, 1, size);
    if (element != NULL)
        pb_raw_append(list, element);
    return element;
}

static enum pb_err
no_element(struct reader *r)
{
    if (*r->elements >= PB_RAW_ELEMENTS_MAX)
        return pb_error_set(r->error, PB_ELIMIT,
            "the descriptors have more than %d elements", PB_RAW_ELEMENTS_MAX);
    return pb_arena_error(r->arena, r->error);
}

static void
store_number(const struct raw_rule *rule, void *at, uint64_t v)
{
    switch (rule->kind) {
    case RAW_INT:
        *(int32_t *)at = (int32_t)(uint32_t)v;
        break;
    case RAW_MAYBE_INT:
        *(struct pb_raw_int *)at =
            (struct pb_raw_int){ (int32_t)(uint32_t)v, true };
        break;
    case RAW_BOOL:
        *(bool *)at = v != 0;
        break;
    default:
        assert(!"a number");
    }
}

static enum pb_err
store_bytes(struct reader *r, const struct raw_rule *rule, void *at,
    struct pb_text bytes, unsigned depth)
{
    struct pb_raw_name *name;
    void *element;

    switch (rule->kind) {
    case RAW_TEXT:
        *(struct pb_text *)at = bytes;
        return PB_OK;
    case RAW_PART:
        return read_shape(r, rule->sub, at, bytes, depth);
    case RAW_LIST:
        element = new_element(r, at, rule->sub->size);
        if (element == NULL)
            return no_element(r);
        return read_shape(r, rule->sub, element, bytes, depth);
    case RAW_TEXTS:
        name = new_element(r, at, sizeof *name);
        if (name == NULL)
            return no_element(r);
        name->text = bytes;
        return PB_OK;
    default:
        assert(!"bytes");
        return PB_ESYNTAX;
    }
}

static const struct raw_rule *
rule_of(const struct raw_shape *shape, uint32_t number, unsigned wire)
{
    for (size_t i = 0; i < shape->n_rules; i++) {
        const struct raw_rule *rule = &shape->rules[i];
        bool is_number = rule->kind == RAW_INT || rule->kind == RAW_MAYBE_INT ||
            rule->kind == RAW_BOOL;

        if (rule->number == number)
            return wire == (is_number ? PB_WIRE_VARINT : PB_WIRE_LEN) ? rule
                                                                      : NULL;
    }
    return NULL;
}

static enum pb_err
read_shape(struct reader *r, const struct raw_shape *shape, void *into,
    struct pb_text bytes, unsigned depth)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    const uint8_t *end = p + bytes.n;

    if (depth == 0)
        return fail(r, PB_ELIMIT, p, shape, "nested too deep");

    while (p < end) {
        const struct raw_rule *rule;
        const uint8_t *at = p;
        uint32_t number;
        unsigned wire;
        uint64_t v = 0;
        size_t n = 0;

        p = pb_tag_read(p, end, &number, &wire);
        rule = p == NULL ? NULL : rule_of(shape, number, wire);
        if (p != NULL && rule == NULL)
            p = pb_skip(p, end, number, wire, depth);
        else if (p != NULL && wire == PB_WIRE_VARINT)
            p = pb_varint_read(p, end, &v);
        else if (p != NULL)
            p = pb_len_read(p, end, &n);
        if (p == NULL)
            return fail(r, PB_ESYNTAX, at, shape, "truncated or broken");
        if (rule == NULL)
            continue;

        if (wire == PB_WIRE_VARINT) {
            store_number(rule, (char *)into + rule->offset, v);
        } else {
            enum pb_err err = store_bytes(r, rule, (char *)into + rule->offset,
                (struct pb_text){ (const char *)p, n }, depth - 1);

            if (err != PB_OK)
                return err;
            p += n;
        }
    }
    return PB_OK;
}

enum pb_err
pb_raw_read_file(struct pb_arena *a, const uint8_t *p, size_t len,
    uint32_t *elements, struct pb_raw_file **file, struct pb_error *error)
{
    struct reader r = { a, NULL, elements, error };

    r.file = pb_arena_array(a, 1, sizeof *r.file);
    if (r.file == NULL)
        return pb_arena_error(a, error);
    r.file->bytes = (struct pb_text){ (const char *)p, len };
    *file = r.file;
    return read_shape(&r, &file_shape, r.file, r.file->bytes, DEPTH_MAX);
}

/* ---- Comparing ---------------------------------------------------------- */

static bool is_same(const struct raw_shape *shape, const void *a,
    const void *b);

static bool
is_same_name(const struct pb_raw_name *a, const struct pb_raw_name *b)
{
    return pb_text_equals(a->text, b->text);
}

static const void *
next_of(const void *element)
{
    const void *next;

    memcpy(&next, element, sizeof next);
    return next;
}

static bool
is_same_list(const struct raw_rule *rule, const struct pb_raw_list *a,
    const struct pb_raw_list *b)
{
    const void *x = a->first;
    const void *y = b->first;

    if (a->count != b->count)
        return false;
    for (; x != NULL; x = next_of(x), y = next_of(y)) {
        if (rule->kind == RAW_LIST ? !is_same(rule->sub, x, y)
                                   : !is_same_name(x, y))
            return false;
    }
    return true;
}

static bool
is_same_member(const struct raw_rule *rule, const void *a, const void *b)
{
    const struct pb_raw_int *x = a;
    const struct pb_raw_int *y = b;

    switch (rule->kind) {
    case RAW_TEXT:
        return pb_text_equals(*(const struct pb_text *)a,
            *(const struct pb_text *)b);
    case RAW_INT:
        return *(const int32_t *)a == *(const int32_t *)b;
    case RAW_MAYBE_INT:
        return x->is_set == y->is_set && x->value == y->value;
    case RAW_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case RAW_PART:
        return is_same(rule->sub, a, b);
    case RAW_LIST:
    case RAW_TEXTS:
        return is_same_list(rule, a, b);
    }
    return false;
}

/* Recursion is as deep as reading was. */
static bool
is_same(const struct raw_shape *shape, const void *a, const void *b)
{
    for (size_t i = 0; i < shape->n_rules; i++) {
        const struct raw_rule *rule = &shape->rules[i];

        if (!is_same_member(rule, (const char *)a + rule->offset,
                (const char *)b + rule->offset))
            return false;
    }
    return true;
}

bool
pb_raw_is_same_file(const struct pb_raw_file *a, const struct pb_raw_file *b)
{
    return pb_text_equals(a->bytes, b->bytes) || is_same(&file_shape, a, b);
}
