/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that are built in: who gets them, and what their answers say. */
#include "tests/gateway/fixture.h"

#include "gateway/page.h"
#include "gateway/reply.h"

static const char home[] = "<!doctype html>\n";
static const char style[] = "body{}\n";

/* sha1sum(1) says so. */
#define HOME_TAG "\"448f6f9971f92c4b9b7b7a536be353793f6147d6\""

struct world {
    struct fixture f;
    struct gw_page pages[2];
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    fixture_open(&w->f, "");
    w->pages[0] = (struct gw_page){ "/", "text/html; charset=utf-8", home,
        sizeof home - 1, "" };
    w->pages[1] =
        (struct gw_page){ "/x.css", "text/css", style, sizeof style - 1, "" };
    gw_page_init(&w->pages[0]);
    gw_page_init(&w->pages[1]);
    w->f.shared.pages = (struct gw_pages){ w->pages, 2 };
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
on_request(struct MHD_Connection *mhd, void *arg)
{
    struct gw_exchange *x = arg;

    x->mhd = mhd;
    if (!gw_page_answer(x))
        return http_queue_nothing(mhd); /* 204 */
    return gw_reply_queue(x);
}

/* One request, from a fresh exchange. header is a line with its end, or "". */
static const struct http_answer *
ask(struct world *w, const char *verb, const char *target, const char *header)
{
    char text[300];

    fixture_renew(&w->f);
    w->f.x->request.verb = verb;
    w->f.x->request.verb_len = strlen(verb);
    gw_request_set_target(&w->f.x->request, target, strlen(target));
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", verb,
        target, header);
    http_ask(text, on_request, w->f.x, &w->f.answer);
    assert_true(w->f.answer.was_handled);
    return &w->f.answer;
}

static unsigned
status_of(const struct http_answer *a)
{
    return (unsigned)strtoul(a->text + strlen("HTTP/1.1 "), NULL, 10);
}

static const char *
body_of(const struct http_answer *a)
{
    const char *end = strstr(a->text, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

/* ------------------------------------------------------------------ requests */

static void
a_page_is_its_bytes_with_their_type(void **state)
{
    const struct http_answer *a = ask(*state, "GET", "/", "");

    assert_int_equal(status_of(a), 200);
    assert_has(a, "Content-Type: text/html; charset=utf-8");
    assert_string_equal(body_of(a), home);
    a = ask(*state, "GET", "/x.css", "");
    assert_has(a, "Content-Type: text/css");
    assert_string_equal(body_of(a), style);
}

static void
a_query_does_not_matter(void **state)
{
    assert_string_equal(body_of(ask(*state, "GET", "/?v=1", "")), home);
}

static void
other_paths_are_no_pages(void **state)
{
    static const char *const others[] = { "/x", "//", "/x.css/", "/x.cssx",
        "/X.css", "*" };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(status_of(ask(*state, "GET", others[i], "")), 204);
}

static void
without_pages_there_are_none(void **state)
{
    struct world *w = *state;

    w->f.shared.pages = (struct gw_pages){ NULL, 0 };
    assert_int_equal(status_of(ask(w, "GET", "/", "")), 204);
}

static void
a_WebSocket_is_not_for_pages(void **state)
{
    struct world *w = *state;

    fixture_renew(&w->f);
    w->f.x->request = (struct gw_request){ .verb = "GET",
        .verb_len = 3,
        .is_websocket = true };
    gw_request_set_target(&w->f.x->request, "/", 1);
    assert_false(gw_page_answer(w->f.x));
    assert_false(w->f.x->reply.is_ready);
}

static void
HEAD_gets_the_length_alone(void **state)
{
    const struct http_answer *a = ask(*state, "HEAD", "/", "");

    assert_int_equal(status_of(a), 200);
    assert_has(a, "Content-Length: 16");
    assert_has(a, "ETag: " HOME_TAG);
    assert_string_equal(body_of(a), "");
}

static void
other_methods_are_405_with_those_there_are(void **state)
{
    static const char *const verbs[] = { "POST", "PUT", "DELETE", "OPTIONS",
        "get", "GETS" };

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        const struct http_answer *a = ask(*state, verbs[i], "/", "");

        assert_int_equal(status_of(a), 405);
        assert_has(a, "Allow: GET, HEAD");
        assert_has(a, "Content-Type: application/json");
        assert_has_no(a, "ETag");
    }
}

/* --------------------------------------------------------------------- caches */

static void
who_has_the_page_is_not_sent_it_again(void **state)
{
    static const char *const values[] = { HOME_TAG, "W/" HOME_TAG,
        "\"other\", " HOME_TAG, "*" };
    char header[200];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct http_answer *a;

        snprintf(header, sizeof header, "If-None-Match: %s\r\n", values[i]);
        a = ask(*state, "GET", "/", header);
        assert_int_equal(status_of(a), 304);
        assert_has(a, "ETag: " HOME_TAG);
        assert_has(a, "Cache-Control: no-cache");
        assert_false(http_has(a, "Content-Length: 0"));
        assert_string_equal(body_of(a), "");
    }
}

static void
who_has_another_page_gets_this_one(void **state)
{
    static const char *const values[] = { "\"other\"", "",
        "448f6f9971f92c4b9b7b7a536be353793f6147d6" };
    char header[200];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(header, sizeof header, "If-None-Match: %s\r\n", values[i]);
        assert_int_equal(status_of(ask(*state, "GET", "/", header)), 200);
    }
}

static void
the_tag_is_of_the_content(void **state)
{
    struct world *w = *state;

    assert_string_equal(w->pages[0].tag, HOME_TAG);
    assert_string_not_equal(w->pages[1].tag, HOME_TAG);
}

static void
a_page_may_use_its_own_origin_only(void **state)
{
    const struct http_answer *a = ask(*state, "GET", "/", "");

    assert_has(a,
        "Content-Security-Policy: default-src 'none'; script-src 'self'; "
        "style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    assert_has(a, "X-Content-Type-Options: nosniff");
    assert_has(a, "Referrer-Policy: no-referrer");
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_page_is_its_bytes_with_their_type),
        T(a_query_does_not_matter),
        T(other_paths_are_no_pages),
        T(without_pages_there_are_none),
        T(a_WebSocket_is_not_for_pages),
        T(HEAD_gets_the_length_alone),
        T(other_methods_are_405_with_those_there_are),
        T(who_has_the_page_is_not_sent_it_again),
        T(who_has_another_page_gets_this_one),
        T(the_tag_is_of_the_content),
        T(a_page_may_use_its_own_origin_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
