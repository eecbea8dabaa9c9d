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

#include "gateway/status_wire.h"

#define STATUS_TYPE "type.googleapis.com/google.rpc.Status"
#define BAD_REQUEST_TYPE "type.googleapis.com/google.rpc.BadRequest"
#define DEBUG_INFO GW_DEBUG_INFO
#define ANY "google.protobuf.Any"

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
put_detail(const struct printer *p, const struct gw_detail *d)
{
    const struct pb_json_options options = {
        .raw_anys = true,
        .hidden = p->form->shows_debug ? NULL : DEBUG_INFO,
    };
    const struct pb_message *type =
        pb_schema_message(p->schema, ANY, sizeof ANY - 1);
    size_t before = p->out->len;

    if (type != NULL &&
        pb_wire_to_json(p->writer, type, &options, (const uint8_t *)d->any.ptr,
            d->any.len, p->out, NULL) == PB_OK)
        return PB_OK;
    p->out->len = before;
    return put_closed_any(p, d->url, d->value);
}

/* A DebugInfo is not for all. */
static enum pb_err
put_details(const struct printer *to, struct sluice_str status)
{
    struct gw_detail d;
    size_t at = 0;
    bool is_first = true;

    while (gw_status_next_detail(status, &at, &d)) {
        size_t before = to->out->len;

        if (!to->form->shows_debug && gw_detail_is(&d, DEBUG_INFO))
            continue;
        if (!is_first && PUT(to->out, ",") != PB_OK)
            return PB_ENOMEM;
        if (put_detail(to, &d) != PB_OK)
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
