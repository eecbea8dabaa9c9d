/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google.protobuf.Any. How its members are to be read is known only when
 * "@type" has been seen. Nearly always it comes first, and then the members are
 * read as they come. Otherwise those before it are skipped and their text kept;
 * once the type is known they are read again from there, and then the text goes
 * on behind "@type". An Any within kept text needs no second copy: it is a
 * stretch of the same bytes. Each such nesting reads its text once more, hence
 * PB_READER_REPLAYS.
 */
#include "protobuf/json_reader.h"

#include <assert.h>

#include "protobuf/wire.h"

static bool
is_name(const char *text, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(text, name, len) == 0;
}

/* No more than out->max bytes are kept: the piece in hand is made to end there,
 * so that nothing beyond is looked at, however the text is cut. */
static void
limit_piece(struct pb_json_reader *r)
{
    size_t offset = r->kept_base + r->out->max;
    size_t end = pb_reader_offset(r, r->piece_end);

    if (offset < r->kept_base || offset >= end)
        return;
    r->now.end = offset < r->now.base ? r->now.begin
                                      : r->now.begin + (offset - r->now.base);
}

static void
stop_keeping(struct pb_json_reader *r)
{
    if (r->n_sources > 0)
        return;
    r->is_keeping = false;
    r->now.end = r->piece_end;
}

void
pb_reader_any_begin(struct pb_json_reader *r, size_t offset)
{
    struct pb_frame *f = r->top;

    f->u.any.at = offset;
    f->u.any.comma = PB_NOWHERE;
    f->u.any.line = r->now.line;
    f->u.any.line_start = r->now.line_start;
    if (r->n_sources > 0)
        return;
    r->kept.len = 0;
    r->kept_base = offset;
    r->is_keeping = true;
    limit_piece(r);
}

void
pb_reader_use_piece(struct pb_json_reader *r, const char *text, size_t len)
{
    r->now.base += (size_t)(r->piece_end - r->now.begin);
    r->now.begin = text;
    r->now.end = text + len;
    r->piece_end = text + len;
    if (r->is_keeping)
        limit_piece(r);
}

const char *
pb_reader_piece_used(struct pb_json_reader *r)
{
    const struct pb_frame *f = r->top;

    if (r->now.end == r->piece_end)
        return r->now.end;
    while (f->kind != PB_FRAME_ANY)
        f--;
    r->now.line = f->u.any.line;
    r->now.line_start = f->u.any.line_start;
    return pb_reader_fail(r, PB_ELIMIT, f->u.any.at,
        "expected \"@type\" in the first %zu bytes of an Any, found none",
        r->out->max);
}

enum pb_err
pb_reader_keep(struct pb_json_reader *r, const char *end)
{
    const char *from;

    if (!r->is_keeping || r->n_sources > 0)
        return PB_OK;
    from = r->now.begin + (r->kept_base + r->kept.len - r->now.base);
    return pb_chars_append(&r->kept, from, (size_t)(end - from), SIZE_MAX);
}

bool
pb_reader_any_name(struct pb_json_reader *r, const char *text, size_t len)
{
    struct pb_frame *f = r->top;
    bool is_type = is_name(text, len, "@type");
    char excerpt[PB_EXCERPT_MAX];

    r->state = PB_AT_COLON;
    r->target = PB_TO_NOTHING;
    if (f->kind == PB_FRAME_ANY) {
        if (is_type)
            r->target = PB_TO_TYPE;
        if (is_type && f->u.any.comma == PB_NOWHERE)
            stop_keeping(r); /* there is nothing to keep */
        return true;
    }
    if (is_type || (is_name(text, len, "value") && f->has_value))
        return pb_reader_fail(r, PB_EDUPLICATE, r->token,
                   "expected each name once, found it again") != NULL;
    if (is_name(text, len, "value")) {
        f->has_value = true;
        r->target = PB_TO_MESSAGE;
        r->message = f->message;
        return true;
    }
    if (r->options.ignore_unknown)
        return true;
    return pb_reader_fail(r, PB_EUNKNOWN, r->token,
               "expected \"@type\" and \"value\" only of a %s in an Any, "
               "found %s",
               f->message->full_name, pb_excerpt(excerpt, text, len)) != NULL;
}

/* ---- The type ----------------------------------------------------------- */

