/* SPDX-License-Identifier: Apache-2.0 */
/* The opening handshake of a WebSocket, field by field (RFC 6455, 4.2.1). */
#include "gateway/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define GOOD_KEY "dGhlIHNhbXBsZSBub25jZQ=="

static bool
says(struct gw_handshake *h, const char *name, const char *value)
{
    return gw_handshake_read(h, name, strlen(name), sluice_str(value));
}

/* A good one but for its key and version, which may be NULL. */
static struct gw_handshake
handshake(const char *key, const char *version)
{
    struct gw_handshake h = { 0 };

    assert_true(says(&h, "Upgrade", "websocket"));
    assert_true(says(&h, "Connection", "Upgrade"));
    if (key != NULL)
        assert_true(says(&h, "Sec-WebSocket-Key", key));
    if (version != NULL)
        assert_true(says(&h, "Sec-WebSocket-Version", version));
    return h;
}

static void
is_good(const struct gw_handshake *h)
{
    struct gw_handshake_fault fault;

    assert_true(gw_handshake_check(h, "GET", &fault));
}

/* The word is in what is said about it. */
static void
is_bad(const struct gw_handshake *h, const char *verb, unsigned status,
    const char *word)
{
    struct gw_handshake_fault fault;
    char said[200];

    assert_false(gw_handshake_check(h, verb, &fault));
    snprintf(said, sizeof said, "%s: %s",
        fault.field == NULL ? "" : fault.field, fault.expected);
    if (strstr(said, word) == NULL)
        fail_msg("no \"%s\" in \"%s\"", word, said);
    assert_int_equal(fault.status, status);
}

/* ------------------------------------------------------------------ reading */

static void
a_websocket_is_wanted_in_any_case_and_in_lists(void **state)
{
    static const char *const values[] = { "websocket", "WebSocket",
        "h2c, websocket", "websocket,h2c", " \twebsocket\t" };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct gw_handshake h = { 0 };

        assert_true(says(&h, "uPgRaDe", values[i]));
        if (!h.is_wanted)
            fail_msg("%s", values[i]);
    }
}

static void
other_protocols_are_no_websocket(void **state)
{
    static const char *const values[] = { "", "h2c", "websocket2", "web socket",
        "websocket/13", "xwebsocket" };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct gw_handshake h = { 0 };

        assert_true(says(&h, "upgrade", values[i]));
        if (h.is_wanted)
            fail_msg("%s", values[i]);
    }
}

static void
lists_may_come_in_several_fields(void **state)
{
    struct gw_handshake h = { 0 };

    (void)state;
    says(&h, "Upgrade", "websocket");
    says(&h, "Upgrade", "h2c");
    says(&h, "Connection", "keep-alive");
    says(&h, "Connection", "Upgrade");
    says(&h, "Connection", "x");
    assert_true(h.is_wanted && h.has_upgrade);
}

static void
other_fields_are_left_to_others(void **state)
{
    static const char *const names[] = { "Host", "Upgrades", "Connectio",
        "Sec-WebSocket-Protoco", "Sec-WebSocket-Versio", "" };
    struct gw_handshake h = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(says(&h, names[i], "websocket"));
    assert_false(h.is_wanted || h.has_upgrade);
    assert_int_equal(h.n_keys + h.n_versions, 0);
}

/* ----------------------------------------------------------------- checking */

static void
the_example_of_the_rfc_is_good(void **state)
{
    struct gw_handshake h = handshake(GOOD_KEY, "13");

    (void)state;
    is_good(&h);
}

static void
only_a_get_can_open_one(void **state)
{
    static const char *const verbs[] = { "HEAD", "POST", "get", "GETS", "" };
    struct gw_handshake h = handshake(GOOD_KEY, "13");

    (void)state;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        is_bad(&h, verbs[i], 400, "GET");
}

static void
connection_has_to_name_upgrade(void **state)
{
    struct gw_handshake h = handshake(GOOD_KEY, "13");

    (void)state;
    h.has_upgrade = false;
    is_bad(&h, "GET", 400, "Connection");
    says(&h, "Connection", "upgraded, close");
    is_bad(&h, "GET", 400, "Connection");
    says(&h, "Connection", "keep-alive, UPGRADE");
    is_good(&h);
}

