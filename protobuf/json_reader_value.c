/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: what opens a frame, an object or an array, is done here; the rest is
 * for json_reader_scalar.c.
 */
#include "protobuf/json_reader.h"

/* ---- Objects and arrays ------------------------------------------------- */

static bool
go_deeper(struct pb_json_reader *r)
{
    if (r->depth >= r->options.max_depth)
        return pb_reader_fail(r, PB_ELIMIT, r->token,
                   "expected at most %u nested objects and arrays, found more",
                   r->options.max_depth) != NULL;
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
    if (pb_reader_push(r, PB_FRAME_WRAP) == NULL || !pb_reader_open_message(r))
        return NULL;
    r->field = pb_reader_member(message, number);
    r->target = PB_TO_ELEMENT;
    return r->field->message;
}

static bool
open_object_frame(struct pb_json_reader *r, const struct pb_message *message)
{
    enum pb_frame_kind kind = PB_FRAME_MESSAGE;

    if (message->is_message_set)
        return pb_reader_fail(r, PB_EVALUE, r->token,
                   "%s is a MessageSet, which is not supported",
                   message->full_name) != NULL;
    if (message->wkt == PB_WKT_STRUCT)
        kind = PB_FRAME_MAP;
    else if (message->wkt == PB_WKT_ANY)
        kind = PB_FRAME_ANY;
    if (pb_reader_push(r, kind) == NULL || !pb_reader_open_message(r))
        return false;
    if (kind == PB_FRAME_MAP)
        return open_map(r, pb_reader_member(message, 1));
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
    if (pb_reader_is_whole(r)) {
        if (!r->field->is_map)
            return pb_reader_mismatch(r, "an object") != NULL;
        return pb_reader_push(r, PB_FRAME_MAP) != NULL && open_map(r, r->field);
    }
    message = pb_reader_target_message(r);
    if (message == NULL || !is_object(message))
        return pb_reader_mismatch(r, "an object") != NULL;
    if (message->wkt == PB_WKT_VALUE)
        message = open_value(r, message, PB_VALUE_STRUCT);
    return message != NULL && open_object_frame(r, message);
}

static bool
open_array(struct pb_json_reader *r)
{
    const struct pb_message *message;

    if (r->target == PB_TO_NOTHING)
        return pb_reader_push(r, PB_FRAME_SKIP_LIST) != NULL;
    if (pb_reader_is_whole(r) && !r->field->is_map) {
        const struct pb_field *field = r->field;

        if (pb_reader_push(r, PB_FRAME_LIST) == NULL)
            return false;
        r->top->drop_empty = true;
        if (field->is_packed &&
            !pb_reader_open_len(r, field->packed_tag, field->packed_tag_len))
            return false;
        return open_list(r, field);
    }
    message = pb_reader_target_message(r);
    if (message == NULL ||
        (message->wkt != PB_WKT_VALUE && message->wkt != PB_WKT_LIST_VALUE))
        return pb_reader_mismatch(r, "an array") != NULL;
    if (message->wkt == PB_WKT_VALUE)
        message = open_value(r, message, PB_VALUE_LIST);
    return message != NULL && pb_reader_push(r, PB_FRAME_LIST) != NULL &&
        pb_reader_open_message(r) && open_list(r, pb_reader_member(message, 1));
}

/* ---- Any value ---------------------------------------------------------- */

/* A field of a oneof is given: it must be the only one. null gives none. */
static bool
claim_oneof(struct pb_json_reader *r, char c)
{
    const struct pb_field *field = r->field;
    const struct pb_message *message = field->parent;
    enum pb_err err;

    if (r->top->kind != PB_FRAME_MESSAGE ||
        (c == 'n' && !pb_reader_is_null_a_value(r)))
        return true;
    err = pb_reader_see(r, message->n_fields + (unsigned)field->oneof);
    if (err == PB_ENOMEM)
        return pb_reader_fail_out(r, err) != NULL;
    if (err == PB_EDUPLICATE)
        return pb_reader_fail(r, err, r->token,
                   "expected one field of the oneof \"%s\", found a second",
                   message->oneof_names[field->oneof]) != NULL;
    return true;
}

const char *
pb_reader_too_many(struct pb_json_reader *r)
{
    return pb_reader_fail(r, PB_EMANY, r->token,
        "expected at most %u fields and elements in one message, found more",
        r->options.max_elements);
}

static const char *__attribute__((noinline))
begin_object(struct pb_json_reader *r, const char *p)
{
    r->state = PB_AT_MEMBER;
    return go_deeper(r) && open_object(r) ? p + 1 : NULL;
}

static const char *__attribute__((noinline))
begin_array(struct pb_json_reader *r, const char *p)
{
    r->state = PB_AT_ELEMENT;
    return go_deeper(r) && open_array(r) ? p + 1 : NULL;
}

static const char *
begin_value(struct pb_json_reader *r, const char *p)
{
    if (*p == '"')
        return pb_reader_begin_string(r, p);
    switch (*p) {
    case '{':
        return begin_object(r, p);
    case '[':
        return begin_array(r, p);
    case 't':
    case 'f':
    case 'n':
        return pb_reader_begin_literal(r, p);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return pb_reader_begin_number(r, p);
    default:
        return pb_reader_unexpected(r, p, "a value");
    }
}

/* The value of an "@type", or of a member of a oneof. */
static const char *__attribute__((noinline))
begin_checked_value(struct pb_json_reader *r, const char *p)
{
    char noun[PB_BYTE_NOUN_MAX];

    if (r->target == PB_TO_TYPE && *p != '"')
        return pb_reader_fail(r, PB_EVALUE, r->token,
            "expected the URL of a type in quotes, found %s",
            pb_reader_byte_noun(noun, *p));
    if (r->target == PB_TO_FIELD && !claim_oneof(r, *p))
        return NULL;
    return begin_value(r, p);
}

const char *
pb_reader_value(struct pb_json_reader *r, const char *p)
{
    r->token = pb_reader_offset(r, p);
    if (!pb_reader_count(r))
        return pb_reader_too_many(r);
    if (r->target == PB_TO_TYPE ||
        (r->target == PB_TO_FIELD && r->field->oneof >= 0))
        return begin_checked_value(r, p);
    return begin_value(r, p);
}
