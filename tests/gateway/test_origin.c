/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages may act here. */
#include "gateway/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool
is_same(const char *origin, const char *host)
{
    return gw_origin_is_same(sluice_str(origin), sluice_str(host));
}

static void
the_host_itself_is_the_same_origin(void **state)
{
    (void)state;
    assert_true(is_same("http://a.example", "a.example"));
    assert_true(is_same("https://a.example:8443", "a.example:8443"));
    assert_true(is_same("http://[::1]:80", "[::1]"));
}

static void
letters_may_be_in_any_case(void **state)
{
    (void)state;
    assert_true(is_same("HTTPS://A.Example", "a.eXample"));
}

static void
the_port_of_the_scheme_may_be_written_or_not(void **state)
{
    (void)state;
    assert_true(is_same("http://a.example", "a.example:80"));
    assert_true(is_same("https://a.example:443", "a.example"));
    assert_false(is_same("http://a.example", "a.example:443"));
    assert_false(is_same("https://a.example", "a.example:80"));
}

static void
another_name_or_port_is_another_origin(void **state)
{
    (void)state;
    assert_false(is_same("http://a.example", "b.example"));
    assert_false(is_same("http://a.example:81", "a.example:82"));
    assert_false(is_same("http://a.example.evil", "a.example"));
    assert_false(is_same("http://evil.a.example", "a.example"));
}

static void
what_is_no_web_origin_is_not_the_same(void **state)
{
    (void)state;
    assert_false(is_same("null", "null"));
    assert_false(is_same("file://", ""));
    assert_false(is_same("http://", ""));
    assert_false(is_same("", ""));
    assert_false(is_same("a.example", "a.example"));
}

static void
a_list_names_whole_origins(void **state)
{
    static const char *const list[] = { "https://a.example",
        "https://b.example" };

    (void)state;
    assert_true(gw_origin_is_listed(sluice_str("https://b.example"), list, 2));
    assert_false(gw_origin_is_listed(sluice_str("http://a.example"), list, 2));
    assert_false(
        gw_origin_is_listed(sluice_str("https://a.example:1"), list, 2));
    assert_false(gw_origin_is_listed(sluice_str(""), list, 2));
    assert_false(gw_origin_is_listed(sluice_str("null"), list, 2));
    assert_false(gw_origin_is_listed(sluice_str("https://a.example"), NULL, 0));
}

static void
a_star_is_every_origin(void **state)
{
    static const char *const list[] = { "*" };

    (void)state;
    assert_true(gw_origin_is_listed(sluice_str("http://x"), list, 1));
}

static void
a_star_in_a_name_is_names_below(void **state)
{
    static const char *const list[] = { "https://*.a.example" };

    (void)state;
    assert_true(
        gw_origin_is_listed(sluice_str("https://x.a.example"), list, 1));
    assert_false(gw_origin_is_listed(sluice_str("https://a.example"), list, 1));
    assert_false(
        gw_origin_is_listed(sluice_str("https://*.a.example"), list, 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_itself_is_the_same_origin),
        cmocka_unit_test(letters_may_be_in_any_case),
        cmocka_unit_test(the_port_of_the_scheme_may_be_written_or_not),
        cmocka_unit_test(another_name_or_port_is_another_origin),
        cmocka_unit_test(what_is_no_web_origin_is_not_the_same),
        cmocka_unit_test(a_list_names_whole_origins),
        cmocka_unit_test(a_star_is_every_origin),
        cmocka_unit_test(a_star_in_a_name_is_names_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
