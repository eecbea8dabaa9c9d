/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/context.h - the service side of one RPC: what its parts share, and
 * how the servicer begins it. A part of it is a file:
 *
 *   service.c   the base operator: calls the method and its consumer of
 *               requests; beginning and end
 *   context.c   what the method does through the context (sluice/face.h)
 *   rendezvous_service.c  the same for other threads (sluice/rendezvous.h)
 *   inline.c    methods that run on other threads
 */
#ifndef FACE_CONTEXT_H
#define FACE_CONTEXT_H

#include "rpc/face/rpc.h"

#define FACE_CONTEXT_MAGIC 0x63747874u

struct sluice_servicer_context {
    struct face_rpc rpc;
    const struct sluice_method_implementation
        *method;                  /* NULL: a multi-method */
    struct sluice_task call_task; /* calls a stream-request method */
    struct sluice_request_consumer requests;
    bool has_unary_request;
    bool is_called; /* the method has been */
    bool has_sent_metadata;
    bool has_responded; /* metadata would come too late */
    bool has_completed; /* nothing more goes out */
    bool has_terminal_metadata;
    bool has_code;
    int32_t code;
    struct sluice_str details; /* ours, from the pool; absent: none */
    struct sluice_metadata *terminal_metadata; /* to be sent */
    void (*on_allowance)(void *arg, int n);
    void *on_allowance_arg;
    void (*on_termination)(void *arg);
    void *on_termination_arg;
    struct sluice_rendezvous *rendezvous; /* NULL: none; ours until the end */
};

/* Services op by method, which must outlive it. On SLUICE_REPLY_OK
 * *subscription has been filled; ABANDONED: op has terminated already; FAILED:
 * memory is short. */
enum sluice_reply face_service_begin(
    const struct sluice_method_implementation *method,
    struct sluice_operation *op, struct sluice_subscription *subscription);

/* Likewise by a multi-method, which is called at once, with the names. Returns
 * what it does, NO_SUCH_METHOD included. */
enum sluice_reply face_service_begin_multi(
    const struct sluice_multi_method_implementation *multi,
    struct sluice_str group, struct sluice_str method,
    struct sluice_operation *op, struct sluice_subscription *subscription);

#endif
