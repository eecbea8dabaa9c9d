/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_suite.c - the pair of Ends, and the tables of tests; see the
 * header.
 */
#include "tests/rpc/face_suite.h"

#include <stdio.h>

/* ---- The pair ------------------------------------------------------------ */

void
on_loop(struct sluice_loop *loop, void (*fn)(void *arg), void *arg)
{
    assert_int_equal(sluice_loop_call(loop, fn, arg), SLUICE_OK);
}

static void
prepare(struct suite *s)
{
    memset(s, 0, sizeof(*s));
    assert_int_equal(uv_mutex_init(&s->control.lock), 0);
    assert_int_equal(uv_cond_init(&s->control.changed), 0);
    assert_int_equal(sluice_thread_pool_new(N_THREADS, &s->pool), SLUICE_OK);
    assert_int_equal(sluice_thread_pool_new(N_THREADS, &s->foreign), SLUICE_OK);
    s->servicer = sluice_face_servicer_new();
    assert_non_null(s->servicer);
    sluice_face_servicer_set_thread_pool(s->servicer, s->pool);
}

static void
open_service(void *arg)
{
    struct suite *s = arg;
    const struct sluice_end_options options = {
        .servicer = sluice_face_servicer_base(s->servicer),
        .default_timeout_ns = 300 * SLUICE_SECOND,
        .maximum_timeout_ns = 3600 * SLUICE_SECOND,
    };

    s->service = sluice_end_new(s->serving_loop, &options);
    assert_non_null(s->service);
    join_serve(&s->join, s->over, s->service);
    assert_int_equal(sluice_end_start(s->service), SLUICE_OK);
}

static void
make_stubs(struct suite *s)
{
    struct sluice_dynamic_method methods[4];
    unsigned i;

    s->stub = sluice_stub_new(s->caller);
    assert_non_null(s->stub);
    sluice_stub_set_thread_pool(s->stub, s->pool);
    for (i = 0; i < 4; i++) {
        methods[i].cardinality = (enum sluice_cardinality)i;
        methods[i].name = sluice_str(method_name(methods[i].cardinality));
        s->callables[i] = sluice_stub_multi_callable(s->stub,
            methods[i].cardinality, sluice_str("Stock"), methods[i].name);
        assert_non_null(s->callables[i]);
    }
    assert_int_equal(sluice_dynamic_stub_new(s->caller, sluice_str("Stock"),
                         methods, 4, &s->dynamic),
        SLUICE_OK);
    sluice_dynamic_stub_set_thread_pool(s->dynamic, s->pool);
}

static void
open_caller(void *arg)
{
    struct suite *s = arg;

    s->caller = sluice_end_new(s->invoking_loop, NULL);
    assert_non_null(s->caller);
    join_invoke(&s->join, s->caller);
    make_stubs(s);
    assert_int_equal(sluice_end_start(s->caller), SLUICE_OK);
}

static void
start(struct suite *s, enum join_kind over)
{
    s->over = over;
    assert_int_equal(sluice_loop_thread_new(&s->serving_thread), SLUICE_OK);
    s->invoking_thread = s->serving_thread;
    if (is_grpc(over))
        assert_int_equal(sluice_loop_thread_new(&s->invoking_thread),
            SLUICE_OK);
    s->serving_loop = sluice_loop_thread_loop(s->serving_thread);
    s->invoking_loop = sluice_loop_thread_loop(s->invoking_thread);
    on_loop(s->serving_loop, open_service, s);
    on_loop(s->invoking_loop, open_caller, s);
}

void
suite_open(struct suite *s, enum join_kind over, enum service_style style,
    void (*add)(struct suite *s))
{
    prepare(s);
    switch (style) {
    case INLINE_SERVICE:
        add_inline_trades(s);
        break;
    case EVENT_SERVICE:
        add_event_trades(s);
        break;
    case FOREIGN_SERVICE:
        add_foreign_trades(s);
        break;
    }
    if (add != NULL)
        add(s);
    start(s, over);
}

void
add_method(struct suite *s, const char *name,
    struct sluice_method_implementation implementation)
{
    assert_int_equal(sluice_face_servicer_add(s->servicer, sluice_str("Stock"),
                         sluice_str(name), &implementation),
        SLUICE_OK);
}

/* ---- Stopping ------------------------------------------------------------ */

static void
post(void *arg)
{
    uv_sem_post(arg);
}

struct stop {
    struct sluice_end *end;
    int64_t grace_ns;
    uv_sem_t *stopped;
};

static void
ask_to_stop(void *arg)
{
    struct stop *stop = arg;

    assert_int_equal(sluice_end_stop(stop->end, stop->grace_ns, post,
                         stop->stopped),
        SLUICE_OK);
}

void
begin_stop(struct sluice_end *end, int64_t grace_ns, uv_sem_t *stopped)
{
    struct stop stop = { end, grace_ns, stopped };

    on_loop(sluice_end_loop(end), ask_to_stop, &stop);
}

void
stop_end(struct sluice_end *end, int64_t grace_ns)
{
    uv_sem_t stopped;

    assert_int_equal(uv_sem_init(&stopped, 0), 0);
    begin_stop(end, grace_ns, &stopped);
    uv_sem_wait(&stopped);
    uv_sem_destroy(&stopped);
}

