/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/wire_check.h - whether bytes are a message in the binary format, by
 * what a parser has to refuse: broken records, groups that do not match, text
 * that is not UTF-8 where the schema asks for it, too deep nesting.
 *
 * Not looked into: unknown fields beyond their own records, and whether
 * required fields are there.
 */
#ifndef PB_WIRE_CHECK_H
#define PB_WIRE_CHECK_H

#include "protobuf/schema.h"

/* max_depth: nested messages and groups, the outermost one counted; 0: 100,
 * over 1000 counts as 1000 (it is C stack). PB_ESYNTAX, PB_EVALUE (UTF-8) or
 * PB_ELIMIT; error, which may be NULL, has the offset and the path, and says
 * what is wrong there. */
enum pb_err pb_wire_check(const struct pb_message *message, const uint8_t *wire,
    size_t len, unsigned max_depth, struct pb_error *error);

#endif
