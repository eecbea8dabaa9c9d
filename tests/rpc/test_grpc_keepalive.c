/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_keepalive.c - who asks a silent peer, when, and what
 * becomes of it: the arithmetic with a clock of its own, the rest against
 * scripted backends.
 */
#include "tests/rpc/grpc_scene.h"

#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_session_private.h"

#include <string.h>

/* ------------------------------------------------------------- arithmetic */

#define S ((uint64_t)SLUICE_SECOND)

struct watch {
    struct rpc_grpc_keepalive_options options;
    struct rpc_grpc_keepalive k;
    uint64_t now;
    uint64_t again;
};

/* A polite one, 20 s and 10 s, that heard something at second 1000. */
static void
begin(struct watch *w)
{
    w->options.time_ns = 20 * SLUICE_SECOND;
    w->options.timeout_ns = 10 * SLUICE_SECOND;
    w->options.is_polite = true;
    w->now = 1000 * S;
    rpc_grpc_keepalive_init(&w->k, &w->options, w->now);
}

static enum rpc_grpc_keepalive_act
look(struct watch *w)
{
    return rpc_grpc_keepalive_look(&w->k, w->now, &w->again);
}

/* Waits as long as it is told to; something else must come then. */
static enum rpc_grpc_keepalive_act
look_when_due(struct watch *w)
{
    assert_int_equal(look(w), RPC_GRPC_KEEPALIVE_WAIT);
    w->now = w->again;
    return look(w);
}

static void
silence_is_asked_after_its_time(void **state)
{
    struct watch w;

    (void)state;
    begin(&w);
    assert_int_equal(look_when_due(&w), RPC_GRPC_KEEPALIVE_PING);
    assert_true(w.now == 1020 * S);
    assert_true(w.again == 1030 * S);
}

static void
whatever_arrives_puts_the_question_off(void **state)
{
    struct watch w;

    (void)state;
    begin(&w);
    w.now = 1019 * S;
    rpc_grpc_keepalive_heard(&w.k, w.now);
    w.now = 1020 * S;
    assert_int_equal(look_when_due(&w), RPC_GRPC_KEEPALIVE_PING);
    assert_true(w.now == 1039 * S);
}

static void
an_answer_begins_the_next_silence(void **state)
{
    struct watch w;

    (void)state;
    begin(&w);
    assert_int_equal(look_when_due(&w), RPC_GRPC_KEEPALIVE_PING);
    rpc_grpc_keepalive_heard(&w.k, w.now + S);
    w.now = w.again;
    assert_int_equal(look_when_due(&w), RPC_GRPC_KEEPALIVE_PING);
    assert_true(w.now == 1041 * S);
}

static void
no_answer_is_a_loss_at_the_second_look(void **state)
{
    struct watch w;

    (void)state;
    begin(&w);
    assert_int_equal(look_when_due(&w), RPC_GRPC_KEEPALIVE_PING);
    w.now = 1029 * S;
    assert_int_equal(look(&w), RPC_GRPC_KEEPALIVE_WAIT);
    assert_true(w.again == 1030 * S);
    w.now = 1030 * S;
    assert_int_equal(look(&w), RPC_GRPC_KEEPALIVE_WAIT);
    assert_true(w.again > w.now && w.again < w.now + S);
    w.now = w.again;
    assert_int_equal(look(&w), RPC_GRPC_KEEPALIVE_LOST);
}

static void
who_was_stopped_oneself_finds_the_answer(void **state)
{
    struct watch w;

    (void)state;
    begin(&w);
    assert_int_equal(look_when_due(&w), RPC_GRPC_KEEPALIVE_PING);
    w.now = 5000 * S;
    assert_int_equal(look(&w), RPC_GRPC_KEEPALIVE_WAIT);
    rpc_grpc_keepalive_heard(&w.k, w.now);
    w.now = w.again;
    assert_int_equal(look(&w), RPC_GRPC_KEEPALIVE_WAIT);
    assert_true(w.again == 5020 * S);
}

/* Asks and is answered at once. */
static uint64_t
asked_at(struct watch *w)
{
    assert_int_equal(look_when_due(w), RPC_GRPC_KEEPALIVE_PING);
    rpc_grpc_keepalive_heard(&w->k, w->now);
    return w->now;
}

