/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/protobuf/reader_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/protobuf/reader.pb.embed.h"
#include "tests/protobuf/reader2.pb.embed.h"

static void
add(struct pb_schema_builder *b, const unsigned char *set, size_t len)
{
    struct pb_error error;

    if (pb_schema_builder_add_set(b, set, len, &error) != PB_OK)
        fail_msg("%s", error.message);
}

int
kit_setup(void **state)
{
    struct kit *kit = calloc(1, sizeof(*kit));
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error error;

    assert_non_null(kit);
    assert_non_null(b);
    add(b, reader_pb, reader_pb_size);
    add(b, reader2_pb, reader2_pb_size);
    if (pb_schema_builder_build(b, &kit->schema, &error) != PB_OK)
        fail_msg("%s", error.message);
    pb_schema_builder_free(&b);
    kit->reader = pb_json_reader_new();
    assert_non_null(kit->reader);
    kit->max = 64 << 20;
    pb_buf_init_heap(&kit->wire, kit->max);
    *state = kit;
    return 0;
}

int
kit_teardown(void **state)
{
    struct kit *kit = *state;

    pb_buf_fini_heap(&kit->wire);
    pb_json_reader_free(&kit->reader);
    pb_schema_free(&kit->schema);
    free(kit);
    return 0;
}

const struct pb_message *
kit_message(const struct kit *kit, const char *name)
{
    char full[128];
    const struct pb_message *m;

    if (strchr(name, '.') == NULL)
        (void)snprintf(full, sizeof(full), "tests.reader.%s", name);
    else
        (void)snprintf(full, sizeof(full), "%s", name);
    m = pb_schema_message(kit->schema, full, strlen(full));
    if (m == NULL)
        fail_msg("there is no type %s", full);
    return m;
}

const struct pb_field *
kit_field(const struct kit *kit, const char *message, const char *field)
{
    const struct pb_field *f =
        pb_message_field_by_name(kit_message(kit, message), field,
            strlen(field));

    if (f == NULL)
        fail_msg("%s has no field %s", message, field);
    return f;
}

/* One piece, from memory of exactly its size, for the address sanitizer. */
static enum pb_json_state
feed(struct kit *kit, const char *text, size_t len, size_t *used)
{
    char *copy = malloc(len > 0 ? len : 1);
    enum pb_json_state state;

    assert_non_null(copy);
    memcpy(copy, text, len);
    state = pb_json_reader_feed(kit->reader, copy, len, used, &kit->error);
    free(copy);
    return state;
}

enum pb_err
kit_read(struct kit *kit, const char *type, const char *text, size_t len,
    size_t first, size_t piece)
{
    enum pb_json_state state = PB_JSON_MORE;
    size_t at = 0;

    memset(&kit->error, 0, sizeof(kit->error));
    pb_buf_fini_heap(&kit->wire);
    pb_buf_init_heap(&kit->wire, kit->max);
    pb_json_reader_start(kit->reader, kit_message(kit, type), &kit->options,
        &kit->wire);
    while (at < len && state == PB_JSON_MORE) {
        size_t n = at == 0 && first > 0 ? first : piece;
        size_t used;

        if (n > len - at)
            n = len - at;
        state = feed(kit, text + at, n, &used);
        if (state == PB_JSON_MORE)
            assert_int_equal(used, n);
        at += used;
    }
    if (state == PB_JSON_MORE)
        state = pb_json_reader_finish(kit->reader, &kit->error);
    if (state != PB_JSON_ERROR)
        return PB_OK;
    assert_int_not_equal(kit->error.kind, PB_OK);
    return kit->error.kind;
}

/* The present result has to be that of one piece. */
static void
compare(const struct kit *kit, enum pb_err err, const struct pb_error *error,
    const struct pb_buf *wire, const char *how, size_t at)
{
    if (err != PB_OK) {
        const struct pb_error *e = &kit->error;

        if (e->kind != error->kind || e->offset != error->offset ||
            e->line != error->line || e->column != error->column ||
            strcmp(e->path, error->path) != 0 ||
            strcmp(e->message, error->message) != 0)
            fail_msg("%s %zu: %zu, %u:%u %s: %s (%d)\nbut whole: %zu, %u:%u "
                     "%s: %s (%d)",
                how, at, e->offset, e->line, e->column, e->path, e->message,
                e->kind, error->offset, error->line, error->column, error->path,
                error->message, error->kind);
        return;
    }
    if (kit->error.kind != PB_OK)
        fail_msg("%s %zu: %s, but whole it is fine", how, at,
            kit->error.message);
    if (kit->wire.len != wire->len ||
        (wire->len > 0 && memcmp(kit->wire.data, wire->data, wire->len) != 0))
        fail_msg("%s %zu: other bytes than whole", how, at);
}

