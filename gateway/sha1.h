/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/sha1.h - SHA-1 (FIPS 180-4), which the opening handshake of a
 * WebSocket asks for. It protects nothing there, and is used for nothing else.
 */
#ifndef GW_SHA1_H
#define GW_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define GW_SHA1_BYTES 20u

void gw_sha1(const void *data, size_t len, uint8_t digest[GW_SHA1_BYTES]);

#endif