static void
a_long_silence_is_asked_three_times_and_then_rarely(void **state)
{
    struct watch w;

    (void)state;
    begin(&w);
    assert_true(asked_at(&w) == 1020 * S);
    assert_true(asked_at(&w) == 1040 * S);
    assert_true(asked_at(&w) == 1060 * S);
    assert_true(asked_at(&w) == 1370 * S);
    assert_true(asked_at(&w) == 1680 * S);
    assert_true(rpc_grpc_keepalive_got_message(&w.k)); /* do not wait so long */
    assert_false(rpc_grpc_keepalive_got_message(&w.k));
    assert_true(asked_at(&w) == 1700 * S);
    assert_true(asked_at(&w) == 1720 * S);
    assert_true(asked_at(&w) == 1740 * S);
    assert_true(asked_at(&w) == 2050 * S);
}

static void
who_has_permission_asks_as_often_as_told(void **state)
{
    struct watch w;
    uint64_t i;

    (void)state;
    begin(&w);
    w.options.is_polite = false;
    for (i = 1; i < 50; i++)
        assert_true(asked_at(&w) == (1000 + 20 * i) * S);
}

static void
slowing_down_doubles_the_time_and_does_not_overflow(void **state)
{
    struct watch w;
    int i;

    (void)state;
    begin(&w);
    rpc_grpc_keepalive_slow_down(&w.options);
    assert_true(asked_at(&w) == 1040 * S);
    for (i = 0; i < 100; i++)
        rpc_grpc_keepalive_slow_down(&w.options);
    assert_true(w.options.time_ns > 0);
    w.options.time_ns = INT64_MAX;
    rpc_grpc_keepalive_slow_down(&w.options);
    assert_true(w.options.time_ns == INT64_MAX);
}

/* ---------------------------------------------------------------- options */

static struct rpc_grpc_keepalive_options
options_of(struct scene *s, const struct sluice_grpc_client_options *o)
{
    struct rpc_grpc_keepalive_options k;

    scene_open(s, HELLO SERVE, o);
    k = s->w.client->keepalive;
    scene_close(s);
    return k;
}

static void
less_than_ten_seconds_needs_permission(void **state)
{
    struct sluice_grpc_client_options o = { .keepalive_time_ns = 1 };
    struct rpc_grpc_keepalive_options k = options_of(*state, &o);

    assert_true(k.time_ns == 10 * SLUICE_SECOND);
    assert_true(k.timeout_ns == 20 * SLUICE_SECOND);
    assert_true(k.is_polite);
    o.keepalive_time_ns = 11 * SLUICE_SECOND;
    o.keepalive_timeout_ns = 3;
    o.keepalive_is_permitted = true;
    k = options_of(*state, &o);
    assert_true(k.time_ns == 11 * SLUICE_SECOND);
    assert_true(k.timeout_ns == 3);
    assert_false(k.is_polite);
    o.keepalive_time_ns = 5;
    k = options_of(*state, &o);
    assert_true(k.time_ns == 5);
}

/* ---------------------------------------------------------------- backends */

/* Opens with times that are too short for the public options. */
static void
open_impatient(struct scene *s, const char *script, int64_t time_ns,
    int64_t timeout_ns)
{
    struct sluice_grpc_client_options o = { .keepalive_time_ns =
                                                10 * SLUICE_SECOND };

    scene_open(s, script, &o);
    s->w.client->keepalive.time_ns = time_ns;
    s->w.client->keepalive.timeout_ns = timeout_ns;
}

static void
a_backend_that_does_not_answer_is_lost(void **state)
{
    struct scene *s = *state;

    open_impatient(s, HELLO "wait end; ok; hold; connection; " HELLO SERVE, 1,
        1);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_RECEPTION_FAILURE, 14);
    assert_string_equal(s->call.details,
        "the connection to the backend was lost");
    s->w.client->keepalive.time_ns = 0;
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 2);
    assert_true(bad_backend_pings(s->backend) >= 1);
    scene_close(s);
}

static void
a_backend_that_answers_is_left_alone(void **state)
{
    struct scene *s = *state;

    open_impatient(s,
        HELLO "wait end; ok; wait ping; pong; wait ping; pong; wait ping; pong;"
              " message late; status 0; hold",
        1, 50 * SLUICE_SECOND);
    s->w.client->keepalive.is_polite = false;
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "late");
    assert_true(bad_backend_pings(s->backend) >= 3);
    scene_close(s);
}

/* Three PINGs are answered, then a message comes: the clock is put forward. */
static void
a_message_ends_the_long_wait(void **state)
{
    struct scene *s = *state;

    open_impatient(s,
        HELLO "wait end; ok; wait ping; pong; wait ping; pong; wait ping; pong;"
              " message x; wait ping; pong; message y; status 0; hold",
        10 * SLUICE_MS, 50 * SLUICE_SECOND);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "xy");
    scene_close(s);
}

