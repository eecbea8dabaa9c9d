/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_service.h - the service side of a rendezvous: over a
 * servicer context, for inline methods and for event methods whose answers come
 * from other threads.
 */
#ifndef FACE_RENDEZVOUS_SERVICE_H
#define FACE_RENDEZVOUS_SERVICE_H

#include "rpc/face/context.h"
#include "rpc/face/rendezvous.h"

struct face_inline;

struct face_servicing {
    struct sluice_rendezvous r; /* first */

    /* Under the lock: what has been set, here or through the context. */
    bool has_initial_metadata;
    bool has_terminal_metadata;
    bool has_code;
    bool has_details;
    int32_t code;

    /* inline.c */
    const struct face_inline *method; /* NULL: none */
    struct sluice_work work;
    struct sluice_bytes *request; /* of a unary one, until it is called */
};

/* A rendezvous for ctx, which has none yet and has not ended: for an inline
 * method, that draws requests from it and answers otherwise, or else for an
 * event method, that answers through it. Gives a reference. Loop thread. NULL
 * when memory is short. */
struct face_servicing *face_servicing_new(struct sluice_servicer_context *ctx,
    const struct face_inline *method);

/* Metadata that came after the method was called; borrowed. Loop thread. */
void face_servicing_hear_late_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata);

/* The RPC of ctx, which has a rendezvous, has ended. Loop thread. */
void face_servicing_end(struct sluice_servicer_context *ctx);

/* The method has set a code that says that it failed. Any thread. */
bool face_servicing_has_failed(struct face_servicing *s);

#endif
