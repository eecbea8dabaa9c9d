/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_end.c - Ends: start, stop with grace, statistics, idle
 * actions.
 */
#include "tests/rpc/base_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
set_flag(void *arg)
{
    *(bool *)arg = true;
}

static int
setup_stopped(void **state)
{
    static struct world w;

    world_init_stopped(&w, IN_PROCESS, NULL);
    *state = &w;
    return 0;
}

static int
setup_stopped_grpc(void **state)
{
    static struct world w;

    world_init_stopped(&w, OVER_UNIX, NULL);
    *state = &w;
    return 0;
}

static int
teardown(void **state)
{
    world_fini(*state);
    return 0;
}

static enum sluice_err
try_to_operate(struct world *w)
{
    struct sluice_invocation i = full_invocation(&w->invoker);
    struct sluice_operation *op;
    struct words words;
    enum sluice_err err;

    read_words(w->pool, "m pone c", &words);
    i.first = words.values;
    err = sluice_end_operate(w->invoking, &i, &op);
    assert_null(op);
    return err;
}

/* --------------------------------------------------------------- start */

static void
an_end_that_was_not_started_takes_nothing(void **state)
{
    struct world *w = *state;
    bool flag = false;

    assert_int_equal(try_to_operate(w), SLUICE_ESTATE);
    assert_int_equal(sluice_end_add_idle_action(w->invoking, set_flag, &flag),
        SLUICE_ESTATE);
    settle(w);
    assert_false(flag);
}

static void
an_end_starts_once(void **state)
{
    struct world *w = *state;

    world_start(w);
    assert_int_equal(sluice_end_start(w->invoking), SLUICE_ESTATE);
}

static void
statistics_begin_at_nothing(void **state)
{
    struct world *w = *state;

    stat_is(w->invoking, SLUICE_COMPLETED, 0);
    assert_int_equal(sluice_end_active(w->invoking), 0);
}

/* ---------------------------------------------------------------- stop */

static void
stop_of_a_stopped_end_is_reported_later(void **state)
{
    struct world *w = *state;
    bool stopped = false;

    assert_int_equal(sluice_end_stop(w->invoking, 5 * SLUICE_SECOND, set_flag,
                         &stopped),
        SLUICE_OK);
    assert_false(stopped);
    settle(w);
    assert_true(stopped);
}

static void
stop_of_an_idle_end_is_prompt(void **state)
{
    struct world *w = *state;
    bool stopped = false;

    world_start(w);
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND,
                         set_flag, &stopped),
        SLUICE_OK);
    assert_false(stopped);
    settle(w);
    assert_true(stopped);
    assert_int_equal(try_to_operate(w), SLUICE_ESTATE);
    assert_int_equal(sluice_end_add_idle_action(w->invoking, set_flag,
                         &stopped),
        SLUICE_ESTATE);
}

static void
stop_may_go_unreported(void **state)
{
    struct world *w = *state;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->invoking, 0, NULL, NULL), SLUICE_OK);
    settle(w);
    ended(&w->invoker, SLUICE_LOCAL_SHUTDOWN);
}

static void
what_finishes_within_the_grace_completes(void **state)
{
    struct world *w = *state;
    bool stopped = false;

    world_start(w);
    invoke(w, "c");
    assert_int_equal(sluice_end_stop(w->serving, 3000 * SLUICE_SECOND, set_flag,
                         &stopped),
        SLUICE_OK);
    settle(w);
    assert_false(stopped);
    say(w, &w->service, "c");
    assert_true(stopped);
    ended(&w->service, SLUICE_COMPLETED);
    stat_is(w->serving, SLUICE_COMPLETED, 1);
}

