/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli.c - what several commands share; see cli.h. */
#include "gateway/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

void
cli_bad_option(int c, char **argv)
{
    const char *last = argv[optind - 1];

    if (c == ':')
        gw_log("%s: a value is missing after %s", argv[0], last);
    else if (strncmp(last, "--", 2) == 0)
        gw_log("%s: no such option: %s", argv[0], last);
    else
        gw_log("%s: no such option: -%c", argv[0], optopt);
}

const char *
cli_config_option(int argc, char **argv, const char *help)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *path = NULL;
    int c;

    while ((c = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            path = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            exit(CLI_OK);
        default:
            cli_bad_option(c, argv);
            return NULL;
        }
    }
    if (optind < argc) {
        gw_log("%s: unexpected argument %s", argv[0], argv[optind]);
        return NULL;
    }
    if (path == NULL)
        gw_log("%s: a route file is needed: -c FILE", argv[0]);
    return path;
}

void
cli_print_problems(const struct route_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct route_problem *p = &problems->items[i];

        if (p->line > 0)
            gw_log("%s:%u: %s", p->file, p->line, p->message);
        else
            gw_log("%s: %s", p->file, p->message);
    }
    if (problems->is_short)
        gw_log("memory is short, for what else there is to say too");
    else if (problems->dropped > 0)
        gw_log("and %zu more", problems->dropped);
}

struct route_set *
cli_finish_load(struct route_config **config, route_schema_source_cb *source,
    void *arg, const struct gw_inproc *inprocs, size_t n_inprocs,
    struct route_problems *problems)
{
    struct route_set *set;

    gw_server_check(*config, inprocs, n_inprocs, problems);
    set = route_set_build(config, source, arg, problems);
    route_problems_sort(problems);
    if (problems->count > 0 && set != NULL)
        route_set_free(&set);
    return set;
}

struct route_set *
cli_load(const char *path)
{
    struct route_problems problems;
    struct route_config *config;
    struct route_set *set = NULL;

    route_problems_init(&problems);
    config = route_config_load_draft(path, &problems);
    if (config != NULL)
        set = cli_finish_load(&config, route_schema_from_file, NULL, NULL, 0,
            &problems);
    if (set == NULL)
        cli_print_problems(&problems);
    route_problems_fini(&problems);
    return set;
}
