/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done 16 bytes at a time, against what it is to find, byte by byte,
 * and against its plain twin.
 */
#include "protobuf/json_scan.h"
#include "protobuf/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 200000

/* xorshift64 */
static uint64_t
next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Mostly letters, so that every number of special bytes occurs, and the
 * neighbours of those. */
static void
fill(uint8_t block[PB_BLOCK], uint64_t *x)
{
    static const uint8_t edges[] = { 0x00, 0x1f, 0x20, '!', '"', '#', '[', '\\',
        ']', 0x7e, 0x7f, 0x80, 0xa2, 0xdc, 0xff };
    unsigned rare = 1 + (unsigned)(next_random(x) % 12);

    for (unsigned i = 0; i < PB_BLOCK; i++) {
        uint64_t r = next_random(x) >> 8;

        block[i] = r % rare != 0 ? 'a'
            : (r >> 16) % 2      ? edges[(r >> 20) % sizeof edges]
                                 : (uint8_t)(r >> 20);
    }
}

static unsigned
special_bytes(const uint8_t block[PB_BLOCK])
{
    unsigned found = 0;

    for (unsigned i = 0; i < PB_BLOCK; i++)
        found |= (unsigned)!pb_is_plain(block[i]) << i;
    return found;
}

static void
special_bytes_are_found_in_every_place(void **state)
{
    (void)state;
    for (unsigned at = 0; at < PB_BLOCK; at++) {
        for (unsigned c = 0; c < 256; c++) {
            uint8_t block[PB_BLOCK];

            memset(block, 'a', sizeof block);
            block[at] = (uint8_t)c;
            assert_int_equal(pb_block_special(block), special_bytes(block));
            assert_int_equal(pb_block_special_plainly(block),
                special_bytes(block));
        }
    }
}

static void
vectors_and_words_find_the_same_special_bytes(void **state)
{
    uint64_t x = 1;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t block[PB_BLOCK];
        uint64_t a, b;

        fill(block, &x);
        memcpy(&a, block, 8);
        memcpy(&b, block + 8, 8);
        assert_int_equal(pb_block_special(block), special_bytes(block));
        assert_int_equal(pb_block_special_plainly(block), special_bytes(block));
        assert_int_equal(pb_words_are_plain(a, b), special_bytes(block) == 0);
        assert_int_equal(pb_words_are_plain_plainly(a, b),
            special_bytes(block) == 0);
    }
}

static void
a_block_is_copied_and_its_plain_beginning_measured(void **state)
{
    uint64_t x = 2;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t block[PB_BLOCK], copy[PB_BLOCK];
        unsigned n = 0;

        fill(block, &x);
        while (n < PB_BLOCK && pb_is_plain(block[n]))
            n++;
        assert_int_equal(pb_block_copy(copy, block), n);
        assert_memory_equal(copy, block, PB_BLOCK);
    }
}

static void
characters_are_measured_by_words_as_by_bytes(void **state)
{
    static const uint8_t edges[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
        0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xf0, 0xff };

    (void)state;
    for (unsigned first = 0x80; first < 0x100; first++) {
        for (unsigned second = 0; second < 0x100; second++) {
            for (unsigned i = 0; i < sizeof edges * sizeof edges; i++) {
                char c[4] = { (char)first, (char)second,
                    (char)edges[i / sizeof edges],
                    (char)edges[i % sizeof edges] };

                assert_int_equal(pb_utf8_wide(c), pb_utf8_sequence(c, c + 4));
            }
        }
    }
}

/* Characters of every length, now and then a wrong byte, and a cut at the end. */
static size_t
fill_text(char text[64], uint64_t *x)
{
    size_t room = 1 + next_random(x) % 63;
    size_t n = 0;

    while (n + 4 <= room) {
        static const unsigned bits[] = { 7, 11, 16, 21 };
        unsigned code = (unsigned)(next_random(x) >> 20) &
            ((1u << bits[next_random(x) % 4]) - 1);

        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            code = 'a';
        n += pb_utf8_write(text + n, code);
    }
    if (next_random(x) % 2)
        text[next_random(x) % (n + 1)] = (char)(next_random(x) >> 8);
    return n > 0 ? n - next_random(x) % 2 : 0;
}

static void
as_much_is_well_formed_by_vectors_as_by_bytes(void **state)
{
    uint64_t x = 3;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[64] = { 0 };
        size_t n = fill_text(text, &x);

        assert_int_equal(pb_utf8_prefix(text, n),
            pb_utf8_prefix_plainly(text, n));
    }
}

/* All pairs, at every place of a block and across its end. */
static void
every_pair_of_bytes_is_judged_alike_in_every_place(void **state)
{
    char text[40];

    (void)state;
    for (unsigned at = 0; at < 34; at++) {
        memset(text, 'a', sizeof text);
        for (unsigned pair = 0; pair < 0x10000; pair++) {
            text[at] = (char)(pair >> 8);
            text[at + 1] = (char)pair;
            text[at + 2] = pair >> 8 >= 0xe0 ? (char)0x80 : 'a';
            text[at + 3] = pair >> 8 >= 0xf0 ? (char)0xbf : 'a';
            assert_int_equal(pb_utf8_prefix(text, sizeof text),
                pb_utf8_prefix_plainly(text, sizeof text));
        }
    }
}

