/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a string, number or literal means for the field it is given to. Messages
 * that stand for something else (wrappers, Value) are opened as a frame without
 * text of its own and the value goes to the field inside; the frame ends with
 * it.
 */
#include "protobuf/json_reader.h"

#include <endian.h>

#include "protobuf/wire.h"
#include "protobuf/wkt_in.h"

/* ---- Scalars ------------------------------------------------------------ */

/* Close to the end of the room: exactly what is needed. */
static bool __attribute__((noinline))
put_scalar_exactly(struct pb_json_reader *r, uint64_t bits)
{
    const struct pb_field *f = r->field;
    enum pb_err err = PB_OK;

    if (r->target != PB_TO_PACKED)
        err = pb_buf_put(r->out, f->tag, f->tag_len);
    if (err == PB_OK)
        err = pb_put_scalar(r->out, (enum pb_wire)f->wire, bits);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err) != NULL;
    return pb_reader_value_done(r);
}

/* Tag and payload of a scalar; nothing for a default that is not kept. */
static bool
put_scalar(struct pb_json_reader *r, uint64_t bits)
{
    const struct pb_field *f = r->field;
    struct pb_buf *out = r->out;
    uint8_t *to;

    if (r->target == PB_TO_FIELD && bits == 0 && !f->has_presence)
        return pb_reader_value_done(r);
    if (out->cap - out->len < 16)
        return put_scalar_exactly(r, bits);
    to = out->data + out->len;
    if (r->target != PB_TO_PACKED)
        to = pb_reader_put_tag(to, f);
    if (f->wire == PB_WIRE_VARINT) {
        to = pb_varint_write(to, bits);
    } else {
        bits = htole64(bits); /* its first half, for 32 bits too */
        memcpy(to, &bits, sizeof(bits));
        to += f->wire == PB_WIRE_I32 ? 4 : 8;
    }
    out->len = (size_t)(to - out->data);
    return pb_reader_value_done(r);
}

/* The fields of a message, all at once. */
static bool
put_body(struct pb_json_reader *r, const uint8_t *body, size_t len)
{
    const struct pb_field *f = r->field;
    uint8_t head[sizeof(f->tag) + 5];
    size_t n = 0;
    enum pb_err err;

    if (r->target != PB_TO_MESSAGE && f->type == PB_GROUP &&
        (pb_reader_push(r, PB_FRAME_WRAP) == NULL ||
            !pb_reader_open_message(r)))
        return false; /* the frame ends with the value */
    if (r->target != PB_TO_MESSAGE && f->type != PB_GROUP) {
        for (; n < f->tag_len; n++)
            head[n] = f->tag[n];
        n = (size_t)(pb_varint_write(head + n, len) - head);
    }
    err = pb_buf_put(r->out, head, n);
    if (err == PB_OK)
        err = pb_buf_put(r->out, body, len);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err) != NULL;
    return pb_reader_value_done(r);
}

static bool
is_number(const struct pb_field *f)
{
    return f->type != PB_STRING && f->type != PB_BYTES && f->type != PB_BOOL &&
        f->message == NULL;
}

static bool
fail_number(struct pb_json_reader *r, enum pb_number_fault fault,
    const char *text, size_t len, bool is_string)
{
    const char *note = "";

    if (fault == PB_NUMBER_MEMORY)
        return pb_reader_fail_out(r, PB_ENOMEM) != NULL;
    if (fault == PB_NUMBER_SYNTAX && !is_string)
        return pb_reader_bad_number(r, text, len) != NULL;
    if (fault == PB_NUMBER_RANGE)
        note = ", which is out of range";
    else if (fault == PB_NUMBER_FRACTION)
        note = ", which is not integral";
    return pb_reader_mismatch_text(r, text, len, is_string, note) != NULL;
}

/* A number, quoted or not, for a numeric field or an enum. */
static bool
numeric_token(struct pb_json_reader *r, const char *text, size_t len,
    bool is_string)
{
    enum pb_type type = (enum pb_type)r->field->type;
    enum pb_number_fault fault;
    uint64_t bits = 0;

    if (is_string && pb_number_is_special(type, text, len, &bits))
        return put_scalar(r, bits);
    fault = pb_number_to_bits(type, text, len, &bits);
    if (fault != PB_NUMBER_OK)
        return fail_number(r, fault, text, len, is_string);
    return put_scalar(r, bits);
}

/* The integer at p, for a field of such a type, if that is an ordinary one and
 * lies whole in the piece. Returns the byte after it; NULL: look at it closely. */
