/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/fields.c - paths of fields. Records of the same message field merge,
 * so each value is written as a message that has nothing but it.
 */
#include "routes/fields.h"

#include "protobuf/wire.h"
#include "routes/percent.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

bool
route_field_takes_text(const struct pb_field *f)
{
    if (f->is_map)
        return false;
    if (f->type != PB_MESSAGE && f->type != PB_GROUP)
        return true;
    switch ((enum pb_wkt)f->message->wkt) {
    case PB_WKT_TIMESTAMP:
    case PB_WKT_DURATION:
    case PB_WKT_FIELD_MASK:
    case PB_WKT_STRUCT:
    case PB_WKT_VALUE:
    case PB_WKT_LIST_VALUE:
    case PB_WKT_DOUBLE_VALUE:
    case PB_WKT_FLOAT_VALUE:
    case PB_WKT_INT64_VALUE:
    case PB_WKT_UINT64_VALUE:
    case PB_WKT_INT32_VALUE:
    case PB_WKT_UINT32_VALUE:
    case PB_WKT_BOOL_VALUE:
    case PB_WKT_STRING_VALUE:
    case PB_WKT_BYTES_VALUE:
        return true;
    case PB_WKT_NONE:
    case PB_WKT_ANY:
    case PB_WKT_EMPTY:
    case PB_WKT_HTTP_BODY:
        return false;
    }
    return false;
}

bool
route_field_has_children(const struct pb_field *f)
{
    return !f->is_repeated && (f->type == PB_MESSAGE || f->type == PB_GROUP);
}

enum route_overlap
route_fields_overlap(const struct pb_field *const *a, size_t a_depth,
    const struct pb_field *const *b, size_t b_depth)
{
    size_t i = 0;

    while (i < a_depth && i < b_depth && a[i] == b[i])
        i++;
    if (i == a_depth || i == b_depth)
        return a_depth == b_depth ? ROUTE_SAME : ROUTE_WITHIN;
    return a[i]->oneof >= 0 && a[i]->oneof == b[i]->oneof ? ROUTE_ONE_OF
                                                          : ROUTE_APART;
}

enum pb_err
route_fields_wrap(struct pb_buf *out, size_t start,
    const struct pb_field *const *path, size_t depth)
{
    size_t sizes[ROUTE_MAX_FIELD_DEPTH]; /* of the content, by level */
    size_t content = out->len - start, size = content;
    size_t front = 0, back = 0;
    enum pb_err err;
    uint8_t *p;

    assert(depth <= ROUTE_MAX_FIELD_DEPTH);
    for (size_t i = depth; i > 0; i--) {
        const struct pb_field *f = path[i - 1];

        sizes[i - 1] = size;
        if (f->wire == PB_WIRE_SGROUP) {
            front += f->tag_len;
            back += f->tag_len; /* an end tag is as long as its start */
        } else {
            front += f->tag_len + pb_varint_size(size);
        }
        size = content + front + back;
    }
    err = pb_buf_reserve(out, front + back);
    if (err != PB_OK)
        return err;
    p = out->data + start;
    memmove(p + front, p, content);
    for (size_t i = 0; i < depth; i++) {
        memcpy(p, path[i]->tag, path[i]->tag_len);
        p += path[i]->tag_len;
        if (path[i]->wire != PB_WIRE_SGROUP)
            p = pb_varint_write(p, sizes[i]);
    }
    p += content;
    for (size_t i = depth; i > 0; i--) {
        if (path[i - 1]->wire == PB_WIRE_SGROUP)
            p = pb_varint_write(p,
                (uint64_t)path[i - 1]->number << 3 | PB_WIRE_EGROUP);
    }
    out->len += front + back;
    return PB_OK;
}

/* ---- Errors ------------------------------------------------------------- */

struct printer {
    char text[sizeof(((struct pb_error *)NULL)->path)];
    size_t len;
};

/* Cut at the end of the room; pb_error_set makes it printable. */
__attribute__((format(printf, 2, 3))) static void
print(struct printer *p, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(p->text + p->len, sizeof p->text - p->len, format, args);
    va_end(args);
    if (n > 0)
        p->len += (size_t)n;
    if (p->len >= sizeof p->text)
        p->len = sizeof p->text - 1;
}

static void
print_key(struct printer *p, const struct route_blamed *b)
{
    const struct pb_field *key = &b->path[b->depth - 1]->message->fields[0];
    const char *quote = key->type == PB_STRING ? "\"" : "";
    char quoted[ROUTE_QUOTE_MAX];

    route_quote(b->map_key, b->map_key_len, quoted);
    print(p, "[%s%s%s]", quote, quoted, quote);
}

void
route_fields_blame(const struct route_blamed *b, struct pb_error *error)
{
    struct printer p = { .text = "" };
    char quoted[ROUTE_QUOTE_MAX];
    struct pb_error clean;

    if (error == NULL)
        return;
    for (size_t i = 0; i < b->depth; i++)
        print(&p, "%s%s", i > 0 ? "." : "", b->path[i]->json_name);
    if (b->map_key != NULL)
        print_key(&p, b);
    if (b->rest_len > 0)
        print(&p, "%s%s", b->depth > 0 && *b->rest != '[' ? "." : "",
            route_quote(b->rest, b->rest_len, quoted));
    if (error->path[0] != '\0')
        print(&p, "%s%s", p.len > 0 && error->path[0] != '[' ? "." : "",
            error->path);
    pb_error_set(&clean, error->kind, "%s", p.text);
    memcpy(error->path, clean.message, sizeof error->path);
    error->offset = b->at;
    error->line = 0;
    error->column = 0;
}
