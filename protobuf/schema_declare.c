/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item and an empty table for every type of a file, and a symbol for every
 * name.
 */
#include "protobuf/schema_internal.h"

static const struct pb_text no_text;

static const struct {
    const char *full_name;
    enum pb_wkt wkt;
} well_known[] = {
    { "google.api.HttpBody", PB_WKT_HTTP_BODY },
    { "google.protobuf.Any", PB_WKT_ANY },
    { "google.protobuf.BoolValue", PB_WKT_BOOL_VALUE },
    { "google.protobuf.BytesValue", PB_WKT_BYTES_VALUE },
    { "google.protobuf.DoubleValue", PB_WKT_DOUBLE_VALUE },
    { "google.protobuf.Duration", PB_WKT_DURATION },
    { "google.protobuf.Empty", PB_WKT_EMPTY },
    { "google.protobuf.FieldMask", PB_WKT_FIELD_MASK },
    { "google.protobuf.FloatValue", PB_WKT_FLOAT_VALUE },
    { "google.protobuf.Int32Value", PB_WKT_INT32_VALUE },
    { "google.protobuf.Int64Value", PB_WKT_INT64_VALUE },
    { "google.protobuf.ListValue", PB_WKT_LIST_VALUE },
    { "google.protobuf.StringValue", PB_WKT_STRING_VALUE },
    { "google.protobuf.Struct", PB_WKT_STRUCT },
    { "google.protobuf.Timestamp", PB_WKT_TIMESTAMP },
    { "google.protobuf.UInt32Value", PB_WKT_UINT32_VALUE },
    { "google.protobuf.UInt64Value", PB_WKT_UINT64_VALUE },
    { "google.protobuf.Value", PB_WKT_VALUE },
};

static enum pb_wkt
wkt_of(struct pb_text name)
{
    if (name.n < 7 || memcmp(name.p, "google.", 7) != 0)
        return PB_WKT_NONE;
    for (size_t i = 0; i < sizeof well_known / sizeof well_known[0]; i++)
        if (pb_text_equals(name, pb_text(well_known[i].full_name)))
            return well_known[i].wkt;
    return PB_WKT_NONE;
}

/* ---- Declaring ---------------------------------------------------------- */

/* a.b.c declares a, a.b and a.b.c. */
static enum pb_err
declare_package(struct pb_schema_builder *b, const struct pb_raw_file *file)
{
    struct pb_text scope = { file->package.p, 0 };
    struct pb_text rest = file->package;
    unsigned parts = 0;

    while (rest.p != NULL && file->package.n > 0) {
        const char *dot = memchr(rest.p, '.', rest.n);
        size_t n = dot == NULL ? rest.n : (size_t)(dot - rest.p);
        enum pb_err err = pb_declare(b, file, PB_KIND_PACKAGE, scope,
            (struct pb_text){ rest.p, n }, NULL);

        if (err != PB_OK)
            return err;
        if (++parts > PB_PACKAGE_PARTS_MAX)
            return pb_build_fail(b, PB_ELIMIT, file, PB_KIND_PACKAGE, no_text,
                file->package, "has more than %d parts", PB_PACKAGE_PARTS_MAX);
        scope.n = (size_t)(rest.p + n - scope.p);
        rest.p = dot == NULL ? NULL : dot + 1;
        rest.n -= dot == NULL ? rest.n : n + 1;
    }
    return PB_OK;
}

/* An item with its full name, in the schema's arena, and its symbol. */
static enum pb_err
declare_item(struct pb_schema_builder *b, struct pb_raw_file *file,
    enum pb_kind kind, struct pb_text scope, struct pb_text leaf,
    struct pb_raw_list *list, struct pb_item **made)
{
    struct pb_item *item = pb_arena_array(&b->arena, 1, sizeof *item);
    size_t skip = scope.n > 0 ? scope.n + 1 : 0;
    enum pb_err err;
    char *name;