static void
what_does_not_is_shut_down(void **state)
{
    struct world *w = *state;
    bool stopped = false;
    uint64_t begin;

    world_start(w);
    invoke(w, "c");
    begin = uv_hrtime();
    assert_int_equal(sluice_end_stop(w->serving, 5 * SLUICE_MS, set_flag,
                         &stopped),
        SLUICE_OK);
    assert_int_equal(w->service.outcome, STILL_ACTIVE);
    run_until(w, &stopped);
    assert_true(uv_hrtime() - begin >= 5 * SLUICE_MS);
    run_to_the_end(w);
    ended(&w->service, SLUICE_LOCAL_SHUTDOWN);
    ended(&w->invoker, SLUICE_REMOTE_SHUTDOWN);
}

static void
no_grace_ends_a_long_one(void **state)
{
    struct world *w = *state;
    bool first = false, second = false;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND,
                         set_flag, &first),
        SLUICE_OK);
    settle(w);
    assert_int_equal(w->invoker.outcome, STILL_ACTIVE);
    assert_int_equal(sluice_end_stop(w->invoking, 0, set_flag, &second),
        SLUICE_OK);
    settle(w);
    assert_true(first && second);
    ended(&w->invoker, SLUICE_LOCAL_SHUTDOWN);
    ended(&w->service, SLUICE_REMOTE_SHUTDOWN);
}

static void
a_longer_grace_does_not_postpone_a_shorter_one(void **state)
{
    struct world *w = *state;
    bool first = false, second = false;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->invoking, SLUICE_MS, set_flag, &first),
        SLUICE_OK);
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND,
                         set_flag, &second),
        SLUICE_OK);
    run_until(w, &first);
    settle(w);
    assert_true(second);
}

static void
a_shorter_grace_overtakes_a_longer_one(void **state)
{
    struct world *w = *state;
    bool first = false, second = false;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->invoking, INT64_MAX, set_flag, &first),
        SLUICE_OK);
    assert_int_equal(sluice_end_stop(w->invoking, SLUICE_MS, set_flag, &second),
        SLUICE_OK);
    run_until(w, &second);
    assert_true(first);
}

static void
a_stopping_end_takes_no_operation(void **state)
{
    struct world *w = *state;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND, NULL,
                         NULL),
        SLUICE_OK);
    assert_int_equal(try_to_operate(w), SLUICE_ESTATE);
    assert_int_equal(sluice_end_start(w->invoking), SLUICE_ESTATE);
    stat_is(w->invoking, SLUICE_COMPLETED, 0);
}

static void
a_stopping_service_refuses_promptly(void **state)
{
    struct world *w = *state;
    struct party another;
    struct sluice_invocation i;
    struct sluice_operation *op;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->serving, 3000 * SLUICE_SECOND, NULL,
                         NULL),
        SLUICE_OK);
    party_init(&another, w);
    i = full_invocation(&another);
    assert_int_equal(sluice_end_operate(w->invoking, &i, &op), SLUICE_OK);
    listen_for_end(&another, op);
    settle(w);
    ended(&another, SLUICE_REMOTE_SHUTDOWN);
    assert_int_equal(w->serviced, 1);
    assert_int_equal(w->service.outcome, STILL_ACTIVE);
    sluice_operation_unref(&op);
}

static void
a_stopped_service_refuses_promptly(void **state)
{
    struct world *w = *state;

    assert_int_equal(sluice_end_start(w->invoking), SLUICE_OK);
    invoke(w, "m pone c");
    ended(&w->invoker, SLUICE_REMOTE_SHUTDOWN);
}

static void
a_stopped_end_starts_again_and_counts_on(void **state)
{
    struct world *w = *state;
    bool stopped = false;
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    world_start(w);
    invoke(w, "c");
    say(w, &w->service, "c");
    assert_int_equal(sluice_end_stop(w->serving, 0, set_flag, &stopped),
        SLUICE_OK);
    settle(w);
    assert_true(stopped);
    assert_int_equal(sluice_end_start(w->serving), SLUICE_OK);
    sluice_operation_unref(&w->invoker.op);
    party_init(&w->invoker, w);
    invoke(w, "c");
    sluice_operation_cancel(w->invoker.op);
    settle(w);
    sluice_end_operation_stats(w->serving, stats);
    assert_int_equal(stats[SLUICE_COMPLETED], 1);
    assert_int_equal(stats[SLUICE_CANCELLED], 1);
}

