/* SPDX-License-Identifier: Apache-2.0 */
/* Broken and deep messages, output that is short of room or memory. */
#include "protobuf/wire.h"
#include "tests/memory.h"
#include "tests/protobuf/writer_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define ANY_OF(type, content) \
    "#1:2 { '/sluice.test.writer" type "' } #2:2 { " content " }"

/* Something of everything, in order. */
static const char everything[] =
    "#1:1 9a9999999999b93f #2:5 cdcccc3d #3 =-150 #4 =-1 #7 =3 #9:5 01020304 "
    "#13 =1 #14:2 { 'text with ' c3a9 ' and 'e282ac' and ' 0a 22 } "
    "#15:2 { 00 01 02 03 04 05 06 07 } #16 =2 #17:2 { #3 =1 #17:2 { #4 =2 } } "
    "#18 =7 #21:2 { 000000000000f03f 0000000000000040 } #23:2 { 01 02 8e02 } "
    "#25 =1 #25 =2 #34:2 {'a'} #34:2 {} #35:2 { ff } #36 =1 "
    "#37:2 { #14:2 {'x'} } #37:2 {} #41 =0 #53:2 { #3 =5 } "
    "#61:2 { #1:2 {'k'} #2:2 {'v'} } #62:2 { #1 =-7 #2 =300 } "
    "#70:2 { #1:2 {'k'} #2:2 { #3 =1 } } "
    "#81:2 { " ANY_OF(".Publisher",
        "#1:2 {'n'} #3 =5") " } "
                            "#82:2 { #1 =1700000000 #2 =5000 } #83:2 { #1 =-3 #2 =-500000000 } "
                            "#84:2 { #1:2 {'foo_bar'} #1:2 {'b'} } "
                            "#85:2 { #1:2 { #1:2 {'a'} #2:2 { #6:2 { #1:2 { #1 =0 } #1:2 { #4 =1 } } "
                            "} } } #86:2 { #2:1 000000000000f83f } #92:2 { #1 =-1 } "
                            "#101:2 { " ANY_OF("2.Old",
                                "#6:3 #1 =1 #4:3 #1 =2 #4:4 #6:4 #100 =5") " } "
                                                                           "#3000:3 #1 =1 #2:3 #2:4 #3000:4";

/* The like, in disorder. */
static const char disorder[] =
    "#37:2 { #4 =1 #3 =2 #14:2 {'a'} #14:2 {'b'} } #17:2 { #17:2 { #3 =1 } } "
    "#51 =1 #62:2 { #2 =1 #1 =5 } #3 =1 #53:2 { #4 =1 } #37:2 {} #3000 =1 "
    "#17:2 { #17:2 { #5 =2 #4 =3 } #3 =1 } #53:2 { #3 =2 } #3 =2 "
    "#62:2 { #1 =5 #2 =6 } #86:2 { #3:2 {'x'} #6:2 { #1:2 { #4 =1 } } } "
    "#81:2 { #2:2 { #6:3 #2:2 {'s'} #1 =1 #6:4 #1 =1 #6:3 #4:3 #4:4 #6:4 } "
    "#1:2 { '/sluice.test.writer2.Old' } } #61:2 { #1:2 {'z'} } #1:1 "
    "000000000000f03f #61:2 { #1:2 {'z'} #2:2 {'y'} }";

/* ---- Running the writer on bytes ----------------------------------------- */

static enum pb_err
run(struct writer_fixture *x, const char *message, const uint8_t *bytes,
    size_t n)
{
    uint8_t *exact = malloc(n > 0 ? n : 1);
    enum pb_err err;

    assert_non_null(exact);
    memcpy(exact, bytes, n);
    x->out.len = 0;
    err = pb_wire_to_json(x->writer, fixture_message(x, message), &x->options,
        exact, n, &x->out, &x->error);
    free(exact);
    if (err != PB_OK) {
        assert_int_equal(x->error.kind, err);
        assert_true(x->error.offset <= n);
        assert_true(x->error.message[0] != '\0');
        assert_non_null(memchr(x->error.path, 0, sizeof x->error.path));
    }
    return err;
}

