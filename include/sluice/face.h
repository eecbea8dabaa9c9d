/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/face.h - the face layer: remote procedure calls in event style on
 * the loop thread, both for callers (GenericStub, multi-callables) and for
 * services (MethodImplementation, servicer).
 *
 * Ownership   As in base.h: payloads and metadata are taken by functions and
 *             given by callbacks, in every case.
 * Thread      The loop thread of the End.
 * Callbacks   Never run inside the call that starts the RPC, never overlap for
 *             one RPC. Exactly one of complete and abortion ends it, and it is
 *             the last one.
 * Codes       A completion whose code is present and not 0 is a failure by the
 *             conventions of status.h; the face layer reports it as complete()
 *             all the same: it is the service's own answer.
 */
#ifndef SLUICE_FACE_H
#define SLUICE_FACE_H

#include <sluice/base.h>

enum sluice_cardinality {
    SLUICE_UNARY_UNARY,
    SLUICE_UNARY_STREAM,
    SLUICE_STREAM_UNARY,
    SLUICE_STREAM_STREAM
};

/* Why an RPC ended without its service's completion. */
enum sluice_abortion_kind {
    SLUICE_ABORTION_CANCELLED,
    SLUICE_ABORTION_EXPIRED,
    SLUICE_ABORTION_LOCAL_SHUTDOWN,
    SLUICE_ABORTION_REMOTE_SHUTDOWN,
    SLUICE_ABORTION_NETWORK_FAILURE,
    SLUICE_ABORTION_LOCAL_FAILURE,
    SLUICE_ABORTION_REMOTE_FAILURE
};

SLUICE_API const char *sluice_abortion_kind_name(
    enum sluice_abortion_kind kind);

/* Borrowed for the callback, or from the call while it is held. outcome is the
 * base kind it was made from: it tells the two network failures apart
 * (TRANSMISSION_FAILURE: the request never left; RECEPTION_FAILURE: the
 * connection broke during the call). A unary answer without a response
 * or with several is a LOCAL_FAILURE with code INTERNAL (made from COMPLETED,
 * or LOCAL_FAILURE when the call was ended at the second response), unless the
 * completion came with a code of failure: that is passed on as it is. */
struct sluice_abortion {
    enum sluice_abortion_kind kind;
    enum sluice_outcome_kind outcome;
    struct sluice_metadata *initial_metadata;
    struct sluice_metadata *terminal_metadata;
    bool has_code;
    int32_t code;
    struct sluice_str details;
};

/* ---- Invocation side ---------------------------------------------------- */

struct sluice_stub;
struct sluice_call;

/* What hears of an RPC, with what flow control needs in event style. */
struct sluice_receiver {
    /* First, exactly once unless aborted before. Given; NULL: none was sent. */
    void (*initial_metadata)(void *arg, struct sluice_metadata *metadata);
    /* Once per response, in order. Given. Anything but OK fails the RPC. */
    enum sluice_reply (*response)(void *arg, struct sluice_bytes *response);
    /* completion->terminal_metadata is given. */
    void (*complete)(void *arg, const struct sluice_completion *completion);
    void (*abortion)(void *arg, const struct sluice_abortion *abortion);
    /* Optional: n more requests may be consumed without queueing. The first
     * one is implicit and not announced. */
    void (*allowance)(void *arg, int n);
    void *arg;
    /* false: each response() that returned OK grants the next one. true: the
     * receiver grants by sluice_call_allow(); the first is implicit. */
    bool manual_allowance;
};

/* end must be joined and outlive the stub. NULL when memory is short. */
SLUICE_API struct sluice_stub *sluice_stub_new(struct sluice_end *end);
SLUICE_API void sluice_stub_free(struct sluice_stub **stub);

/* The arguments every call style shares. */
struct sluice_call_options {
    int64_t timeout_ns;
    struct sluice_metadata *metadata; /* taken; may be NULL */
    void *protocol_options;           /* the link's own; may be NULL */
};

