/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/problems.c - the list of everything that is wrong with a
 * configuration. Texts may quote what a file contains, so what a terminal
 * could take for a command is made visible before it is kept.
 */
#include "routes/config.h"
#include "routes/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PROBLEMS_MAX 1000
#define MESSAGE_MAX 1024

void
route_problems_init(struct route_problems *p)
{
    memset(p, 0, sizeof *p);
}

void
route_problems_fini(struct route_problems *p)
{
    free(p->items);
    route_arena_free(&p->arena);
    memset(p, 0, sizeof *p);
}

/* Control bytes become '?'. UTF-8 passes. */
static void
make_printable(char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
    }
}

static bool
make_room(struct route_problems *p)
{
    if (p->arena == NULL)
        p->arena = route_arena_new();
    if (p->arena == NULL)
        return false;
    if ((p->count & (p->count - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        size_t cap = p->count == 0 ? 1 : p->count * 2;
        struct route_problem *items;

        items = reallocarray(p->items, cap, sizeof *items);
        if (items == NULL)
            return false;
        p->items = items;
    }
    return true;
}

void
route_problems_add(struct route_problems *p, const char *file, unsigned line,
    const char *format, ...)
{
    char text[MESSAGE_MAX];
    struct route_problem item = { .line = line };
    va_list args;

    if (p->count == PROBLEMS_MAX)
        goto dropped;
    if (!make_room(p))
        goto is_short;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    make_printable(text);
    item.message = route_arena_text(p->arena, text, strlen(text));
    item.file = route_arena_text(p->arena, file, strlen(file));
    if (item.message == NULL || item.file == NULL)
        goto is_short;
    p->items[p->count++] = item;
    return;

is_short:
    p->is_short = true;
dropped:
    p->dropped++;
}

static bool
stands_after(const struct route_problem *a, const struct route_problem *b)
{
    int order = strcmp(a->file, b->file);

    return order > 0 || (order == 0 && a->line > b->line);
}

/* Insertion sort: it keeps the order of finding within a line, and the list
 * is short and nearly sorted. */
void
route_problems_sort(struct route_problems *p)
{
    for (size_t i = 1; i < p->count; i++) {
        struct route_problem item = p->items[i];
        size_t at = i;

        for (; at > 0 && stands_after(&p->items[at - 1], &item); at--)
            p->items[at] = p->items[at - 1];
        p->items[at] = item;
    }
}
