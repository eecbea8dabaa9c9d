/* SPDX-License-Identifier: Apache-2.0 */
/* Access lines: what they say, how they are quoted and cut, and when they are
 * written. The log is a pipe. */
#include "gateway/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#define TIME_BYTES 24 /* 2025-01-31T12:00:00.000Z */

struct fixture {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct gw_access_log log;
    struct gw_access_line line; /* an ordinary one */
    int fds[2];
    char text[64 * 1024];
};

static void
set_path(struct fixture *f, const char *path)
{
    f->line.path = path;
    f->line.path_len = strlen(path);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->uv), 0);
    f->loop = sluice_loop_new(&f->uv);
    assert_non_null(f->loop);
    assert_int_equal(pipe2(f->fds, O_NONBLOCK), 0);
    gw_access_log_init(&f->log, f->loop, f->fds[1]);
    f->line = (struct gw_access_line){
        .status = 200,
        .verb = "GET",
        .group = "pkg.Books",
        .method = "Get",
        .outcome = "ok",
        .code = 0,
        .bytes_in = 12,
        .bytes_out = 18446744073709551615u,
        .duration_ns = 1234567,
        .remote = "10.0.0.1",
    };
    set_path(f, "/v1/books/1");
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    gw_access_log_fini(&f->log);
    sluice_loop_close(&f->loop, NULL, NULL);
    uv_run(&f->uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->uv), 0);
    close(f->fds[0]);
    if (f->fds[1] >= 0)
        close(f->fds[1]);
    free(f);
    return 0;
}

/* What has been written since the last time. */
static const char *
written(struct fixture *f)
{
    ssize_t n = read(f->fds[0], f->text, sizeof f->text - 1);

    if (n < 0) {
        assert_int_equal(errno, EAGAIN);
        n = 0;
    }
    f->text[n] = '\0';
    return f->text;
}

/* The line itself, without its time. */
static const char *
line_of(struct fixture *f)
{
    gw_access_log_write(&f->log, &f->line);
    gw_access_log_fini(&f->log);
    written(f);
    assert_true(strlen(f->text) > 6 + TIME_BYTES);
    return f->text + 5 + TIME_BYTES + 1;
}

static void
has(struct fixture *f, const char *expected)
{
    const char *line = line_of(f);

    if (strstr(line, expected) == NULL)
        fail_msg("no %s in: %s", expected, line);
}

static unsigned
count(const char *text, char c)
{
    unsigned n = 0;

    for (; *text != '\0'; text++)
        n += *text == c;
    return n;
}

/* -------------------------------------------------------------- what is said */

static void
a_line_says_everything_in_order(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(line_of(f),
        "status=200 method=\"GET\" path=\"/v1/books/1\" rpc=\"pkg.Books\" "
        "rpc_method=\"Get\" outcome=\"ok\" code=0 in=12 "
        "out=18446744073709551615 us=1234 remote=\"10.0.0.1\"\n");
}

static void
a_line_begins_with_the_time_in_utc(void **state)
{
    static const char shape[] = "time=dddd-dd-ddTdd:dd:dd.dddZ ";
    struct fixture *f = *state;

    line_of(f);
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == 'd' && i > 3)
            assert_in_range(f->text[i], '0', '9');
        else
            assert_int_equal(f->text[i], shape[i]);
    }
}

static void
without_an_RPC_none_is_named(void **state)
{
    struct fixture *f = *state;

    f->line.group = NULL;
    f->line.method = NULL;
    f->line.outcome = "no route";
    has(f, "path=\"/v1/books/1\" outcome=\"no route\" code=0");
}

static void
without_a_code_none_is_shown(void **state)
{
    struct fixture *f = *state;

    f->line.code = -1;
    has(f, "outcome=\"ok\" in=12");
}

/* ------------------------------------------------------------------- quoting */

static void
what_could_break_a_line_is_escaped(void **state)
{
    static const char path[] = "/a\"b\\c\r\nstatus=500\0\t\x7f\xff";
    struct fixture *f = *state;

    f->line.path = path;
    f->line.path_len = sizeof path - 1;
    has(f, " path=\"/a\\x22b\\x5cc\\x0d\\x0astatus=500\\x00\\x09\\x7f\\xff\" ");
}

