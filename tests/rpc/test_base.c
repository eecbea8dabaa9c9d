/* SPDX-License-Identifier: Apache-2.0 */
/* A first end-to-end operation over the in-process link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <uv.h>

#include <sluice/link.h>

struct side { struct sluice_operation *op; int calls, got; bool done; struct sluice_outcome out; struct sluice_termination_callback cb; };
struct world { struct sluice_servicer servicer; struct side inv, svc; };

static enum sluice_reply
on_inv(void *arg, const struct sluice_values *v)
{
    struct side *s = arg; struct sluice_bytes *p = v->payload; struct sluice_metadata *m = v->initial_metadata;
    s->calls++; if (p) s->got++; if (v->completion) { s->done = true; struct sluice_metadata *t = v->completion->terminal_metadata; sluice_metadata_unref(&t);} 
    sluice_bytes_unref(&p); sluice_metadata_unref(&m);
    return SLUICE_REPLY_OK;
}
static enum sluice_reply
on_svc(void *arg, const struct sluice_values *v)
{
    struct side *s = arg;
    struct sluice_values w = *v; w.allowance = 0;
    s->calls++;
    sluice_operation_advance(s->op, &w);
    return SLUICE_REPLY_OK;
}
static enum sluice_reply
service(struct sluice_servicer *self, struct sluice_str group, struct sluice_str method, struct sluice_operation *op, struct sluice_subscription *sub, struct sluice_no_such_method *none)
{
    struct world *w = (struct world *)self; (void)none; (void)group; (void)method;
    w->svc.op = op;
    *sub = sluice_full_subscription(on_svc, &w->svc);
    return SLUICE_REPLY_OK;
}
static void
an_echo_completes(void **state)
{
    uv_loop_t uv; struct world w = { .servicer.service = service };
    struct sluice_end_options o = { .servicer = &w.servicer };
    (void)state;
    assert_int_equal(uv_loop_init(&uv), 0);
    struct sluice_loop *loop = sluice_loop_new(&uv);
    struct sluice_end *ie = sluice_end_new(loop, NULL), *se = sluice_end_new(loop, &o);
    struct sluice_link *link = sluice_inproc_link_new(se);
    sluice_end_join(ie, link);
    assert_int_equal(sluice_end_start(ie), SLUICE_OK);
    assert_int_equal(sluice_end_start(se), SLUICE_OK);
    struct sluice_completion c = { 0 };
    struct sluice_invocation i = { .group = sluice_str("g"), .method = sluice_str("m"),
        .subscription = sluice_full_subscription(on_inv, &w.inv), .timeout_ns = 3000 * SLUICE_SECOND,
        .first = { sluice_metadata_new(sluice_loop_pool(loop)), sluice_bytes_copy(sluice_loop_pool(loop), "x", 1), &c, 0 } };
    assert_int_equal(sluice_end_operate(ie, &i, &w.inv.op), SLUICE_OK);
    uv_run(&uv, UV_RUN_DEFAULT);
    assert_int_equal(w.inv.got, 1);
    assert_true(w.inv.done);
    assert_int_equal(sluice_operation_outcome(w.inv.op)->kind, SLUICE_COMPLETED);
    sluice_operation_unref(&w.inv.op);
    assert_int_equal(sluice_end_active(se), 0);
    assert_int_equal(sluice_end_stop(ie, 0, NULL, NULL), SLUICE_OK);
    assert_int_equal(sluice_end_stop(se, 0, NULL, NULL), SLUICE_OK);
    sluice_end_free(&ie); sluice_end_free(&se); sluice_inproc_link_free(&link);
    sluice_loop_close(&loop, NULL, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&uv), 0);
}
int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_echo_completes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
