/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_grpc.c - RPCs over the gRPC link alone: protocol options
 * and contexts, life cycles, methods that are not there. Scenarios GT, and the
 * network failures of NT-14.
 */
#include "tests/rpc/face_suite.h"

#include <stdio.h>

/* ---- A service that looks where its callers come from -------------------- */

struct seen {
    uv_mutex_t lock;
    uv_sem_t served;
    char peer[64];
    char authority[64];
    bool had_option; /* the metadata that the protocol options add */
};

static void
copy(char *to, size_t size, struct sluice_str from)
{
    snprintf(to, size, "%.*s", (int)from.len, from.ptr);
}

static bool
look(struct suite *s, struct sluice_rendezvous *ctx)
{
    struct seen *seen = s->extra;
    struct sluice_metadata *md;
    void *context = NULL;

    if (sluice_rendezvous_protocol_context(ctx, &context) != SLUICE_OK ||
        context == NULL ||
        sluice_rendezvous_invocation_metadata(ctx, &md) != SLUICE_OK)
        return false;
    uv_mutex_lock(&seen->lock);
    copy(seen->peer, sizeof(seen->peer), sluice_grpc_context_peer(context));
    copy(seen->authority, sizeof(seen->authority),
        sluice_grpc_context_authority(context));
    seen->had_option =
        sluice_str_equal(sluice_metadata_find(md, sluice_str("option")),
            sluice_str("taken"));
    uv_mutex_unlock(&seen->lock);
    uv_sem_post(&seen->served);
    return true;
}

static enum sluice_reply
look_uu(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    sluice_bytes_unref(&request);
    if (!look(self, ctx))
        return SLUICE_REPLY_FAILED;
    *response = trade_request(123);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
look_us(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)responses; /* none */
    sluice_bytes_unref(&request);
    return look(self, ctx) ? SLUICE_REPLY_OK : SLUICE_REPLY_FAILED;
}

static enum sluice_reply
look_su(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    struct sluice_bytes *request;

    if (!look(self, ctx))
        return SLUICE_REPLY_FAILED;
    while (sluice_rendezvous_next(ctx, &request) == SLUICE_OK)
        sluice_bytes_unref(&request);
    *response = trade_request(123);
    return SLUICE_REPLY_OK;
}

static enum sluice_err
answer_next(void *arg, struct sluice_bytes **value)
{
    struct sluice_bytes *request;
    enum sluice_err err = sluice_rendezvous_next(arg, &request);

    if (err != SLUICE_OK)
        return err;
    sluice_bytes_unref(&request);
    *value = trade_request(123);
    return SLUICE_OK;
}

static void
drop_ctx(void *arg)
{
    struct sluice_rendezvous *ctx = arg;

    sluice_rendezvous_unref(&ctx);
}

static enum sluice_reply
look_ss(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    if (!look(self, ctx))
        return SLUICE_REPLY_FAILED;
    *responses = (struct sluice_iterator){ answer_next, drop_ctx,
        sluice_rendezvous_ref(ctx) };
    return SLUICE_REPLY_OK;
}

static void
add_lookers(struct suite *s)
{
    add_method(s, "LookUU", sluice_unary_unary_inline(look_uu, s));
    add_method(s, "LookUS", sluice_unary_stream_inline(look_us, s));
    add_method(s, "LookSU", sluice_stream_unary_inline(look_su, s));
    add_method(s, "LookSS", sluice_stream_stream_inline(look_ss, s));
}

/* ---- The fixture --------------------------------------------------------- */

static int
open_suite(void **state)
{
    struct suite *s = malloc(sizeof(*s));
    struct seen *seen = calloc(1, sizeof(*seen));

    assert_non_null(s);
    assert_non_null(seen);
    assert_int_equal(uv_mutex_init(&seen->lock), 0);
    assert_int_equal(uv_sem_init(&seen->served, 0), 0);
    suite_open(s, OVER_TCP, INLINE_SERVICE, add_lookers);
    s->extra = seen;
    *state = s;
    return 0;
}

static int
close_suite(void **state)
{
    struct suite *s = *state;
    struct seen *seen = s->extra;

    suite_close(s);
    uv_sem_destroy(&seen->served);
    uv_mutex_destroy(&seen->lock);
    free(seen);
    free(s);
    return 0;
}

