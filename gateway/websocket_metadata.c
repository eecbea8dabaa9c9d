/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_metadata.c - the message in which a client says what it
 * could not say in headers, as browsers cannot:
 *
 *   {"metadata": {"authorization": "Bearer x", "tag": ["a", "b"]},
 *    "timeout": "2.5s", "response_metadata": true}
 *
 * and what the service says of the kind, to a client that asked for it:
 * {"metadata": {...}} as the first message, and a member of the Status that is
 * the last one.
 */
#include "gateway/websocket_private.h"

#include <assert.h>

#include <jansson.h>

#include <sluice/status.h>

#include "gateway/metadata_out.h"
#include "gateway/reply.h"
#include "gateway/steering.h"

/* jansson recurses; what is deeper than this is no metadata anyway. */
#define DEPTH_MAX 3u

static bool
refuse(struct gw_websocket *ws, const char *where, const char *why)
{
    gw_reply_error(ws->x, 400, SLUICE_CODE_INVALID_ARGUMENT, "metadata",
        "invalid metadata: %.100s%s%s", where, *where == '\0' ? "" : ": ", why);
    return false;
}

static bool
is_flat(const char *text, size_t len)
{
    bool in_string = false;
    unsigned depth = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > DEPTH_MAX)
            return false;
        else if (!in_string && (c == '}' || c == ']') && depth-- == 0)
            return false;
    }
    return true;
}

/* One text, which may not hold NUL. */
static bool
take_value(struct gw_websocket *ws, const char *name, const json_t *value)
{
    struct gw_request *r = &ws->x->request;
    struct sluice_str text;

    if (!json_is_string(value))
        return refuse(ws, name, "expected a string or a list of strings");
    text = sluice_str_n(json_string_value(value), json_string_length(value));
    if (!gw_request_add_metadata(r, ws->x->worker->pool, name, text)) {
        gw_reply_error(ws->x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
        return false;
    }
    return r->bad_header == NULL || refuse(ws, name, r->bad_reason);
}

static bool
take_member(struct gw_websocket *ws, const char *name, const json_t *value)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value))
        return take_value(ws, name, value);
    json_array_foreach(value, i, item)
    {
        if (!take_value(ws, name, item))
            return false;
    }
    return true;
}

static bool
take_members(struct gw_websocket *ws, json_t *metadata)
{
    const char *name;
    json_t *value;

    if (!json_is_object(metadata))
        return refuse(ws, "metadata", "expected an object");
    if (json_object_size(metadata) > GW_MAX_HEADERS)
        return refuse(ws, "metadata", "more than 100 names");
    json_object_foreach(metadata, name, value)
    {
        if (!take_member(ws, name, value))
            return false;
    }
    return true;
}

static bool
take_timeout(struct gw_websocket *ws, const json_t *timeout)
{
    struct gw_request *r = &ws->x->request;
    const char *text = json_string_value(timeout);
    size_t len = text == NULL ? 0 : json_string_length(timeout);

    if (len < 2 || text[len - 1] != 's')
        return refuse(ws, "timeout", "expected seconds, such as \"2.5s\"");
    gw_steering_limit_time(r, "timeout", sluice_str_n(text, len - 1));
    return r->bad_header == NULL ||
        refuse(ws, "timeout", "expected seconds, such as \"2.5s\"");
}

static bool
take_wish(struct gw_websocket *ws, const json_t *value, bool *is_wanted)
{
    if (!json_is_boolean(value))
        return refuse(ws, "response_metadata", "expected true or false");
    *is_wanted = json_is_true(value);
    return true;
}

static bool
take_document(struct gw_websocket *ws, json_t *root)
{
    bool shows_metadata = false;
    const char *key;
    json_t *value;

    if (!json_is_object(root))
        return refuse(ws, "", "expected an object");
    json_object_foreach(root, key, value)
    {
        if (strcmp(key, "metadata") == 0) {
            if (!take_members(ws, value))
                return false;
        } else if (strcmp(key, "timeout") == 0) {
            if (!take_timeout(ws, value))
                return false;
        } else if (strcmp(key, "response_metadata") == 0) {
            if (!take_wish(ws, value, &shows_metadata))
                return false;
        } else {
            return refuse(ws, key, "no such member");
        }
    }
    ws->shows_metadata = shows_metadata;
    return true;
}

bool
gw_ws_metadata_take(struct gw_websocket *ws, const char *text, size_t len)
{
    json_error_t error;
    json_t *root;
    bool ok;

    if (len == 0)
        return true;
    if (!is_flat(text, len))
        return refuse(ws, "", "it is nested too deep");
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return refuse(ws, "", "it is not JSON, or a name is given twice");
    ok = take_document(ws, root);
    json_decref(root);
    ws->x->request.bad_header = NULL; /* it was told */
    return ok;
}

/* ---- To the client -------------------------------------------------------- */

static enum pb_err
put_text(struct pb_buf *out, const char *text)
{
    return pb_buf_put(out, text, strlen(text));
}

enum pb_err
gw_ws_metadata_put(struct pb_buf *out, const struct sluice_metadata *md)
{
    enum pb_err err;

    assert(out->len >= 2 && out->data[out->len - 1] == '}');
    out->len--;
    err = put_text(out, out->data[out->len - 1] == '{' ? "" : ",");
    if (err == PB_OK)
        err = put_text(out, "\"metadata\":");
    if (err == PB_OK)
        err = gw_metadata_out_has_any(md) ? gw_metadata_out_json(md, out)
                                          : put_text(out, "{}");
    return err == PB_OK ? put_text(out, "}") : err;
}

void
gw_ws_metadata_show(struct gw_websocket *ws, const struct sluice_metadata *md)
{
    struct pb_buf *out;
    size_t at;
    enum pb_err err;

    if (!ws->shows_metadata || ws->has_shown)
        return;
    ws->has_shown = true;
    out = gw_ws_out(ws);
    err = gw_ws_frame_open(out, &at);
    if (err == PB_OK)
        err = put_text(out, "{}");
    if (err == PB_OK)
        err = gw_ws_metadata_put(out, md);
    if (err == PB_OK) {
        gw_ws_frame_shut(out, at, GW_WS_OP_TEXT);
        gw_ws_write_soon(ws);
    } else {
        out->len = at;
        gw_ws_violate(ws, GW_WS_INTERNAL_ERROR, "memory is short");
    }
}
