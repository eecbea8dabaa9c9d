/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/examples/library_fixture.h - the library on one side, a stub on the
 * other.
 */
#ifndef LIBRARY_FIXTURE_H
#define LIBRARY_FIXTURE_H

#include "examples/library/store.h"
#include "tests/rpc/face_fixture.h"

struct fixture_library {
    struct fixture f;
    struct library_store *store;
    struct observer o;     /* of the latest RPC; released at the end */
    ProtobufCMessage *got; /* latest reply, likewise */
};

/* cmocka's setup and teardown; *state is a struct fixture_library. */
int open_library(void **state);
int close_library(void **state);
#define LIBRARY_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_library, close_library)

/* For the generated structs, which have no const. */
static inline char *
text(const char *s)
{
    return (char *)(uintptr_t)s;
}

struct sluice_bytes *packed(const ProtobufCMessage *message);

/* Starts an RPC with a request, observed by l->o. */
void start(struct fixture_library *l, enum sluice_cardinality cardinality,
    const char *method, const ProtobufCMessage *request);

/* A unary RPC to its end. */
void ask(struct fixture_library *l, const char *method,
    const ProtobufCMessage *request);

/* The ith response of l->o. Lives until the next reply or the end. */
const void *reply_at(struct fixture_library *l, unsigned i,
    const ProtobufCMessageDescriptor *type);

/* A unary RPC that must succeed, and its reply. */
const void *ask_for(struct fixture_library *l, const char *method,
    const ProtobufCMessage *request, const ProtobufCMessageDescriptor *type);

/* The book of that name. */
const Library__Book *get_book(struct fixture_library *l, const char *name);

/* How the latest RPC failed: its code, and what its text begins with. */
void assert_failed(const struct fixture_library *l, enum sluice_code code,
    const char *text);

#endif
