/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/cli_healthcheck.c - "sluice healthcheck": asks a gateway's /healthz,
 * for containers that have no other HTTP client.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include "gateway/address.h"
#include "gateway/cli.h"

#define DEFAULT_ADDRESS "127.0.0.1:8080"
#define PATIENCE_SECONDS 3

/* Accepts host:port, [v6]:port, unix:/path and http://host:port[/...]. */
static bool
parse(struct gw_address *a, const char *text)
{
    char host[128];
    const char *why;

    if (strncmp(text, "http://", 7) == 0) {
        text += 7;
        snprintf(host, sizeof host, "%.*s", (int)strcspn(text, "/"), text);
        text = host;
    }
    why = gw_address_parse(a, text);
    if (why != NULL)
        gw_log("healthcheck: %s: %s", text, why);
    return why == NULL;
}

static bool
ask(int fd)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost"
                                  "\r\nConnection: close\r\n\r\n";
    static const char expected[] = "HTTP/1.1 200 ";
    char answer[sizeof expected - 1];
    size_t at = 0;

    if (write(fd, request, sizeof request - 1) != (ssize_t)(sizeof request - 1))
        return false;
    while (at < sizeof answer) {
        ssize_t n = read(fd, answer + at, sizeof answer - at);

        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return memcmp(answer, expected, sizeof answer) == 0;
}

int
cli_healthcheck(int argc, char **argv)
{
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    struct gw_address a;
    bool is_well;
    int fd;

    if (argc > 2 ||
        (argc == 2 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))) {
        printf("Usage: sluice healthcheck [ADDRESS]\n"
               "Ask the gateway at ADDRESS (default " DEFAULT_ADDRESS
               ") for /healthz.\n"
               "Exit status: 0 it is well, 1 it is not, 2 wrong usage.\n");
        return argc > 2 ? CLI_USAGE : CLI_OK;
    }
    if (!parse(&a, argc == 2 ? argv[1] : DEFAULT_ADDRESS))
        return CLI_USAGE;
    fd = socket(a.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return CLI_FAILED;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    is_well = connect(fd, (struct sockaddr *)&a.storage, a.len) == 0 && ask(fd);
    close(fd);
    return is_well ? CLI_OK : CLI_FAILED;
}
