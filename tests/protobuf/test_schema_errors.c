/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which descriptors can be wrong, and what is said about it. */
#include "tests/protobuf/descriptor_text.h"
#include "protobuf/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PROTO3 "syntax:'proto3' "
#define EDITION "syntax:'editions' edition:1000 "

static enum pb_err
add(struct pb_schema_builder *b, const char *text, struct pb_error *e)
{
    struct pb_buf file;
    enum pb_err err;

    pb_buf_init_heap(&file, SIZE_MAX);
    descriptor_text(&file, text);
    err = pb_schema_builder_add_file(b, file.data, file.len, e);
    pb_buf_fini_heap(&file);
    return err;
}

/* Up to three files make no schema, and why. */
static void
refuse_files(const char *const *files, size_t n, enum pb_err kind,
    const char *message)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error e = { .message = "" };
    struct pb_schema *s = (void *)&e;
    enum pb_err err = PB_OK;

    for (size_t i = 0; i < n && err == PB_OK; i++)
        err = add(b, files[i], &e);
    if (err == PB_OK) {
        err = pb_schema_builder_build(b, &s, &e);
        assert_null(s);
    }
    assert_string_equal(e.message, message);
    assert_int_equal(err, kind);
    assert_int_equal(e.kind, kind);
    pb_schema_builder_free(&b);
}

static void
refuse(const char *file, enum pb_err kind, const char *message)
{
    refuse_files(&file, 1, kind, message);
}

/* The body of message M in a.proto, proto3. */
static void
refuse_body(const char *body, enum pb_err kind, const char *message)
{
    char text[1000];

    assert_in_range(snprintf(text, sizeof text,
                        PROTO3 "name:'a.proto' package:'p'"
                               "message_type{ name:'M' %s }",
                        body),
        0, sizeof text - 1);
    refuse(text, kind, message);
}

static void
refuse_field(const char *members, enum pb_err kind, const char *message)
{
    char text[600];
    char expected[300];

    snprintf(text, sizeof text, "field{ name:'f' %s }", members);
    snprintf(expected, sizeof expected, "a.proto: field p.M.f: %s", message);
    refuse_body(text, kind, expected);
}

/* ---- Bytes -------------------------------------------------------------- */

static void
a_truncated_set_says_where(void **state)
{
    static const uint8_t set[] = { 0x0a, 3, 0x0a, 1, 'a', 0x0a, 9, 0x0a };
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error e;

    (void)state;
    assert_int_equal(pb_schema_builder_add_set(b, set, sizeof set, &e),
        PB_ESYNTAX);
    assert_string_equal(e.message,
        "not a descriptor set: truncated or broken at byte 5");
    assert_int_equal(e.offset, 5);
    pb_schema_builder_free(&b);
}

static void
a_broken_file_is_named_when_it_has_a_name(void **state)
{
    static const uint8_t file[] = { 0x0a, 3, 'a', '.', 'b', 0x22, 4, 0x0a, 1,
        'M', 0x12 };
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error e;

    (void)state;
    assert_int_equal(pb_schema_builder_add_file(b, file, sizeof file, &e),
        PB_ESYNTAX);
    assert_string_equal(e.message,
        "a.b: truncated or broken at byte 10 of the "
        "file's DescriptorProto");
    pb_schema_builder_free(&b);
}

static void
a_file_has_a_name(void **state)
{
    (void)state;
    refuse("", PB_EVALUE, "a file without a name");
}

static void
a_json_text_is_no_descriptor_set(void **state)
{
    static const char text[] = "{\"file\": []}";
    struct pb_schema_builder *b = pb_schema_builder_new();

    (void)state;
    assert_int_equal(pb_schema_builder_add_set(b, (const uint8_t *)text,
                         sizeof text - 1, NULL),
        PB_ESYNTAX);
    pb_schema_builder_free(&b);
}

/* ---- Files -------------------------------------------------------------- */

static void
a_missing_import_is_named(void **state)
{
    (void)state;
    refuse("name:'a.proto' dependency:'x/y.proto'", PB_EUNKNOWN,
        "a.proto: import \"x/y.proto\" is missing (protoc --include_imports)");
}

