/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in frames before their turn, whole and split. */
#include "gateway/websocket_ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Frames are masked with 1 2 3 4. */
#define TEXT "\x81\x85\1\2\3\4\x69\x67\x6f\x68\x6e" /* hello */
#define PING "\x89\x82\1\2\3\4\x60\x60"             /* ab */
#define PING_EMPTY "\x89\x80\1\2\3\4"
#define PONG "\x8a\x81\1\2\3\4\x60"
#define CLOSE "\x88\x82\1\2\3\4\x02\xeb" /* 1001 */
#define CLOSE_EMPTY "\x88\x80\1\2\3\4"

#define SEE(a, text) gw_ws_ahead_feed(a, (const uint8_t *)text, sizeof text - 1)

static void
a_close_behind_messages_is_found(void **state)
{
    struct gw_ws_ahead a = { 0 };

    (void)state;
    SEE(&a, TEXT TEXT);
    assert_false(a.has_close);
    SEE(&a, CLOSE);
    assert_true(a.has_close);
    assert_int_equal(a.code, 1001);
}

static void
an_empty_close_has_no_code(void **state)
{
    struct gw_ws_ahead a = { 0 };

    (void)state;
    SEE(&a, CLOSE_EMPTY);
    assert_true(a.has_close);
    assert_int_equal(a.code, GW_WS_NO_CODE);
}

static void
of_pings_the_newest_is_kept_and_all_are_counted(void **state)
{
    struct gw_ws_ahead a = { 0 };

    (void)state;
    SEE(&a, PING_EMPTY TEXT PING PONG TEXT);
    assert_int_equal(a.n_pings, 2);
    assert_int_equal(a.n_ping, 2);
    assert_memory_equal(a.ping, "ab", 2);
}

static void
a_ping_that_is_arriving_does_not_hide_the_last(void **state)
{
    struct gw_ws_ahead a = { 0 };

    (void)state;
    SEE(&a, PING "\x89\x82\1\2\3\4\x61");
    assert_int_equal(a.n_pings, 1);
    assert_memory_equal(a.ping, "ab", 2);
    SEE(&a, "\x61");
    assert_int_equal(a.n_pings, 2);
    assert_memory_equal(a.ping, "`c", 2);
}

static void
it_does_not_matter_where_bytes_are_cut(void **state)
{
    static const char all[] = TEXT PING TEXT CLOSE;

    (void)state;
    for (size_t cut = 0; cut < sizeof all; cut++) {
        struct gw_ws_ahead a = { 0 };

        gw_ws_ahead_feed(&a, (const uint8_t *)all, cut);
        gw_ws_ahead_feed(&a, (const uint8_t *)all + cut, sizeof all - 1 - cut);
        assert_int_equal(a.n_pings, 1);
        assert_int_equal(a.code, 1001);
    }
}

static void
long_payloads_are_skipped(void **state)
{
    static const uint8_t zeros[70000];
    struct gw_ws_ahead a = { 0 };

    (void)state;
    SEE(&a, "\x82\xfe\1\0\1\2\3\4");
    gw_ws_ahead_feed(&a, zeros, 256);
    SEE(&a, "\x82\xff\0\0\0\0\0\1\x11\x70\1\2\3\4");
    gw_ws_ahead_feed(&a, zeros, 70000);
    SEE(&a, CLOSE);
    assert_true(a.has_close);
}

static void
what_breaks_the_protocol_ends_the_search(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } wrong[] = {
        { "\x81\x05hello", 7 },               /* not masked */
        { "\xc1\x80\1\2\3\4", 6 },            /* a reserved bit */
        { "\x83\x80\1\2\3\4", 6 },            /* a reserved opcode */
        { "\x8b\x80\1\2\3\4", 6 },            /* and one of control */
        { "\x09\x80\1\2\3\4", 6 },            /* a ping in fragments */
        { "\x89\xfe\0\1\1\2\3\4\x60", 9 },    /* a long ping */
        { "\x88\x81\1\2\3\4\x02", 7 },        /* half a code */
        { "\x88\x82\1\2\3\4\x02\xef", 8 },    /* 1005 */
        { "\x88\x83\1\2\3\4\x02\xea\xfc", 9 } /* not UTF-8 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gw_ws_ahead a = { 0 };

        gw_ws_ahead_feed(&a, (const uint8_t *)wrong[i].bytes, wrong[i].len);
        SEE(&a, PING CLOSE);
        assert_int_equal(a.n_pings, 0);
        assert_false(a.has_close);
    }
}

static void
nothing_counts_after_a_close(void **state)
{
    struct gw_ws_ahead a = { 0 };

    (void)state;
    SEE(&a, CLOSE PING CLOSE_EMPTY);
    assert_int_equal(a.n_pings, 0);
    assert_int_equal(a.code, 1001);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_behind_messages_is_found),
        cmocka_unit_test(an_empty_close_has_no_code),
        cmocka_unit_test(of_pings_the_newest_is_kept_and_all_are_counted),
        cmocka_unit_test(a_ping_that_is_arriving_does_not_hide_the_last),
        cmocka_unit_test(it_does_not_matter_where_bytes_are_cut),
        cmocka_unit_test(long_payloads_are_skipped),
        cmocka_unit_test(what_breaks_the_protocol_ends_the_search),
        cmocka_unit_test(nothing_counts_after_a_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
