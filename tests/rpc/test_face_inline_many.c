/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_inline_many.c - many RPCs of inline methods at once, from
 * several threads, of every cardinality and fate: each ends, and the Ends'
 * statistics add up.
 */
#include "tests/rpc/face_threads.h"

#include <stdio.h>

#define N_CALLERS 6u
#define N_RPCS 60u

/* What the method does, by the first character of its request. */
enum fate { COMPLETE, FAIL, REFUSE, CANCEL, N_FATES };

static enum fate
fate_of(struct sluice_bytes **request)
{
    enum fate fate =
        (enum fate)((sluice_bytes_data(*request)[0] - '0') % (int)N_FATES);

    sluice_bytes_unref(request);
    return fate;
}

/* Meets its fate; true when the method goes on as if nothing had been. */
static bool
meet(enum fate fate, struct sluice_rendezvous *ctx)
{
    enum sluice_err err = SLUICE_OK;

    switch (fate) {
    case REFUSE:
        err = sluice_rendezvous_set_code(ctx, SLUICE_CODE_NOT_FOUND);
        break;
    case CANCEL:
        sluice_rendezvous_cancel(ctx);
        break;
    case COMPLETE:
    case FAIL:
    case N_FATES:
        break;
    }
    return fate != FAIL && err == SLUICE_OK;
}

static enum sluice_reply
unary(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    (void)self;
    if (!meet(fate_of(&request), ctx))
        return SLUICE_REPLY_FAILED;
    *response = bytes_of_number(0);
    return SLUICE_REPLY_OK;
}

struct series {
    unsigned n;
};

static enum sluice_err
next_of_ten(void *arg, struct sluice_bytes **value)
{
    struct series *series = arg;

    if (series->n == 10)
        return SLUICE_EEND;
    *value = bytes_of_number(series->n++);
    return SLUICE_OK;
}

