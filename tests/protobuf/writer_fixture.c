/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/protobuf/writer_fixture.h"

#include "protobuf/wire.h"
#include "tests/protobuf/writer2.pb.embed.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 1 << 26 };

/* ---- The fixture --------------------------------------------------------- */

int
make_fixture(void **state)
{
    struct writer_fixture *x = calloc(1, sizeof *x);
    struct pb_schema_builder *b = pb_schema_builder_new();

    assert_non_null(x);
    assert_non_null(b);
    if (pb_schema_builder_add_set(b, writer2_pb, writer2_pb_size, &x->error) !=
            PB_OK ||
        pb_schema_builder_build(b, &x->schema, &x->error) != PB_OK)
        fail_msg("%s", x->error.message);
    pb_schema_builder_free(&b);
    x->writer = pb_json_writer_new();
    assert_non_null(x->writer);
    pb_buf_init_heap(&x->wire, TEXT_MAX);
    pb_buf_init_heap(&x->out, TEXT_MAX);
    *state = x;
    return 0;
}

int
free_fixture(void **state)
{
    struct writer_fixture *x = *state;

    pb_json_writer_free(&x->writer);
    pb_schema_free(&x->schema);
    pb_buf_fini_heap(&x->wire);
    pb_buf_fini_heap(&x->out);
    free(x);
    return 0;
}

int
clear_options(void **state)
{
    struct writer_fixture *x = *state;

    memset(&x->options, 0, sizeof x->options);
    return 0;
}

const struct pb_message *
fixture_message(const struct writer_fixture *x, const char *name)
{
    const struct pb_message *m;
    char full[128];
    const char *prefix = "sluice.test.writer.";

    if (strncmp(name, "2.", 2) == 0)
        prefix = "sluice.test.writer";
    else if (strchr(name, '.') != NULL)
        prefix = "";
    (void)snprintf(full, sizeof full, "%s%s", prefix, name);
    m = pb_schema_message(x->schema, full, strlen(full));
    if (m == NULL)
        fail_msg("no message %s", full);
    return m;
}

const struct pb_field *
fixture_field(const struct writer_fixture *x, const char *message,
    const char *name)
{
    const struct pb_field *f =
        pb_message_field_by_name(fixture_message(x, message), name,
            strlen(name));

    assert_non_null(f);
    return f;
}

/* ---- Messages by hand ---------------------------------------------------- */

static void
put(struct pb_buf *b, const void *p, size_t n)
{
    assert_int_equal(pb_buf_put(b, p, n), PB_OK);
}

static const char *
put_tag(struct pb_buf *b, const char *text)
{
    char *after;
    unsigned long number = strtoul(text, &after, 10);
    unsigned long wire = 0;

    if (*after == ':')
        wire = strtoul(after + 1, &after, 10);
    assert_int_equal(pb_put_varint(b, number << 3 | wire), PB_OK);
    return after;
}

static const char *
put_number(struct pb_buf *b, const char *text)
{
    char *after;
    uint64_t v = *text == '-' ? (uint64_t)strtoll(text, &after, 10)
                              : strtoull(text, &after, 10);

    assert_int_equal(pb_put_varint(b, v), PB_OK);
    return after;
}

static const char *
put_hex(struct pb_buf *b, const char *text)
{
    unsigned byte;

    assert_int_equal(sscanf(text, "%2x", &byte), 1);
    put(b, &(uint8_t){ (uint8_t)byte }, 1);
    return text + 2;
}

/* Up to the closing brace or the end. */
static const char *
put_tokens(struct pb_buf *b, const char *text)
{
    while (*text != '\0' && *text != '}') {
        if (isspace((unsigned char)*text)) {
            text++;
        } else if (*text == '#') {
            text = put_tag(b, text + 1);
        } else if (*text == '=') {
            text = put_number(b, text + 1);
        } else if (*text == '\'') {
            size_t n = strcspn(text + 1, "'");

            put(b, text + 1, n);
            text += n + 2;
        } else if (*text == '{') {
            struct pb_buf inner;

            pb_buf_init_heap(&inner, TEXT_MAX);
            text = put_tokens(&inner, text + 1);
            assert_int_equal(*text, '}');
            text++;
            assert_int_equal(pb_put_varint(b, inner.len), PB_OK);
            put(b, inner.data, inner.len);
            pb_buf_fini_heap(&inner);
        } else {
            text = put_hex(b, text);
        }
    }
    return text;
}

