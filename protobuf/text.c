/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path variables and query parameters to wire format: plain text, one value at
 * a time. What is written replaces what the body said, so defaults are written
 * too, even those that the JSON reader would leave out.
 */
#include "protobuf/json.h"

#include <assert.h>

#include "protobuf/base64_in.h"
#include "protobuf/json_reader.h"
#include "protobuf/wire.h"
#include "protobuf/wkt_in.h"

/* One value on its way; field is what it is written as. */
struct text_value {
    const struct pb_field *field;
    const struct pb_json_options *options;
    const char *text;
    size_t len;
    struct pb_buf *out;
    struct pb_error *error;
};

/* PB_EVALUE: "expected <noun>, found <text>". */
static enum pb_err
fail_value(const struct text_value *v, const char *noun, const char *note)
{
    char excerpt[PB_EXCERPT_MAX];

    return pb_error_set(v->error, PB_EVALUE, "expected %s, found %s%s", noun,
        pb_excerpt(excerpt, v->text, v->len), note);
}

static bool
is_text(const struct text_value *v, const char *text)
{
    return v->len == strlen(text) && memcmp(v->text, text, v->len) == 0;
}

static enum pb_err
put_scalar(const struct text_value *v, uint64_t bits)
{
    const struct pb_field *f = v->field;
    enum pb_err err = pb_buf_put(v->out, f->tag, f->tag_len);

    if (err == PB_OK)
        err = pb_put_scalar(v->out, (enum pb_wire)f->wire, bits);
    return err;
}

/* The tag and, for a message that is no group, the length. */
static enum pb_err
begin_record(const struct text_value *v, size_t len)
{
    const struct pb_field *f = v->field;
    enum pb_err err = pb_buf_put(v->out, f->tag, f->tag_len);

    if (err == PB_OK && f->wire == PB_WIRE_LEN)
        err = pb_put_varint(v->out, len);
    return err;
}

static enum pb_err
put_record(const struct text_value *v, const void *body, size_t len)
{
    const struct pb_field *f = v->field;
    uint8_t end_tag[sizeof(f->tag)];
    enum pb_err err = begin_record(v, len);

    if (err == PB_OK)
        err = pb_buf_put(v->out, body, len);
    if (err != PB_OK || f->wire != PB_WIRE_SGROUP)
        return err;
    memcpy(end_tag, f->tag, sizeof(end_tag));
    end_tag[0] = (uint8_t)((end_tag[0] & ~7) | PB_WIRE_EGROUP);
    return pb_buf_put(v->out, end_tag, f->tag_len);
}

/* ---- Scalars ------------------------------------------------------------ */

static enum pb_err
put_string(const struct text_value *v)
{
    const uint8_t *p = (const uint8_t *)v->text;
    const uint8_t *end = p + v->len;
    uint32_t code;

    while (p < end) {
        size_t n = pb_utf8_next(p, end, &code);

        if (n == 0)
            return fail_value(v, "text in UTF-8", "");
        p += n;
    }
    return put_record(v, v->text, v->len);
}

static enum pb_err
put_bytes(const struct text_value *v)
{
    struct pb_base64 base64 = { 0 };
    size_t size = pb_base64_size(v->text, v->len);
    enum pb_err err = begin_record(v, size);
    size_t start = v->out->len;
    size_t at;

    if (err == PB_OK)
        err = pb_base64_feed(&base64, v->text, v->len, v->out, &at);
    if (err == PB_OK)
        err = pb_base64_finish(&base64, v->out);
    if (err == PB_EVALUE)
        return fail_value(v, "base64", "");
    assert(err != PB_OK || v->out->len - start == size);
    return err;
}

/* The words that query strings are known to use. */
static enum pb_err
put_bool(const struct text_value *v)
{
    static const char *const words[][6] = {
        { "false", "0", "f", "F", "FALSE", "False" },
        { "true", "1", "t", "T", "TRUE", "True" },
    };

    for (uint64_t value = 0; value < 2; value++)
        for (unsigned i = 0; i < 6; i++)
            if (is_text(v, words[value][i]))
                return put_scalar(v, value);
    return fail_value(v, "true or false", "");
}