static void
a_bad_byte_is_escaped_at_any_place(void **state)
{
    struct fixture *f = *state;

    for (unsigned at = 0; at < 18; at++) {
        for (unsigned c = 0; c < 256; c++) {
            bool is_good = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
            char path[] = "/23456789012345678";
            char shown[8];
            char expected[48];

            path[at] = (char)c;
            snprintf(shown, sizeof shown, is_good ? "%c" : "\\x%02x", c);
            snprintf(expected, sizeof expected, " path=\"%.*s%s%s\" ", (int)at,
                path, shown, path + at + 1);
            f->line.path = path;
            f->line.path_len = sizeof path - 1;
            has(f, expected);
        }
    }
}

static void
every_text_is_quoted(void **state)
{
    struct fixture *f = *state;

    f->line.verb = "G\nT";
    f->line.group = "g\"";
    f->line.method = "m\n";
    f->line.outcome = "o\n";
    f->line.remote = "r\n";
    assert_int_equal(count(line_of(f), '\n'), 1);
    assert_non_null(strstr(f->text, "method=\"G\\x0aT\""));
    assert_non_null(strstr(f->text, "rpc=\"g\\x22\" rpc_method=\"m\\x0a\""));
    assert_non_null(strstr(f->text, "outcome=\"o\\x0a\""));
    assert_non_null(strstr(f->text, "remote=\"r\\x0a\""));
}

static void
a_long_text_is_cut_and_says_so(void **state)
{
    struct fixture *f = *state;
    char path[400];
    char expected[300];

    memset(path, 'p', sizeof path);
    f->line.path = path;
    f->line.path_len = 257;
    snprintf(expected, sizeof expected, " path=\"%.256s...\" ", path);
    has(f, expected);
}

static void
a_text_that_just_fits_is_whole(void **state)
{
    struct fixture *f = *state;
    char path[256];
    char expected[300];

    memset(path, 'p', sizeof path);
    f->line.path = path;
    f->line.path_len = 256;
    snprintf(expected, sizeof expected, " path=\"%.256s\" ", path);
    has(f, expected);
}

static void
the_longest_line_there_can_be_is_written(void **state)
{
    struct fixture *f = *state;
    char worst[400];

    memset(worst, '\x01', sizeof worst - 1);
    worst[sizeof worst - 1] = '\0';
    f->line = (struct gw_access_line){
        .status = 4294967295u,
        .verb = worst,
        .path = worst,
        .path_len = sizeof worst - 1,
        .group = worst,
        .method = worst,
        .outcome = worst,
        .remote = worst,
        .code = 2147483647,
        .bytes_in = UINT64_MAX,
        .bytes_out = UINT64_MAX,
        .duration_ns = INT64_MAX,
    };
    line_of(f);
    assert_int_equal(count(f->text, '\n'), 1);
    assert_int_equal(count(f->text, '\\'), 6 * 256);
}

/* ------------------------------------------------------------------ batching */

static void
lines_of_one_turn_are_written_together_at_its_end(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++)
        gw_access_log_write(&f->log, &f->line);
    assert_string_equal(written(f), "");
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_int_equal(count(written(f), '\n'), 3);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_string_equal(written(f), "");
}

static void
a_full_batch_is_written_before_the_next_line(void **state)
{
    struct fixture *f = *state;
    unsigned n = 0;

    while (f->text[0] == '\0') {
        gw_access_log_write(&f->log, &f->line);
        n++;
        written(f);
    }
    assert_int_equal(count(f->text, '\n'), n - 1);
    assert_true(strlen(f->text) <= sizeof f->log.buf);
    assert_true(f->log.len > 0 && f->log.len < 1000);
    gw_access_log_fini(&f->log);
    assert_int_equal(count(written(f), '\n'), 1);
}

static void
the_end_writes_what_is_left(void **state)
{
    struct fixture *f = *state;

    gw_access_log_write(&f->log, &f->line);
    gw_access_log_fini(&f->log);
    assert_int_equal(count(written(f), '\n'), 1);
    assert_false(sluice_task_is_queued(&f->log.flush));
}

static void
a_log_that_is_off_does_nothing(void **state)
{
    struct fixture *f = *state;

    gw_access_log_init(&f->log, f->loop, -1);
    gw_access_log_write(&f->log, &f->line);
    assert_int_equal(f->log.len, 0);
    assert_false(sluice_task_is_queued(&f->log.flush));
}

/* ------------------------------------------------------- when it cannot be */

/* Fills the pipe up but for left bytes. */
static void
fill(struct fixture *f, size_t left)
{
    static char zeros[4096];
    ssize_t n = (ssize_t)(sizeof zeros - left);

    assert_int_equal(fcntl(f->fds[1], F_SETPIPE_SZ, sizeof zeros),
        sizeof zeros);
    if (n > 0)
        assert_int_equal(write(f->fds[1], zeros, (size_t)n), n);
}

