/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/clock.c - the wrapped functions get no context of ours: hence the
 * one static object.
 */
#include "tests/fuzz/clock.h"

#include <assert.h>
#include <string.h>

#define NS_PER_MS 1000000u

/* Far from 0, where errors of sign would hide. */
#define START_NS ((uint64_t)1000000 * NS_PER_MS)

#define TIMERS_MAX 4u

struct timer {
    uv_timer_t *handle; /* NULL: none */
    uv_timer_cb expire; /* NULL: not running */
    uint64_t due_ms;
};

static struct {
    uint64_t now;
    struct timer timers[TIMERS_MAX];
} clock_now;

void
fuzz_clock_reset(void)
{
    memset(&clock_now, 0, sizeof(clock_now));
    clock_now.now = START_NS;
}

uint64_t
__wrap_uv_hrtime(void)
{
    return clock_now.now;
}

uint64_t
__wrap_uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return clock_now.now / NS_PER_MS;
}

/* Its own, or a free one. */
static struct timer *
timer_of(const uv_timer_t *handle)
{
    struct timer *free_one = NULL;

    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        if (clock_now.timers[i].handle == handle)
            return &clock_now.timers[i];
        if (clock_now.timers[i].handle == NULL && free_one == NULL)
            free_one = &clock_now.timers[i];
    }
    assert(free_one != NULL);
    return free_one;
}

int
__wrap_uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, uint64_t timeout,
    uint64_t repeat)
{
    assert(repeat == 0);
    *timer_of(handle) = (struct timer){
        .handle = handle,
        .expire = cb,
        .due_ms = __wrap_uv_now(handle->loop) + timeout,
    };
    return 0;
}

int
__wrap_uv_random(uv_loop_t *loop, uv_random_t *req, void *buf, size_t len,
    unsigned flags, uv_random_cb cb)
{
    (void)loop;
    (void)req;
    (void)flags;
    assert(cb == NULL);
    memset(buf, 0x5a, len);
    return 0;
}

void
fuzz_clock_step(uint64_t ns)
{
    clock_now.now += ns;
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        struct timer *t = &clock_now.timers[i];
        uv_timer_cb expire = t->expire;

        if (expire == NULL || t->due_ms > __wrap_uv_now(t->handle->loop))
            continue;
        t->expire = NULL;
        expire(t->handle);
    }
}
