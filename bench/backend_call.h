/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/backend_call.h - one call that bench/backend.c has received: gathers
 * its request and answers it, without knowledge of sockets.
 *
 * Ownership   A list of calls owns them; nghttp2 refers to each as its
 *             stream's user data.
 */
#ifndef BENCH_BACKEND_CALL_H
#define BENCH_BACKEND_CALL_H

#include <stdbool.h>

#include <nghttp2/nghttp2.h>

/* What all streams answer with: Item{name: "x...", number: 7}, framed. */
struct backend_messages {
    uint8_t *bytes;
    size_t len;     /* of all of them */
    size_t one_len; /* of the first */
    uint8_t *bulk;  /* what a bulk is made of */
};

struct backend_call;

struct backend_calls {
    struct backend_call *first;
};

/* Returns false when memory is short. */
bool backend_messages_init(struct backend_messages *messages);

void backend_messages_fini(struct backend_messages *messages);

/* Returns NULL when memory is short. */
struct backend_call *backend_call_new(struct backend_calls *calls);

void backend_call_free(struct backend_call *call);

/* The method, by its path. */
void backend_call_take_path(struct backend_call *call, const uint8_t *path,
    size_t len);

/* Returns false when memory is short. */
bool backend_call_take_body(struct backend_call *call, const uint8_t *data,
    size_t len);

/* Whether the answer is to go out now, at the request's head or its end. */
bool backend_call_is_due(const struct backend_call *call, bool is_head,
    bool is_end);

/* Once, when it is due. Returns what nghttp2 says; messages must outlive
 * the call. */
int backend_call_answer(struct backend_call *call, nghttp2_session *session,
    int32_t id, const struct backend_messages *messages);

#endif
