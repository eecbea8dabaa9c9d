/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli_routes.c - "sluice routes": the effective routes as a table. */
#include <stdio.h>

#include "gateway/cli.h"

#define COLUMNS 5

static void
cells(const struct route_set *set, size_t row, const char *out[COLUMNS])
{
    const struct route_binding *b = &set->bindings[row];

    out[0] = b->verb;
    out[1] = b->template_text;
    out[2] = b->rpc->method->full_name;
    out[3] = pb_method_cardinality_name(b->rpc->method);
    out[4] = set->config->upstreams[b->rpc->upstream].name;
}

static void
measure(const struct route_set *set, const char *const head[COLUMNS],
    int widths[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++)
        widths[c] = (int)strlen(head[c]);
    for (size_t r = 0; r < set->n_bindings; r++) {
        const char *row[COLUMNS];

        cells(set, r, row);
        for (int c = 0; c < COLUMNS; c++)
            if ((int)strlen(row[c]) > widths[c])
                widths[c] = (int)strlen(row[c]);
    }
}

static void
print_row(const char *const row[COLUMNS], const int widths[COLUMNS])
{
    for (int c = 0; c < COLUMNS - 1; c++)
        printf("%-*s  ", widths[c], row[c]);
    printf("%s\n", row[COLUMNS - 1]);
}

int
cli_routes(int argc, char **argv)
{
    static const char help[] =
        "Usage: sluice routes -c FILE\n"
        "Print the effective routes of FILE as a table.\n\n"
        "  -c, --config=FILE  the route file (YAML, or JSON if named .json)\n"
        "  -h, --help         print this and exit\n";
    static const char *const head[COLUMNS] = { "METHOD", "TEMPLATE", "RPC",
        "CARDINALITY", "UPSTREAM" };
    const char *path = cli_config_option(argc, argv, help);
    struct route_set *set;
    int widths[COLUMNS];

    if (path == NULL)
        return CLI_USAGE;
    set = cli_load(path);
    if (set == NULL)
        return CLI_FAILED;
    measure(set, head, widths);
    print_row(head, widths);
    for (size_t r = 0; r < set->n_bindings; r++) {
        const char *row[COLUMNS];

        cells(set, r, row);
        print_row(row, widths);
    }
    route_set_free(&set);
    return CLI_OK;
}