static void
imports_in_a_cycle_are_refused(void **state)
{
    static const char *const files[] = { "name:'a' dependency:'b'",
        "name:'b' dependency:'c'", "name:'c' dependency:'a'" };

    (void)state;
    refuse_files(files, 3, PB_EVALUE, "c: import \"a\" closes a cycle");
    refuse("name:'a' dependency:'a'", PB_EVALUE,
        "a: import \"a\" closes a cycle");
}

static void
refuse_pair(const char *first, const char *second)
{
    const char *const files[] = { first, second };

    refuse_files(files, 2, PB_EDUPLICATE, "a: two files of this name differ");
}

#define FIELD(more) \
    "name:'a' message_type{ name:'A' field{ name:'f' number:1 " more " } }"

static void
two_files_of_one_name_must_not_differ(void **state)
{
    (void)state;
    refuse_pair("name:'a' message_type{ name:'A' }",
        "name:'a' message_type{ name:'B' }");
    refuse_pair("name:'a'", "name:'a' dependency:'b'");
    refuse_pair("name:'a' dependency:'c'", "name:'a' dependency:'b'");
    refuse_pair(FIELD("type:int32"), FIELD("type:int64"));
    refuse_pair(FIELD("type:int32"), FIELD("type:int32 oneof_index:0"));
    refuse_pair(FIELD("type:int32"),
        FIELD("type:int32 options{ packed:true }"));
    refuse_pair("name:'a' message_type{ name:'A' options{ map_entry:true } }",
        "name:'a' message_type{ name:'A' }");
}

static void
syntax_and_edition_must_be_known(void **state)
{
    (void)state;
    refuse("name:'a' syntax:'proto4'", PB_EVALUE,
        "a: syntax \"proto4\" is none of proto2, proto3, editions");
    refuse("name:'a' syntax:'editions' edition:1002", PB_EVALUE,
        "a: edition 1002 is not supported, only 2023 (1000) and 2024 (1001) "
        "are");
    refuse("name:'a' syntax:'editions'", PB_EVALUE,
        "a: edition 0 is not supported, only 2023 (1000) and 2024 (1001) are");
}

static void
features_must_have_known_values(void **state)
{
    (void)state;
    refuse(EDITION "name:'a' options{ features{ field_presence:4 } }",
        PB_EVALUE, "a: a: features.field_presence has an unknown value");
    refuse(EDITION "name:'a' message_type{ name:'M' field{ name:'f' number:1"
                   " type:int32 options{ features{ utf8_validation:1 } } } }",
        PB_EVALUE, "a: f: features.utf8_validation has an unknown value");
}

/* ---- Names -------------------------------------------------------------- */

static void
a_name_is_declared_once(void **state)
{
    static const char *const files[] = { "name:'a' package:'p'"
                                         "message_type{ name:'M' }",
        "name:'b' package:'p' enum_type{ name:'M' value{ name:'A' } }" };

    (void)state;
    refuse_files(files, 2, PB_EDUPLICATE,
        "b: enum p.M: the name is declared twice, the other time in a");
    refuse_body("field{ name:'x' number:1 type:int32 } nested_type{ name:'x' }",
        PB_EDUPLICATE,
        "a.proto: message p.M.x: the name is declared twice, "
        "the other time in a.proto");
}

static void
enum_values_are_siblings_of_their_enum(void **state)
{
    (void)state;
    refuse(PROTO3 "name:'a' package:'p'"
                  "enum_type{ name:'E' value{ name:'Z' } }"
                  "enum_type{ name:'F' value{ name:'Z' } }",
        PB_EDUPLICATE,
        "a: enum value p.Z: the name is declared twice, the other time in a");
}

static void
a_package_is_no_message(void **state)
{
    static const char *const files[] = { "name:'a' package:'p.q'",
        "name:'b' package:'p' message_type{ name:'q' }" };

    (void)state;
    refuse_files(files, 2, PB_EDUPLICATE,
        "b: message p.q: the name is declared twice, the other time in a");
}

