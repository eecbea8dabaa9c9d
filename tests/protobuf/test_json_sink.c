/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and base64, into buffers of all sizes. */
#include "protobuf/json_sink.h"
#include "tests/protobuf/writer_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONG = 70 };

static void
is_quoted_as(const char *text, size_t n, const char *json)
{
    struct pb_buf out;

    pb_buf_init_heap(&out, 1 << 20);
    assert_int_equal(pb_json_quote(&out, text, n), PB_OK);
    assert_int_equal(out.len, strlen(json));
    assert_memory_equal(out.data, json, out.len);
    pb_buf_fini_heap(&out);

    for (size_t room = 1; room <= 64; room++) {
        struct drain d;

        drain_init(&d, room);
        assert_int_equal(pb_json_quote(&d.buf, text, n), PB_OK);
        drain_rest(&d);
        assert_string_equal((const char *)d.sink.data, json);
        drain_fini(&d);
    }
}

static void
quotes(const char *text, const char *json)
{
    is_quoted_as(text, strlen(text), json);
}

static void
plain_text_is_only_put_in_quotes(void **state)
{
    (void)state;
    quotes("", "\"\"");
    quotes("a", "\"a\"");
    quotes("Hello, <world> & \x7f / more", "\"Hello, <world> & \x7f / more\"");
}

static void
quotes_backslashes_and_controls_are_escaped(void **state)
{
    char text[2] = "", json[16];

    (void)state;
    quotes("a\"b\\c", "\"a\\\"b\\\\c\"");
    quotes("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    is_quoted_as("a\0b", 3, "\"a\\u0000b\"");
    for (int c = 1; c < 0x20; c++) {
        if (strchr("\b\f\n\r\t", c) != NULL)
            continue;
        text[0] = (char)c;
        (void)snprintf(json, sizeof json, "\"\\u%04x\"", c);
        quotes(text, json);
    }
}

/* Every byte at every place of texts of every length: no block is wrong. */
static void
a_special_byte_is_found_wherever_it_stands(void **state)
{
    char text[LONG], json[LONG + 8];

    (void)state;
    for (size_t n = 1; n <= LONG; n++) {
        for (size_t at = 0; at < n; at++) {
            struct pb_buf out;

            memset(text, 'x', n);
            text[at] = '"';
            (void)snprintf(json, sizeof json, "\"%.*s\\\"%.*s\"", (int)at, text,
                (int)(n - at - 1), text + at + 1);
            pb_buf_init_heap(&out, 1 << 10);
            assert_int_equal(pb_json_quote(&out, text, n), PB_OK);
            assert_int_equal(out.len, strlen(json));
            assert_memory_equal(out.data, json, out.len);
            pb_buf_fini_heap(&out);
        }
    }
}

static void
every_byte_but_the_special_ones_is_plain(void **state)
{
    uint8_t from[20], to[20];

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool is_plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

        for (size_t n = 1; n <= sizeof from; n++) {
            for (size_t at = 0; at < n; at++) {
                memset(from, 'a', n);
                from[at] = (uint8_t)c;
                assert_int_equal(pb_plain_copy(to, from, n), is_plain ? n : at);
                assert_memory_equal(to, from, is_plain ? n : at);
            }
        }
    }
}

static void
a_copy_stays_within_its_bounds(void **state)
{
    (void)state;
    for (size_t n = 0; n <= LONG; n++) {
        uint8_t *from = malloc(n + 1), *to = malloc(n + 1);

        assert_true(from != NULL && to != NULL);
        memset(from, 'a', n);
        from[n] = to[n] = '!';
        assert_int_equal(pb_plain_copy(to, from, n), n);
        assert_memory_equal(to, from, n + 1);
        free(from);
        free(to);
    }
}

