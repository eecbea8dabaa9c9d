/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/log.h - one event, one line: "key=value key="quoted text"".
 *
 * Messages about the program go to stderr at once. Access lines are gathered
 * per worker and written once per turn of its loop.
 */
#ifndef GW_LOG_H
#define GW_LOG_H

#include <sluice/loop.h>

/* An error or a notice of the whole program: "sluice: ..." on stderr. */
void gw_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lines of one worker on their way to the access log. */
struct gw_access_log {
    struct sluice_task flush;
    struct sluice_loop *loop;
    int fd; /* -1: off */
    size_t len;
    uint64_t lost;  /* lines that a full disk or pipe swallowed */
    uint64_t told;  /* how many of them a line has told of */
    int64_t second; /* that stamp shows; it is made once a second */
    char stamp[20]; /* "2026-01-31T23:59:59" */
    char buf[16384];
};

/* fd stays the caller's. */
void gw_access_log_init(struct gw_access_log *log, struct sluice_loop *loop,
    int fd);
void gw_access_log_fini(struct gw_access_log *log);

static inline bool
gw_access_log_is_on(const struct gw_access_log *log)
{
    return log->fd >= 0;
}

/* What one line says. Texts may be anything: they are quoted and cut. */
struct gw_access_line {
    unsigned status;
    const char *verb;
    const char *path; /* without the query: it may hold secrets */
    size_t path_len;
    const char *group; /* NULL: no RPC was found */
    const char *method;
    const char *outcome; /* "ok", an abortion kind, or what refused it */
    int code;            /* canonical code; -1: none */
    uint64_t bytes_in;
    uint64_t bytes_out;
    int64_t duration_ns;
    const char *remote;
};

/* Nothing while it is off. */
void gw_access_log_write(struct gw_access_log *log,
    const struct gw_access_line *line);

#endif
