/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/printable.h - whether a text has nothing but bytes that may stand in a
 * header field. Every request's texts are asked for it, so eight at a time.
 */
#ifndef RPC_PRINTABLE_H
#define RPC_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether a byte of the eight is not within least..0x7e: the sum has the high
 * bit of those above, the difference of those below. A carry or a borrow comes
 * only from a byte that has been found already. */
static inline bool
rpc_has_foreign_byte(uint64_t eight, unsigned char least)
{
    const uint64_t ones = UINT64_MAX / 255;

    return (((eight + ones) | eight | (eight - least * ones)) & 0x80 * ones) !=
        0;
}

/* ASCII from least, a space or '!', to '~'. */
static inline bool
rpc_is_printable(const char *text, size_t len, unsigned char least)
{
    uint64_t eight;
    size_t i;

    for (i = 0; i + sizeof(eight) <= len; i += sizeof(eight)) {
        memcpy(&eight, text + i, sizeof(eight));
        if (rpc_has_foreign_byte(eight, least))
            return false;
    }
    if (i > 0) { /* the rest, with bytes before it once more */
        memcpy(&eight, text + len - sizeof(eight), sizeof(eight));
        return !rpc_has_foreign_byte(eight, least);
    }
    for (; i < len; i++)
        if ((unsigned char)text[i] < least || (unsigned char)text[i] > 0x7e)
            return false;
    return true;
}

#endif
