/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_paths.c - see json_paths.h.
 *
 * A reader has made sure of the syntax, so that this one only has to find its
 * way: names, colons, and where values end. The stack of open objects is the
 * path; it is written out once for each field that is found.
 */
#include "protobuf/json_paths.h"

#include "protobuf/json_scan.h"
#include "protobuf/number_in.h"
#include "protobuf/utf8.h"
#include "protobuf/wire.h"

#define DEPTH_MAX 1000u
#define NAME_MAX_BYTES 65536u
#define PATHS_TAG 0x0a /* FieldMask.paths */

struct open_object {
    const struct pb_message *message;
    const struct pb_field *field; /* whose value it is; NULL: the outermost */
    bool has_paths;               /* of what is in it */
};

struct walker {
    const char *p;
    const char *end;
    bool ignores_unknown;
    bool is_unsayable; /* an extension was given */
    struct pb_buf *out;
    struct pb_buf plain; /* a string without its escapes */
    unsigned n_open;
    struct open_object open[DEPTH_MAX];
};

struct span {
    const char *p;
    size_t len;
};

/* ---- Text --------------------------------------------------------------- */

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_space(struct walker *w)
{
    while (w->p < w->end && is_space(*w->p))
        w->p++;
}

/* True if that is the next byte, after space. */
static bool
is_next(struct walker *w, char c)
{
    skip_space(w);
    return w->p < w->end && *w->p == c;
}

/* The closing quote of the string whose text begins at p; NULL: there is none.
 */
static const char *
string_end(const char *p, const char *end)
{
    for (;;) {
        p = pb_skip_plain(p, p, end);
        if (p == end)
            return NULL;
        if (*p == '"')
            return p;
        if (*p == '\\' && ++p == end)
            return NULL;
        p++;
    }
}

static bool
is_structural(char c)
{
    return is_space(c) || (c != '\0' && strchr(",:[]{}\"", c) != NULL);
}

/* Moves behind the value at p, whose nesting is only counted. */
static bool
skip_value(struct walker *w)
{
    size_t depth = 0;

    do {
        if (w->p == w->end)
            return false;
        switch (*w->p) {
        case '"':
            w->p = string_end(w->p + 1, w->end);
            if (w->p == NULL) {
                w->p = w->end;
                return false;
            }
            w->p++;
            break;
        case '{':
        case '[':
            depth++;
            w->p++;
            break;
        case '}':
        case ']':
            if (depth == 0)
                return false;
            depth--;
            w->p++;
            break;
        default: /* a number or a word, or what stands between values */
            w->p++;
            while (w->p < w->end && !is_structural(*w->p))
                w->p++;
            break;
        }
    } while (depth > 0);
    return true;
}

/* ---- Escapes ------------------------------------------------------------ */

static bool
read_hex(const char **p, const char *end, unsigned *code)
{
    *code = 0;
    if (end - *p < 4)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        char c = *(*p)++;
        unsigned digit;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (unsigned)((c | 0x20) - 'a') + 10;
        else
            return false;
        *code = *code << 4 | digit;
    }
    return true;
}

