/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the JSON writer share: the schema of writer2.proto and
 * writer3.proto, messages written down by hand, and claims about their JSON.
 *
 * A message is a text of tokens with blanks between: #5 and #5:2 are the tag of
 * field 5 with wire type 0 or 2; =-7 is a varint; { and } enclose what goes
 * after its length; 'abc' are those characters; 7f or any pairs of hexadecimal
 * digits are bytes.
 */
#ifndef TESTS_WRITER_FIXTURE_H
#define TESTS_WRITER_FIXTURE_H

#include "protobuf/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct writer_fixture {
    struct pb_schema *schema;
    struct pb_json_writer *writer;
    struct pb_json_options options; /* cleared before each test */
    struct pb_buf wire;             /* of the last message */
    struct pb_buf out;              /* of the last call, NUL-terminated */
    struct pb_error error;          /* likewise */
};

int make_fixture(void **state);
int free_fixture(void **state);
/* Per test: the options are cleared. */
int clear_options(void **state);

/* Short names: "All" is sluice.test.writer.All, "2.Old" is
 * sluice.test.writer2.Old, others are whole. */
const struct pb_message *fixture_message(const struct writer_fixture *x,
    const char *name);
const struct pb_field *fixture_field(const struct writer_fixture *x,
    const char *message, const char *name);

/* Appends the message that text writes down to b. */
void put_wire(struct pb_buf *b, const char *text);

/* Runs the writer on the message; its error, if any, is in x->error. */
enum pb_err write_wire(struct writer_fixture *x, const char *message,
    const char *text);

/* Claims: the JSON is this; there is none, for a reason of this kind, and the
 * path and message of the error are or contain these (NULL: whatever). */
void writes(struct writer_fixture *x, const char *message, const char *text,
    const char *json);
void refuses(struct writer_fixture *x, const char *message, const char *text,
    enum pb_err kind, const char *path, const char *part);
/* For one field alone. */
void writes_field(struct writer_fixture *x, const char *message,
    const char *field, const char *text, const char *json);

/* A buffer of room bytes that is drained into sink each time it is full. */
struct drain {
    struct pb_buf buf;
    uint8_t bytes[64];
    struct pb_buf sink; /* on the heap */
};

void drain_init(struct drain *d, size_t room);
/* Takes what is left; the sink then has everything. */
void drain_rest(struct drain *d);
void drain_fini(struct drain *d);

#define writer_test(name) cmocka_unit_test_setup(name, clear_options)

#endif
