/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of an RPC in the head and in the trailers of an answer. */
#include "tests/gateway/fixture.h"

#include "gateway/front.h"
#include "gateway/metadata_out.h"

/* One line, for it is added to a route file. */
#define ALLOW "metadata: {allow_response: [ETag, location, x-raw-bin]}\n"

/* What fits beside the rest of a head of the default size. */
#define SHARE (8192u / 3)

struct world {
    struct fixture f;
    struct gw_exchange *x;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    fixture_open(&w->f, ALLOW);
    w->x = w->f.x;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    fixture_close(&w->f);
    free(w);
    return 0;
}

static enum MHD_Result
answer_with_headers(struct MHD_Connection *mhd, void *arg)
{
    struct gw_exchange *x = arg;
    struct MHD_Response *response = MHD_create_response_empty(MHD_RF_NONE);
    enum MHD_Result result = MHD_NO;

    if (gw_metadata_out_headers(x, response))
        result = MHD_queue_response(mhd, 200, response);
    MHD_destroy_response(response);
    return result;
}

static ssize_t
end_at_once(void *arg, uint64_t at, char *buf, size_t max)
{
    struct gw_exchange *x = arg;

    (void)at;
    (void)buf;
    (void)max;
    gw_metadata_out_trailers(x, x->mhd_response);
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static enum MHD_Result
answer_as_stream(struct MHD_Connection *mhd, void *arg)
{
    struct gw_exchange *x = arg;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, end_at_once,
            x, NULL);
    enum MHD_Result result = MHD_NO;

    x->mhd_response = response;
    if (gw_metadata_out_headers(x, response))
        result = MHD_queue_response(mhd, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* The answer to a request whose RPC brought initial metadata. Takes md. */
static struct http_answer *
with_initial(struct world *w, struct sluice_metadata *md)
{
    sluice_metadata_unref(&w->x->initial_metadata);
    w->x->initial_metadata = md;
    http_ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n", answer_with_headers, w->x,
        &w->f.answer);
    assert_int_equal(strncmp(w->f.answer.text, "HTTP/1.1 200 ", 13), 0);
    return &w->f.answer;
}

static struct http_answer *
with_terminal(struct world *w, struct sluice_metadata *md)
{
    sluice_metadata_unref(&w->x->terminal_metadata);
    w->x->terminal_metadata = md;
    return with_initial(w, NULL);
}

static struct http_answer *
stream_with(struct world *w, struct sluice_metadata *initial,
    struct sluice_metadata *terminal)
{
    w->x->reply.is_stream = true;
    w->x->initial_metadata = initial;
    w->x->terminal_metadata = terminal;
    http_ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n", answer_as_stream, w->x,
        &w->f.answer);
    assert_int_equal(strncmp(w->f.answer.text, "HTTP/1.1 200 ", 13), 0);
    return &w->f.answer;
}

/* --------------------------------------------------------------------- names */

static void
initial_metadata_is_prefixed(void **state)
{
    assert_has(with_initial(*state, metadata_of("color", "light red", NULL)),
        "Grpc-Metadata-color: light red");
}

static void
terminal_metadata_has_a_prefix_of_its_own(void **state)
{
    assert_has(with_terminal(*state, metadata_of("cost", "3", NULL)),
        "Grpc-Trailer-cost: 3");
}

static void
allowed_names_go_without_a_prefix(void **state)
{
    struct http_answer *a = with_initial(*state,
        metadata_of("etag", "\"1\"", "location", "/v1/x", NULL));

    assert_has(a, "etag: \"1\"");
    assert_has(a, "location: /v1/x");
    assert_has_no(a, "Grpc-Metadata-etag");
    assert_has(with_terminal(*state, metadata_of("etag", "\"2\"", NULL)),
        "etag: \"2\"");
}

static void
values_of_one_name_stay_apart_and_in_order(void **state)
{
    struct http_answer *a =
        with_initial(*state, metadata_of("a", "1", "b", "2", "a", "3", NULL));
    const char *first = strstr(a->text, "Grpc-Metadata-a: 1\r\n");

    assert_int_equal(http_count(a, "Grpc-Metadata-a"), 2);
    assert_non_null(first);
    assert_non_null(strstr(first, "Grpc-Metadata-a: 3\r\n"));
}

static void
names_of_the_connection_and_the_framing_are_dropped(void **state)
{
    static const char *const names[] = { "connection", "content-encoding",
        "content-length", "content-type", "date", "host", "keep-alive",
        "proxy-authenticate", "proxy-connection", "server", "te", "trailer",
        "transfer-encoding", "upgrade", "grpc-status", "grpc-message",
        "grpc-status-details-bin", "grpc-" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char prefixed[80];
        struct http_answer *a =
            with_initial(*state, metadata_of(names[i], "x", "kept", "y", NULL));

        snprintf(prefixed, sizeof prefixed, "Grpc-Metadata-%s", names[i]);
        assert_has_no(a, prefixed);
        assert_has(a, "Grpc-Metadata-kept: y");
        a = with_terminal(*state, metadata_of(names[i], "x", NULL));
        snprintf(prefixed, sizeof prefixed, "Grpc-Trailer-%s", names[i]);
        assert_has_no(a, prefixed);
    }
}

