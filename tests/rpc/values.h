/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/values.h - what tests of the face layer send, without a pool: the
 * caller's. Any thread; there must be memory.
 */
#ifndef TESTS_RPC_VALUES_H
#define TESTS_RPC_VALUES_H

#include <sluice/bytes.h>
#include <sluice/metadata.h>

struct sluice_bytes *bytes_of(const char *text);
struct sluice_bytes *bytes_of_number(unsigned n);
struct sluice_metadata *metadata_of(const char *name, const char *value);

#endif
