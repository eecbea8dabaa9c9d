/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_door.c - a thread's last word: what was left at the
 * loop's door while the RPC ended, and the loop with it, in the same turn.
 */
#include "tests/rpc/face_stock.h"

#include <stdatomic.h>

struct last_turn {
    struct stock *stock;
    struct sluice_rendezvous *r;
    struct sluice_task task;
    unsigned has_begun;
    unsigned n_stopped;
    unsigned is_closed;
};

static void
set_begun(void *arg)
{
    struct last_turn *t = arg;

    t->has_begun = 1;
}

static void
begin(void *arg)
{
    struct last_turn *t = arg;
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    enum sluice_err err;

    err = sluice_stub_inline_stream_stream(t->stock->f.stub,
        sluice_str("Group"), sluice_str("EchoAll"), NULL, &options, &t->r);
    assert(err == SLUICE_OK);
    err = sluice_loop_call(t->stock->f.loop, set_begun, t);
    assert(err == SLUICE_OK);
}

static void
on_closed(void *arg)
{
    struct last_turn *t = arg;

    t->is_closed = 1;
}

static void
on_stopped(void *arg)
{
    struct last_turn *t = arg;
    struct fixture *f = &t->stock->f;

    if (++t->n_stopped < 2)
        return;
    sluice_servicer_context_unref(&t->stock->held);
    sluice_stub_free(&f->stub);
    sluice_end_free(&f->invoker);
    sluice_end_free(&f->service);
    sluice_inproc_link_free(&f->join.link);
    sluice_loop_close(&f->loop, on_closed, t);
}

/* The RPC has ended for the End, but nobody has been told yet. */
static void
stop_and_go_on(struct sluice_task *task)
{
    struct last_turn *t = RPC_CONTAINER_OF(task, struct last_turn, task);
    struct fixture *f = &t->stock->f;
    enum sluice_err err;

    err = sluice_end_stop(f->invoker, 0, on_stopped, t);
    assert_int_equal(err, SLUICE_OK);
    err = sluice_end_stop(f->service, 0, on_stopped, t);
    assert_int_equal(err, SLUICE_OK);
    assert_true(sluice_rendezvous_is_active(t->r));
    err = sluice_rendezvous_consume(t->r, bytes_of("last word"));
    assert_int_equal(err, SLUICE_OK);
}

static void
never(struct sluice_timer *timer)
{
    (void)timer;
    abort();
}

static void
a_last_word_is_dropped_with_the_loop(void **state)
{
    struct stock *s = *state;
    struct last_turn t = { .stock = s, .task = { .run = stop_and_go_on } };
    struct sluice_timer keeps_going = { .expire = never };
    uv_thread_t thread;

    sluice_timer_start(s->f.loop, &keeps_going,
        sluice_loop_now(s->f.loop) + (uint64_t)LONG_TIME);
    assert_int_equal(uv_thread_create(&thread, begin, &t), 0);
    run_until(&s->f, &t.has_begun);
    uv_thread_join(&thread);
    sluice_timer_stop(s->f.loop, &keeps_going);

    sluice_loop_defer(s->f.loop, &t.task);
    (void)uv_run(&s->f.uv, UV_RUN_DEFAULT);
    assert_int_equal(t.is_closed, 1);
    assert_int_equal(uv_loop_close(&s->f.uv), 0);
    assert_non_null(sluice_rendezvous_abortion(t.r));
    sluice_rendezvous_unref(&t.r);
    sluice_face_servicer_free(&s->f.servicer);
    observer_fini(&s->o);
    observer_fini(&s->o2);
    free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_last_word_is_dropped_with_the_loop,
            open_stock),
    };

    return cmocka_run_group_tests_name("rendezvous, the door", tests, NULL,
        NULL);
}