static bool
is_decimal(const char *p, size_t len)
{
    size_t i = len > 0 && p[0] == '-';

    if (i == len)
        return false;
    for (; i < len; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return true;
}

/* Zeros in front are of no harm here, and JSON would refuse them. */
static enum pb_number_fault
read_integer(const struct text_value *v, enum pb_type type, uint64_t *bits)
{
    const char *p = v->text;
    size_t len = v->len;
    bool is_negative = len > 0 && *p == '-';
    char digits[32];
    size_t n = 0;

    if (!is_decimal(p, len))
        return PB_NUMBER_SYNTAX;
    if (is_negative)
        digits[n++] = *p++;
    for (len -= is_negative; len > 1 && *p == '0'; len--)
        p++;
    if (len > sizeof(digits) - n)
        return PB_NUMBER_RANGE;
    memcpy(digits + n, p, len);
    return pb_number_to_bits(type, digits, n + len, bits);
}

static enum pb_err
put_number(const struct text_value *v)
{
    enum pb_type type = (enum pb_type)v->field->type;
    enum pb_number_fault fault;
    uint64_t bits = 0;

    if (type != PB_FLOAT && type != PB_DOUBLE)
        fault = read_integer(v, type, &bits);
    else if (pb_number_is_special(type, v->text, v->len, &bits))
        fault = PB_NUMBER_OK;
    else
        fault = pb_number_to_bits(type, v->text, v->len, &bits);
    if (fault == PB_NUMBER_OK)
        return put_scalar(v, bits);
    if (fault == PB_NUMBER_MEMORY)
        return pb_error_set(v->error, PB_ENOMEM, "out of memory");
    return fail_value(v, pb_type_noun(type),
        fault == PB_NUMBER_RANGE ? ", which is out of range" : "");
}

/* A name, or the number of one; of NullValue also what JSON calls it. */
static enum pb_err
put_enum(const struct text_value *v)
{
    const struct pb_enum *e = v->field->enumeration;
    const struct pb_enum_value *value =
        pb_enum_value_by_name(e, v->text, v->len);
    char excerpt[PB_EXCERPT_MAX];
    uint64_t bits;

    if (value == NULL && read_integer(v, PB_ENUM, &bits) == PB_NUMBER_OK)
        value = pb_enum_value_by_number(e, (int32_t)bits);
    if (value != NULL)
        return put_scalar(v, (uint64_t)(int64_t)value->number);
    if (e->is_null_value && v->len == 4 && memcmp(v->text, "null", 4) == 0)
        return put_scalar(v, 0);
    return pb_error_set(v->error, PB_EUNKNOWN,
        "expected a value of enum %s, found %s", e->full_name,
        pb_excerpt(excerpt, v->text, v->len));
}

static enum pb_err
put_plain(const struct text_value *v)
{
    enum pb_type type = (enum pb_type)v->field->type;

    if (v->len == 0 && type != PB_STRING && type != PB_BYTES && type != PB_ENUM)
        return fail_value(v, pb_type_noun(type), "");
    switch (type) {
    case PB_STRING:
        return put_string(v);
    case PB_BYTES:
        return put_bytes(v);
    case PB_BOOL:
        return put_bool(v);
    case PB_ENUM:
        return put_enum(v);
    default:
        return put_number(v);
    }
}

/* ---- Well-known types --------------------------------------------------- */

static enum pb_err
put_time(const struct text_value *v)
{
    const struct pb_message *m = v->field->message;
    uint8_t body[PB_TIME_BODY_MAX];
    int64_t seconds;
    int32_t nanos;
    bool ok = m->wkt == PB_WKT_TIMESTAMP
        ? pb_timestamp_read(v->text, v->len, &seconds, &nanos)
        : pb_duration_read(v->text, v->len, &seconds, &nanos);

    if (!ok)
        return fail_value(v, pb_message_noun(m), "");
    return put_record(v, body, pb_time_write(body, seconds, nanos, true));
}

/* Builds the body apart from out, as its length comes first. */
static enum pb_err
put_apart(const struct text_value *v,
    enum pb_err (*write)(const struct text_value *v, struct pb_buf *body))
{
    struct pb_buf body;
    enum pb_err err;

    pb_buf_init_heap(&body, v->out->max);
    err = write(v, &body);
    if (err == PB_OK)
        err = put_record(v, body.data, body.len);
    pb_buf_fini_heap(&body);
    return err;
}

static enum pb_err
write_mask(const struct text_value *v, struct pb_buf *body)
{
    enum pb_err err = PB_OK;

    if (v->len > 0)
        err = pb_field_mask_put(body, v->text, v->len, true);
    if (err == PB_EVALUE)
        return fail_value(v, pb_message_noun(v->field->message), "");
    return err;
}

static enum pb_err
write_wrapped(const struct text_value *v, struct pb_buf *body)
{
    struct text_value inner = *v;

    inner.field = pb_message_field_by_number(v->field->message, 1, 0);
    inner.out = body;
    assert(inner.field != NULL);
    return put_plain(&inner);
}

/* The place in a text that is but a part of the input goes into the message;
 * the path, from the field on, stays. */
static void
tell_place(struct pb_error *e)
{
    struct pb_error inner;

    if (e == NULL || e->line == 0)
        return;
    inner = *e;
    pb_error_set(e, inner.kind, "%.200s (line %u, column %u of the value)",
        inner.message, inner.line, inner.column);
    memcpy(e->path, inner.path, sizeof(e->path));
}

static enum pb_err
write_json(const struct text_value *v, struct pb_buf *body)
{
    struct pb_json_reader *r = pb_json_reader_new();
    enum pb_err err = PB_ENOMEM;

    if (r != NULL)
        err = pb_json_to_wire(r, v->field->message, v->options, v->text, v->len,
            body, v->error);
    if (err != PB_OK && r != NULL)
        tell_place(v->error);
    pb_json_reader_free(&r);
    return err;
}

static enum pb_err
put_message(const struct text_value *v)
{
    const struct pb_message *m = v->field->message;

    switch ((enum pb_wkt)m->wkt) {
    case PB_WKT_TIMESTAMP:
    case PB_WKT_DURATION:
        return put_time(v);
    case PB_WKT_FIELD_MASK:
        return put_apart(v, write_mask);
    case PB_WKT_STRUCT:
    case PB_WKT_VALUE:
    case PB_WKT_LIST_VALUE:
        return put_apart(v, write_json);
    case PB_WKT_DOUBLE_VALUE:
    case PB_WKT_FLOAT_VALUE:
    case PB_WKT_INT64_VALUE:
    case PB_WKT_UINT64_VALUE:
    case PB_WKT_INT32_VALUE:
    case PB_WKT_UINT32_VALUE:
    case PB_WKT_BOOL_VALUE:
    case PB_WKT_STRING_VALUE:
    case PB_WKT_BYTES_VALUE:
        return put_apart(v, write_wrapped);
    case PB_WKT_NONE:
    case PB_WKT_ANY:
    case PB_WKT_EMPTY:
    case PB_WKT_HTTP_BODY:
        break;
    }
    return pb_error_set(v->error, PB_EVALUE,
        "a %s cannot be given as text, only its fields can", m->full_name);
}

enum pb_err
pb_text_to_wire(const struct pb_field *field,
    const struct pb_json_options *options, const char *text, size_t len,
    struct pb_buf *out, struct pb_error *error)
{
    struct text_value v = { field, options, text, len, out, error };
    size_t start = out->len;
    enum pb_err err;

    if (error != NULL)
        memset(error, 0, sizeof(*error));
    if (field->is_map)
        err = pb_error_set(error, PB_EVALUE, "a map cannot be given as text");
    else if (field->message != NULL)
        err = put_message(&v);
    else
        err = put_plain(&v);
    if (err != PB_OK) {
        out->len = start;
        if (error != NULL && error->kind == PB_OK)
            pb_error_set(error, err,
                err == PB_EFULL ? "the message is longer than its limit"
                                : "out of memory");
    }
    return err;
}
