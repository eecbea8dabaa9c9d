/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields, extensions and methods, now that every type has a place: a raw field
 * and the features around it become the flags and tags that transcoders run on.
 */
#include "protobuf/schema_internal.h"
#include "protobuf/wire.h"

#include <stdlib.h>

enum {
    LABEL_REQUIRED = 2,
    LABEL_REPEATED = 3
};

/* Where a raw field stands, for the functions that look at one. */
struct place {
    struct pb_schema_builder *b;
    const struct pb_item *item; /* the message, or the extensions' scope */
    const struct pb_raw_field *raw;
    struct pb_features features; /* the field's own */
    bool is_extension;
};

#define FAIL(place, err, ...)                                      \
    pb_build_fail((place)->b, err, (place)->item->file,            \
        (place)->is_extension ? PB_KIND_EXTENSION : PB_KIND_FIELD, \
        (place)->item->name, (place)->raw->name, __VA_ARGS__)

/* ---- Names ----------------------------------------------------------------- */

static const char *
json_name_of(struct pb_arena *a, struct pb_text name, size_t *len)
{
    char *json = pb_arena_text(a, name.p, name.n);
    bool raise = false;
    size_t n = 0;

    if (json == NULL)
        return NULL;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (c == '_') {
            raise = true;
            continue;
        }
        json[n++] = raise && c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        raise = false;
    }
    json[n] = '\0';
    *len = n;
    return json;
}

static bool
is_json_name(struct pb_text name)
{
    const uint8_t *p = (const uint8_t *)name.p;
    const uint8_t *end = p + name.n;

    if (name.n > PB_FULL_NAME_MAX || (name.p[0] == '[' && end[-1] == ']'))
        return false;
    while (p < end) {
        uint32_t code;
        size_t n = pb_utf8_next(p, end, &code);

        if (n == 0 || code < 0x20 || code == 0x7f)
            return false;
        p += n;
    }
    return true;
}

static enum pb_err
name_field(const struct place *at, struct pb_field *f)
{
    struct pb_arena *a = &at->b->schema->arena;
    const struct pb_raw_field *raw = at->raw;
    struct pb_text json = raw->json_name;
    size_t json_len = json.n;

    f->name = pb_arena_text(a, raw->name.p, raw->name.n);
    if (f->name == NULL)
        return pb_build_no_room(at->b);
    f->name_len = (uint16_t)raw->name.n;

    if (json.n > 0 && !is_json_name(json))
        return FAIL(at, PB_EVALUE, "json_name \"%.*s\" is not usable",
            PB_SHOWN(json));
    if (json.n > 0 ? pb_text_equals(json, raw->name)
                   : memchr(raw->name.p, '_', raw->name.n) == NULL) {
        f->json_name = f->name;
        json_len = f->name_len;
    } else if (json.n > 0) {
        f->json_name = pb_arena_text(a, json.p, json.n);
    } else {
        f->json_name = json_name_of(a, raw->name, &json_len);
    }
    if (f->json_name == NULL)
        return pb_build_no_room(at->b);
    f->json_name_len = (uint16_t)json_len;
    return PB_OK;
}

/* [pkg.ext] */
static enum pb_err
name_extension(const struct place *at, struct pb_field *f)
{
    struct pb_text scope = at->item->name;
    struct pb_text leaf = at->raw->name;
    size_t skip = scope.n > 0 ? scope.n + 1 : 0;
    size_t len = skip + leaf.n + 2;
    char *name = pb_arena_array(&at->b->schema->arena, len + 1, 1);

    if (name == NULL)
        return pb_build_no_room(at->b);
    name[0] = '[';
    if (skip > 0) {
        memcpy(name + 1, scope.p, scope.n);
        name[1 + scope.n] = '.';
    }
    memcpy(name + 1 + skip, leaf.p, leaf.n);
    name[len - 1] = ']';
    f->name = f->json_name = name;
    f->name_len = f->json_name_len = (uint16_t)len;
    return PB_OK;
}

/* ---- Types ----------------------------------------------------------------- */

static bool
is_delimited(const struct place *at, const struct pb_message *type)
{
    return at->features.message_encoding == PB_ENCODING_DELIMITED &&
        at->raw->type != PB_GROUP && !type->is_map_entry &&
        !(!at->is_extension &&
            ((const struct pb_message *)at->item->built)->is_map_entry);
}

