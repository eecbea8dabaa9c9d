/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/rendezvous.h - RPCs for threads that may block: the blocking, future
 * and inline styles of the face layer, for callers and for services.
 *
 * A rendezvous is where such threads meet the loop over one RPC. On the
 * invocation side it is at once the Call, the Future, the iterator of responses
 * and, where no request iterator was given, the Consumer of requests; on the
 * service side the ServicerContext, the iterator of requests and the Consumer
 * of responses. At most one value waits in it to be drawn; drawing that one
 * grants the other side the next.
 *
 * Ownership   sluice_..._ref() and sluice_rendezvous_unref() count holds. What
 *             is taken and given is stated as everywhere. Dropping the last
 *             hold of a running RPC neither ends it nor waits for it. What an
 *             ended RPC shows stays valid when its End and loop are gone.
 * Thread      Any thread, for every function here but sluice_servicer_context_
 *             rendezvous(). One that would have to wait returns SLUICE_ETHREAD
 *             on the loop's thread instead.
 * Results     SLUICE_EABORTED means that the RPC has aborted;
 *             sluice_rendezvous_abortion() says how. It repeats for ever.
 * Completion  A service that completes with a code of failure aborts the RPC
 *             for its caller (sluice/face.h, "Codes"). A unary response exists
 *             only when the RPC has completed with exactly one.
 */
#ifndef SLUICE_RENDEZVOUS_H
#define SLUICE_RENDEZVOUS_H

#include <sluice/face.h>
#include <sluice/thread.h>

struct sluice_rendezvous;

/* ---- Iterators ----------------------------------------------------------- */

/* A stream of values that customer code produces: a caller's requests, the
 * responses of an inline method. Drawn on a thread of the pool, one value for
 * each allowance, never two at a time. No call of next begins when the RPC has
 * ended, but one may be going on then, and it is not waited for, not even by a
 * blocking call: arg must last until close, or until the pool is freed. */
struct sluice_iterator {
    /* SLUICE_OK: *value is given. SLUICE_EEND: there are no more. Anything
     * else, or no value, is a defect and ends the RPC with LOCAL_FAILURE. May
     * block. *value is NULL before. */
    enum sluice_err (*next)(void *arg, struct sluice_bytes **value);
    /* Last of all and once, also when next was never called; NULL: none. */
    void (*close)(void *arg);
    void *arg;
};

/* ---- Invocation side: starting ------------------------------------------- */

/* Threads that draw request iterators and nothing else. Must outlive the stub's
 * RPCs: until the end of each is known to its caller. Without one, a call with a request iterator is SLUICE_EINVAL. Set
 * before the stub is used, and before a multi-callable is made of it. */
SLUICE_API void sluice_stub_set_thread_pool(struct sluice_stub *stub,
    struct sluice_thread_pool *pool);
SLUICE_API void sluice_dynamic_stub_set_thread_pool(
    struct sluice_dynamic_stub *stub, struct sluice_thread_pool *pool);

/* What the starting functions have in common: request is taken, and
 * options->metadata, whatever is returned. The iterator is copied; on an error
 * its close has been called. *rendezvous holds a reference for the caller, in
 * the blocking styles also with SLUICE_EABORTED (it says why), and is NULL
 * otherwise. Errors, all before anything has been sent: SLUICE_ESTATE (the End
 * is stopped or stopping), SLUICE_EINVAL, SLUICE_ENOMEM, SLUICE_ETHREAD (on
 * the loop's thread). */