static void
assemble(struct pb_buf *wire, const char *text)
{
    pb_buf_init_heap(wire, 1 << 26);
    put_wire(wire, text);
}

/* ---- Broken records ------------------------------------------------------ */

static void
broken_wire_format_is_refused_and_named(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *reason;
    } table[] = {
        { "#3", 0, "varint that is cut short" },
        { "#3 80", 0, "varint that is cut short" },
        { "#3 ffffffffffffffffffffff", 0, "more than 10 bytes" },
        { "#4 =1 #3 ffffffffffffffffffff01", 2, "more than 10 bytes" },
        { "00", 0, "a tag that is none" },
        { "#4 =1 02 00", 2, "a tag that is none" },
        { "1e", 0, "a tag that is none" },
        { "1f", 0, "a tag that is none" },
        { "808080808001", 0, "a tag that is none" },
        { "ffffffff1f", 0, "a tag that is none" },
        { "#3 =1 80", 2, "a tag that is cut short" },
        { "#14:2", 0, "a length that goes past the end" },
        { "#14:2 05 'abcd'", 0, "a length that goes past the end" },
        { "#14:2 ffffffff0f", 0, "a length that goes past the end" },
        { "#14:2 ffffffffffffffff7f", 0, "a length that goes past the end" },
        { "#1:1 00000000000000", 0, "a number that is cut short" },
        { "#2:5 000000", 0, "a number that is cut short" },
        { "#3000:3 #1 =1", 0, "a group that does not end" },
        { "#3000:3 #3001:4", 0, "a group that does not end" },
        { "#3:4", 0, "an end of a group that was not begun" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        refuses(*state, "All", table[i].text, PB_ESYNTAX, "", table[i].reason);
        assert_int_equal(((struct writer_fixture *)*state)->error.offset,
            table[i].offset);
    }
}

static void
broken_parts_inside_are_refused_with_their_place(void **state)
{
    refuses(*state, "All", "#17:2 { #3 }", PB_ESYNTAX, "child", NULL);
    refuses(*state, "All", "#37:2 {} #37:2 { #17:2 { 00 } }", PB_ESYNTAX,
        "children[1].child", NULL);
    refuses(*state, "All", "#23:2 { 01 80 }", PB_ESYNTAX, NULL, NULL);
    refuses(*state, "All", "#21:2 { 0000 }", PB_ESYNTAX, NULL, NULL);
    refuses(*state, "All", "#61:2 { #1:2 05 }", PB_ESYNTAX, "mStringString",
        NULL);
    refuses(*state, "All", "#70:2 { #1:2 {'k'} #2:2 { 00 } }", PB_ESYNTAX,
        "mStringAll[\"k\"]", NULL);
    refuses(*state, "All", "#62:2 { #1 =5 } #62:2 { #1 =-7 08 }", PB_ESYNTAX,
        "mInt32Int32", NULL);
    refuses(*state, "All", "#72:2 {} #67:2 { #1 =3 #2:2 05 }", PB_ESYNTAX,
        "mSint64Bytes", NULL);
    refuses(*state, "All", "#63:2 { #1 =-7 #2:2 { ff } }", PB_EVALUE,
        "mInt64String[-7]", NULL);
    refuses(*state, "All", "#82:2 { 08 }", PB_ESYNTAX, "time", NULL);
    refuses(*state, "All", "#84:2 { 0a 05 }", PB_ESYNTAX, "mask", NULL);
    refuses(*state, "All", "#86:2 { 1a 05 }", PB_ESYNTAX, "value", NULL);
    refuses(*state, "All", "#87:2 { 0a 05 }", PB_ESYNTAX, "list", NULL);
    refuses(*state, "2.Old", "#6:3 #1 =1", PB_ESYNTAX, "", NULL);
    refuses(*state, "2.Old", "#6:3 #7:4 #6:4", PB_ESYNTAX, "", NULL);
}

