/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a route file: YAML, or JSON if the first byte is "{". What is
 * refused must come with a problem; what is accepted, and what is left of a
 * file with mistakes, is built against the schema of the tests.
 */
#include "tests/routes/support.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_json = size > 0 && data[0] == '{';
    struct route_problems problems;
    struct route_config *c;
    struct route_set *set;

    route_problems_init(&problems);
    c = route_config_draft((const char *)data, size, is_json, "f", &problems);
    assert((c == NULL || c->is_flawed) == !route_problems_none(&problems));
    if (c != NULL) {
        set = route_set_build(&c, embedded_schema, NULL, &problems);
        assert((set == NULL) == !route_problems_none(&problems));
        route_set_free(&set);
    }
    route_problems_fini(&problems);
    return 0;
}