static void
stop_may_be_asked_by_the_last_operation(void **state)
{
    struct world *w = *state;
    bool stopped = false;

    world_start(w);
    invoke(w, "");
    sluice_operation_cancel(w->invoker.op);
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND,
                         set_flag, &stopped),
        SLUICE_OK);
    settle(w);
    assert_true(stopped);
    ended(&w->invoker, SLUICE_CANCELLED);
}

struct ending {
    struct sluice_end *end;
    struct sluice_loop *loop;
    bool done;
};

static void
free_end(void *arg)
{
    struct ending *e = arg;

    sluice_end_free(&e->end);
    e->done = true;
}

static void
an_end_may_be_freed_when_it_reports_to_have_stopped(void **state)
{
    struct world *w = *state;
    struct ending e = { .end = sluice_end_new(w->loop, NULL) };
    bool second = false;

    assert_non_null(e.end);
    assert_ptr_equal(sluice_end_loop(e.end), w->loop);
    assert_int_equal(sluice_end_start(e.end), SLUICE_OK);
    assert_int_equal(sluice_end_stop(e.end, 0, free_end, &e), SLUICE_OK);
    assert_int_equal(sluice_end_stop(e.end, 0, set_flag, &second), SLUICE_OK);
    run_until(w, &e.done);
    settle(w);
    assert_null(e.end);
    assert_true(second);
}

static void
without_a_link_an_end_is_a_black_hole(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);

    sluice_end_join(w->invoking, NULL);
    world_start(w);
    i.timeout_ns = SLUICE_MS;
    invoke_with(w, &i, "m pone c");
    run_to_the_end(w);
    ended(&w->invoker, SLUICE_EXPIRED);
    heard(&w->invoker, "");
    assert_int_equal(w->serviced, 0);
}

/* -------------------------------------------------------- idle actions */

struct note {
    struct world *w;
    char *order;
    char name;
};

static void
write_name(void *arg)
{
    struct note *n = arg;
    size_t len = strlen(n->order);

    n->order[len] = n->name;
    n->order[len + 1] = '\0';
}

static void
an_idle_end_acts_at_once_but_not_within_the_call(void **state)
{
    struct world *w = *state;
    char order[8] = "";
    struct note a = { w, order, 'a' };

    world_start(w);
    assert_int_equal(sluice_end_add_idle_action(w->invoking, write_name, &a),
        SLUICE_OK);
    assert_string_equal(order, "");
    settle(w);
    assert_string_equal(order, "a");
    invoke(w, "c");
    say(w, &w->service, "c");
    assert_string_equal(order, "a");
}

static void
check_all_is_over(void *arg)
{
    struct note *n = arg;

    ended(&n->w->invoker, SLUICE_CANCELLED);
    stat_is(n->w->invoking, SLUICE_CANCELLED, 1);
    assert_int_equal(sluice_end_active(n->w->invoking), 0);
    write_name(arg);
}

static void
idle_actions_come_after_callbacks_and_statistics_and_before_stop(void **state)
{
    struct world *w = *state;
    char order[8] = "";
    struct note a = { w, order, 'a' }, b = { w, order, 'b' };
    struct note c = { w, order, 'c' };

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_add_idle_action(w->invoking, check_all_is_over,
                         &a),
        SLUICE_OK);
    assert_int_equal(sluice_end_add_idle_action(w->invoking, write_name, &b),
        SLUICE_OK);
    settle(w);
    assert_string_equal(order, "");
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND,
                         write_name, &c),
        SLUICE_OK);
    sluice_operation_cancel(w->invoker.op);
    settle(w);
    assert_string_equal(order, "abc");
}

