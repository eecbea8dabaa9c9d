/* SPDX-License-Identifier: Apache-2.0 */
/* tests/protobuf/test_unite.c - submessages in pieces are put together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>

#include "protobuf/unite.h"

struct kit {
    struct pb_schema *schema;
    struct pb_buf out;
};

static const struct pb_message *
message(const struct kit *kit, const char *name)
{
    const struct pb_message *m =
        pb_schema_message(kit->schema, name, strlen(name));

    assert_non_null(m);
    return m;
}

/* Text literals as wire format; sizes include the NUL. */
static void
unites(void **state, const char *type, const char *wire, size_t len,
    const char *expected, size_t expected_len)
{
    struct kit *kit = *state;

    assert_int_equal(pb_wire_unite(message(kit, type), (const uint8_t *)wire,
                         len, &kit->out),
        PB_OK);
    assert_int_equal(kit->out.len, expected_len);
    if (expected_len > 0)
        assert_memory_equal(kit->out.data, expected, expected_len);
    kit->out.len = 0;
}

#define UNITES(type, wire, expected) \
    unites(state, type, wire, sizeof wire - 1, expected, sizeof expected - 1)

#define RETRY_INFO "google.rpc.RetryInfo"
#define VALUE "google.protobuf.Value"

static void
what_is_whole_stays_as_it_is(void **state)
{
    UNITES(RETRY_INFO, "", "");
    UNITES(RETRY_INFO, "\x0a\x02\x08\x05", "\x0a\x02\x08\x05");
    UNITES("google.rpc.Status", "\x08\x05\x12\x02no\x1a\x00\x1a\x00",
        "\x08\x05\x12\x02no\x1a\x00\x1a\x00");
}

static void
pieces_of_one_submessage_are_joined_in_order(void **state)
{
    UNITES(RETRY_INFO, "\x0a\x02\x08\x05\x0a\x02\x10\x07",
        "\x0a\x04\x08\x05\x10\x07");
    UNITES(RETRY_INFO, "\x0a\x00\x0a\x02\x08\x05", "\x0a\x02\x08\x05");
}

static void
other_fields_keep_their_order_around_them(void **state)
{
    /* Unknown fields 2 and 3 stand between the pieces. */
    UNITES(RETRY_INFO,
        "\x10\x01\x0a\x02\x08\x05\x1a\x01x\x0a\x02\x10\x07\x10\x02",
        "\x10\x01\x0a\x04\x08\x05\x10\x07\x1a\x01x\x10\x02");
}

static void
pieces_inside_joined_pieces_are_joined_as_well(void **state)
{
    /* Value.list_value (6) in two pieces, each with a ListValue.values (1)
     * element: repeated, so the elements stay apart. */
    UNITES(VALUE, "\x32\x04\x0a\x02\x20\x01\x32\x04\x0a\x02\x20\x00",
        "\x32\x08\x0a\x02\x20\x01\x0a\x02\x20\x00");
    /* BadRequest.FieldViolation.localized_message (4), in a violation that
     * itself comes whole: nothing above it is in pieces. */
    UNITES("google.rpc.BadRequest.FieldViolation",
        "\x22\x03\x0a\x01x\x12\x01y\x22\x03\x12\x01z",
        "\x22\x06\x0a\x01x\x12\x01z\x12\x01y");
}

static void
a_joined_submessage_may_need_a_longer_length(void **state)
{
    struct kit *kit = *state;
    uint8_t wire[2 * 103];
    const uint8_t *p;

    memset(wire, 'x', sizeof wire);
    for (int i = 0; i < 2; i++) {
        memcpy(wire + i * 103, "\x22\x65\x0a\x63", 4);
    }
    assert_int_equal(pb_wire_unite(message(kit,
                                       "google.rpc.BadRequest.FieldViolation"),
                         wire, sizeof wire, &kit->out),
        PB_OK);
    p = kit->out.data;
    assert_int_equal(kit->out.len, 1 + 2 + 2 * 101);
    assert_memory_equal(p, "\x22\xca\x01\x0a\x63", 5);
}

static void
what_is_too_scattered_is_copied_as_it_is(void **state)
{
    struct kit *kit = *state;
    uint8_t wire[300 * 4];

    for (int i = 0; i < 300; i++)
        memcpy(wire + (size_t)i * 4, "\x0a\x02\x08\x05", 4);
    assert_int_equal(pb_wire_unite(message(kit, RETRY_INFO), wire, sizeof wire,
                         &kit->out),
        PB_OK);
    assert_int_equal(kit->out.len, sizeof wire);
    assert_memory_equal(kit->out.data, wire, sizeof wire);
}

static void
broken_wire_format_is_an_error(void **state)
{
    struct kit *kit = *state;
    static const char *const broken[] = { "\x0a", "\x0a\x05x", "\x0f", "\x07" };

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(pb_wire_unite(message(kit, RETRY_INFO),
                             (const uint8_t *)broken[i], strlen(broken[i]),
                             &kit->out),
            PB_ESYNTAX);
}

static void
the_limit_of_the_output_holds(void **state)
{
    struct kit *kit = *state;

    kit->out.max = 3;
    assert_int_equal(pb_wire_unite(message(kit, RETRY_INFO),
                         (const uint8_t *)"\x0a\x02\x08\x05", 4, &kit->out),
        PB_EFULL);
}

static int
set_up(void **state)
{
    static struct kit kit;
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error error;

    assert_non_null(b);
    assert_int_equal(pb_schema_builder_build(b, &kit.schema, &error), PB_OK);
    pb_schema_builder_free(&b);
    pb_buf_init_heap(&kit.out, 4096);
    *state = &kit;
    return 0;
}

static int
tear_down(void **state)
{
    struct kit *kit = *state;

    pb_buf_fini_heap(&kit->out);
    pb_schema_free(&kit->schema);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_whole_stays_as_it_is),
        TEST(pieces_of_one_submessage_are_joined_in_order),
        TEST(other_fields_keep_their_order_around_them),
        TEST(pieces_inside_joined_pieces_are_joined_as_well),
        TEST(a_joined_submessage_may_need_a_longer_length),
        TEST(what_is_too_scattered_is_copied_as_it_is),
        TEST(broken_wire_format_is_an_error),
        TEST(the_limit_of_the_output_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