static inline const char *
plain_integer(const struct pb_json_reader *r, const char *p, uint64_t *bits)
{
    enum pb_type type = (enum pb_type)r->field->type;
    uint64_t magnitude;
    bool is_negative;

    p = pb_integer_read(p, r->now.end, &is_negative, &magnitude);
    if (p == NULL || p == r->now.end ||
        pb_integer_to_bits(type, is_negative, magnitude, bits) != PB_NUMBER_OK)
        return NULL;
    return p;
}

/* A string for a numeric field or an enum: an ordinary integer in quotes. NULL
 * without an error: look at it closely. */
static const char *
plain_quoted_number(struct pb_json_reader *r, const char *p)
{
    enum pb_type type = (enum pb_type)r->field->type;
    uint64_t bits;

    if (type == PB_DOUBLE || type == PB_FLOAT || type == PB_ENUM)
        return NULL;
    p = plain_integer(r, p + 1, &bits);
    if (p == NULL || *p != '"')
        return NULL;
    return put_scalar(r, bits) ? p + 1 : NULL;
}

/* ---- Enums -------------------------------------------------------------- */

/* Unknown names are ignored on request: no field, no element, no entry. */
static bool
ignore_value(struct pb_json_reader *r)
{
    if (r->target == PB_TO_FIELD && r->field->is_required)
        return pb_reader_fail(r, PB_EUNKNOWN, r->token,
                   "expected a known value for a required field, found another") !=
            NULL;
    if (r->top->kind == PB_FRAME_ENTRY) {
        pb_reader_drop(r);
        pb_reader_forget_key(r);
    }
    return pb_reader_value_done(r);
}

static bool
enum_token(struct pb_json_reader *r, const char *text, size_t len)
{
    const struct pb_enum *e = r->field->enumeration;
    const struct pb_enum_value *v = pb_enum_value_by_name(e, text, len);
    char excerpt[PB_EXCERPT_MAX];
    uint64_t bits;

    if (v != NULL)
        return put_scalar(r, (uint64_t)(int64_t)v->number);
    if (pb_number_to_bits(PB_ENUM, text, len, &bits) == PB_NUMBER_OK)
        return put_scalar(r, bits);
    if (r->options.ignore_unknown)
        return ignore_value(r);
    return pb_reader_fail(r, PB_EUNKNOWN, r->token,
               "expected a value of enum %s, found %s", e->full_name,
               pb_excerpt(excerpt, text, len)) != NULL;
}

/* ---- Messages that are not objects -------------------------------------- */

/* Opens a wrapper or a Value and turns to the field inside. c begins a string,
 * a number or, for wrappers only, a literal. False: failed. */
static bool
open_inner(struct pb_json_reader *r, const struct pb_message *message, char c)
{
    uint32_t number = 1;
    enum pb_reader_target target = PB_TO_FIELD;

    if (message->wkt == PB_WKT_VALUE) {
        target = PB_TO_ELEMENT;
        number = c == '"' ? PB_VALUE_STRING : PB_VALUE_NUMBER;
    } else if (message->wkt < PB_WKT_DOUBLE_VALUE ||
        message->wkt > PB_WKT_BYTES_VALUE) {
        return true;
    }
    if (pb_reader_push(r, PB_FRAME_WRAP) == NULL || !pb_reader_open_message(r))
        return false;
    r->field = pb_reader_member(message, number);
    r->target = target;
    return true;
}

static bool
time_token(struct pb_json_reader *r, const struct pb_message *message,
    const char *text, size_t len)
{
    uint8_t body[PB_TIME_BODY_MAX];
    int64_t seconds;
    int32_t nanos;
    bool ok = message->wkt == PB_WKT_TIMESTAMP
        ? pb_timestamp_read(text, len, &seconds, &nanos)
        : pb_duration_read(text, len, &seconds, &nanos);

    if (!ok)
        return pb_reader_mismatch_text(r, text, len, true, "") != NULL;
    return put_body(r, body, pb_time_write(body, seconds, nanos, false));
}

static bool
mask_token(struct pb_json_reader *r, const char *text, size_t len)
{
    enum pb_err err;

    if (pb_reader_push(r, PB_FRAME_WRAP) == NULL || !pb_reader_open_message(r))
        return false;
    err = pb_field_mask_put(r->out, text, len, false);
    if (err == PB_EVALUE)
        return pb_reader_mismatch_text(r, text, len, true, "") != NULL;
    if (err != PB_OK)
        return pb_reader_fail_out(r, err) != NULL;
    return pb_reader_value_done(r);
}

