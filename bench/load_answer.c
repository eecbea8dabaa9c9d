/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/load_answer.c - reads one HTTP/1.1 answer as it arrives.
 *
 * Each part takes what it can of the bytes and names the part that follows.
 * Lines are gathered in one buffer, bodies are never copied.
 */
#include "bench/load_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
load_answer_begin(struct load_answer *a, const struct load_expected *expected)
{
    a->expected = expected;
    a->part = LOAD_HEAD;
    a->status = 0;
    a->grpc_status = -1;
    a->closes = false;
    a->body_len = 0;
    a->line_len = 0;
    a->why = NULL;
}

static enum load_verdict
wrong(struct load_answer *a, const char *why)
{
    a->why = why;
    return LOAD_WRONG;
}

static enum load_verdict
finish(struct load_answer *a)
{
    const struct load_expected *e = a->expected;

    if (e == NULL)
        return LOAD_DONE;
    if (a->status != e->status)
        return wrong(a, "another status");
    if (e->grpc_status >= 0 && a->grpc_status != e->grpc_status)
        return wrong(a, "another grpc-status");
    if (a->body_len != e->body_len)
        return wrong(a, "a body of another length");
    return LOAD_DONE;
}

/* ------------------------------------------------------------------ lines */

/* Takes bytes up to and with mark, which stays in the line. False: they did
 * not suffice, or there was no room. */
static bool
take_line(struct load_answer *a, const char **data, size_t *len,
    const char *mark)
{
    size_t mark_len = strlen(mark);

    while (*len > 0 && a->line_len < LOAD_HEAD_BYTES - 1) {
        char byte = **data;

        a->line[a->line_len++] = byte;
        (*data)++;
        (*len)--;
        if (byte == '\n' && a->line_len >= mark_len &&
            memcmp(a->line + a->line_len - mark_len, mark, mark_len) == 0) {
            a->line[a->line_len] = '\0';
            return true;
        }
    }
    return false;
}

static bool
has_overflown(const struct load_answer *a)
{
    return a->line_len == LOAD_HEAD_BYTES - 1;
}

/* What follows "name:" in a line; NULL: it is another field. */
static const char *
value_of(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    line += len + 1;
    return line + strspn(line, " \t");
}

static void
read_field(struct load_answer *a, const char *line)
{
    const char *value;

    if ((value = value_of(line, "content-length")) != NULL) {
        a->left = strtoull(value, NULL, 10);
        a->part = LOAD_BODY;
    } else if ((value = value_of(line, "transfer-encoding")) != NULL) {
        a->part = LOAD_CHUNK_SIZE;
    } else if ((value = value_of(line, "grpc-status")) != NULL) {
        a->grpc_status = (int)strtol(value, NULL, 10);
    } else if ((value = value_of(line, "connection")) != NULL) {
        a->closes = strncasecmp(value, "close", 5) == 0;
    }
}

static void
read_fields(struct load_answer *a, const char *line)
{
    const char *end;

    for (; (end = strstr(line, "\r\n")) != NULL && end > line; line = end + 2)
        read_field(a, line);
}

static enum load_verdict
read_head(struct load_answer *a, const char **data, size_t *len)
{
    if (!take_line(a, data, len, "\r\n\r\n"))
        return has_overflown(a) ? wrong(a, "a head too long") : LOAD_MORE;
    if (strncmp(a->line, "HTTP/1.1 ", 9) != 0)
        return wrong(a, "no HTTP/1.1");
    a->status = (int)strtol(a->line + 9, NULL, 10);
    a->part = LOAD_REST;
    read_fields(a, strstr(a->line, "\r\n") + 2);
    a->line_len = 0;
    if (a->status < 200)
        a->part = LOAD_HEAD;
    else if (a->status == 204 || (a->part == LOAD_BODY && a->left == 0))
        return finish(a);
    return LOAD_MORE;
}

static enum load_verdict
read_trailers(struct load_answer *a, const char **data, size_t *len)
{
    if (!take_line(a, data, len, "\r\n"))
        return has_overflown(a) ? wrong(a, "trailers too long") : LOAD_MORE;
    if (a->line_len == 2)
        return finish(a);
    read_field(a, a->line);
    a->part = LOAD_TRAILERS;
    a->line_len = 0;
    return LOAD_MORE;
}

static enum load_verdict
read_chunk_size(struct load_answer *a, const char **data, size_t *len)
{
    if (!take_line(a, data, len, "\r\n"))
        return has_overflown(a) ? wrong(a, "a chunk's size") : LOAD_MORE;
    a->left = strtoull(a->line, NULL, 16);
    a->part = a->left > 0 ? LOAD_CHUNK : LOAD_TRAILERS;
    a->line_len = 0;
    return LOAD_MORE;
}

static enum load_verdict
read_chunk_end(struct load_answer *a, const char **data, size_t *len)
{
    if (!take_line(a, data, len, "\r\n"))
        return has_overflown(a) ? wrong(a, "a chunk's end") : LOAD_MORE;
    if (a->line_len != 2)
        return wrong(a, "a chunk longer than it says");
    a->part = LOAD_CHUNK_SIZE;
    a->line_len = 0;
    return LOAD_MORE;
}

/* ------------------------------------------------------------------- body */

static enum load_verdict
read_body(struct load_answer *a, const char **data, size_t *len)
{
    const struct load_expected *e = a->expected;
    size_t n = *len;

    if (a->part != LOAD_REST && n > a->left)
        n = (size_t)a->left;
    if (e != NULL &&
        (n > e->body_len - a->body_len ||
            memcmp(*data, e->body + a->body_len, n) != 0))
        return wrong(a, "another body");
    if (a->copy != NULL)
        fwrite(*data, 1, n, a->copy);
    a->body_len += n;
    a->left -= a->part == LOAD_REST ? 0 : n;
    *data += n;
    *len -= n;
    if (a->part == LOAD_REST || a->left > 0)
        return LOAD_MORE;
    if (a->part == LOAD_BODY)
        return finish(a);
    a->part = LOAD_CHUNK_END;
    return LOAD_MORE;
}

static enum load_verdict
read_part(struct load_answer *a, const char **data, size_t *len)
{
    switch (a->part) {
    case LOAD_HEAD:
        return read_head(a, data, len);
    case LOAD_BODY:
    case LOAD_REST:
    case LOAD_CHUNK:
        return read_body(a, data, len);
    case LOAD_CHUNK_SIZE:
        return read_chunk_size(a, data, len);
    case LOAD_CHUNK_END:
        return read_chunk_end(a, data, len);
    case LOAD_TRAILERS:
        return read_trailers(a, data, len);
    }
    abort();
}

enum load_verdict
load_answer_feed(struct load_answer *a, const char *data, size_t *len)
{
    enum load_verdict verdict = LOAD_MORE;
    const char *p = data;
    size_t left = *len;

    while (left > 0 && verdict == LOAD_MORE)
        verdict = read_part(a, &p, &left);
    *len -= left;
    return verdict;
}

enum load_verdict
load_answer_end(struct load_answer *a)
{
    if (a->part != LOAD_REST)
        return wrong(a, "broken off");
    return finish(a);
}
