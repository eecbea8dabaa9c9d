/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/codec.c - see codec.h. */
#include "gateway/codec.h"

#include <sluice/status.h>

#include "gateway/bad_type.h"
#include "gateway/reply.h"
#include "gateway/rest.h"
#include "gateway/worker.h"
#include "rpc/link/grpc_coding.h"

bool
gw_codec_check(struct gw_exchange *x, enum gw_codec codec)
{
    if (codec == GW_CODEC_PROTO || !x->rpc->is_raw)
        return true;
    gw_bad_type_refuse(x,
        "of protobuf, as the method has no schema to make messages of JSON");
    return false;
}

static struct sluice_bytes *
inflate_message(struct gw_exchange *x, enum sluice_grpc_coding coding,
    struct sluice_bytes *message)
{
    struct rpc_grpc_coder *coder = gw_worker_coder(x->worker);
    size_t max = x->worker->set->config->max_request_message;
    struct sluice_bytes *whole = NULL;
    enum sluice_err err = SLUICE_ENOMEM;

    if (coder != NULL)
        err = rpc_grpc_inflate(coder, x->worker->pool, coding,
            sluice_bytes_data(message), sluice_bytes_size(message), max,
            &whole);
    sluice_bytes_unref(&message);
    if (err == SLUICE_ELIMIT)
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_MESSAGE_OVER_LIMIT, max);
    else if (err == SLUICE_EINVAL)
        gw_reply_error(x, 400, SLUICE_CODE_INVALID_ARGUMENT, "body",
            "the message is not what its compression says");
    else if (err != SLUICE_OK)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    return whole;
}

static struct sluice_bytes *
from_json(struct gw_exchange *x, struct sluice_bytes *text)
{
    struct pb_json_reader *reader = gw_worker_reader_take(x->worker);
    struct pb_error error = { .kind = PB_ENOMEM };
    struct sluice_bytes *wire = NULL;
    struct gw_buffer out;
    enum pb_err err = PB_ENOMEM;

    gw_buffer_init(&out, x->worker->pool,
        x->worker->set->config->max_request_message);
    if (reader != NULL) {
        err = pb_json_to_wire(reader, x->rpc->method->input,
            &x->rpc->json.options, (const char *)sluice_bytes_data(text),
            sluice_bytes_size(text), &out.pb, &error);
        gw_worker_reader_give(x->worker, &reader);
    }
    sluice_bytes_unref(&text);
    if (err == PB_OK)
        wire = gw_buffer_take(&out);
    gw_buffer_fini(&out);
    if (err == PB_EFULL)
        gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "body",
            GW_MESSAGE_OVER_LIMIT, x->worker->set->config->max_request_message);
    else if (wire == NULL)
        gw_reply_bad_input(x, "body", &error);
    return wire;
}

struct sluice_bytes *
gw_codec_request(struct gw_exchange *x, enum gw_codec codec,
    enum sluice_grpc_coding coding, struct sluice_bytes *message)
{
    if (coding != SLUICE_GRPC_IDENTITY)
        message = inflate_message(x, coding, message);
    if (message != NULL && codec == GW_CODEC_JSON)
        message = from_json(x, message);
    return message;
}

enum pb_err
gw_codec_put(struct gw_exchange *x, enum gw_codec codec,
    const struct sluice_bytes *response, struct pb_buf *out,
    struct pb_error *error)
{
    struct pb_json_options options;

    if (codec == GW_CODEC_PROTO)
        return pb_buf_put(out, sluice_bytes_data(response),
            sluice_bytes_size(response));
    options = x->rpc->json.options;
    options.pretty = false;
    return pb_wire_to_json(x->worker->writer, x->rpc->method->output, &options,
        sluice_bytes_data(response), sluice_bytes_size(response), out, error);
}
