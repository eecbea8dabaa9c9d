/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/memory_nghttp2.h - nghttp2 under the regime of tests/memory.h: what
 * it asks for comes from malloc and its like, not from a pool.
 */
#ifndef TESTS_RPC_MEMORY_NGHTTP2_H
#define TESTS_RPC_MEMORY_NGHTTP2_H

#include <nghttp2/nghttp2.h>

void memory_nghttp2_init(nghttp2_mem *mem);

#endif
