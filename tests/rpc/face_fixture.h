/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_fixture.h - two Ends on one loop, joined by either link, a stub
 * on one side and a face servicer on the other, and an observer that records
 * how an RPC went.
 */
#ifndef FACE_FIXTURE_H
#define FACE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <uv.h>

#include <sluice/face.h>
#include <sluice/link.h>
#include <sluice/status.h>

#include "rpc/check.h"
#include "tests/rpc/join.h"
#include "tests/rpc/values.h"

#define LONG_TIME (3000 * SLUICE_SECOND)
#define SHORT_TIME (5 * SLUICE_MS)

struct fixture {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_pool *pool;
    const char *group; /* "Group" unless changed */
    struct sluice_face_servicer *servicer;
    struct sluice_end *service;
    struct sluice_end *invoker;
    enum join_kind over; /* IN_PROCESS unless changed before it is opened */
    struct join join;
    struct sluice_stub *stub;
};

/* A started pair around servicer, which the fixture frees. */
void fixture_open(struct fixture *f, struct sluice_face_servicer *servicer,
    struct sluice_loop *loop);
/* The loop comes first where a servicer needs it. */
struct sluice_loop *fixture_open_loop(struct fixture *f);
/* Stops both Ends and closes the loop: a leaked RPC would hang here. */
void fixture_close(struct fixture *f);

/* Turns the loop until *flag is not 0. */
void run_until(struct fixture *f, const unsigned *flag);
/* Turns the loop until nothing runs on either End. */
void run_until_idle(struct fixture *f);

/* ---- Observers ------------------------------------------------------------ */

#define KEPT_RESPONSES 1000u

struct observer {
    struct sluice_receiver receiver; /* set by observe(); may be changed */
    struct sluice_call *call;        /* held */
    unsigned n_ends;                 /* complete and abortion, together */
    unsigned n_metadata;
    unsigned n_responses;
    bool is_in_order; /* nothing came twice or after the end */
    bool is_completed;
    int n_allowed;
    struct sluice_metadata *metadata;
    struct sluice_bytes *responses[KEPT_RESPONSES];
    struct sluice_completion completion;
    struct sluice_abortion abortion; /* details and metadata: held by call */
    char text[128];                  /* message or details */
    enum sluice_reply reply;         /* to responses */
    void (*on_response)(struct observer *o);
    void (*on_end)(struct observer *o);
    void *arg;
};

void observe(struct observer *o);
void observer_fini(struct observer *o);
struct sluice_str response_text(const struct observer *o, unsigned i);
#define assert_response(o, i, s) \
    assert_true(sluice_str_equal(response_text(o, i), sluice_str(s)))

/* An RPC of a method of f->group; it must start. request is NULL exactly for
 * streams; call_bytes() takes it. */
void call_bytes(struct fixture *f, struct observer *o,
    enum sluice_cardinality cardinality, const char *method,
    struct sluice_bytes *request, const struct sluice_call_options *options);
void call_with(struct fixture *f, struct observer *o,
    enum sluice_cardinality cardinality, const char *method,
    const char *request, const struct sluice_call_options *options);
void call_method(struct fixture *f, struct observer *o,
    enum sluice_cardinality cardinality, const char *method,
    const char *request);

void assert_completed(const struct observer *o, int32_t code);
/* By the service's completion with this code; over gRPC that is an abort of the
 * operation, too. */
void assert_failed_with(const struct fixture *f, const struct observer *o,
    int32_t code);
void assert_aborted(const struct observer *o, enum sluice_abortion_kind kind);

/* That metadata of one entry has arrived: in process, that very object. */
void assert_metadata(const struct fixture *f, const struct sluice_metadata *got,
    const struct sluice_metadata *sent);
/* That none has arrived. */
void assert_no_metadata(const struct fixture *f,
    const struct sluice_metadata *got);
/* That the observer was told of an end there: over gRPC with a code. */
void assert_told(const struct fixture *f, const struct observer *o,
    enum sluice_outcome_kind there);

/* ---- Methods -------------------------------------------------------------- */

/* Adds a method to "Group". */
void add_unary(struct sluice_face_servicer *s, const char *name,
    enum sluice_cardinality cardinality, sluice_unary_event_cb *behavior,
    void *self);
void add_stream(struct sluice_face_servicer *s, const char *name,
    enum sluice_cardinality cardinality, sluice_stream_event_cb *behavior,
    void *self);

#endif
