/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the JSON reader says when it refuses a text. The path is put together
 * from the frames at the moment of the failure, so that reading itself keeps no
 * account of it. Every text is cut between characters, never within one.
 */
#include "protobuf/json_reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "protobuf/wire.h"

#define EXCERPT_CHARS 32 /* of the text, before it is escaped */

struct printer {
    char *to;
    size_t room; /* for the NUL too */
    size_t len;
};

/* All of s or nothing; after the first thing left out, nothing more. */
static void
print(struct printer *p, const char *s, size_t n)
{
    if (n >= p->room - p->len) {
        p->room = p->len + 1;
        return;
    }
    memcpy(p->to + p->len, s, n);
    p->len += n;
    p->to[p->len] = '\0';
}

static void
print_string(struct printer *p, const char *s)
{
    print(p, s, strlen(s));
}

/* Not a control, and nothing that breaks or turns round a line of text; all of
 * those lie below U+10000. */
static bool
is_printable(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) &&
        !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
        c != 0xfeff;
}

/* One character, or one byte that is part of none. Returns its length. */
static size_t
print_escaped(struct printer *p, const char *s, const char *end)
{
    const uint8_t *bytes = (const uint8_t *)s;
    char escape[8];
    uint32_t c;
    size_t n = pb_utf8_next(bytes, (const uint8_t *)end, &c);

    if (n == 0) {
        snprintf(escape, sizeof(escape), "\\x%02x", *bytes);
        print_string(p, escape);
        return 1;
    }
    if (c == '"' || c == '\\') {
        escape[0] = '\\';
        escape[1] = (char)c;
        print(p, escape, 2);
    } else if (!is_printable(c)) {
        snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)(c & 0xffff));
        print_string(p, escape);
    } else {
        print(p, s, n);
    }
    return n;
}

static void
print_name(struct printer *p, const char *name, size_t len)
{
    const char *end = name + len;

    if (p->len > 0 && *name != '[')
        print(p, ".", 1);
    for (unsigned n = 0; name < end && n < EXCERPT_CHARS; n++)
        name += print_escaped(p, name, end);
    if (name < end)
        print_string(p, "...");
}

static void
print_quoted(struct printer *p, const char *text, size_t len)
{
    const char *end = text + len;

    print(p, "\"", 1);
    for (unsigned n = 0; text < end && n < EXCERPT_CHARS; n++)
        text += print_escaped(p, text, end);
    print_string(p, text < end ? "...\"" : "\"");
}

const char *
pb_excerpt(char to[PB_EXCERPT_MAX], const char *text, size_t len)
{
    struct printer p = { to, PB_EXCERPT_MAX, 0 };

    to[0] = '\0';
    print_quoted(&p, text, len);
    return to;
}

/* ---- The path ----------------------------------------------------------- */

/* The key of an entry, as it stands in out behind the byte for the length. */
static void
print_key(struct printer *p, const struct pb_json_reader *r,
    const struct pb_frame *entry)
{
    const struct pb_field *key = &entry->message->fields[0];
    const uint8_t *at = r->out->data + entry->len_at + 1 + key->tag_len;
    const uint8_t *end = r->out->data + r->out->len;
    char number[24];
    uint64_t v = 0;

    print(p, "[", 1);
    if (key->wire == PB_WIRE_LEN) {
        size_t len = 0;

        at = pb_len_read(at, end, &len);
        if (at != NULL)
            print_quoted(p, (const char *)at, len);
    } else {
        if (key->wire == PB_WIRE_VARINT)
            pb_varint_read(at, end, &v);
        else
            for (unsigned i = key->wire == PB_WIRE_I32 ? 4 : 8; i-- > 0;)
                v = v << 8 | at[i];
        if (key->type == PB_SINT32 || key->type == PB_SINT64)
            v = (v >> 1) ^ (0 - (v & 1));
        if (key->type == PB_SFIXED32)
            v = (uint64_t)(int64_t)(int32_t)v;
        if (key->type == PB_BOOL)
            snprintf(number, sizeof(number), "%s", v ? "true" : "false");
        else if (key->type == PB_UINT64 || key->type == PB_FIXED64)
            snprintf(number, sizeof(number), "%llu", (unsigned long long)v);
        else
            snprintf(number, sizeof(number), "%lld", (long long)v);
        print_string(p, number);
    }
    print(p, "]", 1);
}