/* Waits for the end of the RPC. SLUICE_OK: *response is given. rendezvous may
 * be NULL ("with_call" is false); there is no telling why it aborted then.
 * requests must not be: nobody else could bring any. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_blocking_unary_unary(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_call_options *options,
    struct sluice_bytes **response, struct sluice_rendezvous **rendezvous);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_blocking_stream_unary(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options, struct sluice_bytes **response,
    struct sluice_rendezvous **rendezvous);

/* Return when the RPC has begun. requests NULL: the caller passes requests with
 * sluice_rendezvous_consume(). An iterator is drawn only later. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_future_unary_unary(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_future_stream_unary(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_inline_unary_stream(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    struct sluice_bytes *request, const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_stub_inline_stream_stream(
    struct sluice_stub *stub, struct sluice_str group, struct sluice_str method,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous);

/* The same through a multi-callable, of any cardinality: blocking for unary
 * responses, future for unary, inline for stream responses. Exactly one of
 * request and requests belongs to the cardinality; the other one must be NULL
 * (for a stream of requests both may be, unless it blocks). SLUICE_EINVAL
 * otherwise, and for a style that the cardinality does not have. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_multi_callable_blocking(
    struct sluice_multi_callable *callable, struct sluice_bytes *request,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options, struct sluice_bytes **response,
    struct sluice_rendezvous **rendezvous);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_multi_callable_future(
    struct sluice_multi_callable *callable, struct sluice_bytes *request,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_multi_callable_inline(
    struct sluice_multi_callable *callable, struct sluice_bytes *request,
    const struct sluice_iterator *requests,
    const struct sluice_call_options *options,
    struct sluice_rendezvous **rendezvous);

/* ---- Both sides: the RPC as a context ------------------------------------ */

SLUICE_API bool sluice_rendezvous_is_active(struct sluice_rendezvous *r);

/* Nanoseconds; 0 once terminated. */
SLUICE_API int64_t sluice_rendezvous_time_remaining(
    struct sluice_rendezvous *r);

/* Idempotent; nothing happens once terminated. As the Future's cancel: never
 * true, since it is never known that the RPC did not run. */
SLUICE_API bool sluice_rendezvous_cancel(struct sluice_rendezvous *r);

/* NULL while active and after completion. Valid while the rendezvous is. */
SLUICE_API const struct sluice_abortion *sluice_rendezvous_abortion(
    struct sluice_rendezvous *r);

/* As sluice_call_add_abortion_callback(); runs on the loop's thread. */
SLUICE_API const struct sluice_abortion *
sluice_rendezvous_add_abortion_callback(struct sluice_rendezvous *r,
    struct sluice_abortion_callback *cb);

/* Waits until the link's context is known. NULL between Ends in one process.
 * SLUICE_EABORTED if the RPC has aborted, SLUICE_ESTATE if it has completed.
 * What it points to is valid while the RPC is active. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_protocol_context(
    struct sluice_rendezvous *r, void **protocol_context);

SLUICE_API struct sluice_rendezvous *sluice_rendezvous_ref(
    struct sluice_rendezvous *r);
SLUICE_API void sluice_rendezvous_unref(struct sluice_rendezvous **r);

/* ---- Both sides: the iterator -------------------------------------------- */

/* Draws the next response, or request. In this order: SLUICE_EABORTED, even if
 * a value waits; SLUICE_OK, *value is given; SLUICE_EEND after the other side's
 * completion, for ever; else it waits, and so it does from a cancellation by
 * this side until it is known how the RPC ended. Of one thread at a time.
 * SLUICE_ESTATE: requests of an event style or a unary method. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_next(
    struct sluice_rendezvous *r, struct sluice_bytes **value);

/* ---- Both sides: the consumer -------------------------------------------- */

/* value is taken. Waits until the other side has allowance for it, or the RPC
 * has terminated: then it is dropped, and SLUICE_OK returned all the same.
 * SLUICE_ESTATE: requests that are unary or that an iterator brings, responses
 * of an inline method. SLUICE_EINVAL: NULL. After terminate: the RPC ends with
 * LOCAL_FAILURE. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_consume(
    struct sluice_rendezvous *r, struct sluice_bytes *value);
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_rendezvous_consume_and_terminate(struct sluice_rendezvous *r,
    struct sluice_bytes *value);
/* No more values. Never waits; idempotent. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_terminate(
    struct sluice_rendezvous *r);

/* ---- Invocation side: the call ------------------------------------------- */

