/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_options.c - what a call over gRPC can be asked for and be
 * asked: its options, its protocol context, its subscription; and what the peer
 * hears when it is aborted.
 */
#include "tests/rpc/grpc_scene.h"

#include "rpc/link/grpc_client.h"
#include "rpc/link/grpc_context.h"
#include "rpc/link/grpc_session_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define ECHOES HELLO "label; wait end; ok; echo; status 0; again"

static struct sluice_metadata *
metadata(const char *name, const char *value)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);

    assert_non_null(md);
    assert_int_equal(sluice_metadata_add(md, sluice_str(name),
                         sluice_str(value)),
        SLUICE_OK);
    return md;
}

/* ------------------------------------------------------------- compression */

static char long_text[2001];

static void
fill_long_text(void)
{
    memset(long_text, 'a', sizeof(long_text) - 1);
}

static void
all_codings_are_offered_and_none_is_used_unasked(void **state)
{
    struct scene *s = *state;

    scene_open(s, ECHOES, NULL);
    fill_long_text();
    grpc_call_start(&s->call, "Call", long_text, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_non_null(strstr(s->call.text,
        "\ngrpc-accept-encoding: identity,deflate,gzip\n"));
    assert_null(strstr(s->call.text, "\ngrpc-encoding"));
    assert_int_equal(bad_backend_bytes(s->backend), 2005);
    scene_close(s);
}

static void
compresses(struct scene *s, enum sluice_grpc_coding coding, const char *header)
{
    scene_open(s, ECHOES, NULL);
    fill_long_text();
    s->call.options.coding = coding;
    grpc_call_start(&s->call, "Call", long_text, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_non_null(strstr(s->call.text, header));
    assert_true(bad_backend_bytes(s->backend) < 100);
    scene_close(s);
}

static void
a_request_is_compressed_where_that_is_asked_for(void **state)
{
    compresses(*state, SLUICE_GRPC_GZIP, "\ngrpc-encoding: gzip\n");
    compresses(*state, SLUICE_GRPC_DEFLATE, "\ngrpc-encoding: deflate\n");
}

static void
a_message_that_does_not_shrink_goes_as_it_is(void **state)
{
    struct scene *s = *state;

    scene_open(s, ECHOES, NULL);
    s->call.options.coding = SLUICE_GRPC_GZIP;
    grpc_call_start(&s->call, "Call", "abcdefgh", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_non_null(strstr(s->call.text, "\ngrpc-encoding: gzip\n"));
    assert_int_equal(bad_backend_bytes(s->backend), 13);
    scene_close(s);
}

static void
an_unknown_coding_starts_no_call(void **state)
{
    struct scene *s = *state;

    scene_open(s, ECHOES, NULL);
    s->call.options.coding = (enum sluice_grpc_coding)3;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_TRANSMISSION_FAILURE);
    scene_close(s);
}

#define ANSWER_FIRST(accepts)                                      \
    HELLO "wait data; headers | :status=200 |"                     \
          " content-type=application/grpc" accepts "; message go;" \
          " wait end; status 0; hold"

/* The first message is sent as asked for; what follows depends on the peer. */
static void
begin_conversation(struct scene *s, const char *script)
{
    scene_open(s, script, NULL);
    fill_long_text();
    s->call.options.coding = SLUICE_GRPC_GZIP;
    grpc_call_start(&s->call, "Call", long_text, false);
    grpc_call_await_payloads(&s->call, 1);
    assert_true(bad_backend_bytes(s->backend) < 100);
}

static void
end_conversation(struct scene *s)
{
    grpc_call_await_allowance(&s->call);
    grpc_call_send(&s->call, long_text, 2000, true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
}

static void
a_peer_that_accepts_nothing_gets_nothing_compressed(void **state)
{
    struct scene *s = *state;

    begin_conversation(s, ANSWER_FIRST(" | grpc-accept-encoding=identity"));
    assert_int_equal(sluice_grpc_context_set_coding(s->call.context,
                         SLUICE_GRPC_GZIP),
        SLUICE_ENOTFOUND);
    end_conversation(s);
    assert_true(bad_backend_bytes(s->backend) > 2000);
    scene_close(s);
}

static void
the_coding_may_be_changed_during_the_call(void **state)
{
    struct scene *s = *state;

    begin_conversation(s, ANSWER_FIRST(" | grpc-accept-encoding=deflate,gzip"));
    assert_int_equal(sluice_grpc_context_set_coding(s->call.context,
                         SLUICE_GRPC_DEFLATE),
        SLUICE_ESTATE);
    assert_int_equal(sluice_grpc_context_set_coding(s->call.context,
                         SLUICE_GRPC_IDENTITY),
        SLUICE_OK);
    end_conversation(s);
    assert_true(bad_backend_bytes(s->backend) > 2000);
    scene_close(s);

    begin_conversation(s, ANSWER_FIRST(""));
    assert_int_equal(sluice_grpc_context_set_coding(s->call.context,
                         SLUICE_GRPC_IDENTITY),
        SLUICE_OK);
    assert_int_equal(sluice_grpc_context_set_coding(s->call.context,
                         SLUICE_GRPC_GZIP),
        SLUICE_OK);
    end_conversation(s);
    assert_true(bad_backend_bytes(s->backend) < 200);
    scene_close(s);
}

/* ---------------------------------------------------------------- metadata */

static void
the_options_metadata_goes_behind_the_calls_own(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *more = metadata("x-more-bin", "\1\2");

    assert_int_equal(sluice_metadata_add(more, sluice_str("x-own"),
                         sluice_str("second")),
        SLUICE_OK);
    scene_open(s, ECHOES, NULL);
    s->call.metadata = metadata("x-own", "first");
    assert_int_equal(sluice_metadata_add(s->call.metadata,
                         sluice_str("x-own-bin"), sluice_str("\3")),
        SLUICE_OK);
    s->call.options.metadata = more;
    grpc_call_start(&s->call, "Call", "x", true);
    sluice_metadata_unref(&more); /* borrowed for the start only */
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_non_null(strstr(s->call.text,
        "\nx-own: first\nx-own-bin: Aw\nx-more-bin: AQI\nx-own: second\n"));
    scene_close(s);
}

static void
the_options_metadata_suffices_alone(void **state)
{
    struct scene *s = *state;
    struct sluice_metadata *more = metadata("x-more", "alone");

    scene_open(s, ECHOES, NULL);
    s->call.options.metadata = more;
    grpc_call_start(&s->call, "Call", "x", true);
    sluice_metadata_unref(&more);
    grpc_call_await(&s->call);
    assert_non_null(strstr(s->call.text, "\nx-more: alone\n"));
    scene_close(s);
}

/* ---------------------------------------------------------- wait for ready */

static bool
is_failing(void *arg)
{
    return sluice_grpc_client_state(arg) == SLUICE_GRPC_TRANSIENT_FAILURE;
}

static void
a_call_that_waits_for_ready_outlives_failed_attempts(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .initial_backoff_ns =
                                                SLUICE_SECOND };
    struct grpc_call third;

    scene_open(s,
        "wait preface; connection; wait preface; connection; " HELLO SERVE, &o);
    s->call.options.wait_for_ready = true;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_start(&s->next, "Call", "x", true);
    grpc_call_await(&s->next);
    grpc_call_ended(&s->next, SLUICE_TRANSMISSION_FAILURE, 14);
    assert_true(is_failing(s->w.client));
    assert_int_equal(s->call.terminations, 0);

    /* Also one that begins during the backoff. */
    grpc_call_init(&third, &s->w);
    third.options.wait_for_ready = true;
    grpc_call_start(&third, "Call", "x", true);
    grpc_call_await(&s->call);
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    grpc_call_await(&third);
    grpc_call_ended(&third, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_connections(s->backend), 3);
    grpc_call_fini(&third);
    scene_close(s);
}

static void
a_call_that_waits_for_ready_expires_in_time(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .initial_backoff_ns =
                                                50 * SLUICE_SECOND };

    scene_open(s, "wait preface", &o);
    s->call.options.wait_for_ready = true;
    s->call.timeout_ns = 30 * SLUICE_MS;
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);

    s->next.options.wait_for_ready = true;
    grpc_call_start(&s->next, "Call", "x", true);
    grpc_world_until(&s->w, is_failing, s->w.client);
    scene_close(s); /* ends a call that waits */
}

