/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of a WebSocket, whole and split, both ways. */
#include "gateway/websocket_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MAX_MESSAGE 1000u

/* Frames as a client writes them, all masked with the same key. */
struct client {
    uint8_t bytes[8192];
    size_t len;
    size_t at;   /* how much was read */
    size_t open; /* how much may be read */
    struct gw_ws_frames frames;
    char heard[4096]; /* what came out, as text */
};

static ssize_t
on_read(void *arg, uint8_t *buf, size_t len)
{
    struct client *c = arg;
    size_t n = c->open - c->at;

    if (n > len)
        n = len;
    memcpy(buf, c->bytes + c->at, n);
    c->at += n;
    return (ssize_t)n;
}

static int
setup(void **state)
{
    struct client *c = calloc(1, sizeof *c);

    assert_non_null(c);
    gw_ws_frames_init(&c->frames, MAX_MESSAGE, on_read, c);
    *state = c;
    return 0;
}

static int
teardown(void **state)
{
    struct client *c = *state;

    gw_ws_frames_fini(&c->frames);
    free(c);
    return 0;
}

static void
put(struct client *c, const void *data, size_t len)
{
    assert_true(c->len + len <= sizeof c->bytes);
    memcpy(c->bytes + c->len, data, len);
    c->len += len;
    c->open = c->len;
}

/* first is FIN, the reserved bits and the opcode. */
static void
put_frame(struct client *c, uint8_t first, const char *payload, size_t len)
{
    static const uint8_t mask[] = { 1, 2, 3, 4 };
    uint8_t head[4] = { first, (uint8_t)(0x80 | (len < 126 ? len : 126)),
        (uint8_t)(len >> 8), (uint8_t)len };

    put(c, head, len < 126 ? 2 : 4);
    put(c, mask, sizeof mask);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)payload[i] ^ mask[i % 4];

        put(c, &byte, 1);
    }
}

