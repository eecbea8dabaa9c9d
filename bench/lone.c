/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/lone.c - one client with one connection, a request at a time: how long
 * an answer takes where nothing is in the way but what the server holds.
 *
 *   lone PORT          reads counts, one a line; makes so many requests of
 *                      POST /v1/echo and prints "P50 P99", in microseconds
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 1000000
#define BODY "{\"name\":\"lone\",\"number\":\"7\"}"

static const char request[] = "POST /v1/echo HTTP/1.1\r\nHost: bench\r\n"
                              "Content-Type: application/json\r\n"
                              "Content-Length: 28\r\n\r\n" BODY;

static _Noreturn void
fail(const char *why)
{
    fprintf(stderr, "lone: %s\n", why);
    exit(1);
}

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
connect_to(const char *port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
    };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        fail("cannot connect");
    return fd;
}

/* Answers are small, so one comes in one piece, or nearly always does. */
static void
ask(int fd)
{
    char answer[4096];
    size_t len = 0;

    if (send(fd, request, sizeof request - 1, 0) != sizeof request - 1)
        fail("cannot send");
    do {
        ssize_t n = recv(fd, answer + len, sizeof answer - 1 - len, 0);

        if (n <= 0)
            fail("no answer");
        len += (size_t)n;
        answer[len] = '\0';
    } while (strstr(answer, "\r\n\r\n" BODY) == NULL);
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
        fail("not the answer that was expected");
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void
measure(int fd, size_t count)
{
    uint64_t *times = calloc(count, sizeof *times);

    if (times == NULL)
        fail("memory is short");
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = now_ns();

        ask(fd);
        times[i] = now_ns() - begin;
    }
    qsort(times, count, sizeof *times, compare);
    printf("%.2f %.2f\n", (double)times[count / 2] / 1e3,
        (double)times[count * 99 / 100] / 1e3);
    fflush(stdout);
    free(times);
}

int
main(int argc, char **argv)
{
    char line[32];
    int fd;

    if (argc != 2)
        fail("usage: lone PORT");
    fd = connect_to(argv[1]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        long count = strtol(line, NULL, 10);

        if (count < 1 || count > COUNT_MAX)
            fail("a count, one a line");
        measure(fd, (size_t)count);
    }
    close(fd);
    return 0;
}
