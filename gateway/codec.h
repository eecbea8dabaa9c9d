/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/codec.h - the messages of gRPC-Web and Connect: protobuf, which goes
 * through as it is, or JSON, which is transcoded.
 */
#ifndef GW_CODEC_H
#define GW_CODEC_H

#include "gateway/exchange.h"

/* True if x's messages can be written so; else the answer is ready: those that
 * have no schema have no JSON. */
bool gw_codec_check(struct gw_exchange *x, enum gw_codec codec);

/* Makes a payload of one message as the client sent it; takes message. With
 * coding other than identity it is compressed, and may have up to
 * max_request_message bytes when it is not. NULL: the answer is ready. */
struct sluice_bytes *gw_codec_request(struct gw_exchange *x,
    enum gw_codec codec, enum sluice_grpc_coding coding,
    struct sluice_bytes *message);

/* Appends a response as the client is to get it. */
enum pb_err gw_codec_put(struct gw_exchange *x, enum gw_codec codec,
    const struct sluice_bytes *response, struct pb_buf *out,
    struct pb_error *error);

#endif