bool
pb_reader_token(struct pb_json_reader *r, const char *text, size_t len)
{
    const struct pb_message *message = pb_reader_target_message(r);

    if (message != NULL && message->wkt == PB_WKT_FIELD_MASK)
        return mask_token(r, text, len);
    if (message != NULL)
        return time_token(r, message, text, len);
    if (r->field->type == PB_ENUM)
        return enum_token(r, text, len);
    return numeric_token(r, text, len, true);
}

/* ---- Strings ------------------------------------------------------------ */

/* A string for anything but a string field. */
static const char *__attribute__((noinline))
begin_other_string(struct pb_json_reader *r, const char *p)
{
    const struct pb_message *message;
    const char *next;

    if (r->target == PB_TO_NOTHING)
        return pb_reader_string(r, p + 1, PB_STRING_SKIP);
    if (r->target == PB_TO_TYPE)
        return pb_reader_string(r, p + 1, PB_STRING_TYPE);
    if (pb_reader_is_whole(r))
        return pb_reader_mismatch(r, "a string");
    message = pb_reader_target_message(r);
    if (message != NULL) {
        if (message->wkt == PB_WKT_TIMESTAMP ||
            message->wkt == PB_WKT_DURATION ||
            message->wkt == PB_WKT_FIELD_MASK)
            return pb_reader_string(r, p + 1, PB_STRING_TOKEN);
        if (message->wkt == PB_WKT_VALUE) {
            next = pb_reader_value_string(r, p + 1);
            if (next != NULL || r->err != PB_OK)
                return next;
        }
        if (!open_inner(r, message, '"'))
            return NULL;
        if (pb_reader_target_message(r) != NULL)
            return pb_reader_mismatch(r, "a string");
    }
    if (r->field->type == PB_STRING) /* of a wrapper, or a Value */
        return pb_reader_string(r, p + 1, PB_STRING_TEXT);
    if (r->field->type == PB_BYTES)
        return pb_reader_string(r, p + 1, PB_STRING_BYTES);
    if (r->field->type == PB_BOOL)
        return pb_reader_mismatch(r, "a string");
    next = plain_quoted_number(r, p);
    if (next != NULL || r->err != PB_OK)
        return next;
    return pb_reader_string(r, p + 1, PB_STRING_TOKEN);
}

const char *
pb_reader_begin_string(struct pb_json_reader *r, const char *p)
{
    if (r->target <= PB_TO_ELEMENT && r->field->type == PB_STRING &&
        !pb_reader_is_whole(r))
        return pb_reader_text(r, p + 1);
    return begin_other_string(r, p);
}

/* ---- Numbers ------------------------------------------------------------ */

/* A whole number. The target was found to take one when it began. */
static bool
number_token(struct pb_json_reader *r, const char *text, size_t len)
{
    if (len > PB_NUMBER_MAX)
        return pb_reader_fail(r, PB_ELIMIT, r->token,
                   "expected a number of at most %d characters, found more",
                   PB_NUMBER_MAX) != NULL;
    if (r->target != PB_TO_NOTHING)
        return numeric_token(r, text, len, false);
    if (!pb_number_is_valid(text, len))
        return fail_number(r, PB_NUMBER_SYNTAX, text, len, false);
    return pb_reader_value_done(r);
}

const char *
pb_reader_number_more(struct pb_json_reader *r, const char *p)
{
    const char *q = p;
    enum pb_err err;

    while (q < r->now.end && pb_is_in_number(*q))
        q++;
    err = pb_chars_append(&r->text, p, (size_t)(q - p), PB_NUMBER_MAX);
    if (err == PB_ELIMIT)
        return number_token(r, p, PB_NUMBER_MAX + 1) ? q : NULL;
    if (err != PB_OK)
        return pb_reader_fail_out(r, err);
    if (q == r->now.end)
        return q;
    return pb_reader_number_end(r) ? q : NULL;
}

bool
pb_reader_number_end(struct pb_json_reader *r)
{
    return number_token(r, r->text.data, r->text.len);
}

/* An ordinary number that lies whole in the piece. NULL without an error: look
 * at it closely. */
static const char *
plain_number(struct pb_json_reader *r, const char *p)
{
    enum pb_type type = (enum pb_type)r->field->type;
    uint64_t bits;

    if (type == PB_DOUBLE || type == PB_FLOAT) {
        p = pb_float_read(type, p, r->now.end, &bits);
    } else {
        p = plain_integer(r, p, &bits);
        if (p != NULL && pb_is_in_number(*p))
            return NULL;
    }
    return p != NULL && put_scalar(r, bits) ? p : NULL;
}

