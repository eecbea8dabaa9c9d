/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder: takes files, puts the built-in ones beside them, and runs the
 * passes. Files come in any order, since nothing is resolved before the last
 * one is here.
 */
#include "protobuf/builtin.pb.embed.h"
#include "protobuf/schema_internal.h"
#include "protobuf/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SET_BYTES_MAX = 64 << 20, /* of all that is added */
    SET_DEPTH_MAX = 100,
    ARENA_BYTES_MAX = 512 << 20, /* of builder and schema each */
    SET_FILE = 1,
};

/* ---- Errors ------------------------------------------------------------- */

static const char *const kind_names[] = {
    [PB_KIND_PACKAGE] = "package",
    [PB_KIND_MESSAGE] = "message",
    [PB_KIND_ENUM] = "enum",
    [PB_KIND_VALUE] = "enum value",
    [PB_KIND_FIELD] = "field",
    [PB_KIND_EXTENSION] = "extension",
    [PB_KIND_ONEOF] = "oneof",
    [PB_KIND_SERVICE] = "service",
    [PB_KIND_METHOD] = "method",
};

enum pb_err
pb_build_fail(const struct pb_schema_builder *b, enum pb_err err,
    const struct pb_raw_file *file, enum pb_kind kind, struct pb_text scope,
    struct pb_text leaf, const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    if (vsnprintf(what, sizeof what, format, args) < 0)
        what[0] = '\0';
    va_end(args);
    return pb_error_set(b->error, err, "%.*s: %s %.*s%s%.*s: %s",
        PB_SHOWN(file->name), kind_names[kind], PB_SHOWN(scope),
        scope.n > 0 ? "." : "", PB_SHOWN(leaf), what);
}

enum pb_err
pb_build_no_room(const struct pb_schema_builder *b)
{
    const struct pb_arena *a = &b->arena;

    if (b->schema != NULL && b->schema->arena.is_over)
        a = &b->schema->arena;
    return pb_arena_error(a, b->error);
}

/* ---- Adding files ------------------------------------------------------- */

struct pb_schema_builder *
pb_schema_builder_new(void)
{
    struct pb_schema_builder *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    pb_arena_init(&b->arena, ARENA_BYTES_MAX);
    b->seed = pb_hash((uintptr_t)b, "", 0);
    return b;
}

void
pb_schema_builder_free(struct pb_schema_builder **b)
{
    if (*b == NULL)
        return;
    pb_arena_fini(&(*b)->arena);
    free(*b);
    *b = NULL;
}

static struct pb_raw_file *
find_file(const struct pb_schema_builder *b, struct pb_text name)
{
    uint64_t hash = pb_hash(b->seed, name.p, name.n);
    uint32_t at = (uint32_t)hash;
    const struct pb_slot *slot;

    while ((slot = pb_table_next(&b->files_by_name, hash, &at)) != NULL) {
        struct pb_raw_file *file = (struct pb_raw_file *)slot->item;

        if (pb_text_equals(file->name, name))
            return file;
    }
    return NULL;
}

/* bytes are the builder's. */
static enum pb_err
add_file(struct pb_schema_builder *b, const uint8_t *bytes, size_t len,
    struct pb_error *error)
{
    struct pb_raw_file *file;
    const struct pb_raw_file *old;
    enum pb_err err;

    err = pb_raw_read_file(&b->arena, bytes, len, &b->elements, &file, error);
    if (err != PB_OK)
        return err;
    if (file->name.n == 0)
        return pb_error_set(error, PB_EVALUE, "a file without a name");
    old = find_file(b, file->name);
    if (old != NULL && pb_raw_is_same_file(old, file))
        return PB_OK;
    if (old != NULL)
        return pb_error_set(error, PB_EDUPLICATE,
            "%.*s: two files of this name differ", PB_SHOWN(file->name));
    if (!pb_table_put(&b->files_by_name, &b->arena,
            pb_hash(b->seed, file->name.p, file->name.n), PB_KIND_FILE, file))
        return pb_arena_error(&b->arena, error);
    pb_raw_append(&b->files, file);
    return PB_OK;
}

/* Counts len against the limit, and copies. */
static const uint8_t *
take_bytes(struct pb_schema_builder *b, const uint8_t *bytes, size_t len,
    struct pb_error *error)
{
    uint8_t *copy;

    if (len > SET_BYTES_MAX - b->bytes) {
        pb_error_set(error, PB_ELIMIT, "more than %d MiB of descriptors",
            SET_BYTES_MAX >> 20);
        return NULL;
    }
    copy = pb_arena_array(&b->arena, len, 1);
    if (copy == NULL) {
        pb_arena_error(&b->arena, error);
        return NULL;
    }
    b->bytes += len;
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

enum pb_err
pb_schema_builder_add_file(struct pb_schema_builder *b, const uint8_t *file,
    size_t len, struct pb_error *error)
{
    struct pb_error local;
    const uint8_t *copy;

    error = error != NULL ? error : &local;
    copy = take_bytes(b, file, len, error);
    return copy == NULL ? error->kind : add_file(b, copy, len, error);
}

/* Calls add for the bytes of every file in a set. */
static enum pb_err
each_file(struct pb_schema_builder *b, const uint8_t *set, size_t len,
    enum pb_err (*add)(struct pb_schema_builder *b, const uint8_t *bytes,
        size_t n, struct pb_error *error),
    struct pb_error *error)
{
    const uint8_t *p = set;
    const uint8_t *end = set + len;

