/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that need more than one element at a time: numbers against ranges,
 * the shape of map entries, enums, and well-known types that a user brought.
 */
#include "protobuf/schema_internal.h"

#include <stdlib.h>

static const struct pb_text no_text;

static enum pb_err
fail_message(const struct pb_schema_builder *b, const struct pb_item *item,
    const char *what)
{
    return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_MESSAGE, no_text,
        item->name, "%s", what);
}

/* ---- Numbers ------------------------------------------------------------ */

static int
by_start(const void *a, const void *b)
{
    const struct pb_range *x = a;
    const struct pb_range *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

static void
copy_ranges(const struct pb_raw_list *list, bool is_extension,
    struct pb_range **to)
{
    for (const struct pb_raw_range *r = list->first; r != NULL; r = r->next)
        *(*to)++ = (struct pb_range){ r->start, r->end, is_extension };
}

static enum pb_err
sort_ranges(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_raw_message *raw = item->raw;
    size_t n = (size_t)raw->extension_ranges.count + raw->reserved_ranges.count;
    /* a MessageSet has type ids where others have field numbers */
    int64_t most = raw->is_message_set ? INT32_MAX - 1 : PB_NUMBER_MAX;
    struct pb_range *to;

    item->ranges = to = pb_arena_array(&b->arena, n, sizeof *to);
    if (to == NULL)
        return pb_build_no_room(b);
    copy_ranges(&raw->extension_ranges, true, &to);
    copy_ranges(&raw->reserved_ranges, false, &to);
    item->n_ranges = n;
    if (n > 1)
        qsort(item->ranges, n, sizeof *item->ranges, by_start);
    for (size_t i = 0; i < n; i++) {
        const struct pb_range *r = &item->ranges[i];

        if (r->start < 1 || r->end <= r->start || r->end > most + 1)
            return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_MESSAGE,
                no_text, item->name, "%lld to %lld is no range of numbers",
                (long long)r->start, (long long)r->end - 1);
        if (i > 0 && r->start < r[-1].end)
            return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_MESSAGE,
                no_text, item->name, "two ranges overlap at number %lld",
                (long long)r->start);
    }
    return PB_OK;
}

const struct pb_range *
pb_range_of(const struct pb_item *item, int64_t number)
{
    size_t low = 0, high = item->n_ranges;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (item->ranges[middle].end <= number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < item->n_ranges && item->ranges[low].start <= number)
        return &item->ranges[low];
    return NULL;
}

static enum pb_err
check_reserved_names(struct pb_schema_builder *b, const struct pb_item *item)
{
    const struct pb_raw_message *raw = item->raw;
    const struct pb_message *m = item->built;

    for (const struct pb_raw_name *r = raw->reserved_names.first; r != NULL;
         r = r->next) {
        const struct pb_field *f =
            pb_message_field_by_name(m, r->text.p, r->text.n);

        if (f != NULL && f->name_len == r->text.n &&
            memcmp(f->name, r->text.p, r->text.n) == 0)
            return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_FIELD,
                item->name, r->text, "the name is reserved");
    }
    return PB_OK;
}

enum pb_err
pb_check_numbers(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_message *m = item->built;
    enum pb_err err = sort_ranges(b, item);

    for (unsigned i = 0; i < m->n_fields && err == PB_OK; i++) {
        const struct pb_field *f = &m->fields[i];
        const struct pb_range *r = pb_range_of(item, f->number);

        if (r != NULL)
            err = pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_FIELD,
                item->name, pb_text(f->name), "number %u is %s",
                (unsigned)f->number,
                r->is_extension ? "in a range for extensions" : "reserved");
        else if (i > 0 && f[-1].number == f->number)
            err = pb_build_fail(b, PB_EDUPLICATE, item->file, PB_KIND_FIELD,
                item->name, pb_text(f->name),
                "number %u is also that of "
                "\"%.80s\"",
                (unsigned)f->number, f[-1].name);
    }
    return err == PB_OK ? check_reserved_names(b, item) : err;
}

/* ---- Map entries -------------------------------------------------------- */

static bool
is_key_type(uint8_t type)
{
    switch ((enum pb_type)type) {
    case PB_DOUBLE:
    case PB_FLOAT:
    case PB_GROUP:
    case PB_MESSAGE:
    case PB_BYTES:
    case PB_ENUM:
        return false;
    default:
        return true;
    }
}

enum pb_err
pb_check_map_entry(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_raw_message *raw = item->raw;
    const struct pb_message *m = item->built;
    const struct pb_field *key = m->fields;
    const struct pb_field *value;

    if (!m->is_map_entry)
        return PB_OK;
    value = m->n_fields == 2 ? key + 1 : NULL;
    if (value == NULL || key->number != 1 || value->number != 2 ||
        strcmp(key->name, "key") != 0 || strcmp(value->name, "value") != 0)
        return fail_message(b, item,
            "a map entry has a field key = 1 and a field value = 2 only");
    if (raw->oneofs.count > 0 || raw->messages.count > 0 ||
        raw->enums.count > 0 || raw->extensions.count > 0 ||
        raw->extension_ranges.count > 0)
        return fail_message(b, item, "a map entry has nothing but its fields");
    if (key->is_repeated || value->is_repeated || key->is_required ||
        value->is_required)
        return fail_message(b, item,
            "the fields of a map entry are neither repeated nor required");
    if (!is_key_type(key->type))
        return fail_message(b, item,
            "a map's key is a string, an integer or a bool");
    if (value->type == PB_GROUP)
        return fail_message(b, item, "a map's value cannot be a group");
    return PB_OK;
}

