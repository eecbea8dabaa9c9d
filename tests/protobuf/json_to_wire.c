/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_to_wire TYPE SET...: answers JSON texts with their wire format, as pipe.h
 * says. Each text is read whole and byte by byte, and has to come out the same.
 */
#include "protobuf/json.h"
#include "tests/protobuf/pipe.h"

#include <stdlib.h>
#include <string.h>

#define MAX (64 << 20)

struct tool {
    const struct pb_message *message;
    struct pb_json_reader *reader;
    struct pb_buf whole;
    struct pb_buf pieces;
};

static const struct pb_json_options options;

static enum pb_err
read_bytewise(struct tool *t, const char *text, size_t len,
    struct pb_error *error)
{
    enum pb_json_state s = PB_JSON_MORE;
    size_t i = 0;

    pb_json_reader_start(t->reader, t->message, &options, &t->pieces);
    for (; i < len && s == PB_JSON_MORE; i++)
        s = pb_json_reader_feed(t->reader, text + i, 1, NULL, error);
    if (s == PB_JSON_MORE)
        s = pb_json_reader_finish(t->reader, error);
    return s == PB_JSON_ERROR ? error->kind : PB_OK;
}

static void
answer(struct tool *t, const char *text, size_t len)
{
    struct pb_error error, other;
    enum pb_err err;

    t->whole.len = 0;
    t->pieces.len = 0;
    err = pb_json_to_wire(t->reader, t->message, &options, text, len, &t->whole,
        &error);
    /* What follows the value is another's business when it comes in pieces. */
    if (read_bytewise(t, text, len, &other) != err &&
        !(err == PB_ESYNTAX &&
            strstr(error.message, "end of the text") != NULL))
        pipe_die("in pieces", err != PB_OK ? error.message : other.message);
    if (err == PB_OK &&
        (t->whole.len != t->pieces.len ||
            (t->whole.len > 0 &&
                memcmp(t->whole.data, t->pieces.data, t->whole.len) != 0)))
        pipe_die("in pieces", "other bytes than whole");
    if (err == PB_OK)
        pipe_answer(t->whole.data, t->whole.len);
    else
        pipe_refuse(error.message);
}

int
main(int argc, char **argv)
{
    struct pb_schema *schema;
    struct tool t = { 0 };
    uint8_t *text;
    size_t len;

    if (argc < 3)
        pipe_die("usage", "json_to_wire TYPE SET...");
    schema = pipe_schema(argv + 2, argc - 2);
    t.message = pb_schema_message(schema, argv[1], strlen(argv[1]));
    t.reader = pb_json_reader_new();
    if (t.message == NULL || t.reader == NULL)
        pipe_die(argv[1], "there is no such type");
    pb_buf_init_heap(&t.whole, MAX);
    pb_buf_init_heap(&t.pieces, MAX);
    while ((text = pipe_read(&len)) != NULL) {
        answer(&t, (const char *)text, len);
        free(text);
    }
    pb_buf_fini_heap(&t.whole);
    pb_buf_fini_heap(&t.pieces);
    pb_json_reader_free(&t.reader);
    pb_schema_free(&schema);
    return 0;
}
