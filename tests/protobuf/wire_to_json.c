/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_to_json SET TYPE [OPTION...]: reads messages from standard input, each
 * after its length in 4 bytes, little endian, and writes each one's JSON in the
 * same way; for an error the length 0xffffffff and then the text likewise. For
 * the differential test, which drives it.
 */
#include "protobuf/json.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t offset;
} flags[] = {
    { "emit_defaults", offsetof(struct pb_json_options, emit_defaults) },
    { "proto_names", offsetof(struct pb_json_options, proto_names) },
    { "enum_numbers", offsetof(struct pb_json_options, enum_numbers) },
    { "int64_numbers", offsetof(struct pb_json_options, int64_numbers) },
    { "pretty", offsetof(struct pb_json_options, pretty) },
};

static void
die(const char *what, const char *why)
{
    (void)fprintf(stderr, "wire_to_json: %s: %s\n", what, why);
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
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        if (pb_buf_put(b, part, n) != PB_OK)
            die(path, "too large");
    (void)fclose(f);
}

static struct pb_schema *
load(const char *path)
{
    struct pb_schema_builder *builder = pb_schema_builder_new();
    struct pb_schema *schema = NULL;
    struct pb_error error;
    struct pb_buf set;

    if (builder == NULL)
        die(path, "out of memory");
    pb_buf_init_heap(&set, 64 << 20);
    read_file(path, &set);
    if (pb_schema_builder_add_set(builder, set.data, set.len, &error) !=
            PB_OK ||
        pb_schema_builder_build(builder, &schema, &error) != PB_OK)
        die(path, error.message);
    pb_schema_builder_free(&builder);
    pb_buf_fini_heap(&set);
    return schema;
}

static void
set_option(struct pb_json_options *options, const char *name)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return;
        }
    }
    die(name, "no such option");
}

static void
put_length(uint32_t n)
{
    uint8_t bytes[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
        (uint8_t)(n >> 24) };

    (void)fwrite(bytes, 1, sizeof bytes, stdout);
}

static void
put_text(const void *text, size_t n)
{
    put_length((uint32_t)n);
    if (n > 0)
        (void)fwrite(text, 1, n, stdout);
}

static void
convert(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_json_options *options, const uint8_t *wire, size_t len)
{
    struct pb_error error;
    struct pb_buf out;
    char text[sizeof error.path + sizeof error.message + 4];
    int n;

    pb_buf_init_heap(&out, 1 << 30);
    if (pb_wire_to_json(w, m, options, wire, len, &out, &error) == PB_OK) {
        put_text(out.data, out.len);
    } else {
        n = snprintf(text, sizeof text, "%s: %s", error.path, error.message);
        put_length(UINT32_MAX);
        put_text(text, (size_t)n);
    }
    (void)fflush(stdout);
    pb_buf_fini_heap(&out);
}

int
main(int argc, char **argv)
{
    struct pb_json_options options = { .max_depth = 0 };
    struct pb_json_writer *w = pb_json_writer_new();
    const struct pb_message *m;
    struct pb_schema *schema;
    uint8_t head[4];

    if (argc < 3 || w == NULL)
        die("usage", "wire_to_json SET TYPE [OPTION...]");
    schema = load(argv[1]);
    m = pb_schema_message(schema, argv[2], strlen(argv[2]));
    if (m == NULL)
        die(argv[2], "no such message");
    for (int i = 3; i < argc; i++)
        set_option(&options, argv[i]);

    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t len = (size_t)head[0] | (size_t)head[1] << 8 |
            (size_t)head[2] << 16 | (size_t)head[3] << 24;
        uint8_t *wire = malloc(len + 1);

        if (wire == NULL || fread(wire, 1, len, stdin) != len)
            die("standard input", "cut short");
        convert(w, m, &options, wire, len);
        free(wire);
    }
    pb_json_writer_free(&w);
    pb_schema_free(&schema);
    return 0;
}
