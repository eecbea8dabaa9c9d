/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/frames.h - HTTP/2 by the frame, mostly well-formed: an input that
 * is read as a program gets deeper than one that is read as bytes, and raw
 * bytes are among its words.
 */
#ifndef TESTS_FUZZ_FRAMES_H
#define TESTS_FUZZ_FRAMES_H

#include "tests/fuzz/input.h"

struct fuzz_field {
    const char *name;
    const char *value;
};

/* What one side of gRPC says in its header blocks. */
struct fuzz_vocabulary {
    const struct fuzz_field *head; /* of any call that is well */
    size_t heads;
    const struct fuzz_field *fields; /* whatever else, or in its place */
    size_t count;
};

extern const struct fuzz_vocabulary fuzz_requests;
extern const struct fuzz_vocabulary fuzz_responses;

/* Bytes; what does not fit any more is left out. */
#define FUZZ_BYTES_ROOM ((size_t)48 * 1024)
struct fuzz_bytes {
    size_t len;
    uint8_t data[FUZZ_BYTES_ROOM];
};

void fuzz_bytes_add(struct fuzz_bytes *b, const void *data, size_t len);

/* Appends what the input chooses next: a frame or a few. */
void fuzz_frames_choose(struct fuzz_bytes *b, struct fuzz_input *in,
    const struct fuzz_vocabulary *words);

#endif