static void
print_path(struct printer *p, const struct pb_json_reader *r)
{
    for (size_t i = 0; i < r->n_frames; i++) {
        const struct pb_frame *f = &r->frames[i];
        char index[16];

        switch ((enum pb_frame_kind)f->kind) {
        case PB_FRAME_ROOT:
        case PB_FRAME_MESSAGE:
            if (f->field != NULL)
                print_name(p, f->field->json_name, f->field->json_name_len);
            break;
        case PB_FRAME_LIST:
            snprintf(index, sizeof(index), "[%u]", f->index);
            print_string(p, index);
            break;
        case PB_FRAME_ENTRY:
            if (f->has_key)
                print_key(p, r, f);
            break;
        case PB_FRAME_ANY_VALUE:
            if (f->has_value)
                print_name(p, "value", strlen("value"));
            break;
        case PB_FRAME_MAP:
        case PB_FRAME_WRAP:
        case PB_FRAME_ANY:
        case PB_FRAME_SKIP_OBJECT:
        case PB_FRAME_SKIP_LIST:
            break;
        }
    }
}

/* ---- Failing ------------------------------------------------------------ */

const char *
pb_reader_fail(struct pb_json_reader *r, enum pb_err kind, size_t offset,
    const char *format, ...)
{
    struct pb_error *e = r->error;
    struct printer path;
    char message[2 * sizeof(e->message)];
    va_list args;

    assert(r->err == PB_OK);
    r->err = kind;
    if (e == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    pb_error_set(e, kind, "%s", message);
    e->offset = offset;
    e->line = r->now.line;
    e->column = (unsigned)(offset - r->now.line_start) + 1;
    path = (struct printer){ e->path, sizeof(e->path), 0 };
    print_path(&path, r);
    return NULL;
}

const char *
pb_reader_byte_noun(char to[PB_BYTE_NOUN_MAX], char byte)
{
    unsigned char c = (unsigned char)byte;

    if (c > 0x20 && c < 0x7f)
        snprintf(to, PB_BYTE_NOUN_MAX, "'%c'", c);
    else
        snprintf(to, PB_BYTE_NOUN_MAX, "the byte 0x%02x", c);
    return to;
}

const char *
pb_reader_unexpected(struct pb_json_reader *r, const char *p,
    const char *expected)
{
    char noun[PB_BYTE_NOUN_MAX];

    return pb_reader_fail(r, PB_ESYNTAX, pb_reader_offset(r, p),
        "expected %s, found %s", expected,
        *p == '"' ? "a string" : pb_reader_byte_noun(noun, *p));
}

const char *
pb_reader_bad_number(struct pb_json_reader *r, const char *text, size_t len)
{
    char excerpt[PB_EXCERPT_MAX];

    return pb_reader_fail(r, PB_ESYNTAX, r->token,
        "expected a number as JSON writes it, found %s",
        pb_excerpt(excerpt, text, len));
}

const char *
pb_message_noun(const struct pb_message *message)
{
    switch ((enum pb_wkt)message->wkt) {
    case PB_WKT_TIMESTAMP:
        return "a timestamp such as \"1972-01-01T10:00:20.021Z\"";
    case PB_WKT_DURATION:
        return "a duration such as \"1.5s\"";
    case PB_WKT_FIELD_MASK:
        return "field paths such as \"name,author.birthDate\"";
    case PB_WKT_VALUE:
        return "a JSON value";
    case PB_WKT_LIST_VALUE:
        return "an array";
    case PB_WKT_DOUBLE_VALUE:
        return pb_type_noun(PB_DOUBLE);
    case PB_WKT_FLOAT_VALUE:
        return pb_type_noun(PB_FLOAT);
    case PB_WKT_INT64_VALUE:
        return pb_type_noun(PB_INT64);
    case PB_WKT_UINT64_VALUE:
        return pb_type_noun(PB_UINT64);
    case PB_WKT_INT32_VALUE:
        return pb_type_noun(PB_INT32);
    case PB_WKT_UINT32_VALUE:
        return pb_type_noun(PB_UINT32);
    case PB_WKT_BOOL_VALUE:
        return pb_type_noun(PB_BOOL);
    case PB_WKT_STRING_VALUE:
        return pb_type_noun(PB_STRING);
    case PB_WKT_BYTES_VALUE:
        return pb_type_noun(PB_BYTES);
    case PB_WKT_NONE:
    case PB_WKT_ANY:
    case PB_WKT_STRUCT:
    case PB_WKT_EMPTY:
    case PB_WKT_HTTP_BODY:
        return "an object";
    }
    return "an object";
}

/* What the target takes; text has room for an enum's name. */
static const char *
target_noun(const struct pb_json_reader *r, char *text, size_t room)
{
    const struct pb_field *f = r->field;

    if (r->target == PB_TO_MESSAGE)
        return pb_message_noun(r->message);
    if (r->target == PB_TO_FIELD && f->is_repeated)
        return f->is_map ? "an object" : "an array";
    if (f->message != NULL)
        return pb_message_noun(f->message);
    if (f->type != PB_ENUM)
        return pb_type_noun((enum pb_type)f->type);
    if (f->enumeration->is_null_value)
        return "null";
    snprintf(text, room, "a value of enum %s", f->enumeration->full_name);
    return text;
}

const char *
pb_reader_mismatch(struct pb_json_reader *r, const char *found)
{
    char noun[128];

    return pb_reader_fail(r, PB_EVALUE, r->token, "expected %s, found %s",
        target_noun(r, noun, sizeof(noun)), found);
}

const char *
pb_reader_mismatch_text(struct pb_json_reader *r, const char *text, size_t len,
    bool is_string, const char *note)
{
    char excerpt[PB_EXCERPT_MAX];
    char noun[128];
    size_t n;

    pb_excerpt(excerpt, text, len);
    n = strlen(excerpt);
    if (!is_string) { /* a number needs no quotes */
        excerpt[n - 1] = '\0';
        return pb_reader_fail(r, PB_EVALUE, r->token, "expected %s, found %s%s",
            target_noun(r, noun, sizeof(noun)), excerpt + 1, note);
    }
    return pb_reader_fail(r, PB_EVALUE, r->token, "expected %s, found %s%s",
        target_noun(r, noun, sizeof(noun)), excerpt, note);
}

const char *
pb_reader_unknown(struct pb_json_reader *r, const struct pb_message *message,
    const char *name, size_t len)
{
    const char *nearest = pb_message_nearest_field(message, name, len);
    char excerpt[PB_EXCERPT_MAX];
    char near_excerpt[PB_EXCERPT_MAX];
    struct printer path;

    pb_excerpt(excerpt, name, len);
    if (nearest != NULL)
        pb_reader_fail(r, PB_EUNKNOWN, r->token,
            "%s has no field %s; the nearest is %s", message->full_name,
            excerpt, pb_excerpt(near_excerpt, nearest, strlen(nearest)));
    else
        pb_reader_fail(r, PB_EUNKNOWN, r->token, "%s has no field %s",
            message->full_name, excerpt);
    if (r->error == NULL)
        return NULL;
    path = (struct printer){ r->error->path, sizeof(r->error->path),
        strlen(r->error->path) };
    print_name(&path, name, len);
    return NULL;
}

const char *
pb_reader_fail_out(struct pb_json_reader *r, enum pb_err err)
{
    if (err == PB_EFULL)
        return pb_reader_fail(r, err, r->token,
            "the message is longer than the limit of %zu bytes", r->out->max);
    return pb_reader_fail(r, err, r->token, "out of memory");
}