static enum pb_err
set_message(const struct place *at, struct pb_field *f,
    const struct pb_symbol *symbol)
{
    const struct pb_raw_field *raw = at->raw;
    const struct pb_message *type = symbol->item->built;

    if (raw->type != 0 && raw->type != PB_MESSAGE && raw->type != PB_GROUP)
        return FAIL(at, PB_EVALUE, "\"%s\" is a message, not an enum",
            type->full_name);
    if (raw->type == PB_GROUP && at->item->file->edition != PB_EDITION_PROTO2)
        return FAIL(at, PB_EVALUE, "groups are for proto2 only");
    f->message = type;
    f->type = PB_MESSAGE;
    if (raw->type == PB_GROUP || is_delimited(at, type))
        f->type = PB_GROUP;

    if (!type->is_map_entry)
        return PB_OK;
    if (at->is_extension || raw->label != LABEL_REPEATED ||
        f->type == PB_GROUP ||
        symbol->scope.p !=
            ((const struct pb_message *)at->item->built)->full_name)
        return FAIL(at, PB_EVALUE, "map entry \"%s\" belongs to another field",
            type->full_name);
    f->is_map = true;
    return PB_OK;
}

static enum pb_err
set_type(const struct place *at, struct pb_field *f)
{
    const struct pb_raw_field *raw = at->raw;
    bool is_scalar = raw->type != 0 && raw->type != PB_MESSAGE &&
        raw->type != PB_GROUP && raw->type != PB_ENUM;
    const struct pb_symbol *symbol;

    if (raw->type < 0 || raw->type > PB_SINT64)
        return FAIL(at, PB_EVALUE, "type %d is not known", (int)raw->type);
    if (is_scalar && raw->type_name.n > 0)
        return FAIL(at, PB_EVALUE, "a scalar with the type name \"%.*s\"",
            PB_SHOWN(raw->type_name));
    f->type = (uint8_t)raw->type;
    if (is_scalar)
        return PB_OK;

    if (raw->type_name.n == 0)
        return FAIL(at, PB_EVALUE, "has no type");
    symbol = pb_resolve(at->b, at->item->name, raw->type_name);
    if (symbol == NULL)
        return FAIL(at, PB_EUNKNOWN, "unresolved type \"%.*s\"",
            PB_SHOWN(raw->type_name));
    if (symbol->kind == PB_KIND_MESSAGE)
        return set_message(at, f, symbol);
    if (raw->type != 0 && raw->type != PB_ENUM)
        return FAIL(at, PB_EVALUE, "\"%.*s\" is an enum, not a message",
            PB_SHOWN(raw->type_name));
    f->type = PB_ENUM;
    f->enumeration = symbol->item->built;
    return PB_OK;
}

static enum pb_wire
wire_of(uint8_t type)
{
    switch ((enum pb_type)type) {
    case PB_DOUBLE:
    case PB_FIXED64:
    case PB_SFIXED64:
        return PB_WIRE_I64;
    case PB_FLOAT:
    case PB_FIXED32:
    case PB_SFIXED32:
        return PB_WIRE_I32;
    case PB_STRING:
    case PB_BYTES:
    case PB_MESSAGE:
        return PB_WIRE_LEN;
    case PB_GROUP:
        return PB_WIRE_SGROUP;
    case PB_INT64:
    case PB_UINT64:
    case PB_INT32:
    case PB_BOOL:
    case PB_UINT32:
    case PB_ENUM:
    case PB_SINT32:
    case PB_SINT64:
        break;
    }
    return PB_WIRE_VARINT;
}

static void
set_tags(struct pb_field *f)
{
    enum pb_wire wire = wire_of(f->type);

    f->wire = (uint8_t)wire;
    f->tag_len =
        (uint8_t)(pb_varint_write(f->tag, (uint64_t)f->number << 3 | wire) -
            f->tag);
    f->packed_tag_len = (uint8_t)(pb_varint_write(f->packed_tag,
                                      (uint64_t)f->number << 3 | PB_WIRE_LEN) -
        f->packed_tag);
}

/* ---- Flags ----------------------------------------------------------------- */

static bool
is_packed(const struct place *at, const struct pb_field *f)
{
    if (!f->is_repeated || f->wire == PB_WIRE_LEN || f->wire == PB_WIRE_SGROUP)
        return false;
    if (at->item->file->edition < PB_EDITION_2023 && at->raw->packed.is_set)
        return at->raw->packed.value != 0;
    return at->features.repeated_encoding == PB_REPEATED_PACKED;
}

