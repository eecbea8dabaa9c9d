/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's errors and its punctuation. The path of an error is not kept
 * while all goes well: it is put together from its end, as the levels return.
 */
#include "protobuf/json_writer.h"
#include "protobuf/wire_check.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    INDENT = 2,
    PATH_KEY_MAX = 40, /* of a map's key */
};

/* ---- Errors -------------------------------------------------------------- */

static size_t
offset_of(const struct pb_json_writer *w, const uint8_t *at)
{
    uintptr_t first = (uintptr_t)w->wire;
    uintptr_t x = (uintptr_t)at;

    if (x >= first && x - first <= w->wire_len)
        return (size_t)(x - first);
    return w->copied_at;
}

bool
pb_jw_fail(struct pb_json_writer *w, enum pb_err kind, const uint8_t *at,
    const char *format, ...)
{
    char text[sizeof w->error->message];
    va_list args;

    w->err = kind;
    w->path_at = sizeof w->path - 1;
    w->path[w->path_at] = '\0';
    if (w->error == NULL)
        return false;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)pb_error_set(w->error, kind, "%s", text);
    w->error->offset = offset_of(w, at);
    w->error->line = 0;
    w->error->column = 0;
    return false;
}

bool
pb_jw_no_memory(struct pb_json_writer *w)
{
    return pb_jw_fail(w, PB_ENOMEM, w->wire, "out of memory");
}

static const char *
why_broken(const uint8_t *at, const uint8_t *end)
{
    uint32_t number;
    unsigned wire;
    const uint8_t *p = pb_tag_read(at, end, &number, &wire);

    return p == NULL ? pb_tag_fault(at, end) : pb_value_fault(wire, p, end);
}

bool
pb_jw_broken(struct pb_json_writer *w, const uint8_t *at, const uint8_t *end)
{
    return pb_jw_fail(w, PB_ESYNTAX, at,
        "broken wire format: %s, in the record at byte %zu",
        why_broken(at, end), offset_of(w, at));
}

/* ---- The path of an error ------------------------------------------------ */

static void
path_prepend(struct pb_json_writer *w, const char *s, size_t n)
{
    static const char cut[] = "...";
    size_t room = w->path_at;

    if (room < n + sizeof cut - 1) { /* what is further out is lost */
        if (room >= sizeof cut - 1) {
            memcpy(w->path + room - (sizeof cut - 1), cut, sizeof cut - 1);
            w->path_at = 0;
            memmove(w->path, w->path + room - (sizeof cut - 1),
                sizeof w->path - (room - (sizeof cut - 1)));
        }
        return;
    }
    w->path_at -= n;
    memcpy(w->path + w->path_at, s, n);
}

void
pb_jw_path_name(struct pb_json_writer *w, const char *name, size_t len)
{
    char next = w->path[w->path_at];

    if (next != '\0' && next != '[')
        path_prepend(w, ".", 1);
    path_prepend(w, name, len);
}

void
pb_jw_path_field(struct pb_json_writer *w, const struct pb_field *f)
{
    if (f->is_extension)
        pb_jw_path_name(w, f->name, f->name_len);
    else
        pb_jw_path_name(w, f->json_name, f->json_name_len);
}

void
pb_jw_path_index(struct pb_json_writer *w, uint32_t i)
{
    char text[16];
    int n = snprintf(text, sizeof text, "[%u]", i);

    pb_jw_path_name(w, text, (size_t)n);
}

/* ---- What is not seen again ---------------------------------------------- */

bool
pb_jw_check(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_error e;
    unsigned depth = 2 * w->depth + 2; /* maps count twice there */

    if (pb_wire_check(m, p, (size_t)(end - p), depth, &e) == PB_OK)
        return true;
    (void)pb_jw_fail(w, e.kind, p + e.offset, "%s", e.message);
    if (e.path[0] != '\0')
        pb_jw_path_name(w, e.path, strlen(e.path));
    return false;
}

/* ---- Punctuation --------------------------------------------------------- */

void
pb_jw_line(struct pb_json_writer *w)
{
    pb_sink_char(&w->out, '\n');
    for (unsigned i = 0; i < w->indent * INDENT; i++)
        pb_sink_char(&w->out, ' ');
}

void
pb_jw_colon(struct pb_json_writer *w)
{
    pb_sink_char(&w->out, ':');
    if (w->options.pretty)
        pb_sink_char(&w->out, ' ');
}

void
pb_jw_member(struct pb_json_writer *w, const char *name)
{
    pb_jw_next(w);
    pb_sink_char(&w->out, '"');
    pb_sink_put(&w->out, name, strlen(name));
    pb_sink_char(&w->out, '"');
    pb_jw_colon(w);
}

void
pb_jw_key_slowly(struct pb_json_writer *w, const struct pb_field *f)
{
    bool as_declared = w->options.proto_names || f->is_extension;
    const char *name = as_declared ? f->name : f->json_name;
    size_t len = as_declared ? f->name_len : f->json_name_len;

    pb_jw_next(w);
    (void)pb_sink_string(&w->out, (const uint8_t *)name, len);
    pb_jw_colon(w);
}
