/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas from sets that protoc made: what is in the tables, and look-ups. */
#include "tests/protobuf/everything.pb.embed.h"
#include "tests/protobuf/legacy.pb.embed.h"
#include "tests/protobuf/schema_fixture.h"

#define LIBRARY "tests.everything.Library"
#define BOOK "tests.everything.Book"
#define OLD "tests.legacy.Old"

static int
load(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s = NULL;
    struct pb_error e = { .message = "" };

    assert_non_null(b);
    if (pb_schema_builder_add_set(b, everything_pb, everything_pb_size, &e) ||
        pb_schema_builder_add_set(b, legacy_pb, legacy_pb_size, &e) ||
        pb_schema_builder_build(b, &s, &e))
        print_error("%s\n", e.message);
    pb_schema_builder_free(&b);
    assert_null(b);
    *state = s;
    return s == NULL;
}

static int
unload(void **state)
{
    pb_schema_free((struct pb_schema **)state);
    return *state != NULL;
}

/* ---- Names -------------------------------------------------------------- */

static const struct pb_method *
method_of(const struct pb_schema *s, const char *name)
{
    const struct pb_method *m = pb_schema_method(s, name, strlen(name));

    assert_non_null(m);
    assert_string_equal(m->full_name, name);
    return m;
}

static void
names_are_found_whole_or_not_at_all(void **state)
{
    const struct pb_schema *s = *state;

    message_of(s, BOOK);
    message_of(s, BOOK ".Author");
    assert_null(pb_schema_message(s, "", 0));
    assert_null(pb_schema_message(s, "." BOOK, sizeof BOOK));
    assert_null(pb_schema_message(s, BOOK "s", sizeof BOOK));
    assert_null(pb_schema_message(s, BOOK "\0x", sizeof BOOK + 1));
    assert_null(pb_schema_message(s, BOOK, sizeof BOOK - 2));
    assert_null(pb_schema_message(s, LIBRARY, strlen(LIBRARY)));
    assert_null(pb_schema_service(s, BOOK, strlen(BOOK)));
}

static void
services_are_counted_and_listed(void **state)
{
    const struct pb_schema *s = *state;
    const struct pb_service *library;

    assert_int_equal(pb_schema_n_services(s), 2);
    library = pb_schema_service_at(s, 0);
    assert_string_equal(library->full_name, LIBRARY);
    assert_int_equal(library->n_methods, 5);
    assert_ptr_equal(library, pb_schema_service(s, LIBRARY, strlen(LIBRARY)));
    assert_int_equal(pb_schema_service_at(s, 1)->n_methods, 0);
    assert_null(pb_schema_service_at(s, 2));
}

static void
a_method_knows_its_types_and_directions(void **state)
{
    const struct pb_schema *s = *state;
    const struct pb_method *m = method_of(s, LIBRARY ".AddBooks");

    assert_string_equal(m->name, "AddBooks");
    assert_string_equal(m->service->full_name, LIBRARY);
    assert_ptr_equal(m->input, message_of(s, BOOK));
    assert_ptr_equal(m->output, message_of(s, "google.protobuf.Empty"));
    assert_true(m->client_streaming);
    assert_false(m->server_streaming);
    m = method_of(s, LIBRARY ".WatchBooks");
    assert_false(m->client_streaming);
    assert_true(m->server_streaming);
    m = method_of(s, LIBRARY ".Talk");
    assert_true(m->client_streaming && m->server_streaming);
}

