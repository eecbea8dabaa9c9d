/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a finished schema: names and numbers of fields and values, and
 * the full names of everything. Small numbers go straight to their field.
 */
#include "protobuf/schema_internal.h"

#include <stdlib.h>

static const struct pb_text no_text;

/* ---- Messages ----------------------------------------------------------- */

static bool
is_custom(const struct pb_field *f)
{
    char derived[PB_FULL_NAME_MAX];
    struct pb_text name = { f->name, f->name_len };
    struct pb_text json = { f->json_name, f->json_name_len };

    return !pb_text_equals(json, pb_derive_json_name(name, derived));
}

/* Two fields of one JSON name: whoever is first has it, where that is
 * tolerated at all. */
static enum pb_err
check_conflict(struct pb_schema_builder *b, const struct pb_item *item,
    const struct pb_field *f, const struct pb_field *other)
{
    const struct pb_raw_message *raw = item->raw;
    bool is_legacy = item->features.json_format == PB_JSON_LEGACY_BEST_EFFORT ||
        raw->has_legacy_json_conflicts;

    if (is_legacy && !(is_custom(f) && is_custom(other)))
        return PB_OK;
    return pb_build_fail(b, PB_EDUPLICATE, item->file, PB_KIND_FIELD,
        item->name, pb_text(f->name),
        "JSON name \"%.80s\" is also that of "
        "\"%.80s\"",
        f->json_name, other->name);
}

static enum pb_err
index_json_names(struct pb_schema_builder *b, const struct pb_item *item,
    struct pb_message_index *index)
{
    const struct pb_message *m = item->built;

    for (uint32_t i = 0; i < m->n_fields; i++) {
        const struct pb_field *f = &m->fields[i];
        uint64_t hash = pb_hash(b->seed, f->json_name, f->json_name_len);
        const struct pb_field *other =
            pb_message_field_by_name(m, f->json_name, f->json_name_len);
        enum pb_err err = PB_OK;

        if (other == NULL)
            pb_names_add(&index->names, hash, i << 1);
        else
            err = check_conflict(b, item, f, other);
        if (err != PB_OK)
            return err;
    }
    for (uint32_t i = 0; i < m->n_fields; i++) {
        const struct pb_field *f = &m->fields[i];

        if (pb_message_field_by_name(m, f->name, f->name_len) == NULL)
            pb_names_add(&index->names, pb_hash(b->seed, f->name, f->name_len),
                i << 1 | 1);
    }
    return PB_OK;
}

static bool
index_numbers(struct pb_message_index *index, struct pb_arena *a,
    const struct pb_message *m)
{
    uint32_t bound = m->n_fields * 4u + 32;
    uint16_t *direct;

    if (m->n_fields > 0 && m->fields[m->n_fields - 1].number < bound)
        bound = m->fields[m->n_fields - 1].number + 1;
    direct = pb_arena_array(a, bound, sizeof *direct);
    if (direct == NULL)
        return false;
    for (uint32_t i = 0; i < bound; i++)
        direct[i] = UINT16_MAX;
    for (uint16_t i = 0; i < m->n_fields && m->fields[i].number < bound; i++)
        direct[m->fields[i].number] = i;
    index->direct = direct;
    index->n_direct = bound;
    return true;
}

enum pb_err
pb_index_message(struct pb_schema_builder *b, struct pb_item *item)
{
    struct pb_arena *a = &b->schema->arena;
    struct pb_message *m = item->built;
    struct pb_message_index *index = pb_arena_array(a, 1, sizeof *index);
    uint32_t n = m->n_fields;

    for (uint32_t i = 0; i < m->n_fields; i++)
        n += m->fields[i].json_name != m->fields[i].name;
    if (index == NULL || !pb_names_init(&index->names, a, n, n * 2) ||
        !index_numbers(index, a, m))
        return pb_build_no_room(b);
    m->index = index;
    return index_json_names(b, item, index);
}

/* ---- Enums -------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
    const struct pb_enum_value *x = *(const struct pb_enum_value *const *)a;
    const struct pb_enum_value *y = *(const struct pb_enum_value *const *)b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The values by number; of aliases the first one declared. */
static enum pb_err
sort_values(struct pb_schema_builder *b, const struct pb_item *item,
    const struct pb_enum_value **sorted, uint32_t *n_distinct)
{
    const struct pb_raw_enum *raw = item->raw;
    const struct pb_enum *e = item->built;
    uint32_t n = 0;

    for (uint32_t i = 0; i < e->n_values; i++)
        sorted[i] = &e->values[i];
    qsort(sorted, e->n_values, sizeof *sorted, by_number);
    for (uint32_t i = 0; i < e->n_values; i++) {
        if (n == 0 || sorted[n - 1]->number != sorted[i]->number)
            sorted[n++] = sorted[i];
        else if (!raw->allows_alias)
            return pb_build_fail(b, PB_EDUPLICATE, item->file, PB_KIND_ENUM,
                no_text, item->name,
                "\"%.80s\" has the number %d of \"%.80s\", and no allow_alias",
                sorted[i]->name, (int)sorted[i]->number, sorted[n - 1]->name);
    }
    *n_distinct = n;
    return PB_OK;
}

