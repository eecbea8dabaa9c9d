/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/load_answer.h - reads one HTTP/1.1 answer as it arrives and compares
 * it with what is expected. Bodies are compared byte for byte: what is wrong
 * must not be counted, and memcmp costs next to nothing.
 */
#ifndef BENCH_LOAD_ANSWER_H
#define BENCH_LOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* More than any proxy here writes before a body. */
#define LOAD_HEAD_BYTES 4096u

enum load_verdict {
    LOAD_MORE, /* so far, so good */
    LOAD_DONE, /* whole and right */
    LOAD_WRONG,
};

/* What an answer has to be. */
struct load_expected {
    int status;
    int grpc_status; /* in its head or trailers; negative: none asked for */
    const char *body;
    size_t body_len;
};

enum load_part {
    LOAD_HEAD,
    LOAD_BODY, /* of known length */
    LOAD_REST, /* a body that the connection's end ends */
    LOAD_CHUNK_SIZE,
    LOAD_CHUNK,
    LOAD_CHUNK_END,
    LOAD_TRAILERS,
};

struct load_answer {
    const struct load_expected *expected;
    FILE *copy; /* of the body, if the caller has set it; else NULL */
    enum load_part part;
    int status;
    int grpc_status;
    bool closes; /* the proxy says that it will close */
    size_t body_len;
    uint64_t left; /* of the body or the chunk */
    size_t line_len;
    char line[LOAD_HEAD_BYTES]; /* head, chunk size or trailers */
    const char *why;            /* it is wrong */
};

/* Before each answer. Without expectations (NULL) any answer is right. */
void load_answer_begin(struct load_answer *answer,
    const struct load_expected *expected);

/* Bytes that have arrived. On LOAD_DONE *len becomes how many of them belonged
 * to the answer. */
enum load_verdict load_answer_feed(struct load_answer *answer, const char *data,
    size_t *len);

/* The connection has ended. */
enum load_verdict load_answer_end(struct load_answer *answer);

#endif
