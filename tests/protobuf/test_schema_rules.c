/* SPDX-License-Identifier: Apache-2.0 */
/* Editions, scopes, merging and files that stand for built-in ones. */
#include "tests/protobuf/descriptor_text.h"
#include "tests/protobuf/schema_fixture.h"

#include <stdio.h>

#define EDITION "syntax:'editions' edition:1000 "
#define PROTO3 "syntax:'proto3' "

static void
add(struct pb_schema_builder *b, const char *text)
{
    struct pb_error e = { .message = "" };
    struct pb_buf file;

    pb_buf_init_heap(&file, SIZE_MAX);
    descriptor_text(&file, text);
    if (pb_schema_builder_add_file(b, file.data, file.len, &e) != PB_OK)
        fail_msg("%s", e.message);
    pb_buf_fini_heap(&file);
}

static struct pb_schema *
built(struct pb_schema_builder *b)
{
    struct pb_error e = { .message = "" };
    struct pb_schema *s;

    if (pb_schema_builder_build(b, &s, &e) != PB_OK)
        fail_msg("%s", e.message);
    pb_schema_builder_free(&b);
    return s;
}

static struct pb_schema *
schema_of(const char *text)
{
    struct pb_schema_builder *b = pb_schema_builder_new();

    add(b, text);
    return built(b);
}

/* ---- Editions ----------------------------------------------------------- */

static void
an_edition_has_presence_packing_and_open_enums(void **state)
{
    struct pb_schema *s = schema_of(
        EDITION "name:'a' message_type{ name:'M'"
                "  field{ name:'i' number:1 type:int32 }"
                "  field{ name:'s' number:2 type:string }"
                "  field{ name:'r' number:3 type:int32 label:repeated }"
                "  field{ name:'e' number:4 type:enum type_name:'.E' } }"
                "enum_type{ name:'E' value{ name:'A' number:0 } }");

    (void)state;
    assert_true(field_of(s, "M", "i")->has_presence);
    assert_true(field_of(s, "M", "s")->verify_utf8);
    assert_true(field_of(s, "M", "r")->is_packed);
    assert_false(field_of(s, "M", "e")->enumeration->is_closed);
    pb_schema_free(&s);
}

static void
edition_2024_is_like_2023(void **state)
{
    struct pb_schema *s =
        schema_of("syntax:'editions' edition:1001 "
                  "name:'a' message_type{ name:'M'"
                  "  field{ name:'i' number:1 type:int32 } }");

    (void)state;
    assert_true(field_of(s, "M", "i")->has_presence);
    pb_schema_free(&s);
}

static void
a_file_can_choose_its_features(void **state)
{
    struct pb_schema *s = schema_of(EDITION
        "name:'a' options{ features{ field_presence:IMPLICIT enum_type:CLOSED"
        "  repeated_field_encoding:EXPANDED utf8_validation:NONE"
        "  message_encoding:DELIMITED } }"
        "message_type{ name:'M'"
        "  field{ name:'i' number:1 type:int32 }"
        "  field{ name:'s' number:2 type:string }"
        "  field{ name:'r' number:3 type:int32 label:repeated }"
        "  field{ name:'e' number:4 type:enum type_name:'.E' }"
        "  field{ name:'m' number:5 type:message type_name:'.M' } }"
        "enum_type{ name:'E' value{ name:'A' number:5 } }");

    (void)state;
    assert_false(field_of(s, "M", "i")->has_presence);
    assert_false(field_of(s, "M", "s")->verify_utf8);
    assert_false(field_of(s, "M", "r")->is_packed);
    assert_true(field_of(s, "M", "e")->enumeration->is_closed);
    assert_int_equal(field_of(s, "M", "m")->type, PB_GROUP);
    assert_int_equal(field_of(s, "M", "m")->wire, PB_WIRE_SGROUP);
    assert_true(field_of(s, "M", "m")->has_presence);
    pb_schema_free(&s);
}

