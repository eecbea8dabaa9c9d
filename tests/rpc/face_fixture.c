/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_fixture.c - two Ends on one loop, and observers.
 */
#include "tests/rpc/face_fixture.h"

/* ---- The pair ------------------------------------------------------------- */

struct sluice_loop *
fixture_open_loop(struct fixture *f)
{
    assert_int_equal(uv_loop_init(&f->uv), 0);
    f->loop = sluice_loop_new(&f->uv);
    assert_non_null(f->loop);
    return f->loop;
}

void
fixture_open(struct fixture *f, struct sluice_face_servicer *servicer,
    struct sluice_loop *loop)
{
    struct sluice_end_options options = { 0 };

    f->loop = loop;
    f->pool = sluice_loop_pool(loop);
    f->group = "Group";
    f->servicer = servicer;
    options.servicer = sluice_face_servicer_base(servicer);
    f->service = sluice_end_new(loop, &options);
    f->invoker = sluice_end_new(loop, NULL);
    join_serve(&f->join, f->over, f->service);
    join_invoke(&f->join, f->invoker);
    f->stub = sluice_stub_new(f->invoker);
    assert_non_null(f->stub);
    assert_int_equal(sluice_end_start(f->service), SLUICE_OK);
    assert_int_equal(sluice_end_start(f->invoker), SLUICE_OK);
}

static void
count(void *arg)
{
    ++*(unsigned *)arg;
}

static void
stop(struct fixture *f, struct sluice_end *end)
{
    unsigned is_stopped = 0;

    assert_int_equal(sluice_end_stop(end, 0, count, &is_stopped), SLUICE_OK);
    run_until(f, &is_stopped);
}

void
fixture_close(struct fixture *f)
{
    unsigned has_left = 0, has_closed = 0;

    stop(f, f->invoker);
    stop(f, f->service);
    sluice_stub_free(&f->stub);
    join_leave(&f->join, count, &has_left);
    run_until(f, &has_left);
    join_close(&f->join, count, &has_closed);
    run_until(f, &has_closed);
    sluice_end_free(&f->invoker);
    sluice_end_free(&f->service);
    sluice_face_servicer_free(&f->servicer);
    sluice_loop_close(&f->loop, NULL, NULL);
    (void)uv_run(&f->uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->uv), 0);
}

void
run_until(struct fixture *f, const unsigned *flag)
{
    while (*flag == 0)
        (void)uv_run(&f->uv, UV_RUN_ONCE);
}

void
run_until_idle(struct fixture *f)
{
    while (sluice_end_active(f->invoker) + sluice_end_active(f->service) > 0)
        (void)uv_run(&f->uv, UV_RUN_ONCE);
}

/* ---- Observers ------------------------------------------------------------ */

static void
on_metadata(void *arg, struct sluice_metadata *metadata)
{
    struct observer *o = arg;

    o->is_in_order &= o->n_metadata == 0 && o->n_ends == 0;
    o->n_metadata++;
    o->metadata = metadata;
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    struct observer *o = arg;

    o->is_in_order &= o->n_metadata == 1 && o->n_ends == 0;
    assert_true(o->n_responses < KEPT_RESPONSES);
    o->responses[o->n_responses++] = response;
    if (o->on_response != NULL)
        o->on_response(o);
    return o->reply;
}

static void
keep_text(struct observer *o, struct sluice_str text)
{
    if (text.ptr == NULL)
        return;
    assert_true(text.len < sizeof(o->text));
    memcpy(o->text, text.ptr, text.len);
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct observer *o = arg;

    o->is_in_order &= o->n_metadata == 1 && o->n_ends == 0;
    o->n_ends++;
    o->is_completed = true;
    o->completion = *completion;
    keep_text(o, completion->message);
    if (o->on_end != NULL)
        o->on_end(o);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    struct observer *o = arg;

    o->is_in_order &= o->n_ends == 0;
    o->n_ends++;
    o->abortion = *abortion;
    keep_text(o, abortion->details);
    if (o->on_end != NULL)
        o->on_end(o);
}

static void
on_allowance(void *arg, int n)
{
    struct observer *o = arg;

    o->is_in_order &= o->n_ends == 0 && n > 0;
    o->n_allowed += n;
}

void
observe(struct observer *o)
{
    *o = (struct observer){
        .receiver = {
            .initial_metadata = on_metadata,
            .response = on_response,
            .complete = on_complete,
            .abortion = on_abortion,
            .allowance = on_allowance,
            .arg = o,
        },
        .is_in_order = true,
        .reply = SLUICE_REPLY_OK,
    };
}

void
observer_fini(struct observer *o)
{
    unsigned i;

    for (i = 0; i < o->n_responses; i++)
        sluice_bytes_unref(&o->responses[i]);
    sluice_metadata_unref(&o->metadata);
    sluice_metadata_unref(&o->completion.terminal_metadata);
    sluice_call_unref(&o->call);
}