/* The same for a Value, which needs no frame when it comes all at once. */
static const char *
plain_value_number(struct pb_json_reader *r, const char *p)
{
    uint8_t body[9] = { PB_VALUE_NUMBER << 3 | PB_WIRE_I64 };
    uint64_t bits;

    p = pb_float_read(PB_DOUBLE, p, r->now.end, &bits);
    if (p == NULL)
        return NULL;
    bits = htole64(bits);
    memcpy(body + 1, &bits, sizeof(bits));
    return put_body(r, body, sizeof(body)) ? p : NULL;
}

/* A number of which nothing is known. */
static const char *
long_number(struct pb_json_reader *r, const char *p)
{
    const char *q = p;

    while (q < r->now.end && pb_is_in_number(*q))
        q++;
    if (q < r->now.end)
        return number_token(r, p, (size_t)(q - p)) ? q : NULL;
    r->text.len = 0;
    r->state = PB_IN_NUMBER;
    return pb_reader_number_more(r, p);
}

/* A number for a field that takes one. */
static const char *
number_of_field(struct pb_json_reader *r, const char *p)
{
    const char *q = plain_number(r, p);

    return q != NULL || r->err != PB_OK ? q : long_number(r, p);
}

/* The same for a message. */
static const char *
number_of_message(struct pb_json_reader *r, const struct pb_message *message,
    const char *p)
{
    const char *q;

    if (message->wkt == PB_WKT_VALUE) {
        q = plain_value_number(r, p);
        if (q != NULL || r->err != PB_OK)
            return q;
    }
    if (!open_inner(r, message, '0'))
        return NULL;
    if (pb_reader_target_message(r) != NULL || !is_number(r->field))
        return pb_reader_mismatch(r, "a number");
    return number_of_field(r, p);
}

const char *
pb_reader_begin_number(struct pb_json_reader *r, const char *p)
{
    const struct pb_message *message;

    if (r->target == PB_TO_NOTHING)
        return long_number(r, p);
    message = pb_reader_target_message(r);
    if (message != NULL)
        return number_of_message(r, message, p);
    if (pb_reader_is_whole(r) || !is_number(r->field))
        return pb_reader_mismatch(r, "a number");
    return number_of_field(r, p);
}

/* ---- Literals ----------------------------------------------------------- */

static bool
null_value(struct pb_json_reader *r)
{
    static const uint8_t null_in_value[] = { PB_VALUE_NULL << 3, 0 };

    if (pb_reader_is_null_a_value(r)) {
        if (pb_reader_target_message(r) == NULL)
            return put_scalar(r, 0);
        return put_body(r, null_in_value, sizeof(null_in_value));
    }
    if (r->target != PB_TO_FIELD)
        return pb_reader_mismatch(r, "null") != NULL;
    if (r->field->is_required && !r->top->is_lenient)
        return pb_reader_fail(r, PB_EVALUE, r->token,
                   "expected a value for a required field, found null") != NULL;
    return pb_reader_value_done(r);
}

static bool
bool_value(struct pb_json_reader *r, bool value)
{
    const struct pb_message *message = pb_reader_target_message(r);
    const char *found = value ? "true" : "false";
    const uint8_t body[] = { PB_VALUE_BOOL << 3, value };

    if (message != NULL && message->wkt == PB_WKT_VALUE)
        return put_body(r, body, sizeof(body));
    if (message != NULL && !open_inner(r, message, found[0]))
        return false;
    if (pb_reader_is_whole(r) || pb_reader_target_message(r) != NULL ||
        r->field->type != PB_BOOL)
        return pb_reader_mismatch(r, found) != NULL;
    return put_scalar(r, value);
}

static bool
literal_value(struct pb_json_reader *r)
{
    if (r->target == PB_TO_NOTHING)
        return pb_reader_value_done(r);
    if (r->literal[0] == 'n')
        return null_value(r);
    return bool_value(r, r->literal[0] == 't');
}

const char *
pb_reader_literal_more(struct pb_json_reader *r, const char *p)
{
    for (; p < r->now.end; p++) {
        if (*p != r->literal[r->literal_len])
            return pb_reader_fail(r, PB_ESYNTAX, r->token,
                "expected a value, found a word that is not %s", r->literal);
        if (r->literal[++r->literal_len] == '\0')
            return literal_value(r) ? p + 1 : NULL;
    }
    r->state = PB_IN_LITERAL;
    return p;
}

const char *
pb_reader_begin_literal(struct pb_json_reader *r, const char *p)
{
    size_t len = *p == 'f' ? 5 : 4;

    r->literal = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
    if ((size_t)(r->now.end - p) >= len &&
        memcmp(p + len - 4, r->literal + len - 4, 4) == 0)
        return literal_value(r) ? p + len : NULL;
    r->literal_len = 0;
    return pb_reader_literal_more(r, p);
}
