/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/face.h - the face layer: remote procedure calls, for callers
 * (GenericStub, DynamicStub, multi-callables) and for services
 * (MethodImplementation, MultiMethodImplementation, servicer).
 *
 * This header has what runs on the loop thread, the event style, and includes
 * sluice/rendezvous.h for the rest: the blocking, future and inline styles, for
 * threads that may block.
 *
 * Ownership   As in base.h: payloads and metadata are taken by functions and
 *             given by callbacks, in every case.
 * Thread      The loop thread of the End, for everything in this header;
 *             other threads use sluice/rendezvous.h, or sluice_loop_call().
 *             Stubs, multi-callables and servicers may be made and freed on
 *             any thread. A call or context that is still held when its loop
 *             has been closed shows how the RPC ended, and may be dropped.
 * Callbacks   Never run inside the call that starts the RPC, never overlap for
 *             one RPC. Exactly one of complete and abortion ends it, and it is
 *             the last one.
 * Codes       A service that completes with a code other than 0 (status.h) has
 *             failed: its caller gets an Abortion, of the kind that sluice/
 *             grpc.h gives for that status, with code, details and both
 *             metadata. So a caller sees the same over every link. complete()
 *             means that there is no code, or 0.
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

/* "request-unary/response-unary" and so on; never NULL. */
SLUICE_API const char *sluice_cardinality_name(
    enum sluice_cardinality cardinality);

/* How a method is implemented: it is called on a thread that it may block, or
 * on the loop thread and answers when it likes. */
enum sluice_style { SLUICE_INLINE, SLUICE_EVENT };

/* "inline" or "event". */
SLUICE_API const char *sluice_style_name(enum sluice_style style);

/* Why an RPC ended without its service's completion, or with one that says it
 * failed. */
enum sluice_abortion_kind {
    SLUICE_ABORTION_CANCELLED,
    SLUICE_ABORTION_EXPIRED,
    SLUICE_ABORTION_LOCAL_SHUTDOWN,
    SLUICE_ABORTION_REMOTE_SHUTDOWN,
    SLUICE_ABORTION_NETWORK_FAILURE,
    SLUICE_ABORTION_LOCAL_FAILURE,
    SLUICE_ABORTION_REMOTE_FAILURE
};

/* "local shutdown" and so on; never NULL. */
SLUICE_API const char *sluice_abortion_kind_name(
    enum sluice_abortion_kind kind);

/* "CancellationError", "ExpirationError", "LocalShutdownError",
 * "RemoteShutdownError", "NetworkError", "LocalError", "RemoteError". */
SLUICE_API const char *sluice_abortion_error_name(
    enum sluice_abortion_kind kind);

/* The kind under which a completion with this code reaches the caller: 1
 * CANCELLED, 4 EXPIRED, 12 LOCAL_FAILURE, 14 REMOTE_SHUTDOWN, any other
 * REMOTE_FAILURE. code is not 0. */
SLUICE_API enum sluice_abortion_kind sluice_abortion_kind_of_code(int32_t code);

/* Borrowed for the callback, or from the call while it is held. outcome is the
 * base kind it was made from: it tells the two network failures apart
 * (TRANSMISSION_FAILURE: the request never left; RECEPTION_FAILURE: the
 * connection broke during the call), and a service's own completion with a code
 * of failure (COMPLETED) from an end without one. A unary answer without a
 * response or with several is a LOCAL_FAILURE with code INTERNAL (made from
 * COMPLETED, or LOCAL_FAILURE when the call was ended at the second response),
 * unless the completion came with a code of failure. */
struct sluice_abortion {
    enum sluice_abortion_kind kind;
    enum sluice_outcome_kind outcome;
    struct sluice_metadata *initial_metadata;
    struct sluice_metadata *terminal_metadata;
    bool has_code;
    int32_t code;
    struct sluice_str details;
};

/* For people: the error name, the code and the details, as in
 * RemoteError(code=5, details="no such book"); an absent code or absent details
 * are None, without quotes. At most size bytes with the final NUL, cut off
 * where they end; returns the length of the whole text without it. buf may be
 * NULL when size is 0. */
SLUICE_API size_t sluice_abortion_text(const struct sluice_abortion *abortion,
    char *buf, size_t size);

/* The same for a method that a multi-method implementation does not know:
 * NoSuchMethodError(group, method). */
SLUICE_API size_t sluice_no_such_method_text(struct sluice_str group,
    struct sluice_str method, char *buf, size_t size);

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
/* RPCs in progress and multi-callables go on. Clears the pointer; accepts NULL
 * in it. */
SLUICE_API void sluice_stub_free(struct sluice_stub **stub);

/* The arguments every call style shares. */
struct sluice_call_options {
    int64_t timeout_ns;               /* as of struct sluice_invocation: 0 is no
                                         time at all */
    struct sluice_metadata *metadata; /* taken; may be NULL */
    void *protocol_options;           /* the link's own; may be NULL */
};

