/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/meter.c - counts calls and says what they cost.
 */
#include "bench/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define DEFAULT_COUNT 400000u
#define DEFAULT_WARM_UP 20000u

_Noreturn void
bench_fail(const char *why)
{
    fprintf(stderr, "bench: %s\n", why);
    exit(1);
}

static uint64_t
number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);

    if (end == text || *end != '\0')
        bench_fail("usage: [COUNT [WARM-UP]] after the program's own");
    return n;
}

static double
seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static struct meter_reading
read_now(const struct meter *meter)
{
    struct meter_reading r;
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        bench_fail("getrusage does not work");
    r.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    r.wall_s = (double)uv_hrtime() / 1e9;
    r.allocations = heap_allocations();
    r.nghttp2_allocations = heap_nghttp2_allocations();
    r.turns = meter->turns;
    return r;
}

static void
on_turn(uv_prepare_t *handle)
{
    struct meter *meter = handle->data;

    meter->turns++;
}

void
meter_init(struct meter *meter, uv_loop_t *uv, int argc, char **argv)
{
    meter->count = argc > 0 ? number(argv[0]) : DEFAULT_COUNT;
    meter->warm_up = argc > 1 ? number(argv[1]) : DEFAULT_WARM_UP;
    if (argc > 2 || meter->count == 0 || meter->warm_up == 0)
        bench_fail("usage: [COUNT [WARM-UP]] after the program's own");
    meter->done = 0;
    meter->turns = 0;
    uv_prepare_init(uv, &meter->prepare);
    meter->prepare.data = meter;
    uv_prepare_start(&meter->prepare, on_turn);
    uv_unref((uv_handle_t *)&meter->prepare);
}

void
meter_tick(struct meter *meter)
{
    meter->done++;
    if (meter->done == meter->warm_up)
        meter->begin = read_now(meter);
    else if (meter->done == meter->warm_up + meter->count)
        meter->end = read_now(meter);
}

bool
meter_is_over(const struct meter *meter)
{
    return meter->done >= meter->warm_up + meter->count;
}

void
meter_close(struct meter *meter)
{
    uv_close((uv_handle_t *)&meter->prepare, NULL);
}

static double
per_call(const struct meter *meter, uint64_t begin, uint64_t end)
{
    return (double)(end - begin) / (double)meter->count;
}

void
meter_print(const struct meter *m)
{
    uint64_t turns = m->end.turns - m->begin.turns;

    printf("calls=%llu cpu_s=%.6f wall_s=%.6f calls_per_turn=%.1f "
           "allocations_per_call=%.4f nghttp2_allocations_per_call=%.4f\n",
        (unsigned long long)m->count, m->end.cpu_s - m->begin.cpu_s,
        m->end.wall_s - m->begin.wall_s,
        (double)m->count / (double)(turns > 0 ? turns : 1),
        per_call(m, m->begin.allocations, m->end.allocations),
        per_call(m, m->begin.nghttp2_allocations, m->end.nghttp2_allocations));
}
