/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/log.c - see log.h. */
#include "gateway/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protobuf/block.h"

#define LINE_MAX_BYTES 1024u
#define TEXT_MAX_BYTES 256u

void
gw_log(const char *format, ...)
{
    char line[1024];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(line, sizeof line - 1, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    fprintf(stderr, "sluice: %s\n", line);
}

/* Of constants the compiler makes a store or two. */
static inline char *
put_text(char *p, const char *s, size_t len)
{
    memcpy(p, s, len);
    return p + len;
}

static char *
put_number(char *p, uint64_t v)
{
    char digits[20];
    char *first = digits + sizeof digits;

    do {
        *--first = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return put_text(p, first, (size_t)(digits + sizeof digits - first));
}

static char *
put_time(struct gw_access_log *log, char *p)
{
    struct timespec ts;
    struct tm tm;
    unsigned ms;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (ts.tv_sec != log->second) {
        gmtime_r(&ts.tv_sec, &tm);
        strftime(log->stamp, sizeof log->stamp, "%Y-%m-%dT%H:%M:%S", &tm);
        log->second = ts.tv_sec;
    }
    ms = (unsigned)(ts.tv_nsec / 1000000);
    p = put_text(p, log->stamp, sizeof log->stamp - 1);
    *p++ = '.';
    *p++ = (char)('0' + ms / 100);
    *p++ = (char)('0' + ms / 10 % 10);
    *p++ = (char)('0' + ms % 10);
    *p++ = 'Z';
    return p;
}

#define KEY(p, text) put_text(p, " " text "=", sizeof text + 1)

/* What could not be written, from at on, is gone: a log that cannot be written
 * must not stop work. A line that was cut is ended before the next. */
static void
drop_rest(struct gw_access_log *log, size_t at)
{
    bool lacks_end = log->buf[at] == '\n';
    bool is_cut = lacks_end || (at > 0 && log->buf[at - 1] != '\n');

    for (size_t i = lacks_end ? at + 1 : at; i < log->len; i++)
        log->lost += log->buf[i] == '\n';
    log->len = 0;
    if (is_cut)
        log->buf[log->len++] = '\n';
}

/* There is room again. */
static void
tell_lost(struct gw_access_log *log)
{
    char line[80];
    char *p = put_text(line, "time=", 5);
    ssize_t n;

    p = put_time(log, p);
    p = KEY(p, "lost");
    p = put_number(p, log->lost - log->told);
    *p++ = '\n';
    n = write(log->fd, line, (size_t)(p - line));
    if (n == p - line)
        log->told = log->lost;
    else if (n > 0)
        log->buf[log->len++] = '\n'; /* it was cut */
}

static void
flush(struct gw_access_log *log)
{
    size_t at = 0;

    while (at < log->len) {
        ssize_t n = write(log->fd, log->buf + at, log->len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            drop_rest(log, at);
            return;
        }
        at += (size_t)n;
    }
    log->len = 0;
    if (log->lost > log->told)
        tell_lost(log);
}

static void
on_flush(struct sluice_task *task)
{
    flush((struct gw_access_log *)task);
}

void
gw_access_log_init(struct gw_access_log *log, struct sluice_loop *loop, int fd)
{
    log->flush = (struct sluice_task){ .run = on_flush };
    log->loop = loop;
    log->fd = fd;
    log->len = 0;
    log->lost = 0;
    log->told = 0;
    log->second = -1;
}

void
gw_access_log_fini(struct gw_access_log *log)
{
    sluice_task_cancel(&log->flush);
    if (log->fd >= 0)
        flush(log);
}

/* What would break the line or the quotes. */
static const bool is_bad[256] = {
    [0x00 ... 0x1f] = true,
    ['"'] = true,
    ['\\'] = true,
    [0x7f ... 0xff] = true,
};

/* It becomes two hex digits. */
static char *
put_bad(char *p, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    *p++ = '\\';
    *p++ = 'x';
    *p++ = hex[c >> 4];
    *p++ = hex[c & 15];
    return p;
}

/* Of eight bytes that are all good the highest bits are 0, and one more carries
 * a DEL there. */
static bool
is_good(uint64_t word)
{
    return ((pb_word_special(word) | (word + PB_EACH(1))) & PB_EACH(0x80)) == 0;
}

static char *
put_quoted(char *p, const char *s, size_t len)
{
    size_t cut = len > TEXT_MAX_BYTES ? TEXT_MAX_BYTES : len;
    size_t i = 0;

    *p++ = '"';
    for (uint64_t word; i + sizeof word <= cut; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        if (!is_good(word))
            break;
        p = put_text(p, s + i, sizeof word);
    }
    for (; i < cut; i++) {
        unsigned char c = (unsigned char)s[i];

        if (is_bad[c])
            p = put_bad(p, c);
        else
            *p++ = (char)c;
    }
    if (cut < len)
        p = put_text(p, "...", 3);
    *p++ = '"';
    return p;
}

static char *
put_line(struct gw_access_log *log, char *p, const struct gw_access_line *line)
{
    p = put_text(p, "time=", 5);
    p = put_time(log, p);
    p = KEY(p, "status");
    p = put_number(p, line->status);
    p = KEY(p, "method");
    p = put_quoted(p, line->verb, strlen(line->verb));
    p = KEY(p, "path");
    p = put_quoted(p, line->path, line->path_len);
    if (line->group != NULL) {
        p = KEY(p, "rpc");
        p = put_quoted(p, line->group, strlen(line->group));
        p = KEY(p, "rpc_method");
        p = put_quoted(p, line->method, strlen(line->method));
    }
    p = KEY(p, "outcome");
    p = put_quoted(p, line->outcome, strlen(line->outcome));
    if (line->code >= 0) {
        p = KEY(p, "code");
        p = put_number(p, (uint64_t)line->code);
    }
    p = KEY(p, "in");
    p = put_number(p, line->bytes_in);
    p = KEY(p, "out");
    p = put_number(p, line->bytes_out);
    p = KEY(p, "us");
    p = put_number(p, (uint64_t)line->duration_ns / 1000);
    p = KEY(p, "remote");
    p = put_quoted(p, line->remote, strlen(line->remote));
    *p++ = '\n';
    return p;
}

void
gw_access_log_write(struct gw_access_log *log,
    const struct gw_access_line *line)
{
    /* Each of the six texts grows fourfold at most, plus keys and numbers. */
    char text[6 * (TEXT_MAX_BYTES * 4 + 8) + LINE_MAX_BYTES];
    size_t n;

    if (!gw_access_log_is_on(log))
        return;
    n = (size_t)(put_line(log, text, line) - text);
    if (sizeof log->buf - log->len < n)
        flush(log);
    memcpy(log->buf + log->len, text, n);
    log->len += n;
    sluice_loop_defer_late(log->loop, &log->flush);
}
