/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/memory.h - memory that is counted, and that fails when it is told to.
 *
 * The linker puts our malloc, calloc, realloc and reallocarray in front of the
 * real ones, for all that a program is linked from; shared libraries keep
 * theirs. A test lists $(memory) among its sources and says
 *
 *     tests_X_test_Y_LDFLAGS = $(AM_LDFLAGS) $(memory_link)
 *
 * or -Wl,--wrap=NAME of its own, if it wants some of them only.
 *
 * Threads  Any thread may call any of this at any time.
 */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include <stdbool.h>

struct memory_tally {
    unsigned long calls; /* for memory, but for those that are exempt */
    unsigned long exempt;
    unsigned long refused; /* of all that may be refused */
};

/* Counts from zero; there is enough. */
void memory_count(void);

/* Counts from zero; the nth call from now fails, once. 1 is the next. */
void memory_fail_nth(unsigned long nth);

/* The same; all that follow fail, too. */
void memory_fail_from(unsigned long nth);

/* Since counting began. */
struct memory_tally memory_so_far(void);

/* There is enough again. Counting goes on; returns what there was so far. */
struct memory_tally memory_suffices(void);

/* From now on the others' calls neither count nor fail. */
void memory_only_this_thread(void);

/* What this thread asks for in between is exempt: it never fails. Nests. */
void memory_exempt_begin(void);
void memory_exempt_end(void);

/* For what else a test makes run short along with memory: takes its turn among
 * the calls, but is not counted as one. True if it is to fail. */
bool memory_is_refused(void);

#endif
