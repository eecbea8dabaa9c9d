/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_memory.c - the base layer when memory is short, and how
 * little of it it asks for.
 */
#include <stdlib.h>

#include "rpc/pool.h"
#include "tests/memory.h"
#include "tests/rpc/base_world.h"

static void
answer(struct party *p, const struct sluice_values *values)
{
    struct sluice_completion c = { .has_code = true,
        .message = sluice_str("a message") };
    struct sluice_values v = { .completion = &c };

    (void)values;
    sluice_operation_advance(p->op, &v);
}

static void
on_service(struct world *w, struct sluice_operation *op)
{
    (void)op;
    w->service.react = answer;
}

/* Operate, more payloads than allowance, an answer, stop. True if it was
 * completed in spite of all. */
static bool
converse(struct world *w, struct words first, struct words *more, size_t count)
{
    struct sluice_invocation i = full_invocation(&w->invoker);
    bool is_complete;
    size_t n;

    i.first = first.values;
    if (sluice_end_operate(w->invoking, &i, &w->invoker.op) != SLUICE_OK) {
        for (n = 0; n < count; n++)
            release_values(&more[n].values);
        return false;
    }
    listen_for_end(&w->invoker, w->invoker.op);
    for (n = 0; n < count; n++)
        sluice_operation_advance(w->invoker.op, &more[n].values);
    settle(w);
    is_complete = w->invoker.outcome == SLUICE_COMPLETED;
    sluice_operation_cancel(w->invoker.op);
    return is_complete;
}

#define MORE 5

/* Whatever allocation fails, and all after it: the operation ends in order and
 * nothing leaks. */
static void
an_operation_survives_every_failure(void **state)
{
    struct words first, more[MORE];
    struct world w;
    unsigned long failing = 0;
    bool is_complete, was_short;
    size_t n;

    (void)state;
    do {
        world_init(&w, IN_PROCESS);
        w.on_service = on_service;
        read_words(w.pool, "m pone", &first);
        for (n = 0; n < MORE; n++)
            read_words(w.pool, n + 1 < MORE ? "pmore" : "plast c1:end",
                &more[n]);
        first.values.completion = NULL;
        more[MORE - 1].values.completion = &more[MORE - 1].completion;
        more[MORE - 1].completion.message = sluice_str("the end");
        memory_fail_from(++failing);
        is_complete = converse(&w, first, more, MORE);
        was_short = memory_suffices().refused > 0;
        run_to_the_end(&w);
        if (w.invoker.op != NULL)
            assert_int_equal(w.invoker.terminations, 1);
        world_fini(&w);
    } while (was_short);
    assert_true(failing > 1);
    assert_true(is_complete);
}

/* Though the invoker has said all that it had to. */
static void
an_allowance_that_cannot_be_sent_ends_both_sides(void **state)
{
    const struct sluice_values more = { .allowance = 1 };
    struct world w;

    (void)state;
    world_init(&w, IN_PROCESS);
    invoke(&w, "m pone c");
    memory_fail_from(1);
    while (memory_so_far().refused == 0) /* the pool has some */
        sluice_operation_advance(w.invoker.op, &more);
    memory_suffices();
    settle(&w);
    ended(&w.invoker, SLUICE_TRANSMISSION_FAILURE);
    ended(&w.service, SLUICE_REMOTE_FAILURE);
    world_fini(&w);
}

static void
making_ends_and_links_survives_every_failure(void **state)
{
    struct sluice_link *link = NULL;
    struct sluice_end *end = NULL;
    struct sluice_loop *loop;
    unsigned long failing = 0;
    uv_loop_t uv;

    (void)state;
    assert_int_equal(uv_loop_init(&uv), 0);
    while (link == NULL) {
        memory_fail_from(++failing);
        loop = sluice_loop_new(&uv);
        end = loop != NULL ? sluice_end_new(loop, NULL) : NULL;
        link = end != NULL ? sluice_inproc_link_new(end) : NULL;
        memory_suffices();
        sluice_inproc_link_free(&(struct sluice_link *){ link });
        sluice_end_free(&end);
        if (loop != NULL)
            sluice_loop_close(&loop, NULL, NULL);
        uv_run(&uv, UV_RUN_DEFAULT);
    }
    assert_int_equal(failing, 5);
    assert_int_equal(uv_loop_close(&uv), 0);
}

static void
a_start_and_idle_actions_say_when_memory_is_short(void **state)
{
    struct sluice_end *end;
    struct world w;

    (void)state;
    world_init(&w, IN_PROCESS);
    end = sluice_end_new(w.loop, NULL);
    memory_fail_from(1);
    assert_int_equal(sluice_end_start(end), SLUICE_ENOMEM);
    assert_int_equal(sluice_end_add_idle_action(w.invoking,
                         (void (*)(void *))abort, NULL),
        SLUICE_ENOMEM);
    memory_suffices();
    sluice_end_free(&end);
    world_fini(&w);
}

static void
count(void *arg)
{
    ++*(unsigned *)arg;
}

static void
the_first_stop_needs_no_memory(void **state)
{
    unsigned stopped = 0;
    struct world w;

    (void)state;
    world_init(&w, IN_PROCESS);
    memory_fail_from(1);
    assert_int_equal(sluice_end_stop(w.invoking, 0, count, &stopped),
        SLUICE_OK);
    assert_int_equal(sluice_end_stop(w.invoking, 0, (void (*)(void *))abort,
                         NULL),
        SLUICE_ENOMEM);
    memory_suffices();
    settle(&w);
    assert_int_equal(stopped, 1);
    world_fini(&w);
}

/* Whole unary exchanges, both sides, on storage that was used before. */
static void
a_steady_unary_operation_allocates_nothing(void **state)
{
    struct world w;
    int i;

    (void)state;
    world_init(&w, IN_PROCESS);
    for (i = 0; i < 100; i++) {
        if (i == 10)
            memory_count();
        party_init(&w.invoker, &w);
        invoke(&w, "m pone c");
        say(&w, &w.service, "m ptwo c0:fine");
        ended(&w.invoker, SLUICE_COMPLETED);
        sluice_operation_unref(&w.invoker.op);
    }
    if (RPC_POOL_KEEPS)
        assert_int_equal(memory_so_far().calls, 0);
    world_fini(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_survives_every_failure),
        cmocka_unit_test(making_ends_and_links_survives_every_failure),
        cmocka_unit_test(an_allowance_that_cannot_be_sent_ends_both_sides),
        cmocka_unit_test(a_start_and_idle_actions_say_when_memory_is_short),
        cmocka_unit_test(the_first_stop_needs_no_memory),
        cmocka_unit_test(a_steady_unary_operation_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
