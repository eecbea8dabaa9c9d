/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the JSON reader. Every text is read whole, byte by byte, and cut
 * in two at every place; all of it has to come out the same, errors too.
 */
#ifndef TESTS_READER_KIT_H
#define TESTS_READER_KIT_H

#include "protobuf/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct kit {
    struct pb_schema *schema;
    struct pb_json_reader *reader;
    struct pb_json_options options;
    size_t max; /* of the message; 0: 64 MiB */
    /* Of the last text that was read: */
    struct pb_error error;
    struct pb_buf wire;
};

/* The state of a group of tests: setup and teardown of each. */
int kit_setup(void **state);
int kit_teardown(void **state);

const struct pb_message *kit_message(const struct kit *kit, const char *name);
const struct pb_field *kit_field(const struct kit *kit, const char *message,
    const char *field);

/* Reads the text in pieces of at most the first lens, then the rest; the result
 * is in kit. */
enum pb_err kit_read(struct kit *kit, const char *type, const char *text,
    size_t len, size_t first, size_t piece);

/* Reads the text in every way and fails the test on a difference. */
enum pb_err kit_read_all(struct kit *kit, const char *type, const char *text,
    size_t len);
/* The same with a few ways only, for long texts and many. */
enum pb_err kit_read_some(struct kit *kit, const char *type, const char *text,
    size_t len);

/* The text gives this wire format, written in hex with spaces as one likes. */
void gives(void **state, const char *type, const char *text, const char *hex);
/* Both texts give the same. */
void same(void **state, const char *type, const char *text, const char *other);
/* The text is refused for this reason. */
void refuses(void **state, const char *type, const char *text,
    enum pb_err kind);
/* ... at this column and path. */
void refuses_at(void **state, const char *type, const char *text,
    enum pb_err kind, unsigned column, const char *path);
/* ... with this message. */
void refuses_saying(void **state, const char *type, const char *text,
    const char *message);

#endif
