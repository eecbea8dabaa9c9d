/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_sse.c - a stream as server-sent events (WHATWG HTML, section
 * 9.2): each message is an event of the default type.
 *
 * A stream that fails ends with an event of the type "error" whose data is the
 * Status. HTTP ends well then: an EventSource takes a broken connection as a
 * reason to come again and nothing else.
 */
#include "gateway/rest_forms.h"

static const char *
type(const struct gw_exchange *x)
{
    (void)x;
    return "text/event-stream; charset=utf-8";
}

/* JSON on one line has no line break in it, and so is one field. */
static enum pb_err
put(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    enum pb_err err = pb_buf_put(&x->out.pb, "data: ", 6);

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
    .heartbeat = ":\n\n",
    .type = type,
    .put = put,
    .fail = fail,
};
