/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/clock.h - time that passes only when a fuzz target says so, and
 * chance that is the same each time. They stand in for libuv's clock, for the
 * libuv timers of a sluice_loop, and for libuv's random bytes: a target is linked
 * with fuzz_clock_link and never waits.
 */
#ifndef TESTS_FUZZ_CLOCK_H
#define TESTS_FUZZ_CLOCK_H

#include <uv.h>

/* Back to the start; before the loop is made. */
void fuzz_clock_reset(void);

/* Lets time pass and runs the loop's timers that are due, each once. Those that
 * are due again at once wait for the next step, which may be one of 0. */
void fuzz_clock_step(uint64_t ns);

/* What libsluice calls in place of libuv. */
uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, uint64_t timeout,
    uint64_t repeat);
int __wrap_uv_random(uv_loop_t *loop, uv_random_t *req, void *buf, size_t len,
    unsigned flags, uv_random_cb cb);

#endif
