/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/api.h - what every public header shares: the export mark, the result
 * codes and the borrowed string.
 */
#ifndef SLUICE_API_H
#define SLUICE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SLUICE_API __attribute__((visibility("default")))
#define SLUICE_MUST_USE __attribute__((warn_unused_result))

/* What a function reports when it could not do what was asked. None of these
 * ever travels to the other side of an operation. */
enum sluice_err {
    SLUICE_OK = 0,
    SLUICE_ENOMEM,     /* memory is short; nothing was changed */
    SLUICE_EINVAL,     /* an argument breaks the function's contract */
    SLUICE_ESTATE,     /* right call, wrong moment (a stopped End, a second
                        initial metadata) */
    SLUICE_ETHREAD,    /* a loop-thread function called elsewhere, or a blocking
                        one called on the loop thread */
    SLUICE_ELIMIT,     /* a documented limit would be exceeded */
    SLUICE_ENOTFOUND,  /* no such thing under that name */
    SLUICE_EABORTED,   /* the RPC has aborted; its Abortion says how */
    SLUICE_ECANCELLED, /* the RPC was cancelled before it had a result */
    SLUICE_ETIMEDOUT,  /* not within the time given; what was waited for goes
                        on */
    SLUICE_EEND        /* there are no more values */
};

/* A constant sentence fragment such as "memory is short"; never NULL. */
SLUICE_API const char *sluice_err_text(enum sluice_err err);

/* Borrowed text or bytes with a length. ptr == NULL means "absent", which is
 * distinct from len == 0, "empty". The lender is named where one is used. */
struct sluice_str {
    const char *ptr;
    size_t len;
};

static inline struct sluice_str
sluice_str(const char *s)
{
    struct sluice_str v = { s, s == NULL ? 0 : strlen(s) };

    return v;
}

static inline struct sluice_str
sluice_str_n(const char *s, size_t len)
{
    struct sluice_str v = { s, len };

    return v;
}

static inline bool
sluice_str_equal(struct sluice_str a, struct sluice_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Durations are nanoseconds in int64_t, and instants are nanoseconds of a
 * monotonic clock in uint64_t, everywhere in libsluice. SLUICE_NO_TIMEOUT is
 * the duration without end. */
#define SLUICE_NO_TIMEOUT INT64_MAX
#define SLUICE_MS ((int64_t)1000000)
#define SLUICE_SECOND ((int64_t)1000000000)

#endif