/* The service has been called, with the option, from this machine. */
static void
was_seen(struct suite *s)
{
    struct seen *seen = s->extra;

    uv_sem_wait(&seen->served);
    uv_mutex_lock(&seen->lock);
    assert_true(strncmp(seen->peer, "ipv4:127.0.0.1:", 15) == 0);
    assert_non_null(strchr(seen->authority, ':'));
    assert_true(seen->had_option);
    uv_mutex_unlock(&seen->lock);
}

/* The peer of a call is the address that was listened on. */
static void
knows_its_peer(struct suite *s, struct sluice_rendezvous *r)
{
    struct sluice_str address = sluice_str(s->join.address);
    void *context = NULL;

    assert_int_equal(sluice_rendezvous_protocol_context(r, &context),
        SLUICE_OK);
    assert_non_null(context);
    assert_true(sluice_str_equal(sluice_grpc_context_peer(context), address));
}

struct options {
    struct sluice_grpc_call_options grpc;
    struct sluice_call_options call;
};

static const struct sluice_call_options *
with_options(struct options *o)
{
    memset(o, 0, sizeof(*o));
    o->grpc.metadata = sluice_metadata_new(NULL);
    assert_non_null(o->grpc.metadata);
    assert_int_equal(sluice_metadata_add(o->grpc.metadata, sluice_str("option"),
                         sluice_str("taken")),
        SLUICE_OK);
    o->call.timeout_ns = NEVER;
    o->call.protocol_options = &o->grpc;
    return &o->call;
}

/* ---- Options and contexts ------------------------------------------------ */

static void
a_unary_call_has_options_and_a_context(void **state)
{
    struct suite *s = *state;
    struct sluice_dynamic_method method = { sluice_str("LookUU"),
        SLUICE_UNARY_UNARY };
    struct sluice_dynamic_stub *stub;
    struct sluice_multi_callable *callable;
    struct sluice_bytes *response = NULL;
    struct options o;

    assert_int_equal(sluice_dynamic_stub_new(s->caller, sluice_str("Stock"),
                         &method, 1, &stub),
        SLUICE_OK);
    assert_int_equal(sluice_dynamic_stub_find(stub, sluice_str("LookUU"),
                         &callable),
        SLUICE_OK);
    assert_int_equal(sluice_multi_callable_blocking(callable, trade_request(1),
                         NULL, with_options(&o), &response, NULL),
        SLUICE_OK);
    was_seen(s);
    sluice_bytes_unref(&response);
    sluice_metadata_unref(&o.grpc.metadata);
    sluice_dynamic_stub_free(&stub);
}

static void
a_service_runs_although_nobody_draws(void **state)
{
    struct suite *s = *state;
    struct sluice_rendezvous *r;
    struct options o;

    assert_int_equal(sluice_stub_inline_unary_stream(s->stub,
                         sluice_str("Stock"), sluice_str("LookUS"),
                         trade_request(1), with_options(&o), &r),
        SLUICE_OK);
    was_seen(s);
    sluice_metadata_unref(&o.grpc.metadata);
    sluice_rendezvous_unref(&r);
}

static void
a_stream_of_requests_has_a_context_with_its_first_request(void **state)
{
    struct suite *s = *state;
    struct sluice_bytes *response = NULL;
    struct sluice_rendezvous *r;
    struct options o;

    assert_int_equal(sluice_stub_future_stream_unary(s->stub,
                         sluice_str("Stock"), sluice_str("LookSU"), NULL,
                         with_options(&o), &r),
        SLUICE_OK);
    was_seen(s);
    assert_int_equal(sluice_rendezvous_consume(r, trade_request(1)), SLUICE_OK);
    knows_its_peer(s, r);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_OK);
    sluice_bytes_unref(&response);
    sluice_metadata_unref(&o.grpc.metadata);
    sluice_rendezvous_unref(&r);
}

