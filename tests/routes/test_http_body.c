/* SPDX-License-Identifier: Apache-2.0 */
/* HttpBody on the wire: the head before the data, and the data of a response in
 * whatever pieces it comes. */
#include "routes/http_body.h"
#include "tests/routes/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROOM 512

/* Bindings of each kind, and one whose field is coded as a group, which the
 * descriptors of the tests cannot say. */
struct fixture {
    struct route_set *set;
    struct pb_field group;
    struct route_rpc put, keep;
    struct route_binding whole, field, grouped, member;
};

static struct route_binding
with_field(const struct fixture *f, const struct pb_field *field)
{
    return (struct route_binding){ .rpc = &f->keep,
        .body = ROUTE_BODY_FIELD,
        .body_field = field,
        .response_field = field };
}

static int
set_up(void **state)
{
    static const char yaml[] =
        "upstreams: {u: {target: 'h:1', schema: bodies.pb}}\n"
        "services: [{name: t.v3.Files}]\n";
    struct fixture *f = calloc(1, sizeof *f);
    const struct pb_schema *s;
    const struct pb_message *m;
    struct route_problems problems;

    assert_non_null(f);
    f->set = build_set(yaml, &problems);
    assert_non_null(f->set);
    route_problems_fini(&problems);
    s = f->set->schemas[0];
    f->put.method = pb_schema_method(s, "t.v3.Files.Put", 14);
    f->keep.method = pb_schema_method(s, "t.v3.Files.Keep", 15);
    assert_non_null(f->put.method);
    assert_non_null(f->keep.method);
    f->whole = (struct route_binding){ .rpc = &f->put, .body = ROUTE_BODY_ALL };
    m = f->keep.method->input;
    f->field = with_field(f, pb_message_field_by_name(m, "raw", 3));
    f->member = with_field(f, pb_message_field_by_name(m, "page", 4));
    f->group = *f->field.body_field;
    f->group.type = PB_GROUP;
    f->group.wire = PB_WIRE_SGROUP;
    f->group.tag[0] = 15 << 3 | PB_WIRE_SGROUP;
    f->grouped = with_field(f, &f->group);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    route_set_free(&f->set);
    free(f);
    return 0;
}

/* ---- Requests ------------------------------------------------------------ */

/* The type may be NULL. */
static struct route_http_body
body_of(const char *type, const char *data)
{
    return (struct route_http_body){ type, type == NULL ? 0 : strlen(type),
        (const uint8_t *)data, strlen(data) };
}

#define puts_bytes(b, type, data, expected) \
    puts_exactly(b, body_of(type, data), expected, sizeof(expected) - 1)

static void
puts_exactly(const struct route_binding *b, struct route_http_body body,
    const char *expected, size_t len)
{
    uint8_t room[ROOM];
    struct pb_buf out = { .data = room, .cap = ROOM, .max = ROOM };

    assert_int_equal(route_http_body_put(b, &body, &out), PB_OK);
    assert_int_equal(out.len, len);
    assert_memory_equal(room, expected, len);
    assert_int_equal(route_http_body_size(b, &body), len);
}

static void
a_whole_message_is_its_two_fields(void **state)
{
    struct fixture *f = *state;

    puts_bytes(&f->whole, "a/b", "xyz", "\x0a\3a/b\x12\3xyz");
    puts_bytes(&f->whole, NULL, "xyz", "\x12\3xyz");
    puts_bytes(&f->whole, "a/b", "", "\x0a\3a/b");
    puts_bytes(&f->whole, NULL, "", "");
}

static void
a_field_has_them_inside(void **state)
{
    struct fixture *f = *state;

    puts_bytes(&f->field, "a/b", "xyz", "\x7a\x0a\x0a\3a/b\x12\3xyz");
    puts_bytes(&f->field, NULL, "xyz", "\x7a\5\x12\3xyz");
    puts_bytes(&f->field, NULL, "", "\x7a\0");
    puts_bytes(&f->member, NULL, "x", "\xe2\1\3\x12\1x");
}

static void
a_group_ends_after_the_data(void **state)
{
    struct fixture *f = *state;

    puts_bytes(&f->grouped, "a/b", "xyz", "\x7b\x0a\3a/b\x12\3xyz\x7c");
    puts_bytes(&f->grouped, NULL, "", "\x7b\x7c");
}

