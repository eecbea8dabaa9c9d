/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_scan.h - where the plain text of a JSON string ends.
 */
#ifndef PB_JSON_SCAN_H
#define PB_JSON_SCAN_H

#include <stddef.h>

#include "protobuf/block.h"

/* The first special byte from p on, or end. */
static inline const char *
pb_skip_plain(const char *p, const char *end)
{
    for (; end - p >= PB_BLOCK; p += PB_BLOCK) {
        unsigned special = pb_block_special(p);

        if (special != 0)
            return p + __builtin_ctz(special);
    }
    while (p < end && pb_is_plain((uint8_t)*p))
        p++;
    return p;
}

/* The closing quote of a string from p on that is plain up to it, if it lies in
 * the first block: most names. NULL: look further. */
static inline const char *
pb_find_near_quote(const char *p, const char *end)
{
    unsigned special;

    if (end - p < PB_BLOCK)
        return NULL;
    special = pb_block_special(p);
    if (special == 0)
        return NULL;
    p += __builtin_ctz(special);
    return *p == '"' ? p : NULL;
}

/* Copies a text that pb_find_near_quote() measured; both sides have room for a
 * block. */
static inline void
pb_copy_block(void *to, const char *from)
{
    memcpy(to, from, PB_BLOCK);
}

#endif