static void
says(struct client *c, uint8_t first, const char *text)
{
    put_frame(c, first, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void
note(struct client *c, const char *format, ...)
{
    size_t len = strlen(c->heard);
    va_list ap;

    va_start(ap, format);
    vsnprintf(c->heard + len, sizeof c->heard - len, format, ap);
    va_end(ap);
}

/* Pieces of one message are joined: where it was cut does not matter. */
static void
note_piece(struct client *c, const struct gw_ws_event *e)
{
    if (e->is_first)
        note(c, e->is_text ? "text:" : "binary:");
    note(c, "%.*s", (int)e->len, (const char *)e->data);
    if (e->is_last)
        note(c, "|");
}

static void
listen_on(struct client *c)
{
    struct gw_ws_event e;

    for (;;) {
        switch (gw_ws_frames_next(&c->frames, &e)) {
        case GW_WS_MORE:
            return;
        case GW_WS_DATA:
            note_piece(c, &e);
            break;
        case GW_WS_PING:
            note(c, "ping:%.*s|", (int)e.len, (const char *)e.data);
            break;
        case GW_WS_PONG:
            note(c, "pong:%.*s|", (int)e.len, (const char *)e.data);
            break;
        case GW_WS_CLOSE:
            note(c, "close:%d:%.*s|", e.code, (int)e.len, (const char *)e.data);
            break;
        case GW_WS_BROKEN:
            note(c, "broken:%d|", e.code);
            assert_non_null(e.why);
            break;
        }
    }
}

/* At once, and then once more in two parts with a rest between them, for each
 * place to cut. */
static void
is_heard(struct client *c, const char *expected)
{
    listen_on(c);
    assert_string_equal(c->heard, expected);
    for (size_t cut = 0; cut < c->len; cut++) {
        gw_ws_frames_fini(&c->frames);
        gw_ws_frames_init(&c->frames, MAX_MESSAGE, on_read, c);
        c->heard[0] = '\0';
        c->at = 0;
        c->open = cut;
        listen_on(c);
        gw_ws_frames_rest(&c->frames);
        c->open = c->len;
        listen_on(c);
        assert_string_equal(c->heard, expected);
    }
}

/* ------------------------------------------------------- what a client says */

static void
messages_of_both_kinds_are_heard(void **state)
{
    struct client *c = *state;

    says(c, 0x81, "hello");
    says(c, 0x82, "bytes");
    says(c, 0x81, "");
    is_heard(c, "text:hello|binary:bytes|text:|");
}

static void
fragments_make_one_message_and_control_frames_come_between(void **state)
{
    struct client *c = *state;

    says(c, 0x01, "a");
    says(c, 0x89, "p");
    says(c, 0x00, "");
    says(c, 0x8a, "q");
    says(c, 0x80, "b");
    is_heard(c, "text:aping:p|pong:q|b|");
}

static void
a_frame_of_two_length_bytes_is_heard(void **state)
{
    struct client *c = *state;
    char text[301];
    char expected[320];

    memset(text, 'x', 300);
    text[300] = '\0';
    says(c, 0x82, text);
    snprintf(expected, sizeof expected, "binary:%s|", text);
    is_heard(c, expected);
}

static void
a_close_says_its_code_and_reason_and_is_the_last(void **state)
{
    struct client *c = *state;

    put_frame(c, 0x88,
        "\x03\xe9"
        "bye",
        5);
    says(c, 0x81, "more");
    is_heard(c, "close:1001:bye|");
}

static void
an_empty_close_has_no_code(void **state)
{
    struct client *c = *state;

    says(c, 0x88, "");
    is_heard(c, "close:1005:|");
}

static void
a_character_may_be_cut_between_fragments(void **state)
{
    struct client *c = *state;

    says(c, 0x01, "\xf0\x9f");
    says(c, 0x00, "\x98");
    says(c, 0x80, "\x80!");
    is_heard(c, "text:\xf0\x9f\x98\x80!|");
}

static void
memory_is_kept_within_a_frame_only(void **state)
{
    struct client *c = *state;

    says(c, 0x81, "abc");
    c->open = c->len - 1;
    listen_on(c);
    gw_ws_frames_rest(&c->frames);
    assert_non_null(c->frames.wslay);
    c->open = c->len;
    listen_on(c);
    gw_ws_frames_rest(&c->frames);
    assert_null(c->frames.wslay);
    assert_string_equal(c->heard, "text:abc|");
}

/* ------------------------------------------------------------ what is wrong */

static void
a_frame_must_be_masked(void **state)
{
    struct client *c = *state;

    put(c, "\x81\x01x", 3);
    is_heard(c, "broken:1002|");
}

static void
what_is_wrong_with_a_header_is_told_before_its_payload(void **state)
{
    static const struct {
        const char *head;
        size_t len;
        const char *heard;
    } heads[] = {
        { "\x81\x01", 2, "broken:1002|" },
        { "\xc1\x81", 2, "broken:1002|" },
        { "\x83\x81", 2, "broken:1002|" },
        { "\x80\x81", 2, "broken:1002|" },
        { "\x82\xfe\x03\xe9", 4, "broken:1009|" },
        { "\x82\xff\0\0\1\0\0\0\0\0", 10, "broken:1009|" },
        { "\x82\xff\0\0\1\0\0\0\0\0kkkk", 14, "broken:1009|" },
        { "\x82", 1, "" },
        { "\x82\xfe\x03\xe8kkkk", 8, "" },
        { "\x82\xff\0\0\1\0\0\0\0", 9, "" },
    };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct client *c = *state;
        char heard[64];

        says(c, 0x82, "whole");
        put(c, heads[i].head, heads[i].len);
        snprintf(heard, sizeof heard, "binary:whole|%s", heads[i].heard);
        is_heard(c, heard);
        teardown(state);
        setup(state);
    }
}

static void
the_header_of_a_fragment_counts_with_those_before(void **state)
{
    struct client *c = *state;
    char text[1000];

    memset(text, 'x', sizeof text);
    put_frame(c, 0x02, text, sizeof text);
    put(c, "\x80\x81", 2);
    listen_on(c);
    assert_non_null(strstr(c->heard, "broken:1009|"));
}

static void
reserved_bits_and_opcodes_are_refused(void **state)
{
    static const uint8_t firsts[] = { 0xc1, 0xa1, 0x91, 0x83, 0x87, 0x8b,
        0x8f };

    for (size_t i = 0; i < sizeof firsts; i++) {
        struct client *c = *state;

        says(c, firsts[i], "x");
        is_heard(c, "broken:1002|");
        teardown(state);
        setup(state);
    }
}

static void
a_continuation_needs_a_beginning(void **state)
{
    struct client *c = *state;

    says(c, 0x80, "x");
    is_heard(c, "broken:1002|");
}

static void
a_message_must_not_begin_within_another(void **state)
{
    struct client *c = *state;

    says(c, 0x02, "x");
    says(c, 0x82, "y");
    is_heard(c, "binary:xbroken:1002|");
}

static void
a_control_frame_is_whole_and_short(void **state)
{
    struct client *c = *state;
    char long_ping[127];

    says(c, 0x09, "x");
    is_heard(c, "broken:1002|");
    teardown(state);
    setup(state);
    c = *state;
    memset(long_ping, 'x', 126);
    long_ping[126] = '\0';
    says(c, 0x89, long_ping);
    is_heard(c, "broken:1002|");
}

static void
a_message_may_have_so_many_bytes_and_not_one_more(void **state)
{
    struct client *c = *state;
    char text[MAX_MESSAGE + 1];

    memset(text, 'x', MAX_MESSAGE);
    text[MAX_MESSAGE] = '\0';
    says(c, 0x02, text);
    says(c, 0x00, "");
    listen_on(c);
    assert_null(strstr(c->heard, "broken"));
    says(c, 0x00, "x");
    listen_on(c);
    assert_non_null(strstr(c->heard, "broken:1009|"));
}

static void
text_that_is_not_UTF_8_is_refused_where_it_goes_wrong(void **state)
{
    static const char *const texts[] = { "\xff", "\xc0\x80", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "abcdefgh\x80", "\xe2\x82" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct client *c = *state;

        says(c, 0x01, "");
        says(c, 0x80, texts[i]);
        listen_on(c);
        assert_non_null(strstr(c->heard, "broken:1007|"));
        teardown(state);
        setup(state);
    }
}

static void
binary_need_not_be_UTF_8(void **state)
{
    struct client *c = *state;

    says(c, 0x82, "\xff");
    is_heard(c, "binary:\xff|");
}

static void
codes_that_must_not_be_sent_are_refused(void **state)
{
    static const uint16_t codes[] = { 0, 999, 1004, 1005, 1006, 1015, 2999,
        5000 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct client *c = *state;
        char payload[] = { (char)(codes[i] >> 8), (char)codes[i] };

        put_frame(c, 0x88, payload, 2);
        is_heard(c, "broken:1002|");
        teardown(state);
        setup(state);
    }
}

static void
half_a_code_and_a_reason_that_is_not_UTF_8_are_refused(void **state)
{
    struct client *c = *state;

    put_frame(c, 0x88, "\x03", 1);
    is_heard(c, "broken:1002|");
    teardown(state);
    setup(state);
    c = *state;
    put_frame(c, 0x88, "\x03\xe8\xe2\x82", 4);
    is_heard(c, "broken:1007|");
}

/* ------------------------------------------------------- what it is sent */

static void
is_out(const struct pb_buf *out, const char *expected, size_t len)
{
    assert_int_equal(out->len, len);
    assert_memory_equal(out->data, expected, len);
}

static void
a_frame_sent_is_whole_and_unmasked(void **state)
{
    struct pb_buf out;

    (void)state;
    pb_buf_init_heap(&out, 1000);
    assert_int_equal(gw_ws_frame_put(&out, GW_WS_OP_TEXT, "hi", 2), PB_OK);
    is_out(&out, "\x81\2hi", 4);
    pb_buf_fini_heap(&out);
}

static void
each_length_has_its_shortest_header(void **state)
{
    static const struct {
        size_t len;
        const char *head;
        size_t head_len;
    } cases[] = {
        { 0, "\x82\0", 2 },
        { 125, "\x82\x7d", 2 },
        { 126, "\x82\x7e\0\x7e", 4 },
        { 65535, "\x82\x7e\xff\xff", 4 },
        { 65536, "\x82\x7f\0\0\0\0\0\1\0\0", 10 },
    };
    static uint8_t payload[65536];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pb_buf out;
        size_t at;

        pb_buf_init_heap(&out, 200000);
        assert_int_equal(gw_ws_frame_open(&out, &at), PB_OK);
        assert_int_equal(pb_buf_put(&out, payload, cases[i].len), PB_OK);
        gw_ws_frame_shut(&out, at, GW_WS_OP_BINARY);
        assert_int_equal(out.len, cases[i].head_len + cases[i].len);
        assert_memory_equal(out.data, cases[i].head, cases[i].head_len);
        pb_buf_fini_heap(&out);
    }
}

