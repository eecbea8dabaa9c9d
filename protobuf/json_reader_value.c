/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a JSON value means for the field it is given to. Messages that stand for
 * something else (wrappers, Value) are opened as a frame without text of its
 * own and the value goes to the field inside; the frame ends with it.
 */
#include "protobuf/json_reader.h"

#include <assert.h>

#include "protobuf/wire.h"
#include "protobuf/wkt_in.h"

/* Field numbers of google.protobuf.Value. */
enum {
    VALUE_NULL = 1,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_BOOL,
    VALUE_STRUCT,
    VALUE_LIST
};

/* The message that the target is a value of; NULL: it is a scalar, or an array
 * or a map as a whole. */
static const struct pb_message *
target_message(const struct pb_json_reader *r)
{
    if (r->target == PB_TO_MESSAGE)
        return r->message;
    if (r->target == PB_TO_FIELD && r->field->is_repeated)
        return NULL;
    return r->field->message;
}

static bool
is_whole_repeated(const struct pb_json_reader *r)
{
    return r->target == PB_TO_FIELD && r->field->is_repeated;
}

/* A member of a well-known type, by its number. */
static const struct pb_field *
member(const struct pb_message *message, uint32_t number)
{
    const struct pb_field *f =
        pb_message_field_by_number(message, number, number - 1);

    assert(f != NULL); /* the schema knows the well-known types */
    return f;
}

/* ---- Scalars ---------------------------------------------------------------- */

/* Tag and payload of a scalar; nothing for a default that is not kept. */
static bool
put_scalar(struct pb_json_reader *r, uint64_t bits)
{
    const struct pb_field *f = r->field;
    struct pb_buf *out = r->out;
    enum pb_err err;

    if (r->target == PB_TO_FIELD && bits == 0 && !f->has_presence)
        return pb_reader_value_done(r);
    if (out->cap - out->len < 16) {
        /* Close to the end: exactly what is needed. */
        err = r->target == PB_TO_PACKED ? PB_OK
                                        : pb_buf_put(out, f->tag, f->tag_len);
        if (err == PB_OK)
            err = pb_put_scalar(out, (enum pb_wire)f->wire, bits);
        if (err != PB_OK)
            return pb_reader_fail_out(r, err) != NULL;
        return pb_reader_value_done(r);
    }
    if (r->target != PB_TO_PACKED)
        for (unsigned i = 0; i < f->tag_len; i++)
            out->data[out->len++] = f->tag[i];
    if (f->wire == PB_WIRE_VARINT)
        out->len = (size_t)(pb_varint_write(out->data + out->len, bits) -
            out->data);
    else
        (void)pb_put_scalar(out, (enum pb_wire)f->wire, bits);
    return pb_reader_value_done(r);
}

/* The fields of a message without submessages of its own. */
static bool
put_body(struct pb_json_reader *r, const uint8_t *body, size_t len)
{
    enum pb_err err;

    if (pb_reader_push(r, PB_FRAME_WRAP) == NULL || !pb_reader_open_message(r))
        return false;
    err = pb_buf_put(r->out, body, len);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err) != NULL;
    return pb_reader_value_done(r);
}

static bool
is_number(const struct pb_field *f)
{
    return f->type != PB_STRING && f->type != PB_BYTES &&
        f->type != PB_BOOL && f->message == NULL;
}