static void
names_that_could_break_a_line_are_dropped(void **state)
{
    struct http_answer *a = with_initial(*state,
        metadata_of("a b", "1", "A", "2", "a:b", "3", "a\r\nx", "4", "\xc3",
            "5", NULL));

    assert_has_no(a, "Grpc-Metadata-A");
    assert_null(strstr(a->text, "Grpc-Metadata-"));
    assert_has_no(a, "x");
}

static void
a_name_may_be_as_long_as_a_header_can_be(void **state)
{
    char fits[242];
    char is_too_long[243];
    char line[300];
    struct http_answer *a;

    memset(fits, 'n', sizeof fits - 1);
    fits[sizeof fits - 1] = '\0';
    memset(is_too_long, 'n', sizeof is_too_long - 1);
    is_too_long[sizeof is_too_long - 1] = '\0';
    a = with_initial(*state, metadata_of(fits, "1", is_too_long, "2", NULL));
    snprintf(line, sizeof line, "Grpc-Metadata-%s: 1", fits);
    assert_has(a, line);
    assert_null(strstr(a->text, is_too_long));
}

/* -------------------------------------------------------------------- values */

static void
values_that_could_break_a_line_are_dropped(void **state)
{
    struct http_answer *a = with_initial(*state,
        metadata_of("a", "1\r\nEvil: 2", "b", "1\n", "c", "\x7f", "d",
            "\xc3\xa9", "e", "good", NULL));

    assert_has_no(a, "Evil");
    assert_null(strstr(a->text, "Grpc-Metadata-a"));
    assert_null(strstr(a->text, "Grpc-Metadata-b"));
    assert_null(strstr(a->text, "Grpc-Metadata-c"));
    assert_null(strstr(a->text, "Grpc-Metadata-d"));
    assert_has(a, "Grpc-Metadata-e: good");
}

static void
binary_values_are_unpadded_base64(void **state)
{
    struct http_answer *a = with_initial(*state,
        metadata_of("a-bin", "\xff\xfe\n", "b-bin", "\r\n", "c-bin", "\xff",
            NULL));

    assert_has(a, "Grpc-Metadata-a-bin: //4K");
    assert_has(a, "Grpc-Metadata-b-bin: DQo");
    assert_has(a, "Grpc-Metadata-c-bin: /w");
}

static void
an_allowed_binary_name_is_base64_as_well(void **state)
{
    assert_has(with_initial(*state,
                   metadata_of("x-raw-bin", "\xff\xfe\n", NULL)),
        "x-raw-bin: //4K");
}

static void
an_empty_value_harms_nothing(void **state)
{
    assert_has(with_initial(*state,
                   metadata_of("a", "", "a-bin", "", "b", "1", NULL)),
        "Grpc-Metadata-b: 1");
}

/* -------------------------------------------------------------------- limits */

/* A value so long that the one line weighs bytes. */
static struct sluice_metadata *
weighing(size_t bytes)
{
    char value[8192];
    size_t len = bytes - sizeof "Grpc-Metadata-a" - 4;

    memset(value, 'v', len);
    value[len] = '\0';
    return metadata_of("a", value, NULL);
}

static void
metadata_up_to_its_share_of_a_head_fits(void **state)
{
    struct world *w = *state;

    w->x->initial_metadata = weighing(SHARE);
    assert_true(gw_metadata_out_fits(w->x));
    sluice_metadata_unref(&w->x->initial_metadata);
    w->x->initial_metadata = weighing(SHARE + 1);
    assert_false(gw_metadata_out_fits(w->x));
}

static void
initial_and_terminal_share_the_room(void **state)
{
    struct world *w = *state;

    w->x->initial_metadata = weighing(SHARE / 2);
    w->x->terminal_metadata = weighing(SHARE / 2);
    assert_true(gw_metadata_out_fits(w->x));
    sluice_metadata_unref(&w->x->terminal_metadata);
    w->x->terminal_metadata = weighing(SHARE / 2 + 2);
    assert_false(gw_metadata_out_fits(w->x));
}

static void
the_room_follows_the_limit_of_a_head(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, "limits: {max_header_bytes: 3KiB}\n");
    f.x->initial_metadata = weighing(1024);
    assert_true(gw_metadata_out_fits(f.x));
    sluice_metadata_unref(&f.x->initial_metadata);
    f.x->initial_metadata = weighing(1025);
    assert_false(gw_metadata_out_fits(f.x));
    fixture_close(&f);
}

