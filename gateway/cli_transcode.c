/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli_transcode.c - "sluice transcode": JSON to binary and back. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/cli.h"
#include "gateway/transcode.h"
#include "routes/json_keys.h"

#define MAX_SCHEMA_BYTES ((size_t)64 * 1024 * 1024)
#define MAX_DEPTH 1000

static const char help[] =
    "Usage: sluice transcode --schema=FILE... --type=NAME --from=FORMAT "
    "--to=FORMAT\n"
    "                        [--option=KEY[=VALUE]...] [--delimited]\n"
    "Read a message from standard input, write it to standard output.\n"
    "FORMAT is json or binary.\n\n"
    "      --schema=FILE      a descriptor set of protoc; may be repeated\n"
    "      --type=NAME        the message, pkg.Message\n"
    "      --from=FORMAT      what comes in\n"
    "      --to=FORMAT        what goes out\n"
    "      --option=KEY=VALUE a key of the route file's json:, without VALUE\n"
    "                         true: emit_defaults, proto_names, enum_numbers,\n"
    "                         int64_numbers, ignore_unknown, pretty,\n"
    "                         pretty_on_request (means nothing here);\n"
    "                         max_depth=N (100)\n"
    "      --delimited        messages, each after its length in 4 bytes,\n"
    "                         little endian; the same out. An error is the\n"
    "                         length 0xffffffff, then its text, delimited\n"
    "  -h, --help             print this and exit\n";

enum {
    OPTION_SCHEMA = 256,
    OPTION_TYPE,
    OPTION_FROM,
    OPTION_TO,
    OPTION_OPTION,
    OPTION_DELIMITED,
};

struct command {
    const char *name;     /* argv[0] */
    const char **schemas; /* room for as many as there are arguments */
    size_t n_schemas;
    const char *type;
    bool has_from;
    bool has_to;
    bool is_delimited;
    struct route_json json;
    struct gw_transcode what;
};

/* ---- The command line ---------------------------------------------------- */

static bool
parse_format(const struct command *c, const char *option, const char *text,
    enum gw_format *format)
{
    if (strcmp(text, "json") == 0)
        *format = GW_FORMAT_JSON;
    else if (strcmp(text, "binary") == 0)
        *format = GW_FORMAT_BINARY;
    else {
        gw_log("%s: %s: expected json or binary, found %s", c->name, option,
            text);
        return false;
    }
    return true;
}

static bool
parse_flag(const struct command *c, const char *key, const char *value,
    bool *flag)
{
    if (value == NULL || strcmp(value, "true") == 0)
        *flag = true;
    else if (strcmp(value, "false") == 0)
        *flag = false;
    else {
        gw_log("%s: --option %s: expected true or false, found %s", c->name,
            key, value);
        return false;
    }
    return true;
}

static bool
parse_max_depth(const struct command *c, const char *value, unsigned *depth)
{
    char *end = NULL;
    unsigned long n = 0;

    if (value != NULL && *value >= '0' && *value <= '9') {
        errno = 0;
        n = strtoul(value, &end, 10);
    }
    if (end == NULL || *end != '\0' || errno != 0 || n < 1 || n > MAX_DEPTH) {
        gw_log("%s: --option max_depth: expected a number from 1 to %d, "
               "found %s",
            c->name, MAX_DEPTH, value != NULL ? value : "none");
        return false;
    }
    *depth = (unsigned)n;
    return true;
}

/* text is KEY or KEY=VALUE. */
static bool
parse_option(struct command *c, char *text)
{
    char *value = strchr(text, '=');
    bool *flag;

    if (value != NULL)
        *value++ = '\0';
    flag = route_json_flag(&c->json, text);
    if (flag != NULL)
        return parse_flag(c, text, value, flag);
    if (strcmp(text, "max_depth") == 0)
        return parse_max_depth(c, value, &c->json.options.max_depth);
    gw_log("%s: --option: no such key: %s; see sluice %s --help", c->name, text,
        c->name);
    return false;
}

