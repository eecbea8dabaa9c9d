/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a FileDescriptorSet. What loads is walked and asked for: every
 * table must answer for what is in it.
 */
#include "protobuf/schema.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask_enum(const struct pb_enum *e)
{
    assert(e->n_values > 0);
    for (uint32_t i = 0; i < e->n_values; i++) {
        const struct pb_enum_value *v = &e->values[i];

        assert(pb_enum_value_by_number(e, v->number)->number == v->number);
        assert(pb_enum_value_by_name(e, v->name, v->name_len) == v);
    }
}

static void
ask_message(const struct pb_message *m)
{
    for (unsigned i = 0; i < m->n_fields; i++) {
        const struct pb_field *f = &m->fields[i];

        assert(f->index == i && f->parent == m);
        assert(f->oneof >= -1 && f->oneof < (int)m->n_oneofs);
        assert(pb_message_field_by_number(m, f->number, 0) == f);
        assert(pb_message_field_by_name(m, f->name, f->name_len) != NULL);
        assert(pb_message_field_by_name(m, f->json_name, f->json_name_len));
        assert(pb_message_nearest_field(m, f->name, f->name_len) != NULL ||
            f->name_len > 64);
        assert((f->message != NULL) ==
            (f->type == PB_MESSAGE || f->type == PB_GROUP));
        assert((f->enumeration != NULL) == (f->type == PB_ENUM));
        if (f->is_map)
            assert(f->message->is_map_entry && f->message->n_fields == 2);
        if (f->enumeration != NULL)
            ask_enum(f->enumeration);
        (void)pb_schema_extension_by_number(m, f->number + 1);
    }
    assert(pb_schema_message(m->schema, m->full_name, m->full_name_len) == m);
}

static void
ask_schema(const struct pb_schema *s)
{
    assert(pb_schema_message(s, "google.rpc.Status", 17) != NULL);
    for (uint32_t i = 0; i < pb_schema_n_services(s); i++) {
        const struct pb_service *service = pb_schema_service_at(s, i);

        for (uint32_t j = 0; j < service->n_methods; j++) {
            const struct pb_method *m = &service->methods[j];

            assert(
                pb_schema_method(s, m->full_name, strlen(m->full_name)) == m);
            ask_message(m->input);
            ask_message(m->output);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s = NULL;
    struct pb_error e = { .message = "" };
    enum pb_err err;

    assert(b != NULL);
    err = pb_schema_builder_add_set(b, data, size, &e);
    if (err == PB_OK)
        err = pb_schema_builder_build(b, &s, &e);
    assert((err == PB_OK) == (e.message[0] == '\0'));
    pb_schema_builder_free(&b);
    if (s != NULL)
        ask_schema(s);
    pb_schema_free(&s);
    return 0;
}
