/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syntax and editions. Every file becomes one of a few editions, and the rest
 * of the builder asks only what the features say, proto2 and proto3 included.
 */
#include "protobuf/schema_internal.h"

static const struct {
    int32_t edition;
    struct pb_features features;
} defaults[] = {
    { PB_EDITION_PROTO2,
        { .presence = PB_PRESENCE_EXPLICIT,
            .enum_type = PB_ENUM_CLOSED,
            .repeated_encoding = PB_REPEATED_EXPANDED,
            .utf8 = PB_UTF8_NONE,
            .message_encoding = PB_ENCODING_LENGTH_PREFIXED,
            .json_format = PB_JSON_LEGACY_BEST_EFFORT } },
    { PB_EDITION_PROTO3,
        { .presence = PB_PRESENCE_IMPLICIT,
            .enum_type = PB_ENUM_OPEN,
            .repeated_encoding = PB_REPEATED_PACKED,
            .utf8 = PB_UTF8_VERIFY,
            .message_encoding = PB_ENCODING_LENGTH_PREFIXED,
            .json_format = PB_JSON_ALLOW } },
    { PB_EDITION_2023,
        { .presence = PB_PRESENCE_EXPLICIT,
            .enum_type = PB_ENUM_OPEN,
            .repeated_encoding = PB_REPEATED_PACKED,
            .utf8 = PB_UTF8_VERIFY,
            .message_encoding = PB_ENCODING_LENGTH_PREFIXED,
            .json_format = PB_JSON_ALLOW } },
};

/* 0 after an error. */
static int32_t
edition_of(struct pb_schema_builder *b, const struct pb_raw_file *file)
{
    struct pb_text syntax = file->syntax;

    if (syntax.n == 0 || pb_text_equals(syntax, pb_text("proto2")))
        return PB_EDITION_PROTO2;
    if (pb_text_equals(syntax, pb_text("proto3")))
        return PB_EDITION_PROTO3;
    if (!pb_text_equals(syntax, pb_text("editions"))) {
        pb_error_set(b->error, PB_EVALUE,
            "%.*s: syntax \"%.*s\" is none of proto2, proto3, editions",
            PB_SHOWN(file->name), PB_SHOWN(syntax));
        return 0;
    }
    if (file->edition_number != PB_EDITION_2023 &&
        file->edition_number != PB_EDITION_2024) {
        pb_error_set(b->error, PB_EVALUE,
            "%.*s: edition %d is not supported, only 2023 (1000) and "
            "2024 (1001) are",
            PB_SHOWN(file->name), (int)file->edition_number);
        return 0;
    }
    return file->edition_number;
}

enum pb_err
pb_features_of_file(struct pb_schema_builder *b, struct pb_raw_file *file)
{
    int32_t edition = edition_of(b, file);
    const struct pb_features *base = NULL;

    if (edition == 0)
        return PB_EVALUE;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (defaults[i].edition <= edition)
            base = &defaults[i].features;
    file->edition = edition;
    return pb_features_merge(b, file, file->name, base, &file->features,
        &file->resolved);
}

/* One feature: own unless it says nothing. false: not a value of it. */
static bool
merge(int32_t *merged, int32_t outer, int32_t own, int32_t min, int32_t max)
{
    *merged = own == 0 ? outer : own;
    return *merged >= min && *merged <= max;
}

enum pb_err
pb_features_merge(struct pb_schema_builder *b, const struct pb_raw_file *file,
    struct pb_text element, const struct pb_features *outer,
    const struct pb_features *own, struct pb_features *merged)
{
    struct pb_features m = *outer;
    const char *wrong = NULL;

    if (file->edition < PB_EDITION_2023) {
        *merged = m;
        return PB_OK;
    }
    if (!merge(&m.presence, outer->presence, own->presence, 1, 3))
        wrong = "field_presence";
    if (!merge(&m.enum_type, outer->enum_type, own->enum_type, 1, 2))
        wrong = "enum_type";
    if (!merge(&m.repeated_encoding, outer->repeated_encoding,
            own->repeated_encoding, 1, 2))
        wrong = "repeated_field_encoding";
    if (!merge(&m.utf8, outer->utf8, own->utf8, 2, 3))
        wrong = "utf8_validation";
    if (!merge(&m.message_encoding, outer->message_encoding,
            own->message_encoding, 1, 2))
        wrong = "message_encoding";
    if (!merge(&m.json_format, outer->json_format, own->json_format, 1, 2))
        wrong = "json_format";
    if (wrong != NULL)
        return pb_error_set(b->error, PB_EVALUE,
            "%.*s: %.*s: features.%s has an unknown value",
            PB_SHOWN(file->name), PB_SHOWN(element), wrong);
    *merged = m;
    return PB_OK;
}