/* What follows \u; a pair of surrogates is one character. */
static bool
read_unicode(const char **p, const char *end, unsigned *code)
{
    unsigned low;

    if (!read_hex(p, end, code))
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    if (*code >= 0xdc00 || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return false;
    *p += 2;
    if (!read_hex(p, end, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* What follows a backslash. */
static bool
read_escape(const char **p, const char *end, unsigned *code)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *known;
    char c;

    if (*p == end)
        return false;
    c = *(*p)++;
    if (c == 'u')
        return read_unicode(p, end, code);
    known = c != '\0' ? strchr(from, c) : NULL;
    if (known != NULL)
        *code = (unsigned char)to[known - from];
    return known != NULL;
}

static enum pb_err
unescape(struct pb_buf *plain, struct span *s)
{
    const char *p = s->p, *end = s->p + s->len;
    enum pb_err err = PB_OK;

    plain->len = 0;
    while (err == PB_OK && p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t n = (size_t)((slash != NULL ? slash : end) - p);
        char utf8[4];
        unsigned code;

        err = pb_buf_put(plain, p, n);
        p += n;
        if (err != PB_OK || slash == NULL)
            break;
        p++;
        if (!read_escape(&p, end, &code))
            return PB_ESYNTAX;
        err = pb_buf_put(plain, utf8, pb_utf8_write(utf8, code));
    }
    s->p = (const char *)plain->data;
    s->len = plain->len;
    return err;
}

/* The string at p, which moves behind it. It lasts until the next one. */
static enum pb_err
read_string(struct walker *w, struct span *s)
{
    const char *quote;

    if (!is_next(w, '"'))
        return PB_ESYNTAX;
    s->p = w->p + 1;
    quote = string_end(s->p, w->end);
    if (quote == NULL)
        return PB_ESYNTAX;
    s->len = (size_t)(quote - s->p);
    w->p = quote + 1;
    return memchr(s->p, '\\', s->len) == NULL ? PB_OK : unescape(&w->plain, s);
}

/* ---- Paths -------------------------------------------------------------- */

static enum pb_err
put_name(struct pb_buf *out, const struct pb_field *f, bool is_last)
{
    enum pb_err err = pb_buf_put(out, f->name, f->name_len);

    return err == PB_OK && !is_last ? pb_buf_put(out, ".", 1) : err;
}

/* The path of f, a field of the innermost open object. */
static enum pb_err
put_path(struct walker *w, const struct pb_field *f)
{
    uint8_t head[1 + 10] = { PATHS_TAG };
    size_t len = f->name_len, head_len;
    enum pb_err err;

    for (unsigned i = 1; i < w->n_open; i++)
        len += w->open[i].field->name_len + 1u;
    head_len = (size_t)(pb_varint_write(head + 1, len) - head);
    err = pb_buf_put(w->out, head, head_len);
    for (unsigned i = 1; err == PB_OK && i < w->n_open; i++)
        err = put_name(w->out, w->open[i].field, false);
    if (err == PB_OK)
        err = put_name(w->out, f, true);
    w->open[w->n_open - 1].has_paths = true;
    return err;
}

static enum pb_err
open_object(struct walker *w, const struct pb_message *message,
    const struct pb_field *field)
{
    if (w->n_open == DEPTH_MAX)
        return PB_ELIMIT;
    w->p++;
    w->open[w->n_open++] = (struct open_object){ message, field, false };
    return PB_OK;
}

/* An object in which nothing was found is itself what is given. */
static enum pb_err
close_object(struct walker *w)
{
    const struct open_object *o = &w->open[--w->n_open];
    enum pb_err err = PB_OK;

    w->p++;
    if (w->n_open == 0)
        return PB_OK;
    if (!o->has_paths)
        err = put_path(w, o->field);
    w->open[w->n_open - 1].has_paths = true;
    return err;
}

/* ---- Members ------------------------------------------------------------ */

static bool
has_fields(const struct pb_field *f)
{
    return f->message != NULL && !f->is_repeated &&
        (f->message->wkt == PB_WKT_NONE || f->message->wkt == PB_WKT_EMPTY);
}

static bool
is_extension(const struct pb_message *m, struct span name)
{
    return name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']' &&
        pb_schema_extension_by_name(m, name.p + 1, name.len - 2) != NULL;
}

/* A value of an enum that the reader has passed over. */
static bool
is_ignored(const struct pb_enum *e, struct span value)
{
    uint64_t bits;

    return pb_enum_value_by_name(e, value.p, value.len) == NULL &&
        pb_number_to_bits(PB_ENUM, value.p, value.len, &bits) != PB_NUMBER_OK;
}

static enum pb_err
take_enum(struct walker *w, const struct pb_field *f)
{
    struct span value;
    enum pb_err err = read_string(w, &value);

    if (err == PB_OK && !is_ignored(f->enumeration, value))
        err = put_path(w, f);
    return err;
}

static enum pb_err
take_value(struct walker *w, const struct pb_field *f)
{
    if (w->p == w->end)
        return PB_ESYNTAX;
    if (*w->p == '{' && has_fields(f))
        return open_object(w, f->message, f);
    if (*w->p == '"' && f->enumeration != NULL && w->ignores_unknown)
        return take_enum(w, f);
    return skip_value(w) ? put_path(w, f) : PB_ESYNTAX;
}

/* "name": value, or as far as the object that the value is. */
static enum pb_err
take_member(struct walker *w)
{
    const struct pb_message *m = w->open[w->n_open - 1].message;
    const struct pb_field *f;
    struct span name;
    enum pb_err err = read_string(w, &name);

    if (err != PB_OK)
        return err;
    f = pb_message_field_by_name(m, name.p, name.len);
    w->is_unsayable = f == NULL && is_extension(m, name);
    if (w->is_unsayable)
        return PB_OK;
    if (!is_next(w, ':'))
        return PB_ESYNTAX;
    w->p++;
    skip_space(w);
    if (f != NULL)
        return take_value(w, f);
    return skip_value(w) ? PB_OK : PB_ESYNTAX;
}

static enum pb_err
walk(struct walker *w, const struct pb_message *message)
{
    enum pb_err err;

    if (!is_next(w, '{'))
        return PB_OK;
    err = open_object(w, message, NULL);
    while (err == PB_OK && w->n_open > 0 && !w->is_unsayable) {
        if (is_next(w, '}'))
            err = close_object(w);
        else if (is_next(w, ','))
            w->p++;
        else
            err = take_member(w);
    }
    return err;
}

enum pb_err
pb_json_paths(const struct pb_message *message,
    const struct pb_json_options *options, const char *text, size_t len,
    struct pb_buf *out)
{
    struct walker w; /* large: the stack is cleared as it is used */
    size_t start = out->len;
    enum pb_err err;

    w.p = text;
    w.end = len > 0 ? text + len : text;
    w.ignores_unknown = options != NULL && options->ignore_unknown;
    w.is_unsayable = false;
    w.out = out;
    w.n_open = 0;
    pb_buf_init_heap(&w.plain, NAME_MAX_BYTES);
    err = walk(&w, message);
    pb_buf_fini_heap(&w.plain);
    if (err != PB_OK || w.is_unsayable)
        out->len = start;
    return err;
}
