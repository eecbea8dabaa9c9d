/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_stress.c - RPCs of every style and every fate at once:
 * scenario NT-22, for the checkers of threads, addresses and leaks.
 *
 * Four threads begin 50 RPCs each, wait for all of them, and begin again, until
 * there have been as many as the environment's SLUICE_STRESS_RPCS says. Then
 * 200 RPCs that nobody answers are ended by a stop. The seed is printed;
 * SLUICE_STRESS_SEED repeats a run, as far as threads can be repeated.
 */
#include "tests/rpc/face_witness.h"

#include <stdio.h>

#define N_DRIVERS 4u
#define BATCH 50u
#define DEFAULT_RPCS 2000u
#define N_REQUESTS 20u

/* ---- More methods -------------------------------------------------------- */

static enum sluice_reply
hold(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
refuse(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_FAILED;
}

/* Answered by another thread. */
struct errand {
    struct sluice_work work;
    struct sluice_rendezvous *r;
    struct trade trade;
};

static void
run_errand(struct sluice_work *work)
{
    struct errand *e = RPC_CONTAINER_OF(work, struct errand, work);
    enum sluice_err err = sluice_rendezvous_consume_and_terminate(e->r,
        trade_reply(&e->trade, 0));

    assert(err == SLUICE_OK);
    sluice_rendezvous_unref(&e->r);
    free(e);
}

static enum sluice_reply
delegate(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct suite *s = self;
    struct errand *e = calloc(1, sizeof(*e));

    assert(e != NULL);
    e->work.run = run_errand;
    e->trade = trade_of(request);
    if (sluice_servicer_context_rendezvous(ctx, &e->r) != SLUICE_OK)
        abort();
    sluice_thread_pool_submit(s->foreign, &e->work);
    return SLUICE_REPLY_OK;
}

static void
add_stress(struct suite *s)
{
    add_method(s, "Hold", sluice_unary_unary_event(hold, s));
    add_method(s, "Refuse", sluice_unary_unary_event(refuse, s));
    add_method(s, "Delegate", sluice_unary_unary_event(delegate, s));
}

/* ---- RPCs ---------------------------------------------------------------- */

enum play {
    PLAY_FUTURE,
    PLAY_DELEGATED,
    PLAY_FAILING,
    PLAY_CANCELLED,
    PLAY_EXPIRING,
    PLAY_EVENT,
    PLAY_EVENT_CANCELLED,
    PLAY_WATCHED,
    PLAY_BLOCKING,
    PLAY_UPLOAD,
    PLAY_BOTH_WAYS,
    PLAYS
};

struct rpc {
    enum play play;
    unsigned serial;
    struct sluice_rendezvous *r; /* of a future */
    struct witness w;            /* of an event */
};

struct driver {
    struct sluice_work work;
    struct suite *s;
    unsigned seed;
    unsigned left;
    unsigned begun;
    struct rpc rpcs[BATCH];
    uv_sem_t *done;
};

static void
must(bool is_true, const char *what, const struct rpc *rpc)
{
    if (is_true)
        return;
    (void)fprintf(stderr, "play %d: %s\n", (int)rpc->play, what);
    abort();
}

static struct sluice_rendezvous *
ask(struct suite *s, const char *method, unsigned serial, int64_t timeout_ns)
{
    const struct sluice_call_options options = { .timeout_ns = timeout_ns };
    struct sluice_rendezvous *r = NULL;
    enum sluice_err err;

    err = sluice_stub_future_unary_unary(s->stub, sluice_str("Stock"),
        sluice_str(method), trade_request(serial), &options, &r);
    assert(err == SLUICE_OK);
    return r;
}

static unsigned
drawn(struct sluice_rendezvous *r, unsigned limit)
{
    struct sluice_bytes *response;
    unsigned n = 0;

    while (n < limit && sluice_rendezvous_next(r, &response) == SLUICE_OK) {
        sluice_bytes_unref(&response);
        n++;
    }
    return n;
}

/* Drawn to the end, or left in the middle. */
static void
watch(struct driver *d, const struct rpc *rpc)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    unsigned limit = (unsigned)rand_r(&d->seed) % (2 * N_TRADES);
    struct sluice_rendezvous *r = NULL;
    unsigned n;

    if (sluice_stub_inline_unary_stream(d->s->stub, sluice_str("Stock"),
            sluice_str("WatchFutureTrades"), trade_request(rpc->serial),
            &options, &r) != SLUICE_OK)
        abort();
    n = drawn(r, limit);
    must(n == (limit < N_TRADES ? limit : N_TRADES), "responses are missing",
        rpc);
    sluice_rendezvous_cancel(r);
    sluice_rendezvous_unref(&r);
}

