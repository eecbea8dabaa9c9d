/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_future.c - RPCs in future and inline style, of a service
 * that threads of its own answer: scenarios FT-F. What goes wrong in such a
 * thread nobody sees, so the RPC looks like one that is never answered.
 */
#include "tests/rpc/face_suite.h"

/* ---- Callbacks, recorded ------------------------------------------------- */

struct record {
    struct sluice_done_callback done;
    struct sluice_abortion_callback aborted;
    struct sluice_rendezvous *got; /* what done was called with */
    unsigned n_aborted;
    uv_sem_t is_done;
};

static void
on_done(struct sluice_done_callback *self, struct sluice_rendezvous *r)
{
    struct record *rec = RPC_CONTAINER_OF(self, struct record, done);

    assert(rec->got == NULL);
    rec->got = r;
    uv_sem_post(&rec->is_done);
}

static void
on_aborted(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct record *rec = RPC_CONTAINER_OF(self, struct record, aborted);

    assert(abortion != NULL);
    rec->n_aborted++;
}

static void
listen_to(struct record *rec, struct sluice_rendezvous *r)
{
    memset(rec, 0, sizeof(*rec));
    assert_int_equal(uv_sem_init(&rec->is_done, 0), 0);
    rec->done.run = on_done;
    rec->aborted.run = on_aborted;
    sluice_rendezvous_add_done_callback(r, &rec->done);
}

/* Waits for the callback, which must have got this very future. */
static void
is_told(struct record *rec, struct sluice_rendezvous *r)
{
    uv_sem_wait(&rec->is_done);
    assert_ptr_equal(rec->got, r);
    uv_sem_destroy(&rec->is_done);
}

/* ---- One RPC ------------------------------------------------------------- */

struct rpc {
    struct sluice_rendezvous *r;
    struct source source;
    unsigned first;
    bool has_source;
};

static bool
streams_requests(enum sluice_cardinality cardinality)
{
    return cardinality == SLUICE_STREAM_UNARY ||
        cardinality == SLUICE_STREAM_STREAM;
}

/* The iterator, if there is one, is paused while the call begins. */
static void
start(struct suite *s, struct rpc *rpc, enum sluice_cardinality cardinality,
    int64_t timeout_ns)
{
    struct sluice_iterator requests;

    rpc->first = s->serial;
    rpc->has_source = streams_requests(cardinality);
    if (!rpc->has_source) {
        rpc->r =
            begin(s, cardinality, trade_request(rpc->first), NULL, timeout_ns);
        return;
    }
    source_init(&rpc->source, s, N_TRADES);
    source_pause(&rpc->source);
    requests = source_iterator(&rpc->source);
    rpc->r = begin(s, cardinality, NULL, &requests, timeout_ns);
}

static void
finish(struct suite *s, struct rpc *rpc)
{
    resume_service(s);
    if (rpc->has_source) {
        source_resume(&rpc->source);
        source_fini(&rpc->source);
    }
    sluice_rendezvous_unref(&rpc->r);
}

static void
has_succeeded(struct sluice_rendezvous *r)
{
    const struct sluice_abortion *abortion;
    struct sluice_str traceback;

    assert_int_equal(sluice_rendezvous_exception(r, SLUICE_NO_TIMEOUT,
                         &abortion),
        SLUICE_OK);
    assert_null(abortion);
    assert_int_equal(sluice_rendezvous_traceback(r, SLUICE_NO_TIMEOUT,
                         &traceback),
        SLUICE_OK);
    assert_null(traceback.ptr);
    assert_true(sluice_rendezvous_done(r));
    assert_false(sluice_rendezvous_running(r));
    assert_false(sluice_rendezvous_cancelled(r));
}

/* ---- Success ------------------------------------------------------------- */

