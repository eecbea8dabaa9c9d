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

/* false, and why it is not well. */
static bool
ask(int fd, char *why, size_t room)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost"
                                  "\r\nConnection: close\r\n\r\n";
    static const char expected[] = "HTTP/1.1 200";
    char answer[sizeof expected - 1];
    size_t at = 0;

    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) {
        snprintf(why, room, "%s", strerror(errno));
        return false;
    }
    while (at < sizeof answer) {
        ssize_t n = read(fd, answer + at, sizeof answer - at);

        if (n <= 0) {
            snprintf(why, room, "no answer: %s",
                n < 0 ? strerror(errno) : "the connection was closed");
            return false;
        }
        at += (size_t)n;
    }
    if (memcmp(answer, expected, sizeof answer) != 0) {
        snprintf(why, room, "expected %s, found %.*s", expected,
            (int)sizeof answer, answer);
        return false;
    }
    return true;
}

/* The same for one that has to be connected first. */
static bool
connect_and_ask(const struct gw_address *a, char *why, size_t room)
{
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    int fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_well = false;

    if (fd < 0) {
        snprintf(why, room, "%s", strerror(errno));
        return false;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&a->storage, a->len) != 0)
        snprintf(why, room, "%s", strerror(errno));
    else
        is_well = ask(fd, why, room);
    close(fd);
    return is_well;
}

int
cli_healthcheck(int argc, char **argv)
{
    struct gw_address a;
    char why[128];

    if (argc == 2 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("Usage: sluice healthcheck [ADDRESS]\n"
               "Ask the gateway at ADDRESS (default " DEFAULT_ADDRESS
               ") for /healthz.\n"
               "Exit status: 0 it is well, 1 it is not, 2 wrong usage.\n\n"
               "  -h, --help  print this and exit\n");
        return CLI_OK;
    }
    if (argc > 2) {
        gw_log("%s: unexpected argument %s", argv[0], argv[2]);
        return CLI_USAGE;
    }
    if (!parse(&a, argc == 2 ? argv[1] : DEFAULT_ADDRESS))
        return CLI_USAGE;
    if (connect_and_ask(&a, why, sizeof why))
        return CLI_OK;
    gw_log("%s: %s: %s", argv[0], a.text, why);
    return CLI_FAILED;
}
