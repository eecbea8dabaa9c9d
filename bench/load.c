/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/load.c - the load generator: HTTP/1.1, one thread. The request is a
 * file with all its bytes, the answer's body another one: whoever calls this
 * knows what a gateway should say, and here it is only compared.
 *
 *   load --port N --request FILE [OPTION...]
 *
 *     --connections N  (1)     --seconds S  (1)      --count N
 *     --rate R                 --churn               --hold
 *     --status N  (200)        --grpc-status N       --answer FILE
 *     --once FILE              one request, any answer; its body goes to FILE
 *
 * Prints one line of NAME=VALUE. What the modes mean: bench/load_client.h.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/load_client.h"

enum option_name {
    OPT_PORT = 1,
    OPT_REQUEST,
    OPT_CONNECTIONS,
    OPT_SECONDS,
    OPT_COUNT,
    OPT_RATE,
    OPT_CHURN,
    OPT_HOLD,
    OPT_STATUS,
    OPT_GRPC_STATUS,
    OPT_ANSWER,
    OPT_ONCE,
};

static const struct option options[] = {
    { "port", required_argument, NULL, OPT_PORT },
    { "request", required_argument, NULL, OPT_REQUEST },
    { "connections", required_argument, NULL, OPT_CONNECTIONS },
    { "seconds", required_argument, NULL, OPT_SECONDS },
    { "count", required_argument, NULL, OPT_COUNT },
    { "rate", required_argument, NULL, OPT_RATE },
    { "churn", no_argument, NULL, OPT_CHURN },
    { "hold", no_argument, NULL, OPT_HOLD },
    { "status", required_argument, NULL, OPT_STATUS },
    { "grpc-status", required_argument, NULL, OPT_GRPC_STATUS },
    { "answer", required_argument, NULL, OPT_ANSWER },
    { "once", required_argument, NULL, OPT_ONCE },
    { NULL, 0, NULL, 0 },
};

static _Noreturn void
die(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(2);
}

static double
number(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0 && value < 1e12))
        die(text, "not a number that makes sense");
    return value;
}

static char *
read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    long size = -1;

    if (f != NULL && fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    if (size >= 0 && fseek(f, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)size + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, f) != (size_t)size)
        die(path, "cannot be read");
    fclose(f);
    *len = (size_t)size;
    return bytes;
}

static void
take_option(int name, const char *value, struct load_plan *plan,
    struct load_expected *expected)
{
    switch ((enum option_name)name) {
    case OPT_PORT:
        plan->port = (int)number(value);
        break;
    case OPT_REQUEST:
        plan->request = read_file(value, &plan->request_len);
        break;
    case OPT_CONNECTIONS:
        plan->n_connections = (unsigned)number(value);
        break;
    case OPT_SECONDS:
        plan->seconds = number(value);
        break;
    case OPT_COUNT:
        plan->n_requests = (uint64_t)number(value);
        plan->seconds = 3600;
        break;
    case OPT_RATE:
        plan->rate = number(value);
        break;
    case OPT_CHURN:
        plan->is_churn = true;
        break;
    case OPT_HOLD:
        plan->is_hold = true;
        break;
    case OPT_STATUS:
        expected->status = (int)number(value);
        break;
    case OPT_GRPC_STATUS:
        expected->grpc_status = (int)number(value);
        break;
    case OPT_ANSWER:
        expected->body = read_file(value, &expected->body_len);
        plan->expected = expected;
        break;
    case OPT_ONCE:
        plan->copy = fopen(value, "wb");
        plan->n_requests = 1;
        if (plan->copy == NULL)
            die(value, "cannot be written");
        break;
    }
}

static int
by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t
percentile(const struct load_result *r, double share)
{
    if (r->n_latencies == 0)
        return 0;
    return r->latencies_us[(size_t)(share * (double)(r->n_latencies - 1))];
}

static double
own_cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
        (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
print_result(struct load_result *r)
{
    double cpu_s = own_cpu_s();

    qsort(r->latencies_us, r->n_latencies, sizeof(uint32_t), by_size);
    printf("right=%llu wrong=%llu broken=%llu seconds=%.6f cpu_s=%.6f "
           "p50_us=%u p99_us=%u p999_us=%u status=%d grpc_status=%d\n",
        (unsigned long long)r->n_right, (unsigned long long)r->n_wrong,
        (unsigned long long)r->n_broken, r->seconds, cpu_s, percentile(r, 0.5),
        percentile(r, 0.99), percentile(r, 0.999), r->status, r->grpc_status);
    if (r->why[0] != '\0')
        fprintf(stderr, "load: %s\n", r->why);
}

int
main(int argc, char **argv)
{
    struct load_expected expected = { .status = 200, .grpc_status = -1 };
    struct load_plan plan = { .n_connections = 1, .seconds = 1 };
    struct load_result result;
    int name;

    while ((name = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (name == '?')
            return 2;
        take_option(name, optarg, &plan, &expected);
    }
    if (optind != argc || plan.port == 0 || plan.request == NULL ||
        plan.n_connections == 0 || (plan.is_hold && plan.expected == NULL))
        die("usage", "load --port N --request FILE [OPTION...]");
    if (!load_run(&plan, &result))
        die("cannot go on", result.why);
    print_result(&result);
    if (plan.copy != NULL && fclose(plan.copy) != 0)
        die("--once", "cannot be written");
    free(result.latencies_us);
    free((char *)plan.request);
    free((char *)expected.body);
    return 0;
}
