/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/tree.c - growing the matching tree. Speed does not matter here, only
 * that ten thousand routes take no more than ten thousand times one.
 */
#include "routes/tree.h"
#include "routes/arena.h"
#include "routes/percent.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_SLOTS 64 /* of a hash table; at most half of them are taken */

struct route_table *
route_table_new(void)
{
    struct route_table *t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    t->arena = route_arena_new();
    t->cap_nodes = t->cap_symbols = FIRST_SLOTS;
    t->nodes = calloc(t->cap_nodes, sizeof *t->nodes);
    t->symbols = calloc(t->cap_symbols, sizeof *t->symbols);
    t->n_symbol_slots = t->n_edge_slots = FIRST_SLOTS;
    t->symbol_slots = calloc(t->n_symbol_slots, sizeof *t->symbol_slots);
    t->edges = calloc(t->n_edge_slots, sizeof *t->edges);
    if (t->arena == NULL || t->nodes == NULL || t->symbols == NULL ||
        t->symbol_slots == NULL || t->edges == NULL) {
        route_table_free(&t);
        return NULL;
    }
    t->n_nodes = 1; /* the root */
    t->methods[ROUTE_METHOD_ANY].name = "*";
    t->methods[ROUTE_METHOD_GET].name = "GET";
    t->methods[ROUTE_METHOD_HEAD].name = "HEAD";
    t->n_methods = 3;
    for (unsigned i = 0; i < t->n_methods; i++)
        t->methods[i].len = strlen(t->methods[i].name);
    return t;
}

void
route_table_free(struct route_table **t)
{
    if (*t == NULL)
        return;
    free((*t)->nodes);
    free((*t)->symbols);
    free((*t)->symbol_slots);
    free((*t)->edges);
    route_arena_free(&(*t)->arena);
    free(*t);
    *t = NULL;
}

/* ---- Hash tables -------------------------------------------------------- */

static void
place_symbol(struct route_table *t, uint32_t number)
{
    size_t mask = t->n_symbol_slots - 1;
    size_t i = t->symbols[number].hash & mask;

    while (t->symbol_slots[i] != 0)
        i = (i + 1) & mask;
    t->symbol_slots[i] = number + 1;
}

static bool
grow_symbols(struct route_table *t)
{
    if (t->n_symbols == t->cap_symbols) {
        struct route_symbol *grown;

        grown = reallocarray(t->symbols, t->cap_symbols * 2, sizeof *grown);
        if (grown == NULL)
            return false;
        t->symbols = grown;
        t->cap_symbols *= 2;
    }
    if (t->n_symbols * 2 >= t->n_symbol_slots) {
        uint32_t *slots = calloc(t->n_symbol_slots * 2, sizeof *slots);

        if (slots == NULL)
            return false;
        free(t->symbol_slots);
        t->symbol_slots = slots;
        t->n_symbol_slots *= 2;
        for (size_t i = 0; i < t->n_symbols; i++)
            place_symbol(t, (uint32_t)i);
    }
    return true;
}

/* The number of a literal or verb as written in a template; a new one if need
 * be. ROUTE_NO_SYMBOL: memory is short. */
static uint32_t
intern(struct route_table *t, const char *text, size_t len)
{
    char plain[ROUTE_MAX_LITERAL];
    size_t n = route_normalise(text, len, plain, sizeof plain);
    struct route_symbol y = { .len = (uint32_t)n };
    uint32_t number;

    assert(n <= sizeof plain); /* the template's parser has seen to it */
    number = route_symbol_find(t, plain, n);
    if (number != ROUTE_NO_SYMBOL)
        return number;
    y.text = route_arena_text(t->arena, plain, n);
    y.hash = route_symbol_hash(plain, n);
    if (y.text == NULL || !grow_symbols(t))
        return ROUTE_NO_SYMBOL;
    number = (uint32_t)t->n_symbols++;
    t->symbols[number] = y;
    place_symbol(t, number);
    return number;
}

static void
place_edge(struct route_table *t, struct route_edge e)
{
    size_t i = route_edge_slot(t, e.key);

    while (t->edges[i].key != 0)
        i = (i + 1) & (t->n_edge_slots - 1);
    t->edges[i] = e;
}

static bool
grow_edges(struct route_table *t)
{
    struct route_edge *old = t->edges;
    size_t n_old = t->n_edge_slots;
    struct route_edge *edges;

    if (t->n_edges * 2 < n_old)
        return true;
    edges = calloc(n_old * 2, sizeof *edges);
    if (edges == NULL)
        return false;
    t->edges = edges;
    t->n_edge_slots = n_old * 2;
    for (size_t i = 0; i < n_old; i++) {
        if (old[i].key != 0)
            place_edge(t, old[i]);
    }
    free(old);
    return true;
}

/* ---- Steps of the tree -----------------------------------------------------
 *
 * Each finds or makes the child and returns it; 0 when memory is short. */

static uint32_t
new_node(struct route_table *t)
{
    if (t->n_nodes == t->cap_nodes) {
        struct route_node *grown;

        grown = reallocarray(t->nodes, t->cap_nodes * 2, sizeof *grown);
        if (grown == NULL)
            return 0;
        t->nodes = grown;
        t->cap_nodes *= 2;
    }
    memset(&t->nodes[t->n_nodes], 0, sizeof *t->nodes);
    return (uint32_t)t->n_nodes++;
}

