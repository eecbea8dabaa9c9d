/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/join.h - messages inside messages, in one piece.
 *
 * On the wire a message may come as its field several times, and then all
 * parts together are the message: a gateway that takes `book` from the body
 * and `book.name` from the path writes it so. protobuf-c 1.4 loses fields when
 * it merges such parts. Here they are joined before it sees them.
 */
#ifndef LIBRARY_JOIN_H
#define LIBRARY_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

/* How much longer than before the result can be. */
#define LIBRARY_JOIN_SLACK 64u

/* True when messages of that type have messages in them at all. */
bool library_join_is_needed(const ProtobufCMessageDescriptor *type);

/* Writes the message at in to out, which has len + LIBRARY_JOIN_SLACK bytes of
 * room, with each singular message in it in one piece; returns the length.
 * SIZE_MAX: it is no message, or comes in more than 64 parts. len is at most
 * 2 MiB. Elements of repeated messages are taken as they are. */
size_t library_join(const ProtobufCMessageDescriptor *type, const uint8_t *in,
    size_t len, uint8_t *out);

#endif
