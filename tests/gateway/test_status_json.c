/* SPDX-License-Identifier: Apache-2.0 */
/* google.rpc.Status: what is read of it, and what is shown of it. */
#include "gateway/status_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <jansson.h>

#include "protobuf/wire.h"

#include <sluice/grpc.h>

#define TYPES "type.googleapis.com/google.rpc."
#define DAY 86400

/* A literal with its length, NULs and all. */
#define BYTES(text) sluice_str_n("" text, sizeof(text) - 1)

struct fixture {
    struct pb_schema *schema; /* the built-in types */
    struct pb_json_writer *writer;
    struct pb_buf out;
    struct pb_buf status; /* a Status under construction */
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error error;

    assert_non_null(f);
    assert_non_null(b);
    assert_int_equal(pb_schema_builder_build(b, &f->schema, &error), PB_OK);
    pb_schema_builder_free(&b);
    f->writer = pb_json_writer_new();
    assert_non_null(f->writer);
    pb_buf_init_heap(&f->out, 65536);
    pb_buf_init_heap(&f->status, 65536);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    pb_buf_fini_heap(&f->out);
    pb_buf_fini_heap(&f->status);
    pb_json_writer_free(&f->writer);
    pb_schema_free(&f->schema);
    free(f);
    return 0;
}

/* --------------------------------------------------------- making a Status */

static void
put(struct pb_buf *b, struct sluice_str s)
{
    assert_int_equal(pb_buf_put(b, s.ptr, s.len), PB_OK);
}

static void
put_number(struct pb_buf *b, unsigned field, uint64_t v)
{
    assert_int_equal(pb_put_varint(b, field << 3), PB_OK);
    assert_int_equal(pb_put_varint(b, v), PB_OK);
}

static void
put_text(struct pb_buf *b, unsigned field, struct sluice_str s)
{
    assert_int_equal(pb_put_varint(b, field << 3 | 2), PB_OK);
    assert_int_equal(pb_put_varint(b, s.len), PB_OK);
    put(b, s);
}

static struct sluice_str
str_of(const struct pb_buf *b)
{
    return sluice_str_n((const char *)b->data, b->len);
}

/* Adds a detail: an Any. */
static void
put_detail(struct fixture *f, const char *url, struct sluice_str value)
{
    struct pb_buf any;

    pb_buf_init_heap(&any, 65536);
    put_text(&any, 1, sluice_str(url));
    put_text(&any, 2, value);
    put_text(&f->status, 3, str_of(&any));
    pb_buf_fini_heap(&any);
}

/* A RetryInfo with these bytes as its Duration. */
static void
put_retry(struct fixture *f, struct sluice_str duration)
{
    struct pb_buf info;

    pb_buf_init_heap(&info, 65536);
    put_text(&info, 1, duration);
    put_detail(f, TYPES "RetryInfo", str_of(&info));
    pb_buf_fini_heap(&info);
}

/* ------------------------------------------------------------ what is shown */

static const char *
shown_as(struct fixture *f, const struct gw_status *status,
    const struct gw_status_form *form)
{
    f->out.len = 0;
    assert_int_equal(gw_status_to_json(f->writer, f->schema, status, form,
                         &f->out),
        PB_OK);
    assert_int_equal(pb_buf_put(&f->out, "", 1), PB_OK);
    return (const char *)f->out.data;
}

static const char *
shown(struct fixture *f, const struct gw_status *status, bool with_type)
{
    const struct gw_status_form form = {
        .shows_debug = true,
        .with_type = with_type,
    };

    return shown_as(f, status, &form);
}

/* The details that the Status under construction comes to. */
static void
details_are(struct fixture *f, const char *expected)
{
    struct gw_status status = { .code = 5, .message = BYTES("no") };
    char text[4096];
    int len;

    status.details = str_of(&f->status);
    len = snprintf(text, sizeof text,
        "{\"code\":5,\"message\":\"no\",\"details\":[%s]}", expected);
    assert_in_range(len, 1, sizeof text - 1);
    assert_string_equal(shown(f, &status, false), text);
}

static void
without_details_the_list_is_empty(void **state)
{
    struct gw_status status = { .code = 5, .message = BYTES("no") };

    assert_string_equal(shown(*state, &status, false),
        "{\"code\":5,\"message\":\"no\",\"details\":[]}");
}

