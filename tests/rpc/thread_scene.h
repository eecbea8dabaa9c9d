/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/thread_scene.h - two Ends in one process on the thread of a loop,
 * for tests whose callers are other threads. All methods are event style ones.
 *
 *   Echo       UU  the request is the response
 *   Refuse     UU  NOT_FOUND, "no such book", terminal metadata a: z
 *   Count      US  "0" to n_to_make - 1, as allowance comes
 *   Join       SU  all requests, one after the other
 *   EchoAll    SS  each request is a response
 *   HoldUU ..  SS  the context is held in scene.held and nothing else is done;
 *                  streams of requests are granted by the test alone
 *   Ignore     SU  never answers; grants one request after the other
 *   FailUU, SS     FAILED, to the first request where they stream
 */
#ifndef THREAD_SCENE_H
#define THREAD_SCENE_H

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

#define LONG_TIME (3000 * SLUICE_SECOND)
#define SHORT_TIME (5 * SLUICE_MS)

#define GROUP sluice_str("Group")

struct scene {
    struct sluice_loop_thread *thread; /* NULL once the loop is closed */
    struct sluice_loop *loop;
    struct sluice_face_servicer *servicer;
    struct sluice_end *service;
    struct sluice_end *invoker;
    struct sluice_link *link;
    struct sluice_stub *stub;
    struct sluice_thread_pool *pool; /* of 2 threads; the stub's */
    struct sluice_rendezvous *r;     /* the test's, released at the end */

    /* Of the loop's thread. */
    struct sluice_servicer_context *held;
    unsigned n_to_make;
    char joined[256];

    atomic_uint n_made;     /* responses of Count */
    atomic_uint n_requests; /* that methods were given, one at a time */
    uv_sem_t called;        /* once for each call of a method that holds */
    uv_sem_t requested;     /* once for each request such a one is given */
    uv_sem_t terminated;    /* once for each held RPC's end */

    uint64_t n_ended[SLUICE_OUTCOME_KINDS]; /* of the invoker, at its end */

    uv_thread_t helper;
    bool has_helper;
    void (*help)(struct scene *s);
};

/* cmocka's setup and teardown; *state is a struct scene. */
int open_scene(void **state);
int close_scene(void **state);

/* What close_scene() does first, for tests of what is left then: stops both
 * Ends and ends the loop's thread. */
void end_scene(struct scene *s);

/* Runs fn(s) on the loop's thread. */
void on_loop(struct scene *s, void (*fn)(struct scene *s));

/* For on_loop(): of the held RPC, the plain answer "done", a cancellation, one
 * more request; of the Ends, a stop without grace, asked for but not awaited. */
void answer_held(struct scene *s);
void cancel_held(struct scene *s);
void allow_one(struct scene *s);
void let_go(struct scene *s); /* so that another one may be held */
void stop_invoker(struct scene *s);
void stop_service(struct scene *s);

/* Starts a thread that waits until a method that holds has been called, and then
 * runs fn(s) on the loop's thread: for a test that is blocked itself. Once in a
 * test; it has ended when the scene is closed. */
void help_when_called(struct scene *s, void (*fn)(struct scene *s));

/* How often operations of an End have ended so. */
uint64_t ended_as(struct scene *s, struct sluice_end *end,
    enum sluice_outcome_kind kind);

/* Consumes bytes. */
void assert_bytes(struct sluice_bytes *bytes, const char *text);

/* Each starts an RPC that must start, with LONG_TIME, and returns it. A stream
 * of requests is the test's to consume when requests is NULL. */
struct sluice_rendezvous *future_unary(struct scene *s, const char *method,
    const char *request);
struct sluice_rendezvous *future_stream(struct scene *s, const char *method,
    const struct sluice_iterator *requests);
struct sluice_rendezvous *inline_unary(struct scene *s, const char *method,
    const char *request);
struct sluice_rendezvous *inline_stream(struct scene *s, const char *method,
    const struct sluice_iterator *requests);

/* Draws the next value, which must be text. */
void assert_next(struct sluice_rendezvous *r, const char *text);
/* Drawing gives this error, and goes on doing so. */
void assert_no_next(struct sluice_rendezvous *r, enum sluice_err err);
/* Wait for the end, which must be completion, or an abortion of this kind. */
void assert_completes(struct sluice_rendezvous *r);
void assert_aborts(struct sluice_rendezvous *r, enum sluice_abortion_kind kind);

/* ---- Iterators that count ------------------------------------------------------ */

struct source {
    struct sluice_iterator iterator;
    unsigned n;          /* gives "0" to n - 1, and then... */
    enum sluice_err end; /* ...this; SLUICE_OK: goes on for ever */
    uv_sem_t *gate;      /* waited for before each value; NULL: none */
    atomic_uint n_drawn; /* calls of next */
    atomic_uint n_closed;
    atomic_bool is_inside; /* one at a time */
    uv_sem_t drawing;      /* once for each call of next */
    uv_sem_t closed;
};

void source_init(struct source *source, unsigned n, enum sluice_err end);
void source_fini(struct source *source);

#endif
