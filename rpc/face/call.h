/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/call.h - how stubs and multi-callables begin a call; the rest of
 * struct sluice_call is public (sluice/face.h).
 */
#ifndef FACE_CALL_H
#define FACE_CALL_H

#include <sluice/face.h>

static inline bool
face_has_unary_request(enum sluice_cardinality cardinality)
{
    return cardinality == SLUICE_UNARY_UNARY ||
        cardinality == SLUICE_UNARY_STREAM;
}

static inline bool
face_has_unary_response(enum sluice_cardinality cardinality)
{
    return cardinality == SLUICE_UNARY_UNARY ||
        cardinality == SLUICE_STREAM_UNARY;
}

/* What one call is made of. Names are borrowed, request is taken. */
struct face_call_start {
    struct sluice_end *end;
    enum sluice_cardinality cardinality;
    struct sluice_str group;
    struct sluice_str method;
    struct sluice_bytes *request; /* NULL exactly for stream requests */
};

/* As sluice_stub_event_unary_unary() and its like. */
SLUICE_MUST_USE enum sluice_err face_call_new(
    const struct face_call_start *start, const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call);

/* on_context gets the receiver's arg when the protocol context is known. */
void face_call_on_context(struct sluice_call *call,
    void (*on_context)(void *arg));

/* Ends it with LOCAL_FAILURE; nothing happens once terminated. */
void face_call_fail(struct sluice_call *call);

#endif
