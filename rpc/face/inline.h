/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/inline.h - inline methods, as the event style methods that run them.
 */
#ifndef FACE_INLINE_H
#define FACE_INLINE_H

#include <sluice/face.h>

/* An inline method and its threads. Read only once made. */
struct face_inline {
    struct sluice_method_implementation method; /* of inline style */
    struct sluice_thread_pool *pool;
};

/* The event style method of the same cardinality that runs it; its self is
 * method, which must outlive it. */
struct sluice_method_implementation face_inline_as_event(
    struct face_inline *method);

#endif
