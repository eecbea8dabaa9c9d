/* SPDX-License-Identifier: Apache-2.0 */
#include "protobuf/number_out.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { RANDOM_NUMBERS = 100000 };

/* xorshift: the same numbers each time */
static uint64_t
next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static const char *
text_of_double(char *text, double v)
{
    *pb_double_format((uint8_t *)text, v) = '\0';
    assert_true(strlen(text) <= PB_NUMBER_MAX);
    return text;
}

static const char *
text_of_float(char *text, float v)
{
    *pb_float_format((uint8_t *)text, v) = '\0';
    assert_true(strlen(text) <= PB_NUMBER_MAX);
    return text;
}

/* Digits without leading and trailing zeros. */
static size_t
significant(const char *text)
{
    size_t n = 0, zeros = 0;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

/* ---- Integers ------------------------------------------------------------ */

static void
is_like_printf(uint64_t v)
{
    char text[PB_NUMBER_MAX + 1], expected[PB_NUMBER_MAX + 1];

    *pb_u64_format((uint8_t *)text, v) = '\0';
    (void)snprintf(expected, sizeof expected, "%" PRIu64, v);
    assert_string_equal(text, expected);
    *pb_i64_format((uint8_t *)text, (int64_t)v) = '\0';
    (void)snprintf(expected, sizeof expected, "%" PRId64, (int64_t)v);
    assert_string_equal(text, expected);
}

static void
integers_are_written_like_printf_does(void **state)
{
    uint64_t seed = 1, power = 1;

    (void)state;
    for (uint64_t v = 0; v < 20000; v++)
        is_like_printf(v);
    for (int i = 0; i < 20; i++, power *= 10)
        for (uint64_t near = 0; near < 3; near++)
            is_like_printf(power - 1 + near);
    for (int i = 0; i < 64; i++) {
        is_like_printf(UINT64_C(1) << i);
        is_like_printf((UINT64_C(1) << i) - 1);
    }
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        uint64_t v = next_random(&seed);

        is_like_printf(v >> (v & 63));
    }
}

static void
fixed_digits_have_leading_zeros(void **state)
{
    uint8_t text[16];
    char expected[16];

    (void)state;
    for (unsigned digits = 1; digits <= 9; digits++) {
        uint32_t v = digits < 2 ? 7 : 42;

        assert_ptr_equal(pb_u32_format_fixed(text, v, digits), text + digits);
        (void)snprintf(expected, sizeof expected, "%0*u", (int)digits, v);
        assert_memory_equal(text, expected, digits);
    }
}

/* ---- The form of floating point ------------------------------------------ */

