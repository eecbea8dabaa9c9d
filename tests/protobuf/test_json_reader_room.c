/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of a string field where the room for them, or the piece they lie in,
 * ends at any of their bytes. What the reader is given is as long as it says
 * and lies on the heap: the address sanitizer sees a byte too many.
 */
#include "tests/protobuf/reader_kit.h"

#include <stdlib.h>

#define NO_MAX 1024

/* What a string may hold, in JSON and in UTF-8. */
struct sample {
    const char *json, *utf8;
};

/* Each sends the reader another way to what follows it. */
static const struct sample leads[] = {
    { "", "" },
    { "\\n", "\n" },
    { "\xc3\xa9", "\xc3\xa9" },
};

static const struct sample marks[] = {
    { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
    { "\\u20ac", "\xe2\x82\xac" },
    { "\\\"", "\"" },
    { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A document with one string, and the message it is. */
struct document {
    char json[128];
    uint8_t wire[128];
    size_t json_len, wire_len;
};

static void
append(struct document *d, const char *json, const char *utf8)
{
    size_t n = strlen(json), m = strlen(utf8);

    assert_true(d->json_len + n <= sizeof(d->json));
    assert_true(d->wire_len + m <= sizeof(d->wire));
    memcpy(d->json + d->json_len, json, n);
    memcpy(d->wire + d->wire_len, utf8, m);
    d->json_len += n;
    d->wire_len += m;
}

/* A lead, some plain text, a mark, and plain text again. */
static void
compose(struct document *d, const struct sample *lead, size_t before,
    const struct sample *mark, size_t after)
{
    d->json_len = 0;
    d->wire_len = 0;
    append(d, "{\"s\":\"", "\x1a?");
    append(d, lead->json, lead->utf8);
    while (before-- > 0)
        append(d, "b", "b");
    append(d, mark->json, mark->utf8);
    while (after-- > 0)
        append(d, "a", "a");
    d->wire[1] = (uint8_t)(d->wire_len - 2);
    append(d, "\"}", "");
}

/* Room for what is needed and arg's bytes more, and no byte besides. */
static bool
grow_by_step(struct pb_buf *b, size_t need)
{
    size_t cap = b->len + need + *(const size_t *)b->arg;
    uint8_t *data;

    if (cap > b->max)
        cap = b->max;
    data = malloc(cap);
    assert_non_null(data);
    if (b->len > 0)
        memcpy(data, b->data, b->len);
    free(b->data);
    b->data = data;
    b->cap = cap;
    return true;
}

/* Reads the document with so much room: all of it comes, or PB_EFULL. */
static void
read_into(struct kit *kit, const struct document *d, size_t max, size_t step)
{
    struct pb_buf out = { .max = max, .grow = grow_by_step, .arg = &step };
    char *text = malloc(d->json_len);
    enum pb_json_state state;

    assert_non_null(text);
    memcpy(text, d->json, d->json_len);
    assert_true(grow_by_step(&out, 0));
    pb_json_reader_start(kit->reader, kit_message(kit, "M"), &kit->options,
        &out);
    state =
        pb_json_reader_feed(kit->reader, text, d->json_len, NULL, &kit->error);
    if (max < d->wire_len) {
        assert_int_equal(state, PB_JSON_ERROR);
        assert_int_equal(kit->error.kind, PB_EFULL);
    } else {
        assert_int_equal(state, PB_JSON_DONE);
        assert_int_equal(out.len, d->wire_len);
        assert_memory_equal(out.data, d->wire, d->wire_len);
    }
    free(text);
    free(out.data);
}

static void
read_into_any_room(struct kit *kit, const struct document *d)
{
    for (size_t max = 0; max <= d->wire_len + 2; max++)
        read_into(kit, d, max, max);
    for (size_t step = 0; step < 24; step++)
        read_into(kit, d, NO_MAX, step);
}

static void
room_may_end_at_any_byte_of_a_text(void **state)
{
    struct document d;

    for (size_t lead = 0; lead < COUNT(leads); lead++) {
        for (size_t mark = 0; mark < COUNT(marks); mark++) {
            for (size_t before = 0; before < 34; before++) {
                compose(&d, &leads[lead], before, &marks[mark], 20);
                read_into_any_room(*state, &d);
            }
        }
    }
}

static void
a_document_may_end_anywhere_behind_a_character(void **state)
{
    struct document d;

    for (size_t mark = 0; mark < COUNT(marks); mark++) {
        for (size_t before = 0; before < 18; before++) {
            for (size_t after = 0; after < 18; after++) {
                compose(&d, &leads[1], before, &marks[mark], after);
                read_into(*state, &d, NO_MAX, 64);
            }
        }
    }
}

static void
a_piece_may_end_at_any_byte_of_a_text(void **state)
{
    struct kit *kit = *state;
    struct document d;

    for (size_t lead = 0; lead < COUNT(leads); lead++) {
        for (size_t mark = 0; mark < COUNT(marks); mark++) {
            for (size_t before = 0; before < 34; before++) {
                compose(&d, &leads[lead], before, &marks[mark], 3);
                assert_int_equal(kit_read_all(kit, "M", d.json, d.json_len),
                    PB_OK);
                assert_int_equal(kit->wire.len, d.wire_len);
                assert_memory_equal(kit->wire.data, d.wire, d.wire_len);
            }
        }
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(room_may_end_at_any_byte_of_a_text),
        TEST(a_document_may_end_anywhere_behind_a_character),
        TEST(a_piece_may_end_at_any_byte_of_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
