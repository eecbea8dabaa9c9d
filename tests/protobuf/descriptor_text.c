/* SPDX-License-Identifier: Apache-2.0 */
/* A table of descriptor.proto's names, and a reader of a few lines. */
#include "tests/protobuf/descriptor_text.h"
#include "protobuf/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* clang-format off */
static const struct name {
    const char *in;
    const char *name;
    uint32_t number;
    const char *sub; /* NULL: a number or a string */
} names[] = {
    { "file", "name", 1, NULL },
    { "file", "package", 2, NULL },
    { "file", "dependency", 3, NULL },
    { "file", "message_type", 4, "message" },
    { "file", "enum_type", 5, "enum" },
    { "file", "service", 6, "service" },
    { "file", "extension", 7, "field" },
    { "file", "options", 8, "file_options" },
    { "file", "syntax", 12, NULL },
    { "file", "edition", 14, NULL },
    { "file_options", "features", 50, "features" },
    { "message", "name", 1, NULL },
    { "message", "field", 2, "field" },
    { "message", "nested_type", 3, "message" },
    { "message", "enum_type", 4, "enum" },
    { "message", "extension_range", 5, "range" },
    { "message", "extension", 6, "field" },
    { "message", "options", 7, "message_options" },
    { "message", "oneof_decl", 8, "oneof" },
    { "message", "reserved_range", 9, "range" },
    { "message", "reserved_name", 10, NULL },
    { "message_options", "message_set_wire_format", 1, NULL },
    { "message_options", "map_entry", 7, NULL },
    { "message_options", "legacy_json_conflicts", 11, NULL },
    { "message_options", "features", 12, "features" },
    { "range", "start", 1, NULL },
    { "range", "end", 2, NULL },
    { "field", "name", 1, NULL },
    { "field", "extendee", 2, NULL },
    { "field", "number", 3, NULL },
    { "field", "label", 4, NULL },
    { "field", "type", 5, NULL },
    { "field", "type_name", 6, NULL },
    { "field", "options", 8, "field_options" },
    { "field", "oneof_index", 9, NULL },
    { "field", "json_name", 10, NULL },
    { "field", "proto3_optional", 17, NULL },
    { "field_options", "packed", 2, NULL },
    { "field_options", "features", 21, "features" },
    { "oneof", "name", 1, NULL },
    { "oneof", "options", 2, "oneof_options" },
    { "oneof_options", "features", 1, "features" },
    { "enum", "name", 1, NULL },
    { "enum", "value", 2, "value" },
    { "enum", "options", 3, "enum_options" },
    { "enum", "reserved_range", 4, "range" },
    { "enum", "reserved_name", 5, NULL },
    { "enum_options", "allow_alias", 2, NULL },
    { "enum_options", "features", 7, "features" },
    { "value", "name", 1, NULL },
    { "value", "number", 2, NULL },
    { "service", "name", 1, NULL },
    { "service", "method", 2, "method" },
    { "method", "name", 1, NULL },
    { "method", "input_type", 2, NULL },
    { "method", "output_type", 3, NULL },
    { "method", "options", 4, "method_options" },
    { "method_options", "idempotency_level", 34, NULL },
    { "method_options", "http", 72295728, NULL },
    { "features", "field_presence", 1, NULL },
    { "features", "enum_type", 2, NULL },
    { "features", "repeated_field_encoding", 3, NULL },
    { "features", "utf8_validation", 4, NULL },
    { "features", "message_encoding", 5, NULL },
    { "features", "json_format", 6, NULL },
};

static const struct {
    const char *word;
    int32_t number;
} words[] = {
    { "true", 1 }, { "optional", 1 }, { "required", 2 }, { "repeated", 3 },
    { "double", 1 }, { "float", 2 }, { "int64", 3 }, { "int32", 5 },
    { "bool", 8 }, { "string", 9 }, { "group", 10 }, { "message", 11 },
    { "bytes", 12 }, { "uint32", 13 }, { "enum", 14 },
    { "EXPLICIT", 1 }, { "IMPLICIT", 2 }, { "LEGACY_REQUIRED", 3 },
    { "OPEN", 1 }, { "CLOSED", 2 }, { "PACKED", 1 }, { "EXPANDED", 2 },
    { "VERIFY", 2 }, { "NONE", 3 }, { "DELIMITED", 2 },
    { "ALLOW", 1 }, { "LEGACY_BEST_EFFORT", 2 },
};
/* clang-format on */

static const char *
skip_space(const char *p)
{
    return p + strspn(p, " \n");
}

static size_t
word_length(const char *p)
{
    return strspn(p,
        "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-");
}

static const struct name *
find_name(const char *in, const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].in, in) == 0 && strlen(names[i].name) == n &&
            memcmp(names[i].name, p, n) == 0)
            return &names[i];
    fail_msg("no \"%.*s\" in a %s", (int)n, p, in);
    return NULL;
}

static int64_t
number_of(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].word) == n && memcmp(words[i].word, p, n) == 0)
            return words[i].number;
    if (strspn(p, "0123456789-") < n)
        fail_msg("what is \"%.*s\"?", (int)n, p);
    return strtoll(p, NULL, 10);
}

static void
put_bytes(struct pb_buf *out, uint32_t number, const void *p, size_t n)
{
    assert_int_equal(pb_put_varint(out, (uint64_t)number << 3 | 2), PB_OK);
    assert_int_equal(pb_put_varint(out, n), PB_OK);
    assert_int_equal(pb_buf_put(out, p, n), PB_OK);
}

/* Up to the closing brace or the end; returns what follows. */
static const char *
put_message(struct pb_buf *out, const char *in, const char *p)
{
    for (p = skip_space(p); *p != '}' && *p != '\0'; p = skip_space(p)) {
        size_t n = word_length(p);
        const struct name *name = find_name(in, p, n);

        p += n;
        if (*p == '{') {
            struct pb_buf sub;

            assert_non_null(name->sub);
            pb_buf_init_heap(&sub, SIZE_MAX);
            p = put_message(&sub, name->sub, p + 1);
            assert_int_equal(*p++, '}');
            put_bytes(out, name->number, sub.data, sub.len);
            pb_buf_fini_heap(&sub);
            continue;
        }
        assert_int_equal(*p++, ':');
        if (*p == '\'') {
            n = strcspn(++p, "'");
            put_bytes(out, name->number, p, n);
            p += n + 1;
        } else {
            n = word_length(p);
            assert_int_equal(pb_put_varint(out, (uint64_t)name->number << 3),
                PB_OK);
            assert_int_equal(pb_put_varint(out, (uint64_t)number_of(p, n)),
                PB_OK);
            p += n;
        }
    }
    return p;
}

void
descriptor_text(struct pb_buf *out, const char *text)
{
    assert_int_equal(*put_message(out, "file", text), '\0');
}