static void
a_frame_that_is_opened_stands_behind_what_was_there(void **state)
{
    struct pb_buf out;
    size_t at;

    (void)state;
    pb_buf_init_heap(&out, 1000);
    assert_int_equal(gw_ws_frame_put(&out, GW_WS_OP_PONG, "", 0), PB_OK);
    assert_int_equal(gw_ws_frame_open(&out, &at), PB_OK);
    assert_int_equal(pb_buf_put(&out, "abc", 3), PB_OK);
    gw_ws_frame_shut(&out, at, GW_WS_OP_TEXT);
    is_out(&out,
        "\x8a\0\x81\3"
        "abc",
        7);
    pb_buf_fini_heap(&out);
}

static void
reason_is(const char *text, const char *expected)
{
    struct pb_buf out;

    pb_buf_init_heap(&out, 1000);
    assert_int_equal(gw_ws_close_put(&out, 4005, sluice_str(text)), PB_OK);
    assert_memory_equal(out.data + 2, "\x0f\xa5", 2);
    is_out(&out, (char *)out.data, strlen(expected) + 4);
    assert_memory_equal(out.data + 4, expected, strlen(expected));
    pb_buf_fini_heap(&out);
}

static void
a_reason_is_cut_after_a_whole_character(void **state)
{
    char text[200];
    char expected[124];

    (void)state;
    reason_is("gone", "gone");
    memset(text, 'x', sizeof text);
    memcpy(text + 121, "\xe2\x82\xac", 4);
    memset(expected, 'x', sizeof expected);
    expected[121] = '\0';
    reason_is(text, expected);
}

