/* SPDX-License-Identifier: Apache-2.0 */
/* The form that an Accept header asks of a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/accept.h"

static void
asks(const char *accept, enum gw_stream_type type)
{
    assert_int_equal(gw_accept_stream(sluice_str(accept)), type);
}

static void
without_a_header_it_is_NDJSON(void **state)
{
    (void)state;
    assert_int_equal(gw_accept_stream(sluice_str_n(NULL, 0)), GW_STREAM_NDJSON);
    asks("", GW_STREAM_NDJSON);
    asks(" , ;", GW_STREAM_NDJSON);
}

static void
each_form_has_its_type_in_any_case(void **state)
{
    (void)state;
    asks("application/x-ndjson", GW_STREAM_NDJSON);
    asks("Application/JSON; pretty=true", GW_STREAM_ARRAY);
    asks("\ttext/event-Stream ;charset=utf-8", GW_STREAM_SSE);
}

static void
ranges_ask_for_what_comes_first_in_them(void **state)
{
    (void)state;
    asks("*/*", GW_STREAM_NDJSON);
    asks("application/*", GW_STREAM_NDJSON);
    asks("text/*", GW_STREAM_SSE);
    asks("text/html, */*;q=0.1", GW_STREAM_NDJSON);
}

static void
the_highest_weight_wins(void **state)
{
    (void)state;
    asks("application/x-ndjson;q=0.2, application/json;q=0.3", GW_STREAM_ARRAY);
    asks("application/json;q=0.999, text/event-stream", GW_STREAM_SSE);
    asks("application/json;q=0.501, text/event-stream;q=0.5", GW_STREAM_ARRAY);
    asks("application/json ; a=b ; Q=0.1, text/event-stream;q=.9",
        GW_STREAM_ARRAY);
}

static void
of_equal_weights_the_first_in_the_header_wins(void **state)
{
    (void)state;
    asks("application/json, text/event-stream", GW_STREAM_ARRAY);
    asks("text/event-stream, application/json, */*", GW_STREAM_SSE);
    asks("application/json, text/plain, */*", GW_STREAM_ARRAY);
    asks("*/*, application/json", GW_STREAM_NDJSON);
}

static void
the_closest_range_speaks_for_a_type(void **state)
{
    (void)state;
    asks("*/*, application/x-ndjson;q=0.1, application/json;q=0.2, text/*;q=0",
        GW_STREAM_ARRAY);
    asks("application/*;q=0.5, application/x-ndjson;q=0", GW_STREAM_ARRAY);
}

static void
what_allows_no_form_is_NDJSON(void **state)
{
    (void)state;
    asks("text/html, image/*", GW_STREAM_NDJSON);
    asks("application/json;q=0", GW_STREAM_NDJSON);
    asks("*/*;q=0", GW_STREAM_NDJSON);
    asks("application/jsonx, xapplication/json, text/event-streams, text/**",
        GW_STREAM_NDJSON);
}

static void
what_is_no_weight_weighs_nothing(void **state)
{
    static const char *const bad[] = { "q", "q=", "q=2", "q=0.1234", "q=-1",
        "q=01", "q=0.x", "q=\"1\"" };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "application/json;%s", bad[i]);
        asks(text, GW_STREAM_NDJSON);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_header_it_is_NDJSON),
        cmocka_unit_test(each_form_has_its_type_in_any_case),
        cmocka_unit_test(ranges_ask_for_what_comes_first_in_them),
        cmocka_unit_test(the_highest_weight_wins),
        cmocka_unit_test(of_equal_weights_the_first_in_the_header_wins),
        cmocka_unit_test(the_closest_range_speaks_for_a_type),
        cmocka_unit_test(what_allows_no_form_is_NDJSON),
        cmocka_unit_test(what_is_no_weight_weighs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
