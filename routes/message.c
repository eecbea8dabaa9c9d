/* SPDX-License-Identifier: Apache-2.0 */
/* routes/message.c - see message.h. */
#include "routes/message.h"

void
route_body_start(const struct route_binding *b, struct pb_json_reader *r,
    const struct pb_json_options *options, struct pb_buf *out)
{
    if (b->body == ROUTE_BODY_FIELD)
        pb_json_reader_start_field(r, b->body_field, options, out);
    else
        pb_json_reader_start(r, b->rpc->method->input, options, out);
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