/* ----------------------------------------------------------------- context */

static void
a_context_names_peer_and_authority(void **state)
{
    struct scene *s = *state;
    struct sluice_grpc_client_options o = { .authority =
                                                sluice_str("library.test") };
    char peer[64];

    scene_open(s, HELLO "wait end; ok; message hello; hold", &o);
    grpc_call_start(&s->call, "Call", "x", true);
    grpc_call_await_payloads(&s->call, 1);
    (void)snprintf(peer, sizeof(peer), "ipv4:127.0.0.1:%u",
        bad_backend_port(s->backend));
    assert_true(sluice_str_equal(sluice_grpc_context_peer(s->call.context),
        sluice_str(peer)));
    assert_true(sluice_str_equal(sluice_grpc_context_authority(s->call.context),
        sluice_str("library.test")));
    scene_close(s);
}

static void
a_context_comes_with_the_first_grant_already(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait data; hold", NULL);
    grpc_call_start(&s->call, "Call", "x", false);
    grpc_call_await_allowance(&s->call);
    assert_non_null(s->call.context);
    assert_null(s->call.initial);
    scene_close(s);
}

static void
has_text(const void *address, size_t len, const char *text)
{
    struct sluice_bytes *b = rpc_grpc_address_text(NULL, address, len);

    assert_non_null(b);
    if (sluice_bytes_size(b) != strlen(text) ||
        memcmp(sluice_bytes_data(b), text, strlen(text)) != 0)
        fail_msg("%.*s is not %s", (int)sluice_bytes_size(b),
            (const char *)sluice_bytes_data(b), text);
    sluice_bytes_unref(&b);
}

