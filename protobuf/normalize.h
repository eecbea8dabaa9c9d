/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/normalize.h - a message as one that has parsed it writes it again.
 *
 * Fields stand in the order of their numbers, each singular one once: of
 * scalars the last, submessages merged, of a oneof the last member. Numbers
 * take their shortest form, repeated ones are packed or not as the schema says,
 * and defaults of fields without presence are left out. What the schema does
 * not have comes last, in its old order. Entries of a map stay as many and in
 * the order that they are.
 */
#ifndef PB_NORMALIZE_H
#define PB_NORMALIZE_H

#include "protobuf/schema.h"

/* Appends the message to out. For input that pb_wire_check() has passed: it is
 * what bounds the depth. PB_EFULL or PB_ENOMEM; error may be NULL. */
enum pb_err pb_wire_normalize(const struct pb_message *message,
    const uint8_t *wire, size_t len, struct pb_buf *out,
    struct pb_error *error);

#endif