static bool
index_values(struct pb_enum_index *index, struct pb_arena *a,
    const struct pb_enum *e, const struct pb_enum_value *const *sorted,
    uint32_t n)
{
    int64_t span = (int64_t)sorted[n - 1]->number - sorted[0]->number + 1;
    uint32_t *to;

    index->is_direct = span <= (int64_t)n * 4 + 32;
    index->first = sorted[0]->number;
    index->n = index->is_direct ? (uint32_t)span : n;
    to = pb_arena_array(a, index->n, sizeof *to);
    if (to == NULL)
        return false;
    index->by_number = to;
    for (uint32_t i = 0; i < index->n; i++)
        to[i] = PB_NO_ENTRY;
    for (uint32_t i = 0; i < n; i++) {
        int64_t at = (int64_t)sorted[i]->number - index->first;

        to[index->is_direct ? at : i] = (uint32_t)(sorted[i] - e->values);
    }
    return true;
}

static enum pb_err
make_values(struct pb_schema_builder *b, const struct pb_item *item)
{
    const struct pb_raw_enum *raw = item->raw;
    const struct pb_raw_value *next = raw->values.first;
    struct pb_arena *a = &b->schema->arena;
    struct pb_enum *e = item->built;
    struct pb_enum_value *values;

    values = pb_arena_array(a, raw->values.count, sizeof *values);
    if (values == NULL)
        return pb_build_no_room(b);
    for (uint32_t i = 0; i < raw->values.count; i++, next = next->next) {
        values[i].name = pb_arena_text(a, next->name.p, next->name.n);
        if (values[i].name == NULL)
            return pb_build_no_room(b);
        values[i].name_len = (uint16_t)next->name.n;
        values[i].number = next->number;
    }
    e->values = values;
    e->n_values = raw->values.count;
    e->default_number = values[0].number;
    return PB_OK;
}

enum pb_err
pb_index_enum(struct pb_schema_builder *b, struct pb_item *item)
{
    struct pb_arena *a = &b->schema->arena;
    struct pb_enum *e = item->built;
    const struct pb_enum_value **sorted;
    struct pb_enum_index *index;
    uint32_t n_distinct = 0;
    enum pb_err err;

    err = make_values(b, item);
    if (err != PB_OK)
        return err;
    sorted = pb_arena_array(&b->arena, e->n_values, sizeof *sorted);
    index = pb_arena_array(a, 1, sizeof *index);
    if (sorted == NULL || index == NULL)
        return pb_build_no_room(b);
    err = sort_values(b, item, sorted, &n_distinct);
    if (err != PB_OK)
        return err;
    if (!index_values(index, a, e, sorted, n_distinct) ||
        !pb_names_init(&index->names, a, e->n_values, e->n_values))
        return pb_build_no_room(b);
    index->seed = b->seed;
    for (uint32_t i = 0; i < e->n_values; i++)
        pb_names_add(&index->names,
            pb_hash(b->seed, e->values[i].name, e->values[i].name_len), i);
    e->index = index;
    return PB_OK;
}

/* ---- The schema --------------------------------------------------------- */

static bool
put_name(struct pb_schema *s, enum pb_kind kind, struct pb_text name,
    const void *item)
{
    return pb_table_put(&s->names, &s->arena, pb_hash(s->seed, name.p, name.n),
        kind, item);
}

static bool
index_service(struct pb_schema *s, const struct pb_service *service)
{
    if (!put_name(s, PB_KIND_SERVICE, pb_text(service->full_name), service))
        return false;
    for (uint32_t i = 0; i < service->n_methods; i++)
        if (!put_name(s, PB_KIND_METHOD, pb_text(service->methods[i].full_name),
                &service->methods[i]))
            return false;
    return true;
}

static enum pb_err
index_extensions(struct pb_schema_builder *b, const struct pb_item *item)
{
    const struct pb_raw_list *list = item->raw;
    const struct pb_field *fields = item->built;
    struct pb_schema *s = b->schema;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct pb_field *f = &fields[i];
        const struct pb_field *other =
            pb_schema_extension_by_number(f->parent, f->number);
        struct pb_text name = { f->name + 1, f->name_len - 2u };

        if (other != NULL)
            return pb_build_fail(b, PB_EDUPLICATE, item->file,
                PB_KIND_EXTENSION, no_text, name,
                "number %u is also that of %.100s", (unsigned)f->number,
                other->name);
        if (!put_name(s, PB_KIND_EXTENSION, name, f) ||
            !pb_table_put(&s->extensions, &s->arena,
                pb_extension_hash(s, f->parent, f->number), PB_KIND_EXTENSION,
                f))
            return pb_build_no_room(b);
    }
    return PB_OK;
}

enum pb_err
pb_index_schema(struct pb_schema_builder *b)
{
    struct pb_schema *s = b->schema;

    if (!pb_table_reserve(&s->names, &s->arena,
            b->messages.count + b->services.count + b->n_methods +
                b->n_extensions + 1) ||
        !pb_table_reserve(&s->extensions, &s->arena, b->n_extensions + 1))
        return pb_build_no_room(b);
    for (const struct pb_item *i = b->messages.first; i != NULL; i = i->next)
        if (!put_name(s, PB_KIND_MESSAGE, i->name, i->built))
            return pb_build_no_room(b);
    for (uint32_t i = 0; i < s->n_services; i++)
        if (!index_service(s, &s->services[i]))
            return pb_build_no_room(b);
    for (const struct pb_item *i = b->extensions.first; i != NULL;
         i = i->next) {
        enum pb_err err = index_extensions(b, i);

        if (err != PB_OK)
            return err;
    }
    return PB_OK;
}