/* request is taken. receiver is copied. On SLUICE_OK *call holds a reference
 * for the caller (sluice_call_unref()), otherwise it is NULL and nothing is
 * called. SLUICE_ESTATE: the End is not started or stopping. SLUICE_EINVAL: no
 * request, no options, or a receiver that lacks one of its first four
 * callbacks. SLUICE_ETHREAD. SLUICE_ENOMEM. Whatever is returned, request and
 * options->metadata have been taken. */
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

/* A method bound once, called many times; needs the End, not the stub. group
 * and method are copied. No check that the method exists. NULL when memory is
 * short. */
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

/* What the service has sent so far. SLUICE_ESTATE: it is not known yet, whether
 * there is any; otherwise the value, absent (NULL, *has_code false, ptr NULL)
 * if there was none, borrowed from the call. Initial metadata is known with the
 * first thing that arrives; the others with the completion or the end. After an
 * abort: what the Abortion has. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_call_initial_metadata(
    const struct sluice_call *call, struct sluice_metadata **metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_call_terminal_metadata(
    const struct sluice_call *call, struct sluice_metadata **metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_call_code(
    const struct sluice_call *call, bool *has_code, int32_t *code);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_call_details(
    const struct sluice_call *call, struct sluice_str *details);

/* The link's own context of the RPC (for gRPC sluice_grpc_context_...()), valid
 * while the RPC is active; NULL between Ends in one process. SLUICE_ESTATE: not
 * known yet (it is with the first thing that arrives), or terminated. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_call_protocol_context(
    const struct sluice_call *call, void **protocol_context);

/* For manual_allowance: n > 0 more responses may come. A unary response needs
 * none. */
SLUICE_API void sluice_call_allow(struct sluice_call *call, int n);

/* request is taken. Never blocks. What exceeds the service's allowance queues;
 * sluice_call_request_budget() says how many still fit and receiver.allowance
 * when more do. Dropped silently once terminated. Before that, NULL (there was
 * no memory for it) and a request after the end of requests end the RPC with
 * LOCAL_FAILURE. terminate() is idempotent. */
SLUICE_API void sluice_call_consume(struct sluice_call *call,
    struct sluice_bytes *request);
SLUICE_API void sluice_call_terminate(struct sluice_call *call);
SLUICE_API void sluice_call_consume_and_terminate(struct sluice_call *call,
    struct sluice_bytes *request);
SLUICE_API int sluice_call_request_budget(const struct sluice_call *call);

/* Drops a hold; neither ends the RPC nor stops its callbacks. */
SLUICE_API struct sluice_call *sluice_call_ref(struct sluice_call *call);
SLUICE_API void sluice_call_unref(struct sluice_call **call);

/* A stub for the methods of one group, each with its declared cardinality.
 * Names are copied. SLUICE_EINVAL: a name twice, or no such cardinality.
 * SLUICE_ENOMEM. *stub is NULL on an error. end as for sluice_stub_new(). */
struct sluice_dynamic_stub;
struct sluice_dynamic_method {
    struct sluice_str name;
    enum sluice_cardinality cardinality;
};
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_dynamic_stub_new(
    struct sluice_end *end, struct sluice_str group,
    const struct sluice_dynamic_method *methods, size_t n_methods,
    struct sluice_dynamic_stub **stub);
SLUICE_API void sluice_dynamic_stub_free(struct sluice_dynamic_stub **stub);

/* The callable of a method, of the cardinality that was declared for it; the
 * stub's, for as long as it lives. SLUICE_ENOTFOUND: no such name. Looking up
 * calls nothing. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_dynamic_stub_find(
    struct sluice_dynamic_stub *stub, struct sluice_str method,
    struct sluice_multi_callable **callable);

SLUICE_API enum sluice_cardinality sluice_multi_callable_cardinality(
    const struct sluice_multi_callable *callable);

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

/* The link's own context, as sluice_call_protocol_context(); known by the time
 * a method is called. */