static void
names_must_be_identifiers(void **state)
{
    (void)state;
    refuse("name:'a' message_type{ name:'M.N' }", PB_EVALUE,
        "a: message M.N: the name is no identifier");
    refuse("name:'a' service{ name:'1S' }", PB_EVALUE,
        "a: service 1S: the name is no identifier");
    refuse("name:'a' message_type{ name:'\xff\n' }", PB_EVALUE,
        "a: message \\xff\\x0a: the name is no identifier");
    refuse("name:'a' message_type{ }", PB_EVALUE, "a: message : has no name");
    refuse("name:'a' package:'p..q'", PB_EVALUE, "a: package p.: has no name");
    refuse("name:'a' package:'p.'", PB_EVALUE, "a: package p.: has no name");
    refuse("name:'a' package:'.'", PB_EVALUE, "a: package : has no name");
    refuse("name:'a' service{ name:'S' method{ name:'do it' } }", PB_EVALUE,
        "a: method S.do it: the name is no identifier");
}

static void
long_names_are_refused_and_shown_short(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;
    struct pb_error e;
    char text[1200];
    char name[1002];

    (void)state;
    memset(name, 'n', 1001);
    name[1001] = '\0';
    snprintf(text, sizeof text, "name:'a' message_type{ name:'%s' }", name);
    assert_int_equal(add(b, text, &e), PB_OK);
    assert_int_equal(pb_schema_builder_build(b, &s, &e), PB_ELIMIT);
    name[80] = '\0';
    snprintf(text, sizeof text,
        "a: message %s: the full name is longer than 1000 bytes", name);
    assert_string_equal(e.message, text);
    pb_schema_builder_free(&b);
}

static void
a_package_has_so_many_parts_and_no_more(void **state)
{
    char parts[103], text[200], message[200];

    (void)state;
    for (unsigned i = 0; i < 51; i++)
        memcpy(parts + 2 * i, "p.", 3);
    parts[101] = '\0';
    snprintf(text, sizeof text, "name:'a' package:'%s'", parts);
    snprintf(message, sizeof message, "a: package %s: has more than 50 parts",
        parts + 21);
    refuse(text, PB_ELIMIT, message);
}

static void
json_names_must_be_usable(void **state)
{
    (void)state;
    refuse_field("number:1 type:int32 json_name:'\xc3'", PB_EVALUE,
        "json_name \"\\xc3\" is not usable");
    refuse_field("number:1 type:int32 json_name:'a\nb'", PB_EVALUE,
        "json_name \"a\\x0ab\" is not usable");
    refuse_field("number:1 type:int32 json_name:'[a.b]'", PB_EVALUE,
        "json_name \"[a.b]\" is not usable");
}

static void
json_names_of_proto3_must_differ(void **state)
{
    (void)state;
    refuse_body("field{ name:'a_b' number:1 type:int32 }"
                "field{ name:'aB' number:2 type:int32 }",
        PB_EDUPLICATE,
        "a.proto: field p.M.aB: JSON name \"aB\" is also that of \"a_b\"");
}

static void
chosen_json_names_must_differ_everywhere(void **state)
{
    (void)state;
    refuse("name:'a' message_type{ name:'M'"
           "field{ name:'x' number:1 type:int32 json_name:'z' }"
           "field{ name:'y' number:2 type:int32 json_name:'z' } }",
        PB_EDUPLICATE, "a: field M.y: JSON name \"z\" is also that of \"x\"");
}

/* ---- Fields ------------------------------------------------------------- */

static void
field_numbers_have_bounds(void **state)
{
    (void)state;
    refuse_field("type:int32", PB_EVALUE,
        "number 0 is not within 1 to 536870911");
    refuse_field("number:-1 type:int32", PB_EVALUE,
        "number -1 is not within 1 to 536870911");
    refuse_field("number:536870912 type:int32", PB_EVALUE,
        "number 536870912 is not within 1 to 536870911");
    refuse_field("number:19000 type:int32", PB_EVALUE,
        "number 19000 is reserved for protobuf itself (19000 to 19999)");
}

static void
a_field_number_is_used_once(void **state)
{
    (void)state;
    refuse_body("field{ name:'x' number:7 type:int32 }"
                "field{ name:'y' number:7 type:int32 }",
        PB_EDUPLICATE, "a.proto: field p.M.y: number 7 is also that of \"x\"");
}

static void
reserved_numbers_and_names_are_not_used(void **state)
{
    (void)state;
    refuse_field("number:7 type:int32 } reserved_range{ start:9 end:10 }"
                 "reserved_range{ start:5 end:8",
        PB_EVALUE, "number 7 is reserved");
    refuse_field("number:7 type:int32 } extension_range{ start:7 end:8",
        PB_EVALUE, "number 7 is in a range for extensions");
    refuse_field("number:1 type:int32 } reserved_name:'f' field{ name:'g'"
                 " number:2 type:int32",
        PB_EVALUE, "the name is reserved");
}

