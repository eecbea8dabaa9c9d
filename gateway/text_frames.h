/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/text_frames.h - the text mode of gRPC-Web: the stream of frames in
 * base64, in chunks that are padded each by itself, at any place ("Protocol
 * differences vs gRPC over HTTP2", application/grpc-web-text).
 */
#ifndef GW_TEXT_FRAMES_H
#define GW_TEXT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protobuf/buf.h"

/* All zero to start with. */
struct gw_text_frames {
    uint32_t bits;   /* of the group of four in hand */
    uint8_t n_chars; /* of it: 0 to 3 */
    uint8_t n_padding;
};

/* Decodes text up to its end or until room bytes have been written to out;
 * room is 3 at least. *used is how much was taken: less than len only when out
 * is full. False: the character at *used cannot stand there. */
bool gw_text_frames_feed(struct gw_text_frames *t, const char *text, size_t len,
    size_t *used, uint8_t *out, size_t room, size_t *written);

/* Whether the text may end here: no group is begun. */
static inline bool
gw_text_frames_is_whole(const struct gw_text_frames *t)
{
    return t->n_chars == 0;
}

/* Appends one chunk: n bytes in base64, padded. */
enum pb_err gw_text_frames_put(struct pb_buf *out, const void *p, size_t n);

#endif
