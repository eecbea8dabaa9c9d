/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_blocking.c - RPCs in blocking and inline style, of a
 * service in inline style: scenarios FT-B.
 */
#include "tests/rpc/face_suite.h"

/* ---- Success ------------------------------------------------------------- */

static void
b01(struct suite *s)
{
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response = NULL;

    assert_int_equal(invoke_blocking(s, trade_request(1), NULL, NEVER,
                         &response, &r),
        SLUICE_OK);
    assert_trade(response, 1, 0);
    assert_false(sluice_rendezvous_is_active(r));
    assert_null(sluice_rendezvous_abortion(r));
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
}

/* Draws replies to the end: to the request first, or to each from first on. */
static void
draw_all(struct sluice_rendezvous *r, unsigned first, bool are_pairs)
{
    struct sluice_bytes *response;
    enum sluice_err err;
    unsigned n = 0;

    while ((err = sluice_rendezvous_next(r, &response)) == SLUICE_OK) {
        if (are_pairs)
            assert_trade(response, first + n, 0);
        else
            assert_trade(response, first, n);
        sluice_bytes_unref(&response);
        n++;
    }
    assert_int_equal(err, SLUICE_EEND);
    assert_int_equal(n, N_TRADES);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_EEND);
}

static void
b02(struct suite *s)
{
    struct sluice_rendezvous *r =
        begin(s, SLUICE_UNARY_STREAM, trade_request(2), NULL, NEVER);

    draw_all(r, 2, false);
    sluice_rendezvous_unref(&r);
}

static void
b03(struct suite *s)
{
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response = NULL;
    struct sluice_iterator requests;
    struct source source;
    unsigned first = s->serial;

    source_init(&source, s, N_TRADES);
    requests = source_iterator(&source);
    assert_int_equal(invoke_blocking(s, NULL, &requests, NEVER, &response, &r),
        SLUICE_OK);
    assert_highest(response, first, N_TRADES);
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
    source_fini(&source);
}

static void
b04(struct suite *s)
{
    struct sluice_rendezvous *r;
    struct sluice_iterator requests;
    struct source source;
    unsigned first = s->serial;

    source_init(&source, s, N_TRADES);
    requests = source_iterator(&source);
    r = begin(s, SLUICE_STREAM_STREAM, NULL, &requests, NEVER);
    draw_all(r, first, true);
    sluice_rendezvous_unref(&r);
    source_fini(&source);
}

static void
call_bare(struct suite *s, unsigned serial)
{
    struct sluice_bytes *response = NULL;

    assert_int_equal(invoke_blocking(s, trade_request(serial), NULL, NEVER,
                         &response, NULL),
        SLUICE_OK);
    assert_trade(response, serial, 0);
    sluice_bytes_unref(&response);
}

static void
b05(struct suite *s)
{
    call_bare(s, 1);
    call_bare(s, 2);
}

/* ---- Many ---------------------------------------------------------------- */

struct caller {
    struct sluice_work work;
    struct suite *s;
    unsigned serial;
    struct sluice_bytes *response;
    uv_sem_t *done;
};

static void
on_caller(struct sluice_work *work)
{
    struct caller *c = RPC_CONTAINER_OF(work, struct caller, work);
    enum sluice_err err;

    err = invoke_blocking(c->s, trade_request(c->serial), NULL, NEVER,
        &c->response, NULL);
    assert(err == SLUICE_OK);
    uv_sem_post(c->done);
}

/* Each in a thread of its own; waits for so many. */
static void
call_in_parallel(struct suite *s, unsigned n_awaited)
{
    struct sluice_thread_pool *pool;
    struct caller callers[N_PARALLEL] = { { .serial = 0 } };
    uv_sem_t done;
    unsigned i;

    assert_int_equal(uv_sem_init(&done, 0), 0);
    assert_int_equal(sluice_thread_pool_new(N_PARALLEL, &pool), SLUICE_OK);
    for (i = 0; i < N_PARALLEL; i++) {
        callers[i].work.run = on_caller;
        callers[i].s = s;
        callers[i].serial = i;
        callers[i].done = &done;
        sluice_thread_pool_submit(pool, &callers[i].work);
    }
    for (i = 0; i < n_awaited; i++)
        uv_sem_wait(&done);
    sluice_thread_pool_free(&pool);
    for (i = 0; i < N_PARALLEL; i++) {
        assert_trade(callers[i].response, i, 0);
        sluice_bytes_unref(&callers[i].response);
    }
    uv_sem_destroy(&done);
}

