/* SPDX-License-Identifier: Apache-2.0 */
/* Which origins may call, and what answers tell their browsers. */
#include "tests/gateway/fixture.h"

#include "gateway/cors.h"

struct world {
    struct fixture f;
    struct gw_exchange *x;
    bool sends_many; /* headers */
};

static struct world *
world_open(const char *more)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    fixture_open(&w->f, more);
    w->x = w->f.x;
    return w;
}

static void
world_close(struct world *w)
{
    fixture_close(&w->f);
    free(w);
}

static int
setup(void **state)
{
    *state = world_open("cors: {origins: ['https://a.example', "
                        "'https://*.b.example:8443'], expose: X-Mine, "
                        "credentials: true}\n");
    return 0;
}

static int
teardown(void **state)
{
    world_close(*state);
    return 0;
}

/* ------------------------------------------------------------------- origins */

static bool
allows(struct world *w, const char *origin)
{
    return gw_cors_allows(&w->f.set->config->cors, sluice_str(origin));
}

static void
an_origin_is_compared_exactly(void **state)
{
    static const char *const others[] = { "", "null", "http://a.example",
        "https://a.example:8443", "https://a.exampl", "https://a.example.evil",
        "https://x.a.example", "https://A.example", "https://a.example/" };

    assert_true(allows(*state, "https://a.example"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(allows(*state, others[i]));
}

static void
a_star_stands_for_names_below(void **state)
{
    static const char *const others[] = { "https://b.example:8443",
        "https://.b.example:8443", "https://x.b.example",
        "https://xb.example:8443", "http://x.b.example:8443",
        "https://evil/.b.example:8443", "https://u@x.b.example:8443",
        "https://evil:1.b.example:8443", "https://x\\.b.example:8443" };

    assert_true(allows(*state, "https://x.b.example:8443"));
    assert_true(allows(*state, "https://x-1.y_2.b.example:8443"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(allows(*state, others[i]));
}

static void
a_star_alone_is_every_origin(void **state)
{
    struct world *w = world_open("cors: {origins: '*'}\n");

    (void)state;
    assert_true(allows(w, "https://x.example"));
    assert_true(allows(w, "null"));
    assert_false(allows(w, "")); /* none is no origin */
    world_close(w);
}

/* ---------------------------------------------------------------- preflights */

static void
a_preflight_is_OPTIONS_with_an_origin_and_a_method(void **state)
{
    struct world *w = *state;
    const struct route_cors *cors = &w->f.set->config->cors;
    const struct route_cors off = { .is_on = false };
    struct gw_request r = { .verb = "OPTIONS",
        .verb_len = 7,
        .origin = sluice_str("https://x.example"),
        .preflight_method = sluice_str("PUT") };

    assert_true(gw_cors_is_preflight(cors, &r));
    assert_false(gw_cors_is_preflight(&off, &r));
    r.verb = "OPTIONZ";
    assert_false(gw_cors_is_preflight(cors, &r));
    r.verb = "OPTIONS";
    r.origin = sluice_str_n(NULL, 0);
    assert_false(gw_cors_is_preflight(cors, &r));
    r.origin = sluice_str("https://x.example");
    r.preflight_method = sluice_str_n(NULL, 0);
    assert_false(gw_cors_is_preflight(cors, &r));
}

/* ------------------------------------------------------------------- headers */

static enum MHD_Result
answer(struct MHD_Connection *mhd, void *arg)
{
    struct world *w = arg;
    struct MHD_Response *response = MHD_create_response_empty(MHD_RF_NONE);
    enum MHD_Result result = MHD_NO;
    char name[80];

    MHD_add_response_header(response, "X-Sent", "1");
    MHD_add_response_header(response, "x-sent", "2");
    MHD_add_response_header(response, "X-Mine", "3");
    MHD_add_response_header(response, "Content-Type", "a/b");
    for (int i = 0; w->sends_many && i < 30; i++) {
        snprintf(name, sizeof name, "X-%02d-%060d", i, i);
        MHD_add_response_header(response, name, "1");
    }
    if (gw_cors_headers(w->x, response))
        result = MHD_queue_response(mhd, 200, response);
    MHD_destroy_response(response);
    return result;
}

static const struct http_answer *
answered(struct world *w, const char *origin)
{
    w->x->request.origin = sluice_str_n(origin, origin ? strlen(origin) : 0);
    http_ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n", answer, w, &w->f.answer);
    assert_true(w->f.answer.was_handled);
    return &w->f.answer;
}

static void
an_answer_names_the_origin_and_what_it_may_read(void **state)
{
    const struct http_answer *a = answered(*state, "https://a.example");

    assert_has(a, "Access-Control-Allow-Origin: https://a.example");
    assert_has(a, "Access-Control-Allow-Credentials: true");
    assert_has(a, "Vary: Origin");
    assert_has(a,
        "Access-Control-Expose-Headers: Grpc-Status, Grpc-Message, "
        "Grpc-Status-Details-Bin, X-Mine, X-Sent");
    assert_has_no(a, "Access-Control-Allow-Methods");
}

static void
another_origin_is_told_nothing(void **state)
{
    const struct http_answer *a = answered(*state, "https://evil.example");

    assert_has(a, "Vary: Origin");
    assert_has_no(a, "Access-Control-Allow-Origin");
    assert_has_no(a, "Access-Control-Expose-Headers");
    a = answered(*state, NULL);
    assert_has(a, "Vary: Origin");
    assert_has_no(a, "Access-Control-Allow-Origin");
}

static void
names_that_take_too_much_room_stay_back(void **state)
{
    struct world *w = *state;
    const struct http_answer *a;

    w->sends_many = true;
    a = answered(w, "https://a.example");
    assert_int_equal(http_count(a, "Access-Control-Expose-Headers"), 1);
    assert_non_null(strstr(a->text, ", X-13-"));
    assert_null(strstr(a->text, ", X-20-"));
}

static void
a_preflight_is_told_what_it_may_do(void **state)
{
    struct world *w = *state;
    const struct http_answer *a;

    w->x->reply.is_preflight = true;
    a = answered(w, "https://a.example");
    assert_has(a, "Access-Control-Allow-Origin: https://a.example");
    assert_has(a,
        "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE");
    assert_has(a, "Access-Control-Max-Age: 7200");
    assert_has(a,
        "Vary: Origin, Access-Control-Request-Method, "
        "Access-Control-Request-Headers");
    assert_int_equal(http_count(a, "Access-Control-Allow-Headers"), 1);
    assert_has_no(a, "Access-Control-Expose-Headers");
}

static void
where_any_header_is_taken_those_asked_for_are_named(void **state)
{
    struct world *w = world_open("cors: {origins: '*', headers: ['*']}\n");
    const struct http_answer *a;

    (void)state;
    w->x->reply.is_preflight = true;
    w->x->request.preflight_headers = sluice_str("x-a,authorization");
    a = answered(w, "https://x.example");
    assert_has(a, "Access-Control-Allow-Origin: *");
    assert_has(a, "Access-Control-Allow-Headers: x-a,authorization");
    assert_has_no(a, "Access-Control-Allow-Credentials");
    w->x->request.preflight_headers = sluice_str("x-a\tb");
    a = answered(w, "https://x.example");
    assert_int_equal(http_count(a, "Access-Control-Allow-Headers"), 1);
    world_close(w);
}

static void
with_any_origin_allowed_the_answer_is_the_same_to_all(void **state)
{
    struct world *w = world_open("cors: {origins: '*'}\n");
    const struct http_answer *a = answered(w, "https://x.example");

    (void)state;
    assert_has(a, "Access-Control-Allow-Origin: *");
    assert_has_no(a, "Vary");
    a = answered(w, NULL);
    assert_has(a, "Access-Control-Allow-Origin: *");
    assert_has_no(a, "Vary");
    world_close(w);
}

static void
without_cors_nothing_is_said(void **state)
{
    struct world *w = world_open("");
    const struct http_answer *a = answered(w, "https://a.example");

    (void)state;
    assert_has_no(a, "Vary");
    assert_has_no(a, "Access-Control-Allow-Origin");
    assert_has_no(a, "Access-Control-Expose-Headers");
    world_close(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_origin_is_compared_exactly),
        TEST(a_star_stands_for_names_below),
        cmocka_unit_test(a_star_alone_is_every_origin),
        TEST(a_preflight_is_OPTIONS_with_an_origin_and_a_method),
        TEST(an_answer_names_the_origin_and_what_it_may_read),
        TEST(another_origin_is_told_nothing),
        TEST(names_that_take_too_much_room_stay_back),
        TEST(a_preflight_is_told_what_it_may_do),
        cmocka_unit_test(where_any_header_is_taken_those_asked_for_are_named),
        cmocka_unit_test(with_any_origin_allowed_the_answer_is_the_same_to_all),
        cmocka_unit_test(without_cors_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
