/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_memory.c - what an RPC costs, and what happens when
 * memory is short, that of pools included.
 */
#include "rpc/pool.h"
#include "tests/memory.h"
#include "tests/rpc/face_stock.h"

/* ---- Cost ----------------------------------------------------------------- */

static struct sluice_bytes *
pooled(struct stock *s, const char *text)
{
    return sluice_bytes_copy(s->f.pool, text, strlen(text));
}

static void
echo_once(struct stock *s)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct observer o;

    observe(&o);
    call_bytes(&s->f, &o, SLUICE_UNARY_UNARY, "Echo", pooled(s, "ping"),
        &options);
    run_until(&s->f, &o.n_ends);
    assert_completed(&o, SLUICE_CODE_OK);
    observer_fini(&o);
    run_until_idle(&s->f);
}

static void
a_unary_call_in_a_steady_state_allocates_nothing(void **state)
{
    struct stock *s = *state;
    struct memory_tally tally;
    int i;

    for (i = 0; i < 10; i++)
        echo_once(s);
    memory_count();
    for (i = 0; i < 100; i++)
        echo_once(s);
    tally = memory_so_far();
    assert_int_equal(tally.calls, 0);
    if (RPC_POOL_KEEPS)
        assert_int_equal(tally.exempt, 0);
}

/* ---- Shortage ------------------------------------------------------------- */

/* An RPC with everything in it, in which there is nothing from the nth call for
 * memory on. True when that was noticed. However it goes, it is told once, or
 * not begun; a side that could not be told for lack of memory expires. */
static bool
call_with_failure(struct stock *s, enum sluice_cardinality cardinality,
    const char *method, unsigned long nth)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct sluice_bytes *request = NULL;
    struct sluice_multi_callable *m;
    enum sluice_err err;
    struct observer o;
    bool has_failed;

    observe(&o);
    m = sluice_stub_multi_callable(s->f.stub, cardinality, sluice_str("Group"),
        sluice_str(method));
    if (cardinality == SLUICE_UNARY_UNARY || cardinality == SLUICE_UNARY_STREAM)
        request = bytes_of("3");
    options.metadata = metadata_of("a", "b");
    memory_fail_from(nth);
    err =
        sluice_multi_callable_event(m, request, &o.receiver, &options, &o.call);
    if (err == SLUICE_OK && request == NULL) {
        sluice_call_consume(o.call, bytes_of("x"));
        sluice_call_terminate(o.call);
    }
    run_until_idle(&s->f);
    has_failed = memory_suffices().refused > 0;

    assert_true(err == SLUICE_OK || err == SLUICE_ENOMEM);
    assert_int_equal(o.n_ends, err == SLUICE_OK);
    assert_true(o.is_in_order);
    sluice_multi_callable_free(&m);
    observer_fini(&o);
    sluice_servicer_context_unref(&s->held);
    s->joined[0] = '\0';
    s->n_sent = 0;
    return has_failed;
}

static void
an_rpc_survives_the_failure_of_any_allocation(void **state)
{
    static const struct {
        enum sluice_cardinality cardinality;
        const char *method;
    } table[] = {
        { SLUICE_UNARY_UNARY, "Echo" },
        { SLUICE_UNARY_STREAM, "Count" },
        { SLUICE_STREAM_UNARY, "Join" },
        { SLUICE_STREAM_STREAM, "EchoAll" },
    };
    struct stock *s = *state;
    size_t i;
    unsigned long nth;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        nth = 1;
        while (call_with_failure(s, table[i].cardinality, table[i].method, nth))
            nth++;
        assert_true(nth > 2);
    }
}

static void
details_that_cannot_be_copied_are_reported(void **state)
{
    struct stock *s = *state;
    enum sluice_err err;

    call_method(&s->f, &s->o, SLUICE_UNARY_UNARY, "HoldUU", "x");
    run_until(&s->f, &s->n_calls);
    memory_fail_from(1);
    err = sluice_servicer_context_set_details(s->held, sluice_str("why"));
    memory_suffices();
    assert_int_equal(err, SLUICE_ENOMEM);
    assert_int_equal(sluice_servicer_context_set_details(s->held,
                         sluice_str("why")),
        SLUICE_OK);
}

static void
objects_that_cannot_be_made_are_null(void **state)
{
    struct stock *s = *state;
    struct sluice_multi_callable *m;
    struct sluice_face_servicer *servicer;
    struct sluice_stub *stub;

    memory_fail_from(1);
    m = sluice_stub_multi_callable(s->f.stub, SLUICE_UNARY_UNARY,
        sluice_str("Group"), sluice_str("Echo"));
    stub = sluice_stub_new(s->f.invoker);
    servicer = sluice_face_servicer_new();
    memory_suffices();
    assert_null(m);
    assert_null(stub);
    assert_null(servicer);
}

static enum sluice_reply
never(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self;
    (void)ctx;
    sluice_bytes_unref(&request);
    return SLUICE_REPLY_FAILED;
}

static void
a_method_that_cannot_be_added_leaves_the_table_as_it_was(void **state)
{
    struct sluice_method_implementation m =
        sluice_unary_unary_event(never, NULL);
    struct stock *s = *state;
    enum sluice_err err;
    char name[16];
    int i;

    for (i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "New%d", i);
        memory_fail_from(1);
        err = sluice_face_servicer_add(s->f.servicer, sluice_str("Group"),
            sluice_str(name), &m);
        memory_suffices();
        assert_int_equal(err, SLUICE_ENOMEM);
        assert_int_equal(sluice_face_servicer_add(s->f.servicer,
                             sluice_str("Group"), sluice_str(name), &m),
            SLUICE_OK);
    }
    echo_once(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STOCK_TEST(a_unary_call_in_a_steady_state_allocates_nothing),
        STOCK_TEST(an_rpc_survives_the_failure_of_any_allocation),
        STOCK_TEST(details_that_cannot_be_copied_are_reported),
        STOCK_TEST(objects_that_cannot_be_made_are_null),
        STOCK_TEST(a_method_that_cannot_be_added_leaves_the_table_as_it_was),
    };

    return cmocka_run_group_tests_name("face, memory", tests, NULL, NULL);
}