static void
binary_values_weigh_as_base64(void **state)
{
    struct world *w = *state;
    char value[3000];

    memset(value, 'v', sizeof value);
    value[2100] = '\0';
    w->x->initial_metadata = metadata_of("a-bin", value, NULL);
    assert_false(gw_metadata_out_fits(w->x));
    sluice_metadata_unref(&w->x->initial_metadata);
    value[1900] = '\0';
    w->x->initial_metadata = metadata_of("a-bin", value, NULL);
    assert_true(gw_metadata_out_fits(w->x));
}

static void
what_is_dropped_weighs_nothing(void **state)
{
    struct world *w = *state;
    char value[8000];

    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    w->x->initial_metadata =
        metadata_of("grpc-status-details-bin", value, NULL);
    assert_true(gw_metadata_out_fits(w->x));
}

static void
no_metadata_fits(void **state)
{
    struct world *w = *state;

    assert_true(gw_metadata_out_fits(w->x));
}

static void
an_error_about_too_much_is_answered_without_it(void **state)
{
    struct http_answer *a = with_initial(*state, weighing(SHARE + 1));

    assert_has_no(a, "Grpc-Metadata-a");
}

static void
what_fits_is_carried_whole(void **state)
{
    struct sluice_metadata *md = weighing(SHARE);
    struct sluice_str value = sluice_metadata_find(md, sluice_str("a"));
    char line[4096];

    snprintf(line, sizeof line, "Grpc-Metadata-a: %.*s", (int)value.len,
        value.ptr);
    assert_has(with_initial(*state, md), line);
}

/* ------------------------------------------------------------------- streams */

static void
trailers_go_to_who_asked_for_them(void **state)
{
    struct world *w = *state;
    struct http_answer *a;

    w->x->request.wants_trailers = true;
    a = stream_with(w, metadata_of("i", "1", NULL),
        metadata_of("t", "2", "etag", "3", "grpc-x", "4", NULL));
    assert_has(a, "Grpc-Metadata-i: 1");
    assert_has(a, "Trailer: grpc-status, grpc-message");
    assert_has(a, "grpc-status: 0");
    assert_has(a, "Grpc-Trailer-t: 2");
    assert_has(a, "etag: 3");
    assert_has_no(a, "Grpc-Trailer-grpc-x");
    assert_non_null(strstr(strstr(a->text, "\r\n\r\n"), "Grpc-Trailer-t"));
}

static void
the_message_of_a_failure_is_encoded_in_the_trailers(void **state)
{
    struct world *w = *state;

    w->x->request.wants_trailers = true;
    gw_metadata_out_keep_message(w->x, sluice_str("50 % \xc3\xa4\r\n"));
    assert_has(stream_with(w, NULL, NULL), "grpc-message: 50 %25 %C3%A4%0D%0A");
}

static void
a_long_message_is_cut_between_characters(void **state)
{
    struct world *w = *state;
    char text[2000];

    w->x->request.wants_trailers = true;
    memset(text, 'x', sizeof text);
    memcpy(text + 340, "\xe2\x82\xac", 3); /* 1024 / 3 is 341 */
    gw_metadata_out_keep_message(w->x, sluice_str_n(text, sizeof text));
    assert_int_equal(strlen(w->x->trailer_message), 340);
    gw_metadata_out_keep_message(w->x, sluice_str_n(text + 2, sizeof text - 2));
    assert_int_equal(strlen(w->x->trailer_message), 338 + 9);
    gw_metadata_out_keep_message(w->x, sluice_str(""));
    assert_null(w->x->trailer_message);
}

static void
nobody_else_gets_trailers(void **state)
{
    struct http_answer *a =
        stream_with(*state, NULL, metadata_of("t", "2", NULL));

    assert_has_no(a, "Trailer");
    assert_has_no(a, "grpc-status");
    assert_has_no(a, "Grpc-Trailer-t");
}

static void
trailers_that_do_not_fit_are_left_out(void **state)
{
    struct world *w = *state;

    w->x->request.wants_trailers = true;
    assert_has_no(stream_with(w, NULL, weighing(SHARE + 1)), "Grpc-Trailer-a");
}

/* ---- In the body of an answer ----------------------------------------------- */

static const char *
lines_of(struct world *w, struct sluice_metadata *md, bool is_json)
{
    struct gw_buffer b;
    char *text;

    gw_buffer_init(&b, w->f.worker->pool, 65536);
    assert_int_equal(is_json ? gw_metadata_out_json(md, &b.pb)
                             : gw_metadata_out_lines(md, &b.pb),
        PB_OK);
    text = gw_arena_copy(&w->x->arena, (const char *)b.pb.data, b.pb.len);
    assert_non_null(text);
    gw_buffer_fini(&b);
    sluice_metadata_unref(&md);
    return text;
}