static enum sluice_reply
ten(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    struct series *series;

    (void)self;
    if (!meet(fate_of(&request), ctx))
        return SLUICE_REPLY_FAILED;
    series = calloc(1, sizeof(*series));
    assert(series != NULL);
    *responses = (struct sluice_iterator){ next_of_ten, free, series };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
draw_requests(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct sluice_bytes *request;
    enum sluice_err err;

    (void)self;
    while ((err = sluice_rendezvous_next(ctx, &request)) == SLUICE_OK)
        if (!meet(fate_of(&request), ctx))
            return SLUICE_REPLY_FAILED;
    if (err == SLUICE_EEND)
        *response = bytes_of_number(0);
    return err == SLUICE_EEND ? SLUICE_REPLY_OK : SLUICE_REPLY_ABANDONED;
}

/* ---- Callers --------------------------------------------------------------- */

struct caller {
    struct threads *t;
    uv_thread_t thread;
    unsigned seed;
    unsigned n_ended;
};

static void
draw_some(struct sluice_rendezvous *r, unsigned at_most)
{
    struct sluice_bytes *value;

    while (at_most-- > 0 && sluice_rendezvous_next(r, &value) == SLUICE_OK)
        sluice_bytes_unref(&value);
}

static void
send_some(struct sluice_rendezvous *r, unsigned i)
{
    enum sluice_err err = SLUICE_OK;
    unsigned k;

    for (k = 0; k < i % 4 && err == SLUICE_OK; k++)
        err = sluice_rendezvous_consume(r, bytes_of_number(i % 3 == 0 ? 0 : i));
    if (err == SLUICE_OK)
        err = sluice_rendezvous_terminate(r);
    assert(err == SLUICE_OK);
}

static struct sluice_rendezvous *
begin(struct caller *c, unsigned i)
{
    static const char *const names[] = { "UU", "US", "SU", "SS" };
    enum sluice_cardinality cardinality = (enum sluice_cardinality)(i % 4);
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct sluice_str g = sluice_str("Group");
    struct sluice_str m = sluice_str(names[cardinality]);
    struct sluice_bytes *request = bytes_of_number(i / 4);
    struct sluice_stub *stub = c->t->stub;
    struct sluice_rendezvous *r = NULL;
    enum sluice_err err;

    if (i % 11 == 0)
        options.timeout_ns = 0;
    if (cardinality == SLUICE_UNARY_UNARY) {
        err = sluice_stub_future_unary_unary(stub, g, m, request, &options, &r);
    } else if (cardinality == SLUICE_UNARY_STREAM) {
        err =
            sluice_stub_inline_unary_stream(stub, g, m, request, &options, &r);
    } else {
        sluice_bytes_unref(&request);
        err = cardinality == SLUICE_STREAM_UNARY
            ? sluice_stub_future_stream_unary(stub, g, m, NULL, &options, &r)
            : sluice_stub_inline_stream_stream(stub, g, m, NULL, &options, &r);
    }
    assert(err == SLUICE_OK);
    return r;
}

static void
call_once(struct caller *c, unsigned i)
{
    struct sluice_rendezvous *r = begin(c, i);
    struct sluice_metadata *md;
    enum sluice_err err;

    if (i % 4 == SLUICE_STREAM_UNARY) {
        send_some(r, i);
    } else if (i % 4 == SLUICE_STREAM_STREAM) {
        err = sluice_rendezvous_consume(r, bytes_of_number(i));
        assert(err == SLUICE_OK);
        draw_some(r, 1);
        err = sluice_rendezvous_terminate(r);
        assert(err == SLUICE_OK);
    }
    if (i % 7 == 0)
        sluice_rendezvous_cancel(r);
    draw_some(r, 100);
    err = sluice_rendezvous_terminal_metadata(r, &md); /* waits for the end */
    assert(err == SLUICE_OK);
    assert(!sluice_rendezvous_is_active(r));
    c->n_ended++;
    sluice_rendezvous_unref(&r);
}

static void
call_many(void *arg)
{
    struct caller *c = arg;
    unsigned i;

    for (i = 0; i < N_RPCS; i++)
        call_once(c, c->seed * 17 + i);
}

static uint64_t
sum(const uint64_t stats[SLUICE_OUTCOME_KINDS])
{
    uint64_t n = 0;
    int i;

    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        n += stats[i];
    return n;
}

static void
many_rpcs_from_many_threads_all_end_and_are_counted(void **state)
{
    struct caller callers[N_CALLERS];
    uint64_t stats[SLUICE_OUTCOME_KINDS];
    struct threads *t = *state;
    unsigned i;

    t->does =
        (struct behaviors){ unary, ten, draw_requests, mirror, NULL, NULL };
    for (i = 0; i < N_CALLERS; i++) {
        callers[i] = (struct caller){ .t = t, .seed = i };
        assert_int_equal(uv_thread_create(&callers[i].thread, call_many,
                             &callers[i]),
            0);
    }
    for (i = 0; i < N_CALLERS; i++) {
        assert_int_equal(uv_thread_join(&callers[i].thread), 0);
        assert_int_equal(callers[i].n_ended, N_RPCS);
    }
    stop_end(t, t->invoker);
    end_stats(t, t->invoker, stats);
    assert_int_equal(sum(stats), N_CALLERS * N_RPCS);
    assert_true(stats[SLUICE_COMPLETED] > 0);
    assert_true(stats[SLUICE_CANCELLED] > 0);
    assert_true(stats[SLUICE_REMOTE_FAILURE] > 0);
    assert_true(stats[SLUICE_EXPIRED] > 0);
    assert_int_equal(stats[SLUICE_RECEPTION_FAILURE], 0);
    assert_int_equal(stats[SLUICE_TRANSMISSION_FAILURE], 0);
    assert_int_equal(stats[SLUICE_LOCAL_FAILURE], 0);
}

static void
a_stop_in_the_middle_ends_every_rpc(void **state)
{
    struct caller c = { .t = *state };
    struct sluice_rendezvous *running[20];
    struct sluice_metadata *md;
    struct threads *t = *state;
    unsigned i;

    t->does =
        (struct behaviors){ unary, ten, draw_requests, mirror, NULL, NULL };
    for (i = 0; i < 20; i++)
        running[i] = begin(&c, 4 * i + 1 + i % 3); /* all but unary ones */
    stop_end(t, t->service);
    for (i = 0; i < 20; i++) {
        assert_int_equal(sluice_rendezvous_terminal_metadata(running[i], &md),
            SLUICE_OK);
        assert_false(sluice_rendezvous_is_active(running[i]));
        sluice_rendezvous_unref(&running[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREADS_TEST(many_rpcs_from_many_threads_all_end_and_are_counted),
        THREADS_TEST(a_stop_in_the_middle_ends_every_rpc),
    };

    return cmocka_run_group_tests_name("face, many inline methods", tests, NULL,
        NULL);
}
