/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/metadata_out.h - metadata of the RPC as HTTP headers and trailers:
 * initial as Grpc-Metadata-X, terminal as Grpc-Trailer-X, chosen names
 * unprefixed (docs/design.md section 6).
 */
#ifndef GW_METADATA_OUT_H
#define GW_METADATA_OUT_H

#include "gateway/exchange.h"

/* True when the metadata fits into an answer's head beside the rest; more than
 * that is an error of the upstream. */
bool gw_metadata_out_fits(const struct gw_exchange *x);

/* Adds what is known when the head goes out. false: memory is short. */
bool gw_metadata_out_headers(struct gw_exchange *x,
    struct MHD_Response *response);

/* Adds the terminal metadata and the status as trailers of a stream. */
void gw_metadata_out_trailers(struct gw_exchange *x,
    struct MHD_Response *response);

#endif