static void
features_are_inherited_and_overridden_inwards(void **state)
{
    struct pb_schema *s = schema_of(EDITION
        "name:'a' options{ features{ field_presence:IMPLICIT } }"
        "message_type{ name:'M'"
        "  options{ features{ field_presence:EXPLICIT utf8_validation:NONE } }"
        "  field{ name:'i' number:1 type:int32 }"
        "  field{ name:'j' number:2 type:string"
        "    options{ features{ field_presence:IMPLICIT } } }"
        "  nested_type{ name:'N' field{ name:'k' number:1 type:string"
        "    options{ features{ utf8_validation:VERIFY } } } } }"
        "message_type{ name:'O' field{ name:'l' number:1 type:int32 } }");

    (void)state;
    assert_true(field_of(s, "M", "i")->has_presence);
    assert_false(field_of(s, "M", "j")->has_presence);
    assert_false(field_of(s, "M", "j")->verify_utf8);
    assert_true(field_of(s, "M.N", "k")->has_presence);
    assert_true(field_of(s, "M.N", "k")->verify_utf8);
    assert_false(field_of(s, "O", "l")->has_presence);
    pb_schema_free(&s);
}

static void
a_oneof_passes_its_features_to_its_fields(void **state)
{
    struct pb_schema *s = schema_of(EDITION
        "name:'a' message_type{ name:'M'"
        "  field{ name:'s' number:1 type:string oneof_index:0 }"
        "  field{ name:'t' number:2 type:string }"
        "  oneof_decl{ name:'o' options{ features{ utf8_validation:NONE } } } }");

    (void)state;
    assert_false(field_of(s, "M", "s")->verify_utf8);
    assert_true(field_of(s, "M", "t")->verify_utf8);
    pb_schema_free(&s);
}

static void
legacy_required_makes_a_required_field(void **state)
{
    struct pb_schema *s = schema_of(EDITION
        "name:'a' message_type{ name:'M' field{ name:'i' number:1 type:int32"
        "  options{ features{ field_presence:LEGACY_REQUIRED } } } }");

    (void)state;
    assert_true(field_of(s, "M", "i")->is_required);
    assert_true(field_of(s, "M", "i")->has_presence);
    assert_true(message_of(s, "M")->has_required);
    pb_schema_free(&s);
}

static void
maps_stay_length_prefixed_where_messages_are_delimited(void **state)
{
    struct pb_schema *s = schema_of(EDITION
        "name:'a' options{ features{ message_encoding:DELIMITED } }"
        "message_type{ name:'M'"
        "  field{ name:'m' number:1 type:message label:repeated"
        "    type_name:'.M.MEntry' }"
        "  nested_type{ name:'MEntry' options{ map_entry:true }"
        "    field{ name:'key' number:1 type:string }"
        "    field{ name:'value' number:2 type:message type_name:'.M' } } }");
    const struct pb_field *f = field_of(s, "M", "m");

    (void)state;
    assert_true(f->is_map);
    assert_int_equal(f->type, PB_MESSAGE);
    assert_int_equal(f->message->fields[1].type, PB_MESSAGE);
    pb_schema_free(&s);
}

/* As protoc has it of map<string, string> _2nd = 1. */
static void
the_name_of_a_maps_entry_may_begin_with_a_digit(void **state)
{
    struct pb_schema *s = schema_of(
        PROTO3 "name:'a' message_type{ name:'M'"
               "  field{ name:'_2nd' number:1 type:message label:repeated"
               "    type_name:'.M.2ndEntry' }"
               "  nested_type{ name:'2ndEntry' options{ map_entry:true }"
               "    field{ name:'key' number:1 type:string }"
               "    field{ name:'value' number:2 type:string } } }");

    (void)state;
    assert_true(field_of(s, "M", "_2nd")->is_map);
    assert_string_equal(field_of(s, "M", "_2nd")->json_name, "2nd");
    pb_schema_free(&s);
}

static void
features_do_not_count_in_proto3(void **state)
{
    struct pb_schema *s = schema_of(PROTO3
        "name:'a' options{ features{ field_presence:EXPLICIT } }"
        "message_type{ name:'M' field{ name:'i' number:1 type:int32 } }");

    (void)state;
    assert_false(field_of(s, "M", "i")->has_presence);
    pb_schema_free(&s);
}

static void
an_edition_may_tolerate_json_conflicts(void **state)
{
    struct pb_schema *s = schema_of(
        EDITION "name:'a' options{ features{ json_format:LEGACY_BEST_EFFORT } }"
                "message_type{ name:'M' field{ name:'a_b' number:1 type:int32 }"
                "  field{ name:'aB' number:2 type:int32 } }");

    (void)state;
    assert_int_equal(field_of(s, "M", "aB")->number, 1);
    pb_schema_free(&s);
}

/* ---- Scopes ------------------------------------------------------------- */

static const char *
type_of(const struct pb_schema *s, const char *message, const char *field)
{
    const struct pb_field *f = field_of(s, message, field);

    return f->message != NULL ? f->message->full_name
                              : f->enumeration->full_name;
}

