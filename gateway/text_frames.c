/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/text_frames.c - see text_frames.h. */
#include "gateway/text_frames.h"

#include <sluice/grpc.h>

/* Standard alphabet; 64 and up: no such character. */
static unsigned
value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* One more character of a group; false: it cannot stand there. */
static bool
take(struct gw_text_frames *t, char c)
{
    unsigned value = value_of(c);

    if (c == '=') {
        if (t->n_chars < 2)
            return false;
        t->n_padding++;
        value = 0;
    } else if (value > 63 || t->n_padding > 0) {
        return false;
    }
    t->bits = t->bits << 6 | value;
    t->n_chars++;
    return true;
}

bool
gw_text_frames_feed(struct gw_text_frames *t, const char *text, size_t len,
    size_t *used, uint8_t *out, size_t room, size_t *written)
{
    size_t n = 0;

    *written = 0;
    for (*used = 0; *used < len && n + 3 <= room; (*used)++) {
        if (!take(t, text[*used]))
            return false;
        if (t->n_chars < 4)
            continue;
        out[n] = (uint8_t)(t->bits >> 16);
        out[n + 1] = (uint8_t)(t->bits >> 8);
        out[n + 2] = (uint8_t)t->bits;
        n += 3u - t->n_padding;
        *t = (struct gw_text_frames){ 0 };
        *written = n;
    }
    return true;
}

enum pb_err
gw_text_frames_put(struct pb_buf *out, const void *p, size_t n)
{
    enum pb_err err = pb_buf_reserve(out, n / 3 * 4 + 4);
    size_t at = out->len;

    if (err != PB_OK)
        return err;
    out->len += sluice_base64_encode(p, n, (char *)out->data + at);
    while ((out->len - at) % 4 != 0)
        out->data[out->len++] = '=';
    return PB_OK;
}
