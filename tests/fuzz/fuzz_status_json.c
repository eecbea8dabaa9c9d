/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the google.rpc.Status of an upstream. Whatever they are, the
 * answer is a whole JSON object, and no retry is further away than a day.
 */
#include "gateway/status_wire.h"

#include <assert.h>

#include <jansson.h>

#define ROOM (8u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once: a run of the fuzzer is one process. */
static struct pb_schema *
built_in_types(void)
{
    static struct pb_schema *schema;
    struct pb_schema_builder *b;
    struct pb_error error;
    enum pb_err err;

    if (schema != NULL)
        return schema;
    b = pb_schema_builder_new();
    assert(b != NULL);
    err = pb_schema_builder_build(b, &schema, &error);
    assert(err == PB_OK);
    pb_schema_builder_free(&b);
    return schema;
}

static void
check_text(const struct gw_status *status, const struct gw_status_form *form,
    const struct pb_buf *text)
{
    json_t *json = json_loadb((const char *)text->data, text->len,
        JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    json_t *body = form->is_google ? json_object_get(json, "error") : json;
    int64_t code = form->is_google ? (int64_t)status->http : status->code;

    assert(json_is_object(body));
    assert(json_integer_value(json_object_get(body, "code")) == code);
    assert(json_is_string(json_object_get(body, "message")));
    assert(json_is_array(json_object_get(body, "details")));
    json_decref(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sluice_str bytes = sluice_str_n((const char *)data, size);
    struct gw_status status = { .message = bytes, .details = bytes };
    struct pb_json_writer *writer = pb_json_writer_new();
    struct pb_buf out;
    const struct gw_status_form form = {
        .is_google = size % 3 == 0,
        .shows_debug = size % 5 == 0,
        .with_type = size % 2 == 0,
    };
    struct sluice_str message;
    enum pb_err err;

    assert(writer != NULL);
    (void)gw_status_read(bytes, &status.code, &message);
    assert(gw_status_retry_seconds(bytes) <= 86400);
    pb_buf_init_heap(&out, ROOM);
    err = gw_status_to_json(writer, built_in_types(), &status, &form, &out);
    assert(err == PB_OK);
    check_text(&status, &form, &out);
    pb_buf_fini_heap(&out);
    pb_json_writer_free(&writer);
    return 0;
}