static void
ranges_must_be_ranges(void **state)
{
    (void)state;
    refuse_body("reserved_range{ start:5 end:5 }", PB_EVALUE,
        "a.proto: message p.M: 5 to 4 is no range of numbers");
    refuse_body("extension_range{ start:0 end:5 }", PB_EVALUE,
        "a.proto: message p.M: 0 to 4 is no range of numbers");
    refuse_body("extension_range{ start:5 end:536870913 }", PB_EVALUE,
        "a.proto: message p.M: 5 to 536870912 is no range of numbers");
    refuse_body("reserved_range{ start:5 end:10 }"
                "extension_range{ start:9 end:20 }",
        PB_EVALUE, "a.proto: message p.M: two ranges overlap at number 9");
}

static void
types_must_be_resolved(void **state)
{
    (void)state;
    refuse_field("number:1 type:message type_name:'.p.X'", PB_EUNKNOWN,
        "unresolved type \".p.X\"");
    refuse_field("number:1 type_name:'X.Y'", PB_EUNKNOWN,
        "unresolved type \"X.Y\"");
    refuse_field("number:1 type:enum type_name:'.'", PB_EUNKNOWN,
        "unresolved type \".\"");
    refuse_field("number:1 type_name:'.p'", PB_EUNKNOWN,
        "unresolved type \".p\"");
    refuse_field("number:1 type_name:'M.Y'", PB_EUNKNOWN,
        "unresolved type \"M.Y\"");
}

static void
types_must_be_what_they_are_said_to_be(void **state)
{
    (void)state;
    refuse_field("number:1 type:19", PB_EVALUE, "type 19 is not known");
    refuse_field("number:1", PB_EVALUE, "has no type");
    refuse_field("number:1 type:message", PB_EVALUE, "has no type");
    refuse_field("number:1 type:int32 type_name:'M'", PB_EVALUE,
        "a scalar with the type name \"M\"");
    refuse_field("number:1 type:enum type_name:'M'", PB_EVALUE,
        "\"p.M\" is a message, not an enum");
    refuse_field("number:1 type:message type_name:'E' }"
                 "enum_type{ name:'E' value{ name:'Z' }",
        PB_EVALUE, "\"E\" is an enum, not a message");
    refuse_field("number:1 type:int32 label:4", PB_EVALUE,
        "label 4 is not known");
}

static void
proto2_words_are_for_proto2(void **state)
{
    (void)state;
    refuse_field("number:1 type:int32 label:required", PB_EVALUE,
        "required fields are for proto2 only");
    refuse_field("number:1 type:group type_name:'M'", PB_EVALUE,
        "groups are for proto2 only");
    refuse(EDITION "name:'a' message_type{ name:'M' field{ name:'f' number:1"
                   " type:int32 label:required } }",
        PB_EVALUE, "a: field M.f: required fields are for proto2 only");
}

/* ---- Oneofs ------------------------------------------------------------- */

static void
oneofs_hold_fields_that_are_theirs(void **state)
{
    (void)state;
    refuse_field("number:1 type:int32 oneof_index:1 } oneof_decl{ name:'o'",
        PB_EVALUE, "oneof_index 1 is out of bounds, the message has 1 oneofs");
    refuse_field("number:1 type:int32 oneof_index:-1 } oneof_decl{ name:'o'",
        PB_EVALUE, "oneof_index -1 is out of bounds, the message has 1 oneofs");
    refuse_field("number:1 type:int32 oneof_index:0", PB_EVALUE,
        "oneof_index 0 is out of bounds, the message has 0 oneofs");
    refuse_field("number:1 type:int32 label:repeated oneof_index:0 }"
                 "oneof_decl{ name:'o'",
        PB_EVALUE, "a member of a oneof can be neither repeated nor required");
    refuse_body("oneof_decl{ name:'o' }", PB_EVALUE,
        "a.proto: oneof p.M.o: has no fields");
}

