/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/template.c - a path template, parsed by descent over its grammar. The
 * grammar does not nest (no variable inside a variable), so neither does this.
 */
#include "routes/template.h"
#include "routes/percent.h"

#include <stdio.h>

struct parser {
    const char *start;
    const char *p;    /* next byte */
    const char *end;  /* of the part being parsed: the verb is cut off first */
    const char *stop; /* of the whole text */
    struct route_template *t;
    struct pb_error *error;
};

static enum pb_err
fail_at(struct parser *x, const char *at, enum pb_err kind, const char *message)
{
    pb_error_set(x->error, kind, "%s", message);
    if (x->error != NULL) {
        x->error->offset = (size_t)(at - x->start);
        x->error->line = 1;
        x->error->column = (unsigned)(at - x->start) + 1;
    }
    return kind;
}

/* "expected X, found Y" at the parser's place. */
static enum pb_err
expected(struct parser *x, const char *what)
{
    char found[ROUTE_QUOTE_MAX];
    char message[160];

    if (x->p == x->stop) {
        snprintf(message, sizeof message, "expected %s, found the end", what);
    } else {
        size_t width = 1;

        while (x->p + width < x->stop && (x->p[width] & 0xc0) == 0x80)
            width++; /* the rest of a UTF-8 sequence */
        snprintf(message, sizeof message, "expected %s, found \"%s\"", what,
            route_quote(x->p, width, found));
    }
    return fail_at(x, x->p, PB_ESYNTAX, message);
}

static bool
at(const struct parser *x, char c)
{
    return x->p < x->end && *x->p == c;
}

/* ---- Literals ----------------------------------------------------------- */

/* Length of the pchar at s (RFC 3986 section 3.3), 0 if it is none. "*" is a
 * pchar, but in a template it is a wildcard. */
static size_t
pchar(const char *s, const char *end)
{
    if (s == end)
        return 0;
    if (*s == '%')
        return route_escape(s, (size_t)(end - s)) > 0 ? 3 : 0;
    if (route_is_unreserved((unsigned char)*s))
        return 1;
    return *s != '\0' && strchr("!$&'()+,;=:@", *s) != NULL ? 1 : 0;
}

/* Takes pchars and returns them in *text and *len. */
static enum pb_err
parse_literal(struct parser *x, const char *what, const char **text,
    size_t *len)
{
    const char *from = x->p;
    size_t n;

    while ((n = pchar(x->p, x->end)) != 0)
        x->p += n;
    if (x->p == from)
        return expected(x, what);
    *text = from;
    *len = (size_t)(x->p - from);
    if (*len > ROUTE_MAX_LITERAL)
        return fail_at(x, from, PB_ELIMIT, "a literal of more than 255 bytes");
    if (route_is_dot_segment(from, *len))
        return fail_at(x, from, PB_ESYNTAX,
            "expected a segment, found a dot segment, which never matches");
    return PB_OK;
}

/* ---- Segments ----------------------------------------------------------- */

static enum pb_err
add_segment(struct parser *x, const char *at_byte, struct route_segment s)
{
    struct route_template *t = x->t;

    if (t->n_segments == ROUTE_MAX_SEGMENTS)
        return fail_at(x, at_byte, PB_ELIMIT, "more than 64 segments");
    if (t->star_star >= 0 && s.kind != ROUTE_LITERAL)
        return fail_at(x, at_byte, PB_ESYNTAX,
            "expected a literal: only literals may follow \"**\"");
    if (s.kind == ROUTE_STAR_STAR)
        t->star_star = (int)t->n_segments;
    t->segments[t->n_segments++] = s;
    return PB_OK;
}

/* "*", "**" or a literal. */
static enum pb_err
parse_plain_segment(struct parser *x, const char *what)
{
    struct route_segment s = { .kind = ROUTE_LITERAL };
    const char *from = x->p;

    if (at(x, '*')) {
        s.kind = ROUTE_STAR;
        x->p++;
        if (at(x, '*')) {
            s.kind = ROUTE_STAR_STAR;
            x->p++;
        }
    } else {
        enum pb_err err = parse_literal(x, what, &s.text, &s.len);

        if (err != PB_OK)
            return err;
    }
    return add_segment(x, from, s);
}

/* ---- Variables ---------------------------------------------------------- */

static bool
is_ident_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static enum pb_err
parse_field_path(struct parser *x, struct route_variable *v)
{
    v->field_path = x->p;
    for (;;) {
        if (x->p == x->end || !is_ident_start(*x->p))
            return expected(x, "a field name");
        while (x->p < x->end &&
            (is_ident_start(*x->p) || (*x->p >= '0' && *x->p <= '9')))
            x->p++;
        if (!at(x, '.'))
            break;
        x->p++;
    }
    v->len = (size_t)(x->p - v->field_path);
    return PB_OK;
}