static void
every_truncation_is_answered(void **state)
{
    static const char *const texts[] = { everything, disorder };

    for (size_t i = 0; i < 2; i++) {
        struct pb_buf wire;
        size_t refused = 0;

        assemble(&wire, texts[i]);
        assert_int_equal(run(*state, "All", wire.data, wire.len), PB_OK);
        for (size_t n = 0; n < wire.len; n++)
            refused += run(*state, "All", wire.data, n) != PB_OK;
        assert_true(refused > wire.len / 2);
        assert_int_equal(run(*state, "All", wire.data, wire.len), PB_OK);
        pb_buf_fini_heap(&wire);
    }
}

static void
every_byte_may_be_any_other(void **state)
{
    static const char *const texts[] = { everything, disorder };
    static const char *const messages[] = { "All", "2.Old", "Pairs" };
    size_t answered = 0;

    for (size_t i = 0; i < 6; i++) {
        struct pb_buf wire;

        assemble(&wire, texts[i % 2]);
        for (size_t at = 0; at < wire.len; at++) {
            uint8_t was = wire.data[at];

            for (unsigned v = 0; v < 256; v += i < 2 ? 1 : 37) {
                wire.data[at] = (uint8_t)v;
                (void)run(*state, messages[i / 2], wire.data, wire.len);
                answered++;
            }
            wire.data[at] = was;
        }
        pb_buf_fini_heap(&wire);
    }
    assert_true(answered > 100000);
}

/* ---- Depth --------------------------------------------------------------- */

enum nest { CHILDREN, GROUPS, UNKNOWN_GROUPS, LISTS, ANYS, MAPS };

static void
wrap(struct pb_buf *wire, const char *before)
{
    struct pb_buf outer;

    pb_buf_init_heap(&outer, 1 << 24);
    put_wire(&outer, before);
    assert_int_equal(pb_put_varint(&outer, wire->len), PB_OK);
    assert_int_equal(pb_buf_put(&outer, wire->data, wire->len), PB_OK);
    pb_buf_fini_heap(wire);
    *wire = outer;
}

/* A message with depth containers inside one another in it. */
static void
nest(struct pb_buf *wire, enum nest kind, unsigned depth)
{
    pb_buf_init_heap(wire, 1 << 24);
    for (unsigned i = 0; i < depth; i++) {
        switch (kind) {
        case CHILDREN:
            wrap(wire, "#17:2");
            break;
        case GROUPS: /* inner { old { inner { ... */
            put_wire(wire, i % 2 == 0 ? "#6:3" : "#3:2 00");
            break;
        case UNKNOWN_GROUPS:
            put_wire(wire, "#3000:3");
            break;
        case LISTS:
            wrap(wire, "#6:2");
            if (i + 1 < depth)
                wrap(wire, "#1:2");
            break;
        case ANYS:
            wrap(wire, "#1:2 { '/google.protobuf.Any' } #2:2");
            break;
        case MAPS:
            wrap(wire, "#2:2");
            wrap(wire, "#70:2");
            break;
        }
    }
    if (kind == UNKNOWN_GROUPS)
        for (unsigned i = 0; i < depth; i++)
            put_wire(wire, "#3000:4");
}

static enum pb_err
run_nested(struct writer_fixture *x, const char *message, enum nest kind,
    unsigned depth)
{
    struct pb_buf wire;
    enum pb_err err;

    nest(&wire, kind, depth);
    err = run(x, message, wire.data, wire.len);
    pb_buf_fini_heap(&wire);
    return err;
}

