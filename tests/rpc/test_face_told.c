/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_told.c - what each side of an RPC tells the other besides
 * requests and responses: scenarios NT-10 and NT-13.
 *
 * Four more methods, one for each cardinality, in inline style. Each sends
 * initial metadata that repeats what the caller's said, waits if the service is
 * paused, and ends with everything that a service can say.
 */
#include "tests/rpc/face_witness.h"

static struct sluice_metadata *
metadata_of(const char *name, struct sluice_str value)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);

    assert(md != NULL);
    if (sluice_metadata_add(md, sluice_str(name), value) != SLUICE_OK)
        abort();
    return md;
}

static void
has(const struct sluice_metadata *md, const char *name, const char *value)
{
    struct sluice_str found = sluice_metadata_find(md, sluice_str(name));

    assert_true(sluice_str_equal(found, sluice_str(value)));
}

/* ---- The service --------------------------------------------------------- */

/* Says what goes first; false: fail. */
static bool
say_first(struct suite *s, struct sluice_rendezvous *ctx)
{
    struct sluice_metadata *md;
    struct sluice_str who;

    if (sluice_rendezvous_invocation_metadata(ctx, &md) != SLUICE_OK)
        return false;
    who = sluice_metadata_find(md, sluice_str("who"));
    if (who.ptr != NULL &&
        sluice_rendezvous_set_initial_metadata(ctx,
            metadata_of("hello", who)) != SLUICE_OK)
        return false;
    return come_by(&s->control);
}

static bool
say_last(struct sluice_rendezvous *ctx)
{
    return sluice_rendezvous_set_terminal_metadata(ctx,
               metadata_of("bye", sluice_str("now"))) == SLUICE_OK &&
        sluice_rendezvous_set_code(ctx, SLUICE_CODE_OK) == SLUICE_OK &&
        sluice_rendezvous_set_details(ctx, sluice_str("all is well")) ==
        SLUICE_OK;
}

