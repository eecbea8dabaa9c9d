/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_inline_ends.c - what becomes of an inline method when its
 * RPC ends without it.
 *
 * What a method finds it notes, and the test asserts it when the RPC has ended.
 */
#include "tests/rpc/face_threads.h"

/* ---- Ends that a method does not choose ------------------------------------ */

/* What a method found when its RPC had ended under it. */
struct finding {
    struct sluice_abortion_callback cb;
    unsigned n_abortions; /* told to cb, on the loop's thread */
    enum sluice_abortion_kind kind;
    uv_sem_t is_told;
    enum sluice_err drawn;
    bool was_active;
    bool is_active;
    bool is_harmless; /* what was set afterwards was refused */
    int64_t remaining;
    enum sluice_abortion_kind found;
};

static void
on_abortion(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct finding *f = RPC_CONTAINER_OF(self, struct finding, cb);

    f->n_abortions++;
    f->kind = abortion->kind;
    uv_sem_post(&f->is_told);
}

static void
look_after_the_end(struct finding *f, struct sluice_rendezvous *ctx)
{
    const struct sluice_abortion *abortion = sluice_rendezvous_abortion(ctx);

    f->is_active = sluice_rendezvous_is_active(ctx);
    f->remaining = sluice_rendezvous_time_remaining(ctx);
    if (abortion != NULL)
        f->found = abortion->kind;
    f->is_harmless = sluice_rendezvous_set_code(ctx, 1) == SLUICE_ESTATE &&
        sluice_rendezvous_set_details(ctx, sluice_str("")) == SLUICE_ESTATE &&
        sluice_rendezvous_set_initial_metadata(ctx, metadata_of("a", "1")) ==
            SLUICE_ESTATE &&
        sluice_rendezvous_set_terminal_metadata(ctx, metadata_of("a", "1")) ==
            SLUICE_ESTATE;
    sluice_rendezvous_cancel(ctx);
}

/* Draws a request, which comes or does not. */
static enum sluice_reply
be_interrupted(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct threads *t = self;
    struct finding *f = t->arg;
    struct sluice_bytes *request;

    f->cb.run = on_abortion;
    f->was_active =
        sluice_rendezvous_add_abortion_callback(ctx, &f->cb) == NULL;
    uv_sem_post(&t->entered);
    f->drawn = sluice_rendezvous_next(ctx, &request);
    look_after_the_end(f, ctx);
    *response = bytes_of_number(1); /* dropped */
    uv_sem_wait(&f->is_told);
    return SLUICE_REPLY_OK;
}

static void
begin_to_interrupt(struct threads *t, struct finding *f,
    struct sluice_rendezvous **r)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(uv_sem_init(&f->is_told, 0), 0);
    t->arg = f;
    t->does.su = be_interrupted;
    *r = start_call(t, SLUICE_STREAM_UNARY, "SU", NULL, NULL);
    uv_sem_wait(&t->entered);
}

/* Waits for the method to return. */
static void
assert_interrupted(struct threads *t, struct finding *f,
    enum sluice_abortion_kind kind)
{
    stop_end(t, t->service);
    sluice_thread_pool_free(&t->service_pool);
    assert_true(f->was_active);
    assert_int_equal(f->n_abortions, 1);
    assert_int_equal(f->kind, kind);
    assert_int_equal(f->drawn, SLUICE_EABORTED);
    assert_false(f->is_active);
    assert_int_equal(f->remaining, 0);
    assert_int_equal(f->found, kind);
    assert_true(f->is_harmless);
    uv_sem_destroy(&f->is_told);
}

static void
a_caller_that_cancels_ends_the_drawing_of_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct finding f;

    begin_to_interrupt(t, &f, &r);
    sluice_rendezvous_cancel(r);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    sluice_rendezvous_unref(&r);
    assert_interrupted(t, &f, SLUICE_ABORTION_CANCELLED);
}

static void
a_stop_of_the_service_ends_the_drawing_of_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct finding f;

    begin_to_interrupt(t, &f, &r);
    stop_end(t, t->service);
    assert_abortion(r, SLUICE_ABORTION_REMOTE_SHUTDOWN);
    sluice_rendezvous_unref(&r);
    assert_interrupted(t, &f, SLUICE_ABORTION_LOCAL_SHUTDOWN);
}

static void
a_stop_of_the_invoker_ends_the_drawing_of_requests(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;
    struct finding f;

    begin_to_interrupt(t, &f, &r);
    stop_end(t, t->invoker);
    assert_abortion(r, SLUICE_ABORTION_LOCAL_SHUTDOWN);
    sluice_rendezvous_unref(&r);
    assert_interrupted(t, &f, SLUICE_ABORTION_REMOTE_SHUTDOWN);
}

static enum sluice_reply
cancel_itself(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    (void)self;
    sluice_rendezvous_cancel(ctx);
    *response = request;
    return SLUICE_REPLY_OK;
}

static void
a_service_that_cancels_is_a_cancellation_at_the_caller(void **state)
{
    struct threads *t = *state;
    struct sluice_rendezvous *r;

    t->does.uu = cancel_itself;
    r = start_call(t, SLUICE_UNARY_UNARY, "UU", "x", NULL);
    assert_abortion(r, SLUICE_ABORTION_CANCELLED);
    assert_false(sluice_rendezvous_cancelled(r));
    sluice_rendezvous_unref(&r);
}

static void
an_inline_method_that_does_not_answer_in_time_is_an_expiration(void **state)
{
    struct sluice_call_options options = { .timeout_ns = SHORT_TIME };
    struct threads *t = *state;
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;

    t->does.uu = wait_and_echo;
    assert_int_equal(sluice_stub_blocking_unary_unary(t->stub,
                         sluice_str("Group"), sluice_str("UU"), bytes_of("x"),
                         &options, &response, &r),
        SLUICE_EABORTED);
    assert_abortion(r, SLUICE_ABORTION_EXPIRED);
    sluice_rendezvous_unref(&r);
    uv_sem_post(&t->proceed); /* if it was called at all */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        THREADS_TEST(a_caller_that_cancels_ends_the_drawing_of_requests),
        THREADS_TEST(a_stop_of_the_service_ends_the_drawing_of_requests),
        THREADS_TEST(a_stop_of_the_invoker_ends_the_drawing_of_requests),
        THREADS_TEST(a_service_that_cancels_is_a_cancellation_at_the_caller),
        THREADS_TEST(
            an_inline_method_that_does_not_answer_in_time_is_an_expiration),
    };

    return cmocka_run_group_tests_name("face, ends of inline methods", tests,
        NULL, NULL);
}
