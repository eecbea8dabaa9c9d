/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done 16 bytes at a time, against what it is to find, byte by byte,
 * and against its plain twin.
 */
#include "protobuf/block.h"
#include "protobuf/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_bytes_are_found_in_every_place),
        cmocka_unit_test(vectors_and_words_find_the_same_special_bytes),
        cmocka_unit_test(a_block_is_copied_and_its_plain_beginning_measured),
        cmocka_unit_test(characters_are_measured_by_words_as_by_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
