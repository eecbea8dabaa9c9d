/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field or extension: a raw field and the features around it become the
 * names, flags and tags that transcoders run on.
 */
#include "protobuf/schema_internal.h"
#include "protobuf/wire.h"

enum { LABEL_REQUIRED = 2, LABEL_REPEATED = 3 };

/* ---- Names -------------------------------------------------------------- */

struct pb_text
pb_derive_json_name(struct pb_text name, char *to)
{
    bool raise = false;
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (c == '_') {
            raise = true;
            continue;
        }
        to[n++] = raise && c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        raise = false;
    }
    return (struct pb_text){ to, n };
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

/* The name as a member begins in JSON, for readers and writers that are in a
 * hurry. False: no memory. */
static bool
make_key(struct pb_arena *a, struct pb_field *f)
{
    size_t len = f->json_name_len + 4u;
    size_t room = len < PB_FIELD_KEY_ROOM ? PB_FIELD_KEY_ROOM : len;
    char *key;

    if (len > UINT16_MAX || strpbrk(f->json_name, "\"\\") != NULL)
        return true;
    key = pb_arena_array(a, room, 1);
    if (key == NULL)
        return false;
    memset(key, 0, room);
    memcpy(key, ",\"", 2);
    memcpy(key + 2, f->json_name, f->json_name_len);
    memcpy(key + len - 2, "\":", 2);
    f->key = key;
    f->key_len = (uint16_t)len;
    return true;
}

enum pb_err
pb_name_field(const struct pb_place *at, struct pb_field *f)
{
    struct pb_arena *a = &at->b->schema->arena;
    struct pb_text name = at->raw->name;
    struct pb_text json = at->raw->json_name;
    char derived[PB_FULL_NAME_MAX];

    if (json.n == 0)
        json = pb_derive_json_name(name, derived);
    else if (!is_json_name(json))
        return PB_FIELD_FAIL(at, PB_EVALUE, "json_name \"%.*s\" is not usable",
            PB_SHOWN(json));

    f->name = f->json_name = pb_arena_text(a, name.p, name.n);
    if (f->name != NULL && !pb_text_equals(json, name))
        f->json_name = pb_arena_text(a, json.p, json.n);
    if (f->json_name == NULL)
        return pb_build_no_room(at->b);
    f->name_len = (uint16_t)name.n;
    f->json_name_len = (uint16_t)json.n;
    return make_key(a, f) ? PB_OK : pb_build_no_room(at->b);
}

enum pb_err
pb_name_extension(const struct pb_place *at, struct pb_field *f)
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

/* ---- Types -------------------------------------------------------------- */

static bool
is_delimited(const struct pb_place *at, const struct pb_message *type)
{
    return at->features.message_encoding == PB_ENCODING_DELIMITED &&
        at->raw->type != PB_GROUP && !type->is_map_entry &&
        !(!at->is_extension &&
            ((const struct pb_message *)at->item->built)->is_map_entry);
}

static enum pb_err
set_message(const struct pb_place *at, struct pb_field *f,
    const struct pb_symbol *symbol)
{
    const struct pb_raw_field *raw = at->raw;
    const struct pb_message *type = symbol->item->built;

    if (raw->type != 0 && raw->type != PB_MESSAGE && raw->type != PB_GROUP)
        return PB_FIELD_FAIL(at, PB_EVALUE, "\"%s\" is a message, not an enum",
            type->full_name);
    if (raw->type == PB_GROUP && at->item->file->edition != PB_EDITION_PROTO2)
        return PB_FIELD_FAIL(at, PB_EVALUE, "groups are for proto2 only");
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
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "map entry \"%s\" belongs to another field", type->full_name);
    f->is_map = true;
    return PB_OK;
}

static enum pb_err
set_type(const struct pb_place *at, struct pb_field *f)
{
    const struct pb_raw_field *raw = at->raw;
    bool is_scalar = raw->type != 0 && raw->type != PB_MESSAGE &&
        raw->type != PB_GROUP && raw->type != PB_ENUM;
    const struct pb_symbol *symbol;

    if (raw->type < 0 || raw->type > PB_SINT64)
        return PB_FIELD_FAIL(at, PB_EVALUE, "type %d is not known",
            (int)raw->type);
    if (is_scalar && raw->type_name.n > 0)
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "a scalar with the type name \"%.*s\"", PB_SHOWN(raw->type_name));
    f->type = (uint8_t)raw->type;
    if (is_scalar)
        return PB_OK;

    if (raw->type_name.n == 0)
        return PB_FIELD_FAIL(at, PB_EVALUE, "has no type");
    symbol = pb_resolve(at->b, at->item->name, raw->type_name);
    if (symbol == NULL)
        return PB_FIELD_FAIL(at, PB_EUNKNOWN, "unresolved type \"%.*s\"",
            PB_SHOWN(raw->type_name));
    if (symbol->kind == PB_KIND_MESSAGE)
        return set_message(at, f, symbol);
    if (raw->type != 0 && raw->type != PB_ENUM)
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "\"%.*s\" is an enum, not a message", PB_SHOWN(raw->type_name));
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

/* ---- Flags -------------------------------------------------------------- */

static bool
is_packed(const struct pb_place *at, const struct pb_field *f)
{
    if (!f->is_repeated || f->wire == PB_WIRE_LEN || f->wire == PB_WIRE_SGROUP)
        return false;
    if (at->item->file->edition < PB_EDITION_2023 && at->raw->packed.is_set)
        return at->raw->packed.value != 0;
    return at->features.repeated_encoding == PB_REPEATED_PACKED;
}

static void
set_flags(const struct pb_place *at, struct pb_field *f)
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
check_label(const struct pb_place *at)
{
    const struct pb_raw_field *raw = at->raw;

    if (raw->label < 0 || raw->label > LABEL_REPEATED)
        return PB_FIELD_FAIL(at, PB_EVALUE, "label %d is not known",
            (int)raw->label);
    if (raw->label == LABEL_REQUIRED &&
        at->item->file->edition != PB_EDITION_PROTO2)
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "required fields are for proto2 only");
    if (raw->label == LABEL_REQUIRED && at->is_extension)
        return PB_FIELD_FAIL(at, PB_EVALUE, "an extension cannot be required");
    if (raw->number < 1 || raw->number > PB_NUMBER_MAX)
        return PB_FIELD_FAIL(at, PB_EVALUE, "number %d is not within 1 to %d",
            (int)raw->number, PB_NUMBER_MAX);
    if (raw->number >= 19000 && raw->number <= 19999)
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "number %d is reserved for protobuf itself (19000 to 19999)",
            (int)raw->number);
    return PB_OK;
}

enum pb_err
pb_link_field(struct pb_place *at, const struct pb_features *outer,
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
