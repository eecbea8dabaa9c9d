/* SPDX-License-Identifier: Apache-2.0 */
/* routes/message.c - see message.h. */
#include "routes/message.h"
#include "routes/fields.h"

#include "protobuf/json_paths.h"
#include "protobuf/wire.h"

#include <assert.h>

void
route_body_start(const struct route_binding *b, struct pb_json_reader *r,
    const struct pb_json_options *options, struct pb_buf *out)
{
    if (b->body == ROUTE_BODY_FIELD)
        pb_json_reader_start_field(r, b->body_field, options, out);
    else
        pb_json_reader_start(r, b->rpc->method->input, options, out);
}

bool
route_body_may_be_array(const struct route_binding *b)
{
    const struct pb_field *f = b->body_field;
    const struct pb_message *m = b->rpc->method->input;

    if (b->body == ROUTE_BODY_FIELD) {
        if (f->is_repeated)
            return !f->is_map;
        m = f->message;
    }
    return m != NULL && (m->wkt == PB_WKT_VALUE || m->wkt == PB_WKT_LIST_VALUE);
}

enum pb_err
route_body_put_empty(const struct route_binding *b, struct pb_buf *out)
{
    const struct pb_field *f = b->body_field;
    static const uint8_t zero = 0;
    enum pb_err err;

    if (f == NULL || f->is_repeated || f->type != PB_MESSAGE)
        return PB_OK;
    err = pb_buf_put(out, f->tag, f->tag_len);
    return err == PB_OK ? pb_buf_put(out, &zero, 1) : err;
}

bool
route_binds_inside(const struct route_binding *b, const char *query,
    size_t query_len)
{
    for (unsigned i = 0; i < b->n_variables; i++)
        if (b->variables[i].depth > 1)
            return true;
    return query_len > 0 && memchr(query, '.', query_len) != NULL;
}

bool
route_is_pieced(const struct route_binding *b, size_t bound_len)
{
    return b->rpc->method->input->has_required &&
        (bound_len > 0 || b->body == ROUTE_BODY_FIELD);
}

/* In what is ours; it is well-formed. */
static bool
has_record(const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        uint32_t number;
        unsigned wire;

        p = pb_tag_read(p, end, &number, &wire);
        assert(p != NULL);
        if (number == f->number)
            return true;
        p = pb_skip(p, end, number, wire, ROUTE_MAX_FIELD_DEPTH);
        assert(p != NULL);
    }
    return false;
}

bool
route_mask_is_wanted(const struct route_binding *b, const char *verb,
    const uint8_t *bound, size_t len)
{
    return b->mask_field != NULL && strcmp(verb, "PATCH") == 0 &&
        (len == 0 || !has_record(b->mask_field, bound, bound + len));
}

enum pb_err
route_mask_put(const struct route_binding *b, const char *text, size_t len,
    struct pb_buf *out)
{
    size_t start = out->len;
    enum pb_err err = pb_json_paths(b->body_field->message,
        &b->rpc->json.options, text, len, out);

    if (err == PB_OK && out->len > start)
        err = route_fields_wrap(out, start, &b->mask_field, 1);
    if (err != PB_OK)
        out->len = start;
    return err;
}

static bool
forget(struct pb_buf *b, size_t need)
{
    b->len = 0;
    return need <= b->cap;
}

/* Of a message that came in pieces none of the readers can tell what is missing
 * in the end; who shows it can. This is for proto2 only, and rare. */
enum pb_err
route_message_check(struct pb_json_writer *w, const struct pb_message *message,
    const uint8_t *wire, size_t len, struct pb_error *error)
{
    uint8_t text[1024];
    struct pb_buf out = { .data = text,
        .cap = sizeof text,
        .max = SIZE_MAX,
        .grow = forget };

    if (pb_wire_to_json(w, message, NULL, wire, len, &out, error) != PB_EVALUE)
        return PB_OK;
    error->line = 0;
    return PB_EVALUE;
}
