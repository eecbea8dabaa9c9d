/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/speaker.h - one direction of one operation, seen from where it
 * begins: a customer, or the far end of a scripted link. What a speaker says
 * bears its mark, so that whoever hears it can tell whether it was this, and
 * whether its turn had come.
 */
#ifndef TESTS_FUZZ_SPEAKER_H
#define TESTS_FUZZ_SPEAKER_H

#include <sluice/link.h>

#include "tests/fuzz/input.h"

/* Shared by all that a run does. */
struct fuzz_watch {
    struct fuzz_input in;
    struct sluice_loop *loop;
    size_t payloads;     /* that were said and not released */
    unsigned depth;      /* of customers' code */
    bool is_within_call; /* of the library: no customer may be called */
    size_t scale;        /* sizes of payloads go up to 15 times this */
    bool is_wire;        /* between speaker and hearer: copies arrive */
    bool is_wordy;       /* metadata and messages hold any text, too */
    void (*react)(struct fuzz_watch *watch);      /* within customers' code */
    void (*on_context)(void *arg, void *context); /* NULL: nobody looks at it */
    void *arg;
};

struct fuzz_speaker {
    struct fuzz_watch *watch;
    bool said_metadata;
    bool said_completion;
    bool has_code;
    int32_t code; /* of its completion */
    unsigned payloads;
    int64_t granted; /* to the speaker of the other direction */
};

/* What one call passes. Storage for it, too: scribbled over afterwards, since
 * it was only lent. */
struct fuzz_values {
    struct sluice_values values;
    struct sluice_completion completion;
    char message[16];
};

/* Chosen by the input, legal or not. The references are for the library. */
void fuzz_choose_values(struct fuzz_speaker *s, struct fuzz_values *v);
void fuzz_scribble(struct fuzz_values *v);

/* Whether the rules let s pass v next. */
bool fuzz_may_pass(const struct fuzz_speaker *s, const struct sluice_values *v);

/* Notes that it was passed. */
void fuzz_note(struct fuzz_speaker *s, const struct sluice_values *v);

/* The next payload of s, and its metadata. */
struct sluice_bytes *fuzz_payload(struct fuzz_speaker *s, size_t size);
struct sluice_metadata *fuzz_metadata(const struct fuzz_speaker *s);

/* Dies unless it is the n-th payload of s, or its metadata. */
void fuzz_check_payload(const struct fuzz_speaker *s, unsigned n,
    struct sluice_bytes *payload);
void fuzz_check_metadata(const struct fuzz_speaker *s,
    const struct sluice_metadata *md);

/* Dies unless it is the completion of s. */
void fuzz_check_completion(const struct fuzz_speaker *s,
    const struct sluice_completion *c);

void fuzz_release(const struct sluice_values *v);

#endif
