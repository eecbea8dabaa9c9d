/* SPDX-License-Identifier: Apache-2.0 */
/* Values of headers as lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/list.h"

static void
elements_come_without_their_blanks(void **state)
{
    struct sluice_str rest = sluice_str(" a , ,b;c\t");
    struct sluice_str part;

    (void)state;
    assert_true(gw_list_next(&rest, ',', &part));
    assert_true(sluice_str_equal(part, sluice_str("a")));
    assert_true(gw_list_next(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_true(gw_list_next(&rest, ',', &part));
    assert_true(sluice_str_equal(part, sluice_str("b;c")));
    assert_false(gw_list_next(&rest, ',', &part));
    assert_int_equal(part.len, 0);
}

static void
a_token_is_found_in_any_case_and_with_parameters(void **state)
{
    static const char *const with[] = { "close", "a, Close", " close ;x=1, b",
        "a;close, CLOSE;" };
    static const char *const without[] = { "", ",", "closed", "clos", "a;close",
        "close x" };

    (void)state;
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        assert_true(gw_list_has(sluice_str(with[i]), "close"));
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        assert_false(gw_list_has(sluice_str(without[i]), "close"));
    assert_false(gw_list_has(sluice_str_n(NULL, 0), "close"));
}

static void
a_weight_is_in_thousandths_and_zero_if_it_is_none(void **state)
{
    static const struct {
        const char *parameters;
        unsigned weight;
    } rows[] = {
        { "", 1000 },
        { "v=1", 1000 },
        { "q=1", 1000 },
        { "v=1; Q = 0.5", 500 },
        { "q=0.001", 1 },
        { "q=0", 0 },
        { "q=0.", 0 },
        { "q=1.001", 1000 },
        { "q", 0 },
        { "q=", 0 },
        { "q=.5", 0 },
        { "q=2", 0 },
        { "q=0.1234", 0 },
        { "q=0.x", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (gw_list_weight(sluice_str(rows[i].parameters)) != rows[i].weight)
            fail_msg("%s", rows[i].parameters);
}

static void
a_coding_is_taken_unless_its_weight_is_zero(void **state)
{
    static const char *const taken[] = { "gzip", "br, GZIP", "gzip;q=1",
        " gzip ; q=0.001", "gzip;x=0", "br;q=0,gzip" };
    static const char *const refused[] = { "", "br", "gzip;q=0", "xgzip",
        "gzip ; Q=0.000", "br, gzip;q=0., deflate" };

    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_true(gw_list_takes(sluice_str(taken[i]), "gzip"));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(gw_list_takes(sluice_str(refused[i]), "gzip"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_without_their_blanks),
        cmocka_unit_test(a_token_is_found_in_any_case_and_with_parameters),
        cmocka_unit_test(a_weight_is_in_thousandths_and_zero_if_it_is_none),
        cmocka_unit_test(a_coding_is_taken_unless_its_weight_is_zero),
    };

    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