static void
set_flags(const struct place *at, struct pb_field *f)
{
    const struct pb_raw_field *raw = at->raw;
    bool is_singular = raw->label != LABEL_REPEATED;
    bool is_in_oneof = raw->oneof.is_set;

    f->is_repeated = !is_singular;
    f->is_packed = is_packed(at, f);
    f->is_required = raw->label == LABEL_REQUIRED ||
        (is_singular && !is_in_oneof && !at->is_extension &&
            at->features.presence == PB_PRESENCE_LEGACY_REQUIRED);
    f->has_presence = is_singular &&
        (f->message != NULL || is_in_oneof || at->is_extension ||
            at->features.presence != PB_PRESENCE_IMPLICIT);
    f->verify_utf8 =
        f->type == PB_STRING && at->features.utf8 == PB_UTF8_VERIFY;
    f->is_extension = at->is_extension;
}

static enum pb_err
check_label(const struct place *at)
{
    const struct pb_raw_field *raw = at->raw;

    if (raw->label < 0 || raw->label > LABEL_REPEATED)
        return FAIL(at, PB_EVALUE, "label %d is not known", (int)raw->label);
    if (raw->label == LABEL_REQUIRED &&
        at->item->file->edition != PB_EDITION_PROTO2)
        return FAIL(at, PB_EVALUE, "required fields are for proto2 only");
    if (raw->label == LABEL_REQUIRED && at->is_extension)
        return FAIL(at, PB_EVALUE, "an extension cannot be required");
    if (raw->number < 1 || raw->number > PB_NUMBER_MAX)
        return FAIL(at, PB_EVALUE, "number %d is not within 1 to %d",
            (int)raw->number, PB_NUMBER_MAX);
    if (raw->number >= 19000 && raw->number <= 19999)
        return FAIL(at, PB_EVALUE,
            "number %d is reserved for protobuf itself (19000 to 19999)",
            (int)raw->number);
    return PB_OK;
}

/* Everything but the name, the parent and the oneof. */
static enum pb_err
link_field(struct place *at, const struct pb_features *outer,
    struct pb_field *f)
{
    enum pb_err err = check_label(at);

    if (err == PB_OK)
        err = pb_features_merge(at->b, at->item->file, at->raw->name, outer,
            &at->raw->features, &at->features);
    if (err == PB_OK)
        err = set_type(at, f);
    if (err != PB_OK)
        return err;
    f->number = (uint32_t)at->raw->number;
    f->oneof = -1;
    set_tags(f);
    set_flags(at, f);
    return PB_OK;
}

/* ---- Oneofs ---------------------------------------------------------------- */

struct oneof {
    const struct pb_raw_oneof *raw;
    uint32_t n_fields;
    bool is_synthetic;
    int16_t index; /* among the real ones */
    struct pb_features features;
};

static enum pb_err
check_membership(const struct place *at, struct oneof *oneofs, uint32_t n)
{
    const struct pb_raw_field *raw = at->raw;
    struct oneof *o;

    if (raw->is_proto3_optional &&
        (at->item->file->edition != PB_EDITION_PROTO3 || !raw->oneof.is_set))
        return FAIL(at, PB_EVALUE,
            "proto3_optional outside of proto3 or of a oneof of its own");
    if (!raw->oneof.is_set)
        return PB_OK;
    if (raw->oneof.value < 0 || (uint32_t)raw->oneof.value >= n)
        return FAIL(at, PB_EVALUE,
            "oneof_index %d is out of bounds, the message has %u oneofs",
            (int)raw->oneof.value, (unsigned)n);
    if (raw->label > 1)
        return FAIL(at, PB_EVALUE,
            "a member of a oneof can be neither repeated nor required");
    o = &oneofs[raw->oneof.value];
    o->n_fields++;
    o->is_synthetic = o->is_synthetic || raw->is_proto3_optional;
    if (o->is_synthetic && o->n_fields > 1)
        return FAIL(at, PB_EVALUE,
            "the oneof of a proto3 optional field has another member");
    return PB_OK;
}

/* Members are counted: real oneofs get their place, the others vanish. */
static enum pb_err
name_oneofs(struct pb_schema_builder *b, struct pb_item *item,
    struct oneof *oneofs, uint32_t n)
{
    struct pb_message *m = item->built;
    const char **names;

