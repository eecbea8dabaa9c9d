/* SPDX-License-Identifier: Apache-2.0 */
/* Access lines of what libmicrohttpd refuses: its messages on one side, the ends
 * of connections on the other. */
#include "tests/gateway/fixture.h"

#include "gateway/refusal.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERED                                                   \
    "Error processing request (HTTP response code is %u ('%s')). " \
    "Closing connection.\n"

struct world {
    struct fixture f;
    struct gw_refusals r;
    int log;
    char raw[64 * 1024];
    char text[64 * 1024];
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    fixture_open(&w->f, "");
    w->r.worker = w->f.worker;
    w->log = memfd_create("access", 0);
    assert_true(w->log >= 0);
    w->f.worker->access.fd = w->log;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    fixture_close(&w->f);
    close(w->log);
    free(w);
    return 0;
}

static void
says(struct world *w, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    gw_refusals_on_message(&w->r, format, ap);
    va_end(ap);
}

/* "status outcome remote" of the line at at. Returns the next line. */
static const char *
shorten(const char *at, char *out, size_t room)
{
    unsigned status;
    char outcome[32];
    char remote[64];

    assert_int_equal(sscanf(at,
                         "time=%*s status=%u method=\"-\" path=\"-\" "
                         "outcome=\"%31[^\"]\"",
                         &status, outcome),
        2);
    at = strstr(at, "remote=");
    assert_int_equal(sscanf(at, "remote=\"%63[^\"]\"", remote), 1);
    snprintf(out, room, "%u %s %s\n", status, outcome, remote);
    return strchr(at, '\n') + 1;
}

/* All lines so far, shortened. */
static const char *
lines(struct world *w)
{
    size_t len = 0;
    ssize_t n;

    gw_access_log_fini(&w->f.worker->access);
    n = pread(w->log, w->raw, sizeof w->raw - 1, 0);
    assert_true(n >= 0);
    w->raw[n] = '\0';
    w->text[0] = '\0';
    for (const char *at = w->raw; *at != '\0'; len += strlen(w->text + len))
        at = shorten(at, w->text + len, sizeof w->text - len);
    return w->text;
}

/* A connection of ours to a peer of this process. */
struct pair {
    int peer;
    struct gw_connection c;
};

static struct pair
connected(struct world *w)
{
    struct pair p = { .c = { .worker = w->f.worker, .remote = "192.0.2.7" } };
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    p.c.fd = fds[0];
    p.peer = fds[1];
    return p;
}

/* MHD ends the connection. */
static void
ends(struct world *w, struct pair *p)
{
    shutdown(p->c.fd, SHUT_WR);
    gw_refusals_on_closed(&w->r, &p->c);
    close(p->c.fd);
    close(p->peer);
}

/* ------------------------------------------------------------------- tests */

static void
a_message_and_the_end_of_a_connection_make_a_line(void **state)
{
    struct world *w = *state;
    struct pair p = connected(w);

    says(w, ANSWERED, 414u, "too long");
    ends(w, &p);
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "414 bad head 192.0.2.7\n");
}

static void
a_request_line_that_is_no_http_has_no_status(void **state)
{
    static const char *const reasons[] = { "The request line is malformed.\n",
        "The request line starts with a whitespace.\n",
        "Too many meaningless extra empty lines received before the request",
        "Bare LF characters are not allowed in the request line.\n",
        "The NUL character is in the request line.\n" };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct world *w = *state;

        assert_int_equal(ftruncate(w->log, 0), 0);
        assert_int_equal(lseek(w->log, 0, SEEK_SET), 0);
        says(w, "%s\n", reasons[i]);
        gw_refusals_settle(&w->r);
        assert_string_equal(lines(w), "0 not http -\n");
    }
}

static void
other_messages_are_no_refusals(void **state)
{
    struct world *w = *state;

    says(w, "%s\n", "Closing connection (out of memory).");
    says(w, "Socket has been disconnected when reading request.\n");
    says(w, "Error processing requests %u\n", 400u);
    says(w, "%s", "The request line is malformed.\n");
    assert_int_equal(w->r.n, 0);
}

static void
an_answer_that_came_too_late_is_none(void **state)
{
    struct world *w = *state;

    says(w, ANSWERED, 400u, "first");
    says(w, ANSWERED, 413u, "second");
    says(w,
        "Too late to send an error response, response is being sent "
        "already.\n");
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "400 bad head -\n");
}

static void
what_an_exchange_knows_is_its_own(void **state)
{
    struct world *w = *state;

    says(w, ANSWERED, 400u, "");
    says(w, ANSWERED, 431u, "");
    gw_refusals_take(&w->r, 431);
    gw_refusals_take(&w->r, 505); /* never said */
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "400 bad head -\n");
}

static void
a_peer_that_left_by_itself_was_not_refused(void **state)
{
    struct world *w = *state;
    struct pair p = connected(w);

    says(w, ANSWERED, 400u, "");
    shutdown(p.peer, SHUT_RDWR);
    ends(w, &p);
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "400 bad head -\n");
}

static void
a_connection_that_brought_requests_is_not_suspected(void **state)
{
    struct world *w = *state;
    struct pair p = connected(w);

    says(w, ANSWERED, 400u, "");
    p.c.has_brought_request = true;
    ends(w, &p);
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "400 bad head -\n");
}

static void
a_connection_that_we_cut_is_not_suspected(void **state)
{
    struct world *w = *state;
    struct pair p = connected(w);

    says(w, ANSWERED, 400u, "");
    p.c.cut = "local shutdown";
    ends(w, &p);
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "400 bad head -\n");
}

static void
a_timeout_without_a_request_has_its_line(void **state)
{
    struct world *w = *state;
    struct pair p = connected(w);

    p.c.cut = "timeout";
    p.c.has_unlogged_408 = true;
    ends(w, &p);
    assert_string_equal(lines(w), "408 timeout 192.0.2.7\n");
}

static void
an_end_without_a_message_has_no_line(void **state)
{
    struct world *w = *state;
    struct pair p = connected(w);

    ends(w, &p);
    gw_refusals_settle(&w->r);
    assert_string_equal(lines(w), "");
}

static void
more_refusals_than_there_is_room_for_have_their_lines(void **state)
{
    struct world *w = *state;
    const char *at;
    unsigned n = 0;

    for (unsigned i = 0; i < 3 * GW_REFUSALS_MAX; i++)
        says(w, ANSWERED, i < GW_REFUSALS_MAX ? 400u : 505u, "");
    assert_int_equal(w->r.n, GW_REFUSALS_MAX);
    gw_refusals_settle(&w->r);
    assert_int_equal(w->r.n, 0);
    for (at = lines(w); *at != '\0'; at = strchr(at, '\n') + 1)
        assert_int_equal(strncmp(at, n++ < GW_REFUSALS_MAX ? "400" : "505", 3),
            0);
    assert_int_equal(n, 3 * GW_REFUSALS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_and_the_end_of_a_connection_make_a_line),
        TEST(a_request_line_that_is_no_http_has_no_status),
        TEST(other_messages_are_no_refusals),
        TEST(an_answer_that_came_too_late_is_none),
        TEST(what_an_exchange_knows_is_its_own),
        TEST(a_peer_that_left_by_itself_was_not_refused),
        TEST(a_connection_that_brought_requests_is_not_suspected),
        TEST(a_connection_that_we_cut_is_not_suspected),
        TEST(a_timeout_without_a_request_has_its_line),
        TEST(an_end_without_a_message_has_no_line),
        TEST(more_refusals_than_there_is_room_for_have_their_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