static void
upload(struct driver *d, const struct rpc *rpc)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct suite scratch = { .serial = rpc->serial };
    struct sluice_bytes *response = NULL;
    struct sluice_rendezvous *r = NULL;
    struct sluice_iterator requests;
    struct source source;

    source_init(&source, &scratch, N_REQUESTS);
    requests = source_iterator(&source);
    if (rpc->play == PLAY_UPLOAD) {
        must(sluice_stub_blocking_stream_unary(d->s->stub, sluice_str("Stock"),
                 sluice_str("GetHighestTradePrice"), &requests, &options,
                 &response, NULL) == SLUICE_OK,
            "no response", rpc);
        sluice_bytes_unref(&response);
    } else {
        must(sluice_stub_inline_stream_stream(d->s->stub, sluice_str("Stock"),
                 sluice_str("GetLastTradePriceMultiple"), &requests, &options,
                 &r) == SLUICE_OK,
            "no beginning", rpc);
        must(drawn(r, N_REQUESTS + 1) == N_REQUESTS, "responses are missing",
            rpc);
        sluice_rendezvous_unref(&r);
    }
    source_fini(&source);
}

static void
call_blocking(struct driver *d, const struct rpc *rpc)
{
    struct sluice_bytes *response = NULL;

    must(invoke_blocking(d->s, trade_request(rpc->serial), NULL, NEVER,
             &response, NULL) == SLUICE_OK,
        "no response", rpc);
    sluice_bytes_unref(&response);
}

static void
begin_play(struct driver *d, struct rpc *rpc)
{
    const struct act act = { SLUICE_UNARY_UNARY, NEVER, 0, false,
        rpc->play == PLAY_EVENT_CANCELLED };

    switch (rpc->play) {
    case PLAY_FUTURE:
        rpc->r = ask(d->s, "GetLastTradePrice", rpc->serial, NEVER);
        break;
    case PLAY_DELEGATED:
        rpc->r = ask(d->s, "Delegate", rpc->serial, NEVER);
        break;
    case PLAY_FAILING:
        rpc->r = ask(d->s, "Refuse", rpc->serial, NEVER);
        break;
    case PLAY_CANCELLED:
        rpc->r = ask(d->s, "Hold", rpc->serial, NEVER);
        break;
    case PLAY_EXPIRING:
        rpc->r =
            ask(d->s, "Hold", rpc->serial, rand_r(&d->seed) % 10 * SLUICE_MS);
        break;
    case PLAY_EVENT:
    case PLAY_EVENT_CANCELLED:
        witness_init(&rpc->w, d->s);
        witness_begin(&rpc->w, &act, rpc->serial);
        break;
    case PLAY_WATCHED:
        watch(d, rpc);
        break;
    case PLAY_BLOCKING:
        call_blocking(d, rpc);
        break;
    case PLAY_UPLOAD:
    case PLAY_BOTH_WAYS:
        upload(d, rpc);
        break;
    case PLAYS:
        break;
    }
}

static void
end_future(struct rpc *rpc, int kind)
{
    const struct sluice_abortion *abortion;
    struct sluice_bytes *response = NULL;
    enum sluice_err err;

    err = sluice_rendezvous_result(rpc->r, SLUICE_NO_TIMEOUT, &response);
    abortion = sluice_rendezvous_abortion(rpc->r);
    if (kind < 0)
        must(err == SLUICE_OK && abortion == NULL, "no response", rpc);
    else
        must(err != SLUICE_OK && (int)abortion->kind == kind, "another end",
            rpc);
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&rpc->r);
}

static void
end_event(struct rpc *rpc)
{
    struct witness *w = &rpc->w;

    witness_await(w);
    must(w->is_in_order && w->n_ends == 1, "several ends", rpc);
    if (rpc->play == PLAY_EVENT)
        must(w->is_completed && w->n_responses == 1, "no response", rpc);
    else
        must(!w->is_completed && w->kind == SLUICE_ABORTION_CANCELLED,
            "another end", rpc);
    witness_fini(w);
}