static void
a_hundred_levels_are_written_and_no_more(void **state)
{
    /* the message itself is the first level */
    assert_int_equal(run_nested(*state, "All", CHILDREN, 99), PB_OK);
    assert_int_equal(run_nested(*state, "All", CHILDREN, 100), PB_ELIMIT);
    assert_int_equal(run_nested(*state, "All", MAPS, 99), PB_OK);
    assert_int_equal(run_nested(*state, "All", MAPS, 100), PB_ELIMIT);
    assert_int_equal(run_nested(*state, "google.protobuf.Value", LISTS, 100),
        PB_OK);
    assert_int_equal(run_nested(*state, "google.protobuf.Value", LISTS, 101),
        PB_ELIMIT);
    assert_int_equal(run_nested(*state, "google.protobuf.Any", ANYS, 100),
        PB_OK);
    assert_int_equal(run_nested(*state, "google.protobuf.Any", ANYS, 101),
        PB_ELIMIT);
    assert_int_equal(run_nested(*state, "All", UNKNOWN_GROUPS, 99), PB_OK);
    assert_int_equal(run_nested(*state, "All", UNKNOWN_GROUPS, 101),
        PB_ESYNTAX);
}

static void
absurd_depths_are_refused(void **state)
{
    assert_int_equal(run_nested(*state, "All", CHILDREN, 5000), PB_ELIMIT);
    assert_int_equal(run_nested(*state, "All", UNKNOWN_GROUPS, 100000),
        PB_ESYNTAX);
    assert_true(run_nested(*state, "2.Old", GROUPS, 10000) != PB_OK);
}

static void
a_path_that_is_too_long_loses_its_beginning(void **state)
{
    static const char tail[] = ".children[0].fString";
    struct writer_fixture *x = *state;
    struct pb_buf wire;

    assemble(&wire, "#14:2 { ff }");
    for (int i = 0; i < 80; i++)
        wrap(&wire, "#37:2");
    assert_int_equal(run(x, "All", wire.data, wire.len), PB_EVALUE);
    assert_memory_equal(x->error.path, "...", 3);
    assert_true(strlen(x->error.path) > sizeof x->error.path - 20);
    assert_string_equal(x->error.path + strlen(x->error.path) -
            (sizeof tail - 1),
        tail);
    pb_buf_fini_heap(&wire);
}

static void
the_depth_is_an_option(void **state)
{
    struct writer_fixture *x = *state;

    x->options.max_depth = 3;
    assert_int_equal(run_nested(x, "All", CHILDREN, 2), PB_OK);
    assert_int_equal(run_nested(x, "All", CHILDREN, 3), PB_ELIMIT);
    x->options.max_depth = 1000;
    assert_int_equal(run_nested(x, "All", CHILDREN, 999), PB_OK);
    x->options.max_depth = 1000000;
    assert_int_equal(run_nested(x, "All", CHILDREN, 1000), PB_ELIMIT);
}

/* ---- Output -------------------------------------------------------------- */

static void
the_text_does_not_depend_on_the_pieces_it_leaves_in(void **state)
{
    static const char *const texts[] = { everything, disorder };
    struct writer_fixture *x = *state;

    for (size_t i = 0; i < 4; i++) {
        struct pb_buf wire;

        x->options.pretty = i >= 2;
        x->options.emit_defaults = i >= 2;
        assemble(&wire, texts[i % 2]);
        assert_int_equal(run(x, "All", wire.data, wire.len), PB_OK);
        assert_int_equal(pb_buf_put(&x->out, "", 1), PB_OK);
        for (size_t room = 1; room <= 64; room++) {
            struct drain d;

            drain_init(&d, room);
            assert_int_equal(pb_wire_to_json(x->writer,
                                 fixture_message(x, "All"), &x->options,
                                 wire.data, wire.len, &d.buf, &x->error),
                PB_OK);
            drain_rest(&d);
            assert_string_equal((const char *)d.sink.data,
                (const char *)x->out.data);
            drain_fini(&d);
        }
        pb_buf_fini_heap(&wire);
    }
}