static void
lengths_grow_where_varints_do(void **state)
{
    static const struct {
        size_t len, whole, field;
    } sizes[] = {
        { 1, 2, 4 },
        { 125, 2, 4 },
        { 126, 2, 5 },
        { 127, 2, 5 },
        { 128, 3, 6 },
        { 16383, 3, 7 },
        { 16384, 4, 8 },
        { 2097151, 4, 9 },
        { 2097152, 5, 10 },
        { 1073741824, 6, 12 },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct route_http_body body = { .len = sizes[i].len };

        assert_int_equal(route_http_body_head_size(&f->whole, &body),
            sizes[i].whole);
        assert_int_equal(route_http_body_head_size(&f->field, &body),
            sizes[i].field);
    }
}

static void
a_head_is_written_to_the_byte(void **state)
{
    static const size_t lens[] = { 0, 1, 127, 128, 20000, 3000000 };
    struct fixture *f = *state;
    const struct route_binding *bindings[] = { &f->whole, &f->field,
        &f->grouped, &f->member };

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < sizeof lens / sizeof *lens; k++) {
            struct route_http_body body = { "a/b", 3, NULL, lens[k] };
            size_t n = route_http_body_head_size(bindings[i], &body);
            uint8_t *head = malloc(n); /* no byte more, says the sanitizer */

            assert_non_null(head);
            memset(head, 0xee, n);
            route_http_body_write_head(bindings[i], &body, head);
            assert_int_not_equal(head[n - 1], 0xee);
            free(head);
        }
    }
}

static void
the_limit_holds_and_leaves_what_was_there(void **state)
{
    struct fixture *f = *state;
    const struct route_binding *bindings[] = { &f->whole, &f->field,
        &f->grouped };
    struct route_http_body body = body_of("a/b", "xyz");

    for (size_t i = 0; i < 3; i++) {
        size_t size = route_http_body_size(bindings[i], &body);

        for (size_t max = 0; max <= size + 1; max++) {
            uint8_t room[ROOM];
            struct pb_buf out = { .data = room, .cap = max, .max = max };

            assert_int_equal(route_http_body_put(bindings[i], &body, &out),
                max < size ? PB_EFULL : PB_OK);
            assert_int_equal(out.len, max < size ? 0 : size);
        }
    }
}

static bool
has_no_memory(struct pb_buf *b, size_t need)
{
    (void)b;
    (void)need;
    return false;
}

static void
without_memory_nothing_is_put(void **state)
{
    struct fixture *f = *state;
    struct route_http_body body = body_of("a/b", "xyz");
    struct pb_buf out = { .max = ROOM, .grow = has_no_memory };

    assert_int_equal(route_http_body_put(&f->grouped, &body, &out), PB_ENOMEM);
    assert_int_equal(route_http_body_put_end(&f->grouped, &out), PB_ENOMEM);
    assert_int_equal(out.len, 0);
}

/* ---- Responses ----------------------------------------------------------- */

#define reads(b, wire, type, data) \
    reads_exactly(b, wire, sizeof(wire) - 1, type, data)

static void
reads_exactly(const struct route_binding *b, const char *wire, size_t len,
    const char *type, const char *data)
{
    struct route_http_body body;
    char *exact = malloc(len + 1); /* the sanitizer sees the end */

    assert_non_null(exact);
    memcpy(exact + 1, wire, len);
    assert_int_equal(route_http_body_read(b, (const uint8_t *)exact + 1, len,
                         &body),
        PB_OK);
    assert_int_equal(body.type_len, strlen(type));
    assert_int_equal(body.len, strlen(data));
    if (body.type_len > 0)
        assert_memory_equal(body.type, type, body.type_len);
    if (body.len > 0)
        assert_memory_equal(body.data, data, body.len);
    free(exact);
}

#define is_broken(b, wire) is_broken_at(b, wire, sizeof(wire) - 1)

static void
is_broken_at(const struct route_binding *b, const char *wire, size_t len)
{
    struct route_http_body body;
    uint8_t *exact = malloc(len == 0 ? 1 : len);

    assert_non_null(exact);
    memcpy(exact, wire, len);
    assert_int_equal(route_http_body_read(b, exact, len, &body), PB_ESYNTAX);
    free(exact);
}

