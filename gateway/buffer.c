/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/buffer.c - see buffer.h. */
#include "gateway/buffer.h"

#include <assert.h>

#define FIRST_BYTES 440u /* with the block's own head: a 512-byte class */

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
    bytes = sluice_bytes_new(b->pool, b->front + want);
    if (bytes == NULL)
        return false;
    if (pb->len > 0)
        memcpy(sluice_bytes_fill(bytes) + b->front, pb->data, pb->len);
    sluice_bytes_unref(&b->bytes);
    b->bytes = bytes;
    pb->data = sluice_bytes_fill(bytes) + b->front;
    /* The block may be larger than asked for; the limit is the limit. */
    pb->cap = sluice_bytes_capacity(bytes) - b->front;
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
    b->front = 0;
}

void
gw_buffer_fini(struct gw_buffer *b)
{
    if (b->bytes == NULL)
        return;
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

void
gw_buffer_leave_front(struct gw_buffer *b, size_t size)
{
    assert(b->bytes == NULL);
    b->front = size;
}

enum pb_err
gw_buffer_prepend(struct gw_buffer *b, size_t size)
{
    assert(size <= b->front);
    if (size > b->pb.max - b->pb.len)
        return PB_EFULL;
    if (b->bytes == NULL && !grow(&b->pb, 0))
        return PB_ENOMEM;
    b->front -= size;
    b->pb.data -= size;
    b->pb.len += size;
    b->pb.cap += size;
    if (b->pb.cap > b->pb.max)
        b->pb.cap = b->pb.max;
    return PB_OK;
}

struct sluice_bytes *
gw_buffer_take(struct gw_buffer *b)
{
    struct sluice_bytes *bytes = b->bytes;

    if (bytes == NULL)
        return sluice_bytes_new(b->pool, 0);
    sluice_bytes_set_size(bytes, b->front + b->pb.len);
    sluice_bytes_skip(bytes, b->front);
    b->front = 0;
    b->bytes = NULL;
    b->pb.data = NULL;
    b->pb.len = 0;
    b->pb.cap = 0;
    return bytes;
}
