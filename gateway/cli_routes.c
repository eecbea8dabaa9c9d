/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/cli_routes.c - "sluice routes": the effective routes as a table. If
 * some method has options of its own, what is in force stands in a last column.
 */
#include <stdio.h>

#include "gateway/cli.h"
#include "routes/json_keys.h"

#define COLUMNS 5
#define OPTIONS_MAX 320

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

static bool
has_own_options(const struct route_set *set, const struct route_rpc *rpc)
{
    struct route_json_entry ours[ROUTE_JSON_KEYS_MAX];
    struct route_json_entry common[ROUTE_JSON_KEYS_MAX];
    size_t n = route_json_list(&rpc->json, ours);

    if (rpc->is_raw || !rpc->fills_mask ||
        n != route_json_list(&set->config->json, common))
        return true;
    for (size_t i = 0; i < n; i++)
        if (ours[i].value != common[i].value)
            return true;
    return false;
}

/* Of bytes nothing else is in force. "raw,content_type=image/png" */
static const char *
describe_raw(const struct route_rpc *rpc, char text[OPTIONS_MAX])
{
    const char *type = rpc->content_type;

    snprintf(text, OPTIONS_MAX, "raw%s%s", type != NULL ? ",content_type=" : "",
        type != NULL ? type : "");
    return text;
}

/* "emit_defaults=true,max_depth=50" */
static const char *
describe_options(const struct route_rpc *rpc, char text[OPTIONS_MAX])
{
    struct route_json_entry list[ROUTE_JSON_KEYS_MAX];
    size_t n = route_json_list(&rpc->json, list), len = 0;

    if (rpc->is_raw)
        return describe_raw(rpc, text);
    text[0] = '\0';
    for (size_t i = 0; i < n && len < OPTIONS_MAX; i++) {
        const char *comma = i > 0 ? "," : "";
        const struct route_json_entry *e = &list[i];

        len += (size_t)(e->is_flag
                ? snprintf(text + len, OPTIONS_MAX - len, "%s%s=%s", comma,
                      e->key, e->value != 0 ? "true" : "false")
                : snprintf(text + len, OPTIONS_MAX - len, "%s%s=%u", comma,
                      e->key, e->value));
    }
    if (!rpc->fills_mask && len < OPTIONS_MAX)
        snprintf(text + len, OPTIONS_MAX - len, "%supdate_mask=off",
            len > 0 ? "," : "");
    return text;
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

/* options may be NULL: there is no such column; or empty. */
static void
print_row(const char *const row[COLUMNS], const int widths[COLUMNS],
    const char *options)
{
    for (int c = 0; c < COLUMNS - 1; c++)
        printf("%-*s  ", widths[c], row[c]);
    if (options != NULL && *options != '\0')
        printf("%-*s  %s\n", widths[COLUMNS - 1], row[COLUMNS - 1], options);
    else
        printf("%s\n", row[COLUMNS - 1]);
}

static void
print_table(const struct route_set *set, const char *const head[COLUMNS])
{
    bool has_options = false;
    int widths[COLUMNS];

    for (size_t i = 0; i < set->n_rpcs && !has_options; i++)
        has_options = has_own_options(set, &set->rpcs[i]);
    measure(set, head, widths);
    print_row(head, widths, has_options ? "OPTIONS" : NULL);
    for (size_t r = 0; r < set->n_bindings; r++) {
        const char *row[COLUMNS];
        char text[OPTIONS_MAX];

        cells(set, r, row);
        print_row(row, widths,
            has_options ? describe_options(set->bindings[r].rpc, text) : NULL);
    }
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

    if (path == NULL)
        return CLI_USAGE;
    set = cli_load(path);
    if (set == NULL)
        return CLI_FAILED;
    print_table(set, head);
    route_set_free(&set);
    return CLI_OK;
}
