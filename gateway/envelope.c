/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/envelope.c - see envelope.h. */
#include "gateway/envelope.h"

/* Room that is made on the word of the sender alone. */
#define TRUSTED 4096u

void
gw_envelope_init(struct gw_envelope *e)
{
    memset(e, 0, sizeof *e);
}

uint32_t
gw_envelope_length(const struct gw_envelope *e)
{
    return (uint32_t)e->head[1] << 24 | (uint32_t)e->head[2] << 16 |
        (uint32_t)e->head[3] << 8 | e->head[4];
}

void
gw_envelope_write(uint8_t head[GW_ENVELOPE_HEAD], uint8_t flags, uint32_t len)
{
    head[0] = flags;
    head[1] = (uint8_t)(len >> 24);
    head[2] = (uint8_t)(len >> 16);
    head[3] = (uint8_t)(len >> 8);
    head[4] = (uint8_t)len;
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum gw_envelope_state
gw_envelope_feed(struct gw_envelope *e, const char *data, size_t len,
    struct gw_buffer *out, size_t *used)
{
    size_t n;

    *used = 0;
    if (e->n_head < GW_ENVELOPE_HEAD) {
        n = least(GW_ENVELOPE_HEAD - e->n_head, len);
        memcpy(e->head + e->n_head, data, n);
        e->n_head = (uint8_t)(e->n_head + n);
        *used = n;
        if (e->n_head < GW_ENVELOPE_HEAD)
            return GW_ENVELOPE_MORE;
        e->left = gw_envelope_length(e);
        if (e->left > out->pb.max)
            return GW_ENVELOPE_TOO_LONG;
        gw_buffer_expect(out, least(e->left, TRUSTED));
    }
    n = least(e->left, len - *used);
    if (pb_buf_put(&out->pb, data + *used, n) != PB_OK)
        return GW_ENVELOPE_NO_MEMORY;
    *used += n;
    e->left -= (uint32_t)n;
    return e->left > 0 ? GW_ENVELOPE_MORE : GW_ENVELOPE_MESSAGE;
}
