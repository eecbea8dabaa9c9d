/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/main.c - the program: finds the command and runs it. */
#include <config.h>

#include <stdio.h>

#include "gateway/cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    { "serve", cli_serve, "serve -c FILE          run with a route file" },
    { "demo", cli_demo,
        "demo [--listen ADDR]   run with the built-in library service" },
    { "check", cli_check,
        "check -c FILE          load everything, report every problem" },
    { "routes", cli_routes,
        "routes -c FILE         print the effective routes" },
    { "explain", cli_explain,
        "explain -c FILE METHOD TARGET\n"
        "                         what a request would become, and why" },
    { "transcode", cli_transcode,
        "transcode OPTION...    messages from JSON to binary and back" },
    { "healthcheck", cli_healthcheck,
        "healthcheck [ADDR]     ask a running gateway how it is" },
    { "version", cli_version,
        "version                print the versions of sluice and its libraries" },
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static void
print_help(FILE *to)
{
    fputs("Usage: sluice COMMAND [OPTION...]\n"
          "Serve gRPC services over plain HTTP and JSON.\n\n",
        to);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %s\n", commands[i].help);
    fputs("\n  --help                 print this and exit\n"
          "  --version              print the version and exit\n"
          "\n\"sluice help COMMAND\" tells more of one.\n",
        to);
}

int
main(int argc, char **argv)
{
    char help[] = "--help";

    if (argc == 3 && strcmp(argv[1], "help") == 0) {
        argv[1] = argv[2];
        argv[2] = help;
    }
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("sluice %s\n", PACKAGE_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    gw_log("no such %s: %s; see sluice --help",
        argv[1][0] == '-' ? "option" : "command", argv[1]);
    return CLI_USAGE;
}