static void
a_proto3_optional_has_a_oneof_of_its_own(void **state)
{
    (void)state;
    refuse_field("number:1 type:int32 proto3_optional:true", PB_EVALUE,
        "proto3_optional outside of proto3 or of a oneof of its own");
    refuse_body("field{ name:'f' number:1 type:int32 oneof_index:0 }"
                "field{ name:'g' number:2 type:int32 oneof_index:0"
                " proto3_optional:true } oneof_decl{ name:'o' }",
        PB_EVALUE,
        "a.proto: field p.M.g: the oneof of a proto3 optional field has "
        "another member");
}

/* ---- Maps --------------------------------------------------------------- */

#define ENTRY "nested_type{ name:'E' options{ map_entry:true } "
#define KEY "field{ name:'key' number:1 type:string } "
#define VALUE "field{ name:'value' number:2 type:string } "

static void
refuse_entry(const char *body, const char *message)
{
    char text[600];
    char expected[300];

    snprintf(text, sizeof text, ENTRY "%s }", body);
    snprintf(expected, sizeof expected, "a.proto: message p.M.E: %s", message);
    refuse_body(text, PB_EVALUE, expected);
}

static void
map_entries_have_their_shape(void **state)
{
    static const char shape[] =
        "a map entry has a field key = 1 and a field value = 2 only";

    (void)state;
    refuse_entry("", shape);
    refuse_entry(KEY, shape);
    refuse_entry(KEY VALUE "field{ name:'x' number:3 type:int32 }", shape);
    refuse_entry("field{ name:'k' number:1 type:string } " VALUE, shape);
    refuse_entry("field{ name:'key' number:2 type:string }"
                 "field{ name:'value' number:1 type:string }",
        shape);
    refuse_entry(KEY VALUE "nested_type{ name:'X' }",
        "a map entry has nothing but its fields");
    refuse_entry("field{ name:'key' number:1 type:bytes } " VALUE,
        "a map's key is a string, an integer or a bool");
    refuse_entry(KEY "field{ name:'value' number:2 type:int32 label:repeated }",
        "the fields of a map entry are neither repeated nor required");
}

static void
a_map_entry_is_for_a_repeated_field_beside_it(void **state)
{
    (void)state;
    refuse_field("number:1 type:message type_name:'E' }" ENTRY KEY VALUE,
        PB_EVALUE, "map entry \"p.M.E\" belongs to another field");
    refuse_body("nested_type{ name:'N' field{ name:'f' number:1 label:repeated"
                " type_name:'M.E' } }" ENTRY KEY VALUE "}",
        PB_EVALUE,
        "a.proto: field p.M.N.f: map entry \"p.M.E\" belongs to another field");
}

/* ---- Enums -------------------------------------------------------------- */

static void
refuse_enum(const char *body, enum pb_err kind, const char *message)
{
    char text[600];
    char expected[300];

    snprintf(text, sizeof text,
        PROTO3 "name:'a.proto' enum_type{ name:'E' %s }", body);
    snprintf(expected, sizeof expected, "a.proto: enum E: %s", message);
    refuse(text, kind, expected);
}

static void
enums_have_values_that_begin_with_zero(void **state)
{
    (void)state;
    refuse_enum("", PB_EVALUE, "has no values");
    refuse_enum("value{ name:'A' number:1 }", PB_EVALUE,
        "the first value of an open enum is 0, not 1");
}

static void
aliases_must_be_allowed(void **state)
{
    (void)state;
    refuse_enum("value{ name:'A' number:0 } value{ name:'B' number:0 }",
        PB_EDUPLICATE, "\"B\" has the number 0 of \"A\", and no allow_alias");
}

static void
reserved_enum_values_are_not_used(void **state)
{
    (void)state;
    refuse_enum("value{ name:'A' } value{ name:'B' number:7 }"
                "reserved_range{ start:5 end:7 }",
        PB_EVALUE, "value \"B\" has the reserved number 7");
    refuse_enum("value{ name:'A' } reserved_name:'A'", PB_EVALUE,
        "value \"A\" has a reserved name");
}

/* ---- Extensions and methods --------------------------------------------- */

