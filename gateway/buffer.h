/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/buffer.h - a pb_buf whose bytes are a sluice_bytes: what a transcoder
 * writes becomes a payload, or the body of an answer, without a copy.
 */
#ifndef GW_BUFFER_H
#define GW_BUFFER_H

#include <sluice/bytes.h>

#include "protobuf/buf.h"

struct gw_buffer {
    struct pb_buf pb;
    struct sluice_bytes *bytes;
    struct sluice_pool *pool;
    size_t front; /* free bytes before pb.data, once there are any */
};

/* Allocates nothing yet. The buffer must not be moved while in use. */
void gw_buffer_init(struct gw_buffer *b, struct sluice_pool *pool, size_t max);
void gw_buffer_fini(struct gw_buffer *b);

/* Room for an expected size, so that ordinary content grows once. A hint: a
 * failure shows at the first write. */
void gw_buffer_expect(struct gw_buffer *b, size_t size);

/* Keeps size bytes free in front of what will be written; they do not count for
 * the limit. Only while nothing has been written or expected. */
void gw_buffer_leave_front(struct gw_buffer *b, size_t size);

/* Makes the last size of them, which are there, part of what was written: the
 * first bytes, for the caller to fill. PB_EFULL or PB_ENOMEM. */
enum pb_err gw_buffer_prepend(struct gw_buffer *b, size_t size);

/* Hands over what was written; the buffer is empty after. NULL when memory is
 * short (only possible for an empty buffer). */
struct sluice_bytes *gw_buffer_take(struct gw_buffer *b);

#endif