static void
a_method_says_how_many_requests_and_responses_it_has(void **state)
{
    static const struct {
        const char *method, *cardinality;
    } table[] = {
        { LIBRARY ".GetBook", "unary-unary" },
        { LIBRARY ".WatchBooks", "unary-stream" },
        { LIBRARY ".AddBooks", "stream-unary" },
        { LIBRARY ".Talk", "stream-stream" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(pb_method_cardinality_name(
                                method_of(*state, table[i].method)),
            table[i].cardinality);
}

static void
a_method_has_its_options(void **state)
{
    const struct pb_schema *s = *state;
    const struct pb_method *m = method_of(s, LIBRARY ".GetBook");

    assert_int_equal(m->idempotency, PB_NO_SIDE_EFFECTS);
    assert_int_equal(m->http_rule_len, 7);
    assert_memory_equal(m->http_rule, "\x12\x05/v1/x", 7);
    m = method_of(s, LIBRARY ".DeleteBook");
    assert_int_equal(m->idempotency, PB_IDEMPOTENT);
    assert_null(m->http_rule);
    m = method_of(s, LIBRARY ".Talk");
    assert_int_equal(m->idempotency, PB_IDEMPOTENCY_UNKNOWN);
}

static void
json_names_are_derived_as_protoc_does(void **state)
{
    static const char *const pairs[][2] = {
        { "foo_bar", "fooBar" },
        { "_foo", "Foo" },
        { "FIELD_NAME11", "FIELDNAME11" },
        { "field_0_name6", "field0Name6" },
        { "field__name4_", "fieldName4" },
        { "Field_Name10", "FieldName10" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct pb_field *f =
            field_of(*state, "tests.everything.Names", pairs[i][0]);

        assert_string_equal(f->name, pairs[i][0]);
        assert_string_equal(f->json_name, pairs[i][1]);
        assert_int_equal(f->name_len, strlen(f->name));
        assert_int_equal(f->json_name_len, strlen(f->json_name));
        assert_ptr_equal(f,
            field_of(*state, "tests.everything.Names", pairs[i][1]));
    }
}

static void
a_json_name_wins_over_a_proto_name(void **state)
{
    const struct pb_schema *s = *state;

    assert_int_equal(field_of(s, "tests.everything.Names", "heading")->number,
        7);
    assert_int_equal(field_of(s, "tests.everything.Names", "title")->number, 8);
    assert_int_equal(
        field_of(s, "tests.everything.Names", "heading_text")->number, 8);
}

static void
unknown_field_names_are_not_found(void **state)
{
    const struct pb_message *m = message_of(*state, BOOK);

    assert_null(pb_message_field_by_name(m, "", 0));
    assert_null(pb_message_field_by_name(m, "nam", 3));
    assert_null(pb_message_field_by_name(m, "name\0", 5));
    assert_null(pb_message_field_by_name(m, "gone", 4));
    assert_null(
        pb_message_field_by_name(message_of(*state, "google.protobuf.Empty"),
            "x", 1));
}

static void
the_nearest_name_is_near_enough(void **state)
{
    const struct pb_message *m = message_of(*state, BOOK);

    assert_null(pb_message_nearest_field(m, "nmae", 4)); /* 2 of 4 letters */
    assert_string_equal(pb_message_nearest_field(m, "nane", 4), "name");
    assert_string_equal(pb_message_nearest_field(m, "auhtors", 7), "authors");
    assert_string_equal(pb_message_nearest_field(m, "loose_page", 10),
        "loose_pages");
    assert_string_equal(pb_message_nearest_field(m, "loosePage", 9),
        "loosePages");
    assert_null(pb_message_nearest_field(m, "zzzzzz", 6));
    assert_null(pb_message_nearest_field(m, "", 0));
    assert_null(pb_message_nearest_field(m,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        65));
}

/* ---- Fields ------------------------------------------------------------- */

static void
fields_are_sorted_by_number(void **state)
{
    const struct pb_message *m = message_of(*state, BOOK);

    assert_int_equal(m->n_fields, 14);
    for (unsigned i = 0; i < m->n_fields; i++) {
        assert_int_equal(m->fields[i].index, i);
        assert_ptr_equal(m->fields[i].parent, m);
        if (i > 0)
            assert_true(m->fields[i - 1].number < m->fields[i].number);
    }
}

static void
every_number_is_found_with_any_hint(void **state)
{
    const struct pb_message *m = message_of(*state, BOOK);

    for (unsigned i = 0; i < m->n_fields; i++)
        for (unsigned hint = 0; hint <= m->n_fields; hint++)
            assert_ptr_equal(pb_message_field_by_number(m, m->fields[i].number,
                                 hint),
                &m->fields[i]);
    assert_null(pb_message_field_by_number(m, 0, 0));
    assert_null(pb_message_field_by_number(m, 2, 0));
    assert_null(pb_message_field_by_number(m, 299, 3));
    assert_null(pb_message_field_by_number(m, 536870910, 99));
    assert_null(pb_message_field_by_number(m, UINT32_MAX, 0));
    assert_null(
        pb_message_field_by_number(message_of(*state, "google.protobuf.Empty"),
            1, 0));
}

static void
scalars_have_their_wire_types(void **state)
{
    static const struct {
        const char *name;
        enum pb_type type;
        enum pb_wire wire;
    } expected[] = {
        { "fDouble", PB_DOUBLE, PB_WIRE_I64 },
        { "fFloat", PB_FLOAT, PB_WIRE_I32 },
        { "fInt64", PB_INT64, PB_WIRE_VARINT },
        { "fUint64", PB_UINT64, PB_WIRE_VARINT },
        { "fInt32", PB_INT32, PB_WIRE_VARINT },
        { "fFixed64", PB_FIXED64, PB_WIRE_I64 },
        { "fFixed32", PB_FIXED32, PB_WIRE_I32 },
        { "fBool", PB_BOOL, PB_WIRE_VARINT },
        { "fString", PB_STRING, PB_WIRE_LEN },
        { "fBytes", PB_BYTES, PB_WIRE_LEN },
        { "fUint32", PB_UINT32, PB_WIRE_VARINT },
        { "fSfixed32", PB_SFIXED32, PB_WIRE_I32 },
        { "fSfixed64", PB_SFIXED64, PB_WIRE_I64 },
        { "fSint32", PB_SINT32, PB_WIRE_VARINT },
        { "fSint64", PB_SINT64, PB_WIRE_VARINT },
        { "fColor", PB_ENUM, PB_WIRE_VARINT },
        { "fSparse", PB_ENUM, PB_WIRE_VARINT },
    };

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct pb_field *f =
            field_of(*state, "tests.everything.Scalars", expected[i].name);

        assert_int_equal(f->type, expected[i].type);
        assert_int_equal(f->wire, expected[i].wire);
        assert_int_equal(f->tag_len, f->number < 16 ? 1 : 2);
        assert_int_equal(f->tag[0] & 7, f->wire);
        assert_false(f->has_presence || f->is_repeated || f->is_required);
        assert_int_equal(f->verify_utf8, f->type == PB_STRING);
    }
}

static void
repeated_scalars_pack_by_default_in_proto3(void **state)
{
    const struct pb_field *pages = field_of(*state, BOOK, "pages");
    const struct pb_field *loose = field_of(*state, BOOK, "loose_pages");
    const struct pb_field *tags = field_of(*state, BOOK, "tags");

    assert_true(pages->is_repeated && pages->is_packed);
    assert_int_equal(pages->tag[0], 0x28);
    assert_int_equal(pages->packed_tag[0], 0x2a);
    assert_true(loose->is_repeated && !loose->is_packed);
    assert_true(tags->is_repeated && !tags->is_packed);
    assert_int_equal(tags->packed_tag_len, tags->tag_len);
    assert_memory_equal(tags->packed_tag, tags->tag, tags->tag_len);
    assert_false(pages->has_presence);
}

static void
the_largest_number_has_a_tag_of_five_bytes(void **state)
{
    const struct pb_field *f = field_of(*state, BOOK, "notes");

    assert_int_equal(f->tag_len, 5);
    assert_memory_equal(f->tag, "\xfa\xff\xff\xff\x0f", 5);
}

static void
a_map_is_repeated_and_has_an_entry(void **state)
{
    const struct pb_field *f = field_of(*state, BOOK, "authors");

    assert_true(f->is_map && f->is_repeated && !f->has_presence);
    assert_true(f->message->is_map_entry);
    assert_string_equal(f->message->fields[0].name, "key");
    assert_int_equal(f->message->fields[0].type, PB_STRING);
    assert_ptr_equal(f->message->fields[1].message,
        message_of(*state, BOOK ".Author"));
    f = field_of(*state, BOOK ".Author", "friends");
    assert_true(f->is_repeated && !f->is_map);
    assert_ptr_equal(f->message, f->parent);
}

static void
only_real_oneofs_are_seen(void **state)
{
    const struct pb_message *m = message_of(*state, BOOK);

    assert_int_equal(m->n_oneofs, 2);
    assert_string_equal(m->oneof_names[0], "subject");
    assert_string_equal(m->oneof_names[1], "price");
    assert_int_equal(field_of(*state, BOOK, "topic")->oneof, 0);
    assert_int_equal(field_of(*state, BOOK, "data")->oneof, 0);
    assert_int_equal(field_of(*state, BOOK, "free")->oneof, 1);
    assert_int_equal(field_of(*state, BOOK, "name")->oneof, -1);
    assert_int_equal(field_of(*state, BOOK, "rating")->oneof, -1);
}

static void
presence_in_proto3_is_for_optional_oneof_and_message(void **state)
{
    assert_true(field_of(*state, BOOK, "rating")->has_presence);
    assert_true(field_of(*state, BOOK, "editor")->has_presence);
    assert_true(field_of(*state, BOOK, "free")->has_presence);
    assert_true(field_of(*state, BOOK, "printed")->has_presence);
    assert_false(field_of(*state, BOOK, "name")->has_presence);
}

/* ---- Enums -------------------------------------------------------------- */

static void
an_alias_is_found_by_name_and_the_first_name_by_number(void **state)
{
    const struct pb_enum *e =
        field_of(*state, "tests.everything.Scalars", "fColor")->enumeration;
    const struct pb_enum_value *v;

    assert_string_equal(e->full_name, "tests.everything.Color");
    assert_false(e->is_closed || e->is_null_value);
    assert_int_equal(e->n_values, 5);
    assert_string_equal(e->values[4].name, "INFRARED");
    v = pb_enum_value_by_name(e, "SCARLET", 7);
    assert_int_equal(v->number, 1);
    assert_string_equal(pb_enum_value_by_number(e, 1)->name, "RED");
    assert_string_equal(pb_enum_value_by_number(e, -5)->name, "INFRARED");
    assert_null(pb_enum_value_by_number(e, 3));
    assert_null(pb_enum_value_by_number(e, -1));
    assert_null(pb_enum_value_by_number(e, INT32_MIN));
    assert_null(pb_enum_value_by_number(e, INT32_MAX));
    assert_null(pb_enum_value_by_name(e, "red", 3));
    assert_null(pb_enum_value_by_name(e, "", 0));
}

static void
enum_numbers_far_apart_are_found(void **state)
{
    const struct pb_enum *e =
        field_of(*state, "tests.everything.Scalars", "fSparse")->enumeration;

    for (uint32_t i = 0; i < e->n_values; i++)
        assert_ptr_equal(pb_enum_value_by_number(e, e->values[i].number),
            &e->values[i]);
    assert_null(pb_enum_value_by_number(e, 1));
    assert_null(pb_enum_value_by_number(e, INT32_MIN));
    assert_null(pb_enum_value_by_number(e, INT32_MAX));
}

static const struct pb_enum *
value_enum(const struct pb_schema *s)
{
    return field_of(s, "google.protobuf.Value", "nullValue")->enumeration;
}

static void
the_null_value_is_known(void **state)
{
    const struct pb_enum *e = value_enum(*state);

    assert_true(e->is_null_value);
    assert_int_equal(pb_enum_value_by_name(e, "NULL_VALUE", 10)->number, 0);
}

static void
proto2_enums_are_closed_and_begin_anywhere(void **state)
{
    const struct pb_enum *e = field_of(*state, OLD, "mood")->enumeration;

    assert_true(e->is_closed);
    assert_int_equal(e->default_number, 3);
}

/* ---- proto2 ------------------------------------------------------------- */

static void
proto2_fields_have_presence_and_need_no_utf8(void **state)
{
    const struct pb_field *id = field_of(*state, OLD, "id");
    const struct pb_field *text = field_of(*state, OLD, "text");

    assert_true(id->is_required && id->has_presence);
    assert_true(message_of(*state, OLD)->has_required);
    assert_true(text->has_presence && !text->is_required);
    assert_false(text->verify_utf8);
    assert_false(field_of(*state, OLD, "loose")->is_packed);
    assert_true(field_of(*state, OLD, "packed")->is_packed);
}

static void
a_group_has_group_tags(void **state)
{
    const struct pb_field *f = field_of(*state, OLD, "result");

    assert_int_equal(f->type, PB_GROUP);
    assert_int_equal(f->wire, PB_WIRE_SGROUP);
    assert_int_equal(f->tag[0], 0x33);
    assert_true(f->is_repeated && !f->is_packed);
    assert_string_equal(f->message->full_name, OLD ".Result");
}

static void
json_conflicts_in_proto2_go_to_the_first(void **state)
{
    assert_int_equal(field_of(*state, OLD, "sameName")->number, 7);
    assert_int_equal(field_of(*state, OLD, "same_name")->number, 7);
}

static const struct pb_field *
extension_of(const struct pb_message *m, const char *name)
{
    return pb_schema_extension_by_name(m, name, strlen(name));
}

static void
extensions_are_found_by_name_and_number(void **state)
{
    const struct pb_message *old = message_of(*state, OLD);
    const struct pb_field *f = extension_of(old, "tests.legacy.note");

    assert_non_null(f);
    assert_ptr_equal(f, pb_schema_extension_by_number(old, 100));
    assert_string_equal(f->name, "[tests.legacy.note]");
    assert_int_equal(f->name_len, strlen(f->name));
    assert_string_equal(f->json_name, "[tests.legacy.note]");
    assert_true(f->is_extension && f->has_presence);
    assert_ptr_equal(f->parent, old);
    assert_int_equal(f->oneof, -1);

    f = extension_of(old, OLD ".Inner.depth");
    assert_ptr_equal(f, pb_schema_extension_by_number(old, 101));
    assert_int_equal(f->type, PB_INT32);
    f = extension_of(old, "tests.legacy.children");
    assert_true(f->is_repeated && !f->has_presence);
    assert_ptr_equal(f->message, old);
}

static void
extensions_belong_to_their_message_only(void **state)
{
    const struct pb_message *old = message_of(*state, OLD);
    const struct pb_message *book = message_of(*state, BOOK);

    assert_null(extension_of(book, "tests.legacy.note"));
    assert_null(pb_schema_extension_by_number(book, 100));
    assert_null(pb_schema_extension_by_number(old, 102));
    assert_null(extension_of(old, "[tests.legacy.note]"));
    assert_null(extension_of(old, "note"));
    assert_null(extension_of(old, ""));
    assert_null(pb_message_field_by_number(old, 100, 0));
    assert_null(pb_message_field_by_name(old, "note", 4));
}

/* ---- Built-in types ----------------------------------------------------- */

static void
well_known_types_are_told_from_others(void **state)
{
    static const struct {
        const char *name;
        enum pb_wkt wkt;
    } expected[] = {
        { "google.protobuf.Any", PB_WKT_ANY },
        { "google.protobuf.Timestamp", PB_WKT_TIMESTAMP },
        { "google.protobuf.Duration", PB_WKT_DURATION },
        { "google.protobuf.FieldMask", PB_WKT_FIELD_MASK },
        { "google.protobuf.Struct", PB_WKT_STRUCT },
        { "google.protobuf.Value", PB_WKT_VALUE },
        { "google.protobuf.ListValue", PB_WKT_LIST_VALUE },
        { "google.protobuf.DoubleValue", PB_WKT_DOUBLE_VALUE },
        { "google.protobuf.FloatValue", PB_WKT_FLOAT_VALUE },
        { "google.protobuf.Int64Value", PB_WKT_INT64_VALUE },
        { "google.protobuf.UInt64Value", PB_WKT_UINT64_VALUE },
        { "google.protobuf.Int32Value", PB_WKT_INT32_VALUE },
        { "google.protobuf.UInt32Value", PB_WKT_UINT32_VALUE },
        { "google.protobuf.BoolValue", PB_WKT_BOOL_VALUE },
        { "google.protobuf.StringValue", PB_WKT_STRING_VALUE },
        { "google.protobuf.BytesValue", PB_WKT_BYTES_VALUE },
        { "google.protobuf.Empty", PB_WKT_EMPTY },
        { "google.api.HttpBody", PB_WKT_HTTP_BODY },
        { "google.rpc.Status", PB_WKT_NONE },
        { "google.rpc.ErrorInfo", PB_WKT_NONE },
        { "google.rpc.RetryInfo", PB_WKT_NONE },
        { "google.rpc.DebugInfo", PB_WKT_NONE },
        { "google.rpc.QuotaFailure", PB_WKT_NONE },
        { "google.rpc.PreconditionFailure", PB_WKT_NONE },
        { "google.rpc.BadRequest", PB_WKT_NONE },
        { "google.rpc.RequestInfo", PB_WKT_NONE },
        { "google.rpc.ResourceInfo", PB_WKT_NONE },
        { "google.rpc.Help", PB_WKT_NONE },
        { "google.rpc.LocalizedMessage", PB_WKT_NONE },
        { BOOK, PB_WKT_NONE },
    };

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(message_of(*state, expected[i].name)->wkt,
            expected[i].wkt);
}

static void
an_empty_builder_makes_the_built_in_types(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;

    (void)state;
    assert_int_equal(pb_schema_builder_build(b, &s, NULL), PB_OK);
    message_of(s, "google.rpc.Status");
    assert_int_equal(pb_schema_n_services(s), 0);
    pb_schema_free(&s);
    pb_schema_builder_free(&b);
}

static void
a_builder_can_build_more_than_once(void **state)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *first, *second;

    (void)state;
    assert_int_equal(pb_schema_builder_add_set(b, legacy_pb, legacy_pb_size,
                         NULL),
        PB_OK);
    assert_int_equal(pb_schema_builder_build(b, &first, NULL), PB_OK);
    assert_int_equal(pb_schema_builder_add_set(b, everything_pb,
                         everything_pb_size, NULL),
        PB_OK);
    assert_int_equal(pb_schema_builder_build(b, &second, NULL), PB_OK);
    pb_schema_builder_free(&b);
    assert_null(pb_schema_message(first, BOOK, strlen(BOOK)));
    assert_true(field_of(first, OLD, "id")->is_required);
    pb_schema_free(&first);
    message_of(second, BOOK);
    assert_non_null(
        pb_schema_extension_by_number(message_of(second, OLD), 100));
    pb_schema_free(&second);
}

static void
nothing_can_be_freed(void **state)
{
    struct pb_schema_builder *b = NULL;
    struct pb_schema *s = NULL;

    (void)state;
    pb_schema_builder_free(&b);
    pb_schema_free(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_whole_or_not_at_all),
        cmocka_unit_test(services_are_counted_and_listed),
        cmocka_unit_test(a_method_knows_its_types_and_directions),
        cmocka_unit_test(a_method_says_how_many_requests_and_responses_it_has),
        cmocka_unit_test(a_method_has_its_options),
        cmocka_unit_test(json_names_are_derived_as_protoc_does),
        cmocka_unit_test(a_json_name_wins_over_a_proto_name),
        cmocka_unit_test(unknown_field_names_are_not_found),
        cmocka_unit_test(the_nearest_name_is_near_enough),
        cmocka_unit_test(fields_are_sorted_by_number),
        cmocka_unit_test(every_number_is_found_with_any_hint),
        cmocka_unit_test(scalars_have_their_wire_types),
        cmocka_unit_test(repeated_scalars_pack_by_default_in_proto3),
        cmocka_unit_test(the_largest_number_has_a_tag_of_five_bytes),
        cmocka_unit_test(a_map_is_repeated_and_has_an_entry),
        cmocka_unit_test(only_real_oneofs_are_seen),
        cmocka_unit_test(presence_in_proto3_is_for_optional_oneof_and_message),
        cmocka_unit_test(
            an_alias_is_found_by_name_and_the_first_name_by_number),
        cmocka_unit_test(enum_numbers_far_apart_are_found),
        cmocka_unit_test(the_null_value_is_known),
        cmocka_unit_test(proto2_enums_are_closed_and_begin_anywhere),
        cmocka_unit_test(proto2_fields_have_presence_and_need_no_utf8),
        cmocka_unit_test(a_group_has_group_tags),
        cmocka_unit_test(json_conflicts_in_proto2_go_to_the_first),
        cmocka_unit_test(extensions_are_found_by_name_and_number),
        cmocka_unit_test(extensions_belong_to_their_message_only),
        cmocka_unit_test(well_known_types_are_told_from_others),
        cmocka_unit_test(an_empty_builder_makes_the_built_in_types),
        cmocka_unit_test(a_builder_can_build_more_than_once),
        cmocka_unit_test(nothing_can_be_freed),
    };

    return cmocka_run_group_tests_name("schema", tests, load, unload);
}
