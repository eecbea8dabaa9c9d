/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/meter.h - counts calls and says what they cost this process: CPU time
 * (user and system, from getrusage), heap allocations, and how many calls one
 * turn of the loop gathers. The first calls only warm up.
 *
 * With a meter goes bench/heap.c, which must be linked into the program.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

/* What the benchmarks of the RPC framework and the bare exchange agree on. */
#define BENCH_MESSAGE_BYTES 100u
#define BENCH_CONCURRENCY 100u
#define BENCH_GROUP "sluice.bench.v1.Bench"
#define BENCH_METHOD "Echo"
#define BENCH_TIMEOUT_S 20

struct meter_reading {
    double cpu_s;
    double wall_s;
    uint64_t allocations; /* by all but nghttp2 */
    uint64_t nghttp2_allocations;
    uint64_t turns;
};

struct meter {
    uint64_t warm_up;
    uint64_t count;
    uint64_t done; /* of both */
    uint64_t turns;
    uv_prepare_t prepare;
    struct meter_reading begin;
    struct meter_reading end;
};

/* Measures count calls after warm_up others, both from the command line:
 * [COUNT [WARM-UP]]; ends the program with a usage when they are not numbers.
 * The meter's handle does not keep the loop going. */
void meter_init(struct meter *meter, uv_loop_t *uv, int argc, char **argv);

/* One call more is done. */
void meter_tick(struct meter *meter);

/* True when that was the last. */
bool meter_is_over(const struct meter *meter);

/* Closes the handle; memory is free after the next turn. */
void meter_close(struct meter *meter);

/* One line of NAME=VALUE. */
void meter_print(const struct meter *meter);

/* Ends the program: a measurement that goes wrong measures nothing. */
_Noreturn void bench_fail(const char *why);

/* ---- bench/heap.c ------------------------------------------------------- */

/* Allocations since the start, by all but nghttp2, and by nghttp2. */
uint64_t heap_allocations(void);
uint64_t heap_nghttp2_allocations(void);

#endif
