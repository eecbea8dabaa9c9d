/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/resolve.c - a rule against the messages it is about: its template
 * parses, every field it names is there and fit for its place.
 */
#include "routes/build.h"
#include "routes/arena.h"
#include "routes/fields.h"
#include "routes/http_body.h"
#include "routes/percent.h"
#include "routes/scalar.h"

#include <stdarg.h>
#include <stdio.h>

/* One binding at work. */
struct resolver {
    struct route_builder *b;
    const struct route_rpc *rpc;
    const struct route_rule *rule;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void
problem(struct resolver *x, const char *format, ...)
{
    char message[768];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    route_problems_add(x->b->problems, x->rule->place.file, x->rule->place.line,
        "%s: %s", x->rpc->method->full_name, message);
    x->failed = true;
}

static void
no_such_field(struct resolver *x, const struct pb_message *m, const char *place,
    const char *name, size_t len)
{
    const char *nearest = pb_message_nearest_field(m, name, len);
    char quoted[ROUTE_QUOTE_MAX];

    problem(x, "%s: there is no field \"%s\" in %s%s%s%s", place,
        route_quote(name, len, quoted), m->full_name,
        nearest != NULL ? "; did you mean \"" : "",
        nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

/* ---- Variables ---------------------------------------------------------- */

/* Fills path with the fields of the variable's name; 0 after a problem. */
static unsigned
resolve_path(struct resolver *x, const struct route_variable *v,
    const struct pb_field *path[ROUTE_MAX_FIELD_DEPTH])
{
    const struct pb_message *m = x->rpc->method->input;
    const char *s = v->field_path, *end = s + v->len;
    unsigned depth = 0;

    for (;;) {
        const char *dot = memchr(s, '.', (size_t)(end - s));
        size_t len = (size_t)((dot != NULL ? dot : end) - s);
        const struct pb_field *f = pb_message_field_by_name(m, s, len);

        if (f == NULL) {
            no_such_field(x, m, x->rule->path, s, len);
            return 0;
        }
        if (f->is_repeated) {
            problem(x, "%s: \"%s\" is %s, which a path cannot give",
                x->rule->path, f->name, f->is_map ? "a map" : "repeated");
            return 0;
        }
        if (depth == ROUTE_MAX_FIELD_DEPTH) {
            problem(x, "%s: more than %d fields deep", x->rule->path,
                ROUTE_MAX_FIELD_DEPTH);
            return 0;
        }
        path[depth++] = f;
        if (dot == NULL)
            return depth;
        if (!route_field_has_children(f)) {
            problem(x, "%s: \"%s\" is not a message", x->rule->path, f->name);
            return 0;
        }
        m = f->message;
        s = dot + 1;
    }
}

static bool
resolve_variable(struct resolver *x, const struct route_variable *v,
    struct route_bound_variable *bound)
{
    const struct pb_field *path[ROUTE_MAX_FIELD_DEPTH];
    unsigned depth = resolve_path(x, v, path);
    const struct pb_field **copy;

    if (depth == 0)
        return false;
    if (!route_field_takes_text(path[depth - 1])) {
        problem(x,
            "%s: expected a scalar, an enum, or a message that is "
            "written as one text, found \"%s\", a %s",
            x->rule->path, path[depth - 1]->name,
            path[depth - 1]->message->full_name);
        return false;
    }
    copy = route_arena_array(x->b->arena, depth, sizeof(*copy));
    bound->name = route_arena_text(x->b->arena, v->field_path, v->len);
    if (copy == NULL || bound->name == NULL) {
        route_build_out_of_memory(x->b);
        return false;
    }
    memcpy(copy, path, depth * sizeof(*copy));
    bound->path = copy;
    bound->depth = depth;
    bound->first = v->first;
    bound->count = v->count;
    bound->is_multi = v->is_multi;
    return true;
}

/* Two spellings of one field, a field and one inside it, one oneof twice. */
static void
check_overlaps(struct resolver *x, const struct route_bound_variable *v,
    unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        for (unsigned k = 0; k < i; k++) {
            switch (route_fields_overlap(v[i].path, v[i].depth, v[k].path,
                v[k].depth)) {
            case ROUTE_APART:
                break;
            case ROUTE_SAME:
            case ROUTE_WITHIN:
                problem(x,
                    "%s: \"%s\" and \"%s\" are the same field, or one "
                    "is inside the other",
                    x->rule->path, v[k].name, v[i].name);
                break;
            case ROUTE_ONE_OF:
                problem(x,
                    "%s: \"%s\" and \"%s\" exclude each other: they "
                    "belong to one oneof",
                    x->rule->path, v[k].name, v[i].name);
                break;
            }
        }
    }
}

static void
resolve_variables(struct resolver *x, const struct route_template *tmpl,
    struct route_binding *binding)
{
    struct route_bound_variable *v;
    unsigned n = 0;

    v = route_arena_array(x->b->arena, tmpl->n_variables, sizeof *v);
    if (v == NULL) {
        route_build_out_of_memory(x->b);
        x->failed = true;
        return;
    }
    for (unsigned i = 0; i < tmpl->n_variables; i++) {
        if (resolve_variable(x, &tmpl->variables[i], &v[n]))
            n++;
        else
            x->failed = true;
    }
    check_overlaps(x, v, n);
    binding->variables = v;
    binding->n_variables = n;
}

/* ---- Bodies ------------------------------------------------------------- */

static const struct pb_field *
top_level_field(struct resolver *x, const struct pb_message *m, const char *key,
    const char *name)
{
    const struct pb_field *f = pb_message_field_by_name(m, name, strlen(name));

    if (f == NULL)
        no_such_field(x, m, key, name, strlen(name));
    return f;
}

static void
resolve_body(struct resolver *x, struct route_binding *binding)
{
    const char *body = x->rule->body;

    binding->body = ROUTE_BODY_NONE;
    if (body == NULL)
        return;
    if (strcmp(body, "*") == 0) {
        binding->body = ROUTE_BODY_ALL;
        return;
    }
    binding->body = ROUTE_BODY_FIELD;
    binding->body_field =
        top_level_field(x, x->rpc->method->input, "body", body);
    for (unsigned i = 0;
         binding->body_field != NULL && i < binding->n_variables; i++) {
        const struct route_bound_variable *v = &binding->variables[i];
        enum route_overlap o =
            route_fields_overlap(v->path, v->depth, &binding->body_field, 1);

        if (o == ROUTE_SAME)
            problem(x, "body: \"%s\" is already given by the path", body);
        else if (o == ROUTE_ONE_OF)
            problem(x,
                "body: \"%s\" excludes \"%s\" of the same oneof, which "
                "is in the path",
                body, v->name);
    }
}

/* The body is the data of an HttpBody, which a path must not give as well: it
 * would win. */
static void
check_http_body(struct resolver *x, const struct route_binding *binding)
{
    for (unsigned i = 0; i < binding->n_variables; i++) {
        const struct route_bound_variable *v = &binding->variables[i];
        const struct pb_field *leaf = v->path[v->depth - 1];

        if (v->depth == (binding->body == ROUTE_BODY_FIELD ? 2 : 1) &&
            (v->depth == 1 || v->path[0] == binding->body_field) &&
            leaf->number == ROUTE_HTTP_BODY_DATA)
            problem(x, "body: \"%s\", which the path gives, is what it becomes",
                v->name);
    }
}

/* Of a request stream only the first message has more than the body. */
static void
check_pieces(struct resolver *x, const struct route_binding *binding)
{
    const struct pb_message *m = x->rpc->method->input;

    if (!x->rpc->method->client_streaming || !m->has_required)
        return;
    for (unsigned i = 0; i < m->n_fields; i++)
        if (m->fields[i].is_required && &m->fields[i] != binding->body_field)
            problem(x,
                "body: the required \"%s\" is missing in all messages but the "
                "first, which are pieces of \"%s\"",
                m->fields[i].name, binding->body_field->name);
}

/* ---- Masks -------------------------------------------------------------- */

/* The one FieldMask of the message that stands beside the body. */
static const struct pb_field *
only_mask(const struct pb_message *m, const struct pb_field *body)
{
    const struct pb_field *mask = NULL;

    for (unsigned i = 0; i < m->n_fields; i++) {
        const struct pb_field *f = &m->fields[i];

        if (f == body || f->is_repeated || f->message == NULL ||
            f->message->wkt != PB_WKT_FIELD_MASK)
            continue;
        if (mask != NULL)
            return NULL;
        mask = f;
    }
    return mask;
}

/* An update says what it changes: by a mask, or by the keys of its body. */
static void
resolve_mask(const struct resolver *x, struct route_binding *b)
{
    const struct pb_method *method = x->rpc->method;
    const struct pb_field *body = b->body_field, *mask;

    if (strcmp(b->verb, "PATCH") != 0 && strcmp(b->verb, "*") != 0)
        return;
    if (!x->rpc->fills_mask || method->client_streaming || body == NULL ||
        !route_field_has_children(body) || body->message->wkt != PB_WKT_NONE)
        return;
    mask = only_mask(method->input, body);
    if (mask != NULL && mask->oneof < 0)
        b->mask_field = mask;
}

/* ---- Bytes -------------------------------------------------------------- */

/* The body is the message, whatever the rule says of it; what is in it nobody
 * knows, so variables say nothing but where a path may have anything. */
static void
resolve_raw(struct resolver *x, struct route_binding *binding)
{
    const char *body = x->rule->body, *response = x->rule->response_body;
    const char *upstream = x->b->config->upstreams[x->rpc->upstream].name;

    if (body != NULL && strcmp(body, "*") != 0)
        problem(x,
            "body: expected \"*\" or none, as upstream \"%s\" has no schema, "
            "found \"%s\"",
            upstream, body);
    if (response != NULL)
        problem(x,
            "response_body: expected none, as upstream \"%s\" has no schema, "
            "found \"%s\"",
            upstream, response);
    binding->body = ROUTE_BODY_ALL;
}

/* ---- The whole ---------------------------------------------------------- */

static bool
parse_template(struct resolver *x, struct route_template *tmpl)
{
    struct pb_error error;

    if (x->rule->path == NULL || x->rule->verb == NULL) {
        problem(x,
            "its rule has no method and path: expected one of get, "
            "put, post, delete, patch and custom");
        return false;
    }
    if (!route_is_token(x->rule->verb)) {
        problem(x, "custom: expected an HTTP method or \"*\" as kind");
        return false;
    }
    if (route_template_parse(x->rule->path, strlen(x->rule->path), tmpl,
            &error) != PB_OK) {
        problem(x, "path \"%s\", column %u: %s", x->rule->path, error.column,
            error.message);
        return false;
    }
    return true;
}

bool
route_resolve(struct route_builder *b, const struct route_rpc *rpc,
    const struct route_rule *rule, struct route_template *tmpl,
    struct route_binding *binding)
{
    struct resolver x = { b, rpc, rule, false };

    memset(binding, 0, sizeof *binding);
    if (!parse_template(&x, tmpl))
        return false;
    binding->rpc = rpc;
    binding->verb = rule->verb;
    binding->template_text = rule->path;
    binding->place = rule->place;
    binding->n_segments = tmpl->n_segments;
    binding->star_star = tmpl->star_star;
    binding->fully_decode = b->config->fully_decode_reserved_expansion;
    if (rpc->is_raw) {
        resolve_raw(&x, binding);
        return !x.failed;
    }
    resolve_variables(&x, tmpl, binding);
    resolve_body(&x, binding);
    if (!x.failed && route_takes_http_body(binding)) {
        check_http_body(&x, binding);
        check_pieces(&x, binding);
    }
    resolve_mask(&x, binding);
    if (rule->response_body != NULL)
        binding->response_field = top_level_field(&x, rpc->method->output,
            "response_body", rule->response_body);
    return !x.failed;
}
