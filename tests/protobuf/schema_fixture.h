/* SPDX-License-Identifier: Apache-2.0 */
/* Short ways to ask a schema in tests; what is not there fails the test. */
#ifndef TESTS_SCHEMA_FIXTURE_H
#define TESTS_SCHEMA_FIXTURE_H

#include "protobuf/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static inline const struct pb_message *
message_of(const struct pb_schema *s, const char *name)
{
    const struct pb_message *m = pb_schema_message(s, name, strlen(name));

    assert_non_null(m);
    assert_string_equal(m->full_name, name);
    return m;
}

static inline const struct pb_field *
field_of(const struct pb_schema *s, const char *message, const char *name)
{
    const struct pb_field *f =
        pb_message_field_by_name(message_of(s, message), name, strlen(name));

    assert_non_null(f);
    return f;
}

#endif