static bool
take_option(struct command *c, int option, char **argv)
{
    switch (option) {
    case OPTION_SCHEMA:
        c->schemas[c->n_schemas++] = optarg;
        return true;
    case OPTION_TYPE:
        c->type = optarg;
        return true;
    case OPTION_FROM:
        c->has_from = true;
        return parse_format(c, "--from", optarg, &c->what.from);
    case OPTION_TO:
        c->has_to = true;
        return parse_format(c, "--to", optarg, &c->what.to);
    case OPTION_OPTION:
        return parse_option(c, optarg);
    case OPTION_DELIMITED:
        c->is_delimited = true;
        return true;
    case 'h':
        fputs(help, stdout);
        exit(CLI_OK);
    default:
        cli_bad_option(option, argv);
        return false;
    }
}

static bool
is_complete(const struct command *c)
{
    const char *missing = NULL;

    if (c->n_schemas == 0)
        missing = "--schema FILE";
    else if (c->type == NULL)
        missing = "--type NAME";
    else if (!c->has_from)
        missing = "--from json or --from binary";
    else if (!c->has_to)
        missing = "--to json or --to binary";
    if (missing != NULL)
        gw_log("%s: %s is needed", c->name, missing);
    return missing == NULL;
}

static bool
parse(struct command *c, int argc, char **argv)
{
    static const struct option options[] = {
        { "schema", required_argument, NULL, OPTION_SCHEMA },
        { "type", required_argument, NULL, OPTION_TYPE },
        { "from", required_argument, NULL, OPTION_FROM },
        { "to", required_argument, NULL, OPTION_TO },
        { "option", required_argument, NULL, OPTION_OPTION },
        { "delimited", no_argument, NULL, OPTION_DELIMITED },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1)
        if (!take_option(c, option, argv))
            return false;
    if (optind < argc) {
        gw_log("%s: unexpected argument %s", c->name, argv[optind]);
        return false;
    }
    return is_complete(c);
}

/* ---- The schema --------------------------------------------------------- */

static bool
add_schema(struct pb_schema_builder *builder, const char *path)
{
    struct pb_error error;
    const char *why;
    size_t len;
    char *set = route_file_read(path, MAX_SCHEMA_BYTES, &len, &why);
    bool ok;

    if (set == NULL) {
        gw_log("%s: cannot be read: %s", path, why);
        return false;
    }
    ok = pb_schema_builder_add_set(builder, (uint8_t *)set, len, &error) ==
        PB_OK;
    if (!ok)
        gw_log("%s: %s", path, error.message);
    free(set);
    return ok;
}

/* NULL: it has been said why. */
static struct pb_schema *
load_schema(const struct command *c)
{
    struct pb_schema_builder *builder = pb_schema_builder_new();
    struct pb_schema *schema = NULL;
    struct pb_error error;

    if (builder == NULL) {
        gw_log("memory is short");
        return NULL;
    }
    for (size_t i = 0; i < c->n_schemas; i++)
        if (!add_schema(builder, c->schemas[i]))
            goto out;
    if (pb_schema_builder_build(builder, &schema, &error) != PB_OK)
        gw_log("%s: %s", c->schemas[c->n_schemas - 1], error.message);
out:
    pb_schema_builder_free(&builder);
    return schema;
}

static bool
run(struct command *c)
{
    struct pb_schema *schema = load_schema(c);
    bool ok = false;

    if (schema == NULL)
        return false;
    c->what.message = pb_schema_message(schema, c->type, strlen(c->type));
    if (c->what.message == NULL)
        gw_log("%s: the schema has no message %s", c->name, c->type);
    else
        ok = c->is_delimited ? gw_transcode_delimited(&c->what)
                             : gw_transcode_one(&c->what);
    pb_schema_free(&schema);
    return ok;
}

int
cli_transcode(int argc, char **argv)
{
    struct command c = { .name = argv[0],
        .what = { .in = STDIN_FILENO, .out = STDOUT_FILENO } };
    int status = CLI_USAGE;

    c.schemas = calloc((size_t)argc, sizeof *c.schemas);
    if (c.schemas == NULL) {
        gw_log("memory is short");
        return CLI_FAILED;
    }
    if (parse(&c, argc, argv)) {
        c.what.json = c.json.options;
        /* A reader that has gone is an error of write() */
        (void)signal(SIGPIPE, SIG_IGN);
        status = run(&c) ? CLI_OK : CLI_FAILED;
    }
    free(c.schemas);
    return status;
}
