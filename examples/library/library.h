/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/library.h - the built-in demo: a small library as an RPC
 * service (library.proto), with some well-known books on its shelves.
 *
 * Thread      A store is shared by any number of threads. A servicer belongs
 *             to the thread of its loop: make one per loop.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <sluice/face.h>

struct library_store;

/* With its first books. NULL when memory is short. */
struct library_store *library_store_new(void);

/* The servicers over it must be gone. */
void library_store_free(struct library_store **store);

/* Every method of sluice.example.library.v1.Library. Ends with
 * sluice_face_servicer_free(). NULL when memory is short. */
struct sluice_face_servicer *library_servicer_new(struct library_store *store,
    struct sluice_loop *loop);

/* The FileDescriptorSet of library.proto and all it imports. Static. */
const uint8_t *library_descriptor_set(size_t *len);

/* A route file (YAML) that exposes all of it from the target inproc:library;
 * its schema goes by the name library.pb. Static, and a string. */
const char *library_route_file(size_t *len);

#endif