static void
output_follows_what_the_buffer_has(void **state)
{
    struct writer_fixture *x = *state;

    x->out.len = 0;
    assert_int_equal(pb_buf_put(&x->out, "data: ", 6), PB_OK);
    assert_int_equal(pb_wire_to_json(x->writer, fixture_message(x, "All"), NULL,
                         (const uint8_t *)"\x18\x07", 2, &x->out, &x->error),
        PB_OK);
    assert_int_equal(x->out.len, 18);
    assert_memory_equal(x->out.data, "data: {\"fInt32\":7}", 18);
}

static void
output_over_its_limit_is_an_error(void **state)
{
    struct writer_fixture *x = *state;
    struct pb_buf wire;
    size_t full;

    assemble(&wire, everything);
    assert_int_equal(run(x, "All", wire.data, wire.len), PB_OK);
    full = x->out.len;
    for (size_t max = 0; max <= full; max++) {
        uint8_t *bytes = malloc(max + 1);
        struct pb_buf out = { .data = bytes, .cap = max, .max = max };
        enum pb_err err;

        assert_non_null(bytes);
        err = pb_wire_to_json(x->writer, fixture_message(x, "All"), &x->options,
            wire.data, wire.len, &out, &x->error);
        assert_int_equal(err, max < full ? PB_EFULL : PB_OK);
        if (max == full)
            assert_memory_equal(bytes, x->out.data, full);
        free(bytes);
    }
    pb_buf_fini_heap(&wire);
}

/* The reader takes what the writer made, and the two agree. */
static void
what_is_written_reads_back(void **state)
{
    static const char *const texts[] = { everything, disorder };
    struct writer_fixture *x = *state;
    struct pb_json_reader *r = pb_json_reader_new();

    assert_non_null(r);
    for (size_t i = 0; i < 4; i++) {
        struct pb_buf wire, again, first;

        x->options.pretty = i >= 2;
        assemble(&wire, texts[i % 2]);
        pb_buf_init_heap(&first, 1 << 20);
        pb_buf_init_heap(&again, 1 << 20);
        assert_int_equal(run(x, "All", wire.data, wire.len), PB_OK);
        assert_int_equal(pb_buf_put(&first, x->out.data, x->out.len), PB_OK);
        if (pb_json_to_wire(r, fixture_message(x, "All"), &x->options,
                (const char *)first.data, first.len, &again,
                &x->error) != PB_OK)
            fail_msg("%s: %s", x->error.path, x->error.message);
        assert_int_equal(run(x, "All", again.data, again.len), PB_OK);
        assert_int_equal(x->out.len, first.len);
        assert_memory_equal(x->out.data, first.data, first.len);
        pb_buf_fini_heap(&wire);
        pb_buf_fini_heap(&first);
        pb_buf_fini_heap(&again);
    }
    pb_json_reader_free(&r);
}

/* ---- Memory -------------------------------------------------------------- */

/* A message in disorder with maps too large for the short way. */
static void
put_hungry(struct pb_buf *wire)
{
    char text[64];

    assemble(wire, disorder);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof text, "#62:2 { #1 =%d }", i % 30);
        put_wire(wire, text);
    }
    for (int i = 536870911; i > 536870880; i--) {
        (void)snprintf(text, sizeof text, "#%d =1", i);
        put_wire(wire, text);
    }
}

static void
short_memory_is_an_error_and_no_more(void **state)
{
    struct writer_fixture *x = *state;
    struct pb_buf wire;
    int failures = 0;

    put_hungry(&wire);
    for (unsigned long n = 1; n <= 1000; n++) {
        struct pb_json_writer *w = pb_json_writer_new();
        struct pb_buf out;
        enum pb_err err;

        assert_non_null(w);
        pb_buf_init_heap(&out, 1 << 20);
        memory_fail_from(n);
        err = pb_wire_to_json(w, fixture_message(x, "All"), &x->options,
            wire.data, wire.len, &out, &x->error);
        memory_suffices();
        pb_buf_fini_heap(&out);
        pb_json_writer_free(&w);
        assert_null(w);
        if (err == PB_OK)
            break;
        assert_int_equal(err, PB_ENOMEM);
        failures++;
    }
    /* the output twice, copy, slots, table twice or more, marks */
    assert_true(failures >= 6 && failures < 100);
    pb_buf_fini_heap(&wire);
}