/* request is taken. receiver is copied. On SLUICE_OK *call holds a reference
 * for the caller (sluice_call_unref()). Errors as
 * sluice_end_operate(), plus SLUICE_EINVAL for a receiver that lacks one of
 * its first four callbacks and SLUICE_ETHREAD. Whatever is returned, request
 * and options->metadata have been taken. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_event_unary_unary(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_event_unary_stream(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call);
/* The call is also the Consumer of requests: sluice_call_consume() and so
 * on. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_event_stream_unary(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_event_stream_stream(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call);

/* A method bound once, called many times. group and method are
 * copied. No check that the method exists. NULL when memory is short. */
struct sluice_multi_callable;
SLUICE_API struct sluice_multi_callable *sluice_stub_multi_callable(
    struct sluice_stub *stub, enum sluice_cardinality cardinality,
    struct sluice_str group, struct sluice_str method);
SLUICE_API void sluice_multi_callable_free(
    struct sluice_multi_callable **callable);
/* request is taken and must be NULL for stream-request
 * cardinalities, non-NULL otherwise (SLUICE_EINVAL). */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_multi_callable_event(
    struct sluice_multi_callable *callable, struct sluice_bytes *request,
    const struct sluice_receiver *receiver,
    const struct sluice_call_options *options, struct sluice_call **call);

SLUICE_API bool sluice_call_is_active(const struct sluice_call *call);
SLUICE_API int64_t sluice_call_time_remaining(const struct sluice_call *call);
SLUICE_API void sluice_call_cancel(struct sluice_call *call);

/* Intrusive. Returns the Abortion if already aborted (and does not
 * call), else NULL. */
struct sluice_abortion_callback {
    void (*run)(struct sluice_abortion_callback *self,
        const struct sluice_abortion *abortion);
    struct sluice_abortion_callback *next; /* private */
};
SLUICE_API const struct sluice_abortion *sluice_call_add_abortion_callback(
    struct sluice_call *call, struct sluice_abortion_callback *cb);

/* For manual_allowance: n > 0 more responses may come. A unary response needs
 * none. */
SLUICE_API void sluice_call_allow(struct sluice_call *call, int n);

/* Never blocks. What exceeds the service's allowance
 * queues; sluice_call_request_budget() says how many still fit and
 * receiver.allowance when more do. Dropped silently once terminated. */
SLUICE_API void sluice_call_consume(struct sluice_call *call,
    struct sluice_bytes *request);
SLUICE_API void sluice_call_terminate(struct sluice_call *call);
SLUICE_API void sluice_call_consume_and_terminate(struct sluice_call *call,
    struct sluice_bytes *request);
SLUICE_API int sluice_call_request_budget(const struct sluice_call *call);

/* Drops a hold; neither ends the RPC nor stops its callbacks. */
SLUICE_API struct sluice_call *sluice_call_ref(struct sluice_call *call);
SLUICE_API void sluice_call_unref(struct sluice_call **call);

/* ---- Service side -------------------------------------------------------- */

struct sluice_servicer_context;

/* As for the caller's side of an RPC. */
SLUICE_API bool sluice_servicer_context_is_active(
    const struct sluice_servicer_context *ctx);
SLUICE_API int64_t sluice_servicer_context_time_remaining(
    const struct sluice_servicer_context *ctx);
SLUICE_API void sluice_servicer_context_cancel(
    struct sluice_servicer_context *ctx);
SLUICE_API const struct sluice_abortion *
sluice_servicer_context_add_abortion_callback(
    struct sluice_servicer_context *ctx, struct sluice_abortion_callback *cb);

/* Borrowed; NULL: none. Known by the time a method is called (of an
 * invoker of the base layer that sends it later than its first values, a
 * stream-request method learns it only then). */
SLUICE_API struct sluice_metadata *sluice_servicer_context_invocation_metadata(
    const struct sluice_servicer_context *ctx);