    names = pb_arena_array(&b->schema->arena, n, sizeof *names);
    if (names == NULL)
        return pb_build_no_room(b);
    for (uint32_t i = 0; i < n; i++) {
        struct pb_text name = oneofs[i].raw->name;

        if (oneofs[i].n_fields == 0)
            return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_ONEOF,
                item->name, name, "has no fields");
        oneofs[i].index = -1;
        if (oneofs[i].is_synthetic)
            continue;
        names[m->n_oneofs] = pb_arena_text(&b->schema->arena, name.p, name.n);
        if (names[m->n_oneofs] == NULL)
            return pb_build_no_room(b);
        oneofs[i].index = (int16_t)m->n_oneofs++;
    }
    m->oneof_names = names;
    return PB_OK;
}

static enum pb_err
link_oneofs(struct pb_schema_builder *b, struct pb_item *item,
    struct oneof **made)
{
    const struct pb_raw_message *raw = item->raw;
    const struct pb_raw_oneof *next = raw->oneofs.first;
    struct oneof *oneofs;
    enum pb_err err;

    oneofs = pb_arena_array(&b->arena, raw->oneofs.count, sizeof *oneofs);
    if (oneofs == NULL)
        return pb_build_no_room(b);
    for (uint32_t i = 0; i < raw->oneofs.count; i++, next = next->next) {
        oneofs[i].raw = next;
        err = pb_features_merge(b, item->file, next->name, &item->features,
            &next->features, &oneofs[i].features);
        if (err != PB_OK)
            return err;
    }
    for (const struct pb_raw_field *f = raw->fields.first; f != NULL;
         f = f->next) {
        struct place at = { .b = b, .item = item, .raw = f };

        err = check_membership(&at, oneofs, raw->oneofs.count);
        if (err != PB_OK)
            return err;
    }
    *made = oneofs;
    return name_oneofs(b, item, oneofs, raw->oneofs.count);
}

/* ---- Messages -------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
    const struct pb_field *x = a;
    const struct pb_field *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

/* Usually they are in order already. */
static void
sort_fields(struct pb_field *fields, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (fields[i - 1].number > fields[i].number) {
            qsort(fields, n, sizeof *fields, by_number);
            break;
        }
    }
    for (size_t i = 0; i < n; i++)
        fields[i].index = (uint16_t)i;
}

enum pb_err
pb_link_message(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_raw_message *raw = item->raw;
    const struct pb_raw_field *next = raw->fields.first;
    struct pb_message *m = item->built;
    struct pb_field *fields;
    struct oneof *oneofs;
    enum pb_err err;

    err = link_oneofs(b, item, &oneofs);
    if (err != PB_OK)
        return err;
    fields =
        pb_arena_array(&b->schema->arena, raw->fields.count, sizeof *fields);
    if (fields == NULL)
        return pb_build_no_room(b);

    for (uint32_t i = 0; i < raw->fields.count; i++, next = next->next) {
        struct place at = { .b = b, .item = item, .raw = next };
        const struct oneof *o =
            next->oneof.is_set ? &oneofs[next->oneof.value] : NULL;

        if (next->extendee.n > 0)
            return FAIL(&at, PB_EVALUE, "a field with an extendee");
        err = link_field(&at, o ? &o->features : &item->features, &fields[i]);
        if (err == PB_OK)
            err = name_field(&at, &fields[i]);
        if (err != PB_OK)
            return err;
        fields[i].parent = m;
        if (o != NULL)
            fields[i].oneof = o->index;
        m->has_required = m->has_required || fields[i].is_required;
    }
    sort_fields(fields, raw->fields.count);
    m->fields = fields;
    m->n_fields = (uint16_t)raw->fields.count;
    return PB_OK;
}

/* ---- Extensions ------------------------------------------------------------ */

static enum pb_err
link_extendee(struct place *at, struct pb_field *f)
{
    const struct pb_raw_field *raw = at->raw;
    const struct pb_symbol *symbol;
    const struct pb_range *range;

    symbol = pb_resolve(at->b, at->item->name, raw->extendee);
    if (symbol == NULL || symbol->kind != PB_KIND_MESSAGE)
        return FAIL(at, PB_EUNKNOWN, "extends \"%.*s\", which is no message",
            PB_SHOWN(raw->extendee));
    if (raw->oneof.is_set)
        return FAIL(at, PB_EVALUE, "an extension in a oneof");
    range = pb_range_of(symbol->item, raw->number);
    if (range == NULL || !range->is_extension)
        return FAIL(at, PB_EVALUE,
            "number %d is in no extension range of \"%.*s\"", (int)raw->number,
            PB_SHOWN(raw->extendee));
    f->parent = symbol->item->built;
    return PB_OK;
}

