/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/values.c - what tests of the face layer send.
 */
#include "tests/rpc/values.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct sluice_bytes *
bytes_of(const char *text)
{
    struct sluice_bytes *b = sluice_bytes_copy(NULL, text, strlen(text));

    assert(b != NULL);
    return b;
}

struct sluice_bytes *
bytes_of_number(unsigned n)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", n);
    return bytes_of(text);
}

struct sluice_metadata *
metadata_of(const char *name, const char *value)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    enum sluice_err err;

    assert(md != NULL);
    err = sluice_metadata_add(md, sluice_str(name), sluice_str(value));
    assert(err == SLUICE_OK);
    return md;
}
