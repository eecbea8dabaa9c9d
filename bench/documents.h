/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/documents.h - the JSON texts that transcoding is measured with, made
 * from a fixed seed: the same bytes on every machine. Their types are in
 * documents.proto.
 */
#ifndef BENCH_DOCUMENTS_H
#define BENCH_DOCUMENTS_H

#include <stddef.h>

struct document {
    const char *name; /* "a" to "f" */
    const char *type; /* its message's full name */
    const char *what;
    char *text;
    size_t len;
};

#define DOCUMENTS 6

/* The i-th; text is the caller's, to be freed. Ends the program when memory is
 * short. */
struct document document_make(unsigned i);

#endif