static void
a_stopping_end_takes_idle_actions(void **state)
{
    struct world *w = *state;
    bool flag = false;

    world_start(w);
    invoke(w, "");
    assert_int_equal(sluice_end_stop(w->invoking, 3000 * SLUICE_SECOND, NULL,
                         NULL),
        SLUICE_OK);
    assert_int_equal(sluice_end_add_idle_action(w->invoking, set_flag, &flag),
        SLUICE_OK);
    sluice_operation_cancel(w->invoker.op);
    settle(w);
    assert_true(flag);
}

static void
an_end_counts_its_operations_until_they_have_left(void **state)
{
    struct world *w = *state;

    world_start(w);
    invoke(w, "c");
    assert_int_equal(sluice_end_active(w->invoking), 1);
    assert_int_equal(sluice_end_active(w->serving), 1);
    assert_ptr_equal(sluice_operation_end(w->invoker.op), w->invoking);
    sluice_operation_cancel(w->invoker.op);
    assert_int_equal(sluice_end_active(w->invoking), 1);
    stat_is(w->invoking, SLUICE_CANCELLED, 0);
    settle(w);
    assert_int_equal(sluice_end_active(w->invoking), 0);
    stat_is(w->invoking, SLUICE_CANCELLED, 1);
}

#define STOPPED(name) \
    cmocka_unit_test_setup_teardown(name, setup_stopped, teardown)
#define BOTH(name)                                                \
    STOPPED(name),                                                \
    {                                                             \
#name " (gRPC)", name, setup_stopped_grpc, teardown, NULL \
    }

/* ---- Threads -------------------------------------------------------------- */

static void
stop_elsewhere(void *arg)
{
    struct world *w = arg;

    (void)!sluice_end_stop(w->invoking, 0, NULL, NULL);
}

static void
cancel_elsewhere(void *arg)
{
    struct world *w = arg;

    sluice_operation_cancel(w->invoker.op);
}

/* In a process of its own, which must not survive it. */
static void
is_stopped_elsewhere(struct world *w, void (*entry)(void *arg))
{
    const struct rlimit no_core = { 0, 0 };
    uv_thread_t thread;
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)freopen("/dev/null", "w", stderr);
        signal(SIGABRT, SIG_DFL); /* cmocka's */
        if (uv_thread_create(&thread, entry, w) == 0)
            (void)uv_thread_join(&thread);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
another_thread_is_stopped_by_an_assertion(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    is_stopped_elsewhere(w, stop_elsewhere);
    is_stopped_elsewhere(w, cancel_elsewhere);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STOPPED(an_end_that_was_not_started_takes_nothing),
        STOPPED(an_end_starts_once),
        STOPPED(statistics_begin_at_nothing),
        STOPPED(stop_of_a_stopped_end_is_reported_later),
        STOPPED(stop_of_an_idle_end_is_prompt),
        BOTH(stop_may_go_unreported),
        BOTH(what_finishes_within_the_grace_completes),
        BOTH(what_does_not_is_shut_down),
        BOTH(no_grace_ends_a_long_one),
        BOTH(a_longer_grace_does_not_postpone_a_shorter_one),
        BOTH(a_shorter_grace_overtakes_a_longer_one),
        BOTH(a_stopping_end_takes_no_operation),
        BOTH(a_stopping_service_refuses_promptly),
        BOTH(a_stopped_service_refuses_promptly),
        BOTH(a_stopped_end_starts_again_and_counts_on),
        BOTH(stop_may_be_asked_by_the_last_operation),
        STOPPED(an_end_may_be_freed_when_it_reports_to_have_stopped),
        STOPPED(without_a_link_an_end_is_a_black_hole),
        BOTH(an_idle_end_acts_at_once_but_not_within_the_call),
        BOTH(idle_actions_come_after_callbacks_and_statistics_and_before_stop),
        BOTH(a_stopping_end_takes_idle_actions),
        BOTH(an_end_counts_its_operations_until_they_have_left),
        IN_PROCESS_ONLY(another_thread_is_stopped_by_an_assertion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
