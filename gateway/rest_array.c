/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_array.c - a stream as one JSON array, an element for each
 * message, sent as they come: for clients that take JSON and nothing else.
 *
 * A stream that fails has the Status, with its "@type", as its last element, and
 * is a whole array all the same. Then the connection breaks: who does not look
 * at the last element cannot take the answer for a finished one either. (A page
 * has to look: its browser would drop that element with the connection.)
 */
#include "gateway/rest_forms.h"

static const char *
type(const struct gw_exchange *x)
{
    (void)x;
    return "application/json";
}

/* What stands before an element. */
static const char *
before_element(const struct gw_exchange *x)
{
    return x->n_responses == 0 ? "[" : ",";
}

static enum pb_err
put(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    enum pb_err err = pb_buf_put(&x->out.pb, before_element(x), 1);

    return err == PB_OK ? gw_rest_put_message(x, response, error) : err;
}

static enum pb_err
finish(struct gw_exchange *x)
{
    if (x->n_responses == 0)
        return pb_buf_put(&x->out.pb, "[]", 2);
    return pb_buf_put(&x->out.pb, "]", 1);
}

static void
fail(struct gw_exchange *x, const struct gw_status *status)
{
    gw_rest_fail(x, status, before_element(x), "]");
}

const struct gw_form gw_form_array = {
    .is_stream = true,
    .breaks = true,
    .type = type,
    .put = put,
    .finish = finish,
    .fail = fail,
};