void
put_wire(struct pb_buf *b, const char *text)
{
    assert_int_equal(*put_tokens(b, text), '\0');
}

/* ---- Claims -------------------------------------------------------------- */

/* A copy without a byte to spare, so that a checker sees reads past the end. */
static uint8_t *
exact_copy(const struct pb_buf *b)
{
    uint8_t *copy = malloc(b->len > 0 ? b->len : 1);

    assert_non_null(copy);
    if (b->len > 0)
        memcpy(copy, b->data, b->len);
    return copy;
}

static void
end_text(struct pb_buf *b)
{
    put(b, "", 1);
    b->len--;
}

enum pb_err
write_wire(struct writer_fixture *x, const char *message, const char *text)
{
    uint8_t *wire;
    enum pb_err err;

    x->wire.len = 0;
    x->out.len = 0;
    put_wire(&x->wire, text);
    wire = exact_copy(&x->wire);
    memset(&x->error, 0, sizeof x->error);
    err = pb_wire_to_json(x->writer, fixture_message(x, message), &x->options,
        wire, x->wire.len, &x->out, &x->error);
    free(wire);
    end_text(&x->out);
    return err;
}

void
writes(struct writer_fixture *x, const char *message, const char *text,
    const char *json)
{
    if (write_wire(x, message, text) != PB_OK)
        fail_msg("%s: %s: %s", text, x->error.path, x->error.message);
    assert_string_equal((const char *)x->out.data, json);
}

void
refuses(struct writer_fixture *x, const char *message, const char *text,
    enum pb_err kind, const char *path, const char *part)
{
    enum pb_err err = write_wire(x, message, text);

    if (err == PB_OK)
        fail_msg("%s: became %s", text, (const char *)x->out.data);
    if (err != kind || x->error.kind != kind)
        fail_msg("%s: %d: %s", text, (int)err, x->error.message);
    assert_int_equal(x->error.line, 0);
    assert_true(x->error.offset <= x->wire.len);
    if (path != NULL)
        assert_string_equal(x->error.path, path);
    if (part != NULL && strstr(x->error.message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", x->error.message, part);
}

void
writes_field(struct writer_fixture *x, const char *message, const char *field,
    const char *text, const char *json)
{
    uint8_t *wire;
    enum pb_err err;

    x->wire.len = 0;
    x->out.len = 0;
    put_wire(&x->wire, text);
    wire = exact_copy(&x->wire);
    err = pb_wire_field_to_json(x->writer, fixture_field(x, message, field),
        &x->options, wire, x->wire.len, &x->out, &x->error);
    free(wire);
    end_text(&x->out);
    if (err != PB_OK)
        fail_msg("%s: %s: %s", text, x->error.path, x->error.message);
    assert_string_equal((const char *)x->out.data, json);
}

/* ---- Drained output ------------------------------------------------------ */

static bool
take(struct pb_buf *b, size_t need)
{
    struct drain *d = b->arg;

    put(&d->sink, b->data, b->len);
    memset(b->data, '?', b->cap); /* nobody may look at it again */
    b->len = 0;
    return need <= b->cap;
}

void
drain_init(struct drain *d, size_t room)
{
    assert_true(room <= sizeof d->bytes);
    d->buf = (struct pb_buf){
        .data = d->bytes,
        .cap = room,
        .max = SIZE_MAX,
        .grow = take,
        .arg = d,
    };
    pb_buf_init_heap(&d->sink, TEXT_MAX);
}

void
drain_rest(struct drain *d)
{
    put(&d->sink, d->buf.data, d->buf.len);
    d->buf.len = 0;
    end_text(&d->sink);
}

void
drain_fini(struct drain *d)
{
    pb_buf_fini_heap(&d->sink);
}