static void
has_ip_text(const char *host, int port, const char *text)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (strchr(host, ':') == NULL) {
        assert_int_equal(uv_ip4_addr(host, port, &in), 0);
        has_text(&in, sizeof(in), text);
    } else {
        assert_int_equal(uv_ip6_addr(host, port, &in6), 0);
        has_text(&in6, sizeof(in6), text);
    }
}

static void
addresses_are_written_as_grpc_writes_them(void **state)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t head = offsetof(struct sockaddr_un, sun_path);

    (void)state;
    has_ip_text("127.0.0.1", 50051, "ipv4:127.0.0.1:50051");
    has_ip_text("255.255.255.255", 65535, "ipv4:255.255.255.255:65535");
    has_ip_text("::1", 50051, "ipv6:[::1]:50051");
    has_ip_text("2001:db8:1:2:3:4:5:6", 1, "ipv6:[2001:db8:1:2:3:4:5:6]:1");
    has_ip_text("::ffff:10.1.2.3", 80, "ipv4:10.1.2.3:80");
    has_text(&un, head, "unix:");
    memcpy(un.sun_path, "/run/x", 7);
    has_text(&un, head + 7, "unix:/run/x");
    has_text(&un, sizeof(un), "unix:/run/x");
    memcpy(un.sun_path, "\0name", 5);
    has_text(&un, head + 5, "unix-abstract:name");
    memset(un.sun_path, 'p', sizeof(un.sun_path)); /* no NUL at the end */
    has_text(&un, sizeof(un),
        "unix:pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
        "pppppppppppppppppppppppppppppppppppppppppp");
    has_text(&un, 0, "");
}

/* ----------------------------------------------------- what the peer hears */

static void
expire(struct scene *s)
{
    grpc_call_await(&s->call);
    assert_int_equal(s->call.kind, SLUICE_EXPIRED);
}