static void
extensions_stay_in_the_ranges_of_a_message(void **state)
{
    (void)state;
    refuse("name:'a' extension{ name:'x' extendee:'M' number:5 type:int32 }"
           "message_type{ name:'M' extension_range{ start:6 end:9 } }",
        PB_EVALUE,
        "a: extension x: number 5 is in no extension range of \"M\"");
    refuse("name:'a' extension{ name:'x' extendee:'.N' number:5 type:int32 }",
        PB_EUNKNOWN, "a: extension x: extends \".N\", which is no message");
    refuse("name:'a' message_type{ name:'M' extension_range{ start:5 end:9 }"
           " extension{ name:'x' extendee:'M' number:5 type:int32 } }"
           "extension{ name:'y' extendee:'M' number:5 type:int32 }",
        PB_EDUPLICATE, "a: extension y: number 5 is also that of [M.x]");
    refuse_field("number:1 type:int32 extendee:'M'", PB_EVALUE,
        "a field with an extendee");
}

static void
methods_take_and_return_messages(void **state)
{
    (void)state;
    refuse(PROTO3 "name:'a' message_type{ name:'M' } service{ name:'S'"
                  " method{ name:'Do' input_type:'.M' output_type:'.N' } }",
        PB_EUNKNOWN, "a: method S.Do: \".N\" is no message");
    refuse(PROTO3 "name:'a' message_type{ name:'M' } service{ name:'S'"
                  " method{ name:'Do' input_type:'.S' output_type:'.M' } }",
        PB_EUNKNOWN, "a: method S.Do: \".S\" is no message");
}

static void
a_well_known_type_has_its_own_fields(void **state)
{
    static const char message[] = "a: message google.protobuf.Timestamp: "
                                  "has other fields than the well-known type";

    (void)state;
    refuse(PROTO3 "name:'a' package:'google.protobuf'"
                  "message_type{ name:'Timestamp' }",
        PB_EVALUE, message);
    refuse(PROTO3 "name:'a' package:'google.protobuf'"
                  "message_type{ name:'Timestamp'"
                  " field{ name:'seconds' number:1 type:int64 }"
                  " field{ name:'nanos' number:2 type:string } }",
        PB_EVALUE, message);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_truncated_set_says_where),
        cmocka_unit_test(a_broken_file_is_named_when_it_has_a_name),
        cmocka_unit_test(a_file_has_a_name),
        cmocka_unit_test(a_json_text_is_no_descriptor_set),
        cmocka_unit_test(a_missing_import_is_named),
        cmocka_unit_test(imports_in_a_cycle_are_refused),
        cmocka_unit_test(two_files_of_one_name_must_not_differ),
        cmocka_unit_test(syntax_and_edition_must_be_known),
        cmocka_unit_test(features_must_have_known_values),
        cmocka_unit_test(a_name_is_declared_once),
        cmocka_unit_test(enum_values_are_siblings_of_their_enum),
        cmocka_unit_test(a_package_is_no_message),
        cmocka_unit_test(names_must_be_identifiers),
        cmocka_unit_test(long_names_are_refused_and_shown_short),
        cmocka_unit_test(a_package_has_so_many_parts_and_no_more),
        cmocka_unit_test(json_names_must_be_usable),
        cmocka_unit_test(json_names_of_proto3_must_differ),
        cmocka_unit_test(chosen_json_names_must_differ_everywhere),
        cmocka_unit_test(field_numbers_have_bounds),
        cmocka_unit_test(a_field_number_is_used_once),
        cmocka_unit_test(reserved_numbers_and_names_are_not_used),
        cmocka_unit_test(ranges_must_be_ranges),
        cmocka_unit_test(types_must_be_resolved),
        cmocka_unit_test(types_must_be_what_they_are_said_to_be),
        cmocka_unit_test(proto2_words_are_for_proto2),
        cmocka_unit_test(oneofs_hold_fields_that_are_theirs),
        cmocka_unit_test(a_proto3_optional_has_a_oneof_of_its_own),
        cmocka_unit_test(map_entries_have_their_shape),
        cmocka_unit_test(a_map_entry_is_for_a_repeated_field_beside_it),
        cmocka_unit_test(enums_have_values_that_begin_with_zero),
        cmocka_unit_test(aliases_must_be_allowed),
        cmocka_unit_test(reserved_enum_values_are_not_used),
        cmocka_unit_test(extensions_stay_in_the_ranges_of_a_message),
        cmocka_unit_test(methods_take_and_return_messages),
        cmocka_unit_test(a_well_known_type_has_its_own_fields),
    };

    return cmocka_run_group_tests_name("schema errors", tests, NULL, NULL);
}