static void
an_empty_message_is_shown_as_such(void **state)
{
    struct gw_status status = { .code = 13, .message = BYTES("") };

    assert_string_equal(shown(*state, &status, false),
        "{\"code\":13,\"message\":\"\",\"details\":[]}");
}

static void
the_type_comes_first_when_asked_for(void **state)
{
    struct gw_status status = { .code = 14, .message = BYTES("gone") };

    assert_string_equal(shown(*state, &status, true),
        "{\"@type\":\"type.googleapis.com/google.rpc.Status\",\"code\":14,"
        "\"message\":\"gone\",\"details\":[]}");
}

static void
any_bytes_can_be_a_message(void **state)
{
    struct gw_status status = { .code = 2,
        .message = BYTES("a\"b\\c\n\0\x7f \xc3\xa9 \xff\xed\xa0\x80") };
    const char *text = shown(*state, &status, false);
    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    json_t *message = json_object_get(json, "message");

    assert_non_null(json);
    assert_memory_equal(json_string_value(message),
        "a\"b\\c\n\0\x7f \xc3\xa9 \xef\xbf\xbd", 15);
    json_decref(json);
}

static void
a_violation_is_a_BadRequest(void **state)
{
    struct gw_status status = {
        .code = 3,
        .message = BYTES("bad"),
        .field = BYTES("book.\"x\""),
        .description = BYTES("expected an int32"),
    };

    assert_string_equal(shown(*state, &status, false),
        "{\"code\":3,\"message\":\"bad\",\"details\":[{\"@type\":\"" TYPES
        "BadRequest\",\"fieldViolations\":[{\"field\":\"book.\\\"x\\\"\","
        "\"description\":\"expected an int32\"}]}]}");
}

static void
a_violation_of_the_whole_names_no_field(void **state)
{
    struct gw_status status = {
        .code = 3,
        .message = BYTES("bad"),
        .field = BYTES(""),
        .description = BYTES("d"),
    };

    assert_string_equal(shown(*state, &status, false),
        "{\"code\":3,\"message\":\"bad\",\"details\":[{\"@type\":\"" TYPES
        "BadRequest\",\"fieldViolations\":[{\"description\":\"d\"}]}]}");
}

static void
the_worked_example_is_shown_so(void **state)
{
    static const char header[] =
        "CAUSAm5vGjAKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8S"
        "BAoCCB4";
    struct fixture *f = *state;
    char bytes[80];
    size_t n = sluice_base64_decode(header, sizeof header - 1, bytes);

    put(&f->status, sluice_str_n(bytes, n));
    details_are(f, "{\"@type\":\"" TYPES "RetryInfo\",\"retryDelay\":\"30s\"}");
}

static void
every_standard_detail_is_known(void **state)
{
    /* clang-format off */
    static const struct {
        const char *type;
        const char *bytes;
        const char *json;
    } details[] = {
        { "ErrorInfo", "\x0a\1R\x12\1d\x1a\6\x0a\1k\x12\1v",
            "\"reason\":\"R\",\"domain\":\"d\",\"metadata\":{\"k\":\"v\"}" },
        { "RetryInfo", "\x0a\2\x08\1", "\"retryDelay\":\"1s\"" },
        { "DebugInfo", "\x0a\1s\x12\1d",
            "\"stackEntries\":[\"s\"],\"detail\":\"d\"" },
        { "QuotaFailure", "\x0a\6\x0a\1s\x12\1d",
            "\"violations\":[{\"subject\":\"s\",\"description\":\"d\"}]" },
        { "PreconditionFailure", "\x0a\6\x0a\1t\x12\1s",
            "\"violations\":[{\"type\":\"t\",\"subject\":\"s\"}]" },
        { "BadRequest", "\x0a\6\x0a\1f\x12\1d",
            "\"fieldViolations\":[{\"field\":\"f\",\"description\":\"d\"}]" },
        { "RequestInfo", "\x0a\1r\x12\1d",
            "\"requestId\":\"r\",\"servingData\":\"d\"" },
        { "ResourceInfo", "\x0a\1t\x12\1n",
            "\"resourceType\":\"t\",\"resourceName\":\"n\"" },
        { "Help", "\x0a\6\x0a\1d\x12\1u",
            "\"links\":[{\"description\":\"d\",\"url\":\"u\"}]" },
        { "LocalizedMessage", "\x0a\2en\x12\1m",
            "\"locale\":\"en\",\"message\":\"m\"" },
    };
    /* clang-format on */
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
        char url[80];
        char expected[200];

        f->status.len = 0;
        snprintf(url, sizeof url, TYPES "%s", details[i].type);
        put_detail(f, url, sluice_str(details[i].bytes));
        snprintf(expected, sizeof expected, "{\"@type\":\"%s\",%s}", url,
            details[i].json);
        details_are(f, expected);
    }
}

