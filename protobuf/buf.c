/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing buffers and error texts. An error text may quote what a stranger
 * sent, so every byte of it passes one filter: valid, printable UTF-8 goes
 * through, anything else leaves as \xNN.
 */
#include "protobuf/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HEAP_FIRST_BYTES = 256,
    FORMATTED_BYTES = 512, /* more than a message can show */
};

/* ---- Buffers ------------------------------------------------------------ */

enum pb_err
pb_buf_reserve_slow(struct pb_buf *b, size_t n)
{
    if (b->len > b->max || n > b->max - b->len || b->grow == NULL)
        return PB_EFULL;
    if (!b->grow(b, n))
        return PB_ENOMEM;
    assert(b->cap - b->len >= n);
    return PB_OK;
}

/* need is at most max - len: the sums cannot overflow. */
static bool
grow_on_heap(struct pb_buf *b, size_t need)
{
    size_t cap = b->cap < HEAP_FIRST_BYTES ? HEAP_FIRST_BYTES : b->cap;
    uint8_t *data;

    if (b->cap > 0)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap < b->len + need)
        cap = b->len + need;
    if (cap > b->max)
        cap = b->max;

    data = realloc(b->data, cap);
    if (data == NULL)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

void
pb_buf_init_heap(struct pb_buf *b, size_t max)
{
    *b = (struct pb_buf){ .max = max, .grow = grow_on_heap };
}

void
pb_buf_fini_heap(struct pb_buf *b)
{
    free(b->data);
    *b = (struct pb_buf){ .max = b->max, .grow = b->grow };
}

/* ---- Errors ------------------------------------------------------------- */

/* Unicode 15, table 3-7. */
size_t
pb_utf8_next(const uint8_t *s, const uint8_t *end, uint32_t *code)
{
    uint32_t c;
    size_t n;

    if (s >= end)
        return 0;
    c = s[0];
    n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n == 0 || c > 0xf4 || n > (size_t)(end - s))
        return 0;
    if (n > 1)
        c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
        return 0;
    if (c >= 0xd800 && c <= 0xdfff)
        return 0;
    *code = c;
    return n;
}

/* Controls, and what reorders or breaks a line of text. */
static bool
is_printable(uint32_t code)
{
    return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) &&
        !(code >= 0x2028 && code <= 0x202e) &&
        !(code >= 0x2066 && code <= 0x2069) && code != 0xfeff;
}

/* Copies text, escaped, into room bytes at to; cuts between characters. */
static void
copy_printable(char *to, size_t room, const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    const uint8_t *end = s + strlen(text);

    while (*s != '\0') {
        char escaped[8];
        uint32_t code;
        size_t n = pb_utf8_next(s, end, &code);
        const void *piece = s;
        size_t piece_len = n;

        if (n == 0 || !is_printable(code)) {
            n = 1;
            piece_len =
                (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", *s);
            piece = escaped;
        }
        if (piece_len >= room)
            break;
        memcpy(to, piece, piece_len);
        to += piece_len;
        room -= piece_len;
        s += n;
    }
    *to = '\0';
}

enum pb_err
pb_error_set(struct pb_error *e, enum pb_err kind, const char *format, ...)
{
    char text[FORMATTED_BYTES];
    va_list args;

    if (e == NULL)
        return kind;
    *e = (struct pb_error){ .kind = kind };
    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    copy_printable(e->message, sizeof e->message, text);
    return kind;
}
