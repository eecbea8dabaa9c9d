/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/status_json.c - see status_json.h.
 *
 * Details are google.protobuf.Any. One whose type the schema knows is written
 * as ProtoJSON says; any other keeps its bytes as {"@type", "value"}, so that
 * an error never fails for want of a type.
 */
#include "gateway/status_json.h"

#include <stdio.h>

#include <sluice/grpc.h>

#include "protobuf/wire.h"

#define STATUS_TYPE "type.googleapis.com/google.rpc.Status"
#define BAD_REQUEST_TYPE "type.googleapis.com/google.rpc.BadRequest"
#define RETRY_INFO_SUFFIX "/google.rpc.RetryInfo"
#define ANY "google.protobuf.Any"
#define RETRY_MAX_SECONDS 86400

struct record {
    uint32_t number;
    unsigned wire;
    uint64_t varint;
    const uint8_t *data;
    size_t len;
};

/* The next field of a message. NULL at a break. */
static const uint8_t *
next_record(const uint8_t *p, const uint8_t *end, struct record *r)
{
    p = pb_tag_read(p, end, &r->number, &r->wire);
    if (p == NULL)
        return NULL;
    if (r->wire == PB_WIRE_VARINT)
        return pb_varint_read(p, end, &r->varint);
    if (r->wire == PB_WIRE_LEN) {
        r->data = pb_len_read(p, end, &r->len);
        return r->data == NULL ? NULL : r->data + r->len;
    }
    return pb_skip(p, end, r->number, r->wire, 100);
}

/* Absent text has no end to compute: it is taken as empty. */
static const uint8_t *
first_byte(struct sluice_str s)
{
    return (const uint8_t *)(s.ptr == NULL ? "" : s.ptr);
}

bool
gw_status_code(struct sluice_str status, int32_t *code)
{
    const uint8_t *p = first_byte(status);
    const uint8_t *end = p + status.len;

    *code = 0;
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return false;
        if (r.number == 1 && r.wire == PB_WIRE_VARINT)
            *code = (int32_t)r.varint;
    }
    return true;
}

static bool
split_any(const struct record *any, struct sluice_str *url,
    struct sluice_str *value)
{
    const uint8_t *p = any->data;
    const uint8_t *end = p + any->len;

    *url = sluice_str_n("", 0);
    *value = sluice_str_n("", 0);
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return false;
        if (r.wire == PB_WIRE_LEN && r.number == 1)
            *url = sluice_str_n((const char *)r.data, r.len);
        if (r.wire == PB_WIRE_LEN && r.number == 2)
            *value = sluice_str_n((const char *)r.data, r.len);
    }
    return true;
}

static bool
ends_with(struct sluice_str s, const char *suffix)
{
    size_t len = strlen(suffix);

    return s.len >= len && memcmp(s.ptr + s.len - len, suffix, len) == 0;
}

/* Duration inside RetryInfo: seconds 1, nanos 2. */
static unsigned
duration_seconds(struct sluice_str retry_info)
{
    const uint8_t *p = (const uint8_t *)retry_info.ptr;
    const uint8_t *end = p + retry_info.len;
    struct record delay = { .data = p };
    int64_t seconds = 0;
    int32_t nanos = 0;

    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return 0;
        if (r.number == 1 && r.wire == PB_WIRE_LEN)
            delay = r;
    }
    p = delay.data;
    end = p + delay.len;
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return 0;
        if (r.number == 1 && r.wire == PB_WIRE_VARINT)
            seconds = (int64_t)r.varint;
        if (r.number == 2 && r.wire == PB_WIRE_VARINT)
            nanos = (int32_t)r.varint;
    }
    if (seconds < 0)
        return 0;
    if (seconds >= RETRY_MAX_SECONDS)
        return RETRY_MAX_SECONDS;
    return (unsigned)seconds + (nanos > 0);
}

unsigned
gw_status_retry_seconds(struct sluice_str status)
{
    const uint8_t *p = first_byte(status);
    const uint8_t *end = p + status.len;

    while (p != end) {
        struct record r;
        struct sluice_str url;
        struct sluice_str value;

        p = next_record(p, end, &r);
        if (p == NULL)
            return 0;
        if (r.number == 3 && r.wire == PB_WIRE_LEN &&
            split_any(&r, &url, &value) && ends_with(url, RETRY_INFO_SUFFIX))
            return duration_seconds(value);
    }
    return 0;
}

