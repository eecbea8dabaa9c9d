/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages with their fields and oneofs, extensions, and services, now that
 * every type has a place.
 */
#include "protobuf/schema_internal.h"

#include <stdlib.h>

/* ---- Oneofs ------------------------------------------------------------- */

struct oneof {
    const struct pb_raw_oneof *raw;
    uint32_t n_fields;
    bool is_synthetic;
    int16_t index; /* among the real ones */
    struct pb_features features;
};

static enum pb_err
check_membership(const struct pb_place *at, struct oneof *oneofs, uint32_t n)
{
    const struct pb_raw_field *raw = at->raw;
    struct oneof *o;

    if (raw->is_proto3_optional &&
        (at->item->file->edition != PB_EDITION_PROTO3 || !raw->oneof.is_set))
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "proto3_optional outside of proto3 or of a oneof of its own");
    if (!raw->oneof.is_set)
        return PB_OK;
    if (raw->oneof.value < 0 || (uint32_t)raw->oneof.value >= n)
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "oneof_index %d is out of bounds, the message has %u oneofs",
            (int)raw->oneof.value, (unsigned)n);
    if (raw->label > 1)
        return PB_FIELD_FAIL(at, PB_EVALUE,
            "a member of a oneof can be neither repeated nor required");
    o = &oneofs[raw->oneof.value];
    o->n_fields++;
    o->is_synthetic = o->is_synthetic || raw->is_proto3_optional;
    if (o->is_synthetic && o->n_fields > 1)
        return PB_FIELD_FAIL(at, PB_EVALUE,
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
        struct pb_place at = { .b = b, .item = item, .raw = f };

        err = check_membership(&at, oneofs, raw->oneofs.count);
        if (err != PB_OK)
            return err;
    }
    *made = oneofs;
    return name_oneofs(b, item, oneofs, raw->oneofs.count);
}

/* ---- Messages ----------------------------------------------------------- */

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
    struct oneof *oneofs = NULL;
    enum pb_err err;

    err = link_oneofs(b, item, &oneofs);
    if (err != PB_OK)
        return err;
    fields =
        pb_arena_array(&b->schema->arena, raw->fields.count, sizeof *fields);
    if (fields == NULL)
        return pb_build_no_room(b);

    for (uint32_t i = 0; i < raw->fields.count; i++, next = next->next) {
        struct pb_place at = { .b = b, .item = item, .raw = next };
        const struct oneof *o =
            next->oneof.is_set ? &oneofs[next->oneof.value] : NULL;

        if (next->extendee.n > 0)
            return PB_FIELD_FAIL(&at, PB_EVALUE, "a field with an extendee");
        err =
            pb_link_field(&at, o ? &o->features : &item->features, &fields[i]);
        if (err == PB_OK)
            err = pb_name_field(&at, &fields[i]);
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

/* ---- Extensions --------------------------------------------------------- */

static enum pb_err
link_extendee(struct pb_place *at, struct pb_field *f)
{
    const struct pb_raw_field *raw = at->raw;
    const struct pb_symbol *symbol;
    const struct pb_range *range;

    symbol = pb_resolve(at->b, at->item->name, raw->extendee);
    if (symbol == NULL || symbol->kind != PB_KIND_MESSAGE)
        return PB_FIELD_FAIL(at, PB_EUNKNOWN,
            "extends \"%.*s\", which is no message", PB_SHOWN(raw->extendee));
    if (raw->oneof.is_set)
        return PB_FIELD_FAIL(at, PB_EVALUE, "an extension in a oneof");
    range = pb_range_of(symbol->item, raw->number);
    if (range == NULL || !range->is_extension)
        return PB_FIELD_FAIL(at, PB_EVALUE,
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
        struct pb_place at = { .b = b,
            .item = item,
            .raw = next,
            .is_extension = true };
        enum pb_err err = pb_link_field(&at, &item->features, &fields[i]);

        if (err == PB_OK)
            err = link_extendee(&at, &fields[i]);
        if (err == PB_OK)
            err = pb_name_extension(&at, &fields[i]);
        if (err != PB_OK)
            return err;
    }
    return PB_OK;
}

/* ---- Services ----------------------------------------------------------- */

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