static void
two_streams_have_a_context_with_the_first_response(void **state)
{
    struct suite *s = *state;
    struct sluice_bytes *response = NULL;
    struct sluice_rendezvous *r;
    struct options o;

    assert_int_equal(sluice_stub_inline_stream_stream(s->stub,
                         sluice_str("Stock"), sluice_str("LookSS"), NULL,
                         with_options(&o), &r),
        SLUICE_OK);
    was_seen(s);
    assert_int_equal(sluice_rendezvous_consume(r, trade_request(1)), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_OK);
    sluice_bytes_unref(&response);
    knows_its_peer(s, r);
    assert_int_equal(sluice_rendezvous_terminate(r), SLUICE_OK);
    assert_int_equal(sluice_rendezvous_next(r, &response), SLUICE_EEND);
    sluice_metadata_unref(&o.grpc.metadata);
    sluice_rendezvous_unref(&r);
}

/* ---- Life cycles --------------------------------------------------------- */

static struct sluice_dynamic_stub *
make_stub(struct suite *s)
{
    struct sluice_dynamic_method method = { sluice_str("GetLastTradePrice"),
        SLUICE_UNARY_UNARY };
    struct sluice_dynamic_stub *stub;

    assert_int_equal(sluice_dynamic_stub_new(s->caller, sluice_str("Stock"),
                         &method, 1, &stub),
        SLUICE_OK);
    return stub;
}

static void
stubs_come_and_go(void **state)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct suite *s = *state;
    struct sluice_dynamic_stub *stub;
    struct sluice_multi_callable *callable;
    struct sluice_bytes *response = NULL;
    unsigned i;

    for (i = 0; i < 110; i++) {
        stub = make_stub(s);
        assert_int_equal(sluice_dynamic_stub_find(stub,
                             sluice_str("GetLastTradePrice"), &callable),
            SLUICE_OK);
        if (i >= 100) {
            assert_int_equal(sluice_multi_callable_blocking(callable,
                                 trade_request(i), NULL, &options, &response,
                                 NULL),
                SLUICE_OK);
            assert_trade(response, i, 0);
            sluice_bytes_unref(&response);
        }
        sluice_dynamic_stub_free(&stub);
    }
}

/* A server of its own on the serving loop, without any method. */
struct server {
    struct suite *s;
    struct sluice_face_servicer *servicer;
    struct sluice_end *end;
    struct join join;
    uv_sem_t done;
};

static void
post(void *arg)
{
    uv_sem_post(arg);
}

static void
open_server(void *arg)
{
    struct server *v = arg;
    struct sluice_end_options options = { .servicer = NULL };

    v->servicer = sluice_face_servicer_new();
    assert(v->servicer != NULL);
    options.servicer = sluice_face_servicer_base(v->servicer);
    v->end = sluice_end_new(v->s->serving_loop, &options);
    assert(v->end != NULL);
    join_serve(&v->join, OVER_TCP, v->end);
    if (sluice_end_start(v->end) != SLUICE_OK)
        abort();
}

static void
close_server(void *arg)
{
    struct server *v = arg;

    join_close(&v->join, post, &v->done);
}

static void
free_server(void *arg)
{
    struct server *v = arg;

    sluice_end_free(&v->end);
    sluice_face_servicer_free(&v->servicer);
}

static void
servers_come_and_go(void **state)
{
    struct server v = { .s = *state };
    struct sluice_loop *loop = v.s->serving_loop;
    unsigned i;

    assert_int_equal(uv_sem_init(&v.done, 0), 0);
    for (i = 0; i < 200; i++) {
        on_loop(loop, open_server, &v);
        stop_end(v.end, 4 * SLUICE_SECOND);
        if (i >= 100)
            stop_end(v.end, 4 * SLUICE_SECOND);
        on_loop(loop, close_server, &v);
        uv_sem_wait(&v.done);
        on_loop(loop, free_server, &v);
    }
    uv_sem_destroy(&v.done);
}

/* The larger grace does not postpone the smaller one. */
static void
the_smaller_of_two_graces_counts(void **state)
{
    struct suite *s = *state;
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct sluice_rendezvous *r;
    struct sluice_bytes *response;
    uv_sem_t stopped;

    assert_int_equal(uv_sem_init(&stopped, 0), 0);
    pause_service(s);
    assert_int_equal(sluice_stub_future_unary_unary(s->stub,
                         sluice_str("Stock"), sluice_str("GetLastTradePrice"),
                         trade_request(1), &options, &r),
        SLUICE_OK);
    await_waiting(s);
    begin_stop(s->service, NEVER, &stopped);
    begin_stop(s->service, SOON, &stopped);
    begin_stop(s->service, NEVER, &stopped);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_EABORTED);
    assert_int_equal(sluice_rendezvous_abortion(r)->kind,
        SLUICE_ABORTION_REMOTE_SHUTDOWN);
    uv_sem_wait(&stopped);
    uv_sem_wait(&stopped);
    uv_sem_wait(&stopped);
    resume_service(s);
    sluice_rendezvous_unref(&r);
    uv_sem_destroy(&stopped);
}

