/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/protobuf/pipe.h - the tools that differential tests drive: questions on
 * standard input, each after its length in 4 bytes, little endian, and answers
 * on standard output in the same way; a refusal is the length 0xffffffff, and
 * then the reason likewise. What goes wrong otherwise ends the tool.
 */
#ifndef TESTS_PROTOBUF_PIPE_H
#define TESTS_PROTOBUF_PIPE_H

#include "protobuf/schema.h"

_Noreturn void pipe_die(const char *what, const char *why);

/* Of the descriptor sets in the files; the caller frees it. */
struct pb_schema *pipe_schema(char **paths, int n);

/* The next question, in memory of exactly its size: the caller frees it. NULL:
 * there are no more. */
uint8_t *pipe_read(size_t *len);

/* Each is a whole answer. */
void pipe_answer(const void *p, size_t n);
void pipe_refuse(const char *why);

#endif
