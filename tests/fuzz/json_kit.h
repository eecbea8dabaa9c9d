/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/json_kit.h - what the targets of JSON text share: the types of
 * tests/protobuf/reader.proto and reader2.proto to choose from, and a check that
 * says what is not as it should be.
 */
#ifndef TESTS_FUZZ_JSON_KIT_H
#define TESTS_FUZZ_JSON_KIT_H

#include "protobuf/json.h"

/* The types; those from this one on may have extensions. */
#define FUZZ_EXTENDED_TYPE 7u
#define FUZZ_TYPES 8u

/* choice is any number; lives as long as the process. */
const struct pb_message *fuzz_type(unsigned choice);

/* Ends the target if it is not so. */
void fuzz_check(bool ok, const char *what);

#endif
