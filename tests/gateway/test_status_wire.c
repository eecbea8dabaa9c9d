/* SPDX-License-Identifier: Apache-2.0 */
/* google.rpc.Status as bytes: what is passed on of an upstream's, and what is
 * made of our own. */
#include "gateway/status_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define URL "type.googleapis.com/"

/* Details as fields of a Status: an Any with a URL and a value. */
#define RETRY "\x1a\x30\n\x28" URL "google.rpc.RetryInfo\x12\4\n\2\x08\x1e"
#define DEBUG "\x1a\x2a\n\x28" URL "google.rpc.DebugInfo"
/* Nobody knows its type, but its value names a DebugInfo. */
#define BOXED "\x1a\x1e\n\6acme/B\x12\x14google.rpc.DebugInfo"

static struct sluice_str
wire_of(const struct gw_status *status, bool shows_debug, struct pb_buf *out)
{
    pb_buf_init_heap(out, 65536);
    assert_int_equal(gw_status_to_wire(status, shows_debug, out), PB_OK);
    return sluice_str_n((const char *)out->data, out->len);
}

static void
assert_wire(const struct gw_status *status, bool shows_debug,
    struct sluice_str expected)
{
    struct pb_buf out;
    struct sluice_str wire = wire_of(status, shows_debug, &out);

    assert_int_equal(wire.len, expected.len);
    if (expected.len > 0)
        assert_memory_equal(wire.ptr, expected.ptr, expected.len);
    pb_buf_fini_heap(&out);
}

#define BYTES(text) sluice_str_n(text, sizeof text - 1)

static void
a_status_without_details_is_nothing(void **state)
{
    struct gw_status status = { .code = 5, .message = sluice_str("no") };

    (void)state;
    assert_wire(&status, false, BYTES(""));
    status.details = BYTES("\x08\5\x12\2no");
    assert_wire(&status, false, BYTES(""));
}

static void
details_go_behind_our_own_code_and_message(void **state)
{
    const struct gw_status status = {
        .code = 5,
        .message = sluice_str("cut"),
        .details = BYTES("\x08\5\x12\4long" RETRY),
    };

    (void)state;
    assert_wire(&status, false, BYTES("\x08\5\x12\3cut" RETRY));
}

static void
debug_info_is_shown_only_when_allowed(void **state)
{
    const struct gw_status status = {
        .code = 5,
        .message = sluice_str("no"),
        .details = BYTES(DEBUG RETRY),
    };
    const struct gw_status only = { .code = 5, .details = BYTES(DEBUG) };

    (void)state;
    assert_wire(&status, false, BYTES("\x08\5\x12\2no" RETRY));
    assert_wire(&status, true, BYTES("\x08\5\x12\2no" DEBUG RETRY));
    assert_wire(&only, false, BYTES(""));
}

static void
a_detail_that_has_debug_info_inside_is_kept_back_too(void **state)
{
    const struct gw_status status = {
        .code = 5,
        .message = sluice_str("no"),
        .details = BYTES(BOXED),
    };

    (void)state;
    assert_wire(&status, false, BYTES(""));
    assert_wire(&status, true, BYTES("\x08\5\x12\2no" BOXED));
}

static void
a_violation_becomes_a_BadRequest(void **state)
{
    const struct gw_status status = {
        .code = 3,
        .message = sluice_str("bad"),
        .field = sluice_str("a.b"),
        .description = sluice_str("why"),
    };
    struct pb_buf out;
    struct sluice_str wire = wire_of(&status, false, &out);
    struct sluice_str message;
    struct gw_detail d;
    int32_t code;
    size_t at = 0;

    (void)state;
    assert_true(gw_status_read(wire, &code, &message));
    assert_int_equal(code, 3);
    assert_true(sluice_str_equal(message, sluice_str("bad")));
    assert_true(gw_status_next_detail(wire, &at, &d));
    assert_true(gw_detail_is(&d, "google.rpc.BadRequest"));
    assert_true(sluice_str_equal(d.value, BYTES("\n\n\n\3a.b\x12\3why")));
    assert_false(gw_status_next_detail(wire, &at, &d));
    pb_buf_fini_heap(&out);
}

static void
only_what_follows_the_last_slash_names_a_type(void **state)
{
    struct gw_detail d = { .url = sluice_str("a/b/acme.T") };

    (void)state;
    assert_true(gw_detail_is(&d, "acme.T"));
    assert_false(gw_detail_is(&d, "T"));
    d.url = sluice_str("acme.T");
    assert_true(gw_detail_is(&d, "acme.T"));
    d.url = sluice_str("x.acme.T");
    assert_false(gw_detail_is(&d, "acme.T"));
    d.url = sluice_str("");
    assert_false(gw_detail_is(&d, "acme.T"));
}

static void
a_broken_detail_is_passed_over(void **state)
{
    const struct sluice_str status = BYTES("\x1a\2\n\x7f" RETRY "\x1a\x7f");
    struct gw_detail d;
    size_t at = 0;

    (void)state;
    assert_true(gw_status_next_detail(status, &at, &d));
    assert_true(gw_detail_is(&d, "google.rpc.RetryInfo"));
    assert_false(gw_status_next_detail(status, &at, &d));
}

static void
what_does_not_fit_leaves_nothing_behind(void **state)
{
    const struct gw_status status = { .code = 5, .details = BYTES(RETRY) };
    struct pb_buf out;

    (void)state;
    pb_buf_init_heap(&out, 24);
    assert_int_equal(pb_buf_put(&out, "ab", 2), PB_OK);
    assert_int_not_equal(gw_status_to_wire(&status, false, &out), PB_OK);
    assert_int_equal(out.len, 2);
    pb_buf_fini_heap(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_without_details_is_nothing),
        cmocka_unit_test(details_go_behind_our_own_code_and_message),
        cmocka_unit_test(debug_info_is_shown_only_when_allowed),
        cmocka_unit_test(a_detail_that_has_debug_info_inside_is_kept_back_too),
        cmocka_unit_test(a_violation_becomes_a_BadRequest),
        cmocka_unit_test(only_what_follows_the_last_slash_names_a_type),
        cmocka_unit_test(a_broken_detail_is_passed_over),
        cmocka_unit_test(what_does_not_fit_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
