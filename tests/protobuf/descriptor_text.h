/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors for tests, written almost as in protobuf's text format:
 *
 *   name:'a.proto' message_type{ name:'M'
 *       field{ name:'x' number:1 type:int32 label:repeated } }
 *
 * Nothing is checked but the spelling, so that wrong ones can be written.
 */
#ifndef TESTS_DESCRIPTOR_TEXT_H
#define TESTS_DESCRIPTOR_TEXT_H

#include "protobuf/buf.h"

/* Appends one FileDescriptorProto. A misspelt text ends the test. */
void descriptor_text(struct pb_buf *out, const char *text);

#endif
