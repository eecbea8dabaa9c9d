/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/explain.c - holding a request against one template after the other,
 * segment by segment, to say where it first differs.
 */
#include "routes/explain.h"
#include "routes/percent.h"
#include "routes/tree.h"

#include <stdarg.h>
#include <stdio.h>

enum { RANK_FITS = 1000 }; /* all segments do; below: how many from the start */

/* A request, split as matching splits it. */
struct request {
    struct route_walk walk;
    const char *path;
    const struct route_binding *winner;
};

struct piece {
    const char *s;
    size_t len;
};

/* ---- Segments -------------------------------------------------------------- */

/* The i-th segment of the path; it has that many. */
static struct piece
piece_at(const struct request *r, size_t i)
{
    const char *s = r->path + 1, *end = r->path + r->walk.end;
    const char *slash;

    for (; i > 0; i--)
        s = (const char *)memchr(s, '/', (size_t)(end - s)) + 1;
    slash = memchr(s, '/', (size_t)(end - s));
    return (struct piece){ s, (size_t)((slash != NULL ? slash : end) - s) };
}

static bool
is_literal(struct piece p, const char *text, size_t len)
{
    char a[ROUTE_MAX_LITERAL], b[ROUTE_MAX_LITERAL];
    size_t n;

    n = route_normalise(p.s, p.len, a, sizeof a);
    return n <= sizeof a && n == route_normalise(text, len, b, sizeof b) &&
        memcmp(a, b, n) == 0;
}

__attribute__((format(printf, 2, 3))) static void
say(struct route_near *near, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(near->why, sizeof near->why, format, args);
    va_end(args);
}

static bool
differs(const struct request *r, size_t i, const struct route_segment *s,
    struct route_near *near)
{
    char found[ROUTE_QUOTE_MAX], wanted[ROUTE_QUOTE_MAX];
    struct piece p = piece_at(r, i);

    if (s->kind != ROUTE_LITERAL || is_literal(p, s->text, s->len))
        return false;
    say(near, "segment %zu is \"%s\", not \"%s\"", i + 1,
        route_quote(p.s, p.len, found), route_quote(s->text, s->len, wanted));
    return true;
}

/* Sets rank to how many segments fit from the start; false, and why, at the
 * first that does not. */
static bool
fits_segments(const struct request *r, const struct route_template *t,
    struct route_near *near)
{
    size_t n = r->walk.n_segments;
    size_t front = t->star_star >= 0 ? (size_t)t->star_star : t->n_segments;
    size_t tail = t->n_segments - front - (t->star_star >= 0);

    for (size_t i = 0; i < front; i++) {
        near->rank = (unsigned)i;
        if (i == n) {
            say(near, "the path ends before segment %zu", i + 1);
            return false;
        }
        if (differs(r, i, &t->segments[i], near))
            return false;
    }
    near->rank = (unsigned)front;
    if (n < front + tail) {
        say(near, "the path is too short for what follows \"**\"");
        return false;
    }
    if (t->star_star < 0 && n > front) {
        say(near, "the path goes on after segment %zu", front);
        return false;
    }
    for (size_t i = 0; i < tail; i++) {
        if (differs(r, n - tail + i, &t->segments[front + 1 + i], near))
            return false;
    }
    return true;
}

/* ---- Verbs, methods, precedence -------------------------------------------- */

static bool
fits_verb(const struct request *r, const struct route_template *t,
    struct route_near *near)
{
    const struct route_symbol *cut = r->walk.verb == ROUTE_NO_SYMBOL
        ? NULL
        : &r->walk.table->symbols[r->walk.verb];
    struct piece verb = { NULL, 0 };

    if (cut == NULL && t->verb == NULL)
        return true;
    if (cut != NULL)
        verb = (struct piece){ cut->text, cut->len };
    if (cut != NULL && t->verb != NULL &&
        is_literal(verb, t->verb, t->verb_len))
        return true;
    if (t->verb != NULL)
        say(near, "the path does not have the verb \":%.*s\"", (int)t->verb_len,
            t->verb);
    else
        say(near, "the path has the verb \":%.*s\"", (int)verb.len, verb.s);
    return false;
}

