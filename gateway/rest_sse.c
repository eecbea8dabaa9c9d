/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_sse.c - a stream as server-sent events (WHATWG HTML, section
 * 9.2): each message is an event of the default type. Its id, and what becomes
 * of the id that a client returns with, is said by the route file.
 *
 * A stream that fails ends with an event of the type "error" whose data is the
 * Status. HTTP ends well then: an EventSource takes a broken connection as a
 * reason to come again and nothing else. It takes any end so; who comes again
 * and for whom there is nothing more is told by a 204 to stay away.
 */
#include "gateway/rest_forms.h"

#include <stdio.h>

#include "gateway/worker.h"

static const char *
type(const struct gw_exchange *x)
{
    (void)x;
    return "text/event-stream; charset=utf-8";
}

/* When a client that lost us is to return: it may lose us before any event. */
static enum pb_err
start(struct gw_exchange *x)
{
    char line[40];
    int len;

    if (x->rpc->retry_ns < 0)
        return PB_OK;
    len = snprintf(line, sizeof line, "retry: %lld\n",
        (long long)(x->rpc->retry_ns / SLUICE_MS));
    return pb_buf_put(&x->out.pb, line, (size_t)len);
}

/* A character after a backslash, of those that may stand in an id; '\0': it may
 * not, or it is none of these. */
static char
unescape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 't':
        return '\t';
    default:
        return '\0';
    }
}

/* Of a JSON scalar that was put at the end, the text alone. False: it is empty,
 * or has what an id cannot have, such as line breaks. */
static bool
unquote(struct pb_buf *out, size_t at)
{
    char *text = (char *)out->data + at;
    size_t len = out->len - at;
    size_t n = 0;

    if (text[0] == '"') {
        text++;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '\\')
            c = unescape(text[++i]);
        if (c == '\0')
            return false;
        out->data[at + n++] = (uint8_t)c;
    }
    out->len = at + n;
    return n > 0;
}

/* What a client that returns says in Last-Event-ID. */
static enum pb_err
put_id(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct pb_buf *out = &x->out.pb;
    size_t before = out->len;
    enum pb_err err;

    if (x->rpc->event_id == NULL)
        return PB_OK;
    err = pb_buf_put(out, "id: ", 4);
    if (err == PB_OK)
        err = pb_wire_field_to_json(x->worker->writer, x->rpc->event_id,
            &x->rpc->json.options, sluice_bytes_data(response),
            sluice_bytes_size(response), out, error);
    if (err != PB_OK)
        return err;
    if (unquote(out, before + 4))
        return pb_buf_put(out, "\n", 1);
    out->len = before;
    return PB_OK;
}

/* JSON on one line has no line break in it, and so is one field. */
static enum pb_err
put(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    enum pb_err err = put_id(x, response, error);

    if (err == PB_OK)
        err = pb_buf_put(&x->out.pb, "data: ", 6);
    if (err == PB_OK)
        err = gw_rest_put_message(x, response, error);
    return err == PB_OK ? pb_buf_put(&x->out.pb, "\n\n", 2) : err;
}

static void
fail(struct gw_exchange *x, const struct gw_status *status)
{
    gw_rest_fail(x, status, "event: error\ndata: ", "\n\n");
}

const struct gw_form gw_form_sse = {
    .is_stream = true,
    .is_live = true,
    .is_resumed = true,
    .heartbeat = ":\n\n",
    .type = type,
    .start = start,
    .put = put,
    .fail = fail,
};
