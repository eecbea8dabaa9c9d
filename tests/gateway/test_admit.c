/* SPDX-License-Identifier: Apache-2.0 */
/* What the method of a request may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/admit.h"

/* tchar of RFC 9110, section 5.6.2, as it is written there. */
static bool
is_tchar(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
        (c >= 'a' && c <= 'z') ||
        (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void
check(const char *verb, size_t len, bool is_token)
{
    struct gw_admission a = { .status = 0 };
    bool is_admitted = gw_admit_verb(verb, len, &a);

    if (is_admitted != is_token)
        fail_msg("\"%.*s\" (%02x): %d", (int)len, verb,
            (unsigned char)verb[len / 2], is_admitted);
    assert_int_equal(a.status, is_token ? 0 : 400);
}

static void
a_method_has_the_bytes_of_a_token_and_no_others(void **state)
{
    unsigned n = 0;

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        const char inside[] = { 'G', c, 'T' };
        const char first[] = { c, 'E' };
        const char last[] = { 'G', 'E', c };

        check(&c, 1, is_tchar(c));
        check(inside, sizeof inside, is_tchar(c));
        check(first, sizeof first, is_tchar(c));
        check(last, sizeof last, is_tchar(c));
        n += is_tchar(c);
    }
    assert_int_equal(n, 10 + 26 + 26 + 15);
}

static void
a_tunnel_is_refused_by_its_whole_name(void **state)
{
    struct gw_admission a;

    (void)state;
    assert_false(gw_admit_verb("CONNECT", 7, &a));
    assert_int_equal(a.status, 501);
    assert_true(gw_admit_verb("CONNECT", 6, &a));
    assert_true(gw_admit_verb("CONNECTS", 8, &a));
    assert_true(gw_admit_verb("connect", 7, &a));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_has_the_bytes_of_a_token_and_no_others),
        cmocka_unit_test(a_tunnel_is_refused_by_its_whole_name),
    };

    return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
