/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_to_wire TYPE SET...: reads JSON texts from standard input, each after its
 * length in 4 bytes, little endian, and writes each one's wire format in the
 * same way; for an error the length 0xffffffff and then the message likewise.
 * Each text is read whole and byte by byte, and has to come out the same. For
 * the differential test, which drives it.
 */
#include "protobuf/json.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX (64 << 20)

struct tool {
    const struct pb_message *message;
    struct pb_json_reader *reader;
    struct pb_buf text;
    struct pb_buf whole;
    struct pb_buf pieces;
};

static void
die(const char *what, const char *why)
{
    (void)fprintf(stderr, "json_to_wire: %s: %s\n", what, why);
    exit(2);
}

static void
read_file(const char *path, struct pb_buf *b)
{
    FILE *f = fopen(path, "rb");
    uint8_t part[4096];
    size_t n;

    if (f == NULL)
        die(path, "cannot be opened");
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        if (pb_buf_put(b, part, n) != PB_OK)
            die(path, "too large");
    (void)fclose(f);
}

static struct pb_schema *
load(char **paths)
{
    struct pb_schema_builder *builder = pb_schema_builder_new();
    struct pb_schema *schema = NULL;
    struct pb_error error;
    struct pb_buf set;

    if (builder == NULL)
        die("schema", "out of memory");
    pb_buf_init_heap(&set, MAX);
    for (; *paths != NULL; paths++) {
        set.len = 0;
        read_file(*paths, &set);
        if (pb_schema_builder_add_set(builder, set.data, set.len, &error) !=
            PB_OK)
            die(*paths, error.message);
    }
    if (pb_schema_builder_build(builder, &schema, &error) != PB_OK)
        die("schema", error.message);
    pb_schema_builder_free(&builder);
    pb_buf_fini_heap(&set);
    return schema;
}

/* False at the end of the input. */
static bool
read_text(struct pb_buf *b)
{
    uint8_t len[4];
    size_t n;

    if (fread(len, 1, 4, stdin) != 4)
        return false;
    n = (size_t)len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 |
        (size_t)len[3] << 24;
    b->len = 0;
    if (pb_buf_reserve(b, n) != PB_OK || fread(b->data, 1, n, stdin) != n)
        die("standard input", "ends within a text");
    b->len = n;
    return true;
}

static void
write_len(size_t n)
{
    for (unsigned i = 0; i < 4; i++)
        (void)putchar((int)(n >> (8 * i) & 0xff));
}

static void
write_block(const void *p, size_t n)
{
    write_len(n);
    if (n > 0 && fwrite(p, 1, n, stdout) != n)
        die("standard output", "cannot be written");
}

static enum pb_err
read_bytewise(struct tool *t, const struct pb_json_options *options,
    struct pb_error *error)
{
    enum pb_json_state s = PB_JSON_MORE;
    const char *text = (const char *)t->text.data;
    size_t i = 0;

    pb_json_reader_start(t->reader, t->message, options, &t->pieces);
    for (; i < t->text.len && s == PB_JSON_MORE; i++)
        s = pb_json_reader_feed(t->reader, text + i, 1, NULL, error);
    if (s == PB_JSON_MORE)
        s = pb_json_reader_finish(t->reader, error);
    return s == PB_JSON_ERROR ? error->kind : PB_OK;
}

static void
answer(struct tool *t)
{
    static const struct pb_json_options options;
    struct pb_error error, other;
    enum pb_err err;

    t->whole.len = 0;
    t->pieces.len = 0;
    err = pb_json_to_wire(t->reader, t->message, &options,
        (const char *)t->text.data, t->text.len, &t->whole, &error);
    /* What follows the value is another's business when it comes in pieces. */
    if (read_bytewise(t, &options, &other) != err &&
        !(err == PB_ESYNTAX &&
            strstr(error.message, "end of the text") != NULL))
        die("in pieces", err != PB_OK ? error.message : other.message);
    if (err == PB_OK &&
        (t->whole.len != t->pieces.len ||
            (t->whole.len > 0 &&
                memcmp(t->whole.data, t->pieces.data, t->whole.len) != 0)))
        die("in pieces", "other bytes than whole");
    if (err == PB_OK) {
        write_block(t->whole.data, t->whole.len);
    } else {
        write_len(UINT32_MAX);
        write_block(error.message, strlen(error.message));
    }
    (void)fflush(stdout);
}

int
main(int argc, char **argv)
{
    struct pb_schema *schema;
    struct tool t = { 0 };

    if (argc < 3)
        die("usage", "json_to_wire TYPE SET...");
    schema = load(argv + 2);
    t.message = pb_schema_message(schema, argv[1], strlen(argv[1]));
    t.reader = pb_json_reader_new();
    if (t.message == NULL || t.reader == NULL)
        die(argv[1], "there is no such type");
    pb_buf_init_heap(&t.text, MAX);
    pb_buf_init_heap(&t.whole, MAX);
    pb_buf_init_heap(&t.pieces, MAX);
    while (read_text(&t.text))
        answer(&t);
    pb_buf_fini_heap(&t.text);
    pb_buf_fini_heap(&t.whole);
    pb_buf_fini_heap(&t.pieces);
    pb_json_reader_free(&t.reader);
    pb_schema_free(&schema);
    return 0;
}