static void
a_reason_that_is_not_UTF_8_is_mended(void **state)
{
    (void)state;
    reason_is("a\xff"
              "b\xe2\x82",
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd");
}

static void
a_close_without_a_code_is_empty(void **state)
{
    struct pb_buf out;

    (void)state;
    pb_buf_init_heap(&out, 1000);
    assert_int_equal(gw_ws_close_put(&out, GW_WS_NO_CODE, sluice_str("x")),
        PB_OK);
    is_out(&out, "\x88\0", 2);
    pb_buf_fini_heap(&out);
}

#define ON_CLIENT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CLIENT(messages_of_both_kinds_are_heard),
        ON_CLIENT(fragments_make_one_message_and_control_frames_come_between),
        ON_CLIENT(a_frame_of_two_length_bytes_is_heard),
        ON_CLIENT(a_close_says_its_code_and_reason_and_is_the_last),
        ON_CLIENT(an_empty_close_has_no_code),
        ON_CLIENT(a_character_may_be_cut_between_fragments),
        ON_CLIENT(memory_is_kept_within_a_frame_only),
        ON_CLIENT(a_frame_must_be_masked),
        ON_CLIENT(what_is_wrong_with_a_header_is_told_before_its_payload),
        ON_CLIENT(the_header_of_a_fragment_counts_with_those_before),
        ON_CLIENT(reserved_bits_and_opcodes_are_refused),
        ON_CLIENT(a_continuation_needs_a_beginning),
        ON_CLIENT(a_message_must_not_begin_within_another),
        ON_CLIENT(a_control_frame_is_whole_and_short),
        ON_CLIENT(a_message_may_have_so_many_bytes_and_not_one_more),
        ON_CLIENT(text_that_is_not_UTF_8_is_refused_where_it_goes_wrong),
        ON_CLIENT(binary_need_not_be_UTF_8),
        ON_CLIENT(codes_that_must_not_be_sent_are_refused),
        ON_CLIENT(half_a_code_and_a_reason_that_is_not_UTF_8_are_refused),
        cmocka_unit_test(a_frame_sent_is_whole_and_unmasked),
        cmocka_unit_test(each_length_has_its_shortest_header),
        cmocka_unit_test(a_frame_that_is_opened_stands_behind_what_was_there),
        cmocka_unit_test(a_reason_is_cut_after_a_whole_character),
        cmocka_unit_test(a_reason_that_is_not_UTF_8_is_mended),
        cmocka_unit_test(a_close_without_a_code_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