/* The segments after "=". */
static enum pb_err
parse_variable_segments(struct parser *x)
{
    for (;;) {
        enum pb_err err;

        if (at(x, '{'))
            return fail_at(x, x->p, PB_ESYNTAX,
                "expected a segment, found a variable inside a variable");
        err = parse_plain_segment(x, "a segment");
        if (err != PB_OK)
            return err;
        if (at(x, '}'))
            return PB_OK;
        if (!at(x, '/'))
            return expected(x, "\"/\" or \"}\"");
        x->p++;
    }
}

static enum pb_err
check_bound_once(struct parser *x, const struct route_variable *v)
{
    for (unsigned i = 0; i < x->t->n_variables; i++) {
        const struct route_variable *o = &x->t->variables[i];

        if (o->len == v->len &&
            memcmp(o->field_path, v->field_path, v->len) == 0)
            return fail_at(x, v->field_path, PB_ESYNTAX,
                "expected another field: this one is bound already");
    }
    return PB_OK;
}

static enum pb_err
parse_variable(struct parser *x)
{
    struct route_variable v = { .first = x->t->n_segments };
    const char *from = x->p++; /* "{" */
    enum pb_err err;

    err = parse_field_path(x, &v);
    if (err == PB_OK)
        err = check_bound_once(x, &v);
    if (err != PB_OK)
        return err;
    if (x->t->n_variables == ROUTE_MAX_VARIABLES)
        return fail_at(x, from, PB_ELIMIT, "more than 32 variables");
    if (at(x, '=')) {
        x->p++;
        err = parse_variable_segments(x);
    } else if (at(x, '}')) {
        err =
            add_segment(x, from, (struct route_segment){ ROUTE_STAR, NULL, 0 });
    } else {
        err = expected(x, "\"=\", \".\" or \"}\"");
    }
    if (err != PB_OK)
        return err;
    x->p++; /* "}" */
    v.count = x->t->n_segments - v.first;
    v.is_multi = v.count > 1 || x->t->segments[v.first].kind == ROUTE_STAR_STAR;
    x->t->variables[x->t->n_variables++] = v;
    return PB_OK;
}

/* ---- The whole ---------------------------------------------------------- */

/* Finds the ":" before the verb: after the last "/" outside braces, the first
 * one behind a wildcard or variable, else the last one. NULL: no verb. */
static const char *
find_verb(const char *p, const char *end)
{
    const char *colon = NULL;
    bool in_braces = false, is_open = false;

    for (; p < end; p++) {
        if (*p == '{') {
            in_braces = true;
        } else if (*p == '}') {
            in_braces = false;
            is_open = true;
        } else if (in_braces) {
            continue;
        } else if (*p == '*') {
            is_open = true;
        } else if (*p == '/') {
            colon = NULL;
            is_open = false;
        } else if (*p == ':' && !(is_open && colon != NULL)) {
            colon = p;
        }
    }
    return in_braces ? NULL : colon;
}

static enum pb_err
parse_segments(struct parser *x)
{
    for (;;) {
        enum pb_err err = at(x, '{') ? parse_variable(x)
                                     : parse_plain_segment(x, "a segment");

        if (err != PB_OK)
            return err;
        if (x->p == x->end)
            return PB_OK;
        if (!at(x, '/'))
            return expected(x, "\"/\", \":\" or the end");
        x->p++;
    }
}

static enum pb_err
parse_verb(struct parser *x)
{
    enum pb_err err;

    x->p++; /* ":" */
    x->end = x->stop;
    err = parse_literal(x, "a verb", &x->t->verb, &x->t->verb_len);
    if (err == PB_OK && x->p != x->stop)
        err = expected(x, "the end");
    return err;
}

enum pb_err
route_template_parse(const char *text, size_t len, struct route_template *t,
    struct pb_error *error)
{
    struct parser x = { text, text, text + len, text + len, t, error };
    const char *colon;
    enum pb_err err;

    t->n_segments = 0;
    t->n_variables = 0;
    t->star_star = -1;
    t->verb = NULL;
    t->verb_len = 0;
    if (!at(&x, '/'))
        return expected(&x, "\"/\"");
    x.p++;
    if (x.p == x.end)
        return PB_OK; /* "/": no segments */
    colon = find_verb(x.p, x.end);
    if (colon != NULL)
        x.end = colon;
    err = parse_segments(&x);
    if (err == PB_OK && colon != NULL)
        err = parse_verb(&x);
    return err;
}
