/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/input.h - what every fuzz target starts from: its entry, and the
 * bytes of a run read as a program. Where they end, zeros follow; a target
 * stops when they have ended.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <sluice/api.h>

/* Called by libFuzzer or by replay.c, once per input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

static inline bool
fuzz_has_ended(const struct fuzz_input *in)
{
    return in->left == 0;
}

static inline uint8_t
fuzz_byte(struct fuzz_input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* n > 0. */
static inline unsigned
fuzz_below(struct fuzz_input *in, unsigned n)
{
    return fuzz_byte(in) % n;
}

static inline bool
fuzz_flip(struct fuzz_input *in)
{
    return (fuzz_byte(in) & 1) != 0;
}

/* A length in one byte, then that many bytes, as far as there are any;
 * borrowed from the input. */
static inline struct sluice_str
fuzz_text(struct fuzz_input *in)
{
    size_t len = fuzz_byte(in);
    struct sluice_str s;

    if (len > in->left)
        len = in->left;
    s = sluice_str_n((const char *)in->at, len);
    in->at += len;
    in->left -= len;
    return s;
}

/* All the rest. */
static inline struct sluice_str
fuzz_rest(struct fuzz_input *in)
{
    struct sluice_str s = sluice_str_n((const char *)in->at, in->left);

    in->at += in->left;
    in->left = 0;
    return s;
}

#endif
