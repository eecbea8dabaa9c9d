/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/memory.c - memory that is counted, and that fails when it is told to.
 */
#include "tests/memory.h"

#include <stdatomic.h>
#include <stddef.h>

/* Weak: a program need not wrap all of them. */
#define WEAK __attribute__((weak))
void *__real_malloc(size_t size) WEAK;
void *__real_calloc(size_t n, size_t size) WEAK;
void *__real_realloc(void *p, size_t size) WEAK;
void *__real_reallocarray(void *p, size_t n, size_t size) WEAK;
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static struct {
    atomic_ulong calls;
    atomic_ulong exempt;
    atomic_ulong refused;
    atomic_ulong failing;         /* so many calls from now; 0: none */
    atomic_bool goes_on;          /* all behind it fail, too */
    _Atomic(const void *) victim; /* its `self`; NULL: all threads are */
} memory;

static _Thread_local const char self; /* its address is the thread's name */
static _Thread_local unsigned exemptions;

/* ---- Orders -------------------------------------------------------------- */

static void
start(unsigned long nth, bool goes_on)
{
    atomic_store(&memory.failing, 0);
    atomic_store(&memory.calls, 0);
    atomic_store(&memory.exempt, 0);
    atomic_store(&memory.refused, 0);
    atomic_store(&memory.goes_on, goes_on);
    atomic_store(&memory.failing, nth);
}

void
memory_count(void)
{
    start(0, false);
}

void
memory_fail_nth(unsigned long nth)
{
    start(nth, false);
}

void
memory_fail_from(unsigned long nth)
{
    start(nth, true);
}

struct memory_tally
memory_so_far(void)
{
    return (struct memory_tally){
        .calls = atomic_load(&memory.calls),
        .exempt = atomic_load(&memory.exempt),
        .refused = atomic_load(&memory.refused),
    };
}

struct memory_tally
memory_suffices(void)
{
    atomic_store(&memory.failing, 0);
    return memory_so_far();
}

void
memory_only_this_thread(void)
{
    atomic_store(&memory.victim, &self);
}

void
memory_exempt_begin(void)
{
    exemptions++;
}

void
memory_exempt_end(void)
{
    exemptions--;
}

/* ---- Calls --------------------------------------------------------------- */

static bool
is_spared(void)
{
    const void *victim = atomic_load(&memory.victim);

    return exemptions > 0 || (victim != NULL && victim != &self);
}

bool
memory_is_refused(void)
{
    unsigned long now, next;

    if (is_spared())
        return false;
    now = atomic_load(&memory.failing);
    do {
        if (now == 0)
            return false;
        next = now > 1 || !atomic_load(&memory.goes_on) ? now - 1 : 1;
    } while (!atomic_compare_exchange_weak(&memory.failing, &now, next));
    if (now > 1)
        return false;
    atomic_fetch_add(&memory.refused, 1);
    return true;
}

/* One call for memory. True if there is none. */
static bool
is_short(void)
{
    if (exemptions > 0)
        atomic_fetch_add(&memory.exempt, 1);
    else if (!is_spared())
        atomic_fetch_add(&memory.calls, 1);
    return memory_is_refused();
}

void *
__wrap_malloc(size_t size)
{
    return is_short() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return is_short() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
    return is_short() ? NULL : __real_realloc(p, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return is_short() ? NULL : __real_reallocarray(p, n, size);
}
