/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_requests.c - requests that an iterator brings: when
 * it is drawn, when no more, and when it is closed.
 */
#include "tests/rpc/thread_scene.h"

static void
an_iterator_is_drawn_after_the_call_has_returned(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    struct source source;
    uv_sem_t gate;
    unsigned i;

    assert_int_equal(uv_sem_init(&gate, 0), 0);
    source_init(&source, 3, SLUICE_EEND);
    source.gate = &gate;
    s->r = future_stream(s, "Join", &source.iterator);
    assert_true(sluice_rendezvous_running(s->r));
    for (i = 0; i < 4; i++)
        uv_sem_post(&gate);
    assert_int_equal(sluice_rendezvous_result(s->r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_bytes(response, "012");
    uv_sem_wait(&source.closed);
    assert_int_equal(atomic_load(&source.n_drawn), 4);
    source_fini(&source);
    uv_sem_destroy(&gate);
}

static void
an_iterator_is_drawn_once_for_each_allowance(void **state)
{
    struct scene *s = *state;
    struct source source;
    unsigned i;

    source_init(&source, 0, SLUICE_OK);
    s->r = inline_stream(s, "HoldSS", &source.iterator);
    for (i = 1; i <= 20; i++) {
        uv_sem_wait(&s->requested);
        assert_int_equal(atomic_load(&source.n_drawn), i);
        if (i < 20)
            on_loop(s, allow_one);
    }
    (void)sluice_rendezvous_cancel(s->r);
    uv_sem_wait(&source.closed);
    assert_int_equal(atomic_load(&source.n_drawn), 20);
    source_fini(&source);
}

static void
an_iterator_without_values_is_an_end(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    struct source source;

    source_init(&source, 0, SLUICE_EEND);
    s->r = future_stream(s, "Join", &source.iterator);
    assert_int_equal(sluice_rendezvous_result(s->r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_bytes(response, "");
    uv_sem_wait(&source.closed);
    source_fini(&source);
}

static void
an_iterator_that_fails_fails_the_rpc(void **state)
{
    struct scene *s = *state;
    struct source source;

    source_init(&source, 3, SLUICE_ELIMIT);
    s->r = future_stream(s, "Join", &source.iterator);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
    uv_sem_wait(&source.closed);
    assert_int_equal(atomic_load(&source.n_drawn), 4);
    assert_int_equal(ended_as(s, s->service, SLUICE_REMOTE_FAILURE), 1);
    source_fini(&source);
}

static enum sluice_err
give_nothing(void *arg, struct sluice_bytes **value)
{
    (void)arg;
    (void)value;
    return SLUICE_OK;
}

static void
an_iterator_that_gives_nothing_fails_the_rpc(void **state)
{
    struct scene *s = *state;
    struct sluice_iterator requests = { .next = give_nothing };

    s->r = future_stream(s, "Join", &requests);
    assert_aborts(s->r, SLUICE_ABORTION_LOCAL_FAILURE);
}

static void
answer_after_one(struct scene *s)
{
    sluice_servicer_context_respond(s->held, bytes_of("enough"));
}

/* It waits for allowance when the RPC ends. */
static void
an_iterator_that_is_parked_is_closed_with_the_rpc(void **state)
{
    struct scene *s = *state;
    struct source source;

    source_init(&source, 0, SLUICE_OK);
    s->r = future_stream(s, "HoldSU", &source.iterator);
    uv_sem_wait(&s->requested);
    on_loop(s, answer_after_one);
    uv_sem_wait(&source.closed);
    assert_completes(s->r);
    assert_int_equal(atomic_load(&source.n_drawn), 1);
    source_fini(&source);
}

static void
an_endless_iterator_stops_at_the_end_of_the_rpc(void **state)
{
    struct scene *s = *state;
    struct source source;
    unsigned i;

    source_init(&source, 0, SLUICE_OK);
    s->r = inline_stream(s, "EchoAll", &source.iterator);
    for (i = 0; i < 50; i++) {
        struct sluice_bytes *value;

        assert_int_equal(sluice_rendezvous_next(s->r, &value), SLUICE_OK);
        sluice_bytes_unref(&value);
    }
    (void)sluice_rendezvous_cancel(s->r);
    uv_sem_wait(&source.closed);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
    source_fini(&source);
}

/* A value that comes too late is dropped, and nothing more is drawn. */
static void
an_iterator_that_is_blocked_while_the_rpc_ends_is_closed_afterwards(
    void **state)
{
    struct scene *s = *state;
    struct source source;
    uv_sem_t gate;

    assert_int_equal(uv_sem_init(&gate, 0), 0);
    source_init(&source, 0, SLUICE_OK);
    source.gate = &gate;
    s->r = future_stream(s, "Join", &source.iterator);
    uv_sem_wait(&source.drawing);
    (void)sluice_rendezvous_cancel(s->r);
    assert_aborts(s->r, SLUICE_ABORTION_CANCELLED);
    assert_int_equal(atomic_load(&source.n_closed), 0);
    uv_sem_post(&gate);
    uv_sem_wait(&source.closed);
    assert_int_equal(atomic_load(&source.n_drawn), 1);
    source_fini(&source);
    uv_sem_destroy(&gate);
}

/* Iterators that wait for the service take no thread of the pool, which has
 * but two of them. */
static void
more_iterators_may_wait_than_there_are_threads(void **state)
{
    struct scene *s = *state;
    struct sluice_rendezvous *calls[10];
    struct source sources[10];
    unsigned i;

    for (i = 0; i < 10; i++) {
        source_init(&sources[i], 0, SLUICE_OK);
        calls[i] = inline_stream(s, "HoldSS", &sources[i].iterator);
        uv_sem_wait(&s->requested);
        on_loop(s, let_go);
    }
    for (i = 0; i < 10; i++)
        (void)sluice_rendezvous_cancel(calls[i]);
    for (i = 0; i < 10; i++) {
        uv_sem_wait(&sources[i].closed);
        source_fini(&sources[i]);
        sluice_rendezvous_unref(&calls[i]);
    }
}

struct hold_up {
    struct sluice_done_callback callback;
    uv_sem_t is_over;
};

static void
wait_in_callback(struct sluice_done_callback *self, struct sluice_rendezvous *r)
{
    struct hold_up *h = RPC_CONTAINER_OF(self, struct hold_up, callback);

    (void)r;
    uv_sem_wait(&h->is_over);
}

/* Whoever has the result may free the pool, whatever the loop's thread still
 * has to do: here it is kept in a callback meanwhile. */
static void
the_pool_of_an_iterator_may_be_freed_when_the_result_is_there(void **state)
{
    struct scene *s = *state;
    struct hold_up h = { .callback.run = wait_in_callback };
    struct sluice_bytes *response;
    struct source source;
    unsigned n_closed;

    assert_int_equal(uv_sem_init(&h.is_over, 0), 0);
    source_init(&source, 0, SLUICE_OK);
    s->r = future_stream(s, "HoldSU", &source.iterator);
    sluice_rendezvous_add_done_callback(s->r, &h.callback);
    uv_sem_wait(&s->requested);
    on_loop(s, answer_after_one);
    assert_int_equal(sluice_rendezvous_result(s->r, SLUICE_NO_TIMEOUT,
                         &response),
        SLUICE_OK);
    assert_bytes(response, "enough");
    sluice_thread_pool_free(&s->pool);
    n_closed = atomic_load(&source.n_closed);
    uv_sem_post(&h.is_over);
    end_scene(s);
    assert_int_equal(n_closed, 1);
    uv_sem_destroy(&h.is_over);
    source_fini(&source);
}

#define SCENE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_scene, close_scene)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(an_iterator_is_drawn_after_the_call_has_returned),
        SCENE_TEST(an_iterator_is_drawn_once_for_each_allowance),
        SCENE_TEST(an_iterator_without_values_is_an_end),
        SCENE_TEST(an_iterator_that_fails_fails_the_rpc),
        SCENE_TEST(an_iterator_that_gives_nothing_fails_the_rpc),
        SCENE_TEST(an_iterator_that_is_parked_is_closed_with_the_rpc),
        SCENE_TEST(an_endless_iterator_stops_at_the_end_of_the_rpc),
        SCENE_TEST(
            an_iterator_that_is_blocked_while_the_rpc_ends_is_closed_afterwards),
        SCENE_TEST(more_iterators_may_wait_than_there_are_threads),
        SCENE_TEST(
            the_pool_of_an_iterator_may_be_freed_when_the_result_is_there),
    };

    return cmocka_run_group_tests_name("rendezvous, iterators of requests",
        tests, NULL, NULL);
}