static const struct pb_message *
find_type(struct pb_json_reader *r, const char *url, size_t len)
{
    const char *slash = memrchr(url, '/', len);
    const struct pb_message *message = NULL;
    char excerpt[PB_EXCERPT_MAX];
    const char *name;
    size_t name_len;

    if (slash == NULL || slash + 1 == url + len) {
        pb_reader_fail(r, PB_EVALUE, r->token,
            "expected a type such as "
            "\"type.googleapis.com/google.protobuf.Duration\", found %s",
            pb_excerpt(excerpt, url, len));
        return NULL;
    }
    name = slash + 1;
    name_len = len - (size_t)(name - url);
    message = pb_schema_message(r->schema, name, name_len);
    if (message == NULL || message->is_map_entry) {
        pb_reader_fail(r, PB_EUNKNOWN, r->token,
            "expected a type of the schema, found %s",
            pb_excerpt(excerpt, name, name_len));
        return NULL;
    }
    return message;
}

/* The types whose JSON is not an object of their fields. */
static bool
has_value_form(const struct pb_message *message)
{
    return message->wkt != PB_WKT_NONE && message->wkt != PB_WKT_EMPTY &&
        message->wkt != PB_WKT_HTTP_BODY;
}

static bool
put_type(struct pb_json_reader *r, const struct pb_message *any,
    const char *url, size_t len)
{
    const struct pb_field *f = pb_message_field_by_number(any, 1, 0);
    enum pb_err err;

    assert(f != NULL);
    err = pb_buf_put(r->out, f->tag, f->tag_len);
    if (err == PB_OK)
        err = pb_put_varint(r->out, len);
    if (err == PB_OK)
        err = pb_buf_put(r->out, url, len);
    if (err != PB_OK)
        pb_reader_fail_out(r, err);
    return err == PB_OK;
}

/* The frame becomes that of the Any around its value; the value gets one. */
static bool
open_typed(struct pb_json_reader *r, const struct pb_message *any,
    const struct pb_message *message)
{
    const struct pb_field *value = pb_message_field_by_number(any, 2, 1);
    struct pb_frame *f;

    assert(value != NULL);
    r->top->kind = PB_FRAME_WRAP;
    f = pb_reader_push(r,
        has_value_form(message) ? PB_FRAME_ANY_VALUE : PB_FRAME_MESSAGE);
    if (f == NULL)
        return false;
    f->message = message;
    f->is_typed = true;
    f->is_lenient = true;
    f->drop_empty = true;
    return pb_reader_open_len(r, value->tag, value->tag_len);
}

/* Turns to the members before "@type"; next is where to go on after them. */
static const char *
replay(struct pb_json_reader *r, const struct pb_frame *any, const char *next)
{
    struct pb_source *s;

    if (r->n_sources == PB_READER_REPLAYS)
        return pb_reader_fail(r, PB_ELIMIT, r->token,
            "expected at most %d nested Anys whose \"@type\" does not come "
            "first, found more",
            PB_READER_REPLAYS);
    s = &r->sources[r->n_sources++];
    *s = r->now;
    s->next = next;
    r->now.begin = r->kept.data;
    r->now.base = r->kept_base;
    r->now.end = r->kept.data + (any->u.any.comma - r->kept_base);
    r->now.line = any->u.any.line;
    r->now.line_start = any->u.any.line_start;
    r->state = PB_AT_NAME;
    return r->kept.data + (any->u.any.at - r->kept_base);
}

const char *
pb_reader_any_type(struct pb_json_reader *r, const char *p, const char *text,
    size_t len)
{
    const struct pb_message *message = find_type(r, text, len);
    struct pb_frame any = *r->top;
    bool is_late = any.u.any.comma != PB_NOWHERE;
    enum pb_err err = PB_OK;

    if (message == NULL || !put_type(r, any.message, text, len))
        return NULL;
    if (is_late)
        err = pb_reader_keep(r, p);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err);
    stop_keeping(r);
    if (!open_typed(r, any.message, message))
        return NULL;
    r->state = PB_AT_COMMA;
    return is_late ? replay(r, &any, p) : p;
}

bool
pb_reader_any_end(struct pb_json_reader *r)
{
    struct pb_frame *f = r->top;

    if (f->kind == PB_FRAME_ANY && f->u.any.at != PB_NOWHERE)
        return pb_reader_fail(r, PB_EVALUE, r->token,
                   "expected \"@type\" in an Any, found none") != NULL;
    if (f->kind == PB_FRAME_ANY_VALUE && !f->has_value)
        return pb_reader_fail(r, PB_EVALUE, r->token,
                   "expected the \"value\" of a %s in an Any, found none",
                   f->message->full_name) != NULL;
    return pb_reader_end_frame(r) && pb_reader_value_done(r);
}