static void
an_unknown_detail_keeps_its_bytes(void **state)
{
    struct fixture *f = *state;

    put_detail(f, "example.com/pkg.\"X\"", BYTES("\0\xff\x10"));
    details_are(f,
        "{\"@type\":\"example.com/pkg.\\\"X\\\"\",\"value\":\"AP8Q\"}");
}

static void
the_bytes_of_an_unknown_detail_are_padded_base64(void **state)
{
    struct fixture *f = *state;

    put_detail(f, "a/b", BYTES(""));
    put_detail(f, "a/b", BYTES("\xff"));
    put_detail(f, "a/b", BYTES("\xff\xfe"));
    details_are(f,
        "{\"@type\":\"a/b\",\"value\":\"\"},"
        "{\"@type\":\"a/b\",\"value\":\"/w==\"},"
        "{\"@type\":\"a/b\",\"value\":\"//4=\"}");
}

static void
a_known_detail_that_is_broken_keeps_its_bytes(void **state)
{
    struct fixture *f = *state;

    put_detail(f, TYPES "RetryInfo", BYTES("\x0a\x7f"));
    put_detail(f, TYPES "DebugInfo", BYTES("\x12\1\xff"));
    details_are(f,
        "{\"@type\":\"" TYPES "RetryInfo\",\"value\":\"Cn8=\"},"
        "{\"@type\":\"" TYPES "DebugInfo\",\"value\":\"EgH/\"}");
}

static void
a_broken_Any_is_left_out_and_the_others_are_shown(void **state)
{
    struct fixture *f = *state;

    put_text(&f->status, 3, BYTES("\x0a\x7f"));
    put_detail(f, "a/b", BYTES("1"));
    put_text(&f->status, 3, BYTES("\xff"));
    put_retry(f, BYTES("\x08\2"));
    put_text(&f->status, 3, BYTES("\x12\x05x"));
    details_are(f,
        "{\"@type\":\"a/b\",\"value\":\"MQ==\"},"
        "{\"@type\":\"" TYPES "RetryInfo\",\"retryDelay\":\"2s\"}");
}

static void
of_a_Status_that_breaks_off_its_beginning_is_shown(void **state)
{
    struct fixture *f = *state;

    put_detail(f, "a/b", BYTES("1"));
    put(&f->status, BYTES("\x1a\x7f"));
    details_are(f, "{\"@type\":\"a/b\",\"value\":\"MQ==\"}");
}

static void
other_fields_are_skipped(void **state)
{
    struct fixture *f = *state;

    put_number(&f->status, 1, 5);
    put_text(&f->status, 2, BYTES("another"));
    put(&f->status, BYTES("\x1d\1\2\3\4"));   /* details as a fixed32 */
    put(&f->status, BYTES("\x23\x08\1\x24")); /* a group */
    put_detail(f, "a/b", BYTES("1"));
    put_number(&f->status, 99, 1);
    details_are(f, "{\"@type\":\"a/b\",\"value\":\"MQ==\"}");
}

static void
an_Any_without_a_type_is_shown(void **state)
{
    struct fixture *f = *state;

    put_text(&f->status, 3, BYTES("\x12\1x"));
    details_are(f, "{\"@type\":\"\",\"value\":\"eA==\"}");
}

