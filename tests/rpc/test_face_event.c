/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_event.c - RPCs in event style, of a service in event
 * style: scenarios FT-E, and FT-E07 as NT-11 has it.
 */
#include "tests/rpc/face_witness.h"

#define COMPLETES (-1)

/* One RPC from its beginning to its end. */
static void
play(struct suite *s, const struct act *act, int end, unsigned n_responses)
{
    unsigned first = s->serial, i;
    struct witness w;

    s->serial += N_TRADES;
    witness_init(&w, s);
    witness_begin(&w, act, first);
    witness_await(&w);
    if (end != COMPLETES) {
        assert_witnessed_abortion(&w, (enum sluice_abortion_kind)end);
        witness_fini(&w);
        return;
    }
    assert_witnessed_completion(&w, n_responses);
    if (act->cardinality == SLUICE_STREAM_UNARY)
        assert_highest(w.responses[0], first, N_TRADES);
    for (i = 0; i < n_responses && act->cardinality != SLUICE_STREAM_UNARY; i++)
        if (act->cardinality == SLUICE_STREAM_STREAM)
            assert_trade(w.responses[i], first + i, 0);
        else
            assert_trade(w.responses[i], first, i);
    witness_fini(&w);
}

/* ---- Success ------------------------------------------------------------- */

static const struct act unary = { SLUICE_UNARY_UNARY, NEVER, 0, false, false };
static const struct act watch = { SLUICE_UNARY_STREAM, NEVER, 0, false, false };
static const struct act highest = { SLUICE_STREAM_UNARY, NEVER, N_TRADES, true,
    false };
static const struct act multiple = { SLUICE_STREAM_STREAM, NEVER, N_TRADES,
    true, false };

static void
e01(struct suite *s)
{
    play(s, &unary, COMPLETES, 1);
}

static void
e02(struct suite *s)
{
    play(s, &watch, COMPLETES, N_TRADES);
}

static void
e03(struct suite *s)
{
    play(s, &highest, COMPLETES, 1);
}

static void
e04(struct suite *s)
{
    play(s, &multiple, COMPLETES, N_TRADES);
}

static void
begin_second(struct witness *first)
{
    witness_begin_here(first->arg, &unary, 2);
}

static void
e05(struct suite *s)
{
    struct witness first, second;

    witness_init(&first, s);
    witness_init(&second, s);
    first.on_end = begin_second;
    first.arg = &second;
    witness_begin(&first, &unary, 1);
    witness_await(&first);
    witness_await(&second);
    assert_witnessed_completion(&first, 1);
    assert_trade(first.responses[0], 1, 0);
    assert_witnessed_completion(&second, 1);
    assert_trade(second.responses[0], 2, 0);
    witness_fini(&second);
    witness_fini(&first);
}

static void
e06(struct suite *s)
{
    struct witness first, second;

    witness_init(&first, s);
    witness_init(&second, s);
    witness_begin(&first, &unary, 1);
    witness_begin(&second, &unary, 2);
    witness_await(&first);
    witness_await(&second);
    assert_witnessed_completion(&first, 1);
    assert_trade(first.responses[0], 1, 0);
    assert_witnessed_completion(&second, 1);
    assert_trade(second.responses[0], 2, 0);
    witness_fini(&second);
    witness_fini(&first);
}

static void
count_end(struct witness *w)
{
    uv_sem_post(w->arg);
}

static void
e07(struct suite *s)
{
    struct witness *w = calloc(N_PARALLEL, sizeof(*w));
    uv_sem_t ended;
    unsigned i, n = 0;

    assert_non_null(w);
    assert_int_equal(uv_sem_init(&ended, 0), 0);
    for (i = 0; i < N_PARALLEL; i++) {
        witness_init(&w[i], s);
        w[i].on_end = count_end;
        w[i].arg = &ended;
        witness_begin(&w[i], &unary, i);
    }
    for (i = 0; i < N_PARALLEL / 2; i++)
        uv_sem_wait(&ended);
    for (i = 0; i < N_PARALLEL; i++) {
        uv_mutex_lock(&w[i].lock);
        if (w[i].n_responses > 0) {
            assert_trade(w[i].responses[0], i, 0);
            n++;
        }
        uv_mutex_unlock(&w[i].lock);
    }
    assert_true(n >= N_PARALLEL / 2);
    for (i = 0; i < N_PARALLEL; i++) {
        witness_await(&w[i]);
        witness_fini(&w[i]);
    }
    uv_sem_destroy(&ended);
    free(w);
}

/* ---- Cancelled ----------------------------------------------------------- */

static void
e08(struct suite *s)
{
    struct act act = unary;

    act.cancels = true;
    pause_service(s);
    play(s, &act, SLUICE_ABORTION_CANCELLED, 0);
    resume_service(s);
}

