/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 by the block, by the quad and by the character: the same bytes. */
#include "protobuf/base64_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEXT_MAX 80
#define ROUNDS 40000

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                               "uvwxyz0123456789+/-_";

/* xorshift64 */
static uint64_t
next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

struct result {
    uint8_t bytes[TEXT_MAX];
    size_t len;
    size_t at; /* where it stops being base64 */
    enum pb_err err;
};

/* In pieces of that size. The output has no byte more room than it needs. */
static struct result
decode(const char *text, size_t len, size_t piece)
{
    struct result r = { .err = PB_OK };
    struct pb_base64 b = { 0 };
    struct pb_buf out = { .data = r.bytes,
        .cap = len / 4 * 3 + 2,
        .max = sizeof r.bytes };
    size_t i = 0;

    for (; i < len && r.err == PB_OK; i += piece)
        r.err = pb_base64_feed(&b, text + i, len - i < piece ? len - i : piece,
            &out, &r.at);
    if (r.err == PB_OK)
        r.err = pb_base64_finish(&b, &out);
    else
        r.at += i - piece;
    r.len = out.len;
    return r;
}

static void
check_pieces(const char *text, size_t len)
{
    static const size_t pieces[] = { 3, 4, 17, 32, TEXT_MAX };
    struct result wanted = decode(text, len, 1);

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct result r = decode(text, len, pieces[i]);

        assert_int_equal(r.err, wanted.err);
        assert_int_equal(r.at, wanted.at);
        assert_int_equal(r.len, wanted.len);
        assert_memory_equal(r.bytes, wanted.bytes, wanted.len);
    }
}

static void
text_of_both_alphabets_is_decoded_alike_in_pieces_of_all_sizes(void **state)
{
    uint64_t x = 1;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[TEXT_MAX];
        size_t len = next_random(&x) % TEXT_MAX;

        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[(next_random(&x) >> 20) % 66];
        check_pieces(text, len);
    }
}

static void
every_other_character_is_found_in_every_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < 48; at++) {
        for (unsigned c = 0; c < 256; c++) {
            char text[48];
            bool is_base64 = c != 0 && strchr(alphabet, (int)c) != NULL;

            memset(text, 'Q', sizeof text);
            text[at] = (char)c;
            check_pieces(text, sizeof text);
            if (!is_base64 && c != '=')
                assert_int_equal(decode(text, sizeof text, TEXT_MAX).at, at);
            else if (is_base64)
                assert_int_equal(decode(text, sizeof text, TEXT_MAX).err,
                    PB_OK);
        }
    }
}

/* Against the value of each character, one at a time. */
static void
every_character_has_its_value_in_every_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < 32; at++) {
        for (unsigned i = 0; i < 66; i++) {
            unsigned value = i < 64 ? i : i - 2; /* - and _ for + and / */
            size_t byte = at / 4 * 3;
            struct result r;
            char text[32];
            uint32_t quad;

            memset(text, 'A', sizeof text);
            text[at] = alphabet[i];
            r = decode(text, sizeof text, TEXT_MAX);
            assert_int_equal(r.len, 24);
            quad = (uint32_t)r.bytes[byte] << 16 |
                (uint32_t)r.bytes[byte + 1] << 8 | r.bytes[byte + 2];
            assert_int_equal(quad, value << (18 - 6 * (at % 4)));
        }
    }
}

/* The sanitizer looks at it. */
static void
nothing_needs_no_bytes_to_go_to(void **state)
{
    struct pb_base64 b = { 0 };
    struct pb_buf out = { .data = NULL };
    size_t at;

    (void)state;
    assert_int_equal(pb_base64_feed(&b, "", 0, &out, &at), PB_OK);
    assert_int_equal(pb_base64_finish(&b, &out), PB_OK);
    assert_int_equal(out.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            text_of_both_alphabets_is_decoded_alike_in_pieces_of_all_sizes),
        cmocka_unit_test(every_other_character_is_found_in_every_place),
        cmocka_unit_test(every_character_has_its_value_in_every_place),
        cmocka_unit_test(nothing_needs_no_bytes_to_go_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
