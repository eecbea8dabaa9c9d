/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_flow.c - threads that wait for the other side, and what
 * lets them go on: scenarios NT-12, NT-16 and NT-17.
 *
 * Where a test needs a writer that must wait, it writes blocks of BLOCK bytes,
 * of which no link takes more than a few unread ones.
 */
#include "tests/rpc/face_suite.h"

#define BLOCK 65536u
#define N_BLOCKS 16u
#define N_ENDLESS 1000u
#define ENDLESS_BLOCK 16384u

/* How many may be on their way at once besides one that is delivered, one in
 * flight and one being made: what fits into the windows of a stream, of which
 * the caller's grows with the round trip. */
static unsigned
in_the_link(const struct suite *s, unsigned block)
{
    return is_grpc(s->over) ? (1u << 20) / block + 1 : 0;
}

static struct sluice_bytes *
block_of(size_t size)
{
    struct sluice_bytes *b = sluice_bytes_new(NULL, size);

    assert(b != NULL);
    memset(sluice_bytes_fill(b), 'b', size);
    return b;
}

/* ---- The service --------------------------------------------------------- */

struct flow {
    uv_mutex_t lock;
    unsigned n_made; /* by Gush */
};

/* Reads its requests when the service is not paused. */
static enum sluice_reply
swallow(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct suite *s = self;
    struct sluice_bytes *request;

    if (!come_by(&s->control))
        return SLUICE_REPLY_FAILED;
    while (sluice_rendezvous_next(ctx, &request) == SLUICE_OK)
        sluice_bytes_unref(&request);
    if (!sluice_rendezvous_is_active(ctx))
        return SLUICE_REPLY_ABANDONED;
    *response = block_of(1);
    return SLUICE_REPLY_OK;
}

static enum sluice_err
gush_next(void *arg, struct sluice_bytes **value)
{
    struct suite *s = arg;
    struct flow *f = s->extra;
    bool is_last;

    uv_mutex_lock(&f->lock);
    is_last = f->n_made == N_ENDLESS;
    f->n_made += is_last ? 0 : 1;
    uv_mutex_unlock(&f->lock);
    if (!is_last)
        *value = block_of(ENDLESS_BLOCK);
    return is_last ? SLUICE_EEND : SLUICE_OK;
}

static enum sluice_reply
gush(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)ctx;
    sluice_bytes_unref(&request);
    *responses = (struct sluice_iterator){ gush_next, NULL, self };
    return SLUICE_REPLY_OK;
}

/* Whatever the control says. */
static enum sluice_reply
ping(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    sluice_servicer_context_respond(ctx, request);
    return SLUICE_REPLY_OK;
}

static void
add_flow(struct suite *s)
{
    add_method(s, "Ping", sluice_unary_unary_event(ping, s));
    add_method(s, "Swallow", sluice_stream_unary_inline(swallow, s));
    add_method(s, "Gush", sluice_unary_stream_inline(gush, s));
}

/* ---- A thread that draws ------------------------------------------------- */

struct reader {
    struct sluice_work work;
    struct sluice_rendezvous *r;
    enum sluice_err err;
    uv_sem_t done;
};

static void
draw_once(struct sluice_work *work)
{
    struct reader *reader = RPC_CONTAINER_OF(work, struct reader, work);
    struct sluice_bytes *response = NULL;

    reader->err = sluice_rendezvous_next(reader->r, &response);
    if (reader->err == SLUICE_OK)
        sluice_bytes_unref(&response);
    uv_sem_post(&reader->done);
}

static void
a_thread_that_draws_is_released_by_a_cancellation(struct suite *s)
{
    struct reader reader = { .work = { .run = draw_once } };
    struct sluice_bytes *response;

    assert_int_equal(uv_sem_init(&reader.done, 0), 0);
    pause_service(s);
    reader.r = begin(s, SLUICE_UNARY_STREAM, trade_request(1), NULL, NEVER);
    sluice_thread_pool_submit(s->foreign, &reader.work);
    await_waiting(s);
    assert_int_not_equal(uv_sem_trywait(&reader.done), 0);
    sluice_rendezvous_cancel(reader.r);
    uv_sem_wait(&reader.done);
    assert_int_equal(reader.err, SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_next(reader.r, &response),
        SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_abortion(reader.r)->kind,
        SLUICE_ABORTION_CANCELLED);
    resume_service(s);
    sluice_rendezvous_unref(&reader.r);
    uv_sem_destroy(&reader.done);
}

/* Its first response has come: that is known with its initial metadata. */
static void
a_response_that_waits_is_not_drawn_after_an_abort(struct suite *s)
{
    struct sluice_rendezvous *r =
        begin(s, SLUICE_UNARY_STREAM, trade_request(1), NULL, NEVER);
    struct sluice_metadata *md;
    struct sluice_bytes *response;

    assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
    sluice_rendezvous_cancel(r);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_EABORTED);
    sluice_rendezvous_unref(&r);
}

