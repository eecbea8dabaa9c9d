/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_forms.c - answers in JSON: the whole of a unary response, a
 * stream as NDJSON, and google.rpc.Status for what fails. The other forms of
 * streams are in rest_array.c and rest_sse.c.
 */
#include "gateway/rest_forms.h"

#include "gateway/pretty.h"
#include "gateway/reply.h"
#include "gateway/worker.h"

#define LARGE ((size_t)64 * 1024)

static const struct pb_json_options *
options_of(const struct gw_exchange *x)
{
    return &x->rpc->json.options;
}

/* A guess: names and quotes weigh less in a large message, and base64 makes a
 * third more of it. */
static size_t
text_size(size_t len)
{
    return len < LARGE ? len * 2 + 64 : len + len / 2;
}

static enum pb_err
to_json(struct gw_exchange *x, const struct sluice_bytes *message,
    const struct pb_json_options *options, struct pb_error *error)
{
    const struct pb_field *field = x->binding->response_field;
    const uint8_t *wire = sluice_bytes_data(message);
    size_t len = sluice_bytes_size(message);

    if (x->out.pb.cap == 0)
        gw_buffer_expect(&x->out, text_size(len));
    if (field != NULL)
        return pb_wire_field_to_json(x->worker->writer, field, options, wire,
            len, &x->out.pb, error);
    return pb_wire_to_json(x->worker->writer, x->rpc->method->output, options,
        wire, len, &x->out.pb, error);
}

/* ----------------------------------------------------------------- failures */

static const struct pb_schema *
schema_of(const struct gw_exchange *x)
{
    if (x->rpc != NULL)
        return x->rpc->method->input->schema;
    for (size_t i = 0; i < x->worker->set->config->n_upstreams; i++)
        if (x->worker->set->schemas[i] != NULL)
            return x->worker->set->schemas[i];
    return NULL;
}

static enum pb_err
put_status(struct gw_exchange *x, const struct gw_status *status,
    struct pb_buf *out)
{
    const struct route_config *config = x->worker->set->config;
    const struct gw_status_form form = {
        .is_google = config->errors_are_google,
        .shows_debug = config->errors_show_debug,
        .with_type = x->reply.is_stream,
    };

    return gw_status_to_json(x->worker->writer, schema_of(x), status, &form,
        out);
}

void
gw_rest_fail(struct gw_exchange *x, const struct gw_status *status,
    const char *before, const char *after)
{
    struct gw_buffer b;
    enum pb_err err = PB_OK;

    gw_buffer_init(&b, x->worker->pool, GW_ERROR_MAX_BYTES);
    if (x->reply.is_stream)
        err = pb_buf_put(&b.pb, before, strlen(before));
    if (err == PB_OK)
        err = put_status(x, status, &b.pb);
    if (err == PB_OK && x->reply.is_stream)
        err = pb_buf_put(&b.pb, after, strlen(after));
    gw_reply_failed(x, status->http, "application/json", &b, err);
}

static void
fail(struct gw_exchange *x, const struct gw_status *status)
{
    gw_rest_fail(x, status, "", "\n");
}

/* ------------------------------------------------------------ whole answers */

static const char *
json_type(const struct gw_exchange *x)
{
    (void)x;
    return "application/json";
}

static enum pb_err
reply(struct gw_exchange *x, struct pb_error *error)
{
    struct pb_json_options options = *options_of(x);
    struct sluice_bytes *body;
    enum pb_err err;

    if (x->rpc->json.pretty_on_request)
        options.pretty =
            gw_pretty(&x->asked, x->request.accept, options.pretty);
    err = to_json(x, x->response, &options, error);
    if (err != PB_OK)
        return err;
    body = gw_buffer_take(&x->out);
    if (body == NULL)
        return PB_ENOMEM;
    gw_reply_ok(x, body);
    return PB_OK;
}

const struct gw_form gw_form_json = {
    .type = json_type,
    .reply = reply,
    .fail = fail,
};

/* ------------------------------------------------------------------- NDJSON */

static const char *
ndjson_type(const struct gw_exchange *x)
{
    (void)x;
    return "application/x-ndjson";
}

enum pb_err
gw_rest_put_message(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    struct pb_json_options options = *options_of(x);

    options.pretty = false;
    return to_json(x, response, &options, error);
}

/* A line is a message. */
static enum pb_err
put_line(struct gw_exchange *x, const struct sluice_bytes *response,
    struct pb_error *error)
{
    enum pb_err err = gw_rest_put_message(x, response, error);

    return err == PB_OK ? pb_buf_put(&x->out.pb, "\n", 1) : err;
}

/* The last line of a stream that failed is a Status with its "@type", and then
 * the connection breaks: both kinds of client can tell it from a finished
 * one. */
const struct gw_form gw_form_ndjson = {
    .is_stream = true,
    .breaks = true,
    .type = ndjson_type,
    .put = put_line,
    .fail = fail,
};