/* The peer need not answer the PING itself: any byte says that it lives. */
static void
anything_that_arrives_counts_as_an_answer(void **state)
{
    struct scene *s = *state;

    open_impatient(s,
        HELLO "wait end; ok; wait ping; ping; wait ping; message x; status 0;"
              " hold",
        1, 50 * SLUICE_MS);
    s->w.client->keepalive.is_polite = false;
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 1);
    scene_close(s);
}

static bool
is_still(void *arg)
{
    return !sluice_timer_is_running(arg);
}

static void
without_calls_nobody_is_asked(void **state)
{
    struct scene *s = *state;
    struct rpc_grpc_session *session;

    open_impatient(s, HELLO SERVE, 50 * SLUICE_SECOND, 50 * SLUICE_SECOND);
    grpc_call_unary(&s->call, &s->w, "Call");
    session = s->w.client->session;
    s->w.client->keepalive.time_ns = 1;
    sluice_timer_start(s->w.loop, &session->keepalive_timer,
        sluice_loop_now(s->w.loop));
    grpc_world_until(&s->w, is_still, &session->keepalive_timer);
    s->w.client->keepalive.time_ns = 0;
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_pings(s->backend), 0);
    scene_close(s);
}

static bool
is_idle(void *arg)
{
    return sluice_grpc_client_state(arg) == SLUICE_GRPC_IDLE;
}

static void
without_calls_one_may_ask_all_the_same(void **state)
{
    struct scene *s = *state;

    open_impatient(s, HELLO SERVE, 1, 1);
    s->w.client->keepalive.time_ns = 0;
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    s->w.client->keepalive_without_calls = true;
    s->w.client->keepalive.time_ns = 1;
    grpc_call_unary(&s->next, &s->w, "Call"); /* begins it */
    grpc_world_until(&s->w, is_idle, s->w.client);
    assert_true(bad_backend_pings(s->backend) >= 1);
    scene_close(s);
}

/* A call on a connection that has long been silent is accompanied by a PING,
 * so that one on a dead connection ends after the timeout. */
static void
a_call_after_a_long_silence_asks_at_once(void **state)
{
    struct scene *s = *state;

    open_impatient(s, HELLO SERVE, 0, 50 * SLUICE_SECOND);
    grpc_call_unary(&s->call, &s->w, "Call");
    assert_int_equal(bad_backend_pings(s->backend), 0);
    grpc_world_idle(&s->w);
    s->w.client->keepalive.time_ns = 10 * SLUICE_MS;
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_pings(s->backend), 1);
    scene_close(s);
}

static void
a_backend_that_complains_is_asked_half_as_often(void **state)
{
    struct scene *s = *state;

    open_impatient(s,
        HELLO "wait end; ok; status 0; goaway 1 11 too_many_pings; wait end;"
              " connection; " HELLO "wait end; ok; status 0;"
              " goaway 1 11 enough; connection; " HELLO SERVE,
        20 * SLUICE_SECOND, 20 * SLUICE_SECOND);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_world_until(&s->w, is_idle, s->w.client);
    assert_true(s->w.client->keepalive.time_ns == 40 * SLUICE_SECOND);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    grpc_world_until(&s->w, is_idle, s->w.client);
    assert_true(s->w.client->keepalive.time_ns == 40 * SLUICE_SECOND);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_asked_after_its_time),
        cmocka_unit_test(whatever_arrives_puts_the_question_off),
        cmocka_unit_test(an_answer_begins_the_next_silence),
        cmocka_unit_test(no_answer_is_a_loss_at_the_second_look),
        cmocka_unit_test(who_was_stopped_oneself_finds_the_answer),
        cmocka_unit_test(a_long_silence_is_asked_three_times_and_then_rarely),
        cmocka_unit_test(who_has_permission_asks_as_often_as_told),
        cmocka_unit_test(slowing_down_doubles_the_time_and_does_not_overflow),
        SCENE(less_than_ten_seconds_needs_permission),
        SCENE(a_backend_that_does_not_answer_is_lost),
        SCENE(a_backend_that_answers_is_left_alone),
        SCENE(a_message_ends_the_long_wait),
        SCENE(anything_that_arrives_counts_as_an_answer),
        SCENE(without_calls_nobody_is_asked),
        SCENE(without_calls_one_may_ask_all_the_same),
        SCENE(a_call_after_a_long_silence_asks_at_once),
        SCENE(a_backend_that_complains_is_asked_half_as_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
