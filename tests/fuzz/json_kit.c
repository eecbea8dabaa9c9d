/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/json_kit.c - see json_kit.h. */
#include "tests/fuzz/json_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/protobuf/reader.pb.embed.h"
#include "tests/protobuf/reader2.pb.embed.h"

void
fuzz_check(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s\n", what);
    abort();
}

static struct pb_schema *
build(void)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *schema = NULL;
    struct pb_error e;

    fuzz_check(b != NULL, "out of memory");
    fuzz_check(pb_schema_builder_add_set(b, reader_pb, reader_pb_size, &e) ==
            PB_OK,
        e.message);
    fuzz_check(pb_schema_builder_add_set(b, reader2_pb, reader2_pb_size, &e) ==
            PB_OK,
        e.message);
    fuzz_check(pb_schema_builder_build(b, &schema, &e) == PB_OK, e.message);
    pb_schema_builder_free(&b);
    return schema;
}

const struct pb_message *
fuzz_type(unsigned choice)
{
    static const char *const names[FUZZ_TYPES] = { "tests.reader.M",
        "tests.reader.Scalars", "tests.reader.Repeated", "tests.reader.Maps",
        "tests.reader.Tree", "tests.reader.WellKnown", "tests.reader2.Strict",
        "tests.reader2.Loose" };
    static struct pb_schema *schema; /* the fuzzer's only state */
    const char *name = names[choice % FUZZ_TYPES];
    const struct pb_message *m;

    if (schema == NULL)
        schema = build();
    m = pb_schema_message(schema, name, strlen(name));
    fuzz_check(m != NULL, name);
    return m;
}