static void
cancel(void *arg)
{
    struct witness *w = arg;

    sluice_call_cancel(w->call);
}

/* The same when the service has begun. */
static void
e08_late(struct suite *s)
{
    struct witness w;

    pause_service(s);
    witness_init(&w, s);
    witness_begin(&w, &unary, 1);
    await_waiting(s);
    on_loop(s->invoking_loop, cancel, &w);
    witness_await(&w);
    assert_witnessed_abortion(&w, SLUICE_ABORTION_CANCELLED);
    resume_service(s);
    witness_fini(&w);
}

static void
e09(struct suite *s)
{
    struct act act = watch;

    act.cancels = true;
    play(s, &act, SLUICE_ABORTION_CANCELLED, 0);
}

static void
e10(struct suite *s)
{
    struct act act = highest;

    act.terminates = false;
    act.cancels = true;
    play(s, &act, SLUICE_ABORTION_CANCELLED, 0);
}

static void
e11(struct suite *s)
{
    struct act act = multiple;

    act.n_requests = 0;
    act.terminates = false;
    act.cancels = true;
    play(s, &act, SLUICE_ABORTION_CANCELLED, 0);
}

/* ---- Expired ------------------------------------------------------------- */

static void
e12(struct suite *s)
{
    struct act act = unary;

    act.timeout_ns = SOON;
    pause_service(s);
    play(s, &act, SLUICE_ABORTION_EXPIRED, 0);
    resume_service(s);
}

static void
e13(struct suite *s)
{
    struct act act = watch;

    act.timeout_ns = SOON;
    pause_service(s);
    play(s, &act, SLUICE_ABORTION_EXPIRED, 0);
    resume_service(s);
}

static void
e14(struct suite *s)
{
    struct act act = highest;

    act.timeout_ns = SOON;
    act.n_requests = 0;
    act.terminates = false;
    play(s, &act, SLUICE_ABORTION_EXPIRED, 0);
}

static void
consume_more(void *arg)
{
    struct witness *w = arg;
    unsigned i;

    for (i = 0; i < N_TRADES / 2; i++)
        sluice_call_consume(w->call, trade_request(N_TRADES / 2 + i));
}

/* Half of the requests come when it is all over. */
static void
e15(struct suite *s)
{
    struct act act = multiple;
    struct witness w;

    act.timeout_ns = SOON;
    act.n_requests = N_TRADES / 2;
    act.terminates = false;
    witness_init(&w, s);
    witness_begin(&w, &act, 0);
    witness_await(&w);
    on_loop(s->invoking_loop, consume_more, &w);
    assert_witnessed_abortion(&w, SLUICE_ABORTION_EXPIRED);
    witness_fini(&w);
}

/* ---- Failed -------------------------------------------------------------- */

static void
e16(struct suite *s)
{
    fail_service(s);
    play(s, &unary, SLUICE_ABORTION_REMOTE_FAILURE, 0);
}

static void
e17(struct suite *s)
{
    fail_service(s);
    play(s, &watch, SLUICE_ABORTION_REMOTE_FAILURE, 0);
}

static void
e18(struct suite *s)
{
    fail_service(s);
    play(s, &highest, SLUICE_ABORTION_REMOTE_FAILURE, 0);
}

static void
e19(struct suite *s)
{
    fail_service(s);
    play(s, &multiple, SLUICE_ABORTION_REMOTE_FAILURE, 0);
}

static const struct suite_case cases[] = {
    { "E01 a unary call gets its response", e01 },
    { "E02 a stream of responses is brought whole", e02 },
    { "E03 a stream of requests gets its response", e03 },
    { "E04 streams flow both ways", e04 },
    { "E05 complete() begins the next RPC", e05 },
    { "E06 two RPCs run side by side", e06 },
    { "E07 some of many are waited for", e07 },
    { "E08 a unary call is cancelled at once", e08 },
    { "E08 a unary call is cancelled while it is served", e08_late },
    { "E09 a stream of responses is cancelled", e09 },
    { "E10 a stream of requests is cancelled", e10 },
    { "E11 two streams are cancelled", e11 },
    { "E12 a unary call expires", e12 },
    { "E13 a stream of responses expires", e13 },
    { "E14 a stream of requests expires", e14 },
    { "E15 two streams expire, and requests still come", e15 },
    { "E16 a unary method fails", e16 },
    { "E17 a method that streams responses fails", e17 },
    { "E18 a method that is streamed requests fails", e18 },
    { "E19 a method with two streams fails", e19 },
};

int
main(void)
{
    return run_suite("event style", EVENT_SERVICE, cases,
        sizeof(cases) / sizeof(cases[0]));
}
