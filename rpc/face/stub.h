/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/stub.h - what stubs and multi-callables are made of.
 */
#ifndef FACE_STUB_H
#define FACE_STUB_H

#include <sluice/face.h>

struct sluice_stub {
    struct sluice_end *end;
    struct sluice_thread_pool *pool; /* for request iterators; NULL: none */
};

struct sluice_multi_callable {
    struct sluice_end *end;
    struct sluice_thread_pool *pool;
    enum sluice_cardinality cardinality;
    struct sluice_str group;
    struct sluice_str method;
    char names[]; /* both, one after the other */
};

#endif
