/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/unite.h - wire format in which each singular submessage stands once.
 *
 * A parser must merge a submessage that comes in pieces ("Last One Wins" of
 * protobuf's Encoding), and that is how path and query are added to a body.
 * Some parsers in use fail on it all the same (protobuf-c 1.4), so what leaves
 * for an upstream is put together first.
 */
#ifndef PB_UNITE_H
#define PB_UNITE_H

#include "protobuf/schema.h"

/* Appends the message to out with the pieces of its singular submessages, at
 * every depth, joined in order where the first one stood. Well-formed input
 * only; what is too scattered to be joined within fixed bounds is copied as it
 * is, which means the same. PB_EFULL or PB_ENOMEM from out. */
enum pb_err pb_wire_unite(const struct pb_message *message, const uint8_t *wire,
    size_t len, struct pb_buf *out);

#endif