struct count {
    struct sluice_end *end;
    uint64_t *stats;
    uv_sem_t done;
};

static void
on_idle(void *arg)
{
    struct count *c = arg;

    sluice_end_operation_stats(c->end, c->stats);
    uv_sem_post(&c->done);
}

static void
await_idle(void *arg)
{
    struct count *c = arg;

    if (sluice_end_add_idle_action(c->end, on_idle, c) != SLUICE_OK)
        on_idle(c); /* it has stopped */
}

void
idle_stats(struct sluice_end *end, uint64_t stats[SLUICE_OUTCOME_KINDS])
{
    struct count c = { .end = end, .stats = stats };

    assert_int_equal(uv_sem_init(&c.done, 0), 0);
    on_loop(sluice_end_loop(end), await_idle, &c);
    uv_sem_wait(&c.done);
    uv_sem_destroy(&c.done);
}

/* ---- Closing ------------------------------------------------------------- */

struct leave {
    struct suite *s;
    uv_sem_t done;
};

static void
close_caller(void *arg)
{
    struct leave *l = arg;
    struct suite *s = l->s;
    unsigned i;

    for (i = 0; i < 4; i++)
        sluice_multi_callable_free(&s->callables[i]);
    sluice_dynamic_stub_free(&s->dynamic);
    sluice_stub_free(&s->stub);
    join_leave(&s->join, post, &l->done);
}

static void
close_service(void *arg)
{
    struct leave *l = arg;

    join_close(&l->s->join, post, &l->done);
}

static void
free_caller(void *arg)
{
    sluice_end_free(&((struct suite *)arg)->caller);
}

static void
free_service(void *arg)
{
    sluice_end_free(&((struct suite *)arg)->service);
}

void
suite_close(struct suite *s)
{
    struct leave l = { .s = s };

    assert_int_equal(uv_sem_init(&l.done, 0), 0);
    stop_end(s->caller, 0);
    stop_end(s->service, 0);
    sluice_thread_pool_free(&s->foreign);
    on_loop(s->invoking_loop, close_caller, &l);
    uv_sem_wait(&l.done);
    on_loop(s->serving_loop, close_service, &l);
    uv_sem_wait(&l.done);
    on_loop(s->invoking_loop, free_caller, s);
    on_loop(s->serving_loop, free_service, s);
    sluice_thread_pool_free(&s->pool);
    if (s->invoking_thread != s->serving_thread)
        sluice_loop_thread_free(&s->invoking_thread);
    sluice_loop_thread_free(&s->serving_thread);
    sluice_face_servicer_free(&s->servicer);
    uv_sem_destroy(&l.done);
    uv_cond_destroy(&s->control.changed);
    uv_mutex_destroy(&s->control.lock);
}

/* ---- Tables of tests ----------------------------------------------------- */

struct variation {
    const struct suite_case *test;
    enum service_style style;
    void (*add)(struct suite *s);
    enum invoker invoker;
    enum join_kind over;
    char name[160];
};

static void
run_variation(void **state)
{
    const struct variation *v = *state;
    struct suite *s = malloc(sizeof(*s));

    assert_non_null(s);
    suite_open(s, v->over, v->style, v->add);
    s->invoker = v->invoker;
    v->test->run(s);
    suite_close(s);
    free(s);
}

static void
variation_init(struct variation *v, unsigned number, bool names_invoker)
{
    static const char *const invokers[] = {
        [GENERIC] = "generic, ",
        [MULTI_CALLABLE] = "multi-callable, ",
        [DYNAMIC] = "dynamic, ",
    };

    v->invoker = (enum invoker)(number / 2);
    v->over = number % 2 == 0 ? IN_PROCESS : OVER_TCP;
    snprintf(v->name, sizeof(v->name), "%s (%s%s)", v->test->name,
        names_invoker ? invokers[v->invoker] : "",
        is_grpc(v->over) ? "gRPC" : "in process");
}

/* Each case over both links, through so many invokers. */
static int
run(const char *group, const struct variation *common, unsigned n_invokers,
    const struct suite_case *cases, size_t n_cases)
{
    size_t i, each = 2 * n_invokers, n = n_cases * each;
    struct variation *variations = calloc(n, sizeof(*variations));
    struct CMUnitTest *tests = calloc(n, sizeof(*tests));
    int failed = -1;

    if (variations == NULL || tests == NULL)
        goto out;
    for (i = 0; i < n; i++) {
        variations[i] = *common;
        variations[i].test = &cases[i / each];
        variation_init(&variations[i], (unsigned)(i % each), n_invokers > 1);
        tests[i].name = variations[i].name;
        tests[i].test_func = run_variation;
        tests[i].initial_state = &variations[i];
    }
    failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);

out:
    free(tests);
    free(variations);
    return failed;
}

int
run_suite(const char *group, enum service_style style,
    const struct suite_case *cases, size_t n_cases)
{
    const struct variation common = { .style = style };

    return run(group, &common, INVOKERS, cases, n_cases);
}

int
run_cases(const char *group, enum service_style style,
    void (*add)(struct suite *s), const struct suite_case *cases,
    size_t n_cases)
{
    const struct variation common = { .style = style, .add = add };

    return run(group, &common, 1, cases, n_cases);
}
