/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/scenarios/wall_clock.c - preloaded into the program by clock_jumps.py:
 * the time of day is off by the seconds in the file that WALL_CLOCK names. The
 * file is mapped, so that the time jumps while the program runs. Other clocks
 * stay as they are.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static const int64_t *off_s; /* NULL: not yet */

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("WALL_CLOCK");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *p;

    if (fd < 0)
        abort();
    p = mmap(NULL, sizeof *off_s, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        abort();
    off_s = p;
}

EXPORTED int
clock_gettime(clockid_t clock, struct timespec *ts)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ts);
    int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_TAI;

    if (result == 0 && is_wall && off_s != NULL)
        ts->tv_sec += __atomic_load_n(off_s, __ATOMIC_RELAXED);
    return result;
}

EXPORTED int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
        return -1;
    *tv = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
    return 0;
}

EXPORTED int
timespec_get(struct timespec *ts, int base)
{
    return clock_gettime(CLOCK_REALTIME, ts) == 0 ? base : 0;
}

EXPORTED time_t
time(time_t *t)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (t != NULL)
        *t = ts.tv_sec;
    return ts.tv_sec;
}
