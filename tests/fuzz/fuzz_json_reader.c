/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as JSON. The first byte chooses the type and the options, the second
 * how the rest is cut. Read whole and in pieces, the text has to come out the
 * same; what comes out has to be wire format, and its JSON that of itself.
 */
#include "protobuf/json.h"

#include <stdlib.h>

#include "protobuf/wire_check.h"
#include "tests/fuzz/json_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lives as long as the process. */
struct fuzz {
    struct pb_json_reader *reader;
    struct pb_buf whole;
    struct pb_buf pieces;
    struct pb_json_writer *writer;
    struct pb_buf json;
    struct pb_buf again;
};

static struct fuzz *
begin(void)
{
    struct fuzz *f = calloc(1, sizeof(*f));

    fuzz_check(f != NULL, "out of memory");
    f->reader = pb_json_reader_new();
    f->writer = pb_json_writer_new();
    fuzz_check(f->reader != NULL && f->writer != NULL, "out of memory");
    pb_buf_init_heap(&f->json, 1 << 20);
    pb_buf_init_heap(&f->again, 1 << 20);
    pb_buf_init_heap(&f->whole, 1 << 16);
    pb_buf_init_heap(&f->pieces, 1 << 20);
    return f;
}

static enum pb_err
read_text(struct fuzz *f, const struct pb_message *message,
    const struct pb_json_options *options, const char *text, size_t len,
    size_t piece, struct pb_buf *out, struct pb_error *error)
{
    enum pb_json_state s = PB_JSON_MORE;

    out->len = 0;
    pb_json_reader_start(f->reader, message, options, out);
    for (size_t at = 0; at < len && s == PB_JSON_MORE; at += piece)
        s = pb_json_reader_feed(f->reader, text + at,
            piece < len - at ? piece : len - at, NULL, error);
    if (s == PB_JSON_MORE)
        s = pb_json_reader_finish(f->reader, error);
    return s == PB_JSON_DONE ? PB_OK : error->kind;
}

/* Its JSON, when it has one, is the JSON of what is read from it. A closed enum
 * may have a number here that is as good as missing there. */
static void
check_written(struct fuzz *f, const struct pb_message *message)
{
    static const struct pb_json_options deep = { .max_depth = 1000 };
    struct pb_error e;

    f->json.len = f->again.len = f->pieces.len = 0;
    if (pb_wire_to_json(f->writer, message, &deep, f->whole.data, f->whole.len,
            &f->json, &e) != PB_OK)
        return;
    fuzz_check(pb_json_to_wire(f->reader, message, &deep,
                   (const char *)f->json.data, f->json.len, &f->pieces,
                   &e) == PB_OK,
        "its JSON is not read");
    fuzz_check(pb_wire_to_json(f->writer, message, &deep, f->pieces.data,
                   f->pieces.len, &f->again, &e) == PB_OK,
        "its JSON is not written again");
    fuzz_check(f->json.len == f->again.len &&
            memcmp(f->json.data, f->again.data, f->json.len) == 0,
        "other JSON again");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fuzz *f;
    const struct pb_message *message;
    struct pb_json_options options = { 0 };
    struct pb_error whole = { 0 }, pieces = { 0 };
    const char *text;
    enum pb_err err;

    if (f == NULL)
        f = begin();
    if (len < 2)
        return 0;
    message = fuzz_type(data[0]);
    options.ignore_unknown = data[0] >> 3 & 1;
    options.max_depth = data[0] & 0x10 ? 5 : 0;
    text = (const char *)data + 2;
    err =
        read_text(f, message, &options, text, len - 2, len, &f->whole, &whole);
    fuzz_check(read_text(f, message, &options, text, len - 2, data[1] % 7 + 1u,
                   &f->pieces, &pieces) == err,
        "another verdict in pieces");
    fuzz_check(whole.offset == pieces.offset && whole.line == pieces.line &&
            whole.column == pieces.column &&
            strcmp(whole.path, pieces.path) == 0 &&
            strcmp(whole.message, pieces.message) == 0,
        "another error in pieces");
    if (err != PB_OK)
        return 0;
    fuzz_check(f->whole.len == f->pieces.len, "another length in pieces");
    if (f->whole.len == 0)
        return 0;
    fuzz_check(memcmp(f->whole.data, f->pieces.data, f->whole.len) == 0,
        "other bytes in pieces");
    fuzz_check(pb_wire_check(message, f->whole.data, f->whole.len, 1000,
                   NULL) == PB_OK,
        "broken wire format");
    check_written(f, message);
    return 0;
}
