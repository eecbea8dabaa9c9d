/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/buf.h - the growing output buffer every encoder here writes to, and
 * the error record every parser here fills. Allocation is the owner's: grow
 * decides where the bytes live and when enough is enough.
 */
#ifndef PB_BUF_H
#define PB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pb_buf {
    uint8_t *data; /* may move in grow */
    size_t len;    /* written so far */
    size_t cap;
    size_t max; /* limit on len; exceeding it is PB_EFULL */
    /* Makes room for need more bytes (cap - len >= need) or, for an output
     * that is drained, empties data and resets len. false: out of memory. May
     * be NULL: the buffer is fixed. Never asked for more than max. */
    bool (*grow)(struct pb_buf *b, size_t need);
    void *arg;
};

enum pb_err {
    PB_OK = 0,
    PB_ENOMEM,
    PB_EFULL,    /* the output would be over its own limit */
    PB_EMANY,    /* more values in one text than its reader may take */
    PB_ELIMIT,   /* another size, depth or count over a limit */
    PB_ESYNTAX,  /* not JSON, not wire format, not a template... */
    PB_EVALUE,   /* well formed, but not a value of the field's type */
    PB_EUNKNOWN, /* no such field, enum value or type */
    PB_EDUPLICATE
};

/* Where and what. Texts are complete, printable UTF-8, NUL-terminated, cut at
 * their room; input bytes appear in them only escaped and shortened. */
struct pb_error {
    enum pb_err kind;
    size_t offset;     /* bytes from the start of the input */
    unsigned line;     /* from 1; 0: not a text */
    unsigned column;   /* from 1, in bytes */
    char path[256];    /* JSON names: book.authors[2].name; "" at the top */
    char message[256]; /* "expected an int32, found \"abc\"" */
};

/* No error. Of the texts the first byte says all: half a kilobyte of zeros for
 * every piece of a body would be felt. */
static inline void
pb_error_clear(struct pb_error *e)
{
    e->kind = PB_OK;
    e->offset = 0;
    e->line = 0;
    e->column = 0;
    e->path[0] = '\0';
    e->message[0] = '\0';
}

/* Room for n more bytes. PB_EFULL or PB_ENOMEM. */
enum pb_err pb_buf_reserve_slow(struct pb_buf *b, size_t n);

static inline enum pb_err
pb_buf_reserve(struct pb_buf *b, size_t n)
{
    return b->cap - b->len >= n ? PB_OK : pb_buf_reserve_slow(b, n);
}

static inline enum pb_err
pb_buf_put(struct pb_buf *b, const void *p, size_t n)
{
    enum pb_err err = pb_buf_reserve(b, n);

    if (err == PB_OK && n > 0) {
        memcpy(b->data + b->len, p, n);
        b->len += n;
    }
    return err;
}

/* A buffer on the heap: grow is realloc by doubling; fini frees. */
void pb_buf_init_heap(struct pb_buf *b, size_t max);
void pb_buf_fini_heap(struct pb_buf *b);

/* Length of the well-formed UTF-8 sequence at s, 1..4, and its code; 0 when
 * there is none before end. */
size_t pb_utf8_next(const uint8_t *s, const uint8_t *end, uint32_t *code);

/* Fills *e (when not NULL): kind, and message from the format; all else is
 * cleared, so set offset, line, column and path after it. What is not
 * printable UTF-8 in the arguments appears as \xNN. Returns kind. */
enum pb_err pb_error_set(struct pb_error *e, enum pb_err kind,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