static void
relative_types_are_looked_for_from_the_inside_out(void **state)
{
    struct pb_schema *s = schema_of(
        PROTO3 "name:'a' package:'p.q'"
               "message_type{ name:'T' }"
               "message_type{ name:'M'"
               "  nested_type{ name:'N'"
               "    nested_type{ name:'T' }"
               "    field{ name:'inner' number:1 type_name:'T' }"
               "    field{ name:'sibling' number:2 type_name:'q.M.E' }"
               "    field{ name:'full' number:3 type_name:'.p.q.T' }"
               "    field{ name:'outer' number:4 type_name:'M' } }"
               "  enum_type{ name:'E' value{ name:'Z' number:0 } }"
               "  field{ name:'t' number:1 type_name:'T' }"
               "  field{ name:'e' number:2 type_name:'E' } }");

    (void)state;
    assert_string_equal(type_of(s, "p.q.M.N", "inner"), "p.q.M.N.T");
    assert_string_equal(type_of(s, "p.q.M.N", "sibling"), "p.q.M.E");
    assert_string_equal(type_of(s, "p.q.M.N", "full"), "p.q.T");
    assert_string_equal(type_of(s, "p.q.M.N", "outer"), "p.q.M");
    assert_string_equal(type_of(s, "p.q.M", "t"), "p.q.T");
    assert_int_equal(field_of(s, "p.q.M", "t")->type, PB_MESSAGE);
    assert_int_equal(field_of(s, "p.q.M", "e")->type, PB_ENUM);
    pb_schema_free(&s);
}

static void
a_field_does_not_hide_a_type(void **state)
{
    struct pb_schema *s = schema_of(PROTO3
        "name:'a' message_type{ name:'T' }"
        "message_type{ name:'M' field{ name:'T' number:1 type_name:'T' } }");

    (void)state;
    assert_string_equal(type_of(s, "M", "T"), "T");
    pb_schema_free(&s);
}

static void
methods_resolve_relative_types(void **state)
{
    struct pb_schema *s =
        schema_of(PROTO3 "name:'a' package:'p' message_type{ name:'T' }"
                         "service{ name:'S' method{ name:'Do' input_type:'T'"
                         "  output_type:'.p.T' } }");
    const struct pb_method *m = pb_schema_method(s, "p.S.Do", 6);

    (void)state;
    assert_non_null(m);
    assert_ptr_equal(m->input, message_of(s, "p.T"));
    assert_ptr_equal(m->output, message_of(s, "p.T"));
    pb_schema_free(&s);
}

/* ---- Options ------------------------------------------------------------ */

static void
an_http_rule_in_pieces_is_put_together(void **state)
{
    struct pb_schema *s = schema_of(PROTO3
        "name:'a' message_type{ name:'T' } service{ name:'S'"
        "  method{ name:'Do' input_type:'T' output_type:'T'"
        "    options{ http:'ab' } options{ idempotency_level:2 http:'cd' } } }");
    const struct pb_method *m = pb_schema_method(s, "S.Do", 4);

    (void)state;
    assert_int_equal(m->http_rule_len, 4);
    assert_memory_equal(m->http_rule, "abcd", 4);
    assert_int_equal(m->idempotency, PB_IDEMPOTENT);
    pb_schema_free(&s);
}

static void
an_empty_http_rule_is_still_one(void **state)
{
    struct pb_schema *s =
        schema_of(PROTO3 "name:'a' message_type{ name:'T' } service{ name:'S'"
                         "  method{ name:'Do' input_type:'T' output_type:'T'"
                         "    options{ http:'' } } }");
    const struct pb_method *m = pb_schema_method(s, "S.Do", 4);

    (void)state;
    assert_non_null(m->http_rule);
    assert_int_equal(m->http_rule_len, 0);
    pb_schema_free(&s);
}

static void
unknown_options_of_any_wire_type_are_skipped(void **state)
{
    /* name 'a', message M whose options hold a group, a fixed32 and more */
    static const uint8_t file[] = { 0x0a, 1, 'a', 0x22, 23, 0x0a, 1, 'M', 0x3a,
        18, 0xc3, 0x3e, 0x08, 0x01, 0xc4, 0x3e, 0xcd, 0x3e, 1, 2, 3, 4, 0xc9,
        0x3f, 1, 2, 3, 4 };
    uint8_t whole[sizeof file + 4];
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;

    (void)state;
    memcpy(whole, file, sizeof file);
    memcpy(whole + sizeof file, "\x05\x06\x07\x08", 4);
    whole[4] = sizeof whole - 5;
    whole[9] = sizeof whole - 10;
    assert_int_equal(pb_schema_builder_add_file(b, whole, sizeof whole, NULL),
        PB_OK);
    s = built(b);
    message_of(s, "M");
    pb_schema_free(&s);
}