static void
lines_that_a_full_pipe_swallows_are_counted(void **state)
{
    struct fixture *f = *state;

    fill(f, 0);
    for (unsigned i = 0; i < 3; i++)
        gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_int_equal(f->log.lost, 3);
    assert_int_equal(f->log.len, 0);
}

static void
after_a_loss_the_log_goes_on(void **state)
{
    struct fixture *f = *state;

    fill(f, 0);
    gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    written(f);
    has(f, "status=200 ");
    assert_int_equal(count(f->text, '\n'), 2); /* and one tells of the loss */
    assert_int_equal(f->log.lost, 1);
}

static void
a_loss_is_told_of_once_when_there_is_room(void **state)
{
    struct fixture *f = *state;

    fill(f, 0);
    for (unsigned i = 0; i < 2; i++) {
        gw_access_log_write(&f->log, &f->line);
        uv_run(&f->uv, UV_RUN_NOWAIT);
    }
    written(f);
    gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_non_null(strstr(written(f), "Z lost=2\n"));
    gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_null(strstr(written(f), "lost="));
}

static void
a_line_that_was_cut_ends_before_the_next(void **state)
{
    struct fixture *f = *state;
    unsigned n = 0;

    fill(f, 4096);
    while (f->log.len < 6000) {
        gw_access_log_write(&f->log, &f->line);
        n++;
    }
    uv_run(&f->uv, UV_RUN_NOWAIT);
    written(f);
    assert_int_equal(strlen(f->text), 4096);
    assert_int_equal(f->log.lost, n - count(f->text, '\n'));
    gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_int_equal(strncmp(written(f), "\ntime=", 6), 0);
    assert_int_equal(count(f->text, '\n'), 3); /* and one tells of the loss */
}

static void
a_line_end_that_is_owed_is_no_lost_line(void **state)
{
    struct fixture *f = *state;
    uint64_t lost;

    fill(f, 4096);
    while (f->log.len < 6000)
        gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    lost = f->log.lost;
    gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT); /* the pipe is still full */
    assert_int_equal(f->log.lost, lost + 1);
    written(f);
    gw_access_log_fini(&f->log);
    assert_int_equal(strncmp(written(f), "\ntime=", 6), 0);
    assert_int_equal(count(f->text, '\n'), 2); /* the other tells of the loss */
}

/* A device that takes nothing: what a full disk says. */
static void
a_full_disk_does_not_stop_work(void **state)
{
    struct fixture *f = *state;
    int full = open("/dev/full", O_WRONLY);

    assert_true(full >= 0);
    gw_access_log_init(&f->log, f->loop, full);
    gw_access_log_write(&f->log, &f->line);
    gw_access_log_write(&f->log, &f->line);
    uv_run(&f->uv, UV_RUN_NOWAIT);
    assert_int_equal(f->log.lost, 2);
    close(full);
    gw_access_log_init(&f->log, f->loop, f->fds[1]);
}

/* ------------------------------------------------------------------- messages */

static void
a_message_is_one_line_on_stderr(void **state)
{
    struct fixture *f = *state;
    int saved = dup(STDERR_FILENO);

    dup2(f->fds[1], STDERR_FILENO);
    gw_log("%s %d", "this is", 7);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_string_equal(written(f), "sluice: this is 7\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_says_everything_in_order),
        TEST(a_line_begins_with_the_time_in_utc),
        TEST(without_an_RPC_none_is_named),
        TEST(without_a_code_none_is_shown),
        TEST(what_could_break_a_line_is_escaped),
        TEST(a_bad_byte_is_escaped_at_any_place),
        TEST(every_text_is_quoted),
        TEST(a_long_text_is_cut_and_says_so),
        TEST(a_text_that_just_fits_is_whole),
        TEST(the_longest_line_there_can_be_is_written),
        TEST(lines_of_one_turn_are_written_together_at_its_end),
        TEST(a_full_batch_is_written_before_the_next_line),
        TEST(the_end_writes_what_is_left),
        TEST(a_log_that_is_off_does_nothing),
        TEST(lines_that_a_full_pipe_swallows_are_counted),
        TEST(after_a_loss_the_log_goes_on),
        TEST(a_loss_is_told_of_once_when_there_is_room),
        TEST(a_line_that_was_cut_ends_before_the_next),
        TEST(a_line_end_that_is_owed_is_no_lost_line),
        TEST(a_full_disk_does_not_stop_work),
        TEST(a_message_is_one_line_on_stderr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