static bool
fail_number(struct pb_json_reader *r, enum pb_number_fault fault,
    const char *text, size_t len, bool is_string)
{
    const char *note = "";

    if (fault == PB_NUMBER_MEMORY)
        return pb_reader_fail_out(r, PB_ENOMEM) != NULL;
    if (fault == PB_NUMBER_SYNTAX && !is_string)
        return pb_reader_fail(r, PB_ESYNTAX, r->token,
            "this is not how JSON writes a number") != NULL;
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

/* ---- Enums ------------------------------------------------------------------ */

/* Unknown names are ignored on request: no field, no element, no entry. */
static bool
ignore_value(struct pb_json_reader *r)
{
    if (r->target == PB_TO_FIELD && r->field->is_required)
        return pb_reader_fail(r, PB_EUNKNOWN, r->token,
            "an unknown value for a required field") != NULL;
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
    return pb_reader_fail(r, PB_EUNKNOWN, r->token, "enum %s has no value %s",
        e->full_name, pb_excerpt(excerpt, text, len)) != NULL;
}

/* ---- Messages that are not objects ------------------------------------------ */

/* Opens a wrapper or a Value and turns to the field inside. c begins a value
 * that is neither null nor an object nor an array. False: failed. */
static bool
open_inner(struct pb_json_reader *r, const struct pb_message *message, char c)
{
    uint32_t number = 1;
    enum pb_reader_target target = PB_TO_FIELD;

    if (message->wkt == PB_WKT_VALUE) {
        target = PB_TO_ELEMENT;
        number = c == '"' ? VALUE_STRING :
            c == 't' || c == 'f' ? VALUE_BOOL : VALUE_NUMBER;
    } else if (message->wkt < PB_WKT_DOUBLE_VALUE ||
        message->wkt > PB_WKT_BYTES_VALUE) {
        return true;
    }
    if (pb_reader_push(r, PB_FRAME_WRAP) == NULL || !pb_reader_open_message(r))
        return false;
    r->field = member(message, number);
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
    const struct pb_message *message = target_message(r);

    if (message != NULL && message->wkt == PB_WKT_FIELD_MASK)
        return mask_token(r, text, len);
    if (message != NULL)
        return time_token(r, message, text, len);
    if (r->field->type == PB_ENUM)
        return enum_token(r, text, len);
    return numeric_token(r, text, len, true);
}

/* ---- Strings ---------------------------------------------------------------- */

static const char *
begin_string(struct pb_json_reader *r, const char *p)
{
    const struct pb_message *message;

    if (r->target == PB_TO_NOTHING)
        return pb_reader_string(r, p + 1, PB_STRING_SKIP);
    if (r->target == PB_TO_TYPE)
        return pb_reader_string(r, p + 1, PB_STRING_TYPE);
    if (is_whole_repeated(r))
        return pb_reader_mismatch(r, "a string");
    message = target_message(r);
    if (message != NULL) {
        if (message->wkt == PB_WKT_TIMESTAMP ||
            message->wkt == PB_WKT_DURATION ||
            message->wkt == PB_WKT_FIELD_MASK)
            return pb_reader_string(r, p + 1, PB_STRING_TOKEN);
        if (!open_inner(r, message, '"'))
            return NULL;
        if (target_message(r) != NULL)
            return pb_reader_mismatch(r, "a string");
    }
    if (r->field->type == PB_STRING)
        return pb_reader_string(r, p + 1, PB_STRING_TEXT);
    if (r->field->type == PB_BYTES)
        return pb_reader_string(r, p + 1, PB_STRING_BYTES);
    if (r->field->type == PB_BOOL)
        return pb_reader_mismatch(r, "a string");
    return pb_reader_string(r, p + 1, PB_STRING_TOKEN);
}

/* ---- Numbers ---------------------------------------------------------------- */

/* A whole number. The target was found to take one when it began. */
static bool
number_token(struct pb_json_reader *r, const char *text, size_t len)
{
    if (len > PB_NUMBER_MAX)
        return pb_reader_fail(r, PB_ELIMIT, r->token,
            "a number of more than %d characters", PB_NUMBER_MAX) != NULL;
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

/* An ordinary number that lies whole in the piece. NULL without an error: it has
 * to be looked at closely. */
static const char *
plain_number(struct pb_json_reader *r, const char *p)
{
    enum pb_type type = (enum pb_type)r->field->type;
    const char *end = r->now.end;
    uint64_t magnitude, bits;
    bool is_negative;

    if (type == PB_DOUBLE || type == PB_FLOAT) {
        p = pb_float_read(type, p, end, &bits);
    } else {
        p = pb_integer_read(p, end, &is_negative, &magnitude);
        if (p == NULL || p == end || pb_is_in_number(*p) ||
            pb_integer_to_bits(type, is_negative, magnitude, &bits) !=
                PB_NUMBER_OK)
            return NULL;
    }
    return p != NULL && put_scalar(r, bits) ? p : NULL;
}

static const char *
begin_number(struct pb_json_reader *r, const char *p)
{
    const char *q = p;

    if (r->target != PB_TO_NOTHING) {
        const struct pb_message *message = target_message(r);

        if (message != NULL && !open_inner(r, message, '0'))
            return NULL;
        if (is_whole_repeated(r) || target_message(r) != NULL ||
            !is_number(r->field))
            return pb_reader_mismatch(r, "a number");
        q = plain_number(r, p);
        if (q != NULL || r->err != PB_OK)
            return q;
        q = p;
    }
    while (q < r->now.end && pb_is_in_number(*q))
        q++;
    if (q < r->now.end)
        return number_token(r, p, (size_t)(q - p)) ? q : NULL;
    r->text.len = 0;
    r->state = PB_IN_NUMBER;
    return pb_reader_number_more(r, p);
}

/* ---- Literals --------------------------------------------------------------- */

/* Does null stand for a value of the target, not for absence? */
static bool
is_null_a_value(const struct pb_json_reader *r)
{
    const struct pb_message *message;

    if (is_whole_repeated(r))
        return false;
    message = target_message(r);
    if (message != NULL)
        return message->wkt == PB_WKT_VALUE;
    return r->field->type == PB_ENUM && r->field->enumeration->is_null_value;
}

static bool
null_value(struct pb_json_reader *r)
{
    static const uint8_t null_in_value[] = { VALUE_NULL << 3, 0 };

    if (is_null_a_value(r)) {
        if (target_message(r) == NULL)
            return put_scalar(r, 0);
        return put_body(r, null_in_value, sizeof(null_in_value));
    }
    if (r->target != PB_TO_FIELD)
        return pb_reader_mismatch(r, "null") != NULL;
    if (r->field->is_required && !r->top->is_lenient)
        return pb_reader_fail(r, PB_EVALUE, r->token,
            "a required field cannot be null") != NULL;
    return pb_reader_value_done(r);
}

static bool
bool_value(struct pb_json_reader *r, bool value)
{
    const struct pb_message *message = target_message(r);
    const char *found = value ? "true" : "false";

    if (message != NULL && !open_inner(r, message, found[0]))
        return false;
    if (is_whole_repeated(r) || target_message(r) != NULL ||
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

static const char *
begin_literal(struct pb_json_reader *r, const char *p)
{
    r->literal = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
    r->literal_len = 0;
    return pb_reader_literal_more(r, p);
}

/* ---- Objects and arrays ----------------------------------------------------- */

static bool
go_deeper(struct pb_json_reader *r)
{
    if (r->depth >= r->options.max_depth)
        return pb_reader_fail(r, PB_ELIMIT, r->token,
            "more than %u nested objects and arrays", r->options.max_depth) !=
            NULL;
    r->depth++;
    return true;
}

/* The object of a map field, or of a Struct (whose body it is). */
static bool
open_map(struct pb_json_reader *r, const struct pb_field *field)
{
    r->top->field = field;
    r->top->message = field->message;
    return true;
}

static void
aim_at_elements(struct pb_json_reader *r, const struct pb_field *field)
{
    r->field = field;
    r->target = field->is_packed ? PB_TO_PACKED : PB_TO_ELEMENT;
}

static bool
open_list(struct pb_json_reader *r, const struct pb_field *field)
{
    r->top->field = field;
    aim_at_elements(r, field);
    return true;
}

/* A Value that is an object or array: a frame for the Value, then on to its
 * member. */
static const struct pb_message *
open_value(struct pb_json_reader *r, const struct pb_message *message,
    uint32_t number)
{
    if (message == NULL || message->wkt != PB_WKT_VALUE)
        return message;
    if (pb_reader_push(r, PB_FRAME_WRAP) == NULL || !pb_reader_open_message(r))
        return NULL;
    r->field = member(message, number);
    r->target = PB_TO_ELEMENT;
    return r->field->message;
}

static bool
open_object_frame(struct pb_json_reader *r, const struct pb_message *message)
{
    enum pb_frame_kind kind = PB_FRAME_MESSAGE;

    if (message->wkt == PB_WKT_STRUCT)
        kind = PB_FRAME_MAP;
    else if (message->wkt == PB_WKT_ANY)
        kind = PB_FRAME_ANY;
    if (pb_reader_push(r, kind) == NULL || !pb_reader_open_message(r))
        return false;
    if (kind == PB_FRAME_MAP)
        return open_map(r, member(message, 1));
    if (kind == PB_FRAME_ANY)
        r->top->u.any.at = PB_NOWHERE;
    r->top->message = message;
    return true;
}

static bool
is_object(const struct pb_message *message)
{
    return message->wkt == PB_WKT_NONE || message->wkt == PB_WKT_ANY ||
        message->wkt == PB_WKT_STRUCT || message->wkt == PB_WKT_VALUE ||
        message->wkt == PB_WKT_EMPTY || message->wkt == PB_WKT_HTTP_BODY;
}

static bool
open_object(struct pb_json_reader *r)
{
    const struct pb_message *message;

    if (r->target == PB_TO_NOTHING)
        return pb_reader_push(r, PB_FRAME_SKIP_OBJECT) != NULL;
    if (is_whole_repeated(r)) {
        if (!r->field->is_map)
            return pb_reader_mismatch(r, "an object") != NULL;
        return pb_reader_push(r, PB_FRAME_MAP) != NULL &&
            open_map(r, r->field);
    }
    message = target_message(r);
    if (message == NULL || !is_object(message))
        return pb_reader_mismatch(r, "an object") != NULL;
    message = open_value(r, message, VALUE_STRUCT);
    return message != NULL && open_object_frame(r, message);
}

static bool
open_array(struct pb_json_reader *r)
{
    const struct pb_message *message;

    if (r->target == PB_TO_NOTHING)
        return pb_reader_push(r, PB_FRAME_SKIP_LIST) != NULL;
    if (is_whole_repeated(r) && !r->field->is_map) {
        const struct pb_field *field = r->field;

        if (pb_reader_push(r, PB_FRAME_LIST) == NULL)
            return false;
        r->top->drop_empty = true;
        if (field->is_packed && !pb_reader_open_len(r, field->packed_tag,
                                    field->packed_tag_len))
            return false;
        return open_list(r, field);
    }
    message = target_message(r);
    if (message == NULL || (message->wkt != PB_WKT_VALUE &&
                               message->wkt != PB_WKT_LIST_VALUE))
        return pb_reader_mismatch(r, "an array") != NULL;
    message = open_value(r, message, VALUE_LIST);
    return message != NULL && pb_reader_push(r, PB_FRAME_LIST) != NULL &&
        pb_reader_open_message(r) && open_list(r, member(message, 1));
}

/* ---- Any value -------------------------------------------------------------- */

/* A field of a oneof is given: it must be the only one. null gives none. */
static bool
claim_oneof(struct pb_json_reader *r, char c)
{
    const struct pb_field *field = r->field;
    const struct pb_message *message = field->parent;
    enum pb_err err;

    if (r->top->kind != PB_FRAME_MESSAGE || (c == 'n' && !is_null_a_value(r)))
        return true;
    err = pb_reader_see(r, message->n_fields + (unsigned)field->oneof);
    if (err == PB_ENOMEM)
        return pb_reader_fail_out(r, err) != NULL;
    if (err == PB_EDUPLICATE)
        return pb_reader_fail(r, err, r->token,
            "another field of the oneof \"%s\" was given before",
            message->oneof_names[field->oneof]) != NULL;
    return true;
}

const char *
pb_reader_value(struct pb_json_reader *r, const char *p)
{
    char c = *p;

    r->token = pb_reader_offset(r, p);
    if (r->target == PB_TO_TYPE && c != '"')
        return pb_reader_fail(r, PB_EVALUE, r->token,
            "expected the URL of a type in quotes");
    if (r->target == PB_TO_FIELD && r->field->oneof >= 0 && !claim_oneof(r, c))
        return NULL;
    switch (c) {
    case '"':
        return begin_string(r, p);
    case '{':
        r->state = PB_AT_MEMBER;
        return go_deeper(r) && open_object(r) ? p + 1 : NULL;
    case '[':
        r->state = PB_AT_ELEMENT;
        return go_deeper(r) && open_array(r) ? p + 1 : NULL;
    case 't':
    case 'f':
    case 'n':
        return begin_literal(r, p);
    case '-':
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return begin_number(r, p);
    default:
        return pb_reader_unexpected(r, p, "a value");
    }
}