/* ---- Files -------------------------------------------------------------- */

#define FILE_A PROTO3 "name:'a' message_type{ name:'A' }"
#define FILE_B                \
    PROTO3                    \
    "name:'b' dependency:'a'" \
    "message_type{ name:'B' field{ name:'a' number:1 type_name:'.A' } }"

static void
files_come_in_any_order_and_twice(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;

    (void)state;
    add(b, FILE_B);
    add(b, FILE_A);
    add(b, FILE_B);
    s = built(b);
    assert_ptr_equal(field_of(s, "B", "a")->message, message_of(s, "A"));
    pb_schema_free(&s);
}

static void
files_that_differ_in_comments_and_such_are_one(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;
    struct pb_buf file;

    (void)state;
    add(b, FILE_A);
    pb_buf_init_heap(&file, SIZE_MAX);
    /* source_code_info, and the option java_package */
    assert_int_equal(pb_buf_put(&file, "\x4a\x02\x0a\x00\x42\x03\x0a\x01j", 9),
        PB_OK);
    descriptor_text(&file, FILE_A);
    assert_int_equal(pb_schema_builder_add_file(b, file.data, file.len, NULL),
        PB_OK);
    pb_buf_fini_heap(&file);
    s = built(b);
    message_of(s, "A");
    pb_schema_free(&s);
}

static void
imports_that_fork_and_join_are_no_cycle(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;

    (void)state;
    add(b, "name:'top' dependency:'left' dependency:'right'");
    add(b, "name:'left' dependency:'base'");
    add(b, "name:'right' dependency:'base' dependency:'left'");
    add(b, "name:'base'");
    s = built(b);
    pb_schema_free(&s);
}

#define EMPTY_FILE \
    PROTO3 "name:'google/protobuf/empty.proto' package:'google.protobuf'"

static void
a_file_of_the_user_replaces_the_built_in_one(void **state)
{
    struct pb_schema *s = schema_of(
        EMPTY_FILE "message_type{ name:'Empty' } message_type{ name:'Extra' }");

    (void)state;
    assert_int_equal(message_of(s, "google.protobuf.Empty")->wkt, PB_WKT_EMPTY);
    message_of(s, "google.protobuf.Extra");
    pb_schema_free(&s);
}

/* As those have it that were made before the others were thought of. */
#define OLD_ERROR_DETAILS                                               \
    PROTO3 "name:'google/rpc/error_details.proto' package:'google.rpc'" \
           "message_type{ name:'BadRequest'"                            \
           "  field{ name:'mine' number:1 type:string } }"              \
           "enum_type{ name:'LocalizedMessage' value{ name:'Z' number:0 } }"

static void
built_in_types_that_such_a_file_lacks_are_there_all_the_same(void **state)
{
    struct pb_schema *s = schema_of(OLD_ERROR_DETAILS);
    const struct pb_message *info;

    (void)state;
    field_of(s, "google.rpc.BadRequest", "mine");
    assert_ptr_equal(message_of(s, "google.rpc.BadRequest")->schema, s);
    field_of(s, "google.rpc.Help", "links");
    info = field_of(s, "google.rpc.RetryInfo", "retry_delay")->message;
    assert_int_equal(info->wkt, PB_WKT_DURATION);
    assert_null(pb_schema_message(s, "google.rpc.Mine", 15));
    pb_schema_free(&s);
}

static void
a_well_known_type_may_come_in_another_file(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;

    (void)state;
    add(b,
        PROTO3 "name:'mine/any.proto' package:'google.protobuf'"
               "message_type{ name:'Any'"
               "  field{ name:'type_url' number:1 type:string }"
               "  field{ name:'value' number:2 type:bytes } }");
    add(b,
        PROTO3 "name:'b' dependency:'google/protobuf/any.proto'"
               "message_type{ name:'B' field{ name:'a' number:1"
               "  type_name:'.google.protobuf.Any' } }");
    s = built(b);
    assert_int_equal(field_of(s, "B", "a")->message->wkt, PB_WKT_ANY);
    assert_ptr_equal(field_of(s, "google.rpc.Status", "details")->message,
        field_of(s, "B", "a")->message);
    pb_schema_free(&s);
}

