/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a message. The first byte chooses the message and the options.
 * What is written must be the same whether the output is one buffer or leaves
 * in small pieces, and whether the message is normalized before or not.
 */
#include "protobuf/json.h"
#include "protobuf/normalize.h"
#include "protobuf/wire_check.h"
#include "tests/protobuf/writer2.pb.embed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECE = 24, OUT_MAX = 1 << 24 };

static const struct pb_message *
message_of(unsigned choice)
{
    static const char *const names[] = { "sluice.test.writer.All",
        "sluice.test.writer2.Old", "sluice.test.writer.Pairs",
        "google.protobuf.Value" };
    static struct pb_schema *schema;
    const char *name = names[choice % 4];

    if (schema == NULL) {
        struct pb_schema_builder *b = pb_schema_builder_new();

        if (b == NULL ||
            pb_schema_builder_add_set(b, writer2_pb, writer2_pb_size, NULL) !=
                PB_OK ||
            pb_schema_builder_build(b, &schema, NULL) != PB_OK)
            abort();
        pb_schema_builder_free(&b);
    }
    return pb_schema_message(schema, name, strlen(name));
}

/* Compares each piece with what the whole text has there. */
struct pieces {
    struct pb_buf buf;
    uint8_t bytes[PIECE];
    const struct pb_buf *whole;
    size_t at;
};

static bool
compare(struct pb_buf *b, size_t need)
{
    struct pieces *p = b->arg;

    if (b->len > p->whole->len - p->at ||
        memcmp(b->data, p->whole->data + p->at, b->len) != 0)
        abort();
    p->at += b->len;
    b->len = 0;
    return need <= b->cap;
}

static bool
is_same(const struct pb_buf *a, const struct pb_buf *b)
{
    return a->len == b->len &&
        (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* What was written is read as a message whose JSON is the same; but a NullValue
 * of another number than 0 is null, and then the default. */
static void
check_again(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_json_options *options, const struct pb_buf *text)
{
    static struct pb_json_reader *r;
    struct pb_json_options deep = { .max_depth = 1000 };
    bool has_null = memmem(text->data, text->len, "null", 4) != NULL;
    struct pb_buf wire, again;
    struct pb_error error;

    if (r == NULL)
        r = pb_json_reader_new();
    pb_buf_init_heap(&wire, OUT_MAX);
    pb_buf_init_heap(&again, OUT_MAX);
    if (pb_json_to_wire(r, m, &deep, (const char *)text->data, text->len, &wire,
            &error) != PB_OK ||
        pb_wire_to_json(w, m, options, wire.data, wire.len, &again, &error) !=
            PB_OK ||
        (!has_null && !is_same(&again, text)))
        abort();
    pb_buf_fini_heap(&wire);
    pb_buf_fini_heap(&again);
}

/* A normal message has the same JSON, if any, and nothing left to do. */
static void
normalize(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_json_options *options, const uint8_t *wire, size_t len,
    const struct pb_buf *json)
{
    struct pb_buf normal, again, text;

    if (pb_wire_check(m, wire, len, 0, NULL) != PB_OK)
        return;
    pb_buf_init_heap(&normal, SIZE_MAX);
    pb_buf_init_heap(&again, SIZE_MAX);
    pb_buf_init_heap(&text, SIZE_MAX);
    if (pb_wire_normalize(m, wire, len, &normal, NULL) != PB_OK ||
        pb_wire_normalize(m, normal.data, normal.len, &again, NULL) != PB_OK ||
        !is_same(&normal, &again))
        abort();
    if (json != NULL &&
        (pb_wire_to_json(w, m, options, normal.data, normal.len, &text, NULL) !=
                PB_OK ||
            !is_same(json, &text)))
        abort();
    pb_buf_fini_heap(&normal);
    pb_buf_fini_heap(&again);
    pb_buf_fini_heap(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pb_json_writer *w;
    struct pb_json_options options = { .max_depth = 0 };
    const struct pb_message *m;
    struct pieces p = { .at = 0 };
    struct pb_error error;
    struct pb_buf whole;
    bool ok;

    if (size == 0)
        return 0;
    if (w == NULL)
        w = pb_json_writer_new();
    m = message_of(data[0]);
    options.emit_defaults = (data[0] & 4) != 0;
    options.pretty = (data[0] & 8) != 0;
    options.enum_numbers = (data[0] & 16) != 0;
    options.proto_names = (data[0] & 32) != 0;
    options.int64_numbers = (data[0] & 64) != 0;

    pb_buf_init_heap(&whole, OUT_MAX);
    ok = pb_wire_to_json(w, m, &options, data + 1, size - 1, &whole, &error) ==
        PB_OK;
    if (ok) {
        p.whole = &whole;
        p.buf = (struct pb_buf){ .data = p.bytes,
            .cap = PIECE,
            .max = SIZE_MAX,
            .grow = compare,
            .arg = &p };
        if (pb_wire_to_json(w, m, &options, data + 1, size - 1, &p.buf,
                &error) != PB_OK ||
            !compare(&p.buf, 0) || p.at != whole.len)
            abort();
        check_again(w, m, &options, &whole);
    }
    normalize(w, m, &options, data + 1, size - 1, ok ? &whole : NULL);
    pb_buf_fini_heap(&whole);
    return 0;
}