/* ------------------------------------------------------------------ output */

#define PUT(out, text) pb_buf_put(out, text, sizeof text - 1)

static enum pb_err
put_base64(struct pb_buf *out, struct sluice_str value)
{
    enum pb_err err = pb_buf_reserve(out, value.len / 3 * 4 + 8);
    size_t n;

    if (err != PB_OK)
        return err;
    n = sluice_base64_encode(value.ptr, value.len,
        (char *)out->data + out->len);
    while (n % 4 != 0)
        out->data[out->len + n++] = '=';
    out->len += n;
    return PB_OK;
}

static enum pb_err
put_unknown_any(struct pb_buf *out, const struct record *any)
{
    struct sluice_str url;
    struct sluice_str value;
    enum pb_err err;

    if (!split_any(any, &url, &value))
        return PB_ESYNTAX;
    err = PUT(out, "{\"@type\":");
    if (err == PB_OK)
        err = pb_json_quote(out, url.ptr, url.len);
    if (err == PB_OK)
        err = PUT(out, ",\"value\":\"");
    if (err == PB_OK)
        err = put_base64(out, value);
    if (err == PB_OK)
        err = PUT(out, "\"}");
    return err;
}

static enum pb_err
put_detail(struct pb_json_writer *writer, const struct pb_schema *schema,
    const struct record *any, struct pb_buf *out)
{
    struct pb_json_options options = { 0 };
    const struct pb_message *type =
        pb_schema_message(schema, ANY, sizeof ANY - 1);
    size_t before = out->len;

    if (type != NULL &&
        pb_wire_to_json(writer, type, &options, any->data, any->len, out,
            NULL) == PB_OK)
        return PB_OK;
    out->len = before;
    return put_unknown_any(out, any);
}

static enum pb_err
put_details(struct pb_json_writer *writer, const struct pb_schema *schema,
    struct sluice_str status, struct pb_buf *out)
{
    const uint8_t *p = first_byte(status);
    const uint8_t *end = p + status.len;
    bool is_first = true;

    while (p != end) {
        struct record r;
        size_t before = out->len;

        p = next_record(p, end, &r);
        if (p == NULL)
            return PB_OK; /* what could be read is shown */
        if (r.number != 3 || r.wire != PB_WIRE_LEN)
            continue;
        if (!is_first && PUT(out, ",") != PB_OK)
            return PB_ENOMEM;
        if (put_detail(writer, schema, &r, out) != PB_OK)
            out->len = before;
        else
            is_first = false;
    }
    return PB_OK;
}

static enum pb_err
put_violation(struct pb_buf *out, const struct gw_status *status)
{
    enum pb_err err;

    err =
        PUT(out, "{\"@type\":\"" BAD_REQUEST_TYPE "\",\"fieldViolations\":[{");
    if (err == PB_OK && status->field.len > 0) {
        err = PUT(out, "\"field\":");
        if (err == PB_OK)
            err = pb_json_quote(out, status->field.ptr, status->field.len);
        if (err == PB_OK)
            err = PUT(out, ",");
    }
    if (err == PB_OK)
        err = PUT(out, "\"description\":");
    if (err == PB_OK)
        err = pb_json_quote(out, status->description.ptr,
            status->description.len);
    if (err == PB_OK)
        err = PUT(out, "}]}");
    return err;
}

enum pb_err
gw_status_to_json(struct pb_json_writer *writer, const struct pb_schema *schema,
    const struct gw_status *status, bool with_type, struct pb_buf *out)
{
    char number[32];
    enum pb_err err = PUT(out, "{");

    if (err == PB_OK && with_type)
        err = PUT(out, "\"@type\":\"" STATUS_TYPE "\",");
    snprintf(number, sizeof number, "\"code\":%d,\"message\":", status->code);
    if (err == PB_OK)
        err = pb_buf_put(out, number, strlen(number));
    if (err == PB_OK)
        err = pb_json_quote(out, status->message.ptr, status->message.len);
    if (err == PB_OK)
        err = PUT(out, ",\"details\":[");
    if (err == PB_OK && status->description.ptr != NULL)
        err = put_violation(out, status);
    else if (err == PB_OK && status->details.len > 0 && schema != NULL)
        err = put_details(writer, schema, status->details, out);
    if (err == PB_OK)
        err = PUT(out, "]}");
    return err;
}
