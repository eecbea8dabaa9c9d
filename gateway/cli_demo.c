/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/cli_demo.c - "sluice demo": the library service, in process, behind
 * its own route file, and a page that shows it to browsers; nothing else is
 * needed to try the gateway.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/explorer/explorer.h"
#include "examples/library/library.h"
#include "gateway/address.h"
#include "gateway/cli.h"
#include "gateway/page.h"

#define FILE_NAME "(demo)"

static struct sluice_face_servicer *
servicer_new(void *arg, struct sluice_loop *loop)
{
    return library_servicer_new(arg, loop);
}

static bool
built_in_schema(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    const uint8_t *set = library_descriptor_set(len);

    (void)arg;
    (void)config;
    (void)upstream;
    (void)name;
    *data = malloc(*len);
    if (*data == NULL) {
        snprintf(why, 256, "memory is short");
        return false;
    }
    memcpy(*data, set, *len);
    return true;
}

static struct route_set *
load(const struct gw_inproc *inproc)
{
    struct route_problems problems;
    struct route_config *config;
    struct route_set *set = NULL;
    size_t len;
    const char *text = library_route_file(&len);

    route_problems_init(&problems);
    config = route_config_parse(text, len, false, FILE_NAME, &problems);
    if (config != NULL)
        set = cli_finish_load(&config, built_in_schema, NULL, inproc, 1,
            &problems);
    if (set == NULL)
        cli_print_problems(&problems);
    route_problems_fini(&problems);
    return set;
}

static void
make_pages(struct gw_page *pages)
{
    for (size_t i = 0; i < EXPLORER_FILES; i++) {
        const struct explorer_file *file = &explorer_files[i];

        pages[i] = (struct gw_page){
            .path = file->path,
            .type = file->type,
            .data = file->data,
            .size = *file->size,
        };
        gw_page_init(&pages[i]);
    }
}

static int
run(const char *listen, const char *grpc)
{
    struct library_store *store = library_store_new();
    struct gw_inproc inproc = {
        .name = "library",
        .servicer_new = servicer_new,
        .servicer_free = sluice_face_servicer_free,
        .arg = store,
    };
    struct gw_page pages[EXPLORER_FILES];
    struct gw_server_options options = { .inprocs = &inproc,
        .n_inprocs = 1,
        .pages = { pages, EXPLORER_FILES },
        .listen = listen,
        .grpc = grpc };
    struct route_set *set;
    int status = CLI_FAILED;

    if (store == NULL) {
        gw_log("memory is short");
        return CLI_FAILED;
    }
    make_pages(pages);
    set = load(&inproc);
    if (set != NULL) {
        options.set = set;
        status = gw_server_run(&options);
        route_set_free(&set);
    }
    library_store_free(&store);
    return status;
}

/* Before anything is loaded. */
static bool
check_address(const char *option, const char *text)
{
    struct gw_address ignored;
    const char *why = text == NULL ? NULL : gw_address_parse(&ignored, text);

    if (why != NULL)
        gw_log("demo: %s: %s: %s", option, text, why);
    return why == NULL;
}

int
cli_demo(int argc, char **argv)
{
    static const char help[] =
        "Usage: sluice demo [--listen ADDRESS] [--grpc ADDRESS]\n"
        "Serve the built-in library service until SIGTERM or SIGINT.\n\n"
        "  -l, --listen=ADDRESS  host:port, [v6]:port or unix:/path\n"
        "                        (default 127.0.0.1:8080)\n"
        "  -g, --grpc=ADDRESS    offer it to gRPC clients as well (h2c)\n"
        "  -h, --help            print this and exit\n";
    static const struct option options[] = {
        { "listen", required_argument, NULL, 'l' },
        { "grpc", required_argument, NULL, 'g' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *listen = NULL;
    const char *grpc = NULL;
    int c;

    while ((c = getopt_long(argc, argv, "+:l:g:h", options, NULL)) != -1) {
        switch (c) {
        case 'l':
            listen = optarg;
            break;
        case 'g':
            grpc = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return CLI_OK;
        default:
            cli_bad_option(c, argv);
            return CLI_USAGE;
        }
    }
    if (optind < argc) {
        gw_log("demo: unexpected argument %s", argv[optind]);
        return CLI_USAGE;
    }
    if (!check_address("--listen", listen) || !check_address("--grpc", grpc))
        return CLI_USAGE;
    return run(listen, grpc);
}