static void
a_character_that_goes_on_is_cut_off(void **state)
{
    static const char text[] = "a\xf0\x9f\x9a\xa2 \xe6\xb8\xaf\xc3\xa9";
    static const unsigned cuts[] = { 0, 0, 1, 2, 3, 0, 0, 1, 2, 0, 1, 0 };

    (void)state;
    for (unsigned n = 0; n < sizeof cuts / sizeof cuts[0]; n++)
        assert_int_equal(pb_utf8_cut(text, text + n), cuts[n]);
}

static void
blocks_are_compared_by_vectors_as_by_words(void **state)
{
    uint64_t x = 4;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t a[PB_BLOCK], b[PB_BLOCK];
        unsigned same = 0, stops = 0, wide = 0;

        fill(a, &x);
        fill(b, &x);
        for (unsigned i = 0; i < PB_BLOCK; i++) {
            same |= (unsigned)(a[i] == b[i]) << i;
            wide |= (unsigned)(a[i] >= 0x80) << i;
            stops |= (unsigned)(a[i] < 0x80 && !pb_is_plain(a[i])) << i;
        }
        assert_int_equal(pb_block_same(a, b), same);
        assert_int_equal(pb_block_same_plainly(a, b), same);
        assert_int_equal(pb_block_stops(a), stops);
        assert_int_equal(pb_block_stops_plainly(a), stops);
        assert_int_equal(pb_block_wide(a), wide);
        assert_int_equal(pb_block_wide_plainly(a), wide);
    }
}

static void
a_text_of_any_length_stands_only_where_it_stands(void **state)
{
    static const char name[] = "\"theNameOfAFieldThatIsRatherLongAsNamesGo\":";
    char text[64];

    (void)state;
    for (size_t n = 1; n < sizeof name; n++) {
        memset(text, '~', sizeof text);
        memcpy(text, name, n);
        assert_true(pb_block_stands(text, sizeof text, name, n));
        assert_false(pb_block_stands(text, n - 1, name, n));
        for (size_t i = 0; i < n; i++) {
            text[i] ^= 1;
            assert_false(pb_block_stands(text, sizeof text, name, n));
            text[i] ^= 1;
        }
    }
}

static void
a_text_stands_where_just_so_much_is_left(void **state)
{
    static const char name[] = "\"theNameOfAFieldThatIsRatherLongAsNamesGo\":";
    char text[64];

    (void)state;
    for (size_t n = 1; n < sizeof name; n++) {
        memcpy(text + sizeof text - n, name, n);
        assert_true(pb_block_stands(text + sizeof text - n, n, name, n));
        text[sizeof text - 1] ^= 1;
        assert_false(pb_block_stands(text + sizeof text - n, n, name, n));
    }
}

/* In a piece of len bytes with one that is special, or none (at == len). */
static void
check_scan(char *piece, size_t len, size_t at)
{
    memset(piece, 'a', len);
    if (at < len)
        piece[at] = '"';
    for (size_t from = 0; from <= len; from++) {
        const char *p = piece + from, *end = piece + len;
        const char *stop = at >= from ? piece + at : end;
        const char *quote = pb_find_near_quote(p, piece, end);

        assert_ptr_equal(pb_skip_plain(p, piece, end), stop);
        assert_ptr_equal(pb_skip_plain(p, p, end), stop);
        if (len >= PB_BLOCK && stop < end && stop - p < PB_BLOCK)
            assert_ptr_equal(quote, stop);
        else
            assert_null(quote);
    }
}

static void
plain_text_ends_where_it_does_up_to_the_end_of_a_piece(void **state)
{
    (void)state;
    for (size_t len = 1; len < 3 * PB_BLOCK; len++) {
        char *piece = malloc(len); /* for the address sanitizer */

        assert_non_null(piece);
        for (size_t at = 0; at <= len; at++)
            check_scan(piece, len, at);
        free(piece);
    }
}

static void
blocks_are_moved_up_to_their_length(void **state)
{
    static const char name[] = ",\"theNameOfAFieldThatIsRatherLongAsNamesGo\":";
    uint8_t to[64];

    (void)state;
    for (size_t n = 1; n < sizeof name; n++) {
        memset(to, '~', sizeof to);
        pb_block_move(to, name, n);
        assert_memory_equal(to, name, n);
        assert_int_equal(to[n < PB_BLOCK ? PB_BLOCK : n], '~');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_bytes_are_found_in_every_place),
        cmocka_unit_test(vectors_and_words_find_the_same_special_bytes),
        cmocka_unit_test(a_block_is_copied_and_its_plain_beginning_measured),
        cmocka_unit_test(blocks_are_compared_by_vectors_as_by_words),
        cmocka_unit_test(a_text_of_any_length_stands_only_where_it_stands),
        cmocka_unit_test(a_text_stands_where_just_so_much_is_left),
        cmocka_unit_test(
            plain_text_ends_where_it_does_up_to_the_end_of_a_piece),
        cmocka_unit_test(blocks_are_moved_up_to_their_length),
        cmocka_unit_test(characters_are_measured_by_words_as_by_bytes),
        cmocka_unit_test(as_much_is_well_formed_by_vectors_as_by_bytes),
        cmocka_unit_test(every_pair_of_bytes_is_judged_alike_in_every_place),
        cmocka_unit_test(a_character_that_goes_on_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
