/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal text to floating point: every bit as the C library has it. */
#include "protobuf/number_in.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static uint64_t
next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void
check_double(const char *text)
{
    double wanted = strtod(text, NULL);
    uint64_t wanted_bits, bits = 0;
    enum pb_number_fault fault =
        pb_number_to_bits(PB_DOUBLE, text, strlen(text), &bits);

    memcpy(&wanted_bits, &wanted, sizeof(wanted));
    if (fault != (isfinite(wanted) ? PB_NUMBER_OK : PB_NUMBER_RANGE))
        fail_msg("%s: fault %d", text, fault);
    if (fault == PB_NUMBER_OK && bits != wanted_bits)
        fail_msg("%s: %016llx, not %016llx", text, (unsigned long long)bits,
            (unsigned long long)wanted_bits);
}

static void
check_float(const char *text)
{
    float wanted = strtof(text, NULL);
    uint32_t wanted_bits;
    uint64_t bits = 0;
    enum pb_number_fault fault =
        pb_number_to_bits(PB_FLOAT, text, strlen(text), &bits);

    memcpy(&wanted_bits, &wanted, sizeof(wanted));
    if (fault != (isfinite(wanted) ? PB_NUMBER_OK : PB_NUMBER_RANGE))
        fail_msg("%s: fault %d", text, fault);
    if (fault == PB_NUMBER_OK && bits != wanted_bits)
        fail_msg("%s: %08llx, not %08x", text, (unsigned long long)bits,
            wanted_bits);
}

static void
check(const char *text)
{
    check_double(text);
    check_float(text);
}

static void
numbers_half_way_between_two_go_to_the_even_one(void **state)
{
    static const char *const texts[] = { "9007199254740993", "9007199254740995",
        "9007199254740993.0000000001", "9007199254740992.9999999999",
        "1.00000000000000011102230246251565404",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203126",
        "1.00000000000000011102230246251565404236316680908203124", "16777217",
        "16777219", "1.000000059604644775390625", "1.000000059604644775390624",
        "1.000000059604644775390626", "4503599627370496.5",
        "4503599627370497.5",
        "0.500000000000000166533453693773481063544750213623046875",
        "2.2250738585072011e-308", "2.2250738585072014e-308",
        "4.9406564584124654e-324", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "1.7976931348623157e308",
        "1.7976931348623158e308", "1.7976931348623159e308",
        "3.4028234663852886e38", "3.4028235677973366e38",
        "3.4028235677973367e38", "7.006492321624085e-46",
        "7.0064923216240854e-46", "1.1754943508222875e-38", "8.589973e9",
        "1e23", "8.5e22", "1e22", "1e-22", "123456789e-28",
        "18446744073709551615", "18446744073709551616e-5",
        "9999999999999999999e27", "9999999999999999999e-27", "1e27", "1e-27",
        "0.1", "0.3", "5e-324", "1e308", "0e5", "-0.0", "0.000", "123e-2",
        "100000000000000000000000000000000000000000000000000000000" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check(texts[i]);
}

static void
random_numbers_are_rounded_as_the_c_library_does(void **state)
{
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t bits = next_random(&seed);
        double x;

        memcpy(&x, &bits, sizeof(x));
        if (isfinite(x)) {
            (void)snprintf(text, sizeof(text), "%.*g",
                (int)(next_random(&seed) % 18 + 1), x);
            check(text);
        }
        (void)snprintf(text, sizeof(text), "%llu.%llue%d",
            (unsigned long long)(bits % 1000000000),
            (unsigned long long)(next_random(&seed) % 1000000000),
            (int)(next_random(&seed) % 61) - 30);
        check(text);
        (void)snprintf(text, sizeof(text), "%llue%d",
            (unsigned long long)(bits >> (bits % 64)),
            (int)(next_random(&seed) % 57) - 28);
        check(text);
    }
}

/* A digit that comes late can still decide. */
static void
long_numbers_are_rounded_once(void **state)
{
    char text[1200];
    int n = snprintf(text, sizeof(text), "9007199254740993.%0900d", 0);

    (void)state;
    check(text);
    text[n - 1] = '1';
    check(text);
    n = snprintf(text, sizeof(text), "0.%0700d", 0);
    (void)snprintf(text + n, sizeof(text) - (size_t)n, "123456789e705");
    check(text);
    n = snprintf(text, sizeof(text), "1%0300d", 0);
    check(text);
    (void)snprintf(text + n, sizeof(text) - (size_t)n, "e-290");
    check(text);
}

/* The locale with a decimal comma that `make check` has put into the build tree
 * for this. */
static void
set_german_locale(void)
{
    const char *top = getenv("top_builddir");
    char folder[4096];

    (void)snprintf(folder, sizeof(folder), "%s/tests/protobuf/locale",
        top != NULL ? top : ".");
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
        fail_msg("there is no de_DE.UTF-8 in %s: `make check` makes it",
            folder);
    assert_string_equal(localeconv()->decimal_point, ",");
}

static void
the_locale_has_no_say(void **state)
{
    uint64_t bits = 0;

    (void)state;
    set_german_locale();
    assert_int_equal(pb_number_to_bits(PB_DOUBLE, "1.5e-100", 8, &bits),
        PB_NUMBER_OK);
    (void)setlocale(LC_ALL, "C");
    assert_int_equal(bits, UINT64_C(0x2b34ff632b6a83e4));
}

static void
the_grammar_is_that_of_json(void **state)
{
    static const char *const good[] = { "0", "-0", "1", "10", "1.0", "1.50",
        "1e5", "1E5", "1e+5", "1e-5", "0.0e0", "-12.5E-3", "0e00" };
    static const char *const bad[] = { "", "-", "+1", ".5", "1.", "01", "-01",
        "1e", "1e+", "1e5.0", "e5", "1 ", " 1", "0x1", "1.e5", "--1", "1.5.5",
        "1e5e5", "inf", "nan", "1a" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(pb_number_is_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(pb_number_is_valid(bad[i], strlen(bad[i])));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_half_way_between_two_go_to_the_even_one),
        cmocka_unit_test(random_numbers_are_rounded_as_the_c_library_does),
        cmocka_unit_test(long_numbers_are_rounded_once),
        cmocka_unit_test(the_locale_has_no_say),
        cmocka_unit_test(the_grammar_is_that_of_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