static void
without_a_schema_there_are_no_details(void **state)
{
    struct fixture *f = *state;
    const struct gw_status_form form = { .shows_debug = true };
    struct gw_status status = { .code = 5, .message = BYTES("no") };

    put_detail(f, "a/b", BYTES("1"));
    status.details = str_of(&f->status);
    assert_int_equal(gw_status_to_json(f->writer, NULL, &status, &form,
                         &f->out),
        PB_OK);
    assert_int_equal(pb_buf_put(&f->out, "", 1), PB_OK);
    assert_string_equal((char *)f->out.data,
        "{\"code\":5,\"message\":\"no\",\"details\":[]}");
}

/* Room for n bytes, in place of more. */
static void
assert_whole_or_refused(struct fixture *f, const struct gw_status *status,
    size_t n)
{
    const struct gw_status_form form = { .with_type = true };
    struct pb_buf small;

    pb_buf_init_heap(&small, n);
    if (gw_status_to_json(f->writer, f->schema, status, &form, &small) ==
        PB_OK) {
        json_t *json = json_loadb((char *)small.data, small.len, 0, NULL);

        assert_non_null(json);
        json_decref(json);
    }
    assert_true(small.len <= n);
    pb_buf_fini_heap(&small);
}

static void
a_small_room_gives_whole_JSON_or_an_error(void **state)
{
    struct fixture *f = *state;
    struct gw_status own = { .code = 3,
        .message = BYTES("bad"),
        .field = BYTES("f"),
        .description = BYTES("d") };
    struct gw_status theirs = { .code = 3, .message = BYTES("bad") };

    put_detail(f, "a/b", BYTES("12345"));
    put_retry(f, BYTES("\x08\2"));
    theirs.details = str_of(&f->status);
    for (size_t n = 0; n < 300; n++) {
        assert_whole_or_refused(f, &own, n);
        assert_whole_or_refused(f, &theirs, n);
    }
}

/* -------------------------------------------------------------- deep inside */

/* Adds a google.rpc.Status as a detail, with one of its own. */
static void
put_nested(struct fixture *f, const char *url, struct sluice_str value)
{
    struct pb_buf outer = f->status;
    struct pb_buf inner;

    pb_buf_init_heap(&inner, 65536);
    f->status = inner;
    put_number(&f->status, 1, 9);
    put_detail(f, url, value);
    inner = f->status;
    f->status = outer;
    put_detail(f, TYPES "Status", str_of(&inner));
    pb_buf_fini_heap(&inner);
}

static void
an_unknown_type_inside_a_known_detail_keeps_its_bytes_alone(void **state)
{
    struct fixture *f = *state;

    put_nested(f, "acme.com/acme.Trouble", BYTES("\x08\1"));
    details_are(f,
        "{\"@type\":\"" TYPES "Status\",\"code\":9,\"details\":["
        "{\"@type\":\"acme.com/acme.Trouble\",\"value\":\"CAE=\"}]}");
}

static void
a_type_without_a_slash_inside_a_known_detail_keeps_its_bytes(void **state)
{
    struct fixture *f = *state;

    put_nested(f, "google.rpc.Help", BYTES("\x08\1"));
    put_nested(f, "", BYTES("\x08\1"));
    put_nested(f, "x/", BYTES(""));
    details_are(f,
        "{\"@type\":\"" TYPES "Status\",\"code\":9,\"details\":["
        "{\"@type\":\"google.rpc.Help\",\"value\":\"CAE=\"}]},"
        "{\"@type\":\"" TYPES "Status\",\"code\":9,\"details\":["
        "{\"@type\":\"\",\"value\":\"CAE=\"}]},"
        "{\"@type\":\"" TYPES "Status\",\"code\":9,\"details\":["
        "{\"@type\":\"x/\",\"value\":\"\"}]}");
}

static void
broken_bytes_inside_a_known_detail_take_all_of_it_with_them(void **state)
{
    struct fixture *f = *state;

    put_nested(f, TYPES "Help", BYTES("\x0a\x7f"));
    details_are(f,
        "{\"@type\":\"" TYPES "Status\",\"value\":\"CAkaKQojdHlwZS5nb29nbGVhcGl"
        "zLmNvbS9nb29nbGUucnBjLkhlbHASAgp/\"}");
}

/* ----------------------------------------------------------------- DebugInfo */

#define STACK BYTES("\x0a\5/home")