/* SLUICE_ESTATE: set before, too late, or terminated.
 * SLUICE_EINVAL: NULL, or an absent text. SLUICE_ENOMEM: text that could not be
 * copied. Metadata is taken in every case; text is copied. */
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_servicer_context_set_initial_metadata(
    struct sluice_servicer_context *ctx, struct sluice_metadata *metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_servicer_context_set_terminal_metadata(
    struct sluice_servicer_context *ctx, struct sluice_metadata *metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_servicer_context_set_code(
    struct sluice_servicer_context *ctx, int32_t code);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_servicer_context_set_details(
    struct sluice_servicer_context *ctx, struct sluice_str details);

/* The response callback and response consumer of the event forms. response is
 * taken. respond() is consume_and_terminate(). terminate() without a response
 * is how a unary method answers with a code alone. Harmless after termination.
 * response_budget: how many responses go out without queueing;
 * on_allowance is told of more. */
SLUICE_API void sluice_servicer_context_respond(
    struct sluice_servicer_context *ctx, struct sluice_bytes *response);
SLUICE_API void sluice_servicer_context_consume(
    struct sluice_servicer_context *ctx, struct sluice_bytes *response);
SLUICE_API void sluice_servicer_context_terminate(
    struct sluice_servicer_context *ctx);
SLUICE_API int sluice_servicer_context_response_budget(
    const struct sluice_servicer_context *ctx);
SLUICE_API void sluice_servicer_context_on_allowance(
    struct sluice_servicer_context *ctx, void (*on_allowance)(void *arg, int n),
    void *arg);

/* Called once, last of all, however the RPC has terminated: the place to
 * release what the method keeps for it. At most one; NULL: none. */
SLUICE_API void sluice_servicer_context_on_termination(
    struct sluice_servicer_context *ctx, void (*on_termination)(void *arg),
    void *arg);

/* For manual_allowance: n > 0 more requests may come. */
SLUICE_API void sluice_servicer_context_allow(
    struct sluice_servicer_context *ctx, int n);

/* The context lives until it is terminated and every hold is gone. */
SLUICE_API struct sluice_servicer_context *sluice_servicer_context_ref(
    struct sluice_servicer_context *ctx);
SLUICE_API void sluice_servicer_context_unref(
    struct sluice_servicer_context **ctx);

/* What a stream-request method fills in before it returns OK: the consumer of
 * requests. consume gives each request; terminate follows the last one. After
 * an abortion neither is called; on_termination() is where to let go of arg. */
struct sluice_request_consumer {
    enum sluice_reply (*consume)(void *arg, struct sluice_bytes *request);
    enum sluice_reply (*terminate)(void *arg);
    void *arg;
    /* false: each consume() that returned OK grants the next one. true: the
     * method grants by sluice_servicer_context_allow(); the first request is
     * implicit. A method that answers each request needs it, lest responses
     * queue up while nobody reads them. */
    bool manual_allowance;
};

/* A method's behaviour, tagged. Makers below; fields are
 * private. self is the pointer given to the maker. request is given. */
typedef enum sluice_reply sluice_unary_event_cb(void *self,
    struct sluice_bytes *request, struct sluice_servicer_context *ctx);
typedef enum sluice_reply sluice_stream_event_cb(void *self,
    struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests);
struct sluice_method_implementation {
    enum sluice_cardinality cardinality;
    sluice_unary_event_cb *unary_event;
    sluice_stream_event_cb *stream_event;
    void *self;
};

/* The makers, one for each cardinality. */
SLUICE_API struct sluice_method_implementation sluice_unary_unary_event(
    sluice_unary_event_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_unary_stream_event(
    sluice_unary_event_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_stream_unary_event(
    sluice_stream_event_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_stream_stream_event(
    sluice_stream_event_cb *behavior, void *self);

/* (group, method) -> implementation, as a base servicer. */
struct sluice_face_servicer;
SLUICE_API struct sluice_face_servicer *sluice_face_servicer_new(void);
SLUICE_API void sluice_face_servicer_free(
    struct sluice_face_servicer **servicer);
/* Copies the names. SLUICE_EINVAL: the pair is there already, or the
 * implementation does not have the one behavior of its cardinality. Before the
 * End starts. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_face_servicer_add(
    struct sluice_face_servicer *servicer, struct sluice_str group,
    struct sluice_str method,
    const struct sluice_method_implementation *implementation);
/* Calls on_free(arg) once, when the servicer is freed: for what the selfs of
 * its methods point to. At most one; NULL: none. */
SLUICE_API void sluice_face_servicer_on_free(
    struct sluice_face_servicer *servicer, void (*on_free)(void *arg),
    void *arg);
/* The base view of it, for sluice_end_options. An unknown pair becomes
 * NoSuchMethod with code UNIMPLEMENTED. */
SLUICE_API struct sluice_servicer *sluice_face_servicer_base(
    struct sluice_face_servicer *servicer);

#endif
