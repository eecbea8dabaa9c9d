/* SPDX-License-Identifier: Apache-2.0 */
/* What a Content-Type says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/media_type.h"

static void
a_type_is_the_same_in_any_case_and_with_parameters(void **state)
{
    static const char *const same[] = { "a/b", "A/B", " a/b ;c=d", "a/b;" };
    static const char *const others[] = { "", "a/bc", "a/b+json", "a", ";a/b",
        "a/b, c/d" };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(gw_media_type_is(sluice_str(same[i]), "a/b"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(gw_media_type_is(sluice_str(others[i]), "a/b"));
    assert_false(gw_media_type_is(sluice_str_n(NULL, 0), "a/b"));
}

static void
a_charset_other_than_UTF_8_is_found_among_parameters(void **state)
{
    (void)state;
    assert_true(gw_media_type_is_utf8(sluice_str_n(NULL, 0)));
    assert_true(
        gw_media_type_is_utf8(sluice_str("a/b; x=y; charset=\"UTF-8\"")));
    assert_false(gw_media_type_is_utf8(sluice_str("a/b; x=y; charset=latin1")));
    assert_false(gw_media_type_is_utf8(sluice_str("a/b;charset=utf-16;x=y")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_is_the_same_in_any_case_and_with_parameters),
        cmocka_unit_test(a_charset_other_than_UTF_8_is_found_among_parameters),
    };

    return cmocka_run_group_tests_name("media type", tests, NULL, NULL);
}