enum pb_err
pb_link_extensions(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_raw_list *list = item->raw;
    const struct pb_raw_field *next = list->first;
    struct pb_field *fields;

    fields = pb_arena_array(&b->schema->arena, list->count, sizeof *fields);
    if (fields == NULL)
        return pb_build_no_room(b);
    item->built = fields;
    for (uint32_t i = 0; i < list->count; i++, next = next->next) {
        struct place at = { .b = b,
            .item = item,
            .raw = next,
            .is_extension = true };
        enum pb_err err = link_field(&at, &item->features, &fields[i]);

        if (err == PB_OK)
            err = link_extendee(&at, &fields[i]);
        if (err == PB_OK)
            err = name_extension(&at, &fields[i]);
        if (err != PB_OK)
            return err;
    }
    return PB_OK;
}

/* ---- Services -------------------------------------------------------------- */

static enum pb_err
link_type(struct pb_schema_builder *b, const struct pb_item *item,
    const struct pb_raw_method *raw, struct pb_text name,
    const struct pb_message **type)
{
    const struct pb_symbol *symbol = pb_resolve(b, item->name, name);

    if (symbol == NULL || symbol->kind != PB_KIND_MESSAGE)
        return pb_build_fail(b, PB_EUNKNOWN, item->file, PB_KIND_METHOD,
            item->name, raw->name, "\"%.*s\" is no message", PB_SHOWN(name));
    *type = symbol->item->built;
    return PB_OK;
}

/* A message written twice is merged by putting the bytes in a row. */
static enum pb_err
copy_http_rule(struct pb_schema_builder *b, const struct pb_raw_method *raw,
    struct pb_method *m)
{
    size_t len = 0;
    char *rule;

    if (raw->http_rules.count == 0)
        return PB_OK;
    for (const struct pb_raw_name *r = raw->http_rules.first; r != NULL;
         r = r->next)
        len += r->text.n;
    rule = pb_arena_array(&b->schema->arena, len, 1);
    if (rule == NULL)
        return pb_build_no_room(b);
    m->http_rule = (const uint8_t *)rule;
    m->http_rule_len = len;
    for (const struct pb_raw_name *r = raw->http_rules.first; r != NULL;
         r = r->next) {
        if (r->text.n > 0)
            memcpy(rule, r->text.p, r->text.n);
        rule += r->text.n;
    }
    return PB_OK;
}

static enum pb_err
link_method(struct pb_schema_builder *b, const struct pb_item *item,
    const struct pb_raw_method *raw, struct pb_method *m)
{
    size_t len = item->name.n + 1 + raw->name.n;
    char *name = pb_arena_array(&b->schema->arena, len + 1, 1);
    enum pb_err err;

    if (name == NULL)
        return pb_build_no_room(b);
    memcpy(name, item->name.p, item->name.n);
    name[item->name.n] = '.';
    memcpy(name + item->name.n + 1, raw->name.p, raw->name.n);
    m->full_name = name;
    m->name = name + item->name.n + 1;

    err = link_type(b, item, raw, raw->input, &m->input);
    if (err == PB_OK)
        err = link_type(b, item, raw, raw->output, &m->output);
    if (err != PB_OK)
        return err;
    m->client_streaming = raw->client_streaming;
    m->server_streaming = raw->server_streaming;
    if (raw->idempotency == PB_NO_SIDE_EFFECTS ||
        raw->idempotency == PB_IDEMPOTENT)
        m->idempotency = (uint8_t)raw->idempotency;
    return copy_http_rule(b, raw, m);
}

enum pb_err
pb_link_service(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_raw_service *raw = item->raw;
    const struct pb_raw_method *next = raw->methods.first;
    struct pb_service *s = item->built;
    struct pb_method *methods;

    methods =
        pb_arena_array(&b->schema->arena, raw->methods.count, sizeof *methods);
    if (methods == NULL)
        return pb_build_no_room(b);
    s->full_name = item->name.p;
    s->methods = methods;
    s->n_methods = raw->methods.count;
    for (uint32_t i = 0; i < raw->methods.count; i++, next = next->next) {
        enum pb_err err = link_method(b, item, next, &methods[i]);

        if (err != PB_OK)
            return err;
        methods[i].service = s;
    }
    return PB_OK;
}
