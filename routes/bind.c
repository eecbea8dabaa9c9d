/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/bind.c - the request fields that come from the path. Escapes are
 * decoded here, once, after the path has been split.
 */
#include "routes/fields.h"
#include "routes/percent.h"

#include <assert.h>
#include <stdio.h>

/* Names the field in an error that was just set, and returns its kind. */
static enum pb_err
blame(struct pb_error *error, enum pb_err kind, const char *field, size_t at)
{
    if (error != NULL) {
        snprintf(error->path, sizeof error->path, "%s", field);
        error->offset = at;
        error->line = 0;
        error->column = 0;
    }
    return kind;
}

static enum route_decode
decoding_of(const struct route_binding *b, const struct route_bound_variable *v)
{
    if (!v->is_multi)
        return ROUTE_DECODE_ALL;
    return b->fully_decode ? ROUTE_DECODE_EXCEPT_SLASH
                           : ROUTE_DECODE_EXCEPT_RESERVED;
}

static enum pb_err
put_variable(const struct route_bound_variable *v, const char *text, size_t len,
    size_t at, struct pb_buf *out, struct pb_error *error)
{
    size_t start = out->len;
    enum pb_err err;

    if (!route_is_utf8(text, len)) {
        pb_error_set(error, PB_EVALUE, "expected UTF-8");
        return blame(error, PB_EVALUE, v->name, at);
    }
    err = pb_text_to_wire(v->path[v->depth - 1], text, len, out, error);
    if (err == PB_OK) {
        err = route_fields_wrap(out, start, v->path, v->depth - 1);
        if (err != PB_OK)
            pb_error_set(error, err, "the request does not fit in memory");
    }
    return err == PB_OK ? PB_OK : blame(error, err, v->name, at);
}

/* The escaped form takes a buffer of its own, which is large: not inlined, so
 * that only those who need it have it on their stack. */
__attribute__((noinline)) static enum pb_err
put_escaped(const struct route_bound_variable *v, enum route_decode how,
    const char *text, size_t len, size_t at, struct pb_buf *out,
    struct pb_error *error)
{
    char plain[ROUTE_MAX_QUERY];

    len = route_percent_decode(text, len, how, plain);
    return put_variable(v, plain, len, at, out, error);
}

static enum pb_err
bind_variable(const struct route_match *match, const char *path,
    const struct route_bound_variable *v, struct pb_buf *out,
    struct pb_error *error)
{
    unsigned last = v->first + v->count - 1;
    size_t from = match->segments[v->first].at;
    size_t len = match->segments[last].at + match->segments[last].len - from;

    assert(v->count > 0 && last < match->n_segments);
    if (len > ROUTE_MAX_QUERY) {
        pb_error_set(error, PB_ELIMIT, "longer than 64 KiB");
        return blame(error, PB_ELIMIT, v->name, from);
    }
    if (memchr(path + from, '%', len) == NULL)
        return put_variable(v, path + from, len, from, out, error);
    return put_escaped(v, decoding_of(match->binding, v), path + from, len,
        from, out, error);
}

enum pb_err
route_bind(const struct route_match *match, const char *path, const char *query,
    size_t query_len, const struct pb_json_options *json, struct pb_buf *out,
    struct pb_error *error)
{
    const struct route_binding *b = match->binding;
    size_t start = out->len;
    enum pb_err err = PB_OK;

    for (unsigned i = 0; err == PB_OK && i < b->n_variables; i++)
        err = bind_variable(match, path, &b->variables[i], out, error);
    if (err == PB_OK && query != NULL && query_len > 0)
        err = route_bind_query(b, query, query_len, json, out, error);
    if (err != PB_OK)
        out->len = start;
    return err;
}
