/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 in chunks that are padded each by itself. */
#include "gateway/text_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct decoded {
    uint8_t bytes[100];
    size_t len;
    size_t stopped_at; /* where a character could not stand */
    bool is_good;
    bool is_whole;
};

/* In pieces of text, with that much room at a time. */
static struct decoded
decode(const char *text, size_t piece, size_t room)
{
    struct gw_text_frames t = { 0 };
    struct decoded d = { .is_good = true };
    size_t len = strlen(text), at = 0;

    while (at < len) {
        size_t n = len - at < piece ? len - at : piece, used, written;

        assert_true(d.len + room <= sizeof d.bytes);
        d.is_good = gw_text_frames_feed(&t, text + at, n, &used,
            d.bytes + d.len, room, &written);
        assert_true(written <= room);
        d.len += written;
        at += used;
        if (!d.is_good)
            break;
        assert_true(used == n || written + 3 > room);
    }
    d.stopped_at = at;
    d.is_whole = gw_text_frames_is_whole(&t);
    return d;
}

static void
is(const char *text, const char *expected, size_t len)
{
    for (size_t piece = 1; piece <= strlen(text); piece++)
        for (size_t room = 3; room < 12; room++) {
            struct decoded d = decode(text, piece, room);

            assert_true(d.is_good && d.is_whole);
            assert_int_equal(d.len, len);
            assert_memory_equal(d.bytes, expected, len);
        }
}

static void
chunks_follow_each_other_padded_or_not(void **state)
{
    (void)state;
    is("AAAAAAUKA0J1Zg==", "\0\0\0\0\5\12\3Buf", 10);
    is("YQ==YQ==", "aa", 2);
    is("YWI=YWJjYQ==YWI=", "ababcaab", 8);
    is("+/+/", "\xfb\xff\xbf", 3);
}

static void
what_is_no_base64_is_found_where_it_stands(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } bad[] = { { "YQ=a", 3 }, { "YQ==Y=", 5 }, { "=", 0 }, { "YWJj\nYWJj", 4 },
        { "YWJ jYQ==", 3 }, { "Y-_a", 1 }, { "YWI==", 4 }, { "\xff", 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct decoded d = decode(bad[i].text, 100, 30);

        assert_false(d.is_good);
        assert_int_equal(d.stopped_at, bad[i].at);
    }
}

static void
a_group_that_is_cut_off_is_known(void **state)
{
    static const char *const cut[] = { "Y", "YQ", "YQ=", "YWJjY" };

    (void)state;
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
        assert_false(decode(cut[i], 100, 30).is_whole);
    assert_true(decode("", 1, 3).is_whole);
}

static void
what_is_put_is_padded_and_comes_back(void **state)
{
    static const char *const expected[] = { "", "YQ==", "YWE=", "YWFh",
        "YWFhYQ==" };
    struct pb_buf out;

    (void)state;
    pb_buf_init_heap(&out, 100);
    for (size_t n = 0; n < sizeof expected / sizeof *expected; n++) {
        out.len = 0;
        assert_int_equal(gw_text_frames_put(&out, "aaaa", n), PB_OK);
        assert_int_equal(out.len, strlen(expected[n]));
        if (n > 0)
            assert_memory_equal(out.data, expected[n], out.len);
    }
    out.max = out.cap = out.len + 3;
    assert_int_equal(gw_text_frames_put(&out, "aaaa", 4), PB_EFULL);
    pb_buf_fini_heap(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_follow_each_other_padded_or_not),
        cmocka_unit_test(what_is_no_base64_is_found_where_it_stands),
        cmocka_unit_test(a_group_that_is_cut_off_is_known),
        cmocka_unit_test(what_is_put_is_padded_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
