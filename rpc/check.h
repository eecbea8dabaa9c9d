/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/check.h - checks that stay on. An object that is reached through a
 * pointer somebody else kept starts with a magic number; RPC_CHECK() verifies
 * it, and whoever frees the object zeroes it.
 */
#ifndef RPC_CHECK_H
#define RPC_CHECK_H

#undef NDEBUG
#include <assert.h>

#define RPC_CHECK(object, number) \
    assert((object) != NULL && (object)->magic == (number))

/* The object of a type in which member lies at the address ptr. */
#define RPC_CONTAINER_OF(ptr, type, member) \
    ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