/* A call is aborted while it is answered; one more, so that the backend has
 * read all that came before it. */
static void
hears(struct scene *s, void (*abort)(struct scene *s), unsigned code)
{
    scene_open(s, HELLO "wait request; ok; wait rst; " SERVE, NULL);
    if (abort == expire) /* the answer must have begun by then */
        s->call.timeout_ns = SLUICE_SECOND;
    grpc_call_start(&s->call, "Call", "x", false);
    grpc_call_await_initial(&s->call);
    abort(s);
    grpc_call_await(&s->call);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_resets(s->backend), 1);
    assert_int_equal(bad_backend_last_reset(s->backend), code);
    scene_close(s);
}

static void
cancel(struct scene *s)
{
    sluice_operation_cancel(s->call.op);
}

static void
give_up(struct scene *s)
{
    sluice_operation_fail(s->call.op);
}

static void
on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static bool
is_true(void *arg)
{
    return *(bool *)arg;
}

static void
shut_down(struct scene *s)
{
    bool is_stopped = false;

    assert_int_equal(sluice_end_stop(s->w.end, 0, on_stopped, &is_stopped),
        SLUICE_OK);
    grpc_world_until(&s->w, is_true, &is_stopped);
    assert_int_equal(s->call.kind, SLUICE_LOCAL_SHUTDOWN);
    assert_int_equal(sluice_end_start(s->w.end), SLUICE_OK);
}

static void
the_peer_hears_why_a_call_is_aborted(void **state)
{
    hears(*state, cancel, NGHTTP2_CANCEL);
    hears(*state, expire, NGHTTP2_CANCEL);
    hears(*state, shut_down, NGHTTP2_NO_ERROR);
    hears(*state, give_up, NGHTTP2_INTERNAL_ERROR);
}

/* ----------------------------------------------------------- subscriptions */

struct ending {
    struct sluice_termination_callback callback;
    bool is_over;
    enum sluice_outcome_kind kind;
    bool has_code;
    int32_t code;
};

static void
on_end(struct sluice_termination_callback *self,
    const struct sluice_outcome *outcome)
{
    struct ending *e = (struct ending *)self;

    e->is_over = true;
    e->kind = outcome->kind;
    e->has_code = outcome->has_code;
    e->code = outcome->code;
}

static bool
is_over(void *arg)
{
    return ((struct ending *)arg)->is_over;
}

static void
operate(struct scene *s, struct sluice_subscription subscription,
    struct sluice_bytes *payload, bool completes)
{
    struct sluice_completion completion = { .has_code = false };
    struct sluice_invocation i = { .group = sluice_str("test.Bad"),
        .method = sluice_str("Call"),
        .subscription = subscription,
        .timeout_ns = 20 * SLUICE_SECOND };

    i.first.payload = payload;
    if (completes)
        i.first.completion = &completion;
    assert_int_equal(sluice_end_operate(s->w.end, &i, &s->call.op), SLUICE_OK);
}

/* One that wants to know only how it ended hears that, behind any number of
 * messages. */
static void
ends(struct scene *s, const char *script, enum sluice_outcome_kind kind,
    int32_t code)
{
    struct ending e = { .callback.run = on_end };

    scene_open(s, script, NULL);
    operate(s, sluice_termination_only_subscription(&e.callback),
        sluice_bytes_copy(NULL, "x", 1), true);
    grpc_world_until(&s->w, is_over, &e);
    assert_int_equal(e.kind, kind);
    assert_true(e.has_code);
    assert_int_equal(e.code, code);
    scene_close(s);
}

static void
who_wants_the_end_only_hears_the_end(void **state)
{
    ends(*state, HELLO "wait end; ok; repeat 50 message a; status 0; hold",
        SLUICE_COMPLETED, 0);
    ends(*state, HELLO "wait end; ok; repeat 50 message a; status 5; hold",
        SLUICE_REMOTE_FAILURE, 5);
    ends(*state, HELLO "wait end; ok; repeat 50 message a; rst 8; hold",
        SLUICE_CANCELLED, 1);
}