/* ---- What is not there --------------------------------------------------- */

static void
is_unimplemented(struct sluice_rendezvous *r)
{
    const struct sluice_abortion *abortion = sluice_rendezvous_abortion(r);

    assert_non_null(abortion);
    assert_string_equal(sluice_abortion_error_name(abortion->kind),
        "LocalError");
    assert_true(abortion->has_code);
    assert_int_equal(abortion->code, SLUICE_CODE_UNIMPLEMENTED);
}

static void
a_blocking_call_of_a_method_that_is_not_there(void **state)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct suite *s = *state;
    struct sluice_bytes *response = NULL;
    struct sluice_rendezvous *r = NULL;

    assert_int_equal(sluice_stub_blocking_unary_unary(s->stub,
                         sluice_str("no.group"), sluice_str("Nothing"),
                         trade_request(1), &options, &response, &r),
        SLUICE_EABORTED);
    assert_null(response);
    is_unimplemented(r);
    sluice_rendezvous_unref(&r);
}

static void
a_future_of_a_method_that_is_not_there(void **state)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    const struct sluice_abortion *abortion = NULL;
    struct suite *s = *state;
    struct sluice_iterator requests;
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response;
    struct source source;

    source_init(&source, s, 1);
    requests = source_iterator(&source);
    assert_int_equal(sluice_stub_future_stream_unary(s->stub,
                         sluice_str("no.group"), sluice_str("Nothing"),
                         &requests, &options, &r),
        SLUICE_OK);
    assert_int_equal(sluice_rendezvous_result(r, SLUICE_NO_TIMEOUT, &response),
        SLUICE_EABORTED);
    is_unimplemented(r);
    assert_int_equal(sluice_rendezvous_exception(r, SLUICE_NO_TIMEOUT,
                         &abortion),
        SLUICE_OK);
    assert_int_equal(abortion->code, SLUICE_CODE_UNIMPLEMENTED);
    sluice_rendezvous_unref(&r);
    source_fini(&source);
}

/* ---- Networks that fail -------------------------------------------------- */

static void
close_the_server(void *arg)
{
    struct suite *s = arg;

    sluice_grpc_server_close(&s->join.server, NULL, NULL);
}

/* Nobody listens there any more. */
static void
without_a_connection_a_call_is_a_network_error(void **state)
{
    const struct sluice_call_options options = { .timeout_ns = NEVER };
    struct suite *s = *state;
    struct sluice_rendezvous *r = NULL;
    struct sluice_bytes *response = NULL;

    stop_end(s->service, 0);
    on_loop(s->serving_loop, close_the_server, s);
    assert_int_equal(sluice_stub_blocking_unary_unary(s->stub,
                         sluice_str("Stock"), sluice_str("GetLastTradePrice"),
                         trade_request(1), &options, &response, &r),
        SLUICE_EABORTED);
    assert_string_equal(sluice_abortion_error_name(
                            sluice_rendezvous_abortion(r)->kind),
        "NetworkError");
    assert_int_equal(sluice_rendezvous_abortion(r)->outcome,
        SLUICE_TRANSMISSION_FAILURE);
    sluice_rendezvous_unref(&r);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_suite, close_suite)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_unary_call_has_options_and_a_context),
        TEST(a_service_runs_although_nobody_draws),
        TEST(a_stream_of_requests_has_a_context_with_its_first_request),
        TEST(two_streams_have_a_context_with_the_first_response),
        TEST(stubs_come_and_go),
        TEST(servers_come_and_go),
        TEST(the_smaller_of_two_graces_counts),
        TEST(a_blocking_call_of_a_method_that_is_not_there),
        TEST(a_future_of_a_method_that_is_not_there),
        TEST(without_a_connection_a_call_is_a_network_error),
    };

    return cmocka_run_group_tests_name("gRPC", tests, NULL, NULL);
}
