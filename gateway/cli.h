/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/cli.h - the commands of the program. Each takes what follows its name
 * and returns the exit status: 0, 1 (it did not work) or 2 (wrong usage).
 */
#ifndef GW_CLI_H
#define GW_CLI_H

#include "gateway/server.h"

#define CLI_OK 0
#define CLI_FAILED 1
#define CLI_USAGE 2

int cli_serve(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_routes(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_transcode(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_healthcheck(int argc, char **argv);

/* Reads "-c FILE" (or --config) and nothing else; --help prints help and exits
 * with 0. NULL: wrong usage, said on stderr. */
const char *cli_config_option(int argc, char **argv, const char *help);

/* Says what is wrong with an option; c is what getopt_long() returned for it,
 * the short options beginning with ":", perhaps after "+". */
void cli_bad_option(int c, char **argv);

/* Loads a route file and everything it names. NULL when there were problems:
 * all of them have been printed. */
struct route_set *cli_load(const char *path);

/* The same from memory, with the schema of an in-process service. */
struct route_set *cli_finish_load(struct route_config **config,
    route_schema_source_cb *source, void *arg, const struct gw_inproc *inprocs,
    size_t n_inprocs, struct route_problems *problems);

void cli_print_problems(const struct route_problems *problems);

#endif
