/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/metadata.h - an ordered list of name/value pairs that goes out before
 * (initial) or after (terminal) the payloads of one direction.
 *
 * Names are lower case as gRPC wants them (0-9 a-z _ - .); a name that ends in
 * "-bin" (and is longer) has arbitrary bytes as its value, any other printable
 * ASCII. The base layer never looks inside; links check what they must carry.
 * An empty list is distinct from none (NULL).
 *
 * Ownership   As for bytes: counted; "takes" and "gives" are stated. Names and
 *             values are copied in. Filled by the only holder, then read only.
 * Thread      As for bytes.
 */
#ifndef SLUICE_METADATA_H
#define SLUICE_METADATA_H

#include <sluice/bytes.h>

struct sluice_metadata;

struct sluice_metadatum {
    struct sluice_str name;  /* borrowed from the list */
    struct sluice_str value; /* bytes; borrowed from the list */
};

/* An empty list; pool may be NULL. NULL when memory is short. */
SLUICE_API struct sluice_metadata *sluice_metadata_new(
    struct sluice_pool *pool);

/* Appends a copy. Keeps duplicates and order. SLUICE_EINVAL for an empty name,
 * SLUICE_ENOMEM when memory is short, SLUICE_ELIMIT beyond 1 GiB. The list must
 * have one holder. name and value may be borrowed from the list itself. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_metadata_add(
    struct sluice_metadata *md, struct sluice_str name,
    struct sluice_str value);

SLUICE_API size_t sluice_metadata_count(const struct sluice_metadata *md);

/* i < count. */
SLUICE_API struct sluice_metadatum sluice_metadata_at(
    const struct sluice_metadata *md, size_t i);

/* The first value under name; absent (ptr NULL) when there is none. md may be
 * NULL. */
SLUICE_API struct sluice_str sluice_metadata_find(
    const struct sluice_metadata *md, struct sluice_str name);

/* True when the name may travel: 1 or more of 0-9 a-z _ - . */
SLUICE_API bool sluice_metadata_name_is_valid(struct sluice_str name);

/* True when the value may travel under name: any bytes for "-bin", else 0x20
 * to 0x7e. */
SLUICE_API bool sluice_metadata_value_is_valid(struct sluice_str name,
    struct sluice_str value);

SLUICE_API struct sluice_metadata *sluice_metadata_ref(
    struct sluice_metadata *md);
SLUICE_API void sluice_metadata_unref(struct sluice_metadata **md);

#endif