/* Wait: for the service's initial metadata, or until it is known that none
 * comes; for its completion, or the end of the RPC. Absent values are NULL,
 * *has_code false and ptr NULL. After an abort: what the Abortion has. *metadata
 * and *details are borrowed from the rendezvous. SLUICE_ETHREAD is the only
 * error (and SLUICE_ESTATE on the service side). */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_initial_metadata(
    struct sluice_rendezvous *r, struct sluice_metadata **metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_terminal_metadata(
    struct sluice_rendezvous *r, struct sluice_metadata **metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_code(
    struct sluice_rendezvous *r, bool *has_code, int32_t *code);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_details(
    struct sluice_rendezvous *r, struct sluice_str *details);

/* ---- Invocation side: the future ----------------------------------------- */

/* All wait for the end of the RPC, timeout_ns at most (SLUICE_NO_TIMEOUT: as
 * long as it takes). SLUICE_ETIMEDOUT: not ended yet; the RPC goes on and the
 * call may be repeated; a timeout of 0 or less never waits. SLUICE_ECANCELLED:
 * it was cancelled, by whichever side. SLUICE_EABORTED: aborted otherwise. Of a
 * stream of responses, and on the service side: SLUICE_ESTATE.
 *
 * result: *response is given, a further reference each time.
 * exception: *abortion is NULL after completion; after an abort other than a
 * cancellation SLUICE_OK with the Abortion.
 * traceback: as exception, sluice_abortion_text(), borrowed from the rendezvous;
 * ptr NULL: none. When memory is short it is the error's name alone. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_result(
    struct sluice_rendezvous *r, int64_t timeout_ns,
    struct sluice_bytes **response);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_exception(
    struct sluice_rendezvous *r, int64_t timeout_ns,
    const struct sluice_abortion **abortion);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_traceback(
    struct sluice_rendezvous *r, int64_t timeout_ns,
    struct sluice_str *traceback);

/* True if this side asked for cancellation before it knew of an end. */
SLUICE_API bool sluice_rendezvous_cancelled(struct sluice_rendezvous *r);

/* Exact complements. */
SLUICE_API bool sluice_rendezvous_running(struct sluice_rendezvous *r);
SLUICE_API bool sluice_rendezvous_done(struct sluice_rendezvous *r);

/* Intrusive: the storage is the caller's until run has been called. */
struct sluice_done_callback {
    void (*run)(struct sluice_done_callback *self, struct sluice_rendezvous *r);
    struct sluice_done_callback *next; /* private */
};

/* Runs once, however the RPC ended: on the loop's thread, or at once and in
 * this thread if it has ended already. r is borrowed for the call. */
SLUICE_API void sluice_rendezvous_add_done_callback(struct sluice_rendezvous *r,
    struct sluice_done_callback *cb);

/* ---- Service side -------------------------------------------------------- */

/* The rendezvous of an RPC that an event style method services, so that other
 * threads can answer it, with back-pressure: the responses then go through the
 * rendezvous alone. Requests go on coming to the method. Loop thread; *r holds
 * a reference. SLUICE_ESTATE: it has ended. SLUICE_ENOMEM. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_servicer_context_rendezvous(
    struct sluice_servicer_context *ctx, struct sluice_rendezvous **r);

/* The invoker's metadata, as sluice_servicer_context_invocation_metadata() says:
 * known when the method is called. Borrowed from the rendezvous. SLUICE_ESTATE
 * on the invocation side. */
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_rendezvous_invocation_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata **metadata);

/* As the functions of sluice_servicer_context of like name. Metadata is taken,
 * text copied (SLUICE_ENOMEM). SLUICE_ESTATE on the invocation side, too. */
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_rendezvous_set_initial_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err
sluice_rendezvous_set_terminal_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_set_code(
    struct sluice_rendezvous *r, int32_t code);
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_rendezvous_set_details(
    struct sluice_rendezvous *r, struct sluice_str details);

#endif