static void
a_response_is_read_where_it_lies(void **state)
{
    static const char wire[] = "\x0a\3a/b\x12\3xyz";
    struct fixture *f = *state;
    struct route_http_body body;

    assert_int_equal(route_http_body_read(&f->whole, (const uint8_t *)wire,
                         sizeof wire - 1, &body),
        PB_OK);
    assert_ptr_equal(body.type, wire + 2);
    assert_ptr_equal(body.data, wire + 7);
    reads(&f->whole, "\x12\3xyz\x0a\3a/b", "a/b", "xyz");
    reads(&f->field, "\x7a\x0a\x0a\3a/b\x12\3xyz", "a/b", "xyz");
    reads(&f->grouped, "\x7b\x0a\3a/b\x12\3xyz\x7c", "a/b", "xyz");
}

static void
what_is_not_there_is_empty(void **state)
{
    struct fixture *f = *state;
    struct route_http_body body;

    reads(&f->whole, "", "", "");
    reads(&f->field, "", "", "");
    reads(&f->field, "\x7a\0", "", "");
    reads(&f->field, "\x0a\1n", "", "");
    assert_int_equal(route_http_body_read(&f->whole, NULL, 0, &body), PB_OK);
    assert_int_equal(route_http_body_read(&f->field, NULL, 0, &body), PB_OK);
}

static void
the_last_value_counts_and_pieces_are_merged(void **state)
{
    struct fixture *f = *state;

    reads(&f->whole, "\x12\1x\x0a\1a\x12\2yz\x0a\0", "", "yz");
    reads(&f->field, "\x7a\6\x0a\1a\x12\1x\x0a\1n\x7a\3\x12\1y", "a", "y");
    reads(&f->field, "\x7a\3\x0a\1a\x7a\0\x7a\3\x12\1y", "a", "y");
    reads(&f->grouped, "\x7b\x0a\1a\x7c\x7b\x12\1y\x7c", "a", "y");
}

static void
another_member_of_the_oneof_takes_the_place(void **state)
{
    struct fixture *f = *state;

    reads(&f->member, "\xe2\1\3\x12\1x", "", "x");
    reads(&f->member, "\xe2\1\3\x12\1x\x5a\1s", "", "");
    reads(&f->member, "\xe2\1\3\x0a\1a\x5a\0\xe2\1\3\x12\1x", "", "x");
    /* Of another wire type it is unknown, and the string is no member. */
    reads(&f->member, "\xe2\1\3\x12\1x\x58\1\x0a\1n", "", "x");
}

static void
unknown_fields_are_passed_over(void **state)
{
    struct fixture *f = *state;

    reads(&f->whole,
        "\x1a\2zz\x20\5\x29"
        "12345678\x35"
        "1234\x3b\x08\1\x3c\x12\1x\x08\1\x10\1",
        "", "x");
    reads(&f->grouped, "\x7b\x4b\x12\1n\x4c\x12\1x\x7c", "", "x");
    /* The field under another wire type is not the field. */
    reads(&f->field, "\x78\1\x7b\x12\1x\x7c", "", "");
    reads(&f->grouped, "\x7a\3\x12\1x", "", "");
}

static void
broken_wire_format_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct route_binding *bindings[] = { &f->whole, &f->field };

    for (size_t i = 0; i < 2; i++) {
        is_broken(bindings[i], "\x12");
        is_broken(bindings[i], "\x12\2x");
        is_broken(bindings[i], "\x0a\x80");
        is_broken(bindings[i], "\x0a\xff\xff\xff\xff\x7f");
        is_broken(bindings[i], "\x00\x00");
        is_broken(bindings[i], "\x0c");
        is_broken(bindings[i], "\x0f");
        is_broken(bindings[i], "\x1b\x08\1");
        is_broken(bindings[i], "\x1b\x24");
        is_broken(bindings[i], "\x7c");
    }
    is_broken(&f->field, "\x7a\2\x12\1x");
    is_broken(&f->field, "\x7a\3\x12\2x");
    is_broken(&f->field, "\x7a\1\x7c");
    is_broken(&f->grouped, "\x7b\x12\1x");
    is_broken(&f->grouped, "\x7b\x12\1x\x74");
    is_broken(&f->grouped, "\x7b\x12\2x\x7c");
}

static void
every_shortened_response_is_broken_or_shorter(void **state)
{
    static const char wire[] = "\x7a\x0a\x0a\3a/b\x12\3xyz\x0a\1n";
    struct fixture *f = *state;

    for (size_t len = 1; len < sizeof wire - 1; len++)
        if (len == 12)
            reads_exactly(&f->field, wire, len, "a/b", "xyz");
        else
            is_broken_at(&f->field, wire, len);
}

static void
groups_without_end_are_refused(void **state)
{
    struct fixture *f = *state;
    char wire[2000];

    memset(wire, 0x1b, sizeof wire);
    is_broken_at(&f->whole, wire, sizeof wire);
    is_broken_at(&f->grouped, wire, sizeof wire);
}