static struct sluice_metadata *
mixed(void)
{
    return metadata_of("a", "1", "grpc-x", "no", "b-bin", "\xab\xab", "a",
        "2 \"q\"", "content-type", "no", "c", "", NULL);
}

static void
metadata_as_lines(void **state)
{
    struct world *w = *state;

    assert_string_equal(lines_of(w, mixed(), false),
        "a: 1\r\nb-bin: q6s\r\na: 2 \"q\"\r\nc: \r\n");
    assert_string_equal(lines_of(w, metadata_of("te", "x", NULL), false), "");
}

static void
metadata_as_JSON_has_each_name_once(void **state)
{
    struct world *w = *state;

    assert_string_equal(lines_of(w, mixed(), true),
        "{\"a\":[\"1\",\"2 \\\"q\\\"\"],\"b-bin\":[\"q6s\"],"
        "\"c\":[\"\"]}");
}

static void
what_is_kept_back_does_not_count_as_any(void **state)
{
    struct sluice_metadata *none = metadata_of("grpc-x", "1", NULL);
    struct sluice_metadata *one = metadata_of("grpc-x", "1", "a", "1", NULL);

    (void)state;
    assert_false(gw_metadata_out_has_any(NULL));
    assert_false(gw_metadata_out_has_any(none));
    assert_true(gw_metadata_out_has_any(one));
    sluice_metadata_unref(&none);
    sluice_metadata_unref(&one);
}

static void
what_goes_into_the_body_need_not_fit_the_head(void **state)
{
    struct world *w = *state;

    w->x->front = &gw_front_grpc_web;
    w->x->terminal_metadata = weighing(SHARE + 1);
    assert_true(gw_metadata_out_fits(w->x));
    w->x->front = &gw_front_connect; /* Trailer- headers */
    assert_false(gw_metadata_out_fits(w->x));
}

static void
protocols_of_RPCs_keep_back_what_steers_them_and_browsers(void **state)
{
    struct world *w = *state;

    w->x->front = &gw_front_connect;
    w->x->initial_metadata =
        metadata_of("a", "1", "access-control-allow-origin", "*", "connect-x",
            "1", "sec-y", "1", "trailer-z", "1", NULL);
    w->x->terminal_metadata = metadata_of("b", "1", "connect-x", "1", NULL);
    http_ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer_with_headers, w->x,
        &w->f.answer);
    assert_has(&w->f.answer, "a: 1");
    assert_has(&w->f.answer, "Trailer-b: 1");
    assert_has_no(&w->f.answer, "access-control-allow-origin");
    assert_has_no(&w->f.answer, "connect-x");
    assert_has_no(&w->f.answer, "sec-y");
    assert_has_no(&w->f.answer, "trailer-z");
    assert_has_no(&w->f.answer, "Trailer-connect-x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(initial_metadata_is_prefixed),
        TEST(terminal_metadata_has_a_prefix_of_its_own),
        TEST(allowed_names_go_without_a_prefix),
        TEST(values_of_one_name_stay_apart_and_in_order),
        TEST(names_of_the_connection_and_the_framing_are_dropped),
        TEST(names_that_could_break_a_line_are_dropped),
        TEST(a_name_may_be_as_long_as_a_header_can_be),
        TEST(values_that_could_break_a_line_are_dropped),
        TEST(binary_values_are_unpadded_base64),
        TEST(an_allowed_binary_name_is_base64_as_well),
        TEST(an_empty_value_harms_nothing),
        TEST(metadata_up_to_its_share_of_a_head_fits),
        TEST(initial_and_terminal_share_the_room),
        TEST(the_room_follows_the_limit_of_a_head),
        TEST(binary_values_weigh_as_base64),
        TEST(what_is_dropped_weighs_nothing),
        TEST(no_metadata_fits),
        TEST(an_error_about_too_much_is_answered_without_it),
        TEST(what_fits_is_carried_whole),
        TEST(trailers_go_to_who_asked_for_them),
        TEST(the_message_of_a_failure_is_encoded_in_the_trailers),
        TEST(a_long_message_is_cut_between_characters),
        TEST(nobody_else_gets_trailers),
        TEST(trailers_that_do_not_fit_are_left_out),
        TEST(metadata_as_lines),
        TEST(metadata_as_JSON_has_each_name_once),
        TEST(what_is_kept_back_does_not_count_as_any),
        TEST(what_goes_into_the_body_need_not_fit_the_head),
        TEST(protocols_of_RPCs_keep_back_what_steers_them_and_browsers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
