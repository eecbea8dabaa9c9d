/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_scan.h - where the plain text of a JSON string ends.
 */
#ifndef PB_JSON_SCAN_H
#define PB_JSON_SCAN_H

#include <stddef.h>

#include "protobuf/block.h"

/* The first special byte from p on, or end. The piece begins at `begin`: where
 * less than a block is left, its last block is looked at. */
static inline const char *
pb_skip_plain(const char *p, const char *begin, const char *end)
{
    for (; end - p >= PB_BLOCK; p += PB_BLOCK) {
        unsigned special = pb_block_special(p);

        if (special != 0)
            return p + __builtin_ctz(special);
    }
    if (end - begin >= PB_BLOCK) {
        unsigned special =
            pb_block_special(end - PB_BLOCK) >> (PB_BLOCK - (end - p));

        return special != 0 ? p + __builtin_ctz(special) : end;
    }
    while (p < end && pb_is_plain((uint8_t)*p))
        p++;
    return p;
}

/* The closing quote of a string from p on that is plain up to it, if it lies in
 * the first block: most names. NULL: look further. */
static inline const char *
pb_find_near_quote(const char *p, const char *begin, const char *end)
{
    unsigned special = 0;

    if (end - p >= PB_BLOCK)
        special = pb_block_special(p);
    else if (end - begin >= PB_BLOCK)
        special = pb_block_special(end - PB_BLOCK) >> (PB_BLOCK - (end - p));
    if (special == 0)
        return NULL;
    p += __builtin_ctz(special);
    return *p == '"' ? p : NULL;
}

#endif
