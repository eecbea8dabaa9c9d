/* SPDX-License-Identifier: Apache-2.0 */
/* Shows that cmocka and libsluice link; goes with the first real test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const int rpc_placeholder;

static void
the_library_links(void **state)
{
    (void)state;
    assert_int_equal(rpc_placeholder, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