static void
utf8_passes_as_it_is(void **state)
{
    (void)state;
    quotes("\xc2\x80\xdf\xbf", "\"\xc2\x80\xdf\xbf\"");
    quotes("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf",
        "\"\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf\"");
    quotes("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
        "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
    quotes("gr\xc3\xbc\xc3\x9f dich, \xd0\xbc\xd0\xb8\xd1\x80\n\xe2\x82\xac",
        "\"gr\xc3\xbc\xc3\x9f dich, \xd0\xbc\xd0\xb8\xd1\x80\\n"
        "\xe2\x82\xac\"");
}

static void
what_is_not_utf8_becomes_a_replacement_character(void **state)
{
#define BAD "\xef\xbf\xbd"
    (void)state;
    quotes("a\x80z", "\"a" BAD "z\"");
    quotes("\xc0\x80", "\"" BAD BAD "\"");
    quotes("\xc1\xbf", "\"" BAD BAD "\"");
    quotes("\xc2", "\"" BAD "\"");
    quotes("\xc2\x41", "\"" BAD "A\"");
    quotes("\xe0\x9f\xbf", "\"" BAD BAD BAD "\"");
    quotes("\xed\xa0\x80", "\"" BAD BAD BAD "\"");
    quotes("\xe2\x82", "\"" BAD BAD "\"");
    quotes("\xf0\x8f\xbf\xbf", "\"" BAD BAD BAD BAD "\"");
    quotes("\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\"");
    quotes("\xf5\x80\x80\x80", "\"" BAD BAD BAD BAD "\"");
    quotes("\xf0\x9f\x98", "\"" BAD BAD BAD "\"");
    quotes("\xff", "\"" BAD "\"");
}

static void
a_full_buffer_is_an_error(void **state)
{
    uint8_t bytes[8];
    struct pb_buf fixed = { .data = bytes, .cap = sizeof bytes, .max = 8 };

    (void)state;
    assert_int_equal(pb_json_quote(&fixed, "123456", 6), PB_OK);
    assert_int_equal(fixed.len, 8);
    fixed.len = 0;
    assert_int_equal(pb_json_quote(&fixed, "1234567", 7), PB_EFULL);
}

static void
a_string_for_no_buffer_at_all_is_an_error(void **state)
{
    struct pb_buf nothing = { .max = 0 };
    struct pb_sink s;

    (void)state;
    pb_sink_init(&s, &nothing);
    assert_null(pb_sink_string(&s, (const uint8_t *)"text", 4));
    assert_int_equal(pb_sink_finish(&s), PB_EFULL);
}

/* ---- Base64 -------------------------------------------------------------- */

static void
encodes(const void *bytes, size_t n, const char *json)
{
    struct pb_buf out;
    struct pb_sink s;

    pb_buf_init_heap(&out, 1 << 20);
    pb_sink_init(&s, &out);
    pb_sink_base64(&s, bytes, n);
    assert_int_equal(pb_sink_finish(&s), PB_OK);
    assert_int_equal(out.len, strlen(json));
    assert_memory_equal(out.data, json, out.len);
    pb_buf_fini_heap(&out);

    for (size_t room = 1; room <= 40; room++) {
        struct drain d;

        drain_init(&d, room);
        pb_sink_init(&s, &d.buf);
        pb_sink_base64(&s, bytes, n);
        assert_int_equal(pb_sink_finish(&s), PB_OK);
        drain_rest(&d);
        assert_string_equal((const char *)d.sink.data, json);
        drain_fini(&d);
    }
}

static void
bytes_become_base64_with_padding(void **state)
{
    (void)state;
    encodes("", 0, "\"\"");
    encodes("f", 1, "\"Zg==\"");
    encodes("fo", 2, "\"Zm8=\"");
    encodes("foo", 3, "\"Zm9v\"");
    encodes("foob", 4, "\"Zm9vYg==\"");
    encodes("fooba", 5, "\"Zm9vYmE=\"");
    encodes("foobar", 6, "\"Zm9vYmFy\"");
    encodes("\xfb\xff\xfe", 3, "\"+//+\"");
    encodes("\0\0\0\0\0\0\0", 7, "\"AAAAAAAAAA==\"");
}

/* Against bit by bit. */
static void
all_values_and_lengths_are_encoded(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[256];
    char json[400];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + 13);
    for (size_t n = 0; n <= sizeof bytes; n += n < 20 ? 1 : 59) {
        char *to = json;

        *to++ = '"';
        for (size_t bit = 0; bit < n * 8; bit += 6) {
            unsigned v = 0;

            for (size_t i = bit; i < bit + 6; i++)
                v = v << 1 | (i < n * 8 && bytes[i / 8] >> (7 - i % 8) & 1);
            *to++ = alphabet[v];
        }
        while ((to - json - 1) % 4 != 0)
            *to++ = '=';
        *to++ = '"';
        *to = '\0';
        encodes(bytes, n, json);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_is_only_put_in_quotes),
        cmocka_unit_test(quotes_backslashes_and_controls_are_escaped),
        cmocka_unit_test(a_special_byte_is_found_wherever_it_stands),
        cmocka_unit_test(every_byte_but_the_special_ones_is_plain),
        cmocka_unit_test(a_copy_stays_within_its_bounds),
        cmocka_unit_test(utf8_passes_as_it_is),
        cmocka_unit_test(what_is_not_utf8_becomes_a_replacement_character),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(a_string_for_no_buffer_at_all_is_an_error),
        cmocka_unit_test(bytes_become_base64_with_padding),
        cmocka_unit_test(all_values_and_lengths_are_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
