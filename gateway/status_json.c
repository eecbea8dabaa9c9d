/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/status_json.c - see status_json.h.
 *
 * Details are google.protobuf.Any. One whose type the schema knows is written
 * as ProtoJSON says; any other keeps its bytes as {"@type", "value"}, also deep
 * inside, so that an error never fails for want of a type.
 */
#include "gateway/status_json.h"

#include <stdio.h>

#include <sluice/grpc.h>
#include <sluice/status.h>

#include "protobuf/wire.h"

#define STATUS_TYPE "type.googleapis.com/google.rpc.Status"
#define BAD_REQUEST_TYPE "type.googleapis.com/google.rpc.BadRequest"
#define RETRY_INFO "google.rpc.RetryInfo"
#define DEBUG_INFO "google.rpc.DebugInfo"
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
gw_status_read(struct sluice_str status, int32_t *code,
    struct sluice_str *message)
{
    const uint8_t *p = first_byte(status);
    const uint8_t *end = p + status.len;

    *code = 0;
    *message = sluice_str_n("", 0);
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return false;
        if (r.number == 1 && r.wire == PB_WIRE_VARINT)
            *code = (int32_t)r.varint;
        if (r.number == 2 && r.wire == PB_WIRE_LEN)
            *message = sluice_str_n((const char *)r.data, r.len);
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

/* Only what follows the last slash of a type URL counts. */
static bool
is_type(struct sluice_str url, const char *name)
{
    size_t len = strlen(name);

    return url.len >= len && memcmp(url.ptr + url.len - len, name, len) == 0 &&
        (url.len == len || url.ptr[url.len - len - 1] == '/');
}

/* Duration inside RetryInfo: seconds 1, nanos 2. */
static int
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
    return (int)seconds + (nanos > 0);
}

int
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
            return -1;
        if (r.number == 3 && r.wire == PB_WIRE_LEN &&
            split_any(&r, &url, &value) && is_type(url, RETRY_INFO))
            return duration_seconds(value);
    }
    return -1;
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

/* What is written about where, and how. */
struct printer {
    struct pb_json_writer *writer;
    const struct pb_schema *schema;
    const struct gw_status_form *form;
    struct pb_buf *out;
};

/* Its bytes, as nobody can read them. */
static enum pb_err
put_closed_any(const struct printer *p, struct sluice_str url,
    struct sluice_str value)
{
    struct pb_buf *out = p->out;
    bool is_kept = p->form->shows_debug || value.len == 0 ||
        memmem(value.ptr, value.len, DEBUG_INFO, sizeof DEBUG_INFO - 1) == NULL;
    enum pb_err err = PUT(out, "{\"@type\":");

    if (err == PB_OK)
        err = pb_json_quote(out, url.ptr, url.len);
    if (err == PB_OK && is_kept)
        err = PUT(out, ",\"value\":\"");
    if (err == PB_OK && is_kept)
        err = put_base64(out, value);
    if (err == PB_OK && is_kept)
        err = PUT(out, "\"");
    return err == PB_OK ? PUT(out, "}") : err;
}

static enum pb_err
put_detail(const struct printer *p, const struct record *any,
    struct sluice_str url, struct sluice_str value)
{
    const struct pb_json_options options = {
        .raw_anys = true,
        .hidden = p->form->shows_debug ? NULL : DEBUG_INFO,
    };
    const struct pb_message *type =
        pb_schema_message(p->schema, ANY, sizeof ANY - 1);
    size_t before = p->out->len;

    if (type != NULL &&
        pb_wire_to_json(p->writer, type, &options, any->data, any->len, p->out,
            NULL) == PB_OK)
        return PB_OK;
    p->out->len = before;
    return put_closed_any(p, url, value);
}

/* A broken detail is left out, and so is a DebugInfo that is not for all. */
static bool
is_shown(const struct printer *p, const struct record *any,
    struct sluice_str *url, struct sluice_str *value)
{
    return split_any(any, url, value) &&
        (p->form->shows_debug || !is_type(*url, DEBUG_INFO));
}

static enum pb_err
put_details(const struct printer *to, struct sluice_str status)
{
    const uint8_t *p = first_byte(status);
    const uint8_t *end = p + status.len;
    bool is_first = true;

    while (p != end) {
        struct sluice_str url, value;
        size_t before = to->out->len;
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return PB_OK; /* what could be read is shown */
        if (r.number != 3 || r.wire != PB_WIRE_LEN ||
            !is_shown(to, &r, &url, &value))
            continue;
        if (!is_first && PUT(to->out, ",") != PB_OK)
            return PB_ENOMEM;
        if (put_detail(to, &r, url, value) != PB_OK)
            to->out->len = before;
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

/* {"code":5,"message":"no", or, as Google has it,
 * {"error":{"code":404,"message":"no","status":"NOT_FOUND", */
static enum pb_err
put_head(const struct printer *p, const struct gw_status *status)
{
    bool is_google = p->form->is_google;
    struct pb_buf *out = p->out;
    const char *name = sluice_code_name(status->code);
    char text[64];
    enum pb_err err = is_google ? PUT(out, "{\"error\":{") : PUT(out, "{");

    if (err == PB_OK && p->form->with_type && !is_google)
        err = PUT(out, "\"@type\":\"" STATUS_TYPE "\",");
    snprintf(text, sizeof text, "\"code\":%d,\"message\":",
        is_google ? (int)status->http : status->code);
    if (err == PB_OK)
        err = pb_buf_put(out, text, strlen(text));
    if (err == PB_OK)
        err = pb_json_quote(out, status->message.ptr, status->message.len);
    snprintf(text, sizeof text, ",\"status\":\"%s\"",
        name != NULL ? name : "UNKNOWN");
    if (err == PB_OK && is_google)
        err = pb_buf_put(out, text, strlen(text));
    return err;
}

enum pb_err
gw_status_to_json(struct pb_json_writer *writer, const struct pb_schema *schema,
    const struct gw_status *status, const struct gw_status_form *form,
    struct pb_buf *out)
{
    const struct printer p = { writer, schema, form, out };
    enum pb_err err = put_head(&p, status);

    if (err == PB_OK)
        err = PUT(out, ",\"details\":[");
    if (err == PB_OK && status->description.ptr != NULL)
        err = put_violation(out, status);
    else if (err == PB_OK && status->details.len > 0 && schema != NULL)
        err = put_details(&p, status->details);
    if (err == PB_OK)
        err = form->is_google ? PUT(out, "]}}") : PUT(out, "]}");
    return err;
}