/* ---- Enums -------------------------------------------------------------- */

static enum pb_err
check_reserved_values(struct pb_schema_builder *b, const struct pb_item *item)
{
    const struct pb_raw_enum *raw = item->raw;
    const struct pb_enum *e = item->built;
    struct pb_item ranges = { .file = item->file, .name = item->name };
    struct pb_range *to;

    ranges.n_ranges = raw->reserved_ranges.count;
    ranges.ranges = to = pb_arena_array(&b->arena, ranges.n_ranges, sizeof *to);
    if (to == NULL)
        return pb_build_no_room(b);
    copy_ranges(&raw->reserved_ranges, false, &to);
    for (size_t i = 0; i < ranges.n_ranges; i++)
        ranges.ranges[i].end++;
    if (ranges.n_ranges > 1)
        qsort(ranges.ranges, ranges.n_ranges, sizeof *to, by_start);
    for (uint32_t i = 0; i < e->n_values; i++)
        if (pb_range_of(&ranges, e->values[i].number) != NULL)
            return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_ENUM,
                no_text, item->name,
                "value \"%.80s\" has the reserved "
                "number %d",
                e->values[i].name, (int)e->values[i].number);
    for (const struct pb_raw_name *r = raw->reserved_names.first; r != NULL;
         r = r->next)
        if (pb_enum_value_by_name(e, r->text.p, r->text.n) != NULL)
            return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_ENUM,
                no_text, item->name, "value \"%.*s\" has a reserved name",
                PB_SHOWN(r->text));
    return PB_OK;
}

enum pb_err
pb_check_enum(struct pb_schema_builder *b, struct pb_item *item)
{
    const struct pb_enum *e = item->built;

    if (!e->is_closed && e->default_number != 0)
        return pb_build_fail(b, PB_EVALUE, item->file, PB_KIND_ENUM, no_text,
            item->name, "the first value of an open enum is 0, not %d",
            (int)e->default_number);
    return check_reserved_values(b, item);
}

/* ---- Well-known types --------------------------------------------------- */

/* The message of that name in the built-in files. */
static const struct pb_raw_message *
find_builtin(const struct pb_schema_builder *b, struct pb_text full_name)
{
    for (const struct pb_raw_file *f = b->builtins.first; f != NULL;
         f = f->next) {
        size_t skip = f->package.n + 1;

        if (full_name.n <= skip ||
            memcmp(full_name.p, f->package.p, f->package.n) != 0)
            continue;
        for (const struct pb_raw_message *m = f->messages.first; m != NULL;
             m = m->next)
            if (pb_text_equals(m->name,
                    (struct pb_text){ full_name.p + skip, full_name.n - skip }))
                return m;
    }
    return NULL;
}

static bool
is_same_field(const struct pb_field *f, const struct pb_raw_field *ours)
{
    const char *type = f->message != NULL ? f->message->full_name
        : f->enumeration != NULL          ? f->enumeration->full_name
                                          : "";
    struct pb_text ours_type = ours->type_name;

    if (ours_type.n > 0) { /* absolute, as protoc writes them */
        ours_type.p++;
        ours_type.n--;
    }
    return f->type == ours->type && f->is_repeated == (ours->label == 3) &&
        pb_text_equals(pb_text(f->name), ours->name) &&
        pb_text_equals(pb_text(type), ours_type);
}

/* How many of our fields m has, too. */
static size_t
count_same(const struct pb_message *m, const struct pb_raw_message *ours)
{
    size_t n = 0;

    for (const struct pb_raw_field *f = ours->fields.first; f != NULL;
         f = f->next) {
        const struct pb_field *theirs =
            pb_message_field_by_number(m, (uint32_t)f->number, 0);

        n += theirs != NULL && is_same_field(theirs, f);
    }
    return n;
}

/* Early versions had no extensions. */
static bool
is_http_body(const struct pb_message *m, const struct pb_raw_message *ours)
{
    return m->n_fields >= 2 && m->n_oneofs == 0 && !m->has_required &&
        m->fields[0].number == 1 && m->fields[1].number == 2 &&
        count_same(m, ours) == m->n_fields;
}

enum pb_err
pb_check_well_known(struct pb_schema_builder *b, struct pb_item *item)
{
    struct pb_message *m = item->built;
    const struct pb_raw_message *ours;

    if (m->wkt == PB_WKT_NONE || item->file->is_builtin)
        return PB_OK;
    ours = find_builtin(b, item->name);
    if (m->wkt == PB_WKT_HTTP_BODY) {
        /* Not part of protobuf: of another shape it is just a message. */
        if (ours == NULL || !is_http_body(m, ours))
            m->wkt = PB_WKT_NONE;
        return PB_OK;
    }
    if (ours != NULL && ours->fields.count == m->n_fields &&
        count_same(m, ours) == m->n_fields)
        return PB_OK;
    return fail_message(b, item, "has other fields than the well-known type");
}
