/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/match.c - from a raw path to a binding: one pass that checks and
 * splits the path, then a walk through the tree.
 */
#include "routes/tree.h"
#include "routes/percent.h"

#include <assert.h>
#include <stdlib.h>

/* ---- Splitting ---------------------------------------------------------- */

/* What a byte of a path means to the splitter. */
enum { PLAIN, SLASH, PERCENT, BAD };

static const unsigned char classes[256] = {
    [0x00 ... 0x20] = BAD,
    ['#'] = BAD,
    ['%'] = PERCENT,
    ['/'] = SLASH,
    ['?'] = BAD,
    [0x7f ... 0xff] = BAD,
};

/* Malformed escapes are bad, and that of NUL. */
static bool
is_bad_byte(const char *path, size_t at, size_t len)
{
    unsigned char what = classes[(unsigned char)path[at]];

    return what == BAD ||
        (what == PERCENT && route_escape(path + at, len - at) <= 0);
}

size_t
route_path_fault(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_bad_byte(path, i, len) || (i == 0 && path[i] != '/'))
            return i;
    return len;
}

/* Keeps one segment. False: no route can have it. */
static bool
take_segment(struct route_walk *w, size_t from, size_t to)
{
    const char *s = w->path + from;

    if (from == to)
        return false;
    if ((*s == '.' || *s == '%') && route_is_dot_segment(s, to - from))
        return false;
    if (w->n_segments < ROUTE_MAX_SEGMENTS) {
        w->at[w->n_segments] = (uint32_t)from;
        w->len[w->n_segments] = (uint32_t)(to - from);
    }
    w->n_segments++;
    w->last = from;
    return true;
}

/* Checks the whole path, whatever its segments are. */
static enum route_result
split(struct route_walk *w, size_t len)
{
    const char *p = w->path;
    size_t from = 1;

    if (len == 0 || p[0] != '/' || len > UINT32_MAX)
        return ROUTE_BAD_PATH;
    for (size_t i = 1; i < len; i++) {
        unsigned char what = classes[(unsigned char)p[i]];

        if (what == PLAIN)
            continue;
        if (what == SLASH) {
            w->is_routable = take_segment(w, from, i) && w->is_routable;
            from = i + 1;
        } else if (is_bad_byte(p, i, len)) {
            return ROUTE_BAD_PATH;
        } else {
            w->has_escapes = true;
        }
    }
    w->end = len;
    if (from == len)
        w->end--; /* one trailing slash; of "/" this leaves nothing */
    else
        w->is_routable = take_segment(w, from, len) && w->is_routable;
    return w->is_routable ? ROUTE_FOUND : ROUTE_NOT_FOUND;
}

/* ---- Walking ------------------------------------------------------------ */

static uint32_t
symbol_of(const struct route_walk *w, size_t from, size_t to)
{
    char plain[ROUTE_MAX_LITERAL];
    const char *s = w->path + from;
    size_t len = to - from;

    if (len > sizeof plain * 3)
        return ROUTE_NO_SYMBOL;
    if (w->has_escapes && memchr(s, '%', len) != NULL) {
        len = route_normalise(s, len, plain, sizeof plain);
        s = plain;
        if (len > sizeof plain)
            return ROUTE_NO_SYMBOL;
    }
    return route_symbol_find(w->table, s, len);
}

static uint32_t
symbol_at(struct route_walk *w, size_t i)
{
    uint64_t bit = UINT64_C(1) << i;

    if ((w->known & bit) == 0) {
        w->symbols[i] = symbol_of(w, w->at[i], w->at[i] + w->len[i]);
        w->known |= bit;
    }
    return w->symbols[i];
}

static const struct route_binding *
first_by_name(const struct route_table *t, const struct route_node *node)
{
    const char *best = NULL;
    const struct route_binding *found = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < t->n_methods; i++) {
        if ((node->methods >> i & 1) == 0)
            continue;
        if (best == NULL || strcmp(t->methods[i].name, best) < 0) {
            best = t->methods[i].name;
            found = node->bindings[n];
        }
        n++;
    }
    return found;
}

/* The path has been used up at this node: is the method there? */
static bool
ends_here(struct route_walk *w, uint32_t number)
{
    const struct route_node *node;

    if (w->verb != ROUTE_NO_SYMBOL) {
        number = route_edge_find(w->table, number, w->verb, true);
        if (number == 0)
            return false;
    }
    node = &w->table->nodes[number];
    for (unsigned i = 0; i < 3; i++) {
        if ((node->methods & w->wanted[i]) != 0) {
            uint64_t below = node->methods & (w->wanted[i] - 1);

            w->found = node->bindings[__builtin_popcountll(below)];
            return true;
        }
    }
    if (w->wants_any && node->methods != 0) {
        w->found = first_by_name(w->table, node);
        return true;
    }
    w->allowed |= node->methods;
    return false;
}