    if (item == NULL)
        return pb_build_no_room(b);
    err = pb_declare(b, file, kind, scope, leaf, item);
    if (err != PB_OK)
        return err;
    name = pb_arena_array(&b->schema->arena, skip + leaf.n + 1, 1);
    if (name == NULL)
        return pb_build_no_room(b);
    if (skip > 0) {
        memcpy(name, scope.p, scope.n);
        name[scope.n] = '.';
    }
    memcpy(name + skip, leaf.p, leaf.n);
    item->file = file;
    item->name = (struct pb_text){ name, skip + leaf.n };
    pb_raw_append(list, item);
    *made = item;
    return PB_OK;
}

static enum pb_err
declare_enum(struct pb_schema_builder *b, struct pb_raw_file *file,
    struct pb_text scope, const struct pb_features *outer,
    const struct pb_raw_enum *raw)
{
    struct pb_item *item;
    struct pb_enum *e;
    enum pb_err err;

    err =
        declare_item(b, file, PB_KIND_ENUM, scope, raw->name, &b->enums, &item);
    if (err != PB_OK)
        return err;
    err = pb_features_merge(b, file, item->name, outer, &raw->features,
        &item->features);
    if (err != PB_OK)
        return err;
    if (raw->values.count == 0)
        return pb_build_fail(b, PB_EVALUE, file, PB_KIND_ENUM, no_text,
            item->name, "has no values");
    e = pb_arena_array(&b->schema->arena, 1, sizeof *e);
    if (e == NULL)
        return pb_build_no_room(b);
    e->full_name = item->name.p;
    e->is_closed = item->features.enum_type == PB_ENUM_CLOSED;
    e->is_null_value =
        pb_text_equals(item->name, pb_text("google.protobuf.NullValue"));
    item->raw = raw;
    item->built = e;

    /* Values are siblings of their enum. */
    for (const struct pb_raw_value *v = raw->values.first; v != NULL;
         v = v->next) {
        err = pb_declare(b, file, PB_KIND_VALUE, scope, v->name, NULL);
        if (err != PB_OK)
            return err;
    }
    return PB_OK;
}

static enum pb_err
declare_extensions(struct pb_schema_builder *b, struct pb_raw_file *file,
    struct pb_text scope, const struct pb_features *features,
    const struct pb_raw_list *list)
{
    struct pb_item *item;

    if (list->count == 0)
        return PB_OK;
    item = pb_arena_array(&b->arena, 1, sizeof *item);
    if (item == NULL)
        return pb_build_no_room(b);
    item->raw = list;
    item->file = file;
    item->name = scope;
    item->features = *features;
    pb_raw_append(&b->extensions, item);
    b->n_extensions += list->count;

    for (const struct pb_raw_field *f = list->first; f != NULL; f = f->next) {
        enum pb_err err =
            pb_declare(b, file, PB_KIND_EXTENSION, scope, f->name, NULL);

        if (err != PB_OK)
            return err;
    }
    return PB_OK;
}

static enum pb_err
declare_members(struct pb_schema_builder *b, const struct pb_item *item)
{
    const struct pb_raw_message *raw = item->raw;
    enum pb_err err = PB_OK;

    for (const struct pb_raw_field *f = raw->fields.first;
         f != NULL && err == PB_OK; f = f->next)
        err =
            pb_declare(b, item->file, PB_KIND_FIELD, item->name, f->name, NULL);
    for (const struct pb_raw_oneof *o = raw->oneofs.first;
         o != NULL && err == PB_OK; o = o->next)
        err =
            pb_declare(b, item->file, PB_KIND_ONEOF, item->name, o->name, NULL);
    return err;
}