/* ---- A thread that writes ------------------------------------------------ */

struct writer {
    struct sluice_work work;
    struct sluice_rendezvous *r;
    enum sluice_err err; /* the worst */
    uv_sem_t done;
};

static void
write_all(struct sluice_work *work)
{
    struct writer *w = RPC_CONTAINER_OF(work, struct writer, work);
    enum sluice_err err;
    unsigned i;

    for (i = 0; i < N_BLOCKS; i++) {
        err = sluice_rendezvous_consume(w->r, block_of(BLOCK));
        if (err != SLUICE_OK)
            w->err = err;
    }
    err = sluice_rendezvous_terminate(w->r);
    if (err != SLUICE_OK)
        w->err = err;
    uv_sem_post(&w->done);
}

/* A thread that cannot write all, for the service does not read. */
static void
begin_to_write(struct suite *s, struct writer *w, int64_t timeout_ns)
{
    const struct sluice_call_options options = { .timeout_ns = timeout_ns };

    *w = (struct writer){ .work = { .run = write_all } };
    assert_int_equal(uv_sem_init(&w->done, 0), 0);
    pause_service(s);
    assert_int_equal(sluice_stub_future_stream_unary(s->stub,
                         sluice_str("Stock"), sluice_str("Swallow"), NULL,
                         &options, &w->r),
        SLUICE_OK);
    sluice_thread_pool_submit(s->foreign, &w->work);
}

static void
is_writing(struct suite *s, struct writer *w)
{
    await_waiting(s);
    assert_int_not_equal(uv_sem_trywait(&w->done), 0);
}

/* The thread has been let go, and was told of nothing. */
static void
has_written(struct suite *s, struct writer *w)
{
    uv_sem_wait(&w->done);
    assert_int_equal(w->err, SLUICE_OK);
    resume_service(s);
    sluice_rendezvous_unref(&w->r);
    uv_sem_destroy(&w->done);
}

