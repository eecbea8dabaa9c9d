/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_frames.h - one HTTP/2 connection of the bad backend, a frame
 * at a time. Functions that return bool are false once the peer has gone.
 */
#ifndef TESTS_RPC_BAD_FRAMES_H
#define TESTS_RPC_BAD_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

#define BAD_MAX_FRAME (1u << 14)

enum bad_frame_type {
    BAD_DATA = 0,
    BAD_HEADERS = 1,
    BAD_RST_STREAM = 3,
    BAD_SETTINGS = 4,
    BAD_PING = 6,
    BAD_GOAWAY = 7,
    BAD_WINDOW_UPDATE = 8,
    BAD_CONTINUATION = 9
};

#define BAD_END_STREAM 1u
#define BAD_ACK 1u
#define BAD_END_HEADERS 4u

struct bad_frame {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
};

struct bad_wire {
    int fd;
    bool has_preface;
    uint32_t stream; /* the current one */
    nghttp2_hd_inflater *inflater;
    char block[8192]; /* the last request's headers, a line each */
    size_t block_len;
    uint8_t payload[BAD_MAX_FRAME]; /* of the last frame read */
};

/* Ends the process. */
void bad_die(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

const char *bad_skip_blanks(const char *s);

/* Big endian; returns 4. */
size_t bad_store32(uint8_t *out, uint32_t v);

bool bad_wire_put(struct bad_wire *w, const void *data, size_t len);
bool bad_wire_put_head(struct bad_wire *w, uint32_t length, unsigned type,
    unsigned flags, uint32_t stream);
bool bad_wire_put_frame(struct bad_wire *w, unsigned type, unsigned flags,
    uint32_t stream, const void *data, size_t len);

/* fields: "| name=value | ..."; "name*N=c" is N times the character c. */
bool bad_wire_put_headers(struct bad_wire *w, const char *fields, bool is_last);

bool bad_wire_get_preface(struct bad_wire *w);
bool bad_wire_get_frame(struct bad_wire *w, struct bad_frame *f);

#endif