/* ---- Bindings ------------------------------------------------------------ */

static void
only_a_singular_body_of_that_type_is_taken(void **state)
{
    struct fixture *f = *state;
    struct route_binding b = f->whole;
    struct pb_field repeated = *f->field.body_field;

    assert_true(route_takes_http_body(&f->whole));
    assert_true(route_takes_http_body(&f->field));
    assert_true(route_takes_http_body(&f->grouped));
    assert_true(route_gives_http_body(&f->whole));
    assert_true(route_gives_http_body(&f->field));
    b.body = ROUTE_BODY_NONE;
    assert_false(route_takes_http_body(&b));
    b = f->field;
    b.body = ROUTE_BODY_ALL; /* a message with an HttpBody in it */
    b.response_field = NULL;
    assert_false(route_takes_http_body(&b));
    assert_false(route_gives_http_body(&b));
    repeated.is_repeated = true;
    b = with_field(f, &repeated);
    assert_false(route_takes_http_body(&b));
    assert_false(route_gives_http_body(&b));
    b = with_field(f, &repeated.message->fields[1]); /* its data, as JSON */
    assert_false(route_takes_http_body(&b));
    assert_false(route_gives_http_body(&b));
}

/* The problems of a route file; "" if there are none. */
static void
has_problems(const char *yaml, const char *expected)
{
    struct route_problems problems;
    struct route_set *set = build_set(yaml, &problems);
    char shown[1024];

    assert_string_equal(show_problems(&problems, shown, sizeof shown),
        expected);
    assert_int_equal(set != NULL, expected[0] == '\0');
    route_set_free(&set);
}

#define FILES                                              \
    "upstreams: {u: {target: 'h:1', schema: bodies.pb}}\n" \
    "services: [{name: t.v3.Files}]\n"                     \
    "http:\n rules:\n"

static void
a_path_cannot_give_the_data(void **state)
{
    (void)state;
    has_problems(FILES " - {selector: t.v3.Files.Put, put: '/{data}', "
                       "body: '*'}\n",
        "5: t.v3.Files.Put: body: \"data\", which the path gives, is what it "
        "becomes");
    has_problems(FILES " - {selector: t.v3.Files.Send, put: '/{raw.data}', "
                       "body: raw}\n",
        "5: t.v3.Files.Send: body: \"raw.data\", which the path gives, is what "
        "it becomes");
    has_problems(FILES
        " - {selector: t.v3.Files.Send, put: '/{raw.content_type}/{name}', "
        "body: raw}\n"
        " - {selector: t.v3.Files.Put, put: '/{content_type}', body: '*'}\n",
        "");
    has_problems(FILES " - {selector: t.v3.Files.Put, get: '/{data}'}\n", "");
}

static void
pieces_cannot_have_required_fields(void **state)
{
    (void)state;
    has_problems(FILES
        " - {selector: t.v3.Files.SendSealed, put: '/{name}/{number}', "
        "body: file}\n",
        "5: t.v3.Files.SendSealed: body: the required \"name\" is missing in all "
        "messages but the first, which are pieces of \"file\"\n"
        "5: t.v3.Files.SendSealed: body: the required \"number\" is missing in all "
        "messages but the first, which are pieces of \"file\"");
    has_problems(FILES
        " - {selector: t.v3.Files.PutSealed, put: '/{name}/{number}', "
        "body: file}\n",
        "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_message_is_its_two_fields),
        TEST(a_field_has_them_inside),
        TEST(a_group_ends_after_the_data),
        TEST(lengths_grow_where_varints_do),
        TEST(a_head_is_written_to_the_byte),
        TEST(the_limit_holds_and_leaves_what_was_there),
        TEST(without_memory_nothing_is_put),
        TEST(a_response_is_read_where_it_lies),
        TEST(what_is_not_there_is_empty),
        TEST(the_last_value_counts_and_pieces_are_merged),
        TEST(another_member_of_the_oneof_takes_the_place),
        TEST(unknown_fields_are_passed_over),
        TEST(broken_wire_format_is_refused),
        TEST(every_shortened_response_is_broken_or_shorter),
        TEST(groups_without_end_are_refused),
        TEST(only_a_singular_body_of_that_type_is_taken),
        cmocka_unit_test(a_path_cannot_give_the_data),
        cmocka_unit_test(pieces_cannot_have_required_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