static void
a_writer_is_released_by_allowance(struct suite *s)
{
    struct sluice_bytes *response = NULL;
    struct writer w;

    begin_to_write(s, &w, NEVER);
    is_writing(s, &w);
    resume_service(s);
    assert_int_equal(sluice_rendezvous_result(w.r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    sluice_bytes_unref(&response);
    has_written(s, &w);
}

static void
a_writer_is_released_by_a_cancellation(struct suite *s)
{
    struct writer w;

    begin_to_write(s, &w, NEVER);
    is_writing(s, &w);
    sluice_rendezvous_cancel(w.r);
    has_written(s, &w);
}

static void
a_writer_is_released_by_expiration(struct suite *s)
{
    struct sluice_bytes *response;
    struct writer w;

    begin_to_write(s, &w, SOON);
    assert_int_equal(sluice_rendezvous_result(w.r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_EABORTED);
    has_written(s, &w);
}

static void
a_writer_is_released_by_a_stop(struct suite *s)
{
    struct writer w;

    begin_to_write(s, &w, NEVER);
    is_writing(s, &w);
    stop_end(s->caller, 0);
    has_written(s, &w);
}

static void
a_writer_is_released_by_a_stop_of_the_service(struct suite *s)
{
    struct writer w;

    begin_to_write(s, &w, NEVER);
    is_writing(s, &w);
    stop_end(s->service, 0);
    has_written(s, &w);
}

/* ---- The end of requests ------------------------------------------------- */

/* That the service, which may be paused, has had one RPC that failed at the
 * caller. A further RPC comes after it on the same connection. */
static void
has_failed_remotely(struct suite *s)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    uint64_t stats[SLUICE_OUTCOME_KINDS];
    struct sluice_bytes *response;

    assert_int_equal(sluice_stub_blocking_unary_unary(s->stub,
                         sluice_str("Stock"), sluice_str("Ping"), block_of(1),
                         &options, &response, NULL),
        SLUICE_OK);
    sluice_bytes_unref(&response);
    resume_service(s);
    idle_stats(s->service, stats);
    assert_int_equal(stats[SLUICE_COMPLETED], 1);
    assert_int_equal(stats[SLUICE_REMOTE_FAILURE], 1);
}

static struct sluice_rendezvous *
begin_to_consume(struct suite *s)
{
    return begin(s, SLUICE_STREAM_UNARY, NULL, NULL, NEVER);
}

static void
requests_end_once(struct suite *s)
{
    struct sluice_rendezvous *r = begin_to_consume(s);
    struct sluice_bytes *response = NULL;

    assert_int_equal(sluice_rendezvous_consume(r, trade_request(3)), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    assert_trade(response, 3, 0);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
}

static void
a_request_after_the_end_of_requests_is_a_local_failure(struct suite *s)
{
    struct sluice_rendezvous *r;
    struct sluice_bytes *response;

    pause_service(s);
    r = begin_to_consume(s);
    assert_int_equal(sluice_rendezvous_consume_and_terminate(r,
                         trade_request(3)),
        SLUICE_OK);
    await_waiting(s);
    assert_int_equal(sluice_rendezvous_consume(r, trade_request(4)), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_abortion(r)->kind,
        SLUICE_ABORTION_LOCAL_FAILURE);
    has_failed_remotely(s);
    sluice_rendezvous_unref(&r);
}

/* ---- Iterators of requests ----------------------------------------------- */

struct raising {
    struct suite *s;
    unsigned n_drawn;
};

/* Fails when the service has got the first request. */
static enum sluice_err
raise_next(void *arg, struct sluice_bytes **value)
{
    struct raising *raising = arg;

    if (++raising->n_drawn > 1) {
        await_waiting(raising->s);
        return SLUICE_EINVAL;
    }
    *value = trade_request(1);
    return SLUICE_OK;
}

static void
an_iterator_that_fails_is_a_local_failure(struct suite *s)
{
    struct raising raising = { .s = s };
    const struct sluice_iterator requests = { raise_next, NULL, &raising };
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response = NULL;

    pause_service(s);
    assert_int_equal(invoke_blocking(s, NULL, &requests, NEVER, &response, &r),
        SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_abortion(r)->kind,
        SLUICE_ABORTION_LOCAL_FAILURE);
    sluice_rendezvous_unref(&r);
    has_failed_remotely(s);
}

/* source_fini() waits until the framework has closed the iterator. */
static void
an_endless_iterator_is_not_drawn_after_the_end(struct suite *s)
{
    struct sluice_iterator requests;
    struct sluice_rendezvous *r;
    struct sluice_bytes *response = NULL;
    struct source source;

    source_init(&source, s, UINT32_MAX);
    requests = source_iterator(&source);
    r = begin(s, SLUICE_STREAM_STREAM, NULL, &requests, NEVER);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_OK);
    sluice_bytes_unref(&response);
    sluice_rendezvous_cancel(r);
    source_fini(&source);
    sluice_rendezvous_unref(&r);
}

/* ---- A reader that stops ------------------------------------------------- */

static unsigned
made(struct suite *s)
{
    struct flow *f = s->extra;
    unsigned n;

    uv_mutex_lock(&f->lock);
    n = f->n_made;
    uv_mutex_unlock(&f->lock);
    return n;
}

static void
draw(struct sluice_rendezvous *r, unsigned n)
{
    struct sluice_bytes *response;
    unsigned i;

    for (i = 0; i < n; i++) {
        assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_OK);
        assert_int_equal(sluice_bytes_size(response), ENDLESS_BLOCK);
        sluice_bytes_unref(&response);
    }
}

/* In between, another RPC goes there and back as often as there are blocks:
 * whatever the service could do, it has done. */
static void
a_reader_that_stops_holds_the_service_back(struct suite *s)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct flow f = { .n_made = 0 };
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response;
    unsigned i;

    assert_int_equal(uv_mutex_init(&f.lock), 0);
    s->extra = &f;
    assert_int_equal(sluice_stub_inline_unary_stream(s->stub,
                         sluice_str("Stock"), sluice_str("Gush"),
                         trade_request(1), &options, &r),
        SLUICE_OK);
    draw(r, 3);
    for (i = 0; i < 20; i++) {
        assert_int_equal(invoke_blocking(s, trade_request(i), NULL, NEVER,
                             &response, NULL),
            SLUICE_OK);
        sluice_bytes_unref(&response);
    }
    assert_true(made(s) <= 3 + 3 + in_the_link(s, ENDLESS_BLOCK));
    draw(r, N_ENDLESS - 3);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_EEND);
    assert_int_equal(made(s), N_ENDLESS);
    sluice_rendezvous_unref(&r);
    uv_mutex_destroy(&f.lock);
}

static const struct suite_case cases[] = {
    { "a thread that draws is released by a cancellation",
        a_thread_that_draws_is_released_by_a_cancellation },
    { "a response that waits is not drawn after an abort",
        a_response_that_waits_is_not_drawn_after_an_abort },
    { "a writer is released by allowance", a_writer_is_released_by_allowance },
    { "a writer is released by a cancellation",
        a_writer_is_released_by_a_cancellation },
    { "a writer is released by expiration",
        a_writer_is_released_by_expiration },
    { "a writer is released by a stop", a_writer_is_released_by_a_stop },
    { "a writer is released by a stop of the service",
        a_writer_is_released_by_a_stop_of_the_service },
    { "requests end once", requests_end_once },
    { "a request after the end of requests is a local failure",
        a_request_after_the_end_of_requests_is_a_local_failure },
    { "an iterator that fails is a local failure",
        an_iterator_that_fails_is_a_local_failure },
    { "an endless iterator is not drawn after the end",
        an_endless_iterator_is_not_drawn_after_the_end },
    { "a reader that stops holds the service back",
        a_reader_that_stops_holds_the_service_back },
};

int
main(void)
{
    return run_cases("flow", INLINE_SERVICE, add_flow, cases,
        sizeof(cases) / sizeof(cases[0]));
}
