/* SPDX-License-Identifier: Apache-2.0 */
/* routes/http_body.c - see http_body.h. */
#include "routes/http_body.h"

#include "protobuf/wire.h"

#define TYPE_NUMBER 1u
#define SKIP_DEPTH 100u /* of groups in fields that are not ours */

/* Tags of less than sixteen are one byte. */
#define TAG(number) ((uint8_t)((number) << 3 | PB_WIRE_LEN))

static bool
is_http_body(const struct pb_field *f)
{
    return (f->type == PB_MESSAGE || f->type == PB_GROUP) && !f->is_repeated &&
        f->message->wkt == PB_WKT_HTTP_BODY;
}

bool
route_takes_http_body(const struct route_binding *b)
{
    switch (b->body) {
    case ROUTE_BODY_NONE:
        break;
    case ROUTE_BODY_ALL:
        return b->rpc->method->input->wkt == PB_WKT_HTTP_BODY;
    case ROUTE_BODY_FIELD:
        return is_http_body(b->body_field);
    }
    return false;
}

bool
route_gives_http_body(const struct route_binding *b)
{
    if (b->response_field != NULL)
        return is_http_body(b->response_field);
    return b->rpc->method->output->wkt == PB_WKT_HTTP_BODY;
}

bool
route_binds_in_http_body(const struct route_binding *b)
{
    for (unsigned i = 0; i < b->n_variables; i++)
        if (b->variables[i].path[0] == b->body_field)
            return true;
    return false;
}

/* ---- Requests ------------------------------------------------------------ */

static bool
is_group(const struct route_binding *b)
{
    return b->body_field != NULL && b->body_field->wire == PB_WIRE_SGROUP;
}

static size_t
record_head_size(size_t len)
{
    return len == 0 ? 0 : 1 + pb_varint_size(len);
}

/* Of the message itself, without its data. */
static size_t
inner_head_size(const struct route_http_body *body)
{
    return record_head_size(body->type_len) + body->type_len +
        record_head_size(body->len);
}

size_t
route_http_body_head_size(const struct route_binding *b,
    const struct route_http_body *body)
{
    size_t inner = inner_head_size(body);

    if (b->body != ROUTE_BODY_FIELD)
        return inner;
    if (is_group(b))
        return b->body_field->tag_len + inner;
    return b->body_field->tag_len + pb_varint_size(inner + body->len) + inner;
}

static uint8_t *
write_record_head(uint8_t *p, unsigned number, size_t len)
{
    if (len == 0)
        return p;
    *p++ = TAG(number);
    return pb_varint_write(p, len);
}

void
route_http_body_write_head(const struct route_binding *b,
    const struct route_http_body *body, uint8_t *head)
{
    uint8_t *p = head;

    if (b->body == ROUTE_BODY_FIELD) {
        memcpy(p, b->body_field->tag, b->body_field->tag_len);
        p += b->body_field->tag_len;
        if (!is_group(b))
            p = pb_varint_write(p, inner_head_size(body) + body->len);
    }
    p = write_record_head(p, TYPE_NUMBER, body->type_len);
    if (body->type_len > 0)
        memcpy(p, body->type, body->type_len);
    (void)write_record_head(p + body->type_len, ROUTE_HTTP_BODY_DATA,
        body->len);
}

enum pb_err
route_http_body_put_end(const struct route_binding *b, struct pb_buf *out)
{
    if (!is_group(b))
        return PB_OK;
    return pb_put_varint(out,
        (uint64_t)b->body_field->number << 3 | PB_WIRE_EGROUP);
}

size_t
route_http_body_size(const struct route_binding *b,
    const struct route_http_body *body)
{
    /* The tag that ends a group is as long as the one that begins it. */
    return route_http_body_head_size(b, body) + body->len +
        (is_group(b) ? b->body_field->tag_len : 0);
}

enum pb_err
route_http_body_put(const struct route_binding *b,
    const struct route_http_body *body, struct pb_buf *out)
{
    size_t head = route_http_body_head_size(b, body);
    enum pb_err err = pb_buf_reserve(out, route_http_body_size(b, body));

    if (err != PB_OK)
        return err;
    if (head > 0)
        route_http_body_write_head(b, body, out->data + out->len);
    out->len += head;
    err = pb_buf_put(out, body->data, body->len);
    return err == PB_OK ? route_http_body_put_end(b, out) : err;
}

/* ---- Responses ----------------------------------------------------------- */

/* The fields of an HttpBody, up to end or to the end of group (0: none).
 * Returns the byte after them; NULL if they are broken. */
static const uint8_t *
read_fields(const uint8_t *p, const uint8_t *end, uint32_t group,
    struct route_http_body *body)
{
    while (p < end) {
        uint32_t number;
        unsigned wire;
        size_t len;

        p = pb_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return NULL;
        if (wire == PB_WIRE_EGROUP)
            return number == group ? p : NULL;
        if (wire == PB_WIRE_LEN && number <= ROUTE_HTTP_BODY_DATA) {
            p = pb_len_read(p, end, &len);
            if (p == NULL)
                return NULL;
            if (number == TYPE_NUMBER) {
                body->type = (const char *)p;
                body->type_len = len;
            } else {
                body->data = p;
                body->len = len;
            }
            p += len;
        } else {
            p = pb_skip(p, end, number, wire, SKIP_DEPTH);
            if (p == NULL)
                return NULL;
        }
    }
    return group == 0 ? p : NULL;
}

/* True if a record takes the place of f: it is another member of its oneof. */
static bool
replaces(const struct pb_field *f, uint32_t number, unsigned wire)
{
    const struct pb_field *other;

    if (f->oneof < 0 || number == f->number)
        return false;
    other = pb_message_field_by_number(f->parent, number, 0);
    return other != NULL && other->oneof == f->oneof && other->wire == wire;
}

/* A record of f behind its tag. */
static const uint8_t *
read_field(const struct pb_field *f, const uint8_t *p, const uint8_t *end,
    struct route_http_body *body)
{
    size_t len;

    if (f->wire == PB_WIRE_SGROUP)
        return read_fields(p, end, f->number, body);
    p = pb_len_read(p, end, &len);
    return p == NULL ? NULL : read_fields(p, p + len, 0, body);
}

enum pb_err
route_http_body_read(const struct route_binding *b, const uint8_t *wire,
    size_t len, struct route_http_body *body)
{
    const struct pb_field *f = b->response_field;
    const uint8_t *p = wire, *end;

    memset(body, 0, sizeof *body);
    if (len == 0)
        return PB_OK; /* wire may be NULL */
    end = wire + len;
    if (f == NULL)
        return read_fields(p, end, 0, body) == NULL ? PB_ESYNTAX : PB_OK;
    while (p < end) {
        uint32_t number;
        unsigned type;

        p = pb_tag_read(p, end, &number, &type);
        if (p == NULL)
            return PB_ESYNTAX;
        if (replaces(f, number, type))
            memset(body, 0, sizeof *body);
        if (number == f->number && type == f->wire)
            p = read_field(f, p, end, body);
        else
            p = pb_skip(p, end, number, type, SKIP_DEPTH);
        if (p == NULL)
            return PB_ESYNTAX;
    }
    return PB_OK;
}
