/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking things up in a finished schema. Tables never change, so a stranger
 * who chooses what is asked can make no chain longer.
 */
#include "protobuf/schema_internal.h"

static bool
is_named(const char *full_name, const char *name, size_t len)
{
    return strlen(full_name) == len && memcmp(full_name, name, len) == 0;
}

/* Extensions, whose names have brackets, are compared where they are asked. */
static const char *
name_of(const struct pb_slot *slot)
{
    switch ((enum pb_kind)slot->kind) {
    case PB_KIND_MESSAGE:
        return ((const struct pb_message *)slot->item)->full_name;
    case PB_KIND_SERVICE:
        return ((const struct pb_service *)slot->item)->full_name;
    case PB_KIND_METHOD:
        return ((const struct pb_method *)slot->item)->full_name;
    default:
        return NULL;
    }
}

static const void *
find(const struct pb_schema *s, enum pb_kind kind, const char *name, size_t len)
{
    uint64_t hash = pb_hash(s->seed, name, len);
    uint32_t at = (uint32_t)hash;
    const struct pb_slot *slot;

    while ((slot = pb_table_next(&s->names, hash, &at)) != NULL)
        if (slot->kind == kind && is_named(name_of(slot), name, len))
            return slot->item;
    return NULL;
}

const struct pb_message *
pb_schema_message(const struct pb_schema *s, const char *full_name, size_t len)
{
    const struct pb_message *m = find(s, PB_KIND_MESSAGE, full_name, len);

    if (m == NULL && s->spare != NULL)
        m = find(s->spare, PB_KIND_MESSAGE, full_name, len);
    return m;
}

const struct pb_service *
pb_schema_service(const struct pb_schema *s, const char *full_name, size_t len)
{
    return find(s, PB_KIND_SERVICE, full_name, len);
}

const struct pb_method *
pb_schema_method(const struct pb_schema *s, const char *full_name, size_t len)
{
    return find(s, PB_KIND_METHOD, full_name, len);
}

uint32_t
pb_schema_n_services(const struct pb_schema *s)
{
    return s->n_services;
}

const struct pb_service *
pb_schema_service_at(const struct pb_schema *s, uint32_t i)
{
    return i < s->n_services ? &s->services[i] : NULL;
}

const char *
pb_method_cardinality_name(const struct pb_method *m)
{
    if (m->client_streaming)
        return m->server_streaming ? "stream-stream" : "stream-unary";
    return m->server_streaming ? "unary-stream" : "unary-unary";
}

/* ---- Fields ------------------------------------------------------------- */

static const struct pb_field *
search_by_number(const struct pb_message *m, uint32_t number)
{
    unsigned low = 0, high = m->n_fields;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (m->fields[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < m->n_fields && m->fields[low].number == number)
        return &m->fields[low];
    return NULL;
}

const struct pb_field *
pb_message_field_by_number(const struct pb_message *m, uint32_t number,
    unsigned hint)
{
    const struct pb_message_index *index = m->index;

    if (hint < m->n_fields && m->fields[hint].number == number)
        return &m->fields[hint];
    if (number < index->n_direct) {
        uint16_t at = index->direct[number];

        return at == UINT16_MAX ? NULL : &m->fields[at];
    }
    return search_by_number(m, number);
}

const struct pb_field *
pb_message_field_by_name(const struct pb_message *m, const char *name,
    size_t len)
{
    const struct pb_message_index *index = m->index;
    uint64_t hash = pb_hash(m->schema->seed, name, len);
    uint32_t at = (uint32_t)hash;
    uint32_t entry;

    while ((entry = pb_names_next(&index->names, hash, &at)) != PB_NO_ENTRY) {
        const struct pb_field *f = &m->fields[entry >> 1];
        bool is_proto_name = entry & 1;
        const char *known = is_proto_name ? f->name : f->json_name;
        size_t known_len = is_proto_name ? f->name_len : f->json_name_len;

        if (known_len == len && memcmp(known, name, len) == 0)
            return f;
    }
    return NULL;
}

const struct pb_field *
pb_schema_extension_by_number(const struct pb_message *extendee,
    uint32_t number)
{
    const struct pb_schema *s = extendee->schema;
    uint64_t hash = pb_extension_hash(s, extendee, number);
    uint32_t at = (uint32_t)hash;
    const struct pb_slot *slot;

    while ((slot = pb_table_next(&s->extensions, hash, &at)) != NULL) {
        const struct pb_field *f = slot->item;

        if (f->parent == extendee && f->number == number)
            return f;
    }
    return NULL;
}

const struct pb_field *
pb_schema_extension_by_name(const struct pb_message *extendee,
    const char *full_name, size_t len)
{
    const struct pb_schema *s = extendee->schema;
    uint64_t hash = pb_hash(s->seed, full_name, len);
    uint32_t at = (uint32_t)hash;
    const struct pb_slot *slot;

    while ((slot = pb_table_next(&s->names, hash, &at)) != NULL) {
        const struct pb_field *f = slot->item;

        if (slot->kind != PB_KIND_EXTENSION || f->name_len != len + 2)
            continue;
        if (memcmp(f->name + 1, full_name, len) == 0)
            return f->parent == extendee ? f : NULL;
    }
    return NULL;
}

/* ---- Enums -------------------------------------------------------------- */

static const struct pb_enum_value *
search_value(const struct pb_enum *e, const struct pb_enum_index *index,
    int32_t number)
{
    uint32_t low = 0, high = index->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (e->values[index->by_number[middle]].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == index->n)
        return NULL;
    return e->values[index->by_number[low]].number == number
        ? &e->values[index->by_number[low]]
        : NULL;
}

const struct pb_enum_value *
pb_enum_value_by_number(const struct pb_enum *e, int32_t number)
{
    const struct pb_enum_index *index = e->index;
    int64_t at = (int64_t)number - index->first;

    if (!index->is_direct)
        return search_value(e, index, number);
    if (at < 0 || at >= index->n || index->by_number[at] == PB_NO_ENTRY)
        return NULL;
    return &e->values[index->by_number[at]];
}

const struct pb_enum_value *
pb_enum_value_by_name(const struct pb_enum *e, const char *name, size_t len)
{
    const struct pb_enum_index *index = e->index;
    uint64_t hash = pb_hash(index->seed, name, len);
    uint32_t at = (uint32_t)hash;
    uint32_t entry;

    while ((entry = pb_names_next(&index->names, hash, &at)) != PB_NO_ENTRY) {
        const struct pb_enum_value *v = &e->values[entry];

        if (v->name_len == len && memcmp(v->name, name, len) == 0)
            return v;
    }
    return NULL;
}