static bool
fits_method(const char *verb, size_t len, const struct route_binding *b)
{
    if (strcmp(b->verb, "*") == 0)
        return true;
    if (len == 4 && memcmp(verb, "HEAD", 4) == 0 && strcmp(b->verb, "GET") == 0)
        return true;
    return strlen(b->verb) == len && memcmp(b->verb, verb, len) == 0;
}

static const char *
kind_of(const struct route_template *t, unsigned i)
{
    static const char *const names[] = {
        [ROUTE_LITERAL] = "a literal",
        [ROUTE_STAR] = "\"*\"",
        [ROUTE_STAR_STAR] = "\"**\"",
    };

    return i < t->n_segments ? names[t->segments[i].kind] : "nothing";
}

/* Everything fits, but another one won. */
static void
say_loses(const struct request *r, const struct route_template *t,
    struct route_near *near)
{
    const struct route_binding *w = r->winner;
    struct route_template won;
    unsigned i = 0;

    if (w == NULL ||
        route_template_parse(w->template_text, strlen(w->template_text), &won,
            NULL) != PB_OK)
        return;
    while (i < t->n_segments && i < won.n_segments &&
        t->segments[i].kind == won.segments[i].kind)
        i++;
    if (i < t->n_segments || i < won.n_segments)
        say(near, "%s %.120s is more special: segment %u is %s there, %s here",
            w->verb, w->template_text, i + 1, kind_of(&won, i), kind_of(t, i));
    else
        say(near, "%s %.120s is for the very method", w->verb,
            w->template_text);
}

/* ---- The whole ------------------------------------------------------------- */

static void
judge(const struct request *r, const char *verb, size_t verb_len,
    const struct route_binding *b, struct route_near *near)
{
    struct route_template t;

    near->binding = b;
    near->rank = 0;
    near->why[0] = '\0';
    if (route_template_parse(b->template_text, strlen(b->template_text), &t,
            NULL) != PB_OK)
        return; /* cannot be: it has been built */
    if (!fits_segments(r, &t, near))
        return;
    near->rank = RANK_FITS;
    if (!fits_verb(r, &t, near))
        return;
    near->rank++;
    if (!fits_method(verb, verb_len, b)) {
        say(near, "it is for %s", b->verb);
        return;
    }
    near->rank++;
    say_loses(r, &t, near);
}

/* Keeps near sorted; what is behind max falls off. */
static size_t
keep(struct route_near *near, size_t n, size_t max, const struct route_near *x)
{
    size_t at = n;

    while (at > 0 && near[at - 1].rank < x->rank)
        at--;
    if (at == max)
        return n;
    if (n == max)
        n--;
    memmove(&near[at + 1], &near[at], (n - at) * sizeof *near);
    near[at] = *x;
    return n + 1;
}

size_t
route_explain(const struct route_set *set, const char *verb, size_t verb_len,
    const char *path, size_t path_len, struct route_near *near, size_t max)
{
    struct request r = { .path = path };
    size_t n = 0;

    switch (
        route_walk_run(&r.walk, set->table, verb, verb_len, path, path_len)) {
    case ROUTE_BAD_PATH:
        return 0;
    case ROUTE_NOT_FOUND:
    case ROUTE_WRONG_METHOD:
    case ROUTE_FOUND:
        break;
    }
    if (!r.walk.is_routable)
        return 0;
    if (r.walk.colon != 0)
        r.walk.end = r.walk.colon;
    r.winner = r.walk.found;
    for (size_t i = 0; i < set->n_bindings; i++) {
        struct route_near x;

        if (&set->bindings[i] == r.winner)
            continue;
        judge(&r, verb, verb_len, &set->bindings[i], &x);
        if (x.rank > 0)
            n = keep(near, n, max, &x);
    }
    return n;
}
