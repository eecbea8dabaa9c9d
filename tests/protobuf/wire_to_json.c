/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_to_json SET TYPE [OPTION...]: answers messages with their JSON, as pipe.h
 * says.
 */
#include "protobuf/json.h"
#include "tests/protobuf/pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
set_option(struct pb_json_options *options, const char *name)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return;
        }
    }
    pipe_die(name, "no such option");
}

static void
convert(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_json_options *options, const uint8_t *wire, size_t len)
{
    struct pb_error error;
    struct pb_buf out;
    char text[sizeof error.path + sizeof error.message + 4];

    pb_buf_init_heap(&out, 1 << 30);
    if (pb_wire_to_json(w, m, options, wire, len, &out, &error) == PB_OK) {
        pipe_answer(out.data, out.len);
    } else {
        (void)snprintf(text, sizeof text, "%s: %s", error.path, error.message);
        pipe_refuse(text);
    }
    pb_buf_fini_heap(&out);
}

int
main(int argc, char **argv)
{
    struct pb_json_options options = { .max_depth = 0 };
    struct pb_json_writer *w = pb_json_writer_new();
    const struct pb_message *m;
    struct pb_schema *schema;
    uint8_t *wire;
    size_t len;

    if (argc < 3 || w == NULL)
        pipe_die("usage", "wire_to_json SET TYPE [OPTION...]");
    schema = pipe_schema(argv + 1, 1);
    m = pb_schema_message(schema, argv[2], strlen(argv[2]));
    if (m == NULL)
        pipe_die(argv[2], "no such message");
    for (int i = 3; i < argc; i++)
        set_option(&options, argv[i]);

    while ((wire = pipe_read(&len)) != NULL) {
        convert(w, m, &options, wire, len);
        free(wire);
    }
    pb_json_writer_free(&w);
    pb_schema_free(&schema);
    return 0;
}
