/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What routing costs; for bench/routing and tests/routes/test_flat.py.
 *
 *   routing_meter match ROUTES TIMES [FIRST]
 *                 matches TIMES requests, to all or to the FIRST of ROUTES
 *                 routes; per match, in instructions:
 *     valgrind --tool=callgrind --toggle-collect=is_found ...
 *   routing_meter load FILE
 *                 loads a route file and its schema and builds the set; one line
 *                 of NAME=VALUE: milliseconds, and the memory that it takes
 */
#include "routes/tree.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* One resource has four routes, as collections usually do: the template of
 * route i, or a path that it matches. Returns the method. */
static const char *
write_route(unsigned i, bool as_path, char text[128])
{
    unsigned n = i / 4;

    switch (i % 4) {
    case 0:
        snprintf(text, 128, "/v1/resources%04u/%s", n,
            as_path ? "8c1f5a" : "{id}");
        return "GET";
    case 1:
        snprintf(text, 128, "/v1/resources%04u", n);
        return "GET";
    case 2:
        snprintf(text, 128, "/v1/resources%04u/%s:cancel", n,
            as_path ? "77" : "{id}");
        return "POST";
    default:
        if (as_path)
            snprintf(text, 128, "/v1/projects/p-1/resources%04u/9", n);
        else
            snprintf(text, 128, "/v1/{name=projects/*/resources%04u/*}", n);
        return "GET";
    }
}

static struct route_table *
make_table(unsigned n, struct route_binding *bindings)
{
    struct route_table *t = route_table_new();

    for (unsigned i = 0; t != NULL && i < n; i++) {
        const struct route_binding *other;
        struct route_template tmpl;
        char text[128];

        bindings[i].verb = write_route(i, false, text);
        if (route_template_parse(text, strlen(text), &tmpl, NULL) != PB_OK)
            abort();
        bindings[i].n_segments = tmpl.n_segments;
        bindings[i].star_star = tmpl.star_star;
        if (route_table_add(t, &tmpl, &bindings[i], &other) != PB_OK)
            abort();
    }
    return t;
}

/* What is counted: a function by itself, however the rest is optimised. */
static bool __attribute__((noinline)) is_found(const struct route_table *t,
    const char *verb, const char *path, const struct route_binding *expected)
{
    struct route_match m;

    return route_table_match(t, verb, strlen(verb), path, strlen(path), &m,
               NULL) == ROUTE_FOUND &&
        m.binding == expected;
}

static int
measure_match(unsigned n, unsigned times, unsigned n_asked)
{
    struct route_binding *bindings = calloc(n, sizeof *bindings);
    struct route_table *t;
    unsigned n_found = 0;

    if (bindings == NULL || n_asked == 0 || n_asked > n)
        return 1;
    t = make_table(n, bindings);
    for (unsigned i = 0; t != NULL && i < times; i++) {
        unsigned which = (unsigned)((i * UINT64_C(2654435761)) % n_asked);
        char path[128];
        const char *verb = write_route(which, true, path);

        n_found += is_found(t, verb, path, &bindings[which]);
    }
    printf("%u routes, %u of %u found\n", n, n_found, times);
    route_table_free(&t);
    free(bindings);
    return n_found == times ? 0 : 1;
}

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What malloc has given out. */
static size_t
heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

/* Of the process, in memory. */
static size_t
resident_bytes(void)
{
    unsigned long ignored, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL || fscanf(f, "%lu %lu", &ignored, &pages) != 2)
        pages = 0;
    if (f != NULL)
        (void)fclose(f);
    return pages * 4096;
}

static int
measure_load(const char *path)
{
    size_t heap = heap_bytes(), resident = resident_bytes();
    struct route_problems problems;
    struct route_config *c;
    struct route_set *set = NULL;
    double start = now_ms(), loaded;

    route_problems_init(&problems);
    c = route_config_load(path, &problems);
    loaded = now_ms();
    if (c != NULL)
        set = route_set_build(&c, route_schema_from_file, NULL, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s:%u: %s\n", problems.items[i].file,
            problems.items[i].line, problems.items[i].message);
    if (set != NULL)
        printf("bindings=%zu file_ms=%.2f set_ms=%.2f heap=%zu resident=%zu\n",
            set->n_bindings, loaded - start, now_ms() - loaded,
            heap_bytes() - heap, resident_bytes() - resident);
    route_problems_fini(&problems);
    if (set == NULL)
        return 1;
    route_set_free(&set);
    return 0;
}

static unsigned
number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int
main(int argc, char **argv)
{
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "match") == 0)
        return measure_match(number(argv[2]), number(argv[3]),
            number(argv[argc == 5 ? 4 : 2]));
    if (argc == 3 && strcmp(argv[1], "load") == 0)
        return measure_load(argv[2]);
    fprintf(stderr,
        "usage: routing_meter match ROUTES TIMES [FIRST] | load FILE\n");
    return 2;
}
