/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/connect_error.c - failures as Connect has them: a code by name, and
 * details as bytes, with their JSON beside them for people.
 */
#include "gateway/connect.h"

#include <sluice/grpc.h>
#include <sluice/status.h>

#include "gateway/reply.h"
#include "gateway/status_wire.h"
#include "gateway/worker.h"

#define PUT(out, text) pb_buf_put(out, text, sizeof text - 1)

/* "Error Codes" of the protocol; 0 is none of them. */
static const char *
name_of(int code)
{
    static const char *const names[] = { "unknown", "canceled", "unknown",
        "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
        "permission_denied", "resource_exhausted", "failed_precondition",
        "aborted", "out_of_range", "unimplemented", "internal", "unavailable",
        "data_loss", "unauthenticated" };

    if (code < 0 || (size_t)code >= sizeof names / sizeof *names)
        return "unknown";
    return names[code];
}

/* What follows the last slash of a type URL. */
static struct sluice_str
type_name(struct sluice_str url)
{
    const char *slash = memrchr(url.ptr, '/', url.len);

    if (slash == NULL)
        return url;
    return sluice_str_n(slash + 1, url.len - (size_t)(slash + 1 - url.ptr));
}

/* The detail as ProtoJSON, where its type is known; nothing else depends on it,
 * so what cannot be shown is left out. */
static void
put_debug(struct gw_exchange *x, const struct gw_detail *d, struct pb_buf *out)
{
    const struct route_config *config = x->worker->set->config;
    const struct pb_json_options options = {
        .raw_anys = true,
        .hidden = config->errors_show_debug ? NULL : GW_DEBUG_INFO,
    };
    struct sluice_str name = type_name(d->url);
    const struct pb_message *type = x->rpc == NULL
        ? NULL
        : pb_schema_message(x->rpc->method->input->schema, name.ptr, name.len);
    size_t before = out->len;

    if (type == NULL)
        return;
    if (PUT(out, ",\"debug\":") != PB_OK ||
        pb_wire_to_json(x->worker->writer, type, &options,
            (const uint8_t *)d->value.ptr, d->value.len, out, NULL) != PB_OK)
        out->len = before;
}

static enum pb_err
put_detail(struct gw_exchange *x, const struct gw_detail *d, struct pb_buf *out)
{
    struct sluice_str type = type_name(d->url);
    enum pb_err err = PUT(out, "{\"type\":");

    if (err == PB_OK)
        err = pb_json_quote(out, type.ptr, type.len);
    if (err == PB_OK)
        err = PUT(out, ",\"value\":\"");
    if (err == PB_OK)
        err = pb_buf_reserve(out, d->value.len / 3 * 4 + 8);
    if (err != PB_OK)
        return err;
    out->len += sluice_base64_encode(d->value.ptr, d->value.len,
        (char *)out->data + out->len);
    err = PUT(out, "\"");
    if (err == PB_OK)
        put_debug(x, d, out);
    return err == PB_OK ? PUT(out, "}") : err;
}

static enum pb_err
put_details(struct gw_exchange *x, struct sluice_str status, struct pb_buf *out)
{
    const char *before = ",\"details\":[";
    enum pb_err err = PB_OK;
    struct gw_detail d;
    size_t at = 0;

    while (err == PB_OK && gw_status_next_detail(status, &at, &d)) {
        err = pb_buf_put(out, before, strlen(before));
        if (err == PB_OK)
            err = put_detail(x, &d, out);
        before = ",";
    }
    return err == PB_OK && before[1] == '\0' ? PUT(out, "]") : err;
}

enum pb_err
gw_connect_put_error(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *out)
{
    const char *name = name_of(status->code);
    struct gw_buffer wire;
    enum pb_err err;

    gw_buffer_init(&wire, x->worker->pool, GW_ERROR_MAX_BYTES);
    err = gw_status_to_wire(status, x->worker->set->config->errors_show_debug,
        &wire.pb);
    if (err == PB_OK)
        err = PUT(out, "{\"code\":\"");
    if (err == PB_OK)
        err = pb_buf_put(out, name, strlen(name));
    if (err == PB_OK)
        err = PUT(out, "\",\"message\":");
    if (err == PB_OK)
        err = pb_json_quote(out, status->message.ptr, status->message.len);
    if (err == PB_OK)
        err = put_details(x, sluice_str_n((char *)wire.pb.data, wire.pb.len),
            out);
    gw_buffer_fini(&wire);
    return err == PB_OK ? PUT(out, "}") : err;
}
