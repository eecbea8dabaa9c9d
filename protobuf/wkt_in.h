/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/wkt_in.h - the well-known types whose JSON is a string: Timestamp,
 * Duration and FieldMask, from text to the fields of the message.
 */
#ifndef PB_WKT_IN_H
#define PB_WKT_IN_H

#include "protobuf/buf.h"

/* Room for both fields of a Timestamp or Duration. */
#define PB_TIME_BODY_MAX 22

/* YYYY-MM-DDTHH:MM:SS[.1-9 digits](Z|+HH:MM|-HH:MM), years 1 to 9999. */
bool pb_timestamp_read(const char *text, size_t len, int64_t *seconds,
    int32_t *nanos);

/* [-]digits[.1-9 digits]s, within 315,576,000,000 seconds. */
bool pb_duration_read(const char *text, size_t len, int64_t *seconds,
    int32_t *nanos);

/* The fields of either message; returns their length. Zeros are left out
 * unless keep_zeros (a field that replaces an earlier one needs them). */
size_t pb_time_write(uint8_t body[PB_TIME_BODY_MAX], int64_t seconds,
    int32_t nanos, bool keep_zeros);

/* Appends the paths of a comma-separated list of lowerCamel field paths, in
 * snake case. Underscores are refused (they would not come back) unless
 * take_snake. PB_EVALUE: not such a list. */
enum pb_err pb_field_mask_put(struct pb_buf *out, const char *text, size_t len,
    bool take_snake);

#endif
