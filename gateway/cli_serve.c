/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli_serve.c - "sluice serve" and "sluice check". */
#include <stdio.h>

#include "gateway/cli.h"

int
cli_serve(int argc, char **argv)
{
    static const char help[] =
        "Usage: sluice serve -c FILE\n"
        "Serve the routes of FILE until SIGTERM or SIGINT.\n\n"
        "  -c, --config=FILE  the route file (YAML, or JSON if named .json)\n"
        "  -h, --help         print this and exit\n";
    const char *path = cli_config_option(argc, argv, help);
    struct gw_server_options options = { 0 };
    struct route_set *set;
    int status;

    if (path == NULL)
        return CLI_USAGE;
    set = cli_load(path);
    if (set == NULL)
        return CLI_FAILED;
    options.set = set;
    status = gw_server_run(&options);
    route_set_free(&set);
    return status;
}

int
cli_check(int argc, char **argv)
{
    static const char help[] =
        "Usage: sluice check -c FILE\n"
        "Load FILE and everything it names; report every problem.\n"
        "Exit status: 0 all is well, 1 there are problems, 2 wrong usage.\n\n"
        "  -c, --config=FILE  the route file (YAML, or JSON if named .json)\n"
        "  -h, --help         print this and exit\n";
    const char *path = cli_config_option(argc, argv, help);
    struct route_set *set;

    if (path == NULL)
        return CLI_USAGE;
    set = cli_load(path);
    if (set == NULL)
        return CLI_FAILED;
    printf("%s: good: %zu methods, %zu routes\n", path, set->n_rpcs,
        set->n_bindings);
    route_set_free(&set);
    return CLI_OK;
}