static void
b06(struct suite *s)
{
    call_in_parallel(s, N_PARALLEL);
}

static void
b07(struct suite *s)
{
    call_in_parallel(s, N_PARALLEL / 2);
}

/* ---- Aborted ------------------------------------------------------------- */

static void
assert_abort(struct sluice_rendezvous *r, enum sluice_abortion_kind kind)
{
    const struct sluice_abortion *abortion = sluice_rendezvous_abortion(r);

    assert_non_null(abortion);
    assert_string_equal(sluice_abortion_error_name(abortion->kind),
        sluice_abortion_error_name(kind));
}

static void
draw_to_the_abort(struct sluice_rendezvous *r, enum sluice_abortion_kind kind)
{
    struct sluice_bytes *response;
    enum sluice_err err;

    while ((err = sluice_rendezvous_next(r, &response)) == SLUICE_OK)
        sluice_bytes_unref(&response);
    assert_int_equal(err, SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_EABORTED);
    assert_abort(r, kind);
}

/* One RPC of the cardinality that aborts. */
static void
abort_one(struct suite *s, enum sluice_cardinality cardinality,
    int64_t timeout_ns, enum sluice_abortion_kind kind)
{
    bool streams = cardinality == SLUICE_STREAM_UNARY ||
        cardinality == SLUICE_STREAM_STREAM;
    struct sluice_bytes *request = streams ? NULL : trade_request(1);
    struct sluice_bytes *response = NULL;
    struct sluice_rendezvous *r = NULL;
    struct sluice_iterator requests;
    struct source source;

    source_init(&source, s, N_TRADES);
    requests = source_iterator(&source);
    if (cardinality == SLUICE_UNARY_UNARY ||
        cardinality == SLUICE_STREAM_UNARY) {
        assert_int_equal(invoke_blocking(s, request, streams ? &requests : NULL,
                             timeout_ns, &response, &r),
            SLUICE_EABORTED);
        assert_null(response);
        assert_abort(r, kind);
    } else {
        r = begin(s, cardinality, request, streams ? &requests : NULL,
            timeout_ns);
        draw_to_the_abort(r, kind);
    }
    resume_service(s);
    if (!streams)
        requests.close(&source);
    source_fini(&source);
    sluice_rendezvous_unref(&r);
}

static void
expire(struct suite *s, enum sluice_cardinality cardinality)
{
    pause_service(s);
    abort_one(s, cardinality, SOON, SLUICE_ABORTION_EXPIRED);
}

static void
fail_it(struct suite *s, enum sluice_cardinality cardinality)
{
    fail_service(s);
    abort_one(s, cardinality, NEVER, SLUICE_ABORTION_REMOTE_FAILURE);
}

static void
b12(struct suite *s)
{
    expire(s, SLUICE_UNARY_UNARY);
}

static void
b13(struct suite *s)
{
    expire(s, SLUICE_UNARY_STREAM);
}

static void
b14(struct suite *s)
{
    expire(s, SLUICE_STREAM_UNARY);
}

static void
b15(struct suite *s)
{
    expire(s, SLUICE_STREAM_STREAM);
}

static void
b16(struct suite *s)
{
    fail_it(s, SLUICE_UNARY_UNARY);
}

static void
b17(struct suite *s)
{
    fail_it(s, SLUICE_UNARY_STREAM);
}

static void
b18(struct suite *s)
{
    fail_it(s, SLUICE_STREAM_UNARY);
}

static void
b19(struct suite *s)
{
    fail_it(s, SLUICE_STREAM_STREAM);
}

static const struct suite_case cases[] = {
    { "B01 a unary call returns its response", b01 },
    { "B02 a stream of responses is drawn to its end", b02 },
    { "B03 a stream of requests returns its response", b03 },
    { "B04 streams flow both ways", b04 },
    { "B05 one call follows another", b05 },
    { "B06 threads call side by side", b06 },
    { "B07 some of many are waited for", b07 },
    { "B12 a unary call expires", b12 },
    { "B13 a stream of responses expires", b13 },
    { "B14 a stream of requests expires", b14 },
    { "B15 two streams expire", b15 },
    { "B16 a unary method fails", b16 },
    { "B17 a method that streams responses fails", b17 },
    { "B18 a method that is streamed requests fails", b18 },
    { "B19 a method with two streams fails", b19 },
};

int
main(void)
{
    return run_suite("blocking style", INLINE_SERVICE, cases,
        sizeof(cases) / sizeof(cases[0]));
}