static void
doubles_have_the_form_that_is_promised(void **state)
{
    static const struct {
        double v;
        const char *text;
    } table[] = {
        { 0, "0" },
        { -0.0, "-0.0" },
        { 1, "1" },
        { -1, "-1" },
        { 0.1, "0.1" },
        { 0.3, "0.3" },
        { 19.99, "19.99" },
        { 1234.5, "1234.5" },
        { 0.001, "0.001" },
        { 0.0001, "0.0001" },
        { 100, "100" },
        { 9007199254740993.0, "9007199254740992" },
        { 123456789012345680000.0, "123456789012345680000" },
        { 1e20, "100000000000000000000" },
        { 1e21, "1e+21" },
        { 1.5e21, "1.5e+21" },
        { 999999999999999900000.0, "999999999999999900000" },
        { 1e23, "1e+23" },
        { 1e-6, "0.000001" },
        { 1.25e-6, "0.00000125" },
        { 9.999e-7, "9.999e-7" },
        { 1e-7, "1e-7" },
        { -2.5e-10, "-2.5e-10" },
        { 5e-324, "5e-324" },
        { DBL_MIN, "2.2250738585072014e-308" },
        { 2.225073858507201e-308, "2.225073858507201e-308" },
        { DBL_MAX, "1.7976931348623157e+308" },
        { 9.5367431640625e-07, "9.5367431640625e-7" },
        { 4.35, "4.35" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 2.0 / 3.0, "0.6666666666666666" },
        { 9.0e15, "9000000000000000" },
        { 5.0e-5, "0.00005" },
    };
    char text[PB_NUMBER_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(text_of_double(text, table[i].v), table[i].text);
}

static void
floats_have_the_form_that_is_promised(void **state)
{
    static const struct {
        float v;
        const char *text;
    } table[] = {
        { 0, "0" },
        { -0.0f, "-0.0" },
        { 0.1f, "0.1" },
        { 16777216, "16777216" },
        { 3.4028235e38f, "3.4028235e+38" },
        { 1e-45f, "1e-45" },
        { FLT_MIN, "1.1754944e-38" },
        { 1e21f, "1e+21" },
        { 1e20f, "100000000000000000000" },
        { 0.000001f, "0.000001" },
        { 2.5e-7f, "2.5e-7" },
        { 8388609.5f, "8388610" },
    };
    char text[PB_NUMBER_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(text_of_float(text, table[i].v), table[i].text);
}

/* ---- Shortest, and the same number --------------------------------------- */

/* The significant digits alone. */
static void
digits_of(char *to, const char *text)
{
    size_t n = significant(text);

    while (n > 0) {
        while (*text < '0' || *text > '9')
            text++;
        if (*text != '0' || to[-1] != '\0') {
            *to++ = *text;
            n--;
        }
        text++;
    }
    *to = '\0';
}

/* No longer than what printf needs; and when it needs as many digits, then the
 * same ones, for it tries the nearest number of so many digits only. */
static void
is_as_good(const char *text, const char *tried)
{
    char a[64] = "", b[64] = "";

    if (significant(text) > significant(tried))
        fail_msg("%s is longer than %s", text, tried);
    digits_of(a + 1, text);
    digits_of(b + 1, tried);
    if (significant(text) == significant(tried))
        assert_string_equal(a + 1, b + 1);
}

static void
is_shortest_double(double v)
{
    char text[PB_NUMBER_MAX + 1], tried[64];
    double back;
    int digits = 0;

    if (!isfinite(v))
        return;
    back = strtod(text_of_double(text, v), NULL);
    assert_memory_equal(&back, &v, sizeof v);
    do
        (void)snprintf(tried, sizeof tried, "%.*e", digits++, v);
    while (strtod(tried, NULL) != v);
    is_as_good(text, tried);
}

static void
is_shortest_float(float v)
{
    char text[PB_NUMBER_MAX + 1], tried[64];
    float back;
    int digits = 0;

    if (!isfinite(v))
        return;
    back = strtof(text_of_float(text, v), NULL);
    assert_memory_equal(&back, &v, sizeof v);
    do
        (void)snprintf(tried, sizeof tried, "%.*e", digits++, (double)v);
    while (strtof(tried, NULL) != v);
    is_as_good(text, tried);
}

static double
double_of(uint64_t bits)
{
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static float
float_of(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static void
random_doubles_are_shortest_and_read_back(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (int i = 0; i < RANDOM_NUMBERS; i++)
        is_shortest_double(double_of(next_random(&seed)));
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        double whole = (double)(int64_t)next_random(&seed);

        is_shortest_double(whole / (double)(1 + next_random(&seed) % 1000));
    }
}

static void
short_decimals_are_written_as_they_were(void **state)
{
    static const double scale[] = { 1, 10, 100, 1000, 1e4, 1e5, 1e6 };
    uint64_t seed = 7;

    (void)state;
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        uint64_t v = next_random(&seed) >> (14 + next_random(&seed) % 50);
        size_t places = next_random(&seed) % 7;
        char text[PB_NUMBER_MAX + 1];

        if (v > UINT64_C(999999999999999))
            v %= UINT64_C(1000000000000000);
        (void)text_of_double(text, (double)v / scale[places]);
        assert_true(strtod(text, NULL) == (double)v / scale[places]);
        assert_true(significant(text) <= 15);
    }
}

static void
every_binade_of_doubles_is_right_at_its_borders(void **state)
{
    (void)state;
    for (uint64_t exponent = 0; exponent < 2047; exponent++) {
        uint64_t first = exponent << 52;

        for (uint64_t i = 0; i < 4; i++) {
            is_shortest_double(double_of(first + i));
            is_shortest_double(double_of(first + i + (UINT64_C(1) << 51)));
            if (first > i)
                is_shortest_double(double_of(first - i));
        }
    }
}

static void
every_power_of_ten_is_one_digit(void **state)
{
    (void)state;
    for (int i = -323; i <= 308; i++) {
        char text[PB_NUMBER_MAX + 1], given[16];

        (void)snprintf(given, sizeof given, "1e%d", i);
        (void)text_of_double(text, strtod(given, NULL));
        assert_int_equal(significant(text), 1);
        assert_true(strtod(text, NULL) == strtod(given, NULL));
    }
}

static void
floats_are_shortest_and_read_back(void **state)
{
    uint64_t seed = 99;

    (void)state;
    for (int i = 0; i < RANDOM_NUMBERS; i++)
        is_shortest_float(float_of((uint32_t)next_random(&seed)));
    for (uint32_t exponent = 0; exponent < 255; exponent++) {
        for (uint32_t i = 0; i < 4; i++) {
            is_shortest_float(float_of((exponent << 23) + i));
            if (exponent > 0)
                is_shortest_float(float_of((exponent << 23) - i));
        }
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_like_printf_does),
        cmocka_unit_test(fixed_digits_have_leading_zeros),
        cmocka_unit_test(doubles_have_the_form_that_is_promised),
        cmocka_unit_test(floats_have_the_form_that_is_promised),
        cmocka_unit_test(random_doubles_are_shortest_and_read_back),
        cmocka_unit_test(short_decimals_are_written_as_they_were),
        cmocka_unit_test(every_binade_of_doubles_is_right_at_its_borders),
        cmocka_unit_test(every_power_of_ten_is_one_digit),
        cmocka_unit_test(floats_are_shortest_and_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
