/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/explorer/explorer.h - a page for browsers that calls the library in
 * every form in which the gateway takes a call. It needs nothing but the origin
 * it comes from.
 */
#ifndef EXPLORER_H
#define EXPLORER_H

#include <stddef.h>

struct explorer_file {
    const char *path; /* at which it has to be served */
    const char *type; /* of its content */
    const unsigned char *data;
    const size_t *size;
};

/* What the page consists of. Static. */
#define EXPLORER_FILES 5u
extern const struct explorer_file explorer_files[EXPLORER_FILES];

#endif