static enum pb_err
read_ways(struct kit *kit, const char *type, const char *text, size_t len,
    size_t step)
{
    enum pb_err err = kit_read(kit, type, text, len, 0, len);
    struct pb_error error = kit->error;
    struct pb_buf whole = kit->wire;

    pb_buf_init_heap(&kit->wire, kit->max);
    kit_read(kit, type, text, len, 0, 1);
    compare(kit, err, &error, &whole, "in pieces of", 1);
    for (size_t at = 1; at < len; at += step) {
        kit_read(kit, type, text, len, at, len);
        compare(kit, err, &error, &whole, "cut at", at);
    }
    pb_buf_fini_heap(&kit->wire);
    kit->wire = whole;
    kit->error = error;
    return err;
}

enum pb_err
kit_read_all(struct kit *kit, const char *type, const char *text, size_t len)
{
    return read_ways(kit, type, text, len, 1);
}

enum pb_err
kit_read_some(struct kit *kit, const char *type, const char *text, size_t len)
{
    return read_ways(kit, type, text, len, len / 3 + 1);
}

static size_t
from_hex(const char *hex, uint8_t *to, size_t room)
{
    size_t n = 0;

    while (*hex != '\0') {
        unsigned byte;
        int used;

        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_int_equal(sscanf(hex, "%2x%n", &byte, &used), 1);
        assert_int_equal(used, 2);
        assert_true(n < room);
        to[n++] = (uint8_t)byte;
        hex += 2;
    }
    return n;
}

void
gives(void **state, const char *type, const char *text, const char *hex)
{
    struct kit *kit = *state;
    uint8_t wanted[512];
    size_t n = from_hex(hex, wanted, sizeof(wanted));
    enum pb_err err = kit_read_all(kit, type, text, strlen(text));

    if (err != PB_OK)
        fail_msg("%s: %s: %s", text, kit->error.path, kit->error.message);
    if (kit->wire.len != n ||
        (n > 0 && memcmp(kit->wire.data, wanted, n) != 0)) {
        for (size_t i = 0; i < kit->wire.len; i++)
            print_error("%02x ", kit->wire.data[i]);
        fail_msg("is what %s gives, not %s", text, hex);
    }
}

void
same(void **state, const char *type, const char *text, const char *other)
{
    struct kit *kit = *state;
    struct pb_buf first;

    if (kit_read_all(kit, type, text, strlen(text)) != PB_OK)
        fail_msg("%s: %s", text, kit->error.message);
    first = kit->wire;
    pb_buf_init_heap(&kit->wire, kit->max);
    if (kit_read_all(kit, type, other, strlen(other)) != PB_OK)
        fail_msg("%s: %s", other, kit->error.message);
    assert_int_equal(kit->wire.len, first.len);
    if (first.len > 0)
        assert_memory_equal(kit->wire.data, first.data, first.len);
    pb_buf_fini_heap(&first);
}

void
refuses(void **state, const char *type, const char *text, enum pb_err kind)
{
    struct kit *kit = *state;
    enum pb_err err = kit_read_all(kit, type, text, strlen(text));

    if (err == PB_OK)
        fail_msg("%s is taken", text);
    if (err != kind)
        fail_msg("%s: %s (%d, not %d)", text, kit->error.message, err, kind);
    assert_int_not_equal(kit->error.message[0], '\0');
    assert_true(kit->error.offset <= strlen(text));
    assert_true(kit->error.line >= 1 && kit->error.column >= 1);
}

void
refuses_at(void **state, const char *type, const char *text, enum pb_err kind,
    unsigned column, const char *path)
{
    const struct kit *kit = *state;

    refuses(state, type, text, kind);
    assert_string_equal(kit->error.path, path);
    assert_int_equal(kit->error.line, 1);
    assert_int_equal(kit->error.column, column);
    assert_int_equal(kit->error.offset, column - 1);
}

void
refuses_saying(void **state, const char *type, const char *text,
    const char *message)
{
    struct kit *kit = *state;

    if (kit_read_all(kit, type, text, strlen(text)) == PB_OK)
        fail_msg("%s is taken", text);
    assert_string_equal(kit->error.message, message);
}