static void
f01(struct suite *s)
{
    struct sluice_bytes *response;
    struct record rec;
    struct rpc rpc;

    start(s, &rpc, SLUICE_UNARY_UNARY, NEVER);
    listen_to(&rec, rpc.r);
    assert_int_equal(sluice_rendezvous_result(rpc.r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_trade(response, rpc.first, 0);
    sluice_bytes_unref(&response);
    is_told(&rec, rpc.r);
    has_succeeded(rpc.r);
    finish(s, &rpc);
}

static void
draw_all(struct rpc *rpc)
{
    struct sluice_bytes *response;
    enum sluice_err err;
    unsigned n = 0;

    while ((err = sluice_rendezvous_next(rpc->r, &response)) == SLUICE_OK) {
        if (rpc->has_source)
            assert_trade(response, rpc->first + n, 0);
        else
            assert_trade(response, rpc->first, n);
        sluice_bytes_unref(&response);
        n++;
    }
    assert_int_equal(err, SLUICE_EEND);
    assert_int_equal(n, N_TRADES);
}

static void
f02(struct suite *s)
{
    struct rpc rpc;

    start(s, &rpc, SLUICE_UNARY_STREAM, NEVER);
    draw_all(&rpc);
    finish(s, &rpc);
}

static void
f03(struct suite *s)
{
    struct sluice_bytes *response;
    struct record rec;
    struct rpc rpc;

    start(s, &rpc, SLUICE_STREAM_UNARY, NEVER);
    listen_to(&rec, rpc.r);
    source_resume(&rpc.source);
    is_told(&rec, rpc.r);
    assert_int_equal(sluice_rendezvous_result(rec.got, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_highest(response, rpc.first, N_TRADES);
    sluice_bytes_unref(&response);
    has_succeeded(rpc.r);
    finish(s, &rpc);
}

static void
f04(struct suite *s)
{
    struct rpc rpc;

    start(s, &rpc, SLUICE_STREAM_STREAM, NEVER);
    source_resume(&rpc.source);
    draw_all(&rpc);
    finish(s, &rpc);
}

static void
has_result(struct rpc *rpc)
{
    struct sluice_bytes *response;

    assert_int_equal(sluice_rendezvous_result(rpc->r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_trade(response, rpc->first, 0);
    sluice_bytes_unref(&response);
}

static void
f05(struct suite *s)
{
    struct rpc rpc;
    unsigned i;

    for (i = 0; i < 2; i++) {
        s->serial = i;
        start(s, &rpc, SLUICE_UNARY_UNARY, NEVER);
        has_result(&rpc);
        finish(s, &rpc);
    }
}

/* All are started before any is waited for. */
static void
f06(struct suite *s)
{
    struct rpc *rpcs = calloc(N_PARALLEL, sizeof(*rpcs));
    unsigned i;

    assert_non_null(rpcs);
    for (i = 0; i < N_PARALLEL; i++) {
        s->serial = i;
        start(s, &rpcs[i], SLUICE_UNARY_UNARY, NEVER);
    }
    for (i = 0; i < N_PARALLEL; i++) {
        has_result(&rpcs[i]);
        finish(s, &rpcs[i]);
    }
    free(rpcs);
}

struct waiter {
    struct sluice_work work;
    struct rpc rpc;
    struct sluice_bytes *response;
    uv_sem_t *done;
};

static void
on_waiter(struct sluice_work *work)
{
    struct waiter *w = RPC_CONTAINER_OF(work, struct waiter, work);
    enum sluice_err err =
        sluice_rendezvous_result(w->rpc.r, SLUICE_NO_TIMEOUT, &w->response);

    assert(err == SLUICE_OK);
    uv_sem_post(w->done);
}

static void
f07(struct suite *s)
{
    struct waiter *waiters = calloc(N_PARALLEL, sizeof(*waiters));
    struct sluice_thread_pool *pool;
    uv_sem_t done;
    unsigned i;

    assert_non_null(waiters);
    assert_int_equal(uv_sem_init(&done, 0), 0);
    assert_int_equal(sluice_thread_pool_new(N_PARALLEL, &pool), SLUICE_OK);
    for (i = 0; i < N_PARALLEL; i++) {
        s->serial = i;
        start(s, &waiters[i].rpc, SLUICE_UNARY_UNARY, NEVER);
        waiters[i].work.run = on_waiter;
        waiters[i].done = &done;
        sluice_thread_pool_submit(pool, &waiters[i].work);
    }
    for (i = 0; i < N_PARALLEL / 2; i++)
        uv_sem_wait(&done);
    sluice_thread_pool_free(&pool);
    for (i = 0; i < N_PARALLEL; i++) {
        assert_trade(waiters[i].response, i, 0);
        sluice_bytes_unref(&waiters[i].response);
        finish(s, &waiters[i].rpc);
    }
    uv_sem_destroy(&done);
    free(waiters);
}

/* ---- Cancelled ----------------------------------------------------------- */

static void
cancel_future(struct suite *s, enum sluice_cardinality cardinality)
{
    const struct sluice_abortion *abortion;
    struct sluice_bytes *response;
    struct sluice_str traceback;
    struct record rec;
    struct rpc rpc;

    pause_service(s);
    start(s, &rpc, cardinality, NEVER);
    listen_to(&rec, rpc.r);
    assert_false(sluice_rendezvous_cancel(rpc.r));
    is_told(&rec, rpc.r);
    assert_true(sluice_rendezvous_cancelled(rpc.r));
    assert_int_equal(sluice_rendezvous_result(rpc.r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_ECANCELLED);
    assert_int_equal(sluice_rendezvous_exception(rpc.r, SLUICE_NO_TIMEOUT,
                         &abortion),
        SLUICE_ECANCELLED);
    assert_int_equal(sluice_rendezvous_traceback(rpc.r, SLUICE_NO_TIMEOUT,
                         &traceback),
        SLUICE_ECANCELLED);
    finish(s, &rpc);
}

static void
is_aborted(struct sluice_rendezvous *r, enum sluice_abortion_kind kind)
{
    const struct sluice_abortion *abortion = sluice_rendezvous_abortion(r);

    assert_non_null(abortion);
    assert_string_equal(sluice_abortion_error_name(abortion->kind),
        sluice_abortion_error_name(kind));
}

static void
cancel_stream(struct suite *s, enum sluice_cardinality cardinality)
{
    struct sluice_bytes *response;
    struct rpc rpc;

    pause_service(s);
    start(s, &rpc, cardinality, NEVER);
    assert_false(sluice_rendezvous_cancel(rpc.r));
    resume_service(s);
    assert_int_equal(sluice_rendezvous_next(rpc.r, &response), SLUICE_EABORTED);
    is_aborted(rpc.r, SLUICE_ABORTION_CANCELLED);
    finish(s, &rpc);
}

static void
f08(struct suite *s)
{
    cancel_future(s, SLUICE_UNARY_UNARY);
}

static void
f09(struct suite *s)
{
    cancel_stream(s, SLUICE_UNARY_STREAM);
}

static void
f10(struct suite *s)
{
    cancel_future(s, SLUICE_STREAM_UNARY);
}

static void
f11(struct suite *s)
{
    cancel_stream(s, SLUICE_STREAM_STREAM);
}

/* ---- Expired, and failed where nobody sees it ---------------------------- */

static void
expire_future(struct suite *s, enum sluice_cardinality cardinality)
{
    const struct sluice_abortion *abortion, *late;
    struct sluice_bytes *response = NULL;
    struct sluice_str traceback;
    struct record rec;
    struct rpc rpc;

    start(s, &rpc, cardinality, SOON);
    listen_to(&rec, rpc.r);
    late = sluice_rendezvous_add_abortion_callback(rpc.r, &rec.aborted);
    if (rpc.has_source)
        source_resume(&rpc.source);
    is_told(&rec, rpc.r);
    assert_int_equal(rec.n_aborted, late == NULL);
    assert_int_equal(sluice_rendezvous_exception(rpc.r, SLUICE_NO_TIMEOUT,
                         &abortion),
        SLUICE_OK);
    assert_non_null(abortion);
    assert_string_equal(sluice_abortion_error_name(abortion->kind),
        "ExpirationError");
    assert_int_equal(sluice_rendezvous_result(rpc.r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_EABORTED);
    assert_null(response);
    assert_int_equal(sluice_rendezvous_traceback(rpc.r, SLUICE_NO_TIMEOUT,
                         &traceback),
        SLUICE_OK);
    assert_non_null(traceback.ptr);
    assert_false(sluice_rendezvous_cancelled(rpc.r));
    finish(s, &rpc);
}

static void
expire_stream(struct suite *s, enum sluice_cardinality cardinality)
{
    struct sluice_bytes *response;
    struct rpc rpc;

    start(s, &rpc, cardinality, SOON);
    if (rpc.has_source)
        source_resume(&rpc.source);
    assert_int_equal(sluice_rendezvous_next(rpc.r, &response), SLUICE_EABORTED);
    is_aborted(rpc.r, SLUICE_ABORTION_EXPIRED);
    finish(s, &rpc);
}

static void
f12(struct suite *s)
{
    pause_service(s);
    expire_future(s, SLUICE_UNARY_UNARY);
}

static void
f13(struct suite *s)
{
    pause_service(s);
    expire_stream(s, SLUICE_UNARY_STREAM);
}

static void
f14(struct suite *s)
{
    pause_service(s);
    expire_future(s, SLUICE_STREAM_UNARY);
}

static void
f15(struct suite *s)
{
    pause_service(s);
    expire_stream(s, SLUICE_STREAM_STREAM);
}

static void
f16(struct suite *s)
{
    fail_service(s);
    expire_future(s, SLUICE_UNARY_UNARY);
}

static void
f17(struct suite *s)
{
    fail_service(s);
    expire_stream(s, SLUICE_UNARY_STREAM);
}

static void
f18(struct suite *s)
{
    fail_service(s);
    expire_future(s, SLUICE_STREAM_UNARY);
}

static void
f19(struct suite *s)
{
    fail_service(s);
    expire_stream(s, SLUICE_STREAM_STREAM);
}

static const struct suite_case cases[] = {
    { "F01 a unary call has its result", f01 },
    { "F02 a stream of responses is drawn to its end", f02 },
    { "F03 a stream of requests begins without drawing", f03 },
    { "F04 two streams begin without drawing", f04 },
    { "F05 one future follows another", f05 },
    { "F06 futures run side by side", f06 },
    { "F07 some of many are waited for", f07 },
    { "F08 a unary call is cancelled", f08 },
    { "F09 a stream of responses is cancelled", f09 },
    { "F10 a stream of requests is cancelled", f10 },
    { "F11 two streams are cancelled", f11 },
    { "F12 a unary call expires", f12 },
    { "F13 a stream of responses expires", f13 },
    { "F14 a stream of requests expires", f14 },
    { "F15 two streams expire", f15 },
    { "F16 a unary method fails unseen", f16 },
    { "F17 a method that streams responses fails unseen", f17 },
    { "F18 a method that is streamed requests fails unseen", f18 },
    { "F19 a method with two streams fails unseen", f19 },
};

int
main(void)
{
    return run_suite("future style", FOREIGN_SERVICE, cases,
        sizeof(cases) / sizeof(cases[0]));
}