/* What follows "**": literals from the end of the path back, as many as there
 * are; then the longest such tail that has the method wins. "**" itself takes
 * the segments from depth on that are left. */
static bool
walk_tail(struct route_walk *w, uint32_t node, size_t depth)
{
    uint32_t trail[ROUTE_MAX_SEGMENTS];
    size_t left = w->n_segments - depth;
    size_t end = w->end;
    unsigned n = 0;

    trail[n++] = node;
    while (left > 0 && n < ROUTE_MAX_SEGMENTS &&
        w->table->nodes[node].has_literals) {
        const char *slash = memrchr(w->path, '/', end);
        size_t from = (size_t)(slash - w->path) + 1;
        uint32_t symbol = symbol_of(w, from, end);

        if (symbol == ROUTE_NO_SYMBOL)
            break;
        node = route_edge_find(w->table, node, symbol, false);
        if (node == 0)
            break;
        trail[n++] = node;
        end = from - 1;
        left--;
    }
    w->steps += n;
    while (n > 0) {
        if (ends_here(w, trail[--n]))
            return true;
    }
    return false;
}

/* Depth first, the more special child first. As deep as a template is long. */
static bool
walk(struct route_walk *w, uint32_t number, size_t depth)
{
    const struct route_node *node = &w->table->nodes[number];

    w->steps++;
    if (depth == w->n_segments) {
        if (ends_here(w, number))
            return true;
    } else if (depth < ROUTE_MAX_SEGMENTS) {
        if (node->has_literals) {
            uint32_t symbol = symbol_at(w, depth);
            uint32_t child = symbol == ROUTE_NO_SYMBOL
                ? 0
                : route_edge_find(w->table, number, symbol, false);

            if (child != 0 && walk(w, child, depth + 1))
                return true;
        }
        if (node->star != 0 && walk(w, node->star, depth + 1))
            return true;
    }
    return node->rest != 0 && walk_tail(w, node->rest, depth);
}

/* ---- Verbs -------------------------------------------------------------- */

/* Cuts at the colon, if a verb of some template follows it, and walks. */
static bool
walk_with_verb(struct route_walk *w, size_t colon, bool *is_verb)
{
    size_t from = colon + 1;
    uint32_t verb = symbol_of(w, from, w->end);
    size_t last = w->n_segments - 1;
    size_t end = w->end;
    bool found;

    if (verb == ROUTE_NO_SYMBOL || !w->table->symbols[verb].is_verb)
        return false;
    *is_verb = true;
    if (w->path[colon - 1] == '/')
        return false; /* nothing before it: an empty segment */
    w->verb = verb;
    w->colon = colon;
    w->end = colon;
    if (last < ROUTE_MAX_SEGMENTS) {
        w->len[last] = (uint32_t)(colon - w->at[last]);
        w->known &= ~(UINT64_C(1) << last);
    }
    found = walk(w, 0, 0);
    if (!found)
        w->end = end;
    return found;
}

/* Where in the last segment a verb may begin, from the end back. */
static unsigned
find_colons(const struct route_walk *w, size_t colons[ROUTE_MAX_LITERAL])
{
    const struct route_table *t = w->table;
    size_t from = w->last, end = w->end;
    unsigned n = 0;

    if (t->max_verb_len == 0 || w->n_segments == 0)
        return 0;
    if (end - from > t->max_verb_len + 1)
        from = end - (t->max_verb_len + 1);
    while (n <= t->max_verb_colons && n < ROUTE_MAX_LITERAL) {
        const char *colon = memrchr(w->path + from, ':', end - from);

        if (colon == NULL)
            break;
        end = (size_t)(colon - w->path);
        colons[n++] = end;
    }
    return n;
}

/* A verb that some template has is cut off, whether or not it then fits; the
 * longest one first, should one verb be the end of another. */
static bool
walk_path(struct route_walk *w)
{
    size_t colons[ROUTE_MAX_LITERAL];
    unsigned n = find_colons(w, colons);
    bool is_verb = false;

    while (n > 0) {
        if (walk_with_verb(w, colons[--n], &is_verb))
            return true;
    }
    return !is_verb && walk(w, 0, 0);
}

/* ---- Methods ------------------------------------------------------------ */

