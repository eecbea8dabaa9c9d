/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/accept.h - which form a client wants a stream of JSON in, by its
 * Accept header (RFC 9110 section 12.5.1).
 */
#ifndef GW_ACCEPT_H
#define GW_ACCEPT_H

#include <sluice/metadata.h>

enum gw_stream_type {
    GW_STREAM_NDJSON, /* application/x-ndjson */
    GW_STREAM_ARRAY,  /* application/json */
    GW_STREAM_SSE     /* text/event-stream */
};

/* The one with the highest weight, of equal ones what stands first in the
 * header, and NDJSON where that does not tell either. NDJSON too for a header
 * that allows none of them, or that is not there. */
enum gw_stream_type gw_accept_stream(struct sluice_str accept);

#endif
