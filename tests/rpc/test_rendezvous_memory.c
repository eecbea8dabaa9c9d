/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_rendezvous_memory.c - threads and their calls when memory or
 * threads are short: any thread's memory, that of pools included.
 */
#include "tests/memory.h"
#include "tests/rpc/thread_scene.h"

int __real_uv_thread_create(uv_thread_t *id, uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create(uv_thread_t *id, uv_thread_cb entry, void *arg);
int __real_uv_loop_init(uv_loop_t *loop);
int __wrap_uv_loop_init(uv_loop_t *loop);
int __real_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);
int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);

int
__wrap_uv_thread_create(uv_thread_t *id, uv_thread_cb entry, void *arg)
{
    return memory_is_refused() ? UV_EAGAIN
                               : __real_uv_thread_create(id, entry, arg);
}

int
__wrap_uv_loop_init(uv_loop_t *loop)
{
    return memory_is_refused() ? UV_ENOMEM : __real_uv_loop_init(loop);
}

int
__wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb)
{
    return memory_is_refused() ? UV_EMFILE
                               : __real_uv_async_init(loop, async, cb);
}

/* ---- Threads ---------------------------------------------------------------------------- */

static void
a_loops_thread_that_cannot_be_had_is_an_error(void **state)
{
    struct sluice_loop_thread *t;
    enum sluice_err err;
    unsigned long nth = 1;

    (void)state;
    do {
        memory_fail_from(nth);
        err = sluice_loop_thread_new(&t);
        memory_suffices();
        assert_true(err == SLUICE_OK || err == SLUICE_ENOMEM);
        assert_int_equal(t != NULL, err == SLUICE_OK);
        sluice_loop_thread_free(&t);
        nth++;
    } while (err != SLUICE_OK);
    assert_true(nth > 7); /* ours, its thread, loop, two doors, loop, pool */
}

static void
a_pool_that_lacks_a_thread_is_an_error(void **state)
{
    struct sluice_thread_pool *pool;
    enum sluice_err err;
    unsigned long nth;

    (void)state;
    for (nth = 1; nth <= 6; nth++) {
        memory_fail_from(nth);
        err = sluice_thread_pool_new(5, &pool);
        memory_suffices();
        assert_int_equal(err, SLUICE_ENOMEM);
        assert_null(pool);
    }
    assert_int_equal(sluice_thread_pool_new(5, &pool), SLUICE_OK);
    sluice_thread_pool_free(&pool);
}

/* ---- Calls -------------------------------------------------------------------------------- */

static const struct sluice_call_options hasty = { .timeout_ns = SHORT_TIME };
static const struct sluice_call_options patient = { .timeout_ns = LONG_TIME };

/* A side that could not be told for lack of memory expires. */
typedef enum sluice_err attempt_cb(struct scene *s);

static enum sluice_err
try_blocking(struct scene *s)
{
    struct sluice_call_options options = hasty;
    struct sluice_bytes *response, *request = bytes_of("x");
    struct sluice_rendezvous *r;
    enum sluice_err err;

    options.metadata = metadata_of("a", "b");
    err = sluice_stub_blocking_unary_unary(s->stub, GROUP, sluice_str("Echo"),
        request, &options, &response, &r);
    assert_int_equal(response != NULL, err == SLUICE_OK);
    assert_int_equal(r != NULL, err == SLUICE_OK || err == SLUICE_EABORTED);
    sluice_bytes_unref(&response);
    sluice_rendezvous_unref(&r);
    return err == SLUICE_EABORTED ? SLUICE_OK : err;
}

static enum sluice_err
try_refusal(struct scene *s)
{
    struct sluice_rendezvous *r;
    struct sluice_str text;
    enum sluice_err err;

    err = sluice_stub_future_unary_unary(s->stub, GROUP, sluice_str("Refuse"),
        bytes_of("x"), &hasty, &r);
    if (err != SLUICE_OK)
        return err;
    assert_int_equal(sluice_rendezvous_traceback(r, SLUICE_NO_TIMEOUT, &text),
        SLUICE_OK);
    assert_non_null(text.ptr); /* at least the kind */
    assert_non_null(sluice_rendezvous_abortion(r));
    sluice_rendezvous_unref(&r);
    return SLUICE_OK;
}

static enum sluice_err
try_stream(struct scene *s)
{
    struct sluice_rendezvous *r;
    struct sluice_bytes *value;
    struct source source;
    enum sluice_err err;

    source_init(&source, 5, SLUICE_EEND);
    err = sluice_stub_inline_stream_stream(s->stub, GROUP,
        sluice_str("EchoAll"), &source.iterator, &hasty, &r);
    if (err == SLUICE_OK) {
        do {
            err = sluice_rendezvous_next(r, &value);
            sluice_bytes_unref(&value);
        } while (err == SLUICE_OK);
        assert_true(err == SLUICE_EEND || err == SLUICE_EABORTED);
        err = SLUICE_OK;
        sluice_rendezvous_unref(&r);
    }
    uv_sem_wait(&source.closed);
    source_fini(&source);
    return err;
}

