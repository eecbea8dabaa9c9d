/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/metadata_out.h - metadata of the RPC as HTTP headers and trailers,
 * after the prefixes of the front protocol (in REST Grpc-Metadata-X and
 * Grpc-Trailer-X), chosen names without.
 */
#ifndef GW_METADATA_OUT_H
#define GW_METADATA_OUT_H

#include "gateway/exchange.h"

/* True when what belongs there of the metadata fits into an answer's head
 * beside the rest; more than that is an error of the upstream. */
bool gw_metadata_out_fits(const struct gw_exchange *x);

/* Adds what is known when the head goes out. false: memory is short. */
bool gw_metadata_out_headers(struct gw_exchange *x,
    struct MHD_Response *response);

/* Whether a stream ends with trailers: for clients that said they take them, in
 * protocols that do not tell the end in the body. */
bool gw_metadata_out_has_trailers(const struct gw_exchange *x);

/* What grpc-message is to say, if there will be one; cut where it is long. */
void gw_metadata_out_keep_message(struct gw_exchange *x,
    struct sluice_str message);

/* Adds the terminal metadata and the status as trailers of a stream that has
 * them. False: memory is short. */
bool gw_metadata_out_trailers(struct gw_exchange *x,
    struct MHD_Response *response);

/* Initial metadata that came after the head: in protocols that tell the end in
 * the body it goes there, before the terminal. False: memory is short, and it is
 * left out. */
bool gw_metadata_out_join_late(struct gw_exchange *x);

/* Whether anything of it would not be kept back. */
bool gw_metadata_out_has_any(const struct sluice_metadata *md);

/* Appends it, which has some, as a JSON object of arrays of texts, in the order
 * of names and of their values. */
enum pb_err gw_metadata_out_json(const struct sluice_metadata *md,
    struct pb_buf *out);

/* Appends it as lines "name: value" that end in CR LF, "-bin" values in base64,
 * less what would be kept back from a head. */
enum pb_err gw_metadata_out_lines(const struct sluice_metadata *md,
    struct pb_buf *out);

#endif
