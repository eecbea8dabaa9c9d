/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_threads.h - two Ends on the thread of a loop, a service whose
 * methods run on a pool, and callers that are threads as well.
 */
#ifndef FACE_THREADS_H
#define FACE_THREADS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <uv.h>

#include <sluice/face.h>
#include <sluice/link.h>
#include <sluice/status.h>

#include "rpc/check.h"
#include "tests/rpc/values.h"

#define THREADS_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_threads, close_threads)

#define LONG_TIME (3000 * SLUICE_SECOND)
#define SHORT_TIME (5 * SLUICE_MS)

/* Methods of group "Group"; each calls what the test has put here. */
struct behaviors {
    sluice_unary_unary_inline_cb *uu;   /* "UU" */
    sluice_unary_stream_inline_cb *us;  /* "US" */
    sluice_stream_unary_inline_cb *su;  /* "SU" */
    sluice_stream_stream_inline_cb *ss; /* "SS" */
    sluice_unary_event_cb *event;       /* "Event", of one response; and
                                      "EventStream" */
    sluice_stream_event_cb *stream;     /* "StreamEvent", both ways */
};

struct threads {
    struct sluice_loop_thread *loop_thread;
    struct sluice_loop *loop;
    struct sluice_thread_pool *service_pool;
    struct sluice_thread_pool *caller_pool;
    struct sluice_face_servicer *servicer;
    struct sluice_end *service;
    struct sluice_end *invoker;
    struct sluice_link *link;
    struct sluice_stub *stub;

    struct behaviors does; /* self is the struct threads; set before a call */
    uv_sem_t entered;      /* for methods to say where they are */
    uv_sem_t proceed;      /* for them to wait on */
    atomic_uint n_calls;   /* of inline methods */
    atomic_uint n_closed;  /* iterators of count_up() */
    atomic_uint n_produced;
    unsigned n_to_produce; /* count_up() ends there */
    enum sluice_err then;  /* and says this */
    void *arg;             /* the test's own */
};

/* With that many threads for methods. */
void threads_open(struct threads *t, unsigned n_threads);
void threads_close(struct threads *t);

/* cmocka's setup and teardown, with four threads for methods. */
int open_threads(void **state);
int close_threads(void **state);

/* Stops an End and waits for that. */
void stop_end(struct threads *t, struct sluice_end *end);
void end_stats(struct threads *t, struct sluice_end *end,
    uint64_t stats[SLUICE_OUTCOME_KINDS]);

/* ---- Calls ---------------------------------------------------------------- */

/* They must start; metadata (taken) may be NULL. request NULL: an open stream
 * of requests. */
struct sluice_rendezvous *start_call(struct threads *t,
    enum sluice_cardinality cardinality, const char *method,
    const char *request, struct sluice_metadata *metadata);

/* Passes n numbered requests, and their end. */
void send_requests(struct sluice_rendezvous *r, unsigned n);

/* Draws a value that says text. */
void assert_next(struct sluice_rendezvous *r, const char *text);
/* Draws responses that are counted up from 0; returns how many, and how it
 * ended. */
unsigned draw_all(struct sluice_rendezvous *r, enum sluice_err *end);

/* Of a unary response. */
void assert_result(struct sluice_rendezvous *r, const char *text);
const struct sluice_abortion *assert_abortion(struct sluice_rendezvous *r,
    enum sluice_abortion_kind kind);

/* ---- Behaviours ----------------------------------------------------------- */

/* An iterator over "0" to t->n_to_produce - 1, then t->then; it posts
 * t->entered when it has produced one. */
struct sluice_iterator count_up(struct threads *t);

/* For behaviors: the request is the response; the same when t->entered has been
 * posted and t->proceed waited for; each request is a response. */
sluice_unary_unary_inline_cb echo;
sluice_unary_unary_inline_cb wait_and_echo;
sluice_stream_stream_inline_cb mirror;

/* ---- Values --------------------------------------------------------------- */

bool metadata_has(const struct sluice_metadata *md, const char *name,
    const char *value);

#endif