static void
post(void *arg)
{
    uv_sem_post(arg);
}

struct lull {
    struct sluice_end *end;
    uv_sem_t has_come;
};

static void
await_lull(void *arg)
{
    struct lull *l = arg;
    enum sluice_err err;

    err = sluice_end_add_idle_action(l->end, post, &l->has_come);
    assert(err == SLUICE_OK);
}

static void
await_idle(struct scene *s, struct sluice_end *end)
{
    struct lull l = { .end = end };

    assert_int_equal(uv_sem_init(&l.has_come, 0), 0);
    assert_int_equal(sluice_loop_call(s->loop, await_lull, &l), SLUICE_OK);
    uv_sem_wait(&l.has_come);
    uv_sem_destroy(&l.has_come);
}

static void
assert_survives(struct scene *s, attempt_cb *attempt)
{
    bool was_short;
    enum sluice_err err;
    unsigned long nth = 1;

    do {
        memory_fail_from(nth++);
        err = attempt(s);
        was_short = memory_suffices().refused > 0;
        assert_true(err == SLUICE_OK || err == SLUICE_ENOMEM);
        await_idle(s, s->invoker);
        await_idle(s, s->service);
        on_loop(s, let_go);
    } while (was_short);
    assert_true(nth > 5);
}

static void
a_blocking_call_survives_the_failure_of_any_allocation(void **state)
{
    assert_survives(*state, try_blocking);
}

static void
a_refused_call_survives_the_failure_of_any_allocation(void **state)
{
    assert_survives(*state, try_refusal);
}

static void
a_stream_survives_the_failure_of_any_allocation(void **state)
{
    assert_survives(*state, try_stream);
}

static void
a_rendezvous_that_cannot_be_made_closes_its_iterator(void **state)
{
    struct scene *s = *state;
    struct source source;
    enum sluice_err err;

    source_init(&source, 5, SLUICE_EEND);
    memory_fail_from(1);
    err = sluice_stub_future_stream_unary(s->stub, GROUP, sluice_str("Join"),
        &source.iterator, &hasty, &s->r);
    memory_suffices();
    assert_int_equal(err, SLUICE_ENOMEM);
    assert_null(s->r);
    source_fini(&source);
}

static void
a_traceback_that_cannot_be_made_is_at_least_the_kind(void **state)
{
    struct scene *s = *state;
    const struct sluice_abortion *abortion;
    struct sluice_str text;

    s->r = future_unary(s, "Refuse", "x");
    assert_aborts(s->r, SLUICE_ABORTION_REMOTE_FAILURE);
    abortion = sluice_rendezvous_abortion(s->r);
    assert_non_null(abortion->details.ptr);
    memory_fail_from(1);
    assert_int_equal(sluice_rendezvous_traceback(s->r, 0, &text), SLUICE_OK);
    memory_suffices();
    assert_true(sluice_str_equal(text, sluice_str("RemoteError")));
    assert_int_equal(sluice_rendezvous_traceback(s->r, 0, &text), SLUICE_OK);
    assert_false(sluice_str_equal(text, sluice_str("RemoteError")));
}

/* ---- Cost --------------------------------------------------------------------------------------- */

static void
a_value_costs_no_allocation_of_its_own(void **state)
{
    struct scene *s = *state;
    unsigned i;

    s->r = inline_stream(s, "EchoAll", NULL);
    memory_count();
    for (i = 0; i < 1000; i++) {
        assert_int_equal(sluice_rendezvous_consume(s->r, bytes_of("x")),
            SLUICE_OK);
        assert_next(s->r, "x");
    }
    assert_int_equal(memory_so_far().calls, 0);
}

static void
a_call_costs_one_allocation_of_its_own(void **state)
{
    struct scene *s = *state;
    struct sluice_bytes *response;
    unsigned i;

    memory_count();
    for (i = 0; i < 100; i++) {
        assert_int_equal(sluice_stub_blocking_unary_unary(s->stub, GROUP,
                             sluice_str("Echo"), bytes_of("x"), &patient,
                             &response, NULL),
            SLUICE_OK);
        sluice_bytes_unref(&response);
    }
    assert_int_equal(memory_so_far().calls, 100);
}

#define SCENE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_scene, close_scene)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loops_thread_that_cannot_be_had_is_an_error),
        cmocka_unit_test(a_pool_that_lacks_a_thread_is_an_error),
        SCENE_TEST(a_blocking_call_survives_the_failure_of_any_allocation),
        SCENE_TEST(a_refused_call_survives_the_failure_of_any_allocation),
        SCENE_TEST(a_stream_survives_the_failure_of_any_allocation),
        SCENE_TEST(a_rendezvous_that_cannot_be_made_closes_its_iterator),
        SCENE_TEST(a_traceback_that_cannot_be_made_is_at_least_the_kind),
        SCENE_TEST(a_value_costs_no_allocation_of_its_own),
        SCENE_TEST(a_call_costs_one_allocation_of_its_own),
    };

    return cmocka_run_group_tests_name("rendezvous, memory", tests, NULL, NULL);
}
