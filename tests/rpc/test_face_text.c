/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_face_text.c - the values and texts of the face layer that need
 * no RPC: makers of implementations and subscriptions, names, errors in words.
 */
#include "tests/rpc/face_fixture.h"

/* ---- Makers --------------------------------------------------------------- */

static enum sluice_reply
uu_inline(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    (void)self, (void)request, (void)ctx, (void)response;
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
us_inline(void *self, struct sluice_bytes *request,
    struct sluice_rendezvous *ctx, struct sluice_iterator *responses)
{
    (void)self, (void)request, (void)ctx, (void)responses;
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
su_inline(void *self, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    (void)self, (void)ctx, (void)response;
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
ss_inline(void *self, struct sluice_rendezvous *ctx,
    struct sluice_iterator *responses)
{
    (void)self, (void)ctx, (void)responses;
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
unary_event(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    (void)self, (void)request, (void)ctx;
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
stream_event(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    (void)self, (void)ctx, (void)requests;
    return SLUICE_REPLY_FAILED;
}

static unsigned
count_behaviors(const struct sluice_method_implementation *m)
{
    return (m->unary_unary_inline != NULL) + (m->unary_stream_inline != NULL) +
        (m->stream_unary_inline != NULL) + (m->stream_stream_inline != NULL) +
        (m->unary_unary_event != NULL) + (m->unary_stream_event != NULL) +
        (m->stream_unary_event != NULL) + (m->stream_stream_event != NULL);
}

static void
assert_made(const struct sluice_method_implementation *m,
    enum sluice_cardinality cardinality, enum sluice_style style, void *self)
{
    assert_int_equal(m->cardinality, cardinality);
    assert_int_equal(m->style, style);
    assert_int_equal(count_behaviors(m), 1);
    assert_ptr_equal(m->self, self);
}

static void
each_inline_maker_sets_one_behavior_and_says_which(void **state)
{
    struct sluice_method_implementation m;
    int self;

    (void)state;
    m = sluice_unary_unary_inline(uu_inline, &self);
    assert_made(&m, SLUICE_UNARY_UNARY, SLUICE_INLINE, &self);
    assert_ptr_equal(m.unary_unary_inline, uu_inline);
    m = sluice_unary_stream_inline(us_inline, &self);
    assert_made(&m, SLUICE_UNARY_STREAM, SLUICE_INLINE, &self);
    assert_ptr_equal(m.unary_stream_inline, us_inline);
    m = sluice_stream_unary_inline(su_inline, &self);
    assert_made(&m, SLUICE_STREAM_UNARY, SLUICE_INLINE, &self);
    assert_ptr_equal(m.stream_unary_inline, su_inline);
    m = sluice_stream_stream_inline(ss_inline, &self);
    assert_made(&m, SLUICE_STREAM_STREAM, SLUICE_INLINE, &self);
    assert_ptr_equal(m.stream_stream_inline, ss_inline);
}

static void
each_event_maker_sets_one_behavior_and_says_which(void **state)
{
    struct sluice_method_implementation m;
    int self;

    (void)state;
    m = sluice_unary_unary_event(unary_event, &self);
    assert_made(&m, SLUICE_UNARY_UNARY, SLUICE_EVENT, &self);
    assert_ptr_equal(m.unary_unary_event, unary_event);
    m = sluice_unary_stream_event(unary_event, &self);
    assert_made(&m, SLUICE_UNARY_STREAM, SLUICE_EVENT, &self);
    assert_ptr_equal(m.unary_stream_event, unary_event);
    m = sluice_stream_unary_event(stream_event, &self);
    assert_made(&m, SLUICE_STREAM_UNARY, SLUICE_EVENT, &self);
    assert_ptr_equal(m.stream_unary_event, stream_event);
    m = sluice_stream_stream_event(stream_event, &self);
    assert_made(&m, SLUICE_STREAM_STREAM, SLUICE_EVENT, &self);
    assert_ptr_equal(m.stream_stream_event, stream_event);
}

static enum sluice_err
add_to_a_servicer(const struct sluice_method_implementation *m)
{
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();
    enum sluice_err err;

    assert_non_null(servicer);
    err = sluice_face_servicer_add(servicer, sluice_str("Group"),
        sluice_str("Method"), m);
    sluice_face_servicer_free(&servicer);
    return err;
}

static void
an_implementation_with_two_behaviors_is_refused(void **state)
{
    struct sluice_method_implementation m =
        sluice_unary_unary_event(unary_event, NULL);

    (void)state;
    assert_int_equal(add_to_a_servicer(&m), SLUICE_OK);
    m.stream_stream_event = stream_event;
    assert_int_equal(add_to_a_servicer(&m), SLUICE_EINVAL);
}

static void
an_implementation_of_another_style_or_cardinality_is_refused(void **state)
{
    struct sluice_method_implementation m =
        sluice_unary_unary_event(unary_event, NULL);

    (void)state;
    m.style = SLUICE_INLINE;
    assert_int_equal(add_to_a_servicer(&m), SLUICE_EINVAL);
    m.style = SLUICE_EVENT;
    m.cardinality = SLUICE_UNARY_STREAM;
    assert_int_equal(add_to_a_servicer(&m), SLUICE_EINVAL);
    m.cardinality = (enum sluice_cardinality)7;
    assert_int_equal(add_to_a_servicer(&m), SLUICE_EINVAL);
}

/* ---- Subscriptions -------------------------------------------------------- */

static enum sluice_reply
advance(void *arg, const struct sluice_values *values)
{
    (void)arg, (void)values;
    return SLUICE_REPLY_OK;
}

static void
a_full_subscription_has_an_operator_and_nothing_else(void **state)
{
    int arg;
    struct sluice_subscription s = sluice_full_subscription(advance, &arg);

    (void)state;
    assert_int_equal(s.kind, SLUICE_SUBSCRIPTION_FULL);
    assert_ptr_equal(s.operator.advance, advance);
    assert_ptr_equal(s.operator.arg, &arg);
    assert_null(s.protocol_receiver.context);
    assert_null(s.termination);
    assert_null(s.allowance);
}

static void
the_other_subscriptions_have_what_their_kind_has(void **state)
{
    struct sluice_termination_callback cb;
    struct sluice_subscription s = sluice_termination_only_subscription(&cb);

    (void)state;
    assert_int_equal(s.kind, SLUICE_SUBSCRIPTION_TERMINATION_ONLY);
    assert_ptr_equal(s.termination, &cb);
    assert_null(s.operator.advance);
    s = sluice_none_subscription();
    assert_int_equal(s.kind, SLUICE_SUBSCRIPTION_NONE);
    assert_null(s.termination);
    assert_null(s.operator.advance);
}

/* ---- Names ---------------------------------------------------------------- */

static void
cardinalities_and_styles_have_their_names(void **state)
{
    static const char *const names[] = {
        "request-unary/response-unary",
        "request-unary/response-streaming",
        "request-streaming/response-unary",
        "request-streaming/response-streaming",
    };
    int i;

    (void)state;
    for (i = 0; i < 4; i++)
        assert_string_equal(sluice_cardinality_name((enum sluice_cardinality)i),
            names[i]);
    assert_string_equal(sluice_cardinality_name((enum sluice_cardinality)4),
        "unknown");
    assert_string_equal(sluice_style_name(SLUICE_INLINE), "inline");
    assert_string_equal(sluice_style_name(SLUICE_EVENT), "event");
    assert_string_equal(sluice_style_name((enum sluice_style)2), "unknown");
}

static const struct {
    enum sluice_abortion_kind kind;
    const char *name;
    const char *error;
} kinds[] = {
    { SLUICE_ABORTION_CANCELLED, "cancelled", "CancellationError" },
    { SLUICE_ABORTION_EXPIRED, "expired", "ExpirationError" },
    { SLUICE_ABORTION_LOCAL_SHUTDOWN, "local shutdown", "LocalShutdownError" },
    { SLUICE_ABORTION_REMOTE_SHUTDOWN, "remote shutdown",
        "RemoteShutdownError" },
    { SLUICE_ABORTION_NETWORK_FAILURE, "network failure", "NetworkError" },
    { SLUICE_ABORTION_LOCAL_FAILURE, "local failure", "LocalError" },
    { SLUICE_ABORTION_REMOTE_FAILURE, "remote failure", "RemoteError" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
abortion_kinds_have_two_names(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < N_KINDS; i++) {
        assert_string_equal(sluice_abortion_kind_name(kinds[i].kind),
            kinds[i].name);
        assert_string_equal(sluice_abortion_error_name(kinds[i].kind),
            kinds[i].error);
    }
    assert_string_equal(sluice_abortion_kind_name(
                            (enum sluice_abortion_kind)N_KINDS),
        "unknown");
    assert_string_equal(sluice_abortion_error_name(
                            (enum sluice_abortion_kind)N_KINDS),
        "AbortionError");
}

static void
a_code_of_failure_has_its_kind(void **state)
{
    enum sluice_abortion_kind expected;
    int code;

    (void)state;
    for (code = -1; code <= 20; code++) {
        expected = code == 1 ? SLUICE_ABORTION_CANCELLED
            : code == 4      ? SLUICE_ABORTION_EXPIRED
            : code == 12     ? SLUICE_ABORTION_LOCAL_FAILURE
            : code == 14     ? SLUICE_ABORTION_REMOTE_SHUTDOWN
                             : SLUICE_ABORTION_REMOTE_FAILURE;
        assert_int_equal(sluice_abortion_kind_of_code(code), expected);
    }
}

/* ---- Errors in words ------------------------------------------------------ */

static void
assert_text(const struct sluice_abortion *abortion, const char *expected)
{
    char text[128];

    assert_int_equal(sluice_abortion_text(abortion, text, sizeof(text)),
        strlen(expected));
    assert_string_equal(text, expected);
}

static void
an_abortion_in_words_has_its_error_code_and_details(void **state)
{
    struct sluice_abortion a = {
        .kind = SLUICE_ABORTION_REMOTE_FAILURE,
        .has_code = true,
        .code = 5,
        .details = sluice_str("no such book"),
    };

    (void)state;
    assert_text(&a, "RemoteError(code=5, details=\"no such book\")");
    a.code = INT32_MIN;
    a.details = sluice_str("");
    assert_text(&a, "RemoteError(code=-2147483648, details=\"\")");
}

static void
what_an_abortion_does_not_have_is_None(void **state)
{
    struct sluice_abortion a = { .kind = SLUICE_ABORTION_EXPIRED };

    (void)state;
    assert_text(&a, "ExpirationError(code=None, details=None)");
}

static void
a_text_without_room_is_cut_and_its_length_told(void **state)
{
    static const char whole[] = "ExpirationError(code=None, details=None)";
    struct sluice_abortion a = { .kind = SLUICE_ABORTION_EXPIRED };
    char text[sizeof(whole) + 1];
    size_t size, kept;

    (void)state;
    assert_int_equal(sluice_abortion_text(&a, NULL, 0), strlen(whole));
    for (size = 1; size <= sizeof(whole); size++) {
        memset(text, '#', sizeof(text));
        assert_int_equal(sluice_abortion_text(&a, text, size), strlen(whole));
        kept = size - 1 < strlen(whole) ? size - 1 : strlen(whole);
        assert_memory_equal(text, whole, kept);
        assert_int_equal(text[kept], '\0');
        assert_int_equal(text[size], '#');
    }
}

static void
a_missing_method_in_words_has_its_group_and_name(void **state)
{
    static const char expected[] = "NoSuchMethodError(Group, Method)";
    char text[64];

    (void)state;
    assert_int_equal(sluice_no_such_method_text(sluice_str("Group"),
                         sluice_str("Method"), text, sizeof(text)),
        strlen(expected));
    assert_string_equal(text, expected);
    sluice_no_such_method_text(sluice_str(""), sluice_str(NULL), text, 21);
    assert_string_equal(text, "NoSuchMethodError(, ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_inline_maker_sets_one_behavior_and_says_which),
        cmocka_unit_test(each_event_maker_sets_one_behavior_and_says_which),
        cmocka_unit_test(an_implementation_with_two_behaviors_is_refused),
        cmocka_unit_test(
            an_implementation_of_another_style_or_cardinality_is_refused),
        cmocka_unit_test(a_full_subscription_has_an_operator_and_nothing_else),
        cmocka_unit_test(the_other_subscriptions_have_what_their_kind_has),
        cmocka_unit_test(cardinalities_and_styles_have_their_names),
        cmocka_unit_test(abortion_kinds_have_two_names),
        cmocka_unit_test(a_code_of_failure_has_its_kind),
        cmocka_unit_test(an_abortion_in_words_has_its_error_code_and_details),
        cmocka_unit_test(what_an_abortion_does_not_have_is_None),
        cmocka_unit_test(a_text_without_room_is_cut_and_its_length_told),
        cmocka_unit_test(a_missing_method_in_words_has_its_group_and_name),
    };

    return cmocka_run_group_tests_name("face, texts", tests, NULL, NULL);
}
