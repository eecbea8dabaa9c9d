/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_link.c - one ticket with everything in it each way, over each
 * link; and what gRPC makes of what it has no word for.
 */
#include "tests/rpc/base_world.h"

/* A payload word of size bytes, each of them with this value. */
static void
add_payload(char *words, size_t size, char value, size_t count)
{
    size_t len = strlen(words);

    assert_true(len + count + 3 < size);
    words[len++] = ' ';
    words[len++] = 'p';
    memset(words + len, value, count);
    words[len + count] = '\0';
}

static void
one_ticket_with_everything_goes_each_way(void **state)
{
    struct world *w = *state;
    struct sluice_invocation i = full_invocation(&w->invoker);
    char request[1200] = "m", response[1200] = "m";

    add_payload(request, sizeof(request), 7, 1023);
    add_payload(response, sizeof(response), 8, 1025);
    strncat(request, " c0:asked t", 16);
    strncat(response, " c0:answered t", 16);
    i.group = sluice_str("test.Group");
    i.method = sluice_str("TestMethod");
    invoke_with(w, &i, request);
    assert_string_equal(w->asked_for, "test.Group/TestMethod");
    heard(&w->service, request);
    say(w, &w->service, response);
    heard(&w->invoker, response);
    ended(&w->invoker, SLUICE_COMPLETED);
    assert_true(w->invoker.has_code);
    assert_int_equal(w->invoker.code, 0);
    assert_string_equal(w->invoker.details, "answered");
    ended(&w->service, SLUICE_COMPLETED);
}

/* ---------------------------------------------------------- gRPC alone */

static void
a_completion_with_a_code_of_failure_aborts_the_invoker(void **state)
{
    static const enum sluice_outcome_kind kinds[] = {
        [1] = SLUICE_CANCELLED,
        [4] = SLUICE_EXPIRED,
        [12] = SLUICE_LOCAL_FAILURE,
        [14] = SLUICE_REMOTE_SHUTDOWN,
    };
    char words[32];
    struct world w;
    int code;

    (void)state;
    for (code = 1; code <= 16; code++) {
        world_init(&w, OVER_UNIX);
        invoke(&w, "pask c");
        snprintf(words, sizeof(words), "m c%d:because t", code);
        say(&w, &w.service, words);
        ended(&w.service, SLUICE_COMPLETED);
        ended(&w.invoker,
            code <= 14 && kinds[code] != SLUICE_COMPLETED
                ? kinds[code]
                : SLUICE_REMOTE_FAILURE);
        assert_true(w.invoker.has_code);
        assert_int_equal(w.invoker.code, code);
        assert_string_equal(w.invoker.details, "because");
        world_fini(&w);
    }
}

static void
metadata_that_comes_after_the_headers_is_a_transmission_failure(void **state)
{
    struct world *w = *state;

    invoke(w, "");
    say(w, &w->invoker, "m");
    ended(&w->invoker, SLUICE_TRANSMISSION_FAILURE);
    ended(&w->service, SLUICE_CANCELLED);
    heard(&w->service, "");
}

static void
an_end_that_has_not_started_is_unavailable(void **state)
{
    struct world w;

    (void)state;
    world_init_stopped(&w, OVER_UNIX, NULL);
    assert_int_equal(sluice_end_start(w.invoking), SLUICE_OK);
    invoke(&w, "pone c");
    ended(&w.invoker, SLUICE_REMOTE_SHUTDOWN);
    was_told(&w.invoker, SLUICE_LOCAL_SHUTDOWN);
    world_fini(&w);
}

static void
the_services_maximum_is_told_as_an_expiration(void **state)
{
    const struct sluice_end_options options = {
        .maximum_timeout_ns = 5 * SLUICE_MS,
    };
    struct world w;

    (void)state;
    world_init_stopped(&w, OVER_UNIX, &options);
    world_start(&w);
    invoke(&w, "pone c");
    run_to_the_end(&w);
    ended(&w.service, SLUICE_EXPIRED);
    ended(&w.invoker, SLUICE_EXPIRED);
    was_told(&w.invoker, SLUICE_EXPIRED);
    world_fini(&w);
}

/* Payloads beyond the window and the allowance stay where they are made. */
static void
a_service_that_grants_nothing_holds_the_invoker_back(void **state)
{
    struct world *w = *state;
    char words[4000] = "";
    int i, taken = 0;

    add_payload(words, sizeof(words), 'x', 3900);
    invoke(w, "");
    for (i = 0; i < 200; i++) {
        if (sluice_operation_send_budget(w->invoker.op) > 0) {
            say(w, &w->invoker, words);
            taken++;
        }
    }
    assert_true(taken >= 1);
    assert_true(taken * 3905 <= 65535 + 2 * 3905);
    heard(&w->service, words);
    assert_int_equal(w->service.outcome, STILL_ACTIVE);
}

#define GRPC_ONLY(name) \
    cmocka_unit_test_setup_teardown(name, setup_grpc_world, teardown_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(one_ticket_with_everything_goes_each_way),
        cmocka_unit_test(
            a_completion_with_a_code_of_failure_aborts_the_invoker),
        GRPC_ONLY(
            metadata_that_comes_after_the_headers_is_a_transmission_failure),
        cmocka_unit_test(an_end_that_has_not_started_is_unavailable),
        cmocka_unit_test(the_services_maximum_is_told_as_an_expiration),
        GRPC_ONLY(a_service_that_grants_nothing_holds_the_invoker_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
