/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/tree.h - the matching tree inside a route table, for routes/tree.c,
 * which grows it, and routes/match.c, which walks it.
 *
 * A node stands for the segments that lead to it. Its literal children are not
 * stored in it: one hash table for the whole tree takes (node, symbol) to the
 * child, and a symbol is a literal's number in another hash table. So a path
 * segment is hashed and compared once, and a step costs one probe however many
 * siblings there are.
 *
 * Below "**" only literals may follow. They form a tree of their own that is
 * read from the end of the path, so that "**" needs no search for its end.
 * A verb is one more step, at the end, under an edge of its own kind.
 *
 * Every node has one way to it, so a walk visits a node at most once, and no
 * path can make it cost more than the size of the tree: no exponential blow-up.
 */
#ifndef ROUTE_TREE_H
#define ROUTE_TREE_H

#include "routes/table.h"

#define ROUTE_NO_SYMBOL UINT32_MAX

/* A literal segment or a verb, in the spelling of route_normalise(). */
struct route_symbol {
    const char *text;
    uint32_t len;
    uint32_t hash;
    bool is_verb; /* some template's verb */
};

/* Node 0 is the root and never a child, so 0 also means "none". */
struct route_node {
    uint32_t star;     /* child for "*" */
    uint32_t rest;     /* the tree behind "**" */
    bool has_literals; /* worth looking for an edge */
    uint64_t methods;  /* bit i: table->methods[i] ends here */
    const struct route_binding **bindings; /* one per bit, ascending */
};

struct route_edge {
    uint64_t key; /* node, symbol and whether it is a verb; 0: a free slot */
    uint32_t child;
};

/* Bits of the methods that are looked for by name. */
enum { ROUTE_METHOD_ANY, ROUTE_METHOD_GET, ROUTE_METHOD_HEAD };
#define ROUTE_METHODS_MAX 64

struct route_table {
    struct route_arena *arena; /* texts and binding arrays */
    struct route_node *nodes;
    size_t n_nodes, cap_nodes;
    struct route_symbol *symbols;
    size_t n_symbols, cap_symbols;
    uint32_t *symbol_slots; /* number + 1; 0: free */
    size_t n_symbol_slots;  /* a power of two */
    struct route_edge *edges;
    size_t n_edges, n_edge_slots; /* the latter a power of two */
    struct {
        const char *name;
        size_t len;
    } methods[ROUTE_METHODS_MAX];
    unsigned n_methods;
    size_t max_verb_len;      /* longest verb as it may stand in a path */
    unsigned max_verb_colons; /* most colons inside a verb */
};

/* NULL when memory is short. */
struct route_table *route_table_new(void);
void route_table_free(struct route_table **t);

/* Adds a binding under its template and b->verb. PB_EDUPLICATE: *other has the
 * same shape and method. PB_ELIMIT: more than 63 different methods. b is
 * borrowed for the table's life. */
enum pb_err route_table_add(struct route_table *t,
    const struct route_template *tmpl, const struct route_binding *b,
    const struct route_binding **other);

/* Fewer than 8 bytes, as a number that no others of the length have. */
static inline uint64_t
route_short_word(const char *s, size_t len)
{
    uint32_t head, tail;

    if (len >= 4) {
        memcpy(&head, s, 4);
        memcpy(&tail, s + len - 4, 4);
        return (uint64_t)head << 32 | tail;
    }
    if (len == 0)
        return 0;
    return (uint64_t)(unsigned char)s[0] << 16 |
        (uint64_t)(unsigned char)s[len / 2] << 8 | (unsigned char)s[len - 1];
}

static inline uint32_t
route_symbol_hash(const char *s, size_t len)
{
    uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15);

    for (; len >= 8; s += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, s, 8);
        h = (h ^ word) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
    }
    h = (h ^ route_short_word(s, len)) * UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return (uint32_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The number of a literal in its one spelling, or ROUTE_NO_SYMBOL. */
static inline uint32_t
route_symbol_find(const struct route_table *t, const char *s, size_t len)
{
    uint32_t hash = route_symbol_hash(s, len);
    size_t mask = t->n_symbol_slots - 1;

    for (size_t i = hash & mask; t->symbol_slots[i] != 0; i = (i + 1) & mask) {
        const struct route_symbol *y = &t->symbols[t->symbol_slots[i] - 1];

        if (y->hash == hash && y->len == len && memcmp(y->text, s, len) == 0)
            return t->symbol_slots[i] - 1;
    }
    return ROUTE_NO_SYMBOL;
}

static inline uint64_t
route_edge_key(uint32_t node, uint32_t symbol, bool is_verb)
{
    return ((uint64_t)node << 32 | (uint64_t)symbol << 1 | is_verb) + 1;
}

static inline size_t
route_edge_slot(const struct route_table *t, uint64_t key)
{
    uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(h ^ h >> 32) & (t->n_edge_slots - 1);
}

/* The child of node under symbol, 0 if there is none. */
static inline uint32_t
route_edge_find(const struct route_table *t, uint32_t node, uint32_t symbol,
    bool is_verb)
{
    uint64_t key = route_edge_key(node, symbol, is_verb);
    size_t i = route_edge_slot(t, key);

    for (; t->edges[i].key != 0; i = (i + 1) & (t->n_edge_slots - 1)) {
        if (t->edges[i].key == key)
            return t->edges[i].child;
    }
    return 0;
}

/* ---- Walking ------------------------------------------------------------ */

/* One match in progress. */
struct route_walk {
    const struct route_table *table;
    const char *path;
    size_t end;        /* of the segments: no trailing "/", no verb */
    size_t n_segments; /* of the path; may exceed ROUTE_MAX_SEGMENTS */
    size_t last;       /* where the last one begins */
    uint32_t at[ROUTE_MAX_SEGMENTS]; /* of the first ones */
    uint32_t len[ROUTE_MAX_SEGMENTS];
    uint32_t symbols[ROUTE_MAX_SEGMENTS];
    bool is_routable;   /* no empty segment, no dot segment */
    bool has_escapes;   /* a "%" somewhere */
    uint64_t known;     /* bit i: symbols[i] has been looked up */
    uint32_t verb;      /* symbol of the verb, or ROUTE_NO_SYMBOL */
    size_t colon;       /* before the verb that was cut; 0: none was */
    uint64_t wanted[3]; /* bits of the method, in order of preference */
    bool wants_any;     /* and then whichever there is */
    uint64_t allowed;   /* methods of what fitted otherwise */
    const struct route_binding *found;
    unsigned steps; /* nodes visited: what the bound is about */
};

/* route_table_match() with the walk shown. */
enum route_result route_walk_run(struct route_walk *w,
    const struct route_table *t, const char *verb, size_t verb_len,
    const char *path, size_t path_len);

#endif