SLUICE_API void *sluice_servicer_context_protocol_context(
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
 * is how a unary method answers with a code alone; it is idempotent. Harmless
 * after termination. Before that, a response that is NULL (there was no memory
 * for it) or comes after the last one ends the RPC with LOCAL_FAILURE.
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

/* The eight forms of a method. self is the pointer given to the maker; request
 * is given.
 *
 * Inline forms run on a thread of the servicer's pool, and may block it. ctx is
 * borrowed for the call, and is the iterator of requests where they stream
 * (sluice_rendezvous_next()). *response is NULL before: what the method leaves
 * in it is taken; NULL: no response, for a method that has set a code of
 * failure. *responses is taken likewise, and drawn on the same thread when the
 * method has returned; its members are NULL before, and next NULL afterwards
 * means no responses.
 *
 * Event forms run on the loop thread, must not block it, and answer now or
 * later through ctx; other threads answer through
 * sluice_servicer_context_rendezvous(). */
struct sluice_rendezvous;
struct sluice_iterator;
typedef enum sluice_reply sluice_unary_unary_inline_cb(void *self,
    struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response);
typedef enum sluice_reply sluice_unary_stream_inline_cb(void *self,
    struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses);
typedef enum sluice_reply sluice_stream_unary_inline_cb(void *self,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response);
typedef enum sluice_reply sluice_stream_stream_inline_cb(void *self,
    struct sluice_rendezvous *ctx, struct sluice_iterator *responses);
typedef enum sluice_reply sluice_unary_event_cb(void *self,
    struct sluice_bytes *request, struct sluice_servicer_context *ctx);
typedef enum sluice_reply sluice_stream_event_cb(void *self,
    struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests);

/* Exactly one of the eight behaviours is there: the one that cardinality and
 * style name. Made by the makers below. */
struct sluice_method_implementation {
    enum sluice_cardinality cardinality;
    enum sluice_style style;
    sluice_unary_unary_inline_cb *unary_unary_inline;
    sluice_unary_stream_inline_cb *unary_stream_inline;
    sluice_stream_unary_inline_cb *stream_unary_inline;
    sluice_stream_stream_inline_cb *stream_stream_inline;
    sluice_unary_event_cb *unary_unary_event;
    sluice_unary_event_cb *unary_stream_event;
    sluice_stream_event_cb *stream_unary_event;
    sluice_stream_event_cb *stream_stream_event;
    void *self;
};

/* The makers, one for each form. */
SLUICE_API struct sluice_method_implementation sluice_unary_unary_inline(
    sluice_unary_unary_inline_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_unary_stream_inline(
    sluice_unary_stream_inline_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_stream_unary_inline(
    sluice_stream_unary_inline_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_stream_stream_inline(
    sluice_stream_stream_inline_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_unary_unary_event(
    sluice_unary_event_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_unary_stream_event(
    sluice_unary_event_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_stream_unary_event(
    sluice_stream_event_cb *behavior, void *self);
SLUICE_API struct sluice_method_implementation sluice_stream_stream_event(
    sluice_stream_event_cb *behavior, void *self);

/* Many methods in one, of any cardinality, asked for each pair that has no
 * implementation of its own. On SLUICE_REPLY_OK it has filled in *requests, and
 * answers as an event form does. Anything else ends the RPC;
 * SLUICE_REPLY_NO_SUCH_METHOD: as if the pair were not there. The consumer may
 * never be called, or not to its end. Names are borrowed for the call. */
struct sluice_multi_method_implementation {
    enum sluice_reply (*service)(void *self, struct sluice_str group,
        struct sluice_str method, struct sluice_servicer_context *ctx,
        struct sluice_request_consumer *requests);
    void *self;
};

/* (group, method) -> implementation, as a base servicer. */
struct sluice_face_servicer;
struct sluice_thread_pool;
/* NULL when memory is short. */
SLUICE_API struct sluice_face_servicer *sluice_face_servicer_new(void);
/* The End has been freed, and no inline method is running any more: free the
 * thread pool before. */
SLUICE_API void sluice_face_servicer_free(
    struct sluice_face_servicer **servicer);
/* Threads for inline methods, until the End has stopped. Before the first of
 * them is added. See sluice_thread_pool_new() for how many. */
SLUICE_API void sluice_face_servicer_set_thread_pool(
    struct sluice_face_servicer *servicer, struct sluice_thread_pool *pool);
/* Copies the names and the implementation. SLUICE_EINVAL: the pair is there
 * already, the implementation does not have exactly the one behaviour of its
 * cardinality and style, or is an inline one and there is no thread pool.
 * SLUICE_ENOMEM. Before the End starts. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_face_servicer_add(
    struct sluice_face_servicer *servicer, struct sluice_str group,
    struct sluice_str method,
    const struct sluice_method_implementation *implementation);
/* For the pairs that were not added; copied. At most one. Before the End
 * starts. SLUICE_EINVAL: no service, or there is one already. */
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_face_servicer_set_multi_method(struct sluice_face_servicer *servicer,
    const struct sluice_multi_method_implementation *implementation);
/* Calls on_free(arg) once, when the servicer is freed: for what the selfs of
 * its methods point to. At most one; NULL: none. */
SLUICE_API void sluice_face_servicer_on_free(
    struct sluice_face_servicer *servicer, void (*on_free)(void *arg),
    void *arg);
/* The base view of it, for sluice_end_options. An unknown pair becomes
 * NoSuchMethod with code UNIMPLEMENTED. */
SLUICE_API struct sluice_servicer *sluice_face_servicer_base(
    struct sluice_face_servicer *servicer);

#include <sluice/rendezvous.h>

#endif
