/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/sha1.c - see sha1.h. */
#include "gateway/sha1.h"

#include <string.h>

#define BLOCK 64u
#define LENGTH_BYTES 8u

static uint32_t
rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t
get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
        (uint32_t)p[3];
}

static void
put_be32(uint8_t *p, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> (24 - 8 * i));
}

/* The function and the constant of round t (FIPS 180-4, 4.1.1 and 4.2.1). */
static uint32_t
mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    switch (t / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5a827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1u;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    default:
        return (b ^ c ^ d) + 0xca62c1d6u;
    }
}

static void
add_block(uint32_t h[5], const uint8_t *block)
{
    uint32_t w[80];
    uint32_t v[5];

    for (unsigned t = 0; t < 16; t++)
        w[t] = get_be32(block + (size_t)t * 4);
    for (unsigned t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    memcpy(v, h, sizeof v);
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next =
            rotate(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] + w[t];

        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++)
        h[i] += v[i];
}

void
gw_sha1(const void *data, size_t len, uint8_t digest[GW_SHA1_BYTES])
{
    uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u,
        0xc3d2e1f0u };
    const uint8_t *p = data;
    size_t left = len;
    uint8_t last[2 * BLOCK] = { 0 };
    size_t n;

    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        add_block(h, p);

    /* The rest, a one bit, zeros, and the length in bits. */
    if (left > 0)
        memcpy(last, p, left);
    last[left] = 0x80;
    n = left + 1 + LENGTH_BYTES <= BLOCK ? BLOCK : 2 * BLOCK;
    put_be32(last + n - 8, (uint32_t)((uint64_t)len >> 29));
    put_be32(last + n - 4, (uint32_t)((uint64_t)len << 3));
    for (size_t at = 0; at < n; at += BLOCK)
        add_block(h, last + at);

    for (unsigned i = 0; i < 5; i++)
        put_be32(digest + (size_t)i * 4, h[i]);
}
