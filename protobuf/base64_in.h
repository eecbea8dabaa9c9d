/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/base64_in.h - base64 in pieces: the standard and the URL-safe
 * alphabet (mixed, if one likes), padding or none. Spare bits of the last
 * character are ignored: "-_" is the one byte FB.
 */
#ifndef PB_BASE64_IN_H
#define PB_BASE64_IN_H

#include "protobuf/buf.h"

/* All zero to start with. */
struct pb_base64 {
    uint32_t bits;   /* of the quad in hand */
    uint8_t n_chars; /* of the quad in hand: 0..3 */
    uint8_t n_padding;
    bool is_closed; /* after padding nothing may follow */
};

/* Decodes text, all of it, to the end of out. PB_EVALUE: *at is where it stops
 * being base64. */
enum pb_err pb_base64_feed(struct pb_base64 *b, const char *text, size_t len,
    struct pb_buf *out, size_t *at);

/* The text has ended: writes what the last quad holds. PB_EVALUE: one
 * character too many or too few. */
enum pb_err pb_base64_finish(struct pb_base64 *b, struct pb_buf *out);

/* Bytes that a whole valid text stands for. */
size_t pb_base64_size(const char *text, size_t len);

#endif
