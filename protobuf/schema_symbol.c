/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names while a schema is built. A symbol's key is its scope and its leaf,
 * hashed one after the other, so that the full names of fields and values need
 * not be put together.
 */
#include "protobuf/schema_internal.h"

#include <assert.h>

/* ---- Finding ------------------------------------------------------------ */

static uint64_t
symbol_hash(const struct pb_schema_builder *b, struct pb_text scope,
    struct pb_text leaf)
{
    return pb_hash(pb_hash(b->seed, scope.p, scope.n), leaf.p, leaf.n);
}

const struct pb_symbol *
pb_find(const struct pb_schema_builder *b, struct pb_text scope,
    struct pb_text leaf)
{
    uint64_t hash = symbol_hash(b, scope, leaf);
    uint32_t at = (uint32_t)hash;
    const struct pb_slot *slot;

    while ((slot = pb_table_next(&b->symbols, hash, &at)) != NULL) {
        const struct pb_symbol *s = slot->item;

        if (pb_text_equals(s->leaf, leaf) && pb_text_equals(s->scope, scope))
            return s;
    }
    return NULL;
}

/* Everything before the last dot; nothing if there is none. */
static struct pb_text
outer_scope(struct pb_text name)
{
    while (name.n > 0 && name.p[name.n - 1] != '.')
        name.n--;
    if (name.n > 0)
        name.n--;
    return name;
}

static const struct pb_symbol *
find_full(const struct pb_schema_builder *b, struct pb_text name)
{
    struct pb_text scope = outer_scope(name);
    size_t skip = scope.n > 0 ? scope.n + 1 : 0;

    return pb_find(b, scope, (struct pb_text){ name.p + skip, name.n - skip });
}

static bool
is_type(const struct pb_symbol *s)
{
    return s->kind == PB_KIND_MESSAGE || s->kind == PB_KIND_ENUM;
}

static bool
is_scope(const struct pb_symbol *s)
{
    return is_type(s) || s->kind == PB_KIND_PACKAGE ||
        s->kind == PB_KIND_SERVICE;
}

/* The name's first part is looked for from the inside out, and the rest only
 * where that was found, as protoc does it. */
static const struct pb_symbol *
resolve_relative(const struct pb_schema_builder *b, struct pb_text scope,
    struct pb_text name)
{
    char full[PB_FULL_NAME_MAX * 2 + 2];
    struct pb_text first = name;
    const char *dot = memchr(name.p, '.', name.n);

    if (dot != NULL)
        first.n = (size_t)(dot - name.p);
    for (;; scope = outer_scope(scope)) {
        const struct pb_symbol *s = pb_find(b, scope, first);
        size_t skip = scope.n > 0 ? scope.n + 1 : 0;

        if (s != NULL && dot == NULL && is_type(s))
            return s;
        if (s != NULL && dot != NULL && is_scope(s)) {
            if (skip > 0) {
                memcpy(full, scope.p, scope.n);
                full[scope.n] = '.';
            }
            memcpy(full + skip, name.p, name.n);
            return find_full(b, (struct pb_text){ full, skip + name.n });
        }
        if (scope.n == 0)
            return NULL;
    }
}

const struct pb_symbol *
pb_resolve(const struct pb_schema_builder *b, struct pb_text scope,
    struct pb_text name)
{
    const struct pb_symbol *s;

    if (name.n == 0 || name.n > PB_FULL_NAME_MAX)
        return NULL;
    assert(scope.n <= PB_FULL_NAME_MAX);
    if (name.p[0] == '.')
        s = find_full(b, (struct pb_text){ name.p + 1, name.n - 1 });
    else
        s = resolve_relative(b, scope, name);
    return s != NULL && is_type(s) ? s : NULL;
}

/* ---- Declaring ---------------------------------------------------------- */

/* The entry of a map is named for its field: of _2nd it is 2ndEntry. */
static bool
is_identifier(struct pb_text name, enum pb_kind kind)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!is_letter && !(c >= '0' && c <= '9'))
            return false;
        if (!is_letter && i == 0 && kind != PB_KIND_MESSAGE)
            return false;
    }
    return name.n > 0;
}

enum pb_err
pb_declare(struct pb_schema_builder *b, const struct pb_raw_file *file,
    enum pb_kind kind, struct pb_text scope, struct pb_text leaf,
    struct pb_item *item)
{
    const struct pb_symbol *old;
    struct pb_symbol *s;

    if (!is_identifier(leaf, kind))
        return pb_build_fail(b, PB_EVALUE, file, kind, scope, leaf,
            leaf.n == 0 ? "has no name" : "the name is no identifier");
    if (scope.n + 1 + leaf.n > PB_FULL_NAME_MAX)
        return pb_build_fail(b, PB_ELIMIT, file, kind, scope, leaf,
            "the full name is longer than %d bytes", PB_FULL_NAME_MAX);
    old = pb_find(b, scope, leaf);
    if (old != NULL && kind == PB_KIND_PACKAGE && old->kind == kind)
        return PB_OK;
    if (old != NULL)
        return pb_build_fail(b, PB_EDUPLICATE, file, kind, scope, leaf,
            "the name is declared twice, the other time in %.*s",
            PB_SHOWN(old->file->name));

    s = pb_arena_array(&b->arena, 1, sizeof *s);
    if (s == NULL)
        return pb_build_no_room(b);
    *s = (struct pb_symbol){ scope, leaf, file, kind, item };
    if (!pb_table_put(&b->symbols, &b->arena, symbol_hash(b, scope, leaf), kind,
            s))
        return pb_build_no_room(b);
    return PB_OK;
}