static void
another_version_is_426_whatever_the_key(void **state)
{
    static const char *const versions[] = { "", "0", "8", "12", "14", "013",
        "13, 8", "13;", "thirteen" };

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct gw_handshake h = handshake(GOOD_KEY, versions[i]);

        is_bad(&h, "GET", 426, "Sec-WebSocket-Version");
        h = handshake(NULL, versions[i]);
        is_bad(&h, "GET", 426, "Sec-WebSocket-Version");
    }
}

static void
no_version_is_426(void **state)
{
    struct gw_handshake h = handshake(GOOD_KEY, NULL);

    (void)state;
    is_bad(&h, "GET", 426, "13");
}

static void
a_key_is_16_bytes_in_base64(void **state)
{
    static const char *const keys[] = { "", "=",
        "==", "dGhlIHNhbXBsZSBub25jZQ", /* no padding */
        "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25j",     /* 15 bytes */
        "dGhlIHNhbXBsZSBub25jZWU=", /* 17 */
        "dGhlIHNhbXBsZSBub25jZWVl", /* 18 */
        "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBs=SBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ= ", "dGhl-HNhbXBsZSBub25jZQ==",
        "========================" };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct gw_handshake h = handshake(keys[i], "13");

        is_bad(&h, "GET", 400, "Sec-WebSocket-Key");
    }
}

static void
no_key_is_400(void **state)
{
    struct gw_handshake h = handshake(NULL, "13");

    (void)state;
    is_bad(&h, "GET", 400, "Sec-WebSocket-Key");
}

static void
key_and_version_stand_once(void **state)
{
    struct gw_handshake h = handshake(GOOD_KEY, "13");

    (void)state;
    says(&h, "sec-websocket-key", GOOD_KEY);
    is_bad(&h, "GET", 400, "one value");
    h = handshake(GOOD_KEY, "13");
    says(&h, "sec-websocket-version", "13");
    is_bad(&h, "GET", 400, "one value");
}

/* ------------------------------------------------------------- the answer */

static void
the_accept_of_the_rfc_comes_out(void **state)
{
    char accept[GW_WEBSOCKET_ACCEPT_LEN + 1];

    (void)state;
    gw_handshake_accept(sluice_str(GOOD_KEY), accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void
chooses(const char *first, const char *second, const char *name)
{
    struct gw_handshake h = handshake(GOOD_KEY, "13");

    assert_true(says(&h, "Sec-WebSocket-Protocol", first));
    if (second != NULL)
        assert_true(says(&h, "sec-websocket-protocol", second));
    if (name == NULL)
        assert_null(h.subprotocol);
    else
        assert_string_equal(h.subprotocol->name, name);
}

static void
the_first_subprotocol_that_is_known_is_chosen(void **state)
{
    (void)state;
    chooses("sluice.json", NULL, "sluice.json");
    chooses("chat,\tsluice.proto , sluice.json", NULL, "sluice.proto");
    chooses(",,chat", "sluice.json+metadata", "sluice.json+metadata");
    chooses("sluice.proto+metadata", "sluice.json", "sluice.proto+metadata");
}

static void
no_subprotocol_is_chosen_that_is_not_known_to_the_letter(void **state)
{
    (void)state;
    chooses("", NULL, NULL);
    chooses("chat", "superchat", NULL);
    chooses("Sluice.JSON, sluice.jso, sluice.json2, sluice json", NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_websocket_is_wanted_in_any_case_and_in_lists),
        cmocka_unit_test(other_protocols_are_no_websocket),
        cmocka_unit_test(lists_may_come_in_several_fields),
        cmocka_unit_test(other_fields_are_left_to_others),
        cmocka_unit_test(the_example_of_the_rfc_is_good),
        cmocka_unit_test(only_a_get_can_open_one),
        cmocka_unit_test(connection_has_to_name_upgrade),
        cmocka_unit_test(another_version_is_426_whatever_the_key),
        cmocka_unit_test(no_version_is_426),
        cmocka_unit_test(a_key_is_16_bytes_in_base64),
        cmocka_unit_test(no_key_is_400),
        cmocka_unit_test(key_and_version_stand_once),
        cmocka_unit_test(the_accept_of_the_rfc_comes_out),
        cmocka_unit_test(the_first_subprotocol_that_is_known_is_chosen),
        cmocka_unit_test(
            no_subprotocol_is_chosen_that_is_not_known_to_the_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
