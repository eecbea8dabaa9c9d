/* SPDX-License-Identifier: Apache-2.0 */
/* Growing buffers, and what an error text lets through. */
#include "protobuf/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void
what_is_put_comes_out_in_order(void **state)
{
    struct pb_buf b;

    (void)state;
    pb_buf_init_heap(&b, 10000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(pb_buf_put(&b, "0123456789", 10), PB_OK);
    assert_int_equal(b.len, 10000);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(b.data[i], '0' + i % 10);
    pb_buf_fini_heap(&b);
}

static void
nothing_at_all_can_be_put_into_an_empty_buffer(void **state)
{
    struct pb_buf b;

    (void)state;
    pb_buf_init_heap(&b, 0);
    assert_int_equal(pb_buf_put(&b, NULL, 0), PB_OK);
    assert_null(b.data);
    pb_buf_fini_heap(&b);
}

static void
the_limit_is_exact_and_leaves_the_bytes_alone(void **state)
{
    struct pb_buf b;

    (void)state;
    pb_buf_init_heap(&b, 5);
    assert_int_equal(pb_buf_put(&b, "abcde", 5), PB_OK);
    assert_int_equal(pb_buf_put(&b, "f", 1), PB_EFULL);
    assert_int_equal(pb_buf_reserve(&b, SIZE_MAX), PB_EFULL);
    assert_int_equal(b.len, 5);
    assert_memory_equal(b.data, "abcde", 5);
    pb_buf_fini_heap(&b);
}

static void
a_heap_buffer_never_takes_more_than_its_limit(void **state)
{
    struct pb_buf b;

    (void)state;
    pb_buf_init_heap(&b, 300);
    assert_int_equal(pb_buf_reserve(&b, 257), PB_OK);
    assert_in_range(b.cap, 257, 300);
    b.len = 257;
    assert_int_equal(pb_buf_reserve(&b, 43), PB_OK);
    assert_int_equal(b.cap, 300);
    pb_buf_fini_heap(&b);
}

static void
a_fixed_buffer_is_full_when_it_is_full(void **state)
{
    uint8_t room[4];
    struct pb_buf b = { .data = room, .cap = sizeof room, .max = SIZE_MAX };

    (void)state;
    assert_int_equal(pb_buf_put(&b, "abcd", 4), PB_OK);
    assert_int_equal(pb_buf_put(&b, "e", 1), PB_EFULL);
}

static bool
refuse(struct pb_buf *b, size_t need)
{
    (void)b;
    (void)need;
    return false;
}

static void
a_grow_that_fails_is_want_of_memory(void **state)
{
    struct pb_buf b = { .max = 10, .grow = refuse };

    (void)state;
    assert_int_equal(pb_buf_put(&b, "a", 1), PB_ENOMEM);
}

static bool
drain(struct pb_buf *b, size_t need)
{
    (void)need;
    *(size_t *)b->arg += b->len;
    b->len = 0;
    return true;
}

static void
a_drained_buffer_starts_again_from_the_front(void **state)
{
    uint8_t room[8];
    size_t drained = 0;
    struct pb_buf b = { .data = room,
        .cap = sizeof room,
        .max = SIZE_MAX,
        .grow = drain,
        .arg = &drained };

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(pb_buf_put(&b, "abc", 3), PB_OK);
    assert_int_equal(drained + b.len, 30);
}

static const char *
message(struct pb_error *e, const char *text)
{
    assert_int_equal(pb_error_set(e, PB_EVALUE, "%s", text), PB_EVALUE);
    assert_int_equal(e->kind, PB_EVALUE);
    return e->message;
}

static void
printable_text_passes_as_it_is(void **state)
{
    struct pb_error e;

    (void)state;
    assert_string_equal(message(&e, "Größe: 5 €, 😁"), "Größe: 5 €, 😁");
}

static void
controls_and_broken_utf8_are_escaped(void **state)
{
    struct pb_error e;

    (void)state;
    assert_string_equal(message(&e, "a\nb\x7f"), "a\\x0ab\\x7f");
    assert_string_equal(message(&e, "\xff\xc3"), "\\xff\\xc3");
    assert_string_equal(message(&e, "\xc0\xaf"), "\\xc0\\xaf");
    assert_string_equal(message(&e, "\xed\xa0\x80"), "\\xed\\xa0\\x80");
    assert_string_equal(message(&e, "\xf4\x90\x80\x80"),
        "\\xf4\\x90\\x80\\x80");
    assert_string_equal(message(&e, "\xe2\x80\xae"), "\\xe2\\x80\\xae");
    assert_string_equal(message(&e, "\xc2\x85"), "\\xc2\\x85");
}

static void
a_long_message_is_cut_between_characters(void **state)
{
    char text[400];
    struct pb_error e;

    (void)state;
    for (size_t i = 0; i < sizeof text - 4; i += 3)
        memcpy(text + i, "€", 4);
    text[399] = '\0';
    message(&e, text);
    assert_int_equal(strlen(e.message), 255);
    assert_memory_equal(e.message, text, 255);
    text[0] = 'x';
    memmove(text + 1, text + 3, strlen(text + 3) + 1);
    message(&e, text);
    assert_int_equal(strlen(e.message), 253);
}

static void
an_error_that_is_set_has_no_stale_place(void **state)
{
    struct pb_error e;

    (void)state;
    memset(&e, 'x', sizeof e);
    message(&e, "text");
    assert_int_equal(e.offset, 0);
    assert_int_equal(e.line, 0);
    assert_int_equal(e.column, 0);
    assert_string_equal(e.path, "");
}

static void
nobody_need_want_the_error(void **state)
{
    (void)state;
    assert_int_equal(pb_error_set(NULL, PB_ELIMIT, "x"), PB_ELIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_out_in_order),
        cmocka_unit_test(nothing_at_all_can_be_put_into_an_empty_buffer),
        cmocka_unit_test(the_limit_is_exact_and_leaves_the_bytes_alone),
        cmocka_unit_test(a_heap_buffer_never_takes_more_than_its_limit),
        cmocka_unit_test(a_fixed_buffer_is_full_when_it_is_full),
        cmocka_unit_test(a_grow_that_fails_is_want_of_memory),
        cmocka_unit_test(a_drained_buffer_starts_again_from_the_front),
        cmocka_unit_test(printable_text_passes_as_it_is),
        cmocka_unit_test(controls_and_broken_utf8_are_escaped),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(an_error_that_is_set_has_no_stale_place),
        cmocka_unit_test(nobody_need_want_the_error),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