static void
a_writer_is_as_good_as_new_after_an_error(void **state)
{
    struct writer_fixture *x = *state;
    struct pb_buf wire, first;

    put_hungry(&wire);
    assert_int_equal(run(x, "All", wire.data, wire.len), PB_OK);
    pb_buf_init_heap(&first, 1 << 20);
    assert_int_equal(pb_buf_put(&first, x->out.data, x->out.len), PB_OK);
    for (size_t n = 1; n < wire.len; n += 7) {
        (void)run(x, "All", wire.data, n);
        assert_int_equal(run(x, "All", wire.data, wire.len), PB_OK);
        assert_int_equal(x->out.len, first.len);
        assert_memory_equal(x->out.data, first.data, first.len);
    }
    pb_buf_fini_heap(&first);
    pb_buf_fini_heap(&wire);
}

static void
a_large_message_in_disorder_is_written_and_so_is_the_next(void **state)
{
    struct writer_fixture *x = *state;
    struct pb_buf wire;

    assemble(&wire, "#4 =1");
    while (wire.len < 300000)
        put_wire(&wire, "#34:2 { 'some text' } #4 =2 #17:2 { #4 =3 #3 =4 }");
    assert_int_equal(run(x, "All", wire.data, wire.len), PB_OK);
    assert_memory_equal(x->out.data,
        "{\"fInt64\":\"2\",\"child\":{\"fInt32\":4,\"fInt64\":\"3\"},"
        "\"rString\":[\"some text\",\"some text\",",
        75);
    pb_buf_fini_heap(&wire);
    writes(x, "All", "#4 =1 #3 =1", "{\"fInt32\":1,\"fInt64\":\"1\"}");
}

static void
no_bytes_at_all_are_an_empty_message(void **state)
{
    struct writer_fixture *x = *state;

    x->out.len = 0;
    assert_int_equal(pb_wire_to_json(x->writer, fixture_message(x, "All"), NULL,
                         NULL, 0, &x->out, NULL),
        PB_OK);
    assert_int_equal(pb_wire_field_to_json(x->writer,
                         fixture_field(x, "All", "child"), NULL, NULL, 0,
                         &x->out, NULL),
        PB_OK);
    assert_memory_equal(x->out.data, "{}{}", x->out.len);
}

static void
free_takes_a_writer_or_nothing(void **state)
{
    struct pb_json_writer *w = NULL;

    (void)state;
    pb_json_writer_free(&w);
    w = pb_json_writer_new();
    assert_non_null(w);
    pb_json_writer_free(&w);
    assert_null(w);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        writer_test(broken_wire_format_is_refused_and_named),
        writer_test(broken_parts_inside_are_refused_with_their_place),
        writer_test(a_path_that_is_too_long_loses_its_beginning),
        writer_test(every_truncation_is_answered),
        writer_test(every_byte_may_be_any_other),
        writer_test(a_hundred_levels_are_written_and_no_more),
        writer_test(absurd_depths_are_refused),
        writer_test(the_depth_is_an_option),
        writer_test(the_text_does_not_depend_on_the_pieces_it_leaves_in),
        writer_test(output_follows_what_the_buffer_has),
        writer_test(output_over_its_limit_is_an_error),
        writer_test(what_is_written_reads_back),
        writer_test(short_memory_is_an_error_and_no_more),
        writer_test(a_writer_is_as_good_as_new_after_an_error),
        writer_test(a_large_message_in_disorder_is_written_and_so_is_the_next),
        writer_test(no_bytes_at_all_are_an_empty_message),
        writer_test(free_takes_a_writer_or_nothing),
    };

    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