struct sluice_str
response_text(const struct observer *o, unsigned i)
{
    assert_true(i < o->n_responses);
    return sluice_str_n((const char *)sluice_bytes_data(o->responses[i]),
        sluice_bytes_size(o->responses[i]));
}

void
assert_completed(const struct observer *o, int32_t code)
{
    assert_true(o->is_in_order);
    assert_int_equal(o->n_ends, 1);
    assert_true(o->is_completed);
    if (code == SLUICE_CODE_OK && !o->completion.has_code)
        return;
    assert_true(o->completion.has_code);
    assert_int_equal(o->completion.code, code);
}

void
assert_aborted(const struct observer *o, enum sluice_abortion_kind kind)
{
    assert_true(o->is_in_order);
    assert_int_equal(o->n_ends, 1);
    assert_false(o->is_completed);
    assert_string_equal(sluice_abortion_kind_name(o->abortion.kind),
        sluice_abortion_kind_name(kind));
}

void
assert_failed_with(const struct fixture *f, const struct observer *o,
    int32_t code)
{
    assert_aborted(o, sluice_abortion_kind_of_code(code));
    assert_int_equal(o->abortion.outcome == SLUICE_COMPLETED,
        !is_grpc(f->over));
    assert_true(o->abortion.has_code);
    assert_int_equal(o->abortion.code, code);
}

void
assert_metadata(const struct fixture *f, const struct sluice_metadata *got,
    const struct sluice_metadata *sent)
{
    struct sluice_metadatum entry = sluice_metadata_at(sent, 0);

    if (!is_grpc(f->over))
        assert_ptr_equal(got, sent);
    assert_true(
        sluice_str_equal(sluice_metadata_find(got, entry.name), entry.value));
}

void
assert_no_metadata(const struct fixture *f, const struct sluice_metadata *got)
{
    if (is_grpc(f->over) && got != NULL)
        assert_int_equal(sluice_metadata_count(got), 0);
    else
        assert_null(got);
}

void
assert_told(const struct fixture *f, const struct observer *o,
    enum sluice_outcome_kind there)
{
    assert_int_equal(o->abortion.has_code, is_grpc(f->over));
    if (is_grpc(f->over))
        assert_int_equal(o->abortion.code, join_code_of_service(there));
    else
        assert_null(o->abortion.details.ptr);
}

/* ---- Calls ---------------------------------------------------------------- */

void
call_bytes(struct fixture *f, struct observer *o,
    enum sluice_cardinality cardinality, const char *method,
    struct sluice_bytes *b, const struct sluice_call_options *options)
{
    struct sluice_str g = sluice_str(f->group), m = sluice_str(method);
    enum sluice_err err = SLUICE_EINVAL;

    switch (cardinality) {
    case SLUICE_UNARY_UNARY:
        err = sluice_stub_event_unary_unary(f->stub, g, m, b, &o->receiver,
            options, &o->call);
        break;
    case SLUICE_UNARY_STREAM:
        err = sluice_stub_event_unary_stream(f->stub, g, m, b, &o->receiver,
            options, &o->call);
        break;
    case SLUICE_STREAM_UNARY:
        err = sluice_stub_event_stream_unary(f->stub, g, m, &o->receiver,
            options, &o->call);
        break;
    case SLUICE_STREAM_STREAM:
        err = sluice_stub_event_stream_stream(f->stub, g, m, &o->receiver,
            options, &o->call);
        break;
    }
    assert_int_equal(err, SLUICE_OK);
}

void
call_with(struct fixture *f, struct observer *o,
    enum sluice_cardinality cardinality, const char *method,
    const char *request, const struct sluice_call_options *options)
{
    call_bytes(f, o, cardinality, method,
        request != NULL ? bytes_of(request) : NULL, options);
}

void
call_method(struct fixture *f, struct observer *o,
    enum sluice_cardinality cardinality, const char *method,
    const char *request)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };

    call_with(f, o, cardinality, method, request, &options);
}

/* ---- Methods -------------------------------------------------------------- */

void
add_unary(struct sluice_face_servicer *s, const char *name,
    enum sluice_cardinality cardinality, sluice_unary_event_cb *behavior,
    void *self)
{
    struct sluice_method_implementation made = cardinality == SLUICE_UNARY_UNARY
        ? sluice_unary_unary_event(behavior, self)
        : sluice_unary_stream_event(behavior, self);

    assert_int_equal(sluice_face_servicer_add(s, sluice_str("Group"),
                         sluice_str(name), &made),
        SLUICE_OK);
}

void
add_stream(struct sluice_face_servicer *s, const char *name,
    enum sluice_cardinality cardinality, sluice_stream_event_cb *behavior,
    void *self)
{
    struct sluice_method_implementation made =
        cardinality == SLUICE_STREAM_UNARY
        ? sluice_stream_unary_event(behavior, self)
        : sluice_stream_stream_event(behavior, self);

    assert_int_equal(sluice_face_servicer_add(s, sluice_str("Group"),
                         sluice_str(name), &made),
        SLUICE_OK);
}
