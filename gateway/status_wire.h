/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/status_wire.h - google.rpc.Status as it travels in
 * grpc-status-details-bin: read where it lies, and written. What cannot be read
 * shows no details, and is no error.
 */
#ifndef GW_STATUS_WIRE_H
#define GW_STATUS_WIRE_H

#include "gateway/status_json.h"

/* Not for all: errors.debug_info of the route file. */
#define GW_DEBUG_INFO "google.rpc.DebugInfo"

/* Code and message of a serialized Status, 0 and empty when absent; false when
 * it cannot be read. */
bool gw_status_read(struct sluice_str status, int32_t *code,
    struct sluice_str *message);

/* The retry_delay of a RetryInfo among the details, in whole seconds rounded
 * up, at most a day's; 0: it has none; -1: there is no RetryInfo. */
int gw_status_retry_seconds(struct sluice_str status);

/* One of the details, a google.protobuf.Any. Borrowed from the status. */
struct gw_detail {
    struct sluice_str any;
    struct sluice_str url;
    struct sluice_str value;
};

/* The next of the details that can be read, from *at on, which is 0 at first;
 * false: there is none. */
bool gw_status_next_detail(struct sluice_str status, size_t *at,
    struct gw_detail *detail);

/* Whether it is of the type of that full name: only what follows the last slash
 * of its URL counts. */
bool gw_detail_is(const struct gw_detail *detail, const char *name);

/* The number for who knows all of them: what the upstream said. */
static inline int
gw_status_number(const struct gw_status *status)
{
    return status->said != 0 ? status->said : status->code;
}

/* Appends a Status with that number, message and details of status, its
 * BadRequest among them; nothing if it has no details. A DebugInfo is left out
 * unless shows_debug, and so is a detail that names it inside. */
enum pb_err gw_status_to_wire(const struct gw_status *status, bool shows_debug,
    struct pb_buf *out);

#endif
