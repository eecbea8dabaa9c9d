/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli_explain.c - "sluice explain": what becomes of a request. */
#include "gateway/cli_explain.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define BODY_MAX ((size_t)1 << 30)
#define PIECE 65536

struct asked {
    const char *config;
    const char *body;         /* a file, "-", or NULL */
    const char *content_type; /* NULL: none */
    bool is_json;
    const char *verb;
    const char *target;
};

static const char help[] =
    "Usage: sluice explain -c FILE METHOD TARGET\n"
    "Show which route of FILE a request takes, why near ones lose, what each\n"
    "part of the request gives, and the request message. No call is made.\n\n"
    "  -c, --config=FILE  the route file (YAML, or JSON if named .json)\n"
    "  -b, --body=FILE    the request's body; - for standard input\n"
    "  -t, --content-type=TYPE  its Content-Type\n"
    "  -j, --json         one JSON document instead of lines\n"
    "  -h, --help         print this and exit\n\n"
    "Exit status: 0 the call would be made, 1 the request is refused or FILE\n"
    "has problems, 2 wrong usage.\n";

static bool
read_options(int argc, char **argv, struct asked *a)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "body", required_argument, NULL, 'b' },
        { "content-type", required_argument, NULL, 't' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, ":c:b:t:jh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            a->config = optarg;
            break;
        case 'b':
            a->body = optarg;
            break;
        case 't':
            a->content_type = optarg;
            break;
        case 'j':
            a->is_json = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(CLI_OK);
        default:
            cli_bad_option(c, argv);
            return false;
        }
    }
    return true;
}

static bool
read_arguments(int argc, char **argv, struct asked *a)
{
    if (!read_options(argc, argv, a))
        return false;
    if (a->config == NULL) {
        gw_log("%s: a route file is needed: -c FILE", argv[0]);
        return false;
    }
    if (argc - optind < 2) {
        gw_log("%s: a method and a target are needed, such as: GET '/v1/a?b=c'",
            argv[0]);
        return false;
    }
    if (argc - optind > 2) {
        gw_log("%s: unexpected argument %s", argv[0], argv[optind + 2]);
        return false;
    }
    a->verb = argv[optind];
    a->target = argv[optind + 1];
    return true;
}

static enum pb_err
read_all(FILE *from, struct pb_buf *out)
{
    enum pb_err err = PB_OK;

    while (err == PB_OK && !feof(from)) {
        err = pb_buf_reserve(out, PIECE);
        if (err != PB_OK)
            break;
        out->len += fread(out->data + out->len, 1, PIECE, from);
        if (ferror(from))
            err = PB_EVALUE;
    }
    return err;
}

static bool
read_body(const char *name, struct pb_buf *out)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *from = is_stdin ? stdin : fopen(name, "re");
    enum pb_err err;

    if (from == NULL) {
        gw_log("%s: %s", name, strerror(errno));
        return false;
    }
    errno = 0;
    err = read_all(from, out);
    if (err == PB_EVALUE)
        gw_log("%s: %s", name, strerror(errno));
    else if (err != PB_OK)
        gw_log("%s: does not fit in memory", name);
    if (!is_stdin)
        fclose(from);
    return err == PB_OK;
}

static bool
print(json_t *doc, bool is_json)
{
    bool is_good = doc != NULL &&
        (is_json ? cli_explain_print_json(doc) : cli_explain_print_text(doc));

    if (!is_good) {
        gw_log("memory is short");
    } else if (fflush(stdout) != 0 || ferror(stdout)) {
        gw_log("standard output: %s", strerror(errno));
        is_good = false;
    }
    return is_good;
}

int
cli_explain(int argc, char **argv)
{
    struct asked asked = { 0 };
    struct gw_question question = { 0 };
    struct route_set *set = NULL;
    struct pb_buf body;
    json_t *doc = NULL;
    bool is_called;
    int status = CLI_FAILED;

    if (!read_arguments(argc, argv, &asked))
        return CLI_USAGE;
    pb_buf_init_heap(&body, BODY_MAX);
    if (asked.body != NULL && !read_body(asked.body, &body))
        goto out;
    set = cli_load(asked.config);
    if (set == NULL)
        goto out;
    question.verb = asked.verb;
    question.target = asked.target;
    if (asked.content_type != NULL)
        question.content_type = sluice_str(asked.content_type);
    question.body = sluice_str_n((const char *)body.data, body.len);
    doc = gw_explain(set, &question, &is_called);
    if (print(doc, asked.is_json) && is_called)
        status = CLI_OK;
out:
    json_decref(doc);
    route_set_free(&set);
    pb_buf_fini_heap(&body);
    return status;
}