static enum sluice_reply
answer_one(struct suite *s, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    if (!say_first(s, ctx) || !say_last(ctx))
        return SLUICE_REPLY_FAILED;
    *response = trade_request(7);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
tell_uu(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    sluice_bytes_unref(&request);
    return answer_one(self, ctx, response);
}

static enum sluice_reply
tell_su(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    return answer_one(self, ctx, response);
}

struct telling {
    struct suite *s;
    struct sluice_rendezvous *ctx;
    bool has_answered;
};

static enum sluice_err
tell_next(void *arg, struct sluice_bytes **value)
{
    struct telling *t = arg;

    if (t->has_answered)
        return say_last(t->ctx) ? SLUICE_EEND : SLUICE_EINVAL;
    if (!say_first(t->s, t->ctx))
        return SLUICE_EINVAL;
    t->has_answered = true;
    *value = trade_request(7);
    return SLUICE_OK;
}

static void
tell_close(void *arg)
{
    struct telling *t = arg;

    sluice_rendezvous_unref(&t->ctx);
    free(t);
}

static enum sluice_reply
tell_ss(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    struct telling *t = calloc(1, sizeof(*t));

    assert(t != NULL);
    t->s = self;
    t->ctx = sluice_rendezvous_ref(ctx);
    *responses = (struct sluice_iterator){ tell_next, tell_close, t };
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
tell_us(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    sluice_bytes_unref(&request);
    return tell_ss(self, ctx, responses);
}

/* Everything twice, and initial metadata when it is too late. */
static enum sluice_reply
insist(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct suite *s = self;
    struct sluice_str x = sluice_str("x");

    sluice_bytes_unref(&request);
    if (!say_first(s, ctx) || !say_last(ctx))
        return SLUICE_REPLY_FAILED;
    if (sluice_rendezvous_set_initial_metadata(ctx, metadata_of("again", x)) !=
            SLUICE_ESTATE ||
        sluice_rendezvous_set_terminal_metadata(ctx, metadata_of("again", x)) !=
            SLUICE_ESTATE ||
        sluice_rendezvous_set_code(ctx, 5) != SLUICE_ESTATE ||
        sluice_rendezvous_set_details(ctx, x) != SLUICE_ESTATE)
        return SLUICE_REPLY_FAILED;
    *response = trade_request(7);
    return SLUICE_REPLY_OK;
}

static const char *const tellers[] = {
    [SLUICE_UNARY_UNARY] = "TellUU",
    [SLUICE_UNARY_STREAM] = "TellUS",
    [SLUICE_STREAM_UNARY] = "TellSU",
    [SLUICE_STREAM_STREAM] = "TellSS",
};

static void
add_tellers(struct suite *s)
{
    add_method(s, "TellUU", sluice_unary_unary_inline(tell_uu, s));
    add_method(s, "TellUS", sluice_unary_stream_inline(tell_us, s));
    add_method(s, "TellSU", sluice_stream_unary_inline(tell_su, s));
    add_method(s, "TellSS", sluice_stream_stream_inline(tell_ss, s));
    add_method(s, "Insist", sluice_unary_unary_inline(insist, s));
}

/* ---- The caller ---------------------------------------------------------- */

/* An RPC that begins with metadata, or without; its requests have ended. */
static struct sluice_rendezvous *
ask(struct suite *s, enum sluice_cardinality cardinality, const char *method,
    const char *who)
{
    struct sluice_call_options options = { .timeout_ns = NEVER };
    struct sluice_str g = sluice_str("Stock"), m = sluice_str(method);
    struct sluice_rendezvous *r = NULL;
    enum sluice_err err = SLUICE_EINVAL;

    if (who != NULL)
        options.metadata = metadata_of("who", sluice_str(who));
    switch (cardinality) {
    case SLUICE_UNARY_UNARY:
        err = sluice_stub_future_unary_unary(s->stub, g, m, trade_request(1),
            &options, &r);
        break;
    case SLUICE_UNARY_STREAM:
        err = sluice_stub_inline_unary_stream(s->stub, g, m, trade_request(1),
            &options, &r);
        break;
    case SLUICE_STREAM_UNARY:
        err =
            sluice_stub_future_stream_unary(s->stub, g, m, NULL, &options, &r);
        break;
    case SLUICE_STREAM_STREAM:
        err =
            sluice_stub_inline_stream_stream(s->stub, g, m, NULL, &options, &r);
        break;
    }
    assert_int_equal(err, SLUICE_OK);
    if (cardinality == SLUICE_STREAM_UNARY ||
        cardinality == SLUICE_STREAM_STREAM)
        assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    return r;
}

static void
hears_the_rest(struct sluice_rendezvous *r)
{
    struct sluice_metadata *md = NULL;
    struct sluice_str details;
    bool has_code = false;
    int32_t code = -1;

    assert_int_equal(sluice_rendezvous_terminal_metadata(r, &md), SLUICE_OK);
    has(md, "bye", "now");
    assert_int_equal(sluice_rendezvous_code(r, &has_code, &code), SLUICE_OK);
    assert_true(has_code);
    assert_int_equal(code, SLUICE_CODE_OK);
    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_true(sluice_str_equal(details, sluice_str("all is well")));
}

static void
drain(struct sluice_rendezvous *r)
{
    struct sluice_bytes *response;

    while (sluice_rendezvous_next(r, &response) == SLUICE_OK)
        sluice_bytes_unref(&response);
}

/* The service waits after its initial metadata: only that can be heard. */
static void
all_is_told(struct suite *s)
{
    struct sluice_metadata *md;
    struct sluice_rendezvous *r;
    unsigned i;

    for (i = 0; i < 4; i++) {
        pause_service(s);
        r = ask(s, (enum sluice_cardinality)i, tellers[i], "me");
        md = NULL;
        assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
        has(md, "hello", "me");
        assert_true(sluice_rendezvous_is_active(r));
        resume_service(s);
        if (i == SLUICE_UNARY_STREAM || i == SLUICE_STREAM_STREAM)
            drain(r);
        hears_the_rest(r);
        sluice_rendezvous_unref(&r);
    }
}

/* Without metadata of the caller the service sends none: that is known with
 * the first thing that arrives. */
static void
nothing_is_told_of_what_is_absent(struct suite *s)
{
    struct sluice_metadata *md;
    struct sluice_rendezvous *r;
    unsigned i;

    for (i = 0; i < 4; i++) {
        r = ask(s, (enum sluice_cardinality)i, tellers[i], NULL);
        assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
        assert_null(sluice_metadata_find(md, sluice_str("hello")).ptr);
        sluice_rendezvous_cancel(r);
        sluice_rendezvous_unref(&r);
    }
}

static void
an_abort_ends_the_wait_for_what_never_comes(struct suite *s)
{
    struct sluice_metadata *md;
    struct sluice_rendezvous *r;
    struct sluice_str details;
    bool has_code;
    int32_t code;

    pause_service(s);
    r = ask(s, SLUICE_UNARY_UNARY, "TellUU", NULL);
    await_waiting(s);
    sluice_rendezvous_cancel(r);
    assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
    assert_null(md);
    assert_int_equal(sluice_rendezvous_terminal_metadata(r, &md), SLUICE_OK);
    assert_null(md);
    assert_int_equal(sluice_rendezvous_code(r, &has_code, &code), SLUICE_OK);
    assert_false(has_code);
    assert_int_equal(sluice_rendezvous_details(r, &details), SLUICE_OK);
    assert_null(details.ptr);
    resume_service(s);
    sluice_rendezvous_unref(&r);
}

struct waiter {
    struct sluice_work work;
    struct sluice_rendezvous *r;
    enum sluice_err err;
    bool has_code;
    int32_t code;
    uv_sem_t done;
};

static void
wait_for_code(struct sluice_work *work)
{
    struct waiter *w = RPC_CONTAINER_OF(work, struct waiter, work);

    w->err = sluice_rendezvous_code(w->r, &w->has_code, &w->code);
    uv_sem_post(&w->done);
}

static void
accessors_wait_for_the_completion(struct suite *s)
{
    struct waiter w = { .work = { .run = wait_for_code } };

    assert_int_equal(uv_sem_init(&w.done, 0), 0);
    pause_service(s);
    w.r = ask(s, SLUICE_UNARY_UNARY, "TellUU", "me");
    sluice_thread_pool_submit(s->foreign, &w.work);
    await_waiting(s);
    assert_int_not_equal(uv_sem_trywait(&w.done), 0);
    resume_service(s);
    uv_sem_wait(&w.done);
    assert_int_equal(w.err, SLUICE_OK);
    assert_true(w.has_code);
    assert_int_equal(w.code, SLUICE_CODE_OK);
    sluice_rendezvous_unref(&w.r);
    uv_sem_destroy(&w.done);
}

static void
each_thing_is_told_once(struct suite *s)
{
    struct sluice_rendezvous *r = ask(s, SLUICE_UNARY_UNARY, "Insist", "me");
    struct sluice_bytes *response = NULL;
    struct sluice_metadata *md = NULL;

    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    sluice_bytes_unref(&response);
    assert_int_equal(sluice_rendezvous_initial_metadata(r, &md), SLUICE_OK);
    has(md, "hello", "me");
    hears_the_rest(r);
    sluice_rendezvous_unref(&r);
}

/* ---- Callbacks of abortion ----------------------------------------------- */

struct listener {
    struct sluice_abortion_callback cb;
    enum sluice_abortion_kind kind;
    uv_sem_t called;
};

static void
on_abortion(struct sluice_abortion_callback *self,
    const struct sluice_abortion *abortion)
{
    struct listener *l = RPC_CONTAINER_OF(self, struct listener, cb);

    l->kind = abortion->kind;
    uv_sem_post(&l->called);
}

static void
listener_init(struct listener *l)
{
    memset(l, 0, sizeof(*l));
    l->cb.run = on_abortion;
    assert_int_equal(uv_sem_init(&l->called, 0), 0);
}

static void
abortion_callbacks_are_not_called_on_completion(struct suite *s)
{
    struct sluice_bytes *response;
    struct sluice_rendezvous *r;
    struct listener early, late;

    listener_init(&early);
    listener_init(&late);
    pause_service(s);
    r = ask(s, SLUICE_UNARY_UNARY, "TellUU", "me");
    assert_null(sluice_rendezvous_add_abortion_callback(r, &early.cb));
    resume_service(s);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    sluice_bytes_unref(&response);
    assert_null(sluice_rendezvous_add_abortion_callback(r, &late.cb));
    stop_end(s->caller, 0);
    assert_int_not_equal(uv_sem_trywait(&early.called), 0);
    assert_int_not_equal(uv_sem_trywait(&late.called), 0);
    sluice_rendezvous_unref(&r);
    uv_sem_destroy(&early.called);
    uv_sem_destroy(&late.called);
}

static void
abortion_callbacks_are_called_once(struct suite *s)
{
    const struct sluice_abortion *abortion;
    struct sluice_rendezvous *r;
    struct listener early, late;

    listener_init(&early);
    listener_init(&late);
    pause_service(s);
    r = ask(s, SLUICE_UNARY_UNARY, "TellUU", "me");
    assert_null(sluice_rendezvous_add_abortion_callback(r, &early.cb));
    sluice_rendezvous_cancel(r);
    uv_sem_wait(&early.called);
    assert_int_equal(early.kind, SLUICE_ABORTION_CANCELLED);
    abortion = sluice_rendezvous_add_abortion_callback(r, &late.cb);
    assert_non_null(abortion);
    assert_int_equal(abortion->kind, SLUICE_ABORTION_CANCELLED);
    resume_service(s);
    stop_end(s->caller, 0);
    assert_int_not_equal(uv_sem_trywait(&early.called), 0);
    assert_int_not_equal(uv_sem_trywait(&late.called), 0);
    sluice_rendezvous_unref(&r);
    uv_sem_destroy(&early.called);
    uv_sem_destroy(&late.called);
}

/* ---- Exactly one end of an event call ------------------------------------ */

static void
an_event_call_without_time_is_told_its_end(struct suite *s)
{
    const struct act act = { SLUICE_UNARY_UNARY, 0, 0, false, false };
    struct witness w;

    witness_init(&w, s);
    witness_begin(&w, &act, 1);
    witness_await(&w);
    stop_end(s->caller, 0);
    assert_witnessed_abortion(&w, SLUICE_ABORTION_EXPIRED);
    witness_fini(&w);
}

static void
an_event_call_of_a_stopping_end_is_told_its_end(struct suite *s)
{
    const struct act act = { SLUICE_UNARY_UNARY, NEVER, 0, false, false };
    struct witness w;

    pause_service(s);
    witness_init(&w, s);
    witness_begin(&w, &act, 1);
    stop_end(s->caller, 0);
    witness_await(&w);
    assert_witnessed_abortion(&w, SLUICE_ABORTION_LOCAL_SHUTDOWN);
    resume_service(s);
    witness_fini(&w);
}

static const struct suite_case cases[] = {
    { "all is told, in every cardinality", all_is_told },
    { "nothing is told of what is absent", nothing_is_told_of_what_is_absent },
    { "an abort ends the wait for what never comes",
        an_abort_ends_the_wait_for_what_never_comes },
    { "accessors wait for the completion", accessors_wait_for_the_completion },
    { "each thing is told once", each_thing_is_told_once },
    { "abortion callbacks are not called on completion",
        abortion_callbacks_are_not_called_on_completion },
    { "abortion callbacks are called once",
        abortion_callbacks_are_called_once },
    { "an event call without time is told its end",
        an_event_call_without_time_is_told_its_end },
    { "an event call of a stopping End is told its end",
        an_event_call_of_a_stopping_end_is_told_its_end },
};

int
main(void)
{
    return run_cases("what is told", INLINE_SERVICE, add_tellers, cases,
        sizeof(cases) / sizeof(cases[0]));
}