/* The same as details_are, for those who may not see a DebugInfo. */
static void
details_for_all_are(struct fixture *f, const char *expected)
{
    const struct gw_status_form form = { 0 };
    struct gw_status status = { .code = 5, .message = BYTES("no") };
    char text[4096];
    int len;

    status.details = str_of(&f->status);
    len = snprintf(text, sizeof text,
        "{\"code\":5,\"message\":\"no\",\"details\":[%s]}", expected);
    assert_true(len > 0 && (size_t)len < sizeof text);
    assert_string_equal(shown_as(f, &status, &form), text);
}

static void
a_DebugInfo_is_left_out_unless_allowed(void **state)
{
    struct fixture *f = *state;

    put_detail(f, TYPES "DebugInfo", STACK);
    put_retry(f, BYTES("\x08\2"));
    put_detail(f, "elsewhere/google.rpc.DebugInfo", STACK);
    put_detail(f, "google.rpc.DebugInfo", STACK);
    put_detail(f, TYPES "DebugInfo", BYTES("\x0a\x7f/home"));
    details_for_all_are(f,
        "{\"@type\":\"" TYPES "RetryInfo\",\"retryDelay\":\"2s\"}");
}

static void
a_DebugInfo_is_shown_where_it_is_allowed(void **state)
{
    struct fixture *f = *state;

    put_detail(f, TYPES "DebugInfo", STACK);
    details_are(f,
        "{\"@type\":\"" TYPES "DebugInfo\",\"stackEntries\":[\"/home\"]}");
}

static void
a_DebugInfo_inside_a_detail_is_empty(void **state)
{
    struct fixture *f = *state;

    put_nested(f, TYPES "DebugInfo", STACK);
    details_for_all_are(f,
        "{\"@type\":\"" TYPES "Status\",\"code\":9,\"details\":["
        "{\"@type\":\"" TYPES "DebugInfo\"}]}");
}

static void
bytes_that_name_a_DebugInfo_are_left_out(void **state)
{
    static const char wrapped[] = "\x1a\x2f\x0a\x28" TYPES "DebugInfo"
                                  "\0";
    struct fixture *f = *state;
    struct sluice_str bytes = sluice_str_n(wrapped, sizeof wrapped - 1);

    put_detail(f, "acme.com/acme.Trouble", bytes);
    put_nested(f, "acme.com/acme.Trouble", bytes);
    details_for_all_are(f,
        "{\"@type\":\"acme.com/acme.Trouble\"},"
        "{\"@type\":\"" TYPES "Status\",\"code\":9,\"details\":["
        "{\"@type\":\"acme.com/acme.Trouble\"}]}");
}

static void
a_type_whose_name_only_ends_like_DebugInfo_is_shown(void **state)
{
    struct fixture *f = *state;

    put_detail(f, "a/x.google.rpc.DebugInfo", BYTES("1"));
    details_for_all_are(f,
        "{\"@type\":\"a/x.google.rpc.DebugInfo\",\"value\":\"MQ==\"}");
}

/* ------------------------------------------------------------ Google's form */

static void
Google_s_form_has_the_number_of_HTTP_and_the_name_of_the_code(void **state)
{
    const struct gw_status_form form = { .is_google = true, .with_type = true };
    struct fixture *f = *state;
    struct gw_status status = { .code = 5,
        .http = 404,
        .message = BYTES("no") };

    put_retry(f, BYTES("\x08\2"));
    status.details = str_of(&f->status);
    assert_string_equal(shown_as(f, &status, &form),
        "{\"error\":{\"code\":404,\"message\":\"no\","
        "\"status\":\"NOT_FOUND\",\"details\":["
        "{\"@type\":\"" TYPES "RetryInfo\",\"retryDelay\":\"2s\"}]}}");
}

/* ------------------------------------------------------------------ the code */

static void
code_is(struct sluice_str status, int32_t expected)
{
    struct sluice_str message;
    int32_t code = -77;

    assert_true(gw_status_read(status, &code, &message));
    assert_int_equal(code, expected);
}

static void
the_code_is_read(void **state)
{
    (void)state;
    code_is(BYTES("\x08\5"), 5);
    code_is(BYTES("\x12\1m\x08\x10"), 16);
    code_is(BYTES("\x1a\0\x1d\1\2\3\4\x08\1"), 1);
}