static enum pb_err
new_message(struct pb_schema_builder *b, struct pb_item *item,
    const struct pb_raw_message *raw)
{
    struct pb_message *m;

    if (raw->fields.count > PB_FIELDS_MAX)
        return pb_build_fail(b, PB_ELIMIT, item->file, PB_KIND_MESSAGE, no_text,
            item->name, "has more than %d fields", PB_FIELDS_MAX);
    if (raw->oneofs.count > PB_ONEOFS_MAX)
        return pb_build_fail(b, PB_ELIMIT, item->file, PB_KIND_MESSAGE, no_text,
            item->name, "has more than %d oneofs", PB_ONEOFS_MAX);
    m = pb_arena_array(&b->schema->arena, 1, sizeof *m);
    if (m == NULL)
        return pb_build_no_room(b);
    m->full_name = item->name.p;
    m->full_name_len = (uint16_t)item->name.n;
    m->wkt = (uint8_t)wkt_of(item->name);
    m->is_map_entry = raw->is_map_entry;
    m->is_message_set = raw->is_message_set;
    m->schema = b->schema;
    item->raw = raw;
    item->built = m;
    return PB_OK;
}

/* Recursion is as deep as the reader of descriptors lets messages nest. */
static enum pb_err
declare_message(struct pb_schema_builder *b, struct pb_raw_file *file,
    struct pb_text scope, const struct pb_features *outer,
    const struct pb_raw_message *raw)
{
    struct pb_item *item;
    enum pb_err err;

    err = declare_item(b, file, PB_KIND_MESSAGE, scope, raw->name, &b->messages,
        &item);
    if (err == PB_OK)
        err = pb_features_merge(b, file, item->name, outer, &raw->features,
            &item->features);
    if (err == PB_OK)
        err = new_message(b, item, raw);
    if (err == PB_OK)
        err = declare_members(b, item);
    for (const struct pb_raw_enum *e = raw->enums.first;
         e != NULL && err == PB_OK; e = e->next)
        err = declare_enum(b, file, item->name, &item->features, e);
    for (const struct pb_raw_message *m = raw->messages.first;
         m != NULL && err == PB_OK; m = m->next)
        err = declare_message(b, file, item->name, &item->features, m);
    if (err == PB_OK)
        err = declare_extensions(b, file, item->name, &item->features,
            &raw->extensions);
    return err;
}

static enum pb_err
declare_service(struct pb_schema_builder *b, struct pb_raw_file *file,
    const struct pb_raw_service *raw)
{
    struct pb_item *item;
    enum pb_err err;

    err = declare_item(b, file, PB_KIND_SERVICE, file->package, raw->name,
        &b->services, &item);
    if (err != PB_OK)
        return err;
    item->raw = raw;
    b->n_methods += raw->methods.count;
    for (const struct pb_raw_method *m = raw->methods.first;
         m != NULL && err == PB_OK; m = m->next)
        err = pb_declare(b, file, PB_KIND_METHOD, item->name, m->name, NULL);
    return err;
}

enum pb_err
pb_declare_file(struct pb_schema_builder *b, struct pb_raw_file *file)
{
    enum pb_err err = declare_package(b, file);

    for (const struct pb_raw_enum *e = file->enums.first;
         e != NULL && err == PB_OK; e = e->next)
        err = declare_enum(b, file, file->package, &file->resolved, e);
    for (const struct pb_raw_message *m = file->messages.first;
         m != NULL && err == PB_OK; m = m->next)
        err = declare_message(b, file, file->package, &file->resolved, m);
    if (err == PB_OK)
        err = declare_extensions(b, file, file->package, &file->resolved,
            &file->extensions);
    for (const struct pb_raw_service *s = file->services.first;
         s != NULL && err == PB_OK; s = s->next)
        err = declare_service(b, file, s);
    return err;
}

void
pb_drop_if_declared(struct pb_schema_builder *b, struct pb_raw_file *file)
{
    for (const struct pb_raw_enum *e = file->enums.first; e != NULL;
         e = e->next)
        if (pb_find(b, file->package, e->name) != NULL)
            file->is_dropped = true;
    for (const struct pb_raw_message *m = file->messages.first; m != NULL;
         m = m->next)
        if (pb_find(b, file->package, m->name) != NULL)
            file->is_dropped = true;
}