static uint32_t
step_literal(struct route_table *t, uint32_t node, const char *text, size_t len,
    bool is_verb)
{
    uint32_t symbol = intern(t, text, len);
    uint32_t child;

    if (symbol == ROUTE_NO_SYMBOL)
        return 0;
    if (is_verb)
        t->symbols[symbol].is_verb = true;
    else
        t->nodes[node].has_literals = true;
    child = route_edge_find(t, node, symbol, is_verb);
    if (child != 0)
        return child;
    if (!grow_edges(t))
        return 0;
    child = new_node(t);
    if (child == 0)
        return 0;
    place_edge(t,
        (struct route_edge){ route_edge_key(node, symbol, is_verb), child });
    t->n_edges++;
    return child;
}

static uint32_t
step_star(struct route_table *t, uint32_t node)
{
    uint32_t child = t->nodes[node].star;

    if (child == 0) {
        child = new_node(t);
        t->nodes[node].star = child;
    }
    return child;
}

static uint32_t
step_rest(struct route_table *t, uint32_t node)
{
    uint32_t child = t->nodes[node].rest;

    if (child == 0) {
        child = new_node(t);
        t->nodes[node].rest = child;
    }
    return child;
}

/* From the root along the template: forwards to "**", then from the end back
 * to it, then the verb. */
static uint32_t
grow_to(struct route_table *t, const struct route_template *tmpl)
{
    unsigned stop =
        tmpl->star_star >= 0 ? (unsigned)tmpl->star_star : tmpl->n_segments;
    uint32_t node = 0;

    for (unsigned i = 0; i < stop; i++) {
        const struct route_segment *s = &tmpl->segments[i];

        node = s->kind == ROUTE_STAR
            ? step_star(t, node)
            : step_literal(t, node, s->text, s->len, false);
        if (node == 0)
            return UINT32_MAX;
    }
    if (tmpl->star_star >= 0) {
        node = step_rest(t, node);
        for (unsigned i = tmpl->n_segments; node != 0 && i > stop + 1; i--) {
            const struct route_segment *s = &tmpl->segments[i - 1];

            node = step_literal(t, node, s->text, s->len, false);
        }
        if (node == 0)
            return UINT32_MAX;
    }
    if (tmpl->verb != NULL) {
        node = step_literal(t, node, tmpl->verb, tmpl->verb_len, true);
        if (node == 0)
            return UINT32_MAX;
    }
    return node;
}

/* ---- Methods ------------------------------------------------------------ */

static int
find_method(const struct route_table *t, const char *name)
{
    for (unsigned i = 0; i < t->n_methods; i++) {
        if (strcmp(t->methods[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static enum pb_err
intern_method(struct route_table *t, const char *name, unsigned *number)
{
    int found = find_method(t, name);

    if (found < 0) {
        char *copy;

        if (t->n_methods == ROUTE_METHODS_MAX)
            return PB_ELIMIT;
        copy = route_arena_text(t->arena, name, strlen(name));
        if (copy == NULL)
            return PB_ENOMEM;
        found = (int)t->n_methods++;
        t->methods[found].name = copy;
        t->methods[found].len = strlen(copy);
    }
    *number = (unsigned)found;
    return PB_OK;
}

static enum pb_err
end_here(struct route_table *t, struct route_node *node, unsigned method,
    const struct route_binding *b, const struct route_binding **other)
{
    uint64_t bit = UINT64_C(1) << method;
    size_t at = (size_t)__builtin_popcountll(node->methods & (bit - 1));
    size_t n = (size_t)__builtin_popcountll(node->methods);
    const struct route_binding **grown;

    if ((node->methods & bit) != 0) {
        *other = node->bindings[at];
        return PB_EDUPLICATE;
    }
    grown = route_arena_array(t->arena, n + 1, sizeof *grown);
    if (grown == NULL)
        return PB_ENOMEM;
    for (size_t i = 0; i < n; i++)
        grown[i < at ? i : i + 1] = node->bindings[i];
    grown[at] = b;
    node->bindings = grown;
    node->methods |= bit;
    return PB_OK;
}

static void
note_verb(struct route_table *t, const struct route_template *tmpl)
{
    unsigned colons = 0;

    for (size_t i = 0; i < tmpl->verb_len; i++)
        colons += tmpl->verb[i] == ':';
    /* Every byte of it may be escaped in a path. */
    if (tmpl->verb_len * 3 > t->max_verb_len)
        t->max_verb_len = tmpl->verb_len * 3;
    if (colons > t->max_verb_colons)
        t->max_verb_colons = colons;
}

enum pb_err
route_table_add(struct route_table *t, const struct route_template *tmpl,
    const struct route_binding *b, const struct route_binding **other)
{
    unsigned method;
    enum pb_err err = intern_method(t, b->verb, &method);
    uint32_t node;

    if (err != PB_OK)
        return err;
    node = grow_to(t, tmpl);
    if (node == UINT32_MAX)
        return PB_ENOMEM;
    if (tmpl->verb != NULL)
        note_verb(t, tmpl);
    return end_here(t, &t->nodes[node], method, b, other);
}
