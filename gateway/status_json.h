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
    struct sluice_str message;
    /* A serialized google.rpc.Status whose details are shown; absent: none.
     * Broken ones show no details. */
    struct sluice_str details;
    /* Or one BadRequest violation; absent: none. */
    struct sluice_str field;
    struct sluice_str description;
};

/* Where in a serialized Status the code is; false when it cannot be read. */
bool gw_status_code(struct sluice_str status, int32_t *code);

/* The retry_delay of a RetryInfo among the details, in whole seconds rounded
 * up; 0: none. */
unsigned gw_status_retry_seconds(struct sluice_str status);

/* Appends the object. any_type is a message of the schema whose types are to be
 * known for details (its schema is used). with_type adds "@type" first. */
enum pb_err gw_status_to_json(struct pb_json_writer *writer,
    const struct pb_schema *schema, const struct gw_status *status,
    bool with_type, struct pb_buf *out);

#endif
