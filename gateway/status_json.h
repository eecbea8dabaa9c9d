/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/status_json.h - google.rpc.Status as ProtoJSON, for every error the
 * gateway answers with: its own, and what an upstream said in its trailers.
 */
#ifndef GW_STATUS_JSON_H
#define GW_STATUS_JSON_H

#include <sluice/api.h>

#include "protobuf/json.h"

struct gw_status {
    int code;
    int said;      /* not 0: the number without a name that code stands for */
    unsigned http; /* its HTTP status; for the form of Google's APIs */
    struct sluice_str message;
    /* A serialized google.rpc.Status whose details are shown; absent: none.
     * Broken ones show no details. */
    struct sluice_str details;
    /* Or one BadRequest violation; absent: none. */
    struct sluice_str field;
    struct sluice_str description;
};

/* How it is written. */
struct gw_status_form {
    bool is_google;   /* {"error": {...}} with HTTP's number (AIP-193) */
    bool shows_debug; /* google.rpc.DebugInfo, else kept back */
    bool with_type;   /* "@type" first; there is none in Google's form */
};

/* Appends the object. Details of types that the schema does not know, at any
 * depth, keep their bytes; without a schema there are no details. A DebugInfo
 * that is kept back is left out; inside another detail it is empty, and bytes
 * of unknown types that name it are left out, too. */
enum pb_err gw_status_to_json(struct pb_json_writer *writer,
    const struct pb_schema *schema, const struct gw_status *status,
    const struct gw_status_form *form, struct pb_buf *out);

#endif
