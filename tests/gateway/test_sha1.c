/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 by the examples of FIPS 180 and at every length around its blocks. */
#include "gateway/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void
is_digest(const void *data, size_t len, const char *hex)
{
    uint8_t digest[GW_SHA1_BYTES];
    char text[2 * GW_SHA1_BYTES + 1];

    gw_sha1(data, len, digest);
    for (unsigned i = 0; i < GW_SHA1_BYTES; i++)
        snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
    assert_string_equal(text, hex);
}

static void
the_examples_of_the_standard_come_out(void **state)
{
    (void)state;
    is_digest("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    is_digest("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    is_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

static void
a_text_of_many_blocks_comes_out(void **state)
{
    char text[1000];

    (void)state;
    memset(text, 'a', sizeof text);
    is_digest(text, sizeof text, "291e9a6c66994949b57ba5e650361e98fc36b1ba");
}

static void
lengths_around_the_padding_come_out(void **state)
{
    char text[64];

    (void)state;
    memset(text, 'a', sizeof text);
    is_digest(text, 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    is_digest(text, 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699");
    is_digest(text, 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
    is_digest(text, 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(a_text_of_many_blocks_comes_out),
        cmocka_unit_test(lengths_around_the_padding_come_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