/* Which form google.api.HttpBody has with these fields. */
static enum pb_wkt
http_body_with(const char *fields)
{
    char text[1024];
    struct pb_schema *s;
    enum pb_wkt wkt;

    snprintf(text, sizeof text,
        "syntax:'proto2' name:'mine.proto' package:'google.api'"
        " dependency:'google/protobuf/any.proto'"
        " message_type{ name:'HttpBody' %s }",
        fields);
    s = schema_of(text);
    wkt = (enum pb_wkt)message_of(s, "google.api.HttpBody")->wkt;
    pb_schema_free(&s);
    return wkt;
}

#define TYPE " field{ name:'content_type' number:1 type:string }"
#define DATA " field{ name:'data' number:2 type:bytes }"

static void
an_http_body_of_another_shape_is_an_ordinary_message(void **state)
{
    static const char extensions[] =
        TYPE DATA " field{ name:'extensions' number:3 label:repeated"
                  "  type_name:'.google.protobuf.Any' }";
    static const char *const others[] = { "", TYPE,
        " field{ name:'type' number:1 type:string }" DATA,
        TYPE " field{ name:'data' number:2 type:string }",
        TYPE " field{ name:'data' number:2 type:bytes label:repeated }",
        TYPE " field{ name:'data' number:2 type:bytes label:required }",
        TYPE " field{ name:'data' number:4 type:bytes }",
        TYPE DATA " field{ name:'extensions' number:3 type:string }",
        TYPE DATA " field{ name:'more' number:4 type:string }",
        " field{ name:'content_type' number:1 type:string oneof_index:0 }"
        " field{ name:'data' number:2 type:bytes oneof_index:0 }"
        " oneof_decl{ name:'o' }" };

    (void)state;
    assert_int_equal(http_body_with(extensions), PB_WKT_HTTP_BODY);
    assert_int_equal(http_body_with(TYPE DATA), PB_WKT_HTTP_BODY);
    assert_int_equal(http_body_with(DATA TYPE), PB_WKT_HTTP_BODY);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(http_body_with(others[i]), PB_WKT_NONE);
}

static void
names_of_any_length_up_to_the_limit_are_kept(void **state)
{
    char text[1200];
    char name[1001];
    struct pb_schema *s;

    (void)state;
    memset(name, 'n', 1000);
    name[1000] = '\0';
    snprintf(text, sizeof text, PROTO3 "name:'a' message_type{ name:'%s' }",
        name + 1);
    s = schema_of(text);
    assert_int_equal(message_of(s, name + 1)->full_name_len, 999);
    pb_schema_free(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edition_has_presence_packing_and_open_enums),
        cmocka_unit_test(edition_2024_is_like_2023),
        cmocka_unit_test(a_file_can_choose_its_features),
        cmocka_unit_test(features_are_inherited_and_overridden_inwards),
        cmocka_unit_test(a_oneof_passes_its_features_to_its_fields),
        cmocka_unit_test(legacy_required_makes_a_required_field),
        cmocka_unit_test(
            maps_stay_length_prefixed_where_messages_are_delimited),
        cmocka_unit_test(the_name_of_a_maps_entry_may_begin_with_a_digit),
        cmocka_unit_test(features_do_not_count_in_proto3),
        cmocka_unit_test(an_edition_may_tolerate_json_conflicts),
        cmocka_unit_test(relative_types_are_looked_for_from_the_inside_out),
        cmocka_unit_test(a_field_does_not_hide_a_type),
        cmocka_unit_test(methods_resolve_relative_types),
        cmocka_unit_test(an_http_rule_in_pieces_is_put_together),
        cmocka_unit_test(an_empty_http_rule_is_still_one),
        cmocka_unit_test(unknown_options_of_any_wire_type_are_skipped),
        cmocka_unit_test(files_come_in_any_order_and_twice),
        cmocka_unit_test(files_that_differ_in_comments_and_such_are_one),
        cmocka_unit_test(imports_that_fork_and_join_are_no_cycle),
        cmocka_unit_test(a_file_of_the_user_replaces_the_built_in_one),
        cmocka_unit_test(
            built_in_types_that_such_a_file_lacks_are_there_all_the_same),
        cmocka_unit_test(a_well_known_type_may_come_in_another_file),
        cmocka_unit_test(an_http_body_of_another_shape_is_an_ordinary_message),
        cmocka_unit_test(names_of_any_length_up_to_the_limit_are_kept),
    };

    return cmocka_run_group_tests_name("schema rules", tests, NULL, NULL);
}