static void
a_Status_without_a_code_has_code_0(void **state)
{
    (void)state;
    code_is(BYTES(""), 0);
    code_is(sluice_str_n(NULL, 0), 0);
    code_is(BYTES("\x12\1m"), 0);
}

static void
the_last_code_counts(void **state)
{
    (void)state;
    code_is(BYTES("\x08\5\x08\7"), 7);
}

static void
a_code_may_be_any_int32(void **state)
{
    (void)state;
    code_is(BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"), -1);
    code_is(BYTES("\x08\xff\xff\xff\xff\7"), INT32_MAX);
    code_is(BYTES("\x08\x80\x80\x80\x80\x10"), 0);
}

static void
the_message_is_read(void **state)
{
    struct sluice_str message;
    int32_t code;

    (void)state;
    assert_true(gw_status_read(BYTES("\x08\5\x12\3why"), &code, &message));
    assert_true(sluice_str_equal(message, BYTES("why")));
    assert_true(gw_status_read(BYTES("\x08\5"), &code, &message));
    assert_int_equal(message.len, 0);
}

static void
a_broken_Status_has_no_code(void **state)
{
    static const struct sluice_str broken[] = {
        { "\x08", 1 },
        { "\x08\x80", 2 },
        { "\x08\5\x12\5m", 5 },
        { "\x08\5\x1c", 3 },     /* the end of no group */
        { "\x08\5\x1b", 3 },     /* a group without an end */
        { "\x08\5\x1e", 3 },     /* wire type 6 */
        { "\x08\5\0\1", 4 },     /* field 0 */
        { "\x08\5\x1d\1\2", 5 }, /* half a fixed32 */
        { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 12 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct sluice_str message;
        int32_t code;

        if (gw_status_read(broken[i], &code, &message))
            fail_msg("number %zu is taken", i);
    }
}

/* ------------------------------------------------------------- when to retry */

/* Of a RetryInfo with these bytes as its Duration. */
static void
retry_is(struct fixture *f, struct sluice_str duration, int seconds)
{
    f->status.len = 0;
    put_retry(f, duration);
    assert_int_equal(gw_status_retry_seconds(str_of(&f->status)), seconds);
}

/* Of a Duration with these fields, those of 0 being absent. */
static void
retry_of(struct fixture *f, int64_t seconds, int32_t nanos, int expected)
{
    struct pb_buf duration;

    pb_buf_init_heap(&duration, 100);
    if (seconds != 0)
        put_number(&duration, 1, (uint64_t)seconds);
    if (nanos != 0)
        put_number(&duration, 2, (uint64_t)nanos);
    retry_is(f, str_of(&duration), expected);
    pb_buf_fini_heap(&duration);
}

static void
whole_seconds_stay(void **state)
{
    retry_of(*state, 30, 0, 30);
    retry_of(*state, 1, 0, 1);
}

static void
parts_of_a_second_are_rounded_up(void **state)
{
    retry_of(*state, 0, 200000000, 1);
    retry_of(*state, 0, 1, 1);
    retry_of(*state, 1, 500000000, 2);
}

static void
a_day_is_the_most(void **state)
{
    retry_of(*state, DAY, 0, DAY);
    retry_of(*state, DAY, 1, DAY);
    retry_of(*state, DAY - 1, 1, DAY);
    retry_of(*state, 315576000000, 999999999, DAY);
    retry_of(*state, INT64_MAX, 999999999, DAY);
}

static void
no_delay_or_a_negative_one_is_none(void **state)
{
    retry_of(*state, 0, 0, 0);
    retry_of(*state, -1, 0, 0);
    retry_of(*state, -1, -500000000, 0);
    retry_of(*state, 0, -1, 0);
    retry_of(*state, INT64_MIN, -999999999, 0);
}

static void
of_fields_that_come_twice_the_last_counts(void **state)
{
    retry_is(*state, BYTES("\x08\5\x08\7"), 7);
    retry_is(*state, BYTES("\x10\1\x10\2"), 1);
    retry_is(*state, BYTES("\x08\1\x10\1\x10\0"), 1);
}

static void
seconds_that_come_twice_do_not_overflow(void **state)
{
    struct sluice_str twice = BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
                                    "\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f");

    retry_is(*state, twice, DAY);
}

static void
a_RetryInfo_without_a_delay_is_none(void **state)
{
    struct fixture *f = *state;

    put_detail(f, TYPES "RetryInfo", BYTES(""));
    assert_int_equal(gw_status_retry_seconds(str_of(&f->status)), 0);
}

static void
the_RetryInfo_is_found_among_others(void **state)
{
    struct fixture *f = *state;

    put_detail(f, "a/google.rpc.NoRetryInfo", BYTES("\x0a\2\x08\5"));
    put_text(&f->status, 3, BYTES("\xff"));
    put_retry(f, BYTES("\x08\7"));
    assert_int_equal(gw_status_retry_seconds(str_of(&f->status)), 7);
}

static void
the_host_of_the_type_does_not_matter(void **state)
{
    struct fixture *f = *state;

    put_detail(f, "example.com/x/google.rpc.RetryInfo", BYTES("\x0a\2\x08\7"));
    assert_int_equal(gw_status_retry_seconds(str_of(&f->status)), 7);
}

static void
what_is_broken_or_absent_says_nothing_of_retrying(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(gw_status_retry_seconds(sluice_str_n(NULL, 0)), -1);
    assert_int_equal(gw_status_retry_seconds(BYTES("")), -1);
    assert_int_equal(gw_status_retry_seconds(BYTES("\x1a\x7f")), -1);
    retry_is(f, BYTES("\x08\5\x10"), 0);
    f->status.len = 0;
    put_detail(f, TYPES "RetryInfo", BYTES("\x0a\x09\x08\5"));
    assert_int_equal(gw_status_retry_seconds(str_of(&f->status)), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_details_the_list_is_empty),
        TEST(an_empty_message_is_shown_as_such),
        TEST(the_type_comes_first_when_asked_for),
        TEST(any_bytes_can_be_a_message),
        TEST(a_violation_is_a_BadRequest),
        TEST(a_violation_of_the_whole_names_no_field),
        TEST(the_worked_example_is_shown_so),
        TEST(every_standard_detail_is_known),
        TEST(an_unknown_detail_keeps_its_bytes),
        TEST(the_bytes_of_an_unknown_detail_are_padded_base64),
        TEST(a_known_detail_that_is_broken_keeps_its_bytes),
        TEST(a_broken_Any_is_left_out_and_the_others_are_shown),
        TEST(of_a_Status_that_breaks_off_its_beginning_is_shown),
        TEST(other_fields_are_skipped),
        TEST(an_Any_without_a_type_is_shown),
        TEST(without_a_schema_there_are_no_details),
        TEST(a_small_room_gives_whole_JSON_or_an_error),
        TEST(an_unknown_type_inside_a_known_detail_keeps_its_bytes_alone),
        TEST(a_type_without_a_slash_inside_a_known_detail_keeps_its_bytes),
        TEST(broken_bytes_inside_a_known_detail_take_all_of_it_with_them),
        TEST(a_DebugInfo_is_left_out_unless_allowed),
        TEST(a_DebugInfo_is_shown_where_it_is_allowed),
        TEST(a_DebugInfo_inside_a_detail_is_empty),
        TEST(bytes_that_name_a_DebugInfo_are_left_out),
        TEST(a_type_whose_name_only_ends_like_DebugInfo_is_shown),
        TEST(Google_s_form_has_the_number_of_HTTP_and_the_name_of_the_code),
        TEST(the_code_is_read),
        TEST(the_message_is_read),
        TEST(a_Status_without_a_code_has_code_0),
        TEST(the_last_code_counts),
        TEST(a_code_may_be_any_int32),
        TEST(a_broken_Status_has_no_code),
        TEST(whole_seconds_stay),
        TEST(parts_of_a_second_are_rounded_up),
        TEST(a_day_is_the_most),
        TEST(no_delay_or_a_negative_one_is_none),
        TEST(of_fields_that_come_twice_the_last_counts),
        TEST(seconds_that_come_twice_do_not_overflow),
        TEST(a_RetryInfo_without_a_delay_is_none),
        TEST(the_RetryInfo_is_found_among_others),
        TEST(the_host_of_the_type_does_not_matter),
        TEST(what_is_broken_or_absent_says_nothing_of_retrying),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
