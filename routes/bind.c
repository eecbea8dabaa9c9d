/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/bind.c - the request fields that come from the path. Escapes are
 * decoded here, once, after the path has been split.
 */
#include "routes/fields.h"
#include "routes/percent.h"

#include <assert.h>

/* What the parts of one call share. */
struct binder {
    const struct route_match *match;
    const char *path;
    struct pb_buf *out;
    struct pb_error *error;
    route_given_cb *on_given; /* may be NULL */
    void *arg;
};

/* Names the variable's field in an error that was just set. */
static enum pb_err
blame(const struct binder *x, const struct route_bound_variable *v,
    enum pb_err kind, size_t at)
{
    route_fields_blame(&(const struct route_blamed){ .path = v->path,
                           .depth = v->depth,
                           .at = at },
        x->error);
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

static void
tell(const struct binder *x, const struct route_bound_variable *v,
    const char *text, size_t len)
{
    if (x->on_given != NULL)
        x->on_given(x->arg,
            &(struct route_given){ .is_variable = true,
                .name = v->name,
                .name_len = strlen(v->name),
                .text = text,
                .len = len,
                .path = v->path,
                .depth = v->depth });
}

static enum pb_err
put_variable(const struct binder *x, const struct route_bound_variable *v,
    const char *text, size_t len, size_t at)
{
    size_t start = x->out->len;
    char quoted[ROUTE_QUOTE_MAX];
    enum pb_err err;

    tell(x, v, text, len);
    if (!route_is_utf8(text, len)) {
        pb_error_set(x->error, PB_EVALUE, "expected UTF-8, found \"%s\"",
            route_quote(text, len, quoted));
        return blame(x, v, PB_EVALUE, at);
    }
    err = pb_text_to_wire(v->path[v->depth - 1],
        &x->match->binding->rpc->json.options, text, len, x->out, x->error);
    if (err == PB_OK) {
        err = route_fields_wrap(x->out, start, v->path, v->depth - 1);
        if (err != PB_OK)
            pb_error_set(x->error, err, "the request does not fit in memory");
    }
    return err == PB_OK ? PB_OK : blame(x, v, err, at);
}

/* The escaped form takes a buffer of its own, which is large: not inlined, so
 * that only those who need it have it on their stack. */
__attribute__((noinline)) static enum pb_err
put_escaped(const struct binder *x, const struct route_bound_variable *v,
    const char *text, size_t len, size_t at)
{
    char plain[ROUTE_MAX_QUERY];

    len = route_percent_decode(text, len, decoding_of(x->match->binding, v),
        plain);
    return put_variable(x, v, plain, len, at);
}

static enum pb_err
bind_variable(const struct binder *x, const struct route_bound_variable *v)
{
    const struct route_match *match = x->match;
    unsigned last = v->first + v->count - 1;
    size_t from = match->segments[v->first].at;
    size_t len = match->segments[last].at + match->segments[last].len - from;

    assert(v->count > 0 && last < match->n_segments);
    if (len > ROUTE_MAX_QUERY) {
        pb_error_set(x->error, PB_ELIMIT,
            "expected at most 64 KiB, found %zu bytes", len);
        return blame(x, v, PB_ELIMIT, from);
    }
    if (memchr(x->path + from, '%', len) == NULL)
        return put_variable(x, v, x->path + from, len, from);
    return put_escaped(x, v, x->path + from, len, from);
}

enum pb_err
route_bind_telling(const struct route_match *match, const char *path,
    const char *query, size_t query_len, struct route_asked *asked,
    struct pb_buf *out, struct pb_error *error, route_given_cb *on_given,
    void *arg)
{
    const struct binder x = { match, path, out, error, on_given, arg };
    const struct route_binding *b = match->binding;
    size_t start = out->len;
    struct route_asked unread;
    enum pb_err err = PB_OK;

    if (asked == NULL)
        asked = &unread;
    asked->pretty = ROUTE_PRETTY_UNASKED;
    for (unsigned i = 0; err == PB_OK && i < b->n_variables; i++)
        err = bind_variable(&x, &b->variables[i]);
    if (err == PB_OK && query != NULL && query_len > 0)
        err = route_bind_query(b, query, query_len, asked, out, error, on_given,
            arg);
    if (err != PB_OK)
        out->len = start;
    return err;
}

enum pb_err
route_bind(const struct route_match *match, const char *path, const char *query,
    size_t query_len, struct route_asked *asked, struct pb_buf *out,
    struct pb_error *error)
{
    return route_bind_telling(match, path, query, query_len, asked, out, error,
        NULL, NULL);
}