static void
who_wants_nothing_is_done_when_all_is_said(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; ok; message a; status 5; " SERVE, NULL);
    operate(s, sluice_none_subscription(), sluice_bytes_copy(NULL, "x", 1),
        true);
    assert_non_null(sluice_operation_outcome(s->call.op));
    assert_int_equal(sluice_operation_outcome(s->call.op)->kind,
        SLUICE_COMPLETED);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_int_equal(bad_backend_requests(s->backend), 2);
    assert_int_equal(bad_backend_resets(s->backend), 0);
    scene_close(s);
}

static void
on_allowance(void *arg, int n)
{
    *(int *)arg += n;
}

static bool
is_positive(void *arg)
{
    return *(int *)arg > 0;
}

static void
who_wants_nothing_may_say_much(void **state)
{
    struct scene *s = *state;
    struct sluice_subscription subscription = sluice_none_subscription();
    struct sluice_completion completion = { .has_code = false };
    struct sluice_values v;
    int allowance = 0;
    int i;

    scene_open(s, HELLO "wait end; ok; status 0; " SERVE, NULL);
    subscription.allowance = on_allowance;
    subscription.allowance_arg = &allowance;
    operate(s, subscription, sluice_bytes_copy(NULL, "x", 1), false);
    for (i = 0; i < 20; i++) {
        grpc_world_until(&s->w, is_positive, &allowance);
        allowance--;
        v = (struct sluice_values){ .payload = sluice_bytes_copy(NULL, "y", 1),
            .completion = i == 19 ? &completion : NULL };
        sluice_operation_advance(s->call.op, &v);
    }
    assert_int_equal(sluice_operation_outcome(s->call.op)->kind,
        SLUICE_COMPLETED);
    grpc_call_unary(&s->next, &s->w, "Call");
    assert_int_equal(bad_backend_bytes(s->backend), 22 * 6);
    scene_close(s);
}

static bool
has_served(void *arg)
{
    struct sluice_grpc_client *client = arg;

    return client->session != NULL && client->session->is_ready &&
        client->session->active == 0 && client->waiting_count == 0;
}

static void
what_nobody_waits_for_is_sent_again_as_well(void **state)
{
    struct scene *s = *state;

    scene_open(s, HELLO "wait end; goaway 0 0; hold; connection; " HELLO SERVE,
        NULL);
    operate(s, sluice_none_subscription(), sluice_bytes_copy(NULL, "x", 1),
        true);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    grpc_world_until(&s->w, has_served, s->w.client);
    assert_int_equal(bad_backend_connections(s->backend), 2);
    assert_int_equal(bad_backend_requests(s->backend), 4);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(all_codings_are_offered_and_none_is_used_unasked),
        SCENE(a_request_is_compressed_where_that_is_asked_for),
        SCENE(a_message_that_does_not_shrink_goes_as_it_is),
        SCENE(an_unknown_coding_starts_no_call),
        SCENE(a_peer_that_accepts_nothing_gets_nothing_compressed),
        SCENE(the_coding_may_be_changed_during_the_call),
        SCENE(the_options_metadata_goes_behind_the_calls_own),
        SCENE(the_options_metadata_suffices_alone),
        SCENE(a_call_that_waits_for_ready_outlives_failed_attempts),
        SCENE(a_call_that_waits_for_ready_expires_in_time),
        SCENE(a_context_names_peer_and_authority),
        SCENE(a_context_comes_with_the_first_grant_already),
        cmocka_unit_test(addresses_are_written_as_grpc_writes_them),
        SCENE(the_peer_hears_why_a_call_is_aborted),
        SCENE(who_wants_the_end_only_hears_the_end),
        SCENE(who_wants_nothing_is_done_when_all_is_said),
        SCENE(who_wants_nothing_may_say_much),
        SCENE(what_nobody_waits_for_is_sent_again_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