static uint64_t
method_bit(const struct route_table *t, const char *name, size_t len)
{
    for (unsigned i = 1; i < t->n_methods; i++) { /* not "*" */
        if (t->methods[i].len == len && t->methods[i].name[0] == *name &&
            memcmp(t->methods[i].name, name, len) == 0)
            return UINT64_C(1) << i;
    }
    return 0;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the mask, sorted; those that do not fit are left out. */
static void
write_allow(const struct route_table *t, uint64_t mask, char *allow)
{
    const char *names[ROUTE_METHODS_MAX];
    size_t n = 0, used = 0;

    if ((mask & 1u << ROUTE_METHOD_GET) != 0)
        mask |= 1u << ROUTE_METHOD_HEAD;
    for (unsigned i = 0; i < t->n_methods; i++) {
        if ((mask >> i & 1) != 0)
            names[n++] = t->methods[i].name;
    }
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);

        if (used + len + 3 > ROUTE_ALLOW_MAX)
            continue;
        if (used > 0) {
            allow[used++] = ',';
            allow[used++] = ' ';
        }
        memcpy(allow + used, names[i], len);
        used += len;
    }
    allow[used] = '\0';
}

/* ---- Public ------------------------------------------------------------- */

/* Everything but which method is wanted. */
static enum route_result
start_walk(struct route_walk *w, const struct route_table *t, const char *path,
    size_t path_len)
{
    w->table = t;
    w->path = path;
    w->n_segments = 0;
    w->known = 0;
    w->is_routable = true;
    w->has_escapes = false;
    w->verb = ROUTE_NO_SYMBOL;
    w->colon = 0;
    w->wants_any = false;
    w->allowed = 0;
    w->found = NULL;
    w->steps = 0;
    return split(w, path_len);
}

enum route_result
route_walk_run(struct route_walk *w, const struct route_table *t,
    const char *verb, size_t verb_len, const char *path, size_t path_len)
{
    enum route_result result = start_walk(w, t, path, path_len);

    if (result != ROUTE_FOUND)
        return result;
    w->wanted[0] = method_bit(t, verb, verb_len);
    w->wanted[1] =
        w->wanted[0] == 1u << ROUTE_METHOD_HEAD ? 1u << ROUTE_METHOD_GET : 0;
    w->wanted[2] = 1u << ROUTE_METHOD_ANY;
    if (walk_path(w))
        return ROUTE_FOUND;
    return w->allowed != 0 ? ROUTE_WRONG_METHOD : ROUTE_NOT_FOUND;
}

/* Where the template's segments lie in the path: those before "**" from the
 * start, those after it from the end, "**" between them. */
static void
capture(const struct route_walk *w, struct route_match *m)
{
    const struct route_binding *b = w->found;
    unsigned n_front =
        b->star_star >= 0 ? (unsigned)b->star_star : b->n_segments;
    size_t end = w->end;
    size_t from;

    m->binding = b;
    m->n_segments = b->n_segments;
    for (unsigned i = 0; i < n_front; i++) {
        m->segments[i].at = w->at[i];
        m->segments[i].len = w->len[i];
    }
    if (b->star_star < 0)
        return;
    for (unsigned i = b->n_segments; i > n_front + 1; i--) {
        const char *slash = memrchr(w->path, '/', end);

        from = (size_t)(slash - w->path) + 1;
        m->segments[i - 1].at = (uint32_t)from;
        m->segments[i - 1].len = (uint32_t)(end - from);
        end = from - 1;
    }
    /* "**" begins behind the slash that ends the front, if there is more. */
    from =
        n_front == 0 ? 1 : (size_t)w->at[n_front - 1] + w->len[n_front - 1] + 1;
    m->segments[n_front].at = (uint32_t)(from < end ? from : end);
    m->segments[n_front].len = (uint32_t)(from < end ? end - from : 0);
}

enum route_result
route_table_match(const struct route_table *t, const char *verb,
    size_t verb_len, const char *path, size_t path_len,
    struct route_match *match, char *allow)
{
    struct route_walk w;
    enum route_result result;

    result = route_walk_run(&w, t, verb, verb_len, path, path_len);
    if (result == ROUTE_FOUND)
        capture(&w, match);
    else if (result == ROUTE_WRONG_METHOD && allow != NULL)
        write_allow(t, w.allowed, allow);
    return result;
}

enum route_result
route_table_match_any(const struct route_table *t, const char *path,
    size_t path_len, struct route_match *match)
{
    struct route_walk w;
    enum route_result result;

    result = route_walk_run(&w, t, "GET", 3, path, path_len);
    if (result == ROUTE_WRONG_METHOD) {
        result = start_walk(&w, t, path, path_len);
        w.wanted[0] = method_bit(t, "POST", 4);
        w.wanted[1] = w.wanted[2] = 0;
        w.wants_any = true;
        if (result == ROUTE_FOUND && !walk_path(&w))
            result = ROUTE_NOT_FOUND;
    }
    if (result == ROUTE_FOUND)
        capture(&w, match);
    return result;
}