    while (p < end) {
        size_t at = (size_t)(p - set);
        enum pb_err err = PB_OK;
        uint32_t number;
        unsigned wire;
        size_t n = 0;

        p = pb_tag_read(p, end, &number, &wire);
        if (p != NULL && number == SET_FILE && wire == PB_WIRE_LEN) {
            p = pb_len_read(p, end, &n);
            if (p != NULL)
                err = add(b, p, n, error);
        } else if (p != NULL) {
            p = pb_skip(p, end, number, wire, SET_DEPTH_MAX);
        }
        if (p == NULL) {
            err = pb_error_set(error, PB_ESYNTAX,
                "not a descriptor set: truncated or broken at byte %zu", at);
            if (error != NULL)
                error->offset = at;
        }
        if (err != PB_OK)
            return err;
        p += n;
    }
    return PB_OK;
}

enum pb_err
pb_schema_builder_add_set(struct pb_schema_builder *b, const uint8_t *set,
    size_t len, struct pb_error *error)
{
    struct pb_error local;
    const uint8_t *copy;

    error = error != NULL ? error : &local;
    copy = take_bytes(b, set, len, error);
    return copy == NULL ? error->kind
                        : each_file(b, copy, len, add_file, error);
}

/* ---- Built-in files ----------------------------------------------------- */

static enum pb_err
add_builtin(struct pb_schema_builder *b, const uint8_t *bytes, size_t len,
    struct pb_error *error)
{
    struct pb_raw_file *file;
    enum pb_err err;

    err = pb_raw_read_file(&b->arena, bytes, len, &b->elements, &file, error);
    if (err != PB_OK)
        return err;
    file->is_builtin = true;
    pb_raw_append(&b->builtins, file);
    return PB_OK;
}

static enum pb_err
add_builtins(struct pb_schema_builder *b)
{
    if (b->builtins.count > 0)
        return PB_OK;
    return each_file(b, builtin_pb, builtin_pb_size, add_builtin, b->error);
}

/* By name, and only if the user brought none of that name. */
static struct pb_raw_file *
find_import(const struct pb_schema_builder *b, struct pb_text name)
{
    struct pb_raw_file *file = find_file(b, name);

    if (file != NULL)
        return file;
    for (file = b->builtins.first; file != NULL; file = file->next)
        if (pb_text_equals(file->name, name))
            return file;
    return NULL;
}

/* ---- Imports ------------------------------------------------------------ */

static enum pb_err
enter_import(struct pb_schema_builder *b, struct pb_raw_file *from,
    struct pb_text name, struct pb_raw_file **next)
{
    struct pb_raw_file *file = find_import(b, name);

