/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/buffer.c - see buffer.h. */
#include "gateway/buffer.h"

#define FIRST_BYTES 480u /* with the block's own head: one 512-byte class */

static bool
grow(struct pb_buf *pb, size_t need)
{
    struct gw_buffer *b = pb->arg;
    size_t want = pb->cap < FIRST_BYTES / 2 ? FIRST_BYTES : pb->cap * 2;
    struct sluice_bytes *bytes;

    if (want < pb->len + need)
        want = pb->len + need;
    if (want > pb->max && pb->max >= pb->len + need)
        want = pb->max;
    bytes = sluice_bytes_new(b->pool, want);
    if (bytes == NULL)
        return false;
    if (pb->len > 0)
        memcpy(sluice_bytes_fill(bytes), pb->data, pb->len);
    sluice_bytes_unref(&b->bytes);
    b->bytes = bytes;
    pb->data = sluice_bytes_fill(bytes);
    /* The block may be larger than asked for; the limit is the limit. */
    pb->cap = sluice_bytes_capacity(bytes);
    if (pb->cap > pb->max)
        pb->cap = pb->max;
    return true;
}

void
gw_buffer_init(struct gw_buffer *b, struct sluice_pool *pool, size_t max)
{
    b->pb = (struct pb_buf){ .max = max, .grow = grow, .arg = b };
    b->bytes = NULL;
    b->pool = pool;
}

void
gw_buffer_fini(struct gw_buffer *b)
{
    sluice_bytes_unref(&b->bytes);
    b->pb.data = NULL;
    b->pb.len = 0;
    b->pb.cap = 0;
}

void
gw_buffer_expect(struct gw_buffer *b, size_t size)
{
    if (size > b->pb.max)
        size = b->pb.max;
    if (size > b->pb.cap)
        (void)grow(&b->pb, size - b->pb.len);
}

struct sluice_bytes *
gw_buffer_take(struct gw_buffer *b)
{
    struct sluice_bytes *bytes = b->bytes;

    if (bytes == NULL)
        return sluice_bytes_new(b->pool, 0);
    sluice_bytes_set_size(bytes, b->pb.len);
    b->bytes = NULL;
    b->pb.data = NULL;
    b->pb.len = 0;
    b->pb.cap = 0;
    return bytes;
}