static void
end_play(struct rpc *rpc)
{
    switch (rpc->play) {
    case PLAY_FUTURE:
    case PLAY_DELEGATED:
        end_future(rpc, -1);
        break;
    case PLAY_FAILING:
        end_future(rpc, SLUICE_ABORTION_REMOTE_FAILURE);
        break;
    case PLAY_CANCELLED:
        (void)sluice_rendezvous_cancel(rpc->r);
        end_future(rpc, SLUICE_ABORTION_CANCELLED);
        break;
    case PLAY_EXPIRING:
        end_future(rpc, SLUICE_ABORTION_EXPIRED);
        break;
    case PLAY_EVENT:
    case PLAY_EVENT_CANCELLED:
        end_event(rpc);
        break;
    case PLAY_WATCHED:
    case PLAY_BLOCKING:
    case PLAY_UPLOAD:
    case PLAY_BOTH_WAYS:
    case PLAYS:
        break;
    }
}

/* ---- The drivers --------------------------------------------------------- */

static void
drive(struct sluice_work *work)
{
    struct driver *d = RPC_CONTAINER_OF(work, struct driver, work);
    unsigned i, n;

    while (d->left > 0) {
        n = d->left < BATCH ? d->left : BATCH;
        for (i = 0; i < n; i++) {
            d->rpcs[i].play = (enum play)((unsigned)rand_r(&d->seed) % PLAYS);
            d->rpcs[i].serial = d->begun++;
            begin_play(d, &d->rpcs[i]);
        }
        for (i = 0; i < n; i++)
            end_play(&d->rpcs[i]);
        d->left -= n;
    }
    uv_sem_post(d->done);
}

static unsigned
number_of(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* How many RPCs the drivers have begun. */
static unsigned
drive_all(struct suite *s)
{
    unsigned rpcs = number_of("SLUICE_STRESS_RPCS", DEFAULT_RPCS);
    unsigned seed = number_of("SLUICE_STRESS_SEED", (unsigned)uv_hrtime());
    struct driver *drivers = calloc(N_DRIVERS, sizeof(*drivers));
    struct sluice_thread_pool *pool;
    unsigned i, begun = 0;
    uv_sem_t done;

    assert_non_null(drivers);
    print_message("seed %u\n", seed);
    assert_int_equal(uv_sem_init(&done, 0), 0);
    assert_int_equal(sluice_thread_pool_new(N_DRIVERS, &pool), SLUICE_OK);
    for (i = 0; i < N_DRIVERS; i++) {
        drivers[i].work.run = drive;
        drivers[i].s = s;
        drivers[i].seed = seed + i;
        drivers[i].left = rpcs / N_DRIVERS;
        drivers[i].done = &done;
        sluice_thread_pool_submit(pool, &drivers[i].work);
    }
    for (i = 0; i < N_DRIVERS; i++)
        uv_sem_wait(&done);
    sluice_thread_pool_free(&pool);
    for (i = 0; i < N_DRIVERS; i++)
        begun += drivers[i].begun;
    uv_sem_destroy(&done);
    free(drivers);
    return begun;
}

/* ---- The end ------------------------------------------------------------- */

/* So many RPCs that nobody answers, and a stop there. */
static void
stop_many(struct suite *s, unsigned n)
{
    struct rpc rpc = { .play = PLAY_CANCELLED };
    struct sluice_rendezvous **rs =
        calloc(n, sizeof(struct sluice_rendezvous *));
    unsigned i;

    assert_non_null(rs);
    for (i = 0; i < n; i++)
        rs[i] = ask(s, "Hold", i, NEVER);
    stop_end(s->service, 0);
    for (i = 0; i < n; i++) {
        rpc.r = rs[i];
        end_future(&rpc, SLUICE_ABORTION_REMOTE_SHUTDOWN);
    }
    free(rs);
}

static uint64_t
total(struct sluice_end *end)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS], sum = 0;
    unsigned i;

    idle_stats(end, stats);
    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        sum += stats[i];
    return sum;
}

/* What is cancelled at once may never reach the service. */
static void
every_style_meets_every_fate(struct suite *s)
{
    unsigned begun = drive_all(s);

    assert_int_equal(total(s->caller), begun);
    assert_true(total(s->service) <= begun);
    stop_many(s, N_DRIVERS * BATCH);
    stop_end(s->caller, NEVER);
    begun += N_DRIVERS * BATCH;
    assert_int_equal(total(s->caller), begun);
    assert_true(total(s->service) <= begun);
}

static const struct suite_case cases[] = {
    { "every style meets every fate", every_style_meets_every_fate },
};

int
main(void)
{
    return run_cases("stress", INLINE_SERVICE, add_stress, cases,
        sizeof(cases) / sizeof(cases[0]));
}