    if (file == NULL)
        return pb_error_set(b->error, PB_EUNKNOWN,
            "%.*s: import \"%.*s\" is missing (protoc --include_imports)",
            PB_SHOWN(from->name), PB_SHOWN(name));
    if (file->is_open)
        return pb_error_set(b->error, PB_EVALUE,
            "%.*s: import \"%.*s\" closes a cycle", PB_SHOWN(from->name),
            PB_SHOWN(name));
    *next = from;
    if (!file->is_visited) {
        file->importer = from;
        *next = file;
    }
    return PB_OK;
}

/* Depth first, with the way back kept in the files. */
static enum pb_err
check_imports(struct pb_schema_builder *b, struct pb_raw_file *file)
{
    file->importer = NULL;
    while (file != NULL) {
        struct pb_raw_name *import;
        enum pb_err err;

        if (!file->is_visited) {
            file->is_visited = file->is_open = true;
            file->next_import = file->imports.first;
        }
        import = file->next_import;
        if (import == NULL) {
            file->is_open = false;
            file = file->importer;
            continue;
        }
        file->next_import = import->next;
        err = enter_import(b, file, import->text, &file);
        if (err != PB_OK)
            return err;
    }
    return PB_OK;
}

/* ---- The passes --------------------------------------------------------- */

static void
forget_last_build(struct pb_schema_builder *b)
{
    struct pb_raw_file *const firsts[] = { b->files.first, b->builtins.first };

    for (size_t i = 0; i < 2; i++)
        for (struct pb_raw_file *f = firsts[i]; f != NULL; f = f->next)
            f->is_visited = f->is_open = f->is_dropped = false;
    b->symbols = (struct pb_table){ NULL, 0, 0 };
    b->messages = b->enums = b->services = b->extensions =
        (struct pb_raw_list){ NULL, NULL, 0 };
    b->n_methods = b->n_extensions = 0;
}

static enum pb_err
declare_files(struct pb_schema_builder *b)
{
    enum pb_err err = PB_OK;

    for (struct pb_raw_file *f = b->files.first; f != NULL && err == PB_OK;
         f = f->next) {
        err = pb_features_of_file(b, f);
        if (err == PB_OK && !f->is_visited)
            err = check_imports(b, f);
        if (err == PB_OK)
            err = pb_declare_file(b, f);
    }
    /* Then ours, where nobody has brought them. */
    for (struct pb_raw_file *f = b->builtins.first; f != NULL; f = f->next) {
        if (find_file(b, f->name) != NULL)
            f->is_dropped = true;
        else
            pb_drop_if_declared(b, f);
    }
    for (struct pb_raw_file *f = b->builtins.first; f != NULL && err == PB_OK;
         f = f->next) {
        if (f->is_dropped)
            continue;
        err = pb_features_of_file(b, f);
        if (err == PB_OK)
            err = pb_declare_file(b, f);
    }
    return err;
}

static enum pb_err
make_services(struct pb_schema_builder *b)
{
    struct pb_schema *s = b->schema;
    uint32_t i = 0;

    s->services =
        pb_arena_array(&s->arena, b->services.count, sizeof *s->services);
    if (s->services == NULL)
        return pb_build_no_room(b);
    s->n_services = b->services.count;
    for (struct pb_item *item = b->services.first; item != NULL;
         item = item->next) {
        item->built = &s->services[i++];
    }
    return PB_OK;
}

typedef enum pb_err pass_cb(struct pb_schema_builder *b, struct pb_item *item);

static enum pb_err
each_item(struct pb_schema_builder *b, const struct pb_raw_list *list,
    pass_cb *const *passes, size_t n_passes)
{
    for (size_t i = 0; i < n_passes; i++) {
        for (struct pb_item *item = list->first; item != NULL;
             item = item->next) {
            enum pb_err err = passes[i](b, item);

            if (err != PB_OK)
                return err;
        }
    }
    return PB_OK;
}

static enum pb_err
run_passes(struct pb_schema_builder *b)
{
    static pass_cb *const enum_passes[] = { pb_index_enum, pb_check_enum };
    static pass_cb *const message_passes[] = { pb_link_message,
        pb_index_message, pb_check_numbers, pb_check_map_entry,
        pb_check_well_known };
    static pass_cb *const service_passes[] = { pb_link_service };
    static pass_cb *const extension_passes[] = { pb_link_extensions };
    enum pb_err err;

    err = declare_files(b);
    if (err == PB_OK)
        err = make_services(b);
    if (err == PB_OK)
        err = each_item(b, &b->enums, enum_passes, 2);
    if (err == PB_OK)
        err = each_item(b, &b->messages, message_passes, 5);
    if (err == PB_OK)
        err = each_item(b, &b->services, service_passes, 1);
    if (err == PB_OK)
        err = each_item(b, &b->extensions, extension_passes, 1);
    if (err == PB_OK)
        err = pb_index_schema(b);
    return err;
}

/* A file of the user replaces ours whole, and may be one from before a type of
 * ours was thought of. */
static bool
lacks_builtin(const struct pb_schema_builder *b)
{
    for (const struct pb_raw_file *f = b->builtins.first; f != NULL;
         f = f->next)
        for (const struct pb_raw_message *m = f->messages.first;
             f->is_dropped && m != NULL; m = m->next)
            if (pb_find(b, f->package, m->name) == NULL)
                return true;
    return false;
}

/* Such types cannot come among the user's, who may mean something else by what
 * they refer to: they stay among themselves. */
static enum pb_err
add_spare(struct pb_schema_builder *b)
{
    struct pb_schema_builder *other;
    enum pb_err err;

    if (!lacks_builtin(b))
        return PB_OK;
    other = pb_schema_builder_new();
    if (other == NULL)
        return pb_error_set(b->error, PB_ENOMEM, "out of memory");
    err = pb_schema_builder_build(other, &b->schema->spare, b->error);
    pb_schema_builder_free(&other);
    return err;
}

enum pb_err
pb_schema_builder_build(struct pb_schema_builder *b, struct pb_schema **schema,
    struct pb_error *error)
{
    enum pb_err err;

    *schema = NULL;
    b->error = error;
    b->schema = calloc(1, sizeof *b->schema);
    if (b->schema == NULL)
        return pb_error_set(error, PB_ENOMEM, "out of memory");
    pb_arena_init(&b->schema->arena, ARENA_BYTES_MAX);
    b->schema->seed = b->seed;

    forget_last_build(b);
    err = add_builtins(b);
    if (err == PB_OK)
        err = run_passes(b);
    if (err == PB_OK)
        err = add_spare(b);
    if (err == PB_OK)
        *schema = b->schema;
    else
        pb_schema_free(&b->schema);
    b->schema = NULL;
    b->error = NULL;
    return err;
}

void
pb_schema_free(struct pb_schema **schema)
{
    if (*schema == NULL)
        return;
    pb_schema_free(&(*schema)->spare); /* which has none itself */
    pb_arena_fini(&(*schema)->arena);
    free(*schema);
    *schema = NULL;
}
